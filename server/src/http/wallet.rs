//! A user's money: charge, balance, ledger.

use super::App;
use super::app::new_id;
use super::extract::{Owner, PathId, Payer, Query, Submitted};
use super::problem::{Code, Problem};
use super::view::{Stamp, json, replied};
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::command::Command;
use boxoffice_core::id::{ChargeId, UserId, Uuid};
use boxoffice_core::money::Money;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::wallet::{Charge, Transfer, TransferKind};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Entries on one page, at most and unless told otherwise.
const PAGE_MAX: usize = 100;

/// How much.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCharge {
    /// Minor units.
    #[schema(example = 200_000)]
    pub amount: i64,
}

/// A charge.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChargeView {
    charge_id: Uuid,
    /// Minor units.
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

/// A balance.
#[derive(Debug, Serialize, ToSchema)]
pub struct BalanceView {
    user_id: Uuid,
    /// Minor units.
    balance: i64,
    /// ISO 4217 code of what amounts are in.
    #[schema(example = "KRW")]
    currency: String,
    /// Decimals of the currency: an amount of 1 is 10 to the power of minus so many.
    #[schema(example = 0)]
    currency_decimals: u8,
}

/// Why money moved.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryKindView {
    /// The user added money.
    Charge,
    /// The user paid for seats.
    Payment,
    /// Money of a payment came back.
    Refund,
    /// An operator gave money.
    Credit,
    /// An operator took money.
    Debit,
}

/// One movement.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryView {
    entry_number: u64,
    kind: EntryKindView,
    /// Minor units; negative where money left.
    amount: i64,
    /// ISO 4217 code of what the amount is in.
    #[schema(example = "KRW")]
    currency: String,
    /// Minor units.
    balance_after: i64,
    /// The charge's, the payment's, the refund's or the operator's entry's id.
    reference: Uuid,
    /// Why an operator moved it; null where its owner did.
    reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Stamp,
}

/// A page of the ledger, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerView {
    entries: Vec<EntryView>,
    /// For `before` of the next page; null on the last.
    next_before: Option<u64>,
    /// ISO 4217 code of what amounts are in.
    #[schema(example = "KRW")]
    currency: String,
    /// Decimals of the currency: an amount of 1 is 10 to the power of minus so many.
    #[schema(example = 0)]
    currency_decimals: u8,
}

/// Which page.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Only entries with a smaller number.
    pub before: Option<u64>,
    /// At most 100.
    pub limit: Option<usize>,
}

/// The page's size within its bounds.
pub(super) fn page_size(limit: Option<usize>) -> Result<usize, Problem> {
    match limit {
        None => Ok(PAGE_MAX),
        Some(limit) if (1..=PAGE_MAX).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::of(Code::InvalidQuery).with("field", "limit")),
    }
}

/// Adds money to your balance.
///
/// Needs an admission unless the server says otherwise
/// (`charge_needs_admission` of `GET /api/v1/me` is false): then the identity is enough,
/// and a queue token is not looked at.
#[utoipa::path(post, path = "/api/v1/users/{id}/balance/charges", tag = "Balance", request_body = NewCharge, params(("id" = Uuid, Path), ("Idempotency-Key" = String, Header, description = "Required: makes a retry safe")),
    security(("identity" = [], "queue_token" = [])),
    responses((status = 201, body = ChargeView), (status = 403, description = "other_user, self_charge_off, not_admitted, queue_token_expired, …"), (status = 404, description = "user_not_found"), (status = 409, description = "balance_limit"), (status = 422, description = "amount_out_of_range, idempotency_key_reused")))]
pub async fn charge(
    State(app): State<App>,
    PathId(id): PathId,
    payer: Payer,
    submitted: Submitted<NewCharge>,
) -> Result<Response, Problem> {
    let user = payer.of(id)?;
    if !app.self_charge {
        return Err(Problem::of(Code::SelfChargeOff));
    }
    let key = submitted.required_key(id)?;
    let command = Command::Charge(Charge {
        currency: app.currency.of_the_rules(),
        user,
        place: payer.place,
        amount: Money(submitted.value.amount),
        charge: ChargeId(new_id()),
    });
    match app.outcome(command, key).await? {
        (Outcome::Charged { charge_id, amount, balance }, replayed) => {
            let view = ChargeView {
                charge_id: charge_id.0,
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

/// Your balance.
///
/// Needs an admission where a charge does, see there.
#[utoipa::path(get, path = "/api/v1/users/{id}/balance", tag = "Balance", params(("id" = Uuid, Path)),
    security(("identity" = [], "queue_token" = [])),
    responses((status = 200, body = BalanceView), (status = 403, description = "other_user, not_admitted, queue_token_expired, …")))]
pub async fn balance(
    State(app): State<App>,
    PathId(id): PathId,
    owner: Owner,
) -> Result<Response, Problem> {
    let user = owner.enter(&app, id).await?;
    balance_of(&app, user).await
}

/// A user's balance, for whoever may see it.
pub(super) async fn balance_of(app: &App, user: UserId) -> Result<Response, Problem> {
    let balance = app.readers.read(move |reads| reads.balance(user)).await?;
    let view = BalanceView {
        user_id: user.0,
        balance: balance.amount.0,
        currency: app.currency.code.clone(),
        currency_decimals: app.currency.decimals,
    };
    Ok(json(StatusCode::OK, &view))
}

const fn kind_of(entry: &Transfer) -> EntryKindView {
    match entry.kind {
        TransferKind::Charge => EntryKindView::Charge,
        TransferKind::Payment => EntryKindView::Payment,
        TransferKind::Refund => EntryKindView::Refund,
        TransferKind::Adjustment if entry.amount.0 < 0 => EntryKindView::Debit,
        TransferKind::Adjustment => EntryKindView::Credit,
    }
}

fn entry_view((number, entry): &(u64, Transfer)) -> EntryView {
    EntryView {
        entry_number: *number,
        kind: kind_of(entry),
        amount: entry.amount.0,
        currency: entry.currency.code().to_owned(),
        balance_after: entry.balance_after.0,
        reference: entry.reference,
        reason: entry.reason.clone(),
        created_at: entry.created_at.into(),
    }
}

/// Your ledger: every movement of money, newest first.
///
/// Needs an admission where a charge does, see there.
#[utoipa::path(get, path = "/api/v1/users/{id}/balance/entries", tag = "Balance", params(("id" = Uuid, Path), Page),
    security(("identity" = [], "queue_token" = [])),
    responses((status = 200, body = LedgerView), (status = 403, description = "other_user, not_admitted, queue_token_expired, …")))]
pub async fn ledger(
    State(app): State<App>,
    PathId(id): PathId,
    Query(page): Query<Page>,
    owner: Owner,
) -> Result<Response, Problem> {
    let user = owner.enter(&app, id).await?;
    ledger_of(&app, user, page).await
}

/// A page of a user's ledger, for whoever may see it.
pub(super) async fn ledger_of(app: &App, user: UserId, page: Page) -> Result<Response, Problem> {
    let size = page_size(page.limit)?;
    // Entries are counted in the database's own numbers; beyond them there is none.
    let before = page.before.map(|before| before.min(i64::MAX.unsigned_abs()));
    let found = app.readers.read(move |reads| reads.ledger(user, before, size + 1)).await?;
    let entries: Vec<EntryView> = found.iter().take(size).map(entry_view).collect();
    let more = found.len() > size;
    let next_before = entries.last().filter(|_| more).map(|entry| entry.entry_number);
    let (currency, currency_decimals) = (app.currency.code.clone(), app.currency.decimals);
    let view = LedgerView { entries, next_before, currency, currency_decimals };
    Ok(json(StatusCode::OK, &view))
}
