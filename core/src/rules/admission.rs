//! Admissions: to come to the shop, to run out of time, to be let in.

use crate::draw::Draw;
use crate::id::{ConcertId, PlaceKey, QueueId, UserId};
use crate::limits::{LEFT_PER_TICK_MAX, PLACES_PER_TICK_MAX};
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::rows::place::{Place, PlaceStatus};
use crate::rows::queue::QueueState;
use crate::rows::{Keys, Rows, want};
use crate::rules::Rule;
use crate::steps::admission::{admit, admitted, arrive, forget_returning, token_keys};
use crate::steps::concert::queue_keys;
use crate::steps::hold::{ending_keys, expire};
use crate::time::Time;

/// Places that a tick looks at beyond those that it has room for.
const LOOK_FURTHER: u64 = 16;

/// The user has come to the shop.
#[derive(Clone, Debug)]
pub struct Arrive {
    /// Who.
    pub user: UserId,
    /// Which place.
    pub place: PlaceKey,
}

impl Rule for Arrive {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.place.queue.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        token_keys(self.place, rows, keys);
    }

    /// Refuses with: see [`admitted`].
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        admitted(rows, self.place, self.user, now)?;

        arrive(rows, self.place, now);
        let until = rows.admissions.get(&self.place).map_or(now, |a| a.token_expiry);
        Ok(Outcome::Arrived { until })
    }
}

/// Ends an admission whose time is over, with its hold. The tick proposes; this decides.
#[derive(Clone, Debug)]
pub struct Expire {
    /// Which place.
    pub place: PlaceKey,
}

impl Rule for Expire {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.place.queue.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        ending_keys(self.place, rows, keys);
    }

    /// Never refuses: an admission that is not due is left alone.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        Ok(Outcome::Expired { ended: expire(rows, self.place, now) })
    }
}

/// Lets in as many as there is room for, in turn; whoever comes back goes first.
#[derive(Clone, Debug)]
pub struct Admit {
    /// In which queue.
    pub queue: QueueId,
    /// At most so many: nobody is let in to find no seat. The read model proposes it; more than the
    /// settings allow are never let in.
    pub most: u64,
    /// How many of the next numbers have left, as the read model knows. It says only how far to look:
    /// each place is looked at before it is passed.
    pub left_ahead: u64,
    /// How many of the admitted do not know of it, see [`UNAWARE_AFTER_MS`], as the read model knows. However many are
    /// said to be, the active are at most ten times `max_active`.
    ///
    /// [`UNAWARE_AFTER_MS`]: crate::limits::UNAWARE_AFTER_MS
    pub unaware: u64,
    /// How many were active when they were counted: of as many as have ended since, the unaware are fewer.
    pub active: u64,
}

impl Admit {
    /// As many as the settings allow.
    #[must_use]
    pub const fn of(queue: QueueId) -> Self {
        Self { queue, most: u64::MAX, left_ahead: 0, unaware: 0, active: 0 }
    }

    /// How many are unaware now, at the least.
    const fn unaware(&self, queue: &QueueState) -> u64 {
        self.unaware.saturating_sub(self.active.saturating_sub(queue.active))
    }

    /// The places that this tick may serve or pass, as far as the rows tell.
    fn candidates(&self, rows: &Rows) -> Vec<PlaceKey> {
        let Some(queue) = rows.queues.peek(&self.queue) else {
            return Vec::new();
        };
        let returning = rows.returning.peek(&self.queue);
        let back = returning.into_iter().flatten().copied();
        // The credit is one second's worth at most.
        let rate = queue.settings.admissions_per_second;
        let slots = queue.slots(self.unaware(queue)).min(rate).min(self.most);
        // Some may have left that the read model does not know of yet.
        let look = slots.saturating_add(LOOK_FURTHER).min(PLACES_PER_TICK_MAX);
        let look = look.saturating_add(self.left_ahead.min(LEFT_PER_TICK_MAX));
        let last = queue.tail.min(queue.cursor.saturating_add(look));
        let draw = queue.draw().unwrap_or_else(|| queue.next_draw());
        let next = (queue.cursor + 1..=last).map(|number| draw.sequence_at(number));
        back.chain(next).map(|sequence| PlaceKey { queue: self.queue, sequence }).collect()
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
            let key = PlaceKey { queue: self.queue, sequence };
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

impl Rule for Admit {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.queue.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        queue_keys(self.queue, rows, keys);
        want(&mut keys.returning, &rows.returning, self.queue);
        if !rows.returning.is_loaded(&self.queue) {
            return;
        }
        for place in self.candidates(rows) {
            want(&mut keys.places, &rows.places, place);
            // Nobody who has left is let in: their admissions are not looked for.
            let may_enter = |place: &Place| place.status != PlaceStatus::Left;
            if rows.places.peek(&place).is_some_and(may_enter) {
                want(&mut keys.admissions, &rows.admissions, place);
            }
        }
    }

    /// Refuses with: concert not found, queue not found.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let id = self.queue.concert;
        let concert = rows.concerts.get(&id).ok_or(Refusal::ConcertNotFound)?.clone();
        let mut queue = rows.queues.get(&self.queue).ok_or(Refusal::QueueNotFound)?.clone();

        let before = queue.clone();
        queue.settle(&concert, now);
        let mut room = queue.room(&concert, self.unaware(&before), now).min(self.most);
        let grace_ms = concert.policy.arrival_grace_ms;
        let mut admitted = 0;
        let back = rows.returning.get(&self.queue).cloned().unwrap_or_default();
        for sequence in back {
            let key = PlaceKey { queue: self.queue, sequence };
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
            && let Some(row) = rows.queues.update(&self.queue)
        {
            *row = queue;
        }
        Ok(Outcome::Admitted { count: admitted, more })
    }
}
