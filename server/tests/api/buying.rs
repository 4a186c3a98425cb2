//! What a buyer is answered when all goes well, route by route.

use crate::world::{Sale, charge, delete, get, id_of, pay, post, reserve};
use boxoffice_core::idempotency::fingerprint;
use boxoffice_server::store::records::Cell;
use insta::assert_snapshot;
use serde_json::json;

/// A real account with a real password: the only way in that has no shortcut in these tests.
#[tokio::test]
async fn an_account_signs_in_and_stays_signed_in() {
    let sale = Sale::new();
    let mina = json!({ "username": " Mina.Kim ", "password": "correct horse" });
    let made = sale.send(post("/api/v1/users").key("register-1").json(&mina)).await;
    assert_snapshot!(made.shown(), @r#"
    201
    content-type: application/json

    user_id: "[id 1]"
    username: "mina.kim"
    "#);

    let again = sale.send(post("/api/v1/users").key("register-1").json(&mina)).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, "true"));
    assert_eq!(made.body, again.body);

    let session = sale.send(post("/api/v1/sessions").json(&mina)).await;
    assert_snapshot!(session.shown(), @r#"
    201
    content-type: application/json

    access_expires_at: "2027-01-15T14:00:00.000Z"
    access_token: "[token]"
    now: "2027-01-15T08:00:00.000Z"
    refresh_expires_at: "2027-01-22T08:00:00.000Z"
    refresh_token: "[token]"
    session_id: "[id 1]"
    user_id: "[id 2]"
    "#);

    sale.pass(1_000);
    let refresh = json!({ "refresh_token": session.json()["refresh_token"] });
    let renewed = sale.send(post("/api/v1/sessions/refresh").json(&refresh)).await;
    assert_snapshot!(renewed.shown(), @r#"
    201
    content-type: application/json

    access_expires_at: "2027-01-15T14:00:01.000Z"
    access_token: "[token]"
    now: "2027-01-15T08:00:01.000Z"
    refresh_expires_at: "2027-01-22T08:00:01.000Z"
    refresh_token: "[token]"
    session_id: "[id 1]"
    user_id: "[id 2]"
    "#);
    let view = renewed.json();
    assert_ne!(view["access_token"], session.json()["access_token"]);
    let ask = get("/api/v1/bookings").identity(view["access_token"].as_str().unwrap());
    sale.send(ask).await.want(200);
}

/// H11: a retry has the same password; another one is another body, though no fingerprint tells.
#[tokio::test]
async fn another_password_under_the_same_key_is_another_request() {
    let sale = Sale::new();
    let ask = |password: &str| {
        let body = json!({ "username": "mina", "password": password });
        post("/api/v1/users").json(&body)
    };
    let made = sale.send(ask("correct horse").key("register-1")).await;
    made.want(201);
    let other = sale.send(ask("incorrect horse").key("register-1")).await;
    other.refused(422, "idempotency_key_reused");
    let again = sale.send(ask("correct horse").key("register-1")).await;
    assert_eq!((again.status, &again.body), (201, &made.body));
    for password in ["correct horse", "incorrect horse"] {
        sale.send(ask(password).key("register-2")).await.refused(409, "username_taken");
        sale.send(ask(password)).await.refused(409, "username_taken");
    }
}

/// H12: at once, too: one of them makes the account, and whoever has another password is told so.
#[tokio::test]
async fn registrations_at_once_under_one_key_agree() {
    let sale = Sale::new();
    let ask = |password: &str| {
        let body = json!({ "username": "mina", "password": password });
        post("/api/v1/users").key("register-1").json(&body)
    };
    // Five wrong ones would be delayed, and one that is being looked at counts as wrong until it is right.
    let passwords = ["correct horse", "incorrect horse"].repeat(3);
    let seen = sale.all(passwords.iter().map(|password| ask(password))).await;
    let made: Vec<_> = seen.iter().map(|seen| seen.status == 201).collect();
    let first = made[0];
    let alternating: Vec<_> = (0..6).map(|n| (n % 2 == 0) == first).collect();
    assert_eq!(made, alternating, "{:?}", seen.iter().map(|s| s.status).collect::<Vec<_>>());
    for seen in seen.iter().filter(|seen| seen.status != 201) {
        seen.refused(422, "idempotency_key_reused");
    }
}

/// A retry is recognised without keeping a hash of the password: a fast one beside the slow one
/// would undo it.
#[tokio::test]
async fn no_fingerprint_of_a_password_is_kept() {
    let sale = Sale::new();
    let mina = json!({ "username": "mina", "password": "correct horse" });
    sale.send(post("/api/v1/users").key("register-1").json(&mina)).await.want(201);
    let kept = sale.dump()["idempotency_key"].clone();
    assert_eq!(kept.len(), 1);
    let of_the_body = fingerprint("POST", "/api/v1/users", mina.to_string().as_bytes());
    assert!(!kept[0].contains(&Cell::Blob(of_the_body.to_vec().into())), "{kept:?}");
}

/// No password is needed to look around.
#[tokio::test]
async fn anybody_looks_at_concerts() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    sale.pass(1);
    let later = json!({ "name": "한여름 밤", "opens_at": "2027-01-16T10:00:00+09:00",
        "closes_at": "2027-01-17T10:00:00+09:00", "dates": [] });
    sale.concert(later).await;

    let list = sale.send(get("/api/v1/concerts")).await;
    assert_snapshot!(list.shown(), @r#"
    200
    content-type: application/json
    cache-control: public, max-age=1

    concerts: [{"closes_at":null,"concert_id":"[id 1]","first_date":"2027-05-01T10:00:00.000Z","last_date":"2027-05-01T10:00:00.000Z","name":"Moonlight Parade","names":{"en":"Moonlight Parade","ko":"Moonlight Parade"},"opens_at":"2027-01-15T08:00:00.000Z","poster":null,"price_from":{"amount":150000,"currency":"KRW","currency_decimals":0},"price_to":{"amount":150000,"currency":"KRW","currency_decimals":0},"run_time_minutes":120,"sale":"open","seats_per_user":4,"theater":"Hangang Hall","time_to_shop":{"arrival_grace_seconds":60,"hold_seconds":300,"shop_seconds":600},"time_zone":null},{"closes_at":"2027-01-17T01:00:00.000Z","concert_id":"[id 2]","first_date":null,"last_date":null,"name":"한여름 밤","names":{"en":"한여름 밤","ko":"한여름 밤"},"opens_at":"2027-01-16T01:00:00.000Z","poster":null,"price_from":null,"price_to":null,"run_time_minutes":120,"sale":"upcoming","seats_per_user":4,"theater":"Hangang Hall","time_to_shop":{"arrival_grace_seconds":60,"hold_seconds":300,"shop_seconds":600},"time_zone":null}]
    next: null
    now: "2027-01-15T08:00:00.001Z"
    "#);
    let one = sale.send(get(show.path(""))).await;
    assert_snapshot!(one.shown(), @r#"
    200
    content-type: application/json
    cache-control: public, max-age=1

    about: null
    closes_at: null
    concert_id: "[id 1]"
    dates: [{"concert_date_id":"[id 2]","layout":null,"prices":[{"grade":"R","price":{"amount":150000,"currency":"KRW","currency_decimals":0}}],"starts_at":"2027-05-01T10:00:00.000Z","starts_at_local":null,"status":"on_sale"}]
    first_date: "2027-05-01T10:00:00.000Z"
    last_date: "2027-05-01T10:00:00.000Z"
    name: "Moonlight Parade"
    names: {"en":"Moonlight Parade","ko":"Moonlight Parade"}
    opens_at: "2027-01-15T08:00:00.000Z"
    poster: null
    price_from: {"amount":150000,"currency":"KRW","currency_decimals":0}
    price_to: {"amount":150000,"currency":"KRW","currency_decimals":0}
    refund: {"decided_by":"organiser","if_cancelled":"all","paid_to":"balance"}
    run_time_minutes: 120
    sale: "open"
    seats_per_user: 4
    theater: "Hangang Hall"
    time_to_shop: {"arrival_grace_seconds":60,"hold_seconds":300,"shop_seconds":600}
    time_zone: null
    "#);
    let queue = sale.send(get(show.path("/queue"))).await;
    assert_snapshot!(queue.shown(), @r#"
    200
    content-type: application/json
    cache-control: public, max-age=1

    admitted_last_minute: 0
    concert_id: "[id 1]"
    draw_beacon: null
    draw_commitment: "[32 bytes]"
    draw_joined_before: null
    draw_seed: null
    draw_value: null
    drawn: null
    opens_at: "2027-01-15T08:00:00.000Z"
    paused: false
    queue_id: "[id 1]"
    sale: "open"
    served_up_to: 0
    waiting: 0
    "#);
}

/// A place in line: the answers while waiting and when admitted.
#[tokio::test]
async fn a_place_in_line() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1 })).await;
    let first = sale.shopper(&show).await;
    let admitted = sale.send(get("/api/v1/queue-tokens/me").token(&first.token)).await;
    assert_snapshot!(admitted.shown(), @r#"
    200
    content-type: application/json

    admitted_until: "2027-01-15T08:01:00.000Z"
    arrived: false
    estimated_wait_seconds: null
    expires_at: "2027-01-18T08:00:00.000Z"
    may_return: false
    now: "2027-01-15T08:00:00.000Z"
    paused: false
    poll_after_ms: null
    position: null
    queue_number: 1
    sale: "open"
    state: "admitted"
    time_to_shop: {"arrival_grace_seconds":60,"hold_seconds":300,"shop_seconds":600}
    "#);

    let mut second = sale.fan().await;
    let joined = sale.send(post(show.path("/queue-tokens")).by(&second)).await;
    assert_snapshot!(joined.shown(), @r#"
    201
    content-type: application/json
    retry-after: 1

    admitted_until: null
    concert_id: "[id 1]"
    estimated_wait_seconds: 1
    expires_at: "2027-01-18T08:00:00.000Z"
    may_return: false
    now: "2027-01-15T08:00:00.000Z"
    paused: false
    poll_after_ms: 1000
    position: 1
    queue_id: "[id 1]"
    queue_number: 2
    sale: "open"
    state: "waiting"
    stream: true
    time_to_shop: {"arrival_grace_seconds":60,"hold_seconds":300,"shop_seconds":600}
    token: "[token]"
    user_id: "[id 2]"
    "#);
    joined.json()["token"].as_str().unwrap().clone_into(&mut second.token);
    let again = sale.send(post(show.path("/queue-tokens")).by(&second)).await;
    assert_eq!(again.want(200), joined.json(), "the place that the fan has");

    let waiting = sale.send(get("/api/v1/queue-tokens/me").token(&second.token)).await;
    assert_snapshot!(waiting.shown(), @r#"
    200
    content-type: application/json
    retry-after: 1

    admitted_until: null
    estimated_wait_seconds: 1
    expires_at: "2027-01-18T08:00:00.000Z"
    may_return: false
    now: "2027-01-15T08:00:00.000Z"
    paused: false
    poll_after_ms: 1000
    position: 1
    queue_number: 2
    sale: "open"
    state: "waiting"
    stream: true
    time_to_shop: {"arrival_grace_seconds":60,"hold_seconds":300,"shop_seconds":600}
    "#);
}

/// Leaving the line or the shop gives the place to the next.
#[tokio::test]
async fn leaving() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1 })).await;
    let first = sale.shopper(&show).await;
    let mut second = sale.fan().await;
    sale.join(&mut second, &show).await;
    let left = sale.send(delete("/api/v1/queue-tokens/me").token(&first.token)).await;
    assert_snapshot!(left.shown(), @"204");
    let over = sale.send(get("/api/v1/queue-tokens/me").token(&first.token)).await;
    assert_snapshot!(over.shown(), @r#"
    200
    content-type: application/json

    admitted_until: null
    estimated_wait_seconds: null
    expires_at: "2027-01-18T08:00:00.000Z"
    may_return: false
    now: "2027-01-15T08:00:00.000Z"
    paused: false
    poll_after_ms: null
    position: null
    queue_number: 1
    sale: "open"
    state: "expired"
    time_to_shop: {"arrival_grace_seconds":60,"hold_seconds":300,"shop_seconds":600}
    "#);
    sale.tick().await;
    assert_eq!(sale.poll(&second).await["state"], "admitted");
}

/// From the dates to the hold.
#[tokio::test]
async fn a_hold() {
    let sale = Sale::new();
    let seats = json!([{ "from": 1, "to": 2, "zone": "R", "price": 150_000 },
        { "from": 3, "to": 3, "zone": "S", "price": 99_000 }]);
    let date = json!({ "starts_at": "2027-05-01T19:00:00+09:00", "seats": seats });
    let past = json!({ "starts_at": "2027-01-15T17:00:01+09:00", "seats": seats });
    let show = sale.concert(json!({ "dates": [date, past] })).await;
    sale.pass(1_000);
    let fan = sale.shopper(&show).await;

    let dates = sale.send(get(show.path("/dates")).by(&fan)).await;
    assert_snapshot!(dates.shown(), @r#"
    200
    content-type: application/json

    concert_id: "[id 1]"
    dates: [{"available_seats":3,"concert_date_id":"[id 2]","layout":null,"starts_at":"2027-05-01T10:00:00.000Z","starts_at_local":null,"time_zone":null,"total_seats":3}]
    now: "2027-01-15T08:00:01.000Z"
    "#);
    let map = sale.send(get(show.seats_path()).by(&fan)).await;
    assert_snapshot!(map.shown(), @r#"
    200
    content-type: application/json
    cache-control: private, no-cache
    etag: [etag]

    available_seats: 3
    concert_date_id: "[id 1]"
    currency: "KRW"
    currency_decimals: 0
    seats: [{"price":150000,"seat_number":1,"status":"available","zone":"R"},{"price":150000,"seat_number":2,"status":"available","zone":"R"},{"price":99000,"seat_number":3,"status":"available","zone":"S"}]
    "#);

    let held = sale.send(reserve(&fan, &show, &[3, 1])).await;
    assert_snapshot!(held.shown(), @r#"
    201
    content-type: application/json

    concert_date_id: "[id 1]"
    currency: "KRW"
    currency_decimals: 0
    expires_at: "2027-01-15T08:05:01.000Z"
    now: "2027-01-15T08:00:01.000Z"
    refund: {"decided_by":"organiser","if_cancelled":"all","paid_to":"balance"}
    reservation_id: "[id 2]"
    reserved_at: "2027-01-15T08:00:01.000Z"
    seats: [{"grade":"R","price":150000,"seat_number":1},{"grade":"S","price":99000,"seat_number":3}]
    status: "held"
    total_price: 249000
    "#);
    let id = id_of(&held.json()["reservation_id"]);
    let shown = sale.send(get(format!("/api/v1/reservations/{id}")).by(&fan)).await;
    assert_eq!(shown.want(200), held.json(), "the same view of the same thing");
}

/// Money in, and out for seats.
#[tokio::test]
async fn a_payment() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let id = sale.hold(&fan, &show, &[1, 3]).await;
    let charged = sale.send(charge(&fan, 300_000).key("charge-1")).await;
    assert_snapshot!(charged.shown(), @r#"
    201
    content-type: application/json

    amount: 300000
    balance: 300000
    charge_id: "[id 1]"
    currency: "KRW"
    currency_decimals: 0
    "#);
    let balance = sale.send(get(format!("/api/v1/users/{}/balance", fan.user)).by(&fan)).await;
    assert_snapshot!(balance.shown(), @r#"
    200
    content-type: application/json

    balance: 300000
    currency: "KRW"
    currency_decimals: 0
    user_id: "[id 1]"
    "#);

    sale.pass(1_000);
    let ledger = format!("/api/v1/users/{}/balance/entries", fan.user);
    let before = sale.send(get(&ledger).by(&fan)).await;
    assert_snapshot!(before.shown(), @r#"
    200
    content-type: application/json

    currency: "KRW"
    currency_decimals: 0
    entries: [{"amount":300000,"balance_after":300000,"created_at":"2027-01-15T08:00:00.000Z","currency":"KRW","entry_number":1,"kind":"charge","reason":null,"reference":"[id 1]"}]
    next_before: null
    "#);
    let paid = sale.send(pay(&fan, id, "pay-1")).await;
    assert_snapshot!(paid.shown(), @r#"
    201
    content-type: application/json

    amount: 300000
    balance: 0
    currency: "KRW"
    currency_decimals: 0
    paid_at: "2027-01-15T08:00:01.000Z"
    payment_id: "[id 1]"
    reservation_id: "[id 2]"
    "#);
    let bookings = sale.send(get("/api/v1/bookings").identity(&fan.identity)).await;
    assert_snapshot!(bookings.shown(), @r#"
    200
    content-type: application/json

    bookings: [{"amount":300000,"concert_date_id":"[id 1]","concert_id":"[id 2]","concert_name":"Moonlight Parade","concert_names":{"en":"Moonlight Parade","ko":"Moonlight Parade"},"currency":"KRW","currency_decimals":0,"paid_at":"2027-01-15T08:00:01.000Z","payment_id":"[id 3]","refunded_amount":0,"refunded_seat_numbers":[],"refunds":[],"reservation_id":"[id 4]","seat_numbers":[1,3],"seats":[{"grade":"R","price":150000,"seat_number":1},{"grade":"R","price":150000,"seat_number":3}],"starts_at":"2027-05-01T10:00:00.000Z","starts_at_local":null,"status":"confirmed","theater":"Hangang Hall","time_zone":null}]
    next_before: null
    "#);
}

/// A hold is given up; giving up twice is giving up once.
#[tokio::test]
async fn a_hold_is_released() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let id = sale.hold(&fan, &show, &[7]).await;
    for _ in 0..2 {
        let released = sale.send(delete(format!("/api/v1/reservations/{id}")).by(&fan)).await;
        assert_eq!((released.status, released.body.len()), (204, 0));
    }
    let shown = sale.send(get(format!("/api/v1/reservations/{id}")).by(&fan)).await;
    assert_eq!(shown.want(200)["status"], "cancelled");
    assert_eq!(sale.seat(&fan, &show, 7).await, "available");
}

/// Long lists come in pages.
#[tokio::test]
async fn pages() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    for n in 1..=5 {
        sale.send(charge(&fan, n).key(&format!("c{n}"))).await.want(201);
    }
    let path = format!("/api/v1/users/{}/balance/entries", fan.user);
    let numbers = |view: &serde_json::Value| -> Vec<u64> {
        let entries = view["entries"].as_array().unwrap().iter();
        entries.map(|entry| entry["entry_number"].as_u64().unwrap()).collect()
    };
    let first = sale.send(get(format!("{path}?limit=2")).by(&fan)).await.want(200);
    assert_eq!((numbers(&first), first["next_before"].as_u64()), (vec![5, 4], Some(4)));
    let last = sale.send(get(format!("{path}?limit=3&before=4")).by(&fan)).await.want(200);
    assert_eq!((numbers(&last), last["next_before"].as_u64()), (vec![3, 2, 1], None));

    let mut booked = Vec::new();
    for seat in 1..=3 {
        let fan_again = rejoined(&sale, &fan, &show).await;
        sale.send(charge(&fan_again, 150_000).key(&format!("for-{seat}"))).await.want(201);
        let id = sale.hold(&fan_again, &show, &[seat]).await;
        sale.send(pay(&fan_again, id, &format!("pay-{seat}"))).await.want(201);
        booked.push(id);
    }
    let ask = |query: String| get(format!("/api/v1/bookings?{query}")).identity(&fan.identity);
    let first = sale.send(ask("limit=2".into())).await.want(200);
    assert_eq!(first["next_before"], first["bookings"][1]["payment_id"]);
    assert_eq!(id_of(&first["bookings"][1]["reservation_id"]), booked[1]);
    let before = id_of(&first["next_before"]);
    let next = sale.send(ask(format!("limit=2&before={before}"))).await.want(200);
    assert_eq!(id_of(&next["bookings"][0]["reservation_id"]), booked[0]);
    assert!(next["next_before"].is_null(), "{next}");
}

async fn rejoined(
    sale: &Sale,
    fan: &crate::world::Fan,
    show: &crate::world::Show,
) -> crate::world::Fan {
    let mut fan = fan.clone();
    sale.join(&mut fan, show).await;
    fan
}
