//! Accounts: made here, or adopted from an identity provider.

use crate::script::check;

/// Order: username taken, already exists.
#[test]
fn register_refuses_in_order() {
    check(
        "
        register u1 mina                 -> registered u1 mina
        register u1 mina                 -> username_taken
        register u2 mina                 -> username_taken
        register u1 noah                 -> already_exists
        register u2 noah                 -> registered u2 noah
        see user u1                      -> mina local
        see user u2                      -> noah local
    ",
    );
}

/// Two requests for one name in the same batch: the first has it.
#[test]
fn one_name_twice_in_a_batch() {
    check(
        "
        {
        register u1 mina                 -> registered u1 mina
        register u2 mina                 -> username_taken
        register u1 noah                 -> already_exists
        }
        see user u2                      -> none
    ",
    );
}

/// S20: names of the same look are one name, before and within a batch.
#[test]
fn names_that_look_alike() {
    check(
        "
        register u1 admin                -> registered u1 admin
        register u2 adm1n like admin     -> username_taken
        {
        register u3 paypal               -> registered u3 paypal
        register u4 paypa1 like paypal   -> username_taken
        }
        see user u4                      -> none
    ",
    );
}

/// Every node and every retry finds the same account. (`/` stands for `#` here.)
#[test]
fn adopting_twice_is_adopting_once() {
    check(
        "
        adopt u1 idp/42                  -> registered u1
        see user u1                      -> idp/42 adopted
        adopt u1 idp/42                  -> registered u1
        {
        adopt u2 idp/43                  -> registered u2
        adopt u2 idp/43                  -> registered u2
        }
        register u1 mina                 -> already_exists
        register u3 mina                 -> registered u3
        adopt u3 idp/44                  -> registered u3             # not made over
        see user u3                      -> mina local
    ",
    );
}
