//! Some of those who have bought look at their tickets, as a door would: each code is verified with the public keys
//! that were read before the sale.

use super::{Fan, Told};
use crate::http::Ask;
use crate::rush::figures::{Stage, Step};
use boxoffice_core::id::{DateId, ReservationId};
use boxoffice_core::ticket::{FIRST_VERSION, Ticket};
use boxoffice_server::tickets::{PublicKey, verify};
use serde_json::Value;
use std::collections::BTreeSet;
use uuid::Uuid;

/// What is wrong with the tickets of a booking.
fn wrong(
    view: &Value,
    keys: &[PublicKey],
    (claim, date, seats): (Uuid, Uuid, &[u32]),
) -> Option<String> {
    let tickets = view["tickets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut found = BTreeSet::new();
    for ticket in tickets {
        let code = ticket["code"].as_str().unwrap_or_default();
        let genuine = match verify(keys, code) {
            Ok(genuine) => genuine,
            Err(why) => return Some(format!("{}: {why}", ticket["ticket_id"])),
        };
        let said = (ticket["status"].as_str(), ticket["seat_number"].as_u64());
        let (date, reservation) = (DateId(date), ReservationId(claim));
        let wanted = Ticket { date, reservation, seat: genuine.seat, version: FIRST_VERSION };
        if genuine != wanted || said != (Some("valid"), Some(genuine.seat.into())) {
            return Some(format!("{said:?} has the code of {genuine:?}"));
        }
        found.insert(genuine.seat);
    }
    let paid: BTreeSet<u32> = seats.iter().copied().collect();
    let same = found == paid && tickets.len() == seats.len();
    (!same).then(|| format!("seats {paid:?} were paid, and {found:?} have tickets"))
}

impl Fan {
    /// Each seat that was bought has a ticket that lets somebody in.
    pub(super) async fn see_tickets(
        &mut self,
        claim: Uuid,
        date: Uuid,
        seats: &[u32],
    ) -> Told<Stage> {
        let path = format!("/api/v1/bookings/{claim}/tickets");
        let ask = self.with_identity(Ask::new("GET", path));
        let Ok((answer, _)) = self.ask(Step::Tickets, &ask, false).await else {
            return Ok(Stage::Bought);
        };
        if answer.status != 200 {
            return Err(self.unexpected(Step::Tickets, &answer));
        }
        if let Some(why) = wrong(&answer.json(), &self.world.ticket_keys, (claim, date, seats)) {
            self.surprise(&format!("tickets of reservation {claim}: {why}"));
        }
        Ok(Stage::Bought)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use boxoffice_core::time::Time;
    use boxoffice_server::tickets::{Signer, public_keys};
    use boxoffice_server::tokens::{KeyFile, KeyPair};
    use serde_json::json;

    /// A ticket too few, for another seat, of another booking, without a code, or under another key is noticed.
    #[test]
    fn tickets_that_are_wrong_are_noticed() {
        let file = |secret| KeyFile {
            keys: vec![KeyPair { kid: "k".into(), secret: vec![secret; 32], created_at: Time(0) }],
        };
        let (claim, date) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let ticket = |key: u8, claim: Uuid, seat: u32| {
            let (date, reservation) = (DateId(date), ReservationId(claim));
            let ticket = Ticket { date, reservation, seat, version: FIRST_VERSION };
            let code = Signer::new(&file(key)).map(|signer| signer.code(&ticket));
            json!({ "ticket_id": "t", "status": "valid", "seat_number": seat, "code": code })
        };
        let told = |tickets: Value| {
            let view = json!({ "tickets": tickets });
            wrong(&view, &public_keys(&file(7)), (claim, date, &[3, 4]))
        };
        let (one, two) = (ticket(7, claim, 3), ticket(7, claim, 4));
        assert_eq!(told(json!([one, two])), None);
        let nothing = json!({ "status": "void", "seat_number": 4, "code": null });
        for tickets in [
            json!(null),
            json!([one]),
            json!([one, one]),
            json!([one, two, two]),
            json!([one, ticket(7, claim, 5)]),
            json!([one, ticket(7, date, 4)]),
            json!([one, ticket(8, claim, 4)]),
            json!([one, nothing]),
        ] {
            assert!(told(tickets.clone()).is_some(), "{tickets}");
        }
    }
}
