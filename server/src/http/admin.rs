//! The operator's verbs: make a concert, add dates, steer a queue.

use super::App;
use super::app::new_id;
use super::billing::{self, AboutBody, NamesBody};
use super::concert::{ClosedBecause, DateFigures, OVER, SaleState, closed_because, sale_state};
use super::draw::draw_terms;
use super::extract::{Operator, PathId, Query, Raw, Submitted};
use super::problem::{Code, Problem};
use super::queues::{self, QueueFigures};
use super::seating::{Layouts, of_layout, prices};
use super::setting;
use super::upload::{self, CSV_TYPES};
use super::view::{NoTime, Stamp, given, json, maybe_id, parse_stamp, replied};
use crate::read_model::Status;
use crate::text;
use crate::zone;
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::command::Command;
use boxoffice_core::concert::{AddDate, CreateConcert, NewDate, NewSeat, Policy};
use boxoffice_core::id::{ConcertId, DateId, QueueId, Uuid};
use boxoffice_core::limits::{
    DATES_PER_CONCERT_MAX, NAME_CHARS_MAX, SEATS_PER_DATE_MAX, SEATS_PER_REQUEST_MAX,
};
use boxoffice_core::money::Money;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::queue::{PauseReason, QueueSettings, SetQueue};
use boxoffice_core::refusal::{Field, Refusal};
use boxoffice_core::time::Time;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Seats that stand together: numbers `from` to `to`, one zone, one price.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeatRange {
    /// First number, from 1.
    #[schema(example = 1)]
    pub from: u32,
    /// Last number.
    #[schema(example = 50)]
    pub to: u32,
    /// Price zone.
    #[schema(example = "R")]
    pub zone: String,
    /// Minor units.
    #[schema(example = 150_000)]
    pub price: i64,
}

/// A date with its seats.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDateBody {
    /// RFC 3339.
    #[schema(example = "2027-05-01T19:00:00+09:00")]
    pub starts_at: String,
    /// Its seats; those of the layout, where there is one and these are left out.
    #[serde(default)]
    pub seats: Vec<SeatRange>,
    /// The layout of the hall, by its id: the date has just its seats.
    #[schema(nullable = false, min_length = 64, max_length = 64)]
    #[serde(default, deserialize_with = "given")]
    pub layout: Option<String>,
    /// What seats of each grade of the layout cost, minor units; instead of `seats`.
    #[schema(nullable = false, example = json!({ "R": 165_000 }))]
    #[serde(default, deserialize_with = "prices")]
    pub prices: Option<BTreeMap<String, i64>>,
}

/// A concert. What is left out gets the server's default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConcert {
    /// Name of the show.
    pub name: String,
    /// Where it is.
    pub theater: String,
    /// Minutes.
    #[schema(example = 120)]
    pub run_time_minutes: u32,
    /// RFC 3339: when the sale opens.
    pub opens_at: String,
    /// RFC 3339: when it closes, if it does.
    pub closes_at: Option<String>,
    /// IANA name of the time zone where it is: times of the show are told by its clocks, too.
    #[schema(example = "Asia/Seoul")]
    pub time_zone: Option<String>,
    /// Its name by language, for pages; `name` where a language is left out.
    #[schema(nullable = false)]
    #[serde(default, deserialize_with = "given")]
    pub names: Option<NamesBody>,
    /// What it is, by language.
    #[schema(nullable = false)]
    #[serde(default, deserialize_with = "given")]
    pub about: Option<AboutBody>,
    /// How long seats are held.
    pub hold_seconds: Option<i64>,
    /// How long an admitted user may shop.
    pub shop_seconds: Option<i64>,
    /// How long an admitted user may take to come.
    pub arrival_grace_seconds: Option<i64>,
    /// Seats of one date that one user may have.
    pub seats_per_user: Option<u32>,
    /// How long seats whose hold has lapsed stay closed to who held them; 0: not at all.
    pub rehold_after_seconds: Option<i64>,
    /// Users shopping at once; who does not come within 15 s of being let in is not counted.
    pub max_active: Option<u64>,
    /// Users admitted a second, at most.
    pub admissions_per_second: Option<u64>,
    /// Places in line, at most.
    pub max_waiting: Option<u64>,
    /// RFC 3339, not after the opening: only those who joined before are drawn, and those who join later
    /// stand behind them in the order of joining. The opening unless told.
    pub draw_joined_before: Option<String>,
    /// Which value of which public source is mixed into the draw, in words, at most 200 characters: one
    /// that nobody knows before the draw is fixed. It is published with the commitment, and is to be given
    /// by `PUT …/draw`; until then nobody is admitted.
    #[schema(
        example = "NIST randomness beacon 2.0, outputValue of the first pulse after 2027-01-15T08:00:00Z"
    )]
    pub draw_beacon: Option<String>,
    /// Dates, with 200,000 seats in all at most; more can be added later.
    #[serde(default)]
    pub dates: Vec<NewDateBody>,
}

/// A concert that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedView {
    concert_id: Uuid,
    concert_date_ids: Vec<Uuid>,
}

pub(super) fn invalid(field: &str) -> Problem {
    Problem::of(Code::InvalidBody).with("field", field)
}

pub(super) fn time_of(text: &str, field: &str) -> Result<Time, Problem> {
    let why = || NoTime::of(text);
    parse_stamp(text).ok_or_else(|| invalid(field).in_words("reason", why().en(), why().ko()))
}

/// A time in the query.
fn time_asked(text: Option<&str>, field: &str) -> Result<Time, Problem> {
    let text = text.unwrap_or_default();
    let why = || NoTime::of(text);
    let refused = || Problem::of(Code::InvalidQuery).with("field", field);
    parse_stamp(text).ok_or_else(|| refused().in_words("reason", why().en(), why().ko()))
}

/// Seats of a range; none where it is no range.
fn seats_in(range: &SeatRange) -> usize {
    let count = range.to.checked_sub(range.from).map_or(0, |more| u64::from(more) + 1);
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Refuses more than a request may name, before a range is written out: a short body can name very
/// many seats, and the zone of a range stands in each of its seats.
fn bounded(dates: &[NewDateBody], layouts: &Layouts) -> Result<(), Problem> {
    let refused = |field| Err(Refusal::InvalidSetting { field }.into());
    if dates.len() > DATES_PER_CONCERT_MAX {
        return refused(Field::Dates);
    }
    dates.iter().try_for_each(|date| bounded_seats(&date.seats))?;
    // A date that has too many by itself is refused when it is written out, and until then counts
    // as one that is full.
    let seats = |date: &NewDateBody| {
        let seats = date.seats.iter().map(seats_in).fold(0, usize::saturating_add);
        seats.min(SEATS_PER_DATE_MAX).max(layouts.count(date).unwrap_or(0))
    };
    if dates.iter().map(seats).sum::<usize>() > SEATS_PER_REQUEST_MAX {
        return refused(Field::Seats);
    }
    Ok(())
}

/// A name in its one form. One that is none is blank here, which the rules refuse.
pub(super) fn named(name: &str) -> String {
    text::title(name).unwrap_or_default()
}

/// Refuses zones that are too long, before a range is written out: its zone stands in each of its seats.
pub(super) fn bounded_seats(ranges: &[SeatRange]) -> Result<(), Problem> {
    if ranges.iter().any(|range| range.zone.chars().count() > NAME_CHARS_MAX) {
        return Err(Refusal::InvalidSetting { field: Field::Seats }.into());
    }
    Ok(())
}

pub(super) fn seats_of(ranges: &[SeatRange]) -> Result<Vec<NewSeat>, Problem> {
    let mut seats = Vec::new();
    for range in ranges {
        let count = seats_in(range);
        if count == 0 {
            return Err(invalid("seats"));
        }
        if count > SEATS_PER_DATE_MAX - seats.len() {
            return Err(invalid("seats").with("limit", SEATS_PER_DATE_MAX));
        }
        seats.extend((range.from..=range.to).map(|number| NewSeat {
            number,
            zone: named(&range.zone),
            price: Money(range.price),
        }));
    }
    Ok(seats)
}

fn date_of(body: &NewDateBody, layouts: &Layouts) -> Result<NewDate, Problem> {
    let starts_at = time_of(&body.starts_at, "starts_at")?;
    let (seats, layout) = layouts.seats(body)?;
    Ok(NewDate { date: DateId(new_id()), starts_at, seats, layout })
}

fn dates_of(bodies: &[NewDateBody], layouts: &Layouts) -> Result<Vec<NewDate>, Problem> {
    bounded(bodies, layouts)?;
    bodies.iter().map(|body| date_of(body, layouts)).collect()
}

fn ms(seconds: Option<i64>, default_ms: i64) -> i64 {
    seconds.map_or(default_ms, |seconds| seconds.saturating_mul(1000))
}

/// The zone as IANA writes it.
pub(super) fn zone_of(name: Option<&str>) -> Result<Option<String>, Problem> {
    let known = |name| {
        let en = "must be a name of the IANA time zone database, such as Asia/Seoul";
        let ko = "IANA 시간대 이름이어야 합니다. 예: Asia/Seoul";
        zone::known(name).ok_or_else(|| invalid("time_zone").in_words("reason", en, ko))
    };
    name.map(known).transpose()
}

/// What is set on a queue, by the server's defaults where nothing is given: shopping at once, admitted a
/// second, in line.
pub(super) fn queue_settings(
    app: &App,
    (max_active, admissions_per_second, max_waiting): (Option<u64>, Option<u64>, Option<u64>),
) -> QueueSettings {
    let default = app.queue_settings;
    QueueSettings {
        max_active: max_active.unwrap_or(default.max_active),
        admissions_per_second: admissions_per_second.unwrap_or(default.admissions_per_second),
        max_waiting: max_waiting.unwrap_or(default.max_waiting),
        paused: false,
    }
}

fn concert_of(app: &App, body: NewConcert, layouts: &Layouts) -> Result<CreateConcert, Problem> {
    let policy = Policy {
        hold_ttl_ms: ms(body.hold_seconds, app.policy.hold_ttl_ms),
        shop_ttl_ms: ms(body.shop_seconds, app.policy.shop_ttl_ms),
        arrival_grace_ms: ms(body.arrival_grace_seconds, app.policy.arrival_grace_ms),
        seats_per_user: body.seats_per_user.unwrap_or(app.policy.seats_per_user),
        rehold_after_ms: ms(body.rehold_after_seconds, app.policy.rehold_after_ms),
    };
    let rates = (body.max_active, body.admissions_per_second, body.max_waiting);
    Ok(CreateConcert {
        concert: ConcertId(new_id()),
        concert_name: named(&body.name),
        theater: named(&body.theater),
        run_time: body.run_time_minutes,
        start_at: time_of(&body.opens_at, "opens_at")?,
        end_at: body.closes_at.as_deref().map(|text| time_of(text, "closes_at")).transpose()?,
        time_zone: zone_of(body.time_zone.as_deref())?,
        currency: app.currency.of_the_rules(),
        policy,
        queue: queue_settings(app, rates),
        seed: crate::tokens::random().map_err(|_| Problem::of(Code::Internal))?,
        draw: draw_terms(body.draw_joined_before.as_deref(), body.draw_beacon)?,
        billing: billing::of_new(body.names.as_ref(), body.about.as_ref()),
        dates: dates_of(&body.dates, layouts)?,
    })
}

/// Makes a concert with its dates, seats and prices.
#[utoipa::path(post, path = "/api/v1/admin/concerts", tag = "Operator", request_body = NewConcert, params(("Idempotency-Key" = Option<String>, Header)),
    security(("operator" = [])),
    responses((status = 201, body = CreatedView), (status = 400, description = "invalid_body"), (status = 404, description = "layout_not_found"), (status = 409, description = "already_exists: two dates at one instant"), (status = 422, description = "invalid_setting, date_in_past, date_before_opening")))]
pub async fn create_concert(
    State(app): State<App>,
    operator: Operator,
    submitted: Submitted<NewConcert>,
) -> Result<Response, Problem> {
    let layouts = Layouts::of(&app, &submitted.value.dates).await?;
    let faults = setting::of_concert(&submitted.value, &layouts);
    let submitted = submitted.map(|body| concert_of(&app, body, &layouts));
    let submitted = submitted.map_err(|problem| faults.told(problem))?;
    let key = submitted.key(operator.key);
    let command = Command::CreateConcert(submitted.value);
    match app.outcome(command, key).await.map_err(|problem| faults.told(problem))? {
        (Outcome::ConcertCreated { concert_id, date_ids }, replayed) => {
            let concert_date_ids = date_ids.iter().map(|id| id.0).collect();
            let view = CreatedView { concert_id: concert_id.0, concert_date_ids };
            Ok(replied(StatusCode::CREATED, &view, replayed))
        }
        _ => Err(Problem::of(Code::Internal)),
    }
}

/// For a date whose seats come as CSV.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DateQuery {
    /// RFC 3339; with a CSV body.
    pub starts_at: Option<String>,
    /// With a CSV body: the layout whose seats these are, by its id.
    pub layout: Option<String>,
}

/// Adds a date: JSON, or the seats as CSV (`seat_number,zone,price`) with `?starts_at=`, in the encoding and
/// with the separator of whatever spreadsheet has written it.
#[utoipa::path(post, path = "/api/v1/admin/concerts/{id}/dates", tag = "Operator", params(("id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header), DateQuery),
    request_body(content((NewDateBody = "application/json"), (String = "text/csv"))),
    security(("operator" = [])),
    responses((status = 201, body = CreatedView), (status = 400, description = "invalid_body, invalid_query"), (status = 404, description = "concert_not_found, layout_not_found"), (status = 409, description = "already_exists: at this instant there is a date, whose id is told"), (status = 415, description = "unsupported_media_type, unsupported_charset"), (status = 422, description = "invalid_setting, invalid_file, invalid_text, date_in_past, date_before_opening")))]
pub async fn add_date(
    State(app): State<App>,
    PathId(id): PathId,
    operator: Operator,
    Query(query): Query<DateQuery>,
    raw: Raw,
) -> Result<Response, Problem> {
    let mut faults = setting::Faults::default();
    let date = match raw.media_type.as_str() {
        csv if CSV_TYPES.contains(&csv) => {
            let starts_at = time_asked(query.starts_at.as_deref(), "starts_at")?;
            let date = NewDate {
                date: DateId(new_id()),
                starts_at,
                seats: upload::seats(&raw, app.currency.code.as_str())?,
                layout: None,
            };
            of_layout(&app, date, query.layout.as_deref()).await?
        }
        "application/json" | "" => {
            let body: NewDateBody = raw.json()?;
            let asked = [("starts_at", &query.starts_at), ("layout", &query.layout)];
            if let Some((field, _)) = asked.iter().find(|(_, value)| value.is_some()) {
                let reason = "it goes with a CSV file; JSON has it in its body";
                let problem = Problem::of(Code::InvalidQuery).with("field", *field);
                return Err(problem.with("reason", reason));
            }
            let layouts = Layouts::of(&app, std::slice::from_ref(&body)).await?;
            faults = setting::of_date(&body, &layouts);
            let date = bounded(std::slice::from_ref(&body), &layouts);
            let date = date.and_then(|()| date_of(&body, &layouts));
            date.map_err(|problem| faults.told(problem))?
        }
        _ => {
            let taken = [&["application/json"][..], &CSV_TYPES[..]].concat();
            return Err(Problem::of(Code::UnsupportedMediaType).with("supported", taken));
        }
    };
    let submitted = raw.submitted(date);
    let key = submitted.key(operator.key);
    let command = Command::AddDate(AddDate { concert: ConcertId(id), date: submitted.value });
    match app.outcome(command, key).await.map_err(|problem| faults.told(problem))? {
        (Outcome::DateAdded { concert_id, date_id }, replayed) => {
            let view = CreatedView { concert_id: concert_id.0, concert_date_ids: vec![date_id.0] };
            Ok(replied(StatusCode::CREATED, &view, replayed))
        }
        _ => Err(Problem::of(Code::Internal)),
    }
}

/// What to change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueBody {
    /// Nobody is admitted while paused.
    #[serde(default, deserialize_with = "given")]
    pub paused: Option<bool>,
    /// Users shopping at once; who does not come within 15 s of being let in is not counted.
    #[serde(default, deserialize_with = "given")]
    pub max_active: Option<u64>,
    /// Users admitted a second, at most.
    #[serde(default, deserialize_with = "given")]
    pub admissions_per_second: Option<u64>,
    /// Places in line, at most.
    #[serde(default, deserialize_with = "given")]
    pub max_waiting: Option<u64>,
    /// Why it is paused, for those in line: they are told it in their polls until it goes on.
    #[serde(default, deserialize_with = "given")]
    pub pause_reason: Option<PauseText>,
    /// Which of the concert's queues; the general one unless told.
    #[serde(default, deserialize_with = "maybe_id")]
    pub queue_id: Option<Uuid>,
}

/// The operator's words, in one or both languages.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseText {
    /// English, at most 200 characters.
    #[schema(example = "A short break: we are checking the payment system.", max_length = 200)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
    /// Korean, at most 200 characters.
    #[schema(example = "결제 시스템 점검으로 잠시 멈췄습니다.", max_length = 200)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ko: Option<String>,
}

impl PauseText {
    /// What is told while a queue is paused; `None` where nothing was said.
    pub(super) fn of(reason: &PauseReason) -> Option<Self> {
        let said = reason.en.is_some() || reason.ko.is_some();
        said.then(|| Self { en: reason.en.clone(), ko: reason.ko.clone() })
    }

    /// What is told of a queue now.
    pub(super) fn told(status: &Status) -> Option<Self> {
        Self::of(&status.pause_reason).filter(|_| status.settings.paused)
    }
}

/// What is set.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueSettingsView {
    concert_id: Uuid,
    /// The general one has its concert's id.
    queue_id: Uuid,
    paused: bool,
    max_active: u64,
    admissions_per_second: u64,
    max_waiting: u64,
}

/// Pauses, resumes and steers a queue.
#[utoipa::path(put, path = "/api/v1/admin/concerts/{id}/queue", tag = "Operator", request_body = QueueBody, params(("id" = Uuid, Path)),
    security(("operator" = [])),
    responses((status = 200, body = QueueSettingsView), (status = 404, description = "concert_not_found, queue_not_found"), (status = 422, description = "invalid_setting")))]
pub async fn set_queue(
    State(app): State<App>,
    PathId(id): PathId,
    _: Operator,
    submitted: Submitted<QueueBody>,
) -> Result<Response, Problem> {
    let body = submitted.value;
    let faults = setting::of_queue(&body);
    let command = Command::SetQueue(SetQueue {
        queue: QueueId::named(ConcertId(id), body.queue_id),
        max_active: body.max_active,
        admissions_per_second: body.admissions_per_second,
        max_waiting: body.max_waiting,
        paused: body.paused,
        pause_reason: body.pause_reason.map(|text| PauseReason {
            en: text.en.as_deref().map(named),
            ko: text.ko.as_deref().map(named),
        }),
    });
    // Whether it is paused is known to the rules alone.
    let told = |problem: Problem| match faults.told(problem) {
        problem if faults.is_empty() && problem.names("pause_reason") => problem.in_words(
            "reason",
            "is only told while the queue is paused, at most 200 characters; pause it with paused",
            "일시 중지 중에만 표시되며 200자까지 쓸 수 있습니다. paused로 일시 중지해 주세요",
        ),
        problem => problem,
    };
    match app.outcome(command, None).await.map_err(told)?.0 {
        Outcome::QueueSet {
            concert_id,
            queue_id,
            max_active,
            admissions_per_second,
            max_waiting,
            paused,
        } => {
            let view = QueueSettingsView {
                concert_id: concert_id.0,
                queue_id: QueueId::named(concert_id, queue_id).id,
                paused,
                max_active,
                admissions_per_second,
                max_waiting,
            };
            Ok(json(StatusCode::OK, &view))
        }
        _ => Err(Problem::of(Code::Internal)),
    }
}

/// A sale in figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct SaleFigures {
    concert_id: Uuid,
    name: String,
    sale: SaleState,
    /// Why no more seats are sold, where `sale` is `closed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    closed_because: Option<ClosedBecause>,
    #[schema(value_type = String, format = DateTime)]
    opens_at: Stamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    closes_at: Option<Stamp>,
    /// As announced, whatever was done by hand.
    #[schema(value_type = String, format = DateTime)]
    announced_opens_at: Stamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    announced_closes_at: Option<Stamp>,
    time_zone: Option<String>,
    paused: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pause_reason: Option<PauseText>,
    max_active: u64,
    admissions_per_second: u64,
    max_waiting: u64,
    /// How long seats are held.
    hold_seconds: i64,
    /// How long an admitted user may shop.
    shop_seconds: i64,
    /// How long an admitted user may take to come.
    arrival_grace_seconds: i64,
    /// Seats of one date that one user may have.
    seats_per_user: u32,
    /// How long seats whose hold has lapsed stay closed to who held them; 0: not at all.
    rehold_after_seconds: i64,
    /// Users let in, by whichever queue they came, with those who have not come.
    active: u64,
    /// Users in line, in all queues.
    waiting: u64,
    /// By all queues.
    admitted_last_minute: u64,
    /// The sale has opened, and nobody is admitted until the draw's value is given.
    awaiting_draw_value: bool,
    /// All waiting queues, the general one first.
    queues: Vec<QueueFigures>,
    dates: Vec<DateFigures>,
    #[schema(value_type = String, format = DateTime)]
    now: Stamp,
}

/// A sale in figures.
#[utoipa::path(get, path = "/api/v1/admin/concerts/{id}", tag = "Operator", params(("id" = Uuid, Path)),
    security(("operator" = [])),
    responses((status = 200, body = SaleFigures), (status = 404, description = "concert_not_found")))]
pub async fn figures(
    State(app): State<App>,
    PathId(id): PathId,
    _: Operator,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let (queues, row, stock, dates) = if let Some(concert) = app.shown(id) {
        let (row, dates) = (concert.row(), app.read_model.dates_of(ConcertId(id)));
        let zone = row.time_zone.as_deref();
        let dates: Vec<_> = dates.iter().map(|date| DateFigures::shown(date, zone, now)).collect();
        (queues::shown(&concert), row, concert.stock(), dates)
    } else {
        let (row, queues, dates) = app.over(id).await?;
        let zone = row.time_zone.as_deref();
        let dates = dates.iter().map(|(id, date)| DateFigures::of_row(*id, date, zone)).collect();
        let queues = queues.iter().map(|(id, queue)| (*id, Status::of(queue))).collect();
        (queues, Arc::new(row), OVER, dates)
    };
    let sale = sale_state(&row, stock, now);
    let general = queues.first().map(|(_, status)| status.clone());
    let status = general.ok_or_else(|| Problem::of(Code::ConcertNotFound))?;
    let sum = |of: fn(&Status) -> u64| queues.iter().map(|(_, status)| of(status)).sum();
    let view = SaleFigures {
        concert_id: id,
        name: row.concert_name.clone(),
        sale,
        closed_because: closed_because(&row, stock, now),
        opens_at: row.opens_at().into(),
        closes_at: row.closes_at().map(Stamp),
        announced_opens_at: row.start_at.into(),
        announced_closes_at: row.end_at.map(Stamp),
        time_zone: row.time_zone.clone(),
        paused: status.settings.paused,
        pause_reason: PauseText::told(&status),
        max_active: status.settings.max_active,
        admissions_per_second: status.settings.admissions_per_second,
        max_waiting: status.settings.max_waiting,
        hold_seconds: row.policy.hold_ttl_ms / 1000,
        shop_seconds: row.policy.shop_ttl_ms / 1000,
        arrival_grace_seconds: row.policy.arrival_grace_ms / 1000,
        seats_per_user: row.policy.seats_per_user,
        rehold_after_seconds: row.policy.rehold_after_ms / 1000,
        active: sum(|status| status.active),
        waiting: sum(|status| status.waiting),
        admitted_last_minute: sum(|status| status.admitted_last_minute),
        awaiting_draw_value: status.awaits_value,
        queues: queues.iter().map(|(id, status)| QueueFigures::of(*id, &row, status)).collect(),
        dates,
        now: now.into(),
    };
    Ok(json(StatusCode::OK, &view))
}
