//! What goes back of a payment: money, seats, or both, by operators; and how it is shown.

use super::App;
use super::admin::named;
use super::app::new_id;
use super::extract::{Operator, PathId, Submitted};
use super::halls::{Names, SeatName};
use super::problem::{Code, Problem};
use super::reservation::{ReservedSeatView, StatusView, each_once, status_view};
use super::setting;
use super::view::{Stamp, given, json, replied};
use crate::store::Fault;
use crate::store::reads::{Reads, WholeRefund};
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::command::Command;
use boxoffice_core::id::{PaymentId, RefundId, ReservationId, Uuid};
use boxoffice_core::money::Money;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::refund::{Refund, What};
use boxoffice_core::reservation::Reservation;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// What goes back. With neither seats nor an amount: all seats and all money that are left.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRefund {
    /// Which seats; without an amount they go back for what was paid for them.
    #[serde(default, deserialize_with = "given")]
    #[schema(example = json!([12]), nullable = false)]
    pub seat_numbers: Option<Vec<u32>>,
    /// Minor units, never more than is left of the payment. With seats it is what they go back for, 0 for
    /// nothing; without, the seats stay.
    #[serde(default, deserialize_with = "given")]
    #[schema(example = 150_000, minimum = 0, nullable = false)]
    pub amount: Option<i64>,
    /// Why; who paid reads it, too. At most 200 characters.
    #[schema(example = "the stage hides the view", min_length = 1, max_length = 200)]
    pub reason: String,
    /// Whether the seats that go back are on sale again; otherwise they are blocked.
    pub release_seats: bool,
}

/// Who decides whether something of a payment goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundDecision {
    /// The organiser, whenever a buyer asks for it; buyers cannot give seats back themselves.
    Organiser,
}

/// How much of a payment goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundShare {
    /// All that was paid and has not gone back yet.
    All,
}

/// Where the money goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundTarget {
    /// To the balance of who paid.
    Balance,
}

/// When something of a payment goes back: known before anybody pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefundTermsView {
    /// Who decides about it.
    decided_by: RefundDecision,
    /// How much goes back, without asking, where the organiser cancels the date.
    if_cancelled: RefundShare,
    /// Where it goes.
    paid_to: RefundTarget,
}

impl RefundTermsView {
    /// The same for all sales.
    pub(super) const TERMS: Self = Self {
        decided_by: RefundDecision::Organiser,
        if_cancelled: RefundShare::All,
        paid_to: RefundTarget::Balance,
    };
}

/// Something that went back of a payment.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefundView {
    refund_id: Uuid,
    /// Minor units; 0: seats alone.
    amount: i64,
    /// Seats that went back with it.
    seat_numbers: Vec<u32>,
    /// The same with what they are called.
    seats: Vec<SeatName>,
    /// Why, in the organiser's words.
    reason: String,
    #[schema(value_type = String, format = DateTime)]
    refunded_at: Stamp,
}

impl RefundView {
    pub(super) fn of((row, seats): &WholeRefund, names: &Names) -> Self {
        Self {
            refund_id: row.refund.0,
            amount: row.amount.0,
            seat_numbers: seats.clone(),
            seats: names.all(seats),
            reason: row.reason.clone(),
            refunded_at: row.created_at.into(),
        }
    }
}

/// Seats that went back, over all refunds.
pub(super) fn seats_of(refunds: &[WholeRefund]) -> Vec<u32> {
    let all: BTreeSet<u32> = refunds.iter().flat_map(|(_, seats)| seats).copied().collect();
    all.into_iter().collect()
}

/// What went back of these reservations; of most, nothing is looked for.
pub(super) fn refunds_of<'a>(
    reads: &mut dyn Reads,
    rows: impl Iterator<Item = (ReservationId, &'a Reservation)>,
) -> Result<BTreeMap<ReservationId, Vec<WholeRefund>>, Fault> {
    reads.refunds(&rows.filter(|(_, row)| row.refunded.count > 0).map(|(id, _)| id).collect())
}

/// A refund that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewRefundView {
    refund_id: Uuid,
    payment_id: Uuid,
    reservation_id: Uuid,
    user_id: Uuid,
    /// Seats that went back with it.
    seat_numbers: Vec<u32>,
    /// The same with what they are called.
    seats: Vec<SeatName>,
    /// Whether these are on sale again; otherwise they are blocked. False where no seats went back.
    seats_released: bool,
    /// Minor units.
    amount: i64,
    /// What can still go back of the payment, minor units.
    left: i64,
    /// Of who paid, after it, minor units.
    balance: i64,
    /// ISO 4217 code of what amounts are in.
    #[schema(example = "KRW")]
    currency: String,
    /// Decimals of the currency: an amount of 1 is 10 to the power of minus so many.
    #[schema(example = 0)]
    currency_decimals: u8,
    #[schema(value_type = String, format = DateTime)]
    refunded_at: Stamp,
}

/// A payment as operators see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentDetails {
    payment_id: Uuid,
    reservation_id: Uuid,
    user_id: Uuid,
    concert_id: Uuid,
    concert_date_id: Uuid,
    /// Of its reservation: confirmed, or refunded once no seat is left.
    status: StatusView,
    /// What was paid for.
    seats: Vec<ReservedSeatView>,
    /// Which of these seats went back.
    refunded_seat_numbers: Vec<u32>,
    /// Minor units.
    amount: i64,
    /// What went back, minor units.
    refunded_amount: i64,
    /// What can still go back, minor units.
    left: i64,
    /// ISO 4217 code of what amounts are in.
    #[schema(example = "KRW")]
    currency: String,
    /// Decimals of the currency: an amount of 1 is 10 to the power of minus so many.
    #[schema(example = 0)]
    currency_decimals: u8,
    #[schema(value_type = String, format = DateTime)]
    paid_at: Stamp,
    /// In the order in which they were made.
    refunds: Vec<RefundView>,
}

/// What the body says.
fn what_of(body: &NewRefund) -> Result<What, Problem> {
    let seats = body.seat_numbers.as_deref().map(each_once).transpose()?;
    Ok(match (seats, body.amount.map(Money)) {
        (None, None) => What::Whole,
        (Some(seats), None) => What::Seats(seats),
        (Some(seats), Some(amount)) => What::SeatsFor(seats, amount),
        (None, Some(amount)) => What::Amount(amount),
    })
}

/// Gives back what was paid, whole, by seats or by amount; never more than was paid, over all refunds. The money
/// goes to the balance of who paid; a deleted account takes none: `account_deleted`, unless `amount` is 0.
#[utoipa::path(post, path = "/api/v1/admin/payments/{id}/refunds", tag = "Operator", request_body = NewRefund, params(("id" = Uuid, Path), ("Idempotency-Key" = String, Header, description = "Required: makes a retry safe")),
    security(("operator" = [])),
    responses((status = 201, body = NewRefundView), (status = 400, description = "invalid_body, idempotency_key_required"), (status = 404, description = "payment_not_found"), (status = 409, description = "already_refunded, seats_not_booked, refund_too_high, account_deleted, balance_limit"), (status = 422, description = "amount_out_of_range, invalid_setting, idempotency_key_reused")))]
pub async fn refund_payment(
    State(app): State<App>,
    PathId(id): PathId,
    operator: Operator,
    submitted: Submitted<NewRefund>,
) -> Result<Response, Problem> {
    let key = submitted.required_key(operator.key)?;
    let body = submitted.value;
    let what = what_of(&body)?;
    // A payment is never changed: what is read here is still so when the rules look at its reservation.
    let found = app.readers.read(move |reads| reads.payment(PaymentId(id))).await?;
    let ((reservation, row, _), payment) =
        found.ok_or_else(|| Problem::of(Code::PaymentNotFound))?;
    let names = app.names_at(row.date).await?;
    let faults = setting::of_refund(&body);
    let command = Command::Refund(Refund {
        payment: payment.payment,
        reservation,
        user: payment.user,
        concert: payment.concert,
        what,
        release: body.release_seats,
        reason: named(&body.reason),
        refund: RefundId(new_id()),
    });
    let told = |problem| names.told(faults.told(problem));
    match app.outcome(command, key).await.map_err(told)? {
        (outcome @ Outcome::Refunded { .. }, replayed) => {
            made(&app, outcome, &names, replayed).ok_or_else(|| Problem::of(Code::Internal))
        }
        _ => Err(Problem::of(Code::Internal)),
    }
}

fn made(app: &App, outcome: Outcome, names: &Names, replayed: bool) -> Option<Response> {
    let Outcome::Refunded {
        refund_id,
        payment_id,
        reservation_id,
        user_id,
        seat_numbers,
        released,
        amount,
        left,
        balance,
        refunded_at,
    } = outcome
    else {
        return None;
    };
    let view = NewRefundView {
        refund_id: refund_id.0,
        payment_id: payment_id.0,
        reservation_id: reservation_id.0,
        user_id: user_id.0,
        seats: names.all(&seat_numbers),
        seat_numbers,
        seats_released: released,
        amount: amount.0,
        left: left.0,
        balance: balance.0,
        currency: app.currency.code.clone(),
        currency_decimals: app.currency.decimals,
        refunded_at: refunded_at.into(),
    };
    Some(replied(StatusCode::CREATED, &view, replayed))
}

/// A payment with its seats and what went back of it.
#[utoipa::path(get, path = "/api/v1/admin/payments/{id}", tag = "Operator", params(("id" = Uuid, Path)),
    security(("operator" = [])),
    responses((status = 200, body = PaymentDetails), (status = 404, description = "payment_not_found")))]
pub async fn show_payment(
    State(app): State<App>,
    PathId(id): PathId,
    _: Operator,
) -> Result<Response, Problem> {
    let question = move |reads: &mut dyn Reads| {
        let Some((whole, payment)) = reads.payment(PaymentId(id))? else { return Ok(None) };
        let rows = std::iter::once((whole.0, &whole.1));
        let refunds = refunds_of(reads, rows)?.remove(&whole.0).unwrap_or_default();
        Ok(Some((whole, payment, refunds)))
    };
    let found = app.readers.read(question).await?;
    let ((reservation, row, seats), payment, refunds) =
        found.ok_or_else(|| Problem::of(Code::PaymentNotFound))?;
    let names = app.names_at(row.date).await?;
    let view = PaymentDetails {
        payment_id: id,
        reservation_id: reservation.0,
        user_id: row.user.0,
        concert_id: row.concert().0,
        concert_date_id: row.date.0,
        status: status_view(row.status),
        seats: seats.iter().map(|seat| ReservedSeatView::of(seat, &names)).collect(),
        refunded_seat_numbers: seats_of(&refunds),
        amount: payment.amount.0,
        refunded_amount: row.refunded.amount.0,
        left: row.left().0,
        currency: app.currency.code.clone(),
        currency_decimals: app.currency.decimals,
        paid_at: payment.payment_date.into(),
        refunds: refunds.iter().map(|refund| RefundView::of(refund, &names)).collect(),
    };
    Ok(json(StatusCode::OK, &view))
}
