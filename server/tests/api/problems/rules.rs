//! Refusals of the rules.

use super::Met;
use crate::world::{MINUTE, Sale, charge, delete, get, pay, post, put, reserve};
use boxoffice::http::app::new_id;
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
    content-type: application/problem+json
    content-language: en
    retry-after: 2

    code: "not_admitted"
    status: 403
    title: "It is not your turn yet."
    type: "urn:boxoffice:problem:not_admitted"
    "#);
    let seen = sale.send(reserve(&waiting, &show, &[1])).await;
    assert_snapshot!(met.see(&seen), @r#"
    403
    content-type: application/problem+json
    content-language: en
    retry-after: 1

    code: "not_admitted"
    status: 403
    title: "It is not your turn yet."
    type: "urn:boxoffice:problem:not_admitted"
    "#);

    let mut claims = sale.claims(&waiting);
    claims.sequence = 99;
    waiting.token = sale.app.keyring.queue(&claims).unwrap();
    let seen = sale.send(get(show.path("/dates")).by(&waiting)).await;
    assert_snapshot!(met.see(&seen), @r#"
    403
    content-type: application/problem+json
    content-language: en

    code: "queue_token_unknown"
    status: 403
    title: "This queue token names no place in line."
    type: "urn:boxoffice:problem:queue_token_unknown"
    "#);

    sale.pass(MINUTE);
    let seen = sale.send(get(show.path("/dates")).by(&shopper)).await;
    assert_snapshot!(met.see(&seen), @r#"
    403
    content-type: application/problem+json
    content-language: en

    code: "queue_token_expired"
    status: 403
    title: "This queue token has expired. Please join the queue again."
    type: "urn:boxoffice:problem:queue_token_expired"
    "#);

    let later = sale.concert(json!({ "opens_at": "2027-01-16T08:00:00Z" })).await;
    let mut early = sale.fan().await;
    sale.join(&mut early, &later).await;
    let seen = sale.send(get(later.path("/dates")).by(&early)).await;
    assert_snapshot!(met.see(&seen), @r#"
    403
    content-type: application/problem+json
    content-language: en
    retry-after: 2

    code: "not_admitted"
    opens_at: "2027-01-16T08:00:00.000Z"
    status: 403
    title: "It is not your turn yet."
    type: "urn:boxoffice:problem:not_admitted"
    "#);
}

/// The sale's state. A sale that is not open to somebody who has been admitted takes a clock that
/// went back (H6).
pub async fn sale(met: &mut Met) {
    let sale = Sale::new();
    let seen = sale.send(get(format!("/api/v1/concerts/{}", new_id()))).await;
    assert_snapshot!(met.see(&seen), @r#"
    404
    content-type: application/problem+json
    content-language: en

    code: "concert_not_found"
    status: 404
    title: "There is no such concert."
    type: "urn:boxoffice:problem:concert_not_found"
    "#);
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let mut other = show.clone();
    other.dates = vec![new_id()];
    let seen = sale.send(get(other.seats_path()).by(&fan)).await;
    assert_snapshot!(met.see(&seen), @r#"
    404
    content-type: application/problem+json
    content-language: en

    code: "date_not_found"
    status: 404
    title: "There is no such date."
    type: "urn:boxoffice:problem:date_not_found"
    "#);
    let seen = sale.send(reserve(&fan, &other, &[1])).await;
    assert_eq!(seen.code(), "date_not_found");

    sale.pass(-10_000);
    let seen = sale.send(reserve(&fan, &show, &[1])).await;
    assert_snapshot!(met.see(&seen), @r#"
    409
    content-type: application/problem+json
    content-language: en
    retry-after: 1

    code: "sale_not_open"
    opens_at: "2027-01-15T08:00:00.000Z"
    status: 409
    title: "The sale has not opened yet."
    type: "urn:boxoffice:problem:sale_not_open"
    "#);
    sale.pass(10_000);

    let close = put(format!("/api/v1/admin/concerts/{}/sale", show.id)).operator();
    sale.send(close.json(&json!({ "open": false }))).await.want(200);
    let late = sale.fan().await;
    let seen = sale.send(post(show.path("/queue-tokens")).by(&late)).await;
    assert_snapshot!(met.see(&seen), @r#"
    409
    content-type: application/problem+json
    content-language: en

    code: "sale_closed"
    status: 409
    title: "The sale is over."
    type: "urn:boxoffice:problem:sale_closed"
    "#);
    let seen = sale.send(
        put(format!("/api/v1/admin/concerts/{}/queue", show.id))
            .operator()
            .json(&json!({ "max_active": 0 })),
    );
    assert_snapshot!(met.see(&seen.await), @r#"
    422
    content-type: application/problem+json
    content-language: en

    code: "invalid_setting"
    field: "max_active"
    status: 422
    title: "A field has a value that is not allowed."
    type: "urn:boxoffice:problem:invalid_setting"
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
    content-type: application/problem+json
    content-language: en

    code: "seats_taken"
    seat_numbers: [1,2]
    status: 409
    title: "Some of these seats are taken; none was reserved. Please choose others."
    type: "urn:boxoffice:problem:seats_taken"
    "#);
    let seen = sale.send(reserve(&b, &show, &[50, 51, 0])).await;
    assert_snapshot!(met.see(&seen), @r#"
    404
    content-type: application/problem+json
    content-language: en

    code: "seat_not_found"
    seat_numbers: [0,51]
    status: 404
    title: "The date has no such seats."
    type: "urn:boxoffice:problem:seat_not_found"
    "#);
    let seen = sale.send(reserve(&a, &show, &[3])).await;
    assert_snapshot!(met.see(&seen), @r#"
    409
    content-type: application/problem+json
    content-language: en

    code: "hold_exists"
    reservation_id: "[id 1]"
    status: 409
    title: "You already hold seats. Pay for them or release them first."
    type: "urn:boxoffice:problem:hold_exists"
    "#);
    let seen = sale.send(get(format!("/api/v1/reservations/{id}")).by(&b)).await;
    assert_snapshot!(met.see(&seen), @r#"
    404
    content-type: application/problem+json
    content-language: en

    code: "reservation_not_found"
    status: 404
    title: "There is no such reservation."
    type: "urn:boxoffice:problem:reservation_not_found"
    "#);

    sale.send(pay(&a, id, "p")).await.want(201);
    let mut again = a.clone();
    sale.join(&mut again, &show).await;
    let seen = sale.send(reserve(&again, &show, &[3, 4, 5])).await;
    assert_snapshot!(met.see(&seen), @r#"
    409
    content-type: application/problem+json
    content-language: en

    code: "seat_limit"
    have: 2
    limit: 4
    status: 409
    title: "This is more seats than one person may have on this date."
    type: "urn:boxoffice:problem:seat_limit"
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
    content-type: application/problem+json
    content-language: en

    code: "already_paid"
    payment_id: "[id 1]"
    status: 409
    title: "This reservation is already paid."
    type: "urn:boxoffice:problem:already_paid"
    "#);

    let released = sale.hold(&b, &show, &[2]).await;
    sale.send(delete(format!("/api/v1/reservations/{released}")).by(&b)).await.want(204);
    let seen = sale.send(pay(&b, released, "p1")).await;
    assert_snapshot!(met.see(&seen), @r#"
    410
    content-type: application/problem+json
    content-language: en

    code: "hold_released"
    status: 410
    title: "This reservation was cancelled."
    type: "urn:boxoffice:problem:hold_released"
    "#);

    let lapsed = sale.hold(&c, &show, &[3]).await;
    sale.pass(5 * MINUTE);
    let seen = sale.send(pay(&c, lapsed, "p1")).await;
    assert_snapshot!(met.see(&seen), @r#"
    410
    content-type: application/problem+json
    content-language: en

    code: "hold_lapsed"
    status: 410
    title: "The time to pay is over; the seats have been released."
    type: "urn:boxoffice:problem:hold_lapsed"
    "#);
}

/// Money.
pub async fn money(met: &mut Met) {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.buyer(&show).await;
    let seen = sale.send(charge(&fan, 0).key("zero")).await;
    assert_snapshot!(met.see(&seen), @r#"
    422
    content-type: application/problem+json
    content-language: en

    code: "amount_out_of_range"
    max: 100000000
    min: 1
    status: 422
    title: "The amount is outside the allowed range."
    type: "urn:boxoffice:problem:amount_out_of_range"
    "#);
    let seen = sale.send(charge(&fan, 1).key("first-money")).await;
    assert_snapshot!(met.see(&seen), @r#"
    422
    content-type: application/problem+json
    content-language: en

    code: "idempotency_key_reused"
    status: 422
    title: "This Idempotency-Key was used for another request."
    type: "urn:boxoffice:problem:idempotency_key_reused"
    "#);
    let most = (0..99).map(|n| charge(&fan, 100_000_000).key(&format!("m{n}")));
    assert!(sale.all(most).await.iter().all(|seen| seen.status == 201));
    let seen = sale.send(charge(&fan, 100_000_000).key("too-much")).await;
    assert_snapshot!(met.see(&seen), @r#"
    409
    content-type: application/problem+json
    content-language: en

    code: "balance_limit"
    limit: 10000000000
    status: 409
    title: "The balance would exceed its limit."
    type: "urn:boxoffice:problem:balance_limit"
    "#);

    let poor = sale.shopper(&show).await;
    sale.send(charge(&poor, 100_000).key("c")).await.want(201);
    let id = sale.hold(&poor, &show, &[1]).await;
    let seen = sale.send(pay(&poor, id, "p")).await;
    assert_snapshot!(met.see(&seen), @r#"
    402
    content-type: application/problem+json
    content-language: en

    balance: 100000
    code: "insufficient_balance"
    missing: 50000
    price: 150000
    status: 402
    title: "The balance is too low. Charge it and pay again; your seats are still held."
    type: "urn:boxoffice:problem:insufficient_balance"
    "#);
}
