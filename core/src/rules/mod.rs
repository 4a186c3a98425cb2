//! What may be done: a file a subject, with its commands. A command stands in one place with its
//! fields, the rows that it touches, and its decision.

pub mod admission;
pub mod cancellation;
pub mod concert;
pub mod draw;
pub mod edit;
pub mod job;
pub mod layout;
pub mod payment;
pub mod place;
pub mod queue;
pub mod refund;
pub mod reservation;
pub mod sale;
pub mod seat;
pub mod session;
pub mod user;
pub mod wallet;

use crate::id::ConcertId;
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::rows::{Keys, Rows};
use crate::time::Time;

/// What makes a struct a command. The closed list ([`crate::command::Command`]) passes each call on.
pub(crate) trait Rule {
    /// The concert that it is about, if it is about one.
    fn concert(&self) -> Option<ConcertId>;

    /// Adds the rows that it touches, as far as `rows` lets it know them. Asked again after each load
    /// until nothing new is named: a payment first names its reservation, and once that is there, the
    /// reservation's seats.
    fn keys(&self, rows: &Rows, keys: &mut Keys);

    /// Decides on the loaded rows: refused with nothing changed, or the whole change applied. First
    /// everything that must hold, in the order in which the refusals are told, then the change.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal>;
}
