//! The texts of statements. Values are written as numbers, as ASCII without quotes and backslashes, and as
//! hexadecimal digits, so that nothing needs escaping, whatever the server's mode.

use super::super::records::{Cell, Source};
use super::super::sql::select;
use super::super::table::Table;
use super::super::{Fault, records::Record};
use boxoffice_core::id::Uuid;
use mysql::consts::ColumnType;
use mysql::{Row, Value};
use sea_query::MysqlQueryBuilder;
use std::borrow::Cow;
use std::fmt::Write;

/// Character set of bytes that are no words.
const BINARY: u16 = 63;

/// Keys in one list. Beyond 1,000 MariaDB makes a subquery of a list, which is no lookup by key.
pub(super) const KEYS_MAX: usize = 500;

/// The database's clock in milliseconds.
pub const NOW: &str = "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)";

fn hex(bytes: &[u8], out: &mut String) {
    out.push_str("x'");
    for byte in bytes {
        // Writing into a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out.push('\'');
}

/// Whether a text stands between quotes as it is, in whatever mode the server reads: that is half as long as its
/// digits.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'\'' && byte != b'\\')
}

/// A value as SQL. Words carry their character set; a column's collation wins over a literal's, so
/// that its index serves.
pub(super) fn cell(value: &Cell<'_>, out: &mut String) {
    match value {
        Cell::Null => out.push_str("NULL"),
        Cell::Int(value) => {
            let _ = write!(out, "{value}");
        }
        Cell::Text(value) if is_plain(value) => {
            out.push_str("_utf8mb4'");
            out.push_str(value);
            out.push('\'');
        }
        Cell::Text(value) => {
            out.push_str("_utf8mb4 ");
            hex(value.as_bytes(), out);
        }
        Cell::Blob(value) => hex(value, out),
    }
}

/// An id as SQL.
pub(super) fn id(id: &Uuid) -> String {
    bytes(id.as_bytes())
}

/// Bytes as SQL.
pub(super) fn bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2 + 3);
    hex(bytes, &mut out);
    out
}

/// Words as SQL.
pub(super) fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2 + 12);
    cell(&Cell::Text(Cow::Borrowed(text)), &mut out);
    out
}

/// `SELECT` of all columns of a table, in the table's order.
pub(super) fn all_columns(table: &Table) -> String {
    select(table, &[], &[], MysqlQueryBuilder)
}

/// Values with commas between them.
pub(super) fn list(values: impl IntoIterator<Item = String>) -> String {
    values.into_iter().collect::<Vec<_>>().join(",")
}

/// A row as the server gives it.
pub(super) struct Line(pub Row);

fn unexpected() -> Fault {
    Fault::Corrupt("a column holds another type than its own".into())
}

fn number(text: &[u8]) -> Result<i64, Fault> {
    let text = std::str::from_utf8(text).map_err(|_| unexpected())?;
    text.parse().map_err(|_| unexpected())
}

impl Line {
    fn value(&self, column: usize) -> Result<Option<&[u8]>, Fault> {
        match self.0.as_ref(column) {
            Some(Value::NULL) => Ok(None),
            Some(Value::Bytes(bytes)) => Ok(Some(bytes)),
            _ => Err(unexpected()),
        }
    }

    /// A number that is there.
    pub fn count(&self, column: usize) -> Result<u64, Fault> {
        let value = self.int(column)?.ok_or_else(unexpected)?;
        u64::try_from(value).map_err(|_| unexpected())
    }

    /// An id that is there.
    pub fn id(&self, column: usize) -> Result<Uuid, Fault> {
        self.uuid(column)?.ok_or_else(unexpected)
    }

    /// The cells as they are, for comparing stores.
    pub fn cells(&self) -> Result<Vec<Cell<'static>>, Fault> {
        let columns = self.0.columns_ref();
        (0..columns.len())
            .map(|at| {
                let Some(value) = self.value(at)? else {
                    return Ok(Cell::Null);
                };
                Ok(match columns[at].column_type() {
                    ColumnType::MYSQL_TYPE_LONGLONG => Cell::Int(number(value)?),
                    _ if columns[at].character_set() == BINARY => {
                        Cell::Blob(Cow::Owned(value.to_vec()))
                    }
                    _ => Cell::Text(Cow::Owned(String::from_utf8_lossy(value).into_owned())),
                })
            })
            .collect()
    }
}

impl Source for Line {
    fn int(&self, column: usize) -> Result<Option<i64>, Fault> {
        self.value(column)?.map(number).transpose()
    }

    fn text(&self, column: usize) -> Result<Option<String>, Fault> {
        let words = self.value(column)?.map(|value| std::str::from_utf8(value).map(str::to_owned));
        words.transpose().map_err(|_| unexpected())
    }

    fn uuid(&self, column: usize) -> Result<Option<Uuid>, Fault> {
        let id = self.value(column)?.map(Uuid::from_slice);
        id.transpose().map_err(|_| unexpected())
    }

    fn bytes(&self, column: usize) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.value(column)?.map(<[u8]>::to_vec))
    }

    fn bytes32(&self, column: usize) -> Result<[u8; 32], Fault> {
        let value = self.value(column)?.ok_or_else(unexpected)?;
        value.try_into().map_err(|_| unexpected())
    }
}

/// The records of an answer.
pub(super) fn records<R: Record>(rows: Vec<Row>) -> Result<Vec<(R::Key, R)>, Fault> {
    rows.into_iter().map(|row| R::read(&Line(row))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_need_no_escaping() {
        let text = |value: Cell<'_>| {
            let mut out = String::new();
            cell(&value, &mut out);
            out
        };
        assert_eq!(text(Cell::Null), "NULL");
        assert_eq!(text(Cell::Int(-7)), "-7");
        assert_eq!(text(Cell::Text("a'\u{e9}".into())), "_utf8mb4 x'6127c3a9'");
        assert_eq!(text(Cell::Blob(vec![0, 255].into())), "x'00ff'");
        assert_eq!(words(""), "_utf8mb4''");
        assert_eq!(words("{\"a\": 1}"), "_utf8mb4'{\"a\": 1}'");
        for quoting in ["'", "\\", "a'b", "tab\t", "\0", "\u{e9}"] {
            assert!(words(quoting).starts_with("_utf8mb4 x'"), "{quoting:?}");
        }
    }
}
