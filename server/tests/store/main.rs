//! Stores: what every store must do, the same story on two of them, and files that are refused.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod differential;
mod refused;
mod sample;
mod schema;
mod second_lock;
mod subject;

#[path = "../sim/run.rs"]
mod run;
#[path = "../sim/scenario/mod.rs"]
mod scenario;

// One more store is one more line here.
contract::contract!(memory, crate::subject::OnMemory);
contract::contract!(sqlite, crate::subject::OnSqlite);
second_lock::second_lock!(sqlite_second_lock, crate::subject::OnSqlite);
