//! What a crowd is told, and what it costs: places that were left, a sold-out hall, an opening, polls that come
//! too often.

use crate::world::{Fan, MINUTE, Sale, Show, delete, get, pay, post, reserve};
use boxoffice_core::id::{ConcertId, PlaceKey, QueueId};
use boxoffice_server::read_model::ReadModel;
use boxoffice_server::store::reads::{Of, Reads};
use boxoffice_server::store::sqlite::SqliteReads;
use serde_json::{Value, json};

fn dates(seats: u32) -> Value {
    let seats = json!([{ "from": 1, "to": seats, "zone": "R", "price": 1_000 }]);
    json!([{ "starts_at": "2027-03-01T10:00:00Z", "seats": seats }])
}

async fn leave(sale: &Sale, fan: &Fan) {
    sale.send(delete("/api/v1/queue-tokens/me").token(&fan.token)).await.want(204);
}

async fn queue(sale: &Sale, show: &Show) -> Value {
    sale.send(get(show.path("/queue"))).await.want(200)
}

/// H34: places that were left cost those who wait nothing: one tick passes thousands of them and lets the
/// next in, after a restart as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_that_were_left_are_passed_at_once() {
    for again in [false, true] {
        let mut sale = Sale::new();
        let show = sale.concert(json!({ "max_active": 2 })).await;
        let (first, other) = (sale.shopper(&show).await, sale.shopper(&show).await);
        let mut leavers = sale.fans(3_000);
        sale.join_all(&mut leavers, &show).await;
        let leaves = leavers.iter().map(|fan| delete("/api/v1/queue-tokens/me").token(&fan.token));
        sale.all(leaves).await;
        let mut last = sale.fan().await;
        assert_eq!(sale.join(&mut last, &show).await["position"], 1);
        leave(&sale, &first).await;
        leave(&sale, &other).await;
        if again {
            sale = sale.reborn();
        }
        sale.tick().await;
        assert_eq!(sale.poll(&last).await["state"], "admitted");
        assert_eq!(sale.poll(&leavers[7]).await["state"], "expired");
        assert_eq!(queue(&sale, &show).await["served_up_to"], 3_003);
    }
}

/// H34: before the opening an account that leaves and comes again makes no second place, and the poll finds it
/// in line again.
#[tokio::test]
async fn a_place_left_before_the_opening_is_taken_up_again() {
    let mut sale = Sale::new();
    let show = sale.concert(json!({ "opens_at": "2027-01-15T08:10:00Z" })).await;
    let mut fan = sale.fan().await;
    for _ in 0..5 {
        sale.join(&mut fan, &show).await;
        assert_eq!(sale.poll(&fan).await["state"], "waiting");
        leave(&sale, &fan).await;
        assert_eq!(sale.poll(&fan).await["state"], "expired");
    }
    sale.join(&mut fan, &show).await;
    sale = sale.reborn();
    assert_eq!(sale.poll(&fan).await["state"], "waiting");
    assert_eq!(sale.dump()["waiting_queue"].len(), 1);
    sale.pass(10 * MINUTE);
    sale.tick().await;
    assert_eq!(sale.poll(&fan).await["state"], "admitted");
    sale.sound();
}

/// H34: half a million left before the opening; the draw is shown and a server starts by work that grows with
/// their number and not with its square (which would take minutes here).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_million_who_left_do_not_stop_the_opening() {
    const LEFT: u64 = 500_000;
    let sale = Sale::new();
    let show = sale.concert(json!({ "opens_at": "2027-01-15T08:10:00Z" })).await;
    let mut snapshot =
        SqliteReads::open(&sale.files()).unwrap().snapshot(Of::Live(sale.clock.now())).unwrap();
    let concert = ConcertId(show.id);
    let queue = QueueId::general(concert);
    snapshot.left = (1..=LEFT).map(|sequence| PlaceKey { queue, sequence }).collect();
    snapshot.queues[0].1.tail = LEFT + 1;
    snapshot.queues[0].1.waiting = 1;
    let now = sale.clock.now();
    let mut drawn = boxoffice_core::rows::Rows::default();
    let mut row = snapshot.queues[0].1.clone();
    row.drawn = Some(row.tail);
    drawn.queues.insert(queue, row);
    let read_model = ReadModel::from_snapshot(snapshot, now, false);
    read_model.apply(&drawn, now);
    let concert = read_model.concert(concert).unwrap();
    let queue = concert.general();
    let standing = queue.standing(LEFT + 1, now);
    let position = match standing {
        boxoffice_server::read_model::Standing::Waiting { position, .. } => position,
        other => panic!("{other:?}"),
    };
    assert_eq!(position, Some(1), "all others have left");
}

/// H36: that no seat is free is told to all who wait, with those that may come back; nobody is let in to find
/// none; and when seats come back, the next are let in.
#[tokio::test]
async fn sold_out_is_told_to_those_who_wait() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1, "dates": dates(2) })).await;
    let holder = sale.buyer(&show).await;
    let mut fans = sale.fans(3);
    sale.join_all(&mut fans, &show).await;
    let reservation = sale.hold(&holder, &show, &[1, 2]).await;
    sale.tick().await;
    let view = sale.poll(&fans[0]).await;
    assert_eq!((&view["sale"], &view["seats_held"]), (&json!("sold_out"), &json!(2)));
    assert_eq!(view["state"], "waiting");
    assert!((5_000..10_000).contains(&view["poll_after_ms"].as_u64().unwrap()), "near: {view}");
    let public = queue(&sale, &show).await;
    assert_eq!((&public["sale"], &public["seats_held"]), (&json!("sold_out"), &json!(2)));

    sale.send(pay(&holder, reservation, "pay")).await.want(201);
    sale.tick().await;
    let view = sale.poll(&fans[2]).await;
    assert_eq!((&view["sale"], &view["seats_held"]), (&json!("sold_out"), &json!(0)));
    assert!(view["poll_after_ms"].as_u64().unwrap() >= 60_000, "nothing comes back: {view}");
    assert_eq!(sale.figures(&show).await["active"], 0, "nobody is let in for nothing");
    let mut late = sale.fan().await;
    assert_eq!(sale.join(&mut late, &show).await["state"], "waiting");
    sale.sound();
}

/// H36: a hold that lapses brings its seats back without anybody doing anything, and the next are let in.
#[tokio::test]
async fn seats_that_come_back_let_the_next_in() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 5, "dates": dates(2) })).await;
    let holder = sale.shopper(&show).await;
    sale.hold(&holder, &show, &[1, 2]).await;
    sale.tick().await;
    let mut next = sale.fan().await;
    assert_eq!(sale.join(&mut next, &show).await["sale"], "sold_out");
    sale.tick().await;
    assert_eq!(sale.poll(&next).await["state"], "waiting");
    sale.pass(5 * MINUTE);
    sale.tick().await;
    let view = sale.poll(&next).await;
    assert_eq!((&view["state"], &view["sale"]), (&json!("admitted"), &json!("open")));
    sale.send(reserve(&next, &show, &[1])).await.want(201);
}

/// A sale is measured from its opening on: neither the time before it nor idle nor paused time makes fans hear
/// waits that are too long.
#[tokio::test]
async fn idle_and_paused_time_is_not_measured() {
    let sale = Sale::new();
    let terms = json!({ "admissions_per_second": 10, "max_active": 1_000, "dates": dates(9_999) });
    let show = sale.concert(terms).await;
    let second = async |count: usize| {
        for _ in 0..count {
            for number in [0, 1, 2, 3] {
                sale.pass(250);
                sale.ticker.tick(number).await;
            }
        }
    };
    second(90).await;
    let mut fans = sale.fans(200);
    sale.join_all(&mut fans, &show).await;
    let told = async || {
        let views = [sale.poll(&fans[199]).await, sale.poll(&fans[150]).await];
        views.map(|view| {
            let of = |name: &str| view[name].as_u64().unwrap();
            (of("position") as f64 / 10.0, of("estimated_wait_seconds") as f64, of("poll_after_ms"))
        })
    };
    let fits = async |when: &str| {
        for (wait, estimate, poll_after) in told().await {
            assert!((estimate - wait).abs() <= 1.0 + wait / 5.0, "{when}: {estimate} for {wait}");
            assert!(poll_after as f64 <= 1_000.0 + wait * 1000.0 / 3.0, "{when}: {poll_after}");
        }
    };
    fits("at first").await;
    second(5).await;
    fits("after five seconds").await;
    let settings = |paused: bool| {
        crate::world::put(format!("/api/v1/admin/concerts/{}/queue", show.id))
            .operator()
            .json(&json!({ "paused": paused }))
    };
    sale.send(settings(true)).await.want(200);
    second(60).await;
    assert!(sale.poll(&fans[199]).await["estimated_wait_seconds"].is_null(), "nobody knows");
    sale.send(settings(false)).await.want(200);
    second(1).await;
    fits("after a pause").await;
}

/// Whoever asks far too early is told so from memory, and is let ask again a moment later; another place is
/// not concerned.
#[tokio::test]
async fn polls_that_come_far_too_early_are_told_to_wait() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1 })).await;
    let (eager, mut calm) = (sale.shopper(&show).await, sale.fan().await);
    sale.join(&mut calm, &show).await;
    let poll = |fan: &Fan| get("/api/v1/queue-tokens/me").token(&fan.token);
    for _ in 0..30 {
        sale.send(poll(&eager)).await.want(200);
    }
    let seen = sale.send(poll(&eager)).await;
    seen.refused(429, "rate_limited");
    assert_eq!(seen.header("retry-after"), "1");
    let metrics = sale.app.metrics.text();
    let counted = "boxoffice_limited_total{limit=\"polls\",by=\"place\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    sale.send(poll(&calm)).await.want(200);
    sale.pass(1_100);
    sale.send(poll(&eager)).await.want(200);
    // The right to shop is not concerned either.
    sale.send(post("/api/v1/reservations").by(&eager).json(&json!({
        "concert_date_id": show.dates[0], "seat_numbers": [1]
    })))
    .await
    .want(201);
}
