//! How rows of the rules become columns and back, once for every store.

mod session;
mod shows;

use super::fault::Fault;
use super::table::{self, Table};
use boxoffice_core::id::{ConcertId, DateId, PaymentId, PlaceKey, ReservationId, UserId, Uuid};
use boxoffice_core::idempotency::Record as IdempotencyRecord;
use boxoffice_core::money::Money;
use boxoffice_core::payment::Payment;
use boxoffice_core::queue::{
    Admission, AdmissionEnd, DrawRule, DrawTerms, Place, PlaceStatus, QueueSettings, QueueState,
};
use boxoffice_core::reservation::{Reservation, ReservationStatus, ReservedSeat};
use boxoffice_core::time::Time;
use boxoffice_core::user::User;
use boxoffice_core::wallet::{Balance, EntryKind, LedgerEntry};
use std::borrow::Cow;

/// A column's value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell<'a> {
    /// Nothing.
    Null,
    /// A number, a time in ms, money in minor units, or a flag.
    Int(i64),
    /// Words.
    Text(Cow<'a, str>),
    /// Bytes: ids and hashes.
    Blob(Cow<'a, [u8]>),
}

impl Cell<'_> {
    /// The same value, owning its bytes.
    #[must_use]
    pub fn into_owned(self) -> Cell<'static> {
        match self {
            Self::Null => Cell::Null,
            Self::Int(value) => Cell::Int(value),
            Self::Text(value) => Cell::Text(Cow::Owned(value.into_owned())),
            Self::Blob(value) => Cell::Blob(Cow::Owned(value.into_owned())),
        }
    }
}

/// A row as a database gives it.
pub trait Source {
    /// The number in a column; `None` for null.
    ///
    /// # Errors
    /// The column holds something else.
    fn int(&self, column: usize) -> Result<Option<i64>, Fault>;
    /// The words in a column; `None` for null.
    ///
    /// # Errors
    /// The column holds something else.
    fn text(&self, column: usize) -> Result<Option<String>, Fault>;
    /// The 16 bytes of an id; `None` for null.
    ///
    /// # Errors
    /// The column holds something else.
    fn uuid(&self, column: usize) -> Result<Option<Uuid>, Fault>;
    /// 32 bytes: a hash or a seed.
    ///
    /// # Errors
    /// The column holds something else.
    fn bytes32(&self, column: usize) -> Result<[u8; 32], Fault>;
}

/// A row of the rules that is kept in a table.
pub trait Record: Sized {
    /// What names the row.
    type Key;
    /// Where it is kept.
    const TABLE: &'static Table;
    /// The values in the order of the table's columns.
    fn cells<'a>(key: &'a Self::Key, row: &'a Self) -> Vec<Cell<'a>>;
    /// The row from its columns.
    ///
    /// # Errors
    /// A column holds what no boxoffice has written.
    fn read(source: &dyn Source) -> Result<(Self::Key, Self), Fault>;
}

fn corrupt(what: &str) -> Fault {
    Fault::Corrupt(format!("unexpected {what}"))
}

fn uuid(id: &Uuid) -> Cell<'_> {
    Cell::Blob(Cow::Borrowed(id.as_bytes()))
}

fn maybe_uuid(id: Option<&Uuid>) -> Cell<'_> {
    id.map_or(Cell::Null, uuid)
}

fn number(value: u64) -> Cell<'static> {
    Cell::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

const fn when(time: Time) -> Cell<'static> {
    Cell::Int(time.0)
}

fn maybe_when(time: Option<Time>) -> Cell<'static> {
    time.map_or(Cell::Null, when)
}

fn maybe_text(value: Option<&str>) -> Cell<'_> {
    value.map_or(Cell::Null, text)
}

fn text(value: &str) -> Cell<'_> {
    Cell::Text(Cow::Borrowed(value))
}

/// Required columns, read with the types of the rules.
struct Columns<'a>(&'a dyn Source);

impl Columns<'_> {
    fn int(&self, column: usize) -> Result<i64, Fault> {
        self.0.int(column)?.ok_or_else(|| corrupt("null"))
    }
    fn number<T: TryFrom<i64>>(&self, column: usize) -> Result<T, Fault> {
        T::try_from(self.int(column)?).map_err(|_| corrupt("number"))
    }
    fn time(&self, column: usize) -> Result<Time, Fault> {
        self.int(column).map(Time)
    }
    fn maybe_time(&self, column: usize) -> Result<Option<Time>, Fault> {
        Ok(self.0.int(column)?.map(Time))
    }
    fn money(&self, column: usize) -> Result<Money, Fault> {
        self.int(column).map(Money)
    }
    fn text(&self, column: usize) -> Result<String, Fault> {
        self.0.text(column)?.ok_or_else(|| corrupt("null"))
    }
    fn uuid(&self, column: usize) -> Result<Uuid, Fault> {
        self.0.uuid(column)?.ok_or_else(|| corrupt("null"))
    }
    /// A word out of a closed list.
    fn word<T: Copy>(&self, column: usize, words: &[(&str, T)]) -> Result<T, Fault> {
        let found = self.text(column)?;
        let known = words.iter().find(|(word, _)| *word == found);
        known.map(|(_, value)| *value).ok_or_else(|| corrupt(&found))
    }
}

fn word_of<T: Copy + PartialEq>(value: T, words: &'static [(&'static str, T)]) -> Cell<'static> {
    words.iter().find(|(_, v)| *v == value).map_or(Cell::Null, |(word, _)| text(word))
}

const PLACE_STATUS: &[(&str, PlaceStatus)] = &[
    ("waiting", PlaceStatus::Waiting),
    ("returning", PlaceStatus::Returning),
    ("served", PlaceStatus::Served),
    ("left", PlaceStatus::Left),
];
const ADMISSION_END: &[(&str, AdmissionEnd)] = &[
    ("paid", AdmissionEnd::Paid),
    ("hold_lapsed", AdmissionEnd::HoldLapsed),
    ("timed_out", AdmissionEnd::TimedOut),
    ("no_show", AdmissionEnd::NoShow),
    ("left", AdmissionEnd::Left),
];
const RESERVATION_STATUS: &[(&str, ReservationStatus)] = &[
    ("held", ReservationStatus::Held),
    ("confirmed", ReservationStatus::Confirmed),
    ("expired", ReservationStatus::Expired),
    ("cancelled", ReservationStatus::Cancelled),
];
/// Which way money went; with a reason it was an operator who moved it.
const ENTRY_KIND: &[(&str, bool)] = &[("charge", true), ("payment", false)];

const fn is_in(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::Charge | EntryKind::Credit)
}

const fn entry_kind(is_in: bool, by_operator: bool) -> EntryKind {
    match (is_in, by_operator) {
        (true, false) => EntryKind::Charge,
        (true, true) => EntryKind::Credit,
        (false, false) => EntryKind::Payment,
        (false, true) => EntryKind::Debit,
    }
}

impl Record for User {
    type Key = UserId;
    const TABLE: &'static Table = &table::USER;
    fn cells<'a>(key: &'a UserId, row: &'a Self) -> Vec<Cell<'a>> {
        let hash = maybe_text(row.password_hash.as_deref());
        let look = maybe_text(row.look.as_deref());
        vec![
            uuid(&key.0),
            when(row.created_at),
            text(&row.username),
            hash,
            maybe_when(row.deleted_at),
            look,
        ]
    }
    fn read(source: &dyn Source) -> Result<(UserId, Self), Fault> {
        let c = Columns(source);
        let row = Self {
            created_at: c.time(1)?,
            username: c.text(2)?,
            password_hash: source.text(3)?,
            deleted_at: c.maybe_time(4)?,
            look: source.text(5)?,
        };
        Ok((UserId(c.uuid(0)?), row))
    }
}

impl Record for QueueState {
    type Key = ConcertId;
    const TABLE: &'static Table = &table::QUEUE_STATE;
    fn cells<'a>(key: &'a ConcertId, row: &'a Self) -> Vec<Cell<'a>> {
        vec![
            uuid(&key.0),
            Cell::Blob(Cow::Borrowed(&row.seed)),
            row.drawn.map_or(Cell::Null, number),
            number(row.cursor),
            number(row.tail),
            number(row.waiting),
            number(row.active),
            number(row.returning),
            number(row.credit_milli),
            when(row.credit_at),
            number(row.settings.max_active),
            number(row.settings.admissions_per_second),
            number(row.settings.max_waiting),
            Cell::Int(row.settings.paused.into()),
            when(row.max_active_at),
            maybe_when(row.rule.terms.joined_before),
            row.rule.joined.map_or(Cell::Null, number),
            maybe_text(row.rule.terms.beacon.as_deref()),
            maybe_text(row.rule.value.as_deref()),
        ]
    }
    fn read(source: &dyn Source) -> Result<(ConcertId, Self), Fault> {
        let c = Columns(source);
        let drawn = source.int(2)?.map(u64::try_from).transpose();
        let joined = source.int(16)?.map(u64::try_from).transpose();
        let rule = DrawRule {
            terms: DrawTerms { joined_before: c.maybe_time(15)?, beacon: source.text(17)? },
            joined: joined.map_err(|_| corrupt("number"))?,
            value: source.text(18)?,
        };
        let settings = QueueSettings {
            max_active: c.number(10)?,
            admissions_per_second: c.number(11)?,
            max_waiting: c.number(12)?,
            paused: c.int(13)? != 0,
        };
        let row = Self {
            seed: source.bytes32(1)?,
            drawn: drawn.map_err(|_| corrupt("number"))?,
            cursor: c.number(3)?,
            tail: c.number(4)?,
            waiting: c.number(5)?,
            active: c.number(6)?,
            returning: c.number(7)?,
            credit_milli: c.number(8)?,
            credit_at: c.time(9)?,
            max_active_at: c.time(14)?,
            settings,
            rule,
        };
        Ok((ConcertId(c.uuid(0)?), row))
    }
}

impl Record for Place {
    type Key = PlaceKey;
    const TABLE: &'static Table = &table::WAITING_QUEUE;
    fn cells<'a>(key: &'a PlaceKey, row: &'a Self) -> Vec<Cell<'a>> {
        vec![
            uuid(&key.concert.0),
            number(key.sequence),
            uuid(&row.user.0),
            when(row.created_at),
            word_of(row.status, PLACE_STATUS),
            maybe_when(row.deleted_at),
            number(row.lapses.into()),
            Cell::Int(row.unpaid_ms),
        ]
    }
    fn read(source: &dyn Source) -> Result<(PlaceKey, Self), Fault> {
        let c = Columns(source);
        let row = Self {
            user: UserId(c.uuid(2)?),
            created_at: c.time(3)?,
            status: c.word(4, PLACE_STATUS)?,
            deleted_at: c.maybe_time(5)?,
            lapses: c.number(6)?,
            unpaid_ms: c.int(7)?,
        };
        Ok((PlaceKey { concert: ConcertId(c.uuid(0)?), sequence: c.number(1)? }, row))
    }
}

impl Record for Admission {
    type Key = PlaceKey;
    const TABLE: &'static Table = &table::USER_TOKEN;
    fn cells<'a>(key: &'a PlaceKey, row: &'a Self) -> Vec<Cell<'a>> {
        vec![
            uuid(&key.concert.0),
            number(key.sequence),
            uuid(&row.user.0),
            Cell::Int(row.is_active.into()),
            when(row.token_expiry),
            when(row.admitted_at),
            maybe_when(row.arrived_at),
            when(row.shop_until),
            maybe_uuid(row.reservation.as_ref().map(|id| &id.0)),
            row.end.map_or(Cell::Null, |end| word_of(end, ADMISSION_END)),
            maybe_when(row.ended_at),
            number(row.returns.into()),
        ]
    }
    fn read(source: &dyn Source) -> Result<(PlaceKey, Self), Fault> {
        let c = Columns(source);
        let ended = source.text(9)?.is_some();
        let row = Self {
            user: UserId(c.uuid(2)?),
            is_active: c.int(3)? != 0,
            token_expiry: c.time(4)?,
            admitted_at: c.time(5)?,
            arrived_at: c.maybe_time(6)?,
            shop_until: c.time(7)?,
            reservation: source.uuid(8)?.map(ReservationId),
            end: ended.then(|| c.word(9, ADMISSION_END)).transpose()?,
            ended_at: c.maybe_time(10)?,
            returns: c.number(11)?,
        };
        Ok((PlaceKey { concert: ConcertId(c.uuid(0)?), sequence: c.number(1)? }, row))
    }
}

impl Record for Reservation {
    type Key = ReservationId;
    const TABLE: &'static Table = &table::RESERVATION;
    fn cells<'a>(key: &'a ReservationId, row: &'a Self) -> Vec<Cell<'a>> {
        vec![
            uuid(&key.0),
            uuid(&row.user.0),
            uuid(&row.concert.0),
            uuid(&row.date.0),
            number(row.sequence),
            number(row.seat_count.into()),
            Cell::Int(row.total_price.0),
            when(row.reservation_date),
            when(row.expires_at),
            word_of(row.status, RESERVATION_STATUS),
            maybe_when(row.ended_at),
            maybe_uuid(row.payment.as_ref().map(|id| &id.0)),
        ]
    }
    fn read(source: &dyn Source) -> Result<(ReservationId, Self), Fault> {
        let c = Columns(source);
        let row = Self {
            user: UserId(c.uuid(1)?),
            concert: ConcertId(c.uuid(2)?),
            date: DateId(c.uuid(3)?),
            sequence: c.number(4)?,
            seat_count: c.number(5)?,
            total_price: c.money(6)?,
            reservation_date: c.time(7)?,
            expires_at: c.time(8)?,
            status: c.word(9, RESERVATION_STATUS)?,
            ended_at: c.maybe_time(10)?,
            payment: source.uuid(11)?.map(PaymentId),
        };
        Ok((ReservationId(c.uuid(0)?), row))
    }
}

impl Record for ReservedSeat {
    type Key = ReservationId;
    const TABLE: &'static Table = &table::RESERVATION_SEAT;
    fn cells<'a>(key: &'a ReservationId, row: &'a Self) -> Vec<Cell<'a>> {
        vec![
            uuid(&key.0),
            number(row.number.into()),
            Cell::Int(row.seat_id),
            Cell::Int(row.price.0),
        ]
    }
    fn read(source: &dyn Source) -> Result<(ReservationId, Self), Fault> {
        let c = Columns(source);
        let row = Self { number: c.number(1)?, seat_id: c.int(2)?, price: c.money(3)? };
        Ok((ReservationId(c.uuid(0)?), row))
    }
}

impl Record for Payment {
    type Key = ReservationId;
    const TABLE: &'static Table = &table::AMOUNT;
    fn cells<'a>(key: &'a ReservationId, row: &'a Self) -> Vec<Cell<'a>> {
        vec![
            uuid(&row.payment.0),
            uuid(&key.0),
            uuid(&row.user.0),
            uuid(&row.concert.0),
            Cell::Int(row.amount.0),
            when(row.payment_date),
        ]
    }
    fn read(source: &dyn Source) -> Result<(ReservationId, Self), Fault> {
        let c = Columns(source);
        let row = Self {
            payment: PaymentId(c.uuid(0)?),
            user: UserId(c.uuid(2)?),
            concert: ConcertId(c.uuid(3)?),
            amount: c.money(4)?,
            payment_date: c.time(5)?,
        };
        Ok((ReservationId(c.uuid(1)?), row))
    }
}

impl Record for Balance {
    type Key = UserId;
    const TABLE: &'static Table = &table::BALANCE;
    fn cells<'a>(key: &'a UserId, row: &'a Self) -> Vec<Cell<'a>> {
        vec![uuid(&key.0), Cell::Int(row.amount.0), number(row.entry_count), when(row.updated_at)]
    }
    fn read(source: &dyn Source) -> Result<(UserId, Self), Fault> {
        let c = Columns(source);
        let row = Self { amount: c.money(1)?, entry_count: c.number(2)?, updated_at: c.time(3)? };
        Ok((UserId(c.uuid(0)?), row))
    }
}

impl Record for LedgerEntry {
    type Key = (UserId, u64);
    const TABLE: &'static Table = &table::BALANCE_ENTRY;
    fn cells<'a>(key: &'a (UserId, u64), row: &'a Self) -> Vec<Cell<'a>> {
        vec![
            uuid(&key.0.0),
            number(key.1),
            word_of(is_in(row.kind), ENTRY_KIND),
            Cell::Int(row.amount.0),
            Cell::Int(row.balance_after.0),
            uuid(&row.reference),
            when(row.created_at),
            maybe_text(row.reason.as_deref()),
        ]
    }
    fn read(source: &dyn Source) -> Result<((UserId, u64), Self), Fault> {
        let c = Columns(source);
        let reason = source.text(7)?;
        let row = Self {
            kind: entry_kind(c.word(2, ENTRY_KIND)?, reason.is_some()),
            amount: c.money(3)?,
            balance_after: c.money(4)?,
            reference: c.uuid(5)?,
            created_at: c.time(6)?,
            reason,
        };
        Ok(((UserId(c.uuid(0)?), c.number(1)?), row))
    }
}

impl Record for IdempotencyRecord {
    type Key = (Uuid, String);
    const TABLE: &'static Table = &table::IDEMPOTENCY_KEY;
    fn cells<'a>(key: &'a (Uuid, String), row: &'a Self) -> Vec<Cell<'a>> {
        // An outcome is plain data with string keys; writing it as JSON cannot fail.
        let reply = serde_json::to_string(&row.outcome).unwrap_or_default();
        vec![
            uuid(&key.0),
            text(&key.1),
            Cell::Blob(Cow::Borrowed(&row.fingerprint)),
            Cell::Text(Cow::Owned(reply)),
            when(row.created_at),
        ]
    }
    fn read(source: &dyn Source) -> Result<((Uuid, String), Self), Fault> {
        let c = Columns(source);
        let outcome = serde_json::from_str(&c.text(3)?).map_err(|_| corrupt("stored reply"))?;
        let row = Self { fingerprint: source.bytes32(2)?, outcome, created_at: c.time(4)? };
        Ok(((c.uuid(0)?, c.text(1)?), row))
    }
}
