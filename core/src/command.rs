//! The closed list of commands: every change of the sale is one of these, and each names the rows
//! that it touches.

use crate::concert::{AddDate, CreateConcert};
use crate::edit::{DeleteConcert, DeleteDate, EditConcert, EditDate};
use crate::id::{ConcertId, PlaceKey, ReservationId, SeatKey};
use crate::limits::{SEATS_PER_DATE_MAX, SEATS_PER_RESERVATION_MAX};
use crate::outcome::Outcome;
use crate::payment::Pay;
use crate::queue::{Admit, Arrive, Expire, Join, Leave, Place, PlaceStatus, SetDraw, SetQueue};
use crate::refusal::Refusal;
use crate::reservation::{Cancel, Reserve};
use crate::rows::{Keys, Rows, want};
use crate::sale::SetSale;
use crate::session::{DeleteUser, EndSessions, OpenSession, Refresh, SetPassword, Which, unnamed};
use crate::time::Time;
use crate::user::{Adopt, Register};
use crate::wallet::{Adjust, Charge};

/// A change of the sale.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant is documented at its type")]
pub enum Command {
    Register(Register),
    Adopt(Adopt),
    OpenSession(OpenSession),
    Refresh(Refresh),
    EndSessions(EndSessions),
    SetPassword(SetPassword),
    DeleteUser(DeleteUser),
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
    SetDraw(SetDraw),
    EditConcert(EditConcert),
    EditDate(EditDate),
    DeleteConcert(DeleteConcert),
    DeleteDate(DeleteDate),
    Adjust(Adjust),
}

impl Command {
    /// Every command's name, for tests that must meet each of them and for metrics.
    pub const NAMES: [&'static str; 26] = [
        "register",
        "adopt",
        "open_session",
        "refresh",
        "end_sessions",
        "set_password",
        "delete_user",
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
        "set_draw",
        "edit_concert",
        "edit_date",
        "delete_concert",
        "delete_date",
        "adjust",
    ];

    /// The command's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Register(_) => "register",
            Self::Adopt(_) => "adopt",
            Self::OpenSession(_) => "open_session",
            Self::Refresh(_) => "refresh",
            Self::EndSessions(_) => "end_sessions",
            Self::SetPassword(_) => "set_password",
            Self::DeleteUser(_) => "delete_user",
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
            Self::SetDraw(_) => "set_draw",
            Self::EditConcert(_) => "edit_concert",
            Self::EditDate(_) => "edit_date",
            Self::DeleteConcert(_) => "delete_concert",
            Self::DeleteDate(_) => "delete_date",
            Self::Adjust(_) => "adjust",
        }
    }

    /// The concert that the command is about, if it is about one.
    #[must_use]
    pub const fn concert(&self) -> Option<ConcertId> {
        match self {
            Self::Register(_)
            | Self::Adopt(_)
            | Self::OpenSession(_)
            | Self::Refresh(_)
            | Self::EndSessions(_)
            | Self::SetPassword(_)
            | Self::DeleteUser(_)
            | Self::Adjust(_) => None,
            Self::Join(c) => Some(c.concert),
            Self::Leave(c) => Some(c.place.concert),
            Self::Arrive(c) => Some(c.place.concert),
            Self::Expire(c) => Some(c.place.concert),
            Self::Admit(c) => Some(c.concert),
            Self::Reserve(c) => Some(c.place.concert),
            Self::Cancel(c) => Some(c.place.concert),
            Self::Charge(c) => Some(c.place.concert),
            Self::Pay(c) => Some(c.place.concert),
            Self::CreateConcert(c) => Some(c.concert),
            Self::AddDate(c) => Some(c.concert),
            Self::SetSale(c) => Some(c.concert),
            Self::SetQueue(c) => Some(c.concert),
            Self::SetDraw(c) => Some(c.concert),
            Self::EditConcert(c) => Some(c.concert),
            Self::EditDate(c) => Some(c.concert),
            Self::DeleteConcert(c) => Some(c.concert),
            Self::DeleteDate(c) => Some(c.concert),
        }
    }

    /// Adds the rows that the command touches, as far as `rows` lets it know them. Asked again
    /// after each load until nothing new is named: a payment first names its reservation, and once
    /// that is there, the reservation's seats.
    pub fn keys(&self, rows: &Rows, keys: &mut Keys) {
        match self {
            Self::Register(c) => {
                want(&mut keys.users, &rows.users, c.user);
                want(&mut keys.usernames, &rows.usernames, c.look.clone());
            }
            Self::Adopt(c) => {
                want(&mut keys.users, &rows.users, c.user);
            }
            Self::OpenSession(_)
            | Self::Refresh(_)
            | Self::EndSessions(_)
            | Self::SetPassword(_)
            | Self::DeleteUser(_) => self.account_keys(rows, keys),
            Self::Join(c) => join_keys(c, rows, keys),
            Self::Leave(c) => ending_keys(c.place, rows, keys),
            Self::Expire(c) => ending_keys(c.place, rows, keys),
            Self::Arrive(c) => token_keys(c.place, rows, keys),
            Self::Admit(c) => admit_keys(c, rows, keys),
            Self::Reserve(c) => {
                token_keys(c.place, rows, keys);
                want(&mut keys.dates, &rows.dates, c.date);
                want(&mut keys.holdings, &rows.holdings, (c.user, c.date));
                // More than a reservation may have is refused without a look at them.
                if c.seats.len() <= SEATS_PER_RESERVATION_MAX {
                    for &number in &c.seats {
                        want(&mut keys.seats, &rows.seats, SeatKey { date: c.date, number });
                    }
                }
                want(&mut keys.reservations, &rows.reservations, c.reservation);
            }
            Self::Cancel(c) => {
                token_keys(c.place, rows, keys);
                want(&mut keys.places, &rows.places, c.place);
                reservation_keys(c.reservation, rows, keys);
            }
            Self::Charge(c) => {
                token_keys(c.place, rows, keys);
                want(&mut keys.balances, &rows.balances, c.user);
            }
            Self::Pay(c) => {
                token_keys(c.place, rows, keys);
                want(&mut keys.queues, &rows.queues, c.place.concert);
                want(&mut keys.balances, &rows.balances, c.user);
                reservation_keys(c.reservation, rows, keys);
            }
            _ => self.operators_keys(rows, keys),
        }
    }

    /// The rows that an operator's command touches.
    fn operators_keys(&self, rows: &Rows, keys: &mut Keys) {
        match self {
            Self::CreateConcert(c) => {
                want(&mut keys.concerts, &rows.concerts, c.concert);
                want(&mut keys.queues, &rows.queues, c.concert);
                for new in &c.dates {
                    want(&mut keys.dates, &rows.dates, new.date);
                }
            }
            Self::AddDate(c) => {
                dates_keys(c.concert, rows, keys);
                want(&mut keys.dates, &rows.dates, c.date.date);
            }
            Self::SetSale(c) => {
                dates_keys(c.concert, rows, keys);
                want(&mut keys.queues, &rows.queues, c.concert);
            }
            Self::SetQueue(c) => {
                want(&mut keys.concerts, &rows.concerts, c.concert);
                want(&mut keys.queues, &rows.queues, c.concert);
            }
            Self::EditConcert(c) => dates_keys(c.concert, rows, keys),
            Self::DeleteConcert(c) => dates_keys(c.concert, rows, keys),
            Self::EditDate(c) => edit_date_keys(c, rows, keys),
            Self::DeleteDate(c) => {
                dates_keys(c.concert, rows, keys);
                want(&mut keys.dates, &rows.dates, c.date);
            }
            Self::Adjust(c) => {
                want(&mut keys.users, &rows.users, c.user);
                want(&mut keys.balances, &rows.balances, c.user);
            }
            Self::SetDraw(c) => {
                want(&mut keys.concerts, &rows.concerts, c.concert);
                want(&mut keys.queues, &rows.queues, c.concert);
            }
            _ => {}
        }
    }

    /// The rows of a command about an account and its sessions.
    fn account_keys(&self, rows: &Rows, keys: &mut Keys) {
        let mut session = |id| want(&mut keys.sessions, &rows.sessions, id);
        let user = match self {
            Self::OpenSession(c) => {
                session(c.session);
                c.user
            }
            Self::Refresh(c) => {
                session(c.session);
                if c.unnamed_until.is_none() {
                    return;
                }
                session(unnamed(c.user));
                c.user
            }
            Self::EndSessions(c) => {
                if let Which::One(id) = c.which {
                    session(id);
                }
                session(unnamed(c.user));
                c.user
            }
            Self::SetPassword(c) => {
                session(unnamed(c.user));
                c.user
            }
            Self::DeleteUser(c) => {
                session(unnamed(c.user));
                want(&mut keys.balances, &rows.balances, c.user);
                c.user
            }
            _ => return,
        };
        want(&mut keys.users, &rows.users, user);
        want(&mut keys.user_sessions, &rows.user_sessions, user);
    }

    /// Decides on the loaded rows: refused with nothing changed, or the whole change applied.
    pub fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        match self {
            Self::Register(c) => c.decide(rows, now),
            Self::Adopt(c) => Ok(c.decide(rows, now)),
            Self::OpenSession(c) => c.decide(rows, now),
            Self::Refresh(c) => c.decide(rows, now),
            Self::EndSessions(c) => c.decide(rows, now),
            Self::SetPassword(c) => c.decide(rows, now),
            Self::DeleteUser(c) => c.decide(rows, now),
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
            Self::AddDate(c) => c.decide(rows, now),
            Self::SetSale(c) => c.decide(rows, now),
            Self::SetQueue(c) => c.decide(rows, now),
            Self::SetDraw(c) => c.decide(rows, now),
            Self::EditConcert(c) => c.decide(rows),
            Self::EditDate(c) => c.decide(rows, now),
            Self::DeleteConcert(c) => c.decide(rows, now),
            Self::DeleteDate(c) => c.decide(rows, now),
            Self::Adjust(c) => c.decide(rows, now),
        }
    }
}

/// A concert with all its dates.
fn dates_keys(concert: ConcertId, rows: &Rows, keys: &mut Keys) {
    want(&mut keys.concerts, &rows.concerts, concert);
    want(&mut keys.dates_of, &rows.dates_of, concert);
    for date in rows.dates_of.peek(&concert).into_iter().flatten() {
        want(&mut keys.dates, &rows.dates, *date);
    }
}

fn edit_date_keys(edit: &EditDate, rows: &Rows, keys: &mut Keys) {
    dates_keys(edit.concert, rows, keys);
    want(&mut keys.dates, &rows.dates, edit.date);
    // More than a date may have is refused without a look at them.
    if edit.seats.len() <= SEATS_PER_DATE_MAX {
        for seat in &edit.seats {
            let key = SeatKey { date: edit.date, number: seat.number };
            want(&mut keys.seats, &rows.seats, key);
        }
    }
}

/// What it takes to know whether a place may shop: the admission, or where there is none, the place.
fn token_keys(place: PlaceKey, rows: &Rows, keys: &mut Keys) {
    want(&mut keys.concerts, &rows.concerts, place.concert);
    want(&mut keys.admissions, &rows.admissions, place);
    if rows.admissions.is_loaded(&place) && rows.admissions.peek(&place).is_none() {
        want(&mut keys.places, &rows.places, place);
    }
}

/// What it takes to end a place or an admission with its hold.
fn ending_keys(place: PlaceKey, rows: &Rows, keys: &mut Keys) {
    want(&mut keys.queues, &rows.queues, place.concert);
    want(&mut keys.returning, &rows.returning, place.concert);
    want(&mut keys.places, &rows.places, place);
    want(&mut keys.admissions, &rows.admissions, place);
    if let Some(id) = rows.admissions.peek(&place).and_then(|admission| admission.reservation) {
        reservation_keys(id, rows, keys);
    }
}

fn join_keys(join: &Join, rows: &Rows, keys: &mut Keys) {
    want(&mut keys.concerts, &rows.concerts, join.concert);
    want(&mut keys.queues, &rows.queues, join.concert);
    want(&mut keys.newest_places, &rows.newest_places, (join.user, join.concert));
    if let Some(&sequence) = rows.newest_places.peek(&(join.user, join.concert)) {
        ending_keys(PlaceKey { concert: join.concert, sequence }, rows, keys);
    }
}

fn admit_keys(admit: &Admit, rows: &Rows, keys: &mut Keys) {
    want(&mut keys.concerts, &rows.concerts, admit.concert);
    want(&mut keys.queues, &rows.queues, admit.concert);
    want(&mut keys.returning, &rows.returning, admit.concert);
    if !rows.returning.is_loaded(&admit.concert) {
        return;
    }
    for place in admit.candidates(rows) {
        want(&mut keys.places, &rows.places, place);
        // Nobody who has left is let in: their admissions are not looked for.
        let may_enter = |place: &Place| place.status != PlaceStatus::Left;
        if rows.places.peek(&place).is_some_and(may_enter) {
            want(&mut keys.admissions, &rows.admissions, place);
        }
    }
}

fn reservation_keys(id: ReservationId, rows: &Rows, keys: &mut Keys) {
    want(&mut keys.reservations, &rows.reservations, id);
    want(&mut keys.reserved_seats, &rows.reserved_seats, id);
    let (Some(reservation), Some(seats)) =
        (rows.reservations.peek(&id), rows.reserved_seats.peek(&id))
    else {
        return;
    };
    want(&mut keys.dates, &rows.dates, reservation.date);
    let date = reservation.date;
    for seat in seats {
        want(&mut keys.seats, &rows.seats, SeatKey { date, number: seat.number });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{UserId, Uuid};

    #[test]
    fn a_command_names_its_concert_or_none() {
        let (user, concert) = (UserId(Uuid::nil()), ConcertId(Uuid::from_bytes([7; 16])));
        let place = PlaceKey { concert, sequence: 1 };
        let adopt = Adopt { user, username: String::new() };
        for (command, named) in [
            (Command::Adopt(adopt), None),
            (Command::Join(Join::of(user, concert)), Some(concert)),
            (Command::Expire(Expire { place }), Some(concert)),
            (Command::Admit(Admit::of(concert)), Some(concert)),
        ] {
            assert_eq!(command.concert(), named, "{}", command.name());
        }
    }
}
