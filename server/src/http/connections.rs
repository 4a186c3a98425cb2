//! Open connections by address and by wide network, and which of them are closed for others. Where few more have room:
//! first those that keep the server waiting, then the idle ones of those addresses and networks that have the most.
//! Where an address or a network has all that it may have, for each that comes there: one that idles, else the one that
//! keeps the server waiting longest. Never one that the server works for, nor a stream.

use super::pace::{Awaited, Order, Pace};
use crate::networks::{WIDE_SHARES, wide};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a connection must have idled to be closed for another of its address.
const IDLED: Duration = Duration::from_secs(2);
/// How long a request must have been half sent for that. Most come in one packet, and a telephone sends again within
/// this time what a bad network has lost.
const HALF_SENT: Duration = Duration::from_secs(2);
/// How long an answer must have been left for that. Longer, since what the system buffers for a slow telephone is
/// taken in steps of seconds.
const UNTAKEN: Duration = Duration::from_secs(5);
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

/// Why a connection may be closed for another of its address or network. The greatest is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Yields {
    /// It keeps the server waiting: first one of the address that has the most, then the one that has done so longest.
    Slow { of: usize, waited: Duration },
    /// It idles: nothing is lost.
    Idle,
}

impl Yields {
    /// Of a connection whose address has so many.
    fn of(pace: &Pace, of: usize) -> Option<Self> {
        let (awaited, waited) = pace.awaits()?;
        let (least, yields) = match awaited {
            Awaited::Request => (IDLED, Self::Idle),
            Awaited::Rest => (HALF_SENT, Self::Slow { of, waited }),
            Awaited::Taken => (UNTAKEN, Self::Slow { of, waited }),
        };
        (waited >= least).then_some(yields)
    }

    const fn order(self) -> Order {
        match self {
            Self::Slow { .. } => Order::Close,
            Self::Idle => Order::Finish,
        }
    }
}

impl Peer {
    /// The one to be closed of those whose turn it is to be looked at. That is the first that idles, where one does.
    fn first_to_go(&mut self) -> Option<(Yields, u64)> {
        let count = self.connections.len();
        let in_turn =
            self.connections.range(self.next..).chain(self.connections.range(..self.next));
        let mut found = None;
        for (number, pace) in in_turn.take(LOOKED_AT_MAX) {
            self.next = *number + 1;
            found = found.max(Yields::of(pace, count).map(|yields| (yields, *number)));
            if matches!(found, Some((Yields::Idle, _))) {
                break;
            }
        }
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

    /// Has it end. It counts no more from now on: as nothing of it is in work, it ends at once.
    fn end(&mut self, address: Address, number: u64, order: Order) -> bool {
        let found = self.remove(address, number);
        found.map(|pace| pace.tell(order)).is_some()
    }

    /// Closes one of an address for another of it.
    fn make_room(&mut self, address: Address) -> bool {
        let found = self.peers.get_mut(&address).and_then(Peer::first_to_go);
        found.is_some_and(|(yields, number)| self.end(address, number, yields.order()))
    }

    /// Closes one of whichever address for another of the network; each gets its turn to be looked at.
    fn make_room_of_any(&mut self) -> bool {
        let in_turn = self.peers.range(self.next..).chain(self.peers.range(..self.next));
        let addresses = in_turn.map(|(address, _)| *address).take(LOOKED_AT_MAX + 1);
        let addresses: Vec<Address> = addresses.collect();
        let mut found: Option<(Yields, u64, Address)> = None;
        let mut looked_at = 0;
        for (at, address) in addresses.iter().enumerate() {
            if looked_at >= LOOKED_AT_MAX || matches!(found, Some((Yields::Idle, ..))) {
                break;
            }
            looked_at += self.len(*address);
            self.next = *addresses.get(at + 1).unwrap_or(&addresses[0]);
            let first = self.peers.get_mut(address).and_then(Peer::first_to_go);
            found = found.max(first.map(|(yields, number)| (yields, number, *address)));
        }
        found.is_some_and(|(yields, number, address)| self.end(address, number, yields.order()))
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
            .filter(|(_, number, address)| self.end(*address, *number, Order::Finish))
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
    /// There is room because another of its address, or of its network, was closed.
    InsteadOf(Connection<'a>),
    /// Its address or network has as many as it may have, and none of them was found that may be closed.
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
            let has_room = if is_own { group.make_room(address) } else { group.make_room_of_any() };
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

    /// Closes those for which the server has been waiting for so long; how many there were. A balancer has its own idea
    /// of how many connections it keeps for its next requests, and would lose the one that it sends just then.
    pub fn close_waiting(&self, waited: Duration) -> usize {
        let mut open = self.open();
        let mut closed = 0;
        for group in open.groups.values_mut() {
            let mut found = Vec::new();
            for (address, peer) in &group.peers {
                let stays = |pace: &Pace| address.is_none() && pace.is_kept();
                let waits = |pace: &Pace| pace.waited().is_some_and(|so_far| so_far >= waited);
                let all = peer.connections.iter();
                let those = all.filter(|(_, pace)| waits(pace) && !stays(pace));
                found.extend(those.map(|(number, _)| (*address, *number)));
            }
            let those = found.into_iter();
            closed += those.filter(|(of, number)| group.end(*of, *number, Order::Close)).count();
        }
        closed
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
    use super::super::pace::PacedIo;
    use super::*;
    use std::time::Instant;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

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

    /// Has it be in the middle of a request.
    async fn half_send(connection: &Connection<'_>) {
        let mut io = PacedIo::new(&b"GET / HTTP/1.1\r\nx-slow: "[..], Arc::clone(&connection.pace));
        assert!(io.read(&mut [0; 64]).await.unwrap() > 0);
    }

    /// Adds one of an address as soon as another makes room.
    fn add_instead<'a>(all: &'a Connections, address: &str) -> Connection<'a> {
        let since = Instant::now();
        loop {
            match all.add(ip(address), MOST) {
                Added::Free(_) => panic!("there is no room"),
                Added::InsteadOf(connection) => break connection,
                Added::Full => assert!(since.elapsed() < 5 * HALF_SENT, "none made room"),
            }
            std::thread::sleep(HALF_SENT / 40);
        }
    }

    fn is_kept(all: &Connections, connection: &Connection<'_>) -> bool {
        let open = all.open();
        let group = open.groups.get(&group_of(connection.address));
        let peer = group.and_then(|group| group.peers.get(&connection.address));
        peer.is_some_and(|peer| peer.connections.contains_key(&connection.number))
    }

    /// Whoever has all connections of an address send a byte now and then keeps out nobody who is behind the same one.
    #[tokio::test]
    async fn requests_half_sent_make_room_and_streams_do_not() {
        let all = Connections::default();
        let [stream, first, second] = [(); MOST].map(|()| free(&all, "192.0.2.7").unwrap());
        stream.pace.streams(true);
        let mut events = PacedIo::new(Vec::new(), Arc::clone(&stream.pace));
        events.write_all(b":\n\n").await.unwrap();
        events.flush().await.unwrap();
        half_send(&first).await;
        std::thread::sleep(Duration::from_millis(20));
        half_send(&second).await;
        assert!(matches!(all.add(ip("192.0.2.7"), MOST), Added::Full), "it has time");
        let fan = add_instead(&all, "192.0.2.7");
        assert_eq!(first.pace.told().await, Order::Close, "the one that has been slow longest");
        assert!(is_kept(&all, &second));
        let other = add_instead(&all, "192.0.2.7");
        assert!(!is_kept(&all, &second) && is_kept(&all, &stream));
        for fan in [&fan, &other] {
            half_send(fan).await;
        }
        assert!(matches!(all.add(ip("192.0.2.7"), MOST), Added::Full), "nobody is idle or slow");
        drop((stream, first, second, fan, other));
        assert!(all.open().groups.is_empty());
    }

    /// Whatever idles goes before it: nothing is lost.
    #[tokio::test]
    async fn what_idles_goes_before_what_is_half_sent() {
        let all = Connections::default();
        let [slow, idle, other] = [(); MOST].map(|()| free(&all, "192.0.2.7").unwrap());
        half_send(&slow).await;
        half_send(&other).await;
        std::thread::sleep(IDLED.max(HALF_SENT) + Duration::from_millis(10));
        let fan = add_instead(&all, "192.0.2.7");
        assert_eq!(idle.pace.told().await, Order::Finish);
        assert!(is_kept(&all, &slow) && is_kept(&all, &other));
        drop((slow, idle, other, fan));
    }

    /// An answer is given longer to be taken than a request to come.
    #[tokio::test]
    async fn an_answer_that_is_not_taken_makes_room_later() {
        let all = Connections::default();
        let deaf = [(); MOST].map(|()| free(&all, "192.0.2.7").unwrap());
        let since = Instant::now();
        for deaf in &deaf {
            let mut io = PacedIo::new(Vec::new(), Arc::clone(&deaf.pace));
            io.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
        }
        let fan = add_instead(&all, "192.0.2.7");
        assert!(since.elapsed() >= UNTAKEN);
        drop((deaf, fan));
    }

    /// In a full network it is the address with the most that loses first, however long its neighbours have been slow.
    #[tokio::test]
    async fn slow_neighbours_of_a_large_address_keep_theirs() {
        let all = Connections::default();
        let mut neighbours = Vec::new();
        for n in 0..NETWORK_SHARES * MOST - MOST {
            let neighbour = free(&all, &format!("2001:db8:1:{:x}::", n + 2)).unwrap();
            half_send(&neighbour).await;
            neighbours.push(neighbour);
        }
        std::thread::sleep(Duration::from_millis(20));
        let large = [(); MOST].map(|()| free(&all, "2001:db8:1:1::").unwrap());
        for slow in &large {
            half_send(slow).await;
        }
        std::thread::sleep(HALF_SENT + Duration::from_millis(10));
        let fans = ["2001:db8:1:fff1::", "2001:db8:1:fff2::"];
        let fans = fans.map(|address| add_instead(&all, address));
        assert_eq!(large.iter().filter(|slow| is_kept(&all, slow)).count(), MOST - fans.len());
        assert!(neighbours.iter().all(|neighbour| is_kept(&all, neighbour)));
        drop((neighbours, large, fans));
        assert!(all.open().groups.is_empty());
    }

    /// Each is told of once, and counts no more.
    #[tokio::test]
    async fn what_keeps_a_crowded_server_waiting_is_closed_once() {
        let all = Connections::default();
        let (slow, kept) = (free(&all, "192.0.2.7").unwrap(), free(&all, "192.0.2.8").unwrap());
        half_send(&slow).await;
        std::thread::sleep(Duration::from_secs(1));
        half_send(&kept).await;
        assert_eq!(all.close_waiting(Duration::from_secs(1)), 1);
        assert_eq!(slow.pace.told().await, Order::Close);
        assert_eq!(all.close_waiting(Duration::from_secs(1)), 0);
        assert!(is_kept(&all, &kept));
        drop((slow, kept));
        assert!(all.open().groups.is_empty());
    }

    /// In a network with a /64 for each telephone, whoever comes takes the place of one that is idle.
    #[test]
    fn idle_connections_of_a_network_make_room() {
        let all = Connections::default();
        let many = 0..NETWORK_SHARES * MOST;
        let kept: Vec<_> =
            many.map(|n| free(&all, &format!("2001:db8:1:{n:x}::")).unwrap()).collect();
        let new = add_instead(&all, "2001:db8:1:ffff::");
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
