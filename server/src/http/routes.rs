//! The list of routes: every address, what guards it, and its handler. A test walks it, so that no
//! guarded route can be forgotten.

use super::lang::Lang;
use super::observe::{Observer, observe};
use super::problem::Problem;
use super::{
    App, admin, booking, concert, docs, draw, ops, payment, queue, reservation, seat, session,
    user, wallet,
};
use axum::Router;
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::{MethodRouter, delete, get, post, put};
use hyper::header::ACCEPT_LANGUAGE;
use hyper::{HeaderMap, Method};
use utoipa_swagger_ui::SwaggerUi;

/// What a request must bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Nothing.
    Public,
    /// An access token.
    Identity,
    /// A genuine queue token, in whatever state.
    QueueToken,
    /// An access token and an admitted queue token of the same user.
    Admitted,
    /// An operator's key.
    Operator,
}

/// A route.
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path, with `{id}` for ids.
    pub path: &'static str,
    /// What guards it.
    pub guard: Guard,
    handler: MethodRouter<App>,
}

fn route(method: Method, path: &'static str, guard: Guard, handler: MethodRouter<App>) -> Route {
    Route { method, path, guard, handler }
}

/// Every route.
#[rustfmt::skip]
#[must_use]
pub fn routes() -> Vec<Route> {
    use Guard::{Admitted, Identity, Operator, Public, QueueToken};
    vec![
        route(Method::POST,   "/api/v1/users",                           Public,     post(user::register)),
        route(Method::POST,   "/api/v1/sessions",                        Public,     post(session::sign_in)),
        route(Method::POST,   "/api/v1/sessions/refresh",                Public,     post(session::refresh)),
        route(Method::GET,    "/api/v1/concerts",                        Public,     get(concert::list)),
        route(Method::GET,    "/api/v1/concerts/{id}",                   Public,     get(concert::show)),
        route(Method::GET,    "/api/v1/concerts/{id}/queue",             Public,     get(concert::queue)),
        route(Method::POST,   "/api/v1/concerts/{id}/queue-tokens",      Identity,   post(queue::join)),
        route(Method::GET,    "/api/v1/queue-tokens/me",                 QueueToken, get(queue::poll)),
        route(Method::DELETE, "/api/v1/queue-tokens/me",                 QueueToken, delete(queue::leave)),
        route(Method::GET,    "/api/v1/concerts/{id}/dates",             Admitted,   get(concert::dates)),
        route(Method::GET,    "/api/v1/concert-dates/{id}/seats",        Admitted,   get(seat::map)),
        route(Method::POST,   "/api/v1/reservations",                    Admitted,   post(reservation::reserve)),
        route(Method::GET,    "/api/v1/reservations/{id}",               Admitted,   get(reservation::show)),
        route(Method::DELETE, "/api/v1/reservations/{id}",               Admitted,   delete(reservation::cancel)),
        route(Method::POST,   "/api/v1/reservations/{id}/payment",       Admitted,   post(payment::pay)),
        route(Method::POST,   "/api/v1/users/{id}/balance/charges",      Admitted,   post(wallet::charge)),
        route(Method::GET,    "/api/v1/users/{id}/balance",              Admitted,   get(wallet::balance)),
        route(Method::GET,    "/api/v1/users/{id}/balance/entries",      Admitted,   get(wallet::ledger)),
        route(Method::GET,    "/api/v1/bookings",                        Identity,   get(booking::list)),
        route(Method::POST,   "/api/v1/admin/concerts",                  Operator,   post(admin::create_concert)),
        route(Method::GET,    "/api/v1/admin/concerts/{id}",             Operator,   get(admin::figures)),
        route(Method::POST,   "/api/v1/admin/concerts/{id}/dates",       Operator,   post(admin::add_date)),
        route(Method::PUT,    "/api/v1/admin/concerts/{id}/sale",        Operator,   put(admin::set_sale)),
        route(Method::PUT,    "/api/v1/admin/concerts/{id}/queue",       Operator,   put(admin::set_queue)),
        route(Method::PUT,    "/api/v1/admin/concerts/{id}/draw",        Operator,   put(draw::set_draw)),
        route(Method::GET,    "/livez",                                  Public,     get(ops::livez)),
        route(Method::GET,    "/readyz",                                 Public,     get(ops::readyz)),
        route(Method::GET,    "/metrics",                                Public,     get(ops::metrics)),
        route(Method::GET,    "/openapi.json",                           Public,     get(docs::openapi)),
    ]
}

async fn not_found() -> Problem {
    Problem::of("not_found")
}

/// Rendered here: the router puts no layer around it.
async fn method_not_allowed(headers: HeaderMap) -> Response {
    Problem::of("method_not_allowed").render(Lang::of(headers.get(ACCEPT_LANGUAGE)))
}

/// The router over all routes.
pub fn router(app: App) -> Router {
    let mut router = Router::new();
    for Route { method, path, handler, .. } in routes() {
        let observer = Observer::new(&app.metrics, &method, path);
        let layer = from_fn(move |request, next| observe(observer.clone(), request, next));
        router = router.route(path, handler.layer(layer));
    }
    let observer = Observer::new(&app.metrics, &Method::OPTIONS, "none");
    let layer = from_fn(move |request, next| observe(observer.clone(), request, next));
    let fallback = Router::new().fallback(not_found).layer(layer.clone()).with_state(());
    let router = router
        .method_not_allowed_fallback(method_not_allowed)
        .fallback_service(fallback)
        .with_state(app);
    // The page only; the document is the route above.
    let config = utoipa_swagger_ui::Config::from("/openapi.json")
        .try_it_out_enabled(true)
        .persist_authorization(true);
    router.merge(SwaggerUi::new("/docs").config(config))
}
