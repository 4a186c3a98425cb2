//! H39: who one address is, and what it can keep others from.

use crate::client::{Ask, Client, once};
use crate::runtime;
use crate::sandbox::{Sandbox, Server};
use std::net::SocketAddr;
use std::time::Duration;

fn start(sandbox: &Sandbox, flags: &[&str]) -> Server {
    sandbox.start(&[&["--demo", "false"], flags].concat())
}

/// A connection of somebody else's, as a proxy announces it.
pub async fn announced(server: SocketAddr, source: &str) -> Client {
    let mut client = Client::connect(server).await.unwrap();
    let line = format!("PROXY TCP4 {source} 127.0.0.1 5000 80\r\n");
    client.send_raw(line.as_bytes()).await.unwrap();
    client
}

pub async fn refused(server: SocketAddr, why: &str) -> usize {
    let mut client = announced(server, "198.51.100.200").await;
    let text = client.send(&Ask::get("/metrics")).await.unwrap().body;
    let start = format!("boxoffice_connections_refused_total{{why=\"{why}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&start));
    line.map_or(0, |count| count.parse().unwrap())
}

/// S7: idle connections of one address, more than the server has room for, leave room for others;
/// those of many addresses do so after a short time.
#[test]
fn idle_connections_do_not_close_the_server() {
    let sandbox = Sandbox::new();
    let room = ["--connections-max", "40", "--connections-per-address-max", "8"];
    let proxy = ["--proxy-protocol", "true", "--trusted-proxies", "127.0.0.0/8"];
    let server = start(&sandbox, &[&room[..], &proxy[..]].concat());
    let address = server.address;
    runtime().block_on(async {
        let mut idle = Vec::new();
        for _ in 0..60 {
            idle.push(announced(address, "203.0.113.1").await);
        }
        let mut fan = announced(address, "198.51.100.1").await;
        assert_eq!(fan.send(&Ask::get("/livez")).await.unwrap().status, 200);
        assert_eq!(refused(address, "idle").await, 0, "one address leaves room");
        while refused(address, "address").await < 52 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }

        // Three times as many as have room. Each of them may take 30 seconds to ask where there is room, and five
        // here, so that the answer comes before the client of this test gives up.
        for n in 0..120 {
            idle.push(announced(address, &format!("203.0.114.{n}")).await);
        }
        let mut late = announced(address, "198.51.100.2").await;
        assert_eq!(late.send(&Ask::get("/livez")).await.unwrap().status, 200);
        // Whoever asked before and was idle meanwhile may have to connect anew.
        let mut fan = announced(address, "198.51.100.1").await;
        assert_eq!(fan.send(&Ask::get("/livez")).await.unwrap().status, 200);
        assert!(refused(address, "idle").await > 0);
    });
    server.stop();
}

/// A trusted peer that does not begin with the header is not guessed at.
#[test]
fn the_proxy_protocol_is_for_trusted_peers() {
    let sandbox = Sandbox::new();
    let proxy = ["--proxy-protocol", "true", "--trusted-proxies", "127.0.0.0/8"];
    let server = start(&sandbox, &proxy);
    runtime().block_on(async {
        let without = once(server.address, &Ask::get("/livez")).await;
        assert!(without.is_err(), "{without:?}");
    });
    server.stop();
    let server = start(&sandbox, &["--proxy-protocol", "true", "--trusted-proxies", "192.0.2.1"]);
    runtime().block_on(async {
        let plain = once(server.address, &Ask::get("/livez")).await.unwrap();
        assert_eq!(plain.status, 200);
        let mut liar = announced(server.address, "198.51.100.1").await;
        assert_eq!(liar.receive().await.unwrap().status, 400);
    });
    server.stop();
}

/// Limits by address count whom a trusted proxy names, and nobody else is believed.
#[test]
fn a_flood_is_counted_by_whom_a_trusted_proxy_names() {
    let sandbox = Sandbox::new();
    let limit = ["--limit-requests", "3+1/min"];
    let concerts = |named: &str| Ask::get("/api/v1/concerts").with("x-forwarded-for", named);
    let statuses = async |server: &Server, named: &str| {
        let mut client = Client::connect(server.address).await.unwrap();
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(client.send(&concerts(named)).await.unwrap().status);
        }
        statuses
    };
    let server = start(&sandbox, &[&limit[..], &["--trusted-proxies", "127.0.0.1"]].concat());
    runtime().block_on(async {
        assert_eq!(statuses(&server, "198.51.100.1").await, [200, 200, 200, 429]);
        assert_eq!(statuses(&server, "1.1.1.1, 198.51.100.1").await, [429; 4]);
        assert_eq!(statuses(&server, "198.51.100.2").await, [200, 200, 200, 429]);
        assert_eq!(statuses(&server, "2001:db8::1").await, [200, 200, 200, 429]);
        assert_eq!(statuses(&server, "2001:db8::2").await, [429; 4], "one /64");
    });
    server.stop();
    let server = start(&sandbox, &limit);
    runtime().block_on(async {
        assert_eq!(statuses(&server, "198.51.100.1").await, [200; 4], "from this machine");
    });
    let log = server.stop();
    let told =
        "a client on this machine sends X-Forwarded-For or Forwarded but is not in trusted_proxies";
    assert_eq!(log.matches(told).count(), 1, "{log}");
}
