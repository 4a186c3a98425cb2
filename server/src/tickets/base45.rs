//! Base45 (RFC 9285): bytes as the 45 characters that a QR code packs two into 11 bits. Two bytes are three
//! characters, a single one at the end is two.

const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// The text of these bytes.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(2) * 3);
    for chunk in bytes.chunks(2) {
        let number = chunk.iter().fold(0, |number, byte| number * 256 + usize::from(*byte));
        let digits = [number % 45, number / 45 % 45, number / 45 / 45];
        let count = chunk.len() + 1;
        text.extend(digits[..count].iter().map(|digit| char::from(ALPHABET[*digit])));
    }
    text
}

/// The bytes of a text; `None` if no bytes have it.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| ALPHABET.iter().position(|known| *known == byte);
    let mut bytes = Vec::with_capacity(text.len() / 3 * 2 + 1);
    for chunk in text.as_bytes().chunks(3) {
        let digits = chunk.iter().map(|byte| digit(*byte)).collect::<Option<Vec<usize>>>()?;
        let number = digits.iter().rev().fold(0, |number, digit| number * 45 + digit);
        match chunk.len() {
            3 => bytes.extend(u16::try_from(number).ok()?.to_be_bytes()),
            2 => bytes.push(u8::try_from(number).ok()?),
            _ => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 9285 § 4.3 and § 4.4.
    #[test]
    fn texts_are_those_of_the_rfc() {
        for (bytes, text) in [
            ("AB", "BB8"),
            ("Hello!!", "%69 VD92EX0"),
            ("base-45", "UJCLQE7W581"),
            ("ietf!", "QED8WEX0"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(decode(""), Some(Vec::new()));
    }

    #[test]
    fn other_texts_are_none() {
        for text in ["A", "AAAA", "GGW", ":::", "::", "ab8", "BB\u{e9}", "BB8 \n", "B B\t"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
        for all in 0..=u16::MAX {
            let bytes = all.to_be_bytes();
            assert_eq!(decode(&encode(&bytes)).as_deref(), Some(&bytes[..]));
        }
    }
}
