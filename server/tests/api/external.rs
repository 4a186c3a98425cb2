//! Identities of an external provider: tokens signed with its key, for this issuer and audience.

use crate::world::{START, Sale, get, post};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use boxoffice_core::id::Uuid;
use boxoffice_server::config::Given;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "boxoffice";

/// A P-256 key made for these tests and used nowhere else (PKCS #8).
const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQ2APHQI+lux4HSdCPIkxwO+2EO2t\
    A3Lz5Mz/6A4U4PihRANCAAR8HQ3F6vf+pJCzOrs9dx9LLSV0LLdoSDEAzhUhuO4tkJ0mR1YcytqeVqYWm6d/OQtcz4j9\
    Ja6OR/ZmMdZHmljz";
/// Its public half.
const X: &str = "fB0Nxer3_qSQszq7PXcfSy0ldCy3aEgxAM4VIbjuLZA";
const Y: &str = "nSZHVhzK2p5Wphabp385C1zPiP0lro5H9mYx1keaWPM";

/// A sale that trusts the provider. A shared secret among its keys is there to be misused.
pub fn sale() -> Sale {
    sale_with(|_| {})
}

fn sale_with(change: impl FnOnce(&mut Given)) -> Sale {
    Sale::with(|given| {
        change(given);
        let database = given.database.clone().unwrap();
        let jwks = format!("{}.jwks", database.strip_prefix("sqlite://").unwrap());
        let ec = json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "p1",
            "x": X, "y": Y });
        let shared = json!({ "kty": "oct", "kid": "shared", "alg": "HS256",
            "k": BASE64_URL_SAFE_NO_PAD.encode([7; 32]) });
        std::fs::write(&jwks, json!({ "keys": [ec, shared] }).to_string()).unwrap();
        given.oidc_jwks_file = Some(jwks.into());
        given.oidc_issuer = Some(ISSUER.into());
        given.oidc_audience = Some(AUDIENCE.into());
    })
}

pub fn claims(subject: &str) -> Value {
    let now = START / 1000;
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 600 })
}

pub fn signed(claims: &Value) -> String {
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some("p1".into());
    let key = EncodingKey::from_ec_der(&BASE64_STANDARD.decode(KEY).unwrap());
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}

/// At first sight the user gets a row, once, however many requests come at once; the id is the same
/// on every node and after every restart. Local accounts go on working beside it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_is_adopted_once() {
    let sale = sale();
    let show = sale.concert(json!({})).await;
    let token = signed(&claims("mina"));
    let seen = sale.all((0..20).map(|_| post(show.path("/queue-tokens")).identity(&token))).await;
    let views: Vec<Value> = seen.iter().map(|seen| seen.json()["user_id"].clone()).collect();
    assert!(views.iter().all(|user| *user == views[0]), "{views:?}");
    let name = format!("{ISSUER}#mina");
    assert_eq!(views[0], json!(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())));
    assert_eq!(sale.dump()["user"].len(), 1);

    let sale = sale.reborn();
    let bookings = || get("/api/v1/bookings").identity(&token);
    sale.send(bookings()).await.want(200);
    assert_eq!(sale.dump()["user"].len(), 1);
    sale.send(get("/api/v1/bookings").identity(&signed(&claims("june")))).await.want(200);
    assert_eq!(sale.dump()["user"].len(), 2);

    let local = sale.fan().await;
    sale.send(get("/api/v1/bookings").by(&local)).await.want(200);
    let sign_in = json!({ "username": name, "password": "correct horse" });
    sale.send(post("/api/v1/sessions").json(&sign_in)).await.refused(401, "credentials_wrong");
    // With the leeway.
    sale.pass(660_000);
    sale.send(bookings()).await.refused(401, "identity_invalid");
}

/// H19: what the provider has not signed, or not for here, is nobody; nobody gets a row.
#[tokio::test]
async fn other_tokens_are_refused() {
    let sale = sale();
    let before = sale.dump();
    let with = |name: &str, value: Value| {
        let mut claims = claims("mina");
        claims[name] = value;
        signed(&claims)
    };
    let without = |name: &str| {
        let mut claims = claims("mina");
        claims.as_object_mut().unwrap().remove(name);
        signed(&claims)
    };
    let good = signed(&claims("mina"));
    let (message, _) = good.rsplit_once('.').unwrap();
    let shared = |kid: &str, secret: &[u8]| {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(kid.into());
        jsonwebtoken::encode(&header, &claims("mina"), &EncodingKey::from_secret(secret)).unwrap()
    };
    let public = [BASE64_URL_SAFE_NO_PAD.decode(X), BASE64_URL_SAFE_NO_PAD.decode(Y)];
    let public = public.map(Result::unwrap).concat();
    let none = BASE64_URL_SAFE_NO_PAD.encode("{\"alg\":\"none\",\"kid\":\"p1\"}");
    let unknown = BASE64_URL_SAFE_NO_PAD.encode("{\"alg\":\"ES256\",\"kid\":\"p2\"}");
    let (_, payload) = message.split_once('.').unwrap();
    let start = START / 1000;
    for (what, token) in [
        ("another issuer", with("iss", json!("https://id.example.org"))),
        ("no issuer", without("iss")),
        ("another audience", with("aud", json!("another"))),
        ("no audience", without("aud")),
        ("over", with("exp", json!(start - 60))),
        ("no end", without("exp")),
        ("not yet", with("nbf", json!(start + 61))),
        ("nobody", with("sub", json!(""))),
        ("no subject", without("sub")),
        ("no signature", format!("{message}.")),
        ("another's signature", format!("{message}.{}", "A".repeat(86))),
        ("alg none", format!("{none}.{payload}.")),
        ("an unknown key", format!("{unknown}.{payload}.{}", good.rsplit_once('.').unwrap().1)),
        ("the public key as a secret", shared("p1", &public)),
        ("a shared secret of the file", shared("shared", &[7; 32])),
        ("not even a token", "nonsense".into()),
    ] {
        let seen = sale.send(get("/api/v1/bookings").identity(&token)).await;
        assert_eq!(seen.code(), "identity_invalid", "{what}: {}", seen.shown());
    }
    assert!(sale.dump() == before);
    sale.send(get("/api/v1/bookings").identity(&with("aud", json!(["x", AUDIENCE]))))
        .await
        .want(200);
}

/// A signature costs more than a look into memory: who sends forged ones from behind a shared address is told
/// to stop, and nobody there whose token is genuine, new or not, nor who signs in with a password, pays for it.
#[tokio::test]
async fn forged_tokens_are_paid_for_by_their_address() {
    let sale = sale_with(|given| given.limit_sign_ins = Some("3+1/min".parse().unwrap()));
    let ask =
        |token: &str, last: u8| get("/api/v1/me/holds").identity(token).from([192, 0, 2, last]);
    let genuine = |name: &str| signed(&claims(name));
    for n in 0..20 {
        sale.send(ask(&genuine(&format!("fan-{n}")), 1)).await.want(200);
    }
    let mina = genuine("mina");
    sale.send(ask(&mina, 1)).await.want(200);
    let (message, _) = mina.rsplit_once('.').unwrap();
    let forged = format!("{message}.{}", "A".repeat(86));
    for n in 0..6 {
        let seen = sale.send(ask(&forged, 1)).await;
        assert_eq!(seen.status, if n < 3 { 401 } else { 429 }, "{}", seen.shown());
    }
    sale.send(ask(&mina, 1)).await.want(200);
    sale.send(ask("x", 1)).await.refused(429, "rate_limited");
    sale.send(ask(&genuine("jun"), 1)).await.want(200);
    sale.send(ask("x", 2)).await.refused(401, "identity_invalid");
}

/// A provider's token is no queue token, and a server without a provider trusts none.
#[tokio::test]
async fn a_provider_signs_identities_only() {
    let sale = sale();
    let token = signed(&claims("mina"));
    let ask = get("/api/v1/queue-tokens/me").token(&token);
    sale.send(ask).await.refused(401, "queue_token_invalid");
    let plain = Sale::new();
    let seen = plain.send(get("/api/v1/bookings").identity(&token)).await;
    seen.refused(401, "identity_invalid");
}
