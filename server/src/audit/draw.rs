//! The drawn order, computed again from the seed as ARCHITECTURE describes it to strangers: a Feistel
//! network of eight rounds over the least even number of bits, walked into range.

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, Result};
use sha2::{Digest, Sha256};
use std::sync::{Mutex, PoisonError};

const ROUNDS: u8 = 8;

/// The order that a seed gives to the first so many joiners.
#[derive(Debug)]
pub struct Drawn {
    keys: Vec<u64>,
    /// Bits of half a number.
    half: u32,
    count: u64,
}

/// The key of a round, from the seed.
fn key(seed: &[u8], round: u8) -> u64 {
    let digest = Sha256::new().chain_update(seed).chain_update([round]).finalize();
    digest.iter().take(8).rev().fold(0, |all, byte| all << 8 | u64::from(*byte))
}

fn mixed(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Drawn {
    /// Of `count` joiners.
    #[must_use]
    pub fn new(seed: &[u8], count: u64) -> Self {
        let mut half = 1;
        // A sequence has less than 64 bits in any database.
        while half < 31 && 1_u64 << (2 * half) < count {
            half += 1;
        }
        Self { keys: (0..ROUNDS).map(|round| key(seed, round)).collect(), half, count }
    }

    /// The number in line of whoever came as `sequence`, from 1; whoever was not drawn keeps it.
    #[must_use]
    pub fn number(&self, sequence: u64) -> u64 {
        if sequence == 0 || sequence > self.count {
            return sequence;
        }
        let mask = (1_u64 << self.half) - 1;
        let mut value = sequence - 1;
        loop {
            for key in &self.keys {
                let (left, right) = (value >> self.half, value & mask);
                value = (right << self.half) | (left ^ (mixed(right ^ key) & mask));
            }
            // The network permutes, so that the walk from within the range comes back to it.
            if value < self.count {
                return value + 1;
            }
        }
    }
}

/// What the order is drawn from: the seed, with the value behind it where one is mixed in.
#[must_use]
pub fn draw_seed(seed: &[u8], value: Option<&str>) -> Vec<u8> {
    let mix = |value| Sha256::new().chain_update(seed).chain_update(value).finalize().to_vec();
    value.map_or_else(|| seed.to_vec(), mix)
}

/// Gives SQL the functions `queue_number(seed, drawn, sequence)`, where nobody is drawn if `drawn` is null,
/// and `draw_seed(seed, beacon, value)`, where the value counts if a beacon is named.
///
/// # Errors
/// SQLite does not take it.
pub(super) fn teach(rows: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    rows.create_scalar_function("draw_seed", 3, flags, |given| {
        let seed = given.get_raw(0).as_blob()?;
        let (beacon, value): (Option<String>, Option<String>) = (given.get(1)?, given.get(2)?);
        Ok(draw_seed(seed, beacon.and(value).as_deref()))
    })?;
    // The rows of a concert come together.
    let last: Mutex<(Vec<u8>, Drawn)> = Mutex::new((Vec::new(), Drawn::new(&[], 0)));
    rows.create_scalar_function("queue_number", 3, flags, move |given| {
        let (seed, drawn) = (given.get_raw(0).as_blob()?, given.get::<Option<i64>>(1)?);
        let sequence: i64 = given.get(2)?;
        let (Ok(drawn), Ok(place)) = (u64::try_from(drawn.unwrap_or(0)), u64::try_from(sequence))
        else {
            return Ok(sequence);
        };
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0 != seed || last.1.count != drawn {
            *last = (seed.to_vec(), Drawn::new(seed, drawn));
        }
        Ok(i64::try_from(last.1.number(place)).unwrap_or(sequence))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every number is given once, and what comes after the drawn keeps its own.
    #[test]
    fn sql_has_the_order_that_the_seed_decides() {
        let rows = Connection::open_in_memory().unwrap();
        teach(&rows).unwrap();
        let text = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
                    SELECT count(DISTINCT queue_number(?1, 50, i)),
                        sum(queue_number(?1, 50, i) = i AND i > 50), sum(queue_number(?1, 50, i) > 50),
                        sum(queue_number(?1, 50, i) = i AND i <= 50), sum(queue_number(?1, NULL, i) = i)
                    FROM n";
        let found: (i64, i64, i64, i64, i64) = rows
            .query_row(text, [[7; 32]], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
            })
            .unwrap();
        assert_eq!((found.0, found.1, found.2, found.4), (60, 10, 10, 60));
        assert!(found.3 < 10, "{} of 50 kept their own number", found.3);
    }
}
