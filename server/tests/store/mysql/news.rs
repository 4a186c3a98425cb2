//! What other nodes commit is told, once, in few packets.

use super::on_each;
use super::sale::{DATE, NOW, SHOW, admit, in_the_shop, join, place, reserve, run};
use crate::servers::Server;
use boxoffice::store::mysql::MySqlStore;
use boxoffice::store::{Changes, Store};
use boxoffice_core::concert::SeatStatus;
use boxoffice_core::id::SeatKey;
use boxoffice_core::rows::Rows;

on_each! {
    /// H27: each node learns what the others have done, and not what it has done itself.
    nodes_tell_one_another;
    /// What is too much to tell starts the board anew.
    too_much_is_a_snapshot;
}

fn rows(store: &mut MySqlStore) -> Option<Box<Rows>> {
    match store.news().expect("news").changes {
        Changes::None => None,
        Changes::Rows(rows) => Some(rows),
        Changes::Snapshot(_) => panic!("a snapshot"),
    }
}

fn nodes_tell_one_another(server: &'static Server) {
    let options = in_the_shop(server, 4, 3);
    let open = || MySqlStore::open(&options).expect("a database of our own");
    let (mut a, mut b) = (open(), open());
    assert!(rows(&mut a).is_none() && rows(&mut b).is_none());
    run(&mut a, &[reserve(1, [1, 2])], NOW);
    run(&mut a, &[join(9), admit()], NOW);
    // A node that is seen for the first time.
    let mut c = open();
    run(&mut c, &[reserve(2, [2])], NOW);
    run(&mut c, &[reserve(2, [4])], NOW);
    assert!(rows(&mut c).is_none(), "what was there before it began, and its own");

    let before = b.round_trips();
    let news = rows(&mut b).expect("rows");
    assert_eq!(b.round_trips() - before, 2);
    let seats: Vec<_> = news.seats.changed().map(|(key, row, _)| (*key, row.status)).collect();
    let seat = |number| (SeatKey { date: DATE, number }, SeatStatus::Held);
    assert_eq!(seats, [seat(1), seat(2), seat(4)]);
    let dates: Vec<_> = news.dates.changed().map(|(_, row, _)| row.available_seats).collect();
    assert_eq!(dates, [1]);
    let queues: Vec<_> = news.queues.changed().map(|(key, row, _)| (*key, row.tail)).collect();
    assert_eq!(queues, [(SHOW, 4)]);
    let places: Vec<_> = news.places.changed().map(|(key, _, _)| *key).collect();
    assert_eq!(places, [place(4)]);
    let admissions: Vec<_> = news.admissions.changed().map(|(key, _, _)| *key).collect();
    assert_eq!(admissions, [place(1), place(2), place(4)]);

    let before = b.round_trips();
    assert!(rows(&mut b).is_none());
    assert_eq!(b.round_trips() - before, 1);
    // Of what c did, a has not heard.
    assert_eq!(rows(&mut a).expect("rows").seats.changed().count(), 1);
    let clock = a.news().expect("news").clock.expect("a clock");
    assert!(clock.0 > 1_700_000_000_000, "{clock:?}");
}

fn too_much_is_a_snapshot(server: &'static Server) {
    let options = crate::subject::options(&server.fresh_database());
    let mut b = MySqlStore::open(&options).expect("a database of our own");
    let mut a = MySqlStore::open(&options).expect("a database of our own");
    run(&mut a, &[super::sale::create(25_000, Default::default())], NOW);
    let Changes::Snapshot(snapshot) = b.news().expect("news").changes else {
        panic!("no snapshot")
    };
    assert_eq!((snapshot.seats.len(), snapshot.concerts.len()), (25_000, 1));
    assert!(rows(&mut b).is_none());
}
