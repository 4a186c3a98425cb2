//! Opening: pragmas, migrations, and one clear sentence where a file cannot be used.

use super::private;
use crate::store::fault::Fault;
use crate::text;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::path::PathBuf;
use std::time::Duration;

/// The numbered migrations; each is run once, in its own transaction.
pub const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("../../../../migrations/sqlite/0001_first_sale.sql")),
    // 2 is what only servers of a shared database need.
    (3, include_str!("../../../../migrations/sqlite/0003_max_active_at.sql")),
    (4, include_str!("../../../../migrations/sqlite/0004_history.sql")),
    (5, include_str!("../../../../migrations/sqlite/0005_draw_terms.sql")),
    (6, include_str!("../../../../migrations/sqlite/0006_sessions.sql")),
    (LOOKS, include_str!("../../../../migrations/sqlite/0007_username_look.sql")),
    (8, include_str!("../../../../migrations/sqlite/0008_states.sql")),
    (9, include_str!("../../../../migrations/sqlite/0009_cool_off.sql")),
    (10, include_str!("../../../../migrations/sqlite/0010_money.sql")),
    (11, include_str!("../../../../migrations/sqlite/0011_events.sql")),
    (12, include_str!("../../../../migrations/sqlite/0012_jobs.sql")),
    (13, include_str!("../../../../migrations/sqlite/0013_queues.sql")),
    (14, include_str!("../../../../migrations/sqlite/0014_layouts.sql")),
    (15, include_str!("../../../../migrations/sqlite/0015_billing.sql")),
    (16, include_str!("../../../../migrations/sqlite/0016_tickets.sql")),
    (17, include_str!("../../../../migrations/sqlite/0017_payments.sql")),
    (18, include_str!("../../../../migrations/sqlite/0018_left_places.sql")),
];

/// The migration after which accounts get their looks.
const LOOKS: i64 = 7;

/// The newest schema that this binary knows.
pub const SCHEMA_VERSION: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// How long a statement waits for another process (a backup, an admin verb) before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an admin verb waits for its turn to write: under a rush the write path takes the next batch as soon
/// as it has committed one.
pub(super) const ADMIN_WAIT: Duration = Duration::from_secs(30);
/// Page cache of the writer, KiB (negative: SQLite's unit is then KiB and not pages). Not larger: after a
/// B-tree was balanced under temporary page numbers, a commit looks through the whole cache for pages
/// beyond the file's end (`pcache1TruncateUnsafe`); with 64 MiB that was a tenth of the time of holds.
const WRITER_CACHE: i64 = -16 * 1024;
/// Pages in the write-ahead log after which a commit copies them into the database file. Four times
/// SQLite's default: pages that many holds touch are copied once.
const CHECKPOINT_PAGES: i64 = 4_000;
/// Prepared statements kept a connection; more than there are texts.
const STATEMENTS: usize = 128;

/// Where the database is.
#[derive(Clone, Debug)]
pub struct Files {
    /// The database file; `-wal` and `-shm` stand beside it.
    pub path: PathBuf,
}

/// Opens the one connection that writes, and brings the schema up to date.
///
/// # Errors
/// The file cannot be opened or written, is no database, is damaged, or has a newer schema.
pub fn open_writer(files: &Files) -> Result<Connection, Fault> {
    open_waiting(files, BUSY_TIMEOUT)
}

/// The same with another time to wait for those who write.
pub(super) fn open_waiting(files: &Files, wait: Duration) -> Result<Connection, Fault> {
    // Where it cannot be made, SQLite says why.
    let _ = private::create(files);
    let mut connection = Connection::open(&files.path)?;
    connection.busy_timeout(wait)?;
    prepare_once(&connection)?;
    // Both before anything is written: a file that is refused stays as it was.
    if connection.is_readonly("main")? {
        return Err(Fault::Unavailable("the file is read-only".into()));
    }
    refuse_foreign(&connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // An acknowledged commit survives the loss of power, not only of the process.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", WRITER_CACHE)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    migrate(&mut connection)?;
    // Last: what was refused stays as it was.
    private::tighten(files);
    Ok(connection)
}

/// Statements are prepared once, whatever is bound to them later: otherwise SQLite looks for a better plan
/// each time that a value changes which an `ORDER BY` could make use of.
fn prepare_once(connection: &Connection) -> Result<(), Fault> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Opens a connection that copies the log into the file, of a database that is up to date.
///
/// # Errors
/// The file cannot be opened.
pub(super) fn open_checkpointer(files: &Files) -> Result<Connection, Fault> {
    let connection = Connection::open(&files.path)?;
    // A checkpoint syncs the log before it copies, and the file afterwards.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

/// Opens a connection that only reads.
///
/// # Errors
/// The file cannot be opened.
pub fn open_reader(files: &Files) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&files.path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    prepare_once(&connection)?;
    Ok(connection)
}

/// Opens a connection that only reads and that nobody has brought up to date before: only where the
/// file is there, ours, and of this schema.
///
/// # Errors
/// It is not.
pub fn open_reader_alone(files: &Files) -> Result<Connection, Fault> {
    if !files.path.exists() {
        let why = "there is no such file; name the server's by --database or --config";
        return Err(Fault::Unavailable(why.into()));
    }
    let connection = open_reader(files)?;
    refuse_foreign(&connection)?;
    match schema_version(&connection)? {
        SCHEMA_VERSION => Ok(connection),
        found => Err(Fault::Unavailable(format!(
            "it has schema version {found} and not {SCHEMA_VERSION} yet; start the server once"
        ))),
    }
}

/// The schema's version, 0 in a new file.
fn schema_version(connection: &Connection) -> Result<i64, Fault> {
    let found = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > SCHEMA_VERSION {
        return Err(Fault::SchemaTooNew { found, known: SCHEMA_VERSION });
    }
    Ok(found)
}

/// Refuses a file that holds tables, but not ours. Its version tells nothing: other programs count
/// theirs from 1, too.
fn refuse_foreign(connection: &Connection) -> Result<(), Fault> {
    let text = "SELECT count(*), count(*) FILTER (WHERE name = 'queue_state') FROM sqlite_schema";
    let (tables, ours): (i64, i64) =
        connection.query_row(text, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if tables > 0 && ours == 0 {
        let why = "it has tables of another program; name another file";
        return Err(Fault::Corrupt(why.into()));
    }
    Ok(())
}

/// Gives every account its look, the oldest first: who comes later and looks the same has none, and is
/// found by the exact name.
fn fill_looks(connection: &Connection) -> Result<(), Fault> {
    let all = "SELECT user_id, username, password_hash IS NULL FROM user \
                ORDER BY created_at, user_id";
    let mut users = connection.prepare(all)?;
    let mut fill =
        connection.prepare("UPDATE OR IGNORE user SET username_look = ?2 WHERE user_id = ?1")?;
    // Collected: rows are changed while they are gone through otherwise.
    let users: Vec<(Vec<u8>, String, bool)> = users
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (id, username, external) in users {
        let look = if external { Some(username) } else { text::look(&username) };
        fill.execute((id, look))?;
    }
    Ok(())
}

/// Runs the migrations that the database has not had. Where it has had all, nobody's turn to write is
/// waited for.
///
/// # Errors
/// The database is newer than this binary, is damaged, or cannot be written.
pub fn migrate(connection: &mut Connection) -> Result<(), Fault> {
    if schema_version(connection)? == SCHEMA_VERSION {
        return refuse_foreign(connection);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    refuse_foreign(&transaction)?;
    let found = schema_version(&transaction)?;
    for (version, text) in MIGRATIONS.iter().filter(|(version, _)| *version > found) {
        transaction.execute_batch(text)?;
        if *version == LOOKS {
            fill_looks(&transaction)?;
        }
        transaction.pragma_update(None, "user_version", version)?;
    }
    transaction.commit()?;
    Ok(())
}
