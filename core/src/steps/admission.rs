//! The steps of an admission: who may shop, to be let in, to come, to end.

use crate::id::{PlaceKey, UserId};
use crate::refusal::Refusal;
use crate::rows::place::{Admission, AdmissionEnd, PlaceStatus};
use crate::rows::{Keys, Rows, want};
use crate::time::Time;

/// Names what it takes to know whether a place may shop: the admission, or where there is none, the place.
pub(crate) fn token_keys(place: PlaceKey, rows: &Rows, keys: &mut Keys) {
    want(&mut keys.concerts, &rows.concerts, place.queue.concert);
    want(&mut keys.admissions, &rows.admissions, place);
    if rows.admissions.is_loaded(&place) && rows.admissions.peek(&place).is_none() {
        want(&mut keys.places, &rows.places, place);
    }
}

/// Whether `user` may shop with `place` at `now`. Refuses with: token unknown, not admitted, token
/// expired.
pub(crate) fn admitted(rows: &Rows, key: PlaceKey, user: UserId, now: Time) -> Result<(), Refusal> {
    match rows.admissions.get(&key) {
        Some(admission) => {
            ensure!(admission.user == user, Refusal::TokenUnknown);
            ensure!(!admission.is_returning(), Refusal::NotAdmitted);
            ensure!(admission.is_live(now), Refusal::TokenExpired);
            Ok(())
        }
        None => match rows.places.get(&key) {
            Some(place) if place.user != user => Err(Refusal::TokenUnknown),
            Some(place) if place.status == PlaceStatus::Left => Err(Refusal::TokenExpired),
            Some(_) => Err(Refusal::NotAdmitted),
            None => Err(Refusal::TokenUnknown),
        },
    }
}

/// Notes that the user has come: from now on the time to shop runs, not the grace.
pub(crate) fn arrive(rows: &mut Rows, key: PlaceKey, now: Time) {
    if rows.admissions.get(&key).is_none_or(|admission| admission.arrived_at.is_some()) {
        return;
    }
    let ttl = rows.concerts.get(&key.queue.concert).map_or(0, |concert| concert.policy.shop_ttl_ms);
    if let Some(admission) = rows.admissions.update(&key) {
        admission.arrived_at = Some(now);
        admission.shop_until = now.plus_ms(ttl);
        admission.token_expiry = admission.shop_until;
    }
}

/// Ends an active admission and gives its slot back.
pub(crate) fn end_admission(rows: &mut Rows, key: PlaceKey, end: AdmissionEnd, now: Time) {
    if !rows.admissions.get(&key).is_some_and(|admission| admission.is_active) {
        return;
    }
    if let Some(admission) = rows.admissions.update(&key) {
        admission.is_active = false;
        admission.end = Some(end);
        admission.ended_at = Some(now);
        admission.reservation = None;
    }
    if let Some(queue) = rows.queues.update(&key.queue) {
        queue.active = queue.active.saturating_sub(1);
    }
}

/// Notes that a hold under this place has come to nothing, after how long, and whether that is a lapse.
pub(crate) fn count_unpaid(rows: &mut Rows, key: PlaceKey, (held_ms, lapsed): (i64, bool)) {
    if (held_ms > 0 || lapsed)
        && let Some(place) = rows.places.update(&key)
    {
        place.lapses = place.lapses.saturating_add(lapsed.into());
        place.unpaid_ms = place.unpaid_ms.saturating_add(held_ms);
    }
}

/// Lets the place in: the admission starts with the grace to arrive.
pub(crate) fn admit(rows: &mut Rows, key: PlaceKey, grace_ms: i64, now: Time) {
    let Some(place) = rows.places.update(&key) else {
        return;
    };
    let user = place.user;
    place.status = PlaceStatus::Served;
    place.deleted_at = Some(now);
    let returns = rows.admissions.get(&key).map_or(0, |before| before.returns);
    let until = now.plus_ms(grace_ms);
    let admission = Admission {
        user,
        is_active: true,
        token_expiry: until,
        admitted_at: now,
        arrived_at: None,
        shop_until: until,
        reservation: None,
        end: None,
        ended_at: None,
        returns,
    };
    rows.admissions.insert(key, admission);
}

/// Takes a place off those that come back to the front.
pub(crate) fn forget_returning(rows: &mut Rows, key: PlaceKey) {
    if let Some(queue) = rows.queues.update(&key.queue) {
        queue.returning = queue.returning.saturating_sub(1);
    }
    if let Some(returning) = rows.returning.update(&key.queue) {
        returning.remove(&key.sequence);
    }
}
