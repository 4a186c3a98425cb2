//! The rules stand in floors: a file of `core/` names files of its own floor and of those below, a rule
//! names no other rule, and nowhere is there a circle of files.

use super::tree::{File, production, under};
use super::{complains, none};
use std::collections::{BTreeMap, BTreeSet};

/// From the ground up. `lib.rs` stands outside: it shows all of them.
const FLOORS: &[&[&str]] = &[
    &["id", "time", "money", "limits", "check", "draw", "position"],
    &["refusal", "outcome"],
    &["rows"],
    &["steps"],
    &["rules"],
    &["command"],
    &["batch"],
];

const ROOT: &str = "core/src/";

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The segments of each path that begins at the crate's root, and complaints about paths that cannot be
/// followed: those that begin elsewhere, and lists that reach into several files.
fn paths(file: &str, code: &str) -> (Vec<Vec<String>>, Vec<String>) {
    let (mut found, mut complaints) = (Vec::new(), Vec::new());
    for start in ["super::", "self::"] {
        if code.match_indices(start).any(|(at, _)| !code[..at].ends_with(is_word)) {
            complaints.push(format!("{file}: {start} hides which file is named"));
        }
    }
    for (at, start) in code.match_indices("crate::") {
        let rest = &code[at + start.len()..];
        let end = rest.find(|c: char| !is_word(c) && c != ':').unwrap_or(rest.len());
        let segments = rest[..end].split("::").filter(|segment| !segment.is_empty());
        found.push(segments.map(str::to_owned).collect());
        if let Some(list) = rest[end..].strip_prefix('{') {
            let list = list.split('}').next().unwrap_or_default();
            if end == 0 || list.contains("::") {
                complaints.push(format!("{file}: a list of paths hides which files are named"));
            }
        }
    }
    (found, complaints)
}

/// The file that a path leads into.
fn target<'f>(segments: &[String], files: &BTreeSet<&'f str>) -> Option<&'f str> {
    (1..=segments.len()).rev().find_map(|length| {
        let stem = format!("{ROOT}{}", segments[..length].join("/"));
        let is_it =
            |file: &&&str| **file == format!("{stem}.rs") || **file == format!("{stem}/mod.rs");
        files.iter().find(is_it).copied()
    })
}

fn floor(file: &str) -> Option<usize> {
    let first = file.strip_prefix(ROOT)?.split(['/', '.']).next()?;
    FLOORS.iter().position(|floor| floor.contains(&first))
}

type Edges<'f> = BTreeMap<&'f str, BTreeSet<&'f str>>;

/// A circle that can be reached from `at`, as the files on the way round.
fn circle<'f>(
    at: &'f str,
    edges: &Edges<'f>,
    way: &mut Vec<&'f str>,
    done: &mut BTreeSet<&'f str>,
) -> Option<Vec<&'f str>> {
    if let Some(first) = way.iter().position(|file| *file == at) {
        return Some(way[first..].to_vec());
    }
    if !done.insert(at) {
        return None;
    }
    way.push(at);
    let found = edges.get(at).into_iter().flatten().find_map(|to| circle(to, edges, way, done));
    way.pop();
    found
}

fn check(files: &[(&str, &str)]) -> Vec<String> {
    let names: BTreeSet<&str> = files.iter().map(|(file, _)| *file).collect();
    let (mut edges, mut complaints) = (Edges::new(), Vec::new());
    for (file, text) in files {
        let Some(own) = floor(file) else {
            complaints.push(format!("{file} stands on no floor"));
            continue;
        };
        let (paths, unclear) = paths(file, &production(text));
        complaints.extend(unclear);
        for segments in paths {
            let Some(to) = target(&segments, &names).filter(|to| to != file) else {
                continue;
            };
            let is_rule = |file: &str| file.contains("/rules/") && !file.ends_with("/mod.rs");
            if floor(to).is_none_or(|floor| floor > own) || is_rule(file) && is_rule(to) {
                complaints.push(format!("{file} must not name {to}"));
            }
            edges.entry(*file).or_default().insert(to);
        }
    }
    let mut done = BTreeSet::new();
    for file in &names {
        let round = circle(file, &edges, &mut Vec::new(), &mut done);
        complaints.extend(round.map(|files| format!("a circle: {}", files.join(" → "))));
    }
    complaints
}

#[test]
fn no_file_of_the_rules_names_one_above_it() {
    let files = under(&[ROOT], ".rs");
    let inside = files.iter().filter(|file| file.path != "core/src/lib.rs");
    let texts: Vec<(&str, &str)> =
        inside.map(|File { path, text }| (path.as_str(), text.as_str())).collect();
    none(&check(&texts));
}

#[test]
fn bad_samples_are_found() {
    let rows = ("core/src/rows/mod.rs", "use crate::rows::seat::Seat;");
    let seat = |text| ("core/src/rows/seat.rs", text);
    none(&check(&[rows, seat("use crate::id::DateId;"), ("core/src/id.rs", "")]));
    complains(&check(&[rows, seat("use crate::rows::Rows;")]), "a circle: ");
    let pay = ("core/src/rules/payment.rs", "use crate::rules::wallet::post;");
    complains(&check(&[pay, ("core/src/rules/wallet.rs", "")]), "payment.rs must not name");
    let step = ("core/src/steps/hold.rs", "fn f() { crate::rules::payment::Pay }");
    complains(&check(&[step, pay]), "hold.rs must not name core/src/rules/payment.rs");
    complains(&check(&[seat("use super::Rows;")]), "super::");
    complains(&check(&[seat("use crate::rows::{user::User, Rows};")]), "a list of paths");
    complains(&check(&[("core/src/attic.rs", "")]), "no floor");
}
