//! What fans learned from answers: facts that must stay true in the database, requests whose outcome they
//! never learned, and the history of each seat.

use super::linear::{Act, Operation, Verdict, check};
use super::pushed::{Became, Latest};
use super::seating::{Seating, Wish};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
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

/// Requests for the best seats without an answer that are tried where a seat's history has no other explanation. They are
/// alike, the earliest ones can have done most, and each has had one reservation's seats only.
const DOUBTS_MAX: usize = 8;

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
    /// Requests for the best seats of a date that no answer came for: which they got is not known. When each was first sent.
    pub best_in_doubt: BTreeMap<Uuid, Vec<u64>>,
    /// The last that answers said of each seat.
    pub latest: Latest,
    /// When somebody was first told that no seats fit, for each wish.
    none_fit: BTreeMap<(Uuid, Wish), u64>,
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
        let became = match act {
            Act::Hold { .. } => Some(Became::Held),
            Act::Pay { .. } => Some(Became::Sold),
            Act::Release { .. } | Act::Refund { released: true, .. } => Some(Became::Free),
            Act::Taken | Act::Refund { .. } | Act::Cancel | Act::CalledOff => None,
        };
        for &seat in seats {
            if let Some((became, at)) = became.zip(answered) {
                self.latest.note((date, seat), became, at);
            }
            let operation = Operation { act, called, answered };
            self.histories.entry((date, seat)).or_default().push(operation);
        }
    }

    /// Notes an answer that no seats fit a wish.
    pub fn none_fits(&mut self, date: Uuid, wish: &Wish, answered: u64) {
        let first = self.none_fit.entry((date, wish.clone())).or_insert(answered);
        *first = answered.min(*first);
    }

    /// Answers that no seats fit although so many stood together that nobody had ever asked for. Seats only come to be
    /// asked for, so the first such answer for each wish is the one that is wrong if any is. Says nothing of dates of
    /// which somebody may have got seats without being told.
    pub fn wrongly_none(&self, seatings: &HashMap<Uuid, Rc<Seating>>) -> Vec<String> {
        let mut touched: HashMap<SeatOf, u64> = HashMap::new();
        for (seat, history) in &self.histories {
            let first = history.iter().map(|operation| operation.called).min();
            touched.insert(*seat, first.unwrap_or(0));
        }
        let wrong = |((date, wish), answered): (&(Uuid, Wish), &u64)| {
            let doubts = self.best_in_doubt.get(date);
            let in_doubt = doubts.is_some_and(|all| all.iter().any(|called| called < answered));
            let untouched =
                |number| touched.get(&(*date, number)).is_none_or(|first| first > answered);
            let wrong = !in_doubt && seatings.get(date)?.has(wish, untouched);
            wrong.then(|| {
                format!("date {date}: it was said that none fits {wish:?}, and they stood free")
            })
        };
        self.none_fit.iter().filter_map(wrong).collect()
    }

    /// A history that fits no order may be explained by seats that somebody got without being told.
    fn with_doubts(&self, date: Uuid, history: &[Operation]) -> Option<Verdict> {
        let mut called = self.best_in_doubt.get(&date)?.clone();
        called.sort_unstable();
        let mut history = history.to_vec();
        for (nth, called) in (1..).zip(called.into_iter().take(DOUBTS_MAX)) {
            let act = Act::Hold { claim: Uuid::from_u128(nth), at: None, until: None };
            history.push(Operation { act, called, answered: None });
        }
        Some(check(&history))
    }

    /// Checks every seat's history.
    pub fn linearizability(&self) -> Linearizability {
        let mut found = Linearizability::default();
        for ((date, seat), history) in &self.histories {
            found.seats += 1;
            found.operations += history.len();
            found.longest = found.longest.max(history.len());
            let mut verdict = check(history);
            if matches!(verdict, Verdict::Impossible(_)) {
                let again = self.with_doubts(*date, history);
                // What does not fit is told of the history itself.
                verdict = again
                    .filter(|again| !matches!(again, Verdict::Impossible(_)))
                    .unwrap_or(verdict);
            }
            match verdict {
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

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: Uuid = Uuid::from_u128(7);

    /// Told that nothing fits while so many stood together that nobody had asked for: that is wrong, unless somebody may
    /// have got them without being told.
    #[test]
    fn a_refusal_while_seats_stood_free_is_found_wrong() {
        let wish = |count| Wish { count, ..Wish::default() };
        let seatings = HashMap::from([(DATE, Rc::new(Seating::numbered(4)))]);
        let mut record = Record::default();
        let hold = Act::Hold { claim: Uuid::from_u128(1), at: None, until: None };
        // Seats 1 and 2 stand free until 50, 3 and 4 to the end.
        record.act(DATE, &[1, 2], hold, (50, Some(60)));
        record.none_fits(DATE, &wish(3), 55);
        assert!(record.wrongly_none(&seatings).is_empty());
        record.none_fits(DATE, &wish(3), 40);
        assert_eq!(record.wrongly_none(&seatings).len(), 1);
        record.none_fits(DATE, &wish(2), 99);
        assert_eq!(record.wrongly_none(&seatings).len(), 2);
        record.best_in_doubt.insert(DATE, vec![45]);
        assert_eq!(record.wrongly_none(&seatings).len(), 1);
    }

    /// A seat that is taken though nobody was told to have it: somebody who asked for the best may have.
    #[test]
    fn seats_that_nobody_was_told_to_have_are_explained_by_a_lost_answer() {
        let mut record = Record::default();
        record.act(DATE, &[1], Act::Taken, (50, Some(60)));
        assert_eq!(record.linearizability().broken.len(), 1);
        record.best_in_doubt.insert(DATE, vec![70]);
        assert_eq!(record.linearizability().broken.len(), 1);
        record.best_in_doubt.insert(DATE, vec![70, 40]);
        assert_eq!(record.linearizability().broken, [""; 0]);
    }
}
