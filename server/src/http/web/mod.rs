//! The pages for fans: what stands in `web/`, embedded. Every page's address answers the same shell, and
//! scripts in it do the rest through the API: no page asks the database, and any cache may keep all of it.
//!
//! Files are named by a version, the hash of all of them: `/web/{version}/app/main.js`. What an address
//! answers never changes, so that it is kept for a year; a shell names the files of its own version. Whoever
//! asks for another version (a shell from before an update) gets the file as it is now, and keeps it for
//! nobody.
//!
//! **To add a page:** its script `web/app/pages/NAME.js`, its line in `pages` of `web/app/main.js`, its
//! address in [`PAGES`], its file in [`files`], its words in `web/app/words/`.

mod disk;
mod files;
mod lean;
mod packed;

pub use files::{EMBEDDED, SHELL};
pub use packed::Packed;

use super::problem::{Code, Problem};
use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use hyper::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue};
use hyper::{HeaderMap, Method, StatusCode};
use lean::lean;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The addresses of pages.
pub const PAGES: [&str; 11] = [
    "/",
    "/concerts/{id}",
    "/concerts/{id}/queue",
    "/concerts/{id}/seats",
    "/concerts/{id}/draw",
    "/reservations/{id}",
    "/bookings",
    "/bookings/{id}",
    "/sign-in",
    "/sign-up",
    "/account",
];

/// The address of the script that shows tickets without a network. What it may answer for is decided by where it
/// stands.
pub const WORKER: &str = "/sw.js";

/// The address of the files.
pub const FILE: &str = "/web/{version}/{*file}";

/// What pages may do: scripts, styles and answers of this server, pictures of it and made in the page, and
/// no text that becomes script, but for the address of [`WORKER`].
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; worker-src 'self'; require-trusted-types-for 'script'; trusted-types boxoffice";

/// What the script at [`WORKER`] may do: ask this server for what a page asks it for.
const WORKER_POLICY: &str = "default-src 'none'; connect-src 'self'";

/// Shells are kept for a minute: so long may an update stay unseen.
const SHELL_CACHING: HeaderValue = HeaderValue::from_static("public, max-age=60");
/// What never changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// What is not of the version that was asked for.
const OF_ANOTHER: HeaderValue = HeaderValue::from_static("no-store");

/// Scripts that every page needs, so that a browser fetches them together and not one after another.
const FIRST: [&str; 13] = [
    "vendor/preact.js",
    "vendor/hooks.js",
    "vendor/htm.js",
    "app/api.js",
    "app/clock.js",
    "app/html.js",
    "app/main.js",
    "app/session.js",
    "app/ui.js",
    "app/words.js",
    "app/words/common.js",
    "app/words/problems.js",
    "app/words/sale.js",
];

/// A file's path below `web/` with its bytes.
pub type File<'a> = (&'a str, Cow<'static, [u8]>);

/// The pages: a shell, and files.
pub struct Web {
    version: String,
    shell: Packed,
    files: BTreeMap<String, Packed>,
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

/// Sixteen digits of the hash of all files with their paths.
fn version_of(shell: &[u8], files: &[File]) -> String {
    let mut hash = Sha256::new().chain_update(shell);
    for (path, bytes) in files {
        hash.update(path.as_bytes());
        hash.update(Sha256::digest(bytes));
    }
    hash.finalize().iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Web {
    /// Packs a shell and files. In the shell `{files}` is where the files are, and `{first}` the scripts that
    /// are fetched at once.
    #[must_use]
    pub fn new(shell: &[u8], files: &[File]) -> Self {
        let version = version_of(shell, files);
        let at = format!("/web/{version}");
        let first = FIRST.map(|path| format!("<link rel=\"modulepreload\" href=\"{at}/{path}\">"));
        let text = String::from_utf8_lossy(shell);
        let text = text.replace("{first}", &first.concat()).replace("{files}", &at);
        let pack = |(path, bytes): &File| {
            let bytes = match std::str::from_utf8(bytes) {
                // Libraries are sent as they are.
                Ok(text) if !path.starts_with("vendor/") => lean(text).into(),
                _ => bytes.clone().into_owned(),
            };
            ((*path).to_owned(), Packed::new(media_type(path), bytes))
        };
        Self {
            shell: Packed::new("text/html; charset=utf-8", text.into_bytes()),
            files: files.iter().map(pack).collect(),
            version,
        }
    }

    /// The version of all files.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Bytes that everything takes together once it is packed, the shell included.
    #[must_use]
    pub fn packed_bytes(&self) -> usize {
        self.shell.packed_bytes() + self.files.values().map(Packed::packed_bytes).sum::<usize>()
    }

    /// The shell, with this status.
    #[must_use]
    pub fn shell(&self, status: StatusCode, headers: &HeaderMap) -> Response {
        let mut response = self.shell.answer(headers);
        if status != StatusCode::OK && response.status() == StatusCode::OK {
            *response.status_mut() = status;
        }
        let caching = if status == StatusCode::OK { SHELL_CACHING } else { OF_ANOTHER };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, caching);
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        response
    }

    fn file(&self, version: &str, path: &str, headers: &HeaderMap) -> Result<Response, Problem> {
        let file = self.files.get(path).ok_or_else(|| Problem::of(Code::NotFound))?;
        let mut response = file.answer(headers);
        let caching = if version == self.version { FOR_EVER } else { OF_ANOTHER };
        response.headers_mut().insert(CACHE_CONTROL, caching);
        Ok(response)
    }
}

/// The pages.
pub fn pages<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let shell = async |headers: HeaderMap| disk::web().shell(StatusCode::OK, &headers);
    PAGES.iter().fold(Router::new(), |router, path| router.route(path, get(shell)))
}

/// Whether somebody looks for a page: a browser that goes to an address, which is none of the API's.
#[must_use]
pub fn is_for_page(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    method.is_safe() && !path.starts_with("/api/") && accepted.contains("text/html")
}

/// The shell where there is no page; it says so.
pub fn no_page(headers: &HeaderMap) -> Response {
    disk::web().shell(StatusCode::NOT_FOUND, headers)
}

/// Their files.
pub fn assets<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let file = async |Path((version, path)): Path<(String, String)>, headers: HeaderMap| {
        disk::web().file(&version, &path, &headers)
    };
    // Of no version: asked for again each time, so that an update is heard of.
    let worker = async |headers: HeaderMap| {
        let mut response = disk::web().file("", "sw.js", &headers)?;
        let policy = HeaderValue::from_static(WORKER_POLICY);
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
        Ok::<_, Problem>(response)
    };
    Router::new().route(FILE, get(file)).route(WORKER, get(worker))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_byte_is_another_version() {
        let version = |bytes: &'static [u8]| {
            Web::new(b"{first}{files}", &[("a.js", Cow::Borrowed(bytes))]).version().to_owned()
        };
        assert_eq!(version(b"1"), version(b"1"));
        assert_ne!(version(b"1"), version(b"2"));
        assert_eq!(version(b"1").len(), 16);
    }
}
