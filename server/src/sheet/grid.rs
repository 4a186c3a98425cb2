//! A sheet that is a picture: a few columns by name on the left, and to the right of them cells whose place counts.

use super::head::{SEPARATORS, named};
use super::rows::{Cell, Rows};
use super::{Column, Fault, Faults, Reason, Refused, decode};

/// A row of such a sheet; blank rows are among them, since their place counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridRow {
    /// Its number as the sheet counts.
    pub number: u64,
    /// What stands in the named columns, in the order in which they were asked for; empty where there is none.
    pub named: Vec<String>,
    /// At which place the cells behind them begin.
    pub first: usize,
    /// The cells behind them, without those that are blank at the end: what stands there, or why it cannot be read.
    pub cells: Vec<Result<String, Reason>>,
}

/// Which of the columns is at which place, where the row is the head: it names the first of them, and nothing else
/// to the left of the last that it names.
fn head_of(cells: &[Cell<'_>], columns: &[Column]) -> Option<Vec<usize>> {
    let places: Vec<usize> =
        cells.iter().map_while(|cell| named(columns, cell.value())).take(columns.len()).collect();
    places.contains(&0).then_some(places)
}

/// Reads such a sheet, of `rows_max` rows and `cells_max` columns at most. The first of `columns` must be there.
///
/// # Errors
/// All that is wrong with it as a sheet; what its cells mean is not looked at.
pub fn grid(
    bytes: &[u8],
    charset: Option<&str>,
    columns: &'static [Column],
    (rows_max, cells_max): (usize, usize),
) -> Result<Vec<GridRow>, Refused> {
    let text = decode::decode(bytes, charset, columns)?;
    let text = text.trim_end_matches('\u{1A}');
    let mut cells = Vec::new();
    for separator in SEPARATORS {
        let mut rows = Rows::new(text, separator).wide(cells_max);
        while rows.next(&mut cells).is_some() {
            if !cells.iter().all(Cell::is_filler) {
                break;
            }
        }
        if let Some(places) = head_of(&cells, columns) {
            return read(rows, &places, columns.len(), rows_max).map_err(Refused::from);
        }
    }
    let missing = columns.first().map_or("", |column| column.name);
    let reason = Reason::MissingColumn;
    let fault = Fault { row: Some(1), column: Some(missing.to_owned()), value: None, reason };
    Err(Faults::from(fault).into())
}

fn read(
    mut rows: Rows<'_>,
    places: &[usize],
    columns: usize,
    rows_max: usize,
) -> Result<Vec<GridRow>, Faults> {
    let (mut all, mut faults, mut cells) = (Vec::new(), Faults::default(), Vec::new());
    while let Some(line) = rows.next(&mut cells) {
        let number = line.number;
        if all.len() == rows_max {
            faults.add(Fault::of_row(number, Reason::TooManyRows { max: rows_max }));
            break;
        }
        if line.extra.is_some() {
            faults.add(Fault::of_row(number, Reason::Unnamed));
        }
        let mut named = vec![String::new(); columns];
        for (place, cell) in places.iter().zip(&cells) {
            if let Some(reason) = cell.fault() {
                faults.add(Fault::of_row(number, reason));
            }
            if let Some(to) = named.get_mut(*place) {
                cell.value().clone_into(to);
            }
        }
        let value = |cell: &Cell<'_>| cell.fault().map_or_else(|| Ok(cell.value().to_owned()), Err);
        let mut rest: Vec<_> = cells.iter().skip(places.len()).map(value).collect();
        while rest.last().is_some_and(|cell| cell.as_ref().is_ok_and(String::is_empty)) {
            rest.pop();
        }
        all.push(GridRow { number, named, first: places.len(), cells: rest });
    }
    if faults.total > 0 { Err(faults) } else { Ok(all) }
}
