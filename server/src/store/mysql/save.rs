//! What a batch has changed, as text. New rows are inserted plainly, so that unique keys are a second
//! lock; changed rows are overwritten by primary key, many in one statement.
//!
//! Only rows that this transaction has locked are overwritten: a row that it was not told of cannot
//! be changed by it, and one that it has locked cannot be gone.

use super::super::Fault;
use super::super::records::{Cell, Record};
use super::super::table::Table as TableDef;
use super::text::cell;
use boxoffice_core::concert::{Concert, ConcertDate, Seat};
use boxoffice_core::id::SessionId;
use boxoffice_core::idempotency::Record as IdempotencyRecord;
use boxoffice_core::payment::Payment;
use boxoffice_core::queue::{Admission, Place, QueueState};
use boxoffice_core::reservation::{Reservation, ReservedSeat};
use boxoffice_core::rows::{Change, Keys, Rows, Table};
use boxoffice_core::session::Session;
use boxoffice_core::user::User;
use boxoffice_core::wallet::{Balance, LedgerEntry};

/// Bytes of one statement, and of the packet that it is sent in; a longer save is sent in parts.
pub(super) const PACKET_BYTES: usize = 1024 * 1024;

/// Statements in the order in which they are to be sent.
#[derive(Default)]
pub(super) struct Statements(pub Vec<String>);

/// Everything that has changed. `locked` names the rows of this transaction.
pub(super) fn statements(rows: &Rows, locked: &Keys) -> Result<Vec<String>, Fault> {
    let mut all = Statements::default();
    all.table::<User>(&rows.users, |k| locked.users.contains(k))?;
    let guarded = |k: &SessionId| {
        let user = rows.sessions.peek(k).map(|session| session.user);
        locked.sessions.contains(k) || user.is_some_and(|id| locked.user_sessions.contains(&id))
    };
    all.table::<Session>(&rows.sessions, guarded)?;
    all.table::<Concert>(&rows.concerts, |k| locked.concerts.contains(k))?;
    all.table::<ConcertDate>(&rows.dates, |k| locked.dates.contains(k))?;
    all.table::<QueueState>(&rows.queues, |k| locked.queues.contains(k))?;
    all.table::<Place>(&rows.places, |k| locked.places.contains(k))?;
    all.table::<Admission>(&rows.admissions, |k| locked.admissions.contains(k))?;
    all.table::<Seat>(&rows.seats, |k| locked.seats.contains(k))?;
    all.table::<Reservation>(&rows.reservations, |k| locked.reservations.contains(k))?;
    let seats = rows.reserved_seats.changed();
    let seats =
        seats.flat_map(|(id, seats, _)| seats.iter().map(move |s| ReservedSeat::cells(id, s)));
    all.insert(ReservedSeat::TABLE, seats, "");
    all.table::<Payment>(&rows.payments, |_| false)?;
    all.table::<Balance>(&rows.balances, |k| locked.balances.contains(k))?;
    all.table::<LedgerEntry>(&rows.entries, |_| false)?;
    all.table::<IdempotencyRecord>(&rows.idempotency, |k| locked.idempotency.contains(k))?;
    Ok(all.0)
}

impl Statements {
    fn table<R: Record>(
        &mut self,
        rows: &Table<R::Key, R>,
        is_locked: impl Fn(&R::Key) -> bool,
    ) -> Result<(), Fault>
    where
        R::Key: Ord + Clone + std::fmt::Debug,
    {
        let of = |wanted| rows.changed().filter(move |(_, _, change)| *change == wanted);
        if of(Change::Update).any(|(key, _, _)| !is_locked(key)) {
            return Err(Fault::Corrupt(format!("a row of {} is gone", R::TABLE.name)));
        }
        let cells = |(key, row, _)| R::cells(key, row);
        self.insert(R::TABLE, of(Change::Insert).map(cells), "");
        let overwrite = overwrite(R::TABLE);
        self.insert(R::TABLE, of(Change::Update).map(cells), &overwrite);
        Ok(())
    }

    /// `INSERT` of these rows, with what is to be done where one is there.
    fn insert<'r>(
        &mut self,
        table: &TableDef,
        rows: impl Iterator<Item = Vec<Cell<'r>>>,
        otherwise: &str,
    ) {
        let mut text = String::new();
        for row in rows {
            if text.len() > PACKET_BYTES {
                self.finish(&mut text, otherwise);
            }
            if text.is_empty() {
                let columns = table.columns().collect::<Vec<_>>().join(",");
                text = format!("INSERT INTO {} ({columns}) VALUES ", table.name);
            } else {
                text.push(',');
            }
            text.push('(');
            for (at, value) in row.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                cell(value, &mut text);
            }
            text.push(')');
        }
        self.finish(&mut text, otherwise);
    }

    fn finish(&mut self, text: &mut String, otherwise: &str) {
        if !text.is_empty() {
            text.push_str(otherwise);
            self.0.push(std::mem::take(text));
        }
    }
}

/// Takes the columns that may change from the new row.
fn overwrite(table: &TableDef) -> String {
    let set = |column: &&str| format!("{column}=VALUES({column})");
    let columns: Vec<_> = table.mutable.iter().map(set).collect();
    format!(" ON DUPLICATE KEY UPDATE {}", columns.join(","))
}
