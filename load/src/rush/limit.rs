//! How much of the time the generator itself was the limit: latencies are then partly its own.

use super::figures::Worked;
use super::wire::Pools;
use super::world::World;
use serde::Serialize;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// What is looked at at a time.
const SLICE: Duration = Duration::from_millis(100);
/// From so many per cent of a slice on, the fans' thread is busy.
const BUSY: f64 = 95.0;
/// A timer that fires by more than this after its moment is late.
const LATE: Duration = Duration::from_millis(50);

/// Slices of the run in which the generator was the limit, and why; several reasons may hold at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limit {
    slices: u64,
    limited: u64,
    busy: u64,
    late: u64,
    connections: u64,
}

/// The same as shares of the run, per cent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Shares {
    /// For any of the reasons.
    pub any: f64,
    /// The fans' thread was at work nearly all the time.
    pub busy: f64,
    /// A timer fired late.
    pub late: f64,
    /// A request waited for one of the connections that fans share.
    pub connections: f64,
}

impl Limit {
    /// So many slices are over, in all of which the same held.
    const fn count(&mut self, slices: u64, (busy, late, connections): (bool, bool, bool)) {
        self.slices += slices;
        if busy || late || connections {
            self.limited += slices;
        }
        self.busy += if busy { slices } else { 0 };
        self.late += if late { slices } else { 0 };
        self.connections += if connections { slices } else { 0 };
    }

    /// Of the slices that are over.
    pub fn shares(&self) -> Shares {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 slices")]
        let share = |of: u64| 100.0 * of as f64 / self.slices.max(1) as f64;
        Shares {
            any: share(self.limited),
            busy: share(self.busy),
            late: share(self.late),
            connections: share(self.connections),
        }
    }
}

/// Counts slice by slice, until it is aborted.
pub async fn watch(world: Rc<World>, pools: Rc<Pools>) {
    let mut before = Worked::so_far(world.began().elapsed());
    let mut due = Instant::now() + SLICE;
    loop {
        tokio::time::sleep_until(due).await;
        let late = due.elapsed();
        let now = Worked::so_far(world.began().elapsed());
        // Whatever kept this waiting lasted through all slices that it slept past.
        let slices = 1 + u32::try_from(late.as_millis() / SLICE.as_millis()).unwrap_or(0);
        let why = (now.percent(before) > BUSY, late > LATE, pools.took_waiting());
        world.figures.borrow_mut().limit.count(slices.into(), why);
        before = now;
        due += SLICE * slices;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_counts_once_whatever_the_reasons() {
        let mut limit = Limit::default();
        limit.count(6, (false, false, false));
        limit.count(2, (true, true, false));
        limit.count(2, (false, false, true));
        let shares = limit.shares();
        assert_eq!(shares, Shares { any: 40.0, busy: 20.0, late: 20.0, connections: 20.0 });
        assert_eq!(Limit::default().shares(), Shares::default());
    }
}
