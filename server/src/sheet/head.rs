//! The head: which column is where, by name only, and what separates cells.

use super::rows::{Cell, Rows};
use super::{Fault, Faults, Reason, VALUE_CHARS, letters};
use crate::text;

/// A column that is looked for.
#[derive(Debug)]
pub struct Column {
    /// Its name. Upper and lower case, spaces, `_` and `-` make no difference.
    pub name: &'static str,
    /// Other names for it.
    pub also: &'static [&'static str],
}

/// What may separate cells.
pub(super) const SEPARATORS: [u8; 3] = *b",;\t";
/// Rows that may be blank before the head.
const BLANK_ROWS_MAX: u64 = 100;

/// Which column is where.
pub(super) struct Head {
    columns: &'static [Column],
    /// By place in the sheet.
    at: Vec<Place>,
}

/// What a place in the head says.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Column(usize),
    /// A name that is not known: told once, and not for each row.
    Unknown,
    Blank,
}

impl Head {
    /// Where the column stands.
    pub fn place(&self, column: usize) -> Option<usize> {
        self.at.iter().position(|found| *found == Place::Column(column))
    }

    /// Which column stands there.
    fn column_at(&self, at: usize) -> Option<usize> {
        match self.at.get(at) {
            Some(Place::Column(column)) => Some(*column),
            _ => None,
        }
    }

    /// Whether nothing may stand below.
    pub fn is_blank_at(&self, at: usize) -> bool {
        self.at.get(at).is_none_or(|place| *place == Place::Blank)
    }

    pub fn name(&self, column: usize) -> &'static str {
        self.columns.get(column).map_or("", |column| column.name)
    }

    /// The name of what stands there, or its letter.
    pub fn label(&self, at: usize) -> String {
        self.column_at(at).map_or_else(|| letters(at), |column| self.name(column).to_owned())
    }
}

fn plain(name: &str) -> String {
    let kept = |c: &char| !(c.is_whitespace() || matches!(c, '_' | '-'));
    let usual = text::plain(&text::figures(name)).unwrap_or_else(|_| name.to_owned());
    usual.to_lowercase().chars().filter(kept).collect()
}

/// Which of the columns a name means.
pub(super) fn named(columns: &[Column], name: &str) -> Option<usize> {
    let name = plain(name);
    let is = |column: &Column| {
        plain(column.name) == name || column.also.iter().any(|also| plain(also) == name)
    };
    columns.iter().position(is)
}

/// Whether a text begins with a row that names one of the columns by a name that is not ASCII: then its
/// encoding is the right one.
pub(super) fn is_head_of(text: &str, columns: &[Column]) -> bool {
    SEPARATORS.iter().any(|&separator| {
        let mut rows = Rows::new(text, separator);
        let cells = first_row(&mut rows).map(|(_, cells)| cells).unwrap_or_default();
        let speaks =
            |cell: &Cell<'_>| !cell.value().is_ascii() && named(columns, cell.value()).is_some();
        cells.iter().any(speaks)
    })
}

/// The first row that is not blank, with its number.
fn first_row<'a>(rows: &mut Rows<'a>) -> Option<(u64, Vec<Cell<'a>>)> {
    let mut cells = Vec::new();
    while let Some(line) = rows.next(&mut cells) {
        if !cells.iter().all(Cell::is_filler) {
            return Some((line.number, cells));
        }
        if line.number > BLANK_ROWS_MAX {
            break;
        }
    }
    None
}

/// The separator that a first line `sep=;` tells, as spreadsheets write it, and what is behind it. The
/// sheet does not count that line.
fn told(text: &str) -> Option<(char, &str)> {
    let line = text.split(['\r', '\n']).next()?;
    let inner = line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(line);
    let mut sign = inner.get(..4).filter(|word| word.eq_ignore_ascii_case("sep="))?.len();
    let separator = inner[sign..].chars().next()?;
    sign += separator.len_utf8();
    if !inner[sign..].trim().is_empty() {
        return None;
    }
    let rest = &text[line.len()..];
    let rest =
        rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\r', '\n'])).unwrap_or(rest);
    Some((separator, rest))
}

/// How many columns the head has with this separator, and how often the separator stands in it.
fn fit(text: &str, separator: u8, columns: &[Column]) -> (usize, usize) {
    let mut rows = Rows::new(text, separator);
    let cells = first_row(&mut rows).map(|(_, cells)| cells).unwrap_or_default();
    (cells.iter().filter(|cell| named(columns, cell.value()).is_some()).count(), cells.len())
}

/// Finds the head: the rows below it, and which column is where. What is wrong with it is told.
pub(super) fn find<'a>(
    text: &'a str,
    columns: &'static [Column],
    faults: &mut Faults,
) -> Result<(Rows<'a>, Head), Faults> {
    let (separator, text) = match told(text) {
        Some((sign, rest)) => {
            let known = u8::try_from(sign).ok().filter(|sign| SEPARATORS.contains(sign));
            let unknown = || Faults::from(Fault::of_row(1, Reason::UnknownSeparator));
            (known.ok_or_else(unknown)?, rest)
        }
        None => {
            let mut best = (SEPARATORS[0], (0, 0));
            for separator in SEPARATORS {
                let fit = fit(text, separator, columns);
                if fit > best.1 {
                    best = (separator, fit);
                }
            }
            (best.0, text)
        }
    };
    let mut rows = Rows::new(text, separator);
    let Some((row, cells)) = first_row(&mut rows) else {
        return Err(Fault::of_sheet(Reason::NoHead).into());
    };
    let mut head = Head { columns, at: Vec::new() };
    for (at, cell) in cells.iter().enumerate() {
        let found = named(columns, cell.value());
        let doubled = found.is_some_and(|column| head.place(column).is_some());
        head.at.push(match found {
            Some(column) if !doubled => Place::Column(column),
            None if cell.is_blank() => Place::Blank,
            _ => Place::Unknown,
        });
        let reason = match cell.fault() {
            Some(reason) => reason,
            None if doubled => Reason::DoubledColumn,
            None if found.is_none() && !cell.is_blank() => Reason::UnknownColumn,
            None => continue,
        };
        let name = text::printable(cell.value(), VALUE_CHARS);
        let column = if name.is_empty() { letters(at) } else { name };
        faults.add(Fault { row: Some(row), column: Some(column), value: None, reason });
    }
    for (index, column) in columns.iter().enumerate() {
        if head.place(index).is_none() {
            let column = Some(column.name.to_owned());
            faults.add(Fault {
                row: Some(row),
                column,
                value: None,
                reason: Reason::MissingColumn,
            });
        }
    }
    Ok((rows, head))
}
