//! Admissions, from their rows.

use super::history::History;
use super::{Check, Found, Touched};
use boxoffice_core::id::{PlaceKey, QueueId, ReservationId};
use boxoffice_core::queue::{Admission, AdmissionEnd, PlaceStatus};
use boxoffice_core::reservation::ReservationStatus;
use boxoffice_server::store::memory::MemoryStore;
use std::collections::BTreeMap;

/// What admissions were after the last look.
#[derive(Default)]
pub struct TokenBook {
    rows: BTreeMap<PlaceKey, Admission>,
    active: BTreeMap<QueueId, u64>,
}

impl TokenBook {
    pub fn batch(
        &mut self,
        found: &mut Found,
        store: &MemoryStore,
        touched: &Touched,
        history: &mut History,
    ) {
        let mut admitted: BTreeMap<QueueId, u64> = BTreeMap::new();
        for key in &touched.admissions {
            let Some(row) = store.admissions.get(key) else {
                continue;
            };
            admission(found, store, *key, row);
            let before = self.rows.insert(*key, *row);
            if before.is_none_or(|before| before.admitted_at != row.admitted_at) {
                *admitted.entry(key.queue).or_default() += 1;
            }
            let was = before.is_some_and(|before| before.is_active);
            let count = self.active.entry(key.queue).or_default();
            *count = *count + u64::from(row.is_active) - u64::from(was);
        }
        for id in &touched.reservations {
            hold(found, store, *id);
        }
        let told = history.take_admitted();
        found.ensure(told == admitted, Check::AdmittedCount, || {
            format!("replies tell of {told:?}, rows of {admitted:?}")
        });
    }

    pub fn full(&self, found: &mut Found, store: &MemoryStore) {
        found.ensure(self.rows == store.admissions, Check::AdmissionRow, || {
            "an admission has changed that no batch touched".into()
        });
        let mut active: BTreeMap<QueueId, u64> = BTreeMap::new();
        for (key, row) in &store.admissions {
            admission(found, store, *key, row);
            *active.entry(key.queue).or_default() += u64::from(row.is_active);
        }
        for (id, queue) in &store.queues {
            let counted = active.get(id).copied().unwrap_or(0);
            found.ensure(queue.active == counted, Check::ActiveCount, || {
                format!("{id:?}: {} and not {counted}", queue.active)
            });
        }
        for id in store.reservations.keys() {
            hold(found, store, *id);
        }
    }

    /// Active admissions of a queue, counted along.
    pub fn active(&self, queue: QueueId) -> u64 {
        self.active.get(&queue).copied().unwrap_or(0)
    }
}

/// One admission's row, with its place and what is held under it.
fn admission(found: &mut Found, store: &MemoryStore, key: PlaceKey, row: &Admission) {
    let place = store.places.get(&key);
    let status = place.map(|place| place.status);
    // Whoever comes back to the front waits: not active, and without a reason why it is over.
    let back = status == Some(PlaceStatus::Returning);
    let over = !row.is_active && !back;
    let fits = over == row.end.is_some()
        && row.is_active != row.ended_at.is_some()
        && (row.is_active || row.reservation.is_none())
        && place.is_some_and(|place| place.user == row.user)
        && (!row.is_active || status == Some(PlaceStatus::Served))
        && status != Some(PlaceStatus::Waiting)
        && (row.reservation.is_none() || row.arrived_at.is_some());
    found.ensure(fits, Check::AdmissionRow, || format!("{key:?} is {row:?}, its place {place:?}"));
    let never_came = row.end != Some(AdmissionEnd::NoShow) || row.arrived_at.is_none();
    found.ensure(never_came, Check::AdmissionRow, || format!("{key:?} is {row:?}"));
    if let Some(id) = row.reservation {
        let held = store.reservations.get(&id);
        let same = held.is_some_and(|held| {
            held.status == ReservationStatus::Held
                && held.user == row.user
                && held.expires_at == row.token_expiry
                && held.place == key
        });
        found.ensure(same, Check::AdmissionHold, || {
            format!("{key:?} is {row:?}, its hold {held:?}")
        });
    }
}

/// A held reservation is under its admission, and a paid one under one that has ended.
fn hold(found: &mut Found, store: &MemoryStore, id: ReservationId) {
    let Some(row) = store.reservations.get(&id) else {
        return;
    };
    let admission = store.admissions.get(&row.place);
    let fits = match row.status {
        ReservationStatus::Held => {
            admission.is_some_and(|a| a.is_active && a.reservation == Some(id))
        }
        ReservationStatus::Confirmed | ReservationStatus::Refunded => {
            admission.is_some_and(|a| a.end == Some(AdmissionEnd::Paid))
        }
        ReservationStatus::Expired | ReservationStatus::Cancelled => {
            admission.is_some_and(|a| a.reservation != Some(id))
        }
    };
    found.ensure(fits, Check::AdmissionHold, || format!("{id} is {row:?}, under {admission:?}"));
}
