//! The one currency that a database's amounts are in, by ISO 4217.

/// A currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Currency {
    /// ISO 4217 code, as "KRW".
    pub code: String,
    /// Decimals of its minor unit: 0 for KRW, 2 for USD, 3 for KWD.
    pub decimals: u8,
}

impl Currency {
    /// The currency of this code; `None` where ISO 4217 has none, or none with a minor unit.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        let known = iso_currency::Currency::from_code(code)?;
        let decimals = u8::try_from(known.exponent()?).ok()?;
        Some(Self { code: known.code().to_owned(), decimals })
    }

    /// What the rules call it.
    #[must_use]
    pub fn of_the_rules(&self) -> boxoffice_core::money::Currency {
        // ISO 4217 has no other codes than three capital letters.
        boxoffice_core::money::Currency::of(&self.code).unwrap_or_default()
    }

    /// Members of a JSON object that name it, each with a comma behind it.
    #[must_use]
    pub fn members(&self) -> String {
        let Self { code, decimals } = self;
        format!(r#""currency":"{code}","currency_decimals":{decimals},"#)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F12.
    #[test]
    fn currencies_have_their_decimals() {
        let decimals = |code| Currency::of(code).map(|currency| currency.decimals);
        for (code, want) in
            [("KRW", 0), ("JPY", 0), ("USD", 2), ("EUR", 2), ("KWD", 3), ("CLF", 4), ("ISK", 0)]
        {
            assert_eq!(decimals(code), Some(want), "{code}");
        }
        for code in ["", "krw", "WON", "WRONG1", "KRW ", "₩", "XAU"] {
            assert_eq!(decimals(code), None, "{code:?}");
        }
    }
}
