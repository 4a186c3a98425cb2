//! Random histories for the properties: commands and clock steps, told without knowing the world
//! that they are sent to.

use crate::harness::World;
use crate::words::{START, id};
use boxoffice_core::batch::Envelope;
use boxoffice_core::command::Command;
use boxoffice_core::concert::{CreateConcert, NewDate, NewSeat, Policy};
use boxoffice_core::edit::SetSeats;
use boxoffice_core::id::{
    ChargeId, ConcertId, DateId, PaymentId, PlaceKey, QueueId, RefundId, ReservationId, UserId,
};
use boxoffice_core::idempotency::{Key, fingerprint};
use boxoffice_core::money::{Currency, Money};
use boxoffice_core::payment::Pay;
use boxoffice_core::queue::{
    AddQueue, Admit, Arrive, DrawTerms, Expire, Join, Leave, QueueSettings, SetQueue,
};
use boxoffice_core::refund::{Refund, What as Part};
use boxoffice_core::reservation::{Cancel, Reserve, ReserveBest};
use boxoffice_core::sale::SetSale;
use boxoffice_core::wallet::Charge;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use std::collections::BTreeSet;

const USERS: u8 = 5;
const RESERVATIONS: u8 = 6;

fn c1() -> ConcertId {
    ConcertId(id("c1"))
}

/// The hall's other queue, which opens at another time and lets in at another rate.
fn q2() -> QueueId {
    QueueId::named(c1(), Some(id("q2")))
}

/// One command, told without knowing the world: which user, whose place, which of a few ids.
#[derive(Clone, Debug)]
pub struct Op {
    pub what: What,
    user: u8,
    /// Whether the other queue is meant.
    other: bool,
    /// With which place a user comes: the newest, or a token of another time or another user.
    sequence: Option<u64>,
    /// Which reservation: for a new one a fresh id, else the user's newest; or any.
    reservation: Option<u8>,
    key: Option<u8>,
}

#[derive(Clone, Debug)]
pub enum What {
    Join,
    Leave,
    Arrive,
    Expire,
    Admit,
    Reserve { date: u8, seats: BTreeSet<u32> },
    Cancel,
    Charge { amount: i64 },
    Pay,
    Refund { seats: Option<BTreeSet<u32>>, amount: Option<i64>, release: bool },
    Seats { seats: BTreeSet<u32>, blocked: bool },
    Sale { open: bool },
    Queue { max_active: Option<u64>, paused: Option<bool> },
}

#[derive(Clone, Debug)]
pub enum Step {
    Clock(i64),
    Do(Op),
}

/// Seats of a date, mostly such as there are.
fn seats() -> impl Strategy<Value = BTreeSet<u32>> {
    prop_oneof![15 => btree_set(1..7u32, 1..4), 1 => btree_set(0..8u32, 0..5)]
}

/// Of whole bookings, of seats, of amounts; mostly such as can go back.
fn refund() -> impl Strategy<Value = What> {
    let seats = proptest::option::weighted(0.5, btree_set(1..7u32, 1..3));
    let amount = prop_oneof![3 => Just(None), 1 => (-1..150i64).prop_map(Some)];
    let release = proptest::bool::weighted(0.8);
    let whole = (seats, amount, release);
    whole.prop_map(|(seats, amount, release)| What::Refund { seats, amount, release })
}

/// Seats are blocked, and more of them are put on sale again.
fn off_sale() -> impl Strategy<Value = What> {
    let whole = (btree_set(1..7u32, 1..4), proptest::bool::weighted(0.4));
    whole.prop_map(|(seats, blocked)| What::Seats { seats, blocked })
}

fn anything() -> BoxedStrategy<What> {
    let date = prop_oneof![15 => Just(0u8), 6 => Just(1), 1 => Just(2)];
    let amount = prop_oneof![15 => 200..900i64, 1 => -1..1i64];
    let open = prop_oneof![3 => Just(true), 1 => Just(false)];
    let max_active = proptest::option::weighted(0.7, prop_oneof![1 => Just(0u64), 9 => 1..6u64]);
    let paused = proptest::option::weighted(0.7, proptest::bool::weighted(0.2));
    let mix = prop_oneof![
        16 => Just(What::Join),
        2 => Just(What::Leave),
        2 => Just(What::Arrive),
        8 => Just(What::Expire),
        16 => Just(What::Admit),
        24 => (date, seats()).prop_map(|(date, seats)| What::Reserve { date, seats }),
        3 => Just(What::Cancel),
        12 => amount.prop_map(|amount| What::Charge { amount }),
        16 => Just(What::Pay),
        6 => refund(),
        3 => off_sale(),
        1 => open.prop_map(|open| What::Sale { open }),
        1 => (max_active, paused)
            .prop_map(|(max_active, paused)| What::Queue { max_active, paused }),
    ];
    mix.boxed()
}

/// What those do who fight for the same few seats.
fn fighting() -> BoxedStrategy<What> {
    let mix = prop_oneof![
        8 => btree_set(1..4u32, 1..3).prop_map(|seats| What::Reserve { date: 0, seats }),
        8 => Just(What::Pay),
        4 => refund(),
        2 => off_sale(),
        1 => Just(What::Cancel),
        1 => Just(What::Leave),
        1 => Just(What::Expire),
        3 => Just(What::Join),
        3 => Just(What::Admit),
    ];
    mix.boxed()
}

fn op(what: BoxedStrategy<What>) -> impl Strategy<Value = Op> {
    let sequence = proptest::option::weighted(0.03, 1..9u64);
    let reservation = proptest::option::weighted(0.1, 0..RESERVATIONS);
    let key = proptest::option::weighted(0.1, 0..4u8);
    let other = proptest::bool::weighted(0.3);
    let whole = (what, 0..USERS, other, sequence, reservation, key);
    whole.prop_map(|(what, user, other, sequence, reservation, key)| Op {
        what,
        user,
        other,
        sequence,
        reservation,
        key,
    })
}

/// The clock: mostly forward by less than the shortest time limit.
fn forward() -> impl Strategy<Value = i64> {
    prop_oneof![6 => 0..900i64, 1 => 0..9_000i64]
}

fn jumping() -> impl Strategy<Value = i64> {
    let jump = prop_oneof![6 => -9_000..0i64, 1 => -300_000..300_000i64];
    prop_oneof![6 => forward(), 1 => jump]
}

fn history(
    clock: impl Strategy<Value = i64>,
    what: BoxedStrategy<What>,
) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![1 => clock.prop_map(Step::Clock), 4 => op(what).prop_map(Step::Do)];
    vec(step, 20..140)
}

/// Everything, and a clock that jumps.
pub fn any_history() -> impl Strategy<Value = Vec<Step>> {
    history(jumping(), anything())
}

/// Everything, and a clock that runs forward.
pub fn steady_history() -> impl Strategy<Value = Vec<Step>> {
    history(forward(), anything())
}

/// A fight for seats while the clock jumps to and fro across the ends of holds.
pub fn fight() -> impl Strategy<Value = Vec<Step>> {
    history(-5_000..5_000i64, fighting())
}

fn part(seats: Option<BTreeSet<u32>>, amount: Option<Money>) -> Part {
    match (seats, amount) {
        (None, None) => Part::Whole,
        (Some(seats), None) => Part::Seats(seats),
        (Some(seats), Some(amount)) => Part::SeatsFor(seats, amount),
        (None, Some(amount)) => Part::Amount(amount),
    }
}

fn set_seats(seats: BTreeSet<u32>, blocked: bool) -> Command {
    let (date, reason) = (DateId(id("d0")), "camera".to_owned());
    Command::SetSeats(SetSeats { concert: c1(), date, seats, blocked, reason })
}

/// Each pair of neighbours is proposed; where there is none, the seats are asked for.
fn proposed(reserve: Reserve) -> Command {
    let Reserve { user, place, date, ref seats, reservation } = reserve;
    let pairs = seats.iter().zip(seats.iter().skip(1));
    let blocks: Vec<BTreeSet<u32>> = pairs.map(|(a, b)| BTreeSet::from([*a, *b])).collect();
    if blocks.is_empty() {
        return Command::Reserve(reserve);
    }
    Command::ReserveBest(ReserveBest {
        user,
        place,
        date,
        count: 2,
        blocks,
        largest: 0,
        reservation,
    })
}

impl Op {
    /// The command as it is sent to this world. Payments and charges are numbered, as fresh ids are.
    pub fn envelope(&self, world: &World, number: usize) -> Envelope {
        let user = UserId(id(&format!("u{}", self.user)));
        let concert = c1();
        let queue = if self.other { q2() } else { QueueId::general(concert) };
        let named = self.sequence.map(|sequence| PlaceKey { queue, sequence });
        let own = named.or(world.newest_place(user, concert));
        let place = own.unwrap_or(PlaceKey { queue, sequence: 0 });
        let (fresh, named) = self.reservations(world, user, number);
        let what = match &self.what {
            What::Admit | What::Sale { .. } | What::Queue { .. } | What::Seats { .. } => &self.what,
            _ if place.sequence == 0 => &What::Join,
            what => what,
        };
        let command = match what.clone() {
            What::Join => Command::Join(Join::of(user, queue)),
            What::Leave => Command::Leave(Leave { user, place }),
            What::Arrive => Command::Arrive(Arrive { user, place }),
            What::Expire => Command::Expire(Expire { place }),
            What::Admit => Command::Admit(Admit::of(queue)),
            What::Reserve { date, seats } => {
                let date = DateId(id(&format!("d{date}")));
                let reserve = Reserve { user, place, date, seats, reservation: fresh };
                // Several seats are now and then a proposal.
                if number.is_multiple_of(3) { proposed(reserve) } else { Command::Reserve(reserve) }
            }
            What::Cancel => Command::Cancel(Cancel { user, place, reservation: named }),
            What::Charge { amount } => Command::Charge(Charge {
                currency: Currency::KRW,
                user,
                place: Some(place),
                amount: Money(amount),
                charge: ChargeId(id(&format!("charge{number}"))),
            }),
            What::Pay => Command::Pay(Pay {
                user,
                place,
                reservation: named,
                payment: PaymentId(id(&format!("payment{number}"))),
            }),
            What::Refund { seats, amount, release } => {
                // Mostly of what somebody has paid.
                let some = usize::from(self.user) % world.payments.len().max(1);
                let paid = world.payments.keys().nth(some).copied();
                let named = paid.filter(|_| self.reservation.is_none()).unwrap_or(named);
                let paid = world.payments.get(&named).map(|paid| (paid.payment, paid.user));
                let (payment, user) = paid.unwrap_or((PaymentId(id("none")), user));
                Command::Refund(Refund {
                    payment,
                    reservation: named,
                    user,
                    concert,
                    what: part(seats, amount.map(Money)),
                    release,
                    reason: "ill".to_owned(),
                    refund: RefundId(id(&format!("refund{number}"))),
                })
            }
            What::Seats { seats, blocked } => set_seats(seats, blocked),
            What::Sale { open } => Command::SetSale(SetSale::now(concert, open)),
            What::Queue { max_active, paused } => Command::SetQueue(SetQueue {
                queue,
                max_active,
                admissions_per_second: None,
                max_waiting: None,
                paused,
                pause_reason: None,
            }),
        };
        let key = self.key_of(user, command.name());
        Envelope { command, key }
    }

    fn key_of(&self, user: UserId, name: &str) -> Option<Key> {
        self.key.map(|n| Key {
            scope: user.0,
            key: format!("k{n}"),
            fingerprint: fingerprint("POST", name, format!("{:?}", self.what).as_bytes()),
        })
    }

    /// The id of a reservation to be made, and of one to be paid or released.
    fn reservations(
        &self,
        world: &World,
        user: UserId,
        number: usize,
    ) -> (ReservationId, ReservationId) {
        let fresh = ReservationId(id(&format!("r{number:03}")));
        let named = self.reservation.map(usize::from);
        let named = named.and_then(|n| world.reservations.keys().nth(n));
        if let Some(any) = named {
            return (*any, *any);
        }
        let newest = world.reservations.iter().rfind(|(_, row)| row.user == user);
        (fresh, newest.map_or(fresh, |(id, _)| *id))
    }

    pub const fn is_admit(&self) -> bool {
        matches!(self.what, What::Admit)
    }
}

/// A small hall with short times, so that users collide and time runs out.
pub fn hall(max_active: u64) -> World {
    let seat = |number| NewSeat { number, zone: "R".to_owned(), price: Money(100) };
    let date = |name, days: i64| NewDate {
        date: DateId(id(name)),
        starts_at: START.plus_ms(days * 86_400_000),
        seats: (1..=6).map(seat).collect(),
        layout: None,
    };
    let concert = CreateConcert {
        concert: c1(),
        concert_name: "Spring".to_owned(),
        theater: "Hall".to_owned(),
        run_time: 120,
        start_at: START.plus_ms(500),
        end_at: None,
        time_zone: None,
        currency: Currency::KRW,
        policy: Policy {
            hold_ttl_ms: 4_000,
            shop_ttl_ms: 8_000,
            arrival_grace_ms: 2_000,
            seats_per_user: 2,
            rehold_after_ms: 3_000,
        },
        queue: QueueSettings {
            max_active,
            admissions_per_second: 5,
            max_waiting: 3,
            paused: false,
        },
        seed: [3; 32],
        draw: DrawTerms::default(),
        billing: boxoffice_core::poster::Billing::default(),
        dates: vec![date("d0", 30), date("d1", 31)],
    };
    let mut world = World::default();
    world.run_one(Command::CreateConcert(concert), START).result.unwrap();
    let other = AddQueue {
        queue: q2(),
        queue_name: "Presale".to_owned(),
        opens_at: START.plus_ms(300),
        settings: QueueSettings {
            max_active,
            admissions_per_second: 2,
            max_waiting: 2,
            paused: false,
        },
        seed: [4; 32],
        draw: DrawTerms::default(),
    };
    world.run_one(Command::AddQueue(other), START).result.unwrap();
    world
}

/// The hall with everybody inside, at leisure and with money: only holds run out.
pub fn full_hall() -> World {
    let mut world = hall(u64::from(USERS));
    let policy = &mut world.concerts.get_mut(&c1()).unwrap().policy;
    (policy.shop_ttl_ms, policy.arrival_grace_ms) = (60_000, 60_000);
    for user in 0..USERS {
        let op =
            |what| Op { what, user, other: false, sequence: None, reservation: None, key: None };
        for what in [What::Join, What::Charge { amount: 100_000 }] {
            let envelope = op(what).envelope(&world, usize::from(user));
            let reply = world.run(&[envelope], START.plus_ms(1_000)).remove(0);
            reply.result.unwrap();
        }
    }
    world
}
