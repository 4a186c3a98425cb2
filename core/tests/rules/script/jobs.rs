//! The words of jobs.

use super::Words;
use crate::words::id;
use boxoffice_core::command::Command;
use boxoffice_core::id::{ConcertId, DateId, JobId, RefundId, ReservationId};
use boxoffice_core::job::{CancelDate, ClearDate, FailJob, TakeJob};

impl Words<'_> {
    /// The cancellation of a date, and what a process does with its job.
    pub(super) fn job(&self) -> Option<Command> {
        let named = |option| id(self.after(option).unwrap_or("j1"));
        let (job, holder) = (JobId(id(self.0[1])), named("by"));
        Some(match self.0[0] {
            "cancel_date" => Command::CancelDate(CancelDate {
                concert: ConcertId(id(self.0[1])),
                date: DateId(id(self.0[2])),
                reason: self.after("why").unwrap_or("ill").replace('_', " "),
                job: JobId(named("job")),
            }),
            "clear_date" => {
                let taken = self.after("take").into_iter().flat_map(|list| list.split(','));
                Command::ClearDate(ClearDate {
                    job,
                    holder,
                    date: DateId(id(self.0[2])),
                    reservations: taken
                        .map(|name| {
                            (ReservationId(id(name)), RefundId(id(&format!("back-{name}"))))
                        })
                        .collect(),
                    last: self.after("last") == Some("yes"),
                })
            }
            "take_job" => Command::TakeJob(TakeJob { job, holder }),
            "fail_job" => {
                let error = self.after("why").unwrap_or_default().to_owned();
                Command::FailJob(FailJob { job, holder, error })
            }
            _ => return None,
        })
    }
}
