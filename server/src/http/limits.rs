//! How often one account and one address may ask for what: in memory, before anything is decided.
//! Limits by account are tight and count whom a verified token names, so that nobody spends another's.
//! Limits by address are wide, since thousands of fans may stand behind one address of a mobile
//! carrier: they meet floods.

use super::address::Client;
use super::problem::Problem;
use crate::metrics::{LimitLabels, Metrics};
use crate::rates::{Limiter, Rate};
use boxoffice_core::id::UserId;
use hyper::http::request::Parts;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// Accounts, or addresses, that each limit remembers. As many honest fans would have to ask within
/// some ten seconds; beyond it, those who are new are not limited.
pub const KEYS_MAX: usize = 262_144;

/// What a full map, a whole compact one, and what changed since a version cost of `limit_maps`.
const MAP_COSTS: [u32; 3] = [10, 3, 1];

/// What a route asks of the server, and so what limits it. Each but [`Class::Free`] is within
/// `limit_requests` of its address as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// No limit at all; why.
    Free(&'static str),
    /// Answered from memory, for anybody: by address only.
    Browse,
    /// Answered from memory for whoever waits. How often one may ask is told with each answer, and is
    /// no limit of this table.
    Poll,
    /// Makes an account: hashes a password. By address.
    SignUp,
    /// Checks a password. By address; turns are a matter of [`crate::passwords`].
    SignIn,
    /// Renews or ends a session. By account.
    Refresh,
    /// Asks who is signed in for the password, and changes the account. By account, and by address as signing
    /// in.
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
    /// An operator's, or what few read and is large; a wrong key costs a look into the database. By address.
    Operator,
}

impl Class {
    /// Whether something of the account's own is counted.
    #[must_use]
    pub const fn is_by_account(self) -> bool {
        use Class::{Account, Hold, Join, Map, Pay, Read, Refresh};
        matches!(self, Account | Refresh | Join | Hold | Pay | Read | Map)
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

/// The limits by account, as the metric names them.
const BY_ACCOUNT: [&str; 6] = ["joins", "holds", "payments", "reads", "maps", "refreshes"];
/// The limits by address.
const BY_ADDRESS: [(&str, &str); 4] = [
    ("sign_ups", "address"),
    ("sign_ins", "address"),
    ("operators", "address"),
    ("requests", "address"),
];

/// See the module.
pub struct Limits {
    joins: Limiter<UserId>,
    holds: Limiter<UserId>,
    payments: Limiter<UserId>,
    reads: Limiter<UserId>,
    maps: Limiter<UserId>,
    refreshes: Limiter<UserId>,
    sign_ups: Limiter<IpAddr>,
    sign_ins: Limiter<IpAddr>,
    operators: Limiter<IpAddr>,
    requests: Limiter<IpAddr>,
    metrics: Arc<Metrics>,
}

impl Limits {
    /// Limits of these rates.
    #[must_use]
    pub fn new(rates: Rates, metrics: Arc<Metrics>) -> Self {
        fn limiter<K: std::hash::Hash + Eq + Clone>(rate: Rate) -> Limiter<K> {
            Limiter::new(rate, KEYS_MAX)
        }
        for (limit, by) in BY_ACCOUNT.map(|limit| (limit, "account")).into_iter().chain(BY_ADDRESS)
        {
            drop(metrics.limited.get_or_create(&LimitLabels { limit, by }));
        }
        Self {
            joins: limiter(rates.joins),
            holds: limiter(rates.holds),
            payments: limiter(rates.payments),
            reads: limiter(rates.reads),
            maps: limiter(rates.maps),
            refreshes: limiter(rates.refreshes),
            sign_ups: limiter(rates.sign_ups),
            sign_ins: limiter(rates.sign_ins),
            operators: limiter(rates.operators),
            requests: limiter(rates.requests),
            metrics,
        }
    }

    /// Counts a request of this address.
    ///
    /// # Errors
    /// There were too many of its kind.
    pub fn address(&self, class: Class, client: Client) -> Result<(), Problem> {
        let (Client(Some(address)), false) = (client, matches!(class, Class::Free(_))) else {
            return Ok(());
        };
        let own = match class {
            Class::SignUp => Some(("sign_ups", &self.sign_ups)),
            Class::SignIn | Class::Account => Some(("sign_ins", &self.sign_ins)),
            Class::Operator => Some(("operators", &self.operators)),
            _ => None,
        };
        for (limit, limiter) in [Some(("requests", &self.requests)), own].into_iter().flatten() {
            let taken = limiter.take(&address, NonZeroU32::MIN);
            taken.map_err(|wait| self.refused(limit, "address", wait))?;
        }
        Ok(())
    }

    /// Counts what an account does; `user` is whom a token named that was verified.
    ///
    /// # Errors
    /// It did too much of this kind.
    pub fn account(&self, class: Class, user: UserId, cost: NonZeroU32) -> Result<(), Problem> {
        let (limit, limiter) = match class {
            Class::Join => ("joins", &self.joins),
            Class::Hold => ("holds", &self.holds),
            Class::Pay => ("payments", &self.payments),
            Class::Read => ("reads", &self.reads),
            Class::Map => ("maps", &self.maps),
            Class::Refresh | Class::Account => ("refreshes", &self.refreshes),
            _ => return Ok(()),
        };
        limiter.take(&user, cost).map_err(|wait| self.refused(limit, "account", wait))
    }

    /// Counts a request of the account that its tokens name, as its route's class says.
    ///
    /// # Errors
    /// It did too much of this kind.
    pub fn request(&self, parts: &Parts, user: UserId) -> Result<(), Problem> {
        let Some(class) = parts.extensions.get::<Class>().copied() else { return Ok(()) };
        let cost = if class == Class::Map { map_cost(parts) } else { 1 };
        self.account(class, user, NonZeroU32::new(cost).unwrap_or(NonZeroU32::MIN))
    }

    fn refused(&self, limit: &'static str, by: &'static str, wait: Duration) -> Problem {
        self.metrics.limited.get_or_create(&LimitLabels { limit, by }).inc();
        Problem::of("rate_limited").after(whole_seconds(wait)).with("limit", limit)
    }
}

/// Rounded up, and never 0: whoever comes again after it is not too early.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).div_ceil(1000).max(1)
}

/// By the address alone: what the parameters mean is the handler's, which refuses what is wrong.
fn map_cost(parts: &Parts) -> u32 {
    let query = parts.uri.query().unwrap_or_default();
    let has = |start: &str| query.split('&').any(|pair| pair.starts_with(start));
    let [full, compact, since] = MAP_COSTS;
    match (has("form=compact"), has("since=")) {
        (true, true) => since,
        (true, false) => compact,
        (false, _) => full,
    }
}
