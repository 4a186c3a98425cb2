//! Bearer tokens: who somebody is (identity), how to stay signed in (refresh), and the place in a queue. JSON Web
//! Tokens with HMAC-SHA-256; the key id fixes the algorithm.
//!
//! A token's first part must be, byte for byte, the header of a live key: `alg: none`, another
//! algorithm, an unknown or an old key do not even reach the signature check.

mod external;
mod keyfile;

pub use external::{External, ExternalIdentity, Place, Refused, Trust};
pub use keyfile::{KeyFile, KeyFileError, KeyPair, random};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use boxoffice_core::id::{ConcertId, PlaceKey, QueueId, SessionId, UserId, Uuid};
use boxoffice_core::session::{Issue, unnamed};
use boxoffice_core::time::Time;
use hmac::{Hmac, KeyInit, Mac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::{Arc, PoisonError, RwLock};

/// Longest token that is checked, bytes.
const TOKEN_BYTES_MAX: usize = 4096;

/// What a token is for. A token for one use is worthless for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// Says who somebody is.
    Identity,
    /// Gets a new identity token.
    Refresh,
    /// Names a place in a queue.
    Queue,
    /// Says who somebody is, in the session cookie of a browser and nowhere else.
    Cookie,
}

/// Claims of tokens for identity, refresh and cookies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityClaims {
    /// What it is for.
    pub aud: Use,
    /// The user.
    pub sub: UserId,
    /// The session; none in tokens of an earlier version.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sid: Option<SessionId>,
    /// Which refresh token of the session it is.
    #[serde(rename = "gen", skip_serializing_if = "Option::is_none", default)]
    pub generation: Option<u64>,
    /// Issued, seconds since 1970.
    pub iat: i64,
    /// Ends, seconds since 1970.
    pub exp: i64,
}

impl IdentityClaims {
    /// The session whose end is the token's.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.sid.unwrap_or(unnamed(self.sub))
    }

    /// The session that the first use of a refresh token without a session makes: the same for the same token.
    #[must_use]
    pub fn first_session(&self) -> SessionId {
        let text = format!("{} {}", self.iat, self.exp);
        SessionId(Uuid::new_v5(&self.sub.0, text.as_bytes()))
    }

    /// When it ends.
    #[must_use]
    pub const fn ends(&self) -> Time {
        Time(self.exp.saturating_mul(1000))
    }

    /// Whether more than half of its time is over.
    #[must_use]
    pub const fn is_half_over(&self, now: Time) -> bool {
        let left = self.exp.saturating_sub(seconds(now));
        left.saturating_mul(2) < self.exp.saturating_sub(self.iat)
    }
}

/// Claims of a queue token. State and position are not in it: they change, the place does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueClaims {
    /// What it is for.
    pub aud: Use,
    /// The user.
    pub sub: UserId,
    /// The concert.
    pub concert: ConcertId,
    /// Which of its queues; none for the general one, nor in tokens from before there were others.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub queue: Option<Uuid>,
    /// Order of joining; after the draw, the queue number follows from it.
    pub sequence: u64,
    /// Queue number, where it was known when the token was issued.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub queue_number: Option<u64>,
    /// Joined, seconds since 1970.
    pub iat: i64,
    /// Ends, seconds since 1970.
    pub exp: i64,
}

impl QueueClaims {
    /// When it ends.
    #[must_use]
    pub const fn ends(&self) -> Time {
        Time(self.exp.saturating_mul(1000))
    }

    /// The place that the token names.
    #[must_use]
    pub fn place(&self) -> PlaceKey {
        let queue = QueueId::named(self.concert, self.queue);
        PlaceKey { queue, sequence: self.sequence }
    }
}

/// What all claims have.
trait Claims: Serialize + DeserializeOwned {
    fn audience(&self) -> Use;
    fn expiry(&self) -> i64;
}

impl Claims for IdentityClaims {
    fn audience(&self) -> Use {
        self.aud
    }
    fn expiry(&self) -> i64 {
        self.exp
    }
}

impl Claims for QueueClaims {
    fn audience(&self) -> Use {
        self.aud
    }
    fn expiry(&self) -> i64 {
        self.exp
    }
}

/// A token's header. Its members and their order must stay: a token is known by its header's bytes.
#[derive(Serialize)]
struct Header<'k> {
    typ: &'static str,
    alg: &'static str,
    kid: &'k str,
}

struct LiveKey {
    /// The first part of every token of this key.
    header_part: String,
    /// Keyed once: a signature starts from a copy.
    mac: Hmac<Sha256>,
}

/// The live keys: the first signs, all verify.
pub struct Keyring {
    keys: RwLock<Arc<Vec<LiveKey>>>,
}

const fn seconds(time: Time) -> i64 {
    time.0.div_euclid(1000)
}

fn of_session(issue: &Issue, aud: Use, until: Time) -> IdentityClaims {
    IdentityClaims {
        aud,
        sub: issue.user_id,
        sid: Some(issue.session_id),
        generation: None,
        iat: seconds(issue.at),
        exp: seconds(until),
    }
}

fn live(pair: &KeyPair) -> Option<LiveKey> {
    let header = Header { typ: "JWT", alg: "HS256", kid: &pair.kid };
    Some(LiveKey {
        header_part: BASE64.encode(serde_json::to_vec(&header).ok()?),
        mac: Hmac::new_from_slice(&pair.secret).ok()?,
    })
}

impl Keyring {
    /// The keyring of a key file.
    #[must_use]
    pub fn new(file: &KeyFile) -> Self {
        Self { keys: RwLock::new(Arc::new(file.keys.iter().filter_map(live).collect())) }
    }

    /// Takes the keys of a file that has changed.
    pub fn replace(&self, file: &KeyFile) {
        let keys = Arc::new(file.keys.iter().filter_map(live).collect());
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    fn keys(&self) -> Arc<Vec<LiveKey>> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn sign(&self, claims: &impl Claims) -> Option<String> {
        let keys = self.keys();
        let key = keys.first()?;
        let mut token = format!("{}.", key.header_part);
        BASE64.encode_string(serde_json::to_vec(claims).ok()?, &mut token);
        let mac = key.mac.clone().chain_update(&token).finalize().into_bytes();
        token.push('.');
        BASE64.encode_string(mac, &mut token);
        Some(token)
    }

    fn verify<C: Claims>(&self, token: &str, audience: Use, now: Time) -> Option<C> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let keys = self.keys();
        let key = keys.iter().find(|key| key.header_part == header)?;
        let mac = key.mac.clone().chain_update(message);
        mac.verify_slice(&BASE64.decode(signature).ok()?).ok()?;
        let claims: C = serde_json::from_slice(&BASE64.decode(payload).ok()?).ok()?;
        (claims.audience() == audience && seconds(now) < claims.expiry()).then_some(claims)
    }

    /// A token of identity or for renewing one that belongs to no session, for those who have the keys. `None`
    /// without a key.
    #[must_use]
    pub fn identity(&self, aud: Use, user: UserId, now: Time, ttl_ms: i64) -> Option<String> {
        let (iat, exp) = (seconds(now), seconds(now.plus_ms(ttl_ms)));
        self.sign(&IdentityClaims { aud, sub: user, sid: None, generation: None, iat, exp })
    }

    /// The access token and the refresh token of a session; the same for the same [`Issue`]. `None` without
    /// a key.
    #[must_use]
    pub fn session(&self, issue: &Issue, access_ttl_ms: i64) -> Option<(String, String)> {
        let access = of_session(issue, Use::Identity, issue.at.plus_ms(access_ttl_ms));
        let refresh = of_session(issue, Use::Refresh, issue.refresh_until);
        let refresh = IdentityClaims { generation: Some(issue.generation), ..refresh };
        Some((self.sign(&access)?, self.sign(&refresh)?))
    }

    /// The token of a session's cookie: it counts as long as the session. `None` without a key.
    #[must_use]
    pub fn cookie(&self, issue: &Issue) -> Option<String> {
        self.sign(&of_session(issue, Use::Cookie, issue.refresh_until))
    }

    /// The claims, if the token is genuine, for this use, and not expired.
    #[must_use]
    pub fn verify_identity(&self, token: &str, aud: Use, now: Time) -> Option<IdentityClaims> {
        self.verify(token, aud, now)
    }

    /// Whether the token names one of these keys, genuine or not: so which issuer to ask.
    #[must_use]
    pub fn is_ours(&self, token: &str) -> bool {
        let header = token.split('.').next().unwrap_or_default();
        self.keys().iter().any(|key| key.header_part == header)
    }

    /// A queue token. `None` without a key.
    #[must_use]
    pub fn queue(&self, claims: &QueueClaims) -> Option<String> {
        self.sign(claims)
    }

    /// The place of a queue token that is genuine and not expired.
    #[must_use]
    pub fn verify_queue(&self, token: &str, now: Time) -> Option<QueueClaims> {
        self.verify(token, Use::Queue, now)
    }
}

/// The hash under which an operator's key is kept. The key has 256 random bits, so that a plain hash
/// is enough: there is nothing to guess.
#[must_use]
pub fn api_key_hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// The end of a queue token that is issued at `now`: a whole number of periods of `ttl_ms` after `since`, at least half
/// a period from now. It counts from a fixed point, so that asking again gives the same token. Tokens are renewed,
/// because a place lives as long as the sale.
#[must_use]
pub fn queue_token_end(since: Time, ttl_ms: i64, now: Time) -> Time {
    let ttl_ms = ttl_ms.max(1);
    let periods = (now.ms_since(since) + ttl_ms / 2).div_euclid(ttl_ms) + 1;
    since.plus_ms(ttl_ms.saturating_mul(periods.max(1)))
}

/// Claims for a place joined at `joined_at`; the same place and end give the same claims.
#[must_use]
pub fn queue_claims(
    user: UserId,
    place: PlaceKey,
    queue_number: Option<u64>,
    joined_at: Time,
    ends_at: Time,
) -> QueueClaims {
    QueueClaims {
        aud: Use::Queue,
        sub: user,
        concert: place.queue.concert,
        queue: place.queue.name(),
        sequence: place.sequence,
        queue_number,
        iat: seconds(joined_at),
        exp: seconds(ends_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another library issued the tokens of earlier versions. They stay good only while each byte is the same.
    #[test]
    fn a_token_is_what_another_library_makes_of_the_same_claims() {
        let pair = KeyPair { kid: "k1".into(), secret: vec![7; 32], created_at: Time(0) };
        let ring = Keyring::new(&KeyFile { keys: vec![pair] });
        let user = UserId(Uuid::from_u128(1));
        let token = ring.identity(Use::Identity, user, Time(5_000), 60_000).unwrap();
        let claims = ring.verify_identity(&token, Use::Identity, Time(6_000)).unwrap();
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        header.kid = Some("k1".into());
        let key = jsonwebtoken::EncodingKey::from_secret(&[7; 32]);
        assert_eq!(token, jsonwebtoken::encode(&header, &claims, &key).unwrap());
    }
}
