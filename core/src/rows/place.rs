//! Places in line, and admissions: what their rows tell.
//!
//! A *place* (`waiting_queue`) is where somebody stands; it is named by its sequence, the order of
//! joining. An *admission* (`user_token`) is the right to shop; it exists from the moment when the
//! place is served. `queue_state` holds the cursor: all queue numbers up to it have been served.

use crate::id::{ReservationId, UserId};
use crate::limits::RETURNS_MAX;
use crate::time::Time;
use serde::{Deserialize, Serialize};

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
    /// Orders the user's places in the concert, whatever their queues: the newest has the greatest, and
    /// is the only one that can be live.
    pub visit: u64,
    /// When the user stopped waiting (served or left).
    pub deleted_at: Option<Time>,
    /// Holds that the user has let lapse in this concert, here and at the places before; see
    /// [`crate::limits::LAPSES_MAX`].
    pub lapses: u32,
    /// How long the user has held seats of this concert without paying, here and at the places before, less
    /// what has worn off while away; milliseconds. See [`crate::limits::LAPSES_MAX`].
    pub unpaid_ms: i64,
}

/// A row of `left_place`: a place that its user left before the draw, for another queue. Whoever comes back before
/// the draw takes it up again, so that changing queues adds nobody to a draw twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftPlace {
    /// Which place of the queue.
    pub sequence: u64,
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
    pub(crate) const fn is_returning(&self) -> bool {
        !self.is_active && self.end.is_none()
    }

    /// Whether the user was let in and never came, and may come back to the front. To be asked when
    /// the admission is not live.
    pub(crate) fn may_return(&self) -> bool {
        let no_show = match self.end {
            Some(end) => end == AdmissionEnd::NoShow,
            None => self.arrived_at.is_none(),
        };
        no_show && self.returns < RETURNS_MAX
    }
}
