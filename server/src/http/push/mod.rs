//! Push by Server-Sent Events: streams for those near the front and for shoppers. A stream tells what a poll would
//! tell, so that whoever gets none polls. It holds no lock and no database connection while it waits; it ends with
//! an event that says why.

mod access;
mod body;
pub mod place;
pub mod seats;

use super::problem::{Code, Problem};
use crate::metrics::{KindLabel, Metrics, WhyLabel};
use axum::response::Response;
use body::{Events, event};
pub use body::{MEDIA_TYPE, Paced};
use boxoffice_core::id::UserId;
use hyper::body::Bytes;
use seats::Dates;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use utoipa::ToSchema;

/// Something is sent this often, and at most [`CHECK_EVERY`] later, so that nobody takes the connection for dead: the
/// pages do after 20 s (`web/app/stream.js`).
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Whether the stream may go on is looked at least this often.
const CHECK_EVERY: Duration = Duration::from_secs(2);
/// A client that takes nothing for so long is dropped.
const UNREAD_MAX: Duration = Duration::from_secs(15);
/// How long the last event may take.
const END_WAIT: Duration = Duration::from_secs(2);
/// At a stop clients come again after this and up to as much more: by then a balancer leads elsewhere.
const STOP_RETRY_MS: u64 = 3_000;

/// What a stream tells of. A user has one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A place in line.
    Place,
    /// The seats of a date.
    Seats,
}

impl Kind {
    const fn label(self) -> KindLabel {
        match self {
            Self::Place => KindLabel { kind: "place" },
            Self::Seats => KindLabel { kind: "seats" },
        }
    }
}

/// Why a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// The client has gone, or does not read.
    Gone,
    /// There is nothing more to tell.
    Done,
    /// A newer one of the same user took its turn.
    Replaced,
    /// The server stops.
    Stopping,
    /// A poll would be refused so, or the stream is not offered any more.
    Refused(Code),
}

impl Over {
    fn code(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Done => "done",
            Self::Replaced => "stream_replaced",
            Self::Stopping => "server_stopping",
            Self::Refused(code) => code.as_str(),
        }
    }
}

/// The data of a stream's last event.
#[derive(Debug, Serialize, ToSchema)]
pub struct StreamEndView {
    /// `done`, `stream_replaced` (by a newer one of the same user), `server_stopping`, `stream_not_offered` (the place
    /// is not near any more), or the code with which a poll is refused now.
    code: &'static str,
    /// When to ask for a stream again; null where the next poll tells. Poll at once.
    retry_after_ms: Option<u64>,
}

fn not_offered(after_ms: Option<u64>) -> Problem {
    let problem = Problem::of(Code::StreamNotOffered);
    match after_ms {
        Some(ms) => problem.after(ms.div_ceil(1_000).max(1)),
        None => problem,
    }
}

#[derive(Default)]
struct Open {
    numbers: u64,
    /// With their numbers. Dropping the sender ends the stream.
    streams: HashMap<(Kind, UserId), (u64, oneshot::Sender<()>)>,
}

/// All streams of a server.
pub struct Streams {
    most: usize,
    open: Mutex<Open>,
    closing: watch::Sender<bool>,
    dates: Dates,
    metrics: Arc<Metrics>,
}

impl Streams {
    /// None yet, and never more than `most`.
    #[must_use]
    pub fn new(most: usize, metrics: Arc<Metrics>) -> Arc<Self> {
        let (open, dates) = (Mutex::default(), Dates::default());
        Arc::new(Self { most, open, closing: watch::Sender::new(false), dates, metrics })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.open().streams.len()
    }

    /// Whether there may be one more.
    #[must_use]
    pub fn has_room(&self) -> bool {
        !*self.closing.borrow() && self.count() < self.most
    }

    /// Ends all of them, and begins none any more: the server is going to stop.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Begins one; the user's older one of this kind ends. None where there is no room.
    fn begin(self: &Arc<Self>, kind: Kind, user: UserId) -> Option<Slot> {
        let closing = self.closing.subscribe();
        if *closing.borrow() {
            return None;
        }
        let mut open = self.open();
        let is_new = !open.streams.contains_key(&(kind, user));
        if is_new && open.streams.len() >= self.most {
            return None;
        }
        open.numbers += 1;
        let number = open.numbers;
        let (end, replaced) = oneshot::channel();
        open.streams.insert((kind, user), (number, end));
        drop(open);
        if is_new {
            self.metrics.streams.get_or_create(&kind.label()).inc();
        }
        Some(Slot { streams: Arc::clone(self), of: (kind, user), number, replaced, closing })
    }
}

/// A stream's place among all. Dropped, it counts no more.
struct Slot {
    streams: Arc<Streams>,
    of: (Kind, UserId),
    number: u64,
    replaced: oneshot::Receiver<()>,
    closing: watch::Receiver<bool>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.streams.open();
        if open.streams.get(&self.of).is_some_and(|(number, _)| *number == self.number) {
            open.streams.remove(&self.of);
            drop(open);
            self.streams.metrics.streams.get_or_create(&self.of.0.label()).dec();
        }
    }
}

/// Where a stream's events go. One waits at most, so that a client that does not read costs no memory.
struct Outlet {
    slot: Slot,
    to: mpsc::Sender<Bytes>,
}

impl Outlet {
    /// With the answer that it writes to.
    fn new(slot: Slot, paced: Paced) -> (Self, Response) {
        let (to, from) = mpsc::channel(1);
        (Self { slot, to }, Events::answer(from, paced))
    }

    /// Waits for something, unless the stream has to end before.
    async fn until<T>(&mut self, what: impl Future<Output = T>) -> Result<T, Over> {
        let Slot { replaced, closing, .. } = &mut self.slot;
        tokio::select! {
            biased;
            _ = replaced => Err(Over::Replaced),
            _ = closing.wait_for(|closing| *closing) => Err(Over::Stopping),
            () = self.to.closed() => Err(Over::Gone),
            value = what => Ok(value),
        }
    }

    async fn send(&mut self, text: Bytes) -> Result<(), Over> {
        let to = self.to.clone();
        let sent = self.until(tokio::time::timeout(UNREAD_MAX, to.send(text))).await?;
        if matches!(sent, Ok(Ok(()))) { Ok(()) } else { Err(Over::Gone) }
    }

    /// Says why it ends, where somebody reads it.
    async fn end(self, over: Over) {
        let why = over.code();
        self.slot.streams.metrics.streams_ended.get_or_create(&WhyLabel { why }).inc();
        if over == Over::Gone {
            return;
        }
        let retry_after_ms =
            (over == Over::Stopping).then(|| STOP_RETRY_MS + fastrand::u64(0..=STOP_RETRY_MS));
        let end = event("end", None, retry_after_ms, &StreamEndView { code: why, retry_after_ms });
        let _ = tokio::time::timeout(END_WAIT, self.to.send(end)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use body::heartbeat;
    use boxoffice_core::id::Uuid;

    fn streams(most: usize) -> Arc<Streams> {
        Streams::new(most, Arc::new(Metrics::of("KRW", None)))
    }

    fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    /// What a client does not take is one event here; after a while it is not waited for any more.
    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_is_dropped() {
        let streams = streams(1);
        let slot = streams.begin(Kind::Seats, user(1)).unwrap();
        let (mut outlet, response) = Outlet::new(slot, Paced::none());
        outlet.send(heartbeat()).await.unwrap();
        let began = tokio::time::Instant::now();
        assert_eq!(outlet.send(heartbeat()).await, Err(Over::Gone));
        assert_eq!(began.elapsed(), UNREAD_MAX);
        outlet.end(Over::Gone).await;
        assert_eq!(streams.count(), 0, "while the connection is still there");
        drop(response);
    }

    #[tokio::test]
    async fn a_user_has_one_of_each_kind() {
        let streams = streams(3);
        let mut first = streams.begin(Kind::Seats, user(1)).unwrap();
        let _place = streams.begin(Kind::Place, user(1)).unwrap();
        let other = streams.begin(Kind::Seats, user(2)).unwrap();
        assert!(!streams.has_room() && streams.begin(Kind::Place, user(2)).is_none());
        let second = streams.begin(Kind::Seats, user(1)).unwrap();
        assert!((&mut first.replaced).await.is_err());
        drop(first);
        assert_eq!(streams.count(), 3, "the newer one has the place");
        drop((second, other));
        assert_eq!(streams.count(), 1);
        streams.close();
        assert!(!streams.has_room() && streams.begin(Kind::Seats, user(2)).is_none());
    }
}
