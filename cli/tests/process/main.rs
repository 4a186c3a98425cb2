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

mod admin;
mod admin_routes;
mod audit;
mod audit_test;
mod backup;
mod bench;
mod cancellation;
mod cancelled;
mod client;
mod common;
mod config;
mod connections;
mod crash;
mod crowd;
mod dies;
mod document;
mod edges;
mod facts;
mod fan;
mod files;
mod full_disk;
mod keys;
mod layouts;
#[path = "../../../server/tests/servers/harness/left_out.rs"]
mod left_out;
mod limits;
mod log;
mod openapi;
mod overload;
mod readme;
mod refunds;
mod retry;
mod rush;
mod sandbox;
mod second;
mod secrets;
mod slow;
mod stop;
mod tickets;

use common::{alone, nothing, runtime};
use left_out::note as skip;
