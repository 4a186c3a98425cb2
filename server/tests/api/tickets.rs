//! Tickets: who gets them, what they say, and that a door needs nobody to know them.

use crate::refunds::{bought, refund};
use crate::world::{Fan, Sale, Show, get, id_of, pay, post};
use boxoffice_core::id::{DateId, ReservationId, Uuid};
use boxoffice_core::ticket::Ticket;
use boxoffice_core::time::Time;
use boxoffice_server::store::keys::OperatorKeys;
use boxoffice_server::store::sqlite::ApiKeys;
use boxoffice_server::tickets::{PublicKey, Refused, verify};
use serde_json::{Value, json};

/// Pixels of a module when a symbol is drawn.
const SCALE: usize = 5;

async fn tickets(sale: &Sale, fan: &Fan, reservation: Uuid) -> Vec<Value> {
    let path = format!("/api/v1/bookings/{reservation}/tickets");
    let seen = sale.send(get(path).identity(&fan.identity)).await;
    assert_eq!(seen.header("cache-control"), "no-store");
    seen.want(200)["tickets"].as_array().unwrap().clone()
}

async fn keys(sale: &Sale) -> Vec<PublicKey> {
    let seen = sale.send(get("/api/v1/ticket-keys")).await;
    assert_eq!(seen.header("cache-control"), "public, max-age=60");
    let view = seen.want(200);
    let key = |key: &Value| {
        assert_eq!((&key["algorithm"], key["from"].is_string()), (&json!("Ed25519"), true));
        let public = PublicKey::of_text(key["public_key"].as_str().unwrap(), Time(0)).unwrap();
        assert_eq!(key["key_id"], public.id().to_string());
        public
    };
    view["keys"].as_array().unwrap().iter().map(key).collect()
}

/// All pages of the list for doors: seat, status, why it is void, and the ticket's id.
async fn of_date(sale: &Sale, show: &Show, query: &str) -> Vec<(u64, String, String, String)> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/admin/concert-dates/{}/tickets?{query}{after}", show.dates[0]);
        let page = sale.send(get(path).operator()).await.want(200);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        all.extend(page["tickets"].as_array().unwrap().iter().map(|ticket| {
            let seat = ticket["seat_number"].as_u64().unwrap();
            let id = text(&ticket["ticket_id"]);
            assert_eq!(id, format!("{}.{seat}.1", ticket["reservation_id"].as_str().unwrap()));
            (seat, text(&ticket["status"]), text(&ticket["void_because"]), id)
        }));
        let Some(next) = page["next"].as_str() else { return all };
        after = format!("&after={next}");
    }
}

async fn booked(sale: &Sale, show: &Show, seats: &[u32]) -> (Fan, Uuid, Uuid) {
    let (fan, payment) = bought(sale, show, seats).await;
    let path = format!("/api/v1/admin/payments/{payment}");
    let shown = sale.send(get(path).operator()).await.want(200);
    (fan, id_of(&shown["reservation_id"]), payment)
}

/// What a phone's camera reads of an SVG: its light ground and its dark strokes as pixels.
fn scanned(svg: &str) -> String {
    let side: usize =
        svg.split("viewBox=\"0 0 ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    let ground = format!("<path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/>");
    let (head, rest) = svg.split_once(&ground).expect("a light ground");
    assert!(head.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""), "{head}");
    let strokes = rest.strip_prefix("<path fill=\"#000\" d=\"").unwrap();
    let strokes = strokes.strip_suffix("\"/></svg>").unwrap();
    let mut dark = vec![false; side * side];
    for stroke in strokes.split('z').filter(|stroke| !stroke.is_empty()) {
        let (at, long) = stroke.strip_prefix('M').unwrap().split_once('h').unwrap();
        let (x, y) = at.split_once(' ').unwrap();
        let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
        let (long, back) = long.split_once("v1h-").unwrap();
        assert_eq!(long, back);
        let long: usize = long.parse().unwrap();
        assert!(x >= 4 && y >= 4 && x + long <= side - 4 && y < side - 4, "a quiet zone");
        dark[y * side + x..][..long].fill(true);
    }
    let pixels = side * SCALE;
    let luma = |x: usize, y: usize| if dark[y / SCALE * side + x / SCALE] { 0 } else { 255 };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(pixels, pixels, luma);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "one symbol");
    grids[0].decode().expect("a symbol that can be read").1
}

/// From the payment to the door: each seat has its ticket, whose symbol a camera reads and whose code verifies with
/// nothing but the public keys; nobody else sees them.
#[tokio::test]
async fn a_ticket_is_read_at_the_door() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.buyer(&show).await;
    let id = sale.hold(&fan, &show, &[7, 3]).await;
    assert_eq!(tickets(&sale, &fan, id).await, Vec::<Value>::new(), "not paid yet");
    sale.send(pay(&fan, id, "p")).await.want(201);
    let (mine, keys) = (tickets(&sale, &fan, id).await, keys(&sale).await);
    assert_eq!(keys.len(), 1);
    for (ticket, seat) in mine.iter().zip([3, 7]) {
        assert_eq!(ticket["ticket_id"], format!("{id}.{seat}.1"));
        assert_eq!((&ticket["seat_number"], &ticket["status"]), (&json!(seat), &json!("valid")));
        assert!(ticket.get("void_because").is_none());
        let code = ticket["code"].as_str().unwrap();
        assert_eq!(scanned(ticket["qr_svg"].as_str().unwrap()), code);
        let (date, reservation) = (DateId(show.dates[0]), ReservationId(id));
        assert_eq!(verify(&keys, code), Ok(Ticket { date, reservation, seat, version: 1 }));
    }
    assert_eq!(mine.len(), 2);
    assert_eq!(tickets(&sale, &fan, id).await, mine, "the same each time");
    let other = sale.fan().await;
    for (fan, id) in [(&other, id), (&fan, Uuid::nil())] {
        let path = format!("/api/v1/bookings/{id}/tickets");
        let seen = sale.send(get(path).identity(&fan.identity)).await;
        seen.refused(404, "reservation_not_found");
    }
    sale.sound();
    let sale = sale.reborn();
    assert_eq!(tickets(&sale, &fan, id).await, mine, "after a restart");
}

/// A seat that went back has a void ticket without a code; sold again, the seat has another ticket, and a door that has
/// the list of void ones knows the first by it.
#[tokio::test]
async fn a_ticket_that_went_back_is_void() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (fan, id, payment) = booked(&sale, &show, &[1, 2]).await;
    let before = tickets(&sale, &fan, id).await;
    let body = json!({ "seat_numbers": [2], "reason": "ill", "release_seats": true });
    sale.send(refund(payment, &body)).await.want(201);
    let after = tickets(&sale, &fan, id).await;
    assert_eq!(after[0], before[0]);
    let void = &after[1];
    assert_eq!((&void["status"], &void["void_because"]), (&json!("void"), &json!("refunded")));
    assert!(void["code"].is_null() && void["qr_svg"].is_null());
    assert_eq!(void["ticket_id"], before[1]["ticket_id"]);

    let (second, again, _) = booked(&sale, &show, &[2]).await;
    let sold = tickets(&sale, &second, again).await.remove(0);
    assert_ne!(sold["code"], before[1]["code"]);
    let keys = keys(&sale).await;
    let at_the_door = |code: &Value| verify(&keys, code.as_str().unwrap()).unwrap();
    let (old, new) = (at_the_door(&before[1]["code"]), at_the_door(&sold["code"]));
    assert_eq!((old.seat, new.seat), (2, 2));
    let id_of = boxoffice_server::tickets::ticket_id;
    let (one, two, three) = (format!("{id}.1.1"), format!("{id}.2.1"), format!("{again}.2.1"));
    assert_eq!((id_of(&old), id_of(&new)), (two.clone(), three.clone()));
    let row = |seat: u64, status: &str, why: &str, id: &str| {
        (seat, status.to_owned(), why.to_owned(), id.to_owned())
    };
    let void = row(2, "void", "refunded", &two);
    let valid = [row(1, "valid", "", &one), row(2, "valid", "", &three)];
    assert_eq!(of_date(&sale, &show, "status=valid").await, valid);
    let [first, last] = valid;
    let all = [first, void, last];
    assert_eq!(of_date(&sale, &show, "status=void").await, all[1..2]);
    for query in ["", "limit=1", "limit=2", "limit=3"] {
        assert_eq!(of_date(&sale, &show, query).await, all, "{query}");
    }
    sale.sound();
}

/// From the moment of its cancellation all tickets of a date are void, long before the job has been there; and they
/// stay void once their money has gone back.
#[tokio::test]
async fn tickets_of_a_cancelled_date_are_void() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (fan, id, _) = booked(&sale, &show, &[1]).await;
    let path = format!("/api/v1/admin/concert-dates/{}/cancellation", show.dates[0]);
    sale.send(post(path).operator().json(&json!({ "reason": "ill" }))).await.want(202);
    let why = |ticket: &Value| (ticket["status"].clone(), ticket["void_because"].clone());
    let ticket = tickets(&sale, &fan, id).await.remove(0);
    assert_eq!(why(&ticket), (json!("void"), json!("date_cancelled")));
    assert!(ticket["code"].is_null());
    let row = |why: &str| (1, "void".to_owned(), why.to_owned(), format!("{id}.1.1"));
    for query in ["", "status=void"] {
        assert_eq!(of_date(&sale, &show, query).await, [row("date_cancelled")]);
    }
    assert_eq!(of_date(&sale, &show, "status=valid").await, []);
    sale.runner.tick(1).await;
    let ticket = tickets(&sale, &fan, id).await.remove(0);
    assert_eq!(why(&ticket), (json!("void"), json!("refunded")));
    assert_eq!(of_date(&sale, &show, "status=void").await, [row("refunded")]);
    assert_eq!(of_date(&sale, &show, "status=valid").await, []);
    sale.sound();
}

/// What was signed before a rotation verifies after it, since all public keys stay in the database; one that was
/// revoked there is told no more, and signs no more.
#[tokio::test]
async fn public_keys_outlive_rotations() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (fan, id, _) = booked(&sale, &show, &[1]).await;
    let old = tickets(&sale, &fan, id).await[0]["code"].as_str().unwrap().to_owned();
    let mut sale = sale;
    // Twice: the token key of before is in the file no more.
    for now in [1, 2] {
        sale.keys().rotated(Time(now)).unwrap().write(&sale.config.keys_file).unwrap();
        sale = sale.reborn();
    }
    let fan = Fan { identity: sale.identity(fan.user), ..fan };
    let new = tickets(&sale, &fan, id).await[0]["code"].as_str().unwrap().to_owned();
    assert_ne!(old, new);
    let all = keys(&sale).await;
    assert_eq!(all.len(), 3);
    assert_eq!(verify(&all, &old), verify(&all, &new));
    assert!(verify(&all, &old).is_ok());

    let first = all.iter().find(|key| verify(&[**key], &old).is_ok()).unwrap();
    let last = all.iter().find(|key| verify(&[**key], &new).is_ok()).unwrap();
    let mut tables = ApiKeys::open(&sale.files()).unwrap();
    assert!(tables.withdraw(&first.bytes, Time(3)).unwrap());
    assert!(!tables.withdraw(&first.bytes, Time(3)).unwrap());
    let sale = sale.reborn();
    let all = keys(&sale).await;
    assert_eq!(all.len(), 2);
    assert_eq!(verify(&all, &old), Err(Refused::UnknownKey(first.id())));
    assert!(verify(&all, &new).is_ok());
    assert!(tables.withdraw(&last.bytes, Time(4)).unwrap());
    let again = boxoffice_server::node::build(&sale.config, sale.clock.clone());
    let why = again.err().expect("it does not start").to_string();
    assert!(
        why.contains(&format!("the key {} that signs tickets was revoked", last.id())),
        "{why}"
    );
}

/// Whoever asks for what there is not is told what is wrong.
#[tokio::test]
async fn a_list_for_doors_is_asked_for_as_it_can_be() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let path = format!("/api/v1/admin/concert-dates/{}/tickets", show.dates[0]);
    let id = Uuid::nil();
    for query in [
        "limit=0".to_owned(),
        "limit=1001".to_owned(),
        "after=x".to_owned(),
        format!("after={id}"),
        format!("after={id}.1"),
        format!("after={id}.-1.1"),
        format!("after={id}.1.1.1"),
        "status=lost".to_owned(),
        "since=1".to_owned(),
    ] {
        let seen = sale.send(get(format!("{path}?{query}")).operator()).await;
        seen.refused(400, "invalid_query");
    }
    let path = format!("/api/v1/admin/concert-dates/{id}/tickets");
    sale.send(get(path).operator()).await.refused(404, "date_not_found");
    let page = format!("/api/v1/admin/concert-dates/{}/tickets?limit=1000", show.dates[0]);
    let page = sale.send(get(page).operator()).await.want(200);
    assert_eq!((&page["tickets"], &page["next"]), (&json!([]), &Value::Null));
}
