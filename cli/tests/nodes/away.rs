//! The database is killed, stopped, or does not answer for a while, in the middle of a rush.

use crate::client::{Ask, once};
use crate::estate::{Estate, unanswered};
use crate::fan::{Dice, crowd_during};
use crate::servers::Server;
use crate::{alone, runtime};
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long servers may take until they can sell again.
const READY_WAIT: Duration = Duration::from_secs(30);

async fn ready(address: SocketAddr) -> u16 {
    once(address, &Ask::get("/readyz")).await.unwrap().status
}

async fn until_ready(address: SocketAddr, status: u16) {
    let began = Instant::now();
    while ready(address).await != status {
        assert!(began.elapsed() < READY_WAIT, "not {status} within {READY_WAIT:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What is done to the database, and undone.
struct Trouble {
    name: &'static str,
    begin: fn(&mut Server),
    end: fn(&mut Server),
    seconds: u64,
}

const KILLED: Trouble =
    Trouble { name: "killed", begin: Server::kill, end: Server::start, seconds: 10 };
const STOPPED: Trouble =
    Trouble { name: "restarted", begin: Server::stop, end: Server::start, seconds: 1 };
const SILENT: Trouble = Trouble {
    name: "silent",
    begin: |server| server.pause(),
    end: |server| server.resume(),
    seconds: 15,
};

/// H31: who asks meanwhile is told to come back; afterwards the servers go on by themselves, and
/// nothing is doubled or lost.
fn trouble(mut database: Server, trouble: &Trouble) {
    let _alone = alone();
    let seed = Dice::seed(trouble.name);
    let url = database.fresh_database();
    let mut estate = Estate::open(vec![url.clone(), url.clone()]);
    runtime().block_on(async {
        let sale = estate.open_sale(2_000, &json!({ "max_active": 30 })).await;
        let (addresses, keyring) = (estate.addresses(), estate.keyring());
        let first = addresses[0];
        let script = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            tokio::task::block_in_place(|| (trouble.begin)(&mut database));
            tokio::time::sleep(Duration::from_millis(500)).await;
            let poll = once(first, &Ask::get("/api/v1/concerts")).await.unwrap();
            assert_eq!(poll.status, 200, "what needs no database is answered");
            until_ready(first, 503).await;
            tokio::time::sleep(Duration::from_secs(trouble.seconds)).await;
            tokio::task::block_in_place(|| (trouble.end)(&mut database));
            for address in &addresses {
                until_ready(*address, 200).await;
            }
            tokio::time::sleep(Duration::from_secs(3)).await;
        };
        let crowd = crowd_during((&addresses, &sale, &keyring), 40, seed, script).await;
        assert_eq!(unanswered(&crowd), 0, "every request was answered in the end");
        estate.check(&url, &crowd, trouble.name);
        estate.repeat(&url, addresses[1], crowd).await;
        estate.stop();
    });
}

#[test]
fn the_database_is_killed_and_away_for_ten_seconds() {
    if let Some(server) = Server::mariadb() {
        trouble(server, &KILLED);
    }
}

#[test]
fn the_database_is_restarted() {
    if let Some(server) = Server::mysql() {
        trouble(server, &STOPPED);
    }
}

#[test]
fn the_database_does_not_answer() {
    if let Some(server) = Server::mariadb() {
        trouble(server, &SILENT);
    }
}
