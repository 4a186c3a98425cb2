//! What parsers say of a body or a query, in plain words: they speak of types of this program, which nobody
//! who sends a request knows.

use super::problem::Problem;
use super::view::ID_EXAMPLE;
use crate::text;

/// Characters of what is told.
pub(super) const REASON_CHARS: usize = 300;

/// The words in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// What is expected, in English and in Korean.
fn kind(expected: &str) -> Option<(String, String)> {
    let (en, ko) = match expected {
        "u32" => ("a whole number from 0 to 4294967295", "0~4294967295의 정수여야 합니다"),
        "u64" | "usize" => ("a whole number from 0", "0 이상의 정수여야 합니다"),
        "i64" => ("a whole number", "정수여야 합니다"),
        "a boolean" => ("true or false", "true 또는 false여야 합니다"),
        "a string" | "a borrowed string" => ("a text", "문자열이어야 합니다"),
        "a sequence" => ("a list", "배열이어야 합니다"),
        "a map" => ("an object", "객체여야 합니다"),
        _ if expected.starts_with("struct ") => ("an object", "객체여야 합니다"),
        _ => return None,
    };
    Some((format!("must be {en}"), ko.to_owned()))
}

/// English and Korean words for what a reader of values says.
pub fn plain(said: &str) -> (String, String) {
    let said = said.rsplit_once(" at line ").map_or(said, |(said, _)| said);
    let names = quoted(said);
    let name = names.first().copied().unwrap_or_default();
    let others = names.get(1..).unwrap_or_default().join(", ");
    let must = |what| kind(what).unwrap_or_default();
    let (en, ko) = if said.starts_with("missing field ") {
        (format!("{name} is missing"), format!("{name} 항목이 없습니다"))
    } else if said.starts_with("duplicate field ") {
        (format!("{name} appears twice"), format!("{name} 항목이 두 번 있습니다"))
    } else if said.starts_with("unknown field ") && others.is_empty() {
        (format!("{name} is not a known name"), format!("{name} 항목은 없습니다"))
    } else if said.starts_with("unknown field ") {
        let en = format!("{name} is not a known name; use {others}");
        (en, format!("{name} 항목은 없습니다. 사용할 수 있는 이름: {others}"))
    } else if said.starts_with("unknown variant ") {
        (format!("must be one of {others}"), format!("다음 중 하나여야 합니다: {others}"))
    } else if said.contains("UUID") {
        (format!("must be an id such as {ID_EXAMPLE}"), format!("ID여야 합니다. 예: {ID_EXAMPLE}"))
    } else if said.contains("integer from empty") || said.contains("invalid digit") {
        must("i64")
    } else if said.contains("number too") {
        ("is too large or too small".into(), "허용 범위를 벗어난 수입니다".into())
    } else if said.contains("was not `true` or `false`") {
        must("a boolean")
    } else {
        let expected = said.rsplit_once("expected ").and_then(|(_, what)| kind(what));
        let other = || ("is not what is expected here".into(), "이곳에 쓸 수 없는 값입니다".into());
        expected.unwrap_or_else(other)
    };
    (text::printable(&en, REASON_CHARS), text::printable(&ko, REASON_CHARS))
}

/// The problem with what is wrong with a JSON text.
pub fn told(problem: Problem, error: &serde_json::Error) -> Problem {
    if error.is_data() {
        let (en, ko) = plain(&error.to_string());
        return problem.in_words("reason", en, ko);
    }
    let (line, column) = (error.line(), error.column());
    problem.in_words(
        "reason",
        format!("is not valid JSON (line {line}, column {column})"),
        format!("올바른 JSON이 아닙니다({line}행 {column}열)"),
    )
}

/// The problem with what is wrong with a query, and in which parameter.
pub fn told_of_query(problem: Problem, said: &str) -> Problem {
    let said = said.strip_prefix("Failed to deserialize query string: ").unwrap_or(said);
    let (field, said) = match said.split_once(": ") {
        Some((field, said)) if !field.contains(' ') => (Some(field), said),
        _ => (None, said),
    };
    let (en, ko) = plain(said);
    let problem = problem.in_words("reason", en, ko);
    match field {
        Some(field) => problem.with("field", text::printable(field, REASON_CHARS)),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsers_are_told_in_plain_words() {
        for (said, en, ko) in [
            ("missing field `a` at line 1 column 2", "a is missing", "a 항목이 없습니다"),
            ("duplicate field `a`", "a appears twice", "a 항목이 두 번 있습니다"),
            (
                "unknown field `a`, there are no fields",
                "a is not a known name",
                "a 항목은 없습니다",
            ),
            (
                "unknown field `a`, expected `b` or `c` at line 1 column 2",
                "a is not a known name; use b, c",
                "a 항목은 없습니다. 사용할 수 있는 이름: b, c",
            ),
            (
                "unknown variant `x`, expected `full` or `compact`",
                "must be one of full, compact",
                "",
            ),
            (
                "invalid type: string \"5\", expected i64",
                "must be a whole number",
                "정수여야 합니다",
            ),
            ("invalid value: integer `-5`, expected u64", "must be a whole number from 0", ""),
            ("invalid type: null, expected a string", "must be a text", "문자열이어야 합니다"),
            ("invalid type: map, expected a boolean", "must be true or false", ""),
            ("invalid type: string \"b\", expected struct Part", "must be an object", ""),
            ("invalid digit found in string", "must be a whole number", "정수여야 합니다"),
            ("provided string was not `true` or `false`", "must be true or false", ""),
            ("something of a parser", "is not what is expected here", "이곳에 쓸 수 없는 값입니다"),
        ] {
            let (is_en, is_ko) = plain(said);
            assert_eq!(is_en, en, "{said}");
            assert!(ko.is_empty() || is_ko == ko, "{said}: {is_ko}");
        }
        assert!(
            plain("UUID parsing failed: invalid length").0.starts_with("must be an id such as")
        );
    }
}
