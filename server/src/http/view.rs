//! What answers are made of.

pub use crate::member::given;

use axum::response::{IntoResponse, Response};
use boxoffice_core::id::Uuid;
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

/// The last moment that a time in an answer can name.
const LAST: i64 = 253_402_300_799_999;

/// A number from 0 to 2^63 - 1, as the document says of an `int64` with a minimum of 0.
///
/// # Errors
/// Anything else.
pub fn not_negative<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let number = <u64 as serde::Deserialize>::deserialize(deserializer)?;
    i64::try_from(number).map_err(serde::de::Error::custom)
}

/// What an id looks like.
pub const ID_EXAMPLE: &str = "01a21a00-5a9c-7c11-8e60-0c2f7a3d9b41";

/// An id in its one form: 32 hexadecimal digits of any case in five groups.
#[must_use]
pub fn id_of(text: &str) -> Option<Uuid> {
    // No other form that the parser knows has this length.
    Uuid::try_parse(text).ok().filter(|_| text.len() == ID_EXAMPLE.len())
}

/// For a member that is an id.
///
/// # Errors
/// It is none.
pub fn id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
    let text = <String as serde::Deserialize>::deserialize(deserializer)?;
    id_of(&text).ok_or_else(|| serde::de::Error::custom("no UUID"))
}

/// For a member that is an id where it is there.
///
/// # Errors
/// It is none.
pub fn maybe_id<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Uuid>, D::Error> {
    id(deserializer).map(Some)
}

/// Reads RFC 3339, where a `T` stands between the day and the time; the library takes anything there.
fn rfc3339(text: &str) -> Option<OffsetDateTime> {
    let parts = matches!(text.as_bytes().get(10), Some(b'T' | b't'));
    OffsetDateTime::parse(text, &Rfc3339).ok().filter(|_| parts)
}

/// Reads RFC 3339, any offset; years before 1970 and beyond 9999 in UTC are none that can be told.
#[must_use]
pub fn parse_stamp(text: &str) -> Option<Time> {
    let nanos = rfc3339(text)?.unix_timestamp_nanos();
    let ms = i64::try_from(nanos.div_euclid(1_000_000)).ok();
    ms.filter(|ms| (0..=LAST).contains(ms)).map(Time)
}

/// Why a text is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTime {
    /// Nothing is there.
    Missing,
    /// A `+` of a query that came as a space.
    Space,
    /// The calendar has no such day.
    Day,
    /// A day has no such time; its last second is 23:59:59.
    Clock,
    /// A year that cannot be told.
    Year,
    /// Without an offset it could be at any place.
    Offset,
    /// It is written in another way.
    Form,
}

impl NoTime {
    /// Of a text that [`parse_stamp`] does not read.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let reads = |text: &str| rfc3339(text).is_some();
        // Of a text in the right form only: a digit is any.
        let digits =
            |at: std::ops::Range<usize>| text.get(at).and_then(|part| part.parse::<u32>().ok());
        let written = |day: &str, clock: &str| {
            let (year, between, rest) = (text.get(..4)?, text.get(10..11)?, text.get(19..)?);
            Some(format!("{year}{day}{between}{clock}{rest}"))
        };
        let (in_day, in_form) = (
            text.get(..10).and_then(|day| written(day.get(4..)?, "12:00:00")),
            written("-01-01", "12:00:00"),
        );
        let is = |text: Option<String>| text.is_some_and(|text| reads(&text));
        if text.trim().is_empty() {
            Self::Missing
        } else if text
            .rsplit_once(' ')
            .is_some_and(|(time, offset)| reads(&format!("{time}+{offset}")))
        {
            Self::Space
        } else if reads(text) {
            Self::Year
        } else if reads(&format!("{text}Z")) {
            Self::Offset
        } else if digits(5..7).zip(digits(8..10)).is_some() && is(in_form) {
            if is(in_day) { Self::Clock } else { Self::Day }
        } else {
            Self::Form
        }
    }

    /// English words.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::Missing => "is missing; give an RFC 3339 time such as 2027-05-01T19:00:00+09:00",
            Self::Space => "has a space where its + was; write %2B in an address",
            Self::Day => "this day does not exist",
            Self::Clock => "no day has this time; the last is 23:59:59",
            Self::Year => "must be between 1970 and 9999 in UTC",
            Self::Offset => "has no offset; add Z, or +09:00 for Korea",
            Self::Form => {
                "must be an RFC 3339 time with an offset, such as 2027-05-01T19:00:00+09:00"
            }
        }
    }

    /// Korean words.
    #[must_use]
    pub const fn ko(self) -> &'static str {
        match self {
            Self::Missing => {
                "시각이 없습니다. RFC 3339 형식으로 적어 주세요. 예: 2027-05-01T19:00:00+09:00"
            }
            Self::Space => "+가 공백으로 전달되었습니다. 주소에서는 %2B로 적어 주세요",
            Self::Day => "달력에 없는 일자입니다",
            Self::Clock => "하루에 없는 시각입니다. 마지막은 23:59:59입니다",
            Self::Year => "UTC로 1970~9999년이어야 합니다",
            Self::Offset => "시간대 오프셋이 없습니다. Z 또는 +09:00처럼 적어 주세요",
            Self::Form => "RFC 3339 형식이어야 합니다. 예: 2027-05-01T19:00:00+09:00",
        }
    }
}

/// A time in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        assert_eq!(parse_stamp("2023-11-14t22:13:20.007z"), Some(Time(1_700_000_000_007)));
        assert_eq!(parse_stamp("2023-11-15"), None);
        assert_eq!(parse_stamp("9999-12-31T23:59:59.999Z"), Some(Time(LAST)));
        assert_eq!(parse_stamp("9999-12-31T23:59:59-23:59"), None, "a year that has five digits");
        assert_eq!(parse_stamp("1969-12-31T23:59:59Z"), None);
        assert_eq!(parse_stamp("2023-11-15T07:13:20"), None, "a time without an offset is no time");
    }

    /// Why it is none is told.
    #[test]
    fn what_is_no_time_is_told_why() {
        for (text, want) in [
            ("", NoTime::Missing),
            (" ", NoTime::Missing),
            ("2027-01-01T19:00:00 09:00", NoTime::Space),
            ("2027-02-29T00:00:00Z", NoTime::Day),
            ("2027-02-29T00:00:00.5+09:00", NoTime::Day),
            ("2027-04-31T19:00:00+09:00", NoTime::Day),
            ("2027-13-01T00:00:00Z", NoTime::Day),
            ("2027-01-00T00:00:00Z", NoTime::Day),
            ("2027-01-01T24:00:00Z", NoTime::Clock),
            ("2027-01-01T19:60:00+09:00", NoTime::Clock),
            ("1969-12-31T23:59:59Z", NoTime::Year),
            ("9999-12-31T23:59:59-23:59", NoTime::Year),
            ("2027-01-01T19:00:00", NoTime::Offset),
            ("2027-01-01T19:00:00.25", NoTime::Offset),
            ("2027-01-01", NoTime::Form),
            ("2027-01-01 19:00:00+09:00", NoTime::Form),
            ("2027-01-01_19:00:00Z", NoTime::Form),
            ("2027-02-29 00:00:00Z", NoTime::Form),
            ("2027-01-01 19:00:00", NoTime::Form),
            ("2027-01-01T19:00Z", NoTime::Form),
            ("20270101T190000Z", NoTime::Form),
            ("내일", NoTime::Form),
            ("2027-01-01T19:00:00+24:00", NoTime::Form),
            ("2027년 01월 01일 19시 00분", NoTime::Form),
            ("tomorrow at seven o'clock", NoTime::Form),
        ] {
            assert_eq!(parse_stamp(text), None, "{text:?}");
            assert_eq!(NoTime::of(text), want, "{text:?}");
        }
    }
}
