//! Operators' keys: written by the admin verbs, beside a running server.

use super::super::Fault;
use super::super::keys::{COLUMNS, OperatorKeys, read};
use super::super::reads::ApiKey;
use super::open::{ADMIN_WAIT, Files, open_reader_alone, open_waiting};
use boxoffice_core::id::Uuid;
use boxoffice_core::time::Time;
use rusqlite::{Connection, params};

/// The table of operators' keys.
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
}
