//! The little language that the tests are written in, one command a line.
//!
//! ```text
//! at 1m30s, +5m, -2m             the clock (a step back is a clock that jumps)
//! join u1 -> admitted            a command and the first words of its outcome (or refusal code)
//! reserve u1 r1 seats 1,2        without an arrow: anything but a refusal
//! with u2 / at 7 / in c2         another user's token, a place by sequence, another concert's
//! in c1/q2                       another queue of the concert than its general one
//! key k1 charge u1 100           under an idempotency key; the rest of the line is the request
//! {                              from here to } one batch: decided together, saved together
//! see seat 1 -> sold r1          a look at the rows
//! ```
//! What is not said is as it mostly is: concert `c1`, its date `d1`, the user's own newest place.

mod more;

use crate::harness::World;
use crate::invariants;
use crate::look;
use crate::words::{self, START, id, ms, offset};
use boxoffice_core::batch::Envelope;
use boxoffice_core::command::Command;
use boxoffice_core::concert::{AddDate, CreateConcert, NewDate, NewSeat, Policy};
use boxoffice_core::edit::{
    DeleteConcert, DeleteDate, EditConcert, EditDate, EditPolicy, SetSeats,
};
use boxoffice_core::id::{
    ChargeId, ConcertId, DateId, LayoutId, PaymentId, PlaceKey, QueueId, RefundId, ReservationId,
    SessionId, UserId,
};
use boxoffice_core::idempotency::{Key, fingerprint};
use boxoffice_core::layout::AddLayout;
use boxoffice_core::money::{Currency, Money};
use boxoffice_core::payment::Pay;
use boxoffice_core::queue::{
    Admit, Arrive, DrawTerms, Expire, Join, Leave, PauseReason, QueueSettings, SetDraw, SetQueue,
};
use boxoffice_core::refund::{Refund, What};
use boxoffice_core::reservation::{Cancel, Reserve, ReserveBest};
use boxoffice_core::sale::SetSale;
use boxoffice_core::session::{
    DeleteUser, EndSessions, OpenSession, Refresh, SessionTimes, SetPassword, Which, unnamed,
};
use boxoffice_core::time::Time;
use boxoffice_core::user::{Adopt, Register};
use boxoffice_core::wallet::{Adjust, Charge};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::str::FromStr;

/// Runs a script; panics at the first line that goes otherwise than it says. Returns the world at
/// its end, for what the language has no words for.
pub fn check(script: &str) -> World {
    let mut play = Play { world: World::default(), now: START, charges: 0, batch: None };
    for (number, text) in script.lines().enumerate() {
        let text = text.split('#').next().unwrap_or_default().trim();
        if !text.is_empty() {
            play.line(&format!("line {}: {text}", number + 1), text);
        }
    }
    assert!(play.batch.is_none(), "a batch without an end");
    play.world
}

/// The lines of users `u<from>` to `u<to>`.
pub fn each(from: u32, to: u32, line: impl Fn(u32) -> String) -> String {
    (from..=to).fold(String::new(), |mut text, n| {
        writeln!(text, "{}", line(n)).unwrap();
        text
    })
}

/// How the language calls a command: without `create_`, `add_`, `set_`, `open_`, `end_`; the end of an account
/// is `user`, and another queue of a concert a `lane`.
pub fn verb_of(command: &str) -> &str {
    let heads = ["create_", "add_", "set_", "open_", "end_"];
    let short = heads.into_iter().find_map(|head| command.strip_prefix(head));
    match command {
        "delete_user" => "user",
        "add_queue" => "lane",
        _ => short.unwrap_or(command),
    }
}

struct Step {
    at: String,
    want: Option<String>,
    envelope: Envelope,
}

struct Play {
    world: World,
    now: Time,
    charges: u32,
    batch: Option<Vec<Step>>,
}

impl Play {
    fn line(&mut self, at: &str, text: &str) {
        let (what, want) = match text.split_once("->") {
            Some((what, want)) => (what.trim(), Some(want.trim().to_owned())),
            None => (text, None),
        };
        let words = Words(what.split_whitespace().collect());
        match words.0[0] {
            "at" => self.now = START.plus_ms(ms(words.0[1])),
            "{" => self.batch = Some(Vec::new()),
            "}" => {
                let steps = self.batch.take().expect("} without {");
                self.run(&steps);
            }
            "see" => {
                let seen = self.see(&Words(words.0[1..].to_vec()));
                assert_words(at, want.as_deref(), &seen);
            }
            clock if clock.starts_with(['+', '-']) => {
                self.now = self.now.plus_ms(ms(clock.trim_start_matches('+')));
            }
            _ => {
                let envelope = self.envelope(what);
                let step = Step { at: at.to_owned(), want, envelope };
                match &mut self.batch {
                    Some(batch) => batch.push(step),
                    None => self.run(&[step]),
                }
            }
        }
    }

    fn run(&mut self, steps: &[Step]) {
        let envelopes: Vec<Envelope> = steps.iter().map(|step| step.envelope.clone()).collect();
        let before = self.world.clone();
        let replies = self.world.run(&envelopes, self.now);
        for (step, reply) in steps.iter().zip(&replies) {
            let got = words::reply(reply);
            if step.want.is_none() {
                assert!(reply.result.is_ok(), "{}: {got}", step.at);
            } else {
                assert_words(&step.at, step.want.as_deref(), &got);
            }
            // A tick that says wrongly that there is more is asked again at once, for nothing.
            if let (Command::Admit(_), Some(want)) = (&step.envelope.command, &step.want) {
                assert_eq!(want.ends_with(" more"), got.ends_with(" more"), "{}: {got}", step.at);
            }
        }
        let at = &steps[0].at;
        let changes =
            |reply: &boxoffice_core::batch::Reply| reply.result.is_ok() && !reply.replayed;
        if !replies.iter().any(changes) {
            assert_eq!(before, self.world, "{at}: a refusal or a replay changed something");
        }
        invariants::hold(&self.world).unwrap_or_else(|broken| panic!("{at}: {broken}"));
        let unaware = steps.iter().map(|step| match &step.envelope.command {
            Command::Admit(admit) => admit.unaware,
            _ => 0,
        });
        invariants::within_max_active(&before, &self.world, unaware.max().unwrap_or(0))
            .unwrap_or_else(|broken| panic!("{at}: {broken}"));
    }

    fn envelope(&mut self, what: &str) -> Envelope {
        let words = Words(what.split_whitespace().collect());
        if words.0[0] != "key" {
            let command = self.command(&words);
            return Envelope { command, key: None };
        }
        let words = Words(words.0[2..].to_vec());
        let key = Key {
            scope: id(words.0[1]),
            key: what.split_whitespace().nth(1).unwrap_or_default().to_owned(),
            fingerprint: fingerprint("POST", words.0[0], words.0.join(" ").as_bytes()),
        };
        let command = self.command(&words);
        Envelope { command, key: Some(key) }
    }

    fn command(&mut self, words: &Words) -> Command {
        let command = match words.0[0] {
            "concert" => Command::CreateConcert(words.concert()),
            "layout" => Command::AddLayout(AddLayout::of(
                words
                    .after("text")
                    .unwrap_or(words.0[1])
                    .repeat(words.number("times").unwrap_or(1)),
                words.number("seats").unwrap_or(5),
            )),
            "date" => Command::AddDate(AddDate {
                concert: ConcertId(id(words.0[1])),
                date: words.date(words.0[2]),
            }),
            "sale" => Command::SetSale(words.sale()),
            "draw" => Command::SetDraw(SetDraw {
                queue: words::queue(words.0[1]),
                value: words.0[2].replace('_', " "),
            }),
            "lane" => Command::AddQueue(words.lane()),
            "queue" => Command::SetQueue(SetQueue {
                queue: words::queue(words.0[1]),
                max_active: words.number("max_active"),
                admissions_per_second: words.number("rate"),
                max_waiting: words.number("max_waiting"),
                paused: words.after("paused").map(|word| word == "on"),
                pause_reason: words
                    .after("why")
                    .map(|word| PauseReason { en: Some(word.replace('_', " ")), ko: None }),
            }),
            "admit" => Command::Admit(Admit {
                queue: words::queue(words.0[1]),
                most: words.number("most").unwrap_or(u64::MAX),
                left_ahead: words.number("left_ahead").unwrap_or(0),
                unaware: words.number("unaware").unwrap_or(0),
                active: words.number("active").unwrap_or(0),
            }),
            "register" => Command::Register(Register {
                user: words.user(),
                username: words.0[2].to_owned(),
                look: words.after("like").unwrap_or(words.0[2]).to_owned(),
                password_hash: "$argon2id$".to_owned(),
            }),
            "adopt" => {
                Command::Adopt(Adopt { user: words.user(), username: words.0[2].replace('/', "#") })
            }
            "session" | "refresh" | "sessions" | "password" | "user" => words.account_command(),
            "adjust" => {
                self.charges += 1;
                Command::Adjust(Adjust {
                    user: words.user(),
                    amount: Money(words.0[2].parse().unwrap()),
                    currency: words.currency(),
                    reason: words.after("why").unwrap_or("cash").replace('_', " "),
                    adjustment: ChargeId(id(&format!("charge{}", self.charges))),
                })
            }
            _ => words.edit().unwrap_or_else(|| self.users_command(words)),
        };
        assert_eq!(verb_of(command.name()), words.0[0]);
        assert_eq!(command.concert(), words.concert_id(), "{} is about another", command.name());
        command
    }

    /// Commands of a user who stands somewhere in a queue.
    fn users_command(&mut self, words: &Words) -> Command {
        let (user, place) = (words.user(), self.place(words));
        match words.0[0] {
            "join" => Command::Join(Join {
                may_enter: words.after("enter") != Some("no"),
                ..Join::of(user, words.queue_id())
            }),
            "leave" => Command::Leave(Leave { user, place }),
            "arrive" => Command::Arrive(Arrive { user, place }),
            "expire" => Command::Expire(Expire { place }),
            "reserve" => Command::Reserve(Reserve {
                user,
                place,
                date: words.date_id(),
                seats: words.seats(),
                reservation: words.reservation(),
            }),
            "reserve_best" => Command::ReserveBest(ReserveBest {
                user,
                place,
                date: words.date_id(),
                count: words.number("count").unwrap_or(2),
                blocks: words.blocks(),
                largest: words.number("largest").unwrap_or(0),
                reservation: words.reservation(),
            }),
            "cancel" => Command::Cancel(Cancel { user, place, reservation: words.reservation() }),
            "charge" => {
                self.charges += 1;
                // `outside`: where the server's policy asks for no admission.
                Command::Charge(Charge {
                    currency: Currency::KRW,
                    user,
                    place: (words.0.last() != Some(&"outside")).then_some(place),
                    amount: Money(words.0[2].parse().unwrap()),
                    charge: ChargeId(id(&format!("charge{}", self.charges))),
                })
            }
            "refund" => self.refund(words),
            "pay" => {
                let payment = words.after("as").unwrap_or("p1");
                Command::Pay(Pay {
                    user,
                    place,
                    reservation: words.reservation(),
                    payment: PaymentId(id(payment)),
                })
            }
            other => panic!("{other} is no command"),
        }
    }

    /// All of it, or `seats`, or an `amount`, or both; `block`ed unless it is said otherwise.
    fn refund(&mut self, words: &Words) -> Command {
        self.charges += 1;
        let seats = words.after("seats").map(|_| words.seats());
        let amount = words.after("amount").map(|word| Money(word.parse().unwrap()));
        Command::Refund(Refund {
            payment: PaymentId(id(words.after("of").unwrap_or("p1"))),
            reservation: words.reservation(),
            user: words.user(),
            concert: words.queue_id().concert,
            what: match (seats, amount) {
                (None, None) => What::Whole,
                (Some(seats), None) => What::Seats(seats),
                (Some(seats), Some(amount)) => What::SeatsFor(seats, amount),
                (None, Some(amount)) => What::Amount(amount),
            },
            release: words.after("seats_are") != Some("blocked"),
            reason: words.after("why").unwrap_or("ill").replace('_', " "),
            refund: RefundId(id(&format!("refund{}", self.charges))),
        })
    }

    /// The place that the line means; a sequence of 0 where there is none.
    fn place(&self, words: &Words) -> PlaceKey {
        let queue = words.queue_id();
        let user = words.after("with").map_or(words.user(), |other| UserId(id(other)));
        let newest = self.world.newest_place(user, queue.concert);
        let said = words.number("at").map(|sequence| PlaceKey { queue, sequence });
        said.or(newest).unwrap_or(PlaceKey { queue, sequence: 0 })
    }

    fn see(&self, words: &Words) -> String {
        let (world, now) = (&self.world, self.now);
        match words.0[0] {
            "place" => look::see_place(world, self.place(words)),
            "position" => look::see_position(world, self.place(words)),
            "admission" => match world.admissions.get(&self.place(words)) {
                None => "none".to_owned(),
                Some(a) if a.is_live(now) => format!("live until {}", offset(a.token_expiry)),
                Some(a) => a.end.map_or("due".to_owned(), |end| format!("over {end:?}")),
            },
            what => look::see(world, what, words.0[1], words.after("of").unwrap_or("d1"), now),
        }
    }
}

fn assert_words(at: &str, want: Option<&str>, got: &str) {
    let want = want.unwrap_or_else(|| panic!("{at}: says not what is to be seen: {got}"));
    let mut got_words = got.split_whitespace();
    let fits = want.split_whitespace().all(|word| got_words.next() == Some(word));
    assert!(fits, "{at}\n  got: {got}");
}

/// Numbers with commas between; `none` for none.
fn list<C: FromIterator<u32>>(text: &str) -> C {
    let numbers = text.split(',').filter(|word| *word != "none");
    numbers.map(|word| word.parse().unwrap()).collect()
}

/// The words of a line: verb, subject, object, then options by name.
struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    fn after(&self, option: &str) -> Option<&'a str> {
        let at = self.0.iter().position(|word| *word == option)?;
        Some(self.0.get(at + 1).unwrap_or_else(|| panic!("{option} what?")))
    }

    fn number<T: FromStr>(&self, option: &str) -> Option<T> {
        let parse = |word: &str| word.parse().unwrap_or_else(|_| panic!("{word} is no number"));
        self.after(option).map(parse)
    }

    fn currency(&self) -> Currency {
        Currency::of(self.after("currency").unwrap_or("KRW")).unwrap()
    }

    fn span(&self, option: &str, otherwise: &str) -> i64 {
        ms(self.after(option).unwrap_or(otherwise))
    }

    /// A session by its name; `unnamed` is that of tokens that name none.
    fn session(&self, option: &str) -> SessionId {
        match self.after(option) {
            None | Some("unnamed") => unnamed(self.user()),
            Some(name) => SessionId(id(name)),
        }
    }

    /// What people do with their account; the password is as registered unless it is said.
    fn account_command(&self) -> Command {
        let user = self.user();
        let hash = |option| self.after(option).unwrap_or("$argon2id$").to_owned();
        let span = |option, otherwise| self.span(option, otherwise);
        let times = SessionTimes {
            access_ttl_ms: span("access", "1h"),
            refresh_ttl_ms: span("ttl", "24h"),
        };
        match self.0[0] {
            "session" => Command::OpenSession(OpenSession {
                user,
                session: SessionId(id(self.0[2])),
                password_hash: hash("hash"),
                user_agent: self.after("agent").map(str::to_owned),
                times,
            }),
            "refresh" => Command::Refresh(Refresh {
                user,
                session: SessionId(id(self.0[2])),
                generation: (self.after("by") != Some("cookie"))
                    .then(|| self.number("number").unwrap_or(0)),
                unnamed_until: self.after("unnamed").map(|word| START.plus_ms(ms(word))),
                user_agent: None,
                times,
            }),
            "sessions" => {
                let which = match self.after("end") {
                    Some(_) => Which::One(self.session("end")),
                    None => Which::Others(self.session("keep")),
                };
                Command::EndSessions(EndSessions { user, which, times })
            }
            "password" => Command::SetPassword(SetPassword {
                user,
                keep: self.session("keep"),
                old_hash: hash("old"),
                new_hash: hash("new"),
                times,
            }),
            _ => Command::DeleteUser(DeleteUser {
                user,
                password_hash: hash("hash"),
                give_up: Money(self.number("give_up").unwrap_or(0)),
                times,
            }),
        }
    }

    fn user(&self) -> UserId {
        UserId(id(self.0[1]))
    }

    fn reservation(&self) -> ReservationId {
        ReservationId(id(self.0[2]))
    }

    fn queue_id(&self) -> QueueId {
        words::queue(self.after("in").unwrap_or("c1"))
    }

    fn date_id(&self) -> DateId {
        DateId(id(self.after("of").unwrap_or("d1")))
    }

    /// Numbers after `seats`; `none` for none.
    fn seats<C: FromIterator<u32>>(&self) -> C {
        list(self.after("seats").unwrap_or("1"))
    }

    /// `blocks 1,2/4,5`
    fn blocks(&self) -> Vec<BTreeSet<u32>> {
        let list = self.after("blocks").unwrap_or("1,2").split('/').filter(|word| *word != "none");
        let numbers = |list: &str| list.split(',').map(|word| word.parse().unwrap()).collect();
        list.map(numbers).collect()
    }

    fn sale(&self) -> SetSale {
        let time = |word: &str| START.plus_ms(ms(word));
        SetSale {
            concert: ConcertId(id(self.0[1])),
            open: ["open", "close"].contains(&self.0[2]).then(|| self.0[2] == "open"),
            opens_at: self.after("opens").map(time),
            closes_at: self.after("closes").map(|word| (word != "none").then(|| time(word))),
        }
    }

    /// What an operator changes or deletes.
    fn edit(&self) -> Option<Command> {
        let concert = || ConcertId(id(self.0[1]));
        let date = || DateId(id(self.0[2]));
        let text = |option| self.after(option).map(|word| word.replace('_', " "));
        Some(match self.0[0] {
            "edit_concert" => Command::EditConcert(EditConcert {
                concert: concert(),
                concert_name: text("name"),
                theater: text("theater"),
                run_time: self.number("run_time"),
                time_zone: text("zone"),
                policy: EditPolicy {
                    hold_ttl_ms: self.after("hold").map(ms),
                    shop_ttl_ms: self.after("shop").map(ms),
                    arrival_grace_ms: self.after("grace").map(ms),
                    seats_per_user: self.number("per_user"),
                    rehold_after_ms: self.after("rehold").map(ms),
                },
                billing: self.billing(),
            }),
            "edit_date" => Command::EditDate(EditDate {
                concert: concert(),
                date: date(),
                starts_at: self.after("starts").map(|word| START.plus_ms(ms(word))),
                seats: self.after("numbers").map(|_| self.date("d1").seats).unwrap_or_default(),
            }),
            "delete_concert" => Command::DeleteConcert(DeleteConcert { concert: concert() }),
            "delete_date" => Command::DeleteDate(DeleteDate { concert: concert(), date: date() }),
            "seats" => Command::SetSeats(SetSeats {
                concert: concert(),
                date: date(),
                seats: list(self.after("numbers").unwrap_or("none")),
                blocked: self.after("are") != Some("available"),
                reason: text("why").unwrap_or("camera".to_owned()),
            }),
            _ => return self.job(),
        })
    }

    /// A date with seats 1 to `seats`, or with those listed after `numbers`.
    fn date(&self, name: &str) -> NewDate {
        let count = self.number("seats").unwrap_or(5);
        let numbers = match self.after("numbers") {
            Some(list) => list.split(',').map(|word| word.parse().unwrap()).collect(),
            None => (1..=count).collect::<Vec<u32>>(),
        };
        let seat = |number| NewSeat {
            number,
            zone: self.after("zone").unwrap_or("R").replace('_', " "),
            price: Money(self.number("price").unwrap_or(100)),
        };
        // A minute apart, unless it is told.
        let number = name.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(1);
        let starts = self.after("starts").map_or(ms("24h") + (number - 1) * ms("1m"), ms);
        NewDate {
            layout: self.after("layout").map(LayoutId::of),
            date: DateId(id(name)),
            starts_at: START.plus_ms(starts),
            seats: numbers.into_iter().map(seat).collect(),
        }
    }

    fn settings(&self) -> QueueSettings {
        QueueSettings {
            max_active: self.number("max_active").unwrap_or(10),
            admissions_per_second: self.number("rate").unwrap_or(1_000),
            max_waiting: self.number("max_waiting").unwrap_or(1_000),
            paused: self.after("paused") == Some("on"),
        }
    }

    fn draw_terms(&self) -> DrawTerms {
        DrawTerms {
            joined_before: self.after("drawn_before").map(|word| START.plus_ms(ms(word))),
            beacon: self.after("beacon").map(|word| word.replace('_', " ")),
        }
    }

    fn concert(&self) -> CreateConcert {
        let own_date = self.0[1].replace('c', "d");
        let dates = self.after("dates").unwrap_or(&own_date).split(',');
        let policy = Policy {
            hold_ttl_ms: self.span("hold", "5m"),
            shop_ttl_ms: self.span("shop", "10m"),
            arrival_grace_ms: self.span("grace", "1m"),
            seats_per_user: self.number("per_user").unwrap_or(4),
            rehold_after_ms: self.span("rehold", "0s"),
        };
        CreateConcert {
            concert: ConcertId(id(self.0[1])),
            concert_name: self.after("name").unwrap_or("Spring").replace('_', " "),
            theater: self.after("theater").unwrap_or("Hall").replace('_', " "),
            run_time: self.number("run_time").unwrap_or(120),
            start_at: START.plus_ms(self.span("opens", "0s")),
            end_at: self.after("closes").map(|word| START.plus_ms(ms(word))),
            time_zone: self.after("time_zone").map(|word| word.replace('_', " ")),
            currency: self.currency(),
            policy,
            queue: self.settings(),
            seed: [self.number("seed").unwrap_or(7); 32],
            draw: self.draw_terms(),
            billing: boxoffice_core::poster::Billing::default(),
            dates: dates.filter(|name| *name != "none").map(|name| self.date(name)).collect(),
        }
    }
}
