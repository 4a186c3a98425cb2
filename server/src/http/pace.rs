//! For how long a connection has been waiting for its client: for a request, for a body, or until an answer is
//! taken. What the server itself takes its time for counts for nothing.

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

/// Whoever has moved so many bytes, of a body or of an answer, has not kept anybody waiting until then. In the
/// five seconds of a crowded server that is what a telephone still manages where there is hardly any network.
const MOVED_ENOUGH: usize = 16 * 1024;

/// All of the last answer is on its way, and nothing more was asked for.
const IDLE: u8 = 0;
/// Nothing was ever asked for.
const NEW: u8 = 4;
/// A request is on its way.
const ASKING: u8 = 1;
/// The client waits for the server.
const OURS: u8 = 2;
/// An answer is on its way.
const ANSWERING: u8 = 3;

/// Bits that a turn takes.
const TURN_BITS: u32 = 3;

/// What the server waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// A request, of which nothing has come.
    Request,
    /// The rest of one.
    Rest,
    /// That an answer is taken.
    Taken,
}

/// What a connection is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// No order.
    Stay,
    /// End after the answer that is under way; at once where there is none.
    Finish,
    /// End at once.
    Close,
}

/// See the module. The connection's own task writes, and whoever looks after all of them reads.
#[derive(Debug)]
pub struct Pace {
    began: Instant,
    /// Since when it has been its turn, or since enough was moved, in ms after `began`; and below [`TURN_BITS`] the
    /// turn. Together, so that nobody reads the time of one turn with another.
    state: AtomicU64,
    moved: AtomicUsize,
    order: AtomicU8,
    told: Notify,
    /// Whether the answer under way is a stream.
    streams: AtomicBool,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            state: AtomicU64::new(NEW.into()),
            moved: AtomicUsize::new(0),
            order: AtomicU8::new(Order::Stay as u8),
            told: Notify::new(),
            streams: AtomicBool::new(false),
        }
    }
}

impl Pace {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whose turn it is, and for how long.
    fn state(&self) -> (u8, Duration) {
        let state = self.state.load(Ordering::Relaxed);
        let [turn, ..] = (state & ((1 << TURN_BITS) - 1)).to_le_bytes();
        (turn, Duration::from_millis(self.now_ms().saturating_sub(state >> TURN_BITS)))
    }

    fn turn(&self) -> u8 {
        self.state().0
    }

    fn begin(&self, turn: u8) {
        self.moved.store(0, Ordering::Relaxed);
        self.state.store(self.now_ms() << TURN_BITS | u64::from(turn), Ordering::Relaxed);
    }

    fn moved(&self, bytes: usize) {
        let turn = self.turn();
        if self.moved.fetch_add(bytes, Ordering::Relaxed) + bytes >= MOVED_ENOUGH {
            self.begin(turn);
        }
    }

    fn read(&self) {
        if matches!(self.turn(), NEW | IDLE) {
            self.begin(ASKING);
        }
    }

    fn wrote(&self, bytes: usize) {
        match self.turn() {
            // `100 Continue`.
            ASKING => {}
            ANSWERING => self.moved(bytes),
            _ => self.begin(ANSWERING),
        }
    }

    fn flushed(&self) {
        if self.turn() == ANSWERING {
            // The client waits for the next event.
            self.begin(if self.streams.load(Ordering::Relaxed) { OURS } else { IDLE });
        }
    }

    /// Whether the answer under way is a stream, of which nothing may be due for long.
    pub fn streams(&self, it_does: bool) {
        self.streams.store(it_does, Ordering::Relaxed);
    }

    /// What it has been waiting for, and for how long; none while the client waits for the server.
    #[must_use]
    pub fn awaits(&self) -> Option<(Awaited, Duration)> {
        let (turn, waited) = self.state();
        let awaited = match turn {
            OURS => return None,
            ASKING => Awaited::Rest,
            ANSWERING => Awaited::Taken,
            _ => Awaited::Request,
        };
        Some((awaited, waited))
    }

    /// For how long it has been waiting for the client, whatever for.
    #[must_use]
    pub fn waited(&self) -> Option<Duration> {
        self.awaits().map(|(_, waited)| waited)
    }

    /// The same, where nothing is on its way in either direction.
    #[must_use]
    pub fn idled(&self) -> Option<Duration> {
        let idles = self.awaits().filter(|(awaited, _)| *awaited == Awaited::Request);
        idles.map(|(_, waited)| waited)
    }

    /// Whether it is kept for a next request.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.turn() == IDLE
    }

    /// Tells the connection.
    pub fn tell(&self, order: Order) {
        self.order.fetch_max(order as u8, Ordering::Relaxed);
        self.told.notify_one();
    }

    /// The next order.
    pub async fn told(&self) -> Order {
        loop {
            self.told.notified().await;
            match self.order.swap(Order::Stay as u8, Ordering::Relaxed) {
                order if order == Order::Close as u8 => return Order::Close,
                order if order == Order::Finish as u8 => return Order::Finish,
                _ => {}
            }
        }
    }
}

/// A connection whose bytes are seen.
pub struct PacedIo<T> {
    io: T,
    pace: Arc<Pace>,
}

impl<T> PacedIo<T> {
    /// Over a connection.
    pub const fn new(io: T, pace: Arc<Pace>) -> Self {
        Self { io, pace }
    }

    fn wrote(&self, written: Poll<Result<usize>>) -> Poll<Result<usize>> {
        // One that has no room is the beginning of a wait.
        self.pace.wrote(match &written {
            Poll::Ready(Ok(bytes)) => *bytes,
            _ => 0,
        });
        written
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for PacedIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.io).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.pace.read();
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for PacedIo<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(context, parts);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(context);
        if flushed.is_ready() {
            self.pace.flushed();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

/// A request's body whose bytes are seen. Read or left unread, dropped it leaves the turn to the server.
pub struct PacedBody {
    body: Incoming,
    /// None where there is no body.
    pace: Option<Arc<Pace>>,
}

impl PacedBody {
    /// The body of a request whose head has just come.
    pub fn new(body: Incoming, pace: &Arc<Pace>) -> Self {
        let has_body = !body.is_end_stream();
        pace.begin(if has_body { ASKING } else { OURS });
        Self { body, pace: has_body.then(|| Arc::clone(pace)) }
    }
}

impl Drop for PacedBody {
    fn drop(&mut self) {
        if let Some(pace) = &self.pace {
            pace.begin(OURS);
        }
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let (Poll::Ready(Some(Ok(frame))), Some(pace)) = (&frame, &self.pace) {
            pace.moved(frame.data_ref().map_or(0, Bytes::len));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_idles_only_when_it_has_ended() {
        let pace = Pace::default();
        pace.begin(OURS);
        pace.streams(true);
        for _ in 0..2 {
            pace.wrote(10);
            assert!(pace.waited().is_some(), "the client is to take it");
            pace.flushed();
            assert!(pace.waited().is_none() && pace.idled().is_none());
        }
        pace.streams(false);
        pace.wrote(5);
        pace.flushed();
        assert!(pace.idled().is_some());
    }
}
