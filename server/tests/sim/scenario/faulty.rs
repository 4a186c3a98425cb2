//! A store that fails where it is told to, and is otherwise the store that it wraps.

use super::Stage;
use boxoffice_core::rows::{Keys, Rows};
use boxoffice_core::time::Time;
use boxoffice_server::store::{Fault, Store};

/// See the module.
pub struct Faulty<S> {
    /// The store.
    pub inner: S,
    /// What fails in the next transaction.
    pub fails: Option<Stage>,
}

impl<S> Faulty<S> {
    fn strike(&self, at: Stage) -> Result<(), Fault> {
        if self.fails == Some(at) {
            return Err(Fault::Unavailable(format!("{at:?} fails, as planned")));
        }
        Ok(())
    }
}

impl<S: Store> Store for Faulty<S> {
    fn begin(&mut self) -> Result<(), Fault> {
        self.strike(Stage::Begin)?;
        self.inner.begin()
    }

    fn load(&mut self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        self.inner.load(keys, rows)?;
        self.strike(Stage::Load)
    }

    fn save(&mut self, rows: &Rows) -> Result<(), Fault> {
        self.inner.save(rows)?;
        self.strike(Stage::Save)
    }

    fn commit(&mut self) -> Result<(), Fault> {
        self.strike(Stage::Commit)?;
        self.inner.commit()
    }

    fn rollback(&mut self) {
        self.inner.rollback();
    }

    fn prune(&mut self, cutoff: Time, limit: usize) -> Result<usize, Fault> {
        self.inner.prune(cutoff, limit)
    }

    fn prune_events(&mut self, cutoff: Time, limit: usize) -> Result<usize, Fault> {
        self.inner.prune_events(cutoff, limit)
    }

    fn settle(&mut self) -> Result<bool, Fault> {
        self.inner.settle()
    }

    fn is_shared(&self) -> bool {
        self.inner.is_shared()
    }
}
