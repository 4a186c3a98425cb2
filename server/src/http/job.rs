//! Jobs: how far they are, and what they did.

use super::App;
use super::admin::named;
use super::app::new_id;
use super::edit::concert_of;
use super::extract::{Operator, PathId, Query, Submitted};
use super::problem::{Code, Problem};
use super::setting;
use super::view::{Stamp, json, maybe_id, replied};
use super::wallet::page_size;
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::command::Command;
use boxoffice_core::id::{DateId, JobId, Uuid};
use boxoffice_core::job::{CancelDate, Job, JobState, Work};
use boxoffice_core::outcome::Outcome;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Why a date is cancelled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelBody {
    /// For everybody, in one or more languages; at most 200 characters.
    #[schema(
        example = "The singer is ill. / 출연자 사정으로 취소되었습니다.",
        min_length = 1,
        max_length = 200
    )]
    pub reason: String,
}

/// A date that was cancelled.
#[derive(Debug, Serialize, ToSchema)]
pub struct CancelledDateView {
    concert_id: Uuid,
    concert_date_id: Uuid,
    /// As it was first.
    #[schema(value_type = String, format = DateTime)]
    cancelled_at: Stamp,
    reason: String,
    /// What gives back all that was taken: `GET /api/v1/admin/jobs/{id}`.
    job_id: Uuid,
}

/// How a job stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobStateView {
    /// No server is at it now.
    Waiting,
    /// A server is at it.
    Running,
    /// All is done.
    Done,
    /// It was tried too often; asking for it again begins it anew.
    Failed,
}

/// Work that outlives its request.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobView {
    job_id: Uuid,
    /// What it does.
    #[schema(example = "date_cancellation")]
    kind: &'static str,
    state: JobStateView,
    #[schema(value_type = String, format = DateTime)]
    created_at: Stamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Stamp>,
    /// How much of `total` is done; of a cancellation, seats.
    done: u64,
    total: u64,
    /// How often it was begun without going on.
    attempts: u32,
    /// Where it waits: when it is tried again.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_try_at: Option<Stamp>,
    /// Why the last try failed; null once all is done.
    last_error: Option<String>,
    #[schema(inline)]
    report: ReportView,
}

/// What was done so far.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportView {
    concert_id: Uuid,
    concert_date_id: Uuid,
    /// Holds that were ended.
    holds_ended: u64,
    /// Bookings whose seats and money went back.
    bookings_refunded: u64,
    /// That money, minor units.
    amount_refunded: i64,
    /// ISO 4217 code of what amounts are in.
    #[schema(example = "KRW")]
    currency: String,
    /// Decimals of the currency: an amount of 1 is 10 to the power of minus so many.
    #[schema(example = 0, maximum = 4)]
    currency_decimals: u8,
    /// Bookings that the last pass had to leave: give them back by themselves, and ask for the cancellation again.
    bookings_left: u64,
    /// Why, for one of them: the code of a problem.
    left_because: Option<String>,
}

/// Jobs, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobsView {
    jobs: Vec<JobView>,
    /// For `before` of the next page; null on the last.
    next_before: Option<Uuid>,
}

/// Which page.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Only jobs made before this one.
    #[serde(default, deserialize_with = "maybe_id")]
    pub before: Option<Uuid>,
    /// At most 100.
    pub limit: Option<usize>,
}

fn view(app: &App, id: JobId, job: Job) -> JobView {
    let (kind, Work::DateCancellation(work)) = (job.work.kind(), job.work);
    JobView {
        job_id: id.0,
        kind,
        state: match job.state {
            JobState::Waiting => JobStateView::Waiting,
            JobState::Running => JobStateView::Running,
            JobState::Done => JobStateView::Done,
            JobState::Failed => JobStateView::Failed,
        },
        created_at: job.created_at.into(),
        ended_at: job.ended_at.map(Stamp),
        done: job.done,
        total: job.total,
        attempts: job.attempts,
        next_try_at: job.due_at.filter(|_| job.state == JobState::Waiting).map(Stamp),
        // Those of a version before kept it.
        last_error: job.last_error.filter(|_| job.state != JobState::Done),
        report: ReportView {
            concert_id: work.concert_id.0,
            concert_date_id: work.concert_date_id.0,
            holds_ended: work.holds_ended,
            bookings_refunded: work.bookings_refunded,
            amount_refunded: work.amount_refunded.0,
            currency: app.currency.code.clone(),
            currency_decimals: app.currency.decimals,
            bookings_left: work.bookings_left,
            left_because: work.left_because,
        },
    }
}

/// Cancels a date for good: nothing of it is held or paid from now on, and everybody reads why. A job ends its holds,
/// for which nobody is held to account, and gives every booking back, seats and money. Once more gives the same answer, and begins a job anew that has failed.
#[utoipa::path(post, path = "/api/v1/admin/concert-dates/{id}/cancellation", tag = "Operator", request_body = CancelBody, params(("id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    security(("operator" = [])),
    responses((status = 202, body = CancelledDateView), (status = 400, description = "invalid_body"), (status = 404, description = "date_not_found, concert_not_found"), (status = 422, description = "invalid_setting")))]
pub async fn cancel_date(
    State(app): State<App>,
    PathId(id): PathId,
    operator: Operator,
    submitted: Submitted<CancelBody>,
) -> Result<Response, Problem> {
    let faults = setting::of_reason(&submitted.value.reason);
    let concert = concert_of(&app, DateId(id)).await?;
    let key = submitted.key(operator.key);
    let reason = named(&submitted.value.reason);
    let job = JobId(new_id());
    let command = Command::CancelDate(CancelDate { concert, date: DateId(id), reason, job });
    match app.outcome(command, key).await.map_err(|problem| faults.told(problem))? {
        (
            Outcome::DateCancelled { concert_id, date_id, job_id, cancelled_at, reason },
            replayed,
        ) => {
            let view = CancelledDateView {
                concert_id: concert_id.0,
                concert_date_id: date_id.0,
                cancelled_at: cancelled_at.into(),
                reason,
                job_id: job_id.0,
            };
            Ok(replied(StatusCode::ACCEPTED, &view, replayed))
        }
        _ => Err(Problem::of(Code::Internal)),
    }
}

/// A job: how far it is, and what it did.
#[utoipa::path(get, path = "/api/v1/admin/jobs/{id}", tag = "Operator", params(("id" = Uuid, Path)),
    security(("operator" = [])),
    responses((status = 200, body = JobView), (status = 404, description = "job_not_found"), (status = 503, description = "database_unavailable")))]
pub async fn show(
    State(app): State<App>,
    PathId(id): PathId,
    _: Operator,
) -> Result<Response, Problem> {
    let found = app.readers.read(move |reads| reads.job(JobId(id))).await?;
    let job = found.ok_or_else(|| Problem::of(Code::JobNotFound))?;
    Ok(json(StatusCode::OK, &view(&app, JobId(id), job)))
}

/// Jobs, newest first.
#[utoipa::path(get, path = "/api/v1/admin/jobs", tag = "Operator", params(Page),
    security(("operator" = [])),
    responses((status = 200, body = JobsView), (status = 400, description = "invalid_query"), (status = 503, description = "database_unavailable")))]
pub async fn list(
    State(app): State<App>,
    _: Operator,
    Query(page): Query<Page>,
) -> Result<Response, Problem> {
    let size = page_size(page.limit)?;
    let before = page.before.map(JobId);
    let mut found = app.readers.read(move |reads| reads.jobs(before, size + 1)).await?;
    let more = found.len() > size;
    found.truncate(size);
    let jobs: Vec<_> = found.into_iter().map(|(id, job)| view(&app, id, job)).collect();
    let next_before = jobs.last().filter(|_| more).map(|job| job.job_id);
    Ok(json(StatusCode::OK, &JobsView { jobs, next_before }))
}
