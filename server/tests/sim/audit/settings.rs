//! What operators set, and who may be let in under it, as replies told.

use super::history::History;
use super::{Check, Found};
use boxoffice_core::command::Command;
use boxoffice_core::concert::CreateConcert;
use boxoffice_core::id::ConcertId;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::time::Time;

/// What an operator has set, as of the last reply.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub opens_at: Time,
    pub closes_at: Option<Time>,
    pub paused: bool,
    pub max_active: u64,
    pub rate: u64,
    pub hold_ms: i64,
    pub rehold_ms: i64,
    pub seats_per_user: u32,
    /// The most that `max_active` was since the last batch.
    pub most_active: u64,
    /// Admissions that the rate has yet to work off, in thousandths, as of `seen_ms`.
    pub level: i64,
    pub seen_ms: i64,
}

impl History {
    pub(super) fn admit(&mut self, found: &mut Found, concert: ConcertId, count: u64) {
        let (now, forth) = (self.now.0, self.forth_ms);
        let Some(settings) = self.concerts.get_mut(&concert).filter(|_| count > 0) else {
            return;
        };
        *self.admitted.entry(concert).or_default() += count;
        let open = settings.opens_at.0 <= now
            && settings.closes_at.is_none_or(|end| now < end.0)
            && !settings.paused;
        found.ensure(open, Check::Opened, || {
            format!("{concert}: {count} let in at {now}, {settings:?}")
        });
        let rate = i64::try_from(settings.rate).unwrap_or(i64::MAX);
        let worked_off = rate.saturating_mul(forth - settings.seen_ms);
        let level = settings.level.saturating_sub(worked_off).max(0);
        settings.level = level + i64::try_from(count).unwrap_or(0) * 1000;
        settings.seen_ms = forth;
        let allowed = settings.level <= rate.saturating_mul(1000);
        found.ensure(allowed, Check::Rate, || {
            format!("{concert}: {count} let in at {now}, {settings:?}")
        });
    }

    pub(super) fn created(&mut self, create: &CreateConcert) {
        let settings = Settings {
            opens_at: create.start_at,
            closes_at: create.end_at,
            paused: create.queue.paused,
            max_active: create.queue.max_active,
            rate: create.queue.admissions_per_second,
            hold_ms: create.policy.hold_ttl_ms,
            rehold_ms: create.policy.rehold_after_ms,
            seats_per_user: create.policy.seats_per_user,
            most_active: create.queue.max_active,
            level: 0,
            seen_ms: self.forth_ms,
        };
        self.concerts.insert(create.concert, settings);
    }

    pub(super) fn set(&mut self, found: &mut Found, command: &Command, outcome: &Outcome) {
        let (now, forth) = (self.now, self.forth_ms);
        let (Outcome::SaleSet { concert_id, .. } | Outcome::QueueSet { concert_id, .. }) = outcome
        else {
            return;
        };
        let Some(settings) = self.concerts.get_mut(concert_id) else {
            found.ensure(false, Check::ReplyTrue, || format!("{outcome:?}"));
            return;
        };
        let right = match (command, outcome) {
            (Command::SetSale(set), Outcome::SaleSet { opens_at, closes_at, .. }) => {
                settings.opens_at = *opens_at;
                settings.closes_at = *closes_at;
                let open = opens_at.0 <= now.0 && closes_at.is_none();
                let closed = closes_at.is_some_and(|end| end.0 <= now.0);
                if set.open { open } else { closed }
            }
            (
                Command::SetQueue(set),
                Outcome::QueueSet { max_active, admissions_per_second, paused, .. },
            ) => {
                settings.paused = *paused;
                settings.max_active = *max_active;
                settings.most_active = settings.most_active.max(*max_active);
                if settings.rate != *admissions_per_second {
                    settings.rate = *admissions_per_second;
                    (settings.level, settings.seen_ms) = (0, forth);
                }
                set.max_active.is_none_or(|given| given == *max_active)
                    && set.paused.is_none_or(|given| given == *paused)
            }
            _ => false,
        };
        found.ensure(right, Check::ReplyTrue, || format!("{command:?} gave {outcome:?}"));
    }
}
