//! What all fans share: the sale, the options, the clock of the run, and what is written down.

use super::Options;
use super::fan::hostile::attackers;
use super::figures::Figures;
use super::record::Record;
use super::venue::halls::Halls;
use boxoffice_core::id::UserId;
use boxoffice_server::Failure;
use boxoffice_server::clock::Clock;
use boxoffice_server::tickets::PublicKey;
use boxoffice_server::tokens::{Keyring, Use};
use std::cell::{Cell, RefCell};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// How long the fans' identity tokens count.
const IDENTITY_MS: i64 = 24 * 60 * 60 * 1000;

/// See the module.
pub struct World {
    /// What was asked for.
    pub options: Options,
    /// The concert that the fans come for.
    pub concert: Uuid,
    /// Names this run in idempotency keys, and its fans.
    pub run: Uuid,
    /// Counts.
    pub figures: RefCell<Figures>,
    /// Counts of the attackers.
    pub hostile: RefCell<Figures>,
    /// How many attackers there are.
    pub attackers: u32,
    /// Whether all fans have ended, so that attackers do.
    pub fans_ended: Cell<bool>,
    /// Facts.
    pub record: RefCell<Record>,
    /// An operator's key, where there is one: for refunds.
    pub operator_key: Option<String>,
    keyring: Keyring,
    /// Streams of events that fans hold.
    pub streams_open: Cell<usize>,
    /// How the seats of each date stand.
    pub halls: Halls,
    /// What tickets are verified with.
    pub ticket_keys: Vec<PublicKey>,
    began: Instant,
    /// The same by the clock, UTC milliseconds.
    pub began_at: i64,
    /// Milliseconds from the beginning to the sale's opening; 0 where it was open before.
    pub opened_ms: u64,
}

impl World {
    /// A world in which nothing has happened.
    ///
    /// # Errors
    /// Nothing can be counted.
    pub fn new(options: Options, concert: Uuid, keyring: Keyring) -> Result<Self, Failure> {
        let (run, began) = (Uuid::now_v7(), Instant::now());
        let figures = RefCell::new(Figures::new(options.fans, began)?);
        let attackers = attackers(options.fans, options.hostile);
        let hostile = RefCell::new(Figures::new(attackers.into(), began)?);
        Ok(Self {
            options,
            concert,
            run,
            figures,
            hostile,
            attackers,
            fans_ended: Cell::new(false),
            record: RefCell::default(),
            operator_key: None,
            keyring,
            streams_open: Cell::new(0),
            halls: Halls::default(),
            ticket_keys: Vec::new(),
            began,
            began_at: Clock::System.now().0,
            opened_ms: 0,
        })
    }

    /// The sale opens then, UTC milliseconds.
    pub fn opens(&mut self, at: i64) {
        self.opened_ms = u64::try_from(at.saturating_sub(self.began_at)).unwrap_or(0);
    }

    /// Whether one request may meet another server than the one before.
    pub const fn has_several_servers(&self) -> bool {
        self.options.target.len() > 1
    }

    /// When the run began.
    pub const fn began(&self) -> Instant {
        self.began
    }

    /// Nanoseconds since the run began.
    pub fn now_ns(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// When the run's time is over.
    pub fn ends(&self) -> Instant {
        self.began + Duration::from_secs(self.options.seconds_max)
    }

    /// Whether the run's time is over: nothing more is asked for.
    pub fn is_over(&self) -> bool {
        self.began.elapsed() >= Duration::from_secs(self.options.seconds_max)
    }

    /// A signed-in user's token, made with the server's key and not by asking it: hashing passwords is
    /// not what is measured.
    pub fn identity(&self, user: Uuid) -> String {
        let now = Clock::System.now();
        let token = self.keyring.identity(Use::Identity, UserId(user), now, IDENTITY_MS);
        token.unwrap_or_default()
    }

    /// The order of joining that a queue token names, if it is genuine.
    pub fn sequence(&self, token: &str) -> Option<u64> {
        let claims = self.keyring.verify_queue(token, Clock::System.now())?;
        let ours = claims.concert.0 == self.concert && claims.queue.is_none();
        ours.then_some(claims.sequence)
    }
}
