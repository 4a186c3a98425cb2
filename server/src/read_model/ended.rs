//! Sessions that have ended while access tokens of them still count by themselves: what a request looks
//! at, without a database. An entry is kept until the last of those tokens has run out.

use super::{read, write};
use boxoffice_core::id::SessionId;
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use std::collections::HashMap;
use std::sync::RwLock;

/// Between two looks for entries that are not needed any more.
const FORGET_EVERY_MS: i64 = 60_000;

#[derive(Default)]
struct Refused {
    until: HashMap<SessionId, Time>,
    looked: Time,
}

/// See the module.
#[derive(Default)]
pub struct Ended(RwLock<Refused>);

impl Ended {
    /// Whether tokens of this session are refused.
    #[must_use]
    pub fn has(&self, session: SessionId) -> bool {
        read(&self.0).until.contains_key(&session)
    }

    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        read(&self.0).until.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds sessions, with until when their tokens count by themselves.
    pub(super) fn add(&self, ended: impl IntoIterator<Item = (SessionId, Time)>) {
        write(&self.0).until.extend(ended);
    }

    /// Adds what a batch has ended.
    pub(super) fn show(&self, rows: &Rows) {
        let ended = rows.sessions.changed();
        let mut ended =
            ended.filter_map(|(id, session, _)| Some((*id, session.refused_until?))).peekable();
        if ended.peek().is_some() {
            self.add(ended);
        }
    }

    /// Forgets those whose tokens have all run out, now and then.
    pub(super) fn forget(&self, now: Time) {
        if now.ms_since(read(&self.0).looked) < FORGET_EVERY_MS {
            return;
        }
        let mut refused = write(&self.0);
        refused.looked = now;
        refused.until.retain(|_, until| !now.reached(*until));
    }
}

#[cfg(test)]
mod tests {
    use super::super::ReadModel;
    use super::*;
    use crate::store::reads::Snapshot;
    use boxoffice_core::id::Uuid;

    #[test]
    fn an_entry_stays_until_the_last_token_has_run_out() {
        let (ended, id) = (Ended::default(), |n| SessionId(Uuid::from_u128(n)));
        ended.add([(id(1), Time(100_000)), (id(2), Time(200_000))]);
        ended.forget(Time(99_999));
        assert!(ended.has(id(1)) && ended.has(id(2)) && !ended.has(id(3)));
        ended.forget(Time(199_999));
        assert!(!ended.has(id(1)) && ended.has(id(2)));
        ended.forget(Time(200_000));
        assert_eq!(ended.len(), 1, "not at each look");
        ended.forget(Time(260_000));
        assert!(ended.is_empty());
    }

    /// H42: a read model that is filled anew, after a gap in what others told, knows what it knew and what ended
    /// meanwhile.
    #[test]
    fn a_read_model_that_is_filled_anew_forgets_nothing() {
        let id = |n| SessionId(Uuid::from_u128(n));
        let of = |n| Snapshot { ended: vec![(id(n), Time(9))], ..Snapshot::default() };
        let read_model = ReadModel::from_snapshot(of(1), Time(1), true);
        read_model.refill(of(2), Time(2));
        assert!(read_model.ended.has(id(1)) && read_model.ended.has(id(2)));
    }
}
