//! Acknowledged means durable: what the disk does not have yet is not answered, not shown, not read.

use crate::load::until;
use crate::world::{Disk, Sale, Seen, charge, get, reserve};
use serde_json::json;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Long enough for an answer that does not wait for the disk.
const WHILE: Duration = Duration::from_millis(100);

fn ask(sale: &Sale, ask: crate::world::Ask) -> JoinHandle<Seen> {
    tokio::spawn(ask.send(sale.router.clone()))
}

async fn committed(sale: &Sale, table: &str, rows: usize) {
    until(|| sale.dump()[table].len() >= rows).await;
}

/// H16: while the disk has not got a commit, nobody hears of it: not who asked, not who looks at the
/// seats, not who reads the database. The write path goes on meanwhile, and one answer of the disk is for
/// all that came before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_before_the_disk() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (sale, watch) = sale.rewired(64, |_| {});
    let (a, b) = (sale.buyer(&show).await, sale.buyer(&show).await);
    watch.disk(Disk::Hangs);
    let first = ask(&sale, reserve(&a, &show, &[1]));
    committed(&sale, "reservation", 1).await;
    let second = ask(&sale, reserve(&b, &show, &[2]));
    committed(&sale, "reservation", 2).await;
    let refused = ask(&sale, reserve(&b, &show, &[1]));
    let read = ask(&sale, get(format!("/api/v1/users/{}/balance", a.user)).by(&a));
    tokio::time::sleep(WHILE).await;
    for waits in [&first, &second, &refused, &read] {
        assert!(!waits.is_finished(), "the disk has not got it");
    }
    assert_eq!(sale.seat(&a, &show, 1).await, "available");
    sale.send(get("/livez")).await.want(200);

    watch.disk(Disk::Works);
    for (answer, status) in [(first, 201), (second, 201), (refused, 409), (read, 200)] {
        answer.await.unwrap().want(status);
    }
    assert_eq!(sale.seat(&a, &show, 1).await, "held");
}

/// H37: a disk that hangs is told by `/readyz`, also before anything has failed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_hangs_is_not_ready() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (sale, watch) = sale.rewired(64, |_| {});
    let fan = sale.buyer(&show).await;
    sale.send(get("/readyz")).await.want(200);
    watch.disk(Disk::Hangs);
    let hold = ask(&sale, reserve(&fan, &show, &[1]));
    until(|| !sale.app.write_path.health().hangs_for().is_zero()).await;
    loop {
        let seen = sale.send(get("/readyz")).await;
        if seen.status != 200 {
            break seen.refused(503, "database_unavailable");
        }
    }
    watch.disk(Disk::Works);
    hold.await.unwrap().want(201);
    while sale.send(get("/readyz")).await.status != 200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(sale.app.write_path.health().hangs_for().is_zero());
}

/// H12, H32: a sync that fails leaves open what stands: the answer says so, the read model does not show
/// it, and nothing is read or written any more until another server has started on the file. There
/// the same request with its key is done once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_sync_ends_all_business() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (sale, watch) = sale.rewired(64, |_| {});
    let fan = sale.buyer(&show).await;
    watch.disk(Disk::Hangs);
    let hold = ask(&sale, reserve(&fan, &show, &[1]));
    committed(&sale, "reservation", 1).await;
    let money = ask(&sale, charge(&fan, 5_000).key("once"));
    let read = ask(&sale, get("/api/v1/bookings").by(&fan));
    committed(&sale, "transfer", 2).await;
    watch.disk(Disk::Fails);
    hold.await.unwrap().refused(503, "outcome_unknown");
    money.await.unwrap().refused(503, "outcome_unknown");
    read.await.unwrap().refused(503, "database_unavailable");
    assert_eq!(sale.seat(&fan, &show, 1).await, "available");

    watch.disk(Disk::Works);
    for _ in 0..3 {
        let again = sale.send(charge(&fan, 5_000).key("once")).await;
        again.refused(503, "database_unavailable");
        let read = sale.send(get("/api/v1/bookings").by(&fan)).await;
        read.refused(503, "database_unavailable");
        sale.send(get("/readyz")).await.refused(503, "database_unavailable");
        sale.tick().await;
    }
    assert_eq!(sale.poll(&fan).await["state"], "admitted", "polls go on");
    sale.app.write_path.stop().await;

    let sale = sale.reborn();
    sale.send(charge(&fan, 5_000).key("once")).await.want(201);
    assert_eq!(sale.dump()["transfer"].len(), 2);
    assert_eq!(sale.seat(&fan, &show, 1).await, "held");
}
