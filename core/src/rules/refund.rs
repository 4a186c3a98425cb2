//! Giving something of a payment back, as an operator asks for it.

use crate::id::ConcertId;
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::rows::{Keys, Rows};
use crate::rules::Rule;
pub use crate::steps::refund::{Refund, What};
use crate::time::Time;

impl Rule for Refund {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        self.rows(rows, keys);
    }

    /// Refuses with: payment not found, invalid setting (the reason, no seats), already refunded, seats not
    /// booked, amount out of range, refund too high, account deleted, currency mismatch, balance limit.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        self.give_back(rows, now)
    }
}
