//! The signed-in account: readable at any time with identity alone, whatever became of place and hold. Changes
//! go through the queue.

use super::App;
use super::billing::{self, NamesView};
use super::concert::{CancelledView, local};
use super::extract::{Identity, PathId, Query};
use super::halls::Names;
use super::problem::{Code, Problem};
use super::refund::{RefundTermsView, RefundView, refunds_of, seats_of};
use super::reservation::{ReservedSeatView, StatusView, status_view};
use super::session::renewed;
use super::view::{Stamp, json, maybe_id};
use super::wallet::{self, page_size};
use super::{booking, booking::BookingsView, wallet::BalanceView, wallet::LedgerView};
use crate::read_model::ReadModel;
use crate::store::Fault;
use crate::store::reads::{Performance, Reads, WholeRefund, WholeReservation};
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::id::{LayoutId, ReservationId, UserId, Uuid};
use boxoffice_core::reservation::ReservationStatus;
use boxoffice_core::time::Time;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue, SET_COOKIE};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The signed-in account.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeView {
    user_id: Uuid,
    /// As it is kept; `issuer#subject` of an identity provider.
    username: String,
    /// Whether an identity provider vouches for the user, and there is no password here.
    external: bool,
    /// Whether users charge their balances themselves here; else only operators credit them.
    self_charge: bool,
    /// Whether charging, and reading the balance under `/users`, needs an admission to a sale; else the
    /// identity is enough.
    charge_needs_admission: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Stamp,
    #[schema(value_type = String, format = DateTime)]
    now: Stamp,
}

/// A reservation of your own, in whatever state.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyReservationView {
    reservation_id: Uuid,
    concert_id: Uuid,
    concert_name: Option<String>,
    /// The same by language, for pages.
    concert_names: Option<NamesView>,
    theater: Option<String>,
    concert_date_id: Uuid,
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Stamp>,
    /// The same by the clocks of the place, RFC 3339 with their offset; null where its zone is not told.
    #[schema(format = DateTime)]
    starts_at_local: Option<String>,
    /// IANA name of that zone.
    time_zone: Option<String>,
    /// That the date was cancelled by its organiser.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cancelled: Option<CancelledView>,
    status: StatusView,
    seats: Vec<ReservedSeatView>,
    /// Minor units.
    total_price: i64,
    /// ISO 4217 code of what amounts are in.
    #[schema(example = "KRW")]
    currency: String,
    /// Decimals of the currency: an amount of 1 is 10 to the power of minus so many.
    #[schema(example = 0)]
    currency_decimals: u8,
    refund: RefundTermsView,
    #[schema(value_type = String, format = DateTime)]
    reserved_at: Stamp,
    /// End of the hold.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Stamp,
    /// When it was paid, released, or found lapsed; null while it is held.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Stamp>,
    /// The payment that confirmed it.
    payment_id: Option<Uuid>,
    /// What of it went back, minor units.
    refunded_amount: i64,
    /// Seats that went back.
    refunded_seat_numbers: Vec<u32>,
    /// In the order in which they were made.
    refunds: Vec<RefundView>,
}

/// A page of reservations, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyReservationsView {
    reservations: Vec<MyReservationView>,
    /// For `before` of the next page; null on the last.
    next_before: Option<Uuid>,
    /// The server's clock.
    #[schema(value_type = String, format = DateTime)]
    now: Stamp,
}

/// What is held now: at most one hold in each concert.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyHoldsView {
    holds: Vec<MyReservationView>,
    /// The server's clock, for a countdown.
    #[schema(value_type = String, format = DateTime)]
    now: Stamp,
}

/// Which page.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Only reservations made before this one.
    #[serde(default, deserialize_with = "maybe_id")]
    pub before: Option<Uuid>,
    /// At most 100.
    pub limit: Option<usize>,
}

/// A reservation with its date and concert, where those are not on the read model, and what went back of it.
type Found = (WholeReservation, Option<Performance>, Vec<WholeRefund>);

/// Concerts that are over are looked up.
fn placed(
    read_model: &ReadModel,
    reads: &mut dyn Reads,
    found: Vec<WholeReservation>,
) -> Result<Vec<Found>, Fault> {
    let dates = found.iter().map(|(_, row, _)| row.date);
    let away: BTreeSet<_> = dates.filter(|date| read_model.date(*date).is_none()).collect();
    let away = if away.is_empty() { BTreeMap::new() } else { reads.performances(&away)? };
    let mut refunds = refunds_of(reads, found.iter().map(|(id, row, _)| (*id, row)))?;
    let with = |whole: WholeReservation| {
        let performance = away.get(&whole.1.date).cloned();
        let refunds = refunds.remove(&whole.0).unwrap_or_default();
        (whole, performance, refunds)
    };
    Ok(found.into_iter().map(with).collect())
}

/// What the user holds, as the rows say; the read model only tells where to look. A hold that has ended since is
/// among those that have.
fn held(
    read_model: &ReadModel,
    reads: &mut dyn Reads,
    user: UserId,
) -> Result<Vec<WholeReservation>, Fault> {
    let mut found = Vec::new();
    for id in read_model.holds_of(user) {
        found.extend(
            reads
                .reservation(id)?
                .filter(|(_, row, _)| row.user == user && row.status == ReservationStatus::Held),
        );
    }
    Ok(found)
}

/// The user's reservations in every state, newest first.
fn all(
    read_model: &ReadModel,
    reads: &mut dyn Reads,
    user: UserId,
    (before, limit): (Option<ReservationId>, usize),
) -> Result<Vec<Found>, Fault> {
    let held = held(read_model, reads, user)?.into_iter();
    let held = held.filter(|(id, ..)| before.is_none_or(|before| *id < before));
    let ended = reads.ended_reservations(user, before, limit)?;
    // One that has ended between the two looks is in both: the later one counts.
    let found: BTreeMap<_, _> = held.chain(ended).map(|whole| (whole.0, whole)).collect();
    let newest = found.into_values().rev().take(limit);
    placed(read_model, reads, newest.collect())
}

/// The layout of the date that it is for.
fn layout_of(app: &App, ((_, row, _), away, _): &Found) -> Option<LayoutId> {
    match app.read_model.date(row.date) {
        Some(shown) => shown.layout,
        None => away.as_ref().and_then(|(date, _)| date.layout),
    }
}

/// How they are shown.
async fn views(app: &App, found: &[Found], now: Time) -> Result<Vec<MyReservationView>, Problem> {
    let layouts: Vec<_> = found.iter().map(|one| layout_of(app, one)).collect();
    let names = app.names_of(layouts.iter().copied()).await?;
    let none = Names::default();
    let one = |(one, layout)| view(app, one, names.get(layout).unwrap_or(&none), now);
    Ok(found.iter().zip(&layouts).map(one).collect())
}

fn view(
    app: &App,
    ((id, row, seats), away, refunds): &Found,
    names: &Names,
    now: Time,
) -> MyReservationView {
    let away = away.as_ref();
    let concert = app.read_model.concert(row.concert()).map(|concert| concert.row());
    let concert = concert.as_deref().or(away.map(|(_, concert)| concert));
    let shown = app.read_model.date(row.date);
    let names = &names.of_date(shown.as_ref());
    let cancelled = match &shown {
        Some(date) => date.cancelled.as_ref(),
        None => away.and_then(|(date, _)| date.cancelled.as_ref()),
    };
    let cancelled = CancelledView::of(cancelled);
    let starts_at = shown.map(|date| date.starts_at);
    let starts_at = starts_at.or(away.map(|(date, _)| date.concert_date));
    let zone = concert.and_then(|concert| concert.time_zone.as_deref());
    MyReservationView {
        reservation_id: id.0,
        concert_id: row.concert().0,
        concert_name: concert.map(|concert| concert.concert_name.clone()),
        concert_names: concert.map(billing::names),
        theater: concert.map(|concert| concert.theater.clone()),
        concert_date_id: row.date.0,
        starts_at: starts_at.map(Stamp),
        starts_at_local: starts_at.and_then(|at| local(at, zone)),
        time_zone: zone.map(str::to_owned),
        cancelled,
        status: status_view(row.status_at(now)),
        seats: seats.iter().map(|seat| ReservedSeatView::of(seat, names)).collect(),
        total_price: row.total_price.0,
        currency: app.currency.code.clone(),
        currency_decimals: app.currency.decimals,
        refund: RefundTermsView::TERMS,
        reserved_at: row.reservation_date.into(),
        expires_at: row.expires_at.into(),
        ended_at: row.ended_at.map(Stamp),
        payment_id: row.payment.map(|payment| payment.0),
        refunded_amount: row.refunded.amount.0,
        refunded_seat_numbers: seats_of(refunds),
        refunds: refunds.iter().map(|refund| RefundView::of(refund, names)).collect(),
    }
}

/// Nobody but its owner may keep it.
fn private(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The signed-in account. A cookie of which more than half is over is renewed.
#[utoipa::path(get, path = "/api/v1/me", tag = "Account",
    security(("identity" = [])),
    responses((status = 200, body = MeView), (status = 401, description = "identity_required, identity_invalid")))]
pub async fn profile(State(app): State<App>, identity: Identity) -> Result<Response, Problem> {
    let user = identity.user;
    let found = app.readers.read(move |reads| reads.user(user)).await?;
    let row = found.ok_or_else(|| Problem::of(Code::IdentityInvalid))?;
    let view = MeView {
        user_id: user.0,
        username: row.username,
        external: row.password_hash.is_none(),
        self_charge: app.self_charge,
        charge_needs_admission: app.charge_needs_admission,
        created_at: row.created_at.into(),
        now: app.clock.now().into(),
    };
    let mut response = private(json(StatusCode::OK, &view));
    if let Some(cookie) = renewed(&app, &identity).await {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Your reservations in every state: held, paid, expired, released, refunded.
#[utoipa::path(get, path = "/api/v1/me/reservations", tag = "Account", params(Page),
    security(("identity" = [])),
    responses((status = 200, body = MyReservationsView), (status = 400, description = "invalid_query"), (status = 401, description = "identity_required, identity_invalid")))]
pub async fn my_reservations(
    State(app): State<App>,
    identity: Identity,
    Query(page): Query<Page>,
) -> Result<Response, Problem> {
    let size = page_size(page.limit)?;
    let (user, before) = (identity.user, page.before.map(ReservationId));
    let read_model = Arc::clone(&app.read_model);
    let question = move |reads: &mut dyn Reads| all(&read_model, reads, user, (before, size + 1));
    let found = app.readers.read(question).await?;
    let now = app.clock.now();
    let more = found.len() > size;
    let reservations = views(&app, found.get(..size).unwrap_or(&found), now).await?;
    let next_before = reservations.last().filter(|_| more).map(|last| last.reservation_id);
    let view = MyReservationsView { reservations, next_before, now: now.into() };
    Ok(private(json(StatusCode::OK, &view)))
}

/// A reservation of your own, in whatever state.
#[utoipa::path(get, path = "/api/v1/me/reservations/{id}", tag = "Account", params(("id" = Uuid, Path)),
    security(("identity" = [])),
    responses((status = 200, body = MyReservationView), (status = 401, description = "identity_required, identity_invalid"), (status = 404, description = "reservation_not_found")))]
pub async fn my_reservation(
    State(app): State<App>,
    PathId(id): PathId,
    identity: Identity,
) -> Result<Response, Problem> {
    let (user, read_model) = (identity.user, Arc::clone(&app.read_model));
    let question = move |reads: &mut dyn Reads| {
        let found = reads.reservation(ReservationId(id))?;
        let mine = found.filter(|(_, row, _)| row.user == user);
        placed(&read_model, reads, mine.into_iter().collect())
    };
    let found = app.readers.read(question).await?.pop();
    let found = found.ok_or_else(|| Problem::of(Code::ReservationNotFound))?;
    let names = app.names(layout_of(&app, &found)).await?;
    Ok(private(json(StatusCode::OK, &view(&app, &found, &names, app.clock.now()))))
}

/// What one holds now, to be paid by its end.
#[utoipa::path(get, path = "/api/v1/me/holds", tag = "Account",
    security(("identity" = [])),
    responses((status = 200, body = MyHoldsView), (status = 401, description = "identity_required, identity_invalid")))]
pub async fn my_holds(State(app): State<App>, identity: Identity) -> Result<Response, Problem> {
    let (user, read_model) = (identity.user, Arc::clone(&app.read_model));
    let question = move |reads: &mut dyn Reads| {
        let found = held(&read_model, reads, user)?;
        placed(&read_model, reads, found)
    };
    let found = app.readers.read(question).await?;
    let now = app.clock.now();
    let counts = |one: &Found| one.0.1.status_at(now) == ReservationStatus::Held;
    let found: Vec<Found> = found.into_iter().filter(counts).collect();
    let holds = views(&app, &found, now).await?;
    Ok(private(json(StatusCode::OK, &MyHoldsView { holds, now: now.into() })))
}

/// Your bookings.
#[utoipa::path(get, path = "/api/v1/me/bookings", tag = "Account", params(booking::Page),
    security(("identity" = [])),
    responses((status = 200, body = BookingsView), (status = 400, description = "invalid_query"), (status = 401, description = "identity_required, identity_invalid")))]
pub async fn my_bookings(
    State(app): State<App>,
    identity: Identity,
    Query(page): Query<booking::Page>,
) -> Result<Response, Problem> {
    booking::list_of(&app, identity.user, page).await.map(private)
}

/// Your balance.
#[utoipa::path(get, path = "/api/v1/me/balance", tag = "Account",
    security(("identity" = [])),
    responses((status = 200, body = BalanceView), (status = 401, description = "identity_required, identity_invalid")))]
pub async fn my_balance(State(app): State<App>, identity: Identity) -> Result<Response, Problem> {
    wallet::balance_of(&app, identity.user).await.map(private)
}

/// Your ledger: every movement of money, newest first.
#[utoipa::path(get, path = "/api/v1/me/balance/entries", tag = "Account", params(wallet::Page),
    security(("identity" = [])),
    responses((status = 200, body = LedgerView), (status = 400, description = "invalid_query"), (status = 401, description = "identity_required, identity_invalid")))]
pub async fn my_ledger(
    State(app): State<App>,
    identity: Identity,
    Query(page): Query<wallet::Page>,
) -> Result<Response, Problem> {
    wallet::ledger_of(&app, identity.user, page).await.map(private)
}
