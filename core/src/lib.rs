//! Every rule of the sale, and nothing else.
//!
//! This crate has no clock, no randomness, no I/O and no async: `now` and new ids are arguments.
//! The server loads the rows that a batch of commands touches into [`rows::Rows`], calls
//! [`batch::run`], and saves what changed in one transaction.

/// Refuses with the given refusal unless the condition holds; a decision reads as a column of these.
macro_rules! ensure {
    ($condition:expr, $refusal:expr) => {
        if !$condition {
            return Err($refusal);
        }
    };
}

pub mod batch;
pub mod command;
pub mod concert;
pub mod draw;
pub mod edit;
pub mod id;
pub mod idempotency;
pub mod limits;
pub mod money;
pub mod outcome;
pub mod payment;
pub mod queue;
pub mod refusal;
pub mod reservation;
pub mod rows;
pub mod sale;
pub mod session;
pub mod time;
pub mod user;
pub mod wallet;
