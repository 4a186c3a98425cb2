//! A set of numbers that counts its members below a number at once: one bit for each number, and the
//! count of each block. Nothing in it depends on the order in which members come.

/// Bits of a block.
const BLOCK: usize = 4096;
/// Bits of a word.
const WORD: usize = 64;
/// Words of a block.
const BLOCK_WORDS: usize = BLOCK / WORD;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct RankSet {
    words: Vec<u64>,
    /// Members of each block.
    counts: Vec<u32>,
}

/// Where a number's bit is: its word and the bit in it. `None` beyond what memory can hold.
fn place(number: u64) -> Option<(usize, u64)> {
    let index = usize::try_from(number).ok()?;
    Some((index / WORD, 1 << (index % WORD)))
}

impl RankSet {
    /// Adds a number.
    pub fn insert(&mut self, number: u64) {
        let Some((word, bit)) = place(number) else { return };
        let blocks = word / BLOCK_WORDS + 1;
        if self.counts.len() < blocks {
            self.counts.resize(blocks, 0);
            self.words.resize(blocks * BLOCK_WORDS, 0);
        }
        if self.words[word] & bit == 0 {
            self.words[word] |= bit;
            self.counts[word / BLOCK_WORDS] += 1;
        }
    }

    /// Takes a number out.
    pub fn remove(&mut self, number: u64) {
        if let Some((word, bit)) = place(number)
            && self.contains(number)
        {
            self.words[word] &= !bit;
            self.counts[word / BLOCK_WORDS] -= 1;
        }
    }

    /// Whether the number is a member.
    pub fn contains(&self, number: u64) -> bool {
        place(number).is_some_and(|(word, bit)| self.words.get(word).is_some_and(|w| w & bit != 0))
    }

    /// How many members are below the number.
    pub fn below(&self, number: u64) -> u64 {
        let end = usize::try_from(number).unwrap_or(usize::MAX).min(self.words.len() * WORD);
        let (block, word) = (end / BLOCK, end / WORD);
        let before: u64 = self.counts[..block].iter().map(|count| u64::from(*count)).sum();
        let ones =
            |words: &[u64]| words.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
        let last = self.words.get(word).map_or(0, |last| last & ((1 << (end % WORD)) - 1));
        before + ones(&self.words[block * BLOCK_WORDS..word]) + u64::from(last.count_ones())
    }

    /// All members, in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        (0u64..).zip(&self.words).flat_map(|(index, &word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = u64::from(left.trailing_zeros());
                (left != 0).then(|| {
                    left &= left - 1;
                    index * 64 + bit
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn it_counts_as_a_sorted_set_does() {
        let mut random = fastrand::Rng::with_seed(3);
        let (mut set, mut model) = (RankSet::default(), BTreeSet::new());
        assert_eq!((set.below(9), set.contains(9)), (0, false));
        for round in 0..20_000 {
            let number = random.u64(..9_000);
            if random.u8(..4) == 0 {
                set.remove(number);
                model.remove(&number);
            } else {
                set.insert(number);
                model.insert(number);
            }
            if round % 97 == 0 {
                let at = random.u64(..10_000);
                assert_eq!(set.below(at), model.range(..at).count() as u64, "below {at}");
                assert_eq!(set.contains(at), model.contains(&at));
            }
        }
        assert_eq!(set.below(u64::MAX), model.len() as u64);
        assert!(set.iter().eq(model));
    }
}
