//! The audit: counts everything again, from the raw rows and from the replies that were given, with
//! code that shares nothing with the rules. It reads fields and calls no rule.
//!
//! After each batch it looks at what the batch touched; now and then at everything.

mod accounts;
mod draw;
mod events;
mod history;
mod line;
mod money;
mod outcomes;
mod refunds;
mod refusals;
mod seats;
mod settings;
mod tickets;
mod tokens;

use boxoffice_core::batch::{Envelope, Reply};
use boxoffice_core::id::{DateId, EventKey, PlaceKey, QueueId, ReservationId, SeatKey, UserId};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::time::Time;
use boxoffice_server::store::memory::MemoryStore;
use events::EventBook;
use history::History;
use line::LineBook;
use money::MoneyBook;
use seats::SeatBook;

macro_rules! checks {
    ($($(#[doc = $doc:literal])+ $name:ident),* $(,)?) => {
        /// What the audit can find.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Check {
            $($(#[doc = $doc])+ $name),*
        }

        impl Check {
            /// Every check, for the test that shows each of them failing.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

checks! {
    /// A seat's columns fit its status.
    SeatRow,
    /// A held or sold seat's reservation exists, names the seat and has the same end.
    SeatClaim,
    /// A sold seat stays sold to the same reservation, unless it goes back.
    SoldForever,
    /// A reservation's columns fit its status, its seats, their prices and ids.
    ReservationRow,
    /// A confirmed reservation has all of its seats sold to it, one in time has them held.
    ReservationSeats,
    /// No two reservations have a live claim on one seat (H1).
    OneClaim,
    /// An ended reservation never changes but by refunds, and none vanishes.
    ReservationFinal,
    /// `available_seats` counts the rows that say available (H10).
    AvailableSeats,
    /// Totals of dates and concerts count the seats.
    SeatTotals,
    /// Confirmed means exactly one payment of exactly the price, by the owner, and vice versa.
    Payment,
    /// Entries are gapless and each balance follows from the one before; none is negative (H13).
    LedgerChain,
    /// A balance is the sum of its entries, and counts them.
    LedgerSum,
    /// Debits are payments, one each (H12).
    LedgerPayments,
    /// Credits are acknowledged charges, one each (H11).
    LedgerCharges,
    /// What went back is what replies said, once, from the sales to who paid; never more than was paid; and
    /// the reservation has the sums.
    Refund,
    /// Every sold seat has one valid ticket, of its reservation, and no other seat has one; those that went back are
    /// void under their date.
    Ticket,
    /// Rows that are never changed are as they were.
    Immutable,
    /// `active` counts the active admissions.
    ActiveCount,
    /// `active` does not rise above `max_active` and those who are said to be unaware (H17).
    ActiveMax,
    /// `waiting` counts the places in line.
    WaitingCount,
    /// `returning` counts the places that come back.
    ReturningCount,
    /// The cursor never runs past the tail (H24), and the tail counts the places (H18).
    CursorTail,
    /// Cursor and tail never go back.
    CursorBack,
    /// The draw is fixed once: same seed, same count.
    DrawFixed,
    /// Who waits has a number beyond the cursor, who was served one up to it (H18, H22).
    Order,
    /// A user has at most one live place in a queue (H20).
    OnePlace,
    /// A place's columns fit its status; user and time of joining never change (H25).
    PlaceRow,
    /// Who has left, or was served and came, never waits again.
    PlaceFinal,
    /// An admission's columns fit one another and its place (H26).
    AdmissionRow,
    /// Each held reservation is under exactly one active admission with the same end.
    AdmissionHold,
    /// As many were let in as replies say.
    AdmittedCount,
    /// Nobody is let in before the opening, after the close, or while paused.
    Opened,
    /// In any window no more are let in than the rate allows, and one second's worth.
    Rate,
    /// Seats were only given where nobody had them (H1, H2, H4), and not to who had just let them go (H40).
    SeatWasFree,
    /// Only a hold that stood was paid (H3, H4).
    PaidWhileHeld,
    /// No user held more seats of a date than allowed (H9).
    SeatLimit,
    /// A queue number is the one that seed and sequence give.
    QueueNumber,
    /// Joining again gives the same place (H20).
    SamePlace,
    /// What a reply says is in the rows, or follows from the replies before.
    ReplyTrue,
    /// What a refusal says follows from the replies before (H10).
    RefusalTrue,
    /// A key has one effect and one reply; another body is refused (H11, H12).
    Idempotency,
    /// A name belongs to one user.
    Username,
    /// What was done is told by an event, once, and what was not is not.
    EventTrue,
    /// Events are numbered in the order of the batches, without gaps.
    EventNumbers,
}

/// What is wrong.
#[derive(Clone, Debug)]
pub struct Violation {
    pub check: Check,
    #[expect(dead_code, reason = "for people, in the message of the test that fails")]
    pub detail: String,
}

/// What was found so far.
#[derive(Default)]
pub struct Found(Vec<Violation>);

impl Found {
    fn ensure(&mut self, holds: bool, check: Check, detail: impl FnOnce() -> String) {
        // One is enough to fail, a few to understand.
        if !holds && self.0.len() < 20 {
            self.0.push(Violation { check, detail: detail() });
        }
    }
}

/// Keys of the rows that a batch changed.
#[derive(Clone, Default)]
pub struct Touched {
    pub dates: Vec<DateId>,
    pub seats: Vec<SeatKey>,
    pub queues: Vec<QueueId>,
    pub places: Vec<PlaceKey>,
    pub admissions: Vec<PlaceKey>,
    pub reservations: Vec<ReservationId>,
    pub balances: Vec<UserId>,
    pub entries: Vec<(UserId, u64)>,
    pub events: Vec<EventKey>,
}

/// See the module.
#[derive(Default)]
pub struct Auditor {
    found: Found,
    history: History,
    seats: SeatBook,
    money: MoneyBook,
    line: LineBook,
    events: EventBook,
    /// The latest time of any batch: what was over then is over for good.
    latest: Time,
}

impl Auditor {
    /// Looks at a committed batch: its replies in order, then the rows that it touched.
    pub fn batch(
        &mut self,
        store: &MemoryStore,
        now: Time,
        (envelopes, replies): (&[Envelope], &[Reply]),
        touched: &Touched,
    ) {
        self.latest = self.latest.max(now);
        let found = &mut self.found;
        self.history.tell_time(now);
        // The rows are those after the batch: replies before an edit in it told of others.
        for reply in replies {
            if let Ok(Outcome::DateEdited { date_id, .. }) = &reply.result {
                self.history.changed.insert(*date_id);
            }
        }
        for (envelope, reply) in envelopes.iter().zip(replies) {
            self.history.reply(found, store, envelope, reply);
        }
        self.line.batch(found, store, touched, &mut self.history);
        self.seats.batch(found, store, touched, self.latest);
        self.money.batch(found, store, touched, &self.history);
        self.history.acknowledged(found, &self.line);
        self.events.batch(found, store, now, (envelopes, replies), touched);
    }

    /// Counts everything again.
    pub fn full(&mut self, store: &MemoryStore) {
        let found = &mut self.found;
        self.line.full(found, store);
        self.seats.full(found, store, self.latest);
        tickets::full(found, store);
        self.money.full(found, store, &self.history);
        self.history.full(found, store);
        self.events.full(found, store);
    }

    /// Idempotency records made before `cutoff` were removed.
    pub fn pruned(&mut self, cutoff: Time) {
        self.history.pruned(cutoff);
    }

    /// Keys that were used again after a day and ran anew.
    pub const fn old_keys(&self) -> u64 {
        self.history.old_keys
    }

    /// What was found; empty where all is well.
    pub fn take(&mut self) -> Vec<Violation> {
        std::mem::take(&mut self.found.0)
    }
}
