//! The accept loop: a bounded number of connections, few of one address, slow clients cut off, idle ones
//! closed where others need the place, a stop that lets requests finish.

use super::address::{Client, Origin, Unheard};
use super::canned::Canned;
use super::connections::{Added, Connection, Connections};
use super::edge::{Refused, addressed};
use super::pace::{Order, Pace, PacedBody, PacedIo};
use super::proxy;
use crate::log::Bounded;
use crate::metrics::{Metrics, WhyLabel};
use crate::networks::Networks;
use axum::Router;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper::{HeaderMap, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt::set_tcp_user_timeout;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How long a client may take to send a request's head, and how long a connection may idle.
const HEAD_WAIT: Duration = Duration::from_secs(30);
/// How long a trusted proxy may take to say whom it speaks for.
const PROXY_WAIT: Duration = Duration::from_secs(5);
/// How long a connection may keep the server waiting while few more have room: for a request, for its body, or
/// until an answer is taken.
const CROWDED_WAIT: Duration = Duration::from_secs(5);
/// Few more have room: fewer than this part of all.
const CROWDED_PART: usize = 4;
/// While few more have room, an address may have this part of what is free, so that a few of them cannot fill
/// the server: with n addresses that all want as much as they get, 4 parts of n + 4 stay free.
const SHARE_PART: usize = 4;
/// As many an address may have however little is free: what a browser opens, and some.
const SHARE_MIN: usize = 8;
/// Between two looks at who keeps the server waiting.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a client may leave sent bytes unread: after that the system ends the connection, also
/// where the client's own system goes on acknowledging that it has no room.
const UNREAD_WAIT: Duration = Duration::from_secs(30);
/// How long requests may take to finish once the server stops.
const STOP_WAIT: Duration = Duration::from_secs(10);
/// Largest request head, bytes.
const HEAD_MAX: usize = 16 * 1024;
/// After an accept that failed for want of descriptors, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How many may connect, and who is believed whom they speak for.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// Connections at once; more wait in the system's backlog.
    pub connections_max: usize,
    /// Of these, of one address, and [`WIDE_SHARES`](crate::networks::WIDE_SHARES) times as many of a wide network;
    /// beyond it one of them is closed that idles or keeps the server waiting, or else the new one.
    pub connections_per_address_max: usize,
    /// Who is believed whom they speak for.
    pub trusted_proxies: Networks,
    /// Whether these begin each connection with the PROXY protocol.
    pub proxy_protocol: bool,
}

/// What all connections share.
struct Shared {
    limits: ConnectionLimits,
    room: Arc<Semaphore>,
    connections: Connections,
    stop: watch::Receiver<bool>,
    http: http1::Builder,
    router: Router,
    metrics: Arc<Metrics>,
    /// Which of [`Unheard`] were told.
    told: [AtomicBool; Unheard::COUNT],
}

/// Serves until `stop` changes, then lets requests finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    metrics: Arc<Metrics>,
    limits: ConnectionLimits,
    mut stop: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(limits.connections_max));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WAIT).max_buf_size(HEAD_MAX.max(8192));
    let shared = Arc::new(Shared {
        limits,
        room,
        connections: Connections::default(),
        stop: stop.clone(),
        http,
        router,
        metrics,
        told: Default::default(),
    });
    tokio::select! {
        () = shared.make_room() => {}
        () = shared.accept(&listener, &mut stop) => {}
    }
    drop(listener);
    // Each connection has a permit until its end.
    let all = u32::try_from(shared.limits.connections_max).unwrap_or(u32::MAX);
    if tokio::time::timeout(STOP_WAIT, shared.room.acquire_many(all)).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}

impl Shared {
    /// Takes connections until the stop.
    async fn accept(self: &Arc<Self>, listener: &TcpListener, stop: &mut watch::Receiver<bool>) {
        loop {
            // Beyond the limit, connections wait in the system's backlog.
            let permit = tokio::select! {
                permit = Arc::clone(&self.room).acquire_owned() => permit,
                _ = stop.changed() => return,
            };
            let Ok(permit) = permit else { return };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stop.changed() => return,
            };
            match accepted {
                Ok((stream, peer)) => {
                    tokio::spawn(Arc::clone(self).serve_one(stream, peer.ip(), permit));
                }
                Err(error) => {
                    static FAILED: LazyLock<Bounded> = LazyLock::new(Bounded::default);
                    if let Some(left_out) = FAILED.may(None) {
                        tracing::warn!(%error, left_out, "a connection was not accepted");
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Makes room where there is little. Never ends.
    async fn make_room(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if self.lacking() == 0 {
                continue;
            }
            for _ in 0..self.connections.close_waiting(CROWDED_WAIT) {
                self.refused("idle");
            }
            if let Some(share) = self.share() {
                for _ in 0..self.connections.close_idle_of_large(share, self.lacking()) {
                    self.refused("address");
                }
            }
        }
    }

    /// How many places more would have to be free for others not to be in need of them.
    fn lacking(&self) -> usize {
        let enough = self.limits.connections_max.div_ceil(CROWDED_PART);
        enough.saturating_sub(self.room.available_permits())
    }

    /// What an address may have while few more have room; none where addresses are not limited.
    fn share(&self) -> Option<usize> {
        let share = (self.room.available_permits() / SHARE_PART).max(SHARE_MIN);
        (self.limits.connections_per_address_max < usize::MAX).then_some(share)
    }

    /// As many an address may have now.
    fn allowed(&self) -> usize {
        let most = self.limits.connections_per_address_max;
        let share = if self.lacking() > 0 { self.share() } else { None };
        share.map_or(most, |share| share.min(most))
    }

    /// A connection from its beginning to its end.
    async fn serve_one(
        self: Arc<Self>,
        mut stream: TcpStream,
        peer: IpAddr,
        permit: OwnedSemaphorePermit,
    ) {
        let trusted = &self.limits.trusted_proxies;
        let mut origin = Origin { peer, announced: None };
        if self.limits.proxy_protocol && trusted.contain(peer) {
            match tokio::time::timeout(PROXY_WAIT, proxy::announced(&mut stream)).await {
                Ok(Ok(announced)) => origin.announced = announced,
                Ok(Err(_)) | Err(_) => return self.refused("proxy"),
            }
        }
        let connection = match self.connections.add(origin.connection(trusted), self.allowed()) {
            Added::Free(connection) => connection,
            Added::InsteadOf(connection) => {
                self.refused("address");
                connection
            }
            Added::Full => return self.refused("address"),
        };
        self.metrics.connections.inc();
        self.exchange(stream, origin, &connection).await;
        self.metrics.connections.dec();
        drop(permit);
    }

    /// Requests and answers, until one of both sides ends it.
    async fn exchange(
        self: &Arc<Self>,
        stream: TcpStream,
        origin: Origin,
        connection: &Connection<'_>,
    ) {
        // Without it small answers would wait for the client's acknowledgements.
        let _ = stream.set_nodelay(true);
        let unread_ms = u32::try_from(UNREAD_WAIT.as_millis()).unwrap_or(u32::MAX);
        if let Err(error) = set_tcp_user_timeout(&stream, unread_ms) {
            tracing::debug!(%error, "the connection has no limit for unread answers");
        }
        let pace = &connection.pace;
        let service = Addressed {
            router: TowerToHyperService::new(self.router.clone()),
            shared: Arc::clone(self),
            origin,
            pace: Arc::clone(pace),
        };
        let io = Canned::new(TokioIo::new(PacedIo::new(stream, Arc::clone(pace))));
        let mut serving = pin!(self.http.serve_connection(io, service));
        let (mut stop, mut stopping) = (self.stop.clone(), false);
        loop {
            let order = tokio::select! {
                ended = serving.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    return;
                }
                _ = stop.changed(), if !stopping => {
                    stopping = true;
                    Order::Finish
                }
                order = pace.told() => order,
            };
            match order {
                Order::Finish => serving.as_mut().graceful_shutdown(),
                // What came meanwhile is at work, and is answered first.
                Order::Close if pace.awaits().is_none() => serving.as_mut().graceful_shutdown(),
                Order::Close => return,
                Order::Stay => {}
            }
        }
    }

    /// As whom a request counts. That a proxy's word counts for nothing is told once: its clients share the limits of one
    /// address then, or have none, which is hardly meant.
    fn client(&self, origin: &Origin, headers: &HeaderMap) -> Client {
        let trusted = &self.limits.trusted_proxies;
        if let Some(unheard) = origin.unheard(headers, trusted)
            && !self.told[unheard as usize].swap(true, Ordering::Relaxed)
        {
            tracing::warn!(peer = %origin.peer, "{}", unheard.text());
        }
        origin.client(headers, trusted)
    }

    fn refused(&self, why: &'static str) {
        self.metrics.connections_refused.get_or_create(&WhyLabel { why }).inc();
    }
}

/// The router, told whose each request is.
struct Addressed {
    router: TowerToHyperService<Router>,
    shared: Arc<Shared>,
    origin: Origin,
    pace: Arc<Pace>,
}

impl Service<Request<hyper::body::Incoming>> for Addressed {
    type Response = <TowerToHyperService<Router> as Service<Request<PacedBody>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<PacedBody>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<PacedBody>>>::Future;

    fn call(&self, request: Request<hyper::body::Incoming>) -> Self::Future {
        let mut request = request.map(|body| PacedBody::new(body, &self.pace));
        let client = self.shared.client(&self.origin, request.headers());
        request.extensions_mut().insert(client);
        request.extensions_mut().insert(Arc::clone(&self.pace));
        if let Err(problem) = addressed(&request) {
            request.extensions_mut().insert(Refused(problem));
        }
        self.router.call(request)
    }
}
