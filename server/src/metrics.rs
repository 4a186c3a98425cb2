//! What is counted and measured, in the OpenMetrics text format. Every series whose labels are known beforehand is
//! there from the start, as zero: so "has not happened yet" and "is not counted" look different.

mod process;

use boxoffice_core::command::Command;
use hyper::body::Bytes;
use process::Process;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The version of this binary.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that it was built from, where the build was given one (`BOXOFFICE_COMMIT`).
pub const COMMIT: &str = match option_env!("BOXOFFICE_COMMIT") {
    Some(commit) if !commit.is_empty() => commit,
    _ => "unknown",
};

/// Labels of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// Method and path template.
    pub route: &'static str,
    /// Method.
    pub method: &'static str,
    /// "2xx" and so on.
    pub status: &'static str,
}

/// A route, whatever the answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RouteLabels {
    /// Path template.
    pub route: &'static str,
    /// Method.
    pub method: &'static str,
}

/// The code of a problem.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CodeLabel {
    /// See the error table.
    pub code: &'static str,
}

/// A command's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CommandLabel {
    /// See `Command::NAMES`.
    pub command: &'static str,
}

/// What was removed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PrunedLabel {
    /// "replies", "outbox", "sessions" or "events".
    pub what: &'static str,
}

/// Jobs in one state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct JobLabel {
    /// "waiting", "running", "done" or "failed".
    pub state: &'static str,
}

/// A concert's queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ConcertLabel {
    /// The concert's id.
    pub concert: String,
}

/// A concert's id and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct NameLabels {
    /// The concert's id.
    pub concert: String,
    /// Its name.
    pub name: String,
}

/// Seats of a concert in one state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SeatLabels {
    /// The concert's id.
    pub concert: String,
    /// "free", "held" or "sold".
    pub state: &'static str,
}

/// A currency.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CurrencyLabel {
    /// Its ISO 4217 code.
    pub currency: String,
}

/// A limit by its name, and what it counts by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct LimitLabels {
    /// The setting's name without `limit_`.
    pub limit: &'static str,
    /// "account", "address", "network", "key" or "place".
    pub by: &'static str,
}

/// What a stream of events tells of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct KindLabel {
    /// "place" or "seats".
    pub kind: &'static str,
}

/// A kind of large work.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct WorkLabel {
    /// "search", "map" or "file".
    pub work: &'static str,
}

/// Why a connection was closed, or a stream ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct WhyLabel {
    /// Of connections "address", "idle" or "proxy"; of streams the code of the last event, or "gone".
    pub why: &'static str,
}

/// Every metric.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Of the process; these names have no prefix.
    process: Registry,
    /// Answered requests.
    pub requests: Family<RequestLabels, Counter>,
    /// Time from a request's head to its answer's head.
    pub request_seconds: Family<RouteLabels, Histogram>,
    /// Problems that were answered, by code.
    pub problems: Family<CodeLabel, Counter>,
    /// Commands that were carried out.
    pub commands: Family<CommandLabel, Counter>,
    /// Batches committed.
    pub batches: Counter,
    /// Batches that failed as a whole.
    pub batch_faults: Counter,
    /// Caught panics: each cost one piece of work.
    pub panics: Counter,
    /// Commands in a batch.
    pub batch_commands: Histogram,
    /// Time from the start of a batch to its commit.
    pub batch_seconds: Histogram,
    /// Time of the commit, with its sync to disk where the sync is not waited for separately.
    pub commit_seconds: Histogram,
    /// Time until the batches that waited for the disk were on it.
    pub sync_seconds: Histogram,
    /// Commands that wait for the write path.
    pub commands_waiting: Gauge,
    /// People in line.
    pub queue_waiting: Family<ConcertLabel, Gauge>,
    /// People in the shop.
    pub queue_active: Family<ConcertLabel, Gauge>,
    /// Seats of future dates.
    pub seats: Family<SeatLabels, Gauge>,
    /// 1 for each concert, with its name.
    pub concert_name: Family<NameLabels, Gauge>,
    /// The name under which each concert is there.
    names: Mutex<HashMap<String, String>>,
    /// Money charged, minor units.
    pub charged: Counter,
    /// Money paid for seats, minor units.
    pub paid: Counter,
    /// Money of payments that went back, minor units.
    pub refunded: Counter,
    /// Money that operators added to balances, minor units.
    pub credited: Counter,
    /// Money that operators took from balances, minor units.
    pub debited: Counter,
    /// How many kinds of the crowd's requests are put off: far polls, near polls, joins.
    pub put_off: Gauge,
    /// Time between two polls of those far from their turn.
    pub poll_interval_seconds: Gauge<f64, AtomicU64>,
    /// Passwords that wait to be hashed.
    pub passwords_waiting: Gauge,
    /// Large work that waits for its thread.
    pub bulk_waiting: Family<WorkLabel, Gauge>,
    /// Large work that was done.
    pub bulk_done: Family<WorkLabel, Counter>,
    /// Connections that are open.
    pub connections: Gauge,
    /// Old records removed.
    pub pruned: Family<PrunedLabel, Counter>,
    /// Jobs by how they stand.
    pub jobs: Family<JobLabel, Gauge>,
    /// Age of the oldest stored reply. Above a day, pruning does not keep up.
    pub oldest_reply_seconds: Gauge,
    /// Connections that were closed to make room for others.
    pub connections_refused: Family<WhyLabel, Counter>,
    /// Streams of events that are open.
    pub streams: Family<KindLabel, Gauge>,
    /// Streams that ended.
    pub streams_ended: Family<WhyLabel, Counter>,
    /// Requests over a limit.
    pub limited: Family<LimitLabels, Counter>,
    /// Accounts, addresses or keys that a limit remembers.
    pub limit_keys: Family<LimitLabels, Gauge>,
    /// Of these, those that were forgotten too early, for lack of room.
    pub limit_evicted: Family<LimitLabels, Counter>,
    /// Time of a tick.
    pub sweep_seconds: Histogram,
    /// The text of each format, and when it was written.
    written: [Mutex<Option<(Instant, Bytes)>>; 2],
}

/// A format of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.
    Open,
    /// The older one, version 0.0.4.
    Plain,
}

/// Counters of money, by currency.
type Money = Family<CurrencyLabel, Counter>;

/// The states of seats that are shown.
const STATES: [&str; 4] = ["free", "held", "sold", "blocked"];

/// A concert's queue and the seats of its future dates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sale {
    /// People in line.
    pub waiting: u64,
    /// People in the shop.
    pub active: u64,
    /// Seats that can be taken.
    pub free: u64,
    /// Seats that are held and not paid.
    pub held: u64,
    /// Seats that are sold.
    pub sold: u64,
    /// Seats that an operator has taken off the sale.
    pub blocked: u64,
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_1, 2.0, 18))
}

impl Default for Metrics {
    /// Metrics of a server whose currency and start are not known.
    fn default() -> Self {
        Self::of("XXX", None)
    }
}

impl Metrics {
    /// Metrics of a server with this currency, whose process began at this time, UTC milliseconds.
    #[must_use]
    pub fn of(currency: &str, began_ms: Option<i64>) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("boxoffice"),
            process: Registry::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            problems: Family::default(),
            commands: Family::default(),
            batches: Counter::default(),
            batch_faults: Counter::default(),
            panics: Counter::default(),
            batch_commands: Histogram::new(exponential_buckets(1.0, 2.0, 12)),
            batch_seconds: seconds(),
            commit_seconds: seconds(),
            sync_seconds: seconds(),
            commands_waiting: Gauge::default(),
            queue_waiting: Family::default(),
            queue_active: Family::default(),
            seats: Family::default(),
            concert_name: Family::default(),
            names: Mutex::default(),
            charged: Counter::default(),
            paid: Counter::default(),
            refunded: Counter::default(),
            credited: Counter::default(),
            debited: Counter::default(),
            put_off: Gauge::default(),
            poll_interval_seconds: Gauge::default(),
            passwords_waiting: Gauge::default(),
            bulk_waiting: Family::default(),
            bulk_done: Family::default(),
            connections: Gauge::default(),
            pruned: Family::default(),
            jobs: Family::default(),
            oldest_reply_seconds: Gauge::default(),
            connections_refused: Family::default(),
            streams: Family::default(),
            streams_ended: Family::default(),
            limited: Family::default(),
            limit_keys: Family::default(),
            limit_evicted: Family::default(),
            sweep_seconds: seconds(),
            written: Default::default(),
        };
        metrics.register_requests();
        metrics.register_commands();
        metrics.register_sales(currency);
        metrics.register_server();
        metrics.process.register_collector(Box::new(Process { began_ms }));
        metrics.zeros();
        metrics
    }

    fn register_requests(&mut self) {
        let r = &mut self.registry;
        r.register("requests", "Requests answered", self.requests.clone());
        let head = "Time from a request's head to its answer's head";
        r.register_with_unit("request", head, Unit::Seconds, self.request_seconds.clone());
        r.register("problems", "Problems answered (refusals and faults)", self.problems.clone());
        r.register("limited", "Requests over a limit", self.limited.clone());
        r.register(
            "limit_keys",
            "Accounts, addresses or keys that a limit remembers",
            self.limit_keys.clone(),
        );
        let evicted = "Of these, those that were forgotten too early, for lack of room";
        r.register("limit_evicted", evicted, self.limit_evicted.clone());
        let put_off = "Kinds of requests put off: 1 far polls, 2 near polls too, 3 joins too";
        r.register("put_off", put_off, self.put_off.clone());
        let (interval, unit) =
            ("Time between two polls of those far from their turn", Unit::Seconds);
        r.register_with_unit("poll_interval", interval, unit, self.poll_interval_seconds.clone());
        let passwords = "Passwords that wait to be hashed";
        r.register("passwords_waiting", passwords, self.passwords_waiting.clone());
        let bulk = "Large work that waits for its thread";
        r.register("bulk_waiting", bulk, self.bulk_waiting.clone());
        r.register("bulk_done", "Large work done", self.bulk_done.clone());
        r.register("connections", "Connections open", self.connections.clone());
        let refused = "Connections closed to make room for others";
        r.register("connections_refused", refused, self.connections_refused.clone());
        r.register("streams", "Streams of events open", self.streams.clone());
        r.register("streams_ended", "Streams ended, by why", self.streams_ended.clone());
    }

    fn register_commands(&mut self) {
        let r = &mut self.registry;
        r.register("commands", "Commands carried out", self.commands.clone());
        r.register("batches", "Batches committed", self.batches.clone());
        r.register("batch_faults", "Batches failed as a whole", self.batch_faults.clone());
        r.register("panics", "Panics that cost one piece of work", self.panics.clone());
        r.register("batch_commands", "Commands in a batch", self.batch_commands.clone());
        let batch = "Time from a batch's begin to its commit";
        r.register_with_unit("batch", batch, Unit::Seconds, self.batch_seconds.clone());
        let commit = "Time of a commit";
        r.register_with_unit("commit", commit, Unit::Seconds, self.commit_seconds.clone());
        let sync = "Time until the disk had the batches that waited for it";
        r.register_with_unit("sync", sync, Unit::Seconds, self.sync_seconds.clone());
        let waiting = self.commands_waiting.clone();
        r.register("commands_waiting", "Commands that wait for the write path", waiting.clone());
        r.register("desk_waiting", "Old name of boxoffice_commands_waiting", waiting);
    }

    fn register_sales(&mut self, currency: &str) {
        let r = &mut self.registry;
        r.register("queue_waiting", "People in line", self.queue_waiting.clone());
        r.register("queue_active", "People in the shop", self.queue_active.clone());
        r.register("seats", "Seats of future dates, by state", self.seats.clone());
        r.register("concert_name", "1 for each concert, with its name", self.concert_name.clone());
        let label = CurrencyLabel { currency: currency.to_owned() };
        let unit = || Unit::Other("minor_units".to_owned());
        let [charged, paid, refunded, credited, debited] = [(); 5].map(|()| Money::default());
        self.charged = charged.get_or_create_owned(&label);
        self.paid = paid.get_or_create_owned(&label);
        self.refunded = refunded.get_or_create_owned(&label);
        self.credited = credited.get_or_create_owned(&label);
        self.debited = debited.get_or_create_owned(&label);
        let text = "Money that users charged to their balances";
        r.register_with_unit("money_charged", text, unit(), charged);
        r.register_with_unit("money_paid", "Money paid for seats", unit(), paid);
        let text = "Money of payments that went back";
        r.register_with_unit("money_refunded", text, unit(), refunded);
        let text = "Money that operators added to balances";
        r.register_with_unit("money_credited", text, unit(), credited);
        let text = "Money that operators took from balances";
        r.register_with_unit("money_debited", text, unit(), debited);
    }

    fn register_server(&mut self) {
        let r = &mut self.registry;
        let labels = vec![("version", VERSION), ("commit", COMMIT)];
        r.register("build", "What this binary was built from", Info::new(labels));
        r.register("jobs", "Jobs by how they stand", self.jobs.clone());
        r.register("pruned", "Old records removed", self.pruned.clone());
        let log = crate::log::counts();
        r.register("log_faults", "Writes of the log that failed", log.faults);
        r.register("log_lost", "Lines of the log that were lost", log.lost);
        let (oldest, unit) = ("Age of the oldest stored reply", Unit::Seconds);
        r.register_with_unit("oldest_reply", oldest, unit, self.oldest_reply_seconds.clone());
        let sweep = "Time of a tick";
        r.register_with_unit("sweep", sweep, Unit::Seconds, self.sweep_seconds.clone());
    }

    /// All series with labels of a closed list are there from the start. Those who count routes, codes and limits know
    /// these.
    fn zeros(&self) {
        for command in Command::NAMES {
            drop(self.commands.get_or_create(&CommandLabel { command }));
        }
        for what in ["replies", "outbox", "sessions", "events"] {
            drop(self.pruned.get_or_create(&PrunedLabel { what }));
        }
        for state in ["waiting", "running", "done", "failed"] {
            drop(self.jobs.get_or_create(&JobLabel { state }));
        }
        for why in ["address", "idle", "proxy"] {
            drop(self.connections_refused.get_or_create(&WhyLabel { why }));
        }
        for work in ["search", "map", "file"] {
            drop(self.bulk_waiting.get_or_create(&WorkLabel { work }));
            drop(self.bulk_done.get_or_create(&WorkLabel { work }));
        }
        for kind in ["place", "seats"] {
            drop(self.streams.get_or_create(&KindLabel { kind }));
        }
        for why in ["gone", "done", "stream_replaced", "server_stopping"] {
            drop(self.streams_ended.get_or_create(&WhyLabel { why }));
        }
    }

    /// Shows a concert's queue and seats as they are now.
    pub fn show(&self, concert: &str, name: &str, sale: &Sale) {
        let gauge = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let label = ConcertLabel { concert: concert.to_owned() };
        self.queue_waiting.get_or_create(&label).set(gauge(sale.waiting));
        self.queue_active.get_or_create(&label).set(gauge(sale.active));
        for (state, seats) in
            STATES.into_iter().zip([sale.free, sale.held, sale.sold, sale.blocked])
        {
            let label = SeatLabels { concert: concert.to_owned(), state };
            self.seats.get_or_create(&label).set(gauge(seats));
        }
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.get(concert).is_some_and(|shown| shown == name) {
            return;
        }
        let label = |name: &str| NameLabels { concert: concert.to_owned(), name: name.to_owned() };
        if let Some(before) = names.insert(concert.to_owned(), name.to_owned()) {
            self.concert_name.remove(&label(&before));
        }
        self.concert_name.get_or_create(&label(name)).set(1);
    }

    /// Removes the series of these concerts, so that labels do not pile up.
    pub fn forget(&self, concerts: impl Iterator<Item = String>) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        for concert in concerts {
            for state in STATES {
                self.seats.remove(&SeatLabels { concert: concert.clone(), state });
            }
            if let Some(name) = names.remove(&concert) {
                self.concert_name.remove(&NameLabels { concert: concert.clone(), name });
            }
            let label = ConcertLabel { concert };
            self.queue_waiting.remove(&label);
            self.queue_active.remove(&label);
        }
    }

    /// The text, at most so old. Those who ask in the meantime share one.
    #[must_use]
    pub fn shared(&self, format: Format, at_most: Duration) -> Bytes {
        let slot = &self.written[format as usize];
        let mut written = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, text)) = &*written
            && at.elapsed() < at_most
        {
            return text.clone();
        }
        let text: Bytes = match format {
            Format::Open => self.text(),
            Format::Plain => self.plain_text(),
        }
        .into();
        *written = Some((Instant::now(), text.clone()));
        text
    }

    /// The text that Prometheus reads: OpenMetrics 1.0.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        for registry in [&self.registry, &self.process] {
            let _ = encode_registry(&mut text, registry);
        }
        let _ = encode_eof(&mut text);
        text
    }

    /// The same in the older text format, version 0.0.4, for tools that know no other. There the lines about a counter
    /// name it with `_total`, as its samples do, and there are neither units nor an end mark.
    #[must_use]
    pub fn plain_text(&self) -> String {
        let text = self.text();
        let kind = |line| str::strip_prefix(line, "# TYPE ")?.split_once(' ');
        let kinds: HashMap<&str, &str> = text.lines().filter_map(kind).collect();
        let plain = |line: &str| {
            let Some(said) = line.strip_prefix("# ") else { return Some(format!("{line}\n")) };
            let (word, said) = said.split_once(' ').filter(|(word, _)| *word != "UNIT")?;
            let (name, said) = said.split_once(' ')?;
            let (ending, said) = match (kinds.get(name).copied(), word) {
                (Some("counter"), _) => ("_total", said),
                (Some("info"), "TYPE") => ("_info", "gauge"),
                (Some("info"), _) => ("_info", said),
                _ => ("", said),
            };
            Some(format!("# {word} {name}{ending} {said}\n"))
        };
        text.lines().filter_map(plain).collect()
    }
}
