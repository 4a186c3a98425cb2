//! Runs a story on a store in memory, with the audit looking over its shoulder.

use crate::audit::{Auditor, Touched};
use crate::coverage::Coverage;
use crate::run::run_batch;
use crate::scenario::faulty::Faulty;
use crate::scenario::{Scenario, Step};
use boxoffice_core::batch::{Envelope, Reply};
use boxoffice_core::command::Command;
use boxoffice_core::id::{ConcertId, QueueId};
use boxoffice_core::queue::{Admit, Expire, PlaceStatus, SetDraw, SetQueue};
use boxoffice_core::rows::{Rows, Table};
use boxoffice_core::sale::SetSale;
use boxoffice_core::time::Time;
use boxoffice_server::store::Store;
use boxoffice_server::store::memory::MemoryStore;
use std::collections::VecDeque;

/// Batches between two full audits.
const FULL_EVERY: u64 = 1_000;
/// Every so many faults the whole store is compared with what it was before.
const COMPARE_EVERY: u64 = 16;
/// Actions that are told when something is found.
const TOLD: usize = 60;

/// See the module.
pub struct World {
    seed: u64,
    scenario: Scenario,
    pub store: Faulty<MemoryStore>,
    pub auditor: Auditor,
    pub coverage: Coverage,
    steps: u64,
    now: Time,
    last: VecDeque<(Time, Command, Reply)>,
}

fn keys<K: Ord + Clone + std::fmt::Debug, V>(table: &Table<K, V>) -> Vec<K> {
    table.changed().map(|(key, _, _)| key.clone()).collect()
}

/// What a batch changed, by key.
pub fn touched(rows: &Rows) -> Touched {
    Touched {
        dates: keys(&rows.dates),
        seats: keys(&rows.seats),
        queues: keys(&rows.queues),
        places: keys(&rows.places),
        admissions: keys(&rows.admissions),
        reservations: keys(&rows.reservations),
        balances: keys(&rows.balances),
        entries: keys(&rows.transfers),
        events: keys(&rows.events),
    }
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            scenario: Scenario::new(seed),
            store: Faulty { inner: MemoryStore::default(), fails: None },
            auditor: Auditor::default(),
            coverage: Coverage::default(),
            steps: 0,
            now: Time::default(),
            last: VecDeque::new(),
        }
    }

    /// Runs until so many commands were decided, then lets everybody through.
    pub fn run(&mut self, commands: u64) {
        while self.coverage.decided() < commands {
            self.step();
        }
        self.drain();
        self.coverage.old_keys = self.auditor.old_keys();
    }

    fn step(&mut self) {
        self.steps += 1;
        match self.scenario.next() {
            Step::Batch { now, envelopes, fault } if fault.is_none() => self.batch(&envelopes, now),
            Step::Batch { now, envelopes, fault } => {
                self.coverage.faults += 1;
                self.store.fails = fault;
                self.lose(&envelopes, now);
                self.store.fails = None;
            }
            Step::Prune(cutoff) => {
                while self.store.prune(cutoff, 50).is_ok_and(|gone| gone > 0) {}
                while self.store.prune_events(cutoff, 50).is_ok_and(|gone| gone > 0) {}
                self.auditor.pruned(cutoff);
            }
            Step::Restart => {
                self.coverage.restarts += 1;
                let rows = self.store.inner.admissions.iter();
                let active = rows.filter(|(_, row)| row.is_active);
                self.scenario.restarted(active.map(|(key, row)| (*key, row.token_expiry)));
            }
        }
        if self.steps.is_multiple_of(FULL_EVERY) {
            self.auditor.full(&self.store.inner);
            self.judge();
        }
    }

    fn batch(&mut self, envelopes: &[Envelope], now: Time) {
        self.coverage.jump(self.now, now);
        self.now = now;
        let done = run_batch(&mut self.store, envelopes, now);
        let (rows, replies) = match done {
            Ok(done) => done,
            Err(fault) => panic!("{fault}"),
        };
        self.note(envelopes, &replies, now);
        let told = (envelopes, replies.as_slice());
        self.auditor.batch(&self.store.inner, now, told, &touched(&rows));
        self.judge();
        self.scenario.committed(envelopes, &replies, &rows);
    }

    /// A batch that fails: nothing may have changed.
    fn lose(&mut self, envelopes: &[Envelope], now: Time) {
        let compare = self.coverage.faults.is_multiple_of(COMPARE_EVERY);
        let before = compare.then(|| self.store.inner.dump());
        let done = run_batch(&mut self.store, envelopes, now);
        assert!(done.is_err(), "the fault was not met");
        if let Some(before) = before {
            let same = before == self.store.inner.dump();
            assert!(same, "a lost batch left something");
        }
        self.scenario.failed(envelopes);
    }

    fn note(&mut self, envelopes: &[Envelope], replies: &[Reply], now: Time) {
        for (envelope, reply) in envelopes.iter().zip(replies) {
            self.coverage.count(&envelope.command, reply);
            if self.last.len() == TOLD {
                self.last.pop_front();
            }
            self.last.push_back((now, envelope.command.clone(), reply.clone()));
        }
    }

    /// Stops at the first thing that the audit finds.
    fn judge(&mut self) {
        let found = self.auditor.take();
        assert!(found.is_empty(), "found: {found:#?}");
    }

    fn story(&self) -> String {
        let told = |(now, command, reply): &(Time, Command, Reply)| {
            format!("{} {command:?} -> {:?}", now.0, reply.result)
        };
        let last: Vec<_> = self.last.iter().map(told).collect();
        format!(
            "seed {}, step {}, {} commands; replay with SIM_SEED={}\n{}",
            self.seed,
            self.steps,
            self.coverage.decided(),
            self.seed,
            last.join("\n")
        )
    }

    /// Opens everything and ticks until nobody waits: nobody was lost between waiting and admitted,
    /// and those who never come do not stall the line (H18, H21).
    fn drain(&mut self) {
        let concerts: Vec<ConcertId> = self.store.inner.concerts.keys().copied().collect();
        let queues: Vec<QueueId> = self.store.inner.queues.keys().copied().collect();
        for concert in &concerts {
            // One that was closed ahead of its opening is to come then, and is opened by the second.
            let sale = || {
                let open = SetSale::now(*concert, true);
                Command::SetSale(SetSale { closes_at: Some(None), ..open })
            };
            self.run_all([sale(), sale()]);
        }
        // By then queues with an opening of their own have opened, and their draws' values can be given.
        self.now = self.now.plus_ms(3_600_000);
        for queue in &queues {
            let set = Command::SetQueue(SetQueue {
                queue: *queue,
                max_active: Some(500),
                admissions_per_second: Some(500),
                max_waiting: None,
                paused: Some(false),
                pause_reason: None,
            });
            let draw = SetDraw { queue: *queue, value: "7f".into() };
            self.run_all([set, Command::SetDraw(draw)]);
        }
        for _ in 0..60 {
            self.now = self.now.plus_ms(60_000);
            self.sweep(&queues);
        }
        let places = &self.store.inner.places;
        let waits = |status| matches!(status, PlaceStatus::Waiting | PlaceStatus::Returning);
        let deleted = |id| self.store.inner.concerts[id].by_hand.deleted_at.is_some();
        let lost = places.iter().filter(|(key, _)| !deleted(&key.queue.concert));
        let lost = lost.filter(|(_, place)| waits(place.status)).count();
        let active: u64 = self.store.inner.queues.values().map(|q| q.active).sum();
        assert!(lost == 0 && active == 0, "{lost} wait, {active} shop");
        self.auditor.full(&self.store.inner);
        self.judge();
    }

    fn sweep(&mut self, queues: &[QueueId]) {
        let rows = self.store.inner.admissions.iter();
        let active = rows.filter(|(_, row)| row.is_active);
        let due: Vec<_> = active.map(|(key, _)| Command::Expire(Expire { place: *key })).collect();
        self.run_all(due);
        let ticks = queues.iter().map(|id| Command::Admit(Admit::of(*id)));
        self.run_all(ticks);
    }

    fn run_all(&mut self, commands: impl IntoIterator<Item = Command>) {
        let envelopes: Vec<_> =
            commands.into_iter().map(|command| Envelope { command, key: None }).collect();
        self.batch(&envelopes, self.now);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Whatever went wrong, in the audit or in the rules: this is how to see it again.
        if std::thread::panicking() {
            println!("{}", self.story());
        }
    }
}
