//! Several queues of one concert, as operators and fans meet them.

use crate::world::{Ask, Fan, Sale, Show, delete, get, id_of, post, put, reserve};
use boxoffice_core::id::{ConcertId, QueueId, Uuid};
use boxoffice_core::rows::Rows;
use boxoffice_server::audit::Snapshot;
use boxoffice_server::http::app::new_id;
use boxoffice_server::read_model::ReadModel;
use boxoffice_server::store::reads::{self, Of, Reads};
use boxoffice_server::store::sqlite::SqliteReads;
use rusqlite::Connection;
use serde_json::{Value, json};

const MINUTE: i64 = 60_000;

/// A sale that opens in ten minutes, with a queue that opens in five.
async fn two_queues(sale: &Sale) -> (Show, Uuid) {
    let show = sale.concert(json!({ "opens_at": "2027-01-15T08:10:00Z" })).await;
    let path = format!("/api/v1/admin/concerts/{}/queues", show.id);
    let body = json!({ "name": "Fan club", "opens_at": "2027-01-15T08:05:00Z", "max_active": 2 });
    let add = || post(&path).operator().key("fan-club").json(&body);
    let added = sale.send(add()).await.want(201);
    assert_eq!(added["opens_at"], "2027-01-15T08:05:00.000Z");
    let again = sale.send(add()).await.want(201);
    assert_eq!(again["queue_id"], added["queue_id"], "once");
    (show, id_of(&added["queue_id"]))
}

/// The fan joins this queue.
async fn join_in(sale: &Sale, fan: &mut Fan, show: &Show, queue: Uuid) -> Value {
    let ask = post(show.path("/queue-tokens")).identity(&fan.identity);
    let view = sale.send(ask.json(&json!({ "queue_id": queue }))).await.json();
    view["token"].as_str().unwrap_or_default().clone_into(&mut fan.token);
    view
}

/// Each queue opens at its own time, tells its own positions and lets in by its own settings; both sell the same
/// seats. Who names none is in the general one, which has its concert's id.
#[tokio::test]
async fn each_queue_goes_by_itself() {
    let sale = Sale::new();
    let (show, queue) = two_queues(&sale).await;
    let mut members = sale.fans(4);
    for fan in &mut members {
        let view = join_in(&sale, fan, &show, queue).await;
        assert_eq!((&view["queue_id"], &view["state"]), (&json!(queue), &json!("waiting")));
        assert_eq!(view["opens_at"], "2027-01-15T08:05:00.000Z");
        assert_eq!(sale.claims(fan).queue, Some(queue));
    }
    let mut public = sale.fan().await;
    let view = sale.join(&mut public, &show).await;
    assert_eq!((&view["queue_id"], sale.claims(&public).queue), (&json!(show.id), None));
    assert_eq!(view["opens_at"], "2027-01-15T08:10:00.000Z");
    sale.pass(5 * MINUTE);
    sale.tick().await;
    let mut shopping = Vec::new();
    for fan in &members {
        let view = sale.poll(fan).await;
        assert_eq!(view["sale"], "open");
        if view["state"] == "admitted" {
            shopping.push(fan.clone());
        } else {
            assert!(view["position"].as_u64().is_some_and(|n| (1..=2).contains(&n)), "{view}");
        }
    }
    assert_eq!(shopping.len(), 2);
    let view = sale.poll(&public).await;
    assert_eq!((&view["sale"], &view["state"]), (&json!("upcoming"), &json!("waiting")));
    sale.hold(&shopping[0], &show, &[1, 2]).await;
    sale.send(reserve(&shopping[1], &show, &[2])).await.refused(409, "seats_taken");
    sale.pass(5 * MINUTE - 1);
    sale.pass(1);
    sale.tick().await;
    sale.tick().await;
    assert_eq!(sale.poll(&public).await["state"], "admitted");
    sale.hold(&public, &show, &[3]).await;
    sale.sound();
}

/// H20: a user has one place in all queues of a concert, and is told of it whichever is named.
#[tokio::test]
async fn a_user_has_one_place_in_all_queues() {
    let sale = Sale::new();
    let (show, queue) = two_queues(&sale).await;
    let mut fan = sale.fan().await;
    join_in(&sale, &mut fan, &show, queue).await;
    let before = fan.token.clone();
    let view = sale.join(&mut fan, &show).await;
    assert_eq!((&view["queue_id"], &fan.token), (&json!(queue), &before));
    sale.send(leave(&fan)).await.want(204);
    let view = sale.join(&mut fan, &show).await;
    assert_eq!(view["queue_id"], json!(show.id), "after leaving it is free to choose");
    assert_eq!(sale.dump()["waiting_queue"].len(), 2);
    let nowhere = post(show.path("/queue-tokens")).identity(&fan.identity);
    let nowhere = nowhere.json(&json!({ "queue_id": Uuid::from_u128(7) }));
    sale.send(nowhere).await.refused(404, "queue_not_found");
    sale.sound();
}

fn leave(fan: &Fan) -> Ask {
    delete("/api/v1/queue-tokens/me").token(&fan.token)
}

/// The audit counts each queue by itself, and a user's places in all of them: what a hand has changed in one of
/// two queues is found, and a word that there is none of, which the schema takes.
#[tokio::test]
async fn the_audit_counts_each_queue() {
    let sale = Sale::new();
    let (show, queue) = two_queues(&sale).await;
    let mut fan = sale.fan().await;
    join_in(&sale, &mut fan, &show, queue).await;
    let mut other = sale.fan().await;
    sale.join(&mut other, &show).await;
    sale.sound();
    let second = format!(
        "INSERT INTO waiting_queue SELECT x'{general}', 2, concert_id, user_id, 0, 2, 'waiting', NULL, 0, 0
            FROM waiting_queue WHERE queue_id = x'{named}';
         UPDATE queue_state SET queue_tail = 2, waiting_count = 2 WHERE queue_id = x'{general}'",
        general = show.id.simple(),
        named = queue.simple(),
    );
    let swapped =
        "UPDATE queue_state SET waiting_count = CASE kind WHEN 'general' THEN 2 ELSE 0 END";
    let swapped = swapped.to_owned();
    let word = "UPDATE waiting_queue SET status = 'lost'".to_owned();
    for (sql, name) in [(second, "one_place"), (swapped, "waiting_count"), (word, "words_known")] {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy.db");
        let rows = Connection::open(&sale.files().path).unwrap();
        rows.execute("VACUUM INTO ?", [copy.to_str().unwrap()]).unwrap();
        let tampered = Connection::open(&copy).unwrap();
        tampered.execute_batch(&sql).unwrap();
        drop(tampered);
        let audit = Snapshot::of_file(&copy, || sale.clock.now().0).unwrap();
        let text = audit.audit().unwrap().text();
        assert!(text.contains(&format!("({name}): ")), "{sql}: {text}");
    }
}

/// Operators see all queues, steer each by its id, and give each draw its value; what they add is refused with
/// each place that is wrong. A server that starts again shows the same.
#[tokio::test]
async fn operators_see_and_steer_each_queue() {
    let mut sale = Sale::new();
    let (show, queue) = two_queues(&sale).await;
    let mut fan = sale.fan().await;
    join_in(&sale, &mut fan, &show, queue).await;
    let steer = put(format!("/api/v1/admin/concerts/{}/queue", show.id)).operator();
    let body = json!({ "queue_id": queue, "paused": true, "pause_reason": { "en": "A break" } });
    let set = sale.send(steer.json(&body)).await.want(200);
    assert_eq!((&set["queue_id"], &set["max_active"]), (&json!(queue), &json!(2)));
    for again in [false, true] {
        if again {
            sale = sale.reborn();
        }
        let view = sale.figures(&show).await;
        assert_eq!((&view["waiting"], &view["paused"]), (&json!(1), &json!(false)), "{view}");
        let [general, other] = view["queues"].as_array().unwrap().as_slice() else { panic!() };
        assert_eq!(general["queue_id"], json!(show.id));
        assert_eq!((&general["kind"], &general["waiting"]), (&json!("general"), &json!(0)));
        assert_eq!(general["opens_at"], "2027-01-15T08:10:00.000Z");
        assert_eq!((&other["queue_id"], &other["name"]), (&json!(queue), &json!("Fan club")));
        assert_eq!((&other["kind"], &other["waiting"]), (&json!("named"), &json!(1)));
        assert_eq!(other["pause_reason"], json!({ "en": "A break" }));
        assert_eq!(other["draw_seed"], Value::Null);
        let secrets = [&general["draw_commitment"], &other["draw_commitment"]];
        assert!(secrets[0] != secrets[1] && secrets[1].as_str().unwrap().len() == 64);
        let poll = sale.poll(&fan).await;
        assert_eq!(
            (&poll["paused"], &poll["pause_reason"]["en"]),
            (&json!(true), &json!("A break"))
        );
    }
    let draw = put(format!("/api/v1/admin/concerts/{}/draw", show.id)).operator();
    let body = json!({ "value": "7f", "queue_id": queue });
    sale.send(draw.json(&body)).await.refused(422, "invalid_setting");
    let path = format!("/api/v1/admin/concerts/{}/queues", show.id);
    let add = async |body: Value| sale.send(post(&path).operator().json(&body)).await;
    let past = json!({ "name": "Late", "opens_at": "2027-01-15T07:00:00Z" });
    add(past).await.refused(422, "sale_time_in_past");
    let after_all = json!({ "name": "Late", "opens_at": "2099-01-01T00:00:00Z" });
    let seen = add(after_all).await;
    seen.refused(422, "date_before_opening");
    assert_eq!(seen.json()["reason"], "a queue must open before the last date starts");
    let close = put(format!("/api/v1/admin/concerts/{}/sale", show.id)).operator();
    let shut = async |at: &str| sale.send(close.clone().json(&json!({ "closes_at": at }))).await;
    shut("2027-01-15T08:10:00.001Z").await.want(200);
    let body = json!({ "name": "Late", "opens_at": "2027-01-15T08:20:00Z" });
    let seen = add(body.clone()).await;
    seen.refused(422, "invalid_setting");
    let said = seen.json();
    assert_eq!(said["field"], "opens_at");
    assert_eq!(said["reason"], "must be before the sale closes");
    shut("2027-01-15T08:30:00Z").await.want(200);
    add(body).await.want(201);
    let seen = shut("2027-01-15T08:20:00Z").await;
    seen.refused(422, "invalid_setting");
    assert!(seen.json()["reason"].as_str().unwrap().contains("waiting queue"), "{}", seen.shown());
    let wrong = json!({ "name": " ", "opens_at": "soon", "max_active": 0 });
    let refused = add(wrong).await;
    refused.refused(400, "invalid_body");
    let faults = refused.json();
    let pointers = faults["faults"].as_array().unwrap().iter().map(|f| f["pointer"].clone());
    assert_eq!(pointers.collect::<Vec<_>>(), ["/name", "/opens_at", "/max_active"]);
}

/// What is public of a queue is public of each: its commitment before the draw, seed and figures after it. There is no
/// queue of another concert.
#[tokio::test]
async fn the_draw_of_each_queue_is_public() {
    let sale = Sale::new();
    let (show, queue) = two_queues(&sale).await;
    let mut members = sale.fans(3);
    for fan in &mut members {
        join_in(&sale, fan, &show, queue).await;
    }
    let of = async |id: Uuid| sale.send(get(show.path(&format!("/queue?queue_id={id}")))).await;
    let general = sale.send(get(show.path("/queue"))).await.want(200);
    assert_eq!(of(show.id).await.want(200), general);
    assert_eq!(general["queue_id"], json!(show.id));
    let before = of(queue).await.want(200);
    let said = (&before["queue_id"], &before["waiting"], &before["drawn"], &before["draw_seed"]);
    assert_eq!(said, (&json!(queue), &json!(3), &Value::Null, &Value::Null));
    assert_eq!(before["opens_at"], "2027-01-15T08:05:00.000Z");
    sale.pass(5 * MINUTE);
    sale.tick().await;
    let after = of(queue).await.want(200);
    let said = (&after["sale"], &after["drawn"], &after["served_up_to"]);
    assert_eq!(said, (&json!("open"), &json!(3), &json!(2)));
    assert_eq!(after["draw_commitment"], before["draw_commitment"]);
    crate::draw::promised(&after);
    let general = sale.send(get(show.path("/queue"))).await.want(200);
    assert_eq!((&general["sale"], &general["drawn"]), (&json!("upcoming"), &Value::Null));
    let elsewhere = sale.concert(json!({})).await;
    for id in [elsewhere.id, new_id()] {
        of(id).await.refused(404, "queue_not_found");
    }
    of(Uuid::nil()).await.refused(404, "queue_not_found");
    sale.send(get(show.path("/queue?queue_id=1"))).await.refused(400, "invalid_query");
    let unknown = format!("/api/v1/concerts/{}/queue", new_id());
    sale.send(get(unknown)).await.refused(404, "concert_not_found");
}

/// Another server's batch brings a part of a queue that this read model has not heard of: the concert is read whole
/// then, and no half of it is shown.
#[tokio::test]
async fn a_queue_that_is_not_heard_of_is_read_whole() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "opens_at": "2027-01-15T08:10:00Z" })).await;
    let snapshot = || -> reads::Snapshot {
        let mut reads = SqliteReads::open(&sale.files()).unwrap();
        reads.snapshot(Of::Live(sale.clock.now())).unwrap()
    };
    let read_model = ReadModel::from_snapshot(snapshot(), sale.clock.now(), true);
    let path = format!("/api/v1/admin/concerts/{}/queues", show.id);
    let body = json!({ "name": "Fan club", "opens_at": "2027-01-15T08:05:00Z" });
    let added = sale.send(post(&path).operator().json(&body)).await.want(201);
    let concert = ConcertId(show.id);
    let queue = QueueId { concert, id: id_of(&added["queue_id"]) };
    let mut rows = Rows::default();
    snapshot().queues.into_iter().for_each(|(key, row)| rows.queues.insert(key, row));
    let now = snapshot();
    now.concerts.into_iter().for_each(|(key, row)| rows.concerts.insert(key, row));
    now.dates.into_iter().for_each(|(key, row)| rows.dates.insert(key, row));
    let fresh = ReadModel::default();
    fresh.apply(&rows, sale.clock.now());
    let new = fresh.concert(concert).expect("new, as its queues are");
    let tail = new.queue(queue).and_then(|queue| queue.status()).map(|status| status.tail);
    assert_eq!(tail, Some(0));

    let mut fan = sale.fan().await;
    join_in(&sale, &mut fan, &show, queue.id).await;
    let mut rows = Rows::default();
    snapshot().queues.into_iter().for_each(|(key, row)| rows.queues.insert(key, row));
    read_model.apply(&rows, sale.clock.now());
    assert!(read_model.concert(concert).unwrap().queue(queue).is_none(), "a part is not shown");
    assert_eq!(read_model.take_wanted(), [concert].into());
    let mut reads = SqliteReads::open(&sale.files()).unwrap();
    let whole = reads.snapshot(Of::Concert(concert)).unwrap();
    read_model.bring_back(whole, sale.clock.now());
    assert_eq!(read_model.concert(concert).unwrap().queues().len(), 2);
    sale.send(get(format!("/api/v1/admin/concerts/{}", show.id)).operator()).await.want(200);
}
