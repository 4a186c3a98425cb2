//! Verbs about what exists: they change, delete, credit, debit and export.

use super::answer::Answer;
use super::seats::{self, Typed, typed};
use super::server::{Asking, Request, Verb};
use super::show::told;
use super::verbs::{Policy, Range, Told, body, contents, of_concert, range};
use boxoffice_server::Failure;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use uuid::Uuid;

/// A change that would change nothing is a mistake in typing.
fn some(body: Value, flags: &str) -> Result<Value, Failure> {
    let empty = body.as_object().is_none_or(serde_json::Map::is_empty);
    let none = || {
        told(
            format!("nothing to change; give {flags}"),
            format!("변경할 내용이 없습니다. 다음 중 하나를 지정해 주세요: {flags}"),
        )
    };
    if empty { Err(none().into()) } else { Ok(body) }
}

/// See its help.
#[derive(Debug, clap::Args, Serialize)]
pub struct EditConcert {
    /// The concert's id
    #[serde(skip)]
    concert: Uuid,
    /// Name of the show; only while nothing is held or sold
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    #[serde(skip)]
    told: Told,
    /// Where it is; only while nothing is held or sold
    #[arg(long)]
    theater: Option<String>,
    /// Minutes; only while nothing is held or sold
    #[arg(long)]
    run_time_minutes: Option<u32>,
    /// IANA name of the time zone where it is, as Asia/Seoul
    #[arg(long)]
    time_zone: Option<String>,
    #[command(flatten, next_help_heading = "For what is held, and who is let in, from now on")]
    #[serde(flatten)]
    policy: Policy,
}

impl Verb for EditConcert {
    fn request(&self) -> Result<Request, Failure> {
        let body = self.told.with(body(None, self)?);
        let body = some(body, "--name, --time-zone, --hold-seconds or another flag")?;
        Ok(Request::new("PATCH", of_concert(self.concert, "")).json(&body))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct DeleteConcert {
    /// The concert's id
    concert: Uuid,
}

impl Verb for DeleteConcert {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::new("DELETE", of_concert(self.concert, "")))
    }

    fn done(&self) -> Option<String> {
        let id = self.concert;
        Some(told(format!("concert {id} was deleted"), format!("공연 {id}을(를) 삭제했습니다.")))
    }
}

fn of_date(date: Uuid) -> String {
    format!("/api/v1/admin/concert-dates/{date}")
}

/// See its help.
#[derive(Debug, clap::Args, Serialize)]
pub struct EditDate {
    /// The date's id
    #[serde(skip)]
    date: Uuid,
    /// When the performance starts, as 2027-05-01T19:00:00+09:00
    #[arg(long)]
    starts_at: Option<String>,
    /// Seats with the zone and price that they are to have, as 1-50:R:150000; those that there are not are
    /// added; as often as there are zones
    #[arg(long, value_parser = range)]
    #[serde(rename = "seats", skip_serializing_if = "Vec::is_empty")]
    range: Vec<Range>,
}

impl Verb for EditDate {
    fn request(&self) -> Result<Request, Failure> {
        let body = some(body(None, self)?, "--starts-at or --range")?;
        Ok(Request::new("PATCH", of_date(self.date)).json(&body))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct DateBookings {
    /// The date's id
    date: Uuid,
    /// Begins with a byte order mark, by which spreadsheets know Hangul
    #[arg(long)]
    bom: bool,
}

impl Verb for DateBookings {
    fn request(&self) -> Result<Request, Failure> {
        let path = format!("{}/bookings", of_date(self.date));
        Ok(Request::new("GET", path).query("bom", &self.bom.to_string()))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct ListTickets {
    /// The date's id
    date: Uuid,
    /// Only these: valid or void
    #[arg(long, value_parser = ["valid", "void"])]
    status: Option<String>,
}

impl Verb for ListTickets {
    fn request(&self) -> Result<Request, Failure> {
        let request = Request::new("GET", format!("{}/tickets", of_date(self.date)));
        let request = match &self.status {
            Some(status) => request.query("status", status),
            None => request,
        };
        Ok(request.all_pages("tickets"))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct ShowTicketKeys {}

impl Verb for ShowTicketKeys {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::new("GET", "/api/v1/ticket-keys"))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct DeleteDate {
    /// The date's id
    date: Uuid,
    /// Also where people had booked it and all of it went back to them
    #[arg(long)]
    booked: bool,
}

impl Verb for DeleteDate {
    /// What is sold or held the server refuses; that people had booked it, only its tickets tell.
    fn prepare(&mut self, ask: &mut Asking<'_>) -> Result<(), Failure> {
        if self.booked {
            return Ok(());
        }
        let void = ask(&format!("{}/tickets?status=void&limit=1", of_date(self.date)))?;
        if void.get("tickets").map(Answer::items).unwrap_or_default().is_empty() {
            return Ok(());
        }
        Err(told(
            "people had booked this date; --booked deletes it all the same",
            "예매한 사람이 있던 회차입니다. 그래도 삭제하려면 --booked를 지정해 주세요.",
        )
        .into())
    }

    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::new("DELETE", of_date(self.date)))
    }

    fn done(&self) -> Option<String> {
        let id = self.date;
        Some(told(format!("date {id} was deleted"), format!("회차 {id}을(를) 삭제했습니다.")))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
#[group(id = "what", required = true, multiple = false)]
pub struct SeatsAre {
    /// Nobody can hold them
    #[arg(long)]
    block: bool,
    /// They are on sale again
    #[arg(long)]
    unblock: bool,
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct SetSeats {
    /// The date's id
    date: Uuid,
    /// Seats that are neither held nor sold: numbers as 101-124,130, or SECTION/ROW/SEAT as 1F-B/3/12-15
    #[arg(long, required = true, value_delimiter = ',', value_parser = typed)]
    seat: Vec<Typed>,
    #[arg(skip)]
    numbers: BTreeSet<u32>,
    #[command(flatten)]
    are: SeatsAre,
    /// Why
    #[arg(long)]
    reason: String,
}

impl Verb for SetSeats {
    fn prepare(&mut self, ask: &mut Asking<'_>) -> Result<(), Failure> {
        self.numbers = seats::of_date(&self.seat, self.date, ask)?;
        Ok(())
    }

    fn request(&self) -> Result<Request, Failure> {
        let status = if self.are.block { "blocked" } else { "available" };
        let body = json!({ "seat_numbers": self.numbers, "status": status, "reason": self.reason });
        Ok(Request::new("PUT", format!("{}/seats/status", of_date(self.date))).json(&body))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct SetPoster {
    /// The concert's id
    concert: Uuid,
    /// The picture; - reads what is piped in
    #[arg(required_unless_present = "remove", conflicts_with = "remove")]
    file: Option<PathBuf>,
    /// Takes the poster away
    #[arg(long)]
    remove: bool,
}

/// The kind of a picture, by its first bytes.
fn media_type(picture: &[u8]) -> Option<&'static str> {
    match picture {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

impl Verb for SetPoster {
    fn request(&self) -> Result<Request, Failure> {
        let path = of_concert(self.concert, "/poster");
        let Some(file) = &self.file else { return Ok(Request::new("DELETE", path)) };
        let picture = contents(file)?;
        let kind = media_type(&picture).ok_or_else(|| {
            let file = file.display();
            told(
                format!("{file}: it is not a PNG, JPEG or WebP file"),
                format!("{file}: PNG, JPEG, WebP 파일이 아닙니다."),
            )
        })?;
        Ok(Request::new("PUT", path).body(kind, picture))
    }

    fn done(&self) -> Option<String> {
        let id = self.concert;
        Some(told(
            format!("concert {id} has no poster any more"),
            format!("공연 {id}의 포스터를 삭제했습니다."),
        ))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct CancelDate {
    /// The date's id
    date: Uuid,
    /// Why; everybody reads it
    #[arg(long)]
    reason: String,
}

impl Verb for CancelDate {
    fn request(&self) -> Result<Request, Failure> {
        let path = format!("{}/cancellation", of_date(self.date));
        Ok(Request::new("POST", path).json(&json!({ "reason": self.reason })))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct SetSale {
    /// The concert's id
    concert: Uuid,
    /// When the sale opens, as 2027-01-15T20:00:00+09:00; while it has not opened
    #[arg(long)]
    opens_at: Option<String>,
    /// When it closes, as 2027-01-15T20:00:00+09:00
    #[arg(long, conflicts_with = "never_closes")]
    closes_at: Option<String>,
    /// It closes by hand only
    #[arg(long)]
    never_closes: bool,
}

impl Verb for SetSale {
    fn request(&self) -> Result<Request, Failure> {
        let mut body = json!({});
        if let Some(time) = &self.opens_at {
            body["opens_at"] = json!(time);
        }
        if self.never_closes || self.closes_at.is_some() {
            body["closes_at"] = json!(self.closes_at);
        }
        let body = some(body, "--opens-at, --closes-at or --never-closes")?;
        Ok(Request::new("PUT", of_concert(self.concert, "/sale")).json(&body))
    }
}

fn of_wallet(user: Uuid, what: &str) -> String {
    format!("/api/v1/admin/users/{user}/balance{what}")
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct ShowWallet {
    /// The user's id
    user: Uuid,
}

impl Verb for ShowWallet {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::new("GET", of_wallet(self.user, "")))
    }
}

/// How much, and why.
#[derive(Debug, clap::Args, Serialize)]
struct Adjustment {
    /// The user's id
    #[serde(skip)]
    user: Uuid,
    /// Minor units, from 1
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    amount: i64,
    /// Why, for the ledger; the user reads it, too
    #[arg(long)]
    reason: String,
}

impl Adjustment {
    fn request(&self, what: &str) -> Result<Request, Failure> {
        Ok(Request::new("POST", of_wallet(self.user, what)).json(&body(None, self)?))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct Credit {
    #[command(flatten)]
    what: Adjustment,
}

impl Verb for Credit {
    fn request(&self) -> Result<Request, Failure> {
        self.what.request("/credits")
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct Debit {
    #[command(flatten)]
    what: Adjustment,
}

impl Verb for Debit {
    fn request(&self) -> Result<Request, Failure> {
        self.what.request("/debits")
    }
}

fn of_payment(payment: Uuid, what: &str) -> String {
    format!("/api/v1/admin/payments/{payment}{what}")
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct ShowPayment {
    /// The payment's id
    payment: Uuid,
}

impl Verb for ShowPayment {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::new("GET", of_payment(self.payment, "")))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct RefundPayment {
    /// The payment's id
    payment: Uuid,
    /// Seats that go back: numbers as 101-104,130, or SECTION/ROW/SEAT as 1F-B/3/12-15; all that are left where
    /// there is none and no amount
    #[arg(long, value_delimiter = ',', value_parser = typed)]
    seat: Vec<Typed>,
    #[arg(skip)]
    numbers: BTreeSet<u32>,
    /// Minor units; what was paid for the seats where it is not told, and the seats stay where none is
    #[arg(long)]
    amount: Option<i64>,
    /// Why; who paid reads it, too
    #[arg(long)]
    reason: String,
    /// The seats are not on sale again
    #[arg(long)]
    block: bool,
}

impl Verb for RefundPayment {
    fn prepare(&mut self, ask: &mut Asking<'_>) -> Result<(), Failure> {
        self.numbers = seats::of_payment(&self.seat, self.payment, ask)?;
        Ok(())
    }

    fn request(&self) -> Result<Request, Failure> {
        let mut body = json!({ "reason": self.reason, "release_seats": !self.block });
        if !self.seat.is_empty() {
            body["seat_numbers"] = json!(self.numbers);
        }
        if let Some(amount) = self.amount {
            body["amount"] = json!(amount);
        }
        Ok(Request::new("POST", of_payment(self.payment, "/refunds")).json(&body))
    }
}
