//! The edge of HTTP: what RFC 9110 and 9112 ask of every server whatever the route, and what stands in
//! every answer. Nothing here knows what the server sells.

use super::lang::Lang;
use super::pages::fits;
use super::problem::{Code, Problem};
use super::push::MEDIA_TYPE;
use super::trail::REQUEST_ID;
use crate::origins::Origins;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use hyper::header::{
    ACCEPT, ACCEPT_LANGUAGE, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING,
    CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, EXPECT, HOST, HeaderName, HeaderValue,
    IF_MATCH, IF_NONE_MATCH, ORIGIN, REFERRER_POLICY, TRANSFER_ENCODING, VARY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::{HeaderMap, Method, StatusCode, Version};
use std::net::Ipv6Addr;

/// Longest path and query, bytes; RFC 9112 § 3 asks for at least 8,000 of the whole line.
const TARGET_MAX: usize = 8_000;
/// Headers that say one thing: with two of them, two readers would act on two different ones.
const ONCE: [HeaderName; 7] = [
    HOST,
    AUTHORIZATION,
    CONTENT_TYPE,
    HeaderName::from_static(super::extract::QUEUE_TOKEN),
    HeaderName::from_static(super::extract::API_KEY),
    HeaderName::from_static(super::extract::IDEMPOTENCY_KEY),
    ORIGIN,
];
/// What a script of another origin may send, and read of an answer.
const MAY_SEND: &str = "Accept-Language, Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Api-Key, X-Queue-Token, X-Request-Id";
const MAY_READ: &str = "Allow, Content-Language, ETag, Idempotent-Replayed, Location, Retry-After, WWW-Authenticate, X-Request-Id";
/// Seconds that a browser may remember what a preflight said.
const PREFLIGHT_SECONDS: &str = "600";
/// For an answer that is no page: nothing in it may be run, and no page may show it in a frame.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";

/// A request that is refused before its route looks at it.
#[derive(Clone, Debug)]
pub struct Refused(pub Problem);

fn broken(reason: &str) -> Problem {
    Problem::of(Code::InvalidRequest).with("reason", reason)
}

/// What a request says of where it is sent (RFC 9112 § 3.2): one `Host`, well-formed. For requests that
/// came over a connection.
///
/// # Errors
/// It is none of HTTP.
pub fn addressed<B>(request: &hyper::Request<B>) -> Result<(), Problem> {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version() < Version::HTTP_11 => target(request),
        (None, _) => Err(broken("HTTP/1.1 needs a Host header")),
        (Some(host), None) if host.to_str().is_ok_and(is_host) => target(request),
        (Some(_), None) => Err(broken("the Host header names no host")),
        (Some(_), Some(_)) => Err(broken("more than one Host header")),
    }
}

/// What is asked for (RFC 9112 § 3.2): a path, an address of `http` with its host, or `*` of `OPTIONS`.
fn target<B>(request: &hyper::Request<B>) -> Result<(), Problem> {
    let uri = request.uri();
    let host = uri.authority().is_none_or(|host| is_host(host.as_str()) && host.as_str() != "");
    match uri.scheme_str() {
        Some(scheme) if scheme != "http" => Err(broken("the scheme is not http")),
        _ if !host => Err(broken("the target names no host")),
        None if uri.authority().is_some() && *request.method() != Method::CONNECT => {
            Err(broken("a host alone is no target"))
        }
        _ if uri.path() == "*" && *request.method() != Method::OPTIONS => {
            Err(broken("only OPTIONS asks for *"))
        }
        _ => Ok(()),
    }
}

/// A host and perhaps a port (RFC 3986 § 3.2.2). Empty where the target has none (RFC 9110 § 7.2).
fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        None => text
            .rsplit_once(':')
            .map_or((is_name(text), ""), |(name, port)| (!name.is_empty() && is_name(name), port)),
        Some(rest) => {
            let Some((address, after)) = rest.split_once(']') else { return false };
            let port = after.strip_prefix(':');
            (is_address(address) && (after.is_empty() || port.is_some()), port.unwrap_or_default())
        }
    };
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    host && (port.is_empty() || digits && port.parse::<u16>().is_ok())
}

/// Between brackets: an address of IPv6, or of what comes after it.
fn is_address(text: &str) -> bool {
    let later = |text: &str| {
        let (version, address) = text.strip_prefix(['v', 'V'])?.split_once('.')?;
        let hex = !version.is_empty() && version.bytes().all(|b| b.is_ascii_hexdigit());
        Some(hex && !address.is_empty() && is_name(&address.replace(':', "")))
    };
    text.parse::<Ipv6Addr>().is_ok() || later(text) == Some(true)
}

/// Unreserved characters, sub-delimiters, and whole escapes.
fn is_name(text: &str) -> bool {
    let mut parts = text.split('%');
    let plain = |part: &str| {
        part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&b))
    };
    parts.next().is_some_and(plain)
        && parts.all(|part| {
            let (escape, rest) = part.split_at_checked(2).unwrap_or(("", part));
            escape.len() == 2 && escape.bytes().all(|b| b.is_ascii_hexdigit()) && plain(rest)
        })
}

/// The words of a header that is a list, lower case.
fn words(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<String>> {
    let mut words = Vec::new();
    for value in headers.get_all(name) {
        let text = value.to_str().ok()?;
        let found = text.split(',').map(|word| word.trim().to_ascii_lowercase());
        words.extend(found.filter(|word| !word.is_empty()));
    }
    Some(words)
}

/// The weight of a word of a list, where this is it (RFC 9110 § 12.4.2).
pub(super) fn weight_of(parameter: &str) -> Option<&str> {
    parameter.trim().strip_prefix(['q', 'Q'])?.strip_prefix('=')
}

/// Whether every word of the list is this one.
fn only(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    words(headers, name).is_some_and(|words| words.iter().all(|found| found == word))
}

/// What the address answers with: one of these. `streams` are the routes that answer with events.
fn answer_types(path: &str, streams: &[&str]) -> &'static [&'static str] {
    let is_export = path.starts_with("/api/v1/admin/concert-dates/") && path.ends_with("/bookings");
    if is_export {
        &["text/csv"]
    } else if path.starts_with("/api/v1/posters/") {
        &["image/png", "image/jpeg", "image/webp"]
    } else if streams.iter().any(|route| fits(route, path)) {
        &[MEDIA_TYPE]
    } else {
        &["application/json"]
    }
}

/// Whether the client takes what the address answers with (RFC 9110 § 12.5.1): the most exact range that
/// speaks of the type counts.
fn takes_answers(headers: &HeaderMap, path: &str, streams: &[&str]) -> bool {
    let Some(ranges) = words(headers, &ACCEPT) else { return true };
    let weight = |media_type: &str| {
        let (group, _) = media_type.split_once('/').unwrap_or((media_type, ""));
        let group = format!("{group}/*");
        let exactness = |range: &str| match range {
            range if range == media_type => Some(3),
            range if range == group => Some(2),
            "*/*" => Some(1),
            _ => None,
        };
        let found = ranges.iter().filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let exactness = exactness(parts.next()?)?;
            let weight = parts.find_map(|part| weight_of(part)?.parse::<f32>().ok());
            Some((exactness, weight.unwrap_or(1.0)))
        });
        found.max_by_key(|(exactness, _)| *exactness).map_or(0.0, |(_, weight)| weight)
    };
    ranges.is_empty()
        || answer_types(path, streams).iter().any(|media_type| weight(media_type) > 0.0)
}

/// What no route would take.
fn checked(request: &Request, streams: &[&str]) -> Result<(), Problem> {
    let headers = request.headers();
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target > TARGET_MAX {
        return Err(Problem::of(Code::TargetTooLong).with("limit_bytes", TARGET_MAX));
    }
    for name in ONCE {
        if headers.get_all(&name).iter().nth(1).is_some() {
            return Err(broken("this header is allowed only once").with("header", name.as_str()));
        }
    }
    // With a Content-Length beside it hyper reads by this one alone and closes after the answer, as
    // RFC 9112 § 6.1 allows.
    if !only(headers, &TRANSFER_ENCODING, "chunked") {
        return Err(Problem::of(Code::TransferCodingUnsupported));
    }
    if words(headers, &TRANSFER_ENCODING).is_some_and(|words| words.len() > 1) {
        return Err(broken("chunked more than once"));
    }
    if !only(headers, &CONTENT_ENCODING, "identity") {
        return Err(Problem::of(Code::ContentEncodingUnsupported));
    }
    if !only(headers, &EXPECT, "100-continue") {
        return Err(Problem::of(Code::ExpectationFailed));
    }
    if *request.method() == Method::CONNECT {
        return Err(Problem::of(Code::MethodNotAllowed));
    }
    // What can be changed has no ETag, so that none fits and all is there (RFC 9110 § 13.1).
    let fits = |name: &HeaderName, any: bool| match words(headers, name) {
        Some(tags) => tags.is_empty() || tags.iter().any(|tag| tag == "*") == any,
        None => false,
    };
    let met = fits(&IF_MATCH, true) && fits(&IF_NONE_MATCH, false);
    if !met && !request.method().is_safe() {
        return Err(Problem::of(Code::PreconditionFailed));
    }
    let path = request.uri().path();
    if path.starts_with("/api/") && !takes_answers(headers, path, streams) {
        return Err(Problem::of(Code::NotAcceptable));
    }
    Ok(())
}

/// What is remembered of a request while it is answered.
struct Asked {
    lang: Lang,
    origin: Option<HeaderValue>,
    options: bool,
    preflight: bool,
}

/// The layer around the whole router, for pages of these origins. `streams` are the routes that answer with events.
pub async fn edge(
    origins: &Origins,
    streams: &[&str],
    mut request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let asked = Asked {
        lang: Lang::of(headers.get(ACCEPT_LANGUAGE)),
        origin: headers.get(ORIGIN).cloned(),
        options: *request.method() == Method::OPTIONS,
        preflight: headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD),
    };
    let everything = asked.options && request.uri().path() == "*";
    let told = request.extensions_mut().remove::<Refused>().map(|Refused(problem)| problem);
    let refused = told.or_else(|| checked(&request, streams).err());
    let everything = everything && refused.is_none();
    let refused = refused.or_else(|| everything.then(|| Problem::of(Code::MethodNotAllowed)));
    // What is around each route refuses it, once its limit has counted it.
    if let Some(problem) = refused {
        request.extensions_mut().insert(Refused(problem));
    }
    let mut response = next.run(request).await;
    if everything && response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let methods = HeaderValue::from_static("GET,HEAD,POST,PUT,PATCH,DELETE");
        response.headers_mut().insert(ALLOW, methods);
    }
    finished(response, &asked, origins)
}

/// Whether the answer says itself what was wrong.
fn explains(response: &Response) -> bool {
    let media_type = response.headers().get(CONTENT_TYPE);
    let says = |value: &HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        // A page for those who have gone to an address that has none.
        text == "application/problem+json" || text.starts_with("text/html")
    };
    media_type.is_some_and(says)
}

/// The answer with everything that stands in each.
fn finished(mut response: Response, asked: &Asked, origins: &Origins) -> Response {
    let status = response.status();
    let told_methods = asked.options && status == StatusCode::NO_CONTENT;
    if status == StatusCode::METHOD_NOT_ALLOWED || told_methods {
        let methods = response.headers().get(ALLOW).and_then(|value| value.to_str().ok());
        let methods = methods.map_or("OPTIONS".to_owned(), |known| format!("{known},OPTIONS"));
        if asked.options {
            let id = response.headers_mut().remove(REQUEST_ID);
            response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            if let Some(id) = id {
                response.headers_mut().insert(REQUEST_ID, id);
            }
        } else if !explains(&response) {
            response = Problem::of(Code::MethodNotAllowed).render(asked.lang);
        }
        if let Ok(methods) = HeaderValue::try_from(methods) {
            response.headers_mut().insert(ALLOW, methods);
        }
    } else if (status.is_client_error() || status.is_server_error()) && !explains(&response) {
        // What the framework refuses by itself.
        let code = match status.as_u16() {
            404 => Code::NotFound,
            413 => Code::BodyTooLarge,
            400..=499 => Code::InvalidRequest,
            _ => Code::Internal,
        };
        response = Problem::of(code).render(asked.lang);
    }
    if status == StatusCode::NOT_MODIFIED {
        // Of the answer that is not sent (RFC 9110 § 8.6); to HEAD it would be that of no body.
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    protect(response.headers_mut());
    share(response.headers_mut(), asked, origins);
    response
}

/// Headers of every answer, where a route has not said otherwise.
fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, NO_PAGE),
        (REFERRER_POLICY, "no-referrer"),
        (X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// Lets scripts of the listed origins read the answer. Credentials of the browser are never part of it:
/// who asks is told by headers that the script sets itself.
fn share(headers: &mut HeaderMap, asked: &Asked, origins: &Origins) {
    if origins.is_empty() {
        return;
    }
    if !origins.is_any() {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    let known = asked
        .origin
        .as_ref()
        .filter(|origin| origin.to_str().is_ok_and(|origin| origins.contain(origin)));
    let Some(origin) = known else { return };
    let allowed = if origins.is_any() { HeaderValue::from_static("*") } else { origin.clone() };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    if !(asked.options && asked.preflight) {
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(MAY_READ));
        return;
    }
    if let Some(methods) = headers.get(ALLOW).cloned() {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(MAY_SEND));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_SECONDS));
    let by = "Access-Control-Request-Method, Access-Control-Request-Headers";
    headers.append(VARY, HeaderValue::from_static(by));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_hosts() {
        let check = |text: &'static str, want: bool| {
            assert_eq!(is_host(text), want, "{text}");
        };
        for good in [
            "",
            "a",
            "a.example:8080",
            "127.0.0.1",
            "[::1]",
            "[::1]:80",
            "a:",
            "a_b",
            "a%41",
            "%41.b",
            "[v1.x:y]",
        ] {
            check(good, true);
        }
        for bad in [
            "[::1]x",
            "[]",
            "[1]",
            "[1:2]",
            "[::zz]",
            "[::1%25eth0]",
            "a[b]",
            "a%4",
            "a%zz",
            "[v.x]",
            "a b",
            "a/b",
            "u@a",
            "a:b",
            "a:99999",
            ":80",
            "[::1",
            "a,b c",
            "a?b",
            "a#b",
            "a\\b",
            "http://a",
        ] {
            check(bad, false);
        }
    }

    const STREAM: &str = "/api/v1/concert-dates/{id}/seats/events";

    #[test]
    fn json_is_ruled_out_by_what_says_so() {
        let check = |accept: &'static str, path: &str, want: bool| {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(takes_answers(&headers, path, &[STREAM]), want, "{accept} {path}");
        };
        let (fan, operator) = ("/api/v1/concerts", "/api/v1/admin/concerts");
        for good in [
            "",
            "*/*",
            "application/*",
            "application/json;q=0.1",
            "text/html, */*;q=0.8",
            "Application/JSON",
        ] {
            check(good, fan, true);
        }
        for bad in [
            "text/html",
            "application/xml",
            "application/json;q=0",
            "*/*, application/json;q=0",
            "*/*;q=0",
        ] {
            check(bad, fan, false);
        }
        check("text/csv", fan, false);
        check("text/csv", operator, false);
        let export = "/api/v1/admin/concert-dates/7/bookings";
        check("text/csv", export, true);
        check("*/*", export, true);
        check("application/json", export, false);
        let stream = "/api/v1/concert-dates/7/seats/events";
        check("text/event-stream", stream, true);
        check("application/json", stream, false);
        check("text/event-stream", "/api/v1/admin/events", false);
        assert!(takes_answers(&HeaderMap::new(), fan, &[]));
    }
}
