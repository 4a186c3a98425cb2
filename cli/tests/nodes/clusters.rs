//! Three servers on the three nodes of a database that is a cluster; one of its nodes is killed in the
//! rush, and comes back.

use crate::estate::{Estate, answered};
use crate::fan::{Dice, crowd_during};
use crate::servers::Cluster;
use crate::{alone, runtime};
use serde_json::json;
use std::time::Duration;

/// How long a server may take to find a node of the database that takes writes.
const SETTLE: Duration = Duration::from_secs(5);

fn rush(mut cluster: Cluster, name: &str, victim: impl Fn(&Cluster) -> usize) {
    let seed = Dice::seed(name);
    let database = cluster.fresh_database();
    // Each server goes to its own node first, and to the others when that is away.
    let address = |first: usize| {
        let hosts = (0..3).map(|node| (first + node) % 3);
        let hosts = hosts.map(|node| format!("127.0.0.1:{}", cluster.node(node).port()));
        let url = cluster.url(first, &database);
        let own = format!("127.0.0.1:{}", cluster.node(first).port());
        url.replace(&own, &hosts.collect::<Vec<_>>().join(","))
    };
    let mut estate = Estate::open((0..3).map(address).collect());
    runtime().block_on(async {
        let sale = estate.open_sale(2_000, &json!({ "max_active": 30 })).await;
        let (addresses, keyring) = (estate.addresses(), estate.keyring());
        let dead = victim(&cluster);
        let script = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            tokio::task::block_in_place(|| cluster.kill(dead));
            tokio::time::sleep(SETTLE).await;
            tokio::task::block_in_place(|| cluster.rejoin(dead));
            tokio::time::sleep(Duration::from_secs(2)).await;
        };
        let crowd = crowd_during((&addresses, &sale, &keyring), 45, seed, script).await;
        let answered = answered(&crowd);
        eprintln!("{name}: {answered} requests answered");
        assert!(answered > 100, "no rush: {answered} answers");
        for node in 0..3 {
            let when = format!("{name}: on node {node}");
            estate.check(&cluster.url(node, &database), &crowd, &when);
        }
        estate.repeat(&cluster.url(0, &database), addresses[2], crowd).await;
        estate.stop();
    });
}

#[test]
fn a_rush_on_galera() {
    let _alone = alone();
    if let Some(cluster) = Cluster::galera() {
        rush(cluster, "galera", |_| 1);
    }
}

#[test]
fn a_rush_on_group_replication_with_one_primary() {
    let _alone = alone();
    if let Some(cluster) = Cluster::group_replication(false) {
        rush(cluster, "group replication, one primary", Cluster::primary);
    }
}

#[test]
fn a_rush_on_group_replication_with_three_primaries() {
    let _alone = alone();
    if let Some(cluster) = Cluster::group_replication(true) {
        rush(cluster, "group replication, three primaries", |_| 1);
    }
}
