//! Two servers on one file: the second is refused, because its read model would not hear of what the first
//! sells.

use crate::client::{Ask, once};
use crate::runtime;
use crate::sandbox::{Ended, Sandbox, Server};

fn refused(sandbox: &Sandbox, database: &str) -> Ended {
    let flags = ["serve", "--listen", "127.0.0.1:0", "--demo", "false"];
    let mut command = crate::sandbox::command(crate::sandbox::binary());
    command.args(flags).args(["--database", database]).current_dir(sandbox.dir.path());
    Server::spawn(command).err().expect("a second server started on the same file")
}

/// S21: the second is told why in one sentence that names the lock, also where it knows the file by
/// another name. Admin verbs work beside the first, which goes on.
#[test]
fn a_second_server_on_the_same_file_is_refused() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false"]);
    std::os::unix::fs::symlink(sandbox.database(), sandbox.path("other.db")).unwrap();
    for name in ["boxoffice.db", "other.db"] {
        let ended = refused(&sandbox, &format!("sqlite://{name}"));
        assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
        assert!(ended.stderr.starts_with(&format!("boxoffice: {name}: ")), "{ended:?}");
        assert!(ended.stderr.contains("boxoffice.db.lock"), "{ended:?}");
        assert!(ended.stderr.contains("another server"), "{ended:?}");
    }
    // A hard link is no other path to the same name, and the way from another folder is none at all.
    let elsewhere = sandbox.path("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::hard_link(sandbox.database(), elsewhere.join("linked.db")).unwrap();
    for (name, lock) in
        [("elsewhere/linked.db", "linked.db"), ("elsewhere/../boxoffice.db", "boxoffice.db.lock")]
    {
        let ended = refused(&sandbox, &format!("sqlite://{name}"));
        assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
        assert!(ended.stderr.contains("another server holds "), "{ended:?}");
        assert!(ended.stderr.trim_end().ends_with(lock), "{ended:?}");
    }
    sandbox.operator_key();
    assert!(sandbox.run(&["admin", "key", "list"]).status.success());
    let answer = runtime().block_on(once(server.address, &Ask::get("/livez"))).unwrap();
    assert_eq!(answer.status, 200);
    server.stop();
}

/// Another file under the name of the one that a server sells from, as when a backup is put back too
/// early: the log beside it belongs to the server.
#[test]
fn a_file_put_in_place_of_a_served_one_is_refused() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false"]);
    std::fs::rename(sandbox.database(), sandbox.path("old.db")).unwrap();
    std::fs::copy(sandbox.path("old.db"), sandbox.database()).unwrap();
    let ended = refused(&sandbox, "sqlite://boxoffice.db");
    assert!(ended.stderr.contains("another server holds "), "{ended:?}");
    std::fs::rename(sandbox.path("old.db"), sandbox.database()).unwrap();
    server.stop();
}

/// H33: neither a kill nor a stop leaves the file locked.
#[test]
fn the_lock_ends_with_the_process() {
    let sandbox = Sandbox::new();
    sandbox.start(&["--demo", "false"]).kill();
    sandbox.start(&["--demo", "false"]).stop();
    sandbox.start(&["--demo", "false"]).stop();
}
