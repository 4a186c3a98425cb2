//! Whose turn it is: fair queueing by flows (as packets in a router: S. Golestani, "A self-clocked
//! fair queueing scheme", 1994). Each flow — an address, an account — has its own time; a job's time
//! is that of the latest of its flows and a step more, and the job with the least time is next. Who
//! asks for much is far in the future, who asks for little is near, and nobody waits for ever.
//!
//! When there is no room, the last in the order leaves, whoever came last.

use std::collections::{BTreeMap, HashMap};

/// Whom jobs are counted for. The numbers are the caller's.
pub type Flow = u64;

/// Whose job it is and how much of a turn it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The job is behind what waits for any of these.
    pub flows: Vec<Flow>,
    /// How far it puts them back: 1 for most, more for who gets fewer turns.
    pub step: u64,
}

/// Jobs in the order of their turns.
pub struct FairQueue<J> {
    /// By time, then in the order of coming.
    jobs: BTreeMap<(u64, u64), J>,
    /// When each flow's last job is; only those after `now`.
    flows: HashMap<Flow, u64>,
    /// The time of the job that was taken last.
    now: u64,
    came: u64,
    room: usize,
}

impl<J> FairQueue<J> {
    /// A queue for so many jobs.
    #[must_use]
    pub fn new(room: usize) -> Self {
        Self { jobs: BTreeMap::new(), flows: HashMap::new(), now: 0, came: 0, room: room.max(1) }
    }

    /// Puts a job in. Where there was no room: who has to leave, perhaps this one.
    pub fn push(&mut self, turn: &Turn, job: J) -> Option<J> {
        let of = |flow| self.flows.get(flow).copied().unwrap_or(0);
        let latest = turn.flows.iter().map(of).fold(self.now, u64::max);
        let time = latest.saturating_add(turn.step.max(1));
        self.came += 1;
        let place = (time, self.came);
        if self.jobs.len() >= self.room {
            match self.jobs.last_entry() {
                Some(last) if *last.key() > place => {
                    let left = last.remove();
                    self.insert(turn, place, job);
                    return Some(left);
                }
                _ => return Some(job),
            }
        }
        self.insert(turn, place, job);
        None
    }

    fn insert(&mut self, turn: &Turn, place: (u64, u64), job: J) {
        for flow in &turn.flows {
            self.flows.insert(*flow, place.0);
        }
        self.jobs.insert(place, job);
        // A job has few flows: what is more than that is of the past.
        if self.flows.len() > 8 * (self.room + 16) {
            let now = self.now;
            self.flows.retain(|_, time| *time > now);
        }
    }

    /// The next job.
    pub fn pop(&mut self) -> Option<J> {
        let ((time, _), job) = self.jobs.pop_first()?;
        self.now = self.now.max(time);
        if self.jobs.is_empty() {
            // Nobody waits, so that nobody is behind anybody.
            self.flows.clear();
        }
        Some(job)
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(flows: &[Flow]) -> Turn {
        Turn { flows: flows.to_vec(), step: 1 }
    }

    fn order(queue: &mut FairQueue<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn who_asks_for_little_goes_before_the_rest_of_who_asks_for_much() {
        let mut queue = FairQueue::new(100);
        for _ in 0..50 {
            assert!(queue.push(&turn(&[1]), "much").is_none());
        }
        queue.push(&turn(&[2]), "little");
        assert_eq!(order(&mut queue)[..3], ["much", "little", "much"]);
    }

    #[test]
    fn an_account_that_many_addresses_ask_for_is_one_flow() {
        let mut queue = FairQueue::new(100);
        for address in 0..50 {
            queue.push(&turn(&[100 + address, 1]), "guess");
        }
        queue.push(&turn(&[99, 2]), "own");
        assert_eq!(order(&mut queue)[1], "own");
    }

    #[test]
    fn without_room_the_last_of_the_order_leaves() {
        let mut queue = FairQueue::new(3);
        for job in ["a1", "a2", "a3"] {
            assert!(queue.push(&turn(&[1]), job).is_none());
        }
        assert_eq!(queue.push(&turn(&[1]), "a4"), Some("a4"), "the last is the one that came");
        assert_eq!(queue.push(&turn(&[2]), "b1"), Some("a3"));
        assert_eq!(queue.push(&turn(&[3]), "c1"), Some("a2"));
        assert_eq!(order(&mut queue), ["a1", "b1", "c1"]);
    }

    #[test]
    fn a_larger_step_gets_fewer_turns_and_not_none() {
        let mut queue = FairQueue::new(100);
        for _ in 0..20 {
            queue.push(&Turn { flows: vec![1], step: 4 }, "slow");
            queue.push(&turn(&[2]), "fast");
        }
        let order = order(&mut queue);
        assert_eq!(order[..20].iter().filter(|job| **job == "slow").count(), 4);
    }

    #[test]
    fn memory_of_flows_ends_with_their_jobs() {
        let mut queue = FairQueue::new(4);
        for flow in 0..100_000 {
            queue.push(&turn(&[flow, 1_000_000 + flow]), "job");
            if queue.len() == 4 {
                queue.pop();
            }
        }
        assert!(queue.flows.len() <= 8 * (4 + 16) + 2, "{}", queue.flows.len());
        order(&mut queue);
        assert!(queue.is_empty() && queue.flows.is_empty());
    }
}
