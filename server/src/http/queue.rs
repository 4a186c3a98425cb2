//! The waiting queue: get a token, ask how far it is, leave.

use super::App;
use super::admin::PauseText;
use super::concert::{ClosedBecause, SaleState, TimeToShop, closed_because, sale_by};
use super::extract::{Identity, PathId, QueueToken, Submitted};
use super::limits::Asked;
use super::problem::{Code, Problem};
use super::push::place::NEAR_MS;
use super::view::{Stamp, maybe_id, replied};
use crate::pressure::{Crowd, Pressure};
use crate::read_model::{ConcertModel, QueueModel, Standing};
use crate::tokens::{QueueClaims, queue_claims, queue_token_end};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use boxoffice_core::command::Command;
use boxoffice_core::id::{ConcertId, QueueId, Uuid};
use boxoffice_core::outcome::{Outcome, Ticket, TicketState};
use boxoffice_core::queue::{Join, Leave};
use boxoffice_core::time::Time;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// While the sale is not open, clients ask at most this often.
const NOT_OPEN_POLL_MS: u64 = 30_000;
/// While no seat can be had: those who may get one that comes back, and everybody else.
const SOLD_OUT_NEAR_POLL_MS: u64 = 5_000;
const SOLD_OUT_POLL_MS: u64 = 60_000;
/// People who are near for each seat that may come back.
const NEAR_PER_SEAT: u64 = 2;
/// Joins that are put off come again within so many seconds.
const JOIN_PUT_OFF_SECONDS: u128 = 5;
/// Whoever waits for longer than this is far from the turn, and the first to be put off.
const FAR_MS: u64 = 60_000;
/// While the draw waits for the value that is mixed in, clients ask again after this and up to as much
/// more.
const AWAITING_POLL_MS: u64 = 5_000;
/// Where another server knows more of a place than this one, clients ask again after this and up to
/// as much more: by then this one has looked at the news.
const UNHEARD_POLL_MS: u64 = 500;
/// How long a join for a concert that this server has not heard of may wait for a look at the news.
const HEAR_WAIT: Duration = Duration::from_secs(2);
/// For so long after joining, a place that is not known on a read model that others share is taken to be
/// theirs. Later it is none: the database was put back to an older state, or is another.
const UNHEARD_MAX_MS: i64 = 10 * 60 * 1000;

/// State of a queue token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// In line.
    Waiting,
    /// May shop.
    Admitted,
    /// Over.
    Expired,
}

/// A queue token and where its place stands.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TokenView {
    /// The signed token, for `X-Queue-Token`; where it is issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token: Option<String>,
    /// Where the token is issued; a poll's answer leaves out what the token itself says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user_id: Option<Uuid>,
    /// Where the token is issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    concert_id: Option<Uuid>,
    /// Where the token is issued: in which queue the place is. The general one has its concert's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    queue_id: Option<Uuid>,
    state: TokenState,
    /// Whether seats are sold. Nobody is let in unless they are.
    sale: SaleState,
    /// Why no more seats are sold, where `sale` is `closed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    closed_because: Option<ClosedBecause>,
    /// With `dates_over`: all dates were cancelled.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    dates_cancelled: bool,
    /// Nobody is let in for now.
    paused: bool,
    /// While paused: why, in the organiser's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pause_reason: Option<PauseText>,
    /// How long one may shop; left out where this server does not know the concert.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    time_to_shop: Option<TimeToShop>,
    /// Sold out: seats that are held and not paid, which may come back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    seats_held: Option<u64>,
    /// Order of service; null until it is drawn at the opening.
    queue_number: Option<u64>,
    /// Place in line, from 1; it never rises. Null when not waiting or not drawn.
    position: Option<u64>,
    /// From the measured rate of admission, or the rate that is set until it is measured; null when
    /// unknown.
    estimated_wait_seconds: Option<u64>,
    /// When to ask again; null when there is nothing to wait for.
    poll_after_ms: Option<u64>,
    /// A stream of events may be had instead: `GET /api/v1/queue-tokens/me/events`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    stream: bool,
    /// While admitted: until when, if nothing happens. First the time to come, from the first use on the
    /// time to choose, from a hold on the end of that hold.
    #[schema(value_type = Option<String>, format = DateTime)]
    admitted_until: Option<Stamp>,
    /// While admitted: whether the time to choose has begun, by the first use of the shop. A poll is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    arrived: Option<bool>,
    /// When expired: asking for a token again leads back to the front of the line.
    may_return: bool,
    /// The sale has opened, and nobody is let in until the value is given that is mixed into the draw.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    awaiting_draw_value: bool,
    /// While the sale has not opened: when it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = DateTime)]
    opens_at: Option<Stamp>,
    /// When the token ends. Asking again then gives a new one for the same place.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Stamp,
    /// The server's clock.
    #[schema(value_type = String, format = DateTime)]
    now: Stamp,
}

/// When to ask again before the opening: seldom, and just after it spread by the place over as much time
/// as the budget needs for all of them, so that no crowd asks at once.
fn before_opening_ms(opens_at: Time, sequence: u64, pressure: &Pressure, now: Time) -> u64 {
    let left = u64::try_from(opens_at.ms_since(now)).unwrap_or(0);
    let seldom = pressure.poll_law().most_ms.max(NOT_OPEN_POLL_MS);
    let spread = sequence % pressure.spread_ms().max(1);
    if left > seldom { seldom } else { left + 250 + spread }
}

/// When to ask again in line, shortened by the place so that those who came together do not go on asking
/// together.
fn in_line_ms(sequence: u64, position: Option<u64>, wait_ms: Option<u64>, app: &App) -> u64 {
    let law = app.pressure.poll_law();
    let after = law.after_ms(position.unwrap_or(1), wait_ms);
    after - after.saturating_sub(law.least_ms) / 8 * (sequence % 128) / 128
}

/// When to ask again while no seat can be had. Within the time of a hold each seat that is held is paid for
/// or comes back, so that asking after it tells which.
fn sold_out_ms(
    sequence: u64,
    position: Option<u64>,
    (held, hold_ttl_ms): (u64, i64),
    app: &App,
) -> u64 {
    let law = app.pressure.poll_law();
    let spread = |ms: u64| ms + ms / 4 * (sequence % 128) / 128;
    if held == 0 {
        return spread(SOLD_OUT_POLL_MS.max(law.most_ms));
    }
    let decided = u64::try_from(hold_ttl_ms).unwrap_or(0).clamp(law.least_ms, SOLD_OUT_POLL_MS);
    let near = position.is_some_and(|position| position <= held.saturating_mul(NEAR_PER_SEAT));
    if near {
        spread(decided.min(SOLD_OUT_NEAR_POLL_MS).max(law.least_ms))
    } else {
        spread(decided.max(app.pressure.spread_ms()))
    }
}

fn unheard_poll_ms(sequence: u64) -> u64 {
    UNHEARD_POLL_MS + sequence % UNHEARD_POLL_MS
}

impl TokenView {
    /// In line, and nothing more.
    fn waiting(sale: SaleState, queue_number: Option<u64>, expires_at: Stamp, now: Time) -> Self {
        Self {
            token: None,
            user_id: None,
            concert_id: None,
            queue_id: None,
            state: TokenState::Waiting,
            sale,
            closed_because: None,
            dates_cancelled: false,
            paused: false,
            pause_reason: None,
            time_to_shop: None,
            seats_held: None,
            queue_number,
            position: None,
            estimated_wait_seconds: None,
            poll_after_ms: None,
            stream: false,
            admitted_until: None,
            arrived: None,
            may_return: false,
            awaiting_draw_value: false,
            opens_at: None,
            expires_at,
            now: now.into(),
        }
    }

    /// When to ask again.
    pub(super) const fn poll_after_ms(&self) -> Option<u64> {
        self.poll_after_ms
    }

    /// In line, drawn, and to ask again within this time.
    pub(super) fn is_near(&self, most_ms: u64) -> bool {
        self.state == TokenState::Waiting
            && matches!(self.sale, SaleState::Open | SaleState::SoldOut)
            && self.position.is_some()
            && self.poll_after_ms.is_some_and(|ms| ms <= most_ms)
    }

    /// Nothing is waited for any more.
    pub(super) fn is_decided(&self) -> bool {
        self.state != TokenState::Waiting
    }

    /// What of it is worth an event: all but what the time changes.
    pub(super) fn essence(&self) -> Self {
        Self {
            now: Stamp(Time(0)),
            poll_after_ms: None,
            estimated_wait_seconds: None,
            stream: false,
            ..self.clone()
        }
    }
}

/// `said` is the queue number that the ticket or the token has, for a read model that has not heard of the draw.
/// A read model that has goes first: where an older database was put back, the draw was made anew.
fn token_view(
    app: &App,
    (concert, queue): (&ConcertModel, &QueueModel),
    (sequence, said, expires_at): (u64, Option<u64>, Stamp),
    standing: Standing,
    now: Time,
) -> TokenView {
    let row = concert.row();
    let stock = concert.stock();
    let opens_at = queue.opens_at(&row);
    let sale = sale_by(&row, opens_at, stock, now);
    let number = queue.number_of(sequence).or(said);
    let mut view = TokenView::waiting(sale, number, expires_at, now);
    view.closed_because = closed_because(&row, stock, now);
    view.dates_cancelled = stock.is_cancelled;
    let paused = queue.paused();
    view.paused = paused.is_some();
    view.pause_reason = paused.as_ref().and_then(PauseText::of);
    view.time_to_shop = Some(TimeToShop::of(&row.policy));
    view.seats_held = (sale == SaleState::SoldOut).then_some(stock.held);
    let held = (stock.held, row.policy.hold_ttl_ms);
    let nothing_comes = row.is_deleted() || stock.is_over;
    match standing {
        Standing::Waiting { .. } | Standing::Returning if nothing_comes => {
            view.state = TokenState::Expired;
        }
        Standing::Waiting { position, wait_ms } => {
            view.opens_at = (sale == SaleState::Upcoming).then_some(Stamp(opens_at));
            view.position = position;
            let wait = wait_ms.filter(|_| sale == SaleState::Open);
            view.estimated_wait_seconds = wait.map(|ms| ms.div_ceil(1_000));
            // Whoever has a position is drawn; the queue need not be asked.
            let undrawn = sale == SaleState::Open && position.is_none();
            view.awaiting_draw_value = undrawn && queue.awaits_value();
            view.poll_after_ms = Some(match sale {
                _ if view.awaiting_draw_value => AWAITING_POLL_MS + sequence % AWAITING_POLL_MS,
                SaleState::Upcoming => before_opening_ms(opens_at, sequence, &app.pressure, now),
                SaleState::Open => in_line_ms(sequence, position, wait_ms, app),
                SaleState::SoldOut => sold_out_ms(sequence, position, held, app),
                SaleState::Closed => NOT_OPEN_POLL_MS,
            });
        }
        Standing::Returning => {
            view.position = Some(1);
            view.poll_after_ms = Some(match sale {
                SaleState::Open => in_line_ms(sequence, Some(1), None, app),
                SaleState::SoldOut => sold_out_ms(sequence, Some(1), held, app),
                SaleState::Upcoming | SaleState::Closed => NOT_OPEN_POLL_MS,
            });
        }
        Standing::Admitted { until, arrived } => {
            view.state = TokenState::Admitted;
            view.admitted_until = Some(Stamp(until));
            view.arrived = Some(arrived);
        }
        Standing::Unheard => view.poll_after_ms = Some(unheard_poll_ms(sequence)),
        Standing::NoShow | Standing::Expired | Standing::Unknown => {
            view.state = TokenState::Expired;
            view.may_return = standing == Standing::NoShow;
        }
    }
    view.stream = view.is_near(NEAR_MS) && app.streams.has_room();
    view
}

fn respond(status: StatusCode, view: &TokenView, replayed: bool) -> Response {
    let mut response = replied(status, view, replayed);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(ms) = view.poll_after_ms {
        headers.insert(RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
    }
    response
}

/// Where the place stands. What was decided just now is newer than a read model that is behind; a read model
/// that is ahead can only have let the place in meanwhile. A stored reply is old, and counts only
/// where the read model does not know the place.
fn standing_of(queue: &QueueModel, ticket: &Ticket, replayed: bool, now: Time) -> Standing {
    let shown = queue.standing(ticket.place.sequence, now);
    let known = !matches!(shown, Standing::Unknown | Standing::Unheard);
    if replayed && known {
        return shown;
    }
    match (ticket.state, shown) {
        (TicketState::Admitted { until }, Standing::Admitted { arrived, .. }) => {
            Standing::Admitted { until, arrived }
        }
        (TicketState::Admitted { until }, _) => Standing::Admitted { until, arrived: false },
        (_, Standing::Admitted { .. }) => shown,
        (TicketState::Returning, _) => Standing::Returning,
        (TicketState::Waiting, Standing::Waiting { .. }) => shown,
        (TicketState::Waiting, _) => Standing::Waiting { position: None, wait_ms: None },
    }
}

/// The concert; what other servers have done is looked at first where this one has not heard of it, or not
/// of the queue, so that no place is made that cannot be shown.
async fn heard_of(app: &App, id: QueueId) -> Result<Arc<ConcertModel>, Problem> {
    let heard =
        || app.read_model.concert(id.concert).is_some_and(|shown| shown.queue(id).is_some());
    if app.read_model.is_shared() && !heard() {
        app.write_path.refresh(HEAR_WAIT).await?;
    }
    app.concert(id.concert.0)
}

/// Which queue to join; need not be sent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinBody {
    /// One of the concert's queues; the general one unless told. Whoever has a place in any of them is told
    /// of that, whichever is named.
    #[serde(default, deserialize_with = "maybe_id")]
    pub queue_id: Option<Uuid>,
}

/// Asks for a place in line: 201 with a new one, 200 with the one that the user has.
#[utoipa::path(post, path = "/api/v1/concerts/{id}/queue-tokens", tag = "Waiting queue", request_body = JoinBody, params(("id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    security(("identity" = [])),
    responses((status = 201, body = TokenView), (status = 200, body = TokenView, description = "The token that the user has"), (status = 404, description = "concert_not_found, queue_not_found"), (status = 409, description = "sale_closed, too_many_lapses"), (status = 503, description = "queue_full, busy")))]
pub async fn join(
    State(app): State<App>,
    PathId(id): PathId,
    identity: Identity,
    submitted: Submitted<JoinBody>,
) -> Result<Response, Problem> {
    if app.pressure.puts_off(Crowd::Join) {
        let spread = identity.user.0.as_u128() % JOIN_PUT_OFF_SECONDS;
        return Err(Problem::of(Code::Busy).after(1 + u64::try_from(spread).unwrap_or(0)));
    }
    // Nothing of it can be sold any more; the read model that says so takes part in no decision.
    if app.read_model.is_over(ConcertId(id)) {
        return Err(Problem::of(Code::SaleClosed));
    }
    let key = submitted.key(identity.user.0);
    let queue = QueueId::named(ConcertId(id), submitted.value.queue_id);
    let concert = heard_of(&app, queue).await?;
    if concert.stock().is_over {
        return Err(Problem::of(Code::SaleClosed));
    }
    let may_enter = concert.most() > 0;
    let command = Command::Join(Join { user: identity.user, queue, may_enter });
    let (Outcome::Joined(ticket), replayed) = app.outcome(command, key).await? else {
        return Err(Problem::of(Code::Internal));
    };
    let concert = app.concert(id)?;
    let queue = concert.shown(ticket.place.queue);
    let now = app.clock.now();
    let ttl = app.token_times.queue_ttl_ms;
    let (user, place) = (identity.user, ticket.place);
    // From the opening on for those who come before it.
    let since = ticket.joined_at.max(queue.opens_at(&concert.row()));
    let ends_at = queue_token_end(since, ttl, now);
    let claims = queue_claims(user, place, ticket.queue_number, ticket.joined_at, ends_at);
    let standing = standing_of(&queue, &ticket, replayed, now);
    let ends = Stamp(Time(claims.exp.saturating_mul(1000)));
    let numbers = (place.sequence, ticket.queue_number, ends);
    let mut view = token_view(&app, (&concert, &queue), numbers, standing, now);
    view.token = Some(app.keyring.queue(&claims).ok_or_else(|| Problem::of(Code::Internal))?);
    view.user_id = Some(user.0);
    view.concert_id = Some(id);
    view.queue_id = Some(place.queue.id);
    let status = if ticket.created { StatusCode::CREATED } else { StatusCode::OK };
    Ok(respond(status, &view, replayed))
}

/// Where the token stands. Touches no database: of a place that another server has made or served
/// just now, it says to wait and to ask again soon.
#[utoipa::path(get, path = "/api/v1/queue-tokens/me", tag = "Waiting queue",
    security(("queue_token" = [])),
    responses((status = 200, body = TokenView), (status = 401, description = "queue_token_required, queue_token_invalid"), (status = 403, description = "queue_token_unknown")))]
pub async fn poll(
    State(app): State<App>,
    asked: Asked,
    QueueToken(claims): QueueToken,
) -> Result<Response, Problem> {
    let view = view_of(&app, Some(&asked), &claims, app.clock.now())?;
    Ok(respond(StatusCode::OK, &view, false))
}

/// What a poll answers; with `asked` it is one, and counts.
///
/// # Errors
/// There is no such place, or it is asked about too often.
pub(super) fn view_of(
    app: &App,
    asked: Option<&Asked>,
    claims: &QueueClaims,
    now: Time,
) -> Result<TokenView, Problem> {
    let Some(concert) = app.read_model.concert(claims.concert) else {
        asked.map_or(Ok(()), |asked| app.limits.unpaced(asked))?;
        return unshown(app, claims, now);
    };
    let queue = concert.shown(claims.place().queue);
    let standing = match queue.standing(claims.sequence, now) {
        Standing::Unknown => unheard(app, claims, now)?,
        standing => standing,
    };
    let of = (&*concert, &*queue);
    if asked.is_some() {
        put_off(app, of, claims.sequence, standing, now)?;
    }
    let numbers = (claims.sequence, claims.queue_number, Stamp(claims.ends()));
    Ok(token_view(app, of, numbers, standing, now))
}

/// A place that this read model does not have. The signature says that there is, or was, such a place.
fn unheard(app: &App, claims: &QueueClaims, now: Time) -> Result<Standing, Problem> {
    let joined_at = Time(claims.iat.saturating_mul(1000));
    let may_be_elsewhere = app.read_model.is_shared() && now.ms_since(joined_at) < UNHEARD_MAX_MS;
    let standing = may_be_elsewhere.then_some(Standing::Unheard);
    standing.ok_or_else(|| Problem::of(Code::QueueTokenUnknown))
}

/// A place of a concert that is not shown.
fn unshown(app: &App, claims: &QueueClaims, now: Time) -> Result<TokenView, Problem> {
    let ends = Stamp(claims.ends());
    if app.read_model.is_over(claims.concert) {
        let mut view = TokenView::waiting(SaleState::Closed, claims.queue_number, ends, now);
        view.state = TokenState::Expired;
        let deleted = app.read_model.is_deleted(claims.concert);
        view.closed_because = deleted.then_some(ClosedBecause::Deleted);
        return Ok(view);
    }
    unheard(app, claims, now)?;
    // As far as this server knows, it has not opened.
    let mut view = TokenView::waiting(SaleState::Upcoming, claims.queue_number, ends, now);
    view.poll_after_ms = Some(unheard_poll_ms(claims.sequence));
    Ok(view)
}

/// Refuses a poll that comes far too early, and, where there is more to do than can be done, polls of
/// those who wait: those far away first.
fn put_off(
    app: &App,
    (concert, queue): (&ConcertModel, &QueueModel),
    sequence: u64,
    standing: Standing,
    now: Time,
) -> Result<(), Problem> {
    if app.poll_burst > 0
        && let Err(ms) = queue.pacer.poll(sequence, app.poll_burst, now)
    {
        return Err(app.limits.early(ms));
    }
    let Standing::Waiting { wait_ms, .. } = standing else {
        return Ok(());
    };
    // These are the first.
    if !app.pressure.puts_off(Crowd::FarPoll) {
        return Ok(());
    }
    let opens_in = queue.opens_at(&concert.row()).ms_since(now);
    let sold_out = concert.stock().is_sold_out();
    let wait_ms = wait_ms.unwrap_or(0).max(u64::try_from(opens_in).unwrap_or(0));
    let far = sold_out || wait_ms > FAR_MS;
    if app.pressure.puts_off(if far { Crowd::FarPoll } else { Crowd::NearPoll }) {
        let after = app.pressure.poll_law().after_ms(u64::MAX, Some(wait_ms / 2)).div_ceil(1_000);
        return Err(Problem::of(Code::Busy).after(after.max(2)));
    }
    Ok(())
}

/// Leaves the line, or the shop: what is held is released.
#[utoipa::path(delete, path = "/api/v1/queue-tokens/me", tag = "Waiting queue",
    security(("queue_token" = [])),
    responses((status = 204), (status = 401, description = "queue_token_required, queue_token_invalid"), (status = 403, description = "queue_token_unknown")))]
pub async fn leave(
    State(app): State<App>,
    QueueToken(claims): QueueToken,
) -> Result<Response, Problem> {
    let command = Command::Leave(Leave { user: claims.sub, place: claims.place() });
    app.outcome(command, None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
