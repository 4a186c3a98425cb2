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
    /// Whether to begin anew at the end of the requests.
    pub repeat: bool,
    /// The statuses that an answer may have.
    pub expect: &'static [u16],
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
    fn take(&self) -> Option<&[u8]> {
        let index = self.next.get();
        if self.began.elapsed() >= self.load.time
            || (!self.load.repeat && index >= self.load.requests.len())
        {
            return None;
        }
        self.next.set(index + 1);
        self.load.requests.get(index % self.load.requests.len()).map(Vec::as_slice)
    }
}

/// Of each request: time to the answer's first byte, and to its last.
type Latencies = Vec<(Duration, Duration)>;

async fn drive(mut connection: Connection, shared: Rc<Shared>) -> Result<Latencies, Failure> {
    let mut latencies = Vec::new();
    while let Some(request) = shared.take() {
        let sent = Instant::now();
        let (status, first) = connection.exchange(request).await?;
        latencies.push((first.duration_since(sent), sent.elapsed()));
        if !shared.load.expect.contains(&status) {
            let body = String::from_utf8_lossy(&connection.buffer).into_owned();
            return Err(format!("{status} is none of {:?}: {body}", shared.load.expect).into());
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
