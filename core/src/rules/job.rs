//! Who is at a job. Each step of a job is a command of its kind, which is decided on the job's row as well: it goes
//! on in the transaction of what it does, so that no step is done twice, whoever dies when.

use crate::check::is_name;
use crate::id::{ConcertId, JobId, Uuid};
use crate::limits::{JOB_ATTEMPTS_MAX, JOB_LEASE_MS, NAME_CHARS_MAX};
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::rows::job::JobState;
use crate::rows::{Keys, Rows, want};
use crate::rules::Rule;
use crate::steps::job::held;
use crate::time::Time;

/// Takes a job that is due, for a lease: one that waits, or whose process has not told of it for that long.
#[derive(Clone, Debug)]
pub struct TakeJob {
    /// Which.
    pub job: JobId,
    /// The process that takes it.
    pub holder: Uuid,
}

impl Rule for TakeJob {
    fn concert(&self) -> Option<ConcertId> {
        None
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        want(&mut keys.jobs, &rows.jobs, self.job);
    }

    /// Refuses with: job not found, job not held (it has ended, is not due, or somebody else is at it). One that
    /// was taken too often without going on has failed.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let job = rows.jobs.get(&self.job).ok_or(Refusal::JobNotFound)?;
        ensure!(job.is_due(now), Refusal::JobNotHeld);

        let taken = job.attempts < JOB_ATTEMPTS_MAX;
        if let Some(job) = rows.jobs.update(&self.job) {
            if taken {
                job.state = JobState::Running;
                job.holder = Some(self.holder);
                job.due_at = Some(now.plus_ms(JOB_LEASE_MS));
                job.attempts += 1;
            } else {
                job.end(JobState::Failed, now);
            }
        }
        Ok(Outcome::JobTaken { job_id: self.job, taken })
    }
}

/// Puts a job off that could not go on.
#[derive(Clone, Debug)]
pub struct FailJob {
    /// Which.
    pub job: JobId,
    /// The process that was at it.
    pub holder: Uuid,
    /// Why.
    pub error: String,
}

impl Rule for FailJob {
    fn concert(&self) -> Option<ConcertId> {
        None
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        want(&mut keys.jobs, &rows.jobs, self.job);
    }

    /// Refuses with: job not found, job not held.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        held(rows, self.job, self.holder)?;

        let mut failed = false;
        if let Some(job) = rows.jobs.update(&self.job) {
            let error: String = self.error.chars().take(NAME_CHARS_MAX).collect();
            job.last_error = Some(error).filter(|error| is_name(error));
            job.put_off(now);
            failed = job.state == JobState::Failed;
        }
        Ok(Outcome::JobPutOff { job_id: self.job, failed })
    }
}
