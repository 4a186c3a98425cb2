//! Names of rows. Ids that leave the system are UUIDs, made by the caller (version 7, so that they
//! sort by time and a B-tree appends); the rules never invent one.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
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

macro_rules! hash_id {
    ($(#[$doc:meta] $name:ident),* $(,)?) => {$(
        #[$doc]
        ///
        /// It is said in 64 hexadecimal digits.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// The id of what has these bytes.
            #[must_use]
            pub fn of(bytes: impl AsRef<[u8]>) -> Self {
                Self(Sha256::digest(bytes).into())
            }

            /// The id that 64 lower-case hexadecimal digits say.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                bytes_of_hex(text).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text).ok_or("no SHA-256 in lower-case hexadecimal digits")
            }
        }
    )*};
}

fn bytes_of_hex(text: &str) -> Option<[u8; 32]> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != 64 || !text.as_bytes().iter().all(is_digit) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

hash_id! {
    /// A layout by the SHA-256 of its canonical text: equal layouts have one id.
    LayoutId,
    /// A poster by the SHA-256 of its bytes.
    PosterId,
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

/// A waiting queue. A concert has one or more; each lets people in by itself, and all of them sell the
/// same seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "QueueName", into = "QueueName")]
pub struct QueueId {
    /// The concert whose queue it is.
    pub concert: ConcertId,
    /// Its own id, which no queue of another concert has: that of the general queue is the concert's.
    pub id: Uuid,
}

impl QueueId {
    /// The queue that is made with a concert, and that is meant where none is named.
    #[must_use]
    pub const fn general(concert: ConcertId) -> Self {
        Self { concert, id: concert.0 }
    }

    /// Whether it is the one that was made with its concert.
    #[must_use]
    pub fn is_general(self) -> bool {
        self.id == self.concert.0
    }

    /// The queue of a concert by its own id, as tokens and requests name it; `None`: the general one.
    #[must_use]
    pub fn named(concert: ConcertId, id: Option<Uuid>) -> Self {
        Self { concert, id: id.unwrap_or(concert.0) }
    }

    /// Its own id, where it has to be named: `None` for the general queue.
    #[must_use]
    pub fn name(self) -> Option<Uuid> {
        (!self.is_general()).then_some(self.id)
    }
}

/// A queue as stored replies have it: the general one by its concert alone, as before there were others.
#[derive(Serialize, Deserialize)]
struct QueueName {
    concert: ConcertId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    queue: Option<Uuid>,
}

impl From<QueueName> for QueueId {
    fn from(name: QueueName) -> Self {
        Self::named(name.concert, name.queue)
    }
}

impl From<QueueId> for QueueName {
    fn from(id: QueueId) -> Self {
        Self { concert: id.concert, queue: id.name() }
    }
}

/// A place in a waiting queue: what a queue token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PlaceKey {
    /// The queue.
    #[serde(flatten)]
    pub queue: QueueId,
    /// Order of joining, from 1. After the draw this is not yet the queue number: see [`crate::draw`].
    pub sequence: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_said_in_lower_case_digits_and_read_again() {
        let (text, bytes) = ("0f".repeat(31) + "a9", [0x0f; 31]);
        let id = LayoutId::parse(&text).unwrap();
        assert_eq!((&id.0[..31], id.0[31]), (&bytes[..], 0xa9));
        assert_eq!(id.to_string(), text);
        // Of the empty text (FIPS 180-4).
        let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(PosterId::of("").to_string(), of_nothing);
    }

    #[test]
    fn what_is_no_hash_is_not_read() {
        let digits = "0123456789abcdef".repeat(4);
        assert!(LayoutId::parse(&digits).is_some());
        let wrong = ["", "0f", &digits[1..], &format!("{digits}0"), &digits.to_uppercase()];
        for text in wrong.into_iter().map(str::to_owned).chain([digits.replace('7', "g")]) {
            assert_eq!(LayoutId::parse(&text), None, "{text}");
        }
        assert!(LayoutId::parse(&digits.replace("01", "+1")).is_none());
    }
}
