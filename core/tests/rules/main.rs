//! Tests of the rules, from outside: commands go in as rows of text, outcomes and refusals come out.
//!
//! Each test is a script for [`script::check`]; the little language is described there. After every
//! line the whole world is held against [`invariants`], and a refusal must have changed nothing.
//! Nothing here may depend on a real clock, on randomness that is not seeded by proptest, or on the
//! server.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

mod concert;
mod cool_off;
mod drawing;
mod edit;
mod event;
mod harness;
mod histories;
mod idempotency;
mod invariants;
mod job;
mod lanes;
mod look;
mod money;
mod payment;
mod properties;
mod queue;
mod queue_places;
mod queue_rate;
mod refund;
mod reservation;
mod sale;
mod script;
mod seat;
mod session;
mod ticket;
mod user;
mod wallet;
mod words;

use boxoffice_core::command::Command;
use boxoffice_core::refusal::Refusal;

const SCRIPTS: [&str; 18] = [
    include_str!("concert.rs"),
    include_str!("cool_off.rs"),
    include_str!("drawing.rs"),
    include_str!("edit.rs"),
    include_str!("idempotency.rs"),
    include_str!("job.rs"),
    include_str!("lanes.rs"),
    include_str!("payment.rs"),
    include_str!("queue.rs"),
    include_str!("queue_places.rs"),
    include_str!("queue_rate.rs"),
    include_str!("refund.rs"),
    include_str!("reservation.rs"),
    include_str!("sale.rs"),
    include_str!("seat.rs"),
    include_str!("session.rs"),
    include_str!("user.rs"),
    include_str!("wallet.rs"),
];

/// A new command without a row here fails, and so does a new code.
#[test]
fn every_command_and_every_code_has_a_row() {
    let lines: Vec<&str> = SCRIPTS.iter().flat_map(|text| text.lines()).map(str::trim).collect();
    for name in Command::NAMES {
        let verb = script::verb_of(name);
        let met = lines.iter().any(|line| {
            let line = line.split("->").next().unwrap_or_default();
            line.split_whitespace().next() == Some(verb)
        });
        assert!(met, "no row runs {name} ({verb})");
    }
    for code in Refusal::CODES {
        let met = lines.iter().any(|line| {
            let want = line.split("->").nth(1).unwrap_or_default();
            want.split_whitespace().next() == Some(code)
        });
        assert!(met, "no row expects {code}");
    }
}
