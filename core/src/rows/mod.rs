//! The working set of a batch: the rows that its commands touch, as loaded, and what became of them.
//!
//! (It is the persistence context of an ORM, for a batch.) A store fills it before the rules run and
//! saves what [`Table::changed`] tells afterwards. The rules read and write nothing else.

pub mod concert;
pub mod event;
pub mod idempotency;
pub mod job;
pub mod layout;
pub mod payment;
pub mod place;
pub mod poster;
pub mod queue;
pub mod reservation;
pub mod seat;
pub mod session;
mod table;
pub mod ticket;
pub mod user;
pub mod wallet;

pub use crate::rows::table::{Change, Table};

use crate::id::EventKey;
use std::collections::BTreeSet;

/// Every table of the sale, once: what [`Rows`] and [`Keys`] are made of, and what stores load, save and
/// compare. A line is a kind, the field in `Rows`, the key, the row:
///
/// - `row`: rows that are loaded by their key, added and changed.
/// - `list`: the rows of a key together; they are added with it and never changed.
/// - `added`: rows that are only ever added to, and not loaded.
/// - `index`: found from rows of another table, and never saved. Sets are loaded as present, empty where
///   there is nothing.
///
/// The order is that in which servers lock rows: `queue_state` is first, since the row of a concert's
/// general queue serialises whoever joins one of its queues, and what it guards is read after it; dates and seats, which most want, are last.
///
/// `tables!(each m)` calls `m!(kind field: key => row)` for each line; `tables!(all m)` gives all lines to
/// one call of `m!`, and `tables!(without kind m)` all but those of a kind.
#[macro_export]
macro_rules! tables {
    ($($how:tt)+) => { $crate::tables_as! { ($($how)+) []
        // queue_state
        row queues: $crate::id::QueueId => $crate::rows::queue::QueueState;
        // concert
        row concerts: $crate::id::ConcertId => $crate::rows::concert::Concert;
        // All queues of a concert: their ids alone.
        index queues_of: $crate::id::ConcertId => $crate::rows::Set<$crate::id::QueueId>;
        // The dates of a concert that were not deleted: their ids alone.
        index dates_of: $crate::id::ConcertId => $crate::rows::Set<$crate::id::DateId>;
        // user
        row users: $crate::id::UserId => $crate::rows::user::User;
        // The sessions of a user that were not ended; loads them as well.
        index user_sessions: $crate::id::UserId => $crate::rows::Set<$crate::id::SessionId>;
        // session
        row sessions: $crate::id::SessionId => $crate::rows::session::Session;
        // Users by what their names look like.
        index usernames: String => $crate::id::UserId;
        // A user's newest place in a concert, whatever its queue.
        index newest_places: ($crate::id::UserId, $crate::id::ConcertId) => $crate::id::PlaceKey;
        // Who comes back to the front, by sequence: at most PLACES_PER_TICK_MAX of a queue, lowest first.
        index returning: $crate::id::QueueId => $crate::rows::Set<u64>;
        // waiting_queue
        row places: $crate::id::PlaceKey => $crate::rows::place::Place;
        // left_place
        row left_places: ($crate::id::UserId, $crate::id::QueueId) => $crate::rows::place::LeftPlace;
        // user_token
        row admissions: $crate::id::PlaceKey => $crate::rows::place::Admission;
        // reservation
        row reservations: $crate::id::ReservationId => $crate::rows::reservation::Reservation;
        // What a user has bought of a date, and what the batch adds; loads the reservations as well. A hold
        // that counts is not looked for here: it stands in the user's admission, so that holds which were
        // released or have lapsed cost nobody anything.
        index holdings: ($crate::id::UserId, $crate::id::DateId)
            => $crate::rows::Set<$crate::id::ReservationId>;
        // reservation_seat
        list reserved_seats: $crate::id::ReservationId => $crate::rows::reservation::ReservedSeat;
        // balance
        row balances: $crate::id::UserId => $crate::rows::wallet::Balance;
        // idempotency_key
        row idempotency: ($crate::id::Uuid, String) => $crate::rows::idempotency::Record;
        // job
        row jobs: $crate::id::JobId => $crate::rows::job::Job;
        // layout
        row layouts: $crate::id::LayoutId => $crate::rows::layout::Layout;
        // poster
        row posters: $crate::id::PosterId => $crate::rows::poster::Poster;
        // concert_date
        row dates: $crate::id::DateId => $crate::rows::concert::ConcertDate;
        // seat
        row seats: $crate::id::SeatKey => $crate::rows::seat::Seat;
        // amount
        added payments: $crate::id::ReservationId => $crate::rows::payment::Payment;
        // refund
        added refunds: ($crate::id::ReservationId, u64) => $crate::rows::payment::RefundRow;
        // refund_seat
        added refunded_seats: ($crate::id::ReservationId, u32) => $crate::rows::payment::RefundedSeat;
        // transfer
        added transfers: ($crate::id::UserId, u64) => $crate::rows::wallet::Transfer;
        // event
        added events: $crate::id::EventKey => $crate::rows::event::Event;
    } };
}

/// Hands the lines of [`tables`] on, as it is asked.
#[doc(hidden)]
#[macro_export]
macro_rules! tables_as {
    ((each $with:ident) [] $($kind:ident $field:ident: $key:ty => $row:ty;)*) => {
        $($with!($kind $field: $key => $row);)*
    };
    ((all $with:ident) [] $($lines:tt)*) => {
        $with! { $($lines)* }
    };
    ((without index $with:ident) $kept:tt index $field:ident: $key:ty => $row:ty; $($rest:tt)*) => {
        $crate::tables_as! { (without index $with) $kept $($rest)* }
    };
    ((without added $with:ident) $kept:tt added $field:ident: $key:ty => $row:ty; $($rest:tt)*) => {
        $crate::tables_as! { (without added $with) $kept $($rest)* }
    };
    ((without $what:ident $with:ident) [$($kept:tt)*]
        $kind:ident $field:ident: $key:ty => $row:ty; $($rest:tt)*) => {
        $crate::tables_as! { (without $what $with) [$($kept)* $kind $field: $key => $row;] $($rest)* }
    };
    ((without $what:ident $with:ident) [$($kept:tt)*]) => {
        $with! { $($kept)* }
    };
}

/// What stands in one entry of a table: a row, or for a `list` all rows of its key.
#[doc(hidden)]
#[macro_export]
macro_rules! entry_of {
    (list $row:ty) => { Vec<$row> };
    ($kind:ident $row:ty) => { $row };
}

/// The value of an index that names several.
pub type Set<T> = BTreeSet<T>;

macro_rules! rows {
    ($($kind:ident $field:ident: $key:ty => $row:ty;)*) => {
        /// Everything a batch has loaded and done: the lines of [`tables`](crate::tables).
        #[derive(Clone, Debug, Default)]
        #[expect(missing_docs, reason = "the list says what each is")]
        pub struct Rows {
            $(pub $field: Table<$key, entry_of!($kind $row)>,)*
            /// What the next event is numbered; told by the store with [`Rows::number_events_from`].
            pub(crate) next_event: EventKey,
        }
    };
}
tables!(all rows);

impl Rows {
    /// The events of this batch are numbered from here on. For stores, before the rules run; what is told
    /// twice, as with each round of loading, counts the first time.
    pub fn number_events_from(&mut self, next: EventKey) {
        if self.next_event == EventKey::default() {
            self.next_event = next;
        }
    }
}

macro_rules! keys {
    ($($kind:ident $field:ident: $key:ty => $row:ty;)*) => {
        /// Rows to be loaded, by key. Sets, so that many commands that touch a row load it once.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each is the table of that name in Rows")]
        pub struct Keys {
            $(pub $field: BTreeSet<$key>,)*
        }
    };
}
tables!(without added keys);

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
