//! Extractors: each either gives a handler what it needs or refuses the request.

use super::App;
use super::limits::Asked;
use super::parse;
use super::problem::{Code, Problem};
use super::queue::JoinBody;
use super::trail::Act;
use super::view::id_of;
use crate::cookie::Found;
use crate::tokens::{IdentityClaims, QueueClaims, Use};
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use boxoffice_core::command::Command;
use boxoffice_core::id::{ConcertId, PlaceKey, SessionId, UserId, Uuid};
use boxoffice_core::idempotency::{Fingerprint, Key, fingerprint};
use boxoffice_core::limits::IDEMPOTENCY_KEY_CHARS_MAX;
use boxoffice_core::queue::Arrive;
use boxoffice_core::time::Time;
use boxoffice_core::user::Adopt;
use http_body_util::{BodyExt, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Uri};
use serde::de::DeserializeOwned;
use std::any::TypeId;
use std::time::Duration;

/// Header with the queue token.
pub const QUEUE_TOKEN: &str = "x-queue-token";
/// Header with the operator's key.
pub const API_KEY: &str = "x-api-key";
/// Header with the idempotency key.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Largest body of a buyer's request, bytes.
const BODY_MAX: usize = 64 * 1024;
/// Largest body of an operator's request, bytes: 100,000 seats as CSV fit.
const OPERATOR_BODY_MAX: usize = 16 * 1024 * 1024;
/// How long a body may take to arrive.
const BODY_WAIT: Duration = Duration::from_secs(15);

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The signed-in user.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// Who.
    pub user: UserId,
    /// By which session; none for whoever comes from an identity provider.
    pub session: Option<SessionId>,
    /// When the token ends that says so.
    pub until: Time,
    /// The cookie that tells it, where no bearer token does.
    pub cookie: Option<Cookie>,
}

/// What is known of a cookie that was verified.
#[derive(Clone, Copy, Debug)]
pub struct Cookie {
    /// Whether it is time to renew it.
    pub is_half_over: bool,
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = header(headers, AUTHORIZATION.as_str())?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Who brings an access token or a cookie of this server where none is asked for.
pub(super) fn shown(headers: &HeaderMap, app: &App) -> Option<UserId> {
    let now = app.clock.now();
    let claims = match app.session_cookie.of(headers) {
        Found::One(token) if !headers.contains_key(AUTHORIZATION) => {
            app.keyring.verify_identity(token, Use::Cookie, now)?
        }
        _ => app.keyring.verify_identity(bearer(headers)?, Use::Identity, now)?,
    };
    (!app.read_model.ended.has(claims.session())).then_some(claims.sub)
}

impl Identity {
    async fn of(parts: &Parts, app: &App) -> Result<Self, Problem> {
        let now = app.clock.now();
        if !parts.headers.contains_key(AUTHORIZATION) {
            return Self::of_cookie(parts, app, now);
        }
        let token = bearer(&parts.headers);
        let token = token.ok_or_else(|| Problem::of(Code::IdentityRequired))?;
        if let Some(external) = app.external.as_ref().filter(|_| !app.keyring.is_ours(token)) {
            // Looked at before it is counted: whoever brings a genuine one pays for no neighbour's.
            let Ok(found) = external.verify(token, now).await else {
                app.limits.forged(parts)?;
                return Err(Problem::of(Code::IdentityInvalid));
            };
            app.limits.request(parts, found.user)?;
            if !app.known_external.has(&found.user) {
                let adopt = Adopt { user: found.user, username: found.username };
                app.outcome(Command::Adopt(adopt), None).await?;
                app.known_external.add(found.user);
            }
            return Ok(Self { user: found.user, session: None, until: found.until, cookie: None });
        }
        Self::of_claims(parts, app, app.keyring.verify_identity(token, Use::Identity, now))
    }

    /// Whose browser it is. A cookie comes with whatever a browser sends, so that it counts only in what a page of
    /// this server sends.
    fn of_cookie(parts: &Parts, app: &App, now: Time) -> Result<Self, Problem> {
        let token = match app.session_cookie.of(&parts.headers) {
            Found::None => return Err(Problem::of(Code::IdentityRequired)),
            Found::Many => return Err(Problem::of(Code::IdentityInvalid)),
            Found::One(token) => token,
        };
        from_own_page(app, &parts.method, &parts.uri, &parts.headers)?;
        let claims = app.keyring.verify_identity(token, Use::Cookie, now);
        let is_half_over = claims.as_ref().is_some_and(|claims| claims.is_half_over(now));
        let identity = Self::of_claims(parts, app, claims)?;
        Ok(Self { cookie: Some(Cookie { is_half_over }), ..identity })
    }

    fn of_claims(
        parts: &Parts,
        app: &App,
        claims: Option<IdentityClaims>,
    ) -> Result<Self, Problem> {
        let claims = claims.ok_or_else(|| Problem::of(Code::IdentityInvalid))?;
        let (user, session, until) = (claims.sub, claims.session(), claims.ends());
        if app.read_model.ended.has(session) {
            return Err(Problem::of(Code::SessionEnded));
        }
        app.limits.request(parts, user)?;
        Ok(Self { user, session: Some(session), until, cookie: None })
    }
}

/// Refuses what a cookie must not be used for.
///
/// # Errors
/// A page of another site sent it, or nothing says that a page of this one did.
pub(super) fn from_own_page(
    app: &App,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    if app.session_cookie.is_from_own_page(method, uri, headers) {
        Ok(())
    } else {
        Err(Problem::of(Code::CrossSite))
    }
}

impl FromRequestParts<App> for Identity {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Self::of(parts, app).await
    }
}

/// A genuine queue token; whether it is admitted is another question.
#[derive(Clone, Debug)]
pub struct QueueToken(pub QueueClaims);

impl QueueToken {
    fn of(headers: &HeaderMap, app: &App) -> Result<Self, Problem> {
        let token = header(headers, QUEUE_TOKEN);
        let token = token.ok_or_else(|| Problem::of(Code::QueueTokenRequired))?;
        let claims = app.keyring.verify_queue(token.trim(), app.clock.now());
        claims.map(Self).ok_or_else(|| Problem::of(Code::QueueTokenInvalid))
    }
}

impl FromRequestParts<App> for QueueToken {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = Self::of(&parts.headers, app)?;
        app.limits.request(parts, token.0.sub)?;
        Ok(token)
    }
}

/// A signed-in user with a genuine queue token of their own. For commands: whether the token is
/// admitted is decided in the command's transaction, where a stored reply comes first.
#[derive(Clone, Copy, Debug)]
pub struct Shopper {
    /// Who.
    pub user: UserId,
    /// With which place.
    pub place: PlaceKey,
}

impl Shopper {
    /// Refuses a token of another concert.
    ///
    /// # Errors
    /// It is one.
    pub fn of_concert(&self, concert: ConcertId) -> Result<(), Problem> {
        if self.place.queue.concert == concert {
            Ok(())
        } else {
            Err(Problem::of(Code::QueueTokenOfAnotherConcert))
        }
    }

    /// What the request's tokens say.
    ///
    /// # Errors
    /// There are none, or not of one user.
    pub(super) async fn told(parts: &Parts, app: &App) -> Result<(Identity, QueueClaims), Problem> {
        let identity = Identity::of(parts, app).await?;
        let QueueToken(claims) = QueueToken::of(&parts.headers, app)?;
        if claims.sub != identity.user {
            return Err(Problem::of(Code::QueueTokenOfAnotherUser));
        }
        Ok((identity, claims))
    }
}

impl FromRequestParts<App> for Shopper {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (identity, claims) = Self::told(parts, app).await?;
        Ok(Self { user: identity.user, place: claims.place() })
    }
}

/// A [`Shopper`] who is admitted, as the read model shows it; where the read model has not heard of the place,
/// the write path is asked. For reads.
#[derive(Clone, Copy, Debug)]
pub struct Admitted {
    shopper: Shopper,
    arrived: bool,
}

impl Admitted {
    /// The shopper, where the read model says so.
    ///
    /// # Errors
    /// It says otherwise.
    pub(super) fn of(shopper: Shopper, app: &App) -> Result<Self, Problem> {
        let arrived = app.admits(shopper.place, app.clock.now())?;
        Ok(Self { shopper, arrived })
    }

    /// Lets the shopper in, to what belongs to `concert` or to no concert. The first use of an
    /// admission is noted at the write path: from then on the time to shop runs.
    ///
    /// # Errors
    /// The token is of another concert, or its admission has ended meanwhile.
    pub async fn enter(self, app: &App, concert: Option<ConcertId>) -> Result<Shopper, Problem> {
        let Self { shopper, arrived } = self;
        concert.map_or(Ok(()), |concert| shopper.of_concert(concert))?;
        if !arrived {
            let command = Command::Arrive(Arrive { user: shopper.user, place: shopper.place });
            app.outcome(command, None).await?;
        }
        Ok(shopper)
    }
}

impl FromRequestParts<App> for Admitted {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Self::of(Shopper::from_request_parts(parts, app).await?, app)
    }
}

fn own(user: UserId, asked: Uuid) -> Result<UserId, Problem> {
    if user == UserId(asked) { Ok(user) } else { Err(Problem::of(Code::OtherUser)) }
}

/// Who charges a balance: a shopper, or whoever is signed in where the policy of the server
/// (`charge_needs_admission`) asks for no admission. A queue token is not looked at then.
#[derive(Clone, Copy, Debug)]
pub struct Payer {
    user: UserId,
    /// With which place, where one is asked for.
    pub place: Option<PlaceKey>,
}

impl Payer {
    /// The user, whose balance it has to be.
    ///
    /// # Errors
    /// It is another's.
    pub fn of(self, user: Uuid) -> Result<UserId, Problem> {
        own(self.user, user)
    }
}

impl FromRequestParts<App> for Payer {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if app.charge_needs_admission {
            let Shopper { user, place } = Shopper::from_request_parts(parts, app).await?;
            return Ok(Self { user, place: Some(place) });
        }
        Ok(Self { user: Identity::of(parts, app).await?.user, place: None })
    }
}

/// Who reads a balance: whoever is admitted, or signed in where the policy of the server asks for no
/// admission (see [`Payer`]).
#[derive(Clone, Copy, Debug)]
pub enum Owner {
    /// With an admission.
    Admitted(Admitted),
    /// With an identity alone.
    SignedIn(UserId),
}

impl Owner {
    /// The user, whose balance it has to be.
    ///
    /// # Errors
    /// It is another's, or the admission has ended meanwhile.
    pub async fn enter(self, app: &App, user: Uuid) -> Result<UserId, Problem> {
        let who = match self {
            Self::Admitted(admitted) => admitted.enter(app, None).await?.user,
            Self::SignedIn(user) => user,
        };
        own(who, user)
    }
}

impl FromRequestParts<App> for Owner {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if app.charge_needs_admission {
            return Admitted::from_request_parts(parts, app).await.map(Self::Admitted);
        }
        Identity::of(parts, app).await.map(|identity| Self::SignedIn(identity.user))
    }
}

/// An operator with a live key.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The key's id.
    pub key: Uuid,
}

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let secret = header(&parts.headers, API_KEY);
        let secret = secret.ok_or_else(|| Problem::of(Code::OperatorKeyRequired))?;
        let hash = crate::tokens::api_key_hash(secret.trim());
        let asked = Asked::of(parts);
        if !app.operators.knew(&hash) {
            app.limits.unseen_key(&asked)?;
        }
        let found = app.operators.find(&hash).await?;
        let who = found.ok_or_else(|| Problem::of(Code::OperatorKeyInvalid))?;
        let key = who.key;
        app.limits.operator(&asked, key)?;
        if let Some(act) = parts.extensions.get::<Act>() {
            act.by(who);
        }
        Ok(Self { key })
    }
}

/// A body, with what its idempotency key needs.
#[derive(Debug)]
pub struct Submitted<T> {
    /// What was sent.
    pub value: T,
    key: Option<String>,
    fingerprint: Fingerprint,
}

/// A body or a query that says nothing.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl<T> Submitted<T> {
    /// The idempotency key in somebody's key space, if one was sent.
    pub fn key(&self, scope: Uuid) -> Option<Key> {
        let key = self.key.clone()?;
        Some(Key { scope, key, fingerprint: self.fingerprint })
    }

    /// The idempotency key of a request whose body holds a secret: the fingerprint is kept in the
    /// database and must not be one of a password, so it covers only what is given here.
    pub fn key_over(&self, scope: Uuid, what: &str) -> Option<Key> {
        let fingerprint = fingerprint("", "", what.as_bytes());
        self.key(scope).map(|key| Key { fingerprint, ..key })
    }

    /// The idempotency key, which the route demands.
    ///
    /// # Errors
    /// None was sent.
    pub fn required_key(&self, scope: Uuid) -> Result<Option<Key>, Problem> {
        let key = self.key(scope).ok_or_else(|| Problem::of(Code::IdempotencyKeyRequired))?;
        Ok(Some(key))
    }

    /// The same with another value.
    pub fn map<U>(
        self,
        change: impl FnOnce(T) -> Result<U, Problem>,
    ) -> Result<Submitted<U>, Problem> {
        let value = change(self.value)?;
        Ok(Submitted { value, key: self.key, fingerprint: self.fingerprint })
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let invalid = || Problem::of(Code::IdempotencyKeyInvalid);
    let key = value.to_str().map_err(|_| invalid())?.trim();
    let visible = key.chars().all(|c| c.is_ascii_graphic());
    let fits = (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len());
    if visible && fits { Ok(Some(key.to_owned())) } else { Err(invalid()) }
}

/// The body's bytes, within a size and a time.
async fn bytes(body: Body, most: usize) -> Result<Bytes, Problem> {
    let too_large = || Problem::of(Code::BodyTooLarge).with("limit_bytes", most);
    // One that is announced as too large is not waited for.
    let announced = hyper::body::Body::size_hint(&body).lower();
    if announced > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    let collected = tokio::time::timeout(BODY_WAIT, Limited::new(body, most).collect()).await;
    let collected = collected.map_err(|_| Problem::of(Code::BodyTooSlow))?;
    collected.map(http_body_util::Collected::to_bytes).map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            too_large()
        } else {
            Problem::of(Code::InvalidBody)
        }
    })
}

/// The content type's essence, lower case.
fn media_type(headers: &HeaderMap) -> String {
    let value = header(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The content type's charset.
fn charset(headers: &HeaderMap) -> Option<String> {
    let parameters = header(headers, CONTENT_TYPE.as_str())?.split(';').skip(1);
    let values = parameters.filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').trim())
    });
    // Two of them are no charset that anybody knows.
    let value = values.filter(|value| !value.is_empty()).collect::<Vec<_>>().join(",");
    (!value.is_empty()).then_some(value)
}

impl<T: DeserializeOwned + 'static> FromRequest<App> for Submitted<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let raw = Raw::from_request(request, app).await?;
        // What has no members, or need not have any, need not be sent.
        let bare = [TypeId::of::<Nothing>(), TypeId::of::<JoinBody>()];
        let value = if raw.body.is_empty() && bare.contains(&TypeId::of::<T>()) {
            super::body::read(b"{}")?
        } else {
            raw.json()?
        };
        Ok(raw.submitted(value))
    }
}

/// A body as it came, for routes that take more than JSON.
#[derive(Debug)]
pub struct Raw {
    /// Its bytes.
    pub body: Bytes,
    /// Its media type, lower case, without parameters; empty where none was given.
    pub media_type: String,
    /// The charset that is named with it.
    pub charset: Option<String>,
    key: Option<String>,
    fingerprint: Fingerprint,
}

impl Raw {
    /// The body as JSON.
    ///
    /// # Errors
    /// It is none, or not what `T` takes.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        // UTF-8 is the only charset that JSON has (RFC 8259 § 8.1).
        let utf8 = self.charset.as_ref().is_none_or(|name| name.eq_ignore_ascii_case("utf-8"));
        if (self.media_type != "application/json" || !utf8) && !self.body.is_empty() {
            let problem = Problem::of(Code::UnsupportedMediaType);
            return Err(problem.with("supported", vec!["application/json"]));
        }
        super::body::read(&self.body)
    }

    /// What was sent, read by the caller.
    #[must_use]
    pub fn submitted<T>(self, value: T) -> Submitted<T> {
        Submitted { value, key: self.key, fingerprint: self.fingerprint }
    }
}

impl FromRequest<App> for Raw {
    type Rejection = Problem;
    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let key = idempotency_key(&parts.headers)?;
        // By the address and not by a header that anybody can send.
        let operator = parts.uri.path().starts_with("/api/v1/admin/");
        let body = bytes(body, if operator { OPERATOR_BODY_MAX } else { BODY_MAX }).await?;
        let path = parts.uri.path_and_query().map_or("", |p| p.as_str());
        let fingerprint = match key {
            Some(_) => fingerprint(parts.method.as_str(), path, &body),
            None => [0; 32],
        };
        let media_type = media_type(&parts.headers);
        if let Some(act) = parts.extensions.get::<Act>() {
            act.asked(&media_type, &body);
        }
        let charset = charset(&parts.headers);
        Ok(Self { body, media_type, charset, key, fingerprint })
    }
}

/// The ids in a path; what is no UUID names nothing.
#[derive(Clone, Copy, Debug)]
pub struct PathId(pub Uuid);

impl FromRequestParts<App> for PathId {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, app).await;
        let id = path.ok().and_then(|axum::extract::Path(text)| id_of(&text));
        id.map(Self).ok_or_else(|| Problem::of(Code::NotFound))
    }
}

/// Query parameters; unknown or malformed ones are refused.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> Query<T> {
    fn of(uri: &Uri) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::try_from_uri(uri);
        query.map(|axum::extract::Query(value)| Self(value)).map_err(|error| {
            parse::told_of_query(Problem::of(Code::InvalidQuery), &error.body_text())
        })
    }
}

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Self::of(&parts.uri)
    }
}

/// The middleware of a route without query parameters: refuses any.
pub async fn no_query(request: Request, next: Next) -> Response {
    match Query::<Nothing>::of(request.uri()) {
        Ok(_) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
