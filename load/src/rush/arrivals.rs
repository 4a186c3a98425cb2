//! When fans arrive: open loop, fixed before the first request is sent, whatever the server does.

use boxoffice_server::Failure;
use boxoffice_server::sheet::{self, Column, Fault, Reason, Refused};
use std::path::Path;
use std::time::Duration;

/// How arrivals spread over time.
#[derive(Clone, Debug, PartialEq)]
pub enum Curve {
    /// Nearly all at once: within a second, most of them in its first tenth.
    Spike,
    /// More and more: the rate grows from nothing to twice the mean.
    Ramp,
    /// Evenly.
    Steady,
    /// Rows of a CSV file: from which second on how many arrive until the next row's second.
    Given(Vec<(f64, f64)>),
}

/// Fans of a curve from a file, at most; a row has no more weight than this.
const WEIGHT_MAX: u32 = 1_000_000_000;
/// Last second of a file: a day.
const SECOND_MAX: u32 = 86_400;
/// Faults of a file that are printed, at most.
const FAULTS_SHOWN: usize = 10;

impl Curve {
    /// `spike`, `ramp`, `steady`, or the path of a CSV file with the columns `second,fans`.
    ///
    /// # Errors
    /// The file cannot be read, or a row is none.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        match text {
            "spike" => Ok(Self::Spike),
            "ramp" => Ok(Self::Ramp),
            "steady" => Ok(Self::Steady),
            path => {
                from_csv(Path::new(path)).map_err(|why| format!("arrivals {path}: {why}").into())
            }
        }
    }

    /// When the last may come; `over` as for [`Curve::moments`].
    pub fn ends(&self, over: Duration) -> Duration {
        match self {
            Self::Spike => Duration::from_secs(1),
            Self::Ramp | Self::Steady => over,
            Self::Given(rows) => {
                let last = rows.iter().rposition(|(_, fans)| *fans > 0.0);
                Duration::from_secs_f64(last.map_or(0.0, |index| row_end(rows, index)))
            }
        }
    }

    /// The moments at which `fans` arrive, counted from the start, in order; `over` is how long
    /// arrivals go on (a spike and a file have a length of their own).
    #[must_use]
    pub fn moments(
        &self,
        fans: usize,
        over: Duration,
        random: &mut fastrand::Rng,
    ) -> Vec<Duration> {
        let at = |share: f64| match self {
            Self::Spike => Duration::from_secs_f64(share.powi(4)),
            // The integral of a rate that grows linearly is a square.
            Self::Ramp => over.mul_f64(share.sqrt()),
            Self::Steady => over.mul_f64(share),
            Self::Given(rows) => Duration::from_secs_f64(given(rows, share)),
        };
        let mut moments: Vec<Duration> = (0..fans).map(|_| at(random.f64())).collect();
        moments.sort_unstable();
        moments
    }
}

/// The second with which a row ends: the last goes on for a second.
fn row_end(rows: &[(f64, f64)], index: usize) -> f64 {
    rows.get(index + 1).map_or(rows[index].0 + 1.0, |(next, _)| *next)
}

/// The second by which this share of all fans of the rows has arrived.
fn given(rows: &[(f64, f64)], share: f64) -> f64 {
    let all: f64 = rows.iter().map(|(_, fans)| fans).sum();
    let mut left = share * all;
    for (index, &(second, fans)) in rows.iter().enumerate() {
        if left < fans {
            return second + (row_end(rows, index) - second) * left / fans;
        }
        left -= fans;
    }
    rows.last().map_or(0.0, |(second, _)| second + 1.0)
}

const COLUMNS: &[Column] =
    &[Column { name: "second", also: &["초"] }, Column { name: "fans", also: &["팬"] }];
const SECOND: usize = 0;
const FANS: usize = 1;
/// Rows of a file, at most: one for each second of a day, and their parts.
const ROWS_MAX: usize = 1_000_000;

fn from_csv(path: &Path) -> Result<Curve, Failure> {
    let bytes = std::fs::read(path)?;
    let mut rows: Vec<(f64, f64)> = Vec::new();
    let mut last = None;
    let within = |value: f64, max: u32| {
        let fits = (0.0..=f64::from(max)).contains(&value);
        if fits { Ok(value) } else { Err(Reason::Range { min: 0, max: max.into() }) }
    };
    let read = sheet::read(&bytes, None, COLUMNS, ROWS_MAX, |row| {
        let second = row.read(SECOND, |value| {
            let second = within(sheet::decimal(value)?, SECOND_MAX)?;
            let later = last.replace(second).is_none_or(|before| second > before);
            if later { Ok(second) } else { Err(Reason::NotRising) }
        });
        let fans = row.read(FANS, |value| within(sheet::decimal(value)?, WEIGHT_MAX));
        rows.extend(second.zip(fans));
    });
    read.map_err(|refused| -> Failure { words(refused).into() })?;
    if rows.iter().all(|(_, fans)| *fans == 0.0) {
        return Err("it has no fans".into());
    }
    Ok(Curve::Given(rows))
}

/// What is wrong with a file, for a screen.
fn words(refused: Refused) -> String {
    match refused {
        Refused::Charset(name) => format!("the charset {name} is not read"),
        Refused::Faults(faults) => {
            let mut lines: Vec<String> =
                faults.listed.iter().take(FAULTS_SHOWN).map(Fault::line).collect();
            if faults.total > 1 {
                lines.push(format!("{} faults in all", faults.total));
            }
            lines.join("; ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(curve: &Curve) -> Vec<f64> {
        let over = Duration::from_secs(10);
        let moments = curve.moments(10_000, over, &mut fastrand::Rng::with_seed(1));
        moments.iter().map(Duration::as_secs_f64).collect()
    }

    fn share_before(moments: &[f64], second: f64) -> f64 {
        let count = moments.iter().filter(|m| **m < second).count();
        f64::from(u32::try_from(count).unwrap()) / 10_000.0
    }

    #[test]
    fn curves_have_their_shapes() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 0.02, "{a} and {b}");
        let spike = moments(&Curve::Spike);
        near(share_before(&spike, 0.1), 0.1_f64.powf(0.25));
        near(share_before(&spike, 1.0), 1.0);
        near(share_before(&moments(&Curve::Ramp), 5.0), 0.25);
        near(share_before(&moments(&Curve::Steady), 5.0), 0.5);
        let rows = Curve::Given(vec![(0.0, 100.0), (2.0, 0.0), (5.0, 300.0)]);
        let given = moments(&rows);
        near(share_before(&given, 1.0), 0.125);
        near(share_before(&given, 5.0), 0.25);
        near(share_before(&given, 5.5), 0.625);
        let over = Duration::from_secs(10);
        assert_eq!([Curve::Spike.ends(over), rows.ends(over)].map(|end| end.as_secs()), [1, 6]);
        assert_eq!(Curve::Given(vec![(0.0, 9.0), (300.0, 0.0)]).ends(over).as_secs(), 300);
        assert_eq!(moments(&rows), given, "the same seed gives the same arrivals");
    }

    #[test]
    fn a_file_is_read_or_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("curve.csv");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Curve::parse(path.to_str().unwrap()).map_err(|why| why.to_string())
        };
        assert_eq!(
            read("second,fans\n0, 5\n3,7\n").unwrap(),
            Curve::Given(vec![(0.0, 5.0), (3.0, 7.0)])
        );
        let rows = Curve::Given(vec![(0.0, 5.0), (0.5, 2.0)]);
        assert_eq!(read("Fans;second\r\n5;0\r\n\r\n2;0.5\r\n;\r\n").unwrap(), rows);
        for (bad, why) in [
            ("second,fans\n", "there are no rows below the column names"),
            ("a,b\n0,1\n", "row 1, column a: there is no column of this name"),
            ("second,fans\n3,1\n1,1\n", "row 3, column second, \"1\": must be larger"),
            ("second,fans\n0,-1\n", "row 2, column fans, \"-1\": below zero"),
            ("second,fans\n0,\"1,000\"\n", "row 2, column fans, \"1,000\": the separators"),
            ("second,fans\nx,1\n90000,y\n", "3 faults in all"),
            ("second,fans\n0,0\n", "it has no fans"),
        ] {
            let told = read(bad).unwrap_err();
            assert!(told.contains(why), "{bad}: {told}");
        }
        assert!(Curve::parse("no such file").is_err());
    }
}
