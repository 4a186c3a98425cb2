//! The servers of one database. All connections of this process go to the same one: at first the first
//! in the list that takes writes, and when it fails them the next one that does, all together, so that
//! what one connection has written another one reads. They do not go back by themselves.

use crate::store::Fault;
use mysql::Opts;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// See the module.
pub(super) struct Hosts {
    servers: Vec<Opts>,
    /// Whether one of them was part of a cluster.
    is_cluster: AtomicBool,
    /// Grows with every step to the next server; the server is its remainder.
    step: AtomicUsize,
}

/// Which server a connection leads to, as of which step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At(usize);

impl Hosts {
    /// The servers of `mysql://USER:PASSWORD@HOST:PORT,HOST:PORT/NAME`. What the driver says of a bad
    /// address may quote it, and with it the password.
    pub fn parse(url: &str) -> Result<Self, Fault> {
        let bad = |why: &str| {
            let wanted = "mysql://USER:PASSWORD@HOST:PORT/NAME";
            Fault::Unavailable(format!("its address {why}; it must be like {wanted}"))
        };
        let unread = || bad("cannot be read");
        let rest = url.strip_prefix("mysql://").ok_or_else(unread)?;
        let (authority, name) = rest.split_once('/').ok_or_else(|| bad("names no database"))?;
        let (account, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let account = if account.is_empty() { String::new() } else { format!("{account}@") };
        let server = |host: &str| {
            let parsed = Opts::from_url(&format!("mysql://{account}{host}/{name}"));
            let parsed = parsed.map_err(|_| unread())?;
            let named = parsed.get_db_name().is_some_and(|name| !name.is_empty());
            if named { Ok(parsed) } else { Err(bad("names no database")) }
        };
        let servers = hosts.split(',').map(server).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { servers, is_cluster: AtomicBool::new(false), step: AtomicUsize::new(0) })
    }

    /// Whether it is so of every server.
    pub fn all(&self, test: impl Fn(&Opts) -> bool) -> bool {
        self.servers.iter().all(test)
    }

    /// Notes whether a server is one of a cluster. Refuses one that is not where another was: it has
    /// been set up anew, or stands alone.
    pub fn expect_cluster(&self, is_cluster: bool) -> Result<(), Fault> {
        let was = self.is_cluster.fetch_or(is_cluster, Ordering::SeqCst);
        if was && !is_cluster {
            return Err(Fault::Unavailable("the server is not part of the cluster".into()));
        }
        Ok(())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.servers.len()
    }

    /// Where connections go now.
    pub fn now(&self) -> At {
        At(self.step.load(Ordering::SeqCst))
    }

    /// How to connect there.
    pub fn server(&self, at: At) -> &Opts {
        &self.servers[at.0 % self.servers.len()]
    }

    /// That one failed: the next. Of many that see it fail, one makes the step.
    pub fn leave(&self, at: At) {
        // Whoever comes second finds the step made.
        let _ = self.step.compare_exchange(at.0, at.0 + 1, Ordering::SeqCst, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(url: &str) -> Vec<u16> {
        let hosts = Hosts::parse(url).unwrap();
        hosts.servers.iter().map(Opts::get_tcp_port).collect()
    }

    #[test]
    fn a_list_of_servers() {
        assert_eq!(ports("mysql://me:p@ss@a:1,b:2,c/sale"), [1, 2, 3306]);
        assert_eq!(ports("mysql://a:7/sale"), [7]);
        for bad in ["mysql://me:sesame@a,b:x/sale", "mysql://me:sesame@a", "mysql://me:sesame@a/"] {
            let why = Hosts::parse(bad).err().unwrap().to_string();
            assert!(!why.contains("sesame"), "{why}");
        }
    }

    #[test]
    fn all_step_together() {
        let hosts = Hosts::parse("mysql://a:1,b:2/sale").unwrap();
        let first = hosts.now();
        hosts.leave(first);
        hosts.leave(first);
        assert_eq!(hosts.server(hosts.now()).get_tcp_port(), 2);
        hosts.leave(hosts.now());
        assert_eq!(hosts.server(hosts.now()).get_tcp_port(), 1);
    }
}
