//! What the log says of requests: each operator's act with who, what and how it ended; keys and sign-ins
//! that were refused; faults. Requests have ids, in answers and in the log.

use super::limits::Class;
use crate::log::Bounded;
use axum::body::Body;
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use hyper::header::HeaderValue;
use hyper::{HeaderMap, Method};
use serde_json::Value;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

/// Header with a request's id.
pub const REQUEST_ID: &str = "x-request-id";

/// Characters of an id that a client gives.
const ID_CHARS_MAX: usize = 128;
/// Characters of a summary in the log.
const SUMMARY_CHARS_MAX: usize = 600;
/// Characters of one value in it.
const VALUE_CHARS_MAX: usize = 120;
/// Items of a list of ids in it.
const LISTED_MAX: usize = 3;
/// Bytes of a body that is summed up.
const SUMMED_MAX: usize = 64 * 1024;

/// A request's id: the client's, if it is a sane one, so that a request can be followed through; else
/// made.
#[derive(Clone, Debug)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// Of a request with these headers.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut given = headers.get_all(REQUEST_ID).iter();
        match (given.next(), given.next()) {
            (Some(id), None) if is_sane(id.as_bytes()) => Self(id.clone()),
            _ => Self::made(),
        }
    }

    /// Unlike any other of this process, and, but for one chance in 4 billion, of another.
    fn made() -> Self {
        static PROCESS: LazyLock<u32> = LazyLock::new(|| {
            crate::tokens::random::<4>().map_or_else(|_| std::process::id(), u32::from_be_bytes)
        });
        static MADE: AtomicU64 = AtomicU64::new(1);
        let id = format!("{:08x}-{:x}", *PROCESS, MADE.fetch_add(1, Ordering::Relaxed));
        Self(HeaderValue::try_from(id).unwrap_or_else(|_| HeaderValue::from_static("none")))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// Names the request in its answer.
    pub fn mark(self, response: &mut Response) {
        response.headers_mut().insert(REQUEST_ID, self.0);
    }
}

/// Letters, digits, and what UUIDs, ULIDs, trace ids and base64 have beside them.
fn is_sane(id: &[u8]) -> bool {
    let fits = (1..=ID_CHARS_MAX).contains(&id.len());
    fits && id.iter().all(|c| c.is_ascii_alphanumeric() || b"-_.:/+=@~".contains(c))
}

/// An operator's key as the log names it.
#[derive(Clone, Debug)]
pub struct Who {
    /// Its id.
    pub key: uuid::Uuid,
    /// Its name.
    pub name: Arc<str>,
}

/// What is noted of an operator's request while it is handled: by the extractors of key and body.
#[derive(Clone, Debug, Default)]
pub struct Act(Arc<Noted>);

#[derive(Debug, Default)]
struct Noted {
    who: OnceLock<Who>,
    asked: OnceLock<String>,
}

impl Act {
    /// Whose key it was.
    pub fn by(&self, who: Who) {
        // A request has one key.
        let _ = self.0.who.set(who);
    }

    /// What it asked for.
    pub fn asked(&self, media_type: &str, body: &[u8]) {
        // A request has one body.
        let _ = self.0.asked.set(summary(media_type, body));
    }
}

/// A body in a line: members of JSON without what is large or secret; of other kinds, how long it is.
fn summary(media_type: &str, body: &[u8]) -> String {
    summary_without(&[], media_type, body)
}

/// What a problem says in words, and what the log says of it anyway.
const OF_PROBLEMS: [&str; 4] = ["type", "title", "status", "code"];

/// The same without these members.
fn summary_without(left_out: &[&str], media_type: &str, body: &[u8]) -> String {
    if body.is_empty() {
        return String::new();
    }
    let parsed = if body.len() > SUMMED_MAX { None } else { serde_json::from_slice(body).ok() };
    let Some(Value::Object(members)) = parsed else {
        return format!("{} bytes of {media_type}", body.len());
    };
    let member = |(name, value): (String, Value)| {
        let lower = name.to_lowercase();
        let secret = ["secret", "password", "token", "api_key"].iter().any(|s| lower.contains(s));
        let value = match value {
            _ if secret => "…".to_owned(),
            Value::Array(items)
                if items.len() <= LISTED_MAX && items.iter().all(Value::is_string) =>
            {
                let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                shortened(&items.join(" "), VALUE_CHARS_MAX)
            }
            Value::Array(items) => format!("{} of them", items.len()),
            Value::Object(members) => format!("{} members", members.len()),
            Value::String(text) => shortened(&text, VALUE_CHARS_MAX),
            value => value.to_string(),
        };
        format!("{}: {value}", shortened(&name, VALUE_CHARS_MAX))
    };
    let members: Vec<String> = members
        .into_iter()
        .filter(|(name, _)| !left_out.contains(&name.as_str()))
        .map(member)
        .collect();
    shortened(&members.join(", "), SUMMARY_CHARS_MAX)
}

fn shortened(text: &str, most: usize) -> String {
    let mut chars = text.chars();
    let mut short: String = chars.by_ref().take(most).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

/// A request, as far as the log needs it when it has been answered.
pub struct Trail {
    id: RequestId,
    class: Class,
    method: Method,
    /// The address itself, of operators' requests and while requests are logged.
    path: Option<String>,
    route: &'static str,
    client: Option<IpAddr>,
    act: Option<Act>,
}

/// How a request ended.
pub struct Ended<'a> {
    /// Its status.
    pub status: u16,
    /// The problem's code.
    pub code: Option<&'static str>,
    /// What was noted with the problem.
    pub note: Option<&'a str>,
    /// How long it took, ms.
    pub ms: u64,
}

impl Trail {
    /// Of a request, before it is handled.
    pub fn of(request: &mut axum::extract::Request, class: Class, route: &'static str) -> Self {
        let operators = class == Class::Operator;
        let act = operators.then(Act::default);
        if let Some(act) = &act {
            request.extensions_mut().insert(act.clone());
        }
        let wanted = operators || tracing::enabled!(tracing::Level::DEBUG);
        let uri = request.uri();
        let path = wanted.then(|| uri.path_and_query().map_or("", |path| path.as_str()));
        Self {
            id: RequestId::of(request.headers()),
            class,
            method: request.method().clone(),
            path: path.map(|path| shortened(path, SUMMARY_CHARS_MAX)),
            route,
            client: request.extensions().get().and_then(|super::address::Client(client)| *client),
            act,
        }
    }

    /// Names the request in its answer, and says in the log what should be known of it.
    pub async fn end(self, mut response: Response, ended: Ended<'_>) -> Response {
        if let Some(act) = &self.act {
            response = self.operated(act, response, &ended).await;
        }
        self.refused(&ended);
        let (method, path, address) = (&self.method, self.path.as_deref(), self.address());
        let Ended { status, code, note, ms } = ended;
        tracing::debug!(%method, path, status, code, note, ms, address, request_id = self.id.as_str(), "a request");
        self.id.mark(&mut response);
        response
    }

    fn address(&self) -> Option<tracing::field::DisplayValue<IpAddr>> {
        self.client.map(tracing::field::display)
    }

    /// Whether it is told who did it: what changes something, and what takes people's names out.
    fn is_act(&self) -> bool {
        self.method != Method::GET || self.route.ends_with("/bookings")
    }

    /// Whatever an operator changes or takes out, or tried to.
    async fn operated(&self, act: &Act, response: Response, ended: &Ended<'_>) -> Response {
        let Some(who) = act.0.who.get().filter(|_| self.is_act()) else {
            return response;
        };
        let (response, answer) = summed_up(response).await;
        let (key, operator) = (who.key, &*who.name);
        let asked = act.0.asked.get().map(String::as_str);
        let (method, path, address) = (&self.method, self.path.as_deref(), self.address());
        let Ended { status, code, ms, .. } = ended;
        tracing::info!(operator, %key, %method, path, asked, status, code, answer, ms, address, request_id = self.id.as_str(), "an operator's request");
        response
    }

    /// Keys, sign-ins and passwords that were refused, and faults: without what was tried, and no more than a disk
    /// can take.
    fn refused(&self, ended: &Ended<'_>) {
        static KEYS: LazyLock<Bounded> = LazyLock::new(Bounded::default);
        static SIGN_INS: LazyLock<Bounded> = LazyLock::new(Bounded::default);
        static PASSWORDS: LazyLock<Bounded> = LazyLock::new(Bounded::default);
        static FAULTS: LazyLock<Bounded> = LazyLock::new(Bounded::default);
        let (address, request_id, route) = (self.address(), self.id.as_str(), self.route);
        let Ended { status, code, note, .. } = *ended;
        let is_sign_in = matches!(self.class, Class::SignIn | Class::Refresh);
        match code.unwrap_or_default() {
            "operator_key_invalid" => {
                if let Some(left_out) = KEYS.may(self.client) {
                    tracing::warn!(
                        code,
                        route,
                        address,
                        left_out,
                        request_id,
                        "an operator's key was refused"
                    );
                }
            }
            "credentials_wrong" | "sign_in_delayed" | "identity_invalid" | "rate_limited"
                if is_sign_in =>
            {
                if let Some(left_out) = SIGN_INS.may(self.client) {
                    tracing::warn!(
                        code,
                        account = note,
                        address,
                        left_out,
                        request_id,
                        "a sign-in was refused"
                    );
                }
            }
            // With an access token, whosever it is.
            "password_wrong" | "sign_in_delayed" => {
                if let Some(left_out) = PASSWORDS.may(self.client) {
                    tracing::warn!(
                        code,
                        route,
                        account = note,
                        address,
                        left_out,
                        request_id,
                        "a password was refused"
                    );
                }
            }
            _ if status >= 500 && note.is_some() => {
                if let Some(left_out) = FAULTS.may(None) {
                    tracing::error!(
                        code,
                        fault = note,
                        route,
                        left_out,
                        request_id,
                        "a request met a fault"
                    );
                }
            }
            _ => {}
        }
    }
}

/// A short answer in a line; it is in memory already.
async fn summed_up(response: Response) -> (Response, String) {
    let (parts, body) = response.into_parts();
    if body.size_hint().upper().is_none_or(|bytes| bytes > SUMMED_MAX as u64) {
        return (Response::from_parts(parts, body), String::new());
    }
    match body.collect().await {
        Ok(body) => {
            let bytes = body.to_bytes();
            let left_out = if parts.status.is_success() { &[] } else { &OF_PROBLEMS[..] };
            let answer = summary_without(left_out, "", &bytes);
            (Response::from_parts(parts, Body::from(bytes)), answer)
        }
        // What is in memory does not fail.
        Err(_) => (Response::from_parts(parts, Body::empty()), String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(given: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for id in given {
            headers.append(REQUEST_ID, HeaderValue::from_bytes(id.as_bytes()).unwrap());
        }
        RequestId::of(&headers).as_str().to_owned()
    }

    #[test]
    fn a_sane_id_is_kept_and_another_replaced() {
        for sane in
            ["a", "0190f3c2-7a11-7e1b-9d5c-1c1c1c1c1c1c", "trace:1/2@host+x==", &"x".repeat(128)]
        {
            assert_eq!(id(&[sane]), sane);
        }
        let bad = ["", "a b", "a\"b", "한글", "a\tb", "a,b", "<script>", &"x".repeat(129)];
        for bad in bad {
            let made = id(&[bad]);
            assert!(made != bad && is_sane(made.as_bytes()), "{bad}: {made}");
        }
        assert_ne!(id(&["one", "two"]), "one", "there is one, or it is made");
        assert_ne!(id(&[]), id(&[]));
    }

    #[test]
    fn a_summary_has_neither_secrets_nor_lists() {
        let body = br#"{"open":true,"name":"Moonlight","seats":[1,2],"new_password":"sesame","n":{"a":1}}"#;
        let text = summary("application/json", body);
        assert_eq!(
            text,
            "n: 1 members, name: Moonlight, new_password: …, open: true, seats: 2 of them"
        );
        assert_eq!(summary("text/csv", b"a,b\n1,2\n"), "8 bytes of text/csv");
        assert_eq!(summary("", b""), "");
        let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(10_000));
        assert!(summary("", long.as_bytes()).chars().count() < 200);
    }
}
