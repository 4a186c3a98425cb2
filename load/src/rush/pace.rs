//! How fast fans were let in and seats were sold, from the opening on.

use serde::Serialize;

/// Just after the opening, or the first admission, there is nothing steady to be measured, ms.
const SETTLING_MS: u64 = 2_000;
/// A rate of a shorter time says nothing, ms.
const MEASURED_MIN_MS: u64 = 1_000;

/// When things happened; milliseconds since the run began.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments<'a> {
    /// The opening; 0 where the sale was open before.
    pub opened: u64,
    /// Admissions as fans learned of them, in order.
    pub seen: &'a [u64],
    /// Admissions as the database has them, in order, where it is known.
    pub done: Option<&'a [u64]>,
    /// When somebody first learned that no seat was left.
    pub sold_out: Option<u64>,
    /// The last payment.
    pub last_sale: Option<u64>,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Pace {
    /// Milliseconds from the run's beginning to the opening; 0 where the sale was open before.
    pub opened_ms: u64,
    /// Admissions a second that were asked for; `None` where the concert was made by somebody else.
    pub admission_rate_set: Option<u64>,
    /// Admissions a second that fans learned of: from 2 s after the opening (where the sale was open before
    /// the run, after the first admission) until the line was used up, or sold out.
    pub admission_rate_seen: Option<f64>,
    /// The same by the database's rows; somebody who came back counts when let in last.
    pub admission_rate_done: Option<f64>,
    /// Seen ÷ set.
    pub admission_ratio: Option<f64>,
    /// Milliseconds since the run began.
    pub first_admission_ms: Option<u64>,
    /// Milliseconds since the run began.
    pub last_sale_ms: Option<u64>,
    /// From the first admission to the last sale.
    pub selling_ms: Option<u64>,
    /// Admissions by the database's rows in each second of the run.
    pub admissions_done: Option<Vec<u64>>,
}

/// Admissions a second, as [`Pace`] defines it.
fn rate(admissions: &[u64], opened: u64, sold_out: Option<u64>) -> Option<f64> {
    let (first, last) = (*admissions.first()?, *admissions.last()?);
    let from = if opened > 0 { opened } else { first } + SETTLING_MS;
    let until = sold_out.map_or(last, |at| at.min(last));
    let ms = until.checked_sub(from).filter(|ms| *ms >= MEASURED_MIN_MS)?;
    let count = admissions.iter().filter(|at| (from + 1..=until).contains(at)).count();
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let rate = count as f64 * 1000.0 / ms as f64;
    Some(rate)
}

impl Pace {
    /// Of a run that is over; `set` as [`Pace::admission_rate_set`].
    pub fn of(moments: Moments<'_>, set: Option<u64>) -> Self {
        let Moments { opened, seen, done, sold_out, last_sale } = moments;
        let seen_rate = rate(seen, opened, sold_out);
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
        let ratio = |rate: f64| Some(rate / set.filter(|set| *set > 0)? as f64);
        let first = seen.first().copied();
        Self {
            opened_ms: opened,
            admission_rate_set: set,
            admission_rate_seen: seen_rate,
            admission_rate_done: done.and_then(|done| rate(done, opened, sold_out)),
            admission_ratio: seen_rate.and_then(ratio),
            first_admission_ms: first,
            last_sale_ms: last_sale,
            selling_ms: last_sale.zip(first).and_then(|(last, first)| last.checked_sub(first)),
            admissions_done: done.map(by_second),
        }
    }

    /// Sentences for the terminal.
    pub fn text(&self) -> String {
        let number = |of: Option<f64>| of.map_or("unknown".into(), |of| format!("{of:.1}"));
        let mut text = match (self.first_admission_ms, self.last_sale_ms, self.selling_ms) {
            (Some(first), Some(last), Some(took)) => {
                let s = |ms: u64| format!("{}.{:01} s", ms / 1000, ms % 1000 / 100);
                format!(
                    "First admission at {}, last sale at {}: {} between them.\n",
                    s(first),
                    s(last),
                    s(took)
                )
            }
            _ => String::new(),
        };
        if self.admission_rate_seen.is_some() {
            let set = self.admission_rate_set.map_or("unknown".into(), |set| set.to_string());
            let ratio = self.admission_ratio.map(|ratio| format!(", ratio {ratio:.2}"));
            text += &format!(
                "Admitted per second, from 2 s after the {} until the line was used up: {} (set: {set}{}; by the database: {}).\n",
                if self.opened_ms > 0 { "opening" } else { "first admission" },
                number(self.admission_rate_seen),
                ratio.unwrap_or_default(),
                number(self.admission_rate_done)
            );
        }
        text
    }
}

fn by_second(moments: &[u64]) -> Vec<u64> {
    let mut seconds = Vec::new();
    for at in moments {
        let second = usize::try_from(at / 1000).unwrap_or(0);
        if seconds.len() <= second {
            seconds.resize(second + 1, 0);
        }
        seconds[second] += 1;
    }
    seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 a second, from `from` on.
    fn steady(from: u64, seconds: u64) -> Vec<u64> {
        (0..seconds * 100).map(|nth| from + nth * 10).collect()
    }

    #[test]
    fn the_rate_is_that_of_the_time_in_which_there_was_a_line() {
        let seen = steady(500, 10);
        let moments = Moments { seen: &seen, last_sale: Some(11_000), ..Moments::default() };
        let pace = Pace::of(moments, Some(100));
        assert!(pace.admission_ratio.is_some_and(|ratio| (ratio - 1.0).abs() < 0.01), "{pace:?}");
        assert_eq!((pace.first_admission_ms, pace.selling_ms), (Some(500), Some(10_500)));
        // What the opening let wait for is part of it.
        let late = steady(15_000, 10);
        let pace =
            Pace::of(Moments { seen: &late, opened: 5_000, ..Moments::default() }, Some(100));
        assert!(pace.admission_rate_seen.is_some_and(|rate| rate < 60.0), "{pace:?}");
        // Those who come in much later, for a seat that came back, are not.
        let mut seen = seen;
        seen.push(60_000);
        let sold_out = Some(9_000);
        let pace = Pace::of(
            Moments { seen: &seen, sold_out, done: Some(&seen), ..Moments::default() },
            None,
        );
        assert!(pace.admission_rate_seen.is_some_and(|rate| rate > 99.0), "{pace:?}");
        assert_eq!(pace.admissions_done.map(|done| (done.len(), done[3])), Some((61, 100)));
    }

    #[test]
    fn too_little_has_no_rate() {
        assert_eq!(Pace::of(Moments::default(), Some(5)).admission_rate_seen, None);
        let seen = steady(0, 2);
        let pace = Pace::of(Moments { seen: &seen, ..Moments::default() }, Some(5));
        assert_eq!((pace.admission_rate_seen, pace.selling_ms), (None, None));
    }
}
