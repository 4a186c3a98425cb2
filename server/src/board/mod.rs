//! The board: what readers see without asking the database. It is filled from the database at
//! start and patched by the desk after each commit, before anyone is answered. It never decides.

mod date;
mod queue;

pub use date::{DateBoard, SeatMap};
pub use queue::{QueueBoard, Standing, Status};

use crate::store::reads::Snapshot;
use boxoffice_core::concert::Concert;
use boxoffice_core::id::{ConcertId, DateId, PlaceKey};
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A lock whose holder panicked is used on: what it guards is a picture, which the next commit
/// draws again.
pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// See [`read`].
pub(crate) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// A concert as readers see it.
pub struct ConcertBoard {
    /// Its id.
    pub id: ConcertId,
    row: RwLock<Arc<Concert>>,
    /// Its waiting queue.
    pub queue: QueueBoard,
}

impl ConcertBoard {
    /// The row.
    #[must_use]
    pub fn row(&self) -> Arc<Concert> {
        Arc::clone(&read(&self.row))
    }
}

/// Everything that readers see.
#[derive(Default)]
pub struct Board {
    concerts: RwLock<BTreeMap<ConcertId, Arc<ConcertBoard>>>,
    dates: RwLock<HashMap<DateId, Arc<DateBoard>>>,
}

impl Board {
    /// The board of a database.
    #[must_use]
    pub fn from_snapshot(snapshot: Snapshot, now: Time) -> Self {
        let mut rows = Rows::default();
        let board = Self::default();
        for (key, row) in snapshot.concerts {
            rows.concerts.insert(key, row);
        }
        for (key, row) in snapshot.queues {
            rows.queues.insert(key, row);
        }
        for (key, row) in snapshot.dates {
            rows.dates.insert(key, row);
        }
        for (key, row) in snapshot.seats {
            rows.seats.insert(key, row);
        }
        for (key, row) in snapshot.admissions {
            rows.admissions.insert(key, row);
        }
        board.apply(&rows, now);
        let concert = |key: &PlaceKey| board.concert(key.concert);
        for key in snapshot.left {
            if let Some(concert) = concert(&key) {
                concert.queue.left(key.sequence);
            }
        }
        for key in snapshot.returning {
            if let Some(concert) = concert(&key) {
                concert.queue.returning(key.sequence);
            }
        }
        board
    }

    /// All concerts, oldest first.
    #[must_use]
    pub fn concerts(&self) -> Vec<Arc<ConcertBoard>> {
        read(&self.concerts).values().cloned().collect()
    }

    /// A concert.
    #[must_use]
    pub fn concert(&self, id: ConcertId) -> Option<Arc<ConcertBoard>> {
        read(&self.concerts).get(&id).cloned()
    }

    /// A date.
    #[must_use]
    pub fn date(&self, id: DateId) -> Option<Arc<DateBoard>> {
        read(&self.dates).get(&id).cloned()
    }

    /// The dates of a concert in the order of performance.
    #[must_use]
    pub fn dates_of(&self, concert: ConcertId) -> Vec<Arc<DateBoard>> {
        let mut dates: Vec<_> =
            read(&self.dates).values().filter(|d| d.concert == concert).cloned().collect();
        dates.sort_by_key(|date| (date.starts_at, date.id));
        dates
    }

    /// Shows what a batch has changed. Called by the desk after the commit.
    pub fn apply(&self, rows: &Rows, now: Time) {
        for (id, row, _) in rows.concerts.changed() {
            self.show_concert(*id, row);
        }
        for (id, row, _) in rows.queues.changed() {
            if let Some(concert) = self.concert(*id) {
                concert.queue.show(row);
            }
        }
        self.show_places(rows);
        for (id, row, _) in rows.dates.changed() {
            if self.date(*id).is_none() {
                let date = DateBoard::new(*id, row);
                write(&self.dates).insert(*id, Arc::new(date));
            }
        }
        let mut patched: Option<Arc<DateBoard>> = None;
        for (key, seat, _) in rows.seats.changed() {
            if patched.as_ref().is_none_or(|date| date.id != key.date) {
                patched = self.date(key.date);
            }
            if let Some(date) = &patched {
                date.show(key.number, seat, now);
            }
        }
    }

    fn show_concert(&self, id: ConcertId, row: &Concert) {
        let row = Arc::new(row.clone());
        if let Some(concert) = self.concert(id) {
            *write(&concert.row) = row;
            return;
        }
        let concert = ConcertBoard { id, row: RwLock::new(row), queue: QueueBoard::default() };
        write(&self.concerts).insert(id, Arc::new(concert));
    }

    fn show_places(&self, rows: &Rows) {
        let mut at: Option<Arc<ConcertBoard>> = None;
        let mut find = |id: ConcertId| {
            if at.as_ref().is_none_or(|concert| concert.id != id) {
                at = self.concert(id);
            }
            at.clone()
        };
        for (key, place, _) in rows.places.changed() {
            if let Some(concert) = find(key.concert) {
                concert.queue.show_place(key.sequence, place);
            }
        }
        for (key, admission, _) in rows.admissions.changed() {
            if let Some(concert) = find(key.concert) {
                concert.queue.show_admission(key.sequence, admission);
            }
        }
    }
}
