//! What fans learned from answers: facts that must stay true in the database, requests whose outcome they
//! never learned, and the history of each seat.

use super::linear::{Act, Operation, Verdict, check};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Something that an answer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A place in line.
    Place {
        /// Order of joining.
        sequence: u64,
    },
    /// Seats held.
    Held {
        /// The reservation.
        reservation: Uuid,
        /// Its date.
        date: Uuid,
        /// Its seats.
        seats: Vec<u32>,
        /// Its price, minor units.
        price: i64,
        /// End of the hold, UTC milliseconds.
        until: i64,
    },
    /// Seats given back.
    Released {
        /// The reservation.
        reservation: Uuid,
    },
    /// Money added.
    Charged {
        /// The charge.
        charge: Uuid,
        /// Minor units.
        amount: i64,
    },
    /// Paid.
    Paid {
        /// The payment.
        payment: Uuid,
        /// What for.
        reservation: Uuid,
        /// Minor units.
        amount: i64,
    },
    /// An operator gave something of it back.
    Refunded {
        /// The refund.
        refund: Uuid,
        /// Of what.
        reservation: Uuid,
        /// Which seats.
        seats: Vec<u32>,
        /// Minor units.
        amount: i64,
    },
}

/// A fact and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The user.
    pub user: Uuid,
    /// What the answer said.
    pub fact: Fact,
}

/// A seat of a date.
pub type SeatOf = (Uuid, u32);

/// See the module.
#[derive(Debug, Default)]
pub struct Record {
    /// In the order of the answers.
    pub told: Vec<Told>,
    /// Users of whom a change was asked that no answer ever came for: their rows may hold more than
    /// they know of.
    pub in_doubt: BTreeSet<Uuid>,
    /// What was done to each seat.
    pub histories: BTreeMap<SeatOf, Vec<Operation>>,
}

impl Record {
    /// Notes a fact.
    pub fn tell(&mut self, user: Uuid, fact: Fact) {
        self.told.push(Told { user, fact });
    }

    /// Notes what was done to seats of a date.
    pub fn act(
        &mut self,
        date: Uuid,
        seats: &[u32],
        act: Act,
        (called, answered): (u64, Option<u64>),
    ) {
        for &seat in seats {
            let operation = Operation { act, called, answered };
            self.histories.entry((date, seat)).or_default().push(operation);
        }
    }

    /// Checks every seat's history.
    pub fn linearizability(&self) -> Linearizability {
        let mut found = Linearizability::default();
        for ((date, seat), history) in &self.histories {
            found.seats += 1;
            found.operations += history.len();
            found.longest = found.longest.max(history.len());
            match check(history) {
                Verdict::Linearizable => {}
                Verdict::Impossible(index) => {
                    let operation = history[index];
                    found.broken.push(format!("date {date} seat {seat}: {operation:?}"));
                }
                Verdict::Undecided => found.undecided.push(format!("date {date} seat {seat}")),
            }
        }
        found
    }
}

/// What came of checking the histories.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Linearizability {
    /// Seats that somebody wanted.
    pub seats: usize,
    /// Operations on all of them.
    pub operations: usize,
    /// Of the seat that was wanted most.
    pub longest: usize,
    /// Seats whose history cannot have happened, with the operation that does not fit.
    pub broken: Vec<String>,
    /// Seats with too many possible orders to look at all.
    pub undecided: Vec<String>,
}
