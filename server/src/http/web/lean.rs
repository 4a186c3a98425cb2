//! Scripts and styles without what only those read who write them: comments that have lines of their own, and
//! indentation. Lines stay where they are, so that a browser's report names the right one.
//!
//! It knows lines and no syntax: a line of a text over several lines must not begin like a comment.

/// The text without them.
#[must_use]
pub fn lean(text: &str) -> String {
    let mut lean = String::with_capacity(text.len());
    let mut in_comment = false;
    for line in text.lines().map(str::trim) {
        let begins = line.starts_with("/*");
        let is_comment = in_comment || begins || line.starts_with("//");
        in_comment = (in_comment || begins) && !line.contains("*/");
        // What stands behind the end of a comment, on its line, is none.
        let rest = line.split_once("*/").map_or("", |(_, rest)| rest.trim_start());
        lean.push_str(if !is_comment {
            line
        } else if line.starts_with("//") {
            ""
        } else {
            rest
        });
        lean.push('\n');
    }
    lean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_of_their_own_go_and_lines_stay() {
        let check = |text: &str, want: &str| assert_eq!(lean(text), want, "{text}");
        check("// a\n  b(); // c\n", "\nb(); // c\n");
        check("/** a\n * b\n */\nc();\n", "\n\n\nc();\n");
        check("/* a */ b { c: d }\n", "b { c: d }\n");
        check("a(\"/* b */\");\n  <//>`;\n", "a(\"/* b */\");\n<//>`;\n");
        check("/* a\n// b */ c\n", "\n\n");
    }
}
