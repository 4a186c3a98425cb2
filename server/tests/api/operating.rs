//! The operator's verbs and what those who run the server look at.

use crate::world::{Sale, charge, get, id_of, pay, post, put, reserve};
use boxoffice_core::limits::{
    DATES_PER_CONCERT_MAX, NAME_CHARS_MAX, SEATS_PER_DATE_MAX, SEATS_PER_REQUEST_MAX,
};
use boxoffice_core::time::Time;
use boxoffice_server::store::keys::OperatorKeys;
use boxoffice_server::store::sqlite::ApiKeys;
use insta::assert_snapshot;
use serde_json::json;

/// A concert with everything named, and one with defaults; the same key makes one.
#[tokio::test]
async fn a_concert_is_made() {
    let sale = Sale::new();
    let body = json!({
        "name": "Moonlight Parade", "theater": "Hangang Hall", "run_time_minutes": 120,
        "opens_at": "2027-01-15T17:00:00+09:00", "closes_at": "2027-02-15T17:00:00+09:00",
        "hold_seconds": 120, "shop_seconds": 240, "arrival_grace_seconds": 30,
        "seats_per_user": 2, "max_active": 7, "admissions_per_second": 3, "max_waiting": 99,
        "dates": [{ "starts_at": "2027-05-01T19:00:00+09:00",
            "seats": [{ "from": 1, "to": 20, "zone": "R", "price": 150_000 },
                { "from": 21, "to": 30, "zone": "S", "price": 0 }] }],
    });
    let made = sale.send(post("/api/v1/admin/concerts").operator().key("k").json(&body)).await;
    assert_snapshot!(made.shown(), @r#"
    201
    content-type: application/json

    concert_date_ids: ["[id 1]"]
    concert_id: "[id 2]"
    "#);
    let again = sale.send(post("/api/v1/admin/concerts").operator().key("k").json(&body)).await;
    assert_eq!((again.header("idempotent-replayed"), &again.body), ("true", &made.body));
    assert_eq!(sale.app.read_model.concerts().len(), 1);

    let path = format!("/api/v1/admin/concerts/{}", id_of(&made.json()["concert_id"]));
    assert_snapshot!(sale.send(get(path).operator()).await.shown(), @r#"
    200
    content-type: application/json

    active: 0
    admissions_per_second: 3
    admitted_last_minute: 0
    announced_closes_at: "2027-02-15T08:00:00.000Z"
    announced_opens_at: "2027-01-15T08:00:00.000Z"
    arrival_grace_seconds: 30
    awaiting_draw_value: false
    closes_at: "2027-02-15T08:00:00.000Z"
    concert_id: "[id 1]"
    dates: [{"available_seats":30,"blocked_seats":0,"concert_date_id":"[id 2]","held_seats":0,"layout":null,"sold_seats":0,"starts_at":"2027-05-01T10:00:00.000Z","starts_at_local":null,"time_zone":null,"total_seats":30}]
    hold_seconds: 120
    max_active: 7
    max_waiting: 99
    name: "Moonlight Parade"
    now: "2027-01-15T08:00:00.000Z"
    opens_at: "2027-01-15T08:00:00.000Z"
    paused: false
    queues: [{"active":0,"admissions_per_second":3,"admitted_last_minute":0,"awaiting_draw_value":false,"draw_beacon":null,"draw_commitment":"[32 bytes]","draw_joined_before":null,"draw_seed":null,"draw_value":null,"drawn":null,"kind":"general","max_active":7,"max_waiting":99,"name":"General","opens_at":"2027-01-15T08:00:00.000Z","paused":false,"queue_id":"[id 1]","served_up_to":0,"waiting":0}]
    rehold_after_seconds: 600
    sale: "open"
    seats_per_user: 2
    shop_seconds: 240
    time_zone: null
    waiting: 0
    "#);
}

/// What can't be sold is refused, and nothing of it stands.
#[tokio::test]
async fn a_concert_that_makes_no_sense_is_refused() {
    let sale = Sale::new();
    let before = sale.dump();
    let check = async |change: serde_json::Value, status: u16, field: &str| {
        let mut body = json!({ "name": "N", "theater": "T", "run_time_minutes": 90,
            "opens_at": "2027-01-15T17:00:00+09:00" });
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let seen = sale.send(post("/api/v1/admin/concerts").operator().json(&body)).await;
        assert_eq!(seen.want(status)["field"], field, "{change}");
    };
    let dates = |seats: serde_json::Value| json!({ "dates": [{ "starts_at": "2027-05-01T19:00:00Z", "seats": seats }] });
    check(json!({ "name": " " }), 422, "name").await;
    check(json!({ "theater": "x".repeat(201) }), 422, "theater").await;
    check(json!({ "run_time_minutes": 0 }), 422, "run_time_minutes").await;
    check(json!({ "closes_at": "2027-01-15T17:00:00+09:00" }), 422, "closes_at").await;
    check(json!({ "hold_seconds": 0 }), 422, "hold_seconds").await;
    check(json!({ "shop_seconds": i64::MAX }), 422, "shop_seconds").await;
    check(json!({ "seats_per_user": 51 }), 422, "seats_per_user").await;
    check(json!({ "max_active": 0 }), 422, "max_active").await;
    check(json!({ "admissions_per_second": 0 }), 422, "admissions_per_second").await;
    check(json!({ "max_waiting": 0 }), 422, "max_waiting").await;
    check(json!({ "opens_at": "tomorrow" }), 400, "opens_at").await;
    check(json!({ "closes_at": "2027-02-15T17:00:00" }), 400, "closes_at").await;
    check(dates(json!([])), 422, "seats").await;
    let range = |from: u32, to: u32, price: i64| json!([{ "from": from, "to": to, "zone": "R", "price": price }]);
    check(dates(range(1, 3, -1)), 422, "seats").await;
    check(dates(range(0, 3, 1)), 422, "seats").await;
    check(dates(range(3, 1, 1)), 400, "seats").await;
    check(dates(range(1, u32::MAX, 1)), 400, "seats").await;
    let twice = json!([{ "from": 1, "to": 3, "zone": "R", "price": 1 },
        { "from": 3, "to": 4, "zone": "S", "price": 1 }]);
    check(dates(twice), 422, "seats").await;
    assert_eq!(sale.dump(), before);
}

/// F3: every place that is wrong is told, with its limits, in the words of the request.
#[tokio::test]
async fn what_is_wrong_with_a_concert_is_told_with_its_place() {
    let sale = Sale::new();
    let seats = json!([{ "from": 1, "to": 3, "zone": "R", "price": 1 },
        { "from": 3, "to": 2, "zone": "R", "price": -1 }, { "from": 2, "to": 9, "zone": " ", "price": 1 }]);
    let body = json!({ "name": "N", "theater": " ", "run_time_minutes": 0, "hold_seconds": 0,
        "opens_at": "2027-02-28T17:00:00+09:00", "closes_at": "2027-02-29T17:00:00+09:00",
        "max_active": 0, "seats_per_user": 51, "dates": [
            { "starts_at": "2027-05-01T19:00:00Z", "seats": [] },
            { "starts_at": "9999-12-31T23:59:59-23:59", "seats": seats }] });
    let places = |seen: &crate::world::Seen| -> Vec<String> {
        let faults = seen.json()["faults"].as_array().unwrap().clone();
        let place = |fault: &serde_json::Value| format!("{} {}", fault["pointer"], fault["reason"]);
        faults.iter().map(|fault| place(fault).replace('"', "")).collect()
    };
    let seen = sale.send(post("/api/v1/admin/concerts").operator().json(&body)).await;
    seen.refused(400, "invalid_body");
    let want = [
        "/theater length",
        "/run_time_minutes out_of_range",
        "/closes_at not_a_time",
        "/hold_seconds out_of_range",
        "/max_active out_of_range",
        "/seats_per_user out_of_range",
        "/dates/0/seats count",
        "/dates/1/starts_at not_a_time",
        "/dates/1/seats/1/price out_of_range",
        "/dates/1/seats/1/to range_backwards",
        "/dates/1/seats/2/zone length",
        "/dates/1/seats/2 doubled",
    ];
    assert_eq!(places(&seen), want);
    assert_eq!(seen.json()["faults_total"], want.len());
    let show = sale.concert(json!({})).await;
    let path = format!("/api/v1/admin/concerts/{}/dates", show.id);
    let date = json!({ "starts_at": "2027-05-02T19:00:00Z", "seats": [{ "from": 1, "to": 3, "zone": "R", "price": 1 },
        { "from": 3, "to": 4, "zone": "R", "price": 1 }] });
    let seen = sale.send(post(path).operator().json(&date).header("accept-language", "ko")).await;
    seen.refused(422, "invalid_setting");
    let fault = json!([{ "pointer": "/seats/1", "value": 3, "reason": "doubled",
        "detail": "좌석 3~3번이 다른 범위에 이미 있습니다" }]);
    assert_eq!(seen.json()["faults"], fault);
}

/// What names more than a request may is refused before its ranges are written out: a body of some
/// kilobytes could name millions of seats, and a long zone stands in each of them.
#[tokio::test]
async fn ranges_are_bounded_before_they_are_written_out() {
    let sale = Sale::new();
    let before = sale.dump();
    let range = |to: u32, zone: &str| json!([{ "from": 1, "to": to, "zone": zone, "price": 1 }]);
    let date =
        |seats: &serde_json::Value| json!({ "starts_at": "2027-05-01T19:00:00Z", "seats": seats });
    let check = async |dates: Vec<serde_json::Value>, status: u16, field: &str| {
        let body = json!({ "name": "N", "theater": "T", "run_time_minutes": 90,
            "opens_at": "2027-01-15T17:00:00+09:00", "dates": dates });
        let seen = sale.send(post("/api/v1/admin/concerts").operator().json(&body)).await;
        assert_eq!(seen.want(status)["field"], field, "{}", seen.shown());
    };
    // The last date's range cannot be written out: whoever gets that far answers 400.
    let wrong = date(&json!([{ "from": 3, "to": 1, "zone": "R", "price": 1 }]));
    let many = [vec![date(&range(1, "R")); DATES_PER_CONCERT_MAX], vec![wrong.clone()]].concat();
    check(many, 422, "dates").await;
    let few = [vec![date(&range(1, "R")); DATES_PER_CONCERT_MAX - 1], vec![wrong.clone()]].concat();
    check(few, 400, "seats").await;
    let large = date(&range(u32::try_from(SEATS_PER_DATE_MAX).unwrap(), "R"));
    let full = SEATS_PER_REQUEST_MAX / SEATS_PER_DATE_MAX;
    check([vec![large.clone(); full + 1], vec![wrong.clone()]].concat(), 422, "seats").await;
    check([vec![large; full], vec![wrong.clone()]].concat(), 400, "seats").await;
    let long = date(&range(1, &"R".repeat(NAME_CHARS_MAX + 1)));
    check(vec![long, wrong], 422, "seats").await;
    assert_eq!(sale.dump(), before);
}

/// A date comes as CSV or JSON; a bad row refuses all of it and says where.
#[tokio::test]
async fn a_date_is_added() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "dates": [] })).await;
    let path = format!("/api/v1/admin/concerts/{}/dates", show.id);
    let starts = format!("{path}?starts_at=2027-05-02T19:00:00%2B09:00");
    let csv = |text: &str| post(&starts).operator().body("text/csv; charset=utf-8", text);

    let good = "seat_number, zone, price\n1,VIP,198000\n2,\"R, left\",165000\n";
    let made = sale.send(csv(good).key("may-2")).await;
    assert_snapshot!(made.shown(), @r#"
    201
    content-type: application/json

    concert_date_ids: ["[id 1]"]
    concert_id: "[id 2]"
    "#);
    let again = sale.send(csv(good).key("may-2")).await;
    assert_eq!((again.header("idempotent-replayed"), &again.body), ("true", &made.body));

    let before = sale.dump();
    let bad = sale.send(csv("seat_number,zone,price\n1,R,100\ntwo,R,100\n")).await;
    assert_snapshot!(bad.shown(), @r#"
    422
    content-type: application/problem+json
    content-language: en

    code: "invalid_file"
    columns: ["seat_number","zone","price"]
    faults: [{"column":"seat_number","detail":"not a whole number","reason":"not_a_number","row":3,"value":"two"}]
    faults_total: 1
    field: "seats"
    status: 422
    title: "The file has invalid values, so nothing was changed. See faults."
    type: "urn:boxoffice:problem:invalid_file"
    "#);
    for text in [
        "",
        "seat_number,zone\n1,R\n",
        "seat_number,zone,price,seat\n1,R,1,1\n",
        "seat_number,zone,price\n1,R\n",
        "seat_number,zone,price\n1,R,1.5\n",
        "seat_number,zone,price\n1,R,-1\n",
        "seat_number,zone,price\n1,,1\n",
        "seat_number,zone,price\n1,R,1\n1,R,1\n",
    ] {
        sale.send(csv(text)).await.refused(422, "invalid_file");
    }
    let no_time = post(&path).operator().body("text/csv", good);
    sale.send(no_time).await.refused(400, "invalid_query");
    assert_eq!(sale.dump(), before);

    let body = json!({ "starts_at": "2027-05-03T19:00:00+09:00",
        "seats": [{ "from": 1, "to": 3, "zone": "R", "price": 1 }] });
    sale.send(post(&path).operator().json(&body)).await.want(201);
    assert_eq!(sale.figures(&show).await["dates"].as_array().unwrap().len(), 2);
}

/// Opening, closing, and opening again.
#[tokio::test]
async fn a_sale_opens_and_closes() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "opens_at": "2027-01-16T17:00:00+09:00" })).await;
    let path = format!("/api/v1/admin/concerts/{}/sale", show.id);
    let set = |open: bool| put(&path).operator().json(&json!({ "open": open }));
    let state = async || sale.figures(&show).await["sale"].clone();
    assert_eq!(state().await, "upcoming");

    assert_snapshot!(sale.send(set(true)).await.shown(), @r#"
    200
    content-type: application/json

    announced_closes_at: null
    announced_opens_at: "2027-01-16T08:00:00.000Z"
    closes_at: null
    concert_id: "[id 1]"
    opens_at: "2027-01-15T08:00:00.000Z"
    sale: "open"
    shoppers: 0
    waiting: 0
    "#);
    assert_eq!(state().await, "open");
    let fan = sale.shopper(&show).await;
    sale.pass(1_000);
    // Back to the announced opening, which no wrong click loses.
    let closed = sale.send(set(false)).await.want(200);
    assert_eq!((&closed["sale"], &closed["shoppers"]), (&json!("upcoming"), &json!(1)));
    assert_eq!(closed["opens_at"], "2027-01-16T08:00:00.000Z");
    assert_eq!(state().await, "upcoming");
    sale.send(crate::world::reserve(&fan, &show, &[1])).await.refused(409, "sale_not_open");

    sale.send(set(true)).await.want(200);
    sale.hold(&fan, &show, &[1]).await;
}

/// Nobody is admitted while paused; a smaller shop lets fewer in, and nobody out.
#[tokio::test]
async fn a_queue_is_steered() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 5 })).await;
    let path = format!("/api/v1/admin/concerts/{}/queue", show.id);
    let set = |body: serde_json::Value| put(&path).operator().json(&body);
    assert_snapshot!(sale.send(set(json!({ "paused": true }))).await.shown(), @r#"
    200
    content-type: application/json

    admissions_per_second: 500
    concert_id: "[id 1]"
    max_active: 5
    max_waiting: 2000000
    paused: true
    queue_id: "[id 1]"
    "#);
    let mut fans = sale.fans(10);
    sale.join_all(&mut fans, &show).await;
    sale.tick().await;
    let figures = async || {
        let figures = sale.figures(&show).await;
        (figures["active"].as_u64().unwrap(), figures["waiting"].as_u64().unwrap())
    };
    assert_eq!(figures().await, (0, 10));

    let change = json!({ "paused": false, "max_active": 3 });
    assert_snapshot!(sale.send(set(change)).await.shown(), @r#"
    200
    content-type: application/json

    admissions_per_second: 500
    concert_id: "[id 1]"
    max_active: 3
    max_waiting: 2000000
    paused: false
    queue_id: "[id 1]"
    "#);
    sale.pass(1);
    sale.tick().await;
    assert_eq!(figures().await, (3, 7));
    sale.pass(1);
    sale.send(set(json!({ "max_active": 1 }))).await.want(200);
    sale.tick().await;
    assert_eq!(figures().await, (3, 7));
    // Those who were in already are not held against it.
    sale.sound();

    sale.send(set(json!({ "max_active": 100, "admissions_per_second": 2 }))).await.want(200);
    sale.pass(10_000);
    sale.tick().await;
    assert_eq!(figures().await, (5, 5), "two a second, and no more for the seconds before");
    sale.sound();
    sale.send(set(json!({ "max_active": 0 }))).await.refused(422, "invalid_setting");
}

/// A revoked key opens nothing, a second after it was revoked at the latest.
#[tokio::test]
async fn a_revoked_key_is_refused() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let path = format!("/api/v1/admin/concerts/{}", show.id);
    sale.send(get(&path).operator()).await.want(200);
    let mut keys = ApiKeys::open(&sale.files()).unwrap();
    let id = keys.list().unwrap()[0].id;
    assert!(keys.revoke(id, Time(1)).unwrap());
    let revoked = std::time::Instant::now();
    let mut seen = sale.send(get(&path).operator()).await;
    while seen.status == 200 && revoked.elapsed() < std::time::Duration::from_secs(5) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        seen = sale.send(get(&path).operator()).await;
    }
    seen.refused(401, "operator_key_invalid");
}

/// For those who run the server.
#[tokio::test]
async fn operation() {
    let sale = Sale::new();
    assert_snapshot!(sale.send(get("/livez")).await.shown(), @"200");
    assert_snapshot!(sale.send(get("/readyz")).await.shown(), @r#"
    200
    content-type: application/json

    status: "ready"
    "#);
    let show = sale.concert(json!({})).await;
    sale.shopper(&show).await;
    sale.tick().await;
    sale.send(get("/nowhere")).await.refused(404, "not_found");
    let openmetrics = "application/openmetrics-text";
    let metrics = sale.send(get("/metrics").header("accept", openmetrics)).await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.header("content-type").starts_with(openmetrics));
    let text = String::from_utf8(metrics.body.to_vec()).unwrap();
    for line in [
        "boxoffice_commands_total{command=\"join\"} 1",
        "boxoffice_problems_total{code=\"not_found\"} 1",
        "boxoffice_requests_total{route=\"/livez\",method=\"GET\",status=\"2xx\"} 1",
        &format!("boxoffice_queue_active{{concert=\"{}\"}} 1", show.id),
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    let page = sale.send(get("/docs/")).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
}

/// What is held and what is sold, for who runs the sale.
#[tokio::test]
async fn figures_tell_what_is_held_and_sold() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (holds, buys) = (sale.shopper(&show).await, sale.shopper(&show).await);
    sale.send(reserve(&holds, &show, &[1, 2])).await.want(201);
    let id = sale.hold(&buys, &show, &[3]).await;
    sale.send(charge(&buys, 10_000_000).key("c")).await.want(201);
    sale.send(pay(&buys, id, "p")).await.want(201);
    let path = format!("/api/v1/admin/concerts/{}", show.id);
    let figures = sale.send(get(&path).operator()).await.want(200);
    let date = &figures["dates"][0];
    let total = date["total_seats"].as_u64().unwrap();
    let [free, held, sold] =
        ["available_seats", "held_seats", "sold_seats"].map(|name| date[name].as_u64().unwrap());
    assert_eq!((free, held, sold), (total - 3, 2, 1));
}
