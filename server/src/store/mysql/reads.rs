//! The readers: views' questions. They connect by themselves, and again when a connection is found
//! dead: a question changes nothing and may be asked twice.

use super::super::events::{Kept, Told};
use super::super::keys::{self, LiveKey, TicketKey};
use super::super::reads::{
    OVER_MAX, Of, Performance, Reads, SOLD_MAX, SeatOf, Snapshot, Sold, WholeConcert, WholeRefund,
    WholeReservation, general_first, refunds, sold,
};
use super::super::records::{self, Record, Source, TABLES};
use super::super::{Fault, memory::Dump};
use super::connect::{Link, Options};
use super::events;
use super::fault::Trouble;
use super::text::{KEYS_MAX, Line, all_columns, id, list, records, words};
use boxoffice_core::concert::{Concert, ConcertDate, Seat};
use boxoffice_core::id::{
    ConcertId, DateId, JobId, LayoutId, PaymentId, PlaceKey, PosterId, QueueId, ReservationId,
    SeatKey, SessionId, UserId,
};
use boxoffice_core::job::{Job, JobState};
use boxoffice_core::layout::Layout;
use boxoffice_core::limits::OVER_AFTER_MS;
use boxoffice_core::payment::{Payment, RefundRow, RefundedSeat};
use boxoffice_core::poster::Poster;
use boxoffice_core::queue::{Admission, QueueState};
use boxoffice_core::reservation::{Reservation, ReservedSeat};
use boxoffice_core::session::Session;
use boxoffice_core::time::Time;
use boxoffice_core::user::User;
use boxoffice_core::wallet::{Balance, Transfer};
use mysql::Row;
use std::collections::{BTreeMap, BTreeSet};

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

/// Concerts that are not over at `now`, as `Concert::is_over` says, or in whose shop somebody is.
fn live(now: Time) -> String {
    let by = now.plus_ms(-OVER_AFTER_MS).0;
    let end = "IF(reopened_at >= end_at, NULL, end_at)";
    format!(
        "WHERE deleted_at IS NULL AND (start_at > {by} \
         OR COALESCE(LEAST({end}, closed_at), {end}, closed_at) > {by} \
         OR EXISTS (SELECT 1 FROM concert_date d WHERE d.concert_id = concert.concert_id \
             AND d.concert_date > {by} AND d.withdrawn_at IS NULL) \
         OR ({end} IS NULL AND closed_at IS NULL AND NOT EXISTS (SELECT 1 FROM concert_date d \
             WHERE d.concert_id = concert.concert_id AND d.withdrawn_at IS NULL))) \
         OR EXISTS (SELECT 1 FROM queue_state q \
             WHERE q.concert_id = concert.concert_id AND q.active > 0) ORDER BY concert_id"
    )
}

/// What the statements answer, by statement.
fn ask(link: &mut Link, text: &str) -> Result<impl FnMut() -> Vec<Row> + use<>, Fault> {
    let mut answers = link.ask(text).map_err(Trouble::outside)?.into_iter();
    Ok(move || answers.next().map(|answer| answer.rows).unwrap_or_default())
}

/// Everything that a read_model starts from, of these concerts.
pub(super) fn snapshot(link: &mut Link, of: Of) -> Result<Snapshot, Fault> {
    snapshot_of(link, |link| read_snapshot(link, of))
}

/// First which concerts these are, then their dates, then what belongs to them by keys and indexes: rows
/// of other concerts are not read.
fn read_snapshot(link: &mut Link, of: Of) -> Result<Snapshot, Fault> {
    let (which, known) = match of {
        Of::Concert(key) => (format!("WHERE concert_id = {}", id(&key.0)), 0),
        Of::Live(now) => (live(now), OVER_MAX),
    };
    let known = format!(
        "SELECT concert_id, deleted_at FROM concert ORDER BY concert_id DESC LIMIT {known}"
    );
    let ended = match of {
        Of::Concert(_) => "refused_until > 0 LIMIT 0".to_owned(),
        Of::Live(now) => format!("refused_until > {}", now.0),
    };
    let ended = format!("SELECT session_id, refused_until FROM session WHERE {ended}");
    let text = format!("{}; {known}; {ended}", columns_of::<Concert>(&which));
    let mut next = ask(link, &text)?;
    let concerts = records::<Concert>(next())?;
    let known = next()
        .into_iter()
        .map(Line)
        .map(|line| Ok((ConcertId(line.id(0)?), line.int(1)?.is_some())));
    let known = known.collect::<Result<Vec<_>, Fault>>()?;
    let ended = next()
        .into_iter()
        .map(Line)
        .map(|line| Ok((SessionId(line.id(0)?), Time(line.int(1)?.unwrap_or_default()))));
    let ended = ended.collect::<Result<Vec<_>, Fault>>()?;
    let mut all = Snapshot { concerts, known, ended, ..Snapshot::default() };
    let ids: Vec<ConcertId> = all.concerts.iter().map(|(key, _)| *key).collect();
    for some in ids.chunks(KEYS_MAX) {
        read_concerts(link, some, &mut all)?;
    }
    Ok(all)
}

fn read_concerts(link: &mut Link, some: &[ConcertId], all: &mut Snapshot) -> Result<(), Fault> {
    let among = format!("concert_id IN ({})", list(some.iter().map(|key| id(&key.0))));
    let text = [
        columns_of::<ConcertDate>(&format!(
            "WHERE {among} AND withdrawn_at IS NULL ORDER BY concert_date_id"
        )),
        columns_of::<QueueState>(&format!("WHERE {among} ORDER BY concert_id, queue_id")),
    ];
    let mut next = ask(link, &text.join("; "))?;
    let dates = records::<ConcertDate>(next())?;
    let queues = records::<QueueState>(next())?;
    for some in queues.chunks(KEYS_MAX) {
        read_lines(link, some, all)?;
    }
    all.queues.extend(queues);
    for some in dates.chunks(KEYS_MAX) {
        let among = list(some.iter().map(|(key, _)| id(&key.0)));
        let rest =
            format!("WHERE concert_date_id IN ({among}) ORDER BY concert_date_id, seat_number");
        all.seats.extend(records::<Seat>(ask(link, &columns_of::<Seat>(&rest))?())?);
    }
    all.dates.extend(dates);
    Ok(())
}

/// Who is in the shop by way of these queues, and whose places are not told by their cursors.
fn read_lines(
    link: &mut Link,
    some: &[(QueueId, QueueState)],
    all: &mut Snapshot,
) -> Result<(), Fault> {
    let among = format!("queue_id IN ({})", list(some.iter().map(|(key, _)| id(&key.id))));
    let left = |status: &str| {
        format!(
            "SELECT concert_id, queue_id, sequence FROM waiting_queue \
             WHERE {among} AND status = '{status}' ORDER BY queue_id, sequence"
        )
    };
    let text = [
        columns_of::<Admission>(&format!(
            "WHERE {among} AND (is_active = 1 OR end_reason = 'no_show')"
        )),
        left("left"),
        left("returning"),
    ];
    let mut next = ask(link, &text.join("; "))?;
    all.admissions.extend(records::<Admission>(next())?);
    all.left.extend(places(next())?);
    all.returning.extend(places(next())?);
    Ok(())
}

/// The seats of a date.
pub(super) fn seats_of(link: &mut Link, date: DateId) -> Result<Vec<(SeatKey, Seat)>, Fault> {
    let text = columns_of::<Seat>(&format!("WHERE concert_date_id = {}", id(&date.0)));
    let answers = link.ask(&text).map_err(Trouble::outside)?;
    records::<Seat>(answers.into_iter().flat_map(|answer| answer.rows).collect())
}

fn places(rows: Vec<Row>) -> Result<Vec<PlaceKey>, Fault> {
    rows.into_iter().map(|row| place(&Line(row))).collect()
}

/// A place by concert, queue and sequence, in this order.
pub(super) fn place(line: &Line) -> Result<PlaceKey, Fault> {
    let queue = QueueId { concert: ConcertId(line.id(0)?), id: line.id(1)? };
    Ok(PlaceKey { queue, sequence: line.count(2)? })
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

/// Rows of a date beyond a seat and reservation.
fn beyond(date: DateId, after: Option<SeatOf>) -> String {
    let of = format!("concert_date_id = {}", id(&date.0));
    let after = after.map(|(seat, key)| {
        let key = id(&key.0);
        format!(" AND seat_number >= {seat} AND (seat_number > {seat} OR reservation_id > {key})")
    });
    of + &after.unwrap_or_default()
}

impl Reads for MySqlReads {
    fn user_by_name(&mut self, username: &str) -> Result<Option<(UserId, User)>, Fault> {
        self.first::<User>(&format!("WHERE username = {}", words(username)))
    }

    fn user_by_look(&mut self, look: &str) -> Result<Option<(UserId, User)>, Fault> {
        self.first::<User>(&format!("WHERE username_look = {}", words(look)))
    }

    fn user(&mut self, user: UserId) -> Result<Option<User>, Fault> {
        let found = self.first::<User>(&format!("WHERE user_id = {}", id(&user.0)))?;
        Ok(found.map(|(_, user)| user))
    }

    fn sessions(&mut self, user: UserId, limit: usize) -> Result<Vec<(SessionId, Session)>, Fault> {
        let rest = format!(
            "FORCE INDEX (session_by_user) WHERE user_id = {} AND ended_at IS NULL \
             ORDER BY created_at DESC LIMIT {limit}",
            id(&user.0)
        );
        self.all::<Session>(&rest)
    }

    fn newest_place(
        &mut self,
        user: UserId,
        before: Option<ConcertId>,
    ) -> Result<Option<(PlaceKey, bool)>, Fault> {
        let before = before.map(|key| format!(" AND w.concert_id < {}", id(&key.0)));
        let text = format!(
            "SELECT w.concert_id, w.queue_id, w.sequence, \
                 w.status IN ('waiting', 'returning') OR COALESCE(t.is_active, 0) = 1 \
             FROM waiting_queue w FORCE INDEX (waiting_queue_by_user) \
             LEFT JOIN user_token t ON t.queue_id = w.queue_id AND t.sequence = w.sequence \
             WHERE w.user_id = {user}{before} \
             ORDER BY w.concert_id DESC, w.visit DESC LIMIT 1",
            user = id(&user.0),
            before = before.unwrap_or_default(),
        );
        let Some(row) = self.rows(&text)?.pop() else { return Ok(None) };
        let line = Line(row);
        Ok(Some((place(&line)?, line.count(3)? == 1)))
    }

    fn reservation(&mut self, key: ReservationId) -> Result<Option<WholeReservation>, Fault> {
        Ok(self.whole(&[key])?.remove(&key))
    }

    fn ended_reservations(
        &mut self,
        user: UserId,
        before: Option<ReservationId>,
        limit: usize,
    ) -> Result<Vec<WholeReservation>, Fault> {
        let before = before.map(|key| format!(" AND reservation_id < {}", id(&key.0)));
        let found = self.all::<Reservation>(&format!(
            "FORCE INDEX (reservation_by_user) WHERE user_id = {}{} AND status <> 'held' \
             ORDER BY reservation_id DESC LIMIT {limit}",
            id(&user.0),
            before.unwrap_or_default(),
        ))?;
        let ids: Vec<ReservationId> = found.iter().map(|(key, _)| *key).collect();
        let mut whole = self.whole(&ids)?;
        Ok(ids.iter().filter_map(|key| whole.remove(key)).collect())
    }

    fn bookings(
        &mut self,
        user: UserId,
        before: Option<PaymentId>,
        limit: usize,
    ) -> Result<Vec<(WholeReservation, Payment)>, Fault> {
        // Ids are of one kind: one of no payment says when all the same.
        let before = before.map(|key| {
            let key = id(&key.0);
            format!(
                " AND reservation_id < COALESCE((SELECT p.reservation_id FROM amount p \
                 WHERE p.amount_id = {key}), {key})"
            )
        });
        let payments = self.all::<Payment>(&format!(
            "FORCE INDEX (amount_by_user) WHERE user_id = {}{} \
             ORDER BY reservation_id DESC LIMIT {limit}",
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

    fn payment(&mut self, key: PaymentId) -> Result<Option<(WholeReservation, Payment)>, Fault> {
        let found = self.all::<Payment>(&format!("WHERE amount_id = {}", id(&key.0)))?.pop();
        let Some((key, payment)) = found else { return Ok(None) };
        let whole = self.whole(&[key])?.remove(&key);
        let whole = whole.ok_or_else(|| Fault::Corrupt("a reservation is gone".into()))?;
        Ok(Some((whole, payment)))
    }

    fn refunds(
        &mut self,
        ids: &BTreeSet<ReservationId>,
    ) -> Result<BTreeMap<ReservationId, Vec<WholeRefund>>, Fault> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let among = format!("WHERE reservation_id IN ({})", list(ids.iter().map(|key| id(&key.0))));
        let rest = format!("{among} ORDER BY reservation_id, refund_number");
        let rows = self.all::<RefundRow>(&rest)?;
        let rest = format!("{among} ORDER BY reservation_id, seat_number");
        let seats = self.all::<RefundedSeat>(&rest)?;
        Ok(refunds(rows, &seats))
    }

    fn sold(
        &mut self,
        date: DateId,
        after: Option<ReservationId>,
        limit: usize,
    ) -> Result<Vec<Sold>, Fault> {
        let of = format!("WHERE concert_date_id = {} AND status = 'sold'", id(&date.0));
        let after = after.map(|key| format!(" AND reservation_id > {}", id(&key.0)));
        let after = after.unwrap_or_default();
        // Seats, or money that was kept without them.
        let found = self.rows(&format!(
            "SELECT reservation_id FROM seat {of}{after} \
             UNION SELECT reservation_id FROM reservation FORCE INDEX (reservation_by_holder) \
             WHERE concert_date_id = {} AND amount_id IS NOT NULL AND status = 'refunded' \
                 AND refunded_amount < total_price{after} \
             ORDER BY reservation_id LIMIT {}",
            id(&date.0),
            limit.min(SOLD_MAX).min(KEYS_MAX),
        ))?;
        let keys = found.into_iter().map(|row| Ok(ReservationId(Line(row).id(0)?)));
        let keys = keys.collect::<Result<Vec<_>, Fault>>()?;
        let Some((first, last)) = keys.first().zip(keys.last()) else { return Ok(Vec::new()) };
        let (first, last) = (id(&first.0), id(&last.0));
        let seats =
            self.all::<Seat>(&format!("{of} AND reservation_id BETWEEN {first} AND {last}"))?;
        let whole = self.whole(&keys)?;
        let among = list(keys.iter().map(|key| id(&key.0)));
        let payments = self.all::<Payment>(&format!("WHERE reservation_id IN ({among})"))?;
        let users: BTreeSet<UserId> = whole.values().map(|(_, row, _)| row.user).collect();
        let among = list(users.iter().map(|user| id(&user.0)));
        let users = self.all::<User>(&format!("WHERE user_id IN ({among})"))?;
        sold(whole.into_values(), payments, users, seats)
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
    ) -> Result<Vec<(u64, Transfer)>, Fault> {
        let before = before.and_then(|n| i64::try_from(n).ok()).unwrap_or(i64::MAX);
        let found = self.all::<Transfer>(&format!(
            "WHERE user_id = {} AND entry_number < {before} \
             ORDER BY entry_number DESC LIMIT {limit}",
            id(&user.0),
        ))?;
        Ok(found.into_iter().map(|((_, number), entry)| (number, entry)).collect())
    }

    fn events_kept(&mut self) -> Result<Kept, Fault> {
        events::kept(&mut self.link)
    }

    fn events(&mut self, node: u64, after: u64, limit: usize) -> Result<Vec<Told>, Fault> {
        let found = self.rows(&events::after(node, after, limit))?.into_iter();
        found.map(events::told).collect()
    }

    fn job(&mut self, key: JobId) -> Result<Option<Job>, Fault> {
        let found = self.first::<Job>(&format!("WHERE job_id = {}", id(&key.0)))?;
        Ok(found.map(|(_, job)| job))
    }

    fn layout(&mut self, key: LayoutId) -> Result<Option<String>, Fault> {
        let found =
            self.first::<Layout>(&format!("WHERE layout_id = {}", words(&key.to_string())))?;
        Ok(found.map(|(_, layout)| layout.body))
    }

    fn poster(&mut self, id: PosterId) -> Result<Option<Poster>, Fault> {
        let rest = format!("WHERE poster_id = {}", words(&id.to_string()));
        Ok(self.first::<Poster>(&rest)?.map(|(_, poster)| poster))
    }

    fn jobs(&mut self, before: Option<JobId>, limit: usize) -> Result<Vec<(JobId, Job)>, Fault> {
        let before = before.map(|key| format!("WHERE job_id < {}", id(&key.0)));
        self.all::<Job>(&format!(
            "{} ORDER BY job_id DESC LIMIT {limit}",
            before.unwrap_or_default()
        ))
    }

    fn jobs_due(&mut self, now: Time, limit: usize) -> Result<Vec<(JobId, Job)>, Fault> {
        self.all::<Job>(&format!("WHERE due_at <= {} ORDER BY due_at LIMIT {limit}", now.0))
    }

    fn job_counts(&mut self) -> Result<Vec<(JobState, u64)>, Fault> {
        let found = self.rows("SELECT state, COUNT(*) FROM job GROUP BY state")?.into_iter();
        found.map(|row| records::job::count(&Line(row))).collect()
    }

    fn taken(
        &mut self,
        date: DateId,
        after: Option<ReservationId>,
        limit: usize,
    ) -> Result<Vec<ReservationId>, Fault> {
        let after = after.map(|key| format!(" AND reservation_id > {}", id(&key.0)));
        let found = self.rows(&format!(
            "SELECT DISTINCT reservation_id FROM seat \
             WHERE concert_date_id = {} AND status IN ('held', 'sold'){} \
             ORDER BY reservation_id LIMIT {limit}",
            id(&date.0),
            after.unwrap_or_default(),
        ))?;
        found.into_iter().map(|row| Ok(ReservationId(Line(row).id(0)?))).collect()
    }

    fn paid_seats(
        &mut self,
        (date, went_back): (DateId, bool),
        after: Option<SeatOf>,
        limit: usize,
    ) -> Result<Vec<SeatOf>, Fault> {
        let (table, order) = if went_back {
            ("refund_seat FORCE INDEX (refund_seat_by_date)", "seat_number, reservation_id")
        } else {
            ("seat", "seat_number")
        };
        let sold = if went_back { "" } else { " AND status = 'sold'" };
        let found = self.rows(&format!(
            "SELECT seat_number, reservation_id FROM {table} WHERE {}{sold} ORDER BY {order} LIMIT {limit}",
            beyond(date, after),
        ))?;
        let seat = |row| {
            let line = Line(row);
            let seat = u32::try_from(line.int(0)?.unwrap_or_default()).unwrap_or(0);
            Ok((seat, ReservationId(line.id(1)?)))
        };
        found.into_iter().map(seat).collect()
    }

    fn ticket_keys(&mut self) -> Result<Vec<TicketKey>, Fault> {
        let found = self.rows(&keys::ticket_keys())?.into_iter();
        found.map(|row| keys::read_ticket_key(&Line(row))).collect()
    }

    fn api_keys(&mut self) -> Result<Vec<LiveKey>, Fault> {
        let found = self.rows(&keys::live())?.into_iter();
        found.map(|row| keys::read_live(&Line(row))).collect()
    }

    fn concert(&mut self, key: ConcertId) -> Result<Option<WholeConcert>, Fault> {
        let which = format!("WHERE concert_id = {}", id(&key.0));
        let text = [
            columns_of::<Concert>(&which),
            columns_of::<QueueState>(&which),
            columns_of::<ConcertDate>(&format!(
                "{which} AND withdrawn_at IS NULL ORDER BY concert_date, concert_date_id"
            )),
        ];
        let mut answers = self.link.ask_again(&text.join("; "))?.into_iter();
        let mut next = || answers.next().unwrap_or_default().rows;
        let (concert, queues) = (records::<Concert>(next())?, records::<QueueState>(next())?);
        let dates = records::<ConcertDate>(next())?;
        let Some((_, concert)) = concert.into_iter().next() else { return Ok(None) };
        Ok(Some((concert, general_first(queues)?, dates)))
    }

    fn performances(
        &mut self,
        dates: &BTreeSet<DateId>,
    ) -> Result<BTreeMap<DateId, Performance>, Fault> {
        if dates.is_empty() {
            return Ok(BTreeMap::new());
        }
        let among = list(dates.iter().map(|key| id(&key.0)));
        let among = format!("WHERE concert_date_id IN ({among})");
        let concerts = format!("WHERE concert_id IN (SELECT concert_id FROM concert_date {among})");
        let text =
            format!("{}; {}", columns_of::<ConcertDate>(&among), columns_of::<Concert>(&concerts));
        let mut answers = self.link.ask_again(&text)?.into_iter();
        let mut next = || answers.next().unwrap_or_default().rows;
        let dates = records::<ConcertDate>(next())?;
        let concerts: BTreeMap<_, _> = records::<Concert>(next())?.into_iter().collect();
        let whole = |(key, date): (DateId, ConcertDate)| {
            let concert = concerts.get(&date.concert)?.clone();
            Some((key, (date, concert)))
        };
        Ok(dates.into_iter().filter_map(whole).collect())
    }

    fn snapshot(&mut self, of: Of) -> Result<Snapshot, Fault> {
        snapshot(&mut self.link, of)
    }

    fn dump(&mut self) -> Result<Dump, Fault> {
        let mut dump = Dump::new();
        for table in TABLES {
            let rows = self.rows(&all_columns(table))?.into_iter();
            let lines: Result<Vec<_>, Fault> = rows.map(|row| Line(row).cells()).collect();
            let mut lines = lines?;
            lines.sort();
            dump.insert(table.name, lines);
        }
        Ok(dump)
    }
}
