//! Reservations: what their rows tell.

use crate::id::{ConcertId, DateId, PaymentId, PlaceKey, UserId};
use crate::money::Money;
use crate::refusal::Refusal;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// The state of a reservation as its row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationStatus {
    /// The seats are the user's until `expires_at`.
    Held,
    /// Paid; the seats are the user's.
    Confirmed,
    /// Not paid in time.
    Expired,
    /// Released by the user.
    Cancelled,
    /// Was paid; all of its seats have been taken back since.
    Refunded,
}

/// A row of `reservation`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Whose.
    pub user: UserId,
    /// The place that it was made with.
    pub place: PlaceKey,
    /// Of which date.
    pub date: DateId,
    /// See [`ReservationStatus`].
    pub status: ReservationStatus,
    /// How many seats.
    pub seat_count: u32,
    /// Sum of the prices at the time of the hold, minor units.
    pub total_price: Money,
    /// When it was made.
    pub reservation_date: Time,
    /// End of the hold.
    pub expires_at: Time,
    /// When it was confirmed, expired or cancelled; refunds come later and leave it.
    pub ended_at: Option<Time>,
    /// The payment that confirmed it.
    pub payment: Option<PaymentId>,
    /// What has gone back of it since.
    pub refunded: Refunded,
}

/// What has gone back of a reservation that was paid: sums of its refunds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refunded {
    /// Minor units; never more than was paid.
    pub amount: Money,
    /// Seats that are not the user's any more.
    pub seats: u32,
    /// How many refunds there were; the next one's number is one more.
    pub count: u64,
}

impl Reservation {
    /// Of which show.
    #[must_use]
    pub const fn concert(&self) -> ConcertId {
        self.place.queue.concert
    }

    /// Whether the hold counts at `now`. Refuses with: already paid, hold released, hold lapsed.
    pub fn still_held(&self, now: Time) -> Result<(), Refusal> {
        match (self.status, self.payment) {
            (ReservationStatus::Confirmed | ReservationStatus::Refunded, Some(payment_id)) => {
                Err(Refusal::AlreadyPaid { payment_id })
            }
            (ReservationStatus::Cancelled, _) => Err(Refusal::HoldReleased),
            (ReservationStatus::Held, _) if !now.reached(self.expires_at) => Ok(()),
            _ => Err(Refusal::HoldLapsed),
        }
    }

    /// The state at `now`, whether or not the tick has come by.
    #[must_use]
    pub fn status_at(&self, now: Time) -> ReservationStatus {
        if self.status == ReservationStatus::Held && now.reached(self.expires_at) {
            ReservationStatus::Expired
        } else {
            self.status
        }
    }

    /// What was paid for it and has not gone back, minor units.
    #[must_use]
    pub fn left(&self) -> Money {
        Money(self.total_price.0.saturating_sub(self.refunded.amount.0))
    }

    /// How long it is, from the first to the last moment.
    pub(crate) fn whole_ms(&self) -> i64 {
        self.expires_at.ms_since(self.reservation_date)
    }

    /// For how long of that it has lasted.
    pub(crate) fn held_ms(&self, now: Time) -> i64 {
        now.ms_since(self.reservation_date).min(self.whole_ms())
    }

    /// Until when its seats are closed to who released it now, if it were until `lapsed` after a lapse.
    pub(crate) fn closed_until(&self, lapsed: Time, now: Time) -> Time {
        let closed = lapsed.ms_since(self.expires_at).saturating_mul(self.held_ms(now));
        now.plus_ms(closed / self.whole_ms().max(1))
    }

    /// Seats that count against the user's limit at `now`.
    pub(crate) fn seats_counted(&self, now: Time) -> u32 {
        match self.status_at(now) {
            ReservationStatus::Held | ReservationStatus::Confirmed => {
                self.seat_count.saturating_sub(self.refunded.seats)
            }
            ReservationStatus::Expired
            | ReservationStatus::Cancelled
            | ReservationStatus::Refunded => 0,
        }
    }
}

/// A row of `reservation_seat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReservedSeat {
    /// The seat's row.
    pub seat_id: i64,
    /// Its number.
    pub number: u32,
    /// Its price at the time of the hold, minor units.
    pub price: Money,
}
