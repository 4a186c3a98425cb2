//! `boxoffice rush`: a small crowd on a server of its own and on one that runs, and that it can fail.

use crate::facts::look;
use crate::sandbox::{Sandbox, command};
use crate::{alone, sandbox};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// A crowd that is through in seconds, with some of everything that fans do.
const SMALL: &[&str] = &[
    "--fans",
    "120",
    "--seats",
    "60",
    "--max-active",
    "40",
    "--admissions-per-second",
    "60",
    "--think-ms",
    "30",
    "--hold-seconds",
    "2",
    "--arrival-grace-seconds",
    "2",
    "--abandon",
    "10",
    "--release",
    "10",
    "--refund",
    "30",
    "--no-show",
    "5",
    "--double-click",
    "20",
    "--cut",
    "20",
    "--best-percent",
    "40",
    "--stream-percent",
    "50",
];

const CONCERT: &str = "--concert=01a20840-8ab8-7000-8000-000000000000";

fn rush(folder: &Path, more: &[&str]) -> Command {
    let mut rush = command(sandbox::binary());
    rush.arg("rush").args(SMALL).args(more).args(["--out", "report"]).current_dir(folder);
    rush
}

/// A concert that is sold there.
fn concert(database: &Path) -> uuid::Uuid {
    let text = "SELECT max(concert_id) FROM concert";
    let id: Vec<u8> = look(database).query_row(text, [], |row| row.get(0)).unwrap();
    uuid::Uuid::from_slice(&id).unwrap()
}

fn report(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("report/report.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// Every fan's story ends, everything is counted again, and nothing is wrong.
fn is_whole(report: &Value) {
    let funnel = |name: &str| report["funnel"][name].as_u64().unwrap();
    assert_eq!(funnel("arrived"), 120);
    assert_eq!(funnel("joined"), 120);
    assert!(funnel("paid") > 10, "{}", report["funnel"]);
    let ended = report["ended"].as_array().unwrap();
    let ended: u64 = ended.iter().map(|stage| stage["fans"].as_u64().unwrap()).sum();
    assert_eq!(ended, 120);
    for way in ["on_the_map", "by_layout", "best", "best_narrowed"] {
        assert!(report["chosen"][way].as_u64() > Some(0), "{way}: {}", report["chosen"]);
    }
    let streams = &report["streams"];
    for kind in ["places", "seats"] {
        assert!(streams["opened"][kind].as_u64() > Some(0), "{kind}: {streams}");
        assert!(streams["events"][kind].as_u64() > Some(0), "{kind}: {streams}");
    }
    assert!(streams["delay"]["count"].as_u64() > Some(0), "{streams}");
    let latency = report["latency"].as_array().unwrap();
    for step in ["layout", "hold", "best seats", "place stream", "seat stream"] {
        assert!(
            latency.iter().any(|of| of["step"] == step && of["count"].as_u64() > Some(0)),
            "{step}"
        );
    }
    assert!(report["doubled"].as_u64() > Some(0) && report["cut"].as_u64() > Some(0));
    let judgement = &report["judgement"];
    assert!(judgement["facts"].as_u64() > Some(120));
    assert!(!judgement["audit"]["checks"].as_array().unwrap().is_empty());
    assert!(judgement["linearizability"]["operations"].as_u64() > Some(30));
    let sold: u64 = report["seconds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|second| second["seats_sold"].as_u64().unwrap())
        .sum();
    let back = report["seats_refunded"].as_u64().unwrap();
    // Of what was sold, an operator gave some back, and it was sold again.
    assert!(back > 0, "{}", report["seats_refunded"]);
    let sold = sold - back;
    assert_eq!(report["seats_sold"].as_u64(), Some(sold));
    assert!(sold <= 60);
    let hall = |name: &str| judgement["hall"][name].as_u64().unwrap();
    assert!(hall("seats") == 60 && hall("sold") >= sold, "{}", judgement["hall"]);
    let rest = ["sold", "held", "back_after", "back_before", "given_back", "untouched"].map(hall);
    assert_eq!(rest.iter().sum::<u64>(), 60, "each seat has its end: {}", judgement["hall"]);
    let last = |name: &str| {
        let seconds = judgement["seats_by_second"][name].as_array().unwrap();
        assert_eq!(Some(seconds.len()), report["seconds"].as_array().map(Vec::len));
        seconds.last().and_then(Value::as_u64).unwrap()
    };
    assert_eq!(last("held") + last("free") + hall("sold"), 60, "{judgement}");
    let facts = &report["facts"];
    assert!(
        facts["command"].as_str().unwrap().starts_with("boxoffice rush --fans 120 --seats 60 ")
    );
    assert!(facts["cores"].as_u64() > Some(0) && facts["seed"].is_u64(), "{facts}");
    assert!(facts["database"].as_str().is_some_and(|name| name.contains("ite")), "{facts}");
}

/// H1, H11, H12: lost races, double clicks and cut connections, and nothing sold twice.
#[test]
fn a_small_crowd_buys_and_everything_is_counted_again() {
    let _alone = alone();
    let sandbox = Sandbox::new();
    // The database and the keys of whoever sells here are not the rush's.
    let output = rush(sandbox.dir.path(), &["--arrivals", "ramp", "--over", "2"])
        .env("BOXOFFICE_DATABASE", "sqlite://sold-from.db")
        .env("BOXOFFICE_TOKEN_KEYS", "of the servers")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    is_whole(&report(sandbox.dir.path()));
    let page = std::fs::read_to_string(sandbox.path("report/report.html")).unwrap();
    assert!(page.contains("\"funnel\":{\"arrived\":120") && !page.contains("/*data*/"));
    let (_, plain) = page.split_once("<noscript>").unwrap();
    assert!(plain.contains("Of 60 seats ") && plain.contains("How they ended: "), "{plain:.500}");
    let told = text(&output);
    assert!(told.contains(" hold\nok    what fans were told is true"), "{told}");
    assert!(told.contains("ok    no seats fit where that was said"), "{told}");
    assert!(plain.contains(" together by the layout, and "), "{plain:.900}");
    assert!(plain.contains("Streams of events: "), "{plain:.900}");
    // Its database went with it.
    let files: Vec<_> = std::fs::read_dir(sandbox.dir.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");
}

/// A running server, each fan with connections of its own, with flags and then with the server's file;
/// and what was told is looked for in another database, where none of it is: a rush can fail.
#[test]
fn a_running_server_is_proved_right_and_a_wrong_database_is_told() {
    let _alone = alone();
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false"]);
    let target = format!("http://{}", server.address);
    let (key, keys) = (sandbox.operator_key(), sandbox.keys_file());
    let database = format!("sqlite://{}", sandbox.database().display());
    let target = |more: &[&str]| {
        let mut rush = rush(sandbox.dir.path(), &["--target", &target, "--connections", "0"]);
        rush.args(more).env("BOXOFFICE_OPERATOR_KEY", &key).output().unwrap()
    };
    // Twice: the fans of a seed behave alike, and are others.
    for _ in 0..2 {
        let output = target(&["--database", &database, "--keys-file", keys.to_str().unwrap()]);
        assert!(output.status.success(), "{}", text(&output));
        is_whole(&report(sandbox.dir.path()));
    }
    let before = sandbox.path("before.db");
    let rows = look(&sandbox.database());
    rows.execute("VACUUM INTO ?", [before.to_str().unwrap()]).unwrap();
    let file = sandbox.path("server.toml");
    let settings = format!("database = \"sqlite://{}\"\nkeys_file = {keys:?}", before.display());
    std::fs::write(&file, settings).unwrap();
    let concert = format!("--concert={}", concert(&sandbox.database()));
    let own = ["--database", &database, &concert, "--keys-file", keys.to_str().unwrap()];
    let output = target(&own);
    assert!(output.status.success(), "{}", text(&output));
    let output = target(&[&own[..], &["--seats-each", "5"]].concat());
    assert!(text(&output).contains("--seats-each: the concert allows 4"), "{}", text(&output));
    let output = target(&["--config", file.to_str().unwrap(), "--seed", "2"]);
    assert!(!output.status.success());
    let told = text(&output);
    assert!(told.contains("there is no such place") && told.contains("checks failed"), "{told}");
    server.stop();
}

/// The crowd waits before the opening, and is let in after it; what was measured of it is told.
#[test]
fn a_crowd_that_comes_before_the_opening_waits_for_it() {
    let _alone = alone();
    let sandbox = Sandbox::new();
    let output = rush(sandbox.dir.path(), &["--opens-in", "8"]).output().unwrap();
    let told = text(&output);
    assert!(output.status.success(), "{told}");
    let report = report(sandbox.dir.path());
    is_whole(&report);
    let ms = |name: &str| report[name].as_u64().unwrap_or_else(|| panic!("no {name}: {told}"));
    assert!((1_000..=8_000).contains(&ms("opened_ms")), "{}", ms("opened_ms"));
    assert!(ms("first_admission_ms") >= ms("opened_ms"));
    assert_eq!(ms("selling_ms"), ms("last_sale_ms") - ms("first_admission_ms"));
    assert_eq!(ms("admission_rate_set"), 60);
    let done: u64 =
        report["admissions_done"].as_array().unwrap().iter().filter_map(Value::as_u64).sum();
    // Those who did not come back were let in as well.
    assert!(Some(done) >= report["funnel"]["admitted"].as_u64(), "{done}: {told}");
    assert!(report["generator_limit"]["any"].as_f64().is_some());
    assert!(
        report["server"]["peak_memory_bytes"].as_u64() > Some(0) || cfg!(not(target_os = "linux"))
    );
    let ended = ms("sold_out_waiting") + ms("sold_out_shopping");
    assert!(ended <= 120 && told.contains("The generator was the limit in"), "{told}");
}

/// Attackers of each kind beside the fans: counted apart, and what they were told is true as well.
#[test]
fn attackers_are_counted_apart() {
    let _alone = alone();
    let sandbox = Sandbox::new();
    let output = rush(sandbox.dir.path(), &["--hostile", "11"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let report = report(sandbox.dir.path());
    is_whole(&report);
    assert_eq!(report["attackers"], 14);
    let answered = report["hostile"].as_array().unwrap();
    let some = |kind: &str| answered.iter().any(|a| a["step"] == kind);
    for kind in ["join and leave", "passwords", "hold and release", "seat maps", "new keys"] {
        assert!(some(kind), "{kind}: {answered:?}");
    }
    assert!(some("idle connections"), "{answered:?}");
    // A neighbour's flood is refused, and no fan behind the same address is.
    let refused = |answers: &Value, step: Option<&str>| {
        let of = |a: &&Value| step.is_none_or(|step| a["step"] == step);
        let mut of = answers.as_array().unwrap().iter().filter(of);
        of.any(|a| a["answer"].as_str().unwrap().starts_with("429"))
    };
    assert!(refused(&report["hostile"], Some("flood of a neighbour")), "{answered:?}");
    assert!(!refused(&report["answers"], None), "{:?}", report["answers"]);
}

/// What cannot be carried out is one sentence.
#[test]
fn options_that_cannot_be_are_refused() {
    for (options, expected) in [
        (["--cut", "101"], "--cut is a share in per cent, from 0 to 100"),
        (["--best-percent", "101"], "--best-percent is a share in per cent"),
        (["--stream-percent", "101"], "--stream-percent is a share in per cent"),
        (["--fans", "0"], "--fans is from 1 to 1000000"),
        (["--arrivals", "none.csv"], "arrivals none.csv"),
        (["--arrivals=ramp", "--over=301"], "fans come for 301 s"),
        (["--target", "http://127.0.0.1:1"], "--operator-key"),
        (["--target=http://127.0.0.1:1", CONCERT], "--target http://127.0.0.1:1 does not answer: "),
        (["--target=127.0.0.1", CONCERT], "as http://127.0.0.1:8080"),
        (["--opens-in=5", "--idle=5"], "--opens-in is for a sale that the run makes"),
        (["--opens-in=301", "--fans=1"], "--opens-in is from 0 to 300"),
        (["--database-tls", "maybe"], "database_tls: \"maybe\""),
    ] {
        let output = command(sandbox::binary()).arg("rush").args(options).output().unwrap();
        assert!(!output.status.success());
        let told = text(&output);
        assert!(told.contains(expected) && told.lines().count() == 1, "{told}");
    }
}
