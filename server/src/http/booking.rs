//! What a user has bought. Needs no queue token: that is used up by paying.

use super::App;
use super::billing::{self, NamesView};
use super::concert::{CancelledView, local};
use super::extract::{Identity, Query};
use super::halls::Names;
use super::problem::Problem;
use super::refund::{RefundView, refunds_of, seats_of};
use super::reservation::{ReservedSeatView, StatusView, status_view};
use super::view::{Stamp, json, maybe_id};
use super::wallet::page_size;
use crate::read_model::ReadModel;
use crate::store::Fault;
use crate::store::reads::{Performance, Reads, WholeRefund, WholeReservation};
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::id::{LayoutId, PaymentId, UserId, Uuid};
use boxoffice_core::payment::Payment;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// A booking: a reservation that was paid, with its payment and what went back of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BookingView {
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
    /// Confirmed, or refunded once no seat is left.
    status: StatusView,
    /// Seats that were paid for.
    seat_numbers: Vec<u32>,
    /// The same with what they are called, their grades, and what was paid for each.
    seats: Vec<ReservedSeatView>,
    /// Which of them went back.
    refunded_seat_numbers: Vec<u32>,
    payment_id: Uuid,
    /// Minor units.
    amount: i64,
    /// What of it went back, minor units.
    refunded_amount: i64,
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

/// A page of bookings, newest first: in the order in which their seats were held.
#[derive(Debug, Serialize, ToSchema)]
pub struct BookingsView {
    bookings: Vec<BookingView>,
    /// For `before` of the next page; null on the last.
    next_before: Option<Uuid>,
}

/// Which page.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Only bookings that come after the one with this payment.
    #[serde(default, deserialize_with = "maybe_id")]
    pub before: Option<Uuid>,
    /// At most 100.
    pub limit: Option<usize>,
}

/// A booking with its date and concert, where that is not on the read model, and what went back of it.
type Found = ((WholeReservation, Payment), Option<Performance>, Vec<WholeRefund>);

/// A user's bookings. Concerts that are over are looked up with them.
fn read(
    read_model: &ReadModel,
    reads: &mut dyn Reads,
    user: UserId,
    (before, limit): (Option<PaymentId>, usize),
) -> Result<Vec<Found>, Fault> {
    let found = reads.bookings(user, before, limit)?;
    let dates = found.iter().map(|((_, row, _), _)| row.date);
    let over: BTreeSet<_> = dates.filter(|date| read_model.date(*date).is_none()).collect();
    let over = if over.is_empty() { BTreeMap::new() } else { reads.performances(&over)? };
    let rows = found.iter().map(|((id, row, _), _)| (*id, row));
    let mut refunds = refunds_of(reads, rows)?;
    let with = |booking: (WholeReservation, Payment)| {
        let performance = over.get(&booking.0.1.date).cloned();
        let refunds = refunds.remove(&booking.0.0).unwrap_or_default();
        (booking, performance, refunds)
    };
    Ok(found.into_iter().map(with).collect())
}

/// The layout of the date that it is for.
fn layout_of(app: &App, ((whole, _), over, _): &Found) -> Option<LayoutId> {
    match app.read_model.date(whole.1.date) {
        Some(shown) => shown.layout,
        None => over.as_ref().and_then(|(date, _)| date.layout),
    }
}

fn view(app: &App, ((whole, payment), over, refunds): &Found, names: &Names) -> BookingView {
    let (id, row, seats) = whole;
    let numbers: Vec<u32> = seats.iter().map(|seat| seat.number).collect();
    let over = over.as_ref();
    let concert = app.read_model.concert(row.concert()).map(|concert| concert.row());
    let concert = concert.as_deref().or(over.map(|(_, concert)| concert));
    let shown = app.read_model.date(row.date);
    let names = &names.of_date(shown.as_ref());
    let cancelled = match &shown {
        Some(date) => date.cancelled.as_ref(),
        None => over.and_then(|(date, _)| date.cancelled.as_ref()),
    };
    let cancelled = CancelledView::of(cancelled);
    let starts_at = shown.map(|date| date.starts_at);
    let starts_at = starts_at.or(over.map(|(date, _)| date.concert_date));
    let zone = concert.and_then(|concert| concert.time_zone.as_deref());
    BookingView {
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
        status: status_view(row.status),
        seats: seats.iter().map(|seat| ReservedSeatView::of(seat, names)).collect(),
        seat_numbers: numbers,
        refunded_seat_numbers: seats_of(refunds),
        payment_id: payment.payment.0,
        amount: payment.amount.0,
        refunded_amount: row.refunded.amount.0,
        currency: app.currency.code.clone(),
        currency_decimals: app.currency.decimals,
        paid_at: payment.payment_date.into(),
        refunds: refunds.iter().map(|refund| RefundView::of(refund, names)).collect(),
    }
}

/// Your bookings.
#[utoipa::path(get, path = "/api/v1/bookings", tag = "Reservations", params(Page),
    security(("identity" = [])),
    responses((status = 200, body = BookingsView), (status = 401, description = "identity_required, identity_invalid")))]
pub async fn list(
    State(app): State<App>,
    identity: Identity,
    Query(page): Query<Page>,
) -> Result<Response, Problem> {
    list_of(&app, identity.user, page).await
}

/// A page of a user's bookings.
pub(super) async fn list_of(app: &App, user: UserId, page: Page) -> Result<Response, Problem> {
    let size = page_size(page.limit)?;
    let before = page.before.map(PaymentId);
    let read_model = Arc::clone(&app.read_model);
    let question = move |reads: &mut dyn Reads| read(&read_model, reads, user, (before, size + 1));
    let found = app.readers.read(question).await?;
    let layouts: Vec<_> = found.iter().map(|booking| layout_of(app, booking)).collect();
    let names = app.names_of(layouts.iter().copied()).await?;
    let none = Names::default();
    let one = |(booking, layout)| view(app, booking, names.get(layout).unwrap_or(&none));
    let bookings: Vec<_> = found.iter().zip(&layouts).take(size).map(one).collect();
    let more = found.len() > size;
    let next_before = bookings.last().filter(|_| more).map(|booking| booking.payment_id);
    Ok(json(StatusCode::OK, &BookingsView { bookings, next_before }))
}
