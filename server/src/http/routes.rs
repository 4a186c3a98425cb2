//! The list of routes: every address, what guards it, and its handler. A test walks it, so that no
//! guarded route can be forgotten.

use super::docs::takes_query;
use super::edge::edge;
use super::extract::no_query;
use super::limits::Class;
use super::observe::{Observer, observe};
use super::pages::{documents, without_slash};
use super::problem::{Code, Problem, TABLE};
use super::{
    App, account, admin, block, booking, concert, docs, draw, edit, event, export, funds, job,
    layout, me, my_sessions, ops, payment, poster, push, queue, queues, refund, reservation, sale,
    seat, session, ticket, user, wallet, web,
};
use crate::metrics::CodeLabel;
use crate::origins::Origins;
use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, patch, post, put};
use hyper::{HeaderMap, Method, StatusCode, Uri};
use std::sync::Arc;

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
    /// What limits it.
    pub class: Class,
    handler: MethodRouter<App>,
}

fn route(
    method: Method,
    path: &'static str,
    guard: Guard,
    class: Class,
    handler: MethodRouter<App>,
) -> Route {
    Route { method, path, guard, class, handler }
}

/// Every route.
#[must_use]
pub fn routes() -> Vec<Route> {
    let mut all = routes_of_all();
    all.extend(routes_of_operators());
    all
}

#[rustfmt::skip]
fn routes_of_operators() -> Vec<Route> {
    use Guard::Operator;
    vec![
        route(Method::POST,   "/api/v1/admin/concerts",                  Operator,   Class::Operator, post(admin::create_concert)),
        route(Method::GET,    "/api/v1/admin/concerts/{id}",             Operator,   Class::Operator, get(admin::figures)),
        route(Method::PATCH,  "/api/v1/admin/concerts/{id}",             Operator,   Class::Operator, patch(edit::change_concert)),
        route(Method::DELETE, "/api/v1/admin/concerts/{id}",             Operator,   Class::Operator, delete(edit::delete_concert)),
        route(Method::PUT,    "/api/v1/admin/concerts/{id}/poster",      Operator,   Class::Operator, put(poster::upload)),
        route(Method::DELETE, "/api/v1/admin/concerts/{id}/poster",      Operator,   Class::Operator, delete(poster::remove)),
        route(Method::PATCH,  "/api/v1/admin/concert-dates/{id}",        Operator,   Class::Operator, patch(edit::change_date)),
        route(Method::DELETE, "/api/v1/admin/concert-dates/{id}",        Operator,   Class::Operator, delete(edit::delete_date)),
        route(Method::PUT,    "/api/v1/admin/concert-dates/{id}/seats/status", Operator, Class::Operator, put(block::set_seats)),
        route(Method::GET,    "/api/v1/admin/concert-dates/{id}/bookings", Operator, Class::Operator, get(export::date_bookings)),
        route(Method::GET,    "/api/v1/admin/concert-dates/{id}/tickets", Operator,  Class::Operator, get(ticket::of_date)),
        route(Method::GET,    "/api/v1/admin/users/{id}/balance",        Operator,   Class::Operator, get(funds::user_balance)),
        route(Method::POST,   "/api/v1/admin/users/{id}/balance/credits", Operator,  Class::Operator, post(funds::credit_balance)),
        route(Method::POST,   "/api/v1/admin/users/{id}/balance/debits", Operator,   Class::Operator, post(funds::debit_balance)),
        route(Method::GET,    "/api/v1/admin/payments/{id}",             Operator,   Class::Operator, get(refund::show_payment)),
        route(Method::POST,   "/api/v1/admin/payments/{id}/refunds",     Operator,   Class::Operator, post(refund::refund_payment)),
        route(Method::POST,   "/api/v1/admin/concerts/{id}/dates",       Operator,   Class::Operator, post(admin::add_date)),
        route(Method::PUT,    "/api/v1/admin/concerts/{id}/sale",        Operator,   Class::Operator, put(sale::set_sale)),
        route(Method::PUT,    "/api/v1/admin/concerts/{id}/queue",       Operator,   Class::Operator, put(admin::set_queue)),
        route(Method::POST,   "/api/v1/admin/concerts/{id}/queues",      Operator,   Class::Operator, post(queues::add_queue)),
        route(Method::PUT,    "/api/v1/admin/concerts/{id}/draw",        Operator,   Class::Operator, put(draw::set_draw)),
        route(Method::POST,   "/api/v1/admin/concert-dates/{id}/cancellation", Operator, Class::Operator, post(job::cancel_date)),
        route(Method::POST,   "/api/v1/admin/layouts",                   Operator,   Class::Operator, post(layout::add)),
        route(Method::GET,    "/api/v1/admin/jobs",                      Operator,   Class::Operator, get(job::list)),
        route(Method::GET,    "/api/v1/admin/jobs/{id}",                 Operator,   Class::Operator, get(job::show)),
        route(Method::GET,    "/api/v1/admin/events",                    Operator,   Class::Operator, get(event::list)),
    ]
}

#[rustfmt::skip]
fn routes_of_all() -> Vec<Route> {
    use Class::{Account, Browse, Free, Hold, Join, Map, Pay, PlaceStream, Poll, Read, Refresh, SeatStream, SignIn, SignUp};
    use Guard::{Admitted, Identity, Public, QueueToken};
    let watched = Free("balancers look here, during a flood most of all; what is told is in memory");
    vec![
        route(Method::POST,   "/api/v1/users",                           Public,     SignUp,  post(user::register)),
        route(Method::POST,   "/api/v1/sessions",                        Public,     SignIn,  post(session::sign_in)),
        route(Method::POST,   "/api/v1/sessions/refresh",                Public,     Refresh, post(session::refresh)),
        route(Method::GET,    "/api/v1/me/sessions",                     Identity,   Read,    get(my_sessions::list)),
        route(Method::DELETE, "/api/v1/me/sessions",                     Identity,   Refresh, delete(my_sessions::end_others)),
        route(Method::DELETE, "/api/v1/me/sessions/current",             Identity,   Refresh, delete(my_sessions::sign_out)),
        route(Method::DELETE, "/api/v1/me/sessions/{id}",                Identity,   Refresh, delete(my_sessions::end_one)),
        route(Method::PUT,    "/api/v1/me/password",                     Identity,   Account, put(account::set_password)),
        route(Method::DELETE, "/api/v1/me",                              Identity,   Account, delete(account::delete)),
        route(Method::GET,    "/api/v1/layouts/{sha256}",                Public,     Browse,  get(layout::show)),
        route(Method::GET,    "/api/v1/concerts",                        Public,     Browse,  get(concert::list)),
        route(Method::GET,    "/api/v1/concerts/{id}",                   Public,     Browse,  get(concert::show)),
        route(Method::GET,    "/api/v1/posters/{sha256}",                Public,     Browse,  get(poster::show)),
        route(Method::GET,    "/api/v1/concerts/{id}/queue",             Public,     Browse,  get(concert::queue)),
        route(Method::POST,   "/api/v1/concerts/{id}/queue-tokens",      Identity,   Join,    post(queue::join)),
        route(Method::GET,    "/api/v1/queue-tokens/me",                 QueueToken, Poll,    get(queue::poll)),
        route(Method::GET,    "/api/v1/queue-tokens/me/events",          QueueToken, PlaceStream, get(push::place::place_events)),
        route(Method::DELETE, "/api/v1/queue-tokens/me",                 QueueToken, Join,    delete(queue::leave)),
        route(Method::GET,    "/api/v1/concerts/{id}/dates",             Admitted,   Read,    get(concert::dates)),
        route(Method::GET,    "/api/v1/concert-dates/{id}/seats",        Admitted,   Map,     get(seat::map)),
        route(Method::GET,    "/api/v1/concert-dates/{id}/seats/events", Admitted,   SeatStream, get(push::seats::seat_events)),
        route(Method::POST,   "/api/v1/reservations",                    Admitted,   Hold,    post(reservation::reserve)),
        route(Method::GET,    "/api/v1/reservations/{id}",               Admitted,   Read,    get(reservation::show)),
        route(Method::DELETE, "/api/v1/reservations/{id}",               Admitted,   Hold,    delete(reservation::cancel)),
        route(Method::POST,   "/api/v1/reservations/{id}/payment",       Admitted,   Pay,     post(payment::pay)),
        route(Method::POST,   "/api/v1/users/{id}/balance/charges",      Admitted,   Pay,     post(wallet::charge)),
        route(Method::GET,    "/api/v1/users/{id}/balance",              Admitted,   Read,    get(wallet::balance)),
        route(Method::GET,    "/api/v1/users/{id}/balance/entries",      Admitted,   Read,    get(wallet::ledger)),
        route(Method::GET,    "/api/v1/bookings",                        Identity,   Read,    get(booking::list)),
        route(Method::GET,    "/api/v1/bookings/{id}/tickets",           Identity,   Read,    get(ticket::of_booking)),
        route(Method::GET,    "/api/v1/ticket-keys",                     Public,     Browse,  get(ticket::keys)),
        route(Method::GET,    "/api/v1/me",                              Identity,   Read,    get(me::profile)),
        route(Method::GET,    "/api/v1/me/reservations",                 Identity,   Read,    get(me::my_reservations)),
        route(Method::GET,    "/api/v1/me/reservations/{id}",            Identity,   Read,    get(me::my_reservation)),
        route(Method::GET,    "/api/v1/me/holds",                        Identity,   Read,    get(me::my_holds)),
        route(Method::GET,    "/api/v1/me/bookings",                     Identity,   Read,    get(me::my_bookings)),
        route(Method::GET,    "/api/v1/me/balance",                      Identity,   Read,    get(me::my_balance)),
        route(Method::GET,    "/api/v1/me/balance/entries",              Identity,   Read,    get(me::my_ledger)),
        route(Method::GET,    "/livez",                                  Public,     watched, get(ops::livez)),
        route(Method::GET,    "/readyz",                                 Public,     watched, get(ops::readyz)),
        route(Method::GET,    "/metrics",                                Public,     Class::Operator, get(ops::metrics)),
        route(Method::GET,    "/openapi.json",                           Public,     Class::Operator, get(docs::openapi)),
    ]
}

/// An address that only has slashes too many is led to the right one.
fn not_found(uri: &Uri, routes: &[&str]) -> Response {
    let led = without_slash(uri.path(), uri.query(), routes);
    led.unwrap_or_else(|| Problem::of(Code::NotFound).into_response())
}

/// Who is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everybody, with everything.
    All,
    /// The public, without what is the operators': their routes, the documents, the metrics.
    Public,
}

impl Reach {
    fn has(self, route: &Route) -> bool {
        self == Self::All
            || (route.guard != Guard::Operator
                && !matches!(route.path, "/metrics" | "/openapi.json"))
    }
}

/// What there is no handler for. Which methods there are the router says of every such answer.
async fn method_not_allowed(method: Method) -> Response {
    match method {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => Problem::of(Code::MethodNotAllowed).into_response(),
    }
}

/// The router over all routes, for pages of this origin.
pub fn router(app: App) -> Router {
    router_for(app, Reach::All, Origins::default())
}

/// The router over the routes of this reach, for pages of these origins beside its own.
pub fn router_for(app: App, reach: Reach, origins: Origins) -> Router {
    for entry in TABLE {
        drop(app.metrics.problems.get_or_create(&CodeLabel { code: entry.code.as_str() }));
    }
    let mut router = Router::new();
    let (mut paths, mut streams) = (Vec::new(), Vec::new());
    for route in routes().into_iter().filter(|route| reach.has(route)) {
        let Route { method, path, class, handler, .. } = route;
        let handler = if takes_query(&method, path) {
            handler
        } else {
            handler.route_layer(from_fn(no_query))
        };
        let observer = Observer::new(&app, &method, path, class);
        let layer = from_fn(move |request, next| observe(observer.clone(), request, next));
        router = router.route(path, handler.layer(layer));
        paths.push(path);
        if class.is_stream() {
            streams.push(path);
        }
    }
    let observer = Observer::new(&app, &Method::OPTIONS, "none", Class::Browse);
    let layer = from_fn(move |request, next| observe(observer.clone(), request, next));
    paths.extend(web::PAGES);
    let paths: Arc<[&str]> = paths.into();
    let elsewhere = move |method: Method, uri: Uri, headers: HeaderMap| {
        let paths = Arc::clone(&paths);
        async move {
            // A browser's preflight is led nowhere.
            let led = not_found(&uri, if method == Method::OPTIONS { &[] } else { &paths });
            let is_led = led.status().is_redirection();
            let shown = !is_led && web::is_for_page(&method, uri.path(), &headers);
            if shown { web::no_page(&headers) } else { led }
        }
    };
    let fallback = Router::new().fallback(elsewhere).layer(layer.clone()).with_state(());
    for (pages, name) in [(web::pages(), "/"), (web::assets(), web::FILE)] {
        let observer = Observer::new(&app, &Method::GET, name, Class::Browse);
        let observed = from_fn(move |request, next| observe(observer.clone(), request, next));
        router = router.merge(pages.layer(observed));
    }
    if reach == Reach::All {
        let observer = Observer::new(&app, &Method::GET, "/docs", Class::Operator);
        let observed = from_fn(move |request, next| observe(observer.clone(), request, next));
        router = router.merge(documents().layer(observed));
    }
    let router = router
        .method_not_allowed_fallback(Handler::<_, App>::layer(method_not_allowed, layer))
        .fallback_service(fallback)
        .with_state(app);
    let known = Arc::new((origins, streams));
    // Around all of it: a layer of the router itself would be inside of what names the allowed methods.
    Router::new().fallback_service(router).layer(from_fn(move |request, next| {
        let known = Arc::clone(&known);
        async move { edge(&known.0, &known.1, request, next).await }
    }))
}
