//! One connection: how it is opened, and how it is asked. It counts its round trips, and forgets a
//! connection on which anything but an answer has come.

use super::fault::Trouble;
use super::hosts::{At, Hosts};
use super::member;
use super::text::Line;
use crate::store::Fault;
use mysql::{Conn, Opts, OptsBuilder, Row, SslOpts};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How a connection is encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    Off,
    /// Encrypted, whoever answers: against listeners, not against impostors.
    #[default]
    Required,
    /// Encrypted, with a certificate for this host from a public authority or from those in the file.
    Verify {
        /// A PEM file.
        ca: Option<PathBuf>,
    },
}

/// Where the database is, and how patient to be with it.
#[derive(Clone)]
pub struct Options {
    hosts: Arc<Hosts>,
    /// Encryption.
    pub tls: Tls,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long an answer may take; more than `lock_wait`.
    pub read_timeout: Duration,
    /// How long sending may take.
    pub write_timeout: Duration,
    /// How long a statement waits for another transaction's lock, in whole seconds.
    pub lock_wait: Duration,
}

impl Options {
    /// The usual patience with the database at `mysql://USER:PASSWORD@HOST:PORT/NAME`; more hosts
    /// follow after commas.
    ///
    /// # Errors
    /// It is not such an address.
    pub fn new(url: &str) -> Result<Self, Fault> {
        Ok(Self {
            hosts: Arc::new(Hosts::parse(url)?),
            tls: Tls::default(),
            connect_timeout: Duration::from_secs(3),
            read_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            lock_wait: Duration::from_secs(5),
        })
    }

    /// The same with another encryption.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// A connection on which a transaction sees one state of the database throughout; to any of the
    /// servers, also to one that takes no writes.
    ///
    /// # Errors
    /// No server can be reached.
    pub fn connect_to_read(&self) -> Result<Conn, Fault> {
        let mut opened = Err(Fault::Unavailable("no connection".into()));
        for _ in 0..self.hosts.count() {
            let at = self.hosts.now();
            opened =
                Conn::new(self.driver(at)).map_err(|error| Trouble::of(error, 0).at_connecting());
            if opened.is_ok() {
                break;
            }
            self.hosts.leave(at);
        }
        let mut connection = opened?;
        let text = format!(
            "SET SESSION time_zone = '{UTC}'; \
             SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"
        );
        ask(&mut connection, &text).map_err(Trouble::at_connecting)?;
        Ok(connection)
    }

    /// Whether every server is on this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.hosts.all(|server| {
            let host = server.get_ip_or_hostname();
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        })
    }

    /// What the driver takes.
    fn driver(&self, at: At) -> Opts {
        let ssl = match &self.tls {
            Tls::Off => None,
            Tls::Required => Some(
                SslOpts::default()
                    .with_danger_accept_invalid_certs(true)
                    .with_danger_skip_domain_validation(true),
            ),
            Tls::Verify { ca } => Some(SslOpts::default().with_root_cert_path(ca.clone())),
        };
        let builder = OptsBuilder::from_opts(self.hosts.server(at).clone())
            .tcp_connect_timeout(Some(self.connect_timeout))
            .read_timeout(Some(self.read_timeout))
            .write_timeout(Some(self.write_timeout))
            .ssl_opts(ssl)
            // The address that was given, not a socket that happens to be there, too.
            .prefer_socket(false)
            .stmt_cache_size(0)
            .max_allowed_packet(Some(PACKET_MAX));
        builder.into()
    }

    /// Sent once on each connection.
    fn session(&self, isolation: &str) -> String {
        let wait = self.lock_wait.as_secs().max(1);
        format!(
            "SET NAMES utf8mb4 COLLATE utf8mb4_bin; \
             SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 1, \
             innodb_lock_wait_timeout = {wait}, wait_timeout = {IDLE_MAX_SECONDS}, \
             time_zone = '{UTC}'; \
             SET SESSION TRANSACTION ISOLATION LEVEL {isolation}; {SETTINGS}"
        )
    }
}

impl std::fmt::Debug for Options {
    /// Without the address, which holds the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("tls", &self.tls)
            .field("connect_timeout", &self.connect_timeout)
            .field("read_timeout", &self.read_timeout)
            .field("write_timeout", &self.write_timeout)
            .field("lock_wait", &self.lock_wait)
            .finish_non_exhaustive()
    }
}

/// The largest packet that is taken or sent: the smallest of the servers' own limits.
const PACKET_MAX: usize = 16 * 1024 * 1024;

/// After so long without a word the server ends a connection, and with it the transaction and the locks
/// of a machine that has vanished without a goodbye. Whoever lives speaks every quarter of a second.
const IDLE_MAX_SECONDS: u64 = 20;

/// Each session's time zone. The database's clock is asked by way of its local time, which in a zone with
/// summer time is the same twice in the night when that ends.
const UTC: &str = "+00:00";

/// What tells whether a server takes writes, and whether it is one of a cluster.
const SETTINGS: &str = "SHOW GLOBAL VARIABLES WHERE Variable_name IN \
     ('read_only', 'wsrep_on', 'group_replication_group_name')";

/// What a statement answered.
#[derive(Default)]
pub(super) struct Answer {
    pub rows: Vec<Row>,
    pub affected: u64,
}

/// A connection that is opened when it is needed.
pub(super) struct Link {
    options: Options,
    isolation: &'static str,
    connection: Option<Conn>,
    at: At,
    /// Whether the server is one of several that write at once.
    is_of_cluster: bool,
    trips: u64,
}

impl Link {
    /// Of this isolation; nothing is opened yet.
    pub fn new(options: &Options, isolation: &'static str) -> Self {
        let at = options.hosts.now();
        Self {
            options: options.clone(),
            isolation,
            connection: None,
            at,
            is_of_cluster: false,
            trips: 0,
        }
    }

    /// Packets that were sent and waited for.
    pub fn trips(&self) -> u64 {
        self.trips
    }

    /// Opens the connection unless it is open, to the first server from the current one on that takes
    /// writes. Not to be called within a transaction.
    pub fn open(&mut self) -> Result<&mut Conn, Fault> {
        if self.at != self.options.hosts.now() {
            self.forget();
        }
        let mut opened = Ok(());
        for _ in 0..self.options.hosts.count() {
            if self.connection.is_some() {
                break;
            }
            opened = self.connect();
            if opened.is_err() {
                self.options.hosts.leave(self.at);
            }
        }
        opened?;
        self.connection.as_mut().ok_or_else(|| Fault::Unavailable("no connection".into()))
    }

    fn connect(&mut self) -> Result<(), Fault> {
        self.at = self.options.hosts.now();
        let opened = Conn::new(self.options.driver(self.at)).map_err(|error| Trouble::of(error, 0));
        let mut connection = opened.map_err(Trouble::at_connecting)?;
        self.trips += 1;
        let answers = ask(&mut connection, &self.options.session(self.isolation));
        let mut answers = answers.map_err(Trouble::at_connecting)?;
        let settings = answers.pop().unwrap_or_default().rows;
        self.is_of_cluster = member::check(&mut connection, &member::named(settings)?)?;
        self.options.hosts.expect_cluster(self.is_of_cluster)?;
        self.connection = Some(connection);
        Ok(())
    }

    pub fn is_open(&self) -> bool {
        self.connection.is_some()
    }

    /// Lets go of a connection that cannot be trusted any more.
    pub fn forget(&mut self) {
        self.connection = None;
    }

    /// Sends statements in one packet and waits for all their answers. The first that fails ends
    /// them. The connection must be open.
    pub fn ask(&mut self, text: &str) -> Result<Vec<Answer>, Trouble> {
        let Some(connection) = self.connection.as_mut() else {
            return Err(Trouble::Lost("no connection".into()));
        };
        self.trips += 1;
        let asked = ask(connection, text);
        // In a cluster, to have waited too long may mean that the server stands apart from it, which is
        // asked when the connection is made anew.
        let doubtful = |trouble: &Trouble| self.is_of_cluster && trouble.is_lock_wait();
        if asked.as_ref().is_err_and(|trouble| trouble.ends_connection() || doubtful(trouble)) {
            self.forget();
        }
        if asked.as_ref().is_err_and(Trouble::is_of_server) {
            self.options.hosts.leave(self.at);
        }
        asked
    }

    /// Sends the statements of a transaction and waits for their answers; the first that fails ends
    /// them. Where other servers of a cluster write at the same time, each goes in a packet of its own:
    /// Galera undoes a transaction that another server overtakes even between two statements of one
    /// packet, and then carries out the rest of the packet, each by itself. A packet's first statement
    /// is told.
    pub fn run(&mut self, statements: &[&str]) -> Result<Vec<Answer>, Trouble> {
        if !self.is_of_cluster {
            return self.ask(&statements.join(";"));
        }
        let mut answers = Vec::new();
        for statement in statements {
            answers.extend(self.ask(statement).map_err(|trouble| trouble.after(answers.len()))?);
        }
        Ok(answers)
    }

    /// Asks what changes nothing, so that it may be asked again: on a connection that is found dead
    /// it is, once, on a fresh one.
    pub fn ask_again(&mut self, text: &str) -> Result<Vec<Answer>, Fault> {
        let was_open = self.is_open();
        self.open()?;
        match self.ask(text) {
            Err(Trouble::Lost(_)) if was_open => {
                self.open()?;
                self.ask(text).map_err(Trouble::outside)
            }
            asked => asked.map_err(Trouble::outside),
        }
    }

    /// Rows and index entries that the connection has read.
    pub fn rows_read(&mut self) -> Result<u64, Fault> {
        let answers = self.ask_again("SHOW SESSION STATUS LIKE 'Handler_read%'")?;
        let rows = answers.into_iter().flat_map(|answer| answer.rows).map(Line);
        rows.map(|line| line.count(1)).sum()
    }
}

/// Names of a server's settings with their values.
pub(super) type Settings = Vec<(String, String)>;

/// Sends statements in one packet and reads all their answers.
pub(super) fn ask(connection: &mut Conn, text: &str) -> Result<Vec<Answer>, Trouble> {
    use mysql::prelude::Queryable;
    let mut result = connection.query_iter(text).map_err(|error| Trouble::of(error, 0))?;
    let mut answers = Vec::new();
    while let Some(set) = result.iter() {
        let mut answer = Answer { affected: set.affected_rows(), ..Answer::default() };
        for row in set {
            answer.rows.push(row.map_err(|error| Trouble::of(error, answers.len()))?);
        }
        answers.push(answer);
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        let options = Options::new("mysql://me:sesame@host/sale").unwrap();
        assert!(!format!("{options:?}").contains("sesame"));
        assert!(!options.is_local());
        assert!(Options::new("mysql://me@127.0.0.1:1,localhost:2/sale").unwrap().is_local());
    }
}
