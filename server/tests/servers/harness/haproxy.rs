//! HAProxy with the configuration of `deploy/`: only its addresses are others.

use super::keeper::Keeper;
use super::ports::Port;
use super::{eventually, named_by, on_path, skip};
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const CONFIGURATION: &str = include_str!("../../../../deploy/haproxy.cfg");
const INSTALL: &str = "apt-get install haproxy, or name it in BOXOFFICE_HAPROXY";
const START_WAIT: Duration = Duration::from_secs(20);

/// A running HAProxy. Dropped, it is killed.
pub struct HaProxy {
    // First, so that nothing runs any more when the rest goes.
    running: Keeper,
    folder: TempDir,
    port: Port,
}

/// The configuration for these servers; each of its own addresses must be there to be replaced.
fn configured(port: u16, servers: &[SocketAddr]) -> String {
    let mut text = CONFIGURATION.to_owned();
    let mut put = |old: &str, new: &str| {
        assert!(text.contains(old), "deploy/haproxy.cfg has no {old:?}");
        text = text.replace(old, new);
    };
    put("bind :8080\n", &format!("bind 127.0.0.1:{port}\n"));
    // As many as an account without privileges may have.
    put("maxconn 40000\n", "maxconn 400\n");
    for (number, server) in (1..).zip(servers) {
        put(&format!(" boxoffice-{number}:8080 "), &format!(" {server} "));
    }
    assert!(!text.contains("boxoffice-"), "a server of the configuration is not replaced");
    text
}

impl HaProxy {
    pub fn program() -> Option<PathBuf> {
        let usual = || Some(PathBuf::from("/usr/sbin/haproxy")).filter(|path| path.is_file());
        let found = named_by("BOXOFFICE_HAPROXY").or_else(usual).or_else(|| on_path("haproxy"));
        found.or_else(|| skip("HAProxy", INSTALL))
    }

    /// In front of three servers.
    pub fn start(program: &Path, servers: &[SocketAddr]) -> Self {
        let folder = tempfile::Builder::new().prefix("boxoffice-test-").tempdir().unwrap();
        let port = Port::claim();
        let file = folder.path().join("haproxy.cfg");
        fs::write(&file, configured(port.number, servers)).unwrap();
        let arguments = ["-db".into(), "-f".into(), file.into_os_string()];
        let log = folder.path().join("log");
        let running = Keeper::run(program, &arguments, folder.path(), &log);
        let balancer = Self { running, folder, port };
        eventually("HAProxy listens", START_WAIT, || {
            assert!(balancer.running.is_running(), "HAProxy ended: {}", balancer.log());
            TcpStream::connect(balancer.address()).ok()
        });
        balancer
    }

    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port.number).into()
    }

    /// What it wrote about itself and its requests.
    pub fn log(&self) -> String {
        let log = fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }
}
