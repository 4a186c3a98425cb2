//! Tickets follow from what was paid, what went back, and what was cancelled.

use crate::script::check;

/// None before the payment; void with what goes back; a seat that is sold again has one of another reservation.
#[test]
fn a_ticket_follows_its_seat() {
    check(
        "
        concert c1 seats 5 price 100
        join u1
        charge u1 500
        reserve u1 r1 seats 1,2
        see tickets r1                   -> none
        pay u1 r1
        see tickets r1                   -> 1.1, 2.1
        refund u1 r1 amount 50
        see tickets r1                   -> 1.1, 2.1
        refund u1 r1 seats 2
        see tickets r1                   -> 1.1, 2.1 Refunded
        join u2
        charge u2 500
        reserve u2 r2 seats 2
        pay u2 r2 as p2
        see tickets r2                   -> 2.1
        see tickets r1                   -> 1.1, 2.1 Refunded
        refund u1 r1 seats_are blocked
        see tickets r1                   -> 1.1 Refunded, 2.1 Refunded
        see tickets r2                   -> 2.1
        ",
    );
}

/// All of a cancelled date are void from that moment on, whatever went back before.
#[test]
fn tickets_of_a_cancelled_date_are_void() {
    check(
        "
        concert c1 seats 5 price 100
        join u1
        charge u1 500
        reserve u1 r1 seats 1,2
        pay u1 r1
        refund u1 r1 seats 2
        cancel_date c1 d1 job j1
        see tickets r1                   -> 1.1 DateCancelled, 2.1 Refunded
        ",
    );
}

/// A hold that ended has none, however it ended.
#[test]
fn what_was_not_paid_has_no_ticket() {
    check(
        "
        concert c1 seats 5 price 100
        join u1
        reserve u1 r1 seats 1
        cancel u1 r1
        see tickets r1                   -> none
        reserve u1 r2 seats 2
        +1h
        see tickets r2                   -> none
        ",
    );
}
