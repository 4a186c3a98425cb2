//! `boxoffice audit`: counts a sale again from its raw rows.

use crate::print_out;
use boxoffice_server::config::Settings;
use boxoffice_server::{Failure, database};

/// What to do.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Prints the report as JSON
    #[arg(long)]
    json: bool,
    /// Where the database is
    #[command(flatten)]
    settings: Settings,
}

/// Audits, and prints the result.
///
/// # Errors
/// The database cannot be read, or something in it is not as it should be.
pub fn run(options: Options) -> Result<(), Failure> {
    let config = options.settings.resolve()?;
    let report = database::snapshot(&config)?.audit();
    let report = report.map_err(|fault| database::named(&config, &fault))?;
    if options.json {
        print_out(format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        print_out(report.text())?;
    }
    match report.broken() {
        0 => Ok(()),
        wrong => Err(format!("checks failed: {wrong}").into()),
    }
}
