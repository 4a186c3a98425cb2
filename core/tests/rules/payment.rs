//! Paying for what is held.

use crate::script::check;

/// Order: already paid, hold released, hold lapsed, token, reservation not found, insufficient
/// balance.
#[test]
fn pay_refuses_in_order() {
    check(
        "
        concert c1 seats 9 price 100
        concert c2
        join u1
        join u2
        join u1 in c2
        pay u1 r1 with u2                -> queue_token_unknown
        pay u1 r1                        -> reservation_not_found
        reserve u1 r1 seats 1
        pay u2 r1                        -> reservation_not_found     # another user's
        pay u1 r1 in c2                  -> reservation_not_found     # another concert's token
        pay u1 r1 with u2                -> queue_token_unknown
        pay u1 r1                        -> insufficient_balance 0 of 100 missing 100
        cancel u1 r1
        pay u1 r1 with u2                -> hold_released
        reserve u1 r2 seats 1
        charge u1 99
        pay u1 r2                        -> insufficient_balance 99 of 100 missing 1
        see reservation r2               -> Held                      # the hold stays
        charge u1 1
        pay u1 r2 as p2                  -> paid 100 balance 0 at 0s as p2
        pay u1 r2 with u2                -> already_paid p2
        reserve u2 r3 seats 2
        at 5m
        pay u2 r3 with u1                -> hold_lapsed
        pay u2 r3                        -> hold_lapsed
        see ledger u1                    -> 3 entries 99 1 -100
    ",
    );
}

/// H3: at the very millisecond of expiry the hold has lapsed; one before, it is paid for good.
#[test]
fn payment_at_the_millisecond_of_expiry() {
    let script = |clock: &str, want: &str, seat: &str, swept: &str| {
        check(&format!(
            "
            concert c1 seats 1 hold 5m
            join u1
            charge u1 100
            reserve u1 r1 seats 1        -> held 1 for 100 until 5m
            at {clock}
            pay u1 r1                    -> {want}
            see seat 1                   -> {seat}
            at 5m
            expire u1                    -> {swept}
            pay u1 r1                    -> {want_again}
            ",
            want_again = if seat == "sold r1" { "already_paid p1" } else { "hold_lapsed" },
        ));
    };
    script("4m59s999ms", "paid 100 balance 0 at 4m59s999ms", "sold r1", "not_due");
    script("5m", "hold_lapsed", "lapsed r1", "ended");
    script("5m1ms", "hold_lapsed", "lapsed r1", "ended");
}

/// H3: pay, sweep and a rival for the seat in one batch, in every order: paid or expired, not both.
#[test]
fn payment_sweep_and_rival_in_one_batch() {
    let run = |clock: &str, lines: &str| {
        check(&format!(
            "
            concert c1 seats 1 hold 5m
            join u1
            charge u1 100
            reserve u1 r1 seats 1
            at 4m30s
            join u2
            at {clock}
            {{
            {lines}
            }}
            "
        ));
    };
    let early =
        ["pay u1 r1 -> paid", "expire u1 -> not_due", "reserve u2 r2 seats 1 -> seats_taken 1"];
    let late =
        ["pay u1 r1 -> hold_lapsed", "expire u1 -> ended", "reserve u2 r2 seats 1 -> held 1"];
    for [a, b, c] in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        run("4m59s999ms", &[early[a], early[b], early[c]].join("\n"));
        run("5m", &[late[a], late[b], late[c]].join("\n"));
    }
}

/// H4: A's hold lapses, B holds the seat, A pays the old reservation: refused, B keeps the seat.
#[test]
fn an_overtaken_hold_is_not_paid() {
    check(
        "
        concert c1 seats 1 hold 5m
        join u1
        charge u1 100
        reserve u1 r1 seats 1
        at 4m30s
        join u2
        at 5m
        reserve u2 r2 seats 1            -> held 1
        pay u1 r1                        -> hold_lapsed
        expire u1                        -> ended
        pay u1 r1                        -> hold_lapsed
        see seat 1                       -> held r2
        see balance u1                   -> 100
        charge u2 100
        pay u2 r2                        -> paid 100
        see seat 1                       -> sold r2
    ",
    );
}

/// H4 with H6: the same, and then the clock jumps back to before the expiry (or another node's clock
/// is behind). The row of the reservation says held and in time, the seat says whose it is.
#[test]
fn an_overtaken_hold_is_not_paid_when_the_clock_jumps_back() {
    for rival in ["", "charge u2 100\npay u2 r2 as p2 -> paid 100"] {
        check(&format!(
            "
            concert c1 seats 2 hold 5m
            join u1
            charge u1 200
            reserve u1 r1 seats 1,2
            at 4m30s
            join u2
            at 5m
            reserve u2 r2 seats 1        -> held 1
            {rival}
            -1m
            pay u1 r1                    -> hold_lapsed
            see balance u1               -> 200
            see seat 2                   -> held r1
            "
        ));
    }
}

/// H6: a payment and a clock that jumps about: paid stays paid.
#[test]
fn paid_stays_paid() {
    check(
        "
        concert c1 seats 1
        join u1
        charge u1 100
        reserve u1 r1 seats 1
        -1h
        pay u1 r1                        -> paid 100 balance 0 at -1h
        +10h
        expire u1                        -> not_due
        join u2
        reserve u2 r2 seats 1            -> seats_taken 1
        -9h
        pay u1 r1                        -> already_paid p1
        cancel u1 r1                     -> already_paid p1
        see seat 1                       -> sold r1
    ",
    );
}

/// H12: a double click in one batch, a retry with and without a key: one debit, one payment.
#[test]
fn one_debit_however_often_it_is_asked() {
    check(
        "
        concert c1 seats 1
        join u1
        charge u1 500
        reserve u1 r1 seats 1
        {
        key k pay u1 r1 as p1            -> paid 100 balance 400 at 0s as p1
        key k pay u1 r1 as p1            -> replayed paid 100 balance 400 at 0s as p1
        key j pay u1 r1 as p2            -> already_paid p1
        pay u1 r1 as p3                  -> already_paid p1
        }
        pay u1 r1 as p4                  -> already_paid p1
        see ledger u1                    -> 2 entries 500 -100
    ",
    );
}

/// H16 and H26: payment ends the token in the same commit, and a retry with it returns the payment.
#[test]
fn payment_ends_the_admission() {
    check(
        "
        concert c1 seats 3 max_active 1
        join u1
        join u2                          -> waiting
        charge u1 300
        reserve u1 r1 seats 1
        pay u1 r1                        -> paid 100
        see admission u1                 -> over Paid
        see queue c1                     -> active 0
        arrive u1                        -> queue_token_expired
        charge u1 1                      -> queue_token_expired
        reserve u1 r2 seats 2            -> queue_token_expired
        pay u1 r1                        -> already_paid p1
        leave u1                         -> left
        expire u1                        -> not_due
        see queue c1                     -> active 0
        see seat 1                       -> sold r1
        admit c1                         -> admitted 1
        join u1                          -> waiting 3 new             # anew, at the end
    ",
    );
}

/// H14: no command carries a price or takes one user's word for another: what is paid is what the
/// seats' rows said when they were held, and it is paid by the owner of the hold.
#[test]
fn the_price_comes_from_the_seats() {
    check(
        "
        concert c1 seats 2 price 100
        date c1 d2 seats 2 price 70
        join u1
        join u2
        charge u1 500
        charge u2 500
        reserve u1 r1 seats 1,2 of d2    -> held 1,2 for 140
        pay u2 r1                        -> reservation_not_found
        pay u1 r1                        -> paid 140 balance 360
        see balance u2                   -> 500
    ",
    );
}

/// H15: a payment that is refused has debited nothing, so that nothing is to be given back; the
/// ledger shows neither.
#[test]
fn a_refused_payment_moves_no_money() {
    check(
        "
        concert c1 seats 3 price 100
        join u1
        charge u1 150
        reserve u1 r1 seats 1,2          -> held 1,2 for 200
        pay u1 r1                        -> insufficient_balance 150 of 200 missing 50
        pay u1 r1                        -> insufficient_balance
        cancel u1 r1
        pay u1 r1                        -> hold_released
        see ledger u1                    -> 1 entries 150
        reserve u1 r2 seats 3            -> held 3
        at 5m
        expire u1                        -> ended
        pay u1 r2                        -> hold_lapsed
        see ledger u1                    -> 1 entries 150
        see balance u1                   -> 150
    ",
    );
}

/// A seat may be free of charge: paid with nothing, recorded all the same.
#[test]
fn a_free_seat_is_paid_with_nothing() {
    check(
        "
        concert c1 seats 1 price 0
        join u1
        reserve u1 r1 seats 1            -> held 1 for 0
        pay u1 r1                        -> paid 0 balance 0
        see ledger u1                    -> 1 entries 0
    ",
    );
}
