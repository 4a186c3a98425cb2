//! Reservations and their seats as columns and back.

use super::cell::Cell;
use super::column::{Column as _, words};
use super::columns;
use boxoffice_core::id::{PlaceKey, QueueId, ReservationId};
use boxoffice_core::reservation::{Refunded, Reservation, ReservationStatus, ReservedSeat};

words! {
    ReservationStatus {
        Held: "held",
        Confirmed: "confirmed",
        Expired: "expired",
        Cancelled: "cancelled",
        Refunded: "refunded",
    }
}

/// The queue, where it is not the general one of the concert: nothing was there before there were others.
fn named(queue: &QueueId) -> Cell<'_> {
    if queue.is_general() { Cell::Null } else { queue.id.cell() }
}

columns! {
    Reservation[ReservationId] in "reservation", found by reservation_id;
    |key, row|
    key { reservation_id: key }
    fixed {
        user_id: row.user,
        concert_id: row.place.queue.concert,
        concert_date_id: row.date,
        queue_id: named(&row.place.queue),
        sequence: row.place.sequence,
        seat_count: row.seat_count,
        total_price: row.total_price,
        reservation_date: row.reservation_date,
        expires_at: row.expires_at,
    }
    mutable {
        status: row.status,
        ended_at: row.ended_at,
        amount_id: row.payment,
        refunded_amount: row.refunded.amount,
        refunded_seats: row.refunded.seats,
        refund_count: row.refunded.count,
    }
    read reservation_id => Reservation {
        user: user_id,
        place: PlaceKey { queue: QueueId::named(concert_id, queue_id), sequence },
        date: concert_date_id,
        status,
        seat_count,
        total_price,
        reservation_date,
        expires_at,
        ended_at,
        payment: amount_id,
        refunded: Refunded {
            amount: refunded_amount,
            seats: refunded_seats,
            count: refund_count,
        },
    }
}

columns! {
    ReservedSeat[ReservationId] in "reservation_seat", found by reservation_id, seat_number; locked Guarded;
    |key, row|
    key { reservation_id: key, seat_number: row.number }
    fixed { seat_id: row.seat_id, ticket_price: row.price }
    mutable {}
    read reservation_id => ReservedSeat { seat_id, number: seat_number, price: ticket_price }
}
