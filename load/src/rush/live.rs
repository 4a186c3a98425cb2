//! What a person sees while a rush goes on.

use super::figures::{Figures, Stage, Step};
use super::world::World;
use std::io::{IsTerminal, Write};
use std::rc::Rc;
use std::time::Duration;

/// Between two pictures in a terminal.
const REDRAW: Duration = Duration::from_millis(500);
/// Between two lines where nobody watches a screen.
const LINE_EVERY: usize = 5;

/// Stages that are shown while the run goes on.
const SHOWN: [Stage; 6] =
    [Stage::Away, Stage::Waiting, Stage::Shopping, Stage::Holding, Stage::Bought, Stage::SoldOut];

/// Ends the seconds of the figures, and shows the run, until it is aborted.
pub async fn watch(world: Rc<World>) {
    let terminal = std::io::stderr().is_terminal();
    let mut beat = tokio::time::interval_at(world.began() + REDRAW, REDRAW);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut lines, mut shown) = (0, 0);
    loop {
        beat.tick().await;
        let elapsed = world.began().elapsed().as_secs();
        let mut figures = world.figures.borrow_mut();
        figures.catch_up(false);
        let ticked = figures.seconds.len() > shown;
        shown = figures.seconds.len();
        if terminal {
            lines = draw(&figures, elapsed, lines);
        } else if ticked && figures.seconds.len().is_multiple_of(LINE_EVERY) {
            say(&format!("{elapsed:>4} s  {}\n", stages(&figures)));
        }
    }
}

/// Progress is printed only where somebody may see it.
fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn stages(figures: &Figures) -> String {
    let part = |stage: Stage| format!("{} {}", stage.name(), figures.in_stage(stage));
    SHOWN.map(part).join("  ")
}

/// Draws over the lines drawn before. Returns how many it drew.
fn draw(figures: &Figures, elapsed: u64, before: usize) -> usize {
    let last = figures.seconds.last();
    let rate = last.map_or(0, |second| second.answers);
    let latency = |step: Step| {
        let found = last.and_then(|second| second.latency.get(step.name()));
        found.map_or_else(String::new, |p| format!("{} {:.1}/{:.1}", step.name(), p.p50, p.p99))
    };
    let timed: Vec<String> = [Step::Join, Step::Poll, Step::Map, Step::Hold, Step::Pay]
        .map(latency)
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    let lines = [
        format!("{elapsed:>4} s  {}", stages(figures)),
        format!(
            "        {rate} answers/s  seats sold {}  races lost {}  cut {}  broken {}  unexpected {}  fans' own thread {:.0} %",
            figures.seats_sold(),
            figures.races_lost,
            figures.cut,
            figures.broken,
            figures.surprised,
            last.map_or(0.0, |second| second.generator_busy)
        ),
        format!("        p50/p99 ms: {}", timed.join("  ")),
    ];
    let mut text = if before > 0 { format!("\x1b[{before}A") } else { String::new() };
    for line in &lines {
        text += &format!("\r\x1b[K{line}\n");
    }
    say(&text);
    lines.len()
}

/// Says something once, beside the progress.
pub fn note(text: &str) {
    say(&format!("{text}\n"));
}
