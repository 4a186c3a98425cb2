//! Tickets, counted from the side of the seats: what the rule says of each reservation must come to the same.

use super::{Check, Found};
use boxoffice_core::concert::SeatStatus;
use boxoffice_core::id::{ReservationId, SeatKey};
use boxoffice_core::ticket::{VoidBecause, tickets_of};
use boxoffice_server::store::memory::MemoryStore;
use std::collections::{BTreeMap, BTreeSet};

/// Counts the tickets of all reservations.
pub fn full(found: &mut Found, store: &MemoryStore) {
    let mut valid: BTreeMap<SeatKey, ReservationId> = BTreeMap::new();
    let mut void: BTreeSet<(ReservationId, u32)> = BTreeSet::new();
    for (id, row) in &store.reservations {
        let seats = store.reserved_seats.get(id).map_or(&[][..], Vec::as_slice);
        let back = store.refunded_seats.range((*id, 0)..=(*id, u32::MAX));
        let back = back.map(|((_, number), _)| *number).collect();
        for (ticket, because) in tickets_of(*id, row, seats, &back, false) {
            let key = SeatKey { date: ticket.date, number: ticket.seat };
            let other = match because {
                None => valid.insert(key, ticket.reservation),
                Some(VoidBecause::Refunded) => {
                    void.insert((ticket.reservation, ticket.seat));
                    None
                }
                Some(VoidBecause::DateCancelled) => Some(ticket.reservation),
            };
            let right = other.is_none() && ticket.reservation == *id;
            found.ensure(right, Check::Ticket, || format!("{ticket:?} and one of {other:?}"));
        }
    }
    let sold = store.seats.iter().filter(|(_, seat)| seat.status == SeatStatus::Sold);
    let sold: BTreeMap<_, _> =
        sold.filter_map(|(key, seat)| Some((*key, seat.reservation?))).collect();
    found.ensure(valid == sold, Check::Ticket, || format!("valid {valid:?} and sold {sold:?}"));
    let back = store.refunded_seats.keys().copied().collect();
    found.ensure(void == back, Check::Ticket, || format!("void {void:?} and back {back:?}"));
    for ((id, number), row) in &store.refunded_seats {
        let date = store.reservations.get(id).map(|reservation| reservation.date);
        found.ensure(date == Some(row.date), Check::Ticket, || {
            format!("seat {number} of {id}: {row:?} of {date:?}")
        });
    }
}
