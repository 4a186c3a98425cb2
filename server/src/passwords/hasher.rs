//! Argon2id, with memory that a thread keeps: to take 19 MiB from the system anew for each password costs it as much
//! as some of the hashing.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// OWASP's recommendation for Argon2id: 19 MiB, 2 passes, 1 lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// See the module. Each thread has its own.
pub struct Hasher {
    params: Params,
    memory: Vec<Block>,
}

impl Hasher {
    /// One whose memory is taken at its first use.
    #[must_use]
    pub fn new() -> Self {
        let params = Params::new(MEMORY_KIB, PASSES, 1, None).unwrap_or_default();
        Self { params, memory: Vec::new() }
    }

    fn output(&mut self, argon2: &Argon2, password: &[u8], salt: &[u8]) -> Option<Output> {
        let blocks = argon2.params().block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::default());
        }
        let length = argon2.params().output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let mut buffer = [0; Output::MAX_LENGTH];
        let out = buffer.get_mut(..length)?;
        let memory = self.memory.get_mut(..blocks)?;
        argon2.hash_password_into_with_memory(password, salt, out, memory).ok()?;
        Output::new(out).ok()
    }

    /// The PHC string of a password. None where hashing fails.
    pub fn hash(&mut self, password: &[u8], salt: &[u8]) -> Option<String> {
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        let argon2 = Argon2::new(algorithm, version, self.params.clone());
        let hash = PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(&self.params).ok()?,
            salt: Some(Salt::new(salt).ok()?),
            hash: Some(self.output(&argon2, password, salt)?),
        };
        Some(hash.to_string())
    }

    /// Whether a password is that of a PHC string.
    pub fn fits(&mut self, password: &[u8], hash: &str) -> bool {
        PasswordHash::new(hash).is_ok_and(|hash| self.fits_hash(password, &hash))
    }

    fn fits_hash(&mut self, password: &[u8], hash: &PasswordHash) -> bool {
        let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else { return false };
        let Ok(algorithm) = Algorithm::try_from(hash.algorithm.as_str()) else { return false };
        let version = hash.version.map_or(Ok(Version::default()), Version::try_from);
        let (Ok(version), Ok(params)) = (version, Params::try_from(hash)) else { return false };
        let argon2 = Argon2::new(algorithm, version, params);
        // Outputs are compared in constant time.
        self.output(&argon2, password, salt).is_some_and(|output| output == *expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};

    /// What was hashed before in the same memory changes nothing, and the strings are those of the library.
    #[test]
    fn memory_that_is_used_again_changes_no_hash() {
        let mut hasher = Hasher::new();
        let params = Params::new(MEMORY_KIB, PASSES, 1, None).unwrap();
        let plain = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        for (n, password) in ["first", "second", "first"].into_iter().enumerate() {
            let salt = [u8::try_from(n).unwrap(); 16];
            let hash = hasher.hash(password.as_bytes(), &salt).unwrap();
            let same = plain.hash_password_with_salt(password.as_bytes(), &salt).unwrap();
            assert_eq!(hash, same.to_string());
            let hash = PasswordHash::new(&hash).unwrap();
            assert!(hasher.fits_hash(password.as_bytes(), &hash));
            assert!(!hasher.fits_hash(b"another", &hash));
            assert!(plain.verify_password(password.as_bytes(), &hash).is_ok());
        }
        assert_eq!(hasher.memory.len(), hasher.params.block_count());
    }

    /// Strings of other settings, older or stronger, stay good.
    #[test]
    fn strings_of_other_settings_are_read() {
        let mut hasher = Hasher::new();
        for (memory, passes, lanes) in [(64, 1, 1), (32 * 1024, 1, 2)] {
            let params = Params::new(memory, passes, lanes, Some(24)).unwrap();
            let other = Argon2::new(Algorithm::Argon2i, Version::V0x13, params);
            let hash = other.hash_password_with_salt(b"password", &[7; 16]).unwrap();
            assert!(hasher.fits_hash(b"password", &hash), "{hash}");
            assert!(!hasher.fits_hash(b"passwort", &hash), "{hash}");
        }
        let whole = PasswordHash::new(&hasher.hash(b"password", &[7; 16]).unwrap()).unwrap();
        assert!(!hasher.fits_hash(b"password", &PasswordHash { hash: None, ..whole.clone() }));
        assert!(!hasher.fits_hash(b"password", &PasswordHash { version: Some(1), ..whole }));
    }
}
