//! Streams of events: what they tell, who gets one, and how they end.

use crate::external;
use crate::world::{Ask, Fan, MINUTE, PASSWORD, Sale, Show, Stream, count, delete, get, post, put};
use boxoffice_core::id::Uuid;
use boxoffice_core::time::Time;
use boxoffice_server::http::view::stamp;
use serde_json::{Value, json};

const PLACE: &str = "/api/v1/queue-tokens/me/events";

fn seats_of(fan: &Fan, show: &Show) -> Ask {
    get(format!("{}/events", show.seats_path())).by(fan)
}

fn place_of(fan: &Fan) -> Ask {
    get(PLACE).token(&fan.token)
}

impl Sale {
    async fn seats(&self, fan: &Fan, show: &Show) -> Stream {
        seats_of(fan, show).open(self.router.clone()).await
    }

    async fn place(&self, fan: &Fan) -> Stream {
        place_of(fan).open(self.router.clone()).await
    }

    /// Waits until so many streams are open.
    async fn streams(&self, want: usize) {
        while self.app.streams.count() != want {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }

    async fn metric(&self, line: &str) -> bool {
        let text = self.send(get("/metrics")).await.body;
        std::str::from_utf8(&text).unwrap().lines().any(|found| found == line)
    }
}

/// Whether seats are so by what has changed.
fn changed(data: &Value, state: &str, seats: Value) {
    assert_eq!((&data["complete"], &data["changed"][state]), (&json!(false), &seats), "{data}");
}

/// A seat that another holds or lets go is told; the same as the compact map says, and resumed where it was left.
#[tokio::test]
async fn seats_of_others_are_told() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (one, other) = (sale.shopper(&show).await, sale.shopper(&show).await);
    let mut stream = sale.seats(&one, &show).await;
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(stream.headers[name], value);
    }
    let first = stream.next().await.unwrap();
    let map = |since: &str| get(format!("{}?form=compact{since}", show.seats_path())).by(&one);
    assert_eq!(first.data, sale.send(map("")).await.want(200));
    assert_eq!(first.id, first.data["version"]);

    let held = sale.hold(&other, &show, &[7, 8]).await;
    let second = stream.next().await.unwrap();
    changed(&second.data, "held", json!([7, 8]));
    let polled = sale.send(map(&format!("&since={}", first.id))).await.want(200);
    assert_eq!(second.data, polled, "as by a poll");

    // The network goes; meanwhile they come back.
    drop(stream);
    sale.streams(0).await;
    sale.send(delete(format!("/api/v1/reservations/{held}")).by(&other)).await.want(204);
    let resumed = seats_of(&one, &show).header("last-event-id", &second.id);
    let mut stream = resumed.open(sale.router.clone()).await;
    changed(&stream.want("seats").await, "available", json!([7, 8]));
    // So by the address, where nothing changed since.
    let version = sale.send(map("")).await.want(200)["version"].as_str().unwrap().to_owned();
    let since = get(format!("{}/events?since={version}", show.seats_path())).by(&one);
    let mut again = since.open(sale.router.clone()).await;
    changed(&again.want("seats").await, "held", json!([]));
    assert_eq!(stream.ended().await, "stream_replaced");
}

/// A hold that lapses is told though nobody changed anything, and one change is written once for all.
#[tokio::test]
async fn one_change_is_written_once() {
    let sale = Sale::with(|given| given.hold_seconds = Some(20));
    let show = sale.concert(json!({})).await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        let mut stream = sale.seats(&sale.shopper(&show).await, &show).await;
        stream.want("seats").await;
        streams.push(stream);
    }
    sale.hold(&sale.shopper(&show).await, &show, &[1]).await;
    for state in ["held", "available"] {
        let mut seen = Vec::new();
        for stream in &mut streams {
            seen.push(stream.next().await.unwrap());
        }
        changed(&seen[0].data, state, json!([1]));
        assert!(seen.iter().all(|event| event.bytes.as_ptr() == seen[0].bytes.as_ptr()));
        sale.pass(20_000);
    }
}

/// There are no more than their share; a newer one of the same user takes the place of the older, one that ends
/// leaves room.
#[tokio::test]
async fn streams_are_bounded() {
    let sale = Sale::with(|given| {
        given.connections_max = Some(20);
        given.stream_share_percent = Some(10);
    });
    let show = sale.concert(json!({})).await;
    let fans = [sale.shopper(&show).await, sale.shopper(&show).await, sale.shopper(&show).await];
    let mut older = sale.seats(&fans[0], &show).await;
    older.want("seats").await;
    let newer = sale.seats(&fans[0], &show).await;
    assert_eq!(older.ended().await, "stream_replaced");
    let other = sale.seats(&fans[1], &show).await;
    assert!(sale.metric(r#"boxoffice_streams{kind="seats"} 2"#).await);
    let refused = sale.send(seats_of(&fans[2], &show)).await;
    refused.refused(503, "stream_not_offered");
    assert_eq!(refused.header("retry-after"), "30");
    sale.send(get(show.seats_path()).by(&fans[2])).await.want(200);
    drop(other);
    sale.streams(1).await;
    sale.seats(&fans[2], &show).await.want("seats").await;
    drop(newer);
    sale.streams(0).await;
    assert!(sale.metric(r#"boxoffice_streams{kind="seats"} 0"#).await);
    assert!(sale.metric(r#"boxoffice_streams_ended_total{why="stream_replaced"} 1"#).await);
}

/// A stop ends all of them, with when to come again; nobody gets a new one.
#[tokio::test]
async fn a_stop_ends_them() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1 })).await;
    let shopper = sale.shopper(&show).await;
    let mut waits = sale.fan().await;
    sale.join(&mut waits, &show).await;
    let mut streams = [sale.seats(&shopper, &show).await, sale.place(&waits).await];
    for stream in &mut streams {
        stream.next().await.unwrap();
    }
    assert_eq!(sale.poll(&waits).await["stream"], true);
    sale.app.streams.close();
    for mut stream in streams {
        let end = stream.next().await.unwrap();
        let retry = end.retry.unwrap();
        assert_eq!(end.data, json!({ "code": "server_stopping", "retry_after_ms": retry }));
        assert!((3_000..=6_000).contains(&retry), "{retry}");
        assert!(stream.next().await.is_none());
    }
    sale.streams(0).await;
    sale.send(seats_of(&shopper, &show)).await.refused(503, "stream_not_offered");
    sale.send(place_of(&waits)).await.refused(503, "stream_not_offered");
    assert!(sale.poll(&waits).await.get("stream").is_none());
}

/// The right to shop is looked at again: a stream outlives neither admission, nor session, nor token, nor date.
#[tokio::test]
async fn no_stream_outlives_the_right_to_it() {
    let sale = Sale::with(|given| given.access_token_seconds = Some(400));
    let show = sale.concert(json!({})).await;
    let open = async |fan: &Fan| {
        let mut stream = sale.seats(fan, &show).await;
        stream.want("seats").await;
        stream
    };
    // Who has left.
    let fan = sale.shopper(&show).await;
    let stream = open(&fan).await;
    sale.send(delete("/api/v1/queue-tokens/me").token(&fan.token)).await.want(204);
    assert_eq!(stream.ended().await, "queue_token_expired");
    // Who has signed out.
    sale.send(post("/api/v1/users").json(&json!({ "username": "mina", "password": PASSWORD })))
        .await
        .want(201);
    let mut mina = sale.sign_in("mina").await.fan;
    sale.join(&mut mina, &show).await;
    let stream = open(&mina).await;
    sale.send(delete("/api/v1/me/sessions/current").identity(&mina.identity)).await.want(204);
    assert_eq!(stream.ended().await, "session_ended");
    // Whose token ends, while the time to shop goes on.
    let stream = open(&sale.shopper(&show).await).await;
    sale.pass(400_000);
    assert_eq!(stream.ended().await, "identity_invalid");
    // A date that is cancelled.
    let stream = open(&sale.shopper(&show).await).await;
    let path = format!("/api/v1/admin/concert-dates/{}/cancellation", show.dates[0]);
    sale.send(post(path).operator().json(&json!({ "reason": "Ill" }))).await.want(202);
    assert_eq!(stream.ended().await, "date_cancelled");
}

/// A provider's token has no session that could end: its own end is that of the stream, with the leeway, to the second.
#[tokio::test]
async fn a_stream_ends_with_the_token_of_a_provider() {
    let sale = external::sale();
    let show = sale.concert(json!({})).await;
    let mut claims = external::claims("mina");
    claims["exp"] = json!(claims["iat"].as_i64().unwrap() + 240);
    let identity = external::signed(&claims);
    let joined = sale.send(post(show.path("/queue-tokens")).identity(&identity)).await.want(201);
    let token = joined["token"].as_str().unwrap().to_owned();
    let mina = Fan { user: Uuid::nil(), identity, token };
    let mut stream = sale.seats(&mina, &show).await;
    stream.want("seats").await;
    // While the time to shop goes on.
    sale.pass(299_000);
    let other = sale.shopper(&show).await;
    sale.hold(&other, &show, &[7]).await;
    changed(&stream.want("seats").await, "held", json!([7]));
    sale.pass(1_000);
    assert_eq!(stream.ended().await, "identity_invalid");
    let poll = sale.send(get("/api/v1/queue-tokens/me").token(&mina.token)).await.want(200);
    assert_eq!(poll["state"], "admitted", "{poll}");
    sale.send(seats_of(&mina, &show)).await.refused(401, "identity_invalid");
}

/// Who is near the front is told as the line moves, and of the turn; then it is over.
#[tokio::test]
async fn a_place_is_told_until_its_turn() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1 })).await;
    let (shopper, mut next, mut third) =
        (sale.shopper(&show).await, sale.fan().await, sale.fan().await);
    sale.join(&mut next, &show).await;
    sale.join(&mut third, &show).await;
    let polled = sale.poll(&third).await;
    assert_eq!((&polled["position"], &polled["stream"]), (&json!(2), &json!(true)));
    let mut stream = sale.place(&third).await;
    assert_eq!(stream.want("place").await, polled, "as by a poll");
    sale.send(delete("/api/v1/queue-tokens/me").token(&shopper.token)).await.want(204);
    sale.tick().await;
    assert_eq!(stream.want("place").await["position"], 1);
    sale.send(delete("/api/v1/queue-tokens/me").token(&next.token)).await.want(204);
    sale.tick().await;
    let turn = stream.want("place").await;
    assert_eq!(turn["state"], "admitted", "{turn}");
    assert_eq!(stream.ended().await, "done");
    assert!(sale.metric(r#"boxoffice_streams_ended_total{why="done"} 1"#).await);
}

/// Who is far, or before the opening, gets none, and is told when to poll; who is in already is told that, once.
#[tokio::test]
async fn who_is_not_near_polls() {
    let sale = Sale::new();
    let slow = json!({ "max_active": 1, "admissions_per_second": 1 });
    let show = sale.concert(slow).await;
    let shopper = sale.shopper(&show).await;
    let mut fans = sale.fans(120);
    sale.join_all(&mut fans, &show).await;
    let mut far = sale.fan().await;
    let view = sale.join(&mut far, &show).await;
    assert!(view["poll_after_ms"].as_u64().unwrap() > 7_500 && view.get("stream").is_none());
    let refused = sale.send(place_of(&far)).await;
    refused.refused(503, "stream_not_offered");
    let again: u64 = refused.header("retry-after").parse().unwrap();
    assert!(again >= 7, "{again}");
    let mut inside = sale.place(&shopper).await;
    assert_eq!(inside.want("place").await["state"], "admitted", "what a poll would say");
    assert_eq!(inside.ended().await, "done");
    sale.send(get(PLACE).token("nonsense")).await.refused(401, "queue_token_invalid");
    // It is asked for as a poll is.
    let burst = sale.all((0..60).map(|_| place_of(&far))).await;
    assert!(count(&burst, 429) > 0);

    let later = json!({ "opens_at": stamp(Time(sale.app.clock.now().0 + MINUTE / 30)) });
    let later = sale.concert(later).await;
    let mut early = sale.fan().await;
    assert!(sale.join(&mut early, &later).await["poll_after_ms"].as_u64().unwrap() < 7_500);
    sale.send(place_of(&early)).await.refused(503, "stream_not_offered");
}

/// A place that moves away from the front goes on by polling.
#[tokio::test]
async fn a_place_that_is_not_near_any_more_polls() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1 })).await;
    sale.shopper(&show).await;
    let mut waits = sale.fan().await;
    sale.join(&mut waits, &show).await;
    let mut stream = sale.place(&waits).await;
    stream.want("place").await;
    let path = format!("/api/v1/admin/concerts/{}/sale", show.id);
    sale.send(put(path).operator().json(&json!({ "open": false }))).await;
    let closed = stream.want("place").await;
    assert_eq!(closed["sale"], "closed");
    assert_eq!(stream.ended().await, "stream_not_offered");
}
