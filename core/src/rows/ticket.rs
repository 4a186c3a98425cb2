//! Tickets: one for each seat that was paid for. They have no table. Each follows from the rows of its reservation, of
//! what went back of it, and of its date, so that paying writes nothing for them.

use crate::id::{DateId, ReservationId};
use crate::rows::reservation::{Reservation, ReservedSeat};
use std::collections::BTreeSet;

/// The version of a ticket that replaces no other. A ticket that replaces one has the next.
pub const FIRST_VERSION: u16 = 1;

/// What is scanned at the door: the right of whoever has it to one seat on one date. A seat that is sold again has a
/// ticket of another reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    /// For which date.
    pub date: DateId,
    /// Of which reservation.
    pub reservation: ReservationId,
    /// The seat's number.
    pub seat: u32,
    /// Which ticket for this seat of the reservation: the highest counts.
    pub version: u16,
}

/// Why a ticket lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VoidBecause {
    /// Its seat has gone back.
    Refunded,
    /// Its date was cancelled.
    DateCancelled,
}

/// The tickets of a reservation by its seats, each with why it is void, if it is. `back` are the numbers of the seats
/// that went back, `cancelled` is whether the date was cancelled. A reservation that was not paid has none.
#[must_use]
pub fn tickets_of(
    id: ReservationId,
    reservation: &Reservation,
    seats: &[ReservedSeat],
    back: &BTreeSet<u32>,
    cancelled: bool,
) -> Vec<(Ticket, Option<VoidBecause>)> {
    let paid = seats.iter().filter(|_| reservation.payment.is_some());
    let ticket = |seat: &ReservedSeat| {
        let because = if back.contains(&seat.number) {
            Some(VoidBecause::Refunded)
        } else {
            cancelled.then_some(VoidBecause::DateCancelled)
        };
        let (date, seat) = (reservation.date, seat.number);
        (Ticket { date, reservation: id, seat, version: FIRST_VERSION }, because)
    };
    paid.map(ticket).collect()
}
