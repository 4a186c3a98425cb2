//! The files of a database are for their owner alone, whatever the umask: they hold hashes of passwords and
//! the seeds of draws. SQLite gives its log and its index the mode of the database file.

use super::open::Files;
use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What stands beside a database file, by what is added to its name.
const BESIDE: [&str; 4] = ["-wal", "-shm", "-journal", LOCK];
/// The lock's addition to the name.
pub(super) const LOCK: &str = ".lock";
/// Rights of others than the owner.
const OTHERS: u32 = 0o077;

/// The name of a file beside the database file.
pub(super) fn beside(path: &Path, addition: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(addition);
    name.into()
}

/// Makes an empty database file where there is none. An existing one is not even opened: to close it would
/// end the locks that this process has on it.
///
/// # Errors
/// It cannot be made.
pub(super) fn create(files: &Files) -> io::Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&files.path);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(|_| ()),
    }
}

/// Takes the rights of others from files that were made with them, by an earlier version or by hand.
pub(super) fn tighten(files: &Files) {
    // They stand beside the file itself, whatever link leads to it.
    let path = files.path.canonicalize().unwrap_or_else(|_| files.path.clone());
    for path in std::iter::once(path.clone()).chain(BESIDE.map(|more| beside(&path, more))) {
        let Ok(mode) = fs::metadata(&path).map(|file| file.permissions().mode()) else {
            // It is not there.
            continue;
        };
        if mode & OTHERS == 0 {
            continue;
        }
        let (file, was) = (path.display(), format!("{:o}", mode & 0o777));
        match fs::set_permissions(&path, Permissions::from_mode(mode & 0o700)) {
            Ok(()) => {
                tracing::warn!(%file, was, "other users could access this file; now only its owner can")
            }
            Err(error) => tracing::warn!(%file, was, %error, "other users can access this file"),
        }
    }
}
