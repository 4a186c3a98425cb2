//! From bytes to text: by the charset that was named, or by a look at the bytes. Bytes that are none of
//! the encoding become U+FFFD, which is a fault wherever it stands.

use super::head::is_head_of;
use super::{Column, Fault, Faults, Reason, Refused, halls};
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

/// Whether what is valid CP949 is meant as such: its head says so, or its zones do.
fn is_korean(bytes: &[u8], text: &str, columns: &[Column]) -> bool {
    is_head_of(text, columns) || halls::is_korean(bytes, text)
}

fn korean(bytes: &[u8]) -> Option<Cow<'_, str>> {
    EUC_KR.decode_without_bom_handling_and_without_replacement(bytes)
}

/// Whether bytes that are UTF-8 may be meant as something else, too: two bytes of Korean, Japanese or
/// Chinese can be one letter behind ASCII (청 is û). Three bytes for one letter do not happen by chance.
fn has_two_readings(bytes: &[u8], text: &str) -> bool {
    let short = |c: char| c < '\u{800}';
    if text.is_ascii() || !text.chars().all(short) {
        return false;
    }
    match korean(bytes) {
        Some(korean) => !is_latin(text, &korean),
        None => halls::is_of_others(bytes),
    }
}

/// Whether a text is one of a Latin alphabet, as `Séance`, and not the Korean one that its bytes are, too:
/// a letter stands within a word, one that no Korean zone has at the end of one, or one that Korean hardly has
/// anywhere.
fn is_latin(text: &str, korean: &str) -> bool {
    // Both have two bytes for each letter that is not ASCII: they go side by side.
    let letters: Vec<(char, char)> = text.chars().zip(korean.chars()).collect();
    let ascii = |at: Option<usize>| at.and_then(|at| letters.get(at)).map_or('-', |(c, _)| *c);
    let small = |at| ascii(at).is_ascii_lowercase();
    letters.iter().enumerate().any(|(at, &(letter, syllable))| {
        let (before, behind) = (at.checked_sub(1), Some(at + 1));
        let within = ascii(before).is_ascii_alphabetic() && small(behind);
        let ends =
            (small(before) && small(at.checked_sub(2))) || (small(behind) && small(Some(at + 2)));
        let foreign = !halls::is_in_korean(syllable) && (ends || !halls::is_usual(syllable));
        !letter.is_ascii() && (within || foreign)
    })
}

fn look<'a>(bytes: &'a [u8], columns: &[Column]) -> Result<Cow<'a, str>, Reason> {
    if bytes.contains(&0) {
        return Ok(by_zeros(bytes)?.decode_without_bom_handling(bytes).0);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let two = has_two_readings(bytes, text);
        return if two { Err(Reason::UnknownEncoding) } else { Ok(Cow::Borrowed(text)) };
    }
    if let Some(text) = korean(bytes).filter(|text| is_korean(bytes, text, columns)) {
        return Ok(text);
    }
    // A file that is UTF-8 but for some bytes is shown where it is not. Three bytes for one letter do not
    // happen by chance.
    let (text, _) = UTF_8.decode_without_bom_handling(bytes);
    let broken = text.chars().filter(|c| *c == '\u{FFFD}').count();
    let sound = text.chars().filter(|c| *c >= '\u{800}').count() - broken;
    if sound > broken { Ok(text) } else { Err(Reason::UnknownEncoding) }
}

/// Whether the bytes say that they are not in the encoding that was named: they are UTF-8, or Korean.
fn contradicts(bytes: &[u8], named: &'static Encoding, columns: &[Column]) -> bool {
    let unicode = [UTF_8, UTF_16LE, UTF_16BE].contains(&named);
    if unicode || bytes.is_ascii() {
        return false;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return named.is_single_byte() || text.chars().any(|c| c >= '\u{800}');
    }
    let korean = korean(bytes).filter(|_| named != EUC_KR);
    korean.is_some_and(|text| {
        let by_words = named.is_single_byte() && halls::is_korean(bytes, &text);
        by_words || is_head_of(&text, columns)
    })
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
        Some(encoding) if contradicts(bytes, encoding, columns) => {
            Err(refused(Reason::OtherEncoding))
        }
        Some(encoding) => Ok(encoding.decode_without_bom_handling(bytes).0),
        None => look(bytes, columns).map_err(refused),
    }
}

fn is_either_order(label: &str) -> bool {
    !label.to_ascii_lowercase().ends_with("le") && !label.to_ascii_lowercase().ends_with("le\"")
}
