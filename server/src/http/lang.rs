//! The two languages of messages.

use super::edge::weight_of;
use hyper::header::HeaderValue;

/// A language that messages exist in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// English.
    En,
    /// Korean.
    Ko,
}

impl Lang {
    /// The tag for `Content-Language`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ko => "ko",
        }
    }

    /// The one that the client likes best (RFC 9110 § 12.5.4); English where it likes neither.
    #[must_use]
    pub fn of(accept_language: Option<&HeaderValue>) -> Self {
        let text = accept_language.and_then(|value| value.to_str().ok());
        let mut best = (Self::En, 0.0);
        for item in text.unwrap_or_default().split(',') {
            let mut parts = item.split(';');
            let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let quality = parts.find_map(|part| weight_of(part)?.parse().ok());
            let quality: f32 = quality.unwrap_or(1.0);
            let lang = match tag.split('-').next() {
                Some("ko") => Self::Ko,
                Some("en" | "*") => Self::En,
                _ => continue,
            };
            if quality > best.1 {
                best = (lang, quality);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_the_preferred_language() {
        let check = |header: &'static str, want: Lang| {
            assert_eq!(Lang::of(Some(&HeaderValue::from_static(header))), want, "{header}");
        };
        check("ko-KR,ko;q=0.9,en;q=0.8", Lang::Ko);
        check("en-US,en;q=0.9,ko;q=0.8", Lang::En);
        check("ko;q=0.1, en;q=0.2", Lang::En);
        check("ko;Q=0.1, en;Q=0.2", Lang::En);
        check("fr, ko;q=0.5", Lang::Ko);
        check("fr", Lang::En);
        check("ko;q=x", Lang::Ko);
        check("ko;q=0", Lang::En);
        assert_eq!(Lang::of(None), Lang::En);
    }
}
