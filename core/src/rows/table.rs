//! Rows of one kind: as they were loaded, and what became of them.

use std::collections::BTreeMap;

/// What a batch did to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The row is new.
    Insert,
    /// The row was there and has changed.
    Update,
    /// The row was there and has changed, also in columns that an update leaves as they are.
    Rewrite,
}

#[derive(Clone, Debug)]
struct Slot<V> {
    value: Option<V>,
    change: Option<Change>,
}

/// Rows of one kind. A row that was looked for and is not there is remembered as absent, which is
/// not the same as a row that nobody loaded.
#[derive(Clone, Debug)]
pub struct Table<K, V> {
    slots: BTreeMap<K, Slot<V>>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { slots: BTreeMap::new() }
    }
}

impl<K: Ord + Clone + std::fmt::Debug, V> Table<K, V> {
    /// Puts a row as the store found it, `None` where there is none. For stores.
    pub fn put_loaded(&mut self, key: K, value: Option<V>) {
        self.slots.entry(key).or_insert(Slot { value, change: None });
    }

    /// Whether the row was loaded (as present or as absent) or made in this batch.
    #[must_use]
    pub fn is_loaded(&self, key: &K) -> bool {
        self.slots.contains_key(key)
    }

    /// The row, if it exists. Asking for a row that the command did not name is a bug: tests stop
    /// there, and a release build treats it as absent.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        debug_assert!(self.is_loaded(key), "row {key:?} was not loaded");
        self.peek(key)
    }

    /// The row if it was loaded and exists; for a command
    /// that names its rows before everything is there.
    #[must_use]
    pub fn peek(&self, key: &K) -> Option<&V> {
        self.slots.get(key).and_then(|slot| slot.value.as_ref())
    }

    /// The row for changing; it will be saved.
    pub fn update(&mut self, key: &K) -> Option<&mut V> {
        let slot = self.slots.get_mut(key)?;
        if slot.value.is_some() && slot.change.is_none() {
            slot.change = Some(Change::Update);
        }
        slot.value.as_mut()
    }

    /// The row for changing, also in what an update leaves as it is; it will be saved whole.
    pub fn rewrite(&mut self, key: &K) -> Option<&mut V> {
        let slot = self.slots.get_mut(key)?;
        if slot.value.is_some() && slot.change != Some(Change::Insert) {
            slot.change = Some(Change::Rewrite);
        }
        slot.value.as_mut()
    }

    /// Adds a row, or replaces one.
    pub fn insert(&mut self, key: K, value: V) {
        match self.slots.get_mut(&key) {
            Some(slot) => {
                let existed = slot.value.is_some() && slot.change != Some(Change::Insert);
                slot.change = Some(if existed { Change::Update } else { Change::Insert });
                slot.value = Some(value);
            }
            None => {
                let slot = Slot { value: Some(value), change: Some(Change::Insert) };
                self.slots.insert(key, slot);
            }
        }
    }

    /// What is to be saved, in key order (so that every node locks in the same order).
    pub fn changed(&self) -> impl Iterator<Item = (&K, &V, Change)> {
        self.slots.iter().filter_map(|(key, slot)| Some((key, slot.value.as_ref()?, slot.change?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(table: &Table<u8, u8>) -> Vec<(u8, u8, Change)> {
        table.changed().map(|(key, value, change)| (*key, *value, change)).collect()
    }

    #[test]
    fn a_row_is_saved_as_what_became_of_it() {
        let mut table = Table::default();
        for key in [1, 2, 3, 4] {
            table.put_loaded(key, Some(key));
        }
        table.put_loaded(5, None);
        assert_eq!(changes(&table), []);
        *table.update(&1).unwrap() += 10;
        *table.rewrite(&2).unwrap() += 10;
        // The larger change stays.
        *table.update(&3).unwrap() += 10;
        *table.rewrite(&3).unwrap() += 10;
        *table.update(&3).unwrap() += 10;
        table.insert(4, 14);
        assert!(table.update(&5).is_none() && table.rewrite(&5).is_none());
        let kept = [
            (1, 11, Change::Update),
            (2, 12, Change::Rewrite),
            (3, 33, Change::Rewrite),
            (4, 14, Change::Update),
        ];
        assert_eq!(changes(&table), kept);
    }

    #[test]
    fn a_new_row_stays_new() {
        let mut table = Table::default();
        table.put_loaded(1, None);
        for key in [1, 2] {
            table.insert(key, 0);
            *table.update(&key).unwrap() += 1;
            *table.rewrite(&key).unwrap() += 1;
        }
        table.insert(2, 9);
        assert_eq!(changes(&table), [(1, 2, Change::Insert), (2, 9, Change::Insert)]);
        assert!(table.rewrite(&3).is_none() && !table.is_loaded(&3));
    }
}
