//! A provider's keys: a JWK Set (RFC 7517). Keys are taken if they verify signatures, are of a known kind and are
//! strong enough (RFC 7518). The others are skipped, as RFC 7517 § 5 asks, each with a reason.

use super::object::Object;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::Value;

/// Keys of a set that are looked at.
pub(super) const KEYS_MAX: usize = 64;
/// Bits of an RSA modulus: at least as RFC 7518 § 3.3 asks; at most, so that one check is bounded.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;
/// Bytes of an RSA exponent.
const RSA_EXPONENT_BYTES_MAX: usize = 4;

/// Members that only a private or a shared key has (RFC 7518 § 6).
const SECRET: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Signatures of RFC 7518 § 3.1 and RFC 8037 § 3.1 that are accepted: asymmetric ones only, so that a public key
/// can never be taken for a shared secret (RFC 8725 § 2.1, § 3.1, § 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

/// What a signature is checked with.
enum Public {
    /// Modulus and exponent, without leading zeros.
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    /// A point: of P-256 and P-384 uncompressed (SEC 1 § 2.3.3), of Ed25519 as RFC 8032 writes it.
    Point(Vec<u8>),
}

/// A key that verifies.
pub(super) struct Key {
    kid: Option<String>,
    /// Which signatures it may verify: those of its kind, or the one that it names.
    algorithms: Vec<Algorithm>,
    public: Public,
}

/// See the module.
#[derive(Default)]
pub(super) struct KeySet(Vec<Key>);

impl KeySet {
    /// Reads a set, and says why keys of it were skipped. A set without a usable key is a set, too: its provider has
    /// withdrawn all keys.
    ///
    /// # Errors
    /// It is not a key set; the text says why.
    pub fn read(text: &[u8]) -> Result<(Self, Vec<String>), String> {
        let set = Object::read(text).ok_or("it is no JSON object with each name once")?;
        let Some(Value::Array(all)) = set.get("keys") else {
            return Err("it has no array \"keys\"".into());
        };
        let (mut keys, mut passed) = (Vec::new(), Vec::new());
        for (at, jwk) in all.iter().enumerate().take(KEYS_MAX) {
            match key(jwk) {
                Ok(key) => keys.push(key),
                Err(why) => {
                    let kid = jwk.get("kid").and_then(Value::as_str).unwrap_or("-");
                    passed.push(format!("key {} (kid {kid:?}): {why}", at + 1));
                }
            }
        }
        if all.len() > KEYS_MAX {
            passed.push(format!("it has {} keys; the first {KEYS_MAX} are taken", all.len()));
        }
        Ok((Self(keys), passed))
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the set has a key of this id; without an id, whether it has any key.
    pub fn has(&self, kid: Option<&str>) -> bool {
        kid.map_or(!self.0.is_empty(), |kid| self.0.iter().any(|key| key.is(kid)))
    }

    /// The keys that may have signed a token with this id and algorithm: several where ids are not unique or no id is
    /// given.
    pub fn matching(&self, kid: Option<&str>, alg: Algorithm) -> impl Iterator<Item = &Key> {
        self.0
            .iter()
            .filter(move |key| kid.is_none_or(|kid| key.is(kid)) && key.algorithms.contains(&alg))
    }
}

impl Key {
    /// Whether the signature is this key's.
    pub fn verifies(&self, alg: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.public {
            Public::Rsa(key) => of_rsa(alg).map(|of| key.verify(of, message, signature)),
            Public::Point(point) => {
                of_point(alg).map(|of| UnparsedPublicKey::new(of, point).verify(message, signature))
            }
        };
        matches!(verified, Some(Ok(())))
    }

    fn is(&self, kid: &str) -> bool {
        self.kid.as_deref() == Some(kid)
    }
}

/// The algorithm of this name.
pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    Some(match name {
        "RS256" => Algorithm::RS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        "PS256" => Algorithm::PS256,
        "PS384" => Algorithm::PS384,
        "PS512" => Algorithm::PS512,
        "ES256" => Algorithm::ES256,
        "ES384" => Algorithm::ES384,
        "EdDSA" => Algorithm::EdDSA,
        _ => return None,
    })
}

fn of_rsa(alg: Algorithm) -> Option<&'static RsaParameters> {
    Some(match alg {
        Algorithm::RS256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::ES256 | Algorithm::ES384 | Algorithm::EdDSA => return None,
    })
}

fn of_point(alg: Algorithm) -> Option<&'static dyn signature::VerificationAlgorithm> {
    Some(match alg {
        Algorithm::ES256 => &signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::ES384 => &signature::ECDSA_P384_SHA384_FIXED,
        Algorithm::EdDSA => &signature::ED25519,
        _ => return None,
    })
}

fn text<'j>(jwk: &'j Value, name: &str) -> Result<Option<&'j str>, String> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{name} is no text")),
    }
}

/// A member in base64url without padding.
fn bytes(jwk: &Value, name: &str) -> Result<Vec<u8>, String> {
    let text = text(jwk, name)?.ok_or_else(|| format!("it has no {name}"))?;
    BASE64.decode(text).map_err(|_| format!("{name} is not base64url"))
}

fn key(jwk: &Value) -> Result<Key, String> {
    if !jwk.is_object() {
        return Err("it is no object".into());
    }
    let kty = text(jwk, "kty")?.ok_or("it has no kty")?;
    if kty == "oct" || SECRET.iter().any(|name| jwk.get(name).is_some()) {
        return Err("it is secret, and a set for verifying holds public keys only".into());
    }
    is_for_verifying(jwk)?;
    let (mut algorithms, public) = match kty {
        "RSA" => rsa(jwk)?,
        "EC" => ec(jwk)?,
        "OKP" => okp(jwk)?,
        other => return Err(format!("kty {other:?} is not known")),
    };
    if let Some(name) = text(jwk, "alg")? {
        let alg = algorithm(name).ok_or_else(|| format!("alg {name:?} is not accepted"))?;
        if !algorithms.contains(&alg) {
            return Err(format!("alg {name} does not fit its kty"));
        }
        algorithms = vec![alg];
    }
    let kid = text(jwk, "kid")?.map(str::to_owned);
    Ok(Key { kid, algorithms, public })
}

/// RFC 7517 § 4.2 and § 4.3.
fn is_for_verifying(jwk: &Value) -> Result<(), String> {
    if text(jwk, "use")?.is_some_and(|of| of != "sig") {
        return Err("its use is not \"sig\"".into());
    }
    let Some(ops) = jwk.get("key_ops") else {
        return Ok(());
    };
    let ops = ops.as_array().ok_or("key_ops is no array")?;
    let mut names: Vec<&str> = ops.iter().filter_map(Value::as_str).collect();
    if names.len() != ops.len() {
        return Err("key_ops holds more than texts".into());
    }
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("key_ops names an operation twice".into());
    }
    if names.contains(&"verify") { Ok(()) } else { Err("its key_ops do not verify".into()) }
}

type Kind = (Vec<Algorithm>, Public);

fn without_zeros(number: &[u8]) -> &[u8] {
    let leading = number.iter().take_while(|byte| **byte == 0).count();
    &number[leading..]
}

fn rsa(jwk: &Value) -> Result<Kind, String> {
    use Algorithm::{PS256, PS384, PS512, RS256, RS384, RS512};
    let (n, e) = (bytes(jwk, "n")?, bytes(jwk, "e")?);
    let (n, e) = (without_zeros(&n), without_zeros(&e));
    let bits = n
        .first()
        .map_or(0, |first| n.len() * 8 - usize::try_from(first.leading_zeros()).unwrap_or(0));
    if !RSA_BITS.contains(&bits) {
        return Err(format!("its modulus has {bits} bits, not {RSA_BITS:?}"));
    }
    let odd = n.last().is_some_and(|last| last % 2 == 1) && e.last().is_some_and(|e| e % 2 == 1);
    if e.len() > RSA_EXPONENT_BYTES_MAX || !odd || e == [1] {
        return Err("its modulus or exponent cannot be one of RSA".into());
    }
    let key = RsaPublicKeyComponents { n: n.to_vec(), e: e.to_vec() };
    Ok((vec![RS256, RS384, RS512, PS256, PS384, PS512], Public::Rsa(key)))
}

/// Coordinates have the full size of the curve (RFC 7518 § 6.2.1.2). Whether the point is on the curve shows when a
/// signature is verified.
fn ec(jwk: &Value) -> Result<Kind, String> {
    let crv = text(jwk, "crv")?.ok_or("it has no crv")?;
    let (alg, size) = match crv {
        "P-256" => (Algorithm::ES256, 32),
        "P-384" => (Algorithm::ES384, 48),
        other => return Err(format!("crv {other:?} is not known")),
    };
    let mut point = vec![4];
    for name in ["x", "y"] {
        let coordinate = bytes(jwk, name)?;
        if coordinate.len() != size {
            return Err(format!("{name} has not the {size} bytes of {crv}"));
        }
        point.extend(coordinate);
    }
    Ok((vec![alg], Public::Point(point)))
}

fn okp(jwk: &Value) -> Result<Kind, String> {
    let crv = text(jwk, "crv")?.ok_or("it has no crv")?;
    if crv != "Ed25519" {
        return Err(format!("crv {crv:?} is not known"));
    }
    let point = bytes(jwk, "x")?;
    if point.len() != 32 {
        return Err("x has not the 32 bytes of Ed25519".into());
    }
    Ok((vec![Algorithm::EdDSA], Public::Point(point)))
}
