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
    /// All that a fan does, from joining to paying; see [`Step::group`].
    Buy(Way),
    /// The map of the largest date, of which seats are held all the time.
    Busy {
        /// In which form.
        query: &'static str,
    },
}

/// Sizes of the dates whose map is measured.
pub const MAPS: [usize; 3] = [50, 5_000, 50_000];

/// The query for what has changed since a version, which is put behind it.
pub const SINCE: &str = "?form=compact&since=";

/// Connections that hold seats while [`Step::Busy`] is measured.
pub const HOLDERS: usize = 8;

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
    (Step::Buy(Batched), "buy a seat: join, poll, dates, map, hold, charge, pay"),
    (Step::Buy(Conventional), "buy a seat, the same, one transaction a request"),
    (
        Step::Busy { query: "?form=compact" },
        "seat map of 50,000 seats, compact, while seats are held",
    ),
    (
        Step::Busy { query: SINCE },
        "seat map of 50,000 seats, what has changed, while seats are held",
    ),
];

/// One transaction a request is so much slower that fewer requests last as long.
const CONVENTIONAL_SHARE: usize = 6;

impl Step {
    /// How it is carried out, where that makes a difference: such requests can be sent only once.
    pub const fn way(self) -> Option<Way> {
        match self {
            Self::Noop | Self::Status | Self::Poll | Self::Map { .. } | Self::Busy { .. } => None,
            Self::Join(way)
            | Self::Hold(way)
            | Self::Charge(way)
            | Self::Pay(way)
            | Self::Buy(way) => Some(way),
        }
    }

    /// Whether it is measured on the server with batches of one.
    pub fn is_conventional(self) -> bool {
        self.way() == Some(Conventional)
    }

    /// Requests that count as one.
    pub const fn group(self) -> usize {
        if matches!(self, Self::Buy(_)) { 7 } else { 1 }
    }

    /// How often it is done in a round, with at most so many requests that change something.
    pub fn count(self, changes: usize) -> usize {
        let share = if self.is_conventional() { CONVENTIONAL_SHARE } else { 1 };
        changes.div_ceil(share * self.group())
    }

    /// The status of a right answer.
    pub fn expected(self) -> &'static [u16] {
        match self {
            Self::Buy(_) => &[200, 201],
            _ if self.way().is_some() => &[201],
            _ => &[200],
        }
    }
}
