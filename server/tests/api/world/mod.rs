//! A sale to test with: a node on a database file of its own, a clock that stands still, an
//! operator, and fans.

mod ask;
mod fan;
mod shown;
mod watched;

pub use ask::{Ask, Seen, Stream, delete, get, patch, post, put};
pub use fan::{Fan, Member, PASSWORD, Show, charge, count, id_of, pay, reserve};
pub use watched::{Disk, Watch, Watched};

use axum::Router;
use boxoffice_core::id::Uuid;
use boxoffice_core::time::Time;
use boxoffice_server::audit::Snapshot;
use boxoffice_server::clock::Clock;
use boxoffice_server::config::{Config, Given};
use boxoffice_server::http::routes::router;
use boxoffice_server::http::{App, Inner};
use boxoffice_server::jobs::Runner;
use boxoffice_server::node::{self, Node};
use boxoffice_server::store::keys::OperatorKeys;
use boxoffice_server::store::memory::Dump;
use boxoffice_server::store::pool::ReadPool;
use boxoffice_server::store::reads::Reads;
use boxoffice_server::store::sqlite::{ApiKeys, Files, SqliteReads};
use boxoffice_server::tick::Ticker;
use boxoffice_server::tokens::{KeyFile, api_key_hash};
use boxoffice_server::write_path::{Settings, WritePath, Writer};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// Where the clock stands at first: 2027-01-15T08:00:00Z.
pub const START: i64 = 1_800_000_000_000;
/// A minute in milliseconds.
pub const MINUTE: i64 = 60_000;
/// The operator's key of every sale.
pub const OPERATOR: &str = "bo_operator";

/// See the module.
pub struct Sale {
    pub app: App,
    pub ticker: Ticker,
    pub runner: Runner,
    pub router: Router,
    pub clock: Clock,
    pub config: Config,
    writer: Writer,
    folder: TempDir,
}

impl Sale {
    /// A sale with the default settings, but that whoever is let in has a minute to come.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// A sale with settings of its own.
    pub fn with(change: impl FnOnce(&mut Given)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite://{}", folder.path().join("sale.db").display());
        let mut given = Given { database: Some(database), readers: Some(2), ..Given::default() };
        given.arrival_grace_seconds = Some(MINUTE / 1_000);
        change(&mut given);
        let sale = Self::build(given.resolve().unwrap(), Clock::manual(START), folder);
        let mut keys = ApiKeys::open(&sale.files()).unwrap();
        keys.create(Uuid::now_v7(), "tests", &api_key_hash(OPERATOR), Time(START)).unwrap();
        sale
    }

    fn build(config: Config, clock: Clock, folder: TempDir) -> Self {
        let Node { app, writer, ticker, runner, .. } = node::build(&config, clock.clone()).unwrap();
        let router = router(app.clone());
        Self { app, ticker, runner, router, clock, config, writer, folder }
    }

    /// The same sale with another write path and other readers: for looking at what they are asked.
    pub fn rewired(self, waiting_max: usize, change: impl FnOnce(&mut Inner)) -> (Self, Watch) {
        let Self { app, ticker, runner, router, clock, config, folder, writer: _ } = self;
        drop(router);
        let (mut store, watch) = Watched::open(&Files { path: config.sqlite_path().unwrap() });
        let flush = store.defer_sync();
        let batch_commands_max = config.batch_commands_max;
        let settings = Settings { batch_commands_max, waiting_max, ..Settings::default() };
        let (read_model, metrics) = (Arc::clone(&app.read_model), Arc::clone(&app.metrics));
        let files = Files { path: config.sqlite_path().unwrap() };
        let refill = Box::new(move |of| SqliteReads::open(&files)?.snapshot(of));
        let write_path = WritePath::start(
            Box::new(store),
            flush.clone(),
            read_model,
            refill,
            clock.clone(),
            metrics,
            settings,
        );
        let (write_path, writer) = write_path.unwrap();
        let ticker = Ticker { write_path: write_path.clone(), ..ticker };
        let runner = Runner { write_path: write_path.clone(), ..runner };
        let mut inner = Arc::try_unwrap(app.0).ok().expect("nobody else holds the app");
        inner.write_path = write_path;
        let reader = SqliteReads::open(&Files { path: config.sqlite_path().unwrap() }).unwrap();
        inner.readers = ReadPool::new(vec![Box::new(reader)], flush);
        change(&mut inner);
        let app = App(Arc::new(inner));
        let router = crate::world::router(app.clone());
        (Self { app, ticker, runner, router, clock, config, writer, folder }, watch)
    }

    /// The node is gone from one moment to the next, and another starts on the same file.
    pub fn reborn(self) -> Self {
        let Self { app, ticker, runner, router, clock, config, folder, writer } = self;
        drop((app, ticker, runner, router, writer));
        Self::build(config, clock, folder)
    }

    /// Stops the write path; returns whether it finished in time.
    pub async fn stopped(self) -> bool {
        self.app.write_path.stop().await;
        let writer = self.writer;
        tokio::task::spawn_blocking(move || writer.join(Duration::from_secs(10))).await.unwrap()
    }

    /// The database file.
    pub fn files(&self) -> Files {
        Files { path: self.config.sqlite_path().unwrap() }
    }

    /// Every row of every table.
    pub fn dump(&self) -> Dump {
        SqliteReads::open(&self.files()).unwrap().dump().unwrap()
    }

    /// The audit finds nothing wrong.
    pub fn sound(&self) {
        let rows = Snapshot::of_file(&self.files().path, || self.clock.now().0).unwrap();
        let report = rows.audit().unwrap();
        assert_eq!(report.broken(), 0, "{}", report.text());
    }

    /// The token keys in the file.
    pub fn keys(&self) -> KeyFile {
        KeyFile::read(&self.config.keys_file).unwrap()
    }

    /// Lets time pass.
    pub fn pass(&self, ms: i64) {
        self.clock.advance_ms(ms);
    }

    /// One tick.
    pub async fn tick(&self) {
        self.ticker.tick(0).await;
    }

    /// Sends one request.
    pub async fn send(&self, ask: Ask) -> Seen {
        ask.send(self.router.clone()).await
    }

    /// Sends all requests at once; answers in the order of the requests.
    pub async fn all(&self, asks: impl IntoIterator<Item = Ask>) -> Vec<Seen> {
        let mut sent = JoinSet::new();
        for (index, ask) in asks.into_iter().enumerate() {
            let router = self.router.clone();
            sent.spawn(async move { (index, ask.send(router).await) });
        }
        let mut seen = sent.join_all().await;
        seen.sort_by_key(|(index, _)| *index);
        seen.into_iter().map(|(_, seen)| seen).collect()
    }
}
