//! No room to write: the server says so, keeps what it has, and goes on when there is room again.

use crate::audit::audit;
use crate::client::{Answer, Ask, Client};
use crate::fan::identity;
use crate::sandbox::{Sandbox, Server, open_sale};
use crate::{nothing, runtime};
use boxoffice_core::id::Uuid;
use boxoffice_server::clock::Clock;
use rustix::process::{Resource, Rlimit, prlimit};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How often a charge is tried until the disk is full.
const TRIES: u64 = 500;

/// An admitted fan who charges.
struct Charger {
    client: Client,
    user: Uuid,
    identity: String,
    token: String,
}

impl Charger {
    async fn new(server: &Server, sandbox: &Sandbox) -> Self {
        let sale = open_sale(server.address, &sandbox.operator_key(), 10, &json!({})).await;
        let user = Uuid::now_v7();
        let identity = identity(&sandbox.keyring(), user);
        let mut client = Client::connect(server.address).await.unwrap();
        let path = format!("/api/v1/concerts/{}/queue-tokens", sale.concert);
        let joined = client.send(&Ask::post(path, &json!({})).identity(&identity)).await.unwrap();
        assert_eq!(joined.text("state"), "admitted", "{}", joined.body);
        Self { client, user, identity, token: joined.text("token") }
    }

    async fn charge(&mut self, key: &str) -> Answer {
        let path = format!("/api/v1/users/{}/balance/charges", self.user);
        let ask = Ask::post(path, &json!({ "amount": 1 })).identity(&self.identity);
        self.client.send(&ask.queue(&self.token).key(key)).await.unwrap()
    }

    async fn poll(&mut self) -> Answer {
        let ask = Ask::get("/api/v1/queue-tokens/me").queue(&self.token);
        self.client.send(&ask).await.unwrap()
    }

    async fn balance(&mut self) -> i64 {
        let ask = Ask::get(format!("/api/v1/users/{}/balance", self.user));
        let ask = ask.identity(&self.identity).queue(&self.token);
        self.client.send(&ask).await.unwrap().json()["balance"].as_i64().unwrap()
    }
}

/// Asks `/readyz` until it says this, since an answer is a second old at most.
async fn ready(client: &mut Client, status: u16, code: &str) {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = client.send(&Ask::get("/readyz")).await.unwrap();
        if (answer.status, answer.code().as_str()) == (status, code) {
            return;
        }
        assert!(Instant::now() < until, "still {} {}", answer.status, answer.body);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Charges until there is no room, looks at what is said, makes room, and counts.
async fn runs_full(
    sandbox: &Sandbox,
    mut server: Server,
    fill: impl FnOnce(&Server),
    room: impl FnOnce(&Server),
) {
    let mut fan = Charger::new(&server, sandbox).await;
    assert_eq!(fan.charge("before").await.status, 201);
    ready(&mut fan.client, 200, "").await;
    fill(&server);
    let mut charged = 1;
    let refused = loop {
        let answer = fan.charge(&format!("full-{charged}")).await;
        if answer.status != 201 {
            break answer;
        }
        charged += 1;
        assert!(charged < TRIES, "the disk is not full");
    };
    assert_eq!((refused.status, refused.code().as_str()), (503, "database_unavailable"));
    assert_eq!(refused.header("retry-after"), Some("2"), "{}", refused.body);
    for _ in 0..5 {
        assert_eq!(fan.charge(&format!("full-{charged}")).await.status, 503);
    }
    assert_eq!(fan.poll().await.status, 200, "polls need no disk");
    let charged = i64::try_from(charged).unwrap();
    assert_eq!(fan.balance().await, charged, "nothing of a refused charge stands");
    ready(&mut fan.client, 503, "database_unavailable").await;
    // Nothing is written meanwhile: it asks the disk by itself.
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let answer = fan.client.send(&Ask::get("/readyz")).await.unwrap();
        assert_eq!(answer.status, 503, "there is no room yet");
    }
    assert!(server.is_running());

    room(&server);
    ready(&mut fan.client, 200, "").await;
    let key = format!("full-{charged}");
    let first = fan.charge(&key).await;
    assert_eq!(first.status, 201, "there is room again: {}", first.body);
    assert_eq!(fan.charge(&key).await.text("charge_id"), first.text("charge_id"));
    assert_eq!(fan.balance().await, charged + 1);
    server.stop();
    nothing(&audit(&sandbox.database(), Clock::System.now().0), "after the full disk");
}

fn limit_files(server: &Server, bytes: Option<u64>) {
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(Some(server.pid()), Resource::Fsize, limit).unwrap();
}

/// H32: files may not grow (the limit that `ulimit -f` sets): 503, nothing half written, and as
/// before once they may. The signal that comes with this limit does not end the server.
#[test]
fn files_that_may_not_grow_are_503_and_heal() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false"]);
    let log = sandbox.path("boxoffice.db-wal");
    let fill = |server: &Server| limit_files(server, Some(fs::metadata(&log).unwrap().len()));
    let room = |server: &Server| limit_files(server, None);
    runtime().block_on(runs_full(&sandbox, server, fill, room));
}

/// H32: no room at the start: one sentence.
#[test]
fn no_room_for_a_new_database_is_one_sentence() {
    let sandbox = Sandbox::new();
    let serve = sandbox.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -f 8; exec \"$0\" \"$@\""]).arg(serve.get_program());
    shell.args(serve.get_args()).current_dir(sandbox.dir.path());
    let ended = Server::spawn(shell).err().expect("it started");
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    assert!(ended.stderr.contains("the database is not available: "), "{ended:?}");
}

/// A file system of 2 MiB, unmounted at the end.
struct TinyDisk(PathBuf);

impl TinyDisk {
    fn mount(at: &Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(at);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Self(at.to_owned()))
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        // Lazily: what is still open in it goes when it is closed.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// H32: a disk that is really full (ENOSPC). It takes a mount, which not every root may do: where it
/// may not, the test above has shown the same with the other error number.
#[test]
fn a_full_disk_is_503_and_heals() {
    let sandbox = Sandbox::new();
    let Some(_disk) = TinyDisk::mount(sandbox.dir.path()) else {
        eprintln!("left out: a_full_disk_is_503_and_heals: no file system can be mounted here");
        return;
    };
    let server = sandbox.start(&["--demo", "false"]);
    let filler = sandbox.path("filler");
    let fill = |_: &Server| {
        use std::io::Write;
        let mut file = fs::File::create(&filler).unwrap();
        while file.write_all(&[0; 512]).is_ok() {}
    };
    let room = |_: &Server| fs::remove_file(&filler).unwrap();
    runtime().block_on(runs_full(&sandbox, server, fill, room));
}
