//! Paying: debit, payment record, sold seats, confirmed reservation and ended admission, all or
//! nothing, in one decision.

use crate::id::{ConcertId, PaymentId, PlaceKey, ReservationId, SeatKey, UserId};
use crate::money::Money;
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::rows::event::{Happening, Subjects};
use crate::rows::payment::Payment;
use crate::rows::place::AdmissionEnd;
use crate::rows::reservation::ReservationStatus;
use crate::rows::seat::SeatStatus;
use crate::rows::wallet::{Account, TransferKind};
use crate::rows::{Keys, Rows, want};
use crate::rules::Rule;
use crate::steps::admission::{admitted, end_admission, token_keys};
use crate::steps::concert::currency_of;
use crate::steps::event::tell;
use crate::steps::hold::{owned, owns_its_seats, reservation_keys};
use crate::steps::wallet::{Movement, balance_in, post};
use crate::time::Time;

/// Pays a held reservation from the user's balance.
#[derive(Clone, Debug)]
pub struct Pay {
    /// Who pays.
    pub user: UserId,
    /// The admitted place that the user shops with.
    pub place: PlaceKey,
    /// What for.
    pub reservation: ReservationId,
    /// Id of the payment, if it comes about.
    pub payment: PaymentId,
}

impl Rule for Pay {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.place.queue.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        token_keys(self.place, rows, keys);
        want(&mut keys.queues, &rows.queues, self.place.queue);
        want(&mut keys.balances, &rows.balances, self.user);
        reservation_keys(self.reservation, rows, keys);
    }

    /// Refuses with: already paid, date cancelled, hold released, hold lapsed, token (see [`admitted`]),
    /// reservation not found, currency mismatch, insufficient balance. A reservation that is there is looked at
    /// before the token, so that a retry after payment learns of the payment and not of the ended token; and its
    /// date before the hold, which the cancellation ends.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let reservation = owned(rows, self.reservation, self.user, self.place);
        if let Some(unpaid) = reservation.filter(|r| r.payment.is_none()) {
            rows.dates.get(&unpaid.date).map_or(Ok(()), |date| date.not_cancelled())?;
        }
        reservation.map_or(Ok(()), |r| r.still_held(now))?;
        let overtaken = reservation.is_some() && !owns_its_seats(rows, self.reservation);
        ensure!(!overtaken, Refusal::HoldLapsed);
        admitted(rows, self.place, self.user, now)?;
        let reservation = reservation.ok_or(Refusal::ReservationNotFound)?;
        let (price, date) = (reservation.total_price, reservation.date);
        let currency = currency_of(rows, self.place.queue.concert);
        let balance = balance_in(rows, self.user, currency)?.amount;
        let after = balance.checked_sub(price).filter(|left| *left >= Money::ZERO);
        let after = after.ok_or(Refusal::InsufficientBalance {
            balance,
            price,
            missing: Money(price.0.saturating_sub(balance.0)),
        })?;

        let debit = Movement {
            kind: TransferKind::Payment,
            account: Account::Sales(date),
            currency,
            amount: price.negated(),
            reference: self.payment.0,
            reason: None,
        };
        post(rows, self.user, debit, after, now);
        self.confirm(rows, price, now);
        end_admission(rows, self.place, AdmissionEnd::Paid, now);
        Ok(Outcome::Paid {
            payment_id: self.payment,
            reservation_id: self.reservation,
            amount: price,
            balance: after,
            paid_at: now,
        })
    }
}

impl Pay {
    fn confirm(&self, rows: &mut Rows, price: Money, now: Time) {
        let payment = Payment {
            payment: self.payment,
            user: self.user,
            concert: self.place.queue.concert,
            amount: price,
            payment_date: now,
        };
        rows.payments.insert(self.reservation, payment);
        let Some(reservation) = rows.reservations.update(&self.reservation) else {
            return;
        };
        reservation.status = ReservationStatus::Confirmed;
        reservation.payment = Some(self.payment);
        reservation.ended_at = Some(now);
        let date = reservation.date;
        if let Some(holdings) = rows.holdings.update(&(self.user, date)) {
            holdings.insert(self.reservation);
        }
        let numbers: Vec<u32> = rows
            .reserved_seats
            .get(&self.reservation)
            .map(|seats| seats.iter().map(|seat| seat.number).collect())
            .unwrap_or_default();
        for &number in &numbers {
            if let Some(seat) = rows.seats.update(&SeatKey { date, number }) {
                seat.status = SeatStatus::Sold;
                seat.held_until = None;
                seat.reservated_date = Some(now);
                (seat.last_holder, seat.last_holder_until) = (None, None);
            }
        }
        let subjects = Subjects {
            concert: Some(self.place.queue.concert),
            date: Some(date),
            user: Some(self.user),
        };
        let what = Happening::BookingPaid {
            payment_id: self.payment,
            reservation_id: self.reservation,
            seat_numbers: numbers,
            amount: price,
        };
        tell(rows, subjects, what, now);
    }
}
