//! The readers: views' questions on a read-only connection.

use super::super::keys::{self, COLUMNS};
use super::super::reads::{ApiKey, Reads, Snapshot, WholeReservation};
use super::super::records::Record;
use super::super::sql::select;
use super::super::{Fault, memory::Dump, table};
use super::open::{Files, open_reader};
use super::{cells, count_steps};
use boxoffice_core::concert::{Concert, ConcertDate, Seat};
use boxoffice_core::id::{PaymentId, PlaceKey, ReservationId, UserId};
use boxoffice_core::payment::Payment;
use boxoffice_core::queue::{Admission, Place, QueueState};
use boxoffice_core::reservation::{Reservation, ReservedSeat};
use boxoffice_core::user::User;
use boxoffice_core::wallet::{Balance, LedgerEntry};
use rusqlite::{Connection, Params, params};
use sea_query::SqliteQueryBuilder;
use std::sync::atomic::AtomicU64;

/// A read-only connection.
pub struct SqliteReads {
    connection: Connection,
}

/// All columns of a record's table, then what is given.
fn columns_of<R: Record>(rest: &str) -> String {
    format!("{} {rest}", select(R::TABLE, &[], &[], SqliteQueryBuilder))
}

impl SqliteReads {
    /// Opens the file for reading.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(files: &Files) -> Result<Self, Fault> {
        Ok(Self { connection: open_reader(files)? })
    }

    /// Adds to `count`, from now on, each step of SQLite's machine: for tests of what a request costs.
    ///
    /// # Errors
    /// The database is not available.
    #[doc(hidden)]
    pub fn count_steps(&mut self, count: &'static AtomicU64) -> Result<(), Fault> {
        count_steps(&mut self.connection, count)
    }

    fn all<R: Record>(&self, rest: &str, bound: impl Params) -> Result<Vec<(R::Key, R)>, Fault> {
        let mut statement = self.connection.prepare_cached(&columns_of::<R>(rest))?;
        let mut found = statement.query(bound)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            rows.push(R::read(row)?);
        }
        Ok(rows)
    }

    fn first<R: Record>(
        &self,
        rest: &str,
        bound: impl Params,
    ) -> Result<Option<(R::Key, R)>, Fault> {
        Ok(self.all::<R>(rest, bound)?.into_iter().next())
    }

    fn whole(
        &self,
        id: ReservationId,
        reservation: Reservation,
    ) -> Result<WholeReservation, Fault> {
        let rest = "WHERE reservation_id = ? ORDER BY seat_number";
        let seats = self.all::<ReservedSeat>(rest, params![id.0.as_bytes()])?;
        Ok((id, reservation, seats.into_iter().map(|(_, seat)| seat).collect()))
    }

    fn places(&self, status: &str) -> Result<Vec<PlaceKey>, Fault> {
        let found = self.all::<Place>("WHERE status = ?", params![status])?;
        Ok(found.into_iter().map(|(key, _)| key).collect())
    }

    /// Places that left without being served and that the cursor has not passed: the draw decides
    /// which those are, so that the ones far behind are dropped by the board.
    fn read_snapshot(&self) -> Result<Snapshot, Fault> {
        Ok(Snapshot {
            concerts: self.all::<Concert>("", [])?,
            dates: self.all::<ConcertDate>("", [])?,
            seats: self.all::<Seat>("ORDER BY concert_date_id, seat_number", [])?,
            queues: self.all::<QueueState>("", [])?,
            admissions: self
                .all::<Admission>("WHERE is_active = 1 OR end_reason = 'no_show'", [])?,
            left: self.places("left")?,
            returning: self.places("returning")?,
        })
    }
}

impl Reads for SqliteReads {
    fn user_by_name(&mut self, username: &str) -> Result<Option<(UserId, User)>, Fault> {
        self.first::<User>("WHERE username = ?", params![username])
    }

    fn user(&mut self, id: UserId) -> Result<Option<User>, Fault> {
        let found = self.first::<User>("WHERE user_id = ?", params![id.0.as_bytes()])?;
        Ok(found.map(|(_, user)| user))
    }

    fn reservation(&mut self, id: ReservationId) -> Result<Option<WholeReservation>, Fault> {
        let rest = "WHERE reservation_id = ?";
        let found = self.first::<Reservation>(rest, params![id.0.as_bytes()])?;
        found.map(|(id, reservation)| self.whole(id, reservation)).transpose()
    }

    fn bookings(
        &mut self,
        user: UserId,
        before: Option<PaymentId>,
        limit: usize,
    ) -> Result<Vec<(WholeReservation, Payment)>, Fault> {
        let rest = "INDEXED BY amount_by_user \
                    WHERE user_id = ? AND amount_id < ? ORDER BY amount_id DESC LIMIT ?";
        let before = before.map_or([0xff; 16], |id| id.0.into_bytes());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = self.all::<Payment>(rest, params![user.0.as_bytes(), before, limit])?;
        let mut bookings = Vec::with_capacity(found.len());
        for (id, payment) in found {
            let whole = self.reservation(id)?;
            let whole = whole.ok_or_else(|| Fault::Corrupt("a reservation is gone".into()))?;
            bookings.push((whole, payment));
        }
        Ok(bookings)
    }

    fn balance(&mut self, user: UserId) -> Result<Balance, Fault> {
        let found = self.first::<Balance>("WHERE user_id = ?", params![user.0.as_bytes()])?;
        Ok(found.map(|(_, balance)| balance).unwrap_or_default())
    }

    fn ledger(
        &mut self,
        user: UserId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, LedgerEntry)>, Fault> {
        let rest = "WHERE user_id = ? AND entry_number < ? ORDER BY entry_number DESC LIMIT ?";
        let before = before.and_then(|n| i64::try_from(n).ok()).unwrap_or(i64::MAX);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = self.all::<LedgerEntry>(rest, params![user.0.as_bytes(), before, limit])?;
        Ok(found.into_iter().map(|((_, number), entry)| (number, entry)).collect())
    }

    fn api_key(&mut self, hash: &[u8; 32]) -> Result<Option<ApiKey>, Fault> {
        let text =
            format!("SELECT {COLUMNS} FROM api_key WHERE key_hash = ? AND revoked_at IS NULL");
        let mut statement = self.connection.prepare_cached(&text)?;
        let mut found = statement.query(params![hash])?;
        let Some(row) = found.next()? else {
            return Ok(None);
        };
        Ok(Some(keys::read(row)?))
    }

    fn snapshot(&mut self) -> Result<Snapshot, Fault> {
        self.connection.execute_batch("BEGIN")?;
        let snapshot = self.read_snapshot();
        self.connection.execute_batch("COMMIT")?;
        snapshot
    }

    fn dump(&mut self) -> Result<Dump, Fault> {
        let mut dump = Dump::new();
        for table in table::TABLES {
            let mut statement =
                self.connection.prepare(&select(table, &[], &[], SqliteQueryBuilder))?;
            let columns = table.columns().count();
            let mut found = statement.query([])?;
            let mut lines = Vec::new();
            while let Some(row) = found.next()? {
                lines.push(cells(row, columns)?);
            }
            lines.sort();
            dump.insert(table.name, lines);
        }
        Ok(dump)
    }
}
