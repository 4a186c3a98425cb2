//! The cancellation of a date. From its commit on nothing of the date is held or paid, and a job gives back what
//! was taken before, some of it at a time.

use crate::check::is_name;
use crate::id::{ConcertId, DateId, JobId, RefundId, ReservationId, Uuid};
use crate::limits::CLEAR_PER_STEP_MAX;
use crate::money::Money;
use crate::outcome::Outcome;
use crate::refusal::{Field, Refusal};
use crate::rows::concert::Cancellation;
use crate::rows::event::Happening;
use crate::rows::job::{DateCancellation, Job, JobState, Work};
use crate::rows::reservation::{Reservation, ReservationStatus};
use crate::rows::{Keys, Rows, want};
use crate::rules::Rule;
use crate::steps::concert::live;
use crate::steps::event::{of_date, tell};
use crate::steps::hold::{call_off, reservation_keys};
use crate::steps::job::{go_on, held};
use crate::steps::refund::{Refund, What};
use crate::time::Time;

/// Cancels a date for good. Once more, it changes nothing but that a job which has failed, or waits after an error,
/// is begun anew.
#[derive(Clone, Debug)]
pub struct CancelDate {
    /// Of which concert.
    pub concert: ConcertId,
    /// Which.
    pub date: DateId,
    /// Why, in the operator's words; everybody reads it.
    pub reason: String,
    /// Id of the job, if there is none yet.
    pub job: JobId,
}

impl Rule for CancelDate {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        want(&mut keys.concerts, &rows.concerts, self.concert);
        want(&mut keys.dates, &rows.dates, self.date);
        if let Some(date) = rows.dates.peek(&self.date) {
            let job = date.cancelled.as_ref().map_or(self.job, |cancelled| cancelled.job);
            want(&mut keys.jobs, &rows.jobs, job);
        }
    }

    /// Refuses with: concert not found, date not found, invalid setting (the reason), already exists.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        live(rows, self.concert)?;
        let date = rows.dates.get(&self.date);
        let date = date.filter(|date| date.concert == self.concert && date.is_live());
        let date = date.ok_or(Refusal::DateNotFound)?;
        ensure!(is_name(&self.reason), Refusal::InvalidSetting { field: Field::Reason });
        let (before, taken) = (date.cancelled.clone(), date.taken());
        if let Some(cancelled) = before {
            return Ok(self.again(rows, cancelled, now));
        }
        ensure!(rows.jobs.get(&self.job).is_none(), Refusal::AlreadyExists);

        let cancelled = Cancellation { at: now, reason: self.reason.clone(), job: self.job };
        if let Some(row) = rows.dates.update(&self.date) {
            row.cancelled = Some(cancelled.clone());
            row.revision += 1;
        }
        let work = DateCancellation {
            concert_id: self.concert,
            concert_date_id: self.date,
            holds_ended: 0,
            bookings_refunded: 0,
            amount_refunded: Money::ZERO,
            bookings_left: 0,
            left_because: None,
            after: None,
        };
        rows.jobs.insert(self.job, Job::new(Work::DateCancellation(work), taken, now));
        let what = Happening::DateCancelled { reason: self.reason.clone(), job_id: self.job };
        tell(rows, of_date(self.concert, self.date), what, now);
        Ok(self.outcome(cancelled))
    }
}

impl CancelDate {
    fn again(&self, rows: &mut Rows, cancelled: Cancellation, now: Time) -> Outcome {
        // One that waits after an error may wait for long.
        let stopped = |job: &Job| {
            let waits = job.state == JobState::Waiting && job.last_error.is_some();
            job.state == JobState::Failed || waits
        };
        if rows.jobs.get(&cancelled.job).is_some_and(stopped)
            && let Some(job) = rows.jobs.update(&cancelled.job)
        {
            job.again(now);
        }
        self.outcome(cancelled)
    }

    fn outcome(&self, cancelled: Cancellation) -> Outcome {
        Outcome::DateCancelled {
            concert_id: self.concert,
            date_id: self.date,
            job_id: cancelled.job,
            cancelled_at: cancelled.at,
            reason: cancelled.reason,
        }
    }
}

/// A step of the job: some of what is still taken of the date goes back.
#[derive(Clone, Debug)]
pub struct ClearDate {
    /// The job.
    pub job: JobId,
    /// The process that is at it.
    pub holder: Uuid,
    /// The date; its job says which, and this must be it.
    pub date: DateId,
    /// Reservations in the order of their ids, as the process has read them, each with the id of its refund, if that
    /// comes about; each is decided on its own row.
    pub reservations: Vec<(ReservationId, RefundId)>,
    /// Whether the process has found no more after them.
    pub last: bool,
}

/// What a step has done.
#[derive(Default)]
struct Cleared {
    ended: Vec<ReservationId>,
    refunded: Vec<Outcome>,
    amount: i64,
    left: u64,
    left_because: Option<Refusal>,
}

impl Rule for ClearDate {
    fn concert(&self) -> Option<ConcertId> {
        None
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        want(&mut keys.jobs, &rows.jobs, self.job);
        want(&mut keys.dates, &rows.dates, self.date);
        for &(id, refund) in self.some() {
            reservation_keys(id, rows, keys);
            let Some(reservation) = rows.reservations.peek(&id) else { continue };
            want(&mut keys.admissions, &rows.admissions, reservation.place);
            if let Some(refund) = whole(id, reservation, refund, String::new()) {
                refund.rows(rows, keys);
            }
        }
    }

    /// Refuses with: job not found, job not held, date not found. A booking that cannot be given back is left, and
    /// the job is not done.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let job = held(rows, self.job, self.holder)?;
        let Work::DateCancellation(mut work) = job.work.clone();
        let date = rows.dates.get(&self.date).filter(|_| work.concert_date_id == self.date);
        let cancelled = date.and_then(|date| date.cancelled.clone());
        let reason = cancelled.ok_or(Refusal::DateNotFound)?.reason;

        let mut cleared = Cleared::default();
        for &(id, refund) in self.some() {
            self.clear(rows, (id, refund, &reason), &mut cleared, now);
        }
        if work.after.is_none() {
            // A pass begins.
            (work.bookings_left, work.left_because) = (0, None);
        }
        let count = |all: usize| u64::try_from(all).unwrap_or(u64::MAX);
        work.holds_ended += count(cleared.ended.len());
        work.bookings_refunded += count(cleared.refunded.len());
        work.amount_refunded = work.amount_refunded.plus(Money(cleared.amount));
        work.bookings_left += cleared.left;
        let because = cleared.left_because.map(|refusal| refusal.code().to_owned());
        work.left_because = work.left_because.take().or(because);
        work.after = self.some().last().map(|(id, _)| *id).or(work.after);
        let taken = rows.dates.get(&self.date).map_or(0, |date| date.taken());
        let through = self.last && self.some().len() == self.reservations.len();
        let done = through && taken == 0;
        if through {
            work.after = None;
        }
        let something = !cleared.ended.is_empty() || !cleared.refunded.is_empty();
        let left_because = work.left_because.clone().filter(|_| through);
        self.note(rows, work, (done, something, taken), now);
        let Cleared { ended, refunded, .. } = cleared;
        Ok(Outcome::DateClearing { job_id: self.job, ended, refunded, left_because, done })
    }
}

/// All that is left of a reservation, if it is paid for.
fn whole(
    id: ReservationId,
    reservation: &Reservation,
    refund: RefundId,
    reason: String,
) -> Option<Refund> {
    Some(Refund {
        payment: reservation.payment?,
        reservation: id,
        user: reservation.user,
        concert: reservation.concert(),
        what: What::Whole,
        release: true,
        reason,
        refund,
    })
}

impl ClearDate {
    /// More than a step may have are left to the next.
    fn some(&self) -> &[(ReservationId, RefundId)] {
        &self.reservations[..self.reservations.len().min(CLEAR_PER_STEP_MAX)]
    }

    fn clear(
        &self,
        rows: &mut Rows,
        (id, refund, reason): (ReservationId, RefundId, &str),
        cleared: &mut Cleared,
        now: Time,
    ) {
        let of_date = |r: &&Reservation| r.date == self.date;
        let Some(reservation) = rows.reservations.get(&id).filter(of_date).cloned() else { return };
        if reservation.status == ReservationStatus::Held && call_off(rows, id, now) {
            cleared.ended.push(id);
        }
        if reservation.status != ReservationStatus::Confirmed {
            return;
        }
        let Some(refund) = whole(id, &reservation, refund, reason.to_owned()) else { return };
        match refund.give_back(rows, now) {
            Ok(outcome) => {
                cleared.amount = cleared.amount.saturating_add(reservation.left().0);
                cleared.refunded.push(outcome);
            }
            Err(refusal) => {
                cleared.left += 1;
                cleared.left_because.get_or_insert(refusal);
            }
        }
    }

    fn note(
        &self,
        rows: &mut Rows,
        work: DateCancellation,
        (done, something, taken): (bool, bool, u64),
        now: Time,
    ) {
        if done {
            let what = Happening::DateCleared {
                holds_ended: work.holds_ended,
                bookings_refunded: work.bookings_refunded,
                amount_refunded: work.amount_refunded,
            };
            tell(rows, of_date(work.concert_id, self.date), what, now);
        }
        go_on(rows, self.job, (something, now), |job| {
            job.done = job.total.saturating_sub(taken);
            job.work = Work::DateCancellation(work);
            if done {
                job.end(JobState::Done, now);
            }
        });
    }
}
