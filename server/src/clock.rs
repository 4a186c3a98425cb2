//! The one place where the wall clock is read.

use boxoffice_core::time::Time;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time: the machine's, or one that a test sets.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock, UTC.
    System,
    /// Milliseconds that a test sets.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `ms` until it is set.
    #[must_use]
    pub fn manual(ms: i64) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(ms)))
    }

    /// Now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn now(&self) -> Time {
        match self {
            Self::Manual(ms) => Time(ms.load(Ordering::SeqCst)),
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
        }
    }

    /// Moves a manual clock; the machine's stays as it is.
    pub fn advance_ms(&self, by: i64) {
        if let Self::Manual(ms) = self {
            ms.fetch_add(by, Ordering::SeqCst);
        }
    }
}
