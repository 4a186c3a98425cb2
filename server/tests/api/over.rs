//! Concerts that are over: they leave the read model, the list and the metrics, and can still be asked for.

use crate::world::{MINUTE, Sale, Show, get, id_of, patch, pay, post, put, reserve};
use boxoffice_core::id::Uuid;
use boxoffice_server::metrics::CommandLabel;
use boxoffice_server::store::reads::{Of, Reads};
use boxoffice_server::store::sqlite::SqliteReads;
use serde_json::{Value, json};

const HOUR: i64 = 60 * MINUTE;

/// Two ticks: the first may end who was in the shop.
async fn ticks(sale: &Sale) {
    sale.tick().await;
    sale.tick().await;
}

async fn listed(sale: &Sale) -> Vec<Value> {
    let list = sale.send(get("/api/v1/concerts")).await.want(200);
    list["concerts"].as_array().unwrap().clone()
}

/// Whatever is asked about a show that is over has an answer.
async fn can_be_asked_for(sale: &Sale, show: &Show, token: &str, buyer: Uuid) {
    assert_eq!(sale.app.read_model.concerts().len() + sale.app.read_model.date_count(), 0);
    assert_eq!(listed(sale).await, Vec::<Value>::new());
    let one = sale.send(get(show.path(""))).await.want(200);
    assert_eq!((&one["name"], &one["sale"]), (&json!("Moonlight Parade"), &json!("closed")));
    let queue = sale.send(get(show.path("/queue"))).await.want(200);
    assert_eq!(queue["served_up_to"], 2);
    let figures = sale.figures(show).await;
    assert_eq!(
        (&figures["sale"], &figures["dates"][0]["available_seats"]),
        (&json!("closed"), &json!(49))
    );
    let poll = sale.send(get("/api/v1/queue-tokens/me").token(token)).await.want(200);
    assert_eq!((&poll["state"], &poll["sale"]), (&json!("expired"), &json!("closed")));
    assert_eq!(poll["poll_after_ms"], Value::Null);
    let fan = sale.fan().await;
    sale.send(post(show.path("/queue-tokens")).by(&fan)).await.refused(409, "sale_closed");
    let bookings = get("/api/v1/bookings").identity(&sale.identity(buyer));
    let bookings = sale.send(bookings).await.want(200);
    let booking = &bookings["bookings"][0];
    assert_eq!(booking["concert_name"], "Moonlight Parade");
    assert_eq!(booking["starts_at"], "2027-01-15T09:00:00.000Z");
    let late = crate::world::Fan { token: token.to_owned(), ..fan };
    sale.send(get(show.path("/dates")).by(&late)).await.refused(403, "queue_token_of_another_user");
    sale.sound();
}

/// B8.
#[tokio::test]
async fn what_is_over_leaves_and_can_be_asked_for_and_comes_back() {
    let sale = Sale::new();
    let seats = json!([{ "from": 1, "to": 50, "zone": "R", "price": 150_000 }]);
    let dates = json!([{ "starts_at": "2027-01-15T18:00:00+09:00", "seats": seats }]);
    let show = sale.concert(json!({ "dates": dates })).await;
    let buyer = sale.buyer(&show).await;
    let held = sale.hold(&buyer, &show, &[7]).await;
    sale.send(pay(&buyer, held, "k")).await.want(201);
    sale.tick().await;
    assert!(sale.app.metrics.text().contains(&show.id.to_string()));

    // An hour until the date, and then a day; whoever is in the shop keeps it there.
    sale.pass(25 * HOUR - 1_000);
    let mut late = sale.fan().await;
    assert_eq!(sale.join(&mut late, &show).await["state"], "admitted");
    sale.pass(999);
    ticks(&sale).await;
    assert_eq!(listed(&sale).await.len(), 1, "not a millisecond early");
    sale.pass(1);
    ticks(&sale).await;
    assert_eq!(listed(&sale).await.len(), 1, "somebody is in the shop");
    sale.pass(MINUTE);
    ticks(&sale).await;
    assert!(!sale.app.metrics.text().contains(&show.id.to_string()));
    can_be_asked_for(&sale, &show, &late.token, buyer.user).await;
    let sale = sale.reborn();
    assert!(!sale.app.read_model.is_empty());
    can_be_asked_for(&sale, &show, &late.token, buyer.user).await;

    // A new date brings it back, with all that it has.
    let new = json!({ "starts_at": "2027-02-01T19:00:00+09:00", "seats": seats });
    let path = format!("/api/v1/admin/concerts/{}/dates", show.id);
    let made = sale.send(post(path).operator().json(&new)).await.want(201);
    let figures = sale.figures(&show).await;
    let left = |date: usize| figures["dates"][date]["available_seats"].clone();
    assert_eq!((left(0), left(1), &figures["sale"]), (json!(49), json!(50), &json!("open")));
    assert_eq!(listed(&sale).await.len(), 1);
    let again = Show { dates: vec![id_of(&made["concert_date_ids"][0])], ..show };
    let shopper = sale.shopper(&again).await;
    sale.send(reserve(&shopper, &again, &[7])).await.want(201);
    assert_eq!(sale.seat(&shopper, &again, 7).await, "held");
    let first = get(show_seats(show.dates[0])).by(&shopper);
    assert_eq!(sale.send(first).await.want(200)["available_seats"], 49);
    sale.tick().await;
    assert!(sale.app.metrics.text().contains(&show.id.to_string()));
    sale.sound();
}

fn show_seats(date: Uuid) -> String {
    format!("/api/v1/concert-dates/{date}/seats")
}

/// A sale that was closed and has no date comes back when it is opened again.
#[tokio::test]
async fn a_sale_that_is_opened_again_comes_back() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "dates": [] })).await;
    let path = format!("/api/v1/admin/concerts/{}/sale", show.id);
    sale.send(put(&path).operator().json(&json!({ "open": false }))).await.want(200);
    sale.pass(24 * HOUR);
    sale.tick().await;
    assert_eq!(sale.app.read_model.concerts().len(), 0);
    sale.send(put(&path).operator().json(&json!({ "open": true }))).await.want(200);
    let one = sale.send(get(show.path(""))).await.want(200);
    assert_eq!((&one["sale"], sale.app.read_model.concerts().len()), (&json!("open"), 1));
    sale.shopper(&show).await;
}

/// B8: of 500 concerts 20 are on sale; start, tick and list look at 20.
#[tokio::test]
async fn what_is_over_costs_nothing() {
    let sale = Sale::new();
    let seats = json!([{ "from": 1, "to": 10, "zone": "R", "price": 1 }]);
    for number in 0..500 {
        let day = if number % 25 == 0 { "2027-05-01" } else { "2027-01-16" };
        let date = json!({ "starts_at": format!("{day}T19:00:00Z"), "seats": seats });
        let opens = "2026-12-01T09:00:00Z";
        sale.concert(json!({ "opens_at": opens, "dates": [date] })).await;
    }
    sale.pass(3 * 24 * HOUR);
    let sale = sale.reborn();
    let admit = CommandLabel { command: "admit" };
    let admits = || sale.app.metrics.commands.get_or_create(&admit).get();
    sale.tick().await;
    assert_eq!(admits(), 20, "those that are on sale have their draw made");
    let read_model = &sale.app.read_model;
    assert_eq!((read_model.concerts().len(), read_model.date_count()), (20, 20));
    let text = sale.app.metrics.text();
    assert_eq!(text.lines().filter(|l| l.starts_with("boxoffice_queue_waiting{")).count(), 20);
    let batches = sale.app.metrics.batches.get();
    ticks(&sale).await;
    assert_eq!(sale.app.metrics.batches.get(), batches, "nobody waits: nothing is done");
    let mut reads = SqliteReads::open(&sale.files()).unwrap();
    let read = reads.snapshot(Of::Live(sale.clock.now())).unwrap();
    assert_eq!((read.concerts.len(), read.dates.len(), read.queues.len()), (20, 20, 20));
    assert_eq!((read.seats.len(), read.known.len()), (200, 500));
    assert_eq!(listed(&sale).await.len(), 20);
}

/// The list comes in pages; following `next` shows each concert once.
#[tokio::test]
async fn the_list_has_pages() {
    let sale = Sale::new();
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(json!(sale.concert(json!({ "dates": [] })).await.id.to_string()));
    }
    let (mut path, mut seen) = ("/api/v1/concerts?limit=3".to_owned(), Vec::new());
    for size in [3, 3, 1] {
        let page = sale.send(get(path)).await.want(200);
        let page_of = page["concerts"].as_array().unwrap();
        assert_eq!(page_of.len(), size);
        seen.extend(page_of.iter().map(|concert| concert["concert_id"].clone()));
        path = format!("/api/v1/concerts?limit=3&after={}", page["next"].as_str().unwrap_or("-"));
    }
    assert_eq!(seen, made);
    for wrong in ["limit=0", "limit=101", "after=-", "page=2"] {
        let seen = sale.send(get(format!("/api/v1/concerts?{wrong}"))).await;
        seen.refused(400, "invalid_query");
    }
}

/// The list says what the concert's own page says, whatever has changed since it was asked for last.
#[tokio::test]
async fn the_list_says_each_change_at_once() {
    let sale = Sale::new();
    let show = sale
        .concert(json!({
            "opens_at": "2027-01-15T09:00:00Z", "closes_at": "2027-01-16T09:00:00Z",
            "dates": [{
                "starts_at": "2027-05-01T10:00:00Z",
                "seats": [{ "from": 1, "to": 1, "zone": "R", "price": 150_000 }],
            }],
        }))
        .await;
    let mut seen = Vec::new();
    let same = async |seen: &mut Vec<Value>| {
        let mut page = sale.send(get(show.path(""))).await.want(200);
        for more in ["about", "refund", "dates"] {
            page.as_object_mut().unwrap().remove(more).unwrap();
        }
        assert_eq!(listed(&sale).await, [page.clone()]);
        assert_eq!(listed(&sale).await, [page.clone()], "again");
        assert_ne!(seen.last(), Some(&page), "something has changed");
        seen.push(page);
    };
    let path = format!("/api/v1/admin/concerts/{}", show.id);
    let edit = async |body: Value| {
        sale.send(patch(&path).operator().json(&body)).await.want(200);
    };
    same(&mut seen).await;
    edit(json!({ "names": { "ko": "달빛 행진" } })).await;
    same(&mut seen).await;
    let more = json!({ "starts_at": "2027-05-02T10:00:00Z", "seats": [{ "from": 1, "to": 1, "zone": "S", "price": 90_000 }] });
    let added = sale.send(post(format!("{path}/dates")).operator().json(&more)).await.want(201);
    sale.tick().await;
    same(&mut seen).await;
    sale.pass(HOUR);
    same(&mut seen).await;
    for date in [show.dates[0], id_of(&added["concert_date_ids"][0])] {
        let block = json!({ "seat_numbers": [1], "status": "blocked", "reason": "no" });
        let path = format!("/api/v1/admin/concert-dates/{date}/seats/status");
        sale.send(put(path).operator().json(&block)).await.want(200);
    }
    sale.tick().await;
    same(&mut seen).await;
    let states: Vec<&Value> = seen.iter().map(|page| &page["sale"]).collect();
    assert_eq!(states, ["upcoming", "upcoming", "upcoming", "open", "sold_out"]);
    for open in [false, true] {
        let body = json!({ "open": open });
        sale.send(put(format!("{path}/sale")).operator().json(&body)).await.want(200);
        same(&mut seen).await;
    }
    sale.pass(24 * HOUR);
    same(&mut seen).await;
}
