//! The write path: the one write path. Commands that arrive together are handled together, in one
//! transaction, and nobody is answered before it is committed.

mod health;
mod inbox;
mod parts;
mod publisher;
mod writer;

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::read_model::ReadModel;
use crate::store::reads::{Of, Snapshot};
use crate::store::{Changes, Fault, Flush, Store};
use crate::supervisor::Supervisor;
use boxoffice_core::batch::{Envelope, Reply};
use boxoffice_core::command::Command;
pub use health::Health;
use inbox::{Asking, Chore, Handed, Inbox};
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{mpsc, oneshot};

/// Limits of the write path, and who hears of its end.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Commands in one batch, at most.
    pub batch_commands_max: usize,
    /// Commands of shoppers that may wait, and as many of the crowd; beyond it the answer is "busy".
    pub waiting_max: usize,
    /// A batch that takes longer is in the log; none never.
    pub slow: Option<Duration>,
    /// Is told when a thread of the write path ends.
    pub supervisor: Supervisor,
}

/// Why a command was not decided.
#[derive(Clone, Debug)]
pub enum NotRun {
    /// Too many commands wait.
    Busy,
    /// The server is stopping.
    Stopping,
    /// The infrastructure failed. Nothing has changed, but for [`Fault::Unknown`]: then the command
    /// stands or not, and repeating it with its key tells.
    Fault(Fault),
}

/// What a command is answered with.
pub type Answer = Result<Reply, NotRun>;

/// Jobs of the server that may wait; with more, whoever proposes waits.
const OWN_WAITING_MAX: usize = 512;

fn not_taken<T>(error: SendTimeoutError<T>) -> NotRun {
    match error {
        SendTimeoutError::Timeout(_) => NotRun::Busy,
        SendTimeoutError::Closed(_) => NotRun::Stopping,
    }
}

/// Reads what a read model shows again: all that is live, or one concert that has come back.
pub type Refill = Box<dyn FnMut(Of) -> Result<Snapshot, Fault> + Send>;

/// What other nodes have committed; the clock follows what the database's said with it.
///
/// # Errors
/// The database is not available.
pub fn news(store: &mut dyn Store, clock: &Clock) -> Result<Changes, Fault> {
    let asked = clock.now();
    let news = store.news()?;
    if let Some(common) = news.clock {
        clock.follow(common, asked, clock.now());
    }
    Ok(news.changes)
}

/// Takes commands; cheap to clone.
#[derive(Clone)]
pub struct WritePath {
    own: mpsc::Sender<Chore>,
    shoppers: mpsc::Sender<Handed>,
    crowd: mpsc::Sender<Handed>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
}

impl WritePath {
    /// Takes no more commands; those that wait are still carried out and answered.
    pub async fn stop(&self) {
        // A write path that is gone has stopped.
        let _ = self.own.send(Chore::Stop).await;
    }
}

/// The write path's thread, for stopping it.
pub struct Writer {
    thread: JoinHandle<()>,
    done: std::sync::mpsc::Receiver<()>,
}

impl WritePath {
    /// Starts the write path's thread on a store; `flush` makes durable what it has committed, where that is
    /// left to be done.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        store: Box<dyn Store>,
        flush: Option<Arc<dyn Flush>>,
        read_model: Arc<ReadModel>,
        refill: Refill,
        clock: Clock,
        metrics: Arc<Metrics>,
        settings: Settings,
    ) -> std::io::Result<(Self, Writer)> {
        let (shoppers, shopping) = mpsc::channel(settings.waiting_max);
        let (crowd, coming) = mpsc::channel(settings.waiting_max);
        let (own, chores) = mpsc::channel(OWN_WAITING_MAX);
        let commands_max = settings.batch_commands_max;
        let inbox = Inbox::new(chores, shopping, coming, Arc::clone(&metrics), commands_max)?;
        let health = Arc::new(Health::default());
        let (finished, done) = std::sync::mpsc::channel();
        let (publisher, decided) = std::sync::mpsc::sync_channel(publisher::BATCHES_MAX);
        let durable = publisher::Durable {
            flush,
            metrics: Arc::clone(&metrics),
            health: Arc::clone(&health),
        };
        let telling = settings
            .supervisor
            .thread("publisher", move || publisher::run(&read_model, refill, &durable, &decided))?;
        let (counted, told) = (Arc::clone(&metrics), Arc::clone(&health));
        let worker = writer::Worker::new(store, publisher, clock, counted, told);
        let mut worker = worker.slow(settings.slow);
        let thread = settings.supervisor.thread("write path", move || {
            worker.run(inbox);
            drop(worker);
            // Whoever was not told learns that the write path is gone.
            if let Err(panic) = telling.join() {
                std::panic::resume_unwind(panic);
            }
            // Nobody waits any more when the receiver is gone.
            let _ = finished.send(());
        })?;
        Ok((Self { own, shoppers, crowd, metrics, health }, Writer { thread, done }))
    }

    /// Whether commands are taken.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.shoppers.is_closed()
    }

    /// Hands a command in and waits for its answer, which comes after the commit.
    pub async fn run(&self, envelope: Envelope) -> Answer {
        let (answer, answered) = oneshot::channel();
        let line = if inbox::is_crowds(&envelope.command) { &self.crowd } else { &self.shoppers };
        line.try_send(Handed { envelope, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotRun::Busy,
            mpsc::error::TrySendError::Closed(_) => NotRun::Stopping,
        })?;
        self.metrics.commands_waiting.inc();
        // The write path always answers what it took, unless its thread is gone.
        answered.await.unwrap_or(Err(NotRun::Stopping))
    }

    /// Hands a command of the server in. It does not wait behind the requests, which in an on-sale
    /// fill the write path for minutes: it is carried out after the batch in progress. Where too many
    /// jobs of the server wait, it waits for a place among them for up to `wait`.
    pub async fn propose(&self, command: Command, wait: Duration) -> Answer {
        let (answer, answered) = oneshot::channel();
        let handed = Handed { envelope: Envelope { command, key: None }, answer };
        self.own.send_timeout(Chore::Run(handed), wait).await.map_err(not_taken)?;
        self.metrics.commands_waiting.inc();
        answered.await.unwrap_or(Err(NotRun::Stopping))
    }

    /// Has old idempotency records removed, when the write path comes to it. Waits as [`WritePath::propose`].
    pub async fn prune(&self, wait: Duration) {
        // The next sweep asks again.
        let _ = self.own.send_timeout(Chore::Prune, wait).await;
    }

    /// Has the read model show what other nodes have committed. It is read by the write path between two
    /// batches, so that what is shown is never older than this node's own writes. Waits as
    /// [`WritePath::propose`].
    ///
    /// # Errors
    /// The server's own line is full, the write path is stopping, or the database is not available.
    pub async fn refresh(&self, wait: Duration) -> Result<(), NotRun> {
        self.ask(Chore::Refresh, wait).await
    }

    /// Writes what changes nothing, to see whether writes succeed; [`WritePath::health`] tells it from then
    /// on, too. Waits as [`WritePath::propose`].
    ///
    /// # Errors
    /// The server's own line is full, the write path is stopping, or writes fail.
    pub async fn probe(&self, wait: Duration) -> Result<(), NotRun> {
        self.ask(Chore::Probe, wait).await
    }

    async fn ask(&self, chore: impl FnOnce(Asking) -> Chore, wait: Duration) -> Result<(), NotRun> {
        let (answer, answered) = oneshot::channel();
        self.own.send_timeout(chore(answer), wait).await.map_err(not_taken)?;
        answered.await.unwrap_or(Err(NotRun::Stopping))
    }

    /// Whether writes succeed and the read model is whole.
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.health
    }
}

impl Writer {
    /// Waits until the write path has finished everything that it took, after [`WritePath::stop`]. Returns whether it did within `timeout`.
    #[must_use]
    pub fn join(self, timeout: Duration) -> bool {
        match self.done.recv_timeout(timeout) {
            Err(RecvTimeoutError::Timeout) => false,
            Ok(()) | Err(RecvTimeoutError::Disconnected) => self.thread.join().is_ok(),
        }
    }
}
