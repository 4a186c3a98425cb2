//! `boxoffice ticket`: what a door does, without a server or its database.

use crate::admin::show::{said, told};
use crate::print_out;
use boxoffice_server::Failure;
use boxoffice_server::http::view::parse_stamp;
use boxoffice_server::layout::{Label, Layout, Seat, check};
use boxoffice_server::log::clean;
use boxoffice_server::tickets::{PublicKey, ticket_id, verify};
use clap::Subcommand;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// What to do with tickets.
#[derive(Debug, Subcommand)]
pub enum TicketVerb {
    /// Verifies tickets offline: with public keys, and lists of void tickets, that were saved before
    #[command(after_help = "docs/TICKETS.md has the format for programs of your own.")]
    Verify(Verify),
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// What the QR code says; without it, each line that is typed or scanned is verified
    #[arg(allow_hyphen_values = true)]
    code: Option<String>,
    /// File with the answer of GET /api/v1/ticket-keys
    #[arg(long)]
    keys: PathBuf,
    /// The id of the date that is let in; tickets of others are refused
    #[arg(long)]
    date: Option<Uuid>,
    /// File with an answer of GET /api/v1/admin/concert-dates/{id}/tickets: void tickets of it are refused; as often as there are pages
    #[arg(long)]
    tickets: Vec<PathBuf>,
    /// File with the layout of the date's hall, by which a seat is called as people call it; without it only seats of the
    /// lists are
    #[arg(long)]
    layout: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    public_key: String,
    from: String,
}

#[derive(Deserialize)]
struct Tickets {
    tickets: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    ticket_id: String,
    seat_number: u32,
    label: Option<Label>,
    status: String,
    void_because: Option<String>,
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let named = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let file = File::open(path).map_err(|why| named(&why))?;
    Ok(serde_json::from_reader(BufReader::new(file)).map_err(|why| named(&why))?)
}

/// What a door knows.
struct Door {
    keys: Vec<PublicKey>,
    date: Option<Uuid>,
    /// Void tickets by their ids, each with why.
    void: BTreeMap<String, String>,
    /// What seats are called, by their numbers.
    labels: BTreeMap<u32, Label>,
}

/// Why a ticket is void, as people say it.
fn because(why: &str) -> String {
    match why {
        "refunded" => told("its seat was given back", "환불된 좌석"),
        "date_cancelled" => told("its date was cancelled", "취소된 회차"),
        other => clean(other),
    }
}

impl Door {
    fn open(what: &Verify) -> Result<Self, Failure> {
        let key = |key: Key| PublicKey::of_text(&key.public_key, parse_stamp(&key.from)?);
        let keys: Option<Vec<_>> = read::<Keys>(&what.keys)?.keys.into_iter().map(key).collect();
        let none = || {
            let file = what.keys.display();
            told(
                format!("{file}: it has no public keys of tickets"),
                format!("{file}: 티켓 공개 키가 없습니다."),
            )
        };
        let keys = keys.filter(|keys| !keys.is_empty()).ok_or_else(none)?;
        let (mut void, mut labels) = (BTreeMap::new(), BTreeMap::new());
        if let Some(path) = &what.layout {
            let checked = check(read::<Layout>(path)?).map_err(|faults| faults.to_string())?;
            let seats = checked.hall.seats().iter();
            let label = |seat: &Seat| Some((seat.number, checked.hall.label(seat.number)?));
            labels.extend(seats.filter_map(label));
        }
        for path in &what.tickets {
            for ticket in read::<Tickets>(path)?.tickets {
                labels.extend(ticket.label.map(|label| (ticket.seat_number, label)));
                if ticket.status == "void" {
                    void.insert(ticket.ticket_id, ticket.void_because.unwrap_or_default());
                }
            }
        }
        Ok(Self { keys, date: what.date, void, labels })
    }

    /// Whom the code lets in, or why nobody.
    fn look(&self, code: &str) -> Result<String, String> {
        let ticket = verify(&self.keys, code).map_err(|why| why.to_string())?;
        let id = ticket_id(&ticket);
        if let Some(date) = self.date.filter(|date| *date != ticket.date.0) {
            let of = ticket.date;
            return Err(told(
                format!("it is for date {of} and not for {date}"),
                format!("회차 {date}이(가) 아니라 {of}의 티켓입니다."),
            ));
        }
        if let Some(why) = self.void.get(&id) {
            let why = because(why);
            return Err(told(
                format!("ticket {id} is void: {why}"),
                format!("무효인 티켓입니다: {id}, {why}"),
            ));
        }
        let (date, number) = (ticket.date, ticket.seat);
        let seat = match self.labels.get(&number) {
            Some(label) => {
                let label = said(label);
                told(
                    format!("{label} (seat number {number})"),
                    format!("{label}(좌석번호 {number})"),
                )
            }
            None => told(format!("seat number {number}"), format!("좌석번호 {number}")),
        };
        Ok(told(
            format!("valid: {seat} of date {date}, ticket {id}"),
            format!("유효: 회차 {date}, {seat}, 티켓 {id}"),
        ))
    }
}

fn refused(why: &str) -> String {
    told(format!("refused: {why}"), format!("거부: {why}"))
}

/// Runs the verb.
///
/// # Errors
/// A file cannot be read, or the code that was given is refused.
pub fn run(verb: TicketVerb) -> Result<(), Failure> {
    let TicketVerb::Verify(what) = verb;
    let door = Door::open(&what)?;
    if let Some(code) = &what.code {
        let valid = door.look(code).map_err(|why| refused(&why))?;
        return print_out(format!("{valid}\n"));
    }
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|why| format!("standard input: {why}"))?;
        let said = door.look(&line).unwrap_or_else(|why| refused(&why));
        print_out(format!("{said}\n"))?;
    }
    Ok(())
}
