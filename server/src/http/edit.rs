//! What operators change and delete of what is unsold.

use super::App;
use super::admin::{SeatRange, bounded_seats, named, seats_of, time_of, zone_of};
use super::billing::{self, AboutChange, NamesChange};
use super::extract::{Operator, PathId, Submitted};
use super::problem::{Code, Problem};
use super::setting;
use super::view::{Stamp, given, json};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use boxoffice_core::command::Command;
use boxoffice_core::edit::{DeleteConcert, DeleteDate, EditConcert, EditDate, EditPolicy};
use boxoffice_core::id::{ConcertId, DateId, Uuid};
use boxoffice_core::outcome::Outcome;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// What to change of a concert; what is left out stays. The times of its sale are set by `PUT …/sale`, how many
/// are let in by `PUT …/queue`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConcertChange {
    /// Name of the show; only while nothing is held or sold.
    #[schema(min_length = 1, max_length = 200)]
    #[serde(default, deserialize_with = "given")]
    pub name: Option<String>,
    /// Where it is; only while nothing is held or sold.
    #[schema(min_length = 1, max_length = 200)]
    #[serde(default, deserialize_with = "given")]
    pub theater: Option<String>,
    /// Minutes; only while nothing is held or sold.
    #[schema(minimum = 1, maximum = 1440)]
    #[serde(default, deserialize_with = "given")]
    pub run_time_minutes: Option<u32>,
    /// IANA name of the time zone where it is.
    #[schema(example = "Asia/Seoul")]
    #[serde(default, deserialize_with = "given")]
    pub time_zone: Option<String>,
    /// Its name by language; only while nothing is held or sold, but for a language that had none.
    #[serde(default, deserialize_with = "given")]
    pub names: Option<NamesChange>,
    /// What it is, by language.
    #[serde(default, deserialize_with = "given")]
    pub about: Option<AboutChange>,
    /// How long seats are held; holds that there are keep their end.
    #[schema(example = 300, minimum = 1, maximum = 86_400)]
    #[serde(default, deserialize_with = "given")]
    pub hold_seconds: Option<i64>,
    /// How long an admitted user may shop; whoever has come keeps the time that was told.
    #[schema(example = 600, minimum = 1, maximum = 86_400)]
    #[serde(default, deserialize_with = "given")]
    pub shop_seconds: Option<i64>,
    /// How long an admitted user may take to come; whoever is let in keeps the time that was told.
    #[schema(example = 60, minimum = 1, maximum = 86_400)]
    #[serde(default, deserialize_with = "given")]
    pub arrival_grace_seconds: Option<i64>,
    /// Seats of one date that one user may have; whoever has more keeps them.
    #[schema(example = 4, minimum = 1, maximum = 50)]
    #[serde(default, deserialize_with = "given")]
    pub seats_per_user: Option<u32>,
    /// How long seats whose hold has lapsed stay closed to who held them, of holds made from now on; 0: not
    /// at all.
    #[schema(example = 600, minimum = 0, maximum = 86_400)]
    #[serde(default, deserialize_with = "given")]
    pub rehold_after_seconds: Option<i64>,
}

impl ConcertChange {
    fn policy(&self) -> EditPolicy {
        let ms = |seconds: Option<i64>| seconds.map(|seconds| seconds.saturating_mul(1000));
        EditPolicy {
            hold_ttl_ms: ms(self.hold_seconds),
            shop_ttl_ms: ms(self.shop_seconds),
            arrival_grace_ms: ms(self.arrival_grace_seconds),
            seats_per_user: self.seats_per_user,
            rehold_after_ms: ms(self.rehold_after_seconds),
        }
    }
}

/// A concert that was changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedConcertView {
    concert_id: Uuid,
}

/// What to change of a date; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DateChange {
    /// RFC 3339; only while nothing of the date is held or sold.
    #[schema(format = DateTime)]
    #[serde(default, deserialize_with = "given")]
    pub starts_at: Option<String>,
    /// Seats with the zone and the price that they are to have: those that there are must be free, and the
    /// others are added.
    #[serde(default)]
    pub seats: Vec<SeatRange>,
}

/// A date that was changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedDateView {
    concert_id: Uuid,
    concert_date_id: Uuid,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Stamp,
    total_seats: u64,
}

/// Changes what is told of a concert.
#[utoipa::path(patch, path = "/api/v1/admin/concerts/{id}", tag = "Operator", request_body = ConcertChange, params(("id" = Uuid, Path)),
    security(("operator" = [])),
    responses((status = 200, body = ChangedConcertView), (status = 400, description = "invalid_body"), (status = 404, description = "concert_not_found"), (status = 409, description = "held_or_sold"), (status = 422, description = "invalid_setting")))]
pub async fn change_concert(
    State(app): State<App>,
    PathId(id): PathId,
    _: Operator,
    submitted: Submitted<ConcertChange>,
) -> Result<Response, Problem> {
    let body = submitted.value;
    let faults = setting::of_change(&body);
    let command = Command::EditConcert(EditConcert {
        concert: ConcertId(id),
        concert_name: body.name.as_deref().map(named),
        theater: body.theater.as_deref().map(named),
        run_time: body.run_time_minutes,
        time_zone: zone_of(body.time_zone.as_deref()).map_err(|problem| faults.told(problem))?,
        policy: body.policy(),
        billing: billing::of_change(body.names.as_ref(), body.about.as_ref()),
    });
    match app.outcome(command, None).await.map_err(|problem| faults.told(problem))?.0 {
        Outcome::ConcertEdited { concert_id } => {
            Ok(json(StatusCode::OK, &ChangedConcertView { concert_id: concert_id.0 }))
        }
        _ => Err(Problem::of(Code::Internal)),
    }
}

/// Deletes a concert of which nothing is held or sold, with its dates; not while its sale is open. Those who
/// stand in its line are told `closed_because: deleted`.
#[utoipa::path(delete, path = "/api/v1/admin/concerts/{id}", tag = "Operator", params(("id" = Uuid, Path)),
    security(("operator" = [])),
    responses((status = 204), (status = 404, description = "concert_not_found"), (status = 409, description = "held_or_sold, sale_open")))]
pub async fn delete_concert(
    State(app): State<App>,
    PathId(id): PathId,
    _: Operator,
) -> Result<Response, Problem> {
    let command = Command::DeleteConcert(DeleteConcert { concert: ConcertId(id) });
    app.outcome(command, None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Whose date it is, as the read model shows it or the database has it; that never changes.
pub(super) async fn concert_of(app: &App, date: DateId) -> Result<ConcertId, Problem> {
    if let Some(shown) = app.read_model.date(date) {
        return Ok(shown.concert);
    }
    let dates = BTreeSet::from([date]);
    let found = app.readers.read(move |reads| reads.performances(&dates)).await?;
    let found = found.get(&date).map(|(row, _)| row.concert);
    found.ok_or_else(|| Problem::of(Code::DateNotFound))
}

/// Moves a date of which nothing is held or sold, sets zones and prices of seats that are free, adds seats.
#[utoipa::path(patch, path = "/api/v1/admin/concert-dates/{id}", tag = "Operator", request_body = DateChange, params(("id" = Uuid, Path)),
    security(("operator" = [])),
    responses((status = 200, body = ChangedDateView), (status = 400, description = "invalid_body"), (status = 404, description = "date_not_found, concert_not_found"), (status = 409, description = "date_cancelled, held_or_sold, seats_taken, already_exists"), (status = 422, description = "invalid_setting, date_in_past, date_before_opening")))]
pub async fn change_date(
    State(app): State<App>,
    PathId(id): PathId,
    _: Operator,
    submitted: Submitted<DateChange>,
) -> Result<Response, Problem> {
    let body = submitted.value;
    let faults = setting::of_date_change(&body);
    let names = app.names_at(DateId(id)).await?;
    let told = |problem| names.told(faults.told(problem));
    let starts_at = body.starts_at.as_deref().map(|text| time_of(text, "starts_at"));
    let starts_at = starts_at.transpose().map_err(told)?;
    bounded_seats(&body.seats).map_err(told)?;
    let seats = seats_of(&body.seats).map_err(told)?;
    let concert = concert_of(&app, DateId(id)).await?;
    let command = Command::EditDate(EditDate { concert, date: DateId(id), starts_at, seats });
    match app.outcome(command, None).await.map_err(told)?.0 {
        Outcome::DateEdited { concert_id, date_id, starts_at, total_seats } => {
            let view = ChangedDateView {
                concert_id: concert_id.0,
                concert_date_id: date_id.0,
                starts_at: starts_at.into(),
                total_seats,
            };
            Ok(json(StatusCode::OK, &view))
        }
        _ => Err(Problem::of(Code::Internal)),
    }
}

/// Deletes a date of which nothing is held or sold.
#[utoipa::path(delete, path = "/api/v1/admin/concert-dates/{id}", tag = "Operator", params(("id" = Uuid, Path)),
    security(("operator" = [])),
    responses((status = 204), (status = 404, description = "date_not_found, concert_not_found"), (status = 409, description = "held_or_sold")))]
pub async fn delete_date(
    State(app): State<App>,
    PathId(id): PathId,
    _: Operator,
) -> Result<Response, Problem> {
    let concert = concert_of(&app, DateId(id)).await?;
    app.outcome(Command::DeleteDate(DeleteDate { concert, date: DateId(id) }), None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
