//! What a payment writes, counted in pages of the embedded database's log and in rows: money moves in one row,
//! beside the wallet's earlier ones, and no row is written by everybody who pays.

use crate::run::run_batch;
use boxoffice_core::batch::Envelope;
use boxoffice_core::command::Command;
use boxoffice_core::concert::{CreateConcert, NewDate, NewSeat, Policy};
use boxoffice_core::id::{
    ChargeId, ConcertId, DateId, PaymentId, PlaceKey, QueueId, ReservationId, UserId, Uuid,
};
use boxoffice_core::idempotency::Key;
use boxoffice_core::money::{Currency, Money};
use boxoffice_core::payment::Pay;
use boxoffice_core::queue::{DrawTerms, Join, QueueSettings};
use boxoffice_core::reservation::Reserve;
use boxoffice_core::time::Time;
use boxoffice_core::wallet::Charge;
use boxoffice_server::store::sqlite::{Files, SqliteStore};
use std::path::Path;

const NOW: Time = Time(1_767_225_600_000);
const SHOW: ConcertId = ConcertId(id(2, 1));
const LINE: QueueId = QueueId::general(SHOW);
const DATE: DateId = DateId(id(3, 1));
/// Fans with a wallet, of whom some pay.
const FANS: u32 = 1_000;
/// Payments that are counted, each in a batch of its own.
const PAYMENTS: u32 = 100;
/// The same where batches are larger: enough that what is kept by user is on many pages. Every other one has paid.
const MANY_FANS: u32 = 5_000;
/// Payments of a batch, and the pages that those of such a batch may write at most, in hundredths a payment.
const BATCHES: [(u32, u64); 2] = [(64, 880), (256, 530)];
/// What a payment writes that splits no page: seat, reservation and its two indexes, payment with its index,
/// admission, queue, balance, transfer, stored reply and its index, and its event.
const PAGES: u64 = 13;
/// What splits add, in the middle of tables that are kept by user, to so many payments at most.
const SPLITS: u64 = 2_000;

const fn id(kind: u64, number: u64) -> Uuid {
    // SplitMix64: spread over the whole range without any order, as fans come.
    let z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Uuid::from_u64_pair(z ^ (z >> 31), kind)
}

fn user(number: u32) -> UserId {
    UserId(id(1, number.into()))
}

fn place(number: u32) -> PlaceKey {
    PlaceKey { queue: LINE, sequence: number.into() }
}

/// `round` makes keys of the same requests differ.
fn run(store: &mut SqliteStore, round: u32, commands: impl IntoIterator<Item = Command>) {
    let envelope = |command: Command| {
        let scope = match &command {
            Command::Pay(pay) => pay.user.0,
            Command::Charge(charge) => charge.user.0,
            _ => return Envelope { command, key: None },
        };
        let key = format!("{}-{round}", command.name());
        Envelope { command, key: Some(Key { scope, key, fingerprint: [7; 32] }) }
    };
    let envelopes: Vec<_> = commands.into_iter().map(envelope).collect();
    let (_, replies) = run_batch(store, &envelopes, NOW).expect("a batch");
    for reply in replies {
        reply.result.expect("it is carried out");
    }
}

fn show(seats: u32) -> Command {
    let seat = |number| NewSeat { number, zone: "R".into(), price: Money(100) };
    let settings = QueueSettings {
        max_active: 1_000_000,
        admissions_per_second: 1_000_000,
        max_waiting: 1_000_000,
        paused: false,
    };
    Command::CreateConcert(CreateConcert {
        concert: SHOW,
        concert_name: "Night".into(),
        theater: "Hall".into(),
        run_time: 120,
        start_at: NOW.plus_ms(-10_000),
        end_at: None,
        time_zone: None,
        currency: Currency::KRW,
        policy: Policy::default(),
        queue: settings,
        draw: DrawTerms::default(),
        seed: [3; 32],
        billing: boxoffice_core::poster::Billing::default(),
        dates: vec![NewDate {
            date: DATE,
            starts_at: NOW.plus_ms(86_400_000),
            seats: (1..=seats).map(seat).collect(),
            layout: None,
        }],
    })
}

fn charge(number: u32, of: u32) -> Command {
    let charge = ChargeId(id(4, (of * 10_000 + number).into()));
    let (user, place) = (user(number), place(number));
    Command::Charge(Charge {
        user,
        place: Some(place),
        amount: Money(1_000),
        currency: Currency::KRW,
        charge,
    })
}

fn hold(number: u32) -> Command {
    Command::Reserve(Reserve {
        user: user(number),
        place: place(number),
        date: DATE,
        seats: [number].into(),
        reservation: ReservationId(id(5, number.into())),
    })
}

fn pay(number: u32) -> Command {
    Command::Pay(Pay {
        user: user(number),
        place: place(number),
        reservation: ReservationId(id(5, number.into())),
        payment: PaymentId(id(6, number.into())),
    })
}

/// Pages that the log has, of 4 KiB with a head of 24 bytes each.
fn pages(file: &Path) -> u64 {
    let log = file.with_extension("db-wal");
    let bytes = std::fs::metadata(log).map_or(0, |log| log.len());
    bytes.saturating_sub(32) / (4_096 + 24)
}

/// A store with so many fans who hold a seat each, after so many charges of each: how full the pages are depends
/// on it. It was opened anew, so that its log begins anew and holds what is counted.
fn holding(files: &Files, fans: u32, charges: u32) -> SqliteStore {
    let mut store = SqliteStore::open(files).expect("a new file");
    run(&mut store, 0, [show(fans)]);
    run(&mut store, 0, (1..=fans).map(|n| Command::Join(Join::of(user(n), LINE))));
    for of in 0..charges {
        run(&mut store, of, (1..=fans).map(|n| charge(n, of)));
    }
    run(&mut store, 0, (1..=fans).map(hold));
    if fans == MANY_FANS {
        run(&mut store, 0, (2..fans).step_by(2).map(pay));
    }
    drop(store);
    let mut store = SqliteStore::open(files).expect("a file of our own");
    // The first begins the log.
    run(&mut store, 0, [pay(fans)]);
    store
}

/// Pages that each batch of payments writes.
fn written(fans: u32, charges: u32, batches: impl IntoIterator<Item = Vec<u32>>) -> Vec<u64> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let files = Files { path: dir.path().join("boxoffice.db") };
    let mut store = holding(&files, fans, charges);
    let mut one = |payers: Vec<u32>| {
        let before = pages(&files.path);
        run(&mut store, 0, payers.into_iter().map(pay));
        pages(&files.path) - before
    };
    batches.into_iter().map(&mut one).collect()
}

/// Pages that each payment writes, each fan having charged so often before.
fn alone(charges: u32) -> Vec<u64> {
    let payer = |n| vec![n * (FANS / PAYMENTS) - 5];
    written(FANS, charges, (1..=PAYMENTS).map(payer))
}

/// Payments that arrive together write fewer pages each: an event, a payment and a stored reply lie beside those
/// of the others.
#[test]
fn payments_of_a_batch_share_pages() {
    for (size, most) in BATCHES {
        let payer = |n: u32| n * 7 % (MANY_FANS / 2) * 2 + 1;
        let payers = |n: u32| (n * size..(n + 1) * size).map(payer).collect();
        let count = u64::from(4 * size);
        let all: u64 = written(MANY_FANS, 2, (0..4).map(payers)).iter().sum();
        eprintln!("{all} pages for {count} payments in batches of {size}");
        assert!(100 * all <= most * count, "{all} pages for {count} payments of {size} each");
    }
}

/// Money moves in one row beside the wallet's others: a payment writes as many pages as when that row was the
/// ledger's, and none that all who pay write, but the queue's.
#[test]
fn a_payment_writes_one_page_a_table() {
    let each: Vec<u64> = (1..=8).flat_map(alone).collect();
    let (least, all) = (each.iter().min(), each.iter().sum::<u64>());
    let usual = each.iter().filter(|pages| **pages == PAGES).count();
    eprintln!("{all} pages for {} payments, {PAGES} for {usual} of them", each.len());
    assert_eq!(least, Some(&PAGES));
    assert!(all <= PAGES * each.len() as u64 + SPLITS, "{all} pages for {} payments", each.len());
}
