//! Key sets: which keys are taken, and why the others are not.

use super::{
    P256_X, P256_Y, SHORT_N, UNKNOWN_KEY, all_keys, ec, headed, okp, opened, p384, private, rsa,
    set, verdict, with,
};
use crate::providers::claims;
use jsonwebtoken::{Algorithm, Header};
use serde_json::{Value, json};

/// A key, and why it is passed over.
type Row = (&'static str, Value, Option<String>);

fn rows() -> Vec<Row> {
    let off = |kty: &str| format!("kty {kty:?} is not known");
    let secret = "it is secret, and a set for verifying holds public keys only".to_owned();
    let bits = "its modulus has 1024 bits, not 2048..=8192".to_owned();
    vec![
        ("4.1: kty", rsa(json!({ "kty": null })), Some("it has no kty".into())),
        ("4.1: kty is text", rsa(json!({ "kty": 1 })), Some("kty is no text".into())),
        ("5: not understood", rsa(json!({ "kty": "AKP" })), Some(off("AKP"))),
        ("4.2: sig", rsa(json!({ "use": "sig" })), None),
        ("4.2: enc", rsa(json!({ "use": "enc" })), Some("its use is not \"sig\"".into())),
        ("4.3: verify", rsa(json!({ "key_ops": ["verify"] })), None),
        (
            "4.3: not",
            ec(json!({ "key_ops": ["deriveKey"] })),
            Some("its key_ops do not verify".into()),
        ),
        ("4.3: empty", ec(json!({ "key_ops": [] })), Some("its key_ops do not verify".into())),
        (
            "4.3: twice",
            ec(json!({ "key_ops": ["verify", "verify"] })),
            Some("key_ops names an operation twice".into()),
        ),
        ("4.3: no array", ec(json!({ "key_ops": "verify" })), Some("key_ops is no array".into())),
        ("4.4: alg", ec(json!({ "alg": "ES384" })), Some("alg ES384 does not fit its kty".into())),
        (
            "4.4: alg",
            rsa(json!({ "alg": "RSA-OAEP" })),
            Some("alg \"RSA-OAEP\" is not accepted".into()),
        ),
        ("9.2: private", rsa(json!({ "d": "AQAB" })), Some(secret.clone())),
        ("7518 6.4: shared", json!({ "kty": "oct", "k": "AQAB" }), Some(secret)),
        ("7518 3.3: 2,048 bits", rsa(json!({ "n": SHORT_N })), Some(bits)),
        ("7518 6.3.1.1: base64url", rsa(json!({ "n": "+/==" })), Some("n is not base64url".into())),
        ("7518 6.3.1: e", rsa(json!({ "e": null })), Some("it has no e".into())),
        (
            "8017 3.1: e",
            rsa(json!({ "e": "AQ" })),
            Some("its modulus or exponent cannot be one of RSA".into()),
        ),
        (
            "7518 6.2.1.1: crv",
            ec(json!({ "crv": "secp256k1" })),
            Some("crv \"secp256k1\" is not known".into()),
        ),
        (
            "7518 6.2.1.2: size",
            ec(json!({ "x": "AQAB" })),
            Some("x has not the 32 bytes of P-256".into()),
        ),
        (
            "8037 2: size",
            with(okp(), json!({ "x": "AQAB" })),
            Some("x has not the 32 bytes of Ed25519".into()),
        ),
        ("4: others are ignored", ec(json!({ "x5t": "AQAB", "more": {} })), None),
        ("4: an object", json!("key"), Some("it is no object".into())),
    ]
}

/// RFC 7517: each key of a set by itself; the others go on being used (§ 5).
#[tokio::test]
async fn keys_of_a_set() {
    let header = Header { kid: Some("o".into()), ..Header::new(Algorithm::EdDSA) };
    let by_other = jsonwebtoken::encode(&header, &claims(json!({})), &private("o")).unwrap();
    for (sentence, key, want) in rows() {
        let found = verdict(&set(&[key.clone(), okp()]), &by_other).await;
        // Where the good key is the one that is spoilt, there is none.
        assert!(found.is_ok(), "{sentence}: {found:?}");
        let (alone, _folder) = opened(&set(&[key]));
        let why = alone.err();
        let why = why.as_deref().and_then(|text| text.split_once("): ")).map(|(_, why)| why);
        assert_eq!(why, want.as_deref(), "{sentence}");
    }
}

#[test]
fn what_is_no_set() {
    let no_object = "it is no JSON object with each name once";
    for (text, why) in [
        ("nonsense", no_object),
        ("[]", no_object),
        (r#"{"keys":[],"keys":[]}"#, no_object),
        ("{}", "it has no array \"keys\""),
        (r#"{"keys":{}}"#, "it has no array \"keys\""),
        // At the start nobody has withdrawn anything: it is rather the wrong file.
        (r#"{"keys":[]}"#, "it holds no key that can be used; "),
    ] {
        assert_eq!(opened(text.as_bytes()).0.err().as_deref(), Some(why), "{text}");
    }
}

/// A set has a bound, in keys and in bytes.
#[tokio::test]
async fn sets_are_bounded() {
    let mut many = vec![okp(); 64];
    assert!(verdict(&set(&[many.clone(), vec![]].concat()), &headed(json!({}))).await.is_err());
    many.push(ec(json!({})));
    assert_eq!(verdict(&set(&many), &headed(json!({}))).await, Err(UNKNOWN_KEY));
    many.swap(0, 64);
    assert!(verdict(&set(&many), &headed(json!({}))).await.is_ok());
    let padded = [all_keys(), vec![b' '; 256 * 1024]].concat();
    assert!(opened(&padded).0.err().is_some_and(|why| why.contains("bytes")));
}

/// 7518 6.2.1: a point that is not on its curve verifies nothing (RFC 8725 § 3.4).
#[tokio::test]
async fn points_are_on_their_curve() {
    let off = set(&[ec(json!({ "y": P256_X }))]);
    assert_eq!(verdict(&off, &headed(json!({}))).await, Err("the signature does not fit"));
}

/// RFC 7517 § 4.5: ids should differ, and may be the same for keys of other kinds. Whichever is the signer's
/// verifies; and a token that names none is the signer's as well.
#[tokio::test]
async fn ids_that_are_not_unique() {
    let same = [rsa(json!({ "kid": "e" })), with(p384(), json!({ "kid": "e" })), ec(json!({}))];
    assert!(verdict(&set(&same), &headed(json!({}))).await.is_ok());
    let other = ec(json!({ "x": P256_X, "y": P256_Y, "alg": "ES256" }));
    let twice = [ec(json!({ "y": P256_X })), other];
    assert!(verdict(&set(&twice), &headed(json!({}))).await.is_ok());
    let nameless = headed(json!({ "kid": null }));
    assert!(verdict(&all_keys(), &nameless).await.is_ok());
    let without = [rsa(json!({ "kid": null })), ec(json!({ "kid": null }))];
    assert!(verdict(&set(&without), &nameless).await.is_ok());
    assert_eq!(verdict(&set(&without), &headed(json!({}))).await, Err(UNKNOWN_KEY));
    assert_eq!(
        verdict(&set(&[rsa(json!({}))]), &nameless).await,
        Err("alg is not one of the key's")
    );
}
