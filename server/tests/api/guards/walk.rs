//! The walk.

use super::{About, World, fill, forged};
use crate::world::{Ask, Fan, Sale, Seen, delete, get, pay, put};
use boxoffice_core::id::ConcertId;
use boxoffice_core::time::Time;
use boxoffice_server::cookie::SessionCookie;
use boxoffice_server::http::app::new_id;
use boxoffice_server::http::routes::{Guard, Route, routes};
use hyper::Method;
use serde_json::json;

fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

fn guarded_by(guard: Guard) -> impl Iterator<Item = Route> {
    routes().into_iter().filter(move |route| route.guard == guard)
}

impl World {
    /// Asks what must be refused with one of these statuses, and change nothing.
    async fn refused(&self, route: &Route, what: &str, ask: Ask, statuses: &[u16]) -> Seen {
        let before = self.sale.dump();
        let seen = self.sale.send(ask).await;
        let name = name(route);
        assert!(statuses.contains(&seen.status), "{name}, {what}: {}", seen.shown());
        assert!(!seen.code().is_empty(), "{name}, {what}: {}", seen.shown());
        assert!(self.sale.dump() == before, "{name}, {what}: the database has changed");
        seen
    }

    /// No cookie that is not genuine is one; a genuine one is refused where another site sends it, and beside a
    /// token that is not genuine.
    async fn cookies(&self, route: &Route, fan: &Fan, ask: &Ask) {
        let name = SessionCookie::Secure.name();
        let own = |ask: &Ask| ask.clone().header("sec-fetch-site", "same-origin");
        let mut forged = forged::identities(&self.sale, &self.old_keys, fan);
        forged.push(("an access token", fan.identity.clone()));
        for (what, token) in forged {
            let ask = own(ask).header("cookie", &format!("{name}={token}"));
            self.refused(route, what, ask, &[401]).await.refused(401, "identity_invalid");
        }
        let cookie = self.sale.cookie(fan.user);
        let both = own(ask).header("cookie", &cookie).identity("nonsense");
        self.refused(route, "both", both, &[401]).await.refused(401, "identity_invalid");
        let as_bearer = cookie.split_once('=').map(|(_, token)| ask.clone().identity(token));
        let seen = self.refused(route, "as bearer", as_bearer.unwrap(), &[401]).await;
        seen.refused(401, "identity_invalid");
        for site in ["cross-site", "same-site", ""] {
            let ask = ask.clone().header("cookie", &cookie).header("sec-fetch-site", site);
            self.refused(route, site, ask, &[403]).await.refused(403, "cross_site");
        }
        if route.method != Method::GET {
            let ask = ask.clone().header("cookie", &cookie);
            self.refused(route, "by nobody", ask, &[403]).await.refused(403, "cross_site");
        }
    }

    /// With the right credentials the same request is let through: it was the guard that refused.
    async fn let_through(&self, route: &Route, ask: Ask) {
        let seen = self.sale.send(ask).await;
        assert!((200..300).contains(&seen.status), "{}: {}", name(route), seen.shown());
    }
}

/// H19, H26: routes for the admitted. Which code says it is told by the state of the token; a
/// reservation that is nobody's or somebody else's is not told apart.
#[tokio::test]
async fn routes_for_the_admitted() {
    let world = World::new().await;
    let mut walked = 0;
    for route in guarded_by(Guard::Admitted) {
        let (fan, about) = world.shopper(&route).await;
        let ask = || fill(&route, &about);
        world.refused(&route, "nothing", ask(), &[401]).await.refused(401, "identity_required");
        let no_token = ask().identity(&fan.identity);
        world.refused(&route, "no token", no_token, &[401]).await;
        let no_identity = ask().token(&fan.token);
        world.refused(&route, "no identity", no_identity, &[401]).await;
        for (what, token) in forged::identities(&world.sale, &world.old_keys, &fan) {
            let ask = ask().identity(&token).token(&fan.token);
            world.refused(&route, what, ask, &[401]).await.refused(401, "identity_invalid");
        }
        for (what, token) in forged::queue_tokens(&world.sale, &world.old_keys, &fan) {
            let ask = ask().identity(&fan.identity).token(&token);
            world.refused(&route, what, ask, &[401]).await.refused(401, "queue_token_invalid");
        }
        genuine_but_wrong(&world, &route, &fan, &about).await;
        other_states(&world, &route).await;
        world.cookies(&route, &fan, &ask().token(&fan.token)).await;
        world.let_through(&route, ask().by(&fan)).await;
        walked += 1;
    }
    assert!(walked >= 9, "the walk has lost its routes: {walked}");
}

/// Tokens of this server that are not this fan's, not for this concert, or name no place.
async fn genuine_but_wrong(world: &World, route: &Route, fan: &Fan, about: &About) {
    let keyring = &world.sale.app.keyring;
    let ask = |token: &str| fill(route, about).identity(&fan.identity).token(token);
    let of_another = world.refused(route, "another's", ask(&world.elsewhere.token), &[403]).await;
    of_another.refused(403, "queue_token_of_another_user");
    let mut claims = world.sale.claims(fan);
    claims.sequence = 1_000;
    let token = keyring.queue(&claims).unwrap();
    let no_place = world.refused(route, "no such place", ask(&token), &[403]).await;
    no_place.refused(403, "queue_token_unknown");
    claims.concert = ConcertId(new_id());
    let token = keyring.queue(&claims).unwrap();
    world.refused(route, "no such concert", ask(&token), &[403]).await;
    another_concert(world, route, fan, about).await;
}

/// The fan's own, live token of another concert. Where the route is about a concert, it is refused:
/// with 403 where the path or the body names it, with 404 where it names a reservation, which that
/// token does not see. Money is of no concert: any admission opens its routes.
async fn another_concert(world: &World, route: &Route, fan: &Fan, about: &About) {
    if route.path.starts_with("/api/v1/users/{id}/balance") {
        return;
    }
    let mut there = Fan { token: String::new(), ..fan.clone() };
    world.sale.join(&mut there, &world.elsewhere_show).await;
    let arrive = get(world.elsewhere_show.path("/dates")).by(&there);
    world.sale.send(arrive).await.want(200);
    let names_reservation = route.path.starts_with("/api/v1/reservations/{id}");
    let status = if names_reservation { 404 } else { 403 };
    let ask = fill(route, about).by(&there);
    let seen = world.refused(route, "another concert's", ask, &[status]).await;
    let code =
        if names_reservation { "reservation_not_found" } else { "queue_token_of_another_concert" };
    seen.refused(status, code);
}

/// Fans who wait, or have been in the shop. The reservation is nobody's: a fan's own that is over
/// says how it ended, which [`a_reservation_that_is_over_says_so`] looks at.
async fn other_states(world: &World, route: &Route) {
    let waiting = [("waiting", &world.waiting)];
    let over = [
        ("paid", &world.paid),
        ("timed out", &world.timed_out),
        ("never came", &world.no_show),
        ("left the shop", &world.left),
        ("left the line", &world.left_line),
    ];
    let states = waiting.map(|(what, fan)| (what, fan, "not_admitted"));
    let states =
        states.into_iter().chain(over.map(|(what, fan)| (what, fan, "queue_token_expired")));
    for (what, fan, code) in states {
        let about = About {
            show: world.show.clone(),
            user: fan.user,
            reservation: new_id(),
            session: new_id(),
            job: new_id(),
        };
        let ask = fill(route, &about).by(fan);
        world.refused(route, what, ask, &[403]).await.refused(403, code);
    }
}

/// H12, H19: with a token that is used up, a retry learns what became of the reservation; nothing
/// else happens.
#[tokio::test]
async fn a_reservation_that_is_over_says_so() {
    let world = World::new().await;
    let by_id = |route: &Route| route.path.contains("/reservations/{id}");
    let (fan, about) = world.shopper(&guarded_by(Guard::Admitted).find(by_id).unwrap()).await;
    let sale = &world.sale;
    sale.send(pay(&fan, about.reservation, "p")).await.want(201);
    let before = sale.dump();
    for route in guarded_by(Guard::Admitted).filter(by_id) {
        let seen = sale.send(fill(&route, &about).by(&fan)).await;
        let code = if route.method == "GET" { "queue_token_expired" } else { "already_paid" };
        assert_eq!(seen.code(), code, "{}", name(&route));
    }
    assert!(sale.dump() == before);
}

/// H19: routes for the signed in.
#[tokio::test]
async fn routes_for_the_signed_in() {
    let world = World::new().await;
    for route in guarded_by(Guard::Identity) {
        let (fan, about) = world.shopper(&route).await;
        let ask = || fill(&route, &about);
        world.refused(&route, "nothing", ask(), &[401]).await.refused(401, "identity_required");
        let other_scheme = ask().header("authorization", &format!("Basic {}", fan.identity));
        world.refused(&route, "another scheme", other_scheme, &[401]).await;
        for (what, token) in forged::identities(&world.sale, &world.old_keys, &fan) {
            let seen = world.refused(&route, what, ask().identity(&token), &[401]).await;
            seen.refused(401, "identity_invalid");
        }
        world.cookies(&route, &fan, &ask()).await;
        world.let_through(&route, ask().identity(&fan.identity)).await;
    }
}

/// H19: routes for who has a queue token, in whatever state: a token tells its own end.
#[tokio::test]
async fn routes_for_a_place_in_line() {
    let world = World::new().await;
    for route in guarded_by(Guard::QueueToken) {
        let (fan, about) = world.shopper(&route).await;
        let ask = || fill(&route, &about);
        let nothing = world.refused(&route, "nothing", ask().identity(&fan.identity), &[401]);
        nothing.await.refused(401, "queue_token_required");
        for (what, token) in forged::queue_tokens(&world.sale, &world.old_keys, &fan) {
            let seen = world.refused(&route, what, ask().token(&token), &[401]).await;
            seen.refused(401, "queue_token_invalid");
        }
        let mut claims = world.sale.claims(&fan);
        claims.sequence = 1_000;
        let token = world.sale.app.keyring.queue(&claims).unwrap();
        let seen = world.refused(&route, "no such place", ask().token(&token), &[403]).await;
        seen.refused(403, "queue_token_unknown");
        world.let_through(&route, ask().token(&fan.token)).await;
    }
}

/// H19: routes for operators. A fan is none, whatever the fan brings.
#[tokio::test]
async fn routes_for_operators() {
    let world = World::new().await;
    let revoked = world.revoked_key();
    for route in guarded_by(Guard::Operator) {
        let (fan, about) = world.shopper(&route).await;
        let ask = || fill(&route, &about);
        let seen = world.refused(&route, "nothing", ask(), &[401]).await;
        seen.refused(401, "operator_key_required");
        world.refused(&route, "a fan", ask().by(&fan), &[401]).await;
        for key in ["", "nonsense", revoked, &fan.identity] {
            let seen = world.refused(&route, key, ask().header("x-api-key", key), &[401]).await;
            seen.refused(401, "operator_key_invalid");
        }
        if route.method == "DELETE" {
            // Nothing is deleted of which something is held, and no concert whose sale is open.
            let hold = format!("/api/v1/reservations/{}", about.reservation);
            world.sale.send(delete(hold).by(&fan)).await.want(204);
            let close = put(format!("/api/v1/admin/concerts/{}/sale", about.show.id)).operator();
            world.sale.send(close.json(&json!({ "open": false }))).await.want(200);
        }
        world.let_through(&route, ask().operator()).await;
    }
}

/// Routes for everyone ask for nothing.
#[tokio::test]
async fn routes_for_everyone() {
    let world = World::new().await;
    for route in guarded_by(Guard::Public) {
        let (_, about) = world.shopper(&route).await;
        let seen = world.sale.send(fill(&route, &about)).await;
        let asked_for_password = route.path.starts_with("/api/v1/sessions");
        assert_eq!(seen.status == 401, asked_for_password, "{}: {}", name(&route), seen.shown());
        assert_ne!(seen.code(), "identity_required", "{}", name(&route));
    }
}

/// A query parameter that a route does not have is refused by every route, as an unknown member of a body is: whoever
/// misspells one is told, and nothing is done.
#[tokio::test]
async fn no_route_takes_an_unknown_query_parameter() {
    let world = World::new().await;
    for route in routes() {
        let (fan, about) = world.shopper(&route).await;
        let ask = fill(&route, &about);
        let ask = match route.guard {
            Guard::Public => ask,
            Guard::Operator => ask.operator(),
            Guard::QueueToken => ask.token(&fan.token),
            Guard::Identity => ask.identity(&fan.identity),
            Guard::Admitted => ask.by(&fan),
        };
        let mut ask = ask;
        ask.path.push_str("?no_such=1");
        let seen = world.refused(&route, "a query", ask, &[400]).await;
        seen.refused(400, "invalid_query");
        assert!(seen.shown().contains("no_such"), "{}: {}", name(&route), seen.shown());
    }
    world.sale.send(get("/livez?")).await.want(200);
}

/// After one rotation the tokens of before still count; after the second they don't.
#[tokio::test]
async fn a_key_lives_through_one_rotation() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let ask = || get(show.path("/dates")).by(&fan);
    sale.send(ask()).await.want(200);
    let once = sale.keys().rotated(Time(1)).unwrap();
    sale.app.keyring.replace(&once);
    sale.send(ask()).await.want(200);
    sale.app.keyring.replace(&once.rotated(Time(2)).unwrap());
    sale.send(ask()).await.refused(401, "identity_invalid");
    sale.send(ask().without("authorization").identity(&sale.identity(fan.user)))
        .await
        .refused(401, "queue_token_invalid");
}
