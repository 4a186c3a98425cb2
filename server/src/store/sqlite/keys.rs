//! The tables of keys, written beside a running server.

use super::super::Fault;
use super::super::keys::{COLUMNS, OperatorKeys, TicketKey, read, read_ticket_key, ticket_keys};
use super::super::reads::ApiKey;
use super::open::{ADMIN_WAIT, Files, open_reader_alone, open_waiting};
use boxoffice_core::id::Uuid;
use boxoffice_core::time::Time;
use rusqlite::{Connection, params};

/// The tables of keys.
pub struct ApiKeys {
    connection: Connection,
}

impl ApiKeys {
    /// Opens the file.
    ///
    /// # Errors
    /// See [`open_writer`](super::open_writer).
    pub fn open(files: &Files) -> Result<Self, Fault> {
        Ok(Self { connection: open_waiting(files, ADMIN_WAIT)? })
    }

    /// Opens the file for listing only: whoever writes meanwhile is not waited for.
    ///
    /// # Errors
    /// There is no database of this schema, or it cannot be opened.
    pub fn open_to_list(files: &Files) -> Result<Self, Fault> {
        Ok(Self { connection: open_reader_alone(files)? })
    }
}

impl OperatorKeys for ApiKeys {
    fn create(&mut self, id: Uuid, name: &str, hash: &[u8; 32], now: Time) -> Result<(), Fault> {
        let text =
            "INSERT INTO api_key (api_key_id, key_name, key_hash, created_at) VALUES (?, ?, ?, ?)";
        self.connection.execute(text, params![id.as_bytes(), name, hash, now.0])?;
        Ok(())
    }

    fn list(&mut self) -> Result<Vec<ApiKey>, Fault> {
        let text = format!("SELECT {COLUMNS} FROM api_key ORDER BY api_key_id");
        let mut statement = self.connection.prepare(&text)?;
        let mut found = statement.query([])?;
        let mut keys = Vec::new();
        while let Some(row) = found.next()? {
            keys.push(read(row)?);
        }
        Ok(keys)
    }

    fn revoke(&mut self, id: Uuid, now: Time) -> Result<bool, Fault> {
        let text = "UPDATE api_key SET revoked_at = ? WHERE api_key_id = ? AND revoked_at IS NULL";
        Ok(self.connection.execute(text, params![now.0, id.as_bytes()])? == 1)
    }

    fn publish(&mut self, (public_key, made): &TicketKey) -> Result<bool, Fault> {
        let text = "INSERT OR IGNORE INTO ticket_key (public_key, created_at) VALUES (?, ?)";
        self.connection.execute(text, params![public_key, made.0])?;
        let text = "SELECT revoked_at IS NULL FROM ticket_key WHERE public_key = ?";
        Ok(self.connection.query_row(text, [public_key], |row| row.get(0))?)
    }

    fn published(&mut self) -> Result<Vec<TicketKey>, Fault> {
        let mut statement = self.connection.prepare(&ticket_keys())?;
        let mut found = statement.query([])?;
        let mut keys = Vec::new();
        while let Some(row) = found.next()? {
            keys.push(read_ticket_key(row)?);
        }
        Ok(keys)
    }

    fn withdraw(&mut self, public_key: &[u8; 32], now: Time) -> Result<bool, Fault> {
        let text =
            "UPDATE ticket_key SET revoked_at = ? WHERE public_key = ? AND revoked_at IS NULL";
        Ok(self.connection.execute(text, params![now.0, public_key])? == 1)
    }
}
