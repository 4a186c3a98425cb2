//! What people do with their accounts: sign in, renew, sign out, change the password, delete all of it.
//! Some renew with a token that was used before, some give another password.

use super::{BEGIN, Scenario};
use boxoffice_core::command::Command;
use boxoffice_core::id::{SessionId, UserId};
use boxoffice_core::limits::BALANCE_MAX;
use boxoffice_core::money::Money;
use boxoffice_core::session::{
    DeleteUser, EndSessions, OpenSession, Refresh, SessionTimes, SetPassword, Which, unnamed,
};

const TIMES: SessionTimes = SessionTimes { access_ttl_ms: 600_000, refresh_ttl_ms: 7_200_000 };

/// The password of most accounts, and the one that some change to.
const HASHES: [&str; 2] =
    ["$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA", "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$b3RoZXI"];

impl Scenario {
    fn hash(&mut self) -> String {
        HASHES[usize::from(self.rng.chance(150))].to_owned()
    }

    /// Whose account: those of a few often, so that they have many sessions.
    fn account_of(&mut self) -> Option<UserId> {
        let users = self.people.users.len();
        let few = self.rng.chance(600);
        let at = self.rng.index(if few { 12.min(users) } else { users });
        self.people.users.get(at).copied()
    }

    fn session(&mut self) -> Option<(UserId, SessionId, u64)> {
        let newest = self.people.sessions.len().saturating_sub(20);
        let from = if self.rng.chance(700) { newest } else { 0 };
        let at = from + self.rng.index(self.people.sessions.len() - from);
        self.people.sessions.get(at).copied()
    }

    pub(super) fn account(&mut self) -> Option<Command> {
        let kind = if self.people.sessions.is_empty() { 0 } else { self.rng.below(100) };
        let user = self.account_of()?;
        let times = TIMES;
        Some(match kind {
            0..40 => Command::OpenSession(OpenSession {
                user,
                session: SessionId(self.id()),
                password_hash: self.hash(),
                user_agent: self.rng.chance(500).then(|| "Browser 1.0".to_owned()),
                times,
            }),
            40..80 => self.refresh()?,
            80..90 => {
                let (owner, session, _) = self.session()?;
                let user = if self.rng.chance(900) { owner } else { user };
                let which = match self.rng.below(10) {
                    0 => Which::One(unnamed(user)),
                    1 => Which::One(SessionId(self.id())),
                    2..6 => Which::Others(session),
                    _ => Which::One(session),
                };
                Command::EndSessions(EndSessions { user, which, times })
            }
            90..97 => {
                let (user, keep, _) = self.session()?;
                let (old_hash, new_hash) = (self.hash(), self.hash());
                Command::SetPassword(SetPassword { user, keep, old_hash, new_hash, times })
            }
            _ => Command::DeleteUser(DeleteUser {
                user,
                password_hash: self.hash(),
                give_up: [Money(0), Money(100_000), BALANCE_MAX][self.rng.index(3)],
                times,
            }),
        })
    }

    fn refresh(&mut self) -> Option<Command> {
        let (user, session, generation) = self.session()?;
        let old = self.rng.chance(40);
        let (session, unnamed_until) =
            if old { (SessionId(self.id()), Some(BEGIN)) } else { (session, None) };
        Some(Command::Refresh(Refresh {
            user,
            session,
            generation: match self.rng.below(10) {
                _ if old => Some(0),
                0..2 => None,
                _ => Some(generation),
            },
            unnamed_until,
            user_agent: None,
            times: TIMES,
        }))
    }
}
