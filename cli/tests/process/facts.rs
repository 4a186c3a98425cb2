//! What the server has acknowledged, held against the raw rows: every answered request must still be
//! true, and every unanswered one wholly done or wholly undone.

use crate::fan::{Deed, Entry, Journal};
use boxoffice_core::id::Uuid;
use boxoffice_server::clock::Clock;
use boxoffice_server::tokens::Keyring;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Params};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Opens a database for looking only.
pub fn look(database: &Path) -> Connection {
    let connection =
        Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    connection
}

/// What may be true of a reservation.
#[derive(Default)]
struct Expected {
    statuses: BTreeSet<&'static str>,
    date: Uuid,
    seats: BTreeSet<u32>,
    payment: Option<(Uuid, i64)>,
}

/// Compares journals with rows.
pub struct Facts<'a> {
    rows: &'a Connection,
    keyring: &'a Keyring,
    /// Sentences about what is not true any more.
    broken: Vec<String>,
}

/// Every acknowledged fact that is not true any more in a database file.
pub fn broken(journals: &[Journal], database: &Path, keyring: &Keyring) -> Vec<String> {
    broken_in(&look(database), journals, keyring)
}

/// The same by rows that are at hand.
pub fn broken_in(rows: &Connection, journals: &[Journal], keyring: &Keyring) -> Vec<String> {
    let mut facts = Facts { rows, keyring, broken: Vec::new() };
    for journal in journals {
        for entry in &journal.entries {
            facts.entry(journal.user, entry);
        }
        for (id, expected) in reservations(journal) {
            facts.reservation(journal.user, id, &expected);
        }
        facts.nothing_else(journal);
    }
    facts.broken
}

/// What a fan's reservations must be by now.
fn reservations(journal: &Journal) -> BTreeMap<Uuid, Expected> {
    let mut all: BTreeMap<Uuid, Expected> = BTreeMap::new();
    for entry in &journal.entries {
        match &entry.deed {
            Deed::Reserve { date, seats } => {
                let Some(answer) = entry.done() else { continue };
                let id = answer.text("reservation_id").parse().unwrap();
                let statuses = BTreeSet::from(["held"]);
                let expected =
                    Expected { statuses, date: *date, seats: seats.clone(), payment: None };
                all.insert(id, expected);
            }
            Deed::Pay { reservation } => {
                let expected = all.entry(*reservation).or_default();
                end(expected, entry, "confirmed");
                expected.payment = entry.done().map(|answer| {
                    let id = answer.text("payment_id").parse().unwrap();
                    (id, answer.json()["amount"].as_i64().unwrap())
                });
            }
            Deed::Cancel { reservation } => {
                end(all.entry(*reservation).or_default(), entry, "cancelled");
            }
            _ => {}
        }
    }
    all
}

/// Done: it has ended. Unanswered: it may have. Refused: it has not.
fn end(expected: &mut Expected, entry: &Entry, status: &'static str) {
    if entry.done().is_some() {
        expected.statuses.clear();
    }
    if entry.done().is_some() || entry.answer.is_none() {
        expected.statuses.insert(status);
    }
}

impl Facts<'_> {
    fn one<T: rusqlite::types::FromSql>(&self, sql: &str, bound: impl Params) -> Option<T> {
        self.rows.query_row(sql, bound, |row| row.get(0)).optional().unwrap()
    }

    fn count(&self, sql: &str, user: Uuid) -> usize {
        let count: i64 = self.one(sql, [user.as_bytes()]).unwrap();
        usize::try_from(count).unwrap()
    }

    fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.broken.push(what());
        }
    }

    fn entry(&mut self, user: Uuid, entry: &Entry) {
        let Some(answer) = entry.done() else { return };
        match &entry.deed {
            Deed::Join => {
                let sql = "SELECT user_id FROM waiting_queue WHERE queue_id = ? AND sequence = ?";
                let owner = self.at_place(sql, &answer.text("token"));
                self.check(owner == Some(*user.as_bytes()), || {
                    format!("the place of {user} is gone or another's: {}", answer.body)
                });
            }
            Deed::Admitted { token } => {
                let sql = "SELECT user_id FROM user_token WHERE queue_id = ? AND sequence = ?";
                let owner = self.at_place(sql, token);
                self.check(owner == Some(*user.as_bytes()), || {
                    format!("{user} was admitted and is not: {}", answer.body)
                });
            }
            Deed::Leave { token } => {
                let sql = "SELECT status = 'left' OR EXISTS (SELECT 1 FROM user_token t \
                     WHERE t.queue_id = w.queue_id AND t.sequence = w.sequence \
                     AND t.is_active = 0) FROM waiting_queue w \
                     WHERE queue_id = ? AND sequence = ?";
                let gone: Option<bool> = self.at_place(sql, token);
                self.check(gone == Some(true), || format!("{user} left and is still there"));
            }
            Deed::Charge { amount } => {
                let id: Uuid = answer.text("charge_id").parse().unwrap();
                let sql = "SELECT count(*) FROM transfer WHERE user_id = ? \
                     AND kind = 'charge' AND reference = ? AND amount = ?";
                let found: Option<i64> = self.one(sql, (user.as_bytes(), id.as_bytes(), amount));
                self.check(found == Some(1), || format!("charge {id} stands {found:?} times"));
            }
            Deed::Reserve { .. } | Deed::Pay { .. } | Deed::Cancel { .. } => {}
        }
    }

    fn at_place<T: rusqlite::types::FromSql>(&self, sql: &str, token: &str) -> Option<T> {
        let place = self.keyring.verify_queue(token, Clock::System.now())?.place();
        let sequence = i64::try_from(place.sequence).unwrap();
        self.one(sql, (place.queue.id.as_bytes(), sequence))
    }

    fn reservation(&mut self, user: Uuid, id: Uuid, expected: &Expected) {
        let sql = "SELECT status FROM reservation WHERE reservation_id = ? AND user_id = ?";
        let status: Option<String> = self.one(sql, (id.as_bytes(), user.as_bytes()));
        let status = status.unwrap_or_default();
        self.check(expected.statuses.contains(status.as_str()), || {
            format!("reservation {id} is {status:?} and not {:?}", expected.statuses)
        });
        let seat_status = match status.as_str() {
            "held" => "held",
            "confirmed" => "sold",
            _ => return,
        };
        let sql = "SELECT count(*) FROM seat WHERE concert_date_id = ? AND seat_number = ? \
             AND status = ? AND reservation_id = ?";
        for &number in &expected.seats {
            let bound = (expected.date.as_bytes(), number, seat_status, id.as_bytes());
            let mine: Option<i64> = self.one(sql, bound);
            self.check(mine == Some(1), || format!("seat {number} of {id} is not {seat_status}"));
        }
        if let Some((payment, amount)) = expected.payment {
            let sql = "SELECT count(*) FROM amount WHERE amount_id = ? AND reservation_id = ? \
                 AND user_id = ? AND amount = ?";
            let bound = (payment.as_bytes(), id.as_bytes(), user.as_bytes(), amount);
            let found: Option<i64> = self.one(sql, bound);
            self.check(found == Some(1), || format!("payment {payment} stands {found:?} times"));
        }
    }

    /// Nothing has happened to the user that no request asked for: each kind of row stands between
    /// as often as was acknowledged and as often as it may have been done.
    fn nothing_else(&mut self, journal: &Journal) {
        type Test = fn(&Deed) -> bool;
        let kinds: [(&str, Test, &str); 4] = [
            (
                "places",
                |deed| *deed == Deed::Join,
                "SELECT count(*) FROM waiting_queue WHERE user_id = ?",
            ),
            (
                "charges",
                |deed| matches!(deed, Deed::Charge { .. }),
                "SELECT count(*) FROM transfer WHERE user_id = ? AND kind = 'charge'",
            ),
            (
                "reservations",
                |deed| matches!(deed, Deed::Reserve { .. }),
                "SELECT count(*) FROM reservation WHERE user_id = ?",
            ),
            (
                "payments",
                |deed| matches!(deed, Deed::Pay { .. }),
                "SELECT count(*) FROM amount WHERE user_id = ?",
            ),
        ];
        for (name, of_kind, sql) in kinds {
            let mine = || journal.entries.iter().filter(|entry| of_kind(&entry.deed));
            let least = mine().filter(|entry| entry.done().is_some()).count();
            let most = least + mine().filter(|entry| entry.answer.is_none()).count();
            let found = self.count(sql, journal.user);
            let user = journal.user;
            self.check((least..=most).contains(&found), || {
                format!("{user} has {found} {name}, between {least} and {most} were asked for")
            });
        }
    }
}

/// Unanswered requests that left a stored reply: they were done although nobody was told.
pub fn done_unanswered(journals: &[Journal], database: &Path) -> Vec<String> {
    let rows = look(database);
    let sql = "SELECT count(*) FROM idempotency_key WHERE idempotency_key = ?";
    let entries = journals.iter().flat_map(|journal| &journal.entries);
    let unanswered = entries.filter(|entry| entry.answer.is_none());
    unanswered
        .filter(|entry| {
            let key = entry.ask.has_key().unwrap_or_default();
            rows.query_row(sql, [key], |row| row.get::<_, i64>(0)).unwrap() > 0
        })
        .map(|entry| format!("{:?} was done and not answered", entry.deed))
        .collect()
}
