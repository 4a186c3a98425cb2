//! Nodes on one database, at the same time on the same rows. No fault surfaces: what the database
//! undoes is run again.

use super::on_each;
use super::sale::{
    NOW, add_queue, admit, charge, fan, in_the_shop, join, join_in, keyed, opened, outcomes,
    reserve, run, unkeyed,
};
use crate::run::run_batch;
use crate::servers::Server;
use boxoffice_core::batch::{Envelope, Reply, load_all};
use boxoffice_core::command::Command;
use boxoffice_core::concert::SeatStatus;
use boxoffice_core::id::{QueueId, Uuid};
use boxoffice_core::money::Money;
use boxoffice_core::outcome::{Outcome, TicketState};
use boxoffice_core::queue::QueueSettings;
use boxoffice_core::refusal::Refusal;
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use boxoffice_core::user::Register;
use boxoffice_server::store::mysql::{MySqlReads, MySqlStore, Options};
use boxoffice_server::store::reads::{Of, Reads};
use boxoffice_server::store::{Fault, Store};
use std::collections::BTreeMap;
use std::sync::{Barrier, mpsc};
use std::time::Duration;

on_each! {
    /// H1: a thousand people on two nodes want one seat.
    one_of_a_thousand_gets_the_seat;
    /// H2, H7: overlapping seats in opposite orders on two nodes; all or none of each.
    several_seats_in_different_orders;
    /// H11: the same charge on two nodes at once is made once, and both are told the same.
    the_same_charge_on_two_nodes;
    /// A name that is registered on two nodes at once is one user's; the other is told that it is taken.
    the_same_name_on_two_nodes;
    /// H20: the same users join on two nodes at once: one place each.
    the_same_user_joins_on_two_nodes;
    /// H20: the same users join two queues of a concert on two nodes at once: one live place each.
    the_same_user_joins_two_queues_on_two_nodes;
    /// H17, H5: nodes that admit at once admit no more than there is room for, and than the rate allows.
    nodes_that_admit_at_once;
    /// H8: read as servers do by default the same two holds sell the seat twice; as built they do not.
    a_plain_read_sells_the_seat_twice;
}

/// Runs these batches on as many nodes at once; the replies by node.
fn at_once(options: &Options, nodes: Vec<Vec<Vec<Envelope>>>) -> Vec<Vec<Reply>> {
    let nodes: Vec<_> = nodes.into_iter().map(|batches| (options, batches)).collect();
    at_once_on(nodes)
}

/// As [`at_once`], each by its own way to the database.
pub fn at_once_on(nodes: Vec<(&Options, Vec<Vec<Envelope>>)>) -> Vec<Vec<Reply>> {
    let barrier = Barrier::new(nodes.len());
    std::thread::scope(|scope| {
        let node = |(options, batches): (&Options, Vec<Vec<Envelope>>)| {
            let (barrier, options) = (&barrier, options.clone());
            scope.spawn(move || {
                let mut store = MySqlStore::open(&options).expect("a database of our own");
                barrier.wait();
                batches.iter().flat_map(|batch| run(&mut store, batch, NOW)).collect()
            })
        };
        let threads: Vec<_> = nodes.into_iter().map(node).collect();
        threads.into_iter().map(|thread| thread.join().expect("a node")).collect()
    })
}

pub fn batches(all: Vec<Envelope>, size: usize) -> Vec<Vec<Envelope>> {
    all.chunks(size).map(<[_]>::to_vec).collect()
}

fn one_of_a_thousand_gets_the_seat(server: &'static Server) {
    let options = in_the_shop(server, 1, 1_000);
    let wants = |range: std::ops::RangeInclusive<u32>| {
        batches(range.map(|n| reserve(n, [1])).collect(), 20)
    };
    let replies = at_once(&options, vec![wants(1..=500), wants(501..=1_000)]).concat();
    assert_eq!(replies.len(), 1_000);
    let taken = Refusal::SeatsTaken { seat_numbers: vec![1] };
    let lost = replies.iter().filter(|reply| reply.result == Err(taken.clone())).count();
    assert_eq!((outcomes(replies).len(), lost), (1, 999));
}

fn several_seats_in_different_orders(server: &'static Server) {
    let options = in_the_shop(server, 60, 240);
    let up = (1..=120).map(|n| reserve(n, [n % 57 + 1, n % 57 + 2, n % 57 + 3])).collect();
    let down = (121..=240).rev();
    let down = down.map(|n| reserve(n, [n % 58 + 1, n % 58 + 2])).collect();
    let replies = at_once(&options, vec![batches(up, 5), batches(down, 5)]).concat();
    let mut won = 0;
    for outcome in outcomes(replies) {
        let Outcome::Reserved { seats, .. } = outcome else { panic!("{outcome:?}") };
        won += seats.len();
    }
    let snapshot =
        MySqlReads::open(&options).and_then(|mut r| r.snapshot(Of::Live(Time(0)))).expect("rows");
    let held = snapshot.seats.iter().filter(|(_, seat)| seat.status == SeatStatus::Held).count();
    assert_eq!(held, won);
    assert_eq!(snapshot.dates[0].1.available_seats, 60 - won as u64);
    assert!(won > 40, "{won}");
}

fn the_same_charge_on_two_nodes(server: &'static Server) {
    let options = in_the_shop(server, 1, 40);
    // Each request has an id of its own, as handlers make them; the key is what they share.
    let node = |offset: u128| {
        let charges = |n: u32| {
            (1..=3).map(move |k: u32| {
                let id = offset + u128::from(n * 10 + k);
                keyed(charge(n, id), fan(n), &format!("key {k}"))
            })
        };
        batches((1..=40).flat_map(charges).collect(), 4)
    };
    let replies = at_once(&options, vec![node(0), node(100_000)]);
    let results = |node: usize| replies[node].iter().map(|reply| reply.result.clone());
    assert!(results(0).eq(results(1)));
    let replayed = replies.concat().iter().filter(|reply| reply.replayed).count();
    assert_eq!(replayed, 120);
    let mut reads = MySqlReads::open(&options).expect("a reader");
    for n in 1..=40 {
        assert_eq!(reads.balance(fan(n)).expect("a balance").amount, Money(3_000), "fan {n}");
    }
}

fn the_same_name_on_two_nodes(server: &'static Server) {
    let options = opened(server, 1, QueueSettings::default());
    let node = |offset: u32| {
        let register = |n: u32| {
            unkeyed(Command::Register(Register {
                user: fan(offset + n),
                username: format!("fan {n}"),
                look: format!("fan {n}"),
                password_hash: "$argon2id$".into(),
            }))
        };
        batches((1..=120).map(register).collect(), 4)
    };
    let replies = at_once(&options, vec![node(0), node(1_000)]);
    for (one, other) in replies[0].iter().zip(&replies[1]) {
        let both = [&one.result, &other.result];
        let taken = both.iter().filter(|result| ***result == Err(Refusal::UsernameTaken)).count();
        assert_eq!(taken, 1, "{both:?}");
    }
}

fn the_same_user_joins_on_two_nodes(server: &'static Server) {
    let options = opened(server, 1, QueueSettings { paused: true, ..Default::default() });
    let joins = || batches((1..=200).map(join).collect(), 3);
    let replies = at_once(&options, vec![joins(), joins()]);
    let places = |node: usize| {
        let tickets = outcomes(replies[node].clone()).into_iter();
        let place = |outcome| match outcome {
            Outcome::Joined(ticket) => ticket.place.sequence,
            other => panic!("{other:?}"),
        };
        tickets.map(place).collect::<Vec<_>>()
    };
    assert_eq!(places(0), places(1));
    let mut all = places(0);
    all.sort_unstable();
    assert!(all.into_iter().eq(1..=200));
}

fn the_same_user_joins_two_queues_on_two_nodes(server: &'static Server) {
    let options = opened(server, 1, QueueSettings::default());
    let other = QueueId { concert: super::sale::SHOW, id: Uuid::from_u128(0xc1) };
    let mut store = MySqlStore::open(&options).expect("a database of our own");
    let added = run(&mut store, &[add_queue(other)], NOW);
    assert!(added[0].result.is_ok(), "{added:?}");
    let here = batches((1..=200).map(join).collect(), 7);
    let there = batches((1..=200).rev().map(|n| join_in(n, other)).collect(), 7);
    let replies = outcomes(at_once(&options, vec![here, there]).concat());
    let mut places: BTreeMap<_, usize> = BTreeMap::new();
    for outcome in &replies {
        let Outcome::Joined(ticket) = outcome else { panic!("{outcome:?}") };
        *places.entry(ticket.place).or_default() += 1;
    }
    assert_eq!((replies.len(), places.len()), (400, 200));
    assert!(places.values().all(|told| *told == 2), "each is told of one place, twice");
    let both = places.keys().filter(|place| place.queue == other).count();
    assert!((1..200).contains(&both), "both queues were joined: {both}");
    let snapshot =
        MySqlReads::open(&options).and_then(|mut r| r.snapshot(Of::Live(Time(0)))).expect("rows");
    let mut tails: Vec<u64> = snapshot.queues.iter().map(|(_, queue)| queue.tail).collect();
    tails.sort_unstable();
    assert_eq!(tails.iter().sum::<u64>(), 200, "{tails:?}");
}

fn nodes_that_admit_at_once(server: &'static Server) {
    for (max_active, rate, expected) in [(20, 10_000, 20), (1_000, 10, 10)] {
        let settings = QueueSettings {
            max_active,
            admissions_per_second: rate,
            paused: true,
            ..QueueSettings::default()
        };
        let options = opened(server, 1, settings);
        let mut store = MySqlStore::open(&options).expect("a database of our own");
        let joins: Vec<_> = (1..=300).map(join).collect();
        for reply in outcomes(run(&mut store, &joins, NOW)) {
            let Outcome::Joined(ticket) = reply else { panic!("{reply:?}") };
            assert!(!matches!(ticket.state, TicketState::Admitted { .. }));
        }
        let go = boxoffice_core::queue::SetQueue {
            queue: super::sale::LINE,
            max_active: None,
            admissions_per_second: None,
            max_waiting: None,
            paused: Some(false),
            pause_reason: None,
        };
        run(&mut store, &[unkeyed(Command::SetQueue(go))], NOW);
        let ticks = || vec![vec![admit()]; 20];
        let replies = at_once(&options, vec![ticks(), ticks(), ticks()]).concat();
        let count = |outcome| match outcome {
            Outcome::Admitted { count, .. } => count,
            other => panic!("{other:?}"),
        };
        let admitted: u64 = outcomes(replies).into_iter().map(count).sum();
        let snapshot = MySqlReads::open(&options)
            .and_then(|mut r| r.snapshot(Of::Live(Time(0))))
            .expect("rows");
        assert_eq!((admitted, snapshot.queues[0].1.active), (expected, expected));
        assert_eq!(snapshot.admissions.len() as u64, expected);
    }
}

/// Two nodes want the same seat; the second looks at it while the first is between load and save, for which it
/// has this long.
fn winners(
    options: &Options,
    open: impl Fn(&Options) -> Result<MySqlStore, Fault> + Copy + Send + Sync,
    look: Duration,
) -> usize {
    let (loaded, has_loaded) = mpsc::channel();
    std::thread::scope(|scope| {
        let second = scope.spawn(move || {
            let mut store = open(options).expect("a database of our own");
            has_loaded.recv().expect("the first node");
            outcomes(run_batch(&mut store, &[reserve(2, [1])], NOW).expect("a batch").1).len()
        });
        let mut store = open(options).expect("a database of our own");
        let mut rows = Rows::default();
        let envelopes = [reserve(1, [1])];
        store.begin().expect("a transaction");
        load_all(&envelopes, &mut rows, |keys, rows| store.load(keys, rows)).expect("rows");
        loaded.send(()).expect("the second node");
        std::thread::sleep(look);
        let replies = boxoffice_core::batch::run(&envelopes, &mut rows, NOW);
        store.save(&rows).and_then(|()| store.commit()).expect("a commit");
        outcomes(replies).len() + second.join().expect("the second node")
    })
}

fn a_plain_read_sells_the_seat_twice(server: &'static Server) {
    let options = in_the_shop(server, 1, 2);
    assert_eq!(
        winners(&options, MySqlStore::open_unlocked, Duration::from_secs(3)),
        2,
        "the test can tell"
    );
    let options = in_the_shop(server, 1, 2);
    assert_eq!(winners(&options, MySqlStore::open, Duration::from_millis(400)), 1);
}
