//! Answers as text for snapshots. What differs from run to run is replaced by a name: ids by their
//! order of appearance, tokens, digests and ETags by what they are. Times stay: the clock is set.

use super::ask::Seen;
use boxoffice_core::id::Uuid;
use serde_json::Value;

/// Headers that are part of the contract.
const HEADERS: [&str; 8] = [
    "content-type",
    "content-language",
    "retry-after",
    "cache-control",
    "etag",
    "location",
    "idempotent-replayed",
    "allow",
];

fn named(text: &str, ids: &mut Vec<String>) -> Option<String> {
    if Uuid::try_parse(text).is_ok() {
        let known = ids.iter().position(|id| id == text).unwrap_or(ids.len());
        if known == ids.len() {
            ids.push(text.to_owned());
        }
        return Some(format!("[id {}]", known + 1));
    }
    if text.starts_with("ey") && text.matches('.').count() == 2 {
        return Some("[token]".to_owned());
    }
    let hex = |c: char| c.is_ascii_hexdigit();
    (text.len() == 64 && text.chars().all(hex)).then(|| "[32 bytes]".to_owned())
}

fn redact(value: &mut Value, ids: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            if let Some(name) = named(text, ids) {
                *text = name;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, ids)),
        Value::Object(members) => members.values_mut().for_each(|item| redact(item, ids)),
        _ => {}
    }
}

/// One line for each seat and entry, many for the rest.
fn body_text(seen: &Seen) -> String {
    let Ok(mut value) = serde_json::from_slice::<Value>(&seen.body) else {
        return String::from_utf8_lossy(&seen.body).into_owned();
    };
    redact(&mut value, &mut Vec::new());
    let Value::Object(members) = value else {
        return value.to_string();
    };
    let lines: Vec<String> =
        members.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    lines.join("\n")
}

pub fn shown(seen: &Seen) -> String {
    let mut lines = vec![seen.status.to_string()];
    for name in HEADERS {
        match (name, seen.header(name)) {
            // In every answer that does not say otherwise; one test looks at that.
            (_, "") | ("cache-control", "no-store") => {}
            ("etag", _) => lines.push("etag: [etag]".to_owned()),
            (_, value) => lines.push(format!("{name}: {value}")),
        }
    }
    if !seen.body.is_empty() {
        lines.push(String::new());
        lines.push(body_text(seen));
    }
    lines.join("\n")
}
