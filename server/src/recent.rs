//! What was met lately, at most so much: where there is no room, what was met longest ago is forgotten.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};

/// A set in two halves: once the newer is full, it becomes the older, and the older is forgotten.
pub struct Recent<K> {
    halves: RwLock<[HashSet<K>; 2]>,
    half_max: usize,
}

impl<K: Hash + Eq> Recent<K> {
    /// One for so many.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { halves: RwLock::new([HashSet::new(), HashSet::new()]), half_max: (most / 2).max(1) }
    }

    /// Whether it was met lately.
    #[must_use]
    pub fn has(&self, key: &K) -> bool {
        let halves = self.halves.read().unwrap_or_else(PoisonError::into_inner);
        halves.iter().any(|half| half.contains(key))
    }

    /// It is met.
    pub fn add(&self, key: K) {
        let mut halves = self.halves.write().unwrap_or_else(PoisonError::into_inner);
        let [newer, older] = &mut *halves;
        if newer.len() >= self.half_max {
            *older = std::mem::take(newer);
        }
        newer.insert(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_new_is_remembered_and_who_is_old_is_forgotten() {
        let recent = Recent::new(100);
        for n in 0..1_000 {
            recent.add(n);
            assert!(recent.has(&n) && !recent.has(&(n + 1)));
        }
        let known = (0..1_000).filter(|n| recent.has(n)).count();
        assert!((50..=100).contains(&known), "{known}");
        assert!((950..1_000).all(|n| recent.has(&n)));
    }
}
