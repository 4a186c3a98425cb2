//! Accounts.

use super::App;
use super::address::Client;
use super::app::new_id;
use super::extract::Submitted;
use super::problem::Problem;
use super::view::replied;
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::command::Command;
use boxoffice_core::id::{UserId, Uuid};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::user::{Register, User, normalised_username};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Characters of a password.
pub(super) const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=128;

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

/// What a password is compared with, where the name has an account.
async fn account(app: &App, username: &str) -> Result<Option<User>, Problem> {
    let name = username.to_owned();
    let found = app.readers.read(move |reads| reads.user_by_name(&name)).await?;
    Ok(found.map(|(_, user)| user))
}

async fn hashed(app: &App, Client(from): Client, password: String) -> Result<String, Problem> {
    let salt = crate::tokens::random().map_err(|_| Problem::of("internal"))?;
    Ok(app.passwords.hash(from, password, salt).await?)
}

/// Makes an account.
#[utoipa::path(post, path = "/api/v1/users", tag = "Account", request_body = NewUser,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe")),
    responses((status = 201, body = UserView), (status = 400, description = "invalid_body"), (status = 409, description = "username_taken"), (status = 422, description = "idempotency_key_reused"), (status = 429, description = "rate_limited, sign_in_delayed"), (status = 503, description = "sign_in_busy")))]
pub async fn register(
    State(app): State<App>,
    client: Client,
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
    let password = submitted.value.password;
    // The fingerprint covers the name only, so that the password of a retry is compared here.
    let known = if key.is_some() { account(&app, &username).await? } else { None };
    let (password_hash, compared) = match known {
        // Comparing costs what hashing does, and the hash of a name that is taken is not needed: the
        // command gives the stored reply or refuses.
        Some(user) => {
            let hash = user.password_hash.clone();
            let fits = app.passwords.verify(client.0, &username, password.clone(), hash).await?;
            (user.password_hash.unwrap_or_default(), Some(fits))
        }
        None => (hashed(&app, client, password.clone()).await?, None),
    };
    let command = Command::Register(Register { user: UserId(new_id()), username, password_hash });
    match app.outcome(command, key).await? {
        (Outcome::Registered { user_id, username }, replayed) => {
            let same = match compared {
                _ if !replayed => true,
                Some(fits) => fits,
                // Made by a request that came at the same time.
                None => match account(&app, &username).await? {
                    Some(user) => {
                        let hash = user.password_hash;
                        app.passwords.verify(client.0, &username, password, hash).await?
                    }
                    None => false,
                },
            };
            if !same {
                return Err(Problem::of("idempotency_key_reused"));
            }
            let view = UserView { user_id: user_id.0, username };
            Ok(replied(StatusCode::CREATED, &view, replayed))
        }
        _ => Err(Problem::of("internal")),
    }
}
