//! The verbs of the binary. What goes wrong before serving is told in one sentence.

pub mod admin;
pub mod audit;
pub mod bench;
pub mod database;
pub mod demo;
pub mod node;
pub mod rush;
pub mod serve;

use crate::config::{Config, Given, Invalid, check_environment};
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// An on-sale engine for seated concerts.
#[derive(Debug, Parser)]
#[command(name = "boxoffice", version, about, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// Settings from a file, below those of flags and environment.
#[derive(Debug, Default, clap::Args)]
pub struct Settings {
    /// TOML file with settings (see boxoffice.example.toml)
    #[arg(long, env = "BOXOFFICE_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    given: Given,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Runs the server (the default verb)
    Serve(Settings),
    /// Keys of operators and of tokens
    #[command(subcommand)]
    Admin(admin::Verb),
    /// Counts the whole sale again from the raw rows of a database
    Audit(audit::Options),
    /// Measures this machine: ratios to the server's own no-op route
    Bench(bench::Options),
    /// Sends a crowd of simulated fans to a server, and counts everything again afterwards
    Rush(rush::Options),
}

/// Something that stops a verb; shown as one sentence.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

impl std::error::Error for Invalid {}

impl Settings {
    /// What the environment says.
    fn of_environment() -> Self {
        match Arguments::parse_from(["boxoffice", "serve"]).verb {
            Some(Verb::Serve(settings)) => settings,
            _ => Self::default(),
        }
    }

    /// What a server would be given that starts here, below the flags of another verb.
    ///
    /// # Errors
    /// The file cannot be read, or has an unknown key or a bad value.
    pub fn below(flags: Given, config: Option<PathBuf>) -> Result<Given, Invalid> {
        let around = Self::of_environment();
        Self { config: config.or(around.config), given: flags.or(around.given) }.given()
    }

    fn given(self) -> Result<Given, Invalid> {
        let file = self.config.as_deref().map_or(Ok(Given::default()), Given::from_file)?;
        Ok(self.given.or(file))
    }

    /// The settings as they hold.
    ///
    /// # Errors
    /// An unknown key or a bad value.
    pub fn resolve(self) -> Result<Config, Invalid> {
        self.given()?.resolve()
    }
}

fn run() -> Result<(), Failure> {
    check_environment(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
    let arguments = Arguments::parse();
    // Without a verb, the environment still counts: parse as `serve`.
    match arguments.verb.unwrap_or_else(|| Verb::Serve(Settings::of_environment())) {
        Verb::Serve(settings) => serve::run(&settings.resolve()?),
        Verb::Admin(verb) => admin::run(verb),
        Verb::Audit(options) => audit::run(options),
        Verb::Bench(options) => bench::run(&options),
        Verb::Rush(options) => rush::run(options),
    }
}

/// Runs the verb that the arguments name.
#[must_use]
#[expect(clippy::print_stderr, reason = "this is where a person reads why it did not start")]
pub fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("boxoffice: {failure}");
            ExitCode::FAILURE
        }
    }
}
