//! A world in memory: a map for every table of `Rows`. It loads exactly what `Keys` names and
//! saves exactly what `Table::changed` tells. It must never decide anything.

use boxoffice_core::batch::{Envelope, Reply, load_all, run};
use boxoffice_core::command::Command;
use boxoffice_core::concert::{Concert, ConcertDate, Seat};
use boxoffice_core::id::{
    ConcertId, DateId, PlaceKey, ReservationId, SeatKey, SessionId, UserId, Uuid,
};
use boxoffice_core::idempotency::Record;
use boxoffice_core::limits::PLACES_PER_TICK_MAX;
use boxoffice_core::payment::Payment;
use boxoffice_core::queue::{Admission, Place, PlaceStatus, QueueState};
use boxoffice_core::reservation::{Reservation, ReservedSeat};
use boxoffice_core::rows::{Change, Keys, Rows, Table};
use boxoffice_core::session::Session;
use boxoffice_core::time::Time;
use boxoffice_core::user::User;
use boxoffice_core::wallet::{Balance, LedgerEntry};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt::Debug;

/// Every table, and nothing that could be computed from one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
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
    pub idempotency: BTreeMap<(Uuid, String), Record>,
}

impl World {
    /// Load, decide, save: what a desk does, without the desk.
    pub fn run(&mut self, envelopes: &[Envelope], now: Time) -> Vec<Reply> {
        let mut rows = Rows::default();
        let loaded = load_all(envelopes, &mut rows, |keys, rows| {
            self.load(keys, rows);
            Ok::<(), Infallible>(())
        });
        loaded.unwrap();
        let replies = run(envelopes, &mut rows, now);
        self.save(&rows);
        replies
    }

    /// One command without a key, as a batch of its own.
    pub fn run_one(&mut self, command: Command, now: Time) -> Reply {
        let envelope = Envelope { command, key: None };
        self.run(&[envelope], now).remove(0)
    }

    /// The user's newest place in a concert's queue.
    pub fn newest_place(&self, user: UserId, concert: ConcertId) -> Option<PlaceKey> {
        let mine =
            |(key, place): &(&PlaceKey, &Place)| key.concert == concert && place.user == user;
        self.places.iter().rfind(mine).map(|(key, _)| *key)
    }

    fn load(&self, keys: &Keys, rows: &mut Rows) {
        load(&self.users, &keys.users, &mut rows.users);
        load(&self.sessions, &keys.sessions, &mut rows.sessions);
        load(&self.concerts, &keys.concerts, &mut rows.concerts);
        load(&self.dates, &keys.dates, &mut rows.dates);
        load(&self.seats, &keys.seats, &mut rows.seats);
        load(&self.queues, &keys.queues, &mut rows.queues);
        load(&self.places, &keys.places, &mut rows.places);
        load(&self.admissions, &keys.admissions, &mut rows.admissions);
        load(&self.reservations, &keys.reservations, &mut rows.reservations);
        load(&self.reserved_seats, &keys.reserved_seats, &mut rows.reserved_seats);
        load(&self.balances, &keys.balances, &mut rows.balances);
        load(&self.idempotency, &keys.idempotency, &mut rows.idempotency);
        self.load_indexes(keys, rows);
    }

    /// An index of sets always has an entry; where nobody is in it, an empty one.
    fn load_indexes(&self, keys: &Keys, rows: &mut Rows) {
        for name in &keys.usernames {
            let user = self.users.iter().find(|(_, user)| user.look.as_ref() == Some(name));
            rows.usernames.put_loaded(name.clone(), user.map(|(id, _)| *id));
        }
        for &user in &keys.user_sessions {
            let open = |s: &Session| s.user == user && s.ended_at.is_none();
            let ids: BTreeSet<SessionId> =
                self.sessions.iter().filter(|(_, s)| open(s)).map(|(id, _)| *id).collect();
            load(&self.sessions, &ids, &mut rows.sessions);
            rows.user_sessions.put_loaded(user, Some(ids));
        }
        for &concert in &keys.dates_of {
            let live = |date: &ConcertDate| date.concert == concert && date.is_live();
            let ids = self.dates.iter().filter(|(_, date)| live(date)).map(|(id, _)| *id);
            rows.dates_of.put_loaded(concert, Some(ids.collect()));
        }
        for &(user, concert) in &keys.newest_places {
            let newest = self.newest_place(user, concert).map(|key| key.sequence);
            rows.newest_places.put_loaded((user, concert), newest);
        }
        for &concert in &keys.returning {
            let back = self.returning(concert);
            let back = back.take(usize::try_from(PLACES_PER_TICK_MAX).unwrap());
            rows.returning.put_loaded(concert, Some(back.collect()));
        }
        for &(user, date) in &keys.holdings {
            let counts = |r: &Reservation| r.payment.is_some() && r.user == user && r.date == date;
            let ids: BTreeSet<ReservationId> =
                self.reservations.iter().filter(|(_, r)| counts(r)).map(|(id, _)| *id).collect();
            load(&self.reservations, &ids, &mut rows.reservations);
            rows.holdings.put_loaded((user, date), Some(ids));
        }
    }

    /// Sequences of the places that come back to the front, lowest first.
    pub fn returning(&self, concert: ConcertId) -> impl Iterator<Item = u64> {
        let back = move |(key, place): &(&PlaceKey, &Place)| {
            key.concert == concert && place.status == PlaceStatus::Returning
        };
        self.places.iter().filter(back).map(|(key, _)| key.sequence)
    }

    fn save(&mut self, rows: &Rows) {
        save(&rows.users, &mut self.users);
        save(&rows.sessions, &mut self.sessions);
        save(&rows.concerts, &mut self.concerts);
        save(&rows.dates, &mut self.dates);
        save(&rows.seats, &mut self.seats);
        save(&rows.queues, &mut self.queues);
        save(&rows.places, &mut self.places);
        save(&rows.admissions, &mut self.admissions);
        save(&rows.reservations, &mut self.reservations);
        save(&rows.balances, &mut self.balances);
        save(&rows.idempotency, &mut self.idempotency);
        save_new(&rows.reserved_seats, &mut self.reserved_seats);
        save_new(&rows.entries, &mut self.entries);
        save_new(&rows.payments, &mut self.payments);
    }
}

fn load<K: Ord + Clone + Debug, V: Clone>(
    from: &BTreeMap<K, V>,
    keys: &BTreeSet<K>,
    to: &mut Table<K, V>,
) {
    for key in keys {
        to.put_loaded(key.clone(), from.get(key).cloned());
    }
}

/// Saves what changed. An insert over a row, or an update of none, is what a UNIQUE constraint or a
/// row count would tell a real store.
fn save<K: Ord + Clone + Debug, V: Clone>(from: &Table<K, V>, to: &mut BTreeMap<K, V>) {
    for (key, value, change) in from.changed() {
        let before = to.insert(key.clone(), value.clone());
        let expected = match change {
            Change::Insert => before.is_none(),
            Change::Update => before.is_some(),
        };
        assert!(expected, "{change:?} of {key:?}");
    }
}

/// Saves rows of a table that is only ever added to.
fn save_new<K: Ord + Clone + Debug, V: Clone>(from: &Table<K, V>, to: &mut BTreeMap<K, V>) {
    for (key, _, change) in from.changed() {
        assert_eq!(change, Change::Insert, "{key:?} is never changed");
    }
    save(from, to);
}
