//! H34, H38: what a request costs does not grow with what its account, its concert or the server did
//! before. Counted in steps of SQLite's machine and in rows that a server reads, not in time: the same
//! requests after a short history and after a long one.

use crate::contract::commit;
use crate::run::run_batch;
use crate::subject::{self, MariaDb, MySql, Product};
use boxoffice_core::batch::Envelope;
use boxoffice_core::command::Command;
use boxoffice_core::concert::{
    ByHand, Concert, ConcertDate, CreateConcert, NewDate, NewSeat, Policy,
};
use boxoffice_core::edit::EditDate;
use boxoffice_core::id::{
    ChargeId, ConcertId, DateId, PaymentId, PlaceKey, QueueId, ReservationId, UserId, Uuid,
};
use boxoffice_core::idempotency::{Key, Record};
use boxoffice_core::money::{Currency, Money};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::payment::{Pay, Payment};
use boxoffice_core::queue::{
    Admission, AdmissionEnd, Admit, Expire, Join, Leave, Place, PlaceStatus, QueueSettings,
};
use boxoffice_core::reservation::{
    Cancel, Refunded, Reservation, ReservationStatus, Reserve, ReservedSeat,
};
use boxoffice_core::rows::{Keys, Rows};
use boxoffice_core::sale::SetSale;
use boxoffice_core::time::Time;
use boxoffice_core::user::{Register, User};
use boxoffice_core::wallet::{Account, Adjust, Balance, Charge, Transfer, TransferKind};
use boxoffice_server::store::Store;
use boxoffice_server::store::mysql::{MySqlReads, MySqlStore};
use boxoffice_server::store::reads::Reads;
use boxoffice_server::store::sqlite::{Files, SqliteReads, SqliteStore};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

const SHORT: u64 = 20;
const LONG: u64 = 20_000;
/// By how much a request may cost more after the long history: a page more or less of a B-tree that is
/// balanced shows nowhere in these counts.
const SLACK: u64 = 20;

const NOW: Time = Time(1_767_225_600_000);
const USER: UserId = UserId(id(1, 0));
const SHOW: ConcertId = ConcertId(id(2, 0));
const LINE: QueueId = QueueId::general(SHOW);
/// Which the user has been in as well.
const OLDER: ConcertId = ConcertId(id(1, 1));
const DATE: DateId = DateId(id(3, 0));
const EARLIER: DateId = DateId(id(3, 1));

const fn id(kind: u64, number: u64) -> Uuid {
    Uuid::from_u64_pair(kind, number)
}

/// Cost by request.
type Costs = BTreeMap<&'static str, u64>;

/// A database, and what it has read so far.
struct World<S, R> {
    store: S,
    reads: R,
    cost: fn(&mut S, &mut R) -> u64,
}

impl<S: Store, R: Reads> World<S, R> {
    fn run(&mut self, command: Command, key: &str) -> Outcome {
        let key = Key { scope: USER.0, key: key.into(), fingerprint: [7; 32] };
        let envelope = Envelope { command, key: Some(key) };
        let (_, mut replies) = run_batch(&mut self.store, &[envelope], NOW).expect("a batch");
        replies.remove(0).result.expect("it is carried out")
    }

    /// The sale: a show with two dates, and the user.
    fn open(&mut self) {
        let seat = |number| NewSeat { number, zone: "R".into(), price: Money(100) };
        let date = |date, days: i64| NewDate {
            date,
            starts_at: NOW.plus_ms(days * 86_400_000),
            seats: (1..=20).map(seat).collect(),
            layout: None,
        };
        self.run(
            Command::CreateConcert(CreateConcert {
                concert: SHOW,
                concert_name: "밤의 노래".into(),
                theater: "Hall".into(),
                run_time: 120,
                start_at: NOW.plus_ms(-10_000),
                end_at: None,
                time_zone: None,
                currency: Currency::KRW,
                policy: Policy::default(),
                queue: QueueSettings::default(),
                draw: boxoffice_core::queue::DrawTerms::default(),
                seed: [3; 32],
                billing: boxoffice_core::poster::Billing::default(),
                dates: vec![date(DATE, 2), date(EARLIER, 1)],
            }),
            "show",
        );
        self.run(
            Command::Register(Register {
                user: USER,
                username: "mina".into(),
                look: "mina".into(),
                password_hash: "$argon2id$".into(),
            }),
            "user",
        );
    }

    /// What the requests cost, each once.
    fn costs(&mut self) -> Costs {
        let mut costs = Costs::new();
        self.write(&mut costs);
        self.read(&mut costs);
        costs
    }

    fn write(&mut self, costs: &mut Costs) {
        let mut measure = |what, command, key: &str| {
            let before = (self.cost)(&mut self.store, &mut self.reads);
            let outcome = self.run(command, key);
            let after = (self.cost)(&mut self.store, &mut self.reads);
            costs.insert(what, after - before);
            outcome
        };
        let join = || Command::Join(Join::of(USER, LINE));
        let Outcome::Joined(ticket) = measure("join", join(), "1") else { panic!("a place") };
        let place = ticket.place;
        measure("ask for the place again", join(), "2");
        let hold = |number| {
            let (date, seats) = (DATE, [1, 2].into());
            let reservation = ReservationId(id(90, number));
            Command::Reserve(Reserve { user: USER, place, date, seats, reservation })
        };
        measure("hold", hold(1), "3");
        let reservation = ReservationId(id(90, 1));
        measure("release", Command::Cancel(Cancel { user: USER, place, reservation }), "4");
        let seats = [3, 4].into();
        let reservation = ReservationId(id(90, 2));
        let other = Reserve { user: USER, place, date: DATE, seats, reservation };
        measure("hold other seats", Command::Reserve(other), "5");
        let charge = ChargeId(id(91, 1));
        let charge = Charge {
            user: USER,
            place: Some(place),
            amount: Money(1_000),
            currency: Currency::KRW,
            charge,
        };
        measure("charge", Command::Charge(charge), "6");
        let payment = PaymentId(id(92, 1));
        let pay = Command::Pay(Pay { user: USER, place, reservation, payment });
        measure("pay", pay.clone(), "7");
        measure("pay again", pay, "7");
        let Outcome::Joined(ticket) = measure("join anew", join(), "8") else { panic!("a place") };
        let place = ticket.place;
        measure("leave", Command::Leave(Leave { user: USER, place }), "9");
        measure("expire", Command::Expire(Expire { place }), "10");
        measure("admit", Command::Admit(Admit::of(LINE)), "11");
        let adjustment = ChargeId(id(91, 2));
        let reason = "at the counter".into();
        let (amount, currency) = (Money(5), Currency::KRW);
        let adjust = Adjust { user: USER, amount, currency, reason, adjustment };
        measure("adjust", Command::Adjust(adjust), "12");
        let seats = vec![NewSeat { number: 20, zone: "S".into(), price: Money(7) }];
        let edit = EditDate { concert: SHOW, date: DATE, starts_at: None, seats };
        measure("edit a date", Command::EditDate(edit), "13");
        measure("set the sale", Command::SetSale(SetSale::now(SHOW, true)), "14");
        let Self { store, reads, cost } = self;
        let before = cost(store, reads);
        assert_eq!(store.prune(NOW.plus_ms(-2_000), 5), Ok(0));
        let none = cost(store, reads);
        assert_eq!(store.prune(NOW, 5), Ok(5));
        let some = cost(store, reads);
        store.prune_outbox(5).expect("a prune");
        store.oldest_reply().expect("a time");
        let after = cost(store, reads);
        costs.extend([("prune nothing", none - before), ("prune", some - none)]);
        costs.insert("what is there to prune", after - some);
    }

    fn read(&mut self, costs: &mut Costs) {
        let Self { store, reads, cost } = self;
        let mut measure = |what, ask: &dyn Fn(&mut R) -> usize, answers: usize| {
            let before = cost(store, reads);
            assert_eq!(ask(reads), answers, "{what}");
            costs.insert(what, cost(store, reads) - before);
        };
        let middle = PaymentId(id(50, 10));
        measure("bookings", &|r| r.bookings(USER, None, 5).expect("rows").len(), 5);
        measure("more bookings", &|r| r.bookings(USER, Some(middle), 5).expect("rows").len(), 5);
        let ended = |r: &mut R, before| r.ended_reservations(USER, before, 5).expect("rows").len();
        measure("ended reservations", &|r| ended(r, None), 5);
        let middle = ReservationId(id(21, 10));
        measure("more of them", &|r| ended(r, Some(middle)), 5);
        measure("balance", &|r| usize::from(r.balance(USER).expect("rows").amount.0 > 0), 1);
        measure("ledger", &|r| r.ledger(USER, None, 5).expect("rows").len(), 5);
        measure("more of the ledger", &|r| r.ledger(USER, Some(9), 5).expect("rows").len(), 5);
        let reservation = ReservationId(id(90, 2));
        let whole = |r: &mut R| r.reservation(reservation).expect("rows").map_or(0, |w| w.2.len());
        measure("reservation", &whole, 2);
        measure("sign in", &|r| usize::from(r.user_by_name("mina").expect("rows").is_some()), 1);
        measure("refresh", &|r| usize::from(r.user(USER).expect("rows").is_some()), 1);
        measure("open places", &|r| r.open_places(USER, 100).expect("rows").len(), 0);
        measure("keys", &|r| r.api_keys().expect("rows").len(), 0);
    }

    /// Adds so much of everything.
    fn live(&mut self, length: u64) {
        let mut keys = Keys::default();
        keys.queues.insert(LINE);
        for numbers in (1..=length).collect::<Vec<_>>().chunks(1_000) {
            let lived = commit(&mut self.store, &keys, |rows| {
                for &number in numbers {
                    claims(rows, number);
                    places(rows, number);
                    money(rows, number, length);
                    elsewhere(rows, number);
                }
                let queue = rows.queues.update(&LINE).expect("the queue");
                (queue.tail, queue.cursor) = (length, length);
            });
            lived.expect("a history");
        }
        let balance = Balance {
            amount: Money(1),
            currency: Currency::KRW,
            entry_count: 2 * length,
            updated_at: NOW,
        };
        let wallet = commit(&mut self.store, &Keys::default(), |rows| {
            rows.balances.insert(USER, balance);
        });
        wallet.expect("a balance");
    }
}

fn claim(user: UserId, date: DateId, status: ReservationStatus, number: u64) -> Reservation {
    let paid = status == ReservationStatus::Confirmed;
    Reservation {
        user,
        place: PlaceKey { queue: LINE, sequence: number },
        date,
        status,
        seat_count: 1,
        total_price: Money(0),
        reservation_date: NOW.plus_ms(-1_000),
        expires_at: NOW.plus_ms(-500),
        ended_at: Some(NOW.plus_ms(-600)),
        payment: paid.then(|| PaymentId(id(if user == USER { 50 } else { 51 }, number))),
        refunded: Refunded::default(),
    }
}

/// The user's holds of this date that came to nothing, what the user has bought of another, and what
/// another has bought of this one.
fn claims(rows: &mut Rows, number: u64) {
    let other = UserId(id(10, number));
    let all = [
        (20, claim(USER, DATE, ReservationStatus::Cancelled, number)),
        (21, claim(USER, DATE, ReservationStatus::Expired, number)),
        (22, claim(USER, EARLIER, ReservationStatus::Confirmed, number)),
        (23, claim(other, DATE, ReservationStatus::Confirmed, number)),
    ];
    for (kind, claim) in all {
        let key = ReservationId(id(kind, number));
        if let Some(payment) = claim.payment {
            let (user, concert, amount, payment_date) = (claim.user, SHOW, Money(0), NOW);
            rows.payments.insert(key, Payment { payment, user, concert, amount, payment_date });
        }
        rows.reservations.insert(key, claim);
        let seat = ReservedSeat { seat_id: 1, number: 1, price: Money(0) };
        rows.reserved_seats.insert(key, vec![seat]);
    }
}

/// Places of the user: left in line, or served and ended, and left in the line of an older concert.
fn places(rows: &mut Rows, number: u64) {
    let key = PlaceKey { queue: LINE, sequence: number };
    let served = number.is_multiple_of(2);
    let status = if served { PlaceStatus::Served } else { PlaceStatus::Left };
    let (created_at, deleted_at) = (NOW.plus_ms(-900_000), Some(NOW.plus_ms(-800_000)));
    let (user, visit) = (USER, number);
    let place = Place { user, status, created_at, visit, deleted_at, lapses: 0, unpaid_ms: 0 };
    rows.places.insert(key, place);
    if number == 1 {
        rows.concerts.insert(OLDER, over());
    }
    let elsewhere = PlaceKey { queue: QueueId::general(OLDER), ..key };
    rows.places.insert(elsewhere, Place { status: PlaceStatus::Left, ..place });
    if served {
        let admission = Admission {
            user: USER,
            is_active: false,
            token_expiry: NOW.plus_ms(-700_000),
            admitted_at: NOW.plus_ms(-800_000),
            arrived_at: None,
            shop_until: NOW.plus_ms(-700_000),
            reservation: None,
            end: Some(AdmissionEnd::Left),
            ended_at: Some(NOW.plus_ms(-700_000)),
            returns: 0,
        };
        rows.admissions.insert(key, admission);
    }
}

/// Charges first, then what was paid; and stored replies.
fn money(rows: &mut Rows, number: u64, length: u64) {
    let entry = |kind, reference| Transfer {
        kind,
        account: Account::Outside,
        currency: Currency::KRW,
        amount: Money(0),
        balance_after: Money(1),
        reference,
        reason: None,
        created_at: NOW,
    };
    rows.transfers.insert((USER, number), entry(TransferKind::Charge, id(60, number)));
    rows.transfers.insert((USER, length + number), entry(TransferKind::Payment, id(50, number)));
    let (fingerprint, created_at) = ([1; 32], NOW.plus_ms(-1_000));
    let record = Record { fingerprint, outcome: Outcome::Left, created_at };
    rows.idempotency.insert((USER.0, format!("old {number}")), record);
}

/// A concert that is over.
fn over() -> Concert {
    Concert {
        billing: boxoffice_core::poster::Billing::default(),
        concert_name: "Over".into(),
        theater: "Hall".into(),
        run_time: 120,
        total_seats: 0,
        date_count: 1,
        start_at: NOW.plus_ms(-9_000_000),
        end_at: Some(NOW.plus_ms(-8_000_000)),
        by_hand: ByHand::default(),
        time_zone: None,
        currency: Currency::KRW,
        policy: Policy::default(),
        created_at: NOW.plus_ms(-9_000_000),
    }
}

/// Other users, and concerts that are over.
fn elsewhere(rows: &mut Rows, number: u64) {
    let username = format!("fan-{number}");
    let user =
        User { username, look: None, password_hash: None, created_at: NOW, deleted_at: None };
    rows.users.insert(UserId(id(10, number)), user);
    let concert = ConcertId(id(70, number));
    rows.concerts.insert(concert, over());
    let concert_date = NOW.plus_ms(-7_000_000);
    let date = ConcertDate {
        concert,
        concert_date,
        total_seats: 0,
        available_seats: 0,
        blocked_seats: 0,
        revision: 0,
        withdrawn_at: None,
        cancelled: None,
        layout: None,
    };
    rows.dates.insert(DateId(id(71, number)), date);
}

/// The same requests after a short and a long history.
fn compare<S: Store, R: Reads>(mut world: impl FnMut() -> World<S, R>) {
    let [short, long] = [SHORT, LONG].map(|length| {
        let mut world = world();
        world.open();
        world.live(length);
        world.costs()
    });
    eprintln!("after {SHORT}: {short:?}\nafter {LONG}: {long:?}");
    let grown = long.iter().filter(|(what, cost)| **cost > short[*what] + SLACK);
    let grown: Vec<_> = grown.map(|(what, cost)| (what, short[what], cost)).collect();
    assert!(grown.is_empty(), "cost more after a long history: {grown:?}");
}

/// What SQLite's machine does for each request.
#[test]
fn history_costs_nothing_in_a_file() {
    static STEPS: AtomicU64 = AtomicU64::new(0);
    let mut folders = Vec::new();
    compare(|| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let files = Files { path: folder.path().join("boxoffice.db") };
        folders.push(folder);
        let mut store = SqliteStore::open(&files).expect("a file of our own");
        let mut reads = SqliteReads::open(&files).expect("a file of our own");
        store.count_steps(&STEPS).expect("a count");
        reads.count_steps(&STEPS).expect("a count");
        World { store, reads, cost: |_, _| STEPS.load(Ordering::Relaxed) }
    });
}

fn on_a_server<P: Product>() {
    let Some(server) = P::server() else { return };
    compare(|| {
        let options = subject::options(&server.fresh_database());
        World {
            store: MySqlStore::open(&options).expect("a database of our own"),
            reads: MySqlReads::open(&options).expect("a database of our own"),
            cost: |store, reads| {
                store.rows_read().expect("a count") + reads.rows_read().expect("a count")
            },
        }
    });
}

/// What a server reads for each request.
#[test]
fn history_costs_nothing_on_mariadb() {
    on_a_server::<MariaDb>();
}

/// What a server reads for each request.
#[test]
fn history_costs_nothing_on_mysql() {
    on_a_server::<MySql>();
}
