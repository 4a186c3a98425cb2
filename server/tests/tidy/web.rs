//! The pages: every file is served, everything together is small, libraries are what they say they are, both
//! languages say the same things, and every problem has its sentence.

use super::tree::{File, read, root, under};
use super::{complains, none};
use boxoffice_server::http::problem::TABLE;
use boxoffice_server::http::web::{EMBEDDED, SHELL, Web};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// All files of the pages together, compressed as they are sent. A page asks for a part of them: most for the seat
/// map, some 70 kB.
const PACKED_BYTES_MAX: usize = 113_300;
/// Libraries: the file, of which package and version, under which licence, and the SHA-256 of the file.
const LIBRARIES: &[(&str, &str, &str, &str)] = &[
    (
        "preact.js",
        "preact 11.2.0",
        "MIT",
        "225d7a773766e6fb2cfcc45274fe41d2059f5782f3f2c4569aa5132a2d3a2902",
    ),
    (
        "hooks.js",
        "preact 11.2.0",
        "MIT",
        "5c65ab263688d0805862fd0807c779af02c2799c44fda0873dfcb870d0da70a0",
    ),
    (
        "htm.js",
        "htm 3.1.1",
        "Apache-2.0",
        "ab33dd3f38059b9be4d5f5350128eefb2356639c4e0bbe9d9e8b3ba75847e9e4",
    ),
];
const VENDOR: &str = "web/vendor/";

/// A word: its key, and its texts in English and Korean.
type Word = (String, String, String);

/// The words of a file: a line each, `key: ["English", "한국어"],`.
fn words(path: &str, text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let (_, body) = text.split_once("= {\n").ok_or_else(|| format!("{path}: no words"))?;
    for line in body.lines().map(str::trim) {
        if line == "};" {
            break;
        }
        if line.is_empty() || line.starts_with("//") {
            continue;
        }
        let pair = line.split_once(": ").and_then(|(key, pair)| {
            let pair: [String; 2] = serde_json::from_str(pair.strip_suffix(',')?).ok()?;
            let [en, ko] = pair;
            Some((key.to_owned(), en, ko))
        });
        words.push(pair.ok_or_else(|| format!("{path}: no pair of words: {line}"))?);
    }
    Ok(words)
}

fn is_korean(c: char) -> bool {
    ('가'..='힣').contains(&c)
}

/// The values that a text asks for.
fn values(text: &str) -> BTreeSet<&str> {
    let named = text.split('{').skip(1).filter_map(|rest| rest.split(['}', '|']).next());
    named.collect()
}

fn check_words(path: &str, words: &[Word]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut known = BTreeSet::new();
    for (key, en, ko) in words {
        if !known.insert(key) {
            complaints.push(format!("{path}: {key} stands twice"));
        }
        if en.trim().is_empty() || ko.trim().is_empty() || en.chars().any(is_korean) {
            complaints.push(format!("{path}: {key} is not said in both languages"));
        }
        // A plural has its values in English alone.
        let plain = |text| values(text).into_iter().filter(|name| *name != "n").collect::<Vec<_>>();
        if plain(en) != plain(ko) {
            complaints.push(format!("{path}: {key} has other values in Korean"));
        }
    }
    complaints
}

/// Keys that a script asks for by name.
fn asked(text: &str) -> impl Iterator<Item = &str> {
    let calls = text.match_indices("t(\"").filter(|(at, _)| {
        !text[..*at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.')
    });
    calls.filter_map(|(at, _)| text[at + 3..].split('"').next())
}

/// Whether scripts say a key by its name, or in a template by how it begins.
fn is_said(key: &str, scripts: &str) -> bool {
    let begins = scripts.split("t(`").skip(1).filter_map(|rest| rest.split_once("${"));
    scripts.contains(&format!("\"{key}\""))
        || begins.into_iter().any(|(begin, _)| !begin.is_empty() && key.starts_with(begin))
}

/// Codes with which a stream ends: they stand in no table of problems.
fn ends_of_streams() -> Vec<String> {
    let text = read("server/src/http/push/mod.rs");
    let named = text.lines().filter_map(|line| {
        let (name, code) = line.trim().strip_prefix("Self::")?.split_once(" => \"")?;
        // Of these two there is nothing to tell anybody.
        let is_told = !["Gone", "Done"].contains(&name);
        is_told.then(|| code.trim_end_matches("\",").to_owned())
    });
    named.collect()
}

fn word_files() -> Vec<File> {
    under(&["web/app/words/"], ".js")
}

fn problem_words() -> Vec<Word> {
    let path = "web/app/words/problems.js";
    words(path, &read(path)).unwrap()
}

#[test]
fn every_file_of_the_pages_is_served() {
    let folder = root().join("web");
    let served: BTreeSet<String> = EMBEDDED.iter().map(|(path, _)| format!("web/{path}")).collect();
    let is_served = |path: &str| {
        // The benchmark's files stay here.
        path.starts_with("web/bench/")
            || path.ends_with(".md")
            || path.contains("/LICENSE")
            || path == "web/shell.html"
            || served.contains(path)
    };
    let all = under(&["web/"], "");
    assert!(all.len() >= EMBEDDED.len() && folder.is_dir());
    let missing = all.iter().filter(|file| !is_served(&file.path));
    none(
        &missing.map(|file| format!("no line in web/files.rs: {}", file.path)).collect::<Vec<_>>(),
    );
}

#[test]
fn everything_together_is_small() {
    let files: Vec<_> =
        EMBEDDED.iter().map(|(path, bytes)| (*path, Cow::Borrowed(*bytes))).collect();
    let packed = Web::new(SHELL, &files).packed_bytes();
    assert!(packed <= PACKED_BYTES_MAX, "{packed} bytes, more than {PACKED_BYTES_MAX}");
}

#[test]
fn libraries_are_what_they_say() {
    let readme = read("web/vendor/README.md");
    let files = under(&[VENDOR], ".js");
    assert_eq!(files.len(), LIBRARIES.len());
    for (name, package, licence, sha256) in LIBRARIES {
        let bytes = std::fs::read(root().join(VENDOR).join(name)).unwrap();
        let hash: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, *sha256, "{name} of {package}");
        let (package, version) = package.split_once(' ').unwrap();
        let line = readme.lines().find(|line| line.starts_with(&format!("| `{name}`")));
        let line = line.unwrap_or_default();
        for word in [package, version, licence] {
            assert!(line.contains(word), "{VENDOR}README.md: {name} without {word}");
        }
        assert!(root().join(VENDOR).join(format!("LICENSE-{package}")).exists(), "{package}");
    }
}

#[test]
fn both_languages_say_the_same() {
    let mut known = BTreeSet::new();
    for file in word_files() {
        let words = words(&file.path, &file.text).unwrap();
        none(&check_words(&file.path, &words));
        if !file.path.ends_with("/problems.js") {
            let twice = words.iter().filter(|(key, ..)| !known.insert(key.clone()));
            none(
                &twice
                    .map(|(key, ..)| format!("{}: {key} is in another file", file.path))
                    .collect::<Vec<_>>(),
            );
        }
    }
    let mut scripts = under(&["web/app/", "web/seatmap/"], ".js");
    scripts.retain(|file| !file.path.contains("/words/"));
    let said = scripts.iter().map(|file| file.text.as_str()).collect::<String>();
    let dead = known.iter().filter(|key| !is_said(key, &said));
    none(&dead.map(|key| format!("no page says {key}")).collect::<Vec<_>>());
    let unknown = scripts.iter().flat_map(|file| {
        let keys = asked(&file.text).filter(|key| !known.contains(*key));
        keys.map(|key| format!("{}: no word {key}", file.path)).collect::<Vec<_>>()
    });
    none(&unknown.collect::<Vec<_>>());
}

/// What happened, and what to do: more than one sentence, or one that asks for something.
#[test]
fn every_problem_has_its_sentence() {
    let words = problem_words();
    let line = |code: &str| words.iter().find(|(key, ..)| key == code);
    let ends = ends_of_streams();
    assert!(ends.len() >= 2, "{ends:?}");
    let codes = TABLE.iter().map(|entry| entry.code.as_str());
    let codes = codes.chain(ends.iter().map(String::as_str));
    let missing = codes.filter(|code| line(code).is_none());
    let missing = missing.map(|code| format!("web/app/words/problems.js: no {code}"));
    none(&missing.collect::<Vec<_>>());
    let bad = words.iter().filter(|(_, en, ko)| {
        let jargon = ["Idempotency", "Authorization", "X-", "retry_at", "Bearer", "JSON"];
        !en.ends_with('.') || !ko.ends_with('.') || jargon.iter().any(|word| en.contains(word))
    });
    none(&bad.map(|(key, ..)| format!("no sentence for people: {key}")).collect::<Vec<_>>());
}

#[test]
fn bad_samples_are_found() {
    let read = |text: &str| words("a.js", &format!("export const a = {{\n{text}\n}};\n"));
    assert_eq!(
        read("  // x\n  a: [\"b\", \"가\"],").unwrap(),
        [("a".into(), "b".into(), "가".into())]
    );
    assert!(read("a: [\"b\"],").is_err() && read("a: \"b\",").is_err());
    let check = |text: &str| check_words("a.js", &read(text).unwrap());
    complains(&check("a: [\"b\", \"\"],"), "both languages");
    complains(&check("a: [\"가\", \"가\"],"), "both languages");
    complains(&check("a: [\"b\", \"가\"],\na: [\"b\", \"가\"],"), "twice");
    complains(&check("a: [\"{x}\", \"가\"],"), "other values");
    none(&check("a: [\"{n} {n|seat|seats} {x}\", \"{x} 가\"],"));
    assert!(is_said("a", "t(\"a\")") && is_said("a_b", "t(`a_${b}`)"));
    assert!(!is_said("b", "t(\"a\") t(`a_${b}`) t(`${b}`)"));
    assert_eq!(asked("t(\"a\") + get(\"b\") + at(\"c\") x.t(\"d\")").collect::<Vec<_>>(), ["a"]);
}
