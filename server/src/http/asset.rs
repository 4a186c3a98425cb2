//! Answers that stay the same while the server runs: their bytes are there once, whoever reads them how slowly,
//! and who has them already is told so.

use axum::body::Body;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use hyper::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::Write as _;

/// Who keeps an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Whoever likes, and asks each time whether it is still the same.
    Asking,
    /// Whoever likes, for an hour.
    AnHour,
    /// Whoever likes, for ever: its address says what it is.
    Forever,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Asset {
    bytes: Bytes,
    content_type: HeaderValue,
    etag: HeaderValue,
    keep: Keep,
}

/// Whether the client has these bytes already (RFC 9110 § 13.1.2).
#[must_use]
pub fn has(headers: &HeaderMap, etag: &str) -> bool {
    let mut values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.any(|value| {
        value
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
    })
}

/// The ETag of these bytes: half of their hash.
#[must_use]
pub fn etag_of(bytes: &[u8]) -> HeaderValue {
    let mut etag = String::from("\"");
    for byte in Sha256::digest(bytes).iter().take(16) {
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"\""))
}

/// These bytes, compressed as far as it goes.
///
/// # Errors
/// None that is known: memory is written to.
pub fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

impl Asset {
    /// Of these bytes, of this media type.
    #[must_use]
    pub fn new(content_type: &str, keep: Keep, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let unknown = HeaderValue::from_static("application/octet-stream");
        let content_type = HeaderValue::from_str(content_type).unwrap_or(unknown);
        let etag = etag_of(&bytes);
        Self { bytes, content_type, etag, keep }
    }

    /// The answer to a request with these headers.
    #[must_use]
    pub fn answer(&self, headers: &HeaderMap) -> Response {
        let known = has(headers, self.etag.to_str().unwrap_or_default());
        let (status, body) = match known {
            true => (StatusCode::NOT_MODIFIED, Body::empty()),
            false => (StatusCode::OK, Body::from(self.bytes.clone())),
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let caching = match self.keep {
            Keep::Asking => "no-cache",
            Keep::AnHour => "public, max-age=3600",
            Keep::Forever => "public, max-age=31536000, immutable",
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, self.content_type.clone());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
        headers.insert(ETAG, self.etag.clone());
        response
    }
}
