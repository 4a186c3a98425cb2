//! What the rules about a concert and its dates share: finding them, and what a date and its seats may be.

use crate::check::{is_about, is_name};
use crate::id::{ConcertId, DateId, QueueId};
use crate::limits::{PRICE_MAX, SEATS_PER_DATE_MAX};
use crate::money::{Currency, Money};
use crate::refusal::{Field, Refusal};
use crate::rows::concert::{Concert, ConcertDate};
use crate::rows::poster::Billing;
use crate::rows::seat::{Seat, SeatStatus};
use crate::rows::{Keys, Rows, want};
use crate::time::Time;
use std::collections::BTreeSet;

/// The concert, if it is there and was not deleted.
pub(crate) fn live(rows: &Rows, id: ConcertId) -> Result<&Concert, Refusal> {
    let concert = rows.concerts.get(&id).filter(|concert| !concert.is_deleted());
    concert.ok_or(Refusal::ConcertNotFound)
}

/// What is told of a show is as allowed. Refuses with: invalid setting.
pub(crate) fn billing_fits(billing: &Billing) -> Result<(), Refusal> {
    let names = [&billing.name_en, &billing.name_ko];
    let names = names.into_iter().flatten().all(|name| is_name(name));
    ensure!(names, Refusal::InvalidSetting { field: Field::Names });
    let texts = [&billing.about_en, &billing.about_ko];
    let texts = texts.into_iter().flatten().all(|text| is_about(text));
    ensure!(texts, Refusal::InvalidSetting { field: Field::About });
    Ok(())
}

/// What a concert's prices are in.
pub(crate) fn currency_of(rows: &Rows, id: ConcertId) -> Currency {
    rows.concerts.get(&id).map(|concert| concert.currency).unwrap_or_default()
}

/// Names a concert and all its dates.
pub(crate) fn dates_keys(concert: ConcertId, rows: &Rows, keys: &mut Keys) {
    want(&mut keys.concerts, &rows.concerts, concert);
    want(&mut keys.dates_of, &rows.dates_of, concert);
    for date in rows.dates_of.peek(&concert).into_iter().flatten() {
        want(&mut keys.dates, &rows.dates, *date);
    }
}

/// Names a queue and its concert.
pub(crate) fn queue_keys(queue: QueueId, rows: &Rows, keys: &mut Keys) {
    want(&mut keys.concerts, &rows.concerts, queue.concert);
    want(&mut keys.queues, &rows.queues, queue);
}

/// Names all queues of a concert. Its general one is locked by whoever adds another.
pub(crate) fn queues_keys(concert: ConcertId, rows: &Rows, keys: &mut Keys) {
    want(&mut keys.queues, &rows.queues, QueueId::general(concert));
    want(&mut keys.queues_of, &rows.queues_of, concert);
    for queue in rows.queues_of.peek(&concert).into_iter().flatten() {
        want(&mut keys.queues, &rows.queues, *queue);
    }
}

/// Whether one of the concert's queues lets people in at `now` at a time of its own.
pub(crate) fn any_opened(rows: &Rows, concert: ConcertId, now: Time) -> bool {
    let queues = rows.queues_of.get(&concert).into_iter().flatten();
    let mut own = queues.filter_map(|id| rows.queues.get(id)?.own_opens_at);
    own.any(|opens_at| now.reached(opens_at))
}

/// A queue that opens then has something to sell: the concert's last date that was not cancelled starts later, or
/// dates are still to be added. Refuses with: date before opening.
pub(crate) fn last_date_after(
    rows: &Rows,
    concert: ConcertId,
    opens_at: Time,
) -> Result<(), Refusal> {
    let dates = rows.dates_of.get(&concert).into_iter().flatten();
    let stands = dates.filter_map(|id| rows.dates.get(id)).filter(|row| row.cancelled.is_none());
    let last = stands.map(|row| row.concert_date).max();
    match last.filter(|starts_at| *starts_at <= opens_at) {
        Some(starts_at) => Err(Refusal::DateBeforeOpening { starts_at, opens_at }),
        None => Ok(()),
    }
}

/// The latest opening of a queue's own that is still to come.
pub(crate) fn last_own_opening(rows: &Rows, concert: ConcertId, now: Time) -> Option<Time> {
    let queues = rows.queues_of.get(&concert).into_iter().flatten();
    let own = queues.filter_map(|id| rows.queues.get(id)?.own_opens_at);
    own.filter(|opens_at| !now.reached(*opens_at)).max()
}

/// A performance can start then: it is to come, after its sale's opening, and at that instant there is no
/// other of the concert. Refuses with: date in past, date before opening, date exists.
pub(crate) fn may_start(
    rows: &Rows,
    (id, opens_at): (ConcertId, Time),
    (date, starts_at): (DateId, Time),
    now: Time,
) -> Result<(), Refusal> {
    ensure!(!now.reached(starts_at), Refusal::DateInPast { starts_at });
    ensure!(starts_at > opens_at, Refusal::DateBeforeOpening { starts_at, opens_at });
    let others = rows.dates_of.get(&id).into_iter().flatten().filter(|other| **other != date);
    let at = |id: &&DateId| {
        let stands = |row: &&ConcertDate| row.concert_date == starts_at && row.cancelled.is_none();
        rows.dates.get(id).filter(stands).is_some()
    };
    let same = others.copied().find(|other| at(&other));
    same.map_or(Ok(()), |first| Err(Refusal::DateExists { date_id: Some(first), starts_at }))
}

/// A seat to be added.
#[derive(Clone, Debug)]
pub struct NewSeat {
    /// Number on the date, from 1.
    pub number: u32,
    /// Price zone.
    pub zone: String,
    /// Minor units.
    pub price: Money,
}

impl NewSeat {
    /// The row of a seat that nobody has yet.
    pub(crate) fn row(&self, concert: ConcertId) -> Seat {
        Seat {
            seat_id: 0,
            concert,
            zone: self.zone.clone(),
            ticket_price: self.price,
            status: SeatStatus::Available,
            reservation: None,
            held_until: None,
            reservated_date: None,
            last_holder: None,
            last_holder_until: None,
        }
    }
}

/// Whether these can be seats of one date: at least one, each number once, prices and zones as allowed.
pub(crate) fn are_seats(seats: &[NewSeat]) -> bool {
    let numbers: BTreeSet<u32> = seats.iter().map(|seat| seat.number).collect();
    let fits = |seat: &NewSeat| {
        seat.number > 0 && (Money::ZERO..=PRICE_MAX).contains(&seat.price) && is_name(&seat.zone)
    };
    (1..=SEATS_PER_DATE_MAX).contains(&seats.len())
        && numbers.len() == seats.len()
        && seats.iter().all(fits)
}
