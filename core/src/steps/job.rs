//! What the rules about jobs share: whose a job is, and that it goes on.

use crate::id::{JobId, Uuid};
use crate::limits::JOB_LEASE_MS;
use crate::refusal::Refusal;
use crate::rows::Rows;
use crate::rows::job::{Job, JobState};
use crate::time::Time;

/// The job, if this process is at it. Refuses with: job not found, job not held.
pub(crate) fn held(rows: &Rows, id: JobId, holder: Uuid) -> Result<&Job, Refusal> {
    let job = rows.jobs.get(&id).ok_or(Refusal::JobNotFound)?;
    let mine = job.state == JobState::Running && job.holder == Some(holder);
    ensure!(mine, Refusal::JobNotHeld);
    Ok(job)
}

/// A step of it is done: its process has it for another lease. What it has done is written with it; where that is
/// something, its tries are counted anew.
pub(crate) fn go_on(
    rows: &mut Rows,
    id: JobId,
    (something, now): (bool, Time),
    change: impl FnOnce(&mut Job),
) {
    if let Some(job) = rows.jobs.update(&id) {
        if something {
            (job.attempts, job.last_error) = (0, None);
        }
        job.due_at = Some(now.plus_ms(JOB_LEASE_MS));
        change(job);
    }
}
