//! Layouts of halls: made, read from what others draw, checked, written for others, and added to a server. All but the
//! last need no server.

use super::server::{Asked, Request, Verb, ask};
use super::show::{is_korean, told};
use super::verbs::contents;
use crate::print_out;
use boxoffice_server::Failure;
use boxoffice_server::layout::generate::{Numbering, Plan};
use boxoffice_server::layout::{self, Checked, Layout, check, grid, pretix};
use clap::{Subcommand, ValueEnum};
use std::fmt::Write;
use std::path::PathBuf;

/// What to do with layouts.
#[derive(Debug, Subcommand)]
pub enum LayoutVerb {
    /// Makes a layout of sections side by side, and prints it
    Generate(Generate),
    /// Reads a seating plan of pretix, or a sheet whose cells are the seats, and prints the layout
    Import(Import),
    /// Prints a layout as a seating plan of pretix
    Export(Export),
    /// Says what is wrong with a layout, or which seats it has
    Check(CheckFile),
    /// Adds a layout to a server, and says its id
    Add(Asked<Add>),
    /// Prints a layout of a server
    Show(Asked<Show>),
}

/// How seats of a row are numbered.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Order {
    /// 1 2 3 4 5
    LeftToRight,
    /// 5 4 3 2 1
    RightToLeft,
    /// 5 3 1 2 4
    OddEven,
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct Generate {
    /// What the hall is called
    #[arg(long, default_value = "Hall")]
    name: String,
    /// Sections side by side: A, B, C, …
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    sections: u32,
    /// Rows of each section
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=500))]
    rows: u32,
    /// Seats of each row
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=500))]
    seats: u32,
    /// How the seats of a row are numbered
    #[arg(long, value_enum, default_value = "left-to-right")]
    numbering: Order,
    /// Rows are curved about the stage
    #[arg(long)]
    curved: bool,
    /// A grade and its rows from the stage, as VIP:5; as often as there are grades, the last has the rest
    #[arg(long, value_parser = grade)]
    grade: Vec<(String, u32)>,
}

/// What a file is.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// A seating plan of pretix, JSON
    Pretix,
    /// A sheet with the columns section, row and grade, and behind them a seat in each cell
    Csv,
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The file; - reads what is typed
    file: PathBuf,
    /// What it is
    #[arg(long, value_enum)]
    from: Form,
    /// What the hall is called, where the file does not say
    #[arg(long, default_value = "Hall")]
    name: String,
    /// Encoding of a sheet, where its bytes do not say
    #[arg(long)]
    charset: Option<String>,
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// File with a layout; - reads what is typed
    file: PathBuf,
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct CheckFile {
    /// File with a layout; - reads what is typed
    file: PathBuf,
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct Add {
    /// File with a layout; - reads what is typed
    file: PathBuf,
}

impl Verb for Add {
    fn request(&self) -> Result<Request, Failure> {
        let body = contents(&self.file)?;
        Ok(Request::new("POST", "/api/v1/admin/layouts").body("application/json", body))
    }
}

/// See its help.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// The layout's id
    layout: String,
}

impl Verb for Show {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::new("GET", format!("/api/v1/layouts/{}", self.layout)))
    }
}

/// A grade and how many rows it has.
fn grade(text: &str) -> Result<(String, u32), String> {
    let parts = text.rsplit_once(':').filter(|(grade, _)| !grade.is_empty());
    let found = parts.and_then(|(grade, rows)| Some((grade.to_owned(), rows.parse().ok()?)));
    found.ok_or_else(|| {
        told("it takes GRADE:ROWS such as VIP:5", "등급:열 수로 입력합니다(예: VIP:5).")
    })
}

/// What is wrong with a layout, a line each.
fn wrong(faults: &layout::Faults) -> Failure {
    if !is_korean() {
        return faults.to_string().into();
    }
    let one = |fault: &layout::Fault| {
        let place = match fault.line {
            Some(line) => format!("{line}행 {}열", fault.pointer),
            None => fault.pointer.clone(),
        };
        let parts = [Some(place).filter(|place| !place.is_empty()), fault.value.clone()];
        let place = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let between = if place.is_empty() { "" } else { ": " };
        format!("{place}{between}{}", fault.reason.ko())
    };
    let mut lines: Vec<String> = faults.listed.iter().map(one).collect();
    let more = faults.total.saturating_sub(faults.listed.len());
    lines.extend((more > 0).then(|| format!("… 외 {more}건")));
    lines.join("\n").into()
}

fn checked(layout: Layout) -> Result<Checked, Failure> {
    check(layout).map_err(|faults| wrong(&faults))
}

fn read(file: &std::path::Path) -> Result<Checked, Failure> {
    let bytes = contents(file)?;
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        let file = file.display();
        return Err(told(
            format!("{file}: a layout is a JSON object"),
            format!("{file}: 좌석 배치도는 JSON 객체여야 합니다."),
        )
        .into());
    }
    let layout: Layout =
        serde_json::from_slice(&bytes).map_err(|why| format!("{}: {why}", file.display()))?;
    checked(layout)
}

/// A row a line, so that it can be read and changed by hand.
fn print(checked: &Checked) -> Result<(), Failure> {
    print_out(checked.body.replace("{\"label\"", "\n{\"label\"") + "\n")
}

impl Generate {
    fn layout(&self) -> Layout {
        let plan = Plan {
            name: self.name.clone(),
            sections: self.sections,
            rows: self.rows,
            seats: self.seats,
            numbering: match self.numbering {
                Order::LeftToRight => Numbering::LeftToRight,
                Order::RightToLeft => Numbering::RightToLeft,
                Order::OddEven => Numbering::OddEven,
            },
            curved: self.curved,
            grades: self.grade.clone(),
        };
        plan.layout()
    }
}

impl Import {
    fn layout(&self) -> Result<Layout, Failure> {
        let bytes = contents(&self.file)?;
        let found = match self.from {
            Form::Pretix => pretix::read(&bytes),
            Form::Csv => grid::read(&bytes, self.charset.as_deref(), &self.name),
        };
        found.map_err(|faults: layout::Faults| wrong(&faults))
    }
}

/// Its seats in figures.
fn figures(checked: &Checked) -> String {
    let mut text = format!(
        "layout {}\nname   {}\nseats  {}\n",
        checked.id,
        checked.layout.name,
        checked.hall.seats().len()
    );
    for (grade, seats) in checked.hall.grades() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "grade  {}: {seats}", grade.unwrap_or("(none)"));
    }
    let sections: Vec<&str> = checked.hall.sections().collect();
    let _ = writeln!(text, "sections {}", sections.join(", "));
    text
}

/// Runs the verb.
///
/// # Errors
/// What is wrong with a file, place by place; or the server's answer.
pub fn run(verb: LayoutVerb) -> Result<(), Failure> {
    match verb {
        LayoutVerb::Generate(generate) => print(&checked(generate.layout())?),
        LayoutVerb::Import(import) => print(&checked(import.layout()?)?),
        LayoutVerb::Export(export) => {
            print_out(format!("{}\n", pretix::write(&read(&export.file)?.layout)))
        }
        LayoutVerb::Check(file) => print_out(figures(&read(&file.file)?)),
        LayoutVerb::Add(asked) => ask(asked),
        LayoutVerb::Show(asked) => ask(asked),
    }
}
