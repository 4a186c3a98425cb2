//! What the outcomes of accounts and sessions claim, against the replies before them.

use super::history::History;
use boxoffice_core::command::Command;
use boxoffice_core::id::UserId;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::session::{Refresh, Which};

impl History {
    /// Notes what a command has done; whether that can be.
    pub(super) fn account(&mut self, command: &Command, outcome: &Outcome) -> bool {
        match (command, outcome) {
            (Command::OpenSession(c), Outcome::SessionOpened(issue)) => {
                let before = self.sessions.insert(issue.session_id, (issue.user_id, 0, false));
                let fits = self.passwords.get(&c.user) == Some(&c.password_hash);
                fits && before.is_none() && issue.generation == 0 && issue.user_id == c.user
            }
            (Command::Refresh(c), Outcome::Refreshed(issue)) => {
                let right = self.renewed(c, issue.generation);
                let session = (issue.user_id, issue.generation, false);
                self.sessions.insert(issue.session_id, session);
                right && issue.session_id == c.session && issue.user_id == c.user
            }
            (Command::Refresh(c), Outcome::RefreshReused { .. }) => {
                let session = self.sessions.get_mut(&c.session);
                session.is_some_and(|session| {
                    let used = c.generation.is_some_and(|number| number < session.1) && !session.2;
                    session.2 = true;
                    used
                })
            }
            (Command::EndSessions(c), Outcome::SessionsEnded { .. }) => {
                for (id, session) in &mut self.sessions {
                    let meant = match c.which {
                        Which::One(one) => *id == one,
                        Which::Others(keep) => *id != keep,
                    };
                    session.2 |= meant && session.0 == c.user;
                }
                true
            }
            (Command::SetPassword(c), Outcome::PasswordSet { .. }) => {
                let before = self.passwords.insert(c.user, c.new_hash.clone());
                for (id, session) in &mut self.sessions {
                    session.2 |= *id != c.keep && session.0 == c.user;
                }
                before.as_ref() == Some(&c.old_hash)
            }
            (Command::DeleteUser(c), Outcome::UserDeleted) => {
                let left = self.balances.get(&c.user).copied().unwrap_or(0);
                self.deleted(c.user) && left <= c.give_up.0
            }
            _ => false,
        }
    }

    /// The next number after the one that was sent, once; and again for a moment. After a cookie, which has
    /// none, the next of the session.
    fn renewed(&self, command: &Refresh, generation: u64) -> bool {
        let session = self.sessions.get(&command.session);
        let Some(number) = command.generation else {
            return session.is_some_and(|(_, newest, ended)| !ended && generation == newest + 1);
        };
        let next = generation == number + 1;
        match session {
            Some((_, newest, ended)) => {
                !ended && next && (number == *newest || generation == *newest)
            }
            None => next && command.unnamed_until.is_some(),
        }
    }

    fn deleted(&mut self, user: UserId) -> bool {
        self.names.retain(|_, owner| *owner != user);
        for session in self.sessions.values_mut().filter(|session| session.0 == user) {
            session.2 = true;
        }
        self.passwords.remove(&user).is_some()
    }
}
