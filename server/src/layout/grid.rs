//! A layout drawn in a spreadsheet: each line is a row of the hall, each cell a seat with what it is called, and an
//! empty cell an aisle.

use super::document::{Flags, Layout, Row, Section};
use super::fault::{Fault, Faults, Reason};
use super::generate::{ROW_PITCH, SEAT_PITCH, stage};
use super::{Cm, LABEL_CHARS_MAX, SECTION_CHARS_MAX};
use crate::sheet::{self, Column, GridRow, Refused};
use crate::text;
use boxoffice_core::limits::NAME_CHARS_MAX;
use std::collections::HashMap;

/// Lines and columns of a sheet.
const SHEET_MAX: (usize, usize) = (5_000, 1_000);
/// From the upper edge to the first row: the stage is drawn there.
const TOP: f64 = 900.0;
/// Around the seats, in cm.
const MARGIN: f64 = 180.0;

const COLUMNS: &[Column] = &[
    Column { name: "section", also: &["구역"] },
    Column { name: "row", also: &["열"] },
    Column { name: "grade", also: &["등급"] },
];

/// A seat of the sheet.
struct Cell {
    at: usize,
    label: String,
    accessible: bool,
    companion: bool,
    restricted: bool,
}

/// Marks behind a seat's label: `+` room for a wheelchair, `&` for a companion, `!` a restricted view.
fn cell(at: usize, text: &str) -> Cell {
    let label = text.trim_end_matches(['+', '&', '!']);
    let has = |mark: char| text[label.len()..].contains(mark);
    Cell {
        at,
        label: label.trim().to_owned(),
        accessible: has('+'),
        companion: has('&'),
        restricted: has('!'),
    }
}

/// Reads a sheet: the columns `section`, `row` and `grade` (the last may be left out), and behind them the seats. The
/// stage is above the first line. A cell may name another section than its line: `B:7`.
///
/// # Errors
/// All that is wrong with it, row by row.
pub fn read(bytes: &[u8], charset: Option<&str>, name: &str) -> Result<Layout, Faults> {
    let rows = sheet::grid(bytes, charset, COLUMNS, SHEET_MAX).map_err(|refused| told(&refused))?;
    let mut faults = Faults::default();
    let mut known: HashMap<(String, String, String), u64> = HashMap::new();
    let mut sections: Vec<Section> = Vec::new();
    let (mut next, mut width, mut height) = (1, 0.0_f64, 0.0_f64);
    for (line, row) in (0_u32..).zip(&rows) {
        let y = TOP + f64::from(line) * ROW_PITCH;
        for (section, cells) in parts(row, &mut known, &mut faults) {
            let last = cells.last().map_or(0, |cell| cell.at);
            width = width.max(x_of(last));
            height = y;
            let piece = piece(row, &cells, y, &mut next);
            match sections.iter_mut().find(|known| known.name == section) {
                Some(known) => known.rows.push(piece),
                None => sections.push(Section {
                    name: section,
                    grade: None,
                    focus: None,
                    outline: Vec::new(),
                    rows: vec![piece],
                }),
            }
        }
    }
    if faults.total > 0 {
        return Err(faults);
    }
    let width = (width + MARGIN).max(1_000.0);
    Ok(Layout {
        layout: 1,
        name: name.to_owned(),
        width: Cm::of(width.ceil()),
        height: Cm::of((height + MARGIN).ceil()),
        seat: Cm::of(45.0),
        areas: vec![stage(width / 2.0, 200.0, (width / 2.0).min(2_000.0))],
        sections,
    })
}

fn x_of(at: usize) -> f64 {
    MARGIN + f64::from(u32::try_from(at).unwrap_or(u32::MAX)) * SEAT_PITCH
}

/// The sheet's own faults.
fn told(refused: &Refused) -> Faults {
    let mut faults = Faults::default();
    match refused {
        Refused::Charset(name) => {
            faults.add("", Some(name), Reason::Form("unknown charset".into()))
        }
        Refused::Faults(found) => {
            for fault in &found.listed {
                faults.put(Fault {
                    pointer: fault.column.clone().unwrap_or_default(),
                    line: fault.row,
                    value: fault.value.clone(),
                    reason: Reason::Sheet(fault.reason),
                });
            }
            faults.total = usize::try_from(found.total).unwrap_or(usize::MAX);
        }
    }
    faults
}

/// The seats of a line by their sections, in the order of the first seat of each.
fn parts(
    row: &GridRow,
    known: &mut HashMap<(String, String, String), u64>,
    faults: &mut Faults,
) -> Vec<(String, Vec<Cell>)> {
    let mut parts: Vec<(String, Vec<Cell>)> = Vec::new();
    let mut fault = |column: String, value: &str, reason| {
        let value = (!value.is_empty()).then(|| text::printable(value, 60));
        faults.put(Fault { pointer: column, line: Some(row.number), value, reason });
    };
    if row.cells.is_empty() {
        return parts;
    }
    let [section, label, grade] = [0, 1, 2].map(|at| row.named.get(at).map_or("", String::as_str));
    let named = |value: &str, max: usize| match text::title(value) {
        Ok(title) if title.chars().count() <= max => Ok(title),
        Ok(_) => Err(Reason::Length(max)),
        Err(why) => Err(Reason::Text(why)),
    };
    if let Err(reason) = named(label, LABEL_CHARS_MAX) {
        fault("row".into(), label, reason);
    }
    if !grade.is_empty()
        && let Err(reason) = named(grade, NAME_CHARS_MAX)
    {
        fault("grade".into(), grade, reason);
    }
    for (at, found) in row.cells.iter().enumerate() {
        let column = sheet::letters(at + row.first);
        let found = match found {
            Ok(found) if found.is_empty() => continue,
            Ok(found) => found,
            Err(reason) => {
                fault(column, "", Reason::Sheet(*reason));
                continue;
            }
        };
        let (own, seat) = found.split_once(':').unwrap_or((section, found));
        let seat = cell(at, seat);
        let (own, seat_label) =
            match (named(own, SECTION_CHARS_MAX), named(&seat.label, LABEL_CHARS_MAX)) {
                (Ok(own), Ok(seat)) => (own, seat),
                (Err(reason), _) | (_, Err(reason)) => {
                    fault(column, found, reason);
                    continue;
                }
            };
        let key = (own.clone(), label.to_owned(), seat_label.clone());
        if let Some(before) = known.insert(key, row.number) {
            fault(column, found, Reason::Doubled(format!("row {before}")));
            continue;
        }
        let seat = Cell { label: seat_label, ..seat };
        match parts.iter_mut().find(|(name, _)| *name == own) {
            Some((_, cells)) => cells.push(seat),
            None => parts.push((own, vec![seat])),
        }
    }
    parts
}

/// Seats of one line and section, as a row.
fn piece(row: &GridRow, cells: &[Cell], y: f64, next: &mut u32) -> Row {
    let count = u32::try_from(cells.len()).unwrap_or(u32::MAX);
    let first = *next;
    *next = next.saturating_add(count);
    let numbered = || (1_u32..).zip(cells);
    let flagged = |is: fn(&Cell) -> bool| {
        numbered().filter(|(_, cell)| is(cell)).map(|(at, _)| [at, at]).collect()
    };
    let gap = |((after, left), right): ((u32, &Cell), &Cell)| {
        let wide = right.at - left.at - 1;
        let wide = f64::from(u32::try_from(wide).unwrap_or(u32::MAX));
        (wide > 0.0).then(|| super::Gap(after, Cm::of(wide)))
    };
    let gaps: Vec<super::Gap> = numbered().zip(cells.iter().skip(1)).filter_map(gap).collect();
    let mut aisle: Vec<[u32; 2]> = vec![[1, 1], [count, count]];
    aisle.extend(gaps.iter().flat_map(|gap| [[gap.0, gap.0], [gap.0 + 1, gap.0 + 1]]));
    let grade = row.named.get(2).filter(|grade| !grade.is_empty()).cloned();
    let place = |x: f64, y: f64| Some([Cm::of(x), Cm::of(y)]);
    Row {
        label: row.named.get(1).cloned().unwrap_or_default(),
        first,
        count,
        grade,
        labels: cells.iter().map(|cell| cell.label.clone()).collect(),
        at: place(x_of(cells.first().map_or(0, |cell| cell.at)), y),
        step: place(SEAT_PITCH, 0.0),
        gaps,
        flags: Flags {
            accessible: flagged(|cell| cell.accessible),
            companion: flagged(|cell| cell.companion),
            restricted_view: flagged(|cell| cell.restricted),
            aisle,
        },
        ..Row::default()
    }
}
