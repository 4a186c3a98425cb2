//! A server with concerts, people in their lines, and an operator.

use crate::client::{Answer, Ask, Client};
use crate::sandbox::{Sandbox, Server};
use boxoffice_core::id::{UserId, Uuid};
use boxoffice_server::clock::Clock;
use boxoffice_server::tokens::Use;
use rustix::process::{Signal, WaitOptions, waitpid};
use serde_json::{Value, json};
use std::net::SocketAddr;

pub const PASSWORD: &str = "correct horse";

/// See the module.
pub struct Shop {
    pub sandbox: Sandbox,
    pub address: SocketAddr,
    server: Option<Server>,
    operator: String,
}

/// Somebody in line who has no browser.
pub struct Other {
    identity: String,
    token: String,
}

impl Shop {
    pub fn open() -> Self {
        Self::open_with(&[])
    }

    /// Without the demo sale, with more flags of the server.
    pub fn open_with(flags: &[&str]) -> Self {
        Self::with(&[&["--demo", "false"], flags].concat())
    }

    /// A server with such flags.
    pub fn with(flags: &[&str]) -> Self {
        let sandbox = Sandbox::new();
        let operator = sandbox.operator_key();
        let server = sandbox.start(flags);
        Self { address: server.address, server: Some(server), sandbox, operator }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The server is gone from one moment to the next.
    pub fn kill(&mut self) {
        self.server.take().unwrap().kill();
    }

    /// The server is told to stop, and does.
    pub fn stop(&mut self) {
        self.server.take().unwrap().stop();
    }

    /// The server answers nothing, or goes on; its connections stay.
    pub fn freeze(&self, is_frozen: bool) {
        let server = self.server.as_ref().unwrap();
        server.signal(if is_frozen { Signal::STOP } else { Signal::CONT });
        // The signal reaches its threads one by one, and one that still runs could answer. Its parent hears when all
        // are stopped.
        if is_frozen {
            let (_, status) = waitpid(Some(server.pid()), WaitOptions::UNTRACED).unwrap().unwrap();
            assert!(status.stopped(), "{status:?}");
        }
    }

    /// Whether the server's metrics have this line.
    pub async fn measures(&self, line: &str) -> bool {
        self.ask(Ask::get("/metrics")).await.body.lines().any(|found| found == line)
    }

    /// How often the server was asked where somebody stands.
    pub async fn polls(&self) -> u64 {
        let of = |line: &str| {
            let labels = line.strip_prefix("boxoffice_requests_total{")?;
            let is_poll =
                labels.contains("\"/api/v1/queue-tokens/me\"") && labels.contains("\"GET\"");
            is_poll.then(|| line.rsplit(' ').next()?.parse::<u64>().ok()).flatten()
        };
        self.ask(Ask::get("/metrics")).await.body.lines().filter_map(of).sum()
    }

    /// A server on the same file and address.
    pub fn restart(&mut self) {
        self.restart_with(&[]);
    }

    /// The same with more flags.
    pub fn restart_with(&mut self, flags: &[&str]) {
        let listen = self.address.to_string();
        let mut command = self.sandbox.command(&["serve", "--listen", &listen]);
        command.args(["--demo", "false"]).args(flags).env("BOXOFFICE_POLL_BURST", "0");
        self.server = Some(Server::spawn(command).unwrap());
    }

    async fn ask(&self, ask: Ask) -> Answer {
        let mut client = Client::connect(self.address).await.unwrap();
        let answer = client.send_until_taken(&ask).await.unwrap();
        assert!(answer.is_success(), "{} {}", answer.status, answer.body);
        answer
    }

    /// What everybody is told.
    pub async fn told(&self, path: &str) -> Value {
        self.ask(Ask::get(path)).await.json()
    }

    /// An operator's POST or PUT.
    pub async fn operate(&self, method: &'static str, path: &str, body: &Value) -> Value {
        let ask = if method == "PUT" { Ask::put(path, body) } else { Ask::post(path, body) };
        let key = Uuid::now_v7().to_string();
        self.ask(ask.with("x-api-key", self.operator.clone()).key(&key)).await.json()
    }

    /// A concert whose line lets one person in at a time; `more` are members of the body.
    pub async fn concert(&self, name: &str, more: &Value) -> String {
        let mut body = json!({
            "name": name, "theater": "Hangang Hall", "run_time_minutes": 110, "time_zone": "Asia/Seoul",
            "opens_at": "2020-01-01T00:00:00Z", "max_active": 1, "admissions_per_second": 100,
            "arrival_grace_seconds": 600,
            "dates": [{ "starts_at": "2099-05-01T10:00:00Z", "seats": [{ "from": 1, "to": 40, "zone": "R", "price": 165_000 }] }],
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let created = self.operate("POST", "/api/v1/admin/concerts", &body).await;
        created["concert_id"].as_str().unwrap().to_owned()
    }

    /// So many others take their places in a line, one after another; whoever is let in comes, and stays.
    pub async fn others(&self, concert: &str, count: usize) -> Vec<Other> {
        let keyring = self.sandbox.keyring();
        let mut others = Vec::new();
        for _ in 0..count {
            let now = Clock::System.now();
            let identity = keyring.identity(Use::Identity, UserId(Uuid::now_v7()), now, 3_600_000);
            let (identity, path) =
                (identity.unwrap(), format!("/api/v1/concerts/{concert}/queue-tokens"));
            let ask = Ask::post(path, &json!({})).identity(&identity);
            let joined = self.ask(ask).await;
            let other = Other { token: joined.text("token"), identity };
            if joined.json()["state"] == "admitted" {
                self.arrive(&other, concert).await;
            }
            others.push(other);
        }
        others
    }

    /// Somebody who was let in comes, and is told the dates.
    pub async fn arrive(&self, other: &Other, concert: &str) -> Value {
        let ask = Ask::get(format!("/api/v1/concerts/{concert}/dates"));
        self.ask(ask.identity(&other.identity).queue(&other.token)).await.json()
    }

    /// Somebody who was let in holds seats of the first date.
    pub async fn hold(&self, other: &Other, concert: &str, seats: &[u32]) {
        let as_other = |ask: Ask| ask.identity(&other.identity).queue(&other.token);
        let dates = self.arrive(other, concert).await;
        let body = json!({ "concert_date_id": dates["dates"][0]["concert_date_id"], "seat_numbers": seats });
        self.ask(as_other(Ask::post("/api/v1/reservations", &body)).key("hold")).await;
    }

    /// Somebody gives the place up.
    pub async fn leave(&self, other: &Other) {
        self.ask(Ask::new("DELETE", "/api/v1/queue-tokens/me").queue(&other.token)).await;
    }

    /// An account.
    pub async fn account(&self, username: &str) {
        let body = json!({ "username": username, "password": PASSWORD });
        self.ask(Ask::post("/api/v1/users", &body)).await;
    }
}
