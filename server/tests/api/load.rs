//! More than the server can take: it says so, at once, and goes on.

use crate::world::{Sale, charge, count, get, pay, post};
use boxoffice_server::http::app::new_id;
use boxoffice_server::passwords::Passwords;
use boxoffice_server::store::Fault;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Looks until it is so.
pub async fn until(what: impl Fn() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < Duration::from_secs(30), "it never is");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// H29: the write path is full while the disk is slow: who does not fit is told to come back, changes
/// nothing, and polls go on all the while. Then all is well again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_write_path_turns_away() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (sale, watch) = sale.rewired(4, |inner| inner.poll_burst = 0);
    let shopper = sale.shopper(&show).await;
    let fans = sale.fans(20);
    let join = |fan: &crate::world::Fan| post(show.path("/queue-tokens")).by(fan);
    let before = watch.calls();
    watch.hold();
    let first = tokio::spawn(join(&fans[0]).send(sale.router.clone()));
    until(|| watch.calls() > before).await;

    let rest = sale.all(fans[1..].iter().map(join));
    let polls = async {
        let polls = (0..200).map(|_| get("/api/v1/queue-tokens/me").token(&shopper.token));
        let seen = sale.all(polls).await;
        sale.send(get("/livez")).await.want(200);
        watch.release();
        seen
    };
    let (rest, polls) = tokio::join!(rest, polls);
    assert_eq!(count(&polls, 200), 200, "polls wait for nobody");
    first.await.unwrap().want(201);
    assert_eq!((count(&rest, 201), count(&rest, 503)), (4, 15), "what fits is done");
    for seen in rest.iter().filter(|seen| seen.status == 503) {
        seen.refused(503, "busy");
        assert_eq!(seen.header("retry-after"), "1");
    }
    assert_eq!(sale.dump()["waiting_queue"].len(), 6);
    for fan in &fans {
        let seen = sale.send(join(fan)).await;
        assert!(matches!(seen.status, 200 | 201), "{}", seen.shown());
    }
    assert_eq!(sale.dump()["waiting_queue"].len(), 21);
}

/// H29: a storm of sign-ins fills its own pool and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_sign_ins_is_turned_away() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let shopper = sale.shopper(&show).await;
    let (sale, _) = sale.rewired(64, |inner| {
        inner.poll_burst = 0;
        let metrics = Arc::clone(&inner.metrics);
        let supervisor = boxoffice_server::supervisor::Supervisor::default();
        inner.passwords = Passwords::start(1, 2, metrics, &supervisor).unwrap();
    });
    let sign_in = |name: String| {
        post("/api/v1/sessions").json(&json!({ "username": name, "password": "correct horse" }))
    };
    let storm = sale.all((0..40).map(|n| sign_in(format!("mina-{n}"))));
    let polls = sale.all((0..500).map(|_| get("/api/v1/queue-tokens/me").token(&shopper.token)));
    let (storm, polls) = tokio::join!(storm, polls);
    assert_eq!(count(&polls, 200), 500);
    let (hashed, turned) = (count(&storm, 401), count(&storm, 503));
    assert!(hashed >= 2 && turned >= 10 && hashed + turned == 40, "{hashed} {turned}");
    for seen in storm.iter().filter(|seen| seen.status == 503) {
        seen.refused(503, "sign_in_busy");
        assert_eq!(seen.header("retry-after"), "2");
    }
    sale.send(sign_in("mina".to_owned())).await.refused(401, "credentials_wrong");
}

/// H30: one connection for reading, and hundreds who want it while the write path writes: all are
/// answered; nobody holds one thing and waits for another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_reader_serves_everybody() {
    let sale = Sale::with(|given| {
        given.readers = Some(1);
        given.limits = Some(false);
    });
    let show = sale.concert(json!({})).await;
    let fan = sale.buyer(&show).await;
    let id = sale.hold(&fan, &show, &[1]).await;
    let balance = format!("/api/v1/users/{}/balance", fan.user);
    let asks = (0..200).map(|n| match n % 5 {
        0 => get(&balance).by(&fan),
        1 => get(format!("{balance}/entries")).by(&fan),
        2 => get(format!("/api/v1/reservations/{id}")).by(&fan),
        3 => get("/api/v1/bookings").by(&fan),
        _ => charge(&fan, 1).key(&format!("k{n}")),
    });
    let answered = tokio::time::timeout(Duration::from_secs(20), sale.all(asks)).await;
    let seen = answered.expect("no deadlock");
    assert_eq!((count(&seen, 200), count(&seen, 201)), (160, 40));
}

/// H31: the database is away: clear answers, nothing lost, nothing done twice; back to work without
/// a hand laid on.
#[tokio::test]
async fn the_database_is_away() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.buyer(&show).await;
    let (sale, watch) = sale.rewired(64, |_| {});
    let id = sale.hold(&fan, &show, &[1]).await;
    let before = sale.dump();
    watch.fail(Some(Fault::Unavailable("disk I/O error".into())));
    for _ in 0..3 {
        let seen = sale.send(pay(&fan, id, "p")).await;
        seen.refused(503, "database_unavailable");
        assert_eq!(seen.header("retry-after"), "2");
        sale.tick().await;
    }
    assert_eq!(sale.poll(&fan).await["state"], "admitted", "polls go on");
    assert!(sale.dump() == before);
    watch.fail(None);
    sale.send(pay(&fan, id, "p")).await.want(201);
    assert_eq!(sale.dump()["amount"].len(), 1);
}

/// H33: told to stop under load: what was taken is answered and stands, the rest is told to ask
/// again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_finishes_what_was_taken() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (sale, watch) = sale.rewired(500, |_| {});
    let fans = sale.fans(301);
    let before = watch.calls();
    watch.hold();
    let ask = |fan| post(show.path("/queue-tokens")).by(fan);
    let first = tokio::spawn(ask(&fans[300]).send(sale.router.clone()));
    until(|| watch.calls() > before).await;
    let early = sale.all(fans[..200].iter().map(ask));
    let late = async {
        until(|| sale.app.metrics.commands_waiting.get() == 200).await;
        sale.app.write_path.stop().await;
        watch.release();
        until(|| !sale.app.write_path.is_open()).await;
        sale.all(fans[200..300].iter().map(ask)).await
    };
    let (early, late) = tokio::join!(early, late);
    first.await.unwrap().want(201);
    assert_eq!(count(&early, 201), 200);
    assert!(late.iter().all(|seen| seen.code() == "stopping"));
    assert_eq!(sale.dump()["waiting_queue"].len(), 201);
    assert!(sale.stopped().await);
}

/// H29: numbers that don't exist, and ids that do but of somebody else, are refusals, never faults.
#[tokio::test]
async fn nothing_asked_is_a_fault() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.buyer(&show).await;
    let before = sale.dump();
    for seats in ["[4294967295]", "[4294967296]", "[-1]", "[0]", "[1.5]", "[null]", "{}", "[]"] {
        let body =
            format!("{{\"concert_date_id\":\"{}\",\"seat_numbers\":{seats}}}", show.dates[0]);
        let ask = post("/api/v1/reservations").by(&fan).body("application/json", body);
        let seen = sale.send(ask).await;
        assert!(matches!(seen.status, 400 | 404), "{seats}: {}", seen.shown());
    }
    let many: Vec<u32> = (1..=51).collect();
    let seen = sale.send(crate::world::reserve(&fan, &show, &many)).await;
    seen.refused(422, "invalid_setting");
    let five = sale.send(crate::world::reserve(&fan, &show, &[1, 2, 3, 4, 5])).await;
    five.refused(409, "seat_limit");
    let balance = format!("/api/v1/users/{}/balance/entries", fan.user);
    for query in ["before=0", "before=18446744073709551615", "limit=100"] {
        sale.send(get(format!("{balance}?{query}")).by(&fan)).await.want(200);
    }
    for query in ["before=-1", "limit=101", "limit=x", "before=18446744073709551616", "x"] {
        let seen = sale.send(get(format!("{balance}?{query}")).by(&fan)).await;
        seen.refused(400, "invalid_query");
    }
    sale.send(pay(&fan, new_id(), "p")).await.refused(404, "reservation_not_found");
    assert!(sale.dump() == before);
}
