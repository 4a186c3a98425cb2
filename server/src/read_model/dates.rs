//! The dates that are shown, by their ids and by their concerts.

use super::DateModel;
use boxoffice_core::id::{ConcertId, DateId};
use std::collections::HashMap;
use std::sync::Arc;

/// See the module.
#[derive(Default)]
pub(super) struct Dates {
    all: HashMap<DateId, Arc<DateModel>>,
    /// In the order of performance.
    of: HashMap<ConcertId, Vec<Arc<DateModel>>>,
}

impl Dates {
    pub fn get(&self, id: DateId) -> Option<Arc<DateModel>> {
        self.all.get(&id).cloned()
    }

    pub fn of(&self, concert: ConcertId) -> &[Arc<DateModel>] {
        self.of.get(&concert).map_or(&[], Vec::as_slice)
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn extend(&mut self, dates: impl IntoIterator<Item = Arc<DateModel>>) {
        for date in dates {
            if self.all.insert(date.id, Arc::clone(&date)).is_some() {
                self.of.entry(date.concert).or_default().retain(|before| before.id != date.id);
            }
            let dates = self.of.entry(date.concert).or_default();
            let order = |date: &DateModel| (date.starts_at, date.id);
            let at = dates.partition_point(|before| order(before) < order(&date));
            dates.insert(at, date);
        }
    }

    pub fn remove(&mut self, concert: ConcertId) {
        for date in self.of.remove(&concert).into_iter().flatten() {
            self.all.remove(&date.id);
        }
    }

    pub fn into_all(self) -> impl Iterator<Item = Arc<DateModel>> {
        self.all.into_values()
    }
}
