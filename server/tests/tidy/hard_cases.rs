//! The hard cases: each stands in ARCHITECTURE.md, and each that is said to be tested is named in the
//! doc comment of a test where it is said to be.

use super::tree::{File, exists, read, under};
use super::{complains, none};

const CASES: &[std::ops::RangeInclusive<u32>] = &[1..=42, 49..=50];

/// The words of the table's last column that name tests, and where these stand.
const TARGETS: &[(&str, &[&str])] = &[
    ("rules", &["core/tests/rules/"]),
    ("unit", &["core/src/", "server/src/", "load/src/", "cli/src/"]),
    ("sim", &["server/tests/sim/"]),
    ("store", &["server/tests/store/"]),
    ("api", &["server/tests/api/"]),
    ("input", &["server/tests/input/"]),
    ("process", &["cli/tests/process/"]),
    ("nodes", &["cli/tests/nodes/"]),
];

/// A row of the table: the case, and where its tests are.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    case: u32,
    targets: Vec<String>,
    says: String,
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.strip_prefix("| H")?.split('|').map(str::trim).collect();
    let (case, last) = (cells.first()?.parse().ok()?, cells.get(2)?);
    let is_word = |token: &&str| token.chars().all(|c| c.is_ascii_lowercase());
    let quoted = last.split('`').skip(1).step_by(2).filter(is_word).map(str::to_owned);
    Some(Row { case, targets: quoted.collect(), says: last.replace('`', "") })
}

/// The cases that a line names: `H3`, and each of `H1–H5`.
fn named(line: &str) -> Vec<u32> {
    let comment = line.trim_start();
    if !comment.starts_with("///") && !comment.starts_with("//!") {
        return Vec::new();
    }
    let case = |word: &str| word.strip_prefix('H')?.parse::<u32>().ok();
    let mut cases = Vec::new();
    for word in comment.split(|c: char| !c.is_ascii_alphanumeric() && c != '–') {
        match word.split_once('–') {
            Some((from, to)) => {
                if let (Some(from), Some(to)) = (case(from), case(to)) {
                    cases.extend(from..=to);
                }
            }
            None => cases.extend(case(word)),
        }
    }
    cases
}

/// Whether a doc comment of one of these files names the case.
fn is_named(files: &[File], case: u32) -> bool {
    files.iter().any(|file| file.text.lines().any(|line| named(line).contains(&case)))
}

fn check_row(row: &Row, files_of: impl Fn(&str) -> Option<Vec<File>>) -> Vec<String> {
    let case = row.case;
    if row.targets.is_empty() && row.says.split_whitespace().count() < 4 {
        return vec![format!("H{case}: neither a test nor a reason")];
    }
    let missing = |target: &String| match files_of(target) {
        Some(files) if is_named(&files, case) => None,
        Some(_) => Some(format!("H{case}: no doc comment of the {target} tests names it")),
        None => Some(format!("H{case}: there are no {target} tests")),
    };
    row.targets.iter().filter_map(missing).collect()
}

fn check_all(rows: &[Row]) -> Vec<String> {
    let times = |case: u32| rows.iter().filter(|row| row.case == case).count();
    CASES
        .iter()
        .cloned()
        .flatten()
        .filter(|case| times(*case) != 1)
        .map(|c| format!("H{c} has {} rows", times(c)))
        .collect()
}

fn folders(target: &str) -> &'static [&'static str] {
    let found = TARGETS.iter().find(|(name, _)| *name == target);
    found.map_or_else(|| panic!("`{target}` is no word of TARGETS"), |(_, folders)| *folders)
}

#[test]
fn each_case_is_tested_where_the_table_says_or_has_a_reason() {
    let text = read("ARCHITECTURE.md");
    let rows: Vec<Row> = text.lines().filter_map(row).collect();
    none(&check_all(&rows));
    let files_of = |target: &str| {
        let folders = folders(target);
        folders.iter().all(|folder| exists(folder)).then(|| under(folders, ".rs"))
    };
    none(&rows.iter().flat_map(|row| check_row(row, files_of)).collect::<Vec<_>>());
}

#[test]
fn bad_samples_are_found() {
    let parsed = row("| H12 | Double click | `rules`, `api` |").unwrap();
    assert_eq!((parsed.case, parsed.targets.len()), (12, 2));
    let reason = row("| H28 | Many seats | Rendered in chunks (`read_model/date.rs`) |").unwrap();
    assert_eq!(reason.targets, [""; 0]);
    assert_eq!(row("| H | x | y |"), None);
    let file = |text: &str| vec![File { path: "a.rs".into(), text: text.into() }];
    let check = |text: &str| check_row(&parsed, |_| Some(file(text)));
    complains(&check("/// H1, H123\nfn a() { H12 }"), "H12: no doc comment of the rules tests");
    none(&check("/// H11 and H12: once."));
    assert_eq!(named("    /// (H1–H3, H12): x"), [1, 2, 3, 12]);
    assert_eq!(named("// H1"), [] as [u32; 0]);
    complains(&check_row(&parsed, |_| None), "H12: there are no rules tests");
    complains(&check_row(&row("| H1 | x | later |").unwrap(), |_| None), "neither");
    none(&check_row(&row("| H1 | x | There is no such lock. |").unwrap(), |_| None));
    complains(&check_all(&[]), "H33 has 0 rows");
}
