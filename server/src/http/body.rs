//! Reading JSON: its texts have one Unicode form before anything looks at them, and what is wrong is told
//! with the place where it stands (RFC 6901).

use super::lang::Lang;
use super::parse::{self, REASON_CHARS};
use super::problem::{Code, Problem};
use super::strict::{self, Strict};
use crate::sheet::FAULTS_LISTED_MAX;
use crate::text;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serde_path_to_error::{Path, Segment};
use std::borrow::Cow;

/// Characters of a value that a fault shows.
pub(super) const VALUE_CHARS: usize = 60;

/// Reads a value. Its texts are in composed form and hold nothing that cannot be seen, but for usernames
/// and passwords, which are left as they came: older accounts may have any, see [`crate::text::Names`] and
/// [`crate::text::passwords`].
///
/// # Errors
/// It is not what the route takes, or a text of it is refused.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = composed(bytes)?;
    strict::from_slice(&bytes).map_err(|error| {
        let problem = parse::told(Problem::of(Code::InvalidBody), &error);
        match place::<T>(&bytes) {
            Some(pointer) => problem.with("pointer", pointer),
            None => problem,
        }
    })
}

/// Where the value is not what is read; none where it is the whole.
fn place<T: DeserializeOwned>(bytes: &[u8]) -> Option<String> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let json = Strict(&mut deserializer);
    let error = serde_path_to_error::deserialize::<_, T>(json).err()?;
    let pointer = pointer(error.path());
    (!pointer.is_empty()).then_some(pointer)
}

fn pointer(path: &Path) -> String {
    let part = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(format!("/{index}")),
        Segment::Map { key } => Some(format!("/{}", escaped(key))),
        Segment::Enum { .. } | Segment::Unknown => None,
    };
    let pointer: String = path.iter().filter_map(part).collect();
    text::printable(&pointer, REASON_CHARS)
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Whether the member is read by the form of its own.
fn is_kept(key: &str) -> bool {
    key == "username" || key.ends_with("password")
}

/// The body with its texts composed. Most bodies are ASCII without escapes: those are left alone.
fn composed(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Problem> {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t') && *byte != b'\\';
    if bytes.iter().all(plain) {
        return Ok(bytes.into());
    }
    // What is no JSON is refused by whoever reads it.
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return Ok(bytes.into()) };
    let mut faults = Vec::new();
    check(&value, "", "", &mut faults);
    if !faults.is_empty() {
        return Err(refused(&faults));
    }
    let text = std::str::from_utf8(bytes).map(rewritten);
    Ok(text.map_or(bytes.into(), |text| text.into_bytes().into()))
}

/// Where a text stands, what it is, and why it is refused.
type Wrong = (String, String, text::Fault);

fn check(value: &Value, at: &str, key: &str, faults: &mut Vec<Wrong>) {
    match value {
        Value::String(text) if !is_kept(key) => {
            // The one text that has lines.
            let plain = if at.starts_with("/about/") { text::plain_lines } else { text::plain };
            if let Err(fault) = plain(text) {
                faults.push((at.to_owned(), text::printable(text, VALUE_CHARS), fault));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check(item, &format!("{at}/{index}"), key, faults);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                check(member, &format!("{at}/{}", escaped(name)), name, faults);
            }
        }
        _ => {}
    }
}

fn refused(faults: &[Wrong]) -> Problem {
    let list = |lang| -> Vec<Value> {
        let shown = |(pointer, value, fault): &Wrong| {
            let detail = if lang == Lang::Ko { fault.ko() } else { fault.en() };
            let pointer = text::printable(pointer, REASON_CHARS);
            json!({ "pointer": pointer, "value": value, "reason": fault.code(), "detail": detail })
        };
        faults.iter().take(FAULTS_LISTED_MAX).map(shown).collect()
    };
    Problem::of(Code::InvalidText).with("faults_total", faults.len()).in_words(
        "faults",
        list(Lang::En),
        list(Lang::Ko),
    )
}

/// A member of the body whose text is not taken.
#[must_use]
pub fn refused_text(field: &str, fault: text::Fault) -> Problem {
    use text::Fault::{Broken, Control, Invisible, Turn};
    let code = match fault {
        Control(_) | Turn(_) | Invisible(_) | Broken(_) => Code::InvalidText,
        _ => Code::InvalidBody,
    };
    let problem = Problem::of(code).with("field", field).with("pointer", format!("/{field}"));
    problem.with("reason", fault.code()).in_words("detail", fault.en(), fault.ko())
}

/// The string at the beginning of a text, with its quotes.
fn literal(text: &str) -> Option<&str> {
    let mut escaped = false;
    let close = text.bytes().enumerate().skip(1).find(|(_, byte)| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    text.get(..=close?.0)
}

/// JSON with every text of it composed; all else stays as it is, doubled members too.
fn rewritten(json: &str) -> String {
    let (mut out, mut rest, mut key) = (String::with_capacity(json.len()), json, String::new());
    while let Some(open) = rest.find('"') {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        let Some(literal) = literal(from) else {
            rest = from;
            break;
        };
        rest = &from[literal.len()..];
        let value: Option<String> = serde_json::from_str(literal).ok();
        let is_key = rest.trim_start().starts_with(':');
        match value {
            Some(value) if is_key => {
                key = value;
                out.push_str(literal);
            }
            Some(value) if !is_kept(&key) => {
                let text = text::plain(&value).unwrap_or(value);
                out.push_str(&Value::String(text).to_string());
            }
            _ => out.push_str(literal),
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Body {
        name: String,
        #[serde(default)]
        parts: Vec<Part>,
        #[serde(default)]
        password: String,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Part {
        zone: String,
    }

    fn problem(text: &str) -> (Code, String) {
        let problem = read::<Body>(text.as_bytes()).expect_err(text);
        (problem.code(), format!("{problem:?}"))
    }

    #[test]
    fn texts_are_composed_but_for_passwords() {
        let text =
            r#"{"name":"Cafe\u0301 \"\\","parts":[{"zone":"é"}],"password":"e\u0301\u0000"}"#;
        let body: Body = read(text.as_bytes()).unwrap();
        assert_eq!(body.name, "Café \"\\");
        assert_eq!(body.parts[0].zone, "é");
        assert_eq!(body.password, "e\u{301}\0");
    }

    /// F16: wherever a text comes in, and however it is written.
    #[test]
    fn what_cannot_be_seen_is_refused_with_its_place() {
        for text in [r#"{"name":"a\u0000b"}"#, "{\"name\":\"a\u{202E}b\"}", "{\"name\":\"\u{7F}\"}"]
        {
            assert_eq!(problem(text).0, Code::InvalidText, "{text}");
        }
        let (code, shown) = problem(r#"{"name":"a","parts":[{"zone":"b"},{"zone":"\u3164"}]}"#);
        assert!(code == Code::InvalidText && shown.contains("/parts/1/zone"), "{shown}");
    }

    #[test]
    fn what_is_no_value_is_told_with_its_place() {
        let (_, shown) = problem(r#"{"name":"a","parts":["b"]}"#);
        assert!(shown.contains("must be an object"), "{shown}");
        let (code, shown) = problem(r#"{"name":"a","parts":[{"zone":1}]}"#);
        assert!(code == Code::InvalidBody && shown.contains("/parts/0/zone"), "{shown}");
        for text in ["{\"name\":\"é\",\"name\":\"é\"}", "{\"name\":\"é", "\"é", "{\"é\\", "", "é"]
        {
            assert_eq!(problem(text).0, Code::InvalidBody, "{text}");
        }
    }
}
