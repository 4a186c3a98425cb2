//! `boxoffice bench`: what the server does as a ratio to its own no-op route, in one run, with the
//! generator on the same machine; and one transaction for many requests beside one for each.
//!
//! Two servers run as child processes, each on a copy of one fresh database file: one as it comes, one
//! with batches of a single command, which is the conventional way. Rounds of all steps alternate; the table
//! shows medians with their spread.

mod client;
mod conventional;
mod growth;
mod prepare;
pub(crate) mod server;
mod shared;
mod step;

use boxoffice_server::Failure;
use boxoffice_server::store::sqlite::{Files, SqliteStore};
use client::{Load, Measured};
use prepare::{Prepared, Wanted};
use server::Child;
use std::path::Path;
use std::time::Duration;
use step::{HOLDERS, MAPS, SINCE, STEPS, Step, WHOLE};

/// A few accounts stand for all fans here, so that limits by account would be what is measured.
const UNLIMITED: &[&str] = &["--limits", "false"];
/// The same with a transaction for each request.
const CONVENTIONAL: &[&str] = &["--limits", "false", "--batch-commands-max", "1"];

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
    /// Instead: how figures change as lines, halls and crowds grow (embedded database only)
    #[arg(long, conflicts_with_all = ["database", "only"])]
    growth: bool,
    /// Places in line that are compared with --growth
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000, 1_000_000])]
    lines: Vec<usize>,
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
        None if options.growth => growth::measure(options, &folder),
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

fn measure(options: &Options, folder: &Path) -> Result<Vec<Line>, Failure> {
    let steps = steps(options.only.as_deref());
    let wanted = Wanted { maps: &MAPS, ..options.wanted() };
    measure_on(options, &folder.join("bench.db"), wanted, &steps)
}

/// Measures steps on a fresh database.
fn measure_on(
    options: &Options,
    database: &Path,
    wanted: Wanted,
    steps: &[(Step, &'static str)],
) -> Result<Vec<Line>, Failure> {
    let mut lines = lines(steps);
    let mut bed = Bed::make(options, database, wanted, &lines)?;
    for _ in 0..options.rounds {
        bed.round(options, options.connections, &mut lines)?;
    }
    Ok(lines)
}

fn lines(steps: &[(Step, &'static str)]) -> Vec<Line> {
    steps.iter().map(|&(step, name)| Line { step, name, rounds: Vec::new() }).collect()
}

/// A prepared database with the servers on it.
struct Bed {
    prepared: Prepared,
    batched: Child,
    /// On a copy: a server has its file to itself.
    conventional: Option<Child>,
    runtime: tokio::runtime::Runtime,
}

impl Bed {
    /// With what all rounds of these lines need, beyond what is `wanted`.
    fn make(
        options: &Options,
        database: &Path,
        wanted: Wanted,
        lines: &[Line],
    ) -> Result<Self, Failure> {
        let keys = database.with_extension("keys.json");
        let in_all = |kind: fn(Step) -> bool| -> usize {
            let counts = lines.iter().filter(|line| kind(line.step));
            options.rounds * counts.map(|line| line.step.count(wanted.changes)).sum::<usize>()
        };
        let busy = lines.iter().any(|line| matches!(line.step, Step::Busy { .. }));
        let meanwhile = if busy { MAPS.iter().copied().max().unwrap_or(0) } else { 0 };
        let holds = in_all(|step| matches!(step, Step::Hold(_) | Step::Buy(_))) + meanwhile;
        let pays = in_all(|step| matches!(step, Step::Pay(_)));
        let wanted = Wanted { holds: wanted.holds.max(holds), pays, ..wanted };
        let prepared = {
            let mut store = SqliteStore::open(&Files { path: database.to_path_buf() })?;
            Prepared::make(&mut store, &keys, wanted)?
        };
        let url = |path: &Path| format!("sqlite://{}", path.display());
        let conventional = if lines.iter().any(|line| line.step.is_conventional()) {
            let copy = database.with_extension("conventional.db");
            std::fs::copy(database, &copy)?;
            Some(Child::start(&url(&copy), &keys, CONVENTIONAL)?)
        } else {
            None
        };
        let batched = Child::start(&url(database), &keys, UNLIMITED)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { prepared, batched, conventional, runtime })
    }

    /// Measures each line once.
    fn round(
        &mut self,
        options: &Options,
        connections: usize,
        lines: &mut [Line],
    ) -> Result<(), Failure> {
        for line in lines {
            if matches!(line.step, Step::Map { query: SINCE, .. }) {
                let request = self.prepared.requests(WHOLE)?.swap_remove(0);
                let body = self.runtime.block_on(client::ask(self.batched.address, &request))?;
                let view: serde_json::Value = serde_json::from_str(&body)?;
                self.prepared.version = view["version"].as_str().unwrap_or_default().to_owned();
            }
            let conventional = self.conventional.as_ref().filter(|_| line.step.is_conventional());
            let address = conventional.unwrap_or(&self.batched).address;
            let time = Duration::from_secs_f64(options.seconds);
            let load = Load {
                time,
                group: line.step.group(),
                blanks: matches!(line.step, Step::Buy(_) | Step::Busy { query: SINCE }),
                repeat: line.step.way().is_none(),
                expect: line.step.expected(),
                ..Load::of(address, connections, self.prepared.requests(line.step)?)
            };
            let measured = if matches!(line.step, Step::Busy { .. }) {
                let holds = self.prepared.holds_meanwhile(options.rounds)?;
                // So that they last.
                let pace = time.mul_f64(HOLDERS as f64 / holds.len().max(1) as f64);
                let holds =
                    Load { time, pace, expect: &[201], ..Load::of(address, HOLDERS, holds) };
                let both = async { tokio::join!(client::run(load), client::run(holds)) };
                let (measured, held) = self.runtime.block_on(both);
                held.and(measured)
            } else {
                self.runtime.block_on(client::run(load))
            };
            line.rounds.push(measured.map_err(|why| format!("{}: {why}", line.name))?);
        }
        Ok(())
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Median, least and most of the ratios of rates, round by round.
fn ratio(rounds: &[Measured], to: &[Measured]) -> (f64, f64, f64) {
    let ratios: Vec<f64> = rounds.iter().zip(to).map(|(one, base)| one.rate / base.rate).collect();
    let low = ratios.iter().copied().fold(f64::MAX, f64::min);
    let high = ratios.iter().copied().fold(0.0, f64::max);
    (median(ratios.into_iter()), low, high)
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
        let (middle, low, high) = ratio(&line.rounds, &noop.rounds);
        println!(
            "| {} | {:.0} | {:.3} | {low:.3}–{high:.3} | {:.2} | {:.2} | {:.2} |",
            line.name,
            median(line.rounds.iter().map(|m| m.rate)),
            middle,
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
        let (middle, low, high) = ratio(&batched.rounds, &conventional.rounds);
        println!("| {} | {middle:.1} | {low:.1}–{high:.1} |", batched.name);
    }
}
