//! Stored replies as columns and back.

use super::columns;
use boxoffice_core::id::Uuid;
use boxoffice_core::idempotency::Record as Reply;

columns! {
    Reply[(Uuid, String)] in "idempotency_key", found by scope_id, idempotency_key;
    |key, row|
    key { scope_id: key.0, idempotency_key: key.1 }
    fixed {}
    mutable { fingerprint: row.fingerprint, reply: row.outcome, created_at: row.created_at }
    read (scope_id, idempotency_key) => Reply { fingerprint, outcome: reply, created_at }
}
