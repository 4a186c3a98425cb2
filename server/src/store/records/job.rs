//! Jobs as columns and back.

use super::column::{Column as _, corrupt, words};
use super::{Cell, Source, columns};
use crate::store::fault::Fault;
use boxoffice_core::id::JobId;
use boxoffice_core::job::{Job, JobState, Work};
use serde_json::{Value, json};
use std::borrow::Cow;

words! {
    JobState { Waiting: "waiting", Running: "running", Done: "done", Failed: "failed", }
}

/// What it is about and what was done, as JSON.
fn report(work: &Work) -> Cell<'static> {
    // Plain data with string keys; writing it as JSON cannot fail.
    let mut all = serde_json::to_value(work).unwrap_or_default();
    let report = all.get_mut("report").map(Value::take).unwrap_or_default();
    Cell::Text(Cow::Owned(report.to_string()))
}

fn work(kind: &str, report: &str) -> Result<Work, Fault> {
    let report: Value = serde_json::from_str(report).map_err(|_| corrupt("job"))?;
    let all = json!({ "kind": kind, "report": report });
    serde_json::from_value(all).map_err(|_| corrupt("job"))
}

/// A state, and how many jobs are in it.
///
/// # Errors
/// A column holds something else.
pub fn count(source: &dyn Source) -> Result<(JobState, u64), Fault> {
    Ok((JobState::read(source, 0)?, u64::read(source, 1)?))
}

columns! {
    Job[JobId] in "job", found by job_id;
    |key, row|
    key { job_id: key }
    fixed { created_at: row.created_at, kind: Cell::Text(Cow::Borrowed(row.work.kind())) }
    mutable {
        state: row.state,
        due_at: row.due_at,
        holder_id: row.holder,
        attempts: row.attempts,
        done_count: row.done,
        total_count: row.total,
        report: report(&row.work),
        last_error: row.last_error,
        ended_at: row.ended_at,
    }
    read job_id => {
        let (kind, report): (String, String) = (kind, report);
        Job {
            work: work(&kind, &report)?,
            state,
            created_at,
            due_at,
            holder: holder_id,
            attempts,
            done: done_count,
            total: total_count,
            last_error,
            ended_at,
        }
    }
}
