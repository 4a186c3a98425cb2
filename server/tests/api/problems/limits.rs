//! What the server can't do now.

use super::Met;
use crate::world::{Sale, get, post};
use boxoffice_server::passwords::Passwords;
use boxoffice_server::store::Fault;
use insta::assert_snapshot;
use serde_json::json;
use std::sync::Arc;

/// The line is full.
pub async fn queue(met: &mut Met) {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1, "max_waiting": 2 })).await;
    let mut fans = sale.fans(3);
    sale.join_all(&mut fans, &show).await;
    let late = sale.fan().await;
    let seen = sale.send(post(show.path("/queue-tokens")).by(&late)).await;
    assert_snapshot!(met.see(&seen), @r#"
    503
    retry-after: 30

    code: "queue_full"
    detail: "The waiting queue is full. Try again in 30 seconds."
    title: "The waiting queue is full."
    "#);
}

/// A place is asked about again and again.
pub async fn polls(met: &mut Met) {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    sale.app.streams.close();
    let stream = get(format!("{}/events", show.seats_path())).by(&fan);
    assert_snapshot!(met.see(&sale.send(stream).await), @r#"
    503
    retry-after: 30

    code: "stream_not_offered"
    detail: "There is no stream of events to be had. Go on asking. Try again in 30 seconds."
    title: "There is no stream of events to be had. Go on asking."
    "#);
    let mut seen = sale.send(get("/api/v1/queue-tokens/me").token(&fan.token)).await;
    while seen.status == 200 {
        seen = sale.send(get("/api/v1/queue-tokens/me").token(&fan.token)).await;
    }
    assert_snapshot!(met.see(&seen), @r#"
    429
    retry-after: 1

    code: "rate_limited"
    detail: "You sent too many requests in a short time. Try again in 1 second."
    limit: "polls"
    title: "You sent too many requests in a short time."
    "#);
}

/// The write path is full; then it stops.
pub async fn write_path(met: &mut Met) {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (sale, watch) = sale.rewired(1, |_| {});
    watch.hold();
    let fans = sale.fans(4);
    let asks = fans.iter().map(|fan| post(show.path("/queue-tokens")).by(fan));
    let (seen, ()) = tokio::join!(sale.all(asks), async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        watch.release();
    });
    let busy = seen.iter().find(|seen| seen.status == 503).expect("somebody is turned away");
    assert_snapshot!(met.see(busy), @r#"
    503
    retry-after: 1

    code: "busy"
    detail: "The server is busy. Try again in 1 second."
    title: "The server is busy."
    "#);

    sale.app.write_path.stop().await;
    while sale.app.write_path.is_open() {
        tokio::task::yield_now().await;
    }
    let seen = sale.send(post(show.path("/queue-tokens")).by(&fans[0])).await;
    assert_snapshot!(met.see(&seen), @r#"
    503
    retry-after: 2

    code: "stopping"
    detail: "The server is stopping. Try again in 2 seconds."
    title: "The server is stopping."
    "#);
    assert_eq!(sale.send(get("/readyz")).await.code(), "stopping");
}

/// Nobody hashes: the second who signs in finds the pool full.
pub async fn passwords(met: &mut Met) {
    let sale = Sale::new();
    let (sale, _) = sale.rewired(8, |inner| {
        let metrics = Arc::clone(&inner.metrics);
        let supervisor = boxoffice_server::supervisor::Supervisor::default();
        inner.passwords = Passwords::start(1, 1, metrics, &supervisor).unwrap();
    });
    let mina = json!({ "username": "mina", "password": "correct horse" });
    let seen = sale.all((0..8).map(|_| post("/api/v1/sessions").json(&mina))).await;
    let busy = seen.iter().find(|seen| seen.status == 503).expect("somebody is turned away");
    assert_snapshot!(met.see(busy), @r#"
    503
    retry-after: 2

    code: "sign_in_busy"
    detail: "Too many people are signing in. Try again in 2 seconds."
    title: "Too many people are signing in."
    "#);
}

/// Too often: by what an account does, and by wrong passwords.
pub async fn rates(met: &mut Met) {
    let sale = Sale::with(|given| given.limit_joins = Some("1+1/min".parse().unwrap()));
    let show = sale.concert(json!({})).await;
    let fan = sale.fan().await;
    let join = post(show.path("/queue-tokens")).by(&fan);
    sale.send(join.clone()).await.want(201);
    let seen = sale.send(join.clone()).await;
    assert_snapshot!(met.see(&seen), @r#"
    429
    retry-after: 60

    code: "rate_limited"
    detail: "You sent too many requests in a short time. Try again in 60 seconds."
    limit: "joins"
    title: "You sent too many requests in a short time."
    "#);
    let korean = sale.send(join.header("accept-language", "ko")).await;
    assert_eq!(korean.json()["title"], "짧은 시간에 요청을 너무 많이 보냈습니다.");

    let guess = json!({ "username": "mina", "password": "in the dark" });
    for _ in 0..5 {
        sale.send(post("/api/v1/sessions").json(&guess)).await.refused(401, "credentials_wrong");
    }
    let seen = sale.send(post("/api/v1/sessions").json(&guess)).await;
    assert_snapshot!(met.see(&seen), @r#"
    429
    retry-after: 1

    code: "sign_in_delayed"
    detail: "The password was wrong too many times. Try again in 1 second."
    title: "The password was wrong too many times."
    "#);
}

/// The database is away; then it says no to what the rules have allowed.
pub async fn faults(met: &mut Met) {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (sale, watch) = sale.rewired(8, |_| {});
    let fan = sale.fans(1).remove(0);
    let ask = || post(show.path("/queue-tokens")).by(&fan);
    watch.fail(Some(Fault::Unavailable("disk I/O error".into())));
    assert_snapshot!(met.see(&sale.send(ask()).await), @r#"
    503
    retry-after: 2

    code: "database_unavailable"
    detail: "The database is not available, so nothing was changed. Try again in 2 seconds."
    title: "The database is not available, so nothing was changed."
    "#);
    watch.fail(Some(Fault::Constraint("UNIQUE constraint failed".into())));
    assert_snapshot!(met.see(&sale.send(ask()).await), @r#"
    500

    code: "internal"
    title: "Something went wrong on the server."
    "#);
    watch.fail(Some(Fault::Unknown("connection reset".into())));
    assert_snapshot!(met.see(&sale.send(ask()).await), @r#"
    503
    retry-after: 2

    code: "outcome_unknown"
    detail: "It is not known whether the request was carried out. It is safe to repeat it with the same Idempotency-Key. Try again in 2 seconds."
    title: "It is not known whether the request was carried out. It is safe to repeat it with the same Idempotency-Key."
    "#);
    // Other nodes were in the way for as long as a batch is run again.
    watch.fail(Some(Fault::Conflict("deadlock".into())));
    let conflict = sale.send(ask()).await;
    assert_eq!(conflict.code(), "busy", "{}", conflict.shown());
    watch.fail(None);
    sale.send(ask()).await.want(201);
}
