//! Several servers on one database that they share: rushes on all of them while servers and databases
//! die, audited with the same checks as the embedded database.
//!
//! Each test has its own database servers, folders and ports on the loopback interface, and ends only
//! the processes that it started. They run one at a time ([`alone`]): each fills the machine.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    dead_code,
    reason = "a test fails by panicking; modules of other targets are used in part"
)]

#[path = "../process/audit.rs"]
mod audit;
mod away;
mod balanced;
mod cancellation;
#[path = "../process/cancelled.rs"]
mod cancelled;
#[path = "../process/client.rs"]
mod client;
mod clusters;
#[path = "../process/common.rs"]
mod common;
#[path = "../process/dies.rs"]
mod dies;
#[path = "../process/document.rs"]
mod document;
mod estate;
#[path = "../process/facts.rs"]
mod facts;
#[path = "../process/fan.rs"]
mod fan;
mod one_sale;
mod proved;
#[path = "../process/retry.rs"]
mod retry;
mod rush;
#[path = "../process/sandbox.rs"]
mod sandbox;
#[path = "../../../server/tests/servers/harness/mod.rs"]
mod servers;
mod sessions;
mod streams;
mod upkeep;

use common::{alone, nothing, runtime};
