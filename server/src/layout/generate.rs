//! Layouts made from a few numbers: sections of rows of seats, straight or on circles about the stage.

use super::document::{
    Arc, Area, AreaKind, Cm, Degrees, Flags, Layout, Numbers, Point, Row, Section,
};

/// From seat to seat, in cm.
pub const SEAT_PITCH: f64 = 55.0;
/// From row to row, in cm.
pub const ROW_PITCH: f64 = 95.0;
/// How wide a seat is drawn, in cm.
const SEAT: f64 = 45.0;
/// Between two sections that stand side by side, and around the hall, in cm.
const AISLE: f64 = 180.0;
/// How deep a stage is drawn, in cm.
const STAGE_DEPTH: f64 = 400.0;
/// From the stage to the first row, in cm.
const STAGE_GAP: f64 = 250.0;

/// How the seats of a row are numbered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numbering {
    /// 1, 2, 3, …
    #[default]
    LeftToRight,
    /// …, 3, 2, 1
    RightToLeft,
    /// …, 5, 3, 1, 2, 4, 6, …: odd numbers on the left, even ones on the right.
    OddEven,
}

/// A hall of sections side by side in front of a stage.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it is called.
    pub name: String,
    /// Sections: A, B, C, … from the left.
    pub sections: u32,
    /// Rows of each.
    pub rows: u32,
    /// Seats of each row.
    pub seats: u32,
    /// How these are numbered.
    pub numbering: Numbering,
    /// Whether rows are curved about the stage.
    pub curved: bool,
    /// Grades with the number of their rows, from the stage; the last has the rest.
    pub grades: Vec<(String, u32)>,
}

/// What a row has besides its place.
#[derive(Clone, Debug, Default)]
pub struct RowPlan {
    /// What it is called.
    pub label: String,
    /// Seats.
    pub seats: u32,
    /// Its grade.
    pub grade: Option<String>,
    /// What is special about some of its seats; those at its ends are beside an aisle anyway.
    pub flags: Flags,
}

/// A section whose rows stand on circles.
#[derive(Clone, Debug)]
pub struct Sector {
    /// What it is called.
    pub name: String,
    /// The middle of its circles, in cm.
    pub center: (f64, f64),
    /// Of its first row, in cm.
    pub radius: f64,
    /// From row to row, in cm.
    pub row_pitch: f64,
    /// From seat to seat, in cm.
    pub seat_pitch: f64,
    /// Where its middle is, in degrees: 0 is straight below the middle of the circles, 90 to the right of it.
    pub degrees: f64,
    /// Its rows, from the middle.
    pub rows: Vec<RowPlan>,
}

/// What a section is called by its place: A, B, …, Z, AA.
#[must_use]
pub fn letters(mut index: u32) -> String {
    let mut text = String::new();
    loop {
        let digit = u8::try_from(index % 26).unwrap_or(0);
        text.insert(0, char::from(b'A' + digit));
        if index < 26 {
            return text;
        }
        index = index / 26 - 1;
    }
}

/// To the centimetre: what is drawn needs no more, and shorter numbers make a smaller file.
fn point(x: f64, y: f64) -> Point {
    [Cm::of(x.round()), Cm::of(y.round())]
}

/// Pieces of a row by its numbering: how many of its seats come before, how many it has, and their numbers.
fn pieces(seats: u32, numbering: Numbering) -> Vec<(u32, u32, Numbers)> {
    let number = |seats: u32| i32::try_from(seats).unwrap_or(i32::MAX);
    let (left, right) = (seats - seats / 2, seats / 2);
    let all = match numbering {
        Numbering::LeftToRight => vec![(0, seats, Numbers { start: 1, step: 1 })],
        Numbering::RightToLeft => vec![(0, seats, Numbers { start: number(seats), step: -1 })],
        Numbering::OddEven => vec![
            (0, left, Numbers { start: 2 * number(left) - 1, step: -2 }),
            (left, right, Numbers { start: 2, step: 2 }),
        ],
    };
    all.into_iter().filter(|(_, count, _)| *count > 0).collect()
}

/// The flags of a piece of a row, and those at its ends.
fn flags_of(row: &RowPlan, (before, count): (u32, u32)) -> Flags {
    let part = |ranges: &[[u32; 2]]| -> Vec<[u32; 2]> {
        let clip = |[from, to]: &[u32; 2]| {
            let (from, to) = (from.saturating_sub(before).max(1), to.saturating_sub(before));
            (from <= to.min(count)).then(|| [from, to.min(count)])
        };
        ranges.iter().filter_map(clip).collect()
    };
    Flags {
        accessible: part(&row.flags.accessible),
        companion: part(&row.flags.companion),
        restricted_view: part(&row.flags.restricted_view),
        aisle: part(&[[1, 1], [row.seats, row.seats]]),
    }
}

/// A section on circles. Its seats are numbered from `next` on.
#[must_use]
pub fn sector(plan: &Sector, numbering: Numbering, next: &mut u32) -> Section {
    let (cx, cy) = plan.center;
    let mut rows = Vec::new();
    let mut radius = plan.radius;
    for row in &plan.rows {
        // Counterclockwise on the screen: below the middle that is from left to right.
        let step = -(plan.seat_pitch / radius).to_degrees();
        let half = f64::from(row.seats.saturating_sub(1)) / 2.0;
        for (before, count, numbers) in pieces(row.seats, numbering) {
            let angle = (plan.degrees + (half - f64::from(before)) * step).to_radians();
            rows.push(Row {
                label: row.label.clone(),
                first: *next,
                count,
                grade: row.grade.clone(),
                numbers: Some(numbers),
                at: Some(point(cx + radius * angle.sin(), cy + radius * angle.cos())),
                arc: Some(Arc {
                    center: point(cx, cy),
                    degrees: Degrees::of((step * 1e3).round() / 1e3),
                }),
                flags: flags_of(row, (before, count)),
                ..Row::default()
            });
            *next += count;
        }
        radius += plan.row_pitch;
    }
    Section { name: plan.name.clone(), grade: None, focus: None, outline: Vec::new(), rows }
}

/// A section of straight rows with this upper left corner. Its seats are numbered from `next` on.
#[must_use]
pub fn block(
    name: &str,
    (left, top): (f64, f64),
    rows: &[RowPlan],
    numbering: Numbering,
    next: &mut u32,
) -> Section {
    let widest = rows.iter().map(|row| row.seats).max().unwrap_or(0);
    let mut all = Vec::new();
    let mut y = top;
    for row in rows {
        let x = left + f64::from(widest - row.seats) * SEAT_PITCH / 2.0;
        for (before, count, numbers) in pieces(row.seats, numbering) {
            all.push(Row {
                label: row.label.clone(),
                first: *next,
                count,
                grade: row.grade.clone(),
                numbers: Some(numbers),
                at: Some(point(x + f64::from(before) * SEAT_PITCH, y)),
                step: Some(point(SEAT_PITCH, 0.0)),
                flags: flags_of(row, (before, count)),
                ..Row::default()
            });
            *next += count;
        }
        y += ROW_PITCH;
    }
    Section { name: name.to_owned(), grade: None, focus: None, outline: Vec::new(), rows: all }
}

/// A stage with its middle above this point.
#[must_use]
pub fn stage(middle: f64, top: f64, width: f64) -> Area {
    Area {
        kind: AreaKind::Stage,
        text: Some("STAGE".to_owned()),
        x: Cm::of((middle - width / 2.0).round()),
        y: Cm::of(top.round()),
        width: Cm::of(width.round()),
        height: Cm::of(STAGE_DEPTH),
        rotation: Degrees::default(),
    }
}

impl Plan {
    fn rows(&self) -> Vec<RowPlan> {
        let grade = |row: u32| {
            let mut behind = 0;
            let found = self.grades.iter().find(|(_, rows)| {
                behind += rows;
                row < behind
            });
            found.or(self.grades.last()).map(|(name, _)| name.clone())
        };
        let row = |row: u32| RowPlan {
            label: (row + 1).to_string(),
            seats: self.seats,
            grade: grade(row),
            flags: Flags::default(),
        };
        (0..self.rows).map(row).collect()
    }

    /// The layout, to be checked like any other.
    #[must_use]
    pub fn layout(&self) -> Layout {
        if self.curved { self.on_circles() } else { self.straight() }
    }

    fn straight(&self) -> Layout {
        let wide = f64::from(self.seats.saturating_sub(1)) * SEAT_PITCH + AISLE + SEAT_PITCH;
        let width = wide * f64::from(self.sections) + AISLE;
        let top = AISLE + STAGE_DEPTH + STAGE_GAP;
        let (rows, mut next) = (self.rows(), 1);
        let section = |index: u32| {
            let left = AISLE + wide * f64::from(index) + SEAT_PITCH / 2.0;
            block(&letters(index), (left, top), &rows, self.numbering, &mut next)
        };
        let sections = (0..self.sections).map(section).collect();
        let height = top + f64::from(self.rows) * ROW_PITCH + AISLE;
        self.drawn((width, height), sections)
    }

    /// On circles about a point above the stage, so wide that the first row takes no more than a quarter of one.
    fn on_circles(&self) -> Layout {
        let wide = f64::from(self.seats) * SEAT_PITCH + AISLE;
        let all = wide * f64::from(self.sections);
        let radius = (all / std::f64::consts::FRAC_PI_2).max(800.0);
        let last = radius + f64::from(self.rows) * ROW_PITCH;
        let part = wide / radius;
        let half = part * f64::from(self.sections) / 2.0;
        // The ends of the first row are the highest, and those of the last the farthest to the side.
        let side = last * half.sin().max((half * 0.5).sin()) + AISLE;
        let top = AISLE + STAGE_DEPTH + STAGE_GAP;
        let middle = (side, top - radius * half.cos());
        let (rows, mut next) = (self.rows(), 1);
        let section = |index: u32| {
            let degrees = (part * (f64::from(index) + 0.5) - half).to_degrees();
            let plan = Sector {
                name: letters(index),
                center: middle,
                radius,
                row_pitch: ROW_PITCH,
                seat_pitch: SEAT_PITCH,
                degrees,
                rows: rows.clone(),
            };
            sector(&plan, self.numbering, &mut next)
        };
        let sections = (0..self.sections).map(section).collect();
        self.drawn((2.0 * side, middle.1 + last + AISLE), sections)
    }

    fn drawn(&self, (width, height): (f64, f64), sections: Vec<Section>) -> Layout {
        let stage = stage(width / 2.0, AISLE, (width / 2.0).min(2_000.0));
        Layout {
            layout: 1,
            name: self.name.clone(),
            width: Cm::of(width.ceil()),
            height: Cm::of(height.ceil()),
            seat: Cm::of(SEAT),
            areas: vec![stage],
            sections,
        }
    }
}
