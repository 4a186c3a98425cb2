//! Files that cannot be used: one clear sentence, exit code 1, and the file as it was.

use crate::sandbox::{Sandbox, Server, binary, command};
use crate::skip;
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// A user without rights of its own, on every Unix.
const NOBODY: u32 = 65_534;

/// Runs what must not start; returns its one sentence.
fn refused(command: Command) -> String {
    let ended = Server::spawn(command).err().expect("it started");
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert_eq!(ended.stdout, "", "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    assert!(ended.stderr.starts_with("boxoffice: "), "{ended:?}");
    assert!(!ended.stderr.contains("panicked"), "{ended:?}");
    ended.stderr
}

fn serve(sandbox: &Sandbox) -> Command {
    sandbox.command(&["serve", "--listen", "127.0.0.1:0", "--demo", "false"])
}

/// Neither the server nor an admin verb takes the database, and both leave it as it is.
fn database_refused(sandbox: &Sandbox, wants: &[&str]) {
    let before = fs::read(sandbox.database()).unwrap();
    for command in [serve(sandbox), sandbox.command(&["admin", "key", "list"])] {
        let why = refused(command);
        assert!(why.contains(&sandbox.database().display().to_string()), "{why}");
        for want in wants {
            assert!(why.contains(want), "{want:?} is not in: {why}");
        }
        assert!(fs::read(sandbox.database()).unwrap() == before, "the file was changed: {why}");
    }
    for beside in ["boxoffice.db-journal", "boxoffice.db-wal"] {
        let left = fs::metadata(sandbox.path(beside)).map_or(0, |m| m.len());
        assert_eq!(left, 0, "{beside} was left behind");
    }
}

/// A database of our own, with the demo sale in it.
fn with_sale() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.start(&[]).stop();
    sandbox
}

/// H32: written by a newer boxoffice.
#[test]
fn a_newer_schema_is_refused() {
    let sandbox = with_sale();
    Connection::open(sandbox.database()).unwrap().pragma_update(None, "user_version", 999).unwrap();
    database_refused(&sandbox, &["schema version 999", "use the newer binary"]);
}

/// H32: somebody else's database, whatever version it gives itself.
#[test]
fn another_programs_database_is_refused_and_left_alone() {
    for version in [0, 1, 7] {
        let sandbox = Sandbox::new();
        let theirs = Connection::open(sandbox.database()).unwrap();
        theirs.execute_batch("CREATE TABLE note (text); INSERT INTO note VALUES ('mine')").unwrap();
        theirs.pragma_update(None, "user_version", version).unwrap();
        drop(theirs);
        database_refused(&sandbox, &["another program"]);
    }
}

/// H32: no database at all.
#[test]
fn a_file_that_is_no_database_is_refused() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.database(), "These are my holiday notes.\n".repeat(500)).unwrap();
    database_refused(&sandbox, &["file is not a database"]);
    assert!(!sandbox.path("boxoffice.db.lock").exists(), "nothing is left beside it");
}

/// H32: cut off, as by a copy that was interrupted.
#[test]
fn a_truncated_database_is_refused() {
    let sandbox = with_sale();
    let bytes = fs::read(sandbox.database()).unwrap();
    fs::write(sandbox.database(), &bytes[..bytes.len() / 2]).unwrap();
    database_refused(&sandbox, &["the database cannot be used: ", "malformed"]);
}

/// H32: pages overwritten with something else.
#[test]
fn damaged_pages_are_refused() {
    let sandbox = with_sale();
    let mut bytes = fs::read(sandbox.database()).unwrap();
    let length = bytes.len();
    bytes[4096..length / 2].fill(0x5a);
    fs::write(sandbox.database(), &bytes).unwrap();
    let why = refused(serve(&sandbox));
    assert!(why.contains("the database cannot be used: "), "{why}");
    assert!(fs::read(sandbox.database()).unwrap() == bytes, "the file was changed");
}

/// H32: a path that leads nowhere, or to a folder.
#[test]
fn a_path_without_a_file_is_refused() {
    let sandbox = Sandbox::new();
    for path in [sandbox.path("missing/boxoffice.db"), sandbox.dir.path().to_owned()] {
        let mut command = command(binary());
        command.args(["serve", "--listen", "127.0.0.1:0", "--keys-file", "k.json", "--database"]);
        command.arg(format!("sqlite://{}", path.display())).current_dir(sandbox.dir.path());
        let why = refused(command);
        assert!(why.contains(&path.display().to_string()), "{why}");
        assert!(why.contains("the database is not available"), "{why}");
    }
}

fn modes(sandbox: &Sandbox) -> Vec<(String, u32)> {
    let mode = |name: &str| {
        let found = fs::metadata(sandbox.path(name)).unwrap();
        (name.to_owned(), found.permissions().mode() & 0o777)
    };
    let beside = ["boxoffice.db", "boxoffice.db-wal", "boxoffice.db-shm", "boxoffice.db.lock"];
    beside.map(mode).into_iter().chain([mode("boxoffice.keys.json")]).collect()
}

/// S9: whatever the umask, the database, what stands beside it, and the keys are for their owner alone;
/// what was made for others by an earlier version is not any more.
#[test]
fn files_are_for_their_owner_alone() {
    let sandbox = Sandbox::new();
    let start = |umask: &str| {
        let serve = serve(&sandbox);
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")]).arg(serve.get_program());
        shell.args(serve.get_args()).current_dir(sandbox.dir.path());
        Server::spawn(shell).unwrap_or_else(|ended| panic!("it did not start: {ended:?}"))
    };
    for (umask, open) in [("022", false), ("000", true)] {
        if open {
            for name in ["boxoffice.db", "boxoffice.db.lock"] {
                set_mode(&sandbox.path(name), 0o644);
            }
        }
        let server = start(umask);
        for (name, mode) in modes(&sandbox) {
            assert_eq!(mode, 0o600, "{name} has {mode:o} with umask {umask}");
        }
        let log = server.stop();
        assert_eq!(log.contains("other users could access this file"), open, "{log}");
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The server as a user who may write only what everybody may. Root may write everything, so that
/// root becomes nobody, with a copy of the binary that nobody may run.
fn powerless(sandbox: &Sandbox) -> Command {
    if !rustix::process::getuid().is_root() {
        return serve(sandbox);
    }
    let copy = sandbox.path("boxoffice");
    if !copy.exists() {
        fs::copy(binary(), &copy).unwrap();
        set_mode(&copy, 0o755);
    }
    let mut nobody = command(copy);
    nobody.args(["serve", "--listen", "127.0.0.1:0", "--database"]);
    nobody.arg(format!("sqlite://{}", sandbox.database().display()));
    nobody.current_dir("/").uid(NOBODY).gid(NOBODY);
    nobody
}

/// H32: a read-only file, a read-only folder, and both.
#[test]
fn what_cannot_be_written_is_refused() {
    let sandbox = with_sale();
    let before = fs::read(sandbox.database()).unwrap();
    let mut try_out = powerless(&sandbox);
    set_mode(sandbox.dir.path(), 0o755);
    if try_out.arg("--version").output().is_err() {
        return skip("what_cannot_be_written_is_refused", "this user cannot run as another");
    }
    for (file, folder) in [(0o444, 0o777), (0o666, 0o555), (0o444, 0o555)] {
        set_mode(&sandbox.database(), file);
        set_mode(sandbox.dir.path(), folder);
        let why = refused(powerless(&sandbox));
        assert!(why.contains("boxoffice.db: the database is not available: "), "{why}");
        assert!(fs::read(sandbox.database()).unwrap() == before, "the file was changed");
    }
    set_mode(sandbox.dir.path(), 0o755);
}

/// H32: the token keys are a secret; a file that others can read, or that is none, is refused.
#[test]
fn a_bad_key_file_is_refused() {
    let sandbox = with_sale();
    let good = fs::read_to_string(sandbox.keys_file()).unwrap();
    let bad = [
        ("", "EOF while parsing"),
        ("{", "EOF while parsing"),
        ("{\"keys\": []}", "it must hold one or two keys"),
        (
            "{\"keys\": [{\"kid\": \"a\", \"secret\": \"c2hvcnQ\", \"created_at_ms\": 0}]}",
            "32 bytes",
        ),
        ("{\"key\": 1}", "unknown field `key`"),
    ];
    for (text, want) in bad {
        fs::write(sandbox.keys_file(), text).unwrap();
        let why = refused(serve(&sandbox));
        assert!(why.contains("boxoffice.keys.json: ") && why.contains(want), "{why}");
        assert_eq!(fs::read_to_string(sandbox.keys_file()).unwrap(), text);
    }
    fs::write(sandbox.keys_file(), &good).unwrap();
    for mode in [0o644, 0o640, 0o604] {
        set_mode(&sandbox.keys_file(), mode);
        let why = refused(serve(&sandbox));
        assert!(why.contains("make it 0600"), "{why}");
        let rotated = sandbox.run(&["admin", "key", "rotate"]);
        assert_eq!(rotated.status.code(), Some(1), "{rotated:?}");
        assert_eq!(fs::read_to_string(sandbox.keys_file()).unwrap(), good);
    }
    set_mode(&sandbox.keys_file(), 0o600);
    sandbox.start(&[]).stop();
}
