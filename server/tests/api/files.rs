//! H32: a database file that can't be used is refused with one sentence, and is left as it is.

use boxoffice_server::clock::Clock;
use boxoffice_server::config::{Config, Given};
use boxoffice_server::node;
use boxoffice_server::store::sqlite::{Files, MIGRATIONS, SCHEMA_VERSION, SqliteStore};
use rusqlite::Connection;
use std::fs;
use std::path::Path;

fn config(path: &Path) -> Config {
    let database = Some(format!("sqlite://{}", path.display()));
    Given { database, ..Given::default() }.resolve().unwrap()
}

/// Starting on the file fails with a sentence that names it and has these words.
fn refused(path: &Path, words: &str) {
    let before = fs::read(path).unwrap();
    let failure = node::build(&config(path), Clock::manual(1)).err().expect("refused").to_string();
    assert!(failure.contains(words), "{failure}");
    assert!(failure.starts_with(&path.display().to_string()), "{failure}");
    assert!(!failure.contains('\n'), "{failure}");
    assert!(fs::read(path).unwrap() == before, "the file has changed");
}

#[test]
fn a_file_that_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sale.db");
    fs::write(&path, "seat_number,zone,price\n".repeat(100)).unwrap();
    refused(&path, "cannot be used");
}

#[test]
fn a_file_of_a_newer_boxoffice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sale.db");
    drop(node::build(&config(&path), Clock::manual(1)).unwrap());
    let newer = Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", SCHEMA_VERSION + 1).unwrap();
    newer.pragma_update(None, "wal_checkpoint", "TRUNCATE").unwrap();
    drop(newer);
    let text = node::build(&config(&path), Clock::manual(1)).err().expect("refused").to_string();
    assert!(text.contains("use the newer binary") && !text.contains('\n'), "{text}");
}

/// Whoever was let in before the column was there is not held against a limit that may have been another.
#[test]
fn a_file_of_an_older_boxoffice_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sale.db");
    let older = Connection::open(&path).unwrap();
    older.execute_batch(MIGRATIONS[0].1).unwrap();
    older.pragma_update(None, "user_version", MIGRATIONS[0].0).unwrap();
    let rows = "INSERT INTO queue_state VALUES (x'01', zeroblob(32), 0, 1, 1, 0, 1, 0, 0, 0, 5, 5, 5, 0);
                INSERT INTO queue_state VALUES (x'02', zeroblob(32), 0, 0, 0, 0, 0, 0, 0, 0, 5, 5, 5, 0);
                INSERT INTO user_token VALUES (x'01', 1, x'03', 1, 900, 70, NULL, 900, NULL, NULL, NULL, 0);
                INSERT INTO user_token VALUES (x'01', 2, x'04', 0, 60, 50, NULL, 60, NULL, NULL, NULL, 1)";
    older.execute_batch(rows).unwrap();
    drop(older);
    drop(SqliteStore::open(&Files { path: path.clone() }).unwrap());
    let newer = Connection::open(&path).unwrap();
    let text = "SELECT group_concat(max_active_at ORDER BY concert_id) FROM queue_state";
    let since: String = newer.query_row(text, [], |row| row.get(0)).unwrap();
    assert_eq!(since, "70,0");
    let text = "SELECT group_concat(coalesce(ended_at, 'not') ORDER BY sequence) FROM user_token";
    let ended: String = newer.query_row(text, [], |row| row.get(0)).unwrap();
    assert_eq!(ended, "not,60");
}

#[test]
fn a_file_of_another_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sale.db");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE song (title TEXT)").unwrap();
    drop(other);
    refused(&path, "tables of another program");
}

#[test]
fn a_folder_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no/sale.db");
    let text = node::build(&config(&path), Clock::manual(1)).err().expect("refused").to_string();
    assert!(text.contains("not available") && !text.contains('\n'), "{text}");
}

/// S20: the names of older accounts are kept; of those that look alike the oldest has the look.
#[test]
fn accounts_of_an_older_boxoffice_get_their_looks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sale.db");
    let older = Connection::open(&path).unwrap();
    for (version, text) in MIGRATIONS.iter().take_while(|(version, _)| *version < 7) {
        older.execute_batch(text).unwrap();
        older.pragma_update(None, "user_version", version).unwrap();
    }
    let users = [
        ("аdmin", "'hash'", 30),
        ("admin", "'hash'", 20),
        ("ａdmin", "'hash'", 40),
        ("https://id.example#admin", "NULL", 10),
        ("김미나", "'hash'", 50),
    ];
    for (at, (name, hash, created_at)) in users.into_iter().enumerate() {
        let text = format!(
            "INSERT INTO user (user_id, username, password_hash, created_at) \
             VALUES (x'0{at}', ?, {hash}, {created_at})"
        );
        older.execute(&text, [name]).unwrap();
    }
    drop(older);
    drop(SqliteStore::open(&Files { path: path.clone() }).unwrap());
    let newer = Connection::open(&path).unwrap();
    let text = "SELECT username || ' ' || coalesce(username_look, '-') FROM user ORDER BY user_id";
    let mut rows = newer.prepare(text).unwrap();
    let rows: Vec<String> =
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let want = [
        "аdmin -",
        "admin adrnin",
        "ａdmin -",
        "https://id.example#admin https://id.example#admin",
        "김미나 김미나",
    ];
    assert_eq!(rows, want);
}
