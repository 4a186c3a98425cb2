//! The real schema against the table definitions that every statement is made from.

use boxoffice_server::audit::CHECKS;
use boxoffice_server::store::records::{TABLES, WORDS};
use boxoffice_server::store::sqlite::{
    Files, SCHEMA_VERSION, SqliteStore, migrate, open_reader, open_writer,
};
use boxoffice_server::store::table::Table;
use rusqlite::Connection;
use std::collections::BTreeSet;

fn fresh(dir: &tempfile::TempDir) -> Files {
    let files = Files { path: dir.path().join("boxoffice.db") };
    SqliteStore::open(&files).expect("a new file");
    files
}

fn names(connection: &Connection, text: &str) -> BTreeSet<String> {
    let mut statement = connection.prepare(text).expect("a statement");
    let found = statement.query_map([], |row| row.get(0)).expect("rows");
    found.map(|name| name.expect("a name")).collect()
}

fn columns(connection: &Connection, table: &Table) -> BTreeSet<String> {
    let text = format!("SELECT name FROM pragma_table_info('{}')", table.name);
    names(connection, &text)
}

/// The columns of each definition are those of the migrated schema, no more and no fewer.
#[test]
fn definitions_have_the_columns_of_the_schema() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let connection = open_reader(&fresh(&dir)).expect("a file of our own");
    let text = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    let defined: BTreeSet<_> = TABLES.iter().map(|table| table.name.to_owned()).collect();
    assert_eq!(names(&connection, text), defined);
    for table in TABLES {
        let defined: Vec<_> = table.columns().map(str::to_owned).collect();
        let set: BTreeSet<_> = defined.iter().cloned().collect();
        assert_eq!(set.len(), defined.len(), "{} names a column twice", table.name);
        assert_eq!(columns(&connection, table), set, "{}", table.name);
    }
}

/// The audit has every word of every closed list and no other, in a text of its own.
#[test]
fn the_audit_knows_the_words_of_every_closed_list() {
    let check = CHECKS.iter().find(|check| check.name == "words_known").expect("a check of words");
    let parts: Vec<&str> = check.sql.split("UNION ALL").collect();
    assert_eq!(parts.len(), WORDS.len());
    for (table, column, words) in WORDS {
        let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let wanted = format!("WHERE {column} NOT IN ({})", words.join(", "));
        let flat = |part: &&&str| part.split_whitespace().collect::<Vec<_>>().join(" ");
        let found =
            parts.iter().filter(|part| flat(part).contains(&format!("FROM {table} {wanted}")));
        assert_eq!(found.count(), 1, "{table}: {wanted}");
    }
}

/// What a definition calls its key names one row: by the primary key, or a unique index.
#[test]
fn keys_are_unique() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let connection = open_reader(&fresh(&dir)).expect("a file of our own");
    for table in TABLES {
        let indexes = format!(
            "SELECT name FROM pragma_index_list('{}') WHERE \"unique\" = 1 AND partial = 0",
            table.name
        );
        let key: BTreeSet<_> = table.key.iter().map(|&column| column.to_owned()).collect();
        let unique = names(&connection, &indexes).into_iter().any(|index| {
            let text = format!(
                "SELECT i.name FROM pragma_index_info('{index}') i \
                 JOIN pragma_table_info('{}') t ON t.name = i.name",
                table.name
            );
            names(&connection, &text) == key
        });
        assert!(unique, "{}: {key:?}", table.name);
    }
}

/// Each migration runs once; running them again changes nothing.
#[test]
fn migrating_twice_is_migrating_once() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let files = fresh(&dir);
    let mut connection = open_writer(&files).expect("a file of our own");
    let text = "SELECT type || name || ifnull(sql, '') FROM sqlite_schema";
    let before = names(&connection, text);
    migrate(&mut connection).expect("nothing to do");
    assert_eq!(names(&connection, text), before);
    let version: i64 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a version");
    assert_eq!(version, SCHEMA_VERSION);
}
