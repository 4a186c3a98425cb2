//! The times of a sale: announced, and opened and closed by hand.

use crate::script::check;

#[test]
fn a_sale_opens_and_closes_at_once() {
    check(
        "
        concert c1 closes 1h
        sale c9 open                     -> concert_not_found
        sale c9 close                    -> concert_not_found
        +1m
        sale c1 open                     -> sale opens 0s closes 1h     # open stays open
        join u1
        join u2
        sale c1 close                    -> sale opens 0s closes 1m
        +30s
        sale c1 close                    -> sale opens 0s closes 1m     # closed stays closed
        join u3                          -> sale_closed
        reserve u1 r1                    -> sale_closed
        sale c1 open                     -> sale opens 0s closes 1h     # and goes on where it was
        see announced c1                 -> 0s to 1h
        reserve u2 r1                    -> held
    ",
    );
}

/// F8: opened by mistake and closed again, a sale waits for its announced opening.
#[test]
fn a_wrong_click_loses_no_announced_time() {
    check(
        "
        concert c1 opens 10m closes 1h
        sale c1 open                     -> sale opens 0s closes 1h
        join u1                          -> admitted
        +30s
        sale c1 close                    -> sale opens 10m closes 1h
        join u2                          -> waiting
        reserve u1 r1                    -> sale_not_open 10m
        sale c1 close                    -> sale opens 10m closes 1h    # once more: the same
        join u3                          -> waiting
        sale c1 open                     -> sale opens 0s closes 1h
        sale c1 open                     -> sale opens 0s closes 1h     # once more: the same
        sale c1 close                    -> sale opens 10m closes 1h
        see announced c1                 -> 10m to 1h
        at 10m
        admit c1                         -> admitted 2
    ",
    );
}

/// What is not named stays; a closing can be taken away, an opening only be moved.
#[test]
fn times_are_set() {
    check(
        "
        concert c1 opens 10m closes 1h dates d1 starts 2h
        sale c1 set opens 20m            -> sale opens 20m closes 1h
        sale c1 set closes 50m           -> sale opens 20m closes 50m
        sale c1 set closes none          -> sale opens 20m closes -
        sale c1 set                      -> sale opens 20m closes -
        sale c1 set opens 15m closes 30m -> sale opens 15m closes 30m
        at 15m
        sale c1 set closes 25m           -> sale opens 15m closes 25m
        sale c1 set opens 15m closes 26m -> sale opens 15m closes 26m   # the same opening moves nothing
        at 30m
        sale c1 set closes 1h            -> sale opens 15m closes 1h    # a sale that is over goes on
        join u1                          -> admitted
    ",
    );
}

/// Opened again after its closing a sale goes on without it, and the closing stays as it was announced.
#[test]
fn opening_after_the_end_passes_the_end_over() {
    check(
        "
        concert c1 closes 20m
        at 30m
        sale c1 close                    -> sale opens 0s closes 20m
        sale c1 open                     -> sale opens 0s closes -
        see announced c1                 -> 0s to 20m
        join u1                          -> admitted
        +1m
        sale c1 set closes 20m           -> sale opens 0s closes -      # as announced: no new one
        sale c1 close                    -> sale opens 0s closes 31m
        see announced c1                 -> 0s to 20m
        join u2                          -> sale_closed
        sale c1 open                     -> sale opens 0s closes -
        sale c1 set closes 40m           -> sale opens 0s closes 40m    # a new one counts
        join u2                          -> admitted
        at 40m
        join u3                          -> sale_closed
        sale c1 open                     -> sale opens 0s closes -
        -5m
        sale c1 set closes 38m           -> sale opens 0s closes 38m    # also by a clock that went back
    ",
    );
}

/// A slip in a date opens or closes nothing, and no announced time is lost by it.
#[test]
fn a_time_that_has_passed_is_not_set() {
    check(
        "
        concert c1 opens 10m closes 1h
        at 5m
        sale c1 set opens 5m             -> sale_time_in_past OpensAt 5m
        sale c1 set opens -24h           -> sale_time_in_past OpensAt -24h
        sale c1 open                     -> sale opens 5m closes 1h
        sale c1 close                    -> sale opens 10m closes 1h
        sale c1 set opens 5m1ms          -> sale opens 5m1ms closes 1h
        at 30m
        sale c1 set closes 30m           -> sale_time_in_past ClosesAt 30m
        sale c1 set closes -24h          -> sale_time_in_past ClosesAt -24h
        see announced c1                 -> 5m1ms to 1h
        join u1                          -> admitted
    ",
    );
}

/// Order: concert not found, sale has opened, sale time in past (opening), invalid setting (draw), date before
/// opening, sale time in past (closing), invalid setting (window).
#[test]
fn set_sale_refuses_in_order() {
    check(
        "
        concert c1 opens 10m closes 1h drawn_before 9m dates d1 starts 2h
        sale c9 set opens 1m closes 1m   -> concert_not_found
        sale c1 set opens 0s closes 0s   -> sale_time_in_past OpensAt 0s
        sale c1 set opens 8m closes 8m   -> invalid_setting Draw
        sale c1 set opens 2h closes 2h   -> date_before_opening 2h 2h
        sale c1 set opens 90m closes 0s  -> sale_time_in_past ClosesAt 0s
        sale c1 set opens 90m closes 90m -> invalid_setting SaleWindow
        sale c1 set opens 2h closes none -> date_before_opening 2h 2h
        at 10m
        sale c1 set opens 8m closes 8m   -> sale_has_opened 10m
        sale c1 set closes 10m           -> sale_time_in_past ClosesAt 10m
        see announced c1                 -> 10m to 1h
    ",
    );
}
