//! A folder with a database, and the server on it as a child process.

use crate::client::{Ask, once};
use boxoffice_core::id::Uuid;
use boxoffice_server::tokens::{KeyFile, Keyring};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long the server may take to say where it listens.
const START_WAIT: Duration = Duration::from_secs(30);

/// A folder that is removed at the end.
pub struct Sandbox {
    pub dir: TempDir,
}

/// A command of the binary without any setting of the environment that the tests run in.
pub fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BOXOFFICE_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

pub fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_boxoffice"))
}

impl Sandbox {
    pub fn new() -> Self {
        Self { dir: tempfile::Builder::new().prefix("boxoffice-test-").tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn database(&self) -> PathBuf {
        self.path("boxoffice.db")
    }

    pub fn keys_file(&self) -> PathBuf {
        self.path("boxoffice.keys.json")
    }

    /// The server's own keys: with them, identities are signed without asking it.
    pub fn keyring(&self) -> Keyring {
        Keyring::new(&KeyFile::read(&self.keys_file()).unwrap())
    }

    /// A command on this folder's database.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = command(binary());
        let database = format!("sqlite://{}", self.database().display());
        command.args(words).args(["--database", &database]).current_dir(self.dir.path());
        command
    }

    /// Starts the server on a free port.
    pub fn start(&self, flags: &[&str]) -> Server {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.args(flags);
        // Tests ask far more often than people do.
        command.env("BOXOFFICE_POLL_BURST", "0");
        Server::spawn(command).unwrap_or_else(|failed| panic!("it did not start: {failed:?}"))
    }

    /// Runs a verb to its end.
    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// What `admin key create` prints.
    pub fn operator_key(&self) -> String {
        let output = self.run(&["admin", "key", "create", "--create-database"]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// How a process ended that should have become a server.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// A running server. Dropped, it is killed.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    /// What it printed until it told the address, and that line.
    pub said: Vec<String>,
    stderr: Option<JoinHandle<String>>,
}

fn drain(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is all there is.
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            // Nobody listens after the start; the pipe is still emptied.
            let _ = send.send(line);
        }
    });
    lines
}

impl Server {
    /// Starts a command that should serve, and waits until it tells where.
    pub fn spawn(command: Command) -> Result<Self, Ended> {
        Self::spawn_logging_to(command, Stdio::piped())
    }

    /// The same with its log going there; what of it is not a pipe of ours is not returned at its end.
    pub fn spawn_logging_to(mut command: Command, log: impl Into<Stdio>) -> Result<Self, Ended> {
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        // Our ends of what was handed to the child.
        drop(command);
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = child.stderr.take().map_or_else(|| drain(std::io::empty()), drain);
        let until = Instant::now() + START_WAIT;
        let mut said = Vec::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = stdout.recv_timeout(left) else {
                let _ = child.kill();
                let status = child.wait().unwrap();
                let stderr = stderr.join().unwrap();
                return Err(Ended { status, stdout: said.join("\n"), stderr });
            };
            let object = serde_json::from_str::<Value>(&line).ok();
            let first = object.as_ref().and_then(|object| object["message"].as_str());
            let first = first.unwrap_or(&line).strip_prefix("boxoffice sells on http://");
            let address = first.map(str::to_owned);
            said.push(line);
            if let Some(address) = address {
                let address = address.parse().unwrap();
                // The lines that follow belong to the same announcement; an object has all of it.
                let more = || stdout.recv_timeout(Duration::from_secs(5));
                let lines = if object.is_some() { 0 } else { 3 };
                said.extend(std::iter::from_fn(|| more().ok()).take(lines));
                return Ok(Self { child, address, said, stderr: Some(stderr) });
            }
        }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Kills it at once (SIGKILL); returns what it logged.
    pub fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.stderr.take().unwrap().join().unwrap()
    }

    /// Waits for its end; returns how it ended and what it logged.
    pub fn wait(mut self, at_most: Duration) -> (ExitStatus, String) {
        let until = Instant::now() + at_most;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let log = self.stderr.take().unwrap().join().unwrap();
                return (status, log);
            }
            assert!(Instant::now() < until, "it still runs after {at_most:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops it as an operator would, and insists on a clean end.
    pub fn stop(self) -> String {
        self.signal(Signal::TERM);
        self.end()
    }

    /// Waits for the clean end of one that was told to stop.
    pub fn end(self) -> String {
        let (status, log) = self.wait(Duration::from_secs(45));
        assert!(status.success(), "{status}: {log}");
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Usually it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A sale for fans.
#[derive(Clone, Debug)]
pub struct Sale {
    pub concert: Uuid,
    pub dates: Vec<Uuid>,
    pub seats: u32,
}

/// Price of each seat of [`open_sale`].
pub const PRICE: i64 = 10_000;

/// Opens a sale of two dates through the API; `more` are members of the body.
pub async fn open_sale(address: SocketAddr, operator: &str, seats: u32, more: &Value) -> Sale {
    let zone = json!([{ "from": 1, "to": seats, "zone": "R", "price": PRICE }]);
    let mut body = json!({
        "name": "Crash course", "theater": "Loopback Hall", "run_time_minutes": 90,
        "opens_at": "2020-01-01T00:00:00Z",
        "hold_seconds": 600, "shop_seconds": 600, "arrival_grace_seconds": 600,
        "seats_per_user": 50, "max_active": 40, "admissions_per_second": 1000,
        "dates": [
            { "starts_at": "2099-05-01T19:00:00Z", "seats": zone },
            { "starts_at": "2099-05-02T19:00:00Z", "seats": zone },
        ],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let ask = Ask::post("/api/v1/admin/concerts", &body).with("x-api-key", operator);
    let answer = once(address, &ask).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.body);
    let created = answer.json();
    let id = |value: &Value| value.as_str().unwrap().parse().unwrap();
    let dates = created["concert_date_ids"].as_array().unwrap().iter().map(id).collect();
    Sale { concert: id(&created["concert_id"]), dates, seats }
}
