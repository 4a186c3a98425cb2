//! Halls: layouts are added once and kept for ever, dates have their seats from them, and every answer that names a
//! seat says what it is called.

use crate::world::{Ask, Fan, Sale, Seen, Show, count, get, id_of, patch, pay, post, put, reserve};
use boxoffice_core::id::LayoutId;
use boxoffice_server::layout::{check, halls};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Read;

/// Two rows of five seats with an aisle behind the second.
fn hall() -> Value {
    json!({
        "layout": 1, "name": "Hall", "width": 2000, "height": 2000, "seat": 50,
        "areas": [{ "kind": "stage", "x": 500, "y": 0, "width": 500, "height": 100 }],
        "sections": [{ "name": "A", "rows": [
            { "label": "1", "first": 1, "count": 5, "grade": "R", "at": [640, 300], "step": [55, 0] },
            { "label": "2", "first": 11, "count": 5, "grade": "S", "at": [530, 400], "step": [55, 0],
              "gaps": [[2, 2]], "numbers": { "start": 5, "step": -1 } },
        ] }],
    })
}

/// The same, where something stands before the second row's first two seats, of which one is for a companion.
fn flagged_hall() -> Value {
    let mut hall = hall();
    let flags = json!({ "companion": [[1, 1]], "restricted_view": [[1, 2]], "aisle": [[1, 1]] });
    hall["sections"][0]["rows"][1]["flags"] = flags;
    hall
}

/// What is special about its second row's first seat.
fn flags() -> Value {
    json!(["companion", "restricted_view", "aisle"])
}

async fn add(sale: &Sale, layout: &Value) -> Seen {
    sale.send(post("/api/v1/admin/layouts").operator().json(layout)).await
}

async fn added(sale: &Sale, layout: &Value) -> String {
    add(sale, layout).await.want(201)["layout"].as_str().unwrap().to_owned()
}

/// A concert with one date in a hall.
async fn concert(sale: &Sale, layout: &Value, prices: Value, mut change: Value) -> Show {
    let layout = added(sale, layout).await;
    let date =
        json!({ "starts_at": "2027-05-01T19:00:00+09:00", "layout": layout, "prices": prices });
    change["dates"] = json!([date]);
    sale.concert(change).await
}

fn prices() -> Value {
    json!({ "R": 150_000, "S": 90_000 })
}

fn best(fan: &Fan, show: &Show, wish: Value) -> Ask {
    let body = json!({ "concert_date_id": show.dates[0], "best": wish });
    post("/api/v1/reservations").by(fan).json(&body)
}

fn numbers(hold: &Value) -> Vec<u64> {
    let seats = hold["seats"].as_array().unwrap();
    seats.iter().map(|seat| seat["seat_number"].as_u64().unwrap()).collect()
}

/// However it is written, it is one layout; its bytes have the hash that names it, compressed or not, and whoever
/// has it is told so.
#[tokio::test]
async fn a_layout_is_added_once_and_shown_for_ever() {
    let sale = Sale::new();
    let seen = add(&sale, &hall()).await.want(201);
    let id = seen["layout"].as_str().unwrap().to_owned();
    assert_eq!((&seen["name"], &seen["seats"]), (&json!("Hall"), &json!(10)));
    assert_eq!(seen["grades"], json!([{ "grade": "R", "seats": 5 }, { "grade": "S", "seats": 5 }]));
    let mut same = hall();
    same["sections"][0]["rows"][0]["numbers"] = json!({ "step": 1, "start": 1 });
    same["name"] = json!(" Hall ");
    assert_eq!(added(&sale, &same).await, id);
    assert_eq!(sale.dump()["layout"].len(), 1);

    let path = format!("/api/v1/layouts/{id}");
    for sale in [sale, Sale::new()] {
        if sale.dump()["layout"].is_empty() {
            sale.send(get(&path)).await.refused(404, "layout_not_found");
            continue;
        }
        let plain = sale.send(get(&path)).await;
        assert_eq!(plain.status, 200);
        assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(plain.header("content-type"), "application/json");
        assert_eq!(plain.header("vary"), "Accept-Encoding");
        let text = String::from_utf8(plain.body.to_vec()).unwrap();
        assert_eq!(LayoutId::of(&text).to_string(), id);
        let packed = sale.send(get(&path).header("accept-encoding", "br, gzip;q=0.5")).await;
        assert_eq!(packed.header("content-encoding"), "gzip");
        let mut unpacked = String::new();
        GzDecoder::new(&packed.body[..]).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, text);
        for seen in [&plain, &packed] {
            let tag = seen.header("etag").to_owned();
            let again = sale.send(get(&path).header("if-none-match", &tag)).await;
            assert_eq!((again.status, again.body.len()), (304, 0));
        }
        assert_ne!(plain.header("etag"), packed.header("etag"));
        let refused = sale.send(get(&path).header("accept-encoding", "gzip;q=0")).await;
        assert_eq!(refused.header("content-encoding"), "");
        for other in ["x", &id[1..], &id.to_uppercase(), &"0".repeat(64)] {
            sale.send(get(format!("/api/v1/layouts/{other}")))
                .await
                .refused(404, "layout_not_found");
        }
    }
}

/// Each fault has its place, in both languages; nothing is kept.
#[tokio::test]
async fn a_layout_with_faults_is_not_added() {
    let sale = Sale::new();
    let mut broken = hall();
    broken["sections"][0]["rows"][1]["first"] = json!(5);
    broken["sections"][0]["rows"][0]["at"] = json!([1900, 300]);
    let seen = add(&sale, &broken).await;
    seen.refused(422, "invalid_layout");
    let faults = seen.json();
    assert_eq!(faults["faults_total"], 2, "{faults}");
    let at = |n: usize| (&faults["faults"][n]["pointer"], &faults["faults"][n]["reason"]);
    assert_eq!(at(0), (&json!("/sections/0/rows/0"), &json!("outside")));
    assert_eq!(at(1), (&json!("/sections/0/rows/1/first"), &json!("doubled")));
    let korean = post("/api/v1/admin/layouts").operator().json(&broken);
    let korean = sale.send(korean.header("accept-language", "ko")).await.json();
    assert!(!korean["faults"][0]["detail"].as_str().unwrap().is_ascii(), "{korean}");

    let mut odd = hall();
    odd["sections"][0]["rows"][0]["count"] = json!("five");
    let seen = add(&sale, &odd).await;
    seen.refused(400, "invalid_body");
    assert_eq!(seen.json()["pointer"], "/sections/0/rows/0/count");
    let mut unknown = hall();
    unknown["sections"][0]["floor"] = json!(2);
    add(&sale, &unknown).await.refused(400, "invalid_body");
    assert!(sale.dump()["layout"].is_empty());
}

/// Names of grades among prices have the form of other texts, and each stands once.
#[tokio::test]
async fn a_grade_has_one_price() {
    let sale = Sale::new();
    let mut layout = hall();
    layout["sections"][0]["rows"][0]["grade"] = json!("Ré");
    let layout = added(&sale, &layout).await;
    let show = sale.concert(json!({})).await;
    let date = |prices: &str| {
        let starts_at = "2027-06-01T19:00:00+09:00";
        let body =
            format!(r#"{{"starts_at":"{starts_at}","layout":"{layout}","prices":{prices}}}"#);
        let path = format!("/api/v1/admin/concerts/{}/dates", show.id);
        post(path).operator().body("application/json", body)
    };
    for (twice, grade) in [
        (r#"{"Ré":1,"S":2,"S":3}"#, "S"),
        (r#"{"Ré":1,"S":2,"S":2}"#, "S"),
        (r#"{"Ré":1,"Re\u0301":1,"S":2}"#, "Ré"),
    ] {
        let seen = sale.send(date(twice)).await;
        seen.refused(400, "invalid_body");
        assert_eq!(seen.json()["reason"], format!("{grade} appears twice"), "{twice}");
        assert!(seen.json()["pointer"].as_str().unwrap().starts_with("/prices"), "{twice}");
    }
    sale.send(date("{\"Re\u{301}\":1,\"S\":2}")).await.want(201);
}

/// From the map to the refund, each answer that names a seat says what it is called, and those about money what is
/// special about it.
#[tokio::test]
async fn every_answer_says_what_a_seat_is_called() {
    let sale = Sale::new();
    let show = concert(&sale, &flagged_hall(), prices(), json!({})).await;
    let fan = sale.buyer(&show).await;
    let layout = sale.send(get(show.path("/dates")).by(&fan)).await.want(200);
    let layout = layout["dates"][0]["layout"].as_str().unwrap().to_owned();
    sale.send(get(format!("/api/v1/layouts/{layout}"))).await.want(200);
    assert_eq!(sale.figures(&show).await["dates"][0]["layout"], json!(layout));

    let label = |row: &str, seat: &str| json!({ "section": "A", "row": row, "seat": seat });
    let map = sale.send(get(show.seats_path()).by(&fan)).await.want(200);
    assert_eq!(
        map["seats"][5],
        json!({ "seat_number": 11, "label": label("2", "5"), "zone": "S", "price": 90_000, "status": "available" })
    );
    let compact = sale.send(get(show.seats_path() + "?form=compact").by(&fan)).await.want(200);
    assert_eq!(compact["zones"][0]["seats"], json!([[1, 5]]));

    let hold = sale.send(reserve(&fan, &show, &[1, 11])).await.want(201);
    assert_eq!(hold["seats"][1]["label"], label("2", "5"), "{hold}");
    assert_eq!(hold["seats"][1]["flags"], flags());
    let id = id_of(&hold["reservation_id"]);
    for path in [format!("/api/v1/reservations/{id}"), format!("/api/v1/me/reservations/{id}")] {
        let seen = sale.send(get(path).by(&fan)).await.want(200);
        assert_eq!(seen["seats"][0]["label"], label("1", "1"), "{seen}");
    }
    let held = sale.send(get("/api/v1/me/holds").by(&fan)).await.want(200);
    assert_eq!(held["holds"][0]["seats"][0]["label"], label("1", "1"));

    let other = sale.buyer(&show).await;
    let taken = sale.send(reserve(&other, &show, &[2, 11, 1])).await;
    taken.refused(409, "seats_taken");
    let taken = taken.json();
    assert_eq!(taken["seat_numbers"], json!([1, 11]));
    assert_eq!(taken["seat_labels"][1], json!({ "seat_number": 11, "label": label("2", "5") }));
    let detail = taken["detail"].as_str().unwrap();
    assert!(detail.ends_with("Section A, row 1, seat 1; Section A, row 2, seat 5."), "{detail}");
    let korean = reserve(&other, &show, &[11]).header("accept-language", "ko");
    let korean = sale.send(korean).await.json();
    assert!(korean["detail"].as_str().unwrap().ends_with("해당 좌석: A구역 2열 5번."), "{korean}");

    let paid = sale.send(pay(&fan, id, "p")).await.want(201);
    let booking = sale.send(get("/api/v1/bookings").by(&fan)).await.want(200);
    let seats = json!([
        { "seat_number": 1, "label": label("1", "1"), "grade": "R", "price": 150_000 },
        { "seat_number": 11, "label": label("2", "5"), "flags": flags(), "grade": "S", "price": 90_000 },
    ]);
    assert_eq!(booking["bookings"][0]["seats"], seats);
    let payment = format!("/api/v1/admin/payments/{}", paid["payment_id"].as_str().unwrap());
    let body = json!({ "seat_numbers": [11], "reason": "ill", "release_seats": true });
    let refund = post(payment.clone() + "/refunds").operator().json(&body).key("r");
    let refund = sale.send(refund).await.want(201);
    assert_eq!(refund["seats"], json!([{ "seat_number": 11, "label": label("2", "5") }]));
    let details = sale.send(get(payment).operator()).await.want(200);
    assert_eq!(details["seats"][0]["label"], label("1", "1"));
    let date = format!("/api/v1/admin/concert-dates/{}", show.dates[0]);
    let tickets = sale.send(get(format!("{date}/tickets")).operator()).await.want(200);
    assert_eq!(tickets["layout"], json!(layout));
    assert_eq!(tickets["tickets"][1]["label"], label("2", "5"), "{tickets}");
    let sheet = sale.send(get(format!("{date}/bookings?bom=false")).operator()).await;
    let sheet = String::from_utf8(sheet.body.to_vec()).unwrap();
    assert!(sheet.lines().next().unwrap().ends_with(",paid_at,section,row,seat"), "{sheet}");
    assert!(sheet.lines().nth(1).unwrap().ends_with(",A,1,1"), "{sheet}");
    assert_eq!(details["refunds"][0]["seats"], refund["seats"]);
    sale.sound();

    // Another node, or the same after a restart, knows them as well.
    let sale = sale.reborn();
    let again = sale.send(get("/api/v1/me/bookings").by(&fan)).await.want(200);
    assert_eq!(again["bookings"][0]["seats"], seats);
}

/// Those that an operator takes off the sale are called by name: those that are set, and those that cannot be.
#[tokio::test]
async fn seats_that_are_set_say_what_they_are_called() {
    let sale = Sale::new();
    let show = concert(&sale, &flagged_hall(), prices(), json!({})).await;
    let fan = sale.buyer(&show).await;
    let hold = sale.send(reserve(&fan, &show, &[1])).await.want(201);
    sale.send(pay(&fan, id_of(&hold["reservation_id"]), "p")).await.want(201);
    let label = |row: &str, seat: &str| json!({ "section": "A", "row": row, "seat": seat });
    let date = format!("/api/v1/admin/concert-dates/{}", show.dates[0]);
    let body = json!({ "seat_numbers": [2, 1], "status": "blocked", "reason": "a camera" });
    let sold = sale.send(put(format!("{date}/seats/status")).operator().json(&body)).await;
    sold.refused(409, "seats_held_or_sold");
    let called = json!([{ "seat_number": 1, "label": label("1", "1") }]);
    assert_eq!(sold.json()["seat_labels"], called, "the free one is not named");
    let body = json!({ "seat_numbers": [2], "status": "blocked", "reason": "a camera" });
    let set = sale.send(put(format!("{date}/seats/status")).operator().json(&body)).await;
    let named = json!([{ "seat_number": 2, "label": label("1", "2") }]);
    assert_eq!(set.want(200)["changed_seats"], named);
}

/// What a layout and a date say must agree.
#[tokio::test]
async fn a_date_has_just_the_seats_of_its_layout() {
    let sale = Sale::new();
    let layout = added(&sale, &hall()).await;
    let show = sale.concert(json!({})).await;
    let path = format!("/api/v1/admin/concerts/{}/dates", show.id);
    let date = |body: Value| {
        let mut all = json!({ "starts_at": "2027-06-01T19:00:00+09:00" });
        all.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        post(&path).operator().json(&all)
    };
    let range = |from: u32, to: u32, zone: &str| json!({ "from": from, "to": to, "zone": zone, "price": 7 });
    let right = [range(1, 5, "R"), range(11, 15, "S")];
    for (body, pointer, reason) in [
        (json!({ "layout": layout }), "/prices", "no_price"),
        (json!({ "layout": layout, "prices": { "R": 1 } }), "/prices", "no_price"),
        (
            json!({ "layout": layout, "prices": { "R": 1, "S": 1, "T": 1 } }),
            "/prices/T",
            "not_of_layout",
        ),
        (json!({ "layout": layout, "prices": { "R": 1, "S": -1 } }), "/prices/S", "out_of_range"),
        (
            json!({ "layout": layout, "prices": { "R": 1, "S": 1 }, "seats": right }),
            "/prices",
            "not_both",
        ),
        (json!({ "prices": { "R": 1 }, "seats": right }), "/prices", "needs_layout"),
        (json!({ "layout": layout, "seats": [right[0]] }), "/seats", "seats_missing"),
        (
            json!({ "layout": layout, "seats": [right[0], range(11, 16, "S")] }),
            "/seats/1",
            "not_of_layout",
        ),
        (
            json!({ "layout": layout, "seats": [right[0], range(11, 15, "R")] }),
            "/seats/1/zone",
            "other_grade",
        ),
    ] {
        let seen = sale.send(date(body.clone())).await;
        assert!(matches!(seen.status, 400 | 422), "{body}: {}", seen.shown());
        let found = seen.json();
        let found = (&found["faults"][0]["pointer"], &found["faults"][0]["reason"]);
        assert_eq!(found, (&json!(pointer), &json!(reason)), "{body}");
    }
    sale.send(date(json!({ "layout": "x", "prices": {} }))).await.refused(404, "layout_not_found");
    let unknown = json!({ "layout": "0".repeat(64), "prices": { "R": 1 } });
    sale.send(date(unknown)).await.refused(404, "layout_not_found");

    let made = sale.send(date(json!({ "layout": layout, "seats": right }))).await.want(201);
    let id = made["concert_date_ids"][0].as_str().unwrap().to_owned();
    let change = patch(format!("/api/v1/admin/concert-dates/{id}")).operator();
    let more = json!({ "seats": [range(20, 20, "R")] });
    sale.send(change.clone().json(&more)).await.refused(422, "invalid_setting");
    sale.send(change.json(&json!({ "seats": [range(1, 2, "VIP")] }))).await.want(200);

    let csv = "seat_number,zone,price\n1,R,1\n2,R,1\n3,R,1\n4,R,1\n5,R,1\n11,S,1\n12,S,1\n13,S,1\n14,S,1\n15,S,1\n";
    let sheet = |csv: &str, at: &str| {
        let query = format!("?starts_at=2027-07-0{at}T10:00:00Z&layout={layout}");
        post(path.clone() + &query).operator().body("text/csv", csv)
    };
    sale.send(sheet(csv, "1")).await.want(201);
    sale.send(sheet(&csv.replace("5,R", "6,R"), "2")).await.refused(422, "invalid_file");
    sale.sound();
}

/// The best seats: together, near the stage, none left alone; what is asked for is what is given.
#[tokio::test]
async fn the_best_seats_are_held() {
    let sale = Sale::new();
    let show = concert(&sale, &hall(), prices(), json!({ "seats_per_user": 6 })).await;
    let ask = async |wish: Value| {
        let fan = sale.shopper(&show).await;
        sale.send(best(&fan, &show, wish)).await
    };
    // Of the first row, whose left end is nearer to the stage; then with none left alone.
    let hold = ask(json!({ "count": 2 })).await.want(201);
    assert_eq!(numbers(&hold), [1, 2]);
    assert_eq!(hold["seats"][0]["label"]["row"], "1");
    // Three are left in the row, and an aisle is in the next: 13, 14, 15 stand together.
    assert_eq!(numbers(&ask(json!({ "count": 3, "grade": "S" })).await.want(201)), [13, 14, 15]);
    let seen = ask(json!({ "count": 4 })).await;
    seen.refused(409, "no_fitting_seats");
    assert_eq!(seen.json()["largest"], 3);
    // Two of the three would leave one alone; the two before the aisle do not.
    assert_eq!(numbers(&ask(json!({ "count": 2 })).await.want(201)), [11, 12]);
    assert_eq!(numbers(&ask(json!({ "count": 2, "section": "A" })).await.want(201)), [3, 4]);
    let seen = ask(json!({ "count": 1, "grade": "S" })).await;
    seen.refused(409, "no_fitting_seats");
    assert_eq!(seen.json()["largest"], 0);
    for (wish, field, known) in [
        (json!({ "count": 1, "section": "Z" }), "section", json!(["A"])),
        (json!({ "count": 1, "grade": "Z" }), "grade", json!(["R", "S"])),
    ] {
        let seen = ask(wish).await;
        seen.refused(422, "invalid_setting");
        assert_eq!((&seen.json()["field"], &seen.json()["known"]), (&json!(field), &known));
        assert!(seen.json()["reason"].as_str().unwrap().starts_with(&format!("Z is no {field}")));
    }
    ask(json!({ "count": 1, "accessible": true })).await.refused(409, "no_fitting_seats");
    ask(json!({ "count": 0 })).await.refused(422, "invalid_setting");
    ask(json!({ "count": 51 })).await.refused(422, "invalid_setting");
    ask(json!({ "count": 7 })).await.refused(409, "seat_limit");
    let fan = sale.shopper(&show).await;
    let both = json!({ "best": { "count": 1 }, "seat_numbers": [5] });
    for mut body in [both, json!({})] {
        body["concert_date_id"] = json!(show.dates[0]);
        let seen = sale.send(post("/api/v1/reservations").by(&fan).json(&body)).await;
        seen.refused(400, "invalid_body");
        assert_eq!(seen.json()["reason"], "send either seat_numbers or best");
    }
    // A lost answer: the same request with its key is answered the same, though nothing fits any more.
    let last = || best(&fan, &show, json!({ "count": 1 })).key("k");
    let hold = sale.send(last()).await.want(201);
    assert_eq!(numbers(&hold), [5]);
    let again = sale.send(last()).await;
    assert_eq!(numbers(&again.want(201)), [5]);
    assert_eq!(again.header("idempotent-replayed"), "true");
    ask(json!({ "count": 1 })).await.refused(409, "no_fitting_seats");
    sale.sound();
}

/// Without a layout, seats whose numbers follow each other count as together.
#[tokio::test]
async fn without_a_layout_numbers_that_follow_are_together() {
    let sale = Sale::new();
    let range = |from: u32, to: u32, zone: &str| json!({ "from": from, "to": to, "zone": zone, "price": 7 });
    let seats = [range(1, 3, "S"), range(5, 9, "R")];
    let dates = json!([{ "starts_at": "2027-05-01T19:00:00+09:00", "seats": seats }]);
    let show = sale.concert(json!({ "dates": dates, "seats_per_user": 5 })).await;
    let ask = async |wish: Value| {
        let fan = sale.shopper(&show).await;
        sale.send(best(&fan, &show, wish)).await
    };
    assert_eq!(
        numbers(&ask(json!({ "count": 4 })).await.want(201)),
        [5, 6, 7, 8],
        "three are too few"
    );
    assert_eq!(numbers(&ask(json!({ "count": 1, "grade": "R" })).await.want(201)), [9]);
    let seen = ask(json!({ "count": 1, "section": "A" })).await;
    seen.refused(422, "invalid_setting");
    assert_eq!(seen.json()["reason"], "A is no section of the date; it has none");
    let seen = ask(json!({ "count": 4 })).await;
    seen.refused(409, "no_fitting_seats");
    assert_eq!((&seen.json()["largest"], seen.json().get("seat_labels")), (&json!(3), None));
}

/// A thousand ask for the best seats at the same moment: whoever can have them has them, together, and nobody is
/// refused while so many stand together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_fans_want_the_best_seats() {
    let sale = Sale::new();
    let theatre = serde_json::to_value(halls::theatre()).unwrap();
    let prices = json!({ "VIP": 198_000, "R": 165_000, "S": 132_000, "A": 99_000 });
    let roomy = json!({ "max_active": 5_000, "admissions_per_second": 5_000 });
    let show = concert(&sale, &theatre, prices, roomy).await;
    let hall = check(halls::theatre()).unwrap().hall;
    let mut fans = sale.fans(1_000);
    sale.join_all(&mut fans, &show).await;
    let seen = sale.all(fans.iter().map(|fan| best(fan, &show, json!({ "count": 2 })))).await;
    assert_eq!(
        count(&seen, 201),
        1_000,
        "{}",
        seen.iter().find(|s| s.status != 201).unwrap().shown()
    );
    let mut taken = BTreeSet::new();
    let runs = hall.runs();
    for hold in seen.iter().map(Seen::json) {
        let seats = numbers(&hold);
        let place = |number: &u64| {
            let at = hall.seats().iter().position(|seat| u64::from(seat.number) == *number);
            u32::try_from(at.unwrap()).unwrap()
        };
        let (a, b) = (place(&seats[0]), place(&seats[1]));
        let beside = |run: &Vec<u32>| run.windows(2).any(|two| two == [a, b] || two == [b, a]);
        assert!(runs.iter().any(beside), "{seats:?} do not stand together");
        assert!(seats.iter().all(|seat| taken.insert(*seat)), "{seats:?} were given twice");
    }
    sale.sound();
}

/// The same where there are more fans than blocks: each block is given to somebody before anybody is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_blocks_are_given_before_anybody_is_refused() {
    let sale = Sale::new();
    let small = serde_json::to_value(halls::small()).unwrap();
    let prices = json!({ "VIP": 1, "R": 1, "S": 1, "A": 1 });
    let roomy = json!({ "max_active": 5_000, "admissions_per_second": 5_000 });
    let show = concert(&sale, &small, prices, roomy).await;
    // As many are let in as twice the seats.
    let mut fans = sale.fans(100);
    sale.join_all(&mut fans, &show).await;
    let seen = sale.all(fans.iter().map(|fan| best(fan, &show, json!({ "count": 2 })))).await;
    let refused: Vec<&Seen> = seen.iter().filter(|seen| seen.status != 201).collect();
    assert_eq!((count(&seen, 201), refused.len()), (25, 75));
    for seen in refused {
        seen.refused(409, "no_fitting_seats");
        assert_eq!(seen.json()["largest"], 0);
    }
    sale.sound();
}
