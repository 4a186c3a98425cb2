//! Whose turn it is: fair queueing by flows (as packets in a router: S. Golestani, "A self-clocked fair queueing
//! scheme", 1994), on two levels. Addresses share the turns, and the names that an address asks for share its turns.
//! Each flow has its own time; a turn comes after the latest time of its flows. Somebody who asks for much is far in
//! the future, somebody who asks for little is near, and nobody waits for ever. So neither another address nor a
//! neighbour behind the same one keeps somebody waiting for longer than their share.
//!
//! When there is no room, the last in the order leaves, not the last that came. Who left keeps the moment at which they
//! came first, and goes before their neighbours when they come again: being turned away is a longer wait and no more.
//! Jobs about one account are put further apart the more of them wait, so that many who guess an account's password
//! take nobody's turns, and its owner waits beside them.

mod away;

use away::Away;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What jobs are counted by. The numbers are the caller's.
pub type Flow = u64;

/// The length of a turn in a flow's time: that of one that counts for nothing but itself.
pub const TURN: u64 = 16;

/// Jobs about one account that wait as if they were about several.
pub const ABOUT_NEAR: usize = 16;

/// Jobs about one account that may wait.
pub const ABOUT_ONE_MAX: usize = 256;

/// How many turns are between jobs about one account when more than [`ABOUT_NEAR`] wait.
const FAR: u64 = 8;

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

/// A flow, and how far a turn puts it back: [`TURN`] for most, more for those with fewer turns.
pub type Share = (Flow, u64);

/// Whose job it is and how much of a turn it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The turn comes after those of all of these. The turns of the first are shared by its names.
    pub flows: Vec<Share>,
    /// Which name of the first flow it is for, and how far it puts that back among the names.
    pub name: Share,
    /// Set where the number of jobs about the account is bounded.
    pub asked: Option<Asked>,
}

/// By time, then in the order of coming.
type Place = (u64, u64);

/// A flow, and a job's place among its jobs.
type At = (Flow, Place);

struct Waiting<J> {
    job: J,
    turn: Turn,
    /// When it came first: this time, or when it was turned away.
    came: u64,
}

/// A name's last job, and how many of its jobs wait.
#[derive(Default)]
struct Name {
    time: u64,
    waiting: usize,
}

/// The jobs of one address. Which of its turns is whose is decided when one comes.
struct Group<J> {
    jobs: BTreeMap<Place, Waiting<J>>,
    turns: BTreeSet<Place>,
    names: HashMap<Flow, Name>,
    now: u64,
}

impl<J> Group<J> {
    /// The time of a name's next job.
    fn next(&self, (name, step): Share) -> u64 {
        let last = self.names.get(&name).map_or(0, |name| name.time);
        self.now.max(last).saturating_add(step.max(1))
    }
}

/// A job's number in the order of coming, that of its first coming, and whether it came before and was turned away.
#[derive(Clone, Copy)]
struct Came {
    number: u64,
    first: u64,
    has_returned: bool,
}

impl<J> Default for Group<J> {
    fn default() -> Self {
        Self { jobs: BTreeMap::new(), turns: BTreeSet::new(), names: HashMap::new(), now: 0 }
    }
}

/// Jobs in the order of their turns.
pub struct FairQueue<J> {
    turns: BTreeMap<Place, Flow>,
    groups: HashMap<Flow, Group<J>>,
    /// Where the bounded jobs are and when they came, by account.
    about: HashMap<Flow, Vec<(At, u64, Asked)>>,
    /// The time of each flow's last turn; only those after `now`.
    flows: HashMap<Flow, u64>,
    away: Away,
    /// The time of the turn that was taken last.
    now: u64,
    came: u64,
    room: usize,
}

impl<J> FairQueue<J> {
    /// A queue with room for so many jobs.
    #[must_use]
    pub fn new(room: usize) -> Self {
        let room = room.max(1);
        Self {
            turns: BTreeMap::new(),
            groups: HashMap::new(),
            about: HashMap::new(),
            flows: HashMap::new(),
            away: Away::default(),
            now: 0,
            came: 0,
            room,
        }
    }

    /// Adds a job. Where there is no room: the job that has to leave, which may be this one.
    pub fn push(&mut self, turn: Turn, job: J) -> Option<J> {
        let came = self.comes(&turn);
        let waiting = |turn| Waiting { job, turn, came: came.first };
        let (distance, left) = match self.outcome(&turn, came) {
            Pushed::Out => return Some(self.turned_away(waiting(turn))),
            Pushed::For(at, distance) => (distance, self.remove(at)),
            Pushed::In(distance) => (distance, None),
        };
        self.came = came.number;
        if let (true, Some(who)) = (came.has_returned, self.away_of(&turn)) {
            self.away.remove(who);
        }
        self.insert(waiting(turn), came, distance);
        left
    }

    /// Whether there is no room for a job of this turn. Whoever asks is remembered as one that was turned away.
    pub fn turns_away(&mut self, turn: &Turn) -> bool {
        let came = self.comes(turn);
        let out = matches!(self.outcome(turn, came), Pushed::Out);
        if out {
            self.keep(turn, came.first);
        }
        out
    }

    /// Whether somebody comes for the first time.
    fn comes(&self, turn: &Turn) -> Came {
        let number = self.came + 1;
        let first = self.away_of(turn).and_then(|who| self.away.get(who));
        Came { number, first: first.unwrap_or(number), has_returned: first.is_some() }
    }

    /// What has to be done for a job to be added.
    fn outcome(&self, turn: &Turn, came: Came) -> Pushed {
        let leaves = turn.asked.map(|asked| self.who_leaves(asked, came.first));
        match leaves {
            Some(Leaves::ThisOne) => Pushed::Out,
            // Beside those of a network that asks for more it is one of few.
            Some(Leaves::One(at)) => Pushed::For(at, 0),
            _ => {
                let distance = self.distance(turn, came.first);
                if self.len() < self.room {
                    return Pushed::In(distance);
                }
                let last = self.last(self.place(turn, came, distance));
                last.map_or(Pushed::Out, |at| Pushed::For(at, distance))
            }
        }
    }

    /// How far a job is behind the others about its account: by those that came before it, among which those that
    /// failed count only where it failed as well.
    fn distance(&self, turn: &Turn, came: u64) -> u64 {
        let Some(asked) = turn.asked else { return 0 };
        let before = self.about.get(&asked.about).into_iter().flatten();
        let before = before.filter(|(_, other_came, other)| {
            *other_came < came && (asked.has_failed || !other.has_failed)
        });
        let (before, near) = (before.count() as u64, ABOUT_NEAR as u64);
        TURN.saturating_mul(before.min(near) + before.saturating_sub(near) * FAR)
    }

    /// Where many wait about this account: which of them leaves. It is one of the network that most of them are from;
    /// of those one that failed, then one of the address that most are from, then the last. Where each is of another
    /// network, none leaves before there are very many.
    fn who_leaves(&self, comes: Asked, came: u64) -> Leaves {
        let about = self.about.get(&comes.about).map_or(&[][..], Vec::as_slice);
        if about.len() < ABOUT_NEAR {
            return Leaves::Nobody;
        }
        let new = (None, came, comes);
        let old = about.iter().map(|(at, came, asked)| (Some(*at), *came, *asked));
        let (mut networks, mut addresses) = (HashMap::new(), HashMap::new());
        for (.., asked) in old.clone().chain([new]) {
            *networks.entry(asked.network).or_insert(0_usize) += 1;
            *addresses.entry(asked.address).or_insert(0_usize) += 1;
        }
        if about.len() < ABOUT_ONE_MAX && networks.len() > about.len() {
            return Leaves::Nobody;
        }
        let of = |counts: &HashMap<Flow, usize>, flow| counts.get(&flow).copied().unwrap_or(0);
        let leaves = old.chain([new]).max_by_key(|(_, came, one)| {
            (of(&networks, one.network), one.has_failed, of(&addresses, one.address), *came)
        });
        leaves.and_then(|(at, ..)| at).map_or(Leaves::ThisOne, Leaves::One)
    }

    /// Where a job would be: by which turn, and at which place of its flow.
    fn place(&self, turn: &Turn, came: Came, distance: u64) -> (Place, At) {
        let Came { number, first, has_returned } = came;
        let near = |now: u64| now.saturating_add(TURN + distance);
        let time_of = |(flow, step): &Share| self.next(self.flows.get(flow), *step);
        let turn_at = turn.flows.iter().map(time_of).fold(near(self.now), u64::max);
        // Whoever has no flow is alone in theirs.
        let flow = turn.flows.first().map_or(u64::MAX - number, |(flow, _)| *flow);
        let group = self.groups.get(&flow);
        let time =
            group.map_or(0, |group| group.next(turn.name)).max(near(group.map_or(0, |g| g.now)));
        // Whoever was turned away goes before the neighbours, and after those who were turned away before.
        let place = if has_returned { (0, first) } else { (time, number) };
        ((turn_at, number), (flow, place))
    }

    /// The time of a flow's next turn.
    fn next(&self, last: Option<&u64>, step: u64) -> u64 {
        self.now.max(last.copied().unwrap_or(0)).saturating_add(step.max(1))
    }

    /// Which job leaves for lack of room when one is added at this place; none where it is the new one.
    fn last(&self, (turn_at, (flow, place)): (Place, At)) -> Option<At> {
        let last = self.turns.last_key_value();
        let of = last.filter(|(last, _)| **last > turn_at).map_or(flow, |(_, of)| *of);
        let last = self.groups.get(&of)?.jobs.last_key_value().map(|(last, _)| *last)?;
        (of != flow || last > place).then_some((of, last))
    }

    fn insert(&mut self, waiting: Waiting<J>, came: Came, distance: u64) {
        let turn = &waiting.turn;
        let (turn_at, at) = self.place(turn, came, distance);
        let (flow, place) = at;
        for (flow, step) in &turn.flows {
            let time = self.next(self.flows.get(flow), *step);
            self.flows.insert(*flow, time);
        }
        let group = self.groups.entry(flow).or_default();
        let time = group.next(turn.name);
        let name = group.names.entry(turn.name.0).or_default();
        name.time = time;
        name.waiting += 1;
        if let Some(asked) = turn.asked {
            self.about.entry(asked.about).or_default().push((at, came.first, asked));
        }
        group.turns.insert(turn_at);
        group.jobs.insert(place, waiting);
        self.turns.insert(turn_at, flow);
        self.forget();
    }

    /// What is past counts no more.
    fn forget(&mut self) {
        // A job has few flows; any others are past.
        if self.flows.len() > 8 * (self.room + 16) {
            let now = self.now;
            self.flows.retain(|_, time| *time > now);
        }
    }

    /// Removes a job, and the last turn of its flow with it.
    fn remove(&mut self, at: At) -> Option<J> {
        let last = self.groups.get(&at.0)?.turns.last().copied()?;
        self.take(at, last).map(|waiting| self.turned_away(waiting))
    }

    fn turned_away(&mut self, waiting: Waiting<J>) -> J {
        self.keep(&waiting.turn, waiting.came);
        waiting.job
    }

    fn keep(&mut self, turn: &Turn, came: u64) {
        self.came = self.came.max(came);
        if let Some(who) = self.away_of(turn) {
            self.away.put(who, came);
        }
    }

    /// Takes a job by this turn of its flow.
    fn take(&mut self, at: At, turn_at: Place) -> Option<Waiting<J>> {
        let (flow, place) = at;
        let Entry::Occupied(mut group) = self.groups.entry(flow) else { return None };
        let waiting = group.get_mut().jobs.remove(&place)?;
        group.get_mut().turns.remove(&turn_at);
        self.turns.remove(&turn_at);
        if group.get().jobs.is_empty() {
            // Nobody waits, so that nobody is behind anybody.
            group.remove();
        } else {
            let Group { names, now, jobs, .. } = group.get_mut();
            if let Some(name) = names.get_mut(&waiting.turn.name.0) {
                name.waiting = name.waiting.saturating_sub(1);
            }
            if names.len() > 8 * (jobs.len() + 16) {
                names.retain(|_, name| name.waiting > 0 || name.time > *now);
            }
        }
        if let Some(asked) = waiting.turn.asked
            && let Entry::Occupied(mut about) = self.about.entry(asked.about)
        {
            about.get_mut().retain(|(of, ..)| *of != at);
            if about.get().is_empty() {
                about.remove();
            }
        }
        Some(waiting)
    }

    /// The next job.
    pub fn pop(&mut self) -> Option<J> {
        self.pop_if(|_| true)
    }

    /// The next job that may go now. Of each flow the next is asked, at most once; the others of a flow whose next may
    /// not go wait with it.
    pub fn pop_if(&mut self, mut may: impl FnMut(&J) -> bool) -> Option<J> {
        let mut waits = BTreeSet::new();
        let mut next = None;
        for (turn_at, flow) in &self.turns {
            let first = self.groups.get(flow).and_then(|group| group.jobs.first_key_value());
            let Some((place, waiting)) = first.filter(|_| !waits.contains(flow)) else { continue };
            if may(&waiting.job) {
                next = Some(((*flow, *place), *turn_at));
                break;
            }
            waits.insert(*flow);
        }
        let (at, turn_at) = next?;
        self.now = self.now.max(turn_at.0);
        if let Some(group) = self.groups.get_mut(&at.0) {
            group.now = group.now.max(at.1.0);
        }
        let waiting = self.take(at, turn_at)?;
        if self.turns.is_empty() {
            self.flows.clear();
        }
        Some(waiting.job)
    }

    /// By what somebody who was turned away is known again: not those whose name failed at their address, nor those
    /// for whose name another job waits.
    fn away_of(&self, turn: &Turn) -> Option<(Flow, Flow)> {
        let (name, step) = turn.name;
        let flow = turn.flows.first().map(|(flow, _)| *flow)?;
        let group = self.groups.get(&flow);
        let waits =
            group.and_then(|group| group.names.get(&name)).is_some_and(|name| name.waiting > 0);
        (name != 0 && step <= TURN && !waits).then_some((flow, name))
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.turns.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }
}

/// What has to be done for a job to be added, and how far it is behind the others about its account.
enum Pushed {
    In(u64),
    /// This one has to leave first.
    For(At, u64),
    /// It cannot be.
    Out,
}

/// What has to leave where many wait about an account.
enum Leaves {
    Nobody,
    One(At),
    ThisOne,
}

#[cfg(test)]
mod tests;
