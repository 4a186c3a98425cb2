//! One's own account, with identity alone (F6, F11).

use crate::world::{Fan, MINUTE, Sale, charge, delete, get, id_of, pay, reserve};
use serde_json::{Value, json};

async fn mine(sale: &Sale, fan: &Fan, path: &str) -> Value {
    sale.send(get(format!("/api/v1/me{path}")).identity(&fan.identity)).await.want(200)
}

fn statuses(page: &Value) -> Vec<String> {
    let all = page["reservations"].as_array().unwrap();
    all.iter().map(|one| one["status"].as_str().unwrap().to_owned()).collect()
}

/// F6, F11: held, expired, released and paid reservations, the hold, the money and the bookings are there
/// whatever became of the queue token.
#[tokio::test]
async fn an_account_is_readable_in_every_state() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "time_zone": "Asia/Seoul", "rehold_after_seconds": 0 })).await;
    let mut fan = sale.buyer(&show).await;
    let me = mine(&sale, &fan, "").await;
    assert_eq!((&me["user_id"], &me["external"]), (&json!(fan.user.to_string()), &json!(false)));
    assert_eq!(mine(&sale, &fan, "/holds").await["holds"], json!([]));

    let released = sale.hold(&fan, &show, &[1]).await;
    sale.send(delete(format!("/api/v1/reservations/{released}")).by(&fan)).await.want(204);
    let lapsed = sale.hold(&fan, &show, &[2]).await;
    let holds = mine(&sale, &fan, "/holds").await;
    assert_eq!(id_of(&holds["holds"][0]["reservation_id"]), lapsed);
    assert_eq!(holds["holds"][0]["starts_at_local"], "2027-05-01T19:00:00+09:00");
    assert_eq!(statuses(&mine(&sale, &fan, "/reservations").await), ["held", "cancelled"]);
    sale.pass(5 * MINUTE);
    // Lapsed and not swept yet.
    assert_eq!(mine(&sale, &fan, "/holds").await["holds"], json!([]));
    assert_eq!(statuses(&mine(&sale, &fan, "/reservations").await), ["expired", "cancelled"]);
    let one = mine(&sale, &fan, &format!("/reservations/{lapsed}")).await;
    assert_eq!((&one["status"], &one["currency_decimals"]), (&json!("expired"), &json!(0)));
    sale.tick().await;
    assert_eq!(statuses(&mine(&sale, &fan, "/reservations").await), ["expired", "cancelled"]);

    sale.join(&mut fan, &show).await;
    let paid = sale.hold(&fan, &show, &[3]).await;
    sale.send(pay(&fan, paid, "p")).await.want(201);
    let guarded = format!("/api/v1/users/{}/balance", fan.user);
    sale.send(get(guarded).by(&fan)).await.refused(403, "queue_token_expired");
    assert_eq!(mine(&sale, &fan, "/balance").await["balance"], 850_000);
    let ledger = mine(&sale, &fan, "/balance/entries").await;
    assert_eq!(
        (&ledger["entries"][0]["kind"], &ledger["currency"]),
        (&json!("payment"), &json!("KRW"))
    );
    assert_eq!(id_of(&mine(&sale, &fan, "/bookings").await["bookings"][0]["reservation_id"]), paid);
    let all = mine(&sale, &fan, "/reservations").await;
    assert_eq!(statuses(&all), ["confirmed", "expired", "cancelled"]);
    assert!(all["reservations"][0]["payment_id"].is_string());
    sale.sound();
}

/// Pages meet each reservation once, the one that is held among them.
#[tokio::test]
async fn reservations_come_in_pages() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "rehold_after_seconds": 0 })).await;
    let fan = sale.shopper(&show).await;
    let mut made = Vec::new();
    for seat in 1..=5 {
        made.push(json!(sale.hold(&fan, &show, &[seat]).await.to_string()));
        if seat < 5 {
            let path = format!("/api/v1/reservations/{}", made[made.len() - 1].as_str().unwrap());
            sale.send(delete(path).by(&fan)).await.want(204);
        }
    }
    made.reverse();
    let (mut seen, mut next) = (Vec::new(), Value::Null);
    loop {
        let before = next.as_str().map_or(String::new(), |id| format!("&before={id}"));
        let page = mine(&sale, &fan, &format!("/reservations?limit=2{before}")).await;
        let ids = page["reservations"].as_array().unwrap().iter();
        seen.extend(ids.map(|one| one["reservation_id"].clone()));
        next = page["next_before"].clone();
        if next.is_null() {
            break;
        }
    }
    assert_eq!(seen, made);
}

/// What is another's is not there, and without identity nothing is.
#[tokio::test]
async fn an_account_is_its_owners() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (fan, other) = (sale.buyer(&show).await, sale.buyer(&show).await);
    let id = sale.hold(&fan, &show, &[1]).await;
    let path = format!("/api/v1/me/reservations/{id}");
    sale.send(get(&path).identity(&other.identity)).await.refused(404, "reservation_not_found");
    assert_eq!(mine(&sale, &other, "/reservations").await["reservations"], json!([]));
    sale.send(get(&path).token(&fan.token)).await.refused(401, "identity_required");
    // Changes go through the queue.
    let bare = |ask: crate::world::Ask| ask.without("x-queue-token");
    sale.send(bare(charge(&fan, 1).key("c"))).await.refused(401, "queue_token_required");
    sale.send(bare(reserve(&fan, &show, &[2]))).await.refused(401, "queue_token_required");
}
