//! The audit: counts the whole sale again from the raw rows. It shares nothing with the rules that
//! wrote them: no row type, no constant, no line of code.
//!
//! Each check is a sentence that must hold, and a query for what breaks it. All run in one snapshot. A
//! shared database is copied into an SQLite file first, row by row as it is, so that one set of queries
//! judges both.

mod checks;
mod copy;
mod draw;
mod sales;

pub use checks::checks;
pub use draw::{Drawn, draw_seed};
pub use sales::{DateSales, GradeSales};

use crate::store::Fault;
use crate::store::mysql::Options;
use crate::store::sqlite::{Files, open_reader_alone};
use copy::copy;
use rusqlite::Connection;
use serde::Serialize;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Rows that break a check, listed at most; all are counted.
pub const LISTED_MAX: usize = 20;

/// Dates whose sales are listed for people.
const DATES_SHOWN_MAX: usize = 50;

/// A sentence that must hold.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its stable name.
    pub name: &'static str,
    /// What must hold.
    pub sentence: &'static str,
    /// Gives a line of text for each row, or set of rows, that breaks it. `:now` is UTC milliseconds;
    /// times of different rows are compared with `:slack` milliseconds between them.
    pub sql: &'static str,
}

/// What came of a check.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Its stable name.
    pub name: &'static str,
    /// What must hold.
    pub sentence: &'static str,
    /// How many times it does not.
    pub broken_count: u64,
    /// Where it does not: the first of them.
    pub broken: Vec<String>,
}

/// Rows of a table.
#[derive(Clone, Debug, Serialize)]
pub struct Counted {
    /// Which table.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
}

/// What came of an audit.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// UTC milliseconds as of which holds count.
    pub now_ms: i64,
    /// How long it took.
    pub took_ms: u64,
    /// Each check, in order.
    pub checks: Vec<Finding>,
    /// How many of the checks hold.
    pub holding: usize,
    /// What has been sold of each date.
    pub sales: Vec<DateSales>,
    /// What was looked at.
    pub tables: Vec<Counted>,
}

impl Report {
    /// How many things are not as they should be.
    #[must_use]
    pub fn broken(&self) -> u64 {
        self.checks.iter().map(|check| check.broken_count).sum()
    }

    /// What is for people: a line for each check, with a list below it where it does not hold; what was sold
    /// of each date; and at the end how many hold.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for check in &self.checks {
            if check.broken_count == 0 {
                text += &format!("ok    {}\n", check.sentence);
                continue;
            }
            let (sentence, name, count) = (check.sentence, check.name, check.broken_count);
            text += &format!("WRONG {sentence} ({name}): {count}\n");
            for broken in &check.broken {
                text += &format!("      {broken}\n");
            }
            if count > check.broken.len() as u64 {
                text += "      …\n";
            }
        }
        let counts = self.tables.iter().filter(|table| table.rows > 0);
        let counts: Vec<String> = counts.map(|t| format!("{} {}", t.rows, t.table)).collect();
        text += &self.sales_text();
        text += &format!("rows  {}; {} ms\n", counts.join(", "), self.took_ms);
        text + &format!("{} of {} checks hold\n", self.holding, self.checks.len())
    }

    fn sales_text(&self) -> String {
        let line = |date: &DateSales| {
            let DateSales { concert, starts_at, seats, sold, held, blocked, revenue, .. } = date;
            // An operator has typed the name.
            let concert = crate::log::clean(concert);
            let revenue = grouped(*revenue);
            format!(
                "sales {concert}, {starts_at}: {sold} of {seats} sold, {held} held, {blocked} blocked, {revenue} paid\n"
            )
        };
        let mut text: String = self.sales.iter().take(DATES_SHOWN_MAX).map(line).collect();
        let more = self.sales.len().saturating_sub(DATES_SHOWN_MAX);
        if more > 0 {
            text += &format!("sales … and {more} dates more (--json has all)\n");
        }
        let sold: u64 = self.sales.iter().map(|date| date.sold).sum();
        let paid = self.sales.iter().fold(0_i64, |sum, date| sum.saturating_add(date.revenue));
        let (dates, paid) = (self.sales.len(), grouped(paid));
        text + &format!(
            "sales {dates} dates: {sold} seats sold, {paid} paid (minor units, less what went back)\n"
        )
    }
}

/// A number with commas, for people.
fn grouped(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", crate::log::grouped(number.unsigned_abs()))
}

/// A file that is removed at the end.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed is in the system's temporary folder.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// How far apart the clocks of servers of one database may be, milliseconds. Each follows that of the
/// database, and no closer than a fiftieth of a second or half of the time that an answer takes.
const SLACK_MS: i64 = 250;

/// The rows of a database as of one moment.
pub struct Snapshot {
    /// UTC milliseconds by the clock that the rows were written by, of a moment after the rows'.
    now_ms: i64,
    slack_ms: i64,
    // In this order: the connection is closed before its file goes.
    rows: Connection,
    _temporary: Option<Temporary>,
}

impl Snapshot {
    /// Of an embedded database. Nobody who writes waits for it; while it is open the write-ahead log
    /// cannot begin anew.
    ///
    /// `clock` is asked for UTC milliseconds once the rows are those that they stay.
    ///
    /// # Errors
    /// There is no database of this schema.
    pub fn of_file(path: &Path, clock: impl FnOnce() -> i64) -> Result<Self, Fault> {
        let rows = open_reader_alone(&Files { path: path.to_path_buf() })?;
        draw::teach(&rows)?;
        // The first read fixes what all later ones see.
        rows.execute_batch("BEGIN")?;
        let sound: String = rows.query_row("PRAGMA quick_check", [], |row| row.get(0))?;
        if sound != "ok" {
            return Err(Fault::Corrupt(sound));
        }
        Ok(Self { now_ms: clock(), slack_ms: 0, rows, _temporary: None })
    }

    /// Of a database that servers share: copied into a file of the system's temporary folder.
    ///
    /// # Errors
    /// There is no database of this schema, or no room for its copy.
    pub fn of_server(options: &Options) -> Result<Self, Fault> {
        let name = format!("boxoffice-audit-{}.db", uuid::Uuid::now_v7());
        let temporary = Temporary(std::env::temp_dir().join(name));
        // What is copied is nobody else's to read.
        let mut made = std::fs::OpenOptions::new();
        let made = made.write(true).create_new(true).mode(0o600).open(&temporary.0);
        made.map_err(|why| Fault::Unavailable(format!("{}: {why}", temporary.0.display())))?;
        // What is not over yet by the database's clock may be by that of a server which is ahead.
        let now_ms = copy(options, &temporary.0)? + SLACK_MS;
        let opened = Self::of_file(&temporary.0, || now_ms)?;
        Ok(Self { slack_ms: SLACK_MS, _temporary: Some(temporary), ..opened })
    }

    /// The rows themselves, for whoever has more to ask.
    #[must_use]
    pub const fn rows(&self) -> &Connection {
        &self.rows
    }

    /// Runs every check. A hold counts before its end only.
    ///
    /// # Errors
    /// The rows cannot be read.
    pub fn audit(&self) -> Result<Report, Fault> {
        let now_ms = self.now_ms;
        let began = Instant::now();
        let checks = checks().map(|check| self.check(check));
        let checks: Vec<Finding> = checks.collect::<Result<_, Fault>>()?;
        let holding = checks.iter().filter(|check| check.broken_count == 0).count();
        let sales = self.sales()?;
        let tables = self.counts()?;
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Report { now_ms, took_ms, checks, holding, sales, tables })
    }

    fn check(&self, check: &Check) -> Result<Finding, Fault> {
        let mut statement = self.rows.prepare(check.sql)?;
        for (name, value) in [(":now", self.now_ms), (":slack", self.slack_ms)] {
            if let Some(at) = statement.parameter_index(name)? {
                statement.raw_bind_parameter(at, value)?;
            }
        }
        let mut found = statement.raw_query();
        let (mut broken, mut broken_count) = (Vec::new(), 0);
        while let Some(row) = found.next()? {
            broken_count += 1;
            if broken.len() < LISTED_MAX {
                broken.push(row.get::<_, Option<String>>(0)?.unwrap_or_default());
            }
        }
        Ok(Finding { name: check.name, sentence: check.sentence, broken_count, broken })
    }

    fn counts(&self) -> Result<Vec<Counted>, Fault> {
        let count = |table: &String| {
            let text = format!("SELECT count(*) FROM \"{table}\"");
            let rows: i64 = self.rows.query_row(&text, [], |row| row.get(0))?;
            Ok(Counted { table: table.clone(), rows: u64::try_from(rows).unwrap_or(0) })
        };
        copy::tables(&self.rows)?.iter().map(count).collect()
    }
}
