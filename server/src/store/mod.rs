//! Rows in, rows out. A store loads the rows that it is told to and saves the rows that it is given;
//! it decides nothing. Transactions are begun, committed and rolled back in one place: [`transact`].

pub mod fault;
pub mod keys;
pub mod memory;
pub mod pool;
pub mod reads;
pub mod records;
pub mod sql;
pub mod sqlite;
pub mod table;

pub use fault::Fault;

use boxoffice_core::rows::{Keys, Rows};
use boxoffice_core::time::Time;

/// What other nodes have committed. Empty where nobody else writes.
#[derive(Default)]
pub struct News {
    /// Rows that have changed, as they are now; all of them count as changed.
    pub rows: Rows,
    /// Whether too much was missed to tell it row by row: everything has to be read again.
    pub missed: bool,
    /// What the database's clock said, for nodes that share one.
    pub now: Option<Time>,
}

/// The write side of a database: one transaction at a time.
pub trait Store: Send {
    /// Begins a transaction that will write.
    ///
    /// # Errors
    /// The database is not available.
    fn begin(&mut self) -> Result<(), Fault>;

    /// Puts the rows that `keys` names into `rows`, each as present or as absent, locked against
    /// other writers until the transaction ends.
    ///
    /// # Errors
    /// The database is not available, or holds what no boxoffice has written.
    fn load(&mut self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault>;

    /// Writes what has changed in `rows`.
    ///
    /// # Errors
    /// The database is not available, or a constraint (the second lock) says no.
    fn save(&mut self, rows: &Rows) -> Result<(), Fault>;

    /// Makes the transaction durable.
    ///
    /// # Errors
    /// The database is not available; nothing of the transaction stands then.
    fn commit(&mut self) -> Result<(), Fault>;

    /// Forgets the transaction, whatever state it is in.
    fn rollback(&mut self);

    /// Deletes up to `limit` idempotency records made before `cutoff`, outside of any transaction.
    /// Returns how many.
    ///
    /// # Errors
    /// The database is not available.
    fn prune(&mut self, cutoff: Time, limit: usize) -> Result<usize, Fault>;

    /// What other nodes have committed since the last call, outside of any transaction. Bounded: what
    /// is over the bound comes with the next call.
    ///
    /// # Errors
    /// The database is not available.
    fn news(&mut self) -> Result<News, Fault> {
        Ok(News::default())
    }
}

/// Runs `work` in a transaction: commits when it succeeds, rolls back when anything fails.
///
/// # Errors
/// What `work`, or the store, failed with.
pub fn transact<S: Store + ?Sized, T>(
    store: &mut S,
    work: impl FnOnce(&mut S) -> Result<T, Fault>,
) -> Result<T, Fault> {
    store.begin()?;
    let done = work(store).and_then(|value| store.commit().map(|()| value));
    if done.is_err() {
        store.rollback();
    }
    done
}
