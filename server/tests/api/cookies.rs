//! The session of a browser: a cookie that no script reads, that counts for this server's own pages alone, and
//! that ends as sessions end.

use crate::world::{Ask, Fan, MINUTE, PASSWORD, Sale, Seen, delete, get, post, put, reserve};
use boxoffice_server::cookie::SessionCookie;
use boxoffice_server::http::routes::{Reach, router_for};
use serde_json::{Value, json};

const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A page of this server sends it.
fn own(ask: Ask) -> Ask {
    ask.header("sec-fetch-site", "same-origin")
}

/// As a browser in which somebody is signed in.
fn by(ask: Ask, cookie: &str) -> Ask {
    own(ask).header("cookie", cookie)
}

fn sign_in(name: &str) -> Ask {
    let body = json!({ "username": name, "password": PASSWORD, "cookie": true });
    post("/api/v1/sessions").json(&body)
}

/// The cookie that an answer sets, as a browser sends it back.
fn kept(seen: &Seen) -> Option<String> {
    let mut set = seen.headers.get_all("set-cookie").iter();
    let cookie = set.next()?.to_str().unwrap();
    assert!(set.next().is_none(), "one cookie");
    assert_eq!(seen.header("cache-control"), "no-store");
    cookie.split(';').next().map(str::to_owned)
}

async fn browser(sale: &Sale, name: &str) -> String {
    let seen = sale.send(own(sign_in(name))).await;
    seen.want(201);
    kept(&seen).expect("a cookie")
}

async fn is_in(sale: &Sale, cookie: &str) -> Seen {
    sale.send(by(get("/api/v1/bookings"), cookie)).await
}

/// A whole purchase and the way out, with nothing but what a browser keeps.
#[tokio::test]
async fn a_browser_buys_with_a_cookie() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    sale.member("mina").await;
    let seen = sale.send(own(sign_in("mina"))).await;
    let view = seen.want(201);
    let members: Vec<&String> = view.as_object().unwrap().keys().collect();
    assert_eq!(members, ["expires_at", "now", "session_id", "user_id"]);
    assert_eq!(view["expires_at"], "2027-01-22T08:00:00.000Z");
    let attributes = seen.header("set-cookie").split_once(';').unwrap().1;
    assert_eq!(attributes, " Path=/; Max-Age=604800; Secure; HttpOnly; SameSite=Strict");
    let cookie = kept(&seen).unwrap();
    assert!(cookie.starts_with("__Host-boxoffice="), "{cookie}");

    let joined = sale.send(by(post(show.path("/queue-tokens")), &cookie)).await.want(201);
    sale.tick().await;
    let token = joined["token"].as_str().unwrap();
    let shop = |ask: Ask| by(ask.without("authorization"), &cookie).token(token);
    let nobody = Fan { user: uuid::Uuid::nil(), identity: String::new(), token: String::new() };
    sale.send(shop(get(show.seats_path()))).await.want(200);
    let ask = reserve(&nobody, &show, &[1]).without("x-queue-token");
    let held = sale.send(shop(ask)).await.want(201);
    let user = view["user_id"].as_str().unwrap();
    let charge = post(format!("/api/v1/users/{user}/balance/charges")).key("c");
    sale.send(shop(charge.json(&json!({ "amount": 150_000 })))).await.want(201);
    let pay = format!("/api/v1/reservations/{}/payment", held["reservation_id"].as_str().unwrap());
    sale.send(shop(post(pay).key("p"))).await.want(201);
    assert_eq!(is_in(&sale, &cookie).await.want(200)["bookings"].as_array().unwrap().len(), 1);

    let listed = sale.send(by(get("/api/v1/me/sessions"), &cookie)).await.want(200);
    let mut current = listed["sessions"].as_array().unwrap().iter();
    let current = current.find(|session| session["current"] == true).unwrap();
    assert_eq!(current["session_id"], view["session_id"]);
    let out = sale.send(by(delete("/api/v1/me/sessions/current"), &cookie)).await;
    out.want(204);
    let cleared = "__Host-boxoffice=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict";
    assert_eq!(out.header("set-cookie"), cleared);
    is_in(&sale, &cookie).await.refused(401, "session_ended");
    sale.sound();
}

/// H42: what ends a session ends its cookie, for as long as the cookie would count, and after a restart.
#[tokio::test]
async fn a_cookie_ends_with_its_session() {
    let sale = Sale::new();
    let mina = sale.member("mina").await;
    let [one, two, three] =
        [browser(&sale, "mina").await, browser(&sale, "mina").await, browser(&sale, "mina").await];
    let password = json!({ "current_password": PASSWORD, "new_password": "battery staple" });
    sale.send(by(put("/api/v1/me/password"), &one).json(&password)).await.want(200);
    is_in(&sale, &one).await.want(200);
    is_in(&sale, &two).await.refused(401, "session_ended");
    is_in(&sale, &three).await.refused(401, "session_ended");
    sale.send(get("/api/v1/me").by(&mina.fan)).await.refused(401, "session_ended");
    let sale = sale.reborn();
    // Long after any access token has run out.
    sale.pass(2 * sale.app.token_times.access_ttl_ms);
    sale.tick().await;
    is_in(&sale, &two).await.refused(401, "session_ended");
    let farewell = json!({ "password": "battery staple" });
    let gone = sale.send(by(delete("/api/v1/me"), &one).json(&farewell)).await;
    gone.want(204);
    assert!(gone.header("set-cookie").contains("Max-Age=0"), "{:?}", gone.headers);
    is_in(&sale, &one).await.refused(401, "session_ended");
    sale.pass(7 * DAY);
    is_in(&sale, &one).await.refused(401, "identity_invalid");
    sale.tick().await;
    assert!(sale.app.read_model.ended.is_empty(), "nothing is remembered for longer than needed");
}

/// A session in use goes on: the page that asks who is signed in gets the next cookie once half of the time is
/// over, in every tab.
#[tokio::test]
async fn a_cookie_is_renewed_while_it_is_used() {
    let sale = Sale::new();
    sale.member("mina").await;
    let first = browser(&sale, "mina").await;
    let me = |cookie: &str| by(get("/api/v1/me"), cookie);
    sale.pass(3 * DAY);
    assert_eq!(kept(&sale.send(me(&first)).await), None, "not before it is due");
    sale.pass(DAY);
    let writes = sale.dump();
    assert_eq!(kept(&is_in(&sale, &first).await), None, "nor by another request");
    assert!(sale.dump() == writes);
    let seen = sale.send(me(&first)).await;
    seen.want(200);
    assert!(seen.header("set-cookie").contains("Max-Age=604800"), "{:?}", seen.headers);
    let next = kept(&seen).unwrap();
    assert_ne!(next, first);
    assert!(kept(&sale.send(me(&first)).await).is_some(), "another tab, or a lost answer");
    sale.pass(3 * DAY + HOUR);
    is_in(&sale, &first).await.refused(401, "identity_invalid");
    is_in(&sale, &next).await.want(200);
    // Ended, it is not renewed: also one that a slower tab still has.
    let last = kept(&sale.send(me(&next)).await);
    assert_eq!(last, None);
    sale.send(by(delete("/api/v1/me/sessions/current"), &next)).await.want(204);
    sale.send(me(&next)).await.refused(401, "session_ended");
    sale.pass(4 * DAY);
    sale.tick().await;
    sale.sound();
}

/// Every kind of token is worth something for its own use alone.
#[tokio::test]
async fn a_cookie_is_no_bearer_and_a_bearer_no_cookie() {
    let sale = Sale::new();
    let mina = sale.member("mina").await;
    let cookie = browser(&sale, "mina").await;
    let (name, token) = cookie.split_once('=').unwrap();
    sale.send(get("/api/v1/me").identity(token)).await.refused(401, "identity_invalid");
    for other in [&mina.fan.identity, &mina.refresh] {
        is_in(&sale, &format!("{name}={other}")).await.refused(401, "identity_invalid");
    }
    let body = json!({ "refresh_token": token });
    let renewed = sale.send(post("/api/v1/sessions/refresh").json(&body)).await;
    renewed.refused(401, "identity_invalid");
    sale.send(get("/api/v1/queue-tokens/me").token(token))
        .await
        .refused(401, "queue_token_invalid");
    // Whoever sends both asks as the bearer.
    let june = sale.member("june").await;
    let both = by(get("/api/v1/me"), &cookie);
    assert_eq!(sale.send(both.clone().by(&june.fan)).await.want(200)["username"], "june");
    sale.send(both.identity("nonsense")).await.refused(401, "identity_invalid");
    let basic = by(get("/api/v1/me"), &cookie).header("authorization", "Basic bTpt");
    sale.send(basic).await.refused(401, "identity_required");
    // An app's sign-in sets none.
    let body = json!({ "username": "mina", "password": PASSWORD, "cookie": false });
    let seen = sale.send(post("/api/v1/sessions").json(&body)).await;
    assert!(kept(&seen).is_none() && seen.want(201)["access_token"].is_string());
}

/// A page of another site makes a browser do nothing: neither by forms, whatever they say they are, nor by scripts,
/// nor by signing it in to another account.
#[tokio::test]
async fn another_site_can_do_nothing() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    sale.member("mina").await;
    let cookie = browser(&sale, "mina").await;
    let before = sale.dump();
    let with = |ask: Ask| ask.header("cookie", &cookie);
    let join = || with(post(show.path("/queue-tokens")));
    let own = ("host", "shop.example");
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
        ("origin", "null"),
        ("origin", "https://evil.example"),
        ("origin", "http://shop.example"),
        ("referer", "https://shop.example/"),
    ] {
        let form = join().body("text/plain", "{\"a\":\"=\"}");
        for ask in [join(), form] {
            let ask = ask.header(own.0, own.1).header(name, value);
            sale.send(ask).await.refused(403, "cross_site");
        }
    }
    // What a proxy or a framework might take for another method is a read here.
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let ask = with(get("/api/v1/me/sessions/current")).header(name, "DELETE");
        assert_eq!(sale.send(ask).await.status, 405);
        let ask = with(get("/api/v1/me/sessions")).header(name, "DELETE");
        sale.send(ask).await.want(200);
        let ask = with(get("/api/v1/me/sessions?_method=DELETE"));
        sale.send(ask).await.refused(400, "invalid_query");
    }
    // Signing in, from a form of another site and with its script.
    for site in ["cross-site", "same-site", "none"] {
        let seen = sale.send(sign_in("mina").header("sec-fetch-site", site)).await;
        seen.refused(403, "cross_site");
        assert_eq!(kept(&seen), None);
    }
    sale.send(sign_in("mina")).await.refused(403, "cross_site");
    let body = json!({ "username": "mina", "password": PASSWORD, "cookie": true }).to_string();
    for media_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let ask = post("/api/v1/sessions").header("sec-fetch-site", "same-origin");
        sale.send(ask.body(media_type, body.clone())).await.refused(415, "unsupported_media_type");
    }
    assert!(sale.dump() == before);
    let here = join().header(own.0, own.1).header("origin", "https://shop.example");
    sale.send(here).await.want(201);
}

/// Pages of listed origins ask with tokens; a cookie is never theirs, nor read by them.
#[tokio::test]
async fn listed_origins_get_no_cookie() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    sale.member("mina").await;
    let cookie = browser(&sale, "mina").await;
    for listed in ["https://app.shop.example", "*"] {
        let router = router_for(sale.app.clone(), Reach::All, listed.parse().unwrap());
        let origin = "https://app.shop.example";
        let from = |ask: Ask, site: &str| {
            ask.header("host", "shop.example")
                .header("origin", origin)
                .header("cookie", &cookie)
                .header("sec-fetch-site", site)
        };
        for site in ["same-site", "cross-site"] {
            for ask in [get("/api/v1/me"), post(show.path("/queue-tokens"))] {
                let seen = from(ask, site).send(router.clone()).await;
                seen.refused(403, "cross_site");
                assert_eq!(seen.header("access-control-allow-credentials"), "");
            }
        }
        let ask = post(show.path("/queue-tokens")).header("origin", origin);
        let ask = ask.header("host", "shop.example").header("cookie", &cookie);
        ask.send(router).await.refused(403, "cross_site");
    }
}

/// Somebody on a neighbouring host, or on the way, sets cookies of their own beside ours: none of them is taken,
/// and no account is used that the person did not sign in to.
#[tokio::test]
async fn a_cookie_that_was_tossed_in_is_not_used() {
    let sale = Sale::new();
    for name in ["mina", "evil"] {
        sale.member(name).await;
    }
    let (mina, evil) = (browser(&sale, "mina").await, browser(&sale, "evil").await);
    let token = evil.split_once('=').unwrap().1;
    for both in [format!("{mina}; {evil}"), format!("{evil}; {mina}"), format!("{mina};{mina}")] {
        is_in(&sale, &both).await.refused(401, "identity_invalid");
    }
    is_in(&sale, &mina).await.want(200);
    let two_headers = by(get("/api/v1/bookings"), &mina).header("cookie", &evil);
    sale.send(two_headers).await.refused(401, "identity_invalid");
    let who = |seen: &Value| seen["username"].clone();
    for beside in [
        format!("boxoffice={token}"),
        format!("__host-boxoffice={token}"),
        format!("__Secure-boxoffice={token}"),
        format!("\u{a0}__Host-boxoffice={token}"),
        format!("$Version=1; x=\"; __Host-boxoffice2={token}"),
        format!("x={}", "y".repeat(4_000)),
        "한글=값; \u{80}\u{ff}".to_owned(),
    ] {
        for cookies in [format!("{beside}; {mina}"), format!("{mina}; {beside}")] {
            let seen = sale.send(by(get("/api/v1/me"), &cookies)).await.want(200);
            assert_eq!(who(&seen), "mina", "{cookies}");
        }
        let alone = sale.send(by(get("/api/v1/me"), &beside)).await;
        alone.refused(401, "identity_required");
    }
    let long = format!("{mina}{}", "A".repeat(5_000));
    is_in(&sale, &long).await.refused(401, "identity_invalid");
    // A sign-in gives a session of its own, whatever cookie came with it.
    let seen = sale.send(own(sign_in("mina")).header("cookie", &evil)).await;
    let fresh = kept(&seen).unwrap();
    assert!(fresh != mina && fresh != evil);
    assert_eq!(who(&sale.send(by(get("/api/v1/me"), &fresh)).await.want(200)), "mina");
}

/// On a local network without TLS: no `Secure`, no prefix, and the page's origin decides.
#[tokio::test]
async fn a_plain_cookie_is_for_http() {
    let sale = Sale::with(|given| given.session_cookie = Some(SessionCookie::Plain));
    sale.member("mina").await;
    let here =
        |ask: Ask| ask.header("host", "192.0.2.7:8080").header("origin", "http://192.0.2.7:8080");
    let seen = sale.send(here(sign_in("mina"))).await;
    seen.want(201);
    let cookie = kept(&seen).unwrap();
    assert!(cookie.starts_with("boxoffice=") && !seen.header("set-cookie").contains("Secure"));
    sale.send(get("/api/v1/me").header("cookie", &cookie)).await.want(200);
    let secure = format!("__Host-{cookie}");
    sale.send(get("/api/v1/me").header("cookie", &secure)).await.refused(401, "identity_required");
    let out = delete("/api/v1/me/sessions/current").header("cookie", &cookie);
    let evil = out.clone().header("host", "192.0.2.7:8080").header("origin", "http://192.0.2.8");
    sale.send(evil).await.refused(403, "cross_site");
    let out = sale.send(here(out)).await;
    out.want(204);
    assert_eq!(
        out.header("set-cookie"),
        "boxoffice=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
    );
}

/// Whoever is signed in pays for themselves where no one need be, and not their address.
#[tokio::test]
async fn a_cookie_spends_its_accounts_limits() {
    let sale = Sale::with(|given| {
        given.limit_reads = Some("1+1/min".parse().unwrap());
        given.limit_requests = Some("1+1/min".parse().unwrap());
    });
    sale.member("mina").await;
    let cookie = browser(&sale, "mina").await;
    let from = |ask: Ask| ask.from([192, 0, 2, 1]);
    let list = || from(get("/api/v1/concerts"));
    sale.send(list()).await.want(200);
    sale.send(list()).await.refused(429, "rate_limited");
    sale.send(list().header("cookie", &cookie)).await.want(200);
    sale.send(list().header("cookie", &cookie)).await.refused(429, "rate_limited");
    sale.send(from(by(get("/api/v1/bookings"), &cookie))).await.refused(429, "rate_limited");
}
