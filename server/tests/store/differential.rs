//! The same story on two stores ends in the same rows and gives the same replies.

use crate::run::run_batch;
use crate::scenario::faulty::Faulty;
use crate::scenario::{Scenario, Step};
use crate::subject::{MariaDb, MySql, OnMemory, OnServer, OnSqlite, Subject};
use boxoffice_core::batch::{Envelope, Reply};
use boxoffice_core::concert::Seat;
use boxoffice_core::reservation::ReservedSeat;
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use boxoffice_server::store::memory::Dump;
use boxoffice_server::store::records::{Cell, Record};
use boxoffice_server::store::{Fault, Store};
use std::collections::{BTreeMap, BTreeSet};

/// Commands of a story in a file, and on a server, where each batch takes a few packets.
const COMMANDS: usize = 8_000;
const COMMANDS_ON_A_SERVER: usize = 2_000;

/// A reference to a store, so that a subject keeps it while it is made to fail.
struct Borrowed<'a, S>(&'a mut S);

impl<S: Store> Store for Borrowed<'_, S> {
    fn begin(&mut self) -> Result<(), Fault> {
        self.0.begin()
    }
    fn load(&mut self, keys: &boxoffice_core::rows::Keys, rows: &mut Rows) -> Result<(), Fault> {
        self.0.load(keys, rows)
    }
    fn save(&mut self, rows: &Rows) -> Result<(), Fault> {
        self.0.save(rows)
    }
    fn commit(&mut self) -> Result<(), Fault> {
        self.0.commit()
    }
    fn rollback(&mut self) {
        self.0.rollback();
    }
    fn prune(&mut self, cutoff: Time, limit: usize) -> Result<usize, Fault> {
        self.0.prune(cutoff, limit)
    }
    fn prune_events(&mut self, cutoff: Time, limit: usize) -> Result<usize, Fault> {
        self.0.prune_events(cutoff, limit)
    }
    fn settle(&mut self) -> Result<bool, Fault> {
        self.0.settle()
    }
    fn is_shared(&self) -> bool {
        self.0.is_shared()
    }
}

fn run<T: Subject>(
    subject: &mut T,
    step: (&[Envelope], Time, Option<crate::scenario::Stage>),
) -> Result<(Rows, Vec<Reply>), Fault> {
    let (envelopes, now, fails) = step;
    let inner = Borrowed(subject.store());
    run_batch(&mut Faulty { inner, fails }, envelopes, now)
}

fn prune<T: Subject>(subject: &mut T, cutoff: Time) {
    while subject.store().prune(cutoff, 20).expect("a prune") > 0 {}
    while subject.store().prune_events(cutoff, 20).expect("a prune") > 0 {}
}

/// The same rows, with the numbers of seats counted anew: a server leaves gaps where a transaction
/// was rolled back.
fn without_gaps(mut dump: Dump) -> Dump {
    const SEAT_ID: usize = 2;
    let found = [Seat::TABLE.name, ReservedSeat::TABLE.name];
    let ids = dump[found[0]].iter().map(|row| row[SEAT_ID].clone());
    let ids: BTreeSet<Cell<'static>> = ids.collect();
    let numbers: BTreeMap<_, _> = ids.into_iter().zip((1..).map(Cell::Int)).collect();
    for name in found {
        for row in dump.get_mut(name).expect("a table") {
            row[SEAT_ID] = numbers[&row[SEAT_ID]].clone();
        }
    }
    dump
}

fn same_rows<T: Subject>(model: &mut OnMemory, subject: &mut T, seed: u64) {
    let (wanted, found) = (without_gaps(model.dump()), without_gaps(subject.dump()));
    // Table by table: all of them are more than anybody can read.
    for (table, rows) in wanted {
        assert_eq!(Some(&rows), found.get(table), "seed {seed}, {table}");
    }
}

fn same_story<T: Subject>(seed: u64, commands: usize) {
    let (mut model, mut subject) = (OnMemory::empty(), T::empty());
    let mut scenario = Scenario::new(seed);
    let mut decided = 0;
    while decided < commands {
        match scenario.next() {
            Step::Batch { now, envelopes, fault } => {
                let step = (envelopes.as_slice(), now, fault);
                match (run(&mut model, step), run(&mut subject, step)) {
                    (Ok((rows, replies)), Ok((_, others))) => {
                        assert_eq!(replies, others, "seed {seed}, after {decided} commands");
                        decided += replies.len();
                        scenario.committed(&envelopes, &replies, &rows);
                    }
                    (Err(one), Err(other)) => {
                        assert_eq!(one, other, "seed {seed}");
                        scenario.failed(&envelopes);
                    }
                    (one, other) => panic!("seed {seed}: {:?}, {:?}", one.err(), other.err()),
                }
            }
            Step::Prune(cutoff) => {
                prune(&mut model, cutoff);
                prune(&mut subject, cutoff);
            }
            Step::Restart => {
                subject.reopen();
                same_rows(&mut model, &mut subject, seed);
                let rows = model.store().admissions.iter();
                let active = rows.filter(|(_, row)| row.is_active);
                scenario.restarted(active.map(|(key, row)| (*key, row.token_expiry)));
            }
        }
    }
    same_rows(&mut model, &mut subject, seed);
}

/// H12, H25, H31, H32: with faults in every stage, restarts from the file, and retries.
#[test]
fn sqlite_tells_the_story_that_memory_tells() {
    same_story::<OnSqlite>(11, COMMANDS);
}

/// As above, on a server.
#[test]
fn mariadb_tells_the_story_that_memory_tells() {
    if OnServer::<MariaDb>::is_there() {
        same_story::<OnServer<MariaDb>>(12, COMMANDS_ON_A_SERVER);
    }
}

/// As above, on a server.
#[test]
fn mysql_tells_the_story_that_memory_tells() {
    if OnServer::<MySql>::is_there() {
        same_story::<OnServer<MySql>>(13, COMMANDS_ON_A_SERVER);
    }
}
