//! Pictures as they come in: what their bytes are, whether they are whole, and how large they are drawn.

mod whole;

use boxoffice_core::poster::PosterType;
use imagesize::ImageType;
use whole::{Png, jpeg, webp};

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

/// What the bytes are, if they are a picture that can be shown, to its end.
///
/// # Errors
/// They are none.
pub fn look(bytes: &[u8]) -> Result<PosterType, Fault> {
    let (kind, png) = match imagesize::image_type(bytes) {
        Ok(ImageType::Png) => (PosterType::Png, Some(Png::of(bytes).ok_or(Fault::Broken)?)),
        Ok(ImageType::Jpeg) if jpeg(bytes) => (PosterType::Jpeg, None),
        Ok(ImageType::Webp) if webp(bytes) => (PosterType::Webp, None),
        Ok(ImageType::Jpeg | ImageType::Webp) => return Err(Fault::Broken),
        _ => return Err(Fault::Unknown),
    };
    let size = imagesize::blob_size(bytes).map_err(|_| Fault::Broken)?;
    let fits = |side| (SIDE_MIN..=SIDE_MAX).contains(&side);
    if !fits(size.width) || !fits(size.height) {
        return Err(Fault::Size(size.width, size.height));
    }
    if png.is_none_or(|png| png.has_all()) { Ok(kind) } else { Err(Fault::Broken) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use std::io::Write;

    fn part(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let mut part = u32::try_from(data.len()).unwrap().to_be_bytes().to_vec();
        part.extend(name);
        part.extend(data);
        let mut crc = flate2::Crc::new();
        crc.update(&part[4..]);
        part.extend(crc.sum().to_be_bytes());
        part
    }

    /// A PNG with its pixels, in two parts; `form` is depth, colour, and what follows of its head.
    fn png_of(width: u32, height: u32, form: [u8; 5], pixels: usize) -> Vec<u8> {
        let mut lines = ZlibEncoder::new(Vec::new(), Compression::best());
        lines.write_all(&vec![0; pixels]).unwrap();
        let lines = lines.finish().unwrap();
        let mut head = width.to_be_bytes().to_vec();
        head.extend(height.to_be_bytes());
        head.extend(form);
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        let (first, second) = lines.split_at(lines.len() / 2);
        for (name, data) in [
            (b"IHDR", &head[..]),
            (b"tEXt", b"a\0b"),
            (b"IDAT", first),
            (b"IDAT", second),
            (b"IEND", b""),
        ] {
            bytes.extend(part(name, data));
        }
        bytes
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        // Sides beyond the most are refused before a pixel is counted.
        let pixels = if width.max(height) > 5_000 { 0 } else { (width * 3 + 1) * height };
        png_of(width, height, [8, 2, 0, 0, 0], usize::try_from(pixels).unwrap())
    }

    const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xFF\xC0\0\x11\x08\x03\x20\x02\x58\x03\x01\x22\0\x02\x11\x01\x03\x11\x01\xFF\xDA\0\x08\x01\x01\0\0\x3F\0\x12\xFF\0\x34\xFF\xD0\x56\xFF\xD9";

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
        assert_eq!(look(JPEG), Ok(PosterType::Jpeg));
        for (sides, want) in [
            ((64, 4_096), Ok(PosterType::Png)),
            ((63, 800), Err(Fault::Size(63, 800))),
            ((800, 4_097), Err(Fault::Size(800, 4_097))),
            ((0, 0), Err(Fault::Size(0, 0))),
        ] {
            assert_eq!(look(&png(sides.0, sides.1)), want, "{sides:?}");
        }
        assert!(matches!(look(&png(u32::MAX, 9)), Err(Fault::Size(..) | Fault::Broken)));
        for demo in [
            &include_bytes!("demo/midsummer.webp")[..],
            include_bytes!("demo/moonlight.webp"),
            include_bytes!("demo/thunder.webp"),
        ] {
            assert_eq!(look(demo), Ok(PosterType::Webp));
        }
    }

    /// Every form of a PNG, and none with a byte of its pixels more or less.
    #[test]
    fn pixels_are_counted() {
        for (form, pixels) in [
            ([1, 0, 0, 0, 0], (9 + 1) * 66),
            ([4, 3, 0, 0, 0], (33 + 1) * 66),
            ([16, 4, 0, 0, 0], (65 * 4 + 1) * 66),
            ([16, 6, 0, 0, 0], (65 * 8 + 1) * 66),
            // 9 × 9, 8 × 9, 17 × 8, 16 × 17, 33 × 16, 32 × 33 and 65 × 33 pixels.
            ([8, 0, 0, 0, 1], 10 * 9 + 9 * 9 + 18 * 8 + 17 * 17 + 34 * 16 + 33 * 33 + 66 * 33),
        ] {
            assert_eq!(look(&png_of(65, 66, form, pixels)), Ok(PosterType::Png), "{form:?}");
            for other in [pixels - 1, pixels + 1, 0] {
                assert_eq!(look(&png_of(65, 66, form, other)), Err(Fault::Broken), "{form:?}");
            }
        }
        for form in [[3, 2, 0, 0, 0], [16, 3, 0, 0, 0], [8, 5, 0, 0, 0], [8, 2, 0, 0, 2]] {
            assert_eq!(look(&png_of(65, 66, form, 65 * 66)), Err(Fault::Broken), "{form:?}");
        }
    }

    /// A file that was cut off and closed again has its end and not its middle.
    #[test]
    fn what_lacks_its_middle_is_refused() {
        let png = png(600, 800);
        let end = png.len() - 12;
        for cut in 9..end {
            let closed = [&png[..cut], &png[end..]].concat();
            assert_eq!(look(&closed), Err(Fault::Broken), "cut off at {cut}");
        }
        let mut other = png.clone();
        other[60] ^= 1;
        assert_eq!(look(&other), Err(Fault::Broken), "another bit");
        // All of its segments are there, and within one of them an end.
        for cut in 4..JPEG.len() - 9 {
            let closed = [&JPEG[..cut], &b"\xFF\xD9"[..]].concat();
            assert!(look(&closed).is_err(), "cut off at {cut}");
        }
        let demo = include_bytes!("demo/thunder.webp");
        for cut in [20, 30, 1_000, demo.len() - 2] {
            let mut closed = demo[..cut].to_vec();
            let length = u32::try_from(closed.len() - 8).unwrap().to_le_bytes();
            closed.splice(4..8, length);
            assert_eq!(look(&closed), Err(Fault::Broken), "cut off at {cut}");
        }
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
        for whole in [png(600, 800), webp(600, 800), JPEG.to_vec()] {
            for end in 0..whole.len() {
                assert!(look(&whole[..end]).is_err(), "cut off at {end}");
            }
            let mut longer = whole.clone();
            longer.extend(b"<script>alert(1)</script>");
            assert_eq!(look(&longer), Err(Fault::Broken), "something else follows");
        }
    }
}
