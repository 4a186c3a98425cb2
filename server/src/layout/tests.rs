//! What a layout may be, what its one form is, and what is read from it.

use super::generate::{Numbering, Plan};
use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;

fn read(value: &Value) -> Result<Checked, Faults> {
    check(serde_json::from_value(value.clone()).unwrap())
}

fn hall() -> Value {
    json!({
        "layout": 1, "name": "Hangang Hall", "width": 3000, "height": 2000, "seat": 50,
        "areas": [{ "kind": "stage", "text": "STAGE", "x": 1000, "y": 0, "width": 1000, "height": 300 }],
        "sections": [
            { "name": "A", "rows": [
                { "label": "1", "first": 101, "count": 6, "grade": "R", "at": [100, 500], "step": [55, 0],
                  "gaps": [[3, 2]], "flags": { "accessible": [[1, 2]], "aisle": [[3, 4]] } },
                { "label": "2", "first": 1, "count": 3, "grade": "S", "numbers": { "start": 5, "step": -2 },
                  "at": [100, 600], "step": [55, 0] },
                { "label": "2", "first": 4, "count": 2, "grade": "S", "labels": ["B", "7A"],
                  "positions": [[265, 600], [320, 600]] },
            ] },
            { "name": "B", "grade": "S", "focus": [1500, 400], "rows": [
                { "label": "가", "first": 11, "count": 3, "at": [2000, 1000],
                  "arc": { "center": [1500, 1000], "degrees": 90 } },
            ] },
        ],
    })
}

/// With something else at a place.
fn with(pointer: &str, value: Value) -> Value {
    let mut all = hall();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match all.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        other => other[name] = value,
    }
    all
}

#[test]
fn seats_stand_where_the_layout_says() {
    let hall = read(&hall()).unwrap().hall;
    let at = |number: u32| {
        let seat = hall.seat(number).unwrap();
        (seat.x.round() as i64, seat.y.round() as i64)
    };
    assert_eq!([101, 103, 104, 106].map(at), [(100, 500), (210, 500), (375, 500), (485, 500)]);
    assert_eq!([1, 3, 4, 5].map(at), [(100, 600), (210, 600), (265, 600), (320, 600)]);
    assert_eq!([11, 12, 13].map(at), [(2000, 1000), (1500, 1500), (1000, 1000)], "clockwise");
    let numbers: Vec<u32> = hall.seats().iter().map(|seat| seat.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 11, 12, 13, 101, 102, 103, 104, 105, 106]);
    assert!(hall.seat(6).is_none() && hall.label(6).is_none());
    let called = |number: u32| hall.label(number).unwrap().en();
    assert_eq!(called(101), "Section A, row 1, seat 1");
    assert_eq!(called(3), "Section A, row 2, seat 1");
    assert_eq!(called(5), "Section A, row 2, seat 7A");
    assert_eq!(hall.label(13).unwrap().ko(), "B구역 가열 3번");
    let seat = |number: u32| hall.seat(number).unwrap();
    assert!(seat(102).has(Flag::Accessible) && !seat(103).has(Flag::Accessible));
    assert!(seat(103).has(Flag::Aisle) && !seat(103).has(Flag::Companion));
    let grades: Vec<_> = hall.grades().into_iter().collect();
    assert_eq!(grades, [(Some("R"), 6), (Some("S"), 8)]);
    assert_eq!(
        (hall.focus(None), hall.focus(hall.section("B"))),
        ((1500.0, 150.0), (1500.0, 400.0))
    );
}

/// Side by side: not over an aisle, and over two pieces of a row where they touch.
#[test]
fn neighbours_are_known() {
    let hall = read(&hall()).unwrap().hall;
    let number = |index: &u32| hall.seats()[*index as usize].number;
    let runs: Vec<Vec<u32>> =
        hall.runs().iter().map(|run| run.iter().map(number).collect()).collect();
    let want: Vec<Vec<u32>> =
        vec![vec![101, 102, 103], vec![104, 105, 106], vec![1, 2, 3, 4, 5], vec![11, 12, 13]];
    assert_eq!(runs, want);
}

/// Equal layouts have one text, however they are written; and what was written is read again.
#[test]
fn equal_layouts_have_one_id() {
    let one = read(&hall()).unwrap();
    let again = read_kept(&one.body).unwrap();
    assert_eq!((again.id, &again.body), (one.id, &one.body));
    for (pointer, value) in [
        ("/width", json!(3000.0001)),
        ("/name", json!("  Hangang   Hall ")),
        ("/areas/0/rotation", json!(0.0)),
        ("/sections/0/outline", json!([])),
        ("/sections/0/rows/0/labels", json!(["1", "2", "3", "4", "5", "6"])),
        ("/sections/0/rows/0/numbers", json!({ "start": 1, "step": 1 })),
        ("/sections/0/rows/0/gaps", json!([[3, 0.5], [4, 0], [3, 1.5]])),
        (
            "/sections/0/rows/0/flags",
            json!({ "aisle": [[4, 4], [3, 3]], "accessible": [[2, 2], [1, 2]] }),
        ),
        ("/sections/1/rows/0/grade", json!("S")),
    ] {
        let other = read(&with(pointer, value)).unwrap();
        assert_eq!(other.body, one.body, "{pointer}");
    }
    assert_ne!(read(&with("/width", json!(3001))).unwrap().id, one.id);
}

/// Every fault is told with its place.
#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (pointer, value, at, reason) in [
        ("/layout", json!(2), "/layout", "version"),
        ("/name", json!(" "), "/name", "blank"),
        ("/name", json!("x".repeat(201)), "/name", "length"),
        ("/width", json!(0), "/width", "out_of_range"),
        ("/width", json!(1e300), "/width", "out_of_range"),
        ("/seat", json!(-1), "/seat", "out_of_range"),
        ("/sections", json!([]), "/sections", "count"),
        ("/areas/0/x", json!(2500), "/areas/0", "outside"),
        ("/areas/0/text", json!("x\u{202e}"), "/areas/0/text", "direction_character"),
        ("/sections/1/name", json!("A"), "/sections/1/name", "doubled"),
        ("/sections/1/focus", json!([-1, 0]), "/sections/1/focus", "outside"),
        ("/sections/0/outline", json!([[0, 0], [1, 1]]), "/sections/0/outline", "count"),
        ("/sections/0/rows", json!([]), "/sections/0/rows", "count"),
        ("/sections/0/rows/0/count", json!(0), "/sections/0/rows/0/count", "count"),
        ("/sections/0/rows/0/count", json!(100_001), "/sections", "count"),
        ("/sections/0/rows/0/first", json!(0), "/sections/0/rows/0/first", "out_of_range"),
        ("/sections/0/rows/0/first", json!(u32::MAX), "/sections/0/rows/0/first", "out_of_range"),
        ("/sections/0/rows/0/first", json!(3), "/sections/0/rows/0/first", "doubled"),
        ("/sections/0/rows/0/at", json!([2900, 500]), "/sections/0/rows/0", "outside"),
        ("/sections/0/rows/0/step", Value::Null, "/sections/0/rows/0", "position"),
        ("/sections/0/rows/0/gaps", json!([[6, 1]]), "/sections/0/rows/0/gaps/0", "not_in_row"),
        ("/sections/0/rows/0/gaps", json!([[1, -1]]), "/sections/0/rows/0/gaps/0", "out_of_range"),
        ("/sections/0/rows/0/labels", json!(["1"]), "/sections/0/rows/0/labels", "count_per_seat"),
        ("/sections/0/rows/2/labels", json!(["B", "B"]), "/sections/0/rows/2", "doubled"),
        ("/sections/0/rows/2/labels", json!(["B", "5"]), "/sections/0/rows/2", "doubled"),
        (
            "/sections/0/rows/2/positions",
            json!([[1, 1]]),
            "/sections/0/rows/2/positions",
            "count_per_seat",
        ),
        (
            "/sections/0/rows/1/numbers",
            json!({ "start": 3, "step": -2 }),
            "/sections/0/rows/1/numbers",
            "out_of_range",
        ),
        (
            "/sections/0/rows/1/numbers",
            json!({ "start": 3, "step": 0 }),
            "/sections/0/rows/1/numbers",
            "out_of_range",
        ),
        (
            "/sections/0/rows/0/flags",
            json!({ "aisle": [[2, 7]] }),
            "/sections/0/rows/0/flags/aisle/0",
            "not_in_row",
        ),
        (
            "/sections/1/rows/0/arc",
            json!({ "center": [0, 0], "degrees": 91 }),
            "/sections/1/rows/0/arc/degrees",
            "out_of_range",
        ),
    ] {
        let faults = read(&with(pointer, value.clone())).unwrap_err();
        let found: Vec<_> = faults
            .listed
            .iter()
            .map(|fault| (fault.pointer.as_str(), fault.reason.code()))
            .collect();
        assert_eq!(found, [(at, reason)], "{pointer}: {value}");
        let fault = &faults.listed[0];
        assert!(!fault.reason.ko().is_ascii() && fault.reason.en().is_ascii(), "{fault}");
    }
}

/// A short text can name very many seats: it is refused before any of them is written out.
#[test]
fn too_many_seats_are_not_written_out() {
    let row = |n: u32| json!({ "label": "1", "first": 1 + n * 4_000_000, "count": 4_000_000, "at": [1, 1], "step": [0, 0] });
    let rows: Vec<Value> = (0..1_000).map(row).collect();
    let faults = read(&with("/sections/0/rows", json!(rows))).unwrap_err();
    assert_eq!((faults.total, faults.listed[0].pointer.as_str()), (1, "/sections"));
}

fn gzip(text: &str) -> usize {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap().len()
}

/// A stadium of 50,000 seats is small on its way to a phone.
#[test]
fn a_stadium_takes_30_kilobytes() {
    let checked = check(halls::stadium()).unwrap();
    assert_eq!(checked.hall.seats().len(), 50_000);
    let size = gzip(&checked.body);
    assert!(size <= 30_000, "{size} bytes of {}", checked.body.len());
    let plan = Plan {
        name: "Big".into(),
        sections: 20,
        rows: 50,
        seats: 50,
        numbering: Numbering::OddEven,
        curved: true,
        grades: vec![("R".into(), 10), ("S".into(), 1)],
    };
    let checked = check(plan.layout()).unwrap();
    assert_eq!(checked.hall.seats().len(), 50_000);
    let size = gzip(&checked.body);
    assert!(size <= 30_000, "{size} bytes of {}", checked.body.len());
}

/// No two seats are drawn over each other, and neighbours are as far apart as seats are.
fn spaced(hall: &Hall, least: f64) {
    let seats = hall.seats();
    let mut places: Vec<(i64, i64)> =
        seats.iter().map(|seat| (seat.x.round() as i64, seat.y.round() as i64)).collect();
    places.sort_unstable();
    for (index, a) in places.iter().enumerate() {
        for b in places[index + 1..].iter().take_while(|b| ((b.0 - a.0) as f64) < least) {
            let apart = ((a.0 - b.0) as f64).hypot((a.1 - b.1) as f64);
            assert!(apart >= least - 2.0, "{a:?} and {b:?} are {apart} cm apart");
        }
    }
}

#[test]
fn halls_look_like_halls() {
    let small = check(halls::small()).unwrap();
    assert_eq!((small.hall.seats().len(), small.hall.runs().len()), (50, 5));
    let theatre = check(halls::theatre()).unwrap();
    let seats = theatre.hall.seats().len();
    assert!((2_200..2_400).contains(&seats), "{seats} seats");
    let sections: Vec<&str> = theatre.hall.sections().collect();
    assert_eq!(sections, ["1층 A", "1층 B", "1층 C", "2층 A", "2층 B", "2층 C"]);
    let seats = theatre.hall.seats();
    assert!(seats.iter().any(|seat| seat.has(Flag::Accessible)));
    assert!(seats.iter().any(|seat| seat.has(Flag::RestrictedView)));
    assert_eq!(theatre.hall.runs().len(), 99, "each row of each section is whole");
    let stadium = check(halls::stadium()).unwrap();
    assert_eq!(stadium.hall.runs().len(), 2_000);
    spaced(&small.hall, 45.0);
    spaced(&theatre.hall, 45.0);
    spaced(&stadium.hall, 42.0);
    for checked in [&small, &theatre, &stadium] {
        assert!(checked.hall.grades().keys().all(Option::is_some), "each seat has a grade");
    }
}

/// However seats are numbered, all of a row have labels of their own, from left to right.
#[test]
fn rows_are_numbered_as_asked() {
    for (numbering, curved, want) in [
        (Numbering::LeftToRight, false, ["1", "2", "3", "4", "5"]),
        (Numbering::RightToLeft, true, ["5", "4", "3", "2", "1"]),
        (Numbering::OddEven, false, ["5", "3", "1", "2", "4"]),
        (Numbering::OddEven, true, ["5", "3", "1", "2", "4"]),
    ] {
        let grades = vec![("R".to_owned(), 1), ("S".to_owned(), 1)];
        let name = "Room".to_owned();
        let plan = Plan { name, sections: 3, rows: 4, seats: 5, numbering, curved, grades };
        let hall = check(plan.layout()).unwrap().hall;
        assert_eq!(hall.seats().len(), 60);
        assert_eq!(hall.runs().len(), 12, "{numbering:?} {curved}");
        let mut first: Vec<Seat> = hall.seats()[..5].to_vec();
        first.sort_by(|a, b| a.x.total_cmp(&b.x));
        let labels: Vec<String> =
            first.iter().map(|seat| hall.label(seat.number).unwrap().seat).collect();
        assert_eq!(labels, want);
        let grades: Vec<_> = hall.grades().into_iter().collect();
        assert_eq!(grades, [(Some("R"), 15), (Some("S"), 45)]);
        let names: BTreeSet<&str> = hall.sections().collect();
        assert_eq!(names, BTreeSet::from(["A", "B", "C"]));
        spaced(&hall, 45.0);
    }
}
