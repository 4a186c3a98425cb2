//! Who watches the seats of a date. The right to shop is looked at again while the stream is open.

use super::super::App;
use super::super::extract::{Admitted, Shopper};
use super::super::problem::{Code, Problem};
use axum::extract::FromRequestParts;
use boxoffice_core::id::{PlaceKey, SessionId, UserId};
use boxoffice_core::time::Time;
use hyper::http::request::Parts;

/// An admitted shopper, and how long the tokens count that say so.
#[derive(Clone, Copy, Debug)]
pub struct Watcher {
    /// For entering the shop.
    pub admitted: Admitted,
    /// What is looked at again.
    pub access: Access,
}

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// Who.
    pub user: UserId,
    place: PlaceKey,
    session: Option<SessionId>,
    identity_until: Time,
    place_until: Time,
}

impl FromRequestParts<App> for Watcher {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (identity, claims) = Shopper::told(parts, app).await?;
        let access = Access {
            user: identity.user,
            place: claims.place(),
            session: identity.session,
            identity_until: identity.until,
            place_until: claims.ends(),
        };
        let admitted = Admitted::of(Shopper { user: access.user, place: access.place }, app)?;
        Ok(Self { admitted, access })
    }
}

impl Access {
    /// Whether the same request would be let in now.
    ///
    /// # Errors
    /// How it would be refused.
    pub fn check(&self, app: &App) -> Result<(), Code> {
        let now = app.clock.now();
        if self.session.is_some_and(|session| app.read_model.ended.has(session)) {
            return Err(Code::SessionEnded);
        }
        if now.reached(self.identity_until) {
            return Err(Code::IdentityInvalid);
        }
        if now.reached(self.place_until) {
            return Err(Code::QueueTokenInvalid);
        }
        app.admits(self.place, now).map(drop).map_err(|problem| problem.code())
    }
}
