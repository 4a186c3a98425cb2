//! Requests that are refused for who asks, or for how.

use super::Met;
use crate::external;
use crate::world::{PASSWORD, Sale, charge, delete, get, post, put, reserve};
use axum::body::Body;
use hyper::body::{Bytes, Frame};
use insta::assert_snapshot;
use serde_json::json;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Who asks.
pub async fn who(met: &mut Met) {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let other_show = sale.concert(json!({})).await;
    let (a, b) = (sale.shopper(&show).await, sale.shopper(&show).await);
    let seen = sale.send(get("/api/v1/bookings")).await;
    assert_snapshot!(met.see(&seen), @r#"
    401

    code: "identity_required"
    title: "Sign in first, and send Authorization: Bearer ACCESS_TOKEN."
    "#);
    let seen = sale.send(get("/api/v1/bookings").identity("nonsense")).await;
    assert_snapshot!(met.see(&seen), @r#"
    401

    code: "identity_invalid"
    title: "The access token is invalid or has expired. Sign in again."
    "#);
    let ask = delete("/api/v1/me/sessions/current").header("cookie", &sale.cookie(a.user));
    let seen = sale.send(ask.header("sec-fetch-site", "cross-site")).await;
    assert_snapshot!(met.see(&seen), @r#"
    403

    code: "cross_site"
    title: "A cookie only counts for requests of this server's own pages."
    "#);
    let seen = sale.send(get("/api/v1/queue-tokens/me")).await;
    assert_snapshot!(met.see(&seen), @r#"
    401

    code: "queue_token_required"
    title: "A queue token is required. Send it as X-Queue-Token."
    "#);
    let seen = sale.send(get("/api/v1/queue-tokens/me").token("nonsense")).await;
    assert_snapshot!(met.see(&seen), @r#"
    401

    code: "queue_token_invalid"
    title: "The queue token is invalid."
    "#);
    let ask = get(show.path("/dates")).identity(&a.identity).token(&b.token);
    assert_snapshot!(met.see(&sale.send(ask).await), @r#"
    403

    code: "queue_token_of_another_user"
    title: "This queue token belongs to another user."
    "#);
    let seen = sale.send(get(other_show.path("/dates")).by(&a)).await;
    assert_snapshot!(met.see(&seen), @r#"
    403

    code: "queue_token_of_another_concert"
    title: "This queue token is for another concert."
    "#);
    let seen = sale.send(get(format!("/api/v1/users/{}/balance", b.user)).by(&a)).await;
    assert_snapshot!(met.see(&seen), @r#"
    403

    code: "other_user"
    title: "This belongs to another user."
    "#);
    let admin = format!("/api/v1/admin/concerts/{}", show.id);
    assert_snapshot!(met.see(&sale.send(get(&admin)).await), @r#"
    401

    code: "operator_key_required"
    title: "An operator's key is required. Send it as X-Api-Key."
    "#);
    let seen = sale.send(get(&admin).header("x-api-key", "nonsense")).await;
    assert_snapshot!(met.see(&seen), @r#"
    401

    code: "operator_key_invalid"
    title: "The operator's key is invalid."
    "#);
}

/// Accounts.
pub async fn accounts(met: &mut Met) {
    let sale = Sale::new();
    let mina = json!({ "username": "mina", "password": "correct horse" });
    let wrong = json!({ "username": "mina", "password": "incorrect horse" });
    sale.send(post("/api/v1/users").json(&mina)).await.want(201);
    let seen = sale.send(post("/api/v1/users").json(&wrong)).await;
    assert_snapshot!(met.see(&seen), @r#"
    409

    code: "username_taken"
    title: "This username is taken."
    "#);
    let seen = sale.send(post("/api/v1/sessions").json(&wrong)).await;
    assert_snapshot!(met.see(&seen), @r#"
    401

    code: "credentials_wrong"
    title: "The username or password is wrong."
    "#);
}

/// What is refused to who is signed in, about the account.
pub async fn mine(met: &mut Met) {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let mut mina = sale.member("mina").await.fan;
    sale.join(&mut mina, &show).await;
    sale.send(charge(&mina, 5).key("c")).await.want(201);
    let farewell =
        |password: &str| delete("/api/v1/me").by(&mina).json(&json!({ "password": password }));
    met.see(&sale.send(farewell("incorrect horse")).await);
    met.see(&sale.send(farewell(PASSWORD)).await);
    let none = delete(format!("/api/v1/me/sessions/{}", show.id)).by(&mina);
    met.see(&sale.send(none).await);
    sale.send(delete("/api/v1/me/sessions/current").by(&mina)).await.want(204);
    met.see(&sale.send(get("/api/v1/bookings").by(&mina)).await);
    let sale = external::sale();
    let token = external::signed(&external::claims("mina"));
    for path in ["/api/v1/me/sessions", "/api/v1/me/sessions/current", "/api/v1/me"] {
        let ask = delete(path).identity(&token).json(&json!({ "password": PASSWORD }));
        met.see(&sale.send(ask).await);
    }
    sale.send(get("/api/v1/bookings").identity(&token)).await.want(200);
}

/// What is sent.
pub async fn bodies(met: &mut Met) {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let ask = post("/api/v1/sessions").body("application/json", "{\"username\":");
    assert_snapshot!(met.see(&sale.send(ask).await), @r#"
    400

    code: "invalid_body"
    pointer: "/username"
    reason: "is not valid JSON (line 1, column 12)"
    title: "The request body is invalid."
    "#);
    let seen = sale.send(post("/api/v1/users").json(&json!({ "username": "a b" }))).await;
    assert_snapshot!(met.see(&seen), @r#"
    400

    code: "invalid_body"
    reason: "password is missing"
    title: "The request body is invalid."
    "#);
    let seen = sale.send(reserve(&fan, &show, &[1, 1])).await;
    assert_snapshot!(met.see(&seen), @r#"
    400

    code: "invalid_body"
    field: "seat_numbers"
    reason: "name each seat once"
    title: "The request body is invalid."
    "#);
    let poster = put(format!("/api/v1/admin/concerts/{}/poster", show.id)).operator();
    let seen = sale.send(poster.body("image/png", crate::billing::png(60, 800))).await;
    assert_snapshot!(met.see(&seen), @r#"
    422

    code: "invalid_picture"
    reason: "It is 60 × 800 pixels. Each side must have 64 to 4096."
    title: "This picture cannot be used. See reason."
    "#);
    met.see(&sale.send(get("/api/v1/posters/none")).await);
    let ask = post("/api/v1/sessions").body("text/plain", "mina");
    assert_snapshot!(met.see(&sale.send(ask).await), @r#"
    415

    code: "unsupported_media_type"
    supported: ["application/json"]
    title: "This Content-Type is not supported here. See supported."
    "#);
    let dates = format!("/api/v1/admin/concerts/{}/dates?starts_at=2027-05-02T19:00:00Z", show.id);
    let ask = post(&dates).operator().body("text/csv; charset=utf-32", "seat_number,zone,price");
    assert_snapshot!(met.see(&sale.send(ask).await), @r#"
    415

    charset: "utf-32"
    code: "unsupported_charset"
    supported: ["utf-8","utf-16","utf-16le","utf-16be","euc-kr","cp949"]
    title: "The charset of this file is not supported."
    "#);
    let ask = post(&dates).operator().body("text/csv", "seat_number,zone,price\n1,R,-1\n");
    assert_snapshot!(met.see(&sale.send(ask).await), @r#"
    422

    code: "invalid_file"
    columns: ["seat_number","zone","price"]
    faults: [{"column":"price","detail":"below zero","reason":"negative","row":2,"value":"-1"}]
    faults_total: 1
    field: "seats"
    title: "The file has invalid values, so nothing was changed. See faults."
    "#);
    let ask = post("/api/v1/users")
        .json(&json!({ "username": "mi\u{200B}na", "password": "correct horse" }));
    assert_snapshot!(met.see(&sale.send(ask).await), @r#"
    422

    code: "invalid_text"
    detail: "contains U+200B, which is invisible"
    field: "username"
    pointer: "/username"
    reason: "invisible_character"
    title: "The text contains a character that cannot be displayed."
    "#);
    let ask = post("/api/v1/sessions").body("application/json", vec![b' '; 65 * 1024]);
    assert_snapshot!(met.see(&sale.send(ask).await), @r#"
    413

    code: "body_too_large"
    limit_bytes: 65536
    title: "The request body is too large."
    "#);
}

/// A body that never ends.
struct Endless;

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

/// What does not come. Time stands still but for those who wait for it.
pub async fn slow_bodies(met: &mut Met) {
    let sale = Sale::new();
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let ask = post("/api/v1/sessions").header("content-type", "application/json");
    let seen = ask.send_body(sale.router.clone(), Body::new(Endless)).await;
    assert_eq!(began.elapsed().as_secs(), 15);
    tokio::time::resume();
    assert_snapshot!(met.see(&seen), @r#"
    408

    code: "body_too_slow"
    title: "The request body took too long to arrive."
    "#);
}

/// Addresses, queries and keys.
pub async fn addresses(met: &mut Met) {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let seen = sale.send(get("/api/v1/bookings?limit=0").by(&fan)).await;
    assert_snapshot!(met.see(&seen), @r#"
    400

    code: "invalid_query"
    field: "limit"
    title: "A query parameter is invalid."
    "#);
    let seen = sale.send(get("/api/v1/bookings?page=2").by(&fan)).await;
    assert_snapshot!(met.see(&seen), @r#"
    400

    code: "invalid_query"
    field: "page"
    reason: "page is not a known name; use before, limit"
    title: "A query parameter is invalid."
    "#);

    let seen = sale.send(charge(&fan, 1)).await;
    assert_snapshot!(met.see(&seen), @r#"
    400

    code: "idempotency_key_required"
    title: "An Idempotency-Key header is required."
    "#);
    let seen = sale.send(charge(&fan, 1).key("two words")).await;
    assert_snapshot!(met.see(&seen), @r#"
    400

    code: "idempotency_key_invalid"
    title: "An Idempotency-Key must have 1 to 128 visible ASCII characters."
    "#);
    let seen = sale.send(charge(&fan, 1).key(&"x".repeat(129))).await;
    assert_eq!(seen.code(), "idempotency_key_invalid");
    sale.send(charge(&fan, 1).key(&"x".repeat(128))).await.want(201);

    assert_snapshot!(met.see(&sale.send(get("/api/v2/concerts")).await), @r#"
    404

    code: "not_found"
    title: "There is nothing at this address."
    "#);
    let seen = sale.send(get("/api/v1/concerts/7")).await;
    assert_eq!(seen.code(), "not_found", "what is no id names nothing");
    assert_snapshot!(met.see(&sale.send(put("/api/v1/concerts")).await), @r#"
    405
    allow: GET,HEAD,OPTIONS

    code: "method_not_allowed"
    title: "This address does not allow this method."
    "#);
}

/// What HTTP itself asks for.
pub async fn edges(met: &mut Met) {
    let sale = Sale::new();
    let seen = sale.send(get("/livez").header("host", "a").header("host", "a")).await;
    assert_snapshot!(met.see(&seen), @r#"
    400

    code: "invalid_request"
    header: "host"
    reason: "this header is allowed only once"
    title: "The request is not valid HTTP."
    "#);
    let seen = sale.send(get("/api/v1/concerts").header("accept", "text/html")).await;
    assert_snapshot!(met.see(&seen), @r#"
    406

    code: "not_acceptable"
    title: "The server cannot answer in a format that Accept allows."
    "#);
    let seen = sale.send(post("/api/v1/sessions").header("if-match", "\"x\"")).await;
    assert_snapshot!(met.see(&seen), @r#"
    412

    code: "precondition_failed"
    title: "A condition of the request (If-Match, If-None-Match) is not met, so nothing was changed."
    "#);
    let seen = sale.send(get(format!("/api/v1/concerts?{}", "x".repeat(8_000)))).await;
    assert_snapshot!(met.see(&seen), @r#"
    414

    code: "target_too_long"
    limit_bytes: 8000
    title: "The address is too long."
    "#);
    let seen = sale.send(post("/api/v1/sessions").header("content-encoding", "gzip")).await;
    assert_snapshot!(met.see(&seen), @r#"
    415

    code: "content_encoding_unsupported"
    title: "Send the request body without Content-Encoding."
    "#);
    let seen = sale.send(post("/api/v1/sessions").header("expect", "200-ok")).await;
    assert_snapshot!(met.see(&seen), @r#"
    417

    code: "expectation_failed"
    title: "The only supported Expect value is 100-continue."
    "#);
    let seen =
        sale.send(post("/api/v1/sessions").header("transfer-encoding", "gzip, chunked")).await;
    assert_snapshot!(met.see(&seen), @r#"
    501

    code: "transfer_coding_unsupported"
    title: "The only supported Transfer-Encoding is chunked."
    "#);
}
