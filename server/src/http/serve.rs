//! The accept loop: a bounded number of connections, slow clients cut off, a stop that lets
//! requests finish.

use crate::metrics::Metrics;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt::set_tcp_user_timeout;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How long a client may take to send a request's head, and how long a connection may idle.
const HEAD_WAIT: Duration = Duration::from_secs(30);
/// How long a client may leave sent bytes unread: after that the system ends the connection, also
/// where the client's own system goes on acknowledging that it has no room.
const UNREAD_WAIT: Duration = Duration::from_secs(30);
/// How long requests may take to finish once the server stops.
const STOP_WAIT: Duration = Duration::from_secs(10);
/// Largest request head, bytes.
const HEAD_MAX: usize = 16 * 1024;
/// After an accept that failed for want of descriptors, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` changes, then lets requests finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    metrics: Arc<Metrics>,
    connections_max: usize,
    mut stop: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(connections_max));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WAIT).max_buf_size(HEAD_MAX.max(8192));
    loop {
        // Beyond the limit, connections wait in the system's backlog.
        let permit = tokio::select! {
            permit = Arc::clone(&room).acquire_owned() => permit,
            _ = stop.changed() => break,
        };
        let Ok(permit) = permit else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = Connection { stream, permit, metrics: Arc::clone(&metrics) };
                connection.spawn(&http, router.clone(), &graceful);
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

struct Connection {
    stream: TcpStream,
    permit: OwnedSemaphorePermit,
    metrics: Arc<Metrics>,
}

impl Connection {
    fn spawn(self, http: &http1::Builder, router: Router, graceful: &GracefulShutdown) {
        // Without it small answers would wait for the client's acknowledgements.
        let _ = self.stream.set_nodelay(true);
        let unread_ms = u32::try_from(UNREAD_WAIT.as_millis()).unwrap_or(u32::MAX);
        if let Err(error) = set_tcp_user_timeout(&self.stream, unread_ms) {
            tracing::debug!(%error, "the connection has no limit for unread answers");
        }
        let service = TowerToHyperService::new(router);
        let serving = graceful.watch(http.serve_connection(TokioIo::new(self.stream), service));
        let (permit, metrics) = (self.permit, self.metrics);
        tokio::spawn(async move {
            metrics.connections.inc();
            if let Err(error) = serving.await {
                tracing::debug!(%error, "a connection ended early");
            }
            metrics.connections.dec();
            drop(permit);
        });
    }
}
