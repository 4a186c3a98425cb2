//! The read model: what readers see without asking the database. It is filled from the database at
//! start and patched by the write path after each commit, before anyone is answered. It never decides.

mod best;
mod card;
mod compact;
mod date;
mod dates;
mod ended;
mod over;
mod pacer;
mod proposal;
mod queue;
mod rank_set;
mod span;
mod stock;

pub use best::{Blocks, Claim, Wish};
pub use card::Facts;
pub use compact::{CHANGES_MAX, CompactMap, Grades, Reading, Seats, Zone, Zones};
pub use date::{DateModel, SeatMap};
pub use ended::Ended;
pub use pacer::Pacer;
pub use proposal::Proposal;
pub use queue::{QueueModel, Standing, Status};
pub use span::Span;
pub use stock::Stock;

use stock::AtomicStock;

use crate::store::reads::Snapshot;
use boxoffice_core::concert::Concert;
use boxoffice_core::id::{ConcertId, DateId, PlaceKey, QueueId, ReservationId, UserId};
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
pub struct ConcertModel {
    /// Its id.
    pub id: ConcertId,
    row: RwLock<Arc<Concert>>,
    stock: AtomicStock,
    span: RwLock<Option<Span>>,
    card: card::Card,
    /// The queue that was made with it.
    general: Arc<QueueModel>,
    /// Its other queues.
    others: RwLock<BTreeMap<QueueId, Arc<QueueModel>>>,
}

impl ConcertModel {
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

    /// Its dates and prices in short, as of the last count; `None` without a date that was not cancelled.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        *read(&self.span)
    }

    /// The queue that was made with it, and that is meant where none is named.
    #[must_use]
    pub fn general(&self) -> &QueueModel {
        &self.general
    }

    /// One of its queues.
    #[must_use]
    pub fn queue(&self, id: QueueId) -> Option<Arc<QueueModel>> {
        if id == self.general.id {
            return Some(Arc::clone(&self.general));
        }
        read(&self.others).get(&id).cloned()
    }

    /// One of its queues; an empty one where this read model has not heard of it.
    #[must_use]
    pub fn shown(&self, id: QueueId) -> Arc<QueueModel> {
        self.queue(id).unwrap_or_else(|| Arc::new(QueueModel::new(id, false)))
    }

    /// All its queues, the general one first.
    #[must_use]
    pub fn queues(&self) -> Vec<Arc<QueueModel>> {
        let mut all = vec![Arc::clone(&self.general)];
        all.extend(read(&self.others).values().cloned());
        all
    }

    /// How many more people may be let in for the seats that are free, by whichever queue.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.stock().most(self.queues().iter().map(|queue| queue.undecided()).sum())
    }

    /// Whether a tick has anything to do for it.
    #[must_use]
    pub fn has_work(&self, now: Time) -> bool {
        let (row, most) = (self.row(), self.most());
        let due = |queue: &Arc<QueueModel>| {
            queue.is_due(now) || queue.next_tick(&row, most, now).is_some()
        };
        self.queues().iter().any(due)
    }

    /// A figure of all its queues together.
    #[must_use]
    pub fn sum(&self, of: impl Fn(&Status) -> u64) -> u64 {
        self.queues().iter().filter_map(|queue| queue.status()).map(|status| of(&status)).sum()
    }

    /// Shows a queue that is new.
    fn add(&self, id: QueueId, shared: bool) -> Arc<QueueModel> {
        let queue = Arc::new(QueueModel::new(id, shared));
        write(&self.others).insert(id, Arc::clone(&queue));
        queue
    }
}

/// Places of a queue among the rows of a batch.
fn places_of(rows: &Rows, id: QueueId) -> u64 {
    let places = rows.places.changed().filter(|(key, ..)| key.queue == id);
    u64::try_from(places.count()).unwrap_or(u64::MAX)
}

/// Everything that readers see.
#[derive(Default)]
pub struct ReadModel {
    concerts: RwLock<BTreeMap<ConcertId, Arc<ConcertModel>>>,
    dates: RwLock<Dates>,
    away: RwLock<Away>,
    /// Sessions that have ended.
    pub ended: Ended,
    shared: bool,
}

impl ReadModel {
    /// The read model of a database, of what is not over at `now`. With `shared`, others write to it as
    /// well, and [`ReadModel::hear`] tells when their changes have come.
    #[must_use]
    pub fn from_snapshot(snapshot: Snapshot, now: Time, shared: bool) -> Self {
        let mut rows = Rows::default();
        let read_model = Self { shared, ..Self::default() };
        for (key, row) in snapshot.concerts {
            rows.concerts.insert(key, row);
        }
        let all: Vec<QueueId> = snapshot.queues.iter().map(|(key, _)| *key).collect();
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
        rows.concerts.changed().for_each(|(id, row, _)| read_model.show_concert(*id, row));
        // A snapshot has all of each queue.
        for id in all.into_iter().filter(|id| !id.is_general()) {
            read_model.concert(id.concert).iter().for_each(|concert| {
                concert.add(id, shared);
            });
        }
        read_model.show(&rows, now);
        let queue = |key: &PlaceKey| read_model.concert(key.queue.concert)?.queue(key.queue);
        for key in snapshot.left {
            if let Some(queue) = queue(&key) {
                queue.change().left(key.sequence);
            }
        }
        for key in snapshot.returning {
            if let Some(queue) = queue(&key) {
                queue.change().returning(key.sequence);
            }
        }
        read_model.ended.add(snapshot.ended);
        read_model.hear();
        read_model.retire(now);
        let over = snapshot.known.into_iter().filter(|(id, _)| read_model.concert(*id).is_none());
        write(&read_model.away).add(over);
        read_model
    }

    /// Whether others write to the same database, so that this read model may be behind.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.shared
    }

    /// News are here: everything that others had done when they were asked for is shown with them.
    /// Called before they are shown.
    pub fn hear(&self) {
        if self.shared {
            let concerts = self.concerts();
            let queues = concerts.iter().flat_map(|concert| concert.queues());
            queues.for_each(|queue| queue.change().hear());
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

    /// Takes what is over at `now` off the read model, with its dates: it is known by its id alone then.
    /// Whoever is still in its shop keeps it. Called between batches, as [`ReadModel::apply`] is.
    pub fn retire(&self, now: Time) {
        self.ended.forget(now);
        let is_over = |concert: &Arc<ConcertModel>| {
            let last = read(&self.dates).of(concert.id).last().map(|date| date.starts_at);
            let empty = concert.sum(|status| status.active) == 0;
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
    pub fn page(&self, after: Option<ConcertId>, limit: usize) -> Vec<Arc<ConcertModel>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let concerts = read(&self.concerts);
        let shown = concerts.range((from, Bound::Unbounded)).filter(|(_, c)| !c.row().is_deleted());
        shown.take(limit).map(|(_, c)| Arc::clone(c)).collect()
    }

    /// All concerts that are not over, oldest first.
    #[must_use]
    pub fn concerts(&self) -> Vec<Arc<ConcertModel>> {
        read(&self.concerts).values().cloned().collect()
    }

    /// A concert.
    #[must_use]
    pub fn concert(&self, id: ConcertId) -> Option<Arc<ConcertModel>> {
        read(&self.concerts).get(&id).cloned()
    }

    /// A date.
    #[must_use]
    pub fn date(&self, id: DateId) -> Option<Arc<DateModel>> {
        read(&self.dates).get(id)
    }

    /// The dates of a concert in the order of performance.
    #[must_use]
    pub fn dates_of(&self, concert: ConcertId) -> Vec<Arc<DateModel>> {
        read(&self.dates).of(concert).to_vec()
    }

    /// What a user holds, in whatever concert, as of the last commit.
    #[must_use]
    pub fn holds_of(&self, user: UserId) -> Vec<ReservationId> {
        let concerts = self.concerts();
        let queues = concerts.iter().flat_map(|concert| concert.queues());
        queues.filter_map(|queue| queue.hold_of(user)).collect()
    }

    /// How many dates are shown.
    #[must_use]
    pub fn date_count(&self) -> usize {
        read(&self.dates).len()
    }

    /// Shows what a batch has changed. Called by the write path after the commit. Of a concert that is over, or
    /// of a concert or a queue that this read model has not heard of, a batch brings a part: it is wanted whole
    /// then.
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
        self.meet_queues(rows);
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
                |date: &&Arc<DateModel>| date.cancelled.is_none() && !now.reached(date.starts_at);
            for date in dates.iter().filter(on_sale) {
                stock.add(date.stock(now));
            }
            stock.is_over = !dates.is_empty() && !dates.iter().any(|date| on_sale(&date));
            let cancelled = |date: &Arc<DateModel>| date.cancelled.is_some();
            stock.is_cancelled = !dates.is_empty() && dates.iter().all(cancelled);
            concert.stock.set(stock);
            *write(&concert.span) = Span::of(dates.iter().map(Arc::as_ref));
        }
    }

    /// A new date is shown once it has its seats, and only with all of them: where others write as well,
    /// a hold on a date that this read model has not heard of brings the date's row and the seats held.
    /// Returns whether there was one.
    fn show_dates(&self, rows: &Rows, now: Time) -> bool {
        let new = rows.dates.changed().filter(|(id, row, _)| {
            row.is_live() && self.date(**id).is_none() && !read(&self.away).holds(row.concert)
        });
        let mut new: HashMap<_, _> =
            new.map(|(id, row, _)| (*id, Arc::new(DateModel::new(*id, row)))).collect();
        if !new.is_empty() {
            let mut seats: HashMap<DateId, u64> = HashMap::new();
            for (key, ..) in rows.seats.changed() {
                *seats.entry(key.date).or_default() += 1;
            }
            new.retain(|id, date| seats.get(id).copied().unwrap_or(0) >= date.total_seats);
        }
        let mut patched: Option<Arc<DateModel>> = None;
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
        let general = Arc::new(QueueModel::new(QueueId::general(id), self.shared));
        let (row, stock, others) = (RwLock::new(row), AtomicStock::default(), RwLock::default());
        let span = RwLock::default();
        let concert =
            ConcertModel { id, row, stock, span, card: card::Card::default(), general, others };
        write(&self.concerts).insert(id, Arc::new(concert));
    }

    /// Begins to show queues of which a batch brings all places; others are wanted with their concert.
    fn meet_queues(&self, rows: &Rows) {
        for (id, row, _) in rows.queues.changed() {
            let concert = self.concert(id.concert);
            let Some(concert) = concert.filter(|concert| concert.queue(*id).is_none()) else {
                continue;
            };
            if row.tail == places_of(rows, *id) {
                concert.add(*id, self.shared);
            } else {
                self.want(id.concert);
            }
        }
    }

    /// Shows each queue's row, places and admissions at once.
    fn show_queues(&self, rows: &Rows) {
        let mut queues = rows.queues.changed().peekable();
        let mut places = rows.places.changed().peekable();
        let mut admissions = rows.admissions.changed().peekable();
        loop {
            // All three come in the order of their queues.
            let next = [
                queues.peek().map(|(id, ..)| **id),
                places.peek().map(|(key, ..)| key.queue),
                admissions.peek().map(|(key, ..)| key.queue),
            ];
            let Some(id) = next.into_iter().flatten().min() else {
                return;
            };
            let queue = self.concert(id.concert).and_then(|concert| concert.queue(id));
            let row = queues.peek().filter(|(key, ..)| **key == id).map(|(_, row, _)| *row);
            let mut drawn = queue.as_ref().zip(row).and_then(|(queue, row)| queue.drawn(row));
            let mut picture = queue.as_ref().map(|queue| queue.change());
            while let Some((_, row, _)) = queues.next_if(|(key, ..)| **key == id) {
                let drawn = drawn.take();
                if let Some(picture) = &mut picture {
                    picture.show(row, drawn);
                }
            }
            while let Some((key, row, _)) = places.next_if(|(key, ..)| key.queue == id) {
                picture.iter_mut().for_each(|picture| picture.show_place(key.sequence, row));
            }
            while let Some((key, row, _)) = admissions.next_if(|(key, ..)| key.queue == id) {
                picture.iter_mut().for_each(|picture| picture.show_admission(key.sequence, row));
            }
            drop(picture);
            queue.iter().for_each(|queue| queue.tell());
        }
    }
}
