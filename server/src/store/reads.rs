//! The read side: what views need from the database and the read model does not hold.

use super::events::{Kept, Told};
use super::fault::Fault;
use super::keys::{LiveKey, TicketKey};
use super::memory::Dump;
use boxoffice_core::concert::{Concert, ConcertDate, Seat};
use boxoffice_core::id::{
    ConcertId, DateId, JobId, LayoutId, PaymentId, PlaceKey, PosterId, QueueId, ReservationId,
    SeatKey, SessionId, UserId, Uuid,
};
use boxoffice_core::job::{Job, JobState};
use boxoffice_core::payment::{Payment, RefundRow, RefundedSeat};
use boxoffice_core::poster::Poster;
use boxoffice_core::queue::{Admission, QueueState};
use boxoffice_core::reservation::{Reservation, ReservedSeat};
use boxoffice_core::session::Session;
use boxoffice_core::time::Time;
use boxoffice_core::user::User;
use boxoffice_core::wallet::{Balance, Transfer};
use std::collections::{BTreeMap, BTreeSet};

/// A reservation with its seats.
pub type WholeReservation = (ReservationId, Reservation, Vec<ReservedSeat>);

/// Which concerts a snapshot is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Those that are not over at this time, or in whose shop somebody still is.
    Live(Time),
    /// This one, over or not.
    Concert(ConcertId),
}

/// Concerts that are over and known by their ids, the newest; older ones are not found any more.
pub const OVER_MAX: usize = 100_000;

/// Paid reservations that are read at once.
pub const SOLD_MAX: usize = 500;

/// A concert with its queues, the general one first, and its dates that were not deleted, without seats.
pub type WholeConcert = (Concert, Vec<(QueueId, QueueState)>, Vec<(DateId, ConcertDate)>);

/// A concert's queues with the general one first, which each concert has.
pub(super) fn general_first(
    mut queues: Vec<(QueueId, QueueState)>,
) -> Result<Vec<(QueueId, QueueState)>, Fault> {
    queues.sort_by_key(|(id, _)| (!id.is_general(), *id));
    match queues.first() {
        Some((id, _)) if id.is_general() => Ok(queues),
        _ => Err(Fault::Corrupt("a queue is gone".into())),
    }
}

/// A date with its concert.
pub type Performance = (ConcertDate, Concert);

/// Everything that a read model starts from, as of one moment. Nothing of a concert that is over is in it but
/// its id: what it costs to read and to keep does not grow with what was sold before.
#[derive(Default)]
#[expect(missing_docs, reason = "each is the table of that name in Rows")]
pub struct Snapshot {
    pub concerts: Vec<(ConcertId, Concert)>,
    pub dates: Vec<(DateId, ConcertDate)>,
    pub seats: Vec<(SeatKey, Seat)>,
    pub queues: Vec<(QueueId, QueueState)>,
    /// Active ones, and those whose place may still come back.
    pub admissions: Vec<(PlaceKey, Admission)>,
    /// Places that have left before being served.
    pub left: Vec<PlaceKey>,
    /// Places that come back to the front.
    pub returning: Vec<PlaceKey>,
    /// All concerts, over or not, the newest [`OVER_MAX`], and whether they were deleted; none in a snapshot
    /// of one.
    pub known: Vec<(ConcertId, bool)>,
    /// Sessions that were ended, and until when their access tokens are to be refused, where that is not
    /// over yet; none in a snapshot of one concert.
    pub ended: Vec<(SessionId, Time)>,
}

/// A reservation that was paid, with who bought it.
#[derive(Clone, Debug)]
pub struct Sold {
    /// The reservation with the seats that are still its user's.
    pub whole: WholeReservation,
    /// Its payment.
    pub payment: Payment,
    /// Whose it is; as it was made nameless, if the account was deleted.
    pub username: String,
    /// The price zones of its seats.
    pub zones: BTreeSet<String>,
}

/// Rows of some reservations as one: all of them are paid, so that each has its payment and its user.
pub(super) fn sold(
    whole: impl IntoIterator<Item = WholeReservation>,
    payments: Vec<(ReservationId, Payment)>,
    users: Vec<(UserId, User)>,
    seats: Vec<(SeatKey, Seat)>,
) -> Result<Vec<Sold>, Fault> {
    let mut payments: BTreeMap<_, _> = payments.into_iter().collect();
    let users: BTreeMap<_, _> = users.into_iter().collect();
    let mut zones: BTreeMap<ReservationId, BTreeSet<String>> = BTreeMap::new();
    let mut kept: BTreeSet<(ReservationId, u32)> = BTreeSet::new();
    for (key, seat) in seats {
        if let Some(id) = seat.reservation {
            zones.entry(id).or_default().insert(seat.zone);
            kept.insert((id, key.number));
        }
    }
    let gone = || Fault::Corrupt("a payment is gone".into());
    let one = |mut whole: WholeReservation| {
        whole.2.retain(|seat| kept.contains(&(whole.0, seat.number)));
        let payment = payments.remove(&whole.0).ok_or_else(gone)?;
        let username = users.get(&whole.1.user).map(|user| user.username.clone());
        let zones = zones.remove(&whole.0).unwrap_or_default();
        Ok(Sold { whole, payment, username: username.unwrap_or_default(), zones })
    };
    whole.into_iter().map(one).collect()
}

/// What went back of a reservation at one time, with the numbers of the seats.
pub type WholeRefund = (RefundRow, Vec<u32>);

/// Refunds with the seats that went back with each, as they came.
pub(super) fn refunds(
    rows: Vec<((ReservationId, u64), RefundRow)>,
    seats: &[((ReservationId, u32), RefundedSeat)],
) -> BTreeMap<ReservationId, Vec<WholeRefund>> {
    let mut all: BTreeMap<ReservationId, Vec<WholeRefund>> = BTreeMap::new();
    for ((id, number), row) in rows {
        let with = |seat: &&((ReservationId, u32), RefundedSeat)| {
            seat.0.0 == id && seat.1.refund_number == number
        };
        let numbers = seats.iter().filter(with).map(|seat| seat.0.1).collect();
        all.entry(id).or_default().push((row, numbers));
    }
    all
}

/// A seat of a date with a reservation that has paid it.
pub type SeatOf = (u32, ReservationId);

/// Which tickets of a date are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tickets {
    /// Every one.
    All,
    /// Those whose seats are their users'.
    Kept,
    /// Those whose seats went back.
    Back,
}

/// Tickets of a date in the order of seats, then of reservations, after `after` if given, at most `limit`, each with
/// whether its seat went back.
///
/// # Errors
/// The database is not available.
pub fn tickets(
    reads: &mut dyn Reads,
    date: DateId,
    which: Tickets,
    (after, limit): (Option<SeatOf>, usize),
) -> Result<Vec<(SeatOf, bool)>, Fault> {
    let mut all = BTreeMap::new();
    // In this order: a seat that goes back meanwhile is found twice, and not missed.
    if which != Tickets::Back {
        let kept = reads.paid_seats((date, false), after, limit)?;
        all.extend(kept.into_iter().map(|seat| (seat, false)));
    }
    if which != Tickets::Kept {
        let back = reads.paid_seats((date, true), after, limit)?;
        all.extend(back.into_iter().map(|seat| (seat, true)));
    }
    Ok(all.into_iter().take(limit).collect())
}

/// An operator's key as it is kept.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Time,
    /// When it was revoked.
    pub revoked_at: Option<Time>,
}

/// A connection that only reads. Each call sees what was committed before it.
pub trait Reads: Send {
    /// A user by name, exactly.
    ///
    /// # Errors
    /// The database is not available.
    fn user_by_name(&mut self, username: &str) -> Result<Option<(UserId, User)>, Fault>;
    /// A user by what the name looks like.
    ///
    /// # Errors
    /// The database is not available.
    fn user_by_look(&mut self, look: &str) -> Result<Option<(UserId, User)>, Fault>;
    /// A user by id.
    ///
    /// # Errors
    /// The database is not available.
    fn user(&mut self, id: UserId) -> Result<Option<User>, Fault>;
    /// A user's sessions that were not ended, at most `limit`, newest first.
    ///
    /// # Errors
    /// The database is not available.
    fn sessions(&mut self, user: UserId, limit: usize) -> Result<Vec<(SessionId, Session)>, Fault>;
    /// The user's newest place of the newest concert (made before the concert `before` if given) that the user has a
    /// place in, and whether it is open: waits, or is in the shop.
    ///
    /// # Errors
    /// The database is not available.
    fn newest_place(
        &mut self,
        user: UserId,
        before: Option<ConcertId>,
    ) -> Result<Option<(PlaceKey, bool)>, Fault>;
    /// The user's open places in the newest concerts, at most `concerts`, that the user has a place in. One of a
    /// concert is open at most, its newest: older ones are not read, however many they are.
    ///
    /// # Errors
    /// The database is not available.
    fn open_places(&mut self, user: UserId, concerts: usize) -> Result<Vec<PlaceKey>, Fault> {
        let (mut open, mut before) = (Vec::new(), None);
        for _ in 0..concerts {
            let Some((place, is_open)) = self.newest_place(user, before)? else { break };
            before = Some(place.queue.concert);
            open.extend(is_open.then_some(place));
        }
        Ok(open)
    }
    /// A reservation with its seats.
    ///
    /// # Errors
    /// The database is not available.
    fn reservation(&mut self, id: ReservationId) -> Result<Option<WholeReservation>, Fault>;
    /// A user's reservations that have ended, newest first, made before the reservation `before` if given.
    ///
    /// # Errors
    /// The database is not available.
    fn ended_reservations(
        &mut self,
        user: UserId,
        before: Option<ReservationId>,
        limit: usize,
    ) -> Result<Vec<WholeReservation>, Fault>;
    /// A user's payments with the reservations that they confirmed, in the order of these, newest first; those
    /// that come after the payment `before` if given.
    ///
    /// # Errors
    /// The database is not available.
    fn bookings(
        &mut self,
        user: UserId,
        before: Option<PaymentId>,
        limit: usize,
    ) -> Result<Vec<(WholeReservation, Payment)>, Fault>;
    /// A payment, with the reservation that it confirmed.
    ///
    /// # Errors
    /// The database is not available.
    fn payment(&mut self, id: PaymentId) -> Result<Option<(WholeReservation, Payment)>, Fault>;
    /// What has gone back of these reservations, in the order in which it did; few of them.
    ///
    /// # Errors
    /// The database is not available.
    fn refunds(
        &mut self,
        ids: &BTreeSet<ReservationId>,
    ) -> Result<BTreeMap<ReservationId, Vec<WholeRefund>>, Fault>;
    /// Reservations of a date that have seats which were paid, or of which money was kept, in the order of their
    /// ids, after `after` if given; at most `limit`, and never more than [`SOLD_MAX`]. It reads all seats of the date
    /// and all that was paid of it.
    ///
    /// # Errors
    /// The database is not available.
    fn sold(
        &mut self,
        date: DateId,
        after: Option<ReservationId>,
        limit: usize,
    ) -> Result<Vec<Sold>, Fault>;
    /// A user's balance.
    ///
    /// # Errors
    /// The database is not available.
    fn balance(&mut self, user: UserId) -> Result<Balance, Fault>;
    /// A user's ledger, newest first: entries with a number below `before` if given.
    ///
    /// # Errors
    /// The database is not available.
    fn ledger(
        &mut self,
        user: UserId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Transfer)>, Fault>;
    /// The first and the last event that is kept of each node.
    ///
    /// # Errors
    /// The database is not available.
    fn events_kept(&mut self) -> Result<Kept, Fault>;
    /// A node's events after this number, in their order, at most `limit`.
    ///
    /// # Errors
    /// The database is not available.
    fn events(&mut self, node: u64, after: u64, limit: usize) -> Result<Vec<Told>, Fault>;
    /// A job.
    ///
    /// # Errors
    /// The database is not available.
    fn job(&mut self, id: JobId) -> Result<Option<Job>, Fault>;
    /// A layout's text.
    ///
    /// # Errors
    /// The database is not available.
    fn layout(&mut self, id: LayoutId) -> Result<Option<String>, Fault>;

    /// A poster.
    ///
    /// # Errors
    /// The database is not available.
    fn poster(&mut self, id: PosterId) -> Result<Option<Poster>, Fault>;
    /// Jobs, newest first, made before the job `before` if given.
    ///
    /// # Errors
    /// The database is not available.
    fn jobs(&mut self, before: Option<JobId>, limit: usize) -> Result<Vec<(JobId, Job)>, Fault>;
    /// Jobs that a process may take at `now`, the longest due first.
    ///
    /// # Errors
    /// The database is not available.
    fn jobs_due(&mut self, now: Time, limit: usize) -> Result<Vec<(JobId, Job)>, Fault>;
    /// How many jobs there are in each state.
    ///
    /// # Errors
    /// The database is not available.
    fn job_counts(&mut self) -> Result<Vec<(JobState, u64)>, Fault>;
    /// Reservations that have seats of a date, in the order of their ids, after `after` if given. It reads all
    /// seats of the date.
    ///
    /// # Errors
    /// The database is not available.
    fn taken(
        &mut self,
        date: DateId,
        after: Option<ReservationId>,
        limit: usize,
    ) -> Result<Vec<ReservationId>, Fault>;
    /// Seats of a date that are sold, or with `true` those that went back, in the order of their numbers, then of their
    /// reservations, after `after` if given. It passes all seats of the date up to the last that it finds.
    ///
    /// # Errors
    /// The database is not available.
    fn paid_seats(
        &mut self,
        of: (DateId, bool),
        after: Option<SeatOf>,
        limit: usize,
    ) -> Result<Vec<SeatOf>, Fault>;
    /// The public keys of tickets that count, the newest first.
    ///
    /// # Errors
    /// The database is not available.
    fn ticket_keys(&mut self) -> Result<Vec<TicketKey>, Fault>;
    /// The live operators' keys: the hash of each secret, and the key's id.
    ///
    /// # Errors
    /// The database is not available.
    fn api_keys(&mut self) -> Result<Vec<LiveKey>, Fault>;
    /// A concert with its queues and dates, over or not.
    ///
    /// # Errors
    /// The database is not available.
    fn concert(&mut self, id: ConcertId) -> Result<Option<WholeConcert>, Fault>;
    /// These dates with their concerts, over or not.
    ///
    /// # Errors
    /// The database is not available.
    fn performances(
        &mut self,
        dates: &BTreeSet<DateId>,
    ) -> Result<BTreeMap<DateId, Performance>, Fault>;
    /// What a read model starts from, read in one transaction.
    ///
    /// # Errors
    /// The database is not available.
    fn snapshot(&mut self, of: Of) -> Result<Snapshot, Fault>;
    /// Every row of every table, for comparing stores.
    ///
    /// # Errors
    /// The database is not available.
    fn dump(&mut self) -> Result<Dump, Fault>;
}
