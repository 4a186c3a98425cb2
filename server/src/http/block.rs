//! Seats that operators take off the sale, and put on it again.

use super::App;
use super::admin::named;
use super::edit::concert_of;
use super::extract::{Operator, PathId, Submitted};
use super::halls::SeatName;
use super::problem::{Code, Problem};
use super::reservation::each_once;
use super::setting;
use super::view::replied;
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::command::Command;
use boxoffice_core::edit::SetSeats;
use boxoffice_core::id::{DateId, Uuid};
use boxoffice_core::outcome::Outcome;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What seats are to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeatsStatus {
    /// On sale.
    Available,
    /// Taken off the sale.
    Blocked,
}

/// Which seats, and what they are to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeatsBody {
    /// Which, each once; each that is held or sold is refused with all others.
    #[schema(example = json!([12, 13]), min_items = 1, max_items = 1_000)]
    pub seat_numbers: Vec<u32>,
    /// What they are to be; those that are so already stay.
    pub status: SeatsStatus,
    /// Why, for the events. At most 200 characters.
    #[schema(example = "a camera stands there", min_length = 1, max_length = 200)]
    pub reason: String,
}

/// Seats that were blocked, or are on sale again.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeatsSetView {
    concert_id: Uuid,
    concert_date_id: Uuid,
    status: SeatsStatus,
    /// Those that were not so before.
    changed_seat_numbers: Vec<u32>,
    /// The same with what they are called.
    changed_seats: Vec<SeatName>,
    /// Of the date, after it.
    blocked_seats: u64,
}

/// Blocks seats of a date, so that nobody can hold them, or puts blocked ones on sale again: all of them or none. What
/// is held or sold is refused: `held` and `sold` say which it is.
#[utoipa::path(put, path = "/api/v1/admin/concert-dates/{id}/seats/status", tag = "Operator", request_body = SeatsBody, params(("id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    security(("operator" = [])),
    responses((status = 200, body = SeatsSetView), (status = 400, description = "invalid_body"), (status = 404, description = "date_not_found, concert_not_found, seat_not_found"), (status = 409, description = "date_cancelled, seats_held_or_sold"), (status = 422, description = "invalid_setting, idempotency_key_reused")))]
pub async fn set_seats(
    State(app): State<App>,
    PathId(id): PathId,
    operator: Operator,
    submitted: Submitted<SeatsBody>,
) -> Result<Response, Problem> {
    let faults = setting::of_seats(&submitted.value);
    let seats = each_once(&submitted.value.seat_numbers)?;
    let concert = concert_of(&app, DateId(id)).await?;
    let key = submitted.key(operator.key);
    let SeatsBody { status, reason, .. } = submitted.value;
    let command = Command::SetSeats(SetSeats {
        concert,
        date: DateId(id),
        seats,
        blocked: status == SeatsStatus::Blocked,
        reason: named(&reason),
    });
    let names = app.names_at(DateId(id)).await?;
    let told = |problem| names.told(faults.told(problem));
    match app.outcome(command, key).await.map_err(told)? {
        (Outcome::SeatsSet { concert_id, date_id, changed, blocked_seats }, replayed) => {
            let view = SeatsSetView {
                concert_id: concert_id.0,
                concert_date_id: date_id.0,
                status,
                changed_seats: names.all(&changed),
                changed_seat_numbers: changed,
                blocked_seats,
            };
            Ok(replied(StatusCode::OK, &view, replayed))
        }
        _ => Err(Problem::of(Code::Internal)),
    }
}
