//! A bounded pool of read connections. A request takes one at most, for one question at most, and
//! does not wait for ever for it.

use super::reads::Reads;
use super::{Fault, Flush};
use crate::log::Bounded;
use std::panic::Location;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a request waits for a connection.
const WAIT: Duration = Duration::from_secs(2);

type Idle = Mutex<Vec<Box<dyn Reads>>>;

/// See the module.
#[derive(Clone)]
pub struct ReadPool {
    idle: Arc<Idle>,
    free: Arc<Semaphore>,
    /// One at a time of the questions that nobody needs for buying.
    aside: Arc<Semaphore>,
    flush: Option<Arc<dyn Flush>>,
    /// A question that takes longer, its wait included, is in the log; none never.
    slow: Option<Duration>,
}

fn lock(idle: &Idle) -> MutexGuard<'_, Vec<Box<dyn Reads>>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection on loan. Dropped, it is back, also where the question has panicked; and only then
/// is its permit given to the next.
struct Lent {
    connection: Option<Box<dyn Reads>>,
    idle: Arc<Idle>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Lent {
    fn drop(&mut self) {
        lock(&self.idle).extend(self.connection.take());
    }
}

impl ReadPool {
    /// A pool of these connections. With `flush`, what they see may not be durable yet: it is made
    /// so before anyone is told.
    #[must_use]
    pub fn new(connections: Vec<Box<dyn Reads>>, flush: Option<Arc<dyn Flush>>) -> Self {
        let free = Arc::new(Semaphore::new(connections.len()));
        let aside = Arc::new(Semaphore::new(1));
        let idle = Arc::new(Mutex::new(connections));
        Self { idle, free, aside, flush, slow: None }
    }

    /// The same, and whatever takes longer than this is in the log.
    #[must_use]
    pub fn slow(self, slow: Option<Duration>) -> Self {
        Self { slow, ..self }
    }

    /// As [`ReadPool::read`], one at a time: for what anybody may ask and nobody needs for buying.
    ///
    /// # Errors
    /// See [`ReadPool::read`].
    #[track_caller]
    pub fn read_aside<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut dyn Reads) -> Result<T, Fault> + Send + 'static,
    ) -> impl Future<Output = Result<T, Fault>> + Send {
        let asker = Location::caller();
        async move {
            match tokio::time::timeout(WAIT, self.aside.acquire()).await {
                Ok(Ok(_permit)) => self.timed(question, asker).await,
                Ok(Err(_)) | Err(_) => Err(Fault::Unavailable("others look back, too".into())),
            }
        }
    }

    /// Asks one question on one connection, off the threads that serve requests.
    ///
    /// # Errors
    /// No connection came free in time, or what the question failed with.
    #[track_caller]
    pub fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut dyn Reads) -> Result<T, Fault> + Send + 'static,
    ) -> impl Future<Output = Result<T, Fault>> + Send {
        self.timed(question, Location::caller())
    }

    /// Asks, and tells in the log which place of the program asked where it took long.
    async fn timed<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut dyn Reads) -> Result<T, Fault> + Send + 'static,
        asker: &'static Location<'static>,
    ) -> Result<T, Fault> {
        static SLOW: LazyLock<Bounded> = LazyLock::new(Bounded::default);
        let began = Instant::now();
        let answer = self.ask(question).await;
        let took = began.elapsed();
        if self.slow.is_some_and(|slow| took > slow)
            && let Some(left_out) = SLOW.may(None)
        {
            let (ms, failed) = (took.as_millis(), answer.is_err());
            tracing::warn!(%asker, ms, failed, left_out, "a slow read");
        }
        answer
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut dyn Reads) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let wait = tokio::time::timeout(WAIT, Arc::clone(&self.free).acquire_owned());
        let permit = match wait.await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) | Err(_) => return Err(Fault::Unavailable("all readers are busy".into())),
        };
        let (idle, flush) = (Arc::clone(&self.idle), self.flush.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let connection = lock(&idle).pop();
            let mut lent = Lent { connection, idle, _permit: permit };
            let answer = match lent.connection.as_deref_mut() {
                Some(connection) => question(connection)?,
                None => return Err(Fault::Unavailable("no reader".into())),
            };
            flush.map_or(Ok(()), |flush| flush.flush())?;
            Ok(answer)
        });
        asked.await.unwrap_or_else(|_| Err(Fault::Unavailable("a reader stopped".into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::{Files, SqliteReads, SqliteStore};

    #[test]
    fn a_slow_question_is_told_with_who_asked() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files { path: folder.path().join("boxoffice.db") };
        drop(SqliteStore::open(&files).unwrap());
        let pool = ReadPool::new(vec![Box::new(SqliteReads::open(&files).unwrap())], None);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let asked = |pool: &ReadPool, ms| {
            let question = move |_: &mut dyn Reads| {
                std::thread::sleep(Duration::from_millis(ms));
                Ok(())
            };
            crate::log::captured(|| runtime.block_on(pool.read(question))).1
        };
        assert_eq!(asked(&pool, 30), "", "nobody has asked for it");
        let pool = pool.slow(Some(Duration::from_millis(20)));
        let log = asked(&pool, 30);
        assert!(log.contains("WARN") && log.contains("a slow read"), "{log}");
        assert!(log.contains("store/pool.rs:"), "{log}");
        let pool = pool.slow(Some(Duration::from_secs(600)));
        assert_eq!(asked(&pool, 0), "");
    }

    /// H30: a question that panics costs its answer and no connection.
    #[tokio::test]
    async fn a_panic_loses_no_connection() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files { path: folder.path().join("boxoffice.db") };
        drop(SqliteStore::open(&files).unwrap());
        let open = || Box::new(SqliteReads::open(&files).unwrap()) as Box<dyn Reads>;
        let pool = ReadPool::new(vec![open(), open()], None);
        for _ in 0..5 {
            let asked = pool.read::<()>(|_| panic!("a question that panics")).await;
            assert_eq!(asked, Err(Fault::Unavailable("a reader stopped".into())));
        }
        let both = tokio::join!(pool.read(|r| r.dump()), pool.read(|r| r.dump()));
        assert!(both.0.is_ok() && both.1.is_ok(), "{:?} {:?}", both.0.err(), both.1.err());
        assert_eq!(pool.idle.lock().unwrap().len(), 2);
    }
}
