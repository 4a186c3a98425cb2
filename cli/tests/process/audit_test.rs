//! The checkers can fail: each of them finds the row that was tampered with.

use crate::audit::audit;
use crate::facts::broken;
use crate::fan::{Dice, Journal, TIRELESS, crowd};
use crate::sandbox::{Sandbox, binary, command, open_sale};
use crate::{alone, nothing, runtime};
use boxoffice_server::audit::checks;
use boxoffice_server::clock::Clock;
use boxoffice_server::http::view::stamp;
use rusqlite::Connection;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// What a tampering hand does, and which check must find it, by its name.
const TAMPERED: &[(&str, &str)] = &[
    (
        "INSERT INTO reservation_seat SELECT (SELECT max(reservation_id) FROM reservation
            WHERE status = 'confirmed'), seat_number + 100000, seat_id, ticket_price
         FROM reservation_seat WHERE reservation_id =
            (SELECT min(reservation_id) FROM reservation WHERE status = 'confirmed')",
        "seat_one_claim",
    ),
    (
        "UPDATE seat SET reservation_id = zeroblob(16)
         WHERE seat_id = (SELECT min(seat_id) FROM seat WHERE status = 'sold')",
        "claim_named",
    ),
    (
        "UPDATE reservation SET status = 'cancelled' WHERE status = 'confirmed'",
        "seat_claimed",
    ),
    (
        "UPDATE concert_date SET available_seats = available_seats - 1",
        "available_seats",
    ),
    (
        "UPDATE reservation SET total_price = total_price + 1",
        "reservation_sums",
    ),
    (
        "UPDATE balance SET amount = amount + 1 WHERE user_id = (SELECT min(user_id) FROM balance)",
        "balance_sum",
    ),
    (
        "DELETE FROM balance WHERE user_id = (SELECT min(user_id) FROM balance)",
        "ledger_owned",
    ),
    (
        "UPDATE transfer SET entry_number = entry_number + 1000 WHERE entry_number = 1",
        "ledger_running",
    ),
    (
        "INSERT INTO transfer SELECT user_id, entry_number + 1000, kind, account, account_id, amount,
            currency, balance_after, reference, reason, created_at FROM transfer WHERE entry_number = 1",
        "movement_once",
    ),
    (
        "DELETE FROM amount WHERE amount_id = (SELECT min(amount_id) FROM amount)",
        "paid_once",
    ),
    (
        "UPDATE reservation SET status = 'expired' WHERE status = 'confirmed'",
        "payment_confirmed",
    ),
    (
        "DELETE FROM transfer WHERE reference = (SELECT min(amount_id) FROM amount)",
        "payment_debited",
    ),
    (
        "DELETE FROM amount WHERE amount_id = (SELECT max(amount_id) FROM amount)",
        "debit_paid",
    ),
    (
        "UPDATE user_token SET end_reason = 'left' WHERE end_reason = 'paid'",
        "paid_out",
    ),
    (
        "UPDATE queue_state SET active = active + 1",
        "active_count",
    ),
    (
        "UPDATE user_token SET is_active = 1, end_reason = NULL, ended_at = NULL;
         UPDATE queue_state SET active = (SELECT count(*) FROM user_token)",
        "max_active",
    ),
    ("UPDATE concert_date SET blocked_seats = 1", "blocked_seats"),
    ("UPDATE seat SET status = 'blocked' WHERE status = 'sold'", "blocked_seats"),
    ("UPDATE seat SET status = 'lost' WHERE status = 'available'", "words_known"),
    ("UPDATE reservation SET status = 'lost' WHERE status = 'confirmed'", "words_known"),
    ("UPDATE reservation SET status = 'refunded' WHERE status = 'confirmed'", "refund_sums"),
    ("UPDATE reservation SET refunded_amount = 1 WHERE status = 'confirmed'", "refund_sums"),
    (
        "INSERT INTO refund SELECT reservation_id, 1, x'01', total_price + 1, 0, 0, 'ill', 0
         FROM reservation WHERE status = 'confirmed';
         UPDATE reservation SET refund_count = 1, refunded_amount = total_price + 1 WHERE status = 'confirmed'",
        "refund_sums",
    ),
    (
        "INSERT INTO refund_seat SELECT reservation_id, seat_number, 1, concert_date_id
         FROM reservation_seat JOIN reservation USING (reservation_id)",
        "refund_seats",
    ),
    (
        "INSERT INTO refund_seat SELECT reservation_id, seat_number, 1, zeroblob(16) FROM reservation_seat",
        "ticket_void",
    ),
    (
        "INSERT INTO refund_seat SELECT reservation_id, seat_number, 1, concert_date_id
         FROM reservation_seat JOIN reservation USING (reservation_id)",
        "ticket_valid",
    ),
    ("UPDATE seat SET status = 'available' WHERE status = 'sold'", "ticket_valid"),
    ("UPDATE seat SET reservation_id = zeroblob(16) WHERE status = 'sold'", "ticket_valid"),
    (
        "INSERT INTO refund SELECT reservation_id, 1, x'01', 5, 0, 0, 'ill', 0
         FROM reservation WHERE status = 'confirmed' LIMIT 1",
        "refund_paid",
    ),
    ("UPDATE transfer SET kind = 'refund' WHERE kind = 'charge'", "refund_paid"),
    (
        "INSERT INTO idempotency_key VALUES (zeroblob(16), 'k', zeroblob(32),
            '{\"Refunded\":{\"refund_id\":\"00000000-0000-0000-0000-000000000001\",\"payment_id\":\"00000000-0000-0000-0000-000000000002\",\"amount\":5,\"seat_numbers\":[]}}', 0)",
        "reply_refunded",
    ),
    ("UPDATE user_token SET is_active = 1", "admission_ended"),
    ("UPDATE user_token SET end_reason = NULL WHERE ended_at IS NOT NULL", "admission_ended"),
    (
        "UPDATE user_token SET reservation_id = (
            SELECT max(reservation_id) FROM reservation WHERE status = 'confirmed')",
        "admission_hold",
    ),
    ("UPDATE reservation SET status = 'held' WHERE status = 'confirmed'", "admission_hold"),
    (
        "UPDATE reservation SET status = 'held', expires_at = 9000000000000 WHERE status = 'confirmed';
         UPDATE seat SET status = 'held', held_until = 1 WHERE status = 'sold'",
        "claim_named",
    ),
    ("UPDATE idempotency_key SET reply = 'Left'", "reply_known"),
    ("UPDATE idempotency_key SET reply = '{}'", "reply_known"),
    ("UPDATE idempotency_key SET reply = '{\"Left\":1,\"Paid\":2}'", "reply_known"),
    (
        "INSERT INTO session VALUES (zeroblob(16), zeroblob(16), 0, NULL, 0, 0, 0, 5, 1, NULL)",
        "session_refused",
    ),
    (
        "INSERT INTO session VALUES (zeroblob(16), zeroblob(16), 0, NULL, 0, 0, 0, 5, 1, 4)",
        "session_refused",
    ),
    (
        "INSERT INTO user (user_id, username, created_at, deleted_at) VALUES (zeroblob(16), 'x', 0, 1)",
        "user_deleted",
    ),
    (
        "INSERT INTO user (user_id, username, created_at, deleted_at) VALUES (zeroblob(16), 'deleted#0', 0, 1);
         INSERT INTO session VALUES (x'01', zeroblob(16), 0, NULL, 0, 0, 0, 5, NULL, NULL)",
        "user_deleted",
    ),
    ("UPDATE seat SET status = 'lost' WHERE seat_number = 1", "words_known"),
    ("UPDATE waiting_queue SET status = 'Waiting' WHERE sequence = 1", "words_known"),
    ("UPDATE user_token SET end_reason = '' WHERE end_reason = 'paid'", "words_known"),
    ("UPDATE reservation SET status = 'paid' WHERE status = 'confirmed'", "words_known"),
    ("UPDATE transfer SET kind = 'gift' WHERE kind = 'charge'", "words_known"),
    ("UPDATE transfer SET account = 'nowhere' WHERE kind = 'charge'", "words_known"),
    ("UPDATE queue_state SET queue_cursor = queue_tail + 1", "cursor"),
    (
        "DELETE FROM waiting_queue WHERE sequence = 2",
        "tail",
    ),
    (
        "UPDATE waiting_queue SET status = 'waiting' WHERE sequence = 1",
        "queue_served",
    ),
    ("UPDATE user_token SET is_active = 1", "one_place"),
    (
        "UPDATE queue_state SET drawn = queue_tail;
         INSERT INTO waiting_queue SELECT queue_id, -1, concert_id, user_id, created_at, -1, status, deleted_at, 0, 0
         FROM waiting_queue WHERE sequence = 1",
        "one_drawn",
    ),
    (
        "INSERT INTO left_place SELECT x'00', queue_id, concert_id, sequence FROM waiting_queue WHERE sequence = 1",
        "left_place",
    ),
    ("UPDATE waiting_queue SET unpaid_ms = 86400000 WHERE sequence = 1", "unpaid_time"),
    ("UPDATE waiting_queue SET unpaid_ms = -1 WHERE sequence = 1", "unpaid_time"),
    (
        "DELETE FROM user_token WHERE sequence = 1",
        "served_admitted",
    ),
    ("UPDATE concert_date SET total_seats = total_seats + 1", "total_seats"),
    ("UPDATE concert_date SET layout_id = 'none'", "layout_seats"),
    ("UPDATE concert SET date_count = date_count + 1", "concert_totals"),
    ("UPDATE concert_date SET withdrawn_at = 1", "concert_totals"),
    (
        "CREATE TABLE unguarded AS SELECT * FROM amount;
         DROP TABLE amount;
         ALTER TABLE unguarded RENAME TO amount;
         INSERT INTO amount SELECT zeroblob(16), reservation_id, user_id, concert_id, amount, payment_date
            FROM amount LIMIT 1;",
        "payment_single",
    ),
    ("UPDATE transfer SET amount = -amount WHERE kind = 'charge'", "ledger_signs"),
    ("UPDATE transfer SET reason = ''", "ledger_signs"),
    ("UPDATE transfer SET reason = 'a gift' WHERE kind = 'payment'", "ledger_signs"),
    ("UPDATE transfer SET kind = 'gift' WHERE kind = 'charge'", "ledger_signs"),
    ("UPDATE transfer SET kind = 'adjustment' WHERE kind = 'charge'", "reply_charged"),
    ("UPDATE transfer SET account = 'outside' WHERE kind = 'payment'", "transfer_account"),
    ("UPDATE transfer SET account_id = x'01' WHERE kind = 'payment'", "transfer_account"),
    ("UPDATE concert SET currency = 'USD'", "transfer_account"),
    ("UPDATE transfer SET account_id = NULL WHERE kind = 'payment'", "sales_sum"),
    ("UPDATE balance SET currency = 'USD'", "balance_sum"),
    ("UPDATE amount SET amount = amount + 1", "money"),
    ("UPDATE queue_state SET waiting_count = waiting_count + 1", "waiting_count"),
    ("UPDATE queue_state SET queue_cursor = 0", "queue_served"),
    ("UPDATE queue_state SET seed = zeroblob(32)", "queue_order"),
    ("UPDATE queue_state SET drawn = NULL", "queue_order"),
    ("UPDATE queue_state SET draw_beacon = 'a pulse', draw_value = '7f'", "queue_order"),
    ("UPDATE queue_state SET draw_joined_before = 0", "draw_joined"),
    (
        "UPDATE user_token SET admitted_at = 0 WHERE sequence = (
            SELECT max(sequence) FROM user_token WHERE return_count = 0)",
        "queue_order",
    ),
    ("UPDATE waiting_queue SET user_id = zeroblob(16) WHERE sequence = 1", "admission_place"),
    (
        "UPDATE reservation SET total_price = total_price + 1 WHERE reservation_id IN (
            SELECT unhex(reply ->> '$.Reserved.reservation_id', '-') FROM idempotency_key)",
        "reply_reserved",
    ),
    ("DELETE FROM transfer WHERE kind = 'charge'", "reply_charged"),
    ("UPDATE amount SET user_id = zeroblob(16)", "reply_paid"),
    (
        "DROP INDEX waiting_queue_by_user; UPDATE waiting_queue SET user_id = zeroblob(16)",
        "reply_joined",
    ),
    ("UPDATE queue_state SET kind = 'first'", "words_known"),
    ("UPDATE queue_state SET kind = 'named'", "queue_concert"),
    ("UPDATE queue_state SET opens_at = 1", "queue_concert"),
    ("UPDATE waiting_queue SET concert_id = zeroblob(16) WHERE sequence = 1", "queue_concert"),
    (
        "INSERT INTO job VALUES (zeroblob(16), 0, 'date_cancellation', 'done', 1, NULL, 0, 0, 0, '{}', NULL, 1)",
        "job_state",
    ),
    ("UPDATE concert_date SET cancelled_at = 1, cancel_reason = 'none', cancel_job_id = zeroblob(16)", "date_cancelled"),
    ("UPDATE concert SET poster_id = 'gone', poster_type = 'image/png'", "concert_poster"),
    (
        "DELETE FROM event WHERE event_number = (SELECT max(event_number) - 1 FROM event)",
        "event_numbers",
    ),
    ("UPDATE event SET kind = 'booking.eaten' WHERE kind = 'booking.paid'", "event_known"),
    ("UPDATE event SET data = 'none' WHERE kind = 'booking.paid'", "event_known"),
    ("DELETE FROM event WHERE kind = 'booking.paid'", "event_paid"),
    (
        "INSERT INTO refund SELECT reservation_id, 1, x'01', 5, 0, 0, 'ill', payment_date
         FROM amount LIMIT 1",
        "event_refunded",
    ),
    ("UPDATE event SET user_id = zeroblob(16) WHERE kind = 'booking.paid'", "event_true"),
];

/// What a tampering hand does so that something acknowledged is not true any more.
const FORGOTTEN: &[&str] = &[
    "UPDATE waiting_queue SET user_id = zeroblob(16) WHERE sequence = 1",
    "DELETE FROM waiting_queue WHERE sequence = 1",
    "INSERT INTO waiting_queue SELECT queue_id, 1000000, concert_id, user_id, 0, 1000000, 'left', 0, 0, 0
        FROM waiting_queue WHERE sequence = 1",
    "UPDATE waiting_queue SET sequence = -sequence",
    "DELETE FROM user_token",
    "UPDATE user_token SET is_active = 1",
    "DELETE FROM transfer WHERE kind = 'charge' AND entry_number = 1",
    "UPDATE transfer SET amount = amount + 1 WHERE kind = 'charge' AND entry_number = 1",
    "INSERT INTO transfer SELECT user_id, entry_number + 1000, kind, account, account_id, amount,
        currency, balance_after, zeroblob(16), NULL, 0 FROM transfer WHERE kind = 'charge' AND entry_number = 1",
    "UPDATE reservation SET status = 'held' WHERE status = 'confirmed'",
    "UPDATE reservation SET user_id = zeroblob(16) WHERE status = 'confirmed'",
    "UPDATE reservation SET status = 'held' WHERE status = 'cancelled'",
    "DELETE FROM reservation WHERE reservation_id =
        (SELECT min(reservation_id) FROM reservation WHERE status = 'confirmed')",
    "UPDATE seat SET status = 'available' WHERE seat_id =
        (SELECT min(seat_id) FROM seat WHERE status = 'sold')",
    "UPDATE seat SET reservation_id = zeroblob(16) WHERE status = 'sold'",
    "DELETE FROM amount WHERE amount_id = (SELECT min(amount_id) FROM amount)",
    "UPDATE amount SET amount = amount + 1",
];

/// A sale that was shopped in, by some who were drawn, and stopped cleanly.
fn shopped() -> (Sandbox, Vec<Journal>) {
    let _alone = alone();
    let sandbox = Sandbox::new();
    let server = sandbox.start(TIRELESS);
    let address = server.address;
    let journals = runtime().block_on(async {
        let key = sandbox.operator_key();
        let opens_at = stamp(Clock::System.now().plus_ms(4_000));
        let more = json!({ "max_active": 10, "opens_at": opens_at });
        let sale = open_sale(address, &key, 2_000, &more).await;
        let keyring = sandbox.keyring();
        let load = Duration::from_millis(8_000);
        let seed = Dice::seed("audit");
        crowd((address, &sale, &keyring), 25, seed, load, || drop(server.kill())).await
    });
    sandbox.start(&["--demo", "false"]).stop();
    let rows = Connection::open(sandbox.database()).unwrap();
    let drawn: i64 = rows.query_row("SELECT drawn FROM queue_state", [], |row| row.get(0)).unwrap();
    assert!(drawn >= 20, "{drawn} were drawn");
    (sandbox, journals)
}

/// A copy of the database with something changed by hand.
fn tampered(sandbox: &Sandbox, sql: &str) -> PathBuf {
    let copy = sandbox.path("tampered.db");
    std::fs::copy(sandbox.database(), &copy).unwrap();
    let rows = Connection::open(&copy).unwrap();
    rows.pragma_update(None, "ignore_check_constraints", 1).unwrap();
    rows.execute_batch(sql).unwrap();
    assert!(rows.total_changes() > 0, "nothing to tamper with: {sql}");
    copy
}

/// H33: the audit and the comparison with what was acknowledged find nothing in a sound sale, and
/// each of their lines finds its tampered row.
#[test]
fn a_tampered_row_is_found() {
    let (sandbox, journals) = shopped();
    let keyring = sandbox.keyring();
    let now = Clock::System.now().0;
    nothing(&audit(&sandbox.database(), now), "untouched");
    nothing(&broken(&journals, &sandbox.database(), &keyring), "untouched");
    for (sql, name) in TAMPERED {
        let found = audit(&tampered(&sandbox, sql), now);
        assert!(found.contains(name), "{sql}: only {found:?}");
    }
    let tested: BTreeSet<_> = TAMPERED.iter().map(|(_, name)| *name).collect();
    let all: BTreeSet<_> = checks().map(|check| check.name).collect();
    assert_eq!(tested, all, "each line of the audit is tested");
    for sql in FORGOTTEN {
        let found = broken(&journals, &tampered(&sandbox, sql), &keyring);
        assert!(!found.is_empty(), "not found: {sql}");
    }
}

/// The verb tells each check and what was looked at, while a server sells; and fails with a list where
/// something does not hold.
#[test]
fn the_verb_tells_what_it_found() {
    let (sandbox, _) = shopped();
    let server = sandbox.start(&["--demo", "false"]);
    let sound = sandbox.run(&["audit"]);
    let text = String::from_utf8(sound.stdout).unwrap();
    assert!(sound.status.success(), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("ok    ")).count(), checks().count());
    assert!(text.contains("4000 seat"), "{text}");
    let all = checks().count();
    assert_eq!(text.lines().last(), Some(format!("{all} of {all} checks hold").as_str()));
    assert!(text.contains("sales Crash course, 2099-05-01T19:00:00Z: "), "{text}");
    let rows = Connection::open(sandbox.database()).unwrap();
    let sum = "SELECT (SELECT count(*) FROM seat WHERE status = 'sold'), (SELECT sum(amount) FROM amount)";
    let (sold, paid): (i64, i64) =
        rows.query_row(sum, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let plain = text.replace(',', "");
    assert!(
        sold > 0 && plain.contains(&format!("sales 2 dates: {sold} seats sold {paid} paid")),
        "{text}"
    );
    server.stop();
    let sql = "UPDATE seat SET status = 'available' WHERE status = 'sold'";
    let copy = tampered(&sandbox, sql);
    let url = format!("sqlite://{}", copy.display());
    let audit = |more: &[&str]| {
        let mut audit = command(binary());
        audit.args(["audit", "--database", &url]).args(more).output().unwrap()
    };
    let found = audit(&[]);
    assert!(!found.status.success());
    let text = String::from_utf8(found.stdout).unwrap();
    assert!(
        text.contains(
            "WRONG the seats of a live claim name it, for as long as it counts (claim_named): "
        ),
        "{text}"
    );
    assert!(text.contains(" is available"), "{text}");
    let last = text.lines().last().unwrap_or_default();
    let holding = last.strip_suffix(&format!(" of {all} checks hold")).expect("how many hold");
    assert!(holding.parse::<usize>().unwrap() < all, "{last}");
    let json: serde_json::Value = serde_json::from_slice(&audit(&["--json"]).stdout).unwrap();
    let broken = |check: &serde_json::Value| check["broken_count"].as_u64() > Some(0);
    let named = json["checks"].as_array().unwrap().iter().filter(|check| broken(check));
    let named: Vec<_> = named.map(|check| check["name"].as_str().unwrap()).collect();
    assert!(named.contains(&"claim_named") && named.contains(&"available_seats"), "{named:?}");
}

/// H32: what is no database of ours is not touched, and one sentence says so.
#[test]
fn what_cannot_be_audited_is_told_in_one_sentence() {
    let sandbox = Sandbox::new();
    let audit = || {
        let output = sandbox.run(&["audit"]);
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let told = audit();
    assert!(told.contains("there is no such file") && told.lines().count() == 1, "{told}");
    assert!(!sandbox.database().exists());
    let foreign = Connection::open(sandbox.database()).unwrap();
    foreign.execute_batch("CREATE TABLE diary (page TEXT)").unwrap();
    let told = audit();
    assert!(told.contains("another program") && told.lines().count() == 1, "{told}");
    std::fs::remove_file(sandbox.database()).unwrap();
    sandbox.start(&["--demo", "false"]).stop();
    let newer = Connection::open(sandbox.database()).unwrap();
    newer.pragma_update(None, "user_version", 1_000).unwrap();
    drop(newer);
    let told = audit();
    assert!(told.contains("1000") && told.lines().count() == 1, "{told}");
}
