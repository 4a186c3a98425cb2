//! The operator's commands: concerts, dates, the sale window, the queue's settings.

use crate::script::check;

#[test]
fn a_concert_is_made_with_its_dates_seats_and_queue() {
    check(
        "
        concert c1 dates d1,d2 seats 5   -> created d1,d2
        see concert c1                   -> 2 dates 10 seats
        see date d2                      -> 5 of 5 available
        see queue c1                     -> active 0 cursor 0 tail 0 returning 0
        see seat 5 of d2                 -> available
        concert c2 dates none            -> created
        see concert c2                   -> 0 dates 0 seats
    ",
    );
}

/// Order: invalid setting, already exists. Each line mends what the one before was refused for.
#[test]
fn create_concert_refuses_in_order() {
    check("
        concert c1 dates d1
        concert c1 name _ theater _ run_time 0 opens 1m closes 1m hold 0s max_active 0 max_waiting 0 rate 0 dates d1,d1 seats 0 -> invalid_setting ConcertName
        concert c1        theater _ run_time 0 opens 1m closes 1m hold 0s max_active 0 max_waiting 0 rate 0 dates d1,d1 seats 0 -> invalid_setting Theater
        concert c1                  run_time 0 opens 1m closes 1m hold 0s max_active 0 max_waiting 0 rate 0 dates d1,d1 seats 0 -> invalid_setting RunTime
        concert c1                             opens 1m closes 1m hold 0s max_active 0 max_waiting 0 rate 0 dates d1,d1 seats 0 -> invalid_setting SaleWindow
        concert c1                                                hold 0s max_active 0 max_waiting 0 rate 0 dates d1,d1 seats 0 -> invalid_setting Policy
        concert c1                                                        max_active 0 max_waiting 0 rate 0 dates d1,d1 seats 0 -> invalid_setting MaxActive
        concert c1                                                                     max_waiting 0 rate 0 dates d1,d1 seats 0 -> invalid_setting MaxWaiting
        concert c1                                                                                   rate 0 dates d1,d1 seats 0 -> invalid_setting AdmissionsPerSecond
        concert c1                                                                                          dates d1,d1 seats 0 -> invalid_setting Dates
        concert c1                                                                                          dates d1    seats 0 -> invalid_setting Seats
        concert c1                                                                                          dates d9            -> already_exists
        concert c2                                                                                          dates d1            -> already_exists
        concert c2                                                                                          dates d9            -> created d9
    ");
}

/// F2, F7: a show that is over, one before its sale's opening, and two at one instant are none.
#[test]
fn dates_that_cannot_be_are_refused() {
    check(
        "
        concert c1 opens 1h dates d1 starts 0s           -> date_in_past 0s
        concert c1 opens 1h dates d1 starts 59m          -> date_before_opening 59m 1h
        concert c1 opens 1h dates d1,d2 starts 2h        -> already_exists -
        concert c1 opens 1h dates d1 starts 1h1ms        -> created
        date c1 d2 starts 1h1ms                          -> already_exists d1
        {
        date c1 d2 starts 3h                             -> added
        date c1 d3 starts 3h                             -> already_exists d2
        concert c2 dates d7 starts 3h                    -> created        # another show's
        }
    ",
    );
}

#[test]
fn every_setting_has_its_limits() {
    let long = "x".repeat(201);
    check(&format!(
        "
        concert c1 name {long}                -> invalid_setting ConcertName
        concert c1 theater {long}             -> invalid_setting Theater
        concert c1 run_time 1441              -> invalid_setting RunTime
        concert c1 opens 2m closes 1m         -> invalid_setting SaleWindow
        concert c1 hold 24h1ms                -> invalid_setting Policy
        concert c1 shop 0s                    -> invalid_setting Policy
        concert c1 shop 24h1ms                -> invalid_setting Policy
        concert c1 grace 0s                   -> invalid_setting Policy
        concert c1 grace 24h1ms               -> invalid_setting Policy
        concert c1 per_user 0                 -> invalid_setting Policy
        concert c1 per_user 51                -> invalid_setting Policy
        concert c1 max_active 10000001        -> invalid_setting MaxActive
        concert c1 max_waiting 10000001       -> invalid_setting MaxWaiting
        concert c1 rate 10000001              -> invalid_setting AdmissionsPerSecond
        concert c1 numbers 1,2,2              -> invalid_setting Seats
        concert c1 numbers 0,1                -> invalid_setting Seats
        concert c1 price -1                   -> invalid_setting Seats
        concert c1 price 100000001            -> invalid_setting Seats
        concert c1 time_zone _                -> invalid_setting TimeZone
        concert c1 zone _                     -> invalid_setting Seats
        concert c1 zone {long}                -> invalid_setting Seats
        concert c1 run_time 1440 hold 24h shop 24h grace 24h per_user 50 price 100000000 -> created
        concert c2 opens 1m closes 1m1ms run_time 1 hold 1ms shop 1ms grace 1ms per_user 1 price 0 -> created
        "
    ));
}

#[test]
fn sizes_have_their_limits() {
    let dates = |count: u32| (1..=count).map(|n| format!("x{n}")).collect::<Vec<_>>().join(",");
    check(&format!(
        "
        concert c1 seats 100001               -> invalid_setting Seats
        concert c1 seats 1 dates {}           -> invalid_setting Dates
        concert c1 seats 1 dates {}           -> created
        date c1 d9                            -> invalid_setting Dates
        see concert c1                        -> 366 dates 366 seats
        ",
        dates(367),
        dates(366)
    ));
}

/// Order: concert not found, invalid setting, already exists, date in past, date before opening, date
/// exists.
#[test]
fn add_date_refuses_in_order() {
    check(
        "
        concert c1 dates d1 seats 5 opens 1h
        +1m
        date c9 d1 seats 0 starts 1m     -> concert_not_found
        date c1 d1 seats 0 starts 1m     -> invalid_setting Seats
        date c1 d1 seats 3 starts 1m     -> already_exists
        date c1 d2 seats 3 starts 1m     -> date_in_past 1m
        date c1 d2 seats 3 starts 1h     -> date_before_opening 1h 1h
        date c1 d2 seats 3 starts 24h    -> already_exists d1
        date c1 d2 seats 3               -> added d2
        see concert c1                   -> 2 dates 8 seats
        see date d2                      -> 3 of 3 available
    ",
    );
}

/// Order: concert not found, invalid setting. What is not said stays as it is.
#[test]
fn set_queue_changes_what_it_names() {
    check(
        "
        concert c1 max_active 10 rate 20 max_waiting 30
        queue c9 max_active 0            -> concert_not_found
        queue c1 max_active 0 max_waiting 0 rate 0 -> invalid_setting MaxActive
        queue c1              max_waiting 0 rate 0 -> invalid_setting MaxWaiting
        queue c1                            rate 0 -> invalid_setting AdmissionsPerSecond
        queue c1 max_active 10000001     -> invalid_setting MaxActive
        queue c1                         -> running 10 20 30
        queue c1 paused on               -> paused 10 20 30
        queue c1 max_active 11           -> paused 11 20 30
        queue c1 rate 21 max_waiting 31  -> paused 11 21 31
        queue c1 paused off              -> running 11 21 31
        queue c1 paused on why _         -> invalid_setting PauseReason
        queue c1 why short_break         -> invalid_setting PauseReason    # nobody would be told it
        queue c1 paused off why short_break -> invalid_setting PauseReason
        queue c1 paused on why short_break -> paused
        see told c1                      -> Spring Hall 120 - short break
        queue c1 max_active 12           -> paused
        see told c1                      -> Spring Hall 120 - short break
        queue c1 paused off              -> running
        see told c1                      -> Spring Hall 120 - -
    ",
    );
}

/// A layout is there once, however often it is added; a date names one that is there, has as many seats, and is given
/// no others later. Order: layout not found behind what is wrong with the date by itself.
#[test]
fn a_date_has_the_seats_of_its_layout() {
    check(
        "
        layout l1 seats 3                -> layout added
        layout l1 seats 3                -> layout added
        layout l2 seats 0                -> invalid_setting Layout
        layout l2 seats 100001           -> invalid_setting Layout
        layout l2 times 2097152          -> layout added
        layout l2 times 2097153          -> invalid_setting Layout
        concert c1 dates d1 seats 0 layout l9 -> invalid_setting Seats
        concert c1 dates d1 seats 3 layout l9 -> layout_not_found
        concert c1 dates d1 seats 2 layout l1 -> invalid_setting Layout
        concert c1 dates d1 seats 3 layout l1 -> created d1
        date c1 d2 seats 3 layout l9     -> layout_not_found
        date c1 d2 seats 4 layout l1     -> invalid_setting Layout
        date c1 d2 seats 3 layout l1     -> added d2
        edit_date c1 d2 numbers 1,3 zone S price 7 -> edited 3 seats
        edit_date c1 d2 numbers 3,4      -> invalid_setting Seats
        see date d2                      -> 3 of 3 available
    ",
    );
}
