//! The log: what an operator finds there, and what is never there.

use crate::client::{Ask, Client, once};
use crate::runtime;
use crate::sandbox::{Sandbox, Server, open_sale};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// The line that has each of these; there must be one.
fn line<'a>(log: &'a str, parts: &[&str]) -> &'a str {
    let found = log.lines().find(|line| parts.iter().all(|part| line.contains(part)));
    found.unwrap_or_else(|| panic!("no line with {parts:?} in:\n{log}"))
}

/// Whoever looks into the log on Saturday learns what was served, who closed the sale on Friday, and that
/// somebody has tried keys and passwords; and neither a key nor a password.
#[test]
fn the_log_tells_who_did_what() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&[]);
    let address = server.address;
    let made = sandbox.run(&["admin", "key", "create", "--name", "mina"]);
    let key = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    let concert = runtime().block_on(async {
        let sale = open_sale(address, &key, 10, &json!({})).await;
        let path = format!("/api/v1/admin/concerts/{}/sale", sale.concert);
        let ask = Ask::put(path.clone(), &json!({ "open": false })).with("x-api-key", &key);
        let answer = once(address, &ask.with("x-request-id", "friday-1")).await.unwrap();
        assert_eq!((answer.status, answer.header("x-request-id")), (200, Some("friday-1")));
        let forged = json!({ "open": "x\nINFO forged\u{1b}[2J\u{202e}" });
        let ask = Ask::put(path, &forged).with("x-api-key", &key);
        assert_eq!(once(address, &ask).await.unwrap().status, 422);
        let path = format!("/api/v1/admin/concerts/{}", sale.concert);
        let wrong = Ask::get(path).with("x-api-key", "bo_sesame");
        assert_eq!(once(address, &wrong).await.unwrap().status, 401);
        let credentials = json!({ "username": "kim", "password": "correct horse" });
        assert_eq!(
            once(address, &Ask::post("/api/v1/users", &credentials)).await.unwrap().status,
            201
        );
        let guess = json!({ "username": "kim", "password": "open sesame" });
        let answer = once(address, &Ask::post("/api/v1/sessions", &guess)).await.unwrap();
        assert_eq!(answer.status, 401);
        sale.concert
    });
    let log = server.stop();
    let started = line(&log, &["INFO", "serving", "listen=", "concerts=3", "open_sales=3"]);
    for part in ["version=", "boxoffice.db", "boxoffice admin key create --name"] {
        assert!(started.contains(part), "{started}");
    }
    let concert = concert.to_string();
    let closed = line(&log, &["an operator's request", "friday-1"]);
    for part in ["operator=\"mina\"", "key=", "method=PUT", &concert, "open: false", "status=200"] {
        assert!(closed.contains(part), "{part} is not in {closed}");
    }
    line(&log, &["an operator's request", "status=422", "invalid_text", "INFO forged"]);
    line(&log, &["an operator's request", "status=201", "concert_id: "]);
    line(&log, &["WARN", "an operator's key was refused", "operator_key_invalid", "request_id="]);
    line(&log, &["WARN", "a sign-in was refused", "credentials_wrong", "account=\""]);
    line(&log, &["told to stop", "SIGTERM"]);
    line(&log, &["INFO", "stopped"]);
    for secret in [&key[3..], "sesame", "correct horse"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    assert!(!log.contains(['\u{1b}', '\u{202e}']), "{log}");
    assert!(!log.lines().any(|line| line.starts_with("INFO forged")), "{log}");
}

/// Whoever has an access token and guesses the password is told of, like who guesses at the sign-in.
#[test]
fn guesses_with_an_access_token_are_told() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false"]);
    let address = server.address;
    let user = runtime().block_on(async {
        let mina = json!({ "username": "mina", "password": "correct horse" });
        let made = once(address, &Ask::post("/api/v1/users", &mina)).await.unwrap();
        assert_eq!(made.status, 201);
        let session = once(address, &Ask::post("/api/v1/sessions", &mina)).await.unwrap();
        let token = session.text("access_token");
        let guess = json!({ "current_password": "open sesame", "new_password": "a new one" });
        let ask = || Ask::put("/api/v1/me/password", &guess).identity(&token);
        for _ in 0..5 {
            assert_eq!(once(address, &ask()).await.unwrap().status, 403);
        }
        assert_eq!(once(address, &ask()).await.unwrap().code(), "sign_in_delayed");
        session.text("user_id")
    });
    let log = server.stop();
    let of = |code: &str| {
        let told = ["WARN", "a password was refused", code, "/api/v1/me/password", &user];
        line(&log, &told).to_owned()
    };
    of("password_wrong");
    of("sign_in_delayed");
    assert_eq!(log.matches("a password was refused").count(), 6);
    assert!(!log.contains("sesame"), "{log}");
}

/// An act whose operator hangs up meanwhile is carried out and told like any other.
#[test]
fn an_act_is_told_though_its_operator_hung_up() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false"]);
    let (address, key) = (server.address, sandbox.operator_key());
    let sale = runtime().block_on(open_sale(address, &key, 10, &json!({})));
    let writer = rusqlite::Connection::open(sandbox.database()).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    runtime().block_on(async {
        let path = format!("/api/v1/admin/concerts/{}/sale", sale.concert);
        let ask = Ask::put(path, &json!({ "open": false })).with("x-api-key", &key);
        let mut client = Client::connect(address).await.unwrap();
        client.send_raw(&ask.with("x-request-id", "hung-up").bytes()).await.unwrap();
        // Until it waits for the database, on a busy machine as well.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        drop(client);
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    });
    writer.execute_batch("COMMIT").unwrap();
    let path = format!("/api/v1/concerts/{}", sale.concert);
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while runtime().block_on(once(address, &Ask::get(path.as_str()))).unwrap().text("sale")
        != "closed"
    {
        assert!(std::time::Instant::now() < until, "it is not carried out");
    }
    line(&server.stop(), &["an operator's request", "hung-up", "open: false", "status=200"]);
}

/// Each line is a JSON object, whatever names are in it; requests are there with `debug`, by `RUST_LOG`
/// as well, and our own setting goes before that.
#[test]
fn the_log_is_json_on_wish_and_takes_rust_log() {
    let logged = |rust_log: &str, flags: &[&str]| {
        let sandbox = Sandbox::new();
        let mut command =
            sandbox.command(&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
        let server = Server::spawn({
            command.args(flags).env("RUST_LOG", rust_log);
            command
        });
        let server = server.unwrap();
        let ask = Ask::get("/api/v1/concerts").with("x-request-id", "follow-me");
        let answer = runtime().block_on(once(server.address, &ask)).unwrap();
        assert_eq!(answer.header("x-request-id"), Some("follow-me"));
        let said = server.said.clone();
        let log = server.stop();
        let told: Value = serde_json::from_str(said.first().unwrap()).unwrap();
        let docs = told["docs"].as_str().unwrap();
        assert!(said.len() == 1 && docs.ends_with("/docs") && told["listen"].is_string(), "{told}");
        let lines: Vec<Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}")))
            .collect();
        lines
    };
    let is_request = |line: &Value| line["message"] == "a request";
    let lines = logged("boxoffice=debug", &[]);
    let request = lines.iter().find(|line| is_request(line)).expect("requests are logged");
    assert_eq!(request["request_id"], "follow-me");
    assert_eq!((&request["method"], &request["status"]), (&json!("GET"), &json!(200)));
    assert_eq!(request["path"], "/api/v1/concerts");
    let lines = logged("debug", &["--log", "info"]);
    assert!(!lines.iter().any(is_request), "our own setting goes before");
    assert!(lines.iter().any(|line| line["message"] == "serving"));
    let lines = logged("", &[]);
    assert!(lines.iter().any(|line| line["message"] == "serving"), "an empty one says nothing");
}

#[test]
fn a_rust_log_that_cannot_be_used_is_named() {
    let sandbox = Sandbox::new();
    let mut serve = sandbox.command(&["serve", "--listen", "127.0.0.1:0"]);
    let output = serve.env("RUST_LOG", "a=b=c").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.starts_with("boxoffice: RUST_LOG: "), "{said}");
}

/// A server whose log goes there.
fn logging_to(sandbox: &Sandbox, log: impl Into<Stdio>, flags: &[&str]) -> Server {
    let mut command = sandbox.command(&["serve", "--listen", "127.0.0.1:0", "--demo", "false"]);
    command.args(flags);
    Server::spawn_logging_to(command, log).unwrap()
}

/// Asks with wrong operators' keys, each of which is a line of the log; the server goes on all the same.
fn asks_in_vain(server: &Server) {
    runtime().block_on(async {
        let path = format!("/api/v1/admin/concerts/{}", uuid_of(1));
        for _ in 0..3 {
            let ask = Ask::get(path.as_str()).with("x-api-key", "bo_wrong");
            assert_eq!(once(server.address, &ask).await.unwrap().status, 401);
        }
    });
}

/// Waits until a counter of the log is above zero.
fn counts_above_zero(server: &Server, name: &str) {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = runtime().block_on(once(server.address, &Ask::get("/metrics"))).unwrap();
        let count = answer.body.lines().find_map(|line| line.strip_prefix(name));
        let count = count.unwrap_or_else(|| panic!("no {name} in {}", answer.body)).trim();
        if count != "0" {
            return;
        }
        assert!(Instant::now() < until, "{name} stays zero");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// So many requests, whose lines are long where requests are logged.
fn long_lines(server: &Server, count: usize) {
    runtime().block_on(async {
        let mut client = Client::connect(server.address).await.unwrap();
        let path = format!("/api/v1/concerts?{}", "x".repeat(500));
        for _ in 0..count {
            client.send(&Ask::get(path.as_str())).await.unwrap();
        }
    });
}

/// Neither a full disk nor a reader that went away (`2>&1 | tee`) ends the server; it is counted.
#[test]
fn a_log_that_cannot_be_written_ends_nothing() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let (reader, gone) = std::io::pipe().unwrap();
    drop(reader);
    for log in [Stdio::from(full), Stdio::from(gone)] {
        let sandbox = Sandbox::new();
        let server = logging_to(&sandbox, log, &[]);
        asks_in_vain(&server);
        counts_above_zero(&server, "boxoffice_log_faults_total");
        server.stop();
    }
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.database(), "no database, and longer than a header of one".repeat(9))
        .unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut serve = sandbox.command(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(serve.stderr(full).status().unwrap().code(), Some(1), "and no panic");
}

/// A reader that does not read holds nobody up, neither requests nor the stop. What found no room is counted,
/// and told of where it is missing once somebody reads.
#[test]
fn a_log_that_nobody_reads_holds_nobody_up() {
    let sandbox = Sandbox::new();
    let (mut reader, log) = std::io::pipe().unwrap();
    let server = logging_to(&sandbox, log, &["--log", "debug"]);
    long_lines(&server, 5_000);
    asks_in_vain(&server);
    counts_above_zero(&server, "boxoffice_log_lost_total");
    let read = std::thread::spawn(move || {
        let mut log = String::new();
        reader.read_to_string(&mut log).unwrap();
        log
    });
    asks_in_vain(&server);
    server.stop();
    let log = read.join().unwrap();
    line(&log, &["ERROR", "lines of the log were lost here", "lines="]);
    line(&log, &["INFO", "stopped"]);
    let whole = log.lines().filter(|line| line.contains("a request") && line.contains("?xxx"));
    assert!(whole.count() > 1_000, "what found room is there");
    assert!(log.lines().all(|line| line.contains("boxoffice")), "each line is whole");
}

/// The end of the process waits for whoever does not read, and not for ever.
#[test]
fn a_stop_is_not_held_up_by_a_log_that_nobody_reads() {
    let sandbox = Sandbox::new();
    let (_reader, log) = std::io::pipe().unwrap();
    let server = logging_to(&sandbox, log, &["--log", "trace"]);
    long_lines(&server, 300);
    server.stop();
}

/// H5: a level that is misspelt would turn the log off without a word.
#[test]
fn a_level_that_there_is_none_of_is_refused() {
    let sandbox = Sandbox::new();
    let refused = |name: &str, flags: &[&str]| {
        let mut serve = sandbox.command(&["serve", "--listen", "127.0.0.1:0"]);
        let output = serve.args(flags).env(name, "verbose").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let takes = "it takes off, error, warn, info, debug, trace, or a filter";
        assert!(!output.status.success() && said.contains(takes), "{said}");
        said
    };
    assert!(
        refused("RUST_LOG", &[]).starts_with("boxoffice: RUST_LOG: \"verbose\" is not a level")
    );
    assert!(refused("BOXOFFICE_LOG", &[]).starts_with("boxoffice: log: "));
    refused("NOTHING", &["--log", "verbose"]);
    for (name, level) in [("BOXOFFICE_LOG", "warning"), ("BOXOFFICE_LOG", ""), ("RUST_LOG", "WARN")]
    {
        let mut command = sandbox.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.env(name, level);
        let server = Server::spawn(command).unwrap();
        asks_in_vain(&server);
        let log = server.stop();
        line(&log, &["WARN", "an operator's key was refused"]);
        assert_eq!(log.contains("INFO"), level.is_empty(), "{log}");
    }
}

/// A flood of wrong keys is counted, and does not fill the disk.
#[test]
fn a_flood_of_refusals_is_bounded() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false"]);
    runtime().block_on(async {
        let mut client = Client::connect(server.address).await.unwrap();
        let path = format!("/api/v1/admin/concerts/{}", uuid_of(1));
        for number in 0..300 {
            let ask = Ask::get(path.as_str()).with("x-api-key", format!("bo_{number}"));
            // A look at the keys is taken ten times a second at most: all at once would take long.
            if number < 3 {
                assert_eq!(client.send(&ask).await.unwrap().status, 401);
            } else {
                let guess = json!({ "refresh_token": format!("x{number}") });
                let ask = Ask::post("/api/v1/sessions/refresh", &guess);
                assert_eq!(client.send(&ask).await.unwrap().status, 401);
            }
        }
    });
    let log = server.stop();
    let count = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    assert_eq!(count("an operator's key was refused"), 3);
    let told = count("a sign-in was refused");
    assert!((60..80).contains(&told), "{told} of 297");
}

fn uuid_of(number: u128) -> boxoffice_core::id::Uuid {
    boxoffice_core::id::Uuid::from_u128(number)
}

/// What takes longer than the setting says is told, with what it was.
#[test]
fn slow_batches_and_reads_are_told() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false", "--log-slow-ms", "1000"]);
    let address = server.address;
    let key = sandbox.operator_key();
    runtime().block_on(async { open_sale(address, &key, 10, &json!({})).await });
    let writer = rusqlite::Connection::open(sandbox.database()).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = std::thread::spawn(move || {
        runtime().block_on(async { open_sale(address, &key, 10, &json!({})).await })
    });
    // Long enough for a busy machine to begin it, and shorter than the database waits for its turn (5 s).
    std::thread::sleep(std::time::Duration::from_secs(3));
    writer.execute_batch("COMMIT").unwrap();
    waiting.join().unwrap();
    let log = server.stop();
    line(&log, &["WARN", "a slow batch", "create_concert", "ms="]);
    assert!(!log.contains("a slow read"), "{log}");
    let server = sandbox.start(&["--demo", "false", "--log-slow-ms", "0", "--log", "debug"]);
    assert!(!server.stop().contains("a slow "), "0 turns both off");
}
