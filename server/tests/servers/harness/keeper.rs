//! A server process under a keeper: a small shell that ends the server when the test process ends.
//!
//! Statics are never dropped and a killed process drops nothing at all, but its pipes close. The keeper
//! waits on one. It is the server's parent and reaps it last, so that the process id which it signals
//! cannot be another process by then.

use super::eventually;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::iter::once;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take for an orderly end.
const STOP_WAIT: Duration = Duration::from_secs(60);

/// How long the threads of a server may take to stand still: one that waits for the disk does so afterwards.
const PAUSE_WAIT: Duration = Duration::from_secs(30);

/// A word says how to end the server. No word: nobody needs it any more, nor its folder.
const SCRIPT: &str = r#"
folder="$1" log="$2"
shift 2
"$@" </dev/null >>"$log" 2>&1 &
server=$!
echo "$server"
if read -r word; then
    if [ "$word" = stop ]; then
        kill -TERM "$server"
        kill -CONT "$server"
    else
        kill -KILL "$server"
    fi
    wait "$server"
else
    kill -KILL "$server"
    wait "$server"
    rm -rf "$folder"
fi
"#;

/// A running server process. Dropped, it is killed and its folder is removed.
pub struct Keeper {
    shell: Child,
    words: Option<ChildStdin>,
    server: Pid,
}

impl Keeper {
    /// Runs a server that has its data in this folder, and finds programs in its `bin` first.
    pub fn run(program: &Path, arguments: &[OsString], folder: &Path, log: &Path) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "keeper"]).args([folder, log, program]).args(arguments);
        let usual = std::env::var_os("PATH").unwrap_or_default();
        let folders = once(folder.join("bin")).chain(std::env::split_paths(&usual));
        command.env("PATH", std::env::join_paths(folders).unwrap());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // Away from the terminal's interrupt, which is for the tests.
        let mut shell = command.process_group(0).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let words = shell.stdin.take();
        let server = Pid::from_raw(said.trim().parse().unwrap()).unwrap();
        Self { shell, words, server }
    }

    /// Whether the process is there. One that ended is a zombie until the keeper reaps it.
    pub fn is_running(&self) -> bool {
        let path = format!("/proc/{}/stat", self.server.as_raw_nonzero());
        fs::read_to_string(path).is_ok_and(|stat| !stat.contains(") Z"))
    }

    /// Stops it where it is (SIGSTOP). The signal reaches its threads one by one, and one that still runs
    /// could answer: returns when none does.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
        let stands = || self.stands().then_some(());
        eventually("no thread of the server runs", PAUSE_WAIT, stands);
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Whether all of its threads are stopped.
    fn stands(&self) -> bool {
        let threads = format!("/proc/{}/task", self.server.as_raw_nonzero());
        fs::read_dir(threads).unwrap().all(|thread| {
            // One that ended in between runs no more.
            let stat = fs::read_to_string(thread.unwrap().path().join("stat")).unwrap_or_default();
            stat.is_empty() || stat.contains(") T")
        })
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.server, signal).unwrap();
    }

    pub fn kill(mut self) {
        self.say("kill");
        self.shell.wait().unwrap();
    }

    /// Insists on an orderly end.
    pub fn stop(mut self) {
        self.say("stop");
        let until = Instant::now() + STOP_WAIT;
        let status = loop {
            if let Some(status) = self.shell.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > until {
                self.signal(Signal::KILL);
                panic!("it did not stop within {STOP_WAIT:?}");
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        assert!(status.success(), "it stopped with {status}");
    }

    fn say(&mut self, word: &str) {
        writeln!(self.words.as_mut().unwrap(), "{word}").unwrap();
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.words = None;
        // It has ended already, where it was told to.
        let _ = self.shell.wait();
    }
}
