//! Telling what a command has done.

use crate::id::{ConcertId, DateId, UserId};
use crate::rows::Rows;
use crate::rows::event::{Event, Happening, Subjects};
use crate::time::Time;

/// Of a concert.
pub(crate) fn of_concert(concert: ConcertId) -> Subjects {
    Subjects { concert: Some(concert), ..Subjects::default() }
}

/// Of a date.
pub(crate) fn of_date(concert: ConcertId, date: DateId) -> Subjects {
    Subjects { date: Some(date), ..of_concert(concert) }
}

/// Of a user.
pub(crate) fn of_user(user: UserId) -> Subjects {
    Subjects { user: Some(user), ..Subjects::default() }
}

/// Adds an event with the next number. It is part of a command's change, so that a command that is refused
/// or was done before tells nothing.
pub(crate) fn tell(rows: &mut Rows, subjects: Subjects, what: Happening, now: Time) {
    // Numbers run from 1, also where no store has told one.
    rows.next_event.number = rows.next_event.number.max(1);
    let key = rows.next_event;
    rows.next_event.number += 1;
    rows.events.insert(key, Event { created_at: now, subjects, what });
}
