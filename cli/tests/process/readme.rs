//! What the README promises works as it stands there: its marked blocks are run in order.

use crate::sandbox::Sandbox;
use crate::skip;
use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
/// Stands directly above each block that is run.
const MARK: &str = "<!-- tested -->";
/// The address that the README uses.
const ADDRESS: &str = "http://127.0.0.1:8080";
/// How long the whole flow may take.
const FLOW_WAIT: Duration = Duration::from_secs(60);

/// The marked ```bash blocks, joined. A mark without a block, or a block that does not end, is an
/// error: otherwise a typing mistake would take a block out of the test.
fn blocks(text: &str) -> Result<String, String> {
    let mut script = String::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line.trim() != MARK {
            continue;
        }
        match lines.next() {
            Some((_, "```bash")) => {}
            _ => return Err(format!("line {}: no ```bash block follows the mark", number + 1)),
        }
        loop {
            match lines.next() {
                Some((_, "```")) => break,
                Some((_, line)) => script += &format!("{line}\n"),
                None => return Err(format!("line {}: the block does not end", number + 1)),
            }
        }
    }
    if script.is_empty() { Err("no block is marked".to_owned()) } else { Ok(script) }
}

#[test]
fn only_marked_blocks_are_run_and_a_broken_mark_is_an_error() {
    let text = "# T\n```bash\nno\n```\n<!-- tested -->\n```bash\na\nb\n```\n<!-- tested -->\n```bash\nc\n```\n";
    assert_eq!(blocks(text).as_deref(), Ok("a\nb\nc\n"));
    assert!(blocks("<!-- tested -->\n\n```bash\na\n```\n").is_err());
    assert!(blocks("<!-- tested -->\n```sh\na\n```\n").is_err());
    assert!(blocks("<!-- tested -->\n```bash\na\n").is_err());
    assert!(blocks("```bash\na\n```\n").is_err());
}

/// What the flow needs and the machine lacks.
fn missing() -> Option<&'static str> {
    let says = |program: &str, flags: &[&str]| {
        let output = Command::new(program).args(flags).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    if says("bash", &["--version"]).is_none() {
        return Some("bash is not installed");
    }
    match says("curl", &["--help", "all"]) {
        None => Some("curl is not installed"),
        Some(help) if !help.contains("--json") => Some("curl is older than 7.82: it has no --json"),
        Some(_) => None,
    }
}

/// Runs a script to its end; returns whether it succeeded, and what it said.
fn run(sandbox: &Sandbox, script: &str) -> (bool, String, String) {
    let file = |name: &str| File::create(sandbox.path(name)).unwrap();
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", script]).current_dir(sandbox.dir.path());
    bash.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1").stdin(Stdio::null());
    let mut child = bash.stdout(file("out")).stderr(file("err")).spawn().unwrap();
    let until = Instant::now() + FLOW_WAIT;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > until {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let read = |name: &str| fs::read_to_string(sandbox.path(name)).unwrap();
    (status.success(), read("out"), read("err"))
}

/// The walk through the API, with the server's own address in place of the usual one.
#[test]
fn the_readmes_walk_works_as_it_is_printed() {
    if let Some(reason) = missing() {
        return skip("the_readmes_walk_works_as_it_is_printed", reason);
    }
    let text = fs::read_to_string(README).unwrap();
    let script = blocks(&text).unwrap();
    assert!(script.contains(ADDRESS), "the README does not name {ADDRESS}");
    let sandbox = Sandbox::new();
    let server = sandbox.start(&[]);
    let script = script.replace(ADDRESS, &format!("http://{}", server.address));
    let (success, out, err) = run(&sandbox, &script);
    assert!(success, "stdout:\n{out}\nstderr:\n{err}");
    let last: Vec<&str> = out.lines().rev().take(3).collect();
    let booking = last.iter().find(|line| line.contains("\"bookings\":[{"));
    let booking = booking.unwrap_or_else(|| panic!("no booking at the end:\n{out}"));
    assert!(booking.contains("\"seat_numbers\":["), "{booking}");
    server.stop();
}
