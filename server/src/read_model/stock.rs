//! How many seats of a concert can be had, over all dates that can be booked: what decides whether letting
//! people in is of use. It proposes only; each seat is decided on its row.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// People in the shop without a hold, for each free seat: more would come to find none.
const PEOPLE_PER_SEAT: u64 = 2;
/// As many may be in the shop for the last seats, so that few who take their time do not keep them.
const PEOPLE_MIN: u64 = 16;

/// Seats of the dates that can be booked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// All of them.
    pub total: u64,
    /// Those that can be taken.
    pub free: u64,
    /// Those that are held and not paid: they may come back.
    pub held: u64,
    /// Those that an operator has taken off the sale.
    pub blocked: u64,
    /// There are dates, and all of them have started or were cancelled: nothing can be had any more.
    pub is_over: bool,
    /// There are dates, and all of them were cancelled.
    pub is_cancelled: bool,
}

impl Stock {
    /// Adds another date's.
    pub(super) const fn add(&mut self, other: Self) {
        self.total += other.total;
        self.free += other.free;
        self.held += other.held;
        self.blocked += other.blocked;
    }

    /// Those that were paid.
    #[must_use]
    pub const fn sold(&self) -> u64 {
        self.total.saturating_sub(self.free + self.held + self.blocked)
    }

    /// Whether there are seats and none of them can be taken.
    #[must_use]
    pub const fn is_sold_out(&self) -> bool {
        self.total > 0 && self.free == 0
    }

    /// How many more people may be let in, where so many are in the shop without a hold. Without limit
    /// where there are no seats to count yet.
    #[must_use]
    pub fn most(&self, undecided: u64) -> u64 {
        match (self.total, self.free) {
            (0, _) if self.is_over => 0,
            (0, _) => u64::MAX,
            (_, 0) => 0,
            (_, free) => {
                free.saturating_mul(PEOPLE_PER_SEAT).max(PEOPLE_MIN).saturating_sub(undecided)
            }
        }
    }
}

/// A [`Stock`] that one thread counts and others read.
#[derive(Default)]
pub(super) struct AtomicStock {
    total: AtomicU64,
    free: AtomicU64,
    held: AtomicU64,
    blocked: AtomicU64,
    is_over: AtomicBool,
    is_cancelled: AtomicBool,
}

impl AtomicStock {
    pub fn get(&self) -> Stock {
        let counts = [&self.total, &self.free, &self.held, &self.blocked];
        let [total, free, held, blocked] = counts.map(|count| count.load(Ordering::Relaxed));
        let [is_over, is_cancelled] =
            [&self.is_over, &self.is_cancelled].map(|is| is.load(Ordering::Relaxed));
        Stock { total, free, held, blocked, is_over, is_cancelled }
    }

    pub fn set(&self, stock: Stock) {
        self.total.store(stock.total, Ordering::Relaxed);
        self.free.store(stock.free, Ordering::Relaxed);
        self.held.store(stock.held, Ordering::Relaxed);
        self.blocked.store(stock.blocked, Ordering::Relaxed);
        self.is_over.store(stock.is_over, Ordering::Relaxed);
        self.is_cancelled.store(stock.is_cancelled, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_let_in_for_nothing() {
        let stock = |free, held| Stock { total: 100, free, held, ..Stock::default() };
        assert_eq!(Stock::default().most(7), u64::MAX, "no seats are known yet");
        assert_eq!(
            Stock { is_over: true, ..Stock::default() }.most(7),
            0,
            "all dates have started"
        );
        assert_eq!(stock(0, 5).most(0), 0);
        assert_eq!(stock(50, 0).most(30), 70);
        assert_eq!(stock(50, 0).most(300), 0);
        assert_eq!(stock(1, 0).most(3), 13, "a few for the last seat");
        assert!(stock(0, 0).is_sold_out() && stock(0, 9).is_sold_out());
        assert_eq!(Stock { blocked: 30, ..stock(20, 10) }.sold(), 40);
        assert!(!stock(1, 0).is_sold_out() && !Stock::default().is_sold_out());
    }
}
