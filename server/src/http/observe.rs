//! Around every route: names, counts and times the request, limits it, bounds its time, renders
//! problems in the client's language, and logs what should be known.

use super::App;
use super::address::Client;
use super::edge::Refused;
use super::extract::shown;
use super::lang::Lang;
use super::limits::{Asked, Class};
use super::problem::{Code, Problem};
use super::trail::{Ended, Trail};
use crate::metrics::{CodeLabel, Metrics, RequestLabels, RouteLabels};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::header::ACCEPT_LANGUAGE;
use hyper::{Method, StatusCode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an answer may take before the client is told to repeat the request. A command that is
/// at the write path by then is still carried out or not; its idempotency key tells which.
const ANSWER_WAIT: Duration = Duration::from_secs(30);

/// The counters of one route, looked up once.
pub struct Observer {
    app: App,
    class: Class,
    route: &'static str,
    seconds: Histogram,
    /// By the status' first digit.
    counters: [Counter; 6],
}

impl Observer {
    /// For a route.
    #[must_use]
    pub fn new(app: &App, method: &Method, route: &'static str, class: Class) -> Arc<Self> {
        let method = method_name(method);
        let seconds =
            app.metrics.request_seconds.get_or_create_owned(&RouteLabels { route, method });
        let counter = |status: &'static str| {
            app.metrics.requests.get_or_create_owned(&RequestLabels { route, method, status })
        };
        let classes = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"];
        Arc::new(Self { app: app.clone(), class, route, seconds, counters: classes.map(counter) })
    }

    fn metrics(&self) -> &Metrics {
        &self.app.metrics
    }

    fn count(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100);
        self.counters.get(class).unwrap_or(&self.counters[0]).inc();
        self.app.pressure.answered();
        self.seconds.observe(took.as_secs_f64());
    }
}

fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// The middleware. What an operator changes is carried out, and told in the log, also where the operator
/// hangs up meanwhile: a connection that ends takes what it waits for with it.
pub async fn observe(observer: Arc<Observer>, request: Request, next: Next) -> Response {
    if observer.class != Class::Operator || request.method() == Method::GET {
        return observed(observer, request, next).await;
    }
    let done = tokio::spawn(observed(observer, request, next)).await;
    done.unwrap_or_else(|_| Problem::of(Code::Internal).render(Lang::En))
}

async fn observed(observer: Arc<Observer>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let accepted = request.headers().get(ACCEPT_LANGUAGE).cloned();
    let trail = Trail::of(&mut request, observer.class, observer.route);
    let client = request.extensions().get().copied().unwrap_or(Client(None));
    let (limits, asked) = (&observer.app.limits, Asked::new(observer.class, client));
    request.extensions_mut().insert(asked.clone());
    // Who is known pays for itself, and for no neighbour.
    let known = (observer.class == Class::Browse)
        .then(|| shown(request.headers(), &observer.app))
        .flatten();
    let taken = match known {
        Some(user) => limits.account(&asked, user, NonZeroU32::MIN),
        None => limits.before(&asked, request.headers()),
    };
    let mut response = match taken {
        Ok(()) => {
            if let Some(Refused(problem)) = request.extensions_mut().remove::<Refused>() {
                problem.into_response()
            } else {
                let answer = tokio::time::timeout(ANSWER_WAIT, next.run(request)).await;
                answer.unwrap_or_else(|_| Problem::of(Code::RequestTimeout).into_response())
            }
        }
        Err(problem) => problem.into_response(),
    };
    if let Err(problem) = limits.after(&asked, response.status()) {
        response = problem.into_response();
    }
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = &problem {
        observer
            .metrics()
            .problems
            .get_or_create(&CodeLabel { code: problem.code().as_str() })
            .inc();
        response = problem.render(Lang::of(accepted.as_ref()));
    }
    let took = began.elapsed();
    observer.count(response.status(), took);
    let ended = Ended {
        status: response.status().as_u16(),
        code: problem.as_ref().map(|problem| problem.code().as_str()),
        note: problem.as_ref().and_then(Problem::note),
        ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    };
    trail.end(response, ended).await
}
