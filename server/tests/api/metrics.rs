//! What Prometheus reads: the format's rules, that every known series is there before anything has
//! happened, and that the figures of a sale are those of its seats and money.

use crate::world::{Sale, get, pay, post};
use boxoffice_core::command::Command;
use boxoffice_server::http::problem::TABLE;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A sample: its name, its labels, its value.
type Sample<'a> = (&'a str, BTreeMap<&'a str, String>, f64);

/// The labels of `{…}` without its braces.
fn labels(text: &str) -> BTreeMap<&str, String> {
    let mut labels = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("no label: {text}"));
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{name}");
        let (mut value, mut chars) = (String::new(), after.char_indices());
        let end = loop {
            match chars.next() {
                Some((_, '\\')) => match chars.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, c @ ('\\' | '"'))) => value.push(c),
                    other => panic!("a bad escape {other:?}: {text}"),
                },
                Some((at, '"')) => break at,
                Some((_, c)) => value.push(c),
                None => panic!("no end: {text}"),
            }
        };
        assert!(labels.insert(name, value).is_none(), "a label stands twice: {text}");
        rest = after[end + 1..].strip_prefix(',').unwrap_or(&after[end + 1..]);
    }
    labels
}

fn sample(line: &str) -> Sample<'_> {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
    let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
    match series.split_once('{') {
        Some((name, rest)) => {
            let inner = rest.strip_suffix('}').unwrap_or_else(|| panic!("no brace: {line}"));
            (name, labels(inner), value)
        }
        None => (series, BTreeMap::new(), value),
    }
}

/// What a kind of metric adds to its name.
fn endings(kind: &str) -> &'static [&'static str] {
    match kind {
        "counter" => &["_total"],
        "gauge" => &[""],
        "info" => &["_info"],
        "histogram" => &["_bucket", "_sum", "_count"],
        other => panic!("a kind of its own: {other}"),
    }
}

/// A histogram's buckets grow, and the last has all.
fn check_histograms(samples: &[Sample<'_>]) {
    let mut buckets: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for (name, labels, value) in samples.iter().filter(|(name, ..)| name.ends_with("_bucket")) {
        let mut of = labels.clone();
        let le = of.remove("le").expect("a bucket has its end");
        let le = if le == "+Inf" { f64::INFINITY } else { le.parse().unwrap() };
        buckets
            .entry(format!("{} {of:?}", &name[..name.len() - 7]))
            .or_default()
            .push((le, *value));
    }
    assert!(!buckets.is_empty());
    for (of, buckets) in &buckets {
        let grows = |pair: &[(f64, f64)]| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1;
        assert!(buckets.windows(2).all(grows), "{of}: {buckets:?}");
        let (end, all) = buckets[buckets.len() - 1];
        assert!(end.is_infinite(), "{of}");
        let count = samples.iter().find(|(name, labels, _)| {
            name.strip_suffix("_count").is_some_and(|name| format!("{name} {labels:?}") == *of)
        });
        assert_eq!(count.map(|(.., value)| *value), Some(all), "{of}");
    }
}

/// The rules of the format and of Prometheus' naming; gives the samples.
fn checked(text: &str) -> Vec<Sample<'_>> {
    let body = text.strip_suffix("# EOF\n").expect("it ends");
    assert!(!body.contains("# EOF") && !body.contains("\n\n"));
    let (mut kinds, mut helps, mut units) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
    let mut current = "";
    let (mut samples, mut series) = (Vec::new(), BTreeSet::new());
    for line in body.lines() {
        if let Some(meta) = line.strip_prefix("# ") {
            let mut words = meta.splitn(3, ' ');
            let [word, name, rest] = [(); 3].map(|()| words.next().unwrap_or_default());
            match word {
                "HELP" => {
                    assert!(helps.insert(name), "{name} has two helps");
                    assert!(!rest.is_empty(), "{name} has none");
                    current = name;
                }
                "TYPE" => assert!(kinds.insert(name, rest).is_none(), "{name} has two types"),
                "UNIT" => assert!(units.insert(name, rest).is_none(), "{name} has two units"),
                other => panic!("{other}"),
            }
            assert_eq!(name, current, "what belongs together stands together");
            continue;
        }
        let found = sample(line);
        let kind = kinds.get(current).unwrap_or_else(|| panic!("no type before {line}"));
        let ending = found.0.strip_prefix(current).unwrap_or_else(|| panic!("{line} in {current}"));
        assert!(endings(kind).contains(&ending), "{line} is no {kind}");
        assert!(series.insert(format!("{} {:?}", found.0, found.1)), "{line} stands twice");
        assert!(found.2.is_finite() && (found.2 >= 0.0 || *kind == "gauge"), "{line}");
        samples.push(found);
    }
    for name in kinds.keys() {
        assert!(helps.contains(name), "{name} has no help");
        let prefixed = name.starts_with("boxoffice_") || name.starts_with("process_");
        assert!(prefixed && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
        assert!(!endings("counter").iter().any(|end| name.ends_with(end)), "{name}");
        for unit in ["_ms", "_milliseconds", "_minutes", "_hours", "_kib", "_kb", "_percent"] {
            assert!(!name.ends_with(unit), "{name} is in no base unit");
        }
    }
    for (name, unit) in units {
        assert!(name.ends_with(&format!("_{unit}")), "{name} is told to be in {unit}");
    }
    check_histograms(&samples);
    samples
}

fn value(samples: &[Sample<'_>], name: &str, with: &[(&str, &str)]) -> Option<f64> {
    let found = samples.iter().find(|(found, labels, _)| {
        *found == name
            && with.iter().all(|(key, value)| labels.get(key).is_some_and(|v| v == value))
    });
    found.map(|(.., value)| *value)
}

/// Every series whose labels are known is there before anything has happened, as zero.
#[tokio::test]
async fn what_has_not_happened_yet_is_zero() {
    let sale = Sale::new();
    let prometheus =
        "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5";
    let seen = sale.send(get("/metrics").header("accept", prometheus)).await;
    assert!(seen.header("content-type").starts_with("application/openmetrics-text; version=1.0.0"));
    let text = String::from_utf8(seen.body.to_vec()).unwrap();
    let samples = checked(&text);
    for entry in TABLE {
        let found = value(&samples, "boxoffice_problems_total", &[("code", entry.code.as_str())]);
        assert_eq!(found, Some(0.0), "{}", entry.code);
    }
    for name in Command::NAMES {
        assert_eq!(value(&samples, "boxoffice_commands_total", &[("command", name)]), Some(0.0));
    }
    let limits =
        ["joins", "holds", "payments", "reads", "maps", "refreshes"].map(|l| (l, "account"));
    let by_address =
        ["sign_ups", "sign_ins", "forged_tokens", "operators", "requests"].map(|l| (l, "address"));
    let known = [("sign_ins", "account"), ("operators", "key")];
    for (limit, by) in limits.into_iter().chain(by_address).chain(known) {
        let labels = [("limit", limit), ("by", by)];
        for name in ["limited_total", "limit_keys", "limit_evicted_total"] {
            let found = value(&samples, &format!("boxoffice_{name}"), &labels);
            assert_eq!(found, Some(0.0), "{name} {labels:?}");
        }
    }
    for why in ["address", "idle", "proxy"] {
        let found = value(&samples, "boxoffice_connections_refused_total", &[("why", why)]);
        assert_eq!(found, Some(0.0));
    }
    for what in ["replies", "outbox"] {
        assert_eq!(value(&samples, "boxoffice_pruned_total", &[("what", what)]), Some(0.0));
    }
    for route in boxoffice_server::http::routes::routes() {
        let labels = [("route", route.path), ("method", route.method.as_str())];
        assert!(value(&samples, "boxoffice_requests_total", &labels).is_some(), "{labels:?}");
        assert!(
            value(&samples, "boxoffice_request_seconds_count", &labels).is_some(),
            "{labels:?}"
        );
    }
    for what in ["charged", "paid", "credited", "debited"] {
        let name = format!("boxoffice_money_{what}_minor_units_total");
        assert_eq!(value(&samples, &name, &[("currency", "KRW")]), Some(0.0), "{what}");
    }
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    assert_eq!(value(&samples, "boxoffice_build_info", &version), Some(1.0));
    if cfg!(target_os = "linux") {
        for name in [
            "process_resident_memory_bytes",
            "process_virtual_memory_bytes",
            "process_open_fds",
            "process_max_fds",
        ] {
            assert!(value(&samples, name, &[]).is_some_and(|value| value > 0.0), "{name}");
        }
    }
    assert!(value(&samples, "process_cpu_seconds_total", &[]).is_some_and(|value| value > 0.0));
    assert!(value(&samples, "process_start_time_seconds", &[]).is_some_and(|at| at > 1.6e9));
}

/// Free, held and sold seats add up; money is what was charged and paid; and a name of whatever characters
/// stays one label.
#[tokio::test]
async fn a_sale_in_figures_is_that_of_its_seats_and_money() {
    let sale = Sale::new();
    let name = "Say \"when\" \\ 한여름";
    let show = sale.concert(json!({ "name": name })).await;
    let fan = sale.buyer(&show).await;
    let held = sale.hold(&fan, &show, &[1, 2]).await;
    let id = show.id.to_string();
    let seats = |text: &str| {
        let samples = checked(text);
        let of = |state| value(&samples, "boxoffice_seats", &[("concert", &id), ("state", state)]);
        ["free", "held", "sold"].map(|state| of(state).unwrap_or(-1.0))
    };
    sale.tick().await;
    assert_eq!(seats(&sale.app.metrics.text()), [48.0, 2.0, 0.0]);
    for _ in 0..2 {
        sale.send(pay(&fan, held, "once")).await.want(201);
    }
    for (kind, amount, status) in [
        ("credits", 5_000, 201),
        ("credits", 5_000, 201),
        ("debits", 2_000, 201),
        ("debits", 90_000_000, 409),
    ] {
        let path = format!("/api/v1/admin/users/{}/balance/{kind}", fan.user);
        let body = json!({ "amount": amount, "reason": "bank 0042" });
        let key = format!("{kind}-{amount}");
        sale.send(post(path).operator().json(&body).key(&key)).await.want(status);
    }
    sale.tick().await;
    let text = sale.app.metrics.text();
    assert_eq!(seats(&text), [48.0, 0.0, 2.0]);
    let samples = checked(&text);
    let told = [("concert", id.as_str()), ("name", name)];
    assert_eq!(value(&samples, "boxoffice_concert_name", &told), Some(1.0));
    let money =
        |what: &str| value(&samples, &format!("boxoffice_money_{what}_minor_units_total"), &[]);
    assert_eq!(money("charged"), Some(1_000_000.0));
    assert_eq!(money("paid"), Some(2.0 * 150_000.0));
    assert_eq!(money("credited"), Some(5_000.0), "once a key");
    assert_eq!(money("debited"), Some(2_000.0), "what was refused is none");
    let latency = [("route", "/api/v1/reservations"), ("method", "POST")];
    assert_eq!(value(&samples, "boxoffice_request_seconds_count", &latency), Some(1.0));
}

/// Whoever asks for addresses that do not exist makes no labels.
#[tokio::test]
async fn invented_addresses_make_no_series() {
    let sale = Sale::new();
    let series = || sale.app.metrics.text().lines().count();
    sale.send(get("/nowhere")).await;
    let before = series();
    for number in 0..50 {
        sale.send(get(format!("/nowhere/{number}"))).await.refused(404, "not_found");
        let ask = post(format!("/api/v1/reservations/{number}/payment")).json(&json!({}));
        assert!(sale.send(ask).await.status >= 400);
    }
    assert_eq!(series(), before);
}

/// In the older format every sample stands below what is said of it, under its own name.
#[tokio::test]
async fn the_older_format_is_told_to_who_asks_for_no_other() {
    let sale = Sale::new();
    sale.concert(json!({})).await;
    sale.tick().await;
    let seen = sale.send(get("/metrics")).await;
    assert_eq!(seen.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = String::from_utf8(seen.body.to_vec()).unwrap();
    let (mut kinds, mut helps, mut current) = (BTreeMap::new(), BTreeSet::new(), "");
    for line in text.lines() {
        if let Some(meta) = line.strip_prefix("# ") {
            let mut words = meta.splitn(3, ' ');
            let [word, name, rest] = [(); 3].map(|()| words.next().unwrap_or_default());
            match word {
                "HELP" => assert!(helps.insert(name) && !rest.is_empty(), "{line}"),
                "TYPE" => assert!(kinds.insert(name, rest).is_none(), "{line}"),
                other => panic!("{other}"),
            }
            current = name;
            continue;
        }
        let (name, ..) = sample(line);
        let kind = kinds[current];
        assert!(["counter", "gauge", "histogram"].contains(&kind), "{kind}");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
        let ending = name.strip_prefix(current).unwrap_or_else(|| panic!("{line} in {current}"));
        let endings: &[&str] = if kind == "histogram" { endings(kind) } else { &[""] };
        assert!(endings.contains(&ending), "{line} is no {kind}");
    }
    assert!(kinds.keys().all(|name| helps.contains(name)) && kinds.len() > 25);
    assert_eq!(kinds["boxoffice_build_info"], "gauge");
}

/// Whatever is answered, the answer has the request's id.
#[tokio::test]
async fn every_answer_has_its_requests_id() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let asks = [
        get("/api/v1/concerts"),
        get("/nowhere"),
        post("/api/v1/concerts"),
        get("/metrics"),
        post("/api/v1/sessions").body("application/json", "{"),
        get(format!("/api/v1/admin/concerts/{}", show.id)).operator(),
        get(format!("/api/v1/admin/concerts/{}", show.id)),
    ];
    let mut made = BTreeSet::new();
    for ask in asks {
        let own = sale.send(ask.clone()).await;
        assert!(made.insert(own.header("x-request-id").to_owned()), "each has its own");
        let sane = sale.send(ask.clone().header("x-request-id", "trace-1")).await;
        assert_eq!(sane.header("x-request-id"), "trace-1", "{}", ask.path);
        let bad = sale.send(ask.header("x-request-id", "a b")).await;
        assert!(!["", "a b"].contains(&bad.header("x-request-id")));
    }
}
