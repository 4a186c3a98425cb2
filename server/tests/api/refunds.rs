//! What goes back of a payment, by operators, and who sees it.

use crate::world::{
    Ask, Fan, MINUTE, PASSWORD, Sale, Show, charge, count, delete, get, id_of, pay, post, reserve,
};
use boxoffice_core::id::Uuid;
use boxoffice_server::http::app::new_id;
use serde_json::{Value, json};

/// A refund under a key of its own.
pub fn refund(payment: Uuid, body: &Value) -> Ask {
    refund_under(&new_id().to_string(), payment, body)
}

fn refund_under(key: &str, payment: Uuid, body: &Value) -> Ask {
    let path = format!("/api/v1/admin/payments/{payment}/refunds");
    post(path).operator().json(body).key(key)
}

/// A buyer who has paid seats, and the payment.
pub async fn bought(sale: &Sale, show: &Show, seats: &[u32]) -> (Fan, Uuid) {
    let fan = sale.buyer(show).await;
    let id = sale.hold(&fan, show, seats).await;
    let paid = sale.send(pay(&fan, id, "p")).await.want(201);
    (fan, id_of(&paid["payment_id"]))
}

/// The payment of somebody whose account was deleted since.
pub async fn bought_and_gone(sale: &Sale, show: &Show, seat: u32) -> Uuid {
    let mut fan = sale.member("noah").await.fan;
    sale.join(&mut fan, show).await;
    sale.send(charge(&fan, 150_000).key("c")).await.want(201);
    let id = sale.hold(&fan, show, &[seat]).await;
    let paid = sale.send(pay(&fan, id, "p")).await.want(201);
    let farewell = json!({ "password": PASSWORD });
    sale.send(delete("/api/v1/me").identity(&fan.identity).json(&farewell)).await.want(204);
    id_of(&paid["payment_id"])
}

async fn mine(sale: &Sale, fan: &Fan, path: &str) -> Value {
    sale.send(get(format!("/api/v1{path}")).identity(&fan.identity)).await.want(200)
}

/// One seat, then the rest: money, seats, booking, ledger and map tell the same; the seat is sold again.
#[tokio::test]
async fn seats_go_back_and_are_sold_again() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (fan, payment) = bought(&sale, &show, &[1, 2]).await;
    let body = json!({ "seat_numbers": [2], "reason": "시야 제한", "release_seats": true });
    let seen = sale.send(refund(payment, &body)).await.want(201);
    let said = (&seen["amount"], &seen["left"], &seen["balance"], &seen["seat_numbers"]);
    assert_eq!(said, (&json!(150_000), &json!(150_000), &json!(850_000), &json!([2])));
    assert_eq!((&seen["seats_released"], &seen["currency"]), (&json!(true), &json!("KRW")));

    for path in ["/bookings", "/me/bookings"] {
        let booking = mine(&sale, &fan, path).await["bookings"][0].clone();
        assert_eq!(booking["status"], "confirmed");
        assert_eq!(
            (&booking["amount"], &booking["refunded_amount"]),
            (&json!(300_000), &json!(150_000))
        );
        assert_eq!(booking["refunded_seat_numbers"], json!([2]));
        let back = &booking["refunds"][0];
        let told = (&back["amount"], &back["seat_numbers"], &back["reason"], &back["refund_id"]);
        assert_eq!(told, (&json!(150_000), &json!([2]), &json!("시야 제한"), &seen["refund_id"]));
        assert_eq!(back["refunded_at"], seen["refunded_at"]);
    }
    let entry = mine(&sale, &fan, "/me/balance/entries").await["entries"][0].clone();
    let told = (&entry["kind"], &entry["amount"], &entry["reference"], &entry["reason"]);
    assert_eq!(told, (&json!("refund"), &json!(150_000), &seen["refund_id"], &json!("시야 제한")));

    let other = sale.buyer(&show).await;
    let map = sale.send(get(show.seats_path()).by(&other)).await.want(200);
    assert_eq!(
        (&map["seats"][0]["status"], &map["seats"][1]["status"]),
        (&json!("sold"), &json!("available"))
    );
    assert_eq!(map["available_seats"], 49);
    let id = sale.hold(&other, &show, &[2]).await;
    sale.send(pay(&other, id, "q")).await.want(201);

    let rest = json!({ "reason": "ill", "release_seats": true });
    let seen = sale.send(refund(payment, &rest)).await.want(201);
    assert_eq!((&seen["seat_numbers"], &seen["left"]), (&json!([1]), &json!(0)));
    sale.send(refund(payment, &rest)).await.refused(409, "already_refunded");
    let booking = mine(&sale, &fan, "/bookings").await["bookings"][0].clone();
    assert_eq!(
        (&booking["status"], &booking["refunded_seat_numbers"]),
        (&json!("refunded"), &json!([1, 2]))
    );
    let one = mine(&sale, &fan, "/me/reservations").await["reservations"][0].clone();
    assert_eq!((&one["status"], &one["refunded_amount"]), (&json!("refunded"), &json!(300_000)));
    assert_eq!(one["refunds"].as_array().unwrap().len(), 2);
    let path = format!("/api/v1/admin/payments/{payment}");
    let shown = sale.send(get(path).operator()).await.want(200);
    let told = (&shown["status"], &shown["amount"], &shown["refunded_amount"], &shown["left"]);
    assert_eq!(told, (&json!("refunded"), &json!(300_000), &json!(300_000), &json!(0)));
    assert_eq!(shown["refunds"].as_array().unwrap().len(), 2);
    assert_eq!(id_of(&shown["user_id"]), fan.user);
    sale.sound();
    let sale = sale.reborn();
    sale.sound();
    let path = format!("/api/v1/admin/payments/{payment}");
    assert_eq!(sale.send(get(path).operator()).await.want(200), shown, "after a restart");
}

/// One key refunds once, however many ask; keys of their own refund once as well, since no more is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_is_made_once() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (fan, payment) = bought(&sale, &show, &[1, 2, 3, 4]).await;
    let half = json!({ "seat_numbers": [1, 2], "reason": "ill", "release_seats": true });
    let seen = sale.all((0..30).map(|_| refund_under("once", payment, &half))).await;
    assert_eq!(count(&seen, 201), 30);
    assert!(seen.iter().all(|answer| answer.body == seen[0].body), "one answer for all");
    let whole = json!({ "reason": "ill", "release_seats": false });
    let seen = sale.all((0..30).map(|_| refund(payment, &whole))).await;
    assert_eq!((count(&seen, 201), count(&seen, 409)), (1, 29));
    sale.send(refund_under("once", payment, &whole)).await.refused(422, "idempotency_key_reused");
    assert_eq!(mine(&sale, &fan, "/me/balance").await["balance"], 1_000_000);
    sale.sound();
}

/// Seats that are kept off the sale are shown as such everywhere, and nobody gets them.
#[tokio::test]
async fn blocked_seats_are_not_for_sale() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (_, payment) = bought(&sale, &show, &[1, 2]).await;
    let reader = sale.buyer(&show).await;
    let read = async |query: &str| {
        let path = format!("{}?{query}", show.seats_path());
        sale.send(get(path).by(&reader)).await.want(200)
    };
    let since = read("form=compact").await["version"].as_str().unwrap().to_owned();
    let body = json!({ "reason": "a camera stands there", "release_seats": false });
    sale.send(refund(payment, &body)).await.want(201);
    let map = read("form=full").await;
    assert_eq!(
        (&map["seats"][0]["status"], &map["available_seats"]),
        (&json!("blocked"), &json!(48))
    );
    assert_eq!(read("form=compact").await["states"].as_str().unwrap().chars().next(), Some('8'));
    let changed = read(&format!("form=compact&since={since}")).await["changed"].clone();
    assert_eq!(changed, json!({ "available": [], "held": [], "sold": [], "blocked": [1, 2] }));
    let seen = sale.send(reserve(&reader, &show, &[1, 3])).await;
    seen.refused(409, "seats_taken");
    let admin = format!("/api/v1/admin/concerts/{}", show.id);
    let figures = sale.send(get(admin.clone()).operator()).await.want(200)["dates"][0].clone();
    let told =
        ["available_seats", "held_seats", "sold_seats", "blocked_seats"].map(|n| &figures[n]);
    assert_eq!(told, [&json!(48), &json!(0), &json!(0), &json!(2)]);
    // Nothing is held or sold: the date can be deleted.
    sale.send(delete(format!("/api/v1/admin/concert-dates/{}", show.dates[0])).operator())
        .await
        .want(204);
    sale.sound();
}

/// A sale that was sold out lets people in again once seats have come back.
#[tokio::test]
async fn seats_that_come_back_let_people_in() {
    let sale = Sale::new();
    let date = json!([{ "starts_at": "2027-05-01T10:00:00Z",
        "seats": [{ "from": 1, "to": 2, "zone": "R", "price": 150_000 }] }]);
    let show = sale.concert(json!({ "dates": date, "max_active": 1 })).await;
    let (_, payment) = bought(&sale, &show, &[1, 2]).await;
    sale.tick().await;
    let mut fan = sale.fan().await;
    sale.join(&mut fan, &show).await;
    sale.pass(MINUTE);
    sale.tick().await;
    let poll = async || {
        let seen = sale.send(get("/api/v1/queue-tokens/me").by(&fan)).await.want(200);
        (seen["state"].clone(), seen["sale"].clone())
    };
    assert_eq!(poll().await, (json!("waiting"), json!("sold_out")));
    let body = json!({ "seat_numbers": [2], "reason": "ill", "release_seats": true });
    sale.send(refund(payment, &body)).await.want(201);
    sale.tick().await;
    sale.tick().await;
    assert_eq!(poll().await, (json!("admitted"), json!("open")));
    sale.sound();
}

/// Nobody could get at the money of a deleted account; its seats can be taken back without.
#[tokio::test]
async fn a_deleted_account_gets_no_money() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let payment = bought_and_gone(&sale, &show, 1).await;
    let body = json!({ "reason": "ill", "release_seats": true });
    sale.send(refund(payment, &body)).await.refused(409, "account_deleted");
    let body = json!({ "seat_numbers": [1], "amount": 0, "reason": "paid out by bank", "release_seats": true });
    let seen = sale.send(refund(payment, &body)).await.want(201);
    assert_eq!((&seen["amount"], &seen["left"]), (&json!(0), &json!(150_000)));
    sale.sound();
}

/// What cannot go back is told, with what can.
#[tokio::test]
async fn what_cannot_go_back_is_told() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (_, payment) = bought(&sale, &show, &[1]).await;
    let ask = async |body: Value| sale.send(refund(payment, &body)).await;
    let seen = ask(json!({ "amount": 150_001, "reason": "ill", "release_seats": true })).await;
    seen.refused(409, "refund_too_high");
    assert_eq!((&seen.json()["left"], &seen.json()["currency"]), (&json!(150_000), &json!("KRW")));
    let seen = ask(json!({ "seat_numbers": [1, 7], "reason": "ill", "release_seats": true })).await;
    seen.refused(409, "seats_not_booked");
    assert_eq!(seen.json()["seat_numbers"], json!([7]));
    ask(json!({ "amount": 0, "reason": "ill", "release_seats": true }))
        .await
        .refused(422, "amount_out_of_range");
    let seen = ask(json!({ "reason": " ", "release_seats": true })).await;
    seen.refused(422, "invalid_setting");
    assert_eq!(seen.json()["faults"][0]["pointer"], "/reason");
    let seen = ask(json!({ "seat_numbers": [], "reason": "ill", "release_seats": true })).await;
    seen.refused(422, "invalid_setting");
    let said = (&seen.json()["field"], &seen.json()["faults"][0]["pointer"]);
    assert_eq!(said, (&json!("seat_numbers"), &json!("/seat_numbers")));
    let seen = ask(json!({ "seat_numbers": [1, 1], "reason": "ill", "release_seats": true })).await;
    seen.refused(400, "invalid_body");
    assert_eq!(seen.json()["reason"], "name each seat once");
    let many: Vec<u32> = (2..=5_000).collect();
    let seen = ask(json!({ "seat_numbers": many, "reason": "ill", "release_seats": true })).await;
    seen.refused(409, "seats_not_booked");
    assert_eq!(seen.json()["seat_numbers"].as_array().unwrap().len(), 50);
    // All of the money, and the seat stays: no amount is left to ask for.
    let seen = ask(json!({ "amount": 150_000, "reason": "ill", "release_seats": true })).await;
    assert_eq!(seen.want(201)["seats_released"], false);
    for (amount, status, code) in [(0, 409, "already_refunded"), (1, 409, "refund_too_high")] {
        let body = json!({ "amount": amount, "reason": "ill", "release_seats": true });
        ask(body).await.refused(status, code);
    }
    for body in [
        json!({ "reason": "ill" }),
        json!({ "release_seats": true }),
        json!({ "reason": "ill", "release_seats": "yes" }),
        json!({ "reason": "ill", "release_seats": true, "seats": [1] }),
        json!({ "reason": "ill", "release_seats": true, "seat_numbers": [-1] }),
        json!({ "reason": "ill", "release_seats": true, "amount": "all" }),
        // A client that lost a value does not give back everything.
        json!({ "reason": "ill", "release_seats": true, "amount": null }),
        json!({ "reason": "ill", "release_seats": true, "seat_numbers": null }),
    ] {
        ask(body).await.refused(400, "invalid_body");
    }
    let body = json!({ "reason": "ill", "release_seats": true });
    sale.send(refund(new_id(), &body)).await.refused(404, "payment_not_found");
    let path = format!("/api/v1/admin/payments/{}", new_id());
    sale.send(get(path).operator()).await.refused(404, "payment_not_found");
    let keyless = format!("/api/v1/admin/payments/{payment}/refunds");
    sale.send(post(keyless).operator().json(&body)).await.refused(400, "idempotency_key_required");
    sale.sound();
}
