//! The read model by itself: what a reader may see while a batch is shown.

use boxoffice_core::concert::{ByHand, Concert, ConcertDate, Policy, Seat, SeatStatus};
use boxoffice_core::id::{ConcertId, DateId, PlaceKey, QueueId, SeatKey, UserId, Uuid};
use boxoffice_core::money::{Currency, Money};
use boxoffice_core::poster::Billing;
use boxoffice_core::queue::{
    Admission, AdmissionEnd, PauseReason, Place, PlaceStatus, QueueKind, QueueSettings, QueueState,
};
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use boxoffice_server::read_model::{ReadModel, Standing};
use boxoffice_server::store::reads::Snapshot;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const CONCERT: ConcertId = ConcertId(Uuid::from_u128(1));
const QUEUE: QueueId = QueueId::general(CONCERT);

fn concert() -> Concert {
    Concert {
        concert_name: "Moonlight Parade".into(),
        theater: "Hangang Hall".into(),
        run_time: 120,
        total_seats: 0,
        date_count: 0,
        start_at: Time(0),
        end_at: None,
        by_hand: ByHand::default(),
        time_zone: None,
        currency: Currency::KRW,
        billing: Billing::default(),
        policy: Policy {
            hold_ttl_ms: 300_000,
            shop_ttl_ms: 600_000,
            arrival_grace_ms: 60_000,
            seats_per_user: 4,
            rehold_after_ms: 0,
        },
        created_at: Time(0),
    }
}

fn queue(cursor: u64, tail: u64) -> QueueState {
    QueueState {
        kind: QueueKind::General,
        queue_name: "General".into(),
        own_opens_at: None,
        pause_reason: PauseReason::default(),
        seed: [7; 32],
        drawn: Some(0),
        cursor,
        tail,
        waiting: tail - cursor,
        active: cursor,
        returning: 0,
        credit_milli: 0,
        credit_at: Time(0),
        max_active_at: Time(0),
        settings: QueueSettings::default(),
        rule: boxoffice_core::queue::DrawRule::default(),
    }
}

fn admission(until: i64) -> Admission {
    Admission {
        user: UserId(Uuid::from_u128(9)),
        is_active: true,
        token_expiry: Time(until),
        admitted_at: Time(0),
        arrived_at: None,
        shop_until: Time(until),
        reservation: None,
        end: None,
        ended_at: None,
        returns: 0,
    }
}

fn read_model(tail: u64) -> ReadModel {
    let mut rows = Rows::default();
    rows.concerts.insert(CONCERT, concert());
    rows.queues.insert(QUEUE, queue(0, tail));
    let read_model = ReadModel::default();
    read_model.apply(&rows, Time(0));
    read_model
}

/// A batch that lets the next in.
fn admit(sequence: u64, tail: u64, until: i64) -> Rows {
    let mut rows = Rows::default();
    let key = PlaceKey { queue: QUEUE, sequence };
    let user = UserId(Uuid::from_u128(9));
    let status = PlaceStatus::Served;
    rows.queues.insert(QUEUE, queue(sequence, tail));
    rows.places.insert(
        key,
        Place {
            user,
            status,
            created_at: Time(0),
            visit: sequence,
            deleted_at: None,
            lapses: 0,
            unpaid_ms: 0,
        },
    );
    rows.admissions.insert(key, admission(until));
    rows
}

/// H18, H22: somebody who is being let in is waiting and then admitted, and never anything else.
#[test]
fn nobody_is_seen_between_waiting_and_admitted() {
    const TAIL: u64 = 30_000;
    let read_model = read_model(TAIL);
    let (done, next) = (AtomicBool::new(false), AtomicU64::new(1));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for sequence in 1..=TAIL {
                next.store(sequence, Ordering::SeqCst);
                read_model.apply(&admit(sequence, TAIL, 60_000), Time(0));
            }
            done.store(true, Ordering::SeqCst);
        });
        let concert = read_model.concert(CONCERT).expect("it is shown");
        while !done.load(Ordering::SeqCst) {
            let standing = concert.general().standing(next.load(Ordering::SeqCst), Time(0));
            let fine = matches!(standing, Standing::Waiting { .. } | Standing::Admitted { .. });
            if !fine {
                done.store(true, Ordering::SeqCst);
                panic!("{standing:?}");
            }
        }
    });
}

/// What is due is told in the order of its being due, and what was renewed is not due.
#[test]
fn the_first_due_comes_first() {
    let read_model = read_model(100);
    for sequence in 1..=100_u64 {
        let until = 1_000 + i64::try_from((sequence * 37) % 101).unwrap();
        read_model.apply(&admit(sequence, 100, until), Time(0));
    }
    let mut renewed = Rows::default();
    for sequence in 1..=50 {
        renewed.admissions.insert(PlaceKey { queue: QUEUE, sequence }, admission(9_000));
    }
    read_model.apply(&renewed, Time(0));
    let concert = read_model.concert(CONCERT).unwrap();
    let queue = concert.general();
    let due = queue.due(Time(2_000), 20);
    let mut wanted: Vec<u64> = (51..=100).collect();
    wanted.sort_by_key(|sequence| (sequence * 37) % 101);
    assert_eq!(due, wanted[..20]);
    assert_eq!(queue.due(Time(1_000), 100), Vec::<u64>::new());
    assert_eq!(queue.due(Time(9_000), 1_000).len(), 100);
}

/// H18: where others write as well, a batch of this node shows a cursor that has passed places whose
/// admissions only the next news tell of. They are not over until then; what ended here is at once.
#[test]
fn a_place_that_others_served_is_not_over() {
    let read_model = ReadModel::from_snapshot(Snapshot::default(), Time(0), true);
    let now = Time(1);
    let place = |sequence| PlaceKey { queue: QUEUE, sequence };
    let standing =
        |sequence| read_model.concert(CONCERT).expect("shown").general().standing(sequence, now);
    let mut rows = Rows::default();
    rows.concerts.insert(CONCERT, concert());
    rows.queues.insert(QUEUE, queue(3, 5));
    rows.admissions.insert(place(3), admission(100));
    read_model.apply(&rows, now);
    assert_eq!([1, 2].map(standing), [Standing::Unheard; 2]);
    assert!(matches!(standing(3), Standing::Admitted { .. }));
    assert!(matches!(standing(4), Standing::Waiting { .. }));
    assert_eq!(standing(6), Standing::Unknown);

    let mut paid = Rows::default();
    let over = Admission { is_active: false, end: Some(AdmissionEnd::Paid), ..admission(100) };
    paid.admissions.insert(place(3), over);
    read_model.apply(&paid, now);
    assert_eq!(standing(3), Standing::Expired);

    read_model.hear();
    let mut news = Rows::default();
    news.admissions.insert(place(2), admission(100));
    news.queues.insert(QUEUE, queue(4, 5));
    read_model.apply(&news, now);
    assert_eq!((standing(1), standing(3)), (Standing::Expired, Standing::Expired));
    assert!(matches!(standing(2), Standing::Admitted { .. }));
    assert_eq!(standing(4), Standing::Unheard, "the row may be newer than the news");
    read_model.hear();
    assert_eq!(standing(4), Standing::Expired);
}

fn seat(held_until: Option<Time>) -> Seat {
    Seat {
        seat_id: 1,
        concert: CONCERT,
        zone: "R".into(),
        ticket_price: Money(1),
        status: if held_until.is_some() { SeatStatus::Held } else { SeatStatus::Available },
        reservation: None,
        held_until,
        reservated_date: None,
        last_holder: None,
        last_holder_until: None,
    }
}

/// H10, H27: on a shared database a hold may be made by way of a server that has not heard of the date
/// yet: its batch brings the date's row, and of the seats only those held. The date is not shown until
/// it is whole, and then its holds lapse.
#[test]
fn a_date_of_which_only_a_hold_is_known_is_not_shown() {
    let read_model = ReadModel::from_snapshot(Snapshot::default(), Time(0), true);
    let date = DateId(Uuid::from_u128(5));
    let row = ConcertDate {
        concert: CONCERT,
        concert_date: Time(1_000),
        total_seats: 3,
        available_seats: 2,
        blocked_seats: 0,
        revision: 0,
        withdrawn_at: None,
        cancelled: None,
        layout: None,
    };
    let key = |number| SeatKey { date, number };
    let mut hold = Rows::default();
    hold.dates.insert(date, row.clone());
    hold.seats.insert(key(3), seat(Some(Time(100))));
    read_model.apply(&hold, Time(10));
    assert!(read_model.date(date).is_none(), "one of three seats is shown");
    let mut news = Rows::default();
    news.dates.insert(date, row);
    for number in 1..=3 {
        news.seats.insert(key(number), seat((number == 3).then_some(Time(100))));
    }
    read_model.apply(&news, Time(20));
    let shown = read_model.date(date).expect("it is whole");
    assert_eq!((shown.available(Time(99)), shown.available(Time(100))), (2, 3));
}

/// What the list says of a concert is written once for each change of it, however often it is asked for.
#[test]
fn a_card_is_written_once_a_change() {
    let read_model = read_model(0);
    let written = AtomicU64::new(0);
    let cards = |now: i64| {
        for _ in 0..1_000 {
            let concert = read_model.concert(CONCERT).unwrap();
            let card = concert.card(Time(now), |facts| {
                written.fetch_add(1, Ordering::Relaxed);
                serde_json::value::to_raw_value(&facts.row.concert_name).unwrap()
            });
            assert_eq!(card.get(), format!("{:?}", concert.row().concert_name));
        }
        written.load(Ordering::Relaxed)
    };
    assert_eq!((cards(0), cards(1)), (1, 1), "it has opened");
    let mut rows = Rows::default();
    let closes = Concert { concert_name: "Sunlight".into(), end_at: Some(Time(9)), ..concert() };
    rows.concerts.insert(CONCERT, closes);
    read_model.apply(&rows, Time(1));
    assert_eq!((cards(1), cards(8), cards(9), cards(1_000)), (2, 2, 3, 3));
    assert_eq!(cards(1), 4, "a clock that goes back");
}
