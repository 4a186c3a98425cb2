//! The real binary as a process of its own: loaded, killed, stopped, starved, misconfigured.
//!
//! Each test has its own folder and port on the loopback interface, and ends only the process that
//! it started. Tests that put the machine under load run one at a time ([`alone`]).

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and tells by printing"
)]

mod audit;
mod audit_test;
mod backup;
mod bench;
mod client;
mod config;
mod crash;
mod crowd;
mod document;
mod facts;
mod fan;
mod files;
mod full_disk;
mod house;
mod keys;
mod overload;
mod readme;
mod retry;
mod second;
mod slow;
mod stop;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Says that a test could not run and why. In CI nothing is left out in silence: there it fails.
fn skip(test: &str, reason: &str) {
    eprintln!("SKIPPED {test}: {reason}");
    assert!(std::env::var_os("CI").is_none(), "SKIPPED {test}: {reason}");
}

/// Held by a test that measures or makes load, so that no other such test runs meanwhile.
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
