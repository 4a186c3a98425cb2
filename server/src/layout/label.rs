//! What a seat is called.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a seat is called, as people say it: in Korean "A구역 3열 12번", in English "Section A, row 3, seat 12".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, ToSchema)]
pub struct Label {
    /// Of which section.
    #[schema(example = "A")]
    pub section: String,
    /// Of which row.
    #[schema(example = "3")]
    pub row: String,
    /// Which seat of the row.
    #[schema(example = "12")]
    pub seat: String,
}

impl Label {
    /// As it is said in English.
    #[must_use]
    pub fn en(&self) -> String {
        format!("Section {}, row {}, seat {}", self.section, self.row, self.seat)
    }

    /// As it is said in Korean. What is named with its own word ("1층 A구역") keeps it alone.
    #[must_use]
    pub fn ko(&self) -> String {
        let with = |name: &str, word: &str| {
            if name.ends_with(word) { name.to_owned() } else { format!("{name}{word}") }
        };
        let (section, row) = (with(&self.section, "구역"), with(&self.row, "열"));
        format!("{section} {row} {}", with(&self.seat, "번"))
    }
}

/// Labels of several seats as three cells of a sheet: sections, rows, seats, with "; " between them. A section and a
/// row that all of them have stand once.
#[must_use]
pub fn cells(labels: &[Label]) -> [String; 3] {
    let joined = |of: fn(&Label) -> &str, once: bool| {
        let all: Vec<&str> = labels.iter().map(of).collect();
        match all.first() {
            Some(first) if once && all.iter().all(|one| one == first) => (*first).to_owned(),
            _ => all.join("; "),
        }
    };
    let (section, row) = (joined(|l| &l.section, true), joined(|l| &l.row, true));
    [section, row, joined(|l| &l.seat, false)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_cells_of_a_sheet() {
        let label = |(section, row, seat): (&str, &str, &str)| Label {
            section: section.into(),
            row: row.into(),
            seat: seat.into(),
        };
        let said = |all: &[_]| cells(&all.iter().copied().map(label).collect::<Vec<_>>());
        assert_eq!(said(&[]), ["", "", ""]);
        assert_eq!(said(&[("A", "3", "1"), ("A", "3", "2")]), ["A", "3", "1; 2"]);
        assert_eq!(said(&[("A", "3", "1"), ("B", "3", "1")]), ["A; B", "3", "1; 1"]);
    }

    #[test]
    fn a_seat_is_said_as_people_say_it() {
        let label = |section: &str, row: &str, seat: &str| Label {
            section: section.into(),
            row: row.into(),
            seat: seat.into(),
        };
        assert_eq!(label("A", "3", "12").en(), "Section A, row 3, seat 12");
        assert_eq!(label("A", "3", "12").ko(), "A구역 3열 12번");
        assert_eq!(label("1층 B구역", "가열", "12").ko(), "1층 B구역 가열 12번");
    }
}
