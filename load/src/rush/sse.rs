//! Server-Sent Events as a browser reads them: lines of fields, an empty line ends an event.

use std::io;

/// An event, at most: the whole map of the largest date is far smaller.
const EVENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// What kind it is.
    pub name: String,
    /// Its text.
    pub data: String,
}

/// Makes events of bytes as they come, however they are cut.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    event: Event,
    has_data: bool,
}

impl Parser {
    /// The events that these bytes end.
    ///
    /// # Errors
    /// An event is too large, or no text.
    pub fn feed(&mut self, bytes: &[u8]) -> io::Result<Vec<Event>> {
        let mut events = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.len() + self.event.data.len() > EVENT_BYTES_MAX {
                return Err(io::Error::other("an event is too large"));
            }
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                let line = std::str::from_utf8(&line).map_err(io::Error::other)?;
                events.extend(self.take(line.trim_end_matches(['\n', '\r'])));
            }
        }
        Ok(events)
    }

    fn take(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.has_data).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            // Comments have an empty name; ids and times to retry after are a browser's.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_the_same_however_their_bytes_are_cut() {
        let text = ": hello\n\nid: 7\nevent: seats\ndata: {\"a\":\ndata: 1}\nretry: 9\n\nevent: end\r\ndata:x\r\n\r\nevent: none\n\ndata: rest";
        let event = |name: &str, data: &str| Event { name: name.into(), data: data.into() };
        let expected = [event("seats", "{\"a\":\n1}"), event("end", "x")];
        for size in 1..text.len() {
            let mut parser = Parser::default();
            let parts = text.as_bytes().chunks(size);
            let events: Vec<Event> = parts.flat_map(|part| parser.feed(part).unwrap()).collect();
            assert_eq!(events, expected, "{size}");
        }
        assert!(Parser::default().feed(b"data: \xff\n").is_err());
        assert!(Parser::default().feed(&vec![b'x'; EVENT_BYTES_MAX + 1]).is_err());
    }
}
