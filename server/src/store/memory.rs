//! A store in memory, for the simulation: what is committed stays until the process ends.

use super::Store;
use super::events::{ONLY_NODE, old};
use super::fault::Fault;
use super::records::{Cell, Record};
use super::table::{API_KEY, SALE_SETTING, TICKET_KEY};
use boxoffice_core::id::EventKey;
use boxoffice_core::limits::PLACES_PER_TICK_MAX;
use boxoffice_core::queue::PlaceStatus;
use boxoffice_core::rows::{Keys, Rows, Set, Table};
use boxoffice_core::time::Time;
use boxoffice_core::{entry_of, tables};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// A table's name with its rows as cells, in key order: what stores are compared by.
pub type Dump = BTreeMap<&'static str, Vec<Vec<Cell<'static>>>>;

macro_rules! memory {
    ($($kind:ident $field:ident: $key:ty => $row:ty;)*) => {
        /// All rows, by table, and the indexes.
        #[derive(Default)]
        #[expect(missing_docs, reason = "each is the table of that name in Rows")]
        pub struct MemoryStore {
            $(pub $field: BTreeMap<$key, entry_of!($kind $row)>,)*
            seat_count: i64,
            pending: Option<Rows>,
        }
    };
}
tables!(all memory);

fn fetch<K: Ord + Clone + Debug, V: Clone>(
    from: &BTreeMap<K, V>,
    keys: &Set<K>,
    into: &mut Table<K, V>,
) {
    for key in keys {
        into.put_loaded(key.clone(), from.get(key).cloned());
    }
}

fn keep<K: Ord + Clone + Debug, V: Clone>(from: &Table<K, V>, into: &mut BTreeMap<K, V>) {
    for (key, row, _) in from.changed() {
        into.insert(key.clone(), row.clone());
    }
}

/// An index of sets has an entry for each key; an empty one where there is nothing.
fn fetch_sets<K: Ord + Clone + Debug, V: Clone>(
    from: &BTreeMap<K, Set<V>>,
    keys: &Set<K>,
    into: &mut Table<K, Set<V>>,
) {
    for key in keys {
        into.put_loaded(key.clone(), Some(from.get(key).cloned().unwrap_or_default()));
    }
}

impl MemoryStore {
    fn usernames(&self, keys: &Keys, rows: &mut Rows) {
        fetch(&self.usernames, &keys.usernames, &mut rows.usernames);
    }

    fn newest_places(&self, keys: &Keys, rows: &mut Rows) {
        fetch(&self.newest_places, &keys.newest_places, &mut rows.newest_places);
    }

    fn queues_of(&self, keys: &Keys, rows: &mut Rows) {
        fetch_sets(&self.queues_of, &keys.queues_of, &mut rows.queues_of);
    }

    fn dates_of(&self, keys: &Keys, rows: &mut Rows) {
        fetch_sets(&self.dates_of, &keys.dates_of, &mut rows.dates_of);
    }

    fn user_sessions(&self, keys: &Keys, rows: &mut Rows) {
        fetch_sets(&self.user_sessions, &keys.user_sessions, &mut rows.user_sessions);
        for open in keys.user_sessions.iter().filter_map(|user| self.user_sessions.get(user)) {
            fetch(&self.sessions, open, &mut rows.sessions);
        }
    }

    fn returning(&self, keys: &Keys, rows: &mut Rows) {
        for queue in &keys.returning {
            let most = usize::try_from(PLACES_PER_TICK_MAX).unwrap_or(usize::MAX);
            let all = self.returning.get(queue).into_iter().flatten().take(most);
            rows.returning.put_loaded(*queue, Some(all.copied().collect()));
        }
    }

    fn holdings(&self, keys: &Keys, rows: &mut Rows) {
        fetch_sets(&self.holdings, &keys.holdings, &mut rows.holdings);
        for paid in keys.holdings.iter().filter_map(|key| self.holdings.get(key)) {
            fetch(&self.reservations, paid, &mut rows.reservations);
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
        macro_rules! apply {
            (index $($line:tt)*) => {};
            ($kind:ident $field:ident: $key:ty => $row:ty) => {
                keep(&rows.$field, &mut self.$field);
            };
        }
        tables!(each apply);
        for (key, _, _) in rows.seats.changed() {
            if let Some(seat) = self.seats.get_mut(key).filter(|seat| seat.seat_id == 0) {
                self.seat_count += 1;
                seat.seat_id = self.seat_count;
            }
        }
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
        for (id, _, _) in rows.queues.changed() {
            self.queues_of.entry(id.concert).or_default().insert(*id);
        }
        for (key, place, _) in rows.places.changed() {
            let newest = self.newest_places.entry((place.user, key.queue.concert)).or_insert(*key);
            if self.places.get(newest).is_some_and(|before| before.visit < place.visit) {
                *newest = *key;
            }
            let returning = self.returning.entry(key.queue).or_default();
            if place.status == PlaceStatus::Returning {
                returning.insert(key.sequence);
            } else {
                returning.remove(&key.sequence);
            }
        }
        let reservations = rows.reservations.changed();
        for (id, reservation, _) in reservations.filter(|(_, row, _)| row.payment.is_some()) {
            self.holdings.entry((reservation.user, reservation.date)).or_default().insert(*id);
        }
    }

    /// Every row of every table, for comparing stores.
    #[must_use]
    pub fn dump(&self) -> Dump {
        // As the migrations leave them.
        let since = [Cell::Text("events_since".into()), Cell::Text("0".into())];
        let settings = vec![since.to_vec()];
        let mut dump = Dump::from([
            (API_KEY.name, Vec::new()),
            (TICKET_KEY.name, Vec::new()),
            (SALE_SETTING.name, settings),
        ]);
        macro_rules! dump {
            (index $($line:tt)*) => {};
            (list $field:ident: $key:ty => $row:ty) => {
                let all = self.$field.iter();
                let rows = all.flat_map(|(key, list)| list.iter().map(move |row| (key, row)));
                dump.insert(<$row as Record>::TABLE.name, lines(rows));
            };
            ($kind:ident $field:ident: $key:ty => $row:ty) => {
                dump.insert(<$row as Record>::TABLE.name, lines::<$row>(&self.$field));
            };
        }
        tables!(each dump);
        dump
    }
}

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

impl Store for MemoryStore {
    fn begin(&mut self) -> Result<(), Fault> {
        self.pending = None;
        Ok(())
    }

    fn load(&mut self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        macro_rules! load {
            (row $field:ident: $key:ty => $row:ty) => {
                fetch(&self.$field, &keys.$field, &mut rows.$field);
            };
            (list $field:ident: $key:ty => $row:ty) => {
                for key in &keys.$field {
                    let all = self.$field.get(key).cloned().unwrap_or_default();
                    rows.$field.put_loaded(*key, Some(all));
                }
            };
            (index $field:ident: $key:ty => $row:ty) => {
                self.$field(keys, rows);
            };
            (added $($line:tt)*) => {};
        }
        tables!(each load);
        let last = self.events.last_key_value().map_or(0, |(key, _)| key.number);
        rows.number_events_from(EventKey { node: ONLY_NODE, number: last + 1 });
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

    fn prune_events(&mut self, cutoff: Time, limit: usize) -> Result<usize, Fault> {
        let first = self.events.iter().map(|(key, event)| (key.number, event.created_at));
        let first: Vec<_> = first.take(limit.saturating_add(1)).collect();
        let Some(last) = old(&first, cutoff, limit) else { return Ok(0) };
        let before = self.events.len();
        self.events.retain(|key, _| key.number > last);
        Ok(before - self.events.len())
    }
}
