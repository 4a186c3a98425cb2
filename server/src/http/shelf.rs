//! What never changes and was asked for lately, by its hash: read once from the database, bounded by its bytes. Who
//! was not asked for longest leaves.

use super::problem::Problem;
use crate::turns::Turns;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes of posters in memory.
pub const POSTER_BYTES_KEPT_MAX: usize = 32 * 1024 * 1024;
/// Bytes of the texts of layouts in memory.
pub const LAYOUT_BYTES_KEPT_MAX: usize = 32 * 1024 * 1024;
/// Bytes of the seats of layouts in memory.
pub const HALL_BYTES_KEPT_MAX: usize = 64 * 1024 * 1024;

struct Item<V> {
    value: V,
    bytes: usize,
    /// When it was asked for last.
    asked: u64,
}

struct Kept<K, V> {
    items: HashMap<K, Item<V>>,
    /// Their keys by when they were asked for.
    order: BTreeMap<u64, K>,
    asked: u64,
    bytes: usize,
}

/// See the module.
pub struct Shelf<K, V> {
    kept: Mutex<Kept<K, V>>,
    bytes_max: usize,
    /// Of who reads one that is not there, so that the others find it. Who asks for one that does not exist keeps
    /// nobody from another.
    filling: Turns<K>,
}

impl<K: Copy + Eq + Hash, V: Clone> Shelf<K, V> {
    /// An empty shelf for so many bytes.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        let kept = Kept { items: HashMap::new(), order: BTreeMap::new(), asked: 0, bytes: 0 };
        Self { kept: Mutex::new(kept), bytes_max, filling: Turns::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept<K, V>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, key: K) -> Option<V> {
        self.kept().find(key)
    }

    fn keep(&self, key: K, value: V, bytes: usize) {
        self.kept().keep(key, value, bytes, self.bytes_max);
    }

    /// From memory, or as `read` gives it with its bytes, which is asked once at a time for a key.
    ///
    /// # Errors
    /// Those of `read`.
    pub async fn get(
        &self,
        key: K,
        read: impl Future<Output = Result<(V, usize), Problem>>,
    ) -> Result<V, Problem> {
        if let Some(value) = self.find(key) {
            return Ok(value);
        }
        let _turn = self.filling.of(key).await;
        if let Some(value) = self.find(key) {
            return Ok(value);
        }
        let (value, bytes) = read.await?;
        self.keep(key, value.clone(), bytes);
        Ok(value)
    }
}

impl<K: Copy + Eq + Hash, V: Clone> Kept<K, V> {
    fn find(&mut self, key: K) -> Option<V> {
        let item = self.items.get_mut(&key)?;
        self.asked += 1;
        self.order.remove(&item.asked);
        self.order.insert(self.asked, key);
        item.asked = self.asked;
        Some(item.value.clone())
    }

    fn remove(&mut self, key: K) {
        if let Some(gone) = self.items.remove(&key) {
            self.order.remove(&gone.asked);
            self.bytes -= gone.bytes;
        }
    }

    fn keep(&mut self, key: K, value: V, bytes: usize, bytes_max: usize) {
        self.remove(key);
        if bytes > bytes_max {
            return;
        }
        while self.bytes + bytes > bytes_max {
            let Some(oldest) = self.order.first_key_value().map(|(_, key)| *key) else { break };
            self.remove(oldest);
        }
        self.asked += 1;
        self.bytes += bytes;
        self.order.insert(self.asked, key);
        self.items.insert(key, Item { value, bytes, asked: self.asked });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn keys(shelf: &Shelf<u8, u8>) -> Vec<u8> {
        let kept = shelf.kept();
        assert_eq!(kept.items.len(), kept.order.len());
        assert_eq!(kept.items.values().map(|item| item.bytes).sum::<usize>(), kept.bytes);
        assert!(kept.bytes <= shelf.bytes_max);
        kept.order.values().copied().collect()
    }

    /// What was not asked for longest leaves; what is kept is bounded by its bytes.
    #[test]
    fn what_is_kept_is_bounded() {
        let shelf = Shelf::new(10);
        for key in 1..=3 {
            shelf.keep(key, key, 3);
        }
        assert_eq!(keys(&shelf), [1, 2, 3]);
        assert_eq!((shelf.find(1), shelf.find(9)), (Some(1), None));
        shelf.keep(4, 4, 4);
        assert_eq!(keys(&shelf), [3, 1, 4]);
        shelf.keep(3, 30, 3);
        assert_eq!((keys(&shelf), shelf.find(3)), (vec![1, 4, 3], Some(30)));
        shelf.keep(5, 5, 10);
        assert_eq!(keys(&shelf), [5]);
        shelf.keep(6, 6, 11);
        assert_eq!(keys(&shelf), [5], "it has no room at all");
    }

    /// Who asks for the same one meanwhile finds it; a failure is not kept.
    #[tokio::test]
    async fn it_is_read_once() {
        let shelf = Shelf::new(10);
        let reads = Cell::new(0);
        let read = async |result| {
            tokio::task::yield_now().await;
            reads.set(reads.get() + 1);
            result
        };
        let failed = || Problem::of(crate::http::problem::Code::Busy);
        assert!(shelf.get(1, read(Err(failed()))).await.is_err());
        let one = || shelf.get(1, read(Ok((7, 1))));
        let (a, b) = tokio::join!(one(), one());
        assert_eq!((a.ok(), b.ok(), reads.get()), (Some(7), Some(7), 2));
        assert!(shelf.filling.is_empty());
    }

    /// Reads that take long keep nobody from another key, and nothing is left of who has gone.
    #[tokio::test]
    async fn who_asks_for_one_keeps_nobody_from_another() {
        let shelf = Shelf::new(10);
        let slow = || shelf.get(1, std::future::pending());
        let quick = async {
            tokio::task::yield_now().await;
            shelf.get(2, async { Ok((7, 1)) }).await
        };
        tokio::select! {
            biased;
            _ = slow() => panic!("it has no end"),
            _ = slow() => panic!("it has no end"),
            found = quick => assert_eq!(found.ok(), Some(7)),
        }
        assert!(shelf.filling.is_empty());
    }
}
