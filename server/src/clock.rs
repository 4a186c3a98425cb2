//! The one place where the wall clock is read.

use boxoffice_core::time::Time;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

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
    /// The machine's clock, corrected by this many milliseconds towards the one that all nodes
    /// share.
    Shared(Arc<AtomicI64>),
    /// Milliseconds that a test sets.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `ms` until it is set.
    #[must_use]
    pub fn manual(ms: i64) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(ms)))
    }

    /// A clock that follows a shared one; the machine's until it has heard of that.
    #[must_use]
    pub fn shared() -> Self {
        Self::Shared(Arc::default())
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Time {
        match self {
            Self::Manual(ms) => Time(ms.load(Ordering::SeqCst)),
            Self::Shared(by) => machine().plus_ms(by.load(Ordering::SeqCst)),
            Self::System => machine(),
        }
    }

    /// Sets a shared clock by what the common one said between `asked` and `answered` on this
    /// clock. A difference within the time that the answer took, or [`TOLERANCE_MS`], tells nothing.
    /// Other clocks stay as they are.
    pub fn follow(&self, common: Time, asked: Time, answered: Time) {
        let Self::Shared(by) = self else {
            return;
        };
        let halfway = asked.0.midpoint(answered.0);
        let difference = common.0.saturating_sub(halfway);
        let unsure = answered.ms_since(asked) / 2;
        if difference.abs() > unsure.max(TOLERANCE_MS) {
            by.fetch_add(difference, Ordering::SeqCst);
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
            let Clock::Shared(by) = &clock else { panic!("it is shared") };
            by.load(Ordering::SeqCst)
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
}
