//! Layouts in memory: read once from the database, whichever server they were added at, and what seats are
//! called by them. A layout never changes, so nothing here can be behind.

use super::App;
use super::asset::gzip;
use super::lang::Lang;
use super::problem::{Code, Problem};
use crate::layout::{Hall, Label, read_kept};
use crate::read_model::DateModel;
use crate::store::Fault;
use boxoffice_core::id::{DateId, LayoutId};
use hyper::body::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;

/// Seats of all layouts that are kept in memory; beyond it, those that were not asked for longest leave.
pub const SEATS_KEPT_MAX: usize = 500_000;
/// Layouts that are kept in memory.
pub const HALLS_KEPT_MAX: usize = 500;
/// Seats that are named in the text of a problem; all of them are in its members.
const NAMED_MAX: usize = 8;

/// A layout as it is kept.
pub struct KeptHall {
    /// Its seats.
    pub hall: Arc<Hall>,
    /// Its text.
    pub plain: Bytes,
    /// Its text, compressed.
    pub gzip: Bytes,
}

impl KeptHall {
    fn of(id: LayoutId, body: String) -> Result<Self, Fault> {
        let checked = read_kept(&body).map_err(|why| Fault::Corrupt(format!("a layout: {why}")))?;
        if checked.id != id {
            return Err(Fault::Corrupt(format!("layout {id} has another text")));
        }
        let gzip = gzip(body.as_bytes()).map_err(|why| Fault::Corrupt(why.to_string()))?;
        Ok(Self { hall: Arc::new(checked.hall), plain: body.into(), gzip: gzip.into() })
    }
}

#[derive(Default)]
struct Shelf {
    /// Each with when it was last asked for.
    halls: HashMap<LayoutId, (Arc<KeptHall>, u64)>,
    asked: u64,
    seats: usize,
}

impl Shelf {
    fn get(&mut self, id: LayoutId) -> Option<Arc<KeptHall>> {
        self.asked += 1;
        let (hall, last) = self.halls.get_mut(&id)?;
        *last = self.asked;
        Some(Arc::clone(hall))
    }

    fn put(&mut self, id: LayoutId, hall: Arc<KeptHall>) {
        let seats = hall.hall.seats().len();
        while self.seats + seats > SEATS_KEPT_MAX || self.halls.len() >= HALLS_KEPT_MAX {
            let oldest = self.halls.iter().min_by_key(|(_, (_, last))| *last).map(|(id, _)| *id);
            let Some((gone, _)) = oldest.and_then(|id| self.halls.remove(&id)) else { break };
            self.seats -= gone.hall.seats().len();
        }
        self.seats += seats;
        self.asked += 1;
        if let Some((before, _)) = self.halls.insert(id, (hall, self.asked)) {
            self.seats -= before.hall.seats().len();
        }
    }
}

/// See the module.
#[derive(Default)]
pub struct Halls {
    shelf: Mutex<Shelf>,
    /// Held by who reads one that is not there, so that the others find it.
    filling: tokio::sync::Mutex<()>,
}

impl Halls {
    fn get(&self, id: LayoutId) -> Option<Arc<KeptHall>> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner).get(id)
    }
}

/// What the seats of a date are called, and their grades; without a layout they are called nothing.
#[derive(Clone, Default)]
pub struct Names {
    hall: Option<Arc<Hall>>,
    /// The date, while it is shown: it knows each seat's grade as it is sold.
    date: Option<Arc<DateModel>>,
}

/// A seat with what it is called.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeatName {
    seat_number: u32,
    /// What it is called, where its date has a layout.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    label: Option<Label>,
}

impl Names {
    /// The hall that has them.
    #[must_use]
    pub fn hall(&self) -> Option<&Hall> {
        self.hall.as_deref()
    }

    /// The same for seats of this date.
    #[must_use]
    pub fn of_date(&self, date: Option<&Arc<DateModel>>) -> Self {
        Self { hall: self.hall.clone(), date: date.cloned() }
    }

    /// The grade of a seat: as it is sold or, once the concert is over, as the layout has it.
    #[must_use]
    pub fn grade(&self, number: u32) -> Option<String> {
        let sold = self.date.as_ref().and_then(|date| date.grade(number));
        let drawn = || self.hall().and_then(|hall| hall.grade(hall.seat(number)?));
        sold.or_else(|| drawn().map(str::to_owned))
    }

    /// What a seat is called.
    #[must_use]
    pub fn label(&self, number: u32) -> Option<Label> {
        self.hall.as_ref().and_then(|hall| hall.label(number))
    }

    /// Seats with what they are called.
    #[must_use]
    pub fn all(&self, numbers: &[u32]) -> Vec<SeatName> {
        let one = |number: &u32| SeatName { seat_number: *number, label: self.label(*number) };
        numbers.iter().map(one).collect()
    }

    /// The problem with what the seats are called that it names: in its members, and in words.
    #[must_use]
    pub fn told(&self, problem: Problem) -> Problem {
        let numbers: Vec<u32> = problem.seat_numbers();
        let labels: Vec<(u32, Label)> =
            numbers.iter().filter_map(|number| Some((*number, self.label(*number)?))).collect();
        if labels.is_empty() {
            return problem;
        }
        let entry = problem.code().entry();
        let said = |lang: Lang| {
            let say = |(_, label): &(u32, Label)| match lang {
                Lang::En => label.en(),
                Lang::Ko => label.ko(),
            };
            let few: Vec<String> = labels.iter().take(NAMED_MAX).map(say).collect();
            let more = labels.len() - few.len();
            match lang {
                Lang::En if more > 0 => {
                    format!("{} They are: {}, and {more} more.", entry.en, few.join("; "))
                }
                Lang::En if labels.len() == 1 => format!("{} It is: {}.", entry.en, few.join("; ")),
                Lang::En => format!("{} They are: {}.", entry.en, few.join("; ")),
                Lang::Ko if more > 0 => {
                    format!("{} 해당 좌석: {} 외 {more}석.", entry.ko, few.join(", "))
                }
                Lang::Ko => format!("{} 해당 좌석: {}.", entry.ko, few.join(", ")),
            }
        };
        let list: Vec<Value> = labels
            .iter()
            .map(|(number, label)| json!({ "seat_number": number, "label": label }))
            .collect();
        problem.with("seat_labels", list).in_words("detail", said(Lang::En), said(Lang::Ko))
    }
}

impl From<&Arc<KeptHall>> for Names {
    fn from(kept: &Arc<KeptHall>) -> Self {
        Self { hall: Some(Arc::clone(&kept.hall)), date: None }
    }
}

impl App {
    /// A layout.
    ///
    /// # Errors
    /// There is none, or the database is not available.
    pub async fn hall(&self, id: LayoutId) -> Result<Arc<KeptHall>, Problem> {
        if let Some(hall) = self.halls.get(id) {
            return Ok(hall);
        }
        let _filling = self.halls.filling.lock().await;
        if let Some(hall) = self.halls.get(id) {
            return Ok(hall);
        }
        let read = self.readers.read(move |reads| {
            let body = reads.layout(id)?;
            body.map(|body| KeptHall::of(id, body).map(Arc::new)).transpose()
        });
        let hall = read.await?.ok_or_else(|| Problem::of(Code::LayoutNotFound))?;
        let mut shelf = self.halls.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.put(id, Arc::clone(&hall));
        Ok(hall)
    }

    /// What the seats of a date with this layout are called.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn names(&self, layout: Option<LayoutId>) -> Result<Names, Problem> {
        match layout {
            Some(id) => self.hall(id).await.map(|hall| Names::from(&hall)),
            None => Ok(Names::default()),
        }
    }

    /// The same of several layouts.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn names_of(
        &self,
        layouts: impl IntoIterator<Item = Option<LayoutId>>,
    ) -> Result<BTreeMap<Option<LayoutId>, Names>, Problem> {
        let layouts: BTreeSet<Option<LayoutId>> = layouts.into_iter().collect();
        let mut all = BTreeMap::new();
        for layout in layouts {
            all.insert(layout, self.names(layout).await?);
        }
        Ok(all)
    }

    /// The layout of a date, shown or over; none where it has none, or there is no such date.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn layout_of(&self, date: DateId) -> Result<Option<LayoutId>, Problem> {
        if let Some(shown) = self.read_model.date(date) {
            return Ok(shown.layout);
        }
        let dates = BTreeSet::from([date]);
        let found = self.readers.read(move |reads| reads.performances(&dates)).await?;
        Ok(found.get(&date).and_then(|(row, _)| row.layout))
    }

    /// What the seats of a date are called.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn names_at(&self, date: DateId) -> Result<Names, Problem> {
        let layout = self.layout_of(date).await?;
        let names = self.names(layout).await?;
        Ok(names.of_date(self.read_model.date(date).as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{Cm, Layout, Row, Section, check};

    fn hall(name: &str, count: u32) -> (LayoutId, Arc<KeptHall>) {
        let place = |x: f64| Some([Cm::of(x), Cm::of(10.0)]);
        let row = Row { label: "1".into(), first: 1, count, at: place(1.0), ..Row::default() };
        let row = Row { step: Some([Cm::of(0.001), Cm::of(0.0)]), ..row };
        let section = Section {
            name: "A".into(),
            grade: None,
            focus: None,
            outline: vec![],
            rows: vec![row],
        };
        let layout = Layout {
            layout: 1,
            name: name.into(),
            width: Cm::of(1_000.0),
            height: Cm::of(100.0),
            seat: Cm::of(50.0),
            areas: vec![],
            sections: vec![section],
        };
        let checked = check(layout).unwrap();
        (checked.id, Arc::new(KeptHall::of(checked.id, checked.body).unwrap()))
    }

    /// What was not asked for longest leaves; what is kept is bounded by its seats.
    #[test]
    fn what_is_kept_is_bounded() {
        let mut shelf = Shelf::default();
        let halls: Vec<_> = (0..6).map(|n| hall(&format!("hall {n}"), 100_000)).collect();
        for (id, kept) in &halls[..5] {
            shelf.put(*id, Arc::clone(kept));
        }
        assert_eq!((shelf.halls.len(), shelf.seats), (5, SEATS_KEPT_MAX));
        assert!(shelf.get(halls[0].0).is_some());
        shelf.put(halls[5].0, Arc::clone(&halls[5].1));
        assert_eq!((shelf.halls.len(), shelf.seats), (5, SEATS_KEPT_MAX));
        assert!(shelf.get(halls[0].0).is_some() && shelf.get(halls[1].0).is_none());
        shelf.put(halls[0].0, Arc::clone(&halls[0].1));
        assert!(shelf.seats <= SEATS_KEPT_MAX, "{}", shelf.seats);
    }
}
