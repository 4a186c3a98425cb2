//! What has been sold, by date and by grade, and every booking: from the raw rows, for people. Money is
//! summed from the payments themselves, and not from what a column says that they come to. All three have the same
//! sum: what was paid less what went back.

use super::Snapshot;
use crate::layout::{Hall, cells, read_kept};
use crate::sheet::write::Booking;
use crate::store::Fault;
use rusqlite::{Row, params};
use serde::Serialize;
use std::collections::BTreeMap;
use std::rc::Rc;
use uuid::Uuid;

/// What has been sold of a date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DateSales {
    /// The concert's id.
    pub concert_id: Uuid,
    /// What it is called.
    pub concert: String,
    /// The date's id.
    pub concert_date_id: Uuid,
    /// When the performance starts, RFC 3339.
    pub starts_at: String,
    /// All its seats.
    pub seats: u64,
    /// Those that are sold.
    pub sold: u64,
    /// Those that are held as of now.
    pub held: u64,
    /// Those that an operator has taken off the sale.
    pub blocked: u64,
    /// What was paid for it less what went back, minor units.
    pub revenue: i64,
}

/// What has been sold of a date in one grade at one price, at the prices that were paid for seats that are still
/// sold. A line without zone and seats is what is left beside them: fees that were kept of seats that went back,
/// less what went back of seats that did not. With it the lines of a date have its revenue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of a CSV file; those of DateSales beside them")]
pub struct GradeSales {
    pub concert_id: Uuid,
    pub concert: String,
    pub concert_date_id: Uuid,
    pub starts_at: String,
    pub zone: String,
    pub price: i64,
    pub seats: u64,
    pub sold: u64,
    pub held: u64,
    pub revenue: i64,
}

/// A moment of UTC milliseconds, RFC 3339.
macro_rules! moment {
    ($column:literal) => {
        concat!("strftime('%Y-%m-%dT%H:%M:%SZ', ", $column, " / 1000, 'unixepoch')")
    };
}

const BY_DATE: &str = concat!(
    "SELECT d.concert_id, coalesce(c.concert_name, ''), d.concert_date_id, ",
    moment!("d.concert_date"),
    ", s.seats, s.sold, s.held, coalesce(p.revenue, 0), s.blocked
     FROM concert_date d LEFT JOIN concert c USING (concert_id)
     LEFT JOIN (SELECT concert_date_id, count(*) seats, sum(status = 'sold') sold,
            sum(status = 'held' AND held_until > ?1) held, sum(status = 'blocked') blocked FROM seat GROUP BY 1) s USING (concert_date_id)
     LEFT JOIN (SELECT r.concert_date_id, sum(m.amount) revenue
            FROM (SELECT reservation_id, amount FROM amount UNION ALL SELECT reservation_id, -amount FROM refund) m
            JOIN reservation r USING (reservation_id) GROUP BY 1) p USING (concert_date_id)
     ORDER BY c.concert_name, d.concert_id, d.concert_date, d.concert_date_id"
);

const BY_GRADE: &str = concat!(
    "SELECT d.concert_id, coalesce(c.concert_name, ''), d.concert_date_id, ",
    moment!("d.concert_date"),
    ", s.zone, s.ticket_price, count(*), sum(s.status = 'sold'),
        sum(s.status = 'held' AND s.held_until > ?1), coalesce(sum(p.paid), 0)
     FROM seat s JOIN concert_date d USING (concert_date_id)
     LEFT JOIN concert c ON c.concert_id = d.concert_id
     LEFT JOIN (SELECT rs.seat_id, sum(rs.ticket_price) paid FROM reservation_seat rs
            JOIN reservation r USING (reservation_id) LEFT JOIN refund_seat f USING (reservation_id, seat_number)
            WHERE r.status = 'confirmed' AND f.refund_number IS NULL GROUP BY 1) p
        USING (seat_id)
     WHERE ?2 IS NULL OR d.concert_id = ?2
     GROUP BY d.concert_date_id, s.zone, s.ticket_price
     ORDER BY c.concert_name, d.concert_id, d.concert_date, d.concert_date_id,
        s.ticket_price DESC, s.zone"
);

const BOOKINGS: &str = concat!(
    "SELECT r.concert_id, coalesce(c.concert_name, ''), r.concert_date_id, ",
    moment!("d.concert_date"),
    ", r.reservation_id, r.user_id, coalesce(u.username, ''),
        (SELECT group_concat(seat_number, ' ') FROM
            (SELECT seat_number FROM reservation_seat rs WHERE rs.reservation_id = r.reservation_id
                AND NOT EXISTS (SELECT 1 FROM refund_seat f WHERE f.reservation_id = rs.reservation_id
                    AND f.seat_number = rs.seat_number) ORDER BY 1)),
        (SELECT group_concat(zone, ' ') FROM (SELECT DISTINCT s.zone FROM reservation_seat rs
            JOIN seat s USING (seat_id) WHERE rs.reservation_id = r.reservation_id
                AND NOT EXISTS (SELECT 1 FROM refund_seat f WHERE f.reservation_id = rs.reservation_id
                    AND f.seat_number = rs.seat_number) ORDER BY 1)),
        a.amount - r.refunded_amount, a.amount_id, ",
    moment!("a.payment_date"),
    " FROM amount a JOIN reservation r USING (reservation_id)
     LEFT JOIN concert c ON c.concert_id = r.concert_id
     LEFT JOIN concert_date d ON d.concert_date_id = r.concert_date_id
     LEFT JOIN user u ON u.user_id = r.user_id
     WHERE (r.status <> 'refunded' OR a.amount > r.refunded_amount) AND (?1 IS NULL OR r.concert_id = ?1)
     ORDER BY c.concert_name, r.concert_id, d.concert_date, a.payment_date, r.reservation_id"
);

fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    let bytes: Vec<u8> = row.get(column)?;
    Ok(Uuid::from_slice(&bytes).unwrap_or_default())
}

fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(row.get::<_, Option<String>>(column)?.unwrap_or_default())
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let count: Option<i64> = row.get(column)?;
    Ok(u64::try_from(count.unwrap_or(0)).unwrap_or(0))
}

/// The grades, each date's followed by what its revenue has beside theirs, where that is something. Both are in
/// the order of the dates.
fn with_rest(grades: Vec<GradeSales>, dates: Vec<DateSales>) -> Vec<GradeSales> {
    let mut all: Vec<GradeSales> = Vec::with_capacity(grades.len());
    let mut grades = grades.into_iter().peekable();
    for date in dates {
        let mut rest = date.revenue;
        let first = all.len();
        while let Some(grade) = grades.next_if(|of| of.concert_date_id == date.concert_date_id) {
            rest = rest.saturating_sub(grade.revenue);
            all.push(grade);
        }
        // Without grades it is of a concert that was not asked for.
        if all.len() > first && rest != 0 {
            all.push(GradeSales {
                concert_id: date.concert_id,
                concert: date.concert,
                concert_date_id: date.concert_date_id,
                starts_at: date.starts_at,
                zone: String::new(),
                price: 0,
                seats: 0,
                sold: 0,
                held: 0,
                revenue: rest,
            });
        }
    }
    all
}

impl Snapshot {
    /// What has been sold, by date.
    ///
    /// # Errors
    /// The rows cannot be read.
    pub fn sales(&self) -> Result<Vec<DateSales>, Fault> {
        let mut statement = self.rows.prepare(BY_DATE)?;
        let found = statement.query_map([self.now_ms], |row| {
            Ok(DateSales {
                concert_id: id(row, 0)?,
                concert: text(row, 1)?,
                concert_date_id: id(row, 2)?,
                starts_at: text(row, 3)?,
                seats: count(row, 4)?,
                sold: count(row, 5)?,
                held: count(row, 6)?,
                revenue: row.get(7)?,
                blocked: count(row, 8)?,
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// What has been sold, by date and grade, of all concerts or one; see [`GradeSales`].
    ///
    /// # Errors
    /// The rows cannot be read.
    pub fn sales_by_grade(&self, concert: Option<Uuid>) -> Result<Vec<GradeSales>, Fault> {
        let mut statement = self.rows.prepare(BY_GRADE)?;
        let concert = concert.as_ref().map(Uuid::as_bytes);
        let found = statement.query_map(params![self.now_ms, concert], |row| {
            Ok(GradeSales {
                concert_id: id(row, 0)?,
                concert: text(row, 1)?,
                concert_date_id: id(row, 2)?,
                starts_at: text(row, 3)?,
                zone: text(row, 4)?,
                price: row.get(5)?,
                seats: count(row, 6)?,
                sold: count(row, 7)?,
                held: count(row, 8)?,
                revenue: row.get(9)?,
            })
        })?;
        let grades = found.collect::<Result<_, _>>()?;
        Ok(with_rest(grades, self.sales()?))
    }

    /// The halls of the dates that have a layout, of all concerts or one.
    fn halls(&self, concert: Option<&[u8; 16]>) -> Result<BTreeMap<Uuid, Rc<Hall>>, Fault> {
        let mut statement = self.rows.prepare(
            "SELECT d.concert_date_id, layout_id, l.body FROM concert_date d JOIN layout l USING (layout_id)
             WHERE ?1 IS NULL OR d.concert_id = ?1",
        )?;
        let mut found = statement.query([concert])?;
        let mut of_layouts: BTreeMap<String, Rc<Hall>> = BTreeMap::new();
        let mut halls = BTreeMap::new();
        while let Some(row) = found.next()? {
            let (date, layout) = (id(row, 0)?, text(row, 1)?);
            let hall = match of_layouts.get(&layout) {
                Some(hall) => Rc::clone(hall),
                None => {
                    let read = read_kept(&text(row, 2)?);
                    let read = read.map_err(|why| Fault::Corrupt(format!("a layout: {why}")))?;
                    let hall = Rc::new(read.hall);
                    of_layouts.insert(layout, Rc::clone(&hall));
                    hall
                }
            };
            halls.insert(date, hall);
        }
        Ok(halls)
    }

    /// Every booking of all concerts or one that has seats, or of which money was kept, in the order of dates and
    /// payments; without what went back.
    ///
    /// # Errors
    /// The rows cannot be read, or `each` fails.
    pub fn bookings<E: From<Fault>>(
        &self,
        concert: Option<Uuid>,
        mut each: impl FnMut(Booking) -> Result<(), E>,
    ) -> Result<(), E> {
        let fault = |error: rusqlite::Error| E::from(Fault::from(error));
        let mut statement = self.rows.prepare(BOOKINGS).map_err(fault)?;
        let concert = concert.as_ref().map(Uuid::as_bytes);
        let halls = self.halls(concert).map_err(E::from)?;
        let found = statement.query_map(params![concert], |row| {
            let (date, seat_numbers) = (id(row, 2)?, text(row, 7)?);
            let numbers = seat_numbers.split(' ').filter_map(|number| number.parse().ok());
            let label = |number| halls.get(&date).and_then(|hall| hall.label(number));
            let labels: Vec<_> = numbers.filter_map(label).collect();
            let [section, row_label, seat] = cells(&labels);
            Ok(Booking {
                concert_id: id(row, 0)?,
                concert: text(row, 1)?,
                concert_date_id: date,
                starts_at: text(row, 3)?,
                reservation_id: id(row, 4)?,
                user_id: id(row, 5)?,
                username: text(row, 6)?,
                seat_numbers,
                zones: text(row, 8)?,
                total_price: row.get(9)?,
                payment_id: id(row, 10)?,
                paid_at: text(row, 11)?,
                section,
                row: row_label,
                seat,
            })
        });
        for booking in found.map_err(fault)? {
            each(booking.map_err(fault)?)?;
        }
        Ok(())
    }
}
