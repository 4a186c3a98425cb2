//! Where a provider's keys come from: a file, read again when it changes; or an address, asked from time to time and
//! when a token names an unknown key. A file or an answer that is not a key set changes nothing. A key set without a
//! usable key withdraws all keys.

use super::keys::KeySet;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{Mutex, watch};

/// Bytes of a key set.
const BYTES_MAX: u64 = 256 * 1024;
/// How long an address may take to answer as a whole.
const FETCH_MAX: Duration = Duration::from_secs(5);
/// Least time between two requests to an address because of unknown keys, however many tokens name such keys.
pub(super) const AGAIN_AFTER: Duration = Duration::from_secs(30);
/// Time between two requests to an address in any case: a withdrawn key is known for no longer.
const FETCH_EVERY: Duration = Duration::from_secs(300);
/// Time between two looks at a file.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Where the keys are.
#[derive(Clone, Debug)]
pub enum Place {
    /// In this file.
    File(PathBuf),
    /// At this address.
    Url(String),
}

/// Tells one state of a file from another.
type Stamp = (Option<SystemTime>, u64, u64);

/// What is known of the place.
#[derive(Default)]
struct Seen {
    stamp: Option<Stamp>,
    asked: Option<Instant>,
}

/// See the module.
pub(super) struct Source {
    place: Place,
    keys: RwLock<Arc<KeySet>>,
    /// Held while the keys are read.
    seen: Mutex<Seen>,
    again_after: Duration,
}

fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(FETCH_MAX))
        // No redirects: the address that was configured answers itself.
        .max_redirects(0)
        .max_redirects_will_error(true)
        .user_agent("boxoffice")
        .build();
    let agent = ureq::Agent::new_with_config(config);
    let mut answer = agent.get(url).call().map_err(|error| error.to_string())?;
    let body = answer.body_mut().with_config().limit(BYTES_MAX);
    body.read_to_vec().map_err(|error| error.to_string())
}

fn read_file(path: &PathBuf) -> Result<Vec<u8>, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > BYTES_MAX {
        return Err(format!("it has {size} bytes, more than {BYTES_MAX}"));
    }
    std::fs::read(path).map_err(|error| error.to_string())
}

impl Place {
    /// Whether keys may come from there: nobody on the way may replace them, so an address is encrypted or on this
    /// machine.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        let Self::Url(url) = self else { return true };
        let plain = url.chars().all(|c| c.is_ascii_graphic() && c != '@');
        let local = url.strip_prefix("http://").is_some_and(|rest| {
            let hosts = ["127.0.0.1", "localhost", "[::1]"];
            let rest = hosts.iter().find_map(|host| rest.strip_prefix(host));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
        });
        let secure = url
            .strip_prefix("https://")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['));
        plain && (local || secure)
    }

    /// The keys, and why others there are not used.
    fn read(&self) -> Result<(KeySet, Vec<String>), String> {
        let text = match self {
            Self::File(path) => read_file(path)?,
            Self::Url(url) => fetch(url)?,
        };
        KeySet::read(&text)
    }

    fn tell(&self, passed: &[String]) {
        for why in passed {
            tracing::warn!(place = %self, %why, "ignored a key of the identity provider");
        }
    }

    fn stamp(&self) -> Option<Stamp> {
        let Self::File(path) = self else { return None };
        let found = std::fs::metadata(path).ok()?;
        Some((found.modified().ok(), found.len(), found.ino()))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Url(url) => f.write_str(url),
        }
    }
}

impl Source {
    /// Reads the keys. An address that does not answer is asked again later; in the meantime everything works except
    /// for its users.
    ///
    /// # Errors
    /// A file is not readable, or has no usable key.
    pub fn open(place: Place, again_after: Duration) -> Result<Self, String> {
        let seen = Seen { stamp: place.stamp(), asked: Some(Instant::now()) };
        let read = place.read().and_then(|(keys, passed)| match keys.is_empty() {
            true => Err(format!("it holds no key that can be used; {}", passed.join("; "))),
            false => Ok((keys, passed)),
        });
        let keys = match (read, &place) {
            (Ok((keys, passed)), _) => {
                place.tell(&passed);
                keys
            }
            (Err(why), Place::File(_)) => return Err(why),
            (Err(why), Place::Url(url)) => {
                tracing::error!(%url, %why, "could not load the identity provider's keys yet; trying again");
                KeySet::default()
            }
        };
        let keys = RwLock::new(Arc::new(keys));
        Ok(Self { place, keys, seen: Mutex::new(seen), again_after })
    }

    /// The keys as they were read last.
    pub fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A token names a key that is not among `known`: whether there may be others now. All who ask wait for the same
    /// reading; nobody waits for a reading just after another.
    pub async fn renew(self: &Arc<Self>, known: &Arc<KeySet>) -> bool {
        let mut seen = self.seen.lock().await;
        if !Arc::ptr_eq(known, &self.keys()) {
            return true;
        }
        match &self.place {
            Place::File(_) => self.look(&mut seen).await,
            Place::Url(_) if seen.asked.is_some_and(|at| at.elapsed() < self.again_after) => false,
            Place::Url(_) => self.read(&mut seen).await,
        }
    }

    /// Reads a file that has changed.
    async fn look(self: &Arc<Self>, seen: &mut Seen) -> bool {
        let stamp = self.place.stamp();
        if stamp == seen.stamp {
            return false;
        }
        seen.stamp = stamp;
        self.read(seen).await
    }

    async fn read(self: &Arc<Self>, seen: &mut Seen) -> bool {
        seen.asked = Some(Instant::now());
        let source = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || source.place.read()).await;
        match read.unwrap_or_else(|_| Err("reading was cut off".into())) {
            Ok((keys, passed)) => {
                self.place.tell(&passed);
                if keys.is_empty() {
                    tracing::error!(place = %self.place, "the identity provider has withdrawn all its keys; none of its users can sign in");
                }
                tracing::info!(place = %self.place, keys = keys.len(), "loaded the identity provider's keys");
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                true
            }
            Err(why) => {
                tracing::error!(place = %self.place, %why, "could not load the identity provider's keys; the previous ones stay in use");
                false
            }
        }
    }

    /// Keeps the keys up to date, until `stop` changes.
    pub async fn watch(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        loop {
            let pause = match (&self.place, self.keys().len()) {
                (Place::File(_), _) => LOOK_EVERY,
                (Place::Url(_), 0) => self.again_after,
                (Place::Url(_), _) => FETCH_EVERY,
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => return,
            }
            let mut seen = self.seen.lock().await;
            match self.place {
                Place::File(_) => self.look(&mut seen).await,
                Place::Url(_) => self.read(&mut seen).await,
            };
        }
    }
}
