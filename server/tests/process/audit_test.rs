//! The checkers can fail: each of them finds the row that was tampered with.

use crate::audit::{CHECKS, audit};
use crate::facts::broken;
use crate::fan::{Dice, Journal, crowd};
use crate::house::{House, open_sale};
use crate::{alone, nothing, runtime};
use boxoffice::clock::Clock;
use rusqlite::Connection;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// What a tampering hand does, and which line of the audit must find it.
const TAMPERED: &[(&str, &str)] = &[
    (
        "INSERT INTO reservation_seat SELECT (SELECT max(reservation_id) FROM reservation
            WHERE status = 'confirmed'), seat_number + 100000, seat_id, ticket_price
         FROM reservation_seat WHERE reservation_id =
            (SELECT min(reservation_id) FROM reservation WHERE status = 'confirmed')",
        "a seat has one live claim at most",
    ),
    (
        "UPDATE seat SET reservation_id = zeroblob(16)
         WHERE seat_id = (SELECT min(seat_id) FROM seat WHERE status = 'sold')",
        "the seats of a live claim name it",
    ),
    (
        "UPDATE reservation SET status = 'cancelled' WHERE status = 'confirmed'",
        "a taken seat belongs to a reservation that lists it",
    ),
    (
        "UPDATE concert_date SET available_seats = available_seats - 1",
        "available_seats is the number of available seats",
    ),
    (
        "UPDATE reservation SET total_price = total_price + 1",
        "a reservation's count and price are the sums of its seats",
    ),
    (
        "UPDATE balance SET amount = amount + 1 WHERE user_id = (SELECT min(user_id) FROM balance)",
        "a balance is the sum of its ledger",
    ),
    (
        "DELETE FROM balance WHERE user_id = (SELECT min(user_id) FROM balance)",
        "a ledger belongs to a balance",
    ),
    (
        "UPDATE balance_entry SET entry_number = entry_number + 1000 WHERE entry_number = 1",
        "ledger entries are numbered without gaps and carry their running sum",
    ),
    (
        "INSERT INTO balance_entry SELECT user_id, entry_number + 1000, kind, amount,
            balance_after, reference, created_at FROM balance_entry WHERE entry_number = 1",
        "a charge stands once",
    ),
    (
        "DELETE FROM amount WHERE amount_id = (SELECT min(amount_id) FROM amount)",
        "a confirmed reservation is paid once, at its price, by its owner",
    ),
    (
        "UPDATE reservation SET status = 'expired' WHERE status = 'confirmed'",
        "a payment has a confirmed reservation",
    ),
    (
        "DELETE FROM balance_entry WHERE reference = (SELECT min(amount_id) FROM amount)",
        "a payment was debited once",
    ),
    (
        "DELETE FROM amount WHERE amount_id = (SELECT max(amount_id) FROM amount)",
        "a debit has its payment",
    ),
    (
        "UPDATE user_token SET end_reason = 'left' WHERE end_reason = 'paid'",
        "whoever has paid is not admitted any more",
    ),
    (
        "UPDATE queue_state SET active = active + 1",
        "the active counter is the number of active tokens",
    ),
    ("UPDATE user_token SET is_active = 1", "no more are admitted than max_active"),
    ("UPDATE queue_state SET queue_cursor = queue_tail + 1", "the cursor is not past the tail"),
    (
        "DELETE FROM waiting_queue WHERE sequence = 2",
        "the tail is the newest place, and no number is missing",
    ),
    (
        "UPDATE waiting_queue SET status = 'waiting' WHERE sequence = 1",
        "nobody behind the cursor still waits, nobody before it was served",
    ),
    ("UPDATE user_token SET is_active = 1", "a user has one live place in a queue at most"),
    (
        "DELETE FROM user_token WHERE sequence = 1",
        "a served place has its admission, of the same user",
    ),
];

/// What a tampering hand does so that something acknowledged is not true any more.
const FORGOTTEN: &[&str] = &[
    "UPDATE waiting_queue SET user_id = zeroblob(16) WHERE sequence = 1",
    "DELETE FROM waiting_queue WHERE sequence = 1",
    "INSERT INTO waiting_queue SELECT concert_id, 1000000, user_id, 0, 'left', 0
        FROM waiting_queue WHERE sequence = 1",
    "UPDATE waiting_queue SET sequence = -sequence",
    "DELETE FROM user_token",
    "UPDATE user_token SET is_active = 1",
    "DELETE FROM balance_entry WHERE kind = 'charge' AND entry_number = 1",
    "UPDATE balance_entry SET amount = amount + 1 WHERE kind = 'charge' AND entry_number = 1",
    "INSERT INTO balance_entry SELECT user_id, entry_number + 1000, kind, amount, balance_after,
        zeroblob(16), 0 FROM balance_entry WHERE kind = 'charge' AND entry_number = 1",
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

/// A sale that was shopped in and stopped cleanly.
fn shopped() -> (House, Vec<Journal>) {
    let _alone = alone();
    let house = House::new();
    let server = house.start(&["--demo", "false"]);
    let address = server.address;
    let journals = runtime().block_on(async {
        let more = json!({ "max_active": 10 });
        let sale = open_sale(address, &house.operator_key(), 2_000, &more).await;
        let keyring = house.keyring();
        let load = Duration::from_millis(1_000);
        let seed = Dice::seed("audit");
        crowd((address, &sale, &keyring), 25, seed, load, || drop(server.kill())).await
    });
    house.start(&["--demo", "false"]).stop();
    (house, journals)
}

/// A copy of the database with something changed by hand.
fn tampered(house: &House, sql: &str) -> PathBuf {
    let copy = house.path("tampered.db");
    std::fs::copy(house.database(), &copy).unwrap();
    let rows = Connection::open(&copy).unwrap();
    rows.pragma_update(None, "ignore_check_constraints", 1).unwrap();
    assert!(rows.execute(sql, []).unwrap() > 0, "nothing to tamper with: {sql}");
    copy
}

/// H33: the audit and the comparison with what was acknowledged find nothing in a sound sale, and
/// each of their lines finds its tampered row.
#[test]
fn a_tampered_row_is_found() {
    let (house, journals) = shopped();
    let keyring = house.keyring();
    let now = Clock::System.now().0;
    nothing(&audit(&house.database(), now), "untouched");
    nothing(&broken(&journals, &house.database(), &keyring), "untouched");
    for (sql, sentence) in TAMPERED {
        let found = audit(&tampered(&house, sql), now);
        assert!(found.contains(sentence), "{sql}: only {found:?}");
    }
    let tested: BTreeSet<_> = TAMPERED.iter().map(|(_, sentence)| sentence).collect();
    let all: BTreeSet<_> = CHECKS.iter().map(|(sentence, _)| sentence).collect();
    assert_eq!(tested, all, "each line of the audit is tested");
    for sql in FORGOTTEN {
        let found = broken(&journals, &tampered(&house, sql), &keyring);
        assert!(!found.is_empty(), "not found: {sql}");
    }
}
