//! The steps of a hold: whose it is, and its end by its owner, by its time, or with its admission.

use crate::id::{PlaceKey, ReservationId, SeatKey, UserId};
use crate::rows::place::{Admission, AdmissionEnd};
use crate::rows::reservation::{Reservation, ReservationStatus, ReservedSeat};
use crate::rows::seat::{Seat, SeatStatus};
use crate::rows::{Keys, Rows, want};
use crate::steps::admission::{count_unpaid, end_admission};
use crate::time::Time;

/// Names a reservation, its date, and its seats.
pub(crate) fn reservation_keys(id: ReservationId, rows: &Rows, keys: &mut Keys) {
    want(&mut keys.reservations, &rows.reservations, id);
    want(&mut keys.reserved_seats, &rows.reserved_seats, id);
    let (Some(reservation), Some(seats)) =
        (rows.reservations.peek(&id), rows.reserved_seats.peek(&id))
    else {
        return;
    };
    want(&mut keys.dates, &rows.dates, reservation.date);
    let date = reservation.date;
    for seat in seats {
        want(&mut keys.seats, &rows.seats, SeatKey { date, number: seat.number });
    }
}

/// Names what it takes to end a place or an admission with its hold.
pub(crate) fn ending_keys(place: PlaceKey, rows: &Rows, keys: &mut Keys) {
    want(&mut keys.queues, &rows.queues, place.queue);
    want(&mut keys.returning, &rows.returning, place.queue);
    want(&mut keys.places, &rows.places, place);
    want(&mut keys.admissions, &rows.admissions, place);
    if let Some(id) = rows.admissions.peek(&place).and_then(|admission| admission.reservation) {
        reservation_keys(id, rows, keys);
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
    rows.reservations.get(&id).filter(|r| r.user == user && r.concert() == place.queue.concert)
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
    let lasted = |r: &Reservation| (r.held_ms(now), r.held_ms(now) >= r.whole_ms() / 2);
    let lasted = rows.reservations.get(&id).map(lasted);
    if end_hold(rows, id, ReservationStatus::Cancelled, now)
        && !is_of_cancelled(rows, id)
        && let Some(lasted) = lasted
    {
        count_unpaid(rows, place, lasted);
    }
}

/// Ends a hold that counts, through no fault of its user: nothing of it is held against them, and they may shop on.
/// One whose time is over has ended with its admission.
pub(crate) fn call_off(rows: &mut Rows, id: ReservationId, now: Time) -> bool {
    let held = |r: &&Reservation| r.still_held(now).is_ok();
    let Some(place) = rows.reservations.get(&id).filter(held).map(|reservation| reservation.place)
    else {
        return false;
    };
    let under = |admission: &Admission| admission.reservation == Some(id);
    if rows.admissions.get(&place).is_some_and(under)
        && let Some(admission) = rows.admissions.update(&place)
    {
        admission.reservation = None;
        admission.token_expiry = admission.shop_until;
    }
    end_hold(rows, id, ReservationStatus::Cancelled, now)
}

/// Ends an admission whose time is over, with its hold. Returns whether it did.
pub(crate) fn expire(rows: &mut Rows, key: PlaceKey, now: Time) -> bool {
    let Some(admission) = rows.admissions.get(&key).copied() else {
        return false;
    };
    if !admission.is_active || admission.is_live(now) {
        return false;
    }
    let expired = ReservationStatus::Expired;
    let lapsed = admission.reservation.is_some_and(|id| end_hold(rows, id, expired, now));
    if lapsed && !admission.reservation.is_some_and(|id| is_of_cancelled(rows, id)) {
        let hold = admission.reservation.and_then(|id| rows.reservations.get(&id));
        let whole_ms = hold.map_or(0, Reservation::whole_ms);
        count_unpaid(rows, key, (whole_ms, true));
    }
    let end = match (lapsed, admission.arrived_at) {
        (true, _) => AdmissionEnd::HoldLapsed,
        (false, Some(_)) => AdmissionEnd::TimedOut,
        (false, None) => AdmissionEnd::NoShow,
    };
    end_admission(rows, key, end, now);
    true
}

/// Whether its date was cancelled, so that it could not be paid: its end is held against nobody.
fn is_of_cancelled(rows: &Rows, id: ReservationId) -> bool {
    let date = rows.reservations.get(&id).and_then(|reservation| rows.dates.get(&reservation.date));
    date.is_some_and(|date| date.cancelled.is_some())
}

/// Ends a hold; seats that somebody else has taken meanwhile stay theirs. Returns whether there was one.
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
