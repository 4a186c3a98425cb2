//! The readers: views' questions on a read-only connection.

use super::super::events::{Kept, ONLY_NODE, Told};
use super::super::keys::{self, LiveKey, TicketKey};
use super::super::reads::{
    OVER_MAX, Of, Performance, Reads, SOLD_MAX, SeatOf, Snapshot, Sold, WholeConcert, WholeRefund,
    WholeReservation, general_first, refunds, sold,
};
use super::super::records::{self, Record, Source, TABLES};
use super::super::sql::select;
use super::super::{Fault, memory::Dump};
use super::open::{Files, open_reader};
use super::{cells, count_steps};
use boxoffice_core::concert::{Concert, ConcertDate, Seat};
use boxoffice_core::id::{
    ConcertId, DateId, EventKey, JobId, LayoutId, PaymentId, PlaceKey, PosterId, QueueId,
    ReservationId, SessionId, UserId, Uuid,
};
use boxoffice_core::job::{Job, JobState};
use boxoffice_core::layout::Layout;
use boxoffice_core::limits::OVER_AFTER_MS;
use boxoffice_core::payment::{Payment, RefundRow, RefundedSeat};
use boxoffice_core::poster::Poster;
use boxoffice_core::queue::{Admission, Place, QueueState};
use boxoffice_core::reservation::{Reservation, ReservedSeat};
use boxoffice_core::session::Session;
use boxoffice_core::time::Time;
use boxoffice_core::user::User;
use boxoffice_core::wallet::{Balance, Transfer};
use rusqlite::{Connection, Params, Row, params};
use sea_query::SqliteQueryBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;

/// A read-only connection.
pub struct SqliteReads {
    connection: Connection,
}

/// All columns of a record's table, then what is given.
fn columns_of<R: Record>(rest: &str) -> String {
    format!("{} {rest}", select(R::TABLE, &[], &[], SqliteQueryBuilder))
}

impl SqliteReads {
    /// Opens the file for reading.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(files: &Files) -> Result<Self, Fault> {
        Ok(Self { connection: open_reader(files)? })
    }

    /// Adds to `count`, from now on, each step of SQLite's machine: for tests of what a request costs.
    ///
    /// # Errors
    /// The database is not available.
    #[doc(hidden)]
    pub fn count_steps(&mut self, count: &'static AtomicU64) -> Result<(), Fault> {
        count_steps(&mut self.connection, count)
    }

    fn all<R: Record>(&self, rest: &str, bound: impl Params) -> Result<Vec<(R::Key, R)>, Fault> {
        let mut statement = self.connection.prepare_cached(&columns_of::<R>(rest))?;
        let mut found = statement.query(bound)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            rows.push(R::read(row)?);
        }
        Ok(rows)
    }

    fn first<R: Record>(
        &self,
        rest: &str,
        bound: impl Params,
    ) -> Result<Option<(R::Key, R)>, Fault> {
        Ok(self.all::<R>(rest, bound)?.into_iter().next())
    }

    fn payment_row(&self, id: PaymentId) -> Result<Option<(ReservationId, Payment)>, Fault> {
        self.first::<Payment>("WHERE amount_id = ?", params![id.0.as_bytes()])
    }

    fn whole(
        &self,
        id: ReservationId,
        reservation: Reservation,
    ) -> Result<WholeReservation, Fault> {
        let rest = "WHERE reservation_id = ? ORDER BY seat_number";
        let seats = self.all::<ReservedSeat>(rest, params![id.0.as_bytes()])?;
        Ok((id, reservation, seats.into_iter().map(|(_, seat)| seat).collect()))
    }

    fn places(&self, queue: &[u8; 16], status: &str) -> Result<Vec<PlaceKey>, Fault> {
        let rest = "WHERE queue_id = ? AND status = ?";
        let found = self.all::<Place>(rest, params![queue, status])?;
        Ok(found.into_iter().map(|(key, _)| key).collect())
    }

    fn concerts(&self, of: Of) -> Result<Vec<(ConcertId, Concert)>, Fault> {
        match of {
            Of::Concert(id) => self.all::<Concert>("WHERE concert_id = ?", [id.0.as_bytes()]),
            Of::Live(now) => self.all::<Concert>(LIVE, [now.plus_ms(-OVER_AFTER_MS).0]),
        }
    }

    fn known(&self) -> Result<Vec<(ConcertId, bool)>, Fault> {
        let text = "SELECT concert_id, deleted_at IS NOT NULL FROM concert \
                    ORDER BY concert_id DESC LIMIT ?";
        let mut statement = self.connection.prepare_cached(text)?;
        let limit = i64::try_from(OVER_MAX).unwrap_or(i64::MAX);
        let found = statement
            .query_map([limit], |row| Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, bool>(1)?)))?;
        let ids: Result<Vec<_>, _> = found.collect();
        Ok(ids?.into_iter().map(|(id, gone)| (ConcertId(Uuid::from_bytes(id)), gone)).collect())
    }

    fn ended(&self, now: Time) -> Result<Vec<(SessionId, Time)>, Fault> {
        let text = "SELECT session_id, refused_until FROM session WHERE refused_until > ?";
        let mut statement = self.connection.prepare_cached(text)?;
        let found = statement
            .query_map([now.0], |row| Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, i64>(1)?)))?;
        let ended = found.map(|row| {
            let (id, until) = row?;
            Ok((SessionId(Uuid::from_bytes(id)), Time(until)))
        });
        ended.collect()
    }

    fn queues(&self, concert: ConcertId) -> Result<Vec<(QueueId, QueueState)>, Fault> {
        self.all::<QueueState>("WHERE concert_id = ?", [concert.0.as_bytes()])
    }

    fn dates(&self, concert: ConcertId) -> Result<Vec<(DateId, ConcertDate)>, Fault> {
        let rest = "WHERE concert_id = ? AND withdrawn_at IS NULL \
                    ORDER BY concert_date, concert_date_id";
        self.all::<ConcertDate>(rest, [concert.0.as_bytes()])
    }

    /// Concert by concert, by keys and indexes: rows of those that are not asked for are not read.
    /// Places that left without being served and that the cursor has not passed: the draw decides
    /// which those are, so that the ones far behind are dropped by the read_model.
    fn read_snapshot(&self, of: Of) -> Result<Snapshot, Fault> {
        let mut all = Snapshot { concerts: self.concerts(of)?, ..Snapshot::default() };
        if let Of::Live(now) = of {
            all.known = self.known()?;
            all.ended = self.ended(now)?;
        }
        for (concert, _) in &all.concerts {
            for (date, row) in self.dates(*concert)? {
                let rest = "WHERE concert_date_id = ? ORDER BY seat_number";
                all.seats.extend(self.all::<Seat>(rest, [date.0.as_bytes()])?);
                all.dates.push((date, row));
            }
            for (queue, row) in self.queues(*concert)? {
                let id = queue.id.as_bytes();
                let rest = "WHERE queue_id = ? AND (is_active = 1 OR end_reason = 'no_show')";
                all.admissions.extend(self.all::<Admission>(rest, [id])?);
                all.left.extend(self.places(id, "left")?);
                all.returning.extend(self.places(id, "returning")?);
                all.queues.push((queue, row));
            }
        }
        Ok(all)
    }
}

/// Concerts that are not over, as `Concert::is_over` says, or in whose shop somebody is; bound is the
/// time by which all must have ended.
const LIVE: &str = "WHERE deleted_at IS NULL AND (start_at > ?1 \
     OR coalesce(min(iif(reopened_at >= end_at, NULL, end_at), closed_at), \
         iif(reopened_at >= end_at, NULL, end_at), closed_at) > ?1 \
     OR EXISTS (SELECT 1 FROM concert_date d WHERE d.concert_id = concert.concert_id \
         AND d.concert_date > ?1 AND d.withdrawn_at IS NULL) \
     OR (iif(reopened_at >= end_at, NULL, end_at) IS NULL AND closed_at IS NULL AND NOT EXISTS (SELECT 1 FROM concert_date d \
         WHERE d.concert_id = concert.concert_id AND d.withdrawn_at IS NULL))) \
     OR EXISTS (SELECT 1 FROM queue_state q \
         WHERE q.concert_id = concert.concert_id AND q.active > 0) ORDER BY concert_id";

/// A user's reservations that have ended unpaid, newest first.
const ENDED_UNPAID: &str = "INDEXED BY reservation_unpaid WHERE user_id = ? AND reservation_id < ? \
     AND status <> 'held' AND amount_id IS NULL ORDER BY reservation_id DESC LIMIT ?";
/// Those that were paid.
const PAID: &str = "INDEXED BY reservation_paid WHERE user_id = ? AND reservation_id < ? \
     AND amount_id IS NOT NULL ORDER BY reservation_id DESC LIMIT ?";

/// What of a date is booked: seats, or money that was kept without them.
const BOOKED: &str = "SELECT reservation_id FROM seat \
     WHERE concert_date_id = ?1 AND status = 'sold' AND reservation_id > ?2 \
     UNION SELECT reservation_id FROM reservation INDEXED BY reservation_by_buyer \
     WHERE concert_date_id = ?1 AND amount_id IS NOT NULL AND status = 'refunded' \
         AND refunded_amount < total_price AND reservation_id > ?2 \
     ORDER BY reservation_id LIMIT ?3";
/// Seats of a date that are sold, and those that went back; bound are the date, the seat and the reservation after
/// which they are wanted, and how many.
const SOLD_SEATS: &str = "SELECT seat_number, reservation_id FROM seat \
     WHERE concert_date_id = ?1 AND seat_number >= ?2 AND status = 'sold' \
     AND (seat_number > ?2 OR reservation_id > ?3) ORDER BY seat_number LIMIT ?4";
const RETURNED_SEATS: &str = "SELECT seat_number, reservation_id FROM refund_seat \
     INDEXED BY refund_seat_by_date WHERE concert_date_id = ?1 AND seat_number >= ?2 \
     AND (seat_number > ?2 OR reservation_id > ?3) ORDER BY seat_number, reservation_id LIMIT ?4";

/// A user's newest place of the newest concert before the one that is bound, and whether it is open.
const NEWEST_PLACE: &str = "SELECT w.concert_id, w.queue_id, w.sequence, \
         w.status IN ('waiting', 'returning') OR coalesce(t.is_active, 0) = 1 \
     FROM waiting_queue w INDEXED BY waiting_queue_by_user \
     LEFT JOIN user_token t ON t.queue_id = w.queue_id AND t.sequence = w.sequence \
     WHERE w.user_id = ?1 AND w.concert_id < ?2 \
     ORDER BY w.concert_id DESC, w.visit DESC LIMIT 1";

/// A place by concert, queue and sequence, in this order.
pub(super) fn place(row: &Row<'_>) -> Result<PlaceKey, Fault> {
    let id = |column| Ok::<_, Fault>(super::Source::uuid(row, column)?.unwrap_or_default());
    let queue = QueueId { concert: ConcertId(id(0)?), id: id(1)? };
    let sequence = u64::try_from(row.get::<_, i64>(2)?).unwrap_or_default();
    Ok(PlaceKey { queue, sequence })
}

impl Reads for SqliteReads {
    fn user_by_name(&mut self, username: &str) -> Result<Option<(UserId, User)>, Fault> {
        self.first::<User>("WHERE username = ?", params![username])
    }

    fn user_by_look(&mut self, look: &str) -> Result<Option<(UserId, User)>, Fault> {
        self.first::<User>("WHERE username_look = ?", params![look])
    }

    fn user(&mut self, id: UserId) -> Result<Option<User>, Fault> {
        let found = self.first::<User>("WHERE user_id = ?", params![id.0.as_bytes()])?;
        Ok(found.map(|(_, user)| user))
    }

    fn sessions(&mut self, user: UserId, limit: usize) -> Result<Vec<(SessionId, Session)>, Fault> {
        let rest = "WHERE user_id = ? AND ended_at IS NULL ORDER BY created_at DESC LIMIT ?";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all::<Session>(rest, params![user.0.as_bytes(), limit])
    }

    fn newest_place(
        &mut self,
        user: UserId,
        before: Option<ConcertId>,
    ) -> Result<Option<(PlaceKey, bool)>, Fault> {
        let before = before.map_or([0xff; 16], |id| id.0.into_bytes());
        let mut statement = self.connection.prepare_cached(NEWEST_PLACE)?;
        let mut found = statement.query(params![user.0.as_bytes(), before])?;
        let Some(row) = found.next()? else { return Ok(None) };
        Ok(Some((place(row)?, row.get(3)?)))
    }

    fn reservation(&mut self, id: ReservationId) -> Result<Option<WholeReservation>, Fault> {
        let rest = "WHERE reservation_id = ?";
        let found = self.first::<Reservation>(rest, params![id.0.as_bytes()])?;
        found.map(|(id, reservation)| self.whole(id, reservation)).transpose()
    }

    fn ended_reservations(
        &mut self,
        user: UserId,
        before: Option<ReservationId>,
        limit: usize,
    ) -> Result<Vec<WholeReservation>, Fault> {
        let before = before.map_or([0xff; 16], |id| id.0.into_bytes());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut found = Vec::new();
        // One that is paid between the two looks is in the later one.
        for rest in [ENDED_UNPAID, PAID] {
            found.extend(self.all::<Reservation>(rest, params![user.0.as_bytes(), before, limit])?);
        }
        found.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        found.into_iter().map(|(id, row)| self.whole(id, row)).collect()
    }

    fn bookings(
        &mut self,
        user: UserId,
        before: Option<PaymentId>,
        limit: usize,
    ) -> Result<Vec<(WholeReservation, Payment)>, Fault> {
        let before = match before {
            None => [0xff; 16],
            // Ids are of one kind: one of no payment says when all the same.
            Some(id) => self.payment_row(id)?.map_or(id.0, |(of, _)| of.0).into_bytes(),
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = self.all::<Reservation>(PAID, params![user.0.as_bytes(), before, limit])?;
        let mut bookings = Vec::with_capacity(found.len());
        for (id, row) in found {
            let payment = row.payment.map(|payment| self.payment_row(payment)).transpose()?;
            let payment =
                payment.flatten().ok_or_else(|| Fault::Corrupt("a payment is gone".into()))?;
            bookings.push((self.whole(id, row)?, payment.1));
        }
        Ok(bookings)
    }

    fn payment(&mut self, id: PaymentId) -> Result<Option<(WholeReservation, Payment)>, Fault> {
        let Some((id, payment)) = self.payment_row(id)? else { return Ok(None) };
        let whole = self.reservation(id)?;
        let whole = whole.ok_or_else(|| Fault::Corrupt("a reservation is gone".into()))?;
        Ok(Some((whole, payment)))
    }

    fn refunds(
        &mut self,
        ids: &BTreeSet<ReservationId>,
    ) -> Result<BTreeMap<ReservationId, Vec<WholeRefund>>, Fault> {
        let (mut rows, mut seats) = (Vec::new(), Vec::new());
        for id in ids {
            let rest = "WHERE reservation_id = ? ORDER BY refund_number";
            rows.extend(self.all::<RefundRow>(rest, params![id.0.as_bytes()])?);
            let rest = "WHERE reservation_id = ? ORDER BY seat_number";
            seats.extend(self.all::<RefundedSeat>(rest, params![id.0.as_bytes()])?);
        }
        Ok(refunds(rows, &seats))
    }

    fn sold(
        &mut self,
        date: DateId,
        after: Option<ReservationId>,
        limit: usize,
    ) -> Result<Vec<Sold>, Fault> {
        let mut statement = self.connection.prepare_cached(BOOKED)?;
        let after = after.map_or([0; 16], |id| id.0.into_bytes());
        let limit = i64::try_from(limit.min(SOLD_MAX)).unwrap_or(i64::MAX);
        let found =
            statement.query_map(params![date.0.as_bytes(), after, limit], |row| row.get(0))?;
        let ids: Vec<[u8; 16]> = found.collect::<Result<_, _>>()?;
        drop(statement);
        let (mut whole, mut payments, mut users) = (Vec::new(), Vec::new(), Vec::new());
        for id in &ids {
            let found = self.reservation(ReservationId(Uuid::from_bytes(*id)))?;
            let found = found.ok_or_else(|| Fault::Corrupt("a reservation is gone".into()))?;
            payments.extend(self.first::<Payment>("WHERE reservation_id = ?", [id])?);
            let user = found.1.user;
            users.extend(self.user(user)?.map(|row| (user, row)));
            whole.push(found);
        }
        let between = "WHERE concert_date_id = ? AND status = 'sold' \
                       AND reservation_id BETWEEN ? AND ?";
        let seats = match ids.first().zip(ids.last()) {
            Some((first, last)) => {
                self.all::<Seat>(between, params![date.0.as_bytes(), first, last])?
            }
            None => Vec::new(),
        };
        sold(whole, payments, users, seats)
    }

    fn balance(&mut self, user: UserId) -> Result<Balance, Fault> {
        let found = self.first::<Balance>("WHERE user_id = ?", params![user.0.as_bytes()])?;
        Ok(found.map(|(_, balance)| balance).unwrap_or_default())
    }

    fn ledger(
        &mut self,
        user: UserId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Transfer)>, Fault> {
        let rest = "WHERE user_id = ? AND entry_number < ? ORDER BY entry_number DESC LIMIT ?";
        let before = before.and_then(|n| i64::try_from(n).ok()).unwrap_or(i64::MAX);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = self.all::<Transfer>(rest, params![user.0.as_bytes(), before, limit])?;
        Ok(found.into_iter().map(|((_, number), entry)| (number, entry)).collect())
    }

    fn events_kept(&mut self) -> Result<Kept, Fault> {
        let text = "SELECT (SELECT min(event_number) FROM event WHERE node_number = ?1), \
             (SELECT max(event_number) FROM event WHERE node_number = ?1)";
        let mut statement = self.connection.prepare_cached(text)?;
        let node = i64::try_from(ONLY_NODE).unwrap_or(i64::MAX);
        let ends: (Option<i64>, Option<i64>) =
            statement.query_row([node], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let number = |number: i64| u64::try_from(number).unwrap_or(0);
        let ends = ends.0.zip(ends.1).map(|(first, last)| (number(first), number(last)));
        Ok(ends.map(|ends| (ONLY_NODE, ends)).into_iter().collect())
    }

    fn events(&mut self, node: u64, after: u64, limit: usize) -> Result<Vec<Told>, Fault> {
        let text = "SELECT node_number, event_number, created_at, kind, concert_id, concert_date_id, \
             user_id, data FROM event WHERE node_number = ? AND event_number > ? \
             ORDER BY event_number LIMIT ?";
        let mut statement = self.connection.prepare_cached(text)?;
        let bound = [node, after, u64::try_from(limit).unwrap_or(u64::MAX)];
        let mut found = statement.query(bound.map(|n| i64::try_from(n).unwrap_or(i64::MAX)))?;
        let mut events = Vec::new();
        while let Some(row) = found.next()? {
            let number = |column| Ok::<_, Fault>(Source::int(row, column)?.unwrap_or_default());
            let count = |column| Ok::<_, Fault>(u64::try_from(number(column)?).unwrap_or(0));
            events.push(Told {
                key: EventKey { node: count(0)?, number: count(1)? },
                created_at: Time(number(2)?),
                kind: Source::text(row, 3)?.unwrap_or_default(),
                concert: Source::uuid(row, 4)?,
                date: Source::uuid(row, 5)?,
                user: Source::uuid(row, 6)?,
                data: Source::text(row, 7)?.unwrap_or_default(),
            });
        }
        Ok(events)
    }

    fn job(&mut self, id: JobId) -> Result<Option<Job>, Fault> {
        let found = self.first::<Job>("WHERE job_id = ?", [id.0.as_bytes()])?;
        Ok(found.map(|(_, job)| job))
    }

    fn layout(&mut self, id: LayoutId) -> Result<Option<String>, Fault> {
        let found = self.first::<Layout>("WHERE layout_id = ?", [id.to_string()])?;
        Ok(found.map(|(_, layout)| layout.body))
    }

    fn poster(&mut self, id: PosterId) -> Result<Option<Poster>, Fault> {
        let found = self.first::<Poster>("WHERE poster_id = ?", [id.to_string()])?;
        Ok(found.map(|(_, poster)| poster))
    }

    fn jobs(&mut self, before: Option<JobId>, limit: usize) -> Result<Vec<(JobId, Job)>, Fault> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let before = before.as_ref().map(|id| id.0.as_bytes());
        self.all::<Job>(
            "WHERE ?1 IS NULL OR job_id < ?1 ORDER BY job_id DESC LIMIT ?2",
            params![before, limit],
        )
    }

    fn jobs_due(&mut self, now: Time, limit: usize) -> Result<Vec<(JobId, Job)>, Fault> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all::<Job>("WHERE due_at <= ? ORDER BY due_at LIMIT ?", params![now.0, limit])
    }

    fn job_counts(&mut self) -> Result<Vec<(JobState, u64)>, Fault> {
        let text = "SELECT state, count(*) FROM job GROUP BY state";
        let mut statement = self.connection.prepare_cached(text)?;
        let mut found = statement.query([])?;
        let mut counts = Vec::new();
        while let Some(row) = found.next()? {
            counts.push(records::job::count(row)?);
        }
        Ok(counts)
    }

    fn taken(
        &mut self,
        date: DateId,
        after: Option<ReservationId>,
        limit: usize,
    ) -> Result<Vec<ReservationId>, Fault> {
        let text = "SELECT DISTINCT reservation_id FROM seat \
             WHERE concert_date_id = ?1 AND status IN ('held', 'sold') \
             AND (?2 IS NULL OR reservation_id > ?2) ORDER BY reservation_id LIMIT ?3";
        let mut statement = self.connection.prepare_cached(text)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let after = after.as_ref().map(|id| id.0.as_bytes());
        let mut found = statement.query(params![date.0.as_bytes(), after, limit])?;
        let mut ids = Vec::new();
        while let Some(row) = found.next()? {
            ids.extend(Source::uuid(row, 0)?.map(ReservationId));
        }
        Ok(ids)
    }

    fn paid_seats(
        &mut self,
        (date, went_back): (DateId, bool),
        after: Option<SeatOf>,
        limit: usize,
    ) -> Result<Vec<SeatOf>, Fault> {
        let text = if went_back { RETURNED_SEATS } else { SOLD_SEATS };
        let mut statement = self.connection.prepare_cached(text)?;
        let (seat, reservation) = after.unwrap_or((0, ReservationId(Uuid::nil())));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let bound = params![date.0.as_bytes(), seat, reservation.0.as_bytes(), limit];
        let found = statement
            .query_map(bound, |row| Ok((row.get::<_, u32>(0)?, row.get::<_, [u8; 16]>(1)?)))?;
        let seats = found.map(|row| {
            let (seat, id) = row?;
            Ok((seat, ReservationId(Uuid::from_bytes(id))))
        });
        seats.collect()
    }

    fn ticket_keys(&mut self) -> Result<Vec<TicketKey>, Fault> {
        let mut statement = self.connection.prepare_cached(&keys::ticket_keys())?;
        let mut found = statement.query([])?;
        let mut keys = Vec::new();
        while let Some(row) = found.next()? {
            keys.push(keys::read_ticket_key(row)?);
        }
        Ok(keys)
    }

    fn api_keys(&mut self) -> Result<Vec<LiveKey>, Fault> {
        let mut statement = self.connection.prepare_cached(&keys::live())?;
        let mut found = statement.query([])?;
        let mut keys = Vec::new();
        while let Some(row) = found.next()? {
            keys.push(keys::read_live(row)?);
        }
        Ok(keys)
    }

    fn concert(&mut self, id: ConcertId) -> Result<Option<WholeConcert>, Fault> {
        let Some((_, concert)) = self.concerts(Of::Concert(id))?.pop() else {
            return Ok(None);
        };
        Ok(Some((concert, general_first(self.queues(id)?)?, self.dates(id)?)))
    }

    fn performances(
        &mut self,
        dates: &BTreeSet<DateId>,
    ) -> Result<BTreeMap<DateId, Performance>, Fault> {
        let mut found = BTreeMap::new();
        for id in dates {
            let rest = "WHERE concert_date_id = ?";
            let Some((_, date)) = self.first::<ConcertDate>(rest, [id.0.as_bytes()])? else {
                continue;
            };
            let concert = self.concerts(Of::Concert(date.concert))?.pop();
            found.extend(concert.map(|(_, concert)| (*id, (date, concert))));
        }
        Ok(found)
    }

    fn snapshot(&mut self, of: Of) -> Result<Snapshot, Fault> {
        self.connection.execute_batch("BEGIN")?;
        let snapshot = self.read_snapshot(of);
        self.connection.execute_batch("COMMIT")?;
        snapshot
    }

    fn dump(&mut self) -> Result<Dump, Fault> {
        let mut dump = Dump::new();
        for table in TABLES {
            let mut statement =
                self.connection.prepare(&select(table, &[], &[], SqliteQueryBuilder))?;
            let columns = table.columns().count();
            let mut found = statement.query([])?;
            let mut lines = Vec::new();
            while let Some(row) = found.next()? {
                lines.push(cells(row, columns)?);
            }
            lines.sort();
            dump.insert(table.name, lines);
        }
        Ok(dump)
    }
}
