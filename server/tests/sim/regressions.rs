//! What the simulation found once, told in a few lines each.

use crate::bench::{Bench, admit, charge, join, pay, place, reserve, show};
use boxoffice_core::outcome::{Outcome, Ticket};
use boxoffice_core::queue::QueueSettings;
use boxoffice_core::refusal::Refusal;

fn open() -> QueueSettings {
    QueueSettings::default()
}

fn ticket(reply: &Result<Outcome, Refusal>) -> &Ticket {
    match reply {
        Ok(Outcome::Joined(ticket)) => ticket,
        other => panic!("no ticket but {other:?}"),
    }
}

/// H20: two tabs of a new user in one batch. The second looked for an admission that nobody had
/// loaded.
#[test]
fn two_tabs_in_one_batch_get_one_place() {
    let mut bench = Bench::default();
    let paused = QueueSettings { paused: true, ..open() };
    let _ = bench.at(1_000, [show(paused)]);
    let replies = bench.at(2_000, [join(1), join(1)]);
    assert_eq!(ticket(&replies[0]).place, ticket(&replies[1]).place);
    assert!(ticket(&replies[0]).created && !ticket(&replies[1]).created);
}

/// H4, H6: A's hold lapses, B takes the seat, and the clock goes back by minutes, so that A's hold
/// looks alive again. A paid it, and B's seat was sold twice.
#[test]
fn a_revived_hold_is_not_paid_when_its_seat_is_anothers() {
    let mut bench = Bench::default();
    let _ = bench.at(1_000, [show(open())]);
    let _ = bench.at(2_000, [join(1), join(2)]);
    let taken = bench.at(3_000, [charge(1), reserve(1, &[5, 6])]);
    assert!(taken.iter().all(Result::is_ok), "{taken:?}");
    let _ = bench.at(60_000, [charge(2)]);
    let taken = bench.at(303_000, [reserve(2, &[6])]);
    assert!(taken[0].is_ok(), "{taken:?}");

    let late = bench.at(200_000, [pay(1), pay(2)]);
    assert_eq!(late[0], Err(Refusal::HoldLapsed));
    assert!(late[1].is_ok(), "{late:?}");
}

/// H6, H21: the clock was half an hour ahead while the rate's credit was used up, and is put right.
/// Nobody was let in for half an hour.
#[test]
fn admission_goes_on_when_the_clock_goes_back() {
    let mut bench = Bench::default();
    let slow = QueueSettings { admissions_per_second: 1, ..open() };
    let _ = bench.at(1_000, [show(slow)]);
    let _ = bench.at(1_801_000, [join(1), join(2), join(3)]);
    assert!(bench.store.admissions.contains_key(&place(1)));

    let ticks = [2_000, 4_000, 6_000].map(|now| bench.at(now, [admit()]));
    assert_eq!(ticks[1], [Ok(Outcome::Admitted { count: 1, more: false })], "{ticks:?}");
    assert_eq!(ticks[2], [Ok(Outcome::Admitted { count: 1, more: false })], "{ticks:?}");
}
