//! Concerts, for everyone; their dates, for the admitted.

use super::App;
use super::admin::PauseText;
use super::billing::{self, AboutView, NamesView, PosterView, PriceView, PublicDateView};
use super::extract::{Admitted, PathId, Query};
use super::problem::{Code, Problem};
use super::refund::RefundTermsView;
use super::view::{Stamp, json, maybe_id};
use super::wallet::page_size;
use crate::read_model::{ConcertModel, DateModel, Facts, Span, Status, Stock};
use crate::zone;
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::concert::{Cancellation, Concert, ConcertDate, Policy};
use boxoffice_core::draw::commitment;
use boxoffice_core::id::{ConcertId, DateId, QueueId, Uuid};
use boxoffice_core::time::Time;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Whether seats are sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SaleState {
    /// Not yet.
    Upcoming,
    /// Now.
    Open,
    /// Open, and no seat can be had now; some that are held may come back.
    SoldOut,
    /// No more.
    Closed,
}

/// Why no more seats are sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClosedBecause {
    /// All dates have started or were cancelled.
    DatesOver,
    /// The announced closing has come.
    ClosingTime,
    /// The organiser has closed it; it may go on.
    Organiser,
    /// The organiser has deleted the concert; nothing of it was sold.
    Deleted,
}

/// How long one may shop, in seconds. Known before anybody waits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct TimeToShop {
    /// Once let in: to come to the shop. Who does not come may come back to the front, three times.
    arrival_grace_seconds: i64,
    /// From coming to the shop: to choose seats.
    shop_seconds: i64,
    /// From taking seats: to pay for them. The admission then ends with the hold, be that earlier or later
    /// than the end of the time to choose.
    hold_seconds: i64,
}

impl TimeToShop {
    pub(super) const fn of(policy: &Policy) -> Self {
        Self {
            arrival_grace_seconds: policy.arrival_grace_ms / 1000,
            shop_seconds: policy.shop_ttl_ms / 1000,
            hold_seconds: policy.hold_ttl_ms / 1000,
        }
    }
}

/// A concert, without inventory.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConcertView {
    concert_id: Uuid,
    name: String,
    /// The same by language, for pages.
    names: NamesView,
    poster: Option<PosterView>,
    /// When its first performance starts, of those that were not cancelled; null where there is none yet.
    #[schema(value_type = Option<String>, format = DateTime)]
    first_date: Option<Stamp>,
    /// When its last one starts.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_date: Option<Stamp>,
    /// What the cheapest seats cost, sold or not; null where there are none, and of a concert that is over.
    price_from: Option<PriceView>,
    /// What the dearest ones cost.
    price_to: Option<PriceView>,
    theater: String,
    run_time_minutes: u32,
    sale: SaleState,
    #[schema(value_type = String, format = DateTime)]
    opens_at: Stamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    closes_at: Option<Stamp>,
    /// Why no more seats are sold, where `sale` is `closed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    closed_because: Option<ClosedBecause>,
    /// With `dates_over`: all dates were cancelled.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    dates_cancelled: bool,
    /// IANA name of the time zone where it is; null: not told.
    time_zone: Option<String>,
    /// Seats of one date that one user may have.
    seats_per_user: u32,
    time_to_shop: TimeToShop,
}

/// A concert with what is told of it, its dates and prices.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConcertPageView {
    #[serde(flatten)]
    concert: ConcertView,
    about: Option<AboutView>,
    refund: RefundTermsView,
    /// In the order of performance.
    dates: Vec<PublicDateView>,
}

/// A [`ConcertView`] that is written already.
#[derive(Debug)]
struct Card(Arc<RawValue>);

impl Serialize for Card {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// A page of the concerts that are not over, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConcertsView {
    #[schema(value_type = Vec<ConcertView>)]
    concerts: Vec<Card>,
    /// For `after` of the next page; null on the last.
    next: Option<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    now: Stamp,
}

/// The public state of a queue: the same bytes for everyone. Each client computes its own place:
/// `position = queue_number - served_up_to`, at the most.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueView {
    concert_id: Uuid,
    /// Which of the concert's queues.
    queue_id: Uuid,
    /// When it opens: with the sale, or at a time of its own.
    #[schema(value_type = String, format = DateTime)]
    opens_at: Stamp,
    /// Whether seats are sold to those who come by it.
    sale: SaleState,
    /// Why no more seats are sold, where `sale` is `closed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    closed_because: Option<ClosedBecause>,
    /// With `dates_over`: all dates were cancelled.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    dates_cancelled: bool,
    /// Sold out: seats that are held and not paid, which may come back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    seats_held: Option<u64>,
    /// Every queue number up to this one has been served.
    served_up_to: u64,
    /// People in line.
    waiting: u64,
    /// Admitted in the last minute.
    admitted_last_minute: u64,
    paused: bool,
    /// While paused: why, in the organiser's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pause_reason: Option<PauseText>,
    /// SHA-256 of the seed that draws the order of those who joined before the opening. It proves that
    /// the seed was not changed since, and not that nobody knew it: whoever may read the database did. Where
    /// a `draw_beacon` is named, the seed alone tells nothing.
    draw_commitment: String,
    /// Which public value is mixed in, in words; null: none.
    draw_beacon: Option<String>,
    /// Only those who joined before this are drawn; null: the opening.
    #[schema(value_type = Option<String>, format = DateTime)]
    draw_joined_before: Option<Stamp>,
    /// How many are drawn; null before the opening.
    drawn: Option<u64>,
    /// The seed, once the draw is made: with it anybody can compute every place.
    draw_seed: Option<String>,
    /// The value of the beacon, once it is given: the order is drawn from SHA-256(seed ‖ value) then.
    draw_value: Option<String>,
}

/// `stock` is what can be had of it, as far as is known.
pub(super) fn sale_state(row: &Concert, stock: Stock, now: Time) -> SaleState {
    sale_by(row, row.opens_at(), stock, now)
}

/// The same for a queue that opens then.
pub(super) fn sale_by(row: &Concert, opens_at: Time, stock: Stock, now: Time) -> SaleState {
    if closed_because(row, stock, now).is_some() {
        SaleState::Closed
    } else if now.reached(opens_at) {
        if stock.is_sold_out() { SaleState::SoldOut } else { SaleState::Open }
    } else {
        SaleState::Upcoming
    }
}

/// Why no more seats are sold; `None`: they are, or will be.
pub(super) fn closed_because(row: &Concert, stock: Stock, now: Time) -> Option<ClosedBecause> {
    if row.is_deleted() {
        Some(ClosedBecause::Deleted)
    } else if stock.is_over {
        Some(ClosedBecause::DatesOver)
    } else if row.not_closed(now).is_ok() {
        None
    } else if row.end().is_some_and(|end| now.reached(end)) {
        Some(ClosedBecause::ClosingTime)
    } else {
        Some(ClosedBecause::Organiser)
    }
}

/// What is left of a concert that is over.
pub(super) const OVER: Stock =
    Stock { total: 0, free: 0, held: 0, blocked: 0, is_over: true, is_cancelled: false };

/// The same, where these are its dates.
fn over_with(dates: &[(DateId, ConcertDate)]) -> Stock {
    let cancelled = dates.iter().all(|(_, date)| date.cancelled.is_some());
    Stock { is_cancelled: cancelled && !dates.is_empty(), ..OVER }
}

fn view(
    (app, now): (&App, Time),
    (id, row): (ConcertId, &Concert),
    (stock, span): (Stock, Option<Span>),
) -> ConcertView {
    let (price_from, price_to) = billing::price_range(span, &app.currency);
    ConcertView {
        concert_id: id.0,
        name: row.concert_name.clone(),
        names: billing::names(row),
        poster: billing::poster(row),
        first_date: span.map(|span| span.first.into()),
        last_date: span.map(|span| span.last.into()),
        price_from,
        price_to,
        theater: row.theater.clone(),
        run_time_minutes: row.run_time,
        sale: sale_state(row, stock, now),
        opens_at: row.opens_at().into(),
        closes_at: row.closes_at().map(Stamp),
        closed_because: closed_because(row, stock, now),
        dates_cancelled: stock.is_cancelled,
        time_zone: row.time_zone.clone(),
        seats_per_user: row.policy.seats_per_user,
        time_to_shop: TimeToShop::of(&row.policy),
    }
}

/// Lets every cache on the way keep the answer for a second.
fn public(mut response: Response) -> Response {
    let value = HeaderValue::from_static("public, max-age=1");
    response.headers_mut().insert(CACHE_CONTROL, value);
    response
}

/// Which page.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Only concerts made after this one.
    #[serde(default, deserialize_with = "maybe_id")]
    pub after: Option<Uuid>,
    /// At most 100, and 100 unless told.
    pub limit: Option<usize>,
}

/// The concerts that are not over. A day after its last date and the end of its sale one leaves the list.
#[utoipa::path(get, path = "/api/v1/concerts", tag = "Concerts", params(Page),
    responses((status = 200, body = ConcertsView), (status = 400, description = "invalid_query")))]
pub async fn list(State(app): State<App>, Query(page): Query<Page>) -> Result<Response, Problem> {
    let size = page_size(page.limit)?;
    let now = app.clock.now();
    let found = app.read_model.page(page.after.map(ConcertId), size + 1);
    let shown = found.get(..size).unwrap_or(&found);
    let next = shown.last().filter(|_| found.len() > size).map(|last| last.id.0);
    let one = |concert: &Arc<ConcertModel>| {
        let write = |facts: &Facts| {
            let view = view((&app, now), (concert.id, &facts.row), (facts.stock, facts.span));
            // A view is plain data with string keys; writing it as JSON cannot fail.
            to_raw_value(&view).unwrap_or_default()
        };
        Card(concert.card(now, write))
    };
    let concerts = shown.iter().map(one).collect();
    Ok(public(json(StatusCode::OK, &ConcertsView { concerts, next, now: now.into() })))
}

/// One concert, with what is told of it, its dates and prices. Of one that is over the sale is closed.
#[utoipa::path(get, path = "/api/v1/concerts/{id}", tag = "Concerts", params(("id" = Uuid, Path)),
    responses((status = 200, body = ConcertPageView), (status = 503, description = "database_unavailable, for one that is over"), (status = 404, description = "concert_not_found")))]
pub async fn show(State(app): State<App>, PathId(id): PathId) -> Result<Response, Problem> {
    let now = app.clock.now();
    let (concert, about, dates) = if let Some(concert) = app.shown(id) {
        let row = concert.row();
        let view = view((&app, now), (concert.id, &row), (concert.stock(), concert.span()));
        let dates = billing::dates(&app, &concert, view.sale, now);
        (view, billing::about(&row), dates)
    } else {
        let (row, _, dates) = app.over(id).await?;
        let span = billing::past_span(&dates);
        let stock = over_with(&dates);
        let concert = view((&app, now), (ConcertId(id), &row), (stock, span));
        let zone = row.time_zone.as_deref();
        let past = |(id, date): &(DateId, ConcertDate)| billing::past_date(*id, date, zone, now);
        let dates = dates.iter().map(past).collect();
        (concert, billing::about(&row), dates)
    };
    let view = ConcertPageView { concert, about, refund: RefundTermsView::TERMS, dates };
    Ok(public(json(StatusCode::OK, &view)))
}

/// The seed of a draw, once that is made.
pub(super) fn shown_seed(status: &Status) -> Option<String> {
    status.drawn.filter(|_| !status.awaits_value).map(|_| hex(&status.seed))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Which of a concert's queues.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WhichQueue {
    /// The general one unless told.
    #[serde(default, deserialize_with = "maybe_id")]
    pub queue_id: Option<Uuid>,
}

/// The public state of one of a concert's queues, with its draw.
#[utoipa::path(get, path = "/api/v1/concerts/{id}/queue", tag = "Waiting queue", params(("id" = Uuid, Path), WhichQueue),
    responses((status = 200, body = QueueView), (status = 400, description = "invalid_query"), (status = 503, description = "database_unavailable, for one that is over"), (status = 404, description = "concert_not_found, queue_not_found")))]
pub async fn queue(
    State(app): State<App>,
    PathId(id): PathId,
    Query(which): Query<WhichQueue>,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let queue = QueueId::named(ConcertId(id), which.queue_id);
    let (status, row, stock) = match app.shown(id) {
        Some(concert) => {
            let status = concert.queue(queue).and_then(|queue| queue.status());
            (status, concert.row(), concert.stock())
        }
        None => {
            let (concert, queues, dates) = app.over(id).await?;
            let found = queues.iter().find(|(found, _)| *found == queue);
            (found.map(|(_, row)| Status::of(row)), Arc::new(concert), over_with(&dates))
        }
    };
    let none = if queue.is_general() { Code::ConcertNotFound } else { Code::QueueNotFound };
    let status = status.ok_or_else(|| Problem::of(none))?;
    let opens_at = status.own_opens_at.unwrap_or_else(|| row.opens_at());
    let sale = sale_by(&row, opens_at, stock, now);
    let view = QueueView {
        concert_id: id,
        queue_id: queue.id,
        opens_at: opens_at.into(),
        sale,
        closed_because: closed_because(&row, stock, now),
        dates_cancelled: stock.is_cancelled,
        seats_held: (sale == SaleState::SoldOut).then_some(stock.held),
        served_up_to: status.cursor,
        waiting: status.waiting,
        admitted_last_minute: status.admitted_last_minute,
        paused: status.settings.paused,
        pause_reason: PauseText::told(&status),
        draw_commitment: hex(&commitment(&status.seed)),
        draw_seed: shown_seed(&status),
        draw_beacon: status.rule.terms.beacon,
        draw_joined_before: status.rule.terms.joined_before.map(Stamp),
        drawn: status.drawn,
        draw_value: status.rule.value,
    };
    Ok(public(json(StatusCode::OK, &view)))
}

/// A date in figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct DateView {
    concert_date_id: Uuid,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Stamp,
    /// The same by the clocks of the place, RFC 3339 with their offset; null where its zone is not told.
    #[schema(format = DateTime)]
    starts_at_local: Option<String>,
    /// IANA name of that zone.
    time_zone: Option<String>,
    total_seats: u64,
    /// None of a date that was cancelled.
    available_seats: u64,
    /// That the organiser has cancelled it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cancelled: Option<CancelledView>,
    /// The layout of the hall by its id, for `GET …/layouts/{sha256}`; null: only seat numbers are known.
    layout: Option<String>,
}

/// That a date was cancelled by its organiser: nothing of it is sold any more.
#[derive(Debug, Serialize, ToSchema)]
pub struct CancelledView {
    #[schema(value_type = String, format = DateTime)]
    at: Stamp,
    /// In the organiser's words.
    reason: String,
}

impl CancelledView {
    pub(super) fn of(cancelled: Option<&Cancellation>) -> Option<Self> {
        let view = |c: &Cancellation| Self { at: c.at.into(), reason: c.reason.clone() };
        cancelled.map(view)
    }
}

/// A time by the clocks of a place.
pub(super) fn local(time: Time, zone: Option<&str>) -> Option<String> {
    zone.and_then(|zone| zone::local(time, zone))
}

pub(super) fn date_view(date: &DateModel, zone: Option<&str>, now: Time) -> DateView {
    DateView {
        concert_date_id: date.id.0,
        starts_at: date.starts_at.into(),
        starts_at_local: local(date.starts_at, zone),
        time_zone: zone.map(str::to_owned),
        total_seats: date.total_seats,
        available_seats: if date.cancelled.is_some() { 0 } else { date.available(now) },
        cancelled: CancelledView::of(date.cancelled.as_ref()),
        layout: date.layout.map(|layout| layout.to_string()),
    }
}

/// A date of a concert that is over, as its row says.
pub(super) fn row_view(id: DateId, row: &ConcertDate, zone: Option<&str>) -> DateView {
    DateView {
        concert_date_id: id.0,
        starts_at: row.concert_date.into(),
        starts_at_local: local(row.concert_date, zone),
        time_zone: zone.map(str::to_owned),
        total_seats: row.total_seats,
        available_seats: row.available_seats,
        cancelled: CancelledView::of(row.cancelled.as_ref()),
        layout: row.layout.map(|layout| layout.to_string()),
    }
}

/// A date as its operator sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DateFigures {
    concert_date_id: Uuid,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Stamp,
    /// The same by the clocks of the place, RFC 3339 with their offset; null where its zone is not told.
    #[schema(format = DateTime)]
    starts_at_local: Option<String>,
    /// IANA name of that zone.
    time_zone: Option<String>,
    total_seats: u64,
    available_seats: u64,
    /// Held and not paid yet.
    held_seats: u64,
    sold_seats: u64,
    /// That it was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cancelled: Option<CancelledView>,
    /// Taken off the sale.
    blocked_seats: u64,
    /// The layout of the hall by its id, for `GET …/layouts/{sha256}`; null: only seat numbers are known.
    layout: Option<String>,
}

impl DateFigures {
    fn of(view: DateView, held_seats: u64, blocked_seats: u64) -> Self {
        let others = view.available_seats + held_seats + blocked_seats;
        let sold_seats = view.total_seats.saturating_sub(others);
        let DateView {
            concert_date_id,
            starts_at,
            starts_at_local,
            time_zone,
            total_seats,
            available_seats,
            cancelled,
            layout,
        } = view;
        Self {
            concert_date_id,
            starts_at,
            starts_at_local,
            time_zone,
            total_seats,
            available_seats,
            held_seats,
            sold_seats,
            cancelled,
            blocked_seats,
            layout,
        }
    }

    /// Of a date on the read model.
    pub(super) fn shown(date: &DateModel, zone: Option<&str>, now: Time) -> Self {
        let stock = date.stock(now);
        let view = DateView { available_seats: stock.free, ..date_view(date, zone, now) };
        Self::of(view, stock.held, stock.blocked)
    }

    /// Of a concert that is over: nothing is held any more.
    pub(super) fn of_row(id: DateId, row: &ConcertDate, zone: Option<&str>) -> Self {
        Self::of(row_view(id, row, zone), 0, row.blocked_seats)
    }
}

/// The dates of a concert.
#[derive(Debug, Serialize, ToSchema)]
pub struct DatesView {
    concert_id: Uuid,
    dates: Vec<DateView>,
    #[schema(value_type = String, format = DateTime)]
    now: Stamp,
}

/// The dates that can be booked: those that have not started yet, with the seats left.
#[utoipa::path(get, path = "/api/v1/concerts/{id}/dates", tag = "Seats", params(("id" = Uuid, Path)),
    security(("identity" = [], "queue_token" = [])),
    responses((status = 200, body = DatesView), (status = 403, description = "not_admitted, queue_token_expired, …")))]
pub async fn dates(
    State(app): State<App>,
    PathId(id): PathId,
    admitted: Admitted,
) -> Result<Response, Problem> {
    admitted.enter(&app, Some(ConcertId(id))).await?;
    let now = app.clock.now();
    let dates = app.read_model.dates_of(ConcertId(id));
    let bookable = dates.iter().filter(|date| !now.reached(date.starts_at));
    let row = app.read_model.concert(ConcertId(id)).map(|concert| concert.row());
    let zone = row.as_ref().and_then(|row| row.time_zone.as_deref());
    let dates = bookable.map(|date| date_view(date, zone, now));
    let view = DatesView { concert_id: id, dates: dates.collect(), now: now.into() };
    Ok(json(StatusCode::OK, &view))
}
