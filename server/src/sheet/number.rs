//! Numbers as people and spreadsheets write them. What can be meant in two ways is not taken.

use super::Reason;
use crate::text;
use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use iso_currency::Currency;

/// Thousands are separated by one of these: a comma, a point, a space of any kind, an apostrophe.
const fn separator(c: char) -> Option<char> {
    match c {
        ',' | '.' => Some(c),
        ' ' | '\u{A0}' | '\u{2009}' | '\u{202F}' => Some(' '),
        '\'' | '’' => Some('\''),
        _ => None,
    }
}

/// A whole number, and the sign that separates its thousands. One that is larger than the type is as
/// large as the type.
///
/// # Errors
/// It is none, or can be meant in two ways.
pub fn whole(raw: &str) -> Result<(u64, Option<char>), Reason> {
    let text = text::figures(raw);
    // By which a cell is told to be text.
    let text = text.strip_prefix('\'').unwrap_or(&text).trim();
    if text.is_empty() {
        return Err(Reason::Empty);
    }
    if text.starts_with('=') {
        return Err(Reason::Formula);
    }
    if is_negative(text) {
        return Err(Reason::Negative);
    }
    if is_scientific(text) {
        return Err(Reason::Scientific);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok((text.parse().unwrap_or(u64::MAX), None));
    }
    grouped(text)
}

fn is_negative(text: &str) -> bool {
    let digit = |text: &str| text.trim_start().starts_with(|c: char| c.is_ascii_digit());
    text.strip_prefix(['-', '−', '(']).is_some_and(digit)
}

fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa = mantissa.starts_with(|c: char| c.is_ascii_digit())
        && mantissa.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','));
    mantissa && digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
}

fn grouped(text: &str) -> Result<(u64, Option<char>), Reason> {
    let known = |c: char| c.is_ascii_digit() || separator(c).is_some();
    let closed = text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit());
    if !(closed && text.chars().all(known)) {
        return Err(Reason::NotNumber);
    }
    let mut signs = text.chars().filter_map(separator);
    let Some(sign) = signs.next() else { return Err(Reason::NotNumber) };
    if signs.any(|other| other != sign) {
        return Err(Reason::Grouping);
    }
    let groups: Vec<&str> = text.split(|c| separator(c).is_some()).collect();
    let first = groups[0];
    let thousands = groups[1..].iter().all(|group| group.len() == 3);
    if (1..=3).contains(&first.len()) && !first.starts_with('0') && thousands {
        let digits = groups.concat();
        return Ok((digits.parse().unwrap_or(u64::MAX), Some(sign)));
    }
    let decimals = groups.len() == 2 && matches!(sign, ',' | '.');
    Err(if decimals { Reason::Decimals } else { Reason::Grouping })
}

/// A number of a place, as a seat's: digits alone, since `1.000` may be one and a thousand.
///
/// # Errors
/// It is none, or has separators.
pub fn digits(raw: &str) -> Result<u64, Reason> {
    match whole(raw)? {
        (number, None) => Ok(number),
        (_, Some(_)) => Err(Reason::Grouping),
    }
}

/// A price without the sign or the code of its currency, if it has one.
fn without_sign(text: &str, own: Currency) -> Option<&str> {
    let symbol = own.symbol().to_string();
    let mut signs = vec![symbol.as_str(), own.code()];
    match own {
        // On Korean systems the backslash is drawn as the sign of the won.
        Currency::KRW => signs.extend(["원", "\\"]),
        Currency::JPY => signs.push("円"),
        Currency::CNY => signs.push("元"),
        Currency::USD => signs.insert(0, "US$"),
        _ => {}
    }
    let at = |sign: &&str| -> Option<&str> {
        let start = text.get(..sign.len()).filter(|start| start.eq_ignore_ascii_case(sign));
        let rest = start.and_then(|_| text.get(sign.len()..));
        rest.or_else(|| {
            let from = text.len().checked_sub(sign.len())?;
            let end = text.get(from..).filter(|end| end.eq_ignore_ascii_case(sign));
            end.and_then(|_| text.get(..from))
        })
    };
    signs.iter().filter(|sign| !sign.is_empty()).find_map(at)
}

/// Whether a number has the sign or the code of a currency that is not the own one.
fn is_in_another(text: &str, own: Currency) -> bool {
    if !text.contains(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let (categories, symbol) =
        (CodePointMapData::<GeneralCategory>::new(), own.symbol().to_string());
    let sign =
        |c: char| categories.get(c) == GeneralCategory::CurrencySymbol && !symbol.contains(c);
    let letter = |c: char| c.is_ascii_alphabetic();
    let code = text.trim_matches(|c: char| !letter(c)).to_ascii_uppercase();
    let named = text.starts_with(letter) || text.ends_with(letter);
    let known = named && Currency::from_code(&code).is_some();
    text.chars().any(sign) || text.ends_with(['원', '円', '元']) || known
}

/// A price in minor units. Where those are the currency itself, as with the won, its sign or code may stand
/// there; elsewhere `$12` would be 12 of one and 1,200 of the other.
///
/// # Errors
/// It is none, can be meant in two ways, or has the sign of another currency.
pub fn price(raw: &str, currency: &str) -> Result<(u64, Option<char>), Reason> {
    let text = text::figures(raw);
    let own = Currency::from_code(currency).unwrap_or(Currency::XXX);
    let one = 10_u64.pow(own.exponent().map_or(0, u32::from));
    match without_sign(&text, own) {
        Some(rest) if one == 1 => whole(rest),
        Some(_) => Err(Reason::MinorUnits { one }),
        None if is_in_another(&text, own) => Err(Reason::Currency),
        None => match whole(&text) {
            Err(Reason::Decimals) if one > 1 => Err(Reason::MinorUnits { one }),
            other => other,
        },
    }
}

/// A number that may have a decimal point: no other separator, since three digits behind one could be
/// thousands.
///
/// # Errors
/// It is none, or can be meant in two ways.
pub fn decimal(raw: &str) -> Result<f64, Reason> {
    let text = text::figures(raw);
    let (units, part) = text.split_once('.').unwrap_or((&text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(units) && digits(part) {
        return text.parse().map_err(|_| Reason::NotNumber);
    }
    match whole(&text) {
        Ok(_) => Err(Reason::Grouping),
        Err(why) => Err(why),
    }
}

/// By which sign a column separates thousands: one for all its rows.
#[derive(Debug, Default)]
pub struct Separators(Option<(char, u64)>);

impl Separators {
    /// The value, if its sign is that of the rows before.
    ///
    /// # Errors
    /// It is another.
    pub fn same(&mut self, row: u64, (value, sign): (u64, Option<char>)) -> Result<u64, Reason> {
        match (self.0, sign) {
            (Some((before, row)), Some(sign)) if before != sign => {
                return Err(Reason::OtherSeparator { row });
            }
            (None, Some(sign)) => self.0 = Some((sign, row)),
            _ => {}
        }
        Ok(value)
    }
}
