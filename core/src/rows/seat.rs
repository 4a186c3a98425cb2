//! Seats: what their rows tell.

use crate::id::{ConcertId, ReservationId, UserId};
use crate::money::Money;
use crate::time::Time;

/// What a seat's row says. Whether a hold still counts is [`Seat::is_free`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SeatStatus {
    /// Nobody's.
    Available,
    /// A user's until `held_until`.
    Held,
    /// A user's for good.
    Sold,
    /// Nobody's, and not on sale: an operator has taken it out.
    Blocked,
}

/// A row of `seat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The row's number, given by the store when the seat is added; 0 before.
    pub seat_id: i64,
    /// The show.
    pub concert: ConcertId,
    /// Price zone ("R", "S", …).
    pub zone: String,
    /// Minor units.
    pub ticket_price: Money,
    /// See [`SeatStatus`].
    pub status: SeatStatus,
    /// Whose claim it is, where it is held or sold.
    pub reservation: Option<ReservationId>,
    /// End of the hold.
    pub held_until: Option<Time>,
    /// When it was sold.
    pub reservated_date: Option<Time>,
    /// Who held it last and has not paid; overwritten by who holds it next.
    pub last_holder: Option<UserId>,
    /// From when on that user may hold it again.
    pub last_holder_until: Option<Time>,
}

impl Seat {
    /// Whether the seat can be taken at `now`: available, or held by a hold that has lapsed.
    #[must_use]
    pub fn is_free(&self, now: Time) -> bool {
        match self.status {
            SeatStatus::Available => true,
            SeatStatus::Held => self.held_until.is_none_or(|until| now.reached(until)),
            SeatStatus::Sold | SeatStatus::Blocked => false,
        }
    }

    /// Until when the seat is closed to this user, who held it last and did not pay (H40).
    #[must_use]
    pub fn closed_until(&self, user: UserId, now: Time) -> Option<Time> {
        let until = self.last_holder_until.filter(|until| !now.reached(*until));
        until.filter(|_| self.last_holder == Some(user))
    }
}
