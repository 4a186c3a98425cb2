//! The demo sale: three concerts that a stranger can click through, in a room, a theatre and a stadium.

use crate::Failure;
use crate::http::App;
use crate::http::app::new_id;
use crate::layout::{Checked, Hall, Seat, check, halls};
use crate::tokens::random;
use boxoffice_core::command::Command;
use boxoffice_core::concert::{CreateConcert, NewDate, NewSeat};
use boxoffice_core::id::{ConcertId, DateId, Uuid};
use boxoffice_core::idempotency::Key;
use boxoffice_core::layout::AddLayout;
use boxoffice_core::money::Money;
use boxoffice_core::time::Time;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Price grades by their share of the hall, per cent, from the stage.
pub const ZONES: [(&str, u32, i64); 4] =
    [("VIP", 10, 198_000), ("R", 30, 165_000), ("S", 70, 132_000), ("A", 100, 99_000)];

/// What a seat of a grade costs.
fn price(grade: &str) -> Money {
    let found = ZONES.iter().find(|(name, ..)| *name == grade);
    Money(found.map_or(ZONES[ZONES.len() - 1].2, |(_, _, price)| *price))
}

/// Seats of a hall, each in its grade.
fn seats(hall: &Hall) -> Vec<NewSeat> {
    let seat = |seat: &Seat| {
        let zone = hall.grade(seat).unwrap_or(ZONES[ZONES.len() - 1].0);
        NewSeat { number: seat.number, zone: zone.to_owned(), price: price(zone) }
    };
    hall.seats().iter().map(seat).collect()
}

/// Noon UTC (nine in the evening in Seoul), some days from now.
fn evening(now: Time, days: i64) -> Time {
    Time((now.0.div_euclid(DAY_MS) + days) * DAY_MS + DAY_MS / 2)
}

/// A concert in a hall, on evenings so many days from now.
fn concert(app: &App, name: &str, hall: &Checked, days: &[i64]) -> Result<Command, Failure> {
    let now = app.clock.now();
    let date = |&days: &i64| NewDate {
        date: DateId(new_id()),
        starts_at: evening(now, days),
        seats: seats(&hall.hall),
        layout: Some(hall.id),
    };
    Ok(Command::CreateConcert(CreateConcert {
        concert: ConcertId(new_id()),
        concert_name: name.to_owned(),
        theater: hall.layout.name.clone(),
        run_time: 120,
        start_at: now,
        end_at: None,
        time_zone: Some("Asia/Seoul".to_owned()),
        currency: app.currency.of_the_rules(),
        policy: app.policy,
        queue: app.queue_settings,
        seed: random()?,
        draw: boxoffice_core::queue::DrawTerms::default(),
        dates: days.iter().map(date).collect(),
    }))
}

/// Opens the demo sale.
///
/// # Errors
/// The database is not available.
pub async fn open(app: &App) -> Result<(), Failure> {
    let shows = [
        ("Moonlight Parade", halls::small(), &[30, 31, 37][..]),
        ("한여름 밤의 콘서트", halls::theatre(), &[45, 46]),
        ("Thunder over the River", halls::stadium(), &[60]),
    ];
    // Where several servers start on one empty database, one of them opens the sale.
    for ((name, layout, days), key) in shows.into_iter().zip(["demo-1", "demo-2", "demo-3"]) {
        let hall = check(layout).map_err(|faults| faults.to_string())?;
        let seats = u64::try_from(hall.hall.seats().len()).unwrap_or(u64::MAX);
        let run = |command, key| app.outcome(command, key);
        let added = run(Command::AddLayout(AddLayout::of(hall.body.clone(), seats)), None).await;
        added.map_err(|problem| problem.code().as_str())?;
        let key = Key { scope: Uuid::nil(), key: key.into(), fingerprint: [0; 32] };
        let made = run(concert(app, name, &hall, days)?, Some(key)).await;
        made.map_err(|problem| problem.code().as_str())?;
    }
    Ok(())
}
