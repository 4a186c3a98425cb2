//! Databases of the MySQL protocol, which any number of nodes share: MySQL, MariaDB, Galera, Group
//! Replication. Each node writes on one connection.
//!
//! **Few round trips.** A round of loading is one packet of text with all its statements, a save is
//! text that goes with the commit. A batch takes its rounds of loading and one more, however many
//! commands it has. On a cluster each statement goes in a packet of its own: see [`connect`].
//!
//! **Why what is loaded cannot change before the commit.** The isolation is READ COMMITTED: each
//! statement sees what was committed before it began, and locking reads lock the rows that they
//! return, not gaps. Rows are read with `FOR UPDATE`, tables and keys always in the same order
//! ([`load`]). What a batch reads by an index can gain rows that no row lock covers; each of these
//! reads is guarded by a row that every writer of such rows locks first, and comes in a statement
//! after that lock, so that it sees what the lock's previous owner has committed:
//!
//! | read | guarded by |
//! |---|---|
//! | a user's newest place, who comes back to the front | `queue_state` of the concert |
//! | a user's held and confirmed reservations of a date | `user_token` of the user's admission |
//! | the seats of a reservation | `reservation`; they are never changed |
//!
//! A row that was absent is not locked. Where two nodes insert it, a unique key refuses the second,
//! and [`super::transact`] runs that batch again: then the row is there.
//!
//! Galera and Group Replication with several writing nodes lock on one node only; there the second
//! of two commits that changed a row is refused, and run again. Each read of the table above is
//! followed by a change of the row that guards it, or decides nothing.
//!
//! **What is committed is known.** See [`outbox`].

mod connect;
mod events;
mod fault;
mod hosts;
mod keys;
mod load;
mod looks;
mod member;
mod migrate;
mod outbox;
mod reads;
mod save;
mod store;
mod text;

pub use connect::{Options, Tls};
pub use fault::said;
pub use keys::MySqlKeys;
pub use migrate::{MIGRATIONS, SCHEMA_VERSION};
pub use reads::MySqlReads;
pub use store::MySqlStore;
pub use text::NOW;
