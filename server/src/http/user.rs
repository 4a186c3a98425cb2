//! Accounts.

use super::App;
use super::app::new_id;
use super::extract::Submitted;
use super::problem::Problem;
use super::view::replied;
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::command::Command;
use boxoffice_core::id::{UserId, Uuid};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::user::{Register, normalised_username};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Characters of a password.
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=128;

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// 3 to 64 letters, digits, `.`, `_` or `-`; upper and lower case are the same.
    #[schema(example = "mina")]
    pub username: String,
    /// 8 to 128 characters.
    #[schema(example = "correct horse")]
    pub password: String,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserView {
    user_id: Uuid,
    username: String,
}

/// Makes an account.
#[utoipa::path(post, path = "/api/v1/users", tag = "Account", request_body = NewUser,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe")),
    responses((status = 201, body = UserView), (status = 400, description = "invalid_body"), (status = 409, description = "username_taken"), (status = 503, description = "sign_in_busy")))]
pub async fn register(
    State(app): State<App>,
    submitted: Submitted<NewUser>,
) -> Result<Response, Problem> {
    let username = normalised_username(&submitted.value.username)
        .ok_or_else(|| Problem::of("invalid_body").with("field", "username"))?;
    if !PASSWORD_CHARS.contains(&submitted.value.password.chars().count()) {
        return Err(Problem::of("invalid_body").with("field", "password"));
    }
    // Nobody is signed in yet: the key space is that of the name.
    let scope = Uuid::new_v5(&Uuid::NAMESPACE_OID, username.as_bytes());
    let key = submitted.key_over(scope, &username);
    let salt = crate::tokens::random().map_err(|_| Problem::of("internal"))?;
    let hash = app.passwords.hash(submitted.value.password, salt).await;
    let hash = hash.map_err(|_| Problem::of("sign_in_busy"))?;
    let password_hash = hash.ok_or_else(|| Problem::of("internal"))?;
    let command = Command::Register(Register { user: UserId(new_id()), username, password_hash });
    match app.outcome(command, key).await? {
        (Outcome::Registered { user_id, username }, replayed) => {
            let view = UserView { user_id: user_id.0, username };
            Ok(replied(StatusCode::CREATED, &view, replayed))
        }
        _ => Err(Problem::of("internal")),
    }
}
