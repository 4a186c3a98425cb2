//! Payments and what goes back of them as columns and back.

use super::columns;
use boxoffice_core::id::ReservationId;
use boxoffice_core::payment::{Payment, RefundRow, RefundedSeat};

columns! {
    Payment[ReservationId] in "amount", found by amount_id;
    |key, row|
    key { amount_id: row.payment }
    fixed {
        reservation_id: key,
        user_id: row.user,
        concert_id: row.concert,
        amount: row.amount,
        payment_date: row.payment_date,
    }
    mutable {}
    read reservation_id => Payment {
        payment: amount_id,
        user: user_id,
        concert: concert_id,
        amount,
        payment_date,
    }
}

columns! {
    RefundRow[(ReservationId, u64)] in "refund", found by reservation_id, refund_number;
    |key, row|
    key { reservation_id: key.0, refund_number: key.1 }
    fixed {
        refund_id: row.refund,
        amount: row.amount,
        seat_count: row.seat_count,
        released: row.released,
        reason: row.reason,
        created_at: row.created_at,
    }
    mutable {}
    read (reservation_id, refund_number) => RefundRow {
        refund: refund_id,
        amount,
        seat_count,
        released,
        reason,
        created_at,
    }
}

columns! {
    RefundedSeat[(ReservationId, u32)] in "refund_seat", found by reservation_id, seat_number;
    |key, row|
    key { reservation_id: key.0, seat_number: key.1 }
    fixed { refund_number: row.refund_number, concert_date_id: row.date }
    mutable {}
    read (reservation_id, seat_number) => RefundedSeat { refund_number, date: concert_date_id }
}
