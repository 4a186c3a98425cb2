//! Who is drawn, and from what: the moment by which they have joined, and a value that nobody knows
//! before.

use super::QueueState;
use crate::concert::Concert;
use crate::draw::{Draw, SEED_BYTES, mixed};
use crate::id::ConcertId;
use crate::limits::NAME_CHARS_MAX;
use crate::outcome::Outcome;
use crate::refusal::{Field, Refusal};
use crate::rows::Rows;
use crate::time::Time;

/// What is said of a draw beforehand, when the concert is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DrawTerms {
    /// Only those who joined before this are drawn, those after them stand behind in the order of joining;
    /// `None`: the opening.
    pub joined_before: Option<Time>,
    /// Which value of which public source is mixed in, in words; `None`: none is.
    pub beacon: Option<String>,
}

fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= NAME_CHARS_MAX
}

impl DrawTerms {
    pub(crate) fn check(&self, opens_at: Time) -> Result<(), Refusal> {
        let before = self.joined_before.is_none_or(|before| before <= opens_at);
        let text = self.beacon.as_deref().is_none_or(is_text);
        ensure!(before && text, Refusal::InvalidSetting { field: Field::Draw });
        Ok(())
    }
}

/// The terms of a draw, and what has come of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DrawRule {
    /// As they were published.
    pub terms: DrawTerms,
    /// How many had joined by the moment of the terms: noted by the first who comes after it, so that
    /// `None` is all.
    pub joined: Option<u64>,
    /// The value of the beacon, once it is given.
    pub value: Option<String>,
}

impl DrawRule {
    /// What the order is drawn from; `None` while the beacon's value is not known.
    fn seed(&self, seed: &[u8; SEED_BYTES]) -> Option<[u8; SEED_BYTES]> {
        match (&self.terms.beacon, &self.value) {
            (None, _) => Some(*seed),
            (Some(_), value) => value.as_deref().map(|value| mixed(seed, value)),
        }
    }

    fn waits_for_value(&self) -> bool {
        self.terms.beacon.is_some() && self.value.is_none()
    }
}

impl QueueState {
    /// The order of service, once it is drawn: at the opening, or when the beacon's value is given.
    #[must_use]
    pub fn draw(&self) -> Option<Draw> {
        let count = self.drawn.filter(|_| self.is_drawn())?;
        let seed = self.rule.seed(&self.seed).unwrap_or(self.seed);
        Some(Draw::new(&seed, count))
    }

    /// Whether the order is drawn. Without anybody to draw it needs no value.
    #[must_use]
    pub fn is_drawn(&self) -> bool {
        self.drawn.is_some_and(|count| count == 0 || !self.rule.waits_for_value())
    }

    /// Whether the sale has opened and nobody is let in, since the beacon's value is not given.
    #[must_use]
    pub fn awaits_value(&self) -> bool {
        self.drawn.is_some() && !self.is_drawn()
    }

    /// The order that would be drawn now.
    pub(super) fn next_draw(&self) -> Draw {
        let seed = self.rule.seed(&self.seed).unwrap_or(self.seed);
        Draw::new(&seed, self.rule.joined.unwrap_or(self.tail))
    }

    /// Fixes who is drawn, once the moment of the terms is reached, and the draw, once the sale has opened.
    /// Asked before anybody joins, so that the tail is still that of the moment.
    pub(super) fn settle(&mut self, concert: &Concert, now: Time) {
        let before = self.rule.terms.joined_before;
        if self.rule.joined.is_none() && before.is_some_and(|before| now.reached(before)) {
            self.rule.joined = Some(self.tail);
        }
        if self.drawn.is_none() && now.reached(concert.opens_at()) {
            self.drawn = Some(self.rule.joined.unwrap_or(self.tail));
        }
    }
}

/// Gives the value of the beacon that a draw's terms name.
#[derive(Clone, Debug)]
pub struct SetDraw {
    /// Of which concert.
    pub concert: ConcertId,
    /// The value, as its source has published it.
    pub value: String,
}

impl SetDraw {
    /// Refuses with: concert not found, invalid setting (no beacon was named, or this is no value), sale
    /// not open (people may still join who are drawn), already exists (another value was given).
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let concert = rows.concerts.get(&self.concert).ok_or(Refusal::ConcertNotFound)?.clone();
        let queue = rows.queues.get(&self.concert).ok_or(Refusal::ConcertNotFound)?;
        let fits = queue.rule.terms.beacon.is_some() && is_text(&self.value);
        ensure!(fits, Refusal::InvalidSetting { field: Field::Draw });
        let before = queue
            .rule
            .terms
            .joined_before
            .map_or(concert.opens_at(), |before| before.min(concert.opens_at()));
        let fixed = queue.rule.joined.is_some() || queue.drawn.is_some() || now.reached(before);
        ensure!(fixed, Refusal::SaleNotOpen { opens_at: before });
        let same = queue.rule.value.as_ref().is_none_or(|given| *given == self.value);
        ensure!(same, Refusal::AlreadyExists);

        if let Some(queue) = rows.queues.update(&self.concert) {
            queue.settle(&concert, now);
            queue.rule.value = Some(self.value.clone());
        }
        Ok(Outcome::DrawSet { concert_id: self.concert })
    }
}
