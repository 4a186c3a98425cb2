//! One connection: how it is opened, and how it is asked. It counts its round trips, and forgets a
//! connection on which anything but an answer has come.

use super::fault::Trouble;
use crate::store::Fault;
use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder, Row, SslOpts};
use std::path::PathBuf;
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
    /// `mysql://USER:PASSWORD@HOST:PORT/DATABASE`.
    pub url: String,
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
    /// The usual patience.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            tls: Tls::default(),
            connect_timeout: Duration::from_secs(3),
            read_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            lock_wait: Duration::from_secs(5),
        }
    }

    /// The same with another encryption.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// What the driver takes. What it says of a bad address may quote it, and with it the password.
    fn driver(&self) -> Result<Opts, Fault> {
        let bad = |why: &str| {
            let wanted = "mysql://USER:PASSWORD@HOST:PORT/DATABASE";
            Fault::Unavailable(format!("its address {why}; it must be like {wanted}"))
        };
        let parsed = Opts::from_url(&self.url).map_err(|_| bad("cannot be read"))?;
        if parsed.get_db_name().is_none_or(str::is_empty) {
            return Err(bad("names no database"));
        }
        let ssl = match &self.tls {
            Tls::Off => None,
            Tls::Required => Some(
                SslOpts::default()
                    .with_danger_accept_invalid_certs(true)
                    .with_danger_skip_domain_validation(true),
            ),
            Tls::Verify { ca } => Some(SslOpts::default().with_root_cert_path(ca.clone())),
        };
        let builder = OptsBuilder::from_opts(parsed)
            .tcp_connect_timeout(Some(self.connect_timeout))
            .read_timeout(Some(self.read_timeout))
            .write_timeout(Some(self.write_timeout))
            .ssl_opts(ssl)
            // The address that was given, not a socket that happens to be there, too.
            .prefer_socket(false)
            .stmt_cache_size(0)
            .max_allowed_packet(Some(PACKET_MAX));
        Ok(builder.into())
    }

    /// Sent once on each connection.
    fn session(&self, isolation: &str) -> String {
        let wait = self.lock_wait.as_secs().max(1);
        format!(
            "SET NAMES utf8mb4 COLLATE utf8mb4_bin; \
             SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 1, \
             innodb_lock_wait_timeout = {wait}; \
             SET SESSION TRANSACTION ISOLATION LEVEL {isolation}"
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
    trips: u64,
}

impl Link {
    /// Of this isolation; nothing is opened yet.
    pub fn new(options: &Options, isolation: &'static str) -> Self {
        Self { options: options.clone(), isolation, connection: None, trips: 0 }
    }

    /// Packets that were sent and waited for.
    pub fn trips(&self) -> u64 {
        self.trips
    }

    /// Opens the connection unless it is open.
    pub fn open(&mut self) -> Result<&mut Conn, Fault> {
        if self.connection.is_none() {
            let opened = Conn::new(self.options.driver()?).and_then(|mut connection| {
                self.trips += 2;
                connection.query_drop(self.options.session(self.isolation))?;
                wait_for_others(&mut connection)?;
                Ok(connection)
            });
            let connection = opened.map_err(|error| Trouble::of(error, 0).at_connecting())?;
            self.connection = Some(connection);
        }
        self.connection.as_mut().ok_or_else(|| Fault::Unavailable("no connection".into()))
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
        if asked.as_ref().is_err_and(Trouble::ends_connection) {
            self.forget();
        }
        asked
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
}

/// Where several nodes of a cluster write, one may lag behind: a transaction waits until its node has
/// what was committed before, so that whoever goes from one node to another finds what the first has
/// acknowledged.
fn wait_for_others(connection: &mut Conn) -> Result<(), mysql::Error> {
    let text =
        "SHOW VARIABLES WHERE variable_name IN ('wsrep_on', 'group_replication_consistency')";
    for (name, value) in connection.query::<(String, String), _>(text)? {
        match (name.as_str(), value.as_str()) {
            ("wsrep_on", "ON") => connection.query_drop("SET SESSION wsrep_sync_wait = 1")?,
            ("group_replication_consistency", _) => {
                connection.query_drop("SET SESSION group_replication_consistency = 'BEFORE'")?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn ask(connection: &mut Conn, text: &str) -> Result<Vec<Answer>, Trouble> {
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
        for url in
            ["mysql://me:sesame@host/sale", "mysql://me:sesame@host", "sesame", "http://sesame@x/y"]
        {
            let options = Options::new(url);
            assert!(!format!("{options:?}").contains("sesame"));
            if let Err(fault) = options.driver() {
                assert!(!fault.to_string().contains("sesame"), "{fault}");
            }
        }
        assert!(Options::new("mysql://me:sesame@host").driver().is_err(), "no database");
        assert!(Options::new("mysql://me:sesame@host/sale").driver().is_ok());
    }
}
