//! Fans and what they do, and the show that they do it for.

use super::ask::{Ask, Seen, get, post};
use super::{START, Sale};
use boxoffice_core::command::Command;
use boxoffice_core::id::{SessionId, UserId, Uuid};
use boxoffice_core::session::Issue;
use boxoffice_core::time::Time;
use boxoffice_core::user::Register;
use boxoffice_server::http::app::new_id;
use boxoffice_server::http::view::stamp;
use boxoffice_server::tokens::{QueueClaims, Use};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Somebody with an account, signed in.
#[derive(Clone, Debug)]
pub struct Fan {
    pub user: Uuid,
    pub identity: String,
    /// The queue token; empty until the fan has joined.
    pub token: String,
}

/// Somebody who signed up and in as people do.
#[derive(Clone, Debug)]
pub struct Member {
    pub fan: Fan,
    pub session: Uuid,
    pub refresh: String,
}

/// What every member signs in with.
pub const PASSWORD: &str = "correct horse";

/// A concert with its dates.
#[derive(Clone, Debug)]
pub struct Show {
    pub id: Uuid,
    pub dates: Vec<Uuid>,
}

impl Show {
    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/concerts/{}{rest}", self.id)
    }

    pub fn seats_path(&self) -> String {
        format!("/api/v1/concert-dates/{}/seats", self.dates[0])
    }
}

pub fn id_of(value: &Value) -> Uuid {
    Uuid::parse_str(value.as_str().expect("an id")).unwrap()
}

impl Sale {
    /// A concert as the operator makes it: open, one date with seats 1 to 50 at 150,000. `change`
    /// names what is to be otherwise.
    pub async fn concert(&self, change: Value) -> Show {
        let mut body = json!({
            "name": "Moonlight Parade", "theater": "Hangang Hall", "run_time_minutes": 120,
            "opens_at": stamp(Time(START)),
            "dates": [{
                "starts_at": "2027-05-01T19:00:00+09:00",
                "seats": [{ "from": 1, "to": 50, "zone": "R", "price": 150_000 }],
            }],
        });
        let Value::Object(change) = change else { panic!("an object") };
        body.as_object_mut().unwrap().extend(change);
        let made = self.send(post("/api/v1/admin/concerts").operator().json(&body)).await;
        let made = made.want(201);
        let dates = made["concert_date_ids"].as_array().unwrap().iter().map(id_of).collect();
        Show { id: id_of(&made["concert_id"]), dates }
    }

    /// An account without the cost of a password.
    pub async fn fan(&self) -> Fan {
        let user = UserId(new_id());
        let command = Command::Register(Register {
            user,
            username: format!("fan-{user}"),
            look: format!("fan-{user}"),
            password_hash: "none".into(),
        });
        self.app.outcome(command, None).await.expect("registered");
        Fan { user: user.0, identity: self.identity(user.0), token: String::new() }
    }

    /// Somebody with a name and a password, signed in.
    pub async fn member(&self, name: &str) -> Member {
        let account = json!({ "username": name, "password": PASSWORD });
        self.send(post("/api/v1/users").json(&account)).await.want(201);
        self.sign_in(name).await
    }

    /// The same person once more, from another device.
    pub async fn sign_in(&self, name: &str) -> Member {
        let account = json!({ "username": name, "password": PASSWORD });
        let made = self.send(post("/api/v1/sessions").json(&account)).await.want(201);
        Member::of(&made)
    }

    /// An identity token for a user.
    pub fn identity(&self, user: Uuid) -> String {
        let (now, ttl) = (self.app.clock.now(), self.app.token_times.access_ttl_ms);
        self.app.keyring.identity(Use::Identity, UserId(user), now, ttl).unwrap()
    }

    /// The cookie of a browser in which the user is signed in, as it is sent.
    pub fn cookie(&self, user: Uuid) -> String {
        let now = self.app.clock.now();
        let issue = Issue {
            session_id: SessionId(new_id()),
            user_id: UserId(user),
            generation: 0,
            at: now,
            refresh_until: now.plus_ms(self.app.token_times.refresh_ttl_ms),
        };
        format!("{}={}", self.app.session_cookie.name(), self.app.keyring.cookie(&issue).unwrap())
    }

    /// Many accounts. They have no row: no rule of the sale asks for one.
    pub fn fans(&self, count: usize) -> Vec<Fan> {
        let fan = |_| {
            let user = new_id();
            Fan { user, identity: self.identity(user), token: String::new() }
        };
        (0..count).map(fan).collect()
    }

    /// The fan joins, and keeps the token.
    pub async fn join(&self, fan: &mut Fan, show: &Show) -> Value {
        let seen = self.send(post(show.path("/queue-tokens")).identity(&fan.identity)).await;
        assert!(matches!(seen.status, 200 | 201), "{}", seen.shown());
        let view = seen.json();
        view["token"].as_str().unwrap().clone_into(&mut fan.token);
        view
    }

    /// All join at once.
    pub async fn join_all(&self, fans: &mut [Fan], show: &Show) {
        let ask = |fan: &Fan| post(show.path("/queue-tokens")).identity(&fan.identity);
        let seen = self.all(fans.iter().map(ask)).await;
        for (fan, seen) in fans.iter_mut().zip(seen) {
            seen.want(201)["token"].as_str().unwrap().clone_into(&mut fan.token);
        }
    }

    /// A fan who has been let in.
    pub async fn shopper(&self, show: &Show) -> Fan {
        let mut fan = self.fan().await;
        let view = self.join(&mut fan, show).await;
        assert_eq!(view["state"], "admitted", "{view}");
        fan
    }

    /// A fan who has been let in, with money.
    pub async fn buyer(&self, show: &Show) -> Fan {
        let fan = self.shopper(show).await;
        self.send(charge(&fan, 1_000_000).key("first-money")).await.want(201);
        fan
    }

    /// Holds seats; returns the reservation's id.
    pub async fn hold(&self, fan: &Fan, show: &Show, seats: &[u32]) -> Uuid {
        let view = self.send(reserve(fan, show, seats)).await.want(201);
        id_of(&view["reservation_id"])
    }

    /// What a poll says.
    pub async fn poll(&self, fan: &Fan) -> Value {
        self.send(get("/api/v1/queue-tokens/me").token(&fan.token)).await.want(200)
    }

    /// The claims of a fan's queue token.
    pub fn claims(&self, fan: &Fan) -> QueueClaims {
        self.app.keyring.verify_queue(&fan.token, self.app.clock.now()).expect("a genuine token")
    }

    /// The state of a seat as the fan sees it.
    pub async fn seat(&self, fan: &Fan, show: &Show, number: usize) -> String {
        let map = self.send(get(show.seats_path()).by(fan)).await.want(200);
        map["seats"][number - 1]["status"].as_str().unwrap().to_owned()
    }

    /// What the operator sees.
    pub async fn figures(&self, show: &Show) -> Value {
        let path = format!("/api/v1/admin/concerts/{}", show.id);
        self.send(get(path).operator()).await.want(200)
    }

    /// Many ticks at once.
    pub async fn ticks(&self, count: u64) {
        let mut ticks = JoinSet::new();
        for number in 0..count {
            let ticker = boxoffice_server::tick::Ticker {
                read_model: self.ticker.read_model.clone(),
                write_path: self.ticker.write_path.clone(),
                clock: self.ticker.clock.clone(),
                metrics: self.ticker.metrics.clone(),
                pressure: self.ticker.pressure.clone(),
            };
            ticks.spawn(async move { ticker.tick(number).await });
        }
        ticks.join_all().await;
    }
}

impl Member {
    /// From the answer to signing in or renewing.
    pub fn of(made: &Value) -> Self {
        let text = |member: &str| made[member].as_str().unwrap().to_owned();
        let user = id_of(&made["user_id"]);
        let fan = Fan { user, identity: text("access_token"), token: String::new() };
        let session = id_of(&made["session_id"]);
        Self { fan, session, refresh: text("refresh_token") }
    }
}

/// To hold seats of the show's first date.
pub fn reserve(fan: &Fan, show: &Show, seats: &[u32]) -> Ask {
    let body = json!({ "concert_date_id": show.dates[0], "seat_numbers": seats });
    post("/api/v1/reservations").by(fan).json(&body)
}

/// To pay.
pub fn pay(fan: &Fan, reservation: Uuid, key: &str) -> Ask {
    post(format!("/api/v1/reservations/{reservation}/payment")).by(fan).key(key)
}

/// To add money; the key is still to be given.
pub fn charge(fan: &Fan, amount: i64) -> Ask {
    let path = format!("/api/v1/users/{}/balance/charges", fan.user);
    post(path).by(fan).json(&json!({ "amount": amount }))
}

/// How many answers have this status.
pub fn count(seen: &[Seen], status: u16) -> usize {
    seen.iter().filter(|seen| seen.status == status).count()
}
