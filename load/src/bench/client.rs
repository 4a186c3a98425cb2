//! The load: connections that each send a request, wait for its answer, and send the next.

use super::Failure;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What to send.
pub struct Load {
    /// To whom: connections go to each in turn.
    pub addresses: Vec<SocketAddr>,
    /// Over how many connections.
    pub connections: usize,
    /// For how long, at most.
    pub time: Duration,
    /// Whole requests, as they go over the wire.
    pub requests: Vec<Vec<u8>>,
    /// How many of them belong together: one connection sends them one after another, and they count
    /// as one.
    pub group: usize,
    /// Whether requests have [`Blank`]s, to be filled in from the answers of the same connection.
    pub blanks: bool,
    /// How long a connection waits from one request to the next, at least.
    pub pace: Duration,
    /// Whether to begin anew at the end of the requests.
    pub repeat: bool,
    /// The statuses that an answer may have.
    pub expect: &'static [u16],
}

impl Load {
    /// One request after another, to one server.
    pub fn of(address: SocketAddr, connections: usize, requests: Vec<Vec<u8>>) -> Self {
        Self {
            addresses: vec![address],
            connections,
            time: Duration::MAX,
            requests,
            group: 1,
            blanks: false,
            pace: Duration::ZERO,
            repeat: false,
            expect: &[200],
        }
    }
}

/// What a request takes from an earlier answer: the text that stands for it, and the answer's field.
pub struct Blank(pub &'static str, &'static str);

/// See [`Blank`].
pub const QUEUE_TOKEN: Blank = Blank("{queue-token}", "token");
/// See [`Blank`].
pub const RESERVATION: Blank = Blank("{reservation}", "reservation_id");
/// See [`Blank`].
pub const VERSION: Blank = Blank("{version}", "version");

const BLANKS: [Blank; 3] = [QUEUE_TOKEN, RESERVATION, VERSION];

/// What a connection remembers of its answers.
#[derive(Default)]
struct Memory([String; BLANKS.len()]);

impl Memory {
    /// A request with its blanks filled in. They stand in its head.
    fn fill(&self, request: &[u8]) -> Vec<u8> {
        let mut text = String::from_utf8_lossy(request).into_owned();
        for (Blank(blank, _), value) in BLANKS.iter().zip(&self.0) {
            text = text.replace(blank, value);
        }
        text.into_bytes()
    }

    fn note(&mut self, answer: &[u8]) -> Result<(), Failure> {
        let body = answer.windows(4).position(|end| end == b"\r\n\r\n").ok_or("no body")? + 4;
        let body: serde_json::Value = serde_json::from_slice(&answer[body..])?;
        if body["state"] == "waiting" {
            return Err("somebody has to wait, where there is room for all".into());
        }
        for (Blank(_, field), value) in BLANKS.iter().zip(&mut self.0) {
            if let Some(told) = body[*field].as_str() {
                told.clone_into(value);
            }
        }
        Ok(())
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Requests a second.
    pub rate: f64,
    /// Median latency.
    pub p50_ms: f64,
    /// 99th percentile of the latency.
    pub p99_ms: f64,
    /// Median time to an answer's first byte.
    pub first_byte_ms: f64,
    /// Time until the last answer.
    pub took_ms: f64,
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Sends a request and reads its answer to the end. Returns the status, and when its first byte
    /// came.
    async fn exchange(&mut self, request: &[u8]) -> Result<(u16, Instant), Failure> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let mut first = None;
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed a connection".into());
            }
            let first = *first.get_or_insert_with(Instant::now);
            let mut headers = [httparse::EMPTY_HEADER; 24];
            let mut response = httparse::Response::new(&mut headers);
            let httparse::Status::Complete(head) = response.parse(&self.buffer)? else { continue };
            let length = response.headers.iter().find(|h| h.name == "content-length");
            let length = length.and_then(|h| std::str::from_utf8(h.value).ok()?.parse().ok());
            let (status, whole) = (response.code.unwrap_or(0), head + length.unwrap_or(0_usize));
            while self.buffer.len() < whole {
                if self.stream.read_buf(&mut self.buffer).await? == 0 {
                    return Err("the server closed a connection".into());
                }
            }
            return Ok((status, first));
        }
    }
}

struct Shared {
    load: Load,
    next: std::cell::Cell<usize>,
    began: Instant,
}

impl Shared {
    fn take(&self) -> Option<&[Vec<u8>]> {
        let Load { time, requests, group, repeat, .. } = &self.load;
        let (index, groups) = (self.next.get(), requests.len() / group);
        if self.began.elapsed() >= *time || (!repeat && index >= groups) {
            return None;
        }
        self.next.set(index + 1);
        requests.chunks_exact(*group).nth(index % groups.max(1))
    }
}

/// Of each request: time to the answer's first byte, and to its last.
type Latencies = Vec<(Duration, Duration)>;

async fn drive(mut connection: Connection, shared: Rc<Shared>) -> Result<Latencies, Failure> {
    let Load { blanks, pace, expect, .. } = shared.load;
    let (mut latencies, mut memory) = (Vec::new(), Memory::default());
    while let Some(group) = shared.take() {
        let sent = Instant::now();
        let mut first_byte = sent;
        for request in group {
            let filled = blanks.then(|| memory.fill(request));
            let (status, first) = connection.exchange(filled.as_deref().unwrap_or(request)).await?;
            if !expect.contains(&status) {
                let body = String::from_utf8_lossy(&connection.buffer).into_owned();
                return Err(format!("{status} is none of {expect:?}: {body}").into());
            }
            if blanks {
                memory.note(&connection.buffer)?;
            }
            first_byte = first;
        }
        latencies.push((first_byte.duration_since(sent), sent.elapsed()));
        if !pace.is_zero() {
            tokio::time::sleep(pace.saturating_sub(sent.elapsed())).await;
        }
    }
    Ok(latencies)
}

/// Sends one request; the body of its answer.
pub async fn ask(address: SocketAddr, request: &[u8]) -> Result<String, Failure> {
    let stream = TcpStream::connect(address).await?;
    let mut connection = Connection { stream, buffer: Vec::new() };
    let (status, _) = connection.exchange(request).await?;
    let text = String::from_utf8_lossy(&connection.buffer);
    let (_, body) = text.split_once("\r\n\r\n").ok_or("an answer has no body")?;
    if status == 200 { Ok(body.into()) } else { Err(format!("{status}: {body}").into()) }
}

/// Sends the load and measures.
pub async fn run(load: Load) -> Result<Measured, Failure> {
    let mut connections = Vec::new();
    for address in load.addresses.iter().cycle().take(load.connections) {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        connections.push(Connection { stream, buffer: Vec::with_capacity(8192) });
    }
    let shared = Rc::new(Shared { load, next: std::cell::Cell::new(0), began: Instant::now() });
    let local = tokio::task::LocalSet::new();
    let drivers: Vec<_> = connections
        .into_iter()
        .map(|connection| local.spawn_local(drive(connection, Rc::clone(&shared))))
        .collect();
    local.await;
    let took = shared.began.elapsed();
    let (mut firsts, mut latencies) = (Vec::new(), Vec::new());
    for driver in drivers {
        for (first, last) in driver.await?? {
            firsts.push(first);
            latencies.push(last);
        }
    }
    let first_byte_ms = percentile(&mut firsts, 50);
    Ok(Measured { first_byte_ms, ..Measured::of(latencies, took) })
}

/// Milliseconds within which this share (per cent) of them lies. Sorts them.
fn percentile(latencies: &mut [Duration], share: usize) -> f64 {
    latencies.sort_unstable();
    let index = (latencies.len() * share / 100).min(latencies.len().saturating_sub(1));
    latencies.get(index).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1000.0)
}

impl Measured {
    /// From the latency of every request, and the time that all of them took. The first byte is taken
    /// to be the last.
    pub fn of(mut latencies: Vec<Duration>, took: Duration) -> Self {
        let p50_ms = percentile(&mut latencies, 50);
        let p99_ms = percentile(&mut latencies, 99);
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 requests")]
        let rate = latencies.len() as f64 / took.as_secs_f64();
        Self { rate, p50_ms, p99_ms, first_byte_ms: p50_ms, took_ms: took.as_secs_f64() * 1000.0 }
    }
}
