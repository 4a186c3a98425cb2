//! Streams of events by way of the load balancer of `deploy/`.

use crate::client::{Ask, once};
use crate::fan::identity;
use crate::sandbox::{Sandbox, open_sale};
use crate::servers::haproxy::HaProxy;
use crate::{alone, runtime};
use boxoffice_core::id::Uuid;
use rustix::process::Signal;
use serde_json::json;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// More than a heartbeat takes, and less than the balancer would wait for bytes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to the balancer, and all that came over it.
struct Stream {
    connection: TcpStream,
    text: String,
}

impl Stream {
    async fn open(address: SocketAddr, ask: &Ask) -> Self {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(&ask.bytes()).await.unwrap();
        Self { connection, text: String::new() }
    }

    /// Reads on until this has come, and takes it and what was before it off.
    async fn until(&mut self, wanted: &str) -> String {
        let reading = async {
            while !self.text.contains(wanted) {
                let mut bytes = [0; 4096];
                let count = self.connection.read(&mut bytes).await.unwrap();
                assert!(count > 0, "it ended before {wanted:?}: {}", self.text);
                self.text.push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, reading).await;
        assert!(in_time.is_ok(), "no {wanted:?} in {}", self.text);
        let end = self.text.find(wanted).unwrap() + wanted.len();
        self.text.drain(..end).collect()
    }
}

/// Push: events pass as they come, heartbeats keep the stream alive, and a server that is told to stop ends it at
/// once, with when to come again, while it goes on serving.
#[test]
fn streams_pass_the_balancer() {
    let Some(program) = HaProxy::program() else { return };
    let _alone = alone();
    let sandbox = Sandbox::new();
    let key = sandbox.operator_key();
    let server = sandbox.start(&["--drain-seconds", "5"]);
    runtime().block_on(async {
        let balancer = HaProxy::start(&program, &[server.address; 3]);
        let front = balancer.address();
        let sale = open_sale(server.address, &key, 50, &json!({})).await;
        let mut fans = Vec::new();
        for _ in 0..2 {
            let identity = identity(&sandbox.keyring(), Uuid::now_v7());
            let path = format!("/api/v1/concerts/{}/queue-tokens", sale.concert);
            let join = Ask::post(path, &json!({})).identity(&identity);
            let mut joined = once(front, &join).await.unwrap();
            // The balancer looks at its servers once a second.
            while joined.status == 503 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                joined = once(front, &join).await.unwrap();
            }
            let token = joined.text("token");
            let poll = Ask::get("/api/v1/queue-tokens/me").queue(&token);
            while once(front, &poll).await.unwrap().text("state") != "admitted" {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            fans.push((identity, token));
        }
        let by =
            |ask: Ask, (identity, token): &(String, String)| ask.identity(identity).queue(token);
        let path = format!("/api/v1/concert-dates/{}/seats/events", sale.dates[0]);
        let mut stream = Stream::open(front, &by(Ask::get(path), &fans[0])).await;
        let head = stream.until("\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/event-stream"), "{head}");
        stream.until("\"complete\":true").await;

        let body = json!({ "concert_date_id": sale.dates[0], "seat_numbers": [7] });
        let held = once(front, &by(Ask::post("/api/v1/reservations", &body), &fans[1])).await;
        assert_eq!(held.unwrap().status, 201);
        stream.until("\"held\":[7]").await;
        stream.until("\n:\n").await;

        server.signal(Signal::TERM);
        let end = stream.until("event: end\ndata: ").await;
        assert!(end.contains("retry: "), "{end}");
        stream.until("server_stopping").await;
        // While it drains it serves on.
        let poll = Ask::get("/api/v1/queue-tokens/me").queue(&fans[0].1);
        assert_eq!(once(server.address, &poll).await.unwrap().status, 200);
    });
    let log = server.end();
    assert!(!log.contains("did not finish"), "{log}");
}
