//! The settings of a verb: flags and environment as clap reads them, above those of a file.

use super::{Config, Given, Invalid};
use clap::Parser;
use std::path::PathBuf;

/// Settings from a file, below those of flags and environment.
#[derive(Debug, Default, clap::Args)]
pub struct Settings {
    /// TOML file with settings (see boxoffice.example.toml)
    #[arg(long, env = "BOXOFFICE_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    given: Given,
}

/// The settings alone, so that the environment can be read without a command line.
#[derive(Parser)]
struct OfEnvironment {
    #[command(flatten)]
    settings: Settings,
}

impl Settings {
    /// The settings of the environment.
    #[must_use]
    pub fn of_environment() -> Self {
        OfEnvironment::parse_from(["boxoffice"]).settings
    }

    /// The settings of a server that would start here, below the flags of another verb.
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
        // An empty variable says nothing.
        given.log = given.log.filter(|log| !log.trim().is_empty());
        if given.log.is_none() {
            given.log = rust_log()?;
        }
        Ok(given.or(file))
    }

    /// The settings as they are used.
    ///
    /// # Errors
    /// An unknown key or a bad value.
    pub fn resolve(self) -> Result<Config, Invalid> {
        self.given()?.resolve()
    }
}

/// The variable with which other programs of this kind set their log's filter. It wins over the file; our own
/// variable wins over it.
fn rust_log() -> Result<Option<String>, Invalid> {
    let Some(filter) = std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty()) else {
        return Ok(None);
    };
    crate::log::usual(&filter).map_err(|why| Invalid(format!("RUST_LOG: {why}")))?;
    Ok(Some(filter))
}

impl std::error::Error for Invalid {}
