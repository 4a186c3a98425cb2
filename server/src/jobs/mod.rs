//! Jobs at work: each server looks for jobs that are due, takes one, and proposes its steps to the write path until it is
//! done. It decides nothing: each step is a command, decided on the rows and on the job's own, so that a server that
//! dies, or that is overtaken by another, leaves no step half done and none is done twice.

mod cancellation;

use crate::clock::Clock;
use crate::metrics::{JobLabel, Metrics};
use crate::store::Fault;
use crate::store::pool::ReadPool;
use crate::write_path::{NotRun, WritePath};
use boxoffice_core::batch::Reply;
use boxoffice_core::command::Command;
use boxoffice_core::id::{JobId, Uuid};
use boxoffice_core::job::{FailJob, Job, TakeJob, Work};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::refusal::Refusal;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks for jobs that are due.
const TICK: Duration = Duration::from_secs(1);
/// Jobs that one look finds.
const DUE_MAX: usize = 8;
/// Steps of a job before others are looked at.
const STEPS_MAX: usize = 200;
/// Ticks between two counts.
const COUNT_EVERY: u64 = 10;
/// How long a step waits for a place in the server's own line.
const WAIT: Duration = Duration::from_millis(250);

/// See the module.
pub struct Runner {
    /// Where steps are proposed.
    pub write_path: WritePath,
    /// Where jobs, and what they have to do, are looked up.
    pub readers: ReadPool,
    /// The time.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// This process, as the holder of jobs.
    pub holder: Uuid,
}

/// Why a job does not go on here.
enum Stopped {
    /// Somebody else is at it, or it has ended.
    Lost,
    /// The infrastructure failed: it is tried again when its lease ends.
    Fault,
    /// A step was refused, which is noted with the job.
    Refused(Refusal),
    /// Something had to be left, for a reason with this code.
    Left(String),
}

impl From<NotRun> for Stopped {
    fn from(_: NotRun) -> Self {
        Self::Fault
    }
}

impl From<Fault> for Stopped {
    fn from(_: Fault) -> Self {
        Self::Fault
    }
}

impl Runner {
    /// One that nobody has seen before.
    #[must_use]
    pub fn new(
        write_path: WritePath,
        readers: ReadPool,
        clock: Clock,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { write_path, readers, clock, metrics, holder: Uuid::now_v7() }
    }

    /// Looks and works until `stop` changes.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut interval = tokio::time::interval(TICK);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut ticks = 0;
        loop {
            tokio::select! {
                _ = interval.tick() => {}
                _ = stop.changed() => return,
            }
            tokio::select! {
                () = self.tick(ticks) => {}
                // What a step has done stands; who takes the job next goes on after it.
                _ = stop.changed() => return,
            }
            ticks += 1;
        }
    }

    /// One look; `number` counts them.
    pub async fn tick(&self, number: u64) {
        if number.is_multiple_of(COUNT_EVERY) {
            self.count().await;
        }
        let now = self.clock.now();
        let due = self.readers.read(move |reads| reads.jobs_due(now, DUE_MAX)).await;
        let due = due.unwrap_or_else(|fault| {
            tracing::debug!(%fault, "jobs are looked for with the next tick");
            Vec::new()
        });
        for (id, job) in due {
            self.take(id, &job).await;
        }
    }

    async fn count(&self) {
        let Ok(counts) = self.readers.read(|reads| reads.job_counts()).await else { return };
        for (state, count) in counts {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.metrics.jobs.get_or_create(&JobLabel { state: state.into() }).set(count);
        }
    }

    async fn take(&self, id: JobId, job: &Job) {
        let take = Command::TakeJob(TakeJob { job: id, holder: self.holder });
        match self.propose(take).await {
            Ok(Outcome::JobTaken { taken: true, .. }) => {}
            Ok(_) => {
                tracing::error!(job = %id, kind = job.work.kind(), "a job was tried too often and has failed");
                return;
            }
            Err(_) => return,
        }
        tracing::info!(job = %id, kind = job.work.kind(), attempt = job.attempts + 1, "a job is taken");
        match self.work(id, job).await {
            Ok(true) => tracing::info!(job = %id, kind = job.work.kind(), "a job is done"),
            // Others are looked at; its lease is this process's until then.
            Ok(false) | Err(Stopped::Fault) => {}
            Err(Stopped::Lost) => tracing::info!(job = %id, "another process has taken a job over"),
            Err(Stopped::Refused(refusal)) => self.put_off(id, refusal.code().to_owned()).await,
            Err(Stopped::Left(code)) => self.put_off(id, code).await,
        }
    }

    async fn put_off(&self, job: JobId, error: String) {
        tracing::warn!(%job, error, "a job could not be finished; it is tried again later, if not too often");
        // Where it cannot be noted, its lease ends.
        let _ = self.propose(Command::FailJob(FailJob { job, holder: self.holder, error })).await;
    }

    /// Step by step, by the job's kind. Whether it is done.
    async fn work(&self, id: JobId, job: &Job) -> Result<bool, Stopped> {
        match &job.work {
            Work::DateCancellation(_) => self.clear_date(id).await,
        }
    }

    async fn propose(&self, command: Command) -> Result<Outcome, Stopped> {
        let Reply { result, .. } = self.write_path.propose(command, WAIT).await?;
        result.map_err(|refusal| match refusal {
            Refusal::JobNotHeld | Refusal::JobNotFound => Stopped::Lost,
            other => Stopped::Refused(other),
        })
    }
}
