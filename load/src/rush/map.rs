//! The seat map as a fan's client reads it: the compact form once, then what has changed.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde::Deserialize;
use uuid::Uuid;

/// What the two bits of a seat say.
const FREE: u8 = 0;
const TAKEN: u8 = 1;
/// The lower bit of each seat of a byte.
const LOWER: u8 = 0b0101_0101;

#[derive(Deserialize)]
struct Answer<'a> {
    version: String,
    complete: bool,
    #[serde(default)]
    zones: Vec<Zone>,
    #[serde(default)]
    states: &'a str,
    #[serde(default)]
    changed: Changed,
}

#[derive(Deserialize)]
struct Zone {
    seats: Vec<(u32, u32)>,
}

/// Seats as they are now, of those that have changed.
#[derive(Debug, Default, Deserialize)]
pub struct Changed {
    /// Can be taken.
    pub available: Vec<u32>,
    /// Wait for a payment.
    pub held: Vec<u32>,
    /// Were paid for, or are not for sale.
    pub sold: Vec<u32>,
}

/// Seats with neighbouring numbers.
#[derive(Debug)]
struct Range {
    first: u32,
    last: u32,
    /// How many seats have lower numbers than its first.
    before: usize,
}

/// What a fan has seen of a date: kept as it was sent, since thousands of fans look at once.
#[derive(Debug, Default)]
pub struct Map {
    version: Option<String>,
    /// In the order of their numbers.
    ranges: Vec<Range>,
    /// Two bits a seat, in that order, the first seat highest.
    states: Vec<u8>,
}

/// The lower bit of each seat of a byte that can be taken.
const fn free(states: u8) -> u8 {
    !(states | states >> 1) & LOWER
}

impl Map {
    /// Where to look next.
    pub fn path(&self, date: Uuid) -> String {
        let since = self.version.as_ref().map(|version| format!("&since={version}"));
        let since = since.unwrap_or_default();
        format!("/api/v1/concert-dates/{date}/seats?form=compact{since}")
    }

    /// Takes an answer in, and says which seats it told to have changed, as far as it was no whole map; `None` where
    /// it is no map.
    pub fn read(&mut self, body: &[u8]) -> Option<Changed> {
        let answer: Answer<'_> = serde_json::from_slice(body).ok()?;
        if answer.complete {
            self.take_all(&answer)?;
        }
        let Changed { available, held, sold } = &answer.changed;
        let taken = held.iter().chain(sold).map(|number| (*number, TAKEN));
        for (number, state) in available.iter().map(|number| (*number, FREE)).chain(taken) {
            let at = self.place(number)?;
            self.set(at, state)?;
        }
        self.version = Some(answer.version);
        Some(answer.changed)
    }

    /// Every seat of a complete answer.
    fn take_all(&mut self, answer: &Answer<'_>) -> Option<()> {
        let mut parts: Vec<(u32, u32)> =
            answer.zones.iter().flat_map(|zone| &zone.seats).copied().collect();
        parts.sort_unstable();
        let (mut before, mut past) = (0, 0);
        self.ranges.clear();
        for (first, last) in parts {
            if first < past || last < first {
                return None;
            }
            self.ranges.push(Range { first, last, before });
            before += usize::try_from(last - first).ok()? + 1;
            past = last.checked_add(1)?;
        }
        self.states = BASE64.decode(answer.states).ok()?;
        if self.states.len() != before.div_ceil(4) {
            return None;
        }
        // What the last byte has beyond the last seat is none.
        (before..self.states.len() * 4).try_for_each(|at| self.set(at, TAKEN))
    }

    /// How many seats have lower numbers.
    fn place(&self, number: u32) -> Option<usize> {
        let at = self.ranges.partition_point(|range| range.last < number);
        let range = self.ranges.get(at).filter(|range| range.first <= number)?;
        Some(range.before + usize::try_from(number - range.first).ok()?)
    }

    /// The number of the seat before which so many are.
    fn number(&self, place: usize) -> Option<u32> {
        let at = self.ranges.partition_point(|range| range.before <= place).checked_sub(1)?;
        let range = self.ranges.get(at)?;
        range.first.checked_add(u32::try_from(place - range.before).ok()?)
    }

    fn set(&mut self, place: usize, state: u8) -> Option<()> {
        let (byte, shift) = (self.states.get_mut(place / 4)?, 6 - 2 * (place % 4));
        *byte = *byte & !(3 << shift) | state << shift;
        Some(())
    }

    /// Whether the seat of this number can be taken.
    pub fn is_free(&self, number: u32) -> bool {
        let state = self
            .place(number)
            .and_then(|place| Some(self.states.get(place / 4)? >> (6 - 2 * (place % 4)) & 3));
        state == Some(FREE)
    }

    /// How many can be taken.
    pub fn available(&self) -> usize {
        self.states.iter().map(|&byte| free(byte).count_ones() as usize).sum()
    }

    /// The numbers of so many that can be taken, at most, after passing over some.
    pub fn pick(&self, pass: usize, count: usize) -> Vec<u32> {
        let (mut pass, mut picked) = (pass, Vec::with_capacity(count));
        for (index, byte) in self.states.iter().enumerate() {
            let here = free(*byte);
            let many = here.count_ones() as usize;
            if pass >= many {
                pass -= many;
                continue;
            }
            let seats = (0..4).filter(|nth| here >> (6 - 2 * nth) & 1 == 1).skip(pass);
            picked.extend(seats.filter_map(|nth| self.number(index * 4 + nth)));
            pass = 0;
            if picked.len() >= count {
                break;
            }
        }
        picked.truncate(count);
        picked
    }
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
        let free: Vec<u32> = (0..10).filter(|number| map.is_free(*number)).collect();
        assert_eq!(free, [1, 7]);
        assert_eq!((map.available(), map.pick(0, 9)), (2, vec![1, 7]));
        assert_eq!((map.pick(1, 9), map.pick(0, 1), map.pick(2, 1)), (vec![7], vec![1], vec![]));
        assert!(map.path(date).ends_with("/seats?form=compact&since=a"));
        let changed = json!({ "available": [2], "held": [1], "sold": [7] });
        let delta = json!({ "version": "b", "complete": false, "changed": changed });
        let changed = map.read(delta.to_string().as_bytes()).unwrap();
        assert_eq!(
            (&*changed.available, &*changed.held, &*changed.sold),
            (&[2][..], &[1][..], &[7][..])
        );
        assert_eq!((map.available(), map.pick(0, 9)), (1, vec![2]));
        assert!(map.path(date).ends_with("&since=b"));
        assert!(map.read(b"{}").is_none() && map.read(b"x").is_none());
        let unknown = json!({ "available": [4], "held": [], "sold": [] });
        let delta = json!({ "version": "c", "complete": false, "changed": unknown });
        assert!(map.read(delta.to_string().as_bytes()).is_none());
    }

    #[test]
    fn seats_are_picked_over_ranges_as_a_plain_list_would_have_them() {
        let ranges = [[3, 9], [20, 20], [31, 50]];
        let numbers: Vec<u32> = ranges.iter().flat_map(|[first, last]| *first..=*last).collect();
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..200 {
            let states: Vec<u8> = (0..7).map(|_| random.u8(..) & random.u8(..)).collect();
            let free = |at: usize| states[at / 4] >> (6 - 2 * (at % 4)) & 3 == 0;
            let listed = numbers.iter().enumerate().filter(|(at, _)| free(*at));
            let listed: Vec<u32> = listed.map(|(_, number)| *number).collect();
            let text = BASE64.encode(&states);
            let zones = json!([{ "seats": ranges }]);
            let whole = json!({ "version": "a", "complete": true, "zones": zones, "states": text });
            let mut map = Map::default();
            map.read(whole.to_string().as_bytes()).unwrap();
            assert_eq!(map.available(), listed.len());
            let (pass, count) = (random.usize(..=listed.len()), random.usize(..9));
            let want: Vec<u32> = listed[pass..].iter().copied().take(count).collect();
            assert_eq!(map.pick(pass, count), want);
        }
    }
}
