//! Whether writes succeed and the board is whole, as of the last that was tried: for who asks whether
//! this server is ready.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// See the module.
#[derive(Debug, Default)]
pub struct Health {
    writes_fail: AtomicBool,
    is_torn: AtomicBool,
}

impl Health {
    /// How the last write that tells anything has ended.
    pub(super) fn wrote(&self, well: bool) {
        self.writes_fail.store(!well, Relaxed);
    }

    /// Whether something is missing on the board.
    pub(super) fn torn(&self, is_torn: bool) {
        self.is_torn.store(is_torn, Relaxed);
    }

    /// Whether the last write has failed by the database or its disk. Nothing changes that but another
    /// write: see [`super::Desk::probe`].
    #[must_use]
    pub fn writes_fail(&self) -> bool {
        self.writes_fail.load(Relaxed)
    }

    /// Whether the board could not show something that is committed, and could not be filled anew.
    #[must_use]
    pub fn board_is_torn(&self) -> bool {
        self.is_torn.load(Relaxed)
    }
}
