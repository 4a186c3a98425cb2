//! Turns by key: of those who want the same one goes at a time, and the others wait in the order in which they came.
//! Nobody waits for another key, and nothing is left of a key that nobody wants.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Mutex as Lock, OwnedMutexGuard};

/// The lock of each key that somebody wants.
type Locks<K> = Mutex<HashMap<K, Arc<Lock<()>>>>;

/// See the module.
#[derive(Debug)]
pub struct Turns<K> {
    locks: Locks<K>,
}

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self { locks: Mutex::default() }
    }
}

fn locked<K>(locks: &Locks<K>) -> MutexGuard<'_, HashMap<K, Arc<Lock<()>>>> {
    locks.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One of those who want a key. The last takes its lock away: who waits or goes has a share in it, and lets go of that
/// first.
struct Wanted<'t, K: Copy + Eq + Hash> {
    of: &'t Locks<K>,
    key: K,
}

impl<K: Copy + Eq + Hash> Drop for Wanted<'_, K> {
    fn drop(&mut self) {
        let mut locks = locked(self.of);
        if locks.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.key);
        }
    }
}

/// A turn, until it is dropped.
pub struct Turn<'t, K: Copy + Eq + Hash> {
    // In this order: the guard has a share in the lock.
    _guard: OwnedMutexGuard<()>,
    _wanted: Wanted<'t, K>,
}

impl<K: Copy + Eq + Hash> Turns<K> {
    /// Waits for a turn.
    pub async fn of(&self, key: K) -> Turn<'_, K> {
        let lock = Arc::clone(locked(&self.locks).entry(key).or_default());
        let wanted = Wanted { of: &self.locks, key };
        Turn { _guard: lock.lock_owned().await, _wanted: wanted }
    }

    /// Whether nobody has or wants a turn.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        locked(&self.locks).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[tokio::test]
    async fn one_of_a_key_goes_at_a_time_and_in_order() {
        let (turns, seen) = (Turns::default(), RefCell::new(Vec::<String>::new()));
        let go = async |key: u8, name: &'static str| {
            let turn = turns.of(key).await;
            seen.borrow_mut().push(format!("{name} in"));
            tokio::task::yield_now().await;
            seen.borrow_mut().push(format!("{name} out"));
            drop(turn);
        };
        tokio::join!(go(1, "a"), go(1, "b"), go(1, "c"), go(2, "other"));
        let of = |name: &str| seen.borrow().iter().position(|one| one == name);
        assert!(of("other out") < of("b in"), "another key waits for nobody");
        let same: Vec<String> =
            seen.take().into_iter().filter(|one| !one.starts_with("other")).collect();
        assert_eq!(same, ["a in", "a out", "b in", "b out", "c in", "c out"]);
        assert!(turns.is_empty());
    }

    /// Who stops waiting leaves nothing, and keeps nobody behind.
    #[tokio::test]
    async fn who_goes_away_leaves_nothing() {
        let turns = Turns::default();
        let first = turns.of(1).await;
        tokio::select! {
            biased;
            _turn = turns.of(1) => panic!("it is taken"),
            () = tokio::task::yield_now() => {}
        }
        assert!(!turns.is_empty());
        let last = async {
            let _turn = turns.of(1).await;
        };
        tokio::join!(last, async {
            tokio::task::yield_now().await;
            drop(first);
        });
        assert!(turns.is_empty());
    }
}
