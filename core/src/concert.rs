//! Concerts, their dates and seats, prices, the sale window, and the operator's commands on them.

use crate::draw::SEED_BYTES;
use crate::id::{ConcertId, DateId, ReservationId, SeatKey, UserId};
use crate::limits::{
    DATES_PER_CONCERT_MAX, NAME_CHARS_MAX, OVER_AFTER_MS, PRICE_MAX, SEATS_PER_DATE_MAX,
    SEATS_PER_RESERVATION_MAX, TTL_MS_MAX,
};
use crate::money::Money;
use crate::outcome::Outcome;
use crate::queue::{DrawRule, DrawTerms, QueueSettings, QueueState};
use crate::refusal::{Field, Refusal};
use crate::rows::Rows;
use crate::time::Time;
use std::collections::BTreeSet;

/// The times and limits that a sale is held under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long seats are held for payment.
    pub hold_ttl_ms: i64,
    /// How long an admitted user may shop, from arrival; a hold taken in time is kept to its end.
    pub shop_ttl_ms: i64,
    /// How long an admitted user may take to arrive before the slot goes to the next.
    pub arrival_grace_ms: i64,
    /// Held and confirmed seats of one date that one user may have.
    pub seats_per_user: u32,
    /// How long seats whose hold has lapsed stay closed to who held them; 0: not at all. After a release
    /// it is as much less as the hold was shorter. See [`crate::reservation`].
    pub rehold_after_ms: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            hold_ttl_ms: 5 * 60 * 1000,
            shop_ttl_ms: 10 * 60 * 1000,
            arrival_grace_ms: 60 * 1000,
            seats_per_user: 4,
            rehold_after_ms: 10 * 60 * 1000,
        }
    }
}

impl Policy {
    fn is_valid(&self) -> bool {
        let ttl = 1..=TTL_MS_MAX;
        let seats = usize::try_from(self.seats_per_user).unwrap_or(usize::MAX);
        ttl.contains(&self.hold_ttl_ms)
            && ttl.contains(&self.shop_ttl_ms)
            && ttl.contains(&self.arrival_grace_ms)
            && (0..=TTL_MS_MAX).contains(&self.rehold_after_ms)
            && (1..=SEATS_PER_RESERVATION_MAX).contains(&seats)
    }
}

/// A row of `concert`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concert {
    /// Name of the show.
    pub concert_name: String,
    /// Where it is.
    pub theater: String,
    /// Length in minutes.
    pub run_time: u32,
    /// Seats over all dates.
    pub total_seats: u64,
    /// Number of dates.
    pub date_count: u64,
    /// When the sale opens.
    pub start_at: Time,
    /// When the sale closes, if it does.
    pub end_at: Option<Time>,
    /// Times and limits.
    pub policy: Policy,
    /// When the row was made.
    pub created_at: Time,
}

impl Concert {
    /// Whether seats are sold at `now`: refuses with not open or closed.
    pub fn on_sale(&self, now: Time) -> Result<(), Refusal> {
        self.not_closed(now)?;
        ensure!(now.reached(self.start_at), Refusal::SaleNotOpen { opens_at: self.start_at });
        Ok(())
    }

    /// Whether the sale is still to come or under way: refuses with closed.
    pub fn not_closed(&self, now: Time) -> Result<(), Refusal> {
        ensure!(!self.end_at.is_some_and(|end| now.reached(end)), Refusal::SaleClosed);
        Ok(())
    }

    /// Whether nothing of it is to come, where `last` is the start of its last date: its sale has
    /// closed, or has no end, and all dates have started, all of it [`OVER_AFTER_MS`] ago or more.
    /// A concert that has neither an end nor a date is not over.
    #[must_use]
    pub fn is_over(&self, last: Option<Time>, now: Time) -> bool {
        let end = last.max(self.end_at).map(|end| end.max(self.start_at));
        end.is_some_and(|end| now.reached(end.plus_ms(OVER_AFTER_MS)))
    }
}

/// A row of `concert_date`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConcertDate {
    /// The show.
    pub concert: ConcertId,
    /// When the performance starts.
    pub concert_date: Time,
    /// Seats of this date.
    pub total_seats: u64,
    /// Seats whose row says available; a lapsed hold counts again once it is swept or overtaken.
    pub available_seats: u64,
}

/// What a seat's row says. Whether a hold still counts is [`Seat::is_free`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SeatStatus {
    /// Nobody's.
    Available,
    /// A user's until `held_until`.
    Held,
    /// A user's for good.
    Sold,
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
            SeatStatus::Sold => false,
        }
    }

    /// Until when the seat is closed to this user, who held it last and did not pay (H40).
    #[must_use]
    pub fn closed_until(&self, user: UserId, now: Time) -> Option<Time> {
        let until = self.last_holder_until.filter(|until| !now.reached(*until));
        until.filter(|_| self.last_holder == Some(user))
    }
}

/// A seat to be added.
#[derive(Clone, Debug)]
pub struct NewSeat {
    /// Number on the date, from 1.
    pub number: u32,
    /// Price zone.
    pub zone: String,
    /// Minor units.
    pub price: Money,
}

/// A date to be added.
#[derive(Clone, Debug)]
pub struct NewDate {
    /// Its id.
    pub date: DateId,
    /// When the performance starts.
    pub starts_at: Time,
    /// Its seats.
    pub seats: Vec<NewSeat>,
}

impl NewDate {
    fn is_valid(&self) -> bool {
        let numbers: BTreeSet<u32> = self.seats.iter().map(|seat| seat.number).collect();
        let fits = |seat: &NewSeat| {
            seat.number > 0
                && (Money::ZERO..=PRICE_MAX).contains(&seat.price)
                && is_name(&seat.zone)
        };
        (1..=SEATS_PER_DATE_MAX).contains(&self.seats.len())
            && numbers.len() == self.seats.len()
            && self.seats.iter().all(fits)
    }

    /// Adds the date and its seats; whoever calls has checked them.
    fn add(&self, rows: &mut Rows, concert: ConcertId) {
        let seats = u64::try_from(self.seats.len()).unwrap_or(u64::MAX);
        let date = ConcertDate {
            concert,
            concert_date: self.starts_at,
            total_seats: seats,
            available_seats: seats,
        };
        rows.dates.insert(self.date, date);
        for seat in &self.seats {
            let row = Seat {
                seat_id: 0,
                concert,
                zone: seat.zone.clone(),
                ticket_price: seat.price,
                status: SeatStatus::Available,
                reservation: None,
                held_until: None,
                reservated_date: None,
                last_holder: None,
                last_holder_until: None,
            };
            rows.seats.insert(SeatKey { date: self.date, number: seat.number }, row);
        }
        if let Some(row) = rows.concerts.update(&concert) {
            row.total_seats += seats;
            row.date_count += 1;
        }
    }
}

fn is_name(name: &str) -> bool {
    let shown = !name.trim().is_empty() && !name.chars().any(char::is_control);
    shown && name.chars().count() <= NAME_CHARS_MAX
}

/// Makes a concert with its dates, seats and queue.
#[derive(Clone, Debug)]
pub struct CreateConcert {
    /// Its id.
    pub concert: ConcertId,
    /// Name of the show.
    pub concert_name: String,
    /// Where it is.
    pub theater: String,
    /// Length in minutes.
    pub run_time: u32,
    /// When the sale opens.
    pub start_at: Time,
    /// When it closes, if it does.
    pub end_at: Option<Time>,
    /// Times and limits.
    pub policy: Policy,
    /// The queue's limits.
    pub queue: QueueSettings,
    /// Secret seed of the draw, fresh random bytes.
    pub seed: [u8; SEED_BYTES],
    /// Who is drawn, and from what besides the seed.
    pub draw: DrawTerms,
    /// Dates; may be empty.
    pub dates: Vec<NewDate>,
}

impl CreateConcert {
    /// Refuses with: invalid setting, already exists.
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        self.check()?;
        let taken = rows.concerts.get(&self.concert).is_some()
            || self.dates.iter().any(|new| rows.dates.get(&new.date).is_some());
        ensure!(!taken, Refusal::AlreadyExists);

        let concert = Concert {
            concert_name: self.concert_name.clone(),
            theater: self.theater.clone(),
            run_time: self.run_time,
            total_seats: 0,
            date_count: 0,
            start_at: self.start_at,
            end_at: self.end_at,
            policy: self.policy,
            created_at: now,
        };
        rows.concerts.insert(self.concert, concert);
        let rule = DrawRule { terms: self.draw.clone(), ..DrawRule::default() };
        let queue = QueueState { rule, ..QueueState::new(self.seed, self.queue, now) };
        rows.queues.insert(self.concert, queue);
        for date in &self.dates {
            date.add(rows, self.concert);
        }
        Ok(Outcome::ConcertCreated {
            concert_id: self.concert,
            date_ids: self.dates.iter().map(|new| new.date).collect(),
        })
    }

    fn check(&self) -> Result<(), Refusal> {
        let invalid = |field| Refusal::InvalidSetting { field };
        ensure!(is_name(&self.concert_name), invalid(Field::ConcertName));
        ensure!(is_name(&self.theater), invalid(Field::Theater));
        ensure!((1..=24 * 60).contains(&self.run_time), invalid(Field::RunTime));
        let window = self.end_at.is_none_or(|end| end > self.start_at);
        ensure!(window, invalid(Field::SaleWindow));
        ensure!(self.policy.is_valid(), invalid(Field::Policy));
        self.queue.check()?;
        self.draw.check(self.start_at)?;
        let ids: BTreeSet<DateId> = self.dates.iter().map(|new| new.date).collect();
        let dates = ids.len() == self.dates.len() && ids.len() <= DATES_PER_CONCERT_MAX;
        ensure!(dates, invalid(Field::Dates));
        ensure!(self.dates.iter().all(NewDate::is_valid), invalid(Field::Seats));
        Ok(())
    }
}

/// Adds a date with its seats to a concert.
#[derive(Clone, Debug)]
pub struct AddDate {
    /// To which concert.
    pub concert: ConcertId,
    /// The date.
    pub date: NewDate,
}

impl AddDate {
    /// Refuses with: concert not found, invalid setting, already exists.
    pub(crate) fn decide(&self, rows: &mut Rows) -> Result<Outcome, Refusal> {
        let concert = rows.concerts.get(&self.concert).ok_or(Refusal::ConcertNotFound)?;
        let room = usize::try_from(concert.date_count).is_ok_and(|n| n < DATES_PER_CONCERT_MAX);
        ensure!(room, Refusal::InvalidSetting { field: Field::Dates });
        ensure!(self.date.is_valid(), Refusal::InvalidSetting { field: Field::Seats });
        ensure!(rows.dates.get(&self.date.date).is_none(), Refusal::AlreadyExists);

        self.date.add(rows, self.concert);
        Ok(Outcome::DateAdded { concert_id: self.concert, date_id: self.date.date })
    }
}

/// Opens or closes a sale now.
#[derive(Clone, Debug)]
pub struct SetSale {
    /// Of which concert.
    pub concert: ConcertId,
    /// Open (and stay open until closed), or close.
    pub open: bool,
}

impl SetSale {
    /// Refuses with: concert not found.
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let concert = rows.concerts.update(&self.concert).ok_or(Refusal::ConcertNotFound)?;

        if self.open {
            concert.start_at = concert.start_at.min(now);
            concert.end_at = None;
        } else if concert.not_closed(now).is_ok() {
            concert.end_at = Some(now);
        }
        Ok(Outcome::SaleSet {
            concert_id: self.concert,
            opens_at: concert.start_at,
            closes_at: concert.end_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn concert(start_at: i64, end_at: Option<i64>) -> Concert {
        Concert {
            concert_name: String::new(),
            theater: String::new(),
            run_time: 1,
            total_seats: 0,
            date_count: 0,
            start_at: Time(start_at),
            end_at: end_at.map(Time),
            policy: Policy::default(),
            created_at: Time(0),
        }
    }

    /// A day after the last of its opening, its closing and its last date; never where it has neither of the
    /// last two.
    #[test]
    fn a_concert_is_over_a_day_after_its_end() {
        for (start_at, end_at, last, end) in [
            (10, None, None, None),
            (10, Some(30), None, Some(30)),
            (10, None, Some(40), Some(40)),
            (10, Some(30), Some(40), Some(40)),
            (10, Some(50), Some(40), Some(50)),
            (90, Some(50), Some(40), Some(90)),
        ] {
            let concert = concert(start_at, end_at);
            let over_at = |now| concert.is_over(last.map(Time), Time(now));
            let Some(end) = end else {
                assert!(!over_at(1_000 * DAY));
                continue;
            };
            assert_eq!((over_at(end + DAY - 1), over_at(end + DAY)), (false, true), "{concert:?}");
        }
    }
}
