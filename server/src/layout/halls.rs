//! Halls to look at: a small one, a theatre of two floors, a stadium. The demo sale is held in them. Their names are read
//! by who speaks English and by who speaks Korean.

use super::document::{Area, AreaKind, Cm, Degrees, Flags, Layout, Range};
use super::generate::{Numbering, Plan, ROW_PITCH, RowPlan, SEAT_PITCH, Sector, sector, stage};

/// Of the 50 seats of the original design: five rows of ten.
#[must_use]
pub fn small() -> Layout {
    let plan = Plan {
        name: "한강홀 Hangang Hall".to_owned(),
        sections: 1,
        rows: 5,
        seats: 10,
        numbering: Numbering::LeftToRight,
        curved: false,
        grades: [("VIP", 1), ("R", 1), ("S", 2), ("A", 1)].map(|(g, n)| (g.to_owned(), n)).into(),
    };
    plan.layout()
}

/// Seats that a row of this radius has room for, within an angle.
fn room(radius: f64, degrees: f64) -> u32 {
    let seats = (radius * degrees.to_radians() / SEAT_PITCH).floor();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some dozens")]
    let seats = seats as u32;
    seats
}

/// Four spaces at the begin of a row, and beside each the seat of who comes with it.
fn wheelchairs() -> (Vec<Range>, Vec<Range>) {
    ([1, 3, 5, 7].map(|at| [at, at]).into(), [2, 4, 6, 8].map(|at| [at, at]).into())
}

/// A part of a floor of the theatre: where its middle is, how wide it is, whether it is at the side.
const PARTS: [(&str, f64, f64); 3] = [("A", -28.0, 22.0), ("B", 0.0, 28.0), ("C", 28.0, 22.0)];

fn theatre_row(floor: u32, part: &str, row: u32, seats: u32) -> RowPlan {
    let side = part != "B";
    let grade = match (floor, row) {
        (1, 0..5) if !side => "VIP",
        (1, 0..12) => "R",
        (1, _) => "S",
        _ => "A",
    };
    let mut flags = Flags::default();
    // From the outer seats of the first rows the wings hide a part of the stage.
    if floor == 1 && side && row < 4 {
        let outer = if part == "A" { [1, 2] } else { [seats - 1, seats] };
        flags.restricted_view.push(outer);
    }
    // Level with the doors.
    if floor == 1 && side && row == 21 {
        (flags.accessible, flags.companion) = wheelchairs();
    }
    RowPlan { label: (row + 1).to_string(), seats, grade: Some(grade.to_owned()), flags }
}

/// Two floors of curved rows, each of three sections; some 2,300 seats.
#[must_use]
pub fn theatre() -> Layout {
    let (width, height) = (6_700.0, 4_700.0);
    let center = (width / 2.0, -500.0);
    let (mut sections, mut next) = (Vec::new(), 1);
    for (floor, radius, rows) in [(1, 1_500.0, 22), (2, 3_900.0, 11)] {
        for (part, degrees, wide) in PARTS {
            let row = |row: u32| {
                let seats = room(radius + f64::from(row) * ROW_PITCH, wide);
                theatre_row(floor, part, row, seats)
            };
            let plan = Sector {
                name: format!("{floor}F-{part}"),
                center,
                radius,
                row_pitch: ROW_PITCH,
                seat_pitch: SEAT_PITCH,
                degrees,
                rows: (0..rows).map(row).collect(),
            };
            sections.push(sector(&plan, Numbering::LeftToRight, &mut next));
        }
    }
    Layout {
        layout: 1,
        name: "올림픽홀 Olympic Hall".to_owned(),
        width: Cm::of(width),
        height: Cm::of(height),
        seat: Cm::of(45.0),
        areas: vec![stage(width / 2.0, 60.0, 1_500.0)],
        sections,
    }
}

/// Sections of the stadium, all around.
const STANDS: u32 = 40;

/// A ring of 40 sections of 50 rows of 25 seats: 50,000. The stage stands at one end of the field, where people
/// stand, too.
#[must_use]
pub fn stadium() -> Layout {
    let side = 25_000.0;
    let middle = (side / 2.0, side / 2.0);
    let (mut sections, mut next) = (Vec::new(), 1);
    for stand in 0..STANDS {
        let row = |row: u32| {
            let grade = ["VIP", "R", "S", "A"][match row {
                0..5 => 0,
                5..15 => 1,
                15..35 => 2,
                _ => 3,
            }];
            let mut flags = Flags::default();
            if row == 0 && stand % 10 == 0 {
                (flags.accessible, flags.companion) = wheelchairs();
            }
            RowPlan {
                label: (row + 1).to_string(),
                seats: 25,
                grade: Some(grade.to_owned()),
                flags,
            }
        };
        let plan = Sector {
            name: (101 + stand).to_string(),
            center: middle,
            radius: 8_000.0,
            row_pitch: 80.0,
            seat_pitch: 48.0,
            degrees: f64::from(stand) * 360.0 / f64::from(STANDS),
            rows: (0..50).map(row).collect(),
        };
        sections.push(sector(&plan, Numbering::LeftToRight, &mut next));
    }
    let stage = stage(middle.0, middle.1 - 5_000.0, 4_000.0);
    let field = Area {
        kind: AreaKind::Other,
        text: Some("그라운드 FIELD".to_owned()),
        x: Cm::of(middle.0 - 3_500.0),
        y: Cm::of(middle.1 - 4_300.0),
        width: Cm::of(7_000.0),
        height: Cm::of(9_000.0),
        rotation: Degrees::default(),
    };
    Layout {
        layout: 1,
        name: "한강경기장 Hangang Stadium".to_owned(),
        width: Cm::of(side),
        height: Cm::of(side),
        seat: Cm::of(42.0),
        areas: vec![stage, field],
        sections,
    }
}
