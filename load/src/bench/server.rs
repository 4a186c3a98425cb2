//! A server as a child process on a free port.

use super::Failure;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs until it is dropped.
pub struct Child {
    process: std::process::Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// How long it took until it listened.
    pub started_in: Duration,
}

impl Child {
    /// Starts `boxoffice serve` on a database, with the keys of that file and no others.
    pub fn start(database: &str, keys: &Path, more: &[&str]) -> Result<Self, Failure> {
        let began = Instant::now();
        let mut process = Command::new(std::env::current_exe()?)
            .args(["serve", "--listen", "127.0.0.1:0", "--demo", "false", "--log", "warn"])
            .args(["--database", database])
            .args(["--token-keys", "", "--drain-seconds", "0"])
            .arg("--keys-file")
            .arg(keys)
            .args(more)
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()?;
        let stdout = process.stdout.take().ok_or("the server has no output")?;
        let mut first = String::new();
        BufReader::new(stdout).read_line(&mut first)?;
        let address = first.trim().rsplit("http://").next().and_then(|text| text.parse().ok());
        match address {
            Some(address) => Ok(Self { process, address, started_in: began.elapsed() }),
            None => {
                let status = process.wait()?;
                Err(format!("the server did not start ({status})").into())
            }
        }
    }
}

impl Child {
    /// The process's number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Asks it to finish what it took, and waits for its end.
    ///
    /// # Errors
    /// It does not end, or not well.
    pub fn stop(mut self) -> Result<(), Failure> {
        rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.process),
            rustix::process::Signal::TERM,
        )?;
        let status = self.process.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the server ended with {status}").into())
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // What it had taken is not waited for; usually it has ended, or its database is thrown away.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
