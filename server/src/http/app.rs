//! What every handler works with.

use super::halls::Halls;
use super::limits::Limits;
use super::operators::Operators;
use super::poster::Posters;
use super::problem::{Code, Problem};
use super::push::Streams;
use super::ready::Readiness;
use super::ticket::PublicKeys;
use crate::bulk::{Bulk, NotDone, Work};
use crate::clock::Clock;
use crate::cookie::SessionCookie;
use crate::currency::Currency;
use crate::metrics::Metrics;
use crate::passwords::Passwords;
use crate::pressure::Pressure;
use crate::read_model::{ConcertModel, ReadModel, Standing};
use crate::recent::Recent;
use crate::store::pool::ReadPool;
use crate::store::reads::WholeConcert;
use crate::tickets::Signer;
use crate::tokens::{External, Keyring};
use crate::write_path::WritePath;
use boxoffice_core::batch::{Envelope, Reply};
use boxoffice_core::command::Command;
use boxoffice_core::id::{ConcertId, PlaceKey, UserId, Uuid};
use boxoffice_core::idempotency::Key;
use boxoffice_core::limits;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::session::SessionTimes;
use boxoffice_core::time::Time;
use boxoffice_core::{concert::Policy, queue::QueueSettings};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// How long tokens count.
#[derive(Clone, Copy, Debug)]
pub struct TokenTimes {
    /// Identity.
    pub access_ttl_ms: i64,
    /// Refresh.
    pub refresh_ttl_ms: i64,
    /// Queue: of the place, from joining; admission has its own end.
    pub queue_ttl_ms: i64,
}

impl TokenTimes {
    /// Those of a session's tokens.
    #[must_use]
    pub const fn sessions(&self) -> SessionTimes {
        SessionTimes { access_ttl_ms: self.access_ttl_ms, refresh_ttl_ms: self.refresh_ttl_ms }
    }

    /// Those of a session that lives in a cookie, whose token counts as long as the session.
    #[must_use]
    pub fn cookies(&self) -> SessionTimes {
        let ttl_ms = self.refresh_ttl_ms.min(limits::SESSION_MS_MAX);
        SessionTimes { access_ttl_ms: ttl_ms, refresh_ttl_ms: ttl_ms }
    }
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct App(pub Arc<Inner>);

/// See the module.
#[expect(missing_docs, reason = "each is documented at its type")]
pub struct Inner {
    pub write_path: WritePath,
    pub read_model: Arc<ReadModel>,
    pub readers: ReadPool,
    pub ready: Readiness,
    pub operators: Operators,
    pub keyring: Arc<Keyring>,
    pub tickets: Arc<Signer>,
    pub ticket_keys: PublicKeys,
    pub external: Option<Arc<External>>,
    pub passwords: Passwords,
    pub bulk: Bulk,
    pub limits: Arc<Limits>,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    pub pressure: Arc<Pressure>,
    /// Polls that one place may make at once; 0 for any number.
    pub poll_burst: u32,
    pub token_times: TokenTimes,
    pub streams: Arc<Streams>,
    pub session_cookie: SessionCookie,
    pub posters: Posters,
    /// What a new concert gets where the operator names nothing else.
    pub policy: Policy,
    pub queue_settings: QueueSettings,
    pub currency: Currency,
    /// Whether users charge their balances themselves.
    pub self_charge: bool,
    /// Whether that, and reading the balance, needs an admission; else identity is enough.
    pub charge_needs_admission: bool,
    /// Told to stop, and still serving: whoever balances is to send nobody any more.
    pub draining: Arc<AtomicBool>,
    /// External users that are known to have a row.
    pub known_external: Recent<UserId>,
    /// Layouts that were asked for lately.
    pub halls: Halls,
}

impl std::ops::Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// A fresh id that sorts by time.
#[must_use]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

impl App {
    /// Has large work done where it is in nobody's way.
    ///
    /// # Errors
    /// Too much of its kind waits, or it has failed.
    pub async fn bulk<T: Send + 'static>(
        &self,
        work: Work,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        self.bulk.run(work, job).await.map_err(|why| {
            Problem::of(match why {
                NotDone::Full => Code::Busy,
                NotDone::Failed => Code::Internal,
            })
        })
    }

    /// Runs a command at the write path.
    ///
    /// # Errors
    /// The refusal or fault as a problem.
    pub async fn run(&self, command: Command, key: Option<Key>) -> Result<Reply, Problem> {
        self.write_path.run(Envelope { command, key }).await.map_err(Problem::from)
    }

    /// Runs a command and gives what it did, and whether that is a stored reply.
    ///
    /// # Errors
    /// The refusal or fault as a problem.
    pub async fn outcome(
        &self,
        command: Command,
        key: Option<Key>,
    ) -> Result<(Outcome, bool), Problem> {
        let reply = self.run(command, key).await?;
        let named = |refusal| Problem::from(refusal).in_currency(&self.currency);
        Ok((reply.result.map_err(named)?, reply.replayed))
    }

    /// A concert that is shown: on the read model, and not deleted.
    #[must_use]
    pub fn shown(&self, id: Uuid) -> Option<Arc<ConcertModel>> {
        self.read_model.concert(ConcertId(id)).filter(|concert| !concert.row().is_deleted())
    }

    /// A concert, or the problem that there is none.
    ///
    /// # Errors
    /// No such concert.
    pub fn concert(&self, id: Uuid) -> Result<Arc<ConcertModel>, Problem> {
        self.read_model.concert(ConcertId(id)).ok_or_else(|| Problem::of(Code::ConcertNotFound))
    }

    /// A concert that is over, as the database has it; one at a time is looked up.
    ///
    /// # Errors
    /// No such concert, or the database is not available.
    pub async fn over(&self, id: Uuid) -> Result<WholeConcert, Problem> {
        let none = || Problem::of(Code::ConcertNotFound);
        if !self.read_model.is_over(ConcertId(id)) {
            return Err(none());
        }
        let found = self.readers.read_aside(move |reads| reads.concert(ConcertId(id))).await?;
        found.filter(|(concert, ..)| !concert.is_deleted()).ok_or_else(none)
    }

    /// Whether the read model shows the place in the shop, and if so, whether the user has come.
    ///
    /// # Errors
    /// It shows that it is not.
    pub fn admits(&self, place: PlaceKey, now: Time) -> Result<bool, Problem> {
        let PlaceKey { queue: id, sequence } = place;
        let concert = self.read_model.concert(id.concert);
        let queue = concert.as_ref().map(|concert| concert.shown(id));
        let standing = queue.as_ref().map(|queue| queue.standing(sequence, now));
        match standing.unwrap_or(Standing::Unknown) {
            Standing::Admitted { arrived, .. } => Ok(arrived),
            // The token is genuine, so that the place may be one of another server: its arrival is
            // decided on the rows as they are.
            Standing::Unheard | Standing::Unknown => Ok(false),
            Standing::Waiting { position, wait_ms } => {
                let law = self.pressure.poll_law();
                let after = law.after_ms(position.unwrap_or(1), wait_ms);
                let opens_at = concert.zip(queue).map(|(concert, q)| q.opens_at(&concert.row()));
                let opens_at = opens_at.unwrap_or(now);
                Err(Problem::not_admitted(now, opens_at, after))
            }
            Standing::Returning => Err(Problem::of(Code::NotAdmitted)),
            Standing::NoShow | Standing::Expired => Err(Problem::of(Code::QueueTokenExpired)),
        }
    }
}

/// External users remembered; beyond it, a request of one who was forgotten makes sure of the row again.
pub const KNOWN_EXTERNAL_MAX: usize = 2_000_000;

const _: () = assert!(limits::IDEMPOTENCY_KEY_CHARS_MAX >= 36, "a UUID must fit");
