//! Whether what the fans saw of one seat can have happened one after another: linearizability of a
//! seat's recorded history.
//!
//! *What is decided.* An operation takes effect at one instant between its call and its answer (at any
//! later one, or at none, where no answer came). A history is linearizable if there is such an order in
//! which each operation is allowed by [`apply`] (Herlihy and Wing, 1990).
//!
//! *How.* Calls and answers are walked through in the order of time (Lowe, "Testing for
//! linearizability", 2016: just-in-time linearization). A *configuration* is the seat's state and the
//! set of open operations that have taken effect already. Invariant: after each event, the set of
//! configurations is what all orders of the operations called so far lead to in which every answered
//! one has taken effect in its time. A call adds an open operation. An answer lets any open operations
//! take effect, in every order, until the answered one has ([`settle`]), and drops configurations in
//! which it cannot. So the set is empty if, and only if, no order exists.
//!
//! *Why looking early is enough.* [`Act::Taken`] and [`Act::CalledOff`] change nothing. In an order in which one
//! takes effect at some point, moving it to an earlier point of its time where it is allowed, too, changes no state
//! that another operation sees. So it is let take effect as soon as it can, and never branches.
//!
//! *What it cannot see.* A hold ends by the server's time, and being told that a seat is taken names no
//! such time: a seat that stayed taken after its hold was over is not found here. The job of a cancelled date
//! gives seats back at times that nobody is told; nothing that is allowed later depends on them.
//!
//! A test compares the verdicts with those of trying all permutations.

use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// Most configurations that are kept. Beyond it a history is left undecided, and the report says so.
const CONFIGURATIONS_MAX: usize = 200_000;

/// What somebody did to a seat. Times of the server are UTC milliseconds from its answers; `None`
/// without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Got it held.
    Hold {
        /// Whose claim.
        claim: Uuid,
        /// Since when.
        at: Option<i64>,
        /// Until when.
        until: Option<i64>,
    },
    /// The answer was that it is held or sold.
    Taken,
    /// Gave it back.
    Release {
        /// Which claim.
        claim: Uuid,
    },
    /// Paid for it.
    Pay {
        /// Which claim.
        claim: Uuid,
        /// When; `None` without an answer.
        at: Option<i64>,
    },
    /// An operator gave it back.
    Refund {
        /// Which claim.
        claim: Uuid,
        /// Whether it is on sale again; otherwise it is blocked.
        released: bool,
    },
    /// An operator cancelled its date.
    #[cfg_attr(not(test), expect(dead_code, reason = "no run cancels a date yet"))]
    Cancel,
    /// The answer was that its date was cancelled.
    #[cfg_attr(not(test), expect(dead_code, reason = "no run cancels a date yet"))]
    CalledOff,
}

/// An operation on a seat. Times are the client's, in any unit, from one clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What was done.
    pub act: Act,
    /// When it was first sent.
    pub called: u64,
    /// When its answer was there; `None`: never.
    pub answered: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Seat {
    Free,
    Held { claim: Uuid, until: Option<i64> },
    Sold { claim: Uuid },
    Blocked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct State {
    seat: Seat,
    /// Its date was cancelled.
    off: bool,
}

impl State {
    const FIRST: Self = Self { seat: Seat::Free, off: false };
}

/// What became of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is such an order.
    Linearizable,
    /// There is none: the answer of this operation (its index) fits no order of what came before.
    Impossible(usize),
    /// Too many orders to look at.
    Undecided,
}

/// The state after an operation, if it is allowed in this one. A hold whose time is over gives way to
/// the next; that it lapses by itself before is not told apart from that. Nothing of a cancelled date is held or
/// paid, and nobody is told that its seats are taken; what was held or sold of it before may still go back.
fn apply(State { seat, off }: State, act: Act) -> Option<State> {
    let next = match (seat, act) {
        (_, Act::Cancel) => return Some(State { seat, off: true }),
        (_, Act::CalledOff) => return off.then_some(State { seat, off }),
        (_, Act::Hold { .. } | Act::Pay { .. } | Act::Taken) if off => return None,
        (Seat::Free, Act::Hold { claim, until, .. }) => Seat::Held { claim, until },
        (Seat::Held { until: end, .. }, Act::Hold { claim, at, until })
            if end.zip(at).is_none_or(|(end, at)| at >= end) =>
        {
            Seat::Held { claim, until }
        }
        (Seat::Held { .. } | Seat::Sold { .. } | Seat::Blocked, Act::Taken) => seat,
        (Seat::Held { claim: held, .. }, Act::Release { claim }) if held == claim => Seat::Free,
        (Seat::Held { claim: held, until }, Act::Pay { claim, at })
            if held == claim && until.zip(at).is_none_or(|(until, at)| at < until) =>
        {
            Seat::Sold { claim }
        }
        (Seat::Sold { claim: sold }, Act::Refund { claim, released }) if sold == claim => {
            if released {
                Seat::Free
            } else {
                Seat::Blocked
            }
        }
        _ => return None,
    };
    Some(State { seat: next, off })
}

/// A state, and the open operations that have taken effect.
type Configuration = (State, BTreeSet<usize>);

/// Lets every open look take effect that can.
fn look((state, done): &mut Configuration, open: &BTreeSet<usize>, history: &[Operation]) {
    let looks = open.iter().filter(|index| {
        let act = history[**index].act;
        matches!(act, Act::Taken | Act::CalledOff) && apply(*state, act).is_some()
    });
    done.extend(looks);
}

/// All configurations in which `answered` has taken effect, without it; `None` when there are too many.
fn settle(
    from: HashSet<Configuration>,
    open: &BTreeSet<usize>,
    answered: usize,
    history: &[Operation],
) -> Option<HashSet<Configuration>> {
    let mut seen = HashSet::new();
    let mut settled = HashSet::new();
    let mut left: Vec<Configuration> = from.into_iter().collect();
    while let Some(mut configuration) = left.pop() {
        look(&mut configuration, open, history);
        if seen.len() > CONFIGURATIONS_MAX {
            return None;
        }
        if !seen.insert(configuration.clone()) {
            continue;
        }
        let (state, done) = configuration;
        if done.contains(&answered) {
            let mut done = done;
            done.remove(&answered);
            settled.insert((state, done));
            continue;
        }
        for &index in open.difference(&done) {
            if let Some(next) = apply(state, history[index].act) {
                let mut done = done.clone();
                done.insert(index);
                left.push((next, done));
            }
        }
    }
    Some(settled)
}

/// Decides whether a seat that was free at first can have had this history.
#[must_use]
pub fn check(history: &[Operation]) -> Verdict {
    // At the same instant a call goes first: then the two may have overlapped.
    let calls = history.iter().enumerate().map(|(index, op)| (op.called, false, index));
    let answers = history.iter().enumerate();
    let answers = answers.filter_map(|(index, op)| Some((op.answered?, true, index)));
    let mut events: Vec<(u64, bool, usize)> = calls.chain(answers).collect();
    events.sort_unstable();
    let mut open = BTreeSet::new();
    let mut configurations: HashSet<Configuration> =
        HashSet::from([(State::FIRST, BTreeSet::new())]);
    for (_, is_answer, index) in events {
        if !is_answer {
            open.insert(index);
            continue;
        }
        match settle(configurations, &open, index, history) {
            None => return Verdict::Undecided,
            Some(settled) if settled.is_empty() => return Verdict::Impossible(index),
            Some(settled) => configurations = settled,
        }
        open.remove(&index);
    }
    Verdict::Linearizable
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn hold(n: u128, at: i64, until: i64) -> Act {
        Act::Hold { claim: claim(n), at: Some(at), until: Some(until) }
    }

    fn pay(n: u128, at: i64) -> Act {
        Act::Pay { claim: claim(n), at: Some(at) }
    }

    fn op(act: Act, called: u64, answered: u64) -> Operation {
        Operation { act, called, answered: Some(answered) }
    }

    /// H1: two who both got one seat, in whatever order, are found.
    #[test]
    fn a_seat_sold_twice_is_found() {
        let twice = [op(hold(1, 5, 100), 0, 10), op(hold(2, 6, 100), 0, 10)];
        assert!(matches!(check(&twice), Verdict::Impossible(_)));
        let lost = [op(hold(1, 5, 100), 0, 10), op(Act::Taken, 0, 10)];
        assert_eq!(check(&lost), Verdict::Linearizable);
        let paid_twice =
            [op(hold(1, 5, 100), 0, 1), op(pay(1, 6), 2, 3), op(hold(2, 200, 300), 4, 5)];
        assert_eq!(check(&paid_twice), Verdict::Impossible(2), "sold until it is given back");
    }

    /// H3, H4: a hold gives way when its time is over, not before, and then it cannot be paid.
    #[test]
    fn holds_give_way_in_time() {
        let early = [op(hold(1, 0, 100), 0, 1), op(hold(2, 99, 199), 2, 3)];
        assert_eq!(check(&early), Verdict::Impossible(1));
        let due = [op(hold(1, 0, 100), 0, 1), op(hold(2, 100, 200), 2, 3)];
        assert_eq!(check(&due), Verdict::Linearizable);
        let late = [due[0], due[1], op(pay(1, 101), 4, 5)];
        assert_eq!(check(&late), Verdict::Impossible(2));
        let expired = [op(hold(1, 0, 100), 0, 1), op(pay(1, 100), 2, 3)];
        assert_eq!(check(&expired), Verdict::Impossible(1));
    }

    fn refund(n: u128, released: bool) -> Act {
        Act::Refund { claim: claim(n), released }
    }

    /// A seat that was sold goes back on sale by a refund of who paid it, once, and not before; one that is blocked
    /// with it does not.
    #[test]
    fn what_was_sold_can_go_back() {
        let sold = [op(hold(1, 5, 100), 0, 1), op(pay(1, 6), 2, 3)];
        let next = op(hold(2, 8, 100), 6, 7);
        let after = |acts: &[Operation]| check(&[&sold[..], acts].concat());
        assert_eq!(after(&[op(refund(1, true), 4, 5), next]), Verdict::Linearizable);
        assert_eq!(after(&[next]), Verdict::Impossible(2));
        assert_eq!(after(&[op(refund(1, false), 4, 5), next]), Verdict::Impossible(3));
        assert_eq!(
            after(&[op(refund(1, false), 4, 5), op(Act::Taken, 6, 7)]),
            Verdict::Linearizable
        );
        assert_eq!(
            after(&[op(refund(1, true), 4, 5), op(Act::Taken, 6, 7)]),
            Verdict::Impossible(3)
        );
        assert_eq!(after(&[op(refund(2, true), 4, 5)]), Verdict::Impossible(2));
        let twice = [op(refund(1, true), 4, 5), op(refund(1, true), 6, 7)];
        assert_eq!(after(&twice), Verdict::Impossible(3));
        let early = [sold[0], op(refund(1, true), 2, 3)];
        assert_eq!(check(&early), Verdict::Impossible(1), "it was not paid");
        // Without an answer it may have been made, or not.
        let unanswered = Operation { act: refund(1, true), called: 4, answered: None };
        assert_eq!(after(&[unanswered, next]), Verdict::Linearizable);
        assert_eq!(after(&[unanswered, op(Act::Taken, 6, 7)]), Verdict::Linearizable);
        // Sold again, and to the second alone.
        let again = [op(refund(1, true), 4, 5), next, op(pay(2, 9), 8, 9)];
        assert_eq!(after(&again), Verdict::Linearizable);
        let both = [&again[..], &[op(refund(1, true), 10, 11)]].concat();
        assert_eq!(after(&both), Verdict::Impossible(5));
    }

    /// From the cancellation of its date on nothing is held, paid or taken; what was sold may go back.
    #[test]
    fn a_cancelled_date_sells_nothing() {
        let sold = [op(hold(1, 5, 100), 0, 1), op(pay(1, 6), 2, 3), op(Act::Cancel, 4, 5)];
        let after = |act| check(&[&sold[..], &[op(act, 6, 7)]].concat());
        for act in [Act::CalledOff, Act::Cancel, refund(1, true)] {
            assert_eq!(after(act), Verdict::Linearizable, "{act:?}");
        }
        for act in [Act::Taken, hold(2, 7, 100), refund(2, true)] {
            assert_eq!(after(act), Verdict::Impossible(3), "{act:?}");
        }
        let late = [sold[0], op(Act::Cancel, 2, 3), op(pay(1, 6), 4, 5)];
        assert_eq!(check(&late), Verdict::Impossible(2));
        let released = [sold[0], op(Act::Cancel, 2, 3), op(Act::Release { claim: claim(1) }, 4, 5)];
        assert_eq!(check(&released), Verdict::Linearizable);
        assert_eq!(check(&[op(Act::CalledOff, 0, 1)]), Verdict::Impossible(0), "it was not");
        // While it is being cancelled, both may be said.
        let meanwhile = [
            op(Act::Cancel, 0, 9),
            op(Act::CalledOff, 1, 2),
            op(hold(1, 5, 100), 1, 8),
            op(Act::CalledOff, 3, 4),
        ];
        assert_eq!(check(&meanwhile), Verdict::Linearizable);
        let back = [meanwhile[0], meanwhile[1], op(hold(1, 5, 100), 3, 8)];
        assert_eq!(check(&back), Verdict::Impossible(2), "it was cancelled before");
    }

    /// "Taken" of a seat that nobody has, and a hold that an answer before it contradicts.
    #[test]
    fn real_time_counts() {
        assert_eq!(check(&[op(Act::Taken, 0, 1)]), Verdict::Impossible(0));
        let after = [op(Act::Taken, 0, 1), op(hold(1, 2, 9), 2, 3)];
        assert_eq!(check(&after), Verdict::Impossible(0));
        let overlapping = [op(Act::Taken, 0, 3), op(hold(1, 2, 9), 2, 4)];
        assert_eq!(check(&overlapping), Verdict::Linearizable);
        let unanswered = Operation { act: hold(1, 0, 9), called: 0, answered: None };
        assert_eq!(check(&[unanswered, op(Act::Taken, 5, 6)]), Verdict::Linearizable);
        assert_eq!(check(&[unanswered, op(hold(2, 1, 8), 5, 6)]), Verdict::Linearizable);
    }

    #[test]
    fn a_thousand_fans_for_one_seat_are_decided() {
        let mut history: Vec<_> = (0..1_000).map(|n| op(Act::Taken, n, 2_000 + n)).collect();
        history.push(op(hold(1, 5, 100), 500, 1_500));
        assert_eq!(check(&history), Verdict::Linearizable);
        history.push(op(hold(2, 6, 100), 501, 1_501));
        assert!(matches!(check(&history), Verdict::Impossible(_)));
    }

    /// All orders, one by one: what the definition says.
    fn by_permutation(history: &[Operation], done: &mut Vec<usize>, state: State) -> bool {
        let left: Vec<usize> = (0..history.len()).filter(|i| !done.contains(i)).collect();
        if left.iter().all(|&i| history[i].answered.is_none()) {
            return true;
        }
        // The next operation must have been called before every answer that is still to come.
        let first_answer = left.iter().filter_map(|&i| history[i].answered).min();
        left.iter().any(|&i| {
            let in_time = first_answer.is_none_or(|answer| history[i].called <= answer);
            let next = apply(state, history[i].act).filter(|_| in_time);
            next.is_some_and(|next| {
                done.push(i);
                let found = by_permutation(history, done, next);
                done.pop();
                found
            })
        })
    }

    struct Dice(u64);

    impl Dice {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) % bound
        }
    }

    fn random(dice: &mut Dice) -> Vec<Operation> {
        let count = 1 + dice.below(7);
        let one = |dice: &mut Dice| {
            let (n, at) = (u128::from(dice.below(3)), i64::try_from(dice.below(8)).unwrap());
            let act = match dice.below(20) {
                0..7 => hold(n, at, at + 1 + i64::try_from(dice.below(5)).unwrap()),
                7..9 => Act::Taken,
                9..11 => Act::Release { claim: claim(n) },
                11..15 => pay(n, at),
                15..18 => refund(n, dice.below(3) > 0),
                18 => Act::Cancel,
                _ => Act::CalledOff,
            };
            let called = dice.below(12);
            let answered = (dice.below(6) > 0).then(|| called + dice.below(8));
            Operation { act, called, answered }
        };
        (0..count).map(|_| one(dice)).collect()
    }

    /// The verdict is that of the definition, on 40,000 small histories of both kinds; seats that were sold went back
    /// in many of them.
    #[test]
    fn the_verdict_is_that_of_all_permutations() {
        let mut dice = Dice(7);
        let (mut yes, mut no, mut back) = (0, 0, 0);
        for _ in 0..40_000 {
            let history = random(&mut dice);
            let expected = by_permutation(&history, &mut Vec::new(), State::FIRST);
            let found = check(&history) == Verdict::Linearizable;
            assert_eq!(found, expected, "{history:?}");
            yes += u32::from(found);
            no += u32::from(!found);
            let answered =
                |op: &Operation| matches!(op.act, Act::Refund { .. }) && op.answered.is_some();
            back += u32::from(found && history.iter().any(answered));
        }
        assert!(yes > 1_000 && no > 1_000 && back > 100, "{yes} and {no}, {back} with refunds");
    }
}
