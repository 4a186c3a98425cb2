//! Open connections by address and by wide network, and which of them are closed where few more have room: first those
//! that keep the server waiting, then the idle ones of those addresses and networks that have the most.

use super::pace::{Order, Pace};
use crate::networks::{WIDE_SHARES, wide};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a connection must have idled to be closed for another of its address.
const IDLED: Duration = Duration::from_secs(2);
/// Connections of an address that are looked at for one that has, and addresses of a network.
const LOOKED_AT_MAX: usize = 64;
/// What a wide network may have, in shares of an address.
const NETWORK_SHARES: usize = WIDE_SHARES as usize;

/// The connections of one address, by their numbers.
#[derive(Debug, Default)]
struct Peer {
    connections: BTreeMap<u64, Arc<Pace>>,
    /// The next to be looked at, so that each gets its turn.
    next: u64,
}

impl Peer {
    /// One that has idled for long enough.
    fn idle_one(&mut self) -> Option<u64> {
        let in_turn =
            self.connections.range(self.next..).chain(self.connections.range(..self.next));
        let mut last = self.next;
        let mut looked_at = in_turn.take(LOOKED_AT_MAX).inspect(|(number, _)| last = **number);
        let found = looked_at.find(|(_, pace)| pace.idled().is_some_and(|idled| idled >= IDLED));
        let found = found.map(|(number, _)| *number);
        self.next = last + 1;
        found
    }
}

/// An address; those that do not count are all `None`.
type Address = Option<IpAddr>;

/// The connections of a wide network, or of an address that is in none.
#[derive(Debug, Default)]
struct Group {
    peers: BTreeMap<Address, Peer>,
    /// Of all of them.
    count: usize,
    /// The next to be looked at.
    next: Address,
}

impl Group {
    fn len(&self, address: Address) -> usize {
        self.peers.get(&address).map_or(0, |peer| peer.connections.len())
    }

    fn remove(&mut self, address: Address, number: u64) -> Option<Arc<Pace>> {
        let peer = self.peers.get_mut(&address)?;
        let pace = peer.connections.remove(&number)?;
        self.count -= 1;
        if peer.connections.is_empty() {
            self.peers.remove(&address);
        }
        Some(pace)
    }

    /// Has it end. It counts no more from now on: as it is idle, it ends at once.
    fn finish(&mut self, address: Address, number: u64) -> bool {
        let found = self.remove(address, number);
        found.map(|pace| pace.tell(Order::Finish)).is_some()
    }

    /// Closes one of an address that has idled.
    fn close_one_idle(&mut self, address: Address) -> bool {
        let found = self.peers.get_mut(&address).and_then(Peer::idle_one);
        found.is_some_and(|number| self.finish(address, number))
    }

    /// Closes one of whichever address that has idled; each gets its turn to be looked at.
    fn close_one_idle_of_any(&mut self) -> bool {
        let in_turn = self.peers.range(self.next..).chain(self.peers.range(..self.next));
        let addresses = in_turn.map(|(address, _)| *address).take(LOOKED_AT_MAX + 1);
        let addresses: Vec<Address> = addresses.collect();
        let mut looked_at = 0;
        for (at, address) in addresses.iter().enumerate() {
            if looked_at >= LOOKED_AT_MAX {
                break;
            }
            looked_at += self.len(*address);
            self.next = *addresses.get(at + 1).unwrap_or(&addresses[0]);
            if self.close_one_idle(*address) {
                return true;
            }
        }
        false
    }

    /// Closes so many that are idle, of an address or of all, the longest idle first; how many there were.
    fn close_idle(&mut self, of: Option<Address>, by: usize) -> usize {
        let peers: Vec<_> = match of {
            Some(address) => self.peers.get_key_value(&address).into_iter().collect(),
            None => self.peers.iter().collect(),
        };
        let mut idle: Vec<(Duration, u64, Address)> = Vec::new();
        for (address, peer) in peers {
            let all = peer.connections.iter();
            idle.extend(all.filter_map(|(number, pace)| Some((pace.idled()?, *number, *address))));
        }
        idle.sort_unstable_by(|a, b| b.cmp(a));
        idle.into_iter()
            .take(by)
            .filter(|(_, number, address)| self.finish(*address, *number))
            .count()
    }
}

/// Which group an address is in.
fn group_of(address: Address) -> Address {
    address.map(|address| wide(address).unwrap_or(address))
}

#[derive(Debug, Default)]
struct Open {
    groups: HashMap<Address, Group>,
    numbers: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Connections(Mutex<Open>);

/// An open connection. Dropped, it counts no more.
pub struct Connection<'a> {
    connections: &'a Connections,
    address: Address,
    number: u64,
    /// Its pace.
    pub pace: Arc<Pace>,
}

/// What became of a new connection.
pub enum Added<'a> {
    /// There was room.
    Free(Connection<'a>),
    /// There is room because another of its address, or of its network, was idle.
    InsteadOf(Connection<'a>),
    /// Its address or network has as many as it may have, and none of them was found idle.
    Full,
}

impl Connections {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a connection of an address that may have so many.
    pub fn add(&self, address: Address, most: usize) -> Added<'_> {
        let mut open = self.open();
        open.numbers += 1;
        let number = open.numbers;
        let group = open.groups.entry(group_of(address)).or_default();
        let of_all = most.saturating_mul(NETWORK_SHARES);
        let is_own = group.len(address) >= most;
        let full = address.is_some() && (is_own || group.count >= of_all);
        if full {
            let has_room =
                if is_own { group.close_one_idle(address) } else { group.close_one_idle_of_any() };
            if !has_room {
                return Added::Full;
            }
        }
        let pace = Arc::<Pace>::default();
        let peer = group.peers.entry(address).or_default();
        peer.connections.insert(number, Arc::clone(&pace));
        group.count += 1;
        let connection = Connection { connections: self, address, number, pace };
        if full { Added::InsteadOf(connection) } else { Added::Free(connection) }
    }

    /// Closes those for which the server has been waiting for so long. A balancer has its own idea of how
    /// many connections it keeps for its next requests, and would lose the one that it sends just then.
    pub fn close_waiting(&self, waited: Duration) {
        for (address, peer) in self.open().groups.values().flat_map(|group| &group.peers) {
            for pace in peer.connections.values() {
                let stays = address.is_none() && pace.is_kept();
                if !stays && pace.waited().is_some_and(|so_far| so_far >= waited) {
                    pace.tell(Order::Close);
                }
            }
        }
    }

    /// Closes up to so many idle connections of those addresses that have more than `share`, then of those networks
    /// that have more than [`NETWORK_SHARES`] of it, the largest first; how many there were.
    pub fn close_idle_of_large(&self, share: usize, wanted: usize) -> usize {
        let mut open = self.open();
        let of_all = share.saturating_mul(NETWORK_SHARES);
        let mut large = Vec::new();
        for (key, group) in open.groups.iter().filter(|(key, _)| key.is_some()) {
            let of_addresses = group
                .peers
                .iter()
                .map(|(address, peer)| (peer.connections.len(), share, Some(*address)));
            let all = (group.count, of_all, None);
            let above = of_addresses.chain([all]).filter(|(count, share, _)| count > share);
            large.extend(above.map(|(count, share, of)| (count, share, *key, of)));
        }
        large.sort_unstable_by_key(|(count, _, _, of)| (of.is_none(), std::cmp::Reverse(*count)));
        let mut closed = 0;
        for (_, share, key, of) in large {
            if closed >= wanted {
                break;
            }
            let Some(group) = open.groups.get_mut(&key) else { continue };
            // As it is now: the network's have become fewer with those of its addresses.
            let count = of.map_or(group.count, |address| group.len(address));
            closed += group.close_idle(of, (wanted - closed).min(count.saturating_sub(share)));
        }
        closed
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        let key = group_of(self.address);
        if let Some(group) = open.groups.get_mut(&key) {
            group.remove(self.address, self.number);
            if group.count == 0 {
                open.groups.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 3;

    fn ip(text: &str) -> Address {
        Some(text.parse().unwrap())
    }

    fn free<'a>(all: &'a Connections, address: &str) -> Option<Connection<'a>> {
        match all.add(ip(address), MOST) {
            Added::Free(connection) => Some(connection),
            Added::InsteadOf(_) | Added::Full => None,
        }
    }

    /// Who has a /48 has 65,536 addresses that count.
    #[test]
    fn a_wide_network_has_the_share_of_some_addresses() {
        let all = Connections::default();
        let mut kept: Vec<_> = (0..MOST).map(|_| free(&all, "2001:db8:1:1::").unwrap()).collect();
        assert!(free(&all, "2001:db8:1:1::").is_none());
        for address in 2..NETWORK_SHARES * MOST - MOST + 2 {
            kept.push(free(&all, &format!("2001:db8:1:{address:x}::")).unwrap());
        }
        assert_eq!(kept.len(), NETWORK_SHARES * MOST);
        assert!(free(&all, "2001:db8:1:ffff::").is_none(), "the network has its share");
        assert!(free(&all, "2001:db8:2::").is_some(), "another has its own");
        kept.pop();
        kept.push(free(&all, "2001:db8:1:ffff::").unwrap());
        assert!(free(&all, "2001:db8:1:fffe::").is_none());
        drop(kept);
        assert!(all.open().groups.is_empty());
    }

    /// Addresses in IPv4 have no network in common.
    #[test]
    fn neighbours_in_ipv4_count_apart() {
        let all = Connections::default();
        let many = 0..2 * NETWORK_SHARES * MOST;
        let kept: Vec<_> = many.map(|n| free(&all, &format!("192.0.2.{n}")).unwrap()).collect();
        assert_eq!(kept.len(), 2 * NETWORK_SHARES * MOST);
        assert_eq!(all.close_idle_of_large(1, 1000), 0);
    }

    /// In a network with a /64 for each telephone, whoever comes takes the place of one that is idle.
    #[test]
    fn idle_connections_of_a_network_make_room() {
        let all = Connections::default();
        let many = 0..NETWORK_SHARES * MOST;
        let kept: Vec<_> =
            many.map(|n| free(&all, &format!("2001:db8:1:{n:x}::")).unwrap()).collect();
        let since = std::time::Instant::now();
        let new = loop {
            match all.add(ip("2001:db8:1:ffff::"), MOST) {
                Added::Free(_) => panic!("the network has its share"),
                Added::InsteadOf(connection) => break connection,
                Added::Full => assert!(since.elapsed() < 5 * IDLED, "none made room"),
            }
            std::thread::sleep(IDLED / 40);
        };
        let others = (1..4).map(|n| match all.add(ip(&format!("2001:db8:1:fff{n}::")), MOST) {
            Added::InsteadOf(connection) => connection,
            Added::Free(_) | Added::Full => panic!("an idle one makes room"),
        });
        let others: Vec<_> = others.collect();
        let left = all.open().groups[&ip("2001:db8:1::")].peers.len();
        assert_eq!(left, NETWORK_SHARES * MOST, "each was another's turn");
        drop((kept, new, others));
        assert!(all.open().groups.is_empty());
    }

    /// What an address has too many of is closed first; its neighbours keep theirs, however long they have idled.
    #[test]
    fn the_neighbours_of_a_large_address_keep_theirs() {
        let all = Connections::default();
        let add = |address: &str| match all.add(ip(address), 100) {
            Added::Free(connection) => connection,
            Added::InsteadOf(_) | Added::Full => panic!("{address}"),
        };
        let neighbours = [2, 3, 4].map(|n| add(&format!("2001:db8:1:{n}::")));
        std::thread::sleep(Duration::from_millis(2));
        let large: Vec<_> = (0..17).map(|_| add("2001:db8:1:1::")).collect();
        assert_eq!(all.close_idle_of_large(1, 1000), 16);
        let open = all.open();
        let group = &open.groups[&ip("2001:db8:1::")];
        assert_eq!((group.count, group.len(ip("2001:db8:1:1::"))), (4, 1));
        drop(open);
        drop((neighbours, large));
    }

    #[test]
    fn what_idles_beyond_a_share_is_closed() {
        let all = Connections::default();
        let one: Vec<_> = (0..MOST).map(|_| free(&all, "192.0.2.7").unwrap()).collect();
        let wide: Vec<_> =
            (0..20).map(|n| free(&all, &format!("2001:db8:1:{n:x}::")).unwrap()).collect();
        assert_eq!(all.close_idle_of_large(MOST, 1000), 0);
        // Of the address two, and of the network's twenty the four beyond sixteen shares of one.
        assert_eq!(all.close_idle_of_large(1, 3), 3);
        assert_eq!(all.close_idle_of_large(1, 1000), 3);
        assert_eq!(all.close_idle_of_large(1, 1000), 0);
        drop((one, wide));
        assert!(all.open().groups.is_empty());
    }
}
