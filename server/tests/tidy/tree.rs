//! The files of the repository, and Rust text without what a check must not trip over.

use std::fs;
use std::path::{Path, PathBuf};

/// A file: its path from the root, with `/`, and its text.
#[derive(Clone)]
pub struct File {
    pub path: String,
    pub text: String,
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("server/ has a parent").to_owned()
}

pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// What git ignores, and git itself.
fn is_outside(name: &str) -> bool {
    let database =
        [".db", ".db-wal", ".db-shm", ".keys.json"].iter().any(|end| name.ends_with(end));
    name == "target" || database || (name.starts_with('.') && name != ".ci")
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if is_outside(&entry.file_name().to_string_lossy()) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

/// Every text file, in the order of paths.
pub fn files() -> Vec<File> {
    let (root, mut found) = (root(), Vec::new());
    walk(&root, &mut found);
    found.sort();
    let file = |path: PathBuf| {
        let text = fs::read_to_string(&path).ok()?;
        let path = path.strip_prefix(&root).ok()?.to_string_lossy().replace('\\', "/");
        Some(File { path, text })
    };
    let files: Vec<File> = found.into_iter().filter_map(file).collect();
    assert!(files.len() > 50, "the tree was not found at {}", root.display());
    files
}

/// Files with this ending below one of these folders; all where none is named.
pub fn under(folders: &[&str], ending: &str) -> Vec<File> {
    let wanted = |file: &File| {
        let within = folders.is_empty() || folders.iter().any(|f| file.path.starts_with(f));
        within && file.path.ends_with(ending)
    };
    files().into_iter().filter(wanted).collect()
}

/// The length of the string or character literal that starts here, if one does.
fn literal(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    if let Some(after) = rest.strip_prefix('r') {
        let hashes = after.len() - after.trim_start_matches('#').len();
        if after[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = &after[hashes + 1..];
            return Some(1 + hashes + 1 + body.find(&end).map_or(body.len(), |at| at + end.len()));
        }
    }
    let quote = *bytes.first()?;
    // 'a is a lifetime, 'a' and '\n' are characters.
    let character = quote == b'\''
        && (bytes.get(1) == Some(&b'\\')
            || rest.chars().nth(2) == Some('\'') && rest.chars().nth(1) != Some('\''));
    if quote != b'"' && !character {
        return None;
    }
    let mut at = 1;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    Some((at + 1).min(bytes.len()))
}

/// The text with comments and the insides of literals blanked; lines stay where they are.
pub fn code_of(text: &str) -> String {
    let (mut code, mut rest) = (String::with_capacity(text.len()), text);
    let mut in_word = false;
    while let Some(first) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else if in_word && first == 'r' {
            0
        } else {
            literal(rest).unwrap_or(0)
        };
        if skipped == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
            in_word = first.is_alphanumeric() || first == '_';
            continue;
        }
        let blank = |c: char| if c == '\n' { '\n' } else { ' ' };
        code.extend(rest[..skipped].chars().map(blank));
        rest = &rest[skipped..];
        in_word = false;
    }
    code
}

/// The code of a source file without its unit tests.
pub fn production(text: &str) -> String {
    let code = code_of(text);
    let tests = code.find("#[cfg(test)]\nmod ").unwrap_or(code.len());
    code[..tests].to_owned()
}

#[test]
fn comments_and_literals_are_blanked_and_nothing_else() {
    let text =
        "let a = \"{\\\"\"; // {\nlet b = 'x'; fn f<'a>(c: &'a str) {} /* { \n */ r#\"}\"{\"#";
    let code = code_of(text);
    assert_eq!(code.lines().count(), text.lines().count());
    assert_eq!(code.matches('{').count(), 1, "{code}");
    assert!(code.contains("fn f<'a>(c: &'a str) {}"), "{code}");
    assert_eq!(code_of("for c in ['\\'', '{', '\"'] {}").matches('{').count(), 1);
    assert_eq!(production("a\n#[cfg(test)]\nmod tests { b }"), "a\n");
}
