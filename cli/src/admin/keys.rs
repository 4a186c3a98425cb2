//! `boxoffice admin key`: keys of operators and of tokens.

use super::show::told;
use crate::print_out;
use boxoffice_server::clock::Clock;
use boxoffice_server::config::Config;
use boxoffice_server::config::Settings;
use boxoffice_server::database::For;
use boxoffice_server::http::view::stamp;
use boxoffice_server::log::clean;
use boxoffice_server::store::reads::ApiKey;
use boxoffice_server::tickets::{KeyId, PublicKey, public_keys};
use boxoffice_server::tokens::KeyFile;
use boxoffice_server::{Failure, database, operator_key};
use clap::Subcommand;
use serde_json::json;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    /// Makes an operator's key and prints it, once
    Create {
        /// Who or what it is for
        #[arg(long, default_value = "operator")]
        name: String,
        /// Makes the database, too, where there is none yet
        #[arg(long)]
        create_database: bool,
        /// Prints the key with its id and name, as JSON
        #[arg(long)]
        json: bool,
        /// Where the database and the keys are
        #[command(flatten)]
        settings: Settings,
    },
    /// Lists operators' keys (not their secrets)
    List {
        /// Prints the list as JSON
        #[arg(long)]
        json: bool,
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
    /// Revokes a public ticket key, once no server signs with it: doors refuse its tickets, and their owners get others
    RevokeTicketKey {
        /// As GET /api/v1/ticket-keys lists it
        id: KeyId,
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
pub fn run(verb: KeyVerb) -> Result<(), Failure> {
    match verb {
        KeyVerb::Create { name, create_database, json, settings } => {
            let what = if create_database { For::ANewOneToo } else { For::Changes };
            create(&settings.resolve()?, &name, what, json)
        }
        KeyVerb::List { json, settings } => list(&settings.resolve()?, json),
        KeyVerb::Revoke { id, settings } => revoke(&settings.resolve()?, id),
        KeyVerb::RevokeTicketKey { id, settings } => revoke_ticket_key(&settings.resolve()?, id),
        KeyVerb::Rotate { settings } => rotate(&settings.resolve()?),
    }
}

fn create(config: &Config, name: &str, what: For, json: bool) -> Result<(), Failure> {
    let (id, key) = operator_key::make(config, name, what)?;
    let shown = if json { json!({ "id": id, "name": name, "key": key }).to_string() } else { key };
    print_out(format!("{shown}\n"))
}

fn list(config: &Config, as_json: bool) -> Result<(), Failure> {
    let keys = database::keys(config, For::Looking)?.list()?;
    if as_json {
        let key = |key: &ApiKey| {
            let (made, ended) = (stamp(key.created_at), key.revoked_at.map(stamp));
            json!({ "id": key.id, "name": key.name, "created_at": made, "revoked_at": ended })
        };
        let all = serde_json::Value::from(keys.iter().map(key).collect::<Vec<_>>());
        return print_out(format!("{all}\n"));
    }
    let line = |key: ApiKey| {
        let state = if key.revoked_at.is_some() { "revoked" } else { "live" };
        format!("{}  {state:8}  {}  {}\n", key.id, stamp(key.created_at), clean(&key.name))
    };
    print_out(keys.into_iter().map(line).collect::<String>())
}

fn revoke(config: &Config, id: uuid::Uuid) -> Result<(), Failure> {
    if database::keys(config, For::Changes)?.revoke(id, Clock::System.now())? {
        Ok(())
    } else {
        let (en, ko) =
            (format!("there is no live key {id}"), format!("사용 중인 키가 아닙니다: {id}"));
        Err(told(en, ko).into())
    }
}

fn revoke_ticket_key(config: &Config, id: KeyId) -> Result<(), Failure> {
    // Where another file is the servers', they say so at their next start.
    let own = KeyFile::read(&config.keys_file).ok();
    let signs = own.is_some_and(|file| public_keys(&file).first().is_some_and(|k| k.id() == id));
    if signs {
        return Err(told(
            format!("{id} signs now; rotate the token keys first"),
            format!("{id}은(는) 지금 서명에 쓰는 키입니다. 먼저 토큰 키를 교체해 주세요."),
        )
        .into());
    }
    let mut tables = database::keys(config, For::Changes)?;
    let published = tables.published().map_err(|fault| database::named(config, &fault))?;
    let keys = published.into_iter().map(|(bytes, from)| PublicKey { bytes, from });
    let mut revoked = false;
    for key in keys.filter(|key| key.id() == id) {
        revoked |= tables.withdraw(&key.bytes, Clock::System.now())?;
    }
    let none = || {
        told(
            format!("there is no public ticket key {id}"),
            format!("없는 티켓 공개 키입니다: {id}"),
        )
    };
    if revoked { Ok(()) } else { Err(none().into()) }
}

fn rotate(config: &Config) -> Result<(), Failure> {
    let path = &config.keys_file;
    if path.as_os_str().is_empty() {
        return Err(told(
            "token_keys is not a file; name one with --keys-file",
            "token_keys는 파일이 아닙니다. --keys-file로 파일을 지정해 주세요.",
        )
        .into());
    }
    let named = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let now = Clock::System.now();
    let is_new = !path.exists();
    let file = KeyFile::open(path, now).map_err(|why| named(&why))?;
    if is_new {
        let path = path.display();
        return print_out(format!(
            "{path} was created with one key; all servers of a database need this file. \
             To change the keys of a running server, name its file by --config or --keys-file\n"
        ));
    }
    let rotated = file.rotated(now)?;
    rotated.write(path).map_err(|why| named(&why))?;
    let live = rotated.keys.len();
    print_out(format!("{live} keys are in use; running servers load them within seconds\n"))
}
