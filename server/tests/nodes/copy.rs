//! Copies a shared database, row by row as it is, into an SQLite file, so that the audits of the
//! embedded database judge it.

use mysql::prelude::Queryable;
use mysql::{Conn, Opts, Value};
use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use std::path::Path;

const SCHEMA: &str = include_str!("../../../migrations/sqlite/0001_first_sale.sql");

/// Copies every table that the schema has into a new file.
pub fn copy(url: &str, into: &Path) {
    let _ = std::fs::remove_file(into);
    let mut from = Conn::new(Opts::from_url(url).unwrap()).unwrap();
    let mut copy = Connection::open(into).unwrap();
    copy.execute_batch(SCHEMA).unwrap();
    from.query_drop("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ").unwrap();
    from.query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT").unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
    let tables: Vec<String> = list(&copy, tables);
    assert!(tables.len() >= 14, "{tables:?}");
    for table in tables {
        copy_table(&mut from, &mut copy, &table);
    }
}

fn list(copy: &Connection, sql: &str) -> Vec<String> {
    let mut statement = copy.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn copy_table(from: &mut Conn, copy: &mut Connection, table: &str) {
    let named = format!("SELECT name || ' ' || type FROM pragma_table_info('{table}')");
    let columns: Vec<(String, String)> = list(copy, &named)
        .iter()
        .map(|column| column.split_once(' ').unwrap())
        .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
        .collect();
    let names: Vec<String> = columns.iter().map(|(name, _)| format!("`{name}`")).collect();
    let names = names.join(", ");
    let rows: Vec<mysql::Row> = from.query(format!("SELECT {names} FROM `{table}`")).unwrap();
    let places = vec!["?"; columns.len()].join(", ");
    let write = copy.transaction().unwrap();
    let insert = format!("INSERT INTO `{table}` ({names}) VALUES ({places})");
    for row in rows {
        let cells = row.unwrap().into_iter().zip(&columns);
        let cells = cells.map(|(value, (_, kind))| cell(value, kind));
        write.execute(&insert, rusqlite::params_from_iter(cells)).unwrap();
    }
    write.commit().unwrap();
}

/// The text protocol gives numbers as their digits: the column's own type in SQLite tells them apart.
fn cell(value: Value, kind: &str) -> Cell {
    let bytes = match value {
        Value::NULL => return Cell::Null,
        Value::Bytes(bytes) => bytes,
        other => panic!("no column holds {other:?}"),
    };
    match kind {
        "BLOB" => Cell::Blob(bytes),
        "TEXT" => Cell::Text(String::from_utf8(bytes).unwrap()),
        "INTEGER" => Cell::Integer(String::from_utf8(bytes).unwrap().parse().unwrap()),
        _ => panic!("no column is {kind}"),
    }
}
