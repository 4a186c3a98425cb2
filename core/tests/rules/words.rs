//! Words for things: names for ids, offsets for times, one line of text for an outcome, a refusal or
//! a row. Only translates; it must never judge.

use boxoffice_core::batch::Reply;
use boxoffice_core::id::{ConcertId, QueueId, Uuid};
use boxoffice_core::outcome::{Outcome, Ticket, TicketState};
use boxoffice_core::refusal::Refusal;
use boxoffice_core::session::Issue;
use boxoffice_core::time::Time;

/// `at 0s`.
pub const START: Time = Time(1_800_000_000_000);

/// The id that a name stands for: its letters, so that the way back needs no table.
pub fn id(name: &str) -> Uuid {
    assert!(name.len() <= 16, "{name} is too long for a name");
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    Uuid::from_bytes(bytes)
}

/// The queue that a name stands for: `c1` is the general one of a concert, `c1/q2` another.
pub fn queue(text: &str) -> QueueId {
    let (concert, own) = text.split_once('/').map_or((text, None), |(c, own)| (c, Some(own)));
    QueueId::named(ConcertId(id(concert)), own.map(id))
}

/// The name that an id was made from.
pub fn name(id: Uuid) -> String {
    let text = String::from_utf8(id.as_bytes().to_vec()).unwrap();
    text.trim_end_matches('\0').to_owned()
}

const UNITS: [(&str, i64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Milliseconds of `4m59s999ms`, `-2m`, `30s`.
pub fn ms(text: &str) -> i64 {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let mut sum = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let unit = UNITS.iter().find(|(name, _)| *name == unit);
        let (_, factor) = unit.unwrap_or_else(|| panic!("{text:?} is no time"));
        sum += number.parse::<i64>().unwrap() * factor;
        rest = tail;
    }
    sign * sum
}

/// The shortest text that [`ms`] reads as this offset from [`START`].
pub fn offset(time: Time) -> String {
    let mut left = time.0 - START.0;
    let mut text = String::from(if left < 0 { "-" } else { "" });
    left = left.abs();
    for (unit, factor) in UNITS {
        if left >= factor {
            text += &format!("{}{unit}", left / factor);
            left %= factor;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

fn numbers<T: ToString>(list: impl IntoIterator<Item = T>) -> String {
    let list: Vec<String> = list.into_iter().map(|n| n.to_string()).collect();
    list.join(",")
}

fn some(list: &[u32]) -> String {
    if list.is_empty() { "none".to_owned() } else { numbers(list) }
}

/// What became of a command.
pub fn reply(reply: &Reply) -> String {
    let text = match &reply.result {
        Ok(done) => outcome(done),
        Err(refused) => refusal(refused),
    };
    if reply.replayed { format!("replayed {text}") } else { text }
}

fn ticket(ticket: &Ticket) -> String {
    let number = ticket.queue_number.map_or("-".to_owned(), |n| n.to_string());
    let age = if ticket.created { "new" } else { "same" };
    let queue = ticket.place.queue.name().map_or(String::new(), |id| format!(" in {}", name(id)));
    match ticket.state {
        TicketState::Waiting => format!("waiting {number} {age}{queue}"),
        TicketState::Returning => format!("returning {number} {age}{queue}"),
        TicketState::Admitted { until } => {
            format!("admitted {number} {age} until {}{queue}", offset(until))
        }
    }
}

fn issued(issue: &Issue) -> String {
    let (at, until) = (offset(issue.at), offset(issue.refresh_until));
    format!("{} at {at} until {until}", issue.generation)
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Registered { user_id, username } => {
            format!("registered {} {username}", name(user_id.0))
        }
        Outcome::Joined(joined) => ticket(joined),
        Outcome::Left => "left".to_owned(),
        Outcome::Arrived { until } => format!("arrived until {}", offset(*until)),
        Outcome::Expired { ended } => if *ended { "ended" } else { "not_due" }.to_owned(),
        Outcome::Admitted { count, more } => {
            format!("admitted {count}{}", if *more { " more" } else { "" })
        }
        Outcome::Reserved { seats, total_price, expires_at, .. } => format!(
            "held {} for {} until {}",
            numbers(seats.iter().map(|seat| seat.seat_number)),
            total_price.0,
            offset(*expires_at)
        ),
        Outcome::LayoutAdded { .. } => "layout added".to_owned(),
        Outcome::Released => "released".to_owned(),
        Outcome::Charged { amount, balance, .. } => {
            format!("charged {} balance {}", amount.0, balance.0)
        }
        Outcome::Paid { payment_id, amount, balance, paid_at, .. } => format!(
            "paid {} balance {} at {} as {}",
            amount.0,
            balance.0,
            offset(*paid_at),
            name(payment_id.0)
        ),
        Outcome::Refunded { seat_numbers, amount, left, balance, .. } => format!(
            "refunded {} seats {} left {} balance {}",
            amount.0,
            some(seat_numbers),
            left.0,
            balance.0
        ),
        Outcome::ConcertCreated { date_ids, .. } => {
            format!("created {}", numbers(date_ids.iter().map(|date| name(date.0))))
        }
        Outcome::DateAdded { date_id, .. } => format!("added {}", name(date_id.0)),
        Outcome::SaleSet { opens_at, closes_at, .. } => {
            let closes = closes_at.map_or("-".to_owned(), offset);
            format!("sale opens {} closes {closes}", offset(*opens_at))
        }
        Outcome::QueueSet { max_active, admissions_per_second, max_waiting, paused, .. } => {
            let run = if *paused { "paused" } else { "running" };
            format!("{run} {max_active} {admissions_per_second} {max_waiting}")
        }
        Outcome::QueueAdded { queue_id, opens_at, .. } => {
            format!("added {} opens {}", name(*queue_id), offset(*opens_at))
        }
        Outcome::DrawSet { .. } => "draw set".to_owned(),
        Outcome::SessionOpened(issue) => format!("opened {}", issued(issue)),
        Outcome::Refreshed(issue) => format!("refreshed {}", issued(issue)),
        Outcome::RefreshReused { session_id, .. } => format!("reused {}", name(session_id.0)),
        Outcome::SessionsEnded { count } => format!("ended {count}"),
        Outcome::PasswordSet { ended } => format!("set, ended {ended}"),
        Outcome::ConcertEdited { .. } => "edited".to_owned(),
        Outcome::DateEdited { starts_at, total_seats, .. } => {
            format!("edited {total_seats} seats at {}", offset(*starts_at))
        }
        Outcome::Deleted | Outcome::UserDeleted => "deleted".to_owned(),
        Outcome::SeatsSet { changed, blocked_seats, .. } => {
            format!("set {} blocked {blocked_seats}", some(changed))
        }
        Outcome::Adjusted { amount, balance, .. } => {
            format!("adjusted {} balance {}", amount.0, balance.0)
        }
        of_a_job => job_outcome(of_a_job),
    }
}

fn job_outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::DateCancelled { job_id, reason, .. } => {
            format!("cancelled {} {reason}", name(job_id.0))
        }
        Outcome::DateClearing { ended, refunded, left_because, done, .. } => {
            let ended = numbers(ended.iter().map(|id| name(id.0)));
            let ended = if ended.is_empty() { "-" } else { &ended };
            let state = if *done { "done" } else { "going" };
            let because = left_because.as_deref().unwrap_or_default();
            format!("cleared {ended} {} {state} {because}", refunded.len())
        }
        Outcome::JobTaken { taken, .. } => {
            if *taken {
                "taken".to_owned()
            } else {
                "taken_no_more".to_owned()
            }
        }
        Outcome::JobPutOff { failed, .. } => {
            if *failed {
                "failed".to_owned()
            } else {
                "put_off".to_owned()
            }
        }
        other => panic!("no words for {other:?}"),
    }
}

fn refusal(refusal: &Refusal) -> String {
    let code = refusal.code();
    match refusal {
        Refusal::SaleNotOpen { opens_at } | Refusal::SaleHasOpened { opens_at } => {
            format!("{code} {}", offset(*opens_at))
        }
        Refusal::SaleTimeInPast { field, at } => format!("{code} {field:?} {}", offset(*at)),
        Refusal::DateExists { date_id, .. } => {
            format!("{code} {}", date_id.map_or("-".to_owned(), |id| name(id.0)))
        }
        Refusal::DateInPast { starts_at } => format!("{code} {}", offset(*starts_at)),
        Refusal::DateBeforeOpening { starts_at, opens_at } => {
            format!("{code} {} {}", offset(*starts_at), offset(*opens_at))
        }
        Refusal::DateCancelled { reason } => format!("{code} {reason}"),
        Refusal::HeldOrSold { seats } => format!("{code} {seats}"),
        Refusal::BalanceTooLow { balance } => format!("{code} {}", balance.0),
        Refusal::RefundTooHigh { left } => format!("{code} {}", left.0),
        Refusal::SeatNotFound { seat_numbers }
        | Refusal::SeatsNotBooked { seat_numbers }
        | Refusal::SeatsTaken { seat_numbers } => {
            format!("{code} {}", numbers(seat_numbers))
        }
        Refusal::SeatsBlocked { seat_numbers, blocked } => {
            format!("{code} {} blocked {}", numbers(seat_numbers), numbers(blocked))
        }
        Refusal::SeatsHeldOrSold { held, sold } => {
            format!("{code} held {} sold {}", some(held), some(sold))
        }
        Refusal::SeatsCoolingOff { seat_numbers, retry_at } => {
            format!("{code} {} until {}", numbers(seat_numbers), offset(*retry_at))
        }
        Refusal::TooManyLapses { retry_at } => format!("{code} until {}", offset(*retry_at)),
        Refusal::HoldExists { reservation_id } => format!("{code} {}", name(reservation_id.0)),
        Refusal::NoFittingSeats { largest } => format!("{code} {largest}"),
        Refusal::SeatLimit { limit, have } => format!("{code} {limit} have {have}"),
        Refusal::AlreadyPaid { payment_id } => format!("{code} {}", name(payment_id.0)),
        Refusal::InsufficientBalance { balance, price, missing } => {
            format!("{code} {} of {} missing {}", balance.0, price.0, missing.0)
        }
        Refusal::CurrencyMismatch { wallet, currency } => format!("{code} {wallet} {currency}"),
        Refusal::AmountOutOfRange { min, max } => format!("{code} {} {}", min.0, max.0),
        Refusal::BalanceLeft { balance } => format!("{code} {}", balance.0),
        Refusal::BalanceLimit { limit } => format!("{code} {}", limit.0),
        Refusal::InvalidSetting { field } => format!("{code} {field:?}"),
        _ => code.to_owned(),
    }
}
