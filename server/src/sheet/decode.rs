//! From bytes to text: by the charset that was named, or by a look at the bytes. Bytes that are none of
//! the encoding become U+FFFD, which is a fault wherever it stands.

use super::head::is_head_of;
use super::{Column, Fault, Faults, Reason, Refused};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{EUC_KR, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::borrow::Cow;

/// Charsets that are named in documents and answers; every label of the WHATWG's list is read.
pub const CHARSETS: [&str; 6] = ["utf-8", "utf-16", "utf-16le", "utf-16be", "euc-kr", "cp949"];

/// Bytes that are looked at for a first guess.
const LOOK: usize = 4_096;

/// The encoding of a label. Plain ASCII is read as UTF-8, so that other bytes are faults.
fn of_label(label: &str) -> Option<&'static Encoding> {
    let label = label.trim().trim_matches('"').to_ascii_lowercase();
    match label.as_str() {
        "cp949" | "ms949" | "uhc" | "x-windows-949" => Some(EUC_KR),
        "ascii" | "us-ascii" | "ansi_x3.4-1968" => Some(UTF_8),
        "utf-16le" | "utf16le" => Some(UTF_16LE),
        "utf-16be" | "utf16be" => Some(UTF_16BE),
        _ => Encoding::for_label(label.as_bytes()).filter(|found| found.name() != "replacement"),
    }
}

/// UTF-16 shows in what is ASCII, separators and line ends at least: a zero and a letter, in either order.
fn by_zeros(bytes: &[u8]) -> Result<&'static Encoding, Reason> {
    let ascii = |byte: u8| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n');
    let pairs = || bytes[..bytes.len().min(LOOK)].chunks_exact(2);
    let little = pairs().filter(|pair| pair[1] == 0 && ascii(pair[0])).count();
    let big = pairs().filter(|pair| pair[0] == 0 && ascii(pair[1])).count();
    if little > 4 * big {
        Ok(UTF_16LE)
    } else if big > 4 * little {
        Ok(UTF_16BE)
    } else {
        Err(Reason::NotText)
    }
}

fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0])
}

/// Whether what is valid CP949 is meant as such: its head says so, or its letters are those of Korean.
fn is_korean(bytes: &[u8], text: &str, columns: &[Column]) -> bool {
    if is_head_of(text, columns) {
        return true;
    }
    // Letters of Latin alphabets side by side look like the Chinese characters of CP949.
    let hangul = |c: char| c.is_ascii() || matches!(c, '가'..='힣' | '\u{2000}'..='\u{33FF}');
    if !text.chars().all(hangul) {
        return false;
    }
    // Letters behind those of Latin alphabets look like the syllables that CP949 adds to EUC-KR: rare ones,
    // which stand beside usual ones.
    let (mut usual, mut rare, mut at) = (0, 0, 0);
    while let Some(pair) = bytes.get(at..at + 2) {
        let double = pair[0] >= 0x80;
        at += if double { 2 } else { 1 };
        match double.then_some(pair[0] > 0xA0 && pair[1] > 0xA0) {
            Some(true) => usual += 1,
            Some(false) => rare += 1,
            None => {}
        }
    }
    if rare >= usual {
        return false;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(Some(b"kr"), Utf8Detection::Deny) == EUC_KR
}

fn look<'a>(bytes: &'a [u8], columns: &[Column]) -> Result<Cow<'a, str>, Reason> {
    if bytes.contains(&0) {
        return Ok(by_zeros(bytes)?.decode_without_bom_handling(bytes).0);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Cow::Borrowed(text));
    }
    let korean = EUC_KR.decode_without_bom_handling_and_without_replacement(bytes);
    if let Some(text) = korean.filter(|text| is_korean(bytes, text, columns)) {
        return Ok(text);
    }
    // A file that is UTF-8 but for some bytes is shown where it is not.
    let (text, _) = UTF_8.decode_without_bom_handling(bytes);
    let broken = text.chars().filter(|c| *c == '\u{FFFD}').count();
    let sound = text.chars().filter(|c| !c.is_ascii()).count() - broken;
    if sound > broken { Ok(text) } else { Err(Reason::UnknownEncoding) }
}

/// The text of a sheet.
pub(super) fn decode<'a>(
    bytes: &'a [u8],
    charset: Option<&str>,
    columns: &[Column],
) -> Result<Cow<'a, str>, Refused> {
    let refused = |reason| Refused::from(Faults::from(Fault::of_sheet(reason)));
    if is_workbook(bytes) {
        return Err(refused(Reason::Workbook));
    }
    if bytes.starts_with(&[0xFF, 0xFE, 0, 0]) || bytes.starts_with(&[0, 0, 0xFE, 0xFF]) {
        return Err(refused(Reason::NotText));
    }
    let named = match charset {
        Some(label) => {
            let unknown = || Refused::Charset(crate::text::printable(label, 40));
            Some(of_label(label).ok_or_else(unknown)?)
        }
        None => None,
    };
    // A mark at the beginning says more than a name, which a client may send with every file.
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return Ok(encoding.decode_without_bom_handling(&bytes[length..]).0);
    }
    match named {
        // "utf-16" without a mark: in either order.
        Some(encoding) if encoding == UTF_16LE && charset.is_some_and(is_either_order) => {
            let encoding = by_zeros(bytes).unwrap_or(UTF_16LE);
            Ok(encoding.decode_without_bom_handling(bytes).0)
        }
        Some(encoding) => Ok(encoding.decode_without_bom_handling(bytes).0),
        None => look(bytes, columns).map_err(refused),
    }
}

fn is_either_order(label: &str) -> bool {
    !label.to_ascii_lowercase().ends_with("le") && !label.to_ascii_lowercase().ends_with("le\"")
}
