//! What operators change, delete, add and take.

use super::{Scenario, prices};
use boxoffice_core::command::Command;
use boxoffice_core::concert::NewSeat;
use boxoffice_core::edit::{
    DeleteConcert, DeleteDate, EditBilling, EditConcert, EditDate, EditPolicy, NewPoster, SetSeats,
};
use boxoffice_core::id::{
    ChargeId, ConcertId, DateId, JobId, PaymentId, PosterId, RefundId, UserId, Uuid,
};
use boxoffice_core::job::{CancelDate, ClearDate, FailJob, TakeJob};
use boxoffice_core::money::Money;
use boxoffice_core::poster::PosterType;
use boxoffice_core::refund::{Refund, What};
use boxoffice_core::wallet::Adjust;
use std::collections::BTreeSet;

impl Scenario {
    pub(super) fn edit_concert(&mut self) -> Option<Command> {
        let concert = self.concert()?;
        let name = if self.rng.chance(200) { " " } else { "Another show" };
        Some(Command::EditConcert(EditConcert {
            concert,
            concert_name: self.rng.chance(600).then(|| name.into()),
            theater: None,
            run_time: self.rng.chance(300).then_some(90),
            time_zone: self.rng.chance(500).then(|| "Asia/Seoul".into()),
            policy: self.edit_policy(),
            billing: self.edit_billing(),
        }))
    }

    /// Names, a text and a poster, some of them; rarely a poster without bytes.
    fn edit_billing(&mut self) -> EditBilling {
        let mut text = |words: &str| {
            let given = self.rng.chance(800).then(|| words.to_owned());
            self.rng.chance(200).then_some(given)
        };
        let (name_en, name_ko) = (text("A show"), text("공연"));
        let about_ko = text("첫 줄\n둘째 줄");
        let which = u8::try_from(self.rng.below(3)).unwrap_or(0);
        let empty = self.rng.chance(50);
        let poster = NewPoster {
            id: PosterId([which; 32]),
            media_type: PosterType::Png,
            body: if empty { Vec::new() } else { vec![which; 40] },
        };
        let given = self.rng.chance(800).then_some(poster);
        let poster = self.rng.chance(200).then_some(given);
        EditBilling { name_en, name_ko, about_en: None, about_ko, poster }
    }

    /// Some of the times and limits; rarely one that is out of its range.
    fn edit_policy(&mut self) -> EditPolicy {
        let broken = self.rng.chance(50);
        let mut some = |from: i64, to: i64| {
            let value = if broken { 0 } else { self.rng.between(from, to) };
            self.rng.chance(300).then_some(value)
        };
        EditPolicy {
            hold_ttl_ms: some(2_000, 20_000),
            shop_ttl_ms: some(4_000, 40_000),
            arrival_grace_ms: some(1_000, 6_000),
            seats_per_user: some(1, 6).and_then(|seats| u32::try_from(seats).ok()),
            rehold_after_ms: some(0, 300_000),
        }
    }

    /// A date of a show, both as somebody knows them; the newest is likely to be unsold.
    fn date(&mut self) -> Option<(ConcertId, DateId)> {
        let show = self.rng.pick(&self.people.shows)?;
        let newest = show.dates.last().copied().filter(|_| self.rng.chance(500));
        let (date, _) = newest.or_else(|| self.rng.pick(&show.dates))?;
        let concert = if self.rng.chance(30) { self.concert()? } else { show.id };
        Some((concert, date))
    }

    pub(super) fn edit_date(&mut self) -> Option<Command> {
        let (concert, date) = self.date()?;
        let starts_at = self.rng.chance(400).then(|| self.start());
        let seats = match self.rng.below(10) {
            0..5 => 0,
            count => u32::try_from(count).unwrap_or(1),
        };
        let first = u32::try_from(self.rng.between(0, 60)).unwrap_or(1);
        let price = prices::SEATS[self.rng.index(prices::SEATS.len())];
        let seat =
            |number| NewSeat { number: first + number, zone: "B".into(), price: Money(price) };
        let seats = (0..seats).map(seat).collect();
        Some(Command::EditDate(EditDate { concert, date, starts_at, seats }))
    }

    pub(super) fn delete_date(&mut self) -> Option<Command> {
        let (concert, date) = self.date()?;
        Some(Command::DeleteDate(DeleteDate { concert, date }))
    }

    /// Mostly a few seats that may be free; more often on sale again than not, so that a hall does not fill with
    /// blocked ones.
    pub(super) fn set_seats(&mut self) -> Option<Command> {
        let (concert, date) = self.date()?;
        let first = u32::try_from(self.rng.between(0, 60)).unwrap_or(1);
        let count = u32::try_from(self.rng.below(8)).unwrap_or(1);
        let reason = if self.rng.chance(30) { " " } else { "a camera stands there" };
        Some(Command::SetSeats(SetSeats {
            concert,
            date,
            seats: (first..first + count).collect(),
            blocked: self.rng.chance(400),
            reason: reason.into(),
        }))
    }

    pub(super) fn cancel_date(&mut self) -> Option<Command> {
        let (concert, date) = self.date().filter(|_| self.rng.chance(300))?;
        let reason = if self.rng.chance(100) { " " } else { "The singer is ill." };
        let job = JobId(self.id());
        Some(Command::CancelDate(CancelDate { concert, date, reason: reason.into(), job }))
    }

    /// One of three processes is at a job, as it thinks: mostly the newest.
    pub(super) fn job(&mut self) -> Option<Command> {
        let newest = self.people.jobs.last().copied().filter(|_| self.rng.chance(600));
        let (job, date) = newest.or_else(|| self.rng.pick(&self.people.jobs))?;
        let job = if self.rng.chance(30) { JobId(self.id()) } else { job };
        let holder = Uuid::from_u128(self.rng.below(3).into());
        Some(match self.rng.below(10) {
            0..3 => Command::TakeJob(TakeJob { job, holder }),
            3 => Command::FailJob(FailJob { job, holder, error: "away".into() }),
            _ => {
                let of = |seats: &Option<(DateId, BTreeSet<u32>)>| {
                    seats.as_ref().is_some_and(|(of, _)| *of == date)
                };
                let visits = self.people.visits.values().filter(|visit| of(&visit.seats));
                let mut reservations: Vec<_> =
                    visits.filter_map(|visit| visit.reservation).collect();
                reservations.sort_unstable();
                let last = self.rng.chance(500);
                let reservations: Vec<_> =
                    reservations.into_iter().map(|id| (id, RefundId(self.id()))).collect();
                Command::ClearDate(ClearDate { job, holder, date, reservations, last })
            }
        })
    }

    pub(super) fn delete_concert(&mut self) -> Option<Command> {
        Some(Command::DeleteConcert(DeleteConcert { concert: self.concert()? }))
    }

    pub(super) fn adjust(&mut self) -> Option<Command> {
        let known = self.rng.pick(&self.people.users);
        let user = known.filter(|_| !self.rng.chance(30)).unwrap_or_else(|| UserId(self.id()));
        let amount = match self.rng.below(100) {
            0..3 => 0,
            3..40 => -self.rng.between(1, 300_000),
            40..45 => 100_000_000,
            _ => self.rng.between(1, 400_000),
        };
        let reason = if self.rng.chance(30) { " " } else { "at the counter" };
        Some(Command::Adjust(Adjust {
            user,
            amount: Money(amount),
            currency: self.currency(),
            reason: reason.into(),
            adjustment: ChargeId(self.id()),
        }))
    }

    /// Something of a payment goes back, now and then what has gone back already, or what there never was.
    pub(super) fn refund(&mut self) -> Option<Command> {
        let known = self.people.payments.len();
        let recent = if self.rng.chance(500) { known.min(12) } else { known };
        let (paid, seats) =
            self.people.payments.get(known - recent + self.rng.index(recent))?.clone();
        let mut some: BTreeSet<u32> =
            seats.iter().copied().filter(|_| self.rng.chance(600)).collect();
        if self.rng.chance(40) {
            some.insert(999);
        }
        let amount = Money(self.rng.between(-2, 160_000));
        let what = match self.rng.below(100) {
            0..35 => What::Whole,
            35..70 => What::Seats(some),
            70..85 => What::SeatsFor(some, if self.rng.chance(200) { Money(0) } else { amount }),
            _ => What::Amount(amount),
        };
        let slips = self.rng.chance(30);
        Some(Command::Refund(Refund {
            payment: if slips { PaymentId(self.id()) } else { paid.payment },
            reservation: paid.reservation,
            user: paid.user,
            concert: paid.place.queue.concert,
            what,
            release: self.rng.chance(800),
            reason: if self.rng.chance(30) { " " } else { "the stage hides the view" }.into(),
            refund: RefundId(self.id()),
        }))
    }
}
