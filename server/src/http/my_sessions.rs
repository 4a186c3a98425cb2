//! The signed-in account's sessions: a look at them, and their end.

use super::App;
use super::extract::{Identity, PathId};
use super::problem::{Code, Problem};
use super::view::{Stamp, json};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use boxoffice_core::command::Command;
use boxoffice_core::id::{SessionId, Uuid};
use boxoffice_core::limits::SESSIONS_PER_USER_MAX;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::session::{EndSessions, Session, Which, unnamed};
use hyper::StatusCode;
use hyper::header::SET_COOKIE;
use serde::Serialize;
use utoipa::ToSchema;

/// A sign-in that was not ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct MySessionView {
    session_id: Uuid,
    /// When somebody signed in.
    #[schema(value_type = String, format = DateTime)]
    created_at: Stamp,
    /// When it was last renewed.
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Stamp,
    /// When it ends unless it is renewed.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Stamp,
    /// What the client called itself when it signed in, shortened.
    user_agent: Option<String>,
    /// Whether this request belongs to it.
    current: bool,
}

/// Your sessions.
#[derive(Debug, Serialize, ToSchema)]
pub struct MySessionsView {
    /// The newest first.
    sessions: Vec<MySessionView>,
}

/// How many sessions went on until now.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndedView {
    /// So many.
    pub sessions_ended: u64,
}

/// Lists your sessions. Who signed in at an identity provider has none here.
#[utoipa::path(get, path = "/api/v1/me/sessions", tag = "Account", security(("identity" = [])),
    responses((status = 200, body = MySessionsView), (status = 401, description = "identity_required, identity_invalid, session_ended"), (status = 429, description = "rate_limited"), (status = 503, description = "database_unavailable")))]
pub async fn list(State(app): State<App>, identity: Identity) -> Result<Response, Problem> {
    let Identity { user, session: current, .. } = identity;
    let found = app.readers.read(move |reads| reads.sessions(user, SESSIONS_PER_USER_MAX)).await?;
    let now = app.clock.now();
    let view = |(id, row): (SessionId, Session)| MySessionView {
        session_id: id.0,
        created_at: row.created_at.into(),
        last_used_at: row.last_used_at.into(),
        expires_at: row.expires_at.into(),
        user_agent: row.user_agent,
        current: current == Some(id),
    };
    let live = found.into_iter().filter(|(_, row)| row.is_live(now));
    Ok(json(StatusCode::OK, &MySessionsView { sessions: live.map(view).collect() }))
}

/// The session of a request; an identity provider's is not ours to end.
pub(super) fn own(identity: &Identity) -> Result<SessionId, Problem> {
    identity.session.ok_or_else(|| Problem::of(Code::ExternalAccount))
}

async fn end(app: &App, identity: &Identity, which: Which) -> Result<u64, Problem> {
    let times = app.token_times.sessions();
    let command = Command::EndSessions(EndSessions { user: identity.user, which, times });
    match app.outcome(command, None).await? {
        (Outcome::SessionsEnded { count }, _) => Ok(count),
        _ => Err(Problem::of(Code::Internal)),
    }
}

/// Nothing to say; the browser forgets its cookie.
pub(super) fn gone(app: &App, identity: &Identity) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    if identity.cookie.is_some() {
        response.headers_mut().insert(SET_COOKIE, app.session_cookie.cleared());
    }
    response
}

/// Ends all your sessions but the one that asks.
#[utoipa::path(delete, path = "/api/v1/me/sessions", tag = "Account", security(("identity" = [])),
    responses((status = 200, body = EndedView), (status = 401, description = "identity_required, identity_invalid, session_ended"), (status = 409, description = "external_account"), (status = 429, description = "rate_limited"), (status = 503, description = "busy")))]
pub async fn end_others(State(app): State<App>, identity: Identity) -> Result<Response, Problem> {
    let keep = own(&identity)?;
    let sessions_ended = end(&app, &identity, Which::Others(keep)).await?;
    Ok(json(StatusCode::OK, &EndedView { sessions_ended }))
}

/// Signs out: ends the session that asks. Its tokens are refused on every server within a second, and a browser
/// forgets its cookie.
#[utoipa::path(delete, path = "/api/v1/me/sessions/current", tag = "Account", security(("identity" = [])),
    responses((status = 204), (status = 401, description = "identity_required, identity_invalid, session_ended"), (status = 409, description = "external_account"), (status = 429, description = "rate_limited"), (status = 503, description = "busy")))]
pub async fn sign_out(State(app): State<App>, identity: Identity) -> Result<Response, Problem> {
    let own = own(&identity)?;
    end(&app, &identity, Which::One(own)).await?;
    Ok(gone(&app, &identity))
}

/// Ends one of your sessions.
#[utoipa::path(delete, path = "/api/v1/me/sessions/{id}", tag = "Account", security(("identity" = [])),
    params(("id" = Uuid, Path, description = "The session")),
    responses((status = 204), (status = 401, description = "identity_required, identity_invalid, session_ended"), (status = 404, description = "session_not_found"), (status = 409, description = "external_account"), (status = 429, description = "rate_limited"), (status = 503, description = "busy")))]
pub async fn end_one(
    State(app): State<App>,
    identity: Identity,
    id: PathId,
) -> Result<Response, Problem> {
    let own = own(&identity)?;
    // Tokens without a session have none that could be named.
    if SessionId(id.0) == unnamed(identity.user) {
        return Err(Problem::of(Code::SessionNotFound));
    }
    end(&app, &identity, Which::One(SessionId(id.0))).await?;
    if own.0 == id.0 {
        Ok(gone(&app, &identity))
    } else {
        Ok(StatusCode::NO_CONTENT.into_response())
    }
}
