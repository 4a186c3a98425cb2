//! Whether this server can sell, by means of its own: requests that keep every reader busy do not make it
//! say no, and a flood of the question costs nothing.

use crate::store::Fault;
use crate::store::pool::ReadPool;
use crate::write_path::{NotRun, WritePath};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long an answer is given again.
const KEEP: Duration = Duration::from_secs(1);
/// How long the write path may take for a write that only shows whether writes succeed.
const WRITE_WAIT: Duration = Duration::from_secs(2);

/// How long the database may take for a look at one row.
const READ_WAIT: Duration = Duration::from_secs(3);
/// A write that has had no answer for longer hangs. One that fails ends sooner, by its own limits.
const HANGS_AFTER: Duration = Duration::from_secs(5);

/// See the module.
pub struct Readiness {
    /// The server's own connection.
    reads: ReadPool,
    last: Mutex<Option<(Instant, Result<(), NotRun>)>>,
}

fn unavailable(why: &str) -> NotRun {
    NotRun::Fault(Fault::Unavailable(why.into()))
}

impl Readiness {
    /// One that asks on these connections, which no request uses.
    #[must_use]
    pub fn new(reads: ReadPool) -> Self {
        Self { reads, last: Mutex::default() }
    }

    /// Whether the database answers and takes writes, and the read model shows what is in it; as of at most a
    /// second ago.
    ///
    /// # Errors
    /// Why not.
    pub async fn ask(&self, write_path: &WritePath) -> Result<(), NotRun> {
        // Whoever comes while it is found out waits for the same answer.
        let mut last = self.last.lock().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < KEEP
        {
            return answer.clone();
        }
        let answer = self.look(write_path).await;
        *last = Some((Instant::now(), answer.clone()));
        answer
    }

    async fn look(&self, write_path: &WritePath) -> Result<(), NotRun> {
        if write_path.health().hangs_for() > HANGS_AFTER {
            return Err(unavailable("a write hangs"));
        }
        // What is read is shown once it is on the disk, which may hang.
        let read = self.reads.read(|reads| reads.user_by_name(""));
        let read = tokio::time::timeout(READ_WAIT, read).await;
        read.map_err(|_| unavailable("a read takes too long"))?.map_err(NotRun::Fault)?;
        if write_path.health().read_model_is_torn() {
            return Err(unavailable("the state could not be read from the database"));
        }
        // Requests tell whether writes succeed. Where the last one failed, perhaps none will come until
        // this says that they do.
        if write_path.health().writes_fail() {
            let probed = tokio::time::timeout(WRITE_WAIT, write_path.probe(WRITE_WAIT)).await;
            probed.map_err(|_| unavailable("a write takes too long"))??;
        }
        Ok(())
    }
}
