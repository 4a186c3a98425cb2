//! Seats as columns and back.

use super::column::words;
use super::{Cell, columns};
use boxoffice_core::concert::{Seat, SeatStatus};
use boxoffice_core::id::SeatKey;

words! {
    SeatStatus { Available: "available", Held: "held", Sold: "sold", Blocked: "blocked", }
}

/// The database gives the number of a new seat.
const fn given(seat_id: i64) -> Cell<'static> {
    if seat_id == 0 { Cell::Null } else { Cell::Int(seat_id) }
}

columns! {
    Seat[SeatKey] in "seat", found by seat_id;
    |key, row|
    key { concert_date_id: key.date, seat_number: key.number }
    fixed { seat_id: given(row.seat_id), concert_id: row.concert }
    mutable {
        zone: row.zone,
        ticket_price: row.ticket_price,
        status: row.status,
        reservation_id: row.reservation,
        held_until: row.held_until,
        reservated_date: row.reservated_date,
        last_holder: row.last_holder,
        last_holder_until: row.last_holder_until,
    }
    read SeatKey { date: concert_date_id, number: seat_number } => Seat {
        seat_id,
        concert: concert_id,
        zone,
        ticket_price,
        status,
        reservation: reservation_id,
        held_until,
        reservated_date,
        last_holder,
        last_holder_until,
    }
}
