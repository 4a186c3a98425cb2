//! What operators set, and who may be let in under it, as replies told.

use super::history::History;
use super::{Check, Found};
use boxoffice_core::command::Command;
use boxoffice_core::concert::CreateConcert;
use boxoffice_core::edit::EditPolicy;
use boxoffice_core::id::ConcertId;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::sale::SetSale;
use boxoffice_core::time::Time;

/// What an operator has set, as of the last reply.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// As announced.
    pub start: Time,
    pub end: Option<Time>,
    /// First opened ahead of its time.
    pub early_at: Option<Time>,
    /// Whether that counts.
    pub early: bool,
    /// Closed by hand.
    pub closed: Option<Time>,
    /// The announced closing was passed over.
    pub reopened: bool,
    pub deleted: bool,
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

impl Settings {
    pub fn opens_at(&self) -> Time {
        let early = if self.early { self.early_at } else { None };
        early.map_or(self.start, |at| at.min(self.start))
    }

    pub fn closes_at(&self) -> Option<Time> {
        match (self.end.filter(|_| !self.reopened), self.closed) {
            (Some(end), Some(closed)) => Some(end.min(closed)),
            (end, closed) => end.or(closed),
        }
    }

    pub fn on_sale(&self, now: i64) -> bool {
        let closed = self.closes_at().is_some_and(|end| end.0 <= now);
        self.opens_at().0 <= now && !closed && !self.deleted
    }

    /// For what is held from now on.
    pub(super) fn edit(&mut self, edit: &EditPolicy) {
        self.hold_ms = edit.hold_ttl_ms.unwrap_or(self.hold_ms);
        self.rehold_ms = edit.rehold_after_ms.unwrap_or(self.rehold_ms);
        self.seats_per_user = edit.seats_per_user.unwrap_or(self.seats_per_user);
    }

    fn set_sale(&mut self, set: &SetSale, now: Time) {
        self.start = set.opens_at.unwrap_or(self.start);
        if let Some(end) = set.closes_at
            && end != self.end
        {
            (self.end, self.reopened) = (end, false);
        }
        let closed = self.closes_at().is_some_and(|end| end.0 <= now.0);
        match set.open {
            Some(true) => {
                self.reopened |= self.end.is_some_and(|end| end.0 <= now.0);
                if self.closed.is_some() {
                    self.closed = None;
                } else if self.opens_at().0 > now.0 {
                    (self.early, self.early_at) = (true, self.early_at.or(Some(now)));
                }
            }
            Some(false) if !closed && self.opens_at().0 <= now.0 => {
                if now.0 < self.start.0 {
                    self.early = false;
                } else {
                    self.closed = Some(now);
                }
            }
            _ => {}
        }
    }
}

impl History {
    pub(super) fn admit(&mut self, found: &mut Found, concert: ConcertId, count: u64) {
        let (now, forth) = (self.now.0, self.forth_ms);
        let Some(settings) = self.concerts.get_mut(&concert).filter(|_| count > 0) else {
            return;
        };
        *self.admitted.entry(concert).or_default() += count;
        let open = settings.on_sale(now) && !settings.paused;
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
        self.prices.insert(create.concert, create.currency);
        let settings = Settings {
            start: create.start_at,
            end: create.end_at,
            early_at: None,
            early: false,
            closed: None,
            reopened: false,
            deleted: false,
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
                let late =
                    |at: Option<Time>, before| at != before && at.is_some_and(|at| at.0 <= now.0);
                let late = late(set.opens_at.or(Some(settings.start)), Some(settings.start))
                    || late(set.closes_at.unwrap_or(settings.end), settings.end);
                settings.set_sale(set, now);
                !late && (settings.opens_at(), settings.closes_at()) == (*opens_at, *closes_at)
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
