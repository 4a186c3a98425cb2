//! The seats of a date: what has changed, told to those who shop. One task a date looks for changes and writes them
//! once for all who watch.

use super::super::App;
use super::super::extract::{PathId, Query};
use super::super::problem::{Code, Problem};
use super::super::seat::{Written, compact_body};
use super::access::{Access, Watcher};
use super::body::{Paced, heartbeat, written};
use super::{CHECK_EVERY, HEARTBEAT, Kind, Outlet, Over, Streams, not_offered};
use crate::clock::Clock;
use crate::currency::Currency;
use crate::read_model::{DateModel, ReadModel};
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::id::DateId;
use hyper::HeaderMap;
use hyper::body::Bytes;
use serde::Deserialize;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use utoipa::IntoParams;

/// Between two looks at a date that somebody watches.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Header with the last version that a client has read.
pub const LAST_EVENT_ID: &str = "last-event-id";

/// From where on changes are told.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SinceQuery {
    /// A version that was answered before; all seats are told first where there is none.
    since: Option<String>,
}

/// A version in its parts: of which life of the read model, and how many changes there were.
fn parts(version: &str) -> Option<(&str, u64)> {
    let (life, count) = version.split_once('-')?;
    Some((life, count.parse().ok()?))
}

/// The seats that changed from one version to another, as an event.
#[derive(Debug)]
struct Step {
    since: String,
    version: String,
    is_complete: bool,
    text: Bytes,
}

impl Step {
    fn of(since: String, seats: Written) -> Self {
        let text = written("seats", Some(&seats.version), None, &seats.body);
        Self { since, version: seats.version, is_complete: seats.is_complete, text }
    }

    /// Whether it brings whoever has this version up to date. Seats are told as they are, so that some may be told
    /// again.
    fn follows(&self, has: &str) -> bool {
        self.is_complete
            || matches!((parts(&self.since), parts(has)), (Some((life, from)), Some((of, has))) if life == of && from <= has)
    }

    /// Whether whoever has this version knows all of it.
    fn is_known(&self, has: &str) -> bool {
        matches!((parts(&self.version), parts(has)), (Some((life, to)), Some((of, has))) if life == of && to <= has)
    }
}

/// A date that somebody watches: its last step.
type Steps = watch::Sender<Option<Arc<Step>>>;

/// The dates that somebody watches.
#[derive(Default)]
pub struct Dates(Mutex<HashMap<DateId, Steps>>);

impl Dates {
    fn watched(&self) -> MutexGuard<'_, HashMap<DateId, Steps>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What looks for the changes of a date.
struct Lookout {
    streams: Arc<Streams>,
    read_model: Arc<ReadModel>,
    clock: Clock,
    currency: Currency,
    date: DateId,
}

impl Lookout {
    /// The steps of a date from now on.
    fn watch(app: &App, date: DateId) -> watch::Receiver<Option<Arc<Step>>> {
        let mut dates = app.streams.dates.watched();
        if let Some(steps) = dates.get(&date) {
            return steps.subscribe();
        }
        let steps = Steps::new(None);
        let receiver = steps.subscribe();
        dates.insert(date, steps);
        drop(dates);
        let lookout = Self {
            streams: Arc::clone(&app.streams),
            read_model: Arc::clone(&app.read_model),
            clock: app.clock.clone(),
            currency: app.currency.clone(),
            date,
        };
        let version = lookout.version();
        tokio::spawn(lookout.run(version));
        receiver
    }

    fn shown(&self) -> Option<Arc<DateModel>> {
        self.read_model.date(self.date)
    }

    fn version(&self) -> String {
        self.shown().map(|date| date.version(self.clock.now())).unwrap_or_default()
    }

    /// Looks until nobody watches.
    async fn run(self, mut version: String) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let step = self.step(&version);
            let mut dates = self.streams.dates.watched();
            let Some(steps) = dates.get(&self.date) else { return };
            if steps.receiver_count() == 0 {
                dates.remove(&self.date);
                return;
            }
            if let Some(step) = step {
                version.clone_from(&step.version);
                steps.send_replace(Some(Arc::new(step)));
            }
        }
    }

    fn step(&self, version: &str) -> Option<Step> {
        let (date, now) = (self.shown()?, self.clock.now());
        (date.version(now) != version).then(|| {
            Step::of(version.to_owned(), compact_body(&date, Some(version), &self.currency, now))
        })
    }
}

/// The seats of a date by Server-Sent Events: `seats` events with what the compact map answers since a version, the
/// first at once, then within some 300 ms of a change. An event's id is its version.
///
/// The last event is `end`, which says why; whoever reads it, or gets no stream, asks for the map.
#[utoipa::path(get, path = "/api/v1/concert-dates/{id}/seats/events", tag = "Seats", params(("id" = Uuid, Path), SinceQuery, ("Last-Event-ID" = Option<String>, Header, description = "In place of `since`: the last version that was read")),
    security(("identity" = [], "queue_token" = [])),
    responses((status = 200, description = "Events `seats` (`CompactView`) and `end` (`StreamEndView`)", content_type = "text/event-stream", body = String), (status = 400, description = "invalid_query"), (status = 403, description = "not_admitted, queue_token_expired, …"), (status = 404, description = "date_not_found"), (status = 409, description = "date_cancelled"), (status = 503, description = "stream_not_offered")))]
pub async fn seat_events(
    State(app): State<App>,
    PathId(id): PathId,
    Watcher { admitted, access }: Watcher,
    Query(query): Query<SinceQuery>,
    headers: HeaderMap,
    paced: Paced,
) -> Result<Response, Problem> {
    let date = app.read_model.date(DateId(id)).ok_or_else(|| Problem::of(Code::DateNotFound))?;
    admitted.enter(&app, Some(date.concert)).await?;
    if let Some(cancelled) = &date.cancelled {
        return Err(Problem::of(Code::DateCancelled).with("reason", cancelled.reason.clone()));
    }
    let slot = app.streams.begin(Kind::Seats, access.user).ok_or_else(|| not_offered(None))?;
    let last = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let since = last.or(query.since);
    let (mut outlet, response) = Outlet::new(slot, paced);
    tokio::spawn(async move {
        let Err(over) = tell(&app, date.id, access, since, &mut outlet).await;
        outlet.end(over).await;
    });
    Ok(response)
}

/// The date, where it is still to be shown to them.
fn allowed(app: &App, id: DateId, access: &Access) -> Result<Arc<DateModel>, Over> {
    access.check(app).map_err(Over::Refused)?;
    let date = app.read_model.date(id).ok_or(Over::Refused(Code::DateNotFound))?;
    if date.cancelled.is_some() { Err(Over::Refused(Code::DateCancelled)) } else { Ok(date) }
}

async fn tell(
    app: &App,
    id: DateId,
    access: Access,
    since: Option<String>,
    out: &mut Outlet,
) -> Result<Infallible, Over> {
    // Before the first look: what changes after it comes as a step.
    let mut steps = Lookout::watch(app, id);
    let own = |date: &DateModel, since: Option<&str>| {
        let seats = compact_body(date, since, &app.currency, app.clock.now());
        Step::of(String::new(), seats)
    };
    let first = own(&*allowed(app, id, &access)?, since.as_deref());
    let mut version = first.version;
    out.send(first.text).await?;
    let mut told = Instant::now();
    loop {
        let waited = tokio::time::timeout(CHECK_EVERY, steps.changed());
        let changed = out.until(waited).await?.is_ok();
        let date = allowed(app, id, &access)?;
        let step = if changed { steps.borrow_and_update().clone() } else { None };
        let text = match step.filter(|step| !step.is_known(&version)) {
            Some(step) if step.follows(&version) => {
                version.clone_from(&step.version);
                step.text.clone()
            }
            // It missed some.
            Some(_) => {
                let step = own(&date, Some(&version));
                version = step.version;
                step.text
            }
            None if told.elapsed() >= HEARTBEAT => heartbeat(),
            None => continue,
        };
        out.send(text).await?;
        told = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_for_those_whom_it_brings_up_to_date() {
        let check = |since: &str, is_complete, has: &str, follows: bool, known: bool| {
            let version = "a-9".to_owned();
            let step = Step { since: since.to_owned(), version, is_complete, text: Bytes::new() };
            let found = (step.follows(has), step.is_known(has));
            assert_eq!(found, (follows, known), "{since} {is_complete} {has}");
        };
        check("a-5", false, "a-5", true, false);
        check("a-5", false, "a-7", true, false);
        check("a-5", false, "a-9", true, true);
        check("a-5", false, "a-12", true, true);
        check("a-5", false, "a-4", false, false);
        check("a-5", false, "b-7", false, false);
        check("b-5", true, "b-7", true, false);
        check("a-5", false, "", false, false);
    }
}
