//! Who is connected, by address, and who has to go where room is short: first whoever keeps the server waiting,
//! then the idle connections of those addresses that have the most.

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
struct Party {
    guests: BTreeMap<u64, Arc<Pace>>,
    /// The next to be looked at, so that each gets its turn.
    next: u64,
}

impl Party {
    /// Closes one that has idled.
    fn makes_room(&mut self) -> bool {
        let in_turn = self.guests.range(self.next..).chain(self.guests.range(..self.next));
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
        let leaves = self.guests.remove(&number);
        leaves.map(|pace| pace.tell(Order::Finish)).is_some()
    }

    /// Closes so many that are idle, the longest idle first; how many it were.
    fn shrink(&mut self, by: usize) -> usize {
        let idle = self.guests.iter().filter_map(|(number, pace)| Some((pace.idled()?, *number)));
        let mut idle: Vec<(Duration, u64)> = idle.collect();
        idle.sort_unstable_by(|a, b| b.cmp(a));
        idle.into_iter().take(by).filter(|(_, number)| self.finish(*number)).count()
    }
}

#[derive(Debug, Default)]
struct Book {
    /// What has no address that counts is in a party of its own.
    parties: HashMap<Option<IpAddr>, Party>,
    numbers: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Guests(Mutex<Book>);

/// A connection in the book. Dropped, it is out.
pub struct Guest<'a> {
    guests: &'a Guests,
    address: Option<IpAddr>,
    number: u64,
    /// Its pace.
    pub pace: Arc<Pace>,
}

/// Who comes in.
pub enum Entry<'a> {
    /// There was room.
    Free(Guest<'a>),
    /// There is room because another of its address was idle.
    InsteadOf(Guest<'a>),
    /// Its address has as many as it may have, and needs them all.
    Full,
}

impl Guests {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a connection of an address that may have so many.
    pub fn enter(&self, address: Option<IpAddr>, most: usize) -> Entry<'_> {
        let mut book = self.book();
        book.numbers += 1;
        let number = book.numbers;
        let party = book.parties.entry(address).or_default();
        let full = address.is_some() && party.guests.len() >= most;
        if full && !party.makes_room() {
            return Entry::Full;
        }
        let pace = Arc::<Pace>::default();
        party.guests.insert(number, Arc::clone(&pace));
        let guest = Guest { guests: self, address, number, pace };
        if full { Entry::InsteadOf(guest) } else { Entry::Free(guest) }
    }

    /// Has everybody leave for whom the server has been waiting for so long. A balancer has its own idea of how
    /// many connections it keeps for its next requests, and would lose the one that it sends just then.
    pub fn dismiss(&self, waited: Duration) {
        for (address, party) in &self.book().parties {
            for pace in party.guests.values() {
                let stays = address.is_none() && pace.is_kept();
                if !stays && pace.waited().is_some_and(|so_far| so_far >= waited) {
                    pace.tell(Order::Leave);
                }
            }
        }
    }

    /// Closes up to so many idle connections of those addresses that have more than `share`, the largest first;
    /// how many it were.
    pub fn level(&self, share: usize, mut wanted: usize) -> usize {
        let mut book = self.book();
        let counted = book.parties.iter_mut().filter(|(address, _)| address.is_some());
        let mut large: Vec<&mut Party> =
            counted.map(|(_, party)| party).filter(|party| party.guests.len() > share).collect();
        large.sort_unstable_by_key(|party| std::cmp::Reverse(party.guests.len()));
        let mut closed = 0;
        for party in large {
            let gone = party.shrink(wanted.min(party.guests.len() - share));
            (closed, wanted) = (closed + gone, wanted - gone);
        }
        closed
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        let mut book = self.guests.book();
        if let Some(party) = book.parties.get_mut(&self.address) {
            party.guests.remove(&self.number);
            if party.guests.is_empty() {
                book.parties.remove(&self.address);
            }
        }
    }
}
