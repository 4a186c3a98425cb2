//! Tests of the API: requests through the router, on a real database file, with a clock that the
//! test moves and a tick that ticks when the test says so.
//!
//! [`world`] is how tests speak of a sale; every other module is one subject. Hard cases (H1 …) are
//! named where they are tested. Nothing here may wait for a real clock where the manual one will do.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

mod alive;
mod apart;
mod behind;
mod billing;
mod block;
mod bodies;
mod buying;
mod closing;
mod cookies;
mod crowd;
mod draw;
mod durable;
mod edges;
mod events;
mod exports;
mod external;
mod files;
mod funds;
mod fuzz;
mod guards;
mod guessers;
mod halls;
mod jobs;
mod large;
mod limits;
mod load;
mod me;
mod metrics;
mod money;
mod openapi;
mod operating;
mod over;
mod pages;
mod problems;
mod providers;
mod push;
mod queue;
mod queues;
mod read_model;
mod refunds;
mod seats;
mod sessions;
mod settings;
mod states;
mod texts;
mod tickets;
mod unlisted;
mod world;
