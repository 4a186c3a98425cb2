//! Whether the log could grow. A failed commit leaves what it has written behind the log's end, so that a
//! small write may fit there on a full disk, and the next batch not.

use super::open::Files;
use super::private::beside;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};

/// How much more there must be room for.
static ROOM: [u8; 64 * 1024] = [0xb0; 64 * 1024];

/// Writes so much to a file of its own, from the log's length on, and removes it.
///
/// # Errors
/// There is no room, or files may not become so long.
pub(super) fn check(files: &Files) -> io::Result<()> {
    let path = files.path.canonicalize()?;
    let length = fs::metadata(beside(&path, "-wal")).map_or(0, |log| log.len());
    let room = beside(&path, ".room");
    let mut options = File::options();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&room)?;
    let written = file.write_all_at(&ROOM, length).and_then(|()| file.sync_data());
    fs::remove_file(&room)?;
    written
}
