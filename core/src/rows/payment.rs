//! Payments and what goes back of them: what their rows tell.

use crate::id::{ConcertId, DateId, PaymentId, RefundId, UserId};
use crate::money::Money;
use crate::time::Time;

/// A row of `amount`. One a reservation; never changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its id.
    pub payment: PaymentId,
    /// Who paid.
    pub user: UserId,
    /// For which concert.
    pub concert: ConcertId,
    /// Minor units.
    pub amount: Money,
    /// When.
    pub payment_date: Time,
}

/// A row of `refund`: something of a payment that went back. Named by its reservation and a number, from 1
/// without gaps; never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRow {
    /// Its id, the reference of its transfer.
    pub refund: RefundId,
    /// Minor units; 0: seats alone.
    pub amount: Money,
    /// How many seats went back with it.
    pub seat_count: u32,
    /// Whether these are on sale again; otherwise they are blocked.
    pub released: bool,
    /// Why, in the operator's words.
    pub reason: String,
    /// When.
    pub created_at: Time,
}

/// A row of `refund_seat`: a seat of a reservation that is its user's no more. Once at most; never changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundedSeat {
    /// By which of the reservation's refunds.
    pub refund_number: u64,
    /// The reservation's date: void tickets are listed by it.
    pub date: DateId,
}
