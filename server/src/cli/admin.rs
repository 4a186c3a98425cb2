//! `boxoffice admin`: keys of operators and of tokens.

use super::{Failure, Settings, database};
use crate::clock::Clock;
use crate::config::Config;
use crate::text;
use crate::tokens::{KeyFile, api_key_hash, random};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use clap::Subcommand;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Operators' and token keys
    #[command(subcommand)]
    Key(KeyVerb),
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    /// Makes an operator's key and prints it, once
    Create {
        /// Who or what it is for
        #[arg(long, default_value = "operator")]
        name: String,
        /// Where the database and the keys are
        #[command(flatten)]
        settings: Settings,
    },
    /// Lists operators' keys (not their secrets)
    List {
        /// Where the database and the keys are
        #[command(flatten)]
        settings: Settings,
    },
    /// Revokes an operator's key by its id
    Revoke {
        /// As listed
        id: uuid::Uuid,
        /// Where the database and the keys are
        #[command(flatten)]
        settings: Settings,
    },
    /// Makes a new key for tokens; the one before stays valid, older ones do not
    Rotate {
        /// Where the database and the keys are
        #[command(flatten)]
        settings: Settings,
    },
}

/// Runs the verb.
///
/// # Errors
/// The database or the key file cannot be used.
pub fn run(verb: Verb) -> Result<(), Failure> {
    let Verb::Key(verb) = verb;
    match verb {
        KeyVerb::Create { name, settings } => create(&settings.resolve()?, &name),
        KeyVerb::List { settings } => list(&settings.resolve()?),
        KeyVerb::Revoke { id, settings } => revoke(&settings.resolve()?, id),
        KeyVerb::Rotate { settings } => rotate(&settings.resolve()?),
    }
}

/// Makes an operator's key: its secret, of which the database has the hash alone.
///
/// # Errors
/// The database cannot be used.
pub fn operator_key(config: &Config, name: &str) -> Result<String, Failure> {
    let name = text::title(name).map_err(|fault| format!("the name {}", fault.en()))?;
    let secret = format!("bo_{}", BASE64.encode(random::<32>()?));
    let id = uuid::Uuid::now_v7();
    let hash = api_key_hash(&secret);
    database::keys(config, false)?.create(id, &name, &hash, Clock::System.now())?;
    Ok(secret)
}

#[expect(clippy::print_stdout, reason = "the key is the verb's result")]
fn create(config: &Config, name: &str) -> Result<(), Failure> {
    println!("{}", operator_key(config, name)?);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the list is the verb's result")]
fn list(config: &Config) -> Result<(), Failure> {
    for key in database::keys(config, true)?.list()? {
        let state = if key.revoked_at.is_some() { "revoked" } else { "live" };
        let made = crate::http::view::stamp(key.created_at);
        println!("{}  {state:8}  {made}  {}", key.id, key.name);
    }
    Ok(())
}

fn revoke(config: &Config, id: uuid::Uuid) -> Result<(), Failure> {
    if database::keys(config, false)?.revoke(id, Clock::System.now())? {
        Ok(())
    } else {
        Err(format!("there is no live key {id}").into())
    }
}

#[expect(clippy::print_stdout, reason = "tells what has happened")]
fn rotate(config: &Config) -> Result<(), Failure> {
    let path = &config.keys_file;
    if path.as_os_str().is_empty() {
        return Err("token_keys is not a file; name one with --keys-file".into());
    }
    let named = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let now = Clock::System.now();
    let file = KeyFile::open(path, now).map_err(|why| named(&why))?;
    let rotated = file.rotated(now)?;
    rotated.write(path).map_err(|why| named(&why))?;
    println!("{} keys are live; running servers take them within seconds", rotated.keys.len());
    Ok(())
}
