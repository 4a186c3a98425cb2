//! From text to rows of cells (RFC 4180, and what spreadsheets make of it). Own code, since a row's number
//! must be the sheet's: the `csv` crate passes blank rows without counting them, and takes a stray quote
//! as it comes.

use super::Reason;
use std::borrow::Cow;

/// Cells of a row that are kept; what stands behind them is a fault, unless it is blank.
const CELLS_MAX: usize = 64;

/// What stands between two separators.
#[derive(Clone, Debug)]
pub(super) struct Cell<'a> {
    text: Cow<'a, str>,
    malformed: Option<Reason>,
}

impl Cell<'_> {
    /// Its value: without spaces around it, and without the formula (`="001"`) by which spreadsheets are
    /// told to leave a text as it is.
    pub fn value(&self) -> &str {
        let text = self.text.trim();
        let inner = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
        inner.filter(|inner| !inner.contains('"')).map_or(text, str::trim)
    }

    pub fn is_blank(&self) -> bool {
        self.malformed.is_none() && self.value().is_empty()
    }

    /// Whether it is blank, whatever separates cells: a row of nothing but semicolons in a file with commas.
    pub fn is_filler(&self) -> bool {
        let filler = |c: char| c.is_whitespace() || matches!(c, ',' | ';');
        self.malformed.is_none() && self.value().chars().all(filler)
    }

    /// What is wrong with it, whatever its column is.
    pub fn fault(&self) -> Option<Reason> {
        let broken = || self.text.contains('\u{FFFD}').then_some(Reason::BrokenBytes);
        let formula = || self.value().starts_with('=').then_some(Reason::Formula);
        self.malformed.or_else(broken).or_else(formula)
    }
}

/// What is behind a cell.
#[derive(PartialEq)]
enum End {
    Cell,
    Row,
}

/// What is known of a row besides its cells.
pub(super) struct Line<'a> {
    /// As the sheet counts, from 1.
    pub number: u64,
    /// The first cell that is not blank beyond those that are kept.
    pub extra: Option<(usize, Cell<'a>)>,
}

/// The rows of a text, one after the other.
#[derive(Clone)]
pub(super) struct Rows<'a> {
    text: &'a str,
    at: usize,
    separator: u8,
    number: u64,
    /// Cells of a row that are kept.
    cells_max: usize,
}

impl<'a> Rows<'a> {
    pub const fn new(text: &'a str, separator: u8) -> Self {
        Self { text, at: 0, separator, number: 0, cells_max: CELLS_MAX }
    }

    /// The same for rows that are wider.
    pub const fn wide(self, cells_max: usize) -> Self {
        Self { cells_max, ..self }
    }

    /// The next row; a blank one has one blank cell.
    pub fn next(&mut self, cells: &mut Vec<Cell<'a>>) -> Option<Line<'a>> {
        cells.clear();
        if self.at >= self.text.len() {
            return None;
        }
        self.number += 1;
        let mut extra = None;
        for index in 0.. {
            let (cell, end) = self.cell();
            if index < self.cells_max {
                cells.push(cell);
            } else if extra.is_none() && !cell.is_blank() {
                extra = Some((index, cell));
            }
            if end == End::Row {
                break;
            }
        }
        Some(Line { number: self.number, extra })
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn ends_cell(&self, byte: u8) -> bool {
        byte == self.separator || matches!(byte, b'\r' | b'\n')
    }

    /// Where the cell ends that goes on at `from`.
    fn end_of_cell(&self, from: usize) -> usize {
        let rest = &self.text.as_bytes()[from..];
        rest.iter().position(|&byte| self.ends_cell(byte)).map_or(self.text.len(), |at| from + at)
    }

    /// The first place from `from` on that is no blank.
    fn behind_blanks(&self, from: usize) -> usize {
        let blank = |byte: u8| matches!(byte, b' ' | b'\t') && byte != self.separator;
        let mut at = from;
        while self.byte(at).is_some_and(blank) {
            at += 1;
        }
        at
    }

    /// Passes what ends a cell: a separator, a line end of any kind, or the end of the text.
    fn pass_end(&mut self, end: usize) -> End {
        match (self.byte(end), self.byte(end + 1)) {
            (Some(b'\r'), Some(b'\n')) => self.at = end + 2,
            (Some(_), _) => self.at = end + 1,
            (None, _) => self.at = end,
        }
        if self.byte(end) == Some(self.separator) { End::Cell } else { End::Row }
    }

    fn cell(&mut self) -> (Cell<'a>, End) {
        let open = self.behind_blanks(self.at);
        if self.byte(open) == Some(b'"') {
            return self.quoted(open + 1);
        }
        let end = self.end_of_cell(self.at);
        let raw = self.text.get(self.at..end).unwrap_or_default();
        let mut cell = Cell { text: Cow::Borrowed(raw), malformed: None };
        cell.malformed = cell.value().contains('"').then_some(Reason::QuoteInside);
        (cell, self.pass_end(end))
    }

    /// A cell that begins behind a quote.
    fn quoted(&mut self, from: usize) -> (Cell<'a>, End) {
        let mut at = from;
        let close = loop {
            let Some(quote) = self.text[at..].find('"') else { break None };
            if self.byte(at + quote + 1) != Some(b'"') {
                break Some(at + quote);
            }
            at += quote + 2;
        };
        let Some(close) = close else {
            let cell = self.unquoted(from, self.text.len(), Some(Reason::OpenQuote));
            return (cell, self.pass_end(self.text.len()));
        };
        let end = self.behind_blanks(close + 1);
        if self.byte(end).is_none_or(|byte| self.ends_cell(byte)) {
            return (self.unquoted(from, close, None), self.pass_end(end));
        }
        let end = self.end_of_cell(end);
        (self.unquoted(from, end, Some(Reason::AfterQuote)), self.pass_end(end))
    }

    fn unquoted(&self, from: usize, to: usize, malformed: Option<Reason>) -> Cell<'a> {
        let raw = self.text.get(from..to).unwrap_or_default();
        let doubled = raw.contains("\"\"");
        let text = if doubled { raw.replace("\"\"", "\"").into() } else { raw.into() };
        Cell { text, malformed }
    }
}
