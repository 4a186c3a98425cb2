//! Sessions: opened, renewed, ended; a password changed, an account deleted.

use crate::script::{check, each};

/// Order: credentials wrong, already exists. A password that was changed while somebody signed in with the one
/// before opens nothing.
#[test]
fn signing_in_refuses_in_order() {
    check(
        "
        session u1 s1                    -> credentials_wrong
        register u1 mina
        session u1 s1 hash other         -> credentials_wrong
        session u1 s1                    -> opened 0 at 0s until 24h
        session u1 s1                    -> already_exists
        session u1 s1 hash other         -> credentials_wrong
        adopt u2 idp/42
        session u2 s2                    -> credentials_wrong             # no password here
        {
        password u1 keep s1 new other    -> set, ended 0
        session u1 s3                    -> credentials_wrong
        session u1 s3 hash other         -> opened 0
        }
    ",
    );
}

/// H42: a refresh token is used once. The one before, for a moment, gives the same again, as its answer may have
/// been lost; later, or one further back, it is in two hands, and nobody goes on with the session.
#[test]
fn a_refresh_token_is_used_once() {
    check(
        "
        register u1 mina
        session u1 s1                    -> opened 0 at 0s until 24h
        at 1h
        refresh u1 s1 number 0           -> refreshed 1 at 1h until 25h
        +9s999ms
        refresh u1 s1 number 0           -> refreshed 1 at 1h until 25h   # the answer was lost
        refresh u1 s1 number 1           -> refreshed 2 at 1h9s999ms
        refresh u1 s1 number 1           -> refreshed 2 at 1h9s999ms
        refresh u1 s1 number 3           -> session_ended                 # never given; nothing changes
        refresh u1 s1 number 0           -> reused s1                     # two before: at once
        see session s1                   -> ended refused until 2h9s999ms
        refresh u1 s1 number 2           -> session_ended
        refresh u1 s1 number 0           -> session_ended

        session u1 s2
        refresh u1 s2 number 0
        +10s
        refresh u1 s2 number 0           -> reused s2
        refresh u1 s2 number 1           -> session_ended                 # whoever has it

        session u1 s3
        refresh u2 s3 number 0           -> session_ended                 # another's
        refresh u1 s4 number 0           -> session_ended                 # none
        see session s3                   -> live 0
        {
        refresh u1 s3 number 0           -> refreshed 1
        refresh u1 s3 number 0           -> refreshed 1                   # two tabs at once
        }
        see session s3                   -> live 1
    ",
    );
}

/// A cookie is renewed as often as it is sent, by all tabs of a browser, until the session ends.
#[test]
fn a_cookie_is_renewed_again_and_again() {
    check(
        "
        register u1 mina
        session u1 s1 access 24h         -> opened 0 at 0s until 24h
        at 13h
        {
        refresh u1 s1 by cookie access 24h -> refreshed 1 at 13h until 37h
        refresh u1 s1 by cookie access 24h -> refreshed 2 at 13h until 37h
        }
        at 20h
        refresh u1 s1 by cookie access 24h -> refreshed 3 at 20h until 44h
        refresh u2 s1 by cookie          -> session_ended                 # another's
        refresh u1 s2 by cookie          -> session_ended                 # none
        see session s1                   -> live 3
        sessions u1 end s1               -> ended 1
        see session s1                   -> ended refused until 44h
        refresh u1 s1 by cookie          -> session_ended
        session u1 s3
        at 44h
        refresh u1 s3 by cookie          -> session_ended                 # too late
    ",
    );
}

/// A session is over when its refresh token is, and 180 days after the sign-in in any case.
#[test]
fn sessions_are_over_by_time() {
    check(
        "
        register u1 mina
        session u1 s1                    -> opened 0 at 0s until 24h
        session u1 s2
        at 23h59m59s999ms
        refresh u1 s1 number 0           -> refreshed 1
        at 24h
        refresh u1 s2 number 0           -> session_ended
        see session s2                   -> over
        session u1 s3 ttl 4800h          -> opened 0 at 24h until 4344h
        refresh u1 s3 number 0 ttl 4800h -> refreshed 1 at 24h until 4344h
        at 4344h
        refresh u1 s3 number 1           -> session_ended
    ",
    );
}

/// Order: session not found. Ended is ended, and once.
#[test]
fn sessions_are_ended() {
    check(
        "
        register u1 mina
        register u2 noah
        session u1 s1
        session u1 s2
        session u1 s3
        session u2 s4
        sessions u1 end s4               -> session_not_found             # another's
        sessions u1 end s9               -> session_not_found
        sessions u1 end s1               -> ended 1
        +1m
        sessions u1 end s1               -> ended 0
        see session s1                   -> ended refused until 1h
        refresh u1 s1 number 0           -> session_ended
        sessions u1 keep s2              -> ended 1
        see session s2                   -> live 0
        see session s3                   -> ended
        see session s4                   -> live 0
        see session u1                   -> ended refused until 1h1m     # tokens that name none
        {
        session u1 s5                    -> opened
        sessions u1 keep s5              -> ended 1                       # s2
        refresh u1 s2 number 0           -> session_ended
        }
    ",
    );
}

/// One user has so many at once; one more ends the one that was not used for longest.
#[test]
fn too_many_sessions_end_the_oldest() {
    let open = each(1, 20, |n| format!("+1s\n session u1 s{n}"));
    check(&format!(
        "
        register u1 mina
        {open}
        refresh u1 s1 number 0
        see session s2                   -> live 0
        session u1 s21
        see session s1                   -> live 1
        see session s2                   -> ended
        see session s3                   -> live 0
        {{
        session u1 s22
        session u1 s23
        }}
        see session s3                   -> ended
        see session s4                   -> ended
        see session s5                   -> live 0
    "
    ));
}

/// Tokens of the version before name no session: the first use of a refresh token makes it, and is its only
/// one. They end with everything else that ends.
#[test]
fn tokens_that_name_no_session() {
    check(
        "
        refresh u1 s1 unnamed 24h        -> session_ended                 # nobody
        register u1 mina
        refresh u1 s1 unnamed 72h        -> refreshed 1 at 0s until 72h   # as long as the token counts
        refresh u1 s1 unnamed 72h        -> refreshed 1 at 0s
        +10s
        refresh u1 s1 unnamed 72h        -> reused s1
        refresh u1 s2 unnamed 24h        -> refreshed 1
        refresh u1 s2 number 1           -> refreshed 2
        sessions u1 keep s2              -> ended 0
        refresh u1 s3 unnamed 24h        -> session_ended
        see session s3                   -> none
        register u2 noah
        sessions u2 end unnamed          -> ended 1
        refresh u2 s4 unnamed 24h        -> session_ended
        register u3 june
        sessions u3 keep unnamed         -> ended 0
        refresh u3 s5 unnamed 24h        -> refreshed 1
        user u3                          -> deleted
        refresh u3 s6 unnamed 24h        -> session_ended
    ",
    );
}

/// Order: password wrong. The session that asks goes on, the others end.
#[test]
fn a_password_is_changed() {
    check(
        "
        password u1 keep s1              -> password_wrong
        register u1 mina
        session u1 s1
        session u1 s2
        password u1 keep s1 old other    -> password_wrong
        see session s2                   -> live 0
        password u1 keep s1 new other    -> set, ended 1
        see session s1                   -> live 0
        see session s2                   -> ended
        password u1 keep s1 new third    -> password_wrong
        session u1 s3                    -> credentials_wrong
        session u1 s3 hash other         -> opened
    ",
    );
}

/// Order: password wrong, balance left. What was bought stays, the name is free, nobody comes back.
#[test]
fn an_account_is_deleted() {
    check(
        "
        concert c1
        register u1 mina
        session u1 s1
        join u1                          -> admitted
        charge u1 250
        user u1                          -> balance_left 250
        user u1 hash other               -> password_wrong
        reserve u1 r1 seats 1,2
        pay u1 r1
        user u1                          -> balance_left 50
        see user u1                      -> mina local
        see session s1                   -> live 0
        user u1 give_up 49               -> balance_left 50
        user u1 give_up 50               -> deleted
        see user u1                      -> deleted/75310000-0000-0000-0000-000000000000 deleted
        see session s1                   -> ended
        see balance u1                   -> 50
        see ledger u1                    -> 2 entries
        see seat 1                       -> sold r1
        user u1 give_up 50               -> password_wrong
        session u1 s2                    -> credentials_wrong
        register u2 mina                 -> registered u2 mina
        adopt u1 idp/42                  -> registered u1                 # not made over
    ",
    );
}
