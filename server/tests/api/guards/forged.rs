//! Tokens that nobody here has issued, or not for this.

use crate::world::{Fan, Sale};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use boxoffice_core::id::UserId;
use boxoffice_core::time::Time;
use boxoffice_server::tokens::{Keyring, Use};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use serde_json::{Value, json};

/// A token with what is wrong with it.
pub type Forged = (&'static str, String);

fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<&str> = token.split('.').collect();
    parts.try_into().expect("three parts")
}

fn encoded(value: &Value) -> String {
    BASE64.encode(value.to_string())
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap()
}

/// Variants of a genuine token that are not genuine; the claim `change` is the one to be changed.
fn variants(sale: &Sale, token: &str, change: (&str, Value)) -> Vec<Forged> {
    let [header, payload, signature] = parts(token);
    let mut other = decoded(payload);
    other[change.0] = change.1;
    let none = encoded(&json!({ "alg": "none", "typ": "JWT" }));
    let none_with_kid =
        encoded(&json!({ "alg": "none", "typ": "JWT", "kid": decoded(header)["kid"] }));
    let swapped = if signature.starts_with('A') { "B" } else { "A" };
    vec![
        ("empty", String::new()),
        ("nonsense", "nonsense".into()),
        ("two dots", "..".into()),
        ("tampered payload", format!("{header}.{}.{signature}", encoded(&other))),
        ("tampered signature", format!("{header}.{payload}.{swapped}{}", &signature[1..])),
        ("no signature", format!("{header}.{payload}.")),
        ("short signature", format!("{header}.{payload}.{}", &signature[..10])),
        ("alg none", format!("{none}.{payload}.")),
        ("alg none, signed", format!("{none}.{payload}.{signature}")),
        ("alg none, key named", format!("{none_with_kid}.{payload}.")),
        ("longer than any", format!("{header}.{payload}.{}", "A".repeat(5_000))),
        ("HS512 with the same key", signed(sale, Algorithm::HS512, true, &decoded(payload))),
        ("HS384 with the same key", signed(sale, Algorithm::HS384, true, &decoded(payload))),
        ("the same key, not named", signed(sale, Algorithm::HS256, false, &decoded(payload))),
    ]
}

/// Signed with the live key, under another header than this server writes.
fn signed(sale: &Sale, alg: Algorithm, named: bool, claims: &impl Serialize) -> String {
    let key = &sale.keys().keys[0];
    let mut header = Header::new(alg);
    header.kid = named.then(|| key.kid.clone());
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(&key.secret)).unwrap()
}

/// Queue tokens like the fan's that are not genuine. (401)
pub fn queue_tokens(sale: &Sale, old: &Keyring, fan: &Fan) -> Vec<Forged> {
    let claims = sale.claims(fan);
    let now = sale.app.clock.now();
    let of = |aud| sale.app.keyring.identity(aud, UserId(fan.user), now, 60_000).unwrap();
    let mut over = claims.clone();
    over.exp = now.0 / 1000;
    let mut all = variants(sale, &fan.token, ("sequence", json!(claims.sequence + 1)));
    all.extend([
        ("of a key rotated out twice", old.queue(&claims).unwrap()),
        ("past its end", sale.app.keyring.queue(&over).unwrap()),
        ("an identity token", of(Use::Identity)),
        ("a refresh token", of(Use::Refresh)),
    ]);
    all
}

/// Identity tokens like the fan's that are not genuine. (401)
pub fn identities(sale: &Sale, old: &Keyring, fan: &Fan) -> Vec<Forged> {
    let user = UserId(fan.user);
    let now = sale.app.clock.now();
    let keyring = &sale.app.keyring;
    let mut all =
        variants(sale, &fan.identity, ("sub", json!("01890000-0000-7000-8000-000000000000")));
    all.extend([
        ("of a key rotated out twice", old.identity(Use::Identity, user, now, 60_000).unwrap()),
        (
            "past its end",
            keyring.identity(Use::Identity, user, Time(now.0 - 60_000), 60_000).unwrap(),
        ),
        ("a refresh token", keyring.identity(Use::Refresh, user, now, 60_000).unwrap()),
    ]);
    if !fan.token.is_empty() {
        all.push(("a queue token", fan.token.clone()));
    }
    all
}
