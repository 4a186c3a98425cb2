//! Sessions: what their rows tell.

use crate::id::{SessionId, UserId};
use crate::limits::SESSION_MS_MAX;
use crate::outcome::Issue;
use crate::time::Time;

/// A row of `session`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub user: UserId,
    /// When somebody signed in.
    pub created_at: Time,
    /// What the client called itself then.
    pub user_agent: Option<String>,
    /// Number of the refresh token that is to be used next.
    pub generation: u64,
    /// When that one was given.
    pub last_used_at: Time,
    /// When it ends, and the session with it.
    pub expires_at: Time,
    /// No access token of the session counts for longer.
    pub access_until: Time,
    /// When it was ended.
    pub ended_at: Option<Time>,
    /// Its access tokens are refused, and have ended by themselves by then; set when it is ended.
    pub refused_until: Option<Time>,
}

impl Session {
    /// Whether it goes on.
    #[must_use]
    pub const fn is_live(&self, now: Time) -> bool {
        self.ended_at.is_none() && !now.reached(self.expires_at)
    }

    pub(crate) const fn end(&mut self, now: Time) {
        if self.ended_at.is_none() {
            self.ended_at = Some(now);
            self.refused_until = Some(self.access_until);
        }
    }

    /// Gives the next refresh token.
    pub(crate) fn renew(&mut self, times: SessionTimes, now: Time) {
        self.generation += 1;
        self.last_used_at = now;
        self.expires_at =
            now.plus_ms(times.refresh_ttl_ms).min(self.created_at.plus_ms(SESSION_MS_MAX));
        self.access_until = self.access_until.max(now.plus_ms(times.access_ttl_ms));
    }

    pub(crate) fn issue(&self, session_id: SessionId) -> Issue {
        Issue {
            session_id,
            user_id: self.user,
            generation: self.generation,
            at: self.last_used_at,
            refresh_until: self.expires_at,
        }
    }
}

/// The session of tokens that name none.
#[must_use]
pub const fn unnamed(user: UserId) -> SessionId {
    SessionId(user.0)
}

/// How long tokens count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTimes {
    /// Access tokens, ms.
    pub access_ttl_ms: i64,
    /// Refresh tokens, ms.
    pub refresh_ttl_ms: i64,
}
