//! A store in memory with one small show, for tests that tell their story line by line.

use crate::run::run_batch;
use boxoffice_core::batch::{Envelope, Reply};
use boxoffice_core::command::Command;
use boxoffice_core::concert::{CreateConcert, NewDate, NewSeat, Policy};
use boxoffice_core::id::{
    ChargeId, ConcertId, DateId, PaymentId, PlaceKey, QueueId, RefundId, ReservationId, UserId,
    Uuid,
};
use boxoffice_core::money::{Currency, Money};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::payment::Pay;
use boxoffice_core::queue::{Admit, DrawTerms, Join, QueueSettings};
use boxoffice_core::refund::{Refund, What};
use boxoffice_core::refusal::Refusal;
use boxoffice_core::reservation::Reserve;
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use boxoffice_core::wallet::Charge;
use boxoffice_server::store::memory::MemoryStore;

/// The one show, on sale from the beginning.
pub const SHOW: ConcertId = ConcertId(Uuid::from_u128(1));
/// Its one queue.
pub const LINE: QueueId = QueueId::general(SHOW);
/// Its one date, with seats 1 to 9 for 50,000 each.
pub const DATE: DateId = DateId(Uuid::from_u128(2));

pub const fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(1_000 + number))
}

pub const fn place(sequence: u64) -> PlaceKey {
    PlaceKey { queue: LINE, sequence }
}

pub const fn reservation(number: u128) -> ReservationId {
    ReservationId(Uuid::from_u128(2_000 + number))
}

pub const fn payment(number: u128) -> PaymentId {
    PaymentId(Uuid::from_u128(3_000 + number))
}

pub const fn charge_id(number: u128) -> ChargeId {
    ChargeId(Uuid::from_u128(4_000 + number))
}

pub const fn join(number: u128) -> Command {
    Command::Join(Join::of(user(number), LINE))
}

pub const fn admit() -> Command {
    Command::Admit(Admit::of(LINE))
}

/// User `number`, who has place `number`, charges 1,000,000.
pub fn charge(number: u64) -> Command {
    Command::Charge(Charge {
        user: user(number.into()),
        place: Some(place(number)),
        amount: Money(1_000_000),
        currency: Currency::KRW,
        charge: charge_id(number.into()),
    })
}

/// User `number`, who has place `number`, takes seats in reservation `number`.
pub fn reserve(number: u64, seats: &[u32]) -> Command {
    Command::Reserve(Reserve {
        user: user(number.into()),
        place: place(number),
        date: DATE,
        seats: seats.iter().copied().collect(),
        reservation: reservation(number.into()),
    })
}

/// User `number` pays reservation `number`.
pub fn pay(number: u64) -> Command {
    Command::Pay(Pay {
        user: user(number.into()),
        place: place(number),
        reservation: reservation(number.into()),
        payment: payment(number.into()),
    })
}

/// Seats of reservation `number` go back, on sale again.
pub fn refund(number: u64, seats: &[u32]) -> Command {
    Command::Refund(Refund {
        payment: payment(number.into()),
        reservation: reservation(number.into()),
        user: user(number.into()),
        concert: SHOW,
        what: What::Seats(seats.iter().copied().collect()),
        release: true,
        reason: "ill".into(),
        refund: RefundId(Uuid::from_u128(5_000 + u128::from(number))),
    })
}

pub fn show(queue: QueueSettings) -> Command {
    let seats = (1..10).map(|number| NewSeat { number, zone: "R".into(), price: Money(50_000) });
    Command::CreateConcert(CreateConcert {
        concert: SHOW,
        concert_name: "Show".into(),
        theater: "Hall".into(),
        run_time: 120,
        start_at: Time(0),
        end_at: None,
        time_zone: None,
        currency: Currency::KRW,
        policy: Policy { arrival_grace_ms: 60_000, ..Policy::default() },
        queue,
        seed: [7; 32],
        draw: DrawTerms::default(),
        billing: boxoffice_core::poster::Billing::default(),
        dates: vec![NewDate {
            date: DATE,
            starts_at: Time(9_000_000),
            seats: seats.collect(),
            layout: None,
        }],
    })
}

pub fn plain(command: Command) -> Envelope {
    Envelope { command, key: None }
}

/// See the module.
#[derive(Default)]
pub struct Bench {
    pub store: MemoryStore,
}

impl Bench {
    /// Runs a batch.
    pub fn run(&mut self, now_ms: i64, envelopes: &[Envelope]) -> (Rows, Vec<Reply>) {
        let done = run_batch(&mut self.store, envelopes, Time(now_ms));
        done.expect("memory does not fail")
    }

    /// Runs commands as one batch.
    pub fn at<const N: usize>(
        &mut self,
        now_ms: i64,
        commands: [Command; N],
    ) -> [Result<Outcome, Refusal>; N] {
        let envelopes = commands.map(plain);
        let mut replies = self.run(now_ms, &envelopes).1.into_iter();
        envelopes.map(|_| replies.next().expect("one reply each").result)
    }
}
