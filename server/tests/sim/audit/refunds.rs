//! What goes back of payments, by the replies: the second bookkeeping of refunds.

use super::history::{History, Hold};
use super::{Check, Found};
use boxoffice_core::edit::SetSeats;
use boxoffice_core::id::{ConcertId, ReservationId, SeatKey, UserId};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::refund::{Refund, What};
use boxoffice_core::refusal::Refusal;
use boxoffice_server::store::memory::MemoryStore;
use std::collections::BTreeSet;

/// The most a balance may hold, minor units.
const BALANCE_MOST: i64 = 10_000_000_000;

/// What these seats of a reservation were paid with.
fn paid_for(store: &MemoryStore, id: ReservationId, seats: &BTreeSet<u32>) -> i64 {
    let reserved = store.reserved_seats.get(&id).into_iter().flatten();
    reserved.filter(|seat| seats.contains(&seat.number)).map(|seat| seat.price.0).sum()
}

/// Which seats and how much a refund asks for, of what is left.
fn asked(store: &MemoryStore, refund: &Refund, hold: &Hold) -> (BTreeSet<u32>, i64) {
    let left = || hold.seats.difference(&hold.gone).copied().collect();
    match &refund.what {
        What::Whole => (left(), hold.price - hold.back),
        What::Seats(seats) => (seats.clone(), paid_for(store, refund.reservation, seats)),
        What::SeatsFor(seats, amount) => (seats.clone(), amount.0),
        What::Amount(amount) => (BTreeSet::new(), amount.0),
    }
}

impl History {
    /// The wallet is in the currency of the concert that moved it first.
    pub(super) fn in_currency(&mut self, user: UserId, concert: ConcertId) {
        if let Some(currency) = self.prices.get(&concert) {
            self.wallets.entry(user).or_insert(*currency);
        }
    }

    pub(super) fn given_back(
        &mut self,
        found: &mut Found,
        store: &MemoryStore,
        refund: &Refund,
        outcome: &Outcome,
    ) {
        let Outcome::Refunded { refund_id, seat_numbers, released, amount, left, balance, .. } =
            outcome
        else {
            return;
        };
        let id = refund.reservation;
        let alive = self.names.values().any(|user| *user == refund.user);
        let sum = self.balances.get(&refund.user).copied().unwrap_or(0) + amount.0;
        let Some(hold) = self.holds.get_mut(&id) else {
            found.ensure(false, Check::Refund, || format!("{refund:?} gave {outcome:?}"));
            return;
        };
        let (seats, money) = asked(store, refund, hold);
        let numbers: BTreeSet<u32> = seat_numbers.iter().copied().collect();
        let right = hold.paid == Some(refund.payment.0)
            && hold.user == refund.user
            && (numbers.len(), &numbers) == (seat_numbers.len(), &seats)
            && numbers.is_subset(&hold.seats)
            && numbers.is_disjoint(&hold.gone)
            && (amount.0, *released) == (money, refund.release && !numbers.is_empty())
            && (0..=hold.price - hold.back).contains(&money)
            && left.0 == hold.price - hold.back - money
            && balance.0 == sum
            && (alive || money == 0);
        found.ensure(right, Check::Refund, || format!("{refund:?} of {hold:?} gave {outcome:?}"));
        hold.gone.extend(&numbers);
        hold.back += money;
        let date = hold.date;
        if !refund.release {
            self.blocked.extend(numbers.iter().map(|&number| SeatKey { date, number }));
        }
        if money > 0 {
            self.balances.insert(refund.user, sum);
            self.refunded.insert(refund_id.0, (refund.user, money));
        }
    }

    /// Seats that nobody has are blocked now, or are not any more; those that were so before are not told.
    pub(super) fn seats_set(&mut self, found: &mut Found, set: &SetSeats, outcome: &Outcome) {
        let Outcome::SeatsSet { date_id, changed, .. } = outcome else { return };
        let key = |number: &u32| SeatKey { date: set.date, number: *number };
        let differs = |number: &&u32| self.blocked.contains(&key(number)) != set.blocked;
        let right = *date_id == set.date
            && !self.cancelled.contains(&set.date)
            && set.seats.iter().filter(differs).eq(changed)
            && set.seats.iter().all(|number| self.owner(key(number)).is_none());
        found.ensure(right, Check::ReplyTrue, || format!("{set:?} gave {outcome:?}"));
        for number in changed {
            if set.blocked {
                self.blocked.insert(key(number));
                // A hold that is over keeps nothing of it, even where a clock goes back.
                let over = self.claims.get(&key(number)).copied();
                if let Some(hold) = over.and_then(|id| self.holds.get_mut(&id)) {
                    hold.overtaken.insert(*number);
                }
            } else {
                self.blocked.remove(&key(number));
            }
        }
    }

    /// Whether somebody has each of these seats, as it was said.
    pub(super) fn seats_not_set(&self, set: &SetSeats, refusal: &Refusal) -> bool {
        let owner = |number: &u32| self.owner(SeatKey { date: set.date, number: *number });
        let paid = |number: &u32| {
            owner(number).and_then(|id| self.holds.get(&id)).map(|hold| hold.paid.is_some())
        };
        match refusal {
            Refusal::SeatsHeldOrSold { held, sold } => {
                let of = |wanted| set.seats.iter().filter(move |n| paid(n) == Some(wanted));
                of(false).eq(held) && of(true).eq(sold)
            }
            Refusal::InvalidSetting { .. } => set.reason.trim().is_empty() || set.seats.is_empty(),
            _ => true,
        }
    }

    /// All that is left of some bookings went back, for a date that was cancelled.
    pub(super) fn all_back(&mut self, found: &mut Found, store: &MemoryStore, all: &[Outcome]) {
        for outcome in all {
            let Outcome::Refunded { refund_id, payment_id, reservation_id, user_id, .. } = outcome
            else {
                continue;
            };
            let Some(hold) = self.holds.get(reservation_id) else { continue };
            let refund = Refund {
                payment: *payment_id,
                reservation: *reservation_id,
                user: *user_id,
                concert: hold.concert,
                what: What::Whole,
                release: true,
                reason: String::new(),
                refund: *refund_id,
            };
            let cancelled = self.cancelled.contains(&hold.date);
            found.ensure(cancelled, Check::Refund, || format!("{outcome:?}"));
            self.given_back(found, store, &refund, outcome);
        }
    }

    /// Whether it is true that this cannot go back.
    pub(super) fn refund_refused(
        &self,
        store: &MemoryStore,
        refund: &Refund,
        refusal: &Refusal,
    ) -> bool {
        let paid = |hold: &&Hold| hold.paid == Some(refund.payment.0) && hold.user == refund.user;
        let Some(hold) = self.holds.get(&refund.reservation).filter(paid) else {
            return *refusal == Refusal::PaymentNotFound;
        };
        let (seats, money) = asked(store, refund, hold);
        let rest = hold.price - hold.back;
        match refusal {
            Refusal::InvalidSetting { .. } => {
                let none =
                    matches!(&refund.what, What::Seats(s) | What::SeatsFor(s, _) if s.is_empty());
                refund.reason.trim().is_empty() || none
            }
            Refusal::AlreadyRefunded => {
                rest == 0 && (hold.gone == hold.seats || seats.is_empty() && money <= 0)
            }
            Refusal::SeatsNotBooked { seat_numbers } => {
                let own =
                    |number: &&u32| hold.seats.contains(number) && !hold.gone.contains(number);
                seats.iter().filter(|number| !own(number)).eq(seat_numbers)
            }
            Refusal::AmountOutOfRange { max, .. } => money <= 0 && max.0 == rest,
            Refusal::RefundTooHigh { left } => left.0 == rest && money > rest,
            Refusal::AccountDeleted => {
                money > 0 && self.names.values().all(|user| *user != refund.user)
            }
            Refusal::BalanceLimit { .. } => {
                let balance = self.balances.get(&refund.user).copied().unwrap_or(0);
                balance + money > BALANCE_MOST
            }
            _ => false,
        }
    }
}
