//! Seats that operators take off the sale and put on it again, and what everybody sees of it.

use crate::refunds::bought;
use crate::world::{Ask, Sale, Show, get, put, reserve};
use serde_json::{Value, json};

/// Seats of the first date are to be so.
pub fn set(show: &Show, seats: &[u32], status: &str) -> Ask {
    with(show, &json!({ "seat_numbers": seats, "status": status, "reason": "a camera" }))
}

fn with(show: &Show, body: &Value) -> Ask {
    let path = format!("/api/v1/admin/concert-dates/{}/seats/status", show.dates[0]);
    put(path).operator().json(body)
}

/// Blocked seats are held by nobody until they are on sale again; the map, the figures and the events tell it.
#[tokio::test]
async fn seats_go_off_the_sale_and_on_it_again() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.buyer(&show).await;
    let done = sale.send(set(&show, &[7, 8], "blocked")).await.want(200);
    let said = (&done["changed_seat_numbers"], &done["status"], &done["blocked_seats"]);
    assert_eq!(said, (&json!([7, 8]), &json!("blocked"), &json!(2)));
    let map = sale.send(get(show.seats_path()).by(&fan)).await.want(200);
    let said = (&map["seats"][6]["status"], &map["available_seats"]);
    assert_eq!(said, (&json!("blocked"), &json!(48)));

    // The code that apps know; what is not for sale is told beside it.
    let seen = sale.send(reserve(&fan, &show, &[6, 7, 8])).await;
    seen.refused(409, "seats_taken");
    let said = (&seen.json()["seat_numbers"], &seen.json()["blocked"], &seen.json()["detail"]);
    let detail = json!("Seats 7, 8 are not for sale.");
    assert_eq!(said, (&json!([7, 8]), &json!([7, 8]), &detail));
    let korean = sale.send(reserve(&fan, &show, &[7]).header("accept-language", "ko")).await;
    assert_eq!(korean.json()["detail"], "7번은 판매하지 않는 좌석입니다.");
    sale.hold(&fan, &show, &[6]).await;
    let other = sale.buyer(&show).await;
    let seen = sale.send(reserve(&other, &show, &[6])).await;
    seen.refused(409, "seats_taken");
    assert_eq!((&seen.json()["blocked"], &seen.json()["detail"]), (&json!(null), &json!(null)));

    let done = sale.send(set(&show, &[7, 9], "available")).await.want(200);
    assert_eq!(done["changed_seat_numbers"], json!([7]));
    sale.hold(&other, &show, &[7]).await;
    // Nothing is changed, and nothing is told.
    let done = sale.send(set(&show, &[8], "blocked")).await.want(200);
    assert_eq!(done["changed_seat_numbers"], json!([]));
    let events = sale.send(get("/api/v1/admin/events").operator()).await.want(200);
    let all = events["events"].as_array().unwrap().iter();
    let told: Vec<_> = all
        .filter(|event| event["kind"].as_str().unwrap().starts_with("seats."))
        .map(|event| (&event["kind"], &event["data"], &event["concert_date_id"]))
        .collect();
    let date = json!(show.dates[0].to_string());
    let (off, on) = (json!("seats.blocked"), json!("seats.unblocked"));
    let both = json!({ "seat_numbers": [7, 8], "reason": "a camera" });
    let one = json!({ "seat_numbers": [7], "reason": "a camera" });
    assert_eq!(told, [(&off, &both, &date), (&on, &one, &date)]);
    sale.sound();
    let sale = sale.reborn();
    sale.sound();
}

/// One key sets once: what came after it is not undone by a repetition.
#[tokio::test]
async fn a_repetition_changes_nothing() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let first = sale.send(set(&show, &[3], "blocked").key("b")).await.want(200);
    sale.send(set(&show, &[3], "available")).await.want(200);
    assert_eq!(sale.send(set(&show, &[3], "blocked").key("b")).await.want(200), first);
    let done = sale.send(set(&show, &[3], "available")).await.want(200);
    assert_eq!(done["changed_seat_numbers"], json!([]));
    sale.send(set(&show, &[4], "blocked").key("b")).await.refused(422, "idempotency_key_reused");
    sale.sound();
}

/// What is held or sold stays so, and it is said which; what cannot be meant is refused with the place.
#[tokio::test]
async fn what_is_held_or_sold_stays() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    bought(&sale, &show, &[1, 2]).await;
    let fan = sale.buyer(&show).await;
    sale.hold(&fan, &show, &[3]).await;
    for status in ["blocked", "available"] {
        let seen = sale.send(set(&show, &[1, 3, 4], status)).await;
        seen.refused(409, "seats_held_or_sold");
        assert_eq!((&seen.json()["held"], &seen.json()["sold"]), (&json!([3]), &json!([1])));
    }
    sale.send(set(&show, &[4, 51], "blocked")).await.refused(404, "seat_not_found");
    let many: Vec<u32> = (1..=1_001).collect();
    for (seats, reason, field) in
        [(&[] as &[u32], "x", "seat_numbers"), (&many, "x", "seat_numbers"), (&[4], " ", "reason")]
    {
        let body = json!({ "seat_numbers": seats, "status": "blocked", "reason": reason });
        let seen = sale.send(with(&show, &body)).await;
        seen.refused(422, "invalid_setting");
        let said = (&seen.json()["field"], &seen.json()["faults"][0]["pointer"]);
        assert_eq!(said, (&json!(field), &json!(format!("/{field}"))));
    }
    for body in [
        json!({ "seat_numbers": [4], "status": "sold", "reason": "x" }),
        json!({ "seat_numbers": [4], "status": "blocked" }),
        json!({ "seat_numbers": [4], "status": "blocked", "reason": "x", "seats": [5] }),
        json!({ "seat_numbers": [4, 4], "status": "blocked", "reason": "x" }),
        json!({ "seat_numbers": [4], "status": { "blocked": null }, "reason": "x" }),
        json!({ "seat_numbers": [-4], "status": "blocked", "reason": "x" }),
    ] {
        sale.send(with(&show, &body)).await.refused(400, "invalid_body");
    }
    let path = format!("/api/v1/admin/concert-dates/{}/seats/status", show.id);
    let body = json!({ "seat_numbers": [4], "status": "blocked", "reason": "x" });
    sale.send(put(path).operator().json(&body)).await.refused(404, "date_not_found");
    sale.sound();
}
