//! Words that have no place: loose ends, panics outside of tests, prints outside of the verbs, paths
//! of one machine. And the one that must be there: a header that says what a module is.

use super::tree::{files, production, under};
use super::{complains, none};

/// Written in halves, so that this file does not find itself.
const LOOSE_ENDS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!("),
    concat!("unimpl", "emented!("),
];
const MACHINE_PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/tmp/", "target"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("arti", "factory"),
];
/// Files of another project, as its package has them.
const OF_OTHERS: [&str; 2] = ["server/src/http/swagger/", "web/vendor/"];
const PANICS: &[&str] = &[".unwrap()", ".unwrap_err()", "panic!("];
const PRINTS: &[&str] = &["println!", "eprintln!", "print!", "eprint!", "dbg!"];

/// The lines of `text` that hold one of `words`.
fn lines_with(path: &str, text: &str, words: &[&str]) -> Vec<String> {
    let found = |line: &str| words.iter().find(|word| line.contains(**word)).copied();
    let numbered = text.lines().enumerate();
    numbered.filter_map(|(at, line)| Some(format!("{path}:{}: {}", at + 1, found(line)?))).collect()
}

fn check_header(path: &str, text: &str) -> Vec<String> {
    let headed = text.lines().next().is_some_and(|line| line.starts_with("//! "));
    if headed { Vec::new() } else { vec![format!("{path}: begins without //!")] }
}

fn check_prints(path: &str, text: &str) -> Vec<String> {
    if path.starts_with("cli/src/") || path.starts_with("load/src/") {
        return Vec::new();
    }
    lines_with(path, &production(text), PRINTS)
}

#[test]
fn every_module_says_what_it_is() {
    let files = under(&["core/", "server/", "load/", "cli/"], ".rs");
    none(&files.iter().flat_map(|f| check_header(&f.path, &f.text)).collect::<Vec<_>>());
}

/// `doctest` is off, so that an example in a comment would never run.
#[test]
fn no_example_stands_in_a_comment() {
    let sources = under(&["core/src/", "server/src/", "load/src/", "cli/src/"], ".rs");
    let fence = concat!("``", "`");
    none(&sources.iter().flat_map(|f| lines_with(&f.path, &f.text, &[fence])).collect::<Vec<_>>());
}

#[test]
fn no_loose_ends_and_no_paths_of_one_machine() {
    let words = [LOOSE_ENDS, MACHINE_PATHS].concat();
    let all =
        files().into_iter().filter(|file| !OF_OTHERS.iter().any(|of| file.path.starts_with(of)));
    none(&all.flat_map(|f| lines_with(&f.path, &f.text, &words)).collect::<Vec<_>>());
}

#[test]
fn the_code_neither_panics_at_will_nor_prints() {
    let mut sources = under(&["core/src/", "server/src/", "load/src/", "cli/src/"], ".rs");
    // A file of tests is declared as such where it is named.
    sources.retain(|file| !file.path.ends_with("/tests.rs"));
    let panics = |path: &str, text: &str| lines_with(path, &production(text), PANICS);
    none(&sources.iter().flat_map(|f| panics(&f.path, &f.text)).collect::<Vec<_>>());
    none(&sources.iter().flat_map(|f| check_prints(&f.path, &f.text)).collect::<Vec<_>>());
}

#[test]
fn bad_samples_are_found() {
    complains(&check_header("a.rs", "use b;"), "begins without");
    complains(&check_header("a.rs", ""), "begins without");
    none(&check_header("a.rs", "//! What it is.\n"));
    for word in [LOOSE_ENDS, MACHINE_PATHS].concat() {
        complains(&lines_with("a.md", &format!("fine\n{word}x"), &[word]), "a.md:2");
    }
    complains(&lines_with("a.rs", &production("x.unwrap();"), PANICS), "unwrap");
    none(&lines_with(
        "a.rs",
        &production("// x.unwrap()\n#[cfg(test)]\nmod t { x.unwrap() }"),
        PANICS,
    ));
    complains(&check_prints("server/src/write_path/mod.rs", "println!(\"x\");"), "println");
    complains(&check_prints("core/src/lib.rs", "dbg!(x);"), "dbg");
    none(&check_prints("cli/src/audit.rs", "println!(\"x\");"));
}
