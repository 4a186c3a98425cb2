//! Seats and reservations, from their rows.

use super::{Check, Found, Touched};
use boxoffice_core::concert::{ConcertDate, Seat, SeatStatus};
use boxoffice_core::id::{DateId, ReservationId, SeatKey};
use boxoffice_core::reservation::{Reservation, ReservationStatus, ReservedSeat};
use boxoffice_core::time::Time;
use boxoffice_server::store::memory::MemoryStore;
use std::collections::{BTreeMap, BTreeSet};

/// What seats and reservations were after the last look.
#[derive(Default)]
pub struct SeatBook {
    available: BTreeMap<SeatKey, bool>,
    available_count: BTreeMap<DateId, u64>,
    sold: BTreeMap<SeatKey, ReservationId>,
    reservations: BTreeMap<ReservationId, Reservation>,
    reserved: BTreeMap<ReservationId, Vec<ReservedSeat>>,
}

impl SeatBook {
    pub fn batch(
        &mut self,
        found: &mut Found,
        store: &MemoryStore,
        touched: &Touched,
        latest: Time,
    ) {
        for id in &touched.reservations {
            reservation(found, store, *id, latest);
            self.remember_reservation(found, store, *id);
        }
        for key in &touched.seats {
            seat(found, store, *key);
            self.remember_seat(found, store, *key);
        }
        for date in touched.dates.iter().chain(touched.seats.iter().map(|key| &key.date)) {
            self.available(found, store, *date);
        }
    }

    pub fn full(&mut self, found: &mut Found, store: &MemoryStore, latest: Time) {
        for id in store.reservations.keys().chain(self.reserved.keys()) {
            reservation(found, store, *id, latest);
        }
        let mut known: BTreeSet<_> = self.reservations.keys().copied().collect();
        known.extend(store.reservations.keys().copied());
        for id in known {
            self.remember_reservation(found, store, id);
        }
        let mut counts: BTreeMap<DateId, (u64, u64)> = BTreeMap::new();
        let mut blocked: BTreeMap<DateId, u64> = BTreeMap::new();
        for (key, row) in &store.seats {
            seat(found, store, *key);
            self.remember_seat(found, store, *key);
            let count = counts.entry(key.date).or_default();
            count.0 += 1;
            count.1 += u64::from(row.status == SeatStatus::Available);
            *blocked.entry(key.date).or_default() += u64::from(row.status == SeatStatus::Blocked);
        }
        for (date, row) in &store.dates {
            let (total, available) = counts.get(date).copied().unwrap_or_default();
            found.ensure(row.available_seats == available, Check::AvailableSeats, || {
                format!("{date}: {} and not {available}", row.available_seats)
            });
            let blocked = blocked.get(date).copied().unwrap_or(0);
            found.ensure(row.blocked_seats == blocked, Check::AvailableSeats, || {
                format!("{date}: {} blocked and not {blocked}", row.blocked_seats)
            });
            found.ensure(row.total_seats == total, Check::SeatTotals, || {
                format!("{date}: {} and not {total}", row.total_seats)
            });
        }
        for (id, concert) in &store.concerts {
            let mine = |date: &&ConcertDate| date.concert == *id && date.withdrawn_at.is_none();
            let dates = store.dates.values().filter(mine);
            let seats: u64 = dates.clone().map(|date| date.total_seats).sum();
            let right = concert.total_seats == seats && concert.date_count == dates.count() as u64;
            found.ensure(right, Check::SeatTotals, || format!("concert {id}"));
        }
        one_claim(found, store, latest);
    }

    fn available(&self, found: &mut Found, store: &MemoryStore, date: DateId) {
        let counted = self.available_count.get(&date).copied().unwrap_or(0);
        let said = store.dates.get(&date).map(|row| row.available_seats);
        found.ensure(said == Some(counted), Check::AvailableSeats, || {
            format!("{date}: {said:?} and not {counted}")
        });
    }

    fn remember_seat(&mut self, found: &mut Found, store: &MemoryStore, key: SeatKey) {
        let Some(row) = store.seats.get(&key) else {
            return;
        };
        let available = row.status == SeatStatus::Available;
        let before = self.available.insert(key, available).unwrap_or(false);
        let count = self.available_count.entry(key.date).or_default();
        *count = *count + u64::from(available) - u64::from(before);
        let back = |owner: &ReservationId| store.refunded_seats.contains_key(&(*owner, key.number));
        if self.sold.get(&key).is_some_and(back) {
            self.sold.remove(&key);
        }
        if let Some(owner) = self.sold.get(&key) {
            let kept = row.status == SeatStatus::Sold && row.reservation == Some(*owner);
            found.ensure(kept, Check::SoldForever, || format!("{key:?} is {row:?}"));
        } else if let (SeatStatus::Sold, Some(owner)) = (row.status, row.reservation) {
            self.sold.insert(key, owner);
        }
    }

    fn remember_reservation(&mut self, found: &mut Found, store: &MemoryStore, id: ReservationId) {
        let Some(row) = store.reservations.get(&id) else {
            found.ensure(false, Check::ReservationFinal, || format!("{id} is gone"));
            return;
        };
        if let Some(before) = self.reservations.get(&id) {
            let ended = before.status != ReservationStatus::Held;
            let kept = before == row || only_refunded(before, row);
            found.ensure(!ended || kept, Check::ReservationFinal, || {
                format!("{id} was {before:?} and is {row:?}")
            });
            let fixed = |r: &Reservation| {
                let what = (r.user, r.place, r.date);
                (what, r.seat_count, r.total_price, r.reservation_date, r.expires_at)
            };
            found.ensure(fixed(before) == fixed(row), Check::Immutable, || {
                format!("{id} was {before:?} and is {row:?}")
            });
        }
        let seats = store.reserved_seats.get(&id).cloned().unwrap_or_default();
        let before = self.reserved.entry(id).or_insert_with(|| seats.clone());
        found.ensure(*before == seats, Check::Immutable, || {
            format!("seats of {id} were {before:?} and are {seats:?}")
        });
        self.reservations.insert(id, row.clone());
    }
}

/// Whether nothing else has changed than that something went back.
fn only_refunded(before: &Reservation, row: &Reservation) -> bool {
    let (status, refunded) = (row.status, row.refunded);
    let later = Reservation { status, refunded, ..before.clone() };
    let (old, new) = (before.refunded, refunded);
    before.payment.is_some()
        && matches!(status, ReservationStatus::Confirmed | ReservationStatus::Refunded)
        && later == *row
        && (old.amount <= new.amount && old.seats <= new.seats && old.count < new.count)
}

/// What a reservation says of its refunds is what their rows sum to.
fn refunds(found: &mut Found, store: &MemoryStore, id: ReservationId, row: &Reservation) {
    let refunds: Vec<_> = store.refunds.range((id, 0)..=(id, u64::MAX)).collect();
    let seats = store.refunded_seats.range((id, 0)..=(id, u32::MAX)).count();
    let amount: i64 = refunds.iter().map(|(_, refund)| refund.amount.0).sum();
    let named: u64 = refunds.iter().map(|(_, refund)| u64::from(refund.seat_count)).sum();
    let numbered = refunds.iter().map(|((_, number), _)| *number).eq(1..=row.refunded.count);
    let right = numbered
        && row.refunded.amount.0 == amount
        && (0..=row.total_price.0).contains(&amount)
        && row.refunded.seats as usize == seats
        && named == seats as u64
        && (row.status == ReservationStatus::Refunded) == (row.seat_count == row.refunded.seats)
        && refunds.iter().all(|(_, refund)| refund.amount.0 >= 0);
    found.ensure(right, Check::Refund, || format!("{id} is {row:?} with {refunds:?}"));
}

/// One seat's row, and the claim that it names.
fn seat(found: &mut Found, store: &MemoryStore, key: SeatKey) {
    let Some(row) = store.seats.get(&key) else {
        found.ensure(false, Check::SeatRow, || format!("{key:?} is gone"));
        return;
    };
    let columns = (row.reservation.is_some(), row.held_until.is_some());
    let columns = (columns.0, columns.1, row.reservated_date.is_some());
    let fits = match row.status {
        SeatStatus::Available | SeatStatus::Blocked => columns == (false, false, false),
        SeatStatus::Held => columns == (true, true, false),
        SeatStatus::Sold => columns == (true, false, true),
    };
    let fits = fits && row.seat_id > 0;
    found.ensure(fits, Check::SeatRow, || format!("{key:?} is {row:?}"));
    let Some(id) = row.reservation else {
        return;
    };
    let owner = store.reservations.get(&id);
    let named = store.reserved_seats.get(&id).into_iter().flatten();
    let named = named.filter(|seat| seat.number == key.number).count() == 1;
    let claims = |owner: &Reservation| {
        let state = match row.status {
            SeatStatus::Available | SeatStatus::Blocked => false,
            SeatStatus::Held => {
                owner.status == ReservationStatus::Held && row.held_until == Some(owner.expires_at)
            }
            SeatStatus::Sold => {
                let back = store.refunded_seats.contains_key(&(id, key.number));
                owner.status == ReservationStatus::Confirmed && !back
            }
        };
        state && owner.date == key.date && owner.concert() == row.concert
    };
    found.ensure(named && owner.is_some_and(claims), Check::SeatClaim, || {
        format!("{key:?} is {row:?}, claimed by {owner:?}")
    });
}

/// One reservation's row, with its seats.
fn reservation(found: &mut Found, store: &MemoryStore, id: ReservationId, latest: Time) {
    let Some(row) = store.reservations.get(&id) else {
        return;
    };
    let reserved = store.reserved_seats.get(&id).map_or(&[][..], Vec::as_slice);
    let seat_of = |seat: &ReservedSeat| {
        let date = row.date;
        let number = seat.number;
        store.seats.get(&SeatKey { date, number })
    };
    let priced = |seat: &ReservedSeat| {
        // Of a date that was changed, a seat may have another price by now.
        let changed = store.dates.get(&row.date).is_some_and(|date| date.revision > 0);
        seat_of(seat)
            .is_some_and(|s| s.seat_id == seat.seat_id && (changed || s.ticket_price == seat.price))
    };
    let total: i64 = reserved.iter().map(|seat| seat.price.0).sum();
    let held = row.status == ReservationStatus::Held;
    let confirmed =
        matches!(row.status, ReservationStatus::Confirmed | ReservationStatus::Refunded);
    refunds(found, store, id, row);
    let fits = !reserved.is_empty()
        && reserved.len() as u64 == u64::from(row.seat_count)
        && total == row.total_price.0
        && reserved.iter().all(priced)
        && row.ended_at.is_none() == held
        && row.payment.is_some() == confirmed
        && store.dates.get(&row.date).is_some_and(|date| date.concert == row.concert());
    found.ensure(fits, Check::ReservationRow, || format!("{id} is {row:?} with {reserved:?}"));
    // A hold that was over at any time may have been overtaken.
    let wanted = match row.status {
        ReservationStatus::Confirmed => SeatStatus::Sold,
        ReservationStatus::Held if row.expires_at > latest => SeatStatus::Held,
        _ => return,
    };
    let mine = |seat: &Seat| seat.status == wanted && seat.reservation == Some(id);
    let back = |seat: &ReservedSeat| store.refunded_seats.contains_key(&(id, seat.number));
    let all = reserved.iter().all(|seat| back(seat) || seat_of(seat).is_some_and(mine));
    found.ensure(all, Check::ReservationSeats, || {
        format!("{id} is {row:?} and lacks seats of {reserved:?}")
    });
}

/// Each seat has at most one live claim, counted from the side of the reservations.
fn one_claim(found: &mut Found, store: &MemoryStore, latest: Time) {
    let mut claims: BTreeMap<SeatKey, ReservationId> = BTreeMap::new();
    for (id, row) in &store.reservations {
        let live = match row.status {
            ReservationStatus::Confirmed | ReservationStatus::Refunded => true,
            ReservationStatus::Held => row.expires_at > latest,
            ReservationStatus::Expired | ReservationStatus::Cancelled => false,
        };
        let seats = store.reserved_seats.get(id).into_iter().flatten();
        let back = |seat: &&ReservedSeat| store.refunded_seats.contains_key(&(*id, seat.number));
        for seat in seats.filter(|seat| live && !back(seat)) {
            let key = SeatKey { date: row.date, number: seat.number };
            let other = claims.insert(key, *id);
            found.ensure(other.is_none(), Check::OneClaim, || {
                format!("{key:?} is claimed by {id} and {other:?}")
            });
        }
    }
}
