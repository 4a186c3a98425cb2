//! What every store must do, whatever it keeps its rows in.

use crate::sample::{self, CLAIM, DATE, LINE, OTHER_LINE, PLACE, SEAT, SESSION, SHOW, USER};
use crate::subject::{OnMemory, Subject};
use boxoffice_core::concert::{Seat, SeatStatus};
use boxoffice_core::id::{
    ConcertId, DateId, PaymentId, PlaceKey, QueueId, ReservationId, SeatKey, SessionId, UserId,
    Uuid,
};
use boxoffice_core::limits::PLACES_PER_TICK_MAX;
use boxoffice_core::money::Money;
use boxoffice_core::payment::RefundedSeat;
use boxoffice_core::queue::{Admission, Place, PlaceStatus, QueueKind, QueueState};
use boxoffice_core::reservation::{Reservation, ReservationStatus, ReservedSeat};
use boxoffice_core::rows::{Keys, Rows};
use boxoffice_core::time::Time;
use boxoffice_server::store::reads::{Of, Tickets, tickets};
use boxoffice_server::store::{Fault, Store, transact};
use std::collections::BTreeSet;

/// The contract as tests of one store.
macro_rules! contract {
    ($name:ident, $subject:ty) => {
        mod $name {
            use crate::contract as rules;
            use crate::subject::Subject;

            /// A row that is not there is known to be absent.
            #[test]
            fn absent_rows_load_as_absent() {
                if <$subject>::is_there() {
                    rules::absent_rows_load_as_absent::<$subject>();
                }
            }
            /// What is saved is loaded, column by column, also after a restart (H25).
            #[test]
            fn rows_come_back_as_saved() {
                if <$subject>::is_there() {
                    rules::rows_come_back_as_saved::<$subject>();
                }
            }
            /// A transaction that fails, at whatever point, leaves nothing (H32).
            #[test]
            fn rollback_leaves_nothing() {
                if <$subject>::is_there() {
                    rules::rollback_leaves_nothing::<$subject>();
                }
            }
            /// The indexes that the rules load by.
            #[test]
            fn indexes_find_what_they_name() {
                if <$subject>::is_there() {
                    rules::indexes_find_what_they_name::<$subject>();
                }
            }
            /// What names a user's newest place is written where a row is rewritten, and only there.
            #[test]
            fn a_rewritten_place_is_the_newest() {
                if <$subject>::is_there() {
                    rules::a_rewritten_place_is_the_newest::<$subject>();
                }
            }
            /// A user's sessions that were not ended are found; those that were are told of for as long as a
            /// token of them may count (H42).
            #[test]
            fn sessions_are_found_and_told_of() {
                if <$subject>::is_there() {
                    rules::sessions_are_found_and_told_of::<$subject>();
                }
            }
            /// What is sold of a date is found page by page, and nothing else.
            #[test]
            fn what_is_sold_of_a_date_is_found() {
                if <$subject>::is_there() {
                    rules::what_is_sold_of_a_date_is_found::<$subject>();
                }
            }
            /// The tickets of a date are found page by page: seats that are sold, and those that went back.
            #[test]
            fn tickets_of_a_date_are_found() {
                if <$subject>::is_there() {
                    rules::tickets_of_a_date_are_found::<$subject>();
                }
            }
            /// H20: two queues of one concert stand beside each other, and a user's newest place is found in all.
            #[test]
            fn two_queues_stand_beside_each_other() {
                if <$subject>::is_there() {
                    rules::two_queues_stand_beside_each_other::<$subject>();
                }
            }
            /// A user's open place in each concert is found, in the newest concerts that the user has been in.
            #[test]
            fn open_places_of_a_user_are_found() {
                if <$subject>::is_there() {
                    rules::open_places_of_a_user_are_found::<$subject>();
                }
            }
            /// Those who come back are loaded in order, and only so many (H21).
            #[test]
            fn returning_is_bounded_and_in_order() {
                if <$subject>::is_there() {
                    rules::returning_is_bounded_and_in_order::<$subject>();
                }
            }
            /// Old idempotency records go, a bounded number at a time; younger ones stay (H11).
            #[test]
            fn prune_removes_only_what_is_old() {
                if <$subject>::is_there() {
                    rules::prune_removes_only_what_is_old::<$subject>();
                }
            }
        }
    };
}
pub(crate) use contract;

/// Loads, works, saves, commits.
pub fn commit<S: Store>(
    store: &mut S,
    keys: &Keys,
    mut work: impl FnMut(&mut Rows),
) -> Result<(), Fault> {
    transact(store, |store| {
        let mut rows = Rows::default();
        store.load(keys, &mut rows)?;
        work(&mut rows);
        store.save(&rows)
    })
}

fn load<S: Store>(store: &mut S, keys: &Keys) -> Rows {
    let loaded = transact(store, |store| {
        let mut rows = Rows::default();
        store.load(keys, &mut rows)?;
        Ok(rows)
    });
    loaded.expect("a load")
}

pub fn absent_rows_load_as_absent<T: Subject>() {
    let mut subject = T::empty();
    let rows = load(subject.store(), &sample::keys());
    // `get` stops at a row that was not looked for.
    let absent = [
        rows.users.get(&USER).is_none(),
        rows.usernames.get(&"looks like 김미나".to_owned()).is_none(),
        rows.sessions.get(&SESSION).is_none(),
        rows.user_sessions.get(&USER).is_some_and(|all| all.is_empty()),
        rows.concerts.get(&SHOW).is_none(),
        rows.dates.get(&DATE).is_none(),
        rows.seats.get(&SEAT).is_none(),
        rows.queues.get(&LINE).is_none(),
        rows.places.get(&PLACE).is_none(),
        rows.newest_places.get(&(USER, SHOW)).is_none(),
        rows.returning.get(&LINE).is_some_and(|all| all.is_empty()),
        rows.admissions.get(&PLACE).is_none(),
        rows.reservations.get(&CLAIM).is_none(),
        rows.reserved_seats.get(&CLAIM).is_some_and(Vec::is_empty),
        rows.holdings.get(&(USER, DATE)).is_some_and(|all| all.is_empty()),
        rows.balances.get(&USER).is_none(),
        rows.idempotency.get(&sample::key()).is_none(),
        rows.jobs.get(&sample::JOB).is_none(),
        rows.posters.get(&sample::POSTER).is_none(),
    ];
    assert_eq!(absent, [true; 19]);
    assert!(sample::is_empty(&subject.dump()));
}

/// What the sample looks like once it is loaded again: the same, and the seat has its number.
fn compare(found: &Rows, wanted: &Rows) {
    let mut numbered = wanted.seats.get(&SEAT).cloned();
    if let Some(seat) = numbered.as_mut().filter(|seat| seat.seat_id == 0) {
        seat.seat_id = 1;
    }
    assert_eq!(found.seats.get(&SEAT).cloned(), numbered);
    assert_eq!(found.users.get(&USER), wanted.users.get(&USER));
    assert_eq!(found.sessions.get(&SESSION), wanted.sessions.get(&SESSION));
    assert_eq!(found.concerts.get(&SHOW), wanted.concerts.get(&SHOW));
    assert_eq!(found.dates.get(&DATE), wanted.dates.get(&DATE));
    assert_eq!(found.queues.get(&LINE), wanted.queues.get(&LINE));
    assert_eq!(found.places.get(&PLACE), wanted.places.get(&PLACE));
    assert_eq!(found.admissions.get(&PLACE), wanted.admissions.get(&PLACE));
    assert_eq!(found.reservations.get(&CLAIM), wanted.reservations.get(&CLAIM));
    assert_eq!(found.reserved_seats.get(&CLAIM), wanted.reserved_seats.get(&CLAIM));
    assert_eq!(found.balances.get(&USER), wanted.balances.get(&USER));
    assert_eq!(found.jobs.get(&sample::JOB), wanted.jobs.get(&sample::JOB));
    assert_eq!(found.layouts.get(&sample::LAYOUT), wanted.layouts.get(&sample::LAYOUT));
    assert_eq!(found.posters.get(&sample::POSTER), wanted.posters.get(&sample::POSTER));
    let key = sample::key();
    assert_eq!(found.idempotency.get(&key), wanted.idempotency.get(&key));
}

pub fn rows_come_back_as_saved<T: Subject>() {
    let (mut subject, mut model) = (T::empty(), OnMemory::empty());
    let keys = sample::keys();
    let mut inserted = Rows::default();
    sample::insert(&mut inserted);
    commit(subject.store(), &keys, sample::insert).expect("the sample");
    commit(model.store(), &keys, sample::insert).expect("the sample");
    subject.reopen();
    let found = load(subject.store(), &keys);
    compare(&found, &inserted);
    // Payments and entries are never loaded; they are compared as they stand.
    assert_eq!(subject.dump(), model.dump());

    let mut wanted = found;
    sample::change(&mut wanted).expect("all rows");
    let change = |rows: &mut Rows| sample::change(rows).expect("all rows");
    commit(subject.store(), &keys, change).expect("a change");
    commit(model.store(), &keys, change).expect("a change");
    subject.reopen();
    compare(&load(subject.store(), &keys), &wanted);
    assert_eq!(subject.dump(), model.dump());
}

pub fn rollback_leaves_nothing<T: Subject>() {
    let mut subject = T::empty();
    let keys = sample::keys();
    let fails = || Err::<(), _>(Fault::Unavailable("as planned".into()));
    for saved in [false, true] {
        let done = transact(subject.store(), |store| {
            let mut rows = Rows::default();
            store.load(&keys, &mut rows)?;
            sample::insert(&mut rows);
            if saved {
                store.save(&rows)?;
            }
            fails()
        });
        assert_eq!(done, fails());
        assert!(sample::is_empty(&subject.dump()), "saved: {saved}");
    }
    commit(subject.store(), &keys, sample::insert).expect("the sample");
    let before = subject.dump();
    let done = transact(subject.store(), |store| {
        let mut rows = Rows::default();
        store.load(&keys, &mut rows)?;
        sample::change(&mut rows).expect("all rows");
        store.save(&rows)?;
        fails()
    });
    assert_eq!(done, fails());
    subject.store().rollback();
    assert_eq!(subject.dump(), before);
    // A process that dies in the middle leaves nothing either.
    let store = subject.store();
    store.begin().expect("a transaction");
    let mut rows = load_in(store, &keys);
    sample::change(&mut rows).expect("all rows");
    store.save(&rows).expect("a save");
    subject.reopen();
    assert_eq!(subject.dump(), before);
}

fn load_in<S: Store>(store: &mut S, keys: &Keys) -> Rows {
    let mut rows = Rows::default();
    store.load(keys, &mut rows).expect("a load");
    rows
}

/// A place whose visit is written anew is the newest from then on: an update writes all but what names the user's
/// places, a rewrite that as well.
pub fn a_rewritten_place_is_the_newest<T: Subject>() {
    let mut subject = T::empty();
    let of = |sequence| PlaceKey { sequence, ..PLACE };
    let saved = commit(subject.store(), &Keys::default(), |rows| {
        for sequence in [1, 2] {
            let row = sample::place(USER, PlaceStatus::Left);
            rows.places.insert(of(sequence), Place { visit: sequence, ..row });
        }
    });
    saved.expect("rows");
    let mut keys = Keys::default();
    keys.places.extend([of(1), of(2)]);
    let saved = commit(subject.store(), &keys, |rows| {
        rows.places.update(&of(2)).expect("a place").lapses = 5;
        let place = rows.places.rewrite(&of(1)).expect("a place");
        (place.visit, place.status) = (3, PlaceStatus::Waiting);
    });
    saved.expect("rows");
    subject.reopen();
    keys.newest_places.insert((USER, SHOW));
    let rows = load(subject.store(), &keys);
    assert_eq!(rows.newest_places.get(&(USER, SHOW)), Some(&of(1)));
    let row = |sequence| rows.places.get(&of(sequence)).map(|row| (row.visit, row.lapses));
    assert_eq!((row(1), row(2)), (Some((3, 2)), Some((2, 5))));
}

pub fn indexes_find_what_they_name<T: Subject>() {
    let mut subject = T::empty();
    let other = UserId(Uuid::from_u128(100));
    let id = |n: u128| ReservationId(Uuid::from_u128(200 + n));
    let statuses = [
        ReservationStatus::Held,
        ReservationStatus::Confirmed,
        ReservationStatus::Expired,
        ReservationStatus::Cancelled,
    ];
    let saved = commit(subject.store(), &Keys::default(), |rows| {
        rows.users.insert(USER, sample::user());
        for (n, sequence) in (0..).zip([3, 11, 7]) {
            let place = PlaceKey { sequence, ..PLACE };
            let user = if n < 2 { USER } else { other };
            let row = sample::place(user, PlaceStatus::Waiting);
            rows.places.insert(place, Place { visit: sequence, ..row });
        }
        for (n, status) in (0..).zip(statuses) {
            let mut claim = sample::claim(status);
            claim.payment = claim.payment.filter(|_| status == ReservationStatus::Confirmed);
            rows.reservations.insert(id(n), claim);
        }
        let mut another = sample::claim(ReservationStatus::Confirmed);
        another.user = other;
        rows.reservations.insert(id(9), another);
    });
    saved.expect("rows");
    subject.reopen();

    let mut keys = sample::keys();
    keys.newest_places.insert((other, SHOW));
    let rows = load(subject.store(), &keys);
    assert_eq!(rows.usernames.get(&"looks like 김미나".to_owned()), Some(&USER));
    assert_eq!(rows.newest_places.get(&(USER, SHOW)), Some(&PlaceKey { sequence: 11, ..PLACE }));
    assert_eq!(rows.newest_places.get(&(other, SHOW)), Some(&PlaceKey { sequence: 7, ..PLACE }));
    let claims = rows.holdings.get(&(USER, DATE)).expect("an index");
    assert_eq!(*claims, [id(1)].into());
    let loaded = rows.reservations.get(&id(1)).map(|claim| claim.status);
    assert_eq!(loaded, Some(ReservationStatus::Confirmed));
}

/// Sessions 1 and 2 go on, 3 and 4 were ended, 5 is another user's.
fn some_sessions<T: Subject>(subject: &mut T) {
    let saved = commit(subject.store(), &Keys::default(), |rows| {
        for n in 1..=5 {
            let until = Time(i64::try_from(n).expect("small") * 1_000);
            let mut row = sample::session();
            (row.created_at, row.expires_at, row.access_until) = (until, until, until);
            if n == 3 || n == 4 {
                (row.ended_at, row.refused_until) = (Some(Time(1)), Some(until));
            } else if n == 5 {
                row.user = UserId(Uuid::from_u128(100));
            }
            rows.sessions.insert(SessionId(Uuid::from_u128(n)), row);
        }
    });
    saved.expect("sessions");
}

pub fn sessions_are_found_and_told_of<T: Subject>() {
    let mut subject = T::empty();
    some_sessions(&mut subject);
    subject.reopen();
    let id = |n| SessionId(Uuid::from_u128(n));
    let keys = Keys { user_sessions: [USER].into(), ..Keys::default() };
    let rows = load(subject.store(), &keys);
    assert_eq!(rows.user_sessions.get(&USER), Some(&[id(1), id(2)].into()));
    assert!(rows.sessions.get(&id(1)).is_some() && rows.sessions.get(&id(2)).is_some());
    let Some(mut reads) = subject.try_reads() else { return };
    let found = reads.sessions(USER, 20).expect("sessions");
    assert_eq!(found.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [id(2), id(1)]);
    assert_eq!(reads.sessions(USER, 1).expect("sessions").len(), 1);
    let mut told = |now| -> Vec<_> {
        let mut reads = subject.try_reads().expect("reads");
        reads.snapshot(Of::Live(Time(now))).expect("a snapshot").ended
    };
    assert_eq!(told(3_999), [(id(4), Time(4_000))]);
    assert_eq!(told(2_999).len(), 2);
    assert_eq!(told(4_000), []);
    let mut prune = |cutoff, limit| subject.store().prune_sessions(Time(cutoff), limit);
    assert_eq!((prune(1_000, 9), prune(3_001, 2)), (Ok(0), Ok(2)));
    assert_eq!((prune(3_001, 2), prune(3_001, 2)), (Ok(1), Ok(0)));
    let rows = load(subject.store(), &keys);
    assert_eq!(rows.user_sessions.get(&USER), Some(&BTreeSet::new()));
}

pub fn what_is_sold_of_a_date_is_found<T: Subject>() {
    let mut subject = T::empty();
    let elsewhere = DateId(Uuid::from_u128(99));
    let claim = |n: u32| ReservationId(Uuid::from_u128(u128::from(1_000 - n)));
    let saved = commit(subject.store(), &Keys::default(), |rows| {
        rows.users.insert(USER, sample::user());
        for n in 1..=7_u32 {
            let date = if n == 6 { elsewhere } else { DATE };
            let status = if n == 7 { SeatStatus::Held } else { SeatStatus::Sold };
            for number in [n, 20 + n] {
                let zone = if number < 20 { "S" } else { "R" }.into();
                let reservation = Some(claim(n));
                let seat = Seat { zone, status, reservation, ..sample::seat() };
                rows.seats.insert(SeatKey { date, number }, seat);
            }
            let paid = sample::claim(ReservationStatus::Confirmed);
            rows.reservations.insert(claim(n), Reservation { date, ..paid });
            let seat =
                |number| ReservedSeat { seat_id: i64::from(number), number, price: Money(5) };
            rows.reserved_seats.insert(claim(n), vec![seat(n), seat(20 + n)]);
            let id = PaymentId(Uuid::from_u128(u128::from(n)));
            rows.payments.insert(claim(n), sample::payment(id));
        }
    });
    saved.expect("what is sold");
    let Some(mut reads) = subject.try_reads() else { return };
    let mut page = |after: Option<u32>, limit| -> Vec<u32> {
        let found = reads.sold(DATE, after.map(claim), limit).expect("what is sold");
        for sold in &found {
            let number = sold.whole.2[0].number;
            assert_eq!((sold.whole.0, sold.whole.2.len()), (claim(number), 2));
            assert_eq!(sold.payment.payment.0, Uuid::from_u128(u128::from(number)));
            assert_eq!(sold.username, sample::user().username);
            assert!(sold.zones.iter().eq(["R", "S"]));
        }
        found.iter().map(|sold| sold.whole.2[0].number).collect()
    };
    assert_eq!(page(None, 3), [5, 4, 3]);
    assert_eq!(page(Some(3), 3), [2, 1]);
    assert_eq!(page(Some(1), 3), [0; 0]);
    assert_eq!(page(None, 1_000_000), [5, 4, 3, 2, 1]);
}

pub fn tickets_of_a_date_are_found<T: Subject>() {
    let mut subject = T::empty();
    let elsewhere = DateId(Uuid::from_u128(99));
    let claim = |n: u32| ReservationId(Uuid::from_u128(u128::from(n)));
    let saved = commit(subject.store(), &Keys::default(), |rows| {
        let mut seat = |date, number, n, status| {
            let seat = Seat { status, reservation: Some(claim(n)), ..sample::seat() };
            rows.seats.insert(SeatKey { date, number }, seat);
        };
        seat(DATE, 1, 30, SeatStatus::Sold);
        seat(DATE, 2, 20, SeatStatus::Sold);
        seat(DATE, 3, 40, SeatStatus::Held);
        seat(DATE, 4, 10, SeatStatus::Sold);
        seat(elsewhere, 1, 50, SeatStatus::Sold);
        for (date, number, n) in [(DATE, 2, 25), (DATE, 2, 5), (DATE, 3, 6), (elsewhere, 2, 7)] {
            let row = RefundedSeat { refund_number: 1, date };
            rows.refunded_seats.insert((claim(n), number), row);
        }
    });
    saved.expect("seats that are sold, and others that went back");
    let Some(mut reads) = subject.try_reads() else { return };
    let mut all = |which, limit: usize| {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = tickets(reads.as_mut(), DATE, which, (after, limit)).expect("tickets");
            assert!(page.len() <= limit);
            after = page.last().map(|(seat, _)| *seat);
            found.extend(page.iter().map(|((seat, id), back)| (*seat, id.0.as_u128(), *back)));
            if page.len() < limit {
                return found;
            }
        }
    };
    let kept = [(1, 30, false), (2, 20, false), (4, 10, false)];
    let back = [(2, 5, true), (2, 25, true), (3, 6, true)];
    let both = [kept[0], back[0], kept[1], back[1], back[2], kept[2]];
    for limit in [1, 2, 3, 100] {
        assert_eq!(all(Tickets::Kept, limit), kept);
        assert_eq!(all(Tickets::Back, limit), back);
        assert_eq!(all(Tickets::All, limit), both);
    }
}

/// Two queues of one concert: rows of the same sequence stand beside each other, a user's newest place is found
/// in whichever it is, and what names a queue of another concert finds nothing.
pub fn two_queues_stand_beside_each_other<T: Subject>() {
    let mut subject = T::empty();
    let (first, second) = (PLACE, PlaceKey { queue: OTHER_LINE, ..PLACE });
    let named = QueueState {
        kind: QueueKind::Named,
        queue_name: "Fan club".into(),
        own_opens_at: Some(Time(54)),
        ..sample::queue()
    };
    let saved = commit(subject.store(), &Keys::default(), |rows| {
        rows.concerts.insert(SHOW, sample::concert());
        rows.queues.insert(LINE, sample::queue());
        rows.queues.insert(OTHER_LINE, named.clone());
        for (key, visit) in [(second, 1), (first, 2), (PlaceKey { sequence: 1, ..second }, 3)] {
            let row = sample::place(USER, PlaceStatus::Returning);
            rows.places.insert(key, Place { visit, ..row });
        }
        rows.admissions.insert(second, sample::admission());
        let claim = sample::claim(ReservationStatus::Confirmed);
        rows.reservations.insert(CLAIM, Reservation { place: second, ..claim });
    });
    saved.expect("rows");
    subject.reopen();

    let elsewhere = QueueId { concert: ConcertId(Uuid::from_u128(77)), id: OTHER_LINE.id };
    let mut keys = sample::keys();
    keys.queues.extend([OTHER_LINE, elsewhere]);
    keys.places.extend([second, PlaceKey { queue: elsewhere, ..PLACE }]);
    keys.admissions.insert(second);
    keys.returning.insert(OTHER_LINE);
    let rows = load(subject.store(), &keys);
    assert_eq!(rows.queues.get(&LINE), Some(&sample::queue()));
    assert_eq!(rows.queues.get(&OTHER_LINE), Some(&named));
    assert_eq!(rows.queues.get(&elsewhere), None);
    assert_eq!(rows.queues_of.get(&SHOW), Some(&[LINE, OTHER_LINE].into()));
    assert_eq!(rows.places.get(&first).map(|place| place.visit), Some(2));
    assert_eq!(rows.places.get(&second).map(|place| place.visit), Some(1));
    assert_eq!(rows.places.get(&PlaceKey { queue: elsewhere, ..PLACE }), None);
    assert_eq!((rows.admissions.get(&first), rows.admissions.get(&second).is_some()), (None, true));
    let newest = PlaceKey { sequence: 1, ..second };
    assert_eq!(rows.newest_places.get(&(USER, SHOW)), Some(&newest));
    let back = |queue| rows.returning.get(&queue).cloned().expect("an index");
    assert_eq!((back(LINE), back(OTHER_LINE)), ([9].into(), [1, 9].into()));
    assert_eq!(rows.reservations.get(&CLAIM).map(|claim| claim.place), Some(second));
}

pub fn open_places_of_a_user_are_found<T: Subject>() {
    let mut subject = T::empty();
    let show = |n| ConcertId(Uuid::from_u128(n));
    let place = |n, sequence| PlaceKey { queue: QueueId::general(show(n)), sequence };
    let other = UserId(Uuid::from_u128(100));
    let places = [
        (place(51, 3), USER, 1, PlaceStatus::Left),
        (place(51, 2), USER, 2, PlaceStatus::Waiting),
        (place(52, 4), USER, 1, PlaceStatus::Left),
        (place(53, 6), USER, 1, PlaceStatus::Served),
        (place(54, 8), USER, 1, PlaceStatus::Returning),
        (place(55, 9), USER, 1, PlaceStatus::Served),
        (place(56, 1), other, 1, PlaceStatus::Waiting),
    ];
    let saved = commit(subject.store(), &Keys::default(), |rows| {
        for (key, user, visit, status) in places {
            rows.concerts.insert(key.queue.concert, sample::concert());
            rows.places.insert(key, Place { visit, ..sample::place(user, status) });
        }
        rows.admissions.insert(place(53, 6), sample::admission());
        let over = Admission { is_active: false, ..sample::admission() };
        rows.admissions.insert(place(55, 9), over);
    });
    saved.expect("places");
    subject.reopen();
    let Some(mut reads) = subject.try_reads() else { return };
    let mut open = |user, concerts| reads.open_places(user, concerts).expect("places");
    assert_eq!(open(USER, 9), [place(54, 8), place(53, 6), place(51, 2)]);
    assert_eq!(open(USER, 3), [place(54, 8), place(53, 6)]);
    assert_eq!(open(USER, 1), []);
    assert_eq!(open(other, 9), [place(56, 1)]);
    assert_eq!(open(UserId(Uuid::from_u128(101)), 9), []);
}

pub fn returning_is_bounded_and_in_order<T: Subject>() {
    let mut subject = T::empty();
    let last = PLACES_PER_TICK_MAX + 50;
    let saved = commit(subject.store(), &Keys::default(), |rows| {
        for sequence in 1..=last {
            let status = if sequence.is_multiple_of(20) {
                PlaceStatus::Served
            } else {
                PlaceStatus::Returning
            };
            let place = PlaceKey { sequence, ..PLACE };
            let row = Place { visit: sequence, ..sample::place(USER, status) };
            rows.places.insert(place, row);
        }
        let elsewhere =
            PlaceKey { queue: QueueId::general(ConcertId(Uuid::from_u128(77))), sequence: 1 };
        rows.places.insert(elsewhere, sample::place(USER, PlaceStatus::Returning));
    });
    saved.expect("places");
    let rows = load(subject.store(), &sample::keys());
    let found = rows.returning.get(&LINE).expect("an index");
    let back = (1..=last).filter(|sequence| !sequence.is_multiple_of(20));
    let most = usize::try_from(PLACES_PER_TICK_MAX).expect("small");
    assert!(found.iter().copied().eq(back.take(most)));
}

pub fn prune_removes_only_what_is_old<T: Subject>() {
    let mut subject = T::empty();
    let key = |n: i64| (USER.0, format!("key {n}"));
    let saved = commit(subject.store(), &Keys::default(), |rows| {
        for n in 0..10 {
            let record = boxoffice_core::idempotency::Record {
                fingerprint: [0; 32],
                outcome: boxoffice_core::outcome::Outcome::Left,
                created_at: Time(100 + n),
            };
            rows.idempotency.insert(key(n), record);
        }
    });
    saved.expect("records");
    let mut prune = |cutoff, limit| subject.store().prune(Time(cutoff), limit);
    assert_eq!(prune(100, 50), Ok(0));
    assert_eq!(prune(106, 4), Ok(4));
    assert_eq!(prune(106, 4), Ok(2));
    assert_eq!(prune(106, 4), Ok(0));
    let mut keys = Keys::default();
    keys.idempotency.extend((0..10).map(key));
    let rows = load(subject.store(), &keys);
    let kept = (0..10).filter(|n| rows.idempotency.get(&key(*n)).is_some());
    assert!(kept.eq(6..10));
}
