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
    /// Time until the last answer.
    pub took_ms: f64,
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Sends a request and reads its answer to the end. Returns the status.
    async fn exchange(&mut self, request: &[u8]) -> Result<u16, Failure> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed a connection".into());
            }
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
            return Ok(status);
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

async fn drive(mut connection: Connection, shared: Rc<Shared>) -> Result<Vec<Duration>, Failure> {
    let mut latencies = Vec::new();
    while let Some(request) = shared.take() {
        let sent = Instant::now();
        let status = connection.exchange(request).await?;
        latencies.push(sent.elapsed());
        if !shared.load.expect.contains(&status) {
            let body = String::from_utf8_lossy(&connection.buffer).into_owned();
            return Err(format!("an answer was none of {:?}: {body}", shared.load.expect).into());
        }
    }
    Ok(latencies)
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
    let mut latencies = Vec::new();
    for driver in drivers {
        latencies.extend(driver.await??);
    }
    Ok(Measured::of(latencies, took))
}

impl Measured {
    /// From the latency of every request, and the time that all of them took.
    pub fn of(mut latencies: Vec<Duration>, took: Duration) -> Self {
        latencies.sort_unstable();
        let at = |share: usize| {
            let index = (latencies.len() * share / 100).min(latencies.len().saturating_sub(1));
            latencies.get(index).map_or(f64::NAN, |d| d.as_secs_f64() * 1000.0)
        };
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 requests")]
        let rate = latencies.len() as f64 / took.as_secs_f64();
        Self { rate, p50_ms: at(50), p99_ms: at(99), took_ms: took.as_secs_f64() * 1000.0 }
    }
}
