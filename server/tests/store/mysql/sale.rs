//! A sale on a server: one concert with one date, and people who are in line or in the shop.

use crate::run::run_batch;
use crate::servers::Server;
use crate::subject::options;
use boxoffice_core::batch::{Envelope, Reply};
use boxoffice_core::command::Command;
use boxoffice_core::concert::{AddDate, CreateConcert, NewDate, NewSeat, Policy};
use boxoffice_core::id::{
    ChargeId, ConcertId, DateId, PlaceKey, QueueId, ReservationId, UserId, Uuid,
};
use boxoffice_core::idempotency::Key;
use boxoffice_core::money::{Currency, Money};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::queue::{AddQueue, Admit, DrawTerms, Join, QueueSettings};
use boxoffice_core::reservation::Reserve;
use boxoffice_core::time::Time;
use boxoffice_core::wallet::Charge;
use boxoffice_server::store::mysql::{MySqlStore, Options};
use boxoffice_server::store::{Fault, Store};

pub const NOW: Time = Time(1_767_225_600_000);
pub const SHOW: ConcertId = ConcertId(Uuid::from_u128(0xc0));
pub const LINE: QueueId = QueueId::general(SHOW);
pub const DATE: DateId = DateId(Uuid::from_u128(0xda));
/// A date that the concert does not begin with.
pub const LATER: DateId = DateId(Uuid::from_u128(0xdb));

pub fn fan(number: u32) -> UserId {
    UserId(Uuid::from_u128(0xfa_0000_0000 + u128::from(number)))
}

pub fn unkeyed(command: Command) -> Envelope {
    Envelope { command, key: None }
}

pub fn keyed(command: Command, user: UserId, key: &str) -> Envelope {
    let key = Key { scope: user.0, key: key.into(), fingerprint: [7; 32] };
    Envelope { command, key: Some(key) }
}

pub fn join(number: u32) -> Envelope {
    unkeyed(Command::Join(Join::of(fan(number), LINE)))
}

pub fn admit() -> Envelope {
    unkeyed(Command::Admit(Admit::of(LINE)))
}

/// The reservation is named by its user.
pub fn reserve(number: u32, seats: impl IntoIterator<Item = u32>) -> Envelope {
    unkeyed(Command::Reserve(Reserve {
        user: fan(number),
        place: place(number),
        date: DATE,
        seats: seats.into_iter().collect(),
        reservation: ReservationId(Uuid::from_u128(0x4e_0000_0000 + u128::from(number))),
    }))
}

pub fn charge(number: u32, id: u128) -> Command {
    let (user, charge) = (fan(number), ChargeId(Uuid::from_u128(id)));
    Command::Charge(Charge {
        user,
        place: Some(place(number)),
        amount: Money(1_000),
        currency: Currency::KRW,
        charge,
    })
}

/// Whoever joined as the n-th has the n-th place.
pub fn place(number: u32) -> PlaceKey {
    PlaceKey { queue: LINE, sequence: number.into() }
}

pub fn outcomes(replies: Vec<Reply>) -> Vec<Outcome> {
    replies.into_iter().filter_map(|reply| reply.result.ok()).collect()
}

/// Runs a batch that must not fail.
pub fn run<S: Store>(store: &mut S, envelopes: &[Envelope], now: Time) -> Vec<Reply> {
    run_batch(store, envelopes, now).expect("a batch").1
}

/// Runs a batch.
pub fn attempt<S: Store>(store: &mut S, envelopes: &[Envelope]) -> Result<Vec<Reply>, Fault> {
    run_batch(store, envelopes, NOW).map(|(_, replies)| replies)
}

fn new_seats(seats: u32) -> Vec<NewSeat> {
    (1..=seats).map(|number| NewSeat { number, zone: "R".into(), price: Money(100) }).collect()
}

/// Adds [`LATER`].
pub fn add_date(seats: u32) -> Envelope {
    let starts_at = NOW.plus_ms(2 * 86_400_000);
    let date = NewDate { date: LATER, starts_at, seats: new_seats(seats), layout: None };
    unkeyed(Command::AddDate(AddDate { concert: SHOW, date }))
}

/// Adds a queue, which opens a little later.
pub fn add_queue(queue: QueueId) -> Envelope {
    unkeyed(Command::AddQueue(AddQueue {
        queue,
        queue_name: "Fan club".into(),
        opens_at: NOW.plus_ms(10_000),
        settings: QueueSettings::default(),
        seed: [4; 32],
        draw: DrawTerms::default(),
    }))
}

/// A fan joins this queue.
pub fn join_in(number: u32, queue: QueueId) -> Envelope {
    unkeyed(Command::Join(Join::of(fan(number), queue)))
}

pub fn create(seats: u32, queue: QueueSettings) -> Envelope {
    let seats = new_seats(seats);
    unkeyed(Command::CreateConcert(CreateConcert {
        concert: SHOW,
        concert_name: "밤의 노래".into(),
        theater: "Hall".into(),
        run_time: 120,
        start_at: NOW.plus_ms(-10_000),
        end_at: None,
        time_zone: None,
        currency: Currency::KRW,
        policy: Policy::default(),
        queue,
        seed: [3; 32],
        draw: DrawTerms::default(),
        // By the database's clock as well it is still to come.
        billing: boxoffice_core::poster::Billing::default(),
        dates: vec![NewDate {
            date: DATE,
            starts_at: NOW.plus_ms(100 * 366 * 86_400_000),
            seats,
            layout: None,
        }],
    }))
}

/// A database with the concert in it.
pub fn opened(server: &Server, seats: u32, queue: QueueSettings) -> Options {
    opened_in(options(&server.fresh_database()), seats, queue)
}

/// As [`opened`], in this database.
pub fn opened_in(options: Options, seats: u32, queue: QueueSettings) -> Options {
    let mut store = MySqlStore::open(&options).expect("a database of our own");
    assert!(run(&mut store, &[create(seats, queue)], NOW)[0].result.is_ok());
    options
}

/// As [`opened`], with these many fans in the shop.
pub fn in_the_shop(server: &Server, seats: u32, fans: u32) -> Options {
    in_the_shop_in(options(&server.fresh_database()), seats, fans)
}

/// As [`in_the_shop`], in this database.
pub fn in_the_shop_in(options: Options, seats: u32, fans: u32) -> Options {
    let queue =
        QueueSettings { max_active: 100_000, admissions_per_second: 100_000, ..Default::default() };
    let options = opened_in(options, seats, queue);
    let mut store = MySqlStore::open(&options).expect("a database of our own");
    let joins: Vec<_> = (1..=fans).map(join).collect();
    for some in joins.chunks(500) {
        assert_eq!(outcomes(run(&mut store, some, NOW)).len(), some.len());
    }
    for _ in 0..fans / 500 + 1 {
        run(&mut store, &[admit()], NOW);
    }
    options
}
