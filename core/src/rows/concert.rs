//! Concerts and their dates: what their rows tell.

use crate::id::{ConcertId, JobId};
use crate::limits::{LAPSES_MAX, OVER_AFTER_MS, SEATS_PER_RESERVATION_MAX, TTL_MS_MAX};
use crate::money::Currency;
use crate::refusal::Refusal;
use crate::time::Time;

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
    /// it is as much less as the hold was shorter.
    pub rehold_after_ms: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            hold_ttl_ms: 5 * 60 * 1000,
            shop_ttl_ms: 10 * 60 * 1000,
            arrival_grace_ms: 180 * 1000,
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

    /// How long a user stays away after too many lapses; as long a whole hold's unpaid time takes to wear
    /// off. 0: nothing is counted.
    pub(crate) fn away_ms(&self) -> i64 {
        self.rehold_after_ms.saturating_mul(LAPSES_MAX.into())
    }

    /// Whether somebody who has held seats for so long without paying has to stay away.
    pub(crate) fn is_used_up(&self, unpaid_ms: i64) -> bool {
        let most = self.hold_ttl_ms.saturating_mul(LAPSES_MAX.into());
        self.rehold_after_ms > 0 && unpaid_ms >= most
    }

    /// What is left of unpaid time after being away.
    pub(crate) fn worn_off(&self, unpaid_ms: i64, away_ms: i64) -> i64 {
        let worn = away_ms.saturating_mul(self.hold_ttl_ms).checked_div(self.away_ms());
        worn.map_or(0, |worn| unpaid_ms.saturating_sub(worn).max(0))
    }

    /// How long to be away until there is room for a whole hold again.
    pub(crate) fn wears_off_in(&self, unpaid_ms: i64) -> i64 {
        let room = self.hold_ttl_ms.saturating_mul(i64::from(LAPSES_MAX) - 1);
        let over = unpaid_ms.saturating_sub(room).max(0);
        let whole = self.hold_ttl_ms.max(1);
        over.saturating_mul(self.away_ms()).saturating_add(whole - 1) / whole
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
    /// What its prices are in.
    pub currency: Currency,
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
    /// When the sale was opened again after its announced closing, which does not count any more then.
    pub reopened_at: Option<Time>,
    /// When the concert was deleted, with nothing of it held or sold.
    pub deleted_at: Option<Time>,
}

impl Concert {
    /// When the sale opens or has opened: as announced, or by hand ahead of it.
    #[must_use]
    pub fn opens_at(&self) -> Time {
        let early = self.by_hand.opened_at.filter(|_| self.by_hand.recalled_at.is_none());
        early.map_or(self.start_at, |early| early.min(self.start_at))
    }

    /// The announced closing, unless the sale was opened again after it.
    #[must_use]
    pub fn end(&self) -> Option<Time> {
        let over = |end: &Time| self.by_hand.reopened_at.is_some_and(|at| at.reached(*end));
        self.end_at.filter(|end| !over(end))
    }

    /// When the sale closes or has closed: as announced, or by hand ahead of it.
    #[must_use]
    pub fn closes_at(&self) -> Option<Time> {
        let ends = [self.end(), self.by_hand.closed_at];
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
    /// Seats whose row says blocked.
    pub blocked_seats: u64,
    /// How often an operator has changed the date: whoever shows it reads it anew then.
    pub revision: u64,
    /// When it was deleted, with nothing of it held or sold.
    pub withdrawn_at: Option<Time>,
    /// That it was cancelled; nothing of it is sold any more.
    pub cancelled: Option<Cancellation>,
}

/// That a date was cancelled by its organiser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancellation {
    /// When.
    pub at: Time,
    /// Why, in the operator's words.
    pub reason: String,
    /// The job that gives back what was taken of it.
    pub job: JobId,
}

impl ConcertDate {
    /// Whether it can be seen and sold.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.withdrawn_at.is_none()
    }

    /// Refuses with: date cancelled.
    pub(crate) fn not_cancelled(&self) -> Result<(), Refusal> {
        let reason = self.cancelled.as_ref().map(|cancelled| cancelled.reason.clone());
        reason.map_or(Ok(()), |reason| Err(Refusal::DateCancelled { reason }))
    }

    /// Seats whose row says held or sold.
    pub(crate) const fn taken(&self) -> u64 {
        self.total_seats.saturating_sub(self.available_seats).saturating_sub(self.blocked_seats)
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
            time_zone: None,
            policy: Policy::default(),
            currency: Currency::KRW,
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
