//! Seats that an operator takes off the sale, and puts on it again.

use crate::check::is_name;
use crate::id::{ConcertId, DateId, SeatKey};
use crate::limits::SEATS_PER_BLOCK_MAX;
use crate::outcome::Outcome;
use crate::refusal::{Field, Refusal};
use crate::rows::event::Happening;
use crate::rows::seat::{Seat, SeatStatus};
use crate::rows::{Keys, Rows, want};
use crate::rules::Rule;
use crate::steps::concert::live;
use crate::steps::event::{of_date, tell};
use crate::time::Time;
use std::collections::BTreeSet;

/// Blocks seats of a date, or puts blocked ones on sale again: all of them or none. Those that are so already stay as
/// they are.
#[derive(Clone, Debug)]
pub struct SetSeats {
    /// Of which concert.
    pub concert: ConcertId,
    /// Of which date.
    pub date: DateId,
    /// Which seats, at most [`SEATS_PER_BLOCK_MAX`].
    pub seats: BTreeSet<u32>,
    /// Whether they are blocked; otherwise they are on sale.
    pub blocked: bool,
    /// Why, in the operator's words.
    pub reason: String,
}

impl Rule for SetSeats {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        want(&mut keys.concerts, &rows.concerts, self.concert);
        want(&mut keys.dates, &rows.dates, self.date);
        // More than that is refused without a look at them.
        if self.seats.len() <= SEATS_PER_BLOCK_MAX {
            for key in self.seat_keys() {
                want(&mut keys.seats, &rows.seats, key);
            }
        }
    }

    /// Refuses with: concert not found, date not found, date cancelled, invalid setting (the reason, no or too many
    /// seats), seat not found, seats held or sold.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        live(rows, self.concert)?;
        let date = rows.dates.get(&self.date);
        let date = date.filter(|date| date.concert == self.concert && date.is_live());
        date.ok_or(Refusal::DateNotFound)?.not_cancelled()?;
        ensure!(is_name(&self.reason), Refusal::InvalidSetting { field: Field::Reason });
        let count = (1..=SEATS_PER_BLOCK_MAX).contains(&self.seats.len());
        ensure!(count, Refusal::InvalidSetting { field: Field::Seats });
        let seat_numbers = self.numbers_where(rows, |seat| seat.is_none());
        ensure!(seat_numbers.is_empty(), Refusal::SeatNotFound { seat_numbers });
        let are = |status| move |seat: &Seat| seat.status == status && !seat.is_free(now);
        let held = self.numbers_where(rows, |seat| seat.is_some_and(are(SeatStatus::Held)));
        let sold = self.numbers_where(rows, |seat| seat.is_some_and(are(SeatStatus::Sold)));
        let free = held.is_empty() && sold.is_empty();
        ensure!(free, Refusal::SeatsHeldOrSold { held, sold });

        let is_blocked = |seat: &Seat| seat.status == SeatStatus::Blocked;
        let changed =
            self.numbers_where(rows, |seat| seat.is_some_and(|s| is_blocked(s) != self.blocked));
        self.set(rows, &changed);
        if !changed.is_empty() {
            let (seat_numbers, reason) = (changed.clone(), self.reason.clone());
            let what = if self.blocked {
                Happening::SeatsBlocked { seat_numbers, reason }
            } else {
                Happening::SeatsUnblocked { seat_numbers, reason }
            };
            tell(rows, of_date(self.concert, self.date), what, now);
        }
        let blocked_seats = rows.dates.get(&self.date).map_or(0, |date| date.blocked_seats);
        Ok(Outcome::SeatsSet {
            concert_id: self.concert,
            date_id: self.date,
            changed,
            blocked_seats,
        })
    }
}

impl SetSeats {
    fn seat_keys(&self) -> impl Iterator<Item = SeatKey> {
        let date = self.date;
        self.seats.iter().map(move |&number| SeatKey { date, number })
    }

    fn numbers_where(&self, rows: &Rows, test: impl Fn(Option<&Seat>) -> bool) -> Vec<u32> {
        self.seat_keys().filter(|key| test(rows.seats.get(key))).map(|key| key.number).collect()
    }

    /// A lapsed hold that still stands in a seat's row is not there any more once it is blocked, and was not counted
    /// as available.
    fn set(&self, rows: &mut Rows, changed: &[u32]) {
        let (mut available, mut blocked) = (0_u64, 0_u64);
        for &number in changed {
            let Some(seat) = rows.seats.update(&SeatKey { date: self.date, number }) else {
                continue;
            };
            available += u64::from(!self.blocked || seat.status == SeatStatus::Available);
            blocked += 1;
            seat.status = if self.blocked { SeatStatus::Blocked } else { SeatStatus::Available };
            (seat.reservation, seat.held_until) = (None, None);
        }
        if changed.is_empty() {
            return;
        }
        if let Some(date) = rows.dates.update(&self.date) {
            if self.blocked {
                date.available_seats = date.available_seats.saturating_sub(available);
                date.blocked_seats += blocked;
            } else {
                date.available_seats += available;
                date.blocked_seats = date.blocked_seats.saturating_sub(blocked);
            }
        }
    }
}
