//! Operators' keys, remembered for a second: an invented key costs no reader that a request could use,
//! and a revoked one is refused within two seconds on every server.

use super::trail::Who;
use crate::store::Fault;
use crate::store::pool::ReadPool;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long keys are taken as they were read.
const KEEP: Duration = Duration::from_secs(1);
/// Between two readings for the sake of keys that were not among those known: all who bring one wait for
/// the same reading.
const PAUSE: Duration = Duration::from_millis(100);

/// Live keys by the hash of their secret, as of one moment.
struct Known {
    keys: HashMap<[u8; 32], Who>,
    /// When reading them began.
    asked: Instant,
}

/// See the module.
pub struct Operators {
    /// The server's own connection.
    reads: ReadPool,
    known: RwLock<Option<Arc<Known>>>,
    /// Held by whoever reads them.
    turn: Mutex<()>,
}

impl Operators {
    /// Keys that are read on these connections.
    #[must_use]
    pub fn new(reads: ReadPool) -> Self {
        Self { reads, known: RwLock::default(), turn: Mutex::default() }
    }

    fn known(&self) -> Option<Arc<Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a key with this hash was live when they were read last; perhaps it is no longer.
    #[must_use]
    pub fn knew(&self, hash: &[u8; 32]) -> bool {
        self.known().is_some_and(|known| known.keys.contains_key(hash))
    }

    /// The live key with this hash. That there is none is said of a moment after the call.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn find(&self, hash: &[u8; 32]) -> Result<Option<Who>, Fault> {
        let fresh = |known: &Known| known.asked.elapsed() < KEEP;
        let find = |known: Arc<Known>| known.keys.get(hash).cloned();
        let called = Instant::now();
        if let Some(key) = self.known().filter(|known| fresh(known)).and_then(find) {
            return Ok(Some(key));
        }
        let _turn = self.turn.lock().await;
        if let Some(known) = self.known() {
            // Somebody has read them while this turn was waited for.
            if known.asked >= called {
                return Ok(find(known));
            }
            tokio::time::sleep(PAUSE.saturating_sub(known.asked.elapsed())).await;
        }
        let asked = Instant::now();
        let keys = self.reads.read(|reads| reads.api_keys()).await?;
        let who = |(hash, key, name): ([u8; 32], _, String)| (hash, Who { key, name: name.into() });
        let known = Arc::new(Known { keys: keys.into_iter().map(who).collect(), asked });
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
        Ok(find(known))
    }
}
