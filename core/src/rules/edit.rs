//! What operators change or delete of a concert and its dates, where nothing of it is held or sold.
//!
//! Nothing is removed: what is deleted keeps its row and is not shown, sold or counted any more, so that
//! what somebody once held can still be told.

use crate::check::{is_name, is_run_time};
use crate::id::{ConcertId, DateId, PosterId, SeatKey};
use crate::limits::{POSTER_BYTES_MAX, SEATS_PER_DATE_MAX};
use crate::outcome::Outcome;
use crate::refusal::{Field, Refusal};
use crate::rows::concert::{Concert, ConcertDate, Policy};
use crate::rows::event::Happening;
use crate::rows::poster::{Billing, Poster, PosterType};
use crate::rows::seat::Seat;
use crate::rows::{Keys, Rows, want};
use crate::rules::Rule;
use crate::steps::concert::{
    NewSeat, any_opened, are_seats, billing_fits, dates_keys, last_own_opening, live, may_start,
    queues_keys,
};
use crate::steps::event::{of_concert, of_date, tell};
use crate::time::Time;

/// Times and limits to be changed; `None` leaves one as it is. See [`Policy`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EditPolicy {
    /// Of holds made from now on: one that there is keeps its end.
    pub hold_ttl_ms: Option<i64>,
    /// Of those who come to the shop from now on.
    pub shop_ttl_ms: Option<i64>,
    /// Of those who are let in from now on.
    pub arrival_grace_ms: Option<i64>,
    /// Who has more keeps them, and is given no more.
    pub seats_per_user: Option<u32>,
    /// Of holds made from now on.
    pub rehold_after_ms: Option<i64>,
}

impl EditPolicy {
    /// The policy as it is after the change.
    fn over(&self, old: &Policy) -> Policy {
        Policy {
            hold_ttl_ms: self.hold_ttl_ms.unwrap_or(old.hold_ttl_ms),
            shop_ttl_ms: self.shop_ttl_ms.unwrap_or(old.shop_ttl_ms),
            arrival_grace_ms: self.arrival_grace_ms.unwrap_or(old.arrival_grace_ms),
            seats_per_user: self.seats_per_user.unwrap_or(old.seats_per_user),
            rehold_after_ms: self.rehold_after_ms.unwrap_or(old.rehold_after_ms),
        }
    }
}

/// What is told of a show beside its name, to be changed: `None` leaves one as it is, `Some(None)` takes it away.
#[derive(Clone, Debug, Default)]
pub struct EditBilling {
    /// Its name in English.
    pub name_en: Option<Option<String>>,
    /// Its name in Korean.
    pub name_ko: Option<Option<String>>,
    /// What it is, in English.
    pub about_en: Option<Option<String>>,
    /// What it is, in Korean.
    pub about_ko: Option<Option<String>>,
    /// Its picture.
    pub poster: Option<Option<NewPoster>>,
}

/// A picture whose bytes were looked at.
#[derive(Clone)]
pub struct NewPoster {
    /// The SHA-256 of its bytes; the caller has computed it.
    pub id: PosterId,
    /// What they are.
    pub media_type: PosterType,
    /// The bytes.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for NewPoster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewPoster({}, {:?}, {} bytes)", self.id, self.media_type, self.body.len())
    }
}

impl EditBilling {
    fn poster(&self) -> Option<&NewPoster> {
        self.poster.as_ref()?.as_ref()
    }

    /// What is told after the change.
    fn over(&self, old: &Billing) -> Billing {
        let text = |new: &Option<Option<String>>, old: &Option<String>| {
            new.clone().unwrap_or_else(|| old.clone())
        };
        let poster = self.poster.as_ref().map(|new| new.as_ref().map(|p| (p.id, p.media_type)));
        Billing {
            name_en: text(&self.name_en, &old.name_en),
            name_ko: text(&self.name_ko, &old.name_ko),
            about_en: text(&self.about_en, &old.about_en),
            about_ko: text(&self.about_ko, &old.about_ko),
            poster: poster.unwrap_or(old.poster),
        }
    }

    fn check(&self, new: &Billing) -> Result<(), Refusal> {
        billing_fits(new)?;
        let size = |poster: &NewPoster| (1..=POSTER_BYTES_MAX).contains(&poster.body.len());
        let fits = self.poster().is_none_or(size);
        ensure!(fits, Refusal::InvalidSetting { field: Field::Poster });
        Ok(())
    }
}

/// Whether somebody who knows the show by one of its names would not find it by them any more.
fn renames(old: &Billing, new: &Billing) -> bool {
    let other = |old: &Option<String>, new: &Option<String>| old.is_some() && old != new;
    other(&old.name_en, &new.name_en) || other(&old.name_ko, &new.name_ko)
}

/// Changes what is told of a concert; `None` leaves it as it is. Names, theater and length only while nothing
/// is held or sold, but for a name in a language that had none; text and poster always; the time zone always, since it says how a time is told and not when it is; times and
/// limits always, since every end that somebody was told is kept with what it ends.
#[derive(Clone, Debug)]
pub struct EditConcert {
    /// Which.
    pub concert: ConcertId,
    /// Name of the show.
    pub concert_name: Option<String>,
    /// Where it is.
    pub theater: Option<String>,
    /// Length in minutes.
    pub run_time: Option<u32>,
    /// IANA name; the caller knows that there is such a zone.
    pub time_zone: Option<String>,
    /// Times and limits.
    pub policy: EditPolicy,
    /// Names by language, text and poster.
    pub billing: EditBilling,
}

/// Seats of a concert's live dates whose rows say held or sold.
fn taken(rows: &Rows, id: ConcertId) -> u64 {
    let dates = rows.dates_of.get(&id).into_iter().flatten();
    dates.filter_map(|date| rows.dates.get(date)).map(|row| row.taken()).sum()
}

/// Whether it has dates and nothing of them is to come.
fn all_started(rows: &Rows, id: ConcertId, now: Time) -> bool {
    let dates = rows.dates_of.get(&id).into_iter().flatten();
    let starts = dates.filter_map(|date| rows.dates.get(date)).map(|row| row.concert_date);
    starts.max().is_some_and(|last| now.reached(last))
}

fn nothing_taken(seats: u64) -> Result<(), Refusal> {
    ensure!(seats == 0, Refusal::HeldOrSold { seats });
    Ok(())
}

impl EditConcert {
    /// Sets a concert's poster, or takes it away, and nothing else.
    #[must_use]
    pub fn poster(concert: ConcertId, poster: Option<NewPoster>) -> Self {
        Self {
            concert,
            concert_name: None,
            theater: None,
            run_time: None,
            time_zone: None,
            policy: EditPolicy::default(),
            billing: EditBilling { poster: Some(poster), ..EditBilling::default() },
        }
    }
}

impl Rule for EditConcert {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        dates_keys(self.concert, rows, keys);
        if let Some(poster) = self.billing.poster() {
            want(&mut keys.posters, &rows.posters, poster.id);
        }
    }

    /// Refuses with: concert not found, invalid setting, held or sold.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let concert = live(rows, self.concert)?.clone();
        let invalid = |field| Refusal::InvalidSetting { field };
        let text = |text: &Option<String>| text.as_deref().is_none_or(is_name);
        ensure!(text(&self.concert_name), invalid(Field::ConcertName));
        ensure!(text(&self.theater), invalid(Field::Theater));
        ensure!(self.run_time.is_none_or(is_run_time), invalid(Field::RunTime));
        ensure!(text(&self.time_zone), invalid(Field::TimeZone));
        let policy = self.policy.over(&concert.policy);
        ensure!(policy == concert.policy || policy.is_valid(), invalid(Field::Policy));
        let billing = self.billing.over(&concert.billing);
        self.billing.check(&billing)?;
        let differs = |new: &Option<String>, old: &String| new.as_ref().is_some_and(|n| n != old);
        let told = differs(&self.concert_name, &concert.concert_name)
            || differs(&self.theater, &concert.theater)
            || self.run_time.is_some_and(|minutes| minutes != concert.run_time)
            || renames(&concert.billing, &billing);
        nothing_taken(if told { taken(rows, self.concert) } else { 0 })?;

        if let Some(new) = self.billing.poster().filter(|new| rows.posters.get(&new.id).is_none()) {
            let NewPoster { id, media_type, body } = new.clone();
            rows.posters.insert(id, Poster { media_type, body, created_at: now });
        }
        if let Some(row) = rows.concerts.update(&self.concert) {
            let set = |to: &mut String, new: &Option<String>| {
                if let Some(new) = new {
                    to.clone_from(new);
                }
            };
            set(&mut row.concert_name, &self.concert_name);
            set(&mut row.theater, &self.theater);
            row.run_time = self.run_time.unwrap_or(row.run_time);
            if self.time_zone.is_some() {
                row.time_zone.clone_from(&self.time_zone);
            }
            row.policy = policy;
            row.billing = billing;
            let new = row.clone();
            tell_changes(rows, self.concert, (&concert, &new), now);
        }
        Ok(Outcome::ConcertEdited { concert_id: self.concert })
    }
}

/// Tells of what is told of the concert, and of its times and limits, where they are not as they were.
fn tell_changes(rows: &mut Rows, id: ConcertId, (old, new): (&Concert, &Concert), now: Time) {
    let told = |concert: &Concert| Happening::ConcertChanged {
        name: concert.concert_name.clone(),
        theater: concert.theater.clone(),
        run_time_minutes: concert.run_time,
        time_zone: concert.time_zone.clone(),
        name_en: concert.billing.name_en.clone(),
        name_ko: concert.billing.name_ko.clone(),
        poster: concert.billing.poster.map(|(id, _)| id.to_string()),
    };
    // The texts are too long to be told with it.
    if told(old) != told(new) || old.billing != new.billing {
        tell(rows, of_concert(id), told(new), now);
    }
    if old.policy != new.policy {
        let what = Happening::PolicyChanged {
            hold_seconds: new.policy.hold_ttl_ms / 1000,
            shop_seconds: new.policy.shop_ttl_ms / 1000,
            arrival_grace_seconds: new.policy.arrival_grace_ms / 1000,
            seats_per_user: new.policy.seats_per_user,
            rehold_after_seconds: new.policy.rehold_after_ms / 1000,
        };
        tell(rows, of_concert(id), what, now);
    }
}

/// Deletes a concert with its dates, before its sale opens or after it was closed.
#[derive(Clone, Debug)]
pub struct DeleteConcert {
    /// Which.
    pub concert: ConcertId,
}

impl Rule for DeleteConcert {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        dates_keys(self.concert, rows, keys);
        queues_keys(self.concert, rows, keys);
    }

    /// Refuses with: concert not found, held or sold, sale open (for one of its queues).
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let concert = live(rows, self.concert)?;
        nothing_taken(taken(rows, self.concert))?;
        let opened = now.reached(concert.opens_at()) || any_opened(rows, self.concert, now);
        let open = opened && concert.not_closed(now).is_ok();
        ensure!(!open || all_started(rows, self.concert, now), Refusal::SaleOpen);

        if let Some(row) = rows.concerts.update(&self.concert) {
            row.by_hand.deleted_at = Some(now);
        }
        tell(rows, of_concert(self.concert), Happening::ConcertDeleted {}, now);
        Ok(Outcome::Deleted)
    }
}

/// Changes a date: when it starts, while nothing of it is held or sold; the zones and prices of seats that
/// are free; and adds seats.
#[derive(Clone, Debug)]
pub struct EditDate {
    /// Of which concert.
    pub concert: ConcertId,
    /// Which.
    pub date: DateId,
    /// When the performance starts.
    pub starts_at: Option<Time>,
    /// Seats with their zone and price: those that there are get them, the others are added; what is not
    /// named stays as it is.
    pub seats: Vec<NewSeat>,
}

impl Rule for EditDate {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        dates_keys(self.concert, rows, keys);
        if self.starts_at.is_some() {
            queues_keys(self.concert, rows, keys);
        }
        want(&mut keys.dates, &rows.dates, self.date);
        // More than a date may have is refused without a look at them.
        if self.seats.len() <= SEATS_PER_DATE_MAX {
            for seat in &self.seats {
                let key = SeatKey { date: self.date, number: seat.number };
                want(&mut keys.seats, &rows.seats, key);
            }
        }
    }

    /// Refuses with: concert not found, date not found, date cancelled, held or sold, date in past, date before opening
    /// (of the sale, or of a queue that would open after all dates), date exists, invalid setting, seats taken. What is
    /// as it was is no change, and is not told.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let opens_at = live(rows, self.concert)?.start_at;
        let date = found(rows, self.concert, self.date)?.clone();
        date.not_cancelled()?;
        let starts_at = self.starts_at.unwrap_or(date.concert_date);
        if starts_at != date.concert_date {
            nothing_taken(date.taken())?;
            may_start(rows, (self.concert, opens_at), (self.date, starts_at), now)?;
            self.leaves_one_to_sell(rows, starts_at, now)?;
        }
        let invalid = Refusal::InvalidSetting { field: Field::Seats };
        ensure!(self.seats.is_empty() || are_seats(&self.seats), invalid);
        let rows_of = |number| rows.seats.get(&SeatKey { date: self.date, number });
        let is_taken = |number: &u32| rows_of(*number).is_some_and(|seat| !seat.is_free(now));
        let numbers = || self.seats.iter().map(|seat| seat.number);
        let seat_numbers: Vec<u32> = numbers().filter(is_taken).collect();
        let new = numbers().filter(|number| rows_of(*number).is_none()).count();
        let new = u64::try_from(new).unwrap_or(u64::MAX);
        let total_seats = date.total_seats.saturating_add(new);
        ensure!(usize::try_from(total_seats).is_ok_and(|n| n <= SEATS_PER_DATE_MAX), invalid);
        // Those of its layout are there; no other has a place in it.
        ensure!(new == 0 || date.layout.is_none(), invalid);
        ensure!(seat_numbers.is_empty(), Refusal::SeatsTaken { seat_numbers });

        let (concert_id, date_id) = (self.concert, self.date);
        let outcome = Outcome::DateEdited { concert_id, date_id, starts_at, total_seats };
        let changes = |new: &NewSeat| rows_of(new.number).is_none_or(|seat| differs(seat, new));
        if starts_at == date.concert_date && !self.seats.iter().any(changes) {
            return Ok(outcome);
        }
        self.seats.iter().for_each(|seat| self.put(rows, seat));
        if let Some(row) = rows.dates.update(&self.date) {
            row.concert_date = starts_at;
            row.total_seats = total_seats;
            row.available_seats += new;
            row.revision += 1;
        }
        if new > 0
            && let Some(row) = rows.concerts.update(&self.concert)
        {
            row.total_seats += new;
        }
        let what = Happening::DateChanged { starts_at, total_seats };
        tell(rows, of_date(concert_id, date_id), what, now);
        Ok(outcome)
    }
}

fn differs(seat: &Seat, new: &NewSeat) -> bool {
    seat.zone != new.zone || seat.ticket_price != new.price
}

impl EditDate {
    /// Where this is the last date, it still starts after the opening of every queue that opens by itself. Refuses with:
    /// date before opening.
    fn leaves_one_to_sell(&self, rows: &Rows, starts_at: Time, now: Time) -> Result<(), Refusal> {
        let Some(opens_at) = last_own_opening(rows, self.concert, now) else {
            return Ok(());
        };
        let others = rows.dates_of.get(&self.concert).into_iter().flatten();
        let mut others = others.filter(|id| **id != self.date).filter_map(|id| rows.dates.get(id));
        let another = others.any(|row| row.cancelled.is_none() && row.concert_date > opens_at);
        let after = another || starts_at > opens_at;
        ensure!(after, Refusal::DateBeforeOpening { starts_at, opens_at });
        Ok(())
    }

    fn put(&self, rows: &mut Rows, new: &NewSeat) {
        let key = SeatKey { date: self.date, number: new.number };
        match rows.seats.get(&key) {
            None => rows.seats.insert(key, new.row(self.concert)),
            Some(seat) if differs(seat, new) => {
                if let Some(seat) = rows.seats.update(&key) {
                    seat.zone.clone_from(&new.zone);
                    seat.ticket_price = new.price;
                }
            }
            Some(_) => {}
        }
    }
}

/// The date, if it is one of this concert and was not deleted.
fn found(rows: &Rows, concert: ConcertId, id: DateId) -> Result<&ConcertDate, Refusal> {
    let date = rows.dates.get(&id).filter(|date| date.concert == concert && date.is_live());
    date.ok_or(Refusal::DateNotFound)
}

/// Deletes a date.
#[derive(Clone, Debug)]
pub struct DeleteDate {
    /// Of which concert.
    pub concert: ConcertId,
    /// Which.
    pub date: DateId,
}

impl Rule for DeleteDate {
    fn concert(&self) -> Option<ConcertId> {
        Some(self.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        dates_keys(self.concert, rows, keys);
        want(&mut keys.dates, &rows.dates, self.date);
    }

    /// Refuses with: concert not found, date not found, held or sold.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        live(rows, self.concert)?;
        let date = found(rows, self.concert, self.date)?;
        let seats = date.total_seats;
        nothing_taken(date.taken())?;

        if let Some(row) = rows.dates.update(&self.date) {
            row.withdrawn_at = Some(now);
            row.revision += 1;
        }
        if let Some(row) = rows.concerts.update(&self.concert) {
            row.total_seats = row.total_seats.saturating_sub(seats);
            row.date_count = row.date_count.saturating_sub(1);
        }
        if let Some(dates) = rows.dates_of.update(&self.concert) {
            dates.remove(&self.date);
        }
        tell(rows, of_date(self.concert, self.date), Happening::DateWithdrawn {}, now);
        Ok(Outcome::Deleted)
    }
}
