//! Whether a layout can be one, and its one form: equal layouts have one text, and so one id.

use super::document::{Area, Flags, Gap, Layout, Numbers, Point, Range, Row, Section};
use super::fault::{Faults, Reason};
use super::hall::{Hall, Places};
use super::{
    AREAS_MAX, CORNERS_MAX, LABEL_CHARS_MAX, RANGES_MAX, ROWS_MAX, SECTION_CHARS_MAX, SECTIONS_MAX,
    SIDE_MAX,
};
use crate::text;
use boxoffice_core::id::LayoutId;
use boxoffice_core::limits::{LAYOUT_BYTES_MAX, NAME_CHARS_MAX, SEATS_PER_DATE_MAX};
use std::collections::{BTreeMap, HashMap};

/// Characters that an area may show.
const AREA_CHARS_MAX: usize = 60;

/// A layout in its one form.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What it is.
    pub layout: Layout,
    /// Its canonical text.
    pub body: String,
    /// Its id: the SHA-256 of the text.
    pub id: LayoutId,
    /// Its seats.
    pub hall: Hall,
}

/// Brings a layout into its one form.
///
/// # Errors
/// All that is wrong with it.
pub fn check(mut layout: Layout) -> Result<Checked, Faults> {
    let mut faults = Faults::default();
    whole(&mut layout, &mut faults);
    bounded(&layout, &mut faults);
    if faults.total > 0 {
        return Err(faults);
    }
    let sides = (layout.width.get(), layout.height.get());
    for (index, area) in layout.areas.iter_mut().enumerate() {
        area_faults(area, &format!("/areas/{index}"), sides, &mut faults);
    }
    for (index, section) in layout.sections.iter_mut().enumerate() {
        section_faults(section, &format!("/sections/{index}"), sides, &mut faults);
    }
    names_once(&layout, &mut faults);
    numbers_once(&layout, &mut faults);
    labels_once(&layout, &mut faults);
    if faults.total > 0 {
        return Err(faults);
    }
    layout.sections.iter_mut().for_each(place_grades);
    // Plain data with string keys; writing it as JSON cannot fail.
    let body = serde_json::to_string(&layout).unwrap_or_default();
    if body.len() > LAYOUT_BYTES_MAX {
        return Err(Faults::one("", Reason::Count(1, LAYOUT_BYTES_MAX)));
    }
    let hall = Hall::of(&layout);
    Ok(Checked { id: LayoutId::of(&body), layout, body, hall })
}

/// A text in its one form.
fn text_faults(text: &mut String, max: usize, at: &str, faults: &mut Faults) {
    match text::title(text) {
        Ok(title) if title.chars().count() <= max => *text = title,
        Ok(_) => faults.add(at, Some(text), Reason::Length(max)),
        Err(why) => faults.add(at, Some(text), Reason::Text(why)),
    }
}

fn range(value: f64, (min, max): (f64, f64), at: &str, faults: &mut Faults) {
    if !(min..=max).contains(&value) {
        faults.add(at, Some(&value.to_string()), Reason::Range(min, max));
    }
}

/// What is said once of the whole.
fn whole(layout: &mut Layout, faults: &mut Faults) {
    if layout.layout != 1 {
        faults.add("/layout", Some(&layout.layout.to_string()), Reason::Version);
    }
    text_faults(&mut layout.name, NAME_CHARS_MAX, "/name", faults);
    range(layout.width.get(), (1.0, SIDE_MAX), "/width", faults);
    range(layout.height.get(), (1.0, SIDE_MAX), "/height", faults);
    range(layout.seat.get(), (1.0, 1_000.0), "/seat", faults);
}

/// Refuses more than there may be, before any seat is written out: a short text can name very many.
fn bounded(layout: &Layout, faults: &mut Faults) {
    let mut count = |found: usize, min: usize, max: usize, at: &str| {
        // One of them is told alone: what is said of the sections is said of all that is in them.
        if !(min..=max).contains(&found) && faults.listed.iter().all(|told| told.pointer != at) {
            faults.add(at, Some(&found.to_string()), Reason::Count(min, max));
        }
    };
    count(layout.areas.len(), 0, AREAS_MAX, "/areas");
    count(layout.sections.len(), 1, SECTIONS_MAX, "/sections");
    let rows = layout.sections.iter().map(|section| section.rows.len()).sum();
    count(rows, 0, ROWS_MAX, "/sections");
    if faults.total == 0 {
        seats_bounded(layout, faults);
    }
}

/// A row that has too many alone is told where that is said.
fn seats_bounded(layout: &Layout, faults: &mut Faults) {
    let reason = || Reason::Seats(SEATS_PER_DATE_MAX);
    let too_many = |count: u64| usize::try_from(count).is_ok_and(|c| c > SEATS_PER_DATE_MAX);
    let mut all = 0_u64;
    for (section, index, row) in rows_of(layout) {
        all = all.saturating_add(row.count.into());
        if too_many(row.count.into()) {
            let pointer = format!("/sections/{section}/rows/{index}/count");
            faults.add(pointer, Some(&row.count.to_string()), reason());
        }
    }
    if too_many(all) && faults.total == 0 {
        faults.add("/sections", Some(&all.to_string()), reason());
    }
}

fn is_inside(x: f64, y: f64, (width, height): (f64, f64)) -> bool {
    (0.0..=width).contains(&x) && (0.0..=height).contains(&y)
}

fn point_faults(point: Point, sides: (f64, f64), at: &str, faults: &mut Faults) {
    let (x, y) = (point[0].get(), point[1].get());
    if !is_inside(x, y, sides) {
        faults.add(at, Some(&format!("[{x}, {y}]")), Reason::Outside);
    }
}

fn area_faults(area: &mut Area, at: &str, sides: (f64, f64), faults: &mut Faults) {
    if let Some(text) = &mut area.text {
        text_faults(text, AREA_CHARS_MAX, &format!("{at}/text"), faults);
    }
    let (x, y) = (area.x.get(), area.y.get());
    let (right, bottom) = (x + area.width.get(), y + area.height.get());
    if !is_inside(x, y, sides) || !is_inside(right, bottom, sides) || right < x || bottom < y {
        faults.add(at, Some(&format!("[{x}, {y}] – [{right}, {bottom}]")), Reason::Outside);
    }
    range(area.rotation.get(), (-360.0, 360.0), &format!("{at}/rotation"), faults);
}

fn section_faults(section: &mut Section, at: &str, sides: (f64, f64), faults: &mut Faults) {
    text_faults(&mut section.name, SECTION_CHARS_MAX, &format!("{at}/name"), faults);
    if let Some(grade) = &mut section.grade {
        text_faults(grade, NAME_CHARS_MAX, &format!("{at}/grade"), faults);
    }
    if let Some(focus) = section.focus {
        point_faults(focus, sides, &format!("{at}/focus"), faults);
    }
    let corners = section.outline.len();
    if corners > 0 && !(3..=CORNERS_MAX).contains(&corners) {
        let reason = Reason::Count(3, CORNERS_MAX);
        faults.add(format!("{at}/outline"), Some(&corners.to_string()), reason);
    }
    for (index, corner) in section.outline.iter().enumerate().take(CORNERS_MAX) {
        point_faults(*corner, sides, &format!("{at}/outline/{index}"), faults);
    }
    if section.rows.is_empty() {
        faults.add(format!("{at}/rows"), Some("0"), Reason::Count(1, ROWS_MAX));
    }
    for (index, row) in section.rows.iter_mut().enumerate() {
        row_faults(row, &format!("{at}/rows/{index}"), sides, faults);
    }
}

fn row_faults(row: &mut Row, at: &str, sides: (f64, f64), faults: &mut Faults) {
    let before = faults.total;
    text_faults(&mut row.label, LABEL_CHARS_MAX, &format!("{at}/label"), faults);
    if let Some(grade) = &mut row.grade {
        text_faults(grade, NAME_CHARS_MAX, &format!("{at}/grade"), faults);
    }
    if row.count == 0 {
        faults.add(format!("{at}/count"), Some("0"), Reason::Count(1, SEATS_PER_DATE_MAX));
        return;
    }
    let last = row.first.checked_add(row.count - 1);
    if row.first == 0 || last.is_none() {
        let reason = Reason::Range(1.0, f64::from(u32::MAX - row.count + 1));
        faults.add(format!("{at}/first"), Some(&row.first.to_string()), reason);
    }
    seat_labels(row, at, faults);
    gaps(row, at, faults);
    let flags = &mut row.flags;
    for (name, ranges) in flags_of(flags) {
        flag_ranges(ranges, row.count, &format!("{at}/flags/{name}"), faults);
    }
    positions(row, at, faults);
    if faults.total > before {
        return;
    }
    let outside = Places::of(row).find(|(x, y)| !is_inside(*x, *y, sides));
    if let Some((x, y)) = outside {
        faults.add(at, Some(&format!("[{x:.1}, {y:.1}]")), Reason::Outside);
    }
}

/// The flags by name.
pub(super) fn flags_of(flags: &mut Flags) -> [(&'static str, &mut Vec<Range>); 4] {
    [
        ("accessible", &mut flags.accessible),
        ("companion", &mut flags.companion),
        ("restricted_view", &mut flags.restricted_view),
        ("aisle", &mut flags.aisle),
    ]
}

/// Labels that count are written as such.
fn seat_labels(row: &mut Row, at: &str, faults: &mut Faults) {
    if row.labels.is_empty() {
        let numbers = row.numbers.get_or_insert(Numbers { start: 1, step: 1 });
        if row.count == 1 {
            numbers.step = 1;
        }
        if numbers.step == 0 {
            faults.add(format!("{at}/numbers/step"), Some("0"), Reason::OneNumber);
            return;
        }
        let last = i64::from(numbers.start) + i64::from(numbers.step) * i64::from(row.count - 1);
        let most = 1_000_000;
        if !(0..=most).contains(&numbers.start) || !(0..=i64::from(most)).contains(&last) {
            let said = format!("{} + {} …", numbers.start, numbers.step);
            faults.add(format!("{at}/numbers"), Some(&said), Reason::Range(0.0, f64::from(most)));
        }
        return;
    }
    if row.numbers.is_some() || row.labels.len() != usize::try_from(row.count).unwrap_or(0) {
        let found = row.labels.len().to_string();
        faults.add(format!("{at}/labels"), Some(&found), Reason::PerSeat(row.count));
        return;
    }
    for (index, label) in row.labels.iter_mut().enumerate() {
        text_faults(label, LABEL_CHARS_MAX, &format!("{at}/labels/{index}"), faults);
    }
    if let Some(numbers) = counting(&row.labels) {
        row.numbers = Some(numbers);
        row.labels.clear();
    }
}

/// How labels count, if they do.
fn counting(labels: &[String]) -> Option<Numbers> {
    let number = |label: &String| {
        let number = label.parse::<i32>().ok().filter(|number| (0..=1_000_000).contains(number))?;
        (number.to_string() == *label).then_some(number)
    };
    let start = number(labels.first()?)?;
    let step = labels.get(1).map_or(Some(1), |second| Some(number(second)? - start))?;
    let mut expected = start;
    for label in labels {
        if step == 0 || number(label)? != expected {
            return None;
        }
        expected += step;
    }
    Some(Numbers { start, step })
}

/// In their order, each place once.
fn gaps(row: &mut Row, at: &str, faults: &mut Faults) {
    if row.gaps.len() > RANGES_MAX {
        let found = row.gaps.len().to_string();
        faults.add(format!("{at}/gaps"), Some(&found), Reason::Count(0, RANGES_MAX));
        return;
    }
    let mut merged: BTreeMap<u32, f64> = BTreeMap::new();
    for (index, Gap(after, width)) in row.gaps.iter().enumerate() {
        let at = format!("{at}/gaps/{index}");
        if *after == 0 || *after >= row.count {
            faults.add(at, Some(&after.to_string()), Reason::Backwards);
        } else if !(0.0..=1_000.0).contains(&width.get()) {
            faults.add(at, Some(&width.get().to_string()), Reason::Range(0.0, 1_000.0));
        } else {
            *merged.entry(*after).or_default() += width.get();
        }
    }
    let wide = merged.into_iter().filter(|(_, width)| *width > 0.0);
    row.gaps = wide.map(|(after, width)| Gap(after, super::Cm::of(width))).collect();
}

/// In their order, those that touch as one.
fn flag_ranges(ranges: &mut Vec<Range>, count: u32, at: &str, faults: &mut Faults) {
    if ranges.len() > RANGES_MAX {
        faults.add(at, Some(&ranges.len().to_string()), Reason::Count(0, RANGES_MAX));
        return;
    }
    for (index, [from, to]) in ranges.iter().enumerate() {
        if *from == 0 || to < from || *to > count {
            let said = format!("[{from}, {to}]");
            faults.add(format!("{at}/{index}"), Some(&said), Reason::Backwards);
        }
    }
    ranges.sort_unstable();
    let mut merged: Vec<Range> = Vec::with_capacity(ranges.len());
    for range in ranges.iter() {
        match merged.last_mut().filter(|last| range[0] <= last[1].saturating_add(1)) {
            Some(last) => last[1] = last[1].max(range[1]),
            None => merged.push(*range),
        }
    }
    *ranges = merged;
}

fn positions(row: &Row, at: &str, faults: &mut Faults) {
    let said = (row.at.is_some(), row.step.is_some(), row.arc.is_some(), !row.positions.is_empty());
    let one = matches!(
        said,
        (true, true, false, false) | (true, false, true, false) | (false, false, false, true)
    );
    if !one {
        faults.add(at, None, Reason::Position);
    } else if said.3 && row.positions.len() != usize::try_from(row.count).unwrap_or(0) {
        let found = row.positions.len().to_string();
        faults.add(format!("{at}/positions"), Some(&found), Reason::PerSeat(row.count));
    }
    let stands = |step: Point| row.count > 1 && step[0].get() == 0.0 && step[1].get() == 0.0;
    if row.step.is_some_and(stands) {
        faults.add(format!("{at}/step"), Some("[0, 0]"), Reason::OneSpot);
    }
    positions_once(row, at, faults);
    if let Some(arc) = row.arc {
        if row.count > 1 && arc.degrees.get() == 0.0 {
            faults.add(format!("{at}/arc/degrees"), Some("0"), Reason::OneSpot);
        }
        if row.count > 1 && row.at == Some(arc.center) {
            let said = format!("[{}, {}]", arc.center[0].get(), arc.center[1].get());
            faults.add(format!("{at}/arc/center"), Some(&said), Reason::OneSpot);
        }
        range(arc.degrees.get(), (-90.0, 90.0), &format!("{at}/arc/degrees"), faults);
    }
}

/// No two seats of a row stand on one spot.
fn positions_once(row: &Row, at: &str, faults: &mut Faults) {
    let mut known = HashMap::with_capacity(row.positions.len());
    for (index, [x, y]) in row.positions.iter().enumerate() {
        // A zero has one sign here.
        let (x, y) = (x.get() + 0.0, y.get() + 0.0);
        if let Some(first) = known.insert((x.to_bits(), y.to_bits()), index) {
            let reason = Reason::Doubled(format!("{at}/positions/{first}"));
            faults.add(format!("{at}/positions/{index}"), Some(&format!("[{x}, {y}]")), reason);
        }
    }
}

fn names_once(layout: &Layout, faults: &mut Faults) {
    let mut known: HashMap<&str, usize> = HashMap::new();
    for (index, section) in layout.sections.iter().enumerate() {
        if let Some(first) = known.insert(&section.name, index) {
            let reason = Reason::Doubled(format!("/sections/{first}"));
            faults.add(format!("/sections/{index}/name"), Some(&section.name), reason);
        }
    }
}

/// All rows, with their places.
fn rows_of(layout: &Layout) -> impl Iterator<Item = (usize, usize, &Row)> {
    layout.sections.iter().enumerate().flat_map(|(section, found)| {
        found.rows.iter().enumerate().map(move |(index, row)| (section, index, row))
    })
}

fn numbers_once(layout: &Layout, faults: &mut Faults) {
    let mut all: Vec<_> = rows_of(layout).collect();
    all.sort_by_key(|(_, _, row)| row.first);
    // The row that reaches farthest so far, and how far.
    let mut reach: Option<(u64, usize, usize)> = None;
    for (section, index, row) in all {
        let last = u64::from(row.first) + u64::from(row.count);
        match reach {
            Some((end, s, r)) if u64::from(row.first) < end => {
                let reason = Reason::Doubled(format!("/sections/{s}/rows/{r}"));
                let pointer = format!("/sections/{section}/rows/{index}/first");
                faults.add(pointer, Some(&row.first.to_string()), reason);
                reach = Some(if last > end { (last, section, index) } else { (end, s, r) });
            }
            _ => reach = Some((last, section, index)),
        }
    }
}

fn labels_once(layout: &Layout, faults: &mut Faults) {
    if faults.total > 0 {
        return;
    }
    let mut known: HashMap<(usize, &str), HashMap<String, usize>> = HashMap::new();
    for (section, index, row) in rows_of(layout) {
        let labels = known.entry((section, &row.label)).or_default();
        let mut doubled = None;
        for at in 0..row.count {
            let label = super::hall::seat_label(row.numbers, &row.labels, at);
            match labels.get(&label) {
                Some(other) => doubled = doubled.or(Some((label, *other))),
                None => drop(labels.insert(label, index)),
            }
        }
        if let Some((label, other)) = doubled {
            let reason = Reason::Doubled(format!("/sections/{section}/rows/{other}"));
            faults.add(format!("/sections/{section}/rows/{index}"), Some(&label), reason);
        }
    }
}

/// A grade that all rows have stands at the section, any other at its rows.
fn place_grades(section: &mut Section) {
    let of_section = section.grade.take();
    for row in &mut section.rows {
        row.grade = row.grade.take().or_else(|| of_section.clone());
    }
    let first = section.rows.first().and_then(|row| row.grade.clone());
    if section.rows.iter().all(|row| row.grade == first) {
        section.grade = first;
        section.rows.iter_mut().for_each(|row| row.grade = None);
    }
}
