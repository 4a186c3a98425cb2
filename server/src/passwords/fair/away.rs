//! Who was turned away and when they came first, for when they come again: in memory, bounded.

use super::Flow;
use std::collections::HashMap;

/// As many are remembered for certain, and up to twice as many.
const AWAY_MAX: usize = 32_768;

/// See the module. Two parts: when one is full, the older one is forgotten.
#[derive(Default)]
pub struct Away {
    new: HashMap<(Flow, Flow), u64>,
    old: HashMap<(Flow, Flow), u64>,
}

impl Away {
    /// Remembers when they came first.
    pub fn put(&mut self, who: (Flow, Flow), came: u64) {
        if self.new.len() >= AWAY_MAX && !self.new.contains_key(&who) {
            self.old = std::mem::take(&mut self.new);
        }
        let first = self.new.entry(who).or_insert(came);
        *first = came.min(*first);
    }

    /// When they came first, if they were turned away.
    pub fn get(&self, who: (Flow, Flow)) -> Option<u64> {
        let (new, old) = (self.new.get(&who), self.old.get(&who));
        new.into_iter().chain(old).min().copied()
    }

    /// It counts once.
    pub fn remove(&mut self, who: (Flow, Flow)) {
        self.new.remove(&who);
        self.old.remove(&who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_turned_away_is_known_once() {
        let mut away = Away::default();
        away.put((1, 2), 7);
        away.put((1, 2), 9);
        assert_eq!(away.get((1, 2)), Some(7));
        assert_eq!(away.get((2, 1)), None);
        away.remove((1, 2));
        assert_eq!(away.get((1, 2)), None);
    }

    /// A flood of names fills it and nothing grows; the latest are still known.
    #[test]
    fn memory_has_an_end() {
        let mut away = Away::default();
        let count = 5 * AWAY_MAX as u64;
        for name in 0..count {
            away.put((1, name), name);
        }
        assert!(away.new.len() + away.old.len() <= 2 * AWAY_MAX);
        assert_eq!(away.get((1, count - AWAY_MAX as u64)), Some(count - AWAY_MAX as u64));
        assert_eq!(away.get((1, 0)), None);
    }
}
