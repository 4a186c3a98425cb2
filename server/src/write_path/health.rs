//! Whether writes succeed and the read model is whole, as of the last that was tried: for who asks whether
//! this server is ready.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What may hang on a disk or a database that neither answers nor fails.
#[derive(Clone, Copy, Debug)]
pub(super) enum Waits {
    /// The write path, for a transaction.
    Transaction,
    /// The publisher, for the log to be on the disk.
    Flush,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Health {
    writes_fail: AtomicBool,
    is_torn: AtomicBool,
    /// Since when each of [`Waits`] goes on.
    waiting: [Mutex<Option<Instant>>; 2],
}

impl Health {
    /// How the last write that tells anything has ended.
    pub(super) fn wrote(&self, well: bool) {
        self.writes_fail.store(!well, Relaxed);
    }

    /// Whether something is missing on the read model.
    pub(super) fn torn(&self, is_torn: bool) {
        self.is_torn.store(is_torn, Relaxed);
    }

    /// Does what may hang; others see for how long it has been at it.
    pub(super) fn watched<T>(&self, what: Waits, work: impl FnOnce() -> T) -> T {
        let set = |since| {
            *self.waiting[what as usize].lock().unwrap_or_else(PoisonError::into_inner) = since;
        };
        set(Some(Instant::now()));
        let done = work();
        set(None);
        done
    }

    /// For how long the write or flush that is under way has been; zero where none is.
    #[must_use]
    pub fn hangs_for(&self) -> Duration {
        let since = self
            .waiting
            .iter()
            .filter_map(|waiting| *waiting.lock().unwrap_or_else(PoisonError::into_inner));
        since.map(|since| since.elapsed()).max().unwrap_or_default()
    }

    /// Whether the last write has failed by the database or its disk. Nothing changes that but another
    /// write: see [`super::WritePath::probe`].
    #[must_use]
    pub fn writes_fail(&self) -> bool {
        self.writes_fail.load(Relaxed)
    }

    /// Whether the read model could not show something that is committed, and could not be filled anew.
    #[must_use]
    pub fn read_model_is_torn(&self) -> bool {
        self.is_torn.load(Relaxed)
    }
}
