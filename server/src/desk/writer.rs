//! The desk's thread: gather, load, decide, save, commit; then it hands over to the teller and
//! begins the next batch.

use super::NotRun;
use super::inbox::{Asking, Gathered, Inbox};
use super::teller::{Decided, Waiting};
use crate::clock::Clock;
use crate::metrics::{CommandLabel, Metrics};
use crate::store::{Fault, Store, transact};
use boxoffice_core::batch::{self, Envelope, Reply};
use boxoffice_core::limits::IDEMPOTENCY_KEEP_MS;
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Instant;

/// Idempotency records removed at a time, so that no batch waits long for it.
const PRUNE_MAX: usize = 500;

pub(super) struct Worker {
    pub store: Box<dyn Store>,
    pub teller: SyncSender<Decided>,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
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
            if gathered.prune {
                self.prune();
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

    fn prune(&mut self) {
        let cutoff = self.clock.now().plus_ms(-IDEMPOTENCY_KEEP_MS);
        if let Err(fault) = self.store.prune(cutoff, PRUNE_MAX) {
            tracing::warn!(%fault, "old idempotency records stay for now");
        }
    }
}
