//! The tick: background work, bounded, that proposes what is due. It tidies up; nobody depends on its being
//! in time, since everything that expires does so by its own time in every rule.

use crate::clock::Clock;
use crate::metrics::{Metrics, Sale};
use crate::pressure::Pressure;
use crate::read_model::{ConcertModel, QueueModel, ReadModel};
use crate::write_path::WritePath;
use boxoffice_core::command::Command;
use boxoffice_core::id::{ConcertId, PlaceKey, QueueId};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::queue::Expire;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

/// Between two ticks.
pub const TICK: Duration = Duration::from_millis(250);
/// Admissions ended in one tick of one queue; what is over the limit waits for the next.
const EXPIRE_MAX: usize = 500;
/// Times that one tick of one concert admits: as long as it has room and passes those who left, it goes
/// on at once.
const ADMITS_MAX: usize = 200;
/// Ticks between two looks at old idempotency records.
const PRUNE_EVERY: u64 = 40;
/// Ticks between two samples of the admission rate.
const SAMPLE_EVERY: u64 = 4;

/// What the tick works with.
pub struct Ticker {
    /// Where it looks for what is due.
    pub read_model: Arc<ReadModel>,
    /// Where it proposes.
    pub write_path: WritePath,
    /// The time.
    pub clock: Clock,
    /// What it counts.
    pub metrics: Arc<Metrics>,
    /// What it steers.
    pub pressure: Arc<Pressure>,
}

impl Ticker {
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

    /// One tick; `number` counts them. All concerts are proposed for at once, so that one with much to do
    /// does not keep the others waiting.
    pub async fn tick(&self, number: u64) {
        let began = Instant::now();
        let refreshed = self.write_path.refresh(TICK).await;
        if let Err(why) = &refreshed {
            tracing::debug!(?why, "the read model is refreshed with the next tick");
        }
        self.metrics.forget(self.read_model.take_gone().iter().map(ToString::to_string));
        let now = self.clock.now();
        self.read_model.count(now);
        let concerts = self.read_model.concerts();
        for queue in concerts.iter().flat_map(|concert| concert.queues()) {
            queue.note_unaware(now, refreshed.is_ok());
        }
        let mut work = JoinSet::new();
        for concert in concerts.iter().filter(|concert| concert.has_work(now)) {
            work.spawn(Work::of(self, concert, number).run());
        }
        while let Some(done) = work.join_next().await {
            pass_on(done);
        }
        if number.is_multiple_of(SAMPLE_EVERY) {
            self.sample(&concerts);
        }
        if number.is_multiple_of(PRUNE_EVERY) {
            self.write_path.prune(TICK).await;
        }
        self.metrics.sweep_seconds.observe(began.elapsed().as_secs_f64());
    }

    /// Notes the rate of each queue, and tells people in line how often to ask.
    fn sample(&self, concerts: &[Arc<ConcertModel>]) {
        let now = self.clock.now();
        let (mut waiting, mut rate) = (0, 0.0);
        for concert in concerts {
            let row = concert.row();
            let sells = row.not_closed(now).is_ok() && !concert.stock().is_sold_out();
            for queue in concert.queues() {
                let moving = sells && now.reached(queue.opens_at(&row));
                queue.sample(moving, now);
                let Some(status) = queue.status() else { continue };
                waiting += status.waiting;
                if moving && status.waiting > 0 {
                    let (admitted, ms) = status.pace;
                    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
                    let per_second = admitted as f64 * 1000.0 / ms.max(1) as f64;
                    rate += per_second;
                }
            }
            self.measure(concert);
        }
        self.pressure.steer(waiting, rate);
        self.metrics.put_off.set(self.pressure.level().into());
        let interval = Duration::from_millis(self.pressure.poll_law().most_ms);
        self.metrics.poll_interval_seconds.set(interval.as_secs_f64());
    }

    /// From the read model alone: what is asked for each second costs no database. All queues of a concert
    /// count as one.
    fn measure(&self, concert: &ConcertModel) {
        let stock = concert.stock();
        let sale = Sale {
            waiting: concert.sum(|status| status.waiting),
            active: concert.sum(|status| status.active),
            free: stock.free,
            held: stock.held,
            sold: stock.sold(),
            blocked: stock.blocked,
        };
        self.metrics.show(&concert.id.to_string(), &concert.row().concert_name, &sale);
    }
}

/// What a task brought. Its panic is the ticker's, whose end ends the process: a concert is not left without ticks
/// unseen. `None`: it was stopped with the runtime.
fn pass_on<T>(done: Result<T, JoinError>) -> Option<T> {
    match done.map_err(JoinError::try_into_panic) {
        Ok(value) => Some(value),
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => None,
    }
}

/// What a tick does for one concert.
struct Work {
    read_model: Arc<ReadModel>,
    concert: ConcertId,
    /// Which of its queues is first: by turns, since they let in for the same seats.
    turn: usize,
    write_path: WritePath,
    clock: Clock,
}

impl Work {
    fn of(ticker: &Ticker, concert: &ConcertModel, tick: u64) -> Self {
        Self {
            turn: usize::try_from(tick).unwrap_or(0),
            read_model: Arc::clone(&ticker.read_model),
            concert: concert.id,
            write_path: ticker.write_path.clone(),
            clock: ticker.clock.clone(),
        }
    }

    async fn run(self) {
        let Some(concert) = self.read_model.concert(self.concert) else { return };
        let queues = concert.queues();
        for queue in &queues {
            self.expire(queue).await;
        }
        // Those that have more to do, in turn.
        let mut left: VecDeque<QueueId> = queues.iter().map(|queue| queue.id).collect();
        let first = self.turn % left.len().max(1);
        left.rotate_left(first);
        for _ in 0..ADMITS_MAX {
            let Some(queue) = left.pop_front() else { return };
            if self.admit(queue).await {
                left.push_back(queue);
            }
        }
    }

    /// Whether there is more to do at once.
    async fn admit(&self, id: QueueId) -> bool {
        // Looked up anew: the read model may have been filled anew meanwhile.
        let Some(concert) = self.read_model.concert(self.concert) else { return false };
        let (row, most, now) = (concert.row(), concert.most(), self.clock.now());
        let next = concert.queue(id).and_then(|queue| queue.next_tick(&row, most, now));
        let Some(next) = next else { return false };
        match self.write_path.propose(Command::Admit(next), TICK).await {
            Ok(reply) => matches!(reply.result, Ok(Outcome::Admitted { more: true, .. })),
            Err(why) => {
                tracing::debug!(?why, "a background run was skipped; the next one does its work");
                false
            }
        }
    }

    async fn expire(&self, queue: &QueueModel) {
        let mut proposals = JoinSet::new();
        for sequence in queue.due(self.clock.now(), EXPIRE_MAX) {
            let place = PlaceKey { queue: queue.id, sequence };
            let write_path = self.write_path.clone();
            let command = Command::Expire(Expire { place });
            proposals.spawn(async move { write_path.propose(command, TICK).await });
        }
        while let Some(done) = proposals.join_next().await {
            if let Some(Err(why)) = pass_on(done) {
                tracing::debug!(?why, "an expiry waits for the next tick");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "of one concert")]
    async fn a_panic_of_one_concert_is_no_silence() {
        let mut work = JoinSet::new();
        work.spawn(async { panic!("of one concert") });
        while let Some(done) = work.join_next().await {
            pass_on::<()>(done);
        }
    }
}
