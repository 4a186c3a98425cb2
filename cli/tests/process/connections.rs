//! Connections that keep a server waiting which has little room: they go, and nobody else does.

use crate::client::{Ask, Client};
use crate::limits::{announced, refused};
use crate::runtime;
use crate::sandbox::{Sandbox, Server, command};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long the server may take until it has cut off all of them: more than it takes where the machine is slow. That
/// it was for want of room, and not for a head or body that took 30 seconds, the metric says.
const CUT_OFF_WAIT: Duration = Duration::from_secs(60);

/// After which a half sent body is cut off anywhere; heads and answers are after 30 seconds.
const BODY_CUT_OFF: Duration = Duration::from_secs(15);
/// Half of what a connection may be idle where others want its place.
const LATE: Duration = Duration::from_secs(1);

/// A server with so many places in all, and for an address.
fn start(sandbox: &Sandbox, places: &str, of_one: &str) -> Server {
    let proxy = ["--proxy-protocol", "true", "--trusted-proxies", "127.0.0.0/8"];
    let room = ["--connections-max", places, "--connections-per-address-max", of_one];
    sandbox
        .start(&[&["--demo", "false", "--limit-requests", "off"], &proxy[..], &room[..]].concat())
}

fn alive() -> Ask {
    Ask::get("/livez")
}

/// A connection that was answered once; none where it was closed.
async fn asked_once(server: SocketAddr, source: &str) -> Option<Client> {
    let mut client = announced(server, source).await;
    client.send(&alive()).await.ok().map(|_| client)
}

/// Four addresses that may have a quarter of the connections each, and ask on each of them all the time, leave
/// room for everybody else.
#[test]
fn a_few_addresses_cannot_fill_the_server() {
    let sandbox = Sandbox::new();
    let server = start(&sandbox, "80", "20");
    let address = server.address;
    runtime().block_on(async {
        let over = Arc::new(AtomicBool::new(false));
        let mut attackers = JoinSet::new();
        for n in 0..80 {
            let source = format!("203.0.113.{}", n % 4);
            let Some(mut client) = asked_once(address, &source).await else { continue };
            let over = Arc::clone(&over);
            attackers.spawn(async move {
                while !over.load(Ordering::Relaxed) && client.send(&alive()).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
            });
        }
        assert!(attackers.len() > 50, "the first have room");
        let mut fans = Vec::new();
        for n in 0..15 {
            let fan = asked_once(address, &format!("198.51.100.{n}")).await;
            fans.push(fan.expect("the server is full"));
        }
        for fan in &mut fans {
            assert_eq!(fan.send(&alive()).await.unwrap().status, 200);
        }
        assert!(refused(address, "address").await > 0);
        over.store(true, Ordering::Relaxed);
        attackers.join_all().await;
    });
    server.stop();
}

/// What a client sends that keeps the server waiting then: half a head, half a body, nothing but one request,
/// or many requests whose answers it never reads.
async fn keep_waiting(client: &mut Client, n: usize) {
    let bundle = Ask::get("/docs/swagger-ui-bundle.js").bytes();
    match n % 4 {
        0 => client.send_raw(b"GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap(),
        1 => {
            let head = "POST /api/v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{";
            client.send_raw(head.as_bytes()).await.unwrap();
        }
        2 => assert_eq!(client.send(&alive()).await.unwrap().status, 200),
        // More than all buffers on the way take.
        _ => client.send_raw(&bundle.repeat(50)).await.unwrap(),
    }
}

/// Asks again and again until it is over. A machine that was so late that the connection may have counted as idle
/// has proved nothing by closing it.
async fn ask_on(mut client: Client, over: Arc<AtomicBool>) {
    let mut answered = Instant::now();
    while !over.load(Ordering::Relaxed) {
        match client.send(&alive()).await {
            Ok(answer) => assert_eq!(answer.status, 200),
            Err(_) if answered.elapsed() > LATE => return,
            Err(why) => panic!("closed while it asks: {why}"),
        }
        answered = Instant::now();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Reads long answers slowly until it is over.
async fn read_on(mut client: Client, over: Arc<AtomicBool>) {
    let bundle = Ask::get("/docs/swagger-ui-bundle.js").bytes();
    while !over.load(Ordering::Relaxed) {
        client.send_raw(&bundle.repeat(10)).await.unwrap();
        for _ in 0..10 {
            assert_eq!(client.receive().await.unwrap().status, 200);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Whoever keeps a crowded server waiting is cut off after five seconds, whatever for; whoever asks, and whoever
/// reads a long answer slowly, is not. Those who stay take so many of the places that fewer than a quarter is free
/// until the last of the others is gone: the server is crowded until then, however slowly the others came.
#[test]
fn who_keeps_a_crowded_server_waiting_is_cut_off() {
    let sandbox = Sandbox::new();
    let server = start(&sandbox, "40", "40");
    let address = server.address;
    runtime().block_on(async {
        let over = Arc::new(AtomicBool::new(false));
        let mut honest = JoinSet::new();
        honest.spawn(read_on(announced(address, "198.51.100.2").await, Arc::clone(&over)));
        for n in 0..29 {
            let client = announced(address, &format!("192.0.2.{n}")).await;
            honest.spawn(ask_on(client, Arc::clone(&over)));
        }
        let mut slow = Vec::new();
        for n in 0..8 {
            let mut client = announced(address, &format!("203.0.113.{n}")).await;
            keep_waiting(&mut client, n).await;
            slow.push(client);
        }
        let began = Instant::now();
        let cut_off = async || refused(address, "idle").await;
        while cut_off().await < slow.len() {
            assert!(began.elapsed() < CUT_OFF_WAIT, "{} of {}", cut_off().await, slow.len());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        over.store(true, Ordering::Relaxed);
        honest.join_all().await;
        assert_eq!(cut_off().await, slow.len(), "and nobody else");
    });
    server.stop();
}

/// While there is room, whoever is idle stays, as fans do until their next poll.
#[test]
fn with_room_nobody_is_closed_early() {
    let sandbox = Sandbox::new();
    let server = start(&sandbox, "40", "40");
    let address = server.address;
    runtime().block_on(async {
        let mut idle = Vec::new();
        for n in 0..28 {
            idle.push(asked_once(address, &format!("198.51.100.{}", n % 2)).await.unwrap());
        }
        tokio::time::sleep(Duration::from_secs(7)).await;
        for client in &mut idle {
            assert_eq!(client.send(&alive()).await.unwrap().status, 200);
        }
        assert_eq!(refused(address, "idle").await + refused(address, "address").await, 0);
    });
    server.stop();
}

/// Who holds all connections that an address may have, and does nothing with them, does not keep those out
/// who are behind the same one: the idle ones go one by one.
#[test]
fn idle_connections_of_an_address_make_room_for_its_new_ones() {
    let sandbox = Sandbox::new();
    let server = start(&sandbox, "40", "4");
    let address = server.address;
    runtime().block_on(async {
        let mut idle = Vec::new();
        for _ in 0..4 {
            idle.push(asked_once(address, "203.0.113.1").await.unwrap());
        }
        let mut fan = loop {
            if let Some(fan) = asked_once(address, "203.0.113.1").await {
                break fan;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let mut left = 0;
        for client in &mut idle {
            left += usize::from(client.send(&alive()).await.is_ok());
        }
        assert_eq!(left, 3);
        assert_eq!(fan.send(&alive()).await.unwrap().status, 200);
    });
    server.stop();
}

/// Whoever holds all connections that an address may have, with requests that never are whole and answers that are not
/// taken, does not keep those out who are behind the same one; and whoever is served there stays.
#[test]
fn slow_connections_of_an_address_make_room_for_its_new_ones() {
    let sandbox = Sandbox::new();
    let server = start(&sandbox, "40", "5");
    let address = server.address;
    let source = "203.0.113.1";
    runtime().block_on(async {
        let over = Arc::new(AtomicBool::new(false));
        let mut honest = JoinSet::new();
        honest.spawn(ask_on(announced(address, source).await, Arc::clone(&over)));
        let mut slow = Vec::new();
        for kind in [0, 0, 1, 3] {
            let mut client = announced(address, source).await;
            keep_waiting(&mut client, kind).await;
            slow.push(client);
        }
        let began = Instant::now();
        while honest.len() < 5 {
            match asked_once(address, source).await {
                Some(fan) => drop(honest.spawn(ask_on(fan, Arc::clone(&over)))),
                None => tokio::time::sleep(Duration::from_millis(100)).await,
            }
            for client in &mut slow[..2] {
                // A byte of its head now and then; where it is closed that fails.
                let _ = client.send_raw(b"x").await;
            }
            assert!(began.elapsed() < BODY_CUT_OFF, "{} are served", honest.len());
        }
        over.store(true, Ordering::Relaxed);
        honest.join_all().await;
        assert_eq!(refused(address, "idle").await, 0, "there was room");
    });
    server.stop();
}

/// What a balancer keeps for its next requests stays, also where room is short: of eight places fewer than two are
/// free until the last of the silent ones is gone.
#[test]
fn the_connections_of_a_balancer_stay() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false", "--connections-max", "8"]);
    runtime().block_on(async {
        let connect = async || Client::connect(server.address).await.unwrap();
        let mut kept = Vec::new();
        for _ in 0..5 {
            let mut client = connect().await;
            assert_eq!(client.send(&alive()).await.unwrap().status, 200);
            kept.push(client);
        }
        let (mut looks, silent) = (connect().await, [connect().await, connect().await]);
        let cut_off = "boxoffice_connections_refused_total{why=\"idle\"} 2";
        let began = Instant::now();
        while !looks.send(&Ask::get("/metrics")).await.unwrap().body.contains(cut_off) {
            assert!(began.elapsed() < CUT_OFF_WAIT, "the silent ones, and no more");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for client in &mut kept {
            assert_eq!(client.send(&alive()).await.unwrap().status, 200);
        }
        drop(silent);
    });
    server.stop();
}

/// Where fewer files may be open than connections are allowed, room is short sooner, and dealt with: the server
/// does not run out of files.
#[test]
fn a_server_with_few_files_takes_as_few_connections() {
    let sandbox = Sandbox::new();
    let proxy = ["--proxy-protocol", "true", "--trusted-proxies", "127.0.0.0/8", "--demo", "false"];
    let mut serve = sandbox.command(&["serve", "--listen", "127.0.0.1:0"]);
    serve.args(proxy);
    let mut shell = command("sh");
    shell.args(["-c", "ulimit -n 200; exec \"$0\" \"$@\""]).arg(serve.get_program());
    shell.args(serve.get_args()).current_dir(sandbox.dir.path());
    let server = Server::spawn(shell).unwrap();
    let address = server.address;
    runtime().block_on(async {
        let mut idle = Vec::new();
        for n in 0..200 {
            let mut client = announced(address, &format!("203.0.113.{n}")).await;
            client.send_raw(&alive().bytes()).await.unwrap();
            idle.push(client);
        }
        let began = Instant::now();
        while refused(address, "idle").await < 100 {
            assert!(began.elapsed() < CUT_OFF_WAIT, "nobody was closed");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let log = server.stop();
    assert!(log.contains("the limit of open files is too low"), "{log}");
    assert!(!log.contains("was not accepted"), "{log}");
}
