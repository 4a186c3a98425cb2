//! The edges of HTTP, as far as they are the router's: what stands in every answer, who may ask from a
//! browser, headers that break a rule, addresses that are almost right.

use crate::world::{Sale, Seen, get, post, put};
use boxoffice_server::http::routes::{Guard, Reach, router_for, routes};
use boxoffice_server::origins::Origins;
use hyper::Method;
use serde_json::json;

const CREDENTIALS: &str = "{\"username\":\"mina\",\"password\":\"correct horse\"}";

/// A request of any method.
fn ask(method: Method, path: &str) -> crate::world::Ask {
    let mut ask = get(path);
    ask.method = method;
    ask
}

fn protected(seen: &Seen, what: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(seen.header(name), value, "{what}: {name}");
    }
    assert!(seen.header("content-security-policy").contains("frame-ancestors 'none'"), "{what}");
    assert!(!seen.header("cache-control").is_empty(), "{what}");
}

/// S13: every answer has the protective headers, and what is not public says that nobody may keep it.
#[tokio::test]
async fn every_answer_is_protected_and_private_unless_public() {
    let sale = Sale::new();
    for route in routes() {
        let path = route.path.replace("{id}", &uuid::Uuid::nil().to_string());
        let seen = sale.send(ask(route.method.clone(), &path).operator()).await;
        let name = format!("{} {path}: {}", route.method, seen.shown());
        protected(&seen, &name);
        let public = route.guard == Guard::Public && seen.status == 200;
        if !public {
            let caching = seen.header("cache-control");
            assert!(caching.contains("no-store") || caching == "private, no-cache", "{name}");
        }
    }
    for path in ["/", "/docs", "/docs/", "/docs/codes", "/docs/nothing", "/nothing"] {
        protected(&sale.send(get(path)).await, path);
    }
    let credentials = || post("/api/v1/users").body("application/json", CREDENTIALS);
    sale.send(credentials()).await.want(201);
    let seen = sale.send(post("/api/v1/sessions").body("application/json", CREDENTIALS)).await;
    seen.want(201);
    assert_eq!(seen.header("cache-control"), "no-store");
}

/// F18: what is encoded otherwise than understood is not read as if it were not.
#[tokio::test]
async fn encodings_that_are_not_understood_are_refused() {
    let sale = Sale::new();
    let ask = || post("/api/v1/sessions").body("application/json", CREDENTIALS);
    for encoding in ["gzip", "br", "GZIP", "identity, gzip", "deflate", "zstd", "x"] {
        let seen = sale.send(ask().header("content-encoding", encoding)).await;
        seen.refused(415, "content_encoding_unsupported");
        assert_eq!(seen.header("accept-encoding"), "identity", "{encoding}");
    }
    for encoding in ["identity", "Identity", ""] {
        sale.send(ask().header("content-encoding", encoding)).await.want(401);
    }
}

#[tokio::test]
async fn json_is_utf_8_and_says_so() {
    let sale = Sale::new();
    let ask = |media: &str| post("/api/v1/sessions").body(media, CREDENTIALS);
    for media in [
        "application/json; charset=euc-kr",
        "application/json; charset=latin1",
        "application/json; charset=utf-8; charset=utf-16",
        "application/json-patch+json",
        "text/plain; application/json",
        "multipart/form-data",
        "",
    ] {
        sale.send(ask(media)).await.refused(415, "unsupported_media_type");
    }
    let untyped = ask("x").without("content-type");
    sale.send(untyped).await.refused(415, "unsupported_media_type");
    for media in [
        "application/json;charset=\"UTF-8\"",
        "APPLICATION/json ; Charset=utf-8",
        "application/json;",
    ] {
        sale.send(ask(media)).await.want(401);
    }
}

/// S18: an array is no object, at any depth and on every route; and a route that needs a body says so.
#[tokio::test]
async fn arrays_are_no_objects() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let admin = format!("/api/v1/admin/concerts/{}", show.id);
    let charges = format!("/api/v1/users/{}/balance/charges", fan.user);
    let json = "application/json";
    for body in ["[5]", "[]", "[[5]]", "\"5\"", "5", "null"] {
        let ask = post(&charges).by(&fan).key("k").body(json, body);
        sale.send(ask).await.refused(400, "invalid_body");
    }
    for body in ["[\"mina\",\"correct horse\"]", "[{\"username\":\"mina\"}]"] {
        sale.send(post("/api/v1/sessions").body(json, body)).await.refused(400, "invalid_body");
    }
    for body in [
        "[\"2027-05-02T19:00:00Z\",[[1,2,\"R\",1]]]",
        "{\"starts_at\":\"2027-05-02T19:00:00Z\",\"seats\":[[1,2,\"R\",1]]}",
    ] {
        let ask = post(format!("{admin}/dates")).operator().body(json, body);
        sale.send(ask).await.refused(400, "invalid_body");
    }
    sale.send(put(format!("{admin}/queue")).operator()).await.refused(400, "invalid_body");
    sale.send(put(format!("{admin}/queue")).operator().body(json, "[]"))
        .await
        .refused(400, "invalid_body");
    let deep = "[".repeat(10_000);
    sale.send(post("/api/v1/sessions").body(json, deep)).await.refused(400, "invalid_body");
}

/// Two of a header that says one thing are refused, also where both say the same.
#[tokio::test]
async fn what_stands_once_is_refused_twice() {
    let sale = Sale::new();
    for name in
        ["authorization", "x-queue-token", "x-api-key", "idempotency-key", "content-type", "host"]
    {
        let seen = sale.send(get("/api/v1/concerts").header(name, "1").header(name, "1")).await;
        seen.refused(400, "invalid_request");
        assert_eq!(seen.json()["header"], name);
    }
    sale.send(get("/livez").header("accept", "a/b").header("accept", "*/*")).await.want(200);
}

#[tokio::test]
async fn methods_and_addresses_lead_somewhere() {
    let sale = Sale::new();
    let seen = sale.send(ask(Method::OPTIONS, "/api/v1/concerts")).await;
    assert_eq!((seen.status, seen.header("allow")), (204, "GET,HEAD,OPTIONS"));
    assert!(seen.body.is_empty());
    let seen = sale.send(ask(Method::OPTIONS, "*")).await;
    assert!(seen.status == 204 && seen.header("allow").contains("PUT"), "{}", seen.shown());
    sale.send(ask(Method::OPTIONS, "/nothing")).await.refused(404, "not_found");
    for method in [Method::TRACE, Method::PATCH, Method::POST] {
        let seen = sale.send(ask(method.clone(), "/livez")).await;
        seen.refused(405, "method_not_allowed");
        assert_eq!(seen.header("allow"), "GET,HEAD,OPTIONS", "{method}");
    }
    let seen = sale.send(ask(Method::HEAD, "/api/v1/concerts")).await;
    assert_eq!((seen.status, seen.body.len()), (200, 0));
    let seen = sale.send(get("/api/v1/concerts/?limit=1")).await;
    assert_eq!((seen.status, seen.header("location")), (308, "../concerts?limit=1"));
    for path in [
        "//evil.example/",
        "/api/v1//concerts",
        "/api/v1/",
        "/API/v1/concerts",
        "/api/v1/%63oncerts",
    ] {
        sale.send(get(path)).await.refused(404, "not_found");
    }
    let seen = sale.send(get("/")).await;
    assert!(seen.status == 200 && seen.header("content-type").starts_with("text/html"));
    let seen = sale.send(get("/docs")).await;
    assert_eq!((seen.status, seen.header("location")), (307, "docs/"));
    for query in ["limit=0", "limit=1&limit=2", "limit=x", "limt=1", "limit=-1", "after=7"] {
        let seen = sale.send(get(format!("/api/v1/concerts?{query}"))).await;
        seen.refused(400, "invalid_query");
    }
}

/// Off by default; then only for those that are listed, and never with credentials.
#[tokio::test]
async fn other_origins_may_ask_when_they_are_listed() {
    let sale = Sale::new();
    let shop = "https://shop.example";
    let preflight = || {
        ask(Method::OPTIONS, "/api/v1/reservations")
            .header("origin", shop)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,x-queue-token,idempotency-key")
    };
    let seen = sale.send(preflight()).await;
    assert_eq!((seen.status, seen.header("access-control-allow-origin")), (204, ""));
    assert_eq!(seen.header("vary"), "");
    let origins: Origins = "https://shop.example,http://localhost:3000".parse().unwrap();
    let router = router_for(sale.app.clone(), Reach::All, origins);
    let seen = preflight().send(router.clone()).await;
    assert_eq!((seen.status, seen.header("access-control-allow-origin")), (204, shop));
    assert!(seen.header("access-control-allow-methods").contains("POST"), "{:?}", seen.headers);
    let sent = seen.header("access-control-allow-headers").to_lowercase();
    for name in
        ["authorization", "x-queue-token", "idempotency-key", "content-type", "if-none-match"]
    {
        assert!(sent.contains(name), "{name}");
    }
    assert_eq!(seen.header("access-control-max-age"), "600");
    for (path, status) in [("/api/v1/concerts", 200), ("/api/v1/bookings", 401), ("/nothing", 404)]
    {
        let seen = get(path).header("origin", shop).send(router.clone()).await;
        assert_eq!((seen.status, seen.header("access-control-allow-origin")), (status, shop));
        assert!(seen.header("access-control-expose-headers").contains("Retry-After"), "{path}");
        assert_eq!(seen.header("access-control-allow-credentials"), "");
        for other in
            ["https://evil.example", "null", "https://shop.example.evil", "http://shop.example"]
        {
            let seen = get(path).header("origin", other).send(router.clone()).await;
            assert_eq!(seen.header("access-control-allow-origin"), "", "{other}");
            assert_eq!(seen.header("vary"), "Origin", "{other}");
        }
        assert_eq!(get(path).send(router.clone()).await.header("vary"), "Origin");
    }
    let router = router_for(sale.app.clone(), Reach::All, "*".parse().unwrap());
    let seen = get("/livez").header("origin", "https://any.example").send(router).await;
    assert_eq!(seen.header("access-control-allow-origin"), "*");
    assert_eq!(seen.header("access-control-allow-credentials"), "");
}

/// S14: with an address of their own, what is the operators' is not on the public one.
#[tokio::test]
async fn the_public_does_not_see_what_is_the_operators() {
    let sale = Sale::new();
    let router = router_for(sale.app.clone(), Reach::Public, Origins::default());
    for route in routes() {
        let path = route.path.replace("{id}", &uuid::Uuid::nil().to_string());
        let seen = ask(route.method.clone(), &path).operator().send(router.clone()).await;
        let hidden =
            route.guard == Guard::Operator || ["/metrics", "/openapi.json"].contains(&route.path);
        let is_hidden = seen.code() == "not_found" && !route.path.starts_with("/api/v1/concerts");
        assert!(!hidden || is_hidden, "{} {path}: {}", route.method, seen.shown());
    }
    for path in ["/docs", "/docs/", "/docs/codes", "/metrics", "/openapi.json"] {
        get(path).send(router.clone()).await.refused(404, "not_found");
    }
    assert_eq!(get("/").send(router.clone()).await.status, 200);
    get("/livez").send(router).await.want(200);
}

/// RFC 9110 § 13.1: a condition that cannot be met changes nothing; one that is met, or of a reading, does.
#[tokio::test]
async fn conditions_are_met_or_nothing_changes() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let path = format!("/api/v1/admin/concerts/{}/sale", show.id);
    let ask = || put(&path).operator().json(&json!({ "open": false }));
    let before = sale.dump();
    for (name, value) in
        [("if-match", "\"x\""), ("if-match", "W/\"x\", \"y\""), ("if-none-match", "*")]
    {
        sale.send(ask().header(name, value)).await.refused(412, "precondition_failed");
    }
    assert!(sale.dump() == before);
    sale.send(get("/livez").header("if-match", "\"x\"")).await.want(200);
    sale.send(ask().header("if-none-match", "\"x\"")).await.want(200);
    sale.send(ask().header("if-match", "*")).await.want(200);
}

/// RFC 9110 § 8.6: what is not sent has no length of its own.
#[tokio::test]
async fn what_is_known_has_no_length() {
    let sale = Sale::new();
    let etag = sale.send(get("/openapi.json")).await.header("etag").to_owned();
    for method in [Method::GET, Method::HEAD] {
        let ask = ask(method, "/openapi.json").header("if-none-match", &etag);
        let seen = sale.send(ask).await;
        assert_eq!((seen.status, seen.header("content-length")), (304, ""));
    }
}

/// A preflight is led nowhere, and says which request it was.
#[tokio::test]
async fn a_preflight_is_answered_where_it_is() {
    let sale = Sale::new();
    let preflight = |path: &str| ask(Method::OPTIONS, path);
    assert_eq!(sale.send(preflight("/api/v1/concerts/")).await.status, 404);
    let seen = sale.send(preflight("/api/v1/concerts")).await;
    assert!(seen.status == 204 && !seen.header("x-request-id").is_empty());
}
