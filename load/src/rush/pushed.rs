//! What streams of events told, and whether it agrees with what fans did to the seats.

use super::figures::{Percentiles, histogram, percentiles};
use super::map::{Changed, Map};
use super::record::SeatOf;
use boxoffice_server::Failure;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// A seat that was sold so long ago, in nanoseconds, is not told free: a server tells within 300 ms, and a busy generator
/// reads late.
const STALE_NS: u64 = 5_000_000_000;

/// What became of a seat, as an answer said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It can be taken.
    Free,
    /// It waits for its payment.
    Held,
    /// It was paid for.
    Sold,
    /// An operator gives it back.
    Unknown,
}

/// The last that answers said of each seat, and when, in nanoseconds since the run began.
#[derive(Debug, Default)]
pub struct Latest(HashMap<SeatOf, (Became, u64)>);

/// What came of comparing an event with it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// From the answer to a change to the event that told it.
    pub delays_ns: Vec<u64>,
    /// Changes that were told before their answer was there, or that no fan made.
    pub ahead: u64,
    /// A seat that was told free and had long been sold.
    pub wrong: Option<u32>,
}

impl Latest {
    /// An answer said so.
    pub fn note(&mut self, seat: SeatOf, became: Became, at: u64) {
        self.0.insert(seat, (became, at));
    }

    fn is_long_sold(&self, seat: SeatOf, now: u64) -> bool {
        let sold = |(became, at): &(Became, u64)| {
            *became == Became::Sold && at.saturating_add(STALE_NS) < now
        };
        self.0.get(&seat).is_some_and(sold)
    }

    /// An event that came now told these changes.
    pub fn compare(&self, date: Uuid, changed: &Changed, now: u64) -> Compared {
        let mut found = Compared::default();
        let states = [
            (Became::Free, &changed.available),
            (Became::Held, &changed.held),
            (Became::Sold, &changed.sold),
        ];
        for (told, seats) in states {
            for &seat in seats {
                match self.0.get(&(date, seat)) {
                    Some((became, at)) if *became == told => {
                        found.delays_ns.push(now.saturating_sub(*at));
                    }
                    _ => found.ahead += 1,
                }
            }
        }
        let long_sold = |seat: &&u32| self.is_long_sold((date, **seat), now);
        found.wrong = changed.available.iter().find(long_sold).copied();
        found
    }

    /// A seat that this map says can be taken, and that had long been sold.
    pub fn stale(&self, date: Uuid, map: &Map, now: u64) -> Option<u32> {
        let seats = self.0.keys().filter(|(of, seat)| *of == date && map.is_free(*seat));
        seats.copied().find(|seat| self.is_long_sold(*seat, now)).map(|(_, seat)| seat)
    }

    /// One of these that had long been sold.
    pub fn sold(&self, date: Uuid, seats: &[u32], now: u64) -> Option<u32> {
        seats.iter().copied().find(|seat| self.is_long_sold((date, *seat), now))
    }
}

/// Counts of streams.
pub struct Streams {
    /// How often one was opened, by what it tells.
    pub opened: BTreeMap<&'static str, u64>,
    /// How often one was refused: the fan polls.
    pub refused: u64,
    /// Events, by what they tell.
    pub events: BTreeMap<&'static str, u64>,
    /// How they ended, but for those that the fan itself closed.
    pub ended: BTreeMap<String, u64>,
    /// See [`Compared`].
    pub ahead: u64,
    delays: Histogram<u64>,
}

/// The same for the report.
#[derive(Debug, Serialize)]
pub struct Shown {
    opened: BTreeMap<&'static str, u64>,
    refused: u64,
    events: BTreeMap<&'static str, u64>,
    ended: BTreeMap<String, u64>,
    /// From the answer to whoever changed a seat to the event that told others, milliseconds.
    delay: Percentiles,
    /// Changes that were told before that answer was there, or that were made by nobody: holds that lapsed.
    ahead: u64,
}

impl Streams {
    /// Nothing yet.
    ///
    /// # Errors
    /// There is no such histogram.
    pub fn new() -> Result<Self, Failure> {
        Ok(Self {
            opened: BTreeMap::new(),
            refused: 0,
            events: BTreeMap::new(),
            ended: BTreeMap::new(),
            ahead: 0,
            delays: histogram()?,
        })
    }

    /// Counts what an event told.
    pub fn compared(&mut self, found: &Compared) {
        self.ahead += found.ahead;
        for ns in &found.delays_ns {
            self.delays.saturating_record((ns / 1_000).max(1));
        }
    }

    /// For the report.
    pub fn shown(&self) -> Shown {
        Shown {
            opened: self.opened.clone(),
            refused: self.refused,
            events: self.events.clone(),
            ended: self.ended.clone(),
            delay: percentiles(&self.delays),
            ahead: self.ahead,
        }
    }
}

impl Shown {
    /// Sentences for the terminal; none where nobody asked for a stream.
    pub fn text(&self) -> String {
        let sum = |counts: &BTreeMap<&str, u64>| counts.values().sum::<u64>();
        if sum(&self.opened) + self.refused == 0 {
            return String::new();
        }
        let all = |counts: &BTreeMap<&str, u64>| {
            let part = |what: &str| format!("{} of {what}", counts.get(what).unwrap_or(&0));
            format!("{}, {}", part("places"), part("seats"))
        };
        let delay = self.delay;
        let delay = if delay.count == 0 {
            String::new()
        } else {
            format!(
                " A seat's change was told {:.0} ms after its answer (p50; p99 {:.0} ms, most {:.0} ms).",
                delay.p50, delay.p99, delay.max
            )
        };
        format!(
            "Streams of events: {}; {} refused; events: {}.{delay}\n",
            all(&self.opened),
            self.refused,
            all(&self.events)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change is told after its answer, before it, or wrongly: a seat that was sold long before is not free.
    #[test]
    fn what_streams_tell_is_compared_with_the_answers() {
        let date = Uuid::from_u128(1);
        let mut latest = Latest::default();
        let sold = 1_000_000_000;
        latest.note((date, 1), Became::Sold, sold);
        latest.note((date, 2), Became::Held, 5_000_000_000);
        latest.note((date, 3), Became::Sold, sold);
        latest.note((date, 3), Became::Unknown, sold + 9);
        let told = |available: &[u32], held: &[u32], sold: &[u32]| Changed {
            available: available.to_vec(),
            held: held.to_vec(),
            sold: sold.to_vec(),
        };
        let now = sold + STALE_NS + 1;
        let found = latest.compare(date, &told(&[], &[2], &[1]), now);
        let delays_ns = vec![now - 5_000_000_000, now - sold];
        assert_eq!(found, Compared { delays_ns, ahead: 0, wrong: None });
        // A hold that lapsed, a seat that an operator gives back, and one that is sold.
        let found = latest.compare(date, &told(&[2, 3, 1], &[], &[]), now);
        assert_eq!(found, Compared { delays_ns: vec![], ahead: 3, wrong: Some(1) });
        // Not yet long ago; another date's seat.
        assert_eq!(latest.compare(date, &told(&[1], &[], &[]), now - 1).wrong, None);
        assert_eq!(latest.compare(Uuid::nil(), &told(&[1], &[], &[]), now).wrong, None);
        assert_eq!(latest.sold(date, &[2, 3, 1], now), Some(1));
    }
}
