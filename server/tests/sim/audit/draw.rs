//! The order of service, computed anew from its public description: seed, count and sequence, as any
//! client can. Also sorted by number, which is the inverse without inverting anything.

use sha2::{Digest, Sha256};

/// The order that a seed gives to the first `count` joiners.
pub struct Order {
    /// Queue number by sequence, less one each.
    numbers: Vec<u64>,
    /// Sequence by queue number, less one each.
    sequences: Vec<u64>,
}

fn at(list: &[u64], one_based: u64) -> Option<u64> {
    let index = usize::try_from(one_based.checked_sub(1)?).ok()?;
    list.get(index).copied()
}

impl Order {
    pub fn new(seed: &[u8; 32], count: u64) -> Self {
        let keys: Vec<u64> = (0u8..8).map(|round| round_key(seed, round)).collect();
        let mut half = 1;
        while 1u64 << (2 * half) < count {
            half += 1;
        }
        let mask = (1u64 << half) - 1;
        let numbers: Vec<u64> = (0..count)
            .map(|joiner| {
                let mut value = joiner;
                loop {
                    for key in &keys {
                        let (left, right) = (value >> half, value & mask);
                        value = (right << half) | (left ^ (scramble(right ^ key) & mask));
                    }
                    if value < count {
                        return value + 1;
                    }
                }
            })
            .collect();
        let mut sequences: Vec<u64> = (1..=count).collect();
        sequences.sort_by_key(|sequence| at(&numbers, *sequence));
        Self { numbers, sequences }
    }

    /// The queue number of a sequence.
    pub fn number(&self, sequence: u64) -> u64 {
        at(&self.numbers, sequence).unwrap_or(sequence)
    }

    /// Who has a queue number.
    pub fn sequence(&self, number: u64) -> u64 {
        at(&self.sequences, number).unwrap_or(number)
    }
}

fn round_key(seed: &[u8; 32], round: u8) -> u64 {
    let mut text = seed.to_vec();
    text.push(round);
    let digest = Sha256::digest(&text);
    digest[..8].iter().rev().fold(0, |key, byte| (key << 8) | u64::from(*byte))
}

fn scramble(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
