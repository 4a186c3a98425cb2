//! One server: its folder, its port, its life.

use super::keeper::Keeper;
use super::ports::Port;
use super::{eventually, mariadb, mysqld, template};
use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;

pub const PASSWORD: &str = "a-word-of-the-tests";

/// The product's own account may do everything in databases of tests and nothing elsewhere; the
/// harness has another one.
pub const ACCOUNTS: &str = r"CREATE USER boxoffice IDENTIFIED BY 'a-word-of-the-tests';
GRANT ALL PRIVILEGES ON `test\_%`.* TO boxoffice;
CREATE USER harness IDENTIFIED BY 'a-word-of-the-tests';
GRANT ALL PRIVILEGES ON *.* TO harness WITH GRANT OPTION;
";

/// How long a server may take until it answers, on a machine under load.
const START_WAIT: Duration = Duration::from_secs(90);
/// How long the harness waits for an answer; a server that is paused gives none.
const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// A port can be lost to a process that knows nothing of claims.
const ATTEMPTS: u32 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    MariaDb,
    MySql,
}

/// A server's program on this machine.
#[derive(Clone, Debug)]
pub struct Program {
    pub product: Product,
    pub path: PathBuf,
}

impl Program {
    /// An initialised data folder, to be copied.
    pub fn data_template(&self) -> PathBuf {
        match self.product {
            Product::MariaDb => mariadb::data_template(&self.path),
            Product::MySql => mysqld::data_template(&self.path),
        }
    }
}

/// Servers refuse to run as root unless told to.
pub fn as_root() -> Option<&'static str> {
    rustix::process::geteuid().is_root().then_some("--user=root")
}

/// What started first; panics with the log of the last that did not.
pub fn first_start<T>(start: impl Fn() -> Result<T, String>) -> T {
    let mut last = String::new();
    for _ in 0..ATTEMPTS {
        match start() {
            Ok(started) => return started,
            Err(log) => last = log,
        }
    }
    panic!("it ended at each of {ATTEMPTS} starts: {last}");
}

/// A private server on a port of the loopback interface. Dropped, it is killed and its data removed.
pub struct Server {
    // First, so that nothing runs any more when the rest goes.
    running: Option<Keeper>,
    program: Program,
    folder: TempDir,
    port: Port,
    settings: Vec<String>,
}

impl Server {
    pub fn mariadb() -> Option<Self> {
        mariadb::program().map(|program| Self::started(&program))
    }

    pub fn mysql() -> Option<Self> {
        mysqld::program().map(|program| Self::started(&program))
    }

    pub(super) fn started(program: &Program) -> Self {
        let template = program.data_template();
        let attempt = || {
            let mut server = Self::on(program, &template, vec!["--performance-schema=OFF".into()]);
            server.try_start(&[]).map(|()| server)
        };
        first_start(attempt)
    }

    /// A server that does not run yet, on a copy of these data.
    pub(super) fn on(program: &Program, template: &Path, settings: Vec<String>) -> Self {
        let folder = tempfile::Builder::new().prefix("boxoffice-test-").tempdir().unwrap();
        template::copy(template, &folder.path().join("data"));
        let program = program.clone();
        Self { running: None, program, folder, port: Port::claim(), settings }
    }

    pub fn port(&self) -> u16 {
        self.port.number
    }

    /// `mysql://…` of a database for the account that the product uses.
    pub fn url_of(&self, database: &str) -> String {
        format!("mysql://boxoffice:{PASSWORD}@127.0.0.1:{}/{database}", self.port())
    }

    /// The address of a new empty database.
    pub fn fresh_database(&self) -> String {
        self.url_of(&self.create_database())
    }

    pub(super) fn create_database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let statement = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4");
        self.harness().unwrap().query_drop(statement).unwrap();
        name
    }

    /// A connection of the product's account.
    pub fn connect(&self, database: &str) -> mysql::Result<Conn> {
        Conn::new(Opts::from_url(&self.url_of(database)).unwrap())
    }

    /// A connection that may do everything.
    pub fn harness(&self) -> mysql::Result<Conn> {
        let options = OptsBuilder::new().ip_or_hostname(Some("127.0.0.1")).tcp_port(self.port());
        let options = options.user(Some("harness")).pass(Some(PASSWORD));
        let waits = options.tcp_connect_timeout(Some(ANSWER_WAIT)).read_timeout(Some(ANSWER_WAIT));
        Conn::new(waits.prefer_socket(false))
    }

    /// The first value of the first row; none, where it has no answer.
    pub fn ask<T: mysql::prelude::FromValue>(&self, query: &str) -> Option<T> {
        self.harness().ok()?.query_first(query).ok()?
    }

    pub fn is_running(&self) -> bool {
        self.running.as_ref().is_some_and(Keeper::is_running)
    }

    /// Starts it again on the same data and port, and waits until it answers.
    pub fn start(&mut self) {
        self.try_start(&[]).unwrap_or_else(|log| panic!("it ended at its start: {log}"));
    }

    /// The end of its log, where it ended instead of answering.
    pub(super) fn try_start(&mut self, more: &[&str]) -> Result<(), String> {
        self.launch(more);
        self.wait_until_it_answers()
    }

    pub(super) fn launch(&mut self, more: &[&str]) {
        assert!(!self.is_running(), "it runs");
        let path = &self.program.path;
        let log = self.log_file();
        self.running = Some(Keeper::run(path, &self.arguments(more), self.folder.path(), &log));
    }

    pub(super) fn wait_until_it_answers(&self) -> Result<(), String> {
        eventually("an answer of the server", START_WAIT, || match self.harness() {
            Ok(_) => Some(Ok(())),
            Err(_) if self.is_running() => None,
            Err(_) => Some(Err(self.log())),
        })
    }

    /// SIGKILL: what a crash of the machine's process is.
    pub fn kill(&mut self) {
        self.running.take().expect("it runs").kill();
    }

    /// An orderly end.
    pub fn stop(&mut self) {
        self.running.take().expect("it runs").stop();
    }

    /// From now on connections stay and answers do not come.
    pub fn pause(&self) {
        self.running.as_ref().expect("it runs").pause();
    }

    pub fn resume(&self) {
        self.running.as_ref().expect("it runs").resume();
    }

    pub fn data_folder(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where the server looks for programs, too.
    pub(super) fn program_folder(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    /// The last lines of what the server wrote about itself.
    pub fn log(&self) -> String {
        let log = fs::read(self.log_file()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    pub(super) fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub(super) fn program(&self) -> &Path {
        &self.program.path
    }

    pub(super) fn arguments(&self, more: &[&str]) -> Vec<OsString> {
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        let own = [
            format!("--datadir={}", file("data")),
            format!("--socket={}", file("socket")),
            format!("--pid-file={}", file("pid")),
            // A server that starts removes the temporary tables of every server that has them in its folder.
            format!("--tmpdir={}", self.folder.path().display()),
            format!("--port={}", self.port()),
        ];
        let common = [
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--max-connections=300",
            "--innodb-flush-log-at-trx-commit=1",
        ];
        let product = match self.program.product {
            Product::MariaDb => mariadb::SETTINGS,
            Product::MySql => mysqld::SETTINGS,
        };
        let words = ["--no-defaults"].iter().chain(&common).chain(product).chain(more).copied();
        let words = words.chain(as_root()).map(OsString::from);
        words.chain(own.iter().chain(&self.settings).map(OsString::from)).collect()
    }
}
