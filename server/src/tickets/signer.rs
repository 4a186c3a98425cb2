//! Signs tickets. The key follows from the first key of the token key file: who has that file signs, and servers that
//! share it sign alike. With each rotation of the file there is a new key; public keys of before stay in the database.

use super::code::{PublicKey, code};
use crate::tokens::{KeyFile, KeyPair};
use boxoffice_core::ticket::Ticket;
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use sha2::Sha256;
use std::sync::{Arc, PoisonError, RwLock};

/// What is authenticated with a token key's secret for the seed of its ticket key. No token's text is this.
const SEED_OF: &str = "boxoffice ticket key 1";

/// A key that signs.
struct Key {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl Key {
    /// `None` for a secret that no key file has.
    fn of(token_key: &KeyPair) -> Option<Self> {
        let mac = Hmac::<Sha256>::new_from_slice(&token_key.secret).ok()?;
        let seed = mac.chain_update(SEED_OF).finalize().into_bytes();
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
        let bytes = pair.public_key().as_ref().try_into().ok()?;
        Some(Self { pair, public: PublicKey { bytes, from: token_key.created_at } })
    }
}

/// The public ticket keys of a key file, that which signs first.
#[must_use]
pub fn public_keys(file: &KeyFile) -> Vec<PublicKey> {
    file.keys.iter().filter_map(Key::of).map(|key| key.public).collect()
}

/// Signs with the first key of a file.
pub struct Signer {
    key: RwLock<Arc<Key>>,
}

impl Signer {
    /// A signer with the keys of a file; `None` if it has none.
    #[must_use]
    pub fn new(file: &KeyFile) -> Option<Self> {
        let key = file.keys.first().and_then(Key::of)?;
        Some(Self { key: RwLock::new(Arc::new(key)) })
    }

    /// Takes the keys of a file that has changed, once their public keys are in the database.
    pub fn replace(&self, file: &KeyFile) {
        if let Some(key) = file.keys.first().and_then(Key::of) {
            *self.key.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
        }
    }

    /// The code of a ticket: always the same until the key changes.
    #[must_use]
    pub fn code(&self, ticket: &Ticket) -> String {
        let key = Arc::clone(&self.key.read().unwrap_or_else(PoisonError::into_inner));
        code(ticket, key.public.id(), |bytes| key.pair.sign(bytes).as_ref().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Refused, parts_of, svg, ticket_id, verify};
    use super::*;
    use boxoffice_core::id::{DateId, ReservationId, Uuid};
    use boxoffice_core::time::Time;

    fn file(secret: u8) -> KeyFile {
        let key =
            |secret| KeyPair { kid: "k".into(), secret: vec![secret; 32], created_at: Time(0) };
        KeyFile { keys: vec![key(secret)] }
    }

    fn ticket() -> Ticket {
        let (date, reservation) = (DateId(Uuid::from_u128(1)), ReservationId(Uuid::from_u128(2)));
        Ticket { date, reservation, seat: 12, version: 1 }
    }

    /// Every bit of a code counts; a code of another key, date, seat or version is another code.
    #[test]
    fn what_was_changed_is_refused() {
        let (file, ticket) = (file(7), ticket());
        let (signer, keys) = (Signer::new(&file).unwrap(), public_keys(&file));
        let code = signer.code(&ticket);
        assert_eq!(verify(&keys, &code), Ok(ticket));
        assert_eq!(code, signer.code(&ticket));
        let bytes = super::super::base45::decode(&code).unwrap();
        assert_eq!(bytes.len(), 107);
        for bit in 0..bytes.len() * 8 {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            let told = verify(&keys, &super::super::base45::encode(&other)).unwrap_err();
            let right = match bit / 8 {
                0 => matches!(told, Refused::Format(_)),
                1..5 => matches!(told, Refused::UnknownKey(_)),
                _ => told == Refused::Forged,
            };
            assert!(right, "bit {bit}: {told}");
        }
        for (text, why) in [
            ("", Refused::Unreadable),
            ("Moonlight", Refused::Unreadable),
            (&code[..code.len() - 3], Refused::Unreadable),
            (&code.to_lowercase(), Refused::Unreadable),
        ] {
            assert_eq!(verify(&keys, text), Err(why), "{text}");
        }
    }

    /// After a rotation both keys verify; a key that was never published does not.
    #[test]
    fn codes_of_before_a_rotation_stay_good() {
        let (first, ticket) = (file(7), ticket());
        let signer = Signer::new(&first).unwrap();
        let old = signer.code(&ticket);
        let rotated = first.rotated(Time(5)).unwrap();
        signer.replace(&rotated);
        let new = signer.code(&ticket);
        assert_ne!(old, new);
        let keys = public_keys(&rotated);
        assert_eq!((verify(&keys, &old), verify(&keys, &new)), (Ok(ticket), Ok(ticket)));
        let unknown = Refused::UnknownKey(public_keys(&first)[0].id());
        assert_eq!(verify(&keys[..1], &old), Err(unknown));
        // Another key under the same id could not have signed it.
        assert_eq!(verify(&public_keys(&file(8)), &old), Err(unknown));
    }

    #[test]
    fn an_id_tells_its_parts() {
        let id = ticket_id(&ticket());
        assert_eq!(id, "00000000-0000-0000-0000-000000000002.12.1");
        assert_eq!(parts_of(&id), Some((ReservationId(Uuid::from_u128(2)), 12)));
        for text in ["", "1.2.3", &id[..38], &format!("{id}.1"), &format!("{id}x")] {
            assert_eq!(parts_of(text), None, "{text}");
        }
    }

    /// The largest code fits a symbol that phones read at once: version 7, 45 modules wide, with its quiet zone.
    #[test]
    fn the_symbol_stays_small() {
        // Runs of digits, as of ids that are mostly zeros, would take less.
        let all = Uuid::from_u128(u128::MAX);
        let (date, reservation) = (DateId(all), ReservationId(all));
        let ticket = Ticket { date, reservation, seat: u32::MAX, version: u16::MAX };
        let code = Signer::new(&file(7)).unwrap().code(&ticket);
        assert_eq!(code.len(), 161);
        let symbol = svg(&code).unwrap();
        let side = symbol.split_once("viewBox=\"0 0 ").unwrap().1.split_once(' ').unwrap().0;
        assert_eq!(side, "53");
    }
}
