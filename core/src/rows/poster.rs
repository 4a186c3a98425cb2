//! Posters of shows: pictures by the SHA-256 of their bytes, added by operators and never changed.

use crate::time::Time;

/// A poster by the SHA-256 of its bytes; it is said in 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PosterId(pub [u8; 32]);

impl PosterId {
    /// The id that 64 lower-case hexadecimal digits say.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 64 || !text.as_bytes().iter().all(is_digit) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl std::fmt::Display for PosterId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for PosterId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PosterId({self})")
    }
}

/// What a poster's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PosterType {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
}

impl PosterType {
    /// The media type, as `image/png`.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

/// A row of `poster`.
#[derive(Clone, PartialEq, Eq)]
pub struct Poster {
    /// What its bytes are.
    pub media_type: PosterType,
    /// The picture.
    pub body: Vec<u8>,
    /// When it was added first.
    pub created_at: Time,
}

impl std::fmt::Debug for Poster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { media_type, body, created_at } = self;
        write!(f, "Poster({media_type:?}, {} bytes, {created_at:?})", body.len())
    }
}

/// What is told of a show beside its name: in two languages, and with a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Billing {
    /// Its name in English, where it is not told by the concert's name.
    pub name_en: Option<String>,
    /// The same in Korean.
    pub name_ko: Option<String>,
    /// What it is, in English.
    pub about_en: Option<String>,
    /// The same in Korean.
    pub about_ko: Option<String>,
    /// Its picture, and what kind of bytes that is.
    pub poster: Option<(PosterId, PosterType)>,
}
