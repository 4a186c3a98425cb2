//! Events: what happened, for whoever is told of it later (webhooks, mails, an audit log). A row is
//! written in the transaction of what it tells, and never changed.

use crate::id::{
    ChargeId, ConcertId, DateId, JobId, PaymentId, RefundId, ReservationId, UserId, Uuid,
};
use crate::money::Money;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use strum::VariantNames;

/// A row of `event`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub created_at: Time,
    /// What it is about.
    pub subjects: Subjects,
    /// What happened.
    pub what: Happening,
}

/// What an event is about, where it is about one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    /// The concert.
    pub concert: Option<ConcertId>,
    /// The date.
    pub date: Option<DateId>,
    /// Whose booking, money or account it is.
    pub user: Option<UserId>,
}

/// The closed list of what is told, and what is told of it. Holds, places in line and polls are not. A
/// member whose name ends in `_at` is a time; amounts are minor units; no `queue_id` is the general queue's. A kind never changes its meaning,
/// and members are only ever added.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "members are those of the API of the same name")]
pub enum Happening {
    /// Seats were paid.
    BookingPaid {
        payment_id: PaymentId,
        reservation_id: ReservationId,
        seat_numbers: Vec<u32>,
        amount: Money,
    },
    /// Something of a booking went back: seats, money or both.
    BookingRefunded {
        refund_id: RefundId,
        payment_id: PaymentId,
        reservation_id: ReservationId,
        seat_numbers: Vec<u32>,
        released: bool,
        amount: Money,
        reason: String,
    },
    /// An operator added money to a user's balance.
    BalanceCredited { adjustment_id: ChargeId, amount: Money, reason: String },
    /// An operator took money from it; `amount` is what was taken.
    BalanceDebited { adjustment_id: ChargeId, amount: Money, reason: String },
    /// An account was deleted by its user.
    UserDeleted {},
    /// A concert was made, with these dates.
    ConcertCreated {
        name: String,
        opens_at: Time,
        closes_at: Option<Time>,
        concert_date_ids: Vec<DateId>,
    },
    /// What is told of a concert was changed: as it is now.
    ConcertChanged {
        name: String,
        theater: String,
        run_time_minutes: u32,
        time_zone: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name_en: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name_ko: Option<String>,
        /// SHA-256 of its bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        poster: Option<String>,
    },
    /// A concert was deleted with its dates.
    ConcertDeleted {},
    /// Times and limits of a concert were changed: as they are now.
    PolicyChanged {
        hold_seconds: i64,
        shop_seconds: i64,
        arrival_grace_seconds: i64,
        seats_per_user: u32,
        rehold_after_seconds: i64,
    },
    /// A date was added to a concert.
    DateAdded { starts_at: Time, total_seats: u64 },
    /// A date was moved, or its seats were changed: as it is now.
    DateChanged { starts_at: Time, total_seats: u64 },
    /// Free seats of a date were taken off the sale.
    SeatsBlocked { seat_numbers: Vec<u32>, reason: String },
    /// Blocked seats are on sale again.
    SeatsUnblocked { seat_numbers: Vec<u32>, reason: String },
    /// A date of which nothing was held or sold was deleted.
    DateWithdrawn {},
    /// A date was cancelled; a job gives back what was taken of it.
    DateCancelled { reason: String, job_id: JobId },
    /// That is done.
    DateCleared { holds_ended: u64, bookings_refunded: u64, amount_refunded: Money },
    /// The announced times of a sale were changed.
    SaleScheduled { opens_at: Time, closes_at: Option<Time> },
    /// An operator opened a sale. One that opens at its announced time is told by when that was set.
    SaleOpened {},
    /// An operator closed a sale.
    SaleClosed {},
    /// Nobody is let in until it is resumed.
    SalePaused { queue_id: Option<Uuid>, reason_en: Option<String>, reason_ko: Option<String> },
    /// People are let in again.
    SaleResumed { queue_id: Option<Uuid> },
    /// A queue was added to a concert.
    QueueAdded { queue_id: Uuid, name: String, opens_at: Time },
    /// How many are let in was changed: as it is now.
    QueueChanged {
        queue_id: Option<Uuid>,
        max_active: u64,
        admissions_per_second: u64,
        max_waiting: u64,
    },
    /// The value that a draw's terms name was given.
    DrawGiven { queue_id: Option<Uuid>, value: String },
}

impl Happening {
    /// The names of all kinds, as in [`Happening::kind`].
    #[must_use]
    pub fn kinds() -> Vec<String> {
        Self::VARIANTS.iter().copied().map(dotted).collect()
    }

    /// Its name, as `booking.paid`: that of the variant, with the first word as what it is about.
    #[must_use]
    pub fn kind(&self) -> String {
        dotted(self.into())
    }
}

fn dotted(name: &str) -> String {
    name.replacen('_', ".", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_named_by_its_variant() {
        assert_eq!(Happening::SaleOpened {}.kind(), "sale.opened");
        let kinds = Happening::kinds();
        assert!(kinds.iter().any(|kind| kind == "booking.paid"), "{kinds:?}");
        assert!(kinds.iter().all(|kind| kind.matches(['.', '_']).count() == 1), "{kinds:?}");
    }
}
