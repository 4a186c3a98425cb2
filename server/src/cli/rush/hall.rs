//! What became of the seats: sold, or why not. A seat that nobody bought while fans were told that nothing is
//! left has come back after they had gone, and this says so.

use serde::Serialize;

/// Seats of the concert at the end of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hall {
    /// All of them.
    pub seats: u64,
    /// Sold, by whoever.
    pub sold: u64,
    /// Held and not yet paid for.
    pub held: u64,
    /// Free: their last hold lapsed, or was given back, after the last sale of the run.
    pub back_after: u64,
    /// Free, and that happened before it.
    pub back_before: u64,
    /// Free: nobody has ever held them.
    pub untouched: u64,
}

impl Hall {
    /// A sentence for the terminal.
    pub fn text(&self) -> String {
        let Self { seats, sold, held, back_after, back_before, untouched } = *self;
        let parts = [
            (held, "are held and not paid for yet"),
            (
                back_after,
                "came back after the last sale, from fans who held them and did not pay, when nobody was left to take them",
            ),
            (back_before, "came back before it and were not taken again"),
            (untouched, "were never held"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts.map(|(count, what)| format!("{count} {what}")).collect();
        let rest = if parts.is_empty() { String::new() } else { format!(": {}", parts.join("; ")) };
        format!("Of {seats} seats {sold} were sold{rest}.\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_sold_is_explained() {
        let hall = Hall { seats: 800, sold: 756, back_after: 40, untouched: 4, ..Hall::default() };
        let text = hall.text();
        assert!(
            text.starts_with("Of 800 seats 756 were sold: 40 came back after the last sale"),
            "{text}"
        );
        assert!(text.ends_with("; 4 were never held.\n"), "{text}");
        let all = Hall { seats: 8, sold: 8, ..Hall::default() };
        assert_eq!(all.text(), "Of 8 seats 8 were sold.\n");
    }
}
