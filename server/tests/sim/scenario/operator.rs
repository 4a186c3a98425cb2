//! What operators and the tick send.

use super::people::Show;
use super::{Scenario, UNAWARE_MOST, prices};
use boxoffice_core::command::Command;
use boxoffice_core::concert::{AddDate, CreateConcert, NewDate, NewSeat, Policy};
use boxoffice_core::id::{ConcertId, DateId, LayoutId, QueueId};
use boxoffice_core::layout::AddLayout;
use boxoffice_core::money::{Currency, Money};
use boxoffice_core::queue::{
    AddQueue, Admit, DrawTerms, Expire, PauseReason, QueueSettings, SetDraw, SetQueue,
};
use boxoffice_core::sale::SetSale;
use boxoffice_core::time::Time;

/// Seats of a new date.
const SEATS: (i64, i64) = (12, 70);
/// Admissions ended in one sweep.
const SWEEP_MOST: usize = 20;

impl Scenario {
    /// A known show; rarely one that never was.
    pub(super) fn concert(&mut self) -> Option<ConcertId> {
        if self.rng.chance(5) {
            return Some(ConcertId(self.id()));
        }
        self.rng.pick(&self.people.shows).map(|show| show.id)
    }

    /// One of its queues, mostly the general one; rarely one that never was.
    pub(super) fn queue(&mut self) -> Option<QueueId> {
        let concert = self.concert()?;
        if self.rng.chance(5) {
            return Some(QueueId { concert, id: self.id() });
        }
        let general = QueueId::general(concert);
        if self.rng.chance(600) {
            return Some(general);
        }
        let show = self.people.shows.iter().find(|show| show.id == concert);
        let other = show.and_then(|show| self.rng.pick(&show.queues));
        Some(other.unwrap_or(general))
    }

    /// What a tick does at once: it ends what is due, and ticks.
    pub(super) fn sweep_all(&mut self) -> Vec<Command> {
        let now = self.clock;
        let active = self.people.active.iter();
        let due = active.filter(|(_, until)| **until <= now);
        let expire = due.map(|(place, _)| Command::Expire(Expire { place: *place }));
        let shows = self.people.shows.iter();
        let queues = shows.flat_map(|show| &show.queues);
        let admit = queues.map(|queue| Command::Admit(Admit::of(*queue)));
        expire.take(SWEEP_MOST).chain(admit).collect()
    }

    /// A tick on another node proposes what is due, or is not, or was ended before.
    pub(super) fn sweep(&mut self) -> Option<Command> {
        let place = self.people.anywhere(&mut self.rng)?;
        Some(Command::Expire(Expire { place }))
    }

    pub(super) fn tick(&mut self) -> Option<Command> {
        if !self.sweeping && self.rng.chance(700) {
            return None;
        }
        let queue = self.queue()?;
        let most = if self.rng.chance(500) { u64::MAX } else { self.rng.below(4) };
        // It is not known of everybody who has come.
        let unaware = if self.rng.chance(500) { 0 } else { self.rng.below(UNAWARE_MOST + 1) };
        let (left_ahead, active) = (self.rng.below(40), self.rng.below(9));
        Some(Command::Admit(Admit { queue, most, left_ahead, unaware, active }))
    }

    /// What amounts are in: most are in one, and few in another.
    pub(super) fn currency(&mut self) -> Currency {
        if self.rng.chance(60) { prices::OTHER_CURRENCY } else { prices::CURRENCY }
    }

    fn new_date(&mut self) -> NewDate {
        let count = u32::try_from(self.rng.between(SEATS.0, SEATS.1)).unwrap_or(1);
        let broken = self.rng.chance(15);
        let seats = (1..=count).map(|number| {
            let zone = ["R", "S", "A"][self.rng.index(3)];
            let price = prices::SEATS[self.rng.index(prices::SEATS.len())];
            NewSeat {
                number: if broken { 7 } else { number },
                zone: zone.into(),
                price: Money(price),
            }
        });
        let seats: Vec<NewSeat> = seats.collect();
        let layout = self.layout(&seats);
        let known = self.rng.pick(&self.people.shows);
        let taken = known.and_then(|show| self.rng.pick(&show.dates));
        let taken = taken.filter(|_| self.rng.chance(30)).map(|(date, _)| date);
        NewDate {
            date: taken.unwrap_or_else(|| DateId(self.id())),
            starts_at: self.start(),
            seats,
            layout,
        }
    }

    /// Of a performance: on a grid, so that two meet now and then; seldom before it can be.
    pub(super) fn start(&mut self) -> Time {
        if self.rng.chance(40) {
            return self.clock.plus_ms(self.rng.between(-5_000, 30_000));
        }
        let grid = (self.clock.0 / 10_000_000 + 9) * 10_000_000;
        Time(grid + self.rng.between(0, 60) * 60_000)
    }

    fn queue_settings(&mut self) -> QueueSettings {
        let number = |value: i64| u64::try_from(value).unwrap_or(1);
        QueueSettings {
            max_active: number(self.rng.between(2, 50)),
            admissions_per_second: number(self.rng.between(1, 40)),
            max_waiting: number(self.rng.between(12, 300)),
            paused: self.rng.chance(100),
        }
    }

    fn draw_terms(&mut self, opens_at: Time) -> DrawTerms {
        let before = opens_at.plus_ms(-self.rng.between(0, 20_000));
        DrawTerms {
            joined_before: self.rng.chance(300).then_some(before),
            beacon: self.rng.chance(200).then(|| "the first pulse after it".into()),
        }
    }

    /// Before or after the sale's own opening; sometimes a slip, or one more than there may be.
    pub(super) fn add_queue(&mut self) -> Option<Command> {
        let concert = self.concert()?;
        let known = self.rng.chance(60).then(|| self.queue()).flatten();
        let opens_in = if self.rng.chance(60) { -1_000 } else { self.rng.between(1_000, 30_000) };
        let opens_at = self.clock.plus_ms(opens_in);
        Some(Command::AddQueue(AddQueue {
            queue: known.unwrap_or(QueueId { concert, id: self.id() }),
            queue_name: if self.rng.chance(40) { " " } else { "Fan club" }.into(),
            opens_at,
            settings: self.queue_settings(),
            seed: self.rng.bytes32(),
            draw: self.draw_terms(opens_at),
        }))
    }

    pub(super) fn create_concert(&mut self) -> Command {
        let opens_in = if self.rng.chance(300) { -1_000 } else { self.rng.between(3_000, 40_000) };
        let start_at = self.clock.plus_ms(opens_in);
        let closes_in = self.rng.between(60_000, 900_000);
        let closes = self.rng.chance(300);
        let policy = Policy {
            hold_ttl_ms: self.rng.between(2_000, 20_000),
            shop_ttl_ms: self.rng.between(4_000, 40_000),
            arrival_grace_ms: self.rng.between(1_000, 6_000),
            seats_per_user: u32::try_from(self.rng.between(2, 6)).unwrap_or(4),
            rehold_after_ms: if self.rng.chance(300) {
                0
            } else {
                self.rng.between(1_000, 300_000)
            },
        };
        let known = self.rng.pick(&self.people.shows).map(|show| show.id);
        let known = known.filter(|_| self.rng.chance(60));
        let dates = self.rng.index(4);
        let draw = self.draw_terms(start_at);
        Command::CreateConcert(CreateConcert {
            concert: known.unwrap_or_else(|| ConcertId(self.id())),
            concert_name: if self.rng.chance(40) { " " } else { "Show" }.into(),
            theater: "Hall".into(),
            run_time: 120,
            start_at,
            end_at: closes.then(|| start_at.plus_ms(closes_in)),
            time_zone: None,
            currency: self.currency(),
            policy,
            queue: self.queue_settings(),
            seed: self.rng.bytes32(),
            draw,
            billing: boxoffice_core::poster::Billing::default(),
            dates: (0..dates).map(|_| self.new_date()).collect(),
        })
    }

    /// A layout of as many seats as a date may have; there are few, so that most are added again.
    pub(super) fn add_layout(&mut self) -> Command {
        let seats = u64::try_from(self.rng.between(SEATS.0, SEATS.1)).unwrap_or(1);
        Command::AddLayout(AddLayout::of(format!("{seats} seats"), seats))
    }

    /// The layout of so many seats, which may not have been added.
    fn layout(&mut self, seats: &[NewSeat]) -> Option<LayoutId> {
        let slip = usize::from(self.rng.chance(60));
        let named = self.rng.chance(120);
        named.then(|| LayoutId::of(format!("{} seats", seats.len() + slip)))
    }

    pub(super) fn add_date(&mut self) -> Option<Command> {
        Some(Command::AddDate(AddDate { concert: self.concert()?, date: self.new_date() }))
    }

    pub(super) fn set_sale(&mut self) -> Option<Command> {
        let concert = self.concert()?;
        if self.rng.chance(700) {
            return Some(Command::SetSale(SetSale::now(concert, self.rng.chance(800))));
        }
        let opens_in = self.rng.between(-6_000, 30_000);
        // Sometimes a slip: a time that has passed.
        let least = if self.rng.chance(150) { -600_000 } else { 0 };
        let closes_in = self.rng.between(least, 600_000);
        let closes = self.rng.chance(600).then(|| self.clock.plus_ms(closes_in));
        Some(Command::SetSale(SetSale {
            concert,
            open: self.rng.chance(200).then(|| self.rng.chance(700)),
            opens_at: self.rng.chance(500).then(|| self.clock.plus_ms(opens_in)),
            closes_at: self.rng.chance(500).then_some(closes),
        }))
    }

    pub(super) fn set_draw(&mut self) -> Option<Command> {
        let value = if self.rng.chance(100) { "another" } else { "7f" }.into();
        Some(Command::SetDraw(SetDraw { queue: self.queue()?, value }))
    }

    pub(super) fn set_queue(&mut self) -> Option<Command> {
        let settings = self.queue_settings();
        let zero = self.rng.chance(60);
        let some = |value: u64, given: bool| given.then_some(if zero { 0 } else { value });
        let given = [(); 3].map(|()| self.rng.chance(500));
        let paused = self.rng.chance(150);
        let says_why = self.rng.chance(if paused { 500 } else { 20 });
        Some(Command::SetQueue(SetQueue {
            queue: self.queue()?,
            max_active: some(settings.max_active, given[0]),
            admissions_per_second: some(settings.admissions_per_second, given[1]),
            max_waiting: some(settings.max_waiting, given[2]),
            paused: Some(paused),
            pause_reason: says_why.then(|| PauseReason {
                en: Some(if self.rng.chance(100) { " " } else { "a break" }.into()),
                ko: None,
            }),
        }))
    }

    pub(super) fn learn_concert(&mut self, created: &CreateConcert, id: ConcertId, ids: &[DateId]) {
        if self.people.shows.iter().any(|show| show.id == id) {
            return;
        }
        let seats = |new: &NewDate| u32::try_from(new.seats.len()).unwrap_or(0);
        let dates = ids.iter().zip(&created.dates);
        self.people.remember_show(Show {
            id,
            opens_at: created.start_at,
            dates: dates.map(|(id, new)| (*id, seats(new))).collect(),
            queues: vec![QueueId::general(id)],
        });
    }

    pub(super) fn learn_queue(&mut self, queue: QueueId) {
        let mut shows = self.people.shows.iter_mut();
        if let Some(show) = shows.find(|show| show.id == queue.concert)
            && !show.queues.contains(&queue)
        {
            show.queues.push(queue);
        }
    }

    pub(super) fn learn_date(&mut self, added: &AddDate, id: DateId) {
        let seats = u32::try_from(added.date.seats.len()).unwrap_or(0);
        let mut shows = self.people.shows.iter_mut();
        if let Some(show) = shows.find(|show| show.id == added.concert)
            && !show.dates.contains(&(id, seats))
        {
            show.dates.push((id, seats));
        }
    }
}
