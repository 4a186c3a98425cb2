//! Whether a picture's bytes are all there: its parts are followed to the end of the file, where the picture must end,
//! too. A PNG says enough of itself to count its pixels; parts of other files are not looked into.

use flate2::Crc;
use flate2::read::ZlibDecoder;
use std::io::Read;

/// What a PNG says of itself, and its pixels, compressed.
pub struct Png {
    width: u64,
    height: u64,
    /// Bits of a pixel.
    bits: u64,
    interlaced: bool,
    packed: Vec<u8>,
}

/// Where each pass of an interlaced picture begins, and how far its pixels are apart: x, y, x, y.
const PASSES: [[u64; 4]; 7] = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
];

impl Png {
    /// The parts of a file, each with its checksum, to its end.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
        let mut png = None;
        loop {
            let (length, tail) = rest.split_first_chunk()?;
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?.checked_add(4)?;
            let (part, tail) = tail.split_at_checked(length)?;
            let (sum, tail) = tail.split_first_chunk()?;
            let mut crc = Crc::new();
            crc.update(part);
            let (name, data) = part.split_first_chunk::<4>()?;
            if crc.sum() != u32::from_be_bytes(*sum) {
                return None;
            }
            match (name, &mut png) {
                (b"IHDR", None) => png = Some(Self::said(data)?),
                (_, None) | (b"IHDR", Some(_)) => return None,
                (b"IDAT", Some(png)) => png.packed.extend(data),
                (b"IEND", Some(_)) => return png.filter(|_| data.is_empty() && tail.is_empty()),
                (_, Some(_)) => {}
            }
            rest = tail;
        }
    }

    fn said(data: &[u8]) -> Option<Self> {
        let [w0, w1, w2, w3, h0, h1, h2, h3, depth, color, 0, 0, interlace @ (0 | 1)] = data else {
            return None;
        };
        let channels = match (color, depth) {
            (0, 1 | 2 | 4 | 8 | 16) | (3, 1 | 2 | 4 | 8) => 1,
            (2, 8 | 16) => 3,
            (4, 8 | 16) => 2,
            (6, 8 | 16) => 4,
            _ => return None,
        };
        Some(Self {
            width: u32::from_be_bytes([*w0, *w1, *w2, *w3]).into(),
            height: u32::from_be_bytes([*h0, *h1, *h2, *h3]).into(),
            bits: channels * u64::from(*depth),
            interlaced: *interlace == 1,
            packed: Vec::new(),
        })
    }

    /// Bytes of all lines, each with one for its filter.
    fn bytes(&self) -> u64 {
        let lines = |width: u64, height: u64| match width {
            0 => 0,
            _ => ((width * self.bits).div_ceil(8) + 1) * height,
        };
        if !self.interlaced {
            return lines(self.width, self.height);
        }
        let pass = |[x, y, apart_x, apart_y]: [u64; 4]| {
            let count =
                |side: u64, from: u64, apart: u64| side.saturating_sub(from).div_ceil(apart);
            lines(count(self.width, x, apart_x), count(self.height, y, apart_y))
        };
        PASSES.into_iter().map(pass).sum()
    }

    /// Whether all pixels are there and nothing more. No more of them is unpacked than there may be, so it is to be
    /// asked of sides that are known to be bounded.
    pub fn has_all(&self) -> bool {
        let (mut left, mut part) = (self.bytes(), [0; 16 * 1024]);
        let mut lines = ZlibDecoder::new(&self.packed[..]);
        loop {
            let Ok(count) = lines.read(&mut part) else { return false };
            let Some(rest) = left.checked_sub(u64::try_from(count).unwrap_or(u64::MAX)) else {
                return false;
            };
            left = rest;
            if count == 0 {
                return left == 0;
            }
        }
    }
}

/// Whether the segments of a JPEG, and what is scanned behind some of them, lead to its end.
pub fn jpeg(bytes: &[u8]) -> bool {
    jpeg_end(bytes).is_some_and(<[u8]>::is_empty)
}

/// What follows a JPEG's end.
fn jpeg_end(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.strip_prefix(b"\xFF\xD8")?;
    let (mut framed, mut scanned) = (false, false);
    loop {
        rest = rest.strip_prefix(b"\xFF")?;
        // Any number of these may stand before a marker.
        while let Some(filled) = rest.strip_prefix(b"\xFF") {
            rest = filled;
        }
        let (marker, tail) = rest.split_first()?;
        if *marker == 0xD9 {
            return (framed && scanned).then_some(tail);
        }
        if matches!(marker, 0x00 | 0x01 | 0xD0..=0xD8) {
            return None;
        }
        let length = usize::from(u16::from_be_bytes(*tail.first_chunk()?));
        let (segment, tail) = tail.split_at_checked(length)?;
        // It counts itself.
        segment.get(2..)?;
        framed |= matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC);
        rest = tail;
        if *marker == 0xDA {
            scanned = true;
            let is_marker = |two: &[u8]| matches!(two, [0xFF, marker] if !matches!(marker, 0x00 | 0xD0..=0xD7 | 0xFF));
            let scan = rest.windows(2).position(is_marker)?;
            rest = rest.get(scan..)?;
        }
    }
}

/// Whether the parts of a WebP fill it, and one of them is the picture.
pub fn webp(bytes: &[u8]) -> bool {
    webp_parts(bytes).is_some_and(|pictures| pictures > 0)
}

/// How many pictures there are.
fn webp_parts(bytes: &[u8]) -> Option<usize> {
    let (length, rest) = bytes.strip_prefix(b"RIFF")?.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let mut rest = rest.get(..length)?.strip_prefix(b"WEBP")?;
    // A byte more where that is odd.
    if length.checked_add(8 + length % 2)? != bytes.len() {
        return None;
    }
    let mut pictures = 0;
    while let Some((name, tail)) = rest.split_first_chunk::<4>() {
        let (length, tail) = tail.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (data, tail) = tail.split_at_checked(length)?;
        pictures += match name {
            b"VP8 " => usize::from(is_vp8(data)),
            b"VP8L" => usize::from(data.first() == Some(&0x2F)),
            b"ANMF" => usize::from(data.len() > 24),
            _ => 0,
        };
        rest = if length.is_multiple_of(2) { tail } else { tail.get(1..).unwrap_or_default() };
    }
    rest.is_empty().then_some(pictures)
}

/// A frame by itself, whose first part is there.
fn is_vp8(data: &[u8]) -> bool {
    let [a, b, c, 0x9D, 0x01, 0x2A, _, _, _, _, rest @ ..] = data else { return false };
    let tag = u32::from_le_bytes([*a, *b, *c, 0]);
    let first = usize::try_from(tag >> 5).unwrap_or(usize::MAX);
    tag & 1 == 0 && first <= rest.len()
}
