//! Opens the database that the settings name: the embedded one, or one that servers share.

use crate::Failure;
use crate::audit::Snapshot as AuditSnapshot;
use crate::clock::Clock;
use crate::config::{Config, Database};
use crate::store::keys::OperatorKeys;
use crate::store::mysql::{MySqlKeys, MySqlReads, MySqlStore, Options, Tls};
use crate::store::reads::{Of, Reads, Snapshot};
use crate::store::sqlite::{ApiKeys, Files, ServerLock, SqliteReads, SqliteStore};
use crate::store::table::CURRENCY;
use crate::store::{Fault, Flush, Store};
use crate::supervisor::Supervisor;
use crate::write_path::{Refill, news};
use std::sync::Arc;
use std::time::Duration;

/// Longest time to connect to the database.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// Longest time that a statement waits for another transaction's lock: no longer than others should wait for the write
/// path. A lock is held for a batch; one that is held for longer belongs to a node that has gone.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(1);

/// A database with all that a node needs of it.
pub struct Opened {
    /// Writes.
    pub store: Box<dyn Store>,
    /// Read, each by one request at a time.
    pub readers: Vec<Box<dyn Reads>>,
    /// Reads for the server itself, however busy the requests' readers are.
    pub own: Box<dyn Reads>,
    /// Makes durable what the readers have seen, where it is not durable yet.
    pub flush: Option<Arc<dyn Flush>>,
    /// What the read model is filled with at the start.
    pub snapshot: Snapshot,
    /// Reads it again.
    pub refill: Refill,
}

/// Opens the database for a node. Where the database has a clock, the node's clock has followed it once before this
/// returns, so that nothing is shown or decided by the machine's clock.
///
/// # Errors
/// It cannot be used.
pub fn open(config: &Config, clock: &Clock, supervisor: &Supervisor) -> Result<Opened, Failure> {
    let opened = match config.where_is_the_database()? {
        Database::Sqlite(path) => sqlite(config, Files { path }, (clock, supervisor)),
        Database::MySql(url) => mysql(config, &url, clock),
    };
    let mut opened = opened.map_err(|fault| named(config, &fault))?;
    keep_currency(config, opened.store.as_mut())?;
    Ok(opened)
}

/// Has the database keep the currency of its amounts, from the first start.
///
/// # Errors
/// It keeps another currency. Every amount in it would be taken for something else.
fn keep_currency(config: &Config, store: &mut dyn Store) -> Result<(), Failure> {
    let wanted = &config.currency;
    let kept = store.keep(CURRENCY, wanted).map_err(|fault| named(config, &fault))?;
    if kept == *wanted {
        return Ok(());
    }
    let name = config.shown_database();
    Err(format!("currency: the amounts in {name} are in {kept} and not in {wanted}").into())
}

/// A fault with the database's name, without its password.
pub fn named(config: &Config, fault: &Fault) -> String {
    let name = config.shown_database();
    format!("{}: {fault}", name.strip_prefix("sqlite://").unwrap_or(&name))
}

fn sqlite(
    config: &Config,
    files: Files,
    (clock, supervisor): (&Clock, &Supervisor),
) -> Result<Opened, Fault> {
    let mut store = Box::new(SqliteStore::open(&files)?);
    // A command in a transaction of its own waits for its own sync. That is the way to compare with.
    let flush = if config.batch_commands_max > 1 { store.defer_sync(supervisor) } else { None };
    let reader = |_| Ok(Box::new(SqliteReads::open(&files)?) as Box<dyn Reads>);
    let readers = (0..config.readers).map(reader).collect::<Result<_, Fault>>()?;
    let own = Box::new(SqliteReads::open(&files)?);
    let seen = flush.clone();
    let mut refill: Refill = Box::new(move |of| {
        let snapshot = SqliteReads::open(&files)?.snapshot(of)?;
        seen.as_ref().map_or(Ok(()), |seen| seen.flush())?;
        Ok(snapshot)
    });
    let snapshot = refill(Of::Live(clock.now()))?;
    Ok(Opened { store, readers, own, flush, snapshot, refill })
}

/// How to connect.
fn options(config: &Config, url: &str) -> Result<Options, Fault> {
    let ca = Some(config.database_tls_ca.clone()).filter(|path| !path.as_os_str().is_empty());
    let mut options = Options::new(url)?;
    let tls = match config.database_tls.as_str() {
        "off" => Tls::Off,
        "required" => Tls::Required,
        "auto" if options.is_local() => Tls::Off,
        _ => Tls::Verify { ca },
    };
    let timeout = Duration::from_secs(config.database_timeout_seconds.unsigned_abs());
    options.tls = tls;
    options.connect_timeout = timeout.min(CONNECT_MAX);
    options.read_timeout = timeout;
    options.write_timeout = timeout;
    // An answer that waits for a lock must come before the connection is given up.
    options.lock_wait = (timeout / 2).min(LOCK_WAIT_MAX);
    Ok(options)
}

fn mysql(config: &Config, url: &str, clock: &Clock) -> Result<Opened, Fault> {
    let options = options(config, url)?;
    // First, since it makes the tables and notes how far it has read other servers' news.
    let mut store = Box::new(MySqlStore::open(&options)?);
    // The snapshot is read after the news and so has their rows.
    news(store.as_mut(), clock)?;
    let reader = |_| Ok(Box::new(MySqlReads::open(&options)?) as Box<dyn Reads>);
    let readers = (0..config.readers).map(reader).collect::<Result<_, Fault>>()?;
    let own = Box::new(MySqlReads::open(&options)?);
    let mut reads = MySqlReads::open(&options)?;
    let mut refill: Refill = Box::new(move |of| reads.snapshot(of));
    let snapshot = refill(Of::Live(clock.now()))?;
    Ok(Opened { store, readers, own, flush: None, snapshot, refill })
}

/// The clock that nodes of this database go by: where there can be many, the database's.
///
/// # Errors
/// The settings name no database.
pub fn clock(config: &Config) -> Result<Clock, Failure> {
    Ok(match config.where_is_the_database()? {
        Database::Sqlite(_) => Clock::System,
        Database::MySql(_) => Clock::shared(),
    })
}

/// Keeps every other server away from an embedded database while it is held. A shared database may have any number.
///
/// # Errors
/// Another server sells from it, or the lock cannot be made.
pub fn lock(config: &Config) -> Result<Option<ServerLock>, Failure> {
    let Database::Sqlite(path) = config.where_is_the_database()? else {
        return Ok(None);
    };
    Ok(Some(ServerLock::take(&Files { path }).map_err(|fault| named(config, &fault))?))
}

/// The rows of a database as of now, to be audited.
///
/// # Errors
/// There is no database of this schema.
pub fn snapshot(config: &Config) -> Result<AuditSnapshot, Failure> {
    let opened = match config.where_is_the_database()? {
        Database::Sqlite(path) => AuditSnapshot::of_file(&path, || Clock::System.now().0),
        Database::MySql(url) => {
            options(config, &url).and_then(|options| AuditSnapshot::of_server(&options))
        }
    };
    Ok(opened.map_err(|fault| named(config, &fault))?)
}

/// Why operators' keys are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// To read them.
    Looking,
    /// To change them in an existing database.
    Changes,
    /// To change them; a missing database is made.
    ANewOneToo,
}

/// The operators' keys. A missing database is not made in passing: a key in a new database is of no use, and most
/// likely it is the wrong database.
///
/// # Errors
/// The database cannot be used, or there is none yet.
pub fn keys(config: &Config, what: For) -> Result<Box<dyn OperatorKeys>, Failure> {
    let name = config.shown_database();
    let none = || -> Failure {
        let name = name.strip_prefix("sqlite://").unwrap_or(&name);
        format!("{name}: there is no database of boxoffice yet. Name the server's by --database or --config, or start the server first; --create-database makes a new one").into()
    };
    let opened: Result<Box<dyn OperatorKeys>, Fault> = match config.where_is_the_database()? {
        Database::Sqlite(path) => {
            let is_new = std::fs::metadata(&path).map_or(true, |file| file.len() == 0);
            if is_new && what == For::Changes {
                return Err(none());
            }
            let (files, is_look) = (Files { path }, what == For::Looking);
            let opened =
                if is_look { ApiKeys::open_to_list(&files) } else { ApiKeys::open(&files) };
            opened.map(|keys| Box::new(keys) as Box<dyn OperatorKeys>)
        }
        Database::MySql(url) => {
            let options = options(config, &url).map_err(|fault| named(config, &fault))?;
            let is_new = || MySqlKeys::is_new(&options).map_err(|fault| named(config, &fault));
            if what != For::ANewOneToo && is_new()? {
                return Err(none());
            }
            MySqlKeys::open(&options).map(|keys| Box::new(keys) as Box<dyn OperatorKeys>)
        }
    };
    Ok(opened.map_err(|fault| named(config, &fault))?)
}
