//! Numbers as people and spreadsheets write them. What can be meant in two ways is not taken.

use super::Reason;
use crate::text;

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

/// A price in minor units, with or without the sign of its currency.
///
/// # Errors
/// It is none, can be meant in two ways, or has the sign of another currency.
pub fn price(raw: &str, currency: &str) -> Result<(u64, Option<char>), Reason> {
    let text = text::figures(raw);
    // On Korean systems the backslash is drawn as the sign of the won.
    let won = ["₩", "\\", "KRW", "krw"].iter().find_map(|sign| text.strip_prefix(sign));
    let won =
        won.or_else(|| ["원", "₩", "KRW", "krw"].iter().find_map(|sign| text.strip_suffix(sign)));
    match won {
        Some(rest) if currency == "KRW" => whole(rest),
        Some(_) => Err(Reason::Currency),
        None if text.contains(['$', '€', '£', '¥', '￥']) => Err(Reason::Currency),
        None => whole(&text),
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
