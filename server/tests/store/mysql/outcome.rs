//! The answer to a commit is lost: it is found out whether the batch stands, and nothing is done
//! twice or lost.

use super::on_each;
use super::proxy::{Cut, Proxy};
use super::sale::{
    DATE, LINE, NOW, attempt, charge, fan, in_the_shop, in_the_shop_in, keyed, reserve, run,
    unkeyed,
};
use crate::servers::Server;
use crate::subject::options;
use boxoffice_core::command::Command;
use boxoffice_core::id::SeatKey;
use boxoffice_core::money::Money;
use boxoffice_core::queue::SetQueue;
use boxoffice_server::store::events::{Told, page};
use boxoffice_server::store::mysql::{MySqlReads, MySqlStore, Options};
use boxoffice_server::store::reads::Reads;
use boxoffice_server::store::{Changes, Fault, Store};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

on_each! {
    /// H12, H31: cut off before the server has got the commit: run again, done once.
    a_commit_that_did_not_arrive;
    /// H12, H16, H31: cut off before the answer has come: the first run stands.
    a_commit_whose_answer_was_lost;
    /// H12: the commit arrives when the batch was given up: it comes to nothing.
    a_commit_that_comes_late;
    /// H12, H31: nobody can say. The next batch finds out first, and the read model is told.
    a_commit_that_nobody_can_tell_of;
    /// H12: whatever became of a commit, the events of a node have no gap, and each is told once.
    lost_answers_leave_no_gap_in_the_events;
    /// H31: a connection that died between batches is replaced unseen.
    a_dead_connection_is_replaced;
}

/// A server dies under its writers and comes back.
fn a_server_that_dies(mut server: Server) {
    let direct = in_the_shop(&server, 1, 1);
    let stop = AtomicBool::new(false);
    let charge = |n: u128| keyed(charge(1, n), fan(1), &format!("key {n}"));
    let mut store = MySqlStore::open(&direct).expect("a database of our own");
    let told: Vec<Result<bool, Fault>> = std::thread::scope(|scope| {
        let buyer = scope.spawn(|| {
            let mut told = Vec::new();
            while !stop.load(Ordering::SeqCst) {
                let replies = attempt(&mut store, &[charge(told.len() as u128)]);
                if replies.is_err() {
                    std::thread::sleep(Duration::from_millis(20));
                }
                told.push(replies.map(|replies| replies[0].result.is_ok()));
            }
            told
        });
        // Shorter than a commit is asked after, and longer.
        for away in [400, 7_000] {
            std::thread::sleep(Duration::from_millis(400));
            server.kill();
            std::thread::sleep(Duration::from_millis(away));
            server.start();
        }
        std::thread::sleep(Duration::from_millis(400));
        stop.store(true, Ordering::SeqCst);
        buyer.join().expect("a buyer")
    });
    let mut store = MySqlStore::open(&direct).expect("a database of our own");
    for (n, told) in (0..).zip(&told) {
        let again = &run(&mut store, &[charge(n)], NOW)[0];
        match told {
            Ok(done) => assert!(*done && again.replayed, "acknowledged, and gone: {n}"),
            Err(Fault::Unavailable(_)) => assert!(!again.replayed, "nothing has changed: {n}"),
            Err(Fault::Unknown(_) | Fault::Conflict(_)) => {}
            Err(fault) => panic!("{fault:?}"),
        }
    }
    let faults = told.iter().filter(|told| told.is_err()).count();
    assert!(faults > 0 && faults < told.len(), "{faults} of {}", told.len());
    let mut reads = MySqlReads::open(&direct).expect("a reader");
    let total = i64::try_from(told.len()).expect("few") * 1_000;
    assert_eq!(reads.balance(fan(1)).expect("a balance").amount, Money(total));
    eprintln!("{faults} of {} charges met a fault", told.len());
}

/// H12, H31: nothing acknowledged is gone, nothing refused is done, and it recovers by itself.
#[test]
fn mariadb_dies_and_comes_back() {
    if let Some(server) = Server::mariadb() {
        a_server_that_dies(server);
    }
}

/// H12, H31: as above.
#[test]
fn mysql_dies_and_comes_back() {
    if let Some(server) = Server::mysql() {
        a_server_that_dies(server);
    }
}

struct World {
    proxy: Proxy,
    database: String,
    through: String,
    direct: Options,
    store: MySqlStore,
}

/// A store behind a proxy, and a fan in the shop.
fn world(server: &'static Server) -> World {
    let url = server.fresh_database();
    let direct = in_the_shop_in(options(&url), 4, 2);
    let proxy = Proxy::to(server.port());
    let through = url.replace(&server.port().to_string(), &proxy.port().to_string());
    let store = MySqlStore::open(&options(&through)).expect("a road to the database");
    let database = url.rsplit('/').next().expect("a name").to_owned();
    World { proxy, database, through, direct, store }
}

impl World {
    fn balance(&self) -> Money {
        let mut reads = MySqlReads::open(&self.direct).expect("a reader");
        reads.balance(fan(1)).expect("a balance").amount
    }

    /// Charges with the road cut like this; whether the reply is a stored one.
    fn charge(&mut self, cut: Cut) -> Result<bool, Fault> {
        self.proxy.cut(cut);
        let replies = attempt(&mut self.store, &[keyed(charge(1, 1), fan(1), "once")])?;
        assert!(replies[0].result.is_ok(), "{replies:?}");
        Ok(replies[0].replayed)
    }
}

fn a_commit_that_did_not_arrive(server: &'static Server) {
    let mut world = world(server);
    assert_eq!(world.charge(Cut::Before), Ok(false));
    assert_eq!(world.balance(), Money(1_000));
    assert_eq!(world.charge(Cut::Never), Ok(true));
    assert_eq!(world.balance(), Money(1_000));
}

fn a_commit_whose_answer_was_lost(server: &'static Server) {
    let mut world = world(server);
    // Not a stored reply: the batch was not run again.
    assert_eq!(world.charge(Cut::After), Ok(false));
    assert_eq!(world.balance(), Money(1_000));
    assert_eq!(world.charge(Cut::After), Ok(true));
    assert_eq!(world.balance(), Money(1_000));
}

fn a_commit_that_comes_late(server: &'static Server) {
    let mut world = world(server);
    assert_eq!(world.charge(Cut::Late(Duration::from_millis(700))), Ok(false));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(world.balance(), Money(1_000));
}

fn a_commit_that_nobody_can_tell_of(server: &'static Server) {
    let mut world = world(server);
    world.proxy.cut(Cut::AfterAndClosed);
    let held = attempt(&mut world.store, &[reserve(1, [1])]);
    assert!(matches!(held, Err(Fault::Unknown(_))), "{held:?}");
    let away = attempt(&mut world.store, &[reserve(2, [2])]);
    assert!(matches!(away, Err(Fault::Unavailable(_))), "{away:?}");
    world.proxy.cut(Cut::Never);
    assert!(run(&mut world.store, &[reserve(2, [1])], NOW)[0].result.is_err(), "it is taken");
    let news = world.store.news().expect("news");
    let Changes::Rows(rows) = news.changes else { panic!("no rows") };
    let seats: Vec<_> = rows.seats.changed().map(|(key, _, _)| *key).collect();
    assert_eq!(seats, [SeatKey { date: DATE, number: 1 }]);
}

fn lost_answers_leave_no_gap_in_the_events(server: &'static Server) {
    let mut world = world(server);
    let late = Cut::Late(Duration::from_millis(300));
    let cuts = [Cut::Never, Cut::Before, Cut::After, late, Cut::AfterAndClosed, Cut::Never];
    let mut told = 0;
    for (paused, cut) in [true, false].into_iter().cycle().zip(cuts) {
        world.proxy.cut(cut);
        let set = SetQueue {
            queue: LINE,
            max_active: None,
            admissions_per_second: None,
            max_waiting: None,
            paused: Some(paused),
            pause_reason: None,
        };
        let done = attempt(&mut world.store, &[unkeyed(Command::SetQueue(set))]);
        // Nobody can tell of the one after which no connection is let through; it stands.
        assert_eq!(done.is_err(), cut == Cut::AfterAndClosed, "{done:?}");
        told += 1;
    }
    std::thread::sleep(Duration::from_millis(300));
    let mut reads = MySqlReads::open(&world.direct).expect("a reader");
    let page = page(&mut reads, None, 100).expect("rows").expect("from the first");
    let numbers = page.events.iter().map(|event| event.key.number);
    assert!(numbers.eq(1..=page.events.len() as u64), "{:?}", page.events);
    let of_sale = |event: &&Told| ["sale.paused", "sale.resumed"].contains(&event.kind.as_str());
    assert_eq!(page.events.iter().filter(of_sale).count(), told, "{:?}", page.events);
}

fn a_dead_connection_is_replaced(server: &'static Server) {
    let mut world = world(server);
    let mut reads = MySqlReads::open(&options(&world.through)).expect("a reader");
    let ids: Vec<u64> = {
        use mysql::prelude::Queryable;
        let text = "SELECT id FROM information_schema.processlist WHERE db = ?";
        server.harness().expect("a connection").exec(text, (&world.database,)).expect("rows")
    };
    for id in ids {
        use mysql::prelude::Queryable;
        let _ = server.harness().expect("a connection").query_drop(format!("KILL {id}"));
    }
    assert_eq!(reads.balance(fan(1)).expect("asked again").amount, Money(0));
    assert_eq!(world.charge(Cut::Never), Ok(false));
}
