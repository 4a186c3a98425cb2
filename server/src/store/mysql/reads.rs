//! The readers: views' questions. They connect by themselves, and again when a connection is found
//! dead: a question changes nothing and may be asked twice.

use super::super::keys::{self, COLUMNS};
use super::super::reads::{ApiKey, Reads, Snapshot, WholeReservation};
use super::super::records::Record;
use super::super::{Fault, memory::Dump, table};
use super::connect::{Link, Options};
use super::fault::Trouble;
use super::text::{Line, all_columns, bytes, id, list, records, words};
use boxoffice_core::concert::{Concert, ConcertDate, Seat};
use boxoffice_core::id::{PaymentId, PlaceKey, ReservationId, UserId};
use boxoffice_core::payment::Payment;
use boxoffice_core::queue::{Admission, QueueState};
use boxoffice_core::reservation::{Reservation, ReservedSeat};
use boxoffice_core::user::User;
use boxoffice_core::wallet::{Balance, LedgerEntry};
use mysql::Row;
use std::collections::BTreeMap;

/// A connection that only reads.
pub struct MySqlReads {
    link: Link,
}

/// Statements as of one moment. Where a server does not take the first form, the second begins with
/// the first statement, which is nearly the same.
const BEGIN: [&str; 2] =
    ["START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", "START TRANSACTION"];

/// Asks several questions about one moment.
pub(super) fn snapshot_of<T>(
    link: &mut Link,
    questions: impl FnOnce(&mut Link) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let begin = |link: &mut Link, begin: &str| {
        link.ask_again(&format!("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; {begin}"))
    };
    if begin(link, BEGIN[0]).is_err() {
        // Whatever was begun ends with its connection.
        link.forget();
        begin(link, BEGIN[1]).inspect_err(|_| link.forget())?;
    }
    let answered = questions(link).inspect_err(|_| link.forget())?;
    if link.ask("COMMIT").is_err() {
        link.forget();
    }
    Ok(answered)
}

/// What the statements answer, all of one moment.
fn consistent(link: &mut Link, text: &str) -> Result<Vec<Vec<Row>>, Fault> {
    let answers = snapshot_of(link, |link| link.ask(text).map_err(Trouble::outside))?;
    Ok(answers.into_iter().map(|answer| answer.rows).collect())
}

/// Everything that a board starts from.
pub(super) fn snapshot(link: &mut Link) -> Result<Snapshot, Fault> {
    let left = |status: &str| {
        format!(
            "SELECT concert_id, sequence FROM waiting_queue WHERE status = '{status}' \
             ORDER BY concert_id, sequence"
        )
    };
    let text = [
        columns_of::<Concert>("ORDER BY concert_id"),
        columns_of::<ConcertDate>("ORDER BY concert_date_id"),
        columns_of::<Seat>("ORDER BY concert_date_id, seat_number"),
        columns_of::<QueueState>("ORDER BY concert_id"),
        columns_of::<Admission>("WHERE is_active = 1 OR end_reason = 'no_show'"),
        left("left"),
        left("returning"),
    ];
    let mut answers = consistent(link, &text.join(";"))?.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    Ok(Snapshot {
        concerts: records::<Concert>(next())?,
        dates: records::<ConcertDate>(next())?,
        seats: records::<Seat>(next())?,
        queues: records::<QueueState>(next())?,
        admissions: records::<Admission>(next())?,
        left: places(next())?,
        returning: places(next())?,
    })
}

fn places(rows: Vec<Row>) -> Result<Vec<PlaceKey>, Fault> {
    let place = |line: Line| {
        let concert = boxoffice_core::id::ConcertId(line.id(0)?);
        Ok(PlaceKey { concert, sequence: line.count(1)? })
    };
    rows.into_iter().map(Line).map(place).collect()
}

/// All columns of a record's table, then what is given.
fn columns_of<R: Record>(rest: &str) -> String {
    format!("{} {rest}", all_columns(R::TABLE))
}

impl MySqlReads {
    /// Connects. The schema must be there: a writer makes it.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub fn open(options: &Options) -> Result<Self, Fault> {
        let mut link = Link::new(options, "READ COMMITTED");
        link.open()?;
        Ok(Self { link })
    }

    /// Rows and index entries that its connection has read: for tests of what a request costs.
    ///
    /// # Errors
    /// The database is not available.
    #[doc(hidden)]
    pub fn rows_read(&mut self) -> Result<u64, Fault> {
        self.link.rows_read()
    }

    /// Packets that were sent to the database and waited for.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.link.trips()
    }

    fn rows(&mut self, text: &str) -> Result<Vec<Row>, Fault> {
        Ok(self.link.ask_again(text)?.pop().unwrap_or_default().rows)
    }

    fn all<R: Record>(&mut self, rest: &str) -> Result<Vec<(R::Key, R)>, Fault> {
        records::<R>(self.rows(&columns_of::<R>(rest))?)
    }

    fn first<R: Record>(&mut self, rest: &str) -> Result<Option<(R::Key, R)>, Fault> {
        Ok(self.all::<R>(rest)?.into_iter().next())
    }

    /// Reservations with their seats, in one round trip.
    fn whole(
        &mut self,
        ids: &[ReservationId],
    ) -> Result<BTreeMap<ReservationId, WholeReservation>, Fault> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let among = format!("WHERE reservation_id IN ({})", list(ids.iter().map(|key| id(&key.0))));
        let text = format!(
            "{}; {} ORDER BY reservation_id, seat_number",
            columns_of::<Reservation>(&among),
            columns_of::<ReservedSeat>(&among),
        );
        let mut answers = self.link.ask_again(&text)?.into_iter();
        let mut next = || answers.next().unwrap_or_default().rows;
        let found = records::<Reservation>(next())?.into_iter();
        let mut whole: BTreeMap<_, _> =
            found.map(|(key, reservation)| (key, (key, reservation, Vec::new()))).collect();
        for (key, seat) in records::<ReservedSeat>(next())? {
            if let Some((_, _, seats)) = whole.get_mut(&key) {
                seats.push(seat);
            }
        }
        Ok(whole)
    }
}

impl Reads for MySqlReads {
    fn user_by_name(&mut self, username: &str) -> Result<Option<(UserId, User)>, Fault> {
        self.first::<User>(&format!("WHERE username = {}", words(username)))
    }

    fn user(&mut self, user: UserId) -> Result<Option<User>, Fault> {
        let found = self.first::<User>(&format!("WHERE user_id = {}", id(&user.0)))?;
        Ok(found.map(|(_, user)| user))
    }

    fn reservation(&mut self, key: ReservationId) -> Result<Option<WholeReservation>, Fault> {
        Ok(self.whole(&[key])?.remove(&key))
    }

    fn bookings(
        &mut self,
        user: UserId,
        before: Option<PaymentId>,
        limit: usize,
    ) -> Result<Vec<(WholeReservation, Payment)>, Fault> {
        let before = before.map(|key| format!(" AND amount_id < {}", id(&key.0)));
        let payments = self.all::<Payment>(&format!(
            "FORCE INDEX (amount_by_user) WHERE user_id = {}{} ORDER BY amount_id DESC LIMIT {limit}",
            id(&user.0),
            before.unwrap_or_default(),
        ))?;
        let ids: Vec<ReservationId> = payments.iter().map(|(key, _)| *key).collect();
        let mut whole = self.whole(&ids)?;
        let booking = |(key, payment)| {
            let whole = whole.remove(&key);
            let whole = whole.ok_or_else(|| Fault::Corrupt("a reservation is gone".into()))?;
            Ok((whole, payment))
        };
        payments.into_iter().map(booking).collect()
    }

    fn balance(&mut self, user: UserId) -> Result<Balance, Fault> {
        let found = self.first::<Balance>(&format!("WHERE user_id = {}", id(&user.0)))?;
        Ok(found.map(|(_, balance)| balance).unwrap_or_default())
    }

    fn ledger(
        &mut self,
        user: UserId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, LedgerEntry)>, Fault> {
        let before = before.and_then(|n| i64::try_from(n).ok()).unwrap_or(i64::MAX);
        let found = self.all::<LedgerEntry>(&format!(
            "WHERE user_id = {} AND entry_number < {before} \
             ORDER BY entry_number DESC LIMIT {limit}",
            id(&user.0),
        ))?;
        Ok(found.into_iter().map(|((_, number), entry)| (number, entry)).collect())
    }

    fn api_key(&mut self, hash: &[u8; 32]) -> Result<Option<ApiKey>, Fault> {
        let text = format!(
            "SELECT {COLUMNS} FROM api_key WHERE key_hash = {} AND revoked_at IS NULL",
            bytes(hash),
        );
        let found = self.rows(&text)?.into_iter().next();
        found.map(|row| keys::read(&Line(row))).transpose()
    }

    fn snapshot(&mut self) -> Result<Snapshot, Fault> {
        snapshot(&mut self.link)
    }

    fn dump(&mut self) -> Result<Dump, Fault> {
        let mut dump = Dump::new();
        for table in table::TABLES {
            let rows = self.rows(&all_columns(table))?.into_iter();
            let lines: Result<Vec<_>, Fault> = rows.map(|row| Line(row).cells()).collect();
            let mut lines = lines?;
            lines.sort();
            dump.insert(table.name, lines);
        }
        Ok(dump)
    }
}
