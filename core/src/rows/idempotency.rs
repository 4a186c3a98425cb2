//! Idempotency keys: the same request again gets the stored reply, another request under the same
//! key is refused. Only what changed something is stored: a refusal has changed nothing, so that a
//! retry of it is decided anew (and a payment that failed for want of money can be repeated).

use crate::id::Uuid;
use crate::limits::IDEMPOTENCY_KEEP_MS;
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::time::Time;
use sha2::{Digest, Sha256};

/// What makes two requests the same: SHA-256 over method, path and body.
pub type Fingerprint = [u8; 32];

/// Computes a [`Fingerprint`].
#[must_use]
pub fn fingerprint(method: &str, path: &str, body: &[u8]) -> Fingerprint {
    let head = Sha256::new().chain_update(method).chain_update([0]).chain_update(path);
    head.chain_update([0]).chain_update(body).finalize().into()
}

/// The key that a request carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Whose key space: the user's (or operator key's) id.
    pub scope: Uuid,
    /// As the client sent it.
    pub key: String,
    /// Of the request.
    pub fingerprint: Fingerprint,
}

/// A row of `idempotency_key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Of the request that was run.
    pub fingerprint: Fingerprint,
    /// What it did.
    pub outcome: Outcome,
    /// When.
    pub created_at: Time,
}

impl Record {
    /// The stored reply for a request with this fingerprint; `None` when the record is too old to
    /// count. Refuses with: idempotency key reused.
    pub fn replay(&self, fingerprint: &Fingerprint, now: Time) -> Result<Option<Outcome>, Refusal> {
        if now.reached(self.created_at.plus_ms(IDEMPOTENCY_KEEP_MS)) {
            return Ok(None);
        }
        ensure!(self.fingerprint == *fingerprint, Refusal::IdempotencyKeyReused);
        Ok(Some(self.outcome.clone()))
    }
}
