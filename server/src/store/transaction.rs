//! The one place where transactions begin, end and are run again.
//!
//! Where nodes share a database they get into one another's way: a deadlock, a lock that is waited
//! for too long, a commit that came second. The database has undone the whole transaction then, and
//! running it again on the rows as they are now is always right. What must not be done here: run
//! again a transaction that may stand.

use super::{Fault, Store};
use std::time::{Duration, Instant};

/// Times that a transaction is run at most. Where several nodes write at once and the first commit
/// wins, each of the others needs about as many as there are nodes.
const ATTEMPTS_MAX: u32 = 30;
/// No attempt begins later than this after the first, where the caller has nobody else to serve.
const RETRY_MAX: Duration = Duration::from_secs(10);
/// Times that a constraint's no may be a race lost to another process, before it is believed.
const CLASHES_MAX: u32 = 5;
/// The pause after the first attempt; it doubles with each further one.
const PAUSE: Duration = Duration::from_millis(2);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_millis(250);

/// Runs `work` in a transaction: commits when it succeeds, rolls back when anything fails, and runs
/// it again where another transaction was in the way. `work` may run several times; only what its
/// last run did stands.
///
/// # Errors
/// What `work`, or the store, failed with.
pub fn transact<S: Store + ?Sized, T>(
    store: &mut S,
    work: impl FnMut(&mut S) -> Result<T, Fault>,
) -> Result<T, Fault> {
    transact_within(RETRY_MAX, store, work)
}

/// The same, where no attempt begins later than `most` after the first.
///
/// # Errors
/// See [`transact`].
pub fn transact_within<S: Store + ?Sized, T>(
    most: Duration,
    store: &mut S,
    mut work: impl FnMut(&mut S) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let began = Instant::now();
    let mut clashes = 0;
    for attempt in 1.. {
        let fault = match once(store, &mut work) {
            Ok(value) => return Ok(value),
            Err(fault) => fault,
        };
        let again = match &fault {
            Fault::Conflict(_) => true,
            Fault::Constraint(_) if store.is_shared() => {
                clashes += 1;
                clashes < CLASHES_MAX
            }
            _ => false,
        };
        let pause = pause(attempt);
        if !again || attempt >= ATTEMPTS_MAX || began.elapsed() + pause > most {
            return Err(fault);
        }
        tracing::debug!(%fault, attempt, "a transaction is run again");
        std::thread::sleep(pause);
    }
    Err(Fault::Conflict("it was not tried".into()))
}

/// One attempt. One whose outcome is not known is settled: it stands, or it is a conflict.
fn once<S: Store + ?Sized, T>(
    store: &mut S,
    work: &mut impl FnMut(&mut S) -> Result<T, Fault>,
) -> Result<T, Fault> {
    store.begin()?;
    let value = match work(store) {
        Ok(value) => value,
        Err(fault) => {
            store.rollback();
            return Err(fault);
        }
    };
    match store.commit() {
        Ok(()) => Ok(value),
        Err(Fault::Unknown(why)) => match store.settle() {
            Ok(true) => Ok(value),
            Ok(false) => Err(Fault::Conflict(why)),
            Err(_) => Err(Fault::Unknown(why)),
        },
        Err(fault) => {
            store.rollback();
            Err(fault)
        }
    }
}

/// Between half and all of the pause that this attempt is due, so that those who met do not meet
/// again.
fn pause(attempt: u32) -> Duration {
    let due = PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(PAUSE_MAX);
    let mut random = [0; 1];
    // Without randomness the pause is as good, only less apart from others.
    let _ = getrandom::fill(&mut random);
    due / 2 + due.mul_f64(f64::from(random[0]) / 512.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use boxoffice_core::rows::{Keys, Rows};
    use boxoffice_core::time::Time;

    /// Answers commits as told, last first.
    #[derive(Default)]
    struct Told {
        commits: Vec<Result<(), Fault>>,
        settles: Vec<Result<bool, Fault>>,
        rollbacks: u32,
        shared: bool,
    }

    impl Store for Told {
        fn begin(&mut self) -> Result<(), Fault> {
            Ok(())
        }
        fn load(&mut self, _: &Keys, _: &mut Rows) -> Result<(), Fault> {
            Ok(())
        }
        fn save(&mut self, _: &Rows) -> Result<(), Fault> {
            Ok(())
        }
        fn commit(&mut self) -> Result<(), Fault> {
            self.commits.pop().unwrap_or(Ok(()))
        }
        fn rollback(&mut self) {
            self.rollbacks += 1;
        }
        fn prune(&mut self, _: Time, _: usize) -> Result<usize, Fault> {
            Ok(0)
        }
        fn settle(&mut self) -> Result<bool, Fault> {
            self.settles.pop().unwrap_or(Ok(false))
        }
        fn is_shared(&self) -> bool {
            self.shared
        }
    }

    fn conflict() -> Fault {
        Fault::Conflict("met".into())
    }

    fn unknown() -> Fault {
        Fault::Unknown("lost".into())
    }

    /// The runs that it took, and what came of them.
    fn run(store: &mut Told) -> (u32, Result<u32, Fault>) {
        let mut runs = 0;
        let done = transact(store, |_| {
            runs += 1;
            Ok(runs)
        });
        (runs, done)
    }

    #[test]
    fn a_conflict_is_run_again_and_no_other_fault() {
        let mut store = Told { commits: vec![Err(conflict()), Err(conflict())], ..Told::default() };
        assert_eq!(run(&mut store), (3, Ok(3)));
        assert_eq!(store.rollbacks, 2);
        let down = Fault::Unavailable("down".into());
        let mut store = Told { commits: vec![Err(down.clone())], ..Told::default() };
        assert_eq!(run(&mut store), (1, Err(down)));
    }

    #[test]
    fn conflicts_without_end_have_one() {
        let mut store = Told { commits: vec![Err(conflict()); 100], ..Told::default() };
        let (runs, done) = run(&mut store);
        assert_eq!(done, Err(conflict()));
        assert_eq!(runs, ATTEMPTS_MAX);
    }

    /// B10: whoever has others to serve sleeps for so long and not longer.
    #[test]
    fn a_conflict_ends_within_the_time_that_is_given() {
        let mut store = Told { commits: vec![Err(conflict()); 100], ..Told::default() };
        let mut runs = 0;
        let done = transact_within(Duration::ZERO, &mut store, |_| {
            runs += 1;
            Ok(runs)
        });
        assert_eq!((done, runs), (Err(conflict()), 1));
    }

    #[test]
    fn a_constraint_is_doubted_only_where_others_write() {
        let no = || Fault::Constraint("twice".into());
        let mut alone = Told { commits: vec![Err(no()); 100], ..Told::default() };
        assert_eq!(run(&mut alone), (1, Err(no())));
        let mut shared = Told { commits: vec![Err(no()); 100], shared: true, ..Told::default() };
        assert_eq!(run(&mut shared), (CLASHES_MAX, Err(no())));
    }

    /// H12: what stands is not run again; what does not, is.
    #[test]
    fn an_unknown_outcome_is_settled_before_anything_else() {
        let commits = || vec![Err(unknown())];
        let mut stands = Told { commits: commits(), settles: vec![Ok(true)], ..Told::default() };
        assert_eq!(run(&mut stands), (1, Ok(1)));
        let mut gone = Told { commits: commits(), settles: vec![Ok(false)], ..Told::default() };
        assert_eq!(run(&mut gone), (2, Ok(2)));
        let mut away =
            Told { commits: commits(), settles: vec![Err(unknown())], ..Told::default() };
        assert_eq!(run(&mut away), (1, Err(unknown())));
    }
}
