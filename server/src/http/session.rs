//! Signing in: identity tokens, and renewing them.

use super::App;
use super::address::Client;
use super::extract::Submitted;
use super::limits::Class;
use super::problem::Problem;
use super::user::user_by;
use super::view::{Stamp, json};
use crate::text::Names;
use crate::tokens::Use;
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::id::{UserId, Uuid};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use utoipa::ToSchema;

/// Name and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// As registered.
    #[schema(example = "mina")]
    pub username: String,
    /// As registered.
    #[schema(example = "correct horse")]
    pub password: String,
}

/// A refresh token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// From signing in.
    pub refresh_token: String,
}

/// A signed-in session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    user_id: Uuid,
    /// For `Authorization: Bearer`.
    access_token: String,
    #[schema(value_type = String, format = DateTime)]
    access_expires_at: Stamp,
    /// For `POST /api/v1/sessions/refresh`.
    refresh_token: String,
    #[schema(value_type = String, format = DateTime)]
    refresh_expires_at: Stamp,
    #[schema(value_type = String, format = DateTime)]
    now: Stamp,
}

fn session(app: &App, user: UserId) -> Result<Response, Problem> {
    let now = app.clock.now();
    let times = app.token_times;
    let sign =
        |aud, ttl| app.keyring.identity(aud, user, now, ttl).ok_or_else(|| Problem::of("internal"));
    let view = SessionView {
        user_id: user.0,
        access_token: sign(Use::Identity, times.access_ttl_ms)?,
        access_expires_at: now.plus_ms(times.access_ttl_ms).into(),
        refresh_token: sign(Use::Refresh, times.refresh_ttl_ms)?,
        refresh_expires_at: now.plus_ms(times.refresh_ttl_ms).into(),
        now: now.into(),
    };
    Ok(json(StatusCode::CREATED, &view))
}

/// Signs in.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "Account", request_body = Credentials,
    responses((status = 201, body = SessionView), (status = 401, description = "credentials_wrong"), (status = 429, description = "rate_limited, sign_in_delayed"), (status = 503, description = "sign_in_busy")))]
pub async fn sign_in(
    State(app): State<App>,
    client: Client,
    submitted: Submitted<Credentials>,
) -> Result<Response, Problem> {
    let Credentials { username, password } = submitted.value;
    let names = Names::of(&username);
    let account = names.account();
    app.passwords.may_try(client.0, &account)?;
    let found = user_by(&app, names).await?;
    let (user, hash) = found.map_or((None, None), |(id, user)| (Some(id), user.password_hash));
    let fits = app.passwords.verify(client.0, &account, password, hash).await?;
    let who = user.map_or_else(|| "none".into(), |user| user.to_string());
    let user = user.filter(|_| fits);
    let user = user.ok_or_else(|| Problem::of("credentials_wrong").noted(who))?;
    session(&app, user)
}

/// Renews an identity token, so that fans can sign in well ahead of the opening.
#[utoipa::path(post, path = "/api/v1/sessions/refresh", tag = "Account", request_body = Refresh,
    responses((status = 201, body = SessionView), (status = 401, description = "identity_invalid")))]
pub async fn refresh(
    State(app): State<App>,
    submitted: Submitted<Refresh>,
) -> Result<Response, Problem> {
    let token = submitted.value.refresh_token;
    let user = app.keyring.verify_identity(&token, Use::Refresh, app.clock.now());
    let user = user.ok_or_else(|| Problem::of("identity_invalid"))?;
    app.limits.account(Class::Refresh, user, NonZeroU32::MIN)?;
    let exists = app.readers.read(move |reads| reads.user(user)).await?.is_some();
    if exists { session(&app, user) } else { Err(Problem::of("identity_invalid")) }
}
