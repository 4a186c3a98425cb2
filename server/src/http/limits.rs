//! How often one account and one address may ask for what: in memory, before anything is decided.
//! Limits by account are tight and count whom a verified token names, so that nobody spends another's.
//! Limits by address are wide, since thousands of fans may stand behind one address of a mobile
//! carrier: they meet floods. They count only what is unknown, so that whoever floods from such an
//! address keeps none of those out who are known there.

use super::address::Client;
use super::extract::API_KEY;
use super::problem::{Code, Problem};
use super::push::seats::LAST_EVENT_ID;
use crate::metrics::{LimitLabels, Metrics};
use crate::networks::{WIDE_SHARES, wide};
use crate::passwords::Gate;
use crate::rates::{Limiter, Rate, TENTHS, Told};
use axum::extract::FromRequestParts;
use boxoffice_core::id::{UserId, Uuid};
use hyper::http::request::Parts;
use hyper::{HeaderMap, StatusCode};
use std::convert::Infallible;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Accounts, or addresses, that each limit remembers; beyond it, who is nearest to new is forgotten.
pub const KEYS_MAX: usize = 262_144;

/// Tenths of its cost that is given back for what came to nothing. Not all of them: it was looked at.
const GIVEN_BACK: u32 = 9;

/// How long a password may have to wait for its address' limit until that is answered instead.
const GATED_MAX: Duration = Duration::from_secs(2);

/// What a full map, a whole compact one, and what changed since a version cost of `limit_maps`.
const MAP_COSTS: [u32; 3] = [10, 3, 1];

/// What a route asks of the server, and so what limits it. A request of any but [`Class::Free`] that brings
/// no genuine token is within `limit_requests` of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// No limit at all; why.
    Free(&'static str),
    /// Answered from memory, for anybody: by address only.
    Browse,
    /// Answered from memory for whoever waits. How often one may ask is told with each answer, and is
    /// no limit of this table.
    Poll,
    /// Makes an account: hashes a password. By address, once there is a password to hash.
    SignUp,
    /// Checks a password. By address, once there is a password to check; an account that signed in from
    /// there before by itself. Turns are a matter of [`crate::passwords`].
    SignIn,
    /// Renews or ends a session. By account.
    Refresh,
    /// Asks who is signed in for the password, and changes the account. By account.
    Account,
    /// Takes or leaves a place in line. By account.
    Join,
    /// Holds or releases seats. By account.
    Hold,
    /// Charges or pays. By account.
    Pay,
    /// Reads what is the account's own from the database. By account.
    Read,
    /// Reads a seat map. By account, a full one at the cost of many small ones.
    Map,
    /// A stream of events of a place, limited as a [`Class::Poll`].
    PlaceStream,
    /// A stream of events of a date's seats, limited as a compact [`Class::Map`].
    SeatStream,
    /// An operator's, or what few read and is large. By key; one that is not known, which costs a look into the
    /// database, by address, as what comes without one.
    Operator,
}

impl Class {
    /// Whether something of the account's own is counted.
    #[must_use]
    pub const fn is_by_account(self) -> bool {
        use Class::{Account, Hold, Join, Map, Pay, Read, Refresh, SeatStream};
        matches!(self, Account | Refresh | Join | Hold | Pay | Read | Map | SeatStream)
    }

    /// Whether the answer is a stream of events.
    #[must_use]
    pub const fn is_stream(self) -> bool {
        matches!(self, Self::PlaceStream | Self::SeatStream)
    }
}

/// The rates, as the settings of the same names give them.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each is described at its setting")]
pub struct Rates {
    pub joins: Rate,
    pub holds: Rate,
    pub payments: Rate,
    pub reads: Rate,
    pub maps: Rate,
    pub refreshes: Rate,
    pub sign_ups: Rate,
    pub sign_ins: Rate,
    pub operators: Rate,
    pub requests: Rate,
}

/// For whom a request is counted.
#[derive(Clone, Copy, Debug)]
enum Payer {
    /// An account that a verified token names, and at what cost.
    Account(UserId, NonZeroU32),
    /// An address and an account that fitted there before.
    Pair(u64),
    /// An address, in the limit of the request's class.
    Address,
    /// Counted or refused, and nothing is given back.
    Settled,
}

/// A request on its way through the limits. Whoever learns for whom it counts notes it here; a request
/// that nobody is found for is counted for its address in the end.
#[derive(Clone, Debug)]
pub struct Asked(Arc<Way>);

#[derive(Debug)]
struct Way {
    class: Class,
    client: Client,
    payer: OnceLock<Payer>,
}

impl Asked {
    /// A request of this class, from there.
    #[must_use]
    pub fn new(class: Class, client: Client) -> Self {
        Self(Arc::new(Way { class, client, payer: OnceLock::new() }))
    }

    /// For whom it counts, where enough could be taken: what was refused has nothing to get back.
    fn is_for(&self, payer: Payer, taken: Result<(), Problem>) -> Result<(), Problem> {
        let payer = if taken.is_ok() { payer } else { Payer::Settled };
        // Whoever came first has paid.
        let _ = self.0.payer.set(payer);
        taken
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

impl Asked {
    /// That of a request; what no route has announced is not limited.
    pub(super) fn of(parts: &Parts) -> Self {
        let free = || Self::new(Class::Free("of no route"), Client(None));
        parts.extensions.get().cloned().unwrap_or_else(free)
    }
}

/// A limit's name, and what it counts by.
type Name = (&'static str, &'static str);

/// Polls of a place that come far too early: `poll_burst`, and one a second.
const POLLS: Name = ("polls", "place");

/// Keys and how often each may do something.
type By<K> = (&'static str, &'static str, Limiter<K>);

/// Addresses, and how often each may do something; beside them the wide networks of IPv6, so that nobody who has all
/// the addresses of one has a share for each.
struct ByAddress {
    one: By<IpAddr>,
    wide: By<IpAddr>,
}

impl ByAddress {
    fn wait(&self, address: &IpAddr) -> Duration {
        let of_wide = wide(*address).map_or(Duration::ZERO, |wide| self.wide.2.wait(&wide));
        self.one.2.wait(address).max(of_wide)
    }

    fn give_back(&self, address: &IpAddr, tenths: u32) {
        self.one.2.give_back(address, NonZeroU32::MIN, tenths);
        if let Some(wide) = wide(*address) {
            self.wide.2.give_back(&wide, NonZeroU32::MIN, tenths);
        }
    }
}

/// See the module.
pub struct Limits {
    joins: By<UserId>,
    holds: By<UserId>,
    payments: By<UserId>,
    reads: By<UserId>,
    maps: By<UserId>,
    refreshes: By<UserId>,
    known_sign_ins: By<u64>,
    known_operators: By<Uuid>,
    sign_ups: ByAddress,
    sign_ins: ByAddress,
    forged: ByAddress,
    operators: ByAddress,
    requests: ByAddress,
    metrics: Arc<Metrics>,
}

impl Limits {
    /// Limits of these rates.
    #[must_use]
    pub fn new(rates: Rates, metrics: Arc<Metrics>) -> Self {
        fn of<K: Hash + Eq + Clone>((limit, by): Name, rate: Rate, metrics: &Metrics) -> By<K> {
            let labels = LimitLabels { limit, by };
            drop(metrics.limited.get_or_create(&labels));
            let keys = metrics.limit_keys.get_or_create_owned(&labels);
            let evicted = metrics.limit_evicted.get_or_create_owned(&labels);
            (limit, by, Limiter::new(rate, KEYS_MAX, Told { keys, evicted }))
        }
        let by_address = |limit, rate: Rate| ByAddress {
            one: of((limit, "address"), rate, &metrics),
            wide: of((limit, "network"), rate.times(WIDE_SHARES), &metrics),
        };
        let (limit, by) = POLLS;
        drop(metrics.limited.get_or_create(&LimitLabels { limit, by }));
        Self {
            joins: of(("joins", "account"), rates.joins, &metrics),
            holds: of(("holds", "account"), rates.holds, &metrics),
            payments: of(("payments", "account"), rates.payments, &metrics),
            reads: of(("reads", "account"), rates.reads, &metrics),
            maps: of(("maps", "account"), rates.maps, &metrics),
            refreshes: of(("refreshes", "account"), rates.refreshes, &metrics),
            // As often as a session is renewed: a sign-in makes one as well.
            known_sign_ins: of(("sign_ins", "account"), rates.refreshes, &metrics),
            known_operators: of(("operators", "key"), rates.operators, &metrics),
            sign_ups: by_address("sign_ups", rates.sign_ups),
            sign_ins: by_address("sign_ins", rates.sign_ins),
            forged: by_address("forged_tokens", rates.sign_ins),
            operators: by_address("operators", rates.operators),
            requests: by_address("requests", rates.requests),
            metrics,
        }
    }

    /// Counts a request that needs no token, or an operator's that has no key: for its address. Others are
    /// counted once it is known for whom.
    ///
    /// # Errors
    /// There were too many.
    pub fn before(&self, asked: &Asked, headers: &HeaderMap) -> Result<(), Problem> {
        match asked.0.class {
            Class::Browse => {}
            Class::Operator if !headers.contains_key(API_KEY) => {}
            _ => return Ok(()),
        }
        asked.is_for(Payer::Settled, self.unknown(asked))
    }

    /// A poll that comes so much too early: places are counted by their queue's pacer.
    pub fn early(&self, ms: u64) -> Problem {
        self.too_many(POLLS, Duration::from_millis(ms))
    }

    /// Counts what is nobody's for its address.
    fn unknown(&self, asked: &Asked) -> Result<(), Problem> {
        self.address(&self.requests, asked)?;
        if asked.0.class == Class::Operator { self.unseen_key(asked) } else { Ok(()) }
    }

    /// Looks back at a request that is answered. One that nobody was counted for, since it brought no token,
    /// a forged one, or what is no request, is counted for its address; of what came to nothing a part is
    /// given back.
    ///
    /// # Errors
    /// There were too many of an address: the answer is not given.
    pub fn after(&self, asked: &Asked, status: StatusCode) -> Result<(), Problem> {
        let Way { class, client, payer } = &*asked.0;
        if matches!(class, Class::Free(_)) {
            return Ok(());
        }
        let Some(payer) = payer.get() else { return self.unknown(asked) };
        let back = match (class, status.as_u16()) {
            // Whoever has the password is no guesser; from now on the pair is known.
            (Class::SignIn, 201) => TENTHS,
            // Others were faster, or something is missing that may come: of those who are let in.
            (Class::Hold | Class::Pay, 409) => GIVEN_BACK,
            // Told to come again.
            (Class::Join | Class::Hold | Class::Pay, 503) => GIVEN_BACK,
            // No password was looked at.
            (Class::SignIn | Class::SignUp, 429 | 503) => GIVEN_BACK,
            _ => return Ok(()),
        };
        let one = NonZeroU32::MIN;
        match (payer, client.0) {
            (Payer::Account(user, cost), _) => {
                if let Some((.., limiter)) = self.of_account(*class) {
                    limiter.give_back(user, *cost, back);
                }
            }
            // A right password makes a session each time.
            (Payer::Pair(pair), _) => {
                self.known_sign_ins.2.give_back(pair, one, back % TENTHS);
            }
            (Payer::Address, Some(address)) => {
                let by = if *class == Class::SignUp { &self.sign_ups } else { &self.sign_ins };
                by.give_back(&address, back);
            }
            (Payer::Address | Payer::Settled, _) => {}
        }
        Ok(())
    }

    const fn of_account(&self, class: Class) -> Option<&By<UserId>> {
        match class {
            Class::Join => Some(&self.joins),
            Class::Hold => Some(&self.holds),
            Class::Pay => Some(&self.payments),
            // Of those who show who they are where they need not.
            Class::Read | Class::Browse => Some(&self.reads),
            Class::Map | Class::SeatStream => Some(&self.maps),
            Class::Refresh | Class::Account => Some(&self.refreshes),
            _ => None,
        }
    }

    /// Counts a request of the account that a token named which was verified, as its route's class says.
    ///
    /// # Errors
    /// It did too much of this kind.
    pub fn account(&self, asked: &Asked, user: UserId, cost: NonZeroU32) -> Result<(), Problem> {
        let by = self.of_account(asked.0.class);
        let taken = by.map_or(Ok(()), |by| self.take(by, &user, cost));
        asked.is_for(Payer::Account(user, cost), taken)
    }

    /// The same for a request whose cost its address tells.
    ///
    /// # Errors
    /// It did too much of this kind.
    pub fn request(&self, parts: &Parts, user: UserId) -> Result<(), Problem> {
        let asked = Asked::of(parts);
        let cost = match asked.0.class {
            class @ (Class::Map | Class::SeatStream) => map_cost(parts, class.is_stream()),
            _ => 1,
        };
        self.account(&asked, user, NonZeroU32::new(cost).unwrap_or(NonZeroU32::MIN))
    }

    /// Counts a sign-in whose password is going to be looked at, where the account was signed in to from there
    /// before: for `pair`, so that no neighbour keeps it out. Any other is counted for its address when its turn
    /// comes ([`Self::at_its_turn`]): a neighbour who floods takes nobody's turn.
    ///
    /// # Errors
    /// There were too many.
    pub fn sign_in(&self, asked: &Asked, pair: Option<u64>) -> Result<(), Problem> {
        let Some(pair) = pair else { return self.may_wait(&self.sign_ins, asked) };
        let taken = self.take(&self.known_sign_ins, &pair, NonZeroU32::MIN);
        asked.is_for(Payer::Pair(pair), taken)
    }

    /// Whether a sign-up may wait for its turn, when it is counted for its address ([`Self::at_its_turn`]).
    ///
    /// # Errors
    /// There were too many.
    pub fn sign_up(&self, asked: &Asked) -> Result<(), Problem> {
        self.may_wait(&self.sign_ups, asked)
    }

    fn may_wait(&self, by: &ByAddress, asked: &Asked) -> Result<(), Problem> {
        let Client(Some(address)) = asked.0.client else { return Ok(()) };
        let wait = by.wait(&address);
        if wait <= GATED_MAX {
            return Ok(());
        }
        asked.is_for(Payer::Settled, Err(self.too_many((by.one.0, by.one.1), wait)))
    }

    /// What counts a sign-in or sign-up for its address when its turn comes, and has it wait where there were too
    /// many. Who has paid goes at once.
    #[must_use]
    pub fn at_its_turn(self: &Arc<Self>, asked: &Asked) -> Gate {
        let (limits, asked) = (Arc::clone(self), asked.clone());
        Box::new(move || {
            let by = match asked.0.class {
                Class::SignUp => &limits.sign_ups,
                Class::SignIn => &limits.sign_ins,
                _ => return true,
            };
            if asked.0.payer.get().is_some() {
                return true;
            }
            let is_taken = limits.taken(by, &asked).is_ok();
            if is_taken {
                // Nobody else has: it has one turn at a time.
                let _ = asked.0.payer.set(Payer::Address);
            }
            is_taken
        })
    }

    /// Counts what a token is good for that nothing else limits, for the address.
    ///
    /// # Errors
    /// There were too many.
    pub fn unpaced(&self, asked: &Asked) -> Result<(), Problem> {
        self.address(&self.requests, asked)
    }

    /// Counts a token of a provider that is not genuine: for its address, apart from its sign-ins.
    ///
    /// # Errors
    /// There were too many.
    pub fn forged(&self, parts: &Parts) -> Result<(), Problem> {
        self.address(&self.forged, &Asked::of(parts))
    }

    /// Counts an operator's key that was not live when keys were read last: for its address.
    ///
    /// # Errors
    /// There were too many.
    pub fn unseen_key(&self, asked: &Asked) -> Result<(), Problem> {
        asked.is_for(Payer::Settled, self.address(&self.operators, asked))
    }

    /// Counts a request of an operator.
    ///
    /// # Errors
    /// There were too many with this key.
    pub fn operator(&self, asked: &Asked, key: Uuid) -> Result<(), Problem> {
        let taken = self.take(&self.known_operators, &key, NonZeroU32::MIN);
        asked.is_for(Payer::Settled, taken)
    }

    fn address(&self, by: &ByAddress, asked: &Asked) -> Result<(), Problem> {
        self.taken(by, asked).map_err(|(name, wait)| self.too_many(name, wait))
    }

    /// Takes one of an address and of its wide network, or of neither.
    fn taken(&self, by: &ByAddress, asked: &Asked) -> Result<(), (Name, Duration)> {
        let Client(Some(address)) = asked.0.client else { return Ok(()) };
        let one = NonZeroU32::MIN;
        by.one.2.take(&address, one).map_err(|wait| ((by.one.0, by.one.1), wait))?;
        let Some(wide) = wide(address) else { return Ok(()) };
        by.wide.2.take(&wide, one).map_err(|wait| {
            by.one.2.give_back(&address, one, TENTHS);
            ((by.wide.0, by.wide.1), wait)
        })
    }

    fn take<K: Hash + Eq + Clone>(
        &self,
        &(limit, by, ref limiter): &By<K>,
        key: &K,
        cost: NonZeroU32,
    ) -> Result<(), Problem> {
        limiter.take(key, cost).map_err(|wait| self.too_many((limit, by), wait))
    }

    fn too_many(&self, (limit, by): Name, wait: Duration) -> Problem {
        self.metrics.limited.get_or_create(&LimitLabels { limit, by }).inc();
        Problem::of(Code::RateLimited).after(whole_seconds(wait)).of_limit(limit)
    }
}

/// Rounded up, and never 0: whoever comes again after it is not too early.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).div_ceil(1000).max(1)
}

/// By the address alone: what the parameters mean is the handler's, which refuses what is wrong. A stream begins with
/// the compact form.
fn map_cost(parts: &Parts, is_stream: bool) -> u32 {
    let query = parts.uri.query().unwrap_or_default();
    let has = |start: &str| query.split('&').any(|pair| pair.starts_with(start));
    let since_given = has("since=") || parts.headers.contains_key(LAST_EVENT_ID);
    let [full, compact, since] = MAP_COSTS;
    match (is_stream || has("form=compact"), since_given) {
        (true, true) => since,
        (true, false) => compact,
        (false, _) => full,
    }
}
