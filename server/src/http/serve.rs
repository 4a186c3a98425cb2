//! The accept loop: a bounded number of connections, few of one address, slow clients cut off, a stop
//! that lets requests finish.

use super::address::{Client, FORWARDED_FOR, Origin};
use super::canned::Canned;
use super::edge::{Refused, addressed};
use super::proxy;
use crate::metrics::{Metrics, WhyLabel};
use crate::networks::{Networks, counted};
use axum::Router;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper::{HeaderMap, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt::set_tcp_user_timeout;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How long a client may take to send a request's head, and how long a connection may idle.
const HEAD_WAIT: Duration = Duration::from_secs(30);
/// How long a connection may take to ask for anything at all while few more have room.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// Few more have room: fewer than this part of all.
const CROWDED_PART: usize = 4;
/// How long a client may leave sent bytes unread: after that the system ends the connection, also
/// where the client's own system goes on acknowledging that it has no room.
const UNREAD_WAIT: Duration = Duration::from_secs(30);
/// How long requests may take to finish once the server stops.
const STOP_WAIT: Duration = Duration::from_secs(10);
/// Largest request head, bytes.
const HEAD_MAX: usize = 16 * 1024;
/// After an accept that failed for want of descriptors, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Who may connect.
#[derive(Clone, Debug)]
pub struct Doors {
    /// Connections at once; more wait in the system's backlog.
    pub connections_max: usize,
    /// Of these, of one address; beyond it, one is closed at once.
    pub connections_per_address_max: usize,
    /// Who is believed whom they speak for.
    pub trusted_proxies: Networks,
    /// Whether these begin each connection with the PROXY protocol.
    pub proxy_protocol: bool,
}

/// What all connections share.
struct Hall {
    doors: Doors,
    room: Arc<Semaphore>,
    /// Connections by address.
    by_address: Mutex<HashMap<IpAddr, usize>>,
    http: http1::Builder,
    router: Router,
    metrics: Arc<Metrics>,
    /// Whether it was told that a proxy is not trusted.
    told: AtomicBool,
}

/// Serves until `stop` changes, then lets requests finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    metrics: Arc<Metrics>,
    doors: Doors,
    mut stop: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(doors.connections_max));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WAIT).max_buf_size(HEAD_MAX.max(8192));
    let by_address = Mutex::default();
    let hall = Arc::new(Hall {
        doors,
        room,
        by_address,
        http,
        router,
        metrics,
        told: AtomicBool::new(false),
    });
    loop {
        // Beyond the limit, connections wait in the system's backlog.
        let permit = tokio::select! {
            permit = Arc::clone(&hall.room).acquire_owned() => permit,
            _ = stop.changed() => break,
        };
        let Ok(permit) = permit else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let hall = Arc::clone(&hall);
                tokio::spawn(hall.attend(stream, peer.ip(), permit, graceful.watcher()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(STOP_WAIT, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}

impl Hall {
    /// A connection from its beginning to its end.
    async fn attend(
        self: Arc<Self>,
        mut stream: TcpStream,
        peer: IpAddr,
        permit: OwnedSemaphorePermit,
        watcher: Watcher,
    ) {
        let trusted = &self.doors.trusted_proxies;
        let mut origin = Origin { peer, announced: None };
        if self.doors.proxy_protocol && trusted.contain(peer) {
            match tokio::time::timeout(FIRST_WAIT, proxy::announced(&mut stream)).await {
                Ok(Ok(announced)) => origin.announced = announced,
                Ok(Err(_)) | Err(_) => return self.refused("proxy"),
            }
        }
        let Some(_place) = Place::take(&self, origin.connection(trusted)) else {
            return self.refused("address");
        };
        self.metrics.connections.inc();
        self.converse(stream, origin, watcher).await;
        self.metrics.connections.dec();
        drop(permit);
    }

    /// Requests and answers, until one of both sides ends it.
    async fn converse(self: &Arc<Self>, stream: TcpStream, origin: Origin, watcher: Watcher) {
        // Without it small answers would wait for the client's acknowledgements.
        let _ = stream.set_nodelay(true);
        let unread_ms = u32::try_from(UNREAD_WAIT.as_millis()).unwrap_or(u32::MAX);
        if let Err(error) = set_tcp_user_timeout(&stream, unread_ms) {
            tracing::debug!(%error, "the connection has no limit for unread answers");
        }
        let asked = Arc::new(AtomicBool::new(false));
        let service = Addressed {
            router: TowerToHyperService::new(self.router.clone()),
            hall: Arc::clone(self),
            origin,
            asked: Arc::clone(&asked),
        };
        let serving =
            watcher.watch(self.http.serve_connection(Canned::new(TokioIo::new(stream)), service));
        tokio::select! {
            ended = serving => if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            },
            () = self.silent(&asked) => self.refused("idle"),
        }
    }

    /// Ends when nothing was asked for, and others need the place.
    async fn silent(&self, asked: &AtomicBool) {
        loop {
            tokio::time::sleep(FIRST_WAIT).await;
            if asked.load(Ordering::Relaxed) {
                return std::future::pending().await;
            }
            if self.room.available_permits() < self.doors.connections_max.div_ceil(CROWDED_PART) {
                return;
            }
        }
    }

    /// As whom a request counts. What a proxy says who is not trusted is told once: its clients share
    /// the limits of one address, which is hardly meant.
    fn client(&self, origin: &Origin, headers: &HeaderMap) -> Client {
        let client = origin.client(headers, &self.doors.trusted_proxies);
        let is_peer = client.0.is_some_and(|address| address == counted(origin.peer));
        if is_peer
            && headers.contains_key(FORWARDED_FOR)
            && !self.told.swap(true, Ordering::Relaxed)
        {
            let peer = origin.peer;
            tracing::warn!(%peer, "it names others in X-Forwarded-For and is none of trusted_proxies: all count as one address");
        }
        client
    }

    fn refused(&self, why: &'static str) {
        self.metrics.connections_refused.get_or_create(&WhyLabel { why }).inc();
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection as one of its address.
struct Place<'a>(&'a Hall, Option<IpAddr>);

impl<'a> Place<'a> {
    /// None where the address has as many as it may have.
    fn take(hall: &'a Hall, address: Option<IpAddr>) -> Option<Self> {
        if let Some(address) = address {
            let mut counts = hall.counts();
            let count = counts.entry(address).or_insert(0);
            if *count >= hall.doors.connections_per_address_max {
                return None;
            }
            *count += 1;
        }
        Some(Self(hall, address))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Some(address) = self.1 else { return };
        let mut counts = self.0.counts();
        if let Some(count) = counts.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&address);
            }
        }
    }
}

/// The router, told whose each request is.
struct Addressed {
    router: TowerToHyperService<Router>,
    hall: Arc<Hall>,
    origin: Origin,
    asked: Arc<AtomicBool>,
}

impl Service<Request<hyper::body::Incoming>> for Addressed {
    type Response =
        <TowerToHyperService<Router> as Service<Request<hyper::body::Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<hyper::body::Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<hyper::body::Incoming>>>::Future;

    fn call(&self, mut request: Request<hyper::body::Incoming>) -> Self::Future {
        self.asked.store(true, Ordering::Relaxed);
        let client = self.hall.client(&self.origin, request.headers());
        request.extensions_mut().insert(client);
        if let Err(problem) = addressed(&request) {
            request.extensions_mut().insert(Refused(problem));
        }
        self.router.call(request)
    }
}
