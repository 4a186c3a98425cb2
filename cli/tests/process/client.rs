//! A small HTTP/1.1 client of our own: keep-alive, `Content-Length`, and every broken connection
//! shown as what it is. It follows nothing, retries only what it is told to, and shares no code with the server.

use serde_json::Value;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// How long any one answer may take: longer than every limit of the server.
const PATIENCE: Duration = Duration::from_secs(40);
/// Between two tries of what was put off.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// A request.
#[derive(Clone, Debug)]
pub struct Ask {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Ask {
    pub fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: String::new() }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path)
    }

    pub fn post(path: impl Into<String>, body: &Value) -> Self {
        let ask = Self { body: body.to_string(), ..Self::new("POST", path) };
        ask.with("content-type", "application/json")
    }

    pub fn put(path: impl Into<String>, body: &Value) -> Self {
        Self { method: "PUT", ..Self::post(path, body) }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn identity(self, token: &str) -> Self {
        self.with("authorization", format!("Bearer {token}"))
    }

    pub fn queue(self, token: &str) -> Self {
        self.with("x-queue-token", token)
    }

    pub fn key(self, key: &str) -> Self {
        self.with("idempotency-key", key)
    }

    /// The idempotency key, if it has one.
    pub fn has_key(&self) -> Option<&str> {
        let found = self.headers.iter().find(|(name, _)| *name == "idempotency-key");
        found.map(|(_, value)| value.as_str())
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nhost: boxoffice\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("content-length: {}\r\n\r\n{}", self.body.len(), self.body);
        text.into_bytes()
    }
}

/// A whole answer: what was cut off is an error and not an answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// A member of the body as text; empty where there is none.
    pub fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_default().to_owned()
    }

    pub fn code(&self) -> String {
        self.text("code")
    }
}

fn broken(why: &str) -> Error {
    Error::new(ErrorKind::InvalidData, why.to_owned())
}

/// One connection.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends bytes as they are.
    pub async fn send_raw(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.get_mut().write_all(bytes).await
    }

    /// Reads one answer.
    pub async fn receive(&mut self) -> Result<Answer> {
        tokio::time::timeout(PATIENCE, self.read_answer()).await?
    }

    pub async fn send(&mut self, ask: &Ask) -> Result<Answer> {
        self.send_raw(&ask.bytes()).await?;
        self.receive().await
    }

    /// The same for a test that is not about a busy server: what is put off is asked again.
    pub async fn send_until_taken(&mut self, ask: &Ask) -> Result<Answer> {
        let began = Instant::now();
        loop {
            let answer = self.send(ask).await?;
            if answer.code() != "busy" || began.elapsed() > PATIENCE {
                return Ok(answer);
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    async fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        let whole = line.strip_suffix("\r\n").ok_or_else(|| broken("the answer was cut off"))?;
        Ok(whole.to_owned())
    }

    async fn read_answer(&mut self) -> Result<Answer> {
        let status = self.line().await?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| broken("no status line"))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| broken("no header"))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, headers, body: String::new() };
        if !matches!(status, 204 | 304) {
            let length = answer.header("content-length").and_then(|length| length.parse().ok());
            let mut body = vec![0; length.ok_or_else(|| broken("no content-length"))?];
            self.stream.read_exact(&mut body).await?;
            answer.body = String::from_utf8(body).map_err(|_| broken("not UTF-8"))?;
        }
        Ok(answer)
    }
}

/// One request on a connection of its own.
pub async fn once(address: SocketAddr, ask: &Ask) -> Result<Answer> {
    Client::connect(address).await?.send(ask).await
}
