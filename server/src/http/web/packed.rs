//! Bytes that never change, as they are and compressed: done once, whoever reads them how often.

use super::super::asset::{etag_of, gzip, has, takes_gzip};
use axum::body::Body;
use axum::response::Response;
use hyper::body::Bytes;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, VARY};
use hyper::{HeaderMap, StatusCode};

/// See the module.
pub struct Packed {
    media_type: &'static str,
    plain: Form,
    gzip: Option<Form>,
}

/// One encoding of the bytes; each has an ETag of its own (RFC 9110 § 8.8.3).
struct Form {
    bytes: Bytes,
    etag: HeaderValue,
}

impl Form {
    fn new(bytes: Vec<u8>) -> Self {
        let etag = etag_of(&bytes);
        Self { bytes: bytes.into(), etag }
    }
}

impl Packed {
    /// These bytes, of this media type.
    #[must_use]
    pub fn new(media_type: &'static str, bytes: Vec<u8>) -> Self {
        let smaller = gzip(&bytes).ok().filter(|packed| packed.len() < bytes.len());
        let gzip = smaller.map(Form::new);
        Self { media_type, plain: Form::new(bytes), gzip }
    }

    /// Bytes of the smaller form.
    #[must_use]
    pub fn packed_bytes(&self) -> usize {
        self.gzip.as_ref().map_or(self.plain.bytes.len(), |form| form.bytes.len())
    }

    /// The answer to a request with these headers; how long it may be kept is not said.
    #[must_use]
    pub fn answer(&self, headers: &HeaderMap) -> Response {
        let packed = self.gzip.as_ref().filter(|_| takes_gzip(headers));
        let form = packed.unwrap_or(&self.plain);
        let known = has(headers, form.etag.to_str().unwrap_or_default());
        let body = if known { Body::empty() } else { Body::from(form.bytes.clone()) };
        let mut response = Response::new(body);
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let mut set = |name: HeaderName, value: &HeaderValue| {
            response.headers_mut().insert(name, value.clone());
        };
        set(CONTENT_TYPE, &HeaderValue::from_static(self.media_type));
        set(ETAG, &form.etag);
        if self.gzip.is_some() {
            set(VARY, &HeaderValue::from_static("Accept-Encoding"));
        }
        if packed.is_some() {
            set(CONTENT_ENCODING, &HeaderValue::from_static("gzip"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_shrink_is_sent_as_it_is() {
        assert!(Packed::new("text/plain", b"x".to_vec()).gzip.is_none());
        let long = Packed::new("text/plain", vec![b'x'; 1_000]);
        assert!(long.packed_bytes() < 100);
    }
}
