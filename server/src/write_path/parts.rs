//! A batch in parts: where others are in the way of one concert, the commands of the others go on without
//! it; where a constraint refuses one command, the others are found in few transactions.

use super::publisher::Waiting;
use boxoffice_core::batch::Envelope;
use boxoffice_core::id::ConcertId;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a concert goes by itself after others were in its way.
const APART: Duration = Duration::from_secs(2);

/// Commands that are carried out in one transaction, with who waits for their answers.
pub(super) struct Part {
    pub envelopes: Vec<Envelope>,
    pub waiting: Waiting,
}

/// Concerts in whose way others were of late.
#[derive(Default)]
pub(super) struct Contended(BTreeMap<ConcertId, Instant>);

impl Contended {
    /// Others were in its way just now.
    pub fn note(&mut self, concert: ConcertId) {
        self.0.insert(concert, Instant::now());
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The batch without the concerts that go by themselves for now, first, and then each of these.
    pub fn apart(&mut self, part: Part) -> Vec<Part> {
        self.0.retain(|_, noted| noted.elapsed() < APART);
        part.by(|concert| concert.filter(|id| self.0.contains_key(id)))
    }
}

impl Part {
    /// Whether its commands are about several concerts, or some about none.
    pub fn is_mixed(&self) -> bool {
        let first = self.concert();
        self.envelopes.iter().any(|envelope| envelope.command.concert() != first)
    }

    /// The concert of its commands, where it is not mixed.
    pub fn concert(&self) -> Option<ConcertId> {
        self.envelopes.first()?.command.concert()
    }

    /// A part for each concert, and one for what is about none; each in the order of the batch.
    pub fn by_concert(self) -> Vec<Self> {
        self.by(|concert| concert)
    }

    fn by(self, name: impl Fn(Option<ConcertId>) -> Option<ConcertId>) -> Vec<Self> {
        let mut parts: BTreeMap<Option<ConcertId>, Self> = BTreeMap::new();
        for (envelope, waiting) in self.envelopes.into_iter().zip(self.waiting) {
            let of = name(envelope.command.concert());
            let empty = || Self { envelopes: Vec::new(), waiting: Waiting::new() };
            let part = parts.entry(of).or_insert_with(empty);
            part.envelopes.push(envelope);
            part.waiting.push(waiting);
        }
        parts.into_values().collect()
    }

    /// Its first and its second half.
    pub fn halves(mut self) -> [Self; 2] {
        let half = self.envelopes.len() / 2;
        let rest = Self {
            envelopes: self.envelopes.split_off(half),
            waiting: self.waiting.split_off(half),
        };
        [self, rest]
    }
}
