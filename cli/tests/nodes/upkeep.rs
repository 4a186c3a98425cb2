//! What operators do to servers that share a database, by the words of `docs/OPERATIONS.md`: the
//! account, backups, new token keys.

use crate::balanced::until_taken;
use crate::client::{Ask, once};
use crate::dies::each_ends_the_process;
use crate::document::block;
use crate::estate::Estate;
use crate::fan::{Dice, crowd_during, identity};
use crate::retry::repeat_all;
use crate::sandbox::Server as Process;
use crate::servers::{self, Server, eventually};
use crate::{alone, nothing, runtime};
use boxoffice_core::id::Uuid;
use boxoffice_server::clock::Clock;
use boxoffice_server::tokens::{KeyFile, Keyring};
use mysql::prelude::Queryable;
use mysql::{Conn, Opts};
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Connections that a server has open beside its readers.
const BESIDE_READERS: usize = 3;

/// An account as the document makes it, with the name of its database.
fn account(database: &Server, name: &str) -> String {
    let mut harness = database.harness().unwrap();
    for statement in block("account").replace("boxoffice", name).split(';') {
        if !statement.trim().is_empty() {
            harness.query_drop(statement).unwrap();
        }
    }
    format!("mysql://{name}:a-long-random-word@127.0.0.1:{}/{name}", database.port())
}

/// The documented rights suffice, those to change tables only while there are migrations to run; and a
/// server opens as many connections as the document says.
fn rights_and_connections(database: &Server, name: &str) {
    let _alone = alone();
    let url = account(database, name);
    let mut estate = Estate::open(vec![url.clone(), url.clone()]);
    let connections = || {
        let ask = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = ";
        database.ask::<usize>(&format!("{ask}'{name}'"))
    };
    let readers = boxoffice_server::config::Given::default().resolve().unwrap().readers;
    let expected = estate.nodes.len() * (readers + BESIDE_READERS);
    let settled = || (connections() == Some(expected)).then_some(());
    eventually("the connections of two servers", Duration::from_secs(5), settled);
    let mut harness = database.harness().unwrap();
    harness
        .query_drop(format!("REVOKE CREATE, ALTER, DROP, INDEX ON {name}.* FROM {name}"))
        .unwrap();
    estate.restart(0);
    estate.restart(1);
    runtime().block_on(async {
        let sale = estate.open_sale(500, &json!({})).await;
        let (addresses, keyring) = (estate.addresses(), estate.keyring());
        let load = tokio::time::sleep(Duration::from_secs(2));
        let crowd = crowd_during((&addresses, &sale, &keyring), 10, 1, load).await;
        assert!(connections().unwrap() <= expected, "{:?} connections", connections());
        estate.check(&url, &crowd, name);
    });
    estate.stop();
}

#[test]
fn the_documented_account_suffices_on_mariadb() {
    if let Some(database) = servers::shared_mariadb() {
        rights_and_connections(database, "test_account");
    }
}

#[test]
fn the_documented_account_suffices_on_mysql() {
    if let Some(database) = servers::shared_mysql() {
        rights_and_connections(database, "test_account");
    }
}

/// Servers that start at once on an empty database make its tables once and the demo sale once. Where
/// the schema is newer than a server knows, one that runs goes on and none starts.
fn starts_together(database: &Server) {
    let _alone = alone();
    let url = database.fresh_database();
    let mut estate = Estate::prepared(vec![url.clone(), url.clone(), url.clone()]);
    let command = |node| estate.command(node, &["serve", "--listen", "127.0.0.1:0"]);
    let started = std::thread::scope(|scope| {
        let starting: Vec<_> =
            (0..3).map(|node| scope.spawn(move || Process::spawn(command(node)))).collect();
        starting.into_iter().map(|one| one.join().unwrap().unwrap()).map(Some).collect::<Vec<_>>()
    });
    estate.nodes = started;
    runtime().block_on(async {
        let began = Instant::now();
        for address in estate.addresses() {
            let shown = async || {
                let concerts = once(address, &Ask::get("/api/v1/concerts")).await.unwrap();
                concerts.json()["concerts"].as_array().unwrap().len()
            };
            while shown().await < 3 {
                assert!(began.elapsed() < Duration::from_secs(30), "{address} shows no demo");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_eq!(shown().await, 3);
        }
    });
    estate.check(&url, &[], "started together");
    let mut rows = Conn::new(Opts::from_url(&url).unwrap()).unwrap();
    rows.query_drop("UPDATE schema_migration SET version = version + 1").unwrap();
    let unread = estate.command(0, &["audit"]).output().unwrap();
    assert!(!unread.status.success(), "{unread:?}");
    assert!(String::from_utf8_lossy(&unread.stderr).contains("use the newer binary"), "{unread:?}");
    let refused = Process::spawn(estate.command(0, &["serve", "--listen", "127.0.0.1:0"]));
    let refused = refused.err().expect("an older binary started on a newer schema");
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stderr.contains("use the newer binary"), "{refused:?}");
    assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
    runtime().block_on(async {
        for address in estate.addresses() {
            assert_eq!(once(address, &Ask::get("/readyz")).await.unwrap().status, 200);
        }
    });
    estate.stop();
}

#[test]
fn servers_start_together_on_an_empty_mariadb() {
    if let Some(database) = servers::shared_mariadb() {
        starts_together(database);
    }
}

#[test]
fn servers_start_together_on_an_empty_mysql() {
    if let Some(database) = servers::shared_mysql() {
        starts_together(database);
    }
}

/// Runs a documented command on a database of this server.
fn run(name: &str, folder: &Path, url: &str) {
    let opts = Opts::from_url(url).unwrap();
    let options = format!(
        "[client]\nprotocol=tcp\nhost=127.0.0.1\nport={}\nuser={}\npassword={}\n",
        opts.get_tcp_port(),
        opts.get_user().unwrap(),
        opts.get_pass().unwrap(),
    );
    std::fs::write(folder.join("database.cnf"), options).unwrap();
    let mut command = Command::new("sh");
    command.args(["-ec", &block(name)]).env("DATABASE", opts.get_db_name().unwrap());
    let ran = command.current_dir(folder).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
}

/// H25: with the rights of the document, what was acknowledged before the dump began is in it, it is sound by itself, and a server goes
/// on from it; the servers that were dumped have lost nothing by it.
#[test]
fn a_dump_under_load_is_restored() {
    let Some(database) = servers::shared_mariadb() else { return };
    let _alone = alone();
    let seed = Dice::seed("dump");
    let (url, restored) = (account(database, "dumped"), account(database, "restored"));
    let mut estate = Estate::open(vec![url.clone(), url.clone()]);
    let folder = estate.path("dump");
    std::fs::create_dir(&folder).unwrap();
    runtime().block_on(async {
        let sale = estate.open_sale(2_000, &json!({ "max_active": 30 })).await;
        let (addresses, keyring) = (estate.addresses(), estate.keyring());
        let target = (&addresses[..], &sale, &keyring);
        let load = async |seconds| tokio::time::sleep(Duration::from_secs(seconds)).await;
        let before = crowd_during(target, 20, seed, load(2)).await;
        let script = async {
            load(1).await;
            tokio::task::block_in_place(|| run("mysql backup", &folder, &url));
            load(1).await;
        };
        let during = crowd_during(target, 20, seed.wrapping_add(1), script).await;
        run("mysql restore", &folder, &restored);
        estate.check(&restored, &before, "restored");
        let other = estate.add(restored.clone());
        let (before, wrong) = repeat_all(other, before).await;
        nothing(&wrong, "repeated to the restored server");
        estate.check(&restored, &before, "repeated");
        estate.check(&url, &during, "dumped");
        estate.stop();
    });
}

/// H19: in the two steps of the document no token is refused meanwhile, whichever server has taken the
/// keys and whichever has not; in the end the new key signs and the one before it counts.
#[test]
fn token_keys_are_changed_in_two_steps() {
    let Some(database) = servers::shared_mariadb() else { return };
    let _alone = alone();
    let url = database.fresh_database();
    let mut estate = Estate::open(vec![url.clone(), url.clone(), url.clone()]);
    runtime().block_on(async {
        let sale = estate.open_sale(50, &json!({ "max_active": 1000 })).await;
        let (addresses, keyring) = (estate.addresses(), estate.keyring());
        let new_first = KeyFile::read(&estate.keys_file()).unwrap();
        let new_first = new_first.rotated(Clock::System.now()).unwrap();
        let mut new_second = new_first.clone();
        new_second.keys.reverse();
        let join = Ask::post(format!("/api/v1/concerts/{}/queue-tokens", sale.concert), &json!({}));
        for step in [&new_second, &new_first] {
            step.write(&estate.keys_file()).unwrap();
            let began = Instant::now();
            let mut asked = 0;
            // Servers look at the file every two seconds.
            while began.elapsed() < Duration::from_secs(5) {
                for (at, address) in addresses.iter().enumerate() {
                    let mine = join.clone().identity(&identity(&keyring, Uuid::now_v7()));
                    let joined = until_taken(*address, &mine).await.unwrap();
                    assert_ne!(joined.status, 401, "server {at}: {}", joined.body);
                    let poll = Ask::get("/api/v1/queue-tokens/me").queue(&joined.text("token"));
                    let polled = once(addresses[(at + 1) % 3], &poll).await.unwrap();
                    assert_ne!(polled.status, 401, "server {at}: {}", polled.body);
                    asked += 1;
                }
            }
            assert!(asked > 10, "only {asked} asked");
        }
        for address in addresses {
            let user = Uuid::now_v7();
            for keys in [&keyring, &estate.keyring()] {
                let mine = join.clone().identity(&identity(keys, user));
                let joined = once(address, &mine).await.unwrap();
                assert!(joined.is_success(), "{}", joined.body);
                let token = joined.text("token");
                let signed = KeyFile { keys: vec![new_first.keys[0].clone()] };
                let signed = Keyring::new(&signed).verify_queue(&token, Clock::System.now());
                assert!(signed.is_some(), "the new key does not sign");
            }
        }
    });
    estate.stop();
}

/// H37: on a shared database, too, whichever thread or task ends before the stop ends the process.
#[test]
fn whatever_ends_ends_a_server_of_a_shared_database() {
    if cfg!(not(debug_assertions)) {
        return;
    }
    let Some(database) = servers::shared_mariadb() else { return };
    let _alone = alone();
    let estate = Estate::prepared(vec![database.fresh_database()]);
    let keys = tempfile::NamedTempFile::new().unwrap();
    each_ends_the_process(keys.path(), &["checkpoints"], || estate.command(0, &["serve"]));
}
