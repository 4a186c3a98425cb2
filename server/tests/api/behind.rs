//! A read model that has not heard yet of what other servers have done: the signature of a token says that
//! its place is real, and the database says how it stands.

use crate::world::{MINUTE, Sale, get, post};
use boxoffice_core::rows::Rows;
use boxoffice_server::http::Inner;
use boxoffice_server::read_model::ReadModel;
use boxoffice_server::store::reads::{Of, Reads, Snapshot};
use boxoffice_server::store::sqlite::SqliteReads;
use serde_json::{Value, json};
use std::sync::Arc;

fn snapshot(sale: &Sale) -> Snapshot {
    SqliteReads::open(&sale.files()).unwrap().snapshot(Of::Live(sale.clock.now())).unwrap()
}

/// From now on the sale is shown by a read model of this moment, as if others had done what came after.
fn shown_by(read_model: ReadModel) -> impl FnOnce(&mut Inner) {
    move |inner| inner.read_model = Arc::new(read_model)
}

fn waits(view: &Value) {
    assert_eq!((&view["state"], &view["position"]), (&json!("waiting"), &json!(null)), "{view}");
    let after = view["poll_after_ms"].as_u64().unwrap();
    assert!((500..=1_000).contains(&after), "{view}");
}

/// H18, H20, H25: a place that another server has made is neither unknown nor lost, and has its number.
#[tokio::test]
async fn a_place_of_another_server_is_honoured() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1 })).await;
    let before = ReadModel::from_snapshot(snapshot(&sale), sale.clock.now(), true);
    let (mut inside, mut outside) = (sale.fan().await, sale.fan().await);
    assert_eq!(sale.join(&mut inside, &show).await["state"], "admitted");
    let joined = sale.join(&mut outside, &show).await;
    assert_eq!((&joined["state"], &joined["queue_number"]), (&json!("waiting"), &json!(2)));
    let (sale, _watch) = sale.rewired(64, shown_by(before));
    for (fan, number) in [(&inside, 1), (&outside, 2)] {
        let polled = sale.poll(fan).await;
        waits(&polled);
        assert_eq!(polled["queue_number"], number, "the token says it");
    }
    sale.send(get(show.path("/dates")).by(&inside)).await.want(200);
    let early = sale.send(get(show.path("/dates")).by(&outside)).await;
    early.refused(403, "not_admitted");
    assert_eq!(sale.join(&mut inside, &show).await["state"], "admitted");
    let again = sale.join(&mut outside, &show).await;
    assert_eq!((&again["state"], &again["queue_number"]), (&json!("waiting"), &json!(2)));

    let mut nowhere = inside.clone();
    let mut claims = sale.claims(&inside);
    claims.sequence = 99;
    nowhere.token = sale.app.keyring.queue(&claims).unwrap();
    let seen = sale.send(get(show.path("/dates")).by(&nowhere)).await;
    seen.refused(403, "queue_token_unknown");
    sale.pass(10 * MINUTE);
    let poll = get("/api/v1/queue-tokens/me").token(&nowhere.token);
    sale.send(poll).await.refused(403, "queue_token_unknown");
}

/// H25: where an older database was put back, the draw is made anew: the read model's number goes before the
/// token's.
#[tokio::test]
async fn a_draw_that_the_read_model_knows_goes_before_the_token() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let mut fan = sale.shopper(&show).await;
    let mut claims = sale.claims(&fan);
    claims.queue_number = Some(99);
    fan.token = sale.app.keyring.queue(&claims).unwrap();
    assert_eq!(sale.poll(&fan).await["queue_number"], 1);
}

/// A concert that another server has opened is not on the read model: its tokens wait for it.
#[tokio::test]
async fn a_concert_of_another_server_is_waited_for() {
    let sale = Sale::new();
    let before = ReadModel::from_snapshot(snapshot(&sale), sale.clock.now(), true);
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let (sale, _watch) = sale.rewired(64, shown_by(before));
    let view = sale.poll(&fan).await;
    waits(&view);
    assert_eq!(view["sale"], "upcoming");
    let balance = format!("/api/v1/users/{}/balance", fan.user);
    sale.send(get(balance).by(&fan)).await.want(200);
}

/// B10: where the news do not tell of the concert either, no place is made that nobody could be told of.
#[tokio::test]
async fn nobody_joins_what_is_not_known() {
    let sale = Sale::new();
    let before = ReadModel::from_snapshot(snapshot(&sale), sale.clock.now(), true);
    let show = sale.concert(json!({})).await;
    let (sale, _watch) = sale.rewired(64, shown_by(before));
    let fan = sale.fan().await;
    let join = post(show.path("/queue-tokens")).identity(&fan.identity);
    sale.send(join).await.refused(404, "concert_not_found");
    assert_eq!(sale.dump()["waiting_queue"].len(), 0);
}

/// H18, H26: the queue's row came with a batch of this server, the admission did not: the place is
/// served and not over, for polls, for the shop, and for whoever asks for a token again.
#[tokio::test]
async fn a_place_that_another_server_has_served_is_not_over() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let before = ReadModel::from_snapshot(snapshot(&sale), sale.clock.now(), true);
    let mut fan = sale.shopper(&show).await;
    let mut rows = Rows::default();
    for (key, row) in snapshot(&sale).queues {
        rows.queues.insert(key, row);
    }
    before.apply(&rows, sale.clock.now());
    let (sale, _watch) = sale.rewired(64, shown_by(before));
    waits(&sale.poll(&fan).await);
    sale.send(get(show.path("/dates")).by(&fan)).await.want(200);
    assert_eq!(sale.join(&mut fan, &show).await["state"], "admitted");
}

/// H20: what a join has decided just now goes before a read model that says that the place is over; an
/// old reply under the same key does not.
#[tokio::test]
async fn a_fresh_ticket_goes_before_the_read_model() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let mut fan = sale.fan().await;
    let join = post(show.path("/queue-tokens")).identity(&fan.identity).key("tab");
    let first = sale.send(join.clone()).await.want(201);
    assert_eq!(first["state"], "admitted");
    first["token"].as_str().unwrap().clone_into(&mut fan.token);
    let behind = Snapshot { admissions: Vec::new(), ..snapshot(&sale) };
    let behind = ReadModel::from_snapshot(behind, sale.clock.now(), true);
    let (sale, _watch) = sale.rewired(64, shown_by(behind));
    assert_eq!(sale.poll(&fan).await["state"], "expired");
    assert_eq!(sale.join(&mut fan, &show).await["state"], "admitted");
    assert_eq!(sale.send(join).await.want(201)["state"], "expired");
}
