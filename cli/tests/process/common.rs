//! What tests of running servers have in common.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Held by a test that measures or makes load, so that no other such test runs meanwhile.
pub fn alone() -> MutexGuard<'static, ()> {
    static LOAD: Mutex<()> = Mutex::new(());
    // A test that failed while it held the lock has nothing in it to spoil.
    LOAD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nothing was found wrong; a long list is shown by its beginning.
pub fn nothing(found: &[impl AsRef<str>], when: &str) {
    let short = |line: &str| line.chars().take(600).collect::<String>();
    let first: Vec<_> = found.iter().take(5).map(|line| short(line.as_ref())).collect();
    assert!(found.is_empty(), "{when}: {} wrong: {first:#?}", found.len());
}

/// A runtime for the clients of one test.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
