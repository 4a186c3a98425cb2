//! Measures how busy this server is, and lets it ask people in line to come less often, or to come again later when
//! there is too much to do. Those who shop are never put off.

use boxoffice_core::queue::PollLaw;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Time between two measurements of how late tasks run.
const LOOK: Duration = Duration::from_millis(50);
/// Such measurements for each measurement of what a request costs.
const LOOKS_PER_MEASUREMENT: u32 = 20;
/// Least requests in a measurement: with fewer, the cost is mostly that of the measurement itself.
const REQUESTS_MIN: u64 = 500;
/// Requests a second and thread, until it is measured.
const FIRST_GUESS: u64 = 10_000;
/// Lateness from which each kind of the crowd's requests is put off, ms: far polls, near polls, joins.
const LATE_MS: [u64; 3] = [60, 120, 240];
/// Time over which a crowd's polls spread at the opening, ms: least and most.
const SPREAD_MS: u64 = 1_000;
const SPREAD_MS_MAX: u64 = 60_000;
/// Share of the threads' time above which only half of the budget is given.
const BUSY_SHARE: f64 = 0.85;

/// The crowd's kinds of request, in the order in which they are put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Crowd {
    /// A poll by somebody whose turn is minutes away.
    FarPoll,
    /// A poll by somebody whose turn comes soon.
    NearPoll,
    /// A place in line.
    Join,
}

/// See the module.
pub struct Pressure {
    answered: AtomicU64,
    /// Requests that could be answered in a second.
    capacity: AtomicU64,
    /// Per cent of the threads' time that is used.
    busy: AtomicU64,
    /// How many kinds of the crowd's requests are put off.
    put_off: AtomicU8,
    poll_share: f64,
    spread_ms: AtomicU64,
    least_ms: AtomicU64,
    most_ms: AtomicU64,
    /// Of the divisor, its bits.
    divisor: AtomicU64,
}

impl Pressure {
    /// For a server with so many threads that gives polls this share of what it can answer.
    #[must_use]
    pub fn new(threads: usize, poll_share: f64) -> Self {
        let law = PollLaw::default();
        let threads = u64::try_from(threads).unwrap_or(1).max(1);
        Self {
            answered: AtomicU64::new(0),
            capacity: AtomicU64::new(threads * FIRST_GUESS),
            busy: AtomicU64::new(0),
            put_off: AtomicU8::new(0),
            poll_share,
            spread_ms: AtomicU64::new(SPREAD_MS),
            least_ms: AtomicU64::new(law.least_ms),
            most_ms: AtomicU64::new(law.most_ms),
            divisor: AtomicU64::new(law.divisor.to_bits()),
        }
    }

    /// Counts an answered request.
    pub fn answered(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a request of this kind is put off now.
    #[must_use]
    pub fn puts_off(&self, kind: Crowd) -> bool {
        self.put_off.load(Ordering::Relaxed) > kind as u8
    }

    /// How many kinds of the crowd's requests are put off now, for metrics.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.put_off.load(Ordering::Relaxed)
    }

    /// Polls a second that people in line may make of this server, all together.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a capacity is far below 2^52")]
    pub fn polls_per_second(&self) -> f64 {
        let budget = self.capacity.load(Ordering::Relaxed) as f64 * self.poll_share;
        let busy = self.busy.load(Ordering::Relaxed) as f64 / 100.0;
        if busy > BUSY_SHARE || self.level() > 0 { budget / 2.0 } else { budget }
    }

    /// How often people in line poll.
    #[must_use]
    pub fn poll_law(&self) -> PollLaw {
        PollLaw {
            least_ms: self.least_ms.load(Ordering::Relaxed),
            most_ms: self.most_ms.load(Ordering::Relaxed),
            divisor: f64::from_bits(self.divisor.load(Ordering::Relaxed)),
        }
    }

    /// Time over which those who wait spread their polls at the opening, ms.
    #[must_use]
    pub fn spread_ms(&self) -> u64 {
        self.spread_ms.load(Ordering::Relaxed)
    }

    /// Sets how often people in line poll, by how many wait and how many are let in a second.
    pub fn steer(&self, waiting: u64, admitted_per_second: f64) {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to some seconds"
        )]
        let spread = (waiting as f64 * 1000.0 / self.polls_per_second().max(1.0)) as u64;
        self.spread_ms.store(spread.clamp(SPREAD_MS, SPREAD_MS_MAX), Ordering::Relaxed);
        let law = PollLaw::of(waiting, admitted_per_second, self.polls_per_second());
        self.least_ms.store(law.least_ms, Ordering::Relaxed);
        self.most_ms.store(law.most_ms, Ordering::Relaxed);
        self.divisor.store(law.divisor.to_bits(), Ordering::Relaxed);
    }

    /// Measures the runtime that it is called on, until `stop` changes.
    pub async fn watch(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let runtime = tokio::runtime::Handle::current().metrics();
        let used = || -> Duration {
            (0..runtime.num_workers())
                .map(|worker| runtime.worker_total_busy_duration(worker))
                .sum()
        };
        let mut before = (Instant::now(), used(), self.answered.load(Ordering::Relaxed));
        let (mut looks, mut late_ms) = (0, 0);
        loop {
            let began = Instant::now();
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = stop.changed() => return,
            }
            let late = began.elapsed().saturating_sub(LOOK).as_millis();
            // It rises at once and falls slowly: one quiet moment does not let everybody through.
            late_ms = u64::try_from(late).unwrap_or(u64::MAX).max(late_ms * 7 / 8);
            let put_off = LATE_MS.iter().filter(|limit| late_ms >= **limit).count();
            self.put_off.store(u8::try_from(put_off).unwrap_or(0), Ordering::Relaxed);
            looks += 1;
            if looks % LOOKS_PER_MEASUREMENT == 0 {
                let now = (Instant::now(), used(), self.answered.load(Ordering::Relaxed));
                let workers = u32::try_from(runtime.num_workers()).unwrap_or(1);
                let time = now.0.duration_since(before.0) * workers;
                self.measure(time, now.1.saturating_sub(before.1), now.2 - before.2);
                before = now;
            }
        }
    }

    /// Takes a measurement: how much of the threads' `time` was used, and for how many requests.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of one second; shares are between 0 and 1"
    )]
    fn measure(&self, time: Duration, used: Duration, requests: u64) {
        let share = (used.as_secs_f64() / time.as_secs_f64().max(1e-6)).clamp(0.0, 1.0);
        self.busy.store((share * 100.0) as u64, Ordering::Relaxed);
        if requests < REQUESTS_MIN || share < 0.01 {
            return;
        }
        let measured = requests as f64 / share;
        let before = self.capacity.load(Ordering::Relaxed) as f64;
        // Slowly: one second of expensive requests must not make everybody wait for minutes.
        let capacity = before.mul_add(0.8, measured * 0.2);
        self.capacity.store(capacity as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_a_share_of_what_was_measured() {
        let pressure = Pressure::new(2, 0.25);
        assert!((pressure.polls_per_second() - 5_000.0).abs() < 1.0, "as guessed");
        let two = Duration::from_secs(2);
        for _ in 0..50 {
            pressure.measure(two, Duration::from_millis(500), 10_000);
        }
        let budget = pressure.polls_per_second();
        assert!((budget - 10_000.0).abs() < 200.0, "a quarter of the time gave 10,000: {budget}");
        pressure.measure(two, Duration::from_millis(1), 3);
        assert!((pressure.polls_per_second() - budget).abs() < 1.0, "too few to measure");
        pressure.measure(two, two, 40_000);
        assert!(pressure.polls_per_second() < budget * 0.6, "no time is left");
    }

    #[test]
    fn the_crowd_is_put_off_in_order() {
        let pressure = Pressure::new(1, 0.25);
        let kinds = [Crowd::FarPoll, Crowd::NearPoll, Crowd::Join];
        for level in 0..=3 {
            pressure.put_off.store(level, Ordering::Relaxed);
            let put_off = kinds.map(|kind| pressure.puts_off(kind));
            assert_eq!(put_off, [level > 0, level > 1, level > 2]);
        }
    }

    #[tokio::test]
    async fn a_thread_that_is_kept_busy_is_noticed() {
        let pressure = Arc::new(Pressure::new(1, 0.25));
        let (stop, stopped) = watch::channel(false);
        let watching = tokio::spawn(Arc::clone(&pressure).watch(stopped));
        tokio::time::sleep(Duration::from_millis(1)).await;
        // Nothing else runs on the test's one thread meanwhile.
        std::thread::sleep(Duration::from_millis(400));
        while pressure.level() < 3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        while pressure.level() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.send_replace(true);
        watching.await.unwrap();
    }
}
