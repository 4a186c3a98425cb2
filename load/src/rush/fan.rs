//! A fan, from arriving to having the tickets or not: what a person's client does, and what persons do.

mod asking;
mod choosing;
pub(super) mod hostile;
mod operator;
pub(super) mod streaming;
mod tickets;

use super::figures::{Figures, Stage, Step};
use super::linear::Act;
use super::map::Map;
use super::record::Fact;
use super::wire::Pools;
use super::world::World;
use crate::http::{Answer, Ask};
use asking::Unanswered;
use boxoffice_server::http::problem::Code;
use choosing::Claim;
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::cell::RefMut;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// What comes of a step, or how the fan's story ends there.
type Told<T> = Result<T, Stage>;

/// See the module.
pub struct Fan {
    world: Rc<World>,
    pools: Rc<Pools>,
    random: fastrand::Rng,
    user: Uuid,
    identity: String,
    token: String,
    stage: Stage,
    /// When the next request is due.
    due: Instant,
    keys: u32,
    /// When it learned that it was let in.
    admitted: Option<Instant>,
    /// What it has seen of each date.
    maps: HashMap<Uuid, Map>,
    /// Dates whose layout it has read.
    layouts: Vec<Uuid>,
    /// Whether it asks for streams of events.
    streams: bool,
    /// The seats of a date, as they change.
    seat_stream: Option<streaming::SeatStream>,
    /// What it does if it is no fan but an attacker.
    attack: Option<hostile::Attack>,
}

/// When a request was first sent and when its answer was there; for histories.
type Span = (u64, Option<u64>);

/// What a fan in line reads of an answer; a server that leaves members out is an older one.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    token: Cow<'a, str>,
    #[serde(borrow)]
    state: Cow<'a, str>,
    #[serde(borrow, default)]
    sale: Cow<'a, str>,
    seats_held: Option<u64>,
    position: Option<u64>,
    poll_after_ms: Option<u64>,
    #[serde(default)]
    may_return: bool,
    /// Whether a stream of events is offered.
    #[serde(default)]
    stream: bool,
}

/// Where somebody in line is.
#[derive(Clone, Copy)]
enum Stands {
    Admitted,
    Waits,
    MayReturn,
}

impl Line<'_> {
    /// Whether there is nothing left to wait for: no seat is free, and none may come back.
    fn is_hopeless(&self) -> bool {
        self.state == "waiting" && self.sale == "sold_out" && self.seats_held.unwrap_or(0) == 0
    }
}

/// UTC milliseconds of an RFC 3339 text.
pub(super) fn instant_of(value: &Value) -> Option<i64> {
    let text = value.as_str()?;
    let format = &time::format_description::well_known::Rfc3339;
    let moment = time::OffsetDateTime::parse(text, format).ok()?;
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok()
}

fn uuid_of(value: &Value) -> Option<Uuid> {
    value.as_str()?.parse().ok()
}

impl Fan {
    /// The fan who is due to arrive at `due`.
    pub fn new(world: &Rc<World>, pools: Rc<Pools>, number: u64, due: Instant) -> Self {
        let seed = world.options.seed.wrapping_mul(1_000_003).wrapping_add(number);
        let mut random = fastrand::Rng::with_seed(seed);
        // A seed gives the same behaviour again, by other users: those of the last run have bought.
        let id = random.u128(..) ^ world.run.as_u128().rotate_left(64);
        let user = uuid::Builder::from_random_bytes(id.to_le_bytes()).into_uuid();
        let streams = random.f64() * 100.0 < world.options.stream_percent;
        Self {
            world: Rc::clone(world),
            pools,
            random,
            user,
            identity: String::new(),
            token: String::new(),
            stage: Stage::Away,
            due,
            keys: 0,
            admitted: None,
            maps: HashMap::new(),
            layouts: Vec::new(),
            streams,
            seat_stream: None,
            attack: None,
        }
    }

    /// Where it is counted: attackers apart from the fans.
    fn figures(&self) -> RefMut<'_, Figures> {
        let of = if self.attack.is_some() { &self.world.hostile } else { &self.world.figures };
        of.borrow_mut()
    }

    /// Whether nothing more is asked for.
    fn is_over(&self) -> bool {
        self.world.is_over() || (self.attack.is_some() && self.world.fans_ended.get())
    }

    fn go(&mut self, to: Stage) {
        self.figures().moved(self.stage, to);
        self.stage = to;
    }

    fn chance(&mut self, percent: f64) -> bool {
        self.random.f64() * 100.0 < percent
    }

    /// Takes time to think: exponential around the mean that was asked for.
    fn think(&mut self) {
        if self.attack.is_some() {
            self.due = Instant::now() + self.pace();
            return;
        }
        let mean = f64::from(self.world.options.think_ms);
        let ms = -mean * (1.0 - self.random.f64()).ln();
        self.due = Instant::now() + Duration::from_secs_f64(ms.min(mean * 10.0) / 1000.0);
    }

    /// Lives, from the moment on at which it is due to arrive.
    pub async fn live(mut self) {
        self.figures().arrived();
        self.go(Stage::Waiting);
        let (Ok(end) | Err(end)) = self.story().await;
        self.go(end);
    }

    async fn story(&mut self) -> Told<Stage> {
        self.join().await?;
        if self.chance(self.world.options.no_show) {
            return Ok(Stage::NoShow);
        }
        self.wait_in_line().await?;
        // In a box: of a million fans few shop at once.
        Box::pin(self.shop()).await
    }

    async fn shop(&mut self) -> Told<Stage> {
        self.admitted = Some(Instant::now());
        self.identity = self.world.identity(self.user);
        self.figures().admitted();
        self.go(Stage::Shopping);
        let Some(Claim { reservation, price, date, seats }) = self.choose().await? else {
            return Ok(self.stage);
        };
        self.go(Stage::Holding);
        if self.chance(self.world.options.abandon) {
            return Ok(Stage::Abandoned);
        }
        self.think();
        if self.chance(self.world.options.release) {
            return self.release(reservation, date, &seats).await;
        }
        self.pay(reservation, price, date, &seats).await
    }

    fn with_identity(&self, ask: Ask) -> Ask {
        ask.with("authorization", format!("Bearer {}", self.identity))
    }

    fn as_shopper(&self, ask: Ask) -> Ask {
        self.with_identity(ask).with("x-queue-token", self.token.clone())
    }

    fn keyed(&mut self, ask: Ask) -> Ask {
        self.keys += 1;
        let key = format!("rush-{}-{}", self.world.run, self.keys);
        ask.with("idempotency-key", key)
    }

    fn surprise(&self, text: &str) {
        self.figures().surprise(format!("user {}: {text}", self.user));
    }

    /// An answer that a right server does not give here.
    fn unexpected(&self, step: Step, answer: &Answer) -> Stage {
        let body = String::from_utf8_lossy(&answer.body).chars().take(300).collect::<String>();
        self.surprise(&format!("{}: {} {body}", step.name(), answer.status));
        Stage::Failed
    }

    /// What an answer means that is no success: the time was over, or something is wrong.
    fn refused(&self, step: Step, answer: &Answer) -> Stage {
        match answer.code().parse() {
            // Whoever let too many holds lapse may not join again for a while.
            Ok(Code::QueueTokenExpired | Code::HoldLapsed | Code::TooManyLapses) => Stage::TooLate,
            Ok(Code::SaleClosed | Code::DateCancelled) => Stage::SoldOut,
            _ => self.unexpected(step, answer),
        }
    }

    /// After a change that nobody answered, the fan's rows may hold more than it knows of.
    fn doubt(&self, why: &Unanswered) -> Stage {
        if matches!(why, Unanswered::Sent(_)) {
            self.world.record.borrow_mut().in_doubt.insert(self.user);
        }
        Stage::CutOff
    }

    /// Of a change to seats, too, that may have been made.
    fn seats_in_doubt(&self, why: &Unanswered, (date, seats): (Uuid, &[u32]), act: Act) -> Stage {
        if let &Unanswered::Sent(span) = why {
            self.world.record.borrow_mut().act(date, seats, act, span);
        }
        self.doubt(why)
    }

    async fn read(&mut self, step: Step, path: String) -> Told<Answer> {
        let ask = self.as_shopper(Ask::new("GET", path));
        let (answer, _) = self.ask(step, &ask, false).await.map_err(|_| Stage::CutOff)?;
        if answer.status == 200 { Ok(answer) } else { Err(self.refused(step, &answer)) }
    }

    async fn join(&mut self) -> Told<()> {
        let path = format!("/api/v1/concerts/{}/queue-tokens", self.world.concert);
        self.identity = self.world.identity(self.user);
        let ask = self.with_identity(Ask::new("POST", path));
        let ask = self.keyed(ask);
        // Not needed in line, and a million would be kept.
        self.identity = String::new();
        let asked = self.ask(Step::Join, &ask, true).await;
        let (answer, _) = asked.map_err(|why| self.doubt(&why))?;
        if !matches!(answer.status, 200 | 201) {
            return Err(self.refused(Step::Join, &answer));
        }
        let Ok(view) = serde_json::from_slice::<Line<'_>>(&answer.body) else {
            return Err(self.unexpected(Step::Join, &answer));
        };
        let Some(sequence) = self.world.sequence(&view.token) else {
            return Err(self.unexpected(Step::Join, &answer));
        };
        self.token = view.token.as_ref().to_owned();
        self.figures().funnel.joined += u64::from(answer.status == 201);
        // Places that were left may be forgotten.
        if self.attack.is_none() {
            self.world.record.borrow_mut().tell(self.user, Fact::Place { sequence });
        }
        self.wait_as_told(&view)
    }

    /// The next poll is due when the server says. A fan who can hope for no seat leaves.
    fn wait_as_told(&mut self, view: &Line<'_>) -> Told<()> {
        if view.is_hopeless() {
            return Err(Stage::SoldOutWaiting);
        }
        let mut ms = view.poll_after_ms.unwrap_or(0);
        if self.attack.is_some() {
            ms = ms.min(hostile::POLL_MAX_MS);
        }
        self.due = Instant::now() + Duration::from_millis(ms);
        Ok(())
    }

    async fn wait_in_line(&mut self) -> Told<()> {
        let mut position = u64::MAX;
        loop {
            let ask =
                Ask::new("GET", "/api/v1/queue-tokens/me").with("x-queue-token", &*self.token);
            let asked = self.ask(Step::Poll, &ask, false).await;
            let (answer, _) = asked.map_err(|_| Stage::CutOff)?;
            if answer.status != 200 {
                return Err(self.unexpected(Step::Poll, &answer));
            }
            let Ok(view) = serde_json::from_slice::<Line<'_>>(&answer.body) else {
                return Err(self.unexpected(Step::Poll, &answer));
            };
            let (mut stands, offered) = (self.stands(&view, &mut position)?, view.stream);
            if matches!(stands, Stands::Waits) && offered && self.streams {
                stands = Box::pin(self.follow_place(&mut position)).await?;
            }
            match stands {
                Stands::Admitted => return Ok(()),
                Stands::Waits => {}
                // Came too late for its turn: asks again, and is at the front.
                Stands::MayReturn => {
                    self.join().await?;
                    position = u64::MAX;
                }
            }
        }
    }

    /// What an answer to somebody in line means, whose position was this.
    fn stands(&mut self, view: &Line<'_>, position: &mut u64) -> Told<Stands> {
        match (view.state.as_ref(), view.may_return) {
            ("admitted", _) => return Ok(Stands::Admitted),
            ("waiting", _) => {}
            ("expired", true) => return Ok(Stands::MayReturn),
            _ => return Err(Stage::TooLate),
        }
        if let Some(now) = view.position {
            // One of several servers may know less than the one before.
            if now > *position && !self.world.has_several_servers() {
                self.surprise(&format!("its position rose from {position} to {now}"));
            }
            *position = now;
        }
        self.wait_as_told(view)?;
        Ok(Stands::Waits)
    }

    async fn release(&mut self, claim: Uuid, date: Uuid, seats: &[u32]) -> Told<Stage> {
        self.give_back(claim, date, seats).await?;
        self.leave().await?;
        Ok(Stage::Released)
    }

    async fn give_back(&mut self, claim: Uuid, date: Uuid, seats: &[u32]) -> Told<()> {
        let path = format!("/api/v1/reservations/{claim}");
        let ask = self.as_shopper(Ask::new("DELETE", path));
        let asked = self.ask(Step::Release, &ask, true).await;
        let act = Act::Release { claim };
        let (answer, span) = asked.map_err(|why| self.seats_in_doubt(&why, (date, seats), act))?;
        if !matches!(answer.status, 200 | 204) {
            return Err(self.refused(Step::Release, &answer));
        }
        self.world.record.borrow_mut().act(date, seats, act, span);
        self.world.record.borrow_mut().tell(self.user, Fact::Released { reservation: claim });
        Ok(())
    }

    async fn leave(&mut self) -> Told<()> {
        let ask = Ask::new("DELETE", "/api/v1/queue-tokens/me").with("x-queue-token", &*self.token);
        let asked = self.ask(Step::Leave, &ask, false).await;
        let (answer, _) = asked.map_err(|why| self.doubt(&why))?;
        if answer.status == 204 { Ok(()) } else { Err(self.refused(Step::Leave, &answer)) }
    }

    async fn charge(&mut self, amount: i64) -> Told<()> {
        let path = format!("/api/v1/users/{}/balance/charges", self.user);
        let ask = self.as_shopper(Ask::new("POST", path).json(&json!({ "amount": amount })));
        let ask = self.keyed(ask);
        let asked = self.ask(Step::Charge, &ask, true).await;
        let (answer, _) = asked.map_err(|why| self.doubt(&why))?;
        let charge = uuid_of(&answer.json()["charge_id"]).filter(|_| answer.status == 201);
        let Some(charge) = charge else { return Err(self.refused(Step::Charge, &answer)) };
        self.world.record.borrow_mut().tell(self.user, Fact::Charged { charge, amount });
        Ok(())
    }

    /// Pays, and charges the balance before, or after a refusal says that it is too small.
    async fn pay(&mut self, claim: Uuid, price: i64, date: Uuid, seats: &[u32]) -> Told<Stage> {
        if self.random.bool() && price > 0 {
            self.charge(price).await?;
            self.think();
        }
        let path = format!("/api/v1/reservations/{claim}/payment");
        let ask = self.as_shopper(Ask::new("POST", path).json(&json!({})));
        let ask = self.keyed(ask);
        loop {
            let asked = self.ask(Step::Pay, &ask, true).await;
            let act = Act::Pay { claim, at: None };
            let (answer, span) =
                asked.map_err(|why| self.seats_in_doubt(&why, (date, seats), act))?;
            let view = answer.json();
            if answer.code() == Code::InsufficientBalance.as_str() {
                self.charge(view["missing"].as_i64().unwrap_or(price)).await?;
                continue;
            }
            let payment = uuid_of(&view["payment_id"]).filter(|_| answer.status == 201);
            let Some(payment) = payment else { return Err(self.refused(Step::Pay, &answer)) };
            let amount = view["amount"].as_i64().unwrap_or_default();
            let act = Act::Pay { claim, at: instant_of(&view["paid_at"]) };
            self.world.record.borrow_mut().act(date, seats, act, span);
            let fact = Fact::Paid { payment, reservation: claim, amount };
            self.world.record.borrow_mut().tell(self.user, fact);
            self.figures().paid(u64::try_from(seats.len()).unwrap_or(0));
            let mut end = self.see_booking(claim).await?;
            if self.chance(self.world.options.tickets) {
                end = self.see_tickets(claim, date, seats).await?;
            }
            self.given_back(payment, claim, (date, seats)).await?;
            return Ok(end);
        }
    }

    /// What was bought is there when the fan looks.
    async fn see_booking(&mut self, claim: Uuid) -> Told<Stage> {
        let ask = self.with_identity(Ask::new("GET", "/api/v1/bookings"));
        // The purchase is a fact, whether or not there was time to look at it.
        let Ok((answer, _)) = self.ask(Step::Bookings, &ask, false).await else {
            return Ok(Stage::Bought);
        };
        if answer.status != 200 {
            return Err(self.unexpected(Step::Bookings, &answer));
        }
        let bookings = answer.json()["bookings"].as_array().cloned().unwrap_or_default();
        if !bookings.iter().any(|b| uuid_of(&b["reservation_id"]) == Some(claim)) {
            self.surprise(&format!("bookings: reservation {claim} was paid and is not there"));
        }
        Ok(Stage::Bought)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rush::options::Options;
    use boxoffice_server::tokens::{KeyFile, Keyring};
    use clap::Parser;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        options: Options,
    }

    /// A world in which nothing has happened, without double clicks and cuts.
    pub fn world(flags: &[&str]) -> Rc<World> {
        let folder = tempfile::tempdir().unwrap();
        let keys =
            KeyFile::open(&folder.path().join("k"), boxoffice_server::clock::Clock::System.now());
        let words = ["rush", "--double-click=0", "--cut=0"].iter().chain(flags);
        let options = Only::parse_from(words).options;
        Rc::new(World::new(options, Uuid::nil(), Keyring::new(&keys.unwrap())).unwrap())
    }

    fn line(text: &str) -> Line<'_> {
        serde_json::from_str(text).unwrap()
    }

    /// Whoever waits goes when no seat is free and none is only held; a server that does not tell is
    /// waited for as before.
    #[test]
    fn a_line_for_nothing_is_told_from_one_with_hope() {
        for (text, hopeless) in [
            (r#"{"state":"waiting","sale":"sold_out","seats_held":0}"#, true),
            (r#"{"state":"waiting","sale":"sold_out"}"#, true),
            (r#"{"state":"waiting","sale":"sold_out","seats_held":3,"position":null}"#, false),
            (r#"{"state":"admitted","sale":"sold_out","seats_held":0}"#, false),
            (r#"{"state":"waiting","sale":"open","seats_held":0}"#, false),
            (r#"{"state":"waiting","poll_after_ms":7,"may_return":false}"#, false),
        ] {
            assert_eq!(line(text).is_hopeless(), hopeless, "{text}");
        }
    }
}
