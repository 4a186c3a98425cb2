//! Layouts in memory: their texts for whoever asks, their seats for those who ask what one is called; read once from
//! the database, whichever server they were added at. A layout never changes, so nothing here can be behind.

use super::App;
use super::asset::gzip;
use super::lang::Lang;
use super::problem::{Code, Problem};
use super::shelf::{HALL_BYTES_KEPT_MAX, LAYOUT_BYTES_KEPT_MAX, Shelf};
use crate::bulk::Work;
use crate::layout::{Flag, Hall, Label, read_kept};
use crate::read_model::{DateModel, Grades};
use crate::store::Fault;
use boxoffice_core::id::{DateId, LayoutId};
use hyper::body::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::SetOnce;
use utoipa::ToSchema;

/// Seats that are named in the text of a problem; all of them are in its members.
const NAMED_MAX: usize = 8;
/// Bytes up to which a text is compressed at once, in a millisecond or so: it waits behind no other work.
const PACKED_AT_ONCE: usize = 64 * 1024;
/// How long somebody waits for a larger text to be compressed. Then it is sent as it is.
const PACKED_WAIT: Duration = Duration::from_secs(1);

/// A layout's text, as it is kept: whose hash is its id.
pub struct LayoutText {
    /// As it is.
    pub plain: Bytes,
    /// Compressed, once that is done; none where there was no room for it.
    packed: SetOnce<Option<Bytes>>,
}

impl LayoutText {
    /// Compressed, unless that takes too long.
    pub async fn packed(&self) -> Option<Bytes> {
        tokio::time::timeout(PACKED_WAIT, self.packed.wait()).await.ok().cloned().flatten()
    }
}

/// See the module.
pub struct Halls {
    texts: Shelf<LayoutId, Arc<LayoutText>>,
    halls: Shelf<LayoutId, Arc<Hall>>,
}

impl Default for Halls {
    fn default() -> Self {
        Self { texts: Shelf::new(LAYOUT_BYTES_KEPT_MAX), halls: Shelf::new(HALL_BYTES_KEPT_MAX) }
    }
}

/// What the seats of a date are called, and their grades; without a layout they are called nothing.
#[derive(Clone, Default)]
pub struct Names {
    hall: Option<Arc<Hall>>,
    /// Of the date, while it is shown: it knows each seat's grade as it is sold.
    grades: Option<Grades>,
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
    pub const fn hall(&self) -> Option<&Arc<Hall>> {
        self.hall.as_ref()
    }

    /// The same for seats of this date.
    #[must_use]
    pub fn of_date(&self, date: Option<&Arc<DateModel>>) -> Self {
        Self { hall: self.hall.clone(), grades: date.map(|date| date.grades()) }
    }

    /// The grade of a seat: as it is sold or, once the concert is over, as the layout has it.
    #[must_use]
    pub fn grade(&self, number: u32) -> Option<String> {
        let sold = self.grades.as_ref().and_then(|grades| grades.of(number));
        let drawn = || self.hall().and_then(|hall| hall.grade(hall.seat(number)?));
        sold.or_else(drawn).map(str::to_owned)
    }

    /// What a seat is called.
    #[must_use]
    pub fn label(&self, number: u32) -> Option<Label> {
        self.hall.as_ref().and_then(|hall| hall.label(number))
    }

    /// What is special about a seat.
    #[must_use]
    pub fn flags(&self, number: u32) -> Vec<Flag> {
        let seat = self.hall().and_then(|hall| hall.seat(number));
        let is = |flag: &Flag| seat.is_some_and(|seat| seat.has(*flag));
        Flag::ALL.into_iter().filter(is).collect()
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

impl App {
    /// What a layout's row says: the text that its id names.
    async fn layout_row(&self, id: LayoutId) -> Result<String, Problem> {
        let read = self.readers.read(move |reads| {
            let Some(body) = reads.layout(id)? else { return Ok(None) };
            if LayoutId::of(&body) == id {
                return Ok(Some(body));
            }
            Err(Fault::Corrupt(format!("layout {id} has another text")))
        });
        read.await?.ok_or_else(|| Problem::of(Code::LayoutNotFound))
    }

    /// A layout's text. Nothing of it is read: whoever likes may ask for it.
    ///
    /// # Errors
    /// There is none, or the database is not available.
    pub async fn layout_text(&self, id: LayoutId) -> Result<Arc<LayoutText>, Problem> {
        let read = async {
            let plain = Bytes::from(self.layout_row(id).await?);
            // Compressed it is no longer.
            let bytes = 2 * plain.len();
            if plain.len() <= PACKED_AT_ONCE {
                let packed = SetOnce::new_with(Some(gzip(&plain).ok().map(Bytes::from)));
                return Ok((Arc::new(LayoutText { plain, packed }), bytes));
            }
            let text = Arc::new(LayoutText { plain, packed: SetOnce::new() });
            let (app, of) = (self.clone(), Arc::clone(&text));
            // By itself, so that it is done whether who asked first waits for it or not.
            tokio::spawn(async move {
                let plain = of.plain.clone();
                let packed = app.bulk(Work::File, move || gzip(&plain)).await;
                // It is set here alone.
                let _ = of.packed.set(packed.ok().and_then(Result::ok).map(Bytes::from));
            });
            Ok((text, bytes))
        };
        self.halls.texts.get(id, read).await
    }

    /// A layout's seats. A hold may wait for this, so it is read at no lower priority than a hold; who asks is in the
    /// shop or was, or sells.
    ///
    /// # Errors
    /// There is none, or the database is not available.
    pub async fn hall(&self, id: LayoutId) -> Result<Arc<Hall>, Problem> {
        let read = async {
            let body = self.layout_row(id).await?;
            let read = tokio::task::spawn_blocking(move || read_kept(&body)).await;
            let checked = read.map_err(|_| Problem::of(Code::Internal))?;
            let corrupt = |why| Fault::Corrupt(format!("a layout: {why}"));
            let hall = checked.map_err(corrupt)?.hall;
            let bytes = hall.bytes();
            Ok((Arc::new(hall), bytes))
        };
        self.halls.halls.get(id, read).await
    }

    /// What the seats of a date with this layout are called.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn names(&self, layout: Option<LayoutId>) -> Result<Names, Problem> {
        match layout {
            Some(id) => self.hall(id).await.map(|hall| Names { hall: Some(hall), grades: None }),
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
