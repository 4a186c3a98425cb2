//! Documents say what is there: paths exist, settings, routes and limits are named, the Korean README
//! has the sections of the English one.

use super::tree::{exists, read, under};
use super::{complains, none};
use boxoffice_server::config::KEYS;
use boxoffice_server::http::routes::routes;

/// Folders that a path in a document may start from.
const BASES: [&str; 5] = ["", "server/src/", "core/src/", "load/src/", "cli/src/"];
/// Folders that a path in backticks is known by.
const ROOTS: [&str; 11] = [
    "core",
    "server",
    "load",
    "cli",
    "migrations",
    "deploy",
    "docker",
    "docs",
    "scripts",
    "web",
    ".ci",
];

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

/// A map is read at a sitting; what it leads to stands in `docs/`.
const ARCHITECTURE_LINES_MAX: usize = 250;

fn check_length(text: &str) -> Vec<String> {
    let lines = text.lines().count();
    let long = format!("ARCHITECTURE.md: {lines} lines, more than {ARCHITECTURE_LINES_MAX}");
    if lines > ARCHITECTURE_LINES_MAX { vec![long] } else { Vec::new() }
}

/// Stands directly above the table of the headline figures.
const FIGURES: &str = "<!-- figures -->";

/// A row of that table: its numbers in any order, since sentences differ, and the command that shows them.
fn figure(line: &str) -> Option<(Vec<&str>, &str)> {
    let (said, command) = line.trim_end_matches([' ', '|']).rsplit_once('|')?;
    let words = said.split(|c: char| !c.is_ascii_digit() && c != ',' && c != '.');
    let numbers = words.map(|word| word.trim_matches([',', '.']));
    let mut numbers: Vec<&str> = numbers.filter(|number| !number.is_empty()).collect();
    numbers.sort_unstable();
    Some((numbers, command.trim()))
}

fn figures(text: &str) -> Vec<(Vec<&str>, &str)> {
    let table = text.split_once(FIGURES).map_or("", |(_, rest)| rest.trim_start());
    table.lines().take_while(|line| line.starts_with('|')).skip(2).filter_map(figure).collect()
}

fn check_figures(document: &str, text: &str, of: &str) -> Vec<String> {
    let (have, want) = (figures(text), figures(of));
    let same = !want.is_empty() && have == want;
    let other = format!("{document}: {have:?} are not docs/PERFORMANCE.md's {want:?}");
    if same { Vec::new() } else { vec![other] }
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
fn the_architecture_is_a_map() {
    none(&check_length(&read("ARCHITECTURE.md")));
}

#[test]
fn headline_figures_are_those_of_the_tables_document() {
    let of = read("docs/PERFORMANCE.md");
    for readme in ["README.md", "README.ko.md"] {
        none(&check_figures(readme, &read(readme), &of));
    }
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
    let text = read("docs/LIMITS.md");
    none(&check_named("a limit that docs/LIMITS.md does not name", &limits, &text));
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
    complains(&check_length(&"x\n".repeat(ARCHITECTURE_LINES_MAX + 1)), "251 lines");
    none(&check_length(&"x\n".repeat(ARCHITECTURE_LINES_MAX)));
    let table = |row: &str| {
        format!("x\n{FIGURES}\n| a | b | c |\n|---|---|---|\n{row}\n\n| 3 | x | `y` |\n")
    };
    let of = table("| 1,000/s | 0.83 of it, in all | `bench` |");
    none(&check_figures("K.md", &table("| 1,000/s | 그중 0.83. | `bench` |"), &of));
    complains(&check_figures("K.md", &table("| 1,000/s | 0.84 | `bench` |"), &of), "K.md");
    complains(&check_figures("K.md", &table("| 1,000/s | 0.83 | `rush` |"), &of), "`rush`");
    complains(&check_figures("K.md", "x", "y"), "K.md");
    let named = |name: &str, text: &str| check_named("x", &[name.to_owned()], text);
    complains(&named("readers", "the readers_max"), "readers");
    complains(&named("GET /concerts", "GET /concerts/{id}"), "GET /concerts");
    none(&named("readers", "`readers` = 4"));
    assert_eq!(limits("/// x\npub const A_MAX: u8 = 1;\nconst B: u8 = 2;"), ["A_MAX"]);
}
