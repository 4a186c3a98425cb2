//! What is told of what happened, and what is not.

use crate::script::check;
use crate::words::id;
use boxoffice_core::event::{Happening, Subjects};
use std::collections::BTreeSet;

/// The events of a script, each as its kind, in the order of their numbers.
fn kinds(script: &str) -> Vec<String> {
    let world = check(script);
    let numbers = world.events.keys().map(|key| key.number);
    assert!(numbers.eq(1..=world.events.len().try_into().unwrap()), "a gap");
    world.events.values().map(|event| event.what.kind()).collect()
}

/// A day of a sale: every kind is told once it happens, and only then.
#[test]
fn every_kind_is_told() {
    let told = kinds(
        "
        concert c1 dates d1,d2 beacon dice opens 1h
        date c1 d3
        date c1 d4
        edit_date c1 d4 numbers 1 price 7
        edit_date c1 d4 numbers 1 price 7     # as it is
        edit_date c1 d4
        delete_date c1 d4
        seats c1 d1 numbers 4,5 are blocked
        seats c1 d1 numbers 5 are blocked     # it is already
        seats c1 d1 numbers 4,5 are available
        seats c1 d1 numbers 4 are available
        edit_concert c1 name Summer hold 4m
        edit_concert c1 name Summer hold 4m   # nothing is different
        sale c1 opens 2h
        sale c1 opens 2h
        sale c1 open
        sale c1 open
        draw c1 7f
        draw c1 7f
        lane c1/q2 opens 5m
        queue c1 paused on why A_break
        queue c1 paused on
        queue c1 why A_long_break
        queue c1 why A_long_break
        queue c1 paused off max_active 5
        register u1 kim
        adjust u1 500 why transfer
        adjust u1 -100
        admit c1
        join u1
        reserve u1 r1 seats 1,2
        key k pay u1 r1
        key k pay u1 r1 -> replayed
        key j pay u1 r1 as p1 -> already_paid
        refund u1 r1 seats 1
        refund u1 r1 seats 1 -> seats_not_booked
        sale c1 close
        user u1 give_up 1000
        cancel_date c1 d2 job j1
        cancel_date c1 d2 job j2
        take_job j1 by n1
        clear_date j1 d2 by n1 last yes
        concert c2 dates none
        sale c2 close
        delete_concert c2
    ",
    );
    let want = "concert.created date.added date.added date.changed date.withdrawn seats.blocked seats.unblocked \
        concert.changed policy.changed sale.scheduled sale.opened draw.given queue.added \
        sale.paused sale.paused queue.changed sale.resumed balance.credited balance.debited \
        booking.paid booking.refunded sale.closed user.deleted date.cancelled date.cleared \
        concert.created sale.closed concert.deleted";
    assert_eq!(told, want.split_whitespace().collect::<Vec<_>>());
    let met: BTreeSet<String> = told.into_iter().collect();
    let missing: Vec<_> = Happening::kinds().into_iter().filter(|k| !met.contains(k)).collect();
    assert_eq!(missing, Vec::<String>::new(), "never told");
}

/// Of a change is told what is another, and in seconds as people say it.
#[test]
fn a_change_is_told_as_far_as_it_goes() {
    let world = check(
        "
        concert c1
        edit_concert c1 about_en Songs
        edit_concert c1 hold 4m shop 10m grace 30s rehold 20m per_user 3
        queue c1 paused on why A_break
        queue c1 why A_long_break
        ",
    );
    let told: Vec<_> = world.events.values().map(|event| event.what.kind()).collect();
    let want =
        ["concert.created", "concert.changed", "policy.changed", "sale.paused", "sale.paused"];
    assert_eq!(told, want);
    let policy = Happening::PolicyChanged {
        hold_seconds: 240,
        shop_seconds: 600,
        arrival_grace_seconds: 30,
        seats_per_user: 3,
        rehold_after_seconds: 1200,
    };
    assert!(world.events.values().any(|event| event.what == policy), "{:?}", world.events);
}

/// Whose it is, of what, and how much; each command of a batch with its own number.
#[test]
fn a_payment_is_told_with_what_was_paid() {
    let world = check(
        "
        concert c1
        join u1
        join u2
        charge u1 500
        charge u2 500
        reserve u1 r1 seats 1,2
        reserve u2 r2 seats 3
        {
        pay u1 r1 as p1
        pay u2 r2 as p2
        pay u2 r2 as p3 -> already_paid
        }
    ",
    );
    let paid: Vec<_> = world.events.values().skip(1).collect();
    assert_eq!(paid.len(), 2);
    for (event, (seats, price, reservation)) in
        paid.iter().zip([(vec![1, 2], 200, "r1"), (vec![3], 100, "r2")])
    {
        let payment =
            world.payments[&boxoffice_core::id::ReservationId(crate::words::id(reservation))];
        let what = Happening::BookingPaid {
            payment_id: payment.payment,
            reservation_id: boxoffice_core::id::ReservationId(crate::words::id(reservation)),
            seat_numbers: seats,
            amount: boxoffice_core::money::Money(price),
        };
        assert_eq!(event.what, what);
        assert_eq!(event.subjects.user, Some(payment.user));
        assert_eq!(event.subjects.concert, Some(payment.concert));
        assert!(event.subjects.date.is_some());
        assert_eq!(event.created_at, payment.payment_date);
    }
}

/// What a shopper does before paying is nobody else's, and what ends by itself tells nothing.
#[test]
fn holds_and_places_are_not_told() {
    let told = kinds(
        "
        concert c1 max_active 1
        register u1 kim
        session u1 s1
        join u1
        join u2
        charge u1 50
        reserve u1 r1 seats 1
        pay u1 r1                -> insufficient_balance
        cancel u1 r1
        leave u1
        admit c1
        arrive u2
        leave u2
        adjust u9 5              -> user_not_found
        edit_concert c1 name _   -> invalid_setting
    ",
    );
    assert_eq!(told, ["concert.created"]);
}

/// What is told names what it is about, and nothing else: it is found by that.
#[test]
fn an_event_names_what_it_is_about() {
    let world = check(
        "
        concert c1
        seats c1 d1 numbers 4
        register u1 kim
        adjust u1 500
    ",
    );
    let about: Vec<_> = world
        .events
        .values()
        .map(|event| {
            let Subjects { concert, date, user } = event.subjects;
            [concert.map(|id| id.0), date.map(|id| id.0), user.map(|id| id.0)]
        })
        .collect();
    let (concert, date, user) = (Some(id("c1")), Some(id("d1")), Some(id("u1")));
    assert_eq!(about, [[concert, None, None], [concert, date, None], [None, None, user]]);
}
