//! Money that comes and goes outside of the system, entered by operators: a payment provider's backend
//! credits what it was paid.

use super::App;
use super::admin::named;
use super::app::new_id;
use super::extract::{Operator, PathId, Submitted};
use super::problem::{Code, Problem};
use super::setting;
use super::view::replied;
use super::wallet::{BalanceView, balance_of};
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::command::Command;
use boxoffice_core::id::{ChargeId, UserId, Uuid};
use boxoffice_core::money::Money;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::wallet::Adjust;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How much, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAdjustment {
    /// Minor units, from 1.
    #[schema(example = 200_000, minimum = 1, maximum = 100_000_000)]
    pub amount: i64,
    /// Why, for the ledger; its user reads it, too. At most 200 characters.
    #[schema(example = "bank transfer 2027-01-15/0042", min_length = 1, max_length = 200)]
    pub reason: String,
}

/// An entry that an operator made.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdjustmentView {
    adjustment_id: Uuid,
    user_id: Uuid,
    /// Minor units; negative where money was taken.
    amount: i64,
    /// After it, minor units.
    balance: i64,
    /// ISO 4217 code of what amounts are in.
    #[schema(example = "KRW")]
    currency: String,
    /// Decimals of the currency: an amount of 1 is 10 to the power of minus so many.
    #[schema(example = 0)]
    currency_decimals: u8,
}

async fn adjust(
    app: &App,
    user: Uuid,
    operator: &Operator,
    (submitted, sign): (Submitted<NewAdjustment>, i64),
) -> Result<Response, Problem> {
    let key = submitted.required_key(operator.key)?;
    let NewAdjustment { amount, reason } = submitted.value;
    let faults = setting::of_reason(&reason);
    let reason = named(&reason);
    // A negative amount would go the other way; nothing is in no range.
    let amount = Money(amount.max(0).saturating_mul(sign));
    let adjustment = ChargeId(new_id());
    let (user, currency) = (UserId(user), app.currency.of_the_rules());
    let command = Command::Adjust(Adjust { user, amount, currency, reason, adjustment });
    match app.outcome(command, key).await.map_err(|problem| faults.told(problem))? {
        (Outcome::Adjusted { adjustment_id, user_id, amount, balance }, replayed) => {
            let view = AdjustmentView {
                adjustment_id: adjustment_id.0,
                user_id: user_id.0,
                amount: amount.0,
                balance: balance.0,
                currency: app.currency.code.clone(),
                currency_decimals: app.currency.decimals,
            };
            Ok(replied(StatusCode::CREATED, &view, replayed))
        }
        _ => Err(Problem::of(Code::Internal)),
    }
}

/// Adds money to a user's balance. A deleted account takes none: `user_not_found`.
#[utoipa::path(post, path = "/api/v1/admin/users/{id}/balance/credits", tag = "Operator", request_body = NewAdjustment, params(("id" = Uuid, Path), ("Idempotency-Key" = String, Header, description = "Required: makes a retry safe")),
    security(("operator" = [])),
    responses((status = 201, body = AdjustmentView), (status = 400, description = "invalid_body, idempotency_key_required"), (status = 404, description = "user_not_found"), (status = 409, description = "balance_limit"), (status = 422, description = "amount_out_of_range, invalid_setting, idempotency_key_reused")))]
pub async fn credit_balance(
    State(app): State<App>,
    PathId(id): PathId,
    operator: Operator,
    submitted: Submitted<NewAdjustment>,
) -> Result<Response, Problem> {
    adjust(&app, id, &operator, (submitted, 1)).await
}

/// Takes money from a user's balance; never more than is there.
#[utoipa::path(post, path = "/api/v1/admin/users/{id}/balance/debits", tag = "Operator", request_body = NewAdjustment, params(("id" = Uuid, Path), ("Idempotency-Key" = String, Header, description = "Required: makes a retry safe")),
    security(("operator" = [])),
    responses((status = 201, body = AdjustmentView), (status = 400, description = "invalid_body, idempotency_key_required"), (status = 404, description = "user_not_found"), (status = 409, description = "balance_too_low"), (status = 422, description = "amount_out_of_range, invalid_setting, idempotency_key_reused")))]
pub async fn debit_balance(
    State(app): State<App>,
    PathId(id): PathId,
    operator: Operator,
    submitted: Submitted<NewAdjustment>,
) -> Result<Response, Problem> {
    adjust(&app, id, &operator, (submitted, -1)).await
}

/// A user's balance.
#[utoipa::path(get, path = "/api/v1/admin/users/{id}/balance", tag = "Operator", params(("id" = Uuid, Path)),
    security(("operator" = [])),
    responses((status = 200, body = BalanceView), (status = 404, description = "user_not_found")))]
pub async fn user_balance(
    State(app): State<App>,
    PathId(id): PathId,
    _: Operator,
) -> Result<Response, Problem> {
    let known = app.readers.read(move |reads| reads.user(UserId(id))).await?;
    known.ok_or_else(|| Problem::of(Code::UserNotFound))?;
    balance_of(&app, UserId(id)).await
}
