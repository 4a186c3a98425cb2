//! `boxoffice admin`: an operator's day on the command line.

use crate::refunds::bought;
use crate::sandbox::{Sandbox, binary, command, open_sale};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::{Output, Stdio};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An operator at a terminal.
pub struct Operator {
    pub sandbox: Sandbox,
    url: String,
    key: String,
}

impl Operator {
    pub fn at(sandbox: Sandbox, address: SocketAddr) -> Self {
        let key = sandbox.operator_key();
        Self { sandbox, url: format!("http://{address}"), key }
    }

    pub fn run(&self, words: &[&str]) -> Output {
        let mut admin = command(binary());
        admin.arg("admin").args(words).current_dir(self.sandbox.dir.path());
        admin.env("BOXOFFICE_URL", &self.url).env("BOXOFFICE_OPERATOR_KEY", &self.key);
        admin.env("LC_ALL", "C").output().unwrap()
    }

    /// What a verb prints that succeeds.
    #[track_caller]
    pub fn done(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {output:?}");
        text(&output.stdout)
    }

    #[track_caller]
    pub fn json(&self, words: &[&str]) -> Value {
        let shown = self.done(&[words, &["--json"]].concat());
        serde_json::from_str(&shown).unwrap_or_else(|why| panic!("{why}: {shown}"))
    }

    /// What a verb says that is refused, with its exit code.
    #[track_caller]
    pub fn refused(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = self.run(words);
        assert!(!output.status.success(), "{words:?}: {output:?}");
        let said = text(&output.stderr);
        assert!(!said.contains("panicked") && !said.contains(&self.key), "{said}");
        (output.status.code(), said)
    }
}

/// From nothing to a paid booking's export: everything that the operators' API does.
#[test]
fn an_operators_day_on_the_command_line() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false"]);
    let by = Operator::at(sandbox, server.address);
    let made = by.json(&[
        "concert",
        "create",
        "--name",
        "달빛 행진",
        "--theater",
        "Hangang Hall",
        "--run-time-minutes",
        "120",
        "--opens-at",
        "2020-01-01T00:00:00Z",
        "--seats-per-user",
        "2",
        "--max-active",
        "7",
    ]);
    let concert = made["concert_id"].as_str().unwrap();
    std::fs::write(by.sandbox.path("seats.csv"), "seat_number,zone,price\n1,R,150000\n2,S,99000\n")
        .unwrap();
    let starts = "2099-05-01T19:00:00+09:00";
    by.json(&["date", "add", concert, "--starts-at", starts, "--seats", "seats.csv"]);
    let starts = "2099-05-02T19:00:00+09:00";
    let ranges = ["--range", "1-10:R:150000", "--range", "11-20:S:99000"];
    by.json(&[&["date", "add", concert, "--starts-at", starts], &ranges[..]].concat());
    let figures = by.json(&["figures", concert]);
    assert_eq!(figures["name"], "달빛 행진");
    assert_eq!(figures["dates"][0]["total_seats"], 2);
    assert_eq!(figures["dates"][1]["total_seats"], 20);
    let shown = by.done(&["figures", concert]);
    assert!(shown.contains("max active             7\n"), "{shown}");
    assert!(shown.contains("\ndates\n") && shown.contains("2099-05-01T10:00:00.000Z"), "{shown}");

    by.done(&["queue", "pause", concert]);
    assert_eq!(by.json(&["queue", "show", concert])["paused"], true);
    by.done(&["queue", "resume", concert]);
    let set =
        by.json(&["queue", "set", concert, "--max-active", "9", "--admissions-per-second", "3"]);
    assert_eq!((&set["max_active"], &set["paused"]), (&9.into(), &false.into()));
    by.done(&["sale", "close", concert]);
    assert_eq!(by.json(&["concert", "show", concert])["sale"], "closed");
    by.done(&["sale", "open", concert]);
    assert_eq!(by.json(&["concert", "list"])["concerts"].as_array().unwrap().len(), 1);
    let path = format!("/api/v1/admin/concerts/{concert}/queue");
    let called = by.json(&["call", "put", &path, "--body", "{\"max_waiting\":5}"]);
    assert_eq!(called["max_waiting"], 5);

    // Whoever reads the beginning only has what they wanted.
    let mut metrics = command(binary());
    metrics.args(["admin", "call", "GET", "/metrics"]).env("BOXOFFICE_URL", &by.url);
    metrics.env("BOXOFFICE_OPERATOR_KEY", &by.key);
    let mut metrics = metrics.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(metrics.stdout.take());
    let ended = metrics.wait_with_output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");

    let sales = ["export", "sales", "--database", "sqlite://boxoffice.db"];
    let sales = by.done(&sales);
    let lines: Vec<&str> = sales.lines().collect();
    assert_eq!(
        lines[0],
        "concert_id,concert,concert_date_id,starts_at,zone,price,seats,sold,held,revenue"
    );
    assert_eq!(lines.len(), 1 + 4, "{sales}");
    assert!(
        lines[1].contains("달빛 행진")
            && lines[1].ends_with(",2099-05-01T10:00:00Z,R,150000,1,0,0,0")
    );
    server.stop();
}

/// The same key makes one concert, whatever comes in between.
#[test]
fn a_change_that_is_repeated_is_done_once() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false"]);
    let by = Operator::at(sandbox, server.address);
    std::fs::write(
        by.sandbox.path("show.json"),
        r#"{"name":"From a file","theater":"T","run_time_minutes":90,"opens_at":"2020-01-01T00:00:00Z"}"#,
    )
    .unwrap();
    let words = [
        "concert",
        "create",
        "--file",
        "show.json",
        "--theater",
        "By flag",
        "--idempotency-key",
        "k1",
    ];
    let (one, again) = (by.json(&words), by.json(&words));
    assert_eq!(one["concert_id"], again["concert_id"]);
    let list = by.json(&["concert", "list"]);
    assert_eq!(list["concerts"].as_array().unwrap().len(), 1);
    assert_eq!(list["concerts"][0]["theater"], "By flag", "a flag goes before the file");
    server.stop();
}

/// 1: refused, in one sentence with the code; 2: no such command line; 3: nobody has answered.
#[test]
fn exit_codes_tell_what_kind_of_no_it_was() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false"]);
    let mut by = Operator::at(sandbox, server.address);
    let nobody = "00000000-0000-0000-0000-000000000009";
    let (code, said) = by.refused(&["figures", nobody]);
    assert_eq!(code, Some(1));
    assert!(
        said.starts_with("boxoffice: The concert was not found. (concert_not_found) [request "),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    let output = by.run(&["figures", nobody, "--json"]);
    let problem: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &problem["code"]), (Some(1), &"concert_not_found".into()));
    let (code, said) = by.refused(&["concert", "create", "--name", "N"]);
    assert!(code == Some(1) && said.contains("(invalid_body"), "{said}");
    let (code, said) = by.refused(&["date", "add", nobody, "--starts-at", "x", "--range", "1-5"]);
    assert!(code == Some(2) && said.contains("as 1-50:R:150000"), "{said}");
    assert_eq!(by.refused(&["figures", "seven"]).0, Some(2));
    assert_eq!(by.refused(&["figure", nobody]).0, Some(2));
    by.key = "bo_invented".into();
    let (code, said) = by.refused(&["figures", nobody]);
    assert!(code == Some(1) && said.contains("operator_key_invalid"), "{said}");
    by.key = String::new();
    let output = by.run(&["figures", nobody]);
    let said = text(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("--key-file FILE"), "{said}");
    std::fs::write(by.sandbox.path("key"), "bo_from_a_file\n").unwrap();
    let output = by.run(&["figures", nobody, "--key-file", "key"]);
    assert!(text(&output.stderr).contains("operator_key_invalid"), "{output:?}");
    server.stop();
    by.key = "bo_any".into();
    let (code, said) = by.refused(&["sale", "open", nobody]);
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.starts_with(&format!("boxoffice: {}: ", by.url)) && said.lines().count() == 1,
        "{said}"
    );
}

/// In the wrong folder no new database is made, and no key that opens nothing.
#[test]
fn no_key_is_made_in_a_new_database_by_mistake() {
    let sandbox = Sandbox::new();
    for words in
        [&["admin", "key", "create"] as &[&str], &["admin", "key", "create", "--name", "x"]]
    {
        let output = sandbox.run(words);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        let said = text(&output.stderr);
        assert!(
            said.contains("there is no database of boxoffice yet") && said.lines().count() == 1,
            "{said}"
        );
        assert!(said.contains("--create-database"), "{said}");
    }
    let revoke = ["admin", "key", "revoke", "00000000-0000-0000-0000-000000000009"];
    assert_eq!(sandbox.run(&revoke).status.code(), Some(1));
    assert!(!sandbox.database().exists());
    std::fs::write(sandbox.database(), "").unwrap();
    assert!(!sandbox.run(&["admin", "key", "create"]).status.success(), "an empty file is none");
    std::fs::remove_file(sandbox.database()).unwrap();
    let made =
        sandbox.run(&["admin", "key", "create", "--create-database", "--json", "--name", "mina"]);
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    assert!(made["key"].as_str().unwrap().starts_with("bo_") && made["name"] == "mina");
    let list = sandbox.run(&["admin", "key", "list", "--json"]);
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(
        (list[0]["id"].clone(), list[0]["revoked_at"].clone()),
        (made["id"].clone(), Value::Null)
    );
}

/// The help of a verb shows what matters to it.
#[test]
fn help_is_about_the_verb() {
    let help = |words: &[&str]| {
        let output = command(binary()).args(words).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        text(&output.stdout)
    };
    for words in [
        &["admin", "key", "create", "--help"] as &[&str],
        &["admin", "key", "list", "--help"],
        &["audit", "--help"],
        &["admin", "export", "bookings", "--help"],
    ] {
        let shown = help(words);
        assert!(shown.contains("--database <") && shown.contains("--config"), "{shown}");
        for other in
            ["--hold-seconds", "--listen", "--max-active", "--limit-joins", "--oidc-issuer"]
        {
            assert!(!shown.contains(other), "{other} in {words:?}");
        }
        assert!(shown.lines().count() < 45, "{shown}");
    }
    assert!(help(&["admin", "key", "rotate", "--help"]).contains("--keys-file"));
    let short = help(&["serve", "-h"]);
    assert!(short.contains("--listen") && short.contains("--database <"), "{short}");
    assert!(!short.contains("--limit-joins") && short.lines().count() < 48, "{short}");
    let long = help(&["serve", "--help"]);
    let place = |part: &str| long.find(part).unwrap_or_else(|| panic!("{part}: {long}"));
    assert!(place("Main settings:") < place("--listen"));
    assert!(place("--listen") < place("Limits by account and address:"));
    let admin = help(&["admin", "--help"]);
    for verb in [
        "key",
        "concert",
        "date",
        "sale",
        "queue",
        "draw",
        "wallet",
        "figures",
        "export",
        "call",
        "Exit codes",
    ] {
        assert!(admin.contains(verb), "{verb}: {admin}");
    }
}

/// A date that people had booked is not deleted by mistake, and what was deleted is told.
#[test]
fn a_date_is_deleted_knowingly() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false"]);
    let by = Operator::at(sandbox, server.address);
    let keyring = by.sandbox.keyring();
    let (payment, dates) = crate::runtime().block_on(async {
        let sale = open_sale(server.address, &by.key, 4, &json!({})).await;
        (bought(server.address, &sale, &keyring, 1).await, sale.dates)
    });
    let made = [dates[0].to_string(), dates[1].to_string()];
    let (code, said) = by.refused(&["date", "delete", &made[0]]);
    assert!(code == Some(1) && said.contains("held_or_sold"), "{said}");
    by.done(&["payment", "refund", &payment, "--reason", "ill"]);
    let (code, said) = by.refused(&["date", "delete", &made[0]]);
    assert!(
        code == Some(1) && said.contains("people had booked") && said.contains("--booked"),
        "{said}"
    );
    let done = by.done(&["date", "delete", &made[0], "--booked"]);
    assert_eq!(done, format!("date {} was deleted\n", made[0]));
    let done = by.done(&["date", "delete", &made[1]]);
    assert_eq!(done, format!("date {} was deleted\n", made[1]));
    server.stop();
}

/// Whoever reads Korean is told so by the command line itself, too; a file that is no poster is told as that.
#[test]
fn refusals_of_its_own_are_in_two_languages() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("poster.txt"), "no picture").unwrap();
    let nobody = "00000000-0000-0000-0000-000000000009";
    let poster = ["concert", "poster", nobody, "poster.txt"];
    for (words, en, ko) in [
        (&poster[..], "it is not a PNG, JPEG or WebP file", "PNG, JPEG, WebP 파일이 아닙니다"),
        (&["figures", nobody], "an operator's key is needed", "운영자 키가 필요합니다"),
        (&["date", "edit", nobody], "nothing to change", "변경할 내용이 없습니다"),
        (&["call", "GET", "x"], "is not a path", "경로가 아닙니다"),
    ] {
        for (language, want) in [("C", en), ("ko_KR.UTF-8", ko)] {
            let mut admin = command(binary());
            admin.arg("admin").args(words).current_dir(sandbox.dir.path());
            let output = admin.env("LC_ALL", language).output().unwrap();
            let said = text(&output.stderr);
            assert!(output.status.code() == Some(1) && said.contains(want), "{language}: {said}");
        }
    }
}
