//! The second lock: where the rules should ever fail, a constraint of the database says no, and the
//! whole transaction is gone. Not for memory, which has none.

use crate::contract::commit;
use crate::sample::{self, CLAIM, DATE, LINE, OTHER_LINE, PAYMENT, SEAT, USER};
use crate::subject::Subject;
use boxoffice_core::id::{PaymentId, PlaceKey, QueueId, ReservationId, UserId, Uuid};
use boxoffice_core::money::Money;
use boxoffice_core::queue::PlaceStatus;
use boxoffice_core::rows::{Keys, Rows};
use boxoffice_server::store::Fault;

/// The second lock as tests of one store.
macro_rules! second_lock {
    ($name:ident, $subject:ty) => {
        mod $name {
            use crate::second_lock as rules;
            use crate::subject::Subject;

            /// H1, H11, H12, H13, H20, H24: what a constraint refuses leaves nothing behind.
            #[test]
            fn constraints_say_no() {
                if <$subject>::is_there() {
                    rules::constraints_say_no::<$subject>();
                }
            }
            /// An update of a row that is gone is not taken for done.
            #[test]
            fn a_row_that_is_gone_is_a_fault() {
                if <$subject>::is_there() {
                    rules::a_row_that_is_gone_is_a_fault::<$subject>();
                }
            }
        }
    };
}
pub(crate) use second_lock;

type Wrong = (&'static str, fn(&mut Rows));

/// What no rule would ever do.
const WRONG: &[Wrong] = &[
    ("a reservation is paid twice", |rows| {
        rows.payments.insert(CLAIM, sample::payment(PaymentId(Uuid::from_u128(90))));
    }),
    ("a payment's id is used twice", |rows| {
        let other = ReservationId(Uuid::from_u128(91));
        rows.payments.insert(other, sample::payment(PAYMENT));
    }),
    ("a name is given twice", |rows| {
        rows.users.insert(UserId(Uuid::from_u128(92)), sample::user());
    }),
    ("a user is made twice", |rows| {
        let mut user = sample::user();
        user.username = "another".into();
        rows.users.insert(USER, user);
    }),
    ("a seat is made twice", |rows| {
        rows.seats.insert(SEAT, sample::seat());
    }),
    ("an entry is written twice", |rows| {
        let (id, entry) = sample::entry(1);
        rows.transfers.insert(id, entry);
    }),
    ("a balance falls below nothing", |rows| {
        let (id, mut entry) = sample::entry(2);
        entry.balance_after = Money(-1);
        rows.transfers.insert(id, entry);
    }),
    ("a refund is made twice", |rows| {
        rows.refunds.insert((CLAIM, 1), sample::refund());
    }),
    ("a seat goes back twice", |rows| {
        let row = boxoffice_core::payment::RefundedSeat { refund_number: 2, date: DATE };
        rows.refunded_seats.insert((CLAIM, 7), row);
    }),
    ("more goes back than was paid", |rows| {
        let mut claim = sample::claim(boxoffice_core::reservation::ReservationStatus::Confirmed);
        claim.refunded.amount = Money(50_001);
        rows.reservations.insert(ReservationId(Uuid::from_u128(94)), claim);
    }),
    ("a queue is made twice", |rows| {
        rows.queues.insert(LINE, sample::queue());
    }),
    ("a user is in two queues of a concert by one visit", |rows| {
        let place = sample::place(USER, PlaceStatus::Waiting);
        rows.places.insert(PlaceKey { queue: OTHER_LINE, sequence: 1 }, place);
    }),
    ("the cursor runs past the tail", |rows| {
        let mut queue = sample::queue();
        queue.cursor = queue.tail + 1;
        let other = boxoffice_core::id::ConcertId(Uuid::from_u128(93));
        rows.queues.insert(QueueId::general(other), queue);
    }),
];

pub fn constraints_say_no<T: Subject>() {
    let mut subject = T::empty();
    commit(subject.store(), &sample::keys(), sample::insert).expect("the sample");
    let before = subject.dump();
    for (what, wrong) in WRONG {
        // Nothing is loaded, so that the store is told of new rows.
        let done = commit(subject.store(), &Keys::default(), |rows| {
            let (id, entry) = sample::entry(50);
            rows.transfers.insert(id, entry);
            wrong(rows);
        });
        assert!(matches!(done, Err(Fault::Constraint(_))), "{what}: {done:?}");
        assert_eq!(subject.dump(), before, "{what}: something is left");
    }
    // And the store goes on working.
    let change = |rows: &mut Rows| sample::change(rows).expect("all rows");
    commit(subject.store(), &sample::keys(), change).expect("a change");
}

pub fn a_row_that_is_gone_is_a_fault<T: Subject>() {
    let mut subject = T::empty();
    let done = commit(subject.store(), &Keys::default(), |rows| {
        rows.queues.put_loaded(LINE, Some(sample::queue()));
        rows.queues.update(&LINE);
    });
    assert!(matches!(done, Err(Fault::Corrupt(_))), "{done:?}");
    assert!(crate::sample::is_empty(&subject.dump()));
}
