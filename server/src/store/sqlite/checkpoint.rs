//! Copying the log into the database file, off the thread that commits.
//!
//! SQLite has a commit copy the log once it is long, and everybody waits. Here another thread copies
//! while commits go on; what came meanwhile is copied by it again, until so little is left that the
//! committing thread copies the rest itself. Then all of the log is in the file, and the next commit
//! begins it anew. SQLite syncs the file then, and everybody waits; so the other thread syncs what it
//! has copied, and little is left to sync.

use super::log::{Log, Sync};
use super::open::{Files, open_checkpointer};
use crate::store::Fault;
use crate::supervisor::{Supervisor, caught};
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

/// When to copy, in pages.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// The log is copied once it is so long. The longer, the more often a page has changed by the
    /// time that it is copied; a start after a crash reads all of it.
    pub begin: u64,
    /// The committing thread copies so much itself.
    pub rest: u64,
    /// With a log so long, commits wait for the copying.
    pub most: u64,
}

/// 256 MiB, 4 MiB and 1 GiB of pages. While the log is copied, commits take some ten times as long: with
/// 16,000 pages that was more than 1 % of a rush, and so its p99; with these it is less.
pub(super) const SIZES: Sizes = Sizes { begin: 64_000, rest: 1_000, most: 256_000 };

/// Pages of the log that are in the file; `None` where another process was copying.
type Copied = Result<Option<u64>, Fault>;

/// See the module.
pub(super) struct Checkpoints {
    sizes: Sizes,
    /// Pages in the log as of the last commit.
    pages: Arc<AtomicU64>,
    /// Of those, pages that are in the file.
    copied: u64,
    /// With how many pages something is to be done next.
    next: u64,
    under_way: bool,
    log: Arc<Log>,
    helper: Helper,
}

/// The thread that copies.
pub(super) struct Helper {
    orders: Option<SyncSender<()>>,
    done: Receiver<Copied>,
    thread: Option<JoinHandle<()>>,
}

/// Copies what no reader still needs in the log, and waits for nobody.
fn copy(connection: &Connection, log: &Log) -> Copied {
    let row = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(2)?))
    });
    match row {
        Ok((0, copied)) => Ok(Some(u64::try_from(copied).unwrap_or(0))),
        Ok(_) => Ok(None),
        Err(error) => {
            // It may have been the log's sync that failed, which then must not be tried again.
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::SystemIoFailure) {
                log.fail(&error);
            }
            Err(error.into())
        }
    }
}

/// The same, and what was copied is on disk.
fn copy_and_sync(connection: &Connection, log: &Log, sync: &Sync) -> Copied {
    let copied = copy(connection, log)?;
    if copied.is_some()
        && let Err(error) = sync()
    {
        log.fail(&error);
        log.check()?;
    }
    Ok(copied)
}

impl Helper {
    /// `sync` is that of the database file. The supervisor hears of the thread's end.
    ///
    /// # Errors
    /// The system gives no thread, or the file cannot be opened.
    pub fn start(
        files: &Files,
        log: Arc<Log>,
        sync: Sync,
        supervisor: &Supervisor,
    ) -> Result<Self, Fault> {
        let connection = open_checkpointer(files)?;
        let (orders, ordered) = sync_channel::<()>(1);
        let (report, done) = sync_channel(1);
        let thread = supervisor.thread("checkpoints", move || {
            // It lives as long as the writer: a panic is a copy that failed, and not its end.
            let copy = || caught("copying the log", || copy_and_sync(&connection, &log, &sync));
            let copy = || copy().unwrap_or_else(|| Err(Fault::Corrupt("a copy panicked".into())));
            while ordered.recv().is_ok() && report.send(copy()).is_ok() {}
        });
        let thread = thread.map_err(|error| Fault::Unavailable(error.to_string()))?;
        Ok(Self { orders: Some(orders), done, thread: Some(thread) })
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell.
            let _ = thread.join();
        }
    }
}

impl Checkpoints {
    /// From now on this connection's commits copy nothing by themselves.
    ///
    /// # Errors
    /// The connection takes no hook.
    pub fn start(
        connection: &mut Connection,
        helper: Helper,
        log: Arc<Log>,
        sizes: Sizes,
    ) -> Result<Self, Fault> {
        let pages = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&pages);
        let hook = move |_: &mut rusqlite::hooks::Wal, pages: std::ffi::c_int| {
            told.store(u64::try_from(pages).unwrap_or(0), Relaxed);
            Ok(())
        };
        connection.wal_hook(Some(hook))?;
        Ok(Self { sizes, pages, copied: 0, next: sizes.begin, under_way: false, log, helper })
    }

    /// After a commit.
    pub fn look(&mut self, connection: &Connection) {
        let pages = self.pages.load(Relaxed);
        if pages < self.copied {
            // Begun anew.
            (self.copied, self.next) = (0, self.sizes.begin);
        }
        if self.under_way && !self.returned(pages) {
            return;
        }
        if pages < self.next {
            return;
        }
        if pages - self.copied.min(pages) > self.sizes.rest && self.order() {
            return;
        }
        self.note(copy(connection, &self.log));
        // A reader may still be in the log: it cannot be begun anew then, and grows a little.
        self.next = pages + self.sizes.rest;
    }

    /// Whether the helper is through with what it was told.
    fn returned(&mut self, pages: u64) -> bool {
        let done = if pages < self.sizes.most {
            match self.helper.done.try_recv() {
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Disconnected) => None,
                Ok(copied) => Some(copied),
            }
        } else {
            self.helper.done.recv().ok()
        };
        self.under_way = false;
        let copied = done.unwrap_or_else(|| Err(Fault::Unavailable("its thread is gone".into())));
        if self.note(copied) {
            // Whatever is left is looked at right now.
            self.next = 0;
        } else {
            self.next = pages + self.sizes.rest;
        }
        true
    }

    fn order(&mut self) -> bool {
        let orders = self.helper.orders.as_ref();
        self.under_way = orders.is_some_and(|orders| orders.try_send(()).is_ok());
        self.under_way
    }

    fn note(&mut self, copied: Copied) -> bool {
        match copied {
            Ok(Some(copied)) => {
                self.copied = copied;
                true
            }
            Ok(None) => false,
            Err(fault) => {
                tracing::warn!(%fault, "the write-ahead log could not be copied into the database file; it keeps growing");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::log::sync_of;
    use super::super::open::open_writer;
    use super::*;

    const SMALL: Sizes = Sizes { begin: 60, rest: 10, most: 600 };

    struct Bed {
        connection: Connection,
        checkpoints: Checkpoints,
        files: Files,
        written: u32,
        _folder: tempfile::TempDir,
    }

    fn bed() -> Bed {
        bed_with(Box::new(|| Ok(())))
    }

    /// With this sync of the database file.
    fn bed_with(sync: Sync) -> Bed {
        let folder = tempfile::tempdir().unwrap();
        let files = Files { path: folder.path().join("boxoffice.db") };
        let mut connection = open_writer(&files).unwrap();
        connection.execute_batch("CREATE TABLE t (k BLOB PRIMARY KEY) WITHOUT ROWID").unwrap();
        let log = Arc::new(Log::new(sync_of(&files).unwrap()));
        let helper = Helper::start(&files, Arc::clone(&log), sync, &Supervisor::default()).unwrap();
        let checkpoints = Checkpoints::start(&mut connection, helper, log, SMALL).unwrap();
        Bed { connection, checkpoints, files, written: 0, _folder: folder }
    }

    impl Bed {
        /// Commits one row; the log's length.
        fn commit(&mut self) -> u64 {
            let add = "INSERT INTO t VALUES (randomblob(300))";
            self.connection.execute(add, []).unwrap();
            self.written += 1;
            self.checkpoints.look(&self.connection);
            self.checkpoints.pages.load(Relaxed)
        }

        /// Rows in a copy of the file alone, without its log.
        fn in_the_file(&self) -> u32 {
            let copy = self.files.path.with_extension("copy");
            std::fs::copy(&self.files.path, &copy).unwrap();
            let copied = Connection::open(&copy).unwrap();
            copied.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
        }
    }

    /// However many commits come, the log is begun anew again and again.
    #[test]
    fn the_log_stays_short() {
        let mut bed = bed();
        let (mut longest, mut anew, mut last) = (0, 0, 0);
        for _ in 0..3_000 {
            let pages = bed.commit();
            longest = longest.max(pages);
            anew += u32::from(pages < last);
            last = pages;
        }
        assert!(longest <= SMALL.most + 2 * SMALL.rest, "{longest} pages");
        assert!(anew > 3, "begun anew {anew} times");
    }

    /// What the helper has copied is on disk before the committing thread copies the rest; where the disk cannot
    /// take it, nothing is read or written any more.
    #[test]
    fn what_is_copied_is_synced_by_who_copies() {
        let (told, syncs) = std::sync::mpsc::channel();
        let mut bed = bed_with(Box::new(move || {
            told.send(std::thread::current().id()).map_err(std::io::Error::other)
        }));
        let mut other = None;
        for _ in 0..3_000 {
            bed.commit();
            other = other.or(syncs.try_recv().ok());
        }
        assert_ne!(other.expect("it is synced"), std::thread::current().id());
        assert_eq!(bed.checkpoints.log.check(), Ok(()));
        drop(syncs);
        let failed = (0..3_000).any(|_| {
            bed.commit();
            bed.checkpoints.log.check().is_err()
        });
        assert!(failed, "a disk that fails is told");
    }

    /// Who reads keeps the log from being begun anew, and nobody from committing.
    #[test]
    fn a_reader_only_makes_it_longer() {
        let mut bed = bed();
        let reader = super::super::open_reader(&bed.files).unwrap();
        bed.commit();
        reader.execute_batch("BEGIN").unwrap();
        let seen = |reader: &Connection| -> u32 {
            reader.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
        };
        assert_eq!(seen(&reader), 1);
        let mut pages = 0;
        for _ in 0..500 {
            pages = bed.commit();
        }
        assert!(pages > SMALL.most, "{pages} pages");
        assert_eq!(seen(&reader), 1);
        reader.execute_batch("COMMIT").unwrap();
        assert_eq!(seen(&reader), bed.written);
        let anew = (0..500).any(|_| bed.commit() < pages);
        assert!(anew, "the log is not begun anew");
        assert!(bed.in_the_file() >= 500, "{} rows", bed.in_the_file());
    }
}
