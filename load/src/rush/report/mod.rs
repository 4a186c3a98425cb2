//! What is left of a rush: a summary for the terminal, a JSON file, and one HTML file that shows it.

mod facts;

pub use facts::Facts;

use super::figures::{Chosen, Figures, Funnel, Percentiles, Second, Stage};
use super::limit::Shares;
use super::live;
use super::options::Options;
use super::pace::{Moments, Pace};
use super::process::{Server, peak_memory_bytes};
use super::pushed::Shown;
use super::venue::Judgement;
use super::world::World;
use boxoffice_core::time::Time;
use boxoffice_server::Failure;
use boxoffice_server::http::view::stamp;
use serde::Serialize;
use std::path::Path;

const PAGE: &str = include_str!("page.html");
/// uPlot 1.6.32, MIT (see `uplot/LICENSE`): inside the page, so that it needs nothing else.
const UPLOT: &str = include_str!("uplot/uPlot.iife.min.js");
const UPLOT_STYLE: &str = include_str!("uplot/uPlot.min.css");

/// Entries of a list that the terminal shows.
const SHOWN_MAX: usize = 10;

/// From so many per cent of a second on, answers wait for the fans' own thread.
const BUSY: f64 = 90.0;

/// A line of the latency table.
#[derive(Serialize)]
struct Latency {
    step: &'static str,
    #[serde(flatten)]
    ms: Percentiles,
}

/// How often something was answered.
#[derive(Serialize)]
struct Answered {
    step: &'static str,
    answer: String,
    count: u64,
}

/// How many fans ended so.
#[derive(Serialize)]
struct Ended {
    stage: &'static str,
    fans: u64,
}

/// See the module.
#[derive(Serialize)]
pub struct Report {
    version: &'static str,
    facts: Facts,
    /// When the run began, RFC 3339.
    began: String,
    options: Options,
    seconds_taken: u64,
    funnel: Funnel,
    ended: Vec<Ended>,
    /// Paid, less those that were given back.
    seats_sold: u64,
    /// Given back by an operator.
    seats_refunded: u64,
    races_lost: u64,
    /// How fans came to their seats.
    chosen: Chosen,
    /// Streams of events that fans held.
    streams: Shown,
    doubled: u64,
    cut: u64,
    broken_connections: u64,
    /// Per cent of the run in which the fans' own thread was at work.
    generator_busy: f64,
    /// Seconds in which it was at work nearly all the time.
    generator_full_seconds: usize,
    /// Per cent of the run in which the generator was the limit, and why.
    generator_limit: Shares,
    /// Most memory that the generator had.
    generator_peak_memory_bytes: Option<u64>,
    /// The server that was started for the run.
    server: Option<Server>,
    /// Fans who learned in line that no seat is left.
    sold_out_waiting: u64,
    /// Fans who were let in and found no seat left.
    sold_out_shopping: u64,
    #[serde(flatten)]
    pace: Pace,
    /// Attackers beside the fans.
    attackers: u32,
    /// Their answers, by what they did; none of them is in the other figures.
    hostile: Vec<Answered>,
    latency: Vec<Latency>,
    answers: Vec<Answered>,
    /// Requests that were still without an answer when the time was over, their last try broken.
    unanswered: u64,
    unexpected: u64,
    unexpected_examples: Vec<String>,
    judgement: Judgement,
    /// How many things are not as they should be.
    wrong: u64,
    stages: Vec<&'static str>,
    seconds: Vec<Second>,
}

fn pace(world: &World, figures: &Figures, judgement: &Judgement) -> Pace {
    let moments = Moments {
        opened: world.opened_ms,
        seen: &figures.admissions_ms,
        done: judgement.admissions_ms.as_deref(),
        sold_out: figures.sold_out_ms,
        last_sale: figures.last_sale_ms,
    };
    let options = &world.options;
    Pace::of(moments, options.concert.is_none().then_some(options.admissions_per_second))
}

/// How busy the fans' own thread was, for the terminal: per cent of the run, and in how many of its seconds
/// nearly all the time.
fn work(percent: f64, full: usize, of: usize) -> String {
    let all = format!("The fans' own thread was busy {percent:.0} % of the time");
    if full == 0 {
        return format!("{all}.");
    }
    format!(
        "{all}. In {full} of {of} seconds it was busy throughout ({BUSY} % or more), and latencies then are partly its own."
    )
}

impl Report {
    /// Of a run that is over.
    pub fn of(world: &World, judgement: Judgement, server: Option<Server>, facts: Facts) -> Self {
        let figures = world.figures.borrow();
        let ended = |stage: Stage| Ended { stage: stage.name(), fans: figures.in_stage(stage) };
        type Counted<'a> = (&'a (&'static str, u16, String), &'a u64);
        let answered = |(&(step, status, ref code), &count): Counted<'_>| Answered {
            step,
            // What was no request has no status.
            answer: match status {
                0 => code.clone(),
                _ => format!("{status} {code}").trim_end().to_owned(),
            },
            count,
        };
        let hostile = world.hostile.borrow();
        // Whatever they ask, it is no fault of the server.
        let faults = hostile.answers.iter().filter(|((_, status, _), _)| *status == 500);
        let faults: u64 = faults.map(|(_, count)| count).sum();
        let latency = |(step, ms)| Latency { step, ms };
        let full = |second: &&Second| second.generator_busy >= BUSY;
        Self {
            version: boxoffice_server::metrics::VERSION,
            facts,
            began: stamp(Time(world.began_at)),
            options: world.options.clone(),
            seconds_taken: figures.seconds.len() as u64,
            funnel: figures.funnel,
            ended: Stage::ALL.into_iter().map(ended).filter(|ended| ended.fans > 0).collect(),
            seats_sold: figures.seats_sold(),
            seats_refunded: figures.seats_refunded(),
            races_lost: figures.races_lost,
            chosen: figures.chosen,
            streams: figures.streams.shown(),
            doubled: figures.doubled,
            cut: figures.cut,
            broken_connections: figures.broken,
            generator_busy: figures.generator_busy(),
            generator_full_seconds: figures.seconds.iter().filter(full).count(),
            generator_limit: figures.limit.shares(),
            generator_peak_memory_bytes: peak_memory_bytes("self"),
            server,
            sold_out_waiting: figures.in_stage(Stage::SoldOutWaiting),
            sold_out_shopping: figures.in_stage(Stage::SoldOut),
            pace: pace(world, &figures, &judgement),
            attackers: world.attackers,
            hostile: hostile.answers.iter().map(answered).collect(),
            latency: figures.latencies().into_iter().map(latency).collect(),
            answers: figures.answers.iter().map(answered).collect(),
            unanswered: figures.unanswered,
            unexpected: figures.surprised,
            unexpected_examples: figures.surprises.clone(),
            wrong: figures.surprised + figures.unanswered + faults + judgement.wrong(),
            judgement,
            stages: Stage::ALL.map(Stage::name).to_vec(),
            seconds: figures.seconds.clone(),
        }
    }

    /// How many things are not as they should be.
    pub const fn wrong(&self) -> u64 {
        self.wrong
    }

    /// Writes `report.json` and `report.html`.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Failure> {
        let named = |why: std::io::Error| format!("--out {}: {why}", folder.display());
        std::fs::create_dir_all(folder).map_err(named)?;
        let json = serde_json::to_string_pretty(self)?;
        std::fs::write(folder.join("report.json"), &json).map_err(named)?;
        std::fs::write(folder.join("report.html"), self.page()?).map_err(named)?;
        Ok(())
    }

    fn page(&self) -> Result<String, Failure> {
        // In a script element only this sequence would end the data.
        let data = serde_json::to_string(self)?.replace("</", "<\\/");
        let page = PAGE.replace("/*uplot.css*/", UPLOT_STYLE).replace("/*uplot.js*/", UPLOT);
        let summary = self.summary().replace('&', "&amp;").replace('<', "&lt;");
        // Last, since the data may hold whatever an operator calls a show.
        Ok(page.replace("<!--summary-->", &summary).replace("/*data*/null", &data))
    }

    /// The result in sentences, for the terminal and for the page without scripts.
    fn summary(&self) -> String {
        let mut text = self.facts.text();
        let funnel = &self.funnel;
        text += &format!(
            "{} s. Of {} fans {} came, {} got a place, {} were let in, {} held seats, {} bought.\n",
            self.seconds_taken,
            self.options.fans,
            funnel.arrived,
            funnel.joined,
            funnel.admitted,
            funnel.held,
            funnel.paid
        );
        let ended: Vec<String> =
            self.ended.iter().map(|ended| format!("{} {}", ended.fans, ended.stage)).collect();
        text += &format!("How they ended: {}.\n", ended.join(", "));
        if self.seats_refunded > 0 {
            text += &format!("An operator gave {} seats back.\n", self.seats_refunded);
        }
        text += &format!(
            "{} seats sold, {} races lost, {} requests sent twice, {} cut off, {} connections broke.\n",
            self.seats_sold, self.races_lost, self.doubled, self.cut, self.broken_connections
        );
        let Chosen { on_the_map, by_layout, best, best_narrowed, best_none_fit } = self.chosen;
        text += &format!(
            "Of the holds {on_the_map} were chosen seat by seat on the map, {by_layout} together by the layout, and {best} were the best seats ({best_narrowed} of a grade or in a section); {best_none_fit} answers said that no seats fit.\n"
        );
        text += &self.streams.text();
        text + &self.judgement.hall.map_or_else(String::new, |hall| hall.text())
    }

    /// Tells the result.
    #[expect(clippy::print_stdout, reason = "the summary is the verb's result")]
    pub fn print(&self, folder: &Path) {
        print!("{}", self.summary());
        let (full, of) = (self.generator_full_seconds, self.seconds.len());
        println!("{}", work(self.generator_busy, full, of));
        let Shares { any, busy, late, connections } = self.generator_limit;
        println!(
            "The generator was the limit in {any:.0} % of the time (thread busy {busy:.0} %, timers late {late:.0} %, no free connection {connections:.0} %)."
        );
        print!("{}{}", self.pace.text(), self.memory());
        let put_off =
            self.answers.iter().filter(|a| a.step == "poll" && a.answer.starts_with("503"));
        let put_off: u64 = put_off.map(|answered| answered.count).sum();
        if put_off > 0 {
            println!("{put_off} polls were put off (503) and asked again.");
        }
        println!("\n| step | answers | p50 ms | p90 ms | p99 ms | p99.9 ms | most ms |");
        println!("|---|---:|---:|---:|---:|---:|---:|");
        for Latency { step, ms } in &self.latency {
            println!(
                "| {step} | {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
                ms.count, ms.p50, ms.p90, ms.p99, ms.p999, ms.max
            );
        }
        println!();
        self.print_hostile();
        self.print_judgement();
        println!("{} and report.json tell more.", folder.join("report.html").display());
    }

    #[expect(clippy::print_stdout, reason = "the summary is the verb's result")]
    fn print_hostile(&self) {
        if self.attackers == 0 {
            return;
        }
        println!("{} attackers were answered:", self.attackers);
        println!("\n| attack | answer | count |\n|---|---|---:|");
        for Answered { step, answer, count } in &self.hostile {
            println!("| {step} | {answer} | {count} |");
        }
        println!();
    }

    /// How often it was said that no seats fit, where the best were asked for.
    fn answers_none_fit(&self) -> Option<String> {
        let Chosen { best, best_none_fit, .. } = self.chosen;
        (best + best_none_fit > 0).then(|| format!("{best_none_fit} answers"))
    }

    /// What the processes took, where it is known.
    fn memory(&self) -> String {
        let mib = |bytes: u64| format!("{} MiB", bytes / (1024 * 1024));
        let server = self.server.map_or_else(String::new, |server| {
            let peak = server.peak_memory_bytes.map_or("unknown".into(), mib);
            format!("The server was up in {} ms; its memory was {peak} at most. ", server.start_ms)
        });
        let own = self.generator_peak_memory_bytes.map_or("unknown".into(), mib);
        format!("{server}The generator's memory was {own} at most.\n")
    }

    #[expect(clippy::print_stdout, reason = "the summary is the verb's result")]
    fn print_judgement(&self) {
        let list_some = |name: &str, count: u64, entries: &[String], of: String| {
            if count == 0 {
                println!("ok    {name}: {of}");
                return;
            }
            println!("WRONG {name}: {count} of {of}");
            entries.iter().take(SHOWN_MAX).for_each(|entry| println!("      {entry}"));
        };
        let list = |name: &str, entries: &[String], of: String| {
            list_some(name, entries.len() as u64, entries, of);
        };
        let judgement = &self.judgement;
        let histories = &judgement.linearizability;
        match &judgement.audit {
            Some(audit) => print!("{}", audit.text()),
            None => live::note("The database was not audited: --database names it."),
        }
        if judgement.audit.is_some() {
            list(
                "what fans were told is true",
                &judgement.untrue,
                format!("{} facts", judgement.facts),
            );
        }
        let of = format!("{} operations on {} seats", histories.operations, histories.seats);
        list("seats' histories are linearizable", &histories.broken, of.clone());
        if let Some(told) = self.answers_none_fit() {
            list("no seats fit where that was said", &judgement.wrongly_none_fit, told);
        }
        if !histories.undecided.is_empty() {
            list("seats' histories are decided", &histories.undecided, of);
        }
        let answers: u64 = self.answers.iter().map(|answered| answered.count).sum();
        let (of, some) = (format!("{answers} answers"), &self.unexpected_examples);
        list_some("answers are expected ones", self.unexpected, some, of.clone());
        list_some("nobody's last try broke off", self.unanswered, &[], of);
    }
}

#[cfg(test)]
mod tests {
    use super::super::figures::Step;
    use super::super::venue::{TEMPORARY, UNNAMED};
    use super::*;

    #[test]
    fn the_page_has_korean_words_for_all_that_the_data_says() {
        let steps = Step::ALL.map(Step::name);
        let stages = Stage::ALL.map(Stage::name);
        for name in steps.iter().chain(&stages).chain(&[TEMPORARY, UNNAMED]) {
            assert!(PAGE.contains(&format!("\"{name}\": \"")), "no Korean for {name:?}");
        }
    }

    #[test]
    fn the_terminal_tells_how_busy_the_generator_was() {
        assert_eq!(work(48.2, 0, 26), "The fans' own thread was busy 48 % of the time.");
        assert!(work(48.2, 1, 26).contains("In 1 of 26 seconds it was busy throughout (90 % or"));
    }
}
