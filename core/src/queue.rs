//! The waiting queue: join, be admitted in turn, shop for a while, end.
//!
//! A *place* (`waiting_queue`) is where somebody stands; it is named by its sequence, the order of
//! joining. An *admission* (`user_token`) is the right to shop; it exists from the moment when the
//! place is served. `queue_state` holds the cursor: all queue numbers up to it have been served.

use crate::concert::Concert;
use crate::draw::{Draw, SEED_BYTES};
use crate::id::{ConcertId, PlaceKey, ReservationId, UserId};
use crate::limits::{ADMISSION_MAX, PLACES_PER_TICK_MAX, RETURNS_MAX};
use crate::outcome::{Outcome, Ticket, TicketState};
use crate::refusal::{Field, Refusal};
use crate::reservation;
use crate::rows::Rows;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// A clock that is behind the last tick by more than this has jumped; less is skew between nodes.
const CLOCK_JUMP_MS: i64 = 60_000;

/// What an operator sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueSettings {
    /// Users shopping at once.
    pub max_active: u64,
    /// Users admitted a second, at most.
    pub admissions_per_second: u64,
    /// Places in line, at most.
    pub max_waiting: u64,
    /// Nobody is admitted while paused.
    pub paused: bool,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            max_active: 1_000,
            admissions_per_second: 500,
            max_waiting: 2_000_000,
            paused: false,
        }
    }
}

impl QueueSettings {
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let allowed = 1..=ADMISSION_MAX;
        let invalid = |field| Refusal::InvalidSetting { field };
        ensure!(
            allowed.contains(&self.max_active),
            invalid(Field::MaxActive)
        );
        ensure!(
            allowed.contains(&self.max_waiting),
            invalid(Field::MaxWaiting)
        );
        let rate = allowed.contains(&self.admissions_per_second);
        ensure!(rate, invalid(Field::AdmissionsPerSecond));
        Ok(())
    }
}

/// A row of `queue_state`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueState {
    /// Secret of the draw until the opening.
    pub seed: [u8; SEED_BYTES],
    /// How many joined before the opening and were drawn; `None` until then.
    pub drawn: Option<u64>,
    /// Every queue number up to this one has been served or has left.
    pub cursor: u64,
    /// The newest sequence.
    pub tail: u64,
    /// Admissions whose row says active.
    pub active: u64,
    /// Places that come back to the front.
    pub returning: u64,
    /// Admissions that the rate still allows, in thousandths; at most one second's worth.
    pub credit_milli: u64,
    /// When the credit was last filled.
    pub credit_at: Time,
    /// What the operator set.
    pub settings: QueueSettings,
}

impl QueueState {
    pub(crate) fn new(seed: [u8; SEED_BYTES], settings: QueueSettings, now: Time) -> Self {
        Self {
            seed,
            drawn: None,
            cursor: 0,
            tail: 0,
            active: 0,
            returning: 0,
            credit_milli: settings.admissions_per_second.saturating_mul(1000),
            credit_at: now,
            settings,
        }
    }

    /// The order of service, once it is drawn.
    #[must_use]
    pub fn draw(&self) -> Option<Draw> {
        self.drawn.map(|count| Draw::new(&self.seed, count))
    }

    /// How many numbers are not served yet (some of them may have left).
    #[must_use]
    pub const fn waiting(&self) -> u64 {
        self.tail.saturating_sub(self.cursor)
    }

    /// Fixes the draw once the sale has opened: whoever has joined by then is drawn.
    fn settle(&mut self, concert: &Concert, now: Time) {
        if self.drawn.is_none() && now.reached(concert.start_at) {
            self.drawn = Some(self.tail);
        }
    }

    /// How many may be admitted at `now`: free slots, within the rate. The credit is capped at one
    /// second's worth, so that a quiet hour does not let a crowd in at once.
    fn room(&mut self, concert: &Concert, now: Time) -> u64 {
        let rate = self.settings.admissions_per_second;
        let elapsed = u64::try_from(now.ms_since(self.credit_at)).unwrap_or(0);
        let filled = self
            .credit_milli
            .saturating_add(elapsed.saturating_mul(rate));
        self.credit_milli = filled.min(rate.saturating_mul(1000));
        if now > self.credit_at || self.credit_at.ms_since(now) > CLOCK_JUMP_MS {
            self.credit_at = now;
        }
        if self.settings.paused || concert.on_sale(now).is_err() {
            return 0;
        }
        self.settings
            .max_active
            .saturating_sub(self.active)
            .min(self.credit_milli / 1000)
    }

    const fn spend(&mut self) {
        self.active += 1;
        self.credit_milli = self.credit_milli.saturating_sub(1000);
    }
}

/// Where a place stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaceStatus {
    /// In line.
    Waiting,
    /// Was admitted, did not come, came back: in line at the front.
    Returning,
    /// Was admitted; the admission tells the rest.
    Served,
    /// Left the line before being served.
    Left,
}

/// A row of `waiting_queue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose.
    pub user: UserId,
    /// See [`PlaceStatus`].
    pub status: PlaceStatus,
    /// When the user joined.
    pub created_at: Time,
    /// When the user stopped waiting (served or left).
    pub deleted_at: Option<Time>,
}

/// Why an admission is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdmissionEnd {
    /// The user paid.
    Paid,
    /// The user's hold lapsed unpaid.
    HoldLapsed,
    /// The time to shop was over.
    TimedOut,
    /// The user never came.
    NoShow,
    /// The user left.
    Left,
}

/// A row of `user_token`: the right to shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Whose.
    pub user: UserId,
    /// Whether the row counts as active; whether it still is at `now` is [`Admission::is_live`].
    pub is_active: bool,
    /// When it ends: of the grace, of the time to shop, or of the hold.
    pub token_expiry: Time,
    /// When the user was let in.
    pub admitted_at: Time,
    /// When the user first used it.
    pub arrived_at: Option<Time>,
    /// End of the time to shop; a hold may outlast it.
    pub shop_until: Time,
    /// What is held under it.
    pub reservation: Option<ReservationId>,
    /// Why it ended.
    pub end: Option<AdmissionEnd>,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// How often the user came back after not showing up.
    pub returns: u32,
}

impl Admission {
    /// Whether the user may shop at `now`.
    #[must_use]
    pub fn is_live(&self, now: Time) -> bool {
        self.is_active && !now.reached(self.token_expiry)
    }

    /// Whether the user was let in and never came, and may come back to the front. To be asked when
    /// the admission is not live.
    fn may_return(&self) -> bool {
        let no_show = match self.end {
            Some(end) => end == AdmissionEnd::NoShow,
            None => self.arrived_at.is_none(),
        };
        no_show && self.returns < RETURNS_MAX
    }
}

/// Whether `user` may shop with `place` at `now`. Refuses with: token unknown, not admitted, token
/// expired.
pub fn admitted(rows: &Rows, key: PlaceKey, user: UserId, now: Time) -> Result<(), Refusal> {
    match rows.admissions.get(&key) {
        Some(admission) => {
            ensure!(admission.user == user, Refusal::TokenUnknown);
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
    if rows
        .admissions
        .get(&key)
        .is_none_or(|admission| admission.arrived_at.is_some())
    {
        return;
    }
    let ttl = rows
        .concerts
        .get(&key.concert)
        .map_or(0, |concert| concert.policy.shop_ttl_ms);
    if let Some(admission) = rows.admissions.update(&key) {
        admission.arrived_at = Some(now);
        admission.shop_until = now.plus_ms(ttl);
        admission.token_expiry = admission.shop_until;
    }
}

/// Ends an active admission and gives its slot back.
pub(crate) fn end_admission(rows: &mut Rows, key: PlaceKey, end: AdmissionEnd, now: Time) {
    if !rows
        .admissions
        .get(&key)
        .is_some_and(|admission| admission.is_active)
    {
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

/// Ends an admission whose time is over, with its hold. Returns whether it did.
fn expire(rows: &mut Rows, key: PlaceKey, now: Time) -> bool {
    let Some(admission) = rows.admissions.get(&key).copied() else {
        return false;
    };
    if !admission.is_active || admission.is_live(now) {
        return false;
    }
    let lapsed = admission
        .reservation
        .is_some_and(|id| reservation::lapse(rows, id, now));
    let end = match (lapsed, admission.arrived_at) {
        (true, _) => AdmissionEnd::HoldLapsed,
        (false, Some(_)) => AdmissionEnd::TimedOut,
        (false, None) => AdmissionEnd::NoShow,
    };
    end_admission(rows, key, end, now);
    true
}

/// Lets the place in: the admission starts with the grace to arrive.
fn admit(rows: &mut Rows, key: PlaceKey, grace_ms: i64, now: Time) {
    let Some(place) = rows.places.update(&key) else {
        return;
    };
    let user = place.user;
    place.status = PlaceStatus::Served;
    place.deleted_at = Some(now);
    let returns = if rows.admissions.is_loaded(&key) {
        rows.admissions
            .peek(&key)
            .map_or(0, |before| before.returns)
    } else {
        0
    };
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

/// Asks for a place in line, or for the one that the user has.
#[derive(Clone, Debug)]
pub struct Join {
    /// Who.
    pub user: UserId,
    /// In which queue.
    pub concert: ConcertId,
}

impl Join {
    /// Refuses with: concert not found, sale closed, queue full.
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let concert = rows
            .concerts
            .get(&self.concert)
            .ok_or(Refusal::ConcertNotFound)?
            .clone();
        concert.not_closed(now)?;
        let newest = rows.newest_places.get(&(self.user, self.concert)).copied();
        let newest = newest.map(|sequence| PlaceKey {
            concert: self.concert,
            sequence,
        });
        let standing = newest.map_or(Standing::Over, |key| standing(rows, key, now));
        let queue = rows
            .queues
            .get(&self.concert)
            .ok_or(Refusal::ConcertNotFound)?;
        let room = standing != Standing::Over || queue.waiting() < queue.settings.max_waiting;
        ensure!(room, Refusal::QueueFull);

        if let Some(key) = newest {
            expire(rows, key, now);
            if standing == Standing::MayReturn {
                return_to_front(rows, key);
            }
            if standing != Standing::Over {
                return Ok(Outcome::Joined(ticket(rows, key, false)));
            }
        }
        Ok(self.stand(rows, &concert, now))
    }

    /// A new place at the end. Where nobody waits and there is room, it is served at once.
    fn stand(&self, rows: &mut Rows, concert: &Concert, now: Time) -> Outcome {
        let mut key = PlaceKey {
            concert: self.concert,
            sequence: 0,
        };
        let mut at_once = false;
        if let Some(queue) = rows.queues.update(&self.concert) {
            queue.settle(concert, now);
            let nobody_waits = queue.waiting() == 0 && queue.returning == 0;
            at_once = nobody_waits && queue.room(concert, now) > 0;
            queue.tail += 1;
            key.sequence = queue.tail;
            if at_once {
                queue.cursor = queue.tail;
                queue.spend();
            }
        }
        let place = Place {
            user: self.user,
            status: PlaceStatus::Waiting,
            created_at: now,
            deleted_at: None,
        };
        rows.places.insert(key, place);
        // Nobody can have been served here yet; the user's next command in this batch may ask.
        rows.admissions.put_loaded(key, None);
        rows.newest_places
            .insert((self.user, self.concert), key.sequence);
        if at_once {
            admit(rows, key, concert.policy.arrival_grace_ms, now);
        }
        Outcome::Joined(ticket(rows, key, true))
    }
}

/// What a user's newest place is still good for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// In line, or shopping: asking again gives the same place.
    Present,
    /// Did not show up in time: comes back to the front.
    MayReturn,
    /// Used up: joins anew.
    Over,
}

fn standing(rows: &Rows, key: PlaceKey, now: Time) -> Standing {
    let Some(place) = rows.places.get(&key) else {
        return Standing::Over;
    };
    match (place.status, rows.admissions.get(&key)) {
        (PlaceStatus::Waiting | PlaceStatus::Returning, _) => Standing::Present,
        (PlaceStatus::Served, Some(admission)) if admission.is_live(now) => Standing::Present,
        (PlaceStatus::Served, Some(admission)) if admission.may_return() => Standing::MayReturn,
        _ => Standing::Over,
    }
}

fn return_to_front(rows: &mut Rows, key: PlaceKey) {
    if let Some(place) = rows.places.update(&key) {
        place.status = PlaceStatus::Returning;
        place.deleted_at = None;
    }
    if let Some(admission) = rows.admissions.update(&key) {
        admission.returns += 1;
    }
    if let Some(queue) = rows.queues.update(&key.concert) {
        queue.returning += 1;
    }
    if let Some(returning) = rows.returning.update(&key.concert) {
        returning.insert(key.sequence);
    }
}

/// What the user is told about a place that exists.
fn ticket(rows: &Rows, key: PlaceKey, created: bool) -> Ticket {
    let place = rows.places.get(&key);
    let served = place.is_some_and(|place| place.status == PlaceStatus::Served);
    let admission = if served {
        rows.admissions.peek(&key)
    } else {
        None
    };
    let queue = rows.queues.get(&key.concert);
    Ticket {
        place: key,
        created,
        joined_at: place.map_or(Time(0), |place| place.created_at),
        queue_number: queue
            .and_then(QueueState::draw)
            .map(|draw| draw.number_of(key.sequence)),
        state: match (place.map(|place| place.status), admission) {
            (_, Some(admission)) => TicketState::Admitted {
                until: admission.token_expiry,
            },
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

impl Leave {
    /// Refuses with: token unknown. Leaving twice is leaving once.
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let place = rows
            .places
            .get(&self.place)
            .filter(|place| place.user == self.user);
        let status = place.ok_or(Refusal::TokenUnknown)?.status;

        match status {
            PlaceStatus::Waiting | PlaceStatus::Returning => self.give_up_place(rows, status, now),
            PlaceStatus::Served if !expire(rows, self.place, now) => {
                let held = rows.admissions.get(&self.place).and_then(|a| a.reservation);
                if let Some(id) = held {
                    reservation::release(rows, id, now);
                }
                end_admission(rows, self.place, AdmissionEnd::Left, now);
            }
            PlaceStatus::Served | PlaceStatus::Left => {}
        }
        Ok(Outcome::Left)
    }

    fn give_up_place(&self, rows: &mut Rows, status: PlaceStatus, now: Time) {
        if let Some(place) = rows.places.update(&self.place) {
            place.status = PlaceStatus::Left;
            place.deleted_at = Some(now);
        }
        if status == PlaceStatus::Returning {
            forget_returning(rows, self.place);
        }
    }
}

fn forget_returning(rows: &mut Rows, key: PlaceKey) {
    if let Some(queue) = rows.queues.update(&key.concert) {
        queue.returning = queue.returning.saturating_sub(1);
    }
    if let Some(returning) = rows.returning.update(&key.concert) {
        returning.remove(&key.sequence);
    }
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
        let until = rows
            .admissions
            .get(&self.place)
            .map_or(now, |a| a.token_expiry);
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
        Outcome::Expired {
            ended: expire(rows, self.place, now),
        }
    }
}

/// Lets in as many as there is room for, in turn; whoever comes back goes first.
#[derive(Clone, Debug)]
pub struct Admit {
    /// In which queue.
    pub concert: ConcertId,
}

impl Admit {
    /// The places that this tick may serve, as far as the rows tell.
    pub(crate) fn candidates(&self, rows: &Rows) -> Vec<PlaceKey> {
        let Some(queue) = rows.queues.peek(&self.concert) else {
            return Vec::new();
        };
        let returning = rows.returning.peek(&self.concert);
        let back = returning.into_iter().flatten().copied();
        let slots = queue.settings.max_active.saturating_sub(queue.active);
        // Some of the next have left; look a little further than there are slots.
        let look = slots
            .saturating_mul(2)
            .saturating_add(16)
            .min(PLACES_PER_TICK_MAX);
        let last = queue.tail.min(queue.cursor.saturating_add(look));
        let pre_opening = Draw::new(&queue.seed, queue.tail);
        let draw = queue.draw().unwrap_or(pre_opening);
        let next = (queue.cursor + 1..=last).map(|number| draw.sequence_at(number));
        back.chain(next)
            .map(|sequence| PlaceKey {
                concert: self.concert,
                sequence,
            })
            .collect()
    }

    /// Refuses with: concert not found.
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let concert = rows
            .concerts
            .get(&self.concert)
            .ok_or(Refusal::ConcertNotFound)?
            .clone();
        let mut queue = rows
            .queues
            .get(&self.concert)
            .ok_or(Refusal::ConcertNotFound)?
            .clone();

        queue.settle(&concert, now);
        let before = queue.clone();
        let mut room = queue.room(&concert, now);
        let grace_ms = concert.policy.arrival_grace_ms;
        let mut admitted = 0;
        let back = rows
            .returning
            .get(&self.concert)
            .cloned()
            .unwrap_or_default();
        for sequence in back {
            let key = PlaceKey {
                concert: self.concert,
                sequence,
            };
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
        if let Some(draw) = queue.draw() {
            admitted += self.admit_next(rows, &mut queue, &draw, (room, grace_ms), now);
        }
        // Kept even where nobody was let in: the credit must fill by the clock that is right again.
        let clock_went_back = queue.credit_at < before.credit_at;
        let moved = admitted > 0 || queue.cursor != before.cursor;
        if (moved || clock_went_back || queue.drawn != self.drawn(rows))
            && let Some(row) = rows.queues.update(&self.concert)
        {
            *row = queue;
        }
        Ok(Outcome::Admitted { count: admitted })
    }

    fn drawn(&self, rows: &Rows) -> Option<u64> {
        rows.queues.get(&self.concert).and_then(|queue| queue.drawn)
    }

    fn admit_next(
        &self,
        rows: &mut Rows,
        queue: &mut QueueState,
        draw: &Draw,
        (mut room, grace_ms): (u64, i64),
        now: Time,
    ) -> u64 {
        let mut admitted = 0;
        while room > 0 && queue.cursor < queue.tail {
            let sequence = draw.sequence_at(queue.cursor + 1);
            let key = PlaceKey {
                concert: self.concert,
                sequence,
            };
            if !rows.places.is_loaded(&key) {
                break;
            }
            queue.cursor += 1;
            let waits = |place: &Place| place.status == PlaceStatus::Waiting;
            if rows.places.get(&key).is_some_and(waits) {
                admit(rows, key, grace_ms, now);
                queue.spend();
                room -= 1;
                admitted += 1;
            }
        }
        admitted
    }
}

/// Changes what an operator sets on a queue; `None` leaves a setting as it is.
#[derive(Clone, Debug)]
pub struct SetQueue {
    /// Of which concert.
    pub concert: ConcertId,
    /// See [`QueueSettings::max_active`].
    pub max_active: Option<u64>,
    /// See [`QueueSettings::admissions_per_second`].
    pub admissions_per_second: Option<u64>,
    /// See [`QueueSettings::max_waiting`].
    pub max_waiting: Option<u64>,
    /// See [`QueueSettings::paused`].
    pub paused: Option<bool>,
}

impl SetQueue {
    /// Refuses with: concert not found, invalid setting.
    pub(crate) fn decide(&self, rows: &mut Rows) -> Result<Outcome, Refusal> {
        let queue = rows
            .queues
            .get(&self.concert)
            .ok_or(Refusal::ConcertNotFound)?;
        let before = queue.settings;
        let settings = QueueSettings {
            max_active: self.max_active.unwrap_or(before.max_active),
            admissions_per_second: self
                .admissions_per_second
                .unwrap_or(before.admissions_per_second),
            max_waiting: self.max_waiting.unwrap_or(before.max_waiting),
            paused: self.paused.unwrap_or(before.paused),
        };
        settings.check()?;

        if let Some(queue) = rows.queues.update(&self.concert) {
            queue.settings = settings;
        }
        Ok(Outcome::QueueSet {
            concert_id: self.concert,
            max_active: settings.max_active,
            admissions_per_second: settings.admissions_per_second,
            max_waiting: settings.max_waiting,
            paused: settings.paused,
        })
    }
}

/// Position in line, from 1: queue number, less those served, less those ahead that have left.
/// It never rises: the cursor and the gone only grow, and a number passed by the cursor moves from
/// one to the other.
#[must_use]
pub const fn position(queue_number: u64, cursor: u64, gone_ahead: u64) -> u64 {
    let position = queue_number
        .saturating_sub(cursor)
        .saturating_sub(gone_ahead);
    if position == 0 { 1 } else { position }
}

/// Estimated wait in whole seconds (rounded up) for a position, from what was admitted in a window
/// of `window_ms`; `None` when nothing was admitted in it.
#[must_use]
pub fn estimated_wait_seconds(position: u64, admitted: u64, window_ms: u64) -> Option<u64> {
    if admitted == 0 || window_ms == 0 {
        return None;
    }
    let ms = u128::from(position) * u128::from(window_ms) / u128::from(admitted);
    u64::try_from(ms.div_ceil(1000)).ok()
}

/// When to ask again: often near the front, seldom far away. Milliseconds.
#[must_use]
pub fn poll_after_ms(position: u64, estimated_wait_seconds: Option<u64>) -> u64 {
    const LEAST: u64 = 1_000;
    const MOST: u64 = 30_000;
    let by_estimate = estimated_wait_seconds.map(|s| s.saturating_mul(250));
    let by_position = LEAST.saturating_add(position.saturating_mul(2));
    by_estimate.unwrap_or(by_position).clamp(LEAST, MOST)
}
