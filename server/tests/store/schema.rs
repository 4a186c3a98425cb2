//! The real schema against the table definitions that every statement is made from.

use crate::old::{NEW_ROWS, OLD_ROWS, TRANSFERS};
use boxoffice_core::id::{UserId, Uuid};
use boxoffice_core::wallet::TransferKind;
use boxoffice_server::audit::{Snapshot, checks};
use boxoffice_server::store::Store;
use boxoffice_server::store::reads::Reads;
use boxoffice_server::store::records::{TABLES, WORDS};
use boxoffice_server::store::sqlite::{
    Files, MIGRATIONS, SCHEMA_VERSION, SqliteReads, SqliteStore, migrate, open_reader, open_writer,
};
use boxoffice_server::store::table::Table;
use rusqlite::Connection;
use std::collections::BTreeSet;

fn fresh(dir: &tempfile::TempDir) -> Files {
    let files = Files { path: dir.path().join("boxoffice.db") };
    SqliteStore::open(&files).expect("a new file");
    files
}

fn names(connection: &Connection, text: &str) -> BTreeSet<String> {
    let mut statement = connection.prepare(text).expect("a statement");
    let found = statement.query_map([], |row| row.get(0)).expect("rows");
    found.map(|name| name.expect("a name")).collect()
}

fn columns(connection: &Connection, table: &Table) -> BTreeSet<String> {
    let text = format!("SELECT name FROM pragma_table_info('{}')", table.name);
    names(connection, &text)
}

/// The columns of each definition are those of the migrated schema, no more and no fewer.
#[test]
fn definitions_have_the_columns_of_the_schema() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let connection = open_reader(&fresh(&dir)).expect("a file of our own");
    let text = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    let defined: BTreeSet<_> = TABLES.iter().map(|table| table.name.to_owned()).collect();
    assert_eq!(names(&connection, text), defined);
    for table in TABLES {
        let defined: Vec<_> = table.columns().map(str::to_owned).collect();
        let set: BTreeSet<_> = defined.iter().cloned().collect();
        assert_eq!(set.len(), defined.len(), "{} names a column twice", table.name);
        assert_eq!(columns(&connection, table), set, "{}", table.name);
    }
}

/// The audit has every word of every closed list and no other, in a text of its own.
#[test]
fn the_audit_knows_the_words_of_every_closed_list() {
    let check = checks().find(|check| check.name == "words_known").expect("a check of words");
    let parts: Vec<&str> = check.sql.split("UNION ALL").collect();
    assert_eq!(parts.len(), WORDS.len());
    for (table, column, words) in WORDS {
        let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let wanted = format!("WHERE {column} NOT IN ({})", words.join(", "));
        let flat = |part: &&&str| part.split_whitespace().collect::<Vec<_>>().join(" ");
        let found =
            parts.iter().filter(|part| flat(part).contains(&format!("FROM {table} {wanted}")));
        assert_eq!(found.count(), 1, "{table}: {wanted}");
    }
}

/// What a definition calls its key names one row: by the primary key, or a unique index.
#[test]
fn keys_are_unique() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let connection = open_reader(&fresh(&dir)).expect("a file of our own");
    for table in TABLES {
        let indexes = format!(
            "SELECT name FROM pragma_index_list('{}') WHERE \"unique\" = 1 AND partial = 0",
            table.name
        );
        let key: BTreeSet<_> = table.key.iter().map(|&column| column.to_owned()).collect();
        let unique = names(&connection, &indexes).into_iter().any(|index| {
            let text = format!(
                "SELECT i.name FROM pragma_index_info('{index}') i \
                 JOIN pragma_table_info('{}') t ON t.name = i.name",
                table.name
            );
            names(&connection, &text) == key
        });
        assert!(unique, "{}: {key:?}", table.name);
    }
}

/// Each migration runs once; running them again changes nothing.
#[test]
fn migrating_twice_is_migrating_once() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let files = fresh(&dir);
    let mut connection = open_writer(&files).expect("a file of our own");
    let text = "SELECT type || name || ifnull(sql, '') FROM sqlite_schema";
    let before = names(&connection, text);
    migrate(&mut connection).expect("nothing to do");
    assert_eq!(names(&connection, text), before);
    let version: i64 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a version");
    assert_eq!(version, SCHEMA_VERSION);
}

/// A file as the version before left it: its schema, with what two users did.
fn of_version_9(dir: &tempfile::TempDir, currency: Option<&str>) -> Files {
    let files = Files { path: dir.path().join("boxoffice.db") };
    let old = Connection::open(&files.path).expect("a new file");
    for (_, text) in MIGRATIONS.iter().filter(|(version, _)| *version <= 9) {
        old.execute_batch(text).expect("a migration");
    }
    old.execute_batch(OLD_ROWS).expect("rows");
    if let Some(currency) = currency {
        let text = "INSERT INTO sale_setting VALUES ('currency', ?)";
        old.execute(text, [currency]).expect("a setting");
    }
    old.pragma_update(None, "user_version", 9).expect("a version");
    files
}

/// Rows of any table, as lines.
fn lines(connection: &Connection, text: &str) -> Vec<String> {
    let mut statement = connection.prepare(text).expect("a statement");
    let found = statement.query_map([], |row| row.get(0)).expect("rows");
    found.map(|line| line.expect("a line")).collect()
}

/// Entries of the ledger become transfers, exactly: each with its number, amount, balance, reference, reason and
/// time, and with the account that it came from or went to; and the audit agrees.
#[test]
fn the_ledger_of_the_version_before_becomes_transfers() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let files = of_version_9(&dir, Some("KRW"));
    let opened = open_writer(&files).expect("a file of our own");
    assert_eq!(lines(&opened, TRANSFERS), NEW_ROWS);
    let currencies = "SELECT currency FROM concert UNION ALL SELECT currency FROM balance";
    assert_eq!(lines(&opened, currencies), ["KRW"; 3]);
    drop(opened);
    let audit = Snapshot::of_file(&files.path, || 1_000).expect("rows").audit().expect("an audit");
    assert_eq!(audit.broken(), 0, "{}", audit.text());
    // And it goes on: the next entry has the next number.
    let mut reads = SqliteReads::open(&files).expect("a reader");
    let user = UserId(Uuid::from_u128(0x11));
    let balance = reads.balance(user).expect("a balance");
    assert_eq!((balance.amount.0, balance.entry_count), (35, 4));
    let newest = reads.ledger(user, None, 1).expect("a ledger").remove(0);
    assert_eq!((newest.0, newest.1.kind), (4, TransferKind::Adjustment));
}

/// Seats that went back before are found by their date from then on.
#[test]
fn void_tickets_of_the_version_before_get_their_date() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let files = Files { path: dir.path().join("boxoffice.db") };
    let old = Connection::open(&files.path).expect("a new file");
    for (_, text) in MIGRATIONS.iter().filter(|(version, _)| *version < 16) {
        old.execute_batch(text).expect("a migration");
    }
    let rows = "INSERT INTO reservation (reservation_id, user_id, concert_id, concert_date_id, sequence, seat_count,
            total_price, reservation_date, expires_at, status)
        VALUES (x'0a', x'01', x'02', x'03', 1, 2, 10, 0, 0, 'confirmed');
        INSERT INTO refund_seat VALUES (x'0a', 7, 1), (x'0a', 8, 2)";
    old.execute_batch(rows).expect("rows");
    old.pragma_update(None, "user_version", 15).expect("a version");
    let opened = open_writer(&files).expect("a file of our own");
    let text = "SELECT hex(reservation_id) || seat_number || refund_number || hex(concert_date_id) FROM refund_seat";
    assert_eq!(lines(&opened, text), ["0A7103", "0A8203"]);
}

/// Of a file whose currency was never kept, the rows get that of the first start.
#[test]
fn rows_get_the_currency_that_is_kept_first() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let files = of_version_9(&dir, None);
    let mut store = SqliteStore::open(&files).expect("a file of our own");
    let reader = open_reader(&files).expect("a file of our own");
    let currencies = "SELECT DISTINCT currency FROM (SELECT currency FROM concert \
         UNION ALL SELECT currency FROM balance UNION ALL SELECT currency FROM transfer)";
    assert_eq!(lines(&reader, currencies), ["XXX"]);
    for wanted in ["USD", "EUR"] {
        assert_eq!(store.keep("currency", wanted).as_deref(), Ok("USD"));
        assert_eq!(lines(&reader, currencies), ["USD"]);
    }
}
