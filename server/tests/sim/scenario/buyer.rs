//! What buyers send. Most of it makes sense; the rest is what impatient, late, mistaken and malicious
//! clients send.

use super::people::{Nature, Visit};
use super::{Scenario, Step, prices};
use boxoffice_core::batch::Envelope;
use boxoffice_core::command::Command;
use boxoffice_core::id::{ChargeId, DateId, PaymentId, PlaceKey, QueueId, ReservationId, UserId};
use boxoffice_core::money::Money;
use boxoffice_core::payment::Pay;
use boxoffice_core::queue::{Arrive, Expire, Join, Leave};
use boxoffice_core::reservation::{Cancel, Reserve, ReserveBest};
use boxoffice_core::user::{Adopt, Register};
use boxoffice_core::wallet::Charge;
use std::collections::BTreeSet;

/// Users who charge all they can, so that the limit of a balance is met.
const RICH: usize = 3;

impl Scenario {
    pub(super) fn register(&mut self) -> Command {
        let known = self.rng.chance(100).then(|| {
            let names = &self.people.names;
            self.rng.pick(names)
        });
        let username = known.flatten().unwrap_or_else(|| format!("user-{}", self.count()));
        let taken = self.rng.chance(40).then(|| {
            let users = &self.people.users;
            self.rng.pick(users)
        });
        Command::Register(Register {
            user: taken.flatten().unwrap_or_else(|| UserId(self.id())),
            look: username.clone(),
            username,
            password_hash: "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA".into(),
        })
    }

    /// The same identity always has the same id, as the server derives it.
    pub(super) fn adopt(&mut self) -> Command {
        let number = self.rng.below(60);
        let id = boxoffice_core::id::Uuid::from_u64_pair(u64::MAX, number);
        Command::Adopt(Adopt { user: UserId(id), username: format!("https://id.example#{number}") })
    }

    pub(super) fn join(&mut self) -> Option<Command> {
        let users = self.people.users.len();
        let at = if self.rng.chance(30) { self.rng.index(RICH) } else { self.rng.index(users) };
        let user = *self.people.users.get(at)?;
        let queue = self.queue()?;
        Some(Command::Join(Join { user, queue, may_enter: !self.rng.chance(200) }))
    }

    /// Whose turn it is: usually somebody admitted, sometimes somebody in line or long gone,
    /// sometimes another's token or one that never was.
    fn shopper(&mut self) -> Option<(PlaceKey, Visit)> {
        let place = if self.rng.chance(860) {
            self.people.inside(&mut self.rng, self.clock)
        } else {
            self.people.anywhere(&mut self.rng)
        };
        let mut place = place?;
        let mut visit = self.people.visits.get(&place)?.clone();
        if self.rng.chance(15) {
            visit.user = self.rng.pick(&self.people.users)?;
        }
        if self.rng.chance(8) {
            place.sequence += self.rng.below(400);
        }
        Some((place, visit))
    }

    pub(super) fn leave(&mut self) -> Option<Command> {
        let (place, visit) = self.shopper()?;
        let place = if self.rng.chance(500) { self.people.anywhere(&mut self.rng)? } else { place };
        let user = self.people.visits.get(&place).map_or(visit.user, |v| v.user);
        Some(Command::Leave(Leave { user, place }))
    }

    pub(super) fn arrive(&mut self) -> Option<Command> {
        let (place, visit) = self.shopper()?;
        Some(Command::Arrive(Arrive { user: visit.user, place }))
    }

    pub(super) fn reserve(&mut self) -> Option<Command> {
        let (place, visit) = self.shopper()?;
        let (date, seats) = self.wish(place)?;
        let known = self.rng.chance(5).then_some(visit.reservation).flatten();
        let reservation = known.unwrap_or_else(|| ReservationId(self.id()));
        let user = visit.user;
        if self.rng.chance(250) {
            return Some(self.proposed(Reserve { user, place, date, seats, reservation }));
        }
        Some(Command::Reserve(Reserve { user, place, date, seats, reservation }))
    }

    /// These seats, and some like them further on, for the rule to choose; now and then none.
    fn proposed(&mut self, like: Reserve) -> Command {
        let Reserve { user, place, date, seats, reservation } = like;
        let blocks = u32::try_from(self.rng.below(4)).unwrap_or(0);
        let moved = |by: u32| seats.iter().map(|number| number + 2 * by).collect();
        Command::ReserveBest(ReserveBest {
            user,
            place,
            date,
            count: u32::try_from(seats.len()).unwrap_or(0),
            blocks: (0..blocks).map(moved).collect(),
            largest: 0,
            reservation,
        })
    }

    /// Which date, and which seats: half of the crowd wants the same few.
    fn wish(&mut self, place: PlaceKey) -> Option<(DateId, BTreeSet<u32>)> {
        let shows = &self.people.shows;
        let show = shows.iter().find(|show| show.id == place.queue.concert);
        let show = if self.rng.chance(5) { shows.first() } else { show };
        let dates = &show?.dates;
        let newest = dates.len().saturating_sub(2);
        let (date, total) = if self.rng.chance(850) {
            self.rng.pick(&dates[newest..])?
        } else {
            self.rng.pick(dates)?
        };
        let unknown = self.rng.chance(3);
        let date = if unknown { DateId(self.id()) } else { date };
        let few = if self.rng.chance(500) { 12 } else { total };
        let first = 1 + u32::try_from(self.rng.below(few.into())).ok()?;
        let count = match self.rng.below(100) {
            0 => 0,
            1 => 51,
            2..12 => 4,
            12..40 => 3,
            40..80 => 2,
            _ => 1,
        };
        let step = if self.rng.chance(200) { 3 } else { 1 };
        let numbers = (0..count).map(|n| first + n * step);
        // Most clients know how many seats there are.
        let exact = self.rng.chance(900);
        let seats = numbers.filter(|number| !exact || count > 50 || *number <= total);
        Some((date, seats.collect()))
    }

    /// Somebody who has held seats, with the reservation; sometimes one that never was.
    fn holder(&mut self) -> Option<(PlaceKey, UserId, ReservationId)> {
        for _ in 0..8 {
            let (place, visit) = self.shopper()?;
            if self.rng.chance(10) {
                return Some((place, visit.user, ReservationId(self.id())));
            }
            let pays = visit.nature == Nature::Buyer || self.rng.chance(60);
            let here = self.people.active.contains_key(&place) || self.rng.chance(60);
            if let (true, true, Some(reservation)) = (here, pays, visit.reservation) {
                return Some((place, visit.user, reservation));
            }
        }
        None
    }

    pub(super) fn cancel(&mut self) -> Option<Command> {
        let (place, user, reservation) = self.holder()?;
        Some(Command::Cancel(Cancel { user, place, reservation }))
    }

    pub(super) fn charge(&mut self) -> Option<Command> {
        let (place, visit) = self.shopper()?;
        let rich = self.people.users[..RICH.min(self.people.users.len())].contains(&visit.user);
        let amount = match self.rng.below(100) {
            0 => 0,
            1 => -1 - self.rng.between(0, 1_000_000),
            2 => 100_000_001,
            _ if rich => 100_000_000,
            _ => self.rng.between(1, 60) * 10_000,
        };
        // Some come without a place, as a server may allow.
        let place = (!self.rng.chance(100)).then_some(place);
        Some(Command::Charge(Charge {
            user: visit.user,
            place,
            amount: Money(amount),
            currency: prices::CURRENCY,
            charge: ChargeId(self.id()),
        }))
    }

    pub(super) fn pay(&mut self) -> Option<Command> {
        let (place, user, reservation) = self.holder()?;
        Some(Command::Pay(Pay { user, place, reservation, payment: PaymentId(self.id()) }))
    }

    /// A rich user in the shop, charging.
    pub(super) fn charge_more(&mut self) -> Option<Command> {
        let rich = &self.people.users[..RICH.min(self.people.users.len())];
        let people = &self.people;
        let inside = people.active.keys().copied();
        let mut theirs = inside.filter(|place| {
            let visit = people.visits.get(place);
            visit.is_some_and(|visit| rich.contains(&visit.user))
        });
        let place = theirs.next()?;
        let user = self.people.visits.get(&place)?.user;
        Some(Command::Charge(Charge {
            user,
            place: Some(place),
            amount: Money(prices::CHARGE_MOST),
            currency: prices::CURRENCY,
            charge: ChargeId(self.id()),
        }))
    }

    /// The millisecond before a hold's end, or the one of it: its owner pays or releases, a tick
    /// ends it, and others take the seats, in some order (H3, H4).
    pub(super) fn deadline(&mut self) -> Option<Step> {
        let place = self.people.inside(&mut self.rng, self.clock)?;
        let until = *self.people.active.get(&place)?;
        let visit = self.people.visits.get(&place)?.clone();
        let (date, seats) = visit.seats?;
        let reservation = visit.reservation?;
        let now = until.plus_ms(-self.rng.between(0, 1));
        if now < self.clock {
            return None;
        }
        self.clock = now;
        let user = visit.user;
        let payment = PaymentId(self.id());
        let pay = Pay { user, place, reservation, payment };
        let mut commands = vec![Command::Pay(pay), Command::Expire(Expire { place })];
        let rivals = self.people.active.keys().copied();
        let rivals =
            rivals.filter(|rival| rival.queue.concert == place.queue.concert && *rival != place);
        for rival in rivals.take(4).collect::<Vec<_>>() {
            let user = self.people.visits.get(&rival)?.user;
            commands.push(Command::Reserve(Reserve {
                user,
                place: rival,
                date,
                seats: seats.clone(),
                reservation: ReservationId(self.id()),
            }));
        }
        let first = self.rng.index(commands.len());
        commands.rotate_left(first);
        let envelopes = commands.into_iter();
        Some(Step::Batch {
            now,
            envelopes: envelopes.map(|command| Envelope { command, key: None }).collect(),
            fault: None,
        })
    }

    /// Somebody who wants to keep seats from others for nothing: joins, holds, waits until the hold is over,
    /// and joins again, at one show for as long as it is on.
    pub(super) fn blocks(&mut self) -> Option<Step> {
        let user = *self.people.users.get(RICH)?;
        let shows: BTreeSet<_> = self.people.shows.iter().map(|show| show.id).collect();
        let visits = self.people.visits.iter();
        let mine =
            visits.filter(|(place, v)| v.user == user && shows.contains(&place.queue.concert));
        let newest = mine.max_by_key(|(place, _)| place.sequence);
        let newest = newest.map(|(place, visit)| (*place, visit.reservation));
        let until = newest.and_then(|(place, _)| self.people.active.get(&place).copied());
        let command = match (newest, until.filter(|until| self.clock < *until)) {
            (Some((place, None)), Some(_)) => {
                let (date, seats) = self.wish(place)?;
                let reservation = ReservationId(self.id());
                Command::Reserve(Reserve { user, place, date, seats, reservation })
            }
            (Some((place, Some(_))), until) => {
                self.clock = until.unwrap_or(self.clock);
                Command::Join(Join::of(user, place.queue))
            }
            (Some((place, None)), None) => Command::Join(Join::of(user, place.queue)),
            (None, _) => Command::Join(Join::of(user, QueueId::general(self.concert()?))),
        };
        let envelopes = vec![Envelope { command, key: None }];
        Some(Step::Batch { now: self.clock, envelopes, fault: None })
    }
}
