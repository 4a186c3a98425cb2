//! The code of a ticket: its bytes, its text, and whether it is genuine.

use super::base45;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use boxoffice_core::id::{DateId, ReservationId, Uuid};
use boxoffice_core::ticket::Ticket;
use boxoffice_core::time::Time;
use ring::signature::{ED25519, UnparsedPublicKey};
use sha2::{Digest, Sha256};

/// The first byte of every code. Another one is another format.
const FORMAT: u8 = 1;
/// Bytes before the signature, which is over all of them: format 1, key id 4, date 16, reservation 16, seat 4,
/// version 2. Numbers are big-endian.
const SIGNED_BYTES: usize = 43;
/// Bytes of a signature.
const SIGNATURE_BYTES: usize = 64;

/// Which key has signed: the first four bytes of the SHA-256 of the public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(pub [u8; 4]);

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl std::str::FromStr for KeyId {
    type Err = String;

    /// Eight hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, String> {
        let is_hex = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u32::from_str_radix(text, 16).ok().filter(|_| is_hex);
        let number = number.ok_or("a key id is eight hexadecimal digits, as 3f1c09ab")?;
        Ok(Self(number.to_be_bytes()))
    }
}

/// A key that tickets are verified with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Its 32 bytes (RFC 8032).
    pub bytes: [u8; 32],
    /// When it was made.
    pub from: Time,
}

impl PublicKey {
    /// See [`KeyId`].
    #[must_use]
    pub fn id(&self) -> KeyId {
        let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(self.bytes).into();
        KeyId([a, b, c, d])
    }

    /// Its bytes in base64url without padding.
    #[must_use]
    pub fn text(&self) -> String {
        BASE64.encode(self.bytes)
    }

    /// A key from such a text; `None` where it is none.
    #[must_use]
    pub fn of_text(text: &str, from: Time) -> Option<Self> {
        Some(Self { bytes: BASE64.decode(text).ok()?.try_into().ok()?, from })
    }
}

/// Why a code is none of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is no base45, or has another length.
    Unreadable,
    /// Its first byte names a format that is not known.
    Format(u8),
    /// Its key is none of those given.
    UnknownKey(KeyId),
    /// Its signature is not one of its key over its bytes.
    Forged,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable => f.write_str("this is no code of a ticket"),
            Self::Format(format) => write!(f, "its format {format} is not known"),
            Self::UnknownKey(key) => write!(f, "its key {key} is not among the public keys"),
            Self::Forged => f.write_str("its signature is false"),
        }
    }
}

/// The bytes that are signed.
fn signed(ticket: &Ticket, key: KeyId) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SIGNED_BYTES + SIGNATURE_BYTES);
    bytes.push(FORMAT);
    bytes.extend(key.0);
    bytes.extend(ticket.date.0.as_bytes());
    bytes.extend(ticket.reservation.0.as_bytes());
    bytes.extend(ticket.seat.to_be_bytes());
    bytes.extend(ticket.version.to_be_bytes());
    bytes
}

/// The code of a ticket as text, with what `sign` makes of its bytes.
pub(super) fn code(ticket: &Ticket, key: KeyId, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let mut bytes = signed(ticket, key);
    let signature = sign(&bytes);
    bytes.extend(signature);
    base45::encode(&bytes)
}

/// The next bytes of a code.
fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Refused> {
    let (first, rest) = bytes.split_first_chunk().ok_or(Refused::Unreadable)?;
    *bytes = rest;
    Ok(*first)
}

/// The ticket of a code that one of these keys has signed. That it is void, or for another date, is not looked at.
///
/// # Errors
/// See [`Refused`].
pub fn verify(keys: &[PublicKey], text: &str) -> Result<Ticket, Refused> {
    let all = base45::decode(text).ok_or(Refused::Unreadable)?;
    let format = *all.first().ok_or(Refused::Unreadable)?;
    if format != FORMAT {
        return Err(Refused::Format(format));
    }
    if all.len() != SIGNED_BYTES + SIGNATURE_BYTES {
        return Err(Refused::Unreadable);
    }
    let (signed, signature) = all.split_at(SIGNED_BYTES);
    let mut bytes = &signed[1..];
    let id = KeyId(take(&mut bytes)?);
    let ticket = Ticket {
        date: DateId(Uuid::from_bytes(take(&mut bytes)?)),
        reservation: ReservationId(Uuid::from_bytes(take(&mut bytes)?)),
        seat: u32::from_be_bytes(take(&mut bytes)?),
        version: u16::from_be_bytes(take(&mut bytes)?),
    };
    let mut named = keys.iter().filter(|key| key.id() == id).peekable();
    if named.peek().is_none() {
        return Err(Refused::UnknownKey(id));
    }
    let has_signed = |key: &PublicKey| {
        UnparsedPublicKey::new(&ED25519, key.bytes).verify(signed, signature).is_ok()
    };
    if named.any(has_signed) { Ok(ticket) } else { Err(Refused::Forged) }
}

#[cfg(test)]
mod tests {
    use super::super::{svg, ticket_id};
    use super::*;
    use ring::signature::{Ed25519KeyPair, KeyPair};

    /// A line of the example in the documents.
    fn told(name: &str) -> &'static str {
        let text = include_str!("../../../docs/TICKETS.md");
        let line = text.lines().find(|line| line.split(' ').next() == Some(name));
        line.expect(name)[12..].trim_end()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The documents' example, which another program has made, line by line.
    #[test]
    fn the_example_of_the_documents_is_true() {
        let seed = told("seed").as_bytes().chunks(2);
        let seed = seed.map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap());
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed.collect::<Vec<_>>()).unwrap();
        let bytes = pair.public_key().as_ref().try_into().unwrap();
        let key = PublicKey { bytes, from: Time(0) };
        assert_eq!(
            (key.text().as_str(), key.id().to_string().as_str()),
            (told("public_key"), told("key_id"))
        );
        assert_eq!(PublicKey::of_text(told("public_key"), Time(0)), Some(key));
        assert_eq!(told("key_id").parse(), Ok(key.id()));
        let ticket = Ticket {
            date: DateId(told("date").parse().unwrap()),
            reservation: ReservationId(told("reservation").parse().unwrap()),
            seat: told("seat").parse().unwrap(),
            version: told("version").parse().unwrap(),
        };
        let bytes = signed(&ticket, key.id());
        assert_eq!(hex(&bytes), told("signed"));
        let signature = pair.sign(&bytes);
        assert_eq!(hex(signature.as_ref()), told("signature"));
        assert_eq!(code(&ticket, key.id(), |_| signature.as_ref().to_vec()), told("code"));
        assert_eq!(verify(&[key], told("code")), Ok(ticket));
        assert_eq!(ticket_id(&ticket), told("ticket_id"));
        assert!(svg(told("code")).is_some());
    }

    #[test]
    fn a_key_id_is_eight_digits() {
        assert_eq!("00fe31df".parse(), Ok(KeyId([0, 0xfe, 0x31, 0xdf])));
        for text in ["", "21fe31d", "21fe31dff", "21fe31dg", "+1fe31df"] {
            assert!(text.parse::<KeyId>().is_err(), "{text}");
        }
    }
}
