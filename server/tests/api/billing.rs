//! What everybody is told of a show before anyone is let in: names, texts, poster, dates and prices.

use crate::world::{Fan, MINUTE, Sale, Seen, delete, get, patch, pay, post, put};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::Write;

/// A PNG of this size, black.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let side = |side: u32| usize::try_from(side).unwrap();
    let mut lines = ZlibEncoder::new(Vec::new(), Compression::best());
    lines.write_all(&vec![0; (3 * side(width) + 1) * side(height)]).unwrap();
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), b"\x08\x02\0\0\0"].concat();
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [(b"IHDR", head), (b"IDAT", lines.finish().unwrap()), (b"IEND", vec![])] {
        let part = [&name[..], &data].concat();
        let mut crc = flate2::Crc::new();
        crc.update(&part);
        bytes.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(part);
        bytes.extend(crc.sum().to_be_bytes());
    }
    bytes
}

async fn shown(sale: &Sale, path: &str) -> Value {
    sale.send(get(path)).await.want(200)
}

async fn upload(sale: &Sale, path: &str, media_type: &str, body: Vec<u8>) -> Seen {
    sale.send(put(path).operator().body(media_type, body)).await
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Two dates of three grades, told in two languages.
fn show() -> Value {
    json!({
        "names": { "ko": "달빛 퍼레이드" },
        "about": { "en": "Songs.\n\n\nAnd  a moon. ", "ko": "노래.\r\n그리고 달." },
        "time_zone": "Asia/Seoul",
        "dates": [
            { "starts_at": "2027-05-02T19:00:00+09:00", "seats": [
                { "from": 1, "to": 2, "zone": "R", "price": 165_000 },
                { "from": 3, "to": 3, "zone": "VIP", "price": 198_000 },
                { "from": 4, "to": 9, "zone": "R", "price": 165_000 } ] },
            { "starts_at": "2027-05-01T19:00:00+09:00", "seats": [
                { "from": 1, "to": 1, "zone": "A", "price": 99_000 } ] },
        ],
    })
}

/// Everything that a page shows of a concert is there without a token, and nothing of its seats.
#[tokio::test]
async fn a_show_is_told_to_everybody() {
    let sale = Sale::new();
    let show = sale.concert(show()).await;
    let view = shown(&sale, &show.path("")).await;
    assert_eq!(view["names"], json!({ "en": "Moonlight Parade", "ko": "달빛 퍼레이드" }));
    assert_eq!(view["about"], json!({ "en": "Songs.\n\nAnd a moon.", "ko": "노래.\n그리고 달." }));
    assert_eq!(view["poster"], Value::Null);
    let won = |amount: i64| json!({ "amount": amount, "currency": "KRW", "currency_decimals": 0 });
    let dates = view["dates"].as_array().unwrap();
    assert_eq!(dates[0]["concert_date_id"], show.dates[1].to_string());
    assert_eq!(dates[0]["starts_at_local"], "2027-05-01T19:00:00+09:00");
    assert_eq!(dates[0]["layout"], Value::Null);
    assert_eq!(dates[0]["prices"], json!([{ "grade": "A", "price": won(99_000) }]));
    let prices =
        json!([{ "grade": "VIP", "price": won(198_000) }, { "grade": "R", "price": won(165_000) }]);
    assert_eq!((&dates[1]["prices"], &dates[1]["status"]), (&prices, &json!("on_sale")));
    assert!(!view.to_string().contains("seat_number") && !view.to_string().contains("available"));

    let list = sale.send(get("/api/v1/concerts")).await;
    assert_eq!(list.header("cache-control"), "public, max-age=1");
    let listed = &list.json()["concerts"][0];
    assert_eq!(listed["names"], view["names"]);
    assert_eq!(listed["first_date"], "2027-05-01T10:00:00.000Z");
    assert_eq!(listed["last_date"], "2027-05-02T10:00:00.000Z");
    assert_eq!((&listed["price_from"], &listed["price_to"]), (&won(99_000), &won(198_000)));
    assert!(listed.get("dates").is_none() && listed.get("about").is_none());

    // One without anything to tell.
    let bare = sale.concert(json!({ "dates": [] })).await;
    let view = shown(&sale, &bare.path("")).await;
    for member in ["about", "poster", "first_date", "last_date", "price_from", "price_to"] {
        assert_eq!(view[member], Value::Null, "{member}");
    }
    assert_eq!(view["dates"], json!([]));
    // In one language only.
    let change = json!({ "about": { "en": "Songs." } });
    let admin = format!("/api/v1/admin/concerts/{}", bare.id);
    sale.send(patch(admin).operator().json(&change)).await.want(200);
    let view = shown(&sale, &bare.path("")).await;
    assert_eq!(view["about"], json!({ "en": "Songs.", "ko": "Songs." }));
}

/// From the hold to the ticket, and when the concert is over: its name in both languages, each seat's grade and price,
/// and before anybody pays what may go back.
#[tokio::test]
async fn who_buys_is_told_the_same() {
    let sale = Sale::new();
    let mut change = show();
    change["dates"].as_array_mut().unwrap().truncate(1);
    let show = sale.concert(change).await;
    let terms = json!({ "decided_by": "organiser", "if_cancelled": "all", "paid_to": "balance" });
    assert_eq!(shown(&sale, &show.path("")).await["refund"], terms);
    let fan = sale.buyer(&show).await;
    let mine = async |path: &str| sale.send(get(path).by(&fan)).await.want(200);
    let id = sale.hold(&fan, &show, &[3, 4]).await;
    let names = json!({ "en": "Moonlight Parade", "ko": "달빛 퍼레이드" });
    let seats = json!([
        { "seat_number": 3, "grade": "VIP", "price": 198_000 },
        { "seat_number": 4, "grade": "R", "price": 165_000 },
    ]);
    let hold = mine(&format!("/api/v1/reservations/{id}")).await;
    assert_eq!((&hold["seats"], &hold["refund"]), (&seats, &terms));
    let held = mine("/api/v1/me/holds").await["holds"][0].clone();
    assert_eq!((&held["seats"], &held["refund"]), (&seats, &terms));
    assert_eq!(held["concert_names"], names);

    sale.send(pay(&fan, id, "p")).await.want(201);
    for path in ["/api/v1/bookings", "/api/v1/me/bookings"] {
        let booking = mine(path).await["bookings"][0].clone();
        assert_eq!((&booking["concert_names"], &booking["seats"]), (&names, &seats));
    }
    let tickets = mine(&format!("/api/v1/bookings/{id}/tickets")).await;
    let won = |amount: i64| json!({ "amount": amount, "currency": "KRW", "currency_decimals": 0 });
    for (nth, grade, amount) in [(0, "VIP", 198_000), (1, "R", 165_000)] {
        let ticket = &tickets["tickets"][nth];
        assert_eq!(ticket["booking_id"], id.to_string());
        assert_eq!((&ticket["grade"], &ticket["price"]), (&json!(grade), &won(amount)));
    }

    // Over: no seat of it is in memory any more.
    sale.pass(365 * 24 * 60 * MINUTE);
    sale.tick().await;
    sale.tick().await;
    let fan = Fan { identity: sale.identity(fan.user), ..fan };
    let booking = sale.send(get("/api/v1/bookings").identity(&fan.identity)).await.want(200);
    let booking = &booking["bookings"][0];
    assert_eq!(booking["concert_names"], names);
    assert_eq!(booking["seats"][0]["grade"], Value::Null);
    assert_eq!(booking["seats"][0]["price"], 198_000);
}

/// How a date stands, through its sale.
#[tokio::test]
async fn a_date_has_a_status() {
    let sale = Sale::new();
    let mut body = show();
    body["opens_at"] = json!("2027-01-15T09:00:00Z");
    let show = sale.concert(body).await;
    let statuses = || async {
        sale.tick().await;
        let view = shown(&sale, &show.path("")).await;
        let status = |date: &Value| date["status"].as_str().unwrap().to_owned();
        view["dates"].as_array().unwrap().iter().map(status).collect::<Vec<_>>()
    };
    assert_eq!(statuses().await, ["upcoming", "upcoming"]);
    sale.pass(3_600_000);
    assert_eq!(statuses().await, ["on_sale", "on_sale"]);
    let fan = sale.shopper(&show).await;
    let small = crate::world::Show { dates: vec![show.dates[1]], ..show.clone() };
    sale.hold(&fan, &small, &[1]).await;
    assert_eq!(statuses().await, ["sold_out", "on_sale"]);
    let cancel = format!("/api/v1/admin/concert-dates/{}/cancellation", show.dates[1]);
    let reason = json!({ "reason": "Storm" });
    sale.send(post(cancel).operator().key("c").json(&reason)).await;
    assert_eq!(statuses().await, ["cancelled", "on_sale"]);
    let list = shown(&sale, "/api/v1/concerts").await;
    assert_eq!(list["concerts"][0]["first_date"], "2027-05-02T10:00:00.000Z");
    let close = put(format!("/api/v1/admin/concerts/{}/sale", show.id)).operator();
    sale.send(close.json(&json!({ "open": false }))).await.want(200);
    assert_eq!(statuses().await, ["cancelled", "closed"]);
    // Long after: what is over is told from the database.
    sale.pass(200 * 24 * 3_600_000);
    sale.tick().await;
    assert_eq!(statuses().await, ["cancelled", "started"]);
    let over = shown(&sale, &show.path("")).await;
    assert!(sale.app.read_model.concert(boxoffice_core::id::ConcertId(show.id)).is_none());
    assert_eq!(over["dates"].as_array().unwrap().len(), 2);
    assert_eq!((&over["sale"], &over["price_from"]), (&json!("closed"), &Value::Null));
    assert_eq!(over["first_date"], "2027-05-02T10:00:00.000Z");
}

/// Names are kept while somebody holds or bought seats, but for a language that had none; texts are not.
#[tokio::test]
async fn what_is_told_can_be_changed() {
    let sale = Sale::new();
    let show = sale.concert(show()).await;
    let admin = format!("/api/v1/admin/concerts/{}", show.id);
    let change = |body: Value| patch(admin.clone()).operator().json(&body);
    let fan: Fan = sale.shopper(&show).await;
    sale.hold(&fan, &show, &[1]).await;
    sale.send(change(json!({ "names": { "ko": "다른 이름" } }))).await.refused(409, "held_or_sold");
    sale.send(change(json!({ "names": { "ko": null } }))).await.refused(409, "held_or_sold");
    sale.send(change(json!({ "names": { "en": "Parade" }, "about": { "en": null } })))
        .await
        .want(200);
    let view = shown(&sale, &show.path("")).await;
    assert_eq!(view["names"], json!({ "en": "Parade", "ko": "달빛 퍼레이드" }));
    assert_eq!(view["about"]["en"], "노래.\n그리고 달.");
    let events = sale.send(get("/api/v1/admin/events").operator()).await.want(200);
    let events = events["events"].as_array().unwrap();
    let told: Vec<&Value> = events.iter().filter(|e| e["kind"] == "concert.changed").collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["data"]["name_en"], "Parade");

    for (body, member) in [
        (json!({ "names": { "en": " " } }), "names"),
        (json!({ "names": { "ko": "x".repeat(201) } }), "names"),
        (json!({ "about": { "ko": "\n \n" } }), "about"),
        (json!({ "about": { "en": "x".repeat(1_001) } }), "about"),
    ] {
        let seen = sale.send(change(body)).await;
        seen.refused(422, "invalid_setting");
        assert_eq!(seen.json()["field"], member, "{}", seen.shown());
        assert_eq!(seen.json()["faults_total"], 1, "{}", seen.shown());
    }
    // Lines are for the text alone.
    let lines = sale.send(change(json!({ "names": { "en": "a\nb" } }))).await;
    lines.refused(422, "invalid_text");
    let turned = sale.send(change(json!({ "about": { "en": "a\n\u{202E}b" } }))).await;
    turned.refused(422, "invalid_text");
    for body in
        [json!({ "names": { "fr": "x" } }), json!({ "poster": "x" }), json!({ "names": null })]
    {
        sale.send(change(body)).await.refused(400, "invalid_body");
    }
    sale.sound();
}

/// A poster is looked at by its bytes, kept by their hash, and served as what it is and nothing else.
#[tokio::test]
async fn a_poster_is_uploaded_and_shown() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let path = format!("/api/v1/admin/concerts/{}/poster", show.id);
    let bytes = png(600, 800);
    let made = upload(&sale, &path, "image/png", bytes.clone()).await.want(200);
    assert_eq!(made, json!({ "hash": hash(&bytes), "media_type": "image/png" }));
    assert_eq!(shown(&sale, &show.path("")).await["poster"], made);
    let url = format!("/api/v1/posters/{}", hash(&bytes));
    let seen = sale.send(get(&url).header("accept", "image/avif,image/webp,image/*;q=0.8")).await;
    assert_eq!((seen.status, &seen.body[..]), (200, &bytes[..]));
    assert_eq!(seen.header("content-type"), "image/png");
    assert_eq!(seen.header("x-content-type-options"), "nosniff");
    assert_eq!(seen.header("cache-control"), "public, max-age=31536000, immutable");
    let policy = "default-src 'none'; sandbox; frame-ancestors 'none'";
    assert_eq!(seen.header("content-security-policy"), policy);
    let again = get(&url).header("if-none-match", seen.header("etag"));
    assert_eq!(sale.send(again).await.status, 304);
    sale.send(get(&url).header("accept", "application/json")).await.refused(406, "not_acceptable");

    // After a restart, and from memory: the database is asked once.
    let sale = sale.reborn();
    let (sale, watch) = sale.rewired(8_192, |_| {});
    assert_eq!(sale.send(get(&url)).await.body, bytes);
    drop(watch);
    for other in ["x".to_owned(), "0".repeat(64), hash(&bytes).to_uppercase(), "0".repeat(65)] {
        let seen = sale.send(get(format!("/api/v1/posters/{other}"))).await;
        seen.refused(404, "poster_not_found");
    }
    // The same again is no other.
    upload(&sale, &path, "image/png", bytes.clone()).await.want(200);
    sale.send(delete(&path).operator()).await.want(204);
    sale.send(delete(&path).operator()).await.want(204);
    assert_eq!(shown(&sale, &show.path("")).await["poster"], Value::Null);
    assert_eq!(sale.send(get(&url)).await.status, 200, "whoever has the address still sees it");
    upload(&sale, &path, "image/png", png(700, 800)).await.want(200);
    let dump = sale.dump();
    let posters = dump.iter().find(|(table, _)| **table == "poster").map(|(_, rows)| rows.len());
    assert_eq!(posters, Some(2));
    sale.sound();
}

/// What is no picture, or none that can be shown, is refused with the reason.
#[tokio::test]
async fn other_files_are_no_posters() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let path = format!("/api/v1/admin/concerts/{}/poster", show.id);
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec();
    for (media_type, body) in [
        ("image/png", svg.clone()),
        ("image/png", Vec::new()),
        ("image/jpeg", png(600, 800)),
        ("image/png", png(600, 800)[..40].to_vec()),
        // It was cut off, and closed again.
        ("image/png", [&png(600, 800)[..100], b"\0\0\0\0IEND\xAE\x42\x60\x82"].concat()),
        ("image/png", png(63, 800)),
        ("image/png", png(600, 5_000)),
        ("image/webp", b"RIFF\x04\0\0\0WEBP".to_vec()),
    ] {
        let seen = upload(&sale, &path, media_type, body).await;
        seen.refused(422, "invalid_picture");
        assert!(seen.json()["reason"].is_string(), "{}", seen.shown());
    }
    for media_type in ["image/svg+xml", "image/gif", "text/html", "application/json", ""] {
        let seen = upload(&sale, &path, media_type, svg.clone()).await;
        seen.refused(415, "unsupported_media_type");
        assert_eq!(seen.json()["supported"], json!(["image/png", "image/jpeg", "image/webp"]));
    }
    let mut large = png(600, 800);
    large.splice(20..20, vec![0; 512 * 1024]);
    let seen = upload(&sale, &path, "image/png", large).await;
    seen.refused(413, "body_too_large");
    assert_eq!(seen.json()["limit_bytes"], 512 * 1024);
    let nowhere = format!("/api/v1/admin/concerts/{}/poster", uuid::Uuid::now_v7());
    let seen = upload(&sale, &nowhere, "image/png", png(600, 800)).await;
    seen.refused(404, "concert_not_found");
    assert_eq!(shown(&sale, &show.path("")).await["poster"], Value::Null);
}
