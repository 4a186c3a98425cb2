//! What an operator sets on a queue.

use crate::id::ConcertId;
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::rows::concert::PauseReason;
use crate::rows::event::Happening;
use crate::rows::queue::QueueSettings;
use crate::rows::{Keys, Rows};
use crate::rules::Rule;
use crate::steps::concert::queue_keys;
use crate::steps::event::{of_concert, tell};
use crate::time::Time;

/// Changes what an operator sets on a queue; `None` leaves a setting as it is.
#[derive(Clone, Debug)]
pub struct SetQueue {
    /// Of which concert.
    pub concert: ConcertId,
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
        Some(self.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        queue_keys(self.concert, rows, keys);
    }

    /// Refuses with: concert not found, invalid setting.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let queue = rows.queues.get(&self.concert).ok_or(Refusal::ConcertNotFound)?;
        let before = queue.settings;
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

        let reason =
            if settings.paused { self.pause_reason.clone() } else { Some(PauseReason::default()) };
        if let Some(reason) = reason
            && rows.concerts.get(&self.concert).is_some_and(|row| row.pause_reason != reason)
            && let Some(row) = rows.concerts.update(&self.concert)
        {
            row.pause_reason = reason;
        }
        if let Some(queue) = rows.queues.update(&self.concert) {
            queue.settings = settings;
            if settings.max_active != before.max_active {
                queue.max_active_at = now;
            }
        }
        self.tell(rows, (before, settings), now);
        Ok(Outcome::QueueSet {
            concert_id: self.concert,
            max_active: settings.max_active,
            admissions_per_second: settings.admissions_per_second,
            max_waiting: settings.max_waiting,
            paused: settings.paused,
        })
    }
}

impl SetQueue {
    fn tell(&self, rows: &mut Rows, (old, new): (QueueSettings, QueueSettings), now: Time) {
        let subjects = of_concert(self.concert);
        if new != (QueueSettings { paused: new.paused, ..old }) {
            let what = Happening::QueueChanged {
                max_active: new.max_active,
                admissions_per_second: new.admissions_per_second,
                max_waiting: new.max_waiting,
            };
            tell(rows, subjects, what, now);
        }
        if new.paused != old.paused {
            let PauseReason { en, ko } = self.pause_reason.clone().unwrap_or_default();
            let what = match new.paused {
                true => Happening::SalePaused { reason_en: en, reason_ko: ko },
                false => Happening::SaleResumed {},
            };
            tell(rows, subjects, what, now);
        }
    }
}
