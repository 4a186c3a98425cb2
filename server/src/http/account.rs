//! The signed-in account: another password, and its end. Both ask for the password.

use super::App;
use super::address::Client;
use super::body::refused_text;
use super::extract::{Identity, Submitted};
use super::my_sessions::{EndedView, gone, own};
use super::problem::{Code, Problem};
use super::user::hashed;
use super::view::{json, not_negative};
use crate::passwords::open;
use crate::text::{self, Names};
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::command::Command;
use boxoffice_core::id::UserId;
use boxoffice_core::money::Money;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::queue::Leave;
use boxoffice_core::session::{DeleteUser, SetPassword};
use hyper::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

/// Places are given up with an account in so many concerts, the newest; further ones end by themselves.
const CONCERTS_MAX: usize = 100;

/// Another password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The one until now.
    #[schema(example = "correct horse")]
    pub current_password: String,
    /// 8 to 128 characters.
    #[schema(example = "battery staple")]
    pub new_password: String,
}

/// The end of an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Farewell {
    /// As registered.
    #[schema(example = "correct horse")]
    pub password: String,
    /// As much money as may be lost with it, minor units: the balance that its owner was shown. An account with more
    /// is not deleted.
    #[serde(default, deserialize_with = "not_negative")]
    #[schema(example = 0, minimum = 0)]
    pub give_up_balance: i64,
}

/// What the password was compared with, which fitted. In the same turns and under the same delays as signing
/// in: who has somebody's access token must not guess faster by it.
async fn proved(
    app: &App,
    Client(from): Client,
    user: UserId,
    password: String,
) -> Result<String, Problem> {
    let row = app.readers.read(move |reads| reads.user(user)).await?;
    let row = row.ok_or_else(|| Problem::of(Code::SessionEnded))?;
    let hash = row.password_hash.ok_or_else(|| Problem::of(Code::ExternalAccount))?;
    let account = Names::of(&row.username).account();
    let fits = app.passwords.verify((from, &account), open(), password, Some(hash.clone())).await;
    if fits.map_err(|why| Problem::from(why).of_account(user))? {
        return Ok(hash);
    }
    Err(Problem::of(Code::PasswordWrong).of_account(user))
}

/// Changes the password. Your other sessions end.
#[utoipa::path(put, path = "/api/v1/me/password", tag = "Account", security(("identity" = [])),
    request_body = NewPassword,
    responses((status = 200, body = EndedView), (status = 400, description = "invalid_body"), (status = 401, description = "identity_required, identity_invalid, session_ended"), (status = 403, description = "password_wrong"), (status = 409, description = "external_account"), (status = 429, description = "rate_limited, sign_in_delayed"), (status = 503, description = "sign_in_busy")))]
pub async fn set_password(
    State(app): State<App>,
    client: Client,
    identity: Identity,
    submitted: Submitted<NewPassword>,
) -> Result<Response, Problem> {
    let keep = own(&identity)?;
    let NewPassword { current_password, new_password } = submitted.value;
    let new_password =
        text::password(&new_password).map_err(|fault| refused_text("new_password", fault))?;
    let user = identity.user;
    let old_hash = proved(&app, client, user, current_password).await?;
    let who = user.to_string();
    let new_hash = hashed(&app, (client.0, &who), open(), new_password).await?;
    let times = app.token_times.sessions();
    let command = Command::SetPassword(SetPassword { user, keep, old_hash, new_hash, times });
    match app.outcome(command, None).await? {
        (Outcome::PasswordSet { ended }, _) => {
            Ok(json(StatusCode::OK, &EndedView { sessions_ended: ended }))
        }
        _ => Err(Problem::of(Code::Internal)),
    }
}

/// Deletes the account: its name and password go, its sessions end, its places and holds are given up. Bookings
/// and ledger stay with the sale. Where more money is left than is given up, it is refused.
#[utoipa::path(delete, path = "/api/v1/me", tag = "Account", security(("identity" = [])),
    request_body = Farewell,
    responses((status = 204), (status = 400, description = "invalid_body"), (status = 401, description = "identity_required, identity_invalid, session_ended"), (status = 403, description = "password_wrong"), (status = 409, description = "balance_left, external_account"), (status = 429, description = "rate_limited, sign_in_delayed"), (status = 503, description = "sign_in_busy, busy")))]
pub async fn delete(
    State(app): State<App>,
    client: Client,
    identity: Identity,
    submitted: Submitted<Farewell>,
) -> Result<Response, Problem> {
    own(&identity)?;
    let Farewell { password, give_up_balance } = submitted.value;
    let user = identity.user;
    let password_hash = proved(&app, client, user, password).await?;
    let times = app.token_times.sessions();
    let command = DeleteUser { user, password_hash, give_up: Money(give_up_balance), times };
    app.outcome(Command::DeleteUser(command), None).await?;
    leave_all(&app, user).await;
    Ok(gone(&app, &identity))
}

/// Gives places up, with what is held under them. Nobody can ask for a new one any more; what cannot be given
/// up now ends by its own time.
async fn leave_all(app: &App, user: UserId) {
    let places = app.readers.read(move |reads| reads.open_places(user, CONCERTS_MAX)).await;
    for place in places.unwrap_or_default() {
        if let Err(problem) = app.outcome(Command::Leave(Leave { user, place }), None).await {
            tracing::debug!(code = %problem.code(), "a place of a deleted account ends by itself");
        }
    }
}
