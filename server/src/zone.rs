//! Time zones by their IANA names, and times as the clocks there show them. The database of zones is
//! compiled in: each server knows the same zones, whatever its machine has.

use boxoffice_core::time::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Names in the database that are no zone: a clock that was never set, and one that is not known.
const NO_ZONES: [&str; 2] = ["Factory", "Etc/Unknown"];

/// The zone's name as IANA writes it; `None` where there is no such zone.
#[must_use]
pub fn known(name: &str) -> Option<String> {
    let zone = TimeZone::get(name).ok()?;
    zone.iana_name().filter(|name| !NO_ZONES.contains(name)).map(str::to_owned)
}

/// RFC 3339 with the zone's offset at that time, to the second; `None` where the zone is not known or the
/// time has no such form.
#[must_use]
pub fn local(time: Time, zone: &str) -> Option<String> {
    let moment = Timestamp::from_millisecond(time.0).ok()?;
    let zoned = Zoned::new(moment, TimeZone::get(zone).ok()?);
    Some(zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H50.
    #[test]
    fn times_are_those_of_the_place() {
        let check = |ms: i64, zone: &str, want: &str| {
            assert_eq!(local(Time(ms), zone).as_deref(), Some(want), "{zone}");
        };
        check(1_700_000_000_007, "Asia/Seoul", "2023-11-15T07:13:20+09:00");
        // An hour apart, on both sides of the end of summer time.
        check(1_698_537_600_000, "Europe/Berlin", "2023-10-29T02:00:00+02:00");
        check(1_698_541_200_000, "Europe/Berlin", "2023-10-29T02:00:00+01:00");
        check(1_698_541_200_000, "UTC", "2023-10-29T01:00:00+00:00");
        assert_eq!(local(Time(i64::MAX), "Asia/Seoul"), None);
        assert_eq!(local(Time(0), "Asia/Atlantis"), None);
    }

    #[test]
    fn zones_are_known_by_their_names() {
        assert_eq!(known("Asia/Seoul").as_deref(), Some("Asia/Seoul"));
        assert_eq!(known("america/new_york").as_deref(), Some("America/New_York"));
        for name in [
            "",
            "Seoul",
            "GMT+9:00",
            "+09:00",
            "Asia/Seoul ",
            "../etc/passwd",
            "KST",
            "Factory",
            "factory",
            "Etc/Unknown",
            "posixrules",
            "right/Asia/Seoul",
            "localtime",
        ] {
            assert_eq!(known(name), None, "{name:?}");
        }
    }
}
