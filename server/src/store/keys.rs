//! Operators' keys: written by the admin verbs, beside running servers.

use super::fault::Fault;
use super::reads::ApiKey;
use boxoffice_core::id::Uuid;
use boxoffice_core::time::Time;

/// The table of operators' keys.
pub trait OperatorKeys {
    /// Adds a key by the hash of its secret.
    ///
    /// # Errors
    /// The database is not available.
    fn create(&mut self, id: Uuid, name: &str, hash: &[u8; 32], now: Time) -> Result<(), Fault>;

    /// Every key, oldest first.
    ///
    /// # Errors
    /// The database is not available.
    fn list(&mut self) -> Result<Vec<ApiKey>, Fault>;

    /// Revokes a key. Returns whether there was a live one.
    ///
    /// # Errors
    /// The database is not available.
    fn revoke(&mut self, id: Uuid, now: Time) -> Result<bool, Fault>;
}
