//! Documents say what is there: paths exist, settings, routes and limits are named, the Korean README
//! has the sections of the English one.

use super::tree::{exists, read, under};
use super::{complains, none};
use boxoffice_server::config::KEYS;
use boxoffice_server::http::routes::routes;

/// Folders that a path in a document may start from.
const BASES: [&str; 3] = ["", "server/src/", "core/src/"];
/// Folders that a path in backticks is known by.
const ROOTS: [&str; 8] =
    ["core", "server", "migrations", "deploy", "docker", "docs", "scripts", ".ci"];

/// The lines outside of fenced blocks.
pub fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// Whether the words in backticks are meant as a path of this repository.
fn is_path(token: &str) -> bool {
    let plain = token.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    let first = token.split('/').next().unwrap_or_default();
    let rooted = token.contains('/') && ROOTS.contains(&first);
    plain && (rooted || [".rs", ".md", ".sql"].iter().any(|end| token.ends_with(end)))
}

/// Paths in backticks, and targets of links within the repository.
fn paths(line: &str) -> Vec<&str> {
    let quoted = line.split('`').skip(1).step_by(2).filter(|token| is_path(token));
    let links = line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let local = links.filter(|link| !link.is_empty() && !link.contains("://"));
    quoted.chain(local).collect()
}

fn check_paths(document: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    // A link counts from its document's folder.
    let folder = document.rfind('/').map_or("", |at| &document[..=at]);
    let bases = BASES.iter().chain([&folder]);
    let there = |path: &str| bases.clone().any(|base| exists(&format!("{base}{path}")));
    let missing = |(at, line): (usize, &str)| -> Vec<String> {
        let missing = paths(line).into_iter().filter(|path| !there(path));
        missing.map(|path| format!("{document}:{}: there is no {path}", at + 1)).collect()
    };
    prose(text).flat_map(missing).collect()
}

fn sections(text: &str) -> usize {
    prose(text).filter(|(_, line)| line.starts_with("## ")).count()
}

fn check_sections(english: &str, korean: &str) -> Vec<String> {
    let (want, have) = (sections(english), sections(korean));
    if want == have {
        return Vec::new();
    }
    vec![format!("README.ko.md has {have} sections, README.md has {want}")]
}

/// Each of `names` stands in `text` as a whole word.
fn check_named(what: &str, names: &[String], text: &str) -> Vec<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '{' || c == '/';
    let named = |name: &String| {
        text.match_indices(name.as_str()).any(|(at, _)| {
            !text[..at].ends_with(is_word) && !text[at + name.len()..].starts_with(is_word)
        })
    };
    names.iter().filter(|name| !named(name)).map(|name| format!("{what}: {name}")).collect()
}

fn limits(text: &str) -> Vec<String> {
    let name = |line: &str| Some(line.strip_prefix("pub const ")?.split(':').next()?.to_owned());
    text.lines().filter_map(name).collect()
}

#[test]
fn each_path_in_a_document_exists() {
    let documents = under(&[], ".md");
    assert!(documents.len() >= 4);
    let complaints = documents.iter().flat_map(|f| check_paths(&f.path, &f.text, exists));
    none(&complaints.collect::<Vec<_>>());
}

#[test]
fn the_korean_readme_has_the_same_sections() {
    none(&check_sections(&read("README.md"), &read("README.ko.md")));
}

#[test]
fn every_setting_route_and_limit_is_documented() {
    let keys: Vec<String> = KEYS.iter().map(|key| (*key).to_owned()).collect();
    let text = read("README.md") + &read("boxoffice.example.toml");
    none(&check_named("a setting that no document names", &keys, &text));
    let routes: Vec<String> =
        routes().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    for readme in ["README.md", "README.ko.md"] {
        none(&check_named(&format!("a route that {readme} does not name"), &routes, &read(readme)));
    }
    let limits = limits(&read("core/src/limits.rs"));
    assert!(limits.len() > 10);
    let architecture = read("ARCHITECTURE.md");
    none(&check_named("a limit that ARCHITECTURE.md does not name", &limits, &architecture));
}

#[test]
fn bad_samples_are_found() {
    let check = |text: &str| check_paths("A.md", text, |path| path == "core/src/draw.rs");
    complains(&check("x\nsee `core/src/drew.rs`"), "A.md:2: there is no core/src/drew.rs");
    complains(&check("see `migrations/mysql/`"), "migrations/mysql/");
    complains(&check("see [this](GONE.md#part)"), "GONE.md");
    complains(&check("see `deploy/gone.cfg`"), "deploy/gone.cfg");
    let below = |text: &str| check_paths("docs/A.md", text, |path| path == "docs/../B.md");
    none(&below("[b](../B.md#part)"));
    complains(&below("[c](../C.md)"), "docs/A.md:1: there is no ../C.md");
    none(&check("`draw.rs` `core/src/draw.rs` `a/b` `GET /x` [x](https://x.y) [x](#part)"));
    none(&check("```\n`core/src/drew.rs`\n```"));
    complains(&check_sections("## a\n## b\n", "## a\n```\n## b\n```\n"), "has 1 sections");
    let named = |name: &str, text: &str| check_named("x", &[name.to_owned()], text);
    complains(&named("readers", "the readers_max"), "readers");
    complains(&named("GET /concerts", "GET /concerts/{id}"), "GET /concerts");
    none(&named("readers", "`readers` = 4"));
    assert_eq!(limits("/// x\npub const A_MAX: u8 = 1;\nconst B: u8 = 2;"), ["A_MAX"]);
}
