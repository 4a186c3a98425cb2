//! The same story on two stores ends in the same rows and gives the same replies.

use crate::run::run_batch;
use crate::scenario::faulty::Faulty;
use crate::scenario::{Scenario, Step};
use crate::subject::{OnMemory, OnSqlite, Subject};
use boxoffice::store::{Fault, Store};
use boxoffice_core::batch::{Envelope, Reply};
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;

/// Commands of one story.
const COMMANDS: usize = 8_000;

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
}

fn same_story<T: Subject>(seed: u64) {
    let (mut model, mut subject) = (OnMemory::empty(), T::empty());
    let mut scenario = Scenario::new(seed);
    let mut decided = 0;
    while decided < COMMANDS {
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
                assert_eq!(model.dump(), subject.dump(), "seed {seed}");
                let rows = model.store().admissions.iter();
                let active = rows.filter(|(_, row)| row.is_active);
                scenario.restarted(active.map(|(key, row)| (*key, row.token_expiry)));
            }
        }
    }
    assert_eq!(model.dump(), subject.dump(), "seed {seed}");
}

/// H12, H25, H31, H32: with faults in every stage, restarts from the file, and retries.
#[test]
fn sqlite_tells_the_story_that_memory_tells() {
    same_story::<OnSqlite>(11);
}
