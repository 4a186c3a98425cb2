//! The conventional way on a shared database: a transaction for each request, on a pool of
//! connections. Bare: without HTTP, tokens, limits or an idempotency key, which would only slow it.

use super::Failure;
use super::client::Measured;
use boxoffice_core::id::{DateId, Uuid};
use mysql::prelude::Queryable;
use mysql::{Conn, Opts, TxOpts, params};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A seat that somebody wants.
#[derive(Clone, Copy)]
pub struct Wish {
    /// Who.
    pub user: Uuid,
    /// Of which date.
    pub date: DateId,
    /// Which seat.
    pub seat: u32,
}

const SELECT: &str = "SELECT status, ticket_price, concert_id FROM seat \
     WHERE concert_date_id = :date AND seat_number = :seat FOR UPDATE";
const UPDATE: &str = "UPDATE seat SET status = 'held', reservation_id = :id, held_until = :until \
     WHERE concert_date_id = :date AND seat_number = :seat";
const INSERT: &str = "INSERT INTO reservation (reservation_id, user_id, concert_id, \
     concert_date_id, sequence, seat_count, total_price, reservation_date, expires_at, status) \
     VALUES (:id, :user, :concert, :date, 0, 1, :price, :now, :until, 'held')";

/// Holds a seat for five minutes. Returns whether it was free.
fn hold(connection: &mut Conn, wish: &Wish, now: i64) -> Result<bool, mysql::Error> {
    let (date, seat, until) = (wish.date.0.as_bytes(), wish.seat, now + 300_000);
    let mut work = connection.start_transaction(TxOpts::default())?;
    let found = work.exec_first(SELECT, params! { date, seat })?;
    let Some((status, price, concert)) = found else { return Ok(false) };
    let (status, price, concert): (String, i64, Vec<u8>) = (status, price, concert);
    if status != "available" {
        return Ok(false);
    }
    let (id, user) = (Uuid::now_v7(), wish.user.as_bytes());
    let id = id.as_bytes();
    work.exec_drop(UPDATE, params! { id, until, date, seat })?;
    work.exec_drop(INSERT, params! { id, user, concert, date, price, now, until })?;
    work.commit()?;
    Ok(true)
}

fn connect(url: &str) -> Result<Conn, Failure> {
    let mut connection = Conn::new(Opts::from_url(url)?)?;
    connection.query_drop("SET SESSION time_zone = '+00:00'")?;
    connection.query_drop("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")?;
    Ok(connection)
}

fn work(
    mut connection: Conn,
    wishes: &[Wish],
    next: &AtomicUsize,
    (now, until): (i64, Instant),
) -> Result<(Vec<Duration>, usize), Failure> {
    let (mut latencies, mut held) = (Vec::new(), 0);
    while let Some(wish) = wishes.get(next.fetch_add(1, Ordering::Relaxed)) {
        let asked = Instant::now();
        if asked >= until {
            break;
        }
        held += usize::from(hold(&mut connection, wish, now)?);
        latencies.push(asked.elapsed());
    }
    Ok((latencies, held))
}

/// Fulfils wishes on a pool of connections, for so long. Returns how many seats were free, too.
pub fn run(
    url: &str,
    pool: usize,
    wishes: &[Wish],
    now: i64,
    time: Duration,
) -> Result<(Measured, usize), Failure> {
    let next = AtomicUsize::new(0);
    let connections: Vec<Conn> = (0..pool).map(|_| connect(url)).collect::<Result<_, _>>()?;
    let began = Instant::now();
    let until = (now, began + time);
    let done: Vec<_> = std::thread::scope(|scope| {
        let next = &next;
        let worker = |connection| scope.spawn(move || work(connection, wishes, next, until));
        let workers: Vec<_> = connections.into_iter().map(worker).collect();
        workers.into_iter().map(|worker| worker.join()).collect()
    });
    let took = began.elapsed();
    let (mut latencies, mut held) = (Vec::new(), 0);
    for done in done {
        let (of_one, seats) = done.map_err(|_| "a connection's thread panicked")??;
        latencies.extend(of_one);
        held += seats;
    }
    Ok((Measured::of(latencies, took), held))
}
