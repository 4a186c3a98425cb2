//! How figures change as the line, the hall and the crowd grow: each as a ratio to the no-op of the same
//! servers, connections and rounds.

use super::prepare::{SEATS_PER_DATE, Wanted};
use super::step::{MAPS, Step, Way};
use super::{Bed, Line, Options, lines, measure_on, median, ratio};
use boxoffice_server::Failure;
use std::path::Path;

/// Connections that are compared.
const CROWDS: [usize; 4] = [1, 16, 64, 256];
/// Holds of all rounds at most, so that small dates are not too many for a concert.
const HOLDS_MAX: usize = 17_500;

const NOOP: (Step, &str) = (Step::Noop, "no-op");
const POLL: (Step, &str) = (Step::Poll, "poll");
const JOIN: (Step, &str) = (Step::Join(Way::Batched), "join, durable");
const HOLD: (Step, &str) = (Step::Hold(Way::Batched), "hold, durable");

/// Measures and prints three tables.
pub fn measure(options: &Options, folder: &Path) -> Result<(), Failure> {
    head("places in line");
    for &waiting in &options.lines {
        let wanted = Wanted { waiting, ..options.wanted() };
        let file = folder.join(format!("line-{waiting}.db"));
        show(waiting, &measure_on(options, &file, wanted, &[NOOP, POLL, JOIN])?);
    }
    head("seats of a date");
    for seats in MAPS {
        let changes = options.changes.min(HOLDS_MAX / options.rounds.max(1));
        let wanted = Wanted { changes, seats_per_date: seats, maps: &MAPS, ..options.wanted() };
        let map = |query| Step::Map { seats, query };
        let maps = [(map(""), "seat map"), (map("?form=compact"), "seat map, compact")];
        let steps = [&[NOOP][..], &maps, &[HOLD]].concat();
        let file = folder.join(format!("hall-{seats}.db"));
        show(seats, &measure_on(options, &file, wanted, &steps)?);
    }
    head("connections");
    let all = CROWDS.len() * options.rounds * options.changes;
    let wanted = Wanted { holds: all, seats_per_date: SEATS_PER_DATE, ..options.wanted() };
    let mut bed = Bed::make(options, &folder.join("crowd.db"), wanted, &[])?;
    for connections in CROWDS {
        let mut lines = lines(&[NOOP, POLL, HOLD]);
        for _ in 0..options.rounds {
            bed.round(options, connections, &mut lines)?;
        }
        show(connections, &lines);
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the table is the verb's result")]
fn head(what: &str) {
    println!();
    println!(
        "| {what} | step | requests/s | ratio to no-op | spread of the ratio | p50 ms | p99 ms |"
    );
    println!("|---:|---|---:|---:|---:|---:|---:|");
}

#[expect(clippy::print_stdout, reason = "the table is the verb's result")]
fn show(size: usize, lines: &[Line]) {
    let Some(noop) = lines.first() else { return };
    for line in lines {
        let (middle, low, high) = ratio(&line.rounds, &noop.rounds);
        println!(
            "| {size} | {} | {:.0} | {middle:.3} | {low:.3}–{high:.3} | {:.2} | {:.2} |",
            line.name,
            median(line.rounds.iter().map(|m| m.rate)),
            median(line.rounds.iter().map(|m| m.p50_ms)),
            median(line.rounds.iter().map(|m| m.p99_ms)),
        );
    }
}
