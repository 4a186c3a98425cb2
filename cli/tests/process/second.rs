//! Two servers on one file: the second is refused, because its read model would not hear of what the first
//! sells.

use crate::client::{Ask, once};
use crate::house::{Ended, House, Server};
use crate::runtime;

fn refused(house: &House, database: &str) -> Ended {
    let flags = ["serve", "--listen", "127.0.0.1:0", "--demo", "false"];
    let mut command = crate::house::command(crate::house::binary());
    command.args(flags).args(["--database", database]).current_dir(house.dir.path());
    Server::spawn(command).err().expect("a second server started on the same file")
}

/// S21: the second is told why in one sentence that names the lock, also where it knows the file by
/// another name. Admin verbs work beside the first, which goes on.
#[test]
fn a_second_server_on_the_same_file_is_refused() {
    let house = House::new();
    let server = house.start(&["--demo", "false"]);
    std::os::unix::fs::symlink(house.database(), house.path("other.db")).unwrap();
    for name in ["boxoffice.db", "other.db"] {
        let ended = refused(&house, &format!("sqlite://{name}"));
        assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
        assert!(ended.stderr.starts_with(&format!("boxoffice: {name}: ")), "{ended:?}");
        assert!(ended.stderr.contains("boxoffice.db.lock"), "{ended:?}");
        assert!(ended.stderr.contains("another server"), "{ended:?}");
    }
    // A hard link is no other path to the same name, and the way from another folder is none at all.
    let elsewhere = house.path("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::hard_link(house.database(), elsewhere.join("linked.db")).unwrap();
    for (name, lock) in
        [("elsewhere/linked.db", "linked.db"), ("elsewhere/../boxoffice.db", "boxoffice.db.lock")]
    {
        let ended = refused(&house, &format!("sqlite://{name}"));
        assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
        assert!(ended.stderr.contains("another server holds "), "{ended:?}");
        assert!(ended.stderr.trim_end().ends_with(lock), "{ended:?}");
    }
    house.operator_key();
    assert!(house.run(&["admin", "key", "list"]).status.success());
    let answer = runtime().block_on(once(server.address, &Ask::get("/livez"))).unwrap();
    assert_eq!(answer.status, 200);
    server.stop();
}

/// Another file under the name of the one that a server sells from, as when a backup is put back too
/// early: the log beside it belongs to the server.
#[test]
fn a_file_put_in_place_of_a_served_one_is_refused() {
    let house = House::new();
    let server = house.start(&["--demo", "false"]);
    std::fs::rename(house.database(), house.path("old.db")).unwrap();
    std::fs::copy(house.path("old.db"), house.database()).unwrap();
    let ended = refused(&house, "sqlite://boxoffice.db");
    assert!(ended.stderr.contains("another server holds "), "{ended:?}");
    std::fs::rename(house.path("old.db"), house.database()).unwrap();
    server.stop();
}

/// H33: neither a kill nor a stop leaves the file locked.
#[test]
fn the_lock_ends_with_the_process() {
    let house = House::new();
    house.start(&["--demo", "false"]).kill();
    house.start(&["--demo", "false"]).stop();
    house.start(&["--demo", "false"]).stop();
}
