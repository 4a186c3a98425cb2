//! A place near the front: told whenever something changes, until the turn comes.

use super::super::App;
use super::super::extract::QueueToken;
use super::super::limits::Asked;
use super::super::problem::{Code, Problem};
use super::super::queue::{TokenView, view_of};
use super::body::{Paced, event};
use super::{CHECK_EVERY, HEARTBEAT, Kind, Outlet, Over, not_offered};
use crate::tokens::QueueClaims;
use axum::extract::State;
use axum::response::Response;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::Instant;

/// Whoever would be told to ask again within this is near.
pub const NEAR_MS: u64 = 7_500;
/// And stays so up to this: who is near is not to be far again because the server has more to do.
const STILL_NEAR_MS: u64 = 2 * NEAR_MS;

/// The place of the queue token by Server-Sent Events, near the front and from the turn on: `place` events with what a
/// poll answers, the first at once, then whenever it changes. After the one that says `admitted` or `expired` the stream
/// ends.
///
/// The last event is `end`, which says why; whoever reads it, or gets no stream, polls. A poll's answer says with
/// `stream` whether there is one to be had.
#[utoipa::path(get, path = "/api/v1/queue-tokens/me/events", tag = "Waiting queue",
    security(("queue_token" = [])),
    responses((status = 200, description = "Events `place` (`TokenView`) and `end` (`StreamEndView`)", content_type = "text/event-stream", body = String), (status = 401, description = "queue_token_required, queue_token_invalid"), (status = 403, description = "queue_token_unknown"), (status = 503, description = "stream_not_offered")))]
pub async fn place_events(
    State(app): State<App>,
    asked: Asked,
    QueueToken(claims): QueueToken,
    paced: Paced,
) -> Result<Response, Problem> {
    let view = view_of(&app, Some(&asked), &claims, app.clock.now())?;
    let none = || not_offered(view.poll_after_ms());
    if !view.is_near(NEAR_MS) && !view.is_decided() {
        return Err(none());
    }
    let slot = app.streams.begin(Kind::Place, claims.sub).ok_or_else(none)?;
    let (mut outlet, response) = Outlet::new(slot, paced);
    tokio::spawn(async move {
        let Err(over) = tell(&app, &claims, &mut outlet).await;
        outlet.end(over).await;
    });
    Ok(response)
}

async fn tell(app: &App, claims: &QueueClaims, out: &mut Outlet) -> Result<Infallible, Over> {
    let until = claims.ends();
    let (mut shown, mut told) = (None, Instant::now());
    loop {
        // Before the look: what changes after it is noticed.
        let queue = app.read_model.concert(claims.concert).map(|c| c.shown(claims.place().queue));
        let mut changes = queue.map(|queue| queue.subscribe());
        let now = app.clock.now();
        if now.reached(until) {
            return Err(Over::Refused(Code::QueueTokenInvalid));
        }
        let view =
            view_of(app, None, claims, now).map_err(|problem| Over::Refused(problem.code()))?;
        let essence = Some(view.essence());
        if essence != shown || told.elapsed() >= HEARTBEAT {
            out.send(event("place", None, None, &view)).await?;
            (shown, told) = (essence, Instant::now());
        }
        goes_on(&view)?;
        let pause = pause(app.pressure.poll_law().least_ms, told.elapsed());
        out.until(tokio::time::sleep(pause)).await?;
        let changed = async {
            match &mut changes {
                // The queue that was looked at is shown no more: another may be.
                Some(changes) => drop(changes.changed().await),
                None => std::future::pending().await,
            }
        };
        // What changes by the clock alone, or with the concert, is seen so.
        let _ = out.until(tokio::time::timeout(CHECK_EVERY, changed)).await?;
    }
}

/// Until the next look: no more often than by polls, and in time for the next heartbeat.
fn pause(least_ms: u64, told: Duration) -> Duration {
    Duration::from_millis(least_ms).min(HEARTBEAT.saturating_sub(told))
}

fn goes_on(view: &TokenView) -> Result<(), Over> {
    if view.is_decided() {
        Err(Over::Done)
    } else if view.is_near(STILL_NEAR_MS) {
        Ok(())
    } else {
        Err(Over::Refused(Code::StreamNotOffered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clients take who is silent for longer for dead.
    #[test]
    fn nobody_is_silent_for_longer_than_a_heartbeat_and_a_look() {
        for least_ms in (250..=STILL_NEAR_MS).step_by(250) {
            let mut told = Duration::ZERO;
            while told < HEARTBEAT {
                told += pause(least_ms, told) + CHECK_EVERY;
            }
            assert!(told <= HEARTBEAT + CHECK_EVERY, "{told:?} with {least_ms} ms");
        }
    }
}
