//! Wrong and right passwords of late: in memory, bounded, by address and account together. So somebody who guesses is
//! slowed down, and cannot lock the account's owner out from elsewhere.

use super::fair::{Asked, Flow, Share, TURN, Turn};
use crate::networks::{WIDE_SHARES, wide};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Wrong passwords that are free: people mistype.
const FREE: u32 = 5;
/// The delay after the first that is not free; it doubles with each.
const DELAY_FIRST: Duration = Duration::from_secs(1);
/// The longest delay.
const DELAY_MAX: Duration = Duration::from_secs(300);
/// After this time without a wrong password, all is forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(3_600);
/// Pairs and addresses that are remembered, each. Beyond it the oldest are forgotten.
const REMEMBERED_MAX: usize = 100_000;
/// How far one turn puts an address back that failed lately.
const SUSPECT_STEP: u64 = 8 * TURN;
/// How far one turn puts a wide network back.
const WIDE_STEP: u64 = TURN / WIDE_SHARES as u64;
/// How far the turn of an account that is known there puts an address, or a wide network, back among those that others
/// know: thousands of neighbours who are known go soon, and one address with hundreds of accounts of its own does not
/// go before everybody else.
const KNOWN_STEP: u64 = TURN / 16;

/// Who signs in, to which account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who {
    address: Option<Flow>,
    network: Option<Flow>,
    /// The wide network of an IPv6 address, and it with the account.
    wide: Option<(Flow, Flow)>,
    /// The address and the wide network among those that know their accounts.
    knows: [Option<Flow>; 2],
    account: Flow,
    pair: Flow,
}

impl Who {
    /// What a wrong password counts for.
    fn tried(self) -> impl Iterator<Item = Flow> {
        std::iter::once(self.pair).chain(self.wide.map(|(_, wide)| wide))
    }

    /// The flows of the address, of which one turn puts the address back so far. Without an address each pair is by
    /// itself.
    fn flows(self, step: u64) -> Vec<Share> {
        let address = self.address.unwrap_or(self.pair);
        let wide = self.wide.map(|(wide, _)| (wide, WIDE_STEP));
        std::iter::once((address, step)).chain(wide).collect()
    }

    /// The flows of an account that is known there. They are apart from those of the address, so that unknown ones
    /// keep it from nothing.
    fn known_flows(self) -> Vec<Share> {
        let knows = self.knows.into_iter().flatten().map(|flow| (flow, KNOWN_STEP));
        std::iter::once((self.pair, TURN)).chain(knows).collect()
    }
}

/// The network of an address, of the size in which networks are given out: one customer easily has so many addresses.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << 8)).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 80)).into(),
    }
}

#[derive(Clone, Copy)]
struct Wrong {
    count: u32,
    last: Instant,
}

impl Wrong {
    fn count_at(&self, now: Instant) -> u32 {
        let old = now.saturating_duration_since(self.last) >= FORGET_AFTER;
        if old { 0 } else { self.count }
    }

    /// Until when the next one has to wait, where so many are free.
    fn until(&self, free: u32) -> Instant {
        let doubled = self.count.checked_sub(free).map(|more| 1_u32.checked_shl(more));
        match doubled {
            None => self.last,
            Some(factor) => {
                let factor = factor.unwrap_or(u32::MAX);
                self.last + DELAY_FIRST.saturating_mul(factor).min(DELAY_MAX)
            }
        }
    }
}

/// See the module.
#[derive(Default)]
pub struct Guesses {
    hasher: RandomState,
    /// By address and account.
    wrong: HashMap<Flow, Wrong>,
    /// How many are being checked now, by address and account. Each counts as a wrong one until it is right.
    looked_at: HashMap<Flow, u32>,
    /// By address.
    suspects: HashMap<Flow, Wrong>,
    /// Addresses and accounts with a right password, and when.
    known: HashMap<Flow, Instant>,
}

/// Makes room for one more by forgetting old ones.
fn make_room<V>(of: &mut HashMap<Flow, V>, now: Instant, last: impl Fn(&V) -> Instant) {
    if of.len() < REMEMBERED_MAX {
        return;
    }
    of.retain(|_, value| now.saturating_duration_since(last(value)) < FORGET_AFTER);
    if of.len() >= REMEMBERED_MAX {
        // The older half at once, so that this is seldom done.
        let mut times: Vec<Instant> = of.values().map(&last).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        of.retain(|_, value| last(value) > median);
    }
}

impl Guesses {
    /// Numbers for somebody who signs in. They are keyed anew at each start, so that nobody can make two of them equal.
    pub fn who(&self, address: Option<IpAddr>, account: &str) -> Who {
        Who {
            address: address.map(|address| self.hasher.hash_one(("address", address))),
            network: address.map(|address| self.hasher.hash_one(("network", network(address)))),
            wide: address.and_then(wide).map(|wide| {
                (
                    self.hasher.hash_one(("wide", wide)),
                    self.hasher.hash_one(("wide", wide, account)),
                )
            }),
            knows: [
                address.map(|address| self.hasher.hash_one(("knows", address))),
                address.and_then(wide).map(|wide| self.hasher.hash_one(("wide knows", wide))),
            ],
            account: self.hasher.hash_one(("account", account)),
            pair: self.hasher.hash_one(("pair", address, account)),
        }
    }

    /// How long this address has to wait before it may try this account again. All addresses of a wide network
    /// together are delayed as well, but for those where the account signed in before.
    pub fn delay(&self, who: Who, now: Instant) -> Option<Duration> {
        let of = |flow: Flow, free: u32| {
            let none = Wrong { count: 0, last: now };
            let wrong = self.wrong.get(&flow).map_or(none, |wrong| *wrong);
            let wrong = match self.looked_at.get(&flow) {
                Some(more) => Wrong { count: wrong.count_at(now).saturating_add(*more), last: now },
                None => wrong,
            };
            wrong.until(free).saturating_duration_since(now)
        };
        let of_wide = who.wide.filter(|_| !self.known.contains_key(&who.pair));
        let of_wide = of_wide.map_or(Duration::ZERO, |(_, wide)| of(wide, FREE * WIDE_SHARES));
        let wait = of(who.pair, FREE).max(of_wide);
        (!wait.is_zero()).then_some(wait)
    }

    /// Address and account together, where the account was made or signed in there lately.
    pub fn known_pair(&self, who: Who) -> Option<Flow> {
        self.known.contains_key(&who.pair).then_some(who.pair)
    }

    /// Its turn has come: whether it may still be checked. Many may have waited that were each allowed when they came.
    /// If it may, [`Guesses::looked`] must follow.
    ///
    /// # Errors
    /// How long it has to wait instead.
    pub fn look(&mut self, who: Who, now: Instant) -> Result<(), Duration> {
        if let Some(delay) = self.delay(who, now) {
            return Err(delay);
        }
        for flow in who.tried() {
            *self.looked_at.entry(flow).or_default() += 1;
        }
        Ok(())
    }

    /// It has been checked.
    pub fn looked(&mut self, who: Who) {
        for flow in who.tried() {
            if let Entry::Occupied(mut count) = self.looked_at.entry(flow) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
        }
    }

    /// The turn of somebody who signs in. Those who signed in from there before are only behind themselves and, each by
    /// a small part of a turn, behind the others of the address who did; an address that failed lately gets fewer turns.
    pub fn turn(&self, who: Who, now: Instant) -> Turn {
        if self.known.contains_key(&who.pair) {
            return Turn { flows: who.known_flows(), name: (who.account, TURN), asked: None };
        }
        let suspect = |suspect: &Wrong| {
            suspect.count >= FREE && now.saturating_duration_since(suspect.last) < FORGET_AFTER
        };
        let guessed = self.wrong.contains_key(&who.pair);
        let failed = guessed
            || who.address.is_some_and(|address| self.suspects.get(&address).is_some_and(suspect));
        let step = |slow| if slow { SUSPECT_STEP } else { TURN };
        let asked = Asked {
            about: who.account,
            address: who.address.unwrap_or(0),
            network: who.network.unwrap_or(0),
            has_failed: failed,
        };
        // As the name was typed, whether there is such an account or not: nobody learns that by how long it takes.
        let name = (who.account, step(guessed));
        Turn { flows: who.flows(step(failed)), name, asked: Some(asked) }
    }

    /// Notes whether the password was right.
    pub fn note(&mut self, who: Who, fitted: bool, now: Instant) {
        if fitted {
            make_room(&mut self.known, now, |at| *at);
            self.known.insert(who.pair, now);
            self.wrong.remove(&who.pair);
            return;
        }
        let add = |of: &mut HashMap<Flow, Wrong>, flow: Flow| {
            make_room(of, now, |wrong| wrong.last);
            let wrong = of.entry(flow).or_insert(Wrong { count: 0, last: now });
            *wrong = Wrong { count: wrong.count_at(now).saturating_add(1), last: now };
        };
        for flow in who.tried() {
            add(&mut self.wrong, flow);
        }
        if let Some(address) = who.address {
            add(&mut self.suspects, address);
        }
    }

    /// The turn of somebody who signs up.
    pub fn sign_up_turn(who: Who) -> Turn {
        Turn { flows: who.flows(TURN), name: (who.account, TURN), asked: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passwords::fair::FairQueue;

    fn from(guesses: &Guesses, last: u8, account: &str) -> Who {
        guesses.who(Some(IpAddr::from([192, 0, 2, last])), account)
    }

    fn wrong(guesses: &mut Guesses, who: Who, times: u32, now: Instant) {
        for _ in 0..times {
            guesses.note(who, false, now);
        }
    }

    #[test]
    fn the_delay_grows_for_who_guesses_and_for_nobody_else() {
        let (mut guesses, now) = (Guesses::default(), Instant::now());
        let (guesser, owner) = (from(&guesses, 1, "mina"), from(&guesses, 2, "mina"));
        let other = from(&guesses, 1, "jun");
        wrong(&mut guesses, guesser, FREE - 1, now);
        assert_eq!(guesses.delay(guesser, now), None, "people mistype");
        let seconds = |guesses: &Guesses| guesses.delay(guesser, now).map(|delay| delay.as_secs());
        let mut delays = Vec::new();
        for _ in 0..12 {
            wrong(&mut guesses, guesser, 1, now);
            delays.extend(seconds(&guesses));
        }
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        wrong(&mut guesses, guesser, 1_000, now);
        assert_eq!(seconds(&guesses), Some(300));
        assert_eq!((guesses.delay(owner, now), guesses.delay(other, now)), (None, None));
        assert_eq!(guesses.delay(guesser, now + DELAY_MAX), None);
        guesses.note(guesser, true, now);
        assert_eq!(guesses.delay(guesser, now), None, "it fitted");
    }

    /// 7a: passwords that are checked at the same time count as wrong until they are right.
    #[test]
    fn guesses_at_once_are_as_many_as_one_after_another() {
        let (mut guesses, now) = (Guesses::default(), Instant::now());
        let who = from(&guesses, 1, "mina");
        for _ in 0..FREE {
            assert_eq!(guesses.look(who, now), Ok(()));
        }
        assert_eq!(guesses.look(who, now), Err(DELAY_FIRST));
        for _ in 0..FREE {
            guesses.note(who, false, now);
            guesses.looked(who);
        }
        assert!(guesses.looked_at.is_empty());
        let later = now + DELAY_FIRST;
        assert_eq!(guesses.look(who, later), Ok(()));
        assert_eq!(guesses.look(who, later), Err(2 * DELAY_FIRST), "one at a time");
        guesses.note(who, true, later);
        guesses.looked(who);
        assert_eq!(guesses.look(who, later), Ok(()), "it fitted");
    }

    #[test]
    fn addresses_of_one_network_are_told_by_it() {
        let guesses = Guesses::default();
        let of = |address: &str| guesses.who(Some(address.parse().unwrap()), "mina").network;
        assert_eq!(of("192.0.2.1"), of("192.0.2.255"));
        assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
        assert_eq!(of("2001:db8:1::1"), of("2001:db8:1:ffff::2"));
        assert_ne!(of("2001:db8:1::1"), of("2001:db8:2::1"));
    }

    /// A wide network that guesses from one address after another is delayed as a whole, and is one flow besides.
    #[test]
    fn a_wide_network_guesses_sixteen_times_as_often_as_an_address() {
        let (mut guesses, now) = (Guesses::default(), Instant::now());
        let of = |guesses: &Guesses, net: u16, n: u16| {
            guesses.who(Some([0x2001, 0xdb8, net, n, 0, 0, 0, 0].into()), "mina")
        };
        let owner = of(&guesses, 1, 9_999);
        guesses.note(owner, true, now);
        let mut tried = 0;
        while tried < 1_000 && guesses.look(of(&guesses, 1, tried), now).is_ok() {
            let who = of(&guesses, 1, tried);
            guesses.note(who, false, now);
            guesses.looked(who);
            tried += 1;
        }
        assert_eq!(u32::from(tried), FREE * WIDE_SHARES);
        assert!(guesses.looked_at.is_empty());
        assert_eq!(guesses.delay(of(&guesses, 1, 2_000), now), Some(DELAY_FIRST));
        assert_eq!(guesses.delay(of(&guesses, 2, 2_000), now), None, "another network");
        assert_eq!(guesses.delay(owner, now), None, "it is known there");
        let flows = |who| guesses.turn(who, now).flows;
        let (one, other) = (flows(of(&guesses, 1, 3_000)), flows(of(&guesses, 1, 3_001)));
        assert_eq!((one[1], other[1].1), (other[1], WIDE_STEP));
        assert_ne!(one[0], other[0]);
    }

    #[test]
    fn it_is_forgotten_after_a_while() {
        let (mut guesses, now) = (Guesses::default(), Instant::now());
        let who = from(&guesses, 1, "mina");
        wrong(&mut guesses, who, 20, now);
        let later = now + FORGET_AFTER;
        wrong(&mut guesses, who, 1, later);
        assert_eq!(guesses.delay(who, later), None);
    }

    #[test]
    fn who_fitted_is_behind_nobody_and_who_failed_has_fewer_turns() {
        let (mut guesses, now) = (Guesses::default(), Instant::now());
        let (guesser, owner) = (from(&guesses, 1, "mina"), from(&guesses, 2, "mina"));
        assert_eq!(guesses.turn(owner, now).asked.map(|asked| asked.about), Some(owner.account));
        guesses.note(owner, true, now);
        wrong(&mut guesses, guesser, FREE, now);
        let known = guesses.turn(owner, now);
        assert_eq!((known.flows[0], known.name), ((owner.pair, TURN), (owner.account, TURN)));
        assert_eq!((known.flows.len(), known.flows[1].1, known.asked), (2, KNOWN_STEP, None));
        let unknown = guesses.turn(from(&guesses, 2, "jun"), now);
        assert!(known.flows.iter().all(|(flow, _)| unknown.flows.iter().all(|(of, _)| of != flow)));
        let step = |who, now| guesses.turn(who, now).flows[0].1;
        assert_eq!(step(guesser, now), SUSPECT_STEP);
        let elsewhere = from(&guesses, 1, "another");
        assert_eq!(step(elsewhere, now), SUSPECT_STEP, "the address failed");
        assert_eq!(step(elsewhere, now + FORGET_AFTER), TURN);
        // A neighbour's name is no slower among the names of the address.
        assert_eq!(guesses.turn(guesser, now).name.1, SUSPECT_STEP);
        assert_eq!(guesses.turn(elsewhere, now).name.1, TURN);
        let nobody = guesses.who(None, "mina");
        assert_eq!(guesses.turn(nobody, now).flows, [(nobody.pair, TURN)]);
    }

    /// An address that made hundreds of accounts of its own has a part of the turns, whether by IPv4 or from many
    /// addresses of a wide network; an account of theirs goes before the unknown ones there all the same.
    #[test]
    fn one_address_with_many_known_accounts_keeps_nobody_else_out() {
        let addresses: [fn(u16) -> IpAddr; 2] = [
            |_| IpAddr::from([203, 0, 113, 50]),
            |n| IpAddr::from([0x2001, 0xdb8, 1, n, 0, 0, 0, 0]),
        ];
        for address in addresses {
            let (mut guesses, now) = (Guesses::default(), Instant::now());
            let mut queue = FairQueue::new(512);
            for n in 0..800 {
                let who = guesses.who(Some(address(n)), &format!("own{n}"));
                guesses.note(who, true, now);
                queue.push(guesses.turn(who, now), "own");
            }
            let stranger = from(&guesses, 1, "mina");
            assert_eq!(queue.push(guesses.turn(stranger, now), "mina"), Some("own"));
            let order = std::iter::from_fn(|| queue.pop()).take(40).collect::<Vec<_>>();
            assert!(order.contains(&"mina"), "{order:?}");
        }
        let (mut guesses, now) = (Guesses::default(), Instant::now());
        let mut queue = FairQueue::new(512);
        let known = from(&guesses, 1, "mina");
        guesses.note(known, true, now);
        for n in 0..600 {
            queue.push(guesses.turn(from(&guesses, 1, &format!("{n}")), now), "unknown");
        }
        queue.push(guesses.turn(known, now), "mina");
        assert_eq!([queue.pop(), queue.pop()][1], Some("mina"));
    }

    #[test]
    fn memory_has_an_end() {
        let (mut guesses, start) = (Guesses::default(), Instant::now());
        for n in 0..u64::try_from(REMEMBERED_MAX).unwrap() + 10 {
            let who = guesses.who(None, &n.to_string());
            guesses.note(who, false, start + Duration::from_millis(n));
        }
        assert!(guesses.wrong.len() <= REMEMBERED_MAX);
        let last = guesses.who(None, &(REMEMBERED_MAX + 9).to_string());
        assert!(guesses.wrong.contains_key(&last.pair), "the oldest are forgotten");
    }

    /// A memory that is filled forgets guessers that came before; whoever goes on guessing is delayed all the same.
    #[test]
    fn a_full_memory_switches_no_delay_off() {
        let (mut guesses, start) = (Guesses::default(), Instant::now());
        let fill = |guesses: &mut Guesses, from: usize, count: usize, now: Instant| {
            for n in from..from + count {
                let who = guesses.who(None, &n.to_string());
                guesses.note(who, false, now);
            }
        };
        fill(&mut guesses, 0, REMEMBERED_MAX, start);
        let now = start + Duration::from_secs(1);
        let who = from(&guesses, 1, "mina");
        let mut checked = 0;
        for round in 0..20 {
            fill(&mut guesses, (round + 2) * REMEMBERED_MAX, 1_000, now);
            if guesses.look(who, now).is_ok() {
                guesses.note(who, false, now);
                guesses.looked(who);
                checked += 1;
            }
        }
        assert_eq!(checked, FREE, "{} are remembered", guesses.wrong.len());
        assert!(guesses.wrong.len() <= REMEMBERED_MAX);
    }
}
