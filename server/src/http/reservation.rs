//! Reservations: hold seats, look at the hold, release it.

use super::App;
use super::app::new_id;
use super::concert::CancelledView;
use super::extract::{Admitted, PathId, Shopper, Submitted};
use super::halls::Names;
use super::problem::{Code, Problem};
use super::refund::RefundTermsView;
use super::view::{Stamp, given, id, json, replied};
use crate::bulk::Work;
use crate::layout::{Flag, Label};
use crate::read_model::{DateModel, Proposal, Standing, Wish};
use crate::store::reads::WholeReservation;
use crate::text;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use boxoffice_core::command::Command;
use boxoffice_core::id::{DateId, PlaceKey, ReservationId, Uuid};
use boxoffice_core::idempotency::Key;
use boxoffice_core::limits::SEATS_PER_RESERVATION_MAX;
use boxoffice_core::outcome::{Outcome, SeatPrice};
use boxoffice_core::refusal::{Field, Refusal};
use boxoffice_core::reservation::{Cancel, ReservationStatus, Reserve, ReserveBest, ReservedSeat};
use boxoffice_core::time::Time;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use utoipa::ToSchema;

/// Which seats.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReservation {
    /// Of which date.
    #[serde(deserialize_with = "id")]
    pub concert_date_id: Uuid,
    /// At least one and 50 at most, each once.
    #[serde(default, deserialize_with = "given")]
    #[schema(example = json!([12, 13]), nullable = false)]
    pub seat_numbers: Option<Vec<u32>>,
    /// Instead of `seat_numbers`: the best seats that are together.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub best: Option<BestSeats>,
}

/// The best seats: so many together in one row, near to where people look, and such that no single seat is left alone
/// unless nothing else is left.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BestSeats {
    /// How many.
    #[schema(example = 2, minimum = 1, maximum = 50)]
    pub count: u32,
    /// Only of this price zone.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = "R")]
    pub grade: Option<String>,
    /// Only in this section of the layout.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = "A")]
    pub section: Option<String>,
    /// With room for a wheelchair. Without it such seats are given only where nothing else is left.
    #[serde(default)]
    pub accessible: bool,
}

/// Which seats are asked for.
enum Choice {
    Seats(BTreeSet<u32>),
    Best(Wish),
}

fn choice(body: &NewReservation) -> Result<Choice, Problem> {
    match (&body.seat_numbers, &body.best) {
        (Some(numbers), None) => seat_set(numbers).map(Choice::Seats),
        (None, Some(best)) => {
            let count = usize::try_from(best.count).unwrap_or(usize::MAX);
            if !(1..=SEATS_PER_RESERVATION_MAX).contains(&count) {
                let problem = Problem::from(Refusal::InvalidSetting { field: Field::Seats });
                return Err(problem.with("field", "count"));
            }
            let (grade, section, accessible) =
                (best.grade.clone(), best.section.clone(), best.accessible);
            Ok(Choice::Best(Wish { count, grade, section, accessible }))
        }
        (Some(_), Some(_)) | (None, None) => {
            let problem = Problem::of(Code::InvalidBody).with("field", "seat_numbers");
            let ko = "seat_numbers와 best 중 하나만 보내 주세요";
            Err(problem.in_words("reason", "send either seat_numbers or best", ko))
        }
    }
}

/// A reserved seat.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReservedSeatView {
    seat_number: u32,
    /// What it is called, where its date has a layout.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    label: Option<Label>,
    /// What is special about it, where anything is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    flags: Vec<Flag>,
    /// Null once its concert is over, where the date has no layout.
    #[schema(example = "R")]
    grade: Option<String>,
    /// Minor units, as of the time of the hold.
    price: i64,
}

impl ReservedSeatView {
    pub(super) fn of(seat: &ReservedSeat, names: &Names) -> Self {
        Self {
            seat_number: seat.number,
            label: names.label(seat.number),
            flags: names.flags(seat.number),
            grade: names.grade(seat.number),
            price: seat.price.0,
        }
    }
}

/// State of a reservation.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusView {
    /// Waits for payment until `expires_at`.
    Held,
    /// Paid.
    Confirmed,
    /// Not paid in time.
    Expired,
    /// Released by its owner.
    Cancelled,
    /// Was paid; all of its seats have gone back since.
    Refunded,
}

/// A reservation.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReservationView {
    reservation_id: Uuid,
    concert_date_id: Uuid,
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
    /// The server's clock, for a countdown.
    #[schema(value_type = String, format = DateTime)]
    now: Stamp,
}

pub(super) fn status_view(status: ReservationStatus) -> StatusView {
    match status {
        ReservationStatus::Held => StatusView::Held,
        ReservationStatus::Confirmed => StatusView::Confirmed,
        ReservationStatus::Expired => StatusView::Expired,
        ReservationStatus::Cancelled => StatusView::Cancelled,
        ReservationStatus::Refunded => StatusView::Refunded,
    }
}

fn whole_view(app: &App, whole: &WholeReservation, names: &Names, now: Time) -> ReservationView {
    let (id, row, seats) = whole;
    let date = app.read_model.date(row.date);
    ReservationView {
        reservation_id: id.0,
        concert_date_id: row.date.0,
        cancelled: CancelledView::of(date.as_ref().and_then(|date| date.cancelled.as_ref())),
        status: status_view(row.status_at(now)),
        seats: seats.iter().map(|seat| ReservedSeatView::of(seat, names)).collect(),
        total_price: row.total_price.0,
        currency: app.currency.code.clone(),
        currency_decimals: app.currency.decimals,
        refund: RefundTermsView::TERMS,
        reserved_at: row.reservation_date.into(),
        expires_at: row.expires_at.into(),
        now: now.into(),
    }
}

fn held_view(app: &App, outcome: Outcome, names: &Names) -> Option<ReservationView> {
    let Outcome::Reserved { reservation_id, date_id, seats, total_price, held_at, expires_at } =
        outcome
    else {
        return None;
    };
    let seat = |seat: &SeatPrice| ReservedSeatView {
        seat_number: seat.seat_number,
        label: names.label(seat.seat_number),
        flags: names.flags(seat.seat_number),
        grade: Some(seat.zone.clone()),
        price: seat.price.0,
    };
    Some(ReservationView {
        reservation_id: reservation_id.0,
        concert_date_id: date_id.0,
        cancelled: None,
        status: StatusView::Held,
        seats: seats.iter().map(seat).collect(),
        total_price: total_price.0,
        currency: app.currency.code.clone(),
        currency_decimals: app.currency.decimals,
        refund: RefundTermsView::TERMS,
        reserved_at: held_at.into(),
        expires_at: expires_at.into(),
        now: app.clock.now().into(),
    })
}

/// The seats of a list, which names each once.
pub(super) fn each_once(numbers: &[u32]) -> Result<BTreeSet<u32>, Problem> {
    let seats: BTreeSet<u32> = numbers.iter().copied().collect();
    if seats.len() == numbers.len() {
        return Ok(seats);
    }
    let problem = Problem::of(Code::InvalidBody).with("field", "seat_numbers");
    Err(problem.in_words("reason", "name each seat once", "좌석 번호를 중복 없이 보내 주세요"))
}

/// Each number once, at least one, and no more than a reservation may have.
fn seat_set(numbers: &[u32]) -> Result<BTreeSet<u32>, Problem> {
    if numbers.len() > SEATS_PER_RESERVATION_MAX {
        let problem = Problem::from(Refusal::InvalidSetting { field: Field::Seats });
        return Err(problem.with("field", "seat_numbers"));
    }
    if numbers.is_empty() {
        let problem = Problem::of(Code::InvalidBody).with("field", "seat_numbers");
        let ko = "좌석 번호를 하나 이상 보내 주세요";
        return Err(problem.in_words("reason", "name at least one seat", ko));
    }
    each_once(numbers)
}

/// Holds seats: all of them or none; those that are named, or with `best` those that the server finds.
#[utoipa::path(post, path = "/api/v1/reservations", tag = "Reservations", request_body = NewReservation, params(("Idempotency-Key" = Option<String>, Header)),
    security(("identity" = [], "queue_token" = [])),
    responses((status = 201, body = ReservationView), (status = 400, description = "invalid_body"), (status = 403, description = "not_admitted, queue_token_expired, …"), (status = 404, description = "date_not_found, seat_not_found"), (status = 409, description = "seats_taken, no_fitting_seats, date_cancelled, seats_cooling_off, hold_exists, seat_limit, sale_not_open, sale_closed"), (status = 422, description = "invalid_setting, idempotency_key_reused"), (status = 503, description = "busy, database_unavailable")))]
pub async fn reserve(
    State(app): State<App>,
    shopper: Shopper,
    submitted: Submitted<NewReservation>,
) -> Result<Response, Problem> {
    let choice = choice(&submitted.value)?;
    let date = DateId(submitted.value.concert_date_id);
    let shown = app.read_model.date(date);
    if let Some(shown) = &shown {
        shopper.of_concert(shown.concert)?;
    }
    // Before anything is held: what is held can be told then.
    let names = app.names(shown.as_ref().and_then(|date| date.layout)).await?;
    let key = submitted.key(shopper.user.0);
    let done = match choice {
        Choice::Seats(seats) => {
            let (user, place) = (shopper.user, shopper.place);
            let reservation = ReservationId(new_id());
            let reserve = Reserve { user, place, date, seats, reservation };
            app.outcome(Command::Reserve(reserve), key).await
        }
        Choice::Best(wish) => {
            let sought = Sought { date, shown, names: &names, wish };
            best(&app, &shopper, &sought, key).await
        }
    };
    let (outcome, replayed) = done.map_err(|problem| names.told(problem))?;
    let view = held_view(&app, outcome, &names).ok_or_else(|| Problem::of(Code::Internal))?;
    Ok(replied(StatusCode::CREATED, &view, replayed))
}

/// How often seats are proposed for one request, each time without those that others were faster with.
const PROPOSALS_MAX: u32 = 20;

/// What is sought, and where.
struct Sought<'a> {
    date: DateId,
    shown: Option<Arc<DateModel>>,
    names: &'a Names,
    wish: Wish,
}

/// Grades or sections that are named to who asked for another, at most.
const KNOWN_MAX: usize = 100;

/// What is asked for, where it is none of what the date has.
fn unknown(field: &'static str, asked: Option<&str>, known: Vec<&str>) -> Option<Problem> {
    let asked = asked.filter(|asked| !known.contains(asked))?;
    let asked = text::printable(asked, 60);
    let few = known.into_iter().take(KNOWN_MAX).collect::<Vec<_>>();
    let (en, ko) = match field {
        "grade" => ("grade", "등급"),
        _ => ("section", "구역"),
    };
    let list = few.join(", ");
    let (en, ko) = if few.is_empty() {
        (
            format!("{asked} is no {en} of the date; it has none"),
            format!("{asked}: 이 회차에는 {ko}이 없습니다"),
        )
    } else {
        (
            format!("{asked} is no {en} of the date; there are: {list}"),
            format!("{asked}: 없는 {ko}입니다. 있는 {ko}: {list}"),
        )
    };
    let problem = Problem::from(Refusal::InvalidSetting { field: Field::Seats });
    Some(problem.with("field", field).with("known", few).in_words("reason", en, ko))
}

impl Sought<'_> {
    /// The grade or section that is asked for, where the date has none such.
    fn unknown(&self) -> Option<Problem> {
        let zones = self.shown.as_ref()?.zones();
        let mut seen = HashSet::new();
        let grades = zones.iter().map(|zone| zone.name.as_str()).filter(|name| seen.insert(*name));
        let sections = self.names.hall().into_iter().flat_map(|hall| hall.sections());
        unknown("grade", self.wish.grade.as_deref(), grades.collect())
            .or_else(|| unknown("section", self.wish.section.as_deref(), sections.collect()))
    }
}

/// Seats that fit, as they are now. It goes over all seats of a hall, and nobody else's request may wait for it.
async fn look(
    app: &App,
    sought: &Sought<'_>,
    without: &BTreeSet<u32>,
) -> Result<Option<Proposal>, Problem> {
    let Some(date) = sought.shown.clone() else { return Ok(None) };
    let (names, wish, without) = (sought.names.clone(), sought.wish.clone(), without.clone());
    let clock = app.clock.clone();
    let search = move || {
        let hall = names.hall().map(Arc::as_ref);
        date.propose(hall, &wish, &without, clock.now())
    };
    app.bulk(Work::Search, search).await.map(Some)
}

/// Whether it is worth looking for seats: who is not let in, holds some already, or asks for more than a user may have,
/// is refused whatever there is. Where it seems not to be, the rules are asked without any, and have the last word.
fn may_find(app: &App, shopper: &Shopper, wish: &Wish) -> bool {
    let PlaceKey { queue, sequence } = shopper.place;
    let Some(concert) = app.read_model.concert(queue.concert) else { return true };
    let shown = concert.shown(queue);
    let standing = shown.standing(sequence, app.clock.now());
    let waits = matches!(
        standing,
        Standing::Waiting { .. } | Standing::Returning | Standing::NoShow | Standing::Expired
    );
    let most = usize::try_from(concert.row().policy.seats_per_user).unwrap_or(usize::MAX);
    !waits && shown.hold_of(shopper.user).is_none() && wish.count <= most
}

/// Proposes blocks of seats until the rules take one, or nothing fits.
async fn best(
    app: &App,
    shopper: &Shopper,
    sought: &Sought<'_>,
    key: Option<Key>,
) -> Result<(Outcome, bool), Problem> {
    let mut without = BTreeSet::new();
    let mut cooling = None;
    // Nothing fits what the date does not have.
    let unknown = sought.unknown();
    let mut looks = unknown.is_none() && may_find(app, shopper, &sought.wish);
    let mut turn = None;
    for _ in 0..PROPOSALS_MAX {
        if looks && turn.is_none() {
            turn = Some(app.bulk.searchers.of(shopper.user).await);
            // What was sought before, as by a double click, may have been found meanwhile.
            looks = may_find(app, shopper, &sought.wish);
        }
        // Held until it is decided.
        let proposal = if looks { look(app, sought, &without).await? } else { None };
        let found = proposal.as_ref().map(|proposal| proposal.found.clone()).unwrap_or_default();
        let command = Command::ReserveBest(ReserveBest {
            user: shopper.user,
            place: shopper.place,
            date: sought.date,
            count: u32::try_from(sought.wish.count).unwrap_or(u32::MAX),
            blocks: found.blocks,
            largest: found.largest,
            reservation: ReservationId(new_id()),
        });
        let reply = app.run(command, key.clone()).await?;
        drop(proposal);
        match reply.result {
            Ok(outcome) => return Ok((outcome, reply.replayed)),
            Err(
                Refusal::SeatsTaken { seat_numbers } | Refusal::SeatsBlocked { seat_numbers, .. },
            ) => without.extend(seat_numbers),
            Err(Refusal::SeatsCoolingOff { seat_numbers, retry_at }) => {
                without.extend(&seat_numbers);
                cooling = Some(Refusal::SeatsCoolingOff { seat_numbers, retry_at });
            }
            Err(Refusal::NoFittingSeats { .. }) if unknown.is_none() && !looks => looks = true,
            // What the user let go a moment ago would fit.
            Err(refusal @ Refusal::NoFittingSeats { .. }) => {
                let problem = cooling.unwrap_or(refusal).into();
                return Err(unknown.unwrap_or(problem));
            }
            Err(refusal) => return Err(refusal.into()),
        }
    }
    Err(Problem::of(Code::Busy))
}

/// A reservation of your own.
#[utoipa::path(get, path = "/api/v1/reservations/{id}", tag = "Reservations", params(("id" = Uuid, Path)),
    security(("identity" = [], "queue_token" = [])),
    responses((status = 200, body = ReservationView), (status = 403, description = "not_admitted, queue_token_expired, …"), (status = 404, description = "reservation_not_found")))]
pub async fn show(
    State(app): State<App>,
    PathId(id): PathId,
    admitted: Admitted,
) -> Result<Response, Problem> {
    let shopper = admitted.enter(&app, None).await?;
    let found = app.readers.read(move |reads| reads.reservation(ReservationId(id))).await?;
    let mine = |whole: &WholeReservation| {
        whole.1.user == shopper.user && whole.1.concert() == shopper.place.queue.concert
    };
    let whole = found.filter(mine).ok_or_else(|| Problem::of(Code::ReservationNotFound))?;
    let names = app.names_at(whole.1.date).await?;
    Ok(json(StatusCode::OK, &whole_view(&app, &whole, &names, app.clock.now())))
}

/// Releases a hold early; releasing twice is releasing once. Whoever has held seats unpaid for as long as three
/// whole holds is out of the shop with it, and may join again later (`too_many_lapses`).
#[utoipa::path(delete, path = "/api/v1/reservations/{id}", tag = "Reservations", params(("id" = Uuid, Path)),
    security(("identity" = [], "queue_token" = [])),
    responses((status = 204), (status = 404, description = "reservation_not_found"), (status = 409, description = "already_paid"), (status = 410, description = "hold_lapsed")))]
pub async fn cancel(
    State(app): State<App>,
    PathId(id): PathId,
    shopper: Shopper,
) -> Result<Response, Problem> {
    let command = Command::Cancel(Cancel {
        user: shopper.user,
        place: shopper.place,
        reservation: ReservationId(id),
    });
    app.outcome(command, None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
