//! A seeded story: who sends what when, and what goes wrong meanwhile. It knows the rules' commands
//! and what replies told, and never looks into a store.

mod account;
pub mod action;
mod buyer;
mod editor;
pub mod faulty;
mod operator;
pub mod people;
pub mod prices;
pub mod rng;

use action::{Action, Event};
use boxoffice_core::batch::{Envelope, Reply};
use boxoffice_core::command::Command;
use boxoffice_core::id::{
    ChargeId, ConcertId, DateId, JobId, PaymentId, PlaceKey, QueueId, RefundId, ReservationId,
    SessionId, UserId, Uuid,
};
use boxoffice_core::idempotency::{Key, fingerprint};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::payment::Pay;
use boxoffice_core::reservation::Cancel;
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use people::{Nature, People};
use rng::Rng;

/// 2026-01-01T00:00:00Z.
pub const BEGIN: Time = Time(1_767_225_600_000);
/// Users that are there before the story begins.
const USERS: u64 = 240;
/// Clocks of three nodes, against the first one's.
const SKEW_MS: [i64; 3] = [0, 350, -200];

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No transaction can be begun.
    Begin,
    /// A load fails.
    Load,
    /// A save fails.
    Save,
    /// The commit fails.
    Commit,
}

/// What happens next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Commands that arrive together on a node whose clock shows `now`.
    Batch {
        /// The node's time.
        now: Time,
        /// What arrives.
        envelopes: Vec<Envelope>,
        /// What fails.
        fault: Option<Stage>,
    },
    /// Idempotency records made before this are removed.
    Prune(Time),
    /// The process dies and starts again.
    Restart,
}

/// So many are said to be unaware of being admitted, at most.
pub const UNAWARE_MOST: u64 = 5;

/// See the module.
pub struct Scenario {
    rng: Rng,
    people: People,
    clock: Time,
    count: u64,
    sweeping: bool,
    /// How far the clock is behind after a jump.
    behind_ms: i64,
    /// The steps that are told before chance takes over.
    begun: bool,
    slept: bool,
}

impl Scenario {
    pub fn new(seed: u64) -> Self {
        Self {
            rng: Rng::new(seed),
            people: People::default(),
            clock: BEGIN,
            count: 0,
            sweeping: true,
            behind_ms: 0,
            begun: false,
            slept: false,
        }
    }

    const fn count(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn id(&mut self) -> Uuid {
        let count = self.count();
        self.rng.id(count)
    }

    /// What happens next.
    pub fn next(&mut self) -> Step {
        if !self.begun {
            self.begun = true;
            return self.begin();
        }
        let pace = if self.rng.chance(100) { 1_500 } else { 160 };
        self.clock = self.clock.plus_ms(self.rng.between(0, pace));
        match Event::at(self.rng.below(1000)) {
            Event::Batch => {}
            Event::JumpBack => self.jump_back(),
            Event::JumpForth => self.jump_forth(),
            // Seldom, but once in every story: otherwise chance decides what is covered.
            Event::Night if !self.slept || self.rng.chance(60) => {
                self.slept = true;
                self.clock = self.clock.plus_ms(90_000_000);
            }
            Event::Night => {}
            Event::Prune => return Step::Prune(self.clock.plus_ms(-86_400_000)),
            Event::Deadline => {
                if let Some(step) = self.deadline() {
                    return step;
                }
            }
            Event::Blocks => {
                if let Some(step) = self.blocks() {
                    return step;
                }
            }
            Event::Restart => return Step::Restart,
            Event::SweeperToggles => self.sweeping = !self.sweeping,
        }
        self.batch()
    }

    /// Users and the first shows.
    fn begin(&mut self) -> Step {
        let mut envelopes = Vec::new();
        for _ in 0..USERS {
            let command = self.register();
            envelopes.push(Envelope { command, key: None });
        }
        for _ in 0..6 {
            let command = self.create_concert();
            envelopes.push(Envelope { command, key: None });
        }
        Step::Batch { now: self.clock, envelopes, fault: None }
    }

    /// By minutes; or, where a sale has just opened, to just before that.
    fn jump_back(&mut self) {
        let now = self.clock;
        let mut shows = self.people.shows.iter();
        let opened = shows.find(|show| (0..120_000).contains(&(now.0 - show.opens_at.0)));
        let to = match opened {
            Some(show) if self.rng.chance(800) => show.opens_at.plus_ms(-400),
            _ => now.plus_ms(-self.rng.between(20_000, 240_000)),
        };
        self.behind_ms += now.0 - to.0;
        self.clock = to;
    }

    fn jump_forth(&mut self) {
        let by =
            if self.behind_ms > 0 { self.behind_ms } else { self.rng.between(60_000, 600_000) };
        self.behind_ms = 0;
        self.clock = self.clock.plus_ms(by);
    }

    fn batch(&mut self) -> Step {
        let size = match self.rng.below(100) {
            0..30 => 1,
            30..65 => self.rng.between(2, 10),
            65..96 => self.rng.between(11, 50),
            _ => self.rng.between(51, 200),
        };
        let mut envelopes = Vec::new();
        if self.sweeping && self.rng.chance(200) {
            let commands = self.sweep_all().into_iter();
            envelopes.extend(commands.map(|command| Envelope { command, key: None }));
        }
        for _ in 0..size {
            let Some(envelope) = self.envelope() else {
                continue;
            };
            // A double click, another tab, another node (H12, H20).
            if self.rng.chance(40) {
                envelopes.push(self.again(envelope.clone()));
            }
            envelopes.push(envelope);
        }
        let stages = [Stage::Begin, Stage::Load, Stage::Save, Stage::Commit];
        let strikes = !envelopes.is_empty() && self.rng.chance(20);
        let fault = strikes.then(|| self.rng.pick(&stages));
        Step::Batch {
            now: self.clock.plus_ms(SKEW_MS[self.rng.index(SKEW_MS.len())]),
            envelopes,
            fault: fault.flatten(),
        }
    }

    fn envelope(&mut self) -> Option<Envelope> {
        let action = Action::at(self.rng.below(Action::total()));
        let command = match action {
            Action::Retry => return self.retry(),
            Action::ReuseKey => return self.reuse_key(),
            Action::Register => self.register(),
            Action::Adopt => self.adopt(),
            Action::Account => self.account()?,
            Action::Join => self.join()?,
            Action::Leave => self.leave()?,
            Action::Arrive => self.arrive()?,
            Action::Reserve => self.reserve()?,
            Action::Cancel => self.cancel()?,
            Action::Charge if self.rng.chance(80) => self.charge_more()?,
            Action::Charge => self.charge()?,
            Action::Pay => self.pay()?,
            Action::Sweep => self.sweep()?,
            Action::Tick => self.tick()?,
            Action::CreateConcert => self.create_concert(),
            Action::AddDate if self.rng.chance(150) => self.add_layout(),
            Action::AddDate => self.add_date()?,
            Action::SetSale => self.set_sale()?,
            Action::AddQueue => self.add_queue()?,
            Action::SetQueue => self.set_queue()?,
            Action::SetDraw => self.set_draw()?,
            Action::EditConcert => self.edit_concert()?,
            Action::EditDate => self.edit_date()?,
            Action::DeleteConcert => self.delete_concert()?,
            Action::DeleteDate => self.delete_date()?,
            Action::SetSeats => self.set_seats()?,
            Action::CancelDate => self.cancel_date()?,
            Action::Job => self.job()?,
            Action::Adjust => self.adjust()?,
            Action::Refund => self.refund()?,
        };
        let keyed = match action {
            Action::Charge
            | Action::Pay
            | Action::Refund
            | Action::Reserve
            | Action::CreateConcert => 700,
            Action::Sweep | Action::Tick | Action::Job => 0,
            _ => 150,
        };
        let key = self.rng.chance(keyed).then(|| self.key(&command));
        let envelope = Envelope { command, key };
        if envelope.key.is_some() {
            self.people.remember_sent(&envelope);
        }
        Some(envelope)
    }

    fn key(&mut self, command: &Command) -> Key {
        let text = format!("key-{}", self.count());
        Key {
            scope: scope(command),
            fingerprint: fingerprint("POST", command.name(), text.as_bytes()),
            key: text,
        }
    }

    /// What got no answer, or anything else that was sent with a key.
    fn retry(&mut self) -> Option<Envelope> {
        let lost = !self.people.unanswered.is_empty() && self.rng.chance(800);
        let envelope = if lost {
            let at = self.rng.index(self.people.unanswered.len());
            self.people.unanswered.swap_remove(at)
        } else {
            let at = self.rng.index(self.people.sent.len());
            self.people.sent.get(at)?.clone()
        };
        Some(self.again(envelope))
    }

    /// A key that was used for another request.
    fn reuse_key(&mut self) -> Option<Envelope> {
        let at = self.rng.index(self.people.sent.len());
        let mut envelope = self.people.sent.get(at)?.clone();
        if let Some(key) = &mut envelope.key {
            key.fingerprint[0] ^= 1;
        }
        if let Command::Charge(charge) = &mut envelope.command {
            charge.amount.0 += 1;
        }
        Some(self.again(envelope))
    }

    /// The same request again: the server gives it new ids.
    fn again(&mut self, mut envelope: Envelope) -> Envelope {
        match &mut envelope.command {
            Command::Register(c) => c.user = UserId(self.id()),
            Command::OpenSession(c) => c.session = SessionId(self.id()),
            Command::Reserve(c) => c.reservation = ReservationId(self.id()),
            Command::ReserveBest(c) => c.reservation = ReservationId(self.id()),
            Command::Charge(c) => c.charge = ChargeId(self.id()),
            Command::Pay(c) => c.payment = PaymentId(self.id()),
            Command::Refund(c) => c.refund = RefundId(self.id()),
            Command::Adjust(c) => c.adjustment = ChargeId(self.id()),
            Command::CancelDate(c) => c.job = JobId(self.id()),
            Command::AddDate(c) => c.date.date = DateId(self.id()),
            Command::AddQueue(c) => c.queue.id = self.id(),
            Command::CreateConcert(c) => {
                c.concert = ConcertId(self.id());
                for new in &mut c.dates {
                    new.date = DateId(self.id());
                }
            }
            _ => {}
        }
        envelope
    }

    /// A batch was lost to a fault: clients send again what they still want.
    pub fn failed(&mut self, envelopes: &[Envelope]) {
        for envelope in envelopes {
            if self.rng.chance(700) {
                self.people.unanswered.push(envelope.clone());
            }
        }
        self.people.unanswered.truncate(500);
    }

    /// A batch was committed. ReadModels show it; clients learn of it, unless their answer is lost.
    pub fn committed(&mut self, envelopes: &[Envelope], replies: &[Reply], rows: &Rows) {
        for (place, admission, _) in rows.admissions.changed() {
            let until = admission.token_expiry;
            self.people.show_admission(*place, admission.is_active, until);
        }
        for (envelope, reply) in envelopes.iter().zip(replies) {
            if self.rng.chance(25) {
                self.people.unanswered.push(envelope.clone());
            } else if let Ok(outcome) = &reply.result {
                self.learn(&envelope.command, outcome);
            }
        }
        self.people.unanswered.truncate(500);
    }

    /// A process starts on what the store holds.
    pub fn restarted(&mut self, active: impl Iterator<Item = (PlaceKey, Time)>) {
        self.people.rebuild(active);
    }

    /// Most clients know that a hold is over.
    fn forget_hold(&mut self, place: PlaceKey) {
        let visit = self.people.visits.get_mut(&place);
        if let Some(visit) = visit.filter(|_| self.rng.chance(900)) {
            visit.reservation = None;
        }
    }

    fn learn(&mut self, command: &Command, outcome: &Outcome) {
        match (command, outcome) {
            (_, Outcome::Registered { user_id, username })
                if !self.people.users.contains(user_id) =>
            {
                self.people.users.push(*user_id);
                self.people.names.push(username.clone());
            }
            (_, Outcome::SessionOpened(issue) | Outcome::Refreshed(issue)) => {
                self.people.remember_session(issue);
            }
            (Command::Join(join), Outcome::Joined(ticket)) => {
                let nature = match self.rng.below(100) {
                    0..12 => Nature::NoShow,
                    12..22 => Nature::Dawdler,
                    _ => Nature::Buyer,
                };
                self.people.remember_place(ticket.place, join.user, nature);
            }
            (Command::Reserve(reserve), Outcome::Reserved { reservation_id, .. }) => {
                if let Some(visit) = self.people.visits.get_mut(&reserve.place) {
                    visit.reservation = Some(*reservation_id);
                    visit.seats = Some((reserve.date, reserve.seats.clone()));
                }
            }
            (
                Command::ReserveBest(best),
                Outcome::Reserved { reservation_id, date_id, seats, .. },
            ) => {
                if let Some(visit) = self.people.visits.get_mut(&best.place) {
                    visit.reservation = Some(*reservation_id);
                    let seats = seats.iter().map(|seat| seat.seat_number).collect();
                    visit.seats = Some((*date_id, seats));
                }
            }
            (Command::Pay(pay), Outcome::Paid { payment_id, .. }) => {
                let paid = Pay { payment: *payment_id, ..pay.clone() };
                self.people.remember_payment(paid);
                self.forget_hold(pay.place);
            }
            (Command::Cancel(Cancel { place, .. }), _) => self.forget_hold(*place),
            (Command::CreateConcert(created), Outcome::ConcertCreated { concert_id, date_ids }) => {
                self.learn_concert(created, *concert_id, date_ids)
            }
            (_, Outcome::QueueAdded { concert_id, queue_id, .. }) => {
                self.learn_queue(QueueId { concert: *concert_id, id: *queue_id });
            }
            (Command::AddDate(added), Outcome::DateAdded { date_id, .. }) => {
                self.learn_date(added, *date_id);
            }
            (_, Outcome::DateCancelled { job_id, date_id, .. }) => {
                self.people.remember_job(*job_id, *date_id);
            }
            _ => {}
        }
    }
}

/// Whose key space a command's key is in.
const fn scope(command: &Command) -> Uuid {
    match command {
        Command::Join(c) => c.user.0,
        Command::Leave(c) => c.user.0,
        Command::Arrive(c) => c.user.0,
        Command::Reserve(c) => c.user.0,
        Command::ReserveBest(c) => c.user.0,
        Command::Cancel(c) => c.user.0,
        Command::Charge(c) => c.user.0,
        Command::Pay(c) => c.user.0,
        _ => Uuid::nil(),
    }
}
