//! Money: charged once, paid once, never below zero, never what a body says.

use crate::world::{Fan, MINUTE, Sale, charge, count, get, pay, post, reserve};
use boxoffice_core::limits::{BALANCE_MAX, CHARGE_MAX};
use serde_json::json;

async fn balance(sale: &Sale, fan: &Fan) -> i64 {
    let path = format!("/api/v1/users/{}/balance", fan.user);
    sale.send(get(path).by(fan)).await.want(200)["balance"].as_i64().unwrap()
}

/// H11: 300 identical charges at once under one key charge once and are all answered alike; under
/// 300 keys, 300 times. The same key with another body is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_identical_charges() {
    let sale = Sale::with(|given| given.limits = Some(false));
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let seen = sale.all((0..300).map(|_| charge(&fan, 1_000).key("once"))).await;
    assert_eq!(count(&seen, 201), 300);
    assert!(seen.iter().all(|answer| answer.body == seen[0].body), "one answer for all");
    let replayed = seen.iter().filter(|s| s.header("idempotent-replayed") == "true").count();
    assert_eq!(replayed, 299);
    assert_eq!(balance(&sale, &fan).await, 1_000);

    sale.send(charge(&fan, 2_000).key("once")).await.refused(422, "idempotency_key_reused");
    let seen = sale.all((0..300).map(|n| charge(&fan, 1_000).key(&format!("key-{n}")))).await;
    assert_eq!(count(&seen, 201), 300);
    assert_eq!(balance(&sale, &fan).await, 301_000);
    assert_eq!(sale.dump()["transfer"].len(), 301);

    let other = sale.shopper(&show).await;
    sale.send(charge(&other, 5).key("once")).await.want(201);
    assert_eq!(balance(&sale, &other).await, 5, "a key is its user's own");
}

/// H12: a double click and retries at once: one payment, and everybody gets its answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_double_click_pays_once() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.buyer(&show).await;
    let id = sale.hold(&fan, &show, &[1, 2]).await;
    let seen = sale.all((0..20).map(|_| pay(&fan, id, "click"))).await;
    assert_eq!(count(&seen, 201), 20);
    assert!(seen.iter().all(|answer| answer.body == seen[0].body));
    let dump = sale.dump();
    assert_eq!((dump["amount"].len(), dump["transfer"].len()), (1, 2));

    // Another key is another request: it learns that all is done.
    let other = sale.send(pay(&fan, id, "other click")).await;
    other.refused(400, "idempotency_key_invalid");
    let other = sale.send(pay(&fan, id, "other-click")).await;
    other.refused(409, "already_paid");
    assert_eq!(other.json()["payment_id"], seen[0].json()["payment_id"]);
}

/// H12: the answer was lost; the same request again, much later, has the same bytes.
#[tokio::test]
async fn a_lost_answer_is_answered_again() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.buyer(&show).await;
    let id = sale.hold(&fan, &show, &[1]).await;
    let first = sale.send(pay(&fan, id, "p")).await;
    sale.pass(60 * MINUTE);
    sale.ticks(3).await;
    let again = sale.send(pay(&fan, id, "p")).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(first.header("idempotent-replayed"), "");
    assert_eq!(again.header("idempotent-replayed"), "true");

    let refused = sale.send(charge(&fan, 1).key("p")).await;
    refused.refused(422, "idempotency_key_reused");
}

/// H12: a refusal is not kept: after charging, the same key pays.
#[tokio::test]
async fn a_refused_payment_is_repeated_with_its_key() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let id = sale.hold(&fan, &show, &[1]).await;
    sale.send(pay(&fan, id, "p")).await.refused(402, "insufficient_balance");
    sale.send(charge(&fan, 150_000).key("c")).await.want(201);
    sale.send(pay(&fan, id, "p")).await.want(201);
}

/// H13: what is no amount is no charge; the balance has an end and does not pass it.
#[tokio::test]
async fn amounts_have_bounds() {
    let sale = Sale::with(|given| given.limits = Some(false));
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let path = format!("/api/v1/users/{}/balance/charges", fan.user);
    let ask = |amount: &str, key: &str| {
        let body = format!("{{\"amount\":{amount}}}");
        post(&path).by(&fan).key(key).body("application/json", body)
    };
    let before = sale.dump();
    for amount in ["0", "-1", "100000001", "9223372036854775807", "-9223372036854775808"] {
        sale.send(ask(amount, "k")).await.refused(422, "amount_out_of_range");
    }
    for amount in
        ["9223372036854775808", "1.5", "1e-3", "1e30", "\"100\"", "null", "true", "[1]", ""]
    {
        sale.send(ask(amount, "k")).await.refused(400, "invalid_body");
    }
    assert!(sale.dump() == before);
    let most = BALANCE_MAX.0 / CHARGE_MAX.0;
    let seen = sale.all((0..most + 20).map(|n| charge(&fan, CHARGE_MAX.0).key(&format!("{n}"))));
    let seen = seen.await;
    assert_eq!((count(&seen, 201), count(&seen, 409)), (usize::try_from(most).unwrap(), 20));
    assert_eq!(balance(&sale, &fan).await, BALANCE_MAX.0);
}

/// H13: two purchases at once, from two concerts, with money for one: one is paid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_balance_pays_no_more_than_it_holds() {
    let sale = Sale::new();
    let (one, two) = (sale.concert(json!({})).await, sale.concert(json!({})).await);
    let here = sale.shopper(&one).await;
    let mut there = here.clone();
    sale.join(&mut there, &two).await;
    sale.send(charge(&here, 200_000).key("c")).await.want(201);
    let (a, b) = (sale.hold(&here, &one, &[1]).await, sale.hold(&there, &two, &[1]).await);
    let seen = sale.all([pay(&here, a, "a"), pay(&there, b, "b")]).await;
    assert_eq!((count(&seen, 201), count(&seen, 402)), (1, 1));
    let left = if seen[0].status == 201 { &there } else { &here };
    assert_eq!(balance(&sale, left).await, 50_000);
}

/// H14: a body that names a price, a user or anything else that the server knows is refused.
#[tokio::test]
async fn price_and_user_are_not_taken_from_the_body() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.buyer(&show).await;
    let id = sale.hold(&fan, &show, &[1]).await;
    let before = sale.dump();
    let payment = format!("/api/v1/reservations/{id}/payment");
    for body in [json!({ "amount": 1 }), json!({ "price": 1 }), json!({ "user_id": fan.user })] {
        let ask = post(&payment).by(&fan).key("p").json(&body);
        sale.send(ask).await.refused(400, "invalid_body");
    }
    for (name, value) in
        [("price", json!(1)), ("user_id", json!(fan.user)), ("total_price", json!(0))]
    {
        let mut body = json!({ "concert_date_id": show.dates[0], "seat_numbers": [2] });
        body[name] = value;
        let ask = post("/api/v1/reservations").by(&fan).json(&body);
        sale.send(ask).await.refused(400, "invalid_body");
    }
    let body = json!({ "amount": 1, "user_id": fan.user });
    let path = format!("/api/v1/users/{}/balance/charges", fan.user);
    sale.send(post(path).by(&fan).key("c").json(&body)).await.refused(400, "invalid_body");
    let body = json!({ "user_id": fan.user });
    let ask = post(show.path("/queue-tokens")).by(&fan).json(&body);
    sale.send(ask).await.refused(400, "invalid_body");
    assert!(sale.dump() == before);
    let paid = sale.send(pay(&fan, id, "p")).await.want(201);
    assert_eq!(paid["amount"], 150_000);
}

/// H16, H26: the payment commits and the node is gone before the answer: on the next node the seat
/// is sold, the token is used up, and a retry has the payment.
#[tokio::test]
async fn a_payment_outlives_its_node() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.buyer(&show).await;
    let other = sale.shopper(&show).await;
    let id = sale.hold(&fan, &show, &[1]).await;
    let lost = sale.send(pay(&fan, id, "p")).await;
    let before = sale.dump();

    let sale = sale.reborn();
    assert!(sale.dump() == before);
    assert_eq!(sale.poll(&fan).await["state"], "expired");
    sale.send(get(show.path("/dates")).by(&fan)).await.refused(403, "queue_token_expired");
    sale.send(reserve(&fan, &show, &[2])).await.refused(403, "queue_token_expired");
    assert_eq!(sale.seat(&other, &show, 1).await, "sold");
    let again = sale.send(pay(&fan, id, "p")).await;
    assert_eq!((again.status, &again.body), (201, &lost.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    let bookings = sale.send(get("/api/v1/bookings").by(&fan)).await.want(200);
    assert_eq!(bookings["bookings"][0]["payment_id"], again.json()["payment_id"]);
}
