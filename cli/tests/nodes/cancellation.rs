//! The server that gives back what was bought of a cancelled date is killed in the middle of it.

use crate::cancelled::{ALL_SEATS, all_is_back, bought_out, cancel, is_half_done, until};
use crate::estate::Estate;
use crate::servers::Server;
use crate::{alone, runtime, servers};
use serde_json::json;

/// Another server goes on where the job stood: every booking is given back, once.
fn goes_on_elsewhere(database: &Server) {
    let _alone = alone();
    let url = database.fresh_database();
    let mut estate = Estate::open(vec![url.clone()]);
    let (keyring, operator) = (estate.keyring(), estate.operator_key());
    let one = estate.address(0);
    runtime().block_on(async {
        let sale = estate.open_sale(ALL_SEATS, &json!({ "max_active": 1_000 })).await;
        let users = bought_out(one, &sale, &keyring).await;
        let job = cancel(one, &operator, &sale).await;
        until((one, &operator, &job), is_half_done).await;
        estate.kill(0);
        let two = estate.add(url.clone());
        assert_eq!(cancel(two, &operator, &sale).await, job, "the same job");
        let is_done = |job: &serde_json::Value| job["state"] == "done";
        let done = until((two, &operator, &job), is_done).await;
        all_is_back(two, &keyring, (&done, &users)).await;
    });
    estate.check(&url, &[], "cancelled");
    estate.stop();
}

#[test]
fn a_cancellation_goes_on_elsewhere_on_mariadb() {
    if let Some(database) = servers::shared_mariadb() {
        goes_on_elsewhere(database);
    }
}

#[test]
fn a_cancellation_goes_on_elsewhere_on_mysql() {
    if let Some(database) = servers::shared_mysql() {
        goes_on_elsewhere(database);
    }
}
