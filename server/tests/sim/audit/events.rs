//! Events, held against the replies: what happened is told once, and nothing else is.

use super::{Check, Found, Touched};
use boxoffice_core::batch::{Envelope, Reply};
use boxoffice_core::command::Command;
use boxoffice_core::event::{Event, Happening};
use boxoffice_core::id::Uuid;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::time::Time;
use boxoffice_server::store::memory::MemoryStore;
use std::collections::BTreeMap;

/// See the module.
#[derive(Default)]
pub struct EventBook {
    /// The last number that was seen.
    last: u64,
}

/// What a reply makes sure of: a kind of event about this id.
fn certain(command: &Command, outcome: &Outcome) -> Option<(&'static str, Uuid)> {
    Some(match (command, outcome) {
        (_, Outcome::Paid { payment_id, .. }) => ("booking.paid", payment_id.0),
        (_, Outcome::Refunded { refund_id, .. }) => ("booking.refunded", refund_id.0),
        (_, Outcome::Adjusted { adjustment_id, amount, .. }) => {
            let kind = if amount.0 > 0 { "balance.credited" } else { "balance.debited" };
            (kind, adjustment_id.0)
        }
        (Command::DeleteUser(delete), Outcome::UserDeleted) => ("user.deleted", delete.user.0),
        (_, Outcome::ConcertCreated { concert_id, .. }) => ("concert.created", concert_id.0),
        (_, Outcome::QueueAdded { queue_id, .. }) => ("queue.added", *queue_id),
        (_, Outcome::DateAdded { date_id, .. }) => ("date.added", date_id.0),
        (Command::DeleteDate(delete), _) => ("date.withdrawn", delete.date.0),
        (Command::DeleteConcert(delete), _) => ("concert.deleted", delete.concert.0),
        _ => return None,
    })
}

/// What an event is about, and whether a reply is certain to have made it.
fn told(event: &Event) -> (String, Option<Uuid>) {
    let id = match &event.what {
        Happening::BookingPaid { payment_id, .. } => Some(payment_id.0),
        Happening::BookingRefunded { refund_id, .. } => Some(refund_id.0),
        Happening::BalanceCredited { adjustment_id, .. }
        | Happening::BalanceDebited { adjustment_id, .. } => Some(adjustment_id.0),
        Happening::UserDeleted {} => event.subjects.user.map(|user| user.0),
        Happening::ConcertCreated { .. } | Happening::ConcertDeleted {} => {
            event.subjects.concert.map(|concert| concert.0)
        }
        Happening::QueueAdded { queue_id, .. } => Some(*queue_id),
        Happening::DateAdded { .. } | Happening::DateWithdrawn {} => {
            event.subjects.date.map(|date| date.0)
        }
        _ => None,
    };
    (event.what.kind(), id)
}

/// How much more may be told after a command: of a sale, a queue, a draw, a concert, a date. What changes nothing is
/// not told.
const fn may_tell(command: &Command) -> i64 {
    match command {
        Command::SetSale(_)
        | Command::SetQueue(_)
        | Command::SetDraw(_)
        | Command::EditConcert(_)
        | Command::CancelDate(_)
        | Command::ClearDate(_)
        | Command::SetSeats(_) => 2,
        Command::EditDate(edit) if edit.starts_at.is_some() || !edit.seats.is_empty() => 1,
        _ => 0,
    }
}

impl EventBook {
    pub fn batch(
        &mut self,
        found: &mut Found,
        store: &MemoryStore,
        now: Time,
        (envelopes, replies): (&[Envelope], &[Reply]),
        touched: &Touched,
    ) {
        let mut sure: BTreeMap<(String, Uuid), i64> = BTreeMap::new();
        let mut most = 0;
        for (envelope, reply) in envelopes.iter().zip(replies).filter(|(_, reply)| !reply.replayed)
        {
            let Ok(outcome) = &reply.result else { continue };
            let back = match outcome {
                Outcome::DateClearing { refunded, .. } => refunded.as_slice(),
                _ => &[],
            };
            for outcome in back.iter().chain([outcome]) {
                if let Some((kind, id)) = certain(&envelope.command, outcome) {
                    *sure.entry((kind.to_owned(), id)).or_default() += 1;
                }
            }
            most += may_tell(&envelope.command);
        }
        for key in &touched.events {
            found.ensure(key.number == self.last + 1, Check::EventNumbers, || {
                format!("after {} comes {key:?}", self.last)
            });
            self.last = key.number;
            let event = &store.events[key];
            found.ensure(event.created_at == now, Check::EventTrue, || format!("{event:?}"));
            match told(event) {
                (kind, Some(id)) => *sure.entry((kind, id)).or_default() -= 1,
                _ => most -= 1,
            }
        }
        let wrong: Vec<_> = sure.iter().filter(|(_, count)| **count != 0).collect();
        found.ensure(wrong.is_empty() && most >= 0, Check::EventTrue, || {
            format!("told too little or too much: {wrong:?}, {most}")
        });
    }

    pub fn full(&self, found: &mut Found, store: &MemoryStore) {
        let numbers: Vec<u64> = store.events.keys().map(|key| key.number).collect();
        let in_order = numbers.windows(2).all(|two| two[0] + 1 == two[1]);
        let ends = numbers.last().is_none_or(|last| *last == self.last);
        found.ensure(in_order && ends, Check::EventNumbers, || {
            format!("{} events up to {}", numbers.len(), self.last)
        });
    }
}
