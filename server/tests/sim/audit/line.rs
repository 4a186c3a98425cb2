//! Queues and places, from their rows. Admissions are in `tokens`.

use super::draw::Order;
use super::history::History;
use super::tokens::TokenBook;
use super::{Check, Found, Touched};
use crate::scenario::UNAWARE_MOST;
use boxoffice_core::id::{ConcertId, PlaceKey, QueueId, UserId};
use boxoffice_core::queue::{Place, PlaceStatus, QueueState};
use boxoffice_server::audit::draw_seed;
use boxoffice_server::store::memory::MemoryStore;
use std::collections::BTreeMap;

/// What queues and places were after the last look.
#[derive(Default)]
pub struct LineBook {
    queues: BTreeMap<QueueId, QueueState>,
    places: BTreeMap<PlaceKey, Place>,
    returning: BTreeMap<QueueId, u64>,
    orders: BTreeMap<QueueId, Order>,
    /// The greatest visit of each user in a concert.
    newest: BTreeMap<(UserId, ConcertId), u64>,
    tokens: TokenBook,
}

impl LineBook {
    pub fn batch(
        &mut self,
        found: &mut Found,
        store: &MemoryStore,
        touched: &Touched,
        history: &mut History,
    ) {
        let before = touched.queues.iter().map(|id| (*id, self.queues.get(id).cloned()));
        let before: Vec<_> = before.collect();
        for id in &touched.queues {
            self.queue(found, store, *id);
        }
        for key in &touched.places {
            self.place(found, store, *key);
        }
        self.tokens.batch(found, store, touched, history);
        for (id, before) in before {
            self.passed(found, store, id, before.as_ref());
            self.counters(found, store, id, before.as_ref(), history);
        }
    }

    pub fn full(&mut self, found: &mut Found, store: &MemoryStore) {
        for id in store.queues.keys() {
            self.queue(found, store, *id);
        }
        let mut live: BTreeMap<(UserId, ConcertId), PlaceKey> = BTreeMap::new();
        let mut counts: BTreeMap<QueueId, (u64, u64, u64)> = BTreeMap::new();
        let mut drawn: BTreeMap<(UserId, QueueId), PlaceKey> = BTreeMap::new();
        for (key, row) in &store.places {
            self.place(found, store, *key);
            let count = store.queues.get(&key.queue).and_then(|queue| queue.drawn);
            if count.is_none_or(|count| key.sequence <= count) {
                let other = drawn.insert((row.user, key.queue), *key);
                found.ensure(other.is_none(), Check::OnePlace, || {
                    format!("{key:?} and {other:?} of {} in one draw", row.user)
                });
            }
            let count = counts.entry(key.queue).or_default();
            count.0 += 1;
            count.1 += u64::from(row.status == PlaceStatus::Returning);
            count.2 += u64::from(row.status == PlaceStatus::Waiting);
            let waits = matches!(row.status, PlaceStatus::Waiting | PlaceStatus::Returning);
            let shops = || store.admissions.get(key).is_some_and(|a| a.is_active);
            if waits || shops() {
                let newest = self.newest.get(&(row.user, key.queue.concert));
                found.ensure(newest == Some(&row.visit), Check::OnePlace, || {
                    format!("{key:?} is {row:?}, and not the newest, {newest:?}")
                });
                let other = live.insert((row.user, key.queue.concert), *key);
                found.ensure(other.is_none(), Check::OnePlace, || {
                    format!("{key:?} and {other:?} of {}", row.user)
                });
            }
        }
        let gone = self.places.keys().find(|key| !store.places.contains_key(key));
        found.ensure(gone.is_none(), Check::PlaceRow, || format!("{gone:?} is gone"));
        for (id, queue) in &store.queues {
            let (places, returning, waiting) = counts.get(id).copied().unwrap_or_default();
            found.ensure(queue.tail == places, Check::CursorTail, || {
                format!("{id:?}: tail {}, {places} places", queue.tail)
            });
            found.ensure(queue.waiting == waiting, Check::WaitingCount, || {
                format!("{id:?}: {} and not {waiting}", queue.waiting)
            });
            found.ensure(queue.returning == returning, Check::ReturningCount, || {
                format!("{id:?}: {} and not {returning}", queue.returning)
            });
        }
        self.tokens.full(found, store);
    }

    /// The number that seed and sequence give, once the draw is fixed.
    pub fn number(&self, key: PlaceKey) -> Option<u64> {
        let order = self.orders.get(&key.queue)?;
        Some(order.number(key.sequence))
    }

    /// The cursor's row against what it was.
    fn queue(&mut self, found: &mut Found, store: &MemoryStore, id: QueueId) {
        let Some(row) = store.queues.get(&id) else {
            return;
        };
        found.ensure(row.cursor <= row.tail, Check::CursorTail, || {
            format!("{id:?}: cursor {} of {}", row.cursor, row.tail)
        });
        if let Some(before) = self.queues.get(&id) {
            let forth = row.cursor >= before.cursor && row.tail >= before.tail;
            found.ensure(forth, Check::CursorBack, || {
                format!("{id:?} was {before:?} and is {row:?}")
            });
            let drawn = before.drawn.is_none() || before.drawn == row.drawn;
            let (was, is) = (&before.rule, &row.rule);
            let rule = was.terms == is.terms
                && (was.joined.is_none() || was.joined == is.joined)
                && (was.value.is_none() || was.value == is.value);
            found.ensure(drawn && rule && before.seed == row.seed, Check::DrawFixed, || {
                format!("{id:?} was {before:?} and is {row:?}")
            });
        }
        let fits = row.drawn.map_or(row.cursor == 0, |drawn| drawn <= row.tail);
        found.ensure(fits, Check::DrawFixed, || format!("{id:?} is {row:?}"));
        let given = row.rule.terms.beacon.is_none() || row.rule.value.is_some();
        found.ensure(given || row.cursor == 0 || row.drawn == Some(0), Check::DrawFixed, || {
            format!("{id:?} lets in without the value: {row:?}")
        });
        if let Some(drawn) = row.drawn.filter(|drawn| given || *drawn == 0) {
            let seed = draw_seed(&row.seed, row.rule.value.as_deref());
            let order = || Order::new(&seed, drawn);
            self.orders.entry(id).or_insert_with(order);
        }
        self.queues.insert(id, row.clone());
    }

    /// A place's row: its columns, its past, and its turn.
    fn place(&mut self, found: &mut Found, store: &MemoryStore, key: PlaceKey) {
        let Some(row) = store.places.get(&key) else {
            return;
        };
        let queue = store.queues.get(&key.queue);
        let waits = matches!(row.status, PlaceStatus::Waiting | PlaceStatus::Returning);
        let in_line = queue.is_some_and(|q| (1..=q.tail).contains(&key.sequence));
        let fits = in_line && row.deleted_at.is_none() == waits;
        found.ensure(fits, Check::PlaceRow, || format!("{key:?} is {row:?}"));
        let before = self.places.insert(key, *row);
        // One that was left and is taken up again is the newest, as a new one is.
        let again = before
            .is_some_and(|before| before.status == PlaceStatus::Left && before.visit < row.visit);
        if before.is_none() || again {
            let newest = self.newest.entry((row.user, key.queue.concert)).or_default();
            found.ensure(*newest != row.visit, Check::PlaceRow, || {
                format!("{key:?} is {row:?} after visit {newest:?}")
            });
            *newest = row.visit.max(*newest);
        }
        if let Some(before) = before {
            let fixed = before.user == row.user
                && before.created_at == row.created_at
                && (before.visit == row.visit || again);
            found.ensure(fixed, Check::PlaceRow, || {
                format!("{key:?} was {before:?} and is {row:?}")
            });
            let step = match before.status {
                PlaceStatus::Waiting | PlaceStatus::Returning => true,
                PlaceStatus::Served => row.status != PlaceStatus::Waiting,
                // Until the draw, who comes again stands in the place of before.
                PlaceStatus::Left => {
                    let drawn = queue.is_none_or(|queue| queue.drawn.is_some());
                    let again = !drawn && row.status == PlaceStatus::Waiting;
                    again || row.status == PlaceStatus::Left
                }
            };
            found.ensure(step, Check::PlaceFinal, || {
                format!("{key:?} was {before:?} and is {row:?}")
            });
        }
        let was = before.map(|place| place.status);
        let count = self.returning.entry(key.queue).or_default();
        *count = *count + u64::from(row.status == PlaceStatus::Returning)
            - u64::from(was == Some(PlaceStatus::Returning));
        let passed = self.number(key).map(|n| queue.is_some_and(|q| n <= q.cursor));
        let turn = match row.status {
            PlaceStatus::Waiting => passed != Some(true),
            PlaceStatus::Served | PlaceStatus::Returning => passed == Some(true),
            PlaceStatus::Left => true,
        };
        found.ensure(turn, Check::Order, || {
            format!("{key:?} is {row:?}, number {:?}, {queue:?}", self.number(key))
        });
    }

    /// Nobody whom the cursor has just passed still waits; no place is missing behind the tail.
    fn passed(
        &self,
        found: &mut Found,
        store: &MemoryStore,
        id: QueueId,
        before: Option<&QueueState>,
    ) {
        let Some(row) = store.queues.get(&id) else {
            return;
        };
        let (cursor, tail) = before.map_or((0, 0), |queue| (queue.cursor, queue.tail));
        let order = self.orders.get(&id);
        for number in cursor + 1..=row.cursor {
            let sequence = order.map_or(number, |order| order.sequence(number));
            let place = store.places.get(&PlaceKey { queue: id, sequence });
            let served = place.is_some_and(|place| place.status != PlaceStatus::Waiting);
            found.ensure(served, Check::Order, || {
                format!("{id:?}: number {number} was passed and is {place:?}")
            });
        }
        for sequence in tail + 1..=row.tail {
            let there = store.places.contains_key(&PlaceKey { queue: id, sequence });
            found.ensure(there, Check::CursorTail, || {
                format!("{id:?}: place {sequence} is missing")
            });
        }
    }

    /// The counters of a queue's row, against what was counted along.
    fn counters(
        &self,
        found: &mut Found,
        store: &MemoryStore,
        id: QueueId,
        before: Option<&QueueState>,
        history: &History,
    ) {
        let Some(row) = store.queues.get(&id) else {
            return;
        };
        let active = self.tokens.active(id);
        found.ensure(row.active == active, Check::ActiveCount, || {
            format!("{id:?}: {} and not {active}", row.active)
        });
        let returning = self.returning.get(&id).copied().unwrap_or(0);
        found.ensure(row.returning == returning, Check::ReturningCount, || {
            format!("{id:?}: {} and not {returning}", row.returning)
        });
        // Others are let in for those who are said to be unaware.
        let most = history.max_active(id) + UNAWARE_MOST;
        let most = most.max(before.map_or(0, |b| b.active));
        found.ensure(row.active <= most, Check::ActiveMax, || {
            format!("{id:?}: {} active, {most} allowed", row.active)
        });
    }
}
