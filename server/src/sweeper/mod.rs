//! The sweeper: a bounded tick that proposes what is due. It tidies up; nobody depends on its being
//! in time, since everything that expires does so by its own time in every rule.

use crate::board::{Board, ConcertBoard, Status};
use crate::clock::Clock;
use crate::desk::Desk;
use crate::metrics::{Metrics, Sale};
use crate::pressure::Pressure;
use boxoffice_core::batch::Reply;
use boxoffice_core::command::Command;
use boxoffice_core::id::{ConcertId, PlaceKey};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::queue::Expire;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Between two ticks.
pub const TICK: Duration = Duration::from_millis(250);
/// Admissions ended in one tick of one concert; what is over the limit waits for the next.
const EXPIRE_MAX: usize = 500;
/// Times that one tick of one concert admits: as long as it has room and passes those who left, it goes
/// on at once.
const ADMITS_MAX: usize = 200;
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
    /// What it steers.
    pub pressure: Arc<Pressure>,
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

    /// One tick; `number` counts them. All concerts are proposed for at once, so that one with much to do
    /// does not keep the others waiting.
    pub async fn tick(&self, number: u64) {
        let began = Instant::now();
        if let Err(why) = self.desk.refresh(TICK).await {
            tracing::debug!(?why, "the board is refreshed with the next tick");
        }
        self.metrics.forget(self.board.take_gone().iter().map(ToString::to_string));
        self.board.count(self.clock.now());
        let concerts = self.board.concerts();
        let mut work = JoinSet::new();
        for concert in &concerts {
            work.spawn(Work::of(self, concert).run());
        }
        while work.join_next().await.is_some() {}
        if number.is_multiple_of(SAMPLE_EVERY) {
            self.sample(&concerts);
        }
        if number.is_multiple_of(PRUNE_EVERY) {
            self.desk.prune(TICK).await;
        }
        self.metrics.sweep_seconds.observe(began.elapsed().as_secs_f64());
    }

    /// Notes the rate of each queue, and tells people in line how often to ask.
    fn sample(&self, concerts: &[Arc<ConcertBoard>]) {
        let now = self.clock.now();
        let (mut waiting, mut rate) = (0, 0.0);
        for concert in concerts {
            let moving = concert.row().on_sale(now).is_ok() && !concert.stock().is_sold_out();
            concert.queue.sample(moving, now);
            if let Some(status) = concert.queue.status() {
                waiting += status.waiting;
                if moving && status.waiting > 0 {
                    let (admitted, ms) = status.pace;
                    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
                    let per_second = admitted as f64 * 1000.0 / ms.max(1) as f64;
                    rate += per_second;
                }
                self.measure(concert, &status);
            }
        }
        self.pressure.steer(waiting, rate);
        self.metrics.put_off.set(self.pressure.level().into());
        let interval = Duration::from_millis(self.pressure.poll_law().most_ms);
        self.metrics.poll_interval_seconds.set(interval.as_secs_f64());
    }

    /// From the board alone: what is asked for each second costs no database.
    fn measure(&self, concert: &ConcertBoard, status: &Status) {
        let stock = concert.stock();
        let sale = Sale {
            waiting: status.waiting,
            active: status.active,
            free: stock.free,
            held: stock.held,
            sold: stock.sold(),
            blocked: stock.blocked,
        };
        self.metrics.show(&concert.id.to_string(), &concert.row().concert_name, &sale);
    }
}

/// What a tick does for one concert.
struct Work {
    board: Arc<Board>,
    concert: ConcertId,
    desk: Desk,
    clock: Clock,
}

impl Work {
    fn of(sweeper: &Sweeper, concert: &ConcertBoard) -> Self {
        Self {
            board: Arc::clone(&sweeper.board),
            concert: concert.id,
            desk: sweeper.desk.clone(),
            clock: sweeper.clock.clone(),
        }
    }

    async fn run(self) {
        if let Some(concert) = self.board.concert(self.concert) {
            self.expire(&concert).await;
        }
        for _ in 0..ADMITS_MAX {
            // Looked up anew: the board may have been filled anew meanwhile.
            let Some(concert) = self.board.concert(self.concert) else { return };
            let now = self.clock.now();
            let most = concert.most();
            let Some(next) = concert.queue.next_tick(concert.id, &concert.row(), most, now) else {
                return;
            };
            match self.desk.propose(Command::Admit(next), TICK).await {
                Ok(Reply { result: Ok(Outcome::Admitted { more: true, .. }), .. }) => {}
                Ok(_) => return,
                Err(why) => {
                    tracing::debug!(?why, "a tick was not run; the next one makes up for it");
                    return;
                }
            }
        }
    }

    async fn expire(&self, concert: &ConcertBoard) {
        let mut proposals = JoinSet::new();
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
}
