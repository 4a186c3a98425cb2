//! Private servers for tests (databases, and a load balancer): started from nothing, on ports of the loopback interface, and
//! gone with the test process, however that ends.
//!
//! Other test targets include this folder by its path. A test asks for a server and returns where it
//! gets none; that was told, and in CI it has failed.
//!
//! ```ignore
//! #[path = "../servers/harness/mod.rs"]
//! mod servers;
//!
//! let Some(server) = servers::shared_mariadb() else { return };
//! let url = server.fresh_database();
//! ```

#![allow(dead_code, unused_imports, reason = "no test target uses all of it")]

mod cluster;
mod galera;
mod group_replication;
pub mod haproxy;
mod keeper;
mod left_out;
mod mariadb;
mod mysqld;
mod ports;
mod server;
mod template;

pub use cluster::Cluster;
pub use server::Server;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The MariaDB server that the tests of this process share.
pub fn shared_mariadb() -> Option<&'static Server> {
    static SHARED: OnceLock<Server> = OnceLock::new();
    let program = mariadb::program()?;
    Some(SHARED.get_or_init(|| Server::started(&program)))
}

/// The MySQL server that the tests of this process share.
pub fn shared_mysql() -> Option<&'static Server> {
    static SHARED: OnceLock<Server> = OnceLock::new();
    let program = mysqld::program()?;
    Some(SHARED.get_or_init(|| Server::started(&program)))
}

/// Asks until there is an answer; panics with what was awaited when there is none in time.
pub fn eventually<T>(what: &str, at_most: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + at_most;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "not within {at_most:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The folder that everything is built in: what is slow to make is kept there.
fn target_folder() -> &'static Path {
    // Cargo's folder for the files of integration tests lies directly in it.
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

/// Says that there is no such server and how to get one.
fn skip<T>(what: &str, install: &str) -> Option<T> {
    left_out::note(&format!("tests on {what}"), &format!("not installed: {install}"));
    None
}

/// The program that a variable of the environment names; it must be there.
fn named_by(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(variable)?);
    assert!(path.is_file(), "{variable} names {}, which is no file", path.display());
    Some(path)
}

fn on_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}
