//! Adding the layout of a hall.

use crate::id::{ConcertId, LayoutId};
use crate::limits::{LAYOUT_BYTES_MAX, SEATS_PER_DATE_MAX};
use crate::outcome::Outcome;
use crate::refusal::{Field, Refusal};
use crate::rows::layout::Layout;
use crate::rows::{Keys, Rows, want};
use crate::rules::Rule;
use crate::time::Time;

/// Adds a layout; adding it twice is adding it once.
#[derive(Clone, Debug)]
pub struct AddLayout {
    layout: LayoutId,
    body: String,
    seat_count: u64,
}

impl AddLayout {
    /// The layout with this text and so many seats; the caller has read the text, and wrote it in its one form.
    #[must_use]
    pub fn of(body: String, seat_count: u64) -> Self {
        Self { layout: LayoutId::of(&body), body, seat_count }
    }

    /// Which layout it is.
    #[must_use]
    pub const fn layout(&self) -> LayoutId {
        self.layout
    }
}

impl Rule for AddLayout {
    fn concert(&self) -> Option<ConcertId> {
        None
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        want(&mut keys.layouts, &rows.layouts, self.layout);
    }

    /// Refuses with: invalid setting.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let seats = usize::try_from(self.seat_count).unwrap_or(usize::MAX);
        let fits = (1..=LAYOUT_BYTES_MAX).contains(&self.body.len())
            && (1..=SEATS_PER_DATE_MAX).contains(&seats);
        ensure!(fits, Refusal::InvalidSetting { field: Field::Layout });

        if rows.layouts.get(&self.layout).is_none() {
            let (body, seat_count) = (self.body.clone(), self.seat_count);
            rows.layouts.insert(self.layout, Layout { body, seat_count, created_at: now });
        }
        Ok(Outcome::LayoutAdded { layout_id: self.layout })
    }
}
