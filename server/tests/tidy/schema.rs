//! The migrations of each dialect make the same tables and columns, and those are the ones that the
//! stores bind and read.

use super::tree::{exists, under};
use super::{complains, none};
use boxoffice_server::store::records::TABLES;
use std::collections::{BTreeMap, BTreeSet};

/// Columns by table.
type Schema = BTreeMap<String, BTreeSet<String>>;

const FOLDERS: [&str; 2] = ["migrations/sqlite/", "migrations/mysql/"];

/// Tables of one dialect only, the migration that makes them, and why the other has none.
const ONLY_MYSQL: [(&str, &str, &str); 1] = [(
    "outbox",
    "0002_outbox.sql",
    "an embedded database has one node: nobody would read what it tells others",
)];

/// The first word, without the quotes of any dialect.
fn word(text: &str) -> String {
    let text = text.trim_start();
    let end = text.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(text.len());
    text[..end].trim_matches(['`', '"']).to_owned()
}

/// What is within the parentheses, by the commas of the outermost level.
fn items(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 1 && matches!(c, '(' | ',') || depth == 0 && c == ')' {
            if c != '(' {
                found.push(text[start..at].trim());
            }
            start = at + 1;
        }
        if depth == 0 && c == ')' {
            break;
        }
    }
    found
}

fn is_column(item: &str) -> bool {
    let first = word(item).to_ascii_uppercase();
    !["PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "KEY", "INDEX", "CONSTRAINT", ""]
        .contains(&first.as_str())
}

/// Applies a migration's text: `CREATE TABLE`, `DROP TABLE`, and, also where it is prepared as a text,
/// `ALTER TABLE …` with `RENAME TO` and `ADD/DROP/CHANGE COLUMN`.
fn apply(schema: &mut Schema, text: &str) {
    let lines = text.lines().map(|line| line.split("--").next().unwrap_or_default());
    let text = lines.collect::<Vec<_>>().join("\n");
    for statement in text.split(';').map(str::trim) {
        if let Some(rest) = statement.strip_prefix("CREATE TABLE") {
            let rest = rest.trim().trim_start_matches("IF NOT EXISTS");
            let columns = items(rest).into_iter().filter(|i| is_column(i)).map(word).collect();
            schema.insert(word(rest), columns);
        } else if let Some(rest) = statement.strip_prefix("DROP TABLE") {
            schema.remove(&word(rest.trim().trim_start_matches("IF EXISTS")));
        } else if let Some((_, rest)) = statement.split_once("ALTER TABLE ") {
            alter(schema, rest);
        }
    }
}

/// What follows `ALTER TABLE`.
fn alter(schema: &mut Schema, rest: &str) {
    let table = word(rest);
    if let Some((_, name)) = rest.split_once("RENAME TO") {
        let columns = schema.remove(&table).unwrap_or_default();
        schema.insert(word(name), columns);
        return;
    }
    let columns = schema.entry(table).or_default();
    let after = |what: &'static str| rest.split(what).skip(1).map(word);
    columns.extend(after("ADD COLUMN"));
    for column in after("DROP COLUMN") {
        columns.remove(&column.trim_end_matches([',', '\'']).to_owned());
    }
    for change in rest.split("CHANGE COLUMN").skip(1) {
        let old = word(change);
        let new = change.trim_start().strip_prefix(old.as_str()).unwrap_or_default();
        columns.remove(&old);
        columns.insert(word(new));
    }
}

fn schema_of(folder: &str) -> Schema {
    let mut schema = Schema::new();
    for file in under(&[folder], ".sql") {
        apply(&mut schema, &file.text);
    }
    schema
}

fn difference(left: &Schema, right: &Schema, names: (&str, &str)) -> Vec<String> {
    let one_way = |a: &Schema, b: &Schema, name: &str, other: &str| -> Vec<String> {
        let missing = |(table, columns): (&String, &BTreeSet<String>)| {
            let there = b.get(table).cloned().unwrap_or_default();
            let lacking: Vec<_> = columns.difference(&there).cloned().collect();
            (!lacking.is_empty())
                .then(|| format!("{table} of {name} has {lacking:?}, that of {other} has not"))
        };
        a.iter().filter_map(missing).collect()
    };
    [one_way(left, right, names.0, names.1), one_way(right, left, names.1, names.0)].concat()
}

fn tables() -> Schema {
    let columns = |table: &boxoffice_server::store::table::Table| {
        (table.name.to_owned(), table.columns().map(str::to_owned).collect())
    };
    TABLES.iter().map(|table| columns(table)).collect()
}

#[test]
fn migrations_make_the_tables_that_the_stores_know() {
    none(&difference(&schema_of(FOLDERS[0]), &tables(), ("migrations/sqlite", "TABLES")));
}

#[test]
fn migrations_of_the_dialects_are_alike() {
    if !exists(FOLDERS[1]) {
        return; // One dialect is alike by itself.
    }
    let names = |folder: &str| -> BTreeSet<String> {
        let files = under(&[folder], ".sql");
        files.iter().map(|f| f.path.trim_start_matches(folder).to_owned()).collect()
    };
    let mut common = names(FOLDERS[1]);
    let mut schema = schema_of(FOLDERS[1]);
    for (table, file, reason) in ONLY_MYSQL {
        assert!(common.remove(file), "{file} is not there");
        assert!(schema.remove(table).is_some(), "{table}: {reason}");
    }
    none(&numbers(&names(FOLDERS[0]), &names(FOLDERS[1])));
    assert_eq!(names(FOLDERS[0]), common);
    none(&difference(&schema_of(FOLDERS[0]), &schema, ("sqlite", "mysql")));
}

/// A number names one migration, whatever the dialect.
fn numbers(one: &BTreeSet<String>, other: &BTreeSet<String>) -> Vec<String> {
    let number = |name: &str| name.split('_').next().unwrap_or_default().to_owned();
    let (mut seen, mut twice) = (BTreeSet::new(), Vec::new());
    for name in one.union(other) {
        if !seen.insert(number(name)) {
            twice.push(format!("{name}: another has its number"));
        }
    }
    twice
}

/// The reader above against the database itself.
#[test]
fn the_text_is_read_as_the_database_reads_it() {
    let database = rusqlite::Connection::open_in_memory().unwrap();
    for file in under(&[FOLDERS[0]], ".sql") {
        database.execute_batch(&file.text).unwrap();
    }
    let mut found = Schema::new();
    let text = "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c \
                WHERE m.type = 'table'";
    let mut statement = database.prepare(text).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    for row in rows {
        let (table, column): (String, String) = row.unwrap();
        found.entry(table).or_default().insert(column);
    }
    assert!(!found.is_empty());
    none(&difference(&schema_of(FOLDERS[0]), &found, ("the text", "the database")));
}

#[test]
fn bad_samples_are_found() {
    let of = |text: &str| {
        let mut schema = Schema::new();
        apply(&mut schema, text);
        schema
    };
    let seat =
        "CREATE TABLE seat (\n a INTEGER CHECK (a IN (1, 2)), -- b TEXT,\n PRIMARY KEY (a)\n);";
    assert_eq!(of(seat), of("CREATE TABLE `seat` (`a` BIGINT, UNIQUE KEY x (a)) ENGINE=InnoDB;"));
    let wider = of(&format!("{seat} ALTER TABLE seat ADD COLUMN c TEXT;"));
    complains(&difference(&of(seat), &wider, ("x", "y")), "seat of y has [\"c\"]");
    complains(&difference(&wider, &of(seat), ("x", "y")), "seat of x has [\"c\"]");
    complains(&difference(&of(seat), &of(""), ("x", "y")), "seat of x has [\"a\"]");
    none(&difference(&of(&format!("{seat} DROP TABLE seat;")), &of(""), ("x", "y")));
    let other = "CREATE TABLE new (b TEXT); ALTER TABLE new RENAME TO seat; \
        ALTER TABLE seat CHANGE COLUMN b a TEXT; \
        ALTER TABLE seat ADD COLUMN c TEXT, ADD COLUMN d TEXT; \
        ALTER TABLE seat DROP COLUMN c, DROP COLUMN d;";
    none(&difference(&of(seat), &of(other), ("x", "y")));
    none(&difference(&of(other), &of(seat), ("x", "y")));
    let renamed = "CREATE TABLE a (b INTEGER); DROP TABLE IF EXISTS c; ALTER TABLE a RENAME TO c;";
    assert_eq!(of(renamed), of("CREATE TABLE c (b INTEGER);"));
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    complains(&numbers(&set(&["0001_a.sql", "0002_b.sql"]), &set(&["0002_c.sql"])), "0002_c");
    none(&numbers(&set(&["0001_a.sql"]), &set(&["0001_a.sql", "0002_c.sql"])));
}
