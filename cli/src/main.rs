//! The verbs of the binary. What goes wrong before serving is told in one sentence.

pub mod admin;
pub mod audit;
pub mod bench;
pub mod database;
pub mod demo;
pub mod node;
pub mod rush;
pub mod serve;

use boxoffice_server::config::{Config, Given, Invalid, KEYS, check_environment};
use boxoffice_server::metrics::{COMMIT, VERSION};
use clap::error::{ContextKind, ContextValue};
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::LazyLock;

/// An on-sale engine for seated concerts.
#[derive(Debug, Parser)]
#[command(name = "boxoffice", about, disable_help_subcommand = true)]
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
    #[command(after_help = "-h shows what matters first, --help every setting.")]
    Serve(Settings),
    /// What operators do: keys, concerts, dates, sales, queues, exports
    Admin(admin::Admin),
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
        let mut given = self.given;
        // An empty one says nothing.
        given.log = given.log.filter(|log| !log.trim().is_empty());
        if given.log.is_none() {
            given.log = rust_log()?;
        }
        Ok(given.or(file))
    }

    /// The settings as they hold.
    ///
    /// # Errors
    /// An unknown key or a bad value.
    pub fn resolve(self) -> Result<Config, Invalid> {
        self.given()?.resolve()
    }
}

/// Prints a verb's result. Whoever reads a part of it only (`| head`) has what they wanted.
///
/// # Errors
/// It cannot be written.
pub fn print_out(text: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_ref()).and_then(|()| out.flush()) {
        Err(why) if why.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(why) => Err(format!("standard output: {why}").into()),
        Ok(()) => Ok(()),
    }
}

/// The filter that programs with this kind of log take by custom: an environment variable, so that it goes
/// before the file, and behind our own.
fn rust_log() -> Result<Option<String>, Invalid> {
    let Some(filter) = std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty()) else {
        return Ok(None);
    };
    boxoffice_server::log::usual(&filter).map_err(|why| Invalid(format!("RUST_LOG: {why}")))?;
    Ok(Some(filter))
}

/// Where a database is.
const OF_DATABASE: &[&str] =
    &["database", "database_tls", "database_tls_ca", "database_timeout_seconds"];
/// Where the token keys are.
const OF_KEYS: &[&str] = &["keys_file"];

/// The command line. Of verbs that are not `serve` the help shows the settings that matter to them; the
/// others are taken all the same, since a server's file and environment hold them, too.
fn command() -> Command {
    fn only(command: Command, shown: &'static [&'static str]) -> Command {
        command.mut_args(move |arg| {
            let name = arg.get_id().as_str();
            let (is_setting, is_shown) = (KEYS.contains(&name), shown.contains(&name));
            if is_setting {
                arg.hide(!is_shown).hide_short_help(false).help_heading(None)
            } else {
                arg
            }
        })
    }
    let key = |name: &str| if name == "rotate" { OF_KEYS } else { OF_DATABASE };
    let keys = move |keys: Command| {
        keys.mut_subcommands(move |verb| {
            let shown = key(verb.get_name());
            only(verb, shown)
        })
    };
    static TOLD: LazyLock<String> = LazyLock::new(|| format!("{VERSION} (commit {COMMIT})"));
    Arguments::command()
        .version(TOLD.as_str())
        .mut_subcommand("audit", |audit| only(audit, OF_DATABASE))
        .mut_subcommand("admin", move |admin| {
            admin.mut_subcommand("key", keys).mut_subcommand("export", |export| {
                export.mut_subcommands(|what| only(what, OF_DATABASE))
            })
        })
}

/// The command line as it was typed. Of a bad value that was not typed it says where it comes from.
fn matches() -> ArgMatches {
    command().try_get_matches().unwrap_or_else(|mut error| {
        let source = of_environment(&error)
            .map(|name| format!("the value is that of the environment variable {name}"));
        let wanted = wanted(&error).map(|wanted| format!("it takes {wanted}"));
        let tips: Vec<_> = wanted.into_iter().chain(source).map(Into::into).collect();
        if !tips.is_empty() {
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
        }
        error.exit()
    })
}

/// What a value should have been that could not even be read, where its type alone tells.
fn wanted(error: &clap::Error) -> Option<&'static str> {
    let why = error.source()?;
    if why.is::<std::num::ParseIntError>() {
        Some("a whole number such as 300")
    } else if why.is::<std::num::ParseFloatError>() {
        Some("a number such as 2.5")
    } else if why.is::<uuid::Error>() {
        Some("an id such as 01a21a00-5a9c-7c11-8e60-0c2f7a3d9b41")
    } else {
        None
    }
}

/// The environment variable that a bad value is of.
fn of_environment(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(arg)) = error.get(ContextKind::InvalidArg) else { return None };
    let flag = arg.split_whitespace().next()?;
    let typed = |word: String| word == flag || word.starts_with(&format!("{flag}="));
    let name = flag.strip_prefix("--")?.replace('-', "_");
    let variable = format!("BOXOFFICE_{}", name.to_uppercase());
    let is_set = std::env::var_os(&variable).is_some();
    (is_set && !std::env::args().any(typed)).then_some(variable)
}

fn parsed(matches: &ArgMatches) -> Arguments {
    Arguments::from_arg_matches(matches).unwrap_or_else(|error| error.exit())
}

fn run() -> Result<(), Failure> {
    check_environment(std::env::vars_os().filter_map(|(name, value)| {
        Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
    }))?;
    let arguments = parsed(&matches());
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
pub fn main() -> ExitCode {
    let code = match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            boxoffice_server::log::say(&failure.to_string());
            let unheard = failure.downcast_ref::<admin::Unheard>().is_some();
            if unheard { ExitCode::from(admin::Unheard::CODE) } else { ExitCode::FAILURE }
        }
    };
    boxoffice_server::log::finish();
    code
}
