//! Opening: the schema is made once, and databases that cannot be used are refused, each with one
//! clear sentence (H32).

use super::on_each;
use crate::old::{NEW_ROWS, OLD_ROWS, TRANSFERS};
use crate::servers::Server;
use crate::subject::options;
use boxoffice_core::id::{ConcertId, PlaceKey, QueueId, ReservationId, UserId, Uuid};
use boxoffice_core::queue::QueueKind;
use boxoffice_core::rows::{Keys, Rows};
use boxoffice_core::time::Time;
use boxoffice_server::audit::Snapshot;
use boxoffice_server::clock::Clock;
use boxoffice_server::config::Given;
use boxoffice_server::node;
use boxoffice_server::store::keys::OperatorKeys;
use boxoffice_server::store::mysql::{
    MIGRATIONS, MySqlKeys, MySqlReads, MySqlStore, Options, SCHEMA_VERSION, Tls,
};
use boxoffice_server::store::reads::Reads;
use boxoffice_server::store::records::TABLES;
use boxoffice_server::store::{Fault, Store, transact};
use boxoffice_server::tokens::KeyFile;
use mysql::prelude::Queryable;
use std::collections::BTreeSet;

on_each! {
    /// Nodes that start together make the schema once.
    nodes_that_start_together;
    /// H32: a newer schema.
    a_newer_schema;
    /// H32: tables of another program.
    another_programs_database;
    /// No refusal shows the password.
    a_wrong_password;
    /// Encrypted where it is asked for, or not at all.
    encryption;
    /// The tables have the columns that the statements name.
    columns_of_the_schema;
    /// A migration that was cut off is run again.
    migrations_can_be_run_again;
    /// S20: the names of older accounts are kept; of those that look alike the oldest has the look.
    accounts_of_an_older_boxoffice_get_their_looks;
    /// The queues of a database of the version before stand as they were, wherever a migration was cut off.
    queues_of_an_older_boxoffice_stand_as_they_were;
    /// Entries of the ledger become transfers, exactly, however often it is cut off.
    the_ledger_of_the_version_before;
    /// Keys are made, found, listed and revoked.
    operators_keys;
    /// Seats that went back before are found by their date, also where the migration was cut off.
    void_tickets_of_the_version_before;
    /// B9: every session goes by UTC, whatever the server's own time zone does in autumn.
    sessions_are_in_utc;
    /// H6: a machine whose clock is wrong.
    a_machine_whose_clock_is_wrong;
}

fn one_sentence(fault: &Fault) -> String {
    let text = fault.to_string();
    assert!((10..240).contains(&text.len()) && !text.contains('\n'), "{text}");
    assert!(!text.contains("a-word-of"), "{text}");
    text
}

fn refusal(options: &Options) -> Fault {
    MySqlStore::open(options).err().expect("a refusal")
}

fn sql(url: &str) -> mysql::Conn {
    mysql::Conn::new(mysql::Opts::from_url(url).expect("an address")).expect("a connection")
}

fn sessions_are_in_utc(server: &'static Server) {
    let url = server.fresh_database();
    let options = options(&url);
    let mut store = MySqlStore::open(&options).expect("a database of our own");
    let mut connection = sql(&url);
    for text in [
        "CREATE TABLE told (zone VARCHAR(64))",
        "CREATE TRIGGER tell BEFORE INSERT ON outbox FOR EACH ROW \
         INSERT INTO told VALUES (@@session.time_zone)",
    ] {
        connection.query_drop(text).expect("it is made");
    }
    transact(&mut store, Store::touch).expect("a write");
    let told: Vec<String> = connection.query("SELECT zone FROM told").expect("what was told");
    assert_eq!(told, ["+00:00"]);
    let mut reading = options.connect_to_read().expect("a connection");
    let zone: Option<String> = reading.query_first("SELECT @@session.time_zone").expect("a zone");
    assert_eq!(zone.as_deref(), Some("+00:00"));
}

fn nodes_that_start_together(server: &'static Server) {
    let url = server.fresh_database();
    let options = options(&url);
    std::thread::scope(|scope| {
        let open = || MySqlStore::open(&options).map(|_| ());
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
        for thread in threads {
            assert_eq!(thread.join().expect("a node"), Ok(()));
        }
    });
    let found: Option<(i64, Option<Vec<u8>>)> =
        sql(&url).query_first("SELECT version, holder FROM schema_migration").expect("a row");
    assert_eq!(found, Some((SCHEMA_VERSION, None)));
}

fn a_newer_schema(server: &'static Server) {
    let url = server.fresh_database();
    let options = options(&url);
    drop(MySqlStore::open(&options).expect("a database of our own"));
    let newer = format!("UPDATE schema_migration SET version = {}", SCHEMA_VERSION + 1);
    sql(&url).query_drop(newer).expect("a version");
    let fault = refusal(&options);
    assert_eq!(fault, Fault::SchemaTooNew { found: SCHEMA_VERSION + 1, known: SCHEMA_VERSION });
    assert!(one_sentence(&fault).contains("use the newer binary"));
}

fn another_programs_database(server: &'static Server) {
    let url = server.fresh_database();
    let options = options(&url);
    let mut other = sql(&url);
    other
        .query_drop("CREATE TABLE schema_migration (version BIGINT PRIMARY KEY)")
        .expect("a table");
    let fault = refusal(&options);
    assert!(one_sentence(&fault).contains("another program"));
    let tables: Vec<String> = other.query("SHOW TABLES").expect("names");
    assert_eq!(tables, ["schema_migration"]);
}

fn a_wrong_password(server: &'static Server) {
    let url = server.fresh_database();
    let wrong = url.replace("a-word-of-the-tests", "a-word-of-nobody");
    let fault = refusal(&options(&wrong));
    assert!(matches!(fault, Fault::Unavailable(_)), "{fault:?}");
    assert!(one_sentence(&fault).contains("denied"));
    let fault = MySqlReads::open(&options(&wrong)).err().expect("a refusal");
    one_sentence(&fault);
    for bad in [url.replace("mysql:", "postgres:"), url.replace("127.0.0.1:", "127.0.0.1:x")] {
        let fault = Options::new(&bad).expect_err("a refusal");
        assert!(one_sentence(&fault).contains("address"));
    }
    let nowhere = url.replace(&server.port().to_string(), "1");
    assert!(matches!(refusal(&options(&nowhere)), Fault::Unavailable(_)));
}

/// What this server has: MySQL makes itself a certificate that no authority knows; this MariaDB has
/// none.
fn encryption(server: &'static Server) {
    let url = server.fresh_database();
    let open = |tls: Tls| {
        MySqlStore::open(&Options::new(&url).expect("an address").with_tls(tls)).map(|_| ())
    };
    let has: Option<String> = server.ask("SELECT IF(VERSION() LIKE '%Maria%', 'none', 'own')");
    let required = open(Tls::Required);
    assert_eq!(required.is_ok(), has.as_deref() == Some("own"), "{required:?}");
    let verified = open(Tls::Verify { ca: None }).expect_err("nobody vouches for it");
    one_sentence(&verified);
    if required.is_ok() {
        let ca = Some(server.data_folder().join("ca.pem"));
        let by_another_name = open(Tls::Verify { ca }).expect_err("it is not for this host");
        one_sentence(&by_another_name);
    }
    assert_eq!(open(Tls::Off), Ok(()));
}

fn columns_of_the_schema(server: &'static Server) {
    let url = server.fresh_database();
    let options = options(&url);
    drop(MySqlStore::open(&options).expect("a database of our own"));
    let mut connection = sql(&url);
    for table in TABLES {
        let text = "SELECT column_name FROM information_schema.columns \
                    WHERE table_schema = DATABASE() AND table_name = ?";
        let found: Vec<String> = connection.exec(text, (table.name,)).expect("names");
        let found: BTreeSet<String> = found.into_iter().collect();
        assert_eq!(found, table.columns().map(str::to_owned).collect(), "{}", table.name);
    }
}

/// The tables that the first migration makes and a later one has dropped.
fn again_from_the_first(connection: &mut mysql::Conn) {
    connection.query_drop(MIGRATIONS[0].1).expect("tables");
}

fn migrations_can_be_run_again(server: &'static Server) {
    let url = server.fresh_database();
    let options = options(&url);
    drop(MySqlStore::open(&options).expect("a database of our own"));
    let mut connection = sql(&url);
    for (_, text) in MIGRATIONS {
        connection.query_drop(text).expect("nothing to do");
    }
    again_from_the_first(&mut connection);
    let cut_off = "UPDATE schema_migration SET version = 1, holder = NULL";
    connection.query_drop(cut_off).expect("a version");
    drop(MySqlStore::open(&options).expect("a database of our own"));
}

fn accounts_of_an_older_boxoffice_get_their_looks(server: &'static Server) {
    let url = server.fresh_database();
    let options = options(&url);
    drop(MySqlStore::open(&options).expect("a database of our own"));
    let mut connection = sql(&url);
    let users = "INSERT INTO user (user_id, username, password_hash, created_at) VALUES \
        (UNHEX('02000000000000000000000000000000'), 'аdmin', 'hash', 2), \
        (UNHEX('01000000000000000000000000000000'), 'admin', 'hash', 1), \
        (UNHEX('03000000000000000000000000000000'), 'https://id.example#noah', NULL, 3)";
    connection.query_drop(users).expect("users");
    let fans = (0..1_200)
        .map(|n| format!("(UNHEX(LPAD(HEX({n} + 1024), 32, '9')), 'fan-{n}', 'hash', 4)"));
    let fans = fans.collect::<Vec<_>>().join(", ");
    let insert = "INSERT INTO user (user_id, username, password_hash, created_at) VALUES";
    connection.query_drop(format!("{insert} {fans}")).expect("fans");
    for _ in 0..2 {
        again_from_the_first(&mut connection);
        let before = "UPDATE schema_migration SET version = 6, holder = NULL";
        connection.query_drop(before).expect("a version");
        drop(MySqlStore::open(&options).expect("a database of our own"));
        let text = "SELECT username, username_look FROM user ORDER BY user_id LIMIT 3";
        let found: Vec<(String, Option<String>)> = connection.query(text).expect("users");
        let looks: Vec<_> = found.iter().map(|(_, look)| look.as_deref()).collect();
        assert_eq!(looks, [Some("adrnin"), None, Some("https://id.example#noah")]);
        let text = "SELECT COUNT(*) FROM user WHERE username_look IS NULL";
        assert_eq!(connection.query_first(text).expect("a count"), Some(1));
    }
}

/// A show of the version before with a queue that is paused, somebody who left and came again, and somebody in
/// the shop with a hold.
const OLDER: &str = "\
    INSERT INTO concert (concert_id, created_at, concert_name, theater, run_time, hold_ttl_ms, shop_ttl_ms, \
        arrival_grace_ms, seats_per_user, total_seats, date_count, start_at, pause_en, pause_ko) VALUES \
        (REPEAT(x'0c', 16), 1, 'Show', 'Hall', 90, 1000, 1000, 1000, 4, 0, 0, 1, 'A break', '잠시 멈춤'); \
    INSERT INTO queue_state (concert_id, seed, drawn, queue_cursor, queue_tail, waiting_count, active, \
        returning_count, credit_milli, credit_at, max_active, admissions_per_second, max_waiting, paused) VALUES \
        (REPEAT(x'0c', 16), REPEAT(x'05', 32), 0, 2, 4, 1, 1, 0, 0, 0, 5, 6, 7, 1); \
    INSERT INTO waiting_queue (concert_id, sequence, user_id, created_at, status, deleted_at) VALUES \
        (REPEAT(x'0c', 16), 1, REPEAT(x'01', 16), 10, 'left', 11), \
        (REPEAT(x'0c', 16), 2, REPEAT(x'02', 16), 12, 'served', 13), \
        (REPEAT(x'0c', 16), 3, REPEAT(x'01', 16), 14, 'left', 15), \
        (REPEAT(x'0c', 16), 4, REPEAT(x'01', 16), 16, 'waiting', NULL); \
    INSERT INTO user_token VALUES \
        (REPEAT(x'0c', 16), 2, REPEAT(x'02', 16), 1, 900, 13, 13, 900, REPEAT(x'0a', 16), NULL, NULL, 0); \
    INSERT INTO reservation (reservation_id, user_id, concert_id, concert_date_id, sequence, seat_count, \
        total_price, reservation_date, expires_at, status) VALUES \
        (REPEAT(x'0a', 16), REPEAT(x'02', 16), REPEAT(x'0c', 16), REPEAT(x'0d', 16), 2, 1, 5, 13, 900, 'held')";

fn queues_of_an_older_boxoffice_stand_as_they_were(server: &'static Server) {
    let url = server.fresh_database();
    let mut connection = sql(&url);
    let made = "CREATE TABLE schema_migration (schema_id BIGINT NOT NULL PRIMARY KEY, \
        version BIGINT NOT NULL, holder BINARY(16) NULL, held_until BIGINT NOT NULL) ENGINE=InnoDB; \
        INSERT INTO schema_migration VALUES (1, 9, NULL, 0)";
    connection.query_drop(made).expect("a table");
    let (older, newer): (Vec<_>, Vec<_>) = MIGRATIONS.iter().partition(|(number, _)| *number <= 9);
    for (_, text) in &older {
        connection.query_drop(text).expect("a schema of the version before");
    }
    connection.query_drop(OLDER).expect("rows of the version before");
    // Cut off after each of its statements, and run again.
    for (_, text) in &newer {
        let statements: Vec<&str> = text.split_inclusive(";\n").collect();
        for count in (4..statements.len()).step_by(4) {
            connection.query_drop(statements[..count].concat()).expect("a part of it");
        }
    }
    let options = options(&url);
    let mut store = MySqlStore::open(&options).expect("a database of the version before");
    let uuid = |byte| Uuid::from_bytes([byte; 16]);
    let (queue, user) = (QueueId::general(ConcertId(uuid(0x0c))), UserId(uuid(1)));
    let mut keys = Keys::default();
    keys.queues.insert(queue);
    keys.queues_of.insert(queue.concert);
    keys.newest_places.insert((user, queue.concert));
    keys.places.extend((1..=4).map(|sequence| PlaceKey { queue, sequence }));
    keys.admissions.insert(PlaceKey { queue, sequence: 2 });
    keys.reservations.insert(ReservationId(uuid(0x0a)));
    let mut rows = Rows::default();
    store.begin().and_then(|()| store.load(&keys, &mut rows)).expect("rows");
    store.rollback();
    let row = rows.queues.get(&queue).expect("the queue");
    assert_eq!((row.kind, row.queue_name.as_str()), (QueueKind::General, "General"));
    assert_eq!((row.own_opens_at, row.cursor, row.settings.max_waiting), (None, 2, 7));
    assert_eq!(row.pause_reason.ko.as_deref(), Some("잠시 멈춤"));
    assert_eq!(rows.queues_of.get(&queue.concert), Some(&[queue].into()));
    let newest = PlaceKey { queue, sequence: 4 };
    assert_eq!(rows.newest_places.get(&(user, queue.concert)), Some(&newest));
    for sequence in 1..=4 {
        let place = rows.places.get(&PlaceKey { queue, sequence }).expect("a place");
        assert_eq!(place.visit, sequence);
    }
    let held = rows.reservations.get(&ReservationId(uuid(0x0a))).expect("a hold");
    assert_eq!(held.place, PlaceKey { queue, sequence: 2 });
    assert_eq!(
        rows.admissions.get(&held.place).and_then(|a| a.reservation),
        Some(ReservationId(uuid(0x0a)))
    );
    for text in [
        "UPDATE waiting_queue SET status = 'a new word' WHERE sequence = 4",
        "UPDATE user_token SET end_reason = 'a new word'",
    ] {
        connection.query_drop(text).expect("words are not the schema's");
    }
}

fn the_ledger_of_the_version_before(server: &'static Server) {
    let url = server.fresh_database();
    let options = options(&url);
    let mut connection = sql(&url);
    for (_, text) in MIGRATIONS.iter().filter(|(version, _)| *version <= 9) {
        connection.query_drop(text).expect("a migration");
    }
    let version = "CREATE TABLE schema_migration (schema_id BIGINT NOT NULL PRIMARY KEY, \
         version BIGINT NOT NULL, holder BINARY(16) NULL, held_until BIGINT NOT NULL); \
         INSERT INTO schema_migration VALUES (1, 9, NULL, 0)";
    connection.query_drop(version).expect("a version");
    connection.query_drop(OLD_ROWS).expect("rows");
    drop(MySqlStore::open(&options).expect("a database of our own"));
    let currencies = "SELECT DISTINCT currency FROM (SELECT currency FROM concert \
         UNION ALL SELECT currency FROM balance UNION ALL SELECT currency FROM transfer) c";
    let found: Vec<String> = connection.query(currencies).expect("currencies");
    assert_eq!(found, ["XXX"], "nobody has said yet");
    for wanted in ["KRW", "USD"] {
        let mut store = MySqlStore::open(&options).expect("a database of our own");
        assert_eq!(store.keep("currency", wanted).as_deref(), Ok("KRW"));
    }
    // What was cut off is done again, and changes nothing.
    let cut_off = "UPDATE schema_migration SET version = 9, holder = NULL";
    connection.query_drop(cut_off).expect("a version");
    drop(MySqlStore::open(&options).expect("a database of our own"));
    let found: Vec<String> = connection.query(TRANSFERS).expect("transfers");
    assert_eq!(found, NEW_ROWS);
    let audit = Snapshot::of_server(&options).expect("rows").audit().expect("an audit");
    assert_eq!(audit.broken(), 0, "{}", audit.text());
}

fn void_tickets_of_the_version_before(server: &'static Server) {
    let url = server.fresh_database();
    let options = options(&url);
    drop(MySqlStore::open(&options).expect("a database of our own"));
    let mut connection = sql(&url);
    let rows = "ALTER TABLE refund_seat DROP INDEX refund_seat_by_date, DROP COLUMN concert_date_id;
        INSERT INTO reservation (reservation_id, user_id, concert_id, concert_date_id, sequence, seat_count,
            total_price, reservation_date, expires_at, status)
        VALUES (REPEAT('a', 16), REPEAT('b', 16), REPEAT('c', 16), REPEAT('d', 16), 1, 2, 10, 0, 0, 'confirmed');
        INSERT INTO refund_seat VALUES (REPEAT('a', 16), 7, 1), (REPEAT('a', 16), 8, 2)";
    connection.query_drop(rows).expect("the tables of the version before");
    for _ in 0..2 {
        let before = "UPDATE schema_migration SET version = 13, holder = NULL";
        connection.query_drop(before).expect("a version");
        drop(MySqlStore::open(&options).expect("a database of our own"));
        let text = "SELECT CONCAT(seat_number, ' ', concert_date_id) FROM refund_seat ORDER BY seat_number";
        let found: Vec<String> = connection.query(text).expect("rows");
        assert_eq!(found, ["7 dddddddddddddddd", "8 dddddddddddddddd"]);
    }
}

fn operators_keys(server: &'static Server) {
    let url = server.fresh_database();
    let options = options(&url);
    assert_eq!(MySqlKeys::is_new(&options), Ok(true), "a look makes no tables");
    assert_eq!(MySqlKeys::is_new(&options), Ok(true));
    let mut keys = MySqlKeys::open(&options).expect("a database of our own");
    assert_eq!(MySqlKeys::is_new(&options), Ok(false));
    let id = Uuid::from_u128(5);
    keys.create(id, "door", &[9; 32], Time(1)).expect("a key");
    let mut reads = MySqlReads::open(&options).expect("a reader");
    assert_eq!(reads.api_keys(), Ok(vec![([9; 32], id, "door".into())]));
    assert_eq!(keys.revoke(id, Time(2)), Ok(true));
    assert_eq!(keys.revoke(id, Time(3)), Ok(false));
    assert_eq!(reads.api_keys(), Ok(Vec::new()));
    let listed = keys.list().expect("keys");
    assert_eq!((listed.len(), listed[0].revoked_at), (1, Some(Time(2))));
    assert_eq!((listed[0].name.as_str(), listed[0].created_at), ("door", Time(1)));

    let (old, new) = (([1; 32], Time(1)), ([2; 32], Time(2)));
    for key in [old, new, old] {
        assert_eq!(keys.publish(&key), Ok(true));
    }
    assert_eq!(keys.published(), Ok(vec![new, old]));
    assert_eq!(reads.ticket_keys(), Ok(vec![new, old]));
    let mut withdraw = |key: [u8; 32]| keys.withdraw(&key, Time(3));
    assert_eq!(
        (withdraw(old.0), withdraw(old.0), withdraw([3; 32])),
        (Ok(true), Ok(false), Ok(false))
    );
    assert_eq!((keys.publish(&old), keys.publish(&new)), (Ok(false), Ok(true)));
    assert_eq!(reads.ticket_keys(), Ok(vec![new]));
}

/// A node goes by the database's clock before it shows or takes anything.
fn a_machine_whose_clock_is_wrong(server: &'static Server) {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys.json");
    KeyFile::open(&keys, Time(1)).expect("a file of keys");
    let given = Given {
        database: Some(server.fresh_database()),
        keys_file: Some(keys),
        ..Given::default()
    };
    let config = given.resolve().expect("settings");
    for wrong_by in [-600_000, 600_000] {
        let clock = Clock::shared_from(Clock::System.now().plus_ms(wrong_by));
        let node = node::build(&config, clock.clone()).expect("a node");
        let (here, there) = (node.app.clock.now(), Clock::System.now());
        let apart = (here.0 - there.0).abs();
        assert!(apart < 10_000, "wrong by {wrong_by}: {apart} ms apart");
    }
}
