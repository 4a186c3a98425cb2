//! Who was turned away and when they came first, for when they come again: in memory, bounded.

use super::Flow;
use std::collections::HashMap;

/// As many are remembered for certain, and up to twice as many.
const AWAY_MAX: usize = 32_768;

/// As many of one address, and up to twice as many. Whoever comes again waits for those of their address that came
/// before them, so this bounds how long one who asks for thousands of names keeps a neighbour waiting. Each visit counts
/// as new: who comes again when told to is not the first to be forgotten.
pub const AWAY_OF_ADDRESS_MAX: usize = 1_024;

/// Names by address, and how many there are.
#[derive(Default)]
struct Part {
    names: HashMap<Flow, HashMap<Flow, u64>>,
    count: usize,
}

impl Part {
    fn of(&self, address: Flow) -> usize {
        self.names.get(&address).map_or(0, HashMap::len)
    }

    fn get(&self, (address, name): (Flow, Flow)) -> Option<u64> {
        self.names.get(&address)?.get(&name).copied()
    }

    fn put(&mut self, (address, name): (Flow, Flow), first: u64) {
        if self.names.entry(address).or_default().insert(name, first).is_none() {
            self.count += 1;
        }
    }

    fn remove(&mut self, (address, name): (Flow, Flow)) {
        let Some(names) = self.names.get_mut(&address) else { return };
        if names.remove(&name).is_some() {
            self.count -= 1;
        }
        if names.is_empty() {
            self.names.remove(&address);
        }
    }

    /// All of an address.
    fn take(&mut self, address: Flow) -> HashMap<Flow, u64> {
        let names = self.names.remove(&address).unwrap_or_default();
        self.count -= names.len();
        names
    }
}

/// See the module. Two parts: when one is full, of all or of an address, what is older is forgotten.
#[derive(Default)]
pub struct Away {
    new: Part,
    old: Part,
}

impl Away {
    /// Remembers when they came first.
    pub fn put(&mut self, who: (Flow, Flow), came: u64) {
        let first = self.get(who).map_or(came, |first| first.min(came));
        if self.new.get(who).is_none() {
            if self.new.count >= AWAY_MAX {
                self.old = std::mem::take(&mut self.new);
            } else if self.new.of(who.0) >= AWAY_OF_ADDRESS_MAX {
                let full = self.new.take(who.0);
                self.old.take(who.0);
                if self.old.count + full.len() > AWAY_MAX {
                    self.old = Part::default();
                }
                self.old.count += full.len();
                self.old.names.insert(who.0, full);
            }
        }
        self.new.put(who, first);
    }

    /// When they came first, if they were turned away.
    pub fn get(&self, who: (Flow, Flow)) -> Option<u64> {
        self.new.get(who).into_iter().chain(self.old.get(who)).min()
    }

    /// It counts once.
    pub fn remove(&mut self, who: (Flow, Flow)) {
        self.new.remove(who);
        self.old.remove(who);
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

    /// A flood of addresses fills it and nothing grows; the latest are still known.
    #[test]
    fn memory_has_an_end() {
        let mut away = Away::default();
        let count = 5 * AWAY_MAX as u64;
        for address in 0..count {
            away.put((address, 1), address);
        }
        assert!(away.new.count + away.old.count <= 2 * AWAY_MAX);
        assert_eq!(away.get((count - AWAY_MAX as u64, 1)), Some(count - AWAY_MAX as u64));
        assert_eq!(away.get((0, 1)), None);
        // Nor does it where each address asks for many.
        for name in 0..100 * AWAY_OF_ADDRESS_MAX as u64 {
            away.put((name / (AWAY_OF_ADDRESS_MAX as u64 + 1), name), name);
            assert!(away.new.count + away.old.count <= 2 * AWAY_MAX);
        }
        for part in [&away.new, &away.old] {
            assert_eq!(part.count, part.names.values().map(HashMap::len).sum::<usize>());
        }
    }

    /// One address has a part of it. Who comes again in time is known, whatever the address asks for beside.
    #[test]
    fn an_address_has_a_part_of_it() {
        let mut away = Away::default();
        away.put((2, 1), 5);
        away.put((1, 0), 6);
        for name in 1..20 * AWAY_OF_ADDRESS_MAX as u64 {
            away.put((1, name), 6 + name);
            if name % 1_000 == 0 {
                away.put((1, 0), 6 + name);
            }
            assert!(away.new.of(1) + away.old.of(1) <= 2 * AWAY_OF_ADDRESS_MAX);
        }
        assert_eq!(away.get((1, 0)), Some(6));
        assert_eq!(away.get((1, 1)), None);
        assert_eq!(away.get((2, 1)), Some(5), "another's stays");
        for part in [&mut away.new, &mut away.old] {
            part.take(1);
            part.take(2);
            assert_eq!((part.count, part.names.len()), (0, 0));
        }
    }
}
