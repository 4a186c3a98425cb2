//! Files that an operator sends: the seats of a date as CSV.

use super::extract::Raw;
use super::lang::Lang;
use super::problem::{Code, Problem};
use crate::sheet::{self, CHARSETS, Column, Fault, Faults, Reason, Refused, Row, Separators};
use crate::text;
use boxoffice_core::concert::NewSeat;
use boxoffice_core::limits::{NAME_CHARS_MAX, PRICE_MAX, SEATS_PER_DATE_MAX};
use boxoffice_core::money::Money;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Media types that name a CSV; systems differ in what they call it.
pub const CSV_TYPES: [&str; 4] =
    ["text/csv", "application/csv", "text/tab-separated-values", "application/vnd.ms-excel"];

const COLUMNS: &[Column] = &[
    Column { name: "seat_number", also: &["좌석번호"] },
    Column { name: "zone", also: &["구역", "grade", "등급"] },
    Column { name: "price", also: &["가격"] },
];
const SEAT: usize = 0;
const ZONE: usize = 1;
const PRICE: usize = 2;

/// What is known of the rows before.
#[derive(Default)]
struct Before {
    /// In which row a seat stands.
    rows: HashMap<u32, u64>,
    prices: Separators,
}

impl Before {
    fn seat(&mut self, row: &mut Row<'_, '_>, currency: &str) -> Option<NewSeat> {
        let at = row.number;
        let number = row.read(SEAT, |value| {
            let number = sheet::digits(value)?;
            let (min, max) = (1, u64::from(u32::MAX));
            let number = u32::try_from(number).ok().filter(|number| *number >= 1);
            let number = number.ok_or(Reason::Range { min, max })?;
            match self.rows.insert(number, at) {
                None => Ok(number),
                Some(before) => {
                    self.rows.insert(number, before);
                    Err(Reason::Doubled { row: before })
                }
            }
        });
        let zone = row.read(ZONE, |value| {
            let zone = text::title(value).map_err(Reason::Text)?;
            let fits = zone.chars().count() <= NAME_CHARS_MAX;
            if fits { Ok(zone) } else { Err(Reason::TooLong { max: NAME_CHARS_MAX }) }
        });
        let price = row.read(PRICE, |value| {
            let price = self.prices.same(at, sheet::price(value, currency)?)?;
            let max = u64::try_from(PRICE_MAX.0).unwrap_or(0);
            let fits = i64::try_from(price).ok().map(Money).filter(|price| *price <= PRICE_MAX);
            fits.ok_or(Reason::Range { min: 0, max })
        });
        Some(NewSeat { number: number?, zone: zone?, price: price? })
    }
}

/// The seats of a CSV with the columns `seat_number`, `zone` and `price`.
///
/// # Errors
/// All that is wrong with it.
pub fn seats(raw: &Raw, currency: &str) -> Result<Vec<NewSeat>, Problem> {
    let (mut before, mut seats) = (Before::default(), Vec::new());
    let take = |row: &mut Row<'_, '_>| seats.extend(before.seat(row, currency));
    let charset = raw.charset.as_deref();
    match sheet::read(&raw.body, charset, COLUMNS, SEATS_PER_DATE_MAX, take) {
        Ok(()) => Ok(seats),
        Err(Refused::Charset(name)) => {
            let problem = Problem::of(Code::UnsupportedCharset).with("charset", name);
            Err(problem.with("supported", json!(CHARSETS)))
        }
        Err(Refused::Faults(faults)) => Err(problem_of(&faults)),
    }
}

fn shown(fault: &Fault, lang: Lang) -> Value {
    let words = match lang {
        Lang::En => fault.reason.en(),
        Lang::Ko => fault.reason.ko(),
    };
    let (min, max) = fault.reason.limits();
    let members = [
        ("row", fault.row.map(Value::from)),
        ("column", fault.column.clone().map(Value::from)),
        ("value", fault.value.clone().map(Value::from)),
        ("reason", Some(fault.reason.code().into())),
        ("detail", Some(words.into())),
        ("min", min.map(Value::from)),
        ("max", max.map(Value::from)),
    ];
    let there = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(Map::from_iter(there))
}

fn problem_of(faults: &Faults) -> Problem {
    let list = |lang| faults.listed.iter().map(|fault| shown(fault, lang)).collect::<Vec<_>>();
    let columns: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
    Problem::of(Code::InvalidFile)
        .with("field", "seats")
        .with("columns", columns)
        .with("faults_total", faults.total)
        .in_words("faults", list(Lang::En), list(Lang::Ko))
}
