//! The same request again gets the stored reply; another request under the same key is refused.

use crate::script::check;
use std::fmt::Write as _;

/// H11: 300 identical charges with one key charge once, in one batch and one after another.
#[test]
fn one_key_charges_once() {
    let mut script =
        String::from("concert c1\njoin u1\n{\nkey k charge u1 7 -> charged 7 balance 7\n");
    for _ in 1..150 {
        script += "key k charge u1 7 -> replayed charged 7 balance 7\n";
    }
    script += "}\n";
    for _ in 150..300 {
        writeln!(script, "+1s\nkey k charge u1 7 -> replayed charged 7 balance 7").unwrap();
    }
    script += "see balance u1 -> 7\nsee ledger u1 -> 1 entries 7";
    check(&script);
}

/// H11: same key, other body: refused, and the first reply is still there.
#[test]
fn one_key_is_one_request() {
    check(
        "
        concert c1
        join u1
        join u2
        key k charge u1 7                -> charged 7
        key k charge u1 8                -> idempotency_key_reused
        key k reserve u1 r1              -> idempotency_key_reused
        key k charge u1 7                -> replayed charged 7
        key k charge u2 8                -> charged 8 balance 8       # keys of users are apart
        {
        key j charge u1 1                -> charged 1 balance 8
        key j charge u1 2                -> idempotency_key_reused
        }
        see ledger u1                    -> 2 entries 7 1
    ",
    );
}

/// H12: a retry of a payment after a lost answer, minutes later: one debit, the same answer.
#[test]
fn a_payment_is_replayed() {
    check(
        "
        concert c1 price 100
        join u1
        charge u1 150
        reserve u1 r1 seats 1
        key k pay u1 r1 as p1            -> paid 100 balance 50 at 0s as p1
        +30m
        key k pay u1 r1 as p1            -> replayed paid 100 balance 50 at 0s as p1
        see ledger u1                    -> 2 entries 150 -100
    ",
    );
}

/// A refusal has changed nothing and is not stored: the retry is decided anew.
#[test]
fn a_refusal_is_not_stored() {
    check(
        "
        concert c1 price 100
        join u1
        reserve u1 r1 seats 1
        key k pay u1 r1                  -> insufficient_balance 0 of 100 missing 100
        charge u1 100
        key k pay u1 r1                  -> paid 100 balance 0
        key k pay u1 r1                  -> replayed paid 100 balance 0
    ",
    );
}

/// A reply is what happened, not what would happen now.
#[test]
fn a_reply_keeps_its_words() {
    check(
        "
        concert c1 seats 5
        join u1
        key k reserve u1 r1 seats 1,2    -> held 1,2 for 200 until 5m
        +5m
        expire u1
        key k reserve u1 r1 seats 1,2    -> replayed held 1,2 for 200 until 5m
        see date d1                      -> 5 of 5 available
    ",
    );
}

/// A key is kept for 24 hours, to the millisecond, whatever the clock does meanwhile (H6).
#[test]
fn a_key_is_kept_for_a_day() {
    check(
        "
        concert c1 shop 24h grace 24h
        join u1
        arrive u1
        +1s
        key k charge u1 7                -> charged 7 balance 7
        -1h
        key k charge u1 7                -> replayed charged 7 balance 7
        at 24h999ms
        key k charge u1 7                -> replayed charged 7 balance 7
        key k charge u1 8                -> idempotency_key_reused
        +1ms
        key k charge u1 7                -> queue_token_expired
        join u1
        key k charge u1 7                -> charged 7 balance 14
        key k charge u1 7                -> replayed charged 7 balance 14
    ",
    );
}
