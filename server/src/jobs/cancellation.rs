//! The cancellation of a date at work: reads what is still taken of the date and proposes it to be given back, some
//! at a time.

use super::{Runner, STEPS_MAX, Stopped, TICK};
use boxoffice_core::command::Command;
use boxoffice_core::id::{DateId, JobId, RefundId, ReservationId, Uuid};
use boxoffice_core::job::{ClearDate, Work};
use boxoffice_core::limits::CLEAR_PER_STEP_MAX;
use boxoffice_core::outcome::Outcome;

/// Reservations that are read at once: it takes a look at all seats of the date.
const READ_MAX: usize = 500;

impl Runner {
    pub(super) async fn clear_date(&self, id: JobId) -> Result<bool, Stopped> {
        let mut steps = 0;
        while steps < STEPS_MAX {
            let found = self.readers.read(move |reads| reads.job(id)).await?;
            let Work::DateCancellation(work) = found.ok_or(Stopped::Lost)?.work;
            let (date, after) = (work.concert_date_id, work.after);
            let taken = self.readers.read(move |reads| reads.taken(date, after, READ_MAX)).await?;
            let is_end = taken.len() < READ_MAX;
            let mut parts: Vec<&[ReservationId]> = taken.chunks(CLEAR_PER_STEP_MAX).collect();
            if parts.is_empty() {
                // The rows say whether that is all.
                parts.push(&[]);
            }
            let count = parts.len();
            for (at, part) in parts.into_iter().enumerate() {
                let last = is_end && at + 1 == count;
                steps += 1;
                match self.propose(self.step(id, date, part, last)).await? {
                    Outcome::DateClearing { done: true, .. } => return Ok(true),
                    Outcome::DateClearing { left_because: Some(code), .. } => {
                        return Err(Stopped::Left(code));
                    }
                    // Something was left that others are about to give back, as a hold that lapses.
                    _ if last => tokio::time::sleep(TICK).await,
                    _ => {}
                }
            }
        }
        Ok(false)
    }

    fn step(&self, job: JobId, date: DateId, part: &[ReservationId], last: bool) -> Command {
        let with_refund = |id: &ReservationId| (*id, RefundId(Uuid::now_v7()));
        let (holder, reservations) = (self.holder, part.iter().map(with_refund).collect());
        Command::ClearDate(ClearDate { job, holder, date, reservations, last })
    }
}
