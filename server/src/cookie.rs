//! The session cookie of browsers: its name and attributes, how it is found in a request, and which requests it
//! counts in.

use hyper::header::{COOKIE, HOST, HeaderName, HeaderValue, ORIGIN};
use hyper::{HeaderMap, Method, Uri};
use serde::Deserialize;

/// What a browser says of whose page sends a request (Fetch Metadata); no page can set it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Which cookie it is, `secure` or `plain` in settings.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum SessionCookie {
    /// `__Host-boxoffice`: browsers send it over TLS alone (and to this machine), and take it from this host alone,
    /// whatever the proxies before the server speak to it.
    #[default]
    Secure,
    /// `boxoffice`, for http on a local network.
    Plain,
}

/// The cookies of the name in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// None.
    None,
    /// One; its value.
    One(&'a str),
    /// Several, or one that is no text: somebody else has set one, and it cannot be told which.
    Many,
}

impl SessionCookie {
    /// The cookie's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-boxoffice",
            Self::Plain => "boxoffice",
        }
    }

    /// The cookie in a request, by its exact name (RFC 6265 § 5.4). What else is among the cookies does not matter.
    #[must_use]
    pub fn of(self, headers: &HeaderMap) -> Found<'_> {
        let mut found = Found::None;
        for header in headers.get_all(COOKIE) {
            for pair in header.as_bytes().split(|b| *b == b';') {
                let mut parts = pair.splitn(2, |b| *b == b'=');
                let name = parts.next().unwrap_or_default().trim_ascii();
                if name != self.name().as_bytes() {
                    continue;
                }
                let value = parts.next().unwrap_or_default().trim_ascii();
                found = match (found, std::str::from_utf8(value)) {
                    (Found::None, Ok(value)) => Found::One(value),
                    _ => return Found::Many,
                };
            }
        }
        found
    }

    /// What sets the cookie for so many seconds. `None` for a token that cannot stand in one.
    #[must_use]
    pub fn set(self, token: &str, seconds: i64) -> Option<HeaderValue> {
        let secure = match self {
            Self::Secure => "; Secure",
            Self::Plain => "",
        };
        let (name, seconds) = (self.name(), seconds.max(0));
        let text =
            format!("{name}={token}; Path=/; Max-Age={seconds}{secure}; HttpOnly; SameSite=Strict");
        let mut value = HeaderValue::try_from(text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// What makes a browser forget it.
    #[must_use]
    pub fn cleared(self) -> HeaderValue {
        self.set("", 0).unwrap_or_else(|| HeaderValue::from_static(""))
    }

    /// Whether the cookie counts in this request: a page of this origin sends it. Where the browser does not say whose
    /// page it is, as over http on a local network, a request that changes something must name this origin itself.
    #[must_use]
    pub fn is_from_own_page(self, method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut said = headers.get_all(SEC_FETCH_SITE).iter();
        match (said.next(), said.next()) {
            // An address that a person typed, and not a page.
            (Some(site), None) if site == "none" => method.is_safe(),
            (Some(site), None) => site == "same-origin",
            (Some(_), Some(_)) => false,
            (None, _) if method.is_safe() => true,
            (None, _) => self.is_own_origin(uri, headers).unwrap_or(false),
        }
    }

    fn is_own_origin(self, uri: &Uri, headers: &HeaderMap) -> Option<bool> {
        let host = match uri.authority() {
            Some(authority) => authority.as_str(),
            None => headers.get(HOST)?.to_str().ok()?,
        };
        let (scheme, origin) = headers.get(ORIGIN)?.to_str().ok()?.split_once("://")?;
        let port = match scheme {
            "https" => ":443",
            "http" if self == Self::Plain || is_this_machine(origin) => ":80",
            _ => return None,
        };
        let bare = |host: &str| host.strip_suffix(port).unwrap_or(host).to_ascii_lowercase();
        Some(!origin.is_empty() && bare(origin) == bare(host))
    }
}

/// Whether a browser takes http to this host as safe as TLS.
fn is_this_machine(host: &str) -> bool {
    if host.starts_with('[') {
        return host.starts_with("[::1]");
    }
    let name = host.split(':').next().unwrap_or_default();
    let v4 = name.parse::<std::net::Ipv4Addr>();
    name == "localhost" || v4.is_ok_and(|address| address.is_loopback())
}

impl std::fmt::Debug for SessionCookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Secure => "secure",
            Self::Plain => "plain",
        })
    }
}

impl std::str::FromStr for SessionCookie {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "secure" => Ok(Self::Secure),
            "plain" => Ok(Self::Plain),
            _ => Err(format!("{text:?} is neither secure nor plain")),
        }
    }
}

impl TryFrom<String> for SessionCookie {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SessionCookie::{Plain, Secure};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            (HeaderName::from_static(name), value)
        });
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    /// Cookies that others could set beside ours, or that look like it, are not taken for it.
    #[test]
    fn a_cookie_is_found_by_its_exact_name() {
        for (sent, want) in [
            ("__Host-boxoffice=t", Found::One("t")),
            ("a=b; __Host-boxoffice=t;c=d", Found::One("t")),
            ("한=글; \u{ff}; ==; __Host-boxoffice=a.b=c", Found::One("a.b=c")),
            ("__Host-boxoffice", Found::One("")),
            ("boxoffice=t", Found::None),
            ("__host-boxoffice=t", Found::None),
            ("__Host-boxoffice2=t; x__Host-boxoffice=t", Found::None),
            ("\u{2000}__Host-boxoffice=t; \u{a0}__Host-boxoffice=u", Found::None),
            ("$Version=1; x=\"__Host-boxoffice=t\"", Found::None),
            ("x=__Host-boxoffice=t", Found::None),
            ("__Host-boxoffice=t; __Host-boxoffice=u", Found::Many),
            ("__Host-boxoffice=t; __Host-boxoffice=t", Found::Many),
            ("", Found::None),
        ] {
            assert_eq!(Secure.of(&headers(&[("cookie", sent)])), want, "{sent}");
        }
        let two = headers(&[("cookie", "__Host-boxoffice=t"), ("cookie", "__Host-boxoffice=u")]);
        assert_eq!((Secure.of(&two), Plain.of(&two)), (Found::Many, Found::None));
        let apart = headers(&[("cookie", "a=b"), ("cookie", "boxoffice=t")]);
        assert_eq!((Secure.of(&apart), Plain.of(&apart)), (Found::None, Found::One("t")));
        assert_eq!(Secure.of(&HeaderMap::new()), Found::None);
    }

    #[test]
    fn a_cookie_is_for_this_host_and_no_script() {
        let secure = Secure.set("t.o.k", 60).unwrap();
        assert!(secure.is_sensitive());
        let want = "__Host-boxoffice=t.o.k; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Strict";
        assert_eq!(secure, want);
        let want = "boxoffice=t; Path=/; Max-Age=0; HttpOnly; SameSite=Strict";
        assert_eq!(Plain.set("t", -1).unwrap(), want);
        let want = "__Host-boxoffice=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict";
        assert_eq!(Secure.cleared(), want);
        assert_eq!(Secure.set("a\nb", 1), None);
    }

    #[test]
    fn a_page_of_this_origin_says_so() {
        let check = |cookie: SessionCookie, pairs: &[(&'static str, &str)], want: [bool; 2]| {
            let headers = headers(pairs);
            let uri = Uri::from_static("/api/v1/me");
            let seen = [Method::GET, Method::DELETE]
                .map(|method| cookie.is_from_own_page(&method, &uri, &headers));
            assert_eq!(seen, want, "{cookie:?} {pairs:?}");
        };
        let (own, other) = ("https://shop.example", "https://evil.example");
        for cookie in [Secure, Plain] {
            for (site, want) in [
                ("same-origin", [true, true]),
                ("none", [true, false]),
                ("same-site", [false, false]),
                ("cross-site", [false, false]),
                ("Same-Origin", [false, false]),
                ("", [false, false]),
            ] {
                // What the browser says counts, and not what can be made to look alike.
                let host = ("host", "shop.example");
                check(cookie, &[("sec-fetch-site", site), host, ("origin", own)], want);
                check(cookie, &[("sec-fetch-site", site), host, ("origin", other)], want);
            }
            let twice = [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")];
            check(cookie, &twice, [false, false]);
            for (origin, host, want) in [
                (own, "shop.example", true),
                (own, "Shop.Example:443", true),
                ("https://shop.example:8443", "shop.example:8443", true),
                ("https://shop.example:80", "shop.example", false),
                ("http://localhost:8080", "localhost:8080", true),
                ("http://127.0.0.1:8080", "127.0.0.1:8080", true),
                ("http://[::1]:8080", "[::1]:8080", true),
                ("http://localhost", "localhost:80", true),
                ("http://localhost.evil.example", "localhost", false),
                (other, "shop.example", false),
                ("https://shop.example.evil.example", "shop.example", false),
                ("https://shop.example", "evil.example", false),
                ("null", "null", false),
                ("null", "shop.example", false),
                ("https://", "", false),
                ("", "shop.example", false),
                ("file://shop.example", "shop.example", false),
            ] {
                check(cookie, &[("host", host), ("origin", origin)], [true, want]);
            }
            check(cookie, &[("host", "shop.example")], [true, false]);
            check(cookie, &[("origin", own)], [true, false]);
        }
        // Over http anybody on the way can write the page.
        let http = [("host", "shop.example"), ("origin", "http://shop.example")];
        check(Secure, &http, [true, false]);
        check(Plain, &http, [true, true]);
        let far = [("host", "127.0.0.1.evil.example"), ("origin", "http://127.0.0.1.evil.example")];
        check(Secure, &far, [true, false]);
    }
}
