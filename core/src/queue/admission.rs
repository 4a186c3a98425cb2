//! Admissions: to be let in, to come, to run out of time.

use super::place::forget_returning;
use super::{Admission, AdmissionEnd, Place, PlaceStatus, QueueState};
use crate::draw::Draw;
use crate::id::{ConcertId, PlaceKey, UserId};
use crate::limits::{LEFT_PER_TICK_MAX, PLACES_PER_TICK_MAX};
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::reservation;
use crate::rows::Rows;
use crate::time::Time;

/// Places that a tick looks at beyond those that it has room for.
const LOOK_FURTHER: u64 = 16;

/// Whether `user` may shop with `place` at `now`. Refuses with: token unknown, not admitted, token
/// expired.
pub fn admitted(rows: &Rows, key: PlaceKey, user: UserId, now: Time) -> Result<(), Refusal> {
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
    let ttl = rows.concerts.get(&key.concert).map_or(0, |concert| concert.policy.shop_ttl_ms);
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
    if let Some(queue) = rows.queues.update(&key.concert) {
        queue.active = queue.active.saturating_sub(1);
    }
}

/// Notes that a hold under this place has come to nothing.
pub(crate) fn count_lapse(rows: &mut Rows, key: PlaceKey) {
    if let Some(place) = rows.places.update(&key) {
        place.lapses = place.lapses.saturating_add(1);
    }
}

/// Ends an admission whose time is over, with its hold. Returns whether it did.
pub(super) fn expire(rows: &mut Rows, key: PlaceKey, now: Time) -> bool {
    let Some(admission) = rows.admissions.get(&key).copied() else {
        return false;
    };
    if !admission.is_active || admission.is_live(now) {
        return false;
    }
    let lapsed = admission.reservation.is_some_and(|id| reservation::lapse(rows, id, now));
    if lapsed {
        count_lapse(rows, key);
    }
    let end = match (lapsed, admission.arrived_at) {
        (true, _) => AdmissionEnd::HoldLapsed,
        (false, Some(_)) => AdmissionEnd::TimedOut,
        (false, None) => AdmissionEnd::NoShow,
    };
    end_admission(rows, key, end, now);
    true
}

/// Lets the place in: the admission starts with the grace to arrive.
pub(super) fn admit(rows: &mut Rows, key: PlaceKey, grace_ms: i64, now: Time) {
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

/// The user has come to the shop.
#[derive(Clone, Debug)]
pub struct Arrive {
    /// Who.
    pub user: UserId,
    /// Which place.
    pub place: PlaceKey,
}

impl Arrive {
    /// Refuses with: see [`admitted`].
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        admitted(rows, self.place, self.user, now)?;

        arrive(rows, self.place, now);
        let until = rows.admissions.get(&self.place).map_or(now, |a| a.token_expiry);
        Ok(Outcome::Arrived { until })
    }
}

/// Ends an admission whose time is over, with its hold. The sweeper proposes; this decides.
#[derive(Clone, Debug)]
pub struct Expire {
    /// Which place.
    pub place: PlaceKey,
}

impl Expire {
    /// Never refuses: an admission that is not due is left alone.
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Outcome {
        Outcome::Expired { ended: expire(rows, self.place, now) }
    }
}

/// Lets in as many as there is room for, in turn; whoever comes back goes first.
#[derive(Clone, Debug)]
pub struct Admit {
    /// In which queue.
    pub concert: ConcertId,
    /// At most so many: nobody is let in to find no seat. The read model proposes it; more than the
    /// settings allow are never let in.
    pub most: u64,
    /// How many of the next numbers have left, as the read model knows. It says only how far to look:
    /// each place is looked at before it is passed.
    pub left_ahead: u64,
}

impl Admit {
    /// As many as the settings allow.
    #[must_use]
    pub const fn of(concert: ConcertId) -> Self {
        Self { concert, most: u64::MAX, left_ahead: 0 }
    }

    /// The places that this tick may serve or pass, as far as the rows tell.
    pub(crate) fn candidates(&self, rows: &Rows) -> Vec<PlaceKey> {
        let Some(queue) = rows.queues.peek(&self.concert) else {
            return Vec::new();
        };
        let returning = rows.returning.peek(&self.concert);
        let back = returning.into_iter().flatten().copied();
        let settings = &queue.settings;
        // The credit is one second's worth at most.
        let rate = settings.admissions_per_second;
        let slots = settings.max_active.saturating_sub(queue.active).min(rate).min(self.most);
        // Some may have left that the read model does not know of yet.
        let look = slots.saturating_add(LOOK_FURTHER).min(PLACES_PER_TICK_MAX);
        let look = look.saturating_add(self.left_ahead.min(LEFT_PER_TICK_MAX));
        let last = queue.tail.min(queue.cursor.saturating_add(look));
        let draw = queue.draw().unwrap_or_else(|| queue.next_draw());
        let next = (queue.cursor + 1..=last).map(|number| draw.sequence_at(number));
        back.chain(next).map(|sequence| PlaceKey { concert: self.concert, sequence }).collect()
    }

    /// Refuses with: concert not found.
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let concert = rows.concerts.get(&self.concert).ok_or(Refusal::ConcertNotFound)?.clone();
        let mut queue = rows.queues.get(&self.concert).ok_or(Refusal::ConcertNotFound)?.clone();

        let before = queue.clone();
        queue.settle(&concert, now);
        let mut room = queue.room(&concert, now).min(self.most);
        let grace_ms = concert.policy.arrival_grace_ms;
        let mut admitted = 0;
        let back = rows.returning.get(&self.concert).cloned().unwrap_or_default();
        for sequence in back {
            let key = PlaceKey { concert: self.concert, sequence };
            if room == 0 || !rows.places.is_loaded(&key) {
                break;
            }
            forget_returning(rows, key);
            queue.returning = queue.returning.saturating_sub(1);
            admit(rows, key, grace_ms, now);
            queue.spend();
            room -= 1;
            admitted += 1;
        }
        // Nobody is served before all who came back.
        if queue.returning == 0
            && let Some(draw) = queue.draw()
        {
            admitted += self.admit_next(rows, &mut queue, &draw, (&mut room, grace_ms), now);
        }
        let clock_reset = queue.credit_at < before.credit_at;
        let moved = queue.cursor != before.cursor || queue.drawn != before.drawn;
        let somebody = queue.returning > 0 || queue.cursor < queue.tail;
        let more = room > 0 && somebody && (admitted > 0 || moved);
        if (admitted > 0 || moved || clock_reset)
            && let Some(row) = rows.queues.update(&self.concert)
        {
            *row = queue;
        }
        Ok(Outcome::Admitted { count: admitted, more })
    }

    fn admit_next(
        &self,
        rows: &mut Rows,
        queue: &mut QueueState,
        draw: &Draw,
        (room, grace_ms): (&mut u64, i64),
        now: Time,
    ) -> u64 {
        let mut admitted = 0;
        while *room > 0 && queue.cursor < queue.tail {
            let sequence = draw.sequence_at(queue.cursor + 1);
            let key = PlaceKey { concert: self.concert, sequence };
            if !rows.places.is_loaded(&key) {
                break;
            }
            queue.cursor += 1;
            let waits = |place: &Place| place.status == PlaceStatus::Waiting;
            if rows.places.get(&key).is_some_and(waits) {
                admit(rows, key, grace_ms, now);
                queue.waiting = queue.waiting.saturating_sub(1);
                queue.spend();
                *room -= 1;
                admitted += 1;
            }
        }
        admitted
    }
}
