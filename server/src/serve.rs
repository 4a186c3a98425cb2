//! `boxoffice serve`: runs until it gets a signal to stop, then finishes the work that it has accepted.

use crate::Failure;
use crate::config::Config;
use crate::database;
use crate::demo;
use crate::http::App;
use crate::http::routes::{self, Reach};
use crate::http::serve;
use crate::log::Format;
use crate::metrics::{COMMIT, VERSION};
use crate::node::{self, publish_ticket_keys};
use crate::supervisor::{End, Ends, Supervisor, within};
use crate::tokens::KeyFile;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long the write path may take to finish what it has accepted.
const WRITE_PATH_WAIT: Duration = Duration::from_secs(20);
/// Connections that may wait to be accepted; the system may allow fewer (`net.core.somaxconn`). A client that finds
/// no room tries again after a second, then after three.
const BACKLOG: u32 = 8_192;
/// Files that are open besides connections and readers.
const OTHER_FILES: usize = 64;
/// Files of a reader: SQLite's database, its log and the log's index.
const FILES_OF_A_READER: usize = 3;
/// How long a reader of standard output is waited for.
const ANNOUNCE_MAX: Duration = Duration::from_secs(1);
/// Time between two looks at the key file.
const KEYS_EVERY: Duration = Duration::from_secs(2);

/// Runs the server.
///
/// # Errors
/// It cannot start; the text says why in one sentence.
pub fn run(config: &Config) -> Result<(), Failure> {
    let format = Format::of(&config.log_format).unwrap_or(Format::Text);
    let supervised = Supervisor::new();
    let log = crate::log::start(&config.log, format, &supervised.0);
    log.map_err(|why| format!("log: {why}"))?;
    if config.desk_waiting_max > 0 {
        tracing::warn!("desk_waiting_max is the old name of commands_waiting_max: use that");
    }
    let connections = connections_max(config)?;
    if connections < config.connections_max {
        tracing::warn!(
            connections,
            connections_max = config.connections_max,
            "the limit of open files is too low for connections_max; fewer connections are accepted"
        );
    }
    // What is counted by it counts those that there are.
    let config = &Config { connections_max: connections, ..config.clone() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(config, supervised))
}

/// Connections for which the system has files, on each address. Without files the server could neither accept one
/// more nor see that room is short.
fn connections_max(config: &Config) -> Result<usize, Failure> {
    let addresses = if config.operator_address()?.is_some() { 2 } else { 1 };
    let others = OTHER_FILES + config.readers * FILES_OF_A_READER;
    let allowed = match raise_descriptor_limit(config.connections_max * addresses + others) {
        Some((allowed, _)) => usize::try_from(allowed).unwrap_or(usize::MAX),
        None => return Ok(config.connections_max),
    };
    Ok((allowed.saturating_sub(others) / addresses).clamp(1, config.connections_max))
}

/// Raises the limit of open files as far as the system allows. Where that is too low: how many there are, and how
/// many are wanted.
pub fn raise_descriptor_limit(connections: usize) -> Option<(u64, u64)> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where raising is not allowed, the limit stays, and the result says so.
    let _ = setrlimit(Resource::Nofile, limit);
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(64);
    (allowed < wanted).then_some((allowed, wanted))
}

async fn serve(config: &Config, supervised: (Supervisor, Ends)) -> Result<(), Failure> {
    let _writes_fail = survive_file_size_limit()?;
    // Before the database is opened, and until the write path has ended.
    let _lock = database::lock(config)?;
    let mut node = node::build_under(supervised, config, database::clock(config)?)?;
    let has_demo = config.demo && node.app.read_model.is_empty();
    if has_demo {
        demo::open(&node.app).await?;
    }
    let listener = listen(config.listen);
    let listener = listener.map_err(|error| format!("listen {}: {error}", config.listen))?;
    let for_operators = config.operator_address()?.map(|address| {
        listen(address).map_err(|error| format!("listen_operator {address}: {error}"))
    });
    let for_operators = for_operators.transpose()?;
    // Before the address is printed: whoever has read it may stop the server.
    let mut signals = Signals::take()?;
    let operators_at = for_operators.as_ref().map(TcpListener::local_addr).transpose()?;
    let address = listener.local_addr()?;
    announce(announcement(address, operators_at, config, has_demo));
    log_start(address, operators_at, config, &node.app);
    let (stop, stopped) = watch::channel(false);
    let sweeping = node.supervisor.task("the tick", node.ticker.run(stopped.clone()));
    let working = node.supervisor.task("the work on jobs", node.runner.run(stopped.clone()));
    let measuring = Arc::clone(&node.app.pressure).watch(stopped.clone());
    let measuring = node.supervisor.task("the measurement of load", measuring);
    let watching = watch_keys((&node.supervisor, &node.app), config, stopped.clone());
    let provider = node.app.external.clone().map(|external| {
        node.supervisor.task("the watch of the provider's keys", external.watch(stopped.clone()))
    });
    let write_path = node.app.write_path.clone();
    let draining = Arc::clone(&node.app.draining);
    let streams = Arc::clone(&node.app.streams);
    let listeners = (listener, for_operators);
    let serving = accept(
        &node.supervisor,
        &node.app,
        listeners,
        &connection_limits(config),
        config,
        &stopped,
    );
    drop((node.app, stopped));
    let mut early = signals.or_end(&mut node.ends).await;
    if early.is_none() && config.drain_seconds > 0 {
        let time = Duration::from_secs(config.drain_seconds);
        streams.close();
        early = drain(&draining, time, &mut signals, &mut node.ends).await;
    }
    if let Some(end) = &early {
        tracing::error!(%end, "the server cannot continue");
    }
    tracing::info!("stopping: no new requests are taken, those in progress are finished");
    streams.close();
    stop.send_replace(true);
    // A task that panicked has stopped as well.
    for ending in
        serving.into_iter().chain([sweeping, working, measuring]).chain(watching).chain(provider)
    {
        let _ = ending.await;
    }
    write_path.stop().await;
    let finished = tokio::task::spawn_blocking(move || node.writer.join(WRITE_PATH_WAIT)).await?;
    if let Some(end) = early.map(|end| node.ends.cause(end)) {
        return Err(format!("{end}; the server has stopped").into());
    }
    if !finished {
        return Err(
            "some changes did not finish in time; those without an answer may not have been made"
                .into(),
        );
    }
    tracing::info!("stopped");
    Ok(())
}

/// The accept loops: the public one, and the operators' where they have an address of their own.
fn accept(
    supervisor: &Supervisor,
    app: &App,
    (everybody, operators): (TcpListener, Option<TcpListener>),
    connection_limits: &serve::ConnectionLimits,
    config: &Config,
    stop: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    let begin = |name, listener, reach| {
        let router = routes::router_for(app.clone(), reach, config.cors_origins.clone());
        let metrics = Arc::clone(&app.metrics);
        let serving =
            serve::serve(listener, router, metrics, connection_limits.clone(), stop.clone());
        supervisor.task(name, serving)
    };
    let Some(operators) = operators else {
        return vec![begin("the accept loop", everybody, Reach::All)];
    };
    vec![
        begin("the accept loop", everybody, Reach::Public),
        begin("the operators' accept loop", operators, Reach::All),
    ]
}

fn connection_limits(config: &Config) -> serve::ConnectionLimits {
    let per_address = config.connections_per_address_max;
    serve::ConnectionLimits {
        connections_max: config.connections_max,
        connections_per_address_max: if config.limits { per_address } else { usize::MAX },
        trusted_proxies: config.trusted_proxies.clone(),
        proxy_protocol: config.proxy_protocol,
    }
}

/// Goes on serving for this time while `/readyz` says no: requests on the way to this server still arrive, and by the
/// end a balancer sends no more. A second signal ends the wait, and so does a thread or task that ends by itself.
async fn drain(
    draining: &AtomicBool,
    time: Duration,
    signals: &mut Signals,
    ends: &mut Ends,
) -> Option<End> {
    draining.store(true, Ordering::Relaxed);
    tracing::info!(
        seconds = time.as_secs(),
        "draining: no longer ready for new traffic, still serving"
    );
    // Whichever comes first.
    tokio::time::timeout(time, signals.or_end(ends)).await.unwrap_or(None)
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // So that a restart need not wait for the connections of the run before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// How to get an operator's key.
const OPERATORS_KEY: &str =
    "boxoffice admin key create --name YOU, with the same database settings";

/// The first line of the log: what is served, and where.
fn log_start(address: SocketAddr, operators_at: Option<SocketAddr>, config: &Config, app: &App) {
    let (concerts, now) = (app.read_model.concerts(), app.clock.now());
    let open = concerts.iter().filter(|concert| concert.row().on_sale(now).is_ok()).count();
    tracing::info!(
        version = VERSION,
        commit = COMMIT,
        listen = %address,
        listen_operator = operators_at.map(tracing::field::display),
        database = config.shown_database(),
        concerts = concerts.len(),
        open_sales = open,
        operators_key = OPERATORS_KEY,
        "serving"
    );
}

/// Prints where the server is. The first line is for programs that start a server, too.
fn announcement(
    address: SocketAddr,
    operators_at: Option<SocketAddr>,
    config: &Config,
    has_demo: bool,
) -> String {
    let for_developers = operators_at.unwrap_or(address);
    let first = format!("boxoffice sells on http://{address}");
    let (docs, openapi) =
        (format!("http://{for_developers}/docs"), format!("http://{for_developers}/openapi.json"));
    let database = config.shown_database();
    if Format::of(&config.log_format) == Some(Format::Json) {
        let more = [
            ("listen", Some(address.to_string())),
            ("listen_operator", operators_at.map(|at| at.to_string())),
            ("docs", Some(docs)),
            ("openapi", Some(openapi)),
            ("database", Some(database)),
            ("operators_key", Some(OPERATORS_KEY.to_owned())),
        ];
        let more = more.into_iter().filter_map(|(name, value)| Some((name.into(), value?.into())));
        return crate::log::object("INFO", &first, more.collect());
    }
    let demo = if has_demo {
        "  sale:                   the database was empty, so a demo sale of three concerts was made (--demo false makes none)\n"
    } else {
        ""
    };
    let operators =
        operators_at.map_or(String::new(), |at| format!("for operators:          http://{at}\n  "));
    format!(
        "{first}\n  \
         {operators}API, to click through:  {docs}\n  \
         OpenAPI 3.1 document:   {openapi}\n  \
         database:               {database}\n\
         {demo}  \
         operator's key:         {OPERATORS_KEY}\n",
    )
}

/// Prints a text. The server runs whether or not anybody reads it.
fn announce(text: String) {
    let _ = within(ANNOUNCE_MAX, move || {
        let mut out = std::io::stdout();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    });
}

/// At the largest size of a file (`ulimit -f`) the system ends the process by a signal, unless the process takes
/// it. Then the write fails as on a full disk, and is answered so.
fn survive_file_size_limit() -> std::io::Result<Signal> {
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))
}

/// The signals that stop the server. From [`Signals::take`] on, no signal ends the process by itself.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn take() -> std::io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn any(&mut self) {
        let signal = tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal, "told to stop");
    }

    /// Waits for a signal, or for the end of something before it, which is returned.
    async fn or_end(&mut self, ends: &mut Ends) -> Option<End> {
        tokio::select! {
            () = self.any() => None,
            end = ends.next() => Some(end),
        }
    }
}

/// Takes the keys of the file when it changes, so that rotating needs no restart. Keys that are not in a file are not
/// watched.
fn watch_keys(
    (supervisor, app): (&Supervisor, &App),
    config: &Config,
    stop: watch::Receiver<bool>,
) -> Option<JoinHandle<()>> {
    if config.keys_file.as_os_str().is_empty() {
        return None;
    }
    let (app, config) = (app.clone(), config.clone());
    Some(supervisor.task("the watch of the key file", take_changed_keys(app, config, stop)))
}

async fn take_changed_keys(app: App, config: Config, mut stop: watch::Receiver<bool>) {
    let modified = || std::fs::metadata(&config.keys_file).and_then(|m| m.modified()).ok();
    let mut seen: Option<SystemTime> = modified();
    // Keys that sign tickets only once their public keys are in the database.
    let mut unpublished: Option<KeyFile> = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep(KEYS_EVERY) => {}
            _ = stop.changed() => return,
        }
        let now = modified();
        if now != seen {
            seen = now;
            match KeyFile::read(&config.keys_file) {
                Ok(file) => {
                    app.keyring.replace(&file);
                    tracing::info!("loaded the changed token keys");
                    unpublished = Some(file);
                }
                Err(why) => {
                    tracing::error!(%why, "could not load the changed token keys; the previous ones stay in use")
                }
            }
        }
        if let Some(file) = unpublished.take() {
            unpublished = take_ticket_keys(&app, &config, file).await;
        }
    }
}

/// Signs tickets with the keys of a file, once the database has their public keys; until then they are returned.
async fn take_ticket_keys(app: &App, config: &Config, file: KeyFile) -> Option<KeyFile> {
    let (config, keys) = (config.clone(), file.clone());
    let published = tokio::task::spawn_blocking(move || publish_ticket_keys(&config, &keys)).await;
    match published {
        Ok(Ok(())) => {
            app.tickets.replace(&file);
            None
        }
        Ok(Err(why)) => {
            tracing::error!(%why, "could not publish the changed ticket keys; the previous ones sign on");
            Some(file)
        }
        // The server stops.
        Err(_) => None,
    }
}
