//! The waiting queue: join, be admitted in turn, shop for a while, end.
//!
//! A *place* (`waiting_queue`) is where somebody stands; it is named by its sequence, the order of
//! joining. An *admission* (`user_token`) is the right to shop; it exists from the moment when the
//! place is served. `queue_state` holds the cursor: all queue numbers up to it have been served.

mod admission;
mod drawing;
mod place;
mod position;

pub use admission::{Admit, Arrive, Expire, admitted};
pub(crate) use admission::{arrive, count_lapse, end_admission};
pub use drawing::{DrawRule, DrawTerms, SetDraw};
pub use place::{Join, Leave};
pub use position::{PollLaw, estimated_wait_ms, position};

use crate::concert::{Concert, PauseReason};
use crate::draw::SEED_BYTES;
use crate::id::{ConcertId, ReservationId, UserId};
use crate::limits::{ADMISSION_MAX, RETURNS_MAX};
use crate::outcome::Outcome;
use crate::refusal::{Field, Refusal};
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
        ensure!(allowed.contains(&self.max_active), invalid(Field::MaxActive));
        ensure!(allowed.contains(&self.max_waiting), invalid(Field::MaxWaiting));
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
    /// How many joined before the opening, or the moment of the terms, and are drawn; `None` until the
    /// opening.
    pub drawn: Option<u64>,
    /// Every queue number up to this one has been served or has left.
    pub cursor: u64,
    /// The newest sequence.
    pub tail: u64,
    /// Places in line: those of the numbers behind the cursor that have not left.
    pub waiting: u64,
    /// Admissions whose row says active.
    pub active: u64,
    /// Places that come back to the front.
    pub returning: u64,
    /// Admissions that the rate still allows, in thousandths; at most one second's worth.
    pub credit_milli: u64,
    /// When the credit was last filled.
    pub credit_at: Time,
    /// When `max_active` was last set: before, more may have been let in.
    pub max_active_at: Time,
    /// What the operator set.
    pub settings: QueueSettings,
    /// Who is drawn, and from what.
    pub rule: DrawRule,
}

impl QueueState {
    pub(crate) fn new(seed: [u8; SEED_BYTES], settings: QueueSettings, now: Time) -> Self {
        Self {
            seed,
            drawn: None,
            cursor: 0,
            tail: 0,
            waiting: 0,
            active: 0,
            returning: 0,
            credit_milli: settings.admissions_per_second.saturating_mul(1000),
            credit_at: now,
            max_active_at: now,
            settings,
            rule: DrawRule::default(),
        }
    }

    /// How many may be admitted at `now`: free slots, within the rate. The credit is capped at one
    /// second's worth, so that a quiet hour does not let a crowd in at once.
    fn room(&mut self, concert: &Concert, now: Time) -> u64 {
        let rate = self.settings.admissions_per_second;
        let elapsed = u64::try_from(now.ms_since(self.credit_at)).unwrap_or(0);
        let filled = self.credit_milli.saturating_add(elapsed.saturating_mul(rate));
        self.credit_milli = filled.min(rate.saturating_mul(1000));
        if now > self.credit_at || self.credit_at.ms_since(now) > CLOCK_JUMP_MS {
            self.credit_at = now;
        }
        if self.settings.paused || !self.is_drawn() || concert.on_sale(now).is_err() {
            return 0;
        }
        self.settings.max_active.saturating_sub(self.active).min(self.credit_milli / 1000)
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
    /// Holds that the user has let lapse in this concert, here and at the places before; see
    /// [`crate::limits::LAPSES_MAX`].
    pub lapses: u32,
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

    /// Whether the user waits at the front to be let in again.
    const fn is_returning(&self) -> bool {
        !self.is_active && self.end.is_none()
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
    /// Why it is paused, in the operator's words; forgotten when it goes on.
    pub pause_reason: Option<PauseReason>,
}

impl SetQueue {
    /// Refuses with: concert not found, invalid setting.
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let queue = rows.queues.get(&self.concert).ok_or(Refusal::ConcertNotFound)?;
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
        self.pause_reason.as_ref().map_or(Ok(()), PauseReason::check)?;

        let reason =
            if settings.paused { self.pause_reason.clone() } else { Some(PauseReason::default()) };
        if let Some(reason) = reason
            && rows.concerts.get(&self.concert).is_some_and(|row| row.pause_reason != reason)
            && let Some(row) = rows.concerts.update(&self.concert)
        {
            row.pause_reason = reason;
        }
        if let Some(queue) = rows.queues.update(&self.concert) {
            queue.settings = settings;
            if settings.max_active != before.max_active {
                queue.max_active_at = now;
            }
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
