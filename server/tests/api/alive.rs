//! Nothing is half alive: what ends early is told of, what panics in passing is a fault, and who asks
//! whether this server is ready hears how it is.

use crate::world::{Disk, OPERATOR, Sale, get, post};
use boxoffice_core::batch::Envelope;
use boxoffice_core::command::Command;
use boxoffice_core::id::{ConcertId, QueueId, UserId, Uuid};
use boxoffice_core::queue::Join;
use boxoffice_core::rows::{Keys, Rows};
use boxoffice_core::time::Time;
use boxoffice_server::clock::Clock;
use boxoffice_server::metrics::Metrics;
use boxoffice_server::read_model::ReadModel;
use boxoffice_server::store::keys::OperatorKeys;
use boxoffice_server::store::memory::MemoryStore;
use boxoffice_server::store::pool::ReadPool;
use boxoffice_server::store::reads::Snapshot;
use boxoffice_server::store::sqlite::ApiKeys;
use boxoffice_server::store::{Fault, Flush, News, Store};
use boxoffice_server::supervisor::{Ends, Supervisor};
use boxoffice_server::tokens::api_key_hash;
use boxoffice_server::write_path::{NotRun, Refill, Settings, WritePath, Writer};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// A store in memory whose own work panics.
#[derive(Default)]
struct Panics {
    rows: MemoryStore,
    commits: Arc<AtomicUsize>,
    pruned: Arc<AtomicUsize>,
    /// How often the news were asked for.
    asked: usize,
}

impl Store for Panics {
    fn begin(&mut self) -> Result<(), Fault> {
        self.rows.begin()
    }
    fn load(&mut self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        self.rows.load(keys, rows)
    }
    fn save(&mut self, rows: &Rows) -> Result<(), Fault> {
        self.rows.save(rows)
    }
    fn commit(&mut self) -> Result<(), Fault> {
        self.commits.fetch_add(1, SeqCst);
        self.rows.commit()
    }
    fn rollback(&mut self) {
        self.rows.rollback();
    }
    fn prune(&mut self, _: Time, _: usize) -> Result<usize, Fault> {
        self.pruned.fetch_add(1, SeqCst);
        panic!("an old record that cannot be removed");
    }
    fn news(&mut self) -> Result<News, Fault> {
        self.asked += 1;
        assert!(self.asked > 1, "news that cannot be read");
        Ok(News::default())
    }
}

/// A disk whose sync panics: nothing in the publisher catches that.
struct NoDisk;

impl Flush for NoDisk {
    fn flush(&self) -> Result<(), Fault> {
        panic!("the disk is gone");
    }
}

fn write_path(
    store: Panics,
    flush: Option<Arc<dyn Flush>>,
) -> (WritePath, Writer, Ends, Arc<Metrics>) {
    let (supervisor, ends) = Supervisor::new();
    let metrics = Arc::new(Metrics::default());
    let settings =
        Settings { batch_commands_max: 8, waiting_max: 8, supervisor, ..Settings::default() };
    let refill: Refill = Box::new(|_| Ok(Snapshot::default()));
    let read_model = Arc::new(ReadModel::default());
    let clock = Clock::manual(1);
    let started = WritePath::start(
        Box::new(store),
        flush,
        read_model,
        refill,
        clock,
        Arc::clone(&metrics),
        settings,
    );
    let (write_path, writer) = started.unwrap();
    (write_path, writer, ends, metrics)
}

fn join() -> Envelope {
    let (user, concert) = (UserId(Uuid::from_u128(1)), ConcertId(Uuid::from_u128(2)));
    Envelope { command: Command::Join(Join::of(user, QueueId::general(concert))), key: None }
}

/// H37: without a publisher nobody could be told of a commit, so that the write path ends; both ends are told of,
/// and nobody waits for an answer for ever.
#[tokio::test]
async fn a_publisher_that_ends_ends_the_write_path() {
    let store = Panics::default();
    let commits = Arc::clone(&store.commits);
    let (write_path, writer, mut ends, _) = write_path(store, Some(Arc::new(NoDisk)));
    assert!(matches!(write_path.run(join()).await, Err(NotRun::Stopping)));
    assert_eq!(ends.next().await.to_string(), "publisher panicked: the disk is gone");
    for _ in 0..3 {
        assert!(matches!(write_path.run(join()).await, Err(NotRun::Stopping)));
    }
    assert_eq!(ends.next().await.to_string(), "write path panicked: the disk is gone");
    assert!(!write_path.is_open());
    assert!(commits.load(SeqCst) <= 2, "it went on committing");
    let ended = tokio::task::spawn_blocking(move || writer.join(Duration::from_secs(10)));
    assert!(!ended.await.unwrap(), "a stop tells that not everything was answered");
}

/// H37: a panic in the news, in pruning or in a probe is a fault that is counted, and the write path goes on.
#[tokio::test]
async fn a_panic_in_the_houses_work_is_a_fault() {
    let store = Panics::default();
    let pruned = Arc::clone(&store.pruned);
    let (write_path, _writer, mut ends, metrics) = write_path(store, None);
    let wait = Duration::from_secs(1);
    let asked = write_path.refresh(wait).await;
    assert!(matches!(asked, Err(NotRun::Fault(Fault::Corrupt(_)))), "{asked:?}");
    assert!(write_path.refresh(wait).await.is_ok());
    write_path.prune(wait).await;
    assert!(write_path.run(join()).await.is_ok());
    // What comes after the pruning waits for it.
    assert!(write_path.probe(wait).await.is_ok());
    assert_eq!((pruned.load(SeqCst), metrics.panics.get()), (1, 2));
    tokio::select! {
        biased;
        end = ends.next() => panic!("{end}"),
        () = tokio::task::yield_now() => {}
    }
}

/// H37: a tick that ends is told of, for whatever reason.
#[tokio::test]
async fn a_ticker_that_ends_is_told_of() {
    let ticker = Sale::new().ticker;
    let (supervisor, mut ends) = Supervisor::new();
    let (nobody, stop) = tokio::sync::watch::channel(false);
    drop((nobody, supervisor.task("the tick", ticker.run(stop))));
    assert_eq!(ends.next().await.to_string(), "the tick ended before the stop");
}

/// Every reader is taken, for as long as this is held.
fn busy(readers: &ReadPool) -> std::sync::mpsc::Sender<()> {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let readers = readers.clone();
    let (taken, is_taken) = std::sync::mpsc::channel();
    tokio::spawn(async move {
        let question = move |_: &mut dyn boxoffice_server::store::reads::Reads| {
            taken.send(()).unwrap();
            let _ = held.recv();
            Ok(())
        };
        drop(readers.read(question).await);
    });
    is_taken.recv_timeout(Duration::from_secs(10)).unwrap();
    release
}

/// B5: readers that are merely busy do not make a server say that it cannot sell, and operators get in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn busy_readers_leave_it_ready() {
    let (sale, _watch) = Sale::new().rewired(64, |_| {});
    let release = busy(&sale.app.readers);
    sale.send(get("/readyz")).await.want(200);
    let ask = post("/api/v1/admin/concerts").operator().json(&json!({}));
    sale.send(ask).await.refused(400, "invalid_body");
    drop(release);
}

/// B5: the question is asked of the database once a second, however often it comes.
#[tokio::test]
async fn an_answer_to_readyz_is_kept_for_a_second() {
    let sale = Sale::new();
    sale.send(get("/readyz")).await.want(200);
    // From now on a question would find no connection, and wait for one.
    let (sale, _watch) = sale.rewired(64, |inner| {
        inner.ready =
            boxoffice_server::http::ready::Readiness::new(ReadPool::new(Vec::new(), None));
    });
    sale.send(get("/readyz")).await.refused(503, "database_unavailable");
    for _ in 0..100 {
        sale.send(get("/readyz")).await.refused(503, "database_unavailable");
    }
}

/// S10: not ready when the last write failed, by the database or by its disk; what other transactions are
/// in the way of says nothing. Ready again once a write of its own succeeds.
#[tokio::test]
async fn readiness_tells_whether_writes_succeed() {
    let (sale, watch) = Sale::new().rewired(64, |_| {});
    let show = sale.concert(json!({})).await;
    let fan = sale.fan().await;
    watch.fail(Some(Fault::Constraint("twice".into())));
    let join = || post(show.path("/queue-tokens")).identity(&fan.identity);
    sale.send(join()).await.refused(500, "internal");
    assert!(!sale.app.write_path.health().writes_fail());
    watch.fail(Some(Fault::Unavailable("full".into())));
    sale.send(join()).await.refused(503, "database_unavailable");
    sale.send(get("/readyz")).await.refused(503, "database_unavailable");
    assert!(sale.app.write_path.probe(Duration::from_secs(1)).await.is_err());
    assert!(sale.app.write_path.health().writes_fail());
    watch.fail(None);
    assert!(sale.app.write_path.probe(Duration::from_secs(1)).await.is_ok());
    assert!(!sale.app.write_path.health().writes_fail());
    watch.disk(Disk::Fails);
    sale.send(join()).await.refused(503, "outcome_unknown");
    assert!(sale.app.write_path.health().writes_fail(), "the disk did not take it");
}

/// B5: an invented key costs no reader, a new key counts at once, and a revoked one for a second at most.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_keys_are_remembered_for_a_second() {
    let (sale, _watch) = Sale::new().rewired(64, |_| {});
    let release = busy(&sale.app.readers);
    let hash = |key: &str| api_key_hash(key);
    let mut keys = ApiKeys::open(&sale.files()).unwrap();
    let find = async |key: &str| sale.app.operators.find(&hash(key)).await.unwrap();
    assert!(find(OPERATOR).await.is_some());
    assert!(find("invented").await.is_none());
    let id = Uuid::now_v7();
    keys.create(id, "new", &hash("new"), Time(1)).unwrap();
    let found = find("new").await.map(|who| (who.key, who.name.to_string()));
    assert_eq!(found, Some((id, "new".into())), "whoever asks after it was made");
    keys.revoke(id, Time(2)).unwrap();
    let revoked = std::time::Instant::now();
    while find("new").await.is_some() {
        assert!(revoked.elapsed() < Duration::from_secs(5), "it still counts");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(release);
}
