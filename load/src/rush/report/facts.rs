//! What a reader must know of a run to compare it with another: the command, the program, the machine, the
//! database. Nothing secret of it.

use super::super::options::Options;
use boxoffice_server::metrics::{COMMIT, VERSION};
use serde::Serialize;

/// See the module.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// As it was typed, without keys and passwords.
    command: String,
    version: &'static str,
    /// "unknown" where the build was not given it.
    commit: &'static str,
    /// System and processor of the machine that the fans came from.
    machine: String,
    /// Its processor cores.
    cores: usize,
    /// Its memory, bytes, where it is known.
    memory_bytes: Option<u64>,
    /// Whether the program was compiled for speed.
    optimised: bool,
    /// Which database, without its password.
    database: String,
    seed: u64,
}

impl Facts {
    /// Of this process; `database` as people call it.
    pub fn of(options: &Options, database: &str) -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let model = field(&read("/proc/cpuinfo"), "model name");
        let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        let kib = memory.and_then(|text| text.trim_end_matches("kB").trim().parse::<u64>().ok());
        Self {
            command: command(std::env::args()),
            version: VERSION,
            commit: COMMIT,
            machine: model.map_or_else(|| system.clone(), |model| format!("{model}, {system}")),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: kib.map(|kib| kib * 1024),
            optimised: !cfg!(debug_assertions),
            database: database.to_owned(),
            seed: options.seed,
        }
    }

    /// A line for the terminal.
    pub fn text(&self) -> String {
        let Self { command, version, commit, machine, cores, database, optimised, .. } = self;
        let debug = if *optimised { "" } else { ", not compiled for speed" };
        format!(
            "{command}\nboxoffice {version} (commit {commit}){debug}, {cores} cores ({machine}), {database}.\n"
        )
    }
}

/// What follows a name and a colon in a file of the system.
fn field(text: &str, name: &str) -> Option<String> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let mut found = lines.filter(|(found, _)| found.trim() == name);
    found.next().map(|(_, value)| value.trim().to_owned())
}

/// The command line, so that it can be typed again; of addresses the password and of keys all is left out.
fn command(words: impl Iterator<Item = String>) -> String {
    const SECRET: &str = "--operator-key";
    let mut shown = vec!["boxoffice".to_owned()];
    let mut hidden = false;
    for word in words.skip(1) {
        let is_secret = std::mem::replace(&mut hidden, word == SECRET);
        let (head, tail) = word.split_once('=').filter(|(head, _)| head.starts_with("--")).unzip();
        let word = match (head, tail) {
            _ if is_secret => "…".into(),
            (Some(SECRET), _) => format!("{SECRET}=…"),
            (Some(head), Some(tail)) => format!("{head}={}", without_password(tail)),
            _ => without_password(&word),
        };
        shown.push(if word.contains(' ') { format!("'{word}'") } else { word });
    }
    shown.join(" ")
}

fn without_password(word: &str) -> String {
    match (word.split_once("://"), word.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_told_without_its_secrets() {
        let told = |line: &str| command(line.split(' ').map(str::to_owned));
        assert_eq!(told("/usr/bin/x rush --fans 3 --seed=7"), "boxoffice rush --fans 3 --seed=7");
        for line in [
            "x rush --operator-key bo_sesame --fans 3",
            "x rush --operator-key=bo_sesame --fans 3",
            "x rush --database mysql://u:sesame@h/d --fans 3",
            "x rush --database=mysql://u:sesame@h/d --fans 3",
        ] {
            let told = told(line);
            assert!(!told.contains("sesame") && told.ends_with("--fans 3"), "{told}");
        }
        assert!(told("x rush --database mysql://u:p@h/d").ends_with("--database mysql://…@h/d"));
    }
}
