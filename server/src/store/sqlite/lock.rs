//! One server a file: whoever sells from it holds a lock on a file beside it. A second server would
//! write without harm, but its board would not hear of what the first one sells.

use super::open::Files;
use crate::store::fault::Fault;
use std::fs::{File, TryLockError};

/// Held while a server sells from the file. The system lets go of it when the process ends, however
/// that ends.
pub struct ServerLock {
    _file: File,
}

impl ServerLock {
    /// Takes the lock.
    ///
    /// # Errors
    /// Another server holds it, or the file beside the database cannot be made.
    pub fn take(files: &Files) -> Result<Self, Fault> {
        // The same lock, whatever link leads to the database.
        let path = files.path.canonicalize().unwrap_or_else(|_| files.path.clone());
        if path.is_dir() {
            return Err(Fault::Unavailable("it is a folder".into()));
        }
        let mut beside = path.into_os_string();
        beside.push(".lock");
        let failed = |error| Fault::Unavailable(format!("{}: {error}", beside.display()));
        let open = File::options().create(true).truncate(false).write(true).open(&beside);
        let file = open.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::Error(error)) => Err(failed(error)),
            Err(TryLockError::WouldBlock) => {
                let why = format!("another server holds {}", beside.display());
                Err(Fault::Unavailable(why))
            }
        }
    }
}
