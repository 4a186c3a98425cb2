//! Refusals of the rules.

use super::Met;
use crate::world::{MINUTE, Sale, charge, delete, get, pay, post, put, reserve};
use boxoffice_server::http::app::new_id;
use insta::assert_snapshot;
use serde_json::json;

/// The queue token's state.
pub async fn tokens(met: &mut Met) {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1 })).await;
    let shopper = sale.shopper(&show).await;
    let mut waiting = sale.fan().await;
    sale.join(&mut waiting, &show).await;
    let seen = sale.send(get(show.path("/dates")).by(&waiting)).await;
    assert_snapshot!(met.see(&seen), @r#"
    403
    retry-after: 1

    code: "not_admitted"
    title: "It is not your turn yet."
    "#);
    let seen = sale.send(reserve(&waiting, &show, &[1])).await;
    assert_snapshot!(met.see(&seen), @r#"
    403
    retry-after: 1

    code: "not_admitted"
    title: "It is not your turn yet."
    "#);

    let mut claims = sale.claims(&waiting);
    claims.sequence = 99;
    waiting.token = sale.app.keyring.queue(&claims).unwrap();
    let seen = sale.send(get(show.path("/dates")).by(&waiting)).await;
    assert_snapshot!(met.see(&seen), @r#"
    403

    code: "queue_token_unknown"
    title: "This queue token has no place in the waiting queue. Join the queue again."
    "#);

    sale.pass(MINUTE);
    let seen = sale.send(get(show.path("/dates")).by(&shopper)).await;
    assert_snapshot!(met.see(&seen), @r#"
    403

    code: "queue_token_expired"
    title: "The queue token has expired. Join the queue again."
    "#);

    let later = sale.concert(json!({ "opens_at": "2027-01-16T08:00:00Z" })).await;
    let mut early = sale.fan().await;
    sale.join(&mut early, &later).await;
    let seen = sale.send(get(later.path("/dates")).by(&early)).await;
    assert_snapshot!(met.see(&seen), @r#"
    403
    retry-after: 30

    code: "not_admitted"
    opens_at: "2027-01-16T08:00:00.000Z"
    title: "It is not your turn yet."
    "#);
}

/// The sale's state. A sale that is not open to somebody who has been admitted takes a clock that
/// went back (H6).
pub async fn sale(met: &mut Met) {
    let sale = Sale::new();
    let seen = sale.send(get(format!("/api/v1/concerts/{}", new_id()))).await;
    assert_snapshot!(met.see(&seen), @r#"
    404

    code: "concert_not_found"
    title: "The concert was not found."
    "#);
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let mut other = show.clone();
    other.dates = vec![new_id()];
    let seen = sale.send(get(other.seats_path()).by(&fan)).await;
    assert_snapshot!(met.see(&seen), @r#"
    404

    code: "date_not_found"
    title: "The date was not found."
    "#);
    let seen = sale.send(reserve(&fan, &other, &[1])).await;
    assert_eq!(seen.code(), "date_not_found");
    let elsewhere = json!({ "queue_id": new_id() });
    let join = post(show.path("/queue-tokens")).identity(&fan.identity).json(&elsewhere);
    let seen = sale.send(join).await;
    assert_snapshot!(met.see(&seen), @r#"
    404

    code: "queue_not_found"
    title: "The concert has no such waiting queue."
    "#);

    sale.pass(-10_000);
    let seen = sale.send(reserve(&fan, &show, &[1])).await;
    assert_snapshot!(met.see(&seen), @r#"
    409
    retry-after: 1

    code: "sale_not_open"
    opens_at: "2027-01-15T08:00:00.000Z"
    title: "The sale has not opened yet."
    "#);
    sale.pass(10_000);

    let close = put(format!("/api/v1/admin/concerts/{}/sale", show.id)).operator();
    sale.send(close.json(&json!({ "open": false }))).await.want(200);
    let late = sale.fan().await;
    let seen = sale.send(post(show.path("/queue-tokens")).by(&late)).await;
    assert_snapshot!(met.see(&seen), @r#"
    409

    code: "sale_closed"
    title: "The sale is closed."
    "#);
    let seen = sale.send(
        put(format!("/api/v1/admin/concerts/{}/queue", show.id))
            .operator()
            .json(&json!({ "max_active": 0 })),
    );
    assert_snapshot!(met.see(&seen.await), @r#"
    422

    code: "invalid_setting"
    faults: [{"detail":"must be 1 to 10000000","max":10000000,"min":1,"pointer":"/max_active","reason":"out_of_range","value":0}]
    faults_total: 1
    field: "max_active"
    title: "A field has a value that is not allowed."
    "#);
}

/// Seats that can't be had.
pub async fn seats(met: &mut Met) {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (a, b) = (sale.buyer(&show).await, sale.shopper(&show).await);
    let id = sale.hold(&a, &show, &[1, 2]).await;
    let seen = sale.send(reserve(&b, &show, &[2, 3, 1])).await;
    assert_snapshot!(met.see(&seen), @r#"
    409

    code: "seats_taken"
    seat_numbers: [1,2]
    title: "Some of these seats are taken, so none of them were held. Choose other seats."
    "#);
    let seen = sale.send(reserve(&b, &show, &[50, 51, 0])).await;
    assert_snapshot!(met.see(&seen), @r#"
    404

    code: "seat_not_found"
    seat_numbers: [0,51]
    title: "Some of these seats do not exist on this date."
    "#);
    let seen = sale.send(reserve(&a, &show, &[3])).await;
    assert_snapshot!(met.see(&seen), @r#"
    409

    code: "hold_exists"
    reservation_id: "[id 1]"
    title: "You already hold seats. Pay for them or release them first."
    "#);
    let seen = sale.send(get(format!("/api/v1/reservations/{id}")).by(&b)).await;
    assert_snapshot!(met.see(&seen), @r#"
    404

    code: "reservation_not_found"
    title: "The reservation was not found."
    "#);

    sale.send(pay(&a, id, "p")).await.want(201);
    let mut again = a.clone();
    sale.join(&mut again, &show).await;
    let seen = sale.send(reserve(&again, &show, &[3, 4, 5])).await;
    assert_snapshot!(met.see(&seen), @r#"
    409

    code: "seat_limit"
    have: 2
    limit: 4
    title: "You cannot have this many seats on this date."
    "#);
}

/// Reservations that are over.
pub async fn ends(met: &mut Met) {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (a, b, c) = (sale.buyer(&show).await, sale.shopper(&show).await, sale.shopper(&show).await);
    let paid = sale.hold(&a, &show, &[1]).await;
    sale.send(pay(&a, paid, "p1")).await.want(201);
    let seen = sale.send(pay(&a, paid, "p2")).await;
    assert_snapshot!(met.see(&seen), @r#"
    409

    code: "already_paid"
    payment_id: "[id 1]"
    title: "This reservation is already paid."
    "#);

    let released = sale.hold(&b, &show, &[2]).await;
    sale.send(delete(format!("/api/v1/reservations/{released}")).by(&b)).await.want(204);
    let seen = sale.send(pay(&b, released, "p1")).await;
    assert_snapshot!(met.see(&seen), @r#"
    410

    code: "hold_released"
    title: "This hold was released."
    "#);

    let seen = sale.send(reserve(&b, &show, &[2])).await;
    assert_eq!(seen.status, 201, "released within the same moment");

    let lapsed = sale.hold(&c, &show, &[3]).await;
    sale.pass(5 * MINUTE);
    let seen = sale.send(pay(&c, lapsed, "p1")).await;
    assert_snapshot!(met.see(&seen), @r#"
    410

    code: "hold_lapsed"
    title: "The time to pay is over. You no longer hold these seats."
    "#);
}

/// Seats that were let go again and again.
pub async fn lapses(met: &mut Met) {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let mut fan = sale.shopper(&show).await;
    for seat in 1..=3 {
        sale.hold(&fan, &show, &[seat]).await;
        sale.pass(5 * MINUTE);
        if seat < 3 {
            sale.join(&mut fan, &show).await;
        }
        if seat == 1 {
            let seen = sale.send(reserve(&fan, &show, &[1])).await;
            assert_eq!(seen.json()["seat_numbers"], json!([1]));
            assert!(seen.json()["retry_at"].is_string());
            met.see(&seen);
            assert_eq!(seen.code(), "seats_cooling_off");
        }
    }
    let seen = sale.send(post(show.path("/queue-tokens")).by(&fan)).await;
    assert!(seen.json()["retry_at"].is_string());
    met.see(&seen);
    assert_eq!(seen.code(), "too_many_lapses");
}

/// Money.
pub async fn money(met: &mut Met) {
    let sale = Sale::with(|given| given.limits = Some(false));
    let show = sale.concert(json!({})).await;
    let fan = sale.buyer(&show).await;
    let seen = sale.send(charge(&fan, 0).key("zero")).await;
    assert_snapshot!(met.see(&seen), @r#"
    422

    code: "amount_out_of_range"
    currency: "KRW"
    currency_decimals: 0
    max: 100000000
    min: 1
    title: "The amount is outside the allowed range."
    "#);
    let seen = sale.send(charge(&fan, 1).key("first-money")).await;
    assert_snapshot!(met.see(&seen), @r#"
    422

    code: "idempotency_key_reused"
    title: "This Idempotency-Key was already used for another request."
    "#);
    let most = (0..99).map(|n| charge(&fan, 100_000_000).key(&format!("m{n}")));
    assert!(sale.all(most).await.iter().all(|seen| seen.status == 201));
    let seen = sale.send(charge(&fan, 100_000_000).key("too-much")).await;
    assert_snapshot!(met.see(&seen), @r#"
    409

    code: "balance_limit"
    currency: "KRW"
    currency_decimals: 0
    limit: 10000000000
    title: "The balance would exceed its limit."
    "#);

    let poor = sale.shopper(&show).await;
    sale.send(charge(&poor, 100_000).key("c")).await.want(201);
    let id = sale.hold(&poor, &show, &[1]).await;
    let seen = sale.send(pay(&poor, id, "p")).await;
    assert_snapshot!(met.see(&seen), @r#"
    402

    balance: 100000
    code: "insufficient_balance"
    currency: "KRW"
    currency_decimals: 0
    missing: 50000
    price: 150000
    title: "Your balance is too low. Charge it and pay again. Your seats stay held."
    "#);
}
