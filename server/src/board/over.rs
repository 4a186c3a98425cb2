//! What is not on the board: concerts that are over and known by their ids alone, and those that are to
//! be read whole before they are shown.

use crate::store::reads::OVER_MAX;
use boxoffice_core::id::ConcertId;
use std::collections::BTreeSet;

/// See the module.
#[derive(Default)]
pub(super) struct Away {
    /// Over, the newest [`OVER_MAX`]: so that it can be said of them that they are.
    over: BTreeSet<ConcertId>,
    /// To be read.
    wanted: BTreeSet<ConcertId>,
    /// Left the board since this was last asked.
    gone: Vec<ConcertId>,
}

impl Away {
    pub fn is_over(&self, id: ConcertId) -> bool {
        self.over.contains(&id)
    }

    /// Whether nothing of the concert is to be shown: what a batch brings is not all.
    pub fn holds(&self, id: ConcertId) -> bool {
        self.over.contains(&id) || self.wanted.contains(&id)
    }

    pub fn is_empty(&self) -> bool {
        self.over.is_empty()
    }

    pub fn add(&mut self, ids: impl IntoIterator<Item = ConcertId>) {
        self.over.extend(ids);
        while self.over.len() > OVER_MAX {
            // Ids sort by the time when they were made.
            self.over.pop_first();
        }
    }

    pub fn came_back(&mut self, id: ConcertId) {
        self.over.remove(&id);
    }

    pub fn want(&mut self, id: ConcertId) {
        self.wanted.insert(id);
    }

    pub fn take_wanted(&mut self) -> BTreeSet<ConcertId> {
        std::mem::take(&mut self.wanted)
    }

    pub fn left(&mut self, ids: impl IntoIterator<Item = ConcertId>) {
        self.gone.extend(ids);
    }

    pub fn take_gone(&mut self) -> Vec<ConcertId> {
        std::mem::take(&mut self.gone)
    }
}
