//! What is answered without a handler of the list: pages, methods that there are not, and what the edge
//! refuses. A limit meets all of it, and none of it is written anew for each who asks.

use crate::world::{Ask, Sale, count, get};
use boxoffice_server::http::routes::routes;
use hyper::Method;
use std::net::Ipv4Addr;

const BUNDLE: &str = "/docs/swagger-ui-bundle.js";

fn ask(method: Method, path: &str) -> Ask {
    let mut ask = get(path);
    ask.method = method;
    ask
}

/// Issue 11: every method of every path, the pages, and requests that the edge refuses.
#[tokio::test]
async fn a_limit_meets_whatever_is_answered() {
    let sale = Sale::with(|given| given.limit_requests = Some("1+1/min".parse().unwrap()));
    let mut asks = Vec::new();
    for route in routes() {
        // What balancers ask has no limit, and is next to nothing.
        if matches!(route.path, "/livez" | "/readyz") {
            continue;
        }
        let path = route.path.replace("{id}", &uuid::Uuid::nil().to_string());
        asks.extend([Method::OPTIONS, Method::TRACE].map(|method| ask(method, &path)));
        asks.push(ask(route.method.clone(), &path));
        asks.push(ask(route.method, &path).header("expect", "x"));
    }
    for page in ["/", "/docs", "/docs/", "/docs/codes", BUNDLE, "/docs/nothing", "/nothing"] {
        let methods = [Method::GET, Method::HEAD, Method::PUT, Method::OPTIONS];
        asks.extend(methods.map(|method| ask(method, page)));
    }
    asks.push(ask(Method::OPTIONS, "*"));
    asks.push(ask(Method::POST, "/livez"));
    asks.push(get("/api/v1/concerts/"));
    for (n, ask) in (0_u32..).zip(asks) {
        let ask = ask.from(Ipv4Addr::from_bits(0xC633_0000 + n).octets());
        let first = sale.send(ask.clone()).await;
        assert_ne!(first.status, 429, "{ask:?}: {}", first.shown());
        assert_eq!(sale.send(ask.clone()).await.status, 429, "{ask:?}");
    }
}

/// Issue 11: what is large and for few is asked for by few: a page of the documents is a dozen files, and
/// nobody reads hundreds at once.
#[tokio::test]
async fn a_flood_of_the_documents_comes_to_an_end_soon() {
    let sale = Sale::new();
    for (n, path) in (0..).zip([BUNDLE, "/openapi.json", "/metrics"]) {
        let ask = ask(Method::HEAD, path).from([192, 0, 2, n]);
        let answers = sale.all((0..1_000).map(|_| ask.clone())).await;
        let answered = count(&answers, 200);
        assert!((100..700).contains(&answered), "{path}: {answered}");
    }
}

/// Issue 11: whoever floods metrics gets what was written within a second; monitoring on the machine what is
/// true now.
#[tokio::test]
async fn metrics_are_not_written_for_each_who_asks() {
    let sale = Sale::new();
    let text = async |last: u8| sale.send(get("/metrics").from([192, 0, 2, last])).await.body;
    let mut shared = 0;
    // A second may end between two of them.
    for n in 0..5 {
        let first = text(n).await;
        sale.send(get("/api/v1/concerts")).await.want(200);
        shared += usize::from(text(n).await == first);
    }
    assert!(shared >= 3, "{shared} of 5");
    let here = sale.send(get("/metrics")).await.body;
    assert_ne!(here, sale.send(get("/metrics")).await.body, "it counts requests for itself");
}

/// Who has a file already is not sent it again, and those between may keep it.
#[tokio::test]
async fn files_are_kept_by_who_has_them() {
    let sale = Sale::new();
    for (path, caching) in [
        (BUNDLE, "public, max-age=3600"),
        ("/docs/swagger-initializer.js", "public, max-age=3600"),
        ("/docs/", "no-cache"),
        ("/docs/codes", "no-cache"),
        ("/", "public, max-age=60"),
        ("/openapi.json", "no-cache"),
    ] {
        let seen = sale.send(get(path)).await;
        assert_eq!((seen.status, seen.header("cache-control")), (200, caching), "{path}");
        let etag = seen.header("etag").to_owned();
        assert!(etag.len() > 10 && !seen.body.is_empty(), "{path}");
        let again = sale.send(get(path).header("if-none-match", &format!("W/{etag}, \"x\""))).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!((again.header("etag"), again.header("cache-control")), (&*etag, caching));
        let other = sale.send(get(path).header("if-none-match", "\"x\"")).await;
        assert_eq!((other.status, other.body), (200, seen.body), "{path}");
    }
}
