//! The times of a sale: as announced, and opened or closed by hand.
//!
//! What is announced and what is done by hand stand beside each other. Opening a sale ahead of its time and
//! closing it again leads back to the announced opening; closing one that is under way and opening it again
//! goes on where it was, and one whose announced closing has passed goes on without it. No announced time is
//! lost by either, and a time that has passed is none to announce: what is to happen now is done by hand, so
//! that a slip in a date opens or closes nothing.

use crate::id::{ConcertId, DateId, QueueId};
use crate::outcome::Outcome;
use crate::refusal::{Field, Refusal};
use crate::rows::concert::Concert;
use crate::rows::event::Happening;
use crate::rows::{Keys, Rows};
use crate::rules::Rule;
use crate::steps::concert::{any_opened, dates_keys, last_own_opening, live, queues_keys};
use crate::steps::event::{of_concert, tell};
use crate::time::Time;

/// Sets when a sale opens and closes, or opens or closes it now. What is `None` stays as it is.
#[derive(Clone, Debug)]
pub struct SetSale {
    /// Of which concert.
    pub concert: ConcertId,
    /// Now by hand: open, or close.
    pub open: Option<bool>,
    /// The announced opening, of a sale that has not opened; to come.
    pub opens_at: Option<Time>,
    /// The announced closing, to come; `Some(None)`: there is none.
    pub closes_at: Option<Option<Time>>,
}

impl SetSale {
    /// Opens or closes now, and sets no time.
    #[must_use]
    pub const fn now(concert: ConcertId, open: bool) -> Self {
        Self { concert, open: Some(open), opens_at: None, closes_at: None }
    }
}

impl Rule for SetSale {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        dates_keys(self.concert, rows, keys);
        queues_keys(self.concert, rows, keys);
    }

    /// Refuses with: concert not found, sale has opened (its opening cannot be moved), sale time in past (the
    /// opening), invalid setting (the draw's moment would come after the opening), date before opening, sale
    /// time in past (the closing), invalid setting (the closing would not come after the opening, or after that
    /// of a queue that opens by itself). A time that is as announced is no new one.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let before = live(rows, self.concert)?.clone();
        let mut concert = before.clone();
        let queue =
            rows.queues.get(&QueueId::general(self.concert)).ok_or(Refusal::QueueNotFound)?;
        let draw = queue.rule.terms.clone();

        if let Some(opens_at) = self.opens_at.filter(|new| *new != concert.start_at) {
            let announced = concert.opens_at();
            ensure!(!now.reached(announced), Refusal::SaleHasOpened { opens_at: announced });
            to_come(Field::OpensAt, opens_at, now)?;
            draw.check(opens_at)?;
            starts_after(rows, self.concert, opens_at)?;
            concert.start_at = opens_at;
        }
        if let Some(end_at) = self.closes_at.filter(|new| *new != concert.end_at) {
            end_at.map_or(Ok(()), |at| to_come(Field::ClosesAt, at, now))?;
            let own = last_own_opening(rows, self.concert, now);
            let after = own.zip(end_at).is_none_or(|(opens_at, end)| end > opens_at);
            ensure!(after, Refusal::InvalidSetting { field: Field::SaleWindow });
            concert.end_at = end_at;
            concert.by_hand.reopened_at = None;
        }
        let window = concert.end_at.is_none_or(|end| end > concert.start_at);
        ensure!(window, Refusal::InvalidSetting { field: Field::SaleWindow });
        match self.open {
            Some(true) => open(&mut concert, now),
            Some(false) => close(&mut concert, any_opened(rows, self.concert, now), now),
            None => {}
        }
        let outcome = Outcome::SaleSet {
            concert_id: self.concert,
            opens_at: concert.opens_at(),
            closes_at: concert.closes_at(),
            announced_opens_at: Some(concert.start_at),
            announced_closes_at: concert.end_at,
        };
        self.tell(rows, (&before, &concert), now);
        if let Some(row) = rows.concerts.update(&self.concert) {
            *row = concert;
        }
        Ok(outcome)
    }
}

impl SetSale {
    fn tell(&self, rows: &mut Rows, (old, new): (&Concert, &Concert), now: Time) {
        let subjects = of_concert(self.concert);
        if (old.start_at, old.end_at) != (new.start_at, new.end_at) {
            let (opens_at, closes_at) = (new.start_at, new.end_at);
            tell(rows, subjects, Happening::SaleScheduled { opens_at, closes_at }, now);
        }
        match (old.on_sale(now).is_ok(), new.on_sale(now).is_ok()) {
            (false, true) => tell(rows, subjects, Happening::SaleOpened {}, now),
            (true, false) => tell(rows, subjects, Happening::SaleClosed {}, now),
            _ => {}
        }
    }
}

fn to_come(field: Field, at: Time, now: Time) -> Result<(), Refusal> {
    ensure!(!now.reached(at), Refusal::SaleTimeInPast { field, at });
    Ok(())
}

/// Opens a sale: one that was closed by hand goes on where it was, one that is to come opens now.
fn open(concert: &mut Concert, now: Time) {
    if concert.end().is_some_and(|end| now.reached(end)) {
        concert.by_hand.reopened_at = Some(now);
    }
    if concert.by_hand.closed_at.take().is_none() && !now.reached(concert.opens_at()) {
        concert.by_hand.opened_at.get_or_insert(now);
        concert.by_hand.recalled_at = None;
    }
}

/// Closes a sale, for all its queues. One that was opened ahead of its time waits for the announced opening
/// again, and one that is still to come stays so: however often it is asked for, no announced opening is lost.
/// Where a queue with an opening of its own is open, the sale is under way, whatever is announced.
fn close(concert: &mut Concert, queue_open: bool, now: Time) {
    if concert.not_closed(now).is_err() {
        return;
    }
    if queue_open || now.reached(concert.start_at) {
        concert.by_hand.closed_at = Some(now);
    } else if now.reached(concert.opens_at()) {
        concert.by_hand.recalled_at = Some(now);
    }
}

/// No performance would begin by the time when its sale opens.
fn starts_after(rows: &Rows, id: ConcertId, opens_at: Time) -> Result<(), Refusal> {
    let dates = rows.dates_of.get(&id).into_iter().flatten();
    let start = |date: &DateId| rows.dates.get(date).map(|row| row.concert_date);
    match dates.filter_map(start).min() {
        Some(starts_at) if starts_at <= opens_at => {
            Err(Refusal::DateBeforeOpening { starts_at, opens_at })
        }
        _ => Ok(()),
    }
}
