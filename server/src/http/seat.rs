//! The seats of a date.

use super::App;
use super::extract::{Admitted, PathId, Query};
use super::problem::Problem;
use super::view::json;
use crate::board::{Reading, Seats, Zone};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use boxoffice_core::concert::SeatStatus;
use boxoffice_core::id::{DateId, Uuid};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use hyper::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

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

/// Either form.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum MapView {
    /// Unless asked for otherwise.
    Full(SeatsView),
    /// With `form=compact`.
    Compact(CompactView),
}

/// How the map is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `SeatsView`: an object for each seat.
    #[default]
    Full,
    /// `CompactView`: all seats in two bits each.
    Compact,
}

/// What of the map is asked for. A parameter, not a media type, chooses the form: a link shows it,
/// and no cache can mix the forms up.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct MapQuery {
    /// `full` unless told.
    form: Option<Form>,
    /// With `form=compact`: a version that was answered before. Only the seats that changed since
    /// are shown, or all where that is not known (any more).
    since: Option<String>,
}

/// Seats that cost the same.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeatZoneView {
    zone: String,
    /// Minor units.
    price: i64,
    /// Pairs of a first and a last number: `[[1,500],[900,950]]`.
    seats: Vec<[u32; 2]>,
}

/// Seats that have changed, by the state they have now.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ChangedView {
    available: Vec<u32>,
    held: Vec<u32>,
    sold: Vec<u32>,
}

/// The seats of a date in few bytes. `zones` and `states` are there when `complete`, else `changed`.
/// To read `states`: take all seat numbers of `zones`, ascending; the state of the one at index `i`
/// (from 0) is `bytes[i >> 2] >> (6 - 2 * (i & 3)) & 3` of the decoded bytes, where 0 is
/// available, 1 held and 2 sold.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompactView {
    concert_date_id: Uuid,
    /// For `since`. Opaque; another server, or this one after a restart, answers it with all seats.
    version: String,
    available_seats: u64,
    /// Whether these are all seats, and not those that changed.
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    zones: Option<Vec<SeatZoneView>>,
    /// Two bits for each seat, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    states: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<ChangedView>,
}

fn pack(states: &[SeatStatus]) -> String {
    let byte = |four: &[SeatStatus]| {
        four.iter().zip([6, 4, 2, 0]).fold(0_u8, |byte, (status, shift)| {
            let state = match status {
                SeatStatus::Available => 0,
                SeatStatus::Held => 1,
                SeatStatus::Sold => 2,
            };
            byte | state << shift
        })
    };
    BASE64.encode(states.chunks(4).map(byte).collect::<Vec<u8>>())
}

fn zone_view(zone: &Zone) -> SeatZoneView {
    let seats = zone.ranges.iter().map(|(first, last)| [*first, *last]).collect();
    SeatZoneView { zone: zone.name.clone(), price: zone.price, seats }
}

fn compact_view(id: Uuid, reading: Reading) -> CompactView {
    let mut view = CompactView {
        concert_date_id: id,
        version: reading.version,
        available_seats: reading.available,
        complete: false,
        zones: None,
        states: None,
        changed: None,
    };
    match reading.seats {
        Seats::All(zones, states) => {
            view.complete = true;
            view.zones = Some(zones.iter().map(zone_view).collect());
            view.states = Some(pack(&states));
        }
        Seats::Changed(seats) => {
            let changed = view.changed.insert(ChangedView::default());
            for (number, status) in seats {
                match status {
                    SeatStatus::Available => changed.available.push(number),
                    SeatStatus::Held => changed.held.push(number),
                    SeatStatus::Sold => changed.sold.push(number),
                }
            }
        }
    }
    view
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
/// H28: the compact form has 50,000 seats in some 17 KB and tells what changed since a version.
#[utoipa::path(get, path = "/api/v1/concert-dates/{id}/seats", tag = "Seats", params(("id" = Uuid, Path), MapQuery, ("If-None-Match" = Option<String>, Header)),
    security(("identity" = [], "queue_token" = [])),
    responses((status = 200, description = "`SeatsView`, or `CompactView` with `form=compact`", body = MapView), (status = 304, description = "Nothing has changed (full form)"), (status = 400, description = "invalid_query"), (status = 403, description = "not_admitted, queue_token_expired, …"), (status = 404, description = "date_not_found")))]
pub async fn map(
    State(app): State<App>,
    PathId(id): PathId,
    admitted: Admitted,
    Query(query): Query<MapQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let date = app.board.date(DateId(id)).ok_or_else(|| Problem::of("date_not_found"))?;
    admitted.enter(&app, Some(date.concert)).await?;
    let form = query.form.unwrap_or_default();
    if form == Form::Compact {
        let reading = date.compact(query.since.as_deref(), app.clock.now());
        let mut response = json(StatusCode::OK, &compact_view(id, reading));
        let private = HeaderValue::from_static("private, no-store");
        response.headers_mut().insert(CACHE_CONTROL, private);
        return Ok(response);
    }
    if query.since.is_some() {
        return Err(Problem::of("invalid_query").with("field", "since"));
    }
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
