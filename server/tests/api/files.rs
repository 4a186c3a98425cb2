//! H32: a database file that can't be used is refused with one sentence, and is left as it is.

use boxoffice_core::id::{ConcertId, PlaceKey, QueueId, ReservationId, UserId, Uuid};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::queue::QueueKind;
use boxoffice_core::rows::{Keys, Rows};
use boxoffice_server::clock::Clock;
use boxoffice_server::config::{Config, Given};
use boxoffice_server::node;
use boxoffice_server::store::Store;
use boxoffice_server::store::sqlite::{Files, MIGRATIONS, SCHEMA_VERSION, SqliteStore};
use boxoffice_server::tokens::QueueClaims;
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
    let text = "SELECT group_concat(max_active_at ORDER BY queue_id) FROM queue_state";
    let since: String = newer.query_row(text, [], |row| row.get(0)).unwrap();
    assert_eq!(since, "70,0");
    let text = "SELECT group_concat(coalesce(ended_at, 'not') ORDER BY sequence) FROM user_token";
    let ended: String = newer.query_row(text, [], |row| row.get(0)).unwrap();
    assert_eq!(ended, "not,60");
}

/// Queues of a file of the version before: the concert's queue has the concert's id, places stay in their order,
/// the reason of a pause is the queue's, and words are not the schema's any more. Tokens and stored replies of
/// before name the same place.
#[test]
fn queues_of_an_older_boxoffice_stand_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sale.db");
    let older = Connection::open(&path).unwrap();
    for (version, text) in MIGRATIONS.iter().take_while(|(version, _)| *version <= 9) {
        older.execute_batch(text).unwrap();
        older.pragma_update(None, "user_version", version).unwrap();
    }
    older.execute_batch(include_str!("files/older.sql")).unwrap();
    drop(older);
    let files = Files { path: path.clone() };
    let mut store = SqliteStore::open(&files).unwrap();
    let uuid = |byte| Uuid::from_bytes([byte; 16]);
    let (queue, user) = (QueueId::general(ConcertId(uuid(0x0c))), UserId(uuid(1)));
    let place = |sequence| PlaceKey { queue, sequence };
    let mut keys = Keys::default();
    keys.queues.insert(queue);
    keys.queues_of.insert(queue.concert);
    keys.newest_places.insert((user, queue.concert));
    keys.places.extend((1..=4).map(place));
    keys.admissions.insert(place(2));
    keys.reservations.insert(ReservationId(uuid(0x0a)));
    keys.idempotency.insert((uuid(1), "tab".into()));
    let mut rows = Rows::default();
    store.begin().and_then(|()| store.load(&keys, &mut rows)).unwrap();
    store.rollback();
    let row = rows.queues.get(&queue).unwrap();
    assert_eq!((row.kind, row.queue_name.as_str()), (QueueKind::General, "General"));
    assert_eq!((row.own_opens_at, row.cursor, row.settings.max_waiting), (None, 2, 7));
    assert_eq!(row.pause_reason.ko.as_deref(), Some("잠시 멈춤"));
    assert_eq!(rows.queues_of.get(&queue.concert), Some(&[queue].into()));
    assert_eq!(rows.newest_places.get(&(user, queue.concert)), Some(&place(4)));
    let visits = (1..=4).map(|sequence| rows.places.get(&place(sequence)).unwrap().visit);
    assert_eq!(visits.collect::<Vec<_>>(), [1, 2, 3, 4]);
    let held = rows.reservations.get(&ReservationId(uuid(0x0a))).unwrap();
    assert_eq!(held.place, place(2));
    let admission = rows.admissions.get(&held.place).unwrap();
    assert_eq!(admission.reservation, Some(ReservationId(uuid(0x0a))));
    let reply = &rows.idempotency.get(&(uuid(1), "tab".into())).unwrap().outcome;
    let Outcome::Joined(ticket) = reply else { panic!("{reply:?}") };
    assert_eq!(ticket.place, place(4));
    let token = format!(
        r#"{{"aud":"queue","sub":"{user}","concert":"{}","sequence":4,"iat":1,"exp":2}}"#,
        queue.concert
    );
    let claims: QueueClaims = serde_json::from_str(&token).unwrap();
    assert_eq!(claims.place(), place(4));
    assert_eq!(serde_json::to_string(&claims).unwrap(), token, "and are signed as before");
    drop(store);
    let newer = Connection::open(&path).unwrap();
    let words = "UPDATE waiting_queue SET status = 'a new word' WHERE sequence = 4;
                 UPDATE user_token SET end_reason = 'a new word'";
    newer.execute_batch(words).unwrap();
    let text = "SELECT count(*) FROM pragma_table_info('concert') WHERE name LIKE 'pause%'";
    let left: i64 = newer.query_row(text, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0, "the reason stands in one place");
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
