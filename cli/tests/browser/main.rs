//! The pages in a real browser: headless Chromium against the binary.
//!
//! Each test has its own server, driver, profile and ports on the loopback interface, and ends only the
//! processes that it started. They run one at a time ([`common::alone`]). `SCREENSHOTS` names a folder that gets a picture
//! of each page in each state.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    dead_code,
    reason = "a test fails by panicking; modules of other targets are used in part"
)]

mod browser;
#[path = "../process/client.rs"]
mod client;
#[path = "../process/common.rs"]
mod common;
#[path = "../../../server/tests/servers/harness/left_out.rs"]
mod left_out;
mod pages;
#[path = "../../../server/tests/servers/harness/ports.rs"]
mod ports;
mod sale;
#[path = "../process/sandbox.rs"]
mod sandbox;
mod seatmap;
mod shop;
mod waiting;
