//! A rush on three servers, one of which is killed.

use crate::estate::{Estate, answered};
use crate::fan::{Dice, crowd_during};
use crate::servers::{self, Server};
use crate::{alone, runtime};
use serde_json::json;
use std::time::Duration;

/// Fans at once.
const FANS: u64 = 60;

async fn sleep(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}

fn one_server_dies(database: &Server, name: &str) {
    let _alone = alone();
    let seed = Dice::seed(name);
    let url = database.fresh_database();
    let mut estate = Estate::open(vec![url.clone(), url.clone(), url.clone()]);
    runtime().block_on(async {
        let sale = estate.open_sale(2_000, &json!({ "max_active": 30 })).await;
        let (addresses, keyring) = (estate.addresses(), estate.keyring());
        let script = async {
            sleep(2.0).await;
            estate.kill(1);
            sleep(2.0).await;
        };
        let crowd = crowd_during((&addresses, &sale, &keyring), FANS, seed, script).await;
        let answered = answered(&crowd);
        eprintln!("{name}: {answered} requests answered");
        assert!(answered > 100, "no rush: {answered} answers");
        estate.check(&url, &crowd, "after the kill");
        // H12: whoever had no answer, or a lost one, asks another server.
        let crowd = estate.repeat(&url, estate.address(2), crowd).await;
        estate.start(1);
        estate.stop();
        estate.check(&url, &crowd, "stopped");
    });
}

/// H1, H11, H12, H17, H20, H25, H33 on several machines.
#[test]
fn a_server_dies_in_a_rush_on_mariadb() {
    if let Some(database) = servers::shared_mariadb() {
        one_server_dies(database, "rush on mariadb");
    }
}

/// The same.
#[test]
fn a_server_dies_in_a_rush_on_mysql() {
    if let Some(database) = servers::shared_mysql() {
        one_server_dies(database, "rush on mysql");
    }
}
