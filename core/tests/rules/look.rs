//! What `see` shows: rows in a few words. Only reads; what is right is said by the script.

use crate::harness::World;
use crate::words::{START, id, name, offset, queue};
use boxoffice_core::concert::{Concert, SeatStatus};
use boxoffice_core::id::{
    ConcertId, DateId, PlaceKey, QueueId, ReservationId, SeatKey, SessionId, UserId,
};
use boxoffice_core::queue::{PlaceStatus, position};
use boxoffice_core::ticket::{Ticket, VoidBecause, tickets_of};
use boxoffice_core::time::Time;

/// `see <what> <which> [of <date>]`.
pub fn see(world: &World, what: &str, which: &str, date: &str, now: Time) -> String {
    match what {
        "seat" => see_seat(world, DateId(id(date)), which, now),
        "date" => {
            let date = &world.dates[&DateId(id(which))];
            let blocked = date.blocked_seats;
            format!("{} of {} available {blocked} blocked", date.available_seats, date.total_seats)
        }
        "concert" => {
            let concert = &world.concerts[&ConcertId(id(which))];
            format!("{} dates {} seats", concert.date_count, concert.total_seats)
        }
        "told" => {
            let concert = &world.concerts[&ConcertId(id(which))];
            let zone = concert.time_zone.as_deref().unwrap_or("-");
            let why = world.queues[&queue(which)].pause_reason.en.as_deref().unwrap_or("-");
            let Concert { concert_name, theater, run_time, .. } = concert;
            format!("{concert_name} {theater} {run_time} {zone} {why}")
        }
        "billed" => {
            let billing = &world.concerts[&ConcertId(id(which))].billing;
            let texts = [&billing.name_en, &billing.name_ko, &billing.about_en, &billing.about_ko];
            let texts = texts.map(|text| text.as_deref().unwrap_or("-")).join(", ");
            let poster = billing.poster.map_or("-".to_owned(), |(_, kind)| format!("{kind:?}"));
            format!("{texts}, {poster}")
        }
        "announced" => {
            let concert = &world.concerts[&ConcertId(id(which))];
            let end = concert.end_at.map_or("-".to_owned(), offset);
            format!("{} to {end}", offset(concert.start_at))
        }
        "price" => {
            let (number, date) = (which.parse().unwrap(), DateId(id(date)));
            let seat = &world.seats[&SeatKey { date, number }];
            format!("{} {}", seat.zone, seat.ticket_price.0)
        }
        "reservation" => {
            let row = world.reservations.get(&ReservationId(id(which)));
            row.map_or("none".to_owned(), |row| format!("{:?}", row.status_at(now)))
        }
        "tickets" => see_tickets(world, ReservationId(id(which))),
        "balance" => {
            let row = world.balances.get(&UserId(id(which)));
            row.map_or(0, |row| row.amount.0).to_string()
        }
        "ledger" => {
            let entries = world.transfers.range((UserId(id(which)), 0)..);
            let mine = entries.take_while(|((user, _), _)| *user == UserId(id(which)));
            let amounts: Vec<String> = mine.map(|(_, entry)| entry.amount.0.to_string()).collect();
            format!("{} entries {}", amounts.len(), amounts.join(" "))
        }
        "user" => see_user(world, UserId(id(which))),
        "session" => see_session(world, SessionId(id(which)), now),
        "queue" => {
            let queue = &world.queues[&queue(which)];
            format!(
                "active {} cursor {} tail {} returning {}",
                queue.active, queue.cursor, queue.tail, queue.returning
            )
        }
        "draw" => {
            let queue = &world.queues[&queue(which)];
            let states = [(queue.is_drawn(), "drawn"), (queue.awaits_value(), "awaits its value")];
            let now: Vec<&str> =
                states.iter().filter(|(is, _)| *is).map(|(_, text)| *text).collect();
            if now.is_empty() { "to come".to_owned() } else { now.join(" and ") }
        }
        "order" => order(world, queue(which)),
        other => panic!("{other} can't be seen"),
    }
}

/// The seats of a reservation's tickets, each with why it is void.
fn see_tickets(world: &World, id: ReservationId) -> String {
    let row = &world.reservations[&id];
    let back = world.refunded_seats.range((id, 0)..=(id, u32::MAX));
    let back = back.map(|((_, number), _)| *number).collect();
    let cancelled = world.dates[&row.date].cancelled.is_some();
    let tickets = tickets_of(id, row, &world.reserved_seats[&id], &back, cancelled);
    let one = |(ticket, because): &(Ticket, Option<VoidBecause>)| {
        assert_eq!((ticket.reservation, ticket.date), (id, row.date));
        let why = because.map_or(String::new(), |because| format!(" {because:?}"));
        format!("{}.{}{why}", ticket.seat, ticket.version)
    };
    let all: Vec<String> = tickets.iter().map(one).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn see_user(world: &World, user: UserId) -> String {
    world.users.get(&user).map_or("none".to_owned(), |user| {
        let kind = match (&user.deleted_at, &user.password_hash) {
            (Some(_), None) => "deleted",
            (None, None) => "adopted",
            (_, Some(_)) => "local",
        };
        format!("{} {kind}", user.username.replace('#', "/"))
    })
}

fn see_session(world: &World, session: SessionId, now: Time) -> String {
    world.sessions.get(&session).map_or("none".to_owned(), |row| match row.refused_until {
        _ if row.is_live(now) => format!("live {}", row.generation),
        Some(until) => format!("ended refused until {}", offset(until)),
        None => "over".to_owned(),
    })
}

fn see_seat(world: &World, date: DateId, number: &str, now: Time) -> String {
    let number = number.parse().unwrap();
    let seat = &world.seats[&SeatKey { date, number }];
    let owner = seat.reservation.map_or(String::new(), |id| name(id.0));
    match seat.status {
        SeatStatus::Available => "available".to_owned(),
        SeatStatus::Held if seat.is_free(now) => format!("lapsed {owner}"),
        SeatStatus::Held => format!("held {owner}"),
        SeatStatus::Sold => format!("sold {owner}"),
        SeatStatus::Blocked => format!("blocked {owner}"),
    }
}

/// Users in the order in which their newest places' numbers are served.
fn order(world: &World, id: QueueId) -> String {
    let queue = &world.queues[&id];
    let draw = queue.draw().expect("the draw is settled");
    let users = (1..=queue.tail).map(|number| {
        let sequence = draw.sequence_at(number);
        name(world.places[&PlaceKey { queue: id, sequence }].user.0)
    });
    users.collect::<Vec<String>>().join(" ")
}

pub fn see_place(world: &World, key: PlaceKey) -> String {
    let place = world.places.get(&key);
    place.map_or("none".to_owned(), |place| {
        let unpaid = offset(START.plus_ms(place.unpaid_ms));
        format!("{:?} lapses {} unpaid {unpaid}", place.status, place.lapses)
    })
}

pub fn see_position(world: &World, key: PlaceKey) -> String {
    position_of(world, key).map_or("none".to_owned(), |position| position.to_string())
}

/// Position of a waiting place, counted the slow way from the rows; `None` before the draw and for
/// whoever does not wait.
pub fn position_of(world: &World, key: PlaceKey) -> Option<u64> {
    let queue = world.queues.get(&key.queue)?;
    let waits = world.places.get(&key)?.status == PlaceStatus::Waiting;
    let draw = queue.draw().filter(|_| waits)?;
    let number = draw.number_of(key.sequence);
    let gone = (queue.cursor + 1..number).filter(|number| {
        let sequence = draw.sequence_at(*number);
        let key = PlaceKey { queue: key.queue, sequence };
        world.places[&key].status == PlaceStatus::Left
    });
    let gone = u64::try_from(gone.count()).unwrap();
    Some(position(number, queue.cursor, gone))
}
