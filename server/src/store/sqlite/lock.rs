//! One server a file: a second one would write without harm, but its read model would not hear of what the
//! first one sells. Two locks, since there are two ways to meet: by another name of the same file (a hard
//! link, another mount), which the file's own lock tells, and by another file under the same name (one that
//! was put back while a server runs on the one before), with whose log it would be mixed up. Both are of a
//! kind (`flock`) that SQLite's own locks do not meet.

use super::open::Files;
use super::private::{self, beside};
use crate::store::fault::Fault;
use std::fs::{File, TryLockError};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// How every file of SQLite begins.
const HEAD: &[u8] = b"SQLite format 3\0";

/// Held while a server sells from the file. The system lets go of it when the process ends, however
/// that ends.
pub struct ServerLock {
    _beside: File,
    /// Not to be closed while the database is open: that would end SQLite's locks on it.
    _itself: File,
}

impl ServerLock {
    /// Takes the lock, before the database is opened. Where there is no file yet, an empty one is made.
    ///
    /// # Errors
    /// Another server holds it, the file is no database, or it or the one beside it cannot be made.
    pub fn take(files: &Files) -> Result<Self, Fault> {
        // The same lock, whatever link leads to the database.
        let path = files.path.canonicalize().unwrap_or_else(|_| files.path.clone());
        if path.is_dir() {
            return Err(Fault::Unavailable("it is a folder".into()));
        }
        // Before a lock is left beside what is no database.
        if is_something_else(&path) {
            return Err(Fault::Corrupt("file is not a database".into()));
        }
        let lock = beside(&path, private::LOCK);
        let mut options = File::options();
        options.create(true).truncate(false).write(true).mode(0o600);
        let beside = lock_of(options.open(&lock), &lock)?;
        private::create(files).map_err(|error| failed(&path, &error))?;
        let itself = lock_of(File::open(&path), &path)?;
        Ok(Self { _beside: beside, _itself: itself })
    }
}

/// Whether the file is there and does not begin as SQLite's do. What cannot be read is told when it is opened.
fn is_something_else(path: &Path) -> bool {
    let mut head = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(HEAD.len() as u64).read_to_end(&mut head));
    read.is_ok_and(|bytes| bytes > 0) && head != HEAD
}

fn failed(path: &Path, error: &std::io::Error) -> Fault {
    Fault::Unavailable(format!("{}: {error}", path.display()))
}

fn lock_of(file: std::io::Result<File>, path: &Path) -> Result<File, Fault> {
    let file = file.map_err(|error| failed(path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => Err(failed(path, &error)),
        Err(TryLockError::WouldBlock) => {
            Err(Fault::Unavailable(format!("another server holds {}", path.display())))
        }
    }
}
