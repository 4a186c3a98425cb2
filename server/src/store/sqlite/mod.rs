//! The embedded database: one writer, readers apart, write-ahead log. Every commit is
//! synced to disk, by itself or, beside the write path, by who answers (`log.rs`).

mod checkpoint;
mod keys;
mod lock;
mod log;
mod open;
mod private;
mod read;
mod room;
mod write;

pub use keys::ApiKeys;
pub use lock::ServerLock;
pub use log::Sync;
pub use open::{
    Files, MIGRATIONS, SCHEMA_VERSION, migrate, open_reader, open_reader_alone, open_writer,
};
pub use read::SqliteReads;
pub use write::SqliteStore;

use super::fault::Fault;
use super::records::{Cell, Source};
use boxoffice_core::id::Uuid;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ErrorCode, Row, ToSql};
use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => Self::Constraint(text),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(text),
            _ => Self::Unavailable(text),
        }
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Cell::Null => ToSqlOutput::Owned(Value::Null),
            Cell::Int(value) => ToSqlOutput::Owned(Value::Integer(*value)),
            Cell::Text(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
            Cell::Blob(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
        })
    }
}

/// Adds each step of the connection's statements to a count.
fn count_steps(connection: &mut Connection, count: &'static AtomicU64) -> Result<(), Fault> {
    let step = move || {
        count.fetch_add(1, Ordering::Relaxed);
        false
    };
    Ok(connection.progress_handler(1, Some(step))?)
}

fn unexpected() -> Fault {
    Fault::Corrupt("a column holds another type than its own".into())
}

impl Source for Row<'_> {
    fn int(&self, column: usize) -> Result<Option<i64>, Fault> {
        match self.get_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(value) => Ok(Some(value)),
            _ => Err(unexpected()),
        }
    }

    fn text(&self, column: usize) -> Result<Option<String>, Fault> {
        match self.get_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(value) => {
                let words = std::str::from_utf8(value).map_err(|_| unexpected())?;
                Ok(Some(words.to_owned()))
            }
            _ => Err(unexpected()),
        }
    }

    fn uuid(&self, column: usize) -> Result<Option<Uuid>, Fault> {
        match self.get_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(value) => Uuid::from_slice(value).map(Some).map_err(|_| unexpected()),
            _ => Err(unexpected()),
        }
    }

    fn bytes(&self, column: usize) -> Result<Option<Vec<u8>>, Fault> {
        match self.get_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(value) => Ok(Some(value.to_vec())),
            _ => Err(unexpected()),
        }
    }

    fn bytes32(&self, column: usize) -> Result<[u8; 32], Fault> {
        let ValueRef::Blob(value) = self.get_ref(column)? else {
            return Err(unexpected());
        };
        value.try_into().map_err(|_| unexpected())
    }
}

/// A row's cells as they are, for comparing stores.
fn cells(row: &Row<'_>, columns: usize) -> Result<Vec<Cell<'static>>, Fault> {
    (0..columns)
        .map(|column| {
            Ok(match row.get_ref(column)? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(value) => Cell::Int(value),
                ValueRef::Text(value) => {
                    Cell::Text(Cow::Owned(String::from_utf8_lossy(value).into_owned()))
                }
                ValueRef::Blob(value) => Cell::Blob(Cow::Owned(value.to_vec())),
                ValueRef::Real(_) => return Err(unexpected()),
            })
        })
        .collect()
}
