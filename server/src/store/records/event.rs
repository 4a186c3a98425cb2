//! Events as columns and back.

use super::column::corrupt;
use super::{Cell, columns};
use crate::store::fault::Fault;
use boxoffice_core::event::{Event, Happening, Subjects};
use boxoffice_core::id::EventKey;
use serde_json::{Value, json};
use std::borrow::Cow;

/// What is told of it, as JSON: cut out of the whole, which begins with its kind, since making a tree of it first
/// would take longer than all the rest of it.
fn data(what: &Happening) -> Cell<'static> {
    const BEGIN: &str = r#","data":"#;
    // Plain data with string keys; writing it as JSON cannot fail.
    let mut all = serde_json::to_string(what).unwrap_or_default();
    let begin = all.find(BEGIN).map_or(0, |at| at + BEGIN.len());
    all.drain(..begin);
    all.pop();
    Cell::Text(Cow::Owned(all))
}

fn happened(kind: &str, data: &str) -> Result<Happening, Fault> {
    let data: Value = serde_json::from_str(data).map_err(|_| corrupt("event"))?;
    let all = json!({ "kind": kind.replacen('.', "_", 1), "data": data });
    serde_json::from_value(all).map_err(|_| corrupt("event"))
}

columns! {
    Event[EventKey] in "event", found by node_number, event_number;
    |key, row|
    key { node_number: key.node, event_number: key.number }
    fixed {
        created_at: row.created_at,
        kind: Cell::Text(Cow::Owned(row.what.kind())),
        concert_id: row.subjects.concert,
        concert_date_id: row.subjects.date,
        user_id: row.subjects.user,
        data: data(&row.what),
    }
    mutable {}
    read EventKey { node: node_number, number: event_number } => {
        let (kind, data): (String, String) = (kind, data);
        Event {
            created_at,
            subjects: Subjects { concert: concert_id, date: concert_date_id, user: user_id },
            what: happened(&kind, &data)?,
        }
    }
}
