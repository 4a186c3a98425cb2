//! How fast the line moves: the rate, its credit, and a clock that jumps.

use crate::script::{check, each};
use crate::words::{START, queue};

/// The rate: at most so many a second, and a quiet hour saves up no more than one second's worth.
#[test]
fn the_rate_is_capped_at_one_second() {
    check(&format!(
        "
        concert c1 max_active 1000 rate 4 opens 1m
        {}
        at 2h
        admit c1                         -> admitted 4
        admit c1                         -> admitted 0
        +249ms
        admit c1                         -> admitted 0
        +1ms
        admit c1                         -> admitted 1
        +500ms
        admit c1                         -> admitted 2
        join u90                         -> waiting
        +1h
        admit c1                         -> admitted 4
        queue c1 rate 6
        +1s
        admit c1                         -> admitted 6
        queue c1 rate 1
        +10s
        admit c1                         -> admitted 1
        ",
        each(1, 30, |n| format!("join u{n}"))
    ));
}

/// The rate holds for those who find nobody waiting, too.
#[test]
fn the_rate_holds_at_the_door() {
    check(
        "
        concert c1 rate 2
        join u1                          -> admitted
        join u2                          -> admitted
        join u3                          -> waiting 3
        +500ms
        join u4                          -> waiting 4                 # behind who waits
        admit c1                         -> admitted 1
        see place u3                     -> Served
    ",
    );
}

/// H24: with more room than people the cursor stops at the tail, and the next burst finds no more
/// than one second's worth of credit.
#[test]
fn the_cursor_stops_at_the_tail() {
    check(&format!(
        "
        concert c1 max_active 1000 rate 3
        join u1                          -> admitted
        {}
        see queue c1                     -> active 1 cursor 1 tail 1 returning 0
        {}
        see queue c1                     -> active 4 cursor 4 tail 9 returning 0
        ",
        "+1h\nadmit c1 -> admitted 0\n".repeat(5),
        each(2, 9, |n| {
            let want = if n <= 4 { "admitted" } else { "waiting" };
            format!("join u{n} -> {want} {n} new")
        }),
    ));
}

/// H24: nor does a token for a place that nobody has yet draw the cursor on.
#[test]
fn the_cursor_stops_at_the_tail_whatever_is_loaded() {
    check(
        "
        concert c1 max_active 5 paused on
        join u1                          -> waiting 1
        queue c1 paused off
        {
        arrive u9 at 2                   -> queue_token_unknown
        arrive u9 at 3                   -> queue_token_unknown
        admit c1                         -> admitted 1
        }
        see queue c1                     -> active 1 cursor 1 tail 1 returning 0
    ",
    );
}

/// H6: the clock jumps back by minutes while the rate's credit is spent: admission goes on at the
/// rate, it does not stand still until the clock has caught up.
#[test]
fn a_clock_that_jumps_back_does_not_stop_admission() {
    check(&format!(
        "
        concert c1 max_active 1000 rate 4
        at 10m
        {}
        admit c1                         -> admitted 0
        -5m
        admit c1                         -> admitted 0
        +1s
        admit c1                         -> admitted 4
        +1s
        admit c1                         -> admitted 4
        ",
        each(1, 20, |n| format!("join u{n}"))
    ));
}

/// H6: nor does it let a crowd in: back and forth yields no more than a second's worth each time.
#[test]
fn a_clock_that_jumps_about_lets_no_crowd_in() {
    check(&format!(
        "
        concert c1 max_active 1000 rate 4 grace 24h
        {}
        see queue c1                     -> active 4
        -30s
        admit c1                         -> admitted 0                # skew: wait for the clock
        +30s
        admit c1                         -> admitted 0
        -1m
        admit c1                         -> admitted 0                # a minute is skew, too
        +1m
        admit c1                         -> admitted 0
        +10h
        admit c1                         -> admitted 4
        -10h
        admit c1                         -> admitted 0
        ",
        each(1, 40, |n| format!("join u{n}"))
    ));
}

/// H6: the clock falls back behind the opening after the draw: nobody is let in, the order stands.
#[test]
fn a_clock_that_falls_behind_the_opening() {
    check(
        "
        concert c1 max_active 2 opens 10m
        join u1                          -> waiting - new
        at 10m
        admit c1                         -> admitted 1
        -5m
        join u2                          -> waiting 2 new
        admit c1                         -> admitted 0
        arrive u1                        -> arrived
        at 10m
        admit c1                         -> admitted 1
        see order c1                     -> u1 u2
    ",
    );
}

/// A limit that was lower or higher before counts from when it was set, whatever else is set.
#[test]
fn a_limit_is_known_since_it_was_set() {
    let world = check(
        "
        concert c1 max_active 2
        +1m
        queue c1 rate 5
        +1m
        queue c1 max_active 3
        +1m
        queue c1 max_active 3 rate 6
    ",
    );
    assert_eq!(world.queues[&queue("c1")].max_active_at, START.plus_ms(120_000));
}
