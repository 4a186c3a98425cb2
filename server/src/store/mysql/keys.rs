//! The tables of keys, written beside running servers.

use super::super::Fault;
use super::super::keys::{COLUMNS, OperatorKeys, TicketKey, read, read_ticket_key, ticket_keys};
use super::super::reads::ApiKey;
use super::super::records::Source;
use super::connect::{Link, Options};
use super::fault::Trouble;
use super::migrate::{migrate, node_id, version};
use super::text::{Line, bytes, id, words};
use boxoffice_core::id::Uuid;
use boxoffice_core::time::Time;

/// The tables of keys.
pub struct MySqlKeys {
    link: Link,
}

impl MySqlKeys {
    /// Connects, and brings the schema up to date.
    ///
    /// # Errors
    /// See [`super::MySqlStore::open`].
    pub fn open(options: &Options) -> Result<Self, Fault> {
        let mut link = Link::new(options, "READ COMMITTED");
        migrate(&mut link, node_id()?)?;
        Ok(Self { link })
    }

    /// Whether the database has no tables yet.
    ///
    /// # Errors
    /// It is not available, or holds those of another program.
    pub fn is_new(options: &Options) -> Result<bool, Fault> {
        Ok(version(&mut Link::new(options, "READ COMMITTED"))? < 0)
    }

    fn run(&mut self, text: &str) -> Result<u64, Fault> {
        self.link.open()?;
        let answers = self.link.ask(text).map_err(Trouble::outside)?;
        Ok(answers.first().map_or(0, |answer| answer.affected))
    }
}

impl OperatorKeys for MySqlKeys {
    fn create(&mut self, key: Uuid, name: &str, hash: &[u8; 32], now: Time) -> Result<(), Fault> {
        let (key, name, hash) = (id(&key), words(name), bytes(hash));
        let columns = "api_key_id, key_name, key_hash, created_at";
        let text =
            format!("INSERT INTO api_key ({columns}) VALUES ({key}, {name}, {hash}, {})", now.0);
        self.run(&text).map(|_| ())
    }

    fn list(&mut self) -> Result<Vec<ApiKey>, Fault> {
        let answers =
            self.link.ask_again(&format!("SELECT {COLUMNS} FROM api_key ORDER BY api_key_id"))?;
        let rows = answers.into_iter().flat_map(|answer| answer.rows);
        rows.map(|row| read(&Line(row))).collect()
    }

    fn revoke(&mut self, key: Uuid, now: Time) -> Result<bool, Fault> {
        let (key, now) = (id(&key), now.0);
        let text = format!(
            "UPDATE api_key SET revoked_at = {now} WHERE api_key_id = {key} AND revoked_at IS NULL"
        );
        Ok(self.run(&text)? == 1)
    }

    fn publish(&mut self, (public_key, made): &TicketKey) -> Result<bool, Fault> {
        let (key, columns) = (bytes(public_key), "public_key, created_at");
        let found = format!("SELECT revoked_at FROM ticket_key WHERE public_key = {key}");
        let answers = self.link.ask_again(&found)?;
        if let Some(row) = answers.into_iter().flat_map(|answer| answer.rows).next() {
            return Ok(Line(row).int(0)?.is_none());
        }
        // IGNORE: another server may have the same keys and start at the same moment.
        self.run(&format!("INSERT IGNORE INTO ticket_key ({columns}) VALUES ({key}, {})", made.0))?;
        Ok(true)
    }

    fn published(&mut self) -> Result<Vec<TicketKey>, Fault> {
        let answers = self.link.ask_again(&ticket_keys())?;
        let rows = answers.into_iter().flat_map(|answer| answer.rows);
        rows.map(|row| read_ticket_key(&Line(row))).collect()
    }

    fn withdraw(&mut self, public_key: &[u8; 32], now: Time) -> Result<bool, Fault> {
        let (key, now) = (bytes(public_key), now.0);
        let text = format!(
            "UPDATE ticket_key SET revoked_at = {now} WHERE public_key = {key} AND revoked_at IS NULL"
        );
        Ok(self.run(&text)? == 1)
    }
}
