//! A concert's dates in short: what a list of concerts tells of them.

use super::DateModel;
use boxoffice_core::time::Time;

/// Of the dates that were not cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When the first one starts.
    pub first: Time,
    /// When the last one starts.
    pub last: Time,
    /// The least and the most that a seat of them costs, minor units; `None` where they have no seats.
    pub prices: Option<(i64, i64)>,
}

impl Span {
    /// Of dates in the order of performance.
    pub(super) fn of<'a>(dates: impl Iterator<Item = &'a DateModel>) -> Option<Self> {
        let one = |date: &DateModel| Self {
            first: date.starts_at,
            last: date.starts_at,
            prices: date.prices(),
        };
        dates.filter(|date| date.cancelled.is_none()).map(one).reduce(|all, next| Self {
            first: all.first.min(next.first),
            last: all.last.max(next.last),
            prices: match (all.prices, next.prices) {
                (Some((least, most)), Some(next)) => Some((least.min(next.0), most.max(next.1))),
                (one, other) => one.or(other),
            },
        })
    }
}
