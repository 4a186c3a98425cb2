//! Before the opening, after the close, and while nobody may be let in: tokens, polls and ticks.

use crate::load::until;
use crate::world::{MINUTE, START, Sale, count, delete, get, post, put};
use boxoffice_core::command::Command;
use boxoffice_core::id::{ConcertId, QueueId};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::queue::Admit;
use boxoffice_core::time::Time;
use boxoffice_server::http::view::stamp;
use serde_json::json;
use std::time::Duration;

const HOUR: i64 = 60 * MINUTE;

/// H18, H20, H25: whoever joins days before the opening has a token that is good when it comes; and
/// whoever comes after its end gets one for the same place.
#[tokio::test]
async fn a_place_outlives_its_token() {
    let sale = Sale::new();
    let opens_at = START + 5 * 24 * HOUR;
    let show = sale.concert(json!({ "opens_at": stamp(Time(opens_at)), "max_active": 1 })).await;
    let queue = show.path("/queue").replace("/api/v1/", "/api/v1/admin/");
    sale.send(put(&queue).operator().json(&json!({ "paused": true }))).await.want(200);
    let mut fan = sale.fan().await;
    let joined = sale.join(&mut fan, &show).await;
    assert_eq!(joined["expires_at"], json!(stamp(Time(opens_at + 72 * HOUR))));
    sale.pass(5 * 24 * HOUR + 1_000);
    sale.tick().await;
    assert_eq!(sale.poll(&fan).await["position"], 1);

    sale.pass(72 * HOUR);
    let poll = get("/api/v1/queue-tokens/me").token(&fan.token);
    sale.send(poll).await.refused(401, "queue_token_invalid");
    let before = fan.token.clone();
    fan.identity = sale.identity(fan.user);
    let again = sale.join(&mut fan, &show).await;
    assert_eq!(again["queue_number"], 1);
    assert_ne!(fan.token, before);
    let renewed = fan.token.clone();
    assert_eq!(sale.poll(&fan).await["position"], 1);
    sale.pass(HOUR);
    fan.identity = sale.identity(fan.user);
    sale.join(&mut fan, &show).await;
    assert_eq!(fan.token, renewed, "the same token within its time");
    assert_eq!(sale.dump()["waiting_queue"].len(), 1);
}

/// H20: after the close nobody gets a new place, but whoever has one gets the same token: the shop
/// is still open for paying, and the poll says that the sale is closed.
#[tokio::test]
async fn a_closed_sale_keeps_its_tokens() {
    let sale = Sale::new();
    let closes_at = stamp(Time(START + 2 * MINUTE));
    let show = sale.concert(json!({ "closes_at": closes_at, "max_active": 1 })).await;
    let mut holder = sale.buyer(&show).await;
    sale.hold(&holder, &show, &[1]).await;
    let mut waiting = sale.fan().await;
    assert_eq!(sale.join(&mut waiting, &show).await["sale"], "open");
    sale.pass(2 * MINUTE);

    let before = holder.token.clone();
    let view = sale.join(&mut holder, &show).await;
    assert_eq!((&view["state"], &view["sale"]), (&json!("admitted"), &json!("closed")));
    assert_eq!(holder.token, before);
    sale.join(&mut waiting, &show).await;
    let view = sale.poll(&waiting).await;
    assert_eq!((&view["state"], &view["sale"]), (&json!("waiting"), &json!("closed")));
    assert_eq!(view["poll_after_ms"], 30_000, "seldom: it may only open again");
    assert_eq!(view["estimated_wait_seconds"], json!(null));
    let stranger = sale.fan().await;
    let join = post(show.path("/queue-tokens")).by(&stranger);
    sale.send(join).await.refused(409, "sale_closed");
}

/// A queue that can let nobody in costs the database nothing, however long it is.
#[tokio::test]
async fn a_queue_at_rest_costs_nothing() {
    let sale = Sale::new();
    let opens_at = stamp(Time(START + MINUTE));
    let unopened = sale.concert(json!({ "opens_at": opens_at })).await;
    let paused = sale.concert(json!({})).await;
    let closed = sale.concert(json!({ "closes_at": stamp(Time(START + 1_000)) })).await;
    let full = sale.concert(json!({ "max_active": 1 })).await;
    let queue = paused.path("/queue").replace("/api/v1/", "/api/v1/admin/");
    sale.send(put(queue).operator().json(&json!({ "paused": true }))).await.want(200);
    let pause = closed.path("/queue").replace("/api/v1/", "/api/v1/admin/");
    sale.send(put(&pause).operator().json(&json!({ "paused": true }))).await.want(200);
    for show in [&unopened, &paused, &closed, &full] {
        sale.join_all(&mut sale.fans(5), show).await;
    }
    sale.send(put(&pause).operator().json(&json!({ "paused": false }))).await.want(200);
    sale.pass(1_000);
    let (sale, watch) = sale.rewired(64, |_| {});
    let before = watch.calls();
    for _ in 0..3 {
        sale.ticker.tick(1).await;
    }
    assert_eq!(watch.calls(), before);

    // Each wakes up when it may.
    sale.pass(MINUTE - 1_000);
    sale.ticker.tick(1).await;
    assert_eq!(sale.figures(&unopened).await["active"], 5);
    assert_eq!(sale.figures(&full).await["active"], 1);
}

/// H30: a write path that is full all the time does not starve the tick: its jobs have a line of their
/// own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_write_path_does_not_starve_admission() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1 })).await;
    let shopper = sale.shopper(&show).await;
    let mut next = sale.fan().await;
    sale.join(&mut next, &show).await;
    sale.send(delete("/api/v1/queue-tokens/me").token(&shopper.token)).await.want(204);
    let (sale, watch) = sale.rewired(1, |_| {});
    let crowd = sale.fans(8);
    let before = watch.calls();
    watch.hold();
    let join = |fan: &crate::world::Fan| post(show.path("/queue-tokens")).by(fan);
    let first = tokio::spawn(join(&crowd[0]).send(sale.router.clone()));
    until(|| watch.calls() > before).await;
    let second = tokio::spawn(join(&crowd[1]).send(sale.router.clone()));
    until(|| sale.app.metrics.commands_waiting.get() >= 1).await;
    assert_eq!(
        count(&sale.all(crowd[2..].iter().map(join)).await, 503),
        6,
        "the write path is full"
    );
    let release = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        watch.release();
    };
    tokio::join!(sale.tick(), release);
    first.await.unwrap().want(201);
    second.await.unwrap().want(201);
    assert_eq!(sale.poll(&next).await["state"], "admitted");
}

/// H30: with a write path full of requests, enough for many batches, a job of the server is in the next one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_house_does_not_wait_behind_a_full_write_path() {
    let sale = Sale::with(|given| given.batch_commands_max = Some(8));
    let show = sale.concert(json!({ "max_active": 1 })).await;
    let shopper = sale.shopper(&show).await;
    let mut next = sale.fan().await;
    sale.join(&mut next, &show).await;
    sale.send(delete("/api/v1/queue-tokens/me").token(&shopper.token)).await.want(204);
    let (sale, watch) = sale.rewired(81, |_| {});
    let crowd = sale.fans(81);
    let before = watch.calls();
    watch.hold();
    let join = |fan: &crate::world::Fan| {
        tokio::spawn(post(show.path("/queue-tokens")).by(fan).send(sale.router.clone()))
    };
    let first = join(&crowd[0]);
    until(|| watch.calls() > before).await;
    let requests: Vec<_> = crowd[1..].iter().map(join).collect();
    until(|| sale.app.metrics.commands_waiting.get() >= 80).await;
    let write_path = sale.app.write_path.clone();
    let admit = Command::Admit(Admit::of(QueueId::general(ConcertId(show.id))));
    let admit =
        tokio::spawn(async move { write_path.propose(admit, Duration::from_secs(10)).await });
    until(|| sale.app.metrics.commands_waiting.get() >= 81).await;
    watch.pass();
    first.await.unwrap().want(201);
    watch.pass();
    let answer = tokio::time::timeout(Duration::from_secs(5), admit).await;
    let answer = answer.expect("it is in the second batch").unwrap().unwrap();
    assert_eq!(answer.result, Ok(Outcome::Admitted { count: 1, more: false }));
    let answered = requests.iter().filter(|request| request.is_finished()).count();
    assert!(answered <= 7, "{answered} of the requests went before");
    watch.release();
    for request in requests {
        request.await.unwrap().want(201);
    }
}
