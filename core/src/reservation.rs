//! Reservations: hold → confirmed, expired or cancelled.
//!
//! Nobody needs the sweeper to be right: a hold has lapsed when its time is over, and whoever takes
//! its seat then takes it from the row as it stands.
//!
//! *Seats are not blocked by holding them again and again* (H9, H40). A seat that was held and not paid stays
//! closed for a while to who held it: after a lapse for `rehold_after_ms`, after a release for the part of it
//! that the hold had of its whole time, so that a slip of the finger costs seconds and a hold that is given up
//! at the last moment costs what a lapse does. To everybody else the seat is free at once. The seat's own row
//! remembers its last holder alone, so that the rule reads no history. Who lets the seats go by turns with
//! others is met by a second rule: lapses are counted along a user's places in a concert, and after
//! [`crate::limits::LAPSES_MAX`] the user may not join for a while; whoever pays begins anew.

use crate::concert::{ConcertDate, Seat, SeatStatus};
use crate::id::{ConcertId, DateId, PaymentId, PlaceKey, ReservationId, SeatKey, UserId};
use crate::limits::SEATS_PER_RESERVATION_MAX;
use crate::money::Money;
use crate::outcome::{Outcome, SeatPrice};
use crate::queue;
use crate::refusal::{Field, Refusal};
use crate::rows::Rows;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The state of a reservation as its row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationStatus {
    /// The seats are the user's until `expires_at`.
    Held,
    /// Paid; the seats are the user's.
    Confirmed,
    /// Not paid in time.
    Expired,
    /// Released by the user.
    Cancelled,
}

/// A row of `reservation`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Whose.
    pub user: UserId,
    /// Of which show.
    pub concert: ConcertId,
    /// Of which date.
    pub date: DateId,
    /// Sequence of the place that it was made with.
    pub sequence: u64,
    /// See [`ReservationStatus`].
    pub status: ReservationStatus,
    /// How many seats.
    pub seat_count: u32,
    /// Sum of the prices at the time of the hold, minor units.
    pub total_price: Money,
    /// When it was made.
    pub reservation_date: Time,
    /// End of the hold.
    pub expires_at: Time,
    /// When it was confirmed, expired or cancelled.
    pub ended_at: Option<Time>,
    /// The payment that confirmed it.
    pub payment: Option<PaymentId>,
}

impl Reservation {
    /// Whether the hold counts at `now`. Refuses with: already paid, hold released, hold lapsed.
    pub fn still_held(&self, now: Time) -> Result<(), Refusal> {
        match (self.status, self.payment) {
            (ReservationStatus::Confirmed, Some(payment_id)) => {
                Err(Refusal::AlreadyPaid { payment_id })
            }
            (ReservationStatus::Cancelled, _) => Err(Refusal::HoldReleased),
            (ReservationStatus::Held, _) if !now.reached(self.expires_at) => Ok(()),
            _ => Err(Refusal::HoldLapsed),
        }
    }

    /// The state at `now`, whether or not the sweeper has come by.
    #[must_use]
    pub fn status_at(&self, now: Time) -> ReservationStatus {
        if self.status == ReservationStatus::Held && now.reached(self.expires_at) {
            ReservationStatus::Expired
        } else {
            self.status
        }
    }

    /// Until when its seats are closed to who released it now, if it were until `lapsed` after a lapse.
    fn closed_until(&self, lapsed: Time, now: Time) -> Time {
        let whole = self.expires_at.ms_since(self.reservation_date).max(1);
        let held = now.ms_since(self.reservation_date).min(whole);
        now.plus_ms(lapsed.ms_since(self.expires_at).saturating_mul(held) / whole)
    }

    /// Seats that count against the user's limit at `now`.
    fn seats_counted(&self, now: Time) -> u32 {
        match self.status_at(now) {
            ReservationStatus::Held | ReservationStatus::Confirmed => self.seat_count,
            ReservationStatus::Expired | ReservationStatus::Cancelled => 0,
        }
    }
}

/// A row of `reservation_seat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReservedSeat {
    /// The seat's row.
    pub seat_id: i64,
    /// Its number.
    pub number: u32,
    /// Its price at the time of the hold, minor units.
    pub price: Money,
}

/// Holds seats of one date: all of them or none.
#[derive(Clone, Debug)]
pub struct Reserve {
    /// Who.
    pub user: UserId,
    /// The admitted place that the user shops with.
    pub place: PlaceKey,
    /// Of which date.
    pub date: DateId,
    /// Which seats; a set, so that their order means nothing.
    pub seats: BTreeSet<u32>,
    /// Id of the reservation, if it comes about.
    pub reservation: ReservationId,
}

impl Reserve {
    /// Refuses with: token (see [`queue::admitted`]), invalid setting (no or too many seats), date
    /// not found, sale closed (or the performance has begun) or not open, seat not found, hold exists,
    /// seat limit, seats taken, seats cooling off, already exists.
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        queue::admitted(rows, self.place, self.user, now)?;
        let count = (1..=SEATS_PER_RESERVATION_MAX).contains(&self.seats.len());
        ensure!(count, Refusal::InvalidSetting { field: Field::Seats });
        let bookable = |d: &&ConcertDate| d.concert == self.place.concert && d.is_live();
        let date = rows.dates.get(&self.date).filter(bookable);
        let starts_at = date.ok_or(Refusal::DateNotFound)?.concert_date;
        ensure!(!now.reached(starts_at), Refusal::SaleClosed);
        let concert = rows.concerts.get(&self.place.concert).ok_or(Refusal::ConcertNotFound)?;
        concert.on_sale(now)?;
        let policy = concert.policy;
        self.seats_exist(rows)?;
        let held = rows.admissions.get(&self.place).and_then(|a| a.reservation);
        if let Some(reservation_id) = held {
            return Err(Refusal::HoldExists { reservation_id });
        }
        self.within_limit(rows, policy.seats_per_user, now)?;
        self.seats_free(rows, now)?;
        self.seats_open(rows, now)?;
        ensure!(rows.reservations.get(&self.reservation).is_none(), Refusal::AlreadyExists);

        queue::arrive(rows, self.place, now);
        let expires_at = now.plus_ms(policy.hold_ttl_ms);
        let closes = (policy.rehold_after_ms > 0)
            .then(|| (self.user, expires_at.plus_ms(policy.rehold_after_ms)));
        Ok(self.hold(rows, (expires_at, closes), now))
    }

    fn keys(&self) -> impl Iterator<Item = SeatKey> {
        let date = self.date;
        self.seats.iter().map(move |&number| SeatKey { date, number })
    }

    fn numbers_where(&self, rows: &Rows, test: impl Fn(Option<&Seat>) -> bool) -> Vec<u32> {
        self.keys().filter(|key| test(rows.seats.get(key))).map(|key| key.number).collect()
    }

    fn seats_exist(&self, rows: &Rows) -> Result<(), Refusal> {
        let seat_numbers = self.numbers_where(rows, |seat| seat.is_none());
        ensure!(seat_numbers.is_empty(), Refusal::SeatNotFound { seat_numbers });
        Ok(())
    }

    fn seats_free(&self, rows: &Rows, now: Time) -> Result<(), Refusal> {
        let seat_numbers =
            self.numbers_where(rows, |seat| !seat.is_some_and(|seat| seat.is_free(now)));
        ensure!(seat_numbers.is_empty(), Refusal::SeatsTaken { seat_numbers });
        Ok(())
    }

    /// None of the seats was let go by this user a short while ago.
    fn seats_open(&self, rows: &Rows, now: Time) -> Result<(), Refusal> {
        let closed = |seat: &Seat| seat.closed_until(self.user, now);
        let seat_numbers = self.numbers_where(rows, |seat| seat.and_then(closed).is_some());
        let until = self.keys().filter_map(|key| rows.seats.get(&key).and_then(closed)).max();
        until.map_or(Ok(()), |retry_at| Err(Refusal::SeatsCoolingOff { seat_numbers, retry_at }))
    }

    fn within_limit(&self, rows: &Rows, limit: u32, now: Time) -> Result<(), Refusal> {
        let ids = rows.holdings.get(&(self.user, self.date)).into_iter().flatten();
        let reservations = ids.filter_map(|id| rows.reservations.get(id));
        let have: u32 = reservations.map(|r| r.seats_counted(now)).sum();
        let wanted = u32::try_from(self.seats.len()).unwrap_or(u32::MAX);
        ensure!(have.saturating_add(wanted) <= limit, Refusal::SeatLimit { limit, have });
        Ok(())
    }

    /// Takes the seats, whoever's lapsed hold still stands in their rows. `closes`: to whom they are closed
    /// until when, should the hold lapse.
    fn hold(
        &self,
        rows: &mut Rows,
        (expires_at, closes): (Time, Option<(UserId, Time)>),
        now: Time,
    ) -> Outcome {
        let mut seats = Vec::with_capacity(self.seats.len());
        let mut reserved = Vec::with_capacity(self.seats.len());
        let (mut total, mut newly_taken) = (0, 0);
        for key in self.keys() {
            let Some(seat) = rows.seats.update(&key) else {
                continue;
            };
            newly_taken += u64::from(seat.status == SeatStatus::Available);
            seat.status = SeatStatus::Held;
            seat.reservation = Some(self.reservation);
            seat.held_until = Some(expires_at);
            (seat.last_holder, seat.last_holder_until) = closes.unzip();
            let price = seat.ticket_price;
            total += price.0;
            reserved.push(ReservedSeat { seat_id: seat.seat_id, number: key.number, price });
            seats.push(SeatPrice { seat_number: key.number, zone: seat.zone.clone(), price });
        }
        if newly_taken > 0
            && let Some(date) = rows.dates.update(&self.date)
        {
            date.available_seats = date.available_seats.saturating_sub(newly_taken);
        }
        let total_price = Money(total);
        self.record(rows, reserved, (total_price, expires_at), now);
        Outcome::Reserved {
            reservation_id: self.reservation,
            date_id: self.date,
            seats,
            total_price,
            held_at: now,
            expires_at,
        }
    }

    fn record(
        &self,
        rows: &mut Rows,
        reserved: Vec<ReservedSeat>,
        (total_price, expires_at): (Money, Time),
        now: Time,
    ) {
        let reservation = Reservation {
            user: self.user,
            concert: self.place.concert,
            date: self.date,
            sequence: self.place.sequence,
            status: ReservationStatus::Held,
            seat_count: u32::try_from(reserved.len()).unwrap_or(u32::MAX),
            total_price,
            reservation_date: now,
            expires_at,
            ended_at: None,
            payment: None,
        };
        rows.reservations.insert(self.reservation, reservation);
        rows.reserved_seats.insert(self.reservation, reserved);
        if let Some(holdings) = rows.holdings.update(&(self.user, self.date)) {
            holdings.insert(self.reservation);
        }
        if let Some(admission) = rows.admissions.update(&self.place) {
            admission.reservation = Some(self.reservation);
            admission.token_expiry = expires_at;
        }
    }
}

/// Releases a hold early.
#[derive(Clone, Debug)]
pub struct Cancel {
    /// Who.
    pub user: UserId,
    /// The place that the user shops with.
    pub place: PlaceKey,
    /// Which reservation.
    pub reservation: ReservationId,
}

impl Cancel {
    /// Refuses with: already paid, hold lapsed, token (see [`queue::admitted`]), reservation not
    /// found. Releasing twice is releasing once.
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        match owned(rows, self.reservation, self.user, self.place).map(|r| r.still_held(now)) {
            Some(Err(Refusal::HoldReleased)) => return Ok(Outcome::Released),
            Some(other) => other?,
            None => {
                queue::admitted(rows, self.place, self.user, now)?;
                return Err(Refusal::ReservationNotFound);
            }
        }
        queue::admitted(rows, self.place, self.user, now)?;

        release(rows, self.place, self.reservation, now);
        if let Some(admission) = rows.admissions.update(&self.place) {
            admission.reservation = None;
            admission.token_expiry = admission.shop_until;
        }
        Ok(Outcome::Released)
    }
}

/// The reservation, if it is this user's and of this token's concert; whose it is otherwise is not
/// told.
pub(crate) fn owned(
    rows: &Rows,
    id: ReservationId,
    user: UserId,
    place: PlaceKey,
) -> Option<&Reservation> {
    rows.reservations.get(&id).filter(|r| r.user == user && r.concert == place.concert)
}

/// Whether the rows of all its seats still name this reservation. After its time is over somebody
/// else may have taken them, and a clock that jumps back (or another node's that is behind) does not
/// give them back.
pub(crate) fn owns_its_seats(rows: &Rows, id: ReservationId) -> bool {
    let Some(date) = rows.reservations.get(&id).map(|r| r.date) else {
        return false;
    };
    let mine = |reserved: &ReservedSeat| {
        let key = SeatKey { date, number: reserved.number };
        let seat = rows.seats.get(&key);
        seat.is_some_and(|seat| seat.reservation == Some(id))
    };
    let seats = rows.reserved_seats.get(&id);
    seats.is_some_and(|seats| seats.iter().all(mine))
}

/// Frees the seats of a hold that its owner gives up. In the second half of its time that is a lapse to who
/// counts them.
pub(crate) fn release(rows: &mut Rows, place: PlaceKey, id: ReservationId, now: Time) {
    let late = |r: &Reservation| {
        now.ms_since(r.reservation_date) >= r.expires_at.ms_since(r.reservation_date) / 2
    };
    let is_late = rows.reservations.get(&id).is_some_and(late);
    if end_hold(rows, id, ReservationStatus::Cancelled, now) && is_late {
        queue::count_lapse(rows, place);
    }
}

/// Frees the seats of a hold whose time is over. Returns whether there was one.
pub(crate) fn lapse(rows: &mut Rows, id: ReservationId, now: Time) -> bool {
    end_hold(rows, id, ReservationStatus::Expired, now)
}

/// Ends a hold; seats that somebody else has taken meanwhile stay theirs.
fn end_hold(rows: &mut Rows, id: ReservationId, status: ReservationStatus, now: Time) -> bool {
    let held = |r: &&Reservation| r.status == ReservationStatus::Held;
    let Some(before) = rows.reservations.get(&id).filter(held).cloned() else {
        return false;
    };
    let date = before.date;
    if let Some(reservation) = rows.reservations.update(&id) {
        reservation.status = status;
        reservation.ended_at = Some(now);
    }
    let seats = rows.reserved_seats.get(&id).cloned().unwrap_or_default();
    let mut freed = 0;
    for seat in seats {
        let key = SeatKey { date, number: seat.number };
        let mine = |s: &Seat| s.status == SeatStatus::Held && s.reservation == Some(id);
        if !rows.seats.get(&key).is_some_and(mine) {
            continue;
        }
        if let Some(seat) = rows.seats.update(&key) {
            seat.status = SeatStatus::Available;
            seat.reservation = None;
            seat.held_until = None;
            if status == ReservationStatus::Cancelled {
                seat.last_holder_until =
                    seat.last_holder_until.map(|until| before.closed_until(until, now));
            }
            freed += 1;
        }
    }
    if let Some(date) = rows.dates.update(&date).filter(|_| freed > 0) {
        date.available_seats += freed;
    }
    true
}
