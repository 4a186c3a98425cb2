//! For those who run the server: is it alive, is it ready, what does it count.

use super::App;
use super::address::Client;
use super::problem::{Code, Problem};
use super::view::json;
use crate::metrics::Format;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue, VARY};
use hyper::{HeaderMap, StatusCode};
use serde::Serialize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use utoipa::ToSchema;

/// The process answers. Does nothing else: the yardstick of the benchmark.
#[utoipa::path(get, path = "/livez", tag = "Operation", responses((status = 200)))]
pub async fn livez() -> StatusCode {
    StatusCode::OK
}

/// That the server can sell.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadyView {
    #[schema(example = "ready")]
    status: &'static str,
}

/// The server can sell: the write path takes commands, the database answers and takes writes, and nobody has
/// told it to stop.
#[utoipa::path(get, path = "/readyz", tag = "Operation", responses((status = 200, body = ReadyView), (status = 503, description = "stopping, busy, database_unavailable, outcome_unknown")))]
pub async fn readyz(State(app): State<App>) -> Result<Response, Problem> {
    if app.draining.load(Ordering::Relaxed) || !app.write_path.is_open() {
        return Err(Problem::of(Code::Stopping));
    }
    app.ready.ask(&app.write_path).await?;
    Ok(json(StatusCode::OK, &ReadyView { status: "ready" }))
}

/// Metrics are written anew at most so often, whoever asks.
const RENDERED_EVERY: Duration = Duration::from_secs(1);
/// The format that Prometheus asks for first.
const OPENMETRICS: &str = "application/openmetrics-text";

/// Metrics for Prometheus: as OpenMetrics for whoever accepts it by name, else in the older text format.
#[utoipa::path(get, path = "/metrics", tag = "Operation",
    responses((status = 200, content((String = "text/plain"), (String = "application/openmetrics-text")))))]
pub async fn metrics(State(app): State<App>, client: Client, headers: HeaderMap) -> Response {
    let mut accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let (format, kind) = if accepted.any(|value| value.contains(OPENMETRICS)) {
        (Format::Open, "application/openmetrics-text; version=1.0.0; charset=utf-8")
    } else {
        (Format::Plain, "text/plain; version=0.0.4; charset=utf-8")
    };
    // As with limits: what comes from this machine, or a trusted proxy's own, is no flood.
    let at_most = if client.0.is_some() { RENDERED_EVERY } else { Duration::ZERO };
    let mut response = app.metrics.shared(format, at_most).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    response
}
