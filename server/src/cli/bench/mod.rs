//! `boxoffice bench`: what the server does as a ratio to its own no-op route, in one run, with the
//! generator on the same machine; and one transaction for many requests beside one for each.
//!
//! Two servers run as child processes, each on a copy of one fresh database file: one as it comes, one
//! with batches of a single command, which is the conventional way. Rounds of all steps alternate; the table
//! shows medians with their spread.

mod client;
mod conventional;
mod prepare;
pub(super) mod server;
mod shared;
mod step;

use super::Failure;
use crate::store::sqlite::{Files, SqliteStore};
use client::{Load, Measured};
use prepare::{Prepared, Wanted};
use server::Child;
use std::time::Duration;
use step::{MAPS, STEPS, Step, WHOLE};

/// How much to measure.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Rounds; each runs every step once
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of a step in a round, at most
    #[arg(long, default_value_t = 1.5)]
    seconds: f64,
    /// Connections; each has one request under way
    #[arg(long, default_value_t = 256)]
    connections: usize,
    /// Requests of a step that changes something, in a round, at most
    #[arg(long, default_value_t = 40_000)]
    changes: usize,
    /// Places in line while polls are measured
    #[arg(long, default_value_t = 100_000)]
    waiting: usize,
    /// Instead of an embedded database: an empty one that servers share, mysql://USER:PASSWORD@HOST:PORT/NAME
    #[arg(long)]
    database: Option<String>,
    /// Sizes of the pool of connections that the conventional way is given there; the best counts
    #[arg(long, value_delimiter = ',', default_values_t = [8, 32, 128])]
    pools: Vec<usize>,
    /// Only steps whose name contains this (and the no-op)
    #[arg(long)]
    only: Option<String>,
}

impl Options {
    fn wanted(&self) -> Wanted {
        Wanted { changes: self.changes, waiting: self.waiting, ..Wanted::default() }
    }
}

struct Line {
    step: Step,
    name: &'static str,
    rounds: Vec<Measured>,
}

/// Measures and prints.
///
/// # Errors
/// A server does not start, or an answer is not what it should be.
pub fn run(options: &Options) -> Result<(), Failure> {
    let folder = std::env::temp_dir().join(format!("boxoffice-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let outcome = match &options.database {
        None => measure(options, &folder).map(|lines| print(&lines, options)),
        Some(url) => shared::measure(options, url, &folder),
    };
    // A folder that cannot be removed is no reason to hide the figures.
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

/// The steps that are wanted; the first is the no-op.
fn steps(only: Option<&str>) -> Vec<(Step, &'static str)> {
    let wanted = |(step, name): &(Step, &str)| {
        *step == Step::Noop || only.is_none_or(|part| name.contains(part))
    };
    STEPS.iter().copied().filter(wanted).collect()
}

fn measure(options: &Options, folder: &std::path::Path) -> Result<Vec<Line>, Failure> {
    let steps = steps(options.only.as_deref());
    let database = folder.join("bench.db");
    let keys = database.with_extension("keys.json");
    let in_all = |kind: fn(Step) -> bool| -> usize {
        let counts = steps.iter().filter(|(step, _)| kind(*step));
        options.rounds * counts.map(|(step, _)| step.count(options.changes)).sum::<usize>()
    };
    let wanted = Wanted {
        holds: in_all(|step| matches!(step, Step::Hold(_))),
        pays: in_all(|step| matches!(step, Step::Pay(_))),
        maps: &MAPS,
        ..options.wanted()
    };
    let mut prepared = {
        let mut store = SqliteStore::open(&Files { path: database.clone() })?;
        Prepared::make(&mut store, &keys, wanted)?
    };
    // A server has its file to itself.
    let copy = folder.join("conventional.db");
    std::fs::copy(&database, &copy)?;
    let url = |path: &std::path::Path| format!("sqlite://{}", path.display());
    let batched = Child::start(&url(&database), &keys, &[])?;
    let conventional = Child::start(&url(&copy), &keys, &["--batch-commands-max", "1"])?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut lines: Vec<Line> =
        steps.iter().map(|&(step, name)| Line { step, name, rounds: Vec::new() }).collect();
    for _ in 0..options.rounds {
        for line in &mut lines {
            if line.step == WHOLE {
                let request = prepared.requests(WHOLE)?.swap_remove(0);
                let body = runtime.block_on(client::ask(batched.address, &request))?;
                let view: serde_json::Value = serde_json::from_str(&body)?;
                prepared.version = view["version"].as_str().unwrap_or_default().to_owned();
            }
            let server = if line.step.is_conventional() { &conventional } else { &batched };
            let load = Load {
                addresses: vec![server.address],
                connections: options.connections,
                time: Duration::from_secs_f64(options.seconds),
                requests: prepared.requests(line.step)?,
                repeat: line.step.way().is_none(),
                expect: line.step.expected(),
            };
            let measured = runtime.block_on(client::run(load));
            line.rounds.push(measured.map_err(|why| format!("{}: {why}", line.name))?);
        }
    }
    Ok(lines)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::print_stdout, reason = "the table is the verb's result")]
fn print(lines: &[Line], options: &Options) {
    println!(
        "{} connections, {} rounds of {} s a step, generator and server on the same {} cores",
        options.connections,
        options.rounds,
        options.seconds,
        std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
    );
    println!(
        "| step | requests/s | ratio to no-op | spread of the ratio | p50 ms | p99 ms | first byte ms |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let Some(noop) = lines.first() else { return };
    for line in lines {
        let ratios = || line.rounds.iter().zip(&noop.rounds).map(|(m, n)| m.rate / n.rate);
        let (low, high) =
            ratios().fold((f64::MAX, 0.0), |(low, high): (f64, f64), r| (low.min(r), high.max(r)));
        println!(
            "| {} | {:.0} | {:.3} | {low:.3}–{high:.3} | {:.2} | {:.2} | {:.2} |",
            line.name,
            median(line.rounds.iter().map(|m| m.rate)),
            median(ratios()),
            median(line.rounds.iter().map(|m| m.p50_ms)),
            median(line.rounds.iter().map(|m| m.p99_ms)),
            median(line.rounds.iter().map(|m| m.first_byte_ms)),
        );
    }
    print_gains(lines);
}

/// What many commands in a transaction bring, beside one.
#[expect(clippy::print_stdout, reason = "the table is the verb's result")]
fn print_gains(lines: &[Line]) {
    println!();
    println!("| batched to one transaction a request | ratio | spread |");
    println!("|---|---:|---:|");
    for pair in lines.windows(2) {
        let [batched, conventional] = pair else { continue };
        if !conventional.step.is_conventional() || batched.step.is_conventional() {
            continue;
        }
        let rounds = batched.rounds.iter().zip(&conventional.rounds);
        let ratios: Vec<f64> = rounds.map(|(b, c)| b.rate / c.rate).collect();
        let low = ratios.iter().copied().fold(f64::MAX, f64::min);
        let high = ratios.iter().copied().fold(0.0, f64::max);
        let middle = median(ratios.into_iter());
        println!("| {} | {middle:.1} | {low:.1}–{high:.1} |", batched.name);
    }
}
