//! The demo sale: three concerts that a stranger can click through, in a room, a theatre and a stadium.

use crate::Failure;
use crate::http::App;
use crate::http::app::new_id;
use crate::http::problem::Code;
use crate::layout::{Checked, Hall, Seat, check, halls};
use crate::tokens::random;
use boxoffice_core::command::Command;
use boxoffice_core::concert::{CreateConcert, NewDate, NewSeat};
use boxoffice_core::edit::{EditConcert, NewPoster};
use boxoffice_core::id::{ConcertId, DateId, PosterId, Uuid};
use boxoffice_core::idempotency::Key;
use boxoffice_core::layout::AddLayout;
use boxoffice_core::money::Money;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::poster::{Billing, PosterType};
use boxoffice_core::time::Time;
use std::time::Duration;

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

/// What is told of a show of the demo sale.
struct Bill {
    name_en: &'static str,
    name_ko: &'static str,
    about_en: &'static str,
    about_ko: &'static str,
    poster: &'static [u8],
}

/// What is told of the shows, in their order.
const BILLS: [Bill; 3] = [
    Bill {
        name_en: "Moonlight Parade",
        name_ko: "달빛 퍼레이드",
        about_en: include_str!("demo/moonlight.en.txt"),
        about_ko: include_str!("demo/moonlight.ko.txt"),
        poster: include_bytes!("demo/moonlight.webp"),
    },
    Bill {
        name_en: "A Midsummer Night's Concert",
        name_ko: "한여름 밤의 콘서트",
        about_en: include_str!("demo/midsummer.en.txt"),
        about_ko: include_str!("demo/midsummer.ko.txt"),
        poster: include_bytes!("demo/midsummer.webp"),
    },
    Bill {
        name_en: "Thunder over the River",
        name_ko: "강 위의 천둥",
        about_en: include_str!("demo/thunder.en.txt"),
        about_ko: include_str!("demo/thunder.ko.txt"),
        poster: include_bytes!("demo/thunder.webp"),
    },
];

impl Bill {
    fn told(&self) -> Billing {
        let text = |text: &str| Some(text.trim_end().to_owned());
        Billing {
            name_en: text(self.name_en),
            name_ko: text(self.name_ko),
            about_en: text(self.about_en),
            about_ko: text(self.about_ko),
            poster: None,
        }
    }

    /// Sets the poster of the show that was made.
    fn poster(&self, concert: ConcertId) -> Command {
        let poster = NewPoster {
            id: PosterId::of(self.poster),
            media_type: PosterType::Webp,
            body: self.poster.to_vec(),
        };
        Command::EditConcert(EditConcert::poster(concert, Some(poster)))
    }
}

/// A concert in a hall, on evenings so many days from now.
fn concert(
    app: &App,
    (name, bill): (&str, &Bill),
    hall: &Checked,
    days: &[i64],
) -> Result<Command, Failure> {
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
        billing: bill.told(),
        dates: days.iter().map(date).collect(),
    }))
}

/// How often a part of the sale is tried again while the database is busy with another server's, and after what pause.
const BUSY_TRIES: u32 = 30;
const BUSY_PAUSE: Duration = Duration::from_secs(1);

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
    let named = shows.into_iter().zip(["demo-1", "demo-2", "demo-3"]).zip(&BILLS);
    // Where several servers start on one empty database, one of them opens the sale.
    for (((name, layout, days), key), bill) in named {
        let hall = check(layout).map_err(|faults| faults.to_string())?;
        let seats = u64::try_from(hall.hall.seats().len()).unwrap_or(u64::MAX);
        let run = async |command: Command, key: Option<Key>| {
            let mut tries = 0;
            loop {
                let run = app.outcome(command.clone(), key.clone()).await;
                match run.map_err(|problem| problem.code()) {
                    // Another server that starts at the same moment is at it.
                    Err(Code::Busy) if tries < BUSY_TRIES => tries += 1,
                    run => break run.map_err(Code::as_str),
                }
                tokio::time::sleep(BUSY_PAUSE).await;
            }
        };
        run(Command::AddLayout(AddLayout::of(hall.body.clone(), seats)), None).await?;
        let key = Key { scope: Uuid::nil(), key: key.into(), fingerprint: [0; 32] };
        let made = run(concert(app, (name, bill), &hall, days)?, Some(key)).await?;
        if let Outcome::ConcertCreated { concert_id, .. } = made.0 {
            run(bill.poster(concert_id), None).await?;
        }
    }
    Ok(())
}
