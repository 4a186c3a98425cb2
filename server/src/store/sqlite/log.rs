//! The sync of the write-ahead log, off the thread that commits.
//!
//! The log is a chain of frames, each with a checksum over all before it: what is left of it after a
//! loss of power is a prefix, so that a later commit never stands without an earlier one, and the write path
//! may decide on rows that are not on disk yet. What nobody may do is tell of them: whoever has seen
//! rows, of a commit or by a read, calls [`Log::flush`] before it answers.
//!
//! With `synchronous=NORMAL` SQLite leaves out the sync of a commit and no other: a checkpoint syncs
//! the log before it copies and the database before the log is begun anew, and a new log's header is
//! synced before its frames. So everything committed is in the log or synced in the database, and one
//! sync of the log makes it durable. The log's file stays the same for as long as a connection is
//! open, and SQLite takes no locks on it, which another descriptor's end would let go of.

use super::open::Files;
use crate::store::{Fault, Flush};
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};

/// Waits until the disk has the log.
pub type Sync = Box<dyn Fn() -> std::io::Result<()> + Send + std::marker::Sync>;

/// See the module.
pub(super) struct Log {
    sync: Sync,
    /// Commits begun, counted before anyone can see their rows.
    begun: AtomicU64,
    /// Commits that are in the log, if not on disk.
    written: AtomicU64,
    /// Commits that are on disk. Held while syncing: who comes meanwhile often finds it done.
    synced: Mutex<u64>,
    broken: AtomicBool,
}

/// A sync of the log beside this database, which has one.
///
/// # Errors
/// It cannot be opened.
pub(super) fn sync_of(files: &Files) -> Result<Sync, Fault> {
    let failed = |error: std::io::Error| Fault::Unavailable(format!("its log: {error}"));
    // The log stands beside the file itself, whatever link leads to it.
    let mut path = files.path.canonicalize().map_err(failed)?.into_os_string();
    path.push("-wal");
    let file = File::options().write(true).open(path).map_err(failed)?;
    Ok(Box::new(move || file.sync_data()))
}

impl Log {
    pub fn new(sync: Sync) -> Self {
        Self {
            sync,
            begun: AtomicU64::new(0),
            written: AtomicU64::new(0),
            synced: Mutex::new(0),
            broken: AtomicBool::new(false),
        }
    }

    /// Before a commit.
    pub fn begin(&self) {
        self.begun.fetch_add(1, SeqCst);
    }

    /// After it, whatever came of it: there is one who commits.
    pub fn wrote(&self) {
        self.written.store(self.begun.load(SeqCst), SeqCst);
    }

    /// A sync has failed, by whomever.
    pub fn fail(&self, error: &dyn std::fmt::Display) {
        self.broken.store(true, SeqCst);
        tracing::error!(%error, "the disk failed; the database is no longer read or written");
    }

    /// # Errors
    /// A sync has failed. It is not tried again: the system may have dropped what it could not write,
    /// and would then call the next sync a success.
    pub fn check(&self) -> Result<(), Fault> {
        if self.broken.load(SeqCst) {
            let why = "the disk failed to store what was written; restart the server";
            return Err(Fault::Unavailable(why.into()));
        }
        Ok(())
    }
}

impl Flush for Log {
    fn flush(&self) -> Result<(), Fault> {
        let seen = self.begun.load(SeqCst);
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        self.check()?;
        if *synced >= seen {
            return Ok(());
        }
        // What the caller has seen is in the log by now. What is counted as synced is only what was
        // there for sure before the sync began.
        let written = self.written.load(SeqCst);
        if let Err(error) = (self.sync)() {
            self.fail(&error);
            return self.check();
        }
        *synced = written;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// A log whose syncs are counted, and fail from the `good`th on.
    fn log(good: u64) -> (Log, Arc<AtomicU64>) {
        let syncs = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&syncs);
        let sync = move || match counted.fetch_add(1, SeqCst) {
            n if n < good => Ok(()),
            _ => Err(std::io::Error::other("EIO")),
        };
        (Log::new(Box::new(sync)), syncs)
    }

    #[test]
    fn one_sync_is_for_all_that_was_written_before_it() {
        let (log, syncs) = log(9);
        assert_eq!(log.flush(), Ok(()));
        assert_eq!(syncs.load(SeqCst), 0, "nothing was written");
        for _ in 0..3 {
            log.begin();
            log.wrote();
        }
        assert_eq!((log.flush(), log.flush()), (Ok(()), Ok(())));
        assert_eq!(syncs.load(SeqCst), 1);
    }

    /// A commit that was under way when a sync began is not taken to be in it.
    #[test]
    fn a_commit_under_way_is_synced_again() {
        let (log, syncs) = log(9);
        log.begin();
        assert_eq!(log.flush(), Ok(()));
        log.wrote();
        assert_eq!(log.flush(), Ok(()));
        assert_eq!(syncs.load(SeqCst), 2);
    }

    #[test]
    fn a_failed_sync_is_not_tried_again() {
        let (log, syncs) = log(0);
        log.begin();
        log.wrote();
        let failed = log.flush();
        assert!(matches!(failed, Err(Fault::Unavailable(_))), "{failed:?}");
        assert_eq!((log.flush(), log.check()), (failed.clone(), failed));
        assert_eq!(syncs.load(SeqCst), 1);
    }
}
