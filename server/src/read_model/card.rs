//! What everybody is told of a concert in the list, as JSON that is written once, and again when something of it has
//! changed: the list is asked for by whoever comes, and names a hundred concerts.

use super::{ConcertModel, Span, Stock};
use boxoffice_core::concert::Concert;
use boxoffice_core::time::Time;
use serde_json::value::RawValue;
use std::sync::{Arc, Mutex, PoisonError};

/// All that a card is written from.
pub struct Facts {
    /// The row.
    pub row: Arc<Concert>,
    /// The seats that can be had, as of the last count.
    pub stock: Stock,
    /// Dates and prices in short, as of the last count.
    pub span: Option<Span>,
    /// Which of the row's times are reached: of opening, of closing, of the announced end.
    reached: [bool; 3],
}

impl Facts {
    fn of(concert: &ConcertModel, now: Time) -> Self {
        let row = concert.row();
        let times = [Some(row.opens_at()), row.closes_at(), row.end()];
        let reached = times.map(|time| time.is_some_and(|time| now.reached(time)));
        Self { row, stock: concert.stock(), span: concert.span(), reached }
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.row, &other.row)
            && (self.stock, self.span, self.reached) == (other.stock, other.span, other.reached)
    }
}

/// The card as it was written last.
#[derive(Default)]
pub(super) struct Card(Mutex<Option<(Facts, Arc<RawValue>)>>);

impl ConcertModel {
    /// Its card at `now`. `write` writes it, from nothing but the facts.
    pub fn card(&self, now: Time, write: impl FnOnce(&Facts) -> Box<RawValue>) -> Arc<RawValue> {
        let facts = Facts::of(self, now);
        let mut card = self.card.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, written)) = card.as_ref().filter(|(of, _)| of.is(&facts)) {
            return Arc::clone(written);
        }
        let written: Arc<RawValue> = write(&facts).into();
        *card = Some((facts, Arc::clone(&written)));
        written
    }
}
