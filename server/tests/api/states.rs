//! States that can be read, set and left: dates, sales, pauses, what is deleted (F2, F6–F8, N3, N6).

use crate::world::{Fan, MINUTE, Sale, Show, delete, get, id_of, patch, pay, post, put, reserve};
use serde_json::{Value, json};

const HOUR: i64 = 60 * MINUTE;

fn admin(show: &Show, rest: &str) -> String {
    format!("/api/v1/admin/concerts/{}{rest}", show.id)
}

fn date_path(date: impl std::fmt::Display) -> String {
    format!("/api/v1/admin/concert-dates/{date}")
}

fn set_sale(show: &Show, body: &Value) -> crate::world::Ask {
    put(admin(show, "/sale")).operator().json(body)
}

/// F2: at one instant, in whatever offset and form it is told, a concert has one date.
#[tokio::test]
async fn one_date_at_one_instant() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let first = json!(show.dates[0].to_string());
    let seats = json!([{ "from": 1, "to": 2, "zone": "R", "price": 1 }]);
    let path = admin(&show, "/dates");
    for at in ["2027-05-01T19:00:00+09:00", "2027-05-01T10:00:00Z", "2027-05-01T05:00:00.000-05:00"]
    {
        let body = json!({ "starts_at": at, "seats": seats });
        let seen = sale.send(post(&path).operator().json(&body)).await;
        seen.refused(409, "already_exists");
        assert_eq!(seen.json()["concert_date_id"], first, "{at}");
    }
    let csv = post(format!("{path}?starts_at=2027-05-01T10:00:00Z")).operator();
    let seen = sale.send(csv.body("text/csv", "seat_number,zone,price\n1,R,5\n")).await;
    seen.refused(409, "already_exists");
    let both = [
        json!({ "starts_at": "2027-06-01T10:00:00Z", "seats": seats }),
        json!({ "starts_at": "2027-06-01T19:00:00+09:00", "seats": seats }),
    ];
    let body = json!({ "name": "N", "theater": "T", "run_time_minutes": 90,
        "opens_at": "2027-01-15T17:00:00Z", "dates": both });
    let seen = sale.send(post("/api/v1/admin/concerts").operator().json(&body)).await;
    seen.refused(409, "already_exists");
    assert_eq!(sale.dump()["concert_date"].len(), 1);
}

/// F8: what is left out stays, null takes the closing away, and no click loses an announced time.
#[tokio::test]
async fn the_times_of_a_sale_are_set() {
    let sale = Sale::new();
    let opens_at = "2027-01-20T08:00:00.000Z";
    let closes_at = "2027-02-20T08:00:00.000Z";
    let show = sale.concert(json!({ "opens_at": opens_at, "closes_at": closes_at })).await;
    let times = async || {
        let one = sale.send(get(show.path(""))).await.want(200);
        (one["sale"].clone(), one["opens_at"].clone(), one["closes_at"].clone())
    };
    let announced = (json!("upcoming"), json!(opens_at), json!(closes_at));
    for body in [json!({ "open": true }), json!({ "open": false })] {
        sale.send(set_sale(&show, &body)).await.want(200);
    }
    assert_eq!(times().await, announced);
    sale.send(set_sale(&show, &json!({}))).await.refused(400, "invalid_body");
    sale.send(set_sale(&show, &json!({ "open": null }))).await.refused(400, "invalid_body");
    assert_eq!(times().await, announced);
    let later = "2027-01-21T08:00:00.000Z";
    sale.send(set_sale(&show, &json!({ "opens_at": later }))).await.want(200);
    assert_eq!(times().await, (json!("upcoming"), json!(later), json!(closes_at)));
    let none = sale.send(set_sale(&show, &json!({ "closes_at": null }))).await.want(200);
    assert_eq!((&none["closes_at"], &none["announced_opens_at"]), (&Value::Null, &json!(later)));
    let soon = json!({ "opens_at": "2027-01-15T08:00:01Z", "closes_at": closes_at });
    assert_eq!(sale.send(set_sale(&show, &soon)).await.want(200)["sale"], "upcoming");
    sale.pass(1_000);
    let fan = sale.shopper(&show).await;
    let closed = sale.send(set_sale(&show, &json!({ "open": false }))).await.want(200);
    assert_eq!((&closed["sale"], &closed["shoppers"]), (&json!("closed"), &json!(1)));
    assert_eq!(closed["announced_closes_at"], closes_at);
    let poll = sale.poll(&fan).await;
    assert_eq!((&poll["sale"], &poll["closed_because"]), (&json!("closed"), &json!("organiser")));
    sale.send(set_sale(&show, &json!({ "open": true }))).await.want(200);
    assert_eq!(times().await.2, closes_at);
    sale.hold(&fan, &show, &[1]).await;
    sale.sound();
}

/// A slip in a date opens and closes nothing; a sale that is opened again after its closing keeps that as
/// announced, also where it has no date and the server starts again.
#[tokio::test]
async fn a_time_that_has_passed_is_not_set() {
    let sale = Sale::new();
    let opens_at = "2027-01-15T09:00:00.000Z";
    let closes_at = "2027-01-15T10:00:00.000Z";
    let body = json!({ "opens_at": opens_at, "closes_at": closes_at, "dates": [] });
    let show = sale.concert(body).await;
    let wrong = "2026-01-15T09:00:00.000Z";
    let seen = sale.send(set_sale(&show, &json!({ "opens_at": wrong }))).await;
    seen.refused(422, "sale_time_in_past");
    let told = seen.json();
    assert_eq!((&told["field"], &told["opens_at"]), (&json!("opens_at"), &json!(wrong)));
    for body in [json!({ "closes_at": wrong }), json!({ "open": true, "closes_at": wrong })] {
        let seen = sale.send(set_sale(&show, &body)).await;
        seen.refused(422, "sale_time_in_past");
        assert_eq!(
            (&seen.json()["field"], &seen.json()["closes_at"]),
            (&json!("closes_at"), &json!(wrong))
        );
    }
    let announced = |view: &Value| {
        assert_eq!(
            (&view["announced_opens_at"], &view["announced_closes_at"]),
            (&json!(opens_at), &json!(closes_at))
        );
    };
    let view = sale.send(set_sale(&show, &json!({ "open": false }))).await.want(200);
    assert_eq!(view["sale"], "upcoming");
    announced(&view);

    sale.pass(3 * HOUR);
    let view = sale.send(set_sale(&show, &json!({ "open": true }))).await.want(200);
    assert_eq!((&view["sale"], &view["closes_at"]), (&json!("open"), &Value::Null));
    announced(&view);
    sale.pass(48 * HOUR);
    sale.tick().await;
    let sale = sale.reborn();
    let view = sale.send(get(show.path(""))).await.want(200);
    assert_eq!(view["sale"], "open");
    let view = sale.send(set_sale(&show, &json!({ "open": false }))).await.want(200);
    announced(&view);
    let view = sale.send(get(show.path(""))).await.want(200);
    assert_eq!((&view["sale"], &view["closed_because"]), (&json!("closed"), &json!("organiser")));
    sale.sound();
}

/// N3: what is unsold is changed; readers see it at once, and what is held or sold is left alone.
#[tokio::test]
async fn what_is_unsold_is_changed() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.buyer(&show).await;
    let change = json!({ "name": "Sunlight Parade", "theater": "Room", "time_zone": "asia/seoul" });
    sale.send(patch(admin(&show, "")).operator().json(&change)).await.want(200);
    let one = sale.send(get(show.path(""))).await.want(200);
    assert_eq!(
        (&one["name"], &one["time_zone"]),
        (&json!("Sunlight Parade"), &json!("Asia/Seoul"))
    );

    let change = json!({ "starts_at": "2027-05-02T19:00:00+09:00", "seats": [
        { "from": 1, "to": 10, "zone": "VIP", "price": 200_000 },
        { "from": 51, "to": 60, "zone": "S", "price": 9 }] });
    let date = date_path(show.dates[0]);
    let changed = sale.send(patch(&date).operator().json(&change)).await.want(200);
    assert_eq!(changed["total_seats"], 60);
    let dates = sale.send(get(show.path("/dates")).by(&fan)).await.want(200);
    let shown = &dates["dates"][0];
    assert_eq!(
        (&shown["starts_at"], &shown["available_seats"]),
        (&json!("2027-05-02T10:00:00.000Z"), &json!(60))
    );
    assert_eq!(shown["starts_at_local"], "2027-05-02T19:00:00+09:00");
    let map = sale.send(get(show.seats_path()).by(&fan)).await.want(200);
    assert_eq!((&map["currency"], &map["currency_decimals"]), (&json!("KRW"), &json!(0)));
    assert_eq!(
        (&map["seats"][0]["price"], &map["seats"][0]["zone"]),
        (&json!(200_000), &json!("VIP"))
    );
    assert_eq!(
        (&map["seats"][10]["price"], map["seats"].as_array().unwrap().len()),
        (&json!(150_000), 60)
    );
    let compact = get(format!("{}?form=compact", show.seats_path())).by(&fan);
    assert_eq!(sale.send(compact).await.want(200)["currency_decimals"], 0);

    let held = sale.send(reserve(&fan, &show, &[1])).await.want(201);
    assert_eq!(held["total_price"], 200_000);
    sale.send(patch(admin(&show, "")).operator().json(&json!({ "name": "X" })))
        .await
        .refused(409, "held_or_sold");
    let moved = json!({ "starts_at": "2027-05-03T19:00:00+09:00" });
    sale.send(patch(&date).operator().json(&moved)).await.refused(409, "held_or_sold");
    let price =
        |seat: u32| json!({ "seats": [{ "from": seat, "to": seat, "zone": "R", "price": 1 }] });
    sale.send(patch(&date).operator().json(&price(1))).await.refused(409, "seats_taken");
    sale.send(patch(&date).operator().json(&price(2))).await.want(200);
    sale.send(delete(&date).operator()).await.refused(409, "held_or_sold");
    sale.send(pay(&fan, id_of(&held["reservation_id"]), "p")).await.want(201);
    sale.send(delete(admin(&show, "")).operator()).await.refused(409, "held_or_sold");
    sale.sound();
}

/// Times and limits of a sale that is under way are changed, for what comes: holds keep theirs, and whoever
/// waits is told the new ones.
#[tokio::test]
async fn times_and_limits_are_changed_while_seats_are_sold() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "hold_seconds": 300, "max_active": 2 })).await;
    let (early, late) = (sale.buyer(&show).await, sale.buyer(&show).await);
    let held = sale.hold(&early, &show, &[1, 2, 3]).await;
    let change = json!({ "hold_seconds": 60, "shop_seconds": 120, "arrival_grace_seconds": 30,
        "seats_per_user": 2, "rehold_after_seconds": 0 });
    sale.send(patch(admin(&show, "")).operator().json(&change)).await.want(200);
    let figures = sale.send(get(admin(&show, "")).operator()).await.want(200);
    for (name, value) in change.as_object().unwrap() {
        assert_eq!(figures[name], *value, "{name}");
    }
    let one = sale.send(get(show.path(""))).await.want(200);
    assert_eq!(one["seats_per_user"], 2);
    let times = json!({ "arrival_grace_seconds": 30, "shop_seconds": 120, "hold_seconds": 60 });
    assert_eq!(one["time_to_shop"], times);
    sale.send(reserve(&late, &show, &[4, 5, 6])).await.refused(409, "seat_limit");
    let short = sale.hold(&late, &show, &[4, 5]).await;
    sale.pass(MINUTE);
    sale.send(pay(&late, short, "short")).await.refused(410, "hold_lapsed");
    sale.pass(3 * MINUTE);
    sale.send(pay(&early, held, "long")).await.want(201);
    let before = sale.dump();
    for (change, pointer, most) in [
        (json!({ "hold_seconds": 0 }), "/hold_seconds", 86_400),
        (json!({ "hold_seconds": i64::MAX }), "/hold_seconds", 86_400),
        (json!({ "shop_seconds": 86_401 }), "/shop_seconds", 86_400),
        (json!({ "arrival_grace_seconds": -1 }), "/arrival_grace_seconds", 86_400),
        (json!({ "rehold_after_seconds": -1 }), "/rehold_after_seconds", 86_400),
        (json!({ "seats_per_user": 51, "hold_seconds": 9 }), "/seats_per_user", 50),
    ] {
        let seen = sale.send(patch(admin(&show, "")).operator().json(&change)).await;
        seen.refused(422, "invalid_setting");
        let fault = &seen.json()["faults"][0];
        assert_eq!((&fault["pointer"], &fault["max"]), (&json!(pointer), &json!(most)));
    }
    assert_eq!(sale.dump(), before);
    sale.sound();
}

/// N3: a date and a concert of which nothing is sold can be taken away; who waits is told.
#[tokio::test]
async fn what_is_unsold_is_deleted() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1 })).await;
    let seats = json!([{ "from": 1, "to": 2, "zone": "R", "price": 1 }]);
    let body = json!({ "starts_at": "2027-06-01T10:00:00Z", "seats": seats });
    let added = sale.send(post(admin(&show, "/dates")).operator().json(&body)).await.want(201);
    let second = id_of(&added["concert_date_ids"][0]);
    let shopper = sale.buyer(&show).await;
    let mut waiting = sale.fan().await;
    sale.join(&mut waiting, &show).await;
    sale.send(delete(date_path(second)).operator()).await.want(204);
    sale.send(delete(date_path(second)).operator()).await.refused(404, "date_not_found");
    let dates = sale.send(get(show.path("/dates")).by(&shopper)).await.want(200);
    assert_eq!(dates["dates"].as_array().unwrap().len(), 1);
    let map = get(format!("/api/v1/concert-dates/{second}/seats")).by(&shopper);
    sale.send(map).await.refused(404, "date_not_found");
    let again = post(admin(&show, "/dates")).operator().json(&body);
    sale.send(again).await.want(201);

    sale.send(delete(admin(&show, "")).operator()).await.refused(409, "sale_open");
    sale.send(set_sale(&show, &json!({ "open": false }))).await.want(200);
    sale.send(delete(admin(&show, "")).operator()).await.want(204);
    sale.send(delete(admin(&show, "")).operator()).await.refused(404, "concert_not_found");
    sale.send(get(show.path(""))).await.refused(404, "concert_not_found");
    sale.send(get(show.path("/queue"))).await.refused(404, "concert_not_found");
    let list = sale.send(get("/api/v1/concerts")).await.want(200);
    assert_eq!(list["concerts"], json!([]));
    let told = async |sale: &Sale| {
        let poll = sale.poll(&waiting).await;
        assert_eq!((&poll["state"], &poll["sale"]), (&json!("expired"), &json!("closed")));
        assert_eq!(
            (&poll["closed_because"], &poll["poll_after_ms"]),
            (&json!("deleted"), &Value::Null)
        );
    };
    told(&sale).await;
    sale.send(reserve(&shopper, &show, &[1])).await.refused(409, "sale_closed");
    sale.pass(11 * MINUTE);
    sale.tick().await;
    sale.tick().await;
    assert_eq!(sale.app.read_model.concerts().len(), 0);
    told(&sale).await;
    sale.send(get(show.path(""))).await.refused(404, "concert_not_found");
    sale.sound();
    let sale = sale.reborn();
    assert_eq!(sale.app.read_model.concerts().len(), 0);
    told(&sale).await;
    sale.send(get(show.path(""))).await.refused(404, "concert_not_found");
}

/// A sale whose dates are over has nothing to sell, and says so.
#[tokio::test]
async fn a_sale_whose_dates_are_over_says_so() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1, "shop_seconds": 86_400 })).await;
    let in_shop = sale.shopper(&show).await;
    let mut waiting = sale.fan().await;
    sale.join(&mut waiting, &show).await;
    let change = json!({ "starts_at": "2027-01-15T18:00:00+09:00" });
    sale.send(patch(date_path(show.dates[0])).operator().json(&change)).await.want(200);
    let state = async || sale.send(get(show.path(""))).await.want(200);
    assert_eq!(state().await["sale"], "open");
    sale.pass(HOUR);
    sale.tick().await;
    let one = state().await;
    assert_eq!((&one["sale"], &one["closed_because"]), (&json!("closed"), &json!("dates_over")));
    let poll = sale.poll(&waiting).await;
    assert_eq!((&poll["state"], &poll["poll_after_ms"]), (&json!("expired"), &Value::Null));
    assert_eq!(poll["closed_because"], "dates_over");
    let late = sale.fan().await;
    sale.send(post(show.path("/queue-tokens")).by(&late)).await.refused(409, "sale_closed");
    let queue = sale.send(get(show.path("/queue"))).await.want(200);
    assert_eq!(queue["closed_because"], "dates_over");
    drop(in_shop);
}

/// N6: how long one may shop is known beforehand, and a pause with its reason is told.
#[tokio::test]
async fn those_in_line_know_what_to_expect() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1, "hold_seconds": 120 })).await;
    let times = json!({ "arrival_grace_seconds": 60, "shop_seconds": 600, "hold_seconds": 120 });
    assert_eq!(sale.send(get(show.path(""))).await.want(200)["time_to_shop"], times);
    let _shopper: Fan = sale.shopper(&show).await;
    let mut waiting = sale.fan().await;
    let joined = sale.join(&mut waiting, &show).await;
    let poll = sale.poll(&waiting).await;
    for view in [&joined, &poll] {
        assert_eq!((&view["time_to_shop"], &view["paused"]), (&times, &json!(false)));
        assert_eq!(view["expires_at"], "2027-01-18T08:00:00.000Z");
    }
    let set = |body: Value| put(admin(&show, "/queue")).operator().json(&body);
    let reason = json!({ "en": "A short break.", "ko": "잠시 멈췄습니다." });
    sale.send(set(json!({ "paused": true, "pause_reason": reason }))).await.want(200);
    let poll = sale.poll(&waiting).await;
    assert_eq!((&poll["paused"], &poll["pause_reason"]), (&json!(true), &reason));
    let queue = sale.send(get(show.path("/queue"))).await.want(200);
    assert_eq!(queue["pause_reason"], reason);
    sale.send(set(json!({ "max_active": 2 }))).await.want(200);
    assert_eq!(sale.poll(&waiting).await["pause_reason"], reason, "what is left out stays");
    sale.send(set(json!({ "paused": false }))).await.want(200);
    let poll = sale.poll(&waiting).await;
    assert_eq!((&poll["paused"], &poll["pause_reason"]), (&json!(false), &Value::Null));
}

/// H50: two performances at half past two in the night in which the hour comes twice are two, and each is told
/// with its own offset; no route takes a time of which no answer could tell.
#[tokio::test]
async fn times_are_told_by_the_clocks_of_the_place() {
    let sale = Sale::new();
    let seats = json!([{ "from": 1, "to": 2, "zone": "R", "price": 1 }]);
    let nights =
        ["2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00", "2027-03-28T03:30:00+02:00"];
    let date = |at: &str| json!({ "starts_at": at, "seats": seats });
    let dates = json!(nights.map(date));
    let show = sale.concert(json!({ "time_zone": "Europe/Berlin", "dates": dates })).await;
    let fan = sale.shopper(&show).await;
    let shown = sale.send(get(show.path("/dates")).by(&fan)).await.want(200);
    let told: Vec<_> = shown["dates"].as_array().unwrap().iter().collect();
    let want = [
        ("2027-03-28T01:30:00.000Z", nights[2]),
        ("2027-10-31T00:30:00.000Z", nights[0]),
        ("2027-10-31T01:30:00.000Z", nights[1]),
    ];
    for (date, (at, local)) in told.iter().zip(want) {
        assert_eq!((&date["starts_at"], &date["starts_at_local"]), (&json!(at), &json!(local)));
        assert_eq!(date["time_zone"], "Europe/Berlin");
    }
    // A clock that goes forth has no such time of its own; an offset says which is meant.
    let before = sale.dump();
    for late in [
        "9999-12-31T23:59:59-23:59",
        "10000-01-01T00:00:00Z",
        "+10000-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "2027-10-31T02:30:00",
    ] {
        let concert =
            json!({ "name": "N", "theater": "T", "run_time_minutes": 9, "opens_at": late });
        let asks = [
            post("/api/v1/admin/concerts").json(&concert),
            post(admin(&show, "/dates")).json(&date(late)),
            put(admin(&show, "/sale")).json(&json!({ "opens_at": late })),
            put(admin(&show, "/sale")).json(&json!({ "closes_at": late })),
            patch(date_path(show.dates[0])).json(&json!({ "starts_at": late })),
        ];
        for ask in asks {
            let path = ask.path.clone();
            let seen = sale.send(ask.operator()).await;
            assert_eq!(
                (seen.status, seen.code()),
                (400, "invalid_body".into()),
                "{late} at {path}"
            );
        }
    }
    assert_eq!(sale.dump(), before);
}

/// A zone that is none is refused, with what is wrong.
#[tokio::test]
async fn zones_are_those_that_there_are() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "time_zone": "Europe/Berlin" })).await;
    for zone in ["", "Seoul", "GMT+9", "+09:00", "Mars/Olympus"] {
        let change = patch(admin(&show, "")).operator().json(&json!({ "time_zone": zone }));
        let seen = sale.send(change).await;
        seen.refused(400, "invalid_body");
        assert_eq!(seen.json()["field"], "time_zone", "{zone}");
    }
    let figures = sale.figures(&show).await;
    assert_eq!(figures["dates"][0]["starts_at_local"], "2027-05-01T12:00:00+02:00");
}
