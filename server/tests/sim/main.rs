//! Simulation of the sale, and what it has found.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod bench;
mod regressions;
mod run;
