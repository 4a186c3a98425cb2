//! People who buy: local accounts, and users of an external identity provider on first sight.

use crate::id::UserId;
use crate::limits::USERNAME_CHARS_MAX;
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::rows::Rows;
use crate::time::Time;

/// A row of `user`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Unique, normalised by [`normalised_username`].
    pub username: String,
    /// Argon2id in PHC string form; `None` for users of an external identity provider.
    pub password_hash: Option<String>,
    /// When the row was made.
    pub created_at: Time,
    /// When the account was deleted: its name is free then, and its password gone.
    pub deleted_at: Option<Time>,
}

/// The form in which a name is kept and compared: trimmed and lower case. `None` unless it has
/// 3 to [`USERNAME_CHARS_MAX`] letters, digits, `.`, `_` or `-` (any script).
#[must_use]
pub fn normalised_username(raw: &str) -> Option<String> {
    let name = raw.trim().to_lowercase();
    let chars = name.chars().count();
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    ((3..=USERNAME_CHARS_MAX).contains(&chars) && name.chars().all(allowed)).then_some(name)
}

/// Makes a local account.
#[derive(Clone, Debug)]
pub struct Register {
    /// Id of the new user.
    pub user: UserId,
    /// Normalised name.
    pub username: String,
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
        ensure!(rows.usernames.get(&self.username).is_none(), Refusal::UsernameTaken);
        ensure!(rows.users.get(&self.user).is_none(), Refusal::AlreadyExists);

        rows.usernames.insert(self.username.clone(), self.user);
        let user = User {
            username: self.username.clone(),
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
            let username = self.username.clone();
            let user = User { username, password_hash: None, created_at: now, deleted_at: None };
            rows.users.insert(self.user, user);
        }
        Outcome::Registered { user_id: self.user, username: self.username.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::normalised_username;

    #[test]
    fn usernames() {
        let check = |raw: &str, want: Option<&str>| {
            assert_eq!(normalised_username(raw).as_deref(), want, "{raw:?}");
        };
        check(" Mina.Kim ", Some("mina.kim"));
        check("김미나", Some("김미나"));
        check("ab", None);
        check("a b c", None);
        check("x#y", None);
        check(&"a".repeat(64), Some(&"a".repeat(64)));
        check(&"a".repeat(65), None);
    }
}
