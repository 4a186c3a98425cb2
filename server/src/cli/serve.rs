//! `boxoffice serve`: runs until it is told to stop, then finishes what it took.

use super::{Failure, database, demo, node};
use crate::config::Config;
use crate::http::{routes, serve};
use crate::tokens::{KeyFile, Keyring};
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How long the desk may take to finish what it took.
const DESK_WAIT: Duration = Duration::from_secs(20);
/// Connections that may wait to be accepted; the system may allow fewer (`net.core.somaxconn`).
/// Whoever finds no room there tries again after a second, then after three.
const BACKLOG: u32 = 8_192;
/// Between two looks at the key file.
const KEYS_EVERY: Duration = Duration::from_secs(2);

/// Runs the server.
///
/// # Errors
/// It cannot start; the text says why in one sentence.
pub fn run(config: &Config) -> Result<(), Failure> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log)
        .map_err(|error| format!("log: {error}"))?;
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours);
    log.with_writer(std::io::stderr).init();
    if let Some((allowed, wanted)) = raise_descriptor_limit(config.connections_max) {
        tracing::warn!(allowed, wanted, "fewer open files are allowed than connections_max needs");
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(config))
}

/// As many open files as the system allows. Where that is too few: how many, and how many are wanted.
pub(super) fn raise_descriptor_limit(connections: usize) -> Option<(u64, u64)> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where raising is not allowed, the limit stays and the answer tells.
    let _ = setrlimit(Resource::Nofile, limit);
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(64);
    (allowed < wanted).then_some((allowed, wanted))
}

async fn serve(config: &Config) -> Result<(), Failure> {
    let _writes_fail = survive_file_size_limit()?;
    // Before the database is opened, and until after the desk's end.
    let _lock = database::lock(config)?;
    let node = node::build(config, database::clock(config)?)?;
    if config.demo && node.app.board.is_empty() {
        demo::open(&node.app).await?;
    }
    let listener = listen(config.listen);
    let listener = listener.map_err(|error| format!("listen {}: {error}", config.listen))?;
    // Before the address is told: whoever has read it may stop the server.
    let mut signals = Signals::take()?;
    announce(listener.local_addr()?, config);
    let (stop, stopped) = watch::channel(false);
    let sweeping = tokio::spawn(node.sweeper.run(stopped.clone()));
    let measuring = tokio::spawn(Arc::clone(&node.app.pressure).watch(stopped.clone()));
    let keyring = Arc::clone(&node.app.keyring);
    let watching = tokio::spawn(watch_keys(keyring, config.keys_file.clone(), stopped.clone()));
    let metrics = Arc::clone(&node.app.metrics);
    let desk = node.app.desk.clone();
    let draining = Arc::clone(&node.app.draining);
    let router = routes::router(node.app);
    let serving = serve::serve(listener, router, metrics, doors(config), stopped);
    let serving = tokio::spawn(serving);
    signals.any().await;
    if config.drain_seconds > 0 {
        drain(&draining, Duration::from_secs(config.drain_seconds), &mut signals).await;
    }
    tracing::info!("stopping: taking no more, finishing what was taken");
    stop.send_replace(true);
    // A task that panicked has stopped as well.
    let _ = tokio::join!(serving, sweeping, watching, measuring);
    desk.stop().await;
    let finished = tokio::task::spawn_blocking(move || node.writer.join(DESK_WAIT)).await?;
    if !finished {
        return Err("the desk did not finish in time; what was not answered may not be done".into());
    }
    tracing::info!("stopped");
    Ok(())
}

fn doors(config: &Config) -> serve::Doors {
    let per_address = config.connections_per_address_max;
    serve::Doors {
        connections_max: config.connections_max,
        connections_per_address_max: if config.limits { per_address } else { usize::MAX },
        trusted_proxies: config.trusted_proxies.clone(),
        proxy_protocol: config.proxy_protocol,
    }
}

/// Serves on for this time while `/readyz` says no: whoever is on the way to this server still arrives, and
/// by the stop a balancer sends nobody any more. A second signal ends the wait.
async fn drain(draining: &AtomicBool, time: Duration, signals: &mut Signals) {
    draining.store(true, Ordering::Relaxed);
    tracing::info!(seconds = time.as_secs(), "draining: not ready any more, serving on");
    // Whichever comes first.
    let _ = tokio::time::timeout(time, signals.any()).await;
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // So that a restart need not wait for the connections of the run before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Tells where the server is. The first line is for programs that start one, too.
fn announce(address: SocketAddr, config: &Config) {
    let text = format!(
        "boxoffice sells on http://{address}\n  \
         API, to click through:  http://{address}/docs\n  \
         OpenAPI 3.1 document:   http://{address}/openapi.json\n  \
         database:               {}\n",
        config.shown_database()
    );
    // Nobody has to listen; the server runs all the same.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Where a file may not grow any more (`ulimit -f`), the system ends the process by a signal unless
/// somebody takes it. Taken, the write fails like one on a full disk, and is answered like it.
fn survive_file_size_limit() -> std::io::Result<Signal> {
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))
}

/// What tells the server to stop. From [`Signals::take`] on, no signal ends the process by itself.
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
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Takes the keys of the file when it changes, so that rotating needs no restart.
async fn watch_keys(keyring: Arc<Keyring>, path: PathBuf, mut stop: watch::Receiver<bool>) {
    if path.as_os_str().is_empty() {
        return;
    }
    let modified = |path: &PathBuf| std::fs::metadata(path).and_then(|m| m.modified()).ok();
    let mut seen: Option<SystemTime> = modified(&path);
    loop {
        tokio::select! {
            () = tokio::time::sleep(KEYS_EVERY) => {}
            _ = stop.changed() => return,
        }
        let now = modified(&path);
        if now == seen {
            continue;
        }
        seen = now;
        match KeyFile::read(&path) {
            Ok(file) => {
                keyring.replace(&file);
                tracing::info!("took the token keys of the changed file");
            }
            Err(why) => tracing::error!(%why, "the token keys stay as they were"),
        }
    }
}
