//! Paying for a hold.

use super::App;
use super::app::new_id;
use super::extract::{Nothing, PathId, Shopper, Submitted};
use super::problem::{Code, Problem};
use super::view::{Stamp, replied};
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::command::Command;
use boxoffice_core::id::{PaymentId, ReservationId, Uuid};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::payment::Pay;
use hyper::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// A payment.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentView {
    payment_id: Uuid,
    reservation_id: Uuid,
    /// Minor units.
    amount: i64,
    /// ISO 4217 code of what amounts are in.
    #[schema(example = "KRW")]
    currency: String,
    /// Decimals of the currency: an amount of 1 is 10 to the power of minus so many.
    #[schema(example = 0)]
    currency_decimals: u8,
    /// What is left, minor units.
    balance: i64,
    #[schema(value_type = String, format = DateTime)]
    paid_at: Stamp,
}

/// Pays a held reservation from the balance: the seats are the user's, the queue token is used up.
#[utoipa::path(post, path = "/api/v1/reservations/{id}/payment", tag = "Reservations", params(("id" = Uuid, Path), ("Idempotency-Key" = String, Header, description = "Required: makes a retry safe")),
    security(("identity" = [], "queue_token" = [])),
    responses((status = 201, body = PaymentView), (status = 402, description = "insufficient_balance: the hold stays, charge and retry"), (status = 403, description = "not_admitted, queue_token_expired, …"), (status = 404, description = "reservation_not_found"), (status = 409, description = "already_paid, date_cancelled"), (status = 410, description = "hold_lapsed, hold_released"), (status = 422, description = "idempotency_key_reused")))]
pub async fn pay(
    State(app): State<App>,
    PathId(id): PathId,
    shopper: Shopper,
    submitted: Submitted<Nothing>,
) -> Result<Response, Problem> {
    let key = submitted.required_key(shopper.user.0)?;
    let command = Command::Pay(Pay {
        user: shopper.user,
        place: shopper.place,
        reservation: ReservationId(id),
        payment: PaymentId(new_id()),
    });
    match app.outcome(command, key).await? {
        (Outcome::Paid { payment_id, reservation_id, amount, balance, paid_at }, replayed) => {
            let view = PaymentView {
                payment_id: payment_id.0,
                reservation_id: reservation_id.0,
                amount: amount.0,
                currency: app.currency.code.clone(),
                currency_decimals: app.currency.decimals,
                balance: balance.0,
                paid_at: paid_at.into(),
            };
            Ok(replied(StatusCode::CREATED, &view, replayed))
        }
        _ => Err(Problem::of(Code::Internal)),
    }
}
