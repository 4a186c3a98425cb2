//! What is wrong with a layout: every place, as a JSON pointer (RFC 6901) or a line, and why.

use crate::sheet::{self, FAULTS_LISTED_MAX};
use crate::text;
use std::fmt::{Display, Formatter};

/// Why something of a layout is not taken.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// It is no JSON, or not of this form; the reader's words.
    Form(String),
    /// A version of the form that is not known.
    Version,
    /// Least and most.
    Range(f64, f64),
    /// How many there may be.
    Count(usize, usize),
    /// A text that is not taken.
    Text(text::Fault),
    /// Most characters.
    Length(usize),
    /// It stands elsewhere, too: where.
    Doubled(String),
    /// It lies outside of the drawing.
    Outside,
    /// A row says in one way where its seats stand.
    Position,
    /// As many as the row has seats.
    PerSeat(u32),
    /// Below the first of its range, or beyond the row.
    Backwards,
    /// Nothing from seat to seat, so that all seats of a row would stand on one spot.
    OneSpot,
    /// Nothing from number to number, so that all seats of a row would be called the same.
    OneNumber,
    /// More seats than a date may have: how many that is.
    Seats(usize),
    /// A sheet that cannot be read so.
    Sheet(sheet::Reason),
}

impl Reason {
    /// A stable word for it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form(_) => "form",
            Self::Version => "version",
            Self::Range(..) => "out_of_range",
            Self::Count(..) => "count",
            Self::Text(fault) => fault.code(),
            Self::Length(_) => "length",
            Self::Doubled(_) => "doubled",
            Self::Outside => "outside",
            Self::Position => "position",
            Self::PerSeat(_) => "count_per_seat",
            Self::Backwards => "not_in_row",
            Self::OneSpot => "one_spot",
            Self::OneNumber => "one_number",
            Self::Seats(_) => "too_many_seats",
            Self::Sheet(reason) => reason.code(),
        }
    }

    /// English words.
    #[must_use]
    pub fn en(&self) -> String {
        match self {
            Self::Form(words) => words.clone(),
            Self::Version => "must be 1, the only version".into(),
            Self::Range(min, max) => format!("must be {min} to {max}"),
            Self::Count(min, max) => format!("there must be {min} to {max} of them"),
            Self::Text(fault) => fault.en(),
            Self::Length(max) => format!("must have 1 to {max} characters"),
            Self::Doubled(other) => format!("is already at {other}"),
            Self::Outside => "lies outside of the hall's width and height".into(),
            Self::Position => {
                "needs at with step, or at with arc, or positions, and only one of them".into()
            }
            Self::PerSeat(count) => format!("there must be one for each of the {count} seats"),
            Self::Backwards => "is no range within the row, whose seats count from 1".into(),
            Self::OneSpot => "would put all seats of the row on one spot".into(),
            Self::OneNumber => {
                "must not be 0: all seats of the row would have the same number".into()
            }
            Self::Seats(max) => format!("a hall has {max} seats at most"),
            Self::Sheet(reason) => reason.en(),
        }
    }

    /// Korean words.
    #[must_use]
    pub fn ko(&self) -> String {
        match self {
            Self::Form(words) => words.clone(),
            Self::Version => "지원하는 버전은 1뿐입니다".into(),
            Self::Range(min, max) => format!("{min}~{max}이어야 합니다"),
            Self::Count(min, max) => format!("{min}~{max}개여야 합니다"),
            Self::Text(fault) => fault.ko(),
            Self::Length(max) => format!("1~{max}자여야 합니다"),
            Self::Doubled(other) => format!("{other}에 이미 있습니다"),
            Self::Outside => "공연장의 width와 height를 벗어났습니다".into(),
            Self::Position => {
                "at과 step, at과 arc, positions 중 한 가지로 위치를 적어 주세요".into()
            }
            Self::PerSeat(count) => format!("좌석 수와 같은 {count}개여야 합니다"),
            Self::Backwards => "열 안의 범위가 아닙니다. 좌석은 1부터 셉니다".into(),
            Self::OneSpot => "열의 모든 좌석이 한자리에 겹칩니다".into(),
            Self::OneNumber => "0이면 열의 모든 좌석 번호가 같아집니다".into(),
            Self::Seats(max) => format!("좌석은 {max}석까지입니다"),
            Self::Sheet(reason) => reason.ko(),
        }
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Where: a JSON pointer; empty for the whole.
    pub pointer: String,
    /// Or the line of a file, from 1.
    pub line: Option<u64>,
    /// What stands there, cut short.
    pub value: Option<String>,
    /// Why it is not taken.
    pub reason: Reason,
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let line = self.line.map(|line| format!("row {line}, column {}", self.pointer));
        let place = line.unwrap_or_else(|| self.pointer.clone());
        if place.is_empty() && self.value.is_none() {
            return f.write_str(&self.reason.en());
        }
        let value = self.value.as_ref().map(|value| format!(" {value}")).unwrap_or_default();
        write!(f, "{place}{value}: {}", self.reason.en())
    }
}

/// All that is wrong; the first [`FAULTS_LISTED_MAX`] are listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// The first of them.
    pub listed: Vec<Fault>,
    /// How many there are.
    pub total: usize,
}

impl Faults {
    /// One more.
    pub fn add(&mut self, pointer: impl Into<String>, value: Option<&str>, reason: Reason) {
        self.put(Fault {
            pointer: pointer.into(),
            line: None,
            value: value.map(|value| text::printable(value, 60)),
            reason,
        });
    }

    /// One more, whole.
    pub fn put(&mut self, fault: Fault) {
        self.total += 1;
        if self.listed.len() < FAULTS_LISTED_MAX {
            self.listed.push(fault);
        }
    }

    /// One alone.
    #[must_use]
    pub fn one(pointer: impl Into<String>, reason: Reason) -> Self {
        let mut faults = Self::default();
        faults.add(pointer, None, reason);
        faults
    }
}

impl Display for Faults {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        for (index, fault) in self.listed.iter().enumerate() {
            write!(f, "{}{fault}", if index > 0 { "\n" } else { "" })?;
        }
        let more = self.total.saturating_sub(self.listed.len());
        if more > 0 { write!(f, "\n… and {more} more") } else { Ok(()) }
    }
}
