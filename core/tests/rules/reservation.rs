//! Holding seats and letting them go.

use crate::script::check;
use crate::words::{id, queue};
use boxoffice_core::command::Command;
use boxoffice_core::id::{DateId, PlaceKey, ReservationId, UserId};
use boxoffice_core::limits::{BLOCKS_PER_RESERVATION_MAX, LAPSES_MAX, SEATS_PER_RESERVATION_MAX};
use boxoffice_core::reservation::{Cancel, Reserve, ReserveBest};
use boxoffice_core::rows::{Keys, Rows};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Whoever names more seats than a reservation may have is refused without a look at any of them;
/// the rest of the command is looked at as ever, because other refusals come first.
#[test]
fn too_many_seats_are_not_loaded() {
    let most = u32::try_from(SEATS_PER_RESERVATION_MAX).unwrap();
    for (named, loaded) in [(1, 1), (most, most), (most + 1, 0), (10_000, 0)] {
        let command = Command::Reserve(Reserve {
            user: UserId(id("u1")),
            place: PlaceKey { queue: queue("c1"), sequence: 1 },
            date: DateId(id("d1")),
            seats: (1..=named).collect(),
            reservation: ReservationId(id("r1")),
        });
        let mut keys = Keys::default();
        command.keys(&Rows::default(), &mut keys);
        assert_eq!(keys.seats.len(), usize::try_from(loaded).unwrap(), "{named} seats named");
        assert_eq!((keys.dates.len(), keys.admissions.len()), (1, 1));
    }
}

/// The order documented at `Reserve::decide`. Each line still has the faults that come later.
#[test]
fn reserve_refuses_in_order() {
    let many = (1..=51).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    check(&format!(
        "
        concert c1 seats 6 max_active 3 per_user 2
        concert c2 seats 6
        join u7
        reserve u7 r7 seats 1
        join u8
        sale c1 close
        reserve u1 r7 seats none of d9   -> queue_token_unknown
        sale c1 open
        join u9
        join u1                          -> waiting
        sale c1 close
        reserve u1 r7 seats none of d9   -> not_admitted
        sale c1 open
        leave u9
        admit c1                         -> admitted 1
        sale c1 close
        reserve u1 r7 seats none of d9   -> invalid_setting Seats
        reserve u1 r7 seats {many} of d9 -> invalid_setting Seats
        reserve u1 r7 seats 1,99 of d9   -> date_not_found
        reserve u1 r7 seats 1,99 of d2   -> date_not_found            # another concert's
        reserve u1 r7 seats 1,98,99      -> sale_closed
        sale c1 open
        reserve u1 r1 seats 2            -> held 2
        reserve u1 r7 seats 1,98,99      -> seat_not_found 98,99
        reserve u1 r7 seats 1,2,3,4      -> hold_exists r1
        cancel u1 r1                     -> released
        reserve u1 r7 seats 1,2,3        -> seat_limit 2 have 0
        reserve u1 r7 seats 1,2          -> seats_taken 1
        reserve u1 r7 seats 2            -> already_exists
        reserve u1 r2 seats 2            -> held 2 for 100
        "
    ));
}

/// A performance that has begun is not sold, however long the sale is open.
#[test]
fn a_begun_performance_is_not_sold() {
    check(
        "
        concert c1 seats 2 max_active 2 shop 2h
        at 23h
        join u1
        reserve u1 r1 seats 1            -> held 1
        join u2
        arrive u2
        at 24h
        reserve u2 r2 seats 2            -> sale_closed
        ",
    );
}

/// The sale's window counts at the hold too. (That somebody is in before the opening takes a clock
/// that jumps back.)
#[test]
fn seats_are_sold_inside_the_window() {
    check(
        "
        concert c1 opens 10m closes 12m
        at 10m
        join u1                          -> admitted
        -1m
        reserve u1 r1 seats 1            -> sale_not_open 10m
        at 10m
        reserve u1 r1 seats 1            -> held 1
        cancel u1 r1
        at 12m
        reserve u1 r2 seats 1            -> sale_closed
        -1ms
        reserve u1 r2 seats 1            -> held 1
    ",
    );
}

/// H19: every kind of wrong token.
#[test]
fn reserve_needs_a_live_token_of_ones_own() {
    check(
        "
        concert c1 max_active 2 shop 10m
        concert c2
        join u1
        join u2 in c2
        join u8
        join u3                          -> waiting
        reserve u2 r1 seats 1            -> queue_token_unknown       # none
        reserve u2 r1 seats 1 with u1    -> queue_token_unknown       # another user's
        reserve u2 r1 seats 1 with u3    -> queue_token_unknown       # another user's, waiting
        reserve u2 r1 seats 1 of d1 in c2 -> date_not_found           # another concert's
        reserve u3 r1 seats 1            -> not_admitted
        leave u3
        reserve u3 r1 seats 1            -> queue_token_expired       # left the line
        leave u8
        reserve u8 r1 seats 1            -> queue_token_expired       # left the shop
        arrive u1
        at 10m
        reserve u1 r1 seats 1            -> queue_token_expired       # too late
        see date d1                      -> 5 of 5 available
    ",
    );
}

/// H1: 1,000 users, one seat, one instant: exactly one has it.
#[test]
fn one_seat_has_one_owner() {
    let mut script = String::from("concert c1 seats 1 max_active 1000 rate 1000\n");
    for n in 1..=1000 {
        writeln!(script, "join u{n} -> admitted").unwrap();
    }
    script += "{\nreserve u1 r1 seats 1 -> held 1\n";
    for n in 2..=1000 {
        writeln!(script, "reserve u{n} r{n} seats 1 -> seats_taken 1").unwrap();
    }
    script += "}\nsee seat 1 -> held r1\nsee date d1 -> 0 of 1 available";
    let script = script.replacen("join", "{\njoin", 1).replacen("{\nreserve", "}\n{\nreserve", 1);
    check(&script);
}

/// H2: several seats in different orders: all or none, and the order of the numbers means nothing.
#[test]
fn all_seats_or_none() {
    check(
        "
        concert c1 seats 5
        join u1
        join u2
        {
        reserve u1 r1 seats 3,2          -> held 2,3 for 200
        reserve u2 r2 seats 1,2,3        -> seats_taken 2,3
        }
        see seat 1                       -> available
        see date d1                      -> 3 of 5 available
        see reservation r2               -> none
        reserve u2 r2 seats 4,1          -> held 1,4
    ",
    );
}

/// H5: no sweep ever runs. The seat is free at the millisecond of expiry, and not one before.
#[test]
fn a_lapsed_hold_is_free_by_predicate() {
    check(
        "
        concert c1 seats 2 hold 5m
        join u1
        reserve u1 r1 seats 1,2          -> held 1,2 for 200 until 5m
        at 4m59s999ms
        join u2
        reserve u2 r2 seats 1            -> seats_taken 1
        see reservation r1               -> Held
        at 5m
        see reservation r1               -> Expired
        see seat 2                       -> lapsed r1
        reserve u2 r2 seats 1            -> held 1
        see seat 1                       -> held r2
    ",
    );
}

/// H5: the sweep comes late, twice, and after others have taken a seat: it frees what is left once.
#[test]
fn a_late_sweep_is_a_sweep() {
    check(
        "
        concert c1 seats 3
        join u1
        reserve u1 r1 seats 1,2
        at 4m30s
        join u2
        at 4m59s999ms
        expire u1                        -> not_due
        at 5m
        reserve u2 r2 seats 2            -> held 2
        see date d1                      -> 1 of 3 available
        {
        expire u1                        -> ended
        expire u1                        -> not_due
        }
        expire u1                        -> not_due
        see seat 1                       -> available
        see seat 2                       -> held r2
        see date d1                      -> 2 of 3 available
        see admission u1                 -> over HoldLapsed
        see admission u2                 -> live until 10m
    ",
    );
}

/// H10: the available count follows holds, releases, sweeps and take-overs.
#[test]
fn the_available_count_is_right() {
    check(
        "
        concert c1 seats 4
        join u1
        join u2
        reserve u1 r1 seats 1,2,3        -> held 1,2,3
        see date d1                      -> 1 of 4 available
        reserve u2 r2 seats 4            -> held 4
        see date d1                      -> 0 of 4 available
        cancel u2 r2                     -> released
        see date d1                      -> 1 of 4 available
        at 5m
        reserve u2 r3 seats 1,4          -> held 1,4             # 1 is taken over, 4 is new
        see date d1                      -> 0 of 4 available
        expire u1                        -> ended                # 2 and 3 come free, 1 does not
        see date d1                      -> 2 of 4 available
        charge u2 200
        pay u2 r3                        -> paid 200
        see date d1                      -> 2 of 4 available
    ",
    );
}

/// H6: the clock jumps back over an expiry that has been acted upon: the new owner keeps the seat.
#[test]
fn a_clock_that_jumps_back_takes_no_seat_away() {
    check(
        "
        concert c1 seats 2 hold 5m
        join u1
        reserve u1 r1 seats 1,2
        at 4m30s
        join u2
        at 5m
        reserve u2 r2 seats 1            -> held 1
        -3m
        reserve u2 r3 seats 1            -> hold_exists r2
        cancel u1 r1                     -> released             # frees 2, which nobody took
        see seat 1                       -> held r2
        see date d1                      -> 1 of 2 available
        +30m
        -40m
        charge u2 100
        pay u2 r2                        -> paid 100
        see seat 1                       -> sold r2
    ",
    );
}

/// H9: seats of a date per user: held and confirmed ones count, also over several visits.
#[test]
fn the_limit_counts_holds_and_purchases() {
    check(
        "
        concert c1 dates d1,d2 seats 9 per_user 3 price 10
        join u1
        charge u1 1000
        reserve u1 r1 seats 1,2,3,4      -> seat_limit 3 have 0
        reserve u1 r1 seats 1,2          -> held 1,2
        pay u1 r1                        -> paid 20
        join u1                          -> admitted 2 new
        reserve u1 r2 seats 3,4          -> seat_limit 3 have 2
        reserve u1 r2 seats 3            -> held 3
        cancel u1 r2                     -> released
        reserve u1 r3 seats 4            -> held 4               # a released one counts no more
        at 5m
        join u1                          -> admitted 3 new
        reserve u1 r4 seats 5            -> held 5               # nor does a lapsed one
        pay u1 r4                        -> paid 10
        join u1
        reserve u1 r5 seats 6            -> seat_limit 3 have 3
        reserve u1 r5 seats 1,2,3 of d2  -> held 1,2,3           # another date, another limit
    ",
    );
}

/// H9: the same within one batch, where nothing of it has been saved yet.
#[test]
fn the_limit_counts_within_a_batch() {
    check(
        "
        concert c1 seats 9 per_user 3
        join u1
        charge u1 1000
        {
        reserve u1 r1 seats 1,2          -> held 1,2
        pay u1 r1 as p1                  -> paid 200
        join u1                          -> admitted 2 new
        reserve u1 r2 seats 3,4 at 2     -> seat_limit 3 have 2
        reserve u1 r2 seats 3 at 2       -> held 3
        pay u1 r2 as p2 at 2             -> paid 100
        join u1                          -> admitted 3 new
        reserve u1 r3 seats 4 at 3       -> seat_limit 3 have 3
        }
    ",
    );
}

/// H9: releasing and holding again does not stretch the visit; the last hold may outlast it once.
#[test]
fn a_hold_is_not_renewed_for_ever() {
    check(
        "
        concert c1 seats 2 hold 5m shop 10m
        join u1
        reserve u1 r1 seats 1            -> held 1 for 100 until 5m
        at 4m
        cancel u1 r1                     -> released
        see admission u1                 -> live until 10m
        reserve u1 r2 seats 1            -> held 1 for 100 until 9m
        at 8m
        cancel u1 r2
        reserve u1 r3 seats 1            -> held 1 for 100 until 13m
        reserve u1 r4 seats 1            -> hold_exists r3
        at 12m
        see admission u1                 -> live until 13m       # a hold taken in time is kept
        cancel u1 r3                     -> released
        reserve u1 r4 seats 1            -> queue_token_expired  # the time to shop is over
        see seat 1                       -> available
        join u1                          -> admitted 2 new       # and the user joins anew
    ",
    );
}

/// Order: already paid, hold lapsed, token, reservation not found. Releasing twice is once.
#[test]
fn cancel_refuses_in_order() {
    check(
        "
        concert c1 seats 9
        concert c2
        join u1
        join u2
        join u1 in c2
        cancel u1 r1 with u2             -> queue_token_unknown
        cancel u1 r1                     -> reservation_not_found
        reserve u1 r1 seats 1
        cancel u2 r1                     -> reservation_not_found     # another user's
        cancel u1 r1 in c2               -> reservation_not_found     # another concert's token
        cancel u1 r1 with u2             -> queue_token_unknown
        cancel u1 r1                     -> released
        cancel u1 r1                     -> released
        cancel u1 r1 with u2             -> released
        reserve u1 r2 seats 2
        charge u1 100
        pay u1 r2 as p2                  -> paid 100
        cancel u1 r2                     -> already_paid p2
        reserve u2 r3 seats 3
        at 5m
        cancel u2 r3                     -> hold_lapsed
        cancel u2 r3 with u1             -> hold_lapsed
        see seat 2                       -> sold r2
    ",
    );
}

/// Leaving the shop releases the hold at once.
#[test]
fn leaving_releases_the_hold() {
    check(
        "
        concert c1 seats 2
        join u1
        reserve u1 r1 seats 1,2
        leave u1                         -> left
        see reservation r1               -> Cancelled
        see date d1                      -> 2 of 2 available
        see admission u1                 -> over Left
        cancel u1 r1                     -> released
        pay u1 r1                        -> hold_released
    ",
    );
}

/// One batch: taken, released and taken again by another, each seeing what the one before did.
#[test]
fn a_batch_is_decided_in_order() {
    check(
        "
        concert c1 seats 2
        join u1
        join u2
        {
        reserve u1 r1 seats 1,2          -> held 1,2
        reserve u2 r2 seats 2            -> seats_taken 2
        cancel u1 r1                     -> released
        reserve u2 r2 seats 2            -> held 2
        reserve u1 r3 seats 1,2          -> seats_taken 2
        reserve u1 r3 seats 1            -> held 1
        leave u1                         -> left
        }
        see seat 1                       -> available
        see seat 2                       -> held r2
        see queue c1                     -> active 1
    ",
    );
}

/// The first block of which every seat can be had is taken, and no other: blocks that somebody was faster with, or
/// whose seats do not exist, are passed.
#[test]
fn the_first_block_that_is_free_is_held() {
    check(
        "
        concert c1 seats 9 max_active 5 per_user 3
        join u1
        reserve u1 r1 seats 2,3          -> held 2,3
        join u2
        reserve_best u2 r2 count 2 blocks 2,4/3,4/98,99/4,5/6,7 -> held 4,5 for 200
        see seat 6                       -> available
        join u3
        reserve_best u3 r3 count 2 blocks 4,6/5,7/1,2 -> seats_taken 2,4,5
        reserve_best u3 r3 count 2 blocks none largest 1 -> no_fitting_seats 1
        reserve_best u3 r3 count 3 blocks 6,7,8 -> held 6,7,8
    ",
    );
}

/// The order documented at `ReserveBest::decide`. Each line still has the faults that come later.
#[test]
fn reserve_best_refuses_in_order() {
    check(
        "
        concert c1 seats 9 max_active 3 per_user 2
        join u7
        reserve u7 r7 seats 1
        reserve_best u1 r7 count 0 blocks 1 of d9      -> queue_token_unknown
        join u1
        sale c1 close
        reserve_best u1 r7 count 0 blocks none of d9   -> invalid_setting Seats
        reserve_best u1 r7 count 51 blocks none of d9  -> invalid_setting Seats
        reserve_best u1 r7 count 3 blocks 1,2,3/4,5 of d9 -> invalid_setting Seats
        reserve_best u1 r7 count 3 blocks none of d9   -> date_not_found
        reserve_best u1 r7 count 3 blocks none         -> sale_closed
        sale c1 open
        reserve u1 r1 seats 2                          -> held 2
        reserve_best u1 r7 count 3 blocks none         -> hold_exists r1
        cancel u1 r1
        reserve_best u1 r7 count 3 blocks none         -> seat_limit 2 have 0
        reserve_best u1 r7 count 2 blocks none         -> already_exists
        reserve_best u1 r2 count 2 blocks none largest 1 -> no_fitting_seats 1
        reserve_best u1 r2 count 2 blocks 1,2/1,3      -> seats_taken 1
        reserve_best u1 r2 count 2 blocks 1,2/2,3      -> held 2,3
        ",
    );
}

/// H40: seats that the user let go a moment ago are passed; where nothing else is left, the user is told so.
#[test]
fn blocks_that_the_user_let_go_are_passed() {
    check(
        "
        concert c1 seats 9 hold 5m rehold 10m
        join u1
        reserve u1 r1 seats 2,3          -> held 2,3
        +3m
        cancel u1 r1                     -> released
        reserve_best u1 r2 count 2 blocks 2,3/3,4 -> seats_cooling_off 2,3
        join u2
        reserve_best u2 r3 count 2 blocks 3,4 -> held 3,4
        reserve_best u1 r2 count 2 blocks 2,3/5,6 -> held 5,6
    ",
    );
}

/// Blocks beyond those that there may be are not loaded.
#[test]
fn too_many_blocks_are_not_loaded() {
    let most = u32::try_from(BLOCKS_PER_RESERVATION_MAX).unwrap();
    for (named, loaded) in [(1, 2), (most, 2 * most), (most + 1, 0)] {
        let command = Command::ReserveBest(ReserveBest {
            user: UserId(id("u1")),
            place: PlaceKey { queue: queue("c1"), sequence: 1 },
            date: DateId(id("d1")),
            count: 2,
            blocks: (0..named)
                .map(|block| BTreeSet::from([2 * block + 1, 2 * block + 2]))
                .collect(),
            largest: 0,
            reservation: ReservationId(id("r1")),
        });
        let mut keys = Keys::default();
        command.keys(&Rows::default(), &mut keys);
        assert_eq!(keys.seats.len(), usize::try_from(loaded).unwrap(), "{named} blocks named");
    }
}

/// All who join lock the queue's row: a release does only where it may end the admission.
#[test]
fn a_release_seldom_locks_the_queue() {
    let queues = |lapses: u32| {
        let lapse = "join u1\nreserve u1 r0 seats 1\n+5m\nexpire u1\n".to_owned();
        let lapsed: String = (0..lapses)
            .map(|n| {
                lapse
                    .replace("r0", &format!("r{n}"))
                    .replace("seats 1", &format!("seats {}", n + 1))
            })
            .collect();
        let world = check(&format!(
            "concert c1 seats 9 hold 5m shop 20m rehold 10m\n{lapsed}join u1\nreserve u1 r9 seats 9"
        ));
        let (user, concert) = (UserId(id("u1")), queue("c1").concert);
        let place = world.newest_place(user, concert).unwrap();
        let cancel = Cancel { user, place, reservation: ReservationId(id("r9")) };
        world.queues_of(Command::Cancel(cancel)).len()
    };
    assert_eq!(queues(0), 0);
    assert_eq!(queues(LAPSES_MAX - 1), 1);
}
