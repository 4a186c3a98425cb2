//! What answers are made of.

use axum::response::{IntoResponse, Response};
use boxoffice_core::time::Time;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{StatusCode, header::HeaderName};
use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

const FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// RFC 3339, UTC, with milliseconds.
#[must_use]
pub fn stamp(time: Time) -> String {
    let nanos = i128::from(time.0) * 1_000_000;
    let date = OffsetDateTime::from_unix_timestamp_nanos(nanos);
    date.ok().and_then(|date| date.format(FORMAT).ok()).unwrap_or_default()
}

/// Reads RFC 3339, any offset.
#[must_use]
pub fn parse_stamp(text: &str) -> Option<Time> {
    let nanos = OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp_nanos();
    i64::try_from(nanos.div_euclid(1_000_000)).ok().map(Time)
}

/// A time in an answer.
#[derive(Clone, Copy, Debug)]
pub struct Stamp(pub Time);

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&stamp(self.0))
    }
}

impl From<Time> for Stamp {
    fn from(time: Time) -> Self {
        Self(time)
    }
}

/// Says that the answer is the stored reply of an earlier request.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A JSON answer.
#[must_use]
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    // Views are plain data with string keys; writing them as JSON cannot fail.
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    let mut response = (status, bytes).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A JSON answer of a command, marked where it is a stored reply.
#[must_use]
pub fn replied(status: StatusCode, body: &impl Serialize, replayed: bool) -> Response {
    let mut response = json(status, body);
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_with_milliseconds() {
        assert_eq!(stamp(Time(1_700_000_000_007)), "2023-11-14T22:13:20.007Z");
        assert_eq!(parse_stamp("2023-11-15T07:13:20.007+09:00"), Some(Time(1_700_000_000_007)));
        assert_eq!(parse_stamp("2023-11-15"), None);
        assert_eq!(parse_stamp("2023-11-15T07:13:20"), None, "a time without an offset is no time");
    }
}
