//! The queue between those who log and the log: lines go into memory, and a thread writes them. So logging never
//! waits: not for a full disk, a reader that has gone or one that does not read. A line that finds no room is lost and
//! counted. The log says how many were lost when it goes on.

use prometheus_client::metrics::counter::Counter;
use std::io::{Error, ErrorKind, Result};
use std::ops::Deref;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of lines that may wait. The writer may hold as many again.
pub const WAITING_MAX: usize = 1024 * 1024;
/// Pause after a failed write.
pub const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Pause where nothing failed and the reader is slow.
const FULL_PAUSE: Duration = Duration::from_millis(20);

/// What the log cannot write about itself.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Writes that failed.
    pub faults: Counter,
    /// Lines that were lost.
    pub lost: Counter,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// Lines that found no room since the writer last came.
    lost: u64,
    /// The writer holds lines.
    is_writing: bool,
    is_closed: bool,
    has_ended: bool,
}

/// See the module.
pub struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    room: usize,
    again_after: Duration,
    counts: Counts,
}

/// Those who wait for the writer learn of its end, also after a panic.
pub struct Ending<Q: Deref<Target = Queue>>(pub Q);

impl<Q: Deref<Target = Queue>> Drop for Ending<Q> {
    fn drop(&mut self) {
        let mut waiting = self.0.locked();
        (waiting.is_writing, waiting.has_ended) = (false, true);
        drop(waiting);
        self.0.changed.notify_all();
    }
}

impl Queue {
    /// A queue with room for so many bytes.
    pub fn new(room: usize, again_after: Duration, counts: Counts) -> Self {
        Self { waiting: Mutex::default(), changed: Condvar::new(), room, again_after, counts }
    }

    fn locked(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line, with its line end. Does not wait.
    pub fn push(&self, line: &[u8]) {
        let mut waiting = self.locked();
        // After one lost line all are lost until the writer comes, so that there is one gap, and it is reported.
        if waiting.lost > 0 || waiting.lines.len() + line.len() > self.room {
            waiting.lost += 1;
            self.counts.lost.inc();
        } else {
            waiting.lines.extend_from_slice(line);
        }
        drop(waiting);
        self.changed.notify_all();
    }

    /// Writes lines until the queue is closed and empty. `tell` gets the number of lost lines, if there are any.
    pub fn work(&self, mut out: impl FnMut(&[u8]) -> Result<usize>, tell: impl Fn(u64)) {
        let _ending = Ending(self);
        while let Some((lines, lost)) = self.take() {
            if lost > 0 {
                // The report goes into the room that is there now, and so behind these lines, where the gap is.
                tell(lost);
            }
            self.write(&lines, &mut out);
        }
    }

    fn take(&self) -> Option<(Vec<u8>, u64)> {
        let mut waiting = self.locked();
        loop {
            if !waiting.lines.is_empty() || waiting.lost > 0 {
                waiting.is_writing = true;
                let lines = std::mem::take(&mut waiting.lines);
                return Some((lines, std::mem::take(&mut waiting.lost)));
            }
            if waiting.is_writing {
                waiting.is_writing = false;
                self.changed.notify_all();
            }
            if waiting.is_closed {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Goes on where a failed write ended, so that every line is whole. Once the queue is closed, what cannot be
    /// written is lost.
    fn write(&self, mut rest: &[u8], out: &mut impl FnMut(&[u8]) -> Result<usize>) {
        while !rest.is_empty() {
            let was_closed = self.locked().is_closed;
            match out(rest).and_then(|written| {
                rest.get(written..).ok_or_else(|| Error::other("more than all"))
            }) {
                Ok(left) if left.len() < rest.len() => rest = left,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.pause(FULL_PAUSE),
                _ => {
                    self.counts.faults.inc();
                    if was_closed {
                        let lines = rest.iter().filter(|byte| **byte == b'\n').count();
                        self.counts.lost.inc_by(u64::try_from(lines).unwrap_or(u64::MAX));
                        return;
                    }
                    self.pause(self.again_after);
                }
            }
        }
    }

    /// Waits for this time, or until the queue is closed.
    fn pause(&self, time: Duration) {
        let open = |waiting: &mut Waiting| !waiting.is_closed;
        let waited = self.changed.wait_timeout_while(self.locked(), time, open);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn until(&self, time: Instant, not_yet: impl Fn(&Waiting) -> bool) -> bool {
        let left = time.saturating_duration_since(Instant::now());
        let waited = self.changed.wait_timeout_while(self.locked(), left, |w| not_yet(w));
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Waits until all lines are written, or this moment comes, or the writer has ended.
    pub fn written(&self, until: Instant) {
        let _ = self
            .until(until, |w| !w.has_ended && (w.is_writing || !w.lines.is_empty() || w.lost > 0));
    }

    /// Closes the queue: the writer ends when it has written the lines that wait. Waits for that until this moment.
    /// Whether all lines are written.
    pub fn close(&self, until: Instant) -> bool {
        self.locked().is_closed = true;
        self.changed.notify_all();
        self.until(until, |waiting| !waiting.has_ended) && self.locked().lines.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::AssertUnwindSafe;
    use std::sync::Arc;
    use std::sync::mpsc;

    const SOON: Duration = Duration::from_secs(20);

    fn queue(room: usize) -> Arc<Queue> {
        Arc::new(Queue::new(room, Duration::from_millis(1), Counts::default()))
    }

    fn soon() -> Instant {
        Instant::now() + SOON
    }

    /// A writer whose every write waits for a word, and what it wrote.
    fn stalled(queue: &Arc<Queue>) -> (mpsc::Sender<()>, mpsc::Receiver<Vec<u8>>) {
        let (go, gone) = mpsc::channel();
        let (write, written) = mpsc::channel();
        let working = Arc::clone(queue);
        std::thread::spawn(move || {
            let out = |bytes: &[u8]| {
                gone.recv().unwrap();
                write.send(bytes.to_vec()).unwrap();
                Ok(bytes.len())
            };
            working.work(out, |lost| working.push(format!("{lost} lost\n").as_bytes()));
        });
        (go, written)
    }

    /// Logging does not wait for a reader that does not read. Lost lines are reported where they are missing.
    #[test]
    fn a_stalled_reader_holds_nobody_up() {
        let queue = queue(16);
        let (go, written) = stalled(&queue);
        queue.push(b"first\n");
        while !queue.locked().is_writing {
            std::thread::yield_now();
        }
        for _ in 0..1_000 {
            queue.push(b"another\n");
        }
        queue.push(b"\n");
        assert_eq!(queue.counts.lost.get(), 999);
        (0..3).for_each(|_| go.send(()).unwrap());
        let read: Vec<Vec<u8>> = (0..3).map(|_| written.recv_timeout(SOON).unwrap()).collect();
        assert_eq!(read, [&b"first\n"[..], b"another\nanother\n", b"999 lost\n"]);
        queue.written(soon());
        queue.push(b"on\n");
        go.send(()).unwrap();
        assert!(queue.close(soon()));
        assert_eq!(written.recv_timeout(SOON).unwrap(), b"on\n");
        assert_eq!(queue.counts.faults.get(), 0);
    }

    /// The end of the process waits for a limited time.
    #[test]
    fn closing_is_bounded() {
        let queue = queue(16);
        let (go, _written) = stalled(&queue);
        queue.push(b"first\n");
        assert!(!queue.close(Instant::now() + Duration::from_millis(20)));
        go.send(()).unwrap();
        assert!(queue.close(soon()));
    }

    /// Where there is no room for a while, nothing is lost, and every line is whole.
    #[test]
    fn a_full_disk_is_tried_again_from_where_it_ended() {
        let queue = queue(1_000);
        let (mut tries, mut log) = (0, Vec::new());
        queue.push(b"one\ntwo\n");
        queue.push("three: 한\n".as_bytes());
        let out = |bytes: &[u8]| {
            tries += 1;
            match tries % 5 {
                0 => Ok(0),
                1 => Err(Error::from(ErrorKind::Interrupted)),
                2 => Err(Error::from(ErrorKind::StorageFull)),
                3 => Err(Error::from(ErrorKind::WouldBlock)),
                _ => {
                    let some = bytes.len().min(3);
                    log.extend_from_slice(&bytes[..some]);
                    // It is open until the last byte.
                    queue.locked().is_closed = bytes.len() <= 3;
                    Ok(some)
                }
            }
        };
        queue.work(out, |_| panic!("none is lost"));
        assert_eq!(String::from_utf8(log).unwrap(), "one\ntwo\nthree: 한\n");
        assert!(queue.counts.faults.get() > 5);
    }

    /// Nobody reads any more: the losses are counted, and the end waits for nothing.
    #[test]
    fn what_cannot_be_written_at_the_end_is_counted() {
        let queue = queue(1_000);
        queue.push(b"one\ntwo\n");
        queue.locked().is_closed = true;
        queue.work(|_| Err(Error::from(ErrorKind::BrokenPipe)), |_| {});
        assert_eq!((queue.counts.faults.get(), queue.counts.lost.get()), (1, 2));
        assert!(queue.close(soon()));
    }

    /// A panic of the writer does not stop those who log. Another writer writes what waits.
    #[test]
    fn a_writer_that_panicked_leaves_what_waits_to_another() {
        let queue = queue(1_000);
        queue.push(b"one\n");
        let work = AssertUnwindSafe(|| queue.work(|_| panic!("as a test"), |_| {}));
        assert!(std::panic::catch_unwind(work).is_err());
        queue.push(b"two\n");
        queue.written(soon());
        assert!(!queue.close(soon()), "nobody writes");
        let mut log = Vec::new();
        let out = |bytes: &[u8]| {
            log.extend_from_slice(bytes);
            Ok(bytes.len())
        };
        queue.work(out, |_| {});
        assert!(queue.close(soon()));
        assert_eq!(log, b"two\n");
    }

    /// A line that is longer than all room is lost alone.
    #[test]
    fn a_line_that_never_fits_is_lost_alone() {
        let queue = queue(8);
        let (go, written) = stalled(&queue);
        queue.push(b"far too long\n");
        go.send(()).unwrap();
        assert_eq!(written.recv_timeout(SOON).unwrap(), b"1 lost\n");
        queue.written(soon());
        queue.push(b"short\n");
        go.send(()).unwrap();
        assert_eq!(written.recv_timeout(SOON).unwrap(), b"short\n");
        assert!(queue.close(soon()));
    }
}
