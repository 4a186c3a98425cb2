//! Identities of an external provider (OpenID Connect): tokens signed with one of its keys, for a configured issuer
//! and audience, checked as RFC 7515, 7519 and 8725 say. The log has the reason of each refusal. The client only learns
//! that the token is not valid.

mod keys;
mod object;
mod source;

pub use source::Place;

use crate::text;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use boxoffice_core::id::{UserId, Uuid};
use boxoffice_core::time::Time;
use keys::{Algorithm, KeySet, algorithm};
use object::Object;
use serde_json::Value;
use source::{AGAIN_AFTER, Source};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Longest token that is checked, bytes: some providers list all groups of their user.
const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Characters of a subject (OpenID Connect Core § 2); with the issuer before it, it is a username.
const SUBJECT_CHARS_MAX: usize = 255;
/// Characters of an issuer: with a subject it fits into a username's column.
const ISSUER_CHARS_MAX: usize = 500;
/// Types of tokens that say who somebody is: RFC 7519 § 5.1, RFC 9068 § 2.1. Others (`logout+jwt`,
/// `dpop+jwt`) say something else (RFC 8725 § 3.11).
const TYPES: [&str; 2] = ["jwt", "at+jwt"];
/// Refusals that are logged in [`TOLD_EVERY`]; further ones are counted.
const TOLD_MAX: u32 = 20;
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// Who the bearer is at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalIdentity {
    /// The user here: derived from issuer and subject, the same on every node.
    pub user: UserId,
    /// `issuer#subject`, the username here.
    pub username: String,
    /// Until when the token counts.
    pub until: Time,
}

/// Why a token is refused, in words for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(pub &'static str);

/// The provider may have made the key since.
const UNKNOWN_KEY: Refused = Refused("kid names no key of the provider that can be used");

/// What is trusted, and within which bounds.
#[derive(Clone, Debug)]
pub struct Trust {
    /// Where its keys are.
    pub place: Place,
    /// `iss` of its tokens.
    pub issuer: String,
    /// What `aud` must name.
    pub audience: String,
    /// How far its clock and ours may be apart, ms.
    pub leeway_ms: i64,
}

/// A provider whose tokens are trusted.
pub struct External {
    source: Arc<Source>,
    trust: Trust,
    told: Mutex<(Option<Instant>, u32)>,
}

impl External {
    /// Reads the provider's keys.
    ///
    /// # Errors
    /// The keys are in a file that is not readable or has no usable key, or at an address that is not trusted. The text
    /// says which.
    pub fn open(trust: Trust) -> Result<Self, String> {
        Self::open_with(trust, AGAIN_AFTER)
    }

    /// The same with another least time between two requests for unknown keys; for tests.
    ///
    /// # Errors
    /// See [`External::open`].
    #[doc(hidden)]
    pub fn open_with(trust: Trust, again_after: Duration) -> Result<Self, String> {
        if trust.issuer.chars().count() > ISSUER_CHARS_MAX {
            return Err(format!("the issuer has more than {ISSUER_CHARS_MAX} characters"));
        }
        if !trust.place.is_trusted() {
            return Err("it must be https://…, or http:// on this machine".into());
        }
        let source = Arc::new(Source::open(trust.place.clone(), again_after)?);
        Ok(Self { source, trust, told: Mutex::default() })
    }

    /// Keeps the keys up to date, until `stop` changes.
    pub async fn watch(self: Arc<Self>, stop: watch::Receiver<bool>) {
        Arc::clone(&self.source).watch(stop).await;
    }

    /// The bearer, if the token is genuine, of this issuer, for this audience, and valid at `now`. Where it names an
    /// unknown key, the provider's keys are read again first, at most as often as the source allows.
    ///
    /// # Errors
    /// It is not; the log says why.
    pub async fn verify(&self, token: &str, now: Time) -> Result<ExternalIdentity, Refused> {
        let keys = self.source.keys();
        let mut found = self.check(&keys, token, now);
        if found == Err(UNKNOWN_KEY) && self.source.renew(&keys).await {
            found = self.check(&self.source.keys(), token, now);
        }
        if let Err(why) = &found {
            self.tell(*why);
        }
        found
    }

    /// A flood of bad tokens must not be a flood of lines.
    fn tell(&self, why: Refused) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = &mut *told;
        if since.is_none_or(|since| since.elapsed() >= TOLD_EVERY) {
            if *count > TOLD_MAX {
                let more = *count - TOLD_MAX;
                tracing::warn!(more, "more tokens of the identity provider were refused");
            }
            (*since, *count) = (Some(Instant::now()), 0);
        }
        *count += 1;
        if *count <= TOLD_MAX {
            tracing::warn!(why = why.0, "a token of the identity provider was refused");
        }
    }

    fn check(&self, keys: &KeySet, token: &str, now: Time) -> Result<ExternalIdentity, Refused> {
        let [header, payload, signature] = parts(token)?;
        let (kid, alg) = of_header(&header_of(header)?)?;
        if !keys.has(kid.as_deref()) {
            return Err(UNKNOWN_KEY);
        }
        let message = token.rsplit_once('.').map_or(token, |(message, _)| message).as_bytes();
        let mut fitting = keys.matching(kid.as_deref(), alg).peekable();
        if fitting.peek().is_none() {
            return Err(Refused("alg is not one of the key's"));
        }
        let signature = decoded(signature).ok_or(Refused("the signature is not base64url"))?;
        if !fitting.any(|key| key.verifies(alg, message, &signature)) {
            return Err(Refused("the signature does not fit"));
        }
        let claims = decoded(payload).ok_or(Refused("the payload is not base64url"))?;
        let claims = Object::read(&claims)
            .ok_or(Refused("the payload is no JSON object with each name once"))?;
        self.of_claims(&claims, now)
    }

    fn of_claims(&self, claims: &Object, now: Time) -> Result<ExternalIdentity, Refused> {
        let issuer = claims.text("iss").map_err(|()| Refused("iss is no text"))?;
        if issuer.ok_or(Refused("iss is missing"))? != self.trust.issuer {
            return Err(Refused("iss is another"));
        }
        is_for(claims.get("aud"), &self.trust.audience)?;
        let until = is_in_time(claims, now, self.trust.leeway_ms)?;
        claims.text("jti").map_err(|()| Refused("jti is no text"))?;
        let subject = claims.text("sub").map_err(|()| Refused("sub is no text"))?;
        let subject = subject.ok_or(Refused("sub is missing"))?;
        if subject.is_empty() || subject.chars().count() > SUBJECT_CHARS_MAX {
            return Err(Refused("sub is empty or longer than 255 characters"));
        }
        if text::check(subject).is_err() {
            return Err(Refused(
                "sub has characters that nobody sees, or that turn or end the line",
            ));
        }
        Ok(self.identity(subject, until))
    }

    fn identity(&self, subject: &str, until: Time) -> ExternalIdentity {
        let username = format!("{}#{subject}", self.trust.issuer);
        let user = UserId(Uuid::new_v5(&Uuid::NAMESPACE_URL, username.as_bytes()));
        ExternalIdentity { user, username, until }
    }
}

/// Base64url without padding, line breaks or bits left over (RFC 7515 § 2).
fn decoded(part: &str) -> Option<Vec<u8>> {
    BASE64.decode(part).ok()
}

/// Header, payload and signature of the compact form (RFC 7515 § 3.1, § 7.1).
fn parts(token: &str) -> Result<[&str; 3], Refused> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Refused("it is longer than 16,384 bytes"));
    }
    let parts: Vec<&str> = token.split('.').collect();
    let parts: [&str; 3] = parts.try_into().map_err(|_| Refused("it has not three parts"))?;
    if parts[2].is_empty() {
        return Err(Refused("it is not signed"));
    }
    if decoded(parts[2]).is_none() {
        return Err(Refused("the signature is not base64url"));
    }
    Ok(parts)
}

fn header_of(part: &str) -> Result<Object, Refused> {
    let text = decoded(part).ok_or(Refused("the header is not base64url"))?;
    Object::read(&text).ok_or(Refused("the header is no JSON object with each name once"))
}

/// What the header says of the signature. Keys in it, or addresses of keys, are not used (RFC 8725 § 3.10).
fn of_header(header: &Object) -> Result<(Option<String>, Algorithm), Refused> {
    // No extension is supported here, so that none may be critical. An empty list is not allowed either
    // (RFC 7515 § 4.1.11).
    if header.get("crit").is_some() {
        return Err(Refused("crit names what is not understood"));
    }
    if header.get("b64").is_some() || header.get("enc").is_some() || header.get("zip").is_some() {
        return Err(Refused("it is encoded in a way that is not understood"));
    }
    let typ = header.text("typ").map_err(|()| Refused("typ is no text"))?;
    if let Some(typ) = typ.map(str::to_ascii_lowercase) {
        let short = typ.strip_prefix("application/").unwrap_or(&typ);
        if !TYPES.contains(&short) {
            return Err(Refused("typ is that of another kind of token"));
        }
    }
    if header.text("cty").map_err(|()| Refused("cty is no text"))?.is_some() {
        return Err(Refused("cty names another content than claims"));
    }
    let alg = header.text("alg").map_err(|()| Refused("alg is no text"))?;
    let alg = alg.ok_or(Refused("alg is missing"))?;
    let alg = algorithm(alg).ok_or(Refused("alg is none that is accepted"))?;
    let kid = header.text("kid").map_err(|()| Refused("kid is no text"))?;
    Ok((kid.map(str::to_owned), alg))
}

/// RFC 7519 § 4.1.3: one text, or an array of texts, one of which is ours.
fn is_for(aud: Option<&Value>, audience: &str) -> Result<(), Refused> {
    let named = match aud {
        None => return Err(Refused("aud is missing")),
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(all)) if all.iter().all(Value::is_string) => {
            all.iter().any(|one| one == audience)
        }
        Some(_) => return Err(Refused("aud is neither a text nor an array of texts")),
    };
    if named { Ok(()) } else { Err(Refused("aud does not name us")) }
}

/// RFC 7519 § 4.1.4 to § 4.1.6, with the leeway that they allow.
/// Until when it counts.
fn is_in_time(claims: &Object, now: Time, leeway_ms: i64) -> Result<Time, Refused> {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let (now, leeway) = (now.0 as f64 / 1000.0, leeway_ms as f64 / 1000.0);
    let exp = claims.date("exp").map_err(|()| Refused("exp is no number"))?;
    let until = exp.ok_or(Refused("exp is missing"))? + leeway;
    if now >= until {
        return Err(Refused("exp is past"));
    }
    let nbf = claims.date("nbf").map_err(|()| Refused("nbf is no number"))?;
    if nbf.is_some_and(|nbf| now < nbf - leeway) {
        return Err(Refused("nbf is in the future"));
    }
    let iat = claims.date("iat").map_err(|()| Refused("iat is no number"))?;
    if iat.is_some_and(|iat| now < iat - leeway) {
        return Err(Refused("iat is in the future"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "as far as a time goes")]
    Ok(Time((until * 1000.0) as i64))
}
