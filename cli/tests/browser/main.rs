//! The pages in a real browser: headless Chromium against the binary.
//!
//! Each test has its own server, driver, profile and ports on the loopback interface, and ends only the
//! processes that it started. Few run at once ([`browser::in_browser`]). `SCREENSHOTS` names a folder that gets a picture
//! of each page in each state. A test fails where a page complains: a report of its policy, an error of its console, a
//! promise that nobody caught ([`browser::Browser::complaints`]).

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    dead_code,
    reason = "a test fails by panicking; modules of other targets are used in part"
)]

mod away;
mod browser;
mod check;
#[path = "../process/client.rs"]
mod client;
mod clocks;
#[path = "../process/common.rs"]
mod common;
mod filter;
mod hidden;
mod holding;
mod kept;
#[path = "../../../server/tests/servers/harness/left_out.rs"]
mod left_out;
mod live;
mod pages;
mod pictures;
#[path = "../../../server/tests/servers/harness/ports.rs"]
mod ports;
mod sale;
#[path = "../process/sandbox.rs"]
mod sandbox;
mod seatmap;
mod shop;
mod states;
mod steps;
mod telling;
mod ticket;
mod waiting;
