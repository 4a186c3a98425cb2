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
#[path = "../process/client.rs"]
mod client;
mod clusters;
mod copy;
#[path = "../process/document.rs"]
mod document;
mod estate;
#[path = "../process/facts.rs"]
mod facts;
#[path = "../process/fan.rs"]
mod fan;
#[path = "../process/house.rs"]
mod house;
mod one_sale;
#[path = "../process/retry.rs"]
mod retry;
mod rush;
#[path = "../servers/harness/mod.rs"]
mod servers;
mod upkeep;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Held by each test, so that no other runs meanwhile.
fn alone() -> MutexGuard<'static, ()> {
    static LOAD: Mutex<()> = Mutex::new(());
    // A test that failed while it held the lock has nothing in it to spoil.
    LOAD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nothing was found wrong; a long list is shown by its beginning.
fn nothing(found: &[impl AsRef<str>], when: &str) {
    let short = |line: &str| line.chars().take(600).collect::<String>();
    let first: Vec<_> = found.iter().take(5).map(|line| short(line.as_ref())).collect();
    assert!(found.is_empty(), "{when}: {} wrong: {first:#?}", found.len());
}

/// A runtime for the clients of one test.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
