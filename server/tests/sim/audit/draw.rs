//! The order of service, as the product's audit computes it anew from its public description: seed, count
//! and sequence, as any client can. Also sorted by number, which is the inverse without inverting anything.

use boxoffice_server::audit::Drawn;

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
    pub fn new(seed: &[u8], count: u64) -> Self {
        let drawn = Drawn::new(seed, count);
        let numbers: Vec<u64> = (1..=count).map(|sequence| drawn.number(sequence)).collect();
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
