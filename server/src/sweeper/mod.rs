//! The sweeper: a bounded tick that proposes what is due. It tidies up; nobody depends on its being
//! in time, since everything that expires does so by its own time in every rule.

use crate::board::{Board, ConcertBoard};
use crate::clock::Clock;
use crate::desk::Desk;
use crate::metrics::{ConcertLabel, Metrics};
use boxoffice_core::command::Command;
use boxoffice_core::id::PlaceKey;
use boxoffice_core::queue::{Admit, Expire};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Between two ticks.
pub const TICK: Duration = Duration::from_millis(250);
/// Admissions ended in one tick of one concert; what is over the limit waits for the next.
const EXPIRE_MAX: usize = 500;
/// Ticks between two looks at old idempotency records.
const PRUNE_EVERY: u64 = 40;
/// Ticks between two samples of the admission rate.
const SAMPLE_EVERY: u64 = 4;

/// What the sweeper works with.
pub struct Sweeper {
    /// Where it looks for what is due.
    pub board: Arc<Board>,
    /// Where it proposes.
    pub desk: Desk,
    /// The time.
    pub clock: Clock,
    /// What it counts.
    pub metrics: Arc<Metrics>,
}

impl Sweeper {
    /// Ticks until `stop` changes.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut interval = tokio::time::interval(TICK);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut ticks = 0;
        loop {
            tokio::select! {
                _ = interval.tick() => {}
                _ = stop.changed() => return,
            }
            self.tick(ticks).await;
            ticks += 1;
        }
    }

    /// One tick; `number` counts them.
    pub async fn tick(&self, number: u64) {
        let began = Instant::now();
        if let Err(why) = self.desk.refresh(TICK).await {
            tracing::debug!(?why, "the board is refreshed with the next tick");
        }
        self.metrics.forget(self.board.take_gone().iter().map(ToString::to_string));
        for concert in self.board.concerts() {
            self.expire(&concert).await;
            if concert.queue.has_work(&concert.row(), self.clock.now()) {
                self.propose(Command::Admit(Admit { concert: concert.id })).await;
            }
            if number.is_multiple_of(SAMPLE_EVERY) {
                concert.queue.sample(self.clock.now());
            }
            self.measure(&concert);
        }
        if number.is_multiple_of(PRUNE_EVERY) {
            self.desk.prune(TICK).await;
        }
        self.metrics.sweep_seconds.observe(began.elapsed().as_secs_f64());
    }

    async fn expire(&self, concert: &ConcertBoard) {
        let mut proposals = tokio::task::JoinSet::new();
        for sequence in concert.queue.due(self.clock.now(), EXPIRE_MAX) {
            let place = PlaceKey { concert: concert.id, sequence };
            let desk = self.desk.clone();
            let command = Command::Expire(Expire { place });
            proposals.spawn(async move { desk.propose(command, TICK).await });
        }
        while let Some(done) = proposals.join_next().await {
            if let Ok(Err(why)) = done {
                tracing::debug!(?why, "an expiry waits for the next tick");
            }
        }
    }

    async fn propose(&self, command: Command) {
        if let Err(why) = self.desk.propose(command, TICK).await {
            tracing::debug!(?why, "a tick was not run; the next one makes up for it");
        }
    }

    fn measure(&self, concert: &ConcertBoard) {
        let Some(status) = concert.queue.status() else {
            return;
        };
        let label = ConcertLabel { concert: concert.id.to_string() };
        let gauge = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.metrics.queue_waiting.get_or_create(&label).set(gauge(status.waiting));
        self.metrics.queue_active.get_or_create(&label).set(gauge(status.active));
    }
}
