//! What each outcome claims, against the replies before it.

use super::history::{History, Hold};
use super::settings::Settings;
use super::{Check, Found};
use boxoffice_core::command::Command;
use boxoffice_core::concert::{ConcertDate, Seat};
use boxoffice_core::id::{ConcertId, DateId, LayoutId, PlaceKey, ReservationId, SeatKey, UserId};
use boxoffice_core::layout::AddLayout;
use boxoffice_core::outcome::{Outcome, SeatPrice, Ticket, TicketState};
use boxoffice_core::payment::Pay;
use boxoffice_core::queue::Join;
use boxoffice_core::reservation::{Cancel, Reserve, ReserveBest};
use boxoffice_core::time::Time;
use boxoffice_core::wallet::Charge;
use boxoffice_server::store::memory::MemoryStore;
use std::collections::BTreeSet;

/// Whether a concert has dates, and all of them have started.
fn dates_over(store: &MemoryStore, concert: ConcertId, now: Time) -> bool {
    let own = |date: &&ConcertDate| date.concert == concert && date.withdrawn_at.is_none();
    let last = store.dates.values().filter(own).map(|date| date.concert_date.0).max();
    last.is_some_and(|last| last <= now.0)
}

/// A layout that was added is there, under the id of its text.
fn layout_added(found: &mut Found, store: &MemoryStore, add: &AddLayout, id: LayoutId) {
    let kept = store.layouts.get(&id).map(|kept| LayoutId::of(&kept.body));
    let right = id == add.layout() && kept == Some(id);
    found.ensure(right, Check::ReplyTrue, || format!("{add:?} gave {id}, and {kept:?} is there"));
}

/// The reservation of one of the blocks that were proposed.
pub(super) fn block_of(best: &ReserveBest, seats: BTreeSet<u32>) -> Reserve {
    let ReserveBest { user, place, date, reservation, .. } = *best;
    Reserve { user, place, date, seats, reservation }
}

impl History {
    pub(super) fn outcome(
        &mut self,
        found: &mut Found,
        store: &MemoryStore,
        command: &Command,
        outcome: &Outcome,
    ) {
        match (command, outcome) {
            (
                Command::Register(_) | Command::Adopt(_),
                Outcome::Registered { user_id, username },
            ) => {
                self.registered(found, command, *user_id, username);
            }
            (Command::Join(join), Outcome::Joined(ticket)) => self.joined(found, join, ticket),
            (Command::Leave(leave), Outcome::Left) => self.place_ends(leave.place, true),
            (Command::Arrive(_), Outcome::Arrived { until }) => {
                let past = || format!("arrived until {until:?}, which is past");
                found.ensure(until.0 > self.now.0, Check::ReplyTrue, past);
            }
            (Command::Expire(expire), Outcome::Expired { ended: true }) => {
                self.lapsed(found, expire.place);
            }
            (Command::Expire(_), Outcome::Expired { ended: false }) => {}
            (Command::Admit(admit), Outcome::Admitted { count, .. }) => {
                self.admit(found, admit.queue, *count);
            }
            (Command::Reserve(reserve), Outcome::Reserved { .. }) => {
                self.reserved(found, store, reserve, outcome);
            }
            (Command::ReserveBest(best), Outcome::Reserved { seats, .. }) => {
                let seats = seats.iter().map(|seat| seat.seat_number).collect();
                self.block_taken(found, store, best, &seats);
                self.reserved(found, store, &block_of(best, seats), outcome);
            }
            (Command::AddLayout(add), Outcome::LayoutAdded { layout_id }) => {
                layout_added(found, store, add, *layout_id);
            }
            (Command::Cancel(cancel), Outcome::Released) => self.released(found, cancel),
            (Command::Charge(charge), Outcome::Charged { .. }) => {
                self.charged(found, charge, outcome)
            }
            (Command::Adjust(adjust), Outcome::Adjusted { amount, balance, .. }) => {
                self.wallets.entry(adjust.user).or_insert(adjust.currency);
                let sum = self.balances.entry(adjust.user).or_default();
                *sum += amount.0;
                let right = *sum == balance.0 && *amount == adjust.amount && *sum >= 0;
                let right =
                    right && (amount.0 < 0 || self.names.values().any(|u| *u == adjust.user));
                found.ensure(right, Check::ReplyTrue, || format!("{adjust:?} gave {outcome:?}"));
                self.charged.insert(adjust.adjustment.0, (adjust.user, amount.0));
            }
            (Command::EditDate(_) | Command::EditConcert(_), _)
            | (Command::DeleteDate(_) | Command::DeleteConcert(_), _) => {
                self.edited(found, store, command, outcome);
            }
            (Command::SetSeats(set), Outcome::SeatsSet { .. }) => {
                self.seats_set(found, set, outcome);
            }
            (Command::Pay(pay), Outcome::Paid { .. }) => self.paid(found, pay, outcome),
            (Command::Refund(refund), Outcome::Refunded { .. }) => {
                self.given_back(found, store, refund, outcome);
            }
            (Command::CreateConcert(create), Outcome::ConcertCreated { .. }) => {
                self.created(create);
            }
            (Command::AddQueue(add), Outcome::QueueAdded { .. }) => self.added(found, store, add),
            (Command::AddDate(_), Outcome::DateAdded { .. })
            | (Command::SetDraw(_), Outcome::DrawSet { .. }) => {}
            (Command::SetSale(_), Outcome::SaleSet { .. })
            | (Command::SetQueue(_), Outcome::QueueSet { .. }) => self.set(found, command, outcome),
            _ if self.job(found, store, command, outcome) => {}
            _ if self.account(command, outcome) => {}
            _ => found.ensure(false, Check::ReplyTrue, || {
                format!("{command:?} was answered {outcome:?}")
            }),
        }
    }

    /// What was taken is the first of the blocks of which each seat could be had.
    fn block_taken(
        &self,
        found: &mut Found,
        store: &MemoryStore,
        best: &ReserveBest,
        taken: &BTreeSet<u32>,
    ) {
        let first = best.blocks.iter().find(|block| {
            let could = |number: &u32| {
                let key = SeatKey { date: best.date, number: *number };
                let free = self.owner(key).is_none() && !self.blocked.contains(&key);
                store.seats.contains_key(&key)
                    && free
                    && self.closed_until(key, best.user).is_none()
            };
            block.iter().all(could)
        });
        let changed = self.changed.contains(&best.date) && best.blocks.contains(taken);
        let right = (first == Some(taken) || changed) && taken.len() == best.count as usize;
        found.ensure(right, Check::SeatWasFree, || {
            format!("{best:?} was given {taken:?}, and {first:?} was free")
        });
    }

    fn charged(&mut self, found: &mut Found, charge: &Charge, outcome: &Outcome) {
        let Outcome::Charged { amount, balance, charge_id } = outcome else {
            return;
        };
        match charge.place {
            Some(place) => self.in_currency(charge.user, place.queue.concert),
            None => drop(self.wallets.entry(charge.user).or_insert(charge.currency)),
        }
        let sum = self.balances.entry(charge.user).or_default();
        *sum += amount.0;
        let right = *sum == balance.0 && *amount == charge.amount;
        found.ensure(right && *charge_id == charge.charge, Check::ReplyTrue, || {
            format!("{charge:?} gave {outcome:?}")
        });
        self.charged.insert(charge_id.0, (charge.user, amount.0));
    }

    fn edited(
        &mut self,
        found: &mut Found,
        store: &MemoryStore,
        command: &Command,
        outcome: &Outcome,
    ) {
        match (command, outcome) {
            (Command::EditConcert(edit), Outcome::ConcertEdited { .. }) => {
                if let Some(settings) = self.concerts.get_mut(&edit.concert) {
                    settings.edit(&edit.policy);
                }
            }
            (Command::EditDate(_), Outcome::DateEdited { .. }) => {}
            (Command::DeleteDate(delete), Outcome::Deleted) => {
                self.nothing_taken(found, |hold| hold.date == delete.date);
            }
            (Command::DeleteConcert(delete), Outcome::Deleted) => {
                self.nothing_taken(found, |hold| hold.concert == delete.concert);
                let now = self.now.0;
                let other = self.other_open(delete.concert).then_some(self.now);
                if let Some(settings) = self.concerts.get_mut(&delete.concert) {
                    let open = settings.sells(None, now) || settings.sells(other, now);
                    let over = dates_over(store, delete.concert, self.now);
                    found.ensure(!open || over, Check::ReplyTrue, || {
                        format!("{delete:?} while open, {settings:?}")
                    });
                    settings.deleted = true;
                }
            }
            _ => found.ensure(false, Check::ReplyTrue, || {
                format!("{command:?} was answered {outcome:?}")
            }),
        }
    }

    /// Whether it is of a job, and looked at here.
    fn job(
        &mut self,
        found: &mut Found,
        store: &MemoryStore,
        command: &Command,
        outcome: &Outcome,
    ) -> bool {
        match (command, outcome) {
            (Command::CancelDate(cancel), Outcome::DateCancelled { date_id, .. }) => {
                self.cancelled.insert(*date_id);
                let right = cancel.date == *date_id;
                found.ensure(right, Check::ReplyTrue, || format!("{outcome:?}"));
            }
            (Command::ClearDate(clear), Outcome::DateClearing { ended, refunded, done, .. }) => {
                self.all_back(found, store, refunded);
                self.cleared(found, clear.date, ended, *done);
            }
            (Command::TakeJob(_), Outcome::JobTaken { .. })
            | (Command::FailJob(_), Outcome::JobPutOff { .. }) => {}
            _ => return false,
        }
        true
    }

    /// Holds of a cancelled date that stood were ended; at the end nothing of it is held or sold.
    fn cleared(&mut self, found: &mut Found, date: DateId, ended: &[ReservationId], done: bool) {
        let (now, cancelled) = (self.now, self.cancelled.contains(&date));
        for id in ended {
            let stood = self.counts(*id);
            let hold = self.holds.get_mut(id).filter(|hold| hold.paid.is_none());
            let right = hold.is_some_and(|hold| {
                (hold.released, hold.released_at) = (true, now);
                hold.date == date
            });
            found.ensure(right && stood && cancelled, Check::ReplyTrue, || format!("{id} cleared"));
        }
        let held = |(id, hold): &(&ReservationId, &Hold)| {
            let sold = hold.paid.is_some() && hold.gone != hold.seats;
            hold.date == date && (sold || hold.paid.is_none() && self.counts(**id))
        };
        let left = self.holds.iter().find(held).filter(|_| done);
        found.ensure(left.is_none(), Check::ReplyTrue, || format!("cleared but for {left:?}"));
    }

    /// Nothing of it is held or sold.
    fn nothing_taken(&self, found: &mut Found, of: impl Fn(&Hold) -> bool) {
        let mut holds = self.holds.iter().filter(|(_, hold)| of(hold));
        let alive = holds.find(|(id, hold)| {
            hold.gone.len() < hold.seats.len() && (hold.paid.is_some() || self.counts(**id))
        });
        found.ensure(alive.is_none(), Check::ReplyTrue, || format!("deleted with {alive:?}"));
    }

    fn released(&mut self, found: &mut Found, cancel: &Cancel) {
        let (stood, now) = (self.counts(cancel.reservation), self.now);
        let hold = self.holds.get_mut(&cancel.reservation);
        let right = hold.is_some_and(|hold| {
            let right = hold.paid.is_none() && (hold.released || stood);
            if !hold.released {
                hold.released_at = now;
            }
            hold.released = true;
            right && hold.user == cancel.user
        });
        found.ensure(right, Check::ReplyTrue, || format!("{cancel:?} released"));
    }

    fn registered(&mut self, found: &mut Found, command: &Command, user: UserId, name: &str) {
        let before = self.names.insert(name.to_owned(), user);
        let free = match command {
            Command::Register(_) => before.is_none(),
            _ => before.is_none_or(|before| before == user),
        };
        if let Command::Register(register) = command {
            self.passwords.insert(user, register.password_hash.clone());
        }
        found.ensure(free, Check::Username, || {
            format!("{name} was given to {user} and before to {before:?}")
        });
    }

    fn joined(&mut self, found: &mut Found, join: &Join, ticket: &Ticket) {
        let key = (join.user, join.queue.concert);
        let newest = self.newest.get(&key).copied();
        let place = ticket.place;
        let right = if ticket.created {
            let after =
                |newest: PlaceKey| newest.queue != place.queue || newest.sequence < place.sequence;
            let after = newest.is_none_or(after);
            after && place.queue == join.queue && !self.joined.contains_key(&place)
        } else {
            let mine = self.joined.get(&place).is_some_and(|(user, _)| *user == join.user);
            let again = mine && place.queue == join.queue && ticket.queue_number.is_none();
            newest == Some(place) || again
        };
        found.ensure(right, Check::SamePlace, || {
            format!("{join:?} gave {ticket:?}, before {newest:?}")
        });
        if let TicketState::Admitted { until } = ticket.state {
            found.ensure(until.0 > self.now.0, Check::ReplyTrue, || {
                format!("{join:?} gave {ticket:?}, which is past")
            });
        }
        if let Some(number) = ticket.queue_number {
            self.numbers.push((place, number));
        }
        if newest == Some(place) {
            return;
        }
        if let Some(id) = newest.and_then(|newest| self.under.get(&newest)).copied() {
            let live = self.counts(id) && self.holds.get(&id).is_some_and(|h| h.paid.is_none());
            found.ensure(!live, Check::SamePlace, || {
                format!("{join:?} gave {ticket:?} while {id} was held")
            });
        }
        if let Some(newest) = newest {
            self.place_ends(newest, false);
        }
        self.newest.insert(key, place);
        if !ticket.created {
            return;
        }
        self.joined.insert(place, (join.user, ticket.joined_at));
        if matches!(ticket.state, TicketState::Admitted { .. }) {
            self.admit(found, join.queue, 1);
        }
    }

    /// What is held under a place is given up with it, or was over before.
    fn place_ends(&mut self, place: PlaceKey, left: bool) {
        let Some(id) = self.under.get(&place).copied() else {
            return;
        };
        let (stood, now) = (self.counts(id), self.now);
        if let Some(hold) = self.holds.get_mut(&id).filter(|hold| hold.paid.is_none()) {
            if left && stood {
                (hold.released, hold.released_at) = (true, now);
            }
            hold.over |= !stood;
        }
    }

    fn lapsed(&mut self, found: &mut Found, place: PlaceKey) {
        let Some(id) = self.under.get(&place).copied() else {
            return;
        };
        let live = self.counts(id) && self.holds.get(&id).is_some_and(|h| h.paid.is_none());
        found
            .ensure(!live, Check::ReplyTrue, || format!("{place:?} was ended while {id} was held"));
        self.place_ends(place, false);
    }

    fn reserved(
        &mut self,
        found: &mut Found,
        store: &MemoryStore,
        reserve: &Reserve,
        outcome: &Outcome,
    ) {
        let Some(settings) = self.concerts.get(&reserve.place.queue.concert).copied() else {
            return;
        };
        let now = self.now.0;
        // Who was let in by another queue than the general one has seen it open, whatever the clock says since.
        let seen = (!reserve.place.queue.is_general()).then_some(Time(i64::MIN));
        let on_sale = settings.sells(seen, now) && !self.cancelled.contains(&reserve.date);
        found.ensure(on_sale, Check::Opened, || format!("{outcome:?}, {settings:?}"));
        self.reply_fits(found, store, reserve, outcome, settings);
        for number in &reserve.seats {
            let key = SeatKey { date: reserve.date, number: *number };
            let owner = self.owner(key);
            found.ensure(owner.is_none(), Check::SeatWasFree, || {
                format!("{key:?} was given to {reserve:?}, and is {owner:?}'s")
            });
            let blocked = self.blocked.contains(&key);
            found.ensure(!blocked, Check::SeatWasFree, || format!("{key:?} is not on sale"));
            let closed = self.closed_until(key, reserve.user);
            found.ensure(closed.is_none(), Check::SeatWasFree, || {
                format!("{key:?} was given to {reserve:?}, to whom it is closed until {closed:?}")
            });
        }
        let may_hold = self.may_hold(reserve.user, reserve.place.queue.concert);
        found.ensure(may_hold, Check::SeatLimit, || format!("{reserve:?} goes on and on"));
        let have = self.seats_of(reserve.user, reserve.date) + reserve.seats.len();
        found.ensure(have as u64 <= settings.seats_per_user.into(), Check::SeatLimit, || {
            format!("{reserve:?} makes {have} of {}", settings.seats_per_user)
        });
        let Outcome::Reserved { total_price, expires_at, .. } = outcome else {
            return;
        };
        let hold = Hold {
            user: reserve.user,
            concert: reserve.place.queue.concert,
            date: reserve.date,
            seats: reserve.seats.clone(),
            price: total_price.0,
            at: self.now,
            until: *expires_at,
            rehold_ms: settings.rehold_ms,
            released: false,
            released_at: self.now,
            over: false,
            paid: None,
            gone: BTreeSet::new(),
            overtaken: BTreeSet::new(),
            back: 0,
        };
        self.take(reserve, hold);
    }

    fn take(&mut self, reserve: &Reserve, hold: Hold) {
        let id = reserve.reservation;
        for number in &reserve.seats {
            let key = SeatKey { date: reserve.date, number: *number };
            self.claims.insert(key, id);
        }
        let of_user = self.by_user.entry((reserve.user, reserve.date));
        of_user.or_default().insert(id);
        self.under.insert(reserve.place, id);
        let of_user = self.since_paid.entry((hold.user, hold.concert));
        of_user.or_insert_with(|| (self.forth_ms, Vec::new())).1.push(id);
        self.holds.insert(id, hold);
    }

    fn reply_fits(
        &self,
        found: &mut Found,
        store: &MemoryStore,
        reserve: &Reserve,
        outcome: &Outcome,
        settings: Settings,
    ) {
        let Outcome::Reserved { reservation_id, date_id, seats, total_price, held_at, expires_at } =
            outcome
        else {
            return;
        };
        let date = reserve.date;
        let priced = |seat: &SeatPrice| {
            let number = seat.seat_number;
            let row = store.seats.get(&SeatKey { date, number });
            let same = |row: &Seat| row.ticket_price == seat.price && row.zone == seat.zone;
            row.is_some_and(|row| same(row) || self.changed.contains(&date))
        };
        let numbers: BTreeSet<u32> = seats.iter().map(|seat| seat.seat_number).collect();
        let sum: i64 = seats.iter().map(|seat| seat.price.0).sum();
        let owner = self.joined.get(&reserve.place).map(|(user, _)| *user);
        let right = *reservation_id == reserve.reservation
            && *date_id == date
            && numbers == reserve.seats
            && numbers.len() == seats.len()
            && seats.iter().all(priced)
            && sum == total_price.0
            && held_at.0 == self.now.0
            && expires_at.0 == self.now.0 + settings.hold_ms
            && owner == Some(reserve.user);
        found.ensure(right, Check::ReplyTrue, || format!("{reserve:?} gave {outcome:?}"));
    }

    fn paid(&mut self, found: &mut Found, pay: &Pay, outcome: &Outcome) {
        let Outcome::Paid { payment_id, reservation_id, amount, balance, paid_at } = outcome else {
            return;
        };
        let id = *reservation_id;
        let stands = self.holds.get(&id).is_some_and(|hold| {
            let date = hold.date;
            let mut seats = hold.seats.iter();
            hold.paid.is_none()
                && !self.cancelled.contains(&date)
                && self.counts(id)
                && seats.all(|&number| self.owner(SeatKey { date, number }) == Some(id))
        });
        found.ensure(stands, Check::PaidWhileHeld, || {
            format!("{pay:?} gave {outcome:?}, {:?}", self.holds.get(&id))
        });
        self.in_currency(pay.user, pay.place.queue.concert);
        let sum = self.balances.entry(pay.user).or_default();
        *sum -= amount.0;
        let right = *sum == balance.0
            && (*payment_id, id) == (pay.payment, pay.reservation)
            && paid_at.0 == self.now.0;
        let hold = self.holds.get_mut(&id).is_some_and(|hold| {
            hold.paid = Some(payment_id.0);
            self.since_paid.remove(&(hold.user, hold.concert));
            hold.user == pay.user && hold.price == amount.0
        });
        found.ensure(right && hold, Check::ReplyTrue, || format!("{pay:?} gave {outcome:?}"));
    }
}
