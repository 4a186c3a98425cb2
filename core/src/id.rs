//! Names of rows. Ids that leave the system are UUIDs, made by the caller (version 7, so that they
//! sort by time and a B-tree appends); the rules never invent one.

use serde::{Deserialize, Serialize};
pub use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta] $name:ident),* $(,)?) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

uuid_id! {
    /// A person who buys.
    UserId,
    /// A show.
    ConcertId,
    /// One dated performance of a concert.
    DateId,
    /// A user's claim on seats of one date.
    ReservationId,
    /// One payment (a row of `amount`).
    PaymentId,
    /// One refund of a payment.
    RefundId,
    /// One charge of a balance.
    ChargeId,
    /// A sign-in, until it is ended.
    SessionId,
    /// Work that outlives a request.
    JobId,
}

/// A seat by the name that people use: its number on a date. Numbers run from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeatKey {
    /// The date that the seat belongs to.
    pub date: DateId,
    /// Seat number, from 1.
    pub number: u32,
}

/// An event: the number of the node that has written it, and its own number there. Both run from 1; a node's
/// have no gaps.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct EventKey {
    /// Which node.
    pub node: u64,
    /// In the order of commits.
    pub number: u64,
}

/// A place in a concert's waiting queue: what a queue token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PlaceKey {
    /// The concert whose queue it is.
    pub concert: ConcertId,
    /// Order of joining, from 1. After the draw this is not yet the queue number: see [`crate::draw`].
    pub sequence: u64,
}
