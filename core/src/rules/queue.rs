//! What an operator sets on a queue, and the adding of one.

use crate::check::is_name;
use crate::draw::SEED_BYTES;
use crate::id::{ConcertId, QueueId};
use crate::limits::QUEUES_PER_CONCERT_MAX;
use crate::outcome::Outcome;
use crate::refusal::{Field, Refusal};
use crate::rows::event::Happening;
use crate::rows::queue::{DrawRule, DrawTerms, PauseReason, QueueKind, QueueSettings, QueueState};
use crate::rows::{Keys, Rows};
use crate::rules::Rule;
use crate::steps::concert::{dates_keys, last_date_after, live, queue_keys, queues_keys};
use crate::steps::event::{of_concert, tell};
use crate::time::Time;
use std::collections::BTreeSet;

/// Adds a queue to a concert.
#[derive(Clone, Debug)]
pub struct AddQueue {
    /// Its id.
    pub queue: QueueId,
    /// What operators call it.
    pub queue_name: String,
    /// When it opens, before or after the sale's own opening.
    pub opens_at: Time,
    /// Its limits.
    pub settings: QueueSettings,
    /// Secret seed of its draw, fresh random bytes.
    pub seed: [u8; SEED_BYTES],
    /// Who is drawn, and from what besides the seed.
    pub draw: DrawTerms,
}

impl Rule for AddQueue {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.queue.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        queue_keys(self.queue, rows, keys);
        queues_keys(self.queue.concert, rows, keys);
        dates_keys(self.queue.concert, rows, keys);
    }

    /// Refuses with: concert not found, sale closed, invalid setting (among them too many queues), sale time
    /// in past (the opening), date before opening (all of them are), already exists.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let id = self.queue.concert;
        let concert = live(rows, id)?;
        concert.not_closed(now)?;
        let invalid = |field| Refusal::InvalidSetting { field };
        ensure!(is_name(&self.queue_name), invalid(Field::QueueName));
        let opens_at = self.opens_at;
        let past = Refusal::SaleTimeInPast { field: Field::OpensAt, at: opens_at };
        ensure!(!now.reached(opens_at), past);
        let window = concert.end().is_none_or(|end| end > opens_at);
        ensure!(window, invalid(Field::SaleWindow));
        last_date_after(rows, id, opens_at)?;
        self.settings.check()?;
        self.draw.check(opens_at)?;
        let count = rows.queues_of.get(&id).map_or(0, BTreeSet::len);
        ensure!(count < QUEUES_PER_CONCERT_MAX, invalid(Field::Queues));
        ensure!(rows.queues.get(&self.queue).is_none(), Refusal::AlreadyExists);

        let rule = DrawRule { terms: self.draw.clone(), ..DrawRule::default() };
        let queue = QueueState {
            kind: QueueKind::Named,
            queue_name: self.queue_name.clone(),
            own_opens_at: Some(opens_at),
            rule,
            ..QueueState::general(self.seed, self.settings, now)
        };
        rows.queues.insert(self.queue, queue);
        if let Some(queues) = rows.queues_of.update(&id) {
            queues.insert(self.queue);
        }
        let (queue_id, name) = (self.queue.id, self.queue_name.clone());
        tell(rows, of_concert(id), Happening::QueueAdded { queue_id, name, opens_at }, now);
        Ok(Outcome::QueueAdded { concert_id: id, queue_id: self.queue.id, opens_at })
    }
}

/// Changes what an operator sets on a queue; `None` leaves a setting as it is.
#[derive(Clone, Debug)]
pub struct SetQueue {
    /// Which.
    pub queue: QueueId,
    /// See [`QueueSettings::max_active`].
    pub max_active: Option<u64>,
    /// See [`QueueSettings::admissions_per_second`].
    pub admissions_per_second: Option<u64>,
    /// See [`QueueSettings::max_waiting`].
    pub max_waiting: Option<u64>,
    /// See [`QueueSettings::paused`].
    pub paused: Option<bool>,
    /// Why it is paused, in the operator's words; forgotten when it goes on.
    pub pause_reason: Option<PauseReason>,
}

impl Rule for SetQueue {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.queue.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        queue_keys(self.queue, rows, keys);
    }

    /// Refuses with: concert not found, queue not found, invalid setting (a reason for a queue that is not paused
    /// among them).
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let concert_id = self.queue.concert;
        live(rows, concert_id)?;
        let queue = rows.queues.get(&self.queue).ok_or(Refusal::QueueNotFound)?;
        let (before, said) = (queue.settings, queue.pause_reason.clone());
        let settings = QueueSettings {
            max_active: self.max_active.unwrap_or(before.max_active),
            admissions_per_second: self
                .admissions_per_second
                .unwrap_or(before.admissions_per_second),
            max_waiting: self.max_waiting.unwrap_or(before.max_waiting),
            paused: self.paused.unwrap_or(before.paused),
        };
        settings.check()?;
        self.pause_reason.as_ref().map_or(Ok(()), PauseReason::check)?;
        let says_why = self.pause_reason.as_ref().is_some_and(|why| *why != PauseReason::default());
        let is_told = settings.paused || !says_why;
        ensure!(is_told, Refusal::InvalidSetting { field: Field::PauseReason });

        let reason =
            if settings.paused { self.pause_reason.clone() } else { Some(PauseReason::default()) };
        if let Some(queue) = rows.queues.update(&self.queue) {
            queue.settings = settings;
            if let Some(reason) = reason {
                queue.pause_reason = reason;
            }
            if settings.max_active != before.max_active {
                queue.max_active_at = now;
            }
        }
        self.tell(rows, (before, settings), &said, now);
        Ok(Outcome::QueueSet {
            concert_id,
            queue_id: self.queue.name(),
            max_active: settings.max_active,
            admissions_per_second: settings.admissions_per_second,
            max_waiting: settings.max_waiting,
            paused: settings.paused,
        })
    }
}

impl SetQueue {
    /// `said` is why it was paused before. A new reason is told as the pause was.
    fn tell(
        &self,
        rows: &mut Rows,
        (old, new): (QueueSettings, QueueSettings),
        said: &PauseReason,
        now: Time,
    ) {
        let subjects = of_concert(self.queue.concert);
        if new != (QueueSettings { paused: new.paused, ..old }) {
            let what = Happening::QueueChanged {
                queue_id: self.queue.name(),
                max_active: new.max_active,
                admissions_per_second: new.admissions_per_second,
                max_waiting: new.max_waiting,
            };
            tell(rows, subjects, what, now);
        }
        let says_new = self.pause_reason.as_ref().is_some_and(|why| why != said);
        if new.paused != old.paused || (new.paused && says_new) {
            let PauseReason { en, ko } = self.pause_reason.clone().unwrap_or_default();
            let what = match new.paused {
                true => Happening::SalePaused {
                    queue_id: self.queue.name(),
                    reason_en: en,
                    reason_ko: ko,
                },
                false => Happening::SaleResumed { queue_id: self.queue.name() },
            };
            tell(rows, subjects, what, now);
        }
    }
}
