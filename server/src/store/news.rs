//! What other processes have done to the database: for the read model of this one.

use super::reads::Snapshot;
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;

/// The answer of [`super::Store::news`].
#[derive(Default)]
pub struct News {
    /// What has changed.
    pub changes: Changes,
    /// The clock of the database, where it has one of its own.
    pub clock: Option<Time>,
}

/// What others have changed of what read models show.
#[derive(Default)]
pub enum Changes {
    /// Nothing.
    #[default]
    None,
    /// These rows, as they are now; [`boxoffice_core::rows::Table::changed`] gives them.
    Rows(Box<Rows>),
    /// So much, or for so long unseen, that the read model starts anew.
    Snapshot(Box<Snapshot>),
}
