//! The file of the signing keys: made at the first start, readable by its owner only, at most two live keys. Rotating
//! puts a new key first and drops the oldest.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use boxoffice_core::time::Time;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

/// Keys that are live at once: the one that signs and the one before it.
const LIVE_MAX: usize = 2;
/// Length of a secret in bytes: that of the hash, as RFC 7518 § 3.2 asks.
const SECRET_BYTES: usize = 32;

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPair {
    /// Key id, in the header of each token.
    pub kid: String,
    /// The secret.
    pub secret: Vec<u8>,
    /// When it was made.
    pub created_at: Time,
}

/// The live keys, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    /// Newest first; the first signs.
    pub keys: Vec<KeyPair>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    keys: Vec<StoredKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    kid: String,
    secret: String,
    created_at_ms: i64,
}

/// Why a key file cannot be used.
#[derive(Debug)]
pub enum KeyFileError {
    /// It cannot be read or written.
    Io(io::Error),
    /// It is malformed; the text says how.
    Malformed(String),
}

impl std::fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Malformed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for KeyFileError {}

impl From<io::Error> for KeyFileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Random bytes from the system.
///
/// # Errors
/// The system has none.
pub fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

impl KeyPair {
    /// A fresh key.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn generate(now: Time) -> io::Result<Self> {
        let kid = BASE64.encode(random::<9>()?);
        Ok(Self { kid, secret: random::<SECRET_BYTES>()?.to_vec(), created_at: now })
    }
}

impl KeyFile {
    /// Reads the file.
    ///
    /// # Errors
    /// It is not there, is open to others than its owner, or is malformed.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let mode = fs::metadata(path)?.permissions().mode();
        if mode & 0o077 != 0 {
            let why = format!("it can be read by others (mode {:o}); make it 0600", mode & 0o777);
            return Err(KeyFileError::Malformed(why));
        }
        Self::parse(&fs::read_to_string(path)?)
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// It is malformed.
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        let malformed = |why: &str| KeyFileError::Malformed(why.to_owned());
        let stored: Stored =
            serde_json::from_str(text).map_err(|error| malformed(&error.to_string()))?;
        let key = |stored: StoredKey| {
            let secret = BASE64.decode(&stored.secret).ok();
            let secret = secret.filter(|bytes| bytes.len() >= SECRET_BYTES)?;
            Some(KeyPair { kid: stored.kid, secret, created_at: Time(stored.created_at_ms) })
        };
        let keys: Option<Vec<_>> = stored.keys.into_iter().map(key).collect();
        let keys = keys.ok_or_else(|| malformed("a secret is not base64 of 32 bytes or more"))?;
        if keys.is_empty() || keys.len() > LIVE_MAX {
            return Err(malformed("it must hold one or two keys"));
        }
        Ok(Self { keys })
    }

    /// Reads the file, or makes it with a fresh key where it does not exist.
    ///
    /// # Errors
    /// See [`KeyFile::read`] and [`KeyFile::write`].
    pub fn open(path: &Path, now: Time) -> Result<Self, KeyFileError> {
        if path.exists() {
            return Self::read(path);
        }
        let file = Self { keys: vec![KeyPair::generate(now)?] };
        file.write(path)?;
        Ok(file)
    }

    /// Adds a fresh key in front and drops the oldest.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn rotated(&self, now: Time) -> io::Result<Self> {
        let mut keys = vec![KeyPair::generate(now)?];
        keys.extend(self.keys.iter().take(LIVE_MAX - 1).cloned());
        Ok(Self { keys })
    }

    /// Writes the file as a whole: to a file beside it, synced, then renamed over it, and the folder synced. So a key
    /// that has signed is not lost with the power. Its owner stays: the server's user reads what root has rotated.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), KeyFileError> {
        let keys = self.keys.iter().map(|key| StoredKey {
            kid: key.kid.clone(),
            secret: BASE64.encode(&key.secret),
            created_at_ms: key.created_at.0,
        });
        let text = serde_json::to_string_pretty(&Stored { keys: keys.collect() })
            .map_err(|error| KeyFileError::Malformed(error.to_string()))?;
        let beside = path.with_extension("tmp");
        // A leftover of an interrupted write would keep its mode.
        if beside.exists() {
            fs::remove_file(&beside)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        if let Ok(before) = fs::metadata(path)
            && before.uid() != file.metadata()?.uid()
        {
            fchown(&file, Some(before.uid()), Some(before.gid()))?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(())
    }
}
