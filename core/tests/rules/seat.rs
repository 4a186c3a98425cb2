//! Seats that operators take off the sale, and put on it again.

use crate::script::check;
use boxoffice_core::event::Happening;

/// Order: concert not found, date not found, date cancelled, invalid setting, seat not found, seats held or sold.
#[test]
fn seats_are_set_or_refused_in_order() {
    let many = (1..=1_001).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    check(&format!(
        "
        seats c1 d1 numbers 1 why _      -> concert_not_found
        concert c1 dates d1,d2 seats 5
        concert c2 dates d8
        seats c1 d9 numbers 1 why _      -> date_not_found
        seats c2 d1 numbers 1 why _      -> date_not_found
        seats c1 d1 numbers 9 why _      -> invalid_setting Reason
        seats c1 d1 numbers none         -> invalid_setting Seats
        seats c1 d1 numbers {many}       -> invalid_setting Seats
        join u1
        charge u1 500
        reserve u1 r1 seats 1,2
        pay u1 r1
        join u2
        reserve u2 r2 seats 3
        seats c1 d1 numbers 0,1,9        -> seat_not_found 0,9
        seats c1 d1 numbers 1,3,4        -> seats_held_or_sold held 3 sold 1
        seats c1 d1 numbers 3,4          -> seats_held_or_sold held 3 sold none
        seats c1 d1 numbers 2 are available -> seats_held_or_sold held none sold 2
        cancel_date c1 d2 job j1
        seats c1 d2 numbers 1 why _      -> date_cancelled ill
        delete_date c1 d2
        seats c1 d2 numbers 1            -> date_not_found
        "
    ));
}

/// A blocked seat is nobody's until it is on sale again; what is so already stays, and tells nothing.
#[test]
fn blocked_seats_go_on_sale_again() {
    check(
        "
        concert c1 seats 5
        seats c1 d1 numbers 4,5          -> set 4,5 blocked 2
        seats c1 d1 numbers 3,4          -> set 3 blocked 3
        seats c1 d1 numbers 3,4          -> set none blocked 3
        see date d1                      -> 2 of 5 available 3 blocked
        join u1
        charge u1 500
        reserve u1 r1 seats 1,4          -> seats_taken 4 blocked 4
        seats c1 d1 numbers 1,4 are available -> set 4 blocked 2
        see seat 4                       -> available
        reserve u1 r1 seats 1,4          -> held 1,4
        pay u1 r1                        -> paid 200
        refund u1 r1 seats 4 seats_are blocked -> refunded 100 seats 4
        see date d1                      -> 1 of 5 available 3 blocked
        seats c1 d1 numbers 3,4,5 are available -> set 3,4,5 blocked 0
        join u2
        reserve u2 r2 seats 3,4,5        -> held 3,4,5
    ",
    );
}

/// H5: a hold that has lapsed is no hold, whether or not the tick has been there; who had it gets nothing of the seat.
#[test]
fn a_lapsed_hold_can_be_blocked() {
    check(
        "
        concert c1 seats 3 hold 5m
        join u1
        charge u1 500
        reserve u1 r1 seats 1,2
        +5m
        seats c1 d1 numbers 2 are available -> set none blocked 0
        seats c1 d1 numbers 2            -> set 2 blocked 1
        pay u1 r1                        -> hold_lapsed
        expire u1                        -> ended
        see date d1                      -> 2 of 3 available 1 blocked
        see seat 2                       -> blocked
        see seat 1                       -> available
    ",
    );
}

/// What is told is what has changed, and nothing where nothing has.
#[test]
fn what_has_changed_is_told() {
    let world = check(
        "
        concert c1 seats 5
        seats c1 d1 numbers 1 are available
        seats c1 d1 numbers 4,5
        seats c1 d1 numbers 3,4 why stage
        seats c1 d1 numbers 3,4
        seats c1 d1 numbers 1,5 are available
        seats c1 d1 numbers 1,5 are available
    ",
    );
    let told: Vec<_> = world.events.values().skip(1).map(|event| event.what.clone()).collect();
    let blocked = |seats: &[u32], reason: &str| Happening::SeatsBlocked {
        seat_numbers: seats.to_vec(),
        reason: reason.to_owned(),
    };
    let back = Happening::SeatsUnblocked { seat_numbers: vec![5], reason: "camera".to_owned() };
    assert_eq!(told, [blocked(&[4, 5], "camera"), blocked(&[3], "stage"), back]);
}
