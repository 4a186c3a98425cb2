//! The seats of a date as readers see them: a rendered map, of which only the parts that changed
//! are rendered again.

use super::best::Claims;
use super::compact::{Compact, CompactMap, Grades, Reading, Seats as Shape, Zones};
use super::proposal::Seats;
use super::stock::Stock;
use crate::layout::Hall;
use boxoffice_core::concert::{Cancellation, ConcertDate, Seat, SeatStatus};
use boxoffice_core::id::{ConcertId, DateId, LayoutId};
use boxoffice_core::time::Time;
use hyper::body::Bytes;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Seats that are rendered together.
const CHUNK: usize = 256;

/// A date of more seats is large: its whole map is not for the threads that serve requests.
const SEATS_SMALL_MAX: u64 = 2_000;

/// A rendered seat map.
#[derive(Clone, Debug)]
pub struct SeatMap {
    /// JSON.
    pub body: Bytes,
    /// Of these bytes.
    pub etag: String,
}

/// A map, and its number among those that were begun, from 1.
#[derive(Clone)]
struct Drawn {
    number: u64,
    map: SeatMap,
}

#[derive(Clone, Copy)]
struct Shown {
    status: SeatStatus,
    held_until: Option<Time>,
}

#[derive(Default)]
struct Picture {
    /// In the order of their numbers, which `compact` knows.
    seats: Vec<Shown>,
    /// Of each: `{"seat_number":7,"zone":"R","price":150000,"status":"`, with its label before the zone where
    /// the hall is known.
    heads: Arc<Vec<String>>,
    /// Chunks that have changed since they were rendered.
    stale: Vec<bool>,
    available: u64,
    blocked: u64,
    /// Ends of the holds that count, with the seat's number.
    holds: BTreeSet<(Time, u32)>,
    compact: Compact,
    /// What its seats are called, once somebody has told.
    hall: Option<Arc<Hall>>,
}

/// See the module.
pub struct DateModel {
    /// Its id.
    pub id: DateId,
    /// Of which show.
    pub concert: ConcertId,
    /// When the performance starts.
    pub starts_at: Time,
    /// How many seats there are.
    pub total_seats: u64,
    /// How often an operator has changed it: one of another revision is read whole.
    pub revision: u64,
    /// That it was cancelled: nothing of it is sold.
    pub cancelled: Option<Cancellation>,
    /// How its seats stand and what they are called.
    pub layout: Option<LayoutId>,
    /// Locked before the picture where both are, and alone while rendering: who changes seats does not
    /// wait for that.
    rendered: Mutex<Rendered>,
    /// The map as it was rendered last; none at first, while it is rendered, and after a rendering that did not come to
    /// its end. Held only to be read or set: nobody who finds it there is sent elsewhere. Locked after the picture.
    shown: Mutex<Option<Drawn>>,
    /// How many maps were begun.
    begun: AtomicU64,
    picture: Mutex<Picture>,
    /// What was proposed and is not decided yet; locked before the picture.
    pub(super) claims: Arc<Claims>,
}

/// A seat's label as a member with a comma behind it.
fn label_of(hall: &Hall, number: u32) -> String {
    // Plain data with string keys; writing it as JSON cannot fail.
    let label = hall.label(number).and_then(|label| serde_json::to_string(&label).ok());
    label.map(|label| format!(r#""label":{label},"#)).unwrap_or_default()
}

const fn word(status: SeatStatus) -> &'static str {
    match status {
        SeatStatus::Available => "available",
        SeatStatus::Held => "held",
        SeatStatus::Sold => "sold",
        SeatStatus::Blocked => "blocked",
    }
}

impl Picture {
    /// Lets the holds lapse whose time is over.
    fn advance(&mut self, now: Time) {
        while self.holds.first().is_some_and(|(until, _)| now.reached(*until)) {
            // Taken out here, so that this ends whatever the seat says.
            let Some((_, number)) = self.holds.pop_first() else { return };
            if let Ok(index) = self.find(number) {
                self.put(index, SeatStatus::Available, None);
            }
        }
    }

    /// Where the seat of a number is, or would be.
    fn find(&self, number: u32) -> Result<usize, usize> {
        self.compact.grades().numbers.binary_search(&number)
    }

    fn put(&mut self, index: usize, status: SeatStatus, held_until: Option<Time>) {
        let number = self.compact.grades().numbers.get(index).copied();
        let (Some(seat), Some(number)) = (self.seats.get_mut(index), number) else {
            return;
        };
        if let Some(until) = seat.held_until.take() {
            self.holds.remove(&(until, number));
        }
        self.available -= u64::from(seat.status == SeatStatus::Available);
        self.available += u64::from(status == SeatStatus::Available);
        self.blocked -= u64::from(seat.status == SeatStatus::Blocked);
        self.blocked += u64::from(status == SeatStatus::Blocked);
        seat.status = status;
        self.compact.put(index, status);
        seat.held_until = held_until.filter(|_| status == SeatStatus::Held);
        if let Some(until) = seat.held_until {
            self.holds.insert((until, number));
        }
        if let Some(stale) = self.stale.get_mut(index / CHUNK) {
            *stale = true;
        }
    }

    fn add(&mut self, index: usize, number: u32, seat: &Seat) {
        let zone = serde_json::Value::from(seat.zone.as_str());
        let price = seat.ticket_price.0;
        let label = self.hall.as_ref().map(|hall| label_of(hall, number)).unwrap_or_default();
        let head =
            format!(r#"{{"seat_number":{number},{label}"zone":{zone},"price":{price},"status":""#);
        let shown = Shown { status: SeatStatus::Available, held_until: None };
        self.seats.insert(index, shown);
        Arc::make_mut(&mut self.heads).insert(index, head);
        self.compact.add(index, number, &seat.zone, price);
        self.available += 1;
        self.stale.resize(self.seats.len().div_ceil(CHUNK), true);
        for stale in self.stale.iter_mut().skip(index / CHUNK) {
            *stale = true;
        }
    }

    /// What has changed since the last call, or everything.
    fn take_due(&mut self, all: bool) -> Due {
        if all {
            self.stale.fill(true);
        }
        let stale = self.stale.clone();
        self.stale.fill(false);
        let states = self.compact.states().to_vec();
        Due { heads: Arc::clone(&self.heads), stale, states, available: self.available }
    }
}

/// What is to be rendered.
struct Due {
    heads: Arc<Vec<String>>,
    /// Chunks that are to be rendered.
    stale: Vec<bool>,
    /// Of all seats.
    states: Vec<SeatStatus>,
    available: u64,
}

#[derive(Clone, Default)]
struct Chunk {
    text: String,
    digest: [u8; 32],
}

#[derive(Default)]
struct Rendered {
    chunks: Vec<Chunk>,
}

impl Rendered {
    fn draw(&mut self, (id, money): (DateId, &str), due: &Due) -> SeatMap {
        self.chunks.resize(due.heads.len().div_ceil(CHUNK), Chunk::default());
        let seats = due.heads.chunks(CHUNK).zip(due.states.chunks(CHUNK));
        let chunks = self.chunks.iter_mut().zip(seats).zip(&due.stale);
        for ((chunk, (heads, states)), _) in chunks.filter(|(_, stale)| **stale) {
            chunk.text.clear();
            for (head, status) in heads.iter().zip(states) {
                let comma = if chunk.text.is_empty() { "" } else { "," };
                // Writing to a String cannot fail.
                let _ = write!(chunk.text, "{comma}{head}{}\"}}", word(*status));
            }
            chunk.digest = Sha256::digest(&chunk.text).into();
        }
        let length: usize = self.chunks.iter().map(|chunk| chunk.text.len() + 1).sum();
        let mut body = String::with_capacity(length + 128);
        let available = due.available;
        let _ = write!(
            body,
            r#"{{"concert_date_id":"{id}",{money}"available_seats":{available},"seats":["#
        );
        let mut digest = Sha256::new_with_prefix(&body);
        for (index, chunk) in self.chunks.iter().enumerate() {
            if index > 0 {
                body.push(',');
            }
            body.push_str(&chunk.text);
            digest.update(chunk.digest);
        }
        body.push_str("]}");
        let mut etag = String::with_capacity(34);
        etag.push('"');
        for byte in digest.finalize().iter().take(16) {
            let _ = write!(etag, "{byte:02x}");
        }
        etag.push('"');
        SeatMap { body: body.into(), etag }
    }
}

impl DateModel {
    pub(super) fn new(id: DateId, row: &ConcertDate) -> Self {
        Self {
            id,
            concert: row.concert,
            starts_at: row.concert_date,
            total_seats: row.total_seats,
            revision: row.revision,
            cancelled: row.cancelled.clone(),
            layout: row.layout,
            rendered: Mutex::default(),
            shown: Mutex::default(),
            begun: AtomicU64::new(0),
            claims: Arc::default(),
            picture: Mutex::new(Picture { compact: Compact::new(), ..Picture::default() }),
        }
    }

    fn picture(&self) -> MutexGuard<'_, Picture> {
        self.picture.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seats that can be taken at `now`.
    #[must_use]
    pub fn available(&self, now: Time) -> u64 {
        let mut picture = self.picture();
        picture.advance(now);
        picture.available
    }

    /// Which seats can be taken at `now`.
    pub(super) fn free(&self, now: Time) -> Seats {
        let mut picture = self.picture();
        picture.advance(now);
        // A copy of some bytes: who looks at it may be on a thread that has to stand back, and nobody is to wait.
        Seats {
            states: picture.compact.states().to_vec(),
            grades: picture.compact.grades().clone(),
        }
    }

    /// The seats in figures at `now`.
    #[must_use]
    pub fn stock(&self, now: Time) -> Stock {
        let mut picture = self.picture();
        picture.advance(now);
        let held = u64::try_from(picture.holds.len()).unwrap_or(u64::MAX);
        let (total, free, blocked) = (self.total_seats, picture.available, picture.blocked);
        Stock { total, free, held, blocked, ..Stock::default() }
    }

    /// Tells what its seats are called: the map says it from now on. The hall must be that of its layout. Nothing is
    /// written while the picture is locked.
    pub fn name(&self, hall: &Arc<Hall>) {
        loop {
            let (before, numbers) = {
                let picture = self.picture();
                if picture.hall.is_some() {
                    return;
                }
                (Arc::clone(&picture.heads), Arc::clone(&picture.compact.grades().numbers))
            };
            let named = |(head, number): (&String, &u32)| {
                let behind_number = head.find(',').map_or(0, |comma| comma + 1);
                let mut head = head.clone();
                head.insert_str(behind_number, &label_of(hall, *number));
                head
            };
            let heads: Vec<String> = before.iter().zip(&*numbers).map(named).collect();
            let mut picture = self.picture();
            // A seat may have come meanwhile, which is rare.
            if Arc::ptr_eq(&picture.heads, &before) {
                picture.heads = Arc::new(heads);
                picture.hall = Some(Arc::clone(hall));
                picture.stale.fill(true);
                return;
            }
        }
    }

    /// Whether it has so many seats that to write all of them is large work.
    #[must_use]
    pub const fn is_large(&self) -> bool {
        self.total_seats > SEATS_SMALL_MAX
    }

    /// The grades of its seats, each with a price; whoever has one may see it before anybody is let in.
    #[must_use]
    pub fn zones(&self) -> Arc<Zones> {
        Arc::clone(&self.picture().compact.grades().zones)
    }

    /// The grades of its seats as they are now.
    #[must_use]
    pub fn grades(&self) -> Grades {
        self.picture().compact.grades().clone()
    }

    /// The least and the most that a seat costs.
    #[must_use]
    pub fn prices(&self) -> Option<(i64, i64)> {
        self.picture().compact.prices()
    }

    /// The map at `now`, where it is rendered already and nobody is at it. However many ask, each has it.
    #[must_use]
    pub fn rendered(&self, now: Time) -> Option<SeatMap> {
        let mut picture = self.picture();
        picture.advance(now);
        if picture.stale.contains(&true) {
            None
        } else {
            self.shown().clone().map(|drawn| drawn.map)
        }
    }

    /// How many maps were begun so far.
    #[must_use]
    pub fn maps_begun(&self) -> u64 {
        self.begun.load(SeqCst)
    }

    /// The last map, where it was begun after so many: for who asked then it is new enough, whatever changed since.
    #[must_use]
    pub fn rendered_since(&self, begun: u64) -> Option<SeatMap> {
        self.shown().clone().filter(|drawn| drawn.number > begun).map(|drawn| drawn.map)
    }

    fn shown(&self) -> MutexGuard<'_, Option<Drawn>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The map at `now`; rendered only where something has changed. `money`: members of the object that
    /// say what prices are in, each with a comma behind it; the same at each call.
    #[must_use]
    pub fn map(&self, money: &str, now: Time) -> SeatMap {
        let mut rendered = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.begun.fetch_add(1, SeqCst) + 1;
        let (before, due) = {
            let mut picture = self.picture();
            picture.advance(now);
            // With the picture's lock: what is due is stale no more, and not rendered yet.
            let before = self.shown().take();
            let due = picture.take_due(before.is_none());
            (before, due)
        };
        let map = match before {
            Some(before) if !due.stale.contains(&true) => before.map,
            _ => rendered.draw((self.id, money), &due),
        };
        *self.shown() = Some(Drawn { number, map: map.clone() });
        map
    }

    /// What has changed since a version at `now`, or all seats where that is not known. Nothing is
    /// written while the picture is locked.
    #[must_use]
    pub fn compact(&self, since: Option<&str>, now: Time) -> CompactMap {
        let mut picture = self.picture();
        picture.advance(now);
        let Picture { compact, available, .. } = &*picture;
        let reading = |seats| {
            let (version, available) = (compact.version(), *available);
            CompactMap::Read(Reading { version, available, seats })
        };
        let Some(changed) = since.and_then(|version| compact.since(version)) else {
            let written =
                compact.written().map(|body| CompactMap::Written(compact.version(), body));
            return written.unwrap_or_else(|| reading(compact.all()));
        };
        let numbers = &compact.grades().numbers;
        let number = |(index, status)| numbers.get(index).map(|number: &u32| (*number, status));
        reading(Shape::Changed(changed.into_iter().filter_map(number).collect()))
    }

    /// The version of its seats at `now`.
    #[must_use]
    pub fn version(&self, now: Time) -> String {
        let mut picture = self.picture();
        picture.advance(now);
        picture.compact.version()
    }

    /// Keeps all seats as a reader has written them for a version, for those who ask next.
    pub fn keep(&self, version: &str, written: Bytes) {
        self.picture().compact.keep(version, written);
    }

    pub(super) fn show(&self, number: u32, seat: &Seat, now: Time) {
        let mut picture = self.picture();
        if let Err(index) = picture.find(number) {
            picture.add(index, number, seat);
        }
        if let Ok(index) = picture.find(number) {
            let status = if seat.is_free(now) { SeatStatus::Available } else { seat.status };
            picture.put(index, status, seat.held_until);
        }
    }
}
