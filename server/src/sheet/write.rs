//! CSV for spreadsheets: columns by their names, and no text that one takes for a formula.

use serde::Serialize;
use uuid::Uuid;

/// By which spreadsheets know that a file is UTF-8.
pub const BOM: &str = "\u{feff}";

/// A reservation that was paid: the columns of an export, whichever way it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of a CSV file; money in minor units, times RFC 3339")]
pub struct Booking {
    pub concert_id: Uuid,
    pub concert: String,
    pub concert_date_id: Uuid,
    pub starts_at: String,
    pub reservation_id: Uuid,
    pub user_id: Uuid,
    pub username: String,
    pub seat_numbers: String,
    pub zones: String,
    pub total_price: i64,
    pub payment_id: Uuid,
    pub paid_at: String,
    pub section: String,
    pub row: String,
    pub seat: String,
}

impl Booking {
    /// The names of its columns, as one line.
    pub const HEAD: &str = "concert_id,concert,concert_date_id,starts_at,reservation_id,user_id,\
        username,seat_numbers,zones,total_price,payment_id,paid_at,section,row,seat\n";

    /// The same with texts that no spreadsheet takes for a formula.
    #[must_use]
    pub fn harmless(mut self) -> Self {
        let named = [&mut self.concert, &mut self.username, &mut self.zones];
        for text in named.into_iter().chain([&mut self.section, &mut self.row, &mut self.seat]) {
            *text = harmless(text);
        }
        self
    }
}

/// Text that somebody has typed, so that no spreadsheet takes it for a formula.
#[must_use]
pub fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Lines of CSV without a head.
///
/// # Errors
/// A row cannot be written as CSV.
pub fn lines(rows: impl IntoIterator<Item = impl Serialize>) -> Result<Vec<u8>, csv::Error> {
    let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    for row in rows {
        csv.serialize(row)?;
    }
    csv.into_inner().map_err(|why| csv::Error::from(why.into_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn booking(username: &str) -> Booking {
        Booking {
            concert_id: Uuid::nil(),
            concert: "\"Moon\", light".into(),
            concert_date_id: Uuid::nil(),
            starts_at: String::new(),
            reservation_id: Uuid::nil(),
            user_id: Uuid::nil(),
            username: username.into(),
            seat_numbers: "1 2".into(),
            zones: "R".into(),
            total_price: 5,
            payment_id: Uuid::nil(),
            paid_at: String::new(),
            section: String::new(),
            row: String::new(),
            seat: String::new(),
        }
    }

    /// H49: what goes out as CSV is read back as it is, and no cell of it is a formula.
    #[test]
    fn no_text_becomes_a_formula() {
        for (typed, written) in [
            ("=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@mina", "'@mina"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            ("mina", "mina"),
            ("민아\n\"a\",b;c", "민아\n\"a\",b;c"),
        ] {
            let bytes = lines([booking(typed).harmless()]).unwrap();
            let text = [Booking::HEAD.as_bytes(), &bytes].concat();
            let mut read = csv::Reader::from_reader(text.as_slice());
            let names: Vec<_> = read.headers().unwrap().iter().map(str::to_owned).collect();
            let row = read.records().next().unwrap().unwrap();
            assert_eq!(names.len(), row.len());
            assert_eq!((names[6].as_str(), &row[6]), ("username", written));
            assert_eq!(&row[1], "\"Moon\", light");
        }
    }

    #[test]
    fn the_head_has_the_columns() {
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.serialize(booking("a")).unwrap();
        let written = String::from_utf8(csv.into_inner().unwrap()).unwrap();
        assert_eq!(written.lines().next(), Booking::HEAD.lines().next());
    }
}
