//! The log: one line an event on standard error, as text or as JSON. What comes from outside cannot turn
//! the line or steer a terminal, and what anybody can cause at will is bounded.

use crate::rates::{Limiter, Rate, Told};
use std::io::{self, Write};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use tracing_subscriber::EnvFilter;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// An object a line, for programs.
    Json,
}

impl Format {
    /// As the setting says it.
    #[must_use]
    pub fn of(setting: &str) -> Option<Self> {
        match setting {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// Whether a filter can be used.
///
/// # Errors
/// It cannot; why.
pub fn check(filter: &str) -> Result<(), String> {
    EnvFilter::try_new(filter).map(|_| ()).map_err(|error| error.to_string())
}

/// Begins to log, panics of whatever thread as well.
///
/// # Errors
/// The filter cannot be used; why.
pub fn start(filter: &str, format: Format) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| error.to_string())?;
    // Without colours: a terminal's codes are among what is escaped.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    let log = log.with_writer(|| Clean(io::stderr()));
    match format {
        Format::Text => log.init(),
        Format::Json => {
            log.json().flatten_event(true).with_current_span(false).with_span_list(false).init()
        }
    }
    std::panic::set_hook(Box::new(|panic| {
        let why = panic.payload_as_str().unwrap_or("no text");
        let place = panic.location().map(ToString::to_string);
        let trace = std::backtrace::Backtrace::capture();
        let traced = trace.status() == std::backtrace::BacktraceStatus::Captured;
        let trace = traced.then(|| trace.to_string());
        tracing::error!(why, place, trace, "a panic");
    }));
    Ok(())
}

/// Whether a character would turn the line, steer a terminal, or be unseen.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

/// A line as it may be written: what is unseen in it as JSON escapes it. Of JSON that is the same value,
/// since raw it can only stand within a string.
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

/// Writes each event as one clean line. It is handed a whole one at a time.
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

/// Lines of one kind that one address may cause at once, and a minute then.
const OF_ADDRESS: Rate = Rate::new(10, 6);
/// The same of all addresses.
const OF_ALL: Rate = Rate::new(60, 60);
/// Addresses that are remembered.
const ADDRESSES_MAX: usize = 10_000;

/// Bounds lines of one kind that anybody can cause: a flood must not fill the disk, and one address must
/// not hide another.
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
    /// Whether a line may be written that this address has caused, where it is known: how many were left
    /// out since the last.
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
