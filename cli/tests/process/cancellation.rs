//! `kill -9` in the middle of the cancellation of a date, and a restart on the same file.

use crate::audit::audit;
use crate::cancelled::{ALL_SEATS, all_is_back, bought_out, cancel, is_half_done, until};
use crate::fan::TIRELESS;
use crate::sandbox::{Sandbox, open_sale};
use crate::{alone, nothing, runtime};
use boxoffice_server::clock::Clock;
use serde_json::json;

/// The server goes on after its restart where the job stood: every booking is given back, once.
#[test]
fn a_cancellation_survives_kill_9() {
    let _alone = alone();
    let sandbox = Sandbox::new();
    let server = sandbox.start(TIRELESS);
    let operator = sandbox.operator_key();
    runtime().block_on(async {
        let more = json!({ "max_active": 1_000 });
        let sale = open_sale(server.address, &operator, ALL_SEATS, &more).await;
        let keyring = sandbox.keyring();
        let users = bought_out(server.address, &sale, &keyring).await;
        let job = cancel(server.address, &operator, &sale).await;
        until((server.address, &operator, &job), is_half_done).await;
        server.kill();
        let server = sandbox.start(TIRELESS);
        assert_eq!(cancel(server.address, &operator, &sale).await, job, "the same job");
        let is_done = |job: &serde_json::Value| job["state"] == "done";
        let done = until((server.address, &operator, &job), is_done).await;
        all_is_back(server.address, &keyring, (&done, &users)).await;
        server.stop();
    });
    nothing(&audit(&sandbox.database(), Clock::System.now().0), "cancelled");
}
