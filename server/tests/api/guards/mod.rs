//! H19: the list of routes, walked. Each guarded route is asked with everything that is not the
//! right credential: each is refused, and the database is the same afterwards.
//!
//! A new route fails here until [`fill`] knows how to ask for it.

mod forged;
mod walk;

use crate::world::{
    Ask, Fan, PASSWORD, Sale, Show, charge, delete, get, id_of, patch, pay, post, put, reserve,
};
use boxoffice_core::id::Uuid;
use boxoffice_core::time::Time;
use boxoffice_server::http::app::new_id;
use boxoffice_server::http::routes::Route;
use boxoffice_server::store::keys::OperatorKeys;
use boxoffice_server::store::sqlite::ApiKeys;
use boxoffice_server::tokens::{Keyring, api_key_hash};
use hyper::Method;
use serde_json::json;

/// What a route is asked about.
pub struct About {
    /// The concert and its date.
    pub show: Show,
    /// Whose balance.
    pub user: Uuid,
    /// Which reservation; for a route about a payment, which payment.
    pub reservation: Uuid,
    /// Which session.
    pub session: Uuid,
    /// Which job.
    pub job: Uuid,
}

/// A request for the route, complete but for the credentials of its guard.
pub fn fill(route: &Route, about: &About) -> Ask {
    let key = new_id().to_string();
    let show = &about.show;
    let nobody = Fan { user: about.user, identity: String::new(), token: String::new() };
    let reservation = format!("/api/v1/reservations/{}", about.reservation);
    let balance = format!("/api/v1/users/{}/balance", about.user);
    let ask = match (route.method.as_str(), route.path) {
        ("POST", "/api/v1/users") => post(route.path)
            .json(&json!({ "username": format!("u-{key}"), "password": "correct horse" })),
        ("POST", "/api/v1/sessions") => {
            post(route.path).json(&json!({ "username": "nobody", "password": "correct horse" }))
        }
        ("POST", "/api/v1/sessions/refresh") => {
            post(route.path).json(&json!({ "refresh_token": "x" }))
        }
        (method, path) if path.starts_with("/api/v1/me") => fill_mine(method, path, about),
        ("GET", "/api/v1/layouts/{sha256}") => get(format!("/api/v1/layouts/{}", "0".repeat(64))),
        ("GET", "/api/v1/concerts") => get(route.path),
        ("GET", "/api/v1/concerts/{id}") => get(show.path("")),
        ("GET", "/api/v1/concerts/{id}/queue") => get(show.path("/queue")),
        ("GET", "/api/v1/posters/{sha256}") => get(format!("/api/v1/posters/{}", "0".repeat(64))),
        ("POST", "/api/v1/concerts/{id}/queue-tokens") => post(show.path("/queue-tokens")),
        ("GET", "/api/v1/queue-tokens/me") => get(route.path),
        ("GET", "/api/v1/queue-tokens/me/events") => get(route.path),
        ("DELETE", "/api/v1/queue-tokens/me") => delete(route.path),
        ("GET", "/api/v1/concerts/{id}/dates") => get(show.path("/dates")),
        ("GET", "/api/v1/concert-dates/{id}/seats") => get(show.seats_path()),
        ("GET", "/api/v1/concert-dates/{id}/seats/events") => {
            get(format!("{}/events", show.seats_path()))
        }
        ("POST", "/api/v1/reservations") => bare(reserve(&nobody, show, &[50])),
        ("GET", "/api/v1/reservations/{id}") => get(reservation),
        ("DELETE", "/api/v1/reservations/{id}") => delete(reservation),
        ("POST", "/api/v1/reservations/{id}/payment") => {
            bare(pay(&nobody, about.reservation, &key))
        }
        ("POST", "/api/v1/users/{id}/balance/charges") => bare(charge(&nobody, 5).key(&key)),
        ("GET", "/api/v1/users/{id}/balance") => get(balance),
        ("GET", "/api/v1/users/{id}/balance/entries") => get(format!("{balance}/entries")),
        ("GET", "/api/v1/bookings" | "/api/v1/ticket-keys") => get(route.path),
        ("GET", "/api/v1/bookings/{id}/tickets") => {
            get(format!("/api/v1/bookings/{}/tickets", about.reservation))
        }
        (_, path) if path.starts_with("/api/v1/admin/") => by_operator(route, about, &key),
        ("GET", "/livez" | "/readyz" | "/metrics" | "/openapi.json") => get(route.path),
        (method, path) => panic!("a new route: tell `fill` how to ask for {method} {path}"),
    };
    assert_eq!((&ask.method, shape(&ask.path)), (&route.method, route.path.to_owned()));
    ask
}

/// A request for an operator's route.
fn by_operator(route: &Route, about: &About, key: &str) -> Ask {
    let show = &about.show;
    let admin = format!("/api/v1/admin/concerts/{}", show.id);
    match (route.method.as_str(), route.path) {
        ("POST", "/api/v1/admin/concerts") => post(route.path).json(&json!({ "name": "N",
            "theater": "T", "run_time_minutes": 90, "opens_at": "2027-01-15T17:00:00Z" })),
        ("GET", "/api/v1/admin/concerts/{id}") => get(admin),
        ("POST", "/api/v1/admin/concerts/{id}/dates") => {
            let seats = json!([{ "from": 1, "to": 2, "zone": "R", "price": 1 }]);
            let date = json!({ "starts_at": "2027-05-01T19:00:00Z", "seats": seats });
            post(format!("{admin}/dates")).json(&date)
        }
        ("PUT", "/api/v1/admin/concerts/{id}/sale") => {
            put(format!("{admin}/sale")).json(&json!({ "open": true }))
        }
        ("PUT", "/api/v1/admin/concerts/{id}/queue") => {
            put(format!("{admin}/queue")).json(&json!({ "paused": true }))
        }
        ("POST", "/api/v1/admin/concerts/{id}/queues") => {
            let queue = json!({ "name": "Fan club", "opens_at": "2027-01-15T17:00:00Z" });
            post(format!("{admin}/queues")).json(&queue)
        }
        ("PUT", "/api/v1/admin/concerts/{id}/draw") => {
            put(format!("{admin}/draw")).json(&json!({ "value": "7f" }))
        }
        (_, "/api/v1/admin/concert-dates/{id}/bookings") => {
            get(format!("/api/v1/admin/concert-dates/{}/bookings", show.dates[0]))
        }
        (_, "/api/v1/admin/concert-dates/{id}/tickets") => {
            get(format!("/api/v1/admin/concert-dates/{}/tickets", show.dates[0]))
        }
        ("POST", "/api/v1/admin/concert-dates/{id}/cancellation") => {
            let path = format!("/api/v1/admin/concert-dates/{}/cancellation", show.dates[0]);
            post(path).json(&json!({ "reason": "The singer is ill." })).key(key)
        }
        ("PUT", "/api/v1/admin/concert-dates/{id}/seats/status") => {
            crate::block::set(show, &[50], "blocked").without("x-api-key")
        }
        (method, path) if path.starts_with("/api/v1/admin/concert-dates/") => {
            let path = format!("/api/v1/admin/concert-dates/{}", show.dates[0]);
            let change = json!({ "seats": [{ "from": 50, "to": 50, "zone": "S", "price": 7 }] });
            if method == "PATCH" { patch(path).json(&change) } else { delete(path) }
        }
        (method, path) if path.starts_with("/api/v1/admin/users/") => {
            let path = path.replace("{id}", &about.user.to_string());
            let money = json!({ "amount": 1, "reason": "a gift" });
            if method == "GET" { get(path) } else { post(path).json(&money).key(key) }
        }
        (method, path) if path.starts_with("/api/v1/admin/payments/") => {
            let path = path.replace("{id}", &about.reservation.to_string());
            let whole = json!({ "reason": "ill", "release_seats": true });
            if method == "GET" { get(path) } else { post(path).json(&whole).key(key) }
        }
        ("PUT", "/api/v1/admin/concerts/{id}/poster") => {
            put(format!("{admin}/poster")).body("image/png", crate::billing::png(600, 800))
        }
        ("DELETE", "/api/v1/admin/concerts/{id}/poster") => delete(format!("{admin}/poster")),
        ("PATCH", "/api/v1/admin/concerts/{id}") => {
            patch(admin).json(&json!({ "time_zone": "Asia/Seoul" }))
        }
        ("DELETE", "/api/v1/admin/concerts/{id}") => delete(admin),
        ("POST", "/api/v1/admin/layouts") => {
            let layout = boxoffice_server::layout::halls::small();
            post(route.path).json(&serde_json::to_value(layout).unwrap())
        }
        ("GET", "/api/v1/admin/events" | "/api/v1/admin/jobs") => get(route.path),
        ("GET", "/api/v1/admin/jobs/{id}") => get(format!("/api/v1/admin/jobs/{}", about.job)),
        (method, path) => panic!("a new route: tell `fill` how to ask for {method} {path}"),
    }
}

/// A request about one's own account.
fn fill_mine(method: &str, path: &str, about: &About) -> Ask {
    match (method, path) {
        ("GET", "/api/v1/me/reservations/{id}") => {
            get(format!("/api/v1/me/reservations/{}", about.reservation))
        }
        ("GET", path) => get(path),
        ("DELETE", "/api/v1/me/sessions" | "/api/v1/me/sessions/current") => delete(path),
        ("DELETE", "/api/v1/me/sessions/{id}") => {
            delete(format!("/api/v1/me/sessions/{}", about.session))
        }
        ("PUT", "/api/v1/me/password") => put(path)
            .json(&json!({ "current_password": PASSWORD, "new_password": "battery staple" })),
        ("DELETE", "/api/v1/me") => {
            delete(path).json(&json!({ "password": PASSWORD, "give_up_balance": 1_000_000_000 }))
        }
        (method, path) => panic!("a new route: tell `fill_mine` how to ask for {method} {path}"),
    }
}

/// Without the credentials that helpers put in for a fan who has none.
fn bare(ask: Ask) -> Ask {
    ask.without("authorization")
}

/// The path with its ids as `{id}`, and hashes as `{sha256}`.
fn shape(path: &str) -> String {
    let part = |part: &str| match part {
        id if Uuid::try_parse(id).is_ok() => "{id}".to_owned(),
        hash if hash.len() == 64 => "{sha256}".to_owned(),
        word => word.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// A sale whose token keys have been rotated twice, with a fan in every state that a fan can be in.
pub struct World {
    pub sale: Sale,
    pub show: Show,
    /// Let in to another concert, in the shop.
    pub elsewhere: Fan,
    pub elsewhere_show: Show,
    pub waiting: Fan,
    pub paid: Fan,
    pub timed_out: Fan,
    pub no_show: Fan,
    pub left: Fan,
    pub left_line: Fan,
    /// Signs with the key of before.
    pub old_keys: Keyring,
}

impl World {
    pub async fn new() -> Self {
        let sale = Sale::new();
        let first = sale.keys();
        let second = first.rotated(Time(1)).unwrap().rotated(Time(2)).unwrap();
        sale.app.keyring.replace(&second);
        second.write(&sale.config.keys_file).unwrap();
        let show = sale.concert(json!({ "shop_seconds": 60, "arrival_grace_seconds": 60 })).await;
        let elsewhere_show = sale.concert(json!({ "shop_seconds": 86_400 })).await;
        let timed_out = sale.buyer(&show).await;
        let no_show = sale.shopper(&show).await;
        sale.pass(60_000);
        let paid = sale.buyer(&show).await;
        let id = sale.hold(&paid, &show, &[1]).await;
        sale.send(pay(&paid, id, "p")).await.want(201);
        let left = sale.buyer(&show).await;
        sale.send(delete("/api/v1/queue-tokens/me").token(&left.token)).await.want(204);
        let elsewhere = sale.buyer(&elsewhere_show).await;

        let queue = put(format!("/api/v1/admin/concerts/{}/queue", show.id)).operator();
        sale.send(queue.clone().json(&json!({ "paused": true }))).await.want(200);
        let (mut waiting, mut left_line) = (sale.fan().await, sale.fan().await);
        sale.join(&mut waiting, &show).await;
        sale.join(&mut left_line, &show).await;
        sale.send(delete("/api/v1/queue-tokens/me").token(&left_line.token)).await.want(204);
        let old_keys = Keyring::new(&first);
        Self {
            sale,
            show,
            elsewhere,
            elsewhere_show,
            waiting,
            paid,
            timed_out,
            no_show,
            left,
            left_line,
            old_keys,
        }
    }

    /// A fan in the shop with money and, where the route is about one, a reservation.
    pub async fn shopper(&self, route: &Route) -> (Fan, About) {
        let show = self.sale.concert(json!({ "draw_beacon": "a pulse" })).await;
        let fan = self.sale.buyer(&show).await;
        let reservation = match route.path {
            "/api/v1/reservations" => new_id(),
            path if path.starts_with("/api/v1/admin/payments/") => {
                let hold = self.sale.hold(&fan, &show, &[1]).await;
                let paid = self.sale.send(pay(&fan, hold, "p")).await.want(201);
                id_of(&paid["payment_id"])
            }
            _ => self.sale.hold(&fan, &show, &[1]).await,
        };
        let of_the_account = ["/api/v1/me", "/api/v1/me/password"].contains(&route.path);
        if route.path.starts_with("/api/v1/me/sessions")
            || (of_the_account && route.method != Method::GET)
        {
            // The password is asked for, and another session is there to be ended.
            let name = format!("m-{}", new_id());
            let (me, other) = (self.sale.member(&name).await, self.sale.sign_in(&name).await);
            let (user, session) = (me.fan.user, other.session);
            let about = About { show, user, reservation, session, job: new_id() };
            return (me.fan, about);
        }
        let job = match route.path {
            "/api/v1/admin/jobs/{id}" => {
                let path = format!("/api/v1/admin/concert-dates/{}/cancellation", show.dates[0]);
                let cancel = post(path).operator().json(&json!({ "reason": "The singer is ill." }));
                let job = self.sale.send(cancel).await.want(202)["job_id"].clone();
                job.as_str().and_then(|id| id.parse().ok()).unwrap()
            }
            _ => new_id(),
        };
        let about = About { show, user: fan.user, reservation, session: new_id(), job };
        (fan, about)
    }

    /// A key that was revoked.
    pub fn revoked_key(&self) -> &'static str {
        let mut keys = ApiKeys::open(&self.sale.files()).unwrap();
        let (id, secret) = (new_id(), "bo_revoked");
        keys.create(id, "old", &api_key_hash(secret), Time(1)).unwrap();
        assert!(keys.revoke(id, Time(2)).unwrap());
        secret
    }
}
