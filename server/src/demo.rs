//! The demo sale: two concerts that a stranger can click through.

use crate::Failure;
use crate::http::App;
use crate::http::app::new_id;
use crate::tokens::random;
use boxoffice_core::command::Command;
use boxoffice_core::concert::{CreateConcert, NewDate, NewSeat};
use boxoffice_core::edit::{EditBilling, EditConcert, EditPolicy, NewPoster};
use boxoffice_core::id::{ConcertId, DateId, Uuid};
use boxoffice_core::idempotency::Key;
use boxoffice_core::money::Money;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::poster::{Billing, PosterId, PosterType};
use boxoffice_core::time::Time;
use sha2::{Digest, Sha256};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Price grades by their share of the hall, per cent, from the stage.
pub const ZONES: [(&str, u32, i64); 4] =
    [("VIP", 10, 198_000), ("R", 30, 165_000), ("S", 70, 132_000), ("A", 100, 99_000)];

fn seats(count: u32) -> Vec<NewSeat> {
    let seat = |number: u32| {
        let in_zone =
            |up_to: u32| u64::from(number - 1) * 100 < u64::from(up_to) * u64::from(count);
        let zone = ZONES.iter().find(|(_, up_to, _)| in_zone(*up_to));
        let (zone, _, price) = zone.copied().unwrap_or(ZONES[ZONES.len() - 1]);
        NewSeat { number, zone: zone.to_owned(), price: Money(price) }
    };
    (1..=count).map(seat).collect()
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
const BILLS: [Bill; 2] = [
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
            id: PosterId(Sha256::digest(self.poster).into()),
            media_type: PosterType::Webp,
            body: self.poster.to_vec(),
        };
        Command::EditConcert(EditConcert {
            concert,
            concert_name: None,
            theater: None,
            run_time: None,
            time_zone: None,
            policy: EditPolicy::default(),
            billing: EditBilling { poster: Some(Some(poster)), ..EditBilling::default() },
        })
    }
}

fn concert(
    app: &App,
    (name, bill): (&str, &Bill),
    theater: &str,
    dates: &[(i64, u32)],
) -> Result<Command, Failure> {
    let now = app.clock.now();
    let date = |&(days, count): &(i64, u32)| NewDate {
        date: DateId(new_id()),
        starts_at: evening(now, days),
        seats: seats(count),
    };
    Ok(Command::CreateConcert(CreateConcert {
        concert: ConcertId(new_id()),
        concert_name: name.to_owned(),
        theater: theater.to_owned(),
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
        dates: dates.iter().map(date).collect(),
    }))
}

/// Opens the demo sale.
///
/// # Errors
/// The database is not available.
pub async fn open(app: &App) -> Result<(), Failure> {
    let [moonlight, midsummer] = &BILLS;
    let commands = [
        concert(
            app,
            ("Moonlight Parade", moonlight),
            "Hangang Hall",
            &[(30, 50), (31, 50), (37, 50)],
        )?,
        concert(app, ("한여름 밤의 콘서트", midsummer), "올림픽홀", &[(45, 50), (46, 5_000)])?,
    ];
    // Where several servers start on one empty database, one of them opens the sale.
    for ((command, name), bill) in commands.into_iter().zip(["demo-1", "demo-2"]).zip(&BILLS) {
        let key = Key { scope: Uuid::nil(), key: name.into(), fingerprint: [0; 32] };
        let made = app.outcome(command, Some(key)).await;
        let made = made.map_err(|problem| problem.code().as_str())?;
        if let Outcome::ConcertCreated { concert_id, .. } = made.0 {
            let poster = app.outcome(bill.poster(concert_id), None).await;
            poster.map_err(|problem| problem.code().as_str())?;
        }
    }
    Ok(())
}
