//! Which seats are proposed to who asks for the best: so many together in one row, near to where people look, and
//! such that no single seat is left alone. It proposes only; the rules decide on the rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// How many seats.
    pub count: usize,
    /// Of which zone, if that matters.
    pub grade: Option<String>,
    /// Of which section, if that matters.
    pub section: Option<String>,
    /// One of them at least has room for a wheelchair.
    pub accessible: bool,
}

/// A seat as it is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stand {
    /// Its number.
    pub number: u32,
    /// Whether it can be had.
    pub free: bool,
    /// Whether it is of the zone and the section that are asked for.
    pub fits: bool,
    /// Room for a wheelchair.
    pub accessible: bool,
    /// Kept for who needs such room, or comes with somebody who does.
    pub kept: bool,
    /// Something stands in the way.
    pub restricted: bool,
    /// From where people look.
    pub distance: f64,
}

/// What is proposed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// Blocks that do not overlap, the best first.
    pub blocks: Vec<BTreeSet<u32>>,
    /// Seats of the largest block that fits, where none has as many as are asked for.
    pub largest: u32,
}

/// How good a block is; the least is the best. In this order: seats that are kept for others, a single seat that
/// would be left alone, a restricted view, the distance, the number.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rank {
    kept: usize,
    orphans: bool,
    restricted: bool,
    distance: f64,
    first: u32,
}

impl Eq for Rank {}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let of = |rank: &Self| (rank.kept, rank.orphans, rank.restricted);
        let near = |_: ()| self.distance.total_cmp(&other.distance);
        let first = |_: ()| self.first.cmp(&other.first);
        of(self).cmp(&of(other)).then_with(|| near(())).then_with(|| first(()))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A block: where it is, and how good. Ordered by how good it is; no two are equally good, since no two begin with the
/// same seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    rank: Rank,
    run: usize,
    at: usize,
}

/// Looks at one run of seats side by side after another. It keeps only as many blocks as it needs, so that a hall of
/// 50,000 free seats costs a look at each and little more.
pub struct Search<'w> {
    wish: &'w Wish,
    /// Seats of a block.
    count: usize,
    /// Blocks that are asked for.
    most: usize,
    /// So many of the best surely have `most` that do not overlap: a block overlaps `2 * (count - 1)` others.
    enough: usize,
    found: Vec<Found>,
    /// What is worse is not needed.
    bar: Option<Rank>,
    largest: usize,
}

impl<'w> Search<'w> {
    /// For at most `most` blocks.
    #[must_use]
    pub fn new(wish: &'w Wish, most: usize) -> Self {
        let count = wish.count.max(1);
        let enough = most.saturating_mul(2 * count - 1).max(1);
        Self { wish, count, most, enough, found: Vec::new(), bar: None, largest: 0 }
    }

    /// Looks at a run; `index` is what [`Search::blocks`] will ask for it by.
    pub fn look(&mut self, index: usize, run: &[Stand]) {
        let mut from = 0;
        for stretch in run.chunk_by(|one, next| one.free == next.free) {
            if stretch.first().is_some_and(|seat| seat.free) {
                self.look_at_free(index, from, stretch);
            }
            from += stretch.len();
        }
    }

    /// Free seats side by side, between such as are not: `from` is the first one's place in the run.
    fn look_at_free(&mut self, run: usize, from: usize, free: &[Stand]) {
        let accessible = self.wish.accessible;
        let has = |seats: &[Stand]| !accessible || seats.iter().any(|seat| seat.accessible);
        let mut first = 0;
        for fitting in free.chunk_by(|one, next| one.fits == next.fits) {
            if fitting.first().is_some_and(|seat| seat.fits) && has(fitting) {
                self.largest = self.largest.max(fitting.len());
                for (at, seats) in (first..).zip(fitting.windows(self.count)) {
                    if has(seats) {
                        let orphans = at == 1 || free.len() - at - self.count == 1;
                        let rank = rank_of(seats, accessible, orphans);
                        self.add(Found { rank, run, at: from + at });
                    }
                }
            }
            first += fitting.len();
        }
    }

    fn add(&mut self, found: Found) {
        if self.bar.is_some_and(|bar| found.rank > bar) {
            return;
        }
        self.found.push(found);
        if self.found.len() >= 2 * self.enough {
            let (_, last, _) = self.found.select_nth_unstable(self.enough - 1);
            self.bar = Some(last.rank);
            self.found.truncate(self.enough);
        }
    }

    /// What was found. `number` tells the number of a seat by its run and its place in it.
    #[must_use]
    pub fn blocks(mut self, number: impl Fn(usize, usize) -> Option<u32>) -> Blocks {
        self.found.sort_unstable();
        let mut taken: BTreeSet<u32> = BTreeSet::new();
        let mut blocks = Vec::new();
        for Found { run, at, .. } in self.found {
            if blocks.len() >= self.most {
                break;
            }
            let seats = at..at + self.count;
            let block: BTreeSet<u32> = seats.filter_map(|at| number(run, at)).collect();
            if block.is_disjoint(&taken) {
                taken.extend(&block);
                blocks.push(block);
            }
        }
        Blocks { blocks, largest: u32::try_from(self.largest).unwrap_or(u32::MAX) }
    }
}

fn rank_of(seats: &[Stand], accessible: bool, orphans: bool) -> Rank {
    let first = seats.first().map_or(0, |seat| seat.number);
    let mut rank = Rank { kept: 0, orphans, restricted: false, distance: 0.0, first };
    for seat in seats {
        // Who asks for room for a wheelchair is given as few such seats as there are with it, and others beside.
        rank.kept += usize::from(if accessible { seat.accessible } else { seat.kept });
        rank.restricted |= seat.restricted;
        rank.distance += seat.distance;
    }
    #[expect(clippy::cast_precision_loss, reason = "a block has 50 seats at most")]
    {
        rank.distance /= seats.len() as f64;
    }
    rank
}

/// How often each seat has been proposed and is not decided yet.
#[derive(Debug, Default)]
pub struct Claims {
    seats: Mutex<BTreeMap<u32, u32>>,
    turns: Mutex<()>,
}

impl Claims {
    /// Held while a proposal is made, so that those who ask at the same moment are proposed other seats.
    pub fn turn(&self) -> MutexGuard<'_, ()> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held for a moment only: who proposes may be on a thread that has to stand back.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, u32>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seats that are claimed.
    pub fn seats(&self) -> BTreeSet<u32> {
        self.lock().keys().copied().collect()
    }
}

/// Seats that were proposed first to somebody, and are left out for others until this is dropped.
#[derive(Debug)]
pub struct Claim {
    claims: Arc<Claims>,
    seats: BTreeSet<u32>,
}

impl Claim {
    /// Of these seats, by whose turn it is.
    pub fn of(claims: &Arc<Claims>, seats: BTreeSet<u32>) -> Self {
        let mut claimed = claims.lock();
        for number in &seats {
            *claimed.entry(*number).or_default() += 1;
        }
        drop(claimed);
        Self { claims: Arc::clone(claims), seats }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claims = self.claims.lock();
        for number in &self.seats {
            if let Some(count) = claims.get_mut(number) {
                *count -= 1;
                if *count == 0 {
                    claims.remove(number);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rows as text: `.` free, `x` taken, `a` free with room for a wheelchair, `c` free for a companion, `v` free with
    /// a restricted view, `o` free and not of what is asked for. Numbers run from 1 over all rows; the distance is
    /// that from the middle of the row, and each row is farther away by ten.
    fn hall(rows: &[&str]) -> Vec<Vec<Stand>> {
        let mut number = 0;
        let mut row = |(index, row): (usize, &&str)| {
            let middle = (row.len() as f64 - 1.0) / 2.0;
            let seat = |(at, kind): (usize, char)| {
                number += 1;
                Stand {
                    number,
                    free: kind != 'x',
                    fits: kind != 'o',
                    accessible: kind == 'a',
                    kept: matches!(kind, 'a' | 'c'),
                    restricted: kind == 'v',
                    distance: 10.0 * index as f64 + (at as f64 - middle).abs(),
                }
            };
            row.chars().enumerate().map(seat).collect()
        };
        rows.iter().enumerate().map(&mut row).collect()
    }

    fn proposed(rows: &[Vec<Stand>], count: usize, accessible: bool, most: usize) -> Blocks {
        let wish = Wish { count, accessible, ..Wish::default() };
        let mut search = Search::new(&wish, most);
        for (index, row) in rows.iter().enumerate() {
            search.look(index, row);
        }
        search.blocks(|row, at| rows.get(row)?.get(at).map(|seat| seat.number))
    }

    /// The first block that is proposed; each line is a hall, what is asked for, and what is given.
    #[test]
    fn the_best_block_is_proposed() {
        for (rows, count, accessible, want) in [
            (&["........"][..], 2, false, &[4, 5][..]),
            (&["......."], 2, false, &[3, 4]),
            // The middle of the next row, rather than the end of the first.
            (&["x.xx..xx", "........"], 3, false, &[11, 12, 13]),
            // A single seat would be left alone; then the row behind it is better, unless nothing else is left.
            (&["...xxxxx", "...."], 2, false, &[9, 10]),
            (&["...xxxxx"], 2, false, &[2, 3]),
            (&["...xxxxx", "...."], 3, false, &[1, 2, 3]),
            // One that is alone anyway may stay so.
            (&[".x..x"], 2, false, &[3, 4]),
            (&[".x..x"], 1, false, &[1]),
            // Not over an edge of what is asked for; but a seat beside other free ones is not alone.
            (&["oo..oo"], 2, false, &[3, 4]),
            (&["o...o"], 2, false, &[2, 3]),
            (&["o..oo"], 3, false, &[]),
            // Kept for who needs it, and given to all where nothing else is left.
            (&["..aa..", "......"], 2, false, &[1, 2]),
            (&["aa", "xx"], 2, false, &[1, 2]),
            (&["....", ".acc"], 2, true, &[5, 6]),
            (&["....", "a...", "...."], 3, true, &[5, 6, 7]),
            (&["....", "...."], 2, true, &[]),
            (&["....", "vv.."], 2, false, &[1, 2]),
            (&["vvvv", "xx..", "...."], 2, false, &[7, 8]),
        ] {
            let found = proposed(&hall(rows), count, accessible, 24);
            let first: Vec<u32> = found.blocks.first().into_iter().flatten().copied().collect();
            assert_eq!(first, want, "{count} of {rows:?}");
        }
    }

    #[test]
    fn where_none_fits_the_largest_is_told() {
        let rows = hall(&["..x...x", "xx.xx..", "oooo..."]);
        assert_eq!(proposed(&rows, 4, false, 9), Blocks { blocks: vec![], largest: 3 });
        assert_eq!(proposed(&rows, 3, true, 9), Blocks { blocks: vec![], largest: 0 });
        assert_eq!(proposed(&[], 1, false, 9), Blocks::default());
    }

    /// The obvious way: every block of every row, sorted, and each kept that meets none before it.
    fn slowly(rows: &[Vec<Stand>], count: usize, accessible: bool, most: usize) -> Blocks {
        let mut all = Vec::new();
        let mut largest = 0;
        for row in rows {
            for from in 0..row.len() {
                for to in from + 1..=row.len() {
                    let block = &row[from..to];
                    let good = block.iter().all(|seat| seat.free && seat.fits)
                        && (!accessible || block.iter().any(|seat| seat.accessible));
                    if !good {
                        continue;
                    }
                    largest = largest.max(block.len());
                    if block.len() != count {
                        continue;
                    }
                    let is_free = |at: Option<usize>| {
                        at.and_then(|at| row.get(at)).is_some_and(|seat| seat.free)
                    };
                    let left = is_free(from.checked_sub(1)) && !is_free(from.checked_sub(2));
                    let right = is_free(Some(to)) && !is_free(Some(to + 1));
                    let kept =
                        block.iter().filter(|s| if accessible { s.accessible } else { s.kept });
                    let distance = block.iter().map(|s| s.distance).sum::<f64>() / count as f64;
                    let restricted = block.iter().any(|seat| seat.restricted);
                    let key = (kept.count(), left || right, restricted);
                    all.push((
                        key,
                        distance,
                        block.iter().map(|s| s.number).collect::<BTreeSet<_>>(),
                    ));
                }
            }
        }
        all.sort_by(|a, b| {
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.first().cmp(&b.2.first()))
        });
        let mut blocks: Vec<BTreeSet<u32>> = Vec::new();
        for (_, _, block) in all {
            if blocks.len() < most && blocks.iter().all(|other| other.is_disjoint(&block)) {
                blocks.push(block);
            }
        }
        Blocks { blocks, largest: u32::try_from(largest).unwrap() }
    }

    proptest! {
        /// Whatever the hall looks like, the proposal is that of the obvious way.
        #[test]
        fn proposals_are_those_of_the_obvious_way(
            rows in proptest::collection::vec("[.xxacvo]{0,12}|[.x]{0,12}|[.]{0,12}", 0..5),
            count in 1usize..6,
            accessible in proptest::bool::weighted(0.2),
            most in 1usize..6,
        ) {
            let texts: Vec<&str> = rows.iter().map(String::as_str).collect();
            let rows = hall(&texts);
            let found = proposed(&rows, count, accessible, most);
            prop_assert_eq!(&found, &slowly(&rows, count, accessible, most));
            prop_assert_eq!(found.blocks.is_empty(), (found.largest as usize) < count);
        }
    }

    /// What is claimed is left out until it is decided, however often.
    #[test]
    fn claims_end_when_they_are_dropped() {
        let claims = Arc::new(Claims::default());
        let claim = |seats: &[u32]| Claim::of(&claims, seats.iter().copied().collect());
        let (one, two) = (claim(&[1, 2]), claim(&[2, 3]));
        drop(one);
        assert_eq!(claims.seats(), BTreeSet::from([2, 3]));
        drop(two);
        assert!(claims.seats().is_empty());
    }
}
