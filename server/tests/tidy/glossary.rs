//! One word, one meaning, in Korean too: what is written for people keeps to `docs/GLOSSARY.md`, and Korean
//! documents have the blocks and the code words of the English ones.

use super::documents::prose;
use super::tree::{File, read, under};
use super::{complains, none};
use std::collections::BTreeSet;

const GLOSSARY: &str = "docs/GLOSSARY.md";
/// Korean documents.
const DOCUMENTS: [&str; 2] = ["README.ko.md", "docs/OPERATIONS.ko.md"];
/// The sections of docs/OPERATIONS.md that are translated.
const TRANSLATED: [&str; 3] =
    ["On the command line", "Backup and restore", "Corrections and money"];
/// Where texts stand that people are shown.
const SHOWN: [&str; 4] = ["server/src/", "load/src/", "cli/src/", "web/app/"];
/// Their Korean is the name of a show, and what seats are called in files.
const NAMES: [&str; 2] = ["server/src/demo.rs", "server/src/sheet/halls.rs"];

/// A line of the glossary.
struct Term {
    /// English words for it.
    english: Vec<String>,
    korean: String,
    /// Korean words that are not taken.
    not: Vec<String>,
}

fn list(cell: &str) -> Vec<String> {
    cell.split(", ").map(str::to_owned).filter(|word| word != "–").collect()
}

/// The lines of the tables with five columns.
fn terms(text: &str) -> Vec<Term> {
    let cells = |line: &str| -> Vec<String> {
        let line = line.trim().trim_start_matches('|').trim_end_matches('|');
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let rows = text.lines().filter(|line| line.starts_with("| ")).map(cells);
    let terms = rows.filter(|row| row.len() == 5 && row[0] != "English");
    terms
        .map(|row| Term { english: list(&row[0]), korean: row[1].clone(), not: list(&row[4]) })
        .collect()
}

fn is_korean(c: char) -> bool {
    ('가'..='힣').contains(&c)
}

/// What stands outside of backticks within a line.
fn outside(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// Words that are not taken do not stand in the Korean lines of a text.
fn check_not(path: &str, text: &str, terms: &[Term]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| line.contains(is_korean)) {
        let line = outside(line);
        if line
            .match_indices(" %")
            .any(|(at, _)| line[..at].ends_with(|c: char| c.is_ascii_digit()))
        {
            complaints.push(format!("{path}:{}: a space before %", at + 1));
        }
        for term in terms {
            let found = term.not.iter().filter(|word| line.contains(word.as_str()));
            complaints.extend(
                found.map(|word| {
                    format!("{path}:{}: {word}: {GLOSSARY} says {}", at + 1, term.korean)
                }),
            );
        }
    }
    complaints
}

fn has_word(text: &str, word: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric();
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_letter) && !text[at + word.len()..].starts_with(is_letter)
    })
}

/// Where the English text says a word of the glossary, the Korean one has its term.
fn check_terms(english: &str, korean: &str, terms: &[Term]) -> Vec<String> {
    let english = english.to_lowercase();
    let said = |term: &&Term| term.english.iter().any(|word| has_word(&english, word));
    let missing = terms.iter().filter(said).filter(|term| !korean.contains(&term.korean));
    missing.map(|term| format!("README.ko.md: no {} ({})", term.korean, term.english[0])).collect()
}

/// Fenced blocks, without comments.
fn blocks(text: &str) -> Vec<String> {
    let (mut blocks, mut block) = (Vec::new(), None::<String>);
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        match (&mut block, fence) {
            (Some(_), true) => blocks.extend(block.take()),
            (None, true) => block = Some(format!("{line}\n")),
            (Some(block), false) => {
                let code = if line.starts_with('#') { "" } else { line };
                *block += &untold(code.split(" #").next().unwrap_or_default().trim_end());
                block.push('\n');
            }
            (None, false) => {}
        }
    }
    blocks
}

/// A line of code with an ellipsis for each quoted sentence: those are for people and stand in each one's language.
fn untold(line: &str) -> String {
    let sentence = |text: &str| text.contains(' ') && !text.contains(['$', ':', ',', '{']);
    let parts = line.split('"').enumerate();
    let told = |(at, part)| if at % 2 == 1 && sentence(part) { "…" } else { part };
    parts.map(told).collect::<Vec<_>>().join("\"")
}

/// Words in backticks, outside of blocks.
fn code(text: &str) -> BTreeSet<String> {
    let text: Vec<&str> = prose(text).map(|(_, line)| line).collect();
    let quoted = text.join(" ");
    let words = quoted.split('`').skip(1).step_by(2);
    words.map(|word| word.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// The Korean document has each block and each code word of the English text.
fn check_code(path: &str, english: &str, korean: &str) -> Vec<String> {
    let (have, known) = (blocks(korean), code(korean));
    let missing = blocks(english).into_iter().filter(|block| !have.contains(block));
    let missing =
        missing.map(|block| format!("{path}: without this block, or it differs:\n{block}"));
    let unnamed = code(english).into_iter().filter(|word| !known.contains(word));
    missing.chain(unnamed.map(|word| format!("{path}: without `{word}`"))).collect()
}

/// A section from its heading to the next of its level.
fn section<'a>(text: &'a str, title: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("\n## {title}\n")).expect("a section is gone");
    rest.split("\n## ").next().unwrap_or(rest)
}

#[test]
fn korean_keeps_to_the_glossary() {
    let terms = terms(&read(GLOSSARY));
    assert!(terms.len() > 50, "{}", terms.len());
    let documents = DOCUMENTS.map(|path| File { path: path.to_owned(), text: read(path) });
    let shown = [".rs", ".html", ".js"].map(|end| under(&SHOWN, end)).concat();
    let shown = shown.into_iter().filter(|file| !NAMES.contains(&file.path.as_str()));
    let all = documents.into_iter().chain(shown);
    none(&all.flat_map(|file| check_not(&file.path, &file.text, &terms)).collect::<Vec<_>>());
    none(&check_terms(&read("README.md"), &read("README.ko.md"), &terms));
}

#[test]
fn korean_documents_have_the_code_of_the_english_ones() {
    let (english, korean) = (read("README.md"), read("README.ko.md"));
    none(&check_code("README.ko.md", &english, &korean));
    let extra = blocks(&korean).into_iter().filter(|block| !blocks(&english).contains(block));
    none(&extra.map(|block| format!("README.ko.md alone has:\n{block}")).collect::<Vec<_>>());
    let operations = read("docs/OPERATIONS.md");
    let korean = read("docs/OPERATIONS.ko.md");
    let sections = TRANSLATED.iter().map(|title| section(&operations, title));
    none(&sections.flat_map(|text| check_code(DOCUMENTS[1], text, &korean)).collect::<Vec<_>>());
}

#[test]
fn bad_samples_are_found() {
    let terms = terms(
        "| English | 한국어 | what | not | 쓰지 않는 말 |\n|---|---|---|---|---|\n\
         | hold, held | 선점 | kept | lock | 임시 배정, 가예약 |\n| pay | 결제 | money | – | – |\n| a | b |\n",
    );
    assert_eq!(terms.len(), 2);
    complains(&check_not("a.md", "x\n좌석 임시 배정", &terms), "a.md:2: 임시 배정");
    complains(&check_not("a.md", "좌석 90 % 선점", &terms), "a.md:1: a space");
    none(&check_not("a.md", "좌석 선점 `임시 배정` 90%\n90 % of them\n", &terms));
    complains(&check_terms("Held seats.", "좌석", &terms), "no 선점");
    none(&check_terms("The household pays.", "좌석", &terms));
    let english = "see `a\nb` and `c`\n```sh\nrun x   # as told\n```\n";
    none(&check_code("k.md", english, "`c` 와 `a b`\n```sh\nrun x # 이렇게\n```\n"));
    complains(&check_code("k.md", english, "`a b` `c`\n```sh\nrun y\n```\n"), "run x");
    complains(&check_code("k.md", english, "`c`\n```sh\nrun x\n```\n"), "without `a b`");
    assert_eq!(untold(r#"run "at home" "$(cat a b)" "c""#), r#"run "…" "$(cat a b)" "c""#);
    assert_eq!(section("# a\n## b\nx\n## c\ny", "b"), "x");
}
