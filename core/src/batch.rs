//! Load, decide, save, a batch at a time: the part of it that is pure.

use crate::command::Command;
use crate::limits::LOAD_ROUNDS_MAX;
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::rows::idempotency::{Key, Record};
use crate::rows::{Keys, Rows, want};
use crate::time::Time;

/// A command as it arrives.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// What is to be done.
    pub command: Command,
    /// The request's idempotency key, if it carries one.
    pub key: Option<Key>,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What it did, or why not.
    pub result: Result<Outcome, Refusal>,
    /// Whether this is the stored reply of an earlier request.
    pub replayed: bool,
}

/// Loads all rows that the commands touch: names them, has `load` fetch what is new, and asks again
/// until nothing new is named. At most [`LOAD_ROUNDS_MAX`] rounds.
///
/// # Errors
/// Whatever `load` fails with.
pub fn load_all<E>(
    envelopes: &[Envelope],
    rows: &mut Rows,
    mut load: impl FnMut(&Keys, &mut Rows) -> Result<(), E>,
) -> Result<(), E> {
    for _ in 0..LOAD_ROUNDS_MAX {
        let mut keys = Keys::default();
        for envelope in envelopes {
            envelope.command.keys(rows, &mut keys);
            if let Some(key) = &envelope.key {
                want(&mut keys.idempotency, &rows.idempotency, (key.scope, key.key.clone()));
            }
        }
        if keys.is_empty() {
            break;
        }
        load(&keys, rows)?;
    }
    Ok(())
}

/// Decides the commands one after another on the loaded rows, in the order of arrival.
pub fn run(envelopes: &[Envelope], rows: &mut Rows, now: Time) -> Vec<Reply> {
    envelopes.iter().map(|envelope| run_one(envelope, rows, now)).collect()
}

fn run_one(envelope: &Envelope, rows: &mut Rows, now: Time) -> Reply {
    let Some(key) = &envelope.key else {
        return Reply { result: envelope.command.decide(rows, now), replayed: false };
    };
    let id = (key.scope, key.key.clone());
    if let Some(record) = rows.idempotency.get(&id) {
        match record.replay(&key.fingerprint, now) {
            Ok(None) => {}
            Ok(Some(outcome)) => {
                return Reply { result: Ok(outcome), replayed: true };
            }
            Err(refusal) => {
                return Reply { result: Err(refusal), replayed: false };
            }
        }
    }
    let result = envelope.command.decide(rows, now);
    if let Ok(outcome) = &result {
        let record =
            Record { fingerprint: key.fingerprint, outcome: outcome.clone(), created_at: now };
        rows.idempotency.insert(id, record);
    }
    Reply { result, replayed: false }
}
