//! The seat map as a fan's client reads it: the compact form once, then what has changed.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde::Deserialize;
use uuid::Uuid;

#[derive(Deserialize)]
struct Answer {
    version: String,
    complete: bool,
    #[serde(default)]
    zones: Vec<Zone>,
    #[serde(default)]
    states: String,
    #[serde(default)]
    changed: Changed,
}

#[derive(Deserialize)]
struct Zone {
    seats: Vec<(u32, u32)>,
}

#[derive(Default, Deserialize)]
struct Changed {
    available: Vec<u32>,
    held: Vec<u32>,
    sold: Vec<u32>,
}

/// What a fan has seen of a date.
#[derive(Debug, Default)]
pub struct Map {
    version: Option<String>,
    /// Whether each seat can be taken, in the order of their numbers.
    seats: Vec<(u32, bool)>,
}

impl Map {
    /// Where to look next.
    pub fn path(&self, date: Uuid) -> String {
        let since = self.version.as_ref().map(|version| format!("&since={version}"));
        let since = since.unwrap_or_default();
        format!("/api/v1/concert-dates/{date}/seats?form=compact{since}")
    }

    /// Takes an answer in; `None` where it is no map.
    pub fn read(&mut self, body: &[u8]) -> Option<()> {
        let answer: Answer = serde_json::from_slice(body).ok()?;
        if answer.complete {
            self.seats = all(&answer)?;
        }
        let Changed { available, held, sold } = answer.changed;
        let taken = held.into_iter().chain(sold).map(|number| (number, false));
        for (number, free) in available.into_iter().map(|number| (number, true)).chain(taken) {
            let at = self.seats.binary_search_by_key(&number, |(number, _)| *number).ok()?;
            self.seats.get_mut(at)?.1 = free;
        }
        self.version = Some(answer.version);
        Some(())
    }

    /// The numbers that can be taken.
    pub fn available(&self) -> Vec<u32> {
        self.seats.iter().filter(|(_, free)| *free).map(|(number, _)| *number).collect()
    }
}

/// Every seat of a complete answer: two bits each, in the order of their numbers.
fn all(answer: &Answer) -> Option<Vec<(u32, bool)>> {
    let states = BASE64.decode(&answer.states).ok()?;
    let ranges = answer.zones.iter().flat_map(|zone| &zone.seats);
    let mut numbers: Vec<u32> = ranges.flat_map(|&(first, last)| first..=last).collect();
    numbers.sort_unstable();
    let free = |(index, number): (usize, u32)| {
        let state = states.get(index >> 2)? >> (6 - 2 * (index & 3)) & 3;
        Some((number, state == 0))
    };
    numbers.into_iter().enumerate().map(free).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_map_is_read_and_brought_up_to_date() {
        let mut map = Map::default();
        let date = Uuid::from_u128(1);
        assert!(map.path(date).ends_with("/seats?form=compact"));
        // Seats 1, 2, 3, 7, 8: free, held, sold, free, held.
        let states = BASE64.encode([0b0001_1000, 0b0100_0000]);
        let zones = json!([{ "seats": [[7, 8]] }, { "seats": [[1, 3]] }]);
        let whole = json!({ "version": "a", "complete": true, "zones": zones, "states": states });
        map.read(whole.to_string().as_bytes()).unwrap();
        assert_eq!(map.available(), [1, 7]);
        assert!(map.path(date).ends_with("/seats?form=compact&since=a"));
        let changed = json!({ "available": [2], "held": [1], "sold": [7] });
        let delta = json!({ "version": "b", "complete": false, "changed": changed });
        map.read(delta.to_string().as_bytes()).unwrap();
        assert_eq!(map.available(), [2]);
        assert!(map.path(date).ends_with("&since=b"));
        assert!(map.read(b"{}").is_none() && map.read(b"x").is_none());
    }
}
