//! An answer as text for people: members as lines, lists as tables.

use boxoffice_server::log::clean;
use serde_json::{Map, Value};

/// One value in a line.
pub fn value(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        // It may be text that somebody else has typed.
        Value::String(text) => clean(text),
        Value::Array(items) => items.iter().map(self::value).collect::<Vec<_>>().join(", "),
        Value::Object(members) => {
            let member =
                |(name, value): (&String, &Value)| format!("{name} {}", self::value(value));
            members.iter().map(member).collect::<Vec<_>>().join(", ")
        }
        value => value.to_string(),
    }
}

/// Columns to which a character counts: Hangul and its like take two.
fn width(text: &str) -> usize {
    let wide = |c: char| matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f300}'..='\u{1faff}');
    text.chars().map(|c| 1 + usize::from(wide(c))).sum()
}

fn table(rows: &[&Map<String, Value>]) -> String {
    let mut names: Vec<&String> = Vec::new();
    for row in rows {
        names.extend(row.keys().filter(|name| !names.contains(name)).collect::<Vec<_>>());
    }
    let cell =
        |row: &&Map<String, Value>, name: &&String| row.get(*name).map(value).unwrap_or_default();
    let lines = rows.iter().map(|row| names.iter().map(|name| cell(row, name)).collect::<Vec<_>>());
    let head = names.iter().map(|name| (*name).clone()).collect();
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(lines).collect();
    let most = |column: usize| lines.iter().map(|line| width(&line[column])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..names.len()).map(most).collect();
    let padded =
        |(text, most): (&String, &usize)| format!("{text}{}", " ".repeat(most - width(text)));
    let line = |line: &Vec<String>| {
        let line: Vec<String> = line.iter().zip(&widths).map(padded).collect();
        format!("{}\n", line.join("  ").trim_end())
    };
    lines.iter().map(line).collect()
}

/// The whole answer.
pub fn text(answer: &Value) -> String {
    let Value::Object(members) = answer else {
        return format!("{}\n", value(answer));
    };
    let lists = |value: &Value| {
        let items = value.as_array().filter(|items| !items.is_empty());
        items.is_some_and(|items| items.iter().all(Value::is_object))
    };
    let plain: Vec<_> = members.iter().filter(|(_, value)| !lists(value)).collect();
    let most = plain.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text: String = plain
        .iter()
        .map(|(name, value)| format!("{name:most$}  {}\n", self::value(value)))
        .collect();
    for (name, list) in members.iter().filter(|(_, value)| lists(value)) {
        let rows: Vec<_> =
            list.as_array().into_iter().flatten().filter_map(Value::as_object).collect();
        text += &format!("\n{name}\n{}", table(&rows));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_are_lines_and_lists_are_tables() {
        let answer = json!({
            "name": "한\u{1b}[2J", "closes_at": null, "paused": false, "ids": [1, 2],
            "dates": [{ "at": "x", "zone": "한글" }, { "at": "yyy", "sold": 3 }],
        });
        let want = "closes_at  -\nids        1, 2\nname       한\\u001b[2J\npaused     false\n\
            \ndates\nat   zone  sold\nx    한글\nyyy        3\n";
        assert_eq!(text(&answer), want);
        assert_eq!(text(&json!([])), "\n");
    }
}
