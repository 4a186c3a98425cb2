//! How the seats of a date stand: the layout as `docs/HALLS.md` has it, read anew, so that what the server says of it
//! can be checked. It shares no code with the server.

use super::map::Map;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Seats farther apart than so many times the row's usual distance are not beside each other.
const APART: f64 = 1.5;

type Point = [f64; 2];

#[derive(Deserialize)]
struct Document {
    sections: Vec<Section>,
}

#[derive(Deserialize)]
struct Section {
    name: String,
    grade: Option<String>,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    label: String,
    first: u32,
    count: u32,
    grade: Option<String>,
    #[serde(default)]
    numbers: Numbers,
    #[serde(default)]
    labels: Vec<String>,
    at: Option<Point>,
    step: Option<Point>,
    arc: Option<Arc>,
    #[serde(default)]
    positions: Vec<Point>,
    #[serde(default)]
    gaps: Vec<(u32, f64)>,
}

#[derive(Deserialize)]
struct Numbers {
    start: i64,
    step: i64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { start: 1, step: 1 }
    }
}

#[derive(Deserialize)]
struct Arc {
    center: Point,
    degrees: f64,
}

impl Row {
    /// Where its seat of this index, from 0, stands.
    fn place(&self, index: u32) -> Option<Point> {
        if let Some(place) = self.positions.get(usize::try_from(index).ok()?) {
            return Some(*place);
        }
        let passed = self.gaps.iter().filter(|(after, _)| *after <= index);
        let k = f64::from(index) + passed.map(|(_, width)| width).sum::<f64>();
        let [x, y] = self.at?;
        if let Some(Arc { center: [cx, cy], degrees }) = self.arc {
            let (sin, cos) = (k * degrees).to_radians().sin_cos();
            return Some([
                cx + (x - cx) * cos - (y - cy) * sin,
                cy + (x - cx) * sin + (y - cy) * cos,
            ]);
        }
        let [dx, dy] = self.step?;
        Some([x + k * dx, y + k * dy])
    }

    fn name(&self, index: u32) -> String {
        let label = usize::try_from(index).ok().and_then(|index| self.labels.get(index));
        let number = self.numbers.start + self.numbers.step * i64::from(index);
        label.map_or_else(|| number.to_string(), String::clone)
    }
}

/// A seat.
#[derive(Debug, PartialEq, Eq)]
struct Seat {
    /// Section, row and seat as they are said; none without a layout.
    label: Option<[String; 3]>,
    grade: Option<String>,
    /// Which of the runs it is in, and where.
    place: (usize, usize),
}

/// Which seats are asked for, where the server is to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wish {
    /// How many.
    pub count: usize,
    /// Of which grade.
    pub grade: Option<String>,
    /// In which section.
    pub section: Option<String>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Seating {
    seats: BTreeMap<u32, Seat>,
    /// Seats beside each other in one row, in its order.
    runs: Vec<Vec<u32>>,
    /// Grades and sections that can be asked for.
    pub grades: Vec<String>,
    /// Names, in the order of the layout.
    pub sections: Vec<String>,
}

impl Seating {
    /// Without a layout: numbers that follow each other are together.
    pub fn numbered(seats: u32) -> Self {
        let mut seating = Self::default();
        let seat = |number| (number, Seat { label: None, grade: None, place: (0, 0) });
        seating.seats = (1..=seats).map(seat).collect();
        seating.add_run((1..=seats).collect());
        seating
    }

    /// Of a layout's text; `None` where it is none.
    pub fn read(text: &[u8]) -> Option<Self> {
        let document: Document = serde_json::from_slice(text).ok()?;
        let (mut seating, mut grades) = (Self::default(), BTreeSet::new());
        for section in document.sections {
            let mut rows: BTreeMap<&str, Vec<(u32, Point)>> = BTreeMap::new();
            for row in &section.rows {
                let grade = row.grade.as_ref().or(section.grade.as_ref());
                grades.extend(grade.cloned());
                for index in 0..row.count {
                    let number = row.first.checked_add(index)?;
                    let label = [section.name.clone(), row.label.clone(), row.name(index)];
                    let seat = Seat { label: Some(label), grade: grade.cloned(), place: (0, 0) };
                    seating.seats.insert(number, seat);
                    rows.entry(&row.label).or_default().push((number, row.place(index)?));
                }
            }
            rows.values().for_each(|row| seating.cut(row));
            seating.sections.push(section.name);
        }
        seating.grades = grades.into_iter().collect();
        Some(seating)
    }

    /// A row, cut where its seats are farther apart than usual.
    fn cut(&mut self, row: &[(u32, Point)]) {
        let far = |a: Point, b: Point| (a[0] - b[0]).hypot(a[1] - b[1]);
        let mut steps: Vec<f64> = row.windows(2).map(|two| far(two[0].1, two[1].1)).collect();
        steps.sort_by(f64::total_cmp);
        let usual = steps.get(steps.len() / 2).copied().unwrap_or(0.0);
        for run in row.chunk_by(|a, b| far(a.1, b.1) <= usual * APART) {
            self.add_run(run.iter().map(|(number, _)| *number).collect());
        }
    }

    fn add_run(&mut self, run: Vec<u32>) {
        for (at, number) in run.iter().enumerate() {
            if let Some(seat) = self.seats.get_mut(number) {
                seat.place = (self.runs.len(), at);
            }
        }
        self.runs.push(run);
    }

    /// What is wrong with how an answer calls seats (its `seats`); also where it says no grade or the right one.
    pub fn wrong_names(&self, told: &Value) -> Option<String> {
        for seat in told.as_array()? {
            let number = seat["seat_number"].as_u64().and_then(|number| u32::try_from(number).ok());
            let Some(known) = number.and_then(|number| self.seats.get(&number)) else {
                return Some(format!("there is no seat {}", seat["seat_number"]));
            };
            let said = ["section", "row", "seat"].map(|part| seat["label"][part].as_str());
            let expected = known.label.as_ref().map(|label| label.each_ref().map(String::as_str));
            if said != expected.map_or([None; 3], |label| label.map(Some)) {
                return Some(format!("it calls seat {number:?} {said:?}, and it is {expected:?}"));
            }
            let grade = seat["grade"].as_str();
            if known.label.is_some() && grade.is_some() && grade != known.grade.as_deref() {
                return Some(format!("seat {number:?} is not of grade {grade:?}"));
            }
        }
        None
    }

    /// What is wrong with seats that were given for a wish: as many, beside each other in one row, of the grade and the
    /// section that was asked for.
    pub fn wrong_best(&self, wish: &Wish, given: &[u32]) -> Option<String> {
        let unlike = |number: &&u32| !self.fits(**number, wish);
        if let Some(other) = given.iter().find(unlike) {
            return Some(format!("seat {other} is not what was asked for: {wish:?}"));
        }
        let places: BTreeSet<(usize, usize)> =
            given.iter().filter_map(|number| Some(self.seats.get(number)?.place)).collect();
        if places.len() != wish.count || given.len() != wish.count {
            return Some(format!("{} seats were asked for, and {given:?} given", wish.count));
        }
        let (first, last) = (places.first()?, places.last()?);
        let together = first.0 == last.0 && last.1 - first.1 + 1 == wish.count;
        (!together).then(|| format!("seats {given:?} are not together in one row"))
    }

    fn fits(&self, number: u32, wish: &Wish) -> bool {
        let Some(seat) = self.seats.get(&number) else { return false };
        let section = seat.label.as_ref().map(|label| &label[0]);
        wish.grade.as_ref().is_none_or(|grade| seat.grade.as_ref() == Some(grade))
            && wish.section.as_ref().is_none_or(|wanted| section == Some(wanted))
    }

    /// Whether seats that fit a wish stand together, of those that were free.
    pub fn has(&self, wish: &Wish, was_free: impl Fn(u32) -> bool) -> bool {
        let is = |number: &u32| was_free(*number) && self.fits(*number, wish);
        let longest = |run: &Vec<u32>| {
            run.chunk_by(|a, b| is(a) && is(b))
                .filter(|part| part.first().is_some_and(is))
                .map(<[u32]>::len)
                .max()
        };
        self.runs.iter().filter_map(longest).any(|seats| seats >= wish.count)
    }

    /// So many free seats together, of the first row that has them, from this one on (counted round); as many as there
    /// are where no row has so many.
    pub fn pick(&self, map: &Map, from: usize, count: usize) -> Vec<u32> {
        let mut best: &[u32] = &[];
        let from = from % self.runs.len().max(1);
        for run in self.runs.iter().cycle().skip(from).take(self.runs.len()) {
            let parts = run.chunk_by(|a, b| map.is_free(*a) && map.is_free(*b));
            for part in parts.filter(|part| part.first().is_some_and(|seat| map.is_free(*seat))) {
                if part.len() >= count {
                    return part[..count].to_vec();
                }
                if part.len() > best.len() {
                    best = part;
                }
            }
        }
        best.to_vec()
    }

    /// How many rows, or parts of rows between aisles, there are.
    pub fn rows(&self) -> usize {
        self.runs.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use serde_json::json;

    /// Row 1 of two pieces (3 1 | 2 4) on a circle, grade R; row 2 with an aisle in its middle, grade S; section B.
    fn seating() -> Seating {
        let row = |label: &str, first: u32, grade: &str| json!({ "label": label, "first": first, "count": 4, "grade": grade, "at": [100, 300], "step": [55, 0] });
        let mut second = row("2", 11, "S");
        second["gaps"] = json!([[2, 2]]);
        let arc = json!({ "center": [0, 0], "degrees": -5 });
        let piece = |first: u32, at: Value, start: i32, step: i32| {
            json!({ "label": "1", "first": first, "count": 2, "grade": "R", "at": at, "arc": arc,
                "numbers": { "start": start, "step": step } })
        };
        // Seat 3 stands 5 degrees on from seat 2.
        let (sin, cos) = 10_f64.to_radians().sin_cos();
        let pieces =
            [piece(1, json!([0, 600]), 3, -2), piece(3, json!([600.0 * sin, 600.0 * cos]), 2, 2)];
        let a = json!({ "name": "A", "rows": [pieces[0], second, pieces[1]] });
        let b = json!({ "name": "B", "grade": "S", "rows": [
            { "label": "2", "first": 21, "count": 2, "labels": ["x", "y"], "positions": [[0, 0], [9, 9]] }] });
        Seating::read(json!({ "sections": [a, b] }).to_string().as_bytes()).unwrap()
    }

    fn wish(count: usize, grade: Option<&str>, section: Option<&str>) -> Wish {
        Wish { count, grade: grade.map(str::to_owned), section: section.map(str::to_owned) }
    }

    /// Seats in another row, over an aisle, of another grade or section, too many or too few are found wrong.
    #[test]
    fn an_answer_that_gives_other_seats_is_found_wrong() {
        let seating = seating();
        assert_eq!(
            (seating.grades.join(" "), seating.sections.join(" ")),
            ("R S".into(), "A B".into())
        );
        for (count, grade, section, given, wrong) in [
            (2, None, None, &[1, 2][..], false),
            // Of two pieces of a row, and named in any order.
            (2, None, None, &[3, 2], false),
            (4, Some("R"), Some("A"), &[1, 2, 3, 4], false),
            (2, None, Some("B"), &[21, 22], false),
            (2, None, None, &[1, 3], true),
            (2, None, None, &[4, 11], true),
            (2, None, None, &[13, 21], true),
            (2, None, None, &[12, 13], true),
            (2, Some("R"), None, &[11, 12], true),
            (2, None, Some("B"), &[1, 2], true),
            (2, None, None, &[1], true),
            (2, None, None, &[1, 2, 3], true),
            (2, None, None, &[1, 1], true),
            (1, None, None, &[99], true),
        ] {
            let found = seating.wrong_best(&wish(count, grade, section), given);
            assert_eq!(found.is_some(), wrong, "{given:?}: {found:?}");
        }
        let numbered = Seating::numbered(3);
        assert_eq!(numbered.wrong_best(&wish(2, None, None), &[2, 3]), None);
        assert!(numbered.wrong_best(&wish(2, None, None), &[1, 3]).is_some());
    }

    #[test]
    fn a_wrong_label_or_grade_is_found() {
        let seating = seating();
        let said = |number: u32, section: &str, row: &str, seat: &str| json!([{ "seat_number": number, "label": { "section": section, "row": row, "seat": seat } }]);
        for right in [
            said(1, "A", "1", "3"),
            said(2, "A", "1", "1"),
            said(4, "A", "1", "4"),
            said(13, "A", "2", "3"),
            said(22, "B", "2", "y"),
        ] {
            assert_eq!(seating.wrong_names(&right), None);
        }
        let mut graded = said(1, "A", "1", "3");
        graded[0]["grade"] = "R".into();
        assert_eq!(seating.wrong_names(&graded), None);
        graded[0]["grade"] = "S".into();
        for wrong in [
            said(1, "A", "1", "1"),
            said(1, "A", "2", "3"),
            said(1, "B", "1", "3"),
            said(99, "A", "1", "1"),
            json!([{ "seat_number": 1 }]),
            graded,
        ] {
            assert!(seating.wrong_names(&wrong).is_some(), "{wrong}");
        }
        let numbered = Seating::numbered(3);
        assert_eq!(numbered.wrong_names(&json!([{ "seat_number": 1, "grade": "VIP" }])), None);
        assert!(numbered.wrong_names(&said(1, "A", "1", "3")).is_some());
    }

    /// Seats together are picked of the map; a refusal is wrong where so many that fit were free.
    #[test]
    fn seats_together_are_found() {
        let (seating, mut map) = (seating(), Map::default());
        // Of 1 to 4, 11 to 14, 21, 22 these are free: 2, 3, 4, 11, 13, 14, 21.
        let states =
            base64::prelude::BASE64_STANDARD.encode([0b0100_0000, 0b0001_0000, 0b0001_0000]);
        let zones = json!([{ "seats": [[1, 4], [11, 14], [21, 22]] }]);
        let whole = json!({ "version": "a", "complete": true, "zones": zones, "states": states });
        map.read(whole.to_string().as_bytes()).unwrap();
        let last = seating.rows() - 1;
        assert_eq!(
            (seating.pick(&map, 0, 2), seating.pick(&map, 0, 9)),
            (vec![2, 3], vec![2, 3, 4])
        );
        assert_eq!(
            (seating.pick(&map, last, 1), seating.pick(&map, 1, 2)),
            (vec![21], vec![13, 14])
        );
        let free = |number: u32| map.is_free(number);
        for (count, grade, section, has) in [
            (3, None, None, true),
            (4, None, None, false),
            (2, Some("S"), None, true),
            (3, Some("S"), None, false),
            (1, None, Some("B"), true),
            (2, None, Some("B"), false),
            (1, Some("R"), Some("B"), false),
        ] {
            assert_eq!(seating.has(&wish(count, grade, section), free), has, "{count} {grade:?}");
        }
    }
}
