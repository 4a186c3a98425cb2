//! Commands that cannot be carried out cost those beside them in a batch little.

use boxoffice_core::batch::Envelope;
use boxoffice_core::command::Command;
use boxoffice_core::id::{ConcertId, QueueId, UserId, Uuid};
use boxoffice_core::queue::Join;
use boxoffice_core::refusal::Refusal;
use boxoffice_core::rows::{Keys, Rows};
use boxoffice_core::time::Time;
use boxoffice_server::clock::Clock;
use boxoffice_server::read_model::ReadModel;
use boxoffice_server::store::memory::MemoryStore;
use boxoffice_server::store::reads::Snapshot;
use boxoffice_server::store::{Fault, Store};
use boxoffice_server::write_path::{NotRun, Refill, Settings, WritePath, Writer};
use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// The concert whose rows fail.
const BAD: u128 = 99;

/// A store in memory that fails for one concert, and whose first transaction waits until it is let go.
struct Bad {
    rows: MemoryStore,
    fault: Fault,
    /// The concerts of each transaction that was begun.
    seen: Arc<Mutex<Vec<BTreeSet<ConcertId>>>>,
    gate: Option<Receiver<()>>,
}

impl Store for Bad {
    fn begin(&mut self) -> Result<(), Fault> {
        if let Some(gate) = self.gate.take() {
            gate.recv().unwrap();
        }
        self.seen.lock().unwrap().push(BTreeSet::new());
        self.rows.begin()
    }
    fn load(&mut self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        self.seen.lock().unwrap().last_mut().unwrap().extend(&keys.concerts);
        let bad = keys.concerts.contains(&concert(BAD));
        if bad { Err(self.fault.clone()) } else { self.rows.load(keys, rows) }
    }
    fn save(&mut self, rows: &Rows) -> Result<(), Fault> {
        self.rows.save(rows)
    }
    fn commit(&mut self) -> Result<(), Fault> {
        self.rows.commit()
    }
    fn rollback(&mut self) {
        self.rows.rollback();
    }
    fn prune(&mut self, _: Time, _: usize) -> Result<usize, Fault> {
        Ok(0)
    }
}

fn concert(number: u128) -> ConcertId {
    ConcertId(Uuid::from_u128(number))
}

fn join(number: u128) -> Envelope {
    let user = UserId(Uuid::from_u128(1));
    Envelope {
        command: Command::Join(Join::of(user, QueueId::general(concert(number)))),
        key: None,
    }
}

struct Setup {
    write_path: WritePath,
    _writer: Writer,
    seen: Arc<Mutex<Vec<BTreeSet<ConcertId>>>>,
    gate: Sender<()>,
}

fn setup(fault: Fault) -> Setup {
    let (gate, wait) = channel();
    let seen = Arc::<Mutex<Vec<_>>>::default();
    let told = Arc::clone(&seen);
    let store = Bad { rows: MemoryStore::default(), fault, seen: told, gate: Some(wait) };
    let settings = Settings { batch_commands_max: 64, waiting_max: 128, ..Settings::default() };
    let refill: Refill = Box::new(|_| Ok(Snapshot::default()));
    let (read_model, metrics) = (Arc::new(ReadModel::default()), Arc::default());
    let started = WritePath::start(
        Box::new(store),
        None,
        read_model,
        refill,
        Clock::manual(1),
        metrics,
        settings,
    );
    let (write_path, writer) = started.unwrap();
    Setup { write_path, _writer: writer, seen, gate }
}

/// Hands these in while the write path is held up by another, so that they are one batch or two; which of them were not carried out.
async fn failed(setup: &Setup, numbers: impl IntoIterator<Item = u128>) -> Vec<u128> {
    let first = tokio::spawn(run(setup.write_path.clone(), 0));
    let waiting: Vec<_> = numbers
        .into_iter()
        .map(|number| tokio::spawn(run(setup.write_path.clone(), number)))
        .collect();
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    // It stays open.
    let _ = setup.gate.send(());
    assert!(first.await.unwrap().is_none());
    let mut failed = Vec::new();
    for waiting in waiting {
        failed.extend(waiting.await.unwrap());
    }
    failed
}

async fn run(write_path: WritePath, number: u128) -> Option<u128> {
    match write_path.run(join(number)).await {
        Ok(reply) => {
            assert_eq!(reply.result.err(), Some(Refusal::ConcertNotFound));
            None
        }
        Err(NotRun::Fault(Fault::Conflict(_) | Fault::Constraint(_))) => Some(number),
        Err(why) => panic!("{why:?}"),
    }
}

/// B10: where others are in the way of one concert, it alone is told that the server is busy, and from then
/// on the others do not wait for it.
#[tokio::test]
async fn a_contended_concert_goes_apart() {
    let setup = setup(Fault::Conflict("met".into()));
    assert_eq!(failed(&setup, [1, 2, BAD, 3]).await, [BAD]);
    setup.seen.lock().unwrap().clear();
    assert_eq!(failed(&setup, [1, BAD, 2, BAD]).await, [BAD, BAD]);
    let seen = setup.seen.lock().unwrap();
    let bad = concert(BAD);
    assert!(seen.iter().all(|of| !of.contains(&bad) || of.len() == 1), "{seen:?}");
}

/// B10: a batch of which a constraint refuses one command takes few transactions more, not one for each.
#[tokio::test]
async fn a_constraint_is_found_by_halves() {
    let setup = setup(Fault::Constraint("twice".into()));
    let numbers = (1..=31).chain([BAD]).chain(32..=62);
    assert_eq!(failed(&setup, numbers).await, [BAD]);
    // The first by itself, all, and two halves for each time that 63 are halved.
    let transactions = setup.seen.lock().unwrap().len();
    assert!(transactions <= 2 + 2 * 6, "{transactions}");
}
