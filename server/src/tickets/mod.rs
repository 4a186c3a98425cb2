//! Tickets as they are shown and read: a signed code of a few bytes, as text and as a QR code. Whoever has the public
//! keys verifies one without asking anybody. `docs/TICKETS.md` has the format.
//!
//! What a ticket is and whether it is void is said elsewhere (`boxoffice_core::ticket`); a code only proves that it was
//! issued.

mod base45;
mod code;
mod qr;
mod signer;

pub use code::{KeyId, PublicKey, Refused, verify};
pub use qr::svg;
pub use signer::{Signer, public_keys};

use boxoffice_core::id::{ReservationId, Uuid};
use boxoffice_core::ticket::Ticket;

/// A ticket's id: its reservation, its seat and its version.
#[must_use]
pub fn ticket_id(ticket: &Ticket) -> String {
    let Ticket { reservation, seat, version, .. } = ticket;
    format!("{reservation}.{seat}.{version}")
}

/// Reservation and seat of a ticket's id; `None` where it is none.
#[must_use]
pub fn parts_of(id: &str) -> Option<(ReservationId, u32)> {
    let mut parts = id.split('.');
    let (reservation, seat, version) = (parts.next()?, parts.next()?, parts.next()?);
    let reservation = Uuid::try_parse(reservation).ok()?;
    let (seat, _): (u32, u16) = (seat.parse().ok()?, version.parse().ok()?);
    parts.next().is_none().then_some((ReservationId(reservation), seat))
}
