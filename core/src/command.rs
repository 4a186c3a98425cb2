//! The closed list of commands: every change of the sale is one of these, and each names the rows
//! that it touches.

use crate::concert::{AddDate, CreateConcert, SetSale};
use crate::id::{PlaceKey, ReservationId, SeatKey};
use crate::limits::SEATS_PER_RESERVATION_MAX;
use crate::outcome::Outcome;
use crate::payment::Pay;
use crate::queue::{Admit, Arrive, Expire, Join, Leave, SetQueue};
use crate::refusal::Refusal;
use crate::reservation::{Cancel, Reserve};
use crate::rows::{Keys, Rows};
use crate::time::Time;
use crate::user::{Adopt, Register};
use crate::wallet::Charge;

/// A change of the sale.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant is documented at its type")]
pub enum Command {
    Register(Register),
    Adopt(Adopt),
    Join(Join),
    Leave(Leave),
    Arrive(Arrive),
    Expire(Expire),
    Admit(Admit),
    Reserve(Reserve),
    Cancel(Cancel),
    Charge(Charge),
    Pay(Pay),
    CreateConcert(CreateConcert),
    AddDate(AddDate),
    SetSale(SetSale),
    SetQueue(SetQueue),
}

impl Command {
    /// Every command's name, for tests that must meet each of them and for metrics.
    pub const NAMES: [&'static str; 15] = [
        "register",
        "adopt",
        "join",
        "leave",
        "arrive",
        "expire",
        "admit",
        "reserve",
        "cancel",
        "charge",
        "pay",
        "create_concert",
        "add_date",
        "set_sale",
        "set_queue",
    ];

    /// The command's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Register(_) => "register",
            Self::Adopt(_) => "adopt",
            Self::Join(_) => "join",
            Self::Leave(_) => "leave",
            Self::Arrive(_) => "arrive",
            Self::Expire(_) => "expire",
            Self::Admit(_) => "admit",
            Self::Reserve(_) => "reserve",
            Self::Cancel(_) => "cancel",
            Self::Charge(_) => "charge",
            Self::Pay(_) => "pay",
            Self::CreateConcert(_) => "create_concert",
            Self::AddDate(_) => "add_date",
            Self::SetSale(_) => "set_sale",
            Self::SetQueue(_) => "set_queue",
        }
    }

    /// Adds the rows that the command touches, as far as `rows` lets it know them. Asked again
    /// after each load until nothing new is named: a payment first names its reservation, and once
    /// that is there, the reservation's seats.
    pub fn keys(&self, rows: &Rows, keys: &mut Keys) {
        match self {
            Self::Register(c) => {
                keys.users.insert(c.user);
                keys.usernames.insert(c.username.clone());
            }
            Self::Adopt(c) => {
                keys.users.insert(c.user);
            }
            Self::Join(c) => join_keys(c, rows, keys),
            Self::Leave(c) => ending_keys(c.place, rows, keys),
            Self::Expire(c) => ending_keys(c.place, rows, keys),
            Self::Arrive(c) => token_keys(c.place, rows, keys),
            Self::Admit(c) => admit_keys(c, rows, keys),
            Self::Reserve(c) => {
                token_keys(c.place, rows, keys);
                keys.dates.insert(c.date);
                keys.holdings.insert((c.user, c.date));
                // More than a reservation may have is refused without a look at them.
                if c.seats.len() <= SEATS_PER_RESERVATION_MAX {
                    keys.seats
                        .extend(c.seats.iter().map(|&number| SeatKey { date: c.date, number }));
                }
                keys.reservations.insert(c.reservation);
            }
            Self::Cancel(c) => {
                token_keys(c.place, rows, keys);
                reservation_keys(c.reservation, rows, keys);
            }
            Self::Charge(c) => {
                token_keys(c.place, rows, keys);
                keys.balances.insert(c.user);
            }
            Self::Pay(c) => {
                token_keys(c.place, rows, keys);
                keys.queues.insert(c.place.concert);
                keys.balances.insert(c.user);
                reservation_keys(c.reservation, rows, keys);
            }
            Self::CreateConcert(c) => {
                keys.concerts.insert(c.concert);
                keys.queues.insert(c.concert);
                keys.dates.extend(c.dates.iter().map(|new| new.date));
            }
            Self::AddDate(c) => {
                keys.concerts.insert(c.concert);
                keys.dates.insert(c.date.date);
            }
            Self::SetSale(c) => {
                keys.concerts.insert(c.concert);
            }
            Self::SetQueue(c) => {
                keys.queues.insert(c.concert);
            }
        }
    }

    /// Decides on the loaded rows: refused with nothing changed, or the whole change applied.
    pub fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        match self {
            Self::Register(c) => c.decide(rows, now),
            Self::Adopt(c) => Ok(c.decide(rows, now)),
            Self::Join(c) => c.decide(rows, now),
            Self::Leave(c) => c.decide(rows, now),
            Self::Arrive(c) => c.decide(rows, now),
            Self::Expire(c) => Ok(c.decide(rows, now)),
            Self::Admit(c) => c.decide(rows, now),
            Self::Reserve(c) => c.decide(rows, now),
            Self::Cancel(c) => c.decide(rows, now),
            Self::Charge(c) => c.decide(rows, now),
            Self::Pay(c) => c.decide(rows, now),
            Self::CreateConcert(c) => c.decide(rows, now),
            Self::AddDate(c) => c.decide(rows),
            Self::SetSale(c) => c.decide(rows, now),
            Self::SetQueue(c) => c.decide(rows),
        }
    }
}

/// What it takes to know whether a place may shop: the admission, or where there is none, the place.
fn token_keys(place: PlaceKey, rows: &Rows, keys: &mut Keys) {
    keys.concerts.insert(place.concert);
    keys.admissions.insert(place);
    if rows.admissions.is_loaded(&place) && rows.admissions.peek(&place).is_none() {
        keys.places.insert(place);
    }
}

/// What it takes to end a place or an admission with its hold.
fn ending_keys(place: PlaceKey, rows: &Rows, keys: &mut Keys) {
    keys.queues.insert(place.concert);
    keys.returning.insert(place.concert);
    keys.places.insert(place);
    keys.admissions.insert(place);
    if let Some(id) = rows.admissions.peek(&place).and_then(|admission| admission.reservation) {
        reservation_keys(id, rows, keys);
    }
}

fn join_keys(join: &Join, rows: &Rows, keys: &mut Keys) {
    keys.concerts.insert(join.concert);
    keys.queues.insert(join.concert);
    keys.newest_places.insert((join.user, join.concert));
    if let Some(&sequence) = rows.newest_places.peek(&(join.user, join.concert)) {
        ending_keys(PlaceKey { concert: join.concert, sequence }, rows, keys);
    }
}

fn admit_keys(admit: &Admit, rows: &Rows, keys: &mut Keys) {
    keys.concerts.insert(admit.concert);
    keys.queues.insert(admit.concert);
    keys.returning.insert(admit.concert);
    if !rows.returning.is_loaded(&admit.concert) {
        return;
    }
    for place in admit.candidates(rows) {
        keys.places.insert(place);
        keys.admissions.insert(place);
    }
}

fn reservation_keys(id: ReservationId, rows: &Rows, keys: &mut Keys) {
    keys.reservations.insert(id);
    keys.reserved_seats.insert(id);
    let (Some(reservation), Some(seats)) =
        (rows.reservations.peek(&id), rows.reserved_seats.peek(&id))
    else {
        return;
    };
    keys.dates.insert(reservation.date);
    let date = reservation.date;
    keys.seats.extend(seats.iter().map(|seat| SeatKey { date, number: seat.number }));
}
