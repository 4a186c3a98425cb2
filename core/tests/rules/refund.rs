//! Money and seats that go back.

use crate::script::check;
use boxoffice_core::event::Happening;

/// What three seats were paid for, and how the tests begin.
const PAID: &str = "
    concert c1 seats 5 price 100 per_user 3
    register u1 mina
    join u1
    charge u1 500
    reserve u1 r1 seats 1,2,3            -> held 1,2,3 for 300
    pay u1 r1                            -> paid 300 balance 200
";

fn after_paying(script: &str) {
    check(&format!("{PAID}{script}"));
}

/// Order: payment not found, invalid setting, already refunded, seats not booked, amount out of range, refund
/// too high, account deleted, balance limit.
#[test]
fn refund_refuses_in_order() {
    let fill = "adjust u1 100000000 -> adjusted\n".repeat(99);
    after_paying(&format!(
        "
        refund u1 r9 why _               -> payment_not_found
        refund u1 r1 of p9 why _         -> payment_not_found
        refund u2 r1 why _               -> payment_not_found
        refund u1 r1 in c2 why _         -> payment_not_found
        refund u1 r1 why _ seats 9       -> invalid_setting Reason
        refund u1 r1 seats none          -> invalid_setting Seats
        refund u1 r1 seats 1,4,9 amount -1 -> seats_not_booked 4,9
        refund u1 r1 seats 1 amount -1   -> amount_out_of_range 0 300
        refund u1 r1 amount 0            -> amount_out_of_range 1 300
        refund u1 r1 amount -5           -> amount_out_of_range 1 300
        refund u1 r1 amount 301          -> refund_too_high 300
        refund u1 r1 seats 1 amount 301  -> refund_too_high 300
        {fill}
        adjust u1 99999800               -> adjusted 99999800 balance 10000000000
        refund u1 r1                     -> balance_limit 10000000000
        adjust u1 -300                   -> adjusted -300 balance 9999999700
        refund u1 r1                     -> refunded 300 seats 1,2,3 left 0 balance 10000000000
        refund u1 r1 why _               -> invalid_setting Reason
        refund u1 r1                     -> already_refunded
        refund u1 r1 seats 1             -> already_refunded
        refund u1 r1 amount 1            -> already_refunded
        "
    ));
}

/// A hold that was not paid has no payment to go back.
#[test]
fn only_what_was_paid_goes_back() {
    check(
        "
        concert c1
        join u1
        reserve u1 r1 seats 1
        refund u1 r1                     -> payment_not_found
        cancel u1 r1
        refund u1 r1                     -> payment_not_found
    ",
    );
}

/// Everything at once: the booking is refunded, the seats can be had again, by anybody.
#[test]
fn a_whole_booking_goes_back() {
    after_paying(
        "
        see date d1                      -> 2 of 5 available 0 blocked
        refund u1 r1                     -> refunded 300 seats 1,2,3 left 0 balance 500
        see reservation r1               -> Refunded
        see date d1                      -> 5 of 5 available 0 blocked
        see seat 1                       -> available
        see ledger u1                    -> 3 entries 500 -300 300
        pay u1 r1                        -> already_paid p1
        cancel u1 r1                     -> already_paid p1
        join u2
        charge u2 100
        reserve u2 r2 seats 1
        pay u2 r2 as p2                  -> paid 100
        see seat 1                       -> sold r2
        refund u1 r1                     -> already_refunded
        refund u1 r1 seats 1             -> already_refunded
        join u1
        reserve u1 r3 seats 2,3,4        -> held 2,3,4
        pay u1 r3 as p3                  -> paid 300 balance 200
        refund u2 r2 of p2 seats 1       -> refunded 100 seats 1 left 0
        see seat 1                       -> available
    ",
    );
}

/// Seat by seat, at the price that was paid, whatever the seat costs now; a seat goes back once.
#[test]
fn seats_go_back_one_by_one() {
    after_paying(
        "
        refund u1 r1 seats 2             -> refunded 100 seats 2 left 200 balance 300
        see reservation r1               -> Confirmed
        see seat 2                       -> available
        see seat 1                       -> sold r1
        refund u1 r1 seats 2             -> seats_not_booked 2
        edit_date c1 d1 numbers 2 price 900
        join u2
        charge u2 900
        reserve u2 r2 seats 2            -> held 2 for 900
        refund u1 r1 seats 1,2           -> seats_not_booked 2
        pay u2 r2 as p2                  -> paid 900
        refund u1 r1 seats 1,2           -> seats_not_booked 2
        refund u2 r2 of p2 seats 2       -> refunded 900 seats 2 left 0
        refund u1 r1 seats 1,3           -> refunded 200 seats 1,3 left 0 balance 500
        see reservation r1               -> Refunded
    ",
    );
}

/// Seats that are kept off the sale are nobody's, and nobody gets them.
#[test]
fn seats_can_be_blocked() {
    after_paying(
        "
        refund u1 r1 seats 1,2 seats_are blocked -> refunded 200 seats 1,2
        see seat 1                       -> blocked
        see date d1                      -> 2 of 5 available 2 blocked
        join u2
        reserve u2 r2 seats 1,4          -> seats_taken 1 blocked 1
        reserve u2 r2 seats 4            -> held 4
        delete_date c1 d1                -> held_or_sold 2
        edit_date c1 d1 numbers 1 price 7 -> seats_taken 1
        cancel u2 r2
        refund u1 r1 seats_are blocked   -> refunded 100 seats 3
        delete_date c1 d1                -> deleted
    ",
    );
}

/// Money without seats, and seats without all of their money: never more than was paid, over all refunds.
#[test]
fn never_more_than_was_paid() {
    after_paying(
        "
        refund u1 r1 amount 250          -> refunded 250 seats none left 50 balance 450
        see reservation r1               -> Confirmed
        refund u1 r1 seats 1             -> refund_too_high 50
        refund u1 r1 amount 51           -> refund_too_high 50
        refund u1 r1 seats 1 amount 30   -> refunded 30 seats 1 left 20 balance 480
        refund u1 r1 seats 2,3 amount 0  -> refunded 0 seats 2,3 left 20 balance 480
        see reservation r1               -> Refunded
        see ledger u1                    -> 4 entries 500 -300 250 30
        refund u1 r1                     -> refunded 20 seats none left 0 balance 500
        refund u1 r1                     -> already_refunded
    ",
    );
    after_paying(
        "
        refund u1 r1 amount 300          -> refunded 300 seats none left 0
        refund u1 r1 amount 1            -> refund_too_high 0
        refund u1 r1 amount 0            -> already_refunded
        refund u1 r1                     -> refunded 0 seats 1,2,3 left 0
    ",
    );
}

/// A click that is sent twice, with and without its key, and in one batch.
#[test]
fn a_refund_is_made_once() {
    after_paying(
        "
        {
        key k refund u1 r1 seats 1       -> refunded 100 seats 1 left 200 balance 300
        key k refund u1 r1 seats 1       -> replayed refunded 100 seats 1 left 200 balance 300
        refund u1 r1 seats 1             -> seats_not_booked 1
        refund u1 r1                     -> refunded 200 seats 2,3 left 0 balance 500
        refund u1 r1                     -> already_refunded
        key j refund u1 r1               -> already_refunded
        }
        see ledger u1                    -> 4 entries 500 -300 100 200
    ",
    );
}

/// H9: what has gone back does not count against the limit of seats, what has not does.
#[test]
fn the_limit_counts_what_is_left() {
    after_paying(
        "
        join u1
        reserve u1 r2 seats 4            -> seat_limit 3 have 3
        refund u1 r1 seats 1             -> refunded 100
        reserve u1 r2 seats 4,5          -> seat_limit 3 have 2
        reserve u1 r2 seats 1            -> held 1
        cancel u1 r2
        refund u1 r1                     -> refunded 200
        reserve u1 r3 seats 2,3,4        -> held 2,3,4
    ",
    );
}

/// Nobody could get at the money of a deleted account. Its seats can be taken back without.
#[test]
fn a_deleted_account_gets_no_money() {
    after_paying(
        "
        adjust u1 -200 why paid_out      -> adjusted -200 balance 0
        user u1                          -> deleted
        refund u1 r1                     -> account_deleted
        refund u1 r1 amount 1            -> account_deleted
        refund u1 r1 seats 1             -> account_deleted
        refund u1 r1 seats 1,2,3 amount 0 -> refunded 0 seats 1,2,3 left 300 balance 0
        see reservation r1               -> Refunded
        see ledger u1                    -> 3 entries 500 -300 -200
    ",
    );
}

/// A seat that cost nothing goes back for nothing; no money moves.
#[test]
fn a_free_seat_goes_back() {
    check(
        "
        concert c1 price 0
        join u1
        reserve u1 r1 seats 1,2
        pay u1 r1                        -> paid 0
        refund u1 r1 amount 1            -> refund_too_high 0
        refund u1 r1 seats 1             -> refunded 0 seats 1 left 0
        refund u1 r1                     -> refunded 0 seats 2 left 0
        see reservation r1               -> Refunded
        see ledger u1                    -> 1 entries 0
    ",
    );
}

/// Long after the performance, and however the clock jumps: what was paid can go back.
#[test]
fn a_refund_has_no_time_limit() {
    after_paying(
        "
        +1000h
        refund u1 r1 seats 1             -> refunded 100
        -2000h
        refund u1 r1                     -> refunded 200 seats 2,3 left 0
    ",
    );
}

/// Whether seats are on sale again is told of those that went back: money alone puts none on sale.
#[test]
fn a_refund_tells_whether_its_seats_are_on_sale() {
    let world = check(&format!(
        "{PAID}
        refund u1 r1 amount 50           -> refunded 50 seats none
        refund u1 r1 amount 50 seats_are blocked -> refunded 50 seats none
        refund u1 r1 seats 1 amount 0    -> refunded 0 seats 1
        refund u1 r1 seats 2,3 amount 0 seats_are blocked -> refunded 0 seats 2,3
        refund u1 r1                     -> refunded 200 seats none
        "
    ));
    let want = [false, false, true, false, false];
    let rows: Vec<bool> = world.refunds.values().map(|row| row.released).collect();
    assert_eq!(rows, want);
    let told = world.events.values().filter_map(|event| match event.what {
        Happening::BookingRefunded { released, .. } => Some(released),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<bool>>(), want);
}
