//! What a read model starts from: each database tells those that are over from those that are not as the rules
//! do.

use crate::contract::commit;
use crate::sample;
use crate::subject::{MariaDb, MySql, OnServer, OnSqlite, Subject};
use boxoffice_core::concert::{ByHand, Concert, ConcertDate};
use boxoffice_core::id::{ConcertId, DateId, PlaceKey, QueueId, SeatKey, Uuid};
use boxoffice_core::limits::OVER_AFTER_MS;
use boxoffice_core::queue::{PlaceStatus, QueueState};
use boxoffice_core::rows::{Keys, Rows};
use boxoffice_core::time::Time;
use boxoffice_server::store::reads::Of;
use std::collections::BTreeSet;

const NOW: Time = Time(10 * OVER_AFTER_MS);

/// Moments around the one by which all must have ended, and none.
fn moments() -> Vec<Option<Time>> {
    let by = NOW.plus_ms(-OVER_AFTER_MS);
    vec![None, Some(by.plus_ms(-1)), Some(by), Some(by.plus_ms(1)), Some(NOW)]
}

fn add(rows: &mut Rows, number: u128, end_at: Option<Time>, dates: &[Time], active: u64) {
    let id = ConcertId(Uuid::from_u128(number));
    let key = PlaceKey { queue: QueueId::general(id), sequence: 1 };
    rows.concerts.insert(
        id,
        Concert { start_at: Time(5), end_at, by_hand: ByHand::default(), ..sample::concert() },
    );
    rows.queues.insert(QueueId::general(id), QueueState { active, ..sample::queue() });
    for (nth, at) in (1..).zip(dates) {
        let date = DateId(Uuid::from_u128(number * 1_000 + nth));
        let row = ConcertDate { concert: id, concert_date: *at, ..sample::date() };
        rows.dates.insert(date, row);
        rows.seats.insert(SeatKey { date, number: 1 }, sample::seat());
    }
    rows.places.insert(key, sample::place(sample::USER, PlaceStatus::Left));
    rows.admissions.insert(key, sample::admission());
}

fn check<T: Subject>() {
    if !T::is_there() {
        return;
    }
    let mut subject = T::empty();
    let (mut number, mut live, mut dates_live) = (0, BTreeSet::new(), 0);
    commit(subject.store(), &Keys::default(), |rows| {
        for end in moments() {
            for (first, last) in
                moments().into_iter().flat_map(|last| [(None, last), (Some(Time(9)), last)])
            {
                for active in [0, 1] {
                    number += 1;
                    let dates: Vec<Time> = first.into_iter().chain(last).collect();
                    add(rows, number, end, &dates, active);
                    let row = rows.concerts.peek(&ConcertId(Uuid::from_u128(number)));
                    let over = row.is_some_and(|row| row.is_over(dates.last().copied(), NOW));
                    if !over || active > 0 {
                        live.insert(ConcertId(Uuid::from_u128(number)));
                        dates_live += dates.len();
                    }
                }
            }
        }
    })
    .expect("they are new");
    let read = subject.reads().snapshot(Of::Live(NOW)).expect("rows");
    let found: BTreeSet<_> = read.concerts.iter().map(|(id, _)| *id).collect();
    assert_eq!(found, live);
    assert!((10..number as usize - 10).contains(&live.len()), "{} of {number}", live.len());
    assert_eq!((read.dates.len(), read.seats.len()), (dates_live, dates_live));
    assert_eq!((read.queues.len(), read.admissions.len()), (live.len(), live.len()));
    assert_eq!((read.left.len(), read.known.len()), (live.len(), number as usize));

    let id = ConcertId(Uuid::from_u128(number));
    let one = subject.reads().snapshot(Of::Concert(id)).expect("rows");
    assert_eq!((one.concerts.len(), one.dates.len(), one.seats.len()), (1, 2, 2));
    assert_eq!((one.queues.len(), one.left.len(), one.known.len()), (1, 1, 0));
    let (concert, queues, dates) = subject.reads().concert(id).expect("rows").expect("it is there");
    assert_eq!((&one.concerts[0].1, &one.queues, &one.dates), (&concert, &queues, &dates));
    let wanted = dates.iter().map(|(date, _)| *date).chain([DateId(Uuid::nil())]).collect();
    let found = subject.reads().performances(&wanted).expect("rows");
    assert_eq!(found.len(), 2);
    assert!(found.values().all(|(date, show)| date.concert == id && *show == concert));
}

#[test]
fn an_embedded_database_knows_what_is_over() {
    check::<OnSqlite>();
}

#[test]
fn mariadb_knows_what_is_over() {
    check::<OnServer<MariaDb>>();
}

#[test]
fn mysql_knows_what_is_over() {
    check::<OnServer<MySql>>();
}
