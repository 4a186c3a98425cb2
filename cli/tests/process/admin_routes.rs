//! `boxoffice admin` and the log, against the list of operators' routes: each has a verb, and each change is
//! in the log with who made it.

use crate::admin::Operator;
use crate::client::{Ask, once};
use crate::refunds::bought;
use crate::runtime;
use crate::sandbox::{Sandbox, open_sale};
use boxoffice_server::http::routes::{Guard, routes};
use serde_json::json;

/// The verbs that ask for an operator's route, and what they are asked about: `C` stands for a concert, `D`
/// for a date, `U` for a user, `P` for a payment, `J` for a job. In the order of a day: what deletes comes last.
const VERBS: &[(&str, &str, &[&str])] = &[
    (
        "POST",
        "/api/v1/admin/concerts",
        &[
            "concert create --name Show --theater Hall --run-time-minutes 90 --opens-at 2020-01-01T00:00:00Z --time-zone Asia/Seoul --draw-beacon dice",
        ],
    ),
    (
        "POST",
        "/api/v1/admin/concerts/{id}/dates",
        &["date add C --starts-at 2099-06-01T19:00:00+09:00 --range 1-2:R:5"],
    ),
    ("POST", "/api/v1/admin/layouts", &["layout add hall.json"]),
    ("PUT", "/api/v1/admin/concerts/{id}/poster", &["concert poster C poster.webp"]),
    ("DELETE", "/api/v1/admin/concerts/{id}/poster", &["concert poster C --remove"]),
    ("GET", "/api/v1/admin/concerts/{id}", &["figures C"]),
    (
        "PATCH",
        "/api/v1/admin/concerts/{id}",
        &[
            "concert edit C --name Other --theater Room --run-time-minutes 80 --time-zone UTC",
            "concert edit C --hold-seconds 60 --shop-seconds 90 --arrival-grace-seconds 20 --seats-per-user 3 --rehold-after-seconds 0",
        ],
    ),
    (
        "PUT",
        "/api/v1/admin/concerts/{id}/sale",
        &[
            "sale set C --opens-at 2098-01-01T00:00:00Z --closes-at 2098-02-01T00:00:00Z",
            "sale set C --never-closes",
            "sale open C",
            "sale close C",
        ],
    ),
    (
        "POST",
        "/api/v1/admin/concerts/{id}/queues",
        &[
            "queue add C --name Fans --opens-at 2096-12-01T00:00:00Z --max-active 5 --admissions-per-second 2 --max-waiting 9",
            "queue add C --name Late --opens-at 2097-02-01T00:00:00Z --draw-joined-before 2097-01-01T00:00:00Z --draw-beacon dice",
        ],
    ),
    (
        "PUT",
        "/api/v1/admin/concerts/{id}/queue",
        &[
            "queue pause C --reason Break --reason-ko 휴식",
            "queue resume C",
            "queue pause C --queue C",
            "queue resume C --queue C",
            "queue set C --queue C --max-waiting 8",
            "queue set C --max-active 3 --admissions-per-second 2 --max-waiting 9",
        ],
    ),
    ("PUT", "/api/v1/admin/concerts/{id}/draw", &["draw C 7f", "draw C 7f --queue C"]),
    ("GET", "/api/v1/admin/users/{id}/balance", &["wallet show U"]),
    ("GET", "/api/v1/admin/jobs", &["job list"]),
    ("GET", "/api/v1/admin/jobs/{id}", &["job show J"]),
    ("GET", "/api/v1/admin/events", &["events", "events --limit 1 --after 1.0"]),
    (
        "POST",
        "/api/v1/admin/users/{id}/balance/credits",
        &["wallet credit U 500 --reason Transfer"],
    ),
    ("POST", "/api/v1/admin/users/{id}/balance/debits", &["wallet debit U 200 --reason Fee"]),
    ("GET", "/api/v1/admin/payments/{id}", &["payment show P"]),
    (
        "POST",
        "/api/v1/admin/payments/{id}/refunds",
        &[
            "payment refund P --seat 1 --seat 2 --reason View",
            "payment refund P --amount 5 --reason Sorry",
            "payment refund P --reason Ill --block",
        ],
    ),
    (
        "PATCH",
        "/api/v1/admin/concert-dates/{id}",
        &[
            "date edit D --starts-at 2099-06-02T19:00:00+09:00",
            "date edit D --range 1-1:S:7 --range 3-3:R:5",
        ],
    ),
    (
        "PUT",
        "/api/v1/admin/concert-dates/{id}/seats/status",
        &[
            "date seats D --seat 1 --seat 2 --block --reason Camera",
            "date seats D --seat 2 --unblock --reason Over",
        ],
    ),
    (
        "GET",
        "/api/v1/admin/concert-dates/{id}/bookings",
        &["date bookings D", "date bookings D --bom"],
    ),
    (
        "GET",
        "/api/v1/admin/concert-dates/{id}/tickets",
        &["ticket list D", "ticket list D --status void"],
    ),
    ("POST", "/api/v1/admin/concert-dates/{id}/cancellation", &["date cancel D --reason Illness"]),
    ("DELETE", "/api/v1/admin/concert-dates/{id}", &["date delete D"]),
    ("DELETE", "/api/v1/admin/concerts/{id}", &["concert delete C"]),
];

/// The server whose routes are asked for, with a concert, a date, a user, a payment and a job.
struct Asked {
    by: Operator,
    ids: [(&'static str, String); 5],
}

impl Asked {
    fn new(sandbox: Sandbox, address: std::net::SocketAddr) -> Self {
        let by = Operator::at(sandbox, address);
        let made = "concert create --name N --theater T --run-time-minutes 9 --draw-beacon dice --opens-at 2097-01-01T00:00:00Z";
        let made = by.json(&made.split(' ').collect::<Vec<_>>());
        let concert = made["concert_id"].as_str().unwrap().to_owned();
        let starts = ["--starts-at", "2099-05-01T19:00:00Z", "--range", "1-9:R:5"];
        let added = by.json(&[&["date", "add", &concert], &starts[..]].concat());
        let date = added["concert_date_ids"][0].as_str().unwrap().to_owned();
        let starts = ["--starts-at", "2099-05-03T19:00:00Z", "--range", "1-9:R:5"];
        let other = by.json(&[&["date", "add", &concert], &starts[..]].concat());
        let other = other["concert_date_ids"][0].as_str().unwrap();
        let cancelled = by.json(&["date", "cancel", other, "--reason", "Illness"]);
        let job = cancelled["job_id"].as_str().unwrap().to_owned();
        let credentials = json!({ "username": "kim", "password": "correct horse" });
        let ask = Ask::post("/api/v1/users", &credentials);
        let user = runtime().block_on(once(address, &ask)).unwrap().text("user_id");
        let (operator, keyring) = (by.sandbox.operator_key(), by.sandbox.keyring());
        let payment = runtime().block_on(async {
            let sale = open_sale(address, &operator, 9, &json!({})).await;
            bought(address, &sale, &keyring, 1).await
        });
        Self { by, ids: [("C", concert), ("D", date), ("U", user), ("P", payment), ("J", job)] }
    }

    /// A verb's words with the ids in their places.
    fn words<'a>(&'a self, verb: &'a str) -> Vec<&'a str> {
        let id = |word: &str| self.ids.iter().find(|(name, _)| *name == word);
        verb.split(' ').map(|word| id(word).map_or(word, |(_, id)| id)).collect()
    }

    /// The address that a route has for them.
    fn path(&self, route: &str) -> String {
        let kinds = ["/concerts/", "-dates/", "/users/", "/payments/", "/jobs/"];
        let kind = kinds.iter().position(|kind| route.contains(&format!("{kind}{{id}}")));
        let kind = kind.unwrap_or_default();
        route.replace("{id}", &self.ids[kind].1)
    }
}

/// Whatever the operators' API does, a verb does; and each change, and each export, is in the log, with the key
/// that it was made with.
#[test]
fn every_route_of_operators_has_a_verb_and_its_acts_are_told() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false", "--log", "debug"]);
    let asked = Asked::new(sandbox, server.address);
    let hall = asked.by.done(&["layout", "generate", "--rows", "1", "--seats", "2"]);
    std::fs::write(asked.by.sandbox.path("hall.json"), hall).unwrap();
    let poster = include_bytes!("../../../server/src/demo/moonlight.webp");
    std::fs::write(asked.by.sandbox.path("poster.webp"), poster).unwrap();
    for (method, path, verbs) in VERBS {
        for verb in *verbs {
            let output = asked.by.run(&asked.words(verb));
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            // The draw's value is given once the sale has opened.
            let refused = verb.starts_with("draw") && said.contains("(sale_not_open");
            assert!(output.status.success() || refused, "{method} {path}: {verb}: {said}");
        }
    }
    let log = server.stop();
    for route in routes().iter().filter(|route| route.guard == Guard::Operator) {
        let (method, path) = (route.method.as_str(), route.path);
        let (own, ends) = (asked.path(path), ["\"", "?"]);
        let found = VERBS.iter().find(|(m, p, _)| (*m, *p) == (method, path));
        let verbs = found
            .unwrap_or_else(|| panic!("no verb of boxoffice admin asks for {method} {path}"))
            .2;
        let asks = |line: &&str| {
            line.contains(&format!("method={method} "))
                && ends.iter().any(|end| line.contains(&format!("path=\"{own}{end}")))
        };
        let count =
            |what: &str| log.lines().filter(asks).filter(|line| line.contains(what)).count();
        assert!(
            count("a request") >= verbs.len(),
            "{method} {path} is asked for by none of {verbs:?}"
        );
        // What takes people's names out is told, too.
        if method != "GET" || path.ends_with("/bookings") {
            let acts = count("operator=\"operator\"");
            assert_eq!(acts, count("a request"), "{method} {path}: an act is not told");
        }
    }
}

/// What is not understood says what would be.
#[test]
fn what_a_verb_does_not_take_is_told() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false"]);
    let asked = Asked::new(sandbox, server.address);
    for (verb, code, told) in [
        ("concert edit C", 1, "give --name, --time-zone, --hold-seconds"),
        ("concert edit C --hold-seconds long", 2, "'--hold-seconds <HOLD_SECONDS>'"),
        ("concert edit C --hold-seconds 0", 1, "must be 1 to 86400"),
        ("concert edit C --time-zone Mars", 1, "Asia/Seoul"),
        ("date edit D", 1, "give --starts-at or --range"),
        ("date edit D --range 1-5", 2, "such as 1-50:R:150000"),
        ("date edit D --starts-at tomorrow", 1, "RFC 3339 time with an offset"),
        ("sale set C", 1, "give --opens-at, --closes-at or --never-closes"),
        ("sale set C --closes-at 2099-01-01T00:00:00Z --never-closes", 2, "cannot be used with"),
        ("wallet credit U 0 --reason Gift", 2, "0 is not in 1.."),
        ("wallet credit U 5", 2, "--reason"),
        ("wallet debit U 5 --reason Fee", 1, "balance_too_low"),
        ("wallet show D", 1, "user_not_found"),
    ] {
        let (exit, said) = asked.by.refused(&asked.words(verb));
        assert_eq!(exit, Some(code), "{verb}: {said}");
        assert!(said.contains(told), "{verb}: {said}");
    }
    for (verb, flags) in [
        (
            "concert edit",
            &["--name", "--time-zone", "--hold-seconds", "--seats-per-user"] as &[&str],
        ),
        ("date edit", &["--starts-at", "--range", "1-50:R:150000"]),
        ("sale set", &["--opens-at", "--closes-at", "--never-closes"]),
        ("queue pause", &["--reason", "--reason-ko"]),
        ("wallet credit", &["<AMOUNT>", "--reason", "Minor units"]),
    ] {
        let words: Vec<&str> = verb.split(' ').chain(["-h"]).collect();
        let help = asked.by.done(&words);
        for flag in flags {
            assert!(help.contains(flag), "{flag} in the help of {verb}: {help}");
        }
        assert!(help.lines().count() < 56, "{help}");
    }
    server.stop();
}
