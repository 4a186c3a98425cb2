//! Which node's numbers this process takes for its events.
//!
//! A process takes over the numbers of one that has written nothing for a while, so that there are about as many
//! as there are servers, however often each was started: a reader's cursor names all of them. No lease is needed.
//! Two that write under the same node's next number meet in its primary key, and the one that comes second takes
//! a number of its own.

use super::super::Fault;
use super::super::events::{Kept, Told, old};
use super::super::records::Source;
use super::connect::Link;
use super::fault::Trouble;
use super::text::{Line, NOW};
use boxoffice_core::id::EventKey;
use boxoffice_core::time::Time;
use mysql::Row;

/// A node that has written nothing for this long is taken over by a process that starts.
const SILENT_MS: i64 = 10 * 60 * 1000;
/// Numbers of nodes that are tried at random, where two processes took the same.
const NODES_MAX: u32 = 999_999;

const NEWEST: &str = "SELECT e.node_number, e.event_number, e.created_at FROM event e JOIN \
     (SELECT node_number, MAX(event_number) AS event_number FROM event GROUP BY node_number) n \
     USING (node_number, event_number) ORDER BY e.node_number";
const KEPT: &str = "SELECT node_number, MIN(event_number), MAX(event_number) FROM event \
     GROUP BY node_number";

/// The newest event of a node.
struct Newest {
    key: EventKey,
    silent: bool,
}

fn newest(link: &mut Link) -> Result<Vec<Newest>, Fault> {
    let mut answers = link.ask(&format!("SELECT {NOW}; {NEWEST}")).map_err(Trouble::within)?;
    let found = answers.pop().map(|answer| answer.rows).unwrap_or_default();
    let now = answers.pop().and_then(|mut answer| answer.rows.pop());
    let now = now.map(|row| Line(row).int(0)).transpose()?.flatten().unwrap_or_default();
    let read = |row| {
        let line = Line(row);
        let key = EventKey { node: line.count(0)?, number: line.count(1)? };
        let silent = now.saturating_sub(line.int(2)?.unwrap_or_default()) > SILENT_MS;
        Ok(Newest { key, silent })
    };
    found.into_iter().map(read).collect()
}

/// Where the events of a process that starts go on.
pub(super) fn begin(link: &mut Link) -> Result<EventKey, Fault> {
    let all = newest(link)?;
    if let Some(silent) = all.iter().find(|newest| newest.silent) {
        return Ok(EventKey { number: silent.key.number + 1, ..silent.key });
    }
    let node = all.last().map_or(1, |last| last.key.node + 1);
    Ok(EventKey { node, number: 1 })
}

/// Where they go on after a write under `before` has failed: there, unless somebody else has written there.
pub(super) fn go_on(link: &mut Link, before: EventKey) -> Result<EventKey, Fault> {
    let all = newest(link)?;
    let last = |node| all.iter().find(|newest| newest.key.node == node);
    if last(before.node).map_or(0, |newest| newest.key.number) + 1 == before.number {
        return Ok(before);
    }
    let mut random = [0; 4];
    getrandom::fill(&mut random).map_err(|why| Fault::Unavailable(why.to_string()))?;
    let drawn = u64::from(u32::from_le_bytes(random) % NODES_MAX) + 1;
    let free = (drawn..).find(|node| last(*node).is_none()).unwrap_or(drawn);
    Ok(EventKey { node: free, number: 1 })
}

/// What is kept of each node.
pub(super) fn kept(link: &mut Link) -> Result<Kept, Fault> {
    let rows = link.ask_again(KEPT)?.into_iter().flat_map(|answer| answer.rows).map(Line);
    rows.map(|line| Ok((line.count(0)?, (line.count(1)?, line.count(2)?)))).collect()
}

/// A node's events after a number.
pub(super) fn after(node: u64, number: u64, limit: usize) -> String {
    format!(
        "SELECT node_number, event_number, created_at, kind, concert_id, concert_date_id, user_id, data \
         FROM event WHERE node_number = {node} AND event_number > {number} \
         ORDER BY event_number LIMIT {limit}"
    )
}

pub(super) fn told(row: Row) -> Result<Told, Fault> {
    let line = Line(row);
    Ok(Told {
        key: EventKey { node: line.count(0)?, number: line.count(1)? },
        created_at: Time(line.int(2)?.unwrap_or_default()),
        kind: line.text(3)?.unwrap_or_default(),
        concert: line.uuid(4)?,
        date: line.uuid(5)?,
        user: line.uuid(6)?,
        data: line.text(7)?.unwrap_or_default(),
    })
}

/// The statements that remove a node's old events, of every node that has some.
pub(super) fn prune(link: &mut Link, cutoff: Time, limit: usize) -> Result<Vec<String>, Fault> {
    let mut all = Vec::new();
    for node in kept(link)?.into_keys() {
        let first = format!(
            "SELECT event_number, created_at FROM event WHERE node_number = {node} \
             ORDER BY event_number LIMIT {}",
            limit.saturating_add(1)
        );
        let rows = link.ask_again(&first)?.into_iter().flat_map(|answer| answer.rows).map(Line);
        let first = rows.map(|l| Ok((l.count(0)?, Time(l.int(1)?.unwrap_or_default()))));
        let first = first.collect::<Result<Vec<_>, Fault>>()?;
        all.extend(old(&first, cutoff, limit).map(|last| {
            format!("DELETE FROM event WHERE node_number = {node} AND event_number <= {last}")
        }));
    }
    Ok(all)
}
