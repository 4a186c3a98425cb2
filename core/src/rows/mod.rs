//! The working set of a batch: the rows that its commands touch, as loaded, and what became of them.
//!
//! (It is the persistence context of an ORM, for a batch.) A store fills it before the rules run and
//! saves what [`Table::changed`] tells afterwards. The rules read and write nothing else.

pub mod concert;
pub mod idempotency;
pub mod payment;
pub mod place;
pub mod queue;
pub mod reservation;
pub mod seat;
pub mod session;
mod table;
pub mod user;
pub mod wallet;

pub use crate::rows::table::{Change, Table};

use crate::id::{ConcertId, DateId, PlaceKey, ReservationId, SeatKey, SessionId, UserId, Uuid};
use crate::rows::concert::{Concert, ConcertDate};
use crate::rows::idempotency::Record;
use crate::rows::payment::Payment;
use crate::rows::place::{Admission, Place};
use crate::rows::queue::QueueState;
use crate::rows::reservation::{Reservation, ReservedSeat};
use crate::rows::seat::Seat;
use crate::rows::session::Session;
use crate::rows::user::User;
use crate::rows::wallet::{Balance, LedgerEntry};
use std::collections::BTreeSet;

/// Everything a batch has loaded and done. Sets and lists (`dates_of`, `returning`, `holdings`,
/// `reserved_seats`, `user_sessions`) are loaded as present, empty where there is nothing.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// `user`.
    pub users: Table<UserId, User>,
    /// Index of `user` by what the name looks like; never saved.
    pub usernames: Table<String, UserId>,
    /// `session`.
    pub sessions: Table<SessionId, Session>,
    /// Index of `session`: those of a user that were not ended; never saved.
    pub user_sessions: Table<UserId, BTreeSet<SessionId>>,
    /// `concert`.
    pub concerts: Table<ConcertId, Concert>,
    /// `concert_date`.
    pub dates: Table<DateId, ConcertDate>,
    /// Index of `concert_date`: the dates of a concert that were not deleted; never saved.
    pub dates_of: Table<ConcertId, BTreeSet<DateId>>,
    /// `seat`.
    pub seats: Table<SeatKey, Seat>,
    /// `queue_state`.
    pub queues: Table<ConcertId, QueueState>,
    /// `waiting_queue`.
    pub places: Table<PlaceKey, Place>,
    /// Index of `waiting_queue`: a user's newest place in a concert's queue; never saved.
    pub newest_places: Table<(UserId, ConcertId), u64>,
    /// Index of `waiting_queue`: who comes back to the front, by sequence; never saved.
    pub returning: Table<ConcertId, BTreeSet<u64>>,
    /// `user_token`.
    pub admissions: Table<PlaceKey, Admission>,
    /// `reservation`.
    pub reservations: Table<ReservationId, Reservation>,
    /// `reservation_seat`, all rows of a reservation together; they are never changed.
    pub reserved_seats: Table<ReservationId, Vec<ReservedSeat>>,
    /// Index of `reservation`: what a user has bought of a date, and what the batch adds; never saved.
    /// A hold that counts is not looked for here: it stands in the user's admission.
    pub holdings: Table<(UserId, DateId), BTreeSet<ReservationId>>,
    /// `balance`.
    pub balances: Table<UserId, Balance>,
    /// `balance_entry`; only ever added to.
    pub entries: Table<(UserId, u64), LedgerEntry>,
    /// `amount`; only ever added to.
    pub payments: Table<ReservationId, Payment>,
    /// `idempotency_key`.
    pub idempotency: Table<(Uuid, String), Record>,
}

/// Rows to be loaded, by key. Sets, so that many commands that touch a row load it once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the table of that name in Rows")]
pub struct Keys {
    pub users: BTreeSet<UserId>,
    pub usernames: BTreeSet<String>,
    pub sessions: BTreeSet<SessionId>,
    /// Loads the index entry and the sessions that it names.
    pub user_sessions: BTreeSet<UserId>,
    pub concerts: BTreeSet<ConcertId>,
    pub dates: BTreeSet<DateId>,
    /// Of live dates, their ids alone.
    pub dates_of: BTreeSet<ConcertId>,
    pub seats: BTreeSet<SeatKey>,
    pub queues: BTreeSet<ConcertId>,
    pub places: BTreeSet<PlaceKey>,
    pub newest_places: BTreeSet<(UserId, ConcertId)>,
    /// At most [`crate::limits::PLACES_PER_TICK_MAX`] of each concert, lowest sequence first.
    pub returning: BTreeSet<ConcertId>,
    pub admissions: BTreeSet<PlaceKey>,
    pub reservations: BTreeSet<ReservationId>,
    pub reserved_seats: BTreeSet<ReservationId>,
    /// Loads the index entry and the reservations that it names: paid ones, so that holds which were
    /// released or have lapsed cost nobody anything.
    pub holdings: BTreeSet<(UserId, DateId)>,
    pub balances: BTreeSet<UserId>,
    pub idempotency: BTreeSet<(Uuid, String)>,
}

/// Adds a row to those that are to be loaded, unless it is there already.
pub(crate) fn want<K: Ord + Clone + std::fmt::Debug, V>(
    wanted: &mut BTreeSet<K>,
    loaded: &Table<K, V>,
    key: K,
) {
    if !loaded.is_loaded(&key) {
        wanted.insert(key);
    }
}

impl Keys {
    /// Whether there is nothing to load.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
