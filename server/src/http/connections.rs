//! Open connections by address, and which of them are closed where few more have room: first those that keep the
//! server waiting, then the idle ones of those addresses that have the most.

use super::pace::{Order, Pace};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a connection must have idled to be closed for another of its address.
const IDLED: Duration = Duration::from_secs(2);
/// Connections that are looked at for one that has.
const LOOKED_AT_MAX: usize = 64;

/// The connections of one address, by their numbers.
#[derive(Debug, Default)]
struct Peer {
    connections: BTreeMap<u64, Arc<Pace>>,
    /// The next to be looked at, so that each gets its turn.
    next: u64,
}

impl Peer {
    /// Closes one that has idled.
    fn close_one_idle(&mut self) -> bool {
        let in_turn =
            self.connections.range(self.next..).chain(self.connections.range(..self.next));
        let (mut last, mut found) = (self.next, None);
        for (number, pace) in in_turn.take(LOOKED_AT_MAX) {
            last = *number;
            if pace.idled().is_some_and(|idled| idled >= IDLED) {
                found = Some(last);
                break;
            }
        }
        self.next = last + 1;
        found.is_some_and(|number| self.finish(number))
    }

    /// Has it end. It counts no more from now on: as it is idle, it ends at once.
    fn finish(&mut self, number: u64) -> bool {
        let found = self.connections.remove(&number);
        found.map(|pace| pace.tell(Order::Finish)).is_some()
    }

    /// Closes so many that are idle, the longest idle first; how many it were.
    fn close_idle(&mut self, by: usize) -> usize {
        let idle =
            self.connections.iter().filter_map(|(number, pace)| Some((pace.idled()?, *number)));
        let mut idle: Vec<(Duration, u64)> = idle.collect();
        idle.sort_unstable_by(|a, b| b.cmp(a));
        idle.into_iter().take(by).filter(|(_, number)| self.finish(*number)).count()
    }
}

#[derive(Debug, Default)]
struct Open {
    /// Those without an address that counts are together under `None`.
    peers: HashMap<Option<IpAddr>, Peer>,
    numbers: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Connections(Mutex<Open>);

/// An open connection. Dropped, it counts no more.
pub struct Connection<'a> {
    connections: &'a Connections,
    address: Option<IpAddr>,
    number: u64,
    /// Its pace.
    pub pace: Arc<Pace>,
}

/// What became of a new connection.
pub enum Added<'a> {
    /// There was room.
    Free(Connection<'a>),
    /// There is room because another of its address was idle.
    InsteadOf(Connection<'a>),
    /// Its address has as many as it may have, and needs them all.
    Full,
}

impl Connections {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a connection of an address that may have so many.
    pub fn add(&self, address: Option<IpAddr>, most: usize) -> Added<'_> {
        let mut open = self.open();
        open.numbers += 1;
        let number = open.numbers;
        let peer = open.peers.entry(address).or_default();
        let full = address.is_some() && peer.connections.len() >= most;
        if full && !peer.close_one_idle() {
            return Added::Full;
        }
        let pace = Arc::<Pace>::default();
        peer.connections.insert(number, Arc::clone(&pace));
        let connection = Connection { connections: self, address, number, pace };
        if full { Added::InsteadOf(connection) } else { Added::Free(connection) }
    }

    /// Closes those for which the server has been waiting for so long. A balancer has its own idea of how
    /// many connections it keeps for its next requests, and would lose the one that it sends just then.
    pub fn close_waiting(&self, waited: Duration) {
        for (address, peer) in &self.open().peers {
            for pace in peer.connections.values() {
                let stays = address.is_none() && pace.is_kept();
                if !stays && pace.waited().is_some_and(|so_far| so_far >= waited) {
                    pace.tell(Order::Close);
                }
            }
        }
    }

    /// Closes up to so many idle connections of those addresses that have more than `share`, the largest first;
    /// how many it were.
    pub fn close_idle_of_large(&self, share: usize, mut wanted: usize) -> usize {
        let mut open = self.open();
        let counted = open.peers.iter_mut().filter(|(address, _)| address.is_some());
        let mut large: Vec<&mut Peer> =
            counted.map(|(_, peer)| peer).filter(|peer| peer.connections.len() > share).collect();
        large.sort_unstable_by_key(|peer| std::cmp::Reverse(peer.connections.len()));
        let mut closed = 0;
        for peer in large {
            let gone = peer.close_idle(wanted.min(peer.connections.len() - share));
            (closed, wanted) = (closed + gone, wanted - gone);
        }
        closed
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        if let Some(peer) = open.peers.get_mut(&self.address) {
            peer.connections.remove(&self.number);
            if peer.connections.is_empty() {
                open.peers.remove(&self.address);
            }
        }
    }
}
