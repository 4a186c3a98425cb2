//! What a run of `cargo test` leaves out, for its last line, which the target `unrun` writes.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Where the tests of this run note what they leave out. One cargo started all of them.
pub fn notes() -> PathBuf {
    let run = std::os::unix::process::parent_id();
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("left-out-{run}"))
}

/// Says that something cannot run here, and why. In CI nothing is left out: there it fails.
pub fn note(what: &str, why: &str) {
    let line = format!("{what}: {why}");
    eprintln!("SKIPPED {line}");
    assert!(std::env::var_os("CI").is_none(), "SKIPPED {line}");
    let file = OpenOptions::new().create(true).append(true).open(notes());
    // One write to the end of a file: lines of several processes do not mix.
    file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes())).unwrap();
}
