//! Jobs: work that outlives a request. A row says what is to be done, how far it is, and who is at it.

use crate::id::{ConcertId, DateId, ReservationId, Uuid};
use crate::limits::{JOB_ATTEMPTS_MAX, JOB_PAUSE_MS, JOB_PAUSE_MS_MAX};
use crate::money::Money;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// A row of `job`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What is to be done, and what was done of it.
    pub work: Work,
    /// See [`JobState`].
    pub state: JobState,
    /// When it was made.
    pub created_at: Time,
    /// When a process may take it: at its next try, or when the lease of who is at it ends. `None`: it has ended.
    pub due_at: Option<Time>,
    /// The process that is at it.
    pub holder: Option<Uuid>,
    /// How often it was taken since it last went on.
    pub attempts: u32,
    /// How much of `total` is done.
    pub done: u64,
    /// All there is to do, in what the kind counts.
    pub total: u64,
    /// Why the last try failed; `None` once all is done.
    pub last_error: Option<String>,
    /// When it ended, done or failed.
    pub ended_at: Option<Time>,
}

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum JobState {
    /// Nobody is at it.
    Waiting,
    /// A process is at it, until it stops telling so.
    Running,
    /// All is done.
    Done,
    /// It was tried too often; an operator may ask for it again.
    Failed,
}

/// The closed list of kinds, each with what it is about and its report so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(tag = "kind", content = "report", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Work {
    /// Everything of a cancelled date goes back. It counts seats.
    DateCancellation(DateCancellation),
}

/// What is done of the cancellation of a date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateCancellation {
    /// Of which concert.
    pub concert_id: ConcertId,
    /// Which date.
    pub concert_date_id: DateId,
    /// Holds that were ended.
    #[serde(default)]
    pub holds_ended: u64,
    /// Bookings whose seats and money went back.
    #[serde(default)]
    pub bookings_refunded: u64,
    /// That money, minor units.
    #[serde(default)]
    pub amount_refunded: Money,
    /// Bookings that the last pass had to leave.
    #[serde(default)]
    pub bookings_left: u64,
    /// Why, for one of them: a refusal's code.
    #[serde(default)]
    pub left_because: Option<String>,
    /// The last reservation that this pass has looked at.
    #[serde(default)]
    pub after: Option<ReservationId>,
}

impl Work {
    /// The kind's name.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.into()
    }
}

impl Job {
    /// One that is to be begun.
    #[must_use]
    pub const fn new(work: Work, total: u64, now: Time) -> Self {
        Self {
            work,
            state: JobState::Waiting,
            created_at: now,
            due_at: Some(now),
            holder: None,
            attempts: 0,
            done: 0,
            total,
            last_error: None,
            ended_at: None,
        }
    }

    /// Whether a process may take it at `now`.
    #[must_use]
    pub fn is_due(&self, now: Time) -> bool {
        self.due_at.is_some_and(|due_at| now.reached(due_at))
    }

    /// It has ended. What failed on the way was done later, where all is done.
    pub(crate) fn end(&mut self, state: JobState, now: Time) {
        self.state = state;
        if state == JobState::Done {
            self.last_error = None;
        }
        (self.due_at, self.holder) = (None, None);
        self.ended_at = Some(now);
    }

    /// It is tried again after a pause, which doubles with each try that brought nothing; after too many it has
    /// failed.
    pub(crate) fn put_off(&mut self, now: Time) {
        if self.attempts >= JOB_ATTEMPTS_MAX {
            self.end(JobState::Failed, now);
            return;
        }
        let doubled = JOB_PAUSE_MS.saturating_mul(1 << self.attempts.saturating_sub(1).min(20));
        self.state = JobState::Waiting;
        self.holder = None;
        self.due_at = Some(now.plus_ms(doubled.min(JOB_PAUSE_MS_MAX)));
    }

    /// It is begun anew by an operator, with what was done of it.
    pub(crate) const fn again(&mut self, now: Time) {
        self.state = JobState::Waiting;
        (self.due_at, self.attempts, self.ended_at) = (Some(now), 0, None);
    }
}
