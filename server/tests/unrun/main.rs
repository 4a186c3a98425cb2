//! The last line of `cargo test`: what was not run, and how to run it. It is no test and has no harness, so that
//! its line is shown; Cargo runs it last, by its name.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    dead_code,
    reason = "it tells by printing, and uses a part of what tests share"
)]

#[path = "../servers/harness/left_out.rs"]
mod left_out;

use std::collections::BTreeSet;
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let notes = left_out::notes();
    let text = std::fs::read_to_string(&notes).unwrap_or_default();
    // Where there was none, nothing has to go.
    let _ = std::fs::remove_file(notes);
    let lines: BTreeSet<&str> = text.lines().collect();
    if lines.is_empty() {
        println!("\nEvery test that was asked for has run.");
        return ExitCode::SUCCESS;
    }
    let list: Vec<&str> = lines.into_iter().collect();
    println!("\nNOT RUN: {}. To install what is missing and run all: .ci/run", list.join("; "));
    if std::env::var_os("CI").is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
