//! Clients that come back after the server's end: they repeat every request with its key.

use crate::client::{Answer, Ask, Client};
use crate::fan::{Deed, Entry, Journal};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Who comes back, with patience that ends.
struct Visitor {
    client: Client,
    until: Instant,
}

impl Visitor {
    /// Sends until the answer is not one that says to ask again.
    async fn send(&mut self, ask: &Ask) -> Answer {
        loop {
            let answer = self.client.send(ask).await.unwrap();
            if !matches!(answer.status, 502..=504) {
                return answer;
            }
            assert!(Instant::now() < self.until, "{} {}", answer.status, answer.body);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// The part of an answer that a repetition must give again: not the clock, and of a place in line
/// not where it stands by now.
fn lasting(deed: &Deed, answer: &Answer) -> Value {
    let mut body = answer.json();
    if *deed == Deed::Join {
        return json!([body["token"], body["user_id"], body["queue_number"], body["expires_at"]]);
    }
    if let Some(members) = body.as_object_mut() {
        members.remove("now");
    }
    body
}

/// A repetition that came out as it must; `before` is the answer that it repeats.
fn same(entry: &Entry, before: &Answer, again: &Answer) -> Option<String> {
    let replayed = again.header("idempotent-replayed") == Some("true");
    let (was, is) = (lasting(&entry.deed, before), lasting(&entry.deed, again));
    let equal = before.status == again.status && was == is && replayed;
    (!equal).then(|| {
        format!("{:?}: {} {was}, repeated: {} {is}", entry.deed, before.status, again.status)
    })
}

/// Repeats one fan's requests: answered ones must give the same answer, unanswered ones one effect
/// however often they are sent. The answers that come now are written into the journal.
async fn repeat(
    address: SocketAddr,
    mut journal: Journal,
    patience: Duration,
) -> (Journal, Vec<String>) {
    let mut wrong = Vec::new();
    let client = Client::connect(address).await.unwrap();
    let mut visitor = Visitor { client, until: Instant::now() + patience };
    for entry in &mut journal.entries {
        if matches!(entry.deed, Deed::Admitted { .. }) {
            continue;
        }
        if entry.answer.is_none() {
            entry.answer = Some(visitor.send(&entry.ask).await);
            // Paying must succeed: the money is there and the hold lasts.
            let must = matches!(entry.deed, Deed::Pay { .. } | Deed::Charge { .. } | Deed::Join);
            if must && entry.done().is_none() {
                wrong.push(format!(
                    "{:?} was refused when repeated: {:?}",
                    entry.deed, entry.answer
                ));
            }
        }
        let Some(before) = entry.done().filter(|_| entry.ask.has_key().is_some()) else {
            continue;
        };
        let again = visitor.send(&entry.ask).await;
        wrong.extend(same(entry, before, &again));
        if entry.deed == Deed::Join {
            wrong.extend(still_in_place(&mut visitor, before).await);
        }
    }
    (journal, wrong)
}

/// H25: the place that was given out is known under the same number.
async fn still_in_place(visitor: &mut Visitor, joined: &Answer) -> Option<String> {
    let ask = Ask::get("/api/v1/queue-tokens/me").queue(&joined.text("token"));
    let answer = visitor.send(&ask).await;
    let (was, is) = (joined.json(), answer.json());
    let equal = answer.status == 200
        && was["queue_number"] == is["queue_number"]
        && was["queue_number"].is_u64();
    (!equal).then(|| format!("the place {was} became {is}"))
}

/// How long a server alone may put joins off where the machine is busy with other things.
const PUT_OFF: Duration = Duration::from_secs(30);

/// Repeats everything, each fan on a connection of its own.
pub async fn repeat_all(
    address: SocketAddr,
    journals: Vec<Journal>,
) -> (Vec<Journal>, Vec<String>) {
    repeat_patiently(address, journals, PUT_OFF).await
}

/// The same by fans who do what 502, 503 and 504 ask for, for so long.
pub async fn repeat_patiently(
    address: SocketAddr,
    journals: Vec<Journal>,
    patience: Duration,
) -> (Vec<Journal>, Vec<String>) {
    let mut fans = tokio::task::JoinSet::new();
    for journal in journals {
        fans.spawn(repeat(address, journal, patience));
    }
    let (journals, wrong): (Vec<_>, Vec<_>) = fans.join_all().await.into_iter().unzip();
    (journals, wrong.concat())
}
