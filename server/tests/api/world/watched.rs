//! A store that counts what it is asked, and that can be held up or made to fail, as can its disk.

use boxoffice_core::rows::{Keys, Rows};
use boxoffice_core::time::Time;
use boxoffice_server::store::sqlite::{Files, SqliteStore};
use boxoffice_server::store::{Fault, Flush, Store};
use boxoffice_server::supervisor::Supervisor;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

/// How syncs of the log end.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Disk {
    #[default]
    Works,
    /// Not until it is told otherwise.
    Hangs,
    Fails,
}

#[derive(Default)]
struct Shared {
    calls: AtomicUsize,
    /// How many more transactions may begin; as many as there are where it is not held.
    held: Mutex<Option<usize>>,
    released: Condvar,
    fault: Mutex<Option<Fault>>,
    disk: Mutex<Disk>,
    told: Condvar,
}

/// The store; see the module.
pub struct Watched {
    store: SqliteStore,
    shared: Arc<Shared>,
}

/// The test's hand on it.
pub struct Watch {
    shared: Arc<Shared>,
}

impl Watched {
    pub fn open(files: &Files) -> (Self, Watch) {
        let shared = Arc::new(Shared::default());
        let watch = Watch { shared: Arc::clone(&shared) };
        let disk = Arc::clone(&shared);
        let sync = move || {
            let hangs = |disk: &mut Disk| *disk == Disk::Hangs;
            let disk = disk.told.wait_while(disk.disk.lock().unwrap(), hangs).unwrap();
            match *disk {
                Disk::Fails => Err(std::io::Error::other("EIO")),
                Disk::Works | Disk::Hangs => Ok(()),
            }
        };
        let store = SqliteStore::open_with(files, Box::new(sync)).unwrap();
        (Self { store, shared }, watch)
    }

    pub fn defer_sync(&mut self) -> Option<Arc<dyn Flush>> {
        self.store.defer_sync(&Supervisor::default())
    }

    fn called(&self) {
        self.shared.calls.fetch_add(1, Ordering::SeqCst);
    }
}

/// A test that has failed does not wait for its disk.
impl Drop for Watch {
    fn drop(&mut self) {
        self.disk(Disk::Works);
    }
}

impl Watch {
    /// How often the store was asked for anything.
    pub fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::SeqCst)
    }

    /// The next transaction waits at its beginning.
    pub fn hold(&self) {
        *self.shared.held.lock().unwrap() = Some(0);
    }

    /// One transaction goes on, the next one waits.
    pub fn pass(&self) {
        *self.shared.held.lock().unwrap() = Some(1);
        self.shared.released.notify_all();
    }

    /// It goes on.
    pub fn release(&self) {
        *self.shared.held.lock().unwrap() = None;
        self.shared.released.notify_all();
    }

    /// What becomes of syncs from now on.
    pub fn disk(&self, disk: Disk) {
        *self.shared.disk.lock().unwrap() = disk;
        self.shared.told.notify_all();
    }

    /// Every transaction fails, or no longer.
    pub fn fail(&self, fault: Option<Fault>) {
        *self.shared.fault.lock().unwrap() = fault;
    }
}

impl Store for Watched {
    fn begin(&mut self) -> Result<(), Fault> {
        self.called();
        let mut held = self.shared.held.lock().unwrap();
        while *held == Some(0) {
            held = self.shared.released.wait(held).unwrap();
        }
        *held = held.map(|more| more - 1);
        drop(held);
        match self.shared.fault.lock().unwrap().clone() {
            Some(fault) => Err(fault),
            None => self.store.begin(),
        }
    }

    fn load(&mut self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        self.called();
        self.store.load(keys, rows)
    }

    fn save(&mut self, rows: &Rows) -> Result<(), Fault> {
        self.called();
        self.store.save(rows)
    }

    fn commit(&mut self) -> Result<(), Fault> {
        self.called();
        self.store.commit()
    }

    fn rollback(&mut self) {
        self.called();
        self.store.rollback();
    }

    fn prune(&mut self, cutoff: Time, limit: usize) -> Result<usize, Fault> {
        self.called();
        self.store.prune(cutoff, limit)
    }
}
