//! Charges, the balance's limits, the ledger.

use crate::script::check;
use std::fmt::Write as _;

/// Order: token, amount out of range, balance limit.
#[test]
fn charge_refuses_in_order() {
    let fill = "charge u1 100000000 -> charged\n".repeat(99);
    check(&format!(
        "
        concert c1 max_active 2
        charge u1 0                      -> queue_token_unknown
        join u9
        join u8
        join u1                          -> waiting
        charge u1 100000001              -> not_admitted
        leave u9
        admit c1                         -> admitted 1
        charge u1 0                      -> amount_out_of_range 1 100000000
        charge u1 1                      -> charged 1 balance 1
        {fill}
        see balance u1                   -> 9900000001
        charge u1 100000000              -> balance_limit 10000000000
        charge u1 99999999               -> charged 99999999 balance 10000000000
        charge u1 1                      -> balance_limit
        charge u1 100000001              -> amount_out_of_range
        +10m
        charge u1 0                      -> queue_token_expired
        see ledger u1                    -> 101 entries
        "
    ));
}

/// H13: no zero, no negative, nothing at the type's ends; the balance never overflows.
#[test]
fn a_charge_is_a_charge() {
    check(
        "
        concert c1
        join u1
        charge u1 -1                     -> amount_out_of_range
        charge u1 0                      -> amount_out_of_range
        charge u1 9223372036854775807    -> amount_out_of_range
        charge u1 -9223372036854775808   -> amount_out_of_range
        charge u1 100000001              -> amount_out_of_range
        see balance u1                   -> 0
        see ledger u1                    -> 0 entries
        charge u1 1                      -> charged 1 balance 1
        charge u1 100000000              -> charged 100000000 balance 100000001
        see ledger u1                    -> 2 entries 1 100000000
    ",
    );
}

/// H19: a token of somebody else, or of another concert's queue, moves no money.
#[test]
fn a_charge_needs_the_users_own_token() {
    check(
        "
        concert c1
        concert c2
        join u1
        join u2 in c2
        charge u2 100 with u1            -> queue_token_unknown
        charge u1 100 in c2              -> queue_token_unknown
        charge u1 100 at 7               -> queue_token_unknown
        charge u2 100 in c2              -> charged 100 balance 100
        see balance u1                   -> 0
    ",
    );
}

/// Where the server's policy asks for no admission, an account is enough: no place, no arrival.
#[test]
fn a_charge_outside_of_the_shop_needs_an_account() {
    check(
        "
        concert c1 grace 1m shop 10m
        charge u1 100 outside            -> user_not_found
        register u1 mina
        charge u1 0 outside              -> amount_out_of_range
        charge u1 100 outside            -> charged 100 balance 100
        join u1                          -> admitted 1 new until 1m
        charge u1 100 outside            -> charged 100 balance 200
        see admission u1                 -> live until 1m
        +1m
        charge u1 100                    -> queue_token_expired
        charge u1 100 outside            -> charged 100 balance 300
        user u1                          -> balance_left 300
        user u1 give_up 300              -> deleted
        charge u1 100 outside            -> user_not_found
        see balance u1                   -> 300
    ",
    );
}

/// The first charge is an arrival: from then on the time to shop runs, not the grace.
#[test]
fn charging_is_arriving() {
    check(
        "
        concert c1 grace 1m shop 10m
        join u1                          -> admitted 1 new until 1m
        +30s
        charge u1 5
        see admission u1                 -> live until 10m30s
        +30s
        charge u1 5
        see admission u1                 -> live until 10m30s
    ",
    );
}

/// H11: 300 charges under 300 keys are 300 charges, one batch or many.
#[test]
fn each_key_charges_once() {
    let mut script = String::from("concert c1\njoin u1\n{\n");
    for n in 1..=300 {
        writeln!(script, "key k{n} charge u1 7 -> charged 7 balance {}", n * 7).unwrap();
    }
    script += "}\nsee balance u1 -> 2100\nsee ledger u1 -> 300 entries";
    check(&script);
}

/// Order: user not found, amount out of range, invalid setting, balance too low, balance limit.
#[test]
fn adjust_refuses_in_order() {
    let fill = "adjust u1 100000000 -> adjusted\n".repeat(99);
    check(&format!(
        "
        adjust u1 0 why _                -> user_not_found
        register u1 mina
        adjust u1 0 why _                -> amount_out_of_range 1 100000000
        adjust u1 100000001 why _        -> amount_out_of_range 1 100000000
        adjust u1 -100000001 why _       -> amount_out_of_range 1 100000000
        adjust u1 -9223372036854775808 why _ -> amount_out_of_range
        adjust u1 -1 why _               -> invalid_setting Reason
        adjust u1 -1                     -> balance_too_low 0
        adjust u1 500                    -> adjusted 500 balance 500
        adjust u1 -501                   -> balance_too_low 500
        adjust u1 -500 why paid_out      -> adjusted -500 balance 0
        see ledger u1                    -> 2 entries 500 -500
        {fill}
        adjust u1 100000000              -> adjusted 100000000 balance 10000000000
        adjust u1 1                      -> balance_limit 10000000000
        register u2 yuna
        user u2
        adjust u2 0                      -> amount_out_of_range    # nothing is no credit
        adjust u2 1                      -> user_not_found
        "
    ));
}

/// A credit pays for seats like a charge, and a retry under its key credits once.
#[test]
fn a_credit_is_money() {
    check(
        "
        concert c1
        register u1 mina
        key k1 adjust u1 100             -> adjusted 100 balance 100
        key k1 adjust u1 100             -> replayed adjusted 100 balance 100
        join u1
        reserve u1 r1                    -> held 1 for 100
        pay u1 r1                        -> paid 100 balance 0
        adjust u1 -1                     -> balance_too_low 0
        see ledger u1                    -> 2 entries 100 -100
    ",
    );
}

/// Money of one currency buys nothing of another: a wallet is in that of its first transfer.
#[test]
fn a_wallet_has_one_currency() {
    check(
        "
        concert c1 currency KRW
        concert c2 currency USD dates d2
        register u1 mina
        adjust u1 5 currency USD         -> adjusted 5 balance 5
        adjust u1 5                      -> currency_mismatch USD KRW
        join u1
        charge u1 100                    -> currency_mismatch USD KRW
        reserve u1 r1 seats 1
        pay u1 r1                        -> currency_mismatch USD KRW
        join u1 in c2
        charge u1 95 in c2               -> charged 95 balance 100
        reserve u1 r2 seats 1 of d2 in c2
        pay u1 r2 in c2                  -> paid 100 balance 0
        pay u1 r1                        -> currency_mismatch USD KRW
        see ledger u1                    -> 3 entries 5 95 -100
        join u2                          # whoever has no wallet yet pays nothing in any
        date c1 d3 price 0
        reserve u2 r3 seats 1 of d3
        pay u2 r3 as p2                  -> paid 0 balance 0
    ",
    );
}

/// Nobody could get at it: a deleted account is credited nothing. What was left can be paid out.
#[test]
fn a_deleted_account_takes_no_money() {
    check(
        "
        register u1 mina
        adjust u1 500                    -> adjusted 500 balance 500
        user u1 give_up 500              -> deleted
        adjust u1 1                      -> user_not_found
        adjust u1 -500 why paid_out      -> adjusted -500 balance 0
    ",
    );
}
