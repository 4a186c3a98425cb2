//! What clients, operators and the tick know: only what they were told in replies, and the
//! admissions that a read model shows.

use boxoffice_core::batch::Envelope;
use boxoffice_core::id::{
    ConcertId, DateId, JobId, PlaceKey, QueueId, ReservationId, SessionId, UserId,
};
use boxoffice_core::payment::Pay;
use boxoffice_core::session::Issue;
use boxoffice_core::time::Time;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::rng::Rng;

/// How a user behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Buys.
    Buyer,
    /// Holds seats and never pays.
    Dawdler,
    /// Never comes (H21).
    NoShow,
}

/// A place that a client was told of.
#[derive(Clone, Debug)]
pub struct Visit {
    pub user: UserId,
    pub nature: Nature,
    /// The newest reservation.
    pub reservation: Option<ReservationId>,
    /// Its seats.
    pub seats: Option<(DateId, BTreeSet<u32>)>,
}

/// A show as operators and clients see it.
#[derive(Clone, Debug)]
pub struct Show {
    pub id: ConcertId,
    pub opens_at: Time,
    pub dates: Vec<(DateId, u32)>,
    /// The general one first.
    pub queues: Vec<QueueId>,
}

/// Shows that are on at a time; older ones are closed and left to the tick.
const SHOWS: usize = 8;
/// Requests with keys that clients remember.
const SENT: usize = 4_000;
/// Sessions that clients remember.
const SESSIONS: usize = 60;

/// Payments that operators remember.
const PAYMENTS: usize = 400;

/// See the module.
#[derive(Default)]
pub struct People {
    pub users: Vec<UserId>,
    pub names: Vec<String>,
    /// Newest last, with the number of the refresh token: used ones stay among them.
    pub sessions: VecDeque<(UserId, SessionId, u64)>,
    pub shows: Vec<Show>,
    /// Jobs that were made, newest last, with their dates.
    pub jobs: Vec<(JobId, DateId)>,
    pub visits: BTreeMap<PlaceKey, Visit>,
    /// Places, newest last; for picking.
    pub places: VecDeque<PlaceKey>,
    /// Active admissions with their end, as a read model shows them.
    pub active: BTreeMap<PlaceKey, Time>,
    inside: Vec<PlaceKey>,
    /// What was paid, newest last, with its seats.
    pub payments: VecDeque<(Pay, BTreeSet<u32>)>,
    /// Requests that carried a key.
    pub sent: VecDeque<Envelope>,
    /// Requests without an answer.
    pub unanswered: Vec<Envelope>,
}

impl People {
    pub fn remember_payment(&mut self, paid: Pay) {
        let visit = self.visits.get(&paid.place);
        let seats = visit.and_then(|visit| visit.seats.clone()).map(|(_, seats)| seats);
        let seats = seats.unwrap_or_default();
        self.payments.push_back((paid, seats));
        if self.payments.len() > PAYMENTS {
            self.payments.pop_front();
        }
    }

    pub fn remember_session(&mut self, issue: &Issue) {
        self.sessions.push_back((issue.user_id, issue.session_id, issue.generation));
        if self.sessions.len() > SESSIONS {
            self.sessions.pop_front();
        }
    }

    /// An admitted place, usually one whose time is not over.
    pub fn inside(&mut self, rng: &mut Rng, now: Time) -> Option<PlaceKey> {
        for _ in 0..24 {
            if self.inside.is_empty() {
                return None;
            }
            let at = rng.index(self.inside.len());
            let place = self.inside[at];
            let Some(until) = self.active.get(&place) else {
                self.inside.swap_remove(at);
                continue;
            };
            if *until <= now && rng.chance(900) {
                continue;
            }
            let absent = |visit: &Visit| visit.nature == Nature::NoShow;
            if !self.visits.get(&place).is_some_and(absent) {
                return Some(place);
            }
        }
        None
    }

    /// Some place, admitted or not.
    pub fn anywhere(&self, rng: &mut Rng) -> Option<PlaceKey> {
        self.places.get(rng.index(self.places.len())).copied()
    }

    pub fn show_admission(&mut self, place: PlaceKey, active: bool, until: Time) {
        if !active {
            self.active.remove(&place);
        } else if self.active.insert(place, until).is_none() {
            self.inside.push(place);
        }
    }

    /// Starts again on what the store holds.
    pub fn rebuild(&mut self, active: impl Iterator<Item = (PlaceKey, Time)>) {
        self.active.clear();
        self.inside.clear();
        for (place, until) in active {
            self.show_admission(place, true, until);
        }
    }

    pub fn remember_place(&mut self, place: PlaceKey, user: UserId, nature: Nature) {
        self.visits.entry(place).or_insert_with(|| {
            self.places.push_back(place);
            Visit { user, nature, reservation: None, seats: None }
        });
        if self.places.len() > 2_000
            && let Some(old) = self.places.pop_front()
            && !self.active.contains_key(&old)
        {
            self.visits.remove(&old);
        }
    }

    pub fn remember_sent(&mut self, envelope: &Envelope) {
        self.sent.push_back(envelope.clone());
        if self.sent.len() > SENT {
            self.sent.pop_front();
        }
    }

    pub fn remember_job(&mut self, job: JobId, date: DateId) {
        if !self.jobs.contains(&(job, date)) {
            self.jobs.push((job, date));
        }
    }

    pub fn remember_show(&mut self, show: Show) {
        self.shows.push(show);
        if self.shows.len() > SHOWS {
            self.shows.remove(0);
        }
    }
}
