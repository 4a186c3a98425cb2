//! Refunds while the process is killed: what was acknowledged has gone back, once, and nothing else has.

use crate::audit::audit;
use crate::client::{Answer, Ask, Client, once};
use crate::facts::look;
use crate::fan::{Dice, TIRELESS, identity};
use crate::sandbox::{PRICE, Sale, Sandbox, open_sale};
use crate::{alone, nothing, runtime};
use boxoffice_core::id::Uuid;
use boxoffice_server::clock::Clock;
use boxoffice_server::tokens::Keyring;
use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Payments that refunds are asked of.
const PAYMENTS: u32 = 12;
/// Seats of each of them.
const SEATS: u32 = 4;
/// Who asks at once.
const ASKING: u64 = 6;

/// Somebody buys seats from the first of these on. Returns the payment.
pub async fn bought(address: SocketAddr, sale: &Sale, keyring: &Keyring, first: u32) -> String {
    let user = Uuid::now_v7();
    let token = identity(keyring, user);
    let mut client = Client::connect(address).await.unwrap();
    let mut ask = async |ask: Ask| {
        let answer = client.send_until_taken(&ask.identity(&token)).await.unwrap();
        assert!(answer.is_success(), "{}", answer.body);
        answer
    };
    let joined = format!("/api/v1/concerts/{}/queue-tokens", sale.concert);
    let queue = ask(Ask::post(joined, &json!({}))).await.text("token");
    let amount = json!({ "amount": PRICE * i64::from(SEATS) });
    let charge = Ask::post(format!("/api/v1/users/{user}/balance/charges"), &amount);
    ask(charge.queue(&queue).key("charge")).await;
    let seats: Vec<u32> = (first..first + SEATS).collect();
    let hold = json!({ "concert_date_id": sale.dates[0], "seat_numbers": seats });
    let held = ask(Ask::post("/api/v1/reservations", &hold).queue(&queue)).await;
    let path = format!("/api/v1/reservations/{}/payment", held.text("reservation_id"));
    ask(Ask::post(path, &json!({})).queue(&queue).key("pay")).await.text("payment_id")
}

/// A request, and the answer if one came.
type Asked = (Ask, Option<Answer>);

/// Asks for refunds of all kinds until the server is gone. Tells of each that was made.
async fn asking(
    (address, operator): (SocketAddr, String),
    payments: Vec<(String, u32)>,
    seed: u64,
    made: Arc<Notify>,
) -> Vec<Asked> {
    let mut dice = Dice::new(seed);
    let mut asked = Vec::new();
    let Ok(mut client) = Client::connect(address).await else { return asked };
    for number in 0.. {
        let at = usize::try_from(dice.below(payments.len() as u64)).unwrap();
        let (payment, first) = &payments[at];
        let seat = first + u32::try_from(dice.below(u64::from(SEATS))).unwrap();
        let release = dice.below(4) > 0;
        let body = match dice.below(8) {
            0 => json!({ "reason": "all", "release_seats": release }),
            1..5 => json!({ "reason": "one", "seat_numbers": [seat], "release_seats": release }),
            _ => {
                json!({ "reason": "some", "amount": 1 + dice.below(900), "release_seats": release })
            }
        };
        let path = format!("/api/v1/admin/payments/{payment}/refunds");
        let ask = Ask::post(path, &body).with("x-api-key", operator.as_str());
        let ask = ask.key(&format!("{seed}-{number}"));
        let answer = client.send(&ask).await.ok();
        if answer.as_ref().is_some_and(|answer| answer.status == 201) {
            made.notify_one();
        }
        let gone = answer.is_none();
        asked.push((ask, answer));
        if gone {
            break;
        }
    }
    asked
}

/// What was acknowledged and is not in the rows, or not once.
fn untrue(asked: &[Asked], sandbox: &Sandbox) -> Vec<String> {
    let rows = look(&sandbox.database());
    let text = "SELECT count(*), coalesce(sum(f.amount = ?2 AND e.amount = ?2), 0) FROM refund f
        JOIN transfer e ON e.reference = f.refund_id WHERE f.refund_id = ?1";
    let mut statement = rows.prepare(text).unwrap();
    let mut once_each = |answer: &Answer| {
        let id: Uuid = answer.text("refund_id").parse().unwrap();
        let amount = answer.json()["amount"].as_i64().unwrap();
        let found: (i64, i64) = statement
            .query_row((id.as_bytes(), amount), |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        found == (1, 1)
    };
    let done = asked.iter().filter_map(|(_, answer)| answer.as_ref()).filter(|a| a.status == 201);
    // A refund of 0 moves no money.
    let paid = done.filter(|answer| answer.json()["amount"] != 0);
    paid.filter(|answer| !once_each(answer)).map(|answer| answer.body.clone()).collect()
}

/// H12, H15, H25 of refunds: the process dies while many ask. Whatever was acknowledged is there after the restart;
/// each request, repeated, has the answer that it had or one effect; and never more goes back than was paid.
#[test]
fn refunds_survive_kill_9() {
    let _alone = alone();
    let seed = Dice::seed("refunds");
    runtime().block_on(async {
        let sandbox = Sandbox::new();
        let server = sandbox.start(TIRELESS);
        let (address, operator) = (server.address, sandbox.operator_key());
        let more = json!({ "max_active": 1_000 });
        let sale = open_sale(address, &operator, 200, &more).await;
        let keyring = sandbox.keyring();
        let mut payments = Vec::new();
        for number in 0..PAYMENTS {
            let first = 1 + number * SEATS;
            payments.push((bought(address, &sale, &keyring, first).await, first));
        }
        let made = Arc::new(Notify::new());
        let tasks: Vec<_> = (0..ASKING)
            .map(|n| {
                let at = (address, operator.clone());
                let (payments, made) = (payments.clone(), Arc::clone(&made));
                tokio::spawn(asking(at, payments, seed.wrapping_add(n), made))
            })
            .collect();
        let made = tokio::time::timeout(Duration::from_secs(30), made.notified()).await;
        made.expect("a refund is made");
        tokio::time::sleep(Duration::from_millis(Dice::new(seed).below(200))).await;
        drop(server.kill());
        let mut asked = Vec::new();
        for task in tasks {
            asked.extend(task.await.unwrap());
        }
        let done = asked.iter().filter(|(_, a)| a.as_ref().is_some_and(|a| a.status == 201));
        assert!(done.count() > 0, "the kill came before any refund");

        let server = sandbox.start(TIRELESS);
        nothing(&untrue(&asked, &sandbox), "restarted");
        nothing(&audit(&sandbox.database(), Clock::System.now().0), "restarted");
        let mut again = Vec::new();
        let mut differs = Vec::new();
        for (ask, answer) in &asked {
            let now = once(server.address, ask).await.unwrap();
            let before = answer.as_ref().filter(|answer| answer.status == 201);
            if before.is_some_and(|before| before.body != now.body) {
                differs.push(format!("{:?} and then {}", before, now.body));
            }
            again.push((ask.clone(), Some(now)));
        }
        nothing(&differs, "repeated");
        nothing(&untrue(&again, &sandbox), "repeated");
        server.stop();
        nothing(&audit(&sandbox.database(), Clock::System.now().0), "stopped");
        within_what_was_paid(&again);
    });
}

/// Counted by the answers alone.
fn within_what_was_paid(asked: &[Asked]) {
    let mut back: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    for answer in asked.iter().filter_map(|(_, answer)| answer.as_ref()).filter(|a| a.status == 201)
    {
        let amount = answer.json()["amount"].as_i64().unwrap();
        let of = back.entry(answer.text("payment_id")).or_default();
        of.insert(answer.text("refund_id"), amount);
    }
    for (payment, refunds) in back {
        let sum: i64 = refunds.values().sum();
        assert!(sum <= PRICE * i64::from(SEATS), "{payment}: {refunds:?}");
    }
}
