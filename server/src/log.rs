//! The log: one line for each event on standard error, as text or as JSON. Text from outside cannot start a new
//! line or control a terminal. What anybody can cause at will is bounded. Logging neither fails nor waits: a thread
//! writes the lines.

mod filter;
mod queue;

pub use filter::{DEFAULT, usual};
pub use queue::Counts;

use crate::rates::{Limiter, Rate, Told};
use crate::supervisor::{Supervisor, within};
use queue::{AGAIN_AFTER, Ending, Queue, WAITING_MAX};
use serde_json::{Map, Value};
use std::io::{self, Write};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{Duration, Instant};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

/// How long the end of the process waits until all lines are written.
const FINISH_MAX: Duration = Duration::from_secs(2);
/// How long a panicking thread waits until its line is written: it may be the last thing that the process does.
const PANIC_MAX: Duration = Duration::from_millis(100);

/// The format of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

impl Format {
    /// The name that the setting has for it.
    #[must_use]
    pub fn of(setting: &str) -> Option<Self> {
        match setting {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// The log of this process, once [`start`] was called.
struct Log {
    queue: Arc<Queue>,
    format: Format,
}

static LOG: OnceLock<Log> = OnceLock::new();
static COUNTS: LazyLock<Counts> = LazyLock::new(Counts::default);

/// What the log cannot write about itself.
#[must_use]
pub fn counts() -> Counts {
    COUNTS.clone()
}

/// Not `io::stderr()`: one thread that waits there would block all others.
fn write(queue: &Queue) {
    let out = |bytes: &[u8]| rustix::io::write(io::stderr(), bytes).map_err(io::Error::from);
    let tell = |lines| tracing::error!(lines, "lines of the log were lost here");
    queue.work(out, tell);
}

/// Starts the log, and logs the panics of all threads. `supervisor` watches the thread that writes.
///
/// # Errors
/// The filter is not usable, or the system gives no thread. The text says which.
pub fn start(filter: &str, format: Format, supervisor: &Supervisor) -> Result<(), String> {
    let filter = EnvFilter::try_new(usual(filter)?).map_err(|error| error.to_string())?;
    let queue = Arc::new(Queue::new(WAITING_MAX, AGAIN_AFTER, counts()));
    let to = Arc::clone(&queue);
    // Without colours, since a terminal's codes are escaped. Internal errors would go to standard error past the
    // queue, by a call that panics where it cannot write.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    let log = log.log_internal_errors(false).with_writer(move || Clean(Lines(Arc::clone(&to))));
    match format {
        Format::Text => log.init(),
        Format::Json => {
            log.json().flatten_event(true).with_current_span(false).with_span_list(false).init()
        }
    }
    // Its end is known whenever it ends, before its first line as well.
    let writing = Ending(Arc::clone(&queue));
    let writer = supervisor.thread("the log", move || write(&writing.0));
    writer.map_err(|error| error.to_string())?;
    let watched = Arc::clone(&queue);
    std::panic::set_hook(Box::new(move |panic| {
        let why = panic.payload_as_str().unwrap_or("no text");
        let place = panic.location().map(ToString::to_string);
        let trace = std::backtrace::Backtrace::capture();
        let traced = trace.status() == std::backtrace::BacktraceStatus::Captured;
        let trace = traced.then(|| trace.to_string());
        tracing::error!(why, place, trace, "a panic");
        watched.written(Instant::now() + PANIC_MAX);
    }));
    // A process has one log.
    let _ = LOG.set(Log { queue, format });
    Ok(())
}

/// A line of the JSON log with this message and `more`, whatever the filter.
#[must_use]
pub fn object(level: &str, message: &str, more: Map<String, Value>) -> String {
    let mut at = String::new();
    // Writing to a String cannot fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut at));
    let told = [("timestamp", at), ("level", level.into()), ("message", message.into())];
    let told = told.map(|(name, value)| (name.to_owned(), Value::String(value)));
    clean(&Value::Object(told.into_iter().chain(more).collect()).to_string()) + "\n"
}

/// Says why the process ends: in the log, once there is one, else on standard error.
pub fn say(why: &str) {
    let text = format!("boxoffice: {why}\n");
    let Some(log) = LOG.get() else {
        // Nobody reads it; the exit code says it as well.
        let _ = io::stderr().write_all(text.as_bytes());
        return;
    };
    match log.format {
        Format::Text => log.queue.push(text.as_bytes()),
        Format::Json => log.queue.push(object("ERROR", text.trim_end(), Map::new()).as_bytes()),
    }
}

/// Writes the lines that wait, at the end of the process, for a limited time.
pub fn finish() {
    let Some(log) = LOG.get() else { return };
    let until = Instant::now() + FINISH_MAX;
    let is_written = log.queue.close(until);
    let left = until.saturating_duration_since(Instant::now());
    if !is_written && !left.is_zero() {
        // The writer has panicked.
        let queue = Arc::clone(&log.queue);
        let _ = within(left, move || write(&queue));
    }
}

/// Lines on their way to the log.
struct Lines(Arc<Queue>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a character would end the line, control a terminal, or be invisible.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

/// A line that is safe to write: invisible characters are escaped as in JSON. In a JSON line that keeps the value,
/// since they can only be within a string.
#[must_use]
pub fn clean(line: &str) -> String {
    let mut cleaned = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\n' => cleaned.push_str("\\n"),
            '\r' => cleaned.push_str("\\r"),
            '\t' => cleaned.push_str("\\t"),
            c if is_unseen(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    cleaned.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => cleaned.push(c),
        }
    }
    cleaned
}

/// A whole number as people read it: 165,000.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writes each event as one safe line. Each call has one whole event.
struct Clean<W>(W);

impl<W: Write> Write for Clean<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let mut line = clean(text.strip_suffix('\n').unwrap_or(&text));
        line.push('\n');
        self.0.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Lines of one kind that one address may cause at once, and each minute.
const OF_ADDRESS: Rate = Rate::new(10, 6);
/// The same of all addresses.
const OF_ALL: Rate = Rate::new(60, 60);
/// Addresses that are remembered.
const ADDRESSES_MAX: usize = 10_000;

/// Bounds the lines of one kind that anybody can cause: a flood must not fill the disk, and one address must not
/// hide another.
pub struct Bounded {
    of_address: Limiter<IpAddr>,
    of_all: Limiter<()>,
    left_out: AtomicU64,
}

impl Default for Bounded {
    fn default() -> Self {
        Self {
            of_address: Limiter::new(OF_ADDRESS, ADDRESSES_MAX, Told::default()),
            of_all: Limiter::new(OF_ALL, 1, Told::default()),
            left_out: AtomicU64::new(0),
        }
    }
}

impl Bounded {
    /// Whether a line caused by this address, where it is known, may be written; and how many were left out since the
    /// last one.
    #[must_use]
    pub fn may(&self, address: Option<IpAddr>) -> Option<u64> {
        let one = NonZeroU32::MIN;
        let by_address = address.is_none_or(|address| self.of_address.take(&address, one).is_ok());
        if by_address && self.of_all.take(&(), one).is_ok() {
            return Some(self.left_out.swap(0, Ordering::Relaxed));
        }
        self.left_out.fetch_add(1, Ordering::Relaxed);
        None
    }
}

/// What work on this thread logs.
#[cfg(test)]
pub(crate) fn captured<T>(work: impl FnOnce() -> T) -> (T, String) {
    use std::sync::{Arc, Mutex};
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);
    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("nobody panics with it").write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let kept = Kept::default();
    let writer = kept.clone();
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || Clean(writer.clone()));
    let done = tracing::subscriber::with_default(log.finish(), work);
    let log = kept.0.lock().expect("nobody panics with it").clone();
    (done, String::from_utf8(log).expect("text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_turns_the_line_or_steers_a_terminal() {
        let hostile = "a\nINFO forged\r\u{1b}[2J\u{7f}\u{9b}\u{202e}b\u{feff}한\u{e0041}";
        let mut log = Vec::new();
        Clean(&mut log).write_all(format!("{hostile}\n").as_bytes()).unwrap();
        let line = String::from_utf8(log).unwrap();
        let clean = line.strip_suffix('\n').unwrap();
        assert!(!clean.chars().any(is_unseen), "{clean:?}");
        assert_eq!(
            clean,
            "a\\nINFO forged\\r\\u001b[2J\\u007f\\u009b\\u202eb\\ufeff한\\udb40\\udc41"
        );
        let json = serde_json::to_string(hostile).unwrap();
        let read: String = serde_json::from_str(&super::clean(&json)).unwrap();
        assert_eq!(read, hostile, "of JSON it is the same value");
    }

    #[test]
    fn a_flood_is_bounded_and_counted_and_hides_nobody() {
        let bounded = Bounded::default();
        let [one, other] = [1, 2].map(|n| Some(IpAddr::from([192, 0, 2, n])));
        let told = (0..1_000).filter(|_| bounded.may(one).is_some()).count();
        assert_eq!(told, 10);
        assert_eq!(bounded.may(other), Some(990), "another is told of, and what was left out");
        let all = (0..1_000).filter(|_| bounded.may(None).is_some()).count();
        assert!((49..55).contains(&all), "{all}");
    }
}
