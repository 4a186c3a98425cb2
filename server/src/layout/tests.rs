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

/// With something else at a place; null: with nothing there.
fn with(pointer: &str, value: Value) -> Value {
    let mut all = hall();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match all.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        other if value.is_null() => drop(other.as_object_mut().unwrap().remove(name)),
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
    let number_11 = 5;
    let far = |section| hall.distance(number_11, section).round();
    // From (1500, 150), where people look; section B has a point of its own, (1500, 400).
    assert_eq!((far(None), far(hall.section("A")), far(hall.section("B"))), (986.0, 986.0, 781.0));
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

/// With this value at a place, the first fault is at `at`, for this reason, in both languages.
fn refused(pointer: &str, value: &Value, (at, reason): (&str, &str)) {
    let faults = read(&with(pointer, value.clone())).unwrap_err();
    let fault = &faults.listed[0];
    assert_eq!((fault.pointer.as_str(), fault.reason.code()), (at, reason), "{pointer}: {value}");
    assert!(!fault.reason.ko().is_ascii() && fault.reason.en().is_ascii(), "{fault}");
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
        ("/sections/0/rows/0/count", json!(100_001), "/sections/0/rows/0/count", "too_many_seats"),
        ("/sections/0/rows/0/count", json!(100_000), "/sections", "too_many_seats"),
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
            "/sections/0/rows/1/numbers/step",
            "one_number",
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
        refused(pointer, &value, (at, reason));
    }
}

/// Seats of a row stand apart, however it says where.
#[test]
fn seats_do_not_stand_on_one_spot() {
    for (pointer, value, at, reason) in [
        ("/sections/0/rows/0/step", json!([0, 0]), "/sections/0/rows/0/step", "one_spot"),
        (
            "/sections/0/rows/2/positions",
            json!([[1, 1], [1.0001, 1]]),
            "/sections/0/rows/2/positions/1",
            "doubled",
        ),
        (
            "/sections/1/rows/0/arc",
            json!({ "center": [2000, 1000], "degrees": 9 }),
            "/sections/1/rows/0/arc/center",
            "one_spot",
        ),
        (
            "/sections/1/rows/0/arc",
            json!({ "center": [1500, 1000], "degrees": 0 }),
            "/sections/1/rows/0/arc/degrees",
            "one_spot",
        ),
    ] {
        refused(pointer, &value, (at, reason));
    }
}

/// A short text can name very many seats: it is refused before any of them is written out.
#[test]
fn too_many_seats_are_not_written_out() {
    let row = |n: u32| json!({ "label": "1", "first": 1 + n * 4_000_000, "count": 4_000_000, "at": [1, 1], "step": [0, 0] });
    let rows: Vec<Value> = (0..1_000).map(row).collect();
    let faults = read(&with("/sections/0/rows", json!(rows))).unwrap_err();
    let first = faults.listed[0].pointer.as_str();
    assert_eq!((faults.total, first), (1_000, "/sections/0/rows/0/count"));
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
    assert_eq!(sections, ["1F-A", "1F-B", "1F-C", "2F-A", "2F-B", "2F-C"]);
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
        // Whoever reads one of the two languages knows where to go.
        let (korean, english) = checked.layout.name.split_once(' ').unwrap();
        assert!(!korean.is_ascii() && english.is_ascii(), "{}", checked.layout.name);
        assert!(checked.hall.sections().all(str::is_ascii));
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

/// What a person can say of the seats of a hall: each by its label, with its grade, its place and its neighbours.
fn described(hall: &Hall) -> BTreeSet<(Label, Option<String>, i64, i64, u32)> {
    let one = |seat: &Seat| {
        let (x, y) = (seat.x.round() as i64, seat.y.round() as i64);
        let grade = hall.grade(seat).map(str::to_owned);
        (hall.label(seat.number).unwrap(), grade, x, y, seat.number)
    };
    hall.seats().iter().map(one).collect()
}

/// A plan that was written is read as the same seats, and a second time around nothing changes any more.
#[test]
fn plans_of_pretix_go_round() {
    for layout in [halls::small(), halls::theatre(), read(&hall()).unwrap().layout] {
        let ours = check(layout).unwrap();
        let plan = pretix::write(&ours.layout);
        let back = check(pretix::read(plan.to_string().as_bytes()).unwrap()).unwrap();
        let (mine, theirs) = (described(&ours.hall), described(&back.hall));
        assert_eq!(mine.len(), theirs.len());
        // The plan says where the first seat stands; what is left of it is a margin.
        let shift = |a: &BTreeSet<(Label, Option<String>, i64, i64, u32)>| {
            let first = a.first().unwrap();
            (first.2, first.3)
        };
        let ((ax, ay), (bx, by)) = (shift(&mine), shift(&theirs));
        for (a, b) in mine.iter().zip(&theirs) {
            assert_eq!((&a.0, &a.1, a.4), (&b.0, &b.1, b.4));
            let off = ((a.2 - ax) - (b.2 - bx)).abs().max(((a.3 - ay) - (b.3 - by)).abs());
            assert!(off <= 1, "{:?} is {off} cm away", a.0);
        }
        let runs = |hall: &Hall| -> BTreeSet<Vec<u32>> {
            let number = |index: &u32| hall.seats()[*index as usize].number;
            hall.runs().iter().map(|run| run.iter().map(number).collect()).collect()
        };
        assert_eq!(runs(&ours.hall), runs(&back.hall));
        let again = pretix::write(&back.layout);
        let again = check(pretix::read(again.to_string().as_bytes()).unwrap()).unwrap();
        assert_eq!(again.id, back.id);
    }
}

/// A plan as its editor writes it: places are relative to row and zone, 25 units from seat to seat.
#[test]
fn a_plan_of_pretix_is_read() {
    let seat = |n: u32, x: i32, category: &str| json!({ "seat_guid": format!("A-{n}"), "seat_number": n.to_string(), "position": { "x": x, "y": 0 }, "category": category });
    let plan = json!({
        "name": "Club", "size": { "width": 400, "height": 300 },
        "categories": [{ "name": "R", "color": "#f00" }, { "name": "S", "color": "#0f0" }],
        "zones": [{
            "name": "Floor", "zone_id": "z", "position": { "x": 100, "y": 100 },
            "rows": [
                { "row_number": "A", "row_number_position": "both", "position": { "x": 0, "y": 0 },
                  "seats": [seat(1, 0, "R"), seat(2, 25, "R"), seat(3, 75, "S"), seat(4, 100, "S")] },
                { "row_number": "B", "position": { "x": 50, "y": 40 }, "seats": [seat(1, 0, "S")] },
            ],
            "areas": [{ "shape": "rectangle", "color": "#ccc", "rotation": 0, "position": { "x": 0, "y": -80 },
                "rectangle": { "width": 100, "height": 30 }, "text": { "text": "Stage" } }],
        }],
    });
    let club = check(pretix::read(plan.to_string().as_bytes()).unwrap()).unwrap();
    assert_eq!(club.layout.areas[0].kind, AreaKind::Stage);
    let hall = &club.hall;
    let at = |n: u32| (hall.seat(n).unwrap().x, hall.seat(n).unwrap().y);
    let (first, second, third, last) = (at(1), at(2), at(3), at(5));
    assert_eq!((second.0 - first.0, third.0 - first.0), (55.0, 165.0));
    assert_eq!((last.0 - first.0, last.1 - first.1), (110.0, 88.0));
    assert_eq!(hall.label(5).unwrap().en(), "Section Floor, row B, seat 1");
    assert_eq!(hall.runs().len(), 3, "two, an aisle, two; and the second row");
    for bad in ["{", "[]", r#"{"name":"x"}"#, r#"{"name":"x","zones":[{"rows":[{"seats":[{}]}]}]}"#]
    {
        assert!(pretix::read(bad.as_bytes()).is_err(), "{bad}");
    }
}

/// A sheet is the picture of a hall, in whatever encoding and with whatever separator it was saved.
#[test]
fn a_sheet_is_the_picture_of_a_hall() {
    let lines = [
        "구역,열,등급,,,,,",
        "가,1,R,1,2,,3,4+",
        "가,2,R,1!,2,,\"3\",4&",
        ",,,,,,,",
        "나,1,S,1,2,가:9,,",
    ];
    let comma = lines.join("\r\n");
    // The letters of the sheet in CP949.
    let letters = [
        ("구", 0xB1B8),
        ("역", 0xBFAA),
        ("열", 0xBFAD),
        ("등", 0xB5EE),
        ("급", 0xB1DE),
        ("가", 0xB0A1),
        ("나", 0xB3AA),
    ];
    let mut cp949 = Vec::new();
    for c in comma.chars() {
        match letters.iter().find(|(letter, _)| *letter == c.to_string()) {
            Some((_, code)) => cp949.extend(u16::to_be_bytes(*code)),
            None => cp949.push(u8::try_from(c).unwrap()),
        }
    }
    let files = [
        comma.clone().into_bytes(),
        format!("\u{feff}{comma}").into_bytes(),
        cp949,
        comma.replace(',', ";").into_bytes(),
        comma.replace(',', "\t").replace("\r\n", "\n").into_bytes(),
    ];
    let ids: BTreeSet<_> =
        files.iter().map(|file| check(grid::read(file, None, "홀").unwrap()).unwrap().id).collect();
    assert_eq!(ids.len(), 1);
    let hall = check(grid::read(&files[0], None, "홀").unwrap()).unwrap().hall;
    assert_eq!(hall.seats().len(), 11);
    let called = |n: u32| hall.label(n).unwrap().ko();
    assert_eq!(
        (called(1), called(8), called(11)),
        ("가구역 1열 1번".into(), "가구역 2열 4번".into(), "가구역 1열 9번".into())
    );
    let seat = |n: u32| hall.seat(n).unwrap();
    assert!(seat(4).has(Flag::Accessible) && seat(5).has(Flag::RestrictedView));
    assert!(seat(8).has(Flag::Companion) && seat(2).has(Flag::Aisle));
    assert_eq!(seat(9).y - seat(5).y, 190.0, "a blank line is room");
    let runs: Vec<usize> = hall.runs().iter().map(Vec::len).collect();
    assert_eq!(runs.iter().sum::<usize>(), 11);
}

/// What is wrong with a sheet is told row by row.
#[test]
fn faults_of_a_sheet_have_their_rows() {
    let told = |text: &str| -> Vec<(Option<u64>, String, &'static str)> {
        let faults = grid::read(text.as_bytes(), None, "Hall").unwrap_err();
        faults.listed.iter().map(|f| (f.line, f.pointer.clone(), f.reason.code())).collect()
    };
    assert_eq!(told("x,y\nA,1\n"), [(Some(1), "section".into(), "missing_column")]);
    assert_eq!(
        told("section,row,grade,,,\nA,1,R,1,2,1\nA,,R,3,,\n,3,R,4,B:,\n"),
        [
            (Some(2), "F".into(), "doubled"),
            (Some(3), "row".into(), "blank"),
            (Some(4), "D".into(), "blank"),
            (Some(4), "E".into(), "blank"),
        ]
    );
    assert_eq!(told("section,row\nA,1,=B2,2\n"), [(Some(2), "C".into(), "formula")]);
}
