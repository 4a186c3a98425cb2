//! What everybody is told of a show before anyone is let in: names and texts in two languages, the poster, dates
//! and prices by grade. Inventory is not.

use super::App;
use super::concert::{SaleState, local};
use super::view::{Stamp, given};
use crate::currency::Currency;
use crate::read_model::{ConcertModel, DateModel, Span};
use crate::text;
use boxoffice_core::concert::{Concert, ConcertDate};
use boxoffice_core::edit::EditBilling;
use boxoffice_core::id::{DateId, Uuid};
use boxoffice_core::poster::Billing;
use boxoffice_core::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Grades of a date that are told, from the dearest.
const GRADES_MAX: usize = 100;

/// A show's name in the languages that pages speak.
#[derive(Debug, Serialize, ToSchema)]
pub struct NamesView {
    #[schema(example = "Moonlight Parade")]
    en: String,
    #[schema(example = "달빛 퍼레이드")]
    ko: String,
}

/// What a show is. Where it is told in one language only, that one stands in both.
#[derive(Debug, Serialize, ToSchema)]
pub struct AboutView {
    /// Lines.
    en: String,
    /// Lines.
    ko: String,
}

/// A show's picture.
#[derive(Debug, Serialize, ToSchema)]
pub struct PosterView {
    /// Where it is: `GET /api/v1/posters/{sha256}`.
    #[schema(min_length = 64, max_length = 64)]
    hash: String,
    #[schema(example = "image/webp")]
    media_type: &'static str,
}

/// What something costs.
#[derive(Debug, Serialize, ToSchema)]
pub struct PriceView {
    /// Minor units.
    #[schema(example = 165_000)]
    amount: i64,
    /// ISO 4217 code.
    #[schema(example = "KRW")]
    currency: String,
    /// Decimals of the currency: an amount of 1 is 10 to the power of minus so many.
    #[schema(example = 0)]
    currency_decimals: u8,
}

/// What a seat of a grade costs.
#[derive(Debug, Serialize, ToSchema)]
pub struct GradePriceView {
    #[schema(example = "R")]
    grade: String,
    price: PriceView,
}

/// How a date stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DateStatus {
    /// Its sale has not opened.
    Upcoming,
    /// Seats are sold.
    OnSale,
    /// No seat can be had now; some that are held may come back.
    SoldOut,
    /// Its sale is closed.
    Closed,
    /// The performance has started.
    Started,
    /// The organiser has cancelled it.
    Cancelled,
}

/// A date, without inventory.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicDateView {
    concert_date_id: Uuid,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Stamp,
    /// The same by the clocks of the place, RFC 3339 with their offset; null where its zone is not told.
    #[schema(format = DateTime)]
    starts_at_local: Option<String>,
    status: DateStatus,
    /// The layout of the hall by its id; null: only seat numbers are known.
    layout: Option<String>,
    /// By grade, the dearest first; none of a concert that is over.
    prices: Vec<GradePriceView>,
}

pub(super) fn price(amount: i64, currency: &Currency) -> PriceView {
    let Currency { code, decimals } = currency;
    PriceView { amount, currency: code.clone(), currency_decimals: *decimals }
}

/// The least and the most that a seat costs.
pub(super) fn price_range(
    span: Option<Span>,
    currency: &Currency,
) -> (Option<PriceView>, Option<PriceView>) {
    let prices = span.and_then(|span| span.prices);
    (prices.map(|(least, _)| price(least, currency)), prices.map(|(_, most)| price(most, currency)))
}

pub(super) fn names(row: &Concert) -> NamesView {
    let told = |name: &Option<String>| name.clone().unwrap_or_else(|| row.concert_name.clone());
    NamesView { en: told(&row.billing.name_en), ko: told(&row.billing.name_ko) }
}

pub(super) fn about(row: &Concert) -> Option<AboutView> {
    let Billing { about_en: en, about_ko: ko, .. } = &row.billing;
    let told = |one: &Option<String>, other: &Option<String>| one.clone().or(other.clone());
    Some(AboutView { en: told(en, ko)?, ko: told(ko, en)? })
}

pub(super) fn poster(row: &Concert) -> Option<PosterView> {
    let view = |(id, kind): (boxoffice_core::id::PosterId, _)| PosterView {
        hash: id.to_string(),
        media_type: boxoffice_core::poster::PosterType::media_type(kind),
    };
    row.billing.poster.map(view)
}

fn prices(date: &DateModel, currency: &Currency) -> Vec<GradePriceView> {
    let zones = date.zones();
    let mut all: Vec<(i64, &str)> = zones.iter().map(|z| (z.price, z.name.as_str())).collect();
    all.sort_unstable_by_key(|(price, name)| (std::cmp::Reverse(*price), *name));
    let view = |(amount, grade): (i64, &str)| GradePriceView {
        grade: grade.to_owned(),
        price: price(amount, currency),
    };
    all.into_iter().take(GRADES_MAX).map(view).collect()
}

fn status(date: &DateModel, sale: SaleState, now: Time) -> DateStatus {
    match sale {
        _ if date.cancelled.is_some() => DateStatus::Cancelled,
        _ if now.reached(date.starts_at) => DateStatus::Started,
        SaleState::Closed => DateStatus::Closed,
        SaleState::Upcoming => DateStatus::Upcoming,
        _ if date.stock(now).is_sold_out() => DateStatus::SoldOut,
        _ => DateStatus::OnSale,
    }
}

/// The dates of a concert that is shown, in the order of performance.
pub(super) fn dates(
    app: &App,
    concert: &ConcertModel,
    sale: SaleState,
    now: Time,
) -> Vec<PublicDateView> {
    let row = concert.row();
    let view = |date: &std::sync::Arc<DateModel>| PublicDateView {
        concert_date_id: date.id.0,
        starts_at: date.starts_at.into(),
        starts_at_local: local(date.starts_at, row.time_zone.as_deref()),
        status: status(date, sale, now),
        layout: date.layout.map(|id| id.to_string()),
        prices: prices(date, &app.currency),
    };
    app.read_model.dates_of(concert.id).iter().map(view).collect()
}

/// A date of a concert that is over, as its row says.
pub(super) fn past_date(
    id: DateId,
    row: &ConcertDate,
    zone: Option<&str>,
    now: Time,
) -> PublicDateView {
    let status = match row.cancelled {
        Some(_) => DateStatus::Cancelled,
        None if now.reached(row.concert_date) => DateStatus::Started,
        None => DateStatus::Closed,
    };
    PublicDateView {
        concert_date_id: id.0,
        starts_at: row.concert_date.into(),
        starts_at_local: local(row.concert_date, zone),
        status,
        layout: row.layout.map(|id| id.to_string()),
        prices: Vec::new(),
    }
}

/// What dates of a concert that is over are told by together.
pub(super) fn past_span(dates: &[(DateId, ConcertDate)]) -> Option<Span> {
    let live = dates.iter().filter(|(_, row)| row.cancelled.is_none());
    let starts = || live.clone().map(|(_, row)| row.concert_date);
    Some(Span { first: starts().min()?, last: starts().max()?, prices: None })
}

/// A name in two languages; a language that is left out tells `name`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamesBody {
    /// English.
    #[schema(nullable = false, example = "Moonlight Parade", min_length = 1, max_length = 200)]
    #[serde(default, deserialize_with = "given")]
    pub en: Option<String>,
    /// Korean.
    #[schema(nullable = false, example = "달빛 퍼레이드", min_length = 1, max_length = 200)]
    #[serde(default, deserialize_with = "given")]
    pub ko: Option<String>,
}

/// What a show is, in two languages.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AboutBody {
    /// English, at most 1,000 characters; may have lines.
    #[schema(nullable = false, min_length = 1, max_length = 1_000)]
    #[serde(default, deserialize_with = "given")]
    pub en: Option<String>,
    /// Korean, at most 1,000 characters; may have lines.
    #[schema(nullable = false, min_length = 1, max_length = 1_000)]
    #[serde(default, deserialize_with = "given")]
    pub ko: Option<String>,
}

/// A name by language, to be changed; null takes it away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamesChange {
    /// English; only while nothing is held or sold, unless there was none.
    #[schema(min_length = 1, max_length = 200)]
    #[serde(default, deserialize_with = "given")]
    pub en: Option<Option<String>>,
    /// Korean; only while nothing is held or sold, unless there was none.
    #[schema(min_length = 1, max_length = 200)]
    #[serde(default, deserialize_with = "given")]
    pub ko: Option<Option<String>>,
}

/// What a show is, to be changed; null takes it away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AboutChange {
    /// English.
    #[schema(min_length = 1, max_length = 1_000)]
    #[serde(default, deserialize_with = "given")]
    pub en: Option<Option<String>>,
    /// Korean.
    #[schema(min_length = 1, max_length = 1_000)]
    #[serde(default, deserialize_with = "given")]
    pub ko: Option<Option<String>>,
}

/// In its one form; what is none is blank here, which the rules refuse.
fn name(text: &str) -> String {
    text::title(text).unwrap_or_default()
}

/// See [`name`].
fn lines(text: &str) -> String {
    text::lines(text).unwrap_or_default()
}

/// Of a concert that is to be made.
pub(super) fn of_new(names: Option<&NamesBody>, about: Option<&AboutBody>) -> Billing {
    let in_name = |of: fn(&NamesBody) -> &Option<String>| {
        names.and_then(|names| of(names).as_deref()).map(name)
    };
    let in_about = |of: fn(&AboutBody) -> &Option<String>| {
        about.and_then(|about| of(about).as_deref()).map(lines)
    };
    Billing {
        name_en: in_name(|names| &names.en),
        name_ko: in_name(|names| &names.ko),
        about_en: in_about(|about| &about.en),
        about_ko: in_about(|about| &about.ko),
        poster: None,
    }
}

/// Of a change.
pub(super) fn of_change(names: Option<&NamesChange>, about: Option<&AboutChange>) -> EditBilling {
    let changed = |text: &Option<Option<String>>, form: fn(&str) -> String| {
        text.as_ref().map(|text| text.as_deref().map(form))
    };
    EditBilling {
        name_en: names.and_then(|names| changed(&names.en, name)),
        name_ko: names.and_then(|names| changed(&names.ko, name)),
        about_en: about.and_then(|about| changed(&about.en, lines)),
        about_ko: about.and_then(|about| changed(&about.ko, lines)),
        poster: None,
    }
}
