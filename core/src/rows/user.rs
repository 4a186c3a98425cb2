//! People who buy: what their rows tell.

use crate::time::Time;

/// A row of `user`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Unique, in one form of Unicode, lower case; `issuer#subject` for an external identity.
    pub username: String,
    /// Unique: what the name looks like, so that names of the same look are one name; of an external
    /// identity the name itself, since providers tell apart what looks alike. `None` for an account of an
    /// older version whose name looks like that of another.
    pub look: Option<String>,
    /// Argon2id in PHC string form; `None` for users of an external identity provider.
    pub password_hash: Option<String>,
    /// When the row was made.
    pub created_at: Time,
    /// When the account was deleted: its name is free then, and its password gone.
    pub deleted_at: Option<Time>,
}

impl User {
    /// Whether the account is not deleted.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.deleted_at.is_none()
    }
}
