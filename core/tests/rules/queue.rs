//! Admission: in which order, how many, and how it ends.

use crate::script::{check, each};

/// Order of `Join`: concert not found, sale closed, queue full.
#[test]
fn join_refuses_in_order() {
    check(
        "
        join u1                          -> concert_not_found
        concert c1 max_active 1 max_waiting 1
        join u1                          -> admitted 1 new until 1m
        join u2                          -> waiting 2 new
        sale c1 close
        join u2                          -> waiting 2 same            # whoever has a place keeps it
        join u3                          -> sale_closed
        sale c1 open
        join u3                          -> queue_full
        join u2                          -> waiting 2 same            # who is in line stays in it
        join u1                          -> admitted 1 same
        leave u1
        admit c1                         -> admitted 1
        join u3                          -> waiting 3 new
        admit c9                         -> concert_not_found
    ",
    );
}

/// First come, first served once the sale is open; whoever finds room is let in at once.
#[test]
fn in_order_of_arrival() {
    let leave = each(1, 2, |n| format!("leave u{n}"));
    check(&format!(
        "
        concert c1 max_active 2
        {}
        see queue c1                     -> active 2 cursor 2 tail 5 returning 0
        {leave}
        join u6                          -> waiting 6 new             # not past those who wait
        admit c1                         -> admitted 2
        see place u3                     -> Served
        see place u4                     -> Served
        see place u5                     -> Waiting
        admit c1                         -> admitted 0
        see queue c1                     -> active 2 cursor 4 tail 6 returning 0
        ",
        each(1, 5, |n| format!("join u{n}"))
    ));
}

/// Who joins before the opening is drawn; who comes after stands behind them. Nobody is let in
/// before, and no row is rewritten by the draw.
#[test]
fn the_draw_before_the_opening() {
    let joins = each(1, 8, |n| format!("join u{n} -> waiting - new"));
    let script = format!(
        "
        concert c1 max_active 3 opens 10m
        {joins}
        join u1                          -> waiting - same
        see position u1                  -> none
        at 9m59s999ms
        admit c1                         -> admitted 0
        see queue c1                     -> active 0 cursor 0 tail 8 returning 0
        at 10m
        join u9                          -> waiting 9 new
        see order c1                     -> u2 u4 u6 u8 u7 u3 u1 u5 u9
        admit c1                         -> admitted 3
        see queue c1                     -> active 3 cursor 3 tail 9 returning 0
        see place u2                     -> Served
        see place u4                     -> Served
        see place u6                     -> Served
        see position u8                  -> 1
        see position u9                  -> 6
        "
    );
    check(&script);
}

/// The first tick after the opening draws, too, and later joiners do not change the draw.
#[test]
fn the_draw_is_fixed_once() {
    check(&format!(
        "
        concert c1 max_active 1 opens 10m
        {}
        leave u2                         -> left
        at 10m
        admit c1                         -> admitted 1
        {}
        see order c1                     -> u2 u4 u3 u5 u1 u6 u7 u8
        sale c1 close
        sale c1 open
        see order c1                     -> u2 u4 u3 u5 u1 u6 u7 u8
        ",
        each(1, 5, |n| format!("join u{n}")),
        each(6, 8, |n| format!("join u{n} -> waiting {n} new")),
    ));
}

/// A sale that is opened early by hand draws at that moment.
#[test]
fn opening_by_hand_draws() {
    check(
        "
        concert c1 max_active 1 opens 10m
        join u1                          -> waiting - new
        +1m
        {
        sale c1 open                     -> sale opens 1m
        join u2                          -> waiting 2 new
        join u1                          -> waiting 1 same
        }
        admit c1                         -> admitted 1
        see place u1                     -> Served
    ",
    );
}

/// H17: ticks of many nodes in one batch and one after another admit no more than there is room for.
#[test]
fn ticks_admit_no_more_than_there_is_room_for() {
    check(&format!(
        "
        concert c1 max_active 3 opens 1m
        {}
        at 1m
        {{
        admit c1                         -> admitted 3
        admit c1                         -> admitted 0
        admit c1                         -> admitted 0
        }}
        admit c1                         -> admitted 0
        join u9                          -> waiting 9
        see queue c1                     -> active 3
        ",
        each(1, 8, |n| format!("join u{n}"))
    ));
}

/// H17, H5: an admission whose time is over keeps its slot until it is swept; it is never counted
/// free twice, however often and from wherever it is swept.
#[test]
fn a_slot_is_given_back_once() {
    check(
        "
        concert c1 max_active 2 grace 1m
        join u1
        join u2
        join u3                          -> waiting
        join u4                          -> waiting
        at 1m
        admit c1                         -> admitted 0
        {
        expire u1                        -> ended
        expire u1                        -> not_due
        leave u1                         -> left
        admit c1                         -> admitted 1
        expire u1                        -> not_due
        admit c1                         -> admitted 0
        }
        see queue c1                     -> active 2 cursor 3
        see admission u2                 -> due
        arrive u2                        -> queue_token_expired
    ",
    );
}

/// Joining, leaving, setting and ticking in one batch: each sees what the one before did, and the
/// tick serves places that were made in the same batch.
#[test]
fn a_tick_in_a_batch() {
    check(
        "
        concert c1 max_active 3 paused on
        join u1                          -> waiting 1
        join u2                          -> waiting 2
        {
        join u3                          -> waiting 3 new
        leave u1                         -> left
        join u4                          -> waiting 4 new
        admit c1                         -> admitted 0
        queue c1 paused off
        join u5                          -> waiting 5 new
        admit c1                         -> admitted 3
        join u2                          -> admitted 2 same
        join u5                          -> waiting 5 same
        admit c1                         -> admitted 0
        }
        see queue c1                     -> active 3 cursor 4 tail 5 returning 0
    ",
    );
}

/// Lowering `max_active` sends nobody away; nobody is let in until there is room again.
#[test]
fn lowering_and_raising_max_active() {
    check(&format!(
        "
        concert c1 max_active 3
        {}
        queue c1 max_active 1
        arrive u3                        -> arrived
        leave u1
        admit c1                         -> admitted 0
        leave u2
        admit c1                         -> admitted 0
        leave u3
        admit c1                         -> admitted 1
        queue c1 max_active 3
        admit c1                         -> admitted 2
        see queue c1                     -> active 3 cursor 6
        ",
        each(1, 7, |n| format!("join u{n}"))
    ));
}

/// A paused queue takes joiners and lets nobody in; who is in may go on.
#[test]
fn pause_and_resume() {
    check(
        "
        concert c1 max_active 5
        join u1                          -> admitted
        queue c1 paused on
        join u2                          -> waiting 2
        +1m
        admit c1                         -> admitted 0
        see queue c1                     -> active 1 cursor 1 tail 2
        queue c1 paused off
        admit c1                         -> admitted 1
        queue c1 paused on
        charge u2 5                      -> charged 5
    ",
    );
}

/// A closed sale lets nobody in; whoever has a place keeps it, and whoever is in can hold nothing
/// new but may pay and leave.
#[test]
fn a_closed_sale() {
    check(
        "
        concert c1 max_active 2 closes 2m grace 5m
        join u1
        reserve u1 r1 seats 1
        charge u1 100
        join u2
        join u3                          -> waiting
        at 2m
        leave u2
        admit c1                         -> admitted 0
        join u1                          -> admitted 1 same
        join u3                          -> waiting 3 same
        join u2                          -> sale_closed
        join u9                          -> sale_closed
        leave u3                         -> left
        join u3                          -> sale_closed
        pay u1 r1                        -> paid 100
    ",
    );
}

/// H26 and the four other ends of an admission, each of which gives the slot back.
#[test]
fn an_admission_ends_once() {
    check(
        "
        concert c1 grace 1m shop 10m hold 5m price 10
        join u1
        join u2
        join u3
        join u4
        join u5
        charge u1 10
        reserve u1 r1 seats 1
        pay u1 r1
        reserve u2 r2 seats 2
        arrive u3                        -> arrived until 10m
        arrive u3                        -> arrived until 10m
        leave u4
        see queue c1                     -> active 3
        at 1m
        expire u5                        -> ended
        at 5m
        expire u2                        -> ended
        expire u3                        -> not_due
        at 10m
        expire u3                        -> ended
        see admission u1                 -> over Paid
        see admission u2                 -> over HoldLapsed
        see admission u3                 -> over TimedOut
        see admission u4                 -> over Left
        see admission u5                 -> over NoShow
        see queue c1                     -> active 0
        expire u9                        -> not_due
    ",
    );
}
