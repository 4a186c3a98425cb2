//! The seats of a date in few bytes: where they are apart from how they are, and which of them have
//! changed since a version.

use boxoffice_core::concert::SeatStatus;
use hyper::body::Bytes;
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

/// Changes of a date that are remembered; who asks for older ones is shown all seats.
pub const CHANGES_MAX: usize = 2_048;

/// Seats that cost the same.
#[derive(Clone, Debug)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// Minor units.
    pub price: i64,
    /// First and last numbers of seats that follow each other, ascending.
    pub ranges: Vec<(u32, u32)>,
}

/// Seats by what they cost, and how that was written.
#[derive(Clone, Debug, Default)]
pub struct Zones {
    list: Vec<Zone>,
    written: OnceLock<Box<RawValue>>,
}

impl Zones {
    /// As JSON: written once, since zones may have as many ranges as there are seats, and rarely change.
    pub fn written(&self, write: impl FnOnce(&[Zone]) -> Box<RawValue>) -> &RawValue {
        self.written.get_or_init(|| write(&self.list))
    }
}

impl std::ops::Deref for Zones {
    type Target = [Zone];
    fn deref(&self) -> &[Zone] {
        &self.list
    }
}

/// The grades of a date's seats as of one moment, without a lock.
#[derive(Clone, Debug, Default)]
pub struct Grades {
    /// Ascending.
    pub(super) numbers: Arc<Vec<u32>>,
    /// Of each of them: which of the zones.
    pub(super) zone_of: Arc<Vec<u32>>,
    /// Seats that cost the same.
    pub zones: Arc<Zones>,
}

impl Grades {
    /// The zone of a seat, by index.
    pub(super) fn zone(&self, index: usize) -> Option<&Zone> {
        self.zones.get(usize::try_from(*self.zone_of.get(index)?).ok()?)
    }

    /// The grade of a seat.
    #[must_use]
    pub fn of(&self, number: u32) -> Option<&str> {
        let index = self.numbers.binary_search(&number).ok()?;
        self.zone(index).map(|zone| zone.name.as_str())
    }
}

/// What is shown to who has a version, or none.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Of what is shown; opaque to clients.
    pub version: String,
    /// Seats that can be taken.
    pub available: u64,
    /// The seats.
    pub seats: Seats,
}

/// See [`Reading`].
#[derive(Clone, Debug)]
pub enum Seats {
    /// All of them: their zones, and their states in the order of their numbers.
    All(Arc<Zones>, Vec<SeatStatus>),
    /// Those that have changed, as they are now: each once.
    Changed(Vec<(u32, SeatStatus)>),
}

/// What there is for a reader.
#[derive(Clone, Debug)]
pub enum CompactMap {
    /// All seats of a version, as another reader has written them.
    Written(String, Bytes),
    /// What is to be written; where it is all seats, to be given to
    /// [`DateModel::keep`](super::DateModel::keep).
    Read(Reading),
}

/// States and the changes that led to them.
#[derive(Default)]
pub(super) struct Compact {
    /// Drawn at random, so that a version of another server or of before a restart is not taken for
    /// one of this life. Zero where no randomness was to be had: then no version is understood.
    life: u64,
    grades: Grades,
    /// The least and the most that a seat costs.
    prices: Option<(i64, i64)>,
    states: Vec<SeatStatus>,
    /// How many changes there were.
    count: u64,
    /// Indexes of the last ones.
    log: VecDeque<usize>,
    /// All seats as of this version, where a reader has written them.
    written: Option<Bytes>,
}

impl Compact {
    pub(super) fn new() -> Self {
        let mut life = [0; 8];
        let drawn = getrandom::fill(&mut life).is_ok();
        Self { life: if drawn { u64::from_le_bytes(life) } else { 0 }, ..Self::default() }
    }

    /// Seats by number, as they are now.
    pub const fn grades(&self) -> &Grades {
        &self.grades
    }

    /// In the order of their numbers.
    pub fn states(&self) -> &[SeatStatus] {
        &self.states
    }

    pub fn prices(&self) -> Option<(i64, i64)> {
        self.prices
    }

    /// A seat more: earlier versions lack it, and are not understood from now on.
    pub(super) fn add(&mut self, index: usize, number: u32, name: &str, price: i64) {
        self.states.insert(index, SeatStatus::Available);
        let (least, most) = self.prices.unwrap_or((price, price));
        self.prices = Some((least.min(price), most.max(price)));
        self.count += 1;
        self.written = None;
        self.log.clear();
        let Grades { numbers, zone_of, zones } = &mut self.grades;
        Arc::make_mut(numbers).insert(index, number);
        let zones = Arc::make_mut(zones);
        zones.written.take();
        let zones = &mut zones.list;
        let known = zones.iter().position(|zone| zone.name == name && zone.price == price);
        let at = known.unwrap_or(zones.len());
        Arc::make_mut(zone_of).insert(index, u32::try_from(at).unwrap_or(u32::MAX));
        let Some(zone) = zones.get_mut(at) else {
            let ranges = vec![(number, number)];
            zones.push(Zone { name: name.to_owned(), price, ranges });
            return;
        };
        match zone.ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => {
                let at = zone.ranges.partition_point(|(first, _)| *first < number);
                zone.ranges.insert(at, (number, number));
            }
        }
    }

    pub(super) fn put(&mut self, index: usize, status: SeatStatus) {
        let Some(state) = self.states.get_mut(index).filter(|state| **state != status) else {
            return;
        };
        *state = status;
        self.count += 1;
        self.written = None;
        if self.log.len() == CHANGES_MAX {
            self.log.pop_front();
        }
        self.log.push_back(index);
    }

    pub(super) fn version(&self) -> String {
        format!("{:016x}-{}", self.life, self.count)
    }

    pub(super) fn all(&self) -> Seats {
        Seats::All(Arc::clone(&self.grades.zones), self.states.clone())
    }

    pub(super) fn written(&self) -> Option<Bytes> {
        self.written.clone()
    }

    /// Keeps what was written for a version, for others who ask before the next change.
    pub(super) fn keep(&mut self, version: &str, written: Bytes) {
        if self.version() == version {
            self.written = Some(written);
        }
    }

    /// Seats, by index, that have changed since; none where that is not known.
    pub(super) fn since(&self, version: &str) -> Option<Vec<(usize, SeatStatus)>> {
        let (life, count) = version.split_once('-')?;
        if self.life == 0 || life != format!("{:016x}", self.life) {
            return None;
        }
        let missed = self.count.checked_sub(count.parse().ok()?)?;
        let known = self.log.len().checked_sub(usize::try_from(missed).ok()?)?;
        let mut changed: Vec<_> = self.log.iter().skip(known).copied().collect();
        changed.sort_unstable();
        changed.dedup();
        Some(changed.into_iter().filter_map(|i| Some((i, *self.states.get(i)?))).collect())
    }
}
