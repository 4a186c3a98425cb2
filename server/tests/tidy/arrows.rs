//! Arrows point one way inside of the server: `serve → node → http → write_path/read_model → store`; and the rules are pure.
//! Between the crates Cargo holds them.

use super::tree::{production, read, under};
use super::{complains, none};
use std::collections::BTreeSet;

/// Which modules of the server each may name.
const ALLOWED: &[(&str, &[&str])] = &[
    (
        "serve",
        &[
            "audit",
            "config",
            "database",
            "demo",
            "http",
            "log",
            "metrics",
            "node",
            "supervisor",
            "tokens",
        ],
    ),
    ("demo", &["http", "layout", "tokens"]),
    (
        "node",
        &[
            "bulk",
            "read_model",
            "clock",
            "config",
            "currency",
            "database",
            "write_path",
            "http",
            "jobs",
            "layout",
            "log",
            "metrics",
            "passwords",
            "pressure",
            "rates",
            "recent",
            "store",
            "supervisor",
            "tick",
            "tickets",
            "tokens",
        ],
    ),
    ("operator_key", &["clock", "config", "database", "text", "tokens"]),
    ("database", &["audit", "clock", "config", "write_path", "store", "supervisor"]),
    (
        "http",
        &[
            "bulk",
            "read_model",
            "clock",
            "cookie",
            "currency",
            "layout",
            "write_path",
            "log",
            "member",
            "metrics",
            "networks",
            "origins",
            "passwords",
            "picture",
            "pressure",
            "rates",
            "recent",
            "sheet",
            "store",
            "text",
            "tickets",
            "tokens",
            "turns",
            "zone",
        ],
    ),
    ("jobs", &["clock", "write_path", "metrics", "store"]),
    ("tick", &["read_model", "clock", "write_path", "metrics", "pressure"]),
    ("write_path", &["read_model", "clock", "log", "metrics", "store", "supervisor"]),
    ("read_model", &["layout", "store"]),
    // How the seats of a hall stand.
    ("layout", &["member", "sheet", "text"]),
    ("store", &["log", "supervisor", "text"]),
    // Where a database is and how it is reached; nothing of its rows.
    ("audit", &["layout", "log", "sheet", "store"]),
    ("log", &["rates", "supervisor"]),
    ("tickets", &["tokens"]),
    ("tokens", &["text"]),
    ("passwords", &["metrics", "networks", "supervisor", "text"]),
    ("bulk", &["metrics", "supervisor", "turns"]),
    ("turns", &[]),
    ("supervisor", &[]),
    ("metrics", &["log"]),
    ("pressure", &[]),
    ("cookie", &[]),
    ("picture", &[]),
    ("config", &["cookie", "currency", "log", "networks", "origins", "rates"]),
    ("currency", &[]),
    ("zone", &[]),
    ("networks", &[]),
    ("origins", &[]),
    ("rates", &[]),
    ("recent", &[]),
    ("member", &[]),
    ("clock", &[]),
    // Text and files as they come in: forms, and what is wrong with them.
    ("sheet", &["text"]),
    ("text", &[]),
];

/// Crates, and paths inside of the server, that only some folders may name.
const CONFINED: &[(&str, &[&str])] = &[
    ("rusqlite", &["server/src/store/sqlite/", "server/src/audit/", "load/src/rush/truth.rs"]),
    // The folder's own name, as a path of the crate that it uses; and the way that others do it,
    // which is measured beside ours.
    (
        "mysql::prelude",
        &["server/src/store/mysql/", "server/src/audit/copy.rs", "load/src/bench/conventional.rs"],
    ),
    ("sea_query", &["server/src/store/"]),
    ("axum", &["server/src/http/"]),
    ("clap", &["cli/src/", "load/src/", "server/src/config.rs", "server/src/config/"]),
    ("argon2", &["server/src/passwords/"]),
    ("governor", &["server/src/rates.rs"]),
    ("ureq", &["cli/src/admin/", "server/src/tokens/external/"]),
    ("strsim", &["server/src/config.rs"]),
    ("tracing_subscriber", &["server/src/log.rs", "server/src/log/"]),
    ("ppp", &["server/src/http/proxy.rs"]),
    ("encoding_rs", &["server/src/sheet/"]),
    ("unicode_security", &["server/src/text.rs"]),
    ("qrcode", &["server/src/tickets/"]),
    ("ring", &["server/src/tickets/", "server/src/tokens/external/"]),
    (
        "store::sqlite",
        &["server/src/audit/", "server/src/database.rs", "load/src/bench/", "server/src/store/"],
    ),
    (
        "store::mysql",
        &["server/src/audit/", "server/src/database.rs", "load/src/bench/", "server/src/store/"],
    ),
    ("store::memory", &["server/src/store/"]),
    ("SystemTime::now", &["server/src/clock.rs"]),
    // A thread that nobody watches may end and leave the server half alive.
    ("thread::Builder", &["server/src/supervisor.rs"]),
];

/// Modules of the standard library that cannot do I/O, tell the time, or wait.
const PURE_STD: &[&str] =
    &["borrow", "cmp", "collections", "convert", "fmt", "iter", "mem", "num", "ops", "str"];

/// The names of the modules from the crate's root to this file.
fn module_path(path: &str) -> Vec<&str> {
    let inner = path.trim_start_matches("server/src/").trim_end_matches(".rs");
    inner.split('/').filter(|part| !matches!(*part, "mod" | "lib" | "main")).collect()
}

fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// The word at this place is whole, and not the end of a longer path.
fn starts_path(code: &str, at: usize) -> bool {
    !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
}

/// The first-level modules that a file names, by `crate::` or by climbing with `super::`.
fn named_modules(path: &str, code: &str) -> Vec<String> {
    let depth = module_path(path).len();
    let mut named = Vec::new();
    for (at, _) in code.match_indices("crate::").filter(|(at, _)| starts_path(code, *at)) {
        named.push(identifier(&code[at + "crate::".len()..]).to_owned());
    }
    for (at, _) in code.match_indices("super::").filter(|(at, _)| starts_path(code, *at)) {
        let mut rest = &code[at..];
        let mut climbed = 0;
        while let Some(after) = rest.strip_prefix("super::") {
            (rest, climbed) = (after, climbed + 1);
        }
        if climbed >= depth {
            named.push(identifier(rest).to_owned());
        }
    }
    named
}

fn check_arrows(path: &str, text: &str) -> Vec<String> {
    let code = production(text);
    let Some(own) = module_path(path).first().copied() else {
        return Vec::new();
    };
    let Some((_, allowed)) = ALLOWED.iter().find(|(module, _)| *module == own) else {
        return vec![format!("{path}: module {own} has no line in ALLOWED")];
    };
    // The type of what stops a server is everybody's.
    let fine = |name: &String| name == own || name == "Failure" || allowed.contains(&name.as_str());
    let bad = named_modules(path, &code).into_iter().filter(|name| !fine(name));
    bad.map(|name| format!("{path}: {own} must not name {name:?}")).collect()
}

fn check_confined(path: &str, text: &str) -> Vec<String> {
    let code = production(text);
    let names = |word: &str| {
        code.match_indices(word).any(|(at, _)| {
            let whole = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let rest = &code[at + word.len()..];
            whole && !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        })
    };
    let bad = CONFINED.iter().filter(|(word, folders)| {
        names(word) && !folders.iter().any(|folder| path.starts_with(folder))
    });
    bad.map(|(word, folders)| format!("{path}: {word} belongs into {folders:?}")).collect()
}

fn check_pure(path: &str, text: &str) -> Vec<String> {
    let code = production(text);
    let mut complaints = Vec::new();
    for (at, _) in code.match_indices("std::").filter(|(at, _)| starts_path(&code, *at)) {
        let module = identifier(&code[at + "std::".len()..]);
        if !PURE_STD.contains(&module) {
            complaints.push(format!("{path}: std::{module} is not known to be pure"));
        }
    }
    for word in ["async", "await", "extern", "println", "thread_local", "unsafe"] {
        let found = code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w == word);
        if found {
            complaints.push(format!("{path}: {word} has no place in the rules"));
        }
    }
    complaints
}

fn check_dependencies(manifest: &str) -> Vec<String> {
    let manifest: toml::Table = manifest.parse().unwrap();
    let tables = ["dependencies", "build-dependencies", "target"];
    let mut complaints: Vec<String> = tables[1..]
        .iter()
        .filter(|name| manifest.contains_key(**name))
        .map(|name| format!("core/Cargo.toml: [{name}] has no place there"))
        .collect();
    let dependencies = manifest[tables[0]].as_table().unwrap();
    let names: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    if names != BTreeSet::from(["serde", "sha2", "strum", "uuid"]) {
        complaints.push(format!("core/Cargo.toml: depends on {names:?}"));
    }
    let features = |uuid: &toml::Value| Some(uuid.get("features")?.as_array()?.clone());
    let features = dependencies.get("uuid").and_then(features).unwrap_or_default();
    for feature in features.iter().filter_map(toml::Value::as_str).filter(|f| *f != "serde") {
        complaints.push(format!("core/Cargo.toml: uuid with {feature:?} could make ids"));
    }
    complaints
}

#[test]
fn modules_name_only_those_below_them() {
    let files = under(&["server/src/"], ".rs");
    none(&files.iter().flat_map(|f| check_arrows(&f.path, &f.text)).collect::<Vec<_>>());
    let files = under(&["server/src/", "load/src/", "cli/src/"], ".rs");
    none(&files.iter().flat_map(|f| check_confined(&f.path, &f.text)).collect::<Vec<_>>());
}

#[test]
fn the_rules_are_pure() {
    let files = under(&["core/src/"], ".rs");
    none(&files.iter().flat_map(|f| check_pure(&f.path, &f.text)).collect::<Vec<_>>());
    none(&check_dependencies(&read("core/Cargo.toml")));
}

#[test]
fn bad_samples_are_found() {
    let arrow = |path, text| check_arrows(path, text);
    complains(&arrow("server/src/store/sql.rs", "use crate::http::App;"), "http");
    complains(
        &arrow("server/src/store/sqlite/read.rs", "super::super::super::write_path::x()"),
        "write_path",
    );
    complains(&arrow("server/src/clock.rs", "use super::metrics::Metrics;"), "metrics");
    complains(
        &arrow("server/src/write_path/mod.rs", "use crate::{http, store};"),
        "must not name \"\"",
    );
    complains(&arrow("server/src/attic/mod.rs", ""), "ALLOWED");
    none(&arrow(
        "server/src/http/app.rs",
        "use super::problem::P; use crate::write_path::WritePath;",
    ));
    none(&arrow("server/src/store/sqlite/read.rs", "use super::super::Fault;"));
    none(&arrow("server/src/store/mod.rs", "// crate::http\n"));
    none(&arrow(
        "server/src/store/mod.rs",
        "#[cfg(test)]\nmod tests { use crate::write_path::WritePath; }",
    ));
    let confined = |path, text| check_confined(path, text);
    complains(&confined("server/src/http/user.rs", "use rusqlite::Connection;"), "rusqlite");
    complains(&confined("server/src/http/user.rs", "crate::store::sqlite::X"), "store::sqlite");
    complains(&confined("server/src/write_path/mod.rs", "SystemTime::now()"), "SystemTime");
    complains(&check_pure("core/src/rows/queue.rs", "use std::time::Instant;"), "std::time");
    complains(&check_pure("core/src/rows/queue.rs", "async fn tick() {}"), "async");
    none(&check_pure("core/src/lib.rs", "//! no async\nuse std::fmt;"));
    let manifest = |lines: &str| check_dependencies(&format!("[dependencies]\n{lines}"));
    complains(&manifest("serde = '1'\nsha2 = '1'\nstrum = '1'\nuuid = '1'\ntokio = '1'"), "tokio");
    let uuid = "serde = '1'\nsha2 = '1'\nstrum = '1'\nuuid = { version = '1', features = ['serde', 'v7'] }";
    complains(&manifest(uuid), "v7");
    complains(&manifest(&format!("{uuid}\n[build-dependencies]\ncc = '1'")), "build-dependencies");
}
