//! A store in memory, for the simulation: what is committed stays until the process ends.

use super::fault::Fault;
use super::records::{Cell, Record};
use super::{Store, table};
use boxoffice_core::concert::{Concert, ConcertDate, Seat};
use boxoffice_core::id::{
    ConcertId, DateId, PlaceKey, ReservationId, SeatKey, SessionId, UserId, Uuid,
};
use boxoffice_core::idempotency::Record as IdempotencyRecord;
use boxoffice_core::limits::PLACES_PER_TICK_MAX;
use boxoffice_core::payment::Payment;
use boxoffice_core::queue::{Admission, Place, PlaceStatus, QueueState};
use boxoffice_core::reservation::{Reservation, ReservedSeat};
use boxoffice_core::rows::{Keys, Rows, Table};
use boxoffice_core::session::Session;
use boxoffice_core::time::Time;
use boxoffice_core::user::User;
use boxoffice_core::wallet::{Balance, LedgerEntry};
use std::collections::{BTreeMap, BTreeSet};

/// A table's name with its rows as cells, in key order: what stores are compared by.
pub type Dump = BTreeMap<&'static str, Vec<Vec<Cell<'static>>>>;

/// All rows, by table.
#[derive(Default)]
#[expect(missing_docs, reason = "each is the table of that name in Rows")]
pub struct MemoryStore {
    pub users: BTreeMap<UserId, User>,
    pub sessions: BTreeMap<SessionId, Session>,
    pub concerts: BTreeMap<ConcertId, Concert>,
    pub dates: BTreeMap<DateId, ConcertDate>,
    pub seats: BTreeMap<SeatKey, Seat>,
    pub queues: BTreeMap<ConcertId, QueueState>,
    pub places: BTreeMap<PlaceKey, Place>,
    pub admissions: BTreeMap<PlaceKey, Admission>,
    pub reservations: BTreeMap<ReservationId, Reservation>,
    pub reserved_seats: BTreeMap<ReservationId, Vec<ReservedSeat>>,
    pub balances: BTreeMap<UserId, Balance>,
    pub entries: BTreeMap<(UserId, u64), LedgerEntry>,
    pub payments: BTreeMap<ReservationId, Payment>,
    pub idempotency: BTreeMap<(Uuid, String), IdempotencyRecord>,
    usernames: BTreeMap<String, UserId>,
    user_sessions: BTreeMap<UserId, BTreeSet<SessionId>>,
    dates_of: BTreeMap<ConcertId, BTreeSet<DateId>>,
    newest_places: BTreeMap<(UserId, ConcertId), u64>,
    returning: BTreeMap<ConcertId, BTreeSet<u64>>,
    claims: BTreeMap<(UserId, DateId), BTreeSet<ReservationId>>,
    seat_count: i64,
    pending: Option<Rows>,
}

fn fetch<K: Ord + Clone + std::fmt::Debug, V: Clone>(
    from: &BTreeMap<K, V>,
    keys: &BTreeSet<K>,
    into: &mut Table<K, V>,
) {
    for key in keys {
        into.put_loaded(key.clone(), from.get(key).cloned());
    }
}

fn keep<K: Ord + Clone + std::fmt::Debug, V: Clone>(from: &Table<K, V>, into: &mut BTreeMap<K, V>) {
    for (key, row, _) in from.changed() {
        into.insert(key.clone(), row.clone());
    }
}

impl MemoryStore {
    fn load_indexes(&self, keys: &Keys, rows: &mut Rows) {
        fetch(&self.usernames, &keys.usernames, &mut rows.usernames);
        for concert in &keys.dates_of {
            let dates = self.dates_of.get(concert).cloned().unwrap_or_default();
            rows.dates_of.put_loaded(*concert, Some(dates));
        }
        fetch(&self.newest_places, &keys.newest_places, &mut rows.newest_places);
        for user in &keys.user_sessions {
            let open = self.user_sessions.get(user).cloned().unwrap_or_default();
            fetch(&self.sessions, &open, &mut rows.sessions);
            rows.user_sessions.put_loaded(*user, Some(open));
        }
        for concert in &keys.returning {
            let most = usize::try_from(PLACES_PER_TICK_MAX).unwrap_or(usize::MAX);
            let all = self.returning.get(concert).into_iter().flatten().take(most);
            rows.returning.put_loaded(*concert, Some(all.copied().collect()));
        }
        for key in &keys.holdings {
            let claims = self.claims.get(key).cloned().unwrap_or_default();
            fetch(&self.reservations, &claims, &mut rows.reservations);
            rows.holdings.put_loaded(*key, Some(claims));
        }
    }

    fn apply(&mut self, rows: &Rows) {
        // A deleted account gives its name back.
        for (id, user, _) in rows.users.changed() {
            if let Some(before) = self.users.get(id).filter(|old| old.look != user.look) {
                before.look.iter().for_each(|look| {
                    self.usernames.remove(look);
                });
            }
        }
        keep(&rows.users, &mut self.users);
        keep(&rows.sessions, &mut self.sessions);
        keep(&rows.concerts, &mut self.concerts);
        keep(&rows.dates, &mut self.dates);
        for (key, seat, _) in rows.seats.changed() {
            let mut seat = seat.clone();
            if seat.seat_id == 0 {
                self.seat_count += 1;
                seat.seat_id = self.seat_count;
            }
            self.seats.insert(*key, seat);
        }
        keep(&rows.queues, &mut self.queues);
        keep(&rows.places, &mut self.places);
        keep(&rows.admissions, &mut self.admissions);
        keep(&rows.reservations, &mut self.reservations);
        keep(&rows.reserved_seats, &mut self.reserved_seats);
        keep(&rows.balances, &mut self.balances);
        keep(&rows.entries, &mut self.entries);
        keep(&rows.payments, &mut self.payments);
        keep(&rows.idempotency, &mut self.idempotency);
        self.index(rows);
    }

    fn index(&mut self, rows: &Rows) {
        for (id, user, _) in rows.users.changed() {
            let look = user.look.iter().map(|look| (look.clone(), *id));
            self.usernames.extend(look);
        }
        for (id, session, _) in rows.sessions.changed() {
            let open = self.user_sessions.entry(session.user).or_default();
            if session.ended_at.is_none() {
                open.insert(*id);
            } else {
                open.remove(id);
            }
        }
        for (id, date, _) in rows.dates.changed() {
            let dates = self.dates_of.entry(date.concert).or_default();
            if date.is_live() {
                dates.insert(*id);
            } else {
                dates.remove(id);
            }
        }
        for (key, place, _) in rows.places.changed() {
            let newest = self.newest_places.entry((place.user, key.concert)).or_default();
            *newest = (*newest).max(key.sequence);
            let returning = self.returning.entry(key.concert).or_default();
            if place.status == PlaceStatus::Returning {
                returning.insert(key.sequence);
            } else {
                returning.remove(&key.sequence);
            }
        }
        let reservations = rows.reservations.changed();
        for (id, reservation, _) in reservations.filter(|(_, row, _)| row.payment.is_some()) {
            self.claims.entry((reservation.user, reservation.date)).or_default().insert(*id);
        }
    }

    /// Every row of every table, for comparing stores.
    #[must_use]
    pub fn dump(&self) -> Dump {
        fn lines<'a, R: Record + 'a>(
            rows: impl IntoIterator<Item = (&'a R::Key, &'a R)>,
        ) -> Vec<Vec<Cell<'static>>>
        where
            R::Key: 'a,
        {
            let row = |(key, row)| R::cells(key, row).into_iter().map(Cell::into_owned).collect();
            let mut lines: Vec<Vec<_>> = rows.into_iter().map(row).collect();
            lines.sort();
            lines
        }
        let seats = self.reserved_seats.iter().flat_map(|(k, all)| all.iter().map(move |s| (k, s)));
        BTreeMap::from([
            (table::USER.name, lines(&self.users)),
            (table::SESSION.name, lines(&self.sessions)),
            (table::CONCERT.name, lines(&self.concerts)),
            (table::CONCERT_DATE.name, lines(&self.dates)),
            (table::SEAT.name, lines(&self.seats)),
            (table::QUEUE_STATE.name, lines(&self.queues)),
            (table::WAITING_QUEUE.name, lines(&self.places)),
            (table::USER_TOKEN.name, lines(&self.admissions)),
            (table::RESERVATION.name, lines(&self.reservations)),
            (table::RESERVATION_SEAT.name, lines(seats)),
            (table::AMOUNT.name, lines(&self.payments)),
            (table::BALANCE.name, lines(&self.balances)),
            (table::BALANCE_ENTRY.name, lines(&self.entries)),
            (table::IDEMPOTENCY_KEY.name, lines(&self.idempotency)),
            (table::API_KEY.name, Vec::new()),
            (table::SALE_SETTING.name, Vec::new()),
        ])
    }
}

impl Store for MemoryStore {
    fn begin(&mut self) -> Result<(), Fault> {
        self.pending = None;
        Ok(())
    }

    fn load(&mut self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        fetch(&self.users, &keys.users, &mut rows.users);
        fetch(&self.sessions, &keys.sessions, &mut rows.sessions);
        fetch(&self.concerts, &keys.concerts, &mut rows.concerts);
        fetch(&self.dates, &keys.dates, &mut rows.dates);
        fetch(&self.seats, &keys.seats, &mut rows.seats);
        fetch(&self.queues, &keys.queues, &mut rows.queues);
        fetch(&self.places, &keys.places, &mut rows.places);
        fetch(&self.admissions, &keys.admissions, &mut rows.admissions);
        fetch(&self.reservations, &keys.reservations, &mut rows.reservations);
        for id in &keys.reserved_seats {
            let seats = self.reserved_seats.get(id).cloned().unwrap_or_default();
            rows.reserved_seats.put_loaded(*id, Some(seats));
        }
        fetch(&self.balances, &keys.balances, &mut rows.balances);
        fetch(&self.idempotency, &keys.idempotency, &mut rows.idempotency);
        self.load_indexes(keys, rows);
        Ok(())
    }

    fn save(&mut self, rows: &Rows) -> Result<(), Fault> {
        self.pending = Some(rows.clone());
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Fault> {
        if let Some(rows) = self.pending.take() {
            self.apply(&rows);
        }
        Ok(())
    }

    fn rollback(&mut self) {
        self.pending = None;
    }

    fn prune(&mut self, cutoff: Time, limit: usize) -> Result<usize, Fault> {
        let old = self.idempotency.iter().filter(|(_, record)| record.created_at < cutoff);
        let old: Vec<_> = old.map(|(key, _)| key.clone()).take(limit).collect();
        for key in &old {
            self.idempotency.remove(key);
        }
        Ok(old.len())
    }
}
