//! Reservations: hold → confirmed, expired or cancelled.
//!
//! Nobody needs the tick to be right: a hold has lapsed when its time is over, and whoever takes
//! its seat then takes it from the row as it stands.
//!
//! *Seats are not blocked by holding them again and again* (H9, H40). A seat that was held and not paid stays
//! closed for a while to who held it: after a lapse for `rehold_after_ms`, after a release for the part of it
//! that the hold had of its whole time, so that a slip of the finger costs seconds and a hold that is given up
//! at the last moment costs what a lapse does. To everybody else the seat is free at once. The seat's own row
//! remembers its last holder alone, so that the rule reads no history. Who lets the seats go by turns with
//! others is met by two more: lapses, and the time that seats were held without being paid, however the holds
//! ended, are counted along a user's places in a concert. After [`crate::limits::LAPSES_MAX`] lapses, or as much
//! time as so many whole holds have, the user is out of the shop and may not join for a while. The time wears off
//! so slowly that one hold for each such while is all that is left; whoever pays begins anew. Both stand in the
//! place's row, which a release and a join load anyway and a hold does not need.

use crate::id::{ConcertId, DateId, PlaceKey, ReservationId, SeatKey, UserId};
use crate::limits::{BLOCKS_PER_RESERVATION_MAX, SEATS_PER_RESERVATION_MAX};
use crate::money::Money;
use crate::outcome::{Outcome, SeatPrice};
use crate::refusal::{Field, Refusal};
use crate::rows::concert::{Concert, ConcertDate, Policy};
use crate::rows::place::AdmissionEnd;
use crate::rows::reservation::{Refunded, Reservation, ReservationStatus, ReservedSeat};
use crate::rows::seat::{Seat, SeatStatus};
use crate::rows::{Keys, Rows, want};
use crate::rules::Rule;
use crate::steps::admission::{admitted, arrive, end_admission, token_keys};
use crate::steps::hold::{owned, release, reservation_keys};
use crate::time::Time;
use std::collections::BTreeSet;

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

impl Rule for Reserve {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.place.queue.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        token_keys(self.place, rows, keys);
        want(&mut keys.dates, &rows.dates, self.date);
        want(&mut keys.holdings, &rows.holdings, (self.user, self.date));
        // More than a reservation may have is refused without a look at them.
        if self.seats.len() <= SEATS_PER_RESERVATION_MAX {
            for key in self.seat_keys() {
                want(&mut keys.seats, &rows.seats, key);
            }
        }
        want(&mut keys.reservations, &rows.reservations, self.reservation);
    }

    /// Refuses with: token (see [`admitted`]), invalid setting (no or too many seats), date
    /// not found, date cancelled, sale closed (or the performance has begun) or not open, seat not found, hold exists,
    /// seat limit, seats taken (or blocked), seats cooling off, already exists.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        admitted(rows, self.place, self.user, now)?;
        let count = (1..=SEATS_PER_RESERVATION_MAX).contains(&self.seats.len());
        ensure!(count, Refusal::InvalidSetting { field: Field::Seats });
        let policy = self.policy(rows, now)?;
        self.seats_exist(rows)?;
        self.may_have(rows, self.seats.len(), (&policy, now))?;
        self.seats_free(rows, now)?;
        self.seats_open(rows, now)?;
        ensure!(rows.reservations.get(&self.reservation).is_none(), Refusal::AlreadyExists);

        Ok(self.take(rows, &policy, now))
    }
}

impl Reserve {
    /// Under which times and limits seats of the date are sold. Refuses with: date not found, date cancelled, sale
    /// closed or not open.
    fn policy(&self, rows: &Rows, now: Time) -> Result<Policy, Refusal> {
        let bookable = |d: &&ConcertDate| d.concert == self.place.queue.concert && d.is_live();
        let date = rows.dates.get(&self.date).filter(bookable);
        let date = date.ok_or(Refusal::DateNotFound)?;
        date.not_cancelled()?;
        ensure!(!now.reached(date.concert_date), Refusal::SaleClosed);
        let concert =
            rows.concerts.get(&self.place.queue.concert).ok_or(Refusal::ConcertNotFound)?;
        self.on_sale(concert, now)?;
        Ok(concert.policy)
    }

    /// Whether the user may have so many seats more. Refuses with: hold exists, seat limit.
    fn may_have(
        &self,
        rows: &Rows,
        wanted: usize,
        (policy, now): (&Policy, Time),
    ) -> Result<(), Refusal> {
        let held = rows.admissions.get(&self.place).and_then(|a| a.reservation);
        if let Some(reservation_id) = held {
            return Err(Refusal::HoldExists { reservation_id });
        }
        self.within_limit(rows, wanted, policy.seats_per_user, now)
    }

    /// Whoever was let in by a queue with an opening of its own has seen it open, and it does not move: its
    /// row, which all who join lock, need not be looked at.
    fn on_sale(&self, concert: &Concert, now: Time) -> Result<(), Refusal> {
        if self.place.queue.is_general() { concert.on_sale(now) } else { concert.not_closed(now) }
    }

    fn seat_keys(&self) -> impl Iterator<Item = SeatKey> {
        let date = self.date;
        self.seats.iter().map(move |&number| SeatKey { date, number })
    }

    fn numbers_where(&self, rows: &Rows, test: impl Fn(Option<&Seat>) -> bool) -> Vec<u32> {
        self.seat_keys().filter(|key| test(rows.seats.get(key))).map(|key| key.number).collect()
    }

    fn seats_exist(&self, rows: &Rows) -> Result<(), Refusal> {
        let seat_numbers = self.numbers_where(rows, |seat| seat.is_none());
        ensure!(seat_numbers.is_empty(), Refusal::SeatNotFound { seat_numbers });
        Ok(())
    }

    fn seats_free(&self, rows: &Rows, now: Time) -> Result<(), Refusal> {
        let seat_numbers =
            self.numbers_where(rows, |seat| !seat.is_some_and(|seat| seat.is_free(now)));
        let off_sale = |seat: Option<&Seat>| seat.is_some_and(|s| s.status == SeatStatus::Blocked);
        let blocked = self.numbers_where(rows, off_sale);
        ensure!(blocked.is_empty(), Refusal::SeatsBlocked { seat_numbers, blocked });
        ensure!(seat_numbers.is_empty(), Refusal::SeatsTaken { seat_numbers });
        Ok(())
    }

    /// None of the seats was let go by this user a short while ago.
    fn seats_open(&self, rows: &Rows, now: Time) -> Result<(), Refusal> {
        let closed = |seat: &Seat| seat.closed_until(self.user, now);
        let seat_numbers = self.numbers_where(rows, |seat| seat.and_then(closed).is_some());
        let until = self.seat_keys().filter_map(|key| rows.seats.get(&key).and_then(closed)).max();
        until.map_or(Ok(()), |retry_at| Err(Refusal::SeatsCoolingOff { seat_numbers, retry_at }))
    }

    fn within_limit(
        &self,
        rows: &Rows,
        wanted: usize,
        limit: u32,
        now: Time,
    ) -> Result<(), Refusal> {
        let ids = rows.holdings.get(&(self.user, self.date)).into_iter().flatten();
        let reservations = ids.filter_map(|id| rows.reservations.get(id));
        let have: u32 = reservations.map(|r| r.seats_counted(now)).sum();
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
        ensure!(have.saturating_add(wanted) <= limit, Refusal::SeatLimit { limit, have });
        Ok(())
    }

    /// Takes the seats, which can be had.
    fn take(&self, rows: &mut Rows, policy: &Policy, now: Time) -> Outcome {
        arrive(rows, self.place, now);
        let expires_at = now.plus_ms(policy.hold_ttl_ms);
        let closes = (policy.rehold_after_ms > 0)
            .then(|| (self.user, expires_at.plus_ms(policy.rehold_after_ms)));
        self.hold(rows, (expires_at, closes), now)
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
        for key in self.seat_keys() {
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
            place: self.place,
            date: self.date,
            status: ReservationStatus::Held,
            seat_count: u32::try_from(reserved.len()).unwrap_or(u32::MAX),
            total_price,
            reservation_date: now,
            expires_at,
            ended_at: None,
            payment: None,
            refunded: Refunded::default(),
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

/// Holds seats that were proposed: all of the first block whose seats can be had. Whoever proposes looks at a
/// picture that may be old; what is taken is decided here, on the rows.
#[derive(Clone, Debug)]
pub struct ReserveBest {
    /// Who.
    pub user: UserId,
    /// The admitted place that the user shops with.
    pub place: PlaceKey,
    /// Of which date.
    pub date: DateId,
    /// How many seats.
    pub count: u32,
    /// Blocks of so many seats, the best first; none where none fits.
    pub blocks: Vec<BTreeSet<u32>>,
    /// Seats of the largest block that there is, where none fits.
    pub largest: u32,
    /// Id of the reservation, if it comes about.
    pub reservation: ReservationId,
}

impl Rule for ReserveBest {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.place.queue.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        self.of(BTreeSet::new()).keys(rows, keys);
        // More than there may be are refused without a look at them.
        if self.are_blocks() {
            for number in self.blocks.iter().flatten() {
                want(&mut keys.seats, &rows.seats, SeatKey { date: self.date, number: *number });
            }
        }
    }

    /// Refuses with: token (see [`admitted`]), invalid setting (no or too many seats, blocks that are none), date not
    /// found, date cancelled, sale closed or not open, hold exists, seat limit, already exists, no fitting seats
    /// (where no block is proposed), seats taken (those of all blocks that cannot be had, where each block has one),
    /// seats cooling off (where a block is free but for these).
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        admitted(rows, self.place, self.user, now)?;
        ensure!(self.are_blocks(), Refusal::InvalidSetting { field: Field::Seats });
        let all = self.of(self.blocks.iter().flatten().copied().collect());
        let policy = all.policy(rows, now)?;
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        all.may_have(rows, count, (&policy, now))?;
        ensure!(rows.reservations.get(&self.reservation).is_none(), Refusal::AlreadyExists);
        ensure!(!self.blocks.is_empty(), Refusal::NoFittingSeats { largest: self.largest });
        let mut blocks = self.blocks.iter().map(|block| self.of(block.clone()));
        let can = |block: &Reserve| {
            block.seats_free(rows, now).is_ok() && block.seats_open(rows, now).is_ok()
        };
        let Some(block) = blocks.find(can) else {
            let free = |block: &BTreeSet<u32>| self.of(block.clone()).seats_free(rows, now).is_ok();
            if self.blocks.iter().any(free) {
                all.seats_open(rows, now)?;
            }
            return Err(all.seats_free(rows, now).err().unwrap_or(Refusal::AlreadyExists));
        };

        Ok(block.take(rows, &policy, now))
    }
}

impl ReserveBest {
    /// The reservation of these seats.
    fn of(&self, seats: BTreeSet<u32>) -> Reserve {
        let Self { user, place, date, reservation, .. } = *self;
        Reserve { user, place, date, seats, reservation }
    }

    /// A number of seats that a reservation may have, and so many blocks of just that as there may be.
    fn are_blocks(&self) -> bool {
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        (1..=SEATS_PER_RESERVATION_MAX).contains(&count)
            && self.blocks.len() <= BLOCKS_PER_RESERVATION_MAX
            && self.blocks.iter().all(|block| block.len() == count)
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

impl Rule for Cancel {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.place.queue.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        token_keys(self.place, rows, keys);
        want(&mut keys.places, &rows.places, self.place);
        reservation_keys(self.reservation, rows, keys);
        if self.may_end_admission(rows) {
            want(&mut keys.queues, &rows.queues, self.place.queue);
        }
    }

    /// Refuses with: already paid, hold lapsed, token (see [`admitted`]), reservation not
    /// found. Releasing twice is releasing once. Whoever has held seats without paying for too long in all is
    /// out of the shop with it.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        match owned(rows, self.reservation, self.user, self.place).map(|r| r.still_held(now)) {
            Some(Err(Refusal::HoldReleased)) => return Ok(Outcome::Released),
            Some(other) => other?,
            None => {
                admitted(rows, self.place, self.user, now)?;
                return Err(Refusal::ReservationNotFound);
            }
        }
        admitted(rows, self.place, self.user, now)?;

        release(rows, self.place, self.reservation, now);
        if self.is_used_up(rows) {
            end_admission(rows, self.place, AdmissionEnd::HoldLapsed, now);
        } else if let Some(admission) = rows.admissions.update(&self.place) {
            admission.reservation = None;
            admission.token_expiry = admission.shop_until;
        }
        Ok(Outcome::Released)
    }
}

impl Cancel {
    fn is_used_up(&self, rows: &Rows) -> bool {
        let policy = rows.concerts.get(&self.place.queue.concert).map(|concert| concert.policy);
        let unpaid_ms = rows.places.get(&self.place).map_or(0, |place| place.unpaid_ms);
        policy.is_some_and(|policy| policy.is_used_up(unpaid_ms))
    }

    /// Whether it may be used up with this hold, as far as the rows tell: seldom, so that the queue's row
    /// is not locked for every release.
    fn may_end_admission(&self, rows: &Rows) -> bool {
        let policy = rows.concerts.peek(&self.place.queue.concert).map(|concert| concert.policy);
        let place = rows.places.peek(&self.place);
        // The policy may have changed since the hold was made.
        let hold_ms = rows.reservations.peek(&self.reservation).map_or(0, Reservation::whole_ms);
        policy.zip(place).is_some_and(|(policy, place)| {
            policy.is_used_up(place.unpaid_ms.saturating_add(hold_ms))
        })
    }
}
