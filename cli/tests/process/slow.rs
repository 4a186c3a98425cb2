//! Clients that take their time, on purpose: they cannot lock others out.

use crate::client::{Ask, Client};
use crate::runtime;
use crate::sandbox::Sandbox;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Longer than the server waits for a head, a body, or the next request.
const CUT_OFF_WAIT: Duration = Duration::from_secs(45);

/// A client that sends the beginning at once and then a byte a second, until it is cut off.
async fn drip(mut client: Client, beginning: &[u8]) -> Duration {
    let began = Instant::now();
    client.send_raw(beginning).await.unwrap();
    while began.elapsed() < CUT_OFF_WAIT {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if client.send_raw(b"x").await.is_err() {
            return began.elapsed();
        }
    }
    panic!("a slow client was not cut off");
}

async fn connected(address: SocketAddr) -> Client {
    Client::connect(address).await.unwrap()
}

/// H29: with room for three connections, three slow clients of different kinds are cut off, and
/// whoever waited behind them is served.
#[test]
fn slow_clients_are_cut_off() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false", "--connections-max", "3"]);
    let address = server.address;
    runtime().block_on(async {
        let mut slow = tokio::task::JoinSet::new();
        let client = connected(address).await;
        slow.spawn(async { drip(client, b"GET /livez HTTP/1.1\r\nx-slow: ").await });
        let client = connected(address).await;
        let body = b"POST /api/v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 9999\r\n\r\n{";
        slow.spawn(async { drip(client, body).await });
        let mut idle = connected(address).await;
        assert_eq!(idle.send(&Ask::get("/livez")).await.unwrap().status, 200);

        let mut served = Vec::new();
        for _ in 0..3 {
            let mut client = connected(address).await;
            let began = Instant::now();
            let answer = tokio::time::timeout(CUT_OFF_WAIT, async {
                client.send_raw(&Ask::get("/livez").bytes()).await?;
                client.receive().await
            });
            let answer = answer.await.expect("slow clients lock everyone out");
            eprintln!(
                "served after {:?}: {:?}",
                began.elapsed(),
                answer.as_ref().map(|a| a.status)
            );
            assert_eq!(answer.unwrap().status, 200);
            // Stays, so that the next one needs the place of another slow client.
            served.push(client);
        }
        slow.abort_all();
    });
    server.stop();
}

/// H29: a client that asks for much and reads nothing is cut off, too. Its own system goes on
/// acknowledging for it that there is no room, so that nothing else would ever end the connection.
#[test]
fn a_client_that_never_reads_is_cut_off() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false", "--connections-max", "1"]);
    let address = server.address;
    runtime().block_on(async {
        let mut deaf = connected(address).await;
        // More than all buffers on the way take.
        let ask = Ask::get("/docs/swagger-ui-bundle.js").bytes().repeat(50);
        deaf.send_raw(&ask).await.unwrap();
        let mut next = connected(address).await;
        let began = Instant::now();
        next.send_raw(&Ask::get("/livez").bytes()).await.unwrap();
        let answer = next.receive().await.expect("a client that never reads locks everyone out");
        eprintln!("served after {:?}", began.elapsed());
        assert_eq!(answer.status, 200);
        drop(deaf);
    });
    server.stop();
}
