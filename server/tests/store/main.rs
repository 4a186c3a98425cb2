//! Stores: what every store must do, the same story on two of them, and files that are refused.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and tells by printing"
)]

mod contract;
mod differential;
mod events;
mod history;
mod mysql;
mod old;
mod over;
mod pages;
mod refused;
mod sample;
mod schema;
mod second_lock;
mod subject;

#[path = "../sim/run.rs"]
mod run;
#[path = "../sim/scenario/mod.rs"]
mod scenario;
#[path = "../servers/harness/mod.rs"]
mod servers;

// One more store is one more line here.
contract::contract!(memory, crate::subject::OnMemory);
contract::contract!(sqlite, crate::subject::OnSqlite);
second_lock::second_lock!(sqlite_second_lock, crate::subject::OnSqlite);
contract::contract!(mariadb_contract, crate::subject::OnServer<crate::subject::MariaDb>);
contract::contract!(mysql_contract, crate::subject::OnServer<crate::subject::MySql>);
second_lock::second_lock!(mariadb_second_lock, crate::subject::OnServer<crate::subject::MariaDb>);
second_lock::second_lock!(mysql_second_lock, crate::subject::OnServer<crate::subject::MySql>);
