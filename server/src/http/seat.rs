//! The seats of a date.

use super::App;
use super::asset::has;
use super::extract::{Admitted, PathId, Query};
use super::problem::{Code, Problem};
use crate::bulk::Work;
use crate::currency::Currency;
use crate::layout::Label;
use crate::read_model::{CompactMap, DateModel, Reading, SeatMap, Seats, Zone};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use boxoffice_core::concert::SeatStatus;
use boxoffice_core::id::{DateId, Uuid};
use boxoffice_core::time::Time;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// State of a seat.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeatState {
    /// Can be had.
    Available,
    /// Somebody's, until it is paid for or comes back.
    Held,
    /// Somebody's.
    Sold,
    /// Nobody's, and not on sale.
    Blocked,
}

/// One seat, as the map shows it. The map's bytes are written by the read model; this is their schema.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeatView {
    /// From 1.
    seat_number: u32,
    /// What it is called, where the date has a layout.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    label: Option<Label>,
    /// Price zone.
    zone: String,
    /// Minor units.
    price: i64,
    status: SeatState,
}

/// All seats of a date.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeatsView {
    concert_date_id: Uuid,
    /// ISO 4217 code of what prices are in.
    #[schema(example = "KRW")]
    currency: String,
    /// Decimals of the currency: a price of 1 is 10 to the power of minus so many.
    #[schema(example = 0)]
    currency_decimals: u8,
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
    /// are shown, or all where the version is not known.
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
    /// Taken off the sale.
    blocked: Vec<u32>,
}

/// The seats of a date in few bytes. `zones` and `states` are there when `complete`, else `changed`.
/// To read `states`: take all seat numbers of `zones`, ascending; the state of the one at index `i`
/// (from 0) is `bytes[i >> 2] >> (6 - 2 * (i & 3)) & 3` of the decoded bytes, where 0 is
/// available, 1 held, 2 sold and 3 blocked.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompactView {
    concert_date_id: Uuid,
    /// ISO 4217 code of what prices are in.
    #[schema(example = "KRW")]
    currency: String,
    /// Decimals of the currency: a price of 1 is 10 to the power of minus so many.
    #[schema(example = 0)]
    currency_decimals: u8,
    /// For `since`. Opaque; another server, or this one after a restart, answers it with all seats.
    version: String,
    available_seats: u64,
    /// Whether these are all seats, and not those that changed.
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Vec<SeatZoneView>)]
    zones: Option<Box<RawValue>>,
    /// Two bits for each seat, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    states: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    changed: Option<ChangedView>,
}

fn pack(states: &[SeatStatus]) -> String {
    let byte = |four: &[SeatStatus]| {
        four.iter().zip([6, 4, 2, 0]).fold(0_u8, |byte, (status, shift)| {
            let state = match status {
                SeatStatus::Available => 0,
                SeatStatus::Held => 1,
                SeatStatus::Sold => 2,
                SeatStatus::Blocked => 3,
            };
            byte | state << shift
        })
    };
    BASE64.encode(states.chunks(4).map(byte).collect::<Vec<u8>>())
}

fn zones_written(zones: &[Zone]) -> Box<RawValue> {
    let view = |zone: &Zone| {
        let seats = zone.ranges.iter().map(|(first, last)| [*first, *last]).collect();
        SeatZoneView { zone: zone.name.clone(), price: zone.price, seats }
    };
    let views: Vec<SeatZoneView> = zones.iter().map(view).collect();
    // A view is plain data with string keys; writing it as JSON cannot fail.
    serde_json::value::to_raw_value(&views).unwrap_or_default()
}

/// The compact form.
pub(super) struct Written {
    /// JSON.
    pub body: Bytes,
    /// Of what is shown.
    pub version: String,
    /// Whether these are all seats.
    pub is_complete: bool,
}

/// The compact form's bytes, all seats written once a version.
pub(super) fn compact_body(
    date: &DateModel,
    since: Option<&str>,
    currency: &Currency,
    now: Time,
) -> Written {
    let reading = match date.compact(since, now) {
        CompactMap::Written(version, body) => return Written { body, version, is_complete: true },
        CompactMap::Read(reading) => reading,
    };
    let view = compact_view(date.id.0, currency, reading);
    // A view is plain data with string keys; writing it as JSON cannot fail.
    let body = Bytes::from(serde_json::to_vec(&view).unwrap_or_default());
    if view.complete {
        date.keep(&view.version, body.clone());
    }
    Written { body, version: view.version, is_complete: view.complete }
}

fn compact_view(id: Uuid, currency: &Currency, reading: Reading) -> CompactView {
    let mut view = CompactView {
        concert_date_id: id,
        currency: currency.code.clone(),
        currency_decimals: currency.decimals,
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
            view.zones = Some(zones.written(zones_written).to_owned());
            view.states = Some(pack(&states));
        }
        Seats::Changed(seats) => {
            let changed = view.changed.insert(ChangedView::default());
            for (number, status) in seats {
                match status {
                    SeatStatus::Available => changed.available.push(number),
                    SeatStatus::Held => changed.held.push(number),
                    SeatStatus::Sold => changed.sold.push(number),
                    SeatStatus::Blocked => changed.blocked.push(number),
                }
            }
        }
    }
    view
}

fn full(map: &SeatMap, headers: &HeaderMap) -> Response {
    let (status, body) = if has(headers, &map.etag) {
        (StatusCode::NOT_MODIFIED, Body::empty())
    } else {
        (StatusCode::OK, Body::from(map.body.clone()))
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if let Ok(etag) = HeaderValue::try_from(map.etag.as_str()) {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}

/// The full map. One of a large date is rendered where that is in nobody's way.
async fn rendered(app: &App, date: &Arc<DateModel>) -> Result<SeatMap, Problem> {
    if let Some(map) = date.rendered(app.clock.now()) {
        return Ok(map);
    }
    // A crowd that asks at the same moment has one map: the first that is begun after they asked.
    let (large, begun) = (date.is_large(), date.maps_begun());
    let _turn = if large { Some(app.bulk.maps.of(date.id).await) } else { None };
    if let Some(map) = date.rendered_since(begun) {
        return Ok(map);
    }
    let names = app.names(date.layout).await?;
    let (date, clock) = (Arc::clone(date), app.clock.clone());
    let money = app.currency.members();
    let render = move || {
        if let Some(hall) = names.hall() {
            date.name(hall);
        }
        date.map(&money, clock.now())
    };
    if large { app.bulk(Work::Map, render).await } else { Ok(render()) }
}

/// The seats of a date with their state: 304 while nothing has changed. A date that was cancelled has none to show. It shows, it does not
/// decide: a seat shown as available may be taken by the time it is asked for.
///
/// The compact form has 50,000 seats in some 17 KB and tells what changed since a version.
#[utoipa::path(get, path = "/api/v1/concert-dates/{id}/seats", tag = "Seats", params(("id" = Uuid, Path), MapQuery, ("If-None-Match" = Option<String>, Header)),
    security(("identity" = [], "queue_token" = [])),
    responses((status = 200, description = "`SeatsView`, or `CompactView` with `form=compact`", body = MapView), (status = 304, description = "Nothing has changed (full form)"), (status = 400, description = "invalid_query"), (status = 403, description = "not_admitted, queue_token_expired, …"), (status = 404, description = "date_not_found"), (status = 409, description = "date_cancelled"), (status = 503, description = "busy, database_unavailable")))]
pub async fn map(
    State(app): State<App>,
    PathId(id): PathId,
    admitted: Admitted,
    Query(query): Query<MapQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let date = app.read_model.date(DateId(id)).ok_or_else(|| Problem::of(Code::DateNotFound))?;
    admitted.enter(&app, Some(date.concert)).await?;
    if let Some(cancelled) = &date.cancelled {
        return Err(Problem::of(Code::DateCancelled).with("reason", cancelled.reason.clone()));
    }
    let form = query.form.unwrap_or_default();
    let (mut response, caching) = if form == Form::Compact {
        let body = compact_body(&date, query.since.as_deref(), &app.currency, app.clock.now());
        (Response::new(Body::from(body.body)), "private, no-store")
    } else if query.since.is_some() {
        return Err(Problem::of(Code::InvalidQuery).with("field", "since"));
    } else {
        (full(&rendered(&app, &date).await?, &headers), "private, no-cache")
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_model::ReadModel;
    use boxoffice_core::concert::{ConcertDate, Seat};
    use boxoffice_core::id::{ConcertId, ReservationId, SeatKey};
    use boxoffice_core::money::Money;
    use boxoffice_core::rows::Rows;
    use serde_json::Value;
    use std::collections::BTreeMap;

    const DATE: DateId = DateId(Uuid::from_u128(1));

    fn won() -> Currency {
        Currency::of("KRW").expect("it is a currency")
    }

    /// Of each seat by its number: zone, price, state.
    type Map = BTreeMap<u64, (String, i64, String)>;

    fn seat(number: u32) -> Seat {
        let zone = if number % 3_000 < 700 { "R" } else { "S \"석\"" };
        Seat {
            seat_id: number.into(),
            concert: ConcertId(Uuid::nil()),
            zone: zone.into(),
            ticket_price: Money(if number % 5_000 < 100 { 90_000 } else { 150_000 }),
            status: SeatStatus::Available,
            reservation: None,
            held_until: None,
            reservated_date: None,
            last_holder: None,
            last_holder_until: None,
        }
    }

    /// A date of so many seats, whose numbers have gaps.
    fn read_model(count: u32) -> (ReadModel, Vec<u32>, Arc<DateModel>) {
        let numbers: Vec<u32> = (1..).filter(|n| n % 97 != 0).take(count as usize).collect();
        let mut rows = Rows::default();
        let date = ConcertDate {
            concert: ConcertId(Uuid::nil()),
            concert_date: Time(i64::MAX),
            total_seats: count.into(),
            available_seats: count.into(),
            blocked_seats: 0,
            revision: 0,
            withdrawn_at: None,
            cancelled: None,
            layout: None,
        };
        rows.dates.insert(DATE, date);
        for &number in &numbers {
            rows.seats.insert(SeatKey { date: DATE, number }, seat(number));
        }
        let read_model = ReadModel::default();
        read_model.apply(&rows, Time(0));
        let date = read_model.date(DATE).unwrap();
        (read_model, numbers, date)
    }

    fn full(date: &DateModel, now: Time) -> (Map, u64) {
        let body: Value = serde_json::from_slice(&date.map("", now).body).unwrap();
        let one = |seat: &Value| {
            let word = |name: &str| seat[name].as_str().unwrap().to_owned();
            let price = seat["price"].as_i64().unwrap();
            (seat["seat_number"].as_u64().unwrap(), (word("zone"), price, word("status")))
        };
        let seats = body["seats"].as_array().unwrap().iter().map(one).collect();
        (seats, body["available_seats"].as_u64().unwrap())
    }

    /// A client that reads the compact form by its documented rule and applies what changed.
    #[derive(Default)]
    struct Client {
        map: Map,
        version: Option<String>,
        available: u64,
        wholes: u32,
    }

    impl Client {
        fn look(&mut self, date: &DateModel, now: Time) {
            let body = compact_body(date, self.version.as_deref(), &won(), now);
            let body: Value = serde_json::from_slice(&body.body).unwrap();
            self.version = body["version"].as_str().map(str::to_owned);
            self.available = body["available_seats"].as_u64().unwrap();
            if body["complete"] == true { self.whole(&body) } else { self.change(&body) }
        }

        fn whole(&mut self, body: &Value) {
            self.wholes += 1;
            self.map.clear();
            for zone in body["zones"].as_array().unwrap() {
                let (name, price) = (&zone["zone"], zone["price"].as_i64().unwrap());
                for range in zone["seats"].as_array().unwrap() {
                    let end = |at: usize| range[at].as_u64().unwrap();
                    for number in end(0)..=end(1) {
                        let name = name.as_str().unwrap().to_owned();
                        let before = self.map.insert(number, (name, price, String::new()));
                        assert!(before.is_none(), "{number} is in two zones");
                    }
                }
            }
            let bytes = BASE64.decode(body["states"].as_str().unwrap()).unwrap();
            for (i, (_, _, state)) in self.map.values_mut().enumerate() {
                let code = bytes[i >> 2] >> (6 - 2 * (i & 3)) & 3;
                *state = ["available", "held", "sold", "blocked"][usize::from(code)].into();
            }
        }

        fn change(&mut self, body: &Value) {
            for state in ["available", "held", "sold", "blocked"] {
                for number in body["changed"][state].as_array().unwrap() {
                    let seat = self.map.get_mut(&number.as_u64().unwrap()).unwrap();
                    seat.2 = state.into();
                }
            }
        }
    }

    /// Sells, holds and frees seats at random, some holds lapse; clients that look at different times
    /// see what the full form shows.
    fn agree(seats: u32, steps: u32, most: u32) {
        let (read_model, numbers, date) = read_model(seats);
        let mut state = 7_u64;
        let mut random = move |below: u32| -> u32 {
            // Knuth's MMIX generator; its high bits are the good ones.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            u32::try_from(state >> 33).unwrap() % below
        };
        let (mut often, mut seldom) = (Client::default(), Client::default());
        for step in 0..steps {
            let now = Time(i64::from(step) * 10);
            let mut rows = Rows::default();
            for _ in 0..random(most) {
                let number = numbers[random(seats) as usize];
                let mut row = seat(number);
                if random(3) > 0 {
                    row.reservation = Some(ReservationId(Uuid::nil()));
                    row.status = SeatStatus::Sold;
                    if random(6) == 0 {
                        (row.status, row.reservation) = (SeatStatus::Blocked, None);
                    } else if random(2) == 0 {
                        row.status = SeatStatus::Held;
                        row.held_until = Some(now.plus_ms(random(60).into()));
                    }
                }
                rows.seats.insert(SeatKey { date: DATE, number }, row);
            }
            read_model.apply(&rows, now);
            let late = now.plus_ms(random(20).into());
            often.look(&date, late);
            let wanted = full(&date, late);
            assert_eq!((&often.map, often.available), (&wanted.0, wanted.1), "step {step}");
            let free = wanted.0.values().filter(|seat| seat.2 == "available").count();
            assert_eq!(free as u64, wanted.1);
            if step % 7 == 0 {
                seldom.look(&date, late);
                assert_eq!((&seldom.map, seldom.available), (&wanted.0, wanted.1), "step {step}");
            }
        }
        assert_eq!(often.wholes, 1, "changes were enough");
        assert!(seldom.wholes > 1, "too much has changed for some looks");
    }

    #[test]
    fn the_forms_agree_whatever_happens() {
        agree(700, 300, 1_500);
    }

    /// H28.
    #[test]
    fn the_forms_agree_on_50_000_seats() {
        agree(50_000, 15, 1_000);
        let (_, _, date) = read_model(50_000);
        let body = compact_body(&date, None, &won(), Time(0));
        assert!(body.body.len() < 40_000, "{} bytes", body.body.len());
    }
}
