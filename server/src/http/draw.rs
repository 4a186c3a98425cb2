//! The value that is mixed into a draw.

use super::App;
use super::admin::time_of;
use super::extract::{Operator, PathId, Submitted};
use super::problem::{Code, Problem};
use super::view::{json, maybe_id};
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::command::Command;
use boxoffice_core::id::{ConcertId, QueueId, Uuid};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::queue::{DrawTerms, SetDraw};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The value of the source that was named beforehand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawBody {
    /// As its source has published it, at most 200 characters: its UTF-8 bytes are mixed in.
    pub value: String,
    /// Of which of the concert's queues; the general one unless told.
    #[serde(default, deserialize_with = "maybe_id")]
    pub queue_id: Option<Uuid>,
}

/// The value that was given.
#[derive(Debug, Serialize, ToSchema)]
pub struct DrawView {
    concert_id: Uuid,
    draw_value: String,
}

/// Gives the value of the draw's beacon, once: from the moment on by which those who are drawn have joined.
/// The order is then drawn from SHA-256(seed ‖ value). It is public, and anybody can compare it with its
/// source.
#[utoipa::path(put, path = "/api/v1/admin/concerts/{id}/draw", tag = "Operator", request_body = DrawBody, params(("id" = Uuid, Path)),
    security(("operator" = [])),
    responses((status = 200, body = DrawView), (status = 404, description = "concert_not_found, queue_not_found"), (status = 409, description = "sale_not_open, already_exists"), (status = 422, description = "invalid_setting")))]
pub async fn set_draw(
    State(app): State<App>,
    PathId(id): PathId,
    _: Operator,
    submitted: Submitted<DrawBody>,
) -> Result<Response, Problem> {
    let DrawBody { value, queue_id } = submitted.value;
    let queue = QueueId::named(ConcertId(id), queue_id);
    let command = Command::SetDraw(SetDraw { queue, value: value.clone() });
    let named = |problem: Problem| match problem.code() {
        Code::InvalidSetting => problem.with("field", "value"),
        _ => problem,
    };
    match app.outcome(command, None).await.map_err(named)?.0 {
        Outcome::DrawSet { concert_id } => {
            Ok(json(StatusCode::OK, &DrawView { concert_id: concert_id.0, draw_value: value }))
        }
        _ => Err(Problem::of(Code::Internal)),
    }
}

/// Who is drawn, and how.
pub(super) fn draw_terms(
    joined_before: Option<&str>,
    beacon: Option<String>,
) -> Result<DrawTerms, Problem> {
    let before = joined_before.map(|text| time_of(text, "draw_joined_before"));
    Ok(DrawTerms { joined_before: before.transpose()?, beacon })
}
