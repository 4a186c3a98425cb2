//! Which files are served: those that are embedded; in a debug build those on disk as they are now, so that an
//! edit is seen without a build.

use super::{EMBEDDED, File, SHELL, Web};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

static BUILT: LazyLock<Arc<Web>> = LazyLock::new(|| {
    let files: Vec<File> =
        EMBEDDED.iter().map(|(path, bytes)| (*path, Cow::Borrowed(*bytes))).collect();
    Arc::new(Web::new(SHELL, &files))
});

/// The pages as they are served.
pub fn web() -> Arc<Web> {
    if cfg!(debug_assertions) { edited() } else { Arc::clone(&BUILT) }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../web")
}

/// When each file was written; `None` where one is not there.
fn written() -> Option<Vec<SystemTime>> {
    let folder = folder();
    let paths = EMBEDDED.iter().map(|(path, _)| *path).chain(["shell.html"]);
    paths.map(|path| folder.join(path).metadata().ok()?.modified().ok()).collect()
}

fn read() -> Option<Web> {
    let folder = folder();
    let shell = std::fs::read(folder.join("shell.html")).ok()?;
    let file = |(path, _): &(&'static str, _)| {
        Some((*path, Cow::Owned(std::fs::read(folder.join(path)).ok()?)))
    };
    let files: Option<Vec<File>> = EMBEDDED.iter().map(file).collect();
    Some(Web::new(&shell, &files?))
}

/// What was read last, with when its files were written.
static LAST: Mutex<Option<(Vec<SystemTime>, Arc<Web>)>> = Mutex::new(None);

fn edited() -> Arc<Web> {
    let Some(now) = written() else { return Arc::clone(&BUILT) };
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((then, web)) = &*last
        && *then == now
    {
        return Arc::clone(web);
    }
    let web = read().map_or_else(|| Arc::clone(&BUILT), Arc::new);
    *last = Some((now, Arc::clone(&web)));
    web
}
