//! People who buy: local accounts, and users of an external identity provider on first sight.

use crate::id::UserId;
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::rows::Rows;
use crate::time::Time;

/// A row of `user`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Unique, in one form of Unicode, lower case; `issuer#subject` for an external identity.
    pub username: String,
    /// Unique: what the name looks like, see [`Register::look`]; of an external identity the name itself,
    /// since providers tell apart what looks alike. `None` for an account of an older version whose name
    /// looks like that of another.
    pub look: Option<String>,
    /// Argon2id in PHC string form; `None` for users of an external identity provider.
    pub password_hash: Option<String>,
    /// When the row was made.
    pub created_at: Time,
    /// When the account was deleted: its name is free then, and its password gone.
    pub deleted_at: Option<Time>,
}

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

impl Register {
    /// Refuses with: username taken, already exists.
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
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

impl Adopt {
    /// Never refuses.
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Outcome {
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
        Outcome::Registered { user_id: self.user, username: self.username.clone() }
    }
}
