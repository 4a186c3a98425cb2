//! The database that is measured on, and the requests: made before the clock runs, through the same
//! rules and the same store as everything else.

use super::{Failure, Options};
use crate::clock::Clock;
use crate::http::app::new_id;
use crate::store::sqlite::{Files, SqliteStore};
use crate::store::transact;
use crate::tokens::{KeyFile, Keyring, Use, queue_claims, random};
use boxoffice_core::batch::{Envelope, load_all, run};
use boxoffice_core::command::Command;
use boxoffice_core::concert::{CreateConcert, NewDate, NewSeat, Policy};
use boxoffice_core::draw::Draw;
use boxoffice_core::id::{ConcertId, DateId, PlaceKey, UserId, Uuid};
use boxoffice_core::money::Money;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::queue::{Arrive, Join, QueueSettings};
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use std::path::Path;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A route that does nothing.
    Noop,
    /// A waiting user's poll.
    Poll,
    /// The map of 50 seats.
    SeatMap,
    /// Getting a place in line.
    Join,
    /// Holding a seat.
    Hold,
    /// Holding a seat, one transaction a request.
    HoldConventional,
}

impl Step {
    /// In the order of measuring.
    pub const ALL: [Self; 6] =
        [Self::Noop, Self::Poll, Self::SeatMap, Self::Join, Self::Hold, Self::HoldConventional];

    /// For the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Noop => "no-op (GET /livez)",
            Self::Poll => "poll a waiting token",
            Self::SeatMap => "seat map of 50 seats",
            Self::Join => "join the queue, durable",
            Self::Hold => "hold a seat, durable",
            Self::HoldConventional => "hold a seat, durable, one transaction a request",
        }
    }

    /// Whether each request can be sent only once.
    pub const fn changes(self) -> bool {
        matches!(self, Self::Join | Self::Hold | Self::HoldConventional)
    }

    /// Whether it is measured on the server with batches of one.
    pub const fn is_conventional(self) -> bool {
        matches!(self, Self::HoldConventional)
    }

    /// The status of a right answer.
    pub const fn expected(self) -> u16 {
        if self.changes() { 201 } else { 200 }
    }
}

/// Seats of one date. Dates sell out one after another, each in random order.
const SEATS_PER_DATE: usize = 5_000;
/// Commands in one transaction while preparing.
const BATCH: usize = 2_000;
/// Different tokens that poll or look.
const READERS: usize = 2_000;

/// Ids of users who have registered long ago, in no order.
fn scattered_id(nth: usize) -> Uuid {
    Uuid::new_v5(&new_id(), &nth.to_le_bytes())
}

/// A user with a place.
#[derive(Clone, Copy)]
struct Fan {
    user: UserId,
    place: PlaceKey,
}

/// See the module.
pub struct Prepared {
    keyring: Keyring,
    now: Time,
    /// Requests of a changing step in a round.
    changes: usize,
    sale: ConcertId,
    line: ConcertId,
    small_date: DateId,
    large_dates: Vec<DateId>,
    waiting: Vec<Fan>,
    shopping: Vec<Fan>,
    /// Fans and seats that were used already.
    used: usize,
}

fn concert(id: ConcertId, max_active: u64, dates: Vec<NewDate>) -> Result<Command, Failure> {
    Ok(Command::CreateConcert(CreateConcert {
        concert: id,
        concert_name: "Bench".into(),
        theater: "Bench".into(),
        run_time: 90,
        start_at: Time(0),
        end_at: None,
        policy: Policy { arrival_grace_ms: 3_600_000, ..Policy::default() },
        queue: QueueSettings {
            max_active,
            admissions_per_second: 10_000_000,
            max_waiting: 10_000_000,
            paused: false,
        },
        seed: random()?,
        dates,
    }))
}

fn date(seats: usize, now: Time) -> NewDate {
    let seat = |number| NewSeat { number, zone: "R".into(), price: Money(150_000) };
    let last = u32::try_from(seats).unwrap_or(u32::MAX);
    NewDate {
        date: DateId(new_id()),
        starts_at: now.plus_ms(30 * 86_400_000),
        seats: (1..=last).map(seat).collect(),
    }
}

fn commit(
    store: &mut SqliteStore,
    commands: Vec<Command>,
    now: Time,
) -> Result<Vec<Outcome>, Failure> {
    let envelope = |command| Envelope { command, key: None };
    let envelopes: Vec<Envelope> = commands.into_iter().map(envelope).collect();
    let replies = transact(store, |store| {
        let mut rows = Rows::default();
        load_all(&envelopes, &mut rows, |keys, rows| crate::store::Store::load(store, keys, rows))?;
        let replies = run(&envelopes, &mut rows, now);
        crate::store::Store::save(store, &rows)?;
        Ok(replies)
    })?;
    let refused = |refusal| format!("refused while preparing: {refusal:?}");
    replies.into_iter().map(|reply| Ok(reply.result.map_err(refused)?)).collect()
}

fn join_all(
    store: &mut SqliteStore,
    concert: ConcertId,
    count: usize,
    now: Time,
) -> Result<Vec<Fan>, Failure> {
    let mut fans = Vec::with_capacity(count);
    while fans.len() < count {
        let users: Vec<UserId> =
            (fans.len()..count).take(BATCH).map(|n| UserId(scattered_id(n))).collect();
        let joins = users.iter().map(|&user| Command::Join(Join { user, concert })).collect();
        for (user, outcome) in users.into_iter().zip(commit(store, joins, now)?) {
            if let Outcome::Joined(ticket) = outcome {
                fans.push(Fan { user, place: ticket.place });
            }
        }
    }
    Ok(fans)
}

impl Prepared {
    /// Fills a fresh database.
    pub fn make(path: &Path, options: &Options, steps: &[Step]) -> Result<Self, Failure> {
        let now = Clock::System.now();
        let keys = KeyFile::open(&path.with_extension("keys.json"), now)?;
        let mut store = SqliteStore::open(&Files { path: path.to_owned() })?;
        let (sale, line) = (ConcertId(new_id()), ConcertId(new_id()));
        let holds = steps.iter().filter(|s| s.changes() && **s != Step::Join).count();
        let changes = options.changes * options.rounds * holds;
        let small = date(50, now);
        let large: Vec<NewDate> =
            (0..changes.div_ceil(SEATS_PER_DATE)).map(|_| date(SEATS_PER_DATE, now)).collect();
        let (small_date, large_dates) = (small.date, large.iter().map(|d| d.date).collect());
        let dates = std::iter::once(small).chain(large).collect();
        commit(&mut store, vec![concert(sale, 10_000_000, dates)?], now)?;
        commit(&mut store, vec![concert(line, 1, Vec::new())?], now)?;
        let mut waiting = join_all(&mut store, line, options.waiting + 1, now)?;
        waiting.remove(0);
        let shopping = join_all(&mut store, sale, changes + READERS, now)?;
        for fans in shopping.chunks(BATCH) {
            let arrive = |fan: &Fan| Command::Arrive(Arrive { user: fan.user, place: fan.place });
            commit(&mut store, fans.iter().map(arrive).collect(), now)?;
        }
        Ok(Self {
            keyring: Keyring::new(&keys),
            now,
            changes: options.changes,
            sale,
            line,
            small_date,
            large_dates,
            waiting,
            shopping,
            used: 0,
        })
    }

    fn head(&self, method: &str, path: &str, fan: Option<Fan>, user: Option<UserId>) -> String {
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\n");
        if let Some(user) = user.or(fan.map(|fan| fan.user)) {
            let token = self.keyring.identity(Use::Identity, user, self.now, 3_600_000);
            text += &format!("authorization: Bearer {}\r\n", token.unwrap_or_default());
        }
        if let Some(fan) = fan {
            let claims =
                queue_claims(fan.user, fan.place, None, self.now, self.now.plus_ms(86_400_000));
            let token = self.keyring.queue(&claims).unwrap_or_default();
            text += &format!("x-queue-token: {token}\r\n");
        }
        text
    }

    /// The requests of a step for one round.
    pub fn requests(&mut self, step: Step) -> Result<Vec<Vec<u8>>, Failure> {
        let get = |path: &str, fan| {
            let text = self.head("GET", path, fan, None) + "\r\n";
            text.into_bytes()
        };
        let requests = match step {
            Step::Noop => vec![get("/livez", None)],
            Step::Poll => {
                let fans = self.waiting.iter().step_by((self.waiting.len() / READERS).max(1));
                fans.map(|&fan| get("/api/v1/queue-tokens/me", Some(fan))).collect()
            }
            Step::SeatMap => {
                let path = format!("/api/v1/concert-dates/{}/seats", self.small_date);
                let fans = self.shopping.iter().rev().take(READERS);
                fans.map(|&fan| get(&path, Some(fan))).collect()
            }
            Step::Join => {
                let path = format!("/api/v1/concerts/{}/queue-tokens", self.line);
                let request = || {
                    let head = self.head("POST", &path, None, Some(UserId(new_id())));
                    (head + "content-length: 0\r\n\r\n").into_bytes()
                };
                (0..self.changes).map(|_| request()).collect()
            }
            Step::Hold | Step::HoldConventional => self.holds(),
        };
        Ok(requests)
    }

    fn holds(&mut self) -> Vec<Vec<u8>> {
        let range = self.used..self.used + self.changes;
        self.used = range.end;
        debug_assert!(self.shopping.iter().all(|fan| fan.place.concert == self.sale));
        // Fans choose seats all over the hall, not one after the other.
        let draw = Draw::new(&[7; 32], u64::try_from(SEATS_PER_DATE).unwrap_or(0));
        let request = |fan: usize| {
            let date = self.large_dates.get(fan / SEATS_PER_DATE)?;
            let nth = u64::try_from(fan % SEATS_PER_DATE + 1).ok()?;
            let seat = draw.number_of(nth);
            let body = format!(r#"{{"concert_date_id":"{date}","seat_numbers":[{seat}]}}"#);
            let head =
                self.head("POST", "/api/v1/reservations", self.shopping.get(fan).copied(), None);
            let rest = format!(
                "content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            Some((head + &rest).into_bytes())
        };
        range.filter_map(request).collect()
    }
}
