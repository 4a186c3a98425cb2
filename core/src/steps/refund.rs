//! Giving back: money of a payment, its seats, or both, to who paid.
//!
//! The reservation's row keeps the sums of its refunds, so that what is left needs no history, and guards them:
//! every refund writes it. Whose a seat is says the seat's own row. What happened stays: the payment, the
//! reservation's seats and the transfer of the payment are never changed; a refund is rows of its own and a
//! transfer the other way.

use crate::check::is_name;
use crate::id::{ConcertId, DateId, PaymentId, RefundId, ReservationId, SeatKey, UserId};
use crate::limits::{BALANCE_MAX, SEATS_PER_RESERVATION_MAX};
use crate::money::Money;
use crate::outcome::Outcome;
use crate::refusal::{Field, Refusal};
use crate::rows::event::{Happening, Subjects};
use crate::rows::payment::{RefundRow, RefundedSeat};
use crate::rows::reservation::{Reservation, ReservationStatus, ReservedSeat};
use crate::rows::seat::SeatStatus;
use crate::rows::wallet::{Account, TransferKind};
use crate::rows::{Keys, Rows, want};
use crate::steps::concert::currency_of;
use crate::steps::event::tell;
use crate::steps::hold::reservation_keys;
use crate::steps::wallet::{Movement, balance_in, post};
use crate::time::Time;
use std::collections::BTreeSet;

/// What of a payment goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// All seats that are left, and all money that is left.
    Whole,
    /// These seats, at the prices that were paid for them.
    Seats(BTreeSet<u32>),
    /// These seats for this amount, which may be 0: a fee is kept.
    SeatsFor(BTreeSet<u32>, Money),
    /// This amount; the seats stay.
    Amount(Money),
}

/// Gives something of a payment back. The first five fields are those of the payment: whoever asks has looked it
/// up, and it is never changed.
#[derive(Clone, Debug)]
pub struct Refund {
    /// Which payment.
    pub payment: PaymentId,
    /// What was paid.
    pub reservation: ReservationId,
    /// Who paid.
    pub user: UserId,
    /// For which concert.
    pub concert: ConcertId,
    /// What goes back.
    pub what: What,
    /// Whether the seats are on sale again; otherwise they are blocked.
    pub release: bool,
    /// Why, in the operator's words; who paid reads it, too.
    pub reason: String,
    /// Id of the refund, if it comes about.
    pub refund: RefundId,
}

/// What a refund comes to.
struct Plan {
    date: DateId,
    seats: Vec<ReservedSeat>,
    amount: Money,
    /// The wallet's balance after it.
    after: Money,
    /// How many seats stay the user's.
    stay: usize,
}

impl Refund {
    /// Names what it takes to give back.
    pub(crate) fn rows(&self, rows: &Rows, keys: &mut Keys) {
        want(&mut keys.concerts, &rows.concerts, self.concert);
        want(&mut keys.users, &rows.users, self.user);
        want(&mut keys.balances, &rows.balances, self.user);
        reservation_keys(self.reservation, rows, keys);
    }

    /// Gives back, or refuses with nothing changed: with payment not found, invalid setting (the reason, no
    /// seats), already refunded, seats not booked, amount out of range, refund too high, account deleted,
    /// currency mismatch, balance limit.
    pub(crate) fn give_back(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let plan = self.plan(rows)?;
        let left = self.note(rows, &plan, now);
        self.take_back(rows, &plan);
        if plan.amount > Money::ZERO {
            self.pay_back(rows, &plan, now);
        }
        let seat_numbers: Vec<u32> = plan.seats.iter().map(|seat| seat.number).collect();
        self.tell(rows, (&plan, seat_numbers.clone()), now);
        Ok(Outcome::Refunded {
            refund_id: self.refund,
            payment_id: self.payment,
            reservation_id: self.reservation,
            user_id: self.user,
            seat_numbers,
            released: self.releases(&plan),
            amount: plan.amount,
            left,
            balance: plan.after,
            refunded_at: now,
        })
    }

    /// Whether seats go on sale again with it.
    fn releases(&self, plan: &Plan) -> bool {
        self.release && !plan.seats.is_empty()
    }

    fn tell(&self, rows: &mut Rows, (plan, seat_numbers): (&Plan, Vec<u32>), now: Time) {
        let subjects =
            Subjects { concert: Some(self.concert), date: Some(plan.date), user: Some(self.user) };
        let what = Happening::BookingRefunded {
            refund_id: self.refund,
            payment_id: self.payment,
            reservation_id: self.reservation,
            seat_numbers,
            released: self.releases(plan),
            amount: plan.amount,
            reason: self.reason.clone(),
        };
        tell(rows, subjects, what, now);
    }

    fn plan(&self, rows: &Rows) -> Result<Plan, Refusal> {
        let same = |r: &&Reservation| {
            r.payment == Some(self.payment) && (r.user, r.concert()) == (self.user, self.concert)
        };
        let reservation = rows.reservations.get(&self.reservation).filter(same);
        let reservation = reservation.ok_or(Refusal::PaymentNotFound)?;
        ensure!(is_name(&self.reason), Refusal::InvalidSetting { field: Field::Reason });
        let own = self.own(rows, reservation);
        let (mine, left) = (own.len(), reservation.left());
        ensure!(mine > 0 || left > Money::ZERO, Refusal::AlreadyRefunded);
        let seats = self.chosen(own)?;
        let amount = match &self.what {
            What::Whole => left,
            What::Seats(_) => seats.iter().fold(Money::ZERO, |sum, seat| sum.plus(seat.price)),
            What::SeatsFor(_, amount) | What::Amount(amount) => *amount,
        };
        let min = if seats.is_empty() { Money(1) } else { Money::ZERO };
        // No amount is in a range of nothing.
        ensure!(amount >= min || left >= min, Refusal::AlreadyRefunded);
        ensure!(amount >= min, Refusal::AmountOutOfRange { min, max: left });
        ensure!(amount <= left, Refusal::RefundTooHigh { left });
        let deleted = rows.users.get(&self.user).is_some_and(|user| !user.is_live());
        ensure!(!deleted || amount == Money::ZERO, Refusal::AccountDeleted);
        let balance = balance_in(rows, self.user, currency_of(rows, self.concert))?.amount;
        let after = balance.checked_add(amount).filter(|sum| *sum <= BALANCE_MAX);
        let after = after.ok_or(Refusal::BalanceLimit { limit: BALANCE_MAX })?;
        let stay = mine - seats.len();
        Ok(Plan { date: reservation.date, seats, amount, after, stay })
    }

    /// Seats of the reservation that are still its user's.
    fn own(&self, rows: &Rows, reservation: &Reservation) -> Vec<ReservedSeat> {
        let date = reservation.date;
        let own = |seat: &&ReservedSeat| {
            let row = rows.seats.get(&SeatKey { date, number: seat.number });
            row.is_some_and(|row| {
                row.status == SeatStatus::Sold && row.reservation == Some(self.reservation)
            })
        };
        let seats = rows.reserved_seats.get(&self.reservation).into_iter().flatten();
        seats.filter(own).copied().collect()
    }

    /// Those of them that go back.
    fn chosen(&self, own: Vec<ReservedSeat>) -> Result<Vec<ReservedSeat>, Refusal> {
        let named = match &self.what {
            What::Whole => return Ok(own),
            What::Amount(_) => return Ok(Vec::new()),
            What::Seats(named) | What::SeatsFor(named, _) => named,
        };
        ensure!(!named.is_empty(), Refusal::InvalidSetting { field: Field::Seats });
        let has = |number: &u32| own.iter().any(|seat| seat.number == *number);
        let others = named.iter().copied().filter(|number| !has(number));
        let seat_numbers: Vec<u32> = others.take(SEATS_PER_RESERVATION_MAX).collect();
        ensure!(seat_numbers.is_empty(), Refusal::SeatsNotBooked { seat_numbers });
        Ok(own.into_iter().filter(|seat| named.contains(&seat.number)).collect())
    }

    /// Writes the refund, and its sums into the reservation. Returns what is left of the payment.
    fn note(&self, rows: &mut Rows, plan: &Plan, now: Time) -> Money {
        let seat_count = u32::try_from(plan.seats.len()).unwrap_or(u32::MAX);
        let Some(reservation) = rows.reservations.update(&self.reservation) else {
            return Money::ZERO;
        };
        let refunded = &mut reservation.refunded;
        refunded.count += 1;
        refunded.seats += seat_count;
        refunded.amount = refunded.amount.plus(plan.amount);
        let number = refunded.count;
        if plan.stay == 0 {
            reservation.status = ReservationStatus::Refunded;
        }
        let left = reservation.left();
        let row = RefundRow {
            refund: self.refund,
            amount: plan.amount,
            seat_count,
            released: self.releases(plan),
            reason: self.reason.clone(),
            created_at: now,
        };
        rows.refunds.insert((self.reservation, number), row);
        for seat in &plan.seats {
            let row = RefundedSeat { refund_number: number, date: plan.date };
            rows.refunded_seats.insert((self.reservation, seat.number), row);
        }
        left
    }

    /// Takes the seats from the user: on sale again, or blocked.
    fn take_back(&self, rows: &mut Rows, plan: &Plan) {
        for seat in &plan.seats {
            let key = SeatKey { date: plan.date, number: seat.number };
            if let Some(row) = rows.seats.update(&key) {
                row.status = if self.release { SeatStatus::Available } else { SeatStatus::Blocked };
                (row.reservation, row.reservated_date) = (None, None);
            }
        }
        if plan.seats.is_empty() {
            return;
        }
        let count = u64::try_from(plan.seats.len()).unwrap_or(u64::MAX);
        if let Some(date) = rows.dates.update(&plan.date) {
            let seats =
                if self.release { &mut date.available_seats } else { &mut date.blocked_seats };
            *seats += count;
        }
    }

    /// Moves the money from the sales of the date to the wallet.
    fn pay_back(&self, rows: &mut Rows, plan: &Plan, now: Time) {
        let movement = Movement {
            kind: TransferKind::Refund,
            account: Account::Sales(plan.date),
            amount: plan.amount,
            currency: currency_of(rows, self.concert),
            reference: self.refund.0,
            reason: Some(self.reason.clone()),
        };
        post(rows, self.user, movement, plan.after, now);
    }
}
