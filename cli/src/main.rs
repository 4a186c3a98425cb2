//! The binary: its verbs, and the sentence in which a failure is told.

mod admin;
mod audit;
mod ticket;

use boxoffice_load::{bench, rush};
use boxoffice_server::config::{KEYS, Settings, check_environment};
use boxoffice_server::metrics::{COMMIT, VERSION};
use boxoffice_server::{Failure, log, serve};
use clap::error::{ContextKind, ContextValue};
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::sync::LazyLock;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An on-sale engine for seated concerts.
#[derive(Debug, Parser)]
#[command(name = "boxoffice", about, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Runs the server (the default verb)
    #[command(after_help = "-h shows what matters first, --help every setting.")]
    Serve(Settings),
    /// What operators do: keys, concerts, dates, sales, queues, exports
    Admin(admin::Admin),
    /// What a door does with tickets: verifies them offline
    #[command(subcommand)]
    Ticket(ticket::TicketVerb),
    /// Counts the whole sale again from the raw rows of a database
    Audit(audit::Options),
    /// Measures this machine: ratios to the server's own no-op route
    Bench(bench::Options),
    /// Sends a crowd of simulated fans to a server, and counts everything again afterwards
    Rush(rush::Options),
}

/// Prints a verb's result. A reader that takes only a part of it (`| head`) has what it wanted.
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

/// Where a database is.
const OF_DATABASE: &[&str] =
    &["database", "database_tls", "database_tls_ca", "database_timeout_seconds"];
/// Where the token keys are.
const OF_KEYS: &[&str] = &["keys_file"];

/// The command line. For verbs other than `serve` the help shows the settings that matter to them. The others are
/// accepted all the same, since a server's file and environment hold them, too.
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

/// The command line as it was typed. For a bad value that was not typed it says where the value comes from.
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

/// What a value should be that could not be read, where its type alone says it.
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

/// The environment variable that a bad value comes from.
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
        Verb::Ticket(verb) => ticket::run(verb),
        Verb::Audit(options) => audit::run(options),
        Verb::Bench(options) => bench::run(&options),
        Verb::Rush(options) => rush::run(options),
    }
}

fn main() -> ExitCode {
    let code = match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            log::say(&failure.to_string());
            let unheard = failure.downcast_ref::<admin::Unheard>().is_some();
            if unheard { ExitCode::from(admin::Unheard::CODE) } else { ExitCode::FAILURE }
        }
    };
    log::finish();
    code
}
