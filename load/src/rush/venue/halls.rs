//! The halls of a sale: a layout made for so many seats and uploaded as an operator would, and what is known of each
//! date's seats.

use crate::http::Ask;
use crate::rush::options::Options;
use crate::rush::seating::Seating;
use crate::rush::wire::Pool;
use boxoffice_server::Failure;
use boxoffice_server::demo::ZONES;
use boxoffice_server::layout::generate::{Numbering, Plan};
use boxoffice_server::layout::{Layout, check};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::rc::Rc;
use uuid::Uuid;

/// Up to so many seats stand in one section, as in a room.
const ROOM_SEATS: u32 = 200;
/// Seats of a section of a larger hall, about.
const SECTION_SEATS: u32 = 1_000;

/// How often a layout is asked for until it comes compressed; a server takes up to a second for each answer. A proxy may
/// never send it so.
const COMPRESSED_TRIES: usize = 20;

/// What fans read of a layout.
#[derive(Clone, Debug)]
pub struct Printed {
    /// Where it is.
    pub path: String,
    /// Its bytes.
    pub plain: Bytes,
    /// Its bytes, as they are sent to who takes gzip; a server that is busy sends the others.
    pub gzip: Bytes,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Halls {
    /// Of each date whose seats are known.
    pub seatings: HashMap<Uuid, Rc<Seating>>,
    /// Of each date that has a layout.
    pub printed: HashMap<Uuid, Printed>,
}

/// A hall of just so many seats: one section of a few, or sections side by side on circles, with grades.
fn hall(seats: u32) -> Layout {
    let is_room = seats <= ROOM_SEATS;
    let sections = if is_room { 1 } else { seats.div_ceil(SECTION_SEATS).max(3) };
    let row_seats = if is_room { 10 } else { 25 };
    let rows = seats.div_ceil(sections * row_seats);
    let mut before = 0;
    let grade = |(name, up_to, _): (&str, u32, i64)| {
        let behind = (rows * up_to).div_ceil(100);
        let count = behind.saturating_sub(before);
        before = behind;
        (count > 0).then(|| (name.to_owned(), count))
    };
    let plan = Plan {
        name: "Loopback Hall".to_owned(),
        sections,
        rows,
        seats: row_seats,
        numbering: if is_room { Numbering::LeftToRight } else { Numbering::OddEven },
        curved: !is_room,
        grades: ZONES.into_iter().filter_map(grade).collect(),
    };
    let mut layout = plan.layout();
    cut(&mut layout, sections * rows * row_seats - seats);
    layout
}

/// Takes so many seats away, those with the highest numbers.
fn cut(layout: &mut Layout, mut more: u32) {
    while more > 0 {
        let Some(section) = layout.sections.last_mut() else { return };
        let Some(row) = section.rows.last_mut() else {
            layout.sections.pop();
            continue;
        };
        let some = more.min(row.count);
        (row.count, more) = (row.count - some, more - some);
        // The end of a shorter row is beside no aisle; the seats' flags are drawn only.
        row.flags.aisle.retain(|[_, last]| *last <= row.count);
        if row.count == 0 {
            section.rows.pop();
        }
    }
    layout.sections.retain(|section| !section.rows.is_empty());
}

/// Makes a hall of so many seats and uploads it. Its id, and a price for each of its grades.
///
/// # Errors
/// The server refuses it.
pub async fn upload(seats: u32, key: &str, pool: &Pool) -> Result<(String, Value), Failure> {
    let layout = hall(seats);
    let ask = Ask::new("POST", "/api/v1/admin/layouts").with("x-api-key", key);
    let answer = pool.send(&ask.json(&serde_json::to_value(&layout)?)).await?;
    let made = answer.json();
    let why = || format!("the layout was refused: {}", String::from_utf8_lossy(&answer.body));
    let id = made["layout"].as_str().filter(|_| answer.status == 201).ok_or_else(why)?;
    let checked = check(layout).map_err(|faults| faults.to_string())?;
    let price = |(name, _, price): (&str, u32, i64)| {
        let known = checked.hall.grades().contains_key(&Some(name));
        known.then(|| (name.to_owned(), json!(price)))
    };
    let prices: Map<String, Value> = ZONES.into_iter().filter_map(price).collect();
    Ok((id.to_owned(), prices.into()))
}

impl super::Venue {
    /// How the seats of each date stand, where it can be known.
    ///
    /// # Errors
    /// The server does not tell, or tells another layout than a date names.
    pub async fn halls(
        &self,
        options: &Options,
        concert: Uuid,
        pool: &Pool,
    ) -> Result<Halls, Failure> {
        let ask = Ask::new("GET", format!("/api/v1/concerts/{concert}"));
        let shown = pool.send(&ask).await?.json();
        let (mut halls, mut read) = (Halls::default(), HashMap::new());
        for date in shown["dates"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let id = date["concert_date_id"].as_str().and_then(|text| text.parse().ok());
            let Some(id) = id else { continue };
            let Some(layout) = date["layout"].as_str() else {
                if options.concert.is_none() {
                    halls.seatings.insert(id, Rc::new(Seating::numbered(options.seats)));
                }
                continue;
            };
            if !read.contains_key(layout) {
                read.insert(layout.to_owned(), printed(layout, pool).await?);
            }
            if let Some((printed, seating)) = read.get(layout) {
                halls.printed.insert(id, Printed::clone(printed));
                halls.seatings.insert(id, Rc::clone(seating));
            }
        }
        Ok(halls)
    }
}

async fn printed(layout: &str, pool: &Pool) -> Result<(Printed, Rc<Seating>), Failure> {
    let path = format!("/api/v1/layouts/{layout}");
    let plain = pool.send(&Ask::new("GET", &path)).await?;
    let seating = Seating::read(&plain.body).filter(|_| plain.status == 200);
    let seating = seating.ok_or_else(|| format!("layout {layout} cannot be read"))?;
    let ask = Ask::new("GET", &path).with("accept-encoding", "gzip");
    let mut gzip = pool.send(&ask).await?.body;
    // While a server compresses it, it sends the others: fans would be sent bytes that nobody has seen before the sale.
    for _ in 0..COMPRESSED_TRIES {
        if gzip != plain.body {
            break;
        }
        gzip = pool.send(&ask).await?.body;
    }
    Ok((Printed { path, plain: plain.body, gzip }, Rc::new(seating)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each hall has just the seats that were asked for, from 1 on, and can be uploaded.
    #[test]
    fn a_hall_has_as_many_seats_as_were_asked_for() {
        for (seats, sections, grades) in [
            (1, 1, 1),
            (7, 1, 1),
            (50, 1, 4),
            (60, 1, 4),
            (201, 3, 2),
            (801, 3, 4),
            (5_000, 5, 4),
            (50_000, 50, 4),
            (100_000, 100, 4),
        ] {
            let layout = hall(seats);
            let checked = check(layout).unwrap_or_else(|faults| panic!("{seats}: {faults}"));
            let numbers = checked.hall.seats().iter().map(|seat| seat.number);
            assert!(numbers.eq(1..=seats), "{seats}");
            let found = (checked.hall.sections().count(), checked.hall.grades().len());
            assert_eq!(found, (sections, grades), "{seats}");
            let seating = Seating::read(checked.body.as_bytes()).unwrap();
            assert_eq!((seating.sections.len(), seating.grades.len()), found);
            // Read anew, its rows are what the server takes for rows.
            assert_eq!(seating.rows(), checked.hall.runs().len(), "{seats}");
        }
    }
}
