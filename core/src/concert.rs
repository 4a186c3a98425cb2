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
    pub(crate) fn is_valid(&self) -> bool {
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
    /// When the sale opens, as announced.
    pub start_at: Time,
    /// When the sale closes, as announced; `None`: it is not.
    pub end_at: Option<Time>,
    /// What operators did beside these two.
    pub by_hand: ByHand,
    /// Times and limits.
    pub policy: Policy,
    /// IANA name of the time zone where it is, as "Asia/Seoul"; `None`: not told.
    pub time_zone: Option<String>,
    /// Why the queue is paused.
    pub pause_reason: PauseReason,
    /// When the row was made.
    pub created_at: Time,
}

/// What operators did to a sale at a moment. It stands beside the announced times, so that a wrong click
/// loses none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByHand {
    /// When the sale was first opened ahead of its announced opening.
    pub opened_at: Option<Time>,
    /// When that was taken back, so that the announced opening counts again.
    pub recalled_at: Option<Time>,
    /// When the sale was closed; it stays closed until it is opened again.
    pub closed_at: Option<Time>,
    /// When the concert was deleted, with nothing of it held or sold.
    pub deleted_at: Option<Time>,
}

/// Why nobody is let in, in the operator's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PauseReason {
    /// English.
    pub en: Option<String>,
    /// Korean.
    pub ko: Option<String>,
}

impl PauseReason {
    /// Refuses with: invalid setting.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let fits = [&self.en, &self.ko].into_iter().flatten().all(|text| is_name(text));
        ensure!(fits, Refusal::InvalidSetting { field: Field::PauseReason });
        Ok(())
    }
}

impl Concert {
    /// When the sale opens or has opened: as announced, or by hand ahead of it.
    #[must_use]
    pub fn opens_at(&self) -> Time {
        let early = self.by_hand.opened_at.filter(|_| self.by_hand.recalled_at.is_none());
        early.map_or(self.start_at, |early| early.min(self.start_at))
    }

    /// When the sale closes or has closed: as announced, or by hand ahead of it.
    #[must_use]
    pub fn closes_at(&self) -> Option<Time> {
        let ends = [self.end_at, self.by_hand.closed_at];
        ends.into_iter().flatten().min()
    }

    /// Whether it was deleted: it is not shown any more, and nothing can be done with it.
    #[must_use]
    pub const fn is_deleted(&self) -> bool {
        self.by_hand.deleted_at.is_some()
    }

    /// Whether seats are sold at `now`: refuses with not open or closed.
    pub fn on_sale(&self, now: Time) -> Result<(), Refusal> {
        self.not_closed(now)?;
        let opens_at = self.opens_at();
        ensure!(now.reached(opens_at), Refusal::SaleNotOpen { opens_at });
        Ok(())
    }

    /// Whether the sale is still to come or under way: refuses with closed.
    pub fn not_closed(&self, now: Time) -> Result<(), Refusal> {
        let closed = self.closes_at().is_some_and(|end| now.reached(end));
        ensure!(!closed && !self.is_deleted(), Refusal::SaleClosed);
        Ok(())
    }

    /// Whether nothing of it is to come, where `last` is the start of its last date: its sale has
    /// closed, or has no end, and all dates have started, all of it [`OVER_AFTER_MS`] ago or more.
    /// A concert that has neither an end nor a date is not over; one that was deleted is.
    #[must_use]
    pub fn is_over(&self, last: Option<Time>, now: Time) -> bool {
        let end = last.max(self.closes_at()).map(|end| end.max(self.start_at));
        self.is_deleted() || end.is_some_and(|end| now.reached(end.plus_ms(OVER_AFTER_MS)))
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
    /// How often an operator has changed the date: whoever shows it reads it anew then.
    pub revision: u64,
    /// When it was deleted, with nothing of it held or sold.
    pub withdrawn_at: Option<Time>,
}

impl ConcertDate {
    /// Whether it can be seen and sold.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.withdrawn_at.is_none()
    }

    /// Seats whose row says held or sold.
    pub(crate) const fn taken(&self) -> u64 {
        self.total_seats.saturating_sub(self.available_seats)
    }
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

/// Whether these can be seats of one date: at least one, each number once, prices and zones as allowed.
pub(crate) fn are_seats(seats: &[NewSeat]) -> bool {
    let numbers: BTreeSet<u32> = seats.iter().map(|seat| seat.number).collect();
    let fits = |seat: &NewSeat| {
        seat.number > 0 && (Money::ZERO..=PRICE_MAX).contains(&seat.price) && is_name(&seat.zone)
    };
    (1..=SEATS_PER_DATE_MAX).contains(&seats.len())
        && numbers.len() == seats.len()
        && seats.iter().all(fits)
}

impl NewSeat {
    /// The row of a seat that nobody has yet.
    pub(crate) fn row(&self, concert: ConcertId) -> Seat {
        Seat {
            seat_id: 0,
            concert,
            zone: self.zone.clone(),
            ticket_price: self.price,
            status: SeatStatus::Available,
            reservation: None,
            held_until: None,
            reservated_date: None,
            last_holder: None,
            last_holder_until: None,
        }
    }
}

/// A performance can start then: it is to come, after its sale's opening, and at that instant there is no
/// other of the concert. Refuses with: date in past, date before opening, date exists.
pub(crate) fn may_start(
    rows: &Rows,
    (id, opens_at): (ConcertId, Time),
    (date, starts_at): (DateId, Time),
    now: Time,
) -> Result<(), Refusal> {
    ensure!(!now.reached(starts_at), Refusal::DateInPast { starts_at });
    ensure!(starts_at > opens_at, Refusal::DateBeforeOpening { starts_at, opens_at });
    let others = rows.dates_of.get(&id).into_iter().flatten().filter(|other| **other != date);
    let at = |id: &&DateId| rows.dates.get(id).is_some_and(|row| row.concert_date == starts_at);
    let same = others.copied().find(|other| at(&other));
    same.map_or(Ok(()), |first| Err(Refusal::DateExists { date_id: Some(first), starts_at }))
}

impl NewDate {
    /// Adds the date and its seats; whoever calls has checked them.
    fn add(&self, rows: &mut Rows, concert: ConcertId) {
        let seats = u64::try_from(self.seats.len()).unwrap_or(u64::MAX);
        let date = ConcertDate {
            concert,
            concert_date: self.starts_at,
            total_seats: seats,
            available_seats: seats,
            revision: 0,
            withdrawn_at: None,
        };
        rows.dates.insert(self.date, date);
        if let Some(dates) = rows.dates_of.update(&concert) {
            dates.insert(self.date);
        }
        for seat in &self.seats {
            rows.seats.insert(SeatKey { date: self.date, number: seat.number }, seat.row(concert));
        }
        if let Some(row) = rows.concerts.update(&concert) {
            row.total_seats += seats;
            row.date_count += 1;
        }
    }
}

pub(crate) fn is_name(name: &str) -> bool {
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
    /// IANA name of the time zone where it is; the caller knows that there is such a zone.
    pub time_zone: Option<String>,
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
    /// Refuses with: invalid setting, date in past, date before opening, date exists, already exists.
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        self.check()?;
        self.dates_can_be(now)?;
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
            by_hand: ByHand::default(),
            policy: self.policy,
            time_zone: self.time_zone.clone(),
            pause_reason: PauseReason::default(),
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
        ensure!(is_run_time(self.run_time), invalid(Field::RunTime));
        ensure!(self.time_zone.as_deref().is_none_or(is_name), invalid(Field::TimeZone));
        let window = self.end_at.is_none_or(|end| end > self.start_at);
        ensure!(window, invalid(Field::SaleWindow));
        ensure!(self.policy.is_valid(), invalid(Field::Policy));
        self.queue.check()?;
        self.draw.check(self.start_at)?;
        let ids: BTreeSet<DateId> = self.dates.iter().map(|new| new.date).collect();
        let dates = ids.len() == self.dates.len() && ids.len() <= DATES_PER_CONCERT_MAX;
        ensure!(dates, invalid(Field::Dates));
        let seats = self.dates.iter().all(|new| are_seats(&new.seats));
        ensure!(seats, invalid(Field::Seats));
        Ok(())
    }

    fn dates_can_be(&self, now: Time) -> Result<(), Refusal> {
        let opens_at = self.start_at;
        let mut instants = BTreeSet::new();
        for &NewDate { starts_at, .. } in &self.dates {
            ensure!(!now.reached(starts_at), Refusal::DateInPast { starts_at });
            ensure!(starts_at > opens_at, Refusal::DateBeforeOpening { starts_at, opens_at });
            // None of them is made, so that none has an id yet.
            let first = instants.insert(starts_at);
            ensure!(first, Refusal::DateExists { date_id: None, starts_at });
        }
        Ok(())
    }
}

pub(crate) fn is_run_time(minutes: u32) -> bool {
    (1..=24 * 60).contains(&minutes)
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
    /// Refuses with: concert not found, invalid setting, already exists, date in past, date before opening,
    /// date exists.
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let concert = rows.concerts.get(&self.concert).filter(|concert| !concert.is_deleted());
        let concert = concert.ok_or(Refusal::ConcertNotFound)?;
        let room = usize::try_from(concert.date_count).is_ok_and(|n| n < DATES_PER_CONCERT_MAX);
        ensure!(room, Refusal::InvalidSetting { field: Field::Dates });
        ensure!(are_seats(&self.date.seats), Refusal::InvalidSetting { field: Field::Seats });
        ensure!(rows.dates.get(&self.date.date).is_none(), Refusal::AlreadyExists);
        let sale = (self.concert, concert.start_at);
        may_start(rows, sale, (self.date.date, self.date.starts_at), now)?;

        self.date.add(rows, self.concert);
        Ok(Outcome::DateAdded { concert_id: self.concert, date_id: self.date.date })
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
            by_hand: ByHand::default(),
            pause_reason: PauseReason::default(),
            time_zone: None,
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
