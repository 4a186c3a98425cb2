//! What happened, for whoever keeps account of it: read on from a cursor.

use super::App;
use super::extract::{Operator, Query};
use super::problem::{Code, Problem};
use super::view::{Stamp, json, stamp};
use super::wallet::page_size;
use crate::store::events::{Page, Positions, Told, latest, page};
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::event::Happening;
use boxoffice_core::id::Uuid;
use boxoffice_core::time::Time;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

/// In the place of a cursor: after all that has happened so far.
const LATEST: &str = "latest";
/// Characters of a cursor: more nodes than anybody has.
const CURSOR_CHARS_MAX: usize = 4_000;

/// The kind of an event.
#[derive(Debug, Serialize)]
pub struct Kind(String);

impl PartialSchema for Kind {
    fn schema() -> RefOr<Schema> {
        let kinds = Happening::kinds().join(", ");
        let text = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
        let told = format!("What happened. So far: {kinds}. There may be more with each version.");
        text.description(Some(told)).examples(["booking.paid"]).into()
    }
}

impl ToSchema for Kind {}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventView {
    /// Names it for good: its node and its number.
    #[schema(example = "1-345")]
    id: String,
    /// The node that has written it.
    node: u64,
    /// Among the events of its node; without gaps.
    number: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Stamp,
    kind: Kind,
    /// The concert that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    concert_id: Option<Uuid>,
    /// The date that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    concert_date_id: Option<Uuid>,
    /// Whose booking, money or account it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user_id: Option<Uuid>,
    /// What is told of it, by its kind. Members may be added.
    #[schema(value_type = Object, additional_properties = true)]
    data: Value,
}

/// Events in the order of each node's numbers, and of different nodes about in the order of time.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventsView {
    events: Vec<EventView>,
    /// For `after` of the next question, now or later. Whoever keeps it with what was done with the events misses
    /// none and does none twice.
    #[schema(example = "1.345-2.77")]
    cursor: String,
    /// Whether there are more by now.
    more: bool,
    /// ISO 4217 code of what amounts are in.
    #[schema(example = "KRW")]
    currency: String,
    /// Decimals of the currency: an amount of 1 is 10 to the power of minus so many.
    #[schema(example = 0)]
    currency_decimals: u8,
}

/// From where on.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The `cursor` of the answer before; without it from the oldest that is kept. `latest`: no event, and the cursor
    /// of those that come from now on.
    #[param(
        max_length = 4_000,
        pattern = r"^(latest|[0-9]{1,18}\.[0-9]{1,18}(-[0-9]{1,18}\.[0-9]{1,18})*)?$"
    )]
    pub after: Option<String>,
    /// At most 100.
    pub limit: Option<usize>,
}

/// A cursor is the last number that was read of each node. Clients need not know that.
fn cursor_of(positions: &Positions) -> String {
    let one = |(node, number): (&u64, &u64)| format!("{node}.{number}");
    positions.iter().map(one).collect::<Vec<_>>().join("-")
}

fn positions_of(cursor: &str) -> Option<Positions> {
    let one = |part: &str| {
        let (node, number) = part.split_once('.')?;
        let read = |digits: &str| digits.parse::<u64>().ok().filter(|n| i64::try_from(*n).is_ok());
        Some((read(node)?, read(number)?))
    };
    if cursor.is_empty() {
        // Of a database without events.
        return Some(Positions::new());
    }
    let fits = cursor.len() <= CURSOR_CHARS_MAX;
    fits.then(|| cursor.split('-').map(one).collect()).flatten()
}

/// Times are kept as numbers and told as everywhere.
fn with_times(mut data: Value) -> Value {
    for (name, value) in data.as_object_mut().into_iter().flatten() {
        if let Some(ms) = value.as_i64().filter(|_| name.ends_with("_at")) {
            *value = stamp(Time(ms)).into();
        }
    }
    data
}

fn view(told: Told) -> EventView {
    EventView {
        id: format!("{}-{}", told.key.node, told.key.number),
        node: told.key.node,
        number: told.key.number,
        at: told.created_at.into(),
        kind: Kind(told.kind),
        concert_id: told.concert,
        concert_date_id: told.date,
        user_id: told.user,
        data: with_times(serde_json::from_str(&told.data).unwrap_or_default()),
    }
}

/// What happened: bookings that were paid, what operators changed, opened, closed, paused, credited and debited.
/// Not holds, nor places in line. Events are kept for 30 days; one that is committed late stands after every cursor
/// that was given before it.
#[utoipa::path(get, path = "/api/v1/admin/events", tag = "Operator", params(Asked),
    security(("operator" = [])),
    responses((status = 200, body = EventsView), (status = 400, description = "invalid_query"), (status = 410, description = "events_gone: they are not kept any more, or the cursor is of another database"), (status = 503, description = "database_unavailable")))]
pub async fn list(
    State(app): State<App>,
    _: Operator,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let size = page_size(asked.limit)?;
    let invalid = || Problem::of(Code::InvalidQuery).with("field", "after");
    let after = asked.after.as_deref().filter(|after| *after != LATEST);
    let is_latest = asked.after.is_some() && after.is_none();
    let after = after.map(|text| positions_of(text).ok_or_else(invalid)).transpose()?;
    let read = app.readers.read(move |reads| match is_latest {
        true => Ok(Some(Page { positions: latest(reads)?, ..Page::default() })),
        false => page(reads, after.as_ref(), size),
    });
    let found = read.await?;
    let found = found.ok_or_else(|| Problem::of(Code::EventsGone))?;
    let view = EventsView {
        events: found.events.into_iter().map(view).collect(),
        cursor: cursor_of(&found.positions),
        more: found.more,
        currency: app.currency.code.clone(),
        currency_decimals: app.currency.decimals,
    };
    Ok(json(StatusCode::OK, &view))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let positions = Positions::from([(1, 345), (2, 0), (17, 9)]);
        assert_eq!(cursor_of(&positions), "1.345-2.0-17.9");
        assert_eq!(positions_of("1.345-2.0-17.9"), Some(positions));
        assert_eq!(positions_of(&cursor_of(&Positions::new())), Some(Positions::new()));
        for wrong in ["1", "1.", "1.x", "1.2-", "1.2 3.4", "1.-2", "1.99999999999999999999"] {
            assert_eq!(positions_of(wrong), None, "{wrong}");
        }
        assert_eq!(positions_of(&"1.1-".repeat(2_000)), None);
    }

    #[test]
    fn times_are_told_as_everywhere() {
        let data = serde_json::json!({ "opens_at": 0, "closes_at": null, "amount": 5 });
        let told = serde_json::json!(
            { "opens_at": "1970-01-01T00:00:00.000Z", "closes_at": null, "amount": 5 }
        );
        assert_eq!(with_times(data), told);
    }
}
