//! The writer: loads and saves rows on one connection, by prepared statements.

use super::super::events::{Numbering, ONLY_NODE, old};
use super::super::records::key::RowKey as _;
use super::super::records::{Record, TABLES};
use super::super::sql::{insert, select, update};
use super::super::table::{CURRENCY, IN_CURRENCY, Table as TableDef};
use super::super::{Fault, Flush, Store};
use super::checkpoint::{Checkpoints, Helper, SIZES};
use super::count_steps;
use super::log::{Log, Sync, sync_of};
use super::open::{Files, SCHEMA_VERSION, open_writer};
use super::read::place;
use super::room;
use crate::supervisor::Supervisor;
use boxoffice_core::id::{DateId, EventKey, QueueId, ReservationId, SessionId, UserId, Uuid};
use boxoffice_core::limits::PLACES_PER_TICK_MAX;
use boxoffice_core::rows::{Change, Keys, Rows, Set, Table};
use boxoffice_core::tables;
use boxoffice_core::time::Time;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Params, TransactionBehavior, params, params_from_iter};
use sea_query::SqliteQueryBuilder;
use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Texts of the statements of one table.
struct Texts {
    select: String,
    /// All rows that have the first column of a key, in the order of the others.
    list: String,
    insert: String,
    /// Of the columns that may change.
    update: String,
    /// Of all but the key.
    rewrite: String,
}

/// The one connection that writes.
pub struct SqliteStore {
    connection: Connection,
    texts: HashMap<&'static str, Texts>,
    log: Arc<Log>,
    files: Files,
    /// Where commits leave the sync to the log, they leave copying it to these.
    checkpoints: Option<Checkpoints>,
    /// The database's own file, to be synced by who copies the log into it. Here and below the connection, since the
    /// end of any descriptor of the file ends the locks that SQLite has on it.
    file: Arc<File>,
    /// Rows changed on this connection when the transaction began.
    changes_before: u64,
    numbering: Numbering,
}

/// A user's newest place in a concert, whatever its queue.
const NEWEST_PLACE: &str = "SELECT concert_id, queue_id, sequence FROM waiting_queue \
     WHERE user_id = ? AND concert_id = ? ORDER BY visit DESC LIMIT 1";
/// All queues of a concert.
const QUEUES_OF: &str = "SELECT queue_id FROM queue_state WHERE concert_id = ?";
/// Who comes back to the front.
const RETURNING: &str = "SELECT sequence FROM waiting_queue \
     WHERE queue_id = ? AND status = 'returning' ORDER BY sequence LIMIT ?";
/// What a user has bought of a date.
const HOLDINGS: &str = "SELECT reservation_id FROM reservation \
     WHERE user_id = ? AND concert_date_id = ? AND amount_id IS NOT NULL";
const USER_BY_LOOK: &str = "SELECT user_id FROM user WHERE username_look = ?";
/// A user's sessions that were not ended.
const SESSIONS: &str = "SELECT session_id FROM session WHERE user_id = ? AND ended_at IS NULL";
const PRUNE_SESSIONS: &str = "DELETE FROM session WHERE session_id IN \
     (SELECT session_id FROM session WHERE expires_at < ?1 AND access_until < ?1 \
     ORDER BY expires_at LIMIT ?2)";
/// The dates of a concert that were not deleted.
const DATES_OF: &str =
    "SELECT concert_date_id FROM concert_date WHERE concert_id = ? AND withdrawn_at IS NULL";
const PRUNE: &str = "DELETE FROM idempotency_key WHERE (scope_id, idempotency_key) IN \
     (SELECT scope_id, idempotency_key FROM idempotency_key WHERE created_at < ? \
     ORDER BY created_at LIMIT ?)";
const NEWEST_EVENT: &str = "SELECT max(event_number) FROM event WHERE node_number = ?";
const FIRST_EVENTS: &str = "SELECT event_number, created_at FROM event WHERE node_number = ? \
     ORDER BY event_number LIMIT ?";
const PRUNE_EVENTS: &str = "DELETE FROM event WHERE node_number = ? AND event_number <= ?";
const OLDEST: &str = "SELECT min(created_at) FROM idempotency_key";

impl SqliteStore {
    /// Opens the file for writing and brings its schema up to date.
    ///
    /// # Errors
    /// See [`open_writer`].
    pub fn open(files: &Files) -> Result<Self, Fault> {
        let connection = open_writer(files)?;
        let sync = sync_of(files)?;
        Self::on(files, connection, sync)
    }

    /// The same with another way to sync the log; for tests of what happens while it waits or fails.
    ///
    /// # Errors
    /// See [`open_writer`].
    pub fn open_with(files: &Files, sync: Sync) -> Result<Self, Fault> {
        Self::on(files, open_writer(files)?, sync)
    }

    fn on(files: &Files, connection: Connection, sync: Sync) -> Result<Self, Fault> {
        let texts = |table: &'static TableDef| {
            let all: Vec<_> = table.fixed.iter().chain(table.mutable).copied().collect();
            let update = |set: &[&'static str]| match set {
                [] => String::new(),
                set => update(table, set, SqliteQueryBuilder),
            };
            let texts = Texts {
                select: select(table, table.key, &[], SqliteQueryBuilder),
                list: select(table, &table.key[..1], &table.key[1..], SqliteQueryBuilder),
                insert: insert(table, SqliteQueryBuilder),
                update: update(table.mutable),
                rewrite: update(&all),
            };
            (table.name, texts)
        };
        let file = File::open(&files.path);
        let file = file.map_err(|error| Fault::Unavailable(error.to_string()))?;
        Ok(Self {
            connection,
            texts: TABLES.into_iter().map(texts).collect(),
            files: files.clone(),
            log: Arc::new(Log::new(sync)),
            checkpoints: None,
            file: Arc::new(file),
            changes_before: 0,
            numbering: Numbering::default(),
        })
    }

    /// From now on a commit does not wait for the disk, and nobody may be told of what was committed
    /// before a flush that was called after it. The supervisor hears of the end of the thread that copies the log.
    /// `None` where commits go on being durable by
    /// themselves.
    pub fn defer_sync(&mut self, supervisor: &Supervisor) -> Option<Arc<dyn Flush>> {
        match self.begin_deferring(supervisor) {
            Ok(checkpoints) => self.checkpoints = Some(checkpoints),
            Err(fault) => {
                tracing::warn!(%fault, "each commit is synced by itself");
                return None;
            }
        }
        Some(Arc::clone(&self.log) as Arc<dyn Flush>)
    }

    fn begin_deferring(&mut self, supervisor: &Supervisor) -> Result<Checkpoints, Fault> {
        // What a server that died has left in the log is written once more and synced: it may be in
        // the system's memory only, even where a sync had failed and would succeed now.
        self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        let log = Arc::clone(&self.log);
        let file = Arc::clone(&self.file);
        let sync = Box::new(move || file.sync_data());
        let helper = Helper::start(&self.files, Arc::clone(&log), sync, supervisor)?;
        let checkpoints = Checkpoints::start(&mut self.connection, helper, log, SIZES)?;
        self.connection.pragma_update(None, "synchronous", "NORMAL")?;
        Ok(checkpoints)
    }

    /// Adds to `count`, from now on, each step of SQLite's machine: for tests of what a request costs.
    ///
    /// # Errors
    /// The database is not available.
    #[doc(hidden)]
    pub fn count_steps(&mut self, count: &'static AtomicU64) -> Result<(), Fault> {
        count_steps(&mut self.connection, count)
    }

    /// Where the events go on: looked up once, since nobody else writes them.
    fn next_event(&mut self) -> Result<EventKey, Fault> {
        if let Some(next) = self.numbering.next() {
            return Ok(next);
        }
        let mut statement = self.connection.prepare_cached(NEWEST_EVENT)?;
        let node = i64::try_from(ONLY_NODE).unwrap_or(i64::MAX);
        let last: Option<i64> = statement.query_row([node], |row| row.get(0))?;
        let last = last.and_then(|last| u64::try_from(last).ok()).unwrap_or(0);
        let next = EventKey { node: ONLY_NODE, number: last + 1 };
        self.numbering.go_on(next);
        Ok(next)
    }

    fn texts<R: Record>(&self) -> Result<&Texts, Fault> {
        self.texts.get(R::TABLE.name).ok_or_else(|| Fault::Corrupt(R::TABLE.name.into()))
    }

    /// Loads rows by their key, but those that are there.
    fn fetch<R: Record>(
        &self,
        keys: &Set<R::Key>,
        into: &mut Table<R::Key, R>,
    ) -> Result<(), Fault> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut statement = self.connection.prepare_cached(&self.texts::<R>()?.select)?;
        for key in keys {
            if into.is_loaded(key) {
                continue;
            }
            let mut found = statement.query(params_from_iter(key.cells().as_ref()))?;
            let row = found.next()?.map(|row| R::read(row)).transpose()?;
            // A queue that is not the concert's that was named is none of it.
            let row = row.filter(|(found, _)| found == key);
            into.put_loaded(key.clone(), row.map(|(_, row)| row));
        }
        Ok(())
    }

    /// Loads all rows of each key.
    fn fetch_lists<R: Record>(
        &self,
        keys: &Set<R::Key>,
        into: &mut Table<R::Key, Vec<R>>,
    ) -> Result<(), Fault> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut statement = self.connection.prepare_cached(&self.texts::<R>()?.list)?;
        for key in keys {
            let mut found = statement.query(params_from_iter(key.cells().as_ref()))?;
            let mut rows = Vec::new();
            while let Some(row) = found.next()? {
                rows.push(R::read(row)?.1);
            }
            into.put_loaded(key.clone(), Some(rows));
        }
        Ok(())
    }

    fn store<R: Record>(&self, rows: &Table<R::Key, R>) -> Result<(), Fault> {
        let mut changed = rows.changed().peekable();
        if changed.peek().is_none() {
            return Ok(());
        }
        let texts = self.texts::<R>()?;
        let fixed = R::TABLE.key.len();
        let mutable = fixed + R::TABLE.fixed.len();
        let row_at: Vec<usize> = R::TABLE.row_positions().collect();
        let prepared = |text: &str| self.connection.prepare_cached(text);
        // Looked up once for all rows: each look takes as long as binding the values does.
        let (mut insert, mut update, mut rewrite) = (None, None, None);
        for (key, row, change) in changed {
            let cells = R::cells(key, row);
            match change {
                Change::Insert => {
                    let statement = match &mut insert {
                        Some(statement) => statement,
                        none => none.insert(prepared(&texts.insert)?),
                    };
                    statement.execute(params_from_iter(&cells))?;
                }
                Change::Update | Change::Rewrite => {
                    let (statement, text, first) = match change {
                        Change::Rewrite => (&mut rewrite, &texts.rewrite, fixed),
                        _ => (&mut update, &texts.update, mutable),
                    };
                    let statement = match statement {
                        Some(statement) => statement,
                        none => none.insert(prepared(text)?),
                    };
                    let found_by = row_at.iter().map(|&position| &cells[position]);
                    let bound = cells[first..].iter().chain(found_by);
                    let written = statement.execute(params_from_iter(bound))?;
                    if written != 1 {
                        return Err(Fault::Corrupt(format!("a row of {} is gone", R::TABLE.name)));
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds all rows of each new key.
    fn store_lists<R: Record>(&self, rows: &Table<R::Key, Vec<R>>) -> Result<(), Fault> {
        let mut changed = rows.changed().peekable();
        if changed.peek().is_none() {
            return Ok(());
        }
        let mut statement = self.connection.prepare_cached(&self.texts::<R>()?.insert)?;
        for (key, list, _) in changed {
            for row in list {
                statement.execute(params_from_iter(&R::cells(key, row)))?;
            }
        }
        Ok(())
    }

    /// The ids in the first column of each row found.
    fn ids<I: Ord>(
        &self,
        text: &str,
        bound: impl Params,
        id: impl Fn(Uuid) -> I,
    ) -> Result<Set<I>, Fault> {
        let mut statement = self.connection.prepare_cached(text)?;
        let mut found = statement.query(bound)?;
        let mut ids = Set::new();
        while let Some(row) = found.next()? {
            ids.extend(super::Source::uuid(row, 0)?.map(&id));
        }
        Ok(ids)
    }
}

/// The indexes, each by the name that it has in `Rows`.
impl SqliteStore {
    fn queues_of(&self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        for &concert in &keys.queues_of {
            let named = |id| QueueId { concert, id };
            let ids = self.ids(QUEUES_OF, params![concert.0.as_bytes()], named)?;
            rows.queues_of.put_loaded(concert, Some(ids));
        }
        Ok(())
    }

    fn dates_of(&self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        for concert in &keys.dates_of {
            let ids = self.ids(DATES_OF, params![concert.0.as_bytes()], DateId)?;
            rows.dates_of.put_loaded(*concert, Some(ids));
        }
        Ok(())
    }

    fn usernames(&self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        for look in &keys.usernames {
            let mut statement = self.connection.prepare_cached(USER_BY_LOOK)?;
            let mut found = statement.query(params![look])?;
            let user = found.next()?.map_or(Ok(None), |row| super::Source::uuid(row, 0))?;
            rows.usernames.put_loaded(look.clone(), user.map(UserId));
        }
        Ok(())
    }

    fn newest_places(&self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        for key in &keys.newest_places {
            let mut statement = self.connection.prepare_cached(NEWEST_PLACE)?;
            let (user, concert) = (key.0.0.as_bytes(), key.1.0.as_bytes());
            let mut found = statement.query(params![user, concert])?;
            let newest = found.next()?.map(place).transpose()?;
            rows.newest_places.put_loaded(*key, newest);
        }
        Ok(())
    }

    fn returning(&self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        for queue in &keys.returning {
            let mut statement = self.connection.prepare_cached(RETURNING)?;
            let most = i64::try_from(PLACES_PER_TICK_MAX).unwrap_or(i64::MAX);
            let found = statement
                .query_map(params![queue.id.as_bytes(), most], |row| row.get::<_, i64>(0))?;
            let sequences = found.map(|n| Ok(u64::try_from(n?).unwrap_or_default()));
            let sequences: Result<Set<u64>, Fault> = sequences.collect();
            rows.returning.put_loaded(*queue, Some(sequences?));
        }
        Ok(())
    }

    fn user_sessions(&self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        for user in &keys.user_sessions {
            let open = self.ids(SESSIONS, params![user.0.as_bytes()], SessionId)?;
            self.fetch(&open, &mut rows.sessions)?;
            rows.user_sessions.put_loaded(*user, Some(open));
        }
        Ok(())
    }

    fn holdings(&self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        for key in &keys.holdings {
            let bound = params![key.0.0.as_bytes(), key.1.0.as_bytes()];
            let paid = self.ids(HOLDINGS, bound, ReservationId)?;
            self.fetch(&paid, &mut rows.reservations)?;
            rows.holdings.put_loaded(*key, Some(paid));
        }
        Ok(())
    }
}

impl Drop for SqliteStore {
    /// Moves the log into the database file: after a clean stop the one file is everything, however
    /// it is copied. SQLite would do it itself if the last connection to close were not a reader's.
    fn drop(&mut self) {
        drop(self.checkpoints.take());
        if self.log.check().is_err() {
            // Nor may SQLite when the connection ends: it does not know of a sync that another thread has tried.
            let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
            return;
        }
        // Where it cannot be done now, the log stays, and the next start reads it.
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

impl Store for SqliteStore {
    fn begin(&mut self) -> Result<(), Fault> {
        // Immediate: the write lock is taken now, so that what is loaded cannot change before the save.
        self.log.check()?;
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        self.changes_before = self.connection.total_changes();
        self.numbering.forget();
        Ok(())
    }

    fn load(&mut self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        macro_rules! load {
            (row $field:ident: $key:ty => $row:ty) => {
                self.fetch(&keys.$field, &mut rows.$field)?;
            };
            (list $field:ident: $key:ty => $row:ty) => {
                self.fetch_lists(&keys.$field, &mut rows.$field)?;
            };
            (index $field:ident: $key:ty => $row:ty) => {
                self.$field(keys, rows)?;
            };
            (added $($line:tt)*) => {};
        }
        tables!(each load);
        rows.number_events_from(self.next_event()?);
        Ok(())
    }

    fn save(&mut self, rows: &Rows) -> Result<(), Fault> {
        macro_rules! save {
            (index $($line:tt)*) => {};
            (list $field:ident: $key:ty => $row:ty) => {
                self.store_lists(&rows.$field)?;
            };
            ($kind:ident $field:ident: $key:ty => $row:ty) => {
                self.store(&rows.$field)?;
            };
        }
        tables!(each save);
        self.numbering.save(rows);
        Ok(())
    }

    /// The first page is written as it is.
    fn touch(&mut self) -> Result<(), Fault> {
        room::check(&self.files)
            .map_err(|error| Fault::Unavailable(format!("no room for the log to grow: {error}")))?;
        Ok(self.connection.pragma_update(None, "user_version", SCHEMA_VERSION)?)
    }

    fn commit(&mut self) -> Result<(), Fault> {
        let mut commit = self.connection.prepare_cached("COMMIT")?;
        let changed = self.connection.total_changes() != self.changes_before;
        let committed = match self.checkpoints.as_mut().filter(|_| changed) {
            None => commit.execute([]),
            Some(checkpoints) => {
                self.log.begin();
                let committed = commit.execute([]);
                self.log.wrote();
                checkpoints.look(&self.connection);
                committed
            }
        };
        if committed.is_ok() {
            self.numbering.commit();
        } else {
            self.numbering.doubt();
        }
        Ok(committed.map(|_| ())?)
    }

    fn keep(&mut self, name: &str, value: &str) -> Result<String, Fault> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let text = "INSERT INTO sale_setting VALUES (?, ?) ON CONFLICT DO NOTHING";
        let is_new = transaction.execute(text, params![name, value])? > 0;
        for table in IN_CURRENCY.iter().filter(|_| is_new && name == CURRENCY) {
            let text = format!("UPDATE {table} SET currency = ? WHERE currency = 'XXX'");
            transaction.execute(&text, params![value])?;
        }
        let text = "SELECT setting_value FROM sale_setting WHERE setting_name = ?";
        let kept = transaction.query_row(text, params![name], |row| row.get(0))?;
        transaction.commit()?;
        Ok(kept)
    }

    fn rollback(&mut self) {
        // After some errors SQLite has rolled back by itself; then there is nothing to do.
        if !self.connection.is_autocommit() {
            let outcome = self.connection.execute_batch("ROLLBACK");
            if let Err(error) = outcome {
                tracing::error!(%error, "rollback failed");
            }
        }
    }

    fn prune(&mut self, cutoff: Time, limit: usize) -> Result<usize, Fault> {
        self.log.check()?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.connection.prepare_cached(PRUNE)?.execute(params![cutoff.0, limit])?)
    }

    fn prune_sessions(&mut self, cutoff: Time, limit: usize) -> Result<usize, Fault> {
        self.log.check()?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.connection.prepare_cached(PRUNE_SESSIONS)?.execute(params![cutoff.0, limit])?)
    }

    fn prune_events(&mut self, cutoff: Time, limit: usize) -> Result<usize, Fault> {
        self.log.check()?;
        let node = i64::try_from(ONLY_NODE).unwrap_or(i64::MAX);
        let most = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
        let mut first = self.connection.prepare_cached(FIRST_EVENTS)?;
        let found = first.query_map([node, most], |row| {
            let number: i64 = row.get(0)?;
            Ok((u64::try_from(number).unwrap_or(0), Time(row.get(1)?)))
        })?;
        let found: Vec<_> = found.collect::<Result<_, _>>()?;
        let Some(last) = old(&found, cutoff, limit) else { return Ok(0) };
        let last = i64::try_from(last).unwrap_or(i64::MAX);
        Ok(self.connection.prepare_cached(PRUNE_EVENTS)?.execute([node, last])?)
    }

    fn oldest_reply(&mut self) -> Result<Option<Time>, Fault> {
        self.log.check()?;
        let oldest: Option<i64> =
            self.connection.prepare_cached(OLDEST)?.query_row([], |row| row.get(0))?;
        Ok(oldest.map(Time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    fn opened(folder: &tempfile::TempDir) -> (SqliteStore, Files) {
        let files = Files { path: folder.path().join("boxoffice.db") };
        (SqliteStore::open(&files).unwrap(), files)
    }

    /// Whether SQLite has locks on a file, as the system tells them. While others on the machine take and leave locks, a
    /// line of theirs may be told twice or not at all, so it is asked some times.
    fn is_locked(path: &Path) -> bool {
        let here = format!(":{} ", std::fs::metadata(path).unwrap().ino());
        (0..20).any(|_| {
            let all = std::fs::read_to_string("/proc/locks").unwrap();
            all.lines().any(|line| line.contains(" POSIX ") && line.contains(&here))
        })
    }

    /// Without them another process would take itself for the last one, and remove the log under the server.
    #[test]
    fn the_end_of_who_copies_the_log_leaves_the_locks() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, files) = opened(&folder);
        assert!(store.defer_sync(&Supervisor::default()).is_some());
        assert!(is_locked(&files.path));
        drop(store.checkpoints.take());
        assert!(is_locked(&files.path));
        // What it must not do: a process that closes a file loses its locks on it.
        drop(std::fs::File::open(&files.path).unwrap());
        assert!(!is_locked(&files.path));
    }

    /// What may not be on disk is in the log alone, and the next start reads it.
    #[test]
    fn after_a_failed_sync_the_log_stays() {
        for fails in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let (store, files) = opened(&folder);
            if fails {
                store.log.fail(&"as a test");
            }
            drop(store);
            let log = files.path.with_extension("db-wal");
            assert_eq!(std::fs::metadata(log).is_ok_and(|log| log.len() > 0), fails);
        }
    }
}
