//! Copies a shared database, row by row as it is and as of one moment, into an SQLite file without
//! constraints: what was tampered with is copied, too.

use crate::store::Fault;
use crate::store::mysql::{NOW, Options, SCHEMA_VERSION, said};
use crate::store::sqlite;
use mysql::prelude::Queryable;
use mysql::{Conn, Value};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params_from_iter};
use std::path::Path;

/// A column with SQLite's type for it.
type Column = (String, String);

fn fault(error: mysql::Error) -> Fault {
    Fault::Unavailable(said(&error))
}

fn list<T: rusqlite::types::FromSql>(of: &Connection, sql: &str) -> Result<Vec<T>, Fault> {
    let mut statement = of.prepare(sql)?;
    let found = statement.query_map([], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The names of all tables.
pub(super) fn tables(of: &Connection) -> Result<Vec<String>, Fault> {
    list(of, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
}

fn columns(of: &Connection, table: &str) -> Result<Vec<Column>, Fault> {
    let names = list(of, &format!("SELECT name FROM pragma_table_info('{table}')"))?;
    let types = list(of, &format!("SELECT type FROM pragma_table_info('{table}')"))?;
    Ok(names.into_iter().zip(types).collect())
}

/// The columns of each key and index, as lists.
fn indexes(of: &Connection, table: &str) -> Result<Vec<String>, Fault> {
    let found = list(
        of,
        &format!(
            "SELECT (SELECT group_concat('\"' || name || '\"', ', ' ORDER BY seqno) \
                     FROM pragma_index_info(l.name)) FROM pragma_index_list('{table}') l"
        ),
    )?;
    // A key of one number is the table itself, and no index.
    let key = format!(
        "SELECT '\"' || name || '\"' FROM pragma_table_info('{table}') WHERE pk > 0 \
         AND NOT EXISTS (SELECT 1 FROM pragma_index_list('{table}') WHERE origin = 'pk')"
    );
    let key: Vec<String> = list(of, &key)?;
    Ok(found.into_iter().chain(key).collect())
}

/// Copies every table of the schema into a new file. Returns the database's own time once the rows were
/// those that are copied, UTC milliseconds: servers go by it, and not by the clock of whoever audits.
///
/// # Errors
/// The server cannot be read, its schema is another, or the file cannot be written.
pub(super) fn copy(options: &Options, into: &Path) -> Result<i64, Fault> {
    let mut from = options.connect_to_read()?;
    from.query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT").map_err(fault)?;
    check_version(&mut from)?;
    let now = from.query_first(format!("SELECT {NOW}"));
    let now = now.map_err(fault)?;
    let now = now.ok_or_else(|| Fault::Unavailable("it does not tell the time".into()))?;
    // Tables and columns are the same in both dialects; a test compares them.
    let schema = Connection::open_in_memory()?;
    for (_, text) in sqlite::MIGRATIONS {
        schema.execute_batch(text)?;
    }
    let mut copy = Connection::open(into)?;
    // It is thrown away: if the machine stops, nothing is lost.
    copy.pragma_update(None, "synchronous", "OFF")?;
    copy.pragma_update(None, "journal_mode", "MEMORY")?;
    copy.pragma_update(None, "user_version", sqlite::SCHEMA_VERSION)?;
    for table in tables(&schema)? {
        let columns = columns(&schema, &table)?;
        copy_table(&mut from, &mut copy, &table, &columns)?;
        for (number, of) in indexes(&schema, &table)?.iter().enumerate() {
            copy.execute_batch(&format!(
                "CREATE INDEX \"{table}_{number}\" ON \"{table}\" ({of})"
            ))?;
        }
    }
    Ok(now)
}

fn check_version(from: &mut Conn) -> Result<(), Fault> {
    let text = "SELECT version FROM schema_migration WHERE schema_id = 1";
    let found: Result<Option<i64>, _> = from.query_first(text);
    match found {
        Ok(Some(version)) if version == SCHEMA_VERSION => Ok(()),
        Ok(Some(found)) if found > SCHEMA_VERSION => {
            Err(Fault::SchemaTooNew { found, known: SCHEMA_VERSION })
        }
        // ER_NO_SUCH_TABLE
        Err(mysql::Error::MySqlError(error)) if error.code == 1146 => {
            Err(Fault::Unavailable("it has no tables of boxoffice".into()))
        }
        Err(error) => Err(fault(error)),
        Ok(_) => {
            Err(Fault::Unavailable("its schema is not finished; start the server once".into()))
        }
    }
}

fn copy_table(
    from: &mut Conn,
    copy: &mut Connection,
    table: &str,
    columns: &[Column],
) -> Result<(), Fault> {
    let made: Vec<String> =
        columns.iter().map(|(name, kind)| format!("\"{name}\" {kind}")).collect();
    copy.execute_batch(&format!("CREATE TABLE \"{table}\" ({})", made.join(", ")))?;
    let names: Vec<String> = columns.iter().map(|(name, _)| format!("`{name}`")).collect();
    let select = format!("SELECT {} FROM `{table}`", names.join(", "));
    let places = vec!["?"; columns.len()].join(", ");
    let write = copy.transaction()?;
    {
        let mut insert = write.prepare(&format!("INSERT INTO \"{table}\" VALUES ({places})"))?;
        // Row by row: the table need not fit into memory.
        for row in from.query_iter(select).map_err(fault)? {
            let cells = row.map_err(fault)?.unwrap_raw().into_iter().zip(columns);
            let cells = cells.map(|(value, (_, kind))| cell(value.unwrap_or(Value::NULL), kind));
            insert.execute(params_from_iter(cells.collect::<Result<Vec<_>, _>>()?))?;
        }
    }
    Ok(write.commit()?)
}

/// The text protocol gives numbers as their digits: the column's own type in SQLite tells them apart.
fn cell(value: Value, kind: &str) -> Result<Cell, Fault> {
    let bytes = match value {
        Value::NULL => return Ok(Cell::Null),
        Value::Bytes(bytes) => bytes,
        other => return Err(Fault::Corrupt(format!("no column holds {other:?}"))),
    };
    if kind == "BLOB" {
        return Ok(Cell::Blob(bytes));
    }
    let text =
        String::from_utf8(bytes).map_err(|_| Fault::Corrupt("a text is not UTF-8".into()))?;
    if kind != "INTEGER" {
        return Ok(Cell::Text(text));
    }
    let number = text.parse().map_err(|_| Fault::Corrupt(format!("{text:?} is no number")))?;
    Ok(Cell::Integer(number))
}
