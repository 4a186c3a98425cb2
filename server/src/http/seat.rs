//! The seats of a date.

use super::App;
use super::extract::{Admitted, PathId};
use super::problem::Problem;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::id::{DateId, Uuid};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use hyper::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

/// One seat, as the map shows it. The map's bytes are written by the board; this is their schema.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeatView {
    /// From 1.
    seat_number: u32,
    /// Price zone.
    zone: String,
    /// Minor units.
    price: i64,
    /// `available`, `held` or `sold`.
    status: String,
}

/// All seats of a date.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeatsView {
    concert_date_id: Uuid,
    available_seats: u64,
    seats: Vec<SeatView>,
}

/// Whether the client has these bytes already (RFC 9110 § 13.1.2).
fn matches(headers: &HeaderMap, etag: &str) -> bool {
    let value = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| {
        value
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
    })
}

/// The seats of a date with their state: 304 while nothing has changed. It shows, it does not
/// decide: a seat shown as available may be taken by the time it is asked for.
#[utoipa::path(get, path = "/api/v1/concert-dates/{id}/seats", tag = "Seats", params(("id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    security(("identity" = [], "queue_token" = [])),
    responses((status = 200, body = SeatsView), (status = 304, description = "Nothing has changed"), (status = 403, description = "not_admitted, queue_token_expired, …"), (status = 404, description = "date_not_found")))]
pub async fn map(
    State(app): State<App>,
    PathId(id): PathId,
    admitted: Admitted,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let date = app.board.date(DateId(id)).ok_or_else(|| Problem::of("date_not_found"))?;
    admitted.enter(&app, Some(date.concert)).await?;
    let map = date.map(app.clock.now());
    let (status, body) = if matches(&headers, &map.etag) {
        (StatusCode::NOT_MODIFIED, Body::empty())
    } else {
        (StatusCode::OK, Body::from(map.body))
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::try_from(map.etag) {
        headers.insert(ETAG, etag);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
