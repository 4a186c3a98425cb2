//! What an amount is in.

use boxoffice_core::money::Currency;

/// A currency is three capital letters, and goes by them in and out of what is stored.
#[test]
fn a_currency_is_its_code() {
    for code in ["KRW", "USD", "AZZ"] {
        let currency = Currency::of(code).unwrap();
        assert_eq!(currency.code(), code);
        assert_eq!(String::from(currency), code);
        assert_eq!(Currency::try_from(code.to_owned()), Ok(currency));
    }
    for code in ["", "KR", "KRWS", "krw", "kRW", "KrW", "KRw", "K-W", "K W", "1RW", "원"] {
        assert_eq!(Currency::of(code), None, "{code}");
        assert!(Currency::try_from(code.to_owned()).is_err(), "{code}");
    }
}
