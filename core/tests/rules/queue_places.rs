//! Places in line: one a user, never lost, never further back; and the numbers that are shown.

use crate::script::check;
use boxoffice_core::queue::{PollLaw, estimated_wait_ms, position};

/// Order of `Arrive`: token unknown, not admitted, token expired, and what of a place counts.
#[test]
fn arrive_refuses_without_a_live_admission() {
    check(
        "
        concert c1 max_active 1 grace 1m
        join u1
        join u2                          -> waiting
        arrive u3                        -> queue_token_unknown
        arrive u3 with u1                -> queue_token_unknown
        arrive u3 with u2                -> queue_token_unknown
        arrive u1 in c2                  -> queue_token_unknown
        arrive u2                        -> not_admitted
        leave u2
        arrive u2                        -> queue_token_expired
        at 59s999ms
        arrive u1                        -> arrived until 10m59s999ms
        at 10m59s999ms
        arrive u1                        -> queue_token_expired
    ",
    );
}

/// Leave refuses with token unknown; leaving twice is leaving once.
#[test]
fn leaving_twice_is_leaving_once() {
    check(
        "
        concert c1 max_active 1
        leave u1                         -> queue_token_unknown
        join u1
        join u2                          -> waiting
        leave u2 with u1                 -> queue_token_unknown
        leave u2                         -> left
        leave u2                         -> left
        leave u1                         -> left
        leave u1                         -> left
        see queue c1                     -> active 0 cursor 1 tail 2 returning 0
        admit c1                         -> admitted 0
        see queue c1                     -> active 0 cursor 2 tail 2 returning 0
        join u2                          -> admitted 3 new
    ",
    );
}

/// H20: one user, many tabs at once: one place, whether it waits or is served.
#[test]
fn one_user_one_place() {
    check(
        "
        concert c1 max_active 1
        {
        join u1                          -> admitted 1 new
        join u1                          -> admitted 1 same
        }
        {
        join u2                          -> waiting 2 new
        join u2                          -> waiting 2 same
        join u2                          -> waiting 2 same
        }
        join u2                          -> waiting 2 same
        see queue c1                     -> active 1 cursor 1 tail 2 returning 0
    ",
    );
}

/// H20: the same before the opening, in the batch that opens, and with leaving in between.
#[test]
fn one_user_one_place_in_any_batch() {
    check(
        "
        concert c1 max_active 1 opens 1m
        {
        join u1                          -> waiting - new
        join u1                          -> waiting - same
        }
        at 1m
        {
        join u1                          -> waiting - same
        join u2                          -> waiting 2 new
        join u2                          -> waiting 2 same
        }
        {
        leave u2                         -> left
        join u2                          -> waiting 3 new
        join u2                          -> waiting 3 same
        }
        see queue c1                     -> active 0 cursor 0 tail 3 returning 0
    ",
    );
}

/// Two concerts, two queues.
#[test]
fn queues_are_apart() {
    check(
        "
        concert c1 max_active 1
        concert c2 max_active 1
        join u1                          -> admitted
        join u1 in c2                    -> admitted
        join u2                          -> waiting
        leave u1 in c2
        admit c2                         -> admitted 0
        see queue c1                     -> active 1 cursor 1 tail 2
        see queue c2                     -> active 0 cursor 1 tail 1
    ",
    );
}

/// H21: users who never come back don't stall the line: their slots go to the next.
#[test]
fn no_shows_give_their_slots_back() {
    check(
        "
        concert c1 max_active 2 grace 1m
        join u1
        join u2
        join u3
        join u4
        at 59s999ms
        expire u1                        -> not_due
        at 1m
        expire u1                        -> ended
        expire u2                        -> ended
        see admission u1                 -> over NoShow
        admit c1                         -> admitted 2
        see place u4                     -> Served
    ",
    );
}

/// N2: for those who are unaware of being admitted others are let in, at most nine times as many as may shop at once.
/// Whoever of them comes late is in the shop all the same.
#[test]
fn who_is_unaware_keeps_nobody_out() {
    let joins: String = (1..=29).map(|n| format!("join u{n}\n")).collect();
    check(&format!(
        "
        concert c1 max_active 2 grace 3m
        {joins}
        see queue c1                     -> active 2 cursor 2 tail 29
        at 20s
        admit c1                         -> admitted 0
        admit c1 unaware 1               -> admitted 1
        see place u3                     -> Served
        admit c1 unaware 1               -> admitted 0
        arrive u1                        -> arrived
        admit c1                         -> admitted 0
        admit c1 most 0 unaware 99       -> admitted 0
        admit c1 unaware 99              -> admitted 17
        see queue c1                     -> active 20 cursor 20 tail 29
        admit c1 unaware 99              -> admitted 0
        leave u1
        admit c1 unaware 17 active 19    -> admitted 0
        admit c1 unaware 18 active 20    -> admitted 0
        admit c1 unaware 19 active 20    -> admitted 1
        see place u21                    -> Served
        "
    ));
}

/// Whoever comes back after not showing up goes to the front, in the old order, ahead of all who
/// wait, and stays in line there however often it is asked.
#[test]
fn who_comes_back_goes_first() {
    check(
        "
        concert c1 max_active 2 grace 1m
        join u1
        join u2
        join u3                          -> waiting 3
        join u4                          -> waiting 4
        at 1m
        queue c1 paused on
        join u2                          -> returning 2 same
        join u1                          -> returning 1 same          # the sweep never came
        join u1                          -> returning 1 same
        see queue c1                     -> active 0 cursor 2 tail 4 returning 2
        reserve u1 r1 seats 1            -> not_admitted
        queue c1 paused off max_active 1
        admit c1                         -> admitted 1
        see place u1                     -> Served
        see place u2                     -> Returning
        see place u3                     -> Waiting
        arrive u1                        -> arrived until 11m
        queue c1 max_active 3
        admit c1                         -> admitted 2
        see place u2                     -> Served
        see place u3                     -> Served
        see queue c1                     -> active 3 cursor 3 tail 4 returning 0
    ",
    );
}

/// A new joiner does not slip in past one who comes back.
#[test]
fn nobody_slips_in_past_who_comes_back() {
    check(
        "
        concert c1 max_active 1 grace 1m
        join u1
        at 1m
        join u1                          -> returning 1 same
        join u2                          -> waiting 2 new
        admit c1                         -> admitted 1
        see place u1                     -> Served
    ",
    );
}

/// Coming back and admitting in one batch.
#[test]
fn coming_back_within_a_batch() {
    for lines in [
        "join u1 -> returning 1 same\njoin u1 -> returning 1 same\nadmit c1 -> admitted 1",
        "expire u1 -> ended\njoin u1 -> returning 1 same\nadmit c1 -> admitted 1",
        "join u1 -> returning 1 same\nleave u1 -> left\njoin u1 -> waiting 3 new",
    ] {
        check(&format!(
            "
            concert c1 max_active 1 grace 1m
            join u1
            join u2                      -> waiting 2 new
            at 1m
            {{
            {lines}
            }}
            see place u2                 -> Waiting
            "
        ));
    }
}

/// Who comes back too often is over and joins anew at the end: no slot is occupied for ever.
#[test]
fn coming_back_has_a_limit() {
    let visit = "+1m\njoin u1 -> returning 1 same\nadmit c1 -> admitted 1\n".repeat(3);
    check(&format!(
        "
        concert c1 max_active 1 grace 1m
        join u1                          -> admitted 1 new
        join u2                          -> waiting 2
        {visit}
        +1m
        join u1                          -> waiting 3 new
        admit c1                         -> admitted 1
        see place u2                     -> Served
        "
    ));
}

/// Whoever has left no longer counts against the queue's limit: joining and leaving in a loop does
/// not fill it for everybody else.
#[test]
fn who_has_left_takes_no_room() {
    check(
        "
        concert c1 max_active 1 max_waiting 1
        join u1                          -> admitted 1 new
        join u2                          -> waiting 2 new
        join u3                          -> queue_full
        leave u2
        join u3                          -> waiting 3 new
        leave u3
        join u4                          -> waiting 4 new
        join u5                          -> queue_full
        ",
    );
}

/// H18, and no one ahead of turn: a tick lets back in 100 at the most; while more wait at the
/// front, nobody behind them is served, and another tick follows at once.
#[test]
fn the_line_waits_for_all_who_come_back() {
    let joins = (1..=101).map(|n| format!("join u{n}\n")).collect::<String>();
    for (last, last_seen) in [("join u2000", "see place u2000 -> Waiting"), ("", "")] {
        let left = if last.is_empty() { 1 } else { 2 };
        check(&format!(
            "
        concert c1 max_active 101 rate 5000 grace 1m
        {{
        {joins}
        }}
        +1m
        queue c1 paused on
        {{
        {joins}
        }}
        {last}
        queue c1 paused off max_active 2000
        admit c1                         -> admitted 100 more
        {last_seen}
        admit c1                         -> admitted {left}
        "
        ));
    }
}

/// A no-show who leaves after the grace is over has left: the next join is a new place.
#[test]
fn a_no_show_who_leaves_does_not_come_back() {
    for sweep in ["expire u1", ""] {
        check(&format!(
            "
            concert c1 max_active 1 grace 1m
            join u1                          -> admitted 1 new
            +1m
            {sweep}
            leave u1
            join u1                          -> admitted 2 new
            "
        ));
    }
}

/// Only a no-show comes back: whoever has been in the shop joins anew, at the end.
#[test]
fn who_was_in_joins_anew() {
    check(
        "
        concert c1 max_active 1 grace 1m shop 10m
        join u1
        arrive u1
        join u2                          -> waiting 2
        at 10m
        join u1                          -> waiting 3 new
        see admission u1                 -> none
        admit c1                         -> admitted 1
        leave u2
        join u2                          -> waiting 4 new
    ",
    );
}

/// H18: nobody is lost between waiting and admitted: refused, paused and repeated ticks leave every
/// place where it was, and all are served in the end. (`invariants` looks after each line.)
#[test]
fn nobody_is_lost() {
    let mut script = String::from("concert c1 max_active 2 rate 3 opens 1m\n");
    for n in 1..=9 {
        script += &format!("join u{n}\n");
    }
    script += "leave u4\nat 1m\nsale c1 close\nadmit c1 -> admitted 0\nsale c1 open\n";
    script += "queue c1 paused on\nadmit c1 -> admitted 0\nqueue c1 paused off\n";
    for _ in 1..=8 {
        script += "+1m\nadmit c1\n";
        for n in (1..=9).filter(|n| *n != 4) {
            script += &format!("expire u{n}\n");
        }
    }
    for n in (1..=9).filter(|n| *n != 4) {
        script += &format!("see place u{n} -> Served\n");
    }
    check(&(script + "see queue c1 -> active 0 cursor 9 tail 9"));
}

/// Leavers are passed over without using up slots; more of them than a tick looks at only take
/// another tick.
#[test]
fn leavers_are_passed_over() {
    let mut script = String::from("concert c1 max_active 1 max_waiting 9999 seats 1\njoin u0\n{\n");
    for n in 1..=60 {
        script += &format!("join u{n} -> waiting\n");
    }
    script += "}\n";
    for n in 1..=50 {
        script += &format!("leave u{n}\n");
    }
    check(
        &(script
            + "see position u51 -> 1
        see position u60 -> 10
        leave u0
        admit c1     -> admitted 0 more
        see queue c1 -> active 0 cursor 18
        see position u60 -> 10
        admit c1     -> admitted 0 more
        admit c1     -> admitted 1
        see queue c1 -> active 1 cursor 52 tail 61
        see place u51 -> Served
        see position u60 -> 9"),
    );
}

/// H34: who knows how many have left looks beyond them at once; who says more than is true passes nobody.
#[test]
fn a_tick_looks_beyond_those_who_left() {
    let joins: String = (1..=300).map(|n| format!("join u{n}\n")).collect();
    let leaves: String = (1..=298).map(|n| format!("leave u{n}\n")).collect();
    check(&format!(
        "
        concert c1 max_active 1 max_waiting 9999 seats 1
        join u0                          -> admitted
        {{
        {joins}
        }}
        {leaves}
        leave u0
        admit c1 left_ahead 298          -> admitted 1
        see place u299                   -> Served
        see place u300                   -> Waiting
        leave u299
        admit c1 left_ahead 99999999     -> admitted 1
        see place u300                   -> Served
        "
    ));
}

/// H36: no more are let in than may find a seat, and nobody where none is free.
#[test]
fn nobody_is_let_in_beyond_what_is_proposed() {
    check(
        "
        concert c1 max_active 10
        join u1 enter no                 -> waiting
        join u2                          -> waiting
        join u3                          -> waiting
        admit c1 most 0                  -> admitted 0
        admit c1 most 2                  -> admitted 2
        see place u3                     -> Waiting
        admit c1                         -> admitted 1
        ",
    );
}

/// H34: before the draw, who left and comes again has the place of before: one account makes one place. After
/// it the place is over, since the line has moved on.
#[test]
fn a_place_left_before_the_opening_is_taken_up_again() {
    check(
        "
        concert c1 max_active 1 opens 1m
        join u1                          -> waiting -
        join u2                          -> waiting -
        leave u1
        see queue c1                     -> active 0 cursor 0 tail 2
        join u1                          -> waiting -
        leave u1
        leave u1
        join u1                          -> waiting -
        see place u1                     -> Waiting
        see queue c1                     -> active 0 cursor 0 tail 2
        leave u2
        at 1m
        join u2                          -> waiting 3 new
        see queue c1                     -> active 0 cursor 0 tail 3
        ",
    );
}

/// H22: position by number, cursor, and those gone ahead; it never says 0.
#[test]
fn positions() {
    for (number, cursor, gone, want) in [
        (1, 0, 0, 1),
        (10, 0, 0, 10),
        (10, 4, 0, 6),
        (10, 4, 3, 3),
        (10, 9, 0, 1),
        (10, 10, 0, 1),
        (10, 12, 5, 1),
        (u64::MAX, 0, 0, u64::MAX),
    ] {
        assert_eq!(position(number, cursor, gone), want, "{number} {cursor} {gone}");
    }
}

/// H22: the estimate is in milliseconds, rounded up, and unknown where nobody is let in.
#[test]
fn estimates() {
    for (position, admitted, window_ms, want) in [
        (100, 60, 60_000, Some(100_000)),
        (100, 6_000, 60_000, Some(1_000)),
        (1, 1, 60_000, Some(60_000)),
        (101, 100, 1_000, Some(1_010)),
        (3, 3_000, 1_000, Some(1)),
        (100, 0, 60_000, None),
        (100, 60, 0, None),
        (u64::MAX, 1, u64::MAX, None),
    ] {
        let got = estimated_wait_ms(position, admitted, window_ms);
        assert_eq!(got, want, "{position} {admitted} {window_ms}");
    }
}

/// Near the front often, far away seldom, within bounds.
#[test]
fn polls() {
    let law = PollLaw::default();
    for (position, wait_ms, want) in [
        (1, None, 1_002),
        (1, Some(0), 1_000),
        (1, Some(4_000), 1_000),
        (500, Some(60_000), 15_000),
        (500, None, 2_000),
        (500, Some(3_600_000), 30_000),
        (u64::MAX, None, 30_000),
        (u64::MAX, Some(u64::MAX), 30_000),
    ] {
        assert_eq!(law.after_ms(position, wait_ms), want, "{position} {wait_ms:?}");
    }
}

/// H35: however many wait and however fast they are let in, all of them together ask within the budget.
/// They are followed from where they stand to the front.
#[test]
fn all_polls_together_stay_within_the_budget() {
    for (waiting, rate, budget) in [
        (1_000_u64, 100_u32, 4_000.0),
        (100_000, 500, 10_000.0),
        (1_000_000, 500, 10_000.0),
        (1_000_000, 3_000, 15_000.0),
        (1_000_000, 3_000, 40_000.0),
        (2_000_000, 50, 4_000.0),
    ] {
        let law = PollLaw::of(waiting, rate.into(), budget);
        let (mut wait_ms, mut asks) = (waiting * 1000 / u64::from(rate), 0.0);
        while wait_ms > 0 {
            wait_ms = wait_ms.saturating_sub(law.after_ms(1, Some(wait_ms)));
            asks += 1.0;
        }
        // As many come to the front in a second as are let in; each has asked so often.
        let asked = asks * f64::from(rate);
        assert!(asked <= budget * 1.1, "{waiting} {rate} {budget}: {asked} by {law:?}");
        assert!((1.25..=4.0).contains(&law.divisor), "{law:?}");
    }
    assert_eq!(PollLaw::of(0, 0.0, 1_000.0), PollLaw::default(), "nobody waits");
}

/// What gives way first is the divisor, then the times; what fits exactly gives way to nothing, and what
/// can never fit is left at the longest times. Computed from the law's text, apart from its code.
#[test]
fn the_budget_decides_how_often_to_ask() {
    for ((waiting, rate, budget), (least_ms, most_ms, divisor)) in [
        ((100_000, 0_u32, 1_000.0), (1_000, 100_000, 4.0)),
        ((10_000_000, 0, 1_000.0), (1_000, 600_000, 4.0)),
        ((100, 0, 0.0), (1_000, 100_000, 4.0)),
        ((4_000, 1_000, 4_000.0), (1_000, 30_000, 4.0)),
        ((4_001, 1_000, 4_000.0), (1_000, 30_000, 3.75)),
        ((1_000_000, 500, 10_000.0), (1_250, 125_000, 1.25)),
        ((1_000_000, 3_000, 15_000.0), (2_440, 162_757, 1.25)),
        ((2_000_000, 50, 4_000.0), (1_250, 600_000, 1.25)),
        ((10_000_000, 1, 1_000.0), (1_000, 600_000, 4.0)),
        ((1_000_000, 5_000, 100.0), (10_000, 600_000, 1.25)),
        ((100_000, 5_000, 5_000.0), (10_000, 600_000, 1.25)),
    ] {
        let want = PollLaw { least_ms, most_ms, divisor };
        assert_eq!(PollLaw::of(waiting, rate.into(), budget), want, "{waiting} {rate} {budget}");
    }
}
