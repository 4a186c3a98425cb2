//! Pictures as they come in: what their bytes are, whether they are whole, and how large they are drawn. Nothing is
//! decoded.

use boxoffice_core::poster::PosterType;
use imagesize::ImageType;

/// Pixels of the shorter side, at least: less is no poster.
const SIDE_MIN: usize = 64;
/// Pixels of the longer side, at most: a phone that draws more of them runs out of memory.
const SIDE_MAX: usize = 4_096;

/// Why a picture is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is no PNG, JPEG or WebP.
    Unknown,
    /// It is cut off, or something else follows it.
    Broken,
    /// Its sides, in pixels.
    Size(usize, usize),
    /// It is said to be something else.
    Other(PosterType),
}

impl Fault {
    /// English words.
    #[must_use]
    pub fn en(self) -> String {
        match self {
            Self::Unknown => "It is not a PNG, JPEG or WebP file.".into(),
            Self::Broken => "The file is damaged or incomplete.".into(),
            Self::Size(width, height) => format!(
                "It is {width} × {height} pixels. Each side must have {SIDE_MIN} to {SIDE_MAX}."
            ),
            Self::Other(kind) => format!("Its bytes are {}.", kind.media_type()),
        }
    }

    /// Korean words.
    #[must_use]
    pub fn ko(self) -> String {
        match self {
            Self::Unknown => "PNG, JPEG, WebP 파일이 아닙니다.".into(),
            Self::Broken => "파일이 손상되었거나 일부만 있습니다.".into(),
            Self::Size(width, height) => format!(
                "{width} × {height}픽셀입니다. 가로와 세로 모두 {SIDE_MIN}~{SIDE_MAX}픽셀이어야 합니다."
            ),
            Self::Other(kind) => format!("파일 내용은 {}입니다.", kind.media_type()),
        }
    }
}

/// Whether the bytes end where the picture does.
fn is_whole(kind: PosterType, bytes: &[u8]) -> bool {
    match kind {
        PosterType::Png => bytes.ends_with(b"\0\0\0\0IEND\xAE\x42\x60\x82"),
        PosterType::Jpeg => bytes.ends_with(b"\xFF\xD9"),
        // The length of what follows it, and a byte more where that is odd.
        PosterType::Webp => {
            let length = bytes.get(4..8).and_then(|length| length.try_into().ok());
            let length = length.map(u32::from_le_bytes).and_then(|n| usize::try_from(n).ok());
            length.is_some_and(|length| length.checked_add(8 + length % 2) == Some(bytes.len()))
        }
    }
}

/// What the bytes are, if they are a picture that can be shown.
///
/// # Errors
/// They are none.
pub fn look(bytes: &[u8]) -> Result<PosterType, Fault> {
    let kind = match imagesize::image_type(bytes) {
        Ok(ImageType::Png) => PosterType::Png,
        Ok(ImageType::Jpeg) => PosterType::Jpeg,
        Ok(ImageType::Webp) => PosterType::Webp,
        _ => return Err(Fault::Unknown),
    };
    if !is_whole(kind, bytes) {
        return Err(Fault::Broken);
    }
    let size = imagesize::blob_size(bytes).map_err(|_| Fault::Broken)?;
    let fits = |side| (SIDE_MIN..=SIDE_MAX).contains(&side);
    if fits(size.width) && fits(size.height) {
        Ok(kind)
    } else {
        Err(Fault::Size(size.width, size.height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG's head and end; nothing here looks at what is between.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend(b"\x08\x02\0\0\0\0\0\0\0");
        bytes.extend(b"\0\0\0\0IEND\xAE\x42\x60\x82");
        bytes
    }

    fn webp(width: u16, height: u16) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WEBPVP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a".to_vec();
        bytes.extend(width.to_le_bytes());
        bytes.extend(height.to_le_bytes());
        let length = u32::try_from(bytes.len() - 8).unwrap().to_le_bytes();
        bytes.splice(4..8, length);
        bytes
    }

    #[test]
    fn pictures_are_known_by_their_bytes() {
        assert_eq!(look(&png(600, 800)), Ok(PosterType::Png));
        assert_eq!(look(&webp(600, 800)), Ok(PosterType::Webp));
        let jpeg = b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xFF\xC0\0\x11\x08\x03\x20\x02\x58\x03\x01\x22\0\x02\x11\x01\x03\x11\x01\xFF\xD9";
        assert_eq!(look(jpeg), Ok(PosterType::Jpeg));
        for (sides, want) in [
            ((64, 4_096), Ok(PosterType::Png)),
            ((63, 800), Err(Fault::Size(63, 800))),
            ((800, 4_097), Err(Fault::Size(800, 4_097))),
            ((0, 0), Err(Fault::Size(0, 0))),
        ] {
            assert_eq!(look(&png(sides.0, sides.1)), want, "{sides:?}");
        }
        assert!(matches!(look(&png(u32::MAX, 9)), Err(Fault::Size(..) | Fault::Broken)));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for other in [
            &b""[..],
            b"GIF89a\x10\0\x10\0",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            b"<html><script>alert(1)</script>",
            b"%PDF-1.7",
            b"BM",
        ] {
            assert_eq!(look(other), Err(Fault::Unknown), "{other:?}");
        }
        for whole in [png(600, 800), webp(600, 800)] {
            for end in 0..whole.len() {
                assert!(look(&whole[..end]).is_err(), "cut off at {end}");
            }
            let mut longer = whole.clone();
            longer.extend(b"<script>alert(1)</script>");
            assert_eq!(look(&longer), Err(Fault::Broken), "something else follows");
        }
    }
}
