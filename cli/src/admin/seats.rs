//! Seats as operators type them: by number, as ranges of numbers, or by what they are called.

use super::answer::Answer;
use super::server::Asking;
use super::show::told;
use boxoffice_server::Failure;
use boxoffice_server::layout::{Hall, Label, read_kept};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Seats that one command may name; a server takes no more.
const SEATS_MAX: usize = 1_000;

/// How seats are typed, for helps.
pub const TYPED: &str = "it takes numbers such as 101-124,130, or what a seat is called as SECTION/ROW/SEAT, such as \
    1F-B/3/12 or 1F-B/3/12-15";

/// The same in Korean.
const TYPED_KO: &str =
    "101-124,130 같은 번호나 구역/열/좌석으로 입력합니다(예: 1F-B/3/12, 1F-B/3/12-15).";

/// What was typed between two commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// The first and the last number.
    Numbers(u32, u32),
    /// What it is called.
    Label(Label),
}

fn numbers(text: &str) -> Option<(u32, u32)> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let (from, to) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
    (from <= to).then_some((from, to))
}

/// Whether a range has more seats than one command may name.
fn is_many(from: u32, to: u32) -> bool {
    usize::try_from(to - from).is_ok_and(|more| more >= SEATS_MAX)
}

fn too_many() -> String {
    told(
        format!("these are more than {SEATS_MAX} seats"),
        format!("좌석이 {SEATS_MAX}석보다 많습니다."),
    )
}

/// Reads a seat or a range of seats, or says how they are typed.
pub fn typed(text: &str) -> Result<Typed, String> {
    if let Some((from, to)) = numbers(text) {
        if is_many(from, to) {
            return Err(too_many());
        }
        return Ok(Typed::Numbers(from, to));
    }
    let parts: Vec<&str> = text.rsplitn(3, '/').map(str::trim).collect();
    match parts[..] {
        [seat, row, section] if parts.iter().all(|part| !part.is_empty()) => {
            let (section, row, seat) = (section.to_owned(), row.to_owned(), seat.to_owned());
            Ok(Typed::Label(Label { section, row, seat }))
        }
        _ => Err(told(TYPED, TYPED_KO)),
    }
}

/// The seats of a label; where none is called so, its seat may be a range: 12-15.
fn called(label: &Label, number: impl Fn(&Label) -> Option<u32>) -> Option<Vec<u32>> {
    if let Some(found) = number(label) {
        return Some(vec![found]);
    }
    let (from, to) = numbers(&label.seat).filter(|(from, to)| !is_many(*from, *to))?;
    let one = |seat: u32| number(&Label { seat: seat.to_string(), ..label.clone() });
    (from..=to).map(one).collect()
}

/// The numbers of what was typed, where labels are known.
fn resolved(
    typed: &[Typed],
    number: impl Fn(&Label) -> Option<u32>,
) -> Result<BTreeSet<u32>, Failure> {
    let mut all = BTreeSet::new();
    for one in typed {
        match one {
            Typed::Numbers(from, to) => all.extend(*from..=*to),
            Typed::Label(label) => all.extend(called(label, &number).ok_or_else(|| {
                let Label { section, row, seat } = label;
                told(
                    format!("there is no seat {section}/{row}/{seat}"),
                    format!("없는 좌석입니다: {section}/{row}/{seat}"),
                )
            })?),
        }
        if all.len() > SEATS_MAX {
            return Err(too_many().into());
        }
    }
    Ok(all)
}

fn has_labels(typed: &[Typed]) -> bool {
    typed.iter().any(|one| matches!(one, Typed::Label(_)))
}

/// The numbers of seats of a date: what they are called is asked of its layout.
pub fn of_date(
    typed: &[Typed],
    date: Uuid,
    ask: &mut Asking<'_>,
) -> Result<BTreeSet<u32>, Failure> {
    if !has_labels(typed) {
        return resolved(typed, |_| None);
    }
    let tickets = ask(&format!("/api/v1/admin/concert-dates/{date}/tickets?limit=1"))?;
    let layout = tickets.get("layout").and_then(Answer::text);
    let layout = layout.ok_or_else(|| {
        told(
            "the date has no layout: its seats have numbers only",
            "좌석 배치도가 없는 회차입니다. 좌석은 번호로만 입력할 수 있습니다.",
        )
    })?;
    let body = serde_json::to_string(&ask(&format!("/api/v1/layouts/{layout}"))?)?;
    let hall: Hall = read_kept(&body)?.hall;
    resolved(typed, |label| hall.number(label))
}

/// The numbers of seats of a payment, which its answer names.
pub fn of_payment(
    typed: &[Typed],
    payment: Uuid,
    ask: &mut Asking<'_>,
) -> Result<BTreeSet<u32>, Failure> {
    if !has_labels(typed) {
        return resolved(typed, |_| None);
    }
    let shown = ask(&format!("/api/v1/admin/payments/{payment}"))?;
    let mut known: Vec<(Label, u32)> = Vec::new();
    for seat in shown.get("seats").map(Answer::items).unwrap_or_default() {
        let number = seat.get("seat_number").and_then(Answer::number);
        let number = number.and_then(|number| u32::try_from(number).ok());
        let label = seat.get("label").map(serde_json::to_value).transpose()?;
        let label = label.and_then(|label| serde_json::from_value::<Label>(label).ok());
        known.extend(label.zip(number));
    }
    let found = |label: &Label| known.iter().find(|(other, _)| other == label).map(|of| of.1);
    let why = |why: Failure| {
        told(format!("of this payment {why}"), format!("이 결제에 대해: {why}")).into()
    };
    resolved(typed, found).map_err(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(section: &str, row: &str, seat: &str) -> Typed {
        Typed::Label(Label { section: section.into(), row: row.into(), seat: seat.into() })
    }

    #[test]
    fn seats_are_read_or_it_is_told_how() {
        assert_eq!(typed("12"), Ok(Typed::Numbers(12, 12)));
        assert_eq!(typed("101-124"), Ok(Typed::Numbers(101, 124)));
        assert_eq!(typed("1F-B/3/12"), Ok(label("1F-B", "3", "12")));
        assert_eq!(typed("North / East/가열/12A"), Ok(label("North / East", "가열", "12A")));
        for bad in ["", "5-3", "A", "A/3", "A//3", "/3/4", "1-9999999"] {
            assert!(typed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn labels_have_numbers() {
        let number = |label: &Label| {
            let seat: u32 = label.seat.parse().ok()?;
            (label.section == "A" && label.row == "3" && seat <= 9).then_some(300 + seat)
        };
        let of = |text: &str| {
            let all: Vec<Typed> = text.split(',').map(|one| typed(one).unwrap()).collect();
            resolved(&all, number).map(Vec::from_iter).map_err(|why| why.to_string())
        };
        assert_eq!(of("1-3,2,A/3/9,A/3/1-2"), Ok(vec![1, 2, 3, 301, 302, 309]));
        assert_eq!(of("A/4/1"), Err("there is no seat A/4/1".into()));
        assert_eq!(of("A/3/8-10"), Err("there is no seat A/3/8-10".into()));
        assert_eq!(of("1-1000,1001"), Err("these are more than 1000 seats".into()));
    }
}
