//! Tables that people make with a spreadsheet and send as CSV: one reader for all of them. It takes what
//! spreadsheets write, and gives each value to its column by the name in the head. What could be meant in
//! two ways is a fault and never a guess; all faults are told, each with its row as the sheet counts.

mod decode;
mod fault;
mod grid;
mod halls;
mod head;
mod number;
mod rows;
pub mod write;

pub use decode::CHARSETS;
pub use fault::{Fault, Faults, Reason};
pub use grid::{GridRow, grid};
pub use head::Column;
pub use number::{Separators, decimal, digits, price, whole};

use crate::text;
use head::Head;
use rows::Cell;

/// Faults that are listed; more are counted only.
pub const FAULTS_LISTED_MAX: usize = 100;
/// Characters of a value that a fault shows.
const VALUE_CHARS: usize = 60;

/// Why a sheet was not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// The charset that was named is none that is read.
    Charset(String),
    /// What is wrong with it.
    Faults(Faults),
}

impl From<Faults> for Refused {
    fn from(faults: Faults) -> Self {
        Self::Faults(faults)
    }
}

/// A row that holds something, and what is wrong with it.
pub struct Row<'r, 'a> {
    /// Its number as the sheet counts: the head is usually 1.
    pub number: u64,
    head: &'r Head,
    cells: &'r [Cell<'a>],
    faults: &'r mut Faults,
}

impl Row<'_, '_> {
    /// What stands in this column, without spaces around it; empty where the row is shorter. None where a
    /// fault of it is told already.
    #[must_use]
    pub fn get(&self, column: usize) -> Option<&str> {
        let at = self.head.place(column)?;
        let Some(cell) = self.cells.get(at) else { return Some("") };
        if cell.fault().is_some() { None } else { Some(cell.value()) }
    }

    /// The column's value, read by `read`; what is wrong with it is told.
    pub fn read<T>(
        &mut self,
        column: usize,
        read: impl FnOnce(&str) -> Result<T, Reason>,
    ) -> Option<T> {
        let value = self.get(column)?;
        let why = match value {
            "" => Reason::Empty,
            _ => match read(value) {
                Ok(value) => return Some(value),
                Err(why) => why,
            },
        };
        self.fault(column, why);
        None
    }

    /// Something is wrong with this column's value.
    pub fn fault(&mut self, column: usize, reason: Reason) {
        let value = self.get(column).unwrap_or_default();
        let value = (!value.is_empty()).then(|| text::printable(value, VALUE_CHARS));
        let column = Some(self.head.name(column).to_owned());
        self.faults.add(Fault { row: Some(self.number), column, value, reason });
    }

    /// Tells what is wrong with the row whatever its columns mean.
    fn check(&mut self, extra: Option<&(usize, Cell<'_>)>) {
        let named = self.cells.iter().enumerate();
        for (at, cell) in named.chain(extra.map(|(at, cell)| (*at, cell))) {
            let unnamed = self.head.is_blank_at(at);
            let reason = match cell.fault() {
                Some(reason) => reason,
                None if unnamed && !cell.is_blank() => Reason::Unnamed,
                None => continue,
            };
            let column = Some(self.head.label(at));
            let value = Some(text::printable(cell.value(), VALUE_CHARS));
            self.faults.add(Fault { row: Some(self.number), column, value, reason });
        }
    }
}

/// Reads a sheet: finds its encoding (`charset` as a Content-Type names it, or a look at the bytes), its
/// separator and its columns, and has `take` look at each row that is not blank, of `rows_max` at most.
///
/// # Errors
/// All that is wrong with it, in the order of its rows.
pub fn read(
    bytes: &[u8],
    charset: Option<&str>,
    columns: &'static [Column],
    rows_max: usize,
    mut take: impl FnMut(&mut Row<'_, '_>),
) -> Result<(), Refused> {
    let text = decode::decode(bytes, charset, columns)?;
    // The end of a file, as older systems mark it.
    let text = text.trim_end_matches('\u{1A}');
    let mut faults = Faults::default();
    let (mut rows, head) = head::find(text, columns, &mut faults)?;
    let mut cells = Vec::new();
    let mut taken = 0;
    while let Some(line) = rows.next(&mut cells) {
        if cells.iter().all(Cell::is_filler) && line.extra.is_none() {
            continue;
        }
        if taken == rows_max {
            faults.add(Fault::of_row(line.number, Reason::TooManyRows { max: rows_max }));
            break;
        }
        taken += 1;
        let mut row = Row { number: line.number, head: &head, cells: &cells, faults: &mut faults };
        row.check(line.extra.as_ref());
        take(&mut row);
    }
    if taken == 0 {
        faults.add(Fault::of_sheet(Reason::NoRows));
    }
    if faults.total == 0 { Ok(()) } else { Err(faults.into()) }
}

/// How spreadsheets call a column that has no name: A, B, …, Z, AA.
#[must_use]
pub fn letters(mut at: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[at % 26]));
        if at < 26 {
            break;
        }
        at = at / 26 - 1;
    }
    letters.iter().rev().collect()
}
