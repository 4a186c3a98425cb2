//! What answers are made of.

use axum::response::{IntoResponse, Response};
use boxoffice_core::time::Time;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{StatusCode, header::HeaderName};
use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// RFC 3339, UTC, with milliseconds. By hand, since it stands in every answer of a poll: the civil
/// date from days is Howard Hinnant's `civil_from_days` (2013).
#[must_use]
pub fn stamp(time: Time) -> String {
    let (days, ms) = (time.0.div_euclid(DAY_MS), time.0.rem_euclid(DAY_MS));
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let mut text = String::with_capacity(24);
    digits(&mut text, year, 4);
    for (before, value, width) in [
        ('-', month, 2),
        ('-', day, 2),
        ('T', ms / 3_600_000, 2),
        (':', ms / 60_000 % 60, 2),
        (':', ms / 1_000 % 60, 2),
        ('.', ms % 1_000, 3),
    ] {
        text.push(before);
        digits(&mut text, value, width);
    }
    text.push('Z');
    text
}

/// The last `width` decimal digits of a number.
fn digits(text: &mut String, value: i64, width: u32) {
    for place in (0..width).rev() {
        let digit = value.unsigned_abs() / 10_u64.pow(place) % 10;
        text.push(char::from_digit(u32::try_from(digit).unwrap_or(0), 10).unwrap_or('0'));
    }
}

/// The last millisecond of the year 9999, UTC: later times have no form in RFC 3339.
const YEAR_9999_ENDS: i64 = 253_402_300_799_999;

/// Reads RFC 3339, any offset; a time from 1970 to 9999 (H50, F17).
#[must_use]
pub fn parse_stamp(text: &str) -> Option<Time> {
    let nanos = OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp_nanos();
    let time = i64::try_from(nanos.div_euclid(1_000_000)).ok()?;
    (0..=YEAR_9999_ENDS).contains(&time).then_some(Time(time))
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
        assert_eq!(stamp(Time(-1)), "1969-12-31T23:59:59.999Z");
        let odd_step_ms = 86_400_000 * 37 + 12_345_678;
        for step in 0..20_000 {
            let time = Time(step * odd_step_ms % 253_402_300_799_999);
            assert_eq!(parse_stamp(&stamp(time)), Some(time), "the library reads the same time");
        }
        assert_eq!(parse_stamp("2023-11-15T07:13:20.007+09:00"), Some(Time(1_700_000_000_007)));
        assert_eq!(parse_stamp("2023-11-15"), None);
        for beyond in ["9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z"]
        {
            assert_eq!(parse_stamp(beyond), None, "{beyond}");
        }
        assert_eq!(parse_stamp("2023-11-15T07:13:20"), None, "a time without an offset is no time");
    }
}
