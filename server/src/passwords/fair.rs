//! Whose turn it is: fair queueing by flows (as packets in a router: S. Golestani, "A self-clocked fair queueing
//! scheme", 1994). Each flow (an address, an account) has its own time. A job's time is the latest time of its flows
//! plus one step, and the job with the least time is next. Somebody who asks for much is far in the future, somebody
//! who asks for little is near, and nobody waits for ever.
//!
//! When there is no room, the last in the order leaves, not the last that came. Only few jobs wait about one account.
//! When there are more, one leaves that is of the network which most of them are from, so that many who guess an
//! account's password do not lock its owner out.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

/// What jobs are counted by. The numbers are the caller's.
pub type Flow = u64;

/// Jobs about one account that may wait.
pub const ABOUT_ONE_MAX: usize = 16;

/// Which account a job is about, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The account.
    pub about: Flow,
    /// The address that asks.
    pub address: Flow,
    /// The network of that address.
    pub network: Flow,
    /// Whether the address failed lately.
    pub has_failed: bool,
}

/// Whose job it is and how much of a turn it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The job comes after what waits for any of these, and for the account that it is about.
    pub flows: Vec<Flow>,
    /// How far it puts them back: 1 for most, more for those with fewer turns.
    pub step: u64,
    /// Set where the number of jobs about the account is bounded.
    pub asked: Option<Asked>,
}

/// By time, then in the order of coming.
type Place = (u64, u64);

struct Waiting<J> {
    job: J,
    asked: Option<Asked>,
}

/// Jobs in the order of their turns.
pub struct FairQueue<J> {
    jobs: BTreeMap<Place, Waiting<J>>,
    /// The places of bounded jobs, by account.
    about: HashMap<Flow, Vec<(Place, Asked)>>,
    /// The time of each flow's last job; only those after `now`.
    flows: HashMap<Flow, u64>,
    /// The time of the job that was taken last.
    now: u64,
    came: u64,
    room: usize,
}

impl<J> FairQueue<J> {
    /// A queue with room for so many jobs.
    #[must_use]
    pub fn new(room: usize) -> Self {
        Self {
            jobs: BTreeMap::new(),
            about: HashMap::new(),
            flows: HashMap::new(),
            now: 0,
            came: 0,
            room: room.max(1),
        }
    }

    /// Adds a job. Where there is no room: the job that has to leave, which may be this one.
    pub fn push(&mut self, turn: &Turn, job: J) -> Option<J> {
        self.came += 1;
        let time_of = |flow| self.flows.get(flow).copied().unwrap_or(0);
        let own = turn.flows.iter().map(time_of).fold(self.now, u64::max);
        let own = own.saturating_add(turn.step.max(1));
        let Some(asked) = turn.asked else {
            return self.push_at((own, self.came), turn, job);
        };
        let waiting = self.about.get(&asked.about).map_or(0, Vec::len);
        if waiting >= ABOUT_ONE_MAX {
            let Some(place) = self.who_leaves(asked) else { return Some(job) };
            let left = self.jobs.remove(&place).map(|left| self.left(place, left));
            self.insert(turn, place.min((own, self.came)), job);
            return left;
        }
        // An account's turns follow from how many jobs wait about it: neither one that has left nor one with a large
        // step puts its owner back.
        let about = self.now.saturating_add(1 + u64::try_from(waiting).unwrap_or(u64::MAX));
        self.push_at((own.max(about), self.came), turn, job)
    }

    fn push_at(&mut self, place: Place, turn: &Turn, job: J) -> Option<J> {
        if self.jobs.len() < self.room {
            self.insert(turn, place, job);
            return None;
        }
        match self.jobs.last_key_value() {
            Some((last, _)) if *last > place => {
                let left = self.jobs.pop_last();
                self.insert(turn, place, job);
                left.map(|(place, left)| self.left(place, left))
            }
            _ => Some(job),
        }
    }

    /// Too many wait about this account: the place of the job that leaves, or none where it is the new one. It is one
    /// of the network that most of them are from; of those one that failed, then one of the address that most are
    /// from, then the last.
    fn who_leaves(&self, comes: Asked) -> Option<Place> {
        let about = self.about.get(&comes.about).into_iter().flatten();
        let all: Vec<(Place, Asked)> =
            about.copied().chain([((u64::MAX, self.came), comes)]).collect();
        let leaves = all.iter().max_by_key(|(place, one)| {
            let of_network = all.iter().filter(|(_, other)| other.network == one.network).count();
            let of_address = all.iter().filter(|(_, other)| other.address == one.address).count();
            (of_network, one.has_failed, of_address, *place)
        });
        leaves.map(|(place, _)| *place).filter(|place| self.jobs.contains_key(place))
    }

    /// Removes a job.
    fn left(&mut self, place: Place, waiting: Waiting<J>) -> J {
        if let Some(asked) = waiting.asked
            && let Entry::Occupied(mut about) = self.about.entry(asked.about)
        {
            about.get_mut().retain(|(of, _)| *of != place);
            if about.get().is_empty() {
                about.remove();
            }
        }
        waiting.job
    }

    fn insert(&mut self, turn: &Turn, place: Place, job: J) {
        for flow in &turn.flows {
            let time = self.flows.entry(*flow).or_default();
            *time = place.0.max(*time);
        }
        if let Some(asked) = turn.asked {
            self.about.entry(asked.about).or_default().push((place, asked));
        }
        self.jobs.insert(place, Waiting { job, asked: turn.asked });
        // A job has few flows; any others are past.
        if self.flows.len() > 8 * (self.room + 16) {
            let now = self.now;
            self.flows.retain(|_, time| *time > now);
        }
    }

    /// The next job.
    pub fn pop(&mut self) -> Option<J> {
        let (place, waiting) = self.jobs.pop_first()?;
        self.now = self.now.max(place.0);
        let job = self.left(place, waiting);
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
        Turn { flows: flows.to_vec(), step: 1, asked: None }
    }

    /// A guess of account 1, by this address of this network.
    fn guess(network: Flow, address: Flow, has_failed: bool) -> Turn {
        let asked = Asked { about: 1, address, network, has_failed };
        Turn { flows: vec![address], step: 1, asked: Some(asked) }
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

    /// 7b: many addresses of one network do not lock an account's owner out, in whatever order they come, and jobs
    /// about that account take nobody else's room.
    #[test]
    fn the_owner_waits_beside_many_who_guess() {
        let mut queue = FairQueue::new(100);
        for address in 0..500 {
            let left = queue.push(&guess(7, 1_000 + address, false), "guess");
            assert_eq!(left.is_some(), address >= 16, "{address}");
        }
        assert_eq!(queue.push(&guess(8, 99, true), "own"), Some("guess"));
        for address in 500..1_000 {
            assert_eq!(queue.push(&guess(7, 1_000 + address, false), "guess"), Some("guess"));
        }
        assert_eq!(queue.len(), ABOUT_ONE_MAX);
        queue.push(&turn(&[2]), "other");
        let order = order(&mut queue);
        assert_eq!(order[..3], ["guess", "own", "other"]);
        assert!(queue.about.is_empty());
    }

    /// Those who failed have fewer turns and do not put the owner further back than others do. A storm about other
    /// accounts then does not push the owner out either.
    #[test]
    fn the_owner_is_not_behind_what_others_did() {
        let mut queue = FairQueue::new(40);
        for address in 0..100 {
            let turn = Turn { step: 8, ..guess(7, 1_000 + address, true) };
            queue.push(&turn, "guess");
        }
        for flow in 0..500 {
            queue.push(&turn(&[10_000 + flow % 10]), "storm");
        }
        assert!(queue.push(&guess(8, 99, false), "own").is_some_and(|left| left != "own"));
        for flow in 0..500 {
            assert_ne!(queue.push(&turn(&[10_000 + flow % 10]), "storm"), Some("own"));
        }
        let order = order(&mut queue);
        let own = order.iter().position(|job| *job == "own").expect("it waits");
        assert!(own <= 20, "{order:?}");
    }

    /// Where each is of another network, those that failed leave first.
    #[test]
    fn those_who_failed_leave_first() {
        let mut queue = FairQueue::new(100);
        for network in 0..16 {
            queue.push(&guess(network, 1_000 + network, network % 2 == 0), "guess");
        }
        for network in 100..108 {
            assert_eq!(queue.push(&guess(network, network, false), "new"), Some("guess"));
        }
        assert_eq!(queue.push(&guess(200, 200, false), "late"), Some("late"), "none failed");
        assert_eq!(order(&mut queue).iter().filter(|job| **job == "new").count(), 8);
    }

    /// A job that leaves because the queue is full makes room about its account.
    #[test]
    fn who_leaves_a_full_queue_is_not_counted() {
        let mut queue = FairQueue::new(2);
        queue.push(&guess(1, 10, false), "a");
        queue.push(&guess(2, 11, false), "b");
        assert_eq!(queue.push(&turn(&[2]), "c"), Some("b"));
        assert_eq!(queue.about[&1].len(), 1);
    }

    #[test]
    fn a_larger_step_gets_fewer_turns_and_not_none() {
        let mut queue = FairQueue::new(100);
        for _ in 0..20 {
            queue.push(&Turn { step: 4, ..turn(&[1]) }, "slow");
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
