//! Payments: what their rows tell.

use crate::id::{ConcertId, PaymentId, UserId};
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
