//! The value that a draw's terms name, which nobody knows before.

use crate::check::is_text;
use crate::id::{ConcertId, QueueId};
use crate::outcome::Outcome;
use crate::refusal::{Field, Refusal};
use crate::rows::event::Happening;
use crate::rows::{Keys, Rows};
use crate::rules::Rule;
use crate::steps::concert::{live, queue_keys};
use crate::steps::event::{of_concert, tell};
use crate::time::Time;

/// Gives the value of the beacon that a draw's terms name.
#[derive(Clone, Debug)]
pub struct SetDraw {
    /// Of which queue.
    pub queue: QueueId,
    /// The value, as its source has published it.
    pub value: String,
}

impl Rule for SetDraw {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.queue.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        queue_keys(self.queue, rows, keys);
    }

    /// Refuses with: concert not found, queue not found, invalid setting (no beacon was named, or this is
    /// no value), sale not open (people may still join who are drawn), already exists (another value was given).
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let id = self.queue.concert;
        let concert = live(rows, id)?.clone();
        let queue = rows.queues.get(&self.queue).ok_or(Refusal::QueueNotFound)?;
        let fits = queue.rule.terms.beacon.is_some() && is_text(&self.value);
        ensure!(fits, Refusal::InvalidSetting { field: Field::Draw });
        let opens_at = queue.opens_at(&concert);
        let before = queue.rule.terms.joined_before.map_or(opens_at, |at| at.min(opens_at));
        let fixed = queue.rule.joined.is_some() || queue.drawn.is_some() || now.reached(before);
        ensure!(fixed, Refusal::SaleNotOpen { opens_at: before });
        let is_new = queue.rule.value.is_none();
        let same = queue.rule.value.as_ref().is_none_or(|given| *given == self.value);
        ensure!(same, Refusal::AlreadyExists);

        if let Some(queue) = rows.queues.update(&self.queue) {
            queue.settle(&concert, now);
            queue.rule.value = Some(self.value.clone());
        }
        if is_new {
            let what =
                Happening::DrawGiven { queue_id: self.queue.name(), value: self.value.clone() };
            tell(rows, of_concert(id), what, now);
        }
        Ok(Outcome::DrawSet { concert_id: id })
    }
}
