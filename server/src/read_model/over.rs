//! What is not on the read model: concerts that are over and known by their ids alone, and those that are to
//! be read whole before they are shown.

use crate::store::reads::OVER_MAX;
use boxoffice_core::id::ConcertId;
use std::collections::{BTreeMap, BTreeSet};

/// See the module.
#[derive(Default)]
pub(super) struct Away {
    /// Over, the newest [`OVER_MAX`], and whether they were deleted: so that it can be said of them.
    over: BTreeMap<ConcertId, bool>,
    /// To be read.
    wanted: BTreeSet<ConcertId>,
    /// Left the read model since this was last asked.
    gone: Vec<ConcertId>,
}

impl Away {
    pub fn is_over(&self, id: ConcertId) -> bool {
        self.over.contains_key(&id)
    }

    pub fn is_deleted(&self, id: ConcertId) -> bool {
        self.over.get(&id).is_some_and(|deleted| *deleted)
    }

    /// Whether nothing of the concert is to be shown: what a batch brings is not all.
    pub fn holds(&self, id: ConcertId) -> bool {
        self.over.contains_key(&id) || self.wanted.contains(&id)
    }

    pub fn is_empty(&self) -> bool {
        self.over.is_empty()
    }

    pub fn add(&mut self, ids: impl IntoIterator<Item = (ConcertId, bool)>) {
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
