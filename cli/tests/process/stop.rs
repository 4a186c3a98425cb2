//! Stopping as it should be done.

use crate::audit::audit;
use crate::client::{Ask, Client, once};
use crate::dies::each_ends_the_process;
use crate::facts::{broken, done_unanswered};
use crate::fan::{Dice, TIRELESS, crowd};
use crate::retry::repeat_all;
use crate::sandbox::{Sandbox, open_sale};
use crate::{alone, nothing, runtime, skip};
use boxoffice_server::clock::Clock;
use rustix::process::Signal;
use serde_json::json;
use std::time::{Duration, Instant};

/// "Within seconds".
const STOP_WAIT: Duration = Duration::from_secs(8);

/// H33: under load, the signal ends the server with 0 within seconds; every request that got an
/// answer got a true one, every other had no effect; the next start finds everything.
async fn stops_under_load(signal: Signal, seed: u64) {
    let sandbox = Sandbox::new();
    let server = sandbox.start(TIRELESS);
    let sale = open_sale(server.address, &sandbox.operator_key(), 2_000, &json!({})).await;
    let keyring = sandbox.keyring();
    let address = server.address;
    let load = Duration::from_millis(300 + Dice::new(seed).below(700));
    let stop = || server.signal(signal);
    let journals = crowd((address, &sale, &keyring), 40, seed, load, stop).await;
    let (status, log) = server.wait(STOP_WAIT);
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(Client::connect(address).await.is_err(), "it still listens");

    let database = sandbox.database();
    let check = |journals: &[_], when: &str| {
        let when = format!("seed {seed}, {when}");
        nothing(&broken(journals, &database, &keyring), &when);
        nothing(&audit(&database, Clock::System.now().0), &when);
    };
    check(&journals, "stopped");
    nothing(&done_unanswered(&journals, &database), &format!("seed {seed}"));
    let server = sandbox.start(TIRELESS);
    let (journals, wrong) = repeat_all(server.address, journals).await;
    nothing(&wrong, &format!("seed {seed}, repeated"));
    check(&journals, "repeated");
    server.stop();
    check(&journals, "stopped again");
}

/// H33: SIGTERM.
#[test]
fn sigterm_under_load_loses_and_doubles_nothing() {
    let _alone = alone();
    runtime().block_on(stops_under_load(Signal::TERM, Dice::seed("stop")));
}

/// H33: SIGINT, as Ctrl-C sends it.
#[test]
fn sigint_under_load_loses_and_doubles_nothing() {
    let _alone = alone();
    runtime().block_on(stops_under_load(Signal::INT, Dice::seed("stop")));
}

/// H33: a signal that comes as soon as the server has told its address is not missed.
#[test]
fn a_signal_right_after_the_start_stops_it_cleanly() {
    for _ in 0..5 {
        let sandbox = Sandbox::new();
        let server = sandbox.start(&["--demo", "false"]);
        server.signal(Signal::TERM);
        let (status, log) = server.wait(STOP_WAIT);
        assert_eq!(status.code(), Some(0), "{status}: {log}");
    }
}

/// H33: connections that ask nothing (fresh or kept alive) do not hold the stop up.
#[test]
fn idle_connections_do_not_delay_the_stop() {
    runtime().block_on(async {
        let sandbox = Sandbox::new();
        let server = sandbox.start(&["--demo", "false"]);
        let mut fresh = Vec::new();
        for _ in 0..20 {
            fresh.push(Client::connect(server.address).await.unwrap());
        }
        let mut used = Client::connect(server.address).await.unwrap();
        assert_eq!(used.send(&Ask::get("/livez")).await.unwrap().status, 200);
        server.signal(Signal::TERM);
        let (status, log) = server.wait(STOP_WAIT);
        assert_eq!(status.code(), Some(0), "{log}");
    });
}

/// H33: told to stop, a server says first that it is not ready, and serves on meanwhile; a second signal
/// ends the wait.
#[test]
fn a_server_drains_before_it_stops() {
    runtime().block_on(async {
        let sandbox = Sandbox::new();
        let server = sandbox.start(&["--demo", "false", "--drain-seconds", "600"]);
        let ready = async || once(server.address, &Ask::get("/readyz")).await.unwrap();
        assert_eq!(ready().await.status, 200);
        server.signal(Signal::TERM);
        let began = Instant::now();
        let told = loop {
            let told = ready().await;
            if told.status != 200 {
                break told;
            }
            assert!(began.elapsed() < STOP_WAIT, "it still says that it is ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!((told.status, told.code().as_str()), (503, "stopping"));
        open_sale(server.address, &sandbox.operator_key(), 10, &json!({})).await;
        server.signal(Signal::TERM);
        let (status, log) = server.wait(STOP_WAIT);
        assert_eq!(status.code(), Some(0), "{log}");
    });
}

/// H33: a clean stop leaves everything in the one file, however an operator copies it.
#[test]
fn after_a_clean_stop_the_one_file_is_everything() {
    let sandbox = Sandbox::new();
    sandbox.start(&[]).stop();
    let log = std::fs::metadata(sandbox.path("boxoffice.db-wal")).map_or(0, |found| found.len());
    assert_eq!(log, 0, "the log still holds what the file does not");
    let copied = Sandbox::new();
    std::fs::copy(sandbox.database(), copied.database()).unwrap();
    let server = copied.start(&["--demo", "false"]);
    let answer = runtime().block_on(once(server.address, &Ask::get("/api/v1/concerts"))).unwrap();
    assert_eq!(answer.json()["concerts"].as_array().map(Vec::len), Some(3), "{}", answer.body);
}

/// H33: a second server on the same port says so in one sentence, and the first goes on.
#[test]
fn a_taken_port_is_one_sentence() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false"]);
    let other = Sandbox::new();
    let listen = server.address.to_string();
    let output = other.run(&["serve", "--demo", "false", "--listen", &listen]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr.starts_with(&format!("boxoffice: listen {listen}: ")), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    let answer = runtime().block_on(once(server.address, &Ask::get("/livez"))).unwrap();
    assert_eq!(answer.status, 200);
}

/// H37: whichever thread or task ends before the stop, the process says why and ends with an error.
#[test]
fn whatever_ends_ends_the_process() {
    if cfg!(not(debug_assertions)) {
        return skip("whatever_ends_ends_the_process", "this is no debug build");
    }
    let sandbox = Sandbox::new();
    each_ends_the_process(&sandbox.path("provider.json"), &[], || sandbox.command(&["serve"]));
}
