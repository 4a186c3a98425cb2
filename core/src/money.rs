//! Money in integer minor units (the won has none below it: 1 unit is ₩1). No floats, no overflow.

use serde::{Deserialize, Serialize};

/// What an amount is in: an ISO 4217 code. The rules compare codes; which there are, and how many decimals
/// each has, is known to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// The won.
    pub const KRW: Self = Self(*b"KRW");
    /// No currency: a wallet that nothing has come to yet.
    pub const NONE: Self = Self(*b"XXX");

    /// The currency of this code; `None` where it is not three capital letters.
    #[must_use]
    pub const fn of(code: &str) -> Option<Self> {
        match code.as_bytes() {
            [a, b, c]
                if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_uppercase() =>
            {
                Some(Self([*a, *b, *c]))
            }
            _ => None,
        }
    }

    /// Its code, as "KRW".
    #[must_use]
    pub fn code(&self) -> &str {
        // Made of capital letters only.
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self::NONE
    }
}

impl std::fmt::Display for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl TryFrom<String> for Currency {
    type Error = &'static str;

    fn try_from(code: String) -> Result<Self, Self::Error> {
        Self::of(&code).ok_or("no ISO 4217 code")
    }
}

/// An amount in minor units. Signed: what leaves a wallet is negative.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Money(pub i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The sum, or `None` past the type's limit.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or `None` past the type's limit.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The sum of two amounts whose sum is in range, as prices of one reservation are.
    #[must_use]
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The same amount the other way.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(self.0.saturating_neg())
    }
}
