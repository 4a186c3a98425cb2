//! What is measured: each step by name, on which server, and what its ratio is to.

/// How commands are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Many in one transaction: as the server comes.
    Batched,
    /// One transaction a request, which is the conventional way.
    Conventional,
}

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A route that does nothing.
    Noop,
    /// The public state of a queue.
    Status,
    /// A waiting user's poll.
    Poll,
    /// The map of a date.
    Map {
        /// Of how many seats.
        seats: usize,
        /// In which form.
        query: &'static str,
    },
    /// Getting a place in line.
    Join(Way),
    /// Holding a seat.
    Hold(Way),
    /// Charging a balance.
    Charge(Way),
    /// Paying for a held seat.
    Pay(Way),
}

/// Sizes of the dates whose map is measured.
pub const MAPS: [usize; 3] = [50, 5_000, 50_000];

/// The query for what has changed since a version, which is put behind it.
pub const SINCE: &str = "?form=compact&since=";

/// What is asked for first, so that there is a version to ask for changes since.
pub const WHOLE: Step = map(50_000, "?form=compact");

const fn map(seats: usize, query: &'static str) -> Step {
    Step::Map { seats, query }
}

use Way::{Batched, Conventional};

/// In the order of measuring, each with its name in the table.
pub const STEPS: &[(Step, &str)] = &[
    (Step::Noop, "no-op (GET /livez)"),
    (Step::Status, "public state of a queue"),
    (Step::Poll, "poll a waiting token"),
    (map(50, ""), "seat map of 50 seats"),
    (map(5_000, ""), "seat map of 5,000 seats"),
    (map(50_000, ""), "seat map of 50,000 seats"),
    (WHOLE, "seat map of 50,000 seats, compact"),
    (map(50_000, SINCE), "seat map of 50,000 seats, what has changed"),
    (Step::Join(Batched), "join the queue, durable"),
    (Step::Join(Conventional), "join the queue, durable, one transaction a request"),
    (Step::Hold(Batched), "hold a seat, durable"),
    (Step::Hold(Conventional), "hold a seat, durable, one transaction a request"),
    (Step::Charge(Batched), "charge a balance, durable"),
    (Step::Charge(Conventional), "charge a balance, durable, one transaction a request"),
    (Step::Pay(Batched), "pay for a seat, durable"),
    (Step::Pay(Conventional), "pay for a seat, durable, one transaction a request"),
];

/// One transaction a request is so much slower that fewer requests last as long.
const CONVENTIONAL_SHARE: usize = 6;

impl Step {
    /// How it is carried out, where that makes a difference: such requests can be sent only once.
    pub const fn way(self) -> Option<Way> {
        match self {
            Self::Noop | Self::Status | Self::Poll | Self::Map { .. } => None,
            Self::Join(way) | Self::Hold(way) | Self::Charge(way) | Self::Pay(way) => Some(way),
        }
    }

    /// Whether it is measured on the server with batches of one.
    pub fn is_conventional(self) -> bool {
        self.way() == Some(Conventional)
    }

    /// Requests of a round, of at most `changes`.
    pub fn count(self, changes: usize) -> usize {
        if self.is_conventional() { changes.div_ceil(CONVENTIONAL_SHARE) } else { changes }
    }

    /// The status of a right answer.
    pub const fn expected(self) -> &'static [u16] {
        if self.way().is_some() { &[201] } else { &[200] }
    }
}
