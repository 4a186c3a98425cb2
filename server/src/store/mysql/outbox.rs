//! The outbox: one row a batch, written in the batch's own transaction.
//!
//! *For the node itself* the row is the proof of the commit. When the answer to COMMIT is lost, the
//! node inserts an empty row under the batch's number. Either that succeeds: then the batch is not
//! committed and never will be, since whatever is left of its transaction would meet the duplicate.
//! Or the batch's own row is there: then it is committed, and its answers are true.
//!
//! *For the other nodes* it names the rows of read models that have changed. Each node numbers its batches
//! on one connection, so that they are committed in the order of their numbers, and what lies beyond
//! the last number seen is all that is new; every number that is used is committed or fenced, so that
//! a missing one has been removed unseen. What has changed is read in the same snapshot as the rows
//! that it names: a cursor and those whom it has let in are of one moment. Times are those of the
//! server that is asked.

use super::super::Fault;
use super::super::records::Source;
use super::connect::Link;
use super::load::{Plan, Reading};
use super::text::{Line, NOW, id, list, words};
use boxoffice_core::id::{ConcertId, DateId, PlaceKey, QueueId, SeatKey, SessionId, Uuid};
use boxoffice_core::rows::{Change, Keys, Rows, Table};
use boxoffice_core::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long rows are kept.
const KEEP_MS: i64 = 10 * 60 * 1000;
/// A node that has not looked for this long starts anew: rows may be gone soon.
const UNSEEN_MAX: Duration = Duration::from_secs(8 * 60);
/// A node that was silent for this long is forgotten, so that those that have ended do not add up. Of
/// one that speaks again only what is new is left by then, or is told again.
const SILENT_MAX: Duration = Duration::from_secs(30 * 60);
/// Batches of one node that are read at a time; where there are as many, the read model starts anew.
const BATCHES_MAX: usize = 1_000;
/// Changed rows that are loaded at a time; beyond it the read model starts anew.
const KEYS_MAX: u64 = 20_000;

/// Seats of new dates that are loaded at a time; beyond it the read model starts anew. More than one request
/// makes.
const NEW_SEATS_MAX: u64 = 200_000;

/// Numbers that follow one another, by their ends.
type Runs = Vec<(u64, u64)>;

/// A queue, as short as it can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Queue {
    General(ConcertId),
    Named(ConcertId, Uuid),
}

impl From<QueueId> for Queue {
    fn from(id: QueueId) -> Self {
        id.name().map_or(Self::General(id.concert), |name| Self::Named(id.concert, name))
    }
}

impl From<Queue> for QueueId {
    fn from(queue: Queue) -> Self {
        match queue {
            Queue::General(concert) => Self::general(concert),
            Queue::Named(concert, id) => Self { concert, id },
        }
    }
}

/// Keys of the rows of read models that a batch has changed, as they are kept: short names, since there is
/// one of these a batch.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Changed {
    #[serde(rename = "c", skip_serializing_if = "Vec::is_empty")]
    concerts: Vec<ConcertId>,
    #[serde(rename = "d", skip_serializing_if = "Vec::is_empty")]
    dates: Vec<DateId>,
    #[serde(rename = "q", skip_serializing_if = "Vec::is_empty")]
    queues: Vec<Queue>,
    #[serde(rename = "s", skip_serializing_if = "Vec::is_empty")]
    seats: Vec<(DateId, Runs)>,
    #[serde(rename = "p", skip_serializing_if = "Vec::is_empty")]
    places: Vec<(Queue, Runs)>,
    #[serde(rename = "a", skip_serializing_if = "Vec::is_empty")]
    admissions: Vec<(Queue, Runs)>,
    /// Dates that are new, with all their seats: these are loaded by their date. Their runs are among the
    /// seats as well, for servers of the version before, which do not know this member.
    #[serde(rename = "n", skip_serializing_if = "Vec::is_empty")]
    new_dates: Vec<DateId>,
    /// Sessions that were ended.
    #[serde(rename = "e", skip_serializing_if = "Vec::is_empty")]
    ended: Vec<SessionId>,
}

fn changed_keys<K: Ord + Clone + std::fmt::Debug, V>(table: &Table<K, V>) -> Vec<K> {
    table.changed().map(|(key, _, _)| key.clone()).collect()
}

/// Runs of numbers by their first part; pairs come in order.
fn runs<K: PartialEq>(pairs: impl Iterator<Item = (K, u64)>) -> Vec<(K, Runs)> {
    let mut all: Vec<(K, Runs)> = Vec::new();
    for (key, number) in pairs {
        match all.last_mut().filter(|(last, _)| *last == key) {
            Some((_, runs)) => {
                match runs.last_mut().filter(|(_, end)| number.checked_sub(1) == Some(*end)) {
                    Some((_, end)) => *end = number,
                    None => runs.push((number, number)),
                }
            }
            None => all.push((key, vec![(number, number)])),
        }
    }
    all
}

fn numbers<K: Copy>(all: &[(K, Runs)]) -> impl Iterator<Item = (K, u64)> {
    all.iter().flat_map(|(key, runs)| {
        runs.iter().flat_map(move |(from, to)| (*from..=*to).map(move |number| (*key, number)))
    })
}

fn length<K>(all: &[(K, Runs)]) -> u64 {
    let runs = all.iter().flat_map(|(_, runs)| runs);
    let lengths = runs.map(|(from, to)| to.saturating_sub(*from).saturating_add(1));
    lengths.fold(0, u64::saturating_add)
}

impl Changed {
    /// What a batch has changed.
    pub fn of(rows: &Rows) -> Self {
        let place = |key: PlaceKey| (key.queue.into(), key.sequence);
        Self {
            concerts: changed_keys(&rows.concerts),
            dates: changed_keys(&rows.dates),
            queues: changed_keys(&rows.queues).into_iter().map(Queue::from).collect(),
            seats: runs(changed_keys(&rows.seats).into_iter().map(|k| (k.date, k.number.into()))),
            places: runs(changed_keys(&rows.places).into_iter().map(place)),
            admissions: runs(changed_keys(&rows.admissions).into_iter().map(place)),
            new_dates: rows
                .dates
                .changed()
                .filter(|(_, _, change)| *change == Change::Insert)
                .map(|(date, _, _)| *date)
                .collect(),
            ended: rows
                .sessions
                .changed()
                .filter(|(_, session, _)| session.ended_at.is_some())
                .map(|(id, _, _)| *id)
                .collect(),
        }
    }

    /// As it is kept.
    pub fn to_json(&self) -> String {
        // Plain data with string keys; writing it as JSON cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    fn length(&self) -> u64 {
        let lengths = [length(&self.seats), length(&self.places), length(&self.admissions)];
        let ended = u64::try_from(self.ended.len()).unwrap_or(u64::MAX);
        lengths.into_iter().fold(ended, u64::saturating_add)
    }

    /// Takes the seats of these dates out; how many there were.
    fn without(&mut self, dates: &BTreeSet<DateId>) -> u64 {
        let (new, rest) =
            std::mem::take(&mut self.seats).into_iter().partition(|(date, _)| dates.contains(date));
        self.seats = rest;
        length::<DateId>(&new)
    }

    fn add_to(&self, keys: &mut Keys) {
        keys.concerts.extend(&self.concerts);
        keys.dates.extend(&self.dates);
        keys.queues.extend(self.queues.iter().copied().map(QueueId::from));
        let seat = |(date, number)| Some(SeatKey { date, number: u32::try_from(number).ok()? });
        keys.seats.extend(numbers(&self.seats).filter_map(seat));
        let place = |(queue, sequence): (Queue, u64)| PlaceKey { queue: queue.into(), sequence };
        keys.places.extend(numbers(&self.places).map(place));
        keys.admissions.extend(numbers(&self.admissions).map(place));
        keys.sessions.extend(&self.ended);
    }
}

/// What several batches have changed, as it was found.
#[derive(Default)]
pub(super) struct Found(Vec<String>);

impl Found {
    /// The keys, united, and the dates that are new, whose seats are not among the keys; `None` where they
    /// are too many or cannot be read: then everything may have changed.
    pub fn keys(&self) -> Option<(Keys, BTreeSet<DateId>)> {
        let texts = self.0.iter().filter(|text| !text.is_empty());
        let all: Result<Vec<Changed>, _> = texts.map(|text| serde_json::from_str(text)).collect();
        let mut all = all.ok()?;
        let new: BTreeSet<DateId> =
            all.iter().flat_map(|changed| &changed.new_dates).copied().collect();
        let (mut keys, mut length, mut of_new) = (Keys::default(), 0_u64, 0_u64);
        for changed in &mut all {
            of_new = of_new.saturating_add(changed.without(&new));
            length = length.saturating_add(changed.length());
            if length > KEYS_MAX || of_new > NEW_SEATS_MAX {
                return None;
            }
            changed.add_to(&mut keys);
        }
        Some((keys, new))
    }
}

/// The statement that adds a batch.
pub(super) fn insert(node: &Uuid, batch: u64, changed: &str) -> String {
    let (node, changed) = (id(node), words(changed));
    format!(
        "INSERT INTO outbox (node_id, batch_number, created_at, changed) \
         VALUES ({node}, {batch}, {NOW}, {changed})"
    )
}

/// Whether the batch is committed; if not, it never will be. An empty row may be left from an earlier
/// question whose own answer was lost.
pub(super) fn fence(link: &mut Link, node: &Uuid, batch: u64) -> Result<bool, Fault> {
    let insert = insert(node, batch, "").replacen("INSERT", "INSERT IGNORE", 1);
    let of = id(node);
    let text = format!(
        "{insert}; SELECT changed FROM outbox WHERE node_id = {of} AND batch_number = {batch}"
    );
    let mut answers = link.ask(&text).map_err(super::fault::Trouble::outside)?;
    let found = answers.pop().and_then(|mut answer| answer.rows.pop());
    let found = found.ok_or_else(|| Fault::Unavailable("a fence is gone".into()))?;
    Ok(!Line(found).text(0)?.unwrap_or_default().is_empty())
}

/// Removes what no node needs to be told any more, the oldest first.
pub(super) fn prune(limit: usize) -> String {
    format!(
        "DELETE FROM outbox WHERE created_at < {NOW} - {KEEP_MS} \
         ORDER BY created_at LIMIT {limit}"
    )
}

/// How far this node has read the others.
pub(super) struct Watch {
    /// The last batch of each node, and when it was seen.
    positions: BTreeMap<Uuid, (u64, Instant)>,
    looked: Instant,
}

impl Watch {
    /// From now on.
    pub fn start(link: &mut Link) -> Result<Self, Fault> {
        let looked = Instant::now();
        let text = "SELECT node_id, MAX(batch_number) FROM outbox GROUP BY node_id";
        let answers = link.ask_again(text)?;
        let rows = answers.into_iter().flat_map(|answer| answer.rows).map(Line);
        let position = |line: Line| Ok((line.id(0)?, (line.count(1)?, looked)));
        let positions: Result<_, Fault> = rows.map(position).collect();
        Ok(Self { positions: positions?, looked })
    }

    /// Whether rows may have been removed that were not seen.
    pub fn is_too_late(&self) -> bool {
        self.looked.elapsed() > UNSEEN_MAX
    }

    /// Notes what was seen in a look that began then.
    pub fn advance(&mut self, positions: &BTreeMap<Uuid, u64>, looked: Instant) {
        self.positions.extend(positions.iter().map(|(node, batch)| (*node, (*batch, looked))));
        self.positions.retain(|_, (_, seen)| looked.duration_since(*seen) < SILENT_MAX);
        self.looked = looked;
    }
}

/// What is new.
pub(super) enum Look {
    /// Nothing.
    Nothing,
    /// These rows, and the last batch of each node that has new ones.
    Rows(Box<Rows>, BTreeMap<Uuid, u64>),
    /// More than can be told, or something that cannot be told any more.
    TooMuch,
}

/// The statements that ask for what is new. A node that is not known yet is found between those that
/// are.
fn questions(own: &Uuid, watch: &Watch, late: &[u64]) -> Vec<String> {
    let head = "SELECT node_id, batch_number, changed FROM outbox WHERE";
    let tail = format!("ORDER BY node_id, batch_number LIMIT {BATCHES_MAX}");
    let known = watch.positions.keys().chain([own]).map(id);
    let mut all = vec![format!("{head} node_id NOT IN ({}) {tail}", list(known))];
    for (node, (seen, _)) in watch.positions.iter().filter(|(node, _)| *node != own) {
        all.push(format!("{head} node_id = {} AND batch_number > {seen} {tail}", id(node)));
    }
    if !late.is_empty() {
        let batches = list(late.iter().map(u64::to_string));
        all.push(format!("{head} node_id = {} AND batch_number IN ({batches})", id(own)));
    }
    all
}

/// What is new, with the database's clock: one packet where there is nothing, four more where there
/// is.
pub(super) fn look(
    link: &mut Link,
    own: &Uuid,
    watch: &Watch,
    late: &[u64],
) -> Result<(Look, Time), Fault> {
    let questions = questions(own, watch, late).join("; ");
    let mut answers = link.ask_again(&format!("SELECT {NOW}; {questions}"))?.into_iter();
    let clock = time(answers.next())?;
    if answers.all(|answer| answer.rows.is_empty()) {
        return Ok((Look::Nothing, clock));
    }
    let look = super::reads::snapshot_of(link, |link| {
        let answers = link.ask(&questions).map_err(super::fault::Trouble::outside)?;
        let Some((changed, positions)) = told(answers, own, watch)? else {
            return Ok(Look::TooMuch);
        };
        let Some((keys, new)) = changed.keys() else { return Ok(Look::TooMuch) };
        let mut rows = rows(link, &keys)?;
        for date in new {
            for (seat, row) in super::reads::seats_of(link, date)? {
                rows.seats.insert(seat, row);
            }
        }
        Ok(Look::Rows(Box::new(rows), positions))
    });
    Ok((look?, clock))
}

/// What has changed, and the last batch of each node that has changed it.
type Told = (Found, BTreeMap<Uuid, u64>);

/// What the answers tell; `None` where they do not tell everything.
fn told(
    answers: Vec<super::connect::Answer>,
    own: &Uuid,
    watch: &Watch,
) -> Result<Option<Told>, Fault> {
    let (mut positions, mut changed) = (BTreeMap::new(), Found::default());
    for answer in answers {
        if answer.rows.len() >= BATCHES_MAX {
            return Ok(None);
        }
        for line in answer.rows.into_iter().map(Line) {
            let (node, batch) = (line.id(0)?, line.count(1)?);
            let seen = watch.positions.get(&node).map(|(seen, _)| *seen);
            let before = positions.insert(node, batch).or(seen);
            if node != *own && before.is_some_and(|before| before + 1 != batch) {
                return Ok(None);
            }
            changed.0.extend(line.text(2)?);
        }
    }
    Ok(Some((changed, positions)))
}

fn time(answer: Option<super::connect::Answer>) -> Result<Time, Fault> {
    let row = answer.and_then(|mut answer| answer.rows.pop());
    let now = row.map(|row| Line(row).int(0)).transpose()?.flatten();
    now.map(Time).ok_or_else(|| Fault::Unavailable("the database tells no time".into()))
}

/// The database's clock.
pub(super) fn clock(link: &mut Link) -> Result<Time, Fault> {
    time(link.ask_again(&format!("SELECT {NOW}"))?.pop())
}

/// These rows as the snapshot shows them, each as changed.
fn rows(link: &mut Link, keys: &Keys) -> Result<Rows, Fault> {
    let plan = Plan::of(keys, Reading::Plain);
    let mut found = Rows::default();
    if !plan.statements.is_empty() {
        let answers = link.ask(&plan.statements.join("; "));
        let answers = answers.map_err(super::fault::Trouble::outside)?.into_iter();
        plan.read(answers.map(|answer| answer.rows).collect(), &mut found)?;
    }
    let mut rows = Rows::default();
    copy(&keys.concerts, &found.concerts, &mut rows.concerts);
    copy(&keys.dates, &found.dates, &mut rows.dates);
    copy(&keys.queues, &found.queues, &mut rows.queues);
    copy(&keys.seats, &found.seats, &mut rows.seats);
    copy(&keys.places, &found.places, &mut rows.places);
    copy(&keys.admissions, &found.admissions, &mut rows.admissions);
    copy(&keys.sessions, &found.sessions, &mut rows.sessions);
    Ok(rows)
}

fn copy<'k, K: Ord + Clone + std::fmt::Debug + 'k, V: Clone>(
    keys: impl IntoIterator<Item = &'k K>,
    from: &Table<K, V>,
    into: &mut Table<K, V>,
) {
    for key in keys {
        if let Some(row) = from.peek(key) {
            into.insert(key.clone(), row.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_kept_short_and_come_back() {
        let (date, show) = (DateId(Uuid::from_u128(1)), ConcertId(Uuid::from_u128(2)));
        let pairs = [1, 2, 3, 7].map(|number| (date, number));
        let changed = Changed {
            queues: vec![Queue::General(show)],
            seats: runs(pairs.into_iter()),
            places: runs([(Queue::General(show), 9)].into_iter()),
            ..Changed::default()
        };
        assert_eq!(changed.seats, [(date, vec![(1, 3), (7, 7)])]);
        let text = changed.to_json();
        assert!(text.len() < 180, "{text}");
        let (keys, new) = Found(vec![text, String::new()]).keys().unwrap();
        assert!(new.is_empty());
        assert_eq!(keys.seats.len(), 4);
        assert_eq!((keys.queues.len(), keys.places.len(), keys.concerts.len()), (1, 1, 0));
        assert_eq!(Changed::default().to_json(), "{}", "never empty, as a fence is");
    }

    /// The general queue is said as it was before there were others.
    #[test]
    fn queues_come_back() {
        let (show, own) = (ConcertId(Uuid::from_u128(2)), Uuid::from_u128(3));
        let (general, named) = (QueueId::general(show), QueueId { concert: show, id: own });
        let changed = Changed {
            queues: vec![general.into(), named.into()],
            places: runs([(named.into(), 1), (named.into(), 2)].into_iter()),
            ..Changed::default()
        };
        let text = changed.to_json();
        assert!(text.starts_with(&format!(r#"{{"q":["{show}",["{show}","{own}"]]"#)), "{text}");
        let (keys, _) = Found(vec![text]).keys().unwrap();
        assert_eq!(keys.queues, [general, named].into());
        let place = |sequence| PlaceKey { queue: named, sequence };
        assert_eq!(keys.places, [place(1), place(2)].into());
    }

    /// B6: a new date is one item, however many seats it has, until there are more than anybody makes at
    /// once; what others do to its seats comes with it.
    #[test]
    fn a_new_date_is_told_by_itself() {
        let (id, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let made =
            |seats: u64| format!(r#"{{"d":["{id}"],"s":[["{id}",[[1,{seats}]]]],"n":["{id}"]}}"#);
        let held = format!(r#"{{"s":[["{id}",[[7,7]]],["{other}",[[3,3]]]]}}"#);
        let (keys, new) = Found(vec![made(KEYS_MAX + 1), held]).keys().unwrap();
        assert_eq!(new, [DateId(id)].into());
        let seats: Vec<_> = keys.seats.iter().copied().collect();
        assert_eq!(seats, [SeatKey { date: DateId(other), number: 3 }]);
        assert!(Found(vec![made(NEW_SEATS_MAX + 1)]).keys().is_none());
    }

    #[test]
    fn what_is_too_much_or_unread_makes_the_read_model_start_anew() {
        let one = |text: &str| Found(vec![text.into()]).keys();
        let id = Uuid::nil();
        assert!(one(&format!(r#"{{"s":[["{id}",[[1,{KEYS_MAX}]]]]}}"#)).is_some());
        assert!(one(&format!(r#"{{"s":[["{id}",[[0,{KEYS_MAX}]]]]}}"#)).is_none());
        assert!(one(&format!(r#"{{"s":[["{id}",[[0,{}]]]]}}"#, u64::MAX)).is_none());
        assert!(one("nonsense").is_none());
    }
}
