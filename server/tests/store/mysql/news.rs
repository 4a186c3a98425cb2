//! What other nodes commit is told, once, in few packets.

use super::on_each;
use super::sale::{
    DATE, LINE, NOW, SHOW, add_queue, admit, in_the_shop, in_the_shop_in, join, join_in, opened,
    place, reserve, run,
};
use crate::servers::Server;
use boxoffice_core::concert::SeatStatus;
use boxoffice_core::id::{PlaceKey, QueueId, SeatKey, Uuid};
use boxoffice_core::queue::QueueSettings;
use boxoffice_core::rows::Rows;
use boxoffice_server::store::mysql::MySqlStore;
use boxoffice_server::store::{Changes, Store};
use mysql::prelude::Queryable;
use std::collections::BTreeSet;

on_each! {
    /// H27: each node learns what the others have done, and not what it has done itself.
    nodes_tell_one_another;
    /// A queue that another node has added is told with all that is its own.
    a_queue_that_is_added_is_told;
    /// H18, H22: whoever is behind the cursor that is told has been told of as admitted, whatever is
    /// committed while it is read.
    what_is_told_is_of_one_moment;
    /// A batch whose number is missing may have been removed unseen: the read model starts anew.
    a_gap_is_a_snapshot;
    /// B6: a new date is told by itself, however many seats it has: nothing else is read.
    a_new_date_is_not_the_whole_database;
    /// What is too much to tell starts the read model anew.
    too_much_is_a_snapshot;
}

fn rows(store: &mut MySqlStore) -> Option<Box<Rows>> {
    match store.news().expect("news").changes {
        Changes::None => None,
        Changes::Rows(rows) => Some(rows),
        Changes::Snapshot(_) => panic!("a snapshot"),
    }
}

fn a_queue_that_is_added_is_told(server: &'static Server) {
    let options = opened(server, 4, QueueSettings::default());
    let open = || MySqlStore::open(&options).expect("a database of our own");
    let (mut a, mut b) = (open(), open());
    let other = QueueId { concert: SHOW, id: Uuid::from_u128(0xc1) };
    run(&mut a, &[add_queue(other)], NOW);
    let news = rows(&mut b).expect("rows");
    let told = news.queues.peek(&other).map(|queue| (queue.tail, queue.queue_name.clone()));
    assert_eq!(told, Some((0, "Fan club".into())));
    run(&mut a, &[join(1), join_in(2, other), join_in(3, other)], NOW);
    let news = rows(&mut b).expect("rows");
    let queues: Vec<_> = news.queues.changed().map(|(key, row, _)| (*key, row.tail)).collect();
    assert_eq!(queues, [(LINE, 1), (other, 2)]);
    let places: Vec<_> = news.places.changed().map(|(key, _, _)| *key).collect();
    let there = |sequence| PlaceKey { queue: other, sequence };
    assert_eq!(places, [place(1), there(1), there(2)]);
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
    assert_eq!(b.round_trips() - before, 5);
    let seats: Vec<_> = news.seats.changed().map(|(key, row, _)| (*key, row.status)).collect();
    let seat = |number| (SeatKey { date: DATE, number }, SeatStatus::Held);
    assert_eq!(seats, [seat(1), seat(2), seat(4)]);
    let dates: Vec<_> = news.dates.changed().map(|(_, row, _)| row.available_seats).collect();
    assert_eq!(dates, [1]);
    let queues: Vec<_> = news.queues.changed().map(|(key, row, _)| (*key, row.tail)).collect();
    assert_eq!(queues, [(LINE, 4)]);
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

fn what_is_told_is_of_one_moment(server: &'static Server) {
    const FANS: u32 = 400;
    let settings =
        QueueSettings { max_active: 100_000, admissions_per_second: 100_000, ..Default::default() };
    let options = opened(server, 1, settings);
    let mut told = MySqlStore::open(&options).expect("a database of our own");
    let mut busy = MySqlStore::open(&options).expect("a database of our own");
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for fan in 1..=FANS {
                run(&mut busy, &[join(fan)], NOW);
            }
        });
        let mut admitted = BTreeSet::new();
        while admitted.len() < FANS as usize {
            let Some(news) = rows(&mut told) else { continue };
            admitted.extend(news.admissions.changed().map(|(key, _, _)| key.sequence));
            for (_, queue, _) in news.queues.changed() {
                assert_eq!(queue.cursor, admitted.len() as u64, "behind the cursor and unknown");
            }
        }
    });
}

fn a_gap_is_a_snapshot(server: &'static Server) {
    let url = server.fresh_database();
    let options = in_the_shop_in(crate::subject::options(&url), 9, 4);
    let open = || MySqlStore::open(&options).expect("a database of our own");
    let (mut a, mut b) = (open(), open());
    run(&mut a, &[reserve(1, [1])], NOW);
    assert!(rows(&mut b).is_some());
    run(&mut a, &[reserve(2, [2])], NOW);
    run(&mut a, &[reserve(3, [3])], NOW);
    let mut by_hand = mysql::Conn::new(mysql::Opts::from_url(&url).unwrap()).unwrap();
    let removed = "DELETE FROM outbox WHERE batch_number = 2 AND changed LIKE '%\"s\"%'";
    by_hand.query_drop(removed).unwrap();
    assert_eq!(by_hand.affected_rows(), 1);
    let Changes::Snapshot(snapshot) = b.news().expect("news").changes else {
        panic!("no snapshot")
    };
    assert_eq!(snapshot.seats.iter().filter(|(_, s)| s.status == SeatStatus::Held).count(), 3);
    assert!(rows(&mut b).is_none());
}

fn a_new_date_is_not_the_whole_database(server: &'static Server) {
    let options = opened(server, 3, QueueSettings::default());
    let open = || MySqlStore::open(&options).expect("a database of our own");
    let (mut a, mut b) = (open(), open());
    run(&mut a, &[super::sale::add_date(25_000)], NOW);
    let news = rows(&mut b).expect("rows");
    assert_eq!((news.seats.changed().count(), news.dates.changed().count()), (25_000, 1));
    assert!(news.seats.changed().all(|(key, ..)| key.date == super::sale::LATER));
    assert!(rows(&mut b).is_none());
}

fn too_much_is_a_snapshot(server: &'static Server) {
    let url = server.fresh_database();
    let options = crate::subject::options(&url);
    let mut b = MySqlStore::open(&options).expect("a database of our own");
    let mut a = MySqlStore::open(&options).expect("a database of our own");
    run(&mut a, &[super::sale::create(25_000, Default::default())], NOW);
    // As a server of the version before tells it.
    let mut by_hand = mysql::Conn::new(mysql::Opts::from_url(&url).unwrap()).unwrap();
    let older = "UPDATE outbox SET changed = REGEXP_REPLACE(changed, ',\"n\":.*', '}')";
    by_hand.query_drop(older).unwrap();
    assert_eq!(by_hand.affected_rows(), 1);
    let Changes::Snapshot(snapshot) = b.news().expect("news").changes else {
        panic!("no snapshot")
    };
    assert_eq!((snapshot.seats.len(), snapshot.concerts.len()), (25_000, 1));
    assert!(rows(&mut b).is_none());
}
