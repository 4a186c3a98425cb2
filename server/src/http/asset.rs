//! Answers that stay the same while the server runs: their bytes are there once, whoever reads them how slowly,
//! and who has them already is told so.

use super::edge::weight_of;
use axum::body::Body;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Bytes;
use hyper::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH,
};
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

/// Whether the client takes gzip (RFC 9110 § 12.5.3): what it says of gzip counts, else what it says of `*`.
#[must_use]
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let (mut gzip, mut any) = (None, None);
    for coding in lists.flat_map(|list| list.split(',')) {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight_of(weight).map_or(Ok(1.0), str::parse::<f32>);
        let takes = weight.is_ok_and(|weight| weight > 0.0);
        match name.trim() {
            "*" => any = Some(takes),
            name if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => {
                gzip = Some(takes);
            }
            _ => {}
        }
    }
    gzip.or(any).unwrap_or(false)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_those_who_take_it() {
        let check = |lines: &[&'static str], want: bool| {
            let lines = lines.iter().map(|line| (ACCEPT_ENCODING, HeaderValue::from_static(line)));
            let mut headers = HeaderMap::new();
            for (name, line) in lines {
                headers.append(name, line);
            }
            assert_eq!(takes_gzip(&headers), want, "{headers:?}");
        };
        check(&["gzip, deflate, br, zstd"], true);
        check(&["br;q=1.0, GZIP;q=0.5"], true);
        check(&["br", "x-gzip"], true);
        check(&["gzip;q=0"], false);
        check(&["gzip;Q=0"], false);
        check(&["gzip;q=0.000, *"], false);
        check(&["gzip;q=x"], false);
        check(&["*"], true);
        check(&["*;q=0, gzip"], true);
        check(&["*;q=0"], false);
        check(&["br"], false);
        check(&[], false);
    }
}
