//! How a fan comes to its seats: chosen on the map, together by the layout, or the best that the server finds.

use super::streaming::SeatStream;
use super::{Fan, Span, Told, instant_of, uuid_of};
use crate::http::{Answer, Ask};
use crate::rush::figures::{Stage, Step};
use crate::rush::linear::Act;
use crate::rush::map::Map;
use crate::rush::record::Fact;
use crate::rush::seating::Wish;
use boxoffice_server::http::problem::Code;
use serde_json::{Value, json};
use std::rc::Rc;
use uuid::Uuid;

/// Times that a fan asks again after losing a race for seats.
const RACES_MAX: u32 = 30;
/// Fans who choose on the map and have the layout drawn, per cent.
const BY_LAYOUT: f64 = 50.0;
/// Fans who want the best seats of one grade, and as many of one section, per cent.
const NARROWED: f64 = 30.0;

/// Seats that a fan holds.
pub(super) struct Claim {
    pub reservation: Uuid,
    /// Minor units.
    pub price: i64,
    pub date: Uuid,
    pub seats: Vec<u32>,
}

/// How a fan chooses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Map,
    Layout,
    Best,
}

fn numbers<'a>(list: impl IntoIterator<Item = &'a Value>) -> Vec<u32> {
    list.into_iter().filter_map(|value| u32::try_from(value.as_u64()?).ok()).collect()
}

impl Fan {
    /// Looks for seats until it has some. `None` when it gives up; the stage tells why.
    pub(super) async fn choose(&mut self) -> Told<Option<Claim>> {
        let has_layout = !self.world.halls.printed.is_empty();
        let way = match (self.chance(self.world.options.best_percent), self.chance(BY_LAYOUT)) {
            (true, _) => Way::Best,
            (_, true) if has_layout => Way::Layout,
            _ => Way::Map,
        };
        let chosen = self.choose_by(way).await;
        self.seat_stream = None;
        chosen
    }

    async fn choose_by(&mut self, way: Way) -> Told<Option<Claim>> {
        // What it wants of the best seats; less after it has heard that there are none.
        let mut wish = None;
        for _ in 0..RACES_MAX {
            self.think();
            let open = self.open_dates().await?;
            if open.is_empty() {
                self.leave().await?;
                self.go(Stage::SoldOut);
                return Ok(None);
            }
            let streamed = self.seat_stream.as_ref().map(SeatStream::date);
            let streamed = streamed.filter(|date| open.contains(date));
            let date = streamed.unwrap_or_else(|| open[self.random.usize(..open.len())]);
            let claim = if way == Way::Best {
                let wanted = wish.take().unwrap_or_else(|| self.wish(date));
                match Box::pin(self.hold_best(date, wanted)).await? {
                    Ok(claim) => Some(claim),
                    Err(less) => {
                        wish = less;
                        None
                    }
                }
            } else {
                let seats = Box::pin(self.look(date, way == Way::Layout)).await?;
                if seats.is_empty() {
                    continue;
                }
                self.think();
                let claim = self.hold(date, &seats).await?;
                let mut figures = self.figures();
                match way {
                    _ if claim.is_none() => figures.races_lost += 1,
                    Way::Layout => figures.chosen.by_layout += 1,
                    _ => figures.chosen.on_the_map += 1,
                }
                claim
            };
            if claim.is_some() {
                return Ok(claim);
            }
        }
        self.leave().await?;
        self.go(Stage::Outrun);
        Ok(None)
    }

    /// Dates that have a free seat.
    pub(super) async fn open_dates(&mut self) -> Told<Vec<Uuid>> {
        let path = format!("/api/v1/concerts/{}/dates", self.world.concert);
        let dates = self.read(Step::Dates, path).await?.json();
        let dates = dates["dates"].as_array().cloned().unwrap_or_default();
        let left = |date: &&Value| date["available_seats"].as_u64() != Some(0);
        Ok(dates.iter().filter(left).filter_map(|d| uuid_of(&d["concert_date_id"])).collect())
    }

    /// Picks neighbouring seats on the map, mostly near the stage: by their numbers, or by how they stand.
    pub(super) async fn look(&mut self, date: Uuid, by_layout: bool) -> Told<Vec<u32>> {
        if by_layout {
            self.read_layout(date).await?;
        }
        let want = usize::try_from(self.random.u32(1..=self.world.options.seats_each)).unwrap_or(1);
        if self.streams {
            Box::pin(self.follow_seats(date)).await;
        }
        // As the stream says; who has none asks.
        if let Some(seen) = self.streamed(date) {
            let picked = self.pick(&seen.map.borrow(), (date, by_layout), want);
            self.is_not_sold(date, &picked);
            return Ok(picked);
        }
        let path = self.maps.entry(date).or_default().path(date);
        let answer = self.read(Step::Map, path).await?;
        let mut map = self.maps.remove(&date).unwrap_or_default();
        if map.read(&answer.body).is_none() {
            return Err(self.unexpected(Step::Map, &answer));
        }
        let picked = self.pick(&map, (date, by_layout), want);
        self.maps.insert(date, map);
        Ok(picked)
    }

    fn pick(&mut self, map: &Map, (date, by_layout): (Uuid, bool), want: usize) -> Vec<u32> {
        let free = map.available();
        if free == 0 {
            return Vec::new();
        }
        let near = |random: &mut fastrand::Rng, all: usize| {
            let near = if random.bool() { all.div_ceil(10) } else { all };
            random.usize(..near.max(1))
        };
        let seating = self.world.halls.seatings.get(&date).filter(|_| by_layout);
        match seating {
            Some(seating) => seating.pick(map, near(&mut self.random, seating.rows()), want),
            None => map.pick(near(&mut self.random, free), want),
        }
    }

    /// The layout of a date, once: a page keeps it. It is just the one that the date named before the sale.
    async fn read_layout(&mut self, date: Uuid) -> Told<()> {
        let Some(printed) = self.world.halls.printed.get(&date).cloned() else { return Ok(()) };
        if self.layouts.contains(&date) {
            return Ok(());
        }
        // With who it is, as a page sends its cookie: it does not count for the address then.
        let ask = self.as_shopper(Ask::new("GET", printed.path)).with("accept-encoding", "gzip");
        let asked = self.ask(Step::Layout, &ask, false).await;
        let (answer, _) = asked.map_err(|_| Stage::CutOff)?;
        if answer.status != 200 {
            return Err(self.unexpected(Step::Layout, &answer));
        }
        if answer.body != printed.gzip && answer.body != printed.plain {
            self.surprise(&format!("the layout of date {date} is another than before the sale"));
        }
        self.layouts.push(date);
        Ok(())
    }

    /// What a fan wants who leaves the choice to the server.
    fn wish(&mut self, date: Uuid) -> Wish {
        let count = usize::try_from(self.random.u32(1..=self.world.options.seats_each));
        let mut wish = Wish { count: count.unwrap_or(1), ..Wish::default() };
        let Some(seating) = self.world.halls.seatings.get(&date).map(Rc::clone) else {
            return wish;
        };
        let of = self.random.f64() * 100.0;
        if of < NARROWED {
            wish.grade = self.random.choice(&seating.grades).cloned();
        } else if of < 2.0 * NARROWED {
            wish.section = self.random.choice(&seating.sections).cloned();
        }
        wish
    }

    /// Asks for the best seats. Where none fit, what it wants next: anywhere, then fewer.
    async fn hold_best(&mut self, date: Uuid, wish: Wish) -> Told<Result<Claim, Option<Wish>>> {
        let mut best = json!({ "count": wish.count });
        if let Some(grade) = &wish.grade {
            best["grade"] = json!(grade);
        }
        if let Some(section) = &wish.section {
            best["section"] = json!(section);
        }
        let narrowed = wish.grade.is_some() || wish.section.is_some();
        let body = json!({ "concert_date_id": date, "best": best });
        let ask = self.as_shopper(Ask::new("POST", "/api/v1/reservations").json(&body));
        let ask = self.keyed(ask);
        let asked = self.ask(Step::Best, &ask, true).await;
        let (answer, span) = asked.map_err(|why| {
            if let super::asking::Unanswered::Sent((called, _)) = why {
                let mut record = self.world.record.borrow_mut();
                record.best_in_doubt.entry(date).or_default().push(called);
            }
            self.doubt(&why)
        })?;
        let view = answer.json();
        if answer.status == 201 {
            let seats = view["seats"].as_array().into_iter().flatten();
            let given = numbers(seats.map(|seat| &seat["seat_number"]));
            let seating = self.world.halls.seatings.get(&date);
            let wrong = seating.and_then(|seating| seating.wrong_best(&wish, &given));
            if let Some(why) = wrong {
                self.surprise(&format!("{}: {why}", Step::Best.name()));
            }
            let claim = self.held(Step::Best, (date, given), (&answer, span))?;
            let mut figures = self.figures();
            figures.chosen.best += 1;
            figures.chosen.best_narrowed += u64::from(narrowed);
            return Ok(Ok(claim));
        }
        if answer.code() == Code::NoFittingSeats.as_str() {
            let largest = view["largest"].as_u64().and_then(|seats| usize::try_from(seats).ok());
            if largest.is_none_or(|largest| largest >= wish.count) {
                return Err(self.unexpected(Step::Best, &answer));
            }
            self.figures().chosen.best_none_fit += 1;
            if let Some(answered) = span.1 {
                self.world.record.borrow_mut().none_fits(date, &wish, answered);
            }
            let fewer = largest.filter(|seats| *seats > 0).unwrap_or(1);
            let count = if narrowed { wish.count } else { fewer };
            return Ok(Err(Some(Wish { count, ..Wish::default() })));
        }
        if answer.code() == Code::SeatsCoolingOff.as_str() {
            return Ok(Err(None));
        }
        Err(self.refused(Step::Best, &answer))
    }

    async fn hold(&mut self, date: Uuid, seats: &[u32]) -> Told<Option<Claim>> {
        let body = json!({ "concert_date_id": date, "seat_numbers": seats });
        let ask = self.as_shopper(Ask::new("POST", "/api/v1/reservations").json(&body));
        let ask = self.keyed(ask);
        let asked = self.ask(Step::Hold, &ask, true).await;
        let (answer, span) = asked.map_err(|why| {
            let claim = Uuid::from_u128(self.random.u128(..));
            let act = Act::Hold { claim, at: None, until: None };
            self.seats_in_doubt(&why, (date, seats), act)
        })?;
        if answer.status == 201 {
            let held = self.held(Step::Hold, (date, seats.to_vec()), (&answer, span))?;
            return Ok(Some(held));
        }
        if answer.code() == Code::SeatsTaken.as_str() {
            let taken = numbers(answer.json()["seat_numbers"].as_array().into_iter().flatten());
            // By whom it was taken is known only where nobody else buys.
            if self.world.options.concert.is_none() {
                self.world.record.borrow_mut().act(date, &taken, Act::Taken, span);
            }
            return Ok(None);
        }
        // The fan's own seats of before: others are looked for.
        if answer.code() == Code::SeatsCoolingOff.as_str() {
            return Ok(None);
        }
        Err(self.refused(Step::Hold, &answer))
    }

    /// Writes down what was held, and looks whether the answer calls the seats what they are called.
    fn held(
        &self,
        step: Step,
        (date, seats): (Uuid, Vec<u32>),
        (answer, span): (&Answer, Span),
    ) -> Told<Claim> {
        let view = answer.json();
        let (Some(reservation), Some(price), Some(until)) = (
            uuid_of(&view["reservation_id"]),
            view["total_price"].as_i64(),
            instant_of(&view["expires_at"]),
        ) else {
            return Err(self.unexpected(step, answer));
        };
        let seating = self.world.halls.seatings.get(&date);
        if let Some(why) = seating.and_then(|seating| seating.wrong_names(&view["seats"])) {
            self.surprise(&format!("{}: {why}", step.name()));
        }
        let at = instant_of(&view["reserved_at"]);
        let act = Act::Hold { claim: reservation, at, until: Some(until) };
        let mut record = self.world.record.borrow_mut();
        record.act(date, &seats, act, span);
        let fact = Fact::Held { reservation, date, seats: seats.clone(), price, until };
        record.tell(self.user, fact);
        self.figures().funnel.held += 1;
        Ok(Claim { reservation, price, date, seats })
    }
}
