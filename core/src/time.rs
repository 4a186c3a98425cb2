//! Points in time: milliseconds since 1970-01-01T00:00:00Z. Always UTC, always an argument.

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub i64);

impl Time {
    /// This point moved by `ms` milliseconds (may be negative); stops at the type's ends.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this point; 0 when the clock has gone backwards.
    #[must_use]
    pub const fn ms_since(self, earlier: Self) -> i64 {
        let ms = self.0.saturating_sub(earlier.0);
        if ms < 0 { 0 } else { ms }
    }

    /// The one predicate of expiry: at the very millisecond of `deadline` a thing has expired.
    #[must_use]
    pub const fn reached(self, deadline: Self) -> bool {
        self.0 >= deadline.0
    }
}

#[cfg(test)]
mod tests {
    use super::Time;

    #[test]
    fn expiry_is_inclusive_and_arithmetic_saturates() {
        assert!(!Time(99).reached(Time(100)));
        assert!(Time(100).reached(Time(100)));
        assert_eq!(Time(i64::MAX).plus_ms(1), Time(i64::MAX));
        assert_eq!(Time(5).ms_since(Time(9)), 0, "a clock that went back counts as no time");
    }
}
