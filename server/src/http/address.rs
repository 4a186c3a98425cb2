//! Whose request it is, by address: the peer's, or what a trusted proxy says of it. Nobody else is
//! believed.

use crate::networks::{Networks, counted};
use axum::extract::FromRequestParts;
use hyper::HeaderMap;
use hyper::header::FORWARDED;
use hyper::http::request::Parts;
use std::convert::Infallible;
use std::net::IpAddr;

/// Header in which proxies name whom they speak for, the nearest last.
pub const FORWARDED_FOR: &str = "x-forwarded-for";

/// As whom a request counts. None: as nobody, so that no limit by address meets it. That is what
/// comes from this machine, or from a trusted proxy that speaks for itself (its own checks).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client(pub Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or(Self(None)))
    }
}

/// Why nobody counts whom a request names, though a proxy seems to have named them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unheard {
    /// It comes from this machine, which is not trusted, and counts as nobody's.
    Local,
    /// It comes from somebody who is not trusted, and counts as theirs.
    Peer,
    /// It comes from who is trusted, by a header that is not read, and counts as nobody's.
    Forwarded,
}

impl Unheard {
    /// How many there are.
    pub const COUNT: usize = 3;

    /// What the log says.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Local => {
                "a client on this machine sends X-Forwarded-For or Forwarded but is not in trusted_proxies; no limit by address holds for its users"
            }
            Self::Peer => {
                "a client sends X-Forwarded-For or Forwarded but is not in trusted_proxies; all its users count as one address"
            }
            Self::Forwarded => {
                "one of trusted_proxies sends Forwarded, which is not read, and no X-Forwarded-For; no limit by address holds for its users"
            }
        }
    }
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// Who connected.
    pub peer: IpAddr,
    /// Whom a trusted peer named by the PROXY protocol; itself where it named nobody.
    pub announced: Option<IpAddr>,
}

impl Origin {
    /// The nearest address that is not a trusted proxy's, by the connection alone.
    fn nearest(&self) -> IpAddr {
        self.announced.unwrap_or(self.peer)
    }

    /// As whom the connection counts.
    #[must_use]
    pub fn connection(&self, trusted: &Networks) -> Option<IpAddr> {
        let nearest = self.nearest().to_canonical();
        (!nearest.is_loopback() && !trusted.contain(nearest)).then(|| counted(nearest))
    }

    /// As whom a request on the connection counts: the nearest that is not trusted, where each that
    /// is trusted is believed about the one before it.
    #[must_use]
    pub fn client(&self, headers: &HeaderMap, trusted: &Networks) -> Client {
        let mut nearest = self.nearest();
        if trusted.contain(nearest) {
            let lines = headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok());
            let named: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
            for word in named.into_iter().rev() {
                let Some(address) = address(word.trim()) else { break };
                nearest = address;
                if !trusted.contain(nearest) {
                    break;
                }
            }
        }
        Client(Self { peer: nearest, announced: None }.connection(trusted))
    }

    /// Whether the request names somebody who does not count, which is hardly meant.
    #[must_use]
    pub fn unheard(&self, headers: &HeaderMap, trusted: &Networks) -> Option<Unheard> {
        let (read, unread) = (headers.contains_key(FORWARDED_FOR), headers.contains_key(FORWARDED));
        if !read && !unread {
            return None;
        }
        if trusted.contain(self.peer) {
            let counts = read || self.client(headers, trusted).0.is_some();
            return (!counts).then_some(Unheard::Forwarded);
        }
        let is_local = self.peer.to_canonical().is_loopback();
        Some(if is_local { Unheard::Local } else { Unheard::Peer })
    }
}

/// An address as proxies write it: with or without a port, IPv6 with or without brackets.
fn address(word: &str) -> Option<IpAddr> {
    if let Ok(address) = word.parse() {
        return Some(address);
    }
    if let Ok(socket) = word.parse::<std::net::SocketAddr>() {
        return Some(socket.ip());
    }
    word.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted() -> Networks {
        "10.0.0.0/8,fd00::/8,127.0.0.2".parse().unwrap()
    }

    fn client(peer: &str, announced: Option<&str>, forwarded: &[&str]) -> Option<String> {
        let ip = |text: &str| text.parse().unwrap();
        let origin = Origin { peer: ip(peer), announced: announced.map(ip) };
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        origin.client(&headers, &trusted()).0.map(|address| address.to_string())
    }

    fn counts(as_whom: &str) -> Option<String> {
        Some(as_whom.to_owned())
    }

    #[test]
    fn nobody_is_believed_who_is_not_trusted() {
        assert_eq!(client("192.0.2.1", None, &[]), counts("192.0.2.1"));
        assert_eq!(client("192.0.2.1", None, &["198.51.100.1"]), counts("192.0.2.1"));
        assert_eq!(client("192.0.2.1", None, &["127.0.0.1"]), counts("192.0.2.1"));
        assert_eq!(client("::ffff:192.0.2.1", None, &[]), counts("192.0.2.1"));
        assert_eq!(client("2001:db8:1:2:3::4", None, &[]), counts("2001:db8:1:2::"));
        assert_eq!(client("127.0.0.1", None, &["198.51.100.1"]), None, "this machine");
        assert_eq!(client("::1", None, &[]), None, "this machine");
    }

    #[test]
    fn a_trusted_proxy_names_the_last_that_it_did_not_trust_itself() {
        assert_eq!(client("10.0.0.1", None, &["198.51.100.1"]), counts("198.51.100.1"));
        let lied = ["1.1.1.1, 198.51.100.1"];
        assert_eq!(client("10.0.0.1", None, &lied), counts("198.51.100.1"));
        let chain = ["1.1.1.1", "198.51.100.1 , 10.9.9.9", "10.1.1.1"];
        assert_eq!(client("10.0.0.1", None, &chain), counts("198.51.100.1"));
        assert_eq!(client("10.0.0.1", None, &["198.51.100.1:80"]), counts("198.51.100.1"));
        for six in ["[2001:db8::9]:80", "[2001:db8::9]", "2001:db8::9"] {
            assert_eq!(client("fd00::1", None, &[six]), counts("2001:db8::"), "{six}");
        }
        assert_eq!(client("127.0.0.2", None, &["198.51.100.1"]), counts("198.51.100.1"));
    }

    #[test]
    fn a_trusted_proxy_that_names_nobody_counts_as_nobody() {
        assert_eq!(client("10.0.0.1", None, &[]), None);
        assert_eq!(client("10.0.0.1", None, &["unknown"]), None);
        assert_eq!(client("10.0.0.1", None, &["1.1.1.1, _hidden, 10.1.1.1"]), None);
        assert_eq!(client("10.0.0.1", Some("10.0.0.1"), &[]), None);
    }

    #[test]
    fn whom_the_proxy_protocol_names_is_the_nearest() {
        assert_eq!(client("10.0.0.1", Some("198.51.100.1"), &["1.1.1.1"]), counts("198.51.100.1"));
        assert_eq!(client("10.0.0.1", Some("10.2.2.2"), &["1.1.1.1"]), counts("1.1.1.1"));
    }

    /// A proxy that nobody named in the settings has everybody without limits, or all as one: that is told.
    #[test]
    fn who_names_others_in_vain_is_told_of() {
        let unheard = |peer: &str, announced: Option<&str>, headers: &[&'static str]| {
            let ip = |text: &str| text.parse().unwrap();
            let origin = Origin { peer: ip(peer), announced: announced.map(ip) };
            let named =
                |name: &&'static str| (name.parse().unwrap(), "198.51.100.1".parse().unwrap());
            origin.unheard(&headers.iter().map(named).collect(), &trusted())
        };
        for header in [FORWARDED_FOR, "forwarded"] {
            for local in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
                assert_eq!(
                    unheard(local, None, &[header]),
                    Some(Unheard::Local),
                    "{local} {header}"
                );
                assert_eq!(unheard(local, None, &[]), None, "{local}");
            }
            for other in ["192.168.0.1", "192.0.2.1", "2001:db8::1", "::ffff:172.16.0.1"] {
                assert_eq!(
                    unheard(other, None, &[header]),
                    Some(Unheard::Peer),
                    "{other} {header}"
                );
                assert_eq!(unheard(other, None, &[]), None, "{other}");
            }
        }
        for proxy in ["10.0.0.1", "127.0.0.2"] {
            assert_eq!(unheard(proxy, None, &[FORWARDED_FOR]), None, "{proxy}");
            assert_eq!(unheard(proxy, None, &[FORWARDED_FOR, "forwarded"]), None, "{proxy}");
            assert_eq!(unheard(proxy, None, &["forwarded"]), Some(Unheard::Forwarded), "{proxy}");
            let by_protocol = unheard(proxy, Some("192.0.2.1"), &["forwarded"]);
            assert_eq!(by_protocol, None, "{proxy}: a client's own");
        }
    }
}
