//! The seats of a date whose hall has a layout: which there are, by the layout; what each costs, by its grade.

use super::App;
use super::admin::{NewDateBody, seats_of};
use super::problem::{Code, Problem};
use super::setting::{Faults, Reason};
use crate::layout::Hall;
use crate::text;
use boxoffice_core::concert::{NewDate, NewSeat};
use boxoffice_core::id::LayoutId;
use boxoffice_core::limits::PRICE_MAX;
use boxoffice_core::money::Money;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Formatter;
use std::sync::Arc;

/// Grades of a layout are few; prices that are none of them are told, so many at most.
const PRICES_MAX: usize = 1_000;

/// The layouts that dates name, by their ids.
#[derive(Default)]
pub struct Layouts(BTreeMap<LayoutId, Arc<Hall>>);

/// Reads what grades cost. Their names have the form of other texts, and each stands once, as members do.
struct Prices;

impl<'de> Visitor<'de> for Prices {
    type Value = BTreeMap<String, i64>;

    fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut prices = BTreeMap::new();
        while let Some((grade, price)) = members.next_entry::<String, i64>()? {
            let grade = text::plain(&grade).unwrap_or(grade);
            if prices.contains_key(&grade) {
                return Err(Error::custom(format_args!("duplicate field `{grade}`")));
            }
            prices.insert(grade, price);
        }
        Ok(prices)
    }
}

/// For a member that says what grades cost, where it is there.
pub fn prices<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<BTreeMap<String, i64>>, D::Error> {
    deserializer.deserialize_map(Prices).map(Some)
}

fn named(body: &NewDateBody) -> Option<Result<LayoutId, Problem>> {
    let text = body.layout.as_deref()?;
    Some(LayoutId::parse(text).ok_or_else(|| Problem::of(Code::LayoutNotFound)))
}

impl Layouts {
    /// Those of these dates.
    ///
    /// # Errors
    /// There is no such layout, or the database is not available.
    pub async fn of(app: &App, dates: &[NewDateBody]) -> Result<Self, Problem> {
        let mut all = BTreeMap::new();
        for id in dates.iter().filter_map(named).collect::<Result<BTreeSet<_>, _>>()? {
            all.insert(id, app.hall(id).await?);
        }
        Ok(Self(all))
    }

    fn get(&self, body: &NewDateBody) -> Option<(LayoutId, &Arc<Hall>)> {
        let id = body.layout.as_deref().and_then(LayoutId::parse)?;
        self.0.get(&id).map(|hall| (id, hall))
    }

    /// Seats that a date gets from its layout.
    pub fn count(&self, body: &NewDateBody) -> Option<usize> {
        self.get(body).map(|(_, hall)| hall.seats().len())
    }

    /// What is wrong with a date's layout, prices and seats together.
    pub fn faults(&self, body: &NewDateBody, at: &str, faults: &mut Faults) {
        let Some((_, hall)) = self.get(body) else {
            if body.prices.is_some() {
                faults.add(format!("{at}/prices"), "prices".into(), Reason::NeedsLayout);
            }
            return;
        };
        if body.seats.is_empty() {
            price_faults(hall, body, at, faults);
        } else {
            if body.prices.is_some() {
                faults.add(format!("{at}/prices"), "prices".into(), Reason::Either("seats"));
            }
            seat_faults(hall, body, at, faults);
        }
    }

    /// The seats of a date, and its layout.
    ///
    /// # Errors
    /// They do not agree; see [`Layouts::faults`].
    pub fn seats(&self, body: &NewDateBody) -> Result<(Vec<NewSeat>, Option<LayoutId>), Problem> {
        let one = body.prices.is_none() || (body.seats.is_empty() && body.layout.is_some());
        if !one {
            return Err(Problem::of(Code::InvalidBody).with("field", "prices"));
        }
        let Some((id, hall)) = self.get(body) else { return Ok((seats_of(&body.seats)?, None)) };
        let disagree = || Problem::of(Code::InvalidBody).with("field", "layout");
        if !body.seats.is_empty() {
            let seats = seats_of(&body.seats)?;
            return if agrees(hall, &seats) { Ok((seats, Some(id))) } else { Err(disagree()) };
        }
        let prices = body.prices.as_ref().ok_or_else(disagree)?;
        let priced = |seat: &crate::layout::Seat| {
            let zone = hall.grade(seat)?;
            let price = Money(*prices.get(zone)?);
            Some(NewSeat { number: seat.number, zone: zone.to_owned(), price })
        };
        let seats: Option<Vec<NewSeat>> = hall.seats().iter().map(priced).collect();
        let known: BTreeSet<&str> = hall.grades().into_keys().flatten().collect();
        let only = prices.keys().all(|grade| known.contains(grade.as_str()));
        let seats = seats.filter(|_| only).ok_or_else(disagree)?;
        Ok((seats, Some(id)))
    }
}

/// The date with this layout, whose seats its own must be.
///
/// # Errors
/// There is no such layout, it has other seats, or the database is not available.
pub async fn of_layout(app: &App, date: NewDate, layout: Option<&str>) -> Result<NewDate, Problem> {
    let Some(text) = layout else { return Ok(date) };
    let id = LayoutId::parse(text).ok_or_else(|| Problem::of(Code::LayoutNotFound))?;
    let agree = agrees(&*app.hall(id).await?, &date.seats);
    let disagree = || {
        let en = "the seats of the file are not those of the layout, in their grades";
        let ko = "파일의 좌석이나 등급이 좌석 배치도와 다릅니다";
        Problem::of(Code::InvalidFile).with("field", "layout").in_words("reason", en, ko)
    };
    if agree { Ok(NewDate { layout: Some(id), ..date }) } else { Err(disagree()) }
}

/// Whether these are just the seats of the layout, each in its grade where it has one.
fn agrees(hall: &Hall, seats: &[NewSeat]) -> bool {
    let fits = |seat: &NewSeat| {
        let found = hall.seat(seat.number);
        found.is_some_and(|found| hall.grade(found).is_none_or(|grade| grade == seat.zone))
    };
    seats.len() == hall.seats().len() && seats.iter().all(fits)
}

/// Each grade has a price, and each price a grade.
fn price_faults(hall: &Hall, body: &NewDateBody, at: &str, faults: &mut Faults) {
    let none = BTreeMap::new();
    let prices = body.prices.as_ref().unwrap_or(&none);
    let grades = hall.grades();
    for (grade, seats) in &grades {
        match grade {
            None => {
                faults.add(format!("{at}/layout"), (*seats).into(), Reason::NoGrade);
            }
            Some(grade) if !prices.contains_key(*grade) => {
                faults.add(format!("{at}/prices"), (*grade).into(), Reason::NoPrice);
            }
            Some(_) => {}
        }
    }
    for (grade, price) in prices.iter().take(PRICES_MAX) {
        let pointer = format!("{at}/prices/{}", text::printable(grade, 60));
        if !grades.contains_key(&Some(grade.as_str())) {
            let shown = text::printable(grade, 60);
            faults.add(pointer, shown.into(), Reason::NotOfLayout);
        } else if !(0..=PRICE_MAX.0).contains(price) {
            faults.add(pointer, (*price).into(), Reason::Range(0, PRICE_MAX.0));
        }
    }
}

/// Ranges that the layout does not have, or has in another grade; then what is missing.
fn seat_faults(hall: &Hall, body: &NewDateBody, at: &str, faults: &mut Faults) {
    let mut named: usize = 0;
    for (index, range) in body.seats.iter().enumerate() {
        let from = hall.seats().partition_point(|seat| seat.number < range.from);
        let to = hall.seats().partition_point(|seat| seat.number <= range.to);
        let found = hall.seats().get(from..to).unwrap_or_default();
        named += found.len();
        let asked = u64::from(range.to.saturating_sub(range.from)) + 1;
        let at = format!("{at}/seats/{index}");
        if range.from <= range.to && u64::try_from(found.len()).ok() != Some(asked) {
            faults.add(at, range.from.into(), Reason::NotOfLayout);
        } else if let Some(other) =
            found.iter().find(|seat| hall.grade(seat).is_some_and(|grade| grade != range.zone))
        {
            faults.add(format!("{at}/zone"), other.number.into(), Reason::OtherGrade);
        }
    }
    if named < hall.seats().len() {
        let missing = hall.seats().len() - named;
        faults.add(format!("{at}/seats"), missing.into(), Reason::SeatsMissing(missing));
    }
}
