//! Around every route: counts and times the request, limits it by address, bounds its time, and renders
//! problems in the client's language.

use super::App;
use super::address::Client;
use super::edge::Refused;
use super::lang::Lang;
use super::limits::Class;
use super::problem::Problem;
use crate::metrics::{CodeLabel, Metrics, RequestLabels};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::header::ACCEPT_LANGUAGE;
use hyper::{Method, StatusCode};
use prometheus_client::metrics::counter::Counter;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an answer may take before the client is told to repeat the request. A command that is
/// at the desk by then is still carried out or not; its idempotency key tells which.
const ANSWER_WAIT: Duration = Duration::from_secs(30);

/// The counters of one route, looked up once.
pub struct Observer {
    app: App,
    class: Class,
    /// By the status' first digit.
    counters: [Counter; 6],
}

impl Observer {
    /// For a route.
    #[must_use]
    pub fn new(app: &App, method: &Method, route: &'static str, class: Class) -> Arc<Self> {
        let counter = |status: &'static str| {
            let method = method_name(method);
            app.metrics.requests.get_or_create_owned(&RequestLabels { route, method, status })
        };
        let classes = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"];
        Arc::new(Self { app: app.clone(), class, counters: classes.map(counter) })
    }

    fn metrics(&self) -> &Metrics {
        &self.app.metrics
    }

    fn count(&self, status: StatusCode, began: Instant) {
        let class = usize::from(status.as_u16() / 100);
        self.counters.get(class).unwrap_or(&self.counters[0]).inc();
        self.app.pressure.answered();
        self.metrics().request_seconds.observe(began.elapsed().as_secs_f64());
    }
}

fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// The middleware.
pub async fn observe(observer: Arc<Observer>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let accepted = request.headers().get(ACCEPT_LANGUAGE).cloned();
    request.extensions_mut().insert(observer.class);
    let client = request.extensions().get().copied().unwrap_or(Client(None));
    let mut response = match observer.app.limits.address(observer.class, client) {
        Ok(()) => {
            if let Some(Refused(problem)) = request.extensions_mut().remove::<Refused>() {
                problem.into_response()
            } else {
            let answer = tokio::time::timeout(ANSWER_WAIT, next.run(request)).await;
            answer.unwrap_or_else(|_| Problem::of("request_timeout").into_response())
            }
        }
        Err(problem) => problem.into_response(),
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        observer.metrics().problems.get_or_create(&CodeLabel { code: problem.code() }).inc();
        response = problem.render(Lang::of(accepted.as_ref()));
    }
    observer.count(response.status(), began);
    response
}
