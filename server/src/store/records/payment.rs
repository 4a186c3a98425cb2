//! Payments as columns and back.

use super::columns;
use boxoffice_core::id::ReservationId;
use boxoffice_core::payment::Payment;

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
