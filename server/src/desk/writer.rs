//! The desk's thread: gather, load, decide, save, commit; then it hands over to the teller and
//! begins the next batch.

use super::inbox::{Asking, Gathered, Inbox};
use super::parts::{Contended, Part};
use super::teller::{Decided, Waiting};
use super::{Health, NotRun};
use crate::clock::Clock;
use crate::metrics::{CommandLabel, Metrics};
use crate::store::{Fault, Store, transact_within};
use crate::supervisor::caught;
use boxoffice_core::batch::{self, Envelope, Reply};
use boxoffice_core::limits::IDEMPOTENCY_KEEP_MS;
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

/// Idempotency records removed at a time, so that no batch waits long for it.
const PRUNE_MAX: usize = 500;

/// How long a transaction is run again where others are in the way, before its concerts go apart, and each
/// of these before it is told that the server is busy: whatever else is on sale waits meanwhile.
const RETRY_MAX: Duration = Duration::from_millis(300);

/// What a batch has changed, its answers, and when it was decided.
type Committed = (Rows, Vec<Reply>, Time);

/// The teller's thread has ended, and with it whoever could answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TellerGone;

/// Whether a transaction failed for want of a database that writes. One that others were in the way of, or
/// that a constraint refused, says nothing.
const fn tells_of_writes(fault: &Fault) -> bool {
    !matches!(fault, Fault::Conflict(_) | Fault::Constraint(_))
}

/// The desk's own thread.
pub(super) struct Worker {
    pub store: Box<dyn Store>,
    pub teller: SyncSender<Decided>,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    pub health: Arc<Health>,
    contended: Contended,
}

impl Worker {
    pub fn new(
        store: Box<dyn Store>,
        teller: SyncSender<Decided>,
        clock: Clock,
        metrics: Arc<Metrics>,
        health: Arc<Health>,
    ) -> Self {
        Self { store, teller, clock, metrics, health, contended: Contended::default() }
    }

    /// Runs until every handle is gone and everything taken is answered, or the teller is gone: nothing
    /// more is committed then, since nobody could be told of it.
    pub fn run(&mut self, mut inbox: Inbox) {
        let mut gathered = Gathered::default();
        while inbox.next(&mut gathered) {
            if self.work(&mut gathered).is_err() {
                tracing::error!("the teller is gone; nothing more is committed");
                return;
            }
        }
    }

    fn work(&mut self, gathered: &mut Gathered) -> Result<(), TellerGone> {
        // Before the batch: what others have done is shown, and their clock followed, however
        // long the batch takes.
        if !gathered.refresh.is_empty() {
            self.refresh(std::mem::take(&mut gathered.refresh))?;
        }
        if !gathered.envelopes.is_empty() {
            self.batch(gathered)?;
        }
        if !gathered.probe.is_empty() {
            self.probe(std::mem::take(&mut gathered.probe));
        }
        if gathered.prune {
            self.prune();
        }
        Ok(())
    }

    fn batch(&mut self, gathered: &mut Gathered) -> Result<(), TellerGone> {
        let waiting = std::mem::take(&mut gathered.waiting);
        if self.contended.is_empty() {
            return match self.commit(&gathered.envelopes) {
                Ok(done) => self.done(done, waiting),
                Err(fault) => {
                    let envelopes = std::mem::take(&mut gathered.envelopes);
                    self.failed(fault, Part { envelopes, waiting })
                }
            };
        }
        let envelopes = std::mem::take(&mut gathered.envelopes);
        let parts = self.contended.apart(Part { envelopes, waiting });
        parts.into_iter().try_for_each(|part| self.handle(part))
    }

    fn handle(&mut self, part: Part) -> Result<(), TellerGone> {
        match self.commit(&part.envelopes) {
            Ok(done) => self.done(done, part.waiting),
            Err(fault) => self.failed(fault, part),
        }
    }

    fn done(&self, (rows, replies, now): Committed, waiting: Waiting) -> Result<(), TellerGone> {
        self.hand_over(Decided::Done { rows, replies, now, waiting })
    }

    /// Nothing of these commands stands: some of them may yet.
    fn failed(&mut self, fault: Fault, part: Part) -> Result<(), TellerGone> {
        let parts = match &fault {
            // One command may have made all fail: it is found by halves, and alone only it fails.
            Fault::Constraint(_) | Fault::Corrupt(_) if part.envelopes.len() > 1 => {
                part.halves().into()
            }
            // Others are in the way of one concert, and not of all.
            Fault::Conflict(_) if part.is_mixed() => part.by_concert(),
            Fault::Conflict(_) => {
                part.concert().into_iter().for_each(|concert| self.contended.note(concert));
                return self.refuse(fault, part);
            }
            _ => return self.refuse(fault, part),
        };
        parts.into_iter().try_for_each(|part| self.handle(part))
    }

    fn refuse(&self, fault: Fault, part: Part) -> Result<(), TellerGone> {
        tracing::error!(%fault, commands = part.envelopes.len(), "a batch failed");
        let (why, now) = (NotRun::Fault(fault), self.clock.now());
        self.hand_over(Decided::NotRun { why, now, waiting: part.waiting })
    }

    /// Without a teller those who wait learn that the desk is gone.
    fn hand_over(&self, decided: Decided) -> Result<(), TellerGone> {
        self.teller.send(decided).map_err(|_| TellerGone)
    }

    /// One transaction; a panic in it is a fault like any other, and leaves nothing behind.
    fn commit(&mut self, envelopes: &[Envelope]) -> Result<Committed, Fault> {
        let began = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| self.transact(envelopes)));
        if let Ok(Err(fault)) = &outcome
            && tells_of_writes(fault)
        {
            self.health.wrote(false);
        }
        let outcome = outcome.unwrap_or_else(|_| {
            self.metrics.panics.inc();
            self.store.rollback();
            Err(Fault::Corrupt("a rule panicked".into()))
        });
        if let Ok((_, replies, _)) = &outcome {
            self.metrics.batch_seconds.observe(began.elapsed().as_secs_f64());
            self.count(envelopes, replies);
        } else {
            self.metrics.batch_faults.inc();
        }
        outcome
    }

    /// The clock is read once the rows are locked, at each attempt: a batch that had to wait for
    /// others must not decide as of a time before theirs.
    fn transact(&mut self, envelopes: &[Envelope]) -> Result<Committed, Fault> {
        let mut saved = Instant::now();
        let done = transact_within(RETRY_MAX, self.store.as_mut(), |store| {
            let mut rows = Rows::default();
            batch::load_all(envelopes, &mut rows, |keys, rows| store.load(keys, rows))?;
            let now = self.clock.now();
            let replies = batch::run(envelopes, &mut rows, now);
            store.save(&rows)?;
            saved = Instant::now();
            Ok((rows, replies, now))
        })?;
        self.metrics.commit_seconds.observe(saved.elapsed().as_secs_f64());
        Ok(done)
    }

    fn count(&self, envelopes: &[Envelope], replies: &[Reply]) {
        self.metrics.batches.inc();
        #[expect(clippy::cast_precision_loss, reason = "a batch has far fewer than 2^52 commands")]
        self.metrics.batch_commands.observe(envelopes.len() as f64);
        for (envelope, reply) in envelopes.iter().zip(replies) {
            if reply.result.is_ok() && !reply.replayed {
                let label = CommandLabel { command: envelope.command.name() };
                self.metrics.commands.get_or_create(&label).inc();
            }
        }
    }

    /// Work of the house whose panic is a fault like any other, and leaves nothing behind.
    fn careful<T>(
        &mut self,
        name: &str,
        work: impl FnOnce(&mut dyn Store, &Clock) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        caught(name, || work(self.store.as_mut(), &self.clock)).unwrap_or_else(|| {
            self.metrics.panics.inc();
            self.store.rollback();
            Err(Fault::Corrupt(format!("{name} panicked")))
        })
    }

    fn refresh(&mut self, waiting: Vec<Asking>) -> Result<(), TellerGone> {
        match self.careful("reading the news", super::news) {
            Ok(changes) => {
                let now = self.clock.now();
                self.hand_over(Decided::News { changes, now, waiting })
            }
            Err(fault) => {
                for asking in waiting {
                    // The sweeper tells; whoever asked may be gone.
                    let _ = asking.send(Err(NotRun::Fault(fault.clone())));
                }
                Ok(())
            }
        }
    }

    fn probe(&mut self, waiting: Vec<Asking>) {
        let touch =
            |store: &mut dyn Store, _: &Clock| transact_within(RETRY_MAX, store, Store::touch);
        let done = self.careful("a probe", touch);
        // A batch that succeeds may have had nothing to write: only this says that writes succeed.
        if done.as_ref().err().is_none_or(tells_of_writes) {
            self.health.wrote(done.is_ok());
        }
        for asking in waiting {
            // Whoever asked may have given up.
            let _ = asking.send(done.clone().map_err(NotRun::Fault));
        }
    }

    fn prune(&mut self) {
        let cutoff = self.clock.now().plus_ms(-IDEMPOTENCY_KEEP_MS);
        let prune = |store: &mut dyn Store, _: &Clock| store.prune(cutoff, PRUNE_MAX);
        if let Err(fault) = self.careful("pruning", prune) {
            tracing::warn!(%fault, "old idempotency records stay for now");
        }
    }
}
