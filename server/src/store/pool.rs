//! A bounded pool of read connections. A request takes one at most, for one question at most, and
//! does not wait for ever for it.

use super::fault::Fault;
use super::reads::Reads;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a request waits for a connection.
const WAIT: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Clone)]
pub struct ReadPool {
    idle: Arc<Mutex<Vec<Box<dyn Reads>>>>,
    free: Arc<Semaphore>,
}

impl ReadPool {
    /// A pool of these connections.
    #[must_use]
    pub fn new(connections: Vec<Box<dyn Reads>>) -> Self {
        let free = Arc::new(Semaphore::new(connections.len()));
        Self { idle: Arc::new(Mutex::new(connections)), free }
    }

    /// Asks one question on one connection, off the threads that serve requests.
    ///
    /// # Errors
    /// No connection came free in time, or what the question failed with.
    pub async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut dyn Reads) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let wait = tokio::time::timeout(WAIT, Arc::clone(&self.free).acquire_owned());
        let permit = match wait.await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) | Err(_) => return Err(Fault::Unavailable("all readers are busy".into())),
        };
        let idle = Arc::clone(&self.idle);
        let asked = tokio::task::spawn_blocking(move || {
            let take = || idle.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(mut connection) = take().pop() else {
                return Err(Fault::Unavailable("no reader".into()));
            };
            let answer = question(connection.as_mut());
            take().push(connection);
            drop(permit);
            answer
        });
        asked.await.unwrap_or_else(|_| Err(Fault::Unavailable("a reader stopped".into())))
    }
}
