//! Requests that are refused for who asks, or for how.

use super::Met;
use crate::world::{Sale, charge, get, post, put, reserve};
use insta::assert_snapshot;
use serde_json::json;

/// Who asks.
pub async fn who(met: &mut Met) {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let other_show = sale.concert(json!({})).await;
    let (a, b) = (sale.shopper(&show).await, sale.shopper(&show).await);
    let seen = sale.send(get("/api/v1/bookings")).await;
    assert_snapshot!(met.see(&seen), @r#"
    401
    content-type: application/problem+json
    content-language: en

    code: "identity_required"
    status: 401
    title: "Please sign in: Authorization: Bearer <access token>."
    type: "urn:boxoffice:problem:identity_required"
    "#);
    let seen = sale.send(get("/api/v1/bookings").identity("nonsense")).await;
    assert_snapshot!(met.see(&seen), @r#"
    401
    content-type: application/problem+json
    content-language: en

    code: "identity_invalid"
    status: 401
    title: "The access token is not valid or has expired. Please sign in again."
    type: "urn:boxoffice:problem:identity_invalid"
    "#);
    let seen = sale.send(get("/api/v1/queue-tokens/me")).await;
    assert_snapshot!(met.see(&seen), @r#"
    401
    content-type: application/problem+json
    content-language: en

    code: "queue_token_required"
    status: 401
    title: "A queue token is needed: X-Queue-Token."
    type: "urn:boxoffice:problem:queue_token_required"
    "#);
    let seen = sale.send(get("/api/v1/queue-tokens/me").token("nonsense")).await;
    assert_snapshot!(met.see(&seen), @r#"
    401
    content-type: application/problem+json
    content-language: en

    code: "queue_token_invalid"
    status: 401
    title: "The queue token is not valid."
    type: "urn:boxoffice:problem:queue_token_invalid"
    "#);
    let ask = get(show.path("/dates")).identity(&a.identity).token(&b.token);
    assert_snapshot!(met.see(&sale.send(ask).await), @r#"
    403
    content-type: application/problem+json
    content-language: en

    code: "queue_token_of_another_user"
    status: 403
    title: "This queue token belongs to another user."
    type: "urn:boxoffice:problem:queue_token_of_another_user"
    "#);
    let seen = sale.send(get(other_show.path("/dates")).by(&a)).await;
    assert_snapshot!(met.see(&seen), @r#"
    403
    content-type: application/problem+json
    content-language: en

    code: "queue_token_of_another_concert"
    status: 403
    title: "This queue token is for another concert."
    type: "urn:boxoffice:problem:queue_token_of_another_concert"
    "#);
    let seen = sale.send(get(format!("/api/v1/users/{}/balance", b.user)).by(&a)).await;
    assert_snapshot!(met.see(&seen), @r#"
    403
    content-type: application/problem+json
    content-language: en

    code: "other_user"
    status: 403
    title: "This belongs to another user."
    type: "urn:boxoffice:problem:other_user"
    "#);
    let admin = format!("/api/v1/admin/concerts/{}", show.id);
    assert_snapshot!(met.see(&sale.send(get(&admin)).await), @r#"
    401
    content-type: application/problem+json
    content-language: en

    code: "operator_key_required"
    status: 401
    title: "An operator's key is needed: X-Api-Key."
    type: "urn:boxoffice:problem:operator_key_required"
    "#);
    let seen = sale.send(get(&admin).header("x-api-key", "nonsense")).await;
    assert_snapshot!(met.see(&seen), @r#"
    401
    content-type: application/problem+json
    content-language: en

    code: "operator_key_invalid"
    status: 401
    title: "This operator's key is not valid."
    type: "urn:boxoffice:problem:operator_key_invalid"
    "#);
}

/// How it is asked.
pub async fn how(met: &mut Met) {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let mina = json!({ "username": "mina", "password": "correct horse" });
    let wrong = json!({ "username": "mina", "password": "incorrect horse" });
    sale.send(post("/api/v1/users").json(&mina)).await.want(201);
    let seen = sale.send(post("/api/v1/users").json(&wrong)).await;
    assert_snapshot!(met.see(&seen), @r#"
    409
    content-type: application/problem+json
    content-language: en

    code: "username_taken"
    status: 409
    title: "This username is taken."
    type: "urn:boxoffice:problem:username_taken"
    "#);
    let seen = sale.send(post("/api/v1/sessions").json(&wrong)).await;
    assert_snapshot!(met.see(&seen), @r#"
    401
    content-type: application/problem+json
    content-language: en

    code: "credentials_wrong"
    status: 401
    title: "Username or password is wrong."
    type: "urn:boxoffice:problem:credentials_wrong"
    "#);

    let ask = post("/api/v1/sessions").body("application/json", "{\"username\":");
    assert_snapshot!(met.see(&sale.send(ask).await), @r#"
    400
    content-type: application/problem+json
    content-language: en

    code: "invalid_body"
    reason: "EOF while parsing a value at line 1 column 12"
    status: 400
    title: "The body is not what this route takes."
    type: "urn:boxoffice:problem:invalid_body"
    "#);
    let seen = sale.send(post("/api/v1/users").json(&json!({ "username": "a b" }))).await;
    assert_snapshot!(met.see(&seen), @r#"
    400
    content-type: application/problem+json
    content-language: en

    code: "invalid_body"
    reason: "missing field `password` at line 1 column 18"
    status: 400
    title: "The body is not what this route takes."
    type: "urn:boxoffice:problem:invalid_body"
    "#);
    let seen = sale.send(reserve(&fan, &show, &[1, 1])).await;
    assert_snapshot!(met.see(&seen), @r#"
    400
    content-type: application/problem+json
    content-language: en

    code: "invalid_body"
    field: "seat_numbers"
    reason: "name at least one seat, and each once"
    status: 400
    title: "The body is not what this route takes."
    type: "urn:boxoffice:problem:invalid_body"
    "#);
    let ask = post("/api/v1/sessions").body("text/plain", "mina");
    assert_snapshot!(met.see(&sale.send(ask).await), @r#"
    415
    content-type: application/problem+json
    content-language: en

    code: "unsupported_media_type"
    status: 415
    title: "The body must be JSON (application/json)."
    type: "urn:boxoffice:problem:unsupported_media_type"
    "#);
    let ask = post("/api/v1/sessions").body("application/json", vec![b' '; 65 * 1024]);
    assert_snapshot!(met.see(&sale.send(ask).await), @r#"
    413
    content-type: application/problem+json
    content-language: en

    code: "body_too_large"
    limit_bytes: 65536
    status: 413
    title: "The body is too large."
    type: "urn:boxoffice:problem:body_too_large"
    "#);
    let seen = sale.send(get("/api/v1/bookings?limit=0").by(&fan)).await;
    assert_snapshot!(met.see(&seen), @r#"
    400
    content-type: application/problem+json
    content-language: en

    code: "invalid_query"
    field: "limit"
    status: 400
    title: "A query parameter is not valid."
    type: "urn:boxoffice:problem:invalid_query"
    "#);
    let seen = sale.send(get("/api/v1/bookings?page=2").by(&fan)).await;
    assert_snapshot!(met.see(&seen), @r#"
    400
    content-type: application/problem+json
    content-language: en

    code: "invalid_query"
    reason: "Failed to deserialize query string: page: unknown field `page`, expected `before` or `limit`"
    status: 400
    title: "A query parameter is not valid."
    type: "urn:boxoffice:problem:invalid_query"
    "#);

    let seen = sale.send(charge(&fan, 1)).await;
    assert_snapshot!(met.see(&seen), @r#"
    400
    content-type: application/problem+json
    content-language: en

    code: "idempotency_key_required"
    status: 400
    title: "This route needs an Idempotency-Key header."
    type: "urn:boxoffice:problem:idempotency_key_required"
    "#);
    let seen = sale.send(charge(&fan, 1).key("two words")).await;
    assert_snapshot!(met.see(&seen), @r#"
    400
    content-type: application/problem+json
    content-language: en

    code: "idempotency_key_invalid"
    status: 400
    title: "The Idempotency-Key must have 1 to 128 visible ASCII characters."
    type: "urn:boxoffice:problem:idempotency_key_invalid"
    "#);
    let seen = sale.send(charge(&fan, 1).key(&"x".repeat(129))).await;
    assert_eq!(seen.code(), "idempotency_key_invalid");
    sale.send(charge(&fan, 1).key(&"x".repeat(128))).await.want(201);

    assert_snapshot!(met.see(&sale.send(get("/api/v2/concerts")).await), @r#"
    404
    content-type: application/problem+json
    content-language: en

    code: "not_found"
    status: 404
    title: "There is nothing here."
    type: "urn:boxoffice:problem:not_found"
    "#);
    let seen = sale.send(get("/api/v1/concerts/7")).await;
    assert_eq!(seen.code(), "not_found", "what is no id names nothing");
    assert_snapshot!(met.see(&sale.send(put("/api/v1/concerts")).await), @r#"
    405
    content-type: application/problem+json
    content-language: en
    allow: GET,HEAD

    code: "method_not_allowed"
    status: 405
    title: "This address does not take this method."
    type: "urn:boxoffice:problem:method_not_allowed"
    "#);
}
