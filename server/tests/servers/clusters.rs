//! Three servers as one: each has what was written on another, and goes on without it.

use crate::harness::{Cluster, eventually};
use mysql::prelude::Queryable;
use std::time::Duration;

/// For what the others do about a dead node, on a machine under load.
const BOUND: Duration = Duration::from_secs(60);

fn rows(cluster: &Cluster, node: usize, database: &str) -> Option<Vec<u32>> {
    cluster.node(node).connect(database).ok()?.query("SELECT id FROM kept ORDER BY id").ok()
}

/// Writes through a node, again as long as it does not take the row.
fn write(cluster: &Cluster, node: usize, database: &str, id: u32) {
    let statement = format!("INSERT IGNORE INTO kept VALUES ({id})");
    eventually("a row is written", BOUND, || {
        cluster.node(node).connect(database).ok()?.query_drop(&statement).ok()
    });
}

fn all_have(cluster: &Cluster, database: &str, nodes: &[usize], ids: &[u32]) {
    for node in nodes {
        let same = || rows(cluster, *node, database).filter(|rows| rows == ids);
        eventually(&format!("node {node} has {ids:?}"), BOUND, same);
    }
}

/// Every node but one that is killed takes writes, if each may write, else the primary.
fn survives_a_node(mut cluster: Cluster, killed: usize, each_writes: bool) {
    let database = cluster.fresh_database();
    let writer = |cluster: &Cluster, node: usize| {
        if each_writes { node } else { cluster.primary() }
    };
    let first = writer(&cluster, 0);
    let mut connection = cluster.node(first).connect(&database).unwrap();
    connection.query_drop("CREATE TABLE kept (id INT PRIMARY KEY)").unwrap();
    connection.query_drop("INSERT INTO kept VALUES (1)").unwrap();
    all_have(&cluster, &database, &[0, 1, 2], &[1]);

    cluster.kill(killed);
    let left: Vec<usize> = (0..3).filter(|node| *node != killed).collect();
    for (node, id) in left.iter().zip([2, 3]) {
        write(&cluster, writer(&cluster, *node), &database, id);
    }
    all_have(&cluster, &database, &left, &[1, 2, 3]);

    cluster.rejoin(killed);
    write(&cluster, writer(&cluster, killed), &database, 4);
    all_have(&cluster, &database, &[0, 1, 2], &[1, 2, 3, 4]);
}

#[test]
fn galera_survives_a_node() {
    if let Some(cluster) = Cluster::galera() {
        survives_a_node(cluster, 0, true);
    }
}

#[test]
fn a_group_of_primaries_survives_one() {
    if let Some(cluster) = Cluster::group_replication(true) {
        survives_a_node(cluster, 2, true);
    }
}

#[test]
fn a_group_survives_its_primary() {
    if let Some(cluster) = Cluster::group_replication(false) {
        let primary = cluster.primary();
        survives_a_node(cluster, primary, false);
    }
}
