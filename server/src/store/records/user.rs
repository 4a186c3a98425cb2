//! Users as columns and back.

use super::columns;
use boxoffice_core::id::UserId;
use boxoffice_core::user::User;

columns! {
    User[UserId] in "user", found by user_id;
    |key, row|
    key { user_id: key }
    fixed { created_at: row.created_at }
    mutable {
        username: row.username,
        password_hash: row.password_hash,
        deleted_at: row.deleted_at,
        username_look: row.look,
    }
    read user_id => User { username, look: username_look, password_hash, created_at, deleted_at }
}
