//! Nodes that write on different members of a cluster, where locks are known to one member only and
//! the second of two commits is refused.

use super::races::{at_once_on, batches};
use super::sale::{
    NOW, admit, charge, fan, in_the_shop_in, join, keyed, opened_in, outcomes, reserve, run,
};
use crate::servers::{Cluster, eventually};
use crate::subject::options;
use boxoffice_core::money::Money;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::queue::QueueSettings;
use boxoffice_core::time::Time;
use boxoffice_server::store::mysql::{MySqlReads, MySqlStore, Options};
use boxoffice_server::store::reads::{Of, Reads};
use boxoffice_server::store::{Changes, Store};
use mysql::prelude::Queryable;
use std::time::Duration;

/// The same database by way of each member.
fn ways(cluster: &Cluster) -> Vec<Options> {
    let database = cluster.fresh_database();
    (0..3).map(|node| options(&cluster.url(node, &database))).collect()
}

/// H1, H11, H12, H17, H20, H27 with a writer on each of three members.
fn writers_on_each_member(cluster: &Cluster) {
    one_seat(&ways(cluster));
    one_charge(&ways(cluster));
    one_place(&ways(cluster));
    as_many_as_there_is_room_for(&ways(cluster));
    told_at_once(&ways(cluster));
}

fn one_seat(ways: &[Options]) {
    in_the_shop_in(ways[0].clone(), 1, 90);
    let wants = |from: u32| batches((from..from + 30).map(|n| reserve(n, [1])).collect(), 5);
    let nodes = ways.iter().zip([1, 31, 61]).map(|(way, from)| (way, wants(from)));
    let replies = at_once_on(nodes.collect()).concat();
    assert_eq!((replies.len(), outcomes(replies).len()), (90, 1));
}

fn one_charge(ways: &[Options]) {
    in_the_shop_in(ways[0].clone(), 1, 10);
    let node = |offset: u128| {
        let charge = |n: u32| keyed(charge(n, offset + u128::from(n)), fan(n), "once");
        batches((1..=10).map(charge).collect(), 2)
    };
    let nodes = ways.iter().zip([0, 100, 200]).map(|(way, offset)| (way, node(offset)));
    let replies = at_once_on(nodes.collect());
    let results =
        |node: usize| replies[node].iter().map(|reply| reply.result.clone()).collect::<Vec<_>>();
    assert_eq!(results(0), results(1));
    assert_eq!(results(0), results(2));
    for way in ways {
        let mut reads = MySqlReads::open(way).expect("a reader");
        assert_eq!(reads.balance(fan(3)).expect("a balance").amount, Money(1_000));
    }
}

fn one_place(ways: &[Options]) {
    opened_in(ways[0].clone(), 1, QueueSettings { paused: true, ..Default::default() });
    let joins = || batches((1..=30).map(join).collect(), 3);
    let replies = at_once_on(ways.iter().map(|way| (way, joins())).collect());
    let places = |node: usize| {
        let tickets = outcomes(replies[node].clone()).into_iter();
        let place = |outcome| match outcome {
            Outcome::Joined(ticket) => ticket.place.sequence,
            other => panic!("{other:?}"),
        };
        tickets.map(place).collect::<Vec<_>>()
    };
    assert_eq!((places(0), places(0)), (places(1), places(2)));
    assert_eq!(places(0).len(), 30);
}

fn as_many_as_there_is_room_for(ways: &[Options]) {
    let settings = QueueSettings { max_active: 7, ..Default::default() };
    opened_in(ways[0].clone(), 1, settings);
    let mut store = MySqlStore::open(&ways[0]).expect("a database of our own");
    run(&mut store, &(1..=40).map(join).collect::<Vec<_>>(), NOW);
    at_once_on(ways.iter().map(|way| (way, vec![vec![admit()]; 10])).collect());
    let snapshot =
        MySqlReads::open(&ways[2]).and_then(|mut r| r.snapshot(Of::Live(Time(0)))).expect("rows");
    assert_eq!((snapshot.queues[0].1.active, snapshot.admissions.len()), (7, 7));
}

/// What one member has acknowledged is there on another at once, for buyers and for the read model.
fn told_at_once(ways: &[Options]) {
    in_the_shop_in(ways[0].clone(), 20, 20);
    let open = |way: &Options| MySqlStore::open(way).expect("a database of our own");
    let mut stores: Vec<MySqlStore> = ways.iter().map(open).collect();
    for n in 1..=10 {
        assert_eq!(outcomes(run(&mut stores[0], &[reserve(n, [n])], NOW)).len(), 1);
        let again = run(&mut stores[1], &[reserve(n + 10, [n])], NOW);
        assert!(outcomes(again).is_empty(), "seat {n} is taken");
        let Changes::Rows(rows) = stores[2].news().expect("news").changes else {
            panic!("nothing of seat {n}")
        };
        assert_eq!(rows.seats.changed().count(), 1);
    }
}

/// A member that stands apart takes writes that the others never see: it is passed over, whatever it
/// says of itself.
fn who_stands_apart_is_passed_over(cluster: &Cluster, set_apart: &[&str]) {
    let database = cluster.fresh_database();
    let mut stores: Vec<MySqlStore> = (0..3)
        .map(|node| MySqlStore::open(&options(&cluster.url(node, &database))).expect("a store"))
        .collect();
    for statement in set_apart {
        cluster.node(2).harness().unwrap().query_drop(statement).unwrap();
    }
    // Whoever was connected there may find out late, but is not let in again.
    let apart = options(&cluster.url(2, &database));
    eventually("it is passed over", Duration::from_secs(40), || {
        let refused = MySqlStore::open(&apart).err()?.to_string();
        refused.contains("stands apart").then_some(())
    });
    let port = |node: usize| format!("127.0.0.1:{}", cluster.node(node).port());
    let both = cluster.url(2, &database).replace(&port(2), &[port(2), port(0)].join(","));
    let mut store = MySqlStore::open(&options(&both)).expect("the other member");
    assert!(store.news().is_ok() && stores[0].news().is_ok());
}

/// H1, H7, H11, H12, H17, H20, H27.
#[test]
fn writers_on_each_member_of_a_galera_cluster() {
    if let Some(cluster) = Cluster::galera() {
        writers_on_each_member(&cluster);
        let isolate = "SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'";
        who_stands_apart_is_passed_over(&cluster, &[isolate]);
    }
}

/// H1, H7, H11, H12, H17, H20, H27.
#[test]
fn writers_on_each_member_of_a_replication_group() {
    if let Some(cluster) = Cluster::group_replication(true) {
        writers_on_each_member(&cluster);
        // As a server is that was started again and did not join.
        let alone = [
            "STOP GROUP_REPLICATION",
            "SET GLOBAL super_read_only = OFF",
            "SET GLOBAL read_only = OFF",
        ];
        who_stands_apart_is_passed_over(&cluster, &alone);
    }
}
