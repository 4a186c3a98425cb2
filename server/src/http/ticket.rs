//! Tickets: those of a booking for its owner, those of a date for the doors, and the public keys.

use super::App;
use super::billing::{self, PriceView};
use super::extract::{Identity, Operator, PathId, Query};
use super::halls::Names;
use super::problem::{Code, Problem};
use super::refund::{refunds_of, seats_of};
use super::view::{Stamp, json};
use crate::layout::Label;
use crate::read_model::ReadModel;
use crate::store::Fault;
use crate::store::pool::ReadPool;
use crate::store::reads::{Reads, SeatOf, Tickets, tickets};
use crate::tickets::{PublicKey, parts_of, svg, ticket_id};
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::id::{DateId, ReservationId, UserId, Uuid};
use boxoffice_core::limits::TICKETS_PER_PAGE_MAX;
use boxoffice_core::money::Money;
use boxoffice_core::ticket::{FIRST_VERSION, Ticket, VoidBecause, tickets_of};
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use utoipa::{IntoParams, ToSchema};

/// Whether a ticket lets somebody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketStatus {
    /// It does.
    Valid,
    /// It does not, and never will again.
    Void,
}

/// Why a ticket is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VoidReason {
    /// Its seat has gone back.
    Refunded,
    /// Its date was cancelled.
    DateCancelled,
}

impl VoidReason {
    const fn of(because: VoidBecause) -> Self {
        match because {
            VoidBecause::Refunded => Self::Refunded,
            VoidBecause::DateCancelled => Self::DateCancelled,
        }
    }
}

const fn status(because: Option<VoidBecause>) -> TicketStatus {
    if because.is_none() { TicketStatus::Valid } else { TicketStatus::Void }
}

/// A ticket.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketView {
    /// Reservation, seat and version with dots between them.
    #[schema(example = "01a21a00-5a9c-7c11-8e60-0c2f7a3d9b41.12.1")]
    ticket_id: String,
    /// Of which booking: its reservation's id.
    booking_id: Uuid,
    seat_number: u32,
    /// What the seat is called, where its date has a layout.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    label: Option<Label>,
    /// Null once its concert is over, where the date has no layout.
    #[schema(example = "R")]
    grade: Option<String>,
    /// What was paid for the seat.
    price: PriceView,
    /// Which ticket for this seat of the booking.
    #[schema(minimum = 1)]
    version: u16,
    status: TicketStatus,
    /// Why it is void, where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    void_because: Option<VoidReason>,
    /// What the QR code says, signed; a door verifies it offline. Null where the ticket is void.
    code: Option<String>,
    /// The QR code as SVG, dark on light with its quiet zone; null where the ticket is void.
    qr_svg: Option<String>,
}

/// The tickets of a booking, by seat.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketsView {
    reservation_id: Uuid,
    concert_date_id: Uuid,
    /// None where the reservation was not paid.
    tickets: Vec<TicketView>,
}

/// A booking's date and tickets.
type Found = (DateId, Vec<One>);

/// A ticket, why it is void, and what was paid for its seat.
type One = (Ticket, Option<VoidBecause>, Money);

/// The tickets of a user's reservation; `None` where it is not the user's, or nobody's.
fn read(
    read_model: &ReadModel,
    reads: &mut dyn Reads,
    (id, user): (ReservationId, UserId),
) -> Result<Option<Found>, Fault> {
    let found = reads.reservation(id)?.filter(|(_, row, _)| row.user == user);
    let Some((_, row, seats)) = found else { return Ok(None) };
    let refunds = refunds_of(reads, std::iter::once((id, &row)))?.remove(&id).unwrap_or_default();
    let back = seats_of(&refunds).into_iter().collect();
    let cancelled = match read_model.date(row.date) {
        Some(date) => date.cancelled.is_some(),
        None => {
            let mut over = reads.performances(&BTreeSet::from([row.date]))?;
            over.remove(&row.date).is_some_and(|(date, _)| date.cancelled.is_some())
        }
    };
    let prices: BTreeMap<u32, Money> = seats.iter().map(|seat| (seat.number, seat.price)).collect();
    let tickets = tickets_of(id, &row, &seats, &back, cancelled).into_iter();
    let priced = |(ticket, because): (Ticket, Option<VoidBecause>)| {
        let price = prices.get(&ticket.seat).copied().unwrap_or_default();
        (ticket, because, price)
    };
    Ok(Some((row.date, tickets.map(priced).collect())))
}

fn view(app: &App, names: &Names, (ticket, because, price): &One) -> TicketView {
    let code = because.is_none().then(|| app.tickets.code(ticket));
    TicketView {
        ticket_id: ticket_id(ticket),
        booking_id: ticket.reservation.0,
        seat_number: ticket.seat,
        label: names.label(ticket.seat),
        grade: names.grade(ticket.seat),
        price: billing::price(price.0, &app.currency),
        version: ticket.version,
        status: status(*because),
        void_because: because.map(VoidReason::of),
        qr_svg: code.as_deref().and_then(svg),
        code,
    }
}

/// The tickets of your booking: one a seat. A ticket whose seat went back, or whose date was cancelled, is void and
/// has no code. The code of a valid one changes when the server signs with another key; codes of before stay good.
#[utoipa::path(get, path = "/api/v1/bookings/{id}/tickets", tag = "Reservations", params(("id" = Uuid, Path, description = "The reservation's id")),
    security(("identity" = [])),
    responses((status = 200, body = TicketsView), (status = 401, description = "identity_required, identity_invalid"), (status = 404, description = "reservation_not_found: there is none, or it is another's")))]
pub async fn of_booking(
    State(app): State<App>,
    identity: Identity,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let (read_model, asked) = (Arc::clone(&app.read_model), (ReservationId(id), identity.user));
    let found = app.readers.read(move |reads| read(&read_model, reads, asked)).await?;
    let (date, tickets) = found.ok_or_else(|| Problem::of(Code::ReservationNotFound))?;
    let names = app.names_at(date).await?;
    // Symbols of many seats take some milliseconds, for which no other request waits.
    let drawn = tokio::task::spawn_blocking(move || {
        tickets.iter().map(|ticket| view(&app, &names, ticket)).collect::<Vec<_>>()
    });
    let tickets = drawn.await.map_err(|_| Problem::of(Code::Internal))?;
    let view = TicketsView { reservation_id: id, concert_date_id: date.0, tickets };
    let mut response = json(StatusCode::OK, &view);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A public key of tickets.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketKeyView {
    /// As codes name it: the first four bytes of the SHA-256 of the key.
    #[schema(example = "3f1c09ab")]
    key_id: String,
    #[schema(example = "Ed25519")]
    algorithm: &'static str,
    /// 32 bytes (RFC 8032) in base64url without padding.
    public_key: String,
    #[schema(value_type = String, format = DateTime)]
    from: Stamp,
}

/// Every public key that codes of tickets may be signed with, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketKeysView {
    keys: Vec<TicketKeyView>,
}

/// How long the public keys are told as they were read.
const KEEP: Duration = Duration::from_secs(2);

/// The public keys as they were read last: a flood of the question costs the database nothing.
pub struct PublicKeys {
    /// The server's own connection.
    reads: ReadPool,
    known: Mutex<Option<(Instant, Arc<TicketKeysView>)>>,
}

impl PublicKeys {
    /// Keys that are read on these connections.
    #[must_use]
    pub fn new(reads: ReadPool) -> Self {
        Self { reads, known: Mutex::default() }
    }

    /// All who ask meanwhile wait for the same reading.
    async fn get(&self) -> Result<Arc<TicketKeysView>, Fault> {
        let mut known = self.known.lock().await;
        if let Some((at, keys)) = &*known
            && at.elapsed() < KEEP
        {
            return Ok(Arc::clone(keys));
        }
        let (asked, found) = (Instant::now(), self.reads.read(|reads| reads.ticket_keys()).await?);
        let key = |(bytes, from)| {
            let key = PublicKey { bytes, from };
            TicketKeyView {
                key_id: key.id().to_string(),
                algorithm: "Ed25519",
                public_key: key.text(),
                from: from.into(),
            }
        };
        let keys = Arc::new(TicketKeysView { keys: found.into_iter().map(key).collect() });
        *known = Some((asked, Arc::clone(&keys)));
        Ok(keys)
    }
}

/// The keys that tickets are verified with, offline: what a code has to say and how is in the documents. A door loads
/// them before it opens, and again when it meets a key that it does not know.
#[utoipa::path(get, path = "/api/v1/ticket-keys", tag = "Reservations",
    responses((status = 200, body = TicketKeysView), (status = 503, description = "database_unavailable")))]
pub async fn keys(State(app): State<App>) -> Result<Response, Problem> {
    let keys = app.ticket_keys.get().await?;
    let mut response = json(StatusCode::OK, &*keys);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    Ok(response)
}

/// Which page of a date's tickets.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DatePage {
    /// `next` of the page before.
    pub after: Option<String>,
    /// Only tickets of this status.
    pub status: Option<TicketStatus>,
    /// At most 1,000, and 1,000 unless told.
    #[param(maximum = 1_000)]
    pub limit: Option<usize>,
}

/// A ticket as doors see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DateTicketView {
    /// Reservation, seat and version with dots between them: what a code says, too.
    #[schema(example = "01a21a00-5a9c-7c11-8e60-0c2f7a3d9b41.12.1")]
    ticket_id: String,
    seat_number: u32,
    /// What the seat is called, where its date has a layout.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    label: Option<Label>,
    reservation_id: Uuid,
    #[schema(minimum = 1)]
    version: u16,
    status: TicketStatus,
    /// Why it is void, where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    void_because: Option<VoidReason>,
}

/// A page of a date's tickets, by seat, then by reservation.
#[derive(Debug, Serialize, ToSchema)]
pub struct DateTicketsView {
    concert_date_id: Uuid,
    /// The layout of the hall by its id, for `GET …/layouts/{sha256}`; null: only seat numbers are known.
    layout: Option<String>,
    tickets: Vec<DateTicketView>,
    /// For `after` of the next page; null on the last.
    next: Option<String>,
}

fn date_view(
    (date, names): (DateId, &Names),
    ((seat, reservation), because): (SeatOf, Option<VoidBecause>),
) -> DateTicketView {
    let ticket = Ticket { date, reservation, seat, version: FIRST_VERSION };
    DateTicketView {
        ticket_id: ticket_id(&ticket),
        seat_number: seat,
        label: names.label(seat),
        reservation_id: reservation.0,
        version: ticket.version,
        status: status(because),
        void_because: because.map(VoidReason::of),
    }
}

/// A seat with its reservation, and why the ticket is void.
type Row = (SeatOf, Option<VoidBecause>);

/// A page of a date's tickets as rows, each with why it is void, and one more than asked for, if there is one; `None`
/// without such a date.
fn page(
    reads: &mut dyn Reads,
    date: DateId,
    (after, asked, limit): (Option<SeatOf>, Option<TicketStatus>, usize),
) -> Result<Option<Vec<Row>>, Fault> {
    let found = reads.performances(&BTreeSet::from([date]))?.remove(&date);
    let Some((row, _)) = found.filter(|(row, concert)| row.is_live() && !concert.is_deleted())
    else {
        return Ok(None);
    };
    let cancelled = row.cancelled.is_some();
    let which = match asked {
        Some(TicketStatus::Valid) if cancelled => return Ok(Some(Vec::new())),
        Some(TicketStatus::Valid) => Tickets::Kept,
        Some(TicketStatus::Void) if !cancelled => Tickets::Back,
        Some(TicketStatus::Void) | None => Tickets::All,
    };
    let because = |went_back: bool| match went_back {
        true => Some(VoidBecause::Refunded),
        false => cancelled.then_some(VoidBecause::DateCancelled),
    };
    let found = tickets(reads, date, which, (after, limit.saturating_add(1)))?;
    Ok(Some(found.into_iter().map(|(seat, back)| (seat, because(back))).collect()))
}

/// The tickets of a date, for door devices: valid ones, and void ones, whose codes are genuine and let nobody in. A
/// door that works offline loads the void ones with `status=void` shortly before it opens. What is paid or goes back
/// while pages are read may be in them or not; the list of events tells of both.
#[utoipa::path(get, path = "/api/v1/admin/concert-dates/{id}/tickets", tag = "Operator", params(("id" = Uuid, Path), DatePage),
    security(("operator" = [])),
    responses((status = 200, body = DateTicketsView), (status = 400, description = "invalid_query"), (status = 404, description = "date_not_found"), (status = 503, description = "database_unavailable")))]
pub async fn of_date(
    State(app): State<App>,
    PathId(id): PathId,
    _: Operator,
    Query(asked): Query<DatePage>,
) -> Result<Response, Problem> {
    let invalid =
        |field: &'static str| move || Problem::of(Code::InvalidQuery).with("field", field);
    let size = asked.limit.unwrap_or(TICKETS_PER_PAGE_MAX);
    let size = Some(size).filter(|size| (1..=TICKETS_PER_PAGE_MAX).contains(size));
    let size = size.ok_or_else(invalid("limit"))?;
    let seat_of = |text: &str| parts_of(text).map(|(reservation, seat)| (seat, reservation));
    let after = asked.after.as_deref().map(|text| seat_of(text).ok_or_else(invalid("after")));
    let (date, page_of) = (DateId(id), (after.transpose()?, asked.status, size));
    let found = app.readers.read(move |reads| page(reads, date, page_of)).await?;
    let found = found.ok_or_else(|| Problem::of(Code::DateNotFound))?;
    let layout = app.layout_of(date).await?;
    let names = app.names(layout).await?;
    let layout = layout.map(|layout| layout.to_string());
    let more = found.len() > size;
    let view = |row| date_view((date, &names), row);
    let tickets: Vec<_> = found.into_iter().take(size).map(view).collect();
    let next = tickets.last().filter(|_| more).map(|ticket| ticket.ticket_id.clone());
    Ok(json(StatusCode::OK, &DateTicketsView { concert_date_id: id, layout, tickets, next }))
}
