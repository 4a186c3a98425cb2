//! The private database servers that other tests use: they start, survive and come back.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and tells by printing"
)]

mod clusters;
mod harness;
mod single;
