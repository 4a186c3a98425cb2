//! What is counted and measured, in the Prometheus text format.

use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

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

/// A problem's code.
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
    /// "replies" or "outbox".
    pub what: &'static str,
}

/// A concert's queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ConcertLabel {
    /// The concert's id.
    pub concert: String,
}

/// A limit by its name, and whom it counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct LimitLabels {
    /// As the setting is named, without `limit_`.
    pub limit: &'static str,
    /// "account" or "address".
    pub by: &'static str,
}

/// Why a connection was closed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct WhyLabel {
    /// "address", "idle" or "proxy".
    pub why: &'static str,
}

/// Every metric.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Requests answered.
    pub requests: Family<RequestLabels, Counter>,
    /// Time from a request's head to its answer's head.
    pub request_seconds: Histogram,
    /// Problems answered, by code.
    pub problems: Family<CodeLabel, Counter>,
    /// Commands that were carried out.
    pub commands: Family<CommandLabel, Counter>,
    /// Batches committed.
    pub batches: Counter,
    /// Batches that failed as a whole.
    pub batch_faults: Counter,
    /// Panics that were caught: faults that cost one piece of work each.
    pub panics: Counter,
    /// Commands in a batch.
    pub batch_commands: Histogram,
    /// Time from a batch's begin to its commit.
    pub batch_seconds: Histogram,
    /// Time that the commit took, with its sync to disk where that is not waited for apart.
    pub commit_seconds: Histogram,
    /// Time until the disk had the batches that waited for it.
    pub sync_seconds: Histogram,
    /// Commands that wait for the desk.
    pub desk_waiting: Gauge,
    /// Numbers in line.
    pub queue_waiting: Family<ConcertLabel, Gauge>,
    /// Users shopping.
    pub queue_active: Family<ConcertLabel, Gauge>,
    /// Kinds of the crowd's requests that are put off: far polls, near polls, joins.
    pub put_off: Gauge,
    /// Time between two polls far away, ms.
    pub poll_interval_ms: Gauge,
    /// Passwords that wait to be hashed.
    pub passwords_waiting: Gauge,
    /// Connections that are open.
    pub connections: Gauge,
    /// Old records removed.
    pub pruned: Family<PrunedLabel, Counter>,
    /// Age of the oldest stored reply; above a day, pruning does not keep pace.
    pub oldest_reply_seconds: Gauge,
    /// Connections that were closed before they asked for anything.
    pub connections_refused: Family<WhyLabel, Counter>,
    /// Requests that were too many.
    pub limited: Family<LimitLabels, Counter>,
    /// Time that a sweep took.
    pub sweep_seconds: Histogram,
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_1, 2.0, 18))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("boxoffice"),
            requests: Family::default(),
            request_seconds: seconds(),
            problems: Family::default(),
            commands: Family::default(),
            batches: Counter::default(),
            batch_faults: Counter::default(),
            panics: Counter::default(),
            batch_commands: Histogram::new(exponential_buckets(1.0, 2.0, 12)),
            batch_seconds: seconds(),
            commit_seconds: seconds(),
            sync_seconds: seconds(),
            desk_waiting: Gauge::default(),
            queue_waiting: Family::default(),
            queue_active: Family::default(),
            put_off: Gauge::default(),
            poll_interval_ms: Gauge::default(),
            passwords_waiting: Gauge::default(),
            connections: Gauge::default(),
            pruned: Family::default(),
            oldest_reply_seconds: Gauge::default(),
            connections_refused: Family::default(),
            limited: Family::default(),
            sweep_seconds: seconds(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("requests", "Requests answered", self.requests.clone());
        let head = "Time from a request's head to its answer's head";
        r.register_with_unit("request", head, Unit::Seconds, self.request_seconds.clone());
        r.register("problems", "Problems answered (refusals and faults)", self.problems.clone());
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
        r.register("desk_waiting", "Commands that wait for the desk", self.desk_waiting.clone());
        r.register("queue_waiting", "Numbers in line", self.queue_waiting.clone());
        r.register("queue_active", "Users shopping", self.queue_active.clone());
        let put_off = "Kinds of requests put off: 1 far polls, 2 near polls too, 3 joins too";
        r.register("put_off", put_off, self.put_off.clone());
        let interval = "Milliseconds between two polls of those far from their turn";
        r.register("poll_interval_ms", interval, self.poll_interval_ms.clone());
        let passwords = "Passwords that wait to be hashed";
        r.register("passwords_waiting", passwords, self.passwords_waiting.clone());
        r.register("connections", "Connections open", self.connections.clone());
        r.register("pruned", "Old records removed", self.pruned.clone());
        let oldest = "Age of the oldest stored reply";
        let age = self.oldest_reply_seconds.clone();
        r.register_with_unit("oldest_reply", oldest, Unit::Seconds, age);
        let refused = "Connections closed before they asked for anything";
        r.register("connections_refused", refused, self.connections_refused.clone());
        r.register("limited", "Requests that were too many", self.limited.clone());
        let sweep = "Time of a sweep";
        r.register_with_unit("sweep", sweep, Unit::Seconds, self.sweep_seconds.clone());
    }

    /// Drops what is counted of these concerts, so that labels do not add up.
    pub fn forget(&self, concerts: impl Iterator<Item = String>) {
        for label in concerts.map(|concert| ConcertLabel { concert }) {
            self.queue_waiting.remove(&label);
            self.queue_active.remove(&label);
        }
    }

    /// The text that Prometheus reads.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
