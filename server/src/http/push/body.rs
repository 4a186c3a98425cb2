//! How events are written (HTML Standard § 9.2.6), and the body that carries them.

use super::super::pace::Pace;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::Response;
use hyper::body::{Body as HttpBody, Bytes, Frame};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use serde::Serialize;
use std::convert::Infallible;
use std::fmt::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// The media type of a stream.
pub const MEDIA_TYPE: &str = "text/event-stream";
/// Has proxies pass on what comes.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// An event of these words; JSON has no line breaks where none are asked for.
pub fn written(name: &str, id: Option<&str>, retry_ms: Option<u64>, data: &[u8]) -> Bytes {
    let mut head = String::with_capacity(64);
    // Writing to a String cannot fail.
    if let Some(ms) = retry_ms {
        let _ = writeln!(head, "retry: {ms}");
    }
    let _ = writeln!(head, "event: {name}");
    if let Some(id) = id {
        let _ = writeln!(head, "id: {id}");
    }
    head.push_str("data: ");
    [head.as_bytes(), data, b"\n\n"].concat().into()
}

/// An event whose data is a view.
pub fn event(name: &str, id: Option<&str>, retry_ms: Option<u64>, view: &impl Serialize) -> Bytes {
    // Plain data with string keys; writing it as JSON cannot fail.
    written(name, id, retry_ms, &serde_json::to_vec(view).unwrap_or_default())
}

/// A line that says nothing.
pub const fn heartbeat() -> Bytes {
    Bytes::from_static(b":\n\n")
}

/// The pace of the connection that a request came over; none in tests without one.
pub struct Paced(Option<Arc<Pace>>);

#[cfg(test)]
impl Paced {
    /// Of no connection.
    pub const fn none() -> Self {
        Self(None)
    }
}

impl<S: Sync> FromRequestParts<S> for Paced {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get().cloned()))
    }
}

/// A body of events. Between two of them the client waits for the server, and does not idle.
pub struct Events {
    from: mpsc::Receiver<Bytes>,
    paced: Paced,
}

impl Events {
    /// The answer with what comes from there.
    pub fn answer(from: mpsc::Receiver<Bytes>, paced: Paced) -> Response {
        if let Paced(Some(pace)) = &paced {
            pace.streams(true);
        }
        let mut response = Response::new(Body::new(Self { from, paced }));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(BUFFERING, HeaderValue::from_static("no"));
        response
    }
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.from.poll_recv(context).map(|next| next.map(|bytes| Ok(Frame::data(bytes))))
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        if let Paced(Some(pace)) = &self.paced {
            pace.streams(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_are_lines() {
        let text = event("seats", Some("7-1"), None, &json!({ "a": "b\nc" }));
        assert_eq!(text, "event: seats\nid: 7-1\ndata: {\"a\":\"b\\nc\"}\n\n");
        let text = event("end", None, Some(3_000), &json!(null));
        assert_eq!(text, "retry: 3000\nevent: end\ndata: null\n\n");
    }
}
