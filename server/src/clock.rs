//! The one place where the wall clock is read.

use boxoffice_core::time::Time;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds that nodes' clocks may differ by; closer is not to be had over a network.
pub const TOLERANCE_MS: i64 = 20;

#[expect(clippy::disallowed_methods, reason = "this is the one place")]
fn machine() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Tells the time: the machine's, or one that a test sets.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock, UTC.
    System,
    /// The clock that all nodes share, as far as this one has heard of it.
    Shared(Arc<Common>),
    /// Milliseconds that a test sets.
    Manual(Arc<AtomicI64>),
}

/// Follows a clock that is elsewhere. Between two looks at it, time passes as the machine counts it
/// and not as its wall clock says: that one may be set meanwhile.
#[derive(Debug)]
pub struct Common {
    /// What it began with.
    first: Time,
    /// When it began.
    began: Instant,
    /// Milliseconds by which it was set since then.
    by: AtomicI64,
}

impl Common {
    fn now(&self) -> Time {
        let passed = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.first.plus_ms(passed).plus_ms(self.by.load(Ordering::SeqCst))
    }
}

impl Clock {
    /// A clock that stands at `ms` until it is set.
    #[must_use]
    pub fn manual(ms: i64) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(ms)))
    }

    /// A clock that follows a shared one. Until it has heard of that it goes on from the machine's
    /// time, which may be wrong: nothing may be decided by it before.
    #[must_use]
    pub fn shared() -> Self {
        Self::shared_from(machine())
    }

    /// The same, going on from a given time.
    #[must_use]
    pub fn shared_from(first: Time) -> Self {
        Self::Shared(Arc::new(Common { first, began: Instant::now(), by: AtomicI64::new(0) }))
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Time {
        match self {
            Self::Manual(ms) => Time(ms.load(Ordering::SeqCst)),
            Self::Shared(common) => common.now(),
            Self::System => machine(),
        }
    }

    /// Sets a shared clock by what the common one said between `asked` and `answered` on this
    /// clock. A difference within the time that the answer took, or [`TOLERANCE_MS`], tells nothing.
    /// Other clocks stay as they are.
    pub fn follow(&self, common: Time, asked: Time, answered: Time) {
        let Self::Shared(shared) = self else {
            return;
        };
        let halfway = asked.0.midpoint(answered.0);
        let difference = common.0.saturating_sub(halfway);
        let unsure = answered.ms_since(asked) / 2;
        if difference.abs() > unsure.max(TOLERANCE_MS) {
            shared.by.fetch_add(difference, Ordering::SeqCst);
        }
    }

    /// Moves a manual clock; the machine's stays as it is.
    pub fn advance_ms(&self, by: i64) {
        if let Self::Manual(ms) = self {
            ms.fetch_add(by, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_follow_the_common_clock() {
        let clock = Clock::shared();
        let said = |by: i64, took: i64| {
            let asked = clock.now();
            clock.follow(asked.plus_ms(by), asked, asked.plus_ms(took));
            let Clock::Shared(shared) = &clock else { panic!("it is shared") };
            shared.by.load(Ordering::SeqCst)
        };
        assert_eq!(said(60_000, 0), 60_000);
        assert_eq!(said(15, 0), 60_000, "close enough");
        assert_eq!(said(-300_000, 0), -240_000);
        assert_eq!(said(400, 1_000), -240_000, "within what the answer took");
        assert_eq!(said(2_000, 1_000), -238_500);
        Clock::System.follow(Time(0), Time(1), Time(2));
        let manual = Clock::manual(7);
        manual.follow(Time(9_000), Time(7), Time(7));
        assert_eq!(manual.now(), Time(7));
    }

    /// H6: what the machine's clock says, or is set to, is not asked again once the shared clock
    /// goes.
    #[test]
    fn a_shared_clock_goes_on_by_itself() {
        let clock = Clock::shared_from(Time(5_000));
        let first = clock.now();
        assert!(first >= Time(5_000) && first < Time(65_000), "{first:?}");
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!(clock.now() >= first.plus_ms(5));
        let now = clock.now();
        clock.follow(Time(9_000_000), now, now);
        assert!(clock.now() >= Time(9_000_000) && clock.now() < Time(9_060_000));
    }
}
