//! What a batch has changed, as text. New rows are inserted plainly, so that unique keys are a second
//! lock; changed rows are overwritten by primary key, many in one statement.
//!
//! Only rows that this transaction has locked are overwritten: a row that it was not told of cannot
//! be changed by it, and one that it has locked cannot be gone.

use super::super::Fault;
use super::super::records::{Cell, Record};
use super::super::table::Table as TableDef;
use super::text::cell;
use boxoffice_core::rows::{Change, Keys, Rows, Table};
use boxoffice_core::tables;

/// Bytes of one statement, and of the packet that it is sent in; a longer save is sent in parts.
pub(super) const PACKET_BYTES: usize = 1024 * 1024;

/// Statements in the order in which they are to be sent.
#[derive(Default)]
pub(super) struct Statements(pub Vec<String>);

/// Everything that has changed. `locked` names the rows of this transaction.
pub(super) fn statements(rows: &Rows, locked: &Keys) -> Result<Vec<String>, Fault> {
    let mut all = Statements::default();
    macro_rules! save {
        (row $field:ident: $key:ty => $row:ty) => {
            all.table::<$row>(&rows.$field, |key| locked.$field.contains(key))?;
        };
        (added $field:ident: $key:ty => $row:ty) => {
            all.table::<$row>(&rows.$field, |_| false)?;
        };
        (list $field:ident: $key:ty => $row:ty) => {
            all.lists::<$row>(&rows.$field);
        };
        (index $($line:tt)*) => {};
    }
    tables!(each save);
    Ok(all.0)
}

impl Statements {
    fn table<R: Record>(
        &mut self,
        rows: &Table<R::Key, R>,
        is_locked: impl Fn(&R::Key) -> bool,
    ) -> Result<(), Fault> {
        let of = |wanted| rows.changed().filter(move |(_, _, change)| *change == wanted);
        let mut changed = of(Change::Update).chain(of(Change::Rewrite));
        if changed.any(|(key, _, _)| !is_locked(key)) {
            return Err(Fault::Corrupt(format!("a row of {} is gone", R::TABLE.name)));
        }
        let cells = |(key, row, _)| R::cells(key, row);
        self.insert(R::TABLE, of(Change::Insert).map(cells), "");
        let mutable = overwrite(R::TABLE.mutable.iter());
        self.insert(R::TABLE, of(Change::Update).map(cells), &mutable);
        let all = overwrite(R::TABLE.fixed.iter().chain(R::TABLE.mutable));
        self.insert(R::TABLE, of(Change::Rewrite).map(cells), &all);
        Ok(())
    }

    /// All rows of each new key.
    fn lists<R: Record>(&mut self, rows: &Table<R::Key, Vec<R>>) {
        let lists = rows.changed();
        let cells = lists.flat_map(|(key, list, _)| list.iter().map(move |row| R::cells(key, row)));
        self.insert(R::TABLE, cells, "");
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

/// Takes these columns from the new row.
fn overwrite<'c>(columns: impl Iterator<Item = &'c &'static str>) -> String {
    let set = |column: &&str| format!("{column}=VALUES({column})");
    let columns: Vec<_> = columns.map(set).collect();
    format!(" ON DUPLICATE KEY UPDATE {}", columns.join(","))
}
