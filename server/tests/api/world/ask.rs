//! A request and its answer.

use super::fan::Fan;
use super::shown;
use axum::Router;
use axum::body::Body;
use boxoffice_server::http::address::Client;
use http_body_util::BodyExt;
use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{HeaderMap, Method, Request};
use serde_json::Value;
use std::net::IpAddr;
use tower::ServiceExt;

/// A request in the making.
#[derive(Clone, Debug)]
pub struct Ask {
    pub method: Method,
    pub path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    from: Option<IpAddr>,
}

fn ask(method: Method, path: impl Into<String>) -> Ask {
    Ask { method, path: path.into(), headers: Vec::new(), body: Vec::new(), from: None }
}

pub fn get(path: impl Into<String>) -> Ask {
    ask(Method::GET, path)
}

pub fn post(path: impl Into<String>) -> Ask {
    ask(Method::POST, path)
}

pub fn put(path: impl Into<String>) -> Ask {
    ask(Method::PUT, path)
}

pub fn patch(path: impl Into<String>) -> Ask {
    ask(Method::PATCH, path)
}

pub fn delete(path: impl Into<String>) -> Ask {
    ask(Method::DELETE, path)
}

impl Ask {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a header.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(found, _)| found != name);
        self
    }

    /// From an address; else it counts as nobody's.
    pub fn from(self, address: impl Into<IpAddr>) -> Self {
        Self { from: Some(address.into()), ..self }
    }

    /// As a fan: with the identity, and the queue token where there is one.
    pub fn by(self, fan: &Fan) -> Self {
        let ask = self.identity(&fan.identity);
        if fan.token.is_empty() { ask } else { ask.token(&fan.token) }
    }

    pub fn identity(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn token(self, token: &str) -> Self {
        self.header("x-queue-token", token)
    }

    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// As the operator.
    pub fn operator(self) -> Self {
        self.header("x-api-key", super::OPERATOR)
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub fn body(self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self.header("content-type", media_type) }
    }

    /// The body.
    pub fn sent(&self) -> &[u8] {
        &self.body
    }

    /// With another body of the same type.
    pub fn sending(self, body: Vec<u8>) -> Self {
        Self { body, ..self }
    }

    pub async fn send(self, router: Router) -> Seen {
        let body = Body::from(self.body.clone());
        self.send_body(router, body).await
    }

    /// Sends it with a body of another kind.
    pub async fn send_body(self, router: Router, body: Body) -> Seen {
        let mut request = Request::builder().method(self.method).uri(self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.extension(Client(self.from)).body(body).unwrap();
        let (parts, mut body) = router.oneshot(request).await.unwrap().into_parts();
        let is_stream = parts.headers.get(CONTENT_TYPE).is_some_and(|t| t == "text/event-stream");
        let body = if is_stream {
            // It would go on; the first event is enough to see that it has begun.
            body.frame().await.unwrap().unwrap().into_data().unwrap()
        } else {
            body.collect().await.unwrap().to_bytes()
        };
        Seen { status: parts.status.as_u16(), headers: parts.headers, body }
    }
}

impl Ask {
    /// Opens a stream of events.
    pub async fn open(self, router: Router) -> Stream {
        let mut request = Request::builder().method(self.method).uri(self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.extension(Client(self.from)).body(Body::empty()).unwrap();
        let answer = router.oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        Stream { headers: answer.headers().clone(), body: answer.into_body() }
    }
}

/// A stream of events.
pub struct Stream {
    pub headers: HeaderMap,
    body: Body,
}

/// An event.
#[derive(Clone, Debug, Default)]
pub struct Event {
    pub name: String,
    pub id: String,
    pub retry: Option<u64>,
    pub data: Value,
    /// As it came.
    pub bytes: Bytes,
}

impl Stream {
    /// The next event; none at the end. Each comes as one piece.
    pub async fn next(&mut self) -> Option<Event> {
        let patience = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            let frame = tokio::time::timeout_at(patience, self.body.frame()).await;
            let frame = frame.expect("an event");
            let bytes = frame?.unwrap().into_data().unwrap();
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            assert!(text.ends_with("\n\n"), "{text}");
            let mut event = Event { bytes, ..Event::default() };
            for line in text.lines().filter(|line| !line.is_empty()) {
                let (field, value) = line.split_once(':').unwrap();
                let value = value.trim_start();
                match field {
                    "event" => value.clone_into(&mut event.name),
                    "id" => value.clone_into(&mut event.id),
                    "retry" => event.retry = Some(value.parse().unwrap()),
                    "data" => event.data = serde_json::from_str(value).unwrap(),
                    "" => {}
                    _ => panic!("{line}"),
                }
            }
            if !event.name.is_empty() {
                return Some(event);
            }
        }
    }

    /// The data of the next event, which must have this name.
    pub async fn want(&mut self, name: &str) -> Value {
        let event = self.next().await.expect("an event");
        assert_eq!(event.name, name, "{event:?}");
        event.data
    }

    /// The code with which it ends, and that it does.
    pub async fn ended(mut self) -> String {
        let code = self.want("end").await["code"].as_str().unwrap().to_owned();
        assert!(self.next().await.is_none(), "it has ended");
        code
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Seen {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {:?}", self.status, self.body))
    }

    /// The problem's code; empty where the answer is none.
    pub fn code(&self) -> String {
        if self.header("content-type") != "application/problem+json" {
            return String::new();
        }
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The body of an answer that must have this status.
    #[track_caller]
    pub fn want(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.shown());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// Checks that the answer is this problem.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{}", self.shown());
    }

    /// What a person sees of it, with everything left out that differs from run to run.
    pub fn shown(&self) -> String {
        shown::shown(self)
    }
}
