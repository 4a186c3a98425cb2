//! Accounts.

use super::App;
use super::address::Client;
use super::app::new_id;
use super::body::refused_text;
use super::extract::Submitted;
use super::limits::Asked;
use super::problem::{Code, Problem};
use super::view::replied;
use crate::passwords::Gate;
use crate::text::{self, Names};
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::command::Command;
use boxoffice_core::id::{UserId, Uuid};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::user::{Register, User};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use utoipa::ToSchema;

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// 3 to 64 letters, digits, `.`, `_` or `-` of any script, in composed form (NFC); upper and lower
    /// case, full and half width are the same, and names that look alike are one.
    #[schema(example = "mina")]
    pub username: String,
    /// 8 to 128 characters, in composed form (NFC); none that cannot be seen.
    #[schema(example = "correct horse")]
    pub password: String,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserView {
    user_id: Uuid,
    username: String,
}

/// Whose account a name is: exactly that of its owner, else that of whom it looks like.
///
/// # Errors
/// The database is not available.
pub(super) async fn user_by(app: &App, names: Names) -> Result<Option<(UserId, User)>, Problem> {
    let found = app.readers.read(move |reads| {
        for name in &names.exact {
            if let Some(found) = reads.user_by_name(name)? {
                return Ok(Some(found));
            }
        }
        names.look.map_or(Ok(None), |look| reads.user_by_look(&look))
    });
    Ok(found.await?)
}

/// What a password is compared with, where the name has an account.
async fn account(app: &App, username: &str) -> Result<Option<User>, Problem> {
    Ok(user_by(app, Names::of(username)).await?.map(|(_, user)| user))
}

/// The hash of an account's new password.
pub(super) async fn hashed(
    app: &App,
    who: (Option<IpAddr>, &str),
    gate: Gate,
    password: String,
) -> Result<String, Problem> {
    let salt = crate::tokens::random().map_err(|_| Problem::of(Code::Internal))?;
    Ok(app.passwords.hash(who, gate, password, salt).await?)
}

/// Makes an account.
#[utoipa::path(post, path = "/api/v1/users", tag = "Account", request_body = NewUser,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe")),
    responses((status = 201, body = UserView), (status = 400, description = "invalid_body"), (status = 409, description = "username_taken"), (status = 422, description = "idempotency_key_reused, invalid_text"), (status = 429, description = "rate_limited, sign_in_delayed"), (status = 503, description = "sign_in_busy")))]
pub async fn register(
    State(app): State<App>,
    client: Client,
    asked: Asked,
    submitted: Submitted<NewUser>,
) -> Result<Response, Problem> {
    let NewUser { username, password } = &submitted.value;
    let username = text::username(username).map_err(|fault| refused_text("username", fault))?;
    let password = text::password(password).map_err(|fault| refused_text("password", fault))?;
    app.limits.sign_up(&asked)?;
    let look = text::look(&username).unwrap_or_default();
    let (who, gate) = ((client.0, look.as_str()), || app.limits.at_its_turn(&asked));
    // Nobody is signed in yet: the key space is that of the name.
    let scope = Uuid::new_v5(&Uuid::NAMESPACE_OID, username.as_bytes());
    let key = submitted.key_over(scope, &username);
    // The fingerprint covers the name only, so that the password of a retry is compared here.
    let known = if key.is_some() { account(&app, &username).await? } else { None };
    let (password_hash, compared) = match known {
        // Comparing costs what hashing does, and the hash of a name that is taken is not needed: the
        // command gives the stored reply or refuses.
        Some(user) => {
            let hash = user.password_hash.clone();
            let fits = app.passwords.verify(who, gate(), password.clone(), hash).await?;
            (user.password_hash.unwrap_or_default(), Some(fits))
        }
        None => (hashed(&app, who, gate(), password.clone()).await?, None),
    };
    let register = Register { user: UserId(new_id()), username, look: look.clone(), password_hash };
    let command = Command::Register(register);
    match app.outcome(command, key).await? {
        (Outcome::Registered { user_id, username }, replayed) => {
            let same = match compared {
                _ if !replayed => true,
                Some(fits) => fits,
                // Made by a request that came at the same time.
                None => match account(&app, &username).await? {
                    Some(user) => {
                        let hash = user.password_hash;
                        app.passwords.verify(who, gate(), password, hash).await?
                    }
                    None => false,
                },
            };
            if !same {
                return Err(Problem::of(Code::IdempotencyKeyReused));
            }
            app.passwords.remember(client.0, &look);
            let view = UserView { user_id: user_id.0, username };
            Ok(replied(StatusCode::CREATED, &view, replayed))
        }
        _ => Err(Problem::of(Code::Internal)),
    }
}
