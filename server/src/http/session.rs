//! Signing in: a session with its tokens, and renewing them.

use super::App;
use super::address::Client;
use super::app::new_id;
use super::extract::{Identity, Submitted, from_own_page};
use super::limits::Asked;
use super::problem::{Code, Problem};
use super::user::user_by;
use super::view::{Stamp, json};
use crate::text::Names;
use crate::tokens::Use;
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::command::Command;
use boxoffice_core::id::{SessionId, UserId, Uuid};
use boxoffice_core::limits::USER_AGENT_CHARS_MAX;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::session::{self, Issue, OpenSession};
use hyper::header::{HeaderValue, SET_COOKIE, USER_AGENT};
use hyper::{HeaderMap, Method, StatusCode, Uri};
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
    /// Whether the session lives in a cookie of the browser; then the answer has no tokens. For pages of this
    /// server.
    #[serde(default)]
    pub cookie: bool,
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
    /// Names the session under `/api/v1/me/sessions`.
    session_id: Uuid,
    /// For `Authorization: Bearer`.
    access_token: String,
    #[schema(value_type = String, format = DateTime)]
    access_expires_at: Stamp,
    /// For `POST /api/v1/sessions/refresh`, once.
    refresh_token: String,
    #[schema(value_type = String, format = DateTime)]
    refresh_expires_at: Stamp,
    #[schema(value_type = String, format = DateTime)]
    now: Stamp,
}

/// A session that lives in a cookie. It ends so long after it was last renewed, which `GET /api/v1/me` does when
/// more than half of its time is over.
#[derive(Debug, Serialize, ToSchema)]
pub struct CookieSessionView {
    user_id: Uuid,
    /// Names the session under `/api/v1/me/sessions`.
    session_id: Uuid,
    /// When it ends unless it is renewed.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Stamp,
    #[schema(value_type = String, format = DateTime)]
    now: Stamp,
}

/// With tokens, or in a cookie, as was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum SignedInView {
    /// For apps.
    Tokens(SessionView),
    /// For pages of this server.
    Cookie(CookieSessionView),
}

/// The cookie of a session.
fn cookie(app: &App, issue: &Issue) -> Result<HeaderValue, Problem> {
    let failed = || Problem::of(Code::Internal);
    let token = app.keyring.cookie(issue).ok_or_else(failed)?;
    let left_ms = issue.refresh_until.ms_since(app.clock.now());
    app.session_cookie.set(&token, left_ms / 1000).ok_or_else(failed)
}

fn in_cookie(app: &App, issue: &Issue) -> Result<Response, Problem> {
    let view = SignedInView::Cookie(CookieSessionView {
        user_id: issue.user_id.0,
        session_id: issue.session_id.0,
        expires_at: issue.refresh_until.into(),
        now: app.clock.now().into(),
    });
    let mut response = json(StatusCode::CREATED, &view);
    response.headers_mut().insert(SET_COOKIE, cookie(app, issue)?);
    Ok(response)
}

/// The next cookie, where the one that was sent is due. Where it cannot be renewed now, a later request does it.
pub(super) async fn renewed(app: &App, identity: &Identity) -> Option<HeaderValue> {
    identity.cookie.filter(|cookie| cookie.is_half_over)?;
    let command = Command::Refresh(session::Refresh {
        user: identity.user,
        session: identity.session?,
        generation: None,
        unnamed_until: None,
        user_agent: None,
        times: app.token_times.cookies(),
    });
    match app.outcome(command, None).await {
        Ok((Outcome::Refreshed(issue), _)) => cookie(app, &issue).ok(),
        _ => None,
    }
}

fn view(app: &App, issue: &Issue) -> Result<Response, Problem> {
    let access_ttl_ms = app.token_times.access_ttl_ms;
    let tokens = app.keyring.session(issue, access_ttl_ms);
    let (access_token, refresh_token) = tokens.ok_or_else(|| Problem::of(Code::Internal))?;
    let view = SessionView {
        user_id: issue.user_id.0,
        session_id: issue.session_id.0,
        access_token,
        access_expires_at: issue.at.plus_ms(access_ttl_ms).into(),
        refresh_token,
        refresh_expires_at: issue.refresh_until.into(),
        now: app.clock.now().into(),
    };
    Ok(json(StatusCode::CREATED, &view))
}

/// What the client calls itself, as far as it is plain text, shortened.
fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(USER_AGENT)?.to_str().ok()?.trim();
    (!text.is_empty()).then(|| text.chars().take(USER_AGENT_CHARS_MAX).collect())
}

/// Signs in: with tokens for an app, or with a cookie for a page of this server, which no script can read.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "Account", request_body = Credentials,
    responses((status = 201, body = SignedInView), (status = 401, description = "credentials_wrong"), (status = 403, description = "cross_site"), (status = 429, description = "rate_limited, sign_in_delayed"), (status = 503, description = "sign_in_busy, busy")))]
pub async fn sign_in(
    State(app): State<App>,
    client: Client,
    asked: Asked,
    (method, uri, headers): (Method, Uri, HeaderMap),
    submitted: Submitted<Credentials>,
) -> Result<Response, Problem> {
    let Credentials { username, password, cookie } = submitted.value;
    if cookie {
        // Nobody else signs a browser in, to an account of their own.
        from_own_page(&app, &method, &uri, &headers)?;
    }
    let names = Names::of(&username);
    let account = names.account();
    app.passwords.may_try(client.0, &account)?;
    app.limits.sign_in(&asked, app.passwords.known_pair(client.0, &account))?;
    app.passwords.has_room(client.0, &account)?;
    let found = user_by(&app, names).await?;
    let (user, hash) = found.map_or((None, None), |(id, user)| (Some(id), user.password_hash));
    let (who, gate) = ((client.0, account.as_str()), app.limits.at_its_turn(&asked));
    let fits = app.passwords.verify(who, gate, password, hash.clone()).await?;
    let named = user.map_or_else(|| "none".into(), |user| user.to_string());
    let known = user.zip(hash).filter(|_| fits);
    let known = known.ok_or_else(|| Problem::of(Code::CredentialsWrong).noted(named));
    let (user, password_hash) = known?;
    let command = Command::OpenSession(OpenSession {
        user,
        session: SessionId(new_id()),
        password_hash,
        user_agent: user_agent(&headers),
        times: if cookie { app.token_times.cookies() } else { app.token_times.sessions() },
    });
    match app.outcome(command, None).await? {
        (Outcome::SessionOpened(issue), _) if cookie => in_cookie(&app, &issue),
        (Outcome::SessionOpened(issue), _) => view(&app, &issue),
        _ => Err(Problem::of(Code::Internal)),
    }
}

/// Renews a session, so that fans can sign in well ahead of the opening. A refresh token is used up by it: the
/// answer has the next one. The same request again within ten seconds is answered alike, in case the answer
/// was lost; used later, the token is in two hands, and the session ends.
#[utoipa::path(post, path = "/api/v1/sessions/refresh", tag = "Account", request_body = Refresh,
    responses((status = 201, body = SessionView), (status = 401, description = "identity_invalid, session_ended"), (status = 429, description = "rate_limited"), (status = 503, description = "busy")))]
pub async fn refresh(
    State(app): State<App>,
    asked: Asked,
    headers: HeaderMap,
    submitted: Submitted<Refresh>,
) -> Result<Response, Problem> {
    let token = submitted.value.refresh_token;
    let claims = app.keyring.verify_identity(&token, Use::Refresh, app.clock.now());
    let claims = claims.ok_or_else(|| Problem::of(Code::IdentityInvalid))?;
    let user: UserId = claims.sub;
    app.limits.account(&asked, user, NonZeroU32::MIN)?;
    let command = Command::Refresh(session::Refresh {
        user,
        session: claims.sid.unwrap_or_else(|| claims.first_session()),
        generation: Some(claims.generation.unwrap_or(0)),
        unnamed_until: claims.sid.is_none().then(|| claims.ends()),
        user_agent: user_agent(&headers),
        times: app.token_times.sessions(),
    });
    match app.outcome(command, None).await? {
        (Outcome::Refreshed(issue), _) => view(&app, &issue),
        (Outcome::RefreshReused { user_id, session_id }, _) => {
            tracing::warn!(%user_id, %session_id, "a refresh token was used twice; its session was ended");
            Err(Problem::of(Code::SessionEnded))
        }
        _ => Err(Problem::of(Code::Internal)),
    }
}
