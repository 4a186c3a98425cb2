//! Many connections at once, most of them silent, some of them slow.

use crate::client::{Ask, Client};
use crate::fan::identity;
use crate::sandbox::{Sandbox, open_sale};
use crate::{alone, runtime};
use boxoffice_core::id::Uuid;
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Connections wanted.
const CONNECTIONS: u64 = 10_000;
/// Descriptors that this process and the server need for other things.
const OTHER: u64 = 300;
/// Connections opened at the same time.
const AT_ONCE: u64 = 250;
/// How long all of them may take to be accepted: less than an idle connection may live. With a short
/// backlog each burst would lose some to the retry after a second.
const OPEN_WAIT: Duration = Duration::from_secs(15);
/// How long any one poll may take; generous, for a machine that does other things too.
const POLL_WAIT: Duration = Duration::from_secs(2);

/// As many connections as the system allows each of two processes. The server raises its own limit.
fn allowed() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it may not be raised, the old limit is what there is.
    let _ = setrlimit(Resource::Nofile, limit);
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let allowed = CONNECTIONS.min(files.saturating_sub(OTHER));
    if allowed < CONNECTIONS {
        eprintln!("only {allowed} connections instead of {CONNECTIONS}: {files} files are allowed");
    }
    allowed
}

/// What a client sends that then says nothing more.
fn beginning(number: u64) -> &'static [u8] {
    match number % 50 {
        0 => b"GET /livez HTT",
        1 => b"POST /api/v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{",
        _ => b"",
    }
}

async fn open_many(address: SocketAddr, count: u64) -> Vec<(u64, Client)> {
    let mut clients = Vec::new();
    for group in 0..count.div_ceil(AT_ONCE) {
        let mut opening = JoinSet::new();
        for number in group * AT_ONCE..count.min((group + 1) * AT_ONCE) {
            opening.spawn(async move {
                let mut client = Client::connect(address).await.unwrap();
                client.send_raw(beginning(number)).await.unwrap();
                (number, client)
            });
        }
        clients.extend(opening.join_all().await);
    }
    clients
}

/// How many connections the server says are open, once it has taken `count` from the backlog or has
/// had its time for that.
async fn open_connections(client: &mut Client, count: u64) -> u64 {
    let began = Instant::now();
    loop {
        let metrics = client.send(&Ask::get("/metrics")).await.unwrap().body;
        let open = metrics.lines().find_map(|line| line.strip_prefix("boxoffice_connections "));
        let open: u64 = open.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap();
        if open >= count || began.elapsed() > OPEN_WAIT {
            return open;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// H29: with 10,000 connections open, some of them stuck in a head or a body, polls are answered
/// fast, and a connection that was silent is served when it speaks.
#[test]
fn ten_thousand_connections_do_not_slow_a_poll() {
    let _alone = alone();
    let count = allowed();
    let sandbox = Sandbox::new();
    let mut server = sandbox.start(&["--demo", "false"]);
    runtime().block_on(async {
        let sale = open_sale(server.address, &sandbox.operator_key(), 10, &json!({})).await;
        let mut client = Client::connect(server.address).await.unwrap();
        let join = format!("/api/v1/concerts/{}/queue-tokens", sale.concert);
        let token = identity(&sandbox.keyring(), Uuid::now_v7());
        let joined = client.send(&Ask::post(join, &json!({})).identity(&token)).await.unwrap();
        let began = Instant::now();
        let mut crowd = open_many(server.address, count).await;
        let opened = began.elapsed();
        eprintln!("{count} connections opened in {opened:?}");
        assert!(opened < OPEN_WAIT, "they took {opened:?} to be accepted");
        let poll = Ask::get("/api/v1/queue-tokens/me").queue(&joined.text("token"));
        let mut slowest = Duration::ZERO;
        for _ in 0..500 {
            let asked = Instant::now();
            assert_eq!(client.send(&poll).await.unwrap().status, 200);
            slowest = slowest.max(asked.elapsed());
        }
        assert!(slowest < POLL_WAIT, "a poll took {slowest:?}");
        let open = open_connections(&mut client, count).await;
        assert!(open >= count, "only {open} are open");
        let silent = crowd.iter_mut().filter(|(number, _)| beginning(*number).is_empty());
        for (_, silent) in silent.take(50) {
            assert_eq!(silent.send(&Ask::get("/livez")).await.unwrap().status, 200);
        }
        assert!(server.is_running());
        drop(crowd);
        let answer = client.send(&poll).await.unwrap();
        assert_eq!(answer.status, 200);
    });
    server.stop();
}

/// H29: beyond the limit, clients wait in the backlog and are served when others have gone.
#[test]
fn beyond_the_limit_of_connections_clients_wait_their_turn() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false", "--connections-max", "10"]);
    let ask = Ask::get("/livez");
    runtime().block_on(async {
        let mut inside = Vec::new();
        for _ in 0..10 {
            let mut client = Client::connect(server.address).await.unwrap();
            assert_eq!(client.send(&ask).await.unwrap().status, 200);
            inside.push(client);
        }
        let mut outside = Vec::new();
        for _ in 0..5 {
            let mut client = Client::connect(server.address).await.unwrap();
            client.send_raw(&ask.bytes()).await.unwrap();
            outside.push(client);
        }
        let early = tokio::time::timeout(Duration::from_millis(500), outside[0].receive()).await;
        assert!(early.is_err(), "the limit is not kept");
        for mut waiting in outside {
            assert_eq!(inside.remove(0).send(&ask).await.unwrap().status, 200);
            let answer = tokio::time::timeout(Duration::from_secs(10), waiting.receive()).await;
            assert_eq!(answer.expect("still not served").unwrap().status, 200);
        }
    });
    server.stop();
}
