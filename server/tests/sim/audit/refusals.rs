//! What each refusal claims, against the replies before it: a "no" that is not true is a bug, too.

use super::history::History;
use super::outcomes::block_of;
use super::{Check, Found};
use boxoffice_core::command::Command;
use boxoffice_core::concert::ConcertDate;
use boxoffice_core::id::{ConcertId, LayoutId, PlaceKey, ReservationId, SeatKey, UserId};
use boxoffice_core::money::Currency;
use boxoffice_core::queue::{Admit, Join, SetDraw, SetQueue};
use boxoffice_core::refusal::Refusal;
use boxoffice_core::reservation::{Reserve, ReserveBest};
use boxoffice_server::store::memory::MemoryStore;
use std::collections::BTreeSet;

/// The most a balance may hold, minor units.
const BALANCE_MOST: i64 = 10_000_000_000;

/// So many lapses keep a user away.
const LAPSES_MOST: usize = 3;

/// Who shops with which place, and for which reservation.
fn visit(command: &Command) -> Option<(UserId, PlaceKey, Option<ReservationId>)> {
    Some(match command {
        Command::Leave(c) => (c.user, c.place, None),
        Command::Arrive(c) => (c.user, c.place, None),
        Command::Charge(c) => (c.user, c.place?, None),
        Command::Reserve(c) => (c.user, c.place, None),
        Command::ReserveBest(c) => (c.user, c.place, None),
        Command::Cancel(c) => (c.user, c.place, Some(c.reservation)),
        Command::Pay(c) => (c.user, c.place, Some(c.reservation)),
        _ => return None,
    })
}

const fn is_of_a_job(command: &Command) -> bool {
    matches!(command, Command::TakeJob(_) | Command::FailJob(_) | Command::ClearDate(_))
}

const fn of_a_job(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::JobNotFound | Refusal::JobNotHeld | Refusal::DateNotFound)
}

impl History {
    pub(super) fn refusal(
        &self,
        found: &mut Found,
        store: &MemoryStore,
        command: &Command,
        refusal: &Refusal,
    ) {
        let known = visit(command).and_then(|(_, _, id)| self.holds.get(&id?));
        let right = match (command, refusal) {
            (_, Refusal::CredentialsWrong | Refusal::PasswordWrong) => self.is_wrong(command),
            (Command::DeleteUser(c), Refusal::BalanceLeft { balance }) => {
                self.balances.get(&c.user) == Some(&balance.0) && c.give_up.0 < balance.0
            }
            (_, Refusal::SessionNotFound | Refusal::SessionEnded) => true,
            (Command::Register(c), Refusal::UsernameTaken) => self.names.contains_key(&c.username),
            (_, Refusal::TokenUnknown) => !self.is_place_of_user(command),
            (_, Refusal::NotAdmitted | Refusal::TokenExpired) => self.is_place_of_user(command),
            (_, Refusal::SaleClosed) => {
                let settings = self.settings(command);
                let closed =
                    settings.is_some_and(|(_, closes)| closes.is_some_and(|at| at <= self.now.0));
                closed || self.has_started(store, command) || self.was_deleted(command)
            }
            (Command::SetDraw(set), Refusal::SaleNotOpen { opens_at }) => {
                // The terms are never changed, so that those of now are those of then.
                let terms = store.queues.get(&set.queue).map(|queue| &queue.rule.terms);
                let named = terms.and_then(|terms| terms.joined_before);
                let own = self.lines.get(&set.queue).and_then(|line| line.opens_at);
                let opens = self.settings(command).map(|(opens, _)| own.map_or(opens, |at| at.0));
                let before = opens.map(|opens| named.map_or(opens, |named| named.0.min(opens)));
                before == Some(opens_at.0) && self.now.0 < opens_at.0
            }
            (_, Refusal::SaleNotOpen { opens_at }) => {
                let settings = self.settings(command);
                settings.is_some_and(|(opens, _)| opens == opens_at.0 && self.now.0 < opens)
            }
            (Command::Join(c), Refusal::TooManyLapses { retry_at }) => {
                self.now.0 < retry_at.0 && self.has_to_stay_away(c.user, c.queue.concert)
            }
            (_, Refusal::DateCancelled { .. }) => self.is_cancelled(command),
            (_, Refusal::HoldReleased) => known.is_some_and(|hold| hold.released),
            (_, Refusal::HoldLapsed) => known.is_some_and(|hold| {
                let date = hold.date;
                let id = visit(command).and_then(|(_, _, id)| id);
                let mine = |number: &u32| {
                    let number = *number;
                    self.owner(SeatKey { date, number }) == id
                };
                !hold.seats.iter().all(mine)
            }),
            (_, Refusal::AlreadyPaid { payment_id }) => {
                known.is_some_and(|hold| hold.paid == Some(payment_id.0))
            }
            (_, Refusal::ReservationNotFound) => {
                let visit = visit(command);
                known.is_none_or(|hold| visit.is_none_or(|(user, _, _)| hold.user != user))
            }
            (_, Refusal::CurrencyMismatch { wallet, currency }) => {
                wallet != currency && self.differs(command, *wallet, *currency)
            }
            (Command::Reserve(reserve), _) => self.reserve_refused(store, reserve, refusal),
            (Command::ReserveBest(best), _) => self.best_refused(store, best, refusal),
            (Command::SetSeats(set), _) => self.seats_not_set(set, refusal),
            (_, Refusal::LayoutNotFound) => self.lacks_layout(store, command),
            (Command::Refund(refund), _) => self.refund_refused(store, refund, refusal),
            (Command::Charge(_) | Command::Pay(_) | Command::Adjust(_), _) => {
                self.money_refused(command, refusal)
            }
            _ => self.operator_refused(command, refusal),
        };
        found.ensure(right, Check::RefusalTrue, || format!("{command:?} was refused: {refusal:?}"));
    }

    /// Whether a user has let too many holds go unpaid, or held for too long without paying.
    fn has_to_stay_away(&self, user: UserId, concert: ConcertId) -> bool {
        let hold_ms = self.concerts.get(&concert).map_or(i64::MAX, |show| show.hold_ms);
        let too_long = self.unpaid_ms(user, concert) / hold_ms >= 3;
        too_long || self.let_go(user, concert) >= LAPSES_MOST
    }

    /// Whether it is about a date that was cancelled.
    fn is_cancelled(&self, command: &Command) -> bool {
        let hold = || self.holds.get(&visit(command)?.2?).map(|hold| hold.date);
        let date = match command {
            Command::Reserve(c) => Some(c.date),
            Command::ReserveBest(c) => Some(c.date),
            Command::EditDate(c) => Some(c.date),
            Command::SetSeats(c) => Some(c.date),
            _ => hold(),
        };
        date.is_some_and(|date| self.cancelled.contains(&date))
    }

    /// Whether the wallet is in this currency, and what is asked for in that one.
    fn differs(&self, command: &Command, wallet: Currency, currency: Currency) -> bool {
        let asked = match command {
            Command::Adjust(c) => Some((c.user, c.currency)),
            Command::Charge(c) if c.place.is_none() => Some((c.user, c.currency)),
            _ => visit(command)
                .and_then(|(user, place, _)| Some((user, *self.prices.get(&place.queue.concert)?))),
        };
        asked.is_some_and(|(user, wanted)| {
            self.wallets.get(&user) == Some(&wallet) && wanted == currency
        })
    }

    fn operator_refused(&self, command: &Command, refusal: &Refusal) -> bool {
        match refusal {
            Refusal::DateInPast { starts_at } => starts_at.0 <= self.now.0,
            Refusal::DateBeforeOpening { starts_at, opens_at } => starts_at.0 <= opens_at.0,
            Refusal::SaleTimeInPast { at, .. } => at.0 <= self.now.0,
            Refusal::SaleOpen => {
                let settings = command.concert().and_then(|id| self.concerts.get(&id));
                let other = command.concert().filter(|id| self.other_open(*id)).map(|_| self.now);
                settings.is_some_and(|settings| {
                    settings.sells(None, self.now.0) || settings.sells(other, self.now.0)
                })
            }
            Refusal::QueueNotFound => match command {
                Command::Join(Join { queue, .. })
                | Command::Admit(Admit { queue, .. })
                | Command::SetQueue(SetQueue { queue, .. })
                | Command::SetDraw(SetDraw { queue, .. }) => !self.lines.contains_key(queue),
                _ => false,
            },
            Refusal::SaleHasOpened { opens_at } => opens_at.0 <= self.now.0,
            Refusal::IdempotencyKeyReused => false,
            Refusal::HeldOrSold { seats } => *seats > 0,
            _ if is_of_a_job(command) => of_a_job(refusal),
            _ => true,
        }
    }

    /// Whether the password that a command brings is not its user's.
    fn is_wrong(&self, command: &Command) -> bool {
        let (user, hash) = match command {
            Command::OpenSession(c) => (&c.user, &c.password_hash),
            Command::SetPassword(c) => (&c.user, &c.old_hash),
            Command::DeleteUser(c) => (&c.user, &c.password_hash),
            _ => return false,
        };
        self.passwords.get(user) != Some(hash)
    }

    /// Whether a reservation asks for a performance that is under way or over.
    fn has_started(&self, store: &MemoryStore, command: &Command) -> bool {
        let id = match command {
            Command::Reserve(reserve) => reserve.date,
            Command::ReserveBest(best) => best.date,
            _ => return false,
        };
        let date = store.dates.get(&id);
        let changed = self.changed.contains(&id);
        date.is_some_and(|date| changed || date.concert_date.0 <= self.now.0)
    }

    fn was_deleted(&self, command: &Command) -> bool {
        let settings = command.concert().and_then(|concert| self.concerts.get(&concert));
        settings.is_some_and(|settings| settings.deleted)
    }

    fn is_place_of_user(&self, command: &Command) -> bool {
        visit(command).is_some_and(|(user, place, _)| {
            self.joined.get(&place).is_some_and(|(owner, _)| *owner == user)
        })
    }

    fn settings(&self, command: &Command) -> Option<(i64, Option<i64>)> {
        let concert = match command {
            Command::Join(c) => c.queue.concert,
            Command::SetDraw(c) => c.queue.concert,
            Command::AddQueue(c) => c.queue.concert,
            _ => visit(command)?.1.queue.concert,
        };
        let settings = self.concerts.get(&concert)?;
        Some((settings.opens_at().0, settings.closes_at().map(|at| at.0)))
    }

    /// Whether one of the layouts that are named was not added; one that is added in the same batch may come later.
    fn lacks_layout(&self, store: &MemoryStore, command: &Command) -> bool {
        let layouts: Vec<LayoutId> = match command {
            Command::CreateConcert(c) => c.dates.iter().filter_map(|date| date.layout).collect(),
            Command::AddDate(c) => c.date.layout.into_iter().collect(),
            _ => return false,
        };
        let late =
            |id: &LayoutId| store.layouts.get(id).is_none_or(|kept| kept.created_at == self.now);
        layouts.iter().any(late)
    }

    /// Of blocks, each seat that cannot be had is named; each block has one.
    fn best_refused(&self, store: &MemoryStore, best: &ReserveBest, refusal: &Refusal) -> bool {
        let key = |number: &u32| SeatKey { date: best.date, number: *number };
        let all: BTreeSet<u32> = best.blocks.iter().flatten().copied().collect();
        let changed = self.changed.contains(&best.date);
        let taken = |number: &u32| {
            let key = key(number);
            let known = store.seats.contains_key(&key);
            !known || self.owner(key).is_some() || self.blocked.contains(&key)
        };
        let closed = |number: &u32| self.closed_until(key(number), best.user).is_some();
        let hopeless = |block: &BTreeSet<u32>| block.iter().any(|n| taken(n) || closed(n));
        match refusal {
            Refusal::NoFittingSeats { largest } => {
                best.blocks.is_empty() && *largest == best.largest
            }
            Refusal::SeatsTaken { seat_numbers } | Refusal::SeatsBlocked { seat_numbers, .. } => {
                let off = |number: &&u32| self.blocked.contains(&key(number));
                let told: &[u32] = match refusal {
                    Refusal::SeatsBlocked { blocked, .. } => blocked,
                    _ => &[],
                };
                let numbers = all.iter().filter(|number| taken(number));
                let named = numbers.eq(seat_numbers) && all.iter().filter(off).eq(told);
                changed || (named && best.blocks.iter().all(hopeless))
            }
            Refusal::SeatsCoolingOff { seat_numbers, .. } => {
                let numbers = all.iter().filter(|number| closed(number));
                changed || (numbers.eq(seat_numbers) && best.blocks.iter().all(hopeless))
            }
            Refusal::InvalidSetting { .. } => {
                let count = best.count as usize;
                !(1..=50).contains(&count) || best.blocks.iter().any(|block| block.len() != count)
            }
            _ => {
                let some = (1..=best.count).collect();
                self.reserve_refused(store, &block_of(best, some), refusal)
            }
        }
    }

    fn reserve_refused(&self, store: &MemoryStore, reserve: &Reserve, refusal: &Refusal) -> bool {
        let date = reserve.date;
        let key = |number: u32| SeatKey { date, number };
        match refusal {
            Refusal::SeatNotFound { seat_numbers } => {
                let absent = |number: &&u32| !store.seats.contains_key(&key(**number));
                let absent = reserve.seats.iter().filter(absent).eq(seat_numbers);
                absent || self.changed.contains(&date)
            }
            Refusal::SeatsTaken { seat_numbers } | Refusal::SeatsBlocked { seat_numbers, .. } => {
                let off = |number: &&u32| self.blocked.contains(&key(**number));
                let taken = |n: &&u32| self.owner(key(**n)).is_some() || off(n);
                let told: &[u32] = match refusal {
                    Refusal::SeatsBlocked { blocked, .. } => blocked,
                    _ => &[],
                };
                reserve.seats.iter().filter(taken).eq(seat_numbers)
                    && reserve.seats.iter().filter(off).eq(told)
            }
            Refusal::SeatsCoolingOff { seat_numbers, retry_at } => {
                let closed = |number: &u32| self.closed_until(key(*number), reserve.user);
                let numbers = reserve.seats.iter().filter(|number| closed(number).is_some());
                let last = reserve.seats.iter().filter_map(closed).max();
                numbers.eq(seat_numbers) && last == Some(retry_at.0)
            }
            Refusal::SeatLimit { limit, have } => {
                let counted = self.seats_of(reserve.user, date) as u64;
                let wanted = reserve.seats.len() as u64;
                // A clock that went back may revive a hold that was overtaken; it counts then.
                u64::from(*have) >= counted && u64::from(*have) + wanted > u64::from(*limit)
            }
            Refusal::HoldExists { reservation_id } => {
                self.under.get(&reserve.place) == Some(reservation_id)
                    && self.counts(*reservation_id)
            }
            Refusal::AlreadyExists => self.holds.contains_key(&reserve.reservation),
            Refusal::InvalidSetting { .. } => !(1..=50).contains(&reserve.seats.len()),
            Refusal::DateNotFound => {
                let row = store.dates.get(&date);
                let other = |row: &ConcertDate| row.concert != reserve.place.queue.concert;
                row.is_none_or(|row| other(row) || row.withdrawn_at.is_some())
            }
            _ => false,
        }
    }

    fn money_refused(&self, command: &Command, refusal: &Refusal) -> bool {
        let balance = |user: &UserId| self.balances.get(user).copied().unwrap_or(0);
        match (command, refusal) {
            (Command::Charge(charge), Refusal::AmountOutOfRange { min, max }) => {
                charge.amount.0 < min.0 || charge.amount.0 > max.0
            }
            (Command::Charge(charge), Refusal::BalanceLimit { limit }) => {
                let sum = balance(&charge.user) + charge.amount.0;
                limit.0 == BALANCE_MOST && sum > BALANCE_MOST
            }
            (Command::Charge(charge), Refusal::UserNotFound) => {
                charge.place.is_none() && self.names.values().all(|user| *user != charge.user)
            }
            (Command::Adjust(adjust), Refusal::UserNotFound) => {
                self.names.values().all(|user| *user != adjust.user)
            }
            (Command::Adjust(adjust), Refusal::AmountOutOfRange { max, .. }) => {
                adjust.amount.0 == 0 || adjust.amount.0.abs() > max.0
            }
            (Command::Adjust(adjust), Refusal::BalanceTooLow { balance: has }) => {
                has.0 == balance(&adjust.user) && has.0 + adjust.amount.0 < 0
            }
            (Command::Adjust(adjust), Refusal::BalanceLimit { .. }) => {
                balance(&adjust.user) + adjust.amount.0 > BALANCE_MOST
            }
            (Command::Adjust(adjust), Refusal::InvalidSetting { .. }) => {
                adjust.reason.trim().is_empty()
            }
            (Command::Pay(pay), Refusal::InsufficientBalance { balance: has, price, missing }) => {
                let hold = self.holds.get(&pay.reservation);
                has.0 == balance(&pay.user)
                    && hold.is_some_and(|hold| hold.price == price.0)
                    && price.0 - has.0 == missing.0
                    && missing.0 > 0
            }
            _ => false,
        }
    }
}
