//! Data folders that are made once for a version of a server, and copied for each that starts.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder that `make` fills, unless it is there already; `recipe` is all that it is made from.
pub fn template(name: &str, recipe: &[&str], make: impl FnOnce(&Path)) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("servers");
    fs::create_dir_all(&root).unwrap();
    let mut hasher = DefaultHasher::new();
    recipe.hash(&mut hasher);
    let folder = root.join(format!("{name}-{:016x}", hasher.finish()));
    let lock = File::create(root.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    if !folder.exists() {
        let new = tempfile::tempdir_in(&root).unwrap();
        let data = new.path().join("data");
        make(&data);
        fs::rename(data, &folder).unwrap();
    }
    folder
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().unwrap().is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

/// What a program says of its version.
pub fn version(program: &Path) -> String {
    let output = run(Command::new(program).args(["--no-defaults", "--version"]));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a program to its successful end.
pub fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    output
}
