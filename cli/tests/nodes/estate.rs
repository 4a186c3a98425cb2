//! Servers of one sale: each a process of its own, all on one database, with one file of token keys.

use crate::audit;
use crate::facts::broken_in;
use crate::fan::{Journal, TIRELESS};
use crate::nothing;
use crate::retry::repeat_patiently;
use crate::sandbox::{Sale, Sandbox, Server, binary, command, open_sale};
use boxoffice_server::audit::Snapshot;
use boxoffice_server::store::mysql::{Options, Tls};
use boxoffice_server::tokens::Keyring;
use rustix::process::Signal;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// What a load balancer, or one of several servers, asks to be repeated is repeated for so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// See the module.
pub struct Estate {
    sandbox: Sandbox,
    /// Where each server finds the database.
    urls: Vec<String>,
    /// What each server is started with besides.
    settings: &'static [&'static str],
    pub nodes: Vec<Option<Server>>,
}

/// How many requests had an answer.
pub fn answered(crowd: &[Journal]) -> usize {
    crowd.iter().flat_map(|fan| &fan.entries).filter(|entry| entry.answer.is_some()).count()
}

/// How many had none.
pub fn unanswered(crowd: &[Journal]) -> usize {
    crowd.iter().flat_map(|fan| &fan.entries).filter(|entry| entry.answer.is_none()).count()
}

impl Estate {
    /// One server for each address of the database.
    pub fn open(urls: Vec<String>) -> Self {
        Self::open_with(urls, &[])
    }

    /// The same with some settings.
    pub fn open_with(urls: Vec<String>, settings: &'static [&'static str]) -> Self {
        let mut estate = Self::prepared(urls);
        estate.settings = settings;
        for node in 0..estate.urls.len() {
            estate.start(node);
        }
        estate
    }

    /// Token keys, and no server yet.
    pub fn prepared(urls: Vec<String>) -> Self {
        let nodes = urls.iter().map(|_| None).collect();
        let estate = Self { sandbox: Sandbox::new(), urls, settings: &[], nodes };
        let made = estate.command(0, &["admin", "key", "rotate"]).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        estate
    }

    /// A verb with the settings of a node.
    pub fn command(&self, node: usize, words: &[&str]) -> Command {
        let mut command = command(binary());
        let keys = self.sandbox.keys_file();
        command.args(words).args(["--database", &self.urls[node]]);
        command.arg("--keys-file").arg(keys).current_dir(self.sandbox.dir.path());
        command
    }

    pub fn start(&mut self, node: usize) {
        self.start_at(node, ([127, 0, 0, 1], 0).into());
    }

    /// The same at an address that others know.
    pub fn start_at(&mut self, node: usize, address: SocketAddr) {
        let mut serve = self.command(node, &["serve", "--listen", &address.to_string()]);
        serve.args(TIRELESS).args(self.settings);
        let server = Server::spawn(serve);
        self.nodes[node] = Some(server.unwrap_or_else(|why| panic!("it did not start: {why:?}")));
    }

    /// One more server, on a database of its own, that knows the tokens of the others.
    pub fn add(&mut self, url: String) -> SocketAddr {
        self.urls.push(url);
        self.nodes.push(None);
        self.start(self.nodes.len() - 1);
        self.address(self.nodes.len() - 1)
    }

    /// Stops a server as an operator would, and starts it again at its address.
    pub fn restart(&mut self, node: usize) {
        let server = self.nodes[node].take().expect("it runs");
        let address = server.address;
        server.stop();
        self.start_at(node, address);
    }

    pub fn keys_file(&self) -> PathBuf {
        self.sandbox.keys_file()
    }

    /// A file of this name in the servers' folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path(name)
    }

    pub fn kill(&mut self, node: usize) {
        self.nodes[node].take().expect("it runs").kill();
    }

    pub fn address(&self, node: usize) -> SocketAddr {
        self.nodes[node].as_ref().expect("it runs").address
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().flatten().map(|server| server.address).collect()
    }

    pub fn keyring(&self) -> Keyring {
        self.sandbox.keyring()
    }

    pub fn operator_key(&self) -> String {
        let made = self.command(0, &["admin", "key", "create"]).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    }

    /// Opens a sale by the first server, and waits until each one shows it.
    pub async fn open_sale(&self, seats: u32, more: &Value) -> Sale {
        let sale = open_sale(self.address(0), &self.operator_key(), seats, more).await;
        let path = format!("/api/v1/concerts/{}", sale.concert);
        for address in self.addresses() {
            crate::one_sale::until_shown(address, &path).await;
        }
        sale
    }

    /// Nothing is wrong with what the database at this address holds: by the rows alone, and by what
    /// fans were told.
    pub fn check(&self, url: &str, journals: &[Journal], when: &str) {
        let options = Options::new(url).unwrap().with_tls(Tls::Off);
        // With the slack between the clocks of servers that the product's audit of them allows.
        let snapshot = Snapshot::of_server(&options).unwrap();
        nothing(&broken_in(snapshot.rows(), journals, &self.keyring()), when);
        nothing(&audit::names(&snapshot), when);
    }

    /// Everything is asked again by way of this address, and gives what it gave; the database stays right.
    /// Returns the journals with the answers that came now.
    pub async fn repeat(
        &self,
        url: &str,
        address: SocketAddr,
        crowd: Vec<Journal>,
    ) -> Vec<Journal> {
        let (crowd, wrong) = repeat_patiently(address, crowd, PATIENCE).await;
        nothing(&wrong, "repeated");
        self.check(url, &crowd, "repeated");
        crowd
    }

    /// Stops all servers, each of which must end cleanly.
    pub fn stop(&mut self) {
        let servers: Vec<Server> = self.nodes.iter_mut().filter_map(Option::take).collect();
        servers.iter().for_each(|server| server.signal(Signal::TERM));
        for server in servers {
            server.end();
        }
    }
}

impl Drop for Estate {
    /// A test that failed shows what its servers logged last.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for (node, server) in self.nodes.iter_mut().enumerate() {
            let Some(server) = server.take() else { continue };
            let log = server.kill();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines[lines.len().saturating_sub(12)..].join("\n");
            eprintln!("server {node} logged last:\n{last}");
        }
    }
}
