//! Rows in, rows out. A store loads the rows that it is told to and saves the rows that it is given;
//! it decides nothing. Transactions are begun, committed, rolled back and run again in one place:
//! [`transact`].

pub mod events;
pub mod fault;
pub mod keys;
pub mod memory;
pub mod mysql;
pub mod news;
pub mod pool;
pub mod reads;
pub mod records;
pub mod sql;
pub mod sqlite;
pub mod table;
mod transaction;

pub use fault::Fault;
pub use news::{Changes, News};
pub use transaction::{transact, transact_within};

use boxoffice_core::rows::{Keys, Rows};
use boxoffice_core::time::Time;

/// Makes durable what a store has committed without waiting for the disk.
pub trait Flush: Send + Sync {
    /// Returns once everything is durable that was committed, or seen by a read, before the call.
    ///
    /// # Errors
    /// What was committed since the last call that succeeded may stand or not. Store and readers
    /// refuse everything from now on.
    fn flush(&self) -> Result<(), Fault>;
}

/// The write side of a database: one transaction at a time.
pub trait Store: Send {
    /// Begins a transaction that will write.
    ///
    /// # Errors
    /// The database is not available.
    fn begin(&mut self) -> Result<(), Fault>;

    /// Puts the rows that `keys` names into `rows`, each as present or as absent, locked against
    /// other writers until the transaction ends; tells them where their events go on.
    ///
    /// # Errors
    /// The database is not available, or holds what no boxoffice has written.
    fn load(&mut self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault>;

    /// Writes what has changed in `rows`.
    ///
    /// # Errors
    /// The database is not available, or a constraint (the second lock) says no.
    fn save(&mut self, rows: &Rows) -> Result<(), Fault>;

    /// Makes the transaction durable, or leaves that to a [`Flush`].
    ///
    /// # Errors
    /// Nothing of the transaction stands then, except after [`Fault::Unknown`]: that one
    /// [`Store::settle`] decides.
    fn commit(&mut self) -> Result<(), Fault>;

    /// Writes within the transaction what changes no row of the sale, so that its commit shows whether
    /// commits succeed.
    ///
    /// # Errors
    /// The database is not available.
    fn touch(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    /// Keeps a fact about the data under a name, unless one is kept under it already, outside of any
    /// transaction; what is kept. A store that ends with its process keeps nothing.
    ///
    /// # Errors
    /// The database is not available.
    fn keep(&mut self, _name: &str, value: &str) -> Result<String, Fault> {
        Ok(value.to_owned())
    }

    /// Forgets the transaction, whatever state it is in.
    fn rollback(&mut self);

    /// Deletes up to `limit` idempotency records made before `cutoff`, outside of any transaction.
    /// Returns how many.
    ///
    /// # Errors
    /// The database is not available.
    fn prune(&mut self, cutoff: Time, limit: usize) -> Result<usize, Fault>;

    /// Deletes up to `limit` records that told other processes of changes and that none of them needs any
    /// more, outside of any transaction. Returns how many.
    ///
    /// # Errors
    /// The database is not available.
    fn prune_outbox(&mut self, _limit: usize) -> Result<usize, Fault> {
        Ok(0)
    }

    /// Deletes up to `limit` sessions none of whose tokens counted at `cutoff`, outside of any transaction.
    /// Returns how many.
    ///
    /// # Errors
    /// The database is not available.
    fn prune_sessions(&mut self, _cutoff: Time, _limit: usize) -> Result<usize, Fault> {
        Ok(0)
    }

    /// Deletes up to `limit` events of each node that are older than `cutoff`, but for its newest, outside of any
    /// transaction. Returns how many.
    ///
    /// # Errors
    /// The database is not available.
    fn prune_events(&mut self, _cutoff: Time, _limit: usize) -> Result<usize, Fault> {
        Ok(0)
    }

    /// When the oldest idempotency record was made; none: there is none, or this store does not tell.
    ///
    /// # Errors
    /// The database is not available.
    fn oldest_reply(&mut self) -> Result<Option<Time>, Fault> {
        Ok(None)
    }

    /// After a commit that ended with [`Fault::Unknown`]: whether the transaction stands. Whatever
    /// the answer, it stays true.
    ///
    /// # Errors
    /// It cannot be found out for now.
    fn settle(&mut self) -> Result<bool, Fault> {
        Ok(false)
    }

    /// Whether other processes write to the same database. There a row that was absent when it was
    /// looked for may be there when it is inserted.
    fn is_shared(&self) -> bool {
        false
    }

    /// What other processes have committed since the last call, outside of any transaction.
    ///
    /// # Errors
    /// The database is not available; the next call tells what this one would have.
    fn news(&mut self) -> Result<News, Fault> {
        Ok(News::default())
    }
}
