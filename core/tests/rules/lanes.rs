//! Several queues of one concert: each with its opening, its limits, its draw and its cursor; all sell the
//! same seats, and a user has one live place in all of them.

use crate::script::{check, each};
use boxoffice_core::limits::QUEUES_PER_CONCERT_MAX;
use boxoffice_core::queue::QueueKind;

/// Order of `AddQueue`: concert not found, sale closed, invalid setting, sale time in past, date before opening,
/// already exists.
#[test]
fn a_queue_is_added() {
    check(
        "
        lane c1/q2 opens 5m                          -> concert_not_found
        concert c1 opens 10m closes 20m
        lane c1/q2 opens -1m name _ rate 0           -> invalid_setting QueueName
        lane c1/q2 opens -1m rate 0                  -> sale_time_in_past OpensAt -1m
        lane c1/q2 opens 20m rate 0                  -> invalid_setting SaleWindow
        lane c1/q2 opens 5m rate 0                   -> invalid_setting AdmissionsPerSecond
        lane c1/q2 opens 5m drawn_before 6m          -> invalid_setting Draw
        lane c1/q2 opens 5m                          -> added q2 opens 5m
        lane c1/q2 opens 5m                          -> already_exists
        lane c1 opens 5m                             -> already_exists
        join u1 in c1/q3                             -> queue_not_found
        admit c1/q3                                  -> queue_not_found
        queue c1/q3 rate 1                           -> queue_not_found
        draw c1/q3 7f                                -> queue_not_found
        concert c2
        join u1 in c2/q2                             -> queue_not_found   # another concert's
        at 20m
        lane c1/q4 opens 30m                         -> sale_closed
        ",
    );
    let most = u32::try_from(QUEUES_PER_CONCERT_MAX).unwrap();
    let lanes = each(2, most, |n| format!("lane c1/q{n} opens 5m -> added q{n}"));
    check(&format!("concert c1 opens 10m\n{lanes}\nlane c1/q0 opens 5m -> invalid_setting Queues"));
}

/// A queue opens while there is something to sell: before the last date that stands, and before the sale closes. So
/// neither is moved to before its opening, as long as that is to come.
#[test]
fn a_queue_opens_while_something_is_sold() {
    check(
        "
        concert c1 opens 10m dates d1 starts 1h
        lane c1/q2 opens 1h                          -> date_before_opening 1h 1h
        lane c1/q2 opens 1h rate 0                   -> date_before_opening 1h 1h
        lane c1/q2 opens 59m                         -> added q2
        date c1 d2 starts 3h
        lane c1/q3 opens 2h                          -> added q3
        edit_date c1 d1 starts 50m                   -> edited
        edit_date c1 d2 starts 2h                    -> date_before_opening 2h 2h
        date c1 d3 starts 4h
        edit_date c1 d2 starts 2h                    -> edited     # another is after it
        sale c1 set closes 2h                        -> invalid_setting SaleWindow
        sale c1 set closes 121m                      -> sale opens 10m closes 2h1m
        lane c1/q4 opens 121m                        -> invalid_setting SaleWindow
        cancel_date c1 d3 job j1
        lane c1/q4 opens 2h                          -> date_before_opening 2h 2h
        at 110m
        sale c1 set closes 111m                      -> invalid_setting SaleWindow
        sale c1 close                                -> sale opens 10m closes 1h50m
        sale c1 open
        at 2h
        sale c1 set closes none                      -> sale opens 10m closes -
        sale c1 set closes 120m1ms                   -> sale opens 10m closes 2h1ms
        at 3h
        sale c1 open                                 # its closing counts no more
        lane c1/q5 opens 200m                        -> date_before_opening 2h 3h20m
        date c1 d5 starts 5h
        lane c1/q5 opens 200m                        -> added q5
        ",
    );
    check(
        "
        concert c1 opens 10m dates none
        lane c1/q2 opens 24h                         -> added q2   # dates may come
        date c1 d1 starts 1h
        sale c1 set closes 23h                       -> invalid_setting SaleWindow
        ",
    );
}

/// Each opens at its own time, lets in within its own limits, and serves its own order; what one of them
/// does moves nothing in the other.
#[test]
fn each_serves_its_own_order() {
    let general = each(1, 4, |n| format!("join u{n} -> waiting - new"));
    let other = each(5, 8, |n| format!("join u{n} in c1/q2 -> waiting - new in q2"));
    check(&format!(
        "
        concert c1 opens 10m max_active 1 seed 7
        lane c1/q2 opens 5m max_active 3 rate 2 seed 9
        {general}
        {other}
        admit c1                         -> admitted 0
        admit c1/q2                      -> admitted 0
        at 5m
        admit c1                         -> admitted 0                # its opening is to come
        admit c1/q2                      -> admitted 2                # a second's worth
        see queue c1                     -> active 0 cursor 0 tail 4 returning 0
        see queue c1/q2                  -> active 2 cursor 2 tail 4 returning 0
        see order c1/q2                  -> u6 u8 u7 u5
        see place u6                     -> Served
        see place u8                     -> Served
        see place u5                     -> Waiting
        join u9 in c1/q2                 -> waiting 5 new in q2       # not past those who wait
        join u10                         -> waiting - new             # drawn with those of its queue
        at 10m
        admit c1                         -> admitted 1
        admit c1/q2                      -> admitted 1
        see order c1                     -> u2 u4 u3 u10 u1
        see queue c1                     -> active 1 cursor 1 tail 5 returning 0
        see queue c1/q2                  -> active 3 cursor 3 tail 5 returning 0
        queue c1/q2 paused on            -> paused
        leave u8
        admit c1/q2                      -> admitted 0
        leave u2
        admit c1                         -> admitted 1
        ",
    ));
}

/// Whoever was let in by one queue and whoever was by another are in one shop: a seat goes to one of them.
/// The general queue's are not let in by the other's opening, and its users may buy before the sale's.
#[test]
fn all_sell_the_same_seats() {
    check(
        "
        concert c1 opens 10m hold 5m seats 2
        lane c1/q2 opens 5m
        at 5m
        join u1 in c1/q2                 -> admitted 1 new until 6m in q2
        charge u1 500
        reserve u1 r1 seats 1            -> held 1
        pay u1 r1                        -> paid
        join u2 in c1/q2                 -> admitted 2
        reserve u2 r2 seats 1            -> seats_taken 1
        reserve u2 r2 seats 2            -> held 2 for 100 until 10m
        at 10m
        join u3                          -> admitted 1
        reserve u3 r3 seats 1            -> seats_taken 1
        reserve u3 r3 seats 2            -> held 2                    # the other's hold has lapsed
        expire u2                        -> ended
        see seat 2                       -> held r3
        see admission u2                 -> over HoldLapsed
        see queue c1                     -> active 1
        see queue c1/q2                  -> active 0
        ",
    );
}

/// One live place in all queues of a concert, decided on the rows: whoever has one is told of it, whatever
/// queue is named, also within one batch. Another concert's are others.
#[test]
fn a_user_has_one_live_place_in_all_queues() {
    check(
        "
        concert c1 opens 10m
        lane c1/q2 opens 5m
        join u1 in c1/q2                 -> waiting - new in q2
        join u1                          -> waiting - same in q2
        join u2                          -> waiting - new
        join u2 in c1/q2                 -> waiting - same
        {
        join u3                          -> waiting - new
        join u3 in c1/q2                 -> waiting - same
        join u4 in c1/q2                 -> waiting - new in q2
        join u4                          -> waiting - same in q2
        }
        concert c3 opens 10m
        join u1 in c3                    -> waiting - new
        at 5m
        admit c1/q2                      -> admitted 2
        join u1                          -> admitted 2 same until 6m in q2
        leave u1
        join u1                          -> waiting - new             # the line that it chose
        join u1 in c1/q2                 -> waiting - same
        leave u1
        join u1 in c1/q2                 -> admitted 3 new until 6m in q2
        see queue c1                     -> active 0 cursor 0 tail 3 returning 0
        see queue c1/q2                  -> active 2 cursor 3 tail 3 returning 0
        ",
    );
}

/// However often a user changes queues, or shops in one of them, there is one place of theirs in each draw: the one
/// that was left is taken up again, also within one batch. After the draw a place is a new one.
#[test]
fn who_changes_queues_is_drawn_once_in_each() {
    check(
        "
        concert c1 opens 10m hold 1m rehold 10m
        lane c1/q2 opens 5m
        lane c1/q3 opens 1m
        join u1                          -> waiting - new
        leave u1
        join u1 in c1/q2                 -> waiting - new in q2
        join u9 in c1/q2                 -> waiting - new in q2
        leave u1
        join u1                          -> waiting - same
        see queue c1                     -> active 0 cursor 0 tail 1 returning 0
        leave u1
        join u1 in c1/q2                 -> waiting - same in q2
        leave u1
        join u2                          -> waiting - new
        leave u2
        join u2 in c1/q2                 -> waiting - new in q2
        leave u2
        join u2                          -> waiting - same
        at 1m
        join u1 in c1/q3                 -> admitted 1 new until 2m in q3
        reserve u1 r1 seats 1            -> held 1
        at 2m
        expire u1                        -> ended
        join u1 in c1/q2                 -> waiting - same in q2
        see place u1                     -> Waiting lapses 1 unpaid 1m
        see queue c1                     -> active 0 cursor 0 tail 2 returning 0
        see queue c1/q2                  -> active 0 cursor 0 tail 3 returning 0
        at 5m
        admit c1/q2                      -> admitted 2               # the third has left
        leave u1
        join u1                          -> waiting - same
        leave u1
        at 10m
        join u1                          -> waiting 3 new            # behind those of the draw
        ",
    );
}

/// Whoever was let in and did not come comes back to the front of that queue. A place that was left before
/// the draw is taken up again by who asks for its queue, and for no other.
#[test]
fn whoever_comes_back_comes_back_to_the_same_queue() {
    check(
        "
        concert c1 opens 10m
        lane c1/q2 opens 5m max_active 1
        join u5 in c1/q2                 -> waiting - new in q2
        leave u5
        join u5                          -> waiting - new
        leave u5
        join u5                          -> waiting - same
        leave u5
        join u5 in c1/q2                 -> waiting - same in q2
        leave u5
        at 5m
        join u1 in c1/q2                 -> admitted 2 new until 6m in q2
        join u2 in c1/q2                 -> waiting 3 new in q2
        at 6m
        join u1                          -> returning 2 same in q2
        admit c1/q2                      -> admitted 1
        see place u1                     -> Served
        see place u2                     -> Waiting
        at 7m
        leave u1
        join u1                          -> waiting - new
        ",
    );
}

/// What has come to nothing follows a user from one queue to the other.
#[test]
fn lapses_follow_the_user_through_all_queues() {
    let lapse = |queue: &str, n: u32| {
        format!(
            "join u1 in {queue} -> admitted\nreserve u1 r{n} seats {n}\n+5m\nexpire u1 -> ended\n"
        )
    };
    let (one, two, three) = (lapse("c1", 1), lapse("c1/q2", 2), lapse("c1", 3));
    check(&format!(
        "
        concert c1 opens 0s hold 5m rehold 10m
        lane c1/q2 opens 1m
        at 1m
        {one}
        {two}
        see place u1                     -> Served lapses 2 unpaid 10m
        {three}
        join u1 in c1/q2                 -> too_many_lapses until 46m
        join u1                          -> too_many_lapses until 46m
        "
    ));
}

/// Closing a sale closes it for all queues, also while only one with an opening of its own is open; opening
/// it goes on where it was, and the announced opening stands.
#[test]
fn a_sale_is_closed_for_all_queues() {
    check(
        "
        concert c1 opens 10m
        lane c1/q2 opens 5m
        sale c1 close                    -> sale opens 10m closes -     # still to come, for both
        join u1                          -> waiting
        at 5m
        join u2 in c1/q2                 -> admitted
        sale c1 close                    -> sale opens 10m closes 5m
        join u3 in c1/q2                 -> sale_closed
        join u3                          -> sale_closed
        reserve u2 r2 seats 1            -> sale_closed
        delete_concert c1                -> deleted
        ",
    );
    check(
        "
        concert c1 opens 10m
        lane c1/q2 opens 5m
        at 5m
        delete_concert c1                -> sale_open                  # one of its queues is
        sale c1 close
        sale c1 open                     -> sale opens 10m closes -
        join u1                          -> waiting
        join u2 in c1/q2                 -> admitted
        reserve u2 r2 seats 1            -> held 1
        ",
    );
}

/// Each queue has a draw of its own, with its own terms and value.
#[test]
fn each_draws_by_itself() {
    check(
        "
        concert c1 opens 10m
        lane c1/q2 opens 5m beacon drand_round_7
        join u1                          -> waiting
        join u2 in c1/q2                 -> waiting
        draw c1 7f                       -> invalid_setting Draw
        draw c1/q2 7f                    -> sale_not_open 5m
        at 10m
        see draw c1                      -> to come
        admit c1                         -> admitted 1
        admit c1/q2                      -> admitted 0
        see draw c1                      -> drawn
        see draw c1/q2                   -> awaits its value
        draw c1/q2 7f                    -> draw set
        see draw c1/q2                   -> drawn
        admit c1/q2                      -> admitted 1
        ",
    );
}

/// The row says which queue was added, and how it is called.
#[test]
fn an_added_queue_is_named() {
    let world = check("concert c1 opens 10m\nlane c1/q2 opens 5m name Fans");
    let named = world.queues.values().find(|queue| queue.kind == QueueKind::Named).unwrap();
    assert_eq!(named.queue_name, "Fans");
    let general = world.queues.values().filter(|queue| queue.kind == QueueKind::General);
    assert_eq!(general.count(), 1);
}
