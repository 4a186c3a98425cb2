//! The queues of a concert, for operators: what there is, and adding one.

use super::App;
use super::admin::{PauseText, named, queue_settings, time_of};
use super::app::new_id;
use super::concert::{hex, shown_seed};
use super::draw::draw_terms;
use super::extract::{Operator, PathId, Submitted};
use super::problem::{Code, Problem};
use super::setting::{self, Faults};
use super::view::{Stamp, replied};
use crate::read_model::{ConcertModel, Status};
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::command::Command;
use boxoffice_core::concert::Concert;
use boxoffice_core::draw::commitment;
use boxoffice_core::id::{ConcertId, QueueId, Uuid};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::queue::{self, AddQueue};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who a queue is for.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueueKind {
    /// Everybody; it was made with its concert, opens with the sale, and is meant where none is named.
    General,
    /// Whoever names it; it was added, and opens by itself.
    Named,
}

/// A queue in figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueFigures {
    queue_id: Uuid,
    name: String,
    kind: QueueKind,
    #[schema(value_type = String, format = DateTime)]
    opens_at: Stamp,
    paused: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pause_reason: Option<PauseText>,
    max_active: u64,
    admissions_per_second: u64,
    max_waiting: u64,
    /// Users let in who came by it, with those who have not come.
    active: u64,
    /// Users in its line.
    waiting: u64,
    admitted_last_minute: u64,
    /// Every queue number up to this one has been served.
    served_up_to: u64,
    /// SHA-256 of the seed that draws its order.
    draw_commitment: String,
    /// Which public value is mixed in, in words; null: none.
    draw_beacon: Option<String>,
    /// Only those who joined before this are drawn; null: the opening.
    #[schema(value_type = Option<String>, format = DateTime)]
    draw_joined_before: Option<Stamp>,
    /// How many are drawn; null before the opening.
    drawn: Option<u64>,
    /// The seed, once the draw is made.
    draw_seed: Option<String>,
    /// The value of the beacon, once it is given.
    draw_value: Option<String>,
    /// It has opened, and nobody is admitted until the draw's value is given.
    awaiting_draw_value: bool,
}

impl QueueFigures {
    /// `row` is the queue's concert.
    pub(super) fn of(id: QueueId, row: &Concert, status: &Status) -> Self {
        let opens_at = status.own_opens_at.unwrap_or_else(|| row.opens_at());
        let terms = &status.rule.terms;
        Self {
            queue_id: id.id,
            name: status.queue_name.clone(),
            kind: match status.kind {
                queue::QueueKind::General => QueueKind::General,
                queue::QueueKind::Named => QueueKind::Named,
            },
            opens_at: opens_at.into(),
            paused: status.settings.paused,
            pause_reason: PauseText::told(status),
            max_active: status.settings.max_active,
            admissions_per_second: status.settings.admissions_per_second,
            max_waiting: status.settings.max_waiting,
            active: status.active,
            waiting: status.waiting,
            admitted_last_minute: status.admitted_last_minute,
            served_up_to: status.cursor,
            draw_commitment: hex(&commitment(&status.seed)),
            draw_beacon: terms.beacon.clone(),
            draw_joined_before: terms.joined_before.map(Stamp),
            drawn: status.drawn,
            draw_seed: shown_seed(status),
            draw_value: status.rule.value.clone(),
            awaiting_draw_value: status.awaits_value,
        }
    }
}

/// The queues of a concert on the read model, the general one first.
pub(super) fn shown(concert: &ConcertModel) -> Vec<(QueueId, Status)> {
    let queues = concert.queues();
    queues.iter().filter_map(|queue| Some((queue.id, queue.status()?))).collect()
}

/// A queue. What is left out gets the server's default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewQueue {
    /// What operators call it, at most 200 characters.
    #[schema(example = "Fan club")]
    pub name: String,
    /// RFC 3339: when it opens, before or after the sale's own opening; it does not move any more.
    #[schema(example = "2027-01-15T07:00:00Z")]
    pub opens_at: String,
    /// Users shopping at once who came by it; who does not come within 15 s of being let in is not counted.
    pub max_active: Option<u64>,
    /// Users admitted a second, at most.
    pub admissions_per_second: Option<u64>,
    /// Places in its line, at most.
    pub max_waiting: Option<u64>,
    /// RFC 3339, not after its opening: only those who joined before are drawn. Its opening unless told.
    pub draw_joined_before: Option<String>,
    /// Which value of which public source is mixed into its draw, in words; to be given by `PUT …/draw` with
    /// its `queue_id`.
    pub draw_beacon: Option<String>,
}

/// A queue that was added.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueAdded {
    concert_id: Uuid,
    queue_id: Uuid,
    #[schema(value_type = String, format = DateTime)]
    opens_at: Stamp,
}

fn command_of(app: &App, concert: Uuid, body: NewQueue) -> Result<AddQueue, Problem> {
    let rates = (body.max_active, body.admissions_per_second, body.max_waiting);
    Ok(AddQueue {
        queue: QueueId { concert: ConcertId(concert), id: new_id() },
        queue_name: named(&body.name),
        opens_at: time_of(&body.opens_at, "opens_at")?,
        settings: queue_settings(app, rates),
        seed: crate::tokens::random().map_err(|_| Problem::of(Code::Internal))?,
        draw: draw_terms(body.draw_joined_before.as_deref(), body.draw_beacon)?,
    })
}

/// When the sale closes and the dates start is known to the rules alone.
fn told(faults: &Faults, problem: Problem) -> Problem {
    let is_set = faults.is_empty() && problem.names("closes_at");
    match faults.told(problem) {
        problem if is_set && problem.code() == Code::InvalidSetting => {
            problem.with("field", "opens_at").in_words(
                "reason",
                "must be before the sale closes",
                "판매 종료 시각보다 빨라야 합니다",
            )
        }
        problem if problem.code() == Code::DateBeforeOpening => problem.in_words(
            "reason",
            "a queue must open before the last date starts",
            "대기열은 마지막 회차가 시작하기 전에 열려야 합니다",
        ),
        problem => problem,
    }
}

/// Adds a waiting queue, which sells the same seats as the others. A user has one place in all of them.
#[utoipa::path(post, path = "/api/v1/admin/concerts/{id}/queues", tag = "Operator", request_body = NewQueue, params(("id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    security(("operator" = [])),
    responses((status = 201, body = QueueAdded), (status = 400, description = "invalid_body"), (status = 404, description = "concert_not_found"), (status = 409, description = "sale_closed"), (status = 422, description = "invalid_setting, sale_time_in_past, date_before_opening")))]
pub async fn add_queue(
    State(app): State<App>,
    PathId(id): PathId,
    operator: Operator,
    submitted: Submitted<NewQueue>,
) -> Result<Response, Problem> {
    let faults = setting::of_new_queue(&submitted.value);
    let submitted = submitted.map(|body| command_of(&app, id, body));
    let submitted = submitted.map_err(|problem| told(&faults, problem))?;
    let key = submitted.key(operator.key);
    let command = Command::AddQueue(submitted.value);
    match app.outcome(command, key).await.map_err(|problem| told(&faults, problem))? {
        (Outcome::QueueAdded { concert_id, queue_id, opens_at }, replayed) => {
            let opens_at = opens_at.into();
            let view = QueueAdded { concert_id: concert_id.0, queue_id, opens_at };
            Ok(replied(StatusCode::CREATED, &view, replayed))
        }
        _ => Err(Problem::of(Code::Internal)),
    }
}
