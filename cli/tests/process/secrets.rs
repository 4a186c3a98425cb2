//! What the log never holds, however much it is asked to tell: cookies, tokens, passwords, keys.

use crate::client::{Answer, Ask, Client};
use crate::runtime;
use crate::sandbox::{Sandbox, open_sale};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// What must not be in the log, each with its name.
#[derive(Default)]
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    /// One more, which is returned.
    fn note(&mut self, name: &'static str, secret: impl Into<String>) -> String {
        let secret = secret.into();
        assert!(secret.len() >= 8, "{name}: {secret:?} could be in the log by chance");
        self.0.push((name, secret.clone()));
        secret
    }

    /// A token: each part of it by itself, too.
    fn token(&mut self, name: &'static str, answer: &Answer, member: &str) -> String {
        let token = answer.text(member);
        for part in token.split('.') {
            // The first part of all tokens of a kind is the same, and names the kind alone.
            if part.len() >= 20 {
                self.note(name, part);
            }
        }
        self.note(name, token)
    }

    fn not_in(&self, log: &str) {
        for (name, secret) in &self.0 {
            let line = log.lines().find(|line| line.contains(secret.as_str()));
            assert!(line.is_none(), "{name} {secret} is in the log: {line:?}");
        }
    }
}

async fn ask(client: &mut Client, status: u16, ask: Ask) -> Answer {
    let answer = client.send(&ask).await.unwrap();
    assert_eq!(answer.status, status, "{ask:?}: {}", answer.body);
    answer
}

/// Signs up and in, with tokens and with a cookie, and renews the tokens. The account's id and access token.
async fn signed_in(client: &mut Client, secrets: &mut Secrets) -> (String, String, String) {
    let password = secrets.note("password", "marked-password-5e2f");
    let key = secrets.note("idempotency key", "marked-key-of-sign-up");
    let account = json!({ "username": "mina", "password": password });
    ask(client, 201, Ask::post("/api/v1/users", &account).key(&key)).await;
    ask(client, 201, Ask::post("/api/v1/users", &account).key(&key)).await;
    let session = ask(client, 201, Ask::post("/api/v1/sessions", &account)).await;
    secrets.token("access token", &session, "access_token");
    let refresh = secrets.token("refresh token", &session, "refresh_token");
    let refresh = json!({ "refresh_token": refresh });
    let renewed = ask(client, 201, Ask::post("/api/v1/sessions/refresh", &refresh)).await;
    let access = secrets.token("access token", &renewed, "access_token");
    secrets.token("refresh token", &renewed, "refresh_token");
    let in_cookie =
        json!({ "username": "mina", "password": "marked-password-5e2f", "cookie": true });
    let by_page = Ask::post("/api/v1/sessions", &in_cookie).with("sec-fetch-site", "same-origin");
    let cookie = ask(client, 201, by_page).await;
    let cookie = cookie.header("set-cookie").unwrap();
    let (named, _) = cookie.split_once(';').unwrap();
    let value = secrets.note("cookie", named.split_once('=').unwrap().1);
    let me = Ask::get("/api/v1/me").with("cookie", named).with("sec-fetch-site", "same-origin");
    ask(client, 200, me).await;
    (session.text("user_id"), access, value)
}

/// Joins, charges, holds, pays and looks at the tickets.
async fn bought(
    client: &mut Client,
    secrets: &mut Secrets,
    (concert, date): (String, String),
    (user, access): (&str, &str),
) {
    let joined = Ask::post(format!("/api/v1/concerts/{concert}/queue-tokens"), &json!({}));
    let joined = joined.with("x-request-id", "marked-request-id");
    let joined = ask(client, 201, joined.identity(access)).await;
    let queue = secrets.token("queue token", &joined, "token");
    ask(client, 200, Ask::get("/api/v1/queue-tokens/me").queue(&queue)).await;
    let charge =
        Ask::post(format!("/api/v1/users/{user}/balance/charges"), &json!({ "amount": 100_000 }));
    let key = secrets.note("idempotency key", "marked-key-of-charge");
    ask(client, 201, charge.identity(access).queue(&queue).key(&key)).await;
    let hold = json!({ "concert_date_id": date, "seat_numbers": [1, 2] });
    let key = secrets.note("idempotency key", "marked-key-of-hold");
    let held = Ask::post("/api/v1/reservations", &hold).identity(access).queue(&queue).key(&key);
    let id = ask(client, 201, held).await.text("reservation_id");
    let pay = Ask::post(format!("/api/v1/reservations/{id}/payment"), &json!({}));
    let key = secrets.note("idempotency key", "marked-key-of-payment");
    ask(client, 201, pay.identity(access).queue(&queue).key(&key)).await;
    let tickets = Ask::get(format!("/api/v1/bookings/{id}/tickets")).identity(access);
    let tickets = ask(client, 200, tickets).await.json();
    for ticket in tickets["tickets"].as_array().unwrap() {
        secrets.note("code of a ticket", ticket["code"].as_str().unwrap());
    }
}

/// Everything that can be tried with wrong secrets, and right ones where they are not asked for.
async fn tried(client: &mut Client, secrets: &mut Secrets, concert: &str, access: &str) {
    let mut wrong = |name, value: &str| secrets.note(name, value);
    let guess = json!({ "username": "mina", "password": wrong("guess", "marked-guess-1") });
    ask(client, 401, Ask::post("/api/v1/sessions", &guess)).await;
    let nobody = json!({ "username": "nobody", "password": wrong("guess", "marked-guess-2") });
    ask(client, 401, Ask::post("/api/v1/sessions", &nobody)).await;
    // A body that is refused is not quoted: neither where it is no JSON nor where a member is wrong.
    for body in [
        json!({ "username": "mina", "password": ["marked-guess-3"] }),
        json!({ "username": "mina", "pasword": "marked-guess-3" }),
        json!({ "username": "mina", "password": "marked-guess-3", "cookie": "marked-guess-3" }),
        json!("marked-guess-3"),
    ] {
        ask(client, 400, Ask::post("/api/v1/sessions", &body)).await;
    }
    wrong("guess", "marked-guess-3");
    let change = json!({ "current_password": wrong("guess", "marked-guess-4"),
        "new_password": wrong("new password", "marked-new-password") });
    ask(client, 403, Ask::put("/api/v1/me/password", &change).identity(access)).await;
    let refresh = json!({ "refresh_token": wrong("refresh token", "marked-refresh-token") });
    ask(client, 401, Ask::post("/api/v1/sessions/refresh", &refresh)).await;
    let me = || Ask::get("/api/v1/me");
    ask(client, 401, me().identity(&wrong("access token", "marked-access.token"))).await;
    ask(client, 401, me().with("authorization", wrong("credentials", "Basic marked-basic"))).await;
    let cookie = wrong("cookie", "marked-cookie-value");
    let cookie = format!("__Host-boxoffice={cookie}");
    ask(client, 401, me().with("cookie", cookie).with("sec-fetch-site", "same-origin")).await;
    let poll = Ask::get("/api/v1/queue-tokens/me");
    ask(client, 401, poll.queue(&wrong("queue token", "marked-queue.token"))).await;
    let path = format!("/api/v1/admin/concerts/{concert}");
    ask(client, 401, Ask::get(path).with("x-api-key", wrong("operator's key", "bo_marked-key")))
        .await;
    let bad_key = wrong("idempotency key", "marked key with spaces");
    let account = json!({ "username": "seo", "password": wrong("password", "marked-password-2") });
    ask(client, 400, Ask::post("/api/v1/users", &account).key(&bad_key)).await;
    // What is no request at all.
    let long = wrong("a head that is too long", "marked-long-header");
    let long = Ask::get("/livez").with("cookie", long.repeat(2_000));
    let refused = client.send(&long).await.unwrap();
    assert!((400..500).contains(&refused.status), "{}", refused.status);
}

async fn used(address: SocketAddr, operator: &str, secrets: &mut Secrets) {
    let sale = open_sale(address, operator, 10, &json!({})).await;
    let (concert, date) = (sale.concert.to_string(), sale.dates[0].to_string());
    let mut client = Client::connect(address).await.unwrap();
    let (user, access, _) = signed_in(&mut client, secrets).await;
    bought(&mut client, secrets, (concert.clone(), date), (&user, &access)).await;
    tried(&mut client, secrets, &concert, &access).await;
}

/// A purchase, and everything that is tried with a wrong secret, with a log that tells all there is to tell.
#[test]
fn no_secret_is_in_the_log() {
    for format in ["text", "json"] {
        let sandbox = Sandbox::new();
        let (mut secrets, operator) = (Secrets::default(), sandbox.operator_key());
        secrets.note("operator's key", operator.trim_start_matches("bo_"));
        let flags = ["--demo", "false", "--log", "trace", "--log-format", format];
        let server = sandbox.start(&flags);
        runtime().block_on(used(server.address, &operator, &mut secrets));
        let keys = std::fs::read_to_string(sandbox.keys_file()).unwrap();
        collect(&serde_json::from_str(&keys).unwrap(), &mut secrets);
        let log = server.stop();
        assert!(log.contains("a request") && log.contains("a sign-in was refused"), "{log}");
        // What may be there is found in the same way.
        assert!(log.contains("marked-request-id"), "{log}");
        assert!(secrets.0.len() > 40, "{}", secrets.0.len());
        secrets.not_in(&log);
    }
}

/// The secrets of the key file: its long texts but for names and ids.
fn collect(keys: &Value, secrets: &mut Secrets) {
    match keys {
        Value::String(text) if text.len() > 40 => drop(secrets.note("a key of the file", text)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, secrets)),
        Value::Object(members) => members.values().for_each(|value| collect(value, secrets)),
        _ => {}
    }
}
