//! Seating plans of pretix: read, and written. A plan has zones of rows of seats, each placed relative to what it
//! stands in, and knows neither curves nor what is special about a seat.

use super::document::{Area, AreaKind, Cm, Degrees, Layout, Point, Row, Section};
use super::fault::{Faults, Reason};
use super::generate::letters;
use super::hall::{Places, seat_label};
use boxoffice_core::limits::SEATS_PER_DATE_MAX;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap, HashSet};

/// From seat to seat where the plan is drawn in centimetres; others are scaled to [`PITCH`].
const CENTIMETRES: std::ops::RangeInclusive<f64> = 40.0..=120.0;
/// From seat to seat, in cm.
const PITCH: f64 = 55.0;
/// Around the seats, in cm.
const MARGIN: f64 = 150.0;
/// How far a seat may be from a straight line that is written instead of its place, in cm.
const OFF_MAX: f64 = 0.01;
/// Colours of categories, one after the other.
const COLORS: [&str; 8] =
    ["#b03a5b", "#2f6fb0", "#3b8f5a", "#b07a2f", "#6a4fb0", "#2f9a9a", "#8a5a44", "#5b6470"];

/// Where something is, relative to what it stands in. Whatever a plan has besides is passed.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct At {
    x: f64,
    y: f64,
}

#[derive(Debug, Deserialize)]
struct Plan {
    name: String,
    #[serde(default)]
    zones: Vec<Zone>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Zone {
    name: String,
    position: At,
    rows: Vec<PlanRow>,
    areas: Vec<PlanArea>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PlanRow {
    row_number: String,
    position: At,
    seats: Vec<PlanSeat>,
}

#[derive(Debug, Deserialize)]
struct PlanSeat {
    seat_number: String,
    #[serde(default)]
    seat_guid: String,
    #[serde(default)]
    position: At,
    #[serde(default)]
    category: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Size {
    width: f64,
    height: f64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Words {
    text: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PlanArea {
    position: At,
    rotation: f64,
    rectangle: Option<Size>,
    text: Option<Words>,
}

/// A seat in the plan's units, from its upper left corner.
struct Placed<'p> {
    seat: &'p PlanSeat,
    x: f64,
    y: f64,
}

/// Plan's units as centimetres within the hall.
struct Frame {
    left: f64,
    top: f64,
    scale: f64,
}

impl Frame {
    fn point(&self, x: f64, y: f64) -> Point {
        let cm = |value: f64, from: f64| Cm::of(((value - from) * self.scale + MARGIN).round());
        [cm(x, self.left), cm(y, self.top)]
    }
}

/// Reads a plan.
///
/// # Errors
/// It is none, or has more seats than a date may have; the layout is still to be checked.
pub fn read(bytes: &[u8]) -> Result<Layout, Faults> {
    let form = |words: &str| Faults::one("", Reason::Form(words.to_owned()));
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(form("a seating plan of pretix is a JSON object with name and zones"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let plan: Plan = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place =
            format!("/{}", error.path().to_string().replace(['.', '['], "/").replace(']', ""));
        let place = if place == "//" { String::new() } else { place };
        Faults::one(place, Reason::Form(error.inner().to_string()))
    })?;
    let rows = plan.zones.iter().flat_map(|zone| &zone.rows);
    let seats: usize = rows.map(|row| row.seats.len()).sum();
    if seats == 0 {
        return Err(form("the plan has no seats: none of its zones has a row with a seat"));
    }
    if seats > SEATS_PER_DATE_MAX {
        return Err(Faults::one("/zones", Reason::Seats(SEATS_PER_DATE_MAX)));
    }
    Ok(layout_of(&plan))
}

fn placed<'p>(zone: &'p Zone, row: &'p PlanRow) -> Vec<Placed<'p>> {
    let (x, y) = (zone.position.x + row.position.x, zone.position.y + row.position.y);
    let one = |seat: &'p PlanSeat| Placed { seat, x: x + seat.position.x, y: y + seat.position.y };
    row.seats.iter().map(one).collect()
}

fn layout_of(plan: &Plan) -> Layout {
    let all: Vec<Vec<Vec<Placed<'_>>>> = plan
        .zones
        .iter()
        .map(|zone| zone.rows.iter().map(|row| placed(zone, row)).collect())
        .collect();
    let frame = frame_of(plan, &all);
    let mut numbering = Numbering::of(plan);
    let mut names = HashSet::new();
    let mut sections = Vec::new();
    for (index, (zone, rows)) in plan.zones.iter().zip(&all).enumerate() {
        if rows.iter().all(Vec::is_empty) {
            continue;
        }
        let mut name = match zone.name.trim() {
            "" => letters(u32::try_from(index).unwrap_or(0)),
            name => name.to_owned(),
        };
        for again in 2.. {
            if names.insert(name.clone()) {
                break;
            }
            name = format!("{} ({again})", zone.name.trim());
        }
        let mut pieces = Vec::new();
        for (number, (row, seats)) in zone.rows.iter().zip(rows).enumerate() {
            let label = match row.row_number.trim() {
                "" => (number + 1).to_string(),
                label => label.to_owned(),
            };
            for piece in seats.chunk_by(|a, b| a.seat.category == b.seat.category) {
                pieces.extend(numbering.rows(&label, piece, &frame));
            }
        }
        sections.push(Section {
            name,
            grade: None,
            focus: None,
            outline: Vec::new(),
            rows: pieces,
        });
    }
    let areas: Vec<Area> = plan
        .zones
        .iter()
        .flat_map(|zone| zone.areas.iter().filter_map(|area| area_of(zone, area, &frame)))
        .collect();
    let (width, height) = extent(&sections, &areas);
    Layout {
        layout: 1,
        name: plan.name.clone(),
        width: Cm::of((width + MARGIN).ceil()),
        height: Cm::of((height + MARGIN).ceil()),
        seat: Cm::of(45.0),
        areas,
        sections,
    }
}

/// The corner of what is drawn, and how large a unit is: seats of a row are as far apart as seats are.
fn frame_of(plan: &Plan, all: &[Vec<Vec<Placed<'_>>>]) -> Frame {
    let rows = all.iter().flatten();
    let apart = rows
        .clone()
        .flat_map(|row| row.windows(2))
        .map(|two| (two[0].x - two[1].x).hypot(two[0].y - two[1].y));
    let mut apart: Vec<f64> = apart.filter(|apart| *apart > 0.0).collect();
    apart.sort_by(f64::total_cmp);
    let usual = apart.get(apart.len() / 2).copied().unwrap_or(PITCH);
    let scale = if CENTIMETRES.contains(&usual) { 1.0 } else { PITCH / usual };
    let areas = plan.zones.iter().flat_map(|zone| {
        zone.areas
            .iter()
            .map(|area| (zone.position.x + area.position.x, zone.position.y + area.position.y))
    });
    let places = || rows.clone().flatten().map(|seat| (seat.x, seat.y)).chain(areas.clone());
    let least = |of: fn((f64, f64)) -> f64| places().map(of).fold(f64::INFINITY, f64::min);
    Frame { left: least(|place| place.0), top: least(|place| place.1), scale }
}

fn area_of(zone: &Zone, area: &PlanArea, frame: &Frame) -> Option<Area> {
    let size = area.rectangle.as_ref()?;
    let [x, y] = frame.point(zone.position.x + area.position.x, zone.position.y + area.position.y);
    let text = area.text.as_ref().map(|words| words.text.trim().to_owned());
    let text = text.filter(|text| !text.is_empty());
    let said = text.as_deref().unwrap_or_default().to_lowercase();
    let stage = ["stage", "bühne", "scène", "무대"].iter().any(|word| said.contains(word));
    Some(Area {
        kind: if stage { AreaKind::Stage } else { AreaKind::Other },
        text,
        x,
        y,
        width: Cm::of((size.width * frame.scale).round()),
        height: Cm::of((size.height * frame.scale).round()),
        rotation: Degrees::of(area.rotation),
    })
}

/// How far seats and areas reach.
fn extent(sections: &[Section], areas: &[Area]) -> (f64, f64) {
    let rows = sections.iter().flat_map(|section| &section.rows).flat_map(Places::of);
    let corners = areas
        .iter()
        .map(|area| (area.x.get() + area.width.get(), area.y.get() + area.height.get()));
    rows.chain(corners)
        .fold((0.0, 0.0), |(width, height): (f64, f64), (x, y)| (width.max(x), height.max(y)))
}

/// Seat numbers: those that the plan's ids are, where all of them are numbers; else from 1.
struct Numbering {
    by_id: bool,
    next: u32,
}

fn id_of(seat: &PlanSeat) -> Option<u32> {
    seat.seat_guid
        .parse()
        .ok()
        .filter(|number: &u32| *number > 0 && number.to_string() == seat.seat_guid)
}

impl Numbering {
    fn of(plan: &Plan) -> Self {
        let mut known = BTreeSet::new();
        let seats = plan.zones.iter().flat_map(|zone| &zone.rows).flat_map(|row| &row.seats);
        let once = |seat: &PlanSeat| id_of(seat).is_some_and(|number| known.insert(number));
        let mut once = seats.map(once);
        Self { by_id: once.all(|once| once), next: 1 }
    }

    /// Seats of one row and category as pieces, whose numbers ascend by one.
    fn rows(&mut self, label: &str, seats: &[Placed<'_>], frame: &Frame) -> Vec<Row> {
        let follow = |a: &Placed<'_>, b: &Placed<'_>| {
            !self.by_id || id_of(a.seat).and_then(|n| n.checked_add(1)) == id_of(b.seat)
        };
        let pieces: Vec<&[Placed<'_>]> = seats.chunk_by(follow).collect();
        pieces.into_iter().map(|piece| self.row(label, piece, frame)).collect()
    }

    fn row(&mut self, label: &str, seats: &[Placed<'_>], frame: &Frame) -> Row {
        let count = u32::try_from(seats.len()).unwrap_or(u32::MAX);
        let by_id = seats.first().and_then(|seat| id_of(seat.seat)).filter(|_| self.by_id);
        let first = by_id.unwrap_or(self.next);
        self.next = self.next.saturating_add(count);
        let positions: Vec<Point> = seats.iter().map(|seat| frame.point(seat.x, seat.y)).collect();
        let category = seats.first().and_then(|seat| seat.seat.category.clone());
        let row = Row {
            label: label.to_owned(),
            first,
            count,
            grade: category.filter(|category| !category.trim().is_empty()),
            labels: seats.iter().map(|seat| seat.seat.seat_number.clone()).collect(),
            ..Row::default()
        };
        match straight(&positions) {
            Some((at, step)) => Row { at: Some(at), step: Some(step), ..row },
            None => Row { positions, ..row },
        }
    }
}

/// Where the first stands and how far each is from the next, if they stand in a line, each as far as the other.
fn straight(positions: &[Point]) -> Option<(Point, Point)> {
    let first = positions.first()?;
    let second = positions.get(1).unwrap_or(first);
    let step = [0, 1].map(|axis| second[axis].get() - first[axis].get());
    let fits = |(k, place): (u32, &Point)| {
        [0, 1].into_iter().all(|axis| {
            let want = first[axis].get() + f64::from(k) * step[axis];
            (place[axis].get() - want).abs() <= OFF_MAX
        })
    };
    (0..).zip(positions).all(fits).then(|| (*first, step.map(Cm::of)))
}

/// The layout as a plan of pretix. Each seat's id is its number; what is special about it is not written.
#[must_use]
pub fn write(layout: &Layout) -> Value {
    let mut categories: Vec<&str> = Vec::new();
    let mut zones: Vec<Value> = Vec::new();
    for section in &layout.sections {
        let mut rows: Vec<Value> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for row in &section.rows {
            let grade = row.grade.as_deref().or(section.grade.as_deref()).unwrap_or("Seat");
            if !categories.contains(&grade) {
                categories.push(grade);
            }
            let seat = |(at, (x, y)): (u32, (f64, f64))| {
                json!({
                    "seat_guid": row.first.saturating_add(at).to_string(),
                    "seat_number": seat_label(row.numbers, &row.labels, at),
                    "position": place(x, y),
                    "category": grade,
                })
            };
            let seats: Vec<Value> = (0..).zip(Places::of(row)).map(seat).collect();
            match known.get(row.label.as_str()).and_then(|at| rows[*at]["seats"].as_array_mut()) {
                Some(all) => all.extend(seats),
                None => {
                    known.insert(&row.label, rows.len());
                    rows.push(json!({
                        "row_number": row.label,
                        "row_number_position": "both",
                        "position": place(0.0, 0.0),
                        "seats": seats,
                    }));
                }
            }
        }
        zones.push(json!({
            "name": section.name,
            "position": place(0.0, 0.0),
            "rows": rows,
            "areas": [],
        }));
    }
    let areas: Vec<Value> = layout.areas.iter().map(plan_area).collect();
    if let Some(first) = zones.first_mut() {
        first["areas"] = json!(areas);
    }
    let color =
        |(at, name): (usize, &&str)| json!({ "name": name, "color": COLORS[at % COLORS.len()] });
    json!({
        "name": layout.name,
        "size": { "width": whole(layout.width.get()), "height": whole(layout.height.get()) },
        "categories": categories.iter().enumerate().map(color).collect::<Vec<_>>(),
        "zones": zones,
    })
}

fn whole(value: f64) -> Value {
    json!(Cm::of(value.round()))
}

fn place(x: f64, y: f64) -> Value {
    json!({ "x": whole(x), "y": whole(y) })
}

fn plan_area(area: &Area) -> Value {
    let (width, height) = (area.width.get(), area.height.get());
    json!({
        "shape": "rectangle",
        "color": "#d8dce2",
        "border_color": "#8a93a0",
        "rotation": area.rotation,
        "position": place(area.x.get(), area.y.get()),
        "rectangle": { "width": whole(width), "height": whole(height) },
        "text": {
            "position": place(width / 2.0, height / 2.0),
            "color": "#333333",
            "text": area.text.as_deref().unwrap_or_default(),
        },
    })
}
