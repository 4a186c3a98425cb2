//! The desk's thread: gather, load, decide, save, commit; then it hands over to the teller and
//! begins the next batch.

use super::NotRun;
use super::inbox::{Asking, Gathered, Inbox};
use super::teller::{Decided, Waiting};
use crate::clock::Clock;
use crate::metrics::{CommandLabel, Metrics, PrunedLabel};
use crate::store::{Fault, Store, transact};
use boxoffice_core::batch::{self, Envelope, Reply};
use boxoffice_core::limits::IDEMPOTENCY_KEEP_MS;
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Instant;

/// Old records removed after a batch, or twice the batch's commands if they are more: so that pruning
/// keeps pace with whatever rate they come at, and no batch waits longer than some milliseconds for it.
const PRUNE_MAX: usize = 250;

pub(super) struct Worker {
    pub store: Box<dyn Store>,
    pub teller: SyncSender<Decided>,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    /// The last prune has left what is old: the next follows the next batch.
    pub behind: bool,
}

impl Worker {
    /// Runs until every handle is gone and everything taken is answered.
    pub fn run(&mut self, mut inbox: Inbox) {
        let mut gathered = Gathered::default();
        while inbox.next(&mut gathered) {
            // Before the batch: what others have done is shown, and their clock followed, however
            // long the batch takes.
            if !gathered.refresh.is_empty() {
                self.refresh(std::mem::take(&mut gathered.refresh));
            }
            if !gathered.envelopes.is_empty() {
                self.handle(&gathered.envelopes, std::mem::take(&mut gathered.waiting));
            }
            if gathered.prune || self.behind {
                self.prune(PRUNE_MAX.max(2 * gathered.envelopes.len()));
            }
            if gathered.prune {
                self.measure_oldest();
            }
        }
    }

    fn handle(&mut self, envelopes: &[Envelope], waiting: Waiting) {
        match self.commit(envelopes) {
            Ok((rows, replies, now)) => {
                self.hand_over(Decided::Done { rows, replies, now, waiting });
            }
            // One command may have made the whole batch fail: alone, only it fails.
            Err(Fault::Constraint(_) | Fault::Corrupt(_)) if envelopes.len() > 1 => {
                for (envelope, waiting) in envelopes.iter().zip(waiting) {
                    self.handle(std::slice::from_ref(envelope), vec![waiting]);
                }
            }
            Err(fault) => {
                tracing::error!(%fault, commands = envelopes.len(), "a batch failed");
                let (why, now) = (NotRun::Fault(fault), self.clock.now());
                self.hand_over(Decided::NotRun { why, now, waiting });
            }
        }
    }

    /// The teller lives as long as this thread; without it those who wait learn that the desk is
    /// gone.
    fn hand_over(&self, decided: Decided) {
        let _ = self.teller.send(decided);
    }

    /// One transaction; a panic in it is a fault like any other, and leaves nothing behind.
    fn commit(&mut self, envelopes: &[Envelope]) -> Result<(Rows, Vec<Reply>, Time), Fault> {
        let began = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| self.transact(envelopes)));
        let outcome = outcome.unwrap_or_else(|_| {
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
    fn transact(&mut self, envelopes: &[Envelope]) -> Result<(Rows, Vec<Reply>, Time), Fault> {
        let mut saved = Instant::now();
        let done = transact(self.store.as_mut(), |store| {
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

    fn refresh(&mut self, waiting: Vec<Asking>) {
        match super::news(self.store.as_mut(), &self.clock) {
            Ok(changes) => {
                let now = self.clock.now();
                self.hand_over(Decided::News { changes, now, waiting });
            }
            Err(fault) => {
                for asking in waiting {
                    // The sweeper tells; whoever asked may be gone.
                    let _ = asking.send(Err(NotRun::Fault(fault.clone())));
                }
            }
        }
    }

    /// Old replies, and what other processes were told long ago: as many of each as `limit`.
    fn prune(&mut self, limit: usize) {
        let cutoff = self.clock.now().plus_ms(-IDEMPOTENCY_KEEP_MS);
        let replies = self.store.prune(cutoff, limit);
        let told = self.store.prune_outbox(limit);
        self.behind = false;
        for (what, removed) in [("replies", replies), ("outbox", told)] {
            match removed {
                Ok(removed) => {
                    self.behind |= removed >= limit;
                    let count = u64::try_from(removed).unwrap_or(u64::MAX);
                    self.metrics.pruned.get_or_create(&PrunedLabel { what }).inc_by(count);
                }
                Err(fault) => tracing::warn!(%fault, what, "old records stay for now"),
            }
        }
    }

    /// Whether pruning keeps pace is seen in the age of the oldest record.
    fn measure_oldest(&mut self) {
        let Ok(oldest) = self.store.oldest_reply() else {
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
    use boxoffice_core::id::{ConcertId, UserId, Uuid};
    use boxoffice_core::idempotency::Record;
    use boxoffice_core::outcome::Outcome;
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
        let (house, chores) = tokio::sync::mpsc::channel(8);
        let (shoppers, shopping) = tokio::sync::mpsc::channel(8);
        let (crowd, coming) = tokio::sync::mpsc::channel(10_000);
        let (teller, _decided) = std::sync::mpsc::sync_channel(1_000);
        let metrics: Arc<Metrics> = Arc::default();
        let clock = Clock::manual(2 * IDEMPOTENCY_KEEP_MS);
        let store = Box::new(old_replies(old));
        let mut worker =
            Worker { store, teller, clock, metrics: Arc::clone(&metrics), behind: false };
        let inbox = Inbox::new(chores, shopping, coming, Arc::clone(&metrics), commands_max);
        let mut answers = Vec::new();
        for _ in 0..batches * commands_max {
            let (answer, answered) = tokio::sync::oneshot::channel();
            answers.push(answered);
            let (user, concert) = (UserId(Uuid::nil()), ConcertId(Uuid::nil()));
            let command = Command::Join(Join::of(user, concert));
            let envelope = Envelope { command, key: None };
            crowd.try_send(Handed { envelope, answer }).expect("there is room");
        }
        house.try_send(Chore::Prune).expect("there is room");
        drop((house, shoppers, crowd));
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
