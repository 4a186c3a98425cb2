//! Keys of operators and of tokens, made and changed beside a running server.

use crate::client::{Answer, Ask, Client};
use crate::fan::identity;
use crate::sandbox::{Sandbox, open_sale};
use crate::{runtime, skip};
use boxoffice_core::id::Uuid;
use serde_json::json;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Running servers look at the key file every two seconds.
const TAKEN_WAIT: Duration = Duration::from_secs(20);

fn listed(sandbox: &Sandbox) -> Vec<String> {
    let output = sandbox.run(&["admin", "key", "list"]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// An operator's key works at once, is listed without its secret, and is refused once revoked.
#[test]
fn an_operators_key_works_beside_a_running_server_until_it_is_revoked() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false"]);
    runtime().block_on(async {
        let key = sandbox.operator_key();
        let named = sandbox.run(&["admin", "key", "create", "--name", "box office 2"]);
        assert!(named.status.success());
        let sale = open_sale(server.address, &key, 10, &json!({})).await;
        let list = listed(&sandbox);
        assert_eq!(list.len(), 2, "{list:?}");
        assert!(list.iter().all(|line| line.contains("live") && !line.contains(&key[3..])));
        assert!(list[1].ends_with("box office 2"), "{list:?}");

        let id = list[0].split(' ').next().unwrap();
        assert!(sandbox.run(&["admin", "key", "revoke", id]).status.success());
        assert!(listed(&sandbox)[0].contains("revoked"));
        let mut client = Client::connect(server.address).await.unwrap();
        let ask = Ask::get(format!("/api/v1/admin/concerts/{}", sale.concert));
        let ask = ask.with("x-api-key", &key);
        let until = Instant::now() + Duration::from_secs(5);
        let refused = loop {
            let answer = client.send(&ask).await.unwrap();
            if answer.status != 200 || Instant::now() > until {
                break answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!((refused.status, refused.code().as_str()), (401, "operator_key_invalid"));

        let again = sandbox.run(&["admin", "key", "revoke", id]);
        assert_eq!(again.status.code(), Some(1));
        let why = String::from_utf8(again.stderr).unwrap();
        assert_eq!(why, format!("boxoffice: there is no live key {id}\n"));
    });
    server.stop();
}

/// H30: while somebody else writes, keys are listed at once, and whoever makes or revokes one waits
/// longer than a server's own statements do.
#[test]
fn keys_are_made_and_listed_while_the_database_is_busy() {
    let sandbox = Sandbox::new();
    sandbox.start(&["--demo", "false"]).stop();
    let writer = rusqlite::Connection::open(sandbox.database()).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    assert_eq!(listed(&sandbox), [""; 0]);
    assert!(began.elapsed() < Duration::from_secs(4), "listing took {:?}", began.elapsed());
    let making =
        sandbox.command(&["admin", "key", "create"]).stdout(Stdio::piped()).spawn().unwrap();
    // Longer than the five seconds that a statement waits.
    std::thread::sleep(Duration::from_secs(6));
    writer.execute_batch("COMMIT").unwrap();
    assert!(making.wait_with_output().unwrap().status.success());
    assert_eq!(listed(&sandbox).len(), 1);
}

/// Where there is no database yet, listing says so and makes none.
#[test]
fn listing_makes_no_database() {
    let sandbox = Sandbox::new();
    let output = sandbox.run(&["admin", "key", "list"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let why = String::from_utf8(output.stderr).unwrap();
    assert!(why.ends_with(
        "boxoffice.db: the database is not available: there is no such file; name the server's by --database or --config\n"
    ));
    assert_eq!(why.lines().count(), 1, "{why}");
    assert!(!sandbox.database().exists());
    std::fs::write(sandbox.database(), "").unwrap();
    let output = sandbox.run(&["admin", "key", "list"]);
    let why = String::from_utf8(output.stderr).unwrap();
    assert!(why.contains("it has schema version 0") && why.lines().count() == 1, "{why}");
}

fn rotate(sandbox: &Sandbox) {
    let output = sandbox.run(&["admin", "key", "rotate"]);
    assert!(output.status.success(), "{output:?}");
    let mode = std::fs::metadata(sandbox.keys_file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Root may rotate the keys of a server that runs as another user, which goes on reading them.
#[test]
fn keys_that_root_rotates_stay_their_owners() {
    const OWNER: u32 = 65_534;
    let sandbox = Sandbox::new();
    rotate(&sandbox);
    if chown(sandbox.keys_file(), Some(OWNER), Some(OWNER)).is_err() {
        let reason = "this user cannot give a file to another";
        return skip("keys_that_root_rotates_stay_their_owners", reason);
    }
    rotate(&sandbox);
    let file = std::fs::metadata(sandbox.keys_file()).unwrap();
    assert_eq!((file.uid(), file.gid()), (OWNER, OWNER));
}

struct Signed {
    client: Client,
    join: String,
    user: Uuid,
}

impl Signed {
    /// Asks for a place with an identity token.
    async fn join(&mut self, token: &str) -> Answer {
        let ask = Ask::post(&self.join, &json!({})).identity(token);
        self.client.send(&ask).await.unwrap()
    }

    /// Asks with a token of the newest key until the server knows it; gives that token.
    async fn until_taken(&mut self, sandbox: &Sandbox) -> String {
        let token = identity(&sandbox.keyring(), self.user);
        let until = Instant::now() + TAKEN_WAIT;
        while self.join(&token).await.status == 401 {
            assert!(Instant::now() < until, "the server does not take the new key");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        token
    }

    async fn poll(&mut self, token: &str) -> Answer {
        self.client.send(&Ask::get("/api/v1/queue-tokens/me").queue(token)).await.unwrap()
    }
}

/// H19 (old key): tokens outlive one rotation and not two; new ones work; the place in line stays.
#[test]
fn tokens_outlive_one_rotation_and_not_two() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false"]);
    runtime().block_on(async {
        let sale = open_sale(server.address, &sandbox.operator_key(), 10, &json!({})).await;
        let client = Client::connect(server.address).await.unwrap();
        let join = format!("/api/v1/concerts/{}/queue-tokens", sale.concert);
        let mut fan = Signed { client, join, user: Uuid::now_v7() };
        let first = identity(&sandbox.keyring(), fan.user);
        let place = fan.join(&first).await;
        assert_eq!(place.status, 201, "{}", place.body);
        let number = place.json()["queue_number"].clone();

        rotate(&sandbox);
        let second = fan.until_taken(&sandbox).await;
        for token in [&first, &second] {
            let answer = fan.join(token).await;
            assert_eq!((answer.status, &answer.json()["queue_number"]), (200, &number));
        }
        assert_eq!(fan.poll(&place.text("token")).await.status, 200);

        rotate(&sandbox);
        let third = fan.until_taken(&sandbox).await;
        let refused = fan.join(&first).await;
        assert_eq!((refused.status, refused.code().as_str()), (401, "identity_invalid"));
        let refused = fan.poll(&place.text("token")).await;
        assert_eq!((refused.status, refused.code().as_str()), (401, "queue_token_invalid"));
        assert_eq!(fan.join(&second).await.status, 200);
        let renewed = fan.join(&third).await;
        assert_eq!(renewed.json()["queue_number"], number, "{}", renewed.body);
        assert_eq!(fan.poll(&renewed.text("token")).await.status, 200);
    });
    server.stop();
}
