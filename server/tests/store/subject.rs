//! The stores under test, each behind what the tests need of it.

use crate::servers::{Server, shared_mariadb, shared_mysql};
use boxoffice_server::store::Store;
use boxoffice_server::store::memory::{Dump, MemoryStore};
use boxoffice_server::store::mysql::{MySqlReads, MySqlStore, Options, Tls};
use boxoffice_server::store::reads::Reads;
use boxoffice_server::store::sqlite::{Files, SqliteReads, SqliteStore};
use tempfile::TempDir;

/// A store with its data.
pub trait Subject {
    type Store: Store;

    /// Whether the database that it needs is installed; where it is not, that was told.
    fn is_there() -> bool {
        true
    }
    /// Without any rows.
    fn empty() -> Self;
    fn store(&mut self) -> &mut Self::Store;
    /// The process dies and starts again on the same data.
    fn reopen(&mut self);
    /// Every row, as a reader sees it.
    fn dump(&mut self) -> Dump;
    /// A reader.
    fn reads(&mut self) -> Box<dyn Reads>;
    /// A reader, where there is one.
    fn try_reads(&mut self) -> Option<Box<dyn Reads>> {
        Some(self.reads())
    }
}

/// In memory; what is committed outlives a process that only dies in the story.
pub struct OnMemory(MemoryStore);

impl Subject for OnMemory {
    type Store = MemoryStore;

    fn empty() -> Self {
        Self(MemoryStore::default())
    }

    fn store(&mut self) -> &mut MemoryStore {
        &mut self.0
    }

    fn reopen(&mut self) {
        self.0.rollback();
    }

    fn dump(&mut self) -> Dump {
        self.0.dump()
    }

    fn reads(&mut self) -> Box<dyn Reads> {
        unreachable!("read models start from databases")
    }

    fn try_reads(&mut self) -> Option<Box<dyn Reads>> {
        None
    }
}

/// In a real file.
pub struct OnSqlite {
    files: Files,
    store: Option<SqliteStore>,
    _dir: TempDir,
}

impl Subject for OnSqlite {
    type Store = SqliteStore;

    fn empty() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let files = Files { path: dir.path().join("boxoffice.db") };
        let mut subject = Self { files, store: None, _dir: dir };
        subject.reopen();
        subject
    }

    fn store(&mut self) -> &mut SqliteStore {
        self.store.as_mut().expect("an open store")
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(SqliteStore::open(&self.files).expect("a file of our own"));
    }

    fn dump(&mut self) -> Dump {
        self.reads().dump().expect("rows")
    }

    fn reads(&mut self) -> Box<dyn Reads> {
        Box::new(SqliteReads::open(&self.files).expect("a file of our own"))
    }
}

/// A product that speaks the protocol of MySQL.
pub trait Product {
    fn server() -> Option<&'static Server>;
}

pub struct MariaDb;
pub struct MySql;

impl Product for MariaDb {
    fn server() -> Option<&'static Server> {
        shared_mariadb()
    }
}

impl Product for MySql {
    fn server() -> Option<&'static Server> {
        shared_mysql()
    }
}

/// Options as tests use them: over the loopback interface, in the clear.
pub fn options(url: &str) -> Options {
    Options::new(url).expect("an address").with_tls(Tls::Off)
}

/// In a database of its own on a shared server.
pub struct OnServer<P> {
    options: Options,
    store: Option<MySqlStore>,
    _product: std::marker::PhantomData<P>,
}

impl<P: Product> Subject for OnServer<P> {
    type Store = MySqlStore;

    fn is_there() -> bool {
        P::server().is_some()
    }

    fn empty() -> Self {
        let options = options(&P::server().expect("a server").fresh_database());
        let mut subject = Self { options, store: None, _product: std::marker::PhantomData };
        subject.reopen();
        subject
    }

    fn store(&mut self) -> &mut MySqlStore {
        self.store.as_mut().expect("an open store")
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(MySqlStore::open(&self.options).expect("a database of our own"));
    }

    fn dump(&mut self) -> Dump {
        self.reads().dump().expect("rows")
    }

    fn reads(&mut self) -> Box<dyn Reads> {
        Box::new(MySqlReads::open(&self.options).expect("a database of our own"))
    }
}
