//! What became of the seats: sold, or why not. A seat may be left although fans learned that nothing is left: it came
//! back after they had gone, and this says so.

use serde::Serialize;

/// Seats of the concert at the end of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hall {
    /// All of them.
    pub seats: u64,
    /// Sold, to any fan.
    pub sold: u64,
    /// Held and not yet paid for.
    pub held: u64,
    /// Free: their last hold lapsed, or was given back, after the last sale of the run.
    pub back_after: u64,
    /// Free, and that happened before it.
    pub back_before: u64,
    /// Free: they were sold, and an operator gave them back.
    pub given_back: u64,
    /// Free: nobody has ever held them.
    pub untouched: u64,
}

impl Hall {
    /// A sentence for the terminal.
    pub fn text(&self) -> String {
        let Self { seats, sold, held, back_after, back_before, given_back, untouched } = *self;
        let parts = [
            (held, "are held and not paid for yet"),
            (
                back_after,
                "came back after the last sale, from fans who held them and did not pay, when nobody was left to take them",
            ),
            (back_before, "came back before it and were not taken again"),
            (given_back, "were given back by an operator and not sold again"),
            (untouched, "were never held"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts.map(|(count, what)| format!("{count} {what}")).collect();
        let rest = if parts.is_empty() { String::new() } else { format!(": {}", parts.join("; ")) };
        format!("Of {seats} seats {sold} were sold{rest}.\n")
    }
}

/// Seats that somebody had for a time; milliseconds since the run began.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// How many.
    pub seats: u64,
    /// From when on.
    pub from: u64,
    /// When they were paid for, given back, or free again by themselves.
    pub until: u64,
    /// They were paid for, and stay taken.
    pub bought: bool,
    /// But for those that an operator gave back: when.
    pub back: Option<u64>,
}

/// Seats at the end of each second of the run, of all dates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BySecond {
    /// Held and not paid for.
    pub held: Vec<u64>,
    /// Neither held nor sold.
    pub free: Vec<u64>,
}

impl BySecond {
    /// Of a concert with so many seats, in a run of so many seconds.
    pub fn of(claims: &[Claim], seats: u64, seconds: usize) -> Self {
        // The first second whose end is not before the moment.
        let second =
            |ms: u64| usize::try_from(ms.div_ceil(1000).saturating_sub(1)).unwrap_or(usize::MAX);
        let mut changes = vec![(0_u64, 0_u64, 0_u64, 0_u64); seconds];
        for claim in claims {
            let (from, until) = (second(claim.from), second(claim.until));
            if let Some((begun, ..)) = changes.get_mut(from) {
                *begun += claim.seats;
            }
            if let Some((_, ended, bought, _)) = changes.get_mut(until.max(from)) {
                *ended += claim.seats;
                *bought += if claim.bought { claim.seats } else { 0 };
            }
            let back = claim.back.map(|back| second(back).max(until).max(from));
            if let Some((.., back)) = back.and_then(|back| changes.get_mut(back)) {
                *back += claim.seats;
            }
        }
        let (mut held, mut sold, mut by_second) = (0_u64, 0_u64, Self::default());
        for (begun, ended, bought, back) in changes {
            held = (held + begun).saturating_sub(ended);
            sold = (sold + bought).saturating_sub(back);
            by_second.held.push(held);
            by_second.free.push(seats.saturating_sub(held + sold));
        }
        by_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_counted_at_the_end_of_each_second() {
        let claim = |seats, from, until, bought| Claim { seats, from, until, bought, back: None };
        let claims = [
            // Sold before the run; bought within a second; held for two; held beyond the end.
            claim(1, 0, 0, true),
            claim(2, 300, 700, true),
            claim(3, 1_000, 2_500, false),
            claim(4, 2_001, 9_000, false),
            claim(5, 9_000, 9_500, true),
            // Sold, and given back by an operator.
            Claim { back: Some(2_900), ..claim(1, 1_200, 1_300, true) },
        ];
        let by_second = BySecond::of(&claims, 10, 4);
        assert_eq!(by_second.held, [3, 3, 4, 4]);
        assert_eq!(by_second.free, [4, 3, 3, 3]);
    }

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
