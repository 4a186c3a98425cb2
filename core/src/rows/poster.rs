//! Posters of shows: pictures by the SHA-256 of their bytes, added by operators and never changed.

use crate::id::PosterId;
use crate::time::Time;

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
