//! The same on a database that servers share: one server, two servers, and a transaction for each
//! request, all on the same database in the same run.

use super::client::{self, Load, Measured};
use super::conventional;
use super::prepare::{CROWD, Prepared, Wanted};
use super::server::Child;
use super::step::{STEPS, Step, Way};
use super::{CONVENTIONAL, Failure, Options, UNLIMITED, median, ratio};
use boxoffice_server::clock::Clock;
use boxoffice_server::store::mysql::{self, MySqlStore, Tls};
use std::path::Path;
use std::time::Duration;

struct Line {
    name: String,
    /// What its ratio is to.
    to: Option<&'static str>,
    rounds: Vec<Measured>,
}

const NOOP: &str = "no-op (GET /livez)";
const ONE: &str = "hold a seat, durable";
const TWO: &str = "hold a seat, durable, two servers";
const HOT: &str = "1,000 fans want one seat, one server";
const HOT_TWO: &str = "1,000 fans want one seat, two servers";

fn plain(pool: usize) -> String {
    format!("hold a seat, durable, one transaction a request, bare, {pool} connections")
}

fn hot(pool: usize) -> String {
    format!("1,000 fans want one seat, one transaction a request, bare, {pool} connections")
}

/// Everything that the rounds need.
struct Bench<'a> {
    options: &'a Options,
    url: &'a str,
    keys: &'a Path,
    prepared: Prepared,
    one: Child,
    runtime: tokio::runtime::Runtime,
    lines: Vec<Line>,
}

impl Bench<'_> {
    fn note(&mut self, name: &str, to: Option<&'static str>, measured: Measured) {
        match self.lines.iter_mut().find(|line| line.name == name) {
            Some(line) => line.rounds.push(measured),
            None => self.lines.push(Line { name: name.to_owned(), to, rounds: vec![measured] }),
        }
    }

    fn time(&self) -> Duration {
        Duration::from_secs_f64(self.options.seconds)
    }

    fn send(
        &self,
        requests: Vec<Vec<u8>>,
        two: Option<&Child>,
        (repeat, expect): (bool, &'static [u16]),
    ) -> Result<Measured, Failure> {
        let addresses = [Some(&self.one), two].into_iter().flatten().map(|child| child.address);
        self.send_to(addresses.collect(), requests, (repeat, expect))
    }

    fn send_to(
        &self,
        addresses: Vec<std::net::SocketAddr>,
        requests: Vec<Vec<u8>>,
        (repeat, expect): (bool, &'static [u16]),
    ) -> Result<Measured, Failure> {
        let (connections, time) = (self.options.connections, self.time());
        let load = Load::of(self.one.address, connections, requests);
        self.runtime.block_on(client::run(Load { addresses, time, repeat, expect, ..load }))
    }

    /// A second server, for as long as it is measured.
    fn second(&self) -> Result<Child, Failure> {
        Child::start(self.url, self.keys, UNLIMITED)
    }

    fn wants(&self, name: &str) -> bool {
        self.options.only.as_deref().is_none_or(|part| name.contains(part))
    }

    fn round(&mut self) -> Result<(), Failure> {
        let requests = self.prepared.requests(Step::Noop)?;
        let measured = self.send(requests, None, (true, &[200]))?;
        self.note(NOOP, None, measured);
        let slow = Child::start(self.url, self.keys, CONVENTIONAL)?;
        let mut batched = NOOP;
        for &(step, name) in STEPS {
            let (way, Step::Join(_) | Step::Hold(_) | Step::Charge(_) | Step::Pay(_)) =
                (step.way(), step)
            else {
                continue;
            };
            let (server, to) = match way {
                Some(Way::Conventional) => (&slow, batched),
                _ => (&self.one, NOOP),
            };
            batched = name;
            if self.wants(name) {
                let addresses = vec![server.address];
                let requests = self.prepared.requests(step)?;
                let measured = self.send_to(addresses, requests, (false, &[201]))?;
                self.note(name, Some(to), measured);
            }
        }
        drop(slow);
        if self.wants(TWO) {
            let requests = self.prepared.requests(Step::Hold(Way::Batched))?;
            let second = self.second()?;
            let measured = self.send(requests, Some(&second), (false, &[201]))?;
            drop(second);
            self.note(TWO, Some(ONE), measured);
        }
        for pool in self.options.pools.clone() {
            if self.wants(&plain(pool)) {
                let wishes = self.prepared.wishes(self.options.changes);
                let now = Clock::System.now().0;
                let (measured, held) =
                    conventional::run(self.url, pool, &wishes, now, self.time())?;
                if held == 0 {
                    return Err("the conventional way held no seat".into());
                }
                self.note(&plain(pool), Some(ONE), measured);
            }
        }
        if self.wants(HOT) { self.one_seat() } else { Ok(()) }
    }

    /// A thousand fans for one seat: one has it, the others are refused.
    fn one_seat(&mut self) -> Result<(), Failure> {
        let none = || "there is no crowd left";
        let requests = self.prepared.one_seat_requests().ok_or_else(none)?;
        let measured = self.send(requests, None, (false, &[201, 409]))?;
        self.note(HOT, None, measured);
        let second = self.second()?;
        let requests = self.prepared.one_seat_requests().ok_or_else(none)?;
        let measured = self.send(requests, Some(&second), (false, &[201, 409]))?;
        drop(second);
        self.note(HOT_TWO, None, measured);
        let pool = *self.options.pools.last().ok_or("no pool is given")?;
        let wishes = self.prepared.one_seat().ok_or_else(none)?;
        let now = Clock::System.now().0;
        let (measured, held) = conventional::run(self.url, pool, &wishes, now, self.time())?;
        if held != 1 {
            return Err(format!("the conventional way gave one seat to {held}").into());
        }
        self.note(&hot(pool), None, measured);
        Ok(())
    }
}

/// Measures and prints.
pub fn measure(options: &Options, url: &str, folder: &Path) -> Result<(), Failure> {
    let keys = folder.join("keys.json");
    let wanted = Wanted {
        holds: options.rounds * options.changes * (3 + options.pools.len()),
        pays: options.rounds * options.changes * 2,
        hot_seats: 3 * options.rounds,
        ..options.wanted()
    };
    let prepared = {
        let mut store = MySqlStore::open(&mysql::Options::new(url)?.with_tls(Tls::Off))?;
        Prepared::make(&mut store, &keys, wanted)?
    };
    let one = Child::start(url, &keys, UNLIMITED)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut bench = Bench { options, url, keys: &keys, prepared, one, runtime, lines: Vec::new() };
    for _ in 0..options.rounds {
        bench.round()?;
    }
    print(&bench.lines, options);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the table is the verb's result")]
fn print(lines: &[Line], options: &Options) {
    println!(
        "{} connections, {} rounds of {} s a step; generator, servers and database on the same {} cores",
        options.connections,
        options.rounds,
        options.seconds,
        std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
    );
    println!("| step | requests/s | ratio | to | spread of the ratio | p50 ms | p99 ms |");
    println!("|---|---:|---:|---|---:|---:|---:|");
    for line in lines.iter().filter(|line| !line.name.contains("one seat")) {
        let base = lines.iter().find(|base| Some(base.name.as_str()) == line.to);
        let of = |value: fn(&Measured) -> f64| median(line.rounds.iter().map(value));
        let ratio = match (line.to, base) {
            (None, _) => "1 | | ".into(),
            // Not measured in this run.
            (Some(_), None) => " | | ".into(),
            (Some(to), Some(base)) => {
                let (middle, low, high) = ratio(&line.rounds, &base.rounds);
                format!("{middle:.3} | {to} | {low:.3}–{high:.3}")
            }
        };
        println!(
            "| {} | {:.0} | {ratio} | {:.2} | {:.2} |",
            line.name,
            of(|m| m.rate),
            of(|m| m.p50_ms),
            of(|m| m.p99_ms)
        );
    }
    println!();
    println!(
        "| {CROWD} fans, one seat | until all are answered, ms | slowest round, ms | p99 ms |"
    );
    println!("|---|---:|---:|---:|");
    for line in lines.iter().filter(|line| line.name.contains("one seat")) {
        let slowest = line.rounds.iter().map(|m| m.took_ms).fold(0.0, f64::max);
        println!(
            "| {} | {:.0} | {slowest:.0} | {:.1} |",
            line.name,
            median(line.rounds.iter().map(|m| m.took_ms)),
            median(line.rounds.iter().map(|m| m.p99_ms)),
        );
    }
}
