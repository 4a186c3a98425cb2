//! Sessions: one row a sign-in, so that it can be listed and ended. Access tokens name their session;
//! refresh tokens also carry a number and are used once: each use gives the next number. A number that
//! was used before is in two hands, and ends the session. A cookie has no number: all tabs of a browser
//! send the same one, again and again, and it is renewed while it still counts.
//!
//! Tokens of the version before name no session. They count as of one whose id is the user's own
//! ([`unnamed`]): it has a row only once it has ended.

use crate::id::{ConcertId, SessionId, UserId};
use crate::limits::{REFRESH_AGAIN_MS, SESSION_MS_MAX, SESSIONS_PER_USER_MAX};
use crate::money::Money;
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::rows::event::Happening;
use crate::rows::session::{Session, SessionTimes, unnamed};
use crate::rows::user::User;
use crate::rows::{Keys, Rows, want};
use crate::rules::Rule;
use crate::steps::event::{of_user, tell};
use crate::steps::wallet::balance;
use crate::time::Time;

/// Names a user with the sessions that were not ended, and that of tokens which name none.
fn account_keys(user: UserId, rows: &Rows, keys: &mut Keys) {
    want(&mut keys.users, &rows.users, user);
    want(&mut keys.user_sessions, &rows.user_sessions, user);
    want(&mut keys.sessions, &rows.sessions, unnamed(user));
}

fn fits(rows: &Rows, user: UserId, password_hash: &str) -> bool {
    let row = rows.users.get(&user);
    row.and_then(|row| row.password_hash.as_deref()) == Some(password_hash)
}

/// Adds a session; where its user has too many, those that were not used for longest end.
fn add(rows: &mut Rows, id: SessionId, session: Session, now: Time) {
    let user = session.user;
    let open = rows.user_sessions.get(&user).into_iter().flatten();
    let open = open.filter_map(|id| Some((rows.sessions.get(id)?, *id)));
    let mut open: Vec<(Time, SessionId)> = open
        .filter(|(row, _)| row.ended_at.is_none())
        .map(|(row, id)| (row.last_used_at, id))
        .collect();
    open.sort_unstable();
    let too_many = (open.len() + 1).saturating_sub(SESSIONS_PER_USER_MAX);
    for (_, oldest) in open.into_iter().take(too_many) {
        if let Some(row) = rows.sessions.update(&oldest) {
            row.end(now);
        }
    }
    if let Some(index) = rows.user_sessions.update(&user) {
        index.insert(id);
    }
    rows.sessions.insert(id, session);
}

/// Ends the user's sessions but this one; those of tokens that name none as well. How many went on.
fn end_all(
    rows: &mut Rows,
    user: UserId,
    keep: Option<SessionId>,
    times: SessionTimes,
    now: Time,
) -> u64 {
    let all = rows.user_sessions.get(&user).cloned().unwrap_or_default();
    let mut ended = 0;
    for id in all.into_iter().filter(|id| Some(*id) != keep) {
        if let Some(row) = rows.sessions.update(&id) {
            ended += u64::from(row.is_live(now));
            row.end(now);
        }
    }
    if keep != Some(unnamed(user)) {
        end_unnamed(rows, user, times, now);
    }
    ended
}

fn end_unnamed(rows: &mut Rows, user: UserId, times: SessionTimes, now: Time) {
    let access_until = now.plus_ms(times.access_ttl_ms);
    let before = rows.sessions.get(&unnamed(user));
    let row = Session {
        user,
        created_at: before.map_or(now, |row| row.created_at),
        user_agent: None,
        generation: 0,
        last_used_at: now,
        expires_at: now.plus_ms(times.refresh_ttl_ms),
        access_until,
        ended_at: Some(now),
        refused_until: Some(access_until),
    };
    rows.sessions.insert(unnamed(user), row);
}

/// Signs somebody in whose password fitted.
#[derive(Clone, Debug)]
pub struct OpenSession {
    /// Who.
    pub user: UserId,
    /// Id of the session.
    pub session: SessionId,
    /// What the password was compared with: it may have been changed since.
    pub password_hash: String,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// How long tokens count.
    pub times: SessionTimes,
}

impl Rule for OpenSession {
    fn concert(&self) -> Option<ConcertId> {
        None
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        want(&mut keys.sessions, &rows.sessions, self.session);
        want(&mut keys.users, &rows.users, self.user);
        want(&mut keys.user_sessions, &rows.user_sessions, self.user);
    }

    /// Refuses with: credentials wrong, already exists.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let fits = fits(rows, self.user, &self.password_hash);
        ensure!(fits, Refusal::CredentialsWrong);
        ensure!(rows.sessions.get(&self.session).is_none(), Refusal::AlreadyExists);

        let session = opened(self.user, self.user_agent.clone(), self.times, now);
        let issue = session.issue(self.session);
        add(rows, self.session, session, now);
        Ok(Outcome::SessionOpened(issue))
    }
}

fn opened(user: UserId, user_agent: Option<String>, times: SessionTimes, now: Time) -> Session {
    let refresh = times.refresh_ttl_ms.min(SESSION_MS_MAX);
    Session {
        user,
        created_at: now,
        user_agent,
        generation: 0,
        last_used_at: now,
        expires_at: now.plus_ms(refresh),
        access_until: now.plus_ms(times.access_ttl_ms),
        ended_at: None,
        refused_until: None,
    }
}

/// Uses a refresh token up, or renews a cookie.
#[derive(Clone, Debug)]
pub struct Refresh {
    /// Whose it is.
    pub user: UserId,
    /// The session that it names.
    pub session: SessionId,
    /// Its number; none of a cookie.
    pub generation: Option<u64>,
    /// Of a token of the version before, which names no session: when it ends. The session, whose id
    /// follows from the token, is made at its first use.
    pub unnamed_until: Option<Time>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// How long tokens count.
    pub times: SessionTimes,
}

impl Rule for Refresh {
    fn concert(&self) -> Option<ConcertId> {
        None
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        want(&mut keys.sessions, &rows.sessions, self.session);
        if self.unnamed_until.is_some() {
            account_keys(self.user, rows, keys);
        }
    }

    /// Refuses with: session ended. The number before, for a moment after its use, gives the same as then:
    /// the answer may have been lost. Any other that was used ends the session.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let Some(row) = rows.sessions.get(&self.session) else {
            return self.name(rows, now);
        };
        ensure!(row.user == self.user && row.is_live(now), Refusal::SessionEnded);
        let number = self.generation.unwrap_or(row.generation);
        ensure!(number <= row.generation, Refusal::SessionEnded);

        let again = number + 1 == row.generation
            && !now.reached(row.last_used_at.plus_ms(REFRESH_AGAIN_MS));
        if again {
            return Ok(Outcome::Refreshed(row.issue(self.session)));
        }
        let is_next = number == row.generation;
        let row = rows.sessions.update(&self.session).ok_or(Refusal::SessionEnded)?;
        if !is_next {
            row.end(now);
            return Ok(Outcome::RefreshReused { user_id: self.user, session_id: self.session });
        }
        row.renew(self.times, now);
        Ok(Outcome::Refreshed(row.issue(self.session)))
    }
}

impl Refresh {
    /// Makes the session of a token that names none.
    fn name(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let until = self.unnamed_until.ok_or(Refusal::SessionEnded)?;
        let user = rows.users.get(&self.user).filter(|user| user.is_live());
        ensure!(user.is_some(), Refusal::SessionEnded);
        ensure!(rows.sessions.get(&unnamed(self.user)).is_none(), Refusal::SessionEnded);

        let mut session = opened(self.user, self.user_agent.clone(), self.times, now);
        session.renew(self.times, now);
        // As long as the token counts it must be known that it was used.
        session.expires_at = session.expires_at.max(until);
        let issue = session.issue(self.session);
        add(rows, self.session, session, now);
        Ok(Outcome::Refreshed(issue))
    }
}

/// Which sessions are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// This one.
    One(SessionId),
    /// All but this one.
    Others(SessionId),
}

/// Ends sessions of a user.
#[derive(Clone, Debug)]
pub struct EndSessions {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub which: Which,
    /// How long tokens count.
    pub times: SessionTimes,
}

impl Rule for EndSessions {
    fn concert(&self) -> Option<ConcertId> {
        None
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        if let Which::One(id) = self.which {
            want(&mut keys.sessions, &rows.sessions, id);
        }
        account_keys(self.user, rows, keys);
    }

    /// Refuses with: session not found. Ending twice is ending once.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let count = match self.which {
            Which::Others(keep) => end_all(rows, self.user, Some(keep), self.times, now),
            Which::One(id) if id == unnamed(self.user) => {
                end_unnamed(rows, self.user, self.times, now);
                1
            }
            Which::One(id) => {
                let own = rows.sessions.get(&id).filter(|row| row.user == self.user);
                let is_live = own.ok_or(Refusal::SessionNotFound)?.is_live(now);
                if let Some(row) = rows.sessions.update(&id) {
                    row.end(now);
                }
                u64::from(is_live)
            }
        };
        Ok(Outcome::SessionsEnded { count })
    }
}

/// Changes a password; the sessions but the one that asks end.
#[derive(Clone, Debug)]
pub struct SetPassword {
    /// Whose.
    pub user: UserId,
    /// The session that goes on.
    pub keep: SessionId,
    /// What the old password was compared with.
    pub old_hash: String,
    /// Argon2id in PHC string form.
    pub new_hash: String,
    /// How long tokens count.
    pub times: SessionTimes,
}

impl Rule for SetPassword {
    fn concert(&self) -> Option<ConcertId> {
        None
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        account_keys(self.user, rows, keys);
    }

    /// Refuses with: password wrong.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        ensure!(fits(rows, self.user, &self.old_hash), Refusal::PasswordWrong);

        if let Some(user) = rows.users.update(&self.user) {
            user.password_hash = Some(self.new_hash.clone());
        }
        let ended = end_all(rows, self.user, Some(self.keep), self.times, now);
        Ok(Outcome::PasswordSet { ended })
    }
}

/// Deletes an account: its name and password go, its sessions end. What it bought and its ledger stay.
#[derive(Clone, Debug)]
pub struct DeleteUser {
    /// Who.
    pub user: UserId,
    /// What the password was compared with.
    pub password_hash: String,
    /// As much money as may stay where nobody can get at it.
    pub give_up: Money,
    /// How long tokens count.
    pub times: SessionTimes,
}

impl Rule for DeleteUser {
    fn concert(&self) -> Option<ConcertId> {
        None
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        account_keys(self.user, rows, keys);
        want(&mut keys.balances, &rows.balances, self.user);
    }

    /// Refuses with: password wrong, balance left.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        ensure!(fits(rows, self.user, &self.password_hash), Refusal::PasswordWrong);
        let balance = balance(rows, self.user).amount;
        ensure!(balance <= self.give_up, Refusal::BalanceLeft { balance });

        if let Some(user) = rows.users.update(&self.user) {
            let username = deleted_name(self.user);
            *user = User {
                username,
                look: None,
                password_hash: None,
                deleted_at: Some(now),
                ..user.clone()
            };
        }
        end_all(rows, self.user, None, self.times, now);
        tell(rows, of_user(self.user), Happening::UserDeleted {}, now);
        Ok(Outcome::UserDeleted)
    }
}

/// A name that nobody can have: `#` is in no name that people choose.
fn deleted_name(user: UserId) -> String {
    format!("deleted#{user}")
}
