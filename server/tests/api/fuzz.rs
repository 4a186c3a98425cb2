//! Every route, asked with whatever may come: mutated bodies, queries, headers and ids. Nothing panics,
//! nothing is a 500, and what is refused is a problem of the table.

use crate::guards::{About, fill};
use crate::world::{Ask, Sale, Seen, get};
use boxoffice_core::id::Uuid;
use boxoffice_server::http::problem::TABLE;
use boxoffice_server::http::routes::routes;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Requests of one sale, after which another begins: some end the fan's turn.
const REQUESTS: usize = 40;
/// Sales; `FUZZ_TIMES` multiplies them.
const SALES: u32 = 40;

/// What is changed in a body.
#[derive(Clone, Debug)]
enum Change {
    /// The value at a place, counted through the body.
    Value(usize, Value),
    /// The member or item at a place goes.
    Gone(usize),
    /// A byte.
    Byte(usize, u8),
    /// It ends early.
    Cut(usize),
    /// It is something else.
    All(Vec<u8>),
}

/// A request that is not as it should be.
#[derive(Clone, Debug)]
struct Odd {
    route: usize,
    changes: Vec<Change>,
    query: Option<String>,
    headers: Vec<(&'static str, String)>,
    media_type: Option<&'static str>,
    id: Option<u128>,
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,40}",
        "[가-힣ㄱ-ㅎ]{1,70}",
        Just("\0\u{202E}\u{3164}\u{FFFF}".to_owned()),
        Just("9999-12-31T23:59:59-23:59".to_owned()),
        Just("0000-01-01T00:00:00Z".to_owned()),
        Just("2027-02-29T25:61:61+99:99".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-2i64..300_000).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,12}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        8 => (0usize..12, value()).prop_map(|(at, value)| Change::Value(at, value)),
        2 => (0usize..12).prop_map(Change::Gone),
        2 => (0usize..300, any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        1 => (0usize..300).prop_map(Change::Cut),
        1 => prop::collection::vec(any::<u8>(), 0..60).prop_map(Change::All),
        1 => value().prop_map(|value| Change::All(value.to_string().into_bytes())),
    ]
}

/// A header as HTTP lets it through: visible characters, and bytes beyond ASCII.
fn header() -> impl Strategy<Value = (&'static str, String)> {
    let names = prop::sample::select(vec![
        "accept-language",
        "idempotency-key",
        "if-none-match",
        "x-forwarded-for",
        "forwarded",
        "content-encoding",
        "origin",
        "accept",
        "cookie",
        "range",
    ]);
    let words = prop_oneof![
        "[ -~]{0,60}",
        "(ko|en|\\*|fr-CA)(;q=[0-9.eE+-]{0,6})?(, ?(ko|en)(;q=(1|0\\.5|NaN|inf))?){0,5}",
        "[가-힣]{0,20}",
        "([0-9.:a-f\\[\\], ]){0,60}",
    ];
    (names, words)
}

fn query() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["since", "form", "before", "limit", "starts_at", "x"]);
    let value = prop_oneof![
        "[0-9a-f.:_-]{0,30}",
        "[0-9A-Za-z:+.%=_~!,;@/?-]{0,30}",
        "(%[0-9A-Fa-f]{2}){0,10}",
        "-?[0-9]{1,25}",
        Just("compact".to_owned()),
    ];
    prop::collection::vec((name, value), 0..3).prop_map(|parts| {
        parts.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    })
}

fn odd() -> impl Strategy<Value = Odd> {
    let types =
        vec!["application/json", "text/csv", "text/csv; charset=euc-kr", "text/plain", "", "*"];
    (
        0..routes().len(),
        prop::collection::vec(change(), 0..4),
        prop::option::weighted(0.3, query()),
        prop::collection::vec(header(), 0..3),
        prop::option::weighted(0.1, prop::sample::select(types)),
        prop::option::weighted(0.1, any::<u128>()),
    )
        .prop_map(|(route, changes, query, headers, media_type, id)| Odd {
            route,
            changes,
            query,
            headers,
            media_type,
            id,
        })
}

/// Does something to the value that is `left` places further on.
fn at_place(value: &mut Value, left: &mut usize, act: &mut dyn FnMut(&mut Value)) -> bool {
    if *left == 0 {
        act(value);
        return true;
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| at_place(item, left, act)),
        Value::Object(members) => members.values_mut().any(|member| at_place(member, left, act)),
        _ => false,
    }
}

fn changed(mut body: Vec<u8>, change: &Change) -> Vec<u8> {
    let parsed = serde_json::from_slice::<Value>(&body).ok();
    match (change, parsed) {
        (Change::Value(at, new), Some(mut value)) => {
            at_place(&mut value, &mut at.clone(), &mut |old| *old = new.clone());
            body = value.to_string().into_bytes();
        }
        (Change::Gone(at), Some(mut value)) => {
            at_place(&mut value, &mut at.clone(), &mut |old| match old {
                Value::Object(members) => members.clear(),
                Value::Array(items) => items.clear(),
                other => *other = Value::Null,
            });
            body = value.to_string().into_bytes();
        }
        (Change::Byte(at, byte), _) if !body.is_empty() => {
            let at = at % body.len();
            body[at] = *byte;
        }
        (Change::Cut(at), _) => body.truncate(at % (body.len() + 1)),
        (Change::All(bytes), _) => body = bytes.clone(),
        _ => {}
    }
    body
}

fn ask_of(odd: &Odd, about: &About) -> Ask {
    let mut ask = fill(&routes()[odd.route], about);
    let body = odd.changes.iter().fold(ask.sent().to_vec(), changed);
    ask = ask.sending(body);
    if let Some(media_type) = odd.media_type {
        ask = ask.without("content-type").header("content-type", media_type);
    }
    if let Some(id) = odd.id {
        ask.path = ask.path.replace(&about.show.id.to_string(), &Uuid::from_u128(id).to_string());
    }
    if let Some(query) = &odd.query {
        ask.path = format!("{}?{query}", ask.path);
    }
    odd.headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value))
}

fn check(odd: &Odd, seen: &Seen) -> Result<(), TestCaseError> {
    let route = &routes()[odd.route];
    let what = || format!("{} {}: {}", route.method, route.path, seen.shown());
    prop_assert!(seen.status < 500, "{}", what());
    if seen.status >= 400 {
        let code = seen.code();
        let entry = TABLE.iter().find(|entry| entry.code.as_str() == code);
        prop_assert!(entry.is_some_and(|entry| entry.status == seen.status), "{}", what());
    }
    Ok(())
}

/// So many inputs, times `FUZZ_TIMES`.
fn cases(count: u32) -> Config {
    let times = std::env::var("FUZZ_TIMES").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    Config { cases: count * times, failure_persistence: None, ..Config::default() }
}

/// A version of a map that is none, is of another date or is of the future: the whole map, or what has
/// changed, or a problem.
#[test]
fn fuzz_since() {
    let runtime = Runtime::new().unwrap();
    let (sale, show, fan, version) = runtime.block_on(async {
        let sale = Sale::with(|given| given.limits = Some(false));
        let show = sale.concert(json!({})).await;
        let fan = sale.buyer(&show).await;
        let path = format!("{}?form=compact", show.seats_path());
        let map = sale.send(get(path).by(&fan)).await.want(200);
        (sale, show, fan, map["version"].as_str().unwrap().to_owned())
    });
    let word = prop_oneof![
        "[0-9A-Za-z._:-]{0,40}",
        "-?[0-9]{1,25}([.:_-][0-9]{1,25})?",
        "(%[0-9A-F]{2}){0,8}",
        (0..=version.len(), "[0-9a-zA-Z._-]{0,3}").prop_map({
            let version = version.clone();
            move |(at, word)| format!("{}{word}{}", &version[..at], &version[at..])
        }),
    ];
    let result = TestRunner::new(cases(1_000)).run(&word, |since| {
        let ask = get(format!("{}?form=compact&since={since}", show.seats_path())).by(&fan);
        let seen = runtime.block_on(sale.send(ask));
        prop_assert!(matches!(seen.status, 200 | 400), "{}", seen.shown());
        if seen.status == 200 {
            let map = seen.json();
            prop_assert_eq!(map["version"].as_str(), Some(version.as_str()));
            // Whoever has this version has all of it; nothing has changed since any other.
            let complete = map["complete"] == true;
            prop_assert!(since != version || !complete, "{}", since);
            let states = ["available", "held", "sold"].map(|state| &map["changed"][state]);
            let none = |seats: &&Value| seats.as_array().is_none_or(Vec::is_empty);
            prop_assert!(states.iter().all(none), "{}", since);
        }
        Ok(())
    });
    result.unwrap_or_else(|failed| panic!("{failed}"));
}

#[test]
fn fuzz_every_route() {
    let requests = prop::collection::vec(odd(), 1..REQUESTS);
    let runtime = Runtime::new().unwrap();
    let result = TestRunner::new(cases(SALES)).run(&requests, |requests| {
        runtime.block_on(async {
            let sale = Sale::with(|given| given.limits = Some(false));
            let show = sale.concert(json!({ "draw_beacon": "a pulse" })).await;
            let fan = sale.buyer(&show).await;
            let reservation = sale.hold(&fan, &show, &[1]).await;
            let session = boxoffice_server::http::app::new_id();
            let about = About { show, user: fan.user, reservation, session, job: session };
            for odd in &requests {
                let seen =
                    sale.send(ask_of(odd, &about).without("authorization").by(&fan).operator());
                check(odd, &seen.await)?;
            }
            prop_assert_eq!(sale.app.metrics.panics.get(), 0);
            sale.sound();
            Ok(())
        })
    });
    result.unwrap_or_else(|failed| panic!("{failed}"));
}
