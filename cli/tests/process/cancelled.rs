//! A date that many have bought seats of is cancelled, and the server that gives everything back is killed in the
//! middle of it: for a file and for servers of one database.

use crate::client::{Ask, Client, once};
use crate::fan::identity;
use crate::sandbox::{PRICE, Sale};
use boxoffice_core::id::Uuid;
use boxoffice_server::tokens::Keyring;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Who buys, and how many seats each.
const BUYERS: u32 = 400;
const SEATS: u32 = 2;
/// Buyers at once.
const AT_ONCE: u32 = 16;
/// Seats of the date: more than are bought.
pub const ALL_SEATS: u32 = BUYERS * SEATS + 10;
/// The lease of who was killed, and what is left to be done.
const DONE_WITHIN: Duration = Duration::from_secs(90);

async fn buy(address: SocketAddr, sale: &Sale, (user, token): (Uuid, String), number: u32) -> Uuid {
    let mut client = Client::connect(address).await.unwrap();
    let mut ask = async |ask: Ask| {
        let answer = client.send_until_taken(&ask.identity(&token)).await.unwrap();
        assert!(answer.is_success(), "{}", answer.body);
        answer
    };
    let join = format!("/api/v1/concerts/{}/queue-tokens", sale.concert);
    let queue = ask(Ask::post(join, &json!({}))).await.text("token");
    let amount = json!({ "amount": PRICE * i64::from(SEATS) });
    let charge = Ask::post(format!("/api/v1/users/{user}/balance/charges"), &amount);
    ask(charge.queue(&queue).key("charge")).await;
    let seats: Vec<u32> = (number * SEATS + 1..=(number + 1) * SEATS).collect();
    let hold = json!({ "concert_date_id": sale.dates[0], "seat_numbers": seats });
    let held = ask(Ask::post("/api/v1/reservations", &hold).queue(&queue)).await;
    let pay = format!("/api/v1/reservations/{}/payment", held.text("reservation_id"));
    ask(Ask::post(pay, &json!({})).queue(&queue).key("pay")).await;
    user
}

/// All buyers' seats of the first date. Who they are.
pub async fn bought_out(address: SocketAddr, sale: &Sale, keyring: &Keyring) -> Vec<Uuid> {
    let (mut users, mut buying) = (Vec::new(), JoinSet::new());
    for number in 0..BUYERS {
        if number >= AT_ONCE {
            users.extend(buying.join_next().await.map(Result::unwrap));
        }
        let (sale, user) = (sale.clone(), Uuid::now_v7());
        let who = (user, identity(keyring, user));
        buying.spawn(async move { buy(address, &sale, who, number).await });
    }
    users.extend(buying.join_all().await);
    users
}

/// Cancels the first date. The job.
pub async fn cancel(address: SocketAddr, operator: &str, sale: &Sale) -> String {
    let path = format!("/api/v1/admin/concert-dates/{}/cancellation", sale.dates[0]);
    let ask = Ask::post(path, &json!({ "reason": "The singer is ill." }));
    let answer = once(address, &ask.with("x-api-key", operator)).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.body);
    answer.text("job_id")
}

/// Looks at the job until it is as it should be.
pub async fn until(
    (address, operator, job): (SocketAddr, &str, &str),
    mut is_so: impl FnMut(&Value) -> bool,
) -> Value {
    let began = Instant::now();
    let mut client = Client::connect(address).await.unwrap();
    let ask = Ask::get(format!("/api/v1/admin/jobs/{job}")).with("x-api-key", operator);
    loop {
        let answer = client.send(&ask).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        let shown = answer.json();
        if is_so(&shown) {
            return shown;
        }
        assert!(began.elapsed() < DONE_WITHIN, "{shown}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A part is done and another is not.
pub fn is_half_done(job: &Value) -> bool {
    assert_ne!(job["state"], "done", "it was done before it could be killed: {job}");
    job["done"].as_u64() > Some(0)
}

/// The report says that all went back, and everybody has their money once.
pub async fn all_is_back(address: SocketAddr, keyring: &Keyring, (job, users): (&Value, &[Uuid])) {
    assert_eq!((&job["done"], &job["total"]), (&json!(BUYERS * SEATS), &json!(BUYERS * SEATS)));
    let amount = PRICE * i64::from(BUYERS * SEATS);
    let report = (&job["report"]["bookings_refunded"], &job["report"]["amount_refunded"]);
    assert_eq!(report, (&json!(BUYERS), &json!(amount)), "{job}");
    let mut client = Client::connect(address).await.unwrap();
    for user in users {
        let ask = Ask::get("/api/v1/me/balance/entries").identity(&identity(keyring, *user));
        let entries = client.send(&ask).await.unwrap().json();
        let entries = entries["entries"].as_array().unwrap().iter();
        let kinds: Vec<_> =
            entries.map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect();
        assert_eq!(kinds, ["refund", "payment", "charge"], "{user}");
    }
    let ask = Ask::get("/api/v1/bookings").identity(&identity(keyring, users[0]));
    let booking = client.send(&ask).await.unwrap().json()["bookings"][0].clone();
    let said = (&booking["status"], &booking["cancelled"]["reason"]);
    assert_eq!(said, (&json!("refunded"), &json!("The singer is ill.")), "{booking}");
}
