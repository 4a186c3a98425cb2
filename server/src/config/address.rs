//! Settings that name a place: the database, and where operators are listened to.

use super::{Config, Invalid, invalid, shown};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Which database.
#[derive(Clone)]
pub enum Database {
    /// The embedded one, in this file.
    Sqlite(PathBuf),
    /// One that speaks the MySQL protocol, at this address (with its password).
    MySql(String),
}

impl Config {
    /// Where the database is.
    ///
    /// # Errors
    /// The setting names none.
    pub fn where_is_the_database(&self) -> Result<Database, Invalid> {
        if let Some(path) = self.database.strip_prefix("sqlite://").filter(|path| !path.is_empty())
        {
            return Ok(Database::Sqlite(PathBuf::from(path)));
        }
        match self.database.strip_prefix("mysql://") {
            Some(rest) if rest.split_once('/').is_some_and(|(_, name)| !name.is_empty()) => {
                Ok(Database::MySql(self.database.clone()))
            }
            _ => invalid(format!(
                "database: {:?} is neither sqlite://PATH nor mysql://USER:PASSWORD@HOST:PORT/NAME",
                self.shown_database()
            )),
        }
    }

    /// The database's address without its password.
    #[must_use]
    pub fn shown_database(&self) -> String {
        shown(&self.database)
    }

    /// Where the database file is.
    ///
    /// # Errors
    /// The setting names no SQLite file.
    pub fn sqlite_path(&self) -> Result<PathBuf, Invalid> {
        match self.where_is_the_database()? {
            Database::Sqlite(path) => Ok(path),
            Database::MySql(_) => invalid("database: this command needs sqlite://PATH"),
        }
    }

    /// Where operators are listened to, if not where everybody is.
    ///
    /// # Errors
    /// The setting is no address.
    pub fn operator_address(&self) -> Result<Option<SocketAddr>, Invalid> {
        let text = &self.listen_operator;
        if text.is_empty() {
            return Ok(None);
        }
        let address = text.parse().map_err(|_| {
            Invalid(format!("listen_operator: {text:?} is not an address such as 127.0.0.1:8081"))
        })?;
        if address == self.listen && self.listen.port() != 0 {
            return invalid("listen_operator: it must differ from listen");
        }
        Ok(Some(address))
    }
}
