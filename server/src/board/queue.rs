//! A concert's queue as polls see it: the cursor, who left, and who is admitted. A waiting user
//! costs no memory here: the number stands in the token.

use super::{read, write};
use boxoffice_core::concert::Concert;
use boxoffice_core::draw::Draw;
use boxoffice_core::limits::RETURNS_MAX;
use boxoffice_core::queue::{
    Admission, AdmissionEnd, DrawRule, Place, PlaceStatus, QueueSettings, QueueState,
    estimated_wait_seconds, position,
};
use boxoffice_core::time::Time;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{RwLock, RwLockWriteGuard};

/// The admission rate is measured over this time.
const WINDOW_MS: i64 = 60_000;

/// Where a place stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In line. The position is unknown before the draw.
    Waiting {
        /// Position, from 1.
        position: Option<u64>,
        /// Estimated wait in seconds, from the measured rate.
        wait_seconds: Option<u64>,
    },
    /// In line, at the front.
    Returning,
    /// May shop.
    Admitted {
        /// Until when, if nothing happens.
        until: Time,
        /// Whether the user has come already.
        arrived: bool,
    },
    /// Was let in and did not come in time; asking for a token leads back to the front.
    NoShow,
    /// Over.
    Expired,
    /// Its turn has come by way of another server; what became of it is not known here yet.
    Unheard,
    /// No such place, or none that is known here yet.
    Unknown,
}

/// A queue in figures.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "fields are those of queue_state")]
pub struct Status {
    pub cursor: u64,
    pub tail: u64,
    pub drawn: Option<u64>,
    pub active: u64,
    pub waiting: u64,
    pub settings: QueueSettings,
    pub admitted_last_minute: u64,
    pub seed: [u8; 32],
}

impl Status {
    /// Of a row, where nothing was measured.
    #[must_use]
    pub const fn of(row: &QueueState) -> Self {
        Self {
            cursor: row.cursor,
            tail: row.tail,
            drawn: row.drawn,
            active: row.active,
            waiting: row.waiting + row.returning,
            settings: row.settings,
            admitted_last_minute: 0,
            seed: row.seed,
        }
    }
}

#[derive(Clone, Copy)]
struct Seen {
    expiry: Time,
    active: bool,
    arrived: bool,
    /// Whether a user who did not come may come back to the front.
    may_return: bool,
}

/// What polls see of a queue, as of one commit.
#[derive(Default)]
pub(super) struct Picture {
    row: Option<QueueState>,
    draw: Option<Draw>,
    /// Those who left before being served: numbers beyond the cursor once drawn, sequences before.
    /// In order, for counting those ahead of a number by bisection.
    gone: Vec<u64>,
    returning: BTreeSet<u64>,
    /// Those who are admitted, and those who did not come and may come back.
    admissions: HashMap<u64, Seen>,
    /// Ends of the active admissions, with their sequences.
    ends: BTreeSet<(Time, u64)>,
    admitted_total: u64,
    /// Where others write as well: the cursor up to which all is known that they have done. A batch
    /// shows the queue's row as it found it, with places served that only the next news tell of.
    heard: Option<u64>,
    /// Numbers beyond that which are known to be over.
    over: BTreeSet<u64>,
    /// When how many had been admitted in all.
    samples: VecDeque<(Time, u64)>,
}

/// See the module.
pub struct QueueBoard {
    picture: RwLock<Picture>,
}

impl Picture {
    fn number_of(&self, sequence: u64) -> Option<u64> {
        self.draw.as_ref().map(|draw| draw.number_of(sequence))
    }

    pub(super) fn show(&mut self, row: &QueueState) {
        let before = self.draw.is_some();
        if !before {
            self.draw = row.draw();
        }
        let newly_drawn = !before && self.draw.is_some();
        let moved = self.row.as_ref().is_none_or(|before| before.cursor != row.cursor);
        self.row = Some(row.clone());
        if newly_drawn {
            for sequence in std::mem::take(&mut self.gone) {
                self.left(sequence);
            }
        }
        if moved && self.gone.first().is_some_and(|&n| n <= row.cursor) {
            let passed = self.gone.partition_point(|&n| n <= row.cursor);
            let passed = self.gone.drain(..passed);
            if self.heard.is_some() {
                self.over.extend(passed);
            }
        }
    }

    pub(super) fn show_place(&mut self, sequence: u64, place: &Place) {
        match place.status {
            // A new place in line needs nothing here: it is known by being behind the cursor.
            PlaceStatus::Waiting => {}
            PlaceStatus::Returning => self.returning(sequence),
            PlaceStatus::Served => {
                self.returning.remove(&sequence);
            }
            PlaceStatus::Left => {
                self.returning.remove(&sequence);
                self.left(sequence);
            }
        }
    }

    pub(super) fn show_admission(&mut self, sequence: u64, row: &Admission) {
        let may_return = row.returns < RETURNS_MAX;
        let seen = Seen {
            expiry: row.token_expiry,
            active: row.is_active,
            arrived: row.arrived_at.is_some(),
            may_return,
        };
        // What is over for good is known by being behind the cursor.
        let kept = row.is_active || row.end == Some(AdmissionEnd::NoShow) && may_return;
        let before = if kept {
            self.admissions.insert(sequence, seen)
        } else {
            let number = self.number_of(sequence).unwrap_or(sequence);
            if self.heard.is_some_and(|heard| number > heard) {
                self.over.insert(number);
            }
            self.admissions.remove(&sequence)
        };
        let before = before.filter(|before| before.active);
        if let Some(before) = before {
            self.ends.remove(&(before.expiry, sequence));
        }
        if row.is_active {
            self.ends.insert((row.token_expiry, sequence));
            self.admitted_total += u64::from(before.is_none());
        }
    }

    pub(super) fn returning(&mut self, sequence: u64) {
        self.returning.insert(sequence);
    }

    pub(super) fn left(&mut self, sequence: u64) {
        let number = self.number_of(sequence).unwrap_or(sequence);
        let cursor = self.row.as_ref().map_or(0, |row| row.cursor);
        if let (true, Err(at)) = (number > cursor, self.gone.binary_search(&number)) {
            self.gone.insert(at, number);
        }
    }

    pub(super) fn hear(&mut self) {
        if let (Some(heard), Some(row)) = (&mut self.heard, &self.row) {
            *heard = row.cursor;
            self.over = self.over.split_off(&row.cursor.saturating_add(1));
        }
    }

    /// Where a place stands that the cursor has passed, and that is not admitted as far as is known.
    fn passed(&self, number: u64) -> Standing {
        let unheard = self.heard.is_some_and(|heard| number > heard);
        if unheard && !self.over.contains(&number) { Standing::Unheard } else { Standing::Expired }
    }

    fn gone_ahead(&self, number: u64) -> u64 {
        self.gone.partition_point(|&n| n < number) as u64
    }

    fn rate(&self) -> (u64, u64) {
        let (Some(first), Some(last)) = (self.samples.front(), self.samples.back()) else {
            return (0, 0);
        };
        let ms = u64::try_from(last.0.ms_since(first.0)).unwrap_or(0);
        (last.1.saturating_sub(first.1), ms)
    }

    fn waiting(&self, sequence: u64, cursor: u64) -> Standing {
        let number = self.number_of(sequence);
        let place = number.map(|n| position(n, cursor, self.gone_ahead(n)));
        let (admitted, ms) = self.rate();
        let wait_seconds = place.and_then(|p| estimated_wait_seconds(p, admitted, ms));
        Standing::Waiting { position: place, wait_seconds }
    }
}

impl QueueBoard {
    /// An empty one; with `shared`, others change the queue as well.
    pub(super) fn new(shared: bool) -> Self {
        let picture = Picture { heard: shared.then_some(0), ..Picture::default() };
        Self { picture: RwLock::new(picture) }
    }

    /// Where the place with this sequence stands.
    #[must_use]
    pub fn standing(&self, sequence: u64, now: Time) -> Standing {
        let picture = read(&self.picture);
        let Some(row) = &picture.row else {
            return Standing::Unknown;
        };
        if sequence == 0 || sequence > row.tail {
            return Standing::Unknown;
        }
        if picture.returning.contains(&sequence) {
            return Standing::Returning;
        }
        if let Some(seen) = picture.admissions.get(&sequence) {
            return match (seen.active && !now.reached(seen.expiry), seen.arrived) {
                (true, arrived) => Standing::Admitted { until: seen.expiry, arrived },
                (false, false) if seen.may_return => Standing::NoShow,
                (false, _) => Standing::Expired,
            };
        }
        let number = picture.number_of(sequence).unwrap_or(sequence);
        if number <= row.cursor {
            return picture.passed(number);
        }
        if picture.gone.binary_search(&number).is_ok() {
            return Standing::Expired;
        }
        picture.waiting(sequence, row.cursor)
    }

    /// The queue number of a sequence; `None` before the draw.
    #[must_use]
    pub fn number_of(&self, sequence: u64) -> Option<u64> {
        read(&self.picture).number_of(sequence)
    }

    /// The queue in figures.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        let picture = read(&self.picture);
        let row = picture.row.as_ref()?;
        Some(Status { admitted_last_minute: picture.rate().0, ..Status::of(row) })
    }

    /// Who is drawn and from what, and whether the sale has opened and waits for the value that is mixed
    /// in.
    #[must_use]
    pub fn rule(&self) -> Option<(DrawRule, bool)> {
        let picture = read(&self.picture);
        picture.row.as_ref().map(|row| (row.rule.clone(), row.awaits_value()))
    }

    /// Whether the sale has opened and nobody is let in until the value is given that is mixed in.
    #[must_use]
    pub fn awaits_value(&self) -> bool {
        read(&self.picture).row.as_ref().is_some_and(QueueState::awaits_value)
    }

    /// Admissions whose time is over, the longest over first, up to `limit`: what the sweeper
    /// proposes to end.
    #[must_use]
    pub fn due(&self, now: Time, limit: usize) -> Vec<u64> {
        let picture = read(&self.picture);
        let due = picture.ends.iter().take_while(|(end, _)| now.reached(*end));
        due.map(|(_, sequence)| *sequence).take(limit).collect()
    }

    /// Whether an admission tick could do anything: draw the order of a sale that has opened, or
    /// let somebody in.
    #[must_use]
    pub fn has_work(&self, concert: &Concert, now: Time) -> bool {
        let picture = read(&self.picture);
        picture.row.as_ref().is_some_and(|row| {
            let wait = row.waiting > 0 || row.returning > 0;
            let room = !row.settings.paused && row.active < row.settings.max_active;
            concert.on_sale(now).is_ok()
                && (row.drawn.is_none() || picture.draw.is_some() && wait && room)
        })
    }

    /// Notes how many have been admitted by now, for the rate.
    pub fn sample(&self, now: Time) {
        let picture = &mut *write(&self.picture);
        picture.samples.push_back((now, picture.admitted_total));
        // A clock that went back starts the measurement anew.
        let stale = |first: Time| now < first || now.ms_since(first) > WINDOW_MS;
        while picture.samples.len() > 1 && picture.samples.front().is_some_and(|s| stale(s.0)) {
            picture.samples.pop_front();
        }
    }

    /// The picture for changing. What belongs together is changed under one guard: a poll must not
    /// see somebody who is no longer in line and not yet admitted.
    pub(super) fn change(&self) -> RwLockWriteGuard<'_, Picture> {
        write(&self.picture)
    }
}
