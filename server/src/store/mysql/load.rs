//! The statements of one round of loading, and the reading of their answers.
//!
//! Locks are taken in one order everywhere: table by table as [`tables`] lists them, within a table by
//! key. Each statement names its index, so that the planner cannot choose to read, and lock, more than the
//! keys: one statement for each first part of a two-part key, since lists of pairs are not looked up
//! by key everywhere.

use super::super::Fault;
use super::super::records::key::{RowKey, Shape};
use super::super::records::{Record, Source};
use super::super::table::{Lock, Table as TableDef};
use super::reads::place;
use super::text::{KEYS_MAX, Line, all_columns, cell, id, list, records, words};
use boxoffice_core::id::{DateId, QueueId, ReservationId, SessionId, UserId};
use boxoffice_core::limits::PLACES_PER_TICK_MAX;
use boxoffice_core::reservation::Reservation;
use boxoffice_core::rows::{Keys, Rows, Set, Table};
use boxoffice_core::session::Session;
use boxoffice_core::tables;
use mysql::Row;
use std::collections::BTreeMap;

/// Questions that one statement unites.
const QUESTIONS_MAX: usize = 100;

/// How rows are read that a batch decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Locked until the transaction ends.
    Locked,
    /// As a snapshot shows them: for the test that shows why this is not enough, and for showing
    /// what is not decided on.
    Plain,
}

impl Reading {
    fn exclusive(self) -> &'static str {
        self.lock(Lock::Exclusive)
    }

    fn lock(self, lock: Lock) -> &'static str {
        match (self, lock) {
            (Self::Locked, Lock::Exclusive) => " FOR UPDATE",
            (Self::Locked, Lock::Shared) => " LOCK IN SHARE MODE",
            (Self::Plain, _) | (_, Lock::Guarded) => "",
        }
    }
}

/// Reads the answer of a statement into rows.
type Reader<'k> = Box<dyn FnOnce(Vec<Row>, &mut Rows) -> Result<(), Fault> + 'k>;

/// Statements, each with the reader of its answer.
pub(super) struct Plan<'k> {
    reading: Reading,
    pub statements: Vec<String>,
    readers: Vec<Reader<'k>>,
}

impl<'k> Plan<'k> {
    /// The statements that load these rows.
    pub fn of(keys: &'k Keys, reading: Reading) -> Self {
        let mut plan = Self { reading, statements: Vec::new(), readers: Vec::new() };
        macro_rules! load {
            (row $field:ident: $key:ty => $row:ty) => {
                plan.rows::<$row>(&keys.$field, |rows| &mut rows.$field);
            };
            (list $field:ident: $key:ty => $row:ty) => {
                plan.lists::<$row>(&keys.$field, |rows| &mut rows.$field);
            };
            (index $field:ident: $key:ty => $row:ty) => {
                plan.$field(keys);
            };
            (added $($line:tt)*) => {};
        }
        tables!(each load);
        plan
    }

    /// Puts what the statements answered into the rows.
    pub fn read(self, answers: Vec<Vec<Row>>, rows: &mut Rows) -> Result<(), Fault> {
        if answers.len() != self.readers.len() {
            return Err(Fault::Corrupt("an answer is missing".into()));
        }
        for (reader, answer) in self.readers.into_iter().zip(answers) {
            reader(answer, rows)?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        statement: &str,
        reader: impl FnOnce(Vec<Row>, &mut Rows) -> Result<(), Fault> + 'k,
    ) {
        self.statements.push(statement.to_owned());
        self.readers.push(Box::new(reader));
    }

    /// Rows by their keys: a statement for many, and of numbered ones a statement for each id.
    fn rows<R: Record + 'k>(
        &mut self,
        keys: &'k Set<R::Key>,
        into: impl Fn(&mut Rows) -> &mut Table<R::Key, R> + Copy + 'k,
    ) {
        let parts = match R::Key::SHAPE {
            Shape::Id | Shape::Worded => chunks(keys),
            Shape::Numbered => groups(keys),
        };
        for part in parts {
            let lock = self.reading.lock(R::TABLE.lock);
            let text = format!("{} {}{lock}", select(R::TABLE, "PRIMARY"), by_key::<R>(&part));
            self.add(&text, move |answer, rows| put(answer, part, into(rows)));
        }
    }

    /// All rows of each key.
    fn lists<R: Record + 'k>(
        &mut self,
        keys: &'k Set<R::Key>,
        into: impl Fn(&mut Rows) -> &mut Table<R::Key, Vec<R>> + Copy + 'k,
    ) {
        for part in chunks(keys) {
            let text = format!(
                "{} {} IN ({}) ORDER BY {}{}",
                select(R::TABLE, "PRIMARY"),
                R::TABLE.key[0],
                list(part.iter().map(|key| column(*key, 0))),
                R::TABLE.key.join(", "),
                self.reading.lock(R::TABLE.lock),
            );
            self.add(&text, move |answer, rows| {
                let mut found: BTreeMap<R::Key, Vec<R>> = BTreeMap::new();
                for (key, row) in records::<R>(answer)? {
                    found.entry(key).or_default().push(row);
                }
                for key in part {
                    into(rows).put_loaded(key.clone(), Some(found.remove(key).unwrap_or_default()));
                }
                Ok(())
            });
        }
    }

    /// Those that were not ended, of users whose rows are locked.
    fn user_sessions(&mut self, keys: &'k Keys) {
        for chunk in chunks(&keys.user_sessions) {
            let text = format!(
                "{} user_id IN ({}) AND ended_at IS NULL ORDER BY session_id{}",
                select(Session::TABLE, "session_by_user"),
                list(chunk.iter().map(|user| id(&user.0))),
                self.reading.exclusive(),
            );
            self.add(&text, move |answer, rows| {
                let mut found: BTreeMap<UserId, Set<SessionId>> = BTreeMap::new();
                for (key, session) in records::<Session>(answer)? {
                    found.entry(session.user).or_default().insert(key);
                    rows.sessions.put_loaded(key, Some(session));
                }
                for user in chunk {
                    let open = found.remove(user).unwrap_or_default();
                    rows.user_sessions.put_loaded(*user, Some(open));
                }
                Ok(())
            });
        }
    }

    /// Ids alone, guarded by the row of the general queue; the queues' own rows are locked by their keys.
    fn queues_of(&mut self, keys: &'k Keys) {
        for &concert in &keys.queues_of {
            let text = format!(
                "SELECT queue_id FROM queue_state FORCE INDEX (queue_state_by_concert) \
                 WHERE concert_id = {} ORDER BY queue_id",
                id(&concert.0),
            );
            self.add(&text, move |answer, rows| {
                let queue = |row| Ok(QueueId { concert, id: Line(row).id(0)? });
                let found: Result<_, Fault> = answer.into_iter().map(queue).collect();
                rows.queues_of.put_loaded(concert, Some(found?));
                Ok(())
            });
        }
    }

    /// Ids alone, guarded by the concert's row; the dates' own rows are locked by their keys.
    fn dates_of(&mut self, keys: &'k Keys) {
        for &concert in &keys.dates_of {
            let text = format!(
                "SELECT concert_date_id FROM concert_date FORCE INDEX (concert_date_by_concert) \
                 WHERE concert_id = {} AND withdrawn_at IS NULL ORDER BY concert_date_id",
                id(&concert.0),
            );
            self.add(&text, move |answer, rows| {
                let found = answer.into_iter().map(|row| Ok(DateId(Line(row).id(0)?)));
                let found: Result<_, Fault> = found.collect();
                rows.dates_of.put_loaded(concert, Some(found?));
                Ok(())
            });
        }
    }

    fn usernames(&mut self, keys: &'k Keys) {
        for chunk in chunks(&keys.usernames) {
            let looks = list(chunk.iter().map(|look| words(look)));
            let text =
                format!("SELECT username_look, user_id FROM user WHERE username_look IN ({looks})");
            self.add(&text, move |answer, rows| {
                for line in answer.into_iter().map(Line) {
                    let look = line.text(0)?.unwrap_or_default();
                    rows.usernames.put_loaded(look, Some(UserId(line.id(1)?)));
                }
                chunk.into_iter().for_each(|look| rows.usernames.put_loaded(look.clone(), None));
                Ok(())
            });
        }
    }

    /// A question for each user: only then the last entry of the index is the answer, however many places
    /// the user has left. (Of a list of users, grouped, MariaDB reads all their places.)
    fn newest_places(&mut self, keys: &'k Keys) {
        for (concert, users) in by_second(&keys.newest_places, QUESTIONS_MAX) {
            let question = |user: &UserId| {
                format!(
                    "(SELECT concert_id, queue_id, sequence, user_id FROM waiting_queue \
                     FORCE INDEX (waiting_queue_by_user) \
                     WHERE user_id = {user} AND concert_id = {concert} \
                     ORDER BY visit DESC LIMIT 1)",
                    user = id(&user.0),
                    concert = id(&concert.0),
                )
            };
            let text = users.iter().map(question).collect::<Vec<_>>().join(" UNION ALL ");
            self.add(&text, move |answer, rows| {
                for line in answer.into_iter().map(Line) {
                    let whose = (UserId(line.id(3)?), concert);
                    rows.newest_places.put_loaded(whose, Some(place(&line)?));
                }
                let all = users.into_iter().map(|user| (user, concert));
                all.for_each(|whose| rows.newest_places.put_loaded(whose, None));
                Ok(())
            });
        }
    }

    fn returning(&mut self, keys: &'k Keys) {
        for &queue in &keys.returning {
            let text = format!(
                "SELECT sequence FROM waiting_queue FORCE INDEX (waiting_queue_by_status) \
                 WHERE queue_id = {} AND status = 'returning' \
                 ORDER BY sequence LIMIT {PLACES_PER_TICK_MAX}",
                id(&queue.id),
            );
            self.add(&text, move |answer, rows| {
                let found: Result<_, Fault> =
                    answer.into_iter().map(|r| Line(r).count(0)).collect();
                rows.returning.put_loaded(queue, Some(found?));
                Ok(())
            });
        }
    }

    fn holdings(&mut self, keys: &'k Keys) {
        for (date, users) in by_second(&keys.holdings, KEYS_MAX) {
            let text = format!(
                "{} concert_date_id = {} AND user_id IN ({}) AND amount_id IS NOT NULL \
                 ORDER BY user_id{}",
                select(Reservation::TABLE, "reservation_by_holder"),
                id(&date.0),
                list(users.iter().map(|user| id(&user.0))),
                self.reading.exclusive(),
            );
            self.add(&text, move |answer, rows| read_holdings(answer, date, &users, rows));
        }
    }
}

/// The head of a statement that reads whole rows by this index.
fn select(table: &TableDef, index: &str) -> String {
    format!("{} FORCE INDEX ({index}) WHERE", all_columns(table))
}

/// Keys in parts that a statement may list.
fn chunks<K>(keys: &Set<K>) -> Vec<Vec<&K>> {
    keys.iter().collect::<Vec<_>>().chunks(KEYS_MAX).map(<[_]>::to_vec).collect()
}

/// Keys with the same first column together, in parts that a statement may list.
fn groups<K: RowKey>(keys: &Set<K>) -> Vec<Vec<&K>> {
    let keys: Vec<&K> = keys.iter().collect();
    let same = keys.chunk_by(|a, b| a.cells().as_ref()[0] == b.cells().as_ref()[0]);
    same.flat_map(|group| group.chunks(KEYS_MAX)).map(<[_]>::to_vec).collect()
}

/// A column of a key as SQL.
fn column(key: &impl RowKey, at: usize) -> String {
    let mut text = String::with_capacity(36);
    cell(&key.cells().as_ref()[at], &mut text);
    text
}

/// The condition that these keys fulfil, and their order. Numbered ones have the same id.
fn by_key<R: Record>(keys: &[&R::Key]) -> String {
    let names = R::TABLE.key;
    match R::Key::SHAPE {
        Shape::Id => {
            let ids = list(keys.iter().map(|key| column(*key, 0)));
            format!("{name} IN ({ids}) ORDER BY {name}", name = names[0])
        }
        Shape::Numbered => {
            let of = keys.first().map(|key| column(*key, 0)).unwrap_or_default();
            let numbers = list(keys.iter().map(|key| column(*key, 1)));
            let (first, second) = (names[0], names[1]);
            format!("{first} = {of} AND {second} IN ({numbers}) ORDER BY {second}")
        }
        Shape::Worded => {
            let (first, second) = (names[0], names[1]);
            let is = |key: &&R::Key| {
                format!("({first} = {} AND {second} = {})", column(*key, 0), column(*key, 1))
            };
            let any = keys.iter().map(is).collect::<Vec<_>>().join(" OR ");
            format!("{any} ORDER BY {first}, {second}")
        }
    }
}

/// Users by what they are looked for in, so many at a time.
fn by_second<K: Ord + Copy>(keys: &Set<(UserId, K)>, most: usize) -> Vec<(K, Vec<UserId>)> {
    let mut found: BTreeMap<K, Vec<UserId>> = BTreeMap::new();
    for (user, of) in keys {
        found.entry(*of).or_default().push(*user);
    }
    let parts = |(of, users): (K, Vec<UserId>)| {
        users.chunks(most).map(|part| (of, part.to_vec())).collect::<Vec<_>>()
    };
    found.into_iter().flat_map(parts).collect()
}

/// Rows that are there as present, the others that were asked for as absent.
fn put<R: Record>(
    answer: Vec<Row>,
    asked: Vec<&R::Key>,
    into: &mut Table<R::Key, R>,
) -> Result<(), Fault> {
    for (key, row) in records::<R>(answer)? {
        into.put_loaded(key, Some(row));
    }
    asked.into_iter().for_each(|key| into.put_loaded(key.clone(), None));
    Ok(())
}

fn read_holdings(
    answer: Vec<Row>,
    date: DateId,
    users: &[UserId],
    rows: &mut Rows,
) -> Result<(), Fault> {
    let mut found: BTreeMap<UserId, Set<ReservationId>> = BTreeMap::new();
    for (key, reservation) in records::<Reservation>(answer)? {
        found.entry(reservation.user).or_default().insert(key);
        rows.reservations.put_loaded(key, Some(reservation));
    }
    for user in users {
        let claims = found.remove(user).unwrap_or_default();
        rows.holdings.put_loaded((*user, date), Some(claims));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use boxoffice_core::command::Command;
    use boxoffice_core::id::{ConcertId, PlaceKey, SeatKey, Uuid};
    use boxoffice_core::queue::Join;

    /// A concert with one queue asks for no more than when there were no others: a statement for the queue, the
    /// concert and the newest place, and none for the list of queues.
    #[test]
    fn a_join_takes_few_statements() {
        let queue = QueueId::general(ConcertId(Uuid::from_u128(1)));
        let join = Command::Join(Join::of(UserId(Uuid::from_u128(4)), queue));
        let count = |rows: &Rows| {
            let mut keys = Keys::default();
            join.keys(rows, &mut keys);
            Plan::of(&keys, Reading::Locked).statements.len()
        };
        let mut rows = Rows::default();
        assert_eq!(count(&rows), 3);
        rows.queues.put_loaded(queue, None);
        rows.concerts.put_loaded(queue.concert, None);
        let newest = PlaceKey { queue, sequence: 1 };
        let whose = (UserId(Uuid::from_u128(4)), queue.concert);
        rows.newest_places.put_loaded(whose, Some(newest));
        assert_eq!(count(&rows), 3, "who comes back, the place, the admission");
    }

    /// Who changes queues is looked up by user and queue, which is one statement more, however often they changed.
    #[test]
    fn a_change_of_queues_takes_one_statement_more() {
        let (user, general) =
            (UserId(Uuid::from_u128(4)), QueueId::general(ConcertId(Uuid::from_u128(1))));
        let other = QueueId { id: Uuid::from_u128(9), ..general };
        let mut rows = Rows::default();
        rows.queues.put_loaded(general, None);
        rows.queues.put_loaded(other, None);
        rows.concerts.put_loaded(general.concert, None);
        let newest = PlaceKey { queue: general, sequence: 1 };
        rows.newest_places.put_loaded((user, general.concert), Some(newest));
        let mut keys = Keys::default();
        Command::Join(Join::of(user, other)).keys(&rows, &mut keys);
        assert_eq!(Plan::of(&keys, Reading::Locked).statements.len(), 3 + 1);
    }

    #[test]
    fn locks_are_taken_in_one_order() {
        let mut keys = Keys::default();
        let concert = ConcertId(Uuid::from_u128(1));
        keys.seats.insert(SeatKey { date: DateId(Uuid::from_u128(2)), number: 3 });
        keys.queues.insert(QueueId::general(concert));
        keys.newest_places.insert((UserId(Uuid::from_u128(4)), concert));
        keys.concerts.insert(concert);
        let plan = Plan::of(&keys, Reading::Locked);
        let tables: Vec<&str> = plan
            .statements
            .iter()
            .map(|text| text.split("FROM ").nth(1).and_then(|t| t.split(' ').next()).unwrap())
            .collect();
        assert_eq!(tables, ["`queue_state`", "`concert`", "waiting_queue", "`seat`"]);
        let text = plan.statements.join(";");
        assert_eq!(text.matches("FOR UPDATE").count(), 2);
        assert_eq!(text.matches("LOCK IN SHARE MODE").count(), 1);
    }
}
