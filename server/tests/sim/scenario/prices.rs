//! Sums that people pay and charge, minor units.

use boxoffice_core::money::Currency;

/// What most of them are in.
pub const CURRENCY: Currency = Currency::KRW;
/// What a few of them are in.
pub const OTHER_CURRENCY: Currency = match Currency::of("USD") {
    Some(currency) => currency,
    None => Currency::NONE,
};
/// What seats cost; a free one is allowed.
pub const SEATS: [i64; 6] = [150_000, 120_000, 99_000, 99_000, 60_000, 0];
/// The most that one charge may be.
pub const CHARGE_MOST: i64 = 100_000_000;
