//! One row of each kind, with every column filled, and the same rows changed.

use boxoffice_core::concert::{
    ByHand, Cancellation, Concert, ConcertDate, Policy, Seat, SeatStatus,
};
use boxoffice_core::event::{Event, Happening, Subjects};
use boxoffice_core::id::{
    ConcertId, DateId, EventKey, JobId, LayoutId, PaymentId, PlaceKey, PosterId, QueueId, RefundId,
    ReservationId, SeatKey, SessionId, UserId, Uuid,
};
use boxoffice_core::idempotency::Record;
use boxoffice_core::job::{DateCancellation, Job, JobState, Work};
use boxoffice_core::layout::Layout;
use boxoffice_core::money::{Currency, Money};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::payment::{Payment, RefundRow, RefundedSeat};
use boxoffice_core::poster::{Billing, Poster, PosterType};
use boxoffice_core::queue::{
    Admission, AdmissionEnd, DrawRule, DrawTerms, LeftPlace, PauseReason, Place, PlaceStatus,
    QueueKind, QueueSettings, QueueState,
};
use boxoffice_core::reservation::{Refunded, Reservation, ReservationStatus, ReservedSeat};
use boxoffice_core::rows::{Keys, Rows};
use boxoffice_core::session::Session;
use boxoffice_core::time::Time;
use boxoffice_core::user::User;
use boxoffice_core::wallet::{Account, Balance, Transfer, TransferKind};
use boxoffice_server::store::memory::Dump;

pub const USER: UserId = UserId(Uuid::from_u128(1));
pub const SHOW: ConcertId = ConcertId(Uuid::from_u128(2));
pub const DATE: DateId = DateId(Uuid::from_u128(3));
pub const CLAIM: ReservationId = ReservationId(Uuid::from_u128(4));
pub const PAYMENT: PaymentId = PaymentId(Uuid::from_u128(5));
pub const JOB: JobId = JobId(Uuid::from_u128(8));
pub const POSTER: PosterId = PosterId([0xab; 32]);
pub const SESSION: SessionId = SessionId(Uuid::from_u128(6));
pub const LAYOUT: LayoutId = LayoutId([10; 32]);
pub const SEAT: SeatKey = SeatKey { date: DATE, number: 7 };
/// The general queue, and another.
pub const LINE: QueueId = QueueId::general(SHOW);
pub const OTHER_LINE: QueueId = QueueId { concert: SHOW, id: Uuid::from_u128(12) };
pub const PLACE: PlaceKey = PlaceKey { queue: LINE, sequence: 9 };

pub fn key() -> (Uuid, String) {
    (USER.0, "order \u{2116} 1".into())
}

/// Names every row of the sample.
pub fn keys() -> Keys {
    let mut keys = Keys::default();
    keys.users.insert(USER);
    keys.usernames.insert("looks like 김미나".into());
    keys.sessions.insert(SESSION);
    keys.user_sessions.insert(USER);
    keys.concerts.insert(SHOW);
    keys.dates.insert(DATE);
    keys.seats.insert(SEAT);
    keys.queues.insert(LINE);
    keys.places.insert(PLACE);
    keys.newest_places.insert((USER, SHOW));
    keys.queues_of.insert(SHOW);
    keys.returning.insert(LINE);
    keys.admissions.insert(PLACE);
    keys.reservations.insert(CLAIM);
    keys.reserved_seats.insert(CLAIM);
    keys.holdings.insert((USER, DATE));
    keys.balances.insert(USER);
    keys.jobs.insert(JOB);
    keys.layouts.insert(LAYOUT);
    keys.left_places.insert((USER, LINE));
    keys.posters.insert(POSTER);
    keys.idempotency.insert(key());
    keys
}

pub fn place(user: UserId, status: PlaceStatus) -> Place {
    Place {
        user,
        status,
        created_at: Time(21),
        visit: 24,
        deleted_at: Some(Time(22)),
        lapses: 2,
        unpaid_ms: 23,
    }
}

pub fn claim(status: ReservationStatus) -> Reservation {
    Reservation {
        user: USER,
        place: PLACE,
        date: DATE,
        status,
        seat_count: 1,
        total_price: Money(50_000),
        reservation_date: Time(31),
        expires_at: Time(32),
        ended_at: Some(Time(33)),
        payment: Some(PAYMENT),
        refunded: Refunded { amount: Money(10), seats: 1, count: 2 },
    }
}

pub fn payment(id: PaymentId) -> Payment {
    Payment {
        payment: id,
        user: USER,
        concert: SHOW,
        amount: Money(50_000),
        payment_date: Time(41),
    }
}

pub fn refund() -> RefundRow {
    RefundRow {
        refund: RefundId(Uuid::from_u128(7)),
        amount: Money(10),
        seat_count: 1,
        released: true,
        reason: "시야 제한".into(),
        created_at: Time(43),
    }
}

pub fn user() -> User {
    User {
        username: "김미나".into(),
        look: Some("looks like 김미나".into()),
        password_hash: Some("$argon2id$".into()),
        created_at: Time(11),
        deleted_at: Some(Time(14)),
    }
}

pub fn session() -> Session {
    Session {
        user: USER,
        created_at: Time(81),
        user_agent: Some("Browser 1.0".into()),
        generation: 3,
        last_used_at: Time(82),
        expires_at: Time(83),
        access_until: Time(84),
        ended_at: None,
        refused_until: None,
    }
}

pub fn seat() -> Seat {
    Seat {
        seat_id: 0,
        concert: SHOW,
        zone: "R".into(),
        ticket_price: Money(50_000),
        status: SeatStatus::Held,
        reservation: Some(CLAIM),
        held_until: Some(Time(32)),
        reservated_date: Some(Time(34)),
        last_holder: Some(USER),
        last_holder_until: Some(Time(35)),
    }
}

pub fn queue() -> QueueState {
    QueueState {
        kind: QueueKind::General,
        queue_name: "General".into(),
        own_opens_at: None,
        pause_reason: PauseReason { en: Some("A break".into()), ko: Some("잠시 멈춤".into()) },
        seed: [0xa5; 32],
        drawn: Some(4),
        cursor: 5,
        tail: 9,
        waiting: 2,
        active: 3,
        returning: 1,
        credit_milli: 1_500,
        credit_at: Time(51),
        max_active_at: Time(52),
        settings: QueueSettings {
            max_active: 10,
            admissions_per_second: 20,
            max_waiting: 30,
            paused: true,
        },
        rule: DrawRule {
            terms: DrawTerms {
                joined_before: Some(Time(53)),
                beacon: Some("pulse \u{2116} 1".into()),
            },
            joined: Some(4),
            value: Some("7f".into()),
        },
    }
}

pub fn entry(number: u64) -> ((UserId, u64), Transfer) {
    let entry = Transfer {
        kind: TransferKind::Payment,
        account: Account::Sales(DATE),
        currency: Currency::KRW,
        amount: Money(-50_000),
        balance_after: Money(1),
        reference: PAYMENT.0,
        reason: None,
        created_at: Time(41),
    };
    ((USER, number), entry)
}

const OTHER_POLICY: Policy = Policy {
    hold_ttl_ms: 21,
    shop_ttl_ms: 22,
    arrival_grace_ms: 23,
    seats_per_user: 24,
    rehold_after_ms: 25,
};

pub fn concert() -> Concert {
    Concert {
        concert_name: "밤의 노래".into(),
        theater: "Hall".into(),
        run_time: 120,
        total_seats: 1,
        date_count: 1,
        start_at: Time(-5),
        end_at: Some(Time(i64::MAX)),
        by_hand: ByHand {
            opened_at: Some(Time(15)),
            recalled_at: Some(Time(16)),
            closed_at: Some(Time(17)),
            deleted_at: None,
            reopened_at: Some(Time(19)),
        },
        time_zone: Some("Asia/Seoul".into()),
        currency: Currency::KRW,
        billing: Billing {
            name_en: Some("Songs of the Night".into()),
            name_ko: None,
            about_en: Some("Two lines,\n\nand another.".into()),
            about_ko: Some("노래 \u{1F3B5}".into()),
            poster: Some((POSTER, PosterType::Webp)),
        },
        policy: Policy::default(),
        created_at: Time(12),
    }
}

pub const fn date() -> ConcertDate {
    ConcertDate {
        concert: SHOW,
        concert_date: Time(13),
        total_seats: 1,
        available_seats: 1,
        blocked_seats: 3,
        revision: 14,
        withdrawn_at: None,
        cancelled: None,
        layout: Some(LAYOUT),
    }
}

pub fn admission() -> Admission {
    Admission {
        user: USER,
        is_active: true,
        token_expiry: Time(61),
        admitted_at: Time(62),
        arrived_at: Some(Time(63)),
        shop_until: Time(64),
        reservation: Some(CLAIM),
        end: Some(AdmissionEnd::HoldLapsed),
        ended_at: Some(Time(65)),
        returns: 2,
    }
}

fn record(fingerprint: [u8; 32]) -> Record {
    Record { fingerprint, outcome: Outcome::Arrived { until: Time(71) }, created_at: Time(72) }
}

fn work() -> DateCancellation {
    DateCancellation {
        concert_id: SHOW,
        concert_date_id: DATE,
        holds_ended: 1,
        bookings_refunded: 2,
        amount_refunded: Money(3),
        bookings_left: 4,
        left_because: None,
        after: None,
    }
}

pub fn poster() -> Poster {
    // Every byte that there is.
    Poster { media_type: PosterType::Webp, body: (0..=255).collect(), created_at: Time(95) }
}

pub fn job() -> Job {
    Job {
        work: Work::DateCancellation(work()),
        state: JobState::Running,
        created_at: Time(93),
        due_at: Some(Time(94)),
        holder: Some(USER.0),
        attempts: 1,
        done: 2,
        total: 3,
        last_error: None,
        ended_at: None,
    }
}

/// The first event of the first node.
pub fn event(number: u64, created_at: i64) -> (EventKey, Event) {
    let what = Happening::SaleScheduled { opens_at: Time(91), closes_at: None };
    let subjects = Subjects { concert: Some(SHOW), date: Some(DATE), user: Some(USER) };
    let event = Event { created_at: Time(created_at), subjects, what };
    (EventKey { node: 1, number }, event)
}

/// Whether there are no rows but what the migrations leave.
pub fn is_empty(dump: &Dump) -> bool {
    dump.iter().all(|(table, rows)| rows.is_empty() || *table == "sale_setting")
}

/// Puts the sample into rows that were loaded.
pub fn insert(rows: &mut Rows) {
    rows.users.insert(USER, user());
    rows.sessions.insert(SESSION, session());
    rows.concerts.insert(SHOW, concert());
    rows.dates.insert(DATE, date());
    rows.seats.insert(SEAT, seat());
    rows.queues.insert(LINE, queue());
    rows.places.insert(PLACE, place(USER, PlaceStatus::Returning));
    rows.admissions.insert(PLACE, admission());
    rows.reservations.insert(CLAIM, claim(ReservationStatus::Held));
    let reserved = ReservedSeat { seat_id: 1, number: 7, price: Money(50_000) };
    rows.reserved_seats.insert(CLAIM, vec![reserved]);
    let balance =
        Balance { amount: Money(1), currency: Currency::KRW, entry_count: 1, updated_at: Time(42) };
    rows.balances.insert(USER, balance);
    let (id, entry) = entry(1);
    rows.transfers.insert(id, entry);
    rows.payments.insert(CLAIM, payment(PAYMENT));
    rows.jobs.insert(JOB, job());
    let layout =
        Layout {
            body: "{\"name\": \"한강홀 ' \\\\\"}".into(), seat_count: 7, created_at: Time(8)
        };
    rows.layouts.insert(LAYOUT, layout);
    rows.left_places.insert((USER, LINE), LeftPlace { sequence: 9 });
    rows.posters.insert(POSTER, poster());
    let (key_of_event, event) = event(1, 92);
    rows.events.insert(key_of_event, event);
    rows.refunds.insert((CLAIM, 1), refund());
    rows.refunded_seats.insert((CLAIM, 7), RefundedSeat { refund_number: 1, date: DATE });
    rows.idempotency.insert(key(), record([1; 32]));
}

fn changed_queue() -> QueueState {
    QueueState {
        kind: QueueKind::General,
        queue_name: "General".into(),
        own_opens_at: None,
        pause_reason: PauseReason::default(),
        seed: queue().seed,
        drawn: None,
        cursor: 6,
        tail: 10,
        waiting: 4,
        active: 0,
        returning: 0,
        credit_milli: 7,
        credit_at: Time(8),
        max_active_at: Time(9),
        settings: QueueSettings::default(),
        rule: DrawRule::default(),
    }
}

/// Changes every column that may change, in rows that were loaded.
pub fn change(rows: &mut Rows) -> Option<()> {
    let user = rows.users.update(&USER)?;
    user.username = "deleted#1".into();
    (user.password_hash, user.deleted_at) = (None, None);
    *rows.sessions.update(&SESSION)? = Session {
        generation: 4,
        last_used_at: Time(5),
        expires_at: Time(6),
        access_until: Time(7),
        ended_at: Some(Time(8)),
        refused_until: Some(Time(7)),
        ..session()
    };
    let concert = rows.concerts.update(&SHOW)?;
    (concert.total_seats, concert.date_count) = (2, 3);
    (concert.start_at, concert.end_at) = (Time(4), None);
    (concert.concert_name, concert.theater) = ("다른 노래".into(), "Room".into());
    concert.run_time = 90;
    concert.policy = OTHER_POLICY;
    concert.by_hand = ByHand { deleted_at: Some(Time(18)), ..ByHand::default() };
    concert.time_zone = None;
    concert.billing = Billing { name_ko: Some("달빛".into()), ..Billing::default() };
    *rows.dates.update(&DATE)? = ConcertDate {
        concert: SHOW,
        concert_date: Time(20),
        total_seats: 2,
        available_seats: 0,
        blocked_seats: 4,
        revision: 15,
        withdrawn_at: Some(Time(19)),
        cancelled: Some(Cancellation { at: Time(21), reason: "병환".into(), job: JOB }),
        layout: None,
    };
    let seat = rows.seats.update(&SEAT)?;
    (seat.zone, seat.ticket_price) = ("S".into(), Money(7));
    seat.status = SeatStatus::Sold;
    (seat.reservation, seat.held_until) = (None, None);
    seat.reservated_date = None;
    (seat.last_holder, seat.last_holder_until) = (None, None);
    *rows.queues.update(&LINE)? = changed_queue();
    change_users(rows)
}

/// The same of what belongs to users, and of jobs.
fn change_users(rows: &mut Rows) -> Option<()> {
    let place = rows.places.update(&PLACE)?;
    (place.status, place.deleted_at, place.lapses) = (PlaceStatus::Served, None, 3);
    *rows.admissions.update(&PLACE)? = Admission {
        user: USER,
        is_active: false,
        token_expiry: Time(1),
        admitted_at: Time(2),
        arrived_at: None,
        shop_until: Time(3),
        reservation: None,
        end: None,
        ended_at: None,
        returns: 3,
    };
    rows.idempotency.insert(key(), record([2; 32]));
    change_claim(rows)
}

fn change_claim(rows: &mut Rows) -> Option<()> {
    let claim = rows.reservations.update(&CLAIM)?;
    claim.status = ReservationStatus::Cancelled;
    (claim.ended_at, claim.payment) = (None, None);
    claim.refunded = Refunded { amount: Money(11), seats: 3, count: 4 };
    *rows.balances.update(&USER)? = Balance {
        amount: Money(2),
        currency: Currency::of("USD")?,
        entry_count: 2,
        updated_at: Time(3),
    };
    rows.idempotency.insert(key(), record([2; 32]));
    *rows.jobs.update(&JOB)? = Job {
        state: JobState::Done,
        due_at: None,
        holder: None,
        attempts: 4,
        done: 5,
        total: 6,
        last_error: Some("away".into()),
        ended_at: Some(Time(96)),
        work: Work::DateCancellation(DateCancellation {
            holds_ended: 7,
            after: Some(CLAIM),
            ..work()
        }),
        ..job()
    };
    Some(())
}
