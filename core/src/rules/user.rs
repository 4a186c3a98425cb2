//! People who buy: local accounts, and users of an external identity provider on first sight.

use crate::id::{ConcertId, UserId};
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::rows::user::User;
use crate::rows::{Keys, Rows, want};
use crate::rules::Rule;
use crate::time::Time;

/// Makes a local account.
#[derive(Clone, Debug)]
pub struct Register {
    /// Id of the new user.
    pub user: UserId,
    /// Normalised name.
    pub username: String,
    /// What the name looks like, which follows from it: names of the same look are one name (S20).
    pub look: String,
    /// Argon2id in PHC string form.
    pub password_hash: String,
}

/// Makes the account of an external identity, unless it is there.
#[derive(Clone, Debug)]
pub struct Adopt {
    /// Derived from issuer and subject, so that every node and every retry finds the same.
    pub user: UserId,
    /// `issuer#subject`; `#` keeps it apart from local names.
    pub username: String,
}

impl Rule for Register {
    fn concert(&self) -> Option<ConcertId> {
        None
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        want(&mut keys.users, &rows.users, self.user);
        want(&mut keys.usernames, &rows.usernames, self.look.clone());
    }

    /// Refuses with: username taken, already exists.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        ensure!(rows.usernames.get(&self.look).is_none(), Refusal::UsernameTaken);
        ensure!(rows.users.get(&self.user).is_none(), Refusal::AlreadyExists);

        rows.usernames.insert(self.look.clone(), self.user);
        let user = User {
            username: self.username.clone(),
            look: Some(self.look.clone()),
            password_hash: Some(self.password_hash.clone()),
            created_at: now,
            deleted_at: None,
        };
        rows.users.insert(self.user, user);
        Ok(Outcome::Registered { user_id: self.user, username: self.username.clone() })
    }
}

impl Rule for Adopt {
    fn concert(&self) -> Option<ConcertId> {
        None
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        want(&mut keys.users, &rows.users, self.user);
    }

    /// Never refuses.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        if rows.users.get(&self.user).is_none() {
            rows.usernames.insert(self.username.clone(), self.user);
            let user = User {
                username: self.username.clone(),
                look: Some(self.username.clone()),
                password_hash: None,
                created_at: now,
                deleted_at: None,
            };
            rows.users.insert(self.user, user);
        }
        Ok(Outcome::Registered { user_id: self.user, username: self.username.clone() })
    }
}
