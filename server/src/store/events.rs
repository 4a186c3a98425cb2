//! Numbering events, and reading them on from where a reader has come.
//!
//! Nothing numbers all events: that would be one row that all nodes wait for. Each node numbers its own, and
//! a number is written once the one before it is committed. So whoever has read up to a number of each node
//! has missed none, whatever is committed later. The outbox of servers is no substitute: it tells read models which
//! rows are not as they were, for some minutes, and an embedded database has none.

use super::Fault;
use super::reads::Reads;
use boxoffice_core::id::{EventKey, Uuid};
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use std::collections::BTreeMap;

/// The number of the node where there is one only.
pub const ONLY_NODE: u64 = 1;

/// Where a node's events go on.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    next: Option<EventKey>,
    /// Events of the transaction that is under way.
    saved: u64,
}

impl Numbering {
    /// The next event's number, if it is known.
    pub const fn next(&self) -> Option<EventKey> {
        self.next
    }

    /// They go on from here.
    pub const fn go_on(&mut self, next: EventKey) {
        self.next = Some(next);
    }

    /// These were saved, and are not committed yet.
    pub fn save(&mut self, rows: &Rows) {
        self.saved = u64::try_from(rows.events.changed().count()).unwrap_or(u64::MAX);
    }

    /// What was saved will not be committed, or it will be told later: how many events it has.
    pub const fn forget(&mut self) -> u64 {
        std::mem::replace(&mut self.saved, 0)
    }

    /// What was saved is committed.
    pub fn commit(&mut self) {
        let saved = self.forget();
        self.committed(saved);
    }

    /// So many are committed that were forgotten.
    pub fn committed(&mut self, count: u64) {
        if let Some(next) = &mut self.next {
            next.number = next.number.saturating_add(count);
        }
    }

    /// Where they go on is not known any more; what was known.
    pub const fn doubt(&mut self) -> Option<EventKey> {
        self.saved = 0;
        self.next.take()
    }
}

/// Of a node's first events, in their order, up to which number they are old: at most `limit` of them, and never
/// the last that is given.
pub(super) fn old(first: &[(u64, Time)], cutoff: Time, limit: usize) -> Option<u64> {
    let most = limit.min(first.len().saturating_sub(1));
    let old = first.iter().take(most).take_while(|(_, created_at)| *created_at < cutoff);
    old.last().map(|(number, _)| *number)
}

/// How far a reader has come: the last number that was read of each node.
pub type Positions = BTreeMap<u64, u64>;

/// The first and the last number that is kept of each node.
pub type Kept = BTreeMap<u64, (u64, u64)>;

/// An event as it is kept. Not as its type: while servers are upgraded, it may be of a kind that this version
/// does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Told {
    pub key: EventKey,
    pub created_at: Time,
    pub kind: String,
    pub concert: Option<Uuid>,
    pub date: Option<Uuid>,
    pub user: Option<Uuid>,
    pub data: String,
}

/// A page of events.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// In the order of each node's numbers, and of different nodes by time.
    pub events: Vec<Told>,
    /// How far they go, of every node that there is.
    pub positions: Positions,
    /// Whether there are more by now.
    pub more: bool,
}

/// Where whoever reads on has all that is kept behind them.
///
/// # Errors
/// The database is not available.
pub fn latest(reads: &mut dyn Reads) -> Result<Positions, Fault> {
    Ok(reads.events_kept()?.into_iter().map(|(node, (_, last))| (node, last)).collect())
}

/// At most `limit` events after these positions, or from the oldest that is kept. None where some of them
/// are not kept any more, or never were in this database.
///
/// # Errors
/// The database is not available.
pub fn page(
    reads: &mut dyn Reads,
    after: Option<&Positions>,
    limit: usize,
) -> Result<Option<Page>, Fault> {
    let kept = reads.events_kept()?;
    if after.is_some_and(|after| after.keys().any(|node| !kept.contains_key(node))) {
        return Ok(None);
    }
    let (mut page, mut found) = (Page::default(), Vec::new());
    for (&node, &(first, last)) in &kept {
        let read = match after {
            // One that was not there begins with its first.
            Some(after) => after.get(&node).copied().unwrap_or(0),
            None => first.saturating_sub(1),
        };
        page.positions.insert(node, read);
        if read.saturating_add(1) < first || read > last {
            return Ok(None);
        }
        if read == last {
            continue;
        }
        let events = reads.events(node, read, limit)?;
        // Removed since.
        if events.first().is_some_and(|event| event.key.number != read + 1) {
            return Ok(None);
        }
        found.push(events.into_iter().peekable());
    }
    while page.events.len() < limit {
        let head = |(at, events): (usize, &mut std::iter::Peekable<std::vec::IntoIter<Told>>)| {
            events.peek().map(|event| (event.created_at, event.key, at))
        };
        let next = found.iter_mut().enumerate().filter_map(head).min();
        let Some(event) = next.and_then(|(_, _, at)| found[at].next()) else { break };
        page.positions.insert(event.key.node, event.key.number);
        page.events.push(event);
    }
    page.more = kept.iter().any(|(node, (_, last))| page.positions[node] < *last);
    Ok(Some(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_old_goes_and_never_the_newest() {
        let first = |times: &[i64]| -> Vec<(u64, Time)> {
            (5..).zip(times).map(|(number, time)| (number, Time(*time))).collect()
        };
        for (times, limit, want) in [
            (&[1, 2, 30][..], 10, Some(6)),
            (&[1, 2, 3], 10, Some(6)),
            (&[1, 2, 3], 1, Some(5)),
            (&[1, 20, 3, 40], 10, Some(5)),
            (&[20, 1], 10, None),
            (&[1], 10, None),
            (&[], 10, None),
        ] {
            assert_eq!(old(&first(times), Time(10), limit), want, "{times:?}");
        }
    }
}
