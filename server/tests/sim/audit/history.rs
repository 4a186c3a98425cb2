//! The past as replies told it: who has which seat until when, what was charged and paid, which keys
//! were used, what operators set. A second, simple-minded bookkeeping that needs no rows.

use super::line::LineBook;
use super::settings::{Line, Settings};
use super::{Check, Found};
use boxoffice_core::batch::{Envelope, Reply};
use boxoffice_core::id::{
    ConcertId, DateId, PlaceKey, QueueId, ReservationId, SeatKey, SessionId, UserId, Uuid,
};
use boxoffice_core::money::Currency;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::refusal::Refusal;
use boxoffice_core::time::Time;
use boxoffice_server::store::memory::MemoryStore;
use std::collections::{BTreeMap, BTreeSet};

/// A day: for so long a key's reply is kept.
const KEEP_MS: i64 = 86_400_000;

/// A hold or purchase that was acknowledged.
#[derive(Clone, Debug)]
pub struct Hold {
    pub user: UserId,
    pub concert: ConcertId,
    pub date: DateId,
    pub seats: BTreeSet<u32>,
    pub price: i64,
    pub at: Time,
    pub until: Time,
    /// How long its seats are closed to its user after a lapse, as it was when they were held.
    pub rehold_ms: i64,
    pub released: bool,
    pub released_at: Time,
    pub over: bool,
    pub paid: Option<Uuid>,
    /// Seats that went back.
    pub gone: BTreeSet<u32>,
    /// Those that were blocked once it was over: a clock that goes back does not give them again.
    pub overtaken: BTreeSet<u32>,
    /// Money that went back.
    pub back: i64,
}

struct Kept {
    fingerprint: [u8; 32],
    outcome: Outcome,
    at: Time,
}

/// See the module.
#[derive(Default)]
pub struct History {
    pub now: Time,
    /// How far the clock has moved forth in all; what it went back is not taken off.
    pub forth_ms: i64,
    pub holds: BTreeMap<ReservationId, Hold>,
    /// Who took a seat last.
    pub claims: BTreeMap<SeatKey, ReservationId>,
    /// Seats by user and date.
    pub by_user: BTreeMap<(UserId, DateId), BTreeSet<ReservationId>>,
    /// What a user has held of a concert since the last payment, and how far the clock had moved at the first.
    pub since_paid: BTreeMap<(UserId, ConcertId), (i64, Vec<ReservationId>)>,
    pub under: BTreeMap<PlaceKey, ReservationId>,
    pub balances: BTreeMap<UserId, i64>,
    /// Dates that an operator has changed: what replies said of them may be of before.
    pub changed: BTreeSet<DateId>,
    /// Dates that were cancelled.
    pub cancelled: BTreeSet<DateId>,
    /// Charges, and what operators added and took, by id.
    pub charged: BTreeMap<Uuid, (UserId, i64)>,
    /// Refunds of some money, by id.
    pub refunded: BTreeMap<Uuid, (UserId, i64)>,
    /// Seats that were taken off the sale.
    pub blocked: BTreeSet<SeatKey>,
    /// What each wallet is in, since something has come or gone.
    pub wallets: BTreeMap<UserId, Currency>,
    /// What the prices of each concert are in.
    pub prices: BTreeMap<ConcertId, Currency>,
    pub concerts: BTreeMap<ConcertId, Settings>,
    pub lines: BTreeMap<QueueId, Line>,
    pub names: BTreeMap<String, UserId>,
    /// What a user's password is compared with.
    pub passwords: BTreeMap<UserId, String>,
    /// Sessions: whose, the number that is to be used next, and whether somebody was told that it has ended.
    pub sessions: BTreeMap<SessionId, (UserId, u64, bool)>,
    /// Each user's newest place in a concert.
    pub newest: BTreeMap<(UserId, ConcertId), PlaceKey>,
    pub joined: BTreeMap<PlaceKey, (UserId, Time)>,
    pub(super) numbers: Vec<(PlaceKey, u64)>,
    pub(super) admitted: BTreeMap<QueueId, u64>,
    pub old_keys: u64,
    keys: BTreeMap<(Uuid, String), Kept>,
}

impl History {
    pub fn tell_time(&mut self, now: Time) {
        if self.now != Time::default() {
            self.forth_ms += (now.0 - self.now.0).max(0);
        }
        self.now = now;
        for line in self.lines.values_mut() {
            line.most_active = line.max_active;
        }
    }

    /// Whether a reservation has its seats at this moment: paid, or held in time.
    pub fn counts(&self, id: ReservationId) -> bool {
        self.holds.get(&id).is_some_and(|hold| {
            hold.paid.is_some() || !hold.released && !hold.over && self.now.0 < hold.until.0
        })
    }

    /// Who has a seat at this moment.
    pub fn owner(&self, key: SeatKey) -> Option<ReservationId> {
        let id = self.claims.get(&key).copied();
        let gone = |id: &ReservationId| {
            let taken = |hold: &Hold| {
                [&hold.gone, &hold.overtaken].iter().any(|of| of.contains(&key.number))
            };
            self.holds.get(id).is_some_and(taken)
        };
        id.filter(|id| self.counts(*id) && !gone(id))
    }

    /// Until when a seat is closed to this user, who held it last and let it go.
    pub fn closed_until(&self, key: SeatKey, user: UserId) -> Option<i64> {
        let hold = self.holds.get(self.claims.get(&key)?)?;
        let rehold = hold.rehold_ms;
        if hold.user != user || hold.paid.is_some() || rehold == 0 {
            return None;
        }
        let whole = hold.until.0 - hold.at.0;
        let held = (hold.released_at.0 - hold.at.0).clamp(0, whole);
        let until = if hold.released {
            hold.released_at.0 + rehold * held / whole
        } else {
            hold.until.0 + rehold
        };
        (self.now.0 < until).then_some(until)
    }

    /// Holds of a concert that a user has let go unpaid.
    pub fn let_go(&self, user: UserId, concert: ConcertId) -> usize {
        let mine = |hold: &&Hold| hold.user == user && hold.concert == concert;
        let gone = |hold: &&Hold| {
            hold.paid.is_none() && (hold.released || hold.over || self.now.0 >= hold.until.0)
        };
        self.holds.values().filter(mine).filter(gone).count()
    }

    /// How long a user has held seats of a concert since the last payment, of holds that are over.
    pub fn unpaid_ms(&self, user: UserId, concert: ConcertId) -> i64 {
        self.held_ms(user, concert, |_| true)
    }

    /// The same of some of these holds.
    fn held_ms(&self, user: UserId, concert: ConcertId, counts: impl Fn(&Hold) -> bool) -> i64 {
        let ids = self.since_paid.get(&(user, concert)).into_iter().flat_map(|(_, ids)| ids);
        let lasted = |hold: &Hold| {
            let whole = hold.until.0 - hold.at.0;
            if hold.released {
                (hold.released_at.0 - hold.at.0).clamp(0, whole)
            } else if hold.over || self.now.0 >= hold.until.0 {
                whole
            } else {
                0
            }
        };
        ids.filter_map(|id| self.holds.get(id)).filter(|hold| counts(hold)).map(lasted).sum()
    }

    /// Whether a user may begin one more hold: three whole ones, and one more for each three times that lapsed
    /// seats stay closed, is more than anybody gets.
    pub fn may_hold(&self, user: UserId, concert: ConcertId) -> bool {
        let (Some(settings), Some((since, _))) =
            (self.concerts.get(&concert), self.since_paid.get(&(user, concert)))
        else {
            return true;
        };
        let (hold, away) = (settings.most_hold_ms, 3 * settings.least_rehold_ms);
        // What was cut short by a cancellation of its date is held against nobody.
        let stands = |hold: &Hold| !self.cancelled.contains(&hold.date);
        let beyond = self.held_ms(user, concert, stands) - 3 * hold;
        away == 0 || beyond * away <= hold * (self.forth_ms - since)
    }

    /// Seats of a date that a user has at this moment.
    pub fn seats_of(&self, user: UserId, date: DateId) -> usize {
        let ids = self.by_user.get(&(user, date)).into_iter().flatten();
        let live = ids.filter(|id| self.counts(**id));
        live.filter_map(|id| self.holds.get(id).map(|hold| hold.seats.len() - hold.gone.len()))
            .sum()
    }

    /// One committed reply: the key's rule first, then what it tells.
    pub fn reply(
        &mut self,
        found: &mut Found,
        store: &MemoryStore,
        envelope: &Envelope,
        reply: &Reply,
    ) {
        if !self.key(found, envelope, reply) {
            return;
        }
        match &reply.result {
            Ok(outcome) => self.outcome(found, store, &envelope.command, outcome),
            Err(refusal) => self.refusal(found, store, &envelope.command, refusal),
        }
    }

    /// Whether the command ran: a key that was used within a day gives the stored reply.
    fn key(&mut self, found: &mut Found, envelope: &Envelope, reply: &Reply) -> bool {
        let Some(key) = &envelope.key else {
            found.ensure(!reply.replayed, Check::Idempotency, || {
                "a stored reply without a key".into()
            });
            return true;
        };
        let id = (key.scope, key.key.clone());
        let kept = self.keys.get(&id);
        let young = kept.filter(|kept| self.now.0 < kept.at.0 + KEEP_MS);
        if let Some(kept) = young {
            let right = if kept.fingerprint == key.fingerprint {
                reply.replayed && reply.result.as_ref() == Ok(&kept.outcome)
            } else {
                !reply.replayed && reply.result == Err(Refusal::IdempotencyKeyReused)
            };
            found.ensure(right, Check::Idempotency, || {
                format!("{id:?} was answered {reply:?}, before {:?}", kept.outcome)
            });
            return false;
        }
        let fresh = !reply.replayed && reply.result != Err(Refusal::IdempotencyKeyReused);
        found.ensure(fresh, Check::Idempotency, || {
            format!("{id:?} is new and was answered {reply:?}")
        });
        self.old_keys += u64::from(kept.is_some());
        if let Ok(outcome) = &reply.result {
            let kept =
                Kept { fingerprint: key.fingerprint, outcome: outcome.clone(), at: self.now };
            self.keys.insert(id, kept);
        }
        fresh
    }

    pub fn pruned(&mut self, cutoff: Time) {
        let old = self.keys.len();
        self.keys.retain(|_, kept| kept.at.0 >= cutoff.0);
        self.old_keys += (old - self.keys.len()) as u64;
    }

    pub fn max_active(&self, queue: QueueId) -> u64 {
        self.lines.get(&queue).map_or(0, |line| line.most_active)
    }

    pub fn take_admitted(&mut self) -> BTreeMap<QueueId, u64> {
        std::mem::take(&mut self.admitted)
    }

    /// The queue numbers that the batch's replies told.
    pub fn acknowledged(&mut self, found: &mut Found, line: &LineBook) {
        for (place, number) in std::mem::take(&mut self.numbers) {
            let right = line.number(place);
            found.ensure(right == Some(number), Check::QueueNumber, || {
                format!("{place:?} was told {number} and not {right:?}")
            });
        }
    }

    /// Everything that was ever acknowledged is still so.
    pub fn full(&self, found: &mut Found, store: &MemoryStore) {
        for (key, (user, at)) in &self.joined {
            let row = store.places.get(key);
            let kept = row.is_some_and(|row| row.user == *user && row.created_at == *at);
            found.ensure(kept, Check::ReplyTrue, || {
                format!("{key:?} was given to {user} and is {row:?}")
            });
        }
        for (id, hold) in &self.holds {
            self.hold_stands(found, store, *id, hold);
        }
        for (user, balance) in &self.balances {
            let row = store.balances.get(user).map(|row| row.amount.0);
            found.ensure(row == Some(*balance), Check::ReplyTrue, || {
                format!("{user} was told {balance} and has {row:?}")
            });
        }
        for (name, user) in &self.names {
            let row = store.users.get(user);
            found.ensure(row.is_some_and(|row| row.username == *name), Check::Username, || {
                format!("{name} was given to {user} and is {row:?}")
            });
        }
        for (id, (_, generation, ended)) in &self.sessions {
            let row = store.sessions.get(id);
            let right = row.is_some_and(|row| {
                row.generation == *generation && (!ended || row.ended_at.is_some())
            });
            found.ensure(right, Check::ReplyTrue, || format!("session {id} is {row:?}"));
        }
        let names: BTreeSet<_> = store.users.values().map(|user| &user.username).collect();
        found.ensure(names.len() == store.users.len(), Check::Username, || {
            "two users with one name".into()
        });
        for (id, kept) in &self.keys {
            let row = store.idempotency.get(id);
            let same = row.is_some_and(|row| {
                let what = (row.fingerprint, row.created_at) == (kept.fingerprint, kept.at);
                what && row.outcome == kept.outcome
            });
            found.ensure(same, Check::Idempotency, || format!("{id:?} is {row:?}"));
        }
        let stored = store.idempotency.len();
        found.ensure(stored == self.keys.len(), Check::Idempotency, || {
            format!("{stored} stored replies, {} acknowledged", self.keys.len())
        });
    }

    fn hold_stands(&self, found: &mut Found, store: &MemoryStore, id: ReservationId, hold: &Hold) {
        let row = store.reservations.get(&id);
        let seats = store.reserved_seats.get(&id).into_iter().flatten();
        let seats: BTreeSet<u32> = seats.map(|seat| seat.number).collect();
        let same = row.is_some_and(|row| {
            (row.user, row.date, row.expires_at) == (hold.user, hold.date, hold.until)
                && row.total_price.0 == hold.price
                && row.payment.map(|payment| payment.0) == hold.paid
                && (row.refunded.amount.0, row.refunded.seats as usize)
                    == (hold.back, hold.gone.len())
        });
        found.ensure(same && seats == hold.seats, Check::ReplyTrue, || {
            format!("{id} was acknowledged as {hold:?} and is {row:?} with {seats:?}")
        });
    }
}
