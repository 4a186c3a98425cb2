//! Large work, counted: who may not shop causes none, what is done serves all who ask, and what sells waits behind
//! none of it.

use crate::world::{Ask, Fan, Sale, Show, get, post, put, reserve};
use boxoffice_core::id::LayoutId;
use boxoffice_server::bulk::{MAPS_WAITING_MAX, Work};
use boxoffice_server::layout::{Layout, halls};
use boxoffice_server::metrics::WorkLabel;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

fn done(sale: &Sale, work: Work) -> u64 {
    let label = WorkLabel { work: work.name() };
    sale.app.metrics.bulk_done.get_or_create_owned(&label).get()
}

async fn concert(sale: &Sale, seats: u32, mut change: Value) -> Show {
    let range = json!([{ "from": 1, "to": seats, "zone": "R", "price": 7 }]);
    change["dates"] = json!([{ "starts_at": "2027-05-01T19:00:00+09:00", "seats": range }]);
    sale.concert(change).await
}

fn best(fan: &Fan, show: &Show, wish: Value) -> Ask {
    let body = json!({ "concert_date_id": show.dates[0], "best": wish });
    post("/api/v1/reservations").by(fan).json(&body)
}

async fn waiting(sale: &Sale, show: &Show) -> Fan {
    let mut fan = sale.fan().await;
    sale.join(&mut fan, show).await;
    fan
}

/// H39: seats are searched for who may have some, and for nobody else.
#[tokio::test]
async fn who_may_have_no_seats_causes_no_search() {
    let sale = Sale::new();
    let show = concert(&sale, 100, json!({ "max_active": 1 })).await;
    let fan = sale.shopper(&show).await;
    let waits = waiting(&sale, &show).await;
    for _ in 0..3 {
        let seen = sale.send(best(&waits, &show, json!({ "count": 2 }))).await;
        seen.refused(403, "not_admitted");
    }
    sale.send(best(&fan, &show, json!({ "count": 5 }))).await.refused(409, "seat_limit");
    for wish in [json!({ "count": 1, "grade": "Z" }), json!({ "count": 1, "section": "Z" })] {
        sale.send(best(&fan, &show, wish)).await.refused(422, "invalid_setting");
    }
    assert_eq!(done(&sale, Work::Search), 0);
    sale.send(best(&fan, &show, json!({ "count": 2 })).key("k")).await.want(201);
    assert_eq!(done(&sale, Work::Search), 1);
    // Who holds seats may have no others, and a repetition has its answer.
    for _ in 0..3 {
        sale.send(best(&fan, &show, json!({ "count": 2 }))).await.refused(409, "hold_exists");
    }
    sale.send(best(&fan, &show, json!({ "count": 2 })).key("k")).await.want(201);
    assert_eq!(done(&sale, Work::Search), 1);
}

/// A user has one search at a time: those of one account do not take the room of others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_has_one_search_at_a_time() {
    let sale = Sale::new();
    let show = concert(&sale, 100, json!({ "max_active": 2 })).await;
    let (fan, other) = (sale.shopper(&show).await, sale.shopper(&show).await);
    let (go, may_go) = channel::<()>();
    let label = WorkLabel { work: Work::Search.name() };
    let waiting = sale.app.metrics.bulk_waiting.get_or_create_owned(&label);
    let until = async |count: i64| {
        while waiting.get() != count {
            tokio::task::yield_now().await;
        }
    };
    let (begin, begun) = tokio::sync::oneshot::channel();
    let app = sale.app.clone();
    let blocked = tokio::spawn(async move {
        let wait = move || {
            begin.send(()).unwrap();
            may_go.recv()
        };
        app.bulk.run(Work::Search, wait).await
    });
    begun.await.unwrap();
    let first = sale.send(best(&fan, &show, json!({ "count": 2 })));
    let others = async {
        until(1).await;
        let mine = sale.all((0..5).map(|_| best(&fan, &show, json!({ "count": 2 }))));
        let other = sale.send(best(&other, &show, json!({ "count": 2 })));
        let go = async {
            until(2).await;
            // Those that wait for the first take no room.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            until(2).await;
            go.send(()).unwrap();
        };
        tokio::join!(mine, other, go)
    };
    let (first, (mine, other, ())) = tokio::join!(first, others);
    blocked.await.unwrap().unwrap().unwrap();
    first.want(201);
    other.want(201);
    for seen in mine {
        seen.refused(409, "hold_exists");
    }
    assert_eq!(done(&sale, Work::Search), 3, "with the one that was in the way");
}

/// H39: the whole map of a large date is written once for all who ask, until a seat changes; one of a small date is
/// written at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_map_of_a_large_date_is_written_aside_and_once() {
    let sale = Sale::new();
    for (seats, maps) in [(2_000, 0), (2_001, 1)] {
        let before = done(&sale, Work::Map);
        let show = concert(&sale, seats, json!({})).await;
        let fan = sale.shopper(&show).await;
        let map = || get(show.seats_path()).by(&fan);
        let first = sale.send(map()).await;
        assert_eq!(first.want(200)["seats"].as_array().map(Vec::len), usize::try_from(seats).ok());
        let etag = first.header("etag").to_owned();
        for seen in sale.all((0..40).map(|_| map().header("if-none-match", &etag))).await {
            assert_eq!(seen.status, 304);
        }
        assert_eq!(done(&sale, Work::Map) - before, maps);
        sale.hold(&fan, &show, &[7]).await;
        assert_eq!(sale.send(map()).await.want(200)["seats"][6]["status"], "held");
        assert_eq!(done(&sale, Work::Map) - before, 2 * maps);
        // A crowd that comes before it is written: nobody is refused, and at most those who came before it was begun
        // wait for one more.
        let mut crowd = Vec::new();
        for _ in 0..40 {
            crowd.push(sale.shopper(&show).await);
        }
        for number in [8, 9, 10] {
            let other = sale.shopper(&show).await;
            sale.hold(&other, &show, &[number]).await;
            let before = done(&sale, Work::Map);
            let asks = crowd.iter().flat_map(|fan| (0..5).map(|_| get(show.seats_path()).by(fan)));
            for seen in sale.all(asks).await {
                let held = usize::try_from(number).unwrap() - 1;
                assert_eq!(seen.want(200)["seats"][held]["status"], "held");
            }
            let written = done(&sale, Work::Map) - before;
            assert!(written >= maps && written <= 2 * maps, "{written} for a crowd of 200");
        }
    }
}

/// Where a layout is, added anew.
async fn layout(sale: &Sale, layout: Layout) -> String {
    let layout = serde_json::to_value(layout).unwrap();
    let added = sale.send(post("/api/v1/admin/layouts").operator().json(&layout)).await.want(201);
    format!("/api/v1/layouts/{}", added["layout"].as_str().unwrap())
}

/// As many maps as may wait, until the sender sends.
async fn flood(sale: &Sale) -> (Sender<()>, Vec<JoinHandle<()>>) {
    let (go, may_go) = channel::<()>();
    let mut first = Some(may_go);
    let job = |_| {
        let (app, first) = (sale.app.clone(), first.take());
        tokio::spawn(async move {
            let work = move || first.map(|may_go| may_go.recv());
            app.bulk.run(Work::Map, work).await.unwrap();
        })
    };
    let jobs = (0..MAPS_WAITING_MAX).map(job).collect();
    let label = WorkLabel { work: Work::Map.name() };
    let waiting = sale.app.metrics.bulk_waiting.get_or_create_owned(&label);
    // One of them is at work.
    while waiting.get() != i64::try_from(MAPS_WAITING_MAX).unwrap() - 1 {
        tokio::task::yield_now().await;
    }
    (go, jobs)
}

/// H39: a flood of maps is refused, and neither a search nor a layout waits for its end.
#[tokio::test]
async fn a_flood_of_maps_is_refused_and_nothing_else() {
    let sale = Sale::new();
    let small = layout(&sale, halls::small()).await;
    let layout = layout(&sale, halls::stadium()).await;
    let show = concert(&sale, 2_001, json!({})).await;
    let fan = sale.shopper(&show).await;
    let (go, jobs) = flood(&sale).await;
    let seen = sale.send(get(show.seats_path()).by(&fan)).await;
    seen.refused(503, "busy");
    assert_eq!(seen.header("retry-after"), "1");
    sale.send(get(show.seats_path() + "?form=compact").by(&fan)).await.want(200);
    sale.send(best(&fan, &show, json!({ "count": 2 }))).await.want(201);
    let seen = sale.send(get(&layout).header("accept-encoding", "gzip")).await;
    assert_eq!((seen.status, seen.header("content-encoding")), (200, ""), "it is sent as it is");
    let seen = sale.send(get(&small).header("accept-encoding", "gzip")).await;
    assert_eq!(
        (seen.status, seen.header("content-encoding")),
        (200, "gzip"),
        "a small one waits for nothing"
    );
    go.send(()).unwrap();
    for job in jobs {
        job.await.unwrap();
    }
    sale.send(get(show.seats_path()).by(&fan)).await.want(200);
    until_packed(&sale, &layout).await;
}

/// Asks for a layout until it comes compressed: whoever would wait long for it has it as it is.
async fn until_packed(sale: &Sale, path: &str) {
    let began = Instant::now();
    loop {
        let seen = sale.send(get(path).header("accept-encoding", "gzip")).await;
        assert_eq!(seen.status, 200);
        if seen.header("content-encoding") == "gzip" {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "it is never compressed");
    }
}

/// A layout's text is what its id names. Whoever asks for it has nothing read, and it is compressed once.
#[tokio::test]
async fn a_layout_is_shown_without_being_read() {
    let sale = Sale::new();
    let path = layout(&sale, halls::stadium()).await;
    let id = path.rsplit('/').next().unwrap();
    assert_eq!(done(&sale, Work::File), 1, "it was checked");
    let sale = sale.reborn();
    // Its bytes have the hash, and are no layout.
    let other = "no layout";
    let other_id = LayoutId::of(other).to_string();
    let database = Connection::open(&sale.files().path).unwrap();
    let insert = "INSERT INTO layout SELECT ?1, ?2, seat_count, created_at FROM layout";
    database.execute(insert, (&other_id, other)).unwrap();
    let seen = sale.send(get(format!("/api/v1/layouts/{other_id}"))).await;
    assert_eq!((seen.status, &seen.body[..]), (200, other.as_bytes()));
    for _ in 0..3 {
        until_packed(&sale, &path).await;
    }
    while done(&sale, Work::File) < 1 {
        tokio::task::yield_now().await;
    }
    sale.send(get(format!("/api/v1/layouts/{other_id}"))).await;
    assert_eq!(done(&sale, Work::File), 1, "once, and the small one at once");
    // A date in it asks for its seats; a fan who reads the text does not.
    let prices = json!({ "VIP": 1, "R": 1, "S": 1, "A": 1 });
    let dates =
        json!([{ "starts_at": "2027-05-01T19:00:00+09:00", "layout": id, "prices": prices }]);
    let show = sale.concert(json!({ "dates": dates })).await;
    let fan = sale.shopper(&show).await;
    let hold = sale.send(reserve(&fan, &show, &[3])).await.want(201);
    assert_eq!(hold["seats"][0]["label"]["row"], "1");
    let body = json!({ "seat_numbers": [4], "status": "blocked", "reason": "a camera" });
    let path = format!("/api/v1/admin/concert-dates/{}/seats/status", show.dates[0]);
    let set = sale.send(put(path).operator().json(&body)).await.want(200);
    assert_eq!(set["changed_seats"][0]["label"]["seat"], "4");
}
