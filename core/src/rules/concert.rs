//! Making a concert, its dates and its seats.

use crate::check::{is_name, is_run_time};
use crate::draw::SEED_BYTES;
use crate::id::{ConcertId, DateId, LayoutId, QueueId, SeatKey};
use crate::limits::DATES_PER_CONCERT_MAX;
use crate::money::Currency;
use crate::outcome::Outcome;
use crate::refusal::{Field, Refusal};
use crate::rows::concert::{ByHand, Concert, ConcertDate, Policy};
use crate::rows::event::Happening;
use crate::rows::poster::Billing;
use crate::rows::queue::{DrawRule, DrawTerms, QueueSettings, QueueState};
use crate::rows::{Keys, Rows, want};
use crate::rules::Rule;
use crate::steps::concert::{
    NewSeat, are_seats, billing_fits, dates_keys, live, may_start, queue_keys,
};
use crate::steps::event::{of_concert, of_date, tell};
use crate::time::Time;
use std::collections::BTreeSet;

/// A date to be added.
#[derive(Clone, Debug)]
pub struct NewDate {
    /// Its id.
    pub date: DateId,
    /// When the performance starts.
    pub starts_at: Time,
    /// Its seats.
    pub seats: Vec<NewSeat>,
    /// The layout that has just these seats; the caller knows that it has.
    pub layout: Option<LayoutId>,
}

impl NewDate {
    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        want(&mut keys.dates, &rows.dates, self.date);
        if let Some(layout) = self.layout {
            want(&mut keys.layouts, &rows.layouts, layout);
        }
    }

    /// Refuses with: layout not found, invalid setting (it has more or fewer seats).
    fn fits_layout(&self, rows: &Rows) -> Result<(), Refusal> {
        let Some(id) = self.layout else { return Ok(()) };
        let layout = rows.layouts.get(&id).ok_or(Refusal::LayoutNotFound)?;
        let agree = u64::try_from(self.seats.len()).is_ok_and(|seats| seats == layout.seat_count);
        ensure!(agree, Refusal::InvalidSetting { field: Field::Layout });
        Ok(())
    }

    /// Adds the date and its seats; whoever calls has checked them.
    fn add(&self, rows: &mut Rows, concert: ConcertId) {
        let seats = u64::try_from(self.seats.len()).unwrap_or(u64::MAX);
        let date = ConcertDate {
            concert,
            concert_date: self.starts_at,
            total_seats: seats,
            available_seats: seats,
            blocked_seats: 0,
            revision: 0,
            withdrawn_at: None,
            cancelled: None,
            layout: self.layout,
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

/// Makes a concert with its dates, seats and general queue.
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
    /// What its prices are in; the caller knows that there is such a currency.
    pub currency: Currency,
    /// Times and limits.
    pub policy: Policy,
    /// The general queue's limits.
    pub queue: QueueSettings,
    /// Secret seed of the draw, fresh random bytes.
    pub seed: [u8; SEED_BYTES],
    /// Who is drawn, and from what besides the seed.
    pub draw: DrawTerms,
    /// What else is told of it; a poster comes later.
    pub billing: Billing,
    /// Dates; may be empty.
    pub dates: Vec<NewDate>,
}

impl Rule for CreateConcert {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        queue_keys(QueueId::general(self.concert), rows, keys);
        want(&mut keys.queues_of, &rows.queues_of, self.concert);
        self.dates.iter().for_each(|new| new.keys(rows, keys));
    }

    /// Refuses with: invalid setting, layout not found, date in past, date before opening, date exists, already
    /// exists.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        self.check()?;
        self.dates.iter().try_for_each(|new| new.fits_layout(rows))?;
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
            currency: self.currency,
            billing: Billing { poster: None, ..self.billing.clone() },
            created_at: now,
        };
        rows.concerts.insert(self.concert, concert);
        let rule = DrawRule { terms: self.draw.clone(), ..DrawRule::default() };
        let queue = QueueState { rule, ..QueueState::general(self.seed, self.queue, now) };
        let id = QueueId::general(self.concert);
        rows.queues.insert(id, queue);
        if let Some(queues) = rows.queues_of.update(&self.concert) {
            queues.insert(id);
        }
        for date in &self.dates {
            date.add(rows, self.concert);
        }
        let date_ids: Vec<DateId> = self.dates.iter().map(|new| new.date).collect();
        let what = Happening::ConcertCreated {
            name: self.concert_name.clone(),
            opens_at: self.start_at,
            closes_at: self.end_at,
            concert_date_ids: date_ids.clone(),
        };
        tell(rows, of_concert(self.concert), what, now);
        Ok(Outcome::ConcertCreated { concert_id: self.concert, date_ids })
    }
}

impl CreateConcert {
    fn check(&self) -> Result<(), Refusal> {
        let invalid = |field| Refusal::InvalidSetting { field };
        ensure!(is_name(&self.concert_name), invalid(Field::ConcertName));
        ensure!(is_name(&self.theater), invalid(Field::Theater));
        ensure!(is_run_time(self.run_time), invalid(Field::RunTime));
        ensure!(self.time_zone.as_deref().is_none_or(is_name), invalid(Field::TimeZone));
        billing_fits(&self.billing)?;
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

/// Adds a date with its seats to a concert.
#[derive(Clone, Debug)]
pub struct AddDate {
    /// To which concert.
    pub concert: ConcertId,
    /// The date.
    pub date: NewDate,
}

impl Rule for AddDate {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        dates_keys(self.concert, rows, keys);
        self.date.keys(rows, keys);
    }

    /// Refuses with: concert not found, invalid setting, layout not found, already exists, date in past, date
    /// before opening, date exists.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let concert = live(rows, self.concert)?;
        let room = usize::try_from(concert.date_count).is_ok_and(|n| n < DATES_PER_CONCERT_MAX);
        ensure!(room, Refusal::InvalidSetting { field: Field::Dates });
        ensure!(are_seats(&self.date.seats), Refusal::InvalidSetting { field: Field::Seats });
        self.date.fits_layout(rows)?;
        ensure!(rows.dates.get(&self.date.date).is_none(), Refusal::AlreadyExists);
        let sale = (self.concert, concert.start_at);
        may_start(rows, sale, (self.date.date, self.date.starts_at), now)?;

        self.date.add(rows, self.concert);
        let total_seats = u64::try_from(self.date.seats.len()).unwrap_or(u64::MAX);
        let what = Happening::DateAdded { starts_at: self.date.starts_at, total_seats };
        tell(rows, of_date(self.concert, self.date.date), what, now);
        Ok(Outcome::DateAdded { concert_id: self.concert, date_id: self.date.date })
    }
}
