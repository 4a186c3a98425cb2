//! What holds of every world, whatever was done to it and whatever the clock did meanwhile. Written
//! against the tables alone: it must share no code with the rules that it judges.

use crate::harness::World;
use boxoffice_core::concert::{ConcertDate, Seat, SeatStatus};
use boxoffice_core::id::{PlaceKey, SeatKey};
use boxoffice_core::limits::BALANCE_MAX;
use boxoffice_core::money::Money;
use boxoffice_core::queue::{Place, PlaceStatus};
use boxoffice_core::reservation::{Reservation, ReservationStatus};
use boxoffice_core::user::User;
use boxoffice_core::wallet::{Account, TransferKind};
use std::collections::BTreeMap;

type Held = Result<(), String>;

macro_rules! must {
    ($condition:expr, $($what:tt)+) => {
        if !$condition {
            return Err(format!($($what)+));
        }
    };
}

/// All of them. The error says which one is broken.
pub fn hold(world: &World) -> Held {
    seats_agree_with_dates(world)?;
    dates_are_apart(world)?;
    seats_have_one_owner(world)?;
    reservations_own_what_they_say(world)?;
    refunds_add_up(world)?;
    holds_have_their_admission(world)?;
    money_adds_up(world)?;
    queues_count_right(world)?;
    nobody_stands_twice(world)?;
    ended_sessions_are_refused(world)
}

/// What has ended is known to be refused for as long as a token of it could count; of those that have not,
/// nobody has more than so many.
fn ended_sessions_are_refused(world: &World) -> Held {
    let mut open = BTreeMap::new();
    for (id, row) in &world.sessions {
        let refused = row.ended_at.map(|_| row.access_until);
        must!(
            row.refused_until == refused,
            "session {id} is refused until {:?}",
            row.refused_until
        );
        *open.entry(row.user).or_insert(0) += u32::from(row.ended_at.is_none());
    }
    must!(open.values().all(|count| *count <= 20), "sessions of one user: {open:?}");
    let gone = |user: &&User| user.deleted_at.is_some();
    let known = world.users.values().filter(gone).any(|user| user.password_hash.is_some());
    must!(!known, "a deleted account has a password");
    Ok(())
}

fn seats_agree_with_dates(world: &World) -> Held {
    for (id, date) in &world.dates {
        let seats: Vec<&Seat> =
            world.seats.iter().filter(|(key, _)| key.date == *id).map(|(_, seat)| seat).collect();
        let available = seats.iter().filter(|seat| seat.status == SeatStatus::Available);
        must!(date.available_seats == count(available), "available seats of {id}");
        let blocked = seats.iter().filter(|seat| seat.status == SeatStatus::Blocked);
        must!(date.blocked_seats == count(blocked), "blocked seats of {id}");
        must!(date.total_seats == count(seats.iter()), "total seats of {id}");
        let same = seats.iter().all(|seat| seat.concert == date.concert);
        must!(same, "a seat of {id} is another concert's");
    }
    for (id, concert) in &world.concerts {
        let mine = |date: &&ConcertDate| date.concert == *id && date.withdrawn_at.is_none();
        let dates = world.dates.values().filter(mine);
        must!(concert.date_count == count(dates.clone()), "dates of {id}");
        let seats: u64 = dates.map(|date| date.total_seats).sum();
        must!(concert.total_seats == seats, "seats of {id}");
    }
    Ok(())
}

/// No two live dates of a concert that were not cancelled start at one instant, and nothing of a deleted one is anybody's.
fn dates_are_apart(world: &World) -> Held {
    let mut starts = BTreeMap::new();
    for (id, date) in &world.dates {
        if date.withdrawn_at.is_some() {
            let nobodys = date.available_seats + date.blocked_seats;
            must!(nobodys == date.total_seats, "seats of {id}, which was deleted");
            continue;
        }
        if date.cancelled.is_some() {
            continue;
        }
        let other = starts.insert((date.concert, date.concert_date), id);
        must!(other.is_none(), "{id} and {other:?} start together");
    }
    Ok(())
}

fn seats_have_one_owner(world: &World) -> Held {
    for (key, seat) in &world.seats {
        let owner = seat.reservation.and_then(|id| world.reservations.get(&id));
        match seat.status {
            SeatStatus::Available => {
                must!(seat.reservation.is_none(), "available {key:?} has an owner");
                must!(seat.held_until.is_none(), "available {key:?} has a hold");
            }
            SeatStatus::Held => {
                let held = |r: &Reservation| {
                    r.status == ReservationStatus::Held && seat.held_until == Some(r.expires_at)
                };
                must!(owner.is_some_and(held), "held {key:?} and {owner:?}");
            }
            SeatStatus::Sold => {
                let paid = |r: &Reservation| r.status == ReservationStatus::Confirmed;
                must!(owner.is_some_and(paid), "sold {key:?} and {owner:?}");
                must!(seat.held_until.is_none(), "sold {key:?} has a hold");
            }
            SeatStatus::Blocked => {
                let bare = (seat.held_until, seat.reservated_date) == (None, None);
                must!(seat.reservation.is_none() && bare, "blocked {key:?} is {seat:?}");
            }
        }
        must!(owner.is_none_or(|r| r.date == key.date), "{key:?} of another date");
    }
    Ok(())
}

fn reservations_own_what_they_say(world: &World) -> Held {
    for (id, row) in &world.reservations {
        let reserved = &world.reserved_seats[id];
        must!(row.seat_count as usize == reserved.len(), "seat count of {id}");
        let total: i64 = reserved.iter().map(|seat| seat.price.0).sum();
        must!(row.total_price == Money(total), "price of {id}");
        let paid = [ReservationStatus::Confirmed, ReservationStatus::Refunded];
        let confirmed = paid.contains(&row.status);
        for seat in reserved {
            let key = SeatKey { date: row.date, number: seat.number };
            let sold = &world.seats[&key];
            let mine = sold.status == SeatStatus::Sold && sold.reservation == Some(*id);
            let back = world.refunded_seats.contains_key(&(*id, seat.number));
            must!(mine == (confirmed && !back), "{id} is {:?} and {key:?} is {sold:?}", row.status);
        }
        let payment = world.payments.get(id);
        must!(payment.is_some() == confirmed, "payment of {id}");
        must!(row.payment == payment.map(|p| p.payment), "payment's id in {id}");
        must!(payment.is_none_or(|p| p.amount == row.total_price), "amount paid for {id}");
        let ended = row.status != ReservationStatus::Held;
        must!(row.ended_at.is_some() == ended, "end of {id}");
    }
    Ok(())
}

/// Refunds are numbered, never more than was paid, each a transfer to who paid; and a reservation has the sums.
fn refunds_add_up(world: &World) -> Held {
    for (id, row) in &world.reservations {
        let refunds: Vec<_> = world.refunds.range((*id, 0)..=(*id, u64::MAX)).collect();
        let numbers: Vec<u64> = refunds.iter().map(|((_, number), _)| *number).collect();
        must!(
            numbers == (1..=row.refunded.count).collect::<Vec<_>>(),
            "numbers of refunds of {id}"
        );
        let amount: i64 = refunds.iter().map(|(_, refund)| refund.amount.0).sum();
        must!(row.refunded.amount == Money(amount), "sum of refunds of {id}");
        must!((0..=row.total_price.0).contains(&amount), "{amount} of {row:?} went back");
        let seats = world.refunded_seats.range((*id, 0)..=(*id, u32::MAX));
        let seats: Vec<_> = seats.map(|(_, seat)| seat.refund_number).collect();
        must!(row.refunded.seats as usize == seats.len(), "seats of {id} that went back");
        let refunded = row.status == ReservationStatus::Refunded;
        must!(refunded == (row.seat_count == row.refunded.seats), "{id} is {row:?}");
        for ((_, number), refund) in refunds {
            let with = seats.iter().filter(|of| **of == *number).count();
            must!(refund.seat_count as usize == with, "seats of {refund:?}");
            let moved = world.transfers.iter().filter(|((user, _), transfer)| {
                *user == row.user
                    && transfer.kind == TransferKind::Refund
                    && transfer.reference == refund.refund.0
                    && transfer.amount == refund.amount
                    && transfer.account == Account::Sales(row.date)
            });
            let moves = u64::from(refund.amount > Money::ZERO);
            must!(count(moved) == moves, "transfers of {refund:?}");
        }
    }
    let moved = world.transfers.values().filter(|t| t.kind == TransferKind::Refund);
    let paid = world.refunds.values().filter(|refund| refund.amount > Money::ZERO);
    must!(count(moved) == count(paid), "transfers without refunds");
    Ok(())
}

/// A hold lives and dies with the admission that it was made under.
fn holds_have_their_admission(world: &World) -> Held {
    for (id, row) in &world.reservations {
        let key = row.place;
        let admission = &world.admissions[&key];
        must!(admission.user == row.user, "{id} under another user's admission");
        let held = row.status == ReservationStatus::Held;
        must!((admission.reservation == Some(*id)) == held, "{id} and {admission:?}");
        let ends = !held || admission.token_expiry == row.expires_at;
        must!(ends, "the hold {id} and its admission end apart");
    }
    for (key, admission) in &world.admissions {
        let idle = admission.is_active || admission.reservation.is_none();
        must!(idle, "the ended admission of {key:?} holds seats");
        let back = world.places[key].status == PlaceStatus::Returning;
        let over = !admission.is_active && !back;
        must!(admission.end.is_some() == over, "end of {key:?}");
    }
    Ok(())
}

fn money_adds_up(world: &World) -> Held {
    let mut sums: BTreeMap<_, (u64, i64)> = BTreeMap::new();
    let mut others: BTreeMap<Account, i64> = BTreeMap::new();
    for (key @ (user, number), entry) in &world.transfers {
        let (entries, sum) = sums.entry(*user).or_default();
        *entries += 1;
        *sum += entry.amount.0;
        must!(entries == number, "a gap in the ledger before {key:?}");
        must!(entry.balance_after == Money(*sum), "balance after {key:?}");
        must!((0..=BALANCE_MAX.0).contains(sum), "balance {sum} after {key:?}");
        *others.entry(entry.account).or_default() -= entry.amount.0;
        let outside = matches!(entry.kind, TransferKind::Charge | TransferKind::Adjustment);
        must!(outside == (entry.account == Account::Outside), "account of {key:?}");
        must!(world.balances[user].currency == entry.currency, "currency of {key:?}");
        let by_operator = matches!(entry.kind, TransferKind::Adjustment | TransferKind::Refund);
        must!(entry.reason.is_some() == by_operator, "reason of {key:?}");
    }
    let mut balances = 0;
    for (user, row) in &world.balances {
        let (entries, sum) = sums.remove(user).unwrap_or_default();
        must!(row.amount == Money(sum), "balance of {user}");
        must!(row.entry_count == entries, "entry count of {user}");
        balances += sum;
    }
    must!(sums.is_empty(), "ledger entries without a balance");
    must!(balances + others.values().sum::<i64>() == 0, "wallets {balances}, others {others:?}");
    for (id, payment) in &world.payments {
        let row = &world.reservations[id];
        let earned = payment.amount.0 - row.refunded.amount.0;
        *others.entry(Account::Sales(row.date)).or_default() -= earned;
    }
    others.remove(&Account::Outside);
    must!(others.values().all(|left| *left == 0), "sales without payments: {others:?}");
    for payment in world.payments.values() {
        let debits = world.transfers.iter().filter(|((user, _), entry)| {
            *user == payment.user
                && entry.reference == payment.payment.0
                && entry.amount == Money(-payment.amount.0)
        });
        must!(count(debits) == 1, "debits of {payment:?}");
    }
    Ok(())
}

fn queues_count_right(world: &World) -> Held {
    for (id, queue) in &world.queues {
        let mine = |key: &PlaceKey| key.queue == *id;
        let places = || world.places.iter().filter(|(key, _)| mine(key));
        let active = world.admissions.iter().filter(|(key, a)| mine(key) && a.is_active);
        must!(queue.active == count(active), "active of {id:?}: {}", queue.active);
        let line = places().filter(|(_, place)| place.status == PlaceStatus::Waiting);
        must!(queue.waiting == count(line), "waiting of {id:?}: {}", queue.waiting);
        let back = places().filter(|(_, place)| place.status == PlaceStatus::Returning);
        must!(queue.returning == count(back), "returning of {id:?}: {}", queue.returning);
        must!(queue.cursor <= queue.tail, "cursor {} past {}", queue.cursor, queue.tail);
        must!(queue.tail == count(places()), "tail of {id:?}: {}", queue.tail);
        must!(queue.drawn.is_none_or(|n| n <= queue.tail), "drawn more than joined");
        let credit = queue.settings.admissions_per_second.max(1_000) * 1_000;
        must!(queue.credit_milli <= credit, "credit of {id:?}");
        let draw = queue.draw();
        for (key, place) in places() {
            place_is_right(world, key, place)?;
            let number = draw.as_ref().map(|draw| draw.number_of(key.sequence));
            let ahead = number.is_none_or(|number| number > queue.cursor);
            let waiting = place.status == PlaceStatus::Waiting;
            must!(ahead || !waiting, "{key:?} was skipped");
            let served = matches!(place.status, PlaceStatus::Served | PlaceStatus::Returning);
            must!(!(ahead && served), "{key:?} was served before its turn");
        }
    }
    Ok(())
}

fn place_is_right(world: &World, key: &PlaceKey, place: &Place) -> Held {
    let admission = world.admissions.get(key);
    must!(admission.is_none_or(|a| a.user == place.user), "user of {key:?}");
    let fits = match place.status {
        PlaceStatus::Waiting => admission.is_none(),
        PlaceStatus::Served => admission.is_some(),
        PlaceStatus::Returning => admission.is_some_and(|a| !a.is_active),
        PlaceStatus::Left => admission.is_none_or(|a| !a.is_active),
    };
    must!(fits, "{key:?} is {:?} with {admission:?}", place.status);
    let waits = matches!(place.status, PlaceStatus::Waiting | PlaceStatus::Returning);
    must!(place.deleted_at.is_none() == waits, "end of {key:?}");
    Ok(())
}

/// One user, one place in line or one admission, in all queues of a concert; and it is the newest.
fn nobody_stands_twice(world: &World) -> Held {
    let (mut standing, mut newest) = (BTreeMap::new(), BTreeMap::new());
    for (key, place) in &world.places {
        let visits: &mut BTreeMap<u64, &PlaceKey> =
            newest.entry((place.user, key.queue.concert)).or_default();
        let other = visits.insert(place.visit, key);
        must!(other.is_none(), "{key:?} and {other:?} are one visit");
    }
    for (key, place) in &world.places {
        let there = match place.status {
            PlaceStatus::Waiting | PlaceStatus::Returning => true,
            PlaceStatus::Served => world.admissions[key].is_active,
            PlaceStatus::Left => false,
        };
        if there {
            let whose = (place.user, key.queue.concert);
            let other = standing.insert(whose, key);
            must!(other.is_none(), "{} stands at {key:?} and at {other:?}", place.user);
            let last = newest[&whose].last_key_value();
            must!(last == Some((&place.visit, &key)), "{key:?} is not the newest");
        }
    }
    Ok(())
}

/// Nobody is let in past `max_active` and those who are said to be unaware, up to nine times as many. (It may be lowered
/// below those who are in.)
pub fn within_max_active(before: &World, after: &World, unaware: u64) -> Held {
    for (concert, queue) in &after.queues {
        let was = before.queues.get(concert).map_or(0, |queue| queue.active);
        let most = queue.settings.max_active;
        let fits = queue.active <= was.max(most + unaware.min(9 * most));
        must!(fits, "{} active, at most {most} and {unaware} unaware", queue.active);
    }
    Ok(())
}

fn count(rows: impl Iterator) -> u64 {
    u64::try_from(rows.count()).unwrap()
}
