//! What it costs to let seats go unpaid: seats that stay closed, lapses, and the time that they were held.

use crate::script::{check, each};

/// H9, H40: seats that lapsed are free to all but to who held them, for as long as the concert says; the
/// tick does not matter.
#[test]
fn lapsed_seats_stay_closed_to_their_holder() {
    for swept in ["", "expire u1 -> ended"] {
        check(&format!(
            "
            concert c1 seats 6 hold 5m rehold 10m
            join u1
            reserve u1 r1 seats 1,2          -> held 1,2
            at 5m
            {swept}
            join u1                          -> admitted
            join u2
            reserve u1 r2 seats 1,2,3        -> seats_cooling_off 1,2 until 15m
            reserve u2 r3 seats 2            -> held 2
            reserve u1 r2 seats 2            -> seats_taken 2
            reserve u1 r2 seats 1            -> seats_cooling_off 1 until 15m
            reserve u1 r2 seats 3            -> held 3
            at 14m59s999ms
            join u1                          -> admitted
            reserve u1 r4 seats 1            -> seats_cooling_off 1 until 15m
            reserve u1 r4 seats 2            -> held 2                    # another held it since
            cancel u1 r4                     -> released
            at 15m
            reserve u1 r4 seats 1            -> already_exists
            reserve u1 r5 seats 1            -> held 1
            "
        ));
    }
}

/// H40: what is released at once is closed for as short a time as it was held; at the last moment it costs
/// what a lapse does. Who has paid begins anew.
#[test]
fn a_release_costs_what_the_hold_did() {
    check(
        "
        concert c1 seats 6 hold 5m rehold 10m shop 1h
        join u1
        reserve u1 r1 seats 1,2          -> held 1,2
        +5s
        cancel u1 r1                     -> released
        reserve u1 r2 seats 1            -> seats_cooling_off 1 until 15s
        reserve u1 r2 seats 3            -> held 3
        at 15s
        cancel u1 r2                     -> released
        reserve u1 r3 seats 1,2          -> held 1,2
        at 5m14s
        cancel u1 r3                     -> released
        reserve u1 r4 seats 1            -> seats_cooling_off 1 until 15m12s
        leave u1
        join u1                          -> admitted
        reserve u1 r4 seats 2            -> seats_cooling_off 2 until 15m12s
        ",
    );
    let world = check(
        "
        concert c1 seats 6 hold 5m rehold 0s
        join u1
        reserve u1 r1 seats 1            -> held 1
        at 5m
        join u1                          -> admitted
        reserve u1 r2 seats 1            -> held 1                    # 0: not at all
        ",
    );
    assert!(world.seats.values().all(|seat| seat.last_holder.is_none()), "nothing is remembered");
}

/// H40: three lapses, or releases in the second half, and the user stays away for three times the time;
/// the line and the shop are not left for it, and other concerts are none of it.
#[test]
fn lapses_are_limited() {
    check(
        "
        concert c1 seats 9 hold 1m rehold 2m shop 1h
        concert c2 seats 9
        join u1
        reserve u1 r1 seats 1            -> held 1
        at 1m
        join u1                          -> admitted
        reserve u1 r2 seats 2            -> held 2
        at 1m29s
        cancel u1 r2                     -> released                  # early: not counted
        reserve u1 r3 seats 3            -> held 3
        at 1m59s
        cancel u1 r3                     -> released                  # late: the second
        reserve u1 r4 seats 4            -> held 4
        join u1                          -> admitted
        at 3m
        join u1                          -> too_many_lapses until 8m59s
        expire u1                        -> ended
        join u1                          -> too_many_lapses until 8m59s
        join u1 in c2                    -> admitted
        join u2                          -> admitted
        at 8m59s
        join u1                          -> admitted
        reserve u1 r5 seats 1            -> held 1
        at 9m59s
        join u1                          -> admitted
        charge u1 1000
        reserve u1 r6 seats 5            -> held 5
        pay u1 r6                        -> paid 100
        join u1                          -> admitted
        reserve u1 r7 seats 6            -> held 6
        at 10m59s
        join u1                          -> admitted
        reserve u1 r8 seats 7            -> held 7
        at 11m59s
        join u1                          -> admitted                  # two since the payment
        ",
    );
    check(
        "
        concert c1 seats 9 hold 1m rehold 2m shop 1h
        join u1
        reserve u1 r1 seats 1            -> held 1
        cancel u1 r1                     -> released
        reserve u1 r2 seats 2            -> held 2
        +29s
        cancel u1 r2                     -> released
        reserve u1 r3 seats 3            -> held 3
        cancel u1 r3                     -> released
        leave u1
        join u1                          -> admitted                  # none of them was late
        ",
    );
    check(
        "
        concert c1 hold 1m rehold 2m shop 1m
        join u1
        arrive u1
        at 1m
        join u1                          -> admitted
        arrive u1
        at 2m
        join u1                          -> admitted
        arrive u1
        at 3m
        join u1                          -> admitted
        arrive u1
        at 4m
        join u1                          -> admitted                  # whoever held nothing let nothing lapse
        ",
    );
}

/// H40: whoever picks seats, changes her mind and then pays never meets the limits, late as it may be.
#[test]
fn who_changes_her_mind_and_pays_meets_no_limit() {
    check(
        "
        concert c1 seats 9 hold 5m rehold 10m shop 1h
        join u1
        charge u1 1000
        reserve u1 r1 seats 1,2          -> held 1,2
        +4m59s999ms
        cancel u1 r1                     -> released
        reserve u1 r2 seats 3,4          -> held 3,4
        +4m59s999ms
        cancel u1 r2                     -> released
        reserve u1 r3 seats 5,6          -> held 5,6
        +4m59s999ms
        pay u1 r3                        -> paid 200
        join u1                          -> admitted
        ",
    );
    check(
        "
        concert c1 seats 9 hold 5m rehold 10m shop 1h
        join u1
        charge u1 1000
        reserve u1 r1 seats 1            -> held 1
        +5m
        join u1                          -> admitted
        reserve u1 r2 seats 2            -> held 2
        +5m
        join u1                          -> admitted
        reserve u1 r3 seats 3            -> held 3
        +4m59s
        pay u1 r3                        -> paid 100
        ",
    );
    // Thirty times half a minute less a second, each time another seat.
    let looks = each(1, 30, |n| {
        format!("reserve u1 r{n} seats {} -> held\n+29s\ncancel u1 r{n} -> released", n % 9 + 1)
    });
    check(&format!(
        "
        concert c1 seats 9 hold 5m rehold 1m shop 1h
        join u1
        charge u1 1000
        {looks}
        reserve u1 r99 seats 1           -> held 1
        pay u1 r99                       -> paid 100
        "
    ));
}

/// H40: two who take turns at the same seats, each letting them go before it counts as a lapse, are kept away
/// all the same: for the time that they held them, and from then on for half an hour after each hold.
#[test]
fn two_do_not_take_turns_for_ever() {
    let turns = each(1, 13, |n| {
        let user = (n - 1) % 2 + 1;
        format!(
            "reserve u{user} r{n} seats 1,2 -> held 1,2\n+2m15s\ncancel u{user} r{n} -> released"
        )
    });
    check(&format!(
        "
        concert c1 seats 9 hold 5m rehold 10m shop 1h
        join u1
        join u2
        arrive u2
        {turns}
        see admission u1                 -> over HoldLapsed         # seven times 2m15s
        see admission u2                 -> live
        see queue c1                     -> active 1
        reserve u1 r91                   -> queue_token_expired
        join u1                          -> too_many_lapses until 1h3m45s
        reserve u2 r14 seats 1,2         -> held 1,2
        +2m15s
        cancel u2 r14                    -> released
        join u2                          -> too_many_lapses until 1h6m
        join u3
        reserve u3 r92 seats 1,2         -> held 1,2
        cancel u3 r92
        at 1h3m44s999ms
        join u1                          -> too_many_lapses until 1h3m45s
        at 1h3m45s
        join u1                          -> admitted
        reserve u1 r93 seats 1           -> held 1
        at 1h6m
        cancel u1 r93                    -> released
        leave u1
        join u1                          -> admitted                # room is left for a part of a hold
        reserve u1 r94 seats 2           -> held 2
        +2m45s
        cancel u1 r94                    -> released
        see admission u1                 -> over HoldLapsed
        join u1                          -> too_many_lapses until 1h38m45s
        "
    ));
}

/// The time that was held unpaid follows a user through the line, wears off while away, and is forgotten with
/// a payment; where seats are not closed to who let them go, nothing is counted.
#[test]
fn unpaid_time_follows_and_wears_off() {
    check(
        "
        concert c1 seats 9 hold 5m rehold 10m shop 1h max_active 2
        concert c2 seats 9
        join u1
        reserve u1 r1 seats 1
        +4m
        cancel u1 r1
        reserve u1 r2 seats 2
        +4m
        cancel u1 r2
        reserve u1 r3 seats 3
        +4m
        leave u1                         -> left
        see place u1                     -> Served lapses 3 unpaid 12m
        join u1                          -> too_many_lapses until 42m   # three late ones are lapses
        at 42m
        join u1                          -> admitted
        see place u1                     -> Served lapses 0 unpaid 7m
        leave u1
        at 54m
        join u1                          -> admitted
        see place u1                     -> Served lapses 0 unpaid 5m
        leave u1
        join u8
        join u9
        join u1                          -> waiting
        leave u1
        join u1                          -> waiting                 # the line is no way around it
        see place u1                     -> Waiting lapses 0 unpaid 5m
        leave u8
        admit c1                         -> admitted 1
        charge u1 1000
        reserve u1 r4 seats 4
        +1m
        pay u1 r4                        -> paid
        join u1                          -> admitted
        see place u1                     -> Served lapses 0 unpaid 0s
        ",
    );
    check(&format!(
        "
        concert c1 seats 9 hold 5m rehold 0s shop 10h
        join u1
        {}
        join u1                          -> admitted
        ",
        each(1, 9, |n| format!("reserve u1 r{n} -> held\n+4m59s\ncancel u1 r{n} -> released"))
    ));
}

/// A hold counts for as long as it was, also where the concert's holds are shorter by now: whoever is out of the shop
/// with its release is counted out.
#[test]
fn a_hold_of_before_counts_as_it_was() {
    check(
        "
        concert c1 hold 10m rehold 1m grace 9m shop 20m
        join u1
        reserve u1 r1 seats 1
        +5m
        edit_concert c1 hold 10s
        cancel u1 r1                     -> released
        see queue c1                     -> active 0
        ",
    );
}
