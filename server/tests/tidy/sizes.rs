//! Sizes: files that can be read at a sitting, functions that fit on a screen.

use super::tree::{code_of, under};
use super::{complains, none};

/// Lines of a file.
const FILE_LINES_MAX: usize = 600;
/// Lines of a function's body that hold code.
const FUNCTION_LINES_MAX: usize = 70;

fn check_file(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX {
        return vec![format!("{path}: {lines} lines, more than {FILE_LINES_MAX}")];
    }
    Vec::new()
}

/// Where the function's body starts that is declared at the head of `code`: its opening brace,
/// unless it has none (a trait's method).
fn body_start(code: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(at),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The text between the brace at the head of `code` and the one that closes it.
fn body(code: &str) -> &str {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return &code[1.min(at)..at];
        }
    }
    code
}

fn check_functions(path: &str, text: &str) -> Vec<String> {
    let code = code_of(text);
    let mut complaints = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let Some(start) = body_start(&code[at..]) else {
            continue;
        };
        let body = body(&code[at + start..]);
        let lines = body.lines().filter(|line| !line.trim().is_empty()).count();
        if lines > FUNCTION_LINES_MAX {
            let name = code[at + 3..].split(['(', '<']).next().unwrap_or_default();
            let line = code[..at].lines().count();
            complaints.push(format!("{path}:{line}: fn {name} has {lines} lines"));
        }
    }
    complaints
}

#[test]
fn files_and_functions_are_short() {
    let files = under(&[], ".rs");
    none(&files.iter().flat_map(|f| check_file(&f.path, &f.text)).collect::<Vec<_>>());
    none(&files.iter().flat_map(|f| check_functions(&f.path, &f.text)).collect::<Vec<_>>());
}

#[test]
fn bad_samples_are_found() {
    complains(&check_file("a.rs", &"x\n".repeat(FILE_LINES_MAX + 1)), "601 lines");
    none(&check_file("a.rs", &"x\n".repeat(FILE_LINES_MAX)));
    let function = |lines: usize| {
        let head = "impl A {\n    /// fn not_this {\n    fn long(a: [u8; 2]) -> B\n    where\n        B: C,\n    {\n";
        format!(
            "{head}{}    }}\n    fn short() {{ \"}}\"; }}\n}}\n",
            "        x();\n".repeat(lines)
        )
    };
    complains(&check_functions("a.rs", &function(FUNCTION_LINES_MAX + 1)), "fn long has 71 lines");
    none(&check_functions("a.rs", &function(FUNCTION_LINES_MAX)));
    none(&check_functions("a.rs", "trait T { fn f(&self); }\nfn g(h: fn(u8)) {}"));
}
