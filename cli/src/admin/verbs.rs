//! What each verb asks a server for: a request, made of what was typed.

use super::server::{Request, Verb};
use super::show::told;
use boxoffice_server::Failure;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::io::Read;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Longest file that is sent, bytes; a server takes no more.
const FILE_MAX: u64 = 16 * 1024 * 1024;

/// The text of a file, or with `-` what is typed.
pub fn contents(file: &Path) -> Result<Vec<u8>, Failure> {
    let named = |why: std::io::Error| format!("{}: {why}", file.display());
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(FILE_MAX + 1).read_to_end(&mut bytes)
    } else {
        let opened = std::fs::File::open(file).map_err(named)?;
        opened.take(FILE_MAX + 1).read_to_end(&mut bytes)
    };
    let count = read.map_err(named)?;
    if count as u64 > FILE_MAX {
        let file = file.display();
        return Err(told(
            format!("{file}: it has more than {FILE_MAX} bytes"),
            format!("{file}: {FILE_MAX}바이트를 넘습니다."),
        )
        .into());
    }
    Ok(bytes)
}

/// The members of a JSON file.
fn members(file: &Path) -> Result<Map<String, Value>, Failure> {
    match serde_json::from_slice(&contents(file)?) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => {
            let file = file.display();
            Err(told(
                format!("{file}: it is not a JSON object"),
                format!("{file}: JSON 객체가 아닙니다."),
            )
            .into())
        }
        Err(why) => Err(format!("{}: {why}", file.display()).into()),
    }
}

/// The members that flags give replace those of a file.
pub fn body(file: Option<&Path>, flags: &impl Serialize) -> Result<Value, Failure> {
    let mut all = file.map_or_else(|| Ok(Map::new()), members)?;
    if let Value::Object(flags) = serde_json::to_value(flags)? {
        all.extend(flags.into_iter().filter(|(_, value)| !value.is_null()));
    }
    Ok(Value::Object(all))
}

pub fn of_concert(concert: Uuid, what: &str) -> String {
    format!("/api/v1/admin/concerts/{concert}{what}")
}

/// A body that is about one of a concert's queues, where that is named.
fn about(queue: Option<Uuid>, mut body: Value) -> Value {
    if let Some(queue) = queue {
        body["queue_id"] = json!(queue);
    }
    body
}

/// How many a queue lets in, and holds.
#[derive(Debug, clap::Args, Serialize)]
pub struct QueueLimits {
    /// Users shopping at once
    #[arg(long)]
    max_active: Option<u64>,
    /// Users admitted a second, at most
    #[arg(long)]
    admissions_per_second: Option<u64>,
    /// Places in line, at most
    #[arg(long)]
    max_waiting: Option<u64>,
}

/// Who of a queue is drawn, and from what.
#[derive(Debug, clap::Args, Serialize)]
pub struct DrawTerms {
    /// Only those who joined before this are drawn
    #[arg(long)]
    draw_joined_before: Option<String>,
    /// Which public value is mixed into the draw, in words
    #[arg(long)]
    draw_beacon: Option<String>,
}

/// What everybody is told of a concert, in two languages.
#[derive(Debug, clap::Args)]
pub struct Told {
    /// Its name in English, for pages; where it is left out, they show --name
    #[arg(long)]
    name_en: Option<String>,
    /// Its name in Korean
    #[arg(long)]
    name_ko: Option<String>,
    /// What it is, in English: at most 1,000 characters, may have lines
    #[arg(long)]
    about_en: Option<String>,
    /// What it is, in Korean
    #[arg(long)]
    about_ko: Option<String>,
}

impl Told {
    /// With what was typed; what a file says of the other language stays.
    pub fn with(&self, mut body: Value) -> Value {
        for (member, language, text) in [
            ("names", "en", &self.name_en),
            ("names", "ko", &self.name_ko),
            ("about", "en", &self.about_en),
            ("about", "ko", &self.about_ko),
        ] {
            let Some(text) = text else { continue };
            if !body[member].is_object() {
                body[member] = json!({});
            }
            body[member][language] = json!(text);
        }
        body
    }
}

/// Times and limits of a concert.
#[derive(Debug, clap::Args, Serialize)]
pub struct Policy {
    /// How long seats are held for payment
    #[arg(long)]
    hold_seconds: Option<i64>,
    /// How long an admitted user may shop
    #[arg(long)]
    shop_seconds: Option<i64>,
    /// How long an admitted user may take to come
    #[arg(long)]
    arrival_grace_seconds: Option<i64>,
    /// Seats of one date that one user may have
    #[arg(long)]
    seats_per_user: Option<u32>,
    /// How long seats whose hold has lapsed stay closed to who held them; 0: not at all
    #[arg(long)]
    rehold_after_seconds: Option<i64>,
}

/// See its help.
#[derive(Debug, clap::Args, Serialize)]
pub struct CreateConcert {
    /// JSON file with the members that the API takes, dates and seats among them; - reads what is typed
    #[arg(long)]
    #[serde(skip)]
    file: Option<PathBuf>,
    /// Name of the show
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    #[serde(skip)]
    told: Told,
    /// Where it is
    #[arg(long)]
    theater: Option<String>,
    /// Minutes
    #[arg(long)]
    run_time_minutes: Option<u32>,
    /// When the sale opens, as 2027-01-15T20:00:00+09:00
    #[arg(long)]
    opens_at: Option<String>,
    /// When it closes, if it does
    #[arg(long)]
    closes_at: Option<String>,
    /// IANA name of the time zone where it is, as Asia/Seoul
    #[arg(long)]
    time_zone: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    policy: Policy,
    #[command(flatten)]
    #[serde(flatten)]
    limits: QueueLimits,
    #[command(flatten)]
    #[serde(flatten)]
    draw: DrawTerms,
}

impl Verb for CreateConcert {
    fn request(&self) -> Result<Request, Failure> {
        let body = self.told.with(body(self.file.as_deref(), self)?);
        Ok(Request::new("POST", "/api/v1/admin/concerts").json(&body))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct ListConcerts {}

impl Verb for ListConcerts {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::new("GET", "/api/v1/concerts").all_pages("concerts"))
    }
}

/// A verb that is a concert's id and nothing else.
macro_rules! of_a_concert {
    ($($name:ident: |$concert:ident| $request:expr;)*) => {
        $(
            /// See its help.
            #[derive(Debug, clap::Args)]
            pub struct $name {
                /// The concert's id
                concert: Uuid,
            }

            impl Verb for $name {
                fn request(&self) -> Result<Request, Failure> {
                    let $concert = self.concert;
                    Ok($request)
                }
            }
        )*
    };
}

of_a_concert! {
    ShowConcert: |concert| Request::new("GET", format!("/api/v1/concerts/{concert}"));
    ShowQueue: |concert| Request::new("GET", format!("/api/v1/concerts/{concert}/queue"));
    Figures: |concert| Request::new("GET", of_concert(concert, ""));
    OpenSale: |concert| Request::new("PUT", of_concert(concert, "/sale")).json(&json!({ "open": true }));
    CloseSale: |concert| Request::new("PUT", of_concert(concert, "/sale")).json(&json!({ "open": false }));
}

/// See its help.
#[derive(Debug, clap::Args, Serialize)]
pub struct AddQueue {
    /// The concert's id
    #[serde(skip)]
    concert: Uuid,
    /// What operators call it
    #[arg(long)]
    name: String,
    /// When it opens, as 2027-01-15T19:00:00+09:00
    #[arg(long)]
    opens_at: String,
    #[command(flatten)]
    #[serde(flatten)]
    limits: QueueLimits,
    #[command(flatten)]
    #[serde(flatten)]
    draw: DrawTerms,
}

impl Verb for AddQueue {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::new("POST", of_concert(self.concert, "/queues")).json(&body(None, self)?))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct ResumeQueue {
    /// The concert's id
    concert: Uuid,
    /// Which of its queues; the general one unless told
    #[arg(long)]
    queue: Option<Uuid>,
}

impl Verb for ResumeQueue {
    fn request(&self) -> Result<Request, Failure> {
        let body = about(self.queue, json!({ "paused": false }));
        Ok(Request::new("PUT", of_concert(self.concert, "/queue")).json(&body))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct PauseQueue {
    /// The concert's id
    concert: Uuid,
    /// Why, in English: those in line are told it until the queue goes on
    #[arg(long)]
    reason: Option<String>,
    /// The same in Korean
    #[arg(long)]
    reason_ko: Option<String>,
    /// Which of its queues; the general one unless told
    #[arg(long)]
    queue: Option<Uuid>,
}

impl Verb for PauseQueue {
    fn request(&self) -> Result<Request, Failure> {
        let mut body = about(self.queue, json!({ "paused": true }));
        let words = [("en", &self.reason), ("ko", &self.reason_ko)];
        for (language, text) in words {
            if let Some(text) = text {
                body["pause_reason"][language] = json!(text);
            }
        }
        Ok(Request::new("PUT", of_concert(self.concert, "/queue")).json(&body))
    }
}

/// See its help.
#[derive(Debug, clap::Args, Serialize)]
pub struct SetQueue {
    /// The concert's id
    #[serde(skip)]
    concert: Uuid,
    #[command(flatten)]
    #[serde(flatten)]
    limits: QueueLimits,
    /// Which of its queues; the general one unless told
    #[arg(long = "queue", value_name = "QUEUE")]
    queue_id: Option<Uuid>,
}

impl Verb for SetQueue {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::new("PUT", of_concert(self.concert, "/queue")).json(&body(None, self)?))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct Draw {
    /// The concert's id
    concert: Uuid,
    /// The value, as its source has published it
    value: String,
    /// Which of its queues; the general one unless told
    #[arg(long)]
    queue: Option<Uuid>,
}

impl Verb for Draw {
    fn request(&self) -> Result<Request, Failure> {
        let body = about(self.queue, json!({ "value": self.value }));
        Ok(Request::new("PUT", of_concert(self.concert, "/draw")).json(&body))
    }
}

/// Seats that stand together, typed as `1-50:R:150000`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Range {
    from: u32,
    to: u32,
    zone: String,
    price: i64,
}

/// Reads a range, or says how one is typed.
pub fn range(text: &str) -> Result<Range, String> {
    let read = || {
        let (numbers, rest) = text.split_once(':')?;
        let (zone, price) = rest.rsplit_once(':')?;
        let (from, to) = numbers.split_once('-').unwrap_or((numbers, numbers));
        let (from, to) = (from.parse().ok()?, to.parse().ok()?);
        Some(Range { from, to, zone: zone.to_owned(), price: price.parse().ok()? })
    };
    read().ok_or_else(|| {
        told(
            "it takes FROM-TO:ZONE:PRICE such as 1-50:R:150000",
            "시작-끝:등급:가격으로 입력합니다(예: 1-50:R:150000).",
        )
    })
}

/// A grade and what its seats cost.
fn price(text: &str) -> Result<(String, i64), String> {
    let parts = text.rsplit_once('=').filter(|(grade, _)| !grade.is_empty());
    let found = parts.and_then(|(grade, price)| Some((grade.to_owned(), price.parse().ok()?)));
    found.ok_or_else(|| {
        told("it takes GRADE=PRICE such as R=150000", "등급=가격으로 입력합니다(예: R=150000).")
    })
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct AddDate {
    /// The concert's id
    concert: Uuid,
    /// When the performance starts, as 2027-05-01T19:00:00+09:00
    #[arg(long)]
    starts_at: String,
    /// CSV file with the columns seat_number, zone and price; - reads what is typed
    #[arg(long, required_unless_present_any = ["range", "price"], conflicts_with = "range")]
    seats: Option<PathBuf>,
    /// Seats of one zone and price, as 1-50:R:150000; as often as there are zones
    #[arg(long, value_parser = range)]
    range: Vec<Range>,
    /// The layout of the hall, by its id: the date has just its seats
    #[arg(long)]
    layout: Option<String>,
    /// What seats of a grade of the layout cost, as R=150000; as often as there are grades
    #[arg(long, value_parser = price, requires = "layout", conflicts_with_all = ["range", "seats"])]
    price: Vec<(String, i64)>,
}

impl Verb for AddDate {
    fn request(&self) -> Result<Request, Failure> {
        let path = of_concert(self.concert, "/dates");
        let Some(file) = &self.seats else {
            let mut body = json!({ "starts_at": self.starts_at, "seats": self.range });
            if let Some(layout) = &self.layout {
                body["layout"] = json!(layout);
            }
            let mut prices = Map::new();
            for (grade, price) in &self.price {
                if prices.insert(grade.clone(), json!(price)).is_some() {
                    let ko = format!("{grade} 등급의 가격이 두 번 있습니다.");
                    return Err(told(format!("{grade} has two prices"), ko).into());
                }
            }
            if !prices.is_empty() {
                body["prices"] = Value::Object(prices);
            }
            return Ok(Request::new("POST", path).json(&body));
        };
        let mut request = Request::new("POST", path).query("starts_at", &self.starts_at);
        if let Some(layout) = &self.layout {
            request = request.query("layout", layout);
        }
        Ok(request.body("text/csv", contents(file)?))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct ShowJob {
    /// The job's id
    job: Uuid,
}

impl Verb for ShowJob {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::new("GET", format!("/api/v1/admin/jobs/{}", self.job)))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct ListJobs {
    /// Only jobs made before this one
    #[arg(long)]
    before: Option<Uuid>,
}

impl Verb for ListJobs {
    fn request(&self) -> Result<Request, Failure> {
        let request = Request::new("GET", "/api/v1/admin/jobs");
        Ok(match self.before {
            Some(before) => request.query("before", &before.to_string()),
            None => request,
        })
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct Events {
    /// The cursor of the answer before; without it from the oldest that is kept; latest: only what happens from now on
    #[arg(long)]
    after: Option<String>,
    /// So many at most, up to 100
    #[arg(long)]
    limit: Option<usize>,
}

impl Verb for Events {
    fn request(&self) -> Result<Request, Failure> {
        let mut request = Request::new("GET", "/api/v1/admin/events");
        if let Some(after) = &self.after {
            request = request.query("after", after);
        }
        Ok(match self.limit {
            Some(limit) => request.query("limit", &limit.to_string()),
            None => request,
        })
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct Call {
    /// GET, POST, PUT, PATCH or DELETE
    method: String,
    /// Its path, as /api/v1/admin/concerts
    path: String,
    /// The body, JSON
    #[arg(long, conflicts_with = "file")]
    body: Option<String>,
    /// File with the body; - reads what is typed
    #[arg(long)]
    file: Option<PathBuf>,
    /// What kind of body it is
    #[arg(long, default_value = "application/json")]
    content_type: String,
}

impl Verb for Call {
    fn request(&self) -> Result<Request, Failure> {
        if !self.path.starts_with('/') {
            let path = &self.path;
            return Err(told(
                format!("{path:?} is not a path; it must begin with /"),
                format!("{path:?}은(는) 경로가 아닙니다. /로 시작해야 합니다."),
            )
            .into());
        }
        let request = Request::new(&self.method.to_ascii_uppercase(), self.path.clone());
        let body = match (&self.body, &self.file) {
            (Some(body), _) => body.clone().into_bytes(),
            (None, Some(file)) => contents(file)?,
            (None, None) => return Ok(request),
        };
        Ok(request.body(&self.content_type, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_or_told() {
        let read = |text| range(text).map(|r| (r.from, r.to, r.zone, r.price)).ok();
        assert_eq!(read("1-50:R:150000"), Some((1, 50, "R".into(), 150_000)));
        assert_eq!(read("7:A:B:0"), Some((7, 7, "A:B".into(), 0)));
        for bad in ["", "1-50", "1-50:R", "a-50:R:1", "1-b:R:1", "1-50:R:free", "1-2-3:R:1"] {
            assert!(range(bad).unwrap_err().contains("1-50:R:150000"), "{bad}");
        }
    }

    #[test]
    fn a_grade_has_one_price() {
        let request = |price: &[&str]| {
            let price = price.iter().map(|text| super::price(text).unwrap()).collect();
            let (starts_at, layout) = ("2027-05-01T19:00:00+09:00".into(), Some("x".into()));
            let concert = Uuid::nil();
            AddDate { concert, starts_at, seats: None, range: Vec::new(), layout, price }.request()
        };
        assert!(request(&["R=1", "S=1"]).is_ok());
        let Err(why) = request(&["R=1", "S=1", "R=2"]) else { panic!("R has two prices") };
        assert_eq!(why.to_string(), "R has two prices");
    }
}
