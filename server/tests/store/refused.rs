//! Files that cannot be used are refused, each with one clear sentence, and stay as they were (H32).

use boxoffice_core::rows::Rows;
use boxoffice_server::store::sqlite::{Files, SCHEMA_VERSION, SqliteReads, SqliteStore};
use boxoffice_server::store::{Fault, Store};
use rusqlite::Connection;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;

use crate::contract::commit;
use crate::sample;

fn files(dir: &Path) -> Files {
    Files { path: dir.join("boxoffice.db") }
}

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// The fault that opening meets, which is told in one line of reasonable length.
fn refusal(files: &Files) -> Fault {
    let fault = SqliteStore::open(files).err().expect("a refusal");
    one_sentence(&fault);
    fault
}

fn one_sentence(fault: &Fault) {
    let text = fault.to_string();
    assert!((10..240).contains(&text.len()) && !text.contains('\n'), "{text}");
}

/// A file of our own with rows in it.
fn written(files: &Files) {
    let mut store = SqliteStore::open(files).expect("a new file");
    commit(&mut store, &sample::keys(), sample::insert).expect("the sample");
}

#[test]
fn a_newer_schema() {
    let dir = dir();
    let files = files(dir.path());
    written(&files);
    let newer = SCHEMA_VERSION + 1;
    let connection = Connection::open(&files.path).expect("a file");
    connection.pragma_update(None, "user_version", newer).expect("a version");
    drop(connection);
    let fault = refusal(&files);
    let (found, known) = (newer, SCHEMA_VERSION);
    assert_eq!(fault, Fault::SchemaTooNew { found, known });
    assert!(fault.to_string().contains("use the newer binary"));
}

#[test]
fn a_text_file() {
    let dir = dir();
    let files = files(dir.path());
    let text = "Dear diary, tonight I will see them live.\n".repeat(200);
    std::fs::write(&files.path, &text).expect("a file");
    assert!(matches!(refusal(&files), Fault::Corrupt(_)));
    assert_eq!(std::fs::read_to_string(&files.path).expect("a file"), text);
}

/// Whatever part of a file is damaged: opening or loading says so, and nothing panics.
#[test]
fn a_damaged_file() {
    let dir = dir();
    let whole = files(dir.path());
    written(&whole);
    let bytes = std::fs::read(&whole.path).expect("a file");
    let mut refused = 0;
    for page in 0..bytes.len() / 4096 {
        let mut damaged = bytes.clone();
        let from = page * 4096 + if page == 0 { 100 } else { 0 };
        damaged[from..(page + 1) * 4096].fill(0xee);
        let files = Files { path: dir.path().join(format!("page-{page}.db")) };
        std::fs::write(&files.path, damaged).expect("a file");
        let met = SqliteStore::open(&files).and_then(|mut store| {
            store.begin()?;
            store.load(&sample::keys(), &mut Rows::default())
        });
        if let Err(fault) = met {
            one_sentence(&fault);
            refused += 1;
        }
    }
    // A page that only holds another index is not met by these loads.
    assert!(refused >= 10, "only {refused} of {} pages", bytes.len() / 4096);
}

#[test]
fn a_file_cut_short() {
    let dir = dir();
    let files = files(dir.path());
    written(&files);
    let bytes = std::fs::read(&files.path).expect("a file");
    std::fs::write(&files.path, &bytes[..bytes.len() / 2]).expect("a file");
    assert!(matches!(refusal(&files), Fault::Corrupt(_)));
}

/// Another program's database is told apart, whatever it uses `user_version` for, and is not touched.
#[test]
fn another_programs_database() {
    for version in [0, SCHEMA_VERSION, SCHEMA_VERSION + 1] {
        let dir = dir();
        let files = files(dir.path());
        let connection = Connection::open(&files.path).expect("a new file");
        connection
            .execute_batch("CREATE TABLE bookmark (url TEXT); INSERT INTO bookmark VALUES ('x')")
            .expect("a table");
        connection.pragma_update(None, "user_version", version).expect("a version");
        drop(connection);
        let before = std::fs::read(&files.path).expect("a file");
        let fault = refusal(&files);
        assert!(fault.to_string().contains("another program"), "{version}: {fault}");
        let same = before == std::fs::read(&files.path).expect("a file");
        assert!(same, "{version}: the file was changed");
    }
}

#[test]
fn no_place_for_a_file() {
    let dir = dir();
    let missing = Files { path: dir.path().join("missing").join("boxoffice.db") };
    assert!(matches!(refusal(&missing), Fault::Unavailable(_)));
    let folder = Files { path: dir.path().to_owned() };
    assert!(matches!(refusal(&folder), Fault::Unavailable(_)));
    let fault = SqliteReads::open(&missing).err().expect("a refusal");
    one_sentence(&fault);
}

const PATH: &str = "READ_ONLY_DATABASE";

/// Nobody else's rights keep a superuser from writing: where the tests run as one, this test runs
/// itself again as somebody else.
#[test]
fn a_read_only_file() {
    if let Some(path) = std::env::var_os(PATH) {
        let path = path.into();
        let fault = refusal(&Files { path });
        assert!(matches!(fault, Fault::Unavailable(_)), "{fault}");
        assert!(fault.to_string().contains("read"), "{fault}");
        return;
    }
    let dir = dir();
    let files = files(dir.path());
    written(&files);
    let set = |path: &Path, mode| {
        let rights = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, rights).expect("rights");
    };
    set(&files.path, 0o444);
    set(dir.path(), 0o555);
    let writes = |path: &Path| std::fs::OpenOptions::new().append(true).open(path).is_ok();
    let mut again = std::process::Command::new(std::env::current_exe().expect("this test"));
    again.args(["--exact", "refused::a_read_only_file"]).env(PATH, &files.path);
    if writes(&files.path) {
        again.uid(65_534).gid(65_534);
    }
    let done = again.output();
    set(dir.path(), 0o755);
    match done {
        Ok(done) => {
            let told = String::from_utf8_lossy(&done.stdout);
            assert!(done.status.success() && told.contains("1 passed"), "{done:?}");
        }
        Err(why) => eprintln!("not shown: this test cannot run as somebody else here: {why}"),
    }
}
