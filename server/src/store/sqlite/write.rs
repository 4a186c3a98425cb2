//! The writer: loads and saves rows on one connection, by prepared statements.

use super::super::records::{Cell, Record};
use super::super::sql::{insert, select, update};
use super::super::table::{self, Table as TableDef};
use super::super::{Fault, Flush, Store};
use super::checkpoint::{Checkpoints, SIZES};
use super::count_steps;
use super::log::{Log, Sync, sync_of};
use super::open::{Files, SCHEMA_VERSION, open_writer};
use super::room;
use boxoffice_core::concert::{Concert, ConcertDate, Seat};
use boxoffice_core::id::{DateId, ReservationId, SessionId, UserId, Uuid};
use boxoffice_core::idempotency::Record as IdempotencyRecord;
use boxoffice_core::limits::PLACES_PER_TICK_MAX;
use boxoffice_core::payment::Payment;
use boxoffice_core::queue::{Admission, Place, QueueState};
use boxoffice_core::reservation::{Reservation, ReservedSeat};
use boxoffice_core::rows::{Change, Keys, Rows, Table};
use boxoffice_core::session::Session;
use boxoffice_core::time::Time;
use boxoffice_core::user::User;
use boxoffice_core::wallet::{Balance, LedgerEntry};
use rusqlite::{Connection, ToSql, params, params_from_iter};
use sea_query::SqliteQueryBuilder;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Texts of the statements of one table.
struct Texts {
    select: String,
    insert: String,
    update: String,
}

/// The one connection that writes.
pub struct SqliteStore {
    connection: Connection,
    texts: HashMap<&'static str, Texts>,
    seats_of_reservation: String,
    log: Arc<Log>,
    files: Files,
    /// Where commits leave the sync to the log, they leave copying it to these.
    checkpoints: Option<Checkpoints>,
    /// Rows changed on this connection when the transaction began.
    changes_before: u64,
}

/// A user's newest place in a queue.
const NEWEST_PLACE: &str =
    "SELECT max(sequence) FROM waiting_queue WHERE user_id = ? AND concert_id = ?";
/// Who comes back to the front.
const RETURNING: &str = "SELECT sequence FROM waiting_queue \
     WHERE concert_id = ? AND status = 'returning' ORDER BY sequence LIMIT ?";
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
const OLDEST: &str = "SELECT min(created_at) FROM idempotency_key";

impl SqliteStore {
    /// Opens the file for writing and brings its schema up to date.
    ///
    /// # Errors
    /// See [`open_writer`].
    pub fn open(files: &Files) -> Result<Self, Fault> {
        let connection = open_writer(files)?;
        let sync = sync_of(files)?;
        Ok(Self::on(files, connection, sync))
    }

    /// The same with another way to sync the log; for tests of what happens while it waits or fails.
    ///
    /// # Errors
    /// See [`open_writer`].
    pub fn open_with(files: &Files, sync: Sync) -> Result<Self, Fault> {
        Ok(Self::on(files, open_writer(files)?, sync))
    }

    fn on(files: &Files, connection: Connection, sync: Sync) -> Self {
        let texts = |table: &'static TableDef| {
            let update = if table.mutable.is_empty() {
                String::new()
            } else {
                update(table, SqliteQueryBuilder)
            };
            let texts = Texts {
                select: select(table, table.key, &[], SqliteQueryBuilder),
                insert: insert(table, SqliteQueryBuilder),
                update,
            };
            (table.name, texts)
        };
        let by = ["reservation_id"];
        Self {
            connection,
            texts: table::TABLES.into_iter().map(texts).collect(),
            seats_of_reservation: select(
                &table::RESERVATION_SEAT,
                &by,
                &["seat_number"],
                SqliteQueryBuilder,
            ),
            files: files.clone(),
            log: Arc::new(Log::new(sync)),
            checkpoints: None,
            changes_before: 0,
        }
    }

    /// From now on a commit does not wait for the disk, and nobody may be told of what was committed
    /// before a flush that was called after it. `None` where commits go on being durable by
    /// themselves.
    pub fn defer_sync(&mut self) -> Option<Arc<dyn Flush>> {
        match self.begin_deferring() {
            Ok(checkpoints) => self.checkpoints = Some(checkpoints),
            Err(fault) => {
                tracing::warn!(%fault, "each commit is synced by itself");
                return None;
            }
        }
        Some(Arc::clone(&self.log) as Arc<dyn Flush>)
    }

    fn begin_deferring(&mut self) -> Result<Checkpoints, Fault> {
        // What a server that died has left in the log is written once more and synced: it may be in
        // the system's memory only, even where a sync had failed and would succeed now.
        self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        let log = Arc::clone(&self.log);
        let checkpoints = Checkpoints::start(&mut self.connection, &self.files, log, SIZES)?;
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

    fn texts<R: Record>(&self) -> Result<&Texts, Fault> {
        self.texts.get(R::TABLE.name).ok_or_else(|| Fault::Corrupt(R::TABLE.name.into()))
    }

    /// Loads rows by their key; `bind` gives the key's columns.
    fn fetch<R: Record>(
        &self,
        keys: &BTreeSet<R::Key>,
        bind: impl Fn(&R::Key) -> [Cell<'_>; 2],
        into: &mut Table<R::Key, R>,
    ) -> Result<(), Fault>
    where
        R::Key: Ord + Clone + std::fmt::Debug,
    {
        if keys.is_empty() {
            return Ok(());
        }
        let mut statement = self.connection.prepare_cached(&self.texts::<R>()?.select)?;
        for key in keys {
            let cells = bind(key);
            let mut found = statement.query(params_from_iter(&cells[..R::TABLE.key.len()]))?;
            let row = found.next()?.map(|row| R::read(row)).transpose()?;
            into.put_loaded(key.clone(), row.map(|(_, row)| row));
        }
        Ok(())
    }

    fn store<R: Record>(&self, rows: &Table<R::Key, R>) -> Result<(), Fault>
    where
        R::Key: Ord + Clone + std::fmt::Debug,
    {
        let mut changed = rows.changed().peekable();
        if changed.peek().is_none() {
            return Ok(());
        }
        let texts = self.texts::<R>()?;
        let mutable = R::TABLE.key.len() + R::TABLE.fixed.len();
        let row_at: Vec<usize> = R::TABLE.row_positions().collect();
        let prepared = |text: &str| self.connection.prepare_cached(text);
        // Looked up once for all rows: each look takes as long as binding the values does.
        let (mut insert, mut update) = (None, None);
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
                Change::Update => {
                    let statement = match &mut update {
                        Some(statement) => statement,
                        none => none.insert(prepared(&texts.update)?),
                    };
                    let found_by = row_at.iter().map(|&position| &cells[position]);
                    let bound = cells[mutable..].iter().chain(found_by);
                    let written = statement.execute(params_from_iter(bound))?;
                    if written != 1 {
                        return Err(Fault::Corrupt(format!("a row of {} is gone", R::TABLE.name)));
                    }
                }
            }
        }
        Ok(())
    }

    fn store_reserved_seats(&self, rows: &Rows) -> Result<(), Fault> {
        let text = &self.texts::<ReservedSeat>()?.insert;
        let mut statement = self.connection.prepare_cached(text)?;
        for (id, seats, _) in rows.reserved_seats.changed() {
            for seat in seats {
                statement.execute(params_from_iter(&ReservedSeat::cells(id, seat)))?;
            }
        }
        Ok(())
    }

    fn load_dates_of(&self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        let mut statement = self.connection.prepare_cached(DATES_OF)?;
        for concert in &keys.dates_of {
            let mut found = statement.query(params![concert.0.as_bytes()])?;
            let mut ids = BTreeSet::new();
            while let Some(row) = found.next()? {
                ids.extend(super::Source::uuid(row, 0)?.map(DateId));
            }
            rows.dates_of.put_loaded(*concert, Some(ids));
        }
        Ok(())
    }

    fn load_indexes(&self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        self.load_dates_of(keys, rows)?;
        let one = |text: &str, bound: &[&dyn ToSql]| -> Result<Option<Uuid>, Fault> {
            let mut statement = self.connection.prepare_cached(text)?;
            let mut found = statement.query(bound)?;
            found.next()?.map_or(Ok(None), |row| super::Source::uuid(row, 0))
        };
        for look in &keys.usernames {
            rows.usernames.put_loaded(look.clone(), one(USER_BY_LOOK, &[look])?.map(UserId));
        }
        self.load_sessions(keys, rows)?;
        let mut statement = self.connection.prepare_cached(NEWEST_PLACE)?;
        for key in &keys.newest_places {
            let (user, concert) = (key.0.0.as_bytes(), key.1.0.as_bytes());
            let found: Option<i64> = statement.query_row(params![user, concert], |r| r.get(0))?;
            rows.newest_places.put_loaded(*key, found.and_then(|n| u64::try_from(n).ok()));
        }
        for concert in &keys.returning {
            let mut statement = self.connection.prepare_cached(RETURNING)?;
            let most = i64::try_from(PLACES_PER_TICK_MAX).unwrap_or(i64::MAX);
            let found = statement
                .query_map(params![concert.0.as_bytes(), most], |row| row.get::<_, i64>(0))?;
            let sequences = found.map(|n| Ok(u64::try_from(n?).unwrap_or_default()));
            let sequences: Result<BTreeSet<u64>, Fault> = sequences.collect();
            rows.returning.put_loaded(*concert, Some(sequences?));
        }
        self.load_holdings(keys, rows)
    }

    fn load_sessions(&self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        let mut wanted = BTreeSet::new();
        let mut statement = self.connection.prepare_cached(SESSIONS)?;
        for user in &keys.user_sessions {
            let mut found = statement.query(params![user.0.as_bytes()])?;
            let mut ids = BTreeSet::new();
            while let Some(row) = found.next()? {
                ids.extend(super::Source::uuid(row, 0)?.map(SessionId));
            }
            wanted.extend(ids.iter().copied());
            rows.user_sessions.put_loaded(*user, Some(ids));
        }
        wanted.extend(keys.sessions.iter().copied());
        self.fetch::<Session>(&wanted, |id| [blob(&id.0), Cell::Null], &mut rows.sessions)
    }

    fn load_holdings(&self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        let mut claims = BTreeSet::new();
        let mut statement = self.connection.prepare_cached(HOLDINGS)?;
        for key in &keys.holdings {
            let mut found = statement.query(params![key.0.0.as_bytes(), key.1.0.as_bytes()])?;
            let mut ids = BTreeSet::new();
            while let Some(row) = found.next()? {
                ids.extend(super::Source::uuid(row, 0)?.map(ReservationId));
            }
            claims.extend(ids.iter().copied());
            rows.holdings.put_loaded(*key, Some(ids));
        }
        self.fetch::<Reservation>(&claims, |id| [blob(&id.0), Cell::Null], &mut rows.reservations)
    }

    fn load_reserved_seats(&self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        let mut statement = self.connection.prepare_cached(&self.seats_of_reservation)?;
        for id in &keys.reserved_seats {
            let mut found = statement.query(params![id.0.as_bytes()])?;
            let mut seats = Vec::new();
            while let Some(row) = found.next()? {
                seats.push(ReservedSeat::read(row)?.1);
            }
            rows.reserved_seats.put_loaded(*id, Some(seats));
        }
        Ok(())
    }
}

fn blob(id: &Uuid) -> Cell<'_> {
    Cell::Blob(std::borrow::Cow::Borrowed(id.as_bytes()))
}

fn number(value: u64) -> Cell<'static> {
    Cell::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

impl Drop for SqliteStore {
    /// Moves the log into the database file: after a clean stop the one file is everything, however
    /// it is copied. SQLite would do it itself if the last connection to close were not a reader's.
    fn drop(&mut self) {
        drop(self.checkpoints.take());
        if self.log.check().is_err() {
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
        Ok(())
    }

    fn load(&mut self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        self.fetch::<User>(&keys.users, |k| [blob(&k.0), Cell::Null], &mut rows.users)?;
        self.fetch::<Concert>(&keys.concerts, |k| [blob(&k.0), Cell::Null], &mut rows.concerts)?;
        self.fetch::<ConcertDate>(&keys.dates, |k| [blob(&k.0), Cell::Null], &mut rows.dates)?;
        self.fetch::<QueueState>(&keys.queues, |k| [blob(&k.0), Cell::Null], &mut rows.queues)?;
        let place = |k: &boxoffice_core::id::PlaceKey| number(k.sequence);
        self.fetch::<Place>(&keys.places, |k| [blob(&k.concert.0), place(k)], &mut rows.places)?;
        self.fetch::<Admission>(
            &keys.admissions,
            |k| [blob(&k.concert.0), place(k)],
            &mut rows.admissions,
        )?;
        self.fetch::<Seat>(
            &keys.seats,
            |k| [blob(&k.date.0), number(k.number.into())],
            &mut rows.seats,
        )?;
        self.fetch::<Reservation>(
            &keys.reservations,
            |k| [blob(&k.0), Cell::Null],
            &mut rows.reservations,
        )?;
        self.load_reserved_seats(keys, rows)?;
        self.fetch::<Balance>(&keys.balances, |k| [blob(&k.0), Cell::Null], &mut rows.balances)?;
        self.fetch::<IdempotencyRecord>(
            &keys.idempotency,
            |k| [blob(&k.0), Cell::Text(std::borrow::Cow::Borrowed(&k.1))],
            &mut rows.idempotency,
        )?;
        self.load_indexes(keys, rows)
    }

    fn save(&mut self, rows: &Rows) -> Result<(), Fault> {
        self.store::<User>(&rows.users)?;
        self.store::<Session>(&rows.sessions)?;
        self.store::<Concert>(&rows.concerts)?;
        self.store::<ConcertDate>(&rows.dates)?;
        self.store::<QueueState>(&rows.queues)?;
        self.store::<Place>(&rows.places)?;
        self.store::<Admission>(&rows.admissions)?;
        self.store::<Seat>(&rows.seats)?;
        self.store::<Reservation>(&rows.reservations)?;
        self.store_reserved_seats(rows)?;
        self.store::<Payment>(&rows.payments)?;
        self.store::<Balance>(&rows.balances)?;
        self.store::<LedgerEntry>(&rows.entries)?;
        self.store::<IdempotencyRecord>(&rows.idempotency)
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
        let Some(checkpoints) = self.checkpoints.as_mut().filter(|_| changed) else {
            return Ok(commit.execute([]).map(|_| ())?);
        };
        self.log.begin();
        let committed = commit.execute([]);
        self.log.wrote();
        checkpoints.look(&self.connection);
        Ok(committed.map(|_| ())?)
    }

    fn keep(&mut self, name: &str, value: &str) -> Result<String, Fault> {
        let text = "INSERT INTO sale_setting VALUES (?, ?) ON CONFLICT DO NOTHING";
        self.connection.execute(text, params![name, value])?;
        let text = "SELECT setting_value FROM sale_setting WHERE setting_name = ?";
        Ok(self.connection.query_row(text, params![name], |row| row.get(0))?)
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

    fn oldest_reply(&mut self) -> Result<Option<Time>, Fault> {
        self.log.check()?;
        let oldest: Option<i64> =
            self.connection.prepare_cached(OLDEST)?.query_row([], |row| row.get(0))?;
        Ok(oldest.map(Time))
    }
}
