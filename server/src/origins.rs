//! Origins: web pages of other hosts whose scripts may use this server (CORS).

use serde::Deserialize;

/// A list of origins, `https://shop.example, https://m.shop.example` in settings, or `*` for every one.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Origins {
    text: String,
    any: bool,
    of: Vec<String>,
}

/// As a browser writes it: scheme, host and port, in lower case, without the scheme's own port.
fn origin(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let (scheme, host) = lower.split_once("://")?;
    let in_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let in_host = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
    let well_formed = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(in_scheme)
        && !host.is_empty()
        && !host.starts_with(':')
        && host.chars().all(in_host);
    let port = match host.rsplit_once(':') {
        Some((_, port)) if !host.ends_with(']') => Some(port),
        _ => None,
    };
    if !well_formed || port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return None;
    }
    let own = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => "",
    };
    // A port as a browser writes it: without zeros before it, and none where it is the scheme's own.
    let (host, port) = match port.and_then(|port| port.parse::<u16>().ok()) {
        Some(port) => (&host[..host.rfind(':')?], format!(":{port}")),
        None => (host, String::new()),
    };
    let port = if port == own { "" } else { &port };
    Some(format!("{scheme}://{host}{port}"))
}

impl Origins {
    /// Whether there are none: pages of other origins may not ask.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        !self.any && self.of.is_empty()
    }

    /// Whether it is every one.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.any
    }

    /// Whether this one is among them, as its browser writes it.
    #[must_use]
    pub fn contain(&self, origin: &str) -> bool {
        self.any || self.of.iter().any(|known| known == origin)
    }
}

impl std::str::FromStr for Origins {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> =
            text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
        if words == ["*"] {
            return Ok(Self { text: text.to_owned(), any: true, of: Vec::new() });
        }
        let of = words.into_iter().map(|word| {
            origin(word)
                .ok_or_else(|| format!("{word:?} is not an origin such as https://shop.example"))
        });
        Ok(Self { text: text.to_owned(), any: false, of: of.collect::<Result<_, _>>()? })
    }
}

impl TryFrom<String> for Origins {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::fmt::Debug for Origins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_as_browsers_write_them() {
        let origins: Origins =
            "https://Shop.example:443, http://localhost:03000, http://[::1]:080".parse().unwrap();
        for known in ["https://shop.example", "http://localhost:3000", "http://[::1]"] {
            assert!(origins.contain(known), "{known}");
        }
        for other in [
            "http://shop.example",
            "https://shop.example:444",
            "https://shop.example.evil",
            "null",
            "",
        ] {
            assert!(!origins.contain(other), "{other}");
        }
        assert!("".parse::<Origins>().unwrap().is_empty());
        assert!("*".parse::<Origins>().unwrap().contain("https://any.example"));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "shop.example",
            "https://",
            "https://shop.example/",
            "https://shop.example/path",
            "https://u:p@shop.example",
            "https://shop.example:port",
            "https://*.example",
            "null",
            "*,https://shop.example",
        ] {
            assert!(text.parse::<Origins>().is_err(), "{text}");
        }
    }
}
