//! HTTP/1.1 as a fan's client speaks it, over a bounded number of connections.

use super::figures::Step;
use boxoffice_server::Failure;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long an answer may take.
const ANSWER_WAIT: Duration = Duration::from_secs(40);
/// Headers that are looked at in an answer, at most.
const HEADERS_MAX: usize = 32;
/// Bytes of a request beside its path, host, headers and body, at most.
const REST_OF_HEAD: usize = 128;

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

    fn bytes(&self, host: &str, named: Option<&str>) -> Vec<u8> {
        let headers: usize =
            self.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        let length = self.path.len() + host.len() + headers + self.body.len();
        let mut text = String::with_capacity(length + REST_OF_HEAD);
        let mut add = |parts: &[&str]| parts.iter().for_each(|part| text.push_str(part));
        add(&[self.method, " ", &self.path, " HTTP/1.1\r\nhost: ", host, "\r\n"]);
        if let Some(address) = named {
            add(&["x-forwarded-for: ", address, "\r\n"]);
        }
        for (name, value) in &self.headers {
            add(&[name, ": ", value, "\r\n"]);
        }
        if !self.body.is_empty() {
            add(&["content-type: application/json\r\n"]);
        }
        if self.method != "GET" {
            add(&["content-length: ", &self.body.len().to_string(), "\r\n"]);
        }
        add(&["\r\n", &self.body]);
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
    pub fn code(&self) -> Cow<'_, str> {
        #[derive(serde::Deserialize)]
        struct Code<'a> {
            #[serde(borrow)]
            code: Cow<'a, str>,
        }
        serde_json::from_slice(&self.body).map_or(Cow::Borrowed(""), |found: Code<'_>| found.code)
    }
}

/// Connections to one server, of which a request takes one for as long as it is under way.
pub struct Pool {
    /// Whom they go to, one after the other.
    addresses: Vec<SocketAddr>,
    host: String,
    /// The address that requests say they come from, as a proxy would.
    named: Option<&'static str>,
    idle: RefCell<Vec<TcpStream>>,
    room: Semaphore,
    opened: Cell<usize>,
    /// Requests that wait for a connection.
    waiting: Cell<usize>,
    /// Whether one began to wait since that was last asked.
    waited: Cell<bool>,
}

/// The pools of a fan: those who shop never wait for a connection behind those who wait in line, and an
/// answer to somebody in line is not waited for behind those who come.
pub struct Pools {
    joins: Rc<Pool>,
    polls: Rc<Pool>,
    shop: Rc<Pool>,
}

impl Pools {
    /// For all fans together: half of the connections for those who shop, a quarter each for joins and
    /// polls, at least one each.
    ///
    /// # Errors
    /// There is no address.
    pub fn shared(
        addresses: &[SocketAddr],
        connections: usize,
        named: Option<&'static str>,
    ) -> Result<Self, Failure> {
        let quarter = connections / 4;
        let pool = |size| {
            let pool = Pool::new(addresses.to_vec(), size, 0)?;
            Ok::<_, Failure>(Rc::new(pool.behind(named)))
        };
        let shop = connections.saturating_sub(2 * quarter);
        Ok(Self { joins: pool(quarter)?, polls: pool(quarter)?, shop: pool(shop)? })
    }

    /// For one fan alone.
    pub fn own(pool: Pool) -> Self {
        let pool = Rc::new(pool);
        Self { joins: Rc::clone(&pool), polls: Rc::clone(&pool), shop: pool }
    }

    /// The one that a step takes its connection of.
    pub fn of(&self, step: Step) -> &Pool {
        match step {
            Step::Join => &self.joins,
            Step::Poll => &self.polls,
            _ => &self.shop,
        }
    }

    /// Whether a request waits for a connection, or has since this was last asked.
    pub fn took_waiting(&self) -> bool {
        let all = [&self.joins, &self.polls, &self.shop];
        all.into_iter().fold(false, |any, pool| any | pool.waited.take() | (pool.waiting.get() > 0))
    }
}

/// Counts a request as waiting until it is dropped, also where its fan is.
struct Waiting<'a>(&'a Cell<usize>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
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
        Ok(Self {
            addresses,
            host,
            named: None,
            idle: RefCell::default(),
            room,
            opened: first.into(),
            waiting: Cell::new(0),
            waited: Cell::new(false),
        })
    }

    /// The same, behind this address.
    pub fn behind(mut self, named: Option<&'static str>) -> Self {
        self.named = named;
        self
    }

    /// A connection's turn.
    async fn turn(&self) -> std::io::Result<SemaphorePermit<'_>> {
        if let Ok(permit) = self.room.try_acquire() {
            return Ok(permit);
        }
        self.waited.set(true);
        self.waiting.set(self.waiting.get() + 1);
        let _waiting = Waiting(&self.waiting);
        self.room.acquire().await.map_err(std::io::Error::other)
    }

    /// One more connection.
    pub async fn connect(&self) -> std::io::Result<TcpStream> {
        let nth = self.opened.get();
        self.opened.set(nth.wrapping_add(1));
        let stream = TcpStream::connect(self.addresses[nth % self.addresses.len()]).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Sends and waits for the whole answer.
    pub async fn send(&self, ask: &Ask) -> std::io::Result<Answer> {
        let _permit = self.turn().await?;
        let bytes = ask.bytes(&self.host, self.named);
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
        let _permit = self.turn().await?;
        let mut stream = self.connect().await?;
        stream.write_all(&ask.bytes(&self.host, self.named)).await?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_put_on_the_wire_as_it_is() {
        let ask = Ask::new("GET", "/a?b").with("x-queue-token", "t");
        assert_eq!(
            ask.bytes("h:1", None),
            b"GET /a?b HTTP/1.1\r\nhost: h:1\r\nx-queue-token: t\r\n\r\n"
        );
        let ask = Ask::new("POST", "/a").json(&serde_json::json!({}));
        let expected = "POST /a HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(ask.bytes("h", None), expected.as_bytes());
        let ask = Ask::new("GET", "/").bytes("h", Some("192.0.2.1"));
        assert_eq!(ask, b"GET / HTTP/1.1\r\nhost: h\r\nx-forwarded-for: 192.0.2.1\r\n\r\n");
    }

    /// Joins and polls that use all of their connections leave those who shop theirs.
    #[tokio::test]
    async fn those_who_shop_have_connections_of_their_own() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        for (connections, sizes) in [(1, [1, 1, 1]), (4, [1, 1, 2]), (256, [64, 64, 128])] {
            let pools = Pools::shared(&[address], connections, None).unwrap();
            let steps = [Step::Join, Step::Poll, Step::Hold];
            let free = steps.map(|step| pools.of(step).room.available_permits());
            assert_eq!(free, sizes);
        }
        let pools = Pools::shared(&[address], 4, None).unwrap();
        let _joining = pools.of(Step::Join).turn().await.unwrap();
        assert!(!pools.took_waiting());
        let second = pools.of(Step::Join).turn();
        let late = tokio::time::timeout(Duration::from_millis(1), second).await;
        assert!(late.is_err());
        // That one waited is told once, also after it went.
        assert!(pools.took_waiting() && !pools.took_waiting());
        let _polling = pools.of(Step::Poll).turn().await.unwrap();
        let _paying = pools.of(Step::Pay).turn().await.unwrap();
        assert!(!pools.took_waiting());
    }
}
