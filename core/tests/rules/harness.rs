//! A world in memory: a map for every table of `Rows`. It loads exactly what `Keys` names and
//! saves exactly what `Table::changed` tells. It must never decide anything.

use boxoffice_core::batch::{Envelope, Reply, load_all, run};
use boxoffice_core::command::Command;
use boxoffice_core::concert::ConcertDate;
use boxoffice_core::id::{
    ConcertId, EventKey, PlaceKey, QueueId, ReservationId, SessionId, UserId,
};
use boxoffice_core::limits::PLACES_PER_TICK_MAX;
use boxoffice_core::queue::{Place, PlaceStatus};
use boxoffice_core::reservation::Reservation;
use boxoffice_core::rows::{Change, Keys, Rows, Table};
use boxoffice_core::session::Session;
use boxoffice_core::time::Time;
use boxoffice_core::{entry_of, tables};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt::Debug;

macro_rules! world {
    ($($kind:ident $field:ident: $key:ty => $row:ty;)*) => {
        /// Every table, and nothing that could be computed from one.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct World {
            $(pub $field: BTreeMap<$key, entry_of!($kind $row)>,)*
        }
    };
}
tables!(without index world);

impl World {
    /// Load, decide, save: what a write path does, without the write path.
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

    /// The queues whose rows a command loads, and so locks.
    pub fn queues_of(&self, command: Command) -> BTreeSet<QueueId> {
        let mut queues = BTreeSet::new();
        let envelope = Envelope { command, key: None };
        let loaded = load_all(&[envelope], &mut Rows::default(), |keys, rows| {
            queues.extend(&keys.queues);
            self.load(keys, rows);
            Ok::<(), Infallible>(())
        });
        loaded.unwrap();
        queues
    }

    /// The user's newest place in a concert, whatever its queue.
    pub fn newest_place(&self, user: UserId, concert: ConcertId) -> Option<PlaceKey> {
        let mine =
            |(key, place): &(&PlaceKey, &Place)| key.queue.concert == concert && place.user == user;
        let newest = self.places.iter().filter(mine).max_by_key(|(_, place)| place.visit);
        newest.map(|(key, _)| *key)
    }

    fn load(&self, keys: &Keys, rows: &mut Rows) {
        macro_rules! load {
            (index $($line:tt)*) => {};
            (added $($line:tt)*) => {};
            ($kind:ident $field:ident: $key:ty => $row:ty) => {
                load(&self.$field, &keys.$field, &mut rows.$field);
            };
        }
        tables!(each load);
        self.load_indexes(keys, rows);
        let last = self.events.last_key_value().map_or(0, |(key, _)| key.number);
        rows.number_events_from(EventKey { node: 1, number: last + 1 });
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
            let newest = self.newest_place(user, concert);
            rows.newest_places.put_loaded((user, concert), newest);
        }
        for &queue in &keys.returning {
            let back = self.returning(queue);
            let back = back.take(usize::try_from(PLACES_PER_TICK_MAX).unwrap());
            rows.returning.put_loaded(queue, Some(back.collect()));
        }
        for &concert in &keys.queues_of {
            let all = self.queues.keys().copied().filter(|queue| queue.concert == concert);
            rows.queues_of.put_loaded(concert, Some(all.collect()));
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
    pub fn returning(&self, queue: QueueId) -> impl Iterator<Item = u64> {
        let back = move |(key, place): &(&PlaceKey, &Place)| {
            key.queue == queue && place.status == PlaceStatus::Returning
        };
        self.places.iter().filter(back).map(|(key, _)| key.sequence)
    }

    fn save(&mut self, rows: &Rows) {
        macro_rules! save {
            (index $($line:tt)*) => {};
            (row $field:ident: $key:ty => $row:ty) => {
                save(&rows.$field, &mut self.$field);
            };
            ($kind:ident $field:ident: $key:ty => $row:ty) => {
                save_new(&rows.$field, &mut self.$field);
            };
        }
        tables!(each save);
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
            Change::Update | Change::Rewrite => before.is_some(),
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
