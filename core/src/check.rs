//! Whether single values are as allowed.

use crate::limits::{ABOUT_CHARS_MAX, NAME_CHARS_MAX};

/// A name or a reason: it shows something, on one line, and is not too long.
pub(crate) fn is_name(name: &str) -> bool {
    let shown = !name.trim().is_empty() && !name.chars().any(char::is_control);
    shown && name.chars().count() <= NAME_CHARS_MAX
}

/// Minutes that a show may last.
pub(crate) fn is_run_time(minutes: u32) -> bool {
    (1..=24 * 60).contains(&minutes)
}

/// Words that a draw is told in.
pub(crate) fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= NAME_CHARS_MAX
}

/// What is told of a show: it shows something, in lines, and is not too long.
pub(crate) fn is_about(text: &str) -> bool {
    let shown = !text.trim().is_empty() && !text.chars().any(|c| c.is_control() && c != '\n');
    shown && text.chars().count() <= ABOUT_CHARS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_a_show_has_lines_and_no_other_controls() {
        assert!(is_about("Two\nlines"));
        assert!(!is_about("a\u{7}bell") && !is_about("\n") && !is_about(""));
        assert!(is_about(&"a".repeat(ABOUT_CHARS_MAX)));
        assert!(!is_about(&"a".repeat(ABOUT_CHARS_MAX + 1)));
    }
}
