//! Identities of an external provider (OpenID Connect): tokens signed with a key of its JWKS file,
//! for a configured issuer and audience.

use crate::text;
use boxoffice_core::id::{UserId, Uuid};
use boxoffice_core::time::Time;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use std::path::Path;

/// Signatures that are accepted: asymmetric ones only, so that a public key can never be taken for
/// a shared secret.
const ALGORITHMS: [Algorithm; 8] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Who the bearer is at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalIdentity {
    /// The user here: derived from issuer and subject, the same on every node.
    pub user: UserId,
    /// `issuer#subject`, the username here.
    pub username: String,
}

/// A provider whose tokens are trusted.
pub struct External {
    keys: JwkSet,
    issuer: String,
    audience: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
}

impl External {
    /// Reads the provider's keys.
    ///
    /// # Errors
    /// The file cannot be read or is no JWKS; the text says which.
    pub fn open(jwks_file: &Path, issuer: &str, audience: &str) -> Result<Self, String> {
        let text = std::fs::read_to_string(jwks_file).map_err(|error| error.to_string())?;
        let keys: JwkSet = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        if keys.keys.is_empty() {
            return Err("it holds no key".into());
        }
        Ok(Self { keys, issuer: issuer.into(), audience: audience.into() })
    }

    /// Who the bearer is, if the token is genuine, of this issuer, for this audience, and valid at
    /// `now`.
    #[must_use]
    pub fn verify(&self, token: &str, now: Time) -> Option<ExternalIdentity> {
        let header = decode_header(token).ok()?;
        let jwk = match &header.kid {
            Some(kid) => self.keys.find(kid)?,
            None => self.keys.keys.first()?,
        };
        if !ALGORITHMS.contains(&header.alg) {
            return None;
        }
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Times are checked below against the clock that everything here goes by.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let key = DecodingKey::from_jwk(jwk).ok()?;
        let claims = decode::<Claims>(token, &key, &validation).ok()?.claims;
        let seconds = now.0.div_euclid(1000);
        let valid = seconds < claims.exp && claims.nbf.is_none_or(|nbf| nbf <= seconds);
        (valid && !claims.sub.is_empty() && text::check(&claims.sub).is_ok())
            .then(|| self.identity(&claims.sub))
    }

    fn identity(&self, subject: &str) -> ExternalIdentity {
        let username = format!("{}#{subject}", self.issuer);
        let user = UserId(Uuid::new_v5(&Uuid::NAMESPACE_URL, username.as_bytes()));
        ExternalIdentity { user, username }
    }
}
