//! Making an operator's key, on the database itself: the first key cannot be asked for with a key.

use crate::Failure;
use crate::clock::Clock;
use crate::config::Config;
use crate::database::{self, For};
use crate::text;
use crate::tokens::{api_key_hash, random};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use uuid::Uuid;

/// Makes an operator's key in a database that is there. Returns its secret, of which the database has the hash
/// alone.
///
/// # Errors
/// The database cannot be used, or there is none.
pub fn secret(config: &Config, name: &str) -> Result<String, Failure> {
    make(config, name, For::Changes).map(|(_, secret)| secret)
}

/// Makes an operator's key. Returns its id and its secret.
///
/// # Errors
/// The database cannot be used.
pub fn make(config: &Config, name: &str, what: For) -> Result<(Uuid, String), Failure> {
    let name = text::title(name).map_err(|fault| format!("the name {}", fault.en()))?;
    let secret = format!("bo_{}", BASE64.encode(random::<32>()?));
    let id = Uuid::now_v7();
    let hash = api_key_hash(&secret);
    database::keys(config, what)?.create(id, &name, &hash, Clock::System.now())?;
    Ok((id, secret))
}
