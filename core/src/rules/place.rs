//! Places in line: to join, to come back, to leave.

use crate::id::{ConcertId, PlaceKey, QueueId, UserId};
use crate::limits::LAPSES_MAX;
use crate::outcome::{Outcome, Ticket, TicketState};
use crate::refusal::Refusal;
use crate::rows::concert::{Concert, Policy};
use crate::rows::place::{Admission, AdmissionEnd, LeftPlace, Place, PlaceStatus};
use crate::rows::queue::QueueState;
use crate::rows::reservation::Reservation;
use crate::rows::{Keys, Rows, want};
use crate::rules::Rule;
use crate::steps::admission::{admit, end_admission, forget_returning};
use crate::steps::concert::queue_keys;
use crate::steps::hold::{ending_keys, expire, release};
use crate::time::Time;

/// Asks for a place in line, or for the one that the user has.
#[derive(Clone, Debug)]
pub struct Join {
    /// Who.
    pub user: UserId,
    /// In which queue.
    pub queue: QueueId,
    /// Whether to be let in at once is of use, as the read model knows: not where no seat is free.
    pub may_enter: bool,
}

impl Join {
    /// A place, or admission at once where nobody waits and there is room.
    #[must_use]
    pub const fn of(user: UserId, queue: QueueId) -> Self {
        Self { user, queue, may_enter: true }
    }

    /// What the user's newest place is found by.
    const fn whose(&self) -> (UserId, ConcertId) {
        (self.user, self.queue.concert)
    }
}

impl Rule for Join {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.queue.concert)
    }

    /// The general queue is locked for every queue of the concert: of two joins of one user the second
    /// finds the place of the first, whichever queues they name.
    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        queue_keys(self.queue, rows, keys);
        want(&mut keys.queues, &rows.queues, QueueId::general(self.queue.concert));
        want(&mut keys.newest_places, &rows.newest_places, self.whose());
        if let Some(&newest) = rows.newest_places.peek(&self.whose()) {
            ending_keys(newest, rows, keys);
            if newest.queue != self.queue {
                for queue in [newest.queue, self.queue] {
                    want(&mut keys.left_places, &rows.left_places, (self.user, queue));
                }
                if let Some(left) = self.left_place(rows) {
                    want(&mut keys.places, &rows.places, left);
                }
            }
        }
    }

    /// One live place in all queues of the concert: whoever has one is told of it, whatever queue is
    /// named. Before its draw a user has one place in each queue, however often they change. Refuses with: concert not found, queue not found, sale closed (unless the user is in line or in the shop),
    /// too many lapses (likewise), queue full.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let id = self.queue.concert;
        let concert = rows.concerts.get(&id).ok_or(Refusal::ConcertNotFound)?.clone();
        let newest = rows.newest_places.get(&self.whose()).copied();
        let queue = rows.queues.get(&self.queue).ok_or(Refusal::QueueNotFound)?;
        let standing = newest.map_or(Standing::Over, |key| self.standing(rows, key, &concert, now));
        if standing != Standing::Present {
            concert.not_closed(now)?;
        }
        let unpaid = match newest {
            Some(key) if standing == Standing::Over => unpaid(rows, key, &concert.policy, now)?,
            _ => Unpaid::default(),
        };
        let left = self.left_place(rows).filter(|_| is_undrawn(queue, &concert, now));
        let adds = matches!(standing, Standing::MayStandAgain | Standing::Over);
        ensure!(!adds || queue.waiting < queue.settings.max_waiting, Refusal::QueueFull);

        if let Some(key) = newest {
            expire(rows, key, now);
            match standing {
                Standing::Present | Standing::Over => {}
                Standing::MayReturn => return_to_front(rows, key),
                Standing::MayStandAgain => stand_again(rows, key),
            }
            if standing != Standing::Over {
                return Ok(Outcome::Joined(ticket(rows, key, false)));
            }
            self.note_left(rows, key, &concert, now);
        }
        let before = newest.and_then(|key| rows.places.get(&key)).map_or(0, |place| place.visit);
        let visit = (before + 1, unpaid);
        Ok(match left {
            Some(key) => self.take_up(rows, key, visit),
            None => self.stand(rows, &concert, visit, now),
        })
    }
}

impl Join {
    /// The place of the queue that the user left for another before its draw. What is not loaded is not there: whoever
    /// had no place in the concert, or none in another queue, when the batch began has left none of before.
    fn left_place(&self, rows: &Rows) -> Option<PlaceKey> {
        let left = rows.left_places.peek(&(self.user, self.queue))?;
        Some(PlaceKey { queue: self.queue, sequence: left.sequence })
    }

    /// Notes that the newest place was left before its draw, for this queue.
    fn note_left(&self, rows: &mut Rows, newest: PlaceKey, concert: &Concert, now: Time) {
        let is_left = rows.places.get(&newest).is_some_and(|p| p.status == PlaceStatus::Left);
        let queue = rows.queues.get(&newest.queue);
        let is_undrawn = queue.is_some_and(|queue| is_undrawn(queue, concert, now));
        let name = (self.user, newest.queue);
        let is_known = rows.left_places.peek(&name).is_some();
        if newest.queue != self.queue && is_left && is_undrawn && !is_known {
            rows.left_places.insert(name, LeftPlace { sequence: newest.sequence });
        }
    }

    /// Takes a place up again that was left for another queue: it is the user's newest from now on.
    fn take_up(&self, rows: &mut Rows, key: PlaceKey, (visit, unpaid): (u64, Unpaid)) -> Outcome {
        stand_again(rows, key);
        if let Some(place) = rows.places.rewrite(&key) {
            (place.visit, place.lapses, place.unpaid_ms) = (visit, unpaid.lapses, unpaid.ms);
        }
        rows.newest_places.insert(self.whose(), key);
        Outcome::Joined(ticket(rows, key, false))
    }

    /// A new place at the end. Where nobody waits and there is room, it is served at once.
    fn stand(
        &self,
        rows: &mut Rows,
        concert: &Concert,
        (visit, unpaid): (u64, Unpaid),
        now: Time,
    ) -> Outcome {
        let mut key = PlaceKey { queue: self.queue, sequence: 0 };
        let mut at_once = false;
        if let Some(queue) = rows.queues.update(&self.queue) {
            queue.settle(concert, now);
            let nobody_waits = queue.waiting == 0 && queue.returning == 0;
            let has_room = queue.room(concert, 0, now) > 0;
            at_once = self.may_enter && nobody_waits && has_room;
            queue.tail += 1;
            key.sequence = queue.tail;
            if at_once {
                queue.cursor = queue.tail;
                queue.spend();
            } else {
                queue.waiting += 1;
            }
        }
        let place = Place {
            user: self.user,
            status: PlaceStatus::Waiting,
            created_at: now,
            visit,
            deleted_at: None,
            lapses: unpaid.lapses,
            unpaid_ms: unpaid.ms,
        };
        rows.places.insert(key, place);
        rows.admissions.put_loaded(key, None);
        rows.newest_places.insert(self.whose(), key);
        if at_once {
            admit(rows, key, concert.policy.arrival_grace_ms, now);
        }
        Outcome::Joined(ticket(rows, key, true))
    }
}

/// Holds that came to nothing, as they follow a user from a place that is used up to the next.
#[derive(Clone, Copy, Default)]
struct Unpaid {
    /// See [`Place::lapses`].
    lapses: u32,
    /// See [`Place::unpaid_ms`].
    ms: i64,
}

/// What follows the user: nothing once the user has paid. Staying away for long enough takes the lapses away,
/// and unpaid time bit by bit. Refuses with: too many lapses.
fn unpaid(rows: &Rows, key: PlaceKey, policy: &Policy, now: Time) -> Result<Unpaid, Refusal> {
    let Some(place) = rows.places.get(&key) else {
        return Ok(Unpaid::default());
    };
    let admission = rows.admissions.get(&key);
    if admission.is_some_and(|a| a.end == Some(AdmissionEnd::Paid)) {
        return Ok(Unpaid::default());
    }
    // A hold that is over and was not swept yet.
    let unswept = admission.filter(|a| a.is_active).and_then(|a| a.reservation);
    let unswept = unswept.and_then(|id| rows.reservations.get(&id));
    let lapses = place.lapses.saturating_add(unswept.is_some().into());
    let ms = place.unpaid_ms.saturating_add(unswept.map_or(0, Reservation::whole_ms));
    // Whether and when it was swept tells nothing.
    let ended = |a: &Admission| a.ended_at.map_or(a.token_expiry, |at| at.min(a.token_expiry));
    let over = admission.map(ended).or(place.deleted_at).unwrap_or(now);

    let forgotten_at = over.plus_ms(policy.away_ms());
    let too_many = (lapses >= LAPSES_MAX).then_some(forgotten_at);
    let too_long = policy.is_used_up(ms).then(|| over.plus_ms(policy.wears_off_in(ms)));
    let retry_at = too_many.max(too_long).filter(|at| !now.reached(*at));
    if let Some(retry_at) = retry_at {
        return Err(Refusal::TooManyLapses { retry_at });
    }
    let lapses = if now.reached(forgotten_at) { 0 } else { lapses };
    Ok(Unpaid { lapses, ms: policy.worn_off(ms, now.ms_since(over)) })
}

/// Whether who joins the queue now is drawn, or would have been before the moment of its terms.
fn is_undrawn(queue: &QueueState, concert: &Concert, now: Time) -> bool {
    queue.drawn.is_none() && !now.reached(queue.opens_at(concert))
}

/// What a user's newest place is still good for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// In line, or shopping: asking again gives the same place.
    Present,
    /// Did not show up in time: comes back to the front.
    MayReturn,
    /// Was left in line before the draw: is taken up again, so that one user has one place in it.
    MayStandAgain,
    /// Used up: joins anew.
    Over,
}

impl Join {
    /// What the newest place is good for. One that was left is taken up again by who asks for its queue.
    fn standing(&self, rows: &Rows, key: PlaceKey, concert: &Concert, now: Time) -> Standing {
        let Some(place) = rows.places.get(&key) else {
            return Standing::Over;
        };
        let undrawn = |queue: &QueueState| is_undrawn(queue, concert, now);
        match (place.status, rows.admissions.get(&key)) {
            (PlaceStatus::Waiting | PlaceStatus::Returning, _) => Standing::Present,
            (PlaceStatus::Served, Some(admission)) if admission.is_live(now) => Standing::Present,
            (PlaceStatus::Served, Some(admission)) if admission.may_return() => Standing::MayReturn,
            (PlaceStatus::Left, _)
                if key.queue == self.queue && rows.queues.get(&key.queue).is_some_and(undrawn) =>
            {
                Standing::MayStandAgain
            }
            _ => Standing::Over,
        }
    }
}

fn stand_again(rows: &mut Rows, key: PlaceKey) {
    if let Some(place) = rows.places.update(&key) {
        place.status = PlaceStatus::Waiting;
        place.deleted_at = None;
    }
    if let Some(queue) = rows.queues.update(&key.queue) {
        queue.waiting += 1;
    }
}

fn return_to_front(rows: &mut Rows, key: PlaceKey) {
    if let Some(place) = rows.places.update(&key) {
        place.status = PlaceStatus::Returning;
        place.deleted_at = None;
    }
    if let Some(admission) = rows.admissions.update(&key) {
        admission.returns += 1;
        admission.end = None;
    }
    if let Some(queue) = rows.queues.update(&key.queue) {
        queue.returning += 1;
    }
    if let Some(returning) = rows.returning.update(&key.queue) {
        returning.insert(key.sequence);
    }
}

/// What the user is told about a place that exists.
fn ticket(rows: &Rows, key: PlaceKey, created: bool) -> Ticket {
    let place = rows.places.get(&key);
    let served = place.is_some_and(|place| place.status == PlaceStatus::Served);
    let admission = if served { rows.admissions.peek(&key) } else { None };
    let queue = rows.queues.get(&key.queue);
    Ticket {
        place: key,
        created,
        joined_at: place.map_or(Time(0), |place| place.created_at),
        queue_number: queue.and_then(QueueState::draw).map(|draw| draw.number_of(key.sequence)),
        state: match (place.map(|place| place.status), admission) {
            (_, Some(admission)) => TicketState::Admitted { until: admission.token_expiry },
            (Some(PlaceStatus::Returning), None) => TicketState::Returning,
            _ => TicketState::Waiting,
        },
    }
}

/// Gives up a place or an admission, with the hold under it.
#[derive(Clone, Debug)]
pub struct Leave {
    /// Who.
    pub user: UserId,
    /// Which place.
    pub place: PlaceKey,
}

impl Rule for Leave {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.place.queue.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        ending_keys(self.place, rows, keys);
    }

    /// Refuses with: token unknown. Leaving twice is leaving once.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let place = rows.places.get(&self.place).filter(|place| place.user == self.user);
        let status = place.ok_or(Refusal::TokenUnknown)?.status;

        match status {
            PlaceStatus::Waiting | PlaceStatus::Returning => self.give_up_place(rows, status, now),
            PlaceStatus::Served => self.give_up_admission(rows, now),
            PlaceStatus::Left => {}
        }
        Ok(Outcome::Left)
    }
}

impl Leave {
    fn give_up_admission(&self, rows: &mut Rows, now: Time) {
        if !expire(rows, self.place, now) {
            let held = rows.admissions.get(&self.place).and_then(|a| a.reservation);
            if let Some(id) = held {
                release(rows, self.place, id, now);
            }
            end_admission(rows, self.place, AdmissionEnd::Left, now);
        }
        // A no-show who says goodbye does not come back to the front.
        let no_show = |a: &Admission| a.end == Some(AdmissionEnd::NoShow);
        if rows.admissions.get(&self.place).is_some_and(no_show)
            && let Some(admission) = rows.admissions.update(&self.place)
        {
            admission.end = Some(AdmissionEnd::Left);
        }
    }

    fn give_up_place(&self, rows: &mut Rows, status: PlaceStatus, now: Time) {
        if let Some(place) = rows.places.update(&self.place) {
            place.status = PlaceStatus::Left;
            place.deleted_at = Some(now);
        }
        if status == PlaceStatus::Waiting
            && let Some(queue) = rows.queues.update(&self.place.queue)
        {
            queue.waiting = queue.waiting.saturating_sub(1);
        }
        if status == PlaceStatus::Returning {
            forget_returning(rows, self.place);
            if let Some(admission) = rows.admissions.update(&self.place) {
                admission.end = Some(AdmissionEnd::Left);
                // It has its end already, but from a server of the version before.
                admission.ended_at.get_or_insert(now);
            }
        }
    }
}
