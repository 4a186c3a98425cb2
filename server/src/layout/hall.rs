//! A layout's seats, read to be asked: what each is called, where it stands, and which stand together.

use super::document::{AreaKind, Flags, Layout, Numbers, Range, Row};
use super::label::Label;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;

/// Seats farther apart than so many times the row's usual distance are not side by side.
const APART: f64 = 1.5;

/// What is special about a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Flag {
    /// Room for a wheelchair.
    Accessible = 1,
    /// For who comes with somebody in a wheelchair.
    Companion = 2,
    /// Something stands in the way.
    RestrictedView = 4,
    /// Beside an aisle.
    Aisle = 8,
}

impl Flag {
    /// All, in the order in which they are told.
    pub const ALL: [Self; 4] =
        [Self::Accessible, Self::Companion, Self::RestrictedView, Self::Aisle];
}

/// A seat of a hall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seat {
    /// Its number on a date.
    pub number: u32,
    /// Where it stands, in cm.
    pub x: f64,
    /// Where it stands, in cm.
    pub y: f64,
    /// Which piece of a row it is of.
    piece: u32,
    flags: u8,
}

impl Seat {
    /// Whether this is special about it.
    #[must_use]
    pub const fn has(&self, flag: Flag) -> bool {
        self.flags & flag as u8 != 0
    }
}

/// A row of the layout, or a piece of one.
#[derive(Clone, Debug)]
struct Piece {
    first: u32,
    count: u32,
    section: usize,
    row: String,
    numbers: Option<Numbers>,
    labels: Vec<String>,
    grade: Option<String>,
}

#[derive(Clone, Debug)]
struct SectionOf {
    name: String,
    focus: Option<(f64, f64)>,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Hall {
    sections: Vec<SectionOf>,
    /// In the order of their first seats.
    pieces: Vec<Piece>,
    /// In the order of their numbers.
    seats: Vec<Seat>,
    /// Seats side by side, as indexes: each seat is in one of them.
    runs: Vec<Vec<u32>>,
    /// Where people look, or the middle of the upper edge.
    focus: (f64, f64),
    /// How far from there each seat is: many ask for it again and again.
    distances: Vec<f64>,
}

/// What the i-th seat of a row, from 0, is called within it.
pub(super) fn seat_label(numbers: Option<Numbers>, labels: &[String], at: u32) -> String {
    if let Some(label) = labels.get(usize::try_from(at).unwrap_or(usize::MAX)) {
        return label.clone();
    }
    let Numbers { start, step } = numbers.unwrap_or(Numbers { start: 1, step: 1 });
    (i64::from(start) + i64::from(step) * i64::from(at)).to_string()
}

/// Where the seats of a row stand, one after the other.
pub(super) struct Places<'r> {
    row: &'r Row,
    at: u32,
    /// Gaps that lie behind, and how wide they are together.
    gap: usize,
    passed: f64,
}

impl<'r> Places<'r> {
    pub const fn of(row: &'r Row) -> Self {
        Self { row, at: 0, gap: 0, passed: 0.0 }
    }
}

impl Iterator for Places<'_> {
    type Item = (f64, f64);

    fn next(&mut self) -> Option<Self::Item> {
        let (row, at) = (self.row, self.at);
        if at >= row.count {
            return None;
        }
        while let Some(gap) = row.gaps.get(self.gap).filter(|gap| gap.0 <= at) {
            self.passed += gap.1.get();
            self.gap += 1;
        }
        self.at += 1;
        if let Some(position) = row.positions.get(usize::try_from(at).unwrap_or(usize::MAX)) {
            return Some((position[0].get(), position[1].get()));
        }
        let (x, y) = row.at.map(|at| (at[0].get(), at[1].get()))?;
        let k = f64::from(at) + self.passed;
        if let Some(arc) = row.arc {
            let (cx, cy) = (arc.center[0].get(), arc.center[1].get());
            let (sin, cos) = (k * arc.degrees.get()).to_radians().sin_cos();
            // y runs down, so that this turns clockwise on the screen.
            let (dx, dy) = (x - cx, y - cy);
            return Some((cx + dx * cos - dy * sin, cy + dx * sin + dy * cos));
        }
        let step = row.step?;
        Some((x + k * step[0].get(), y + k * step[1].get()))
    }
}

fn flags_at(flags: &Flags, at: u32) -> u8 {
    let has = |ranges: &[Range], flag: Flag| {
        let found = ranges.iter().any(|[from, to]| (*from..=*to).contains(&(at + 1)));
        if found { flag as u8 } else { 0 }
    };
    has(&flags.accessible, Flag::Accessible)
        | has(&flags.companion, Flag::Companion)
        | has(&flags.restricted_view, Flag::RestrictedView)
        | has(&flags.aisle, Flag::Aisle)
}

fn distance(a: &Seat, b: &Seat) -> f64 {
    distance_to(a, (b.x, b.y))
}

fn distance_to(seat: &Seat, (x, y): (f64, f64)) -> f64 {
    (seat.x - x).hypot(seat.y - y)
}

impl Hall {
    /// Bytes that it takes in memory, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let labels = |piece: &Piece| piece.labels.len() * 40;
        let pieces: usize =
            self.pieces.iter().map(|piece| size_of::<Piece>() + labels(piece)).sum();
        let runs = self.runs.len() * size_of::<Vec<u32>>();
        pieces + runs + self.seats.len() * (size_of::<Seat>() + size_of::<u32>() + size_of::<f64>())
    }

    /// The hall of a layout that was checked.
    pub(super) fn of(layout: &Layout) -> Self {
        let middle = |area: &super::document::Area| {
            let half = |from: f64, size: f64| from + size / 2.0;
            (half(area.x.get(), area.width.get()), half(area.y.get(), area.height.get()))
        };
        let stage = layout.areas.iter().find(|area| area.kind == AreaKind::Stage).map(middle);
        let mut hall = Self {
            sections: Vec::with_capacity(layout.sections.len()),
            pieces: Vec::new(),
            seats: Vec::new(),
            runs: Vec::new(),
            focus: stage.unwrap_or((layout.width.get() / 2.0, 0.0)),
            distances: Vec::new(),
        };
        // The pieces of each row, in the order in which they are named.
        let mut rows: Vec<Vec<Vec<Seat>>> = Vec::new();
        for (index, section) in layout.sections.iter().enumerate() {
            let focus = section.focus.map(|focus| (focus[0].get(), focus[1].get()));
            hall.sections.push(SectionOf { name: section.name.clone(), focus });
            let mut of_label: HashMap<&str, usize> = HashMap::new();
            for row in &section.rows {
                let grade = row.grade.as_ref().or(section.grade.as_ref());
                let at = *of_label.entry(&row.label).or_insert_with(|| {
                    rows.push(Vec::new());
                    rows.len() - 1
                });
                let seats = hall.add(row, index, grade);
                rows[at].push(seats);
            }
        }
        hall.arrange(&rows);
        hall
    }

    fn add(&mut self, row: &Row, section: usize, grade: Option<&String>) -> Vec<Seat> {
        let piece = u32::try_from(self.pieces.len()).unwrap_or(u32::MAX);
        self.pieces.push(Piece {
            first: row.first,
            count: row.count,
            section,
            row: row.label.clone(),
            numbers: row.numbers,
            labels: row.labels.clone(),
            grade: grade.cloned(),
        });
        let seat = |(at, (x, y)): (u32, (f64, f64))| {
            let number = row.first.saturating_add(at);
            Seat { number, x, y, piece, flags: flags_at(&row.flags, at) }
        };
        let seats: Vec<Seat> = (0..).zip(Places::of(row)).map(seat).collect();
        self.seats.extend_from_slice(&seats);
        seats
    }

    /// Puts pieces and seats in the order of their numbers, and finds the seats that are side by side.
    fn arrange(&mut self, rows: &[Vec<Vec<Seat>>]) {
        let mut order: Vec<u32> = (0..).take(self.pieces.len()).collect();
        let first = |piece: &u32| self.pieces.get(*piece as usize).map(|piece| piece.first);
        order.sort_by_key(first);
        let mut place = vec![0; order.len()];
        for (new, old) in (0..).zip(&order) {
            place[*old as usize] = new;
        }
        let placed = |piece: u32| place.get(piece as usize).copied().unwrap_or(0);
        self.seats.iter_mut().for_each(|seat| seat.piece = placed(seat.piece));
        self.seats.sort_unstable_by_key(|seat| seat.number);
        self.pieces.sort_by_key(|piece| piece.first);
        for pieces in rows {
            let row: Vec<Seat> = pieces.iter().flatten().copied().collect();
            self.runs.extend(self.runs_of(&row));
        }
        self.distances = self.seats.iter().map(|seat| distance_to(seat, self.focus)).collect();
    }

    /// A row, cut where a gap is named or its seats stand farther apart than usual.
    fn runs_of(&self, row: &[Seat]) -> Vec<Vec<u32>> {
        let mut usual: Vec<f64> = row.windows(2).map(|two| distance(&two[0], &two[1])).collect();
        usual.sort_by(f64::total_cmp);
        let usual = usual.get(usual.len() / 2).copied().unwrap_or(0.0);
        let (mut runs, mut last): (Vec<Vec<u32>>, Option<&Seat>) = (Vec::new(), None);
        for seat in row {
            let Some(index) = self.index(seat.number) else { continue };
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let beside = last.is_some_and(|last| distance(last, seat) <= usual * APART);
            match runs.last_mut().filter(|_| beside) {
                Some(run) => run.push(index),
                None => runs.push(vec![index]),
            }
            last = Some(seat);
        }
        runs
    }

    /// Its seats in the order of their numbers.
    #[must_use]
    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// Seats side by side, as indexes into [`Hall::seats`]: each seat is in one of them.
    #[must_use]
    pub fn runs(&self) -> &[Vec<u32>] {
        &self.runs
    }

    fn index(&self, number: u32) -> Option<usize> {
        self.seats.binary_search_by_key(&number, |seat| seat.number).ok()
    }

    fn piece(&self, seat: &Seat) -> Option<&Piece> {
        self.pieces.get(seat.piece as usize)
    }

    /// The seat of a number.
    #[must_use]
    pub fn seat(&self, number: u32) -> Option<&Seat> {
        self.index(number).and_then(|index| self.seats.get(index))
    }

    /// What the seat of a number is called.
    #[must_use]
    pub fn label(&self, number: u32) -> Option<Label> {
        let piece = self.piece(self.seat(number)?)?;
        Some(Label {
            section: self.sections.get(piece.section)?.name.clone(),
            row: piece.row.clone(),
            seat: seat_label(piece.numbers, &piece.labels, number - piece.first),
        })
    }

    /// The number of the seat that is called so.
    #[must_use]
    pub fn number(&self, label: &Label) -> Option<u32> {
        let section = self.section(&label.section)?;
        let pieces =
            self.pieces.iter().filter(|piece| piece.section == section && piece.row == label.row);
        pieces.flat_map(|piece| (0..piece.count).map(move |at| (piece, at))).find_map(
            |(piece, at)| {
                let called = seat_label(piece.numbers, &piece.labels, at);
                (called == label.seat).then(|| piece.first.saturating_add(at))
            },
        )
    }

    /// The grade of a seat.
    #[must_use]
    pub fn grade(&self, seat: &Seat) -> Option<&str> {
        self.piece(seat)?.grade.as_deref()
    }

    /// Every grade with the number of its seats; those without one under none.
    #[must_use]
    pub fn grades(&self) -> BTreeMap<Option<&str>, u64> {
        let mut grades = BTreeMap::new();
        for piece in &self.pieces {
            *grades.entry(piece.grade.as_deref()).or_default() += u64::from(piece.count);
        }
        grades
    }

    /// The names of its sections, in the order of the layout.
    pub fn sections(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().map(|section| section.name.as_str())
    }

    /// How far a seat, by its index, is from where the best ones are: those of a section, or of all.
    #[must_use]
    pub fn distance(&self, index: usize, section: Option<usize>) -> f64 {
        let focus = section.and_then(|section| self.sections.get(section)?.focus);
        let from = |focus| self.seats.get(index).map(|seat| distance_to(seat, focus));
        let found = focus.map_or_else(|| self.distances.get(index).copied(), from);
        found.unwrap_or_default()
    }

    /// Which section a seat is of.
    #[must_use]
    pub fn section_of(&self, seat: &Seat) -> Option<usize> {
        self.piece(seat).map(|piece| piece.section)
    }

    /// Which section seats side by side are of.
    #[must_use]
    pub fn section_of_run(&self, run: &[u32]) -> Option<usize> {
        self.section_of(self.seats.get(*run.first()? as usize)?)
    }

    /// The section of a name.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<usize> {
        self.sections.iter().position(|section| section.name == name)
    }
}
