//! The database that is measured on, and the requests: made before the clock runs, through the same
//! rules and the same store as everything else.

use super::Failure;
use super::client::{QUEUE_TOKEN, RESERVATION, VERSION};
use super::conventional::Wish;
use super::step::{SINCE, STEPS, Step};
use boxoffice_core::batch::{Envelope, load_all, run};
use boxoffice_core::command::Command;
use boxoffice_core::concert::{CreateConcert, NewDate, NewSeat, Policy};
use boxoffice_core::draw::Draw;
use boxoffice_core::id::{
    ChargeId, ConcertId, DateId, PlaceKey, QueueId, ReservationId, UserId, Uuid,
};
use boxoffice_core::limits::TTL_MS_MAX;
use boxoffice_core::money::{Currency, Money};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::queue::{Arrive, DrawTerms, Join, QueueSettings};
use boxoffice_core::reservation::Reserve;
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use boxoffice_core::wallet::Charge;
use boxoffice_server::clock::Clock;
use boxoffice_server::http::app::new_id;
use boxoffice_server::store::{Store, transact};
use boxoffice_server::tokens::{KeyFile, Keyring, Use, queue_claims, random};
use std::collections::BTreeSet;
use std::path::Path;

/// Seats of a date that is bought from, unless another number is set. Dates sell out one after another, each in random
/// order.
pub const SEATS_PER_DATE: usize = 5_000;
/// Commands in one transaction while preparing.
const BATCH: usize = 2_000;
/// Fans who want one seat at once.
pub const CROWD: usize = 1_000;
/// Different tokens that poll or look.
const READERS: usize = 2_000;

/// Nothing that is prepared runs out while it waits to be measured.
const LASTING: Policy = Policy {
    hold_ttl_ms: TTL_MS_MAX,
    shop_ttl_ms: TTL_MS_MAX,
    arrival_grace_ms: TTL_MS_MAX,
    seats_per_user: 4,
    rehold_after_ms: 0,
};
/// What everybody charges who has something to pay for.
const CHARGE: Money = Money(150_000);

/// Ids of users who have registered long ago, in no order.
fn scattered_id(nth: usize) -> Uuid {
    Uuid::new_v5(&new_id(), &nth.to_le_bytes())
}

/// The end of a head, and a JSON body.
fn with_body(body: &str) -> String {
    let length = body.len();
    format!("content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// Where seats are held.
const HOLDS: &str = "/api/v1/reservations";

/// A whole request that holds one seat.
fn hold_of(head: String, date: DateId, seat: u32) -> Vec<u8> {
    let body = format!(r#"{{"concert_date_id":"{date}","seat_numbers":[{seat}]}}"#);
    (head + &with_body(&body)).into_bytes()
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
    /// Dates whose map is looked at, with their sizes.
    maps: Vec<(usize, DateId)>,
    hot_date: DateId,
    large_dates: Vec<DateId>,
    seats_per_date: usize,
    waiting: Vec<Fan>,
    shopping: Vec<Fan>,
    /// Those who want one seat, a crowd after the other.
    crowd: Vec<Fan>,
    /// Fans and seats that were used already.
    used: usize,
    /// Seats of the largest map's date that were used already.
    used_meanwhile: usize,
    /// Those who hold a seat and have the money for it.
    payers: Vec<(Fan, ReservationId)>,
    /// Numbers the idempotency keys.
    keys: usize,
    /// Of the map whose changes are asked for.
    pub version: String,
}

fn concert(id: ConcertId, max_active: u64, mut dates: Vec<NewDate>) -> Result<Command, Failure> {
    // No two of a concert start at one instant.
    for (minutes, date) in (0..).zip(&mut dates) {
        date.starts_at = date.starts_at.plus_ms(minutes * 60_000);
    }
    Ok(Command::CreateConcert(CreateConcert {
        concert: id,
        concert_name: "Bench".into(),
        theater: "Bench".into(),
        run_time: 90,
        start_at: Time(0),
        end_at: None,
        time_zone: None,
        currency: Currency::KRW,
        policy: LASTING,
        queue: QueueSettings {
            max_active,
            admissions_per_second: 10_000_000,
            max_waiting: 10_000_000,
            paused: false,
        },
        seed: random()?,
        draw: DrawTerms::default(),
        billing: boxoffice_core::poster::Billing::default(),
        dates,
    }))
}

fn date(seats: usize, now: Time) -> NewDate {
    let seat = |number| NewSeat { number, zone: "R".into(), price: Money(150_000) };
    let last = u32::try_from(seats).unwrap_or(u32::MAX);
    NewDate {
        layout: None,
        date: DateId(new_id()),
        starts_at: now.plus_ms(30 * 86_400_000),
        seats: (1..=last).map(seat).collect(),
    }
}

fn commit(
    store: &mut dyn Store,
    commands: Vec<Command>,
    now: Time,
) -> Result<Vec<Outcome>, Failure> {
    let envelope = |command| Envelope { command, key: None };
    let envelopes: Vec<Envelope> = commands.into_iter().map(envelope).collect();
    let replies = transact(store, |store| {
        let mut rows = Rows::default();
        load_all(&envelopes, &mut rows, |keys, rows| store.load(keys, rows))?;
        let replies = run(&envelopes, &mut rows, now);
        store.save(&rows)?;
        Ok(replies)
    })?;
    let refused = |refusal| format!("refused while preparing: {refusal:?}");
    replies.into_iter().map(|reply| Ok(reply.result.map_err(refused)?)).collect()
}

fn join_all(
    store: &mut dyn Store,
    concert: ConcertId,
    count: usize,
    now: Time,
) -> Result<Vec<Fan>, Failure> {
    let mut fans = Vec::with_capacity(count);
    while fans.len() < count {
        let users: Vec<UserId> =
            (fans.len()..count).take(BATCH).map(|n| UserId(scattered_id(n))).collect();
        let joins = users
            .iter()
            .map(|&user| Command::Join(Join::of(user, QueueId::general(concert))))
            .collect();
        for (user, outcome) in users.into_iter().zip(commit(store, joins, now)?) {
            if let Outcome::Joined(ticket) = outcome {
                fans.push(Fan { user, place: ticket.place });
            }
        }
    }
    Ok(fans)
}

/// How much is needed.
#[derive(Clone, Copy)]
pub struct Wanted {
    /// Requests of a changing step in a round, at most.
    pub changes: usize,
    /// Requests of all rounds that hold a seat.
    pub holds: usize,
    /// Requests of all rounds that pay.
    pub pays: usize,
    /// Seats of the dates that they are of.
    pub seats_per_date: usize,
    /// Sizes of the dates whose map is looked at.
    pub maps: &'static [usize],
    /// Places in line.
    pub waiting: usize,
    /// Times that a crowd wants one seat.
    pub hot_seats: usize,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            changes: 0,
            holds: 0,
            pays: 0,
            seats_per_date: SEATS_PER_DATE,
            maps: &[],
            waiting: 0,
            hot_seats: 0,
        }
    }
}

impl Prepared {
    /// Fills a fresh database.
    pub fn make(store: &mut dyn Store, keys: &Path, wanted: Wanted) -> Result<Self, Failure> {
        let now = Clock::System.now();
        let keys = KeyFile::open(keys, now)?;
        let (sale, line) = (ConcertId(new_id()), ConcertId(new_id()));
        let changes = wanted.holds + wanted.pays;
        let size = wanted.seats_per_date;
        let shown: Vec<NewDate> = wanted.maps.iter().map(|&seats| date(seats, now)).collect();
        let hot = date(wanted.hot_seats.max(1), now);
        let large: Vec<NewDate> = (0..changes.div_ceil(size)).map(|_| date(size, now)).collect();
        let maps = wanted.maps.iter().copied().zip(shown.iter().map(|d| d.date)).collect();
        let large_dates = large.iter().map(|d| d.date).collect();
        let hot_date = hot.date;
        let dates = shown.into_iter().chain([hot]).chain(large).collect();
        commit(store, vec![concert(sale, 10_000_000, dates)?], now)?;
        commit(store, vec![concert(line, 1, Vec::new())?], now)?;
        let mut waiting = join_all(store, line, wanted.waiting + 1, now)?;
        waiting.remove(0);
        let crowds = wanted.hot_seats * CROWD;
        let mut shopping = join_all(store, sale, changes + READERS + crowds, now)?;
        for fans in shopping.chunks(BATCH) {
            let arrive = |fan: &Fan| Command::Arrive(Arrive { user: fan.user, place: fan.place });
            commit(store, fans.iter().map(arrive).collect(), now)?;
        }
        let crowd = shopping.split_off(changes + READERS);
        let mut prepared = Self {
            keyring: Keyring::new(&keys),
            now,
            changes: wanted.changes,
            sale,
            line,
            maps,
            hot_date,
            large_dates,
            seats_per_date: size,
            waiting,
            shopping,
            crowd,
            used: 0,
            used_meanwhile: 0,
            payers: Vec::new(),
            keys: 0,
            version: String::new(),
        };
        prepared.hold_and_charge(store, wanted.pays)?;
        Ok(prepared)
    }

    /// Has so many fans hold a seat and charge its price.
    fn hold_and_charge(&mut self, store: &mut dyn Store, count: usize) -> Result<(), Failure> {
        let fans = self.used;
        let wishes = self.wishes(count);
        let holders: Vec<(Fan, Wish)> = self.shopping[fans..].iter().copied().zip(wishes).collect();
        for some in holders.chunks(BATCH) {
            let reserve = |(fan, wish): &(Fan, Wish)| {
                Command::Reserve(Reserve {
                    user: fan.user,
                    place: fan.place,
                    date: wish.date,
                    seats: BTreeSet::from([wish.seat]),
                    reservation: ReservationId(new_id()),
                })
            };
            let charge = |(fan, _): &(Fan, Wish)| {
                Command::Charge(Charge {
                    user: fan.user,
                    place: Some(fan.place),
                    amount: CHARGE,
                    currency: Currency::KRW,
                    charge: ChargeId(new_id()),
                })
            };
            let held = commit(store, some.iter().map(reserve).collect(), self.now)?;
            commit(store, some.iter().map(charge).collect(), self.now)?;
            for ((fan, _), outcome) in some.iter().zip(held) {
                if let Outcome::Reserved { reservation_id, .. } = outcome {
                    self.payers.push((*fan, reservation_id));
                }
            }
        }
        Ok(())
    }

    fn head(&self, method: &str, path: &str) -> String {
        format!("{method} {path} HTTP/1.1\r\nhost: bench\r\n")
    }

    fn identity(&self, user: UserId) -> String {
        let token = self.keyring.identity(Use::Identity, user, self.now, 3_600_000);
        format!("authorization: Bearer {}\r\n", token.unwrap_or_default())
    }

    fn queue_token(&self, fan: Fan) -> String {
        let claims =
            queue_claims(fan.user, fan.place, None, self.now, self.now.plus_ms(86_400_000));
        let token = self.keyring.queue(&claims).unwrap_or_default();
        format!("x-queue-token: {token}\r\n")
    }

    fn shopper(&self, method: &str, path: &str, fan: Fan) -> String {
        self.head(method, path) + &self.identity(fan.user) + &self.queue_token(fan)
    }

    /// A whole request for a place in line.
    fn join(&self, concert: ConcertId, identity: &str) -> Vec<u8> {
        let head = self.head("POST", &format!("/api/v1/concerts/{concert}/queue-tokens"));
        (head + identity + "content-length: 0\r\n\r\n").into_bytes()
    }

    /// A whole request with a JSON body and an idempotency key of its own.
    fn keyed(&mut self, head: String, body: &str) -> Vec<u8> {
        self.keys += 1;
        let key = format!("idempotency-key: bench-{}\r\n", self.keys);
        (head + &key + &with_body(body)).into_bytes()
    }

    /// The requests of a step for one round.
    pub fn requests(&mut self, step: Step) -> Result<Vec<Vec<u8>>, Failure> {
        let whole = |head: String| (head + "\r\n").into_bytes();
        let count = step.count(self.changes);
        Ok(match step {
            Step::Noop => vec![whole(self.head("GET", "/livez"))],
            Step::Status => {
                let path = format!("/api/v1/concerts/{}/queue", self.line);
                vec![whole(self.head("GET", &path))]
            }
            Step::Poll => {
                let fans = self.waiting.iter().step_by((self.waiting.len() / READERS).max(1));
                let poll = |fan: &Fan| {
                    whole(self.head("GET", "/api/v1/queue-tokens/me") + &self.queue_token(*fan))
                };
                fans.map(poll).collect()
            }
            Step::Map { seats, query } => {
                let date = self.maps.iter().find(|(size, _)| *size == seats);
                let (_, date) = date.ok_or("no date of this size was prepared")?;
                self.looks(*date, query, &self.version)
            }
            Step::Busy { query } => self.looks(self.largest()?.1, query, VERSION.0),
            Step::Join(_) => {
                let identity = || self.identity(UserId(new_id()));
                (0..count).map(|_| self.join(self.line, &identity())).collect()
            }
            Step::Hold(_) => self.holds(count),
            Step::Charge(_) => self.charges(count),
            Step::Pay(_) => self.pays(count),
            Step::Buy(_) => self.purchases(count),
        })
    }

    fn largest(&self) -> Result<(usize, DateId), Failure> {
        let largest = self.maps.iter().max_by_key(|(size, _)| *size);
        Ok(*largest.ok_or("no date whose map is looked at was prepared")?)
    }

    fn looks(&self, date: DateId, query: &str, version: &str) -> Vec<Vec<u8>> {
        let since = if query == SINCE { version } else { "" };
        let path = format!("/api/v1/concert-dates/{date}/seats{query}{since}");
        let fans = self.shopping.iter().rev().take(READERS);
        fans.map(|&fan| (self.shopper("GET", &path, fan) + "\r\n").into_bytes()).collect()
    }

    /// Holds of seats all over the date with the largest map, in one of so many rounds.
    pub fn holds_meanwhile(&mut self, rounds: usize) -> Result<Vec<Vec<u8>>, Failure> {
        let (seats, date) = self.largest()?;
        let steps = STEPS.iter().filter(|(step, _)| matches!(step, Step::Busy { .. })).count();
        let count = (seats / steps / rounds.max(1)).min(self.changes);
        let draw = Draw::new(&[8; 32], u64::try_from(seats)?);
        let numbers = self.used_meanwhile + 1..=self.used_meanwhile + count;
        self.used_meanwhile += count;
        let seat = |nth: usize| Ok(u32::try_from(draw.number_of(u64::try_from(nth)?))?);
        let seats: Vec<u32> = numbers.map(seat).collect::<Result<_, Failure>>()?;
        let fans = self.used;
        self.used += count;
        let fans = self.shopping.get(fans..self.used).ok_or("there are no fans left")?;
        let wish = |fan: &Fan, seat| Wish { user: fan.user.0, date, seat };
        Ok(fans.iter().zip(seats).map(|(fan, seat)| self.hold(*fan, &wish(fan, seat))).collect())
    }

    /// Everything that a fan does who has signed in and gets one seat.
    fn purchases(&mut self, count: usize) -> Vec<Vec<u8>> {
        let wishes = self.wishes(count);
        let queue_token = format!("x-queue-token: {}\r\n", QUEUE_TOKEN.0);
        let (sale, mut requests) = (self.sale, Vec::new());
        for Wish { date, seat, .. } in wishes {
            let user = UserId(new_id());
            let identity = self.identity(user);
            let join = self.join(sale, &identity);
            let shopper =
                |method: &str, path: &str| self.head(method, path) + &identity + &queue_token;
            let get = |path: &str| (shopper("GET", path) + "\r\n").into_bytes();
            let poll = get("/api/v1/queue-tokens/me");
            let dates = get(&format!("/api/v1/concerts/{sale}/dates"));
            let map = get(&format!("/api/v1/concert-dates/{date}/seats?form=compact"));
            let hold = hold_of(shopper("POST", HOLDS), date, seat);
            let charge = shopper("POST", &format!("/api/v1/users/{user}/balance/charges"));
            let pay = shopper("POST", &format!("/api/v1/reservations/{}/payment", RESERVATION.0));
            let charge = self.keyed(charge, &format!(r#"{{"amount":{}}}"#, CHARGE.0));
            let pay = self.keyed(pay, "{}");
            requests.extend([join, poll, dates, map, hold, charge, pay]);
        }
        requests
    }

    fn charges(&mut self, count: usize) -> Vec<Vec<u8>> {
        let fans: Vec<Fan> = self.shopping.iter().rev().take(READERS).copied().collect();
        let fans = fans.into_iter().cycle().take(count);
        let charge = |fan: Fan| {
            let path = format!("/api/v1/users/{}/balance/charges", fan.user);
            let head = self.shopper("POST", &path, fan);
            self.keyed(head, r#"{"amount":1000}"#)
        };
        fans.map(charge).collect()
    }

    fn pays(&mut self, count: usize) -> Vec<Vec<u8>> {
        let left = self.payers.len().saturating_sub(count);
        let payers = self.payers.split_off(left);
        let pay = |(fan, reservation): (Fan, ReservationId)| {
            let path = format!("/api/v1/reservations/{reservation}/payment");
            let head = self.shopper("POST", &path, fan);
            self.keyed(head, "{}")
        };
        payers.into_iter().map(pay).collect()
    }

    /// Who wants which seat next.
    pub fn wishes(&mut self, count: usize) -> Vec<Wish> {
        let range = self.used..self.used + count;
        self.used = range.end;
        debug_assert!(self.shopping.iter().all(|fan| fan.place.queue.concert == self.sale));
        // Fans choose seats all over the hall, not one after the other.
        let draw = Draw::new(&[7; 32], u64::try_from(self.seats_per_date).unwrap_or(0));
        let wish = |fan: usize| {
            let date = *self.large_dates.get(fan / self.seats_per_date)?;
            let nth = u64::try_from(fan % self.seats_per_date + 1).ok()?;
            let seat = u32::try_from(draw.number_of(nth)).ok()?;
            Some(Wish { user: self.shopping.get(fan)?.user.0, date, seat })
        };
        range.filter_map(wish).collect()
    }

    fn holds(&mut self, count: usize) -> Vec<Vec<u8>> {
        let fans = self.used;
        let wishes = self.wishes(count).into_iter().zip(&self.shopping[fans..]);
        wishes.map(|(wish, fan)| self.hold(*fan, &wish)).collect()
    }

    fn hold(&self, fan: Fan, wish: &Wish) -> Vec<u8> {
        hold_of(self.shopper("POST", HOLDS, fan), wish.date, wish.seat)
    }

    /// A crowd that wants one seat; none, when all crowds have had theirs.
    pub fn one_seat(&mut self) -> Option<Vec<Wish>> {
        let left = self.crowd.len().checked_sub(CROWD)?;
        let seat = u32::try_from(left / CROWD + 1).ok()?;
        let wish = |fan: Fan| Wish { user: fan.user.0, date: self.hot_date, seat };
        Some(self.crowd.split_off(left).into_iter().map(wish).collect())
    }

    /// The same as requests.
    pub fn one_seat_requests(&mut self) -> Option<Vec<Vec<u8>>> {
        let left = self.crowd.len().checked_sub(CROWD)?;
        let fans = self.crowd[left..].to_vec();
        let wishes = self.one_seat()?;
        Some(fans.into_iter().zip(&wishes).map(|(fan, wish)| self.hold(fan, wish)).collect())
    }
}
