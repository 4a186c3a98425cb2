//! What is wrong with a concert or a date that is sent as JSON: every place, and its limits. The rules
//! decide; this tells what a refusal of theirs means in the words of the request.

use super::admin::{NewConcert, NewDateBody, QueueBody, SeatRange};
use super::block::SeatsBody;
use super::body::VALUE_CHARS;
use super::edit::{ConcertChange, DateChange};
use super::lang::Lang;
use super::problem::{Code, Problem};
use super::queues::NewQueue;
use super::refund::NewRefund;
use super::sale::SaleBody;
use super::seating::Layouts;
use super::view::{NoTime, parse_stamp};
use crate::sheet::FAULTS_LISTED_MAX;
use crate::text;
use crate::zone;
use boxoffice_core::limits::{
    ABOUT_CHARS_MAX, ADMISSION_MAX, DATES_PER_CONCERT_MAX, NAME_CHARS_MAX, PRICE_MAX,
    SEATS_PER_BLOCK_MAX, SEATS_PER_DATE_MAX, SEATS_PER_RESERVATION_MAX, TTL_MS_MAX,
};
use boxoffice_core::time::Time;
use serde_json::{Map, Value};

/// Why a value is not taken.
pub(super) enum Reason {
    /// Least and most.
    Range(i64, i64),
    /// Most characters; blank texts are none, either.
    Text(usize),
    Time(NoTime),
    /// No name of a time zone.
    Zone,
    /// Not after the time of this member.
    After(&'static str),
    /// After the time of this member.
    Before(&'static str),
    /// Below the first number of the range.
    Backwards,
    /// These seats stand in another range already.
    Twice(u32, u32),
    /// How many there may be.
    Count(usize, usize),
    /// It goes with a layout alone.
    NeedsLayout,
    /// It does not go with this member.
    Either(&'static str),
    /// Seats of the layout have no grade, so that grades do not say what they cost.
    NoGrade,
    /// A grade of the layout has no price.
    NoPrice,
    /// The layout does not have it.
    NotOfLayout,
    /// The layout has it in another grade.
    OtherGrade,
    /// So many seats of the layout are not named.
    SeatsMissing(usize),
}

impl Reason {
    const fn code(&self) -> &'static str {
        match self {
            Self::Range(..) => "out_of_range",
            Self::Text(_) => "length",
            Self::Time(_) => "not_a_time",
            Self::Zone => "unknown_zone",
            Self::After(_) => "too_early",
            Self::Before(_) => "too_late",
            Self::Backwards => "range_backwards",
            Self::Twice(..) => "doubled",
            Self::Count(..) => "count",
            Self::NeedsLayout => "needs_layout",
            Self::Either(_) => "not_both",
            Self::NoGrade => "no_grade",
            Self::NoPrice => "no_price",
            Self::NotOfLayout => "not_of_layout",
            Self::OtherGrade => "other_grade",
            Self::SeatsMissing(_) => "seats_missing",
        }
    }

    fn words(&self, lang: Lang) -> String {
        let en = lang == Lang::En;
        match self {
            Self::Range(min, max) if en => format!("must be {min} to {max}"),
            Self::Range(min, max) => format!("{min}~{max}이어야 합니다"),
            Self::Text(max) if en => format!("must have 1 to {max} visible characters"),
            Self::Text(max) => format!("보이는 글자로 1~{max}자여야 합니다"),
            Self::Time(why) if en => why.en().into(),
            Self::Time(why) => why.ko().into(),
            Self::Zone if en => {
                "must be a name of the IANA time zone database, such as Asia/Seoul".into()
            }
            Self::Zone => "IANA 시간대 이름이어야 합니다. 예: Asia/Seoul".into(),
            Self::After(other) if en => format!("must be after {other}"),
            Self::After(other) => format!("{other}보다 늦어야 합니다"),
            Self::Before(other) if en => format!("must not be after {other}"),
            Self::Before(other) => format!("{other}보다 늦을 수 없습니다"),
            Self::Backwards if en => "must not be below from".into(),
            Self::Backwards => "from보다 작을 수 없습니다".into(),
            Self::Twice(from, to) if en => {
                format!("seats {from} to {to} are already in another range")
            }
            Self::Twice(from, to) => format!("좌석 {from}~{to}번이 다른 범위에 이미 있습니다"),
            Self::Count(min, max) if en => format!("there must be {min} to {max} of them"),
            Self::Count(min, max) => format!("{min}~{max}개여야 합니다"),
            _ => self.of_layout(en),
        }
    }

    /// Words about a date and its layout.
    fn of_layout(&self, en: bool) -> String {
        match self {
            Self::Either(other) if en => format!("cannot go with {other}"),
            Self::Either(other) => format!("{other}와 함께 쓸 수 없습니다"),
            Self::SeatsMissing(count) if en => {
                format!("{count} seats of the layout are not among them")
            }
            Self::SeatsMissing(count) => format!("좌석 배치도의 좌석 {count}석이 빠졌습니다"),
            Self::NeedsLayout if en => "goes with a layout".into(),
            Self::NeedsLayout => "layout과 함께 보내 주세요".into(),
            Self::NoGrade if en => {
                "seats of the layout have no grade; name them in seats with zone and price".into()
            }
            Self::NoGrade => {
                "좌석 배치도에 등급이 없는 좌석이 있습니다. seats로 등급과 가격을 적어 주세요"
                    .into()
            }
            Self::NoPrice if en => "this grade of the layout has no price".into(),
            Self::NoPrice => "좌석 배치도의 이 등급에 가격이 없습니다".into(),
            Self::OtherGrade if en => "the layout has this seat in another grade".into(),
            Self::OtherGrade => "좌석 배치도에서 이 좌석은 다른 등급입니다".into(),
            _ if en => "the layout does not have this".into(),
            _ => "좌석 배치도에 없습니다".into(),
        }
    }

    fn limits(&self) -> (Value, Value) {
        match self {
            Self::Range(min, max) => ((*min).into(), (*max).into()),
            Self::Text(max) => (1.into(), (*max).into()),
            Self::Count(min, max) => ((*min).into(), (*max).into()),
            _ => (Value::Null, Value::Null),
        }
    }
}

/// All that is wrong with a body.
#[derive(Default)]
pub struct Faults {
    listed: Vec<(String, Value, Reason)>,
    total: usize,
}

impl Faults {
    pub(super) fn add(&mut self, pointer: String, value: Value, reason: Reason) {
        self.total += 1;
        if self.listed.len() < FAULTS_LISTED_MAX {
            self.listed.push((pointer, value, reason));
        }
    }

    fn range(&mut self, pointer: &str, value: i64, min: i64, max: i64) {
        if !(min..=max).contains(&value) {
            self.add(pointer.to_owned(), value.into(), Reason::Range(min, max));
        }
    }

    fn text(&mut self, pointer: String, value: &str) {
        let fits = text::title(value).is_ok_and(|text| text.chars().count() <= NAME_CHARS_MAX);
        if !fits {
            self.add(
                pointer,
                text::printable(value, VALUE_CHARS).into(),
                Reason::Text(NAME_CHARS_MAX),
            );
        }
    }

    /// Names and texts of a show, in English and in Korean.
    fn billing(&mut self, names: [Option<&str>; 2], about: [Option<&str>; 2]) {
        let languages = ["en", "ko"];
        for (language, name) in languages.into_iter().zip(names) {
            if let Some(name) = name {
                self.text(format!("/names/{language}"), name);
            }
        }
        for (language, text) in languages.into_iter().zip(about) {
            let most = ABOUT_CHARS_MAX;
            let is_fine =
                |text: &str| text::lines(text).is_ok_and(|lines| lines.chars().count() <= most);
            if let Some(text) = text.filter(|text| !is_fine(text)) {
                let shown = text::printable(text, VALUE_CHARS).into();
                self.add(format!("/about/{language}"), shown, Reason::Text(most));
            }
        }
    }

    fn zone(&mut self, value: Option<&str>) {
        if let Some(value) = value.filter(|value| zone::known(value).is_none()) {
            let shown = text::printable(value, VALUE_CHARS);
            self.add("/time_zone".to_owned(), shown.into(), Reason::Zone);
        }
    }

    fn time(&mut self, pointer: &str, value: &str) -> Option<Time> {
        let time = parse_stamp(value);
        if time.is_none() {
            let shown = text::printable(value, VALUE_CHARS);
            self.add(pointer.to_owned(), shown.into(), Reason::Time(NoTime::of(value)));
        }
        time
    }

    /// Whether nothing was found that is wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The problem, with what is wrong, where it is about what was sent.
    #[must_use]
    pub fn told(&self, problem: Problem) -> Problem {
        if self.total == 0 || !matches!(problem.code(), Code::InvalidSetting | Code::InvalidBody) {
            return problem;
        }
        let last =
            |fault: &'_ (String, Value, Reason)| fault.0.rsplit('/').next().map(str::to_owned);
        let wrong: Vec<String> = self.listed.iter().filter_map(last).collect();
        let problem = problem.in_member_of(wrong.iter().map(String::as_str));
        let list = |lang| self.listed.iter().map(|fault| shown(fault, lang)).collect::<Vec<_>>();
        problem.with("faults_total", self.total).in_words("faults", list(Lang::En), list(Lang::Ko))
    }
}

fn shown((pointer, value, reason): &(String, Value, Reason), lang: Lang) -> Value {
    let (min, max) = reason.limits();
    let members = [
        ("pointer", pointer.clone().into()),
        ("value", value.clone()),
        ("reason", reason.code().into()),
        ("detail", reason.words(lang).into()),
        ("min", min),
        ("max", max),
    ];
    let there = members.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(Map::from_iter(there.map(|(name, value)| (name.to_owned(), value))))
}

/// What is wrong with a concert.
#[must_use]
pub fn of_concert(body: &NewConcert, layouts: &Layouts) -> Faults {
    let mut faults = Faults::default();
    faults.text("/name".into(), &body.name);
    faults.text("/theater".into(), &body.theater);
    let names = body.names.as_ref().map(|names| [names.en.as_deref(), names.ko.as_deref()]);
    let about = body.about.as_ref().map(|about| [about.en.as_deref(), about.ko.as_deref()]);
    faults.billing(names.unwrap_or_default(), about.unwrap_or_default());
    faults.range("/run_time_minutes", body.run_time_minutes.into(), 1, 24 * 60);
    faults.zone(body.time_zone.as_deref());
    let opens = faults.time("/opens_at", &body.opens_at);
    if let Some(text) = &body.closes_at {
        let closes = faults.time("/closes_at", text);
        if opens.zip(closes).is_some_and(|(opens, closes)| closes <= opens) {
            faults.add("/closes_at".into(), text.clone().into(), Reason::After("opens_at"));
        }
    }
    let before = body.draw_joined_before.as_deref();
    draw_faults(&mut faults, opens, (before, body.draw_beacon.as_deref()));
    let seconds = [
        body.hold_seconds,
        body.shop_seconds,
        body.arrival_grace_seconds,
        body.rehold_after_seconds,
    ];
    policy_faults(&mut faults, seconds);
    rate_faults(&mut faults, (body.max_active, body.admissions_per_second, body.max_waiting));
    seats_faults(&mut faults, body.seats_per_user);
    if body.dates.len() > DATES_PER_CONCERT_MAX {
        let reason = Reason::Count(0, DATES_PER_CONCERT_MAX);
        faults.add("/dates".into(), body.dates.len().into(), reason);
    }
    for (index, date) in body.dates.iter().enumerate() {
        date_faults(date, &format!("/dates/{index}"), layouts, &mut faults);
    }
    faults
}

/// What is wrong with a change of a concert.
#[must_use]
pub fn of_change(body: &ConcertChange) -> Faults {
    let mut faults = Faults::default();
    for (pointer, text) in [("/name", &body.name), ("/theater", &body.theater)] {
        if let Some(text) = text {
            faults.text(pointer.into(), text);
        }
    }
    if let Some(minutes) = body.run_time_minutes {
        faults.range("/run_time_minutes", minutes.into(), 1, 24 * 60);
    }
    faults.zone(body.time_zone.as_deref());
    let text = |text: &'_ Option<Option<String>>| text.clone().flatten();
    let names = body.names.as_ref().map(|names| [text(&names.en), text(&names.ko)]);
    let about = body.about.as_ref().map(|about| [text(&about.en), text(&about.ko)]);
    let (names, about) = (names.unwrap_or_default(), about.unwrap_or_default());
    faults.billing(names.each_ref().map(|n| n.as_deref()), about.each_ref().map(|a| a.as_deref()));
    let seconds = [
        body.hold_seconds,
        body.shop_seconds,
        body.arrival_grace_seconds,
        body.rehold_after_seconds,
    ];
    policy_faults(&mut faults, seconds);
    seats_faults(&mut faults, body.seats_per_user);
    faults
}

/// Of the times to hold, to shop, to come, and until seats may be held again, seconds.
fn policy_faults(faults: &mut Faults, [hold, shop, grace, rehold]: [Option<i64>; 4]) {
    let seconds = [
        ("/hold_seconds", hold, 1),
        ("/shop_seconds", shop, 1),
        ("/arrival_grace_seconds", grace, 1),
        ("/rehold_after_seconds", rehold, 0),
    ];
    for (pointer, value, min) in seconds {
        if let Some(value) = value {
            faults.range(pointer, value, min, TTL_MS_MAX / 1000);
        }
    }
}

fn seats_faults(faults: &mut Faults, seats_per_user: Option<u32>) {
    let max = u64::try_from(SEATS_PER_RESERVATION_MAX).unwrap_or(u64::MAX);
    count_faults(faults, "/seats_per_user", seats_per_user.map(u64::from), max);
}

fn count_faults(faults: &mut Faults, pointer: &str, value: Option<u64>, max: u64) {
    if let Some(value) = value.filter(|value| !(1..=max).contains(value)) {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        faults.add(pointer.into(), value.into(), Reason::Range(1, max));
    }
}

/// What is wrong with a date.
#[must_use]
pub fn of_date(body: &NewDateBody, layouts: &Layouts) -> Faults {
    let mut faults = Faults::default();
    date_faults(body, "", layouts, &mut faults);
    faults
}

fn date_faults(body: &NewDateBody, at: &str, layouts: &Layouts, faults: &mut Faults) {
    faults.time(&format!("{at}/starts_at"), &body.starts_at);
    range_faults(&body.seats, at, u64::from(body.layout.is_none()), faults);
    layouts.faults(body, at, faults);
}

/// Of ranges of seats, which are so many at least.
fn range_faults(given: &[SeatRange], at: &str, least: u64, faults: &mut Faults) {
    let mut seats: u64 = 0;
    let mut ranges: Vec<(usize, &SeatRange)> = Vec::with_capacity(given.len());
    for (index, range) in given.iter().enumerate() {
        let at = format!("{at}/seats/{index}");
        faults.range(&format!("{at}/from"), range.from.into(), 1, u32::MAX.into());
        faults.range(&format!("{at}/price"), range.price, 0, PRICE_MAX.0);
        faults.text(format!("{at}/zone"), &range.zone);
        if range.to < range.from {
            faults.add(format!("{at}/to"), range.to.into(), Reason::Backwards);
        } else {
            seats += u64::from(range.to - range.from) + 1;
            ranges.push((index, range));
        }
    }
    let most = u64::try_from(SEATS_PER_DATE_MAX).unwrap_or(u64::MAX);
    if !(least..=most).contains(&seats) {
        let least = usize::try_from(least).unwrap_or(0);
        let reason = Reason::Count(least, SEATS_PER_DATE_MAX);
        faults.add(format!("{at}/seats"), seats.into(), reason);
    }
    ranges.sort_by_key(|(index, range)| (range.from, *index));
    let mut taken_to = 0;
    for (index, range) in ranges {
        if range.from <= taken_to && range.from > 0 {
            let reason = Reason::Twice(range.from, range.to.min(taken_to));
            faults.add(format!("{at}/seats/{index}"), range.from.into(), reason);
        }
        taken_to = taken_to.max(range.to);
    }
}

/// What is wrong with a change of a date.
#[must_use]
pub fn of_date_change(body: &DateChange) -> Faults {
    let mut faults = Faults::default();
    if let Some(starts_at) = &body.starts_at {
        faults.time("/starts_at", starts_at);
    }
    range_faults(&body.seats, "", 0, &mut faults);
    faults
}

/// What is wrong with a queue that is to be added.
#[must_use]
pub fn of_new_queue(body: &NewQueue) -> Faults {
    let mut faults = Faults::default();
    faults.text("/name".into(), &body.name);
    let opens = faults.time("/opens_at", &body.opens_at);
    let before = body.draw_joined_before.as_deref();
    draw_faults(&mut faults, opens, (before, body.draw_beacon.as_deref()));
    rate_faults(&mut faults, (body.max_active, body.admissions_per_second, body.max_waiting));
    faults
}

/// Of the terms of a draw: only who joined before this is drawn, and the beacon.
fn draw_faults(faults: &mut Faults, opens: Option<Time>, terms: (Option<&str>, Option<&str>)) {
    if let Some(text) = terms.0 {
        let before = faults.time("/draw_joined_before", text);
        if opens.zip(before).is_some_and(|(opens, before)| before > opens) {
            let reason = Reason::Before("opens_at");
            faults.add("/draw_joined_before".into(), text.into(), reason);
        }
    }
    if let Some(text) = terms.1 {
        faults.text("/draw_beacon".into(), text);
    }
}

/// Of those who shop at once, are admitted a second, and wait.
fn rate_faults(faults: &mut Faults, counts: (Option<u64>, Option<u64>, Option<u64>)) {
    let counts = [
        ("/max_active", counts.0),
        ("/admissions_per_second", counts.1),
        ("/max_waiting", counts.2),
    ];
    for (pointer, value) in counts {
        count_faults(faults, pointer, value, ADMISSION_MAX);
    }
}

/// What is wrong with a change of a queue.
#[must_use]
pub fn of_queue(body: &QueueBody) -> Faults {
    let mut faults = Faults::default();
    rate_faults(&mut faults, (body.max_active, body.admissions_per_second, body.max_waiting));
    let texts = body.pause_reason.as_ref().map(|text| [("en", &text.en), ("ko", &text.ko)]);
    for (language, text) in texts.into_iter().flatten() {
        if let Some(text) = text {
            faults.text(format!("/pause_reason/{language}"), text);
        }
    }
    faults
}

/// What is wrong with the times of a sale, of which those that are not given are as they are: opening and
/// closing, if there is one.
#[must_use]
pub fn of_sale(body: &SaleBody, now_set: Option<(Time, Option<Time>)>) -> Faults {
    let mut faults = Faults::default();
    let opens = body.opens_at.as_deref().map(|text| (text, faults.time("/opens_at", text)));
    let closes = body.closes_at.as_ref().and_then(Option::as_deref);
    let closes = closes.map(|text| (text, faults.time("/closes_at", text)));
    let opening = opens.map_or(now_set.map(|(opens, _)| opens), |(_, opens)| opens);
    let closing = closes.map_or(now_set.and_then(|(_, closes)| closes), |(_, closes)| closes);
    if opening.zip(closing).is_some_and(|(opens, closes)| closes <= opens) {
        if let Some((text, _)) = closes {
            faults.add("/closes_at".into(), text.into(), Reason::After("opens_at"));
        } else if let Some((text, _)) = opens {
            faults.add("/opens_at".into(), text.into(), Reason::Before("closes_at"));
        }
    }
    faults
}

/// What is wrong with a refund.
#[must_use]
pub fn of_refund(body: &NewRefund) -> Faults {
    let mut faults = of_reason(&body.reason);
    if body.seat_numbers.as_ref().is_some_and(Vec::is_empty) {
        let reason = Reason::Count(1, SEATS_PER_RESERVATION_MAX);
        faults.add("/seat_numbers".into(), 0.into(), reason);
    }
    faults
}

/// What is wrong with seats that are to be blocked, or put on sale again.
#[must_use]
pub fn of_seats(body: &SeatsBody) -> Faults {
    let mut faults = of_reason(&body.reason);
    let seats = body.seat_numbers.len();
    if !(1..=SEATS_PER_BLOCK_MAX).contains(&seats) {
        let reason = Reason::Count(1, SEATS_PER_BLOCK_MAX);
        faults.add("/seat_numbers".into(), seats.into(), reason);
    }
    faults
}

/// What is wrong with a reason for the ledger.
#[must_use]
pub fn of_reason(reason: &str) -> Faults {
    let mut faults = Faults::default();
    faults.text("/reason".into(), reason);
    faults
}
