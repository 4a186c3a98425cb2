//! Keys in the database, written beside running servers: those of operators by the admin verbs, and public keys of
//! tickets by servers before they sign.

use super::fault::Fault;
use super::reads::ApiKey;
use super::records::Source;
use boxoffice_core::id::Uuid;
use boxoffice_core::time::Time;

/// The columns that [`read`] takes, as every select names them.
pub const COLUMNS: &str = "api_key_id, key_name, created_at, revoked_at";

/// Live keys that a server takes, at most: the newest.
pub const LIVE_KEYS_MAX: usize = 10_000;

/// A live key: the hash of its secret, its id, its name.
pub type LiveKey = ([u8; 32], Uuid, String);

/// The statement for [`super::reads::Reads::api_keys`], in either dialect.
pub(super) fn live() -> String {
    format!(
        "SELECT api_key_id, key_hash, key_name FROM api_key WHERE revoked_at IS NULL \
         ORDER BY api_key_id DESC LIMIT {LIVE_KEYS_MAX}"
    )
}

/// A live key from [`live`].
pub(super) fn read_live(source: &dyn Source) -> Result<LiveKey, Fault> {
    let id = source.uuid(0)?.unwrap_or(Uuid::nil());
    Ok((source.bytes32(1)?, id, source.text(2)?.unwrap_or_default()))
}

/// A key from [`COLUMNS`].
///
/// # Errors
/// A column holds what no boxoffice has written.
pub fn read(source: &dyn Source) -> Result<ApiKey, Fault> {
    Ok(ApiKey {
        id: source.uuid(0)?.unwrap_or(Uuid::nil()),
        name: source.text(1)?.unwrap_or_default(),
        created_at: Time(source.int(2)?.unwrap_or_default()),
        revoked_at: source.int(3)?.map(Time),
    })
}

/// Public keys of tickets that are told, at most: the newest.
pub const TICKET_KEYS_MAX: usize = 1_000;

/// A public key of tickets that was not revoked, and when it was made.
pub type TicketKey = ([u8; 32], Time);

/// The statement for [`super::reads::Reads::ticket_keys`], in either dialect.
pub(super) fn ticket_keys() -> String {
    format!(
        "SELECT public_key, created_at FROM ticket_key WHERE revoked_at IS NULL \
         ORDER BY created_at DESC, public_key LIMIT {TICKET_KEYS_MAX}"
    )
}

/// A key from [`ticket_keys`].
pub(super) fn read_ticket_key(source: &dyn Source) -> Result<TicketKey, Fault> {
    Ok((source.bytes32(0)?, Time(source.int(1)?.unwrap_or_default())))
}

/// The tables of keys.
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

    /// Adds a public key of tickets where it is not there yet. Returns whether it counts: one that was revoked does
    /// not.
    ///
    /// # Errors
    /// The database is not available.
    fn publish(&mut self, key: &TicketKey) -> Result<bool, Fault>;

    /// Every public key of tickets that counts, the newest first.
    ///
    /// # Errors
    /// The database is not available.
    fn published(&mut self) -> Result<Vec<TicketKey>, Fault>;

    /// Revokes a public key of tickets. Returns whether it counted.
    ///
    /// # Errors
    /// The database is not available.
    fn withdraw(&mut self, public_key: &[u8; 32], now: Time) -> Result<bool, Fault>;
}
