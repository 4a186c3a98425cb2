//! The board: what readers see without asking the database. It is filled from the database at
//! start and patched by the desk after each commit, before anyone is answered. It never decides.

mod compact;
mod date;
mod dates;
mod ended;
mod over;
mod pacer;
mod queue;
mod rank_set;
mod stock;

pub use compact::{CHANGES_MAX, CompactMap, Reading, Seats, Zone};
pub use date::{DateBoard, SeatMap};
pub use ended::Ended;
pub use pacer::Pacer;
pub use queue::{QueueBoard, Standing, Status};
pub use stock::Stock;

use stock::AtomicStock;

use crate::store::reads::Snapshot;
use boxoffice_core::concert::Concert;
use boxoffice_core::id::{ConcertId, DateId, PlaceKey, ReservationId, UserId};
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use dates::Dates;
use over::Away;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
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
    stock: AtomicStock,
    /// Its waiting queue.
    pub queue: QueueBoard,
    /// How often each place has been asked about.
    pub pacer: Pacer,
}

impl ConcertBoard {
    /// The row.
    #[must_use]
    pub fn row(&self) -> Arc<Concert> {
        Arc::clone(&read(&self.row))
    }

    /// The seats that can be had, as of the last count.
    #[must_use]
    pub fn stock(&self) -> Stock {
        self.stock.get()
    }

    /// How many more people may be let in for the seats that are free.
    #[must_use]
    pub fn most(&self) -> u64 {
        let undecided = self.queue.status().map_or(0, |status| status.undecided);
        self.stock().most(undecided)
    }
}

/// Everything that readers see.
#[derive(Default)]
pub struct Board {
    concerts: RwLock<BTreeMap<ConcertId, Arc<ConcertBoard>>>,
    dates: RwLock<Dates>,
    away: RwLock<Away>,
    /// Sessions that have ended.
    pub ended: Ended,
    shared: bool,
}

impl Board {
    /// The board of a database, of what is not over at `now`. With `shared`, others write to it as
    /// well, and [`Board::hear`] tells when their changes have come.
    #[must_use]
    pub fn from_snapshot(snapshot: Snapshot, now: Time, shared: bool) -> Self {
        let mut rows = Rows::default();
        let board = Self { shared, ..Self::default() };
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
        board.show(&rows, now);
        let concert = |key: &PlaceKey| board.concert(key.concert);
        for key in snapshot.left {
            if let Some(concert) = concert(&key) {
                concert.queue.change().left(key.sequence);
            }
        }
        for key in snapshot.returning {
            if let Some(concert) = concert(&key) {
                concert.queue.change().returning(key.sequence);
            }
        }
        board.ended.add(snapshot.ended);
        board.hear();
        board.retire(now);
        let over = snapshot.known.into_iter().filter(|(id, _)| board.concert(*id).is_none());
        write(&board.away).add(over);
        board
    }

    /// Whether others write to the same database, so that this board may be behind.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.shared
    }

    /// News are here: everything that others had done when they were asked for is shown with them.
    /// Called before they are shown.
    pub fn hear(&self) {
        if self.shared {
            self.concerts().iter().for_each(|concert| concert.queue.change().hear());
        }
    }

    /// Shows what the database holds, instead of what was shown. The measured rate starts anew.
    pub fn refill(&self, snapshot: Snapshot, now: Time) {
        // What was known goes on being known.
        self.ended.add(snapshot.ended.iter().copied());
        let fresh = Self::from_snapshot(snapshot, now, self.shared);
        let concerts = std::mem::take(&mut *write(&fresh.concerts));
        let dates = std::mem::take(&mut *write(&fresh.dates));
        *write(&self.away) = std::mem::take(&mut *write(&fresh.away));
        let before = std::mem::replace(&mut *write(&self.concerts), concerts);
        *write(&self.dates) = dates;
        write(&self.away).left(before.into_keys().filter(|id| self.concert(*id).is_none()));
    }

    /// Takes what is over at `now` off the board, with its dates: it is known by its id alone then.
    /// Whoever is still in its shop keeps it. Called between batches, as [`Board::apply`] is.
    pub fn retire(&self, now: Time) {
        self.ended.forget(now);
        let is_over = |concert: &Arc<ConcertBoard>| {
            let last = read(&self.dates).of(concert.id).last().map(|date| date.starts_at);
            let empty = concert.queue.status().is_none_or(|status| status.active == 0);
            empty && concert.row().is_over(last, now)
        };
        let over: Vec<_> = self.concerts().into_iter().filter(is_over).collect();
        if over.is_empty() {
            return;
        }
        // In this order: it is always found in one of both.
        write(&self.away).add(over.iter().map(|c| (c.id, c.row().is_deleted())));
        for concert in &over {
            write(&self.concerts).remove(&concert.id);
            write(&self.dates).remove(concert.id);
        }
        write(&self.away).left(over.iter().map(|concert| concert.id));
    }

    /// Concerts that have left since this was last asked.
    #[must_use]
    pub fn take_gone(&self) -> Vec<ConcertId> {
        write(&self.away).take_gone()
    }

    /// Whether the concert is over and not shown any more.
    #[must_use]
    pub fn is_over(&self, id: ConcertId) -> bool {
        read(&self.away).is_over(id)
    }

    /// Whether the concert is not shown any more because it was deleted.
    #[must_use]
    pub fn is_deleted(&self, id: ConcertId) -> bool {
        read(&self.away).is_deleted(id)
    }

    /// Whether there is no concert, not even one that is over.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        read(&self.concerts).is_empty() && read(&self.away).is_empty()
    }

    /// Concerts that batches have changed, and that have to be read whole to be shown.
    #[must_use]
    pub fn take_wanted(&self) -> BTreeSet<ConcertId> {
        write(&self.away).take_wanted()
    }

    /// Has a concert read whole.
    pub fn want(&self, id: ConcertId) {
        write(&self.away).want(id);
    }

    /// Shows a concert that was read whole, unless it is over. It appears with all that belongs to it.
    /// One that is shown is replaced, with its dates.
    pub fn bring_back(&self, snapshot: Snapshot, now: Time) {
        let fresh = Self::from_snapshot(snapshot, now, self.shared);
        let dates = std::mem::take(&mut *write(&fresh.dates));
        {
            let mut shown = write(&self.dates);
            read(&fresh.concerts).keys().for_each(|id| shown.remove(*id));
            shown.extend(dates.into_all());
        }
        for (id, concert) in std::mem::take(&mut *write(&fresh.concerts)) {
            write(&self.concerts).insert(id, concert);
            write(&self.away).came_back(id);
        }
    }

    /// The concerts after this one, oldest first, at most `limit`.
    #[must_use]
    pub fn page(&self, after: Option<ConcertId>, limit: usize) -> Vec<Arc<ConcertBoard>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let concerts = read(&self.concerts);
        let shown = concerts.range((from, Bound::Unbounded)).filter(|(_, c)| !c.row().is_deleted());
        shown.take(limit).map(|(_, c)| Arc::clone(c)).collect()
    }

    /// All concerts that are not over, oldest first.
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
        read(&self.dates).get(id)
    }

    /// The dates of a concert in the order of performance.
    #[must_use]
    pub fn dates_of(&self, concert: ConcertId) -> Vec<Arc<DateBoard>> {
        read(&self.dates).of(concert).to_vec()
    }

    /// What a user holds, in whatever concert, as of the last commit.
    #[must_use]
    pub fn holds_of(&self, user: UserId) -> Vec<ReservationId> {
        self.concerts().iter().filter_map(|concert| concert.queue.hold_of(user)).collect()
    }

    /// How many dates are shown.
    #[must_use]
    pub fn date_count(&self) -> usize {
        read(&self.dates).len()
    }

    /// Shows what a batch has changed. Called by the desk after the commit. Of a concert that is over,
    /// or that this board has not heard of, a batch brings a part: it is wanted whole then.
    pub fn apply(&self, rows: &Rows, now: Time) {
        for (id, row, _) in rows.concerts.changed() {
            if self.concert(*id).is_none() && !self.is_whole(*id, row, rows) {
                self.want(*id);
            }
        }
        // What an operator changes of a date is read whole.
        for (id, row, _) in rows.dates.changed() {
            if self.date(*id).is_some_and(|shown| shown.revision != row.revision) {
                self.want(row.concert);
            }
        }
        self.show(rows, now);
    }

    /// Whether a batch brings all dates of a concert that is not shown yet.
    fn is_whole(&self, id: ConcertId, row: &Concert, rows: &Rows) -> bool {
        let dates = rows.dates.changed().filter(|(_, date, _)| date.concert == id);
        let dates = u64::try_from(dates.count()).unwrap_or(u64::MAX);
        !self.is_over(id) && row.date_count <= dates
    }

    fn show(&self, rows: &Rows, now: Time) {
        self.ended.show(rows);
        for (id, row, _) in rows.concerts.changed() {
            self.show_concert(*id, row);
        }
        self.show_queues(rows);
        if self.show_dates(rows, now) {
            self.count(now);
        }
    }

    /// Counts the seats that can be had in each concert. The tick does it again and again: a hold lapses
    /// without anybody changing it.
    pub fn count(&self, now: Time) {
        for concert in self.concerts() {
            let mut stock = Stock::default();
            let dates = self.dates_of(concert.id);
            let on_sale =
                |date: &&Arc<DateBoard>| date.cancelled.is_none() && !now.reached(date.starts_at);
            for date in dates.iter().filter(on_sale) {
                stock.add(date.stock(now));
            }
            stock.is_over = !dates.is_empty() && !dates.iter().any(|date| on_sale(&date));
            concert.stock.set(stock);
        }
    }

    /// A new date is shown once it has its seats, and only with all of them: where others write as well,
    /// a hold on a date that this board has not heard of brings the date's row and the seats held.
    /// Returns whether there was one.
    fn show_dates(&self, rows: &Rows, now: Time) -> bool {
        let new = rows.dates.changed().filter(|(id, row, _)| {
            row.is_live() && self.date(**id).is_none() && !read(&self.away).holds(row.concert)
        });
        let mut new: HashMap<_, _> =
            new.map(|(id, row, _)| (*id, Arc::new(DateBoard::new(*id, row)))).collect();
        if !new.is_empty() {
            let mut seats: HashMap<DateId, u64> = HashMap::new();
            for (key, ..) in rows.seats.changed() {
                *seats.entry(key.date).or_default() += 1;
            }
            new.retain(|id, date| seats.get(id).copied().unwrap_or(0) >= date.total_seats);
        }
        let mut patched: Option<Arc<DateBoard>> = None;
        for (key, seat, _) in rows.seats.changed() {
            if patched.as_ref().is_none_or(|date| date.id != key.date) {
                patched = new.get(&key.date).cloned().or_else(|| self.date(key.date));
            }
            if let Some(date) = &patched {
                date.show(key.number, seat, now);
            }
        }
        let any = !new.is_empty();
        if any {
            write(&self.dates).extend(new.into_values());
        }
        any
    }

    fn show_concert(&self, id: ConcertId, row: &Concert) {
        let row = Arc::new(row.clone());
        if let Some(concert) = self.concert(id) {
            *write(&concert.row) = row;
            return;
        }
        if read(&self.away).holds(id) {
            return;
        }
        let queue = QueueBoard::new(self.shared);
        let (stock, pacer) = (AtomicStock::default(), Pacer::default());
        let concert = ConcertBoard { id, row: RwLock::new(row), stock, queue, pacer };
        write(&self.concerts).insert(id, Arc::new(concert));
    }

    /// Shows each queue's row, places and admissions at once.
    fn show_queues(&self, rows: &Rows) {
        let mut queues = rows.queues.changed().peekable();
        let mut places = rows.places.changed().peekable();
        let mut admissions = rows.admissions.changed().peekable();
        loop {
            // All three come in the order of their concerts.
            let next = [
                queues.peek().map(|(id, ..)| **id),
                places.peek().map(|(key, ..)| key.concert),
                admissions.peek().map(|(key, ..)| key.concert),
            ];
            let Some(id) = next.into_iter().flatten().min() else {
                return;
            };
            let concert = self.concert(id);
            let row = queues.peek().filter(|(key, ..)| **key == id).map(|(_, row, _)| *row);
            let mut drawn = concert.as_ref().zip(row).and_then(|(c, row)| c.queue.drawn(row));
            let mut picture = concert.as_ref().map(|concert| concert.queue.change());
            while let Some((_, row, _)) = queues.next_if(|(key, ..)| **key == id) {
                let drawn = drawn.take();
                if let Some(picture) = &mut picture {
                    picture.show(row, drawn);
                }
            }
            while let Some((key, row, _)) = places.next_if(|(key, ..)| key.concert == id) {
                picture.iter_mut().for_each(|picture| picture.show_place(key.sequence, row));
            }
            while let Some((key, row, _)) = admissions.next_if(|(key, ..)| key.concert == id) {
                picture.iter_mut().for_each(|picture| picture.show_admission(key.sequence, row));
            }
        }
    }
}
