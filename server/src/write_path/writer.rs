//! The write path's thread: gather, load, decide, save, commit; then it hands over to the publisher and
//! begins the next batch.

use super::health::Waits;
use super::inbox::{Asking, Gathered, Inbox};
use super::parts::{Contended, Part};
use super::publisher::{Decided, Waiting};
use super::{Health, NotRun};
use crate::clock::Clock;
use crate::log::Bounded;
use crate::metrics::{CommandLabel, Metrics, PrunedLabel};
use crate::store::{Fault, Store, transact_within};
use crate::supervisor::caught;
use boxoffice_core::batch::{self, Envelope, Reply};
use boxoffice_core::limits::{EVENT_KEEP_MS, IDEMPOTENCY_KEEP_MS};
use boxoffice_core::money::Money;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::refusal::Refusal;
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// Old records removed after a batch, or twice the batch's commands if they are more: so that pruning
/// keeps pace with whatever rate they come at, and no batch waits longer than some milliseconds for it.
const PRUNE_MAX: usize = 250;

/// How long a transaction is run again where others are in the way, before its concerts go apart, and each
/// of these before it is told that the server is busy: whatever else is on sale waits meanwhile.
const RETRY_MAX: Duration = Duration::from_millis(300);

/// What a batch has changed, its answers, and when it was decided.
type Committed = (Rows, Vec<Reply>, Time);

/// The publisher's thread has ended, and with it whoever could answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PublisherGone;

/// Whether a transaction failed for want of a database that writes. One that others were in the way of, or
/// that a constraint refused, says nothing.
const fn tells_of_writes(fault: &Fault) -> bool {
    !matches!(fault, Fault::Conflict(_) | Fault::Constraint(_))
}

/// The write path's own thread.
pub(super) struct Worker {
    pub store: Box<dyn Store>,
    pub publisher: SyncSender<Decided>,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    pub health: Arc<Health>,
    /// A batch that takes longer is in the log.
    slow: Option<Duration>,
    contended: Contended,
    /// The last prune has left what is old: the next follows the next batch.
    behind: bool,
}

impl Worker {
    pub fn new(
        store: Box<dyn Store>,
        publisher: SyncSender<Decided>,
        clock: Clock,
        metrics: Arc<Metrics>,
        health: Arc<Health>,
    ) -> Self {
        let contended = Contended::default();
        let slow = None;
        Self { store, publisher, clock, metrics, health, slow, contended, behind: false }
    }

    /// The same, and a batch that takes longer than this is in the log.
    pub const fn slow(mut self, slow: Option<Duration>) -> Self {
        self.slow = slow;
        self
    }

    /// Runs until every handle is gone and everything taken is answered, or the publisher is gone: nothing
    /// more is committed then, since nobody could be told of it.
    pub fn run(&mut self, mut inbox: Inbox) {
        let mut gathered = Gathered::default();
        while inbox.next(&mut gathered) {
            if self.work(&mut gathered).is_err() {
                tracing::error!(
                    "the thread that answers requests has stopped; nothing more is committed"
                );
                return;
            }
        }
    }

    fn work(&mut self, gathered: &mut Gathered) -> Result<(), PublisherGone> {
        // Before the batch: what others have done is shown, and their clock followed, however
        // long the batch takes.
        if !gathered.refresh.is_empty() {
            self.refresh(std::mem::take(&mut gathered.refresh))?;
        }
        let commands = gathered.envelopes.len();
        if !gathered.envelopes.is_empty() {
            self.batch(gathered)?;
        }
        if !gathered.probe.is_empty() {
            self.probe(std::mem::take(&mut gathered.probe));
        }
        if gathered.prune || self.behind {
            self.prune(PRUNE_MAX.max(2 * commands));
        }
        if gathered.prune {
            self.measure_oldest();
        }
        Ok(())
    }

    fn batch(&mut self, gathered: &mut Gathered) -> Result<(), PublisherGone> {
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

    fn handle(&mut self, part: Part) -> Result<(), PublisherGone> {
        match self.commit(&part.envelopes) {
            Ok(done) => self.done(done, part.waiting),
            Err(fault) => self.failed(fault, part),
        }
    }

    fn done(&self, (rows, replies, now): Committed, waiting: Waiting) -> Result<(), PublisherGone> {
        self.hand_over(Decided::Done { rows, replies, now, waiting })
    }

    /// Nothing of these commands stands: some of them may yet.
    fn failed(&mut self, fault: Fault, part: Part) -> Result<(), PublisherGone> {
        let parts = match &fault {
            // One command may have made all fail: it is found by halves, and alone only it fails.
            Fault::Constraint(_) | Fault::Corrupt(_) if part.envelopes.len() > 1 => {
                part.halves().into()
            }
            // Another server may have stored the reply of the same key in this moment, which no row guards
            // where something is made: now it is seen.
            Fault::Constraint(_) if self.store.is_shared() => {
                return match self.commit(&part.envelopes) {
                    Ok(done) => self.done(done, part.waiting),
                    Err(fault) => self.refuse(fault, part),
                };
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

    fn refuse(&self, fault: Fault, part: Part) -> Result<(), PublisherGone> {
        // While the database is away, each does.
        static FAILED: LazyLock<Bounded> = LazyLock::new(Bounded::default);
        if let Some(left_out) = FAILED.may(None) {
            tracing::error!(%fault, commands = part.envelopes.len(), left_out, "a batch failed");
        }
        let (why, now) = (NotRun::Fault(fault), self.clock.now());
        self.hand_over(Decided::NotRun { why, now, waiting: part.waiting })
    }

    /// Without a publisher those who wait learn that the write path is gone.
    fn hand_over(&self, decided: Decided) -> Result<(), PublisherGone> {
        self.publisher.send(decided).map_err(|_| PublisherGone)
    }

    /// One transaction; a panic in it is a fault like any other, and leaves nothing behind.
    fn commit(&mut self, envelopes: &[Envelope]) -> Result<Committed, Fault> {
        let began = Instant::now();
        let health = Arc::clone(&self.health);
        let run = || caught("a rule", || self.transact(envelopes));
        let outcome = health.watched(Waits::Transaction, run);
        if let Some(Err(fault)) = &outcome
            && tells_of_writes(fault)
        {
            self.health.wrote(false);
        }
        let outcome = outcome.unwrap_or_else(|| {
            self.metrics.panics.inc();
            self.store.rollback();
            Err(Fault::Corrupt("a rule panicked".into()))
        });
        let took = began.elapsed();
        self.tell_slow(envelopes, took, outcome.is_err());
        if let Ok((_, replies, _)) = &outcome {
            self.metrics.batch_seconds.observe(took.as_secs_f64());
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

    fn tell_slow(&self, envelopes: &[Envelope], took: Duration, failed: bool) {
        static SLOW: LazyLock<Bounded> = LazyLock::new(Bounded::default);
        if self.slow.is_none_or(|slow| took <= slow) {
            return;
        }
        if let Some(left_out) = SLOW.may(None) {
            let mut kinds = std::collections::BTreeMap::<_, usize>::new();
            for envelope in envelopes {
                *kinds.entry(envelope.command.name()).or_default() += 1;
            }
            tracing::warn!(ms = took.as_millis(), commands = ?kinds, failed, left_out, "a slow batch");
        }
    }

    fn count(&self, envelopes: &[Envelope], replies: &[Reply]) {
        self.metrics.batches.inc();
        #[expect(clippy::cast_precision_loss, reason = "a batch has far fewer than 2^52 commands")]
        self.metrics.batch_commands.observe(envelopes.len() as f64);
        for (envelope, reply) in envelopes.iter().zip(replies) {
            if reply.result.is_ok() && !reply.replayed {
                let label = CommandLabel { command: envelope.command.name() };
                self.metrics.commands.get_or_create(&label).inc();
                self.count_money(&reply.result);
            }
        }
    }

    /// Money that came in, what of it was paid for seats and went back, and what operators added and took.
    fn count_money(&self, done: &Result<Outcome, Refusal>) {
        let units = |amount: Money| amount.0.unsigned_abs();
        match done {
            Ok(Outcome::Charged { amount, .. }) => self.metrics.charged.inc_by(units(*amount)),
            Ok(Outcome::Paid { amount, .. }) => self.metrics.paid.inc_by(units(*amount)),
            Ok(Outcome::Refunded { amount, .. }) => self.metrics.refunded.inc_by(units(*amount)),
            Ok(Outcome::DateClearing { refunded, .. }) => {
                for outcome in refunded {
                    self.count_money(&Ok(outcome.clone()));
                }
                0
            }
            Ok(Outcome::Adjusted { amount, .. }) if *amount < Money::ZERO => {
                self.metrics.debited.inc_by(units(*amount))
            }
            Ok(Outcome::Adjusted { amount, .. }) => self.metrics.credited.inc_by(units(*amount)),
            _ => 0,
        };
    }

    /// Work of the server whose panic is a fault like any other, and leaves nothing behind.
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

    fn refresh(&mut self, waiting: Vec<Asking>) -> Result<(), PublisherGone> {
        match self.careful("reading the news", super::news) {
            Ok(changes) => {
                let now = self.clock.now();
                self.hand_over(Decided::News { changes, now, waiting })
            }
            Err(fault) => {
                for asking in waiting {
                    // The tick tells; whoever asked may be gone.
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

    /// Old replies, and what other processes were told long ago: as many of each as `limit`.
    fn prune(&mut self, limit: usize) {
        let cutoff = self.clock.now().plus_ms(-IDEMPOTENCY_KEEP_MS);
        let replies = self.careful("pruning", |store, _| store.prune(cutoff, limit));
        let told = self.careful("pruning", |store, _| store.prune_outbox(limit));
        let sessions = self.careful("pruning", |store, _| store.prune_sessions(cutoff, limit));
        let cutoff = self.clock.now().plus_ms(-EVENT_KEEP_MS);
        let events = self.careful("pruning", |store, _| store.prune_events(cutoff, limit));
        self.behind = false;
        let all =
            [("replies", replies), ("outbox", told), ("sessions", sessions), ("events", events)];
        for (what, removed) in all {
            match removed {
                Ok(removed) => {
                    self.behind |= removed >= limit;
                    let count = u64::try_from(removed).unwrap_or(u64::MAX);
                    self.metrics.pruned.get_or_create(&PrunedLabel { what }).inc_by(count);
                }
                Err(fault) => {
                    tracing::warn!(%fault, what, "could not remove old records; trying again later")
                }
            }
        }
    }

    /// Whether pruning keeps pace is seen in the age of the oldest record.
    fn measure_oldest(&mut self) {
        let asked = self.careful("asking for the oldest reply", |store, _| store.oldest_reply());
        let Ok(oldest) = asked else {
            return;
        };
        let now = self.clock.now();
        let age = oldest.map_or(0, |oldest| now.ms_since(oldest) / 1000);
        self.metrics.oldest_reply_seconds.set(age);
    }
}

#[cfg(test)]
mod tests {
    use super::super::inbox::{Chore, Handed};
    use super::*;
    use crate::store::memory::MemoryStore;
    use boxoffice_core::command::Command;
    use boxoffice_core::id::{ConcertId, QueueId, UserId, Uuid};
    use boxoffice_core::idempotency::Record;
    use boxoffice_core::queue::Join;

    fn old_replies(count: u32) -> MemoryStore {
        let mut store = MemoryStore::default();
        for number in 0..count {
            let record =
                Record { fingerprint: [0; 32], outcome: Outcome::Left, created_at: Time(0) };
            store.idempotency.insert((Uuid::nil(), number.to_string()), record);
        }
        store
    }

    fn removed(batches: usize, commands_max: usize, old: u32) -> u64 {
        let (own, chores) = tokio::sync::mpsc::channel(8);
        let (shoppers, shopping) = tokio::sync::mpsc::channel(8);
        let (crowd, coming) = tokio::sync::mpsc::channel(10_000);
        let (publisher, _decided) = std::sync::mpsc::sync_channel(1_000);
        let metrics: Arc<Metrics> = Arc::default();
        let clock = Clock::manual(2 * IDEMPOTENCY_KEEP_MS);
        let store = Box::new(old_replies(old));
        let mut worker = Worker::new(store, publisher, clock, Arc::clone(&metrics), Arc::default());
        let inbox = Inbox::new(chores, shopping, coming, Arc::clone(&metrics), commands_max);
        let mut answers = Vec::new();
        for _ in 0..batches * commands_max {
            let (answer, answered) = tokio::sync::oneshot::channel();
            answers.push(answered);
            let (user, concert) = (UserId(Uuid::nil()), ConcertId(Uuid::nil()));
            let command = Command::Join(Join::of(user, QueueId::general(concert)));
            let envelope = Envelope { command, key: None };
            crowd.try_send(Handed { envelope, answer }).expect("there is room");
        }
        own.try_send(Chore::Prune).expect("there is room");
        drop((own, shoppers, crowd));
        worker.run(inbox.expect("a runtime"));
        metrics.pruned.get_or_create(&PrunedLabel { what: "replies" }).get()
    }

    /// H38: asked once, it goes on after each batch until nothing old is left; and where a batch can
    /// store more replies than are removed at a time, twice as many go as it can have stored.
    #[test]
    fn pruning_keeps_pace() {
        assert_eq!(removed(1, 4, 1_000), 250);
        assert_eq!(removed(3, 4, 1_000), 750);
        assert_eq!(removed(20, 4, 1_000), 1_000);
        assert_eq!(removed(2, 400, 10_000), 1_600);
    }
}
