//! Exports: CSV of the rows of one moment, read while servers run.

use crate::print_out;
use boxoffice_server::config::Settings;
use boxoffice_server::sheet::write::{BOM, harmless};
use boxoffice_server::{Failure, database};
use clap::Subcommand;
use std::path::PathBuf;
use uuid::Uuid;

/// What to export.
#[derive(Debug, Subcommand)]
pub enum ExportVerb {
    /// A line for each booking: whose it is, which seats, what was paid and when
    Bookings(Options),
    /// A line for each date and grade: seats, sold, held, and what was paid (minor units)
    Sales(Options),
}

/// Of what, and where to.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Of this concert only
    #[arg(long)]
    concert: Option<Uuid>,
    /// File to write, instead of printing; one that is there is replaced
    #[arg(long)]
    out: Option<PathBuf>,
    /// Begins with a byte order mark, by which spreadsheets know Hangul
    #[arg(long)]
    bom: bool,
    /// Where the database is
    #[command(flatten)]
    settings: Settings,
}

/// Runs the verb.
///
/// # Errors
/// The database cannot be read, or the file written.
pub fn run(verb: ExportVerb) -> Result<(), Failure> {
    let (ExportVerb::Bookings(options) | ExportVerb::Sales(options)) = &verb;
    let mut csv = csv::Writer::from_writer(Vec::new());
    let is_of_bookings = matches!(verb, ExportVerb::Bookings(_));
    let (concert, out, bom) = (options.concert, options.out.clone(), options.bom);
    let (ExportVerb::Bookings(options) | ExportVerb::Sales(options)) = verb;
    let config = options.settings.resolve()?;
    let rows = database::snapshot(&config)?;
    if is_of_bookings {
        rows.bookings(concert, |booking| csv.serialize(booking.harmless()).map_err(Failure::from))?;
    } else {
        for mut sales in rows.sales_by_grade(concert)? {
            for text in [&mut sales.concert, &mut sales.zone] {
                *text = harmless(text);
            }
            csv.serialize(sales)?;
        }
    }
    let mut bytes = if bom { BOM.as_bytes().to_vec() } else { Vec::new() };
    bytes.extend(csv.into_inner()?);
    match out {
        Some(file) => {
            let named = |why: std::io::Error| format!("{}: {why}", file.display());
            Ok(std::fs::write(&file, bytes).map_err(named)?)
        }
        None => print_out(bytes),
    }
}
