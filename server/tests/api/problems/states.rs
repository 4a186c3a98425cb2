//! What operators cannot do, and what users cannot where operators do it.

use super::Met;
use crate::refunds::{bought, bought_and_gone, refund};
use crate::world::{Sale, charge, delete, get, patch, post, put, reserve};
use boxoffice_server::http::app::new_id;
use serde_json::json;

/// Concerts and dates.
pub async fn shows(met: &mut Met) {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let admin = format!("/api/v1/admin/concerts/{}", show.id);
    let date = |starts_at: &str| {
        let seats = json!([{ "from": 1, "to": 2, "zone": "R", "price": 1 }]);
        let body = json!({ "starts_at": starts_at, "seats": seats });
        post(format!("{admin}/dates")).operator().json(&body)
    };
    let twice = sale.send(date("2027-05-01T10:00:00Z")).await;
    met.see(&twice);
    assert_eq!(twice.json()["concert_date_id"], json!(show.dates[0].to_string()));
    let past = sale.send(date("2027-01-15T08:00:00Z")).await;
    met.see(&past);
    assert_eq!(
        (past.code(), &past.json()["starts_at"]),
        ("date_in_past".into(), &json!("2027-01-15T08:00:00.000Z"))
    );
    let later = sale.concert(json!({ "opens_at": "2027-03-01T00:00:00Z" })).await;
    let path = format!("/api/v1/admin/concert-dates/{}", later.dates[0]);
    let change = json!({ "starts_at": "2027-02-01T00:00:00Z" });
    let before = sale.send(patch(path).operator().json(&change)).await;
    met.see(&before);
    let times = (&before.json()["starts_at"], &before.json()["opens_at"]);
    assert_eq!(times, (&json!("2027-02-01T00:00:00.000Z"), &json!("2027-03-01T00:00:00.000Z")));
    let move_opening = put(format!("{admin}/sale")).operator();
    let moved = move_opening.json(&json!({ "opens_at": "2027-02-01T00:00:00Z" }));
    met.see(&sale.send(moved).await);
    let slip = put(format!("{admin}/sale")).operator();
    let slip = slip.json(&json!({ "closes_at": "2026-02-01T00:00:00Z" }));
    met.see(&sale.send(slip).await);
    met.see(&sale.send(delete(&admin).operator()).await);
    let fan = sale.shopper(&show).await;
    sale.hold(&fan, &show, &[1, 2]).await;
    let held = sale.send(delete(&admin).operator()).await;
    met.see(&held);
    assert_eq!(held.json()["seats"], 2);
    met.see(&sale.send(get("/api/v1/admin/events?after=9.9").operator()).await);
    met.see(&sale.send(get(format!("/api/v1/admin/jobs/{}", new_id())).operator()).await);
    met.see(&sale.send(get(format!("/api/v1/layouts/{}", "0".repeat(64)))).await);
    let mut layout = serde_json::to_value(boxoffice_server::layout::halls::small()).unwrap();
    layout["seat"] = json!(0);
    met.see(&sale.send(post("/api/v1/admin/layouts").operator().json(&layout)).await);
    let shopper = sale.shopper(&show).await;
    let best =
        json!({ "concert_date_id": show.dates[0], "best": { "count": 1, "accessible": true } });
    met.see(&sale.send(post("/api/v1/reservations").by(&shopper).json(&best)).await);
    let other = sale.shopper(&show).await;
    let path = format!("/api/v1/admin/concert-dates/{}/cancellation", show.dates[0]);
    let ill = json!({ "reason": "The singer is ill." });
    sale.send(post(path).operator().json(&ill)).await.want(202);
    let seen = sale.send(reserve(&other, &show, &[3])).await;
    met.see(&seen);
    assert_eq!(seen.json()["reason"], "The singer is ill.");
}

/// What goes back.
pub async fn refunds(met: &mut Met) {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (_, payment) = bought(&sale, &show, &[1]).await;
    let whole = json!({ "reason": "ill", "release_seats": true });
    met.see(&sale.send(refund(new_id(), &whole)).await);
    let seats = json!({ "seat_numbers": [2], "reason": "ill", "release_seats": true });
    met.see(&sale.send(refund(payment, &seats)).await);
    let most = json!({ "amount": 900_000, "reason": "ill", "release_seats": true });
    met.see(&sale.send(refund(payment, &most)).await);
    met.see(&sale.send(crate::block::set(&show, &[1], "blocked")).await);
    sale.send(refund(payment, &whole)).await.want(201);
    met.see(&sale.send(refund(payment, &whole)).await);

    let gone = bought_and_gone(&sale, &show, 2).await;
    met.see(&sale.send(refund(gone, &whole)).await);
}

/// Money by operators.
pub async fn funds(met: &mut Met) {
    let sale = Sale::with(|given| given.self_charge = Some(false));
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    met.see(&sale.send(charge(&fan, 1).key("mine")).await);
    let debit = |user| {
        let path = format!("/api/v1/admin/users/{user}/balance/debits");
        let body = json!({ "amount": 1, "reason": "a mistake" });
        post(path).operator().json(&body).key(&new_id().to_string())
    };
    met.see(&sale.send(debit(new_id())).await);
    let seen = sale.send(debit(fan.user)).await;
    met.see(&seen);
    assert_eq!((&seen.json()["balance"], &seen.json()["currency"]), (&json!(0), &json!("KRW")));
}
