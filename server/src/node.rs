//! Puts a node together: store, read model, write path, tick, keys.

use crate::Failure;
use crate::bulk::Bulk;
use crate::clock::Clock;
use crate::config::{Config, Database};
use crate::currency::Currency;
use crate::database::{self, For, Opened};
use crate::http::app::{KNOWN_EXTERNAL_MAX, TokenTimes};
use crate::http::halls::Halls;
use crate::http::limits::{Limits, Rates};
use crate::http::operators::Operators;
use crate::http::push::Streams;
use crate::http::ready::Readiness;
use crate::http::shelf::{POSTER_BYTES_KEPT_MAX, Shelf};
use crate::http::ticket::PublicKeys;
use crate::http::{App, Inner};
use crate::jobs::Runner;
use crate::metrics::Metrics;
use crate::passwords::Passwords;
use crate::pressure::Pressure;
use crate::rates::Rate;
use crate::read_model::ReadModel;
use crate::recent::Recent;
use crate::store::pool::ReadPool;
use crate::store::reads::Reads;
use crate::supervisor::{Ends, Supervisor};
use crate::tick::Ticker;
use crate::tickets::{PublicKey, Signer, public_keys};
use crate::tokens::{External, KeyFile, KeyFileError, Keyring, Place, Trust};
use crate::write_path::{self, WritePath, Writer};
use boxoffice_core::concert::Policy;
use boxoffice_core::queue::QueueSettings;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A node that is not listening yet.
pub struct Node {
    /// What handlers use.
    pub app: App,
    /// The write path's thread.
    pub writer: Writer,
    /// The background tick.
    pub ticker: Ticker,
    /// What is at work on jobs.
    pub runner: Runner,
    /// Starts other threads and tasks that must live until the stop.
    pub supervisor: Supervisor,
    /// Those that have ended before it, the node's own threads included.
    pub ends: Ends,
}

fn policy(config: &Config) -> Policy {
    Policy {
        hold_ttl_ms: config.hold_seconds * 1000,
        shop_ttl_ms: config.shop_seconds * 1000,
        arrival_grace_ms: config.arrival_grace_seconds * 1000,
        seats_per_user: config.seats_per_user,
        rehold_after_ms: config.rehold_after_seconds * 1000,
    }
}

fn queue_settings(config: &Config) -> QueueSettings {
    QueueSettings {
        max_active: config.max_active,
        admissions_per_second: config.admissions_per_second,
        max_waiting: config.max_waiting,
        paused: false,
    }
}

const fn token_times(config: &Config) -> TokenTimes {
    TokenTimes {
        access_ttl_ms: config.access_token_seconds * 1000,
        refresh_ttl_ms: config.refresh_token_seconds * 1000,
        queue_ttl_ms: config.queue_token_seconds * 1000,
    }
}

fn pressure(config: &Config) -> Pressure {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    Pressure::new(threads, f64::from(config.poll_share_percent) / 100.0)
}

/// Batches and reads that take longer are in the log.
fn slow(config: &Config) -> Option<Duration> {
    (config.log_slow_ms > 0).then(|| Duration::from_millis(config.log_slow_ms))
}

fn rates(config: &Config) -> Rates {
    let of = |rate: Rate| if config.limits { rate } else { Rate::OFF };
    Rates {
        joins: of(config.limit_joins),
        holds: of(config.limit_holds),
        payments: of(config.limit_payments),
        reads: of(config.limit_reads),
        maps: of(config.limit_maps),
        refreshes: of(config.limit_refreshes),
        sign_ups: of(config.limit_sign_ups),
        sign_ins: of(config.limit_sign_ins),
        operators: of(config.limit_operators),
        requests: of(config.limit_requests),
    }
}

fn external(config: &Config) -> Result<Option<Arc<External>>, Failure> {
    if !config.has_oidc() {
        return Ok(None);
    }
    let (setting, place) = match config.oidc_jwks_url.as_str() {
        "" => ("oidc_jwks_file", Place::File(config.oidc_jwks_file.clone())),
        url => ("oidc_jwks_url", Place::Url(url.to_owned())),
    };
    let name = format!("{setting} {place}");
    let opened = External::open(Trust {
        place,
        issuer: config.oidc_issuer.clone(),
        audience: config.oidc_audience.clone(),
        leeway_ms: config.oidc_leeway_seconds * 1000,
    });
    Ok(Some(Arc::new(opened.map_err(|why| format!("{name}: {why}"))?)))
}

/// The keys that sign tokens: those of the settings, or of the file, which `open` opens.
///
/// # Errors
/// They are malformed, or the file cannot be used.
pub fn token_keys(
    config: &Config,
    open: impl FnOnce(&Path) -> Result<KeyFile, KeyFileError>,
) -> Result<KeyFile, Failure> {
    if !config.token_keys.is_empty() {
        let keys = KeyFile::parse(&config.token_keys);
        return Ok(keys.map_err(|why| format!("token_keys: {why}"))?);
    }
    let keys = open(&config.keys_file);
    Ok(keys.map_err(|why| format!("{}: {why}", config.keys_file.display()))?)
}

/// Has the database keep the public ticket keys of a key file, so that every server tells them and keeps telling them.
/// Before the first of them signs.
///
/// # Errors
/// The database is not available, or the key that would sign was revoked there.
pub fn publish_ticket_keys(config: &Config, keys: &KeyFile) -> Result<(), Failure> {
    let mut tables = database::keys(config, For::Changes)?;
    for (nth, key) in public_keys(keys).iter().enumerate() {
        let counts = tables.publish(&(key.bytes, key.from));
        let counts = counts.map_err(|fault| database::named(config, &fault))?;
        if nth == 0 && !counts {
            let why = "was revoked; boxoffice admin key rotate makes another";
            return Err(format!("the key {} that signs tickets {why}", key.id()).into());
        }
    }
    Ok(())
}

/// What signs tickets; its public keys are in the database.
fn ticket_signer(
    config: &Config,
    reads: &mut dyn Reads,
    keys: &KeyFile,
) -> Result<Arc<Signer>, Failure> {
    let known = reads.ticket_keys().map_err(|fault| database::named(config, &fault))?;
    let is_known = |key: &PublicKey| known.iter().any(|(bytes, _)| *bytes == key.bytes);
    // Nearly always they are there, and nobody's turn to write is waited for.
    if !public_keys(keys).iter().all(is_known) {
        publish_ticket_keys(config, keys)?;
    }
    Ok(Arc::new(Signer::new(keys).ok_or("the key file has no key")?))
}

fn write_path_settings(config: &Config, supervisor: &Supervisor) -> write_path::Settings {
    write_path::Settings {
        batch_commands_max: config.batch_commands_max,
        waiting_max: config.commands_waiting_max,
        slow: slow(config),
        supervisor: supervisor.clone(),
    }
}

/// Puts a node together.
///
/// # Errors
/// The database or a key file cannot be used.
pub fn build(config: &Config, clock: Clock) -> Result<Node, Failure> {
    build_under(Supervisor::new(), config, clock)
}

/// The same under a supervisor that exists already.
///
/// # Errors
/// See [`build`].
pub fn build_under(
    (supervisor, ends): (Supervisor, Ends),
    config: &Config,
    clock: Clock,
) -> Result<Node, Failure> {
    config.check_token_keys()?;
    let currency = Currency::of(&config.currency).ok_or("currency: it is not an ISO 4217 code")?;
    let opened = database::open(config, &clock, &supervisor)?;
    let Opened { store, readers, mut own, flush, snapshot, refill } = opened;
    // Each of several servers would make its own.
    let makes_its_own = matches!(config.where_is_the_database()?, Database::Sqlite(_));
    let keys = token_keys(config, |file| {
        if makes_its_own { KeyFile::open(file, clock.now()) } else { KeyFile::read(file) }
    })?;
    let tickets = ticket_signer(config, own.as_mut(), &keys)?;
    let read_model = Arc::new(ReadModel::from_snapshot(snapshot, clock.now(), store.is_shared()));
    let metrics = Arc::new(Metrics::of(&config.currency, Some(Clock::System.now().0)));
    let (write_path, writer) = WritePath::start(
        store,
        flush.clone(),
        Arc::clone(&read_model),
        refill,
        clock.clone(),
        Arc::clone(&metrics),
        write_path_settings(config, &supervisor),
    )?;
    let pressure = Arc::new(pressure(config));
    let passwords = Passwords::start(
        config.password_threads,
        config.password_waiting_max,
        Arc::clone(&metrics),
        &supervisor,
    )?;
    let bulk = Bulk::start(Arc::clone(&metrics), &supervisor)?;
    let ticker = Ticker {
        read_model: Arc::clone(&read_model),
        write_path: write_path.clone(),
        clock: clock.clone(),
        metrics: Arc::clone(&metrics),
        pressure: Arc::clone(&pressure),
    };
    // Nobody is told of its answers, so they need not be durable.
    let own = ReadPool::new(vec![own], None);
    let runner = Runner::new(write_path.clone(), own.clone(), clock.clone(), Arc::clone(&metrics));
    let streams_max = config.connections_max * usize::from(config.stream_share_percent) / 100;
    let streams = Streams::new(streams_max, Arc::clone(&metrics));
    let inner = Inner {
        write_path,
        read_model,
        readers: ReadPool::new(readers, flush).slow(slow(config)),
        ready: Readiness::new(own.clone()),
        operators: Operators::new(own.clone()),
        keyring: Arc::new(Keyring::new(&keys)),
        tickets,
        ticket_keys: PublicKeys::new(own),
        external: external(config)?,
        passwords,
        bulk,
        limits: Arc::new(Limits::new(rates(config), Arc::clone(&metrics))),
        clock,
        metrics,
        pressure,
        poll_burst: if config.limits { config.poll_burst } else { 0 },
        token_times: token_times(config),
        streams,
        posters: Shelf::new(POSTER_BYTES_KEPT_MAX),
        session_cookie: config.session_cookie,
        policy: policy(config),
        queue_settings: queue_settings(config),
        currency,
        self_charge: config.self_charge,
        charge_needs_admission: config.charge_needs_admission,
        draining: Arc::default(),
        known_external: Recent::new(KNOWN_EXTERNAL_MAX),
        halls: Halls::default(),
    };
    Ok(Node { app: App(Arc::new(inner)), writer, ticker, runner, supervisor, ends })
}
