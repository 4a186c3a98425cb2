//! What is wrong with a change that an operator sends: what and where, in the words of the request.

use crate::world::{Ask, Sale, Seen, Show, patch, post, put};
use serde_json::{Value, json};

fn admin(show: &Show, rest: &str) -> String {
    format!("/api/v1/admin/concerts/{}{rest}", show.id)
}

/// Pointer and reason of each fault.
fn faults(seen: &Seen) -> Vec<String> {
    let told = seen.json()["faults"].as_array().cloned().unwrap_or_default();
    let words = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    told.iter().map(|fault| words(&fault["pointer"]) + " " + &words(&fault["reason"])).collect()
}

async fn check(sale: &Sale, ask: Ask, body: Value, status: u16, want: &[&str]) {
    let seen = sale.send(ask.operator().key("k").json(&body)).await;
    let answer = seen.want(status);
    assert_eq!(faults(&seen), want, "{body}: {answer}");
}

/// F3: each route tells every place that is wrong.
#[tokio::test]
async fn every_change_is_told_what_is_wrong_with_it() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "opens_at": "2027-02-15T08:00:00Z" })).await;
    let before = sale.dump();
    let date = format!("/api/v1/admin/concert-dates/{}", show.dates[0]);
    let range = |from: u32, to: u32, zone: &str, price: i64| json!({ "from": from, "to": to, "zone": zone, "price": price });
    let seats = json!([range(1, 3, "R", -1), range(3, 4, " ", 1), range(9, 8, "\u{301}", 1)]);
    let all = [
        "/starts_at not_a_time",
        "/seats/0/price out_of_range",
        "/seats/1/zone length",
        "/seats/2/zone length",
        "/seats/2/to range_backwards",
        "/seats/1 doubled",
    ];
    let body = json!({ "starts_at": "2027-02-29T00:00:00Z", "seats": seats });
    check(&sale, patch(&date), body, 400, &all).await;
    check(&sale, patch(&date), json!({ "seats": seats }), 400, &all[1..]).await;
    let marks = json!({ "seats": [range(1, 1, "\u{301}", 1)] });
    check(&sale, patch(&date), marks, 422, &["/seats/0/zone length"]).await;
    let twice = json!({ "seats": [range(1, 3, "R", 1), range(3, 4, "S", 1)] });
    check(&sale, patch(&date), twice, 422, &["/seats/1 doubled"]).await;

    let body =
        json!({ "name": " ", "run_time_minutes": 0, "time_zone": "Seoul", "hold_seconds": 0 });
    let all = [
        "/name length",
        "/run_time_minutes out_of_range",
        "/time_zone unknown_zone",
        "/hold_seconds out_of_range",
    ];
    check(&sale, patch(admin(&show, "")), body, 400, &all).await;

    let queue = || put(admin(&show, "/queue"));
    let body = json!({ "max_active": 0, "admissions_per_second": 1_000_000_000_000_u64, "max_waiting": 0,
        "pause_reason": { "en": "x".repeat(1_001), "ko": " " } });
    let all = [
        "/max_active out_of_range",
        "/admissions_per_second out_of_range",
        "/max_waiting out_of_range",
        "/pause_reason/en length",
        "/pause_reason/ko length",
    ];
    check(&sale, queue(), body, 422, &all).await;

    let times = || put(admin(&show, "/sale"));
    let body = json!({ "opens_at": "2027-02-16T24:00:00Z", "closes_at": "2027-02-16T08:00:00" });
    check(&sale, times(), body, 400, &["/opens_at not_a_time", "/closes_at not_a_time"]).await;
    let body = json!({ "opens_at": "2027-02-17T08:00:00Z", "closes_at": "2027-02-16T08:00:00Z" });
    check(&sale, times(), body, 422, &["/closes_at too_early"]).await;
    let body = json!({ "closes_at": "2027-02-15T08:00:00Z" });
    check(&sale, times(), body, 422, &["/closes_at too_early"]).await;
    assert_eq!(sale.dump(), before);
    sale.send(times().operator().json(&json!({ "closes_at": "2027-02-20T08:00:00Z" })))
        .await
        .want(200);
    let body = json!({ "opens_at": "2027-02-21T08:00:00Z" });
    check(&sale, times(), body, 422, &["/opens_at too_late"]).await;

    let fan = sale.fan().await;
    for (at, reason) in [" ".to_owned(), "x".repeat(201), "\u{301}".into()].iter().enumerate() {
        for kind in ["credits", "debits"] {
            let path = format!("/api/v1/admin/users/{}/balance/{kind}", fan.user);
            let ask = post(path).operator().key(&format!("{kind}{at}"));
            let seen = sale.send(ask.json(&json!({ "amount": 5, "reason": reason }))).await;
            seen.refused(422, "invalid_setting");
            assert_eq!(faults(&seen), ["/reason length"]);
        }
    }
}

/// A time that is none is told why, in a body and in the query.
#[tokio::test]
async fn what_is_no_time_is_told_why() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "opens_at": "2027-02-15T08:00:00Z" })).await;
    let path = admin(&show, "/dates");
    for (query, words) in [
        ("", "missing"),
        ("?starts_at=", "missing"),
        ("?starts_at=2027-03-01T19:00:00+09:00", "%2B"),
        ("?starts_at=2027-02-29T19:00:00Z", "day does not exist"),
        ("?starts_at=2027-03-01T24:00:00Z", "no day has this time"),
        ("?starts_at=1969-12-31T23:59:59Z", "between 1970 and 9999"),
        ("?starts_at=2027-03-01T19:00:00", "no offset"),
        ("?starts_at=2027-03-01", "RFC 3339"),
    ] {
        let csv = "seat_number,zone,price\n1,R,1\n";
        let ask = post(format!("{path}{query}")).operator().body("text/csv", csv);
        let seen = sale.send(ask).await;
        seen.refused(400, "invalid_query");
        let told = seen.json();
        assert_eq!(told["field"], "starts_at");
        assert!(told["reason"].as_str().unwrap().contains(words), "{query}: {told}");
    }
    let body = json!({ "opens_at": "2027-02-29T00:00:00Z" });
    let seen = sale.send(put(admin(&show, "/sale")).operator().json(&body)).await;
    let told = seen.want(400);
    assert_eq!(told["reason"], "this day does not exist");
    assert_eq!(told["faults"][0]["detail"], "this day does not exist");
    let ask = put(admin(&show, "/sale")).operator().json(&body).header("accept-language", "ko");
    assert_eq!(sale.send(ask).await.want(400)["reason"], "달력에 없는 일자입니다");
}

/// A title that shows nothing is taken nowhere.
#[tokio::test]
async fn titles_that_show_nothing_are_refused() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let before = sale.dump();
    let stacked = format!("a{}", "\u{301}".repeat(180));
    for name in ["\u{301}", "\u{20DD}", "\u{378}", "\u{13441}\u{13442}", "\u{13430}", &stacked] {
        let seen =
            sale.send(patch(admin(&show, "")).operator().json(&json!({ "name": name }))).await;
        seen.want(422);
        let body = json!({ "name": name, "theater": "T", "run_time_minutes": 90, "opens_at": "2027-02-15T08:00:00Z" });
        sale.send(post("/api/v1/admin/concerts").operator().json(&body)).await.want(422);
    }
    assert_eq!(sale.dump(), before);
}
