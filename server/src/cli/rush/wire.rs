//! HTTP/1.1 as a fan's client speaks it, over a bounded number of connections.

use crate::cli::Failure;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// How long an answer may take.
const ANSWER_WAIT: Duration = Duration::from_secs(40);
/// Headers that are looked at in an answer, at most.
const HEADERS_MAX: usize = 32;

/// A request before it is put on the wire.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// With its query.
    pub path: String,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// JSON; empty for none.
    pub body: String,
}

impl Ask {
    /// A request without headers or body.
    pub fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), ..Self::default() }
    }

    /// The same with one more header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with a JSON body.
    pub fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = body.to_string();
        self
    }

    fn bytes(&self, host: &str) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nhost: {host}\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        if !self.body.is_empty() {
            text += "content-type: application/json\r\n";
        }
        if self.method != "GET" {
            text += &format!("content-length: {}\r\n", self.body.len());
        }
        text += "\r\n";
        text += &self.body;
        text.into_bytes()
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// What `Retry-After` says, if anything.
    pub retry_after: Option<Duration>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The problem's code, empty where the answer is none.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Connections to one server, of which a request takes one for as long as it is under way.
pub struct Pool {
    /// Whom they go to, one after the other.
    addresses: Vec<SocketAddr>,
    host: String,
    idle: RefCell<Vec<TcpStream>>,
    room: Semaphore,
    opened: std::cell::Cell<usize>,
}

impl Pool {
    /// At most `connections` at once; the first goes to the address of that number.
    pub fn new(
        addresses: Vec<SocketAddr>,
        connections: usize,
        first: usize,
    ) -> Result<Self, Failure> {
        let host = addresses.first().ok_or("no address to connect to")?.to_string();
        let room = Semaphore::new(connections.clamp(1, Semaphore::MAX_PERMITS));
        Ok(Self { addresses, host, idle: RefCell::default(), room, opened: first.into() })
    }

    async fn connect(&self) -> std::io::Result<TcpStream> {
        let nth = self.opened.get();
        self.opened.set(nth.wrapping_add(1));
        let stream = TcpStream::connect(self.addresses[nth % self.addresses.len()]).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Sends and waits for the whole answer.
    pub async fn send(&self, ask: &Ask) -> std::io::Result<Answer> {
        let _permit = self.room.acquire().await.map_err(std::io::Error::other)?;
        let bytes = ask.bytes(&self.host);
        let (mut stream, answer) =
            tokio::time::timeout(ANSWER_WAIT, self.exchange(&bytes)).await??;
        if answer.keeps {
            self.idle.borrow_mut().push(stream);
        } else {
            // It is of no more use whether or not the other side hears of it.
            let _ = stream.shutdown().await;
        }
        Ok(answer.answer)
    }

    /// A connection of before. What the server has closed meanwhile is of no use.
    fn kept(&self) -> Option<TcpStream> {
        let silent = |stream: &TcpStream| {
            let read = stream.try_read(&mut [0]);
            read.is_err_and(|why| why.kind() == std::io::ErrorKind::WouldBlock)
        };
        let mut idle = self.idle.borrow_mut();
        std::iter::from_fn(|| idle.pop()).find(silent)
    }

    async fn exchange(&self, bytes: &[u8]) -> std::io::Result<(TcpStream, Whole)> {
        let mut stream = match self.kept() {
            Some(stream) => stream,
            None => self.connect().await?,
        };
        stream.write_all(bytes).await?;
        let answer = read_answer(&mut stream).await?;
        Ok((stream, answer))
    }

    /// Sends, and cuts the connection without waiting for the answer, as a phone does in a tunnel.
    pub async fn send_and_cut(&self, ask: &Ask, after: Duration) -> std::io::Result<()> {
        let _permit = self.room.acquire().await.map_err(std::io::Error::other)?;
        let mut stream = self.connect().await?;
        stream.write_all(&ask.bytes(&self.host)).await?;
        tokio::time::sleep(after).await;
        Ok(())
    }
}

struct Whole {
    answer: Answer,
    keeps: bool,
}

async fn read_answer(stream: &mut TcpStream) -> std::io::Result<Whole> {
    let mut buffer = Vec::with_capacity(2048);
    let mut wanted = None;
    loop {
        if let Some((head, length, whole)) = wanted.take() {
            let total: usize = head + length;
            if buffer.len() >= total {
                let mut whole: Whole = whole;
                whole.answer.body = buffer.split_off(head);
                return Ok(whole);
            }
            buffer.reserve(total - buffer.len());
            wanted = Some((head, length, whole));
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if wanted.is_none() {
            wanted = parse_head(&buffer)?;
        }
    }
}

/// The head's length, the body's, and what the head says; `None` while it is not whole.
fn parse_head(buffer: &[u8]) -> std::io::Result<Option<(usize, usize, Whole)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(buffer).map_err(std::io::Error::other)?;
    let httparse::Status::Complete(head) = parsed else { return Ok(None) };
    let header = |name: &str| {
        let found = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.and_then(|header| std::str::from_utf8(header.value).ok())
    };
    let length = header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    let retry_after = header("retry-after").and_then(|value| value.parse().ok());
    let answer = Answer {
        status: response.code.unwrap_or(0),
        retry_after: retry_after.map(Duration::from_secs),
        body: Vec::new(),
    };
    let keeps = !header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    Ok(Some((head, length, Whole { answer, keeps })))
}
