//! What operators are told is there: every metric is explained and no other, and the tests that are
//! named as showing something exist.

use super::tree::{read, under};
use super::{complains, none};
use boxoffice_server::config::KEYS;
use boxoffice_server::metrics::{
    CodeLabel, LimitLabels, Metrics, RequestLabels, RouteLabels, Sale,
};
use std::collections::BTreeSet;

const DOCUMENT: &str = "docs/OPERATIONS.md";
const PREFIXES: [&str; 2] = ["boxoffice_", "process_"];
/// What the format adds to a name by the metric's kind.
const SERIES: [&str; 5] = ["_total", "_bucket", "_sum", "_count", "_info"];

/// The names of what is told, as a server's answer has them.
fn told(answer: &str) -> BTreeSet<String> {
    let types = answer.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.filter_map(|rest| rest.split(' ').next()).map(str::to_owned).collect()
}

/// The metrics that a text names.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let metric = |word: &str| {
        let plain = SERIES.iter().find_map(|series| word.strip_suffix(series));
        plain.unwrap_or(word).to_owned()
    };
    let is_metric = |word: &&str| PREFIXES.iter().any(|prefix| word.starts_with(prefix));
    words.filter(is_metric).map(metric).collect()
}

fn check_metrics(answer: &str, text: &str) -> Vec<String> {
    let (known, named) = (told(answer), named(text));
    let missing = known.difference(&named).map(|name| format!("{DOCUMENT} does not name {name}"));
    let wrong = named.difference(&known).map(|name| format!("{DOCUMENT}: there is no {name}"));
    missing.chain(wrong).collect()
}

/// Words in backticks that are long enough to be a test's name, and no setting.
fn tests(text: &str) -> BTreeSet<&str> {
    let quoted = text.split('`').filter(|word| {
        word.matches('_').count() >= 3
            && word.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            && !KEYS.contains(word)
            && !["boxoffice_", "process_", "innodb_"].iter().any(|start| word.starts_with(start))
    });
    quoted.collect()
}

fn check_tests(text: &str, sources: &str) -> Vec<String> {
    let is_there = |test: &&str| sources.contains(&format!("fn {test}("));
    let gone = tests(text).into_iter().filter(|test| !is_there(test));
    gone.map(|test| format!("{DOCUMENT}: there is no test {test}")).collect()
}

#[test]
fn every_metric_is_explained() {
    let metrics = Metrics::of("KRW", Some(0));
    // What has no series yet is not told.
    let (route, method, status, limit) = ("/", "GET", "2xx", "joins");
    drop(metrics.requests.get_or_create(&RequestLabels { route, method, status }));
    drop(metrics.request_seconds.get_or_create(&RouteLabels { route, method }));
    drop(metrics.problems.get_or_create(&CodeLabel { code: "busy" }));
    let labels = LimitLabels { limit, by: "account" };
    drop(metrics.limited.get_or_create(&labels));
    drop(metrics.limit_keys.get_or_create(&labels));
    drop(metrics.limit_evicted.get_or_create(&labels));
    metrics.show("an id", "a name", &Sale::default());
    let (answer, source) = (metrics.text(), read("server/src/metrics.rs"));
    let registered = source.matches("r.register").count();
    let own = told(&answer).iter().filter(|name| name.starts_with(PREFIXES[0])).count();
    assert!(own == registered && own > 20, "{own} of {registered}");
    none(&check_metrics(&answer, &read(DOCUMENT)));
}

#[test]
fn tests_that_are_named_are_there() {
    let text = read(DOCUMENT);
    assert!(tests(&text).len() > 5);
    let sources: String =
        under(&["server/tests/", "cli/tests/"], ".rs").into_iter().map(|f| f.text).collect();
    none(&check_tests(&text, &sources));
}

/// The number that follows `name` in the text of a file.
fn number_after(text: &str, name: &str) -> u64 {
    let (_, rest) = text.split_once(name).unwrap_or_else(|| panic!("there is no {name:?}"));
    let digits = |c: char| c.is_ascii_digit() || c == '_';
    let number: String = rest.chars().take_while(|c| digits(*c)).filter(|c| *c != '_').collect();
    number.parse().unwrap_or_else(|_| panic!("no number follows {name:?}"))
}

/// Whoever stops a server or waits for its answer is more patient than the server.
#[test]
fn what_is_deployed_waits_longer_than_the_server() {
    let of = |path: &str, name: &str| number_after(&read(path), name);
    let requests = of("server/src/http/serve.rs", "STOP_WAIT: Duration = Duration::from_secs(");
    let write_path = of("server/src/serve.rs", "WRITE_PATH_WAIT: Duration = Duration::from_secs(");
    let answer = of("server/src/http/observe.rs", "ANSWER_WAIT: Duration = Duration::from_secs(");
    let connections = of("boxoffice.example.toml", "\nconnections_max = ");
    assert!(of("deploy/boxoffice.service", "\nTimeoutStopSec=") > requests + write_path);
    let drain = of("compose.yaml", "BOXOFFICE_DRAIN_SECONDS: \"");
    assert!(of("compose.yaml", "stop_grace_period: ") >= drain + 60);
    // The balancer has noticed by the end of the last check that it needs: each may take an interval to
    // connect and the timeout to be answered, and the next begins an interval later.
    let check = |name| of("deploy/haproxy.cfg", name);
    assert!(drain >= check(" fall ") * (2 * check(" inter ") + check("timeout check ")));
    assert!(of("deploy/haproxy.cfg", "timeout server ") > answer);
    assert!(of("deploy/boxoffice.service", "\nLimitNOFILE=") > connections);
    assert!(of("deploy/haproxy.cfg", "rise 2 maxconn ") < connections);
    let (balancer, compose) = (read("deploy/haproxy.cfg"), read("compose.yaml"));
    for server in ["boxoffice-1", "boxoffice-2", "boxoffice-3"] {
        assert!(balancer.contains(&format!(" {server}:8080 ")) && compose.contains(server));
    }
}

#[test]
fn bad_samples_are_found() {
    assert_eq!(number_after("a = 16_000;", "a = "), 16_000);
    let answer = "# TYPE boxoffice_a counter\n# TYPE boxoffice_b_seconds histogram\n";
    none(&check_metrics(answer, "`boxoffice_a_total` `boxoffice_b_seconds`"));
    complains(&check_metrics(answer, "`boxoffice_a`"), "does not name boxoffice_b_seconds");
    complains(
        &check_metrics(answer, "boxoffice_a boxoffice_b_seconds_sum boxoffice_c"),
        "no boxoffice_c",
    );
    none(&check_tests("`a_b_c_d` `innodb_a_b_c` `three_word_name`", "fn a_b_c_d() {}"));
    complains(&check_tests("x `a_b_c_d` y", "fn a_b_c_de() {}"), "no test a_b_c_d");
}
