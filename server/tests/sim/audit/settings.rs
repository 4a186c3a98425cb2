//! What operators set, and who may be let in under it, as replies told.

use super::history::History;
use super::{Check, Found};
use boxoffice_core::command::Command;
use boxoffice_core::concert::{ConcertDate, CreateConcert};
use boxoffice_core::edit::EditPolicy;
use boxoffice_core::id::{ConcertId, QueueId};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::queue::{AddQueue, QueueSettings};
use boxoffice_core::sale::SetSale;
use boxoffice_core::time::Time;
use boxoffice_server::store::memory::MemoryStore;

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
    pub hold_ms: i64,
    pub rehold_ms: i64,
    /// The longest hold and the shortest closing that its policy has had: unpaid time wears off by what holds then.
    pub most_hold_ms: i64,
    pub least_rehold_ms: i64,
    pub seats_per_user: u32,
}

/// What an operator has set on a queue, as of the last reply.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Its own opening; `None`: with the sale.
    pub opens_at: Option<Time>,
    pub paused: bool,
    pub max_active: u64,
    pub rate: u64,
    /// The most that `max_active` was since the last batch.
    pub most_active: u64,
    /// Admissions that the rate has yet to work off, in thousandths, as of `seen_ms`.
    pub level: i64,
    pub seen_ms: i64,
}

impl Line {
    const fn new(opens_at: Option<Time>, settings: &QueueSettings, seen_ms: i64) -> Self {
        Self {
            opens_at,
            paused: settings.paused,
            max_active: settings.max_active,
            rate: settings.admissions_per_second,
            most_active: settings.max_active,
            level: 0,
            seen_ms,
        }
    }
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

    /// Whether seats are sold to who came by a queue with this opening of its own, or by the general one.
    pub fn sells(&self, own: Option<Time>, now: i64) -> bool {
        let closed = self.closes_at().is_some_and(|end| end.0 <= now);
        own.unwrap_or(self.opens_at()).0 <= now && !closed && !self.deleted
    }

    /// For what is held from now on.
    pub(super) fn edit(&mut self, edit: &EditPolicy) {
        self.hold_ms = edit.hold_ttl_ms.unwrap_or(self.hold_ms);
        self.rehold_ms = edit.rehold_after_ms.unwrap_or(self.rehold_ms);
        self.most_hold_ms = self.most_hold_ms.max(self.hold_ms);
        self.least_rehold_ms = self.least_rehold_ms.min(self.rehold_ms);
        self.seats_per_user = edit.seats_per_user.unwrap_or(self.seats_per_user);
    }

    fn set_sale(&mut self, set: &SetSale, other_open: bool, now: Time) {
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
            Some(false) if !closed && (other_open || self.opens_at().0 <= now.0) => {
                if now.0 < self.start.0 && !other_open {
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
    /// Whether a queue with an opening of its own is open at this moment, as far as that goes.
    pub(super) fn other_open(&self, concert: ConcertId) -> bool {
        let lines = self.lines.iter().filter(|(id, _)| id.concert == concert);
        lines.filter_map(|(_, line)| line.opens_at).any(|at| at.0 <= self.now.0)
    }

    pub(super) fn admit(&mut self, found: &mut Found, queue: QueueId, count: u64) {
        let (now, forth) = (self.now.0, self.forth_ms);
        let settings = self.concerts.get(&queue.concert).copied();
        let line = self.lines.get_mut(&queue).filter(|_| count > 0);
        let Some((settings, line)) = settings.zip(line) else {
            return;
        };
        *self.admitted.entry(queue).or_default() += count;
        let open = settings.sells(line.opens_at, now) && !line.paused;
        found.ensure(open, Check::Opened, || {
            format!("{queue:?}: {count} let in at {now}, {settings:?}, {line:?}")
        });
        let rate = i64::try_from(line.rate).unwrap_or(i64::MAX);
        let worked_off = rate.saturating_mul(forth - line.seen_ms);
        let level = line.level.saturating_sub(worked_off).max(0);
        line.level = level + i64::try_from(count).unwrap_or(0) * 1000;
        line.seen_ms = forth;
        let allowed = line.level <= rate.saturating_mul(1000);
        found.ensure(allowed, Check::Rate, || {
            format!("{queue:?}: {count} let in at {now}, {line:?}")
        });
    }

    /// Whether the concert has no dates that stand, or one that starts later. Those that an operator has moved or
    /// deleted, at the latest in this batch, may have been such.
    fn has_a_date_after(&self, store: &MemoryStore, concert: ConcertId, at: Time) -> bool {
        let own = store.dates.iter().filter(|(_, row)| row.concert == concert);
        let own: Vec<_> = own.filter(|(id, _)| !self.cancelled.contains(id)).collect();
        let later = |id, row: &ConcertDate| row.concert_date.0 > at.0 || self.changed.contains(id);
        own.iter().all(|(_, row)| row.withdrawn_at.is_some())
            || own.iter().any(|(id, row)| later(id, row))
    }

    pub(super) fn added(&mut self, found: &mut Found, store: &MemoryStore, add: &AddQueue) {
        let sells = self.has_a_date_after(store, add.queue.concert, add.opens_at);
        let line = Line::new(Some(add.opens_at), &add.settings, self.forth_ms);
        let before = self.lines.insert(add.queue, line);
        let right = before.is_none()
            && add.opens_at.0 > self.now.0
            && sells
            && self.concerts.contains_key(&add.queue.concert);
        found.ensure(right, Check::ReplyTrue, || format!("{add:?} was added, {before:?}"));
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
            hold_ms: create.policy.hold_ttl_ms,
            rehold_ms: create.policy.rehold_after_ms,
            most_hold_ms: create.policy.hold_ttl_ms,
            least_rehold_ms: create.policy.rehold_after_ms,
            seats_per_user: create.policy.seats_per_user,
        };
        self.concerts.insert(create.concert, settings);
        let line = Line::new(None, &create.queue, self.forth_ms);
        self.lines.insert(QueueId::general(create.concert), line);
    }

    pub(super) fn set(&mut self, found: &mut Found, command: &Command, outcome: &Outcome) {
        let (now, forth) = (self.now, self.forth_ms);
        let (Outcome::SaleSet { concert_id, .. } | Outcome::QueueSet { concert_id, .. }) = outcome
        else {
            return;
        };
        let other_open = self.other_open(*concert_id);
        let queue = match outcome {
            Outcome::QueueSet { queue_id, .. } => QueueId::named(*concert_id, *queue_id),
            _ => QueueId::general(*concert_id),
        };
        let own = self.lines.iter().filter(|(id, _)| id.concert == *concert_id);
        let own = own.filter_map(|(_, line)| line.opens_at).filter(|at| at.0 > now.0).max();
        let both = self.concerts.get_mut(concert_id).zip(self.lines.get_mut(&queue));
        let Some((settings, line)) = both else {
            found.ensure(false, Check::ReplyTrue, || format!("{outcome:?}"));
            return;
        };
        let right = match (command, outcome) {
            (Command::SetSale(set), Outcome::SaleSet { opens_at, closes_at, .. }) => {
                let late =
                    |at: Option<Time>, before| at != before && at.is_some_and(|at| at.0 <= now.0);
                let end = set.closes_at.unwrap_or(settings.end);
                let late = late(set.opens_at.or(Some(settings.start)), Some(settings.start))
                    || late(end, settings.end);
                // Closed before a queue of its own opens.
                let shut = |at: Time| end != settings.end && end.is_some_and(|end| end.0 <= at.0);
                let late = late || own.is_some_and(shut);
                settings.set_sale(set, other_open, now);
                !late && (settings.opens_at(), settings.closes_at()) == (*opens_at, *closes_at)
            }
            (
                Command::SetQueue(set),
                Outcome::QueueSet { max_active, admissions_per_second, paused, .. },
            ) => {
                line.paused = *paused;
                line.max_active = *max_active;
                line.most_active = line.most_active.max(*max_active);
                if line.rate != *admissions_per_second {
                    line.rate = *admissions_per_second;
                    (line.level, line.seen_ms) = (0, forth);
                }
                set.queue == queue
                    && set.max_active.is_none_or(|given| given == *max_active)
                    && set.paused.is_none_or(|given| given == *paused)
            }
            _ => false,
        };
        found.ensure(right, Check::ReplyTrue, || format!("{command:?} gave {outcome:?}"));
    }
}
