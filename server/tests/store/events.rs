//! Events: their numbers, and reading them on.

use crate::contract::commit;
use crate::sample;
use crate::subject::{MariaDb, MySql, OnServer, OnSqlite, Subject, options};
use boxoffice_core::batch::{self, Envelope, Reply};
use boxoffice_core::command::Command;
use boxoffice_core::id::{ChargeId, Uuid};
use boxoffice_core::money::Money;
use boxoffice_core::rows::{Keys, Rows};
use boxoffice_core::time::Time;
use boxoffice_core::wallet::Adjust;
use boxoffice_server::store::events::{Page, Positions, page};
use boxoffice_server::store::mysql::{MySqlReads, MySqlStore};
use boxoffice_server::store::reads::Reads;
use boxoffice_server::store::{Fault, Store, transact};

/// What tells something: an operator who adds money.
fn credit(number: u128) -> Envelope {
    let command = Command::Adjust(Adjust {
        user: sample::USER,
        amount: Money(1),
        currency: boxoffice_core::money::Currency::KRW,
        reason: format!("gift {number}"),
        adjustment: ChargeId(Uuid::from_u128(number)),
    });
    Envelope { command, key: None }
}

fn run<S: Store + ?Sized>(store: &mut S, numbers: &[u128], now: i64) -> Result<Vec<Reply>, Fault> {
    let envelopes: Vec<Envelope> = numbers.iter().copied().map(credit).collect();
    transact(store, |store| {
        let mut rows = Rows::default();
        batch::load_all(&envelopes, &mut rows, |keys, rows| store.load(keys, rows))?;
        let replies = batch::run(&envelopes, &mut rows, Time(now));
        store.save(&rows)?;
        Ok(replies)
    })
}

fn user<S: Store>(store: &mut S) {
    let mut keys = Keys::default();
    keys.users.insert(sample::USER);
    let made = commit(store, &keys, |rows| {
        let user = boxoffice_core::user::User { deleted_at: None, ..sample::user() };
        rows.users.insert(sample::USER, user);
    });
    made.expect("a user");
}

/// The reasons that events tell, as a short text with their places.
fn told(page: &Page) -> Vec<String> {
    let told = |event: &boxoffice_server::store::events::Told| {
        assert_eq!(event.kind, "balance.credited");
        assert_eq!(event.user, Some(sample::USER.0));
        let data: serde_json::Value = serde_json::from_str(&event.data).expect("JSON");
        let reason = data["reason"].as_str().expect("words").to_owned();
        format!("{}.{} {reason}", event.key.node, event.key.number)
    };
    page.events.iter().map(told).collect()
}

fn all(reads: &mut dyn Reads) -> Page {
    page(reads, None, 1_000).expect("rows").expect("from the first")
}

/// A batch that fails takes no number, whatever it had told; a restart goes on.
fn numbers_have_no_gaps<T: Subject>() {
    let mut subject = T::empty();
    user(subject.store());
    run(subject.store(), &[1, 2], 10).expect("a batch");
    let failed = transact(subject.store(), |store| {
        let envelopes = [credit(3)];
        let mut rows = Rows::default();
        batch::load_all(&envelopes, &mut rows, |keys, rows| store.load(keys, rows))?;
        batch::run(&envelopes, &mut rows, Time(11));
        store.save(&rows)?;
        Err::<(), _>(Fault::Unavailable("as planned".into()))
    });
    assert!(failed.is_err());
    run(subject.store(), &[4], 12).expect("a batch");
    subject.reopen();
    run(subject.store(), &[5], 13).expect("a batch");
    let want = ["1.1 gift 1", "1.2 gift 2", "1.3 gift 4", "1.4 gift 5"];
    assert_eq!(told(&all(&mut *subject.reads())), want);
}

/// A page at a time, each from where the one before has ended; what is old is removed, the newest of all is not,
/// and whoever was away for too long is told so.
fn events_are_read_on<T: Subject>() {
    let mut subject = T::empty();
    assert_eq!(page(&mut *subject.reads(), None, 2), Ok(Some(Page::default())));
    let empty = Positions::new();
    user(subject.store());
    for number in 1..=5 {
        run(subject.store(), &[number], 100 + i64::try_from(number).expect("small")).expect("one");
    }
    let mut reads = subject.reads();
    let first = page(&mut *reads, Some(&empty), 2).expect("rows").expect("from the first");
    assert_eq!((told(&first).len(), first.more), (2, true));
    let second = page(&mut *reads, Some(&first.positions), 2).expect("rows").expect("they go on");
    assert_eq!(told(&second), ["1.3 gift 3", "1.4 gift 4"]);
    let last = page(&mut *reads, Some(&second.positions), 2).expect("rows").expect("they go on");
    assert_eq!((told(&last), last.more), (vec!["1.5 gift 5".into()], false));
    let after = page(&mut *reads, Some(&last.positions), 2).expect("rows").expect("the end");
    assert_eq!((after.events.len(), &after.positions, after.more), (0, &last.positions, false));
    drop(reads);

    assert_eq!(subject.store().prune_events(Time(102), 10), Ok(1));
    assert_eq!(subject.store().prune_events(Time(1_000), 2), Ok(2));
    assert_eq!(subject.store().prune_events(Time(1_000), 10), Ok(1));
    assert_eq!(subject.store().prune_events(Time(1_000), 10), Ok(0));
    let mut reads = subject.reads();
    assert_eq!(told(&all(&mut *reads)), ["1.5 gift 5"]);
    assert_eq!(page(&mut *reads, Some(&second.positions), 2).expect("rows"), Some(last));
    assert_eq!(page(&mut *reads, Some(&first.positions), 2), Ok(None));
    assert_eq!(page(&mut *reads, Some(&empty), 2), Ok(None));
    for wrong in [(1, 6), (2, 0)] {
        assert_eq!(page(&mut *reads, Some(&Positions::from([wrong])), 2), Ok(None), "{wrong:?}");
    }
    drop(reads);
    subject.reopen();
    run(subject.store(), &[6], 200).expect("a batch");
    assert_eq!(told(&all(&mut *subject.reads())), ["1.5 gift 5", "1.6 gift 6"]);
}

/// Several servers that start at once take the same number of a node, find out, and go on apart: each node's
/// numbers have no gap, and whoever reads on while they write misses none.
fn nodes_number_apart<P: crate::subject::Product>() {
    let Some(server) = P::server() else { return };
    let options = options(&server.fresh_database());
    let mut stores: Vec<MySqlStore> =
        (0..4).map(|_| MySqlStore::open(&options).expect("a database of our own")).collect();
    user(&mut stores[0]);
    let (reader, mut seen) = (options.clone(), Vec::new());
    std::thread::scope(|scope| {
        let work = |(at, mut store): (u128, MySqlStore)| {
            scope.spawn(move || {
                for turn in 0..25 {
                    run(&mut store, &[1_000 * at + turn], 10).expect("a batch");
                }
            })
        };
        let writers: Vec<_> = (1..).zip(stores.drain(..)).map(work).collect();
        let mut reads = MySqlReads::open(&reader).expect("a database of our own");
        let mut positions = Positions::new();
        loop {
            let done = writers.iter().all(std::thread::ScopedJoinHandle::is_finished);
            let found = page(&mut reads, Some(&positions), 7).expect("rows").expect("they go on");
            positions = found.positions.clone();
            seen.extend(told(&found));
            if done && !found.more {
                break;
            }
        }
    });
    let mut reads = MySqlReads::open(&options).expect("a database of our own");
    let everything = all(&mut reads);
    let kept = reads.events_kept().expect("rows");
    assert_eq!(everything.events.len(), 100);
    assert!(kept.values().all(|(first, _)| *first == 1), "{kept:?}");
    assert_eq!(kept.values().map(|(_, last)| last).sum::<u64>(), 100, "{kept:?}");
    assert!((2..=8).contains(&kept.len()), "{kept:?}");
    let mut wanted = told(&everything);
    wanted.sort_unstable();
    seen.sort_unstable();
    assert_eq!(seen, wanted);
}

#[test]
fn numbers_have_no_gaps_in_a_file() {
    numbers_have_no_gaps::<OnSqlite>();
}

#[test]
fn numbers_have_no_gaps_on_mariadb() {
    if OnServer::<MariaDb>::is_there() {
        numbers_have_no_gaps::<OnServer<MariaDb>>();
    }
}

#[test]
fn numbers_have_no_gaps_on_mysql() {
    if OnServer::<MySql>::is_there() {
        numbers_have_no_gaps::<OnServer<MySql>>();
    }
}

#[test]
fn events_are_read_on_from_a_file() {
    events_are_read_on::<OnSqlite>();
}

#[test]
fn events_are_read_on_from_mariadb() {
    if OnServer::<MariaDb>::is_there() {
        events_are_read_on::<OnServer<MariaDb>>();
    }
}

#[test]
fn events_are_read_on_from_mysql() {
    if OnServer::<MySql>::is_there() {
        events_are_read_on::<OnServer<MySql>>();
    }
}

#[test]
fn nodes_number_apart_on_mariadb() {
    nodes_number_apart::<MariaDb>();
}

#[test]
fn nodes_number_apart_on_mysql() {
    nodes_number_apart::<MySql>();
}
