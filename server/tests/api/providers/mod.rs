//! The sentences of RFC 7515, 7517, 7518, 7519 and 8725 that a verifier keeps, a row each.

mod keys;
mod places;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use boxoffice_core::id::Uuid;
use boxoffice_core::time::Time;
use boxoffice_server::tokens::{External, Place, Refused, Trust};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

const NOW: Time = Time(1_800_000_000_000);
const SECOND: i64 = 1_800_000_000;
const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "boxoffice";

// Keys made for these tests and used nowhere else.
const RSA: &str = "MIIEowIBAAKCAQEAogdvgexCZaorMmVbjfg1pH/U8AYTX7B1O4WF9/Q/qn817hIxyyT01YYLSX5x5pQoWeFxZiD5EEYT\
    Erke9wX2nRje3IZZnCGS+6w5/7+9bTVszbRgrjc6mRZBuGzYq+MW4dVn1DnrZ/kce+okZMnT9QefHxUBow+8xy8wY2wQ\
    bLQkqSFs149BoKnkK+ZxV6ku4jnT0oWalOujeLGJNu+CZncXaRPiVd0XsovDrRx9Y/58NqzWKUcCSb7UFhzZAVW63HmJ\
    WahxsjVsK1vzvOvj4ejY/RQ2/nBK0Vwj/AD1QkQzIHLWnKMe8ii66Z9xjgUKq01+aEL8WFIH+OMGpjqBUQIDAQABAoIB\
    AADLI0vr7BjJRjGUWvpZYUI7Crb4LMprC0k4QfoxqtvUzOy3Cy9wB7C/Z17D2hNS9rq7mYKroUIOvjnCQdC7+ZKPi8ET\
    q9OM8m9tuEq+zdUoyobTHysyZNlUxwc1JZ0brBwq5ldWIqwHDGhC117pYjvPHqp96yzEgGaBgHyjKW0uIvy9Hkf6bpuo\
    pZ53GDVMi8TowwdleXtCb+pjIg1SQmxt4byD40DIPI8wGL8lnAaOnylh1reRHRNOaK1h4lAlBfV2rE7niB8VLHyUuYrt\
    RAbSxVKciULnf8Y/KrEySdxhqa4XvRPay+rCG08mSkBO8SoJfjjZnyPKZQuugzM6jyECgYEA4YRPLjQVcvy0uEULercv\
    /dALGONDyAEQ8yy90spKizxmnq+gCPeEJJrQYbijZegOkdPErHr3NnRLsS6Wj8ZPujY7ncVWn9zB3kF++TvvXoNUdAKT\
    PyjJ8XcN6Bl9T0LXuLq+RCmA/VQQAKvVGrUeEJIAZ+KMIA1uxa4uv6KPuvECgYEAt+44pPv/gqqBbjbNjOf8Mi6fcXaM\
    6uHNCD76/UygYh2QhWXIGOZtlhEMbcK1RieFdVjQtejCJ8CGV5e4jROWHjqOzd7Pm/IsHoj9i/LHTYPUm3s/IXU6surQ\
    aI+VnP0XIGWy9Hfc3uia7X9kyxB+93AQ96AyLADaQnrp7RNXbGECgYBMpk7PUm6T5aZ7FySeshLCvup2rBAGs64SKPvf\
    4FfT2VS7zM+lHJOyaVg4Tqxi36vMDuFDCoxp2r87Wq1b8rh4fyRmLIOT1FGkfDhu99sVEagrwhBQIEn7I077u2YnAX4W\
    0IoI2t53vBGwWLcW28Z7NVSj+pFL96TV1a0X/2XA0QKBgGALZ0zPwjbLLlcNCvzfTtQtgFjRXPhx/IynxoxqbP2PDp55\
    7akC+op4UJMoL1x42rnSLPowluIHKJ+ovFf+uE8EqPlbtfFq3hr70do4ZlZV1rlx/B9Ohd5Tu4w+HhQiHOdv86iwxocn\
    027dLRbUgFhZDqMf5dMQhuhcIrcHeIlBAoGBAKDjr0a9jgCVvUCEYL/8QwLdetREvaUQhVBQh4zSKKL13S+8X1liPDH4\
    OBX8PBaMDI5fLxKgRMCqlcMfwsox8h+VzGXsiWeMxm/GUW5326AVbxBFW7AFeEMi2TOiUK3+AmO9oOkSvKW8ORqteEE2\
    qYmbU1AfNC8t/O7ZTotgdd+/";
const RSA_N: &str = "ogdvgexCZaorMmVbjfg1pH_U8AYTX7B1O4WF9_Q_qn817hIxyyT01YYLSX5x5pQoWeFxZiD5EEYTErke9wX2nRje3IZZ\
    nCGS-6w5_7-9bTVszbRgrjc6mRZBuGzYq-MW4dVn1DnrZ_kce-okZMnT9QefHxUBow-8xy8wY2wQbLQkqSFs149BoKnk\
    K-ZxV6ku4jnT0oWalOujeLGJNu-CZncXaRPiVd0XsovDrRx9Y_58NqzWKUcCSb7UFhzZAVW63HmJWahxsjVsK1vzvOvj\
    4ejY_RQ2_nBK0Vwj_AD1QkQzIHLWnKMe8ii66Z9xjgUKq01-aEL8WFIH-OMGpjqBUQ";
/// Of 1,024 bits.
const SHORT_N: &str = "ygIeC2Ufrs3lCgVVK0VBB_nRzOq-oxPqJEF-J4AgU3k7JNwxLrNvdKqDs1_7WAVFBYZSDI4qlGNwc7O_DVNMmvCqcV1-\
    VHN6_-EWx3BP0F8NJw2Vqh7lDIKJaV4m2bQ8HYM_-QRrwiUuHgru_Gu9b6uimyfxmnuBG6wXPUm_oZM";
const P256: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQ2APHQI+lux4HSdCPIkxwO+2EO2tA3Lz5Mz/6A4U4Pih\
    RANCAAR8HQ3F6vf+pJCzOrs9dx9LLSV0LLdoSDEAzhUhuO4tkJ0mR1YcytqeVqYWm6d/OQtcz4j9Ja6OR/ZmMdZHmljz";
const P256_X: &str = "fB0Nxer3_qSQszq7PXcfSy0ldCy3aEgxAM4VIbjuLZA";
const P256_Y: &str = "nSZHVhzK2p5Wphabp385C1zPiP0lro5H9mYx1keaWPM";
const P384: &str = "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBxe4NmLHtwVKryP7WuA0HjAgy0e84aeE4pqvTJ2LwhQO0s\
    MMndYNe2MMj/yLFvGg2hZANiAATuo/dqMs8UyMEg8WMStMpui7OIMvDFtopY/8pjRHT2TIsCNzfQv6ZCbnxPMuyH54ok\
    DHnNu9XVZ/IogaO2iJXyZyQ36E5/SUdIxZAush0VI/81fugGlOYjvtpwMD6S370=";
const P384_X: &str = "7qP3ajLPFMjBIPFjErTKbouziDLwxbaKWP_KY0R09kyLAjc30L-mQm58TzLsh-eK";
const P384_Y: &str = "JAx5zbvV1WfyKIGjtoiV8mckN-hOf0lHSMWQLrIdFSP_NX7oBpTmI77acDA-kt-9";
const ED: &str = "MC4CAQAwBQYDK2VwBCIEIDHepd4qtLpB1Vs6txMrFSoWDEvO4BoqYV+Ic8uGnnuJ";
const ED_X: &str = "4vIkoNrBWtBqvqJOq22FdB-QZhNRBfdQg71pxzVDmMU";

fn rsa(more: Value) -> Value {
    with(json!({ "kty": "RSA", "kid": "r", "n": RSA_N, "e": "AQAB" }), more)
}

fn ec(more: Value) -> Value {
    with(json!({ "kty": "EC", "crv": "P-256", "kid": "e", "x": P256_X, "y": P256_Y }), more)
}

fn p384() -> Value {
    json!({ "kty": "EC", "crv": "P-384", "kid": "p", "x": P384_X, "y": P384_Y })
}

fn okp() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": "o", "x": ED_X })
}

/// With these members, without those that are null.
fn with(mut of: Value, more: Value) -> Value {
    let (Value::Object(members), Value::Object(more)) = (&mut of, more) else { panic!("objects") };
    members.extend(more);
    members.retain(|_, value| !value.is_null());
    of
}

fn set(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}

fn all_keys() -> Vec<u8> {
    set(&[rsa(json!({})), ec(json!({})), p384(), okp()])
}

const UNKNOWN_KEY: &str = "kid names no key of the provider that can be used";

fn trust(place: Place) -> Trust {
    let (issuer, audience) = (ISSUER.into(), AUDIENCE.into());
    Trust { place, issuer, audience, leeway_ms: 60_000 }
}

fn write(path: &Path, keys: &[u8]) {
    // As tools do it: beside, then over it.
    let beside = path.with_extension("new");
    std::fs::write(&beside, keys).unwrap();
    std::fs::rename(beside, path).unwrap();
}

/// A provider whose keys are in a file, in this folder.
fn opened(keys: &[u8]) -> (Result<External, String>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    write(&path, keys);
    (External::open(trust(Place::File(path))), folder)
}

fn claims(more: Value) -> Value {
    let (iat, exp) = (SECOND, SECOND + 600);
    with(json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "mina", "iat": iat, "exp": exp }), more)
}

fn private(kid: &str) -> EncodingKey {
    let der = |text: &str| BASE64_STANDARD.decode(text).unwrap();
    match kid {
        "r" => EncodingKey::from_rsa_der(&der(RSA)),
        "p" => EncodingKey::from_ec_der(&der(P384)),
        "o" => EncodingKey::from_ed_der(&der(ED)),
        _ => EncodingKey::from_ec_der(&der(P256)),
    }
}

/// A token of exactly this header and payload, signed with the key of this name.
fn signed(key: &str, alg: Algorithm, header: &str, payload: &str) -> String {
    let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(payload));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &private(key), alg).unwrap();
    format!("{message}.{signature}")
}

/// Signed with ES256 by key `e`, with another header.
fn headed(header: Value) -> String {
    let header = with(json!({ "alg": "ES256", "kid": "e" }), header);
    signed("e", Algorithm::ES256, &header.to_string(), &claims(json!({})).to_string())
}

/// Signed as above, with other claims.
fn claimed(more: Value) -> String {
    let header = json!({ "alg": "ES256", "kid": "e" });
    signed("e", Algorithm::ES256, &header.to_string(), &claims(more).to_string())
}

fn by(kid: &str, alg: Algorithm) -> String {
    let header = Header { kid: Some(kid.into()), ..Header::new(alg) };
    jsonwebtoken::encode(&header, &claims(json!({})), &private(kid)).unwrap()
}

async fn verdict(keys: &[u8], token: &str) -> Result<String, &'static str> {
    let (provider, _folder) = opened(keys);
    let found = provider.unwrap().verify(token, NOW).await;
    found.map(|who| who.username).map_err(|Refused(why)| why)
}

const GOOD: Result<(), &str> = Ok(());

type Row = (&'static str, String, Result<(), &'static str>);

async fn check(rows: impl IntoIterator<Item = Row>) {
    let (provider, _folder) = opened(&all_keys());
    let provider = provider.unwrap();
    for (sentence, token, want) in rows {
        let found = provider.verify(&token, NOW).await;
        assert_eq!(found.map(|_| ()).map_err(|Refused(why)| why), want, "{sentence}");
    }
}

/// RFC 7515: the compact form and its header.
#[tokio::test]
async fn headers() {
    let good = headed(json!({}));
    let parts: Vec<&str> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let text = claims(json!({})).to_string();
    let raw = |header: &str| signed("e", Algorithm::ES256, header, &text);
    let crit = Err("crit names what is not understood");
    let encoded = Err("it is encoded in a way that is not understood");
    let twice = Err("the header is no JSON object with each name once");
    let kind = Err("typ is that of another kind of token");
    check([
        ("as it should be", good.clone(), GOOD),
        ("7515 3.1: three parts", format!("{header}.{payload}"), Err("it has not three parts")),
        ("7516 3.1: five are a JWE", format!("{good}.x.y"), Err("it has not three parts")),
        ("8725 3.2: unsigned", format!("{header}.{payload}."), Err("it is not signed")),
        (
            "7515 2: no padding",
            format!("{header}=.{payload}.{signature}"),
            Err("the header is not base64url"),
        ),
        ("7515 2: no padding", format!("{good}="), Err("the signature is not base64url")),
        ("7515 2: no white space", format!("{good}\n"), Err("the signature is not base64url")),
        ("7515 4: a JSON object", raw("[]"), twice),
        ("7515 4: UTF-8", raw("nonsense"), twice),
        ("7515 4: names once", raw(r#"{"alg":"ES256","alg":"ES256","kid":"e"}"#), twice),
        ("7515 4.1.1: alg is there", headed(json!({ "alg": null })), Err("alg is missing")),
        ("7515 4.1.1: alg is text", headed(json!({ "alg": 256 })), Err("alg is no text")),
        (
            "7515 4.1.1: case-sensitive",
            headed(json!({ "alg": "es256" })),
            Err("alg is none that is accepted"),
        ),
        ("7518 3.6: none", headed(json!({ "alg": "none" })), Err("alg is none that is accepted")),
        ("8725 2.1: HS256", headed(json!({ "alg": "HS256" })), Err("alg is none that is accepted")),
        ("7515 4.1.4: kid is text", headed(json!({ "kid": 1 })), Err("kid is no text")),
        ("7515 4.1.4: kid is compared as it is", headed(json!({ "kid": "E" })), Err(UNKNOWN_KEY)),
        ("8725 3.10: kid is no path", headed(json!({ "kid": "../../dev/null" })), Err(UNKNOWN_KEY)),
        ("7515 4.1.11: crit", headed(json!({ "crit": ["exp"], "exp": SECOND })), crit),
        ("7515 4.1.11: crit, empty", headed(json!({ "crit": [] })), crit),
        ("7515 4.1.11: crit, no array", headed(json!({ "crit": "exp" })), crit),
        ("7797 3: b64", headed(json!({ "b64": false, "crit": ["b64"] })), crit),
        ("7797 3: b64 alone", headed(json!({ "b64": false })), encoded),
        ("8725 3.6: zip", headed(json!({ "zip": "DEF" })), encoded),
        ("7515 4: what is not understood is ignored", headed(json!({ "x-more": 1 })), GOOD),
        ("8725 3.10: jwk is not followed", headed(json!({ "jwk": okp() })), GOOD),
        ("8725 3.10: jku is not followed", headed(json!({ "jku": "http://127.0.0.1:1/" })), GOOD),
        ("7519 5.1: typ", headed(json!({ "typ": "JWT" })), GOOD),
        ("7515 4.1.9: not case-sensitive", headed(json!({ "typ": "jwt" })), GOOD),
        ("7515 4.1.9: application/ may stand", headed(json!({ "typ": "application/jwt" })), GOOD),
        ("9068 2.1: at+jwt", headed(json!({ "typ": "at+jwt" })), GOOD),
        ("8725 3.11: another type", headed(json!({ "typ": "logout+jwt" })), kind),
        ("8725 3.11: another type", headed(json!({ "typ": "JOSE" })), kind),
        ("7515 4.1.9: typ is text", headed(json!({ "typ": ["JWT"] })), Err("typ is no text")),
        (
            "7519 5.2: nested",
            headed(json!({ "cty": "JWT" })),
            Err("cty names another content than claims"),
        ),
        (
            "longer than any",
            format!("{good}{}", "A".repeat(20_000)),
            Err("it is longer than 16,384 bytes"),
        ),
    ])
    .await;
}

/// RFC 7518, 8725 § 3.1: an algorithm by the kind of its key, and by what the key says of itself.
#[tokio::test]
async fn algorithms() {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    for (kid, alg) in [("r", RS256), ("r", RS384), ("r", RS512), ("r", PS256), ("r", PS384)]
        .into_iter()
        .chain([("r", PS512), ("e", ES256), ("p", ES384), ("o", EdDSA)])
    {
        assert_eq!(
            verdict(&all_keys(), &by(kid, alg)).await,
            Ok(format!("{ISSUER}#mina")),
            "{alg:?}"
        );
    }
    let not_its = Err("alg is not one of the key's");
    let one = async |key: Value, token: String| verdict(&set(&[key]), &token).await.map(|_| ());
    assert_eq!(one(rsa(json!({ "alg": "RS256" })), by("r", RS256)).await, GOOD);
    assert_eq!(one(rsa(json!({ "alg": "RS256" })), by("r", RS512)).await, not_its);
    assert_eq!(one(rsa(json!({ "alg": "RS256" })), by("r", PS256)).await, not_its);
    assert_eq!(one(with(ec(json!({})), json!({ "kid": "r" })), by("r", RS256)).await, not_its);
    assert_eq!(one(with(rsa(json!({})), json!({ "kid": "e" })), by("e", ES256)).await, not_its);
    // 7518 3.4: a signature has the size of the curve's; 8725 3.3: and fits.
    let good = by("e", ES256);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let bytes = BASE64.decode(signature).unwrap();
    let wrong = Err("the signature does not fit");
    for bad in [&bytes[..63], &bytes[..32], &[0; 64], &[bytes.as_slice(), &[0]].concat()] {
        let token = format!("{message}.{}", BASE64.encode(bad));
        assert_eq!(verdict(&all_keys(), &token).await.map(|_| ()), wrong, "{} bytes", bad.len());
    }
    let other = [("o", EdDSA), ("p", ES384)].map(|(kid, alg)| (by(kid, alg), kid));
    for (token, kid) in other {
        let (_, signature) = token.rsplit_once('.').unwrap();
        let mixed = format!("{message}.{signature}");
        assert_eq!(verdict(&all_keys(), &mixed).await.map(|_| ()), wrong, "{kid}");
    }
}

/// RFC 7519 § 4: claims.
#[tokio::test]
async fn claim_shapes() {
    let raw =
        |payload: &str| signed("e", Algorithm::ES256, r#"{"alg":"ES256","kid":"e"}"#, payload);
    let object = Err("the payload is no JSON object with each name once");
    let twice = claims(json!({})).to_string().replacen('{', r#"{"sub":"june","#, 1);
    let aud = |value: Value| claimed(json!({ "aud": value }));
    let array = Err("aud is neither a text nor an array of texts");
    let (past, future) = (Err("exp is past"), Err("nbf is in the future"));
    let long = |n: usize| claimed(json!({ "sub": "x".repeat(n) }));
    let size = Err("sub is empty or longer than 255 characters");
    check([
        ("7519 7.2: an object", raw("[]"), object),
        ("7519 7.2: an object", raw("\"mina\""), object),
        ("7519 4: names once", raw(&twice), object),
        ("7519 4.1.1: iss", claimed(json!({ "iss": null })), Err("iss is missing")),
        ("7519 4.1.1: iss is text", claimed(json!({ "iss": [ISSUER] })), Err("iss is no text")),
        (
            "8725 3.8: iss is compared as it is",
            claimed(json!({ "iss": format!("{ISSUER}/") })),
            Err("iss is another"),
        ),
        ("7519 4.1.3: one", aud(json!(AUDIENCE)), GOOD),
        ("7519 4.1.3: an array", aud(json!(["x", AUDIENCE])), GOOD),
        ("7519 4.1.3: case-sensitive", aud(json!("Boxoffice")), Err("aud does not name us")),
        ("8725 3.9: not named", aud(json!(["x", "y"])), Err("aud does not name us")),
        ("8725 3.9: nobody", aud(json!([])), Err("aud does not name us")),
        ("8725 3.9: aud is there", aud(Value::Null), Err("aud is missing")),
        ("7519 4.1.3: texts", aud(json!([AUDIENCE, 1])), array),
        ("7519 4.1.3: no object", aud(json!({ AUDIENCE: true })), array),
        ("7519 4.1.4: exp is there", claimed(json!({ "exp": null })), Err("exp is missing")),
        ("7519 4.1.4: a number", claimed(json!({ "exp": "2027-01-01" })), Err("exp is no number")),
        ("7519 4.1.4: on or after", claimed(json!({ "exp": SECOND - 60 })), past),
        ("7519 4.1.4: leeway", claimed(json!({ "exp": SECOND - 59 })), GOOD),
        ("7519 2: not whole", claimed(json!({ "exp": 1_799_999_940.5 })), GOOD),
        ("7519 2: not whole", claimed(json!({ "exp": 1_799_999_939.5 })), past),
        ("7519 4.1.4: long ago", claimed(json!({ "exp": -1 })), past),
        ("7519 4.1.5: leeway", claimed(json!({ "nbf": SECOND + 60 })), GOOD),
        ("7519 4.1.5: not yet", claimed(json!({ "nbf": SECOND + 61 })), future),
        ("7519 4.1.5: a number", claimed(json!({ "nbf": "0" })), Err("nbf is no number")),
        ("7519 4.1.6: leeway", claimed(json!({ "iat": SECOND + 60 })), GOOD),
        (
            "7519 4.1.6: not made yet",
            claimed(json!({ "iat": SECOND + 61 })),
            Err("iat is in the future"),
        ),
        ("7519 4.1.6: a number", claimed(json!({ "iat": true })), Err("iat is no number")),
        ("7519 4.1.6: it may be missing", claimed(json!({ "iat": null })), GOOD),
        ("7519 4.1.7: jti is text", claimed(json!({ "jti": 7 })), Err("jti is no text")),
        ("7519 4.1.2: sub", claimed(json!({ "sub": null })), Err("sub is missing")),
        ("7519 4.1.2: text", claimed(json!({ "sub": 42 })), Err("sub is no text")),
        ("7519 4.1.2: somebody", claimed(json!({ "sub": "" })), size),
        ("OpenID Connect Core 2: 255", long(255), GOOD),
        ("OpenID Connect Core 2: 255", long(256), size),
        (
            "a name that can be shown",
            claimed(json!({ "sub": "a\u{0}b" })),
            Err("sub has characters that nobody sees, or that turn or end the line"),
        ),
        ("7519 4.2: others are ignored", claimed(json!({ "groups": ["a"], "nonce": 1 })), GOOD),
    ])
    .await;
}

/// The user is who issuer and subject say, letter by letter, for ever.
#[tokio::test]
async fn subjects_are_users() {
    let (provider, _folder) = opened(&all_keys());
    let provider = provider.unwrap();
    let mut users = Vec::new();
    for sub in ["mina", "Mina", "mina ", "mi\u{301}na", "auth0|mina"] {
        let token = claimed(json!({ "sub": sub }));
        users.push(provider.verify(&token, NOW).await.unwrap().user.0);
    }
    let wanted = "https://id.example.com#mina";
    assert_eq!(users[0], Uuid::new_v5(&Uuid::NAMESPACE_URL, wanted.as_bytes()));
    assert!(users[1..].iter().all(|other| *other != users[0]));
}
